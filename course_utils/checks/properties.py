"""Statements that a right answer keeps, for answers that are wrong in a way nobody foresaw.

A property is called with the result and the case and returns a complaint, or None.
"""

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
