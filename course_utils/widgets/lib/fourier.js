// The Fourier transform by its definition: how much of each wave is in a signal, and back.
//
// Of n numbers there are waves of 0, 1, … ⌊n/2⌋ rounds, each with a cosine and a sine. n · n
// multiplications are a millisecond or two for the few hundred numbers of a picture.

/** { cos, sin }: the dot products of the signal with each wave's cosine and with its −sine. */
export function spectrumOf(signal) {
  const n = signal.length;
  const [cos, sin] = [new Float64Array(nWaves(n)), new Float64Array(nWaves(n))];
  const circle = circleOf(n);
  for (let wave = 0; wave < cos.length; wave++) {
    for (let place = 0; place < n; place++) {
      const angle = (wave * place) % n;
      cos[wave] += signal[place] * circle.cos[angle];
      sin[wave] -= signal[place] * circle.sin[angle];
    }
  }
  return { cos, sin };
}

/** The sum of those waves for which `kept(wave)` says so: with all of them, the signal again. */
export function signalOf({ cos, sin }, n, kept = () => true) {
  const signal = new Float64Array(n);
  for (let wave = 0; wave < cos.length; wave++) {
    if (kept(wave)) addWave(signal, { cos, sin }, wave);
  }
  return signal;
}

/** One wave, as it stands in the signal. */
export function waveOf(spectrum, n, wave) {
  const signal = new Float64Array(n);
  addWave(signal, spectrum, wave);
  return signal;
}

/** How high each wave goes: its amplitude, in the signal's own units. */
export const amplitudesOf = ({ cos, sin }, n) =>
  Float64Array.from(cos, (_, wave) => (share(wave, n) * Math.hypot(cos[wave], sin[wave])) / n);

export const nWaves = (n) => Math.floor(n / 2) + 1;

// Waves between the slowest and the fastest stand for two, one that turns the other way as well.
const share = (wave, n) => (wave === 0 || 2 * wave === n ? 1 : 2);

function addWave(signal, { cos, sin }, wave) {
  const n = signal.length;
  const circle = circleOf(n);
  for (let place = 0; place < n; place++) {
    const angle = (wave * place) % n;
    signal[place] +=
      (share(wave, n) * (cos[wave] * circle.cos[angle] - sin[wave] * circle.sin[angle])) / n;
  }
}

const circles = new Map();
function circleOf(n) {
  if (!circles.has(n)) {
    const angles = Array.from({ length: n }, (_, i) => (2 * Math.PI * i) / n);
    circles.set(n, { cos: angles.map(Math.cos), sin: angles.map(Math.sin) });
  }
  return circles.get(n);
}
