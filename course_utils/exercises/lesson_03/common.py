"""What people make of a query that may look at nobody: zeros, NaN or equal shares.

Many a mistake in the scores comes together with one of the three, and then every number of such a
row is wrong twice. The check sees through most of these pairs by itself: the other cases tell. For
mistakes that are alike in the first cases, or end there in an error, it cannot. Those are declared
in every hand: the learner reads about the mistake in the scores first, and about the rest next.
"""

import inspect
import math
from collections.abc import Callable
from functools import partial

import torch
from torch import Tensor

from course_utils.checks.task import Task


def normal(generator: torch.Generator, *shape: int) -> Tensor:
    return torch.randn(*shape, generator=generator)


def eighths(generator: torch.Generator, *shape: int, most: int) -> Tensor:
    """Multiples of 1/8 up to `most`/8. Sums of their products are exact, whatever their order."""
    return torch.randint(-most, most + 1, shape, generator=generator) / 8


def divided(query: Tensor, key: Tensor) -> Tensor:
    """The right scores."""
    return query @ key.transpose(-2, -1) / math.sqrt(query.shape[-1])


def careful(scores: Tensor, mask: Tensor | None, dim: int = -1) -> Tensor:
    """Whoever may look at nobody gets weights of zero, as the task asks."""
    weights = bare(scores, mask, dim)
    return weights if mask is None else weights.masked_fill(~mask, 0.0)


def bare(scores: Tensor, mask: Tensor | None, dim: int = -1) -> Tensor:
    if mask is not None:
        scores = scores.masked_fill(~mask, -math.inf)
    return torch.softmax(scores, dim=dim)


def very_negative(scores: Tensor, mask: Tensor | None, dim: int = -1) -> Tensor:
    if mask is not None:
        scores = scores.masked_fill(~mask, -1e9)
    return torch.softmax(scores, dim=dim)


HANDS = {
    careful: ("", ""),
    bare: ("_then_nan", " After that: whoever may look at nobody still gets NaN."),
    very_negative: (
        "_then_everybody",
        " After that: whoever may look at nobody still looks at everybody.",
    ),
}


def in_every_hand(task: Task) -> Callable:
    """Declare a mistake three times: `weigh`, its last parameter, is one hand after the other."""

    def declare(mistake: Callable) -> Callable:
        for weigh, (suffix, more) in HANDS.items():
            says = inspect.getdoc(mistake) + more
            task.mistake(partial(mistake, weigh=weigh), id=mistake.__name__ + suffix, says=says)
        return mistake

    return declare
