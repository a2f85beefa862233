"""Mixers of the package by their names: FNet's and its controls, and those of the bake-off."""

from collections.abc import Callable
from dataclasses import dataclass
from typing import ClassVar

from torch import nn

from course_utils import patterns
from course_utils.experiments.trials import Candidate, Socket
from course_utils.mixers import (
    Attention,
    FourierMixing,
    HartleyMixing,
    LinearMixing,
    NoMixing,
    PersistentAttention,
    RandomMixing,
    SparseAttention,
)
from course_utils.models import hybrid

OfLayer = Callable[[int], nn.Module]


def attention(socket: Socket) -> OfLayer:
    return lambda layer: Attention(
        socket.d_model, socket.n_heads, causal=socket.causal, rotary=socket.rotation()
    )


def fourier(socket: Socket) -> OfLayer:
    return lambda layer: FourierMixing(causal=socket.causal)


def attention_on_top(socket: Socket) -> OfLayer:
    """FNet-Hybrid: attention in the two top layers, Fourier mixing in those below."""
    return hybrid(fourier(socket), attention(socket), n_layers=socket.n_layers)


def by_dice(socket: Socket) -> OfLayer:
    """Each layer has tables of its own, and each beginning others."""
    return lambda layer: RandomMixing(
        socket.n, socket.d_model, seed=1_000 * socket.seed + layer, causal=socket.causal
    )


def by_pattern(pattern: Callable[[int], patterns.Pattern], socket: Socket) -> OfLayer:
    return lambda layer: SparseAttention(
        socket.d_model,
        socket.n_heads,
        pattern,
        causal=socket.causal,
        rotary=socket.rotation(),
    )


def window(socket: Socket) -> OfLayer:
    """Four neighbours on either side."""
    return by_pattern(lambda n: patterns.window(n, 4), socket)


def bigbird(socket: Socket) -> OfLayer:
    """Two neighbours on either side, two by dice, and a first token that all hear and that hears
    all (a causal one hears nobody but itself)."""

    def pattern(n: int) -> patterns.Pattern:
        return patterns.bigbird(n, 2, n_random=2, n_global=1, seed=socket.seed)

    return by_pattern(pattern, socket)


def persistent_memory(socket: Socket) -> OfLayer:
    """All-attention with as many parameters as attention and a feed-forward layer together."""
    return lambda layer: PersistentAttention(
        socket.d_model,
        socket.n_heads,
        4 * socket.d_model,
        causal=socket.causal,
        rotary=socket.rotation(),
        init="quiet",
    )


MIXERS: dict[str, Callable[[Socket], OfLayer]] = {
    "attention": attention,
    "Fourier": fourier,
    "hybrid": attention_on_top,
    "Hartley": lambda socket: lambda layer: HartleyMixing(causal=socket.causal),
    "linear": lambda socket: (
        lambda layer: LinearMixing(socket.n, socket.d_model, causal=socket.causal)
    ),
    "random": by_dice,
    "none": lambda socket: lambda layer: NoMixing(),
    "window": window,
    "bigbird": bigbird,
    "persistent memory": persistent_memory,
}
# Those with queries and keys that can be turned, and those that do without feed-forward layers
ROTARY = ("attention", "hybrid", "window", "bigbird", "persistent memory")
ALONE = ("persistent memory",)


@dataclass(frozen=True)
class Named(Candidate):
    """A mixer by its name: one of `MIXERS`. Source of the choice: Lee-Thorp et al. 2021, FNet."""

    kind: ClassVar[str] = "named"
    name: str

    def __post_init__(self):
        if self.name not in MIXERS:
            known = ", ".join(map(repr, MIXERS))
            raise ValueError(f"there is no mixer {self.name!r}; there are {known}.")

    def __str__(self) -> str:
        return self.name

    @property
    def feed_forward(self) -> bool:
        return self.name not in ALONE

    @property
    def positions(self) -> tuple[str, str]:
        """Two ways of knowing places that it can be tried with."""
        return ("learned", "rotary" if self.name in ROTARY else "sinusoidal")

    def mixer(self, socket: Socket) -> OfLayer:
        if socket.rotary and self.name not in ROTARY:
            raise ValueError(
                f"{self.name} has no queries and keys to turn: take learned positions, say."
            )
        return MIXERS[self.name](socket)
