// The whole model as a tower, with the data moving through it. Python sends the weights, once; all
// that is seen is computed here by lib/transformer.js, for any text that the reader types.
//
// A place is where the data can be: the characters, their vectors, each block's heads, the residual
// stream, the feed-forward layer, the logits, the next character. Places of one step light up
// together; the reader goes from one to the next by keys, and what is in it is opened beside.

import { button, choice, el, fill, keepKeys, textLine } from "./lib/dom.js";
import { attentionScale, whenThemeChanges } from "./lib/colors.js";
import { drawMatrix, looksMostAt } from "./lib/attention.js";
import { percent } from "./lib/numbers.js";
import { rove } from "./lib/roving.js";
import { askForLarge } from "./lib/large.js";
import { fullColor, numberTable, signedScale } from "./lib/strips.js";
import { drawTower, likeliest, mapOf, marked, quote, stepsThrough, WIDTH } from "./lib/tower.js";
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
.ao-machine .map { overflow: auto; max-height: 530px; }
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
  font-size: 12px; line-height: 21px; text-align: center; font-variant-numeric: tabular-nums;
  max-height: 340px; overflow-y: auto; border: 1px solid var(--ao-line); }
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
const LINE_END = "↵"; // what a text field, which has one line, shows for the end of another
const inOneLine = (text) => text.replaceAll("\n", LINE_END);

const CELL = 19; // pixels, of a map that is opened

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
    version: 0, // of what the places hold: another text, another theme
  };
  let model, reading, steps, tower, roving, letters, scales;
  let given; // the width for what is opened; asked for only when it changes: a page lays out then

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
    const width = given || WIDTH;
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
  given = inside.clientWidth;
  const controls = [play, back, forward, one, more];
  controls.forEach((control) => { control.disabled = true; });
  headline.textContent = "The weights are on their way …";

  const inks = () => ({ shares: attentionScale(root), signed: signedScale(root) });
  function receive(about, bytes) {
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
  }

  const forget = askForLarge({
    model: data, host, onArrival: receive,
    onSilence: (words) => { headline.textContent = words; },
  });
  whenThemeChanges(root, () => {
    if (!reading) return;
    scales = inks();
    state.version += 1;
    light();
  });
  new ResizeObserver(() => {
    if (inside.clientWidth === given) return;
    given = inside.clientWidth;
    if (reading) open();
  }).observe(inside);
  data.on("change:text", () => {
    const text = data.get("text");
    if (!reading || text === words().join("")) return;
    sentence.input.value = inOneLine(text);
    take(text);
  });
  return () => { halt(); forget(); };
}

export default { render };
