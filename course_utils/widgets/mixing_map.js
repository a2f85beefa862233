// Who hears whom: a map for each mixer, of the same sentence.

import { drawMatrix, looksMostAt } from "./lib/attention.js";
import { attentionScale, whenThemeChanges } from "./lib/colors.js";
import { choice, el, fill, numbersIn, textLine } from "./lib/dom.js";
import { asker } from "./lib/kernel.js";

const STYLE = `
.ao-mixing .ao-choice { margin: 6px 0; }
.ao-mixing .ao-headline { min-height: 2.8em; }
.ao-mixing .token { cursor: pointer; }
.ao-mixing .token:focus { outline: none; }
.ao-mixing .token .reach, .ao-mixing .token .back { fill: transparent; }
.ao-mixing .token.chosen .back { fill: var(--ao-shade); stroke: var(--ao-orange); }
.ao-mixing .token:focus-visible .back { stroke: var(--ao-orange); stroke-width: 2.5; }
.ao-mixing .share { fill: var(--ao-faint); }
`;

function render({ model, el: host }) {
  const { numbers_up_to: numbersUpTo, corner } = model.get("constants");
  const state = { chosen: model.get("chosen"), pinned: null };
  let tokens, shares, names, view;

  const headline = el("p", { class: "ao-headline", role: "status", "aria-live": "polite" });
  const news = el("p", { role: "alert" });
  const sentence = textLine("Your sentence", { value: model.get("text") }, (text) => {
    ask({ text }, "Listening to your sentence …");
  });
  const mixers = choice("Mixer", model.get("names").map((name) => [name, name]), (name) => {
    state.chosen = name;
    draw();
  });
  const holder = el("div", { class: "ao-scroll" });

  function load() {
    tokens = model.get("tokens");
    names = model.get("names");
    shares = numbersIn(model.get("shares"), Float32Array);
    state.pinned = null;
  }

  function head() {
    const size = tokens.length ** 2;
    const start = names.indexOf(state.chosen) * size;
    return { queries: tokens, keys: tokens, map: shares.slice(start, start + size) };
  }

  function draw() {
    mixers.value = state.chosen;
    const one = head();
    const { picture, show } = drawMatrix(one, {
      width: 560, scale: attentionScale(root), pinned: state.pinned, onLook: look, onPin: pin,
      numbersUpTo, corner,
    });
    fill(picture, { role: "group", "aria-label": `${state.chosen}: who hears whom` });
    view = { one, show };
    holder.replaceChildren(picture);
    look(null);
  }

  /** Keep this word's row in view; a second time lets it go. */
  function pin(token) {
    state.pinned = state.pinned === token ? null : token;
    look(token);
  }

  function look(pointedAt) {
    const token = pointedAt ?? state.pinned;
    view.show(token, state.pinned);
    headline.textContent = token === null
      ? `${state.chosen}: point at a word on the left to see whom it hears.`
      : `${state.chosen}: “${tokens[token]}” hears most of ${looksMostAt(view.one, token)}.`;
  }

  const root = el("div", {
    class: "ao-explorer ao-mixing", role: "group", "aria-label": "Mixing map",
  },
    el("style", {}, STYLE), headline, ...(model.get("can_read") ? [sentence.root] : []), news,
    mixers.root, el("figure", {}, holder));
  host.replaceChildren(root);
  load();
  draw();
  whenThemeChanges(root, draw);
  const ask = asker({
    model, host, news, stale: "The maps are still those of the sentence before.",
    onAnswer() {
      load();
      draw();
    },
  });
  model.on("change:chosen", () => {
    state.chosen = model.get("chosen");
    draw();
  });
}

export default { render };
