"""The patterns that papers have names for.

Definitions are those of Yun et al. 2020 ("O(n) Connections are Expressive Enough"), counted from 0;
where the paper that had the idea first defines it otherwise, that is said.
"""

import math

import numpy as np

from course_utils.patterns.pattern import Pattern


def dense(n: int) -> Pattern:
    """Everybody looks at everybody: ordinary attention, n² connections."""
    n = _at_least("n", n, 1)
    return Pattern(n, np.arange(n + 1) * n, np.tile(np.arange(n), n), f"dense({n})")


def self_only(n: int) -> Pattern:
    """Everybody looks at itself alone: n connections, and nobody ever hears anything."""
    n = _at_least("n", n, 1)
    return Pattern(n, np.arange(n + 1), np.arange(n), f"self_only({n})")


def window(n: int, width: int) -> Pattern:
    """Each token looks at itself and `width` neighbours on either side.

    Yun et al. 2020's sliding window. Longformer and BigBird count both sides together: their
    window w is width = w / 2 here. n(2·width + 1) − width(width + 1) connections for width < n.
    """
    n, width = _at_least("n", n, 1), _at_least("width", width, 0)
    return _near(n, width, f"window({n}, {width})")


def strided(n: int, stride: int) -> tuple[Pattern, Pattern]:
    """Two patterns: `stride` neighbours on either side, and every stride-th token.

    STRIDED in Yun et al. 2020: with w = stride, A¹_k is k − w … k + w and A²_k is
    …, k − 2w, k − w, k, k + w, k + 2w, …. Child et al. 2019 ("Sparse Transformers") has the causal
    half of each; `.causal()` makes it. Any two tokens are at most two hops apart.
    """
    n, stride = _at_least("n", n, 1), _at_least("stride", stride, 1)
    local = _near(n, stride, f"strided({n}, {stride})[0]")
    every = np.arange(n)
    reps = math.ceil(n / stride)
    key = every[:, None] % stride + stride * np.arange(reps)[None, :]
    query = np.broadcast_to(every[:, None], key.shape)
    inside = key < n
    name = f"strided({n}, {stride})[1]"
    return local, Pattern.from_pairs(n, query[inside], key[inside], name)


def fixed(n: int, stride: int) -> tuple[Pattern, Pattern]:
    """Two patterns: the token's own block of `stride`, and the last token of every block.

    FIXED in Yun et al. 2020: with w = stride and tokens counted from 1, A¹_k is k's block and
    A²_k is {k, w, 2w, 3w, …}; from 0 the summaries stand at w − 1, 2w − 1, …. The token itself is
    added so that the theorem's first condition holds. Child et al. 2019 takes the last c tokens
    of each block as summaries, not only one, and has the causal half.

    If stride does not divide n, the last block has no summary and nobody outside ever hears it.
    """
    n, stride = _at_least("n", n, 1), _at_least("stride", stride, 1)
    every = np.arange(n)
    key = every[:, None] // stride * stride + np.arange(min(stride, n))[None, :]
    query = np.broadcast_to(every[:, None], key.shape)
    inside = key < n
    own = Pattern.from_pairs(n, query[inside], key[inside], f"fixed({n}, {stride})[0]")

    summaries = np.arange(stride - 1, n, stride)
    query = np.concatenate([every, np.repeat(every, len(summaries))])
    key = np.concatenate([every, np.tile(summaries, n)])
    return own, Pattern.from_pairs(n, query, key, f"fixed({n}, {stride})[1]")


def star(n: int, width: int = 1) -> Pattern:
    """A ring and a relay: the last token hears everybody and is heard by everybody.

    STAR in Yun et al. 2020: the n − 1 ring tokens look at the relay, themselves and `width`
    neighbours on either side of a ring that closes. The Star-Transformer (Guo et al. 2019) has
    width 1, an extra vector as relay, lets the ring also look at its embeddings, and updates ring
    and relay one after the other; its code leaves the ring open.
    For 2·width + 1 < n it has (n − 1)(2·width + 2) + n connections.
    """
    n, width = _at_least("n", n, 1), _at_least("width", width, 0)
    every, ring, relay = np.arange(n), n - 1, n - 1
    query, key = [every, np.full(n, relay)], [np.full(n, relay), every]
    if ring:
        on_ring = np.arange(ring)
        for step in range(-min(width, ring), min(width, ring) + 1):
            query.append(on_ring)
            key.append((on_ring + step) % ring)
    return Pattern.from_pairs(n, np.concatenate(query), np.concatenate(key), f"star({n}, {width})")


def random(n: int, per_token: int, *, seed: int, block: int = 1) -> Pattern:
    """Each token looks at itself and at per_token − 1 others, drawn without a plan.

    RANDOM in Yun et al. 2020: connections at random, as many as a level of sparsity allows. With
    `block`, whole blocks of tokens look at whole blocks (their own among them), which hardware
    likes better: BigBird's way. `per_token` is then a multiple of `block`; a short last block has
    fewer keys to give.
    """
    n, block = _at_least("n", n, 1), _at_least("block", block, 1)
    per_token = _at_least("per_token", per_token, 0)
    n_blocks = math.ceil(n / block)
    if not 1 <= per_token <= n_blocks * block or per_token % block:
        blocks = f" in whole blocks of {block}" if block > 1 else ""
        raise ValueError(
            f"per_token counts the token itself and others: from {block} to {n_blocks * block} for "
            f"n={n}{blocks}; got {per_token}."
        )
    others = _others_at_random(n_blocks, per_token // block - 1, np.random.default_rng(seed))
    query = np.concatenate([np.arange(n_blocks), np.repeat(np.arange(n_blocks), others.shape[1])])
    key = np.concatenate([np.arange(n_blocks), others.ravel()])
    in_blocks = f", block={block}" if block > 1 else ""
    name = f"random({n}, {per_token}, seed={seed}{in_blocks})"
    return _expand(Pattern.from_pairs(n_blocks, query, key, name), n, block)


def bigbird(
    n: int, width: int, *, n_random: int, n_global: int, seed: int, block: int = 1
) -> Pattern:
    """A window, some random others, and a few tokens that hear and are heard by all.

    BigBird (Zaheer et al. 2020) with existing tokens as the global ones (its "ITC"): the first
    `n_global`. `width` neighbours on either side (BigBird's w counts both together) and `n_random`
    others, drawn for each query, some of them perhaps in its window. All three count blocks of
    `block` tokens, as BigBird's code does, and single tokens if block is 1, as its theory does.
    Of a text too short for so many, as many as there are.
    """
    n, width, block = (
        _at_least("n", n, 1),
        _at_least("width", width, 0),
        _at_least("block", block, 1),
    )
    n_blocks = math.ceil(n / block)
    n_global = min(_at_least("n_global", n_global, 0), n_blocks)
    n_random = min(_at_least("n_random", n_random, 0), n_blocks - 1)
    every, first = np.arange(n_blocks), np.arange(n_global)
    others = _others_at_random(n_blocks, n_random, np.random.default_rng(seed))
    near = _near(n_blocks, width, "window")
    query = [near.queries, np.repeat(every, n_random), np.repeat(every, n_global)]
    key = [near.keys, others.ravel(), np.tile(first, n_blocks)]
    query, key = np.concatenate([*query, key[2]]), np.concatenate([*key, query[2]])
    in_blocks = f", block={block}" if block > 1 else ""
    name = f"bigbird({n}, {width}, {n_random} random, {n_global} global, seed={seed}{in_blocks})"
    return _expand(Pattern.from_pairs(n_blocks, query, key, name), n, block)


def _at_least(what: str, value: int, least: int) -> int:
    if isinstance(value, bool) or not isinstance(value, (int, np.integer)):
        raise TypeError(f"{what} is a whole number, got {value!r}.")
    if value < least:
        raise ValueError(f"{what} must be at least {least}, got {value}.")
    return int(value)


def _near(n: int, width: int, name: str) -> Pattern:
    """Keys from query − width to query + width, written down row by row."""
    every = np.arange(n)
    low, high = np.maximum(every - width, 0), np.minimum(every + width, n - 1)
    counts = high - low + 1
    starts = np.concatenate([[0], np.cumsum(counts)])
    keys = np.arange(starts[-1]) - np.repeat(starts[:-1] - low, counts)
    return Pattern(n, starts, keys, name)


def _others_at_random(n: int, per_token: int, generator: np.random.Generator) -> np.ndarray:
    """For each of n tokens `per_token` different others, int64 [n, per_token]."""
    others = np.empty((n, per_token), dtype=np.int64)
    for token in range(n if per_token else 0):
        drawn = generator.choice(n - 1, per_token, replace=False, shuffle=False)
        others[token] = drawn + (drawn >= token)  # the numbers from `token` on move up by one
    return others


def _expand(blocks: Pattern, n: int, block: int) -> Pattern:
    """The pattern of n tokens in which tokens may do what their blocks may."""
    if block == 1:
        return blocks
    inside = np.arange(block)
    query = blocks.queries[:, None, None] * block + inside[:, None]
    key = blocks.keys[:, None, None] * block + inside[None, :]
    query, key = np.broadcast_arrays(query, key)
    real = (query < n) & (key < n)
    return Pattern.from_pairs(n, query[real], key[real], blocks.name)
