// Whom a token asks: its neighbours, or the vectors of the layer. A grid of heads, the text, and
// for one token the most looked at of both kinds; for one vector, who looks at it.

import { attentionScale, colorOf, inkOn, whenThemeChanges } from "./lib/colors.js";
import { button, el, keepKeys, numbersIn, textLine } from "./lib/dom.js";
import { asker } from "./lib/kernel.js";
import { percent } from "./lib/numbers.js";
import { rove } from "./lib/roving.js";

const STYLE = `
.ao-memory .grid { display: inline-grid; gap: 2px; }
.ao-memory .grid button, .ao-memory .letters button {
  font: inherit; border: 2px solid transparent; border-radius: 3px; padding: 0; cursor: pointer;
}
.ao-memory .grid button { min-width: 46px; height: 26px; font-size: 12px; }
.ao-memory .grid span { font-size: 12px; align-self: center; padding: 0 6px; }
.ao-memory .letters { display: flex; flex-wrap: wrap; gap: 2px; margin: 8px 0; }
.ao-memory .letters button { width: 26px; height: 30px; font-family: monospace; }
.ao-memory [aria-pressed="true"] { border-color: var(--ao-orange) !important; }
.ao-memory button:focus-visible { outline: 2px solid var(--ao-orange); outline-offset: 1px; }
.ao-memory .ao-parts { display: flex; flex-wrap: wrap; gap: 8px 32px; align-items: flex-start; }
/* On a wide page the text and both lists of bars are beside the heads, and on one screen. */
@container (min-width: 940px) {
  .ao-memory .ao-headline { min-height: 1.4em; }
}
.ao-memory .side { flex: 1 1 260px; min-width: 240px; }
.ao-memory .side h4 { margin: 4px 0; font-size: 13px; }
.ao-memory .bar { display: grid; grid-template-columns: 9.5em 1fr 3.4em; align-items: center;
  gap: 6px; min-height: 26px; font-size: 13px; }
.ao-memory .bar i { display: block; height: 12px; background: var(--ao-blue); }
.ao-memory .bar .ao-button { text-align: left; padding: 2px 6px; }
.ao-memory .ao-headline { min-height: 2.8em; }
`;
const SPOKEN = { " ": "␣", "\n": "⏎" };
const shown = (token) => SPOKEN[token] ?? token;
const within = (i, count) => (i >= 0 && i < count ? i : undefined); // also for NaN
const quoted = (tokens) => [...tokens].map(shown).join(" ");

function render({ model, el: host }) {
  const { steps, named } = model.get("constants");
  const [layers, heads, vectors] = model.get("sizes");
  const promoted = model.get("promoted");
  const state = { layer: model.get("layer"), head: model.get("head"), token: 0, vector: null };
  let tokens, shares, scale;

  const headline = el("p", { class: "ao-headline", role: "status", "aria-live": "polite" });
  const news = el("p", { role: "alert" });
  const sentence = textLine("Your text", { value: model.get("text") }, (text) => {
    ask({ text }, "Reading your text …");
  });
  const grid = el("div", {
    class: "grid", role: "group", "aria-label": "layers and heads: share on vectors",
    style: `grid-template-columns: auto repeat(${heads}, auto)`,
  });
  const letters = el("div", { class: "letters", role: "group" });
  const neighbours = el("div", { class: "side" });
  const memory = el("div", { class: "side" });

  const width = () => vectors + tokens.length;
  const row = (layer, head, token) => {
    const start = ((layer * heads + head) * tokens.length + token) * width();
    return shares.subarray(start, start + width());
  };
  const sum = (numbers) => numbers.reduce((total, number) => total + number, 0) / steps;
  const onVectors = (layer, head, token) => sum(row(layer, head, token).subarray(0, vectors));
  const mean = (layer, head) =>
    tokens.reduce((total, _, token) => total + onVectors(layer, head, token), 0) / tokens.length;

  function paint(node, share) {
    const color = colorOf(scale, share);
    node.style.background = `rgb(${color.join()})`;
    node.style.color = inkOn(color);
  }

  // One button for each head and for each letter: made once a text, painted as often as needed.
  let cells = [], places = [], cellRove, placeRove;
  function build() {
    grid.replaceChildren(el("span", {}, "layer"),
      ...Array.from({ length: heads }, (_, head) => el("span", {}, `head ${head + 1}`)));
    cells = [];
    for (let layer = 0; layer < layers; layer++) {
      grid.append(el("span", {}, layer + 1));
      for (let head = 0; head < heads; head++) {
        const cell = keepKeys(el("button", { type: "button" }));
        cell.addEventListener("click", () => choose(layer * heads + head));
        cells.push(cell);
      }
      grid.append(...cells.slice(-heads));
    }
    cellRove = rove(cells, {
      start: state.layer * heads + state.head, arrive: choose,
      next: (key, i) => within(i + { ArrowRight: 1, ArrowLeft: -1, ArrowDown: heads,
        ArrowUp: -heads }[key], cells.length),
    });
    places = tokens.map((token, i) => {
      const place = keepKeys(el("button", { type: "button" }, shown(token)));
      place.addEventListener("click", () => { state.vector = null; look(i); });
      place.addEventListener("pointerenter", () => { if (state.vector === null) look(i); });
      return place;
    });
    letters.replaceChildren(...places);
    placeRove = rove(places, {
      start: state.token, arrive: (i) => { state.vector = null; look(i); },
      next: (key, i) => within(i + { ArrowRight: 1, ArrowLeft: -1 }[key], places.length),
    });
  }

  function choose(number) {
    if (number < 0 || number >= layers * heads) return;
    [state.layer, state.head] = [Math.floor(number / heads), number % heads];
    state.vector = null;
    cellRove.stopAt(number);
    draw();
  }

  function look(token) {
    state.token = token;
    placeRove.stopAt(token);
    draw();
  }

  function draw() {
    const { layer, head, token, vector } = state;
    cells.forEach((cell, i) => {
      const share = mean(Math.floor(i / heads), i % heads);
      cell.textContent = percent(share);
      cell.setAttribute("aria-pressed", i === layer * heads + head);
      cell.setAttribute("aria-label", `layer ${Math.floor(i / heads) + 1}, head ${
        (i % heads) + 1}: ${percent(share)} on vectors`);
      paint(cell, share);
    });
    const uses = tokens.map((_, i) => vector === null
      ? onVectors(layer, head, i) : row(layer, head, i)[vector] / steps);
    letters.setAttribute("aria-label",
      `the text: what each gives to ${vector === null ? "vectors" : `vector ${vector}`}`);
    const most = vector === null ? 1 : Math.max(...uses, 1e-9);
    places.forEach((place, i) => {
      place.setAttribute("aria-pressed", vector === null && i === token);
      place.setAttribute("aria-label", `${shown(tokens[i])}: ${percent(uses[i])}`);
      paint(place, uses[i] / most);
    });
    sides();
    say(uses);
  }

  function sides() {
    const { layer, head, token } = state;
    const own = row(layer, head, token);
    const order = (from, to) => Array.from({ length: to - from }, (_, i) => from + i)
      .sort((a, b) => own[b] - own[a]).slice(0, named).filter((i) => own[i] > steps / 1000);
    const bar = (name, share) => el("div", { class: "bar" }, name,
      el("span", {}, el("i", { style: `width: ${100 * share}%` })), el("span", {}, percent(share)));
    neighbours.replaceChildren(el("h4", {}, `${percent(1 - onVectors(layer, head, token))} to the text`),
      ...order(vectors, vectors + token + 1).map((i) => bar(
        el("span", {}, `${shown(tokens[i - vectors])}, ${token - (i - vectors)} back`),
        own[i] / steps)));
    memory.replaceChildren(el("h4", {}, `${percent(onVectors(layer, head, token))} to vectors`),
      ...order(0, vectors).map((i) => bar(vectorButton(i), own[i] / steps)));
  }

  function vectorButton(i) {
    const says = promoted[(state.layer * heads + state.head) * vectors + i];
    const node = button(`${i}: ${quoted(says)}`, () => {
      state.vector = state.vector === i ? null : i;
      draw(); // which makes the buttons anew: the focus goes from the old one to the new one
      memory.querySelector(`[data-vector="${i}"]`).focus();
    });
    node.dataset.vector = i;
    node.setAttribute("aria-pressed", state.vector === i);
    node.title = `vector ${i}, which speaks for ${quoted(says)}: who looks at it?`;
    return node;
  }

  function say(uses) {
    const { layer, head, token, vector } = state;
    const where = `Layer ${layer + 1}, head ${head + 1}`;
    if (vector === null) {
      headline.textContent = `${where}: “${shown(tokens[token])}” gives ${
        percent(onVectors(layer, head, token))} of its attention to vectors.`;
      return;
    }
    const best = uses.map((share, i) => [share, i]).sort((a, b) => b[0] - a[0]).slice(0, 3)
      .map(([share, i]) => `“${shown(tokens[i])}” (${percent(share)})`).join(", ");
    headline.textContent = `${where}: vector ${vector}, which speaks for ${
      quoted(promoted[(layer * heads + head) * vectors + vector])}, is looked at most by ${best}.`;
  }

  function load() {
    tokens = model.get("tokens");
    shares = numbersIn(model.get("shares"), Uint16Array);
    Object.assign(state, { token: tokens.length - 1, vector: null });
    build();
  }

  const root = el("div", {
    class: "ao-explorer ao-wide ao-memory", role: "group", "aria-label": "Memory explorer",
  },
    el("style", {}, STYLE), headline, sentence.root, news,
    el("div", { class: "ao-parts" }, grid,
      el("div", { class: "side" }, letters, el("div", { class: "ao-parts" }, neighbours, memory))));
  const repaint = () => {
    scale = attentionScale(root);
    draw();
  };
  host.replaceChildren(root);
  load();
  repaint();
  whenThemeChanges(root, repaint);
  const ask = asker({
    model, host, news, stale: "What you see is still the text before.",
    onAnswer() {
      load();
      draw();
    },
  });
}

export default { render };
