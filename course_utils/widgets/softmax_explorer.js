// Why attention divides by √d_head. A query and four keys are drawn at random; only the first
// d_head of their coordinates are used. The same scores go through softmax twice, as they are
// and divided by √d_head. Everything is computed here, in the page.

import { axes } from "./lib/axes.js";
import { button, choice, el, numberBox, numbersIn, slider, svg } from "./lib/dom.js";
import { percent, signed } from "./lib/numbers.js";

/** Dot products of a draw's query (row 0) with its keys, over the first dHead coordinates. */
export function dotProducts(coordinates, shape, draw, dHead) {
  const [, nVectors, width] = shape;
  const query = draw * nVectors * width;
  const scores = [];
  for (let key = 1; key < nVectors; key++) {
    let sum = 0;
    for (let i = 0; i < dHead; i++) {
      sum += coordinates[query + i] * coordinates[query + key * width + i];
    }
    scores.push(sum);
  }
  return scores;
}

export function softmax(scores, temperature = 1) {
  const highest = Math.max(...scores);
  const powers = scores.map((score) => Math.exp((score - highest) / temperature));
  const total = powers.reduce((sum, power) => sum + power, 0);
  return powers.map((power) => power / total);
}

/** exp(entropy): 4 when four words are heard alike, 1 when a single word is heard. */
export function wordsHeard(weights) {
  const entropy = weights.reduce((sum, w) => (w > 0 ? sum - w * Math.log(w) : sum), 0);
  return Math.exp(entropy);
}

/** The steepest entry of softmax's derivative, max w (1 - w): what a nudge of a score can move. */
export function steepestSlope(weights, temperature = 1) {
  return Math.max(...weights.map((w) => w * (1 - w))) / temperature;
}

export function summarise(scores, temperature) {
  const weights = softmax(scores, temperature);
  return {
    scores,
    weights,
    largest: Math.max(...weights),
    heard: wordsHeard(weights),
    slope: steepestSlope(weights, temperature),
  };
}

const inPercent = (weight) =>
  percent(weight, { digits: weight > 0.9995 || weight < 0.0005 ? 0 : 1 });
const small = (number) => (number > 0 && number < 0.0005 ? "under 0.001" : number.toFixed(3));

const AS_THEY_ARE = "var(--ao-orange)";
const DIVIDED = "var(--ao-blue)";

const STYLE = `
.ao-softmax { --ao-columns: minmax(250px, 1fr) minmax(660px, 668px); }
.ao-softmax .sides { display: grid; grid-template-columns: repeat(auto-fit, minmax(min(300px, 100%), 1fr)); gap: 16px 24px;
  margin: 12px 0 6px; }
.ao-softmax .own { min-height: 34px; }
.ao-softmax .ao-slider { grid-template-columns: 84px minmax(60px, 1fr) 92px; }
.ao-softmax .side h4 { margin: 0 0 6px; font-size: 13px; font-weight: 600; }
.ao-softmax .word { display: grid; grid-template-columns: 52px 52px 1fr 56px; gap: 8px;
  align-items: center; height: 24px; font-variant-numeric: tabular-nums; }
.ao-softmax .word > :nth-child(2), .ao-softmax .word > :nth-child(4) { text-align: right; }
.ao-softmax .word.head { color: var(--ao-faint); height: 18px; font-size: 12px; }
.ao-softmax .track { height: 16px; border-left: 1px solid var(--ao-faint); }
.ao-softmax .bar { height: 16px; min-width: 1px; }
.ao-softmax .facts { margin: 6px 0 0; font-size: 12px; display: grid;
  grid-template-columns: max-content 1fr; gap: 2px 12px; font-variant-numeric: tabular-nums; }
.ao-softmax .note { font-size: 12px; margin: 8px 0; }
.ao-softmax [hidden] { display: none !important; }
.ao-softmax .own { display: flex; gap: 14px; flex-wrap: wrap; align-items: center; }
.ao-softmax .own label { display: flex; gap: 6px; align-items: center; }
.ao-softmax .ao-choice, .ao-softmax .own { grid-column: 1 / -1; }
.ao-softmax .own input { width: 64px; }
/* Wider bars would say no more. On a wide page they stand beside the sliders, one screen in all. */
@container (min-width: 940px) {
  .ao-softmax .ao-headline { min-height: 1.4em; }
  .ao-softmax .ao-body { grid-template-rows: auto 1fr; }
  .ao-softmax .sides { grid-area: 1 / 2 / span 2; margin: 0; }
  .ao-softmax .ao-body figure { grid-column: 2; }
}
`;

/** Four bars in a panel: word, score, bar, weight; below them what the bars come to. */
function drawPanel(heading, words, color) {
  const rows = words.map((word) => {
    const score = el("span");
    const weight = el("span");
    const bar = el("div", { class: "bar", style: `background: ${color}` });
    const row = el("div", { class: "word" }, el("span", {}, word), score,
      el("div", { class: "track" }, bar), weight);
    return { row, score, bar, weight };
  });
  const facts = ["largest weight", "words listened to", "steepest slope"].map((name) => {
    const value = el("span");
    return { term: el("span", { class: "ao-faint" }, name), value };
  });
  const root = el("div", { class: "side" },
    el("h4", {}, heading),
    el("div", { class: "word head" }, el("span"), el("span", {}, "score"), el("span"),
      el("span", {}, "weight")),
    ...rows.map(({ row }) => row),
    el("div", { class: "facts" }, ...facts.flatMap(({ term, value }) => [term, value])));

  function show({ scores, weights, largest, heard, slope }) {
    rows.forEach(({ score, bar, weight }, i) => {
      score.textContent = signed(scores[i]);
      bar.style.width = `${100 * weights[i]}%`;
      weight.textContent = inPercent(weights[i]);
    });
    const [first, second, third] = facts;
    first.value.textContent = inPercent(largest);
    second.value.textContent = `${heard.toFixed(1)} of ${words.length}`;
    third.value.textContent = small(slope);
  }
  return { root, show };
}

/** Words listened to, against d_head: the mean over all draws, and the present one as a dot. */
function drawCurve(nWords, dHeads) {
  const sides = axes([680, 150], { left: 30, right: 150, top: 12, bottom: 34 });
  const { picture, below, beside, across } = sides;
  const along = sides.x(0, Math.log2(dHeads.at(-1)));
  const x = (dHead) => along(Math.log2(dHead));
  const y = sides.y(1, nWords);
  for (const heard of [1, nWords]) {
    const name = beside(heard);
    name.setAttribute("y", y(heard) + 4);
    picture.append(across({ y1: y(heard), y2: y(heard), stroke: "var(--ao-line)" }), name);
  }
  const powersOf2 = dHeads.filter((dHead) => Number.isInteger(Math.log2(dHead)));
  picture.append(...powersOf2.map((dHead) => below(x(dHead), dHead)),
    sides.title("d_head; lines: the mean of all draws, dots: this draw"));
  const lines = [["as they are", AS_THEY_ARE], ["divided by √d_head", DIVIDED]].map(
    ([label, color]) => {
      const line = svg("path", { fill: "none", stroke: color, "stroke-width": 2.5 });
      const dot = svg("circle", { r: 5, fill: color });
      const name = sides.text({ x: sides.end + 8, class: "small strong" }, label);
      picture.append(line, dot, name);
      return { line, dot, name };
    });
  return {
    picture,
    setMeans(means) {
      lines.forEach(({ line, name }, i) => {
        const places = dHeads.map((d, j) => `${x(d).toFixed(1)} ${y(means[i][j]).toFixed(1)}`);
        line.setAttribute("d", `M${places.join("L")}`);
      });
      keepApart(lines.map(({ name }) => name), means.map((mean) => y(mean.at(-1)) + 4));
    },
    mark(dHead, heard) {
      lines.forEach(({ dot }, i) => {
        dot.setAttribute("cx", x(dHead));
        dot.setAttribute("cy", y(heard[i]));
      });
    },
  };
}

/** Two labels at the ends of two lines, at least a line of text apart. */
function keepApart([first, second], [top, other]) {
  const gap = 15 - Math.abs(top - other);
  const push = gap > 0 ? (top > other ? gap / 2 : -gap / 2) : 0;
  first.setAttribute("y", top + push);
  second.setAttribute("y", other - push);
}

function render({ model, el: host }) {
  const { d_heads: dHeads, temperatures } = model.get("constants");
  const words = model.get("words");
  const shape = [model.get("n_draws"), words.length + 1, dHeads.at(-1)];
  const coordinates = numbersIn(model.get("coordinates"), Float32Array);
  const state = { scores: words.map(() => 0) };
  const everyDraw = dHeads.map((dHead) =>
    Array.from({ length: shape[0] }, (_, draw) => dotProducts(coordinates, shape, draw, dHead)));

  const dHead = slider("d_head", { min: 0, max: dHeads.length - 1 },
    (i) => `${dHeads[i]}, √ = ${Math.sqrt(dHeads[i]).toFixed(1)}`,
    (i) => change({ dHead: dHeads[i] }));
  const temperature = slider("temperature", { min: 0, max: temperatures.length - 1 },
    (i) => `${temperatures[i]}`, (i) => change({ temperature: temperatures[i] }));
  const another = button("Draw other vectors", () => change({ draw: (state.draw + 1) % shape[0] }));
  const drawName = el("span", { class: "small" });
  const source = choice("Scores from", [["random", "random vectors"], ["own", "my own numbers"]],
    (name) => change({ own: name === "own" }));
  const own = words.map((word, i) => numberBox(word, 0, (number) => {
    state.scores[i] = number;
    draw();
  }));
  const randomRow = el("div", { class: "own" }, another, drawName);
  const ownRow = el("div", { class: "own" }, ...own.map(({ root }) => root));
  const headline = el("p", { class: "ao-headline", role: "status", "aria-live": "polite" });
  const panels = [
    drawPanel("Scores as they are", words, AS_THEY_ARE),
    drawPanel("Scores divided by √d_head", words, DIVIDED),
  ];
  const curve = drawCurve(words.length, dHeads);
  const chart = el("figure", {},
    el("figcaption", { class: "strong" }, "Words listened to, as the vectors get longer"),
    el("div", { class: "ao-scroll" }, curve.picture));

  const meaning = `Words listened to: ${words.length} when all weights are equal, 1 when one ` +
    "word has everything. Steepest slope: the most that a weight moves for one unit of score; " +
    "where it is 0, nothing can be learned.";

  function change(part) {
    Object.assign(state, part);
    if ("temperature" in part) drawMeans();
    draw();
  }

  function drawMeans() {
    const mean = (numbers) => numbers.reduce((sum, number) => sum + number, 0) / numbers.length;
    curve.setMeans([false, true].map((divided) => dHeads.map((d, i) =>
      mean(everyDraw[i].map((scores) => look(scores, d, divided).heard)))));
  }

  function look(scores, d, divided) {
    const root = divided ? Math.sqrt(d) : 1;
    return summarise(scores.map((score) => score / root), state.temperature);
  }

  function draw() {
    const { dHead: d, own: typed } = state;
    const scores = typed ? state.scores : everyDraw[dHeads.indexOf(d)][state.draw];
    const seen = [look(scores, d, false), look(scores, d, true)];
    panels.forEach((panel, i) => panel.show(seen[i]));
    curve.mark(d, seen.map(({ heard }) => heard));
    headline.textContent = inASentence(words, seen, d, state.temperature);
    drawName.textContent = `draw ${state.draw + 1} of ${shape[0]}`;
    randomRow.hidden = typed;
    ownRow.hidden = !typed;
    chart.hidden = typed;
  }

  function take() {
    const scores = model.get("scores");
    Object.assign(state, {
      dHead: model.get("d_head"),
      temperature: model.get("temperature"),
      draw: model.get("draw"),
      own: scores.length > 0,
    });
    if (state.own) state.scores = [...scores];
    own.forEach(({ input }, i) => { input.value = state.scores[i]; });
    dHead.value = dHeads.indexOf(state.dHead);
    temperature.value = temperatures.indexOf(state.temperature);
    source.value = state.own ? "own" : "random";
    drawMeans();
    draw();
  }

  const root = el("div", {
    class: "ao-explorer ao-wide ao-softmax", role: "group", "aria-label": "Softmax explorer",
  },
    el("style", {}, STYLE), headline,
    el("div", { class: "ao-body" },
      el("div", { class: "ao-controls" },
        dHead.root, temperature.root, source.root, randomRow, ownRow),
      el("div", { class: "sides" }, ...panels.map((panel) => panel.root)),
      el("p", { class: "ao-faint note" }, meaning), chart));
  host.replaceChildren(root);
  take();
  model.on("change:d_head change:temperature change:draw change:scores", take);
}

/** What the picture shows, for its title and for a screen reader. */
function inASentence(words, [plain, divided], dHead, temperature) {
  const winner = words[plain.weights.indexOf(plain.largest)];
  const heat = temperature === 1 ? "" : ` (temperature ${temperature})`;
  return `d_head ${dHead}${heat}: as they are, the scores give ${inPercent(plain.largest)} to ` +
    `“${winner}”; divided by √${dHead}, ${inPercent(divided.largest)}.`;
}

export default { render };
