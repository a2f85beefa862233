"""Several patterns in one model: united, head by head, or layer after layer.

Yun et al. 2020 call the three UNION, MULTIHEAD and SEQUENTIAL.
"""

from collections.abc import Callable, Sequence
from functools import reduce

from course_utils.patterns.pattern import Pattern


def as_sequence(patterns: Pattern | Sequence[Pattern]) -> tuple[Pattern, ...]:
    """One pattern or several, as a tuple of patterns over the same n tokens.

    TypeError for what is no pattern, ValueError for none at all or for several lengths.
    """
    if callable(patterns):
        raise TypeError(
            "patterns are needed, got a function: those of three layers are "
            "[pattern_of(layer) for layer in range(3)]."
        )
    found = (patterns,) if isinstance(patterns, Pattern) else tuple(patterns)
    if not found:
        raise ValueError("at least one pattern is needed, got an empty sequence.")
    for pattern in found:
        if not isinstance(pattern, Pattern):
            raise TypeError(
                f"a Pattern, or a sequence of them, is needed; got {type(pattern).__name__}. "
                "A mask becomes one by Pattern.from_mask(mask)."
            )
    sizes = {pattern.n for pattern in found}
    if len(sizes) > 1:
        raise ValueError(f"patterns that belong together have one n, got {sorted(sizes)}.")
    return found


def union(patterns: Pattern | Sequence[Pattern]) -> Pattern:
    """One pattern in which every connection of any of them is allowed. Denser than each."""
    return reduce(lambda left, right: left | right, as_sequence(patterns))


def multihead(patterns: Pattern | Sequence[Pattern], n_heads: int) -> list[Pattern]:
    """A pattern for each head of one layer: with two patterns, half the heads use each.

    Raises ValueError if there are fewer heads than patterns.
    """
    found = as_sequence(patterns)
    if n_heads < len(found):
        raise ValueError(f"{len(found)} patterns need at least as many heads, got {n_heads}.")
    return [found[head * len(found) // n_heads] for head in range(n_heads)]


def sequential(patterns: Pattern | Sequence[Pattern]) -> Callable[[int], Pattern]:
    """A function from a layer's number to its pattern: they take turns.

        Encoder(lambda layer: SparseAttention(64, 4, pattern_of(layer)), …)

    with pattern_of = sequential(strided(256, 16)).
    """
    found = as_sequence(patterns)
    return lambda layer: found[layer % len(found)]
