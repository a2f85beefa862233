// One head up close: as words with lines between them, or as a matrix. The words that look and
// the words that are looked at may be the same sentence or, as in a translation, two.
//
// A head is { queries, keys, map }: words, words, and shares [query × key], row by row. Both
// drawings take { width, scale, pinned, onLook, onPin } with it, and a matrix, besides,
// `numbersUpTo`, the words up to which its cells have numbers, `corner`, what its sides are, and
// `tallest`, the pixels that its rows may take together. They give { picture, show }:
// `show(query, pinned)` marks one query's row (null: none) and costs no new elements.

import { el, svg } from "./dom.js";
import { percent } from "./numbers.js";
import { rove } from "./roving.js";
import { colorOf, inkOn, luminance, paintCells } from "./colors.js";

const LEAST = 0.02; // thinner lines of nothing would hide the ones that say something
const LETTER = 7.2; // pixels of room for a letter, in the drawings' two sizes of type
const SMALL_LETTER = 6.8;
const LONGEST_WORD = 16; // letters
const LOOKING = "who looks";

/** Whether a share is worth a number: not if that would be 0 %. */
const isWorthIt = (share) => Math.round(100 * share) > 0;

export const strongest = (map) => map.reduce((most, share) => Math.max(most, share), 1e-9);

/** The words that a query looks at most, with their shares: for titles and screen readers. */
export function looksMostAt({ keys, map }, query) {
  const row = Array.from(keys, (key, i) => [map[query * keys.length + i], key]);
  return row.sort((a, b) => b[0] - a[0]).slice(0, 3)
    .filter(([share]) => isWorthIt(share))
    .map(([share, key]) => `${key.replaceAll(" ", "\u00a0")}\u00a0${percent(share)}`).join(", ");
}

/** Queries on the left, keys on the right, and between them a line as wide as the look. */
export function drawWords(head, { width, scale, pinned, onLook, onPin }) {
  const { queries, keys, map } = head;
  const rows = Math.max(queries.length, keys.length);
  const step = Math.max(17, Math.min(26, 400 / rows));
  const roomy = width > 400 && step > 20;
  const letter = roomy ? LETTER : SMALL_LETTER;
  const left = Math.max(0.17 * width, roomFor([...queries, LOOKING], letter) + 14);
  const right = width - Math.max(0.3 * width, roomFor(keys, letter) + 52);
  const y = (i) => 28 + step * (i + 0.5);
  const ink = luminance(scale[0]) < 0.5 ? "var(--ao-sky)" : "var(--ao-blue)";
  const picture = svg("svg", {
    viewBox: `0 0 ${width} ${32 + step * rows}`, class: roomy ? "roomy" : "",
  });

  const lines = [];
  map.forEach((share, i) => {
    if (share < LEAST) return;
    const [query, key] = [Math.floor(i / keys.length), i % keys.length];
    lines.push({ query, share, line: curve([left, y(query)], [right, y(key)], ink) });
  });
  const bars = keys.map((_, i) => svg("rect", {
    x: right + 2, y: y(i) - step / 2 + 2, height: step - 4, rx: 2, fill: ink, "fill-opacity": 0.28,
  }));
  const numbers = keys.map((_, i) =>
    svg("text", { x: width - 4, y: y(i) + 4, "text-anchor": "end", class: "share" }));
  const looking = lookers(head, (i) => ({ right: left - 2, y: y(i), height: step, letter }),
    { pinned, onLook, onPin });
  picture.append(
    svg("text", { x: left - 8, y: 14, "text-anchor": "end", class: "share" }, LOOKING),
    svg("text", { x: right + 8, y: 14, class: "share" }, "at whom"),
    ...bars, ...lines.map(({ line }) => line), ...looking.nodes, ...numbers,
    ...keys.map((key, i) => svg("text", { x: right + 8, y: y(i) + 4 }, shortened(key))));

  function show(query, kept) {
    const alone = query !== null;
    for (const { line, query: from, share } of lines) {
      line.style.display = !alone || from === query ? "" : "none";
      line.style.strokeOpacity = Math.min(1, (alone ? 0.45 : 0.12) + 0.8 * share);
      line.style.strokeWidth = Math.max(alone ? 1.2 : 0.6, (alone ? 9 : 6) * share);
    }
    keys.forEach((_, key) => {
      const share = alone ? map[query * keys.length + key] : 0;
      const told = isWorthIt(share);
      bars[key].setAttribute("width", told ? share * (width - right - 2) : 0);
      numbers[key].textContent = told ? percent(share) : "";
    });
    looking.mark(query, kept);
  }
  return { picture, show };
}

function curve([x1, y1], [x2, y2], ink) {
  const middle = (x1 + x2) / 2;
  return svg("path", {
    d: `M${x1} ${y1}C${middle} ${y1} ${middle} ${y2} ${x2} ${y2}`, fill: "none", stroke: ink,
  });
}

/** Queries down, keys across. */
export function drawMatrix(head, how) {
  const { width, scale, pinned, onLook, onPin, numbersUpTo } = how;
  const { corner = "who looks ↓  at whom →", tallest = Infinity } = how;
  const { queries, keys, map } = head;
  const left = roomFor(queries, SMALL_LETTER) + 14;
  const top = roomFor(keys, SMALL_LETTER) + 30;
  const room = Math.min((width - left - 4) / keys.length, tallest / queries.length);
  const cell = Math.max(12, Math.min(36, room));
  const [across, down] = [cell * keys.length, cell * queries.length];
  const picture = svg("svg", {
    // Never stretched beyond the width it is drawn for: four words need not fill the page.
    viewBox: `0 0 ${Math.max(width, left + across + 4)} ${top + down + 4}`,
    style: `min-width: ${left + across + 4}px`, // nor made smaller than its words
  });
  const most = strongest(map);
  const canvas = el("canvas");
  paintCells(canvas, map, keys.length, most, scale);
  const image = svg("image", {
    href: canvas.toDataURL(), x: left, y: top, width: across, height: down,
    preserveAspectRatio: "none", style: "image-rendering: pixelated",
  });
  const rowAt = (event) => {
    const box = image.getBoundingClientRect();
    const row = Math.floor(((event.clientY - box.top) / box.height) * queries.length);
    return Math.min(queries.length - 1, Math.max(0, row));
  };
  image.addEventListener("mousemove", (event) => onLook(rowAt(event)));
  image.addEventListener("mouseleave", () => onLook(null));
  image.addEventListener("click", (event) => onPin(rowAt(event)));
  const middle = (i) => cell * (i + 0.5);
  const looking = lookers(head,
    (i) => ({ right: left, y: top + middle(i), height: cell, letter: SMALL_LETTER }),
    { pinned, onLook, onPin });
  const frame = svg("rect", {
    x: left, width: across, height: cell, fill: "none", stroke: "var(--ao-orange)",
    "stroke-width": 2, "pointer-events": "none",
  });
  picture.append(
    svg("text", { x: 2, y: 12, class: "share" }, corner), image,
    svg("rect", {
      x: left, y: top, width: across, height: down, fill: "none", stroke: "var(--ao-line)",
      "pointer-events": "none",
    }),
    ...looking.nodes,
    ...keys.map((key, i) => svg("text", {
      transform: `translate(${left + middle(i) + 4} ${top - 6}) rotate(-90)`, "aria-hidden": "true",
    }, shortened(key))),
    ...(keys.length <= numbersUpTo && cell >= 22 ? numbersIn() : []), frame);

  function numbersIn() {
    return Array.from(map, (share, i) => {
      if (!isWorthIt(share)) return "";
      const color = colorOf(scale, share / most);
      return svg("text", {
        x: left + middle(i % keys.length), y: top + middle(Math.floor(i / keys.length)) + 4,
        "text-anchor": "middle", "pointer-events": "none", "data-on": color,
        "aria-hidden": "true", // a hundred bare numbers: whoever looks says its row in words
        style: `fill: ${inkOn(color)}`,
      }, Math.round(100 * share));
    });
  }

  function show(query, kept) {
    frame.setAttribute("visibility", query === null ? "hidden" : "visible");
    frame.setAttribute("y", top + cell * (query ?? 0));
    looking.mark(query, kept);
  }
  return { picture, show };
}

/** The words that look. Tab reaches one of them, the arrow keys the others. */
function lookers({ queries }, place, { pinned, onLook, onPin }) {
  const nodes = queries.map((query, i) => {
    const { right, y, height, letter } = place(i);
    const room = letter * shortened(query).length + 14;
    const node = svg("g", {
      class: "token", role: "button", "aria-label": `${query}, word ${i + 1}`,
    },
    svg("rect", { class: "reach", x: 0, y: y - height / 2, width: right, height }),
    svg("rect", {
      class: "back", x: right - room, y: y - height / 2 + 1, width: room, height: height - 2, rx: 3,
    }),
    svg("text", { x: right - 6, y: y + 4, "text-anchor": "end" }, shortened(query)));
    for (const event of ["mouseenter", "focus"]) node.addEventListener(event, () => onLook(i));
    for (const event of ["mouseleave", "blur"]) node.addEventListener(event, () => onLook(null));
    node.addEventListener("click", () => onPin(i));
    node.addEventListener("keydown", (event) => {
      if (!["Enter", " "].includes(event.key)) return;
      event.preventDefault();
      onPin(i);
    });
    return node;
  });
  const next = (key, i) => {
    const step = { ArrowDown: 1, ArrowUp: -1 }[key];
    return step && (i + step + nodes.length) % nodes.length;
  };
  rove(nodes, { next, start: pinned ?? 0 });

  function mark(query, kept) {
    nodes.forEach((node, i) => {
      node.classList.toggle("chosen", i === query);
      node.setAttribute("aria-pressed", String(i === kept));
    });
  }
  return { nodes, mark };
}

const shortened = (word) =>
  word.length > LONGEST_WORD ? `${word.slice(0, LONGEST_WORD - 1)}…` : word;

const roomFor = (words, letter) =>
  letter * Math.max(...words.map((word) => shortened(word).length));
