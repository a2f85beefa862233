"""Up the hill and down."""

import math
from collections.abc import Callable, Iterator

import torch

from course_utils.checks.task import Case, Task

task = Task(
    "06.learning_rate",
    "Up the hill and down",
    section="How far to step",
    hints=[
        "Two curves: one climbs in a straight line, one falls with one over the root of the "
        "step. The rate is the lower of them.",
        "They meet at step = warmup, where both are warmup^−½.",
        "Python writes x^−½ as x**-0.5. All of it is multiplied by d_model**-0.5.",
    ],
    praise="Right. At step 4,000 with 512 numbers that is 0.0007, the top of 2017.",
)


@task.answer
def learning_rate(step, d_model, warmup):
    ### BEGIN SOLUTION
    return d_model**-0.5 * min(step**-0.5, step * warmup**-1.5)
    ### END SOLUTION


@task.cases
def cases(seed: int) -> Iterator[Case]:
    yield Case("the first step", (1, 512, 4000))
    yield Case("on the way up", (1000, 512, 4000))
    yield Case("the top", (4000, 512, 4000))
    yield Case("on the way down", (16_000, 512, 4000))
    generator = torch.Generator().manual_seed(seed)
    d_model, warmup = (
        int(torch.randint(low, high, (), generator=generator))
        for low, high in ((50, 300), (20, 90))
    )
    for step in (warmup // 3, warmup, 3 * warmup):
        yield Case(f"step {step}, {warmup} of warm-up", (step, d_model, warmup))


@task.also_right
def learning_rate_in_two_parts(step, d_model, warmup):
    top = 1 / math.sqrt(d_model * warmup)
    return top * step / warmup if step <= warmup else top * math.sqrt(warmup / step)


def _rate(shape: Callable) -> Callable:
    return lambda step, d_model, warmup: d_model**-0.5 * shape(step, warmup)


@task.mistake
def took_larger_one(step, d_model, warmup):
    """You took the larger one.

    The climb and the descent cross at the end of the warm-up. The lower of the two is the hill; the
    higher one starts at a cliff. min, not max.
    """
    return _rate(lambda step, warmup: max(step**-0.5, step * warmup**-1.5))(step, d_model, warmup)


@task.mistake
def there_no_warm_up(step, d_model, warmup):
    """There is no warm-up.

    The descent alone: it starts at its largest, where a fresh model can bear the least. Is the
    climb left out, or has its exponent lost the minus (warmup^(−3/2)), so that it never is the
    smaller?
    """
    return _rate(lambda step, warmup: step**-0.5)(step, d_model, warmup)


@task.mistake
def climbs_never_comes_down(step, d_model, warmup):
    """It climbs and never comes down.

    The climb alone: after the warm-up it goes on to the sky. Take the smaller of it and step^−½.
    """
    return _rate(lambda step, warmup: step * warmup**-1.5)(step, d_model, warmup)


@task.mistake
def climbs_stays(step, d_model, warmup):
    """It climbs and stays.

    A plateau at the top's height. After the warm-up the recipe goes down with step^−½.
    """
    return _rate(lambda step, warmup: min(warmup**-0.5, step * warmup**-1.5))(step, d_model, warmup)


@task.mistake
def climb_too_steep(step, d_model, warmup):
    """Your climb is too steep.

    step · warmup^−½ meets step^−½ almost at once. At step = warmup both should be warmup^−½: so the
    climb is step · warmup^−1½.
    """
    return _rate(lambda step, warmup: min(step**-0.5, step * warmup**-0.5))(step, d_model, warmup)


@task.mistake
def climb_1(step, d_model, warmup):
    """You climb to 1.

    step / warmup is 1 at the end of the warm-up, and step^−½ is far smaller by then. Climb to where
    the descent begins: step / warmup · warmup^−½.
    """
    return _rate(lambda step, warmup: min(step**-0.5, step / warmup))(step, d_model, warmup)


@task.mistake
def dmodel_went_missing(step, d_model, warmup):
    """D_model went missing.

    The shape is right and the height is not: all of it times d_model^−½. Wider models get smaller
    steps.
    """
    return min(step**-0.5, step * warmup**-1.5)


@task.mistake
def multiplied_root_dmodel(step, d_model, warmup):
    """You multiplied by the root of d_model.

    Wider models get smaller steps: d_model to the power of −½, not +½.
    """
    return d_model**0.5 * min(step**-0.5, step * warmup**-1.5)


@task.mistake
def divided_dmodel(step, d_model, warmup):
    """You divided by d_model.

    By its root: d_model to the power of −½.
    """
    return min(step**-0.5, step * warmup**-1.5) / d_model


@task.mistake
def count_from_0(step, d_model, warmup):
    """You count from 0.

    Your rate is that of the next step. Here the first step is number 1 already, so nothing has to
    be added.
    """
    return learning_rate(step + 1, d_model, warmup)


@task.mistake
def step_missing(step, d_model, warmup):
    """The step is missing on the way up.

    The second of the two is step · warmup^(−3/2): it grows with each step. Without the step it is
    one small number, and always the smaller.
    """
    return d_model**-0.5 * min(step**-0.5, warmup**-1.5)


@task.mistake
def added(step, d_model, warmup):
    """You added the two.

    The smaller of them counts: min(…, …). On the way up that is the line, on the way down the root.
    """
    return d_model**-0.5 * (step**-0.5 + step * warmup**-1.5)


@task.mistake
def always_4000(step, d_model, warmup):
    """Your warm-up is always 4,000 steps long.

    That was the paper's. Here it is an argument: warmup.
    """
    return d_model**-0.5 * min(step**-0.5, step * 4000**-1.5)


@task.mistake
def multiplied(step, d_model, warmup):
    """You multiplied the two.

    The smaller of them counts: min(…, …).
    """
    return d_model**-0.5 * step**-0.5 * step * warmup**-1.5
