// What a language model would write next. The model's scores for every place of the text are here,
// so that the sliders and the bars ask nobody. When a character has been drawn, the scores after it
// are worked out here, too, by lib/transformer.js. Of a model that this file does not know, or whose
// weights have not come, the kernel is asked.

import { button, el, keepKeys, numbersIn, slider, textLine } from "./lib/dom.js";
import { percent } from "./lib/numbers.js";
import { asker } from "./lib/kernel.js";
import { askForLarge } from "./lib/large.js";
import { newReading, readOn, unpackWeights } from "./lib/transformer.js";

const AT_A_TIME = 60; // what "Write on" writes
const A_MOMENT = 40; // ms from one character to the next, for the eye and for "Stop"
const UNCHANGED = "The text is still the one from before.";

/** Softmax of logits / temperature. */
export function chances(logits, temperature) {
  const highest = Math.max(...logits);
  const powers = Array.from(logits, (score) => Math.exp((score - highest) / temperature));
  return sharedOut(powers);
}

const sharedOut = (numbers) => {
  const total = numbers.reduce((sum, number) => sum + number, 0);
  return numbers.map((number) => number / total);
};

/** The tokens' numbers, the likeliest first. */
export const falling = (shares) =>
  shares.map((_, i) => i).sort((a, b) => shares[b] - shares[a] || a - b);

/** What a token is drawn with: temperature, then top-k, top-p and min-p, as in Python's Sampler.

    A share has `reached` a limit when it has so much of it, a little less than 1: the rest is the
    rounding of the logits.
*/
export function sampledFrom(logits, { temperature = 1, topK = 0, topP = 1, minP = 0 }, reached) {
  let left = chances(logits, temperature);
  const order = falling(left);
  if (topK) {
    for (const i of order.slice(topK)) left[i] = 0;
    left = sharedOut(left);
  }
  if (topP < 1) {
    let likelier = 0;
    for (const i of order) {
      const own = left[i];
      if (likelier >= reached * topP) left[i] = 0;
      likelier += own;
    }
    left = sharedOut(left);
  }
  if (minP) {
    const least = reached * minP * Math.max(...left);
    left = sharedOut(left.map((share) => (share >= least ? share : 0)));
  }
  return left;
}

/** The mean surprise of a draw, Σ −p log₂ p: 1 for a fair coin. */
export const bits = (shares) =>
  shares.reduce((sum, share) => (share > 0 ? sum - share * Math.log2(share) : sum), 0);

/** The token that a number between 0 and 1 falls on, when they lie side by side. */
export function drawn(shares, chance) {
  let sum = 0;
  for (let i = 0; i < shares.length; i++) {
    sum += shares[i];
    if (chance < sum) return i;
  }
  return shares.findLastIndex((share) => share > 0);
}

const SIGNS = { " ": "␣", "\n": "↵", "\t": "⇥" };
const shown = (token) => [...token].map((sign) => SIGNS[sign] ?? sign).join("");
const inPercent = (share) => percent(share, { digits: 1, orLess: true });
const off = (value, nothing, words = String) => (value === nothing ? "off" : words(value));

const STYLE = `
.ao-sampling .ao-controls { margin: 10px 0; }
.ao-sampling .wide { grid-column: 1 / -1; }
.ao-sampling .row { display: grid; grid-template-columns: 74px 1fr 124px; gap: 8px;
  align-items: center; height: 20px; font-variant-numeric: tabular-nums; }
.ao-sampling .row > :first-child { text-align: right; }
.ao-sampling .row > span { white-space: nowrap; }
.ao-sampling .row .sign { font-family: var(--jp-code-font-family, monospace); }
.ao-sampling .row.last { font-weight: 700; }
.ao-sampling .row.last > :first-child::before { content: "▸ "; }
.ao-sampling .track { position: relative; height: 16px; border-left: 1px solid var(--ao-faint); }
.ao-sampling .before, .ao-sampling .after { position: absolute; left: 0; box-sizing: border-box; }
.ao-sampling .before { top: 1px; height: 14px; border: 1px solid var(--ao-faint); }
.ao-sampling .after { top: 4px; height: 8px; background: var(--ao-blue); }
.ao-sampling .paper { font-family: var(--jp-code-font-family, monospace); white-space: pre-wrap;
  overflow-wrap: anywhere; max-height: 200px; min-height: 60px; overflow-y: auto;
  border: 1px solid var(--ao-line); border-radius: 3px; padding: 6px 8px; margin: 8px 0; }
.ao-sampling .written { text-decoration: underline; text-decoration-color: var(--ao-orange);
  text-underline-offset: 3px; }
.ao-sampling .later { color: var(--ao-faint); }
.ao-sampling .here { border-right: 2px solid var(--ao-orange); }
.ao-sampling .buttons { display: flex; gap: 8px; flex-wrap: wrap; margin-top: 8px; }
.ao-sampling .note { font-size: 12px; margin: 6px 0; }
.ao-sampling .trouble:not(:empty) { border-left: 4px solid var(--ao-orange); padding-left: 8px;
  margin: 6px 0 0; }
`;

/** A row of the chart: sign, the chance before the cuts as a frame, after them as a bar. */
function bar() {
  const name = el("span");
  const before = el("div", { class: "before" });
  const after = el("div", { class: "after" });
  const says = el("span");
  const root = el("div", { class: "row" }, name,
    el("div", { class: "track" }, before, after), says);
  return {
    root,
    show(words, isSign, was, is, isLast) {
      name.textContent = words;
      name.className = isSign ? "sign" : "";
      before.style.width = `${100 * was}%`;
      after.style.width = `${100 * is}%`;
      says.textContent = is > 0 ? inPercent(is) : `cut (${inPercent(was)})`;
      root.classList.toggle("last", isLast);
    },
  };
}

function render({ model, el: host }) {
  const { rows: nRows, ending: longestEnding, reached, ...stops } = model.get("constants");
  const vocabulary = model.get("vocabulary");
  const canRead = model.get("can_read");
  const state = {
    beginning: model.get("text"), // what was given; the rest of the text was drawn
    begun: model.get("tokens").length, // how many of the tokens in view were given
    left: 0, // how many are still to be drawn
    waiting: false, // for the kernel
    last: null, // the row that was drawn last, where nobody can be asked what comes next
    timer: null, // for the next character that is drawn in the page
    given: null, // a text that somebody typed, until it is known whether it can be read
  };
  const longest = model.get("longest");
  let tokens, logits, before, after;
  let speaker, reading; // the model itself, once it is here, and what it has read

  const draw = () => { weigh(); paint(); };
  const knob = (label, values, show) => slider(label, { min: 0, max: values.length - 1 },
    (i) => show(values[i]), draw);
  const temperature = knob("temperature", stops.temperatures, String);
  const topK = knob("top-k", stops.top_ks, (k) => off(k, 0));
  const topP = knob("top-p", stops.top_ps, (p) => off(p, 1));
  const minP = knob("min-p", stops.min_ps, (least) => off(least, 0));
  const place = slider("after", { min: 0, max: 0 }, (i) => `character ${i + 1}`, () => {
    state.last = null;
    draw();
  });
  const begin = textLine("Begin with", { value: model.get("text") }, beginWith);
  const one = button("Draw a character", () => write(1));
  const more = button("Write on", () => write(AT_A_TIME));
  const stop = button("Stop", () => { state.left = 0; settle(); });
  const again = button("Back to the beginning", () => beginWith(state.beginning));
  const headline = el("p", { class: "ao-headline", role: "status", "aria-live": "polite" });
  const caption = el("figcaption", { class: "note" });
  const parts = ["given", "written", "later"].map((kind) => el("span", { class: kind }));
  const [given, written, later] = parts;
  const paper = keepKeys(el("div",
    { class: "paper", role: "group", "aria-label": "The text", tabindex: 0 },
    given, written, el("span", { class: "here" }), later));
  const trouble = el("p", { class: "trouble", role: "alert" });
  const rows = Array.from({ length: Math.min(nRows, vocabulary.length) + 1 }, bar);

  const settings = () => ({
    temperature: stops.temperatures[temperature.value],
    topK: stops.top_ks[topK.value],
    topP: stops.top_ps[topP.value],
    minP: stops.min_ps[minP.value],
  });

  /** The chances at this place, before and after the cuts. */
  function weigh() {
    const size = vocabulary.length;
    const scores = logits.subarray(place.value * size, (place.value + 1) * size);
    before = chances(scores, settings().temperature);
    after = sampledFrom(scores, settings(), reached);
  }

  function beginWith(text) {
    state.left = 0;
    state.given = text;
    ask(text);
  }

  function write(howMany) {
    state.left = howMany;
    step();
  }

  /** Draw one character, here and now; what stood after this place gives way to it. */
  function step() {
    if (state.waiting) return;
    state.last = drawn(after, Math.random());
    if (!canRead) {
      state.left = 0;
      paint();
      return;
    }
    state.left -= 1;
    const next = vocabulary[state.last];
    state.last = null;
    const kept = tokens.slice(0, place.value + 1);
    state.begun = Math.min(state.begun, kept.length);
    ask(kept.join("") + next);
  }

  function ask(text) {
    clearTimeout(state.timer);
    if (speaker) {
      readHere(text);
      return;
    }
    state.waiting = true;
    paint();
    if (model.get("text") === text) {
      answer(); // nothing new to ask, and so nobody would answer
      return;
    }
    askPython({ text }, "");
  }

  /** What the kernel found. */
  function answer() {
    state.waiting = false;
    accepted([...model.get("text")], model.get("tokens").length);
    load();
    if (state.left > 0) step();
  }

  /** Python has read a text: the one that it was asked for, or one that was set over there. */
  function heard() {
    if (!speaker || state.waiting) answer();
    else if (state.left === 0 && model.get("text") !== tokens.join("")) load();
  }

  function giveUp() {
    state.waiting = false;
    state.left = 0;
    state.given = null;
  }

  /** A text was read, its last `size` characters at least; what was typed is now the beginning. */
  function accepted(signs, size) {
    const cut = signs.length - size;
    if (state.given !== null) {
      state.beginning = state.given;
      state.begun = signs.length;
      trouble.textContent = cut > 0
        ? `Those are ${signs.length} characters; the model reads the last ${size} of them.` : "";
    }
    state.begun -= Math.max(0, cut);
    state.given = null;
  }

  /** Read a text in the page. What was read before, and still stands, is not read again. */
  function readHere(text) {
    const signs = [...text];
    const stranger = signs.find((sign) => !vocabulary.includes(sign));
    if (stranger || !text) {
      const why = stranger
        ? `“${stranger}” is not among the ${vocabulary.length} characters that this model knows.`
        : "A model needs at least one character to go on from.";
      trouble.textContent = `${why} ${UNCHANGED}`;
      giveUp();
      paint();
      return;
    }
    const ids = signs.slice(-longest).map((sign) => vocabulary.indexOf(sign));
    const goesOn = reading && reading.n < ids.length
      && reading.ids.every((id, i) => id === ids[i]);
    if (!goesOn) reading = newReading(speaker, longest);
    ids.slice(reading.n).forEach((id) => readOn(reading, id));
    accepted(signs, ids.length);
    tokens = ids.map((id) => vocabulary[id]);
    logits = reading.logits.numbers;
    place.input.max = tokens.length - 1;
    place.value = tokens.length - 1;
    draw();
    if (state.left > 0) state.timer = setTimeout(next, A_MOMENT);
    else settle();
  }

  function next() {
    if (state.left > 0 && trouble.isConnected) step();
  }

  /** Writing is over. Python is told of the text, if it was read here. */
  function settle() {
    if (speaker) {
      clearTimeout(state.timer);
      model.set("text", tokens.join(""));
      model.save_changes();
    }
    paint();
  }

  function load() {
    tokens = model.get("tokens");
    logits = numbersIn(model.get("logits"), Float32Array);
    place.input.max = tokens.length - 1;
    place.value = model.get("place");
    draw();
  }

  function paint() {
    const order = falling(before);
    rows.forEach((row, n) => {
      const i = order[n];
      if (n < rows.length - 1) {
        row.show(shown(vocabulary[i]), true, before[i], after[i], i === state.last);
        return;
      }
      const rest = order.slice(n);
      const sum = (shares) => rest.reduce((total, j) => total + shares[j], 0);
      row.root.style.display = rest.length ? "" : "none";
      row.show(`${rest.length} others`, false, sum(before), sum(after), rest.includes(state.last));
    });
    const writing = state.left > 0;
    headline.textContent = writing ? "Writing …" : inASentence();
    caption.textContent = "Frames: the model's chances at this temperature. Bars: what is drawn " +
      `from (${inSettings()}).`;
    one.disabled = more.disabled = again.disabled = writing;
    stop.disabled = !writing;
    showText();
  }

  function inASentence() {
    const can = after.filter((share) => share > 0).length;
    const best = falling(after)[0];
    return `After “${shown(ending())}”: ${can} of ${vocabulary.length} characters can come, ` +
      `likeliest “${shown(vocabulary[best])}” with ${inPercent(after[best])}. ` +
      `A draw is worth ${bits(after).toFixed(1)} bits.`;
  }

  function ending() {
    const read = tokens.slice(0, place.value + 1).join("");
    return read.length <= longestEnding ? read : `…${read.slice(1 - longestEnding)}`;
  }

  function inSettings() {
    const { temperature: heat, topK: k, topP: p, minP: least } = settings();
    return `temperature ${heat}, top-k ${off(k, 0)}, top-p ${off(p, 1)}, min-p ${off(least, 0)}`;
  }

  /** What was given, what was written (underlined), and what lies after the place (faint). */
  function showText() {
    const here = place.value + 1;
    const begun = Math.max(0, Math.min(state.begun, here));
    const ends = [0, begun, here, tokens.length];
    parts.forEach((part, i) => {
      part.textContent = tokens.slice(ends[i], ends[i + 1]).join("");
    });
    paper.scrollTop = paper.scrollHeight;
  }

  const set = (control, values, name) => {
    control.value = Math.max(0, values.indexOf(model.get(name)));
  };

  function take() {
    set(temperature, stops.temperatures, "temperature");
    set(topK, stops.top_ks, "top_k");
    set(topP, stops.top_ps, "top_p");
    set(minP, stops.min_ps, "min_p");
    draw();
  }

  const askPython = asker({
    model, host, news: trouble, stale: UNCHANGED, onAnswer: heard,
    onFailure: () => { giveUp(); load(); },
  });
  const writing = canRead
    ? [begin.root, el("div", { class: "buttons" }, one, more, stop, again)]
    : [el("div", { class: "buttons" }, one)];
  host.replaceChildren(el("div", {
    class: "ao-explorer ao-sampling", role: "group", "aria-label": "Sampling explorer",
  },
    el("style", {}, STYLE), headline,
    el("div", { class: "ao-controls" }, temperature.root, topK.root, topP.root, minP.root,
      el("div", { class: "wide" }, place.root)),
    el("figure", {}, ...rows.map((row) => row.root), caption),
    paper, ...writing, trouble));
  load();
  take();
  model.on("change:temperature change:top_k change:top_p change:min_p", take);
  model.on("change:place", () => { if (!speaker) load(); });
  if (!model.get("in_the_page")) return undefined;
  const forget = askForLarge({
    model, host, onArrival: (about, bytes) => { speaker = unpackWeights(about, bytes); },
  });
  return () => { clearTimeout(state.timer); forget(); };
}

export default { render };
