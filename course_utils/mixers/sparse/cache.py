"""Going on where a sparse layer stopped: what it has read, and the rows of the tokens to come."""

from collections.abc import Callable

import numpy as np

from course_utils.mixers.attention import KeyValues
from course_utils.patterns import Pattern

ByPattern = dict[Pattern, list[int]]  # each pattern, and the heads that use it


class SparseCache(KeyValues):
    """The keys and values of the tokens so far, and a pattern that has room for more of them.

    A new token needs one row of the pattern, and to make the whole pattern of the text for each
    would cost more than the attention saves. So patterns are made for twice as many tokens as there
    are: that is seldom, and the rows of the next tokens are at hand.

    That takes a pattern whose rows stay as they are while the text grows. A star's do not: each
    token that is added is its new relay. What the layers above made of the old rows would be wrong
    then, and is a ValueError.

    `of_length` returns the causal patterns of a text of n tokens; `longest` is the number of tokens
    that they are for, or None if they are made for any.
    """

    def __init__(self, of_length: Callable[[int], ByPattern], longest: int | None):
        super().__init__()
        self.of_length, self.longest = of_length, longest
        self._known: ByPattern = {}
        self._n_known = 0

    def by_pattern(self, n: int) -> ByPattern:
        """Patterns of n tokens or more whose first n rows are those of a text of n tokens."""
        if n > self._n_known:
            room = 2 * n if self.longest is None else max(n, self.longest)
            ahead = self.of_length(room)
            if self.longest is None:
                self._expect_to_begin_alike(ahead, n)
            self._known, self._n_known = ahead, room
        return self._known

    def _expect_to_begin_alike(self, ahead: ByPattern, n: int) -> None:
        shorter, n_shorter = (self._known, self._n_known) if self._known else (self.of_length(n), n)
        if first_tokens(ahead, n_shorter) != shorter:
            name = next(iter(ahead)).name
            raise ValueError(
                f"{name} does not begin with the pattern of {n_shorter} tokens: rows change while "
                "the text grows, and what was read would have to be read again. Generate with "
                "use_cache=False, or choose a pattern whose rows stay (window, strided, fixed)."
            )


def first_tokens(by_pattern: ByPattern, n: int) -> ByPattern:
    """Causal patterns of the first n tokens: those that differ in later rows alone become one."""
    return changed(by_pattern, lambda pattern: _first(pattern, n))


def changed(by_pattern: ByPattern, change: Callable[[Pattern], Pattern]) -> ByPattern:
    """Each pattern changed; the heads of those that become equal stand together, sorted."""
    found: ByPattern = {}
    for pattern, heads in by_pattern.items():
        found.setdefault(change(pattern), []).extend(heads)
    return {pattern: sorted(heads) for pattern, heads in found.items()}


def _first(pattern: Pattern, n: int) -> Pattern:
    if n == pattern.n:
        return pattern
    parts = tuple(_first(part, n) for part in pattern.parts)
    starts, keys = pattern.starts[: n + 1], pattern.keys[: pattern.starts[n]]
    return Pattern(n, starts, keys, f"the first {n} of {pattern.name}", parts)


def rows_of(pattern: Pattern, start: int, end: int) -> tuple[np.ndarray, np.ndarray | None]:
    """Where the queries start … end - 1 look together, and a table of who looks where in it.

    int64 [n_keys], sorted; float32 [end - start, n_keys], 0 where a query may look and -inf where
    not, or None for a single query.
    """
    rows = [pattern.keys_of(query) for query in range(start, end)]
    if len(rows) == 1:
        return rows[0].copy(), None  # torch wants what it may write to
    keys = np.unique(np.concatenate(rows))
    bias = np.full((len(rows), len(keys)), -np.inf, dtype=np.float32)
    for row, own in zip(bias, rows, strict=True):
        row[np.searchsorted(keys, own)] = 0.0
    return keys, bias
