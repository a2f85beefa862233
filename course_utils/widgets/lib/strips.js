// Vectors as strips of color: blue below zero, the page at zero, orange above.

import { el } from "./dom.js";
import { inkOn, luminance, rgb } from "./colors.js";

const FULL = 2.5; // a number of so many times the usual size (root mean square) has full color

/** The scale as it fits the page around `node`: from `scale[0]`, −1, to `scale[2]`, +1. */
export function signedScale(node) {
  const style = getComputedStyle(node.closest(".ao-explorer") ?? node);
  const paper = rgb(style.backgroundColor) ?? [255, 255, 255];
  const below = luminance(paper) < 0.5 ? "--ao-middle-on-dark" : "--ao-blue";
  const color = (name) => rgb(style.getPropertyValue(name)) ?? paper;
  return [color(below), paper, color("--ao-orange")];
}

/** [red, green, blue] of a number, if `full` has full color. */
export function signedColor([below, zero, above], number, full) {
  const share = Math.min(1, Math.abs(number) / full);
  const end = number < 0 ? below : above;
  return zero.map((x, i) => Math.round(x + (end[i] - x) * share));
}

/** Which number has full color in a strip of these. */
export const fullColor = (numbers) =>
  Math.max(1e-9, FULL * Math.sqrt(numbers.reduce((sum, x) => sum + x * x, 0) / numbers.length));

/** Paint numbers into a canvas, row by row, one pixel each. */
export function paintStrip(canvas, numbers, columns, scale) {
  canvas.width = columns;
  canvas.height = Math.ceil(numbers.length / columns);
  const context = canvas.getContext("2d");
  const image = context.createImageData(canvas.width, canvas.height);
  const full = fullColor(numbers);
  numbers.forEach((number, i) => {
    const color = signedColor(scale, number, full);
    image.data.set([...color, 255], 4 * i);
  });
  context.putImageData(image, 0, 0);
}

/** The numbers themselves, `columns` in a row, each on its color. */
export function numberTable(numbers, columns, scale) {
  const full = fullColor(numbers);
  const cells = Array.from(numbers, (number, i) => {
    const color = signedColor(scale, number, full);
    return el("span", {
      style: `background: rgb(${color.join()}); color: ${inkOn(color)}`,
      title: `number ${i}: ${number.toFixed(3)}`,
    }, oneDigit(number));
  });
  return el("div", { class: "numbers", style: `--columns: ${columns}` }, ...cells);
}

const oneDigit = (number) =>
  number.toFixed(Math.abs(number) < 10 ? 1 : 0).replace("-0.0", "0.0").replace("-", "−");
