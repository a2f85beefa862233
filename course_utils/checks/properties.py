"""Statements that a right answer keeps, for answers that are wrong in a way nobody foresaw.

A property is called with the result and the case and returns a complaint, or None. One that has a
third parameter, `run`, gets a function that asks the answer again: `run(*args, **kwargs)`.
"""

from collections.abc import Callable

from torch import Tensor

from course_utils.checks.task import Case


def rows_sum_to_one(result, case: Case) -> str | None:
    """Each row of attention weights is shared out in full."""
    weights = result[1] if isinstance(result, tuple) and len(result) == 2 else result
    if not isinstance(weights, Tensor) or not weights.dtype.is_floating_point:
        return None
    sums = weights.detach().sum(-1)
    off = ((sums - 1).abs() > 1e-3) & (sums.abs() > 1e-3)  # a row that looks at nobody may be zero
    if not off.any():
        return None
    row = off.nonzero()[0].tolist()
    return f"row {row} of your weights adds up to {sums[tuple(row)].item():.3f}, not to 1."


def no_negative_weights(result, case: Case) -> str | None:
    weights = result[1] if isinstance(result, tuple) and len(result) == 2 else result
    if isinstance(weights, Tensor) and bool((weights < 0).any()):
        return "some of your weights are negative; a share of less than nothing is no share."
    return None


def no_look_ahead(which: int = 0) -> Callable:
    """No row hears a later one. Input number `which` is [..., n, d], and so is the result."""

    def hears_only_the_past(result, case: Case, run: Callable) -> str | None:
        x, before = case.args[which], _first_tensor(result)
        for later in range(1, x.shape[-2]):
            changed = x.detach().clone()
            changed[..., later, :] += 1.0
            after = _first_tensor(run(*case.args[:which], changed, *case.args[which + 1 :]))
            if before is None or after is None or after.shape != before.shape:
                return None
            moved = (after - before).abs().amax(-1).flatten(0, -2)[..., :later] > 1e-5
            if moved.any():
                place = int(moved.nonzero()[0, -1])
                return (
                    f"a leak from the future: place {place} changes with what stands at place "
                    f"{later}, which comes after it (counted from 0)."
                )
        return None

    return hears_only_the_past


def _first_tensor(result) -> Tensor | None:
    first = result[0] if isinstance(result, list | tuple) and result else result
    return first.detach() if isinstance(first, Tensor) else None
