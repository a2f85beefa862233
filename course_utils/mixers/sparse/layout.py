"""How to lay out a pattern so that attention costs what its connections cost.

Hardware is fast at tables and slow at single numbers, so a list of keys for each query (a gather
per token) loses to computing all n² scores. The way out: queries that look at nearly the same keys
share one list. A group of 64 neighbours under a window of 96 on either side needs 256 keys
together; fetch those once, and one small dense attention serves the whole group, with a mask for
the few keys that only the others may see.

Two things would spoil the lists. A query that looks at everybody (a star's relay) would put
everybody on its group's list: such queries are *busy* and get a table of their own. And neighbours
that have nothing in common (every 64th token: 64 neighbours, 64 different lists) are no group: then
queries stand beside those that begin with the same key.
"""

from collections.abc import Iterator
from dataclasses import dataclass
from functools import lru_cache

import numpy as np
import torch
from jaxtyping import Bool, Float, Int
from torch import Tensor

from course_utils.patterns import Pattern

GROUP_SIZES = (16, 32, 64, 128, 256)
# Measured on two cores with heads of 32 numbers; only which layout is chosen depends on them.
FETCH = 80  # fetching a key and a value for a group takes as long as so many scores
JOINED = 1.2  # scores of several lists under one softmax take so much longer than of one
NEVER_BUSY = 128  # a query with so few keys needs no table of its own
SHORT = 768  # up to so many tokens one masked table: the fastest up to 500, and simple


@dataclass(frozen=True)
class Lists:
    """Groups of queries, each with the list of keys that any query of the group looks at.

    `places` says where each token stands in the groups laid end to end. `bias` is 0 where a query
    may look and -inf where it may not: attention adds it to the scores. A group or list that is too
    short is filled up with tokens that `places` leaves out or `bias` forbids.
    """

    queries: Int[Tensor, "n_groups size"]
    keys: Int[Tensor, "n_groups length"]
    places: Int[Tensor, "n"]
    bias: Float[Tensor, "n_groups size length"]

    def bias_of(
        self, some: slice, real: Bool[Tensor, "n"] | None, dtype: torch.dtype
    ) -> Float[Tensor, "some_groups 1 size length"]:
        """The bias of some of the groups, for all heads, with padding forbidden, too."""
        bias = self.bias[some, None].to(dtype)
        if real is None:
            return bias
        return bias.masked_fill(~real[self.keys[some]][:, None, None, :], -torch.inf)


@dataclass(frozen=True)
class SparseLayout:
    """A pattern as lists (several kinds of them if one kind cannot hold it) and busy queries.

    `parts` is empty where one table for all tokens is the fastest: all queries are busy then.
    `bias` says where the busy ones may look, or is None if they may look at everybody.
    """

    parts: tuple[Lists, ...]
    busy: Int[Tensor, "n_busy"]
    bias: Float[Tensor, "n_busy n"] | None


def layout_of(pattern: Pattern) -> SparseLayout:
    """The cheapest of the layouts that are tried, by a count of scores and fetches."""
    parts, busy, bias = _arrays_of(pattern)
    return SparseLayout(
        tuple(Lists(*map(torch.from_numpy, lists)) for lists in parts),
        torch.from_numpy(busy),
        None if bias is None else torch.from_numpy(bias),
    )


# ---- how the cheapest is found -------------------------------------------------------------------


@dataclass(frozen=True)
class _Connections:
    """Some of a pattern's connections, sorted by query, then key.

    `order` has the tokens by the first key that they look at in the whole pattern: those with the
    same list stand side by side.
    """

    query: np.ndarray
    key: np.ndarray
    order: np.ndarray

    @property
    def n(self) -> int:
        return len(self.order)


def _connections(pattern: Pattern, wanted: np.ndarray) -> _Connections:
    """Those of the connections that are `wanted`: bool [n_connections]."""
    first = np.append(pattern.keys, pattern.n)[pattern.starts[:-1]]
    order = np.argsort(first, kind="stable")
    return _Connections(pattern.queries[wanted], pattern.keys[wanted], order)


@dataclass(frozen=True)
class _Way:
    """One way to lay out a pattern: its connections, in one part or several, and their groups."""

    parts: list[_Connections]
    groups: list[np.ndarray]
    cost: float


Arrays = tuple[np.ndarray, np.ndarray, np.ndarray, np.ndarray]  # what `Lists` are made of


# Kept as arrays: a tensor may be of no use later, if it was made while a model was exported, or in
# inference mode. To make one of an array costs nothing.
@lru_cache(maxsize=16)
def _arrays_of(pattern: Pattern) -> tuple[list[Arrays], np.ndarray, np.ndarray | None]:
    """The lists, the busy queries and their bias."""
    n, busy = pattern.n, _busy(pattern)
    ways = [_planned(parts) for parts in _divisions(pattern, busy)] if n > SHORT else []
    best = min(ways, key=lambda way: way.cost, default=None)
    if best is None or best.cost + n * len(busy) >= n * n:
        everybody = np.arange(n)
        return [], everybody, _bias(pattern, everybody)
    return list(map(_lists, best.parts, best.groups)), busy, _bias(pattern, busy)


def _divisions(pattern: Pattern, busy: np.ndarray) -> Iterator[list[_Connections]]:
    """All connections together, and each part of a union by itself; without the busy queries."""
    together = _connections(pattern, ~np.isin(pattern.queries, busy))
    if len(together.query):
        yield [together]
        if len(pattern.parts) > 1:
            yield list(_apart(pattern.parts, busy))


def _planned(parts: list[_Connections]) -> _Way:
    costs, groups = zip(*map(_cheapest_groups, parts), strict=True)
    return _Way(parts, list(groups), sum(costs) * (1 if len(parts) == 1 else JOINED))


def _busy(pattern: Pattern) -> np.ndarray:
    """The few queries that look at far more keys than is usual."""
    counts = pattern.counts
    busy = np.flatnonzero(counts > max(4 * np.median(counts), NEVER_BUSY))
    return busy if len(busy) <= pattern.n // 16 else busy[:0]


def _bias(pattern: Pattern, queries: np.ndarray) -> np.ndarray | None:
    """Where these queries may look: float32 [n_queries, n], or None if everywhere."""
    if pattern.counts[queries].sum() == len(queries) * pattern.n:
        return None
    table = np.full((len(queries), pattern.n), -np.inf, dtype=np.float32)
    for row, query in enumerate(queries):
        table[row, pattern.keys_of(query)] = 0.0
    return table


def _apart(parts: tuple[Pattern, ...], busy: np.ndarray) -> Iterator[_Connections]:
    """Each part of a union without what the parts before it have, and without busy queries."""
    known = np.empty(0, dtype=np.int64)
    for part in parts:
        codes = part.queries * part.n + part.keys
        fresh = ~np.isin(codes, known) & ~np.isin(part.queries, busy)
        known = np.concatenate([known, codes])
        if fresh.any():
            yield _connections(part, fresh)


def _cheapest_groups(part: _Connections) -> tuple[float, np.ndarray]:
    """The cost of the best grouping tried, and the grouping: int64 [n_groups, size] of queries."""
    tried = [
        _in_groups(order, size) for order in (np.arange(part.n), part.order) for size in GROUP_SIZES
    ]
    return min(((_cost(part, groups), groups) for groups in tried), key=lambda pair: pair[0])


def _in_groups(order: np.ndarray, size: int) -> np.ndarray:
    """The tokens in this order, cut into groups; the last one is filled up with its last token."""
    filled = np.pad(order, (0, -len(order) % size), mode="edge")
    return filled.reshape(-1, size)


def _places(groups: np.ndarray, n: int) -> np.ndarray:
    """Where each token stands in the groups laid end to end."""
    places = np.empty(n, dtype=np.int64)
    places[groups.ravel()[:n]] = np.arange(n)
    return places


def _wanted(part: _Connections, groups: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    """Each (group, key) that some query of the group looks at, as a sorted code; their counts."""
    group = _places(groups, part.n)[part.query] // groups.shape[1]
    wanted, _ = np.unique(group * part.n + part.key, return_counts=True)  # see Pattern.from_pairs
    return wanted, np.bincount(wanted // part.n, minlength=len(groups))


def _cost(part: _Connections, groups: np.ndarray) -> float:
    """In scores: every list is as long as the longest, and has to be fetched."""
    _, lengths = _wanted(part, groups)
    return groups.size * lengths.max() * (1 + FETCH / groups.shape[1])


def _lists(part: _Connections, groups: np.ndarray) -> Arrays:
    """The groups, and each one's list of keys: the four fields of `Lists`."""
    n, (n_groups, size) = part.n, groups.shape
    wanted, lengths = _wanted(part, groups)
    starts = np.concatenate([[0], np.cumsum(lengths)])
    length = lengths.max()

    keys = np.zeros((n_groups, length), dtype=np.int64)
    slot = np.arange(len(wanted)) - starts[wanted // n]
    keys[wanted // n, slot] = wanted % n

    places = _places(groups, n)
    group, row = np.divmod(places[part.query], size)
    found = np.searchsorted(wanted, group * n + part.key)
    bias = np.full((n_groups, size, length), -np.inf, dtype=np.float32)
    bias[group, row, slot[found]] = 0.0
    return groups, keys, places, bias
