"""From the waves to the list: the inverse."""

from collections.abc import Iterator

import torch

from course_utils.checks.task import Case, Task

task = Task(
    "15.back",
    "The way back",
    section="As many waves as numbers",
    dimensions=("place",),
    hints=[
        "Give each wave its share and add them up: the same table as on the way there, with every "
        "hand turning the other way.",
        "`table.conj()` turns the other way: exp(+2j · π · rounds · place / n).",
        "Each number has now been counted n times: divide by n. What is left to the side is "
        "rounding; the list is the real part of the sum.",
    ],
    praise="Right. There and back, and not a number is lost.",
)


@task.answer
def signal(hands):
    ### BEGIN SOLUTION
    n = len(hands)
    place = torch.arange(n)
    table = torch.exp(2j * torch.pi * torch.outer(place, place) / n)
    return (table @ hands.to(table.dtype)).real / n
    ### END SOLUTION


@task.cases
def cases(seed: int) -> Iterator[Case]:
    yield Case("four temperatures", (torch.tensor([122.0, 32 + 40j, -38.0, 32 - 40j]),))
    generator = torch.Generator().manual_seed(seed)
    for n in (5, 8, 11):
        yield Case(f"{n} numbers", (torch.fft.fft(torch.randn(n, generator=generator)),))
    yield Case("a single wave", (torch.tensor([0, 0, 4j, 0, 0, 0, -4j, 0]),))


@task.also_right
def by_the_library(hands):
    return torch.fft.ifft(hands).real


@task.also_right
def place_by_place(hands):
    import cmath

    n = len(hands)
    found = []
    for place in range(n):
        waves = [complex(hands[k]) * cmath.exp(2j * cmath.pi * k * place / n) for k in range(n)]
        found.append(sum(waves).real / n)
    return torch.tensor(found)


@task.also_right
def by_the_way_there(hands):
    return torch.fft.fft(hands.conj()).real / len(hands)


@task.mistake
def not_divided(hands):
    """The division by n is missing.

    Every number has been counted n times on the way there and back.
    """
    return len(hands) * torch.fft.ifft(hands).real


@task.mistake
def divided_by_the_root(hands):
    """You divided by √n, and the way there divided by nothing.

    Both ways together have to make 1 / n: here all of it is the way back's.
    """
    return len(hands) ** 0.5 * torch.fft.ifft(hands).real


@task.mistake
def not_turned(hands):
    """Your hands turn the same way as before.

    Then the list comes out backwards: all but place 0 change places. The way back has a plus in
    the exponent.
    """
    return torch.fft.fft(hands).real / len(hands)


@task.mistake
def there_again(hands):
    """You went there a second time: the same sign, and no division by n.

    Back is exp(+2πi · …), and divided by n.
    """
    return torch.fft.fft(hands).real


@task.mistake
def right_parts_first(hands):
    """You took the real part first, and then went back.

    Half of what was found is in the part that points up. Add up the whole hands; the real part
    comes last.
    """
    return torch.fft.ifft(hands.real).real


@task.mistake
def lengths_first(hands):
    """You took the hands' lengths, and where they point is lost.

    Without it every wave begins at its top. Add up the hands themselves.
    """
    return torch.fft.ifft(hands.abs()).real


@task.mistake
def left_complex(hands):
    """The numbers are right, and still complex.

    A list of temperatures has nothing to the side: return the real part.
    """
    return torch.fft.ifft(hands)


@task.mistake
def lengths_last(hands):
    """You returned lengths, and a length has no sign.

    Numbers below zero are lost so. Take the real part, not the absolute value.
    """
    return torch.fft.ifft(hands).abs()


@task.mistake
def upper_part(hands):
    """You returned the part that points up.

    That is rounding. The list is the part to the right, `.real`.
    """
    return torch.fft.ifft(hands).imag


@task.mistake
def without_the_level(hands):
    """The wave of 0 rounds is missing.

    It is the level: the mean of the list.
    """
    hands = hands.clone()
    hands[0] = 0
    return torch.fft.ifft(hands).real


@task.mistake
def first_half_alone(hands):
    """You added up half of the waves.

    The mirrored ones count as well: without them each wave has half of its height.
    """
    hands = hands.clone()
    hands[len(hands) // 2 + 1 :] = 0
    return torch.fft.ifft(hands).real
