"""Turn instead: rotary positions, a pair of numbers at a time."""

import math

import torch

from course_utils.checks.task import Case, Task
from course_utils.exercises.lesson_02.common import hands, normal, woven
from course_utils.exercises.lesson_02.sinusoidal import sinusoidal

task = Task(
    "02.rotate",
    "Turn instead",
    section="Two other ways",
    dimensions=("n", "d"),
    hints=[
        "a = x[:, 0::2] holds the first number of every pair, b = x[:, 1::2] the second.",
        "The angles are those of your clocks, n × d/2: the same shape as a and b.",
        "torch.stack([a cos − b sin, a sin + b cos], dim=-1).flatten(1) puts the pairs back.",
    ],
    praise="Right. Nothing was stretched, and place 0 stayed put.",
)


@task.answer
def rotate(x):
    ### BEGIN SOLUTION
    n, d = x.shape
    speeds = 10_000.0 ** (-torch.arange(0, d, 2) / d)
    angles = torch.outer(torch.arange(n), speeds)
    a, b = x[:, 0::2], x[:, 1::2]
    turned = [a * angles.cos() - b * angles.sin(), a * angles.sin() + b * angles.cos()]
    return torch.stack(turned, dim=-1).flatten(1)
    ### END SOLUTION


@task.cases
def cases(seed):
    generator = torch.Generator().manual_seed(seed)
    for n, d in ((4, 8), (7, 4), (3, 6), (1, 4), (5, 2), (6, 6), (30, 12)):
        yield Case(f"{n} vectors of {d} numbers", (normal(generator, n, d),))
    yield Case("the same vector everywhere", (normal(generator, 1, 6).repeat(4, 1),))
    yield Case("large numbers", (1000 * normal(generator, 5, 4),))
    yield Case("small numbers", (normal(generator, 5, 4) / 1000,))


@task.also_right
def by_complex_numbers(x):
    angles = hands(*x.shape)
    hand = torch.polar(torch.ones_like(angles), angles)
    numbers = torch.view_as_complex(x.unflatten(-1, (-1, 2)).contiguous())
    return torch.view_as_real(numbers * hand).flatten(1)


@task.also_right
def by_matrices(x):
    n, d = x.shape
    rows = []
    for place in range(n):
        row = []
        for i in range(d // 2):
            angle = place * 10_000.0 ** (-2 * i / d)
            c, s = math.cos(angle), math.sin(angle)
            row.append(torch.tensor([[c, -s], [s, c]]) @ x[place, 2 * i : 2 * i + 2])
        rows.append(torch.cat(row))
    return torch.stack(rows)


@task.also_right
def with_the_clocks(x):
    table = sinusoidal(*x.shape)
    sines, cosines = (table[:, i::2].repeat_interleave(2, dim=1) for i in (0, 1))
    crossed = torch.stack([-x[:, 1::2], x[:, 0::2]], dim=-1).flatten(1)
    return x * cosines + crossed * sines


@task.also_right
def in_its_own_copy(x):
    result, angles = x.double().clone(), hands(*x.shape).double()
    result[:, 0::2], result[:, 1::2] = turn(x[:, 0::2], x[:, 1::2], angles)
    return result


def turn(a, b, angles):
    return a * angles.cos() - b * angles.sin(), a * angles.sin() + b * angles.cos()


def turned_by(x, angles):
    return woven(*turn(x[:, 0::2], x[:, 1::2], angles))


@task.mistake
def turned_backwards(x):
    """You turned the other way.

    Distances would come out right all the same, so nobody would notice until your model met
    somebody else's weights. The minus belongs to the first number.
    """
    return turned_by(x, -hands(*x.shape))


@task.mistake
def minus_forgotten(x):
    """A minus is missing.

    a·cos + b·sin and a·sin + b·cos do not turn, they stretch. Look at the lengths: turning must
    keep them. The first number is a·cos − b·sin.
    """
    a, b, angles = x[:, 0::2], x[:, 1::2], hands(*x.shape)
    return woven(a * angles.cos() + b * angles.sin(), a * angles.sin() + b * angles.cos())


@task.mistake
def minus_twice(x):
    """There is a minus too many.

    a·cos − b·sin and a·sin − b·cos do not turn, they mirror. The second number has a plus:
    a·sin + b·cos.
    """
    a, b, angles = x[:, 0::2], x[:, 1::2], hands(*x.shape)
    return woven(a * angles.cos() - b * angles.sin(), a * angles.sin() - b * angles.cos())


@task.mistake
def sine_for_cosine(x):
    """Sine and cosine have changed places.

    At place 0 the sine is 0 and the cosine 1, and the vector should stay as it is. The first number
    is a·cos − b·sin.
    """
    a, b, angles = x[:, 0::2], x[:, 1::2], hands(*x.shape)
    return woven(a * angles.sin() - b * angles.cos(), a * angles.cos() + b * angles.sin())


@task.mistake
def first_number_twice(x):
    """Both numbers of your pairs are the same.

    The first is a·cos − b·sin, the second a·sin + b·cos.
    """
    first, _ = turn(x[:, 0::2], x[:, 1::2], hands(*x.shape))
    return woven(first, first)


@task.mistake
def pairs_swapped(x):
    """The two numbers of every pair have changed places.

    Turned correctly, put back wrongly: a·cos − b·sin comes first, where a was.
    """
    first, second = turn(x[:, 0::2], x[:, 1::2], hands(*x.shape))
    return woven(second, first)


@task.mistake
def b_before_a(x):
    """You took the second number of each pair for the first.

    a = x[:, 0::2] is the first number, b = x[:, 1::2] the second.
    """
    return woven(*turn(x[:, 1::2], x[:, 0::2], hands(*x.shape)))


@task.mistake
def first_place_turned(x):
    """Your first place is place 1.

    The vector at place 0 is not turned at all.
    """
    return turned_by(x, hands(*x.shape, first=1))


@task.mistake
def one_speed_for_all(x):
    """All pairs turn at the same speed.

    Pair i turns by pos · 10000^(−2i/d): the first pair fast, the last hardly at all.
    """
    return turned_by(x, hands(*x.shape, step=0))


@task.mistake
def place_forgotten(x):
    """All places are turned alike.

    The angle is pos · 10000^(−2i/d), and the place is missing in yours: every vector is turned as
    the one at place 1.
    """
    return turned_by(x, hands(1, x.shape[1], first=1))


@task.mistake
def exponent_without_two(x):
    """You wrote i/d where 2i/d belongs.

    i counts the pairs, and there are d/2 of them. torch.arange(0, d, 2) is the 2i.
    """
    return turned_by(x, hands(*x.shape, step=1))


@task.mistake
def doubled_twice(x):
    """You doubled twice.

    torch.arange(0, d, 2) counts 0, 2, 4, … and is the 2i already; and where i counts 0, 1, 2, … the
    exponent is 2i/d and not 2i/(d/2). Doubled once more, every pair turns at the speed of the pair
    twice as far on.
    """
    return turned_by(x, hands(*x.shape, step=4))


@task.mistake
def exponent_over_n(x):
    """You divided the exponent by n.

    The speeds have nothing to do with how many vectors there are: x.shape is (n, d), and the
    exponent is −2i/d.
    """
    return turned_by(x, hands(*x.shape, over=x.shape[0]))


@task.mistake
def faster_and_faster(x):
    """Your pairs turn faster and faster.

    The exponent lost its minus (or you multiply where you should divide): pair i turns by
    1/10000^(2i/d) a place.
    """
    return turned_by(x, hands(*x.shape, step=-2))


@task.mistake
def base_1000(x):
    """Your base is 1,000.

    It is 10,000, the clocks' own. Python lets you write 10_000, which is hard to miscount.
    """
    return turned_by(x, hands(*x.shape, base=1_000.0))


@task.mistake
def degrees(x):
    """You took the angles for degrees.

    pos · 10000^(−2i/d) is meant in radians, which is what torch.sin wants. Pair 0 turns by 1, about
    57 degrees a place.
    """
    return turned_by(x, hands(*x.shape).deg2rad())


@task.mistake
def whole_rounds(x):
    """You multiplied by 2π.

    The angle is pos · 10000^(−2i/d) as it stands. With 2π pair 0 goes all the way round at every
    place.
    """
    return turned_by(x, hands(*x.shape) * 2 * math.pi)


@task.mistake
def places_turned_round(x):
    """Your places run backwards.

    The first row is place 0, and is not turned at all.
    """
    return turned_by(x, hands(*x.shape).flip(0))


@task.mistake
def halves_as_pairs(x):
    """You paired the first half with the second half.

    Many codebases do pair numbers that way, and it works, but their weights and yours do not mix.
    Here the pairs are neighbours: x[:, 0::2] with x[:, 1::2].
    """
    half = x.shape[-1] // 2
    return torch.cat(turn(x[:, :half], x[:, half:], hands(*x.shape)), dim=-1)


@task.mistake
def halves_woven(x):
    """You took halves for pairs, and put them back as neighbours.

    A pair is two neighbours, (0, 1), (2, 3), … all the way: x[:, 0::2] with x[:, 1::2].
    """
    half = x.shape[-1] // 2
    return woven(*turn(x[:, :half], x[:, half:], hands(*x.shape)))


@task.mistake
def not_woven(x):
    """You put the pairs' first numbers in front and the second ones behind.

    Turned correctly, put back wrongly: number 0 and number 1 are a pair again. Stack in a new last
    dimension and flatten.
    """
    return torch.cat(turn(x[:, 0::2], x[:, 1::2], hands(*x.shape)), dim=-1)


@task.mistake
def not_flattened(x):
    """Your pairs are still apart.

    Every number is there, as n × d/2 × 2. Flatten the last two dimensions: .flatten(1).
    """
    return torch.stack(turn(x[:, 0::2], x[:, 1::2], hands(*x.shape)), dim=-1)


@task.mistake
def second_from_the_turned_first(x):
    """The second number was made from the turned first one.

    You overwrote a before b was computed. Compute both from the old pair.
    """
    a, b, angles = x[:, 0::2], x[:, 1::2], hands(*x.shape)
    a = a * angles.cos() - b * angles.sin()
    return woven(a, a * angles.sin() + b * angles.cos())


@task.mistake
def second_number_kept(x):
    """You turned the first number of each pair alone.

    The second changes, too: a·sin + b·cos.
    """
    first, _ = turn(x[:, 0::2], x[:, 1::2], hands(*x.shape))
    return woven(first, x[:, 1::2])


@task.mistake
def first_pair_alone(x):
    """You turned the first pair alone.

    Every pair is turned, each at its own speed.
    """
    return torch.cat([turned_by(x, hands(*x.shape))[:, :2], x[:, 2:]], dim=-1)


@task.mistake
def added_instead(x):
    """You added the clocks.

    That was the task before. Here nothing is added: each pair is turned.
    """
    return x + sinusoidal(*x.shape)


@task.mistake
def multiplied_by_the_clocks(x):
    """You multiplied by the clocks.

    Each number met one sine or one cosine. Turning mixes the two numbers of a pair: a·cos − b·sin,
    a·sin + b·cos.
    """
    return x * sinusoidal(*x.shape)


@task.mistake
def not_turned(x):
    """Nothing was turned.

    You returned the vectors as they came. Only the one at place 0 should be as it was.
    """
    return x.clone()


@task.mistake
def only_shrunk(x):
    """You multiplied by the cosines and nothing else.

    The other number of the pair takes part as well: a·cos − b·sin, a·sin + b·cos.
    """
    return x * hands(*x.shape).cos().repeat_interleave(2, dim=1)


@task.mistake
def pairs_for_places(x):
    """Places and pairs have changed places.

    In pos · 10000^(−2i/d) pos is the number of the row, and i that of the pair within it.
    """
    n, d = x.shape
    speeds = 10_000.0 ** (-2 * torch.arange(n) / d)
    return turned_by(x, torch.outer(speeds, torch.arange(d // 2)))


@task.mistake
def changed_in_place(x):
    """You changed the vectors that you were given.

    The result is right, and the caller's x is turned as well. Write into a copy, x.clone(), or make
    a new tensor.
    """
    result = rotate(x)
    x[:] = result
    return x
