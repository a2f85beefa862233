// The picture of the machine: a tower of places, and arrows between them. It is built once; a new
// text writes its sizes, and each step of the data fills the places that it has reached.

import { el, svg } from "./dom.js";
import { paintCells } from "./colors.js";
import { strongest } from "./attention.js";
import { percent } from "./numbers.js";
import { rove } from "./roving.js";
import { paintStrip } from "./strips.js";

const MARKS = { " ": "␣", "\n": "↵" };
export const marked = (text) => [...text].map((sign) => MARKS[sign] ?? sign).join("");
export const quote = (text) => `“${marked(text)}”`;

// Where things stand in the tower, in pixels. It is as wide as a page of 700 allows.
export const WIDTH = 648;
const TRUNK = 172, STRIP = { x: 76, width: 192, height: 12 };
const BRANCH = { x: 332, width: 156 }, NOTE = 494, SAYS = 560;
const UNIT = 48, BELOW = 70, ABOVE = 90, OFF = 15;
const GAP = 6; // between heads

/** The steps of the data through blocks `first` to `last`, bottom up; whole: with logits. */
export function stepsThrough(first, last, nHeads, whole) {
  const steps = [[{ kind: "characters" }], [{ kind: "stream", layer: first - 1, part: "after" }]];
  for (let layer = first; layer <= last; layer++) {
    steps.push(
      Array.from({ length: nHeads }, (_, head) => ({ kind: "head", layer, head })),
      [{ kind: "stream", layer, part: "middle" }],
      [{ kind: "widened", layer }],
      [{ kind: "stream", layer, part: "after" }]);
  }
  if (whole) steps.push([{ kind: "logits" }], [{ kind: "next" }]);
  return steps;
}

/** A head's map of the n tokens that were read, row by row. */
export function mapOf({ blocks, n }, layer, head) {
  const map = new Float32Array(n * n);
  for (let i = 0; i < n; i++) map.set(blocks[layer].maps[head].row(i).subarray(0, n), i * n);
  return map;
}

/** [share, number] of the likeliest, the likeliest first. */
export const likeliest = (shares, howMany) =>
  Array.from(shares, (share, i) => [share, i]).sort((a, b) => b[0] - a[0]).slice(0, howMany);

/** The tower's picture, built once: nodes for the places, arrows between, sizes beside.

    `resize(n)` writes the sizes, `paint` fills what the data has reached, `nodeAt` finds a place.
*/
export function drawTower(steps, { first, last, whole, model, go, halt, playOrPause, nSigns }) {
  const height = BELOW + 2 * UNIT * (last - first + 1) + (whole ? ABOVE : 46);
  const floor = height - BELOW; // where the first strip lies
  const level = (layer, part) =>
    floor - UNIT * (2 * (layer - first) + (part === "middle" ? 1 : 2));
  const sizes = []; // texts that have n in them
  const arrows = []; // { node, step }: the step that it leads to
  const nodes = steps.map(() => []);

  const text = (x, y, words, attributes = {}) => svg("text", { x, y, ...attributes }, words);
  const size = (x, y, words, attributes = {}) => {
    const node = text(x, y, "", { class: "faint", ...attributes });
    sizes.push({ node, words });
    return node;
  };
  const arrow = (d, step, kind = "") => {
    const node = svg("path", { d, class: `arrow ${kind}` });
    arrows.push({ node, step, kind });
    return node;
  };
  const up = (x, from, to) => `M${x} ${from}V${to}m-4 6l4 -6l4 6`;
  const across = (from, to, y) => {
    const tip = from < to ? -5 : 5;
    return `M${from} ${y}H${to}m${tip} -4l${-tip} 4l${tip} 4`;
  };
  const n128 = (n) => `${n} × ${model.dModel}`;

  /** A place: a frame with an image in it, reached by mouse and by keys. */
  function place(step, of, { x, y, width, height: tall }, label) {
    const image = svg("image", { x, y, width, height: tall, preserveAspectRatio: "none" });
    const room = Math.max(0, 24 - tall) / 2; // as large as a finger
    const node = svg("g", { class: "place", role: "button", "aria-label": label },
      svg("rect", { class: "reach", x, y: y - room, width, height: tall + 2 * room }),
      image, svg("rect", { class: "frame", x, y, width, height: tall, style: "fill-opacity: 0" }));
    node.addEventListener("click", () => { halt(); go(step, of); });
    node.addEventListener("keydown", (event) => {
      if (!["Enter", " "].includes(event.key)) return;
      event.preventDefault();
      playOrPause();
    });
    nodes[step][of] = { node, image, canvas: el("canvas"), painted: "" };
    return node;
  }

  const strip = (step, y, label) =>
    place(step, 0, { ...STRIP, y: y - STRIP.height / 2 }, label);
  const parts = [];

  // the foundation: characters, and their vectors
  const one = steps.findIndex(([{ kind }]) => kind === "stream");
  parts.push(
    place(0, 0, { x: STRIP.x, y: height - 27, width: STRIP.width, height: 26 }, "the characters"),
    text(70, height - 10, "characters", { "text-anchor": "end" }),
    arrow(up(TRUNK, height - 28, floor + 8), one, "stream"),
    size(TRUNK + 10, height - 36, (n) => `${n} ids → ${n128(n)}`),
    strip(one, floor, "residual stream as it begins"),
    text(70, floor + 4, first ? `after block ${first}` : "embedding", { "text-anchor": "end" }));
  const inTheBox = text(TRUNK, height - 9, "", { "text-anchor": "middle" });

  for (let layer = first; layer <= last; layer++) {
    const at = one + 1 + 4 * (layer - first); // the step of its heads
    const [middle, above] = [level(layer, "middle"), level(layer, "after")];
    const below = middle + UNIT;
    parts.push(...branch(below, middle, at), ...branch(middle, above, at + 2));
    const side = Math.min(38, (BRANCH.width - GAP * (model.nHeads - 1)) / model.nHeads);
    for (let head = 0; head < model.nHeads; head++) {
      parts.push(place(at, head, {
        x: BRANCH.x + head * (side + GAP), y: (below + middle) / 2 - side / 2, width: side, height: side,
      }, `block ${layer + 1}, head ${head + 1}`));
    }
    parts.push(
      strip(at + 1, middle, `residual stream after the heads of block ${layer + 1}`),
      place(at + 2, 0, {
        x: BRANCH.x, y: (middle + above) / 2 - 14, width: BRANCH.width, height: 28,
      }, `feed-forward layer of block ${layer + 1}`),
      strip(at + 3, above, `residual stream after block ${layer + 1}`),
      text(4, middle + 4, `block ${layer + 1}`, { class: "strong" }),
      svg("path", { d: `M64 ${below - 12}H58V${above + 4}H64`, class: "arrow" }),
      text(NOTE, (below + middle) / 2 - 3, `${model.nHeads} heads`),
      size(NOTE, (below + middle) / 2 + 11, (n) => `${n} × ${n}`),
      text(NOTE, (middle + above) / 2 - 3, "feed-forw."),
      size(NOTE, (middle + above) / 2 + 11, (n) => `${n} × ${model.dFf}`));
  }

  /** From the stream to the right, through heads or feed-forward, and back: added. */
  function branch(below, above, step) {
    const [out, home] = [below - OFF, above + OFF];
    return [
      arrow(up(TRUNK, below - 6, above + 7), step + 1, "stream"),
      arrow(across(TRUNK, BRANCH.x - 3, out), step),
      size(BRANCH.x - 61, out - 3, n128),
      arrow(across(BRANCH.x - 3, TRUNK + 8, home), step + 1),
      size(BRANCH.x - 61, home - 3, n128),
      svg("circle", { class: "sum", cx: TRUNK, cy: home, r: 7 }),
      svg("path", { class: "arrow reached", d: `M${TRUNK - 4} ${home}h8M${TRUNK} ${home - 4}v8` }),
    ];
  }

  // what it would say at each level
  const readings = steps.flatMap(([{ kind, layer, part }], step) => {
    if (kind !== "stream" || part !== "after") return [];
    const y = layer < first ? floor : level(layer, "after");
    const bar = svg("rect", { class: "chance", x: SAYS, y: y - 8, height: 16, rx: 2 });
    const words = text(SAYS + 4, y + 4, "");
    parts.push(bar, words,
      svg("path", { class: "arrow", d: `M${STRIP.x + STRIP.width + 2} ${y}H${SAYS - 6}`,
        "stroke-dasharray": "2 4" }));
    return [{ step, layer, part, bar, words }];
  });
  const roof = level(last, "after");
  const whereNext = last + 1 < model.nLayers ? `block ${last + 2}` : "the logits";
  parts.push(text(SAYS, whole ? roof - 22 : 14, "it would say", { class: "faint" }));

  if (whole) {
    const [logits, next] = [steps.length - 2, steps.length - 1];
    parts.push(
      arrow(up(TRUNK, roof - 6, 54), logits, "stream"),
      size(TRUNK + 10, roof - 14, (n) => `norm, then ${n128(n)} → ${n} × ${nSigns}`),
      place(logits, 0, { x: STRIP.x, y: 8, width: STRIP.width, height: 44 }, "the logits"),
      text(70, 34, "logits", { "text-anchor": "end" }),
      arrow(across(STRIP.x + STRIP.width + 2, BRANCH.x - 3, 30), next),
      text(BRANCH.x - 58, 26, "softmax", { class: "faint" }),
      place(next, 0, { x: BRANCH.x, y: 8, width: BRANCH.width, height: 44 }, "the next character"));
  } else {
    parts.push(arrow(up(TRUNK, roof - 6, 10), steps.length - 1, "stream"),
      size(TRUNK + 10, 20, (n) => `${n128(n)}, to ${whereNext}`));
  }
  const answer = text(BRANCH.x + BRANCH.width / 2, 37, "", {
    "text-anchor": "middle", style: "font-size: 18px; font-weight: 600",
  });
  if (whole) parts.push(answer);

  const picture = svg("svg", {
    viewBox: `0 0 ${WIDTH} ${height}`, role: "group",
    "aria-label": "The tower: arrow up and down for the next place and the one before, Enter to play or pause",
  }, ...parts, inTheBox);

  // Up and down go from step to step, left and right between the heads.
  const flat = steps.flatMap((places, step) => places.map((_, of) => [step, of]));
  const numberOf = (step, of) => flat.findIndex(([a, b]) => a === step && b === of);
  const every = flat.map(([step, of]) => nodes[step][of].node);
  const { stopAt } = rove(every, {
    next: (key, i) => {
      const [step, of] = flat[i];
      const to = { ArrowUp: [step + 1, 0], ArrowDown: [step - 1, 0], ArrowRight: [step, of + 1],
        ArrowLeft: [step, of - 1], Home: [0, 0], End: [steps.length - 1, 0] }[key];
      const found = to && numberOf(...to);
      return found >= 0 ? found : undefined;
    },
    arrive: (i) => { halt(); go(...flat[i]); },
  });

  function paint({ reading, state, scales, streamOf, saysAt, chancesNow, vocabulary }) {
    stopAt(numberOf(state.step, state.of));
    steps.forEach((places, step) => places.forEach((what, of) => {
      const { node, image, canvas, painted } = nodes[step][of];
      const reached = step <= state.step;
      node.classList.toggle("reached", reached);
      node.classList.toggle("open", step === state.step && of === state.of);
      node.setAttribute("aria-pressed", step === state.step && of === state.of);
      image.style.display = reached ? "" : "none";
      // A map holds all characters, a strip the numbers of the one that is chosen.
      const held = `${state.version} ${what.kind === "head" ? "" : state.character}`;
      if (!reached || painted === held || ["characters", "next"].includes(what.kind)) return;
      nodes[step][of].painted = held;
      if (what.kind === "head") {
        const map = mapOf(reading, what.layer, what.head);
        paintCells(canvas, map, reading.n, strongest(map), scales.shares);
      } else if (what.kind === "widened") {
        const row = reading.blocks[what.layer].widened.row(state.character);
        paintStrip(canvas, row, row.length / 4, scales.signed);
      } else if (what.kind === "stream") {
        paintStrip(canvas, streamOf(what), model.dModel, scales.signed);
      } else {
        paintBars(canvas, chancesNow(), scales.shares);
      }
      image.setAttribute("href", canvas.toDataURL());
    }));
    for (const { node, step, kind } of arrows) {
      node.setAttribute("class",
        `arrow ${kind} ${step <= state.step ? "reached" : ""} ${step === state.step ? "now" : ""}`);
    }
    for (const { step, layer, part, bar, words } of readings) {
      const [[share, id]] = step <= state.step ? likeliest(saysAt({ layer, part }), 1) : [[0, -1]];
      bar.setAttribute("width", share * (WIDTH - SAYS));
      words.textContent = id < 0 ? "" : `${quote(vocabulary[id])} ${percent(share)}`;
    }
    const read = reading.ids.map((id) => marked(vocabulary[id])).join("");
    inTheBox.textContent = read.length > 26 ? `…${read.slice(-25)}` : read;
    const [[share, id]] = likeliest(chancesNow(), 1);
    answer.textContent = state.step === steps.length - 1
      ? `${quote(vocabulary[id])} ${percent(share)}` : "?";
  }

  return {
    picture, paint,
    resize: (n) => sizes.forEach(({ node, words }) => { node.textContent = words(n); }),
    nodeAt: ({ step, of }) => nodes[step][of].node,
  };
}

/** Shares as bars that stand side by side, the highest as high as the canvas. */
function paintBars(canvas, shares, scale) {
  const rows = 44;
  const most = strongest(shares);
  const cells = new Float32Array(rows * shares.length);
  shares.forEach((share, i) => {
    for (let row = Math.round(rows * (1 - share / most)); row < rows; row++) {
      cells[row * shares.length + i] = 0.5;
    }
  });
  paintCells(canvas, cells, shares.length, 1, scale);
}
