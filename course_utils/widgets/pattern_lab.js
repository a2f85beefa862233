// The pattern lab: who may look at whom, as a square and as arcs, who has heard whom after so many
// layers, and the three conditions of the theorem. All of it is computed here, in the page.

import { choice, el, slider, svg, keepKeys, tick } from "./lib/dom.js";
import { attentionScale, colorOf, inkOn, whenThemeChanges } from "./lib/colors.js";
import {
  PATTERNS, connections, everybodyHears, layersUntilHeard, pathThroughAll, selfLoops, union,
} from "./lib/patterns.js";

const KINDS = [["window", "window"], ["strided", "strided"], ["fixed", "fixed"], ["star", "star"],
  ["random", "random"], ["bigbird", "BigBird"], ["dense", "dense"], ["self", "itself alone"]];
const USED = { // which sliders mean something to which pattern
  width: ["window", "star", "bigbird"], stride: ["strided", "fixed"],
  nGlobal: ["bigbird"], nRandom: ["bigbird"], perToken: ["random"],
};
export const MOST_LAYERS = 16;
const MOST_ARCS = 1000; // more would be a black cloud
const NUMBERS_UP_TO = 16; // tokens; with more, numbers in the cells are not legible
const NAMES_UP_TO = 34; // tokens with a number of their own along the arcs
const PIXELS = 4; // of the canvas for a cell, in each direction

/** The patterns of the layers, in turn, for what is chosen. */
export function patternsFor(settings) {
  let patterns = settings.own ?? PATTERNS[settings.kind](settings);
  if (patterns.length > 1) {
    patterns = {
      "in turn": patterns, both: [union(patterns)], first: [patterns[0]], second: [patterns[1]],
    }[settings.arrangement];
  }
  if (!settings.causal && !settings.noSelf) return patterns;
  const stays = (query, key) =>
    !(settings.causal && key > query) && !(settings.noSelf && key === query);
  return patterns.map((pattern) =>
    pattern.map((keys, query) => keys.filter((key) => stays(query, key))));
}

const STYLE = `
.ao-lab .ao-choice { margin: 0 0 6px; }
.ao-lab .ticks { display: flex; gap: 4px 18px; flex-wrap: wrap; margin: 8px 0; }
.ao-lab [hidden] { display: none; }
.ao-lab .lamps { list-style: none; margin: 0 0 8px; padding: 0; }
.ao-lab .lamps li { display: flex; gap: 8px; align-items: baseline; margin: 3px 0; padding: 0; }
.ao-lab .lamp { flex: none; width: 76px; border: 2px solid; border-radius: 10px; padding: 0 7px;
  font-weight: 600; box-sizing: border-box; text-align: center; color: var(--ao-ink); }
.ao-lab .lamp.yes { border-color: var(--ao-green); }
.ao-lab .lamp.no { border-color: var(--ao-orange); border-style: dashed; }
.ao-lab .lamp.undecided { border-color: var(--ao-faint); border-style: dotted; }
.ao-lab .count { display: grid; grid-template-columns: 76px 1fr; gap: 8px; align-items: center;
  margin: 0 0 8px; }
.ao-lab .full { border: 1px solid var(--ao-faint); height: 12px; box-sizing: border-box; }
.ao-lab .part { background: var(--ao-blue); height: 100%; }
.ao-lab .squares { display: grid; gap: 12px;
  grid-template-columns: repeat(auto-fit, minmax(min(300px, 100%), 1fr)); }
.ao-lab .squares figure { margin: 0; }
.ao-lab figcaption { min-height: 2.8em; margin: 0 0 2px; font-size: 12px; }
.ao-lab .square { position: relative; max-width: 336px; }
.ao-lab .square canvas { position: absolute; left: ${(100 * 28) / 336}%; top: ${(100 * 28) / 336}%;
  width: ${(100 * 304) / 336}%; height: ${(100 * 304) / 336}%; image-rendering: pixelated; }
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
.ao-lab .note { font-size: 12px; margin: 6px 0 0; }
`;
const SIDE = { before: 28, across: 304 }; // of a square: room for numbers, and the cells

function render({ model, el: host }) {
  const settings = {};
  let patterns, found, path, apart, chosen, pinned, scale;

  const pattern = choice("pattern", KINDS, (kind) => { settings.kind = kind; change(); });
  const arrangement = choice("its two patterns", [["in turn", "in turn, layer by layer"],
    ["both", "both at once"], ["first", "the first"], ["second", "the second"]],
  (value) => { settings.arrangement = value; change(); });
  const sliders = {
    n: knob("n", "tokens", 2, 128),
    width: knob("width", "width", 0, 16, (w) => `${w} each side`),
    stride: knob("stride", "stride", 1, 32),
    nGlobal: knob("nGlobal", "globals", 0, 8),
    nRandom: knob("nRandom", "random", 0, 8, (r) => `${r} a token`),
    perToken: knob("perToken", "random", 1, 16, (r) => `${r - 1} + itself`),
    layers: slider("layers", { min: 1, max: MOST_LAYERS }, String, (layers) => {
      settings.layers = layers;
      listen();
    }),
  };
  const ticks = {
    causal: tick("nobody sees the future (causal)", (on) => { settings.causal = on; change(); }),
    noSelf: tick("nobody looks at itself", (on) => { settings.noSelf = on; change(); }),
    path: tick("draw the path", () => drawPath()),
  };
  const headline = el("p", { class: "ao-headline", role: "status", "aria-live": "polite" });
  const lamps = ["itself", "path", "reach"].map(() => ({
    lamp: el("span", { class: "lamp" }), says: el("span"),
  }));
  const part = el("div", { class: "part" });
  const counted = el("p", { class: "ao-faint", style: "grid-column: 1 / -1; margin: 0" });
  const looks = square("who may look at whom");
  const rumour = square("who has heard whom");
  const arcs = el("div", { class: "ao-scroll" });
  const note = el("p", { class: "ao-faint note" });
  let line; // the tokens in a line, with their arcs and bars

  function knob(name, label, min, max, show = String) {
    return slider(label, { min, max }, show, (value) => { settings[name] = value; change(); });
  }

  // ---- from the settings to the pictures

  function change() {
    patterns = patternsFor(settings);
    const n = patterns[0].length;
    pinned = Math.min(pinned, n - 1);
    for (const [name, kinds] of Object.entries(USED)) {
      sliders[name].root.hidden = settings.own || !kinds.includes(settings.kind);
    }
    sliders.n.root.hidden = pattern.root.hidden = Boolean(settings.own);
    arrangement.root.hidden = settings.own
      ? settings.own.length !== 2 : !USED.stride.includes(settings.kind);
    light();
    count();
    drawLooks();
    drawLine();
    listen(Math.min(chosen ?? pinned, n - 1));
  }

  /** The layers or the pattern have changed: who has heard whom by now? */
  function listen(query = chosen) {
    found = layersUntilHeard(patterns, settings.layers);
    drawRumour();
    look(query);
  }

  function light() {
    const answers = [selfLoops(patterns), pathThroughAll(patterns), everybodyHears(patterns)];
    path = answers[1].holds ? answers[1].witness : null;
    apart = answers[2].holds === false ? answers[2].witness : null;
    const names = ["Itself", "A path", "Reach"];
    answers.forEach(({ holds, why }, i) => {
      const state = { true: "yes", false: "no", null: "undecided" }[holds];
      lamps[i].lamp.className = `lamp ${state}`;
      lamps[i].lamp.textContent = { yes: "✓ yes", no: "✗ no", undecided: "? open" }[state];
      lamps[i].says.replaceChildren(el("strong", {}, `${names[i]}: `),
        `${why}${i === 2 && apart ? " (the ring in the second square)" : ""}.`);
    });
    ticks.path.root.hidden = !path;
  }

  function count() {
    const n = patterns[0].length;
    const numbers = patterns.map(connections);
    const mean = numbers.reduce((a, b) => a + b) / numbers.length;
    part.style.width = `${(100 * mean) / n ** 2}%`;
    const words = numbers.map((number) => number.toLocaleString("en-US")).join(" and ");
    counted.textContent = `${words} of ${(n * n).toLocaleString("en-US")} connections` +
      `${numbers.length > 1 ? ", by turns" : ""}: ${share(1 - mean / n ** 2)} of the square ` +
      `is empty, ${(mean / n).toFixed(1)} looks a token${numbers.length > 1 ? " (means)" : ""}.`;
  }

  // ---- two squares

  function square(label) {
    const canvas = el("canvas", { "aria-hidden": "true" });
    const frame = svg("rect", {
      fill: "none", stroke: "var(--ao-orange)", "stroke-width": 2, x: SIDE.before,
      width: SIDE.across,
    });
    const inside = svg("g");
    const side = SIDE.before + SIDE.across + 4;
    const picture = svg("svg", { viewBox: `0 0 ${side} ${side}`, role: "img", "aria-label": label },
      inside, frame);
    const caption = el("figcaption");
    const area = el("div", { class: "square" }, canvas, picture);
    area.addEventListener("mousemove", (event) => {
      const box = canvas.getBoundingClientRect();
      const row = Math.floor(((event.clientY - box.top) / box.height) * patterns[0].length);
      if (row >= 0 && row < patterns[0].length && row !== chosen) look(row);
    });
    area.addEventListener("mouseleave", () => look(pinned));
    area.addEventListener("click", () => { pinned = chosen; });
    return { root: el("figure", {}, caption, area), canvas, frame, inside, caption };
  }

  /** Paint one color a pixel: inCell(query, key, x, y) for x, y in 0 … PIXELS - 1. */
  function paint(canvas, inCell) {
    const n = patterns[0].length;
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

  function drawLooks() {
    const n = patterns[0].length;
    const which = new Uint8Array(n * n);
    patterns.forEach((rows, bit) => rows.forEach((keys, query) => {
      for (const key of keys) which[query * n + key] |= 1 << bit;
    }));
    const style = getComputedStyle(root);
    const [blue, orange] = ["--ao-blue", "--ao-orange"].map((name) => word(style.getPropertyValue(name)));
    paint(looks.canvas, (query, key, x, y) => {
      const bits = which[query * n + key];
      if (!bits) return 0;
      if (bits === 1) return blue;
      const lowerHalf = x + y >= PIXELS; // a triangle is the second pattern's mark
      return lowerHalf ? orange : bits === 3 ? blue : 0;
    });
    looks.inside.replaceChildren(...edges(n, "who looks ↓   at whom →"));
    looks.caption.replaceChildren(el("strong", {}, "Who may look at whom. "), patterns.length > 1
      ? "Blue squares: the first pattern. Orange triangles: the second."
      : "Blue: may look. Nothing: may not.");
  }

  function drawRumour() {
    const n = patterns[0].length;
    const colors = range1(settings.layers).map(shade);
    const words = colors.map(packed);
    paint(rumour.canvas, (query, key) => {
      const layer = found[query * n + key];
      return layer ? words[layer - 1] : 0;
    });
    const numbers = n > NUMBERS_UP_TO ? [] : Array.from(found, (layer, i) => (layer ? svg("text", {
      x: place(i % n, n), y: place(Math.floor(i / n), n) + 4, "text-anchor": "middle",
      "data-on": `rgb(${colors[layer - 1]})`, style: `fill: ${inkOn(colors[layer - 1])}`,
    }, `${said(layer, i % n === Math.floor(i / n))}`) : ""));
    const ring = apart ? [svg("circle", {
      cx: place(apart[1], n), cy: place(apart[0], n), r: Math.max(4, (0.36 * SIDE.across) / n),
      fill: "none", stroke: "var(--ao-orange)", "stroke-width": 2,
    })] : [];
    rumour.inside.replaceChildren(...edges(n, "who has heard ↓   of whom →"), ...numbers, ...ring);
    const met = found.filter((layer) => layer > 0).length;
    rumour.caption.replaceChildren(
      el("strong", {}, `Who has heard whom after ${layersInWords(settings.layers)}. `),
      `${share(met / n ** 2)} of all pairs. The sooner, the stronger.`);
  }

  const place = (i, n) => SIDE.before + (SIDE.across * (i + 0.5)) / n;

  /** The frame of a square, what its sides are, and positions along two of them. */
  function edges(n, sides) {
    const step = [1, 2, 4, 8, 16, 32].find((size) => n / size <= 8);
    const ticked = range1(Math.ceil(n / step)).map((i) => (i - 1) * step);
    return [
      svg("rect", { x: SIDE.before, y: SIDE.before, width: SIDE.across, height: SIDE.across,
        fill: "none", stroke: "var(--ao-faint)" }),
      svg("text", { x: 0, y: 10 }, sides),
      ...ticked.map((i) => svg("text", {
        x: place(i, n), y: SIDE.before - 5, "text-anchor": "middle" }, `${i}`)),
      ...ticked.map((i) => svg("text", {
        x: SIDE.before - 5, y: place(i, n) + 4, "text-anchor": "end" }, `${i}`)),
    ];
  }

  /** The color of "heard after so many layers": the sooner, the farther from the page. */
  function shade(layer) {
    return colorOf(scale, 1 - (0.78 * (layer - 1)) / Math.max(3, settings.layers - 1));
  }

  // ---- the tokens in a line

  /** The arcs anew; the tokens too if there are others than before. */
  function drawLine() {
    const n = patterns[0].length;
    const others = union(patterns).flatMap((keys, query) =>
      keys.filter((key) => key !== query).map((key) => [query, key]));
    const isCausal = others.every(([query, key]) => key < query);
    if (line?.n !== n || line.isCausal !== isCausal) lineUp(n, isCausal);
    line.longest = others.reduce((most, [query, key]) => Math.max(most, Math.abs(query - key)), 1);
    const isClear = others.length <= MOST_ARCS;
    line.all.setAttribute("d",
      isClear ? others.map(([query, key]) => line.arc(query, key)).join("") : "");
    note.textContent = (isClear ? "" : `${others.length.toLocaleString("en-US")} arcs would be a ` +
      "black cloud: only the chosen token's are drawn. ") +
      "Point at a row or a token, click to keep it; or go along the line with the arrow keys.";
    drawPath();
  }

  function lineUp(n, isCausal) {
    const [width, left, highest] = [684, 14, 66];
    const step = (width - 2 * left) / (n - 1);
    const x = (i) => left + step * i;
    const radius = Math.max(2, Math.min(7, 0.4 * step));
    const y = 28 + highest;
    const bars = y + radius + (isCausal ? 10 : highest + 6);
    const arc = (query, key) => { // looks to the left go above the line, to the right below
      const apart = Math.abs(query - key);
      const side = query > key ? -1 : 1;
      const high = Math.min(highest * (apart / line.longest) ** 0.8, 6 + 0.6 * apart * step);
      const from = y + side * (radius + 1);
      return `M${x(query).toFixed(1)} ${from}Q${((x(query) + x(key)) / 2).toFixed(1)} ` +
        `${(from + 2 * side * high).toFixed(1)} ${x(key).toFixed(1)} ${from}`;
    };
    const all = svg("path", { class: "all" });
    const own = ["look", "look second"].map((name) => svg("path", { class: name }));
    const way = svg("path", { class: "path" });
    const each = range1(n).map((i) => i - 1);
    const tokens = each.map((i) => token(i, x(i), y, radius, step, [y - 14, bars + 52]));
    const heights = each.map((i) => svg("rect", {
      x: x(i) - Math.max(1, radius), width: 2 * Math.max(1, radius), "pointer-events": "none",
    }));
    const numbers = n > NAMES_UP_TO ? [] : each.map((i) => svg("text", {
      x: x(i), "text-anchor": "middle", "pointer-events": "none" }));
    const named = each.filter((i) => i % nameStep(n) === 0);
    line = { arc, all, own, way, tokens, heights, numbers, bars, n, isCausal, longest: 1 };
    arcs.replaceChildren(svg("svg", {
      viewBox: `0 0 ${width} ${bars + 84}`, class: "arcs", role: "group", "aria-label": "The tokens",
    },
    all, ...own, way, ...tokens, ...heights, ...numbers,
    svg("text", { x: 0, y: 11 }, "Arcs above the line look back, arcs below it ahead."),
    svg("line", { x1: 0, x2: width, y1: bars + 54, y2: bars + 54, stroke: "var(--ao-faint)" }),
    ...named.map((i) => svg("text", { x: x(i), y: bars + 66, "text-anchor": "middle" }, `${i}`)),
    svg("text", { x: 0, y: bars + 80 },
      "Bars: heard after so many layers. Orange: the chosen token itself.")));
  }

  function token(i, x, y, radius, step, [top, bottom]) {
    const node = keepKeys(svg("g", {
      class: "token", role: "button", tabindex: i === pinned ? 0 : -1, "aria-label": `token ${i}`,
    },
    svg("rect", { class: "area", x: x - step / 2, y: top, width: step, height: bottom - top }),
    svg("circle", { class: "spot", cx: x, cy: y, r: radius })));
    node.addEventListener("mouseenter", () => look(i));
    node.addEventListener("mouseleave", () => look(pinned));
    node.addEventListener("click", () => keep(i));
    node.addEventListener("focus", () => keep(i));
    node.addEventListener("keydown", (event) => {
      const to = { ArrowRight: i + 1, ArrowLeft: i - 1, Home: 0, End: line.n - 1 }[event.key];
      if (to === undefined) return;
      event.preventDefault();
      line.tokens[Math.min(line.n - 1, Math.max(0, to))].focus();
    });
    return node;
  }

  function keep(i) {
    line.tokens[pinned].setAttribute("tabindex", -1);
    pinned = i;
    line.tokens[i].setAttribute("tabindex", 0);
    look(i);
  }

  function drawPath() {
    const shown = path && ticks.path.root.querySelector("input").checked;
    line.way.setAttribute("d", shown
      ? path.slice(1).map((token, i) => line.arc(token, path[i])).join("") : "");
  }

  /** One token: its looks, whom it has heard, its row in both squares. Changes no elements. */
  function look(query) {
    line.tokens[chosen]?.classList.remove("chosen");
    chosen = query;
    line.tokens[query].classList.add("chosen");
    const { n } = line;
    for (const { frame } of [looks, rumour]) {
      const height = Math.max(3, SIDE.across / n);
      frame.setAttribute("y", place(query, n) - height / 2);
      frame.setAttribute("height", height);
    }
    line.own.forEach((path, i) => path.setAttribute("d", (patterns[i]?.[query] ?? [])
      .filter((key) => key !== query).map((key) => line.arc(query, key)).join("")));
    const fills = range1(settings.layers).map((layer) => `rgb(${shade(layer)})`);
    for (let key = 0; key < n; key++) {
      const layer = found[query * n + key];
      const number = said(layer, key === query);
      const height = layer ? 6 + (32 * number) / settings.layers : 0;
      line.heights[key].setAttribute("y", line.bars + 53 - height);
      line.heights[key].setAttribute("height", height);
      line.heights[key].setAttribute("fill",
        key === query ? "var(--ao-orange)" : layer ? fills[layer - 1] : "none");
      if (!line.numbers.length) continue;
      line.numbers[key].setAttribute("y", line.bars + 50 - height);
      line.numbers[key].textContent = layer ? number : "";
    }
    tell();
  }

  function tell() {
    const { n } = line;
    const row = found.subarray(chosen * n, (chosen + 1) * n);
    const heard = range1(settings.layers).map((layer) =>
      row.filter((first) => first > 0 && first <= layer).length);
    const upTo = heard.findIndex((number, i) => number === n || i === 4) + 1 || heard.length;
    const told = heard.slice(0, upTo).map((number, i) =>
      `${number === n ? "everybody" : number} after ${i ? i + 1 : layersInWords(1)}`);
    if (heard.length > upTo && heard[upTo - 1] < n) {
      told.push(`${heard.at(-1) === n ? "everybody" : heard.at(-1)} after ${heard.length}`);
    }
    headline.textContent = `Token ${chosen} of ${n} (itself included) has heard ${told.join(", ")}.`;
  }

  // ---- the page

  function take() {
    for (const [name, trait] of Object.entries({
      kind: "kind", n: "n", width: "width", stride: "stride", nGlobal: "n_global",
      nRandom: "n_random", perToken: "per_token", seed: "seed", layers: "layers",
      arrangement: "arrangement", causal: "causal", noSelf: "no_self",
    })) settings[name] = model.get(trait);
    const own = model.get("own");
    settings.own = own.length ? own : null;
    pinned = model.get("token");
    pattern.value = settings.kind;
    arrangement.value = settings.arrangement;
    for (const [name, knob] of Object.entries(sliders)) knob.value = settings[name];
    for (const name of ["causal", "noSelf"]) {
      ticks[name].root.querySelector("input").checked = settings[name];
    }
    change();
    look(pinned);
  }

  const root = el("div", { class: "ao-explorer ao-lab", role: "group", "aria-label": "Pattern lab" },
    el("style", {}, STYLE), pattern.root, arrangement.root,
    el("div", { class: "ao-controls" }, ...Object.values(sliders).map(({ root }) => root)),
    el("div", { class: "ticks" }, ...Object.values(ticks).map(({ root }) => root)),
    el("ul", { class: "lamps" }, ...lamps.map(({ lamp, says }) => el("li", {}, lamp, says))),
    el("div", { class: "count" }, el("span", {}, "of n²"), el("div", { class: "full" }, part), counted),
    headline,
    el("div", { class: "squares" }, looks.root, rumour.root), arcs, note);
  host.replaceChildren(root);
  scale = attentionScale(root);
  take();
  whenThemeChanges(root, () => {
    scale = attentionScale(root);
    drawLooks();
    listen();
  });
  model.on("change:kind change:n change:width change:stride change:n_global change:n_random " +
    "change:per_token change:seed change:layers change:arrangement change:causal change:no_self " +
    "change:token change:own", take);
}

/** The number to write: who looks at itself has heard of itself before the first layer. */
const said = (layer, isItself) => (isItself && layer === 1 ? 0 : layer);
const range1 = (n) => Array.from({ length: n }, (_, i) => i + 1);
const nameStep = (n) => (n <= NAMES_UP_TO ? 1 : n <= 70 ? 5 : 10);
const layersInWords = (n) => (n === 1 ? "1 layer" : `${n} layers`);

/** 87 %, 98.8 %: one digit more where it is nearly all or nearly nothing. */
function share(part) {
  const percent = 100 * part;
  const digits = percent > 0 && percent < 100 && (percent < 5 || percent > 95) ? 1 : 0;
  return `${percent.toFixed(digits)}\u00a0%`;
}

/** A color as the canvas keeps it: alpha, blue, green, red. */
const packed = ([red, green, blue]) => ((255 << 24) | (blue << 16) | (green << 8) | red) >>> 0;
const word = (hex) => packed([1, 3, 5].map((i) => parseInt(hex.trim().slice(i, i + 2), 16)));

export { everybodyHears, layersUntilHeard, pathThroughAll, selfLoops };
export default { render };
