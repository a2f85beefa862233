// The theorem's construction, one layer at a time: the same, line by line, as
// course_utils/patterns/universal.py, with whole numbers of any size. All of it is computed in the
// page, the last step too, which runs every input and looks for two words with the same id.

import { button, choice, el, slider, svg } from "./lib/dom.js";

/** The layers of a choice: positions, then one after the other those that attend. */
export function layersOf({ rows, path, n_spread: nSpread, factor }, levels) {
  const n = path.length;
  const boxes = Array(n).fill(0);
  path.forEach((token, i) => { boxes[token] = (i - 1 + n) % n; });
  const layers = [{ kind: "positions", boxes }];
  path.slice(1).forEach((token, i) => {
    const acts = Math.max(0, rows.findIndex((pattern) => pattern[token].includes(path[i])));
    for (let digit = 0; digit < levels; digit++) {
      const target = BigInt(levels * boxes[token] + digit);
      rows.forEach((pattern, turn) => layers.push(
        { kind: turn === acts ? "shift" : "idle", pattern, token, target }));
    }
  });
  for (let i = 0; i < nSpread; i++) {
    layers.push({ kind: "spread", pattern: rows[i % rows.length], factor: BigInt(factor) });
  }
  return layers;
}

const highestOf = (ids, keys) => keys.reduce((best, key) => (ids[key] > ids[best] ? key : best));
const lowestOf = (ids, keys) => keys.reduce((best, key) => (ids[key] < ids[best] ? key : best));

/** The ids after a layer. */
export function advance(ids, layer, levels) {
  const { kind, pattern, boxes, target, factor } = layer;
  if (kind === "idle") return ids;
  return ids.map((id, token) => {
    if (kind === "positions") return id + BigInt(levels * boxes[token]);
    const keys = pattern[token];
    if (!keys.length) return id;
    const highest = ids[highestOf(ids, keys)];
    if (kind === "spread") return id + factor * highest;
    return id === target ? id + BigInt(levels) * (highest - ids[lowestOf(ids, keys)]) : id;
  });
}

/** The ids as they come in, and after each layer. */
export function statesOf(layers, digits, levels) {
  const states = [digits.map(BigInt)];
  for (const layer of layers) states.push(advance(states.at(-1), layer, levels));
  return states;
}

/** Every input's ids after the last layer, in the order of counting. */
export function allIds(layers, n, levels) {
  return allInputs(n, levels).map((digits) => statesOf(layers, digits, levels).at(-1));
}

function allInputs(n, levels) {
  return Array.from({ length: levels ** n }, (_, number) =>
    Array.from({ length: n }, (_, i) => Math.floor(number / levels ** (n - 1 - i)) % levels));
}

/** The smallest id that two words have, with the first two of these: [input, word] each; or null */
export function collisionIn(all) {
  const places = all.flatMap((ids, input) => ids.map((id, word) => ({ id, input, word })));
  places.sort((a, b) => (a.id < b.id ? -1 : a.id > b.id ? 1 : 0));
  const i = places.findIndex(({ id }, at) => at > 0 && id === places[at - 1].id);
  return i < 0 ? null : { id: places[i].id, first: places[i - 1], second: places[i] };
}

/** Who looks in a layer, at whom, and who of them has the highest and the lowest id. */
export function looksIn(layer, ids) {
  if (layer?.kind !== "shift" && layer?.kind !== "spread") return [];
  const queries = layer.kind === "shift" ? [layer.token] : ids.map((_, token) => token);
  return queries.filter((query) => layer.pattern[query].length).map((query) => {
    const keys = layer.pattern[query];
    return { query, keys, highest: highestOf(ids, keys), lowest: lowestOf(ids, keys) };
  });
}

/** 1,234,567 */
export const grouped = (number) => String(number).replace(/\B(?=(\d{3})+$)/g, ",");

/** 202 404 010: an id in blocks of figures, as many in each as the factor, "1000", has noughts. */
export function blocks(number, factor) {
  const [figures, width] = [String(number), String(factor).length - 1];
  const first = figures.length % width || width;
  const rest = figures.slice(first).match(new RegExp(`.{${width}}`, "g")) ?? [];
  return [figures.slice(0, first), ...rest].join("\u00a0");
}

/** What happens at a step, in words. */
export function tell({ words, levels, path, factor, digits, layers, states, step, all }) {
  const written = (id) => blocks(id, factor);
  const quoted = (word) => `“${words[word]}”`;
  if (step === 0) {
    const input = words.map((word, i) => `${word} ${digits[i]}`).join(", ");
    return `The input: ${input}. One of ${levels ** words.length}.`;
  }
  if (step === 1) {
    return "Positions: each word moves into a box of its own. Path: " +
      `${path.map((token) => words[token]).join(" → ")}. The first gets the highest box, the ` +
      "second the lowest, and from there they rise.";
  }
  if (step > layers.length) return tellOfAll();
  const [layer, ids] = [layers[step - 1], states[step - 1]];
  const begin = `Layer ${step - 1} of ${layers.length - 1}`;
  if (layer.kind === "idle") {
    return `${begin} has the other pattern, in which the path has no step: nobody moves.`;
  }
  if (layer.kind === "spread") {
    return `${begin}: everybody adds ${grouped(layer.factor)} times the highest id that it sees.`;
  }
  const { token, target } = layer;
  const meant = `${begin} is for ${quoted(token)}, if its id is ${target}. `;
  if (ids[token] !== target) return `${meant}It is ${written(ids[token])}: nobody moves.`;
  const [{ highest, lowest }] = looksIn(layer, ids);
  const grown = target + BigInt(levels) * (ids[highest] - ids[lowest]);
  return `${meant}It is: ${quoted(highest)} is the highest that it sees, ${quoted(lowest)} the ` +
    `lowest. ${target} + ${levels}·(${written(ids[highest])} − ${written(ids[lowest])}) = ` +
    `${written(grown)}.`;

  function tellOfAll() {
    const flat = all.flat();
    const begin = `All ${all.length} inputs, ${words.length} words each: ${flat.length} ids, `;
    const found = collisionIn(all);
    if (!found) return `${begin}all different. Each word knows which input it stands in.`;
    const inputs = allInputs(words.length, levels);
    const named = ({ word, input }) => `${quoted(word)} in ${inputs[input].join("")}`;
    return `${begin}${new Set(flat).size} of them different. ${named(found.first)} and ` +
      `${named(found.second)} have the same id, ${written(found.id)}.`;
  }
}

/** The power of ten at the right end of the scale: one for the shifts, one for spreading. */
function topOf(layers, states, step) {
  const spreads = layers[step - 1]?.kind === "spread";
  const shifts = layers.filter(({ kind }) => kind !== "spread").length;
  const ids = spreads ? states.at(-1) : states[shifts];
  return Math.log10(Math.max(...ids.map(Number)) + 1);
}

const superscript = (number) => [...String(number)].map((figure) => "⁰¹²³⁴⁵⁶⁷⁸⁹"[figure]).join("");

/** Where an id stands on a scale, up to 1 at its right end; of id + 1, so that 0 has a place. */
const share = (id, top) => Math.log10(Number(id) + 1) / top;

/** 0 and powers of ten below 10^top, seven at most: [number, what is written under it]. */
export function ticks(top) {
  const every = Math.ceil(Math.floor(top) / 5) || 1;
  const marks = [[0, "0"]];
  for (let power = every === 1 ? 0 : every; share(10 ** power, top) <= 1; power += every) {
    marks.push([10 ** power, power < 4 ? grouped(10 ** power) : `10${superscript(power)}`]);
  }
  return marks;
}

/** Two figures and a power of ten: 3.0·10⁸ */
export function rounded(number) {
  const [figures, power] = Number(number).toExponential(1).split("e+");
  return `${figures}·10${superscript(power)}`;
}

const STYLE = `
.ao-proof { --ao-columns: minmax(250px, 1fr) minmax(660px, 668px); }
.ao-proof .ao-choice { margin: 0 0 6px; }
.ao-proof .buttons { display: flex; gap: 6px 8px; flex-wrap: wrap; align-items: center; margin: 8px 0; }
.ao-proof .steps { display: flex; flex-wrap: wrap; gap: 8px 16px; margin: 8px 0; }
.ao-proof .ao-slider { flex: 1 1 300px; }
.ao-proof .ao-headline { min-height: 4.2em; }
/* The picture is as large as it need be: a wide page has room for the controls beside it. */
@container (min-width: 940px) {
  .ao-proof .ao-choice { flex-direction: column; }
}
.ao-proof text { font-size: 13px; }
.ao-proof text.scale { font-size: 12px; fill: var(--ao-faint); }
.ao-proof text.word, .ao-proof text.number { font-variant-numeric: tabular-nums; }
.ao-proof .moved { font-weight: 700; }
.ao-proof .lane { stroke: var(--ao-line); stroke-width: 6; stroke-linecap: round; }
.ao-proof .grid { stroke: var(--ao-line); stroke-dasharray: 2 3; }
.ao-proof .band { fill: var(--ao-shade); fill-opacity: 0.55; }
.ao-proof .pill { fill: var(--ao-page); stroke: var(--ao-faint); }
.ao-proof .pill.moved { stroke: var(--ao-orange); stroke-width: 2; }
.ao-proof .tip { fill: var(--ao-orange); }
.ao-proof .dot { fill: var(--ao-blue); }
.ao-proof .dot.moved { fill: var(--ao-orange); }
.ao-proof .was { fill: var(--ao-page); stroke: var(--ao-orange); stroke-width: 1.5; }
.ao-proof .way { stroke: var(--ao-orange); stroke-width: 4; }
.ao-proof .stripe { stroke: var(--ao-blue); }
.ao-proof .stripe.twice { stroke: var(--ao-orange); stroke-width: 3; }
.ao-proof .look { fill: none; stroke: var(--ao-faint); }
.ao-proof .look.highest { stroke: var(--ao-orange); stroke-width: 2.5; }
.ao-proof .look.lowest { stroke: var(--ao-blue); stroke-width: 2.5; stroke-dasharray: 5 3; }
.ao-proof .note { font-size: 12px; margin: 6px 0 0; }
`;
const NOTE = "Arcs on the left go to whom it sees: orange to the highest id, dashed blue to the lowest.";
const ALL_NOTE = "A stripe for each id; orange is one that two words have.";
const [WIDTH, ROW] = [668, 50];
const [ARC, WORD, LANE, LANE_END] = [88, 96, 204, 530]; // pixels from the left

function render({ model, el: host }) {
  const [words, levels, choices] = ["words", "levels", "choices"].map((name) => model.get(name));
  let chosen, digits, layers, states, all; // what is shown; `all` once it has been asked for

  const patterns = choice("Pattern", choices.map(({ name }, i) => [String(i), name]), (i) => {
    chosen = Number(i);
    build();
    step.input.max = last();
    step.value = Math.min(step.value, last());
    draw();
  });
  const step = slider("step", { min: 0, max: 1 }, (n) => `${n} of ${last()}`, draw);
  const next = button("Next move", () => {
    step.value = nextMove();
    draw();
  });
  const numbers = words.map((word, i) => button(word, () => {
    digits[i] = (digits[i] + 1) % levels;
    build();
    draw();
  }));
  const headline = el("p", { class: "ao-headline", role: "status", "aria-live": "polite" });
  const holder = el("div", { class: "ao-scroll" });
  const note = el("p", { class: "ao-faint note" });
  const last = () => (layers ? layers.length + 1 : 1);

  function build() {
    layers = layersOf(choices[chosen], levels);
    states = statesOf(layers, digits, levels);
    all = null;
  }

  /** The next step at which some id changes; after the last of them, the step of all inputs. */
  function nextMove() {
    for (let i = step.value + 1; i < states.length; i++) {
      if (states[i].some((id, word) => id !== states[i - 1][word])) return i;
    }
    return last();
  }

  function draw() {
    const now = step.value;
    const isLast = now > layers.length;
    if (isLast) all ??= allIds(layers, words.length, levels);
    headline.textContent = tell({
      words, levels, digits, layers, states, all, step: now,
      path: choices[chosen].path, factor: choices[chosen].factor,
    });
    next.disabled = isLast;
    note.textContent = `${isLast ? ALL_NOTE : NOTE} Press a word to change its number.`;
    numbers.forEach((node, i) => {
      node.textContent = `${words[i]} ${digits[i]}`;
      node.title = `${words[i]} has ${digits[i]}: press for another`;
    });
    const picture = svg("svg", {
      viewBox: `0 0 ${WIDTH} ${ROW * words.length + 34}`, role: "img",
      "aria-label": isLast ? "All ids, word by word" : "The ids, word by word, and who looks at whom",
    });
    const looks = looksIn(layers[now - 1], states[now - 1] ?? []);
    if (looks.length === 1) picture.append(svg("rect", {
      class: "band", x: 0, y: y(looks[0].query) - ROW / 2 + 2, width: WIDTH, height: ROW - 4, rx: 8,
    }));
    if (!isLast) picture.append(...gridOf(topOf(layers, states, now)));
    for (const look of looks) picture.append(...arcs(look, looks.length === 1));
    words.forEach((_, row) => picture.append(svg("line", {
      class: "lane", x1: LANE, x2: LANE_END, y1: y(row), y2: y(row),
    })));
    picture.append(...(isLast ? drawAll() : drawIds(now)));
    holder.replaceChildren(picture);
  }

  const y = (row) => ROW * (row + 0.5);

  /** Curves from who looks to whom it sees. Where all look at once, those to the highest alone. */
  function arcs({ query, keys, highest, lowest }, alone) {
    return keys.filter((key) => alone || key === highest).map((key) => {
      const kind = key === highest ? "highest" : key === lowest && alone ? "lowest" : "";
      const bulge = ARC - 20 - 20 * Math.abs(key - query);
      const [from, to] = key === query ? [y(query) - 9, y(key) + 9] : [y(query), y(key)];
      return svg("path", {
        class: `look ${kind}`, d: `M${ARC} ${from}C${bulge} ${from} ${bulge} ${to} ${ARC} ${to}`,
      });
    });
  }

  /** Lines up from the numbers of the scale, so that places in two rows can be compared. */
  const gridOf = (top) => ticks(top).map(([number]) => {
    const x = LANE + share(number, top) * (LANE_END - LANE);
    return svg("line", { class: "grid", x1: x, x2: x, y1: 6, y2: ROW * words.length });
  });

  const wordAt = (row, what, moved = false) => svg("g", {},
    svg("rect", {
      class: `pill ${moved ? "moved" : ""}`, x: WORD - 4, y: y(row) - 14, height: 28, rx: 14,
      width: LANE - WORD - 12,
    }),
    svg("text", {
      class: `word ${moved ? "moved" : ""}`, x: WORD + 8, y: y(row) + 4,
    }, what));
  const right = (row, what, moved = false) => svg("text", {
    class: `number ${moved ? "moved" : ""}`, x: WIDTH - 4, y: y(row) + 4, "text-anchor": "end",
  }, what);
  const bottom = (x, what, anchor) => svg("text", {
    class: "scale", x, y: ROW * words.length + 18, "text-anchor": anchor,
  }, what);

  /** The head of the arrow to where an id has moved, before its dot; none if there is no room. */
  function tip(from, to, row) {
    const way = Math.sign(to - from);
    if (Math.abs(to - from) < 24) return "";
    const end = to - 8 * way;
    return svg("path", {
      class: "tip", d: `M${end} ${row}L${end - 10 * way} ${row - 7}L${end - 10 * way} ${row + 7}Z`,
    });
  }

  function drawIds(now) {
    const [ids, before] = [states[now], states[Math.max(0, now - 1)]];
    const top = topOf(layers, states, now);
    const x = (id) => LANE + share(id, top) * (LANE_END - LANE);
    const marks = ids.flatMap((id, row) => {
      const moved = id !== before[row];
      const was = moved ? [
        svg("line", { class: "way", x1: x(before[row]), x2: x(id), y1: y(row), y2: y(row) }),
        tip(x(before[row]), x(id), y(row)),
        svg("circle", { class: "was", cx: x(before[row]), cy: y(row), r: 5 }),
      ] : [];
      const dot = svg("circle", { class: `dot ${moved ? "moved" : ""}`, cx: x(id), cy: y(row), r: 7 });
      return [wordAt(row, `${words[row]} ${digits[row]}`, moved), ...was, dot,
        right(row, blocks(id, choices[chosen].factor), moved)];
    });
    for (const [number, label] of ticks(top)) marks.push(bottom(x(number), label, "middle"));
    marks.push(bottom(WIDTH - 4, "the id", "end"));
    return marks;
  }

  function drawAll() {
    const most = all.flat().reduce((a, b) => (a > b ? a : b));
    const twice = collisionIn(all)?.id;
    const marks = words.flatMap((_, row) => {
      const own = [...new Set(all.map((ids) => ids[row]))];
      const stripes = own.map((id) => {
        const x = LANE + (Number(id) / Number(most)) * (LANE_END - LANE);
        return svg("line", {
          class: `stripe ${id === twice ? "twice" : ""}`, x1: x, x2: x, y1: y(row) - 15, y2: y(row) + 15,
        });
      });
      return [wordAt(row, words[row]), ...stripes, right(row, `${own.length} different`)];
    });
    marks.push(bottom(LANE, "0", "start"), bottom(LANE_END, rounded(most), "end"));
    return marks;
  }

  function take() {
    chosen = model.get("choice");
    digits = [...model.get("digits")];
    build();
    patterns.value = String(chosen);
    step.input.max = last();
    step.value = model.get("step");
    draw();
  }

  host.replaceChildren(el("div", {
    class: "ao-explorer ao-wide ao-proof", role: "group", "aria-label": "Proof stepper",
  },
  el("style", {}, STYLE),
  el("div", { class: "ao-body" },
    el("div", {}, patterns.root,
      el("div", { class: "buttons" }, el("span", {}, "The input:"), ...numbers),
      el("div", { class: "steps" }, step.root, next)),
    el("div", {}, headline, holder, note))));
  take();
  model.on("change:choice change:digits change:step", take);
}

export default { render };
