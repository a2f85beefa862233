"""The three conditions under which sparse attention can do whatever dense attention can.

Yun et al. 2020, Assumption 1. They are sufficient; the paper does not say that each is necessary.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from hashlib import blake2b
from typing import Any

import numpy as np

from course_utils.patterns.combine import as_sequence, union
from course_utils.patterns.path import NoPath, find_path
from course_utils.patterns.pattern import Pattern
from course_utils.patterns.spread import everybody, listen, own_news, unpack

WORK = 1_000_000_000  # words of 64 bits that counting layers may touch: seconds, half a minute
EACH_LAYER = 5_000  # what a layer costs besides, in words
YES_NO = {True: "yes", False: "no", None: "undecided"}


@dataclass(frozen=True)
class Answer:
    """Whether a condition holds (None: not decided), why, and the evidence."""

    holds: bool | None
    why: str
    witness: Any = None

    def __str__(self) -> str:
        return f"{YES_NO[self.holds]}: {self.why}"


@dataclass(frozen=True)
class AssumptionReport:
    """The answers to the three conditions.

    `self_loops`: every token may look at itself in every layer. If not, the witness is a pair
    (pattern, token), both counted from 0.
    `path`: there is an order in which each token may look directly, in one of the patterns, at the
    one before it. If so, the witness is the order.
    `reach`: after some number of layers everybody has heard of everybody. If so, the witness is
    the smallest such number, the paper's s (None where it was too much to count); if not, a pair
    (query, key) such that the query never hears of the key, or not at the same time as the rest.
    """

    self_loops: Answer
    path: Answer
    reach: Answer

    @property
    def holds(self) -> bool | None:
        """True if all three hold, False if one does not, None if that is not decided."""
        answers = {self.self_loops.holds, self.path.holds, self.reach.holds}
        if False in answers:
            return False
        return None if None in answers else True

    def __str__(self) -> str:
        return f"self-loops  {self.self_loops}\npath        {self.path}\nreach       {self.reach}"


def check_assumption(patterns: Pattern | Sequence[Pattern]) -> AssumptionReport:
    """Whether the patterns, which layers use in turn, satisfy Assumption 1 of Yun et al. 2020.

    For heads with different patterns give their `union`: a sequence is taken for layers. For up to
    14 tokens every answer is exact. Beyond, the path is looked for among the obvious orders and by
    a limited search; where neither a path nor a reason against one is found, "undecided" is said.
    """
    found = as_sequence(patterns)
    self_loops = _self_loops(found)
    return AssumptionReport(self_loops, _path(union(found)), _reach(found, bool(self_loops.holds)))


def _self_loops(patterns: tuple[Pattern, ...]) -> Answer:
    for number, pattern in enumerate(patterns):
        looks = np.zeros(pattern.n, dtype=bool)
        looks[pattern.keys[pattern.keys == pattern.queries]] = True
        if not looks.all():
            token = int(np.flatnonzero(~looks)[0])
            of = f" in pattern {number}" if len(patterns) > 1 else ""
            return Answer(False, f"token {token} may not look at itself{of}", (number, token))
    return Answer(True, "every token may look at itself")


def _path(pattern: Pattern) -> Answer:
    try:
        path = find_path(pattern)
    except NoPath as reason:
        return Answer(False, str(reason))
    if path is None:
        return Answer(None, f"a search among the orders of {pattern.n} tokens gave up")
    shown = " → ".join(map(str, path if len(path) <= 10 else path[:5]))
    more = "" if len(path) <= 10 else f" → … → {path[-1]}"
    return Answer(True, shown + more, path)


def _reach(patterns: tuple[Pattern, ...], self_loops: bool) -> Answer:
    apart = _never_meet(union(patterns))
    if apart is not None:
        query, key = apart
        return Answer(False, f"token {query} never hears of token {key}", apart)
    layers, missing = _count_layers(patterns, monotone=self_loops)
    if layers is not None:
        plural = "s" if layers != 1 else ""
        return Answer(True, f"{layers} layer{plural} until all have heard of all", layers)
    if missing is not None:
        query, key = missing
        why = (
            f"news is lost on the way: at no time have all, such as {query} of {key}, heard of all"
        )
        return Answer(False, why, missing)
    if self_loops:  # each cycle of layers carries news along every connection and forgets none
        return Answer(True, "all hear of all in the end; the layers were too many to count")
    return Answer(None, "news is forgotten without self-loops, and counting the layers gave up")


def _never_meet(pattern: Pattern) -> tuple[int, int] | None:
    """A pair (query, key) without a chain of connections from key to query; None if all have one.

    All have one if everybody hears of token 0, and token 0 hears of everybody.
    """
    first_hears = _chain(pattern.queries, pattern.keys, pattern.n)
    if not first_hears.all():
        return 0, int(np.flatnonzero(~first_hears)[0])
    hears_first = _chain(pattern.keys, pattern.queries, pattern.n)
    if not hears_first.all():
        return int(np.flatnonzero(~hears_first)[0]), 0
    return None


def _chain(source: np.ndarray, target: np.ndarray, n: int) -> np.ndarray:
    """Which tokens can be got to from token 0 by connections source → target: bool [n]."""
    order = np.argsort(source, kind="stable")
    target = target[order]
    starts = np.searchsorted(source[order], np.arange(n + 1))
    seen = np.zeros(n, dtype=bool)
    seen[0] = True
    waiting = [0]
    while waiting:
        token = waiting.pop()
        neighbours = target[starts[token] : starts[token + 1]]
        fresh = neighbours[~seen[neighbours]]
        seen[fresh] = True
        waiting.extend(fresh.tolist())
    return seen


def _count_layers(
    patterns: tuple[Pattern, ...], *, monotone: bool
) -> tuple[int | None, tuple[int, int] | None]:
    """The first layer after which all have heard of all, or a pair that is missing for ever.

    Both are None if it took too long. Without self-loops news can be lost again; then only a state
    that comes back proves that the moment will never come.
    """
    n, words = patterns[0].n, -(-patterns[0].n // 64)
    known, seen, work, layer = own_news(n), set(), 0, 0
    while not (layer and everybody(known, n)):
        pattern = patterns[layer % len(patterns)]
        if not monotone:
            state = (layer % len(patterns), blake2b(known.tobytes()).digest())
            if state in seen:
                return None, tuple(int(place) for place in np.argwhere(~unpack(known, n))[0])
            seen.add(state)
        known = listen(pattern, known)
        layer += 1
        work += words * (pattern.n_connections + n) + EACH_LAYER
        if work > WORK:
            return None, None
    return layer, None
