// Points on two axes of the reader's choice, and the front of those whom nobody beats.

import { el, keepKeys, svg } from "./lib/dom.js";
import { rove } from "./lib/roving.js";
import { whenWidthChanges } from "./lib/width.js";

const STYLE = `
.ao-bakeoff { --ao-columns: minmax(250px, 1fr) minmax(660px, 740px); }
.ao-bakeoff select { font: inherit; color: var(--ao-ink); background: var(--ao-page);
  border: 1px solid var(--ao-line); border-radius: 3px; padding: 3px 6px; min-height: 26px; }
.ao-bakeoff .ao-controls label { display: flex; gap: 8px; align-items: center; }
.ao-bakeoff .point { cursor: pointer; }
.ao-bakeoff .point:focus { outline: none; }
.ao-bakeoff .point circle.dot { fill: var(--ao-blue); }
.ao-bakeoff .point.front circle.dot { fill: var(--ao-orange); }
.ao-bakeoff .point line { stroke: var(--ao-faint); }
.ao-bakeoff .point circle.area { fill: transparent; }
.ao-bakeoff .point.chosen circle.area, .ao-bakeoff .point:focus-visible circle.area {
  stroke: var(--ao-orange); stroke-width: 2; }
.ao-bakeoff .edge { fill: none; stroke: var(--ao-orange); stroke-dasharray: 4 3; }
.ao-bakeoff .frame { stroke: var(--ao-line); fill: none; }
.ao-bakeoff .told { min-height: 4.4em; margin: 6px 0 0; }
/* On a wide page the words stand beside the point that they are about. */
@container (min-width: 940px) {
  .ao-bakeoff .ao-body { grid-template-rows: auto 1fr; }
  .ao-bakeoff .ao-body figure { grid-area: 1 / 2 / span 2; margin: 0; }
}
`;
const ROOM = { left: 62, right: 110, top: 14, bottom: 42 }; // pixels around what is drawn
const WIDTH = 660; // at the least: names are not legible on less
const LETTER = 6.4; // pixels of room for a letter of a name
// Places of a name around its point, the best first: pixels from it, and what end of it is there.
const PLACES = [
  [9, -4, "start"], [9, 4, "start"], [9, 14, "start"], [-9, 4, "end"], [-9, -6, "end"],
  [-9, 14, "end"], [0, -14, "middle"], [0, 22, "middle"],
];
const short = (number) => String(Number(number.toPrecision(3))).replace("-", "−");

/** Names of those whom nobody beats: nobody is as good on both axes and better on one. */
export function pareto(rows, x, y, better) {
  const sign = (axis) => (better[axis] === "high" ? 1 : -1);
  const good = rows.filter((row) => row[x] && row[y])
    .map((row) => [row.name, sign(x) * row[x][0], sign(y) * row[y][0]]);
  return good.filter(([, a, b]) =>
    !good.some(([, c, d]) => c >= a && d >= b && (c > a || d > b))).map(([name]) => name);
}

/** A function from numbers to pixels, with some round numbers to write at its side. */
function scaleOf(numbers, from, to, decade) {
  const [low, high] = [Math.min(...numbers), Math.max(...numbers)];
  const log = low > 0 && high > decade * low;
  const bend = log ? Math.log10 : (number) => number;
  const room = 0.08 * (bend(high) - bend(low)) || 0.5;
  const [start, end] = [bend(low) - room, bend(high) + room];
  const place = (number) => from + ((bend(number) - start) / (end - start)) * (to - from);
  return { place, ticks: log ? powers(low, high) : rounds(start, end), log };
}

function powers(low, high) {
  const ticks = [];
  for (let power = Math.floor(Math.log10(low)); power <= Math.log10(high); power++) {
    for (const digit of [1, 2, 5]) ticks.push(digit * 10 ** power);
  }
  return ticks.filter((tick) => tick >= low && tick <= high);
}

function rounds(start, end) {
  const rough = (end - start) / 5;
  const unit = 10 ** Math.floor(Math.log10(rough));
  const step = unit * [1, 2, 5, 10].find((times) => times * unit >= rough);
  const ticks = [];
  for (let tick = Math.ceil(start / step) * step; tick <= end; tick += step) {
    ticks.push(Number(tick.toPrecision(12)));
  }
  return ticks;
}

const cover = (a, b) =>
  a.left < b.right && b.left < a.right && a.top < b.bottom && b.top < a.bottom;

/** Where names stand: for each the first place around its point where it covers the fewest others,
    dots or names, and stays in a picture of this width. Gives the attributes of their texts. */
function placesFor(points, names, width) {
  const dots = points.map(([x, y]) => ({ left: x - 6, right: x + 6, top: y - 6, bottom: y + 6 }));
  const taken = [];
  return points.map(([x, y], i) => {
    const room = LETTER * names[i].length;
    const others = [...dots.filter((dot) => dot !== dots[i]), ...taken];
    const found = PLACES.map(([right, down, anchor]) => {
      const left = x + right - { start: 0, middle: room / 2, end: room }[anchor];
      const box = { left, right: left + room, top: y + down - 10, bottom: y + down + 3 };
      const outside = box.left < ROOM.left || box.right > width;
      const covered = others.filter((other) => cover(box, other)).length + (outside ? 9 : 0);
      return { box, covered, text: { x: x + right, y: y + down, "text-anchor": anchor } };
    });
    const best = found.reduce((a, b) => (b.covered < a.covered ? b : a));
    taken.push(best.box);
    return best.text;
  });
}

function render({ model, el: host }) {
  const [rows, better] = [model.get("rows"), model.get("better")];
  const { decade } = model.get("constants");
  const state = { x: model.get("x"), y: model.get("y"), chosen: null };
  const headline = el("p", { class: "ao-headline", role: "status", "aria-live": "polite" });
  const told = el("p", { class: "told" });
  const absent = el("p", { class: "ao-faint" });
  const holder = el("div", { class: "ao-scroll" });
  let width = WIDTH; // of the picture, in pixels

  function axis(name) {
    const select = keepKeys(el("select", {},
      ...Object.keys(better).map((each) => el("option", { value: each }, each))));
    select.value = state[name];
    select.addEventListener("change", () => { state[name] = select.value; draw(); });
    return el("label", {}, name === "x" ? "to the right" : "upwards", select);
  }

  function draw() {
    const { x, y } = state;
    const there = rows.filter((row) => row[x] && row[y]);
    const front = pareto(rows, x, y, better);
    const missing = rows.filter((row) => !there.includes(row)).map((row) => row.name);
    headline.textContent = `Nobody beats ${front.join(", ")}: no other is as good in both, `
      + "and better in one.";
    absent.textContent = missing.length ? `Not on these axes: ${missing.join(", ")}.` : "";
    holder.replaceChildren(picture(there, front));
    tell(null);
  }

  function picture(there, front) {
    const { x, y } = state;
    const { left, right, top, bottom } = ROOM;
    const height = 0.6 * width;
    const across = scaleOf(there.map((row) => row[x][0]), left, width - right, decade);
    const up = scaleOf(there.map((row) => row[y][0]), height - bottom, top, decade);
    const at = (row) => [across.place(row[x][0]), up.place(row[y][0])];
    const names = placesFor(there.map(at), there.map((row) => row.name), width);
    const points = there.map((row, i) => point(row, at(row), names[i], front, across, up));
    rove(points, {
      next: (key, i) => {
        const to = i + ({ ArrowRight: 1, ArrowDown: 1, ArrowLeft: -1, ArrowUp: -1 }[key] ?? NaN);
        return to >= 0 && to < points.length ? to : undefined;
      },
    });
    const edge = there.filter((row) => front.includes(row.name)).map(at)
      .sort((a, b) => a[0] - b[0]).map((place) => place.join());
    return svg("svg", { viewBox: `0 0 ${width} ${height}`, role: "group",
      "aria-label": `${x} and ${y}` },
      svg("path", { class: "frame", d: `M${left} ${top}V${height - bottom}H${width - right}` }),
      ...across.ticks.map((tick) => svg("text", { class: "small", "text-anchor": "middle",
        x: across.place(tick), y: height - bottom + 16 }, short(tick))),
      ...up.ticks.map((tick) => svg("text", { class: "small", "text-anchor": "end",
        x: left - 6, y: up.place(tick) + 4 }, short(tick))),
      svg("text", { class: "small", x: (left + width - right) / 2, y: height - 6,
        "text-anchor": "middle" }, `${x} (${better[x]} is good)`),
      svg("text", { class: "small", "text-anchor": "middle",
        transform: `translate(12 ${(top + height - bottom) / 2}) rotate(-90)` },
        `${y} (${better[y]} is good)`),
      svg("polyline", { class: "edge", points: edge.join(" ") }), ...points);
  }

  function point(row, [cx, cy], name, front, across, up) {
    const { x, y } = state;
    const [[mx, dx], [my, dy]] = [row[x], row[y]];
    const low = (scale, mean, spread) => scale.place(
      scale.log ? Math.max(mean - spread, mean / 10) : mean - spread);
    const node = svg("g", { class: front.includes(row.name) ? "point front" : "point",
      role: "img", "aria-label": inWords(row) },
      svg("line", { x1: low(across, mx, dx), x2: across.place(mx + dx), y1: cy, y2: cy }),
      svg("line", { y1: low(up, my, dy), y2: up.place(my + dy), x1: cx, x2: cx }),
      svg("circle", { class: "area", cx, cy, r: 13 }), svg("circle", { class: "dot", cx, cy, r: 5 }),
      svg("text", name, row.name));
    node.addEventListener("pointerenter", () => tell(row));
    node.addEventListener("focus", () => tell(row));
    return node;
  }

  function tell(row) {
    told.textContent = row ? inWords(row) : "Point at one to see all its numbers.";
  }

  /** All its numbers: for the eye beside the picture, and as the point's name for the ear. */
  function inWords(row) {
    const numbers = Object.keys(better).filter((axis) => row[axis]).map((axis) => {
      const [mean, spread] = row[axis];
      return `${axis} ${short(mean)}${spread ? ` ± ${short(spread)}` : ""}`;
    });
    return `${row.name}: ${row.config ? `${row.config}. ` : ""}${numbers.join("; ")}.`;
  }

  const root = el("div", {
    class: "ao-explorer ao-wide ao-bakeoff", role: "group", "aria-label": "Bake-off explorer",
  }, el("style", {}, STYLE), headline,
    el("div", { class: "ao-body" },
      el("div", { class: "ao-controls" }, axis("y"), axis("x")),
      el("figure", {}, holder), el("div", { class: "words" }, told, absent)));
  host.replaceChildren(root);
  draw();
  whenWidthChanges(holder, (given) => {
    width = Math.max(WIDTH, given);
    draw();
  });
}

export default { render };
