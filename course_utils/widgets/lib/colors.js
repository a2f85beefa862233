// The sequential color scale of plots.py, for canvases. Its values come with the page's CSS. It
// starts from the page, so that "nothing" looks like nothing in the dark theme, too.

/** The scale as it fits the page around `node`: `scale[0]` is nothing, `scale[255]` the most. */
export function attentionScale(node) {
  const style = getComputedStyle(node.closest(".ao-explorer") ?? node);
  const paper = rgb(style.backgroundColor) ?? [255, 255, 255];
  const dark = luminance(paper) < 0.5;
  const [middle, full] = ["middle", "full"].map((stop) =>
    rgb(style.getPropertyValue(`--ao-${stop}-on-${dark ? "dark" : "light"}`)) ?? paper);
  return Array.from({ length: 256 }, (_, i) =>
    i < 128 ? between(paper, middle, i / 127) : between(middle, full, (i - 128) / 127));
}

/** The color of a share of the most, 0 to 1. */
export const colorOf = (scale, share) => scale[Math.round(255 * Math.min(1, Math.max(0, share)))];

/** From 0, black, to 1, white: the relative luminance of WCAG 2.2. */
export function luminance(color) {
  const [red, green, blue] = color.map((value) => value / 255).map((share) =>
    share <= 0.04045 ? share / 12.92 : ((share + 0.055) / 1.055) ** 2.4);
  return 0.2126 * red + 0.7152 * green + 0.0722 * blue;
}

/** Black or white, whichever has the higher contrast with a color: 4.58 : 1 at the least. */
export const inkOn = (color) => (luminance(color) > 0.179 ? "#000" : "#fff");

/** Paint `values` (row by row) into a canvas, one pixel a cell; CSS stretches it. */
export function paintCells(canvas, values, columns, most, scale) {
  canvas.width = columns;
  canvas.height = values.length / columns;
  const context = canvas.getContext("2d");
  const image = context.createImageData(canvas.width, canvas.height);
  for (let i = 0; i < values.length; i++) {
    const color = colorOf(scale, values[i] / most);
    image.data[4 * i] = color[0];
    image.data[4 * i + 1] = color[1];
    image.data[4 * i + 2] = color[2];
    image.data[4 * i + 3] = 255;
  }
  context.putImageData(image, 0, 0);
}

/** Call `redraw` when the page's theme changes, and once `root` is in a page if it is not yet.

    The change shows in root's own background: look.css gives it a transition too short to see,
    and a transition tells when it is over, or cut short as a style sheet is taken away. Nothing
    outside of the explorer is watched.
*/
export function whenThemeChanges(root, redraw) {
  if (!root.isConnected) requestAnimationFrame(redraw);
  for (const over of ["transitionend", "transitioncancel"]) {
    root.addEventListener(over, (event) => {
      if (event.target === root && event.propertyName === "background-color") redraw();
    });
  }
}

/** [red, green, blue] of "#0072b2", "rgb(0, 114, 178)"; nothing for what is transparent. */
export function rgb(color) {
  const hex = color.trim().match(/^#([0-9a-f]{2})([0-9a-f]{2})([0-9a-f]{2})$/i);
  if (hex) return hex.slice(1).map((pair) => parseInt(pair, 16));
  const numbers = (color.match(/[\d.]+/g) ?? []).map(Number);
  return numbers.length >= 3 && numbers[3] !== 0 ? numbers.slice(0, 3) : null;
}

const between = (a, b, share) => a.map((x, i) => Math.round(x + (b[i] - x) * share));
