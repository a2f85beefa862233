// Greedy and beam search as a tree. All that beams up to the widest look at is here, so that the
// page searches by itself: neither the sliders nor pointing at a box asks the kernel. Only another
// sentence does.

import { el, numbersIn, slider, svg, textLine } from "./lib/dom.js";
import { asker } from "./lib/kernel.js";
import { percent, signed } from "./lib/numbers.js";
import { rove } from "./lib/roving.js";

/** Beam search in a tree; the same, line by line, as Search in beam_explorer.py. */
export function searchIn({ parents, logProbabilities, ends }) {
  const ended = new Set(ends);
  const children = parents.map(() => []);
  const totals = [0];
  const depths = [0];
  for (let node = 1; node < parents.length; node++) {
    const parent = parents[node];
    children[parent].push(node);
    totals.push(totals[parent] + logProbabilities[node]);
    depths.push(depths[parent] + 1);
  }
  const bestFirst = (nodes) => [...nodes].sort((a, b) => totals[b] - totals[a] || a - b);

  /** One step. Whoever has ended keeps its place, the others share the places left. */
  function advance(kept, width) {
    const over = kept.filter((node) => ended.has(node));
    const longer = bestFirst(kept.flatMap((node) => (ended.has(node) ? [] : children[node])));
    if (!longer.length) return null;
    const places = width - over.length;
    return { kept: bestFirst([...over, ...longer.slice(0, places)]), lost: longer.slice(places) };
  }

  function steps(width) {
    const found = [];
    for (let step = advance([0], width); step; step = advance(step.kept, width)) found.push(step);
    return found;
  }

  const words = (node) => depths[node] - (ended.has(node) ? 1 : 0);
  const score = (node, alpha) => totals[node] / ((5 + words(node)) / 6) ** alpha;

  /** The best score among those that have ended, if any has. */
  function winner(kept, alpha) {
    const over = kept.filter((node) => ended.has(node));
    return (over.length ? over : kept).reduce((best, node) =>
      (score(node, alpha) > score(best, alpha) ? node : best));
  }

  /** From the node back to the beginning, node 0 left out. */
  function path(node) {
    const nodes = [];
    for (; node > 0; node = parents[node]) nodes.push(node);
    return nodes;
  }
  return { ended, totals, depths, steps, score, winner, path };
}

/** Where what stands, in columns (steps) and rows (places, and below them what was dropped).

    Of the dropped the nearest are drawn, `lost` of them at each step, `gap` of a row further down.
*/
export function treeLayout(search, parents, steps, greedy, { lost: most, lost_gap: gap }) {
  const widest = Math.max(...steps.map(({ kept }) => kept.length));
  const boxes = [{ column: 0, row: (widest - 1) / 2, node: 0, before: null, lost: false }];
  steps.forEach(({ kept, lost }, i) => {
    const near = [...lost.slice(0, most), ...lost.slice(most).filter((n) => greedy.has(n))];
    const add = (node, row, isLost) => boxes.push({
      column: i + 1, row, node, lost: isLost,
      before: search.depths[node] <= i ? node : parents[node],
    });
    kept.forEach((node, row) => add(node, row, false));
    near.forEach((node, j) => add(node, widest + j + gap, true));
  });
  return boxes;
}

/** A probability as people write it: 24 %, 0.3 %. */
export function share(logProbability) {
  const part = Math.exp(logProbability);
  const below10 = Number((100 * part).toFixed(1)) < 10;
  return percent(part, { digits: below10 ? 1 : 0, orLess: true });
}

const LONGEST_LABEL = 9;
const shortened = (label) =>
  ([...label].length <= LONGEST_LABEL ? label : `${[...label].slice(0, LONGEST_LABEL - 1).join("")}…`);

/** A sentence for the headline, which has three lines: the table below has all of it. */
const LONGEST_SENTENCE = 80;
export const brief = (text) => {
  const letters = [...text];
  if (letters.length <= LONGEST_SENTENCE) return text;
  return `${letters.slice(0, LONGEST_SENTENCE - 21).join("")} … ${letters.slice(-18).join("")}`;
};

const STYLE = `
.ao-beam .ao-controls { margin: 8px 0; }
.ao-beam .wide { grid-column: 1 / -1; }
.ao-beam .ao-headline { min-height: 4.2em; }
.ao-beam .node { cursor: pointer; }
.ao-beam .node rect { fill: var(--ao-page); stroke: var(--ao-faint); }
.ao-beam .node text { text-anchor: middle; }
.ao-beam .node.best rect { stroke: var(--ao-blue); stroke-width: 2.5; }
.ao-beam .node.best text { font-weight: 600; }
.ao-beam .node.lost rect { stroke-dasharray: 3 3; }
.ao-beam .node.lost text { fill: var(--ao-faint); }
.ao-beam .node:focus { outline: none; }
.ao-beam .node.chosen rect, .ao-beam .node:focus-visible rect { fill: var(--ao-shade); }
.ao-beam .node.lost.chosen text, .ao-beam .node.lost:focus-visible text { fill: var(--ao-ink); }
.ao-beam .node:focus-visible rect { stroke: var(--ao-orange); stroke-width: 2.5; }
.ao-beam .node rect.area { fill: transparent; stroke: none; }
.ao-beam .node[aria-pressed="true"] rect { stroke: var(--ao-orange); stroke-width: 2.5; }
.ao-beam .dot { fill: var(--ao-faint); }
.ao-beam .node.best .dot { fill: var(--ao-blue); }
.ao-beam .line { fill: none; stroke: var(--ao-faint); }
.ao-beam .line.lost { stroke-dasharray: 3 3; }
.ao-beam .line.greedy { stroke: var(--ao-orange); stroke-width: 2; }
.ao-beam .line.best { stroke: var(--ao-blue); stroke-width: 3; }
.ao-beam .line.greedy.best { stroke: var(--ao-blue); }
.ao-beam .node rect.bar { fill: var(--ao-orange); stroke: none; }
.ao-beam table { border-collapse: collapse; width: 100%; max-width: 700px; margin: 8px 0 0; font-variant-numeric: tabular-nums; }
.ao-beam th, .ao-beam td { padding: 1px 14px 1px 0; text-align: left; font-size: 12px;
  background: none; }
.ao-beam th { color: var(--ao-faint); font-weight: 400; }
@container (min-width: 940px) {
  .ao-beam .under { display: grid; gap: 28px; grid-template-columns: 700px minmax(0, 1fr); }
}
.ao-beam td:first-child { overflow-wrap: anywhere; width: 100%; }
.ao-beam th.number { min-width: 5em; white-space: normal; }
.ao-beam tr.best td { font-weight: 600; }
.ao-beam td.number, .ao-beam th.number { text-align: right; white-space: nowrap; }
/* On a narrow page the sentence would be left the width of a letter. */
@container (max-width: 500px) {
  .ao-beam th, .ao-beam td { padding-right: 6px; }
  .ao-beam th.number { white-space: normal; min-width: 0; }
  .ao-beam td:first-child { min-width: 8em; }
}
.ao-beam .note { font-size: 12px; margin: 6px 0 0; }
.ao-beam .news:not(:empty) { border-left: 4px solid var(--ao-orange); padding-left: 8px; }
`;
const BOX = { width: 64, height: 33 };
const GAP = { across: 11, down: 7 }; // eight steps fit on a page, longer trees are scrolled

function render({ model, el: host }) {
  const constants = model.get("constants");
  const { penalties } = constants;
  let tree, search, texts, labels; // what Python sent
  let steps, all, boxes, best, isLast, greedy, greedyPath, nodes; // what is drawn
  let pinned = null; // the box that was clicked on: its sentence stays when the mouse leaves

  const sentence = textLine("Your sentence", { value: model.get("text") }, (text) => {
    ask({ text }, "Translating …");
  });
  const width = slider("width", { min: 1, max: model.get("widest") },
    (n) => (n === 1 ? "1: greedy" : `${n}`), () => look({ keepsTheEnd: true }));
  const step = slider("step", { min: 1, max: 1 }, (n) => `${n} of ${all?.length ?? n}`,
    () => look({}));
  const alpha = slider("penalty α", { min: 0, max: penalties.length - 1 },
    (i) => `${penalties[i]}`, () => look({}));
  const headline = el("p", { class: "ao-headline", role: "status", "aria-live": "polite" });
  const holder = el("div", { class: "ao-scroll" });
  const table = el("tbody");
  const news = el("p", { class: "news", role: "alert" });
  const penalty = () => penalties[alpha.value];

  function load() {
    tree = {
      parents: model.get("parents"),
      logProbabilities: numbersIn(model.get("log_probabilities"), Float32Array),
      ends: model.get("ends"),
    };
    [labels, texts] = [model.get("labels"), model.get("texts")];
    search = searchIn(tree);
    greedy = search.steps(1).at(-1).kept[0];
    greedyPath = new Set(search.path(greedy));
  }

  /** Search with this width. A slider that stood at the last step stays at the last. */
  function look({ keepsTheEnd = false }) {
    const wasLast = keepsTheEnd && (!all || step.value === all.length);
    all = search.steps(width.value);
    step.input.max = all.length;
    step.value = wasLast ? all.length : Math.min(step.value, all.length);
    isLast = step.value === all.length;
    steps = all.slice(0, step.value);
    const inBeam = steps.at(-1).kept;
    best = isLast ? search.winner(inBeam, penalty()) : inBeam[0];
    draw();
  }

  // ---- the picture

  function draw() {
    boxes = treeLayout(search, tree.parents, steps, greedyPath, constants);
    const bestPath = new Set(search.path(best));
    const x = (column) => 4 + BOX.width / 2 + column * (BOX.width + GAP.across);
    const y = (row) => 4 + BOX.height / 2 + row * (BOX.height + GAP.down);
    const rows = Math.max(...boxes.map(({ row }) => row)) + 1;
    const size = [x(steps.length) + BOX.width / 2 + 4, y(rows - 1) + BOX.height / 2 + 6];
    const picture = svg("svg", {
      viewBox: `0 0 ${Math.max(684, size[0])} ${size[1]}`,
      style: `min-width: ${size[0]}px; max-width: ${Math.max(684, size[0])}px`,
      role: "group", "aria-label": "The tree: steps across, places down",
    });
    const at = new Map(boxes.map((box) => [`${box.column} ${box.node}`, box]));
    const kinds = ({ node, lost }) => [["best", bestPath.has(node)], ["lost", lost],
      ["greedy", greedyPath.has(node)]].filter(([, is]) => is).map(([kind]) => kind).join(" ");
    for (const box of boxes.slice(1)) {
      const from = at.get(`${box.column - 1} ${box.before}`);
      const [x1, x2] = [edge(from, 1), edge(box, -1)];
      const middle = (x1 + x2) / 2;
      picture.append(svg("path", {
        class: `line ${kinds(box)}`,
        d: `M${x1} ${y(from.row)}C${middle} ${y(from.row)} ${middle} ${y(box.row)} ${x2} ${y(box.row)}`,
      }));
    }
    nodes = boxes.map((box) => (box.node === 0
      ? svg("text", { x: x(0), y: y(box.row) + 4, "text-anchor": "middle" }, "start")
      : drawBox(box, x(box.column), y(box.row), kinds(box))));
    picture.append(...nodes);
    rove(nodes.slice(1), { // all but the start
      next: (key, i) => nextBox(key, i), start: nodes.length - 2,
    });
    holder.replaceChildren(picture);
    pinned = null;
    tell(null);
    drawTable();

    function edge(box, side) {
      return x(box.column) + side * (isDot(box) ? 4 : box.node === 0 ? 18 : BOX.width / 2);
    }
  }

  /** A long word is set closer, so that it stays in its box. */
  const narrowed = (word, room) =>
    ([...word].length > 7 ? { textLength: room, lengthAdjust: "spacingAndGlyphs" } : {});

  /** It has ended at an earlier step, and only keeps its place. */
  const isDot = ({ node, column }) => node > 0 && search.depths[node] < column;

  function drawBox(box, x, y, kinds) {
    const { node } = box;
    const [w, h] = [BOX.width, BOX.height];
    const inside = isDot(box)
      ? [
        svg("rect", { class: "area", x: x - 12, y: y - 12, width: 2 * 12, height: 2 * 12 }),
        svg("circle", { class: "dot", cx: x, cy: y, r: 4 }),
      ]
      : [
        svg("rect", { x: x - w / 2, y: y - h / 2, width: w, height: h, rx: 4 }),
        svg("text", { x, y: y - 2, ...narrowed(shortened(labels[node]), w - 6) },
          shortened(labels[node])),
        svg("text", { x, y: y + 11 }, signed(search.totals[node])),
        ...(greedyPath.has(node)
          ? [svg("rect", { class: "bar", x: x - w / 2 + 3, y: y + h / 2 - 1.5, width: w - 6, height: 3 })]
          : []),
      ];
    const group = svg("g", {
      class: `node ${kinds}`, role: "button", "aria-label": inWords(box),
    }, ...inside);
    for (const event of ["mouseenter", "focus"]) group.addEventListener(event, () => tell(box));
    for (const event of ["mouseleave", "blur"]) group.addEventListener(event, () => tell(null));
    const keep = () => {
      pinned = pinned === box ? null : box;
      tell(box);
    };
    group.addEventListener("click", keep);
    group.addEventListener("keydown", (event) => {
      if (!["Enter", " "].includes(event.key)) return;
      event.preventDefault();
      keep();
    });
    return group;
  }

  /** Arrow keys go from box to box: up and down in a step, left and right along the steps. */
  function nextBox(key, from) {
    const [across, down] = {
      ArrowRight: [1, 0], ArrowLeft: [-1, 0], ArrowDown: [0, 1], ArrowUp: [0, -1],
    }[key] ?? [];
    if (across === undefined) return undefined;
    const { column, row } = boxes[from + 1];
    const there = boxes.slice(1).map((box, i) => ({ ...box, i })).filter((box) =>
      box.column === column + across && (across || (box.row - row) * down > 0));
    return there.reduce((near, box) =>
      (near && Math.abs(near.row - row) <= Math.abs(box.row - row) ? near : box), null)?.i ?? from;
  }

  // ---- the words

  function inWords({ node, column, row, lost }) {
    const total = search.totals[node];
    const what = search.ended.has(node) ? "ended" : "goes on";
    const place = lost ? `dropped at step ${column}` : `place ${row + 1} at step ${column}, ${what}`;
    const own = tree.logProbabilities[node];
    return `“${brief(texts[node])}”: log-probability ${signed(total)}, that is ${share(total)}; ${place}. ` +
      `Its last token ${search.ended.has(node) ? "(the end) " : ""}has ${share(own)}.`;
  }

  /** The sentence of the box that is pointed at, or else of the one that is kept, or the search's. */
  function tell(pointedAt) {
    const box = pointedAt ?? pinned;
    nodes.forEach((drawn, i) => {
      if (!boxes[i].node) return;
      drawn.classList.toggle("chosen", boxes[i] === box);
      drawn.setAttribute("aria-pressed", String(boxes[i] === pinned));
    });
    headline.textContent = box ? inWords(box) : inASentence();
  }

  function inASentence() {
    const found = `“${brief(texts[best])}” (${share(search.totals[best])})`;
    if (width.value === 1) {
      return `Greedy, ${isLast ? "the whole way" : `step ${step.value}`}: ${found}. ` +
        "Point at a box to read its sentence, click to keep it.";
    }
    const other = best === greedy
      ? "the same as greedy"
      : `greedy: “${brief(texts[greedy])}” (${share(search.totals[greedy])})`;
    return isLast
      ? `A beam of ${width.value} finds ${found}; ${other}.`
      : `Step ${step.value}, a beam of ${width.value}: ahead is ${found}.`;
  }

  function drawTable() {
    const { kept } = steps.at(-1);
    const byScore = [...kept].sort((a, b) => isLast
      ? search.ended.has(b) - search.ended.has(a)
        || search.score(b, penalty()) - search.score(a, penalty())
      : 0);
    table.replaceChildren(...byScore.map((node) => el("tr", { class: node === best ? "best" : "" },
      el("td", {}, texts[node] + (search.ended.has(node) ? " ■" : " …")),
      el("td", { class: "number" }, signed(search.totals[node])),
      el("td", { class: "number" }, share(search.totals[node])),
      el("td", { class: "number" }, signed(search.score(node, penalty()))))));
  }

  function take() {
    width.value = model.get("width");
    alpha.value = Math.max(0, penalties.indexOf(model.get("length_penalty")));
    all = search.steps(width.value);
    step.input.max = all.length;
    step.value = model.get("step") || all.length;
    look({});
  }

  const number = (words) => el("th", { class: "number", scope: "col" }, words);
  const note = "In each box: a token (· is a blank, ■ the end) and the log-probability of its " +
    "sentence so far. Blue: the best at this step. Orange bar: greedy's way. Dashed: dropped at " +
    "once. A dot has ended before, and keeps its place.";
  const root = el("div", {
    class: "ao-explorer ao-wide ao-beam", role: "group", "aria-label": "Beam explorer",
  },
  el("style", {}, STYLE), ...(model.get("can_translate") ? [sentence.root] : []), news,
  el("div", { class: "ao-controls" }, width.root, step.root, alpha.root),
  headline, holder,
  el("div", { class: "under" },
    el("table", {},
      el("thead", {}, el("tr", {}, el("th", { scope: "col" }, "in the beam"),
        number("log-probability"), number("probability"), number("score with α"))),
      table),
    el("p", { class: "ao-faint note" }, note)));
  host.replaceChildren(root);
  load();
  take();
  const ask = asker({
    model, host, news, stale: "The tree is still that of the sentence before.",
    onAnswer() {
      load();
      all = null;
      look({ keepsTheEnd: true });
    },
  });
  model.on("change:text", () => { sentence.input.value = model.get("text"); });
  model.on("change:width change:step change:length_penalty", take);
}

export default { render };
