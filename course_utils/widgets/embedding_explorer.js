// A table of word vectors, seen from two sides at once: who is near whom in all its dimensions, and
// who seems to be on a flat map of it. The map is a projection (PCA), worked out here, in the page;
// so are all neighbours, and sums of words like king − man + woman. No kernel is asked.

import { button, choice, el, numbersIn, svg, textLine, tick } from "./lib/dom.js";
import { rgb, whenThemeChanges } from "./lib/colors.js";
import { percent } from "./lib/numbers.js";

/** Half-precision numbers, NumPy's float16: a sign, 5 bits of exponent, 10 of digits. */
export function halves(bits) {
  return Float32Array.from(bits, (half) => {
    const [sign, exponent, digits] = [half >> 15 ? -1 : 1, (half >> 10) & 31, half & 1023];
    if (exponent === 0) return sign * digits * 2 ** -24;
    return sign * (1 + digits / 1024) * 2 ** (exponent - 15);
  });
}

/** A table of n rows: their numbers one after the other, and the length of each row. */
export function tableOf(numbers, n) {
  const d = numbers.length / n;
  const row = (i) => numbers.subarray(i * d, (i + 1) * d);
  const lengths = Float64Array.from({ length: n }, (_, i) => Math.sqrt(dot(row(i), row(i))));
  return { n, d, row, lengths };
}

export function dot(a, b) {
  let sum = 0;
  for (let k = 0; k < a.length; k++) sum += a[k] * b[k];
  return sum;
}

/** The cosine of a vector with each row. */
export function cosines({ n, row, lengths }, vector) {
  const length = Math.sqrt(dot(vector, vector)) || 1;
  return Float64Array.from({ length: n }, (_, i) => dot(row(i), vector) / (lengths[i] * length));
}

/** Principal component analysis of some rows: where their middle is, the two directions (of length
    1, at right angles) along which they spread most, and the share of their spread that these keep.
*/
export function principal({ d, row }, which) {
  const middle = new Float64Array(d);
  for (const i of which) row(i).forEach((x, k) => { middle[k] += x / which.length; });
  const spread = Array.from({ length: d }, () => new Float64Array(d)); // the covariance, times n
  const off = new Float64Array(d);
  for (const i of which) {
    row(i).forEach((x, k) => { off[k] = x - middle[k]; });
    for (let k = 0; k < d; k++) for (let l = 0; l <= k; l++) spread[k][l] += off[k] * off[l];
  }
  for (let k = 0; k < d; k++) for (let l = k + 1; l < d; l++) spread[k][l] = spread[l][k];
  const total = spread.reduce((sum, line, k) => sum + line[k], 0);
  const directions = twoLargest(spread, d);
  const kept = directions.reduce((sum, one) => sum + dot(one, times(spread, one)), 0);
  return { middle, directions: directions.map(facing), kept: total ? kept / total : 1 };
}

const times = (matrix, vector) => Float64Array.from(matrix, (line) => dot(line, vector));

/** The eigenvectors of the two largest eigenvalues, by multiplying two vectors with the matrix and
    setting them at right angles, again and again, until they stay.
*/
function twoLargest(matrix, d) {
  let two = [0, 1].map((which) =>
    Float64Array.from({ length: d }, (_, k) => Math.cos(k * (which + 1)) + (k === which ? 1 : 0)));
  for (let round = 0; round < MOST_ROUNDS; round++) {
    const before = two;
    const first = unit(times(matrix, two[0]));
    const second = times(matrix, two[1]);
    const along = dot(first, second);
    two = [first, unit(second.map((x, k) => x - along * first[k]))];
    const moved = two.map((one, i) => 1 - Math.abs(dot(one, before[i])));
    if (round > 10 && Math.max(...moved) < 1e-14) break;
  }
  return two;
}

const MOST_ROUNDS = 3000;
const unit = (vector) => {
  const length = Math.sqrt(dot(vector, vector));
  return vector.map((x) => (length ? x / length : 0));
};

/** A direction or its opposite would do; the one whose largest number is positive is taken. */
const facing = (direction) => {
  const most = direction.reduce((best, x) => (Math.abs(x) > Math.abs(best) ? x : best), 0);
  return most < 0 ? direction.map((x) => -x) : direction;
};

/** A vector's place on the map. */
export const shadow = ({ middle, directions }, vector) =>
  directions.map((one) => dot(one, vector) - dot(one, middle));

/** The numbers of the k largest values, the largest first. Of two alike the first is first. */
export function largest(values, k) {
  const best = [];
  for (let i = 0; i < values.length; i++) {
    if (best.length === k && !(values[i] > values[best[k - 1]])) continue;
    let place = best.length;
    while (place > 0 && values[i] > values[best[place - 1]]) place--;
    best.splice(place, 0, i);
    if (best.length > k) best.pop();
  }
  return best;
}

/** In falling order, how many values come before number i. */
export function placeOf(values, i) {
  let before = 0;
  for (let j = 0; j < values.length; j++) {
    if (values[j] > values[i] || (values[j] === values[i] && j < i)) before++;
  }
  return before;
}

/** What stands where for a vector: the rows nearest in truth and on the map, some left out. */
export function compare(table, map, spots, vector, left, k) {
  const near = cosines(table, vector);
  const [x, y] = shadow(map, vector);
  const close = Float64Array.from({ length: table.n }, (_, i) =>
    -((spots[2 * i] - x) ** 2) - (spots[2 * i + 1] - y) ** 2);
  for (const values of [near, close]) for (const i of left) values[i] = -Infinity; // the last
  const [nearest, onMap] = [near, close].map((values) => largest(values, k));
  return {
    at: [x, y], cosine: near, nearest, onMap,
    truth: (i) => placeOf(near, i), seen: (i) => placeOf(close, i),
    shared: nearest.filter((i) => onMap.includes(i)).length,
  };
}

const STYLE = `
.ao-embedding .asked { display: grid; gap: 6px; margin: 0 0 6px; }
.ao-embedding .sum { display: flex; gap: 6px; align-items: center; flex-wrap: wrap; }
.ao-embedding .sum .ao-text { flex: 1 1 110px; }
.ao-embedding .sum .ao-text input { width: 100%; min-width: 0; }
.ao-embedding .sum .enter { display: none; }
.ao-embedding [hidden] { display: none; }
.ao-embedding .both { display: grid; gap: 12px 16px; align-items: start;
  grid-template-columns: repeat(auto-fit, minmax(min(300px, 100%), 1fr)); }
.ao-embedding figure { margin: 0; }
.ao-embedding .map { position: relative; max-width: 480px; }
.ao-embedding .map canvas { position: absolute; inset: 0; width: 100%; height: 100%; }
.ao-embedding .map svg { position: relative; cursor: crosshair; }
.ao-embedding .edge { fill: none; stroke: var(--ao-line); }
.ao-embedding .lead { stroke: var(--ao-blue); stroke-width: 1.5; }
.ao-embedding .true { fill: var(--ao-blue); }
.ao-embedding .seems { fill: var(--ao-page); stroke: var(--ao-pink); stroke-width: 2; }
.ao-embedding .given { fill: var(--ao-page); stroke: var(--ao-orange); stroke-width: 2; }
.ao-embedding .here { fill: var(--ao-orange); }
.ao-embedding .arrow { stroke: var(--ao-orange); stroke-width: 2.5; fill: none; }
.ao-embedding .arrow.moved { fill: none; stroke-dasharray: 5 3; }
.ao-embedding .map text { paint-order: stroke; stroke: var(--ao-page); stroke-width: 3px; }
.ao-embedding .lists { display: grid; gap: 8px 24px;
  grid-template-columns: repeat(auto-fit, minmax(min(250px, 100%), 1fr)); }
.ao-embedding table { border-collapse: collapse; width: 100%; font-variant-numeric: tabular-nums; }
.ao-embedding caption { text-align: left; font-weight: 600; padding: 0 0 2px; }
.ao-embedding td, .ao-embedding th { padding: 0 6px 0 0; text-align: left; background: none;
  font-weight: 400; height: 25px; }
.ao-embedding th { color: var(--ao-faint); white-space: nowrap; }
.ao-embedding td.number, .ao-embedding th.number { text-align: right; padding: 0;
  white-space: nowrap; }
.ao-embedding .mark { width: 14px; }
.ao-embedding .word { font: inherit; color: inherit; background: none; border: 0; padding: 0 4px;
  margin: 0 0 0 -4px; min-height: 24px; min-width: 24px; cursor: pointer; text-align: left;
  text-decoration: underline; text-decoration-color: var(--ao-line); text-underline-offset: 3px; }
.ao-embedding .news { margin: 0; }
.ao-embedding .news:not(:empty) { border-left: 4px solid var(--ao-orange); padding-left: 8px; }
.ao-embedding .note { margin: 6px 0 0; }
`;
const SIDE = 326; // of the map, in its own pixels: as wide as a column of a page of 700
const [DOT, MARGIN, LINE] = [5, 24, 14];

function render({ model, el: host }) {
  const { neighbours, fits } = model.get("constants");
  const words = model.get("words").split("\n");
  const table = tableOf(halves(numbersIn(model.get("vectors"), Uint16Array)), words.length);
  const numberOf = new Map(words.map((word, i) => [word, i]));
  const state = { word: 0, terms: null, isSum: false, fit: fits[0], close: true };
  const maps = new Map(); // of what the map was made -> the projection, and where all words stand
  let map, spots, found, view; // what is drawn

  const news = el("p", { class: "news", role: "alert" });
  const asked = choice("Show", [["word", "a word and its neighbours"], ["sum", "a sum of words"]],
    (which) => { state.isSum = which === "sum"; draw(); });
  const search = textLine("Word", { autocomplete: "off" }, (text) => {
    const number = known(text);
    if (number !== null) go(number);
  });
  const signs = ["", "−", "+"];
  const terms = signs.map((sign, i) => textLine(sign, {
    "aria-label": ["begin with", "subtract", "add"][i], autocomplete: "off",
  }, (text) => {
    const number = known(text);
    if (number === null) return;
    state.terms[i] = number;
    draw();
  }));
  const flattened = choice("Map made for",
    [[fits[0], "all words"], [fits[1], "those nearest in truth"]],
    (fit) => { state.fit = fit; draw(); });
  const close = tick("close up", (on) => { state.close = on; drawMap(); });
  const headline = el("p", { class: "ao-headline", role: "status" });
  const canvas = el("canvas", { "aria-hidden": "true", width: 2 * SIDE, height: 2 * SIDE });
  const picture = svg("svg", { viewBox: `0 0 ${SIDE} ${SIDE}`, role: "img" });
  const kept = el("figcaption", { class: "strong" });
  const lists = el("div", { class: "lists" });

  /** A word's number; null, and what is wrong in the page, if the table has no such word. */
  function known(text) {
    const word = text.trim().toLowerCase();
    const number = numberOf.get(word) ?? numberOf.get(text.trim());
    news.textContent = "";
    if (number !== undefined) return number;
    const alike = word ? words.filter((one) => one.startsWith(word.slice(0, 4))).slice(0, 5) : [];
    news.textContent = `“${text.trim()}” is none of the ${plain(words.length)} words` +
      `${alike.length ? `; these are: ${alike.join(", ")}` : ""}.`;
    return null;
  }

  function go(number) {
    state.word = number;
    state.isSum = false;
    draw();
  }

  // ---- what is near what

  /** The vector in question, the words left out of its neighbours, and those that made it. */
  function focus() {
    if (!state.isSum) {
      return { vector: table.row(state.word), left: [state.word], made: [state.word] };
    }
    const [a, b, c] = state.terms.map(table.row);
    return { vector: a.map((x, k) => x - b[k] + c[k]), left: [], made: state.terms };
  }

  function draw() {
    asked.value = state.isSum ? "sum" : "word";
    flattened.value = state.fit;
    search.root.hidden = state.isSum;
    sum.hidden = !state.isSum;
    search.set(words[state.word]);
    terms.forEach((term, i) => term.set(words[state.terms[i]]));
    const { vector, left, made } = focus();
    const nearest = largest(hide(cosines(table, vector), left), neighbours);
    ({ map, spots } = mapOf(state.fit === fits[0] ? null : [...new Set([...made, ...nearest])]));
    found = { ...compare(table, map, spots, vector, left, neighbours), made };
    headline.textContent = state.isSum ? tellSum() : tellWord();
    kept.textContent = `The map: 2 of ${table.d} dimensions, ${percent(map.kept)} of the spread`;
    lists.replaceChildren(drawList("Nearest in truth", "cosine", "on the map",
      found.nearest, found.seen, "true"),
    drawList("Nearest on the map", "cosine", "in truth", found.onMap, found.truth, "seems"));
    drawMap();
  }

  const hide = (values, which) => {
    for (const i of which) values[i] = -Infinity;
    return values;
  };

  /** The projection made for some rows (null: for all), and where it puts every row. */
  function mapOf(which) {
    const name = which ? which.join() : "";
    if (!maps.has(name)) {
      if (maps.size > 8) maps.delete([...maps.keys()].find((one) => one !== ""));
      const made = principal(table, which ?? [...words.keys()]);
      const places = new Float64Array(2 * words.length);
      for (let i = 0; i < words.length; i++) places.set(shadow(made, table.row(i)), 2 * i);
      maps.set(name, { map: made, spots: places });
    }
    return maps.get(name);
  }

  function tellWord() {
    const first = found.nearest[0];
    return `“${words[state.word]}”: ${found.shared} of its ${neighbours} nearest words are ` +
      `among the ${neighbours} nearest on the map. The very nearest, “${words[first]}”, ` +
      `is ${nth(found.seen(first))} there.`;
  }

  function tellSum() {
    const [a, b, c] = state.terms.map((i) => words[i]);
    const others = found.nearest.filter((i) => !found.made.includes(i));
    const best = found.nearest[0];
    const cosine = (i) => `“${words[i]}” (${round(found.cosine[i])})`;
    const putIn = found.made.includes(best)
      ? `, which was put in; of the others, to ${cosine(others[0])}` : "";
    return `${a} − ${b} + ${c} is nearest to ${cosine(best)}${putIn}.`;
  }

  function drawList(title, cosine, rank, which, places, kind) {
    const rows = which.map((i) => el("tr", {},
      el("td", { class: "mark" }, markOf(kind)),
      el("td", {}, wordButton(i), found.made.includes(i) && state.isSum ? " (put in)" : ""),
      el("td", { class: "number" }, round(found.cosine[i])),
      el("td", { class: "number" }, nth(places(i)))));
    return el("table", {}, el("caption", {}, title),
      el("thead", {}, el("tr", {}, el("th", { scope: "col", colspan: 2 }, "word"),
        el("th", { class: "number", scope: "col" }, cosine),
        el("th", { class: "number", scope: "col" }, rank))),
      el("tbody", {}, ...rows));
  }

  /** The sign by which the map shows it: a full dot for the true ones, an empty square. */
  function markOf(kind) {
    const sign = kind === "true"
      ? svg("circle", { cx: 6, cy: 6, r: DOT, class: kind })
      : svg("rect", { x: 1.5, y: 1.5, width: 9, height: 9, class: kind });
    return svg("svg", { viewBox: "0 0 12 12", style: "width: 12px", "aria-hidden": "true" }, sign);
  }

  function wordButton(number) {
    const node = button(words[number], () => go(number));
    node.className = "word";
    return node;
  }

  // ---- the map

  const spot = (i) => [spots[2 * i], spots[2 * i + 1]];

  function drawMap() {
    view = viewOf(state.close
      ? [found.at, ...[...found.nearest, ...found.onMap, ...found.made].map(spot)]
      : Array.from(words.keys(), spot));
    const seems = found.onMap.filter((i) => !found.nearest.includes(i));
    const [x, y] = view(found.at);
    const leads = found.nearest.map((i) => {
      const [x2, y2] = view(spot(i));
      return svg("line", { class: "lead", x1: x, y1: y, x2, y2 });
    });
    const squares = seems.map((i) => {
      const [left, top] = view(spot(i)).map((middle) => middle - DOT);
      return svg("rect", { class: "seems", x: left, y: top, width: 2 * DOT, height: 2 * DOT });
    });
    const dots = found.nearest.map((i) => circle("true", view(spot(i)), DOT));
    const made = state.isSum ? found.made : [];
    const names = placeLabels([
      { at: view(found.at), text: state.isSum ? "the sum" : words[state.word], strong: true },
      ...made.map((i) => ({ at: view(spot(i)), text: words[i], strong: true })),
      ...[...found.nearest, ...seems].filter((i) => !made.includes(i))
        .map((i) => ({ at: view(spot(i)), text: words[i] })),
    ], widthOf());
    picture.replaceChildren(
      svg("rect", { class: "edge", x: 0.5, y: 0.5, width: SIDE - 1, height: SIDE - 1 }),
      ...leads, ...(state.isSum ? arrows() : []), ...squares, ...dots,
      ...made.map((i) => circle("given", view(spot(i)), DOT - 1)),
      circle("here", view(found.at), DOT + 1), ...names);
    picture.setAttribute("aria-label", `The map: lines lead from ` +
      `${state.isSum ? "the sum" : `“${words[state.word]}”`} to the nearest in truth.`);
    paintCloud();
  }

  const circle = (kind, [cx, cy], r) => svg("circle", { class: kind, cx, cy, r });

  /** From what is subtracted to what is added, and the same arrow from where one begins. */
  function arrows() {
    const [a, b, c] = found.made.map((i) => view(spot(i)));
    return [arrow(b, c, "moved"), arrow(a, view(found.at), "")];
  }

  function arrow([x1, y1], [x2, y2], kind) {
    const turn = Math.atan2(y2 - y1, x2 - x1);
    const barb = (side) => {
      const way = turn + Math.PI + side * 0.5;
      return `M${x2} ${y2}L${x2 + 10 * Math.cos(way)} ${y2 + 10 * Math.sin(way)}`;
    };
    const d = `M${x1} ${y1}L${x2} ${y2}${barb(1)}${barb(-1)}`;
    return svg("path", { class: `arrow ${kind}`, d });
  }

  /** From places on the map to pixels; one scale for both, so that no distance is bent. */
  function viewOf(places) {
    const [xs, ys] = [0, 1].map((k) => places.map((place) => place[k]));
    const ends = [xs, ys].map((all) =>
      [Math.min, Math.max].map((end) => all.reduce((a, b) => end(a, b))));
    const size = Math.max(...ends.map(([low, high]) => high - low), 1e-9);
    const [midX, midY] = ends.map(([low, high]) => (low + high) / 2);
    const pixels = (SIDE - 2 * MARGIN) / size;
    return ([x, y]) => [SIDE / 2 + (x - midX) * pixels, SIDE / 2 - (y - midY) * pixels];
  }

  /** A function that says how wide a word is on the map. */
  function widthOf() {
    const context = canvas.getContext("2d");
    const family = getComputedStyle(root).fontFamily;
    return (text, strong) => {
      context.font = `${strong ? 600 : 400} 12px ${family}`;
      return context.measureText(text).width;
    };
  }

  /** All words, each a faint dot. */
  function paintCloud() {
    const context = canvas.getContext("2d");
    const ink = rgb(getComputedStyle(root).getPropertyValue("color")) ?? [102, 102, 102];
    context.setTransform(2, 0, 0, 2, 0, 0);
    context.clearRect(0, 0, SIDE, SIDE);
    context.fillStyle = `rgba(${ink}, ${state.close ? 0.25 : 0.13})`;
    for (let i = 0; i < words.length; i++) {
      const [x, y] = view(spot(i));
      if (x > 0 && y > 0 && x < SIDE && y < SIDE) context.fillRect(x - 1, y - 1, 2, 2);
    }
  }

  picture.addEventListener("click", (event) => {
    const box = picture.getBoundingClientRect();
    const [x, y] = [event.clientX - box.left, event.clientY - box.top]
      .map((at) => (at * SIDE) / box.width);
    let [best, least] = [null, 12 ** 2]; // pixels: farther away nothing was meant
    for (let i = 0; i < words.length; i++) {
      const [px, py] = view(spot(i));
      const far = (px - x) ** 2 + (py - y) ** 2;
      if (far < least) [best, least] = [i, far];
    }
    if (best !== null) go(best);
  });

  function take() {
    state.word = numberOf.get(model.get("word"));
    state.terms = model.get("terms").map((word) => numberOf.get(word));
    state.isSum = model.get("opens_with") === "sum";
    state.fit = model.get("made_for");
    draw();
  }

  const sum = el("div", { class: "sum", role: "group", "aria-label": "A sum of words" },
    ...terms.map(({ root }) => root));
  close.input.checked = state.close;
  const root = el("div", {
    class: "ao-explorer ao-wide ao-embedding", role: "group", "aria-label": "Embedding explorer",
  },
  el("style", {}, STYLE),
  el("div", { class: "asked" }, asked.root, search.root, sum), news, headline,
  el("div", { class: "both" },
    el("figure", {}, kept, el("div", { class: "map" }, canvas, picture),
      flattened.root, close.root),
    lists),
  el("p", { class: "ao-faint note" },
    "Blue dots with lines: nearest in truth, by the cosine of all dimensions. Pink squares: " +
    "nearest on the map only. Small dots: all other words. Press a word, or a dot, to go there."));
  host.replaceChildren(root);
  take();
  whenThemeChanges(root, paintCloud);
  model.on("change:word change:terms change:opens_with change:made_for", take);
}

/** Words beside their dots, none over another; where there is no room for one, the list has it. */
function placeLabels(wanted, widthOf) {
  const taken = wanted.map(({ at: [x, y] }) => [x - DOT, y - DOT, x + DOT, y + DOT]);
  const free = ([left, top, right, bottom]) => left > 0 && top > 0 && right < SIDE && bottom < SIDE
    && taken.every(([l, t, r, b]) => right < l || left > r || bottom < t || top > b);
  return wanted.flatMap(({ at: [x, y], text, strong }) => {
    const width = widthOf(text, strong);
    const places = [[x + 9, y - 7], [x - 9 - width, y - 7], [x - width / 2, y - LINE - 8],
      [x - width / 2, y + 8], [x + 6, y - 21], [x + 6, y + 7], [x - 6 - width, y - 21],
      [x - 6 - width, y + 7]];
    const place = places.find(([left, top]) => free([left, top, left + width, top + LINE]));
    if (!place) return [];
    const [left, top] = place;
    taken.push([left, top, left + width, top + LINE]);
    return [svg("text", { x: left, y: top + 11, class: strong ? "strong" : "" }, text)];
  });
}

const plain = (number) => number.toLocaleString("en-US");
const round = (number) => number.toFixed(2).replace("-", "−");

/** Place 0 is the 1st. */
export function nth(place) {
  const number = place + 1;
  const teens = number % 100 > 10 && number % 100 < 14;
  return plain(number) + (teens ? "th" : { 1: "st", 2: "nd", 3: "rd" }[number % 10] ?? "th");
}

export default { render };
