// Numbers as people write them.

/** A share: 24 %. With `orLess`, what would be written as nothing is "under 0.1 %" (one digit). */
export function percent(share, { digits = 0, orLess = false } = {}) {
  const written = (100 * share).toFixed(digits);
  return orLess && Number(written) === 0
    ? `under ${10 ** -digits}\u00a0%` : `${written}\u00a0%`;
}

/** Two digits after the point, and a minus that is as wide as a plus: −1.43. */
export const signed = (number) => number.toFixed(2).replace("-", "−");
