"""How large a step is, from the first to the last: functions of the step, counted from 1.

Every schedule raises ValueError when it is asked for a step below 1.
"""

import math
from collections.abc import Callable
from numbers import Real

Schedule = Callable[[int], Real]


def constant(rate: Real, *, warmup: int = 0) -> Schedule:
    """Always `rate`, after a climb of `warmup` steps. Raises ValueError if that is negative."""
    if warmup < 0:
        raise ValueError(f"warmup is a number of steps, 0 or more, got {warmup}.")
    return lambda step: rate * _share_of_warmup(step, warmup)


def noam(d_model: int, *, warmup: int = 4000) -> Schedule:
    """d_model^-0.5 · min(step^-0.5, step · warmup^-1.5): a straight climb, then a slow descent.

    With d_model 512 and 4,000 steps of warm-up the top is 6.99e-4. Raises ValueError if one of
    the two is below 1.
    Source: Vaswani et al. 2017, section 5.3, equation 3.
    """
    if d_model < 1 or warmup < 1:
        raise ValueError(f"d_model and warmup are 1 or more, got {d_model} and {warmup}.")

    def rate(step: int) -> Real:
        _first_is_one(step)
        return d_model**-0.5 * min(step**-0.5, step * warmup**-1.5)

    return rate


def warmup_cosine(peak: Real, *, warmup: int, steps: int, floor: Real = 0.1) -> Schedule:
    """A climb to `peak` in `warmup` steps, then half a cosine down to `floor` · `peak` at `steps`.

    Raises ValueError unless `warmup` is 0 or more and ends before `steps`.
    Source: Loshchilov and Hutter 2017, equation 5 (the descent, without restarts).
    """
    if not 0 <= warmup < steps:
        raise ValueError(f"warmup={warmup} has to end before the last of steps={steps}.")

    def rate(step: int) -> Real:
        if step <= warmup:
            return peak * _share_of_warmup(step, warmup)
        done = min(1.0, (step - warmup) / (steps - warmup))
        return peak * (floor + (1.0 - floor) * (1.0 + math.cos(math.pi * done)) / 2.0)

    return rate


def _share_of_warmup(step: int, warmup: int) -> float:
    """1/warmup at step 1, 2/warmup at step 2, … and 1 from step `warmup` on."""
    _first_is_one(step)
    return min(1.0, step / warmup) if warmup else 1.0


def _first_is_one(step: int) -> None:
    if step < 1:
        raise ValueError(f"steps are counted from 1, got {step}.")
