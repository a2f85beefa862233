"""How much of each wave is in a list: the Fourier transform by its definition."""

import math
from collections.abc import Iterator

import torch

from course_utils.checks.task import Case, Task

task = Task(
    "15.spectrum",
    "How much of each wave",
    section="As many waves as numbers",
    dimensions=("rounds",),
    hints=[
        "For each number of rounds, 0 to n − 1: multiply x, place by place, with where that wave's "
        "hand stands, and add up.",
        "After `place` of n places a wave of `rounds` rounds has turned by rounds · place / n of a "
        "round. Where the hand stands then: exp(-2j · π · rounds · place / n). The minus turns it "
        "clockwise.",
        "All at once: `torch.outer(place, place)` is the table of rounds · place. The table of "
        "hands is complex, so x has to become complex, too, before it is multiplied: "
        "`x.to(table.dtype)`.",
    ],
    praise="Right. That is all that torch.fft.fft knows; it is only quicker.",
)


def table(n, *, turn=-1.0, first=0, per_round=None, full=2 * math.pi):
    """Where each hand stands, [rounds, place]."""
    place = torch.arange(first, n + first, dtype=torch.float64)
    angle = full * torch.outer(place, place) / (n if per_round is None else per_round)
    return torch.polar(torch.ones_like(angle), turn * angle)


def through(x, of_table):
    return (of_table @ x.to(of_table.dtype)).to(torch.complex64)


@task.answer
def spectrum(x):
    ### BEGIN SOLUTION
    n = len(x)
    place = torch.arange(n)
    table = torch.exp(-2j * torch.pi * torch.outer(place, place) / n)
    return table @ x.to(table.dtype)
    ### END SOLUTION


@task.cases
def cases(seed: int) -> Iterator[Case]:
    yield Case("four temperatures", (torch.tensor([37.0, 20.0, 5.0, 60.0]),))
    generator = torch.Generator().manual_seed(seed)
    for n in (5, 8, 12):
        yield Case(f"{n} numbers", (torch.randn(n, generator=generator),))
    yield Case("a level", (torch.full((6,), 2.5),))
    yield Case("two numbers", (torch.tensor([3.0, -1.0]),))


@task.also_right
def by_the_library(x):
    return torch.fft.fft(x)


@task.also_right
def round_by_round(x):
    n, found = len(x), []
    for rounds in range(n):
        right = sum(float(x[p]) * math.cos(2 * math.pi * rounds * p / n) for p in range(n))
        up = -sum(float(x[p]) * math.sin(2 * math.pi * rounds * p / n) for p in range(n))
        found.append(complex(right, up))
    return torch.tensor(found)


@task.mistake
def other_way_round(x):
    """Your hands turn the other way.

    The sign of the exponent: exp(−2πi · …) on the way there. With plus it is the way back.
    """
    return through(x, table(len(x), turn=1.0))


@task.mistake
def divided(x):
    """You divided by n.

    The way there only adds up. The way back divides by n, once.
    """
    return through(x, table(len(x))) / len(x)


@task.mistake
def way_back(x):
    """That is the way back: turned the other way, and divided by n.

    `ifft` for `fft`. On the way there the exponent has a minus, and nothing is divided.
    """
    return torch.fft.ifft(x)


@task.mistake
def by_the_root(x):
    """You divided by √n ("ortho").

    That shares the n out between the two ways. Here the way there divides by nothing.
    """
    return torch.fft.fft(x, norm="ortho")


@task.mistake
def how_long_only(x):
    """You kept the hands' lengths alone.

    How long a hand is says how much of the wave is there; where it points is the other half of what
    was found, and without it there is no way back.
    """
    return through(x, table(len(x))).abs()


@task.mistake
def right_only(x):
    """You kept the part to the right alone.

    A wave that comes a quarter late has nothing to the right. Keep both: a complex number.
    """
    return through(x, table(len(x))).real


@task.mistake
def up_is_down(x):
    """The part that points up is missing its minus sign, or the part to the right has one too many.

    cos − i · sin, both of the same angle.
    """
    return -through(x, table(len(x))).conj()


@task.mistake
def from_one(x):
    """You counted from 1.

    Places and rounds both begin with 0: at place 0 every wave stands at its beginning, and a wave
    of 0 rounds is the level.
    """
    return through(x, table(len(x), first=1))


@task.mistake
def without_two_pi(x):
    """A full turn is 2π, not 1.

    exp(−2πi · rounds · place / n).
    """
    return through(x, table(len(x), full=1.0))


@task.mistake
def half_turns(x):
    """A full turn is 2π, not π.

    Yours go round half as often as they should.
    """
    return through(x, table(len(x), full=math.pi))


@task.mistake
def one_place_less(x):
    """You divided the round into n − 1 parts.

    The round ends at place n, which is place 0 again: n parts.
    """
    return through(x, table(len(x), per_round=max(1, len(x) - 1)))


@task.mistake
def not_divided_into_places(x):
    """The division by n is missing from the angle.

    A wave of one round has made its round after n places: rounds · place / n.
    """
    return through(x, table(len(x), per_round=1))


@task.mistake
def without_mirrors(x):
    """You left out the mirrored ones.

    The second half of a real list's spectrum is the first half mirrored, and can be left out
    (`rfft`). Here all n are wanted.
    """
    return torch.fft.rfft(x)


@task.mistake
def level_taken_away(x):
    """You took the mean away first.

    Then 0 rounds finds nothing. The level is one of the waves, and is wanted.
    """
    return torch.fft.fft(x - x.mean())


@task.mistake
def changed_sides(x):
    """Sine and cosine have changed places.

    The cosine is the part to the right, and minus the sine the part that points up.
    """
    hands = torch.fft.fft(x)
    return torch.complex(-hands.imag, hands.real)


@task.mistake
def squared_lengths(x):
    """You squared the hands' lengths.

    That is the power of each wave, and has lost where the hands point. Return the hands.
    """
    return torch.fft.fft(x).abs() ** 2


@task.mistake
def heights(x):
    """You made heights of them: times 2, divided by n.

    As in the picture of the sunspots. The transform itself only adds up.
    """
    return 2 * torch.fft.fft(x) / len(x)


@task.mistake
def rounds_from_one(x):
    """Your rounds begin with 1.

    The first wave goes round 0 times: it is the level, the sum of all numbers.
    """
    return torch.fft.fft(x).roll(-1)


@task.mistake
def level_in_the_middle(x):
    """You moved the level to the middle (`fftshift`).

    That's for pictures. Here 0 rounds comes first.
    """
    return torch.fft.fftshift(torch.fft.fft(x))
