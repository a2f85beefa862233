"""What the two tasks about chances have in common."""

from torch import Tensor

from course_utils.checks.task import Case


def chances_add_up(result, case: Case) -> str | None:
    """For answers that are wrong in a way nobody foresaw: are they chances at all?"""
    if not isinstance(result, Tensor) or not result.is_floating_point():
        return None
    if bool((result < 0).any()):
        return "some of your chances are below 0."
    sums = result.detach().sum(-1)
    if bool(((sums - 1).abs() < 1e-3).all()):
        return None
    farthest = sums.flatten()[(sums - 1).abs().argmax()].item()
    return f"chances add up to 1 over the characters; yours add up to {farthest:.3f}."
