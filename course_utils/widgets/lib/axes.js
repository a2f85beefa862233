// Two axes, as small as a curve beside some sliders needs them.

import { svg } from "./dom.js";

/** A picture of `size` pixels with `margins` around what is drawn.

    x and y make places of numbers: `x(from, to)` is a function that puts `from` at the left end and
    `to` at the right one, `y(low, high)` puts `low` at the bottom. `below` and `beside` write a
    number at a place along the two sides, `across` is a line at a height.
*/
export function axes([width, height], { left, right, top, bottom }) {
  const [end, floor] = [width - right, height - bottom];
  const scale = (from, to, first, last) => (number) =>
    first + ((number - from) / (to - from)) * (last - first);
  const text = (attributes, words = "") => svg("text", { class: "small", ...attributes }, words);
  return {
    picture: svg("svg", { viewBox: `0 0 ${width} ${height}`, "aria-hidden": "true" }),
    left, end, floor, text,
    x: (from, to) => scale(from, to, left, end),
    y: (low, high) => scale(low, high, floor, top),
    below: (place, words, anchor = "middle") =>
      text({ x: place, y: floor + 16, "text-anchor": anchor }, words),
    title: (words) =>
      text({ x: (left + end) / 2, y: height - 3, "text-anchor": "middle" }, words),
    beside: (words) => text({ x: left - 6, "text-anchor": "end" }, words),
    across: (attributes) => svg("line", { x1: left, x2: end, ...attributes }),
  };
}
