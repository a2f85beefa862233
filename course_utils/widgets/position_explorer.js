// The sinusoidal position encoding as a row of clocks. Hand number i turns by frequency i at
// every step; its horizontal reach is the sine and its height the cosine, and those two numbers
// are the encoding's dimensions 2i and 2i + 1. Everything is computed here, in the page.

import { axes } from "./lib/axes.js";
import { rgb } from "./lib/colors.js";
import { el, fill, slider, svg } from "./lib/dom.js";
import { signed } from "./lib/numbers.js";
import { whenWidthChanges } from "./lib/width.js";

/** Angle in radians by which each hand turns per position: base^(-2i / d_model). */
export function frequencies(dModel, base) {
  return Array.from({ length: dModel / 2 }, (_, i) => base ** ((-2 * i) / dModel));
}

/** Row p holds sin, cos, sin, cos, … of p times each frequency; row-major, n × d_model. */
export function encode(n, dModel, base) {
  const turns = frequencies(dModel, base);
  const table = new Float32Array(n * dModel);
  for (let p = 0; p < n; p++) {
    turns.forEach((turn, i) => {
      table[p * dModel + 2 * i] = Math.sin(p * turn);
      table[p * dModel + 2 * i + 1] = Math.cos(p * turn);
    });
  }
  return table;
}

export function dotProduct(table, dModel, here, there) {
  let sum = 0;
  for (let i = 0; i < dModel; i++) sum += table[here * dModel + i] * table[there * dModel + i];
  return sum;
}

const STYLE = `
.ao-position { --ao-columns: 660px minmax(0, 1fr); }
.ao-position .ao-faint { font-size: 12px; margin: 4px 0; }
.ao-position .clocks { display: block; width: 100%; height: auto; margin: 10px 0 4px; }
.ao-position .below { display: grid; grid-template-columns: repeat(auto-fit, minmax(min(300px, 100%), 1fr)); gap: 12px; }
.ao-position .map { position: relative; margin: 12px 28px 2px; height: 216px; }
.ao-position .map canvas { width: 100%; height: 100%; image-rendering: pixelated; display: block; }
.ao-position .box { position: absolute; left: -3px; right: -3px; box-sizing: content-box;
  outline: 2px solid var(--ao-blue); min-height: 3px; font-size: 12px; font-weight: 700; }
.ao-position .box.there { outline: 2px dashed var(--ao-orange); }
.ao-position .box span { position: absolute; top: 50%; transform: translateY(-50%); right: 100%;
  padding-right: 5px; }
.ao-position .box.there span { right: auto; left: 100%; padding-left: 5px; }
.ao-position .edge { position: absolute; right: 100%; padding-right: 8px; line-height: 1; }
.ao-position .edge.first { top: 0; }
.ao-position .edge.last { bottom: 0; }
.ao-position .scale { display: flex; gap: 6px; justify-content: center; align-items: center; }
.ao-position .ramp { width: 90px; height: 9px;
  background: linear-gradient(to right, var(--ao-blue), transparent, var(--ao-orange)); }
.ao-position .columns { display: flex; justify-content: space-between; margin: 0 28px; }
/* On a wide page the table has a column of its own, as high as all the rest. */
@container (min-width: 940px) {
  .ao-position .ao-controls { grid-template-columns: 1fr 1fr; }
  .ao-position .below { display: contents; }
  .ao-position .table { grid-area: 1 / 2 / span 3; margin: 0; }
  .ao-position .map { height: 378px; }
}
`;

const CLOCKS = { 4: [4, 42], 8: [8, 34], 16: [16, 18], 32: [16, 18] }; // pairs: [a row, radius]
const CURVE = [328, 244]; // pixels, until it is known how many there are
const round = (number) => Math.round(number * 100) / 100;

function turnTime(frequency) {
  const positions = (2 * Math.PI) / frequency;
  if (positions < 100) return positions.toFixed(1);
  if (positions < 10000) return Math.round(positions).toLocaleString("en-US");
  return `${Math.round(positions / 1000)}k`;
}

/** The clocks' faces and hands; `point` turns them and costs two attributes a hand. */
function drawClocks(turns) {
  const [perRow, radius] = CLOCKS[turns.length];
  const withCosine = turns.length <= 16;
  const rowHeight = 2 * radius + (withCosine ? 36 : 22);
  const nRows = turns.length / perRow;
  const picture = svg("svg", {
    class: "clocks", viewBox: `0 0 680 ${nRows * rowHeight}`, "aria-hidden": "true",
  });
  const clocks = turns.map((turn, i) => {
    const x = (680 / perRow) * ((i % perRow) + 0.5);
    const y = Math.floor(i / perRow) * rowHeight + radius + 3;
    const hand = (attributes) => svg("line", { "stroke-linecap": "round", ...attributes });
    const wedge = svg("path", { fill: "var(--ao-soft)" });
    const here = hand({ stroke: "var(--ao-blue)", "stroke-width": 3 });
    const there = hand({
      stroke: "var(--ao-orange)", "stroke-width": 2.5, "stroke-dasharray": "5 4",
    });
    const cosine = label("", y + radius + 27);
    const group = svg("g", { transform: `translate(${x} 0)` });
    function label(text, top) {
      const node = svg("text", { y: top, "text-anchor": "middle", class: "small" });
      node.textContent = text;
      return node;
    }
    group.append(
      svg("circle", { cy: y, r: radius, fill: "none", stroke: "var(--ao-faint)" }),
      wedge, there, here, label(turnTime(turn), y + radius + 14),
      ...(withCosine ? [cosine] : []),
    );
    picture.append(group);
    return { turn, y, wedge, here, there, cosine };
  });

  function point(position, distance) {
    for (const clock of clocks) {
      const from = position * clock.turn;
      const to = (position + distance) * clock.turn;
      aim(clock.here, clock.y, from);
      aim(clock.there, clock.y, to);
      clock.wedge.setAttribute("d", wedgePath(clock.y, 0.45 * radius, from, to));
      clock.cosine.textContent = signed(Math.cos(to - from));
    }
  }
  function aim(line, y, angle) {
    const reach = radius - 4;
    line.setAttribute("y1", y);
    line.setAttribute("x2", round(reach * Math.sin(angle)));
    line.setAttribute("y2", round(y - reach * Math.cos(angle)));
  }
  return { picture, point, withCosine };
}

/** The slice between two hands, the short way round. */
function wedgePath(y, radius, from, to) {
  const turn = Math.atan2(Math.sin(to - from), Math.cos(to - from));
  const at = (angle) => `${round(radius * Math.sin(angle))} ${round(y - radius * Math.cos(angle))}`;
  const sweep = turn > 0 ? 1 : 0;
  return `M 0 ${y} L ${at(from)} A ${radius} ${radius} 0 0 ${sweep} ${at(from + turn)} Z`;
}

/** The table as a picture, one pixel a number; 0 lets the page through, in either theme. */
function paintTable(canvas, table, n, dModel, { minus, plus }) {
  canvas.width = dModel;
  canvas.height = n;
  const context = canvas.getContext("2d");
  const pixels = context.createImageData(dModel, n);
  const [below, above] = [rgb(minus), rgb(plus)];
  table.forEach((value, i) => {
    pixels.data.set(value < 0 ? below : above, 4 * i);
    pixels.data[4 * i + 3] = 255 * Math.abs(value);
  });
  context.putImageData(pixels, 0, 0);
}

/** The table with the two chosen rows boxed: the position at the left, the other at the right. */
function drawMap(n, signedColors) {
  const canvas = el("canvas");
  const boxes = ["here", "there"].map((side) => {
    const name = el("span");
    return { name, box: el("div", { class: `box ${side}` }, name) };
  });
  const columns = el("div", { class: "columns small" });
  const edges = [["first", 0], ["last", n - 1]].map(([side, row]) =>
    el("span", { class: `small edge ${side}` }, row));
  const root = el("div", { "aria-hidden": "true" }, // bare numbers: the headline says what they are
    el("div", { class: "map" }, canvas, ...boxes.map(({ box }) => box),
      edges[0], edges[1]),
    columns,
    el("div", { class: "scale small" }, "−1", el("span", { class: "ramp" }), "+1"));
  return {
    root,
    setTable(table, dModel) {
      paintTable(canvas, table, n, dModel, signedColors);
      columns.replaceChildren(
        ...["0", "dimension (fast → slow)", dModel - 1].map((words) => el("span", {}, words)));
    },
    mark(...rows) {
      boxes.forEach(({ box, name }, i) => {
        box.hidden = rows[i] >= n;
        box.style.top = `${(100 * rows[i]) / n}%`;
        box.style.height = `${100 / n}%`;
        name.textContent = rows[i];
      });
      // The first and last row's numbers make way for the marked row's.
      edges[0].hidden = rows[0] < 0.08 * n;
      edges[1].hidden = rows[0] > 0.92 * n;
    },
  };
}

/** Dot products by distance: all of them faint, those this position can see in bold. */
function drawCurve(n, size) {
  const sides = axes(size, { left: 24, right: 10, top: 16, bottom: 34 });
  const { picture, below } = sides;
  const x = sides.x(1 - n, n - 1);
  const zero = sides.across({ stroke: "var(--ao-faint)" });
  const all = svg("path", { fill: "none", stroke: "var(--ao-faint)", "stroke-width": 1.5 });
  const seen = svg("path", { fill: "none", stroke: "var(--ao-blue)", "stroke-width": 2.5 });
  const drop = svg("line", { stroke: "var(--ao-orange)", "stroke-dasharray": "5 4" });
  const dot = svg("circle", { r: 5, fill: "var(--ao-orange)" });
  const value = sides.text({ class: "strong" });
  const highest = sides.beside();
  const nothing = sides.beside("0");
  picture.append(
    zero, all, seen, drop, dot, value, highest, nothing, below(x(1 - n), `−${n - 1}`, "start"),
    below(x(0), "0"), below(x(n - 1), `+${n - 1}`, "end"),
    sides.title("distance (bold: what is in the table)"),
  );

  let y;
  let products;
  const path = (from, to) => {
    let d = "";
    for (let distance = from; distance <= to; distance++) {
      d += `${d ? "L" : "M"}${round(x(distance))} ${round(y(products[Math.abs(distance)]))}`;
    }
    return d;
  };
  return {
    picture,
    /** New table: `productsByDistance[k]` is the dot product of two rows k apart. */
    setProducts(productsByDistance) {
      products = productsByDistance;
      y = sides.y(Math.min(0, ...products), products[0]);
      fill(zero, { y1: y(0), y2: y(0) });
      nothing.setAttribute("y", y(0) + 4);
      highest.setAttribute("y", y(products[0]) + 4);
      highest.textContent = Math.round(products[0]);
      all.setAttribute("d", path(1 - n, n - 1));
    },
    mark(position, distance, product) {
      seen.setAttribute("d", path(-position, n - 1 - position));
      const [cx, cy] = [round(x(distance)), round(y(product))];
      fill(dot, { cx, cy });
      fill(drop, { x1: cx, x2: cx, y1: cy, y2: y(0) });
      const [shift, anchor] = cx < sides.end - 40 ? [9, "start"] : [-9, "end"];
      fill(value, { x: cx + shift, y: cy - 6, "text-anchor": anchor });
      value.textContent = signed(product);
    },
  };
}

function render({ model, el: host }) {
  const { d_models: dModels, bases, signed_colors: signedColors } = model.get("constants");
  const n = model.get("n");
  const state = {};
  let table, clocks;
  const pick = (name) => (value) => change({ [name]: value });
  const position = slider("position", { min: 0, max: n - 1 }, String, pick("position"));
  const distance = slider("distance", { min: 0, max: n - 1 }, String, pick("distance"));
  const dModel = slider("d_model", { min: 0, max: dModels.length - 1 },
    (i) => String(dModels[i]), (i) => change({ dModel: dModels[i] }));
  const base = slider("base", { min: 0, max: bases.length - 1 },
    (i) => bases[i].toLocaleString("en-US"), (i) => change({ base: bases[i] }));
  const headline = el("p", { class: "ao-headline", role: "status", "aria-live": "polite" });
  const clockHolder = el("div", { class: "ao-scroll" });
  const legend = el("p", { class: "ao-faint" });
  const map = drawMap(n, signedColors);
  const curveHolder = el("div");
  let curve = drawCurve(n, CURVE);

  function change(part) {
    Object.assign(state, part);
    if ("dModel" in part || "base" in part) rebuild();
    draw();
  }

  function rebuild() {
    // Twice as long as what is shown: position + distance may lie beyond the last row.
    table = encode(2 * n, state.dModel, state.base);
    clocks = drawClocks(frequencies(state.dModel, state.base));
    clockHolder.replaceChildren(clocks.picture);
    legend.textContent = "Under each clock: in how many positions its hand goes round" +
      (clocks.withCosine ? ", and the cosine of the angle between its two hands. Those cosines " +
        "add up to the dot product." : ".");
    map.setTable(table.subarray(0, n * state.dModel), state.dModel);
    showCurve();
  }

  function showCurve() {
    curveHolder.replaceChildren(curve.picture);
    curve.setProducts(Array.from({ length: n }, (_, apart) =>
      dotProduct(table, state.dModel, 0, apart)));
  }

  function draw() {
    const { position: here, distance: apart, dModel: d } = state;
    const there = here + apart;
    const product = dotProduct(table, d, here, there);
    clocks.point(here, apart);
    map.mark(here, there);
    curve.mark(here, apart, product);
    const beyond = there < n ? "" : " (beyond this table)";
    headline.textContent = `Positions ${here} and ${there}${beyond}, ${apart} apart: dot product ` +
      `${signed(product)}, out of ${d / 2}. Any two positions ${apart} apart give the same.`;
  }

  function take() {
    Object.assign(state, {
      position: model.get("position"), distance: model.get("distance"),
      dModel: model.get("d_model"), base: model.get("base"),
    });
    position.value = state.position;
    distance.value = state.distance;
    dModel.value = dModels.indexOf(state.dModel);
    base.value = bases.indexOf(state.base);
    rebuild();
    draw();
  }

  host.replaceChildren(el("div", {
    class: "ao-explorer ao-wide ao-position", role: "group", "aria-label": "Position explorer",
  },
    el("style", {}, STYLE), headline,
    el("div", { class: "ao-body" },
      el("div", { class: "ao-controls" }, position.root, distance.root, dModel.root, base.root),
      el("figure", {}, el("figcaption", { class: "strong" },
        "One clock for each pair of dimensions"), clockHolder, legend),
      el("div", { class: "below" },
        el("figure", { class: "table" }, el("figcaption", { class: "strong" },
          "The table, position by position"), map.root),
        el("figure", {}, el("figcaption", { class: "strong" }, "Dot products, by distance"),
          curveHolder)))));
  take();
  whenWidthChanges(curveHolder, (width) => {
    curve = drawCurve(n, [width, width > 450 ? 220 : 244]);
    showCurve();
    draw();
  });
  model.on("change:position change:distance change:d_model change:base", take);
}

export default { render };
