// Byte-pair encoding with the number of merges on a slider. The list of merges is here, in the
// page, so that neither the slider nor typing asks Python for anything.
//
// The trick that makes the slider quick: a piece of text starts as single bytes, and a merge does
// nothing but remove the boundary between two neighbours. So each boundary is removed by one
// merge or by none, and it is enough to work out, once for a text, which one: `removedBy`.

import { axes } from "./lib/axes.js";
import { button, el, keepKeys, numbersIn, slider, svg } from "./lib/dom.js";

// What Python's re calls white space, which is not quite what JavaScript's \s is.
const BLANK = "\\t-\\r\\x1c- \\x85\\xa0\\u1680\\u2000-\\u200a\\u2028\\u2029\\u202f\\u205f\\u3000";

/** The words that no merge crosses: course_utils.text.WORDS, character class by class. */
export const WORDS = new RegExp(
  "'(?:[sdmt]|ll|ve|re)" +
  "| ?[\\p{L}\\p{Nl}\\p{No}]+" +
  "| ?\\p{Nd}+" +
  `| ?[^${BLANK}\\p{L}\\p{N}]+` +
  `|[${BLANK}]+(?![^${BLANK}])` +
  `|[${BLANK}]+`,
  "gu",
);

const NEVER = Infinity;
const pairKey = (left, right) => left * 2 ** 21 + right;

/** What Python sends: left, right and merged id of each merge, one after the other. */
export function readMerges(numbers) {
  const ranks = new Map(); // pair -> [place in the order, id of what it becomes]
  const spelled = Array.from({ length: 256 }, (_, byte) => [byte]); // id -> its bytes
  const vocabularySizes = [256]; // after 0, 1, 2, … merges
  for (let i = 0; i < numbers.length; i += 3) {
    const [left, right, merged] = numbers.subarray(i, i + 3);
    ranks.set(pairKey(left, right), [i / 3, merged]);
    spelled[merged] = [...spelled[left], ...spelled[right]];
    vocabularySizes.push(spelled.length);
  }
  return { ranks, spelled, vocabularySizes };
}

/** For each boundary before byte i: the number of the merge that removes it, or Infinity. */
export function removedBy(text, ranks) {
  const known = new Map(); // most words come more than once
  const removed = [];
  for (const [word] of text.matchAll(WORDS)) {
    if (!known.has(word)) known.set(word, mergeAll(new TextEncoder().encode(word), ranks));
    removed.push(...known.get(word));
  }
  return removed;
}

/** Always the earliest merge that applies, everywhere in the word, until none does. */
function mergeAll(bytes, ranks) {
  const removed = new Array(bytes.length).fill(NEVER);
  const tokens = Array.from(bytes, (id, start) => ({ id, start }));
  const known = (i) => ranks.get(pairKey(tokens[i].id, tokens[i + 1].id)) ?? [NEVER, -1];
  // Two pairs may spell the same token; then an earlier merge can become possible after a later
  // one, and with fewer merges than the later one neither would happen. Hence the maximum.
  let latest = 0;
  for (;;) {
    let [best, merged] = [NEVER, -1];
    for (let i = 0; i + 1 < tokens.length; i++) {
      if (known(i)[0] < best) [best, merged] = known(i);
    }
    if (best === NEVER) return removed;
    latest = Math.max(latest, best);
    for (let i = 0; i + 1 < tokens.length; i++) {
      if (known(i)[0] !== best) continue;
      removed[tokens[i + 1].start] = latest;
      tokens[i].id = merged;
      tokens.splice(i + 1, 1);
    }
  }
}

/** Where the pieces begin and end, in bytes, after the first nMerges merges. */
export function pieceSpans(removed, nMerges) {
  const starts = [];
  for (let i = 0; i < removed.length; i++) if (removed[i] >= nMerges) starts.push(i);
  return starts.map((start, i) => [start, starts[i + 1] ?? removed.length]);
}

const UTF8 = new TextDecoder("utf-8", { fatal: true, ignoreBOM: true });

/** Bytes as a reader sees them: whole characters as text, leftover bytes in hexadecimal. */
export function readable(bytes) {
  const parts = [];
  for (let i = 0; i < bytes.length; ) {
    const length = characterLength(bytes[i]);
    try {
      if (length === 0 || i + length > bytes.length) throw new RangeError("not a whole character");
      const text = UTF8.decode(Uint8Array.from(bytes.slice(i, i + length)));
      parts.push({ text });
      i += length;
    } catch {
      parts.push({ byte: bytes[i].toString(16).toUpperCase().padStart(2, "0") });
      i += 1;
    }
  }
  return parts;
}

/** How many bytes the UTF-8 character beginning with this byte has; 0 where none can begin. */
function characterLength(first) {
  if (first < 0x80) return 1;
  if (first < 0xc2) return 0;
  if (first < 0xe0) return 2;
  if (first < 0xf0) return 3;
  return first < 0xf5 ? 4 : 0;
}

/** The number of pieces after 0, 1, 2, … nMerges merges. */
export function piecesByMerges(removed, nMerges) {
  const lost = new Array(nMerges + 1).fill(0);
  for (const rank of removed) if (rank < nMerges) lost[rank + 1]++;
  let left = removed.length;
  return lost.map((n) => (left -= n));
}

const TINTS = 5;
const STYLE = `
.ao-bpe .ao-controls { grid-template-columns: minmax(0, 1fr); gap: 8px; }
/* On a wide page the pieces stand beside what changes them. */
@container (min-width: 940px) {
  .ao-bpe .ao-headline { min-height: 1.4em; }
  .ao-bpe .body { display: grid; gap: 28px; grid-template-columns: 668px minmax(0, 1fr); }
}
.ao-bpe .ao-slider { grid-template-columns: 84px minmax(60px, 1fr) 60px; }
.ao-bpe .buttons { display: flex; gap: 8px; flex-wrap: wrap; }
.ao-bpe figure { margin-top: 4px; }
.ao-bpe .story { margin: 8px 0; min-height: 1.4em; }
/* The last thing in its column: it may grow and shrink, and nothing moves from under the mouse. */
.ao-bpe .chips { line-height: 2.1; max-height: 250px; overflow-y: auto; overflow-wrap: anywhere;
  padding: 3px; contain: layout paint; font-size: 15px;
  font-family: var(--jp-code-font-family, monospace); }
.ao-bpe .chip { position: relative; isolation: isolate; display: inline-block; line-height: 1.5;
  padding: 1px 2px; margin: 0 2px 0 0; border-radius: 4px; white-space: pre-wrap;
  border-bottom: 3px solid var(--tint); }
.ao-bpe .chip::before { content: ""; position: absolute; inset: 0; z-index: -1;
  border-radius: 4px 4px 0 0; background: var(--tint); opacity: 0.22; }
.ao-bpe .tint0 { --tint: var(--ao-blue); }
.ao-bpe .tint1 { --tint: var(--ao-orange); }
.ao-bpe .tint2 { --tint: var(--ao-green); }
.ao-bpe .tint3 { --tint: var(--ao-pink); }
.ao-bpe .tint4 { --tint: var(--ao-sky); }
.ao-bpe .chip.new { outline: 2px solid var(--ao-orange); font-weight: 700; }
.ao-bpe .byte { font-size: 12px; border-bottom: 2px dotted var(--ao-ink); margin: 0 1px; }
`;

const SHOWN_FOR = { " ": "·", "\n": "↵", "\t": "⇥", "\r": "␍" };
const plain = (number) => number.toLocaleString("en-US");
const count = (number, noun) => `${plain(number)} ${noun}${number === 1 ? "" : "s"}`;

/** A color for each piece, by where it begins: it keeps it while others merge. Neighbours differ. */
export function tintsOf(spans) {
  let before = -1;
  return spans.map(([start]) => {
    const own = start % TINTS;
    before = own === before ? (own + 1) % TINTS : own;
    return before;
  });
}

/** One piece as a box: its characters, a mark for white space, hexadecimal for loose bytes. */
function drawChip(bytes, tint, isNew) {
  const chip = el("span", { class: `chip tint${tint}${isNew ? " new" : ""}` });
  for (const { text, byte } of readable(bytes)) {
    if (byte) chip.append(el("span", { class: "byte" }, byte));
    else chip.append(SHOWN_FOR[text] ?? text);
  }
  return chip;
}

/** A piece in a sentence: quoted characters; loose bytes by their number. */
export function inWords(bytes) {
  const spelled = ({ text, byte }) => (byte ? `<${byte}>` : SHOWN_FOR[text] ?? text);
  return `'${readable(bytes).map(spelled).join("")}'`;
}

/** How many pieces are left after each number of merges, as a curve with the slider's place. */
function drawCurve(nMerges) {
  const sides = axes([668, 100], { left: 44, right: 76, top: 12, bottom: 24 });
  const { picture, floor, below } = sides;
  const x = sides.x(0, Math.max(1, nMerges));
  const line = svg("path", { fill: "none", stroke: "var(--ao-blue)", "stroke-width": 2 });
  const dot = svg("circle", { r: 5, fill: "var(--ao-orange)" });
  const most = sides.beside();
  const least = sides.text({ "text-anchor": "start" });
  picture.append(sides.across({ y1: floor, y2: floor, stroke: "var(--ao-faint)" }),
    line, dot, most, least,
    below(x(0), "0"), below(x(nMerges), plain(nMerges)), below(x(nMerges / 2), "merges"));
  let y;
  let pieces;
  return {
    picture,
    setText(removed) {
      pieces = piecesByMerges(removed, nMerges);
      y = sides.y(0, Math.max(1, pieces[0]));
      let d = `M${x(0)} ${y(pieces[0])}`;
      for (let k = 1; k <= nMerges; k++) {
        if (pieces[k] !== pieces[k - 1]) d += `H${x(k).toFixed(1)}V${y(pieces[k]).toFixed(1)}`;
      }
      line.setAttribute("d", `${d}H${x(nMerges)}`);
      most.setAttribute("y", y(pieces[0]) + 4);
      most.textContent = plain(pieces[0]);
      least.setAttribute("x", x(nMerges) + 6);
      least.setAttribute("y", y(pieces[nMerges]) + 4);
      least.textContent = count(pieces[nMerges], "piece");
    },
    mark(merges) {
      dot.setAttribute("cx", x(merges));
      dot.setAttribute("cy", y(pieces[merges]));
    },
  };
}

function render({ model, el: host }) {
  const { longest_text: longest } = model.get("constants");
  const numbers = numbersIn(model.get("merges"), Int32Array);
  const counts = numbersIn(model.get("counts"), Int32Array);
  const nMerges = numbers.length / 3;
  const { ranks, spelled, vocabularySizes } = readMerges(numbers);
  const encoder = new TextEncoder();
  let bytes, removed, characters, drawn;

  const sentence = textBox("Your sentence", { rows: 2, maxlength: longest }, read);
  const merges = slider("merges", { min: 0, max: nMerges }, plain, draw);
  const back = button("Previous merge here", () => jump(lastBefore(removed, merges.value)));
  const on = button("Next merge here", () => jump(nextAfter(removed, merges.value)));
  const headline = el("p", { class: "ao-headline", role: "status", "aria-live": "polite" });
  const story = el("p", { class: "story" });
  const chips = el("div", { class: "chips", role: "group", "aria-label": "The pieces" });
  const curve = drawCurve(nMerges);

  function read(text) {
    bytes = encoder.encode(text);
    removed = removedBy(text, ranks);
    characters = [...text].length;
    curve.setText(removed);
    drawn = null;
    draw(merges.value);
  }

  function jump(n) {
    merges.value = n;
    draw(n);
  }

  function draw(n) {
    const spans = pieceSpans(removed, n);
    const isNew = ([start, end]) => n > 0 && removed.slice(start + 1, end).includes(n - 1);
    // A merge that changes nothing here leaves the same pieces, so that most moves cost nothing.
    const picture = `${spans.length} ${spans.filter(isNew)}`;
    if (picture !== drawn) {
      const tints = tintsOf(spans);
      chips.replaceChildren(...spans.map((span, i) =>
        drawChip(bytes.subarray(...span), tints[i], isNew(span))));
      drawn = picture;
    }
    const each = spans.length ? (characters / spans.length).toFixed(2) : "no";
    headline.textContent = `${count(n, "merge")}: ${count(spans.length, "piece")}, ` +
      `${each} characters a piece, from a vocabulary of ${plain(vocabularySizes[n])}.`;
    story.textContent = tellMerge(n, spans.filter(isNew).length);
    curve.mark(n);
    back.disabled = lastBefore(removed, n) === n;
    on.disabled = nextAfter(removed, n) === n;
  }

  function tellMerge(n, here) {
    if (n === 0) return `No merge yet: every byte stands alone (${count(bytes.length, "byte")}).`;
    const [left, right] = [spelled[numbers[3 * n - 3]], spelled[numbers[3 * n - 2]]];
    const often = counts.length ? `, seen ${count(counts[n - 1], "time")}` : "";
    const used = here ? `made ${count(here, "piece")} here (outlined)` : "changes nothing here";
    return `Merge ${plain(n)}: ${inWords(left)} + ${inWords(right)} → ` +
      `${inWords([...left, ...right])}${often}; ${used}.`;
  }

  merges.value = model.get("n_merges");
  sentence.value = model.get("text");
  read(model.get("text"));
  model.on("change:n_merges", () => jump(model.get("n_merges")));
  model.on("change:text", () => {
    sentence.value = model.get("text");
    read(model.get("text"));
  });
  host.replaceChildren(el("div", {
    class: "ao-explorer ao-wide ao-bpe", role: "group", "aria-label": "BPE explorer",
  },
    el("style", {}, STYLE), headline,
    el("div", { class: "body" },
      el("div", {},
        el("div", { class: "ao-controls" }, sentence.root, merges.root,
          el("div", { class: "buttons" }, back, on)),
        el("figure", {}, el("figcaption", { class: "strong" }, "Pieces left in this sentence"),
          el("div", { class: "ao-scroll" }, curve.picture))),
      el("div", {}, story, chips))));
}

/** A labelled text box that tells every change. */
function textBox(label, attributes, onInput) {
  const box = keepKeys(el("textarea", { spellcheck: "false", ...attributes }));
  box.addEventListener("input", () => onInput(box.value));
  return {
    root: el("label", { class: "ao-text" }, el("span", {}, label), box),
    set value(text) { box.value = text; },
  };
}

/** The slider's place after the last merge before n that acts in this text; 0 if none does. */
export function lastBefore(removed, n) {
  return removed.reduce((best, rank) => (rank + 1 < n ? Math.max(best, rank + 1) : best), 0);
}

/** The slider's place after the first merge from n on that acts in this text; n if none does. */
export function nextAfter(removed, n) {
  const next = Math.min(...removed.filter((rank) => rank >= n), Infinity);
  return next === Infinity ? n : next + 1;
}

export default { render };
