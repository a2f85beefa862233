// Who looks at whom. Above, every head as a small map; below, one head (or two, side by side) as
// words with lines between them. Only a new sentence asks the kernel.

import { el, svg, keepKeys, numbersIn, textLine } from "./lib/dom.js";
import { themeOf, attentionColor, paintCells } from "./lib/colors.js";

const STYLE = `
.ao-attention .grid { display: grid; gap: 3px; align-items: center; margin: 6px 0 2px; }
.ao-attention .grid button { padding: 0; border: 2px solid transparent; background: none; cursor: pointer; border-radius: 3px; }
.ao-attention .grid button canvas { display: block; width: 100%; aspect-ratio: 1; image-rendering: pixelated;
  box-shadow: 0 0 0 1px var(--ao-line); }
.ao-attention .grid button[aria-pressed="true"] { border-color: var(--ao-orange); }
.ao-attention .grid button.second { border-color: var(--ao-pink); border-style: dashed; }
.ao-attention .grid .name { font-size: 11px; text-align: center; color: var(--ao-faint); }
.ao-attention .views { display: grid; gap: 16px; margin-top: 10px; }
.ao-attention .views.two { grid-template-columns: 1fr 1fr; }
.ao-attention .row { display: flex; gap: 16px; align-items: center; flex-wrap: wrap; margin-top: 8px; }
.ao-attention .row .ao-text { flex: 1 1 320px; }
.ao-attention .token { cursor: pointer; }
.ao-attention .token:focus { outline: none; }
.ao-attention .token .back { fill: transparent; }
.ao-attention .token:focus-visible .back, .ao-attention .token.chosen .back { fill: var(--ao-shade); stroke: var(--ao-orange); }
.ao-attention .share { fill: var(--ao-faint); }
.ao-attention .trouble:not(:empty) { border-left: 4px solid var(--ao-orange); padding-left: 8px; margin: 6px 0 0; }
`;

const percent = (share) => `${Math.round(100 * share)} %`;

function render({ model, el: host }) {
  const state = {
    first: [model.get("layer"), model.get("head")],
    second: null, // another head, to compare
    comparing: false,
    token: null, // the query whose row is shown alone
  };
  let tokens, weights, nLayers, nHeads, views = [];

  const headline = el("p", { class: "ao-headline", role: "status", "aria-live": "polite" });
  const grid = el("div", { class: "grid", role: "group", "aria-label": "All heads: choose one" });
  const holder = el("div", { class: "views" });
  const trouble = el("p", { class: "trouble", role: "alert" });
  const sentence = textLine("Your sentence", { value: model.get("text") }, (text) => {
    headline.textContent = "Reading your sentence …";
    model.set("text", text);
    model.save_changes();
  });
  const compare = keepKeys(el("input", { type: "checkbox" }));
  compare.addEventListener("change", () => {
    state.comparing = compare.checked;
    state.second = compare.checked ? [state.first[0], (state.first[1] + 1) % nHeads] : null;
    drawViews();
    markGrid();
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
    weights = numbersIn(model.get("weights"), Float32Array);
    state.token = null;
    buildGrid();
    drawViews();
  }

  function buildGrid() {
    grid.style.gridTemplateColumns = `44px repeat(${nHeads}, minmax(0, 1fr))`;
    const theme = themeOf(host.firstChild);
    const names = [el("span", { class: "name" }, "head →"),
      ...Array.from({ length: nHeads }, (_, i) => el("span", { class: "name" }, String(i)))];
    const rows = [];
    for (let layer = 0; layer < nLayers; layer++) {
      rows.push(el("span", { class: "name" }, `layer ${layer}`));
      for (let number = 0; number < nHeads; number++) rows.push(small(layer, number, theme));
    }
    grid.replaceChildren(...names, ...rows);
    markGrid();
  }

  function small(layer, number, theme) {
    const canvas = el("canvas");
    const map = head([layer, number]);
    const top = map.reduce((most, x) => Math.max(most, x), 1e-9);
    paintCells(canvas, map, tokens.length, (x) => attentionColor(theme, x / top));
    const node = keepKeys(el("button", {
      type: "button", "data-head": `${layer},${number}`, "aria-label": `layer ${layer}, head ${number}`,
      title: `layer ${layer}, head ${number}`, tabindex: -1,
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
    if (state.comparing) state.second = which;
    else state.first = which;
    markGrid();
    drawViews();
  }

  function markGrid() {
    const active = state.comparing ? state.second : state.first;
    for (const node of grid.querySelectorAll("button")) {
      const name = node.dataset.head;
      node.setAttribute("aria-pressed", String(name === String(state.first)));
      node.classList.toggle("second", name === String(state.second));
      node.tabIndex = name === String(active) ? 0 : -1;
    }
  }

  function drawViews() {
    const shown = state.second ? [state.first, state.second] : [state.first];
    views = shown.map((which) => drawHead(which, head(which)));
    holder.className = `views ${shown.length > 1 ? "two" : ""}`;
    holder.replaceChildren(...views.map((view) => view.root));
    look(state.token);
  }

  /** The words twice, queries on the left, keys on the right, and a line for every look. */
  function drawHead(which, map) {
    const n = tokens.length;
    const wide = state.second ? 330 : 680;
    const left = wide * (state.second ? 0.3 : 0.25), right = wide - left;
    const step = Math.max(17, Math.min(26, 380 / n));
    const y = (i) => 30 + step * (i + 0.5);
    const picture = svg("svg", {
      viewBox: `0 0 ${wide} ${40 + step * n}`, role: "group",
      "aria-label": `layer ${which[0]}, head ${which[1]}: each word on the left looks at words on the right`,
    });
    const label = (x, text, anchor, kind) => {
      const node = svg("text", { x, y: 14, "text-anchor": anchor, class: kind });
      node.textContent = text;
      return node;
    };
    picture.append(label(left - 8, "who looks", "end", "share"), label(right + 8, "at whom", "start", "share"));
    const ink = themeOf(host.firstChild).dark ? "var(--ao-sky)" : "var(--ao-blue)";
    const lines = [];
    for (let query = 0; query < n; query++) {
      for (let key = 0; key < n; key++) {
        const share = map[query * n + key];
        if (share < 0.02) continue; // 50 lines of nothing would hide the ones that say something
        const line = svg("line", {
          x1: left, y1: y(query), x2: right, y2: y(key), stroke: ink,
          "stroke-width": Math.max(0.6, 6 * share), "stroke-opacity": Math.min(1, 0.12 + share),
        });
        lines.push({ line, query, key, share });
        picture.append(line);
      }
    }
    const shares = [];
    const queries = tokens.map((token, i) => {
      const text = svg("text", { x: left - 8, y: y(i) + 4, "text-anchor": "end" });
      text.textContent = token;
      const back = svg("rect", { class: "back", x: 2, y: y(i) - step / 2 + 1, width: left - 4, height: step - 2, rx: 3 });
      const node = svg("g", { class: "token", tabindex: 0, role: "button", "aria-label": `${token}, word ${i + 1}` }, back, text);
      keepKeys(node);
      node.addEventListener("mouseenter", () => look(i));
      node.addEventListener("mouseleave", () => look(null));
      node.addEventListener("focus", () => look(i));
      node.addEventListener("blur", () => look(null));
      picture.append(node);
      return node;
    });
    tokens.forEach((token, i) => {
      const text = svg("text", { x: right + 8, y: y(i) + 4 });
      text.textContent = token;
      const share = svg("text", { x: wide - 4, y: y(i) + 4, "text-anchor": "end", class: "share" });
      shares.push(share);
      picture.append(text, share);
    });

    function show(query) {
      for (const { line, query: from, share } of lines) {
        const seen = query === null || from === query;
        line.style.display = seen ? "" : "none";
      }
      queries.forEach((node, i) => node.classList.toggle("chosen", i === query));
      shares.forEach((node, key) => {
        const share = query === null ? 0 : map[query * n + key];
        node.textContent = share >= 0.005 ? percent(share) : "";
      });
    }
    const caption = el("figcaption", { class: "strong" }, `Layer ${which[0]}, head ${which[1]}`);
    return { root: el("figure", {}, caption, picture), show, which, map };
  }

  function look(query) {
    state.token = query;
    for (const view of views) view.show(query);
    headline.textContent = views.map((view) => inWords(view, query)).join(" ");
  }

  function inWords({ which: [layer, number], map }, query) {
    const name = `Layer ${layer}, head ${number}:`;
    const n = tokens.length;
    if (query === null) return `${name} point at a word on the left to see whom it looks at.`;
    const row = Array.from(map.subarray(query * n, (query + 1) * n));
    const order = row.map((share, key) => [share, key]).sort((a, b) => b[0] - a[0]).slice(0, 3)
      .filter(([share]) => share >= 0.005);
    const most = order.map(([share, key]) => `${tokens[key]} ${percent(share)}`).join(", ");
    return `${name} “${tokens[query]}” looks at ${most}.`;
  }

  host.replaceChildren(el("div", { class: "ao-explorer ao-attention" }, el("style", {}, STYLE),
    headline, grid,
    el("div", { class: "row" },
      ...(model.get("can_read") ? [sentence.root] : []),
      el("label", {}, compare, " compare with a second head")),
    trouble, holder));
  model.on("change:weights", load);
  model.on("change:trouble", () => {
    trouble.textContent = model.get("trouble");
    look(null);
  });
  load();
}

export default { render };
