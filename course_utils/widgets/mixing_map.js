// Who hears whom: a map for each mixer, of the same sentence. On a wide page two of them stand side
// by side, and whoever points at a word sees whom it hears in both.

import { drawMatrix, looksMostAt } from "./lib/attention.js";
import { attentionScale, whenThemeChanges } from "./lib/colors.js";
import { choice, el, fill, numbersIn, textLine } from "./lib/dom.js";
import { asker } from "./lib/kernel.js";
import { whenWidthChanges } from "./lib/width.js";

const STYLE = `
.ao-mixing .ao-choice { margin: 6px 0; }
.ao-mixing .ao-headline { min-height: 2.8em; }
.ao-mixing .token { cursor: pointer; }
.ao-mixing .token:focus { outline: none; }
.ao-mixing .token .reach, .ao-mixing .token .back { fill: transparent; }
.ao-mixing .token.chosen .back { fill: var(--ao-shade); stroke: var(--ao-orange); }
.ao-mixing .token:focus-visible .back { stroke: var(--ao-orange); stroke-width: 2.5; }
.ao-mixing .share { fill: var(--ao-faint); }
.ao-mixing [hidden] { display: none; }
`;
const WIDEST = 560; // where there is one
const TALLEST = 440; // pixels of rows: with the words above them, a screen

function render({ model, el: host }) {
  const { numbers_up_to: numbersUpTo, corner } = model.get("constants");
  // Names of the mixer that is chosen and of the one beside it, if there is another.
  const state = { shown: [model.get("chosen")], pinned: null };
  let tokens, shares, names, views;
  let isWide = false; // whether there is room for two maps
  let width = WIDEST; // of a map, in pixels

  const headline = el("p", { class: "ao-headline", role: "status", "aria-live": "polite" });
  const news = el("p", { role: "alert" });
  const sentence = textLine("Your sentence", { value: model.get("text") }, (text) => {
    ask({ text }, "Listening to your sentence …");
  });
  const columns = ["Mixer", "Beside it"].map((label, side) => {
    const options = model.get("names").map((name) => [name, name]);
    const mixers = choice(label, options, (name) => choose(side, name));
    const holder = el("div", { class: "ao-scroll" });
    return { mixers, holder, root: el("div", {}, mixers.root, el("figure", {}, holder)) };
  });

  function load() {
    tokens = model.get("tokens");
    names = model.get("names");
    shares = numbersIn(model.get("shares"), Float32Array);
    state.pinned = null;
  }

  /** Another mixer on one side. If it stood on the other side, they change places. */
  function choose(side, name) {
    const [before, other] = [state.shown[side], state.shown[1 - side]];
    if (other === name) state.shown[1 - side] = before;
    state.shown[side] = name;
    draw();
  }

  function head(name) {
    const size = tokens.length ** 2;
    const start = names.indexOf(name) * size;
    return { queries: tokens, keys: tokens, map: shares.slice(start, start + size) };
  }

  function draw() {
    const scale = attentionScale(root);
    columns[1].root.hidden = !isWide || state.shown.length < 2;
    views = columns.filter((column) => !column.root.hidden).map(({ mixers, holder }, side) => {
      const name = state.shown[side];
      mixers.value = name;
      const one = head(name);
      const { picture, show } = drawMatrix(one, {
        width, scale, pinned: state.pinned, onLook: look, onPin: pin, numbersUpTo, corner,
        tallest: TALLEST,
      });
      fill(picture, { role: "group", "aria-label": `${name}: who hears whom` });
      holder.replaceChildren(picture);
      return { name, one, show };
    });
    look(null);
  }

  /** Keep this word's row in view; a second time lets it go. */
  function pin(token) {
    state.pinned = state.pinned === token ? null : token;
    look(token);
  }

  function look(pointedAt) {
    const token = pointedAt ?? state.pinned;
    for (const { show } of views) show(token, state.pinned);
    headline.textContent = token === null
      ? `${views.map(({ name }) => name).join(" and ")}: point at a word on the left to see whom ` +
        "it hears."
      : views.map(({ name, one }) =>
        `${name}: “${tokens[token]}” hears most of ${looksMostAt(one, token)}.`).join(" ");
  }

  const body = el("div", { class: "ao-body" }, ...columns.map((column) => column.root));
  const root = el("div", {
    class: "ao-explorer ao-wide ao-mixing", role: "group", "aria-label": "Mixing map",
  },
    el("style", {}, STYLE), headline, ...(model.get("can_read") ? [sentence.root] : []), news,
    body);
  host.replaceChildren(root);
  load();
  state.shown.push(...names.filter((name) => name !== state.shown[0]).slice(0, 1));
  draw();
  whenWidthChanges(columns[0].root, (given) => {
    isWide = getComputedStyle(body).display === "grid"; // look.css decides
    width = Math.min(WIDEST, given);
    draw();
  });
  whenThemeChanges(root, draw);
  const ask = asker({
    model, host, news, stale: "The maps are still those of the sentence before.",
    onAnswer() {
      load();
      draw();
    },
  });
  model.on("change:chosen", () => choose(0, model.get("chosen")));
}

export default { render };
