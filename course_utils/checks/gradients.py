"""Does the gradient get through to the inputs, and is it the right one?

Equal numbers are not enough where a task is a piece of a model: who writes `loss.detach()` on the
way has the right loss, and a model that does not learn.
"""

from collections.abc import Mapping
from dataclasses import replace
from typing import Any

import torch
from torch import Tensor

from course_utils.checks import isolate
from course_utils.checks.task import Case

RIGHT = "the numbers are right"  # so begins each complaint
NOT_THROUGH = (
    f"{RIGHT}, but no gradient gets through to the inputs "
    "(was there a .detach(), .item(), .numpy() or torch.no_grad() on the way?)."
)
RELATIVE, ABSOLUTE, OF_LARGEST = 1e-3, 1e-5, 1e-4


def asked_for(case: Case) -> Case:
    """The case with floating tensors that ask for a gradient."""
    args = tuple(map(_asking, case.args))
    kwargs = {name: _asking(value) for name, value in case.kwargs.items()}
    return replace(case, args=args, kwargs=kwargs)


def _asking(value: Any) -> Any:
    if isinstance(value, Tensor) and value.dtype.is_floating_point:
        return value.detach().clone().requires_grad_()
    return value


def complaint(right: isolate.Outcome, got: isolate.Outcome, names: list[str]) -> str | None:
    """What is wrong with the way back of an answer whose numbers are right; None if nothing is."""
    parts = _floating(got.value)
    if len(parts) < len(_floating(right.value)) or not all(part.requires_grad for part in parts):
        return NOT_THROUGH
    right.gradients = right.gradients or of_inputs(right)
    expected = right.gradients.value
    found = got.gradients or of_inputs(got)
    if found.problem:
        return f"{RIGHT}, but their gradient cannot be worked out. {found.problem}"
    for i, gradient in expected.items():
        got_here = found.value.get(i, torch.zeros_like(gradient))
        if got_here.shape != gradient.shape:
            return f"{RIGHT}, but the gradient that reaches {names[i]} has another shape."
        gap = (got_here - gradient).abs()
        bound = _rounding(gradient) + RELATIVE * gradient.abs()
        if bool(((gap > bound) & gradient.isfinite()).any()) or bool(
            (got_here.isnan() & gradient.isfinite()).any()
        ):
            return (
                f"{RIGHT}, but the gradient that reaches {names[i]} is not: a part "
                "of the way back is cut off (.detach(), .data, .item(), torch.no_grad()?)."
            )
    return None


def of_inputs(outcome: isolate.Outcome) -> isolate.Outcome:
    """The gradient of a weighted sum of all results: its value is {number of the input: tensor}."""
    return isolate.call(lambda: _of_inputs(outcome), ())


def _rounding(gradient: Tensor) -> float:
    """What float32 may leave of large numbers that cancel to a small one."""
    finite = gradient[gradient.isfinite()].abs()
    return max(ABSOLUTE, OF_LARGEST * float(finite.max())) if finite.numel() else ABSOLUTE


def _of_inputs(outcome: isolate.Outcome) -> dict[int, Tensor]:
    """The gradient of a weighted sum of all results, by the number of the input."""
    asked = {
        i: value
        for i, value in enumerate(outcome.inputs)
        if isinstance(value, Tensor) and value.requires_grad
    }
    total = sum((part * _weights(part)).sum() for part in _floating(outcome.value))
    if not asked or not isinstance(total, Tensor) or not total.requires_grad:
        return {}
    found = torch.autograd.grad(total, list(asked.values()), allow_unused=True)
    return {
        i: torch.zeros_like(asked[i]) if gradient is None else gradient
        for i, gradient in zip(asked, found, strict=True)
    }


def _weights(part: Tensor) -> Tensor:
    """Numbers that all differ, so that no two wrong gradients cancel."""
    return torch.cos(torch.arange(part.numel(), dtype=part.dtype)).view_as(part)


def _floating(value: Any) -> list[Tensor]:
    """The floating tensors of a result."""
    parts = value if isinstance(value, list | tuple) else [value]
    parts = parts.values() if isinstance(parts, Mapping) else parts
    return [part for part in parts if isinstance(part, Tensor) and part.is_floating_point()]
