// What a signal is made of: the signal above, its waves below, and what is left when some are
// left out. All of it is computed here, in the page, by the definition (lib/fourier.js).

import { axes } from "./lib/axes.js";
import { button, choice, el, numbersIn, slider, svg, tick } from "./lib/dom.js";
import { amplitudesOf, nWaves, signalOf, spectrumOf, waveOf } from "./lib/fourier.js";

const [WIDTH, HIGH, LOW] = [680, 190, 150];
const MARGINS = { left: 46, right: 10, top: 10, bottom: 22 };
const SECONDS = 1.5; // of sound
const TONE = 110; // how often the signal is played in a second

const STYLE = `
.ao-spectrum { --ao-columns: minmax(250px, 1fr) minmax(660px, 760px); }
.ao-spectrum .ao-slider { grid-template-columns: 72px minmax(60px, 1fr) 110px; grid-column: 1 / -1; }
.ao-spectrum figcaption { font-size: 12px; }
.ao-spectrum .signal { touch-action: none; cursor: crosshair; }
.ao-spectrum .bars { cursor: pointer; }
.ao-spectrum .row { display: flex; flex-wrap: wrap; gap: 8px; align-items: center; min-height: 32px; }
.ao-spectrum .ao-choice, .ao-spectrum .row { grid-column: 1 / -1; }
/* On a wide page the pictures are larger, beside the controls; a slider goes through as many waves
   as there are, so it has a line of its own. */
@container (min-width: 940px) {
  .ao-spectrum .ao-headline { min-height: 1.4em; }
  .ao-spectrum .ao-slider { grid-template-columns: 1fr auto; gap: 0 8px; }
  .ao-spectrum .ao-slider input { grid-area: 2 / 1 / auto / span 2; }
}
.ao-spectrum .key::before { content: ""; display: inline-block; width: 16px; height: 3px;
  margin: 0 5px 3px 10px; background: var(--own); }
`;

/** Three figures, and a minus that is as wide as a plus. */
export const short = (number) =>
  (Math.abs(number) < 1e-9 ? "0" : String(Number(number.toPrecision(3)))).replace("-", "−");

/** The `count` highest waves, the level not counted: it always stays. */
export function strongest(amplitudes, count) {
  const order = Array.from(amplitudes.keys()).slice(1)
    .sort((a, b) => amplitudes[b] - amplitudes[a] || a - b);
  return new Set([0, ...order.slice(0, count)]);
}

/** One round of the wave, in words. */
export const period = (wave, n, every, unit) =>
  wave === 0 ? "level" : `one every ${short((n * every) / wave)} ${unit}`;

const pathOf = (numbers, x, y) =>
  `M${Array.from(numbers, (v, i) => `${x(i).toFixed(1)} ${y(v).toFixed(1)}`).join("L")}`;

const line = (color, width, dashes = "none") => svg("path", {
  fill: "none", stroke: color, "stroke-width": width, "stroke-dasharray": dashes,
  "stroke-linejoin": "round",
});

function render({ model, el: host }) {
  const [names, lengths, every, units] =
    ["names", "lengths", "every", "units"].map((name) => model.get(name));
  const all = numbersIn(model.get("numbers"), Float32Array);
  const starts = lengths.map((_, i) => lengths.slice(0, i).reduce((sum, n) => sum + n, 0));
  const given = names.map((_, i) => Float64Array.from(all.slice(starts[i], starts[i] + lengths[i])));
  const state = { chosen: 0, wave: 1, signal: given[0], left: new Set() };

  const headline = el("p", { class: "ao-headline", role: "status", "aria-live": "polite" });
  const source = choice("Signal", names.map((name, i) => [String(i), name]),
    (i) => take(Number(i), 1));
  const wave = slider("wave", { min: 0, max: 1 }, (k) => `${k} rounds`, (k) => change({ wave: k }));
  const keep = slider("strongest", { min: 0, max: 1 },
    (count) => (count === count1() ? "all waves stay" : `${count} stay`),
    (count) => {
      const stay = strongest(state.amplitudes, count);
      change({ left: new Set(range(nWaves(state.signal.length)).filter((k) => !stay.has(k))) });
    });
  const out = tick("leave this wave out", (yes) => {
    state.left[yes ? "add" : "delete"](state.wave);
    change({});
  });
  const back = button("All waves back", () => {
    keep.value = count1();
    change({ left: new Set() });
  });
  const flat = button("Flat line, to draw on", () => {
    const level = state.signal.reduce((sum, v) => sum + v, 0) / state.signal.length;
    hear({ signal: Float64Array.from(state.signal, () => level), left: new Set() });
  });
  const undo = button("The signal as it was", () => take(state.chosen, state.wave));
  const play = button("Hear the signal", () => sound(state.signal));
  const playRest = button("Hear what is left", () => sound(state.rest));

  const upper = axes([WIDTH, HIGH], MARGINS);
  const lower = axes([WIDTH, LOW], MARGINS);
  const lines = {
    signal: line("var(--ao-faint)", 1.2), rest: line("var(--ao-blue)", 2),
    wave: line("var(--ao-orange)", 2.2, "6 3"),
  };
  const marks = [upper.beside(""), upper.beside(""), lower.beside("")];
  const ends = [upper, lower].map((sides) => [sides.below(sides.left, "", "start"),
    sides.below(sides.end, "", "end")]);
  upper.picture.classList.add("signal");
  upper.picture.append(upper.across({ y1: upper.floor, y2: upper.floor, stroke: "var(--ao-line)" }),
    ...Object.values(lines), marks[0], marks[1], ...ends[0]);
  const bars = svg("g", { class: "bars" });
  lower.picture.append(lower.across({ y1: lower.floor, y2: lower.floor, stroke: "var(--ao-line)" }),
    bars, marks[2], ...ends[1]);

  const range = (n) => Array.from({ length: n }, (_, i) => i);
  const count1 = () => nWaves(state.signal.length) - 1;

  function change(part) {
    Object.assign(state, part);
    draw();
  }

  /** Another signal: its spectrum, and bars for its waves. */
  function hear(part) {
    Object.assign(state, part);
    const n = state.signal.length;
    state.spectrum = spectrumOf(state.signal);
    state.amplitudes = amplitudesOf(state.spectrum, n);
    const [low, high] = [Math.min(...state.signal), Math.max(...state.signal)];
    const room = (high - low || 1) * 0.15;
    state.limits = state.drawing ? state.limits : [low - room, high + room];
    const count = nWaves(n);
    if (bars.childElementCount !== count - 1) {
      bars.replaceChildren(...range(count - 1).map(() => svg("rect")));
    }
    wave.input.max = count - 1;
    keep.input.max = count - 1;
    wave.value = state.wave;
    keep.value = state.left.size ? keep.value : count - 1;
    draw();
  }

  function draw() {
    const { signal, spectrum, amplitudes, left, wave: k, chosen } = state;
    const n = signal.length;
    state.rest = signalOf(spectrum, n, (each) => !left.has(each));
    const alone = waveOf(spectrum, n, k);
    if (k > 0) alone.forEach((_, i) => { alone[i] += spectrum.cos[0] / n; }); // on its level
    const x = upper.x(0, n - 1);
    const y = upper.y(...state.limits);
    for (const [name, numbers] of Object.entries({ signal, rest: state.rest, wave: alone })) {
      lines[name].setAttribute("d", pathOf(numbers, x, y));
    }
    state.limits.forEach((limit, i) => {
      marks[i].textContent = short(limit);
      marks[i].setAttribute("y", y(limit) + (i ? 8 : 0));
    });
    drawBars(amplitudes, left, k);
    ends[0][0].textContent = "0";
    ends[0][1].textContent = `${short(n * every[chosen])} ${units[chosen]}`;
    ends[1][0].textContent = "1 round";
    ends[1][1].textContent = `${nWaves(n) - 1} rounds`;
    out.input.checked = left.has(k);
    out.input.disabled = k === 0;
    back.disabled = left.size === 0;
    playRest.disabled = left.size === 0;
    headline.textContent = `${k} ${k === 1 ? "round" : "rounds"}, ` +
      `${period(k, n, every[chosen], units[chosen])}: ${short(amplitudes[k])} high` +
      `${left.has(k) ? ", left out" : ""}. ` +
      (left.size ? `${count1() - left.size} of ${count1()} waves stay.` : "All waves stay.");
  }

  function drawBars(amplitudes, left, k) {
    const most = Math.max(...amplitudes.slice(1), 1e-9);
    const height = lower.y(0, most);
    const step = (lower.end - lower.left) / (amplitudes.length - 1);
    Array.from(bars.children).forEach((bar, i) => {
      const color = i + 1 === k ? "orange" : left.has(i + 1) ? "line" : "blue";
      const top = height(amplitudes[i + 1]);
      for (const [name, value] of Object.entries({
        x: lower.left + step * (i + 0.1), width: Math.max(0.8, step * 0.8), y: top,
        height: Math.max(0.5, lower.floor - top), fill: `var(--ao-${color})`,
      })) bar.setAttribute(name, value);
    });
    marks[2].textContent = short(most);
    marks[2].setAttribute("y", 16);
  }

  /** Where a pointer is, in the picture's own pixels. */
  function placeOf(event, picture, height) {
    const box = picture.getBoundingClientRect();
    return [((event.clientX - box.left) / box.width) * WIDTH,
      ((event.clientY - box.top) / box.height) * height];
  }

  function pen(event) {
    if (!state.drawing) return;
    const [across, down] = placeOf(event, upper.picture, HIGH);
    const n = state.signal.length;
    const at = Math.round(((across - upper.left) / (upper.end - upper.left)) * (n - 1));
    const [low, high] = state.limits;
    const value = low + ((upper.floor - down) / (upper.floor - MARGINS.top)) * (high - low);
    if (at < 0 || at >= n) return;
    const signal = state.drawing.at === undefined ? Float64Array.from(state.signal) : state.signal;
    const from = state.drawing.at ?? at;
    const before = signal[from];
    for (let i = Math.min(from, at); i <= Math.max(from, at); i++) {
      const share = at === from ? 1 : (i - from) / (at - from);
      signal[i] = (1 - share) * before + share * Math.min(high, Math.max(low, value));
    }
    state.drawing.at = at;
    hear({ signal, left: new Set() });
  }
  upper.picture.addEventListener("pointerdown", (event) => {
    state.drawing = {};
    upper.picture.setPointerCapture(event.pointerId);
    pen(event);
  });
  upper.picture.addEventListener("pointermove", pen);
  for (const end of ["pointerup", "pointercancel"]) {
    upper.picture.addEventListener(end, () => { state.drawing = null; });
  }
  lower.picture.addEventListener("click", (event) => {
    const [across] = placeOf(event, lower.picture, LOW);
    const share = (across - lower.left) / (lower.end - lower.left);
    const k = 1 + Math.floor(share * count1());
    if (k < 1 || k > count1()) return;
    wave.value = k;
    change({ wave: k });
  });

  /** The signal as one turn of a tone, again and again. */
  function sound(numbers) {
    const context = new AudioContext();
    const length = Math.round(context.sampleRate * SECONDS);
    const buffer = context.createBuffer(1, length, context.sampleRate);
    const samples = buffer.getChannelData(0);
    const level = numbers.reduce((sum, v) => sum + v, 0) / numbers.length;
    const loudest = numbers.reduce((most, v) => Math.max(most, Math.abs(v - level)), 1e-9);
    for (let i = 0; i < length; i++) {
      const turn = ((i / context.sampleRate) * TONE) % 1;
      const fade = Math.min(1, i / 2000, (length - i) / 2000);
      samples[i] = (0.25 * fade * (numbers[Math.floor(turn * numbers.length)] - level)) / loudest;
    }
    const player = context.createBufferSource();
    player.buffer = buffer;
    player.connect(context.destination);
    player.onended = () => context.close();
    player.start();
  }

  function take(chosen, first) {
    const k = Math.min(first, nWaves(given[chosen].length) - 1);
    source.value = String(chosen);
    hear({ chosen, wave: k, signal: given[chosen], left: new Set() });
  }

  const keys = [["faint", "the signal"], ["blue", "what is left"], ["orange", "this wave"]];
  const root = el("div", {
    class: "ao-explorer ao-wide ao-spectrum", role: "group", "aria-label": "Spectrum explorer",
  },
    el("style", {}, STYLE), headline,
    el("div", { class: "ao-body" },
      el("div", { class: "ao-controls" },
        ...(names.length > 1 ? [source.root] : []), wave.root, keep.root,
        el("div", { class: "row" }, out.root, back, flat, undo, play, playRest)),
      el("div", {},
        el("figure", {},
          el("figcaption", {}, "The signal (draw on it)", ...keys.map(([color, words]) =>
            el("span", {
              class: "key", style: `--own: var(--ao-${color})`, "aria-hidden": "true",
            }, words))),
          el("div", { class: "ao-scroll" }, upper.picture)),
        el("figure", {},
          el("figcaption", {}, "How high each wave goes, by its rounds (click on one)"),
          el("div", { class: "ao-scroll" }, lower.picture)))));
  host.replaceChildren(root);
  take(model.get("chosen"), model.get("wave"));
  model.on("change:chosen change:wave", () => take(model.get("chosen"), model.get("wave")));
}

export { amplitudesOf, signalOf, spectrumOf }; // for the tests, as the parts above
export default { render };
