"""The clocks: the position table of 2017."""

import math

import torch

from course_utils.checks.task import Case, Task
from course_utils.exercises.lesson_02.common import hands, woven

task = Task(
    "02.sinusoidal",
    "The clocks",
    section="Build it small",
    dimensions=("n", "d_model"),
    hints=[
        "Begin with the d_model/2 speeds. For d_model = 8 they are 1, 0.1, 0.01, 0.001.",
        "All angles at once: torch.outer(torch.arange(n), speeds) is n × d_model/2.",
        "torch.stack([angles.sin(), angles.cos()], dim=-1) is n × d_model/2 × 2; flatten the last "
        "two dimensions with .flatten(1).",
    ],
    praise="Right. That is the table of 2017, hand for hand.",
)


@task.answer
def sinusoidal(n, d_model):
    ### BEGIN SOLUTION
    speeds = 10_000.0 ** (-torch.arange(0, d_model, 2) / d_model)
    angles = torch.outer(torch.arange(n), speeds)
    return torch.stack([angles.sin(), angles.cos()], dim=-1).flatten(1)
    ### END SOLUTION


@task.cases
def cases(seed):
    generator = torch.Generator().manual_seed(seed)
    few, many = torch.randint(2, 9, (2,), generator=generator).tolist()
    for n, d_model in (
        (5, 8),
        (10 + few, 6),
        (1, 4),
        (40, 16),
        (many, 2),
        (8, 8),
        (3, 20 + 2 * few),
    ):
        yield Case(f"{n} places, d_model = {d_model}", (n, d_model))


@task.also_right
def by_loops(n, d_model):
    table = torch.zeros(n, d_model)
    for place in range(n):
        for i in range(d_model // 2):
            angle = place / 10_000 ** (2 * i / d_model)
            table[place, 2 * i] = math.sin(angle)
            table[place, 2 * i + 1] = math.cos(angle)
    return table


@task.also_right
def by_logarithms(n, d_model):
    speeds = torch.exp(-math.log(10_000.0) * torch.arange(0, d_model, 2).double() / d_model)
    angles = torch.arange(n)[:, None] * speeds
    table = torch.empty(n, d_model, dtype=torch.float64)
    table[:, 0::2], table[:, 1::2] = angles.sin(), angles.cos()
    return table


@task.also_right
def by_column_numbers(n, d_model):
    columns = torch.arange(d_model)
    angles = torch.arange(n)[:, None] / 10_000.0 ** (2 * (columns // 2) / d_model)
    return torch.where(columns % 2 == 0, angles.sin(), angles.cos())


@task.also_right
def by_lists(n, d_model):
    return torch.tensor(
        [
            [
                (math.cos if column % 2 else math.sin)(
                    place * 1e4 ** (-(column // 2 * 2) / d_model)
                )
                for column in range(d_model)
            ]
            for place in range(n)
        ]
    )


@task.also_right
def by_turning(n, d_model):
    """Each row is the row before it, every hand turned on."""
    speeds = 10_000.0 ** (-torch.arange(0, d_model, 2, dtype=torch.float64) / d_model)
    hand = torch.polar(torch.ones_like(speeds), math.pi / 2 - torch.arange(n)[:, None] * speeds)
    return torch.view_as_real(hand).flatten(1).float()


@task.mistake
def a_tenth_each_time(n, d_model):
    """Each hand turns by a tenth of the one before.

    That was so with 8 numbers, where the lesson computed it. In general hand i turns by
    10000^(−2i/d): more hands, smaller gaps between their speeds.
    """
    angles = torch.outer(torch.arange(n), 0.1 ** torch.arange(d_model // 2))
    return woven(angles.sin(), angles.cos())


@task.mistake
def doubled_twice(n, d_model):
    """You doubled twice.

    torch.arange(0, d, 2) counts 0, 2, 4, … and is the 2i already; and where i counts 0, 1, 2, … the
    exponent is 2i/d and not 2i/(d/2). Doubled once more, every hand turns at the speed of the hand
    twice as far on.
    """
    angles = hands(n, d_model, step=4)
    return woven(angles.sin(), angles.cos())


@task.mistake
def exponent_without_two(n, d_model):
    """You wrote i/d where 2i/d belongs.

    i counts the hands, and there are d/2 of them. With i/d the slowest hand stops at the root of
    10,000, which is 100, and long texts run out of clock.
    """
    angles = hands(n, d_model, step=1)
    return woven(angles.sin(), angles.cos())


@task.mistake
def exponent_over_n(n, d_model):
    """You divided the exponent by n.

    The hands' speeds have nothing to do with how many places there are. The exponent is −2i/d, with
    d_model below the line.
    """
    angles = hands(n, d_model, over=n)
    return woven(angles.sin(), angles.cos())


@task.mistake
def down_to_the_last_hand(n, d_model):
    """Your slowest hand turns by 1/10,000.

    Some libraries divide by d/2 − 1, so that the last hand gets there. In the paper the exponent is
    2i/d, and i stops short of d/2.
    """
    angles = hands(n, d_model, over=max(d_model - 2, 1))
    return woven(angles.sin(), angles.cos())


@task.mistake
def one_speed(n, d_model):
    """All your hands turn at the same speed.

    Every pair of columns says the same then. Hand i turns by 10000^(−2i/d) a place: the first fast,
    the last hardly at all.
    """
    angles = hands(n, d_model, step=0)
    return woven(angles.sin(), angles.cos())


@task.mistake
def powers_not_fractions(n, d_model):
    """You divided by d after the power.

    10_000 ** (-2 * i) / d is (10_000 ** (-2 * i)) / d: powers come before divisions. The whole
    fraction belongs in brackets: 10_000 ** (-2 * i / d).
    """
    speeds = 10_000.0 ** (-torch.arange(0, d_model, 2)) / d_model
    angles = torch.outer(torch.arange(n), speeds)
    return woven(angles.sin(), angles.cos())


@task.mistake
def whole_exponents(n, d_model):
    """Your exponents are whole numbers.

    // leaves out what comes after the point, so that every exponent is 0 or −1. Divide with /.
    """
    speeds = 10_000.0 ** (-torch.arange(0, d_model, 2) // d_model)
    angles = torch.outer(torch.arange(n), speeds)
    return woven(angles.sin(), angles.cos())


@task.mistake
def faster_and_faster(n, d_model):
    """Your hands get faster and faster.

    The exponent lost its minus (or you multiply where you should divide): hand i turns by
    1/10000^(2i/d) a place.
    """
    angles = hands(n, d_model, step=-2)
    return woven(angles.sin(), angles.cos())


@task.mistake
def base_1000(n, d_model):
    """Your base is 1,000.

    The paper says 10,000. Python lets you write 10_000, which is hard to miscount.
    """
    angles = hands(n, d_model, base=1_000.0)
    return woven(angles.sin(), angles.cos())


@task.mistake
def base_100_000(n, d_model):
    """Your base is 100,000.

    The paper says 10,000, with four zeros: 10_000.
    """
    angles = hands(n, d_model, base=100_000.0)
    return woven(angles.sin(), angles.cos())


@task.mistake
def base_e(n, d_model):
    """Your base is e.

    torch.exp raises 2.718… to the power. With it, the exponent needs a factor of log(10,000), or
    write 10_000.0 ** ( … ).
    """
    angles = hands(n, d_model, base=math.e)
    return woven(angles.sin(), angles.cos())


@task.mistake
def degrees(n, d_model):
    """You took the angles for degrees.

    10000^(−2i/d) a place is meant in radians, which is what torch.sin wants. Hand 0 turns by 1,
    about 57 degrees.
    """
    angles = hands(n, d_model).deg2rad()
    return woven(angles.sin(), angles.cos())


@task.mistake
def whole_rounds(n, d_model):
    """You multiplied by 2π.

    The angle is pos · 10000^(−2i/d) as it stands. With 2π hand 0 is back at the top at every place.
    """
    angles = hands(n, d_model) * 2 * math.pi
    return woven(angles.sin(), angles.cos())


@task.mistake
def places_from_one(n, d_model):
    """Your first place is place 1.

    The first place is place 0, where every hand still points straight up: its row reads 0, 1, 0,
    1, …
    """
    angles = hands(n, d_model, first=1)
    return woven(angles.sin(), angles.cos())


@task.mistake
def hands_from_one(n, d_model):
    """Your first hand is hand 1.

    i is counted from 0, so the fastest hand turns by 10000⁰ = 1 a place.
    """
    angles = hands(n, d_model) * 10_000.0 ** (-2 / d_model)
    return woven(angles.sin(), angles.cos())


@task.mistake
def places_turned(n, d_model):
    """Your last place comes first.

    Row 0 is place 0, where every hand points straight up.
    """
    return sinusoidal(n, d_model).flip(0)


@task.mistake
def halves_side_by_side(n, d_model):
    """You put all sines first and all cosines behind.

    The right numbers in another order. Sine and cosine of one hand are neighbours: columns 0 and 1,
    then 2 and 3. Stack them in a new last dimension and flatten.
    """
    angles = hands(n, d_model)
    return torch.cat([angles.sin(), angles.cos()], dim=-1)


@task.mistake
def poured_into_shape(n, d_model):
    """You poured the numbers into the shape.

    reshape fills row after row with whatever comes next, and sines of one place end up at another.
    Stack sine and cosine in a new last dimension, then flatten that with the hands' one.
    """
    angles = hands(n, d_model)
    return torch.stack([angles.sin(), angles.cos()]).reshape(n, d_model)


@task.mistake
def cosine_first(n, d_model):
    """You put the cosine first.

    Even columns hold the sine, odd columns the cosine. At place 0 a row reads 0, 1, 0, 1, …
    """
    angles = hands(n, d_model)
    return woven(angles.cos(), angles.sin())


@task.mistake
def places_alternate(n, d_model):
    """You alternate between places.

    Whether it is sine or cosine depends on the column: even columns hold sines, odd ones cosines,
    in every row.
    """
    columns = torch.arange(d_model)
    angles = torch.arange(n)[:, None] / 10_000.0 ** (2 * (columns // 2) / d_model)
    return torch.where(torch.arange(n)[:, None] % 2 == 0, angles.sin(), angles.cos())


@task.mistake
def sines_only(n, d_model):
    """You used sines only.

    Height alone cannot tell twenty past from twenty to. Odd columns hold cosines.
    """
    angles = hands(n, d_model)
    return woven(angles.sin(), angles.sin())


@task.mistake
def cosines_only(n, d_model):
    """You used cosines only.

    Cosine alone cannot tell ten past from ten to. Even columns hold sines.
    """
    angles = hands(n, d_model)
    return woven(angles.cos(), angles.cos())


@task.mistake
def odd_columns_empty(n, d_model):
    """Your odd columns are empty.

    The sines are there. The cosines of the same angles go into the columns 1, 3, 5, …:
    table[:, 1::2].
    """
    angles = hands(n, d_model)
    return woven(angles.sin(), torch.zeros_like(angles))


@task.mistake
def a_speed_for_every_number(n, d_model):
    """You gave every column a speed of its own.

    Columns 0 and 1 are the sine and the cosine of the same hand, so they share a speed. Use the
    exponents 0, 2, 4, … once each.
    """
    columns = torch.arange(d_model)
    angles = torch.outer(torch.arange(n), 10_000.0 ** (-columns / d_model))
    return torch.where(columns % 2 == 0, angles.sin(), angles.cos())


@task.mistake
def columns_for_hands(n, d_model):
    """Your i counts columns.

    In 2i/d it counts hands, and a hand has two columns, of one speed: i = column // 2.
    """
    columns = torch.arange(d_model)
    angles = torch.outer(torch.arange(n), 10_000.0 ** (-2 * columns / d_model))
    return torch.where(columns % 2 == 0, angles.sin(), angles.cos())


@task.mistake
def angles_returned(n, d_model):
    """You returned the angles.

    They are right, one for each hand. The table holds the sine and the cosine of each.
    """
    return hands(n, d_model)


@task.mistake
def angles_written_twice(n, d_model):
    """You wrote down angles.

    Each is in its place, twice. The even column holds the angle's sine, the odd one its cosine.
    """
    angles = hands(n, d_model)
    return woven(angles, angles)


@task.mistake
def not_flattened(n, d_model):
    """Your hands are still apart.

    Every number is there, as n × d_model/2 × 2. Flatten the last two dimensions: .flatten(1).
    """
    angles = hands(n, d_model)
    return torch.stack([angles.sin(), angles.cos()], dim=-1)


@task.mistake
def on_its_side(n, d_model):
    """Your table lies on its side.

    Rows are places, columns are numbers: n × d_model.
    """
    return sinusoidal(n, d_model).T


@task.mistake
def with_a_batch(n, d_model):
    """Your table has an axis too many.

    It is n × d_model, without a batch in front. Added to a batch, torch hands it to every sentence
    by itself.
    """
    return sinusoidal(n, d_model)[None]


@task.mistake
def sines_of_the_hands(n, d_model):
    """You forgot the cosines.

    Each hand has two numbers, its sine and its cosine, side by side. That makes d_model columns of
    d_model/2 hands.
    """
    return hands(n, d_model).sin()


@task.mistake
def half_the_hands(n, d_model):
    """You made half as many hands as there should be.

    d_model/2 hands have two numbers each. torch.arange(0, d_model, 2) counts d_model/2 of them, and
    torch.arange(0, d_model // 2, 2) half as many.
    """
    return sinusoidal(n, d_model)[:, : d_model - d_model // 2]


@task.mistake
def lists_returned(n, d_model):
    """You returned lists.

    The numbers are right. torch.tensor( ) around them makes a tensor of them.
    """
    return sinusoidal(n, d_model).tolist()


@task.mistake
def cut_to_whole_numbers(n, d_model):
    """Your table holds whole numbers.

    A sine cut off at the point is 0 nearly everywhere. Make a table of torch.zeros(n, d_model),
    without a dtype.
    """
    return sinusoidal(n, d_model).long()
