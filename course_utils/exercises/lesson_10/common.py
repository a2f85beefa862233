"""Squares of looks, and which part of an answer is off."""

from collections.abc import Callable

import torch
from torch import Tensor

from course_utils.checks.compare import difference
from course_utils.checks.task import Case


def places(n: int) -> tuple[Tensor, Tensor]:
    """Queries down, [n, 1], and keys across, [1, n]."""
    return torch.arange(n)[:, None], torch.arange(n)[None, :]


def random_mask(n: int, share: float, generator: torch.Generator) -> Tensor:
    """Bool[n, n] of which about `share` is True; not everybody looks at itself."""
    return torch.rand(n, n, generator=generator) < share


def and_oneself(mask: Tensor) -> Tensor:
    return mask | torch.eye(len(mask), dtype=torch.bool)


def part_that_is_off(reference: Callable, *names: str) -> Callable:
    """A property for results in parts: which of them is off, by its name."""

    def part(result, case: Case) -> str | None:
        for name, wanted, got in zip(names, reference(*case.args), result, strict=True):
            problem = difference(wanted, got)
            if problem:
                return f"in {name}, {problem}"
        return None

    return part
