"""The beat in a series: how long is one round of its highest wave?"""

from collections.abc import Iterator

import torch

from course_utils.checks.task import Case, Task

task = Task(
    "15.period",
    "Find the beat",
    section="The sun",
    hints=[
        "The highest wave: `torch.fft.fft(x).abs()`, and `argmax`. But not all of its n numbers "
        "may take part.",
        "0 rounds is the level, which is no beat. And from n/2 on everything is mirrored. What is "
        "left: 1 … n // 2.",
        "k rounds in n numbers, `every` years apart: one round takes n · every / k years. Mind "
        "that argmax counts from where you cut.",
    ],
    praise="Right. Sunspots, heartbeats, words in a song: it finds what comes back.",
)


@task.answer
def period(x, every):
    ### BEGIN SOLUTION
    n = len(x)
    high = torch.fft.fft(x).abs()[1 : n // 2 + 1]
    rounds = int(high.argmax()) + 1
    return n * every / rounds
    ### END SOLUTION


def wavy(n, rounds, level, late, other, generator):
    place = torch.arange(n, dtype=torch.float32)
    x = level + torch.sin(2 * torch.pi * (rounds * place / n - late))
    x += 0.4 * torch.cos(2 * torch.pi * other * place / n)
    return x + 0.05 * torch.randn(n, generator=generator)


@task.cases
def cases(seed: int) -> Iterator[Case]:
    generator = torch.Generator().manual_seed(seed)
    yield Case("60 months, five rounds", (wavy(60, 5, 9.0, 0.3, 2, generator), 1 / 12))
    yield Case("260 years, 24 rounds", (wavy(260, 24, 3.0, 0.1, 11, generator), 1.0))
    yield Case("no level, odd length", (wavy(45, 9, 0.0, 0.25, 4, generator), 0.5))
    yield Case("one round", (wavy(32, 1, -5.0, 0.6, 3, generator), 2.0))
    # A hand may point up or to the right: only its length says how much of its wave there is.
    place = torch.arange(40, dtype=torch.float32)
    up, right = torch.sin(2 * torch.pi * 4 * place / 40), torch.cos(2 * torch.pi * 9 * place / 40)
    yield Case("a wave that begins at the middle, and one at the top", (1 + up + 0.6 * right, 1.0))
    yield Case("and the other way round", (1 + 0.6 * up - right, 1.0))
    slanting = torch.cos(2 * torch.pi * (4 * place / 40 - 1 / 8))
    yield Case("one that begins in between", (0.8 * slanting + right, 1.0))
    yield Case("as fast as can be", (torch.tensor([5.0, 1.0] * 8) + torch.arange(16) / 64, 3.0))


@task.also_right
def without_mirrors(x, every):
    high = torch.fft.rfft(x - x.mean()).abs()
    return (len(x) * every / high.argmax()).item()


@task.also_right
def by_frequency(x, every):
    import numpy as np

    x = np.asarray(x)
    frequencies = np.fft.rfftfreq(len(x), every)
    return 1 / frequencies[1:][np.abs(np.fft.rfft(x))[1:].argmax()]


def strongest(x, first=1, last=None, of=torch.abs):
    return int(of(torch.fft.fft(x))[first:last].argmax())


@task.mistake
def level_wins(x, every):
    """The level won.

    0 rounds is the mean of the list, often the largest of all, and no beat: leave it out.
    """
    rounds = strongest(x, 0, len(x) // 2 + 1)
    return len(x) * every / max(rounds, 1) if rounds else float("inf")


@task.mistake
def off_by_one(x, every):
    """You are off by one round.

    argmax counts from where you cut: after [1:] its 0 is the wave of 1 round.
    """
    return len(x) * every / max(strongest(x, 1, len(x) // 2 + 1), 1)


@task.mistake
def rounds_only(x, every):
    """You returned the number of rounds.

    How long one of them is was asked for: n · every / rounds.
    """
    return float(strongest(x, 1, len(x) // 2 + 1) + 1)


@task.mistake
def in_places(x, every):
    """You counted places, not years.

    From one number to the next are `every` years: n · every / rounds.
    """
    return len(x) / (strongest(x, 1, len(x) // 2 + 1) + 1)


@task.mistake
def frequency(x, every):
    """You returned how many rounds there are in a year.

    That's the frequency. One round takes the inverse of it.
    """
    return (strongest(x, 1, len(x) // 2 + 1) + 1) / (len(x) * every)


@task.mistake
def divided_by_every(x, every):
    """You divided by `every`.

    n numbers that are `every` years apart are n · every years.
    """
    return len(x) / every / (strongest(x, 1, len(x) // 2 + 1) + 1)


@task.mistake
def right_part(x, every):
    """You looked for the largest part to the right.

    A wave that begins elsewhere points elsewhere. How much of it is there is the hand's *length*:
    `.abs()`.
    """
    high = torch.fft.fft(x).real[1 : len(x) // 2 + 1]
    return len(x) * every / (int(high.argmax()) + 1)


@task.mistake
def upper_part(x, every):
    """You looked for the largest part that points up.

    A wave that begins elsewhere points elsewhere. How much of it is there is the hand's *length*:
    `.abs()`.
    """
    high = torch.fft.fft(x).imag[1 : len(x) // 2 + 1]
    return len(x) * every / (int(high.argmax()) + 1)


@task.mistake
def mirrored(x, every):
    """You took the mirrored one.

    From n/2 on the spectrum of real numbers comes again, mirrored. Look at 1 … n // 2.
    """
    n = len(x)
    high = torch.fft.fft(x).abs()[n // 2 :]
    return n * every / (int(high.argmax()) + n // 2)


@task.mistake
def highest_number(x, every):
    """You looked for the highest number of the series itself.

    Go to the spectrum first: which *wave* is highest?
    """
    return len(x) * every / max(int(x.argmax()), 1)


@task.mistake
def fastest_missed(x, every):
    """The fastest wave is missing.

    An even list has one that goes up and down at each place: n // 2 rounds. Cut behind it.
    """
    n = len(x)
    return n * every / (strongest(x, 1, n // 2) + 1)


@task.mistake
def part_to_the_right(x, every):
    """You looked at the part of each hand that points to the right.

    A wave that begins at the middle points up, and is as strong. How much of it there is, is the
    hand's length: `.abs()` of the complex number.
    """
    return len(x) * every / strongest(x, last=len(x) // 2 + 1, of=lambda hands: hands.real.abs())


@task.mistake
def part_that_points_up(x, every):
    """You looked at the part of each hand that points up.

    How much of a wave there is, is the hand's length: `.abs()` of the complex number.
    """
    return len(x) * every / strongest(x, last=len(x) // 2 + 1, of=lambda hands: hands.imag.abs())


@task.mistake
def both_parts_added(x, every):
    """You added the two parts of each hand.

    A hand 3 to the right and 4 up is 5 long, not 7: `.abs()` of the complex number.
    """
    last = len(x) // 2 + 1
    rounds = strongest(x, last=last, of=lambda hands: hands.real.abs() + hands.imag.abs())
    return len(x) * every / rounds
