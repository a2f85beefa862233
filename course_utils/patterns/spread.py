"""A rumour spreading: who has heard of whom, layer after layer.

Each token's hearsay is a row of bits, one bit for each token, in words of 64: n² / 8 bytes.
"""

from collections.abc import Iterator, Sequence

import numpy as np
import torch
from jaxtyping import Bool
from torch import Tensor

from course_utils.patterns.combine import as_sequence
from course_utils.patterns.pattern import Pattern

WORDS_AT_ONCE = 4_000_000  # 32 MB


def reach(patterns: Pattern | Sequence[Pattern], n_layers: int) -> Bool[Tensor, "n n"]:
    """Who has heard of whom after `n_layers` layers: row k, column j is True if k has heard of j.

    Layer 0 is everybody's own news alone; layers take turns with the patterns. This is S^t_k of
    Yun et al. 2020, Assumption 1.3, for t = n_layers.
    """
    found = as_sequence(patterns)
    if n_layers < 0:
        raise ValueError(f"n_layers counts layers from 0, got {n_layers}.")
    known = own_news(found[0].n)
    for layer in range(n_layers):
        known = listen(found[layer % len(found)], known)
    return torch.from_numpy(unpack(known, found[0].n))


def own_news(n: int) -> np.ndarray:
    """Before the first layer: uint64 [n, ceil(n / 64)], each row its own bit."""
    known = np.zeros((n, -(-n // 64)), dtype=np.uint64)
    every = np.arange(n)
    known[every, every // 64] = np.uint64(1) << (every % 64).astype(np.uint64)
    return known


def listen(pattern: Pattern, known: np.ndarray) -> np.ndarray:
    """One layer: each token now knows what the tokens it looks at knew."""
    after = np.zeros_like(known)
    for rows in _slices(pattern, known.shape[1]):
        starts = pattern.starts[rows.start : rows.stop + 1]
        keys = pattern.keys[starts[0] : starts[-1]]
        talks = np.diff(starts) > 0  # reduceat has no answer for a row that looks at nobody
        if talks.any():
            begins = (starts[:-1] - starts[0])[talks]
            after[rows][talks] = np.bitwise_or.reduceat(known[keys], begins, axis=0)
    return after


def unpack(known: np.ndarray, n: int) -> np.ndarray:
    """The bits as a table: bool [rows, n]."""
    octets = known.astype("<u8").view(np.uint8)
    return np.unpackbits(octets, axis=1, count=n, bitorder="little").astype(bool)


def everybody(known: np.ndarray, n: int) -> bool:
    """Whether all rows have all bits."""
    full = own_news(n)
    return bool((known == np.bitwise_or.reduce(full, axis=0)).all())


def _slices(pattern: Pattern, words: int) -> Iterator[slice]:
    """Rows cut so that what they look at fits into memory together."""
    limit = max(WORDS_AT_ONCE // words, 1)
    start = 0
    while start < pattern.n:
        end = int(np.searchsorted(pattern.starts, pattern.starts[start] + limit, side="right")) - 1
        end = min(max(end, start + 1), pattern.n)
        yield slice(start, end)
        start = end
