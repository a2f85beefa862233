"""Cold enough."""

import math
from collections.abc import Iterator

import torch

from course_utils.checks.task import Case, Task

task = Task(
    "12.cold_enough",
    "Cold enough",
    section="A softmax is not a hardmax",
    hints=[
        "Write it down: (n − 1) · e^(−gap / T) = share. T is what you look for.",
        "Divide by n − 1 and take the logarithm: −gap / T = ln(share / (n − 1)).",
        "Two minus signs come off: the one at the gap, and a logarithm changes its sign when "
        "its fraction is turned over. Then T stands below the line; bring it up.",
    ],
    praise="Right. The more losers, the colder it must be; but only by a logarithm.",
)


@task.answer
def cold_enough(n, gap, share):
    ### BEGIN SOLUTION
    return gap / math.log((n - 1) / share)
    ### END SOLUTION


@task.cases
def cases(seed: int) -> Iterator[Case]:
    yield Case("the ring: 3 are heard, scores 1 apart", (3, 1.0, 1e-6))
    yield Case("256 are heard", (256, 1.5, 1e-6))
    yield Case("scores half apart", (5, 0.5, 0.01))
    yield Case("scores far apart", (12, 7.0, 0.2))
    yield Case("two are heard", (2, 3.0, 0.05))
    generator = torch.Generator().manual_seed(seed)
    gap, share = torch.rand(2, generator=generator).tolist()
    yield Case("any numbers", (20 + seed, 0.1 + gap, 0.001 + share / 10))


@task.also_right
def cold_enough_by_differences(n, gap, share):
    return gap / (math.log(n - 1) - math.log(share))


@task.also_right
def cold_enough_by_halving(n, gap, share):
    low, high = 1e-6, 1e6
    for _ in range(200):
        middle = math.sqrt(low * high)
        too_warm = (n - 1) * math.exp(-gap / middle) > share
        low, high = (low, middle) if too_warm else (middle, high)
    return low


@task.mistake
def how_often_scale_up_not(n, gap, share):
    """That is how often to scale up, not the temperature.

    Right, and one over it: the paper multiplies scores by t, and a temperature divides by T = 1 /
    t.
    """
    return math.log((n - 1) / share) / gap


@task.mistake
def temperature_below_0(n, gap, share):
    """Your temperature is below 0.

    The logarithm of a number below 1 is negative, and so is −gap / T. One of the two minus signs is
    lost on your way.
    """
    return gap / math.log(share / (n - 1))


@task.mistake
def winner_counts_loser(n, gap, share):
    """The winner counts as a loser.

    Of the n that are heard one wins. n − 1 share the rest.
    """
    return gap / math.log(n / share)


@task.mistake
def each_loser_may_whole_share(n, gap, share):
    """Each loser may have the whole share.

    The share is for all n − 1 losers together.
    """
    return gap / math.log(1 / share)


@task.mistake
def number_losers_wrong_side(n, gap, share):
    """The number of losers is on the wrong side.

    Yours allows more warmth the more losers there are. They make it colder: if each of them gets
    less, T is smaller.
    """
    return gap / math.log(1 / ((n - 1) * share))


@task.mistake
def gap_not_used(n, gap, share):
    """The gap is not used.

    Scores that are twice as far apart allow twice the temperature: gap / ln(…).
    """
    return 1 / math.log((n - 1) / share)


@task.mistake
def gap_wrong_side(n, gap, share):
    """The gap is on the wrong side.

    Scores that are farther apart allow *more* warmth: gap above the line.
    """
    return 1 / (gap * math.log((n - 1) / share))


@task.mistake
def asked_winner_get_so_little(n, gap, share):
    """You asked for the winner to get so little.

    `share` is what the losers get, not what is left for the winner.
    """
    return gap / math.log((n - 1) / (1 - share))


@task.mistake
def logarithm_base_10(n, gap, share):
    """Your logarithm has base 10.

    Softmax is made of e to the something. Its logarithm is math.log.
    """
    return gap / math.log10((n - 1) / share)


@task.mistake
def logarithm_base_2(n, gap, share):
    """Your logarithm has base 2.

    Softmax is made of e to the something. Its logarithm is math.log; log2 counts bits.
    """
    return gap / math.log2((n - 1) / share)


@task.mistake
def there_no_logarithm(n, gap, share):
    """There is no logarithm.

    An e^(…) is undone by a logarithm. Divide by n − 1, take ln of both sides, then solve for T.
    """
    return gap * share / (n - 1)


@task.mistake
def multiplied_by_the_share(n, gap, share):
    """You multiplied the losers by their share.

    (n − 1) · e^(−gap / T) = share: divide both sides by n − 1, and the exponential is share / (n −
    1). Its logarithm is −gap / T.
    """
    return gap / math.log((n - 1) * share)


@task.mistake
def multiplied_by_the_logarithm(n, gap, share):
    """You multiplied by the logarithm.

    gap / T = log((n − 1) / share). Solved for T, the logarithm stands below.
    """
    return gap * math.log((n - 1) / share)
