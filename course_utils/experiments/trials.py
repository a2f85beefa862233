"""What is tried: a trial is one model to train, as a value that can be compared, sent and stored.

A candidate is a way of letting tokens talk, by its name and its settings: a sparse pattern with its
stride, say. Every task takes any candidate. Around it the model is the task's, trained by the
task's recipe, unless a trial has a recipe of its own.
"""

import json
from abc import ABC, abstractmethod
from collections.abc import Callable, Sequence
from dataclasses import asdict, dataclass, replace
from typing import Any, ClassVar

from torch import nn

from course_utils.blocks import Norm
from course_utils.positions import LearnedPositions, NoPositions, Rotary, SinusoidalPositions
from course_utils.training.schedules import Schedule, warmup_cosine

POSITIONS = ("learned", "sinusoidal", "rotary", "none")


@dataclass(frozen=True)
class Recipe:
    """How a model is trained around its mixer: what a search for good settings may change.

    `peak` is the highest learning rate, `warmup` the share of the steps in which it is climbed to.
    With "rotary" positions nothing is added to the tokens, and the mixer has to know places itself.
    """

    peak: float
    warmup: float
    positions: str = "learned"  # one of POSITIONS
    norm: Norm = "pre"

    def __post_init__(self):
        if self.positions not in POSITIONS:
            known = ", ".join(map(repr, POSITIONS))
            raise ValueError(f"positions are one of {known}; got {self.positions!r}.")
        if not (self.peak > 0 and 0 <= self.warmup < 1):
            raise ValueError(
                "peak is a learning rate above 0, and warmup a share of the steps, below 1; "
                f"got peak={self.peak} and warmup={self.warmup}."
            )

    def __str__(self) -> str:
        return (
            f"rate {self.peak:g}, warm-up {self.warmup:.0%}, {self.positions} positions, "
            f"{self.norm}-norm"
        )

    def learning_rate(self, steps: int) -> Schedule:
        return warmup_cosine(self.peak, warmup=int(self.warmup * steps), steps=steps)

    def positions_of(self, n: int, d_model: int) -> nn.Module:
        """The module that adds places to the vectors of up to `n` tokens."""
        if self.positions == "learned":
            return LearnedPositions(n, d_model)
        return SinusoidalPositions(d_model) if self.positions == "sinusoidal" else NoPositions()


@dataclass(frozen=True)
class Socket:
    """What a candidate is told about the model that its mixers have to fit.

    `n` is the number of tokens of the longest text, and `seed` is for candidates with dice in them.
    `rotary` asks for a mixer that turns queries and keys by their places.
    """

    d_model: int
    n_heads: int
    n_layers: int
    n: int
    seed: int
    causal: bool = False
    rotary: bool = False

    def rotation(self) -> Rotary | None:
        """What `Attention` takes as `rotary`."""
        return Rotary(self.d_model // self.n_heads) if self.rotary else None


class Candidate(ABC):
    """A way of letting tokens talk, as a value: to be a frozen dataclass of numbers and words.

    `kind` names the class in stored results, where it keeps candidates of two classes apart.
    `feed_forward` says whether the blocks around its mixers have their feed-forward layers.
    """

    kind: ClassVar[str]
    feed_forward: ClassVar[bool] = True

    @abstractmethod
    def mixer(self, socket: Socket) -> Callable[[int], nn.Module]:
        """What models take: a function from a layer's number to that layer's mixer.

        ValueError that says why, if the candidate cannot be what the socket asks for.
        """

    def facts(self, socket: Socket) -> dict[str, float]:
        """What is known before anything is trained, such as the share of connections left out."""
        return {}


@dataclass(frozen=True)
class Trial:
    """One model to train: for which task, with which mixers, how deep, from which beginning."""

    task: str
    candidate: Candidate
    n_layers: int
    seed: int
    recipe: Recipe | None = None  # None: the task's

    def __str__(self) -> str:
        layers = "1 layer" if self.n_layers == 1 else f"{self.n_layers} layers"
        recipe = "" if self.recipe is None else f", {self.recipe}"
        return f"{self.task}: {self.candidate}, {layers}{recipe}, seed {self.seed}"

    def as_json(self) -> dict[str, Any]:
        """The trial as it is stored; `choice` are the settings of the mixer."""
        return {
            "task": self.task,
            "mixer": self.candidate.kind,
            "choice": asdict(self.candidate),
            "n_layers": self.n_layers,
            "seed": self.seed,
            "recipe": None if self.recipe is None else asdict(self.recipe),
        }

    def key(self) -> str:
        return key_of(self.as_json())


def key_of(stored: dict[str, Any]) -> str:
    """What tells one stored trial from all others."""
    return json.dumps(stored, sort_keys=True)


def with_seeds(trials: Sequence[Trial], n_seeds: int) -> list[Trial]:
    """Each trial from so many beginnings; all first ones come before any second one."""
    return [replace(trial, seed=seed) for seed in range(n_seeds) for trial in trials]


def with_recipes(trials: Sequence[Trial], recipes: Sequence[Recipe]) -> list[Trial]:
    """Each trial by each recipe: the same search for every candidate."""
    return [replace(trial, recipe=recipe) for recipe in recipes for trial in trials]
