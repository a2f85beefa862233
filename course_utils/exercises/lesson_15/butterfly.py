"""Two halves make a whole: one step of the fast Fourier transform."""

import cmath
from collections.abc import Iterator

import torch

from course_utils.checks.task import Case, Task

task = Task(
    "15.butterfly",
    "Two halves make a whole",
    section="Half of the list, twice",
    dimensions=("rounds",),
    hints=[
        "The numbers at odd places come one place later, so their hands are turned back: by k / n "
        "of a round for k rounds, where n is the length of the *whole* list.",
        "With turned = exp(-2j · π · k / n) · odd, k = 0 … n/2 − 1: the first half of the whole is "
        "even + turned.",
        "For n/2 rounds more, the odd places have made half a turn more: minus. The second half is "
        "even − turned.",
    ],
    praise="Right. Do this log₂ n times over, and you have n log n.",
)


@task.answer
def whole(even, odd):
    ### BEGIN SOLUTION
    half = len(even)
    turned = torch.exp(-2j * torch.pi * torch.arange(half) / (2 * half)) * odd
    return torch.cat([even + turned, even - turned])
    ### END SOLUTION


def halves(x):
    return torch.fft.fft(x[0::2]), torch.fft.fft(x[1::2])


@task.cases
def cases(seed: int) -> Iterator[Case]:
    yield Case("four temperatures", halves(torch.tensor([37.0, 20.0, 5.0, 60.0])))
    generator = torch.Generator().manual_seed(seed)
    for n in (6, 8, 32):
        yield Case(f"{n} numbers", halves(torch.randn(n, generator=generator)))
    turning = torch.randn(12, dtype=torch.complex64, generator=generator)
    yield Case("a list of complex numbers", halves(turning))
    yield Case("two numbers", halves(torch.tensor([2.0, 7.0])))


@task.also_right
def by_way_of_the_list(even, odd):
    x = torch.stack([torch.fft.ifft(even), torch.fft.ifft(odd)], dim=1).flatten()
    return torch.fft.fft(x)


@task.also_right
def one_by_one(even, odd):
    n = 2 * len(even)
    found = [0j] * n
    for k in range(n):
        e, o = complex(even[k % len(even)]), complex(odd[k % len(even)])
        found[k] = e + cmath.exp(-2j * cmath.pi * k / n) * o
    return torch.tensor(found)


def joined(even, odd, *, turn=-2.0, per=2, late=None, signs=(1, -1)):
    half = len(even)
    angle = turn * torch.pi * torch.arange(half) / (per * half)
    turned = torch.polar(torch.ones(half), angle) * odd
    others = even if late is None else late(even)
    return torch.cat([others + signs[0] * turned, others + signs[1] * turned])


@task.mistake
def not_turned(even, odd):
    """The odd ones are not turned.

    They come one place later: k rounds have turned them by k / n of a round more.
    """
    return joined(even, odd, turn=0.0)


@task.mistake
def turned_forward(even, odd):
    """You turned the odd ones forward.

    The minus belongs into the exponent here, too: exp(−2πi · k / n).
    """
    return joined(even, odd, turn=2.0)


@task.mistake
def by_half_the_length(even, odd):
    """You divided the round by the half's length.

    n is the length of the whole list, which is twice that of `even`.
    """
    return joined(even, odd, per=1)


@task.mistake
def half_a_turn(even, odd):
    """You turned by π where it says 2π.

    A full turn is 2π: exp(−2πi · k / n).
    """
    return joined(even, odd, turn=-1.0)


@task.mistake
def plus_twice(even, odd):
    """Your second half is the first once more.

    n/2 rounds more are half a turn at the odd places: even − turned.
    """
    return joined(even, odd, signs=(1, 1))


@task.mistake
def minus_first(even, odd):
    """Your halves are in the wrong order.

    First even + turned, for the slow waves; then even − turned.
    """
    return joined(even, odd, signs=(-1, 1))


@task.mistake
def changed_places(even, odd):
    """You turned the even ones.

    The even places begin at 0, and need no turn. The odd ones come later.
    """
    return joined(odd, even)


@task.mistake
def both_turned(even, odd):
    """You turned the even ones, too.

    They begin at place 0, so they are as they should be.
    """
    half = len(even)
    turn = torch.polar(torch.ones(half), -torch.pi * torch.arange(half) / half)
    return torch.cat([turn * (even + odd), turn * (even - odd)])


@task.mistake
def taken_in_turns(even, odd):
    """You put plus and minus in turns.

    Not the list's places are joined here, but its waves: first all the slow ones, even + turned,
    then all the fast ones.
    """
    both = joined(even, odd)
    return torch.stack([both[: len(even)], both[len(even) :]], dim=1).flatten()


@task.mistake
def averaged(even, odd):
    """You halved the sums.

    On the way there nothing is divided.
    """
    return joined(even, odd) / 2


@task.mistake
def one_after_the_other(even, odd):
    """You put the two halves one behind the other.

    Each number of the whole needs both: even + turned, even − turned.
    """
    return torch.cat([even, odd])
