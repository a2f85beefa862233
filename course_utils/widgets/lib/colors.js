// The two color scales of plots.py, for canvases. Both start from the page, so that "nothing"
// looks like nothing in the dark theme, too.

/** The page's background and ink as [red, green, blue]. */
export function themeOf(node) {
  const paper = rgb(getComputedStyle(node.closest(".ao-explorer") ?? node).backgroundColor);
  const dark = paper[0] + paper[1] + paper[2] < 384;
  return {
    paper,
    dark,
    // Full attention: away from the page, whichever color the page has.
    middle: dark ? [46, 134, 193] : [0, 114, 178],
    full: dark ? [222, 240, 255] : [0, 38, 59],
    plus: [213, 94, 0],
    minus: dark ? [86, 180, 233] : [0, 114, 178],
  };
}

function rgb(color) {
  const numbers = (color.match(/[\d.]+/g) ?? []).map(Number);
  return numbers.length >= 3 && !(numbers.length === 4 && numbers[3] === 0)
    ? numbers.slice(0, 3) : [255, 255, 255];
}

const between = (a, b, share) => a.map((x, i) => Math.round(x + (b[i] - x) * share));

/** 0 is the page, 1 the strongest; one hue. */
export function attentionColor(theme, value) {
  const t = Math.min(1, Math.max(0, value));
  return t < 0.5 ? between(theme.paper, theme.middle, 2 * t)
    : between(theme.middle, theme.full, 2 * t - 1);
}

/** −1 is blue, 0 the page, +1 orange. */
export function signedColor(theme, value) {
  return between(theme.paper, value < 0 ? theme.minus : theme.plus, Math.min(1, Math.abs(value)));
}

/** Paint `values` (row by row) into a canvas, one pixel a cell; CSS stretches it. */
export function paintCells(canvas, values, columns, color) {
  const rows = values.length / columns;
  canvas.width = columns;
  canvas.height = rows;
  const context = canvas.getContext("2d");
  const image = context.createImageData(columns, rows);
  for (let i = 0; i < values.length; i++) {
    const [red, green, blue] = color(values[i]);
    image.data.set([red, green, blue, 255], 4 * i);
  }
  context.putImageData(image, 0, 0);
}
