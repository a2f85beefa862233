"""A path through all tokens along direct connections (a directed Hamiltonian path).

Finding one is hard in general: no method is known that is fast for every graph. So there are three
answers, a path, a reason why there is none, or None: not decided.
"""

from collections.abc import Iterator, Sequence

import numpy as np

from course_utils.patterns.pattern import Pattern
from course_utils.patterns.spread import listen, own_news, unpack

EXACT = 14  # up to so many tokens every path is looked at, 2^n · n² steps
STEPS = 50_000  # of a search that may fail, for more tokens
CLOSURE = 1_024  # up to so many tokens it is found out who can hear of whom at all


class NoPath(Exception):
    """There is no path; the message says why."""


def find_path(pattern: Pattern) -> list[int] | None:
    """An order of the tokens in which each may look directly at the one before it.

    Returns the order, or None if the search gave up. Raises NoPath if there is none.
    """
    for order in _obvious(pattern.n):
        if is_path(pattern, order):
            return order.tolist()
    listeners = _listeners(pattern)
    if pattern.n <= EXACT:
        return _exact(listeners)
    _excluded(pattern, listeners)
    return _search(listeners)


def is_path(pattern: Pattern, order: Sequence[int] | np.ndarray) -> bool:
    """Whether each token of the order, from the second on, may look at the one before it."""
    order = np.asarray(order)
    if len(order) != pattern.n or not np.array_equal(np.sort(order), np.arange(pattern.n)):
        return False
    wanted = order[1:] * pattern.n + order[:-1]
    codes = pattern.queries * pattern.n + pattern.keys
    found = np.searchsorted(codes, wanted)
    inside = np.minimum(found, len(codes) - 1)
    return pattern.n == 1 or bool(len(codes) and (codes[inside] == wanted).all())


def _obvious(n: int) -> Iterator[np.ndarray]:
    """Left to right is a path of window, strided, fixed and star; right to left may be another."""
    yield np.arange(n)
    yield np.arange(n)[::-1]


def _listeners(pattern: Pattern) -> list[list[int]]:
    """For each token the others that may look at it: where a path can go on from it."""
    query, key = pattern.queries, pattern.keys
    others = query != key
    listeners: list[list[int]] = [[] for _ in range(pattern.n)]
    for speaker, listener in zip(key[others].tolist(), query[others].tolist(), strict=True):
        listeners[speaker].append(listener)
    return listeners


def _exact(listeners: list[list[int]]) -> list[int]:
    """All sets of tokens, small ones first: in which tokens can a path through the set end?

    Sets are the bits of a whole number (Held and Karp 1962).
    """
    n = len(listeners)
    onward = [sum(1 << listener for listener in row) for row in listeners]
    ends = [0] * (1 << n)
    for token in range(n):
        ends[1 << token] = 1 << token
    for visited in range(1, 1 << n):
        for last in _bits(ends[visited]):
            for following in _bits(onward[last] & ~visited):
                ends[visited | 1 << following] |= 1 << following
    visited = (1 << n) - 1
    if not ends[visited]:
        raise NoPath("every order of the tokens was tried, and each breaks off")
    path = [next(_bits(ends[visited]))]
    while len(path) < n:
        visited &= ~(1 << path[-1])
        before = (token for token in _bits(ends[visited]) if onward[token] >> path[-1] & 1)
        path.append(next(before))
    return path[::-1]


def _bits(number: int) -> Iterator[int]:
    while number:
        lowest = number & -number
        yield lowest.bit_length() - 1
        number ^= lowest


def _excluded(pattern: Pattern, listeners: list[list[int]]) -> None:
    """Reasons that can be seen without a search: NoPath if one holds."""
    others = pattern.queries != pattern.keys
    deaf = np.flatnonzero(np.bincount(pattern.queries[others], minlength=pattern.n) == 0)
    if len(deaf) > 1:
        raise NoPath(
            f"tokens {deaf[0]} and {deaf[1]} look at nobody else, and only one can be the first"
        )
    mute = [token for token, row in enumerate(listeners) if not row]
    if len(mute) > 1:
        raise NoPath(
            f"nobody looks at tokens {mute[0]} and {mute[1]}, and only one can be the last"
        )
    if pattern.n <= CLOSURE:
        hears = _closure(pattern)
        apart = ~(hears | hears.T)
        if apart.any():
            one, other = np.argwhere(apart)[0]
            raise NoPath(f"neither of tokens {one} and {other} can ever hear of the other")


def _closure(pattern: Pattern) -> np.ndarray:
    """Who can hear of whom, over any number of hops: bool [n, n]."""
    known = own_news(pattern.n)
    while True:
        more = known | listen(pattern, known)
        if np.array_equal(more, known):
            return unpack(known, pattern.n)
        known = more


def _search(listeners: list[list[int]]) -> list[int] | None:
    """From a few beginnings, always on to the token with the fewest ways out (Warnsdorff)."""
    n = len(listeners)
    speakers: list[list[int]] = [[] for _ in range(n)]
    for token, row in enumerate(listeners):
        for listener in row:
            speakers[listener].append(token)
    beginnings = sorted(range(n), key=lambda token: len(speakers[token]))[:8]
    for beginning in beginnings:
        path = _walk(beginning, listeners, speakers, STEPS // len(beginnings))
        if path is not None:
            return path
    return None


def _walk(
    beginning: int, listeners: list[list[int]], speakers: list[list[int]], steps: int
) -> list[int] | None:
    """Depth first, with a limit. `ways[token]` counts the tokens it can still go on to."""
    n = len(listeners)
    ways = [len(row) for row in listeners]
    visited = [False] * n

    def enter(token: int) -> list[int]:
        visited[token] = True
        for speaker in speakers[token]:
            ways[speaker] -= 1
        free = [listener for listener in listeners[token] if not visited[listener]]
        return sorted(free, key=lambda listener: ways[listener], reverse=True)

    path, choices = [beginning], [enter(beginning)]
    for _ in range(steps):
        if len(path) == n:
            return path
        if choices[-1]:
            path.append(choices[-1].pop())
            choices.append(enter(path[-1]))
            continue
        choices.pop()
        left = path.pop()
        visited[left] = False
        for speaker in speakers[left]:
            ways[speaker] += 1
        if not path:
            return None
    return None
