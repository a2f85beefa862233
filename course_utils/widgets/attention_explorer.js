// Who looks at whom. Above, every head as a small map; below, one head (or two, side by side), as
// words with lines between them or as a matrix. Only a new sentence asks the kernel.

import { el, svg, fill, keepKeys, numbersIn, textLine, choice } from "./lib/dom.js";
import { attentionScale, colorOf, luminance, paintCells, whenThemeChanges } from "./lib/colors.js";

const STYLE = `
.ao-attention .top { display: flex; flex-wrap: wrap; gap: 8px 18px; margin: 10px 0; align-items: flex-start; }
.ao-attention .grid { display: grid; gap: 2px; align-items: center; flex: 1 1 440px; min-width: 300px; }
.ao-attention .side { flex: 1 1 180px; display: grid; gap: 10px; }
.ao-attention .side p { margin: 0; }
.ao-attention .side .ao-choice { flex-direction: column; }
.ao-attention .side .ao-choice legend { float: none; font-weight: 600; }
.ao-attention .side label { display: flex; gap: 6px; align-items: baseline; }
.ao-attention .grid button { padding: 0; border: 2px solid transparent; background: none; cursor: pointer; border-radius: 3px; }
.ao-attention .grid button canvas { display: block; width: 100%; aspect-ratio: 1;
  box-shadow: 0 0 0 1px var(--ao-line); }
.ao-attention .grid button[aria-pressed="true"] { border-color: var(--ao-orange); }
.ao-attention .grid button.second { border: 2px dashed var(--ao-pink); }
.ao-attention .grid .name { font-size: 11px; text-align: center; color: var(--ao-faint); white-space: nowrap; }
.ao-attention .ao-headline { min-height: 1.4em; }
.ao-attention .views { display: grid; gap: 16px; }
.ao-attention .views.beside { grid-template-columns: 1fr 1fr; }
.ao-attention .two figcaption { border-bottom: 2px solid var(--ao-orange); }
.ao-attention .two figcaption.second { border-bottom: 2px dashed var(--ao-pink); }
.ao-attention .token { cursor: pointer; }
.ao-attention .token:focus { outline: none; }
.ao-attention .token .back { fill: transparent; }
.ao-attention .token.chosen .back { fill: var(--ao-shade); stroke: var(--ao-orange); }
.ao-attention .token:focus-visible .back { stroke: var(--ao-orange); stroke-width: 2.5; }
.ao-attention .share { fill: var(--ao-faint); }
.ao-attention .matrix { image-rendering: pixelated; }
.ao-attention .row-frame { fill: none; stroke: var(--ao-orange); stroke-width: 2; pointer-events: none; }
.ao-attention .trouble:not(:empty) { border-left: 4px solid var(--ao-orange); padding-left: 8px; margin: 6px 0 0; }
`;
const LEAST = 0.02; // thinner lines of nothing would hide the ones that say something
const NUMBERS_UP_TO = 12; // words; with more, numbers in the cells are not legible
const WIDEST = 684, GAP = 16;

const percent = (share) => `${Math.round(100 * share)} %`;

function render({ model, el: host }) {
  const state = {
    first: [model.get("layer"), model.get("head")],
    second: null, // another head, to compare
    pinned: null, // the query that was clicked on: its row stays when the mouse leaves
    view: "words",
  };
  let tokens, weights, nLayers, nHeads, views, scale;

  const headline = el("p", { class: "ao-headline", role: "status", "aria-live": "polite" });
  const grid = el("div", { class: "grid", role: "group", "aria-label": "All heads: choose one" });
  const holder = el("div", { class: "views" });
  const trouble = el("p", { class: "trouble", role: "alert" });
  const hint = el("p", { class: "ao-faint" });
  const sentence = textLine("Your sentence", { value: model.get("text") }, (text) => {
    headline.textContent = "Reading your sentence …";
    model.set("text", text);
    model.save_changes();
  });
  const shownAs = choice("Show the head as",
    [["words", "words and lines"], ["matrix", "a matrix"]], (view) => {
      state.view = view;
      drawViews();
    });
  shownAs.value = state.view;
  const compare = keepKeys(el("input", { type: "checkbox" }));
  compare.addEventListener("change", () => {
    state.second = compare.checked ? [state.first[0], (state.first[1] + 1) % nHeads] : null;
    markGrid();
    drawViews();
  });

  /** One head's weights, [query × key]. */
  function head([layer, number]) {
    const size = tokens.length ** 2;
    const start = (layer * nHeads + number) * size;
    return weights.subarray(start, start + size);
  }

  function load() {
    tokens = model.get("tokens");
    [nLayers, nHeads] = model.get("shape");
    state.first = [Math.min(state.first[0], nLayers - 1), Math.min(state.first[1], nHeads - 1)];
    weights = numbersIn(model.get("weights"), Float32Array);
    state.pinned = null;
    redraw();
  }

  function redraw() {
    scale = attentionScale(root);
    drawGrid();
    drawViews();
  }

  // ---- every head, small

  function drawGrid() {
    grid.style.gridTemplateColumns = `44px repeat(${nHeads}, minmax(0, 1fr))`;
    const cells = [el("span", { class: "name" }, "head →")];
    for (let i = 0; i < nHeads; i++) cells.push(el("span", { class: "name" }, i));
    for (let layer = 0; layer < nLayers; layer++) {
      cells.push(el("span", { class: "name" }, `layer ${layer}`));
      for (let number = 0; number < nHeads; number++) cells.push(small(layer, number));
    }
    const focused = grid.contains(document.activeElement) && document.activeElement.dataset.head;
    grid.replaceChildren(...cells);
    if (focused) grid.querySelector(`[data-head="${focused}"]`)?.focus();
    markGrid();
  }

  function small(layer, number) {
    const canvas = el("canvas");
    const map = head([layer, number]);
    paintCells(canvas, map, tokens.length, strongest(map), scale);
    // Drawn smaller than it is, a pixelated map would lose whole columns.
    canvas.style.imageRendering = tokens.length > 24 ? "auto" : "pixelated";
    const name = `layer ${layer}, head ${number}`;
    const node = keepKeys(el("button", {
      type: "button", "data-head": `${layer},${number}`, "aria-label": name, title: name,
    }, canvas));
    node.addEventListener("click", () => choose([layer, number]));
    node.addEventListener("keydown", (event) => walk(event, layer, number));
    return node;
  }

  /** Arrow keys go from map to map; only one of the maps is in the order of the Tab key. */
  function walk(event, layer, number) {
    const step = {
      ArrowRight: [0, 1], ArrowLeft: [0, -1], ArrowDown: [1, 0], ArrowUp: [-1, 0],
    }[event.key];
    if (!step) return;
    event.preventDefault();
    const next = [(layer + step[0] + nLayers) % nLayers, (number + step[1] + nHeads) % nHeads];
    choose(next);
    grid.querySelector(`[data-head="${next}"]`).focus();
  }

  function choose(which) {
    if (state.second) state.second = which;
    else state.first = which;
    markGrid();
    drawViews();
  }

  function markGrid() {
    const active = String(state.second ?? state.first);
    for (const node of grid.querySelectorAll("button")) {
      const name = node.dataset.head;
      node.setAttribute("aria-pressed", String([state.first, state.second].some(
        (which) => String(which) === name)));
      node.classList.toggle("second", name === String(state.second));
      node.tabIndex = name === active ? 0 : -1;
    }
    hint.textContent = state.second
      ? "The solid frame stays. Choose a map: it becomes the dashed one, on the right."
      : "Each small map is one head: who looks goes down, at whom goes across. The darkest cell " +
        "of a map is its own strongest look.";
    if (!state.second && luminance(scale[0]) < 0.5) {
      hint.textContent = hint.textContent.replace("darkest", "brightest");
    }
  }

  // ---- one head or two, large

  function drawViews() {
    const shown = state.second ? [state.first, state.second] : [state.first];
    const room = Math.min(WIDEST, holder.clientWidth || WIDEST);
    const beside = state.second !== null && room >= 560; // or else one below the other
    const width = beside ? (room - GAP) / 2 : room;
    const draw = state.view === "words" ? drawWords : drawMatrix;
    views = shown.map((which, i) => {
      const map = head(which);
      const { picture, show } = draw(map, width);
      const name = `Layer ${which[0]}, head ${which[1]}`;
      fill(picture, { role: "group", "aria-label": `${name}: who looks at whom` });
      const caption = el("figcaption", { class: `strong ${i ? "second" : ""}` }, name);
      return { root: el("figure", {}, caption, picture), show, name, map };
    });
    holder.className = `views ${state.second ? "two" : ""} ${beside ? "beside" : ""}`;
    holder.replaceChildren(...views.map((view) => view.root));
    look(state.pinned);
  }

  /** The words twice, queries on the left, keys on the right, and a line for every look. */
  function drawWords(map, width) {
    const n = tokens.length;
    const left = width * (width < 500 ? 0.3 : 0.25), right = width - left;
    const step = Math.max(17, Math.min(26, 380 / n));
    const y = (i) => 26 + step * (i + 0.5);
    const picture = svg("svg", { viewBox: `0 0 ${width} ${30 + step * n}` });
    picture.append(
      words("who looks", { x: left - 8, y: 14, "text-anchor": "end", class: "share" }),
      words("at whom", { x: right + 8, y: 14, class: "share" }));
    const ink = luminance(scale[0]) < 0.5 ? "var(--ao-sky)" : "var(--ao-blue)";
    const lines = [];
    for (let query = 0; query < n; query++) {
      for (let key = 0; key < n; key++) {
        const share = map[query * n + key];
        if (share < LEAST) continue;
        const line = svg("line", {
          x1: left, y1: y(query), x2: right, y2: y(key), stroke: ink,
          "stroke-width": Math.max(0.6, 6 * share),
        });
        lines.push({ line, query, share });
      }
    }
    picture.append(...lines.map(({ line }) => line));
    const queries = queryWords((i) => ({ x: left - 8, y: y(i), step, width: left - 4 }));
    const shares = tokens.map((_, i) =>
      words("", { x: width - 4, y: y(i) + 4, "text-anchor": "end", class: "share" }));
    picture.append(...queries, ...shares,
      ...tokens.map((token, i) => words(token, { x: right + 8, y: y(i) + 4 })));

    function show(query) {
      const alone = query !== null;
      for (const { line, query: from, share } of lines) {
        line.style.display = !alone || from === query ? "" : "none";
        line.style.strokeOpacity = Math.min(1, (alone ? 0.4 : 0.12) + share);
      }
      markQuery(queries, query);
      shares.forEach((node, key) => {
        const share = alone ? map[query * n + key] : 0;
        node.textContent = share >= 0.005 ? percent(share) : "";
      });
    }
    return { picture, show };
  }

  /** Queries down, keys across. */
  function drawMatrix(map, width) {
    const n = tokens.length;
    const longest = Math.max(...tokens.map((token) => token.length));
    const left = Math.min(150, 16 + 6.5 * longest), top = Math.min(120, 30 + 6 * longest);
    const cell = Math.max(12, Math.min(36, (width - left - 4) / n));
    const picture = svg("svg", {
      // Never stretched beyond the width it is drawn for: four words need not fill the page.
      viewBox: `0 0 ${Math.max(width, left + cell * n + 4)} ${top + cell * n + 4}`,
    });
    const canvas = el("canvas");
    const most = strongest(map);
    paintCells(canvas, map, n, most, scale);
    const side = cell * n;
    const frame = svg("rect", {
      class: "row-frame", x: left, width: side, height: cell, visibility: "hidden",
    });
    const image = svg("image", {
      class: "matrix", href: canvas.toDataURL(), x: left, y: top, width: side, height: side,
      preserveAspectRatio: "none",
    });
    image.addEventListener("mousemove", (event) => {
      const box = image.getBoundingClientRect();
      look(Math.min(n - 1, Math.floor(((event.clientY - box.top) / box.height) * n)));
    });
    image.addEventListener("mouseleave", () => look(state.pinned));
    const middle = (i) => cell * (i + 0.5);
    const queries = queryWords((i) =>
      ({ x: left - 6, y: top + middle(i), step: cell, width: left - 4 }));
    picture.append(
      words("who looks ↓  at whom →", { x: 2, y: 12, class: "share" }), image,
      svg("rect", { x: left, y: top, width: side, height: side, fill: "none", stroke: "var(--ao-line)" }),
      ...queries,
      ...tokens.map((token, i) => words(token, {
        transform: `translate(${left + middle(i) + 4} ${top - 6}) rotate(-90)`,
      })), frame);
    if (n <= NUMBERS_UP_TO && cell >= 22) {
      map.forEach((share, i) => {
        if (share < 0.005) return;
        const ink = luminance(colorOf(scale, share / most)) > 0.55 ? "#000" : "#fff";
        picture.append(words(Math.round(100 * share), {
          x: left + middle(i % n), y: top + middle(Math.floor(i / n)) + 4, "text-anchor": "middle",
          style: `fill: ${ink}; pointer-events: none`,
        }));
      });
    }

    function show(query) {
      frame.setAttribute("visibility", query === null ? "hidden" : "visible");
      if (query !== null) frame.setAttribute("y", top + cell * query);
      markQuery(queries, query);
    }
    return { picture, show };
  }

  /** The words that look: reachable one by one with the arrow keys, the first with Tab. */
  function queryWords(place) {
    return tokens.map((token, i) => {
      const { x, y, step, width } = place(i);
      const node = keepKeys(svg("g", {
        class: "token", role: "button", "data-query": i, "aria-label": `${token}, word ${i + 1}`,
        tabindex: i === (state.pinned ?? 0) ? 0 : -1,
      },
      svg("rect", { class: "back", x: 2, y: y - step / 2 + 1, width, height: step - 2, rx: 3 }),
      words(token, { x, y: y + 4, "text-anchor": "end" })));
      node.addEventListener("mouseenter", () => look(i));
      node.addEventListener("mouseleave", () => look(state.pinned));
      node.addEventListener("focus", () => look(i));
      node.addEventListener("blur", () => look(state.pinned));
      node.addEventListener("click", () => pin(i));
      node.addEventListener("keydown", (event) => stepFrom(node, event, i));
      return node;
    });
  }

  function stepFrom(node, event, i) {
    if (event.key === "Enter" || event.key === " ") {
      event.preventDefault();
      pin(i);
      return;
    }
    const step = { ArrowDown: 1, ArrowUp: -1 }[event.key];
    if (!step) return;
    event.preventDefault();
    const next = (i + step + tokens.length) % tokens.length;
    const other = node.parentNode.querySelector(`[data-query="${next}"]`);
    node.setAttribute("tabindex", -1);
    other.setAttribute("tabindex", 0);
    other.focus();
  }

  /** Keep this word's row in view; a second time lets it go. */
  function pin(i) {
    state.pinned = state.pinned === i ? null : i;
    look(i);
  }

  function markQuery(queries, query) {
    queries.forEach((node, i) => {
      node.classList.toggle("chosen", i === query);
      node.setAttribute("aria-pressed", String(i === state.pinned));
    });
  }

  function look(query) {
    for (const view of views) view.show(query);
    headline.textContent = query === null
      ? `${views.map((view) => view.name).join(" and ").replace("and L", "and l")}: point at a word on the left to see whom ` +
        "it looks at."
      : views.map((view) => inWords(view, query)).join(" ");
  }

  function inWords({ name, map }, query) {
    const n = tokens.length;
    const row = Array.from(map.subarray(query * n, (query + 1) * n), (share, key) => [share, key]);
    const most = row.sort((a, b) => b[0] - a[0]).slice(0, 3).filter(([share]) => share >= 0.005)
      .map(([share, key]) => `${tokens[key]} ${percent(share)}`).join(", ");
    return `${name}: “${tokens[query]}” looks at ${most}.`;
  }

  const root = el("div", {
    class: "ao-explorer ao-attention", role: "group", "aria-label": "Attention explorer",
  },
  el("style", {}, STYLE), ...(model.get("can_read") ? [sentence.root] : []), trouble,
  el("div", { class: "top" }, grid, el("div", { class: "side" },
    shownAs.root, el("label", {}, compare, "compare with a second head"), hint)),
  headline, holder);
  host.replaceChildren(root);
  load();
  whenThemeChanges(root, redraw);
  model.on("change:answered", () => {
    const why = model.get("trouble");
    trouble.textContent = why ? `${why} The maps are still those of the sentence before.` : "";
    if (why) look(state.pinned);
    else load();
  });
  let width = holder.clientWidth;
  new ResizeObserver(() => {
    if (holder.clientWidth === width) return;
    width = holder.clientWidth;
    drawViews();
  }).observe(holder);
  model.on("change:text", () => { sentence.input.value = model.get("text"); });
  model.on("change:layer change:head", () => {
    state.first = [model.get("layer"), model.get("head")];
    markGrid();
    drawViews();
  });
}

const strongest = (map) => map.reduce((most, share) => Math.max(most, share), 1e-9);

function words(text, attributes) {
  return svg("text", attributes, text);
}

export default { render };
