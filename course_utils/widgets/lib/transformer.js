// The course's language model, forwards: what `models.LanguageModel` does, computed in the page.
//
// A reading is a table for everything the model makes of a text, one row a token. Nothing that
// comes later changes a row, because no token hears the future: so one more token is one more row
// in each table, and the keys and values that stand there already are the key/value cache.
//
//     const model = unpackWeights(about, bytes);
//     const reading = newReading(model, 64); // room for 64 tokens
//     for (const id of ids) readOn(reading, id);
//     reading.logits.row(reading.n - 1); // what comes next
//
// The blocks are pre-norm: x + attention(norm(x)), then x + feedForward(norm(x)). Queries and keys
// are turned by their positions (rotary), and the embedding, read backwards, gives the logits.

const TINY = 1e-5; // what torch's LayerNorm adds to a variance
const FREQUENCY_BASE = 10000; // of the rotary clocks

/** A table of `room` rows: `row(i)` is a view, and what is written to it stays. */
function table(room, width) {
  const numbers = new Float32Array(room * width);
  return { width, numbers, row: (i) => numbers.subarray(i * width, (i + 1) * width) };
}

/** Matrices and vectors by the names that torch has for them, each one Float32Array.

    `about` is what Python says of the bytes: `layout`, the names with their sizes in their order;
    `type`, "float16" or "float32"; and the model's `n_heads`, `n_layers` and `scale`.
*/
export function unpackWeights(about, bytes) {
  const halves = about.type === "float16";
  const all = halves ? fromHalves(alignedCopy(bytes, Uint16Array)) : alignedCopy(bytes, Float32Array);
  const weights = {};
  let start = 0;
  for (const [name, size] of about.layout) {
    weights[name] = all.subarray(start, (start += size));
  }
  const embedding = weights["embedding.tokens.weight"];
  const dModel = weights["encoder.final_norm.weight"].length;
  return {
    weights, embedding, dModel,
    nHeads: about.n_heads,
    nLayers: about.n_layers,
    scale: about.scale,
    dHead: dModel / about.n_heads,
    dFf: weights["encoder.blocks.0.ffn.widen.bias"].length,
    vocabSize: embedding.length / dModel,
  };
}

const alignedCopy = (view, Type) =>
  new Type(view.buffer.slice(view.byteOffset, view.byteOffset + view.byteLength));

/** Numbers of two bytes as those of four: a sign, five bits of exponent, ten of fraction. */
function fromHalves(halves) {
  return Float32Array.from(halves, (bits) => {
    const sign = bits & 0x8000 ? -1 : 1;
    const exponent = (bits >> 10) & 31;
    const fraction = (bits & 1023) / 1024;
    return sign * (exponent ? (1 + fraction) * 2 ** (exponent - 15) : fraction * 2 ** -14);
  });
}

/** Empty tables for up to `room` tokens. */
export function newReading(model, room) {
  const { dModel, dFf, nHeads, nLayers, vocabSize } = model;
  const block = () => ({
    query: table(room, dModel), key: table(room, dModel), value: table(room, dModel),
    maps: Array.from({ length: nHeads }, () => table(room, room)), // who looks at whom
    mixed: table(room, dModel), // what the heads bring, put together
    middle: table(room, dModel), // the residual stream after attention
    widened: table(room, dFf), // inside the feed-forward layer, after GELU
    thought: table(room, dModel), // what the feed-forward layer adds
    after: table(room, dModel), // the residual stream after the block
  });
  return {
    model, room, n: 0, ids: [],
    embedded: table(room, dModel),
    blocks: Array.from({ length: nLayers }, block),
    logits: table(room, vocabSize),
  };
}

/** One more token: a row in each table. */
export function readOn(reading, id) {
  const { model, blocks, n } = reading;
  if (n >= reading.room) throw new RangeError(`there is room for ${reading.room} tokens.`);
  let x = reading.embedded.row(n);
  embed(x, model, id);
  blocks.forEach((block, layer) => {
    throughBlock(block, x, n, weightsOf(model, layer), model);
    x = block.after.row(n);
  });
  lens(reading.logits.row(n), x, model);
  reading.ids.push(id);
  reading.n += 1;
}

/** A token's row of the embedding, √d times as long. */
function embed(out, { embedding, dModel, scale }, id) {
  for (let i = 0; i < dModel; i++) out[i] = scale * embedding[id * dModel + i];
}

/** Logits of what a vector of the residual stream would say now: closing norm, embedding backwards.

    After the last block that is what the model says. After an earlier one it is the "logit lens".
*/
export function lens(out, x, { weights, embedding, dModel }) {
  const normed = new Float32Array(dModel);
  layerNorm(normed, x, weights["encoder.final_norm.weight"], weights["encoder.final_norm.bias"]);
  linear(out, normed, embedding, null);
}

/** A block's matrices by their short names: own("mixer.query.weight"). */
const weightsOf = ({ weights }, layer) => (name) => weights[`encoder.blocks.${layer}.${name}`];

/** Attention, added to the stream; then the feed-forward layer, added to the stream. */
function throughBlock(block, x, n, own, model) {
  const normed = new Float32Array(model.dModel);
  layerNorm(normed, x, own("mixer_norm.weight"), own("mixer_norm.bias"));
  attend(block, normed, n, own, model);
  add(block.middle.row(n), x, block.mixed.row(n));

  layerNorm(normed, block.middle.row(n), own("ffn_norm.weight"), own("ffn_norm.bias"));
  const widened = block.widened.row(n);
  linear(widened, normed, own("ffn.widen.weight"), own("ffn.widen.bias"));
  for (let i = 0; i < widened.length; i++) widened[i] = gelu(widened[i]);
  linear(block.thought.row(n), widened, own("ffn.narrow.weight"), own("ffn.narrow.bias"));
  add(block.after.row(n), block.middle.row(n), block.thought.row(n));
}

/** The token's query meets the keys of all tokens so far, in each head; the values are averaged. */
function attend(block, normed, n, own, { dModel, dHead, nHeads }) {
  for (const part of ["query", "key", "value"]) {
    linear(block[part].row(n), normed, own(`mixer.${part}.weight`), own(`mixer.${part}.bias`));
  }
  turnByPosition(block.query.row(n), n, dHead);
  turnByPosition(block.key.row(n), n, dHead);

  const brought = new Float32Array(dModel); // by the heads, side by side
  for (let head = 0; head < nHeads; head++) {
    const ours = (row) => row.subarray(head * dHead, (head + 1) * dHead);
    const shares = block.maps[head].row(n).subarray(0, n + 1); // nobody after n
    const query = ours(block.query.row(n));
    for (let i = 0; i <= n; i++) shares[i] = dot(query, ours(block.key.row(i))) / Math.sqrt(dHead);
    softmaxInPlace(shares);
    const sum = ours(brought);
    for (let i = 0; i <= n; i++) {
      const value = ours(block.value.row(i));
      for (let j = 0; j < dHead; j++) sum[j] += shares[i] * value[j];
    }
  }
  linear(block.mixed.row(n), brought, own("mixer.out.weight"), own("mixer.out.bias"));
}

/** Rotary positions: each pair of a head's numbers is a clock hand, turned further token by token. */
function turnByPosition(row, position, dHead) {
  for (let i = 0; i < row.length; i += 2) {
    const angle = position * FREQUENCY_BASE ** (-(i % dHead) / dHead);
    const [cos, sin, a, b] = [Math.cos(angle), Math.sin(angle), row[i], row[i + 1]];
    row[i] = a * cos - b * sin;
    row[i + 1] = b * cos + a * sin;
  }
}

/** out = weight · x + bias; the weight's rows lie one after the other, as torch stores them. */
function linear(out, x, weight, bias) {
  const width = x.length;
  for (let i = 0; i < out.length; i++) {
    const start = i * width;
    let sum = bias ? bias[i] : 0;
    for (let j = 0; j < width; j++) sum += weight[start + j] * x[j];
    out[i] = sum;
  }
}

/** (x − mean) / spread, then each number's own scale and shift. */
function layerNorm(out, x, scale, shift) {
  const size = x.length;
  const mean = x.reduce((sum, number) => sum + number, 0) / size;
  const variance = x.reduce((sum, number) => sum + (number - mean) ** 2, 0) / size;
  const spread = Math.sqrt(variance + TINY);
  for (let i = 0; i < size; i++) out[i] = ((x[i] - mean) / spread) * scale[i] + shift[i];
}

/** Scores become shares: all positive, together 1. */
export function softmaxInPlace(scores) {
  const highest = scores.reduce((most, score) => Math.max(most, score), -Infinity);
  let total = 0;
  for (let i = 0; i < scores.length; i++) total += scores[i] = Math.exp(scores[i] - highest);
  for (let i = 0; i < scores.length; i++) scores[i] /= total;
  return scores;
}

function add(out, a, b) {
  for (let i = 0; i < out.length; i++) out[i] = a[i] + b[i];
}

function dot(a, b) {
  let sum = 0;
  for (let i = 0; i < a.length; i++) sum += a[i] * b[i];
  return sum;
}

/** x · Φ(x): lets large numbers pass and holds small ones back, with a bend in between. */
const gelu = (x) => (x * (1 + erf(x / Math.SQRT2))) / 2;

/** The error function to 1.5e-7 (Abramowitz and Stegun 1964, formula 7.1.26). */
function erf(x) {
  const t = 1 / (1 + 0.3275911 * Math.abs(x));
  const powers =
    ((((1.061405429 * t - 1.453152027) * t + 1.421413741) * t - 0.284496736) * t + 0.254829592) * t;
  return Math.sign(x) * (1 - powers * Math.exp(-x * x));
}
