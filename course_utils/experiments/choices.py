"""Which pattern an experiment connects its tokens by: a name, a number, and a configuration."""

import functools
from collections.abc import Callable
from dataclasses import dataclass
from typing import ClassVar

import numpy as np

from course_utils import patterns
from course_utils.experiments.trials import Candidate, Socket
from course_utils.mixers import SparseAttention
from course_utils.patterns import Pattern

LONGEST = 512  # tokens of a text for which dice are thrown once for all lengths
CONFIGURATIONS = ("union", "multihead", "sequential")


def star_first(n: int, width: int) -> Pattern:
    """A star whose relay is the first token: a window of `width`, and token 0 with everybody.

    Yun et al. 2020 let the last token be the relay. Where texts of different lengths are padded to
    a table the last place is padding, which nobody hears: their star would lose its middle.
    """
    return patterns.bigbird(n, min(width, n), n_random=0, n_global=min(1, n), seed=0)


def fixed_tail_heard(n: int, stride: int) -> tuple[Pattern, Pattern]:
    """`fixed`, whose last block has a summary even if it is short: the last token.

    Nobody outside would ever hear that block otherwise. Yun et al. 2020 choose an n that the stride
    divides, which texts of all lengths do not.
    """
    own, summaries = patterns.fixed(n, stride)
    query, last = np.arange(n), np.full(n, n - 1)
    return own, summaries | Pattern.from_pairs(n, query, last, f"last of {n}")


def random_for_all_lengths(n: int, per_token: int, seed: int) -> Pattern:
    """Itself and per_token − 1 others by dice, which are not thrown again for another length.

    Each token has put all places into an order, and looks at the first of them that are in the
    text. `patterns.random` throws anew for each n: no habit learned from texts of one length, such
    as "the word before is the third that I hear", would hold in those of another.
    """
    if n > LONGEST:
        raise ValueError(f"dice are thrown for {LONGEST} places, and the text has n={n}.")
    lists = []
    for token, places in enumerate(orders_by_dice(seed)[:n].tolist()):
        others = [place for place in places if place < n and place != token]
        lists.append([token, *others[: per_token - 1]])
    return Pattern.from_lists(lists, f"random({n}, {per_token}, seed={seed})")


@functools.lru_cache(maxsize=1)  # the same for all layers and lengths of a run
def orders_by_dice(seed: int) -> np.ndarray:
    """For each place all places in an order of its own, int64 [LONGEST, LONGEST]."""
    return np.random.default_rng(seed).random((LONGEST, LONGEST)).argsort(axis=1)


# From (n, the pattern's number, a seed) to the pattern's parts; the paper's definitions. Dice are
# thrown once for a seed: what is random is the same in every layer.
PATTERNS: dict[str, Callable[[int, int, int], tuple[Pattern, ...]]] = {
    "dense": lambda n, number, seed: (patterns.dense(n),),
    "strided": lambda n, number, seed: patterns.strided(n, number),
    "fixed": lambda n, number, seed: patterns.fixed(n, number),
    "fixed, tail heard": lambda n, number, seed: fixed_tail_heard(n, number),
    "star": lambda n, number, seed: (patterns.star(n, number),),
    "star, relay first": lambda n, number, seed: (star_first(n, number),),
    "random": lambda n, number, seed: (patterns.random(n, min(number, n), seed=seed),),
    "random, for all lengths": lambda n, number, seed: (random_for_all_lengths(n, number, seed),),
    "window": lambda n, number, seed: (patterns.window(n, number),),
    "nobody": lambda n, number, seed: (patterns.self_only(n),),
}


@dataclass(frozen=True)
class Choice(Candidate):
    """A pattern by its name and its one number: stride, width, or keys a token ("random").

    `strided` and `fixed` (in both its ways) have two parts each. The configuration says how they
    share the layers: "union" (each layer has both), "multihead" (half of the heads one, half the
    other) or "sequential" (the layers take turns).
    Source: Yun et al. 2020, section 3 and its experiments.
    """

    kind: ClassVar[str] = "sparse"
    pattern: str
    number: int = 0
    configuration: str = ""

    def __post_init__(self):
        if self.pattern not in PATTERNS:
            known = ", ".join(map(repr, PATTERNS))
            raise ValueError(f"there is no pattern {self.pattern!r}; there are {known}.")
        without = self.pattern in ("dense", "nobody")
        if without != (self.number == 0) or self.number < 0:
            wanted = "no number" if without else "a number above 0"
            raise ValueError(f"{self.pattern} takes {wanted}; got {self.number}.")
        two_parts = self.pattern.startswith(("strided", "fixed"))
        if two_parts != (self.configuration in CONFIGURATIONS):
            wanted = f"one of {', '.join(CONFIGURATIONS)}" if two_parts else 'no configuration, ""'
            raise ValueError(f"{self.pattern} takes {wanted}; got {self.configuration!r}.")

    def __str__(self) -> str:
        name, comma, rest = self.pattern.partition(",")
        number = f" {self.number}" if self.number else ""
        way = f", {self.configuration}" if self.configuration else ""
        return f"{name}{number}{comma}{rest}{way}"

    def of_layer(self, layer: int, n: int, n_heads: int, seed: int) -> Pattern | list[Pattern]:
        """Who may look at whom in that layer, among `n` tokens; a list has a pattern a head."""
        parts = PATTERNS[self.pattern](n, self.number, seed)
        if self.configuration == "union":
            return patterns.union(parts)
        if self.configuration == "multihead":
            return patterns.multihead(parts, n_heads)
        return parts[layer % len(parts)]

    def mixer(self, socket: Socket) -> Callable[[int], SparseAttention]:
        """Layer -> that layer's attention, for texts of any length."""

        def layer_of(layer: int) -> SparseAttention:
            @functools.cache
            def of_length(n: int) -> Pattern | list[Pattern]:
                return self.of_layer(layer, n, socket.n_heads, socket.seed)

            return SparseAttention(
                socket.d_model,
                socket.n_heads,
                of_length,
                causal=socket.causal,
                rotary=socket.rotation(),
            )

        return layer_of

    def facts(self, socket: Socket) -> dict[str, float]:
        """Its sparsity in texts of the socket's n tokens."""
        return {
            "sparsity": self.sparsity(
                socket.n,
                n_layers=socket.n_layers,
                n_heads=socket.n_heads,
                seed=socket.seed,
                causal=socket.causal,
            )
        }

    def sparsity(
        self, n: int, *, n_layers: int, n_heads: int, seed: int = 0, causal: bool = False
    ) -> float:
        """The share of dense attention's connections that is missing, over all layers and heads."""
        found = possible = 0
        for layer in range(n_layers):
            of_heads = self.of_layer(layer, n, n_heads, seed)
            for pattern in of_heads if isinstance(of_heads, list) else [of_heads]:
                found += (pattern.causal() if causal else pattern).n_connections
                possible += n * (n + 1) // 2 if causal else n * n
        return 1 - found / possible


def in_all_configurations(pattern: str, *numbers: int) -> list[Choice]:
    """`strided` or `fixed` with each number and in each of the three configurations."""
    return [Choice(pattern, number, way) for number in numbers for way in CONFIGURATIONS]


def for_padded_texts(root: int) -> list[Choice]:
    """The paper's patterns at two levels of sparsity each, for texts of all lengths near root².

    They differ from the paper's where its definitions need texts of one length: the star's relay
    comes first, since the last token may be padding; the tail of fixed is heard; and the dice are
    not thrown anew for each length.
    """
    return [
        Choice("dense"),
        *in_all_configurations("strided", root, 2 * root),
        *in_all_configurations("fixed, tail heard", root, 2 * root),
        Choice("star, relay first", 1),
        Choice("star, relay first", 2),
        Choice("random, for all lengths", root + 1),  # about as many connections as strided's parts
        Choice("random, for all lengths", 2 * root),  # between the unions of fixed and of strided
        Choice("nobody"),
    ]
