// The pattern lab: who may look at whom, as a square and as arcs, who has heard whom after so many
// layers, and the three conditions of the theorem. All of it is computed here, in the page.

import { choice, el, slider, svg, tick } from "./lib/dom.js";
import { attentionScale, colorOf, inkOn, rgb, whenThemeChanges } from "./lib/colors.js";
import { percent } from "./lib/numbers.js";
import {
  PATTERNS, connections, everybodyHears, layersUntilHeard, pathThroughAll, selfLoops, union,
} from "./lib/patterns.js";
import { rove } from "./lib/roving.js";

const KINDS = [["window", "window"], ["strided", "strided"], ["fixed", "fixed"], ["star", "star"],
  ["random", "random"], ["bigbird", "BigBird"], ["dense", "dense"], ["self", "itself alone"]];
const ARRANGEMENTS = [["in turn", "in turn, layer by layer"], ["both", "both at once"],
  ["first", "the first"], ["second", "the second"]];
const USED = { // which sliders mean something to which pattern
  width: ["window", "star", "bigbird"], stride: ["strided", "fixed"],
  n_global: ["bigbird"], n_random: ["bigbird"], per_token: ["random"],
};
// What a reader may set, by the traits' names.
const SETTINGS = ["kind", "n", "width", "stride", "n_global", "n_random", "per_token", "seed",
  "layers", "arrangement", "causal", "no_self", "own"];
const PIXELS = 4; // of the canvas for a cell, in each direction

/** The patterns of the layers, in turn, for what is chosen. */
export function patternsFor(settings) {
  let patterns = settings.own.length ? settings.own : PATTERNS[settings.kind](settings);
  if (patterns.length > 1) {
    patterns = {
      "in turn": patterns, both: [union(patterns)], first: [patterns[0]], second: [patterns[1]],
    }[settings.arrangement];
  }
  const { causal, no_self: noSelf } = settings;
  if (!causal && !noSelf) return patterns;
  const stays = (query, key) => !(causal && key > query) && !(noSelf && key === query);
  return patterns.map((pattern) =>
    pattern.map((keys, query) => keys.filter((key) => stays(query, key))));
}

const SIDE = { before: 30, across: 188, whole: 222 }; // of a square: numbers, cells, and an edge
const share100 = (pixels) => `${(100 * pixels) / SIDE.whole}%`;

const STYLE = `
.ao-lab .ao-choice { margin: 0 0 6px; }
.ao-lab .ticks { display: flex; gap: 4px 18px; flex-wrap: wrap; margin: 8px 0; }
.ao-lab [hidden] { display: none; }
.ao-lab .lamps { list-style: none; margin: 0 0 8px; padding: 0; }
.ao-lab .lamps li { margin: 0 0 4px; padding: 0; line-height: 24px; } /* a lamp is 22 high */
.ao-lab .lamp { display: inline-block; width: 76px; margin-right: 8px; border: 2px solid; border-radius: 10px; padding: 0 7px;
  font-weight: 600; box-sizing: border-box; text-align: center; line-height: 18px; color: var(--ao-ink); }
.ao-lab .lamp.yes { border-color: var(--ao-green); }
.ao-lab .lamp.no { border-color: var(--ao-orange); border-style: dashed; }
.ao-lab .lamp.undecided { border-color: var(--ao-faint); border-style: dotted; }
.ao-lab .count { display: grid; grid-template-columns: auto 1fr; gap: 4px 8px;
  align-items: center; }
.ao-lab .full { border: 1px solid var(--ao-faint); height: 12px; box-sizing: border-box; }
.ao-lab .part { background: var(--ao-blue); height: 100%; }
/* On a page of 700 pixels the lamps stand beside the squares, on a wide one below the controls:
   either way the lamps and the arcs are seen together. On a narrow one all is one column. */
.ao-lab .body { display: grid; gap: 6px 14px; grid-template-columns: minmax(0, 1fr);
  grid-template-areas: "controls" "lamps" "headline" "squares" "arcs" "note"; }
.ao-lab .body > * { min-width: 0; }
@container (min-width: 600px) {
  .ao-lab .body { grid-template-columns: minmax(0, 2.1fr) minmax(0, 1fr);
    grid-template-areas: "controls controls" "headline headline" "squares lamps" "arcs arcs"
      "note note"; }
}
@container (min-width: 940px) {
  .ao-lab .body { grid-template-columns: minmax(260px, 350px) minmax(660px, 1fr);
    grid-template-rows: auto 1fr; column-gap: 28px;
    grid-template-areas: "controls headline" "controls squares" "lamps arcs" "lamps note"; }
  .ao-lab .body .ao-headline { min-height: 1.4em; }
}
.ao-lab .ao-headline { grid-area: headline; margin: 0; }
.ao-lab .controls { grid-area: controls; }
.ao-lab .judged { grid-area: lamps; }
.ao-lab .line { grid-area: arcs; }
.ao-lab .line p { font-size: 12px; margin: 0; }
.ao-lab .line .arcs { min-width: 660px; }
.ao-lab .squares { grid-area: squares; display: grid; gap: 12px;
  grid-template-columns: repeat(auto-fit, minmax(min(200px, 100%), 1fr)); }
.ao-lab .squares figure { margin: 0; }
.ao-lab figcaption { min-height: 5.6em; margin: 0 0 2px; font-size: 12px; }
.ao-lab .square { position: relative; max-width: 300px; }
.ao-lab .square canvas { position: absolute; left: ${share100(SIDE.before)};
  top: ${share100(SIDE.before)}; width: ${share100(SIDE.across)}; height: ${share100(SIDE.across)};
  image-rendering: pixelated; }
.ao-lab .square svg { position: relative; }
.ao-lab .arcs path { fill: none; }
.ao-lab .all { stroke: var(--ao-faint); stroke-opacity: 0.35; }
.ao-lab .look { stroke: var(--ao-blue); stroke-width: 2; }
.ao-lab .look.second { stroke: var(--ao-orange); stroke-dasharray: 5 3; }
.ao-lab .path { stroke: var(--ao-green); stroke-width: 3; }
.ao-lab .token { cursor: pointer; }
.ao-lab .token .spot { fill: var(--ao-page); stroke: var(--ao-ink); }
.ao-lab .token.chosen .spot { fill: var(--ao-orange); stroke: var(--ao-orange); }
.ao-lab .token:focus { outline: none; }
.ao-lab .token:focus-visible .spot { stroke: var(--ao-orange); stroke-width: 3; }
.ao-lab .token .area { fill: transparent; }
.ao-lab .note { grid-area: note; font-size: 12px; margin: 0; }
`;

// ---- what can be set

/** Pattern, sliders and ticks. They write into `settings`, and say which part has to follow. */
function drawControls(settings, limits, { change, listen, drawPath }) {
  const setting = (name, follow) => (value) => { settings[name] = value; follow(); };
  const knob = (name, label, show = String, follow = change) => {
    const [min, max] = limits[name];
    return slider(label, { min, max }, show, setting(name, follow));
  };
  const pattern = choice("pattern", KINDS, setting("kind", change));
  const arrangement = choice("its two patterns", ARRANGEMENTS, setting("arrangement", change));
  const sliders = {
    n: knob("n", "tokens"),
    width: knob("width", "width", (w) => `${w} each side`),
    stride: knob("stride", "stride"),
    n_global: knob("n_global", "globals"),
    n_random: knob("n_random", "random", (r) => `${r} a token`),
    per_token: knob("per_token", "random", (r) => `${r - 1} + itself`),
    layers: knob("layers", "layers", String, listen),
  };
  const ticks = {
    causal: tick("nobody sees the future (causal)", setting("causal", change)),
    no_self: tick("nobody looks at itself", setting("no_self", change)),
    path: tick("draw the path", drawPath),
  };

  /** Every control as the settings say. */
  function set() {
    pattern.value = settings.kind;
    arrangement.value = settings.arrangement;
    for (const [name, one] of Object.entries(sliders)) one.value = settings[name];
    for (const name of ["causal", "no_self"]) ticks[name].input.checked = settings[name];
  }

  /** Only what means something to the pattern that is chosen. */
  function showUsed() {
    const { own, kind } = settings;
    for (const [name, kinds] of Object.entries(USED)) {
      sliders[name].root.hidden = own.length > 0 || !kinds.includes(kind);
    }
    sliders.n.root.hidden = pattern.root.hidden = own.length > 0;
    arrangement.root.hidden = own.length ? own.length !== 2 : !USED.stride.includes(kind);
  }

  const root = el("div", { class: "controls" }, pattern.root, arrangement.root,
    el("div", { class: "ao-controls" }, ...Object.values(sliders).map((one) => one.root)),
    el("div", { class: "ticks" }, ...Object.values(ticks).map((one) => one.root)));
  return { root, path: ticks.path, set, showUsed };
}

// ---- the conditions, and the connections counted

/** Three lamps; `show` has the answers: itself, a path, reach. */
function drawLamps() {
  const lamps = ["Itself", "A path", "Reach"].map((name) => ({
    name, lamp: el("span", { class: "lamp" }), says: el("span"),
  }));
  function show(answers) {
    lamps.forEach(({ name, lamp, says }, i) => {
      const { holds, why } = answers[i];
      const state = { true: "yes", false: "no", null: "undecided" }[holds];
      const ring = name === "Reach" && holds === false ? " (the ring in the second square)" : "";
      lamp.className = `lamp ${state}`;
      lamp.textContent = { yes: "✓ yes", no: "✗ no", undecided: "? open" }[state];
      says.replaceChildren(el("strong", {}, `${name}: `), `${why}${ring}.`);
    });
  }
  const root = el("ul", { class: "lamps" },
    ...lamps.map(({ lamp, says }) => el("li", {}, lamp, says)));
  return { root, show };
}

/** How many connections there are, of n² that there could be. */
function drawCount() {
  const part = el("div", { class: "part" });
  const counted = el("p", { class: "ao-faint", style: "grid-column: 1 / -1; margin: 0" });
  function show(patterns) {
    const n = patterns[0].length;
    const numbers = patterns.map(connections);
    const mean = numbers.reduce((a, b) => a + b) / numbers.length;
    part.style.width = `${(100 * mean) / n ** 2}%`;
    const words = numbers.map((number) => number.toLocaleString("en-US")).join(" and ");
    counted.textContent = `${words} of ${(n * n).toLocaleString("en-US")} connections` +
      `${numbers.length > 1 ? ", by turns" : ""}: ${share(1 - mean / n ** 2)} of the square ` +
      `is empty, ${(mean / n).toFixed(1)} looks a token${numbers.length > 1 ? " (means)" : ""}.`;
  }
  const root = el("div", { class: "count" },
    el("span", {}, "of n²"), el("div", { class: "full" }, part), counted);
  return { root, show };
}

// ---- two squares

/** A square of n × n cells. Pointing at a row calls `look`, leaving `leave`, a click `keep`. */
function drawSquare(label, { look, leave, keep }) {
  const canvas = el("canvas", { "aria-hidden": "true" });
  const frame = svg("rect", {
    fill: "none", stroke: "var(--ao-orange)", "stroke-width": 2, x: SIDE.before,
    width: SIDE.across,
  });
  const inside = svg("g");
  const picture = svg("svg", { viewBox: `0 0 ${SIDE.whole} ${SIDE.whole}`, role: "img", "aria-label": label },
    inside, frame);
  const caption = el("figcaption");
  const area = el("div", { class: "square" }, canvas, picture);
  let n;
  area.addEventListener("mousemove", (event) => {
    const box = canvas.getBoundingClientRect();
    const row = Math.floor(((event.clientY - box.top) / box.height) * n);
    if (row >= 0 && row < n) look(row);
  });
  area.addEventListener("mouseleave", leave);
  area.addEventListener("click", keep);
  return {
    root: el("figure", {}, caption, area),
    /** The cells (see `paint`), what the sides are, marks in the cells, and words above. */
    draw(size, inCell, sides, marks, ...words) {
      n = size;
      paint(canvas, n, inCell);
      inside.replaceChildren(...edges(n, sides), ...marks);
      caption.replaceChildren(...words);
    },
    mark(query) {
      const height = Math.max(3, SIDE.across / n);
      frame.setAttribute("y", place(query, n) - height / 2);
      frame.setAttribute("height", height);
    },
  };
}

/** Paint one color a pixel: inCell(query, key, x, y) for x, y in 0 … PIXELS - 1. */
function paint(canvas, n, inCell) {
  const image = new ImageData(n * PIXELS, n * PIXELS);
  const pixels = new Uint32Array(image.data.buffer);
  let i = 0;
  for (let y = 0; y < n * PIXELS; y++) {
    for (let x = 0; x < n * PIXELS; x++) {
      pixels[i++] = inCell((y / PIXELS) | 0, (x / PIXELS) | 0, x % PIXELS, y % PIXELS);
    }
  }
  canvas.width = canvas.height = n * PIXELS;
  canvas.getContext("2d").putImageData(image, 0, 0);
}

const place = (i, n) => SIDE.before + (SIDE.across * (i + 0.5)) / n;

/** The frame of a square, what its sides are, and positions along two of them. */
function edges(n, sides) {
  const step = [1, 2, 4, 8, 16, 32].find((size) => n / size <= 7);
  const ticked = range1(Math.ceil(n / step)).map((i) => (i - 1) * step);
  return [
    svg("rect", { x: SIDE.before, y: SIDE.before, width: SIDE.across, height: SIDE.across,
      fill: "none", stroke: "var(--ao-faint)" }),
    svg("text", { x: 0, y: 9 }, sides),
    ...ticked.map((i) => svg("text", {
      x: place(i, n), y: SIDE.before - 5, "text-anchor": "middle" }, `${i}`)),
    ...ticked.map((i) => svg("text", {
      x: SIDE.before - 5, y: place(i, n) + 4, "text-anchor": "end" }, `${i}`)),
  ];
}

/** Who may look at whom: blue squares, and orange triangles for a second pattern. */
function drawLooks(square, patterns, [blue, orange]) {
  const n = patterns[0].length;
  const which = new Uint8Array(n * n);
  patterns.forEach((rows, bit) => rows.forEach((keys, query) => {
    for (const key of keys) which[query * n + key] |= 1 << bit;
  }));
  const inCell = (query, key, x, y) => {
    const bits = which[query * n + key];
    if (bits < 2) return bits && blue;
    const lowerHalf = x + y >= PIXELS; // a triangle is the second pattern's mark
    return lowerHalf ? orange : bits === 3 ? blue : 0;
  };
  square.draw(n, inCell, "who looks ↓   at whom →", [],
    el("strong", {}, "Who may look at whom. "), patterns.length > 1
      ? "Blue squares: the first pattern. Orange triangles: the second."
      : "Blue: may look. Nothing: may not.");
}

/** Who has heard whom: `found` says after which layer, `colors` what that looks like.

    A ring is drawn around `apart`, a pair that never meets. Up to so many tokens, `numbersUpTo`,
    cells have numbers.
*/
function drawRumour(square, found, n, colors, apart, numbersUpTo) {
  const words = colors.map(packed);
  const inCell = (query, key) => {
    const layer = found[query * n + key];
    return layer ? words[layer - 1] : 0;
  };
  const numbers = n > numbersUpTo ? [] : Array.from(found, (layer, i) => (layer ? svg("text", {
    x: place(i % n, n), y: place(Math.floor(i / n), n) + 4, "text-anchor": "middle",
    "data-on": `rgb(${colors[layer - 1]})`, style: `fill: ${inkOn(colors[layer - 1])}`,
  }, `${said(layer, i % n === Math.floor(i / n))}`) : ""));
  const ring = apart ? [svg("circle", {
    cx: place(apart[1], n), cy: place(apart[0], n), r: Math.max(4, (0.36 * SIDE.across) / n),
    fill: "none", stroke: "var(--ao-orange)", "stroke-width": 2,
  })] : [];
  const met = found.filter((layer) => layer > 0).length;
  square.draw(n, inCell, "who has heard ↓   of whom →", [...numbers, ...ring],
    el("strong", {}, `Who has heard whom after ${layersInWords(colors.length)}. `),
    `${share(met / n ** 2)} of all pairs. The sooner, the stronger.`);
}

/** What "heard after 1, 2, … nLayers layers" looks like: the sooner, the farther from the page. */
const shades = (scale, nLayers, { fade, fade_over: over }) => range1(nLayers).map((layer) =>
  colorOf(scale, 1 - (fade * (layer - 1)) / Math.max(over, nLayers - 1)));

// ---- the tokens in a line, with their arcs and bars

/** Where things stand along a line of n tokens, in pixels; without looks ahead it is lower. */
function measureLine(n, isCausal) {
  const [width, left, highest] = [684, 14, 40];
  const step = (width - 2 * left) / (n - 1);
  const radius = Math.max(2, Math.min(7, 0.4 * step));
  const y = 12 + highest;
  const bars = y + radius + (isCausal ? 10 : highest + 6);
  return { n, width, step, radius, highest, y, bars, x: (i) => left + step * i };
}

/** The arc of a look: to the left above the line, to the right below it. */
function arcOf([query, key], { x, y, step, radius, highest }, { power, slope }, longest) {
  const apart = Math.abs(query - key);
  const side = query > key ? -1 : 1;
  const high = Math.min(highest * (apart / longest) ** power, 6 + slope * apart * step);
  const from = y + side * (radius + 1);
  return `M${x(query).toFixed(1)} ${from}Q${((x(query) + x(key)) / 2).toFixed(1)} ` +
    `${(from + 2 * side * high).toFixed(1)} ${x(key).toFixed(1)} ${from}`;
}

/** One token: a spot, and an area to point at from the arcs down to its bar. */
function drawToken(i, { x, y, step, radius, bars }, { look, leave, keep }) {
  const node = svg("g", { class: "token", role: "button", "aria-label": `token ${i}` },
    svg("rect", {
      class: "area", x: x(i) - step / 2, y: y - 14, width: step, height: bars + 52 - (y - 14),
    }),
    svg("circle", { class: "spot", cx: x(i), cy: y, r: radius }));
  node.addEventListener("mouseenter", () => look(i));
  node.addEventListener("mouseleave", leave);
  node.addEventListener("click", () => keep(i));
  node.addEventListener("focus", () => keep(i));
  return node;
}

/** The line of tokens: `setLooks` draws all arcs, `showPath` a path, `mark` one token's own. */
function drawLine(n, isCausal, constants, pointing, start) {
  const sizes = measureLine(n, isCausal);
  const [all, way] = ["all", "path"].map((name) => svg("path", { class: name }));
  const own = ["look", "look second"].map((name) => svg("path", { class: name }));
  const each = range1(n).map((i) => i - 1);
  const tokens = each.map((i) => drawToken(i, sizes, pointing));
  const steps = { ArrowRight: 1, ArrowLeft: -1, Home: -n, End: n };
  const { stopAt } = rove(tokens, { start,
    next: (key, i) => (key in steps ? Math.min(n - 1, Math.max(0, i + steps[key])) : undefined) });
  const bars = drawBars(each, sizes, constants.names_up_to);
  const picture = svg("svg", {
    viewBox: `0 0 ${sizes.width} ${sizes.bars + 70}`, class: "arcs",
    role: "group", "aria-label": "The tokens",
  },
  all, ...own, way, ...tokens, ...bars.nodes, ...bars.words);

  let longest = 1;
  const arcs = (looks) => looks.map((look) => arcOf(look, sizes, constants.arc, longest)).join("");
  return {
    n, isCausal, picture, stopAt,
    setLooks(looks, areDrawn) {
      longest = looks.reduce((most, [query, key]) => Math.max(most, Math.abs(query - key)), 1);
      all.setAttribute("d", areDrawn ? arcs(looks) : "");
    },
    showPath: (path) =>
      way.setAttribute("d", arcs(path.slice(1).map((token, i) => [token, path[i]]))),
    /** One token's looks in each pattern, and for each token its bar: { number, color, layers }. */
    mark(token, looks, barOf) {
      tokens.forEach((node, i) => node.classList.toggle("chosen", i === token));
      own.forEach((node, i) => node.setAttribute("d", arcs(looks[i] ?? [])));
      bars.show(barOf);
    },
  };
}

/** A bar for each token, and numbers where there is room for them: above it, and its own below. */
function drawBars(each, { n, width, radius, bars: top, x }, namesUpTo) {
  const half = Math.max(1, radius);
  const heights = each.map((i) =>
    svg("rect", { x: x(i) - half, width: 2 * half, "pointer-events": "none" }));
  const numbers = n > namesUpTo ? [] : each.map((i) =>
    svg("text", { x: x(i), "text-anchor": "middle", "pointer-events": "none" }));
  const named = each.filter((i) => i % (n <= namesUpTo ? 1 : n <= 70 ? 5 : 10) === 0);
  const words = [
    svg("line", { x1: 0, x2: width, y1: top + 54, y2: top + 54, stroke: "var(--ao-faint)" }),
    ...named.map((i) => svg("text", { x: x(i), y: top + 66, "text-anchor": "middle" }, `${i}`)),
  ];
  /** 32 pixels are all layers; no bar where nothing was heard. */
  function show(barOf) {
    heights.forEach((bar, i) => {
      const { number, color, layers } = barOf(i);
      const height = number === null ? 0 : 6 + (32 * number) / layers;
      bar.setAttribute("y", top + 53 - height);
      bar.setAttribute("height", height);
      bar.setAttribute("fill", color);
      numbers[i]?.setAttribute("y", top + 50 - height);
      if (numbers[i]) numbers[i].textContent = number ?? "";
    });
  }
  return { nodes: [...heights, ...numbers], words, show };
}

// ---- all of it together

function render({ model, el: host }) {
  const constants = model.get("constants");
  const settings = { dice: constants.dice };
  let patterns, path, apart, found, colors, scale; // what is shown
  let chosen, pinned; // tokens: pointed at, and the one to go back to
  let line;

  const pointing = {
    look: (query) => { if (query !== chosen) look(query); },
    leave: () => look(pinned),
    keep: (query) => { pinned = query; line.stopAt(query); look(query); },
  };
  const onSquare = { ...pointing, keep: () => { pinned = chosen; } };
  const controls = drawControls(settings, constants.limits, {
    change, listen: () => listen(), drawPath,
  });
  const [lamps, count] = [drawLamps(), drawCount()];
  const headline = el("p", { class: "ao-headline", role: "status", "aria-live": "polite" });
  const looks = drawSquare("who may look at whom", onSquare);
  const rumour = drawSquare("who has heard whom", onSquare);
  const arcs = el("div", { class: "ao-scroll" });
  const note = el("p", { class: "ao-faint note" });

  function change() {
    patterns = patternsFor(settings);
    const n = patterns[0].length;
    pinned = Math.min(pinned, n - 1);
    controls.showUsed();
    judge();
    count.show(patterns);
    drawLooks(looks, patterns, colorsOf(root));
    drawArcs();
    listen(Math.min(chosen ?? pinned, n - 1));
  }

  /** The three conditions, and whether there is a path to draw and a pair to ring. */
  function judge() {
    const answers = [selfLoops(patterns), pathThroughAll(patterns, constants.all_tried_up_to),
      everybodyHears(patterns)];
    path = answers[1].holds ? answers[1].witness : null;
    apart = answers[2].holds === false ? answers[2].witness : null;
    lamps.show(answers);
    controls.path.root.hidden = !path;
  }

  /** The arcs anew; the tokens too if there are others than before. */
  function drawArcs() {
    const n = patterns[0].length;
    const others = union(patterns).flatMap((keys, query) => looksAt(query, keys));
    const isCausal = others.every(([query, key]) => key < query);
    if (line?.n !== n || line.isCausal !== isCausal) {
      line = drawLine(n, isCausal, constants, pointing, pinned);
      arcs.replaceChildren(line.picture);
      arcs.scrollLeft = ((arcs.scrollWidth - arcs.clientWidth) * pinned) / (n - 1);
    }
    const areDrawn = others.length <= constants.most_arcs;
    line.setLooks(others, areDrawn);
    note.textContent = (areDrawn ? "" : `${others.length.toLocaleString("en-US")} arcs would be a ` +
      "black cloud: only the chosen token's are drawn. ") +
      "Point at a row or a token, click to keep it; or go along the line with the arrow keys.";
    drawPath();
  }

  function drawPath() {
    line.showPath(path && controls.path.input.checked ? path : []);
  }

  /** The layers or the pattern have changed: who has heard whom by now? */
  function listen(query = chosen) {
    found = layersUntilHeard(patterns, settings.layers);
    colors = shades(scale, settings.layers, constants);
    drawRumour(rumour, found, patterns[0].length, colors, apart, constants.numbers_up_to);
    look(query);
  }

  /** One token: its looks, whom it has heard, its row in both squares. Makes no new elements. */
  function look(query) {
    chosen = query;
    const { n } = line;
    for (const square of [looks, rumour]) square.mark(query);
    const row = found.subarray(query * n, (query + 1) * n);
    line.mark(query, patterns.map((rows) => looksAt(query, rows[query])), (key) => ({
      number: row[key] ? said(row[key], key === query) : null,
      color: key === query ? "var(--ao-orange)" : row[key] ? `rgb(${colors[row[key] - 1]})` : "none",
      layers: settings.layers,
    }));
    headline.textContent = tellHeard(query, row, settings.layers);
  }

  function take() {
    for (const name of SETTINGS) settings[name] = model.get(name);
    pinned = model.get("token");
    controls.set();
    change();
    look(pinned);
  }

  const root = el("div", {
    class: "ao-explorer ao-wide ao-lab", role: "group", "aria-label": "Pattern lab",
  },
  el("style", {}, STYLE), el("div", { class: "body" }, controls.root,
    el("div", { class: "judged" }, lamps.root, count.root), headline,
    el("div", { class: "squares" }, looks.root, rumour.root),
    el("div", { class: "line" },
      el("p", {}, "Arcs above the line look back, arcs below it ahead."), arcs,
      el("p", {}, "Bars: heard after so many layers. Orange: the chosen token itself.")), note));
  host.replaceChildren(root);
  scale = attentionScale(root);
  take();
  whenThemeChanges(root, () => {
    scale = attentionScale(root);
    drawLooks(looks, patterns, colorsOf(root));
    listen();
  });
  model.on([...SETTINGS, "token"].map((name) => `change:${name}`).join(" "), take);
}

/** A token's looks at others, as [query, key]. */
const looksAt = (query, keys) =>
  keys.filter((key) => key !== query).map((key) => [query, key]);

/** How many a token has heard after each layer, until it is everybody, or five layers at most. */
function tellHeard(token, row, nLayers) {
  const n = row.length;
  const heard = range1(nLayers).map((layer) =>
    row.filter((first) => first > 0 && first <= layer).length);
  const upTo = heard.findIndex((number, i) => number === n || i === 4) + 1 || heard.length;
  const told = heard.slice(0, upTo).map((number, i) =>
    `${number === n ? "everybody" : number} after ${i ? i + 1 : layersInWords(1)}`);
  if (heard.length > upTo && heard[upTo - 1] < n) {
    told.push(`${heard.at(-1) === n ? "everybody" : heard.at(-1)} after ${heard.length}`);
  }
  return `Token ${token} of ${n} (itself included) has heard ${told.join(", ")}.`;
}

/** The number to write: who looks at itself has heard of itself before the first layer. */
const said = (layer, isItself) => (isItself && layer === 1 ? 0 : layer);
const range1 = (n) => Array.from({ length: n }, (_, i) => i + 1);
const layersInWords = (n) => (n === 1 ? "1 layer" : `${n} layers`);

/** 87 %, 98.8 %: one digit more where it is nearly all or nearly nothing. */
const share = (part) => percent(part, {
  digits: part > 0 && part < 1 && (part < 0.05 || part > 0.95) ? 1 : 0,
});

/** A color as the canvas keeps it: alpha, blue, green, red. */
const packed = ([red, green, blue]) => ((255 << 24) | (blue << 16) | (green << 8) | red) >>> 0;

/** Blue and orange for the canvas; before the explorer stands in a page it has none. */
function colorsOf(root) {
  const style = getComputedStyle(root);
  return ["--ao-blue", "--ao-orange"].map((name) =>
    packed(rgb(style.getPropertyValue(name)) ?? [0, 0, 0]));
}

export { everybodyHears, layersUntilHeard, pathThroughAll, selfLoops };
export default { render };
