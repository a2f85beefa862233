"""Mixers of the package by their names: what FNet and its controls are told apart by."""

from collections.abc import Callable
from dataclasses import dataclass
from typing import ClassVar

from torch import nn

from course_utils.experiments.trials import Candidate, Socket
from course_utils.mixers import (
    Attention,
    FourierMixing,
    HartleyMixing,
    LinearMixing,
    NoMixing,
    RandomMixing,
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
}
ROTARY = ("attention", "hybrid")  # those with queries and keys that can be turned


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
    def positions(self) -> tuple[str, str]:
        """Two ways of knowing places that it can be tried with."""
        return ("learned", "rotary" if self.name in ROTARY else "sinusoidal")

    def mixer(self, socket: Socket) -> OfLayer:
        if socket.rotary and self.name not in ROTARY:
            raise ValueError(
                f"{self.name} has no queries and keys to turn: take learned positions, say."
            )
        return MIXERS[self.name](socket)
