// Place your bet: native radio buttons, one button, and an answer that is read out.

import { el, button, keepKeys } from "./lib/dom.js";
import { whenKernelIsGone } from "./lib/kernel.js";

const STYLE = `
.ao-bet { border-left: 4px solid var(--ao-blue); }
.ao-bet fieldset { border: 0; margin: 0; padding: 0; }
.ao-bet legend { font-weight: 600; font-size: 14px; padding: 0; margin-bottom: 6px; }
.ao-bet .choice { display: flex; gap: 8px; align-items: baseline; padding: 3px 0; cursor: pointer; }
.ao-bet .choice .mine { color: var(--ao-faint); white-space: nowrap; }
.ao-bet .choice:has(.mine) { font-weight: 600; }
.ao-bet .buttons { margin-top: 8px; display: flex; gap: 8px; }
.ao-bet .verdict:not(:empty) { margin-top: 8px; padding-top: 8px; border-top: 1px solid var(--ao-line); }
.ao-bet .verdict p { margin: 0 0 4px; }
`;

const UNHEARD = "Nobody has put this on record: the kernel was restarted or has stopped. Run the " +
  "cells above and this one again to bet for good.";

function render({ model, el: host }) {
  let isUnheard = false; // placed where no kernel could put it on record
  const choices = model.get("choices");
  const name = `ao-bet-${Math.random().toString(36).slice(2)}`;
  const radios = choices.map((_, i) => keepKeys(el("input", { type: "radio", name, value: i })));
  const labels = choices.map((choice, i) => el("label", { class: "choice" }, radios[i], choice));
  const mine = el("span", { class: "mine" }, "(your bet)"); // a disabled radio button hardly tells
  const verdict = el("div", { class: "verdict", role: "status", "aria-live": "polite" });
  const place = button("Place your bet", () => {
    const chosen = radios.findIndex((radio) => radio.checked);
    if (chosen < 0) {
      verdict.replaceChildren(el("p", {}, "Choose one first. There is nothing to lose."));
      return;
    }
    isUnheard = isGone();
    model.set("placed", chosen);
    model.save_changes();
    draw();
    again.focus(); // a button that has just been disabled would lose the keyboard's place
  });
  const again = button("Change my mind", () => {
    for (const radio of radios) radio.disabled = false;
    verdict.replaceChildren(el("p", { class: "ao-faint" }, "Your first bet stays in the record."));
    place.disabled = false;
    again.hidden = true;
    radios[model.get("placed")]?.focus();
  });

  function draw() {
    const placed = model.get("placed");
    const open = placed < 0;
    radios.forEach((radio, i) => {
      radio.checked = i === placed;
      radio.disabled = !open;
    });
    if (open) mine.remove();
    else labels[placed].append(mine);
    place.disabled = !open;
    again.hidden = open;
    verdict.replaceChildren(...(open ? [] : told(placed)));
  }

  function told(placed) {
    const answer = model.get("answer");
    const words = model.get("told");
    const unheard = isUnheard ? [el("p", { class: "ao-faint" }, UNHEARD)] : [];
    if (placed === answer) {
      return [el("p", {}, el("strong", {}, "You win. "), words[placed]), ...unheard];
    }
    return [
      el("p", {}, el("strong", {}, "Not this time. "), words[placed]),
      el("p", {}, el("strong", {}, `It was: ${choices[answer]}. `), words[answer]), ...unheard,
    ];
  }

  host.replaceChildren(el("div", { class: "ao-explorer ao-bet" }, el("style", {}, STYLE),
    el("fieldset", {}, el("legend", {}, model.get("question")), ...labels),
    el("div", { class: "buttons" }, place, again), verdict));
  const isGone = whenKernelIsGone(model, host, () => {});
  model.on("change:placed", draw);
  draw();
}

export default { render };
