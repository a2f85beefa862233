// Who looks at whom. Above, every head as a small map; below, one head (or two, side by side), as
// words with lines between them or as a matrix. The words look at each other, or at another
// sentence's. Only a new sentence asks the kernel.

import { el, fill, keepKeys, numbersIn, textLine, choice, tick } from "./lib/dom.js";
import { attentionScale, luminance, paintCells, whenThemeChanges } from "./lib/colors.js";
import { asker } from "./lib/kernel.js";
import { rove } from "./lib/roving.js";
import { drawMatrix, drawWords, looksMostAt, strongest } from "./lib/attention.js";

const STYLE = `
.ao-attention .top { display: flex; flex-wrap: wrap; gap: 8px 18px; margin: 10px 0 14px; align-items: flex-start; }
/* On a wide page the maps stand beside the head that is chosen. */
@container (min-width: 940px) {
  .ao-attention .body { display: grid; gap: 24px; grid-template-columns: 470px minmax(0, 1fr); }
  .ao-attention .says { min-height: 1.4em; }
}
.ao-attention .grid { display: grid; gap: 2px; align-items: center; flex: 1 1 440px; min-width: 280px; }
@container (max-width: 400px) {
  .ao-attention .grid { gap: 2px 0; } /* twelve heads, each as wide as a finger needs */
}
.ao-attention .side { flex: 1 1 180px; display: grid; gap: 8px; }
.ao-attention .side p { margin: 0; }
.ao-attention .side .ao-choice { flex-direction: column; }
.ao-attention .side .ao-choice legend { float: none; font-weight: 600; margin-bottom: 4px; }
.ao-attention .grid button { padding: 0; border: 2px solid transparent; background: none; cursor: pointer; border-radius: 3px; }
.ao-attention .grid button:hover { border-color: var(--ao-faint); }
.ao-attention .grid button canvas { display: block; width: 100%; aspect-ratio: 1;
  box-shadow: 0 0 0 1px var(--ao-line); }
.ao-attention .grid button[aria-pressed="true"] { border-color: var(--ao-orange); }
.ao-attention .grid button.second { border: 2px dashed var(--ao-pink); }
.ao-attention .grid .name { font-size: 12px; text-align: center; color: var(--ao-faint); white-space: nowrap; }
.ao-attention .views { display: grid; gap: 16px; }
.ao-attention .views.beside { grid-template-columns: 1fr 1fr; }
.ao-attention figure { margin: 0; min-width: 0; overflow-x: auto; }
.ao-attention .says { font-size: 15px; font-weight: 600; margin: 0 0 6px; min-height: 2.8em; }
.ao-attention .two .says { font-size: 13px; border-top: 3px solid var(--ao-orange); padding-top: 4px; }
.ao-attention .two .says.second { border-top: 3px dashed var(--ao-pink); }
.ao-attention .roomy text { font-size: 13px; }
.ao-attention .token { cursor: pointer; }
.ao-attention .token:focus { outline: none; }
.ao-attention .token .reach, .ao-attention .token .back { fill: transparent; }
.ao-attention .token.chosen .back { fill: var(--ao-shade); stroke: var(--ao-orange); }
.ao-attention .token.chosen text { font-weight: 600; }
.ao-attention .token:focus-visible .back { stroke: var(--ao-orange); stroke-width: 2.5; }
.ao-attention .share { fill: var(--ao-faint); }
.ao-attention .news:not(:empty) { border-left: 4px solid var(--ao-orange); padding-left: 8px; margin: 6px 0 0; }
`;
const WIDEST = 684, GAP = 16;
const MADE_UP = /^\[[A-Z]+\]$/; // [CLS], [SEP]: tokens that no reader wrote

/** Of all weights, [layer × head × query × key], one head's: some rows of it, some columns. */
export function headMap(weights, [nHeads, nQueries, nKeys], [layer, head], rows, columns) {
  const start = (layer * nHeads + head) * nQueries;
  const map = new Float32Array(rows.length * columns.length);
  rows.forEach((query, i) => columns.forEach((key, j) => {
    map[i * columns.length + j] = weights[(start + query) * nKeys + key];
  }));
  return map;
}

function render({ model, el: host }) {
  const { numbers_up_to: numbersUpTo } = model.get("constants");
  const state = {
    first: [model.get("layer"), model.get("head")],
    second: null, // another head, to compare
    pinned: null, // the query that was clicked on: its row stays when the mouse leaves
    view: "words",
    bare: false, // without the tokens that nobody wrote
  };
  let queries, keys, weights, nLayers, nHeads; // what Python sent: who looks, at whom, and how much
  let shownQueries, shownKeys; // the numbers of those that are drawn
  let views, scale; // what they are drawn with
  let roving; // the maps as the arrow keys go through them
  let given; // width in pixels; asked for only when it changes, as asking makes the page lay out

  const grid = el("div", { class: "grid", role: "group", "aria-label": "All heads: choose one" });
  const holder = el("div", { class: "views" });
  const news = el("p", { class: "news", role: "alert" });
  const hint = el("p", { class: "ao-faint" });
  const sentence = textLine("Your sentence", { value: model.get("text") }, (text) => {
    ask({ text }, "Reading your sentence …");
  });
  const shownAs = choice("Show the head as",
    [["words", "words and lines"], ["matrix", "a matrix"]], (view) => {
      state.view = view;
      drawViews();
    });
  shownAs.value = state.view;
  const compare = tick("compare two heads", (on) => {
    state.second = on ? [state.first[0], (state.first[1] + 1) % nHeads] : null;
    markGrid();
    drawViews();
  });
  const bare = tick("", (on) => {
    const query = shownQueries[state.pinned];
    state.bare = on;
    chooseTokens();
    state.pinned = shownQueries.includes(query) ? shownQueries.indexOf(query) : null;
    redraw();
  });

  /** One head: the words that are drawn, and their weights. */
  function head(which) {
    const sizes = [nHeads, queries.length, keys.length];
    return {
      queries: shownQueries.map((i) => queries[i]),
      keys: shownKeys.map((i) => keys[i]),
      map: headMap(weights, sizes, which, shownQueries, shownKeys),
    };
  }

  function load() {
    queries = model.get("tokens");
    keys = model.get("key_tokens");
    [nLayers, nHeads] = model.get("shape");
    state.first = [Math.min(state.first[0], nLayers - 1), Math.min(state.first[1], nHeads - 1)];
    weights = numbersIn(model.get("weights"), Float32Array);
    chooseTokens();
    state.pinned = null;
  }

  function chooseTokens() {
    const madeUp = [...new Set([...queries, ...keys].filter((token) => MADE_UP.test(token)))];
    const nothingElse = [queries, keys].some((side) => side.every((token) => MADE_UP.test(token)));
    bare.root.hidden = madeUp.length === 0 || nothingElse;
    bare.words.textContent = `leave out ${madeUp.join(" and ")}`;
    const leftOut = (token) => state.bare && !bare.root.hidden && MADE_UP.test(token);
    [shownQueries, shownKeys] = [queries, keys].map((side) =>
      [...side.keys()].filter((i) => !leftOut(side[i])));
  }

  function redraw() {
    scale = attentionScale(root);
    drawGrid();
    drawViews();
  }

  // ---- every head, small

  function drawGrid() {
    grid.style.gridTemplateColumns = `41px repeat(${nHeads}, minmax(0, 1fr))`;
    const cells = [el("span", { class: "name" }, "head →")];
    for (let i = 0; i < nHeads; i++) cells.push(el("span", { class: "name" }, i));
    const maps = [];
    for (let layer = 0; layer < nLayers; layer++) {
      cells.push(el("span", { class: "name" }, `layer ${layer}`));
      for (let number = 0; number < nHeads; number++) {
        maps.push(small(layer, number));
        cells.push(maps.at(-1));
      }
    }
    const focused = grid.contains(document.activeElement) && document.activeElement.dataset.head;
    grid.replaceChildren(...cells);
    if (focused) grid.querySelector(`[data-head="${focused}"]`)?.focus();
    roving = rove(maps, { next: nextMap, arrive: (i) => choose(headAt(i)) });
    markGrid();
  }

  const headAt = (i) => [Math.floor(i / nHeads), i % nHeads];

  /** The arrow keys go from map to map, and round at the edges. */
  function nextMap(key, i) {
    const step = {
      ArrowRight: [0, 1], ArrowLeft: [0, -1], ArrowDown: [1, 0], ArrowUp: [-1, 0],
    }[key];
    if (!step) return undefined;
    const [layer, number] = headAt(i);
    return ((layer + step[0] + nLayers) % nLayers) * nHeads
      + (number + step[1] + nHeads) % nHeads;
  }

  function small(layer, number) {
    const canvas = el("canvas");
    const { map } = head([layer, number]);
    paintCells(canvas, map, shownKeys.length, strongest(map), scale);
    // Drawn smaller than it is, a pixelated map would lose whole columns.
    const longer = Math.max(shownQueries.length, shownKeys.length);
    canvas.style.imageRendering = longer > 24 ? "auto" : "pixelated";
    const name = `layer ${layer}, head ${number}`;
    const node = keepKeys(el("button", {
      type: "button", "data-head": `${layer},${number}`, "aria-label": name, title: name,
    }, canvas));
    node.addEventListener("click", () => choose([layer, number]));
    return node;
  }

  function choose(which) {
    if (state.second) state.second = which;
    else state.first = which;
    markGrid();
    drawViews();
  }

  function markGrid() {
    const [layer, number] = state.second ?? state.first;
    roving.stopAt(layer * nHeads + number);
    const chosen = [state.first, state.second].map(String);
    for (const node of grid.querySelectorAll("button")) {
      const name = node.dataset.head;
      node.setAttribute("aria-pressed", String(chosen.includes(name)));
      node.classList.toggle("second", name === chosen[1]);
    }
    const strongestCell = luminance(scale[0]) < 0.5 ? "brightest" : "darkest";
    hint.textContent = state.second
      ? "The solid frame stays. Choose a map: it becomes the dashed one."
      : "Each small map is a head: who looks goes down, at whom goes across. " +
        `The ${strongestCell} cell of a map is its own strongest look.`;
    if (state.bare) hint.append(" Shares still count what is left out.");
  }

  // ---- one head or two, large

  function drawViews() {
    const chosen = state.second ? [state.first, state.second] : [state.first];
    const room = Math.min(WIDEST, given || WIDEST);
    const beside = state.second !== null && room >= 560; // or else one below the other
    const width = beside ? (room - GAP) / 2 : room;
    const draw = state.view === "words" ? drawWords : drawMatrix;
    const how = { width, scale, numbersUpTo, pinned: state.pinned, onLook: look, onPin: pin };
    views = chosen.map((which, i) => {
      const one = head(which);
      const { picture, show } = draw(one, how);
      const name = `Layer ${which[0]}, head ${which[1]}`;
      fill(picture, { role: "group", "aria-label": `${name}: who looks at whom` });
      const says = el("p", { class: `says ${i ? "second" : ""}`, role: "status" });
      return { root: el("figure", {}, el("figcaption", {}, says), picture), show, says, name, one };
    });
    holder.className = `views ${state.second ? "two" : ""} ${beside ? "beside" : ""}`;
    holder.replaceChildren(...views.map((view) => view.root));
    look(null);
  }

  /** Keep this word's row in view; a second time lets it go. */
  function pin(query) {
    state.pinned = state.pinned === query ? null : query;
    look(query);
  }

  function look(pointedAt) {
    const query = pointedAt ?? state.pinned;
    for (const { show, says, name, one } of views) {
      show(query, state.pinned);
      says.textContent = query === null
        ? `${name}: point at a word on the left to see whom it looks at.`
        : `${name}: “${one.queries[query]}” looks at ${looksMostAt(one, query)}.`;
    }
  }

  const root = el("div", {
    class: "ao-explorer ao-wide ao-attention", role: "group", "aria-label": "Attention explorer",
  },
  el("style", {}, STYLE), ...(model.get("can_read") ? [sentence.root] : []), news,
  el("div", { class: "body" },
    el("div", { class: "top" }, grid,
      el("div", { class: "side" }, shownAs.root, compare.root, bare.root, hint)),
    holder));
  host.replaceChildren(root);
  given = holder.clientWidth;
  load();
  if (queries.includes(model.get("looker"))) state.pinned = queries.indexOf(model.get("looker"));
  redraw();
  whenThemeChanges(root, redraw);
  const ask = asker({
    model, host, news, stale: "The maps are still those of the sentence before.",
    onAnswer() {
      load();
      redraw();
    },
  });
  new ResizeObserver(() => {
    if (holder.clientWidth === given) return;
    given = holder.clientWidth;
    drawViews();
  }).observe(holder);
  model.on("change:text", () => { sentence.input.value = model.get("text"); });
  model.on("change:layer change:head", () => {
    state.first = [model.get("layer"), model.get("head")];
    markGrid();
    drawViews();
  });
}

export default { render };
