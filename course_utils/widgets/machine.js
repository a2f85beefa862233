// The whole model as a tower, with the data moving through it. Python sends the weights, once; all
// that is seen is computed here by lib/transformer.js, for any text that the reader types.
//
// A place is where the data can be: the characters, their vectors, each block's heads, the residual
// stream, the feed-forward layer, the logits, the next character. Places of one step light up
// together; the reader goes from one to the next by keys, and what is in it is opened beside.

import { button, choice, el, fill, keepKeys, svg, textLine } from "./lib/dom.js";
import { attentionScale, paintCells, whenThemeChanges } from "./lib/colors.js";
import { drawMatrix, looksMostAt, strongest } from "./lib/attention.js";
import { percent } from "./lib/numbers.js";
import { rove } from "./lib/roving.js";
import { askForLarge } from "./lib/large.js";
import { fullColor, numberTable, paintStrip, signedScale } from "./lib/strips.js";
import { lens, newReading, readOn, softmaxInPlace, unpackWeights } from "./lib/transformer.js";

const STYLE = `
.ao-explorer.ao-machine { max-width: 1160px; container-type: inline-size; }
.ao-machine .parts { display: grid; grid-template-columns: minmax(0, 1fr); gap: 8px 24px; }
@container (min-width: 940px) {
  .ao-machine .parts { grid-template-columns: 648px minmax(0, 1fr); align-items: start; }
}
.ao-machine .ao-headline { margin: 6px 0; }
.ao-machine .buttons { display: flex; flex-wrap: wrap; gap: 6px; align-items: center; margin: 6px 0; }
.ao-machine .buttons .ao-button { min-width: 58px; min-height: 28px; }
.ao-machine .tower svg { width: 648px; }
.ao-machine .map { overflow: auto; max-height: 480px; }
.ao-machine .tower text { pointer-events: none; }
.ao-machine .tower .faint { fill: var(--ao-faint); }
.ao-machine .place { cursor: pointer; }
.ao-machine .place:focus { outline: none; }
.ao-machine .place .frame { fill: var(--ao-page); stroke: var(--ao-line); }
.ao-machine .place.reached .frame { stroke: var(--ao-faint); }
.ao-machine .place.open .frame { stroke: var(--ao-orange); stroke-width: 2.5; }
.ao-machine .place:focus-visible .frame { stroke: var(--ao-orange); stroke-width: 4; }
.ao-machine .place .reach { fill: transparent; }
.ao-machine .place image { image-rendering: pixelated; }
.ao-machine .arrow { fill: none; stroke: var(--ao-line); stroke-width: 1.5; }
.ao-machine .arrow.stream { stroke-width: 3; }
.ao-machine .arrow.reached { stroke: var(--ao-faint); }
.ao-machine .arrow.now { stroke: var(--ao-orange); }
.ao-machine .sum { fill: var(--ao-page); stroke: var(--ao-faint); }
.ao-machine .chance { fill: var(--ao-blue); opacity: 0.3; }
.ao-machine .letters { display: flex; flex-wrap: wrap; gap: 2px; margin: 4px 0 0; padding-left: 76px; max-width: 572px; }
.ao-machine .letters button { font: 13px var(--jp-code-font-family, monospace); width: 24px; height: 26px;
  padding: 0; color: var(--ao-ink); background: var(--ao-shade); border: 2px solid transparent;
  border-radius: 3px; cursor: pointer; }
.ao-machine .letters button[aria-pressed="true"] { border-color: var(--ao-orange); font-weight: 700; }
.ao-machine .inside { min-height: 260px; min-width: 0; border-top: 3px solid var(--ao-orange); padding-top: 6px; }
.ao-machine .inside h4 { margin: 0 0 6px; font-size: 13px; }
.ao-machine .inside p { margin: 6px 0; }
.ao-machine .numbers { display: grid; grid-template-columns: repeat(var(--columns), minmax(0, 1fr));
  font-size: 10.5px; line-height: 20px; text-align: center; font-variant-numeric: tabular-nums;
  max-height: 270px; overflow-y: auto; border: 1px solid var(--ao-line); }
.ao-machine .chances { display: grid; grid-template-columns: max-content minmax(60px, 240px) max-content;
  gap: 2px 8px; align-items: center; font-variant-numeric: tabular-nums; }
.ao-machine .chances i { display: block; height: 12px; background: var(--ao-blue); }
.ao-machine .chances .sign { font-family: var(--jp-code-font-family, monospace); text-align: right; }
.ao-machine .ids { display: flex; flex-wrap: wrap; gap: 3px; }
.ao-machine .ids span { border: 1px solid var(--ao-line); border-radius: 3px; padding: 1px 5px; }
.ao-machine .share { fill: var(--ao-faint); }
.ao-machine .token { cursor: pointer; }
.ao-machine .token:focus { outline: none; }
.ao-machine .token .reach, .ao-machine .token .back { fill: transparent; }
.ao-machine .token.chosen .back { fill: var(--ao-shade); stroke: var(--ao-orange); }
.ao-machine .token.chosen text { font-weight: 600; }
.ao-machine .token:focus-visible .back { stroke: var(--ao-orange); stroke-width: 2.5; }
.ao-machine .trouble:not(:empty) { border-left: 4px solid var(--ao-orange); padding-left: 8px; margin: 6px 0; }
@media (prefers-reduced-motion: no-preference) {
  .ao-machine .arrow.now { stroke-dasharray: 6 4; animation: ao-machine-flow 0.6s linear infinite; }
}
@keyframes ao-machine-flow { to { stroke-dashoffset: -10; } }
`;
const MARKS = { " ": "␣", "\n": "↵" };
const marked = (text) => [...text].map((sign) => MARKS[sign] ?? sign).join("");
const LINE_END = "↵"; // what a text field, which has one line, shows for the end of another
const inOneLine = (text) => text.replaceAll("\n", LINE_END);
const quote = (text) => `“${marked(text)}”`;

// Where things stand in the tower, in pixels. It is as wide as a page of 700 allows.
const WIDTH = 648, TRUNK = 172, STRIP = { x: 76, width: 192, height: 12 };
const BRANCH = { x: 332, width: 156 }, NOTE = 494, SAYS = 560;
const UNIT = 48, BELOW = 70, ABOVE = 90, OFF = 15;
const GAP = 6; // between heads
const CELL = 19; // of a map that is opened

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

/** The number that a chance from 0 to 1 falls on, the shares lying side by side. */
export function fallsOn(shares, chance) {
  let sum = 0;
  const found = shares.findIndex((share) => chance < (sum += share));
  return found < 0 ? likeliest(shares, 1)[0][1] : found;
}

function render({ model: data, el: host }) {
  const { longest, pause, between_characters: betweenCharacters } = data.get("constants");
  const vocabulary = data.get("vocabulary");
  const only = data.get("block"); // −1: the whole model
  const state = {
    step: 0, of: 0, character: 0, timer: null, doing: "", dice: true,
    version: 0, // of what the places hold: another text, another character, another theme
  };
  let model, reading, steps, tower, roving, letters, scales;

  // ---- what is read

  const why = (text) => {
    const stranger = [...text].find((sign) => !vocabulary.includes(sign));
    if (!text) return "Type at least one character.";
    if (stranger) {
      return `“${stranger}” is not among the ${vocabulary.length} characters that this model ` +
        "knows: it has never read one.";
    }
    const size = [...text].length;
    return size > longest ? `That is ${size} characters; the machine reads up to ${longest}.` : "";
  };

  function read(text) {
    reading = newReading(model, longest);
    for (const sign of text) readOn(reading, vocabulary.indexOf(sign));
    state.character = reading.n - 1;
  }

  const words = () => reading.ids.map((id) => vocabulary[id]);
  const streamOf = ({ layer, part }) =>
    (layer < 0 ? reading.embedded : reading.blocks[layer][part]).row(state.character);

  function saysAt(place) {
    const logits = new Float32Array(model.vocabSize);
    lens(logits, streamOf(place), model);
    return softmaxInPlace(logits);
  }

  const chancesNow = () => softmaxInPlace(reading.logits.row(state.character).slice());

  // ---- what the reader does

  const headline = el("p", { class: "ao-headline", role: "status" });
  const trouble = el("p", { class: "trouble", role: "alert" });
  const inside = el("div", { class: "inside", role: "group", "aria-label": "What is in it" });
  const letterRow = el("div", { class: "letters", role: "group", "aria-label": "The characters" });
  const tall = el("div", { class: "ao-scroll tower" });
  const sentence = textLine("Your text", { value: inOneLine(data.get("text")) },
    (text) => take(text.replaceAll(LINE_END, "\n")));
  const playOrPause = () => (state.doing === "play" ? halt() : start("play"));
  const play = button("Play", playOrPause);
  const back = button("Back", () => { halt(); go(state.step - 1); });
  const forward = button("Step", () => { halt(); go(state.step + 1); });
  const one = button("Write a character", () => { halt(); writeOne(); tell(); });
  const more = button("Write on", () => (state.doing === "write" ? halt() : start("write")));
  const drawn = choice("next:", [["dice", "by dice"], ["likeliest", "the likeliest"]],
    (value) => { state.dice = value === "dice"; });
  drawn.value = "dice";

  /** One thing at a time, and one timer for it: who starts anew has stopped what there was. */
  function start(doing) {
    halt();
    state.doing = doing;
    if (doing === "play" && state.step === steps.length - 1) go(0);
    name();
    state.timer = setTimeout(tick, doing === "play" ? pause : 0);
  }

  function tick() {
    if (!root.isConnected) return halt();
    if (state.doing === "write") writeOne();
    else go(state.step + 1);
    const over = state.doing === "play" && state.step === steps.length - 1;
    if (over) return halt();
    state.timer = setTimeout(tick, state.doing === "play" ? pause : betweenCharacters);
  }

  function halt() {
    clearTimeout(state.timer);
    const wrote = state.doing === "write";
    state.doing = "";
    name();
    if (wrote) tell();
  }

  function name() {
    play.textContent = state.doing === "play" ? "Pause" : "Play";
    more.textContent = state.doing === "write" ? "Stop" : "Write on";
    headline.setAttribute("aria-live", state.doing === "write" ? "off" : "polite");
  }

  /** Python keeps the text; that is all it is told. */
  function tell() {
    data.set("text", words().join(""));
    data.save_changes();
  }

  function take(text) {
    halt();
    const said = why(text);
    trouble.textContent = said && `${said} What you see is still the text before.`;
    if (said) return;
    read(text);
    show();
    tell();
  }

  /** The character that comes after the last is read, too; the first is forgotten if need be. */
  function writeOne() {
    trouble.textContent = "";
    state.character = reading.n - 1;
    const shares = chancesNow();
    const id = state.dice ? fallsOn(shares, Math.random()) : likeliest(shares, 1)[0][1];
    if (reading.n === longest) read(words().slice(1).join(""));
    readOn(reading, id);
    state.character = reading.n - 1;
    [state.step, state.of] = [steps.length - 1, 0];
    sentence.input.value = inOneLine(words().join(""));
    show();
  }

  function go(step, of = 0, focus = false) {
    if (step < 0 || step >= steps.length) return;
    [state.step, state.of] = [step, Math.min(of, steps[step].length - 1)];
    light();
    if (focus) tower.nodeAt(state).focus();
  }

  function choose(character) {
    state.character = character;
    state.version += 1;
    light();
  }

  // ---- what is drawn

  /** A new text: new letters, new sizes. The tower itself is built once and painted again. */
  function show() {
    state.version += 1;
    letters = words().map((sign, i) => {
      const node = keepKeys(el("button", { type: "button", "aria-label":
        `${marked(sign)}, character ${i + 1}` }, marked(sign)));
      node.addEventListener("click", () => { halt(); choose(i); });
      return node;
    });
    const next = (key, i) => {
      const to = i + ({ ArrowRight: 1, ArrowLeft: -1 }[key] ?? NaN);
      return letters[to] && to;
    };
    const had = letterRow.contains(document.activeElement);
    letterRow.replaceChildren(...letters);
    roving = rove(letters, { next, arrive: choose, start: state.character });
    if (had) letters[state.character].focus();
    tower.resize(reading.n);
    light();
  }

  function light() {
    letters.forEach((node, i) => node.setAttribute("aria-pressed", i === state.character));
    roving.stopAt(state.character);
    tower.paint({ reading, state, scales, streamOf, saysAt, chancesNow, vocabulary });
    headline.textContent = inWords();
    open();
    back.disabled = state.step === 0;
    forward.disabled = state.step === steps.length - 1;
  }

  const here = () => steps[state.step][state.of];
  const sign = () => quote(words()[state.character]);
  const wouldSay = (place) => {
    const [[share, id]] = likeliest(saysAt(place), 1);
    return `would say ${quote(vocabulary[id])} now (${percent(share)}).`;
  };

  function inWords() {
    const { kind, layer, part, head } = here();
    const block = `Block ${layer + 1}`;
    const { n } = reading;
    if (kind === "characters") {
      return `${n} characters, each with its number in the vocabulary of ${vocabulary.length}: ` +
        `${sign()} is ${reading.ids[state.character]}.`;
    }
    if (kind === "head") {
      const map = { keys: words().map(marked), map: mapOf(reading, layer, head) };
      return `${block}, head ${head + 1}: ${sign()} looks at ${looksMostAt(map, state.character)}.`;
    }
    if (kind === "widened") {
      const alive = reading.blocks[layer].widened.row(state.character).filter((x) => x > 0).length;
      return `${block}, feed-forward: ${sign()} thinks for itself. Of its ${model.dFf} numbers ` +
        `${alive} are above zero.`;
    }
    if (kind === "stream" && layer < 0) {
      return `${sign()} becomes its row of the embedding, ${model.dModel} numbers. ` +
        `Nobody has heard of anybody yet: it ${wouldSay(here())}`;
    }
    if (kind === "stream") {
      const what = part === "middle" ? "what the heads bring" : "what it thought";
      const added = only >= 0 && layer < only ? `What ${block.toLowerCase()} left`
        : `${block}: ${what} is added`;
      return `${added}. ${sign()} ${wouldSay(here())}`;
    }
    const [[share, id]] = likeliest(chancesNow(), 1);
    const text = marked(words().slice(0, state.character + 1).join(""));
    const end = text.length > 30 ? `…${text.slice(-29)}` : text;
    return kind === "logits"
      ? `${vocabulary.length} logits, one for each character: the stream, normed once more, held ` +
        "against each row of the embedding."
      : `After “${end}” the likeliest is ${quote(vocabulary[id])}, with ${percent(share)}.`;
  }

  /** The place that the data has come to, opened. */
  function open() {
    const { kind, layer, part, head } = here();
    const width = inside.clientWidth || WIDTH;
    const columns = width >= 560 ? 16 : 8;
    if (kind === "characters") inside.replaceChildren(title("Characters and their numbers"), ids());
    if (kind === "head") {
      inside.replaceChildren(...headMap(layer, head, width));
      inside.querySelector(".map").scrollTo(...toCharacter());
    }
    if (kind === "widened") {
      const row = reading.blocks[layer].widened.row(state.character);
      inside.replaceChildren(
        title(`Block ${layer + 1}, feed-forward: the ${row.length} numbers of ${sign()}`),
        scrolling(numberTable(row, columns, scales.signed)), ink(row));
    }
    if (kind === "stream") {
      const row = streamOf({ layer, part });
      const where = layer < 0 ? "the embedding"
        : `block ${layer + 1}${part === "middle" ? ", after its heads" : ""}`;
      inside.replaceChildren(
        title(`Residual stream at ${where}: the ${row.length} numbers of ${sign()}`),
        scrolling(numberTable(row, columns, scales.signed)), ink(row),
        title("Read out here, it would say"), bars(saysAt(here()), 4));
    }
    if (kind === "logits" || kind === "next") {
      inside.replaceChildren(title(`What comes after ${sign()}`), bars(chancesNow(), 10));
    }
  }

  /** Where a map that is larger than its room shows the character's row, and whom it may look at. */
  function toCharacter() {
    const map = inside.querySelector(".map");
    const share = (state.character + 1) / reading.n;
    const beyond = [map.scrollWidth - map.clientWidth, map.scrollHeight - map.clientHeight];
    return beyond.map((pixels) => share * pixels);
  }

  const title = (text) => el("h4", {}, text);
  const scrolling = (node) => fill(keepKeys(node), {
    tabindex: 0, role: "group", "aria-label": "the numbers",
  });
  const ink = (row) => el("p", { class: "ao-faint small" },
    `Blue: below zero, orange: above; full color from ±${fullColor(row).toFixed(1)}.`);
  const ids = () => el("div", { class: "ids" }, ...reading.ids.map((id, i) =>
    el("span", i === state.character ? { class: "strong" } : {},
      `${marked(vocabulary[id])} ${id}`)));

  const bars = (shares, howMany) => el("div", { class: "chances" },
    ...likeliest(shares, howMany).flatMap(([share, id]) => [
      el("span", { class: "sign" }, marked(vocabulary[id])),
      el("i", { style: `width: ${100 * share}%` }),
      el("span", {}, percent(share, { digits: 1, orLess: true })),
    ]));

  function headMap(layer, head, width) {
    const names = words().map(marked);
    const map = { queries: names, keys: names, map: mapOf(reading, layer, head) };
    const room = Math.min(width, 60 + CELL * names.length);
    const { picture, show: mark } = drawMatrix(map, {
      width: room, scale: scales.shares, pinned: state.character, numbersUpTo: 0,
      onLook: (query) => mark(query ?? state.character, state.character),
      onPin: (query) => { halt(); choose(query); },
    });
    fill(picture, { role: "group", "aria-label": `Block ${layer + 1}, head ${head + 1}` });
    picture.style.maxWidth = `${room}px`;
    mark(state.character, state.character);
    return [title(`Block ${layer + 1}, head ${head + 1}: ${names.length} × ${names.length} shares`),
      el("div", { class: "map" }, picture)];
  }

  // ---- beginning

  const root = el("div", {
    class: "ao-explorer ao-machine", role: "group", "aria-label": "The whole machine",
  },
  el("style", {}, STYLE), headline,
  el("div", { class: "buttons" }, back, forward, play,
    ...(only < 0 ? [one, more, drawn.root] : [])),
  sentence.root, trouble,
  el("div", { class: "parts" }, el("div", {}, tall, letterRow), inside));
  host.replaceChildren(root);
  const controls = [play, back, forward, one, more];
  controls.forEach((control) => { control.disabled = true; });
  headline.textContent = "The weights are on their way …";

  const inks = () => ({ shares: attentionScale(root), signed: signedScale(root) });
  askForLarge(data, (about, bytes) => {
    model = unpackWeights(about, bytes);
    const [first, last] = only < 0 ? [0, model.nLayers - 1] : [only, only];
    steps = stepsThrough(first, last, model.nHeads, only < 0);
    tower = drawTower(steps, {
      first, last, whole: only < 0, model, go, halt, playOrPause, nSigns: vocabulary.length,
    });
    tall.replaceChildren(tower.picture);
    scales = inks();
    controls.forEach((control) => { control.disabled = false; });
    read(data.get("text"));
    state.step = Math.min(data.get("step"), steps.length - 1);
    if (state.step < 0) state.step = steps.length - 1;
    show();
  }, () => {
    headline.textContent = "No kernel has answered. If a cell is still running, the machine comes " +
      "when that is done; otherwise run this cell again.";
  });
  whenThemeChanges(root, () => {
    if (!reading) return;
    scales = inks();
    state.version += 1;
    light();
  });
  data.on("change:text", () => {
    const text = data.get("text");
    if (!reading || text === words().join("")) return;
    sentence.input.value = inOneLine(text);
    take(text);
  });
}

/** The tower's picture, built once: nodes for the places, arrows between, sizes beside.

    `resize(n)` writes the sizes, `paint` fills what the data has reached, `nodeAt` finds a place.
*/
function drawTower(steps, { first, last, whole, model, go, halt, playOrPause, nSigns }) {
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
    nodes[step][of] = { node, image, canvas: el("canvas"), painted: -1 };
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
    const [below, middle, above] = [level(layer, "middle") + UNIT, level(layer, "middle"), level(layer, "after")];
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
      size(BRANCH.x - 58, out - 3, n128),
      arrow(across(BRANCH.x - 3, TRUNK + 8, home), step + 1),
      size(BRANCH.x - 58, home - 3, n128),
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
      size(TRUNK + 10, 20, (n) => `${n128(n)}, to ${last + 1 < model.nLayers ? `block ${last + 2}` : "the logits"}`));
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
      if (!reached || painted === state.version || ["characters", "next"].includes(what.kind)) return;
      nodes[step][of].painted = state.version;
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

export default { render };
