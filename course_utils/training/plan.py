"""How long to train, and what to look at meanwhile."""

from collections.abc import Callable
from dataclasses import dataclass
from numbers import Real

from torch import nn

from course_utils.shapes import expect_at_least
from course_utils.training.batches import Epoch
from course_utils.training.history import History

Validation = Callable[[nn.Module], Real] | Epoch


@dataclass(frozen=True)
class Plan:
    """What `fit` was asked for, as far as it decides when to look and when to stop."""

    steps: int
    every: int
    valid: Validation | None
    minutes: Real | None
    patience: int | None
    enough: Real | None

    def __post_init__(self) -> None:
        expect_at_least(1, steps=self.steps, every=self.every, patience=self.patience)
        for name, waits in {"patience": self.patience, "enough": self.enough}.items():
            if waits is not None and self.valid is None:
                raise ValueError(f"{name} waits for the loss on validation data: give `valid` too.")
        if self.valid is not None and not callable(self.valid):
            expect_an_end(self.valid)

    def too_late(self, seconds: float) -> bool:
        """Whether a run that has taken so many seconds has no time left."""
        return self.minutes is not None and seconds >= 60 * self.minutes

    def is_due(self, history: History) -> bool:
        """Whether it is time to validate and to write the checkpoint."""
        number = len(history.steps)
        ends = number == self.steps or history.stopped == "minutes"
        return number > 0 and (number % self.every == 0 or ends)

    def reason_to_stop(self, history: History) -> str:
        """Why this run is over, as far as its losses say; "" if it is not.

        The clock is asked elsewhere: it is not the same one in every process.
        """
        if len(history.steps) >= self.steps:
            return "steps"
        if not history.valid_losses:
            return ""
        if self.enough is not None and history.valid_losses[-1] <= self.enough:
            return "enough"
        if self.patience is not None:
            since_best = len(history.valid_steps) - 1 - history.valid_steps.index(history.best[0])
            if since_best >= self.patience:
                return "patience"
        return ""


def expect_an_end(valid: Epoch) -> None:
    """Raise TypeError unless these are batches with an end, ValueError if there are none."""
    needed = {"__len__": "len()", "__getitem__": "valid[i]"}
    missing = [use for method, use in needed.items() if not hasattr(valid, method)]
    if missing:
        raise TypeError(
            "valid is a function of the model, or batches that can be counted and asked for by "
            f"number; {type(valid)} has no {' and no '.join(missing)}. Give a list, such as "
            "pieces_in_order(…), or [tuple(batch) for batch in loader]."
        )
    if len(valid) == 0:
        raise ValueError("valid holds no batch: there is nothing to take a loss on.")
