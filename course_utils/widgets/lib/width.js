// A picture drawn for the place that it has is neither stretched nor shrunk with its words.

/** Call `redraw` with the width of `node` in pixels, once it is shown and when it has another. */
export function whenWidthChanges(node, redraw) {
  let last = 0;
  new ResizeObserver(([{ contentRect: { width } }]) => {
    if (width === 0 || width === last) return; // 0: it is hidden, and need not be drawn
    last = width;
    redraw(width);
  }).observe(node);
}
