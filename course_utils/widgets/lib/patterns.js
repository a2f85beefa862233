// Who may look at whom, computed in the page: the patterns of course_utils/patterns/, who has
// heard whom after so many layers, and the theorem's three conditions (Yun et al. 2020).
//
// A pattern is a list with one sorted list of keys for each query. Positions count from 0.

const range = (n) => Array.from({ length: n }, (_, i) => i);

/** The pattern in which query may look at key where rule(query, key) says so. */
export const fromRule = (n, rule) => range(n).map((query) => {
  const keys = [];
  for (let key = 0; key < n; key++) if (rule(query, key)) keys.push(key);
  return keys;
});

export const union = (patterns) => (patterns.length === 1 ? patterns[0]
  : patterns[0].map((_, query) =>
    [...new Set(patterns.flatMap((pattern) => pattern[query]))].sort((a, b) => a - b)));

export const connections = (pattern) => pattern.reduce((sum, keys) => sum + keys.length, 0);

/** What each layer uses, in turn: one pattern, or two. Unused settings may be anything. */
export const PATTERNS = {
  dense: ({ n }) => [fromRule(n, () => true)],
  window: ({ n, width }) => [near(n, width)],
  strided: ({ n, stride }) => [
    near(n, stride), fromRule(n, (query, key) => (query - key) % stride === 0)],
  fixed: ({ n, stride }) => [
    fromRule(n, (query, key) => Math.floor(query / stride) === Math.floor(key / stride)),
    fromRule(n, (query, key) => key === query || (key + 1) % stride === 0)],
  star: ({ n, width }) => [star(n, width)],
  random: ({ n, per_token: perToken, seed, dice }) => [drawn(n, perToken, seed, dice)],
  bigbird: ({ n, width, n_global: nGlobal, n_random: nRandom, seed, dice }) => {
    const others = drawn(n, nRandom + 1, seed, dice);
    return [fromRule(n, (query, key) => Math.abs(query - key) <= width || query < nGlobal
      || key < nGlobal || others[query].includes(key))];
  },
  self: ({ n }) => [near(n, 0)],
};

const near = (n, width) => fromRule(n, (query, key) => Math.abs(query - key) <= width);

/** All look at the last token, and it at all; the others stand in a ring. */
function star(n, width) {
  const others = n - 1;
  return fromRule(n, (query, key) => {
    if (query === others || key === others) return true;
    const apart = Math.abs(query - key);
    return Math.min(apart, others - apart) <= width;
  });
}

/** Itself and others by dice: the same ones as `drawn` in pattern_lab.py throws. */
function drawn(n, perToken, seed, { spread, factor, step }) {
  let state = (Math.imul(seed, spread) + n) >>> 0;
  const next = (sides) => { // the high bits are the better ones
    state = (Math.imul(state, factor) + step) >>> 0;
    return Math.floor((state / 4294967296) * sides);
  };
  return range(n).map((query) => {
    const others = range(n).filter((key) => key !== query);
    const chosen = [query];
    while (chosen.length < Math.min(perToken, n)) {
      chosen.push(...others.splice(next(others.length), 1));
    }
    return chosen.sort((a, b) => a - b);
  });
}

// ---- who has heard whom: rows of bits, 32 in a word

const bitRow = (n, ones = []) => {
  const row = new Int32Array(Math.ceil(n / 32));
  for (const i of ones) row[i >> 5] |= 1 << (i & 31);
  return row;
};
const hasBit = (row, i) => (row[i >> 5] >> (i & 31)) & 1;
const addBits = (row, more) => { for (let w = 0; w < row.length; w++) row[w] |= more[w]; };
const sameRows = (a, b) => a.every((row, i) => row.every((word, w) => word === b[i][w]));

/** One layer more: a query has heard what those have heard that it looks at. */
const hearOn = (heard, pattern) => pattern.map((keys) => {
  const row = bitRow(pattern.length);
  for (const key of keys) addBits(row, heard[key]);
  return row;
});

const heardFirst = (pattern) => pattern.map((keys) => bitRow(pattern.length, keys));

/** Row by row, the number of layers after which query has first heard key; 0: not in nLayers. */
export function layersUntilHeard(patterns, nLayers) {
  const n = patterns[0].length;
  const found = new Int16Array(n * n);
  const known = patterns[0].map(() => bitRow(n));
  let heard = null;
  for (let layer = 1; layer <= nLayers; layer++) {
    const pattern = patterns[(layer - 1) % patterns.length];
    heard = heard ? hearOn(heard, pattern) : heardFirst(pattern);
    heard.forEach((row, query) => {
      for (let w = 0; w < row.length; w++) {
        for (let news = row[w] & ~known[query][w]; news; news &= news - 1) {
          found[query * n + 32 * w + 31 - Math.clz32(news & -news)] = layer;
        }
      }
      addBits(known[query], row);
    });
  }
  return found;
}

// ---- the theorem's three conditions: { holds: true, false or null (undecided), why, witness }

/** 1. Everybody looks at itself, in every layer. Counterexample: [layer, token]. */
export function selfLoops(patterns) {
  for (const [layer, pattern] of patterns.entries()) {
    const token = pattern.findIndex((keys, query) => !keys.includes(query));
    if (token >= 0) {
      return { holds: false, why: `token ${token} doesn't look at itself`, witness: [layer, token] };
    }
  }
  return { holds: true, why: "everybody looks at itself", witness: null };
}

/** The path in words: 0 → 1 → 2 → … → 31. */
const inShort = (order) => "each looks at the one before it in " +
  (order.length <= 8 ? order : [...order.slice(0, 4), "…", order.at(-1)]).join(" → ");

const PATIENCE = 3000; // steps of the search for a path, among more tokens than can all be tried

/** 2. A path through all tokens: each looks directly at the one before it, in some layer.

    Up to so many tokens, `allTriedUpTo`, the answer is certain: every order is tried.
*/
export function pathThroughAll(patterns, allTriedUpTo) {
  const together = union(patterns);
  const n = together.length;
  const rows = heardFirst(together);
  const looksAt = (query, key) => hasBit(rows[query], key);
  const isPath = (order) => order.every((token, i) => i === 0 || looksAt(token, order[i - 1]));
  const yes = (witness) => ({ holds: true, why: inShort(witness), witness });
  const no = (why, witness = null) => ({ holds: false, why, witness });
  for (const order of [range(n), range(n).reverse()]) if (isPath(order)) return yes(order);

  const apart = neverInLine(rows);
  if (apart) return no(`no chain of looks joins tokens ${apart[0]} and ${apart[1]}`, apart);
  const followers = range(n).map((key) =>
    range(n).filter((query) => query !== key && looksAt(query, key)));
  if (pairedUp(followers) < n - 1) return no("too many tokens know the same few others alone");
  if (n <= allTriedUpTo) {
    const order = pathByTryingAll(followers);
    return order ? yes(order) : no("all orders were tried");
  }
  const order = pathByLuck(followers);
  return order ? yes(order) : { holds: null, why: "none found, none ruled out", witness: null };
}

/** Two tokens of which neither ever hears of the other, by however many steps; or null. */
function neverInLine(rows) {
  const heard = closure(rows);
  for (let a = 0; a < rows.length; a++) {
    for (let b = a + 1; b < rows.length; b++) {
      if (!hasBit(heard[a], b) && !hasBit(heard[b], a)) return [a, b];
    }
  }
  return null;
}

/** Who hears of whom by any number of steps, itself included (Warshall). */
function closure(rows) {
  const heard = rows.map((row, i) => {
    const known = row.slice();
    addBits(known, bitRow(rows.length, [i]));
    return known;
  });
  for (let via = 0; via < rows.length; via++) {
    for (const row of heard) if (hasBit(row, via)) addBits(row, heard[via]);
  }
  return heard;
}

/** How many tokens can get a follower of their own. A path through all needs n - 1. */
function pairedUp(followers) {
  const taken = new Array(followers.length).fill(-1);
  const find = (token, tried) => followers[token].some((next) => {
    if (tried.has(next)) return false;
    tried.add(next);
    if (taken[next] >= 0 && !find(taken[next], tried)) return false;
    taken[next] = token;
    return true;
  });
  return followers.filter((_, token) => find(token, new Set())).length;
}

/** Every set of tokens, and the tokens at which a path through it may end (Held and Karp). */
function pathByTryingAll(followers) {
  const n = followers.length;
  const next = followers.map((list) => list.reduce((bits, i) => bits | (1 << i), 0));
  const ends = new Int32Array(1 << n);
  for (let i = 0; i < n; i++) ends[1 << i] = 1 << i;
  for (let set = 1; set < 1 << n; set++) {
    for (let i = 0; i < n; i++) {
      if (!(ends[set] & (1 << i))) continue;
      for (let free = next[i] & ~set; free; free &= free - 1) ends[set | (free & -free)] |= free & -free;
    }
  }
  let set = (1 << n) - 1;
  if (!ends[set]) return null;
  const order = [];
  for (let among = ends[set]; among; ) {
    const last = 31 - Math.clz32(among & -among);
    order.unshift(last);
    set &= ~(1 << last);
    among = range(n).reduce((bits, i) =>
      (ends[set] & (1 << i) && next[i] & (1 << last) ? bits | (1 << i) : bits), 0);
  }
  return order;
}

/** Walk on to whoever has the fewest ways out, and back where there is none, for a while. */
function pathByLuck(followers) {
  const n = followers.length;
  const fewFirst = range(n).sort((a, b) => followers[a].length - followers[b].length);
  for (const start of fewFirst.slice(0, 6)) {
    const order = [start];
    const used = new Set(order);
    const ways = (token) => {
      const open = followers[token].filter((next) => !used.has(next));
      const out = new Map(open.map((next) =>
        [next, followers[next].filter((after) => !used.has(after)).length]));
      return open.sort((a, b) => out.get(b) - out.get(a)); // the best at the end, for pop
    };
    const left = [ways(start)];
    for (let step = 0; step < PATIENCE / 6 && left.length; step++) {
      if (order.length === n) return order;
      const token = left.at(-1).pop();
      if (token === undefined) {
        left.pop();
        used.delete(order.pop());
        continue;
      }
      order.push(token);
      used.add(token);
      left.push(ways(token));
    }
    if (order.length === n) return order;
  }
  return null;
}

const SOON = 4; // layers

/** 3. After some number of layers everybody has heard everybody. Witness: that number, or a pair.

    Without self-loops news can be lost again: only a state that comes back proves a "never".
*/
export function everybodyHears(patterns) {
  const [n, p] = [patterns[0].length, patterns.length];
  let heard = heardFirst(patterns[0]);
  let [before, keepAt] = [null, p]; // an earlier state, kept after 1, 2, 4, … rounds (Brent)
  for (let layer = 1; layer <= 4 * n * p + 64; layer++) {
    const pair = firstGap(heard);
    if (!pair) {
      const why = `everybody has heard everybody after ${layer} layer${layer > 1 ? "s" : ""}`;
      return { holds: true, why, witness: layer };
    }
    if (layer === SOON) { // most are done by now; does it make sense to go on?
      const apart = firstGap(closure(heardFirst(union(patterns))));
      if (apart) {
        const why = `token ${apart[0]} never hears of token ${apart[1]}`;
        return { holds: false, why, witness: apart };
      }
    }
    if (layer > SOON && layer % p === 0) {
      if (before && sameRows(heard, before)) {
        const why = "the rumour goes round in circles, and never reaches all at once";
        return { holds: false, why, witness: pair };
      }
      if (layer >= keepAt) [before, keepAt] = [heard, 2 * layer];
    }
    heard = hearOn(heard, patterns[layer % p]);
  }
  return { holds: null, why: "news gets lost, and counting gave up", witness: null };
}

/** The first [query, key] that have not met, or null. */
function firstGap(heard) {
  const n = heard.length;
  for (let query = 0; query < n; query++) {
    for (let key = 0; key < n; key++) if (!hasBit(heard[query], key)) return [query, key];
  }
  return null;
}
