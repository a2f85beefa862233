"""Lesson 02, where am I: what a shuffle changes, the clocks, and turning vectors."""

import math

import torch

from course_utils.checks._old import Case, Misconception, Task
from course_utils.mixers import Attention


def normal(seed, *shape):
    return torch.randn(*shape, generator=torch.Generator().manual_seed(seed))


# 1. What does a shuffle change?


def shuffle_gap(layer, x, order):
    return float((layer(x)[order] - layer(x[order])).abs().max())


def running_sum(x):
    """A layer that goes by order: each token becomes the sum of all up to it."""
    return x.cumsum(dim=0)


def attention_layer(d):
    """A layer that does not go by order."""
    attention = Attention(d, 1).eval().requires_grad_(False)
    return lambda x: attention(x[None])[0]


def shuffle_gap_cases(seed):
    # A cycle is not its own inverse, so shuffling back by mistake shows.
    yield Case("a running sum", (running_sum, normal(seed, 4, 3), torch.tensor([1, 2, 3, 0])))
    yield Case("5 tokens", (running_sum, -normal(seed + 1, 5, 2), torch.tensor([4, 0, 1, 2, 3])))
    yield Case("growing", (running_sum, normal(seed, 3, 4).abs(), torch.tensor([1, 2, 0])))
    yield Case("shrinking", (running_sum, -normal(seed, 3, 4).abs(), torch.tensor([2, 0, 1])))
    yield Case("attention", (attention_layer(4), normal(seed, 4, 4), torch.tensor([1, 2, 3, 0])))


def answer_not_shuffled(layer, x, order):
    return float((layer(x) - layer(x[order])).abs().max())


def signs_kept(layer, x, order):
    return float((layer(x)[order] - layer(x[order])).max())


def mean_gap(layer, x, order):
    return float((layer(x)[order] - layer(x[order])).abs().mean())


def sum_of_gaps(layer, x, order):
    return float((layer(x)[order] - layer(x[order])).abs().sum())


def shuffled_back(layer, x, order):
    return float((layer(x)[order.argsort()] - layer(x[order])).abs().max())


def layer_asked_once(layer, x, order):
    return float((layer(x)[order] - x[order]).abs().max())


def shuffle_gap_by_rows(layer, x, order):
    first, second = layer(x), layer(x[order])
    gaps = [(first[place] - row).abs().max() for place, row in zip(order, second, strict=True)]
    return max(gaps).item()


# 2. The clocks


def sinusoidal(n, d_model):
    speeds = 10_000.0 ** (-torch.arange(0, d_model, 2) / d_model)
    angles = torch.outer(torch.arange(n), speeds)
    return torch.stack([angles.sin(), angles.cos()], dim=-1).flatten(1)


def sinusoidal_cases(seed):
    for n, d_model in ((5, 8), (12 + seed % 7, 6), (1, 4), (40, 16)):
        yield Case(f"{n} places, d_model = {d_model}", (n, d_model))


def hands(n, d, *, first=0, step=2, base=10_000.0):
    """The angles [n, d/2] of the hands, with something to get wrong in each keyword."""
    return torch.outer(torch.arange(first, n + first), base ** (-torch.arange(d // 2) * step / d))


def woven(first, second):
    return torch.stack([first, second], dim=-1).flatten(1)


def halves_side_by_side(n, d_model):
    angles = hands(n, d_model)
    return torch.cat([angles.sin(), angles.cos()], dim=-1)


def cosine_first(n, d_model):
    angles = hands(n, d_model)
    return woven(angles.cos(), angles.sin())


def places_from_one(n, d_model):
    angles = hands(n, d_model, first=1)
    return woven(angles.sin(), angles.cos())


def exponent_without_two(n, d_model):
    angles = hands(n, d_model, step=1)
    return woven(angles.sin(), angles.cos())


def a_speed_for_every_number(n, d_model):
    angles = torch.outer(torch.arange(n), 10_000.0 ** (-torch.arange(d_model) / d_model))
    even = torch.arange(d_model) % 2 == 0
    return torch.where(even, angles.sin(), angles.cos())


def sines_only(n, d_model):
    angles = hands(n, d_model)
    return woven(angles.sin(), angles.sin())


def faster_and_faster(n, d_model):
    angles = hands(n, d_model, step=-2)
    return woven(angles.sin(), angles.cos())


def base_1000(n, d_model):
    angles = hands(n, d_model, base=1_000.0)
    return woven(angles.sin(), angles.cos())


def a_tenth_each_time(n, d_model):
    angles = torch.outer(torch.arange(n), 0.1 ** torch.arange(d_model // 2))
    return woven(angles.sin(), angles.cos())


def doubled_twice(n, d_model):
    angles = hands(n, d_model, step=4)
    return woven(angles.sin(), angles.cos())


def sinusoidal_by_loops(n, d_model):
    table = torch.zeros(n, d_model)
    for place in range(n):
        for i in range(d_model // 2):
            angle = place / 10_000 ** (2 * i / d_model)
            table[place, 2 * i] = math.sin(angle)
            table[place, 2 * i + 1] = math.cos(angle)
    return table


def sinusoidal_by_logarithms(n, d_model):
    speeds = torch.exp(-math.log(10_000.0) * torch.arange(0, d_model, 2).double() / d_model)
    angles = torch.arange(n)[:, None] * speeds
    table = torch.empty(n, d_model, dtype=torch.float64)
    table[:, 0::2], table[:, 1::2] = angles.sin(), angles.cos()
    return table


# 3. Write them on the words


def add_positions(x, table):
    n, d = x.shape[1:]
    return x * d**0.5 + table[:n]


def add_positions_cases(seed):
    for batch, n, d, max_n in ((2, 3, 8, 5), (1, 4, 6, 9), (3, 5, 2, 7)):
        yield Case(
            f"{batch} sentences of {n} words, {max_n} places",
            (normal(seed, batch, n, d), normal(seed + 1, max_n, d)),
        )


def words_not_scaled(x, table):
    return x + table[: x.shape[1]]


def both_scaled(x, table):
    return (x + table[: x.shape[1]]) * x.shape[-1] ** 0.5


def divided_by_the_root(x, table):
    return x / x.shape[-1] ** 0.5 + table[: x.shape[1]]


def scaled_by_d(x, table):
    return x * x.shape[-1] + table[: x.shape[1]]


def root_of_n(x, table):
    return x * x.shape[1] ** 0.5 + table[: x.shape[1]]


def last_rows(x, table):
    return x * x.shape[-1] ** 0.5 + table[-x.shape[1] :]


def one_place_for_all(x, table):
    return x * x.shape[-1] ** 0.5 + table[0]


def place_of_the_sentence(x, table):
    return x * x.shape[-1] ** 0.5 + table[: x.shape[0], None]


def add_positions_by_loops(x, table):
    rows = [
        [word * math.sqrt(len(word)) + table[place] for place, word in enumerate(sentence)]
        for sentence in x
    ]
    return torch.stack([torch.stack(row) for row in rows])


# 4. Turn instead


def rotate(x):
    n, d = x.shape
    speeds = 10_000.0 ** (-torch.arange(0, d, 2) / d)
    angles = torch.outer(torch.arange(n), speeds)
    a, b = x[:, 0::2], x[:, 1::2]
    turned = [a * angles.cos() - b * angles.sin(), a * angles.sin() + b * angles.cos()]
    return torch.stack(turned, dim=-1).flatten(1)


def rotate_cases(seed):
    for n, d in ((4, 8), (7, 4), (3, 6)):
        yield Case(f"{n} vectors of {d} numbers", (normal(seed, n, d),))


def turn(a, b, angles):
    return a * angles.cos() - b * angles.sin(), a * angles.sin() + b * angles.cos()


def turned_backwards(x):
    return woven(*turn(x[:, 0::2], x[:, 1::2], -hands(*x.shape)))


def minus_forgotten(x):
    a, b, angles = x[:, 0::2], x[:, 1::2], hands(*x.shape)
    return woven(a * angles.cos() + b * angles.sin(), a * angles.sin() + b * angles.cos())


def first_place_turned(x):
    return woven(*turn(x[:, 0::2], x[:, 1::2], hands(*x.shape, first=1)))


def one_speed_for_all(x):
    n, d = x.shape
    return woven(*turn(x[:, 0::2], x[:, 1::2], torch.arange(n)[:, None].expand(n, d // 2)))


def halves_as_pairs(x):
    half = x.shape[-1] // 2
    return torch.cat(turn(x[:, :half], x[:, half:], hands(*x.shape)), dim=-1)


def second_from_the_turned_first(x):
    a, b, angles = x[:, 0::2], x[:, 1::2], hands(*x.shape)
    a = a * angles.cos() - b * angles.sin()
    return woven(a, a * angles.sin() + b * angles.cos())


def not_woven(x):
    return torch.cat(turn(x[:, 0::2], x[:, 1::2], hands(*x.shape)), dim=-1)


def added_instead(x):
    return x + sinusoidal(*x.shape)


def rotate_by_complex_numbers(x):
    angles = hands(*x.shape)
    hand = torch.polar(torch.ones_like(angles), angles)
    numbers = torch.view_as_complex(x.unflatten(-1, (-1, 2)).contiguous())
    return torch.view_as_real(numbers * hand).flatten(1)


def rotate_by_matrices(x):
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


TASKS = [
    Task(
        id="02.shuffle_gap",
        title="What does a shuffle change?",
        reference=shuffle_gap,
        cases=shuffle_gap_cases,
        misconceptions=[
            Misconception(
                "you did not shuffle the first answer",
                answer_not_shuffled,
                "Row 0 of layer(x) belongs to the first word, row 0 of layer(x[order]) to the "
                "word that came first after the shuffle. Compare the same words: layer(x)[order].",
            ),
            Misconception(
                "you kept the signs",
                signs_kept,
                "A large negative difference is large, too, and .max() never sees it. "
                "Take .abs() first.",
            ),
            Misconception(
                "you took the mean difference",
                mean_gap,
                "One word that is badly off can hide in a mean. The task asks for the largest.",
            ),
            Misconception(
                "you added the differences up",
                sum_of_gaps,
                "A sum grows with the length of the sentence, even if no single number is far off. "
                "The task asks for the largest.",
            ),
            Misconception(
                "you undid the shuffle on one side and did it on the other",
                shuffled_back,
                "One side uses order, the other its inverse. Both sides take [order].",
            ),
            Misconception(
                "you asked the layer once",
                layer_asked_once,
                "The second answer must be the layer's as well: layer(x[order]), not x[order].",
            ),
        ],
        hints=[
            "There are two answers to compare, and each of them needs one call of layer.",
            "Ask, then shuffle: layer(x)[order]. Shuffle, then ask: layer(x[order]).",
            "Subtract the two, take .abs(), then .max(), then float( ).",
        ],
        alternatives=[shuffle_gap_by_rows],
        praise="Right. Nearly zero for attention, anything but zero for a running sum.",
    ),
    Task(
        id="02.sinusoidal",
        title="The clocks",
        reference=sinusoidal,
        cases=sinusoidal_cases,
        dimensions=("n", "d_model"),
        misconceptions=[
            Misconception(
                "each hand turns by a tenth of the one before",
                a_tenth_each_time,
                "That was so with 8 numbers, where the lesson computed it. In general hand i turns "
                "by 10000^(−2i/d): more hands, smaller gaps between their speeds.",
            ),
            Misconception(
                "you doubled twice",
                doubled_twice,
                "torch.arange(0, d, 2) counts 0, 2, 4, … and is the 2i already. Multiplied by 2 "
                "once more, every hand turns at the speed of the hand twice as far on.",
            ),
            Misconception(
                "you put all sines first and all cosines behind",
                halves_side_by_side,
                "The right numbers in another order. Sine and cosine of one hand are neighbours: "
                "columns 0 and 1, then 2 and 3. Stack them in a new last dimension and flatten.",
            ),
            Misconception(
                "you put the cosine first",
                cosine_first,
                "Even columns hold the sine, odd columns the cosine. At place 0 a row reads "
                "0, 1, 0, 1, …",
            ),
            Misconception(
                "your first place is place 1",
                places_from_one,
                "The first place is place 0, where every hand still points straight up: "
                "its row reads 0, 1, 0, 1, …",
            ),
            Misconception(
                "you wrote i/d where 2i/d belongs",
                exponent_without_two,
                "i counts the hands, and there are d/2 of them. With i/d the slowest hand stops at "
                "the root of 10,000, which is 100, and long texts run out of clock.",
            ),
            Misconception(
                "you gave every column a speed of its own",
                a_speed_for_every_number,
                "Columns 0 and 1 are the sine and the cosine of the same hand, so they share a "
                "speed. Use the exponents 0, 2, 4, … once each.",
            ),
            Misconception(
                "you used sines only",
                sines_only,
                "Height alone cannot tell twenty past from twenty to. Odd columns hold cosines.",
            ),
            Misconception(
                "your hands get faster and faster",
                faster_and_faster,
                "The exponent lost its minus (or you multiply where you should divide): hand i "
                "turns by 1/10000^(2i/d) a place.",
            ),
            Misconception(
                "your base is 1,000",
                base_1000,
                "The paper says 10,000. Python lets you write 10_000, which is hard to miscount.",
            ),
        ],
        hints=[
            "Begin with the d_model/2 speeds. For d_model = 8 they are 1, 0.1, 0.01, 0.001.",
            "All angles at once: torch.outer(torch.arange(n), speeds) is n × d_model/2.",
            "torch.stack([angles.sin(), angles.cos()], dim=-1) is n × d_model/2 × 2; flatten the "
            "last two dimensions with .flatten(1).",
        ],
        alternatives=[sinusoidal_by_loops, sinusoidal_by_logarithms],
        praise="Right. That is the table of 2017, hand for hand.",
    ),
    Task(
        id="02.add_positions",
        title="Write the places on the words",
        reference=add_positions,
        cases=add_positions_cases,
        dimensions=("batch", "n", "d"),
        gradient=True,
        misconceptions=[
            Misconception(
                "you did not scale the words",
                words_not_scaled,
                "The words are multiplied by √d first, or the places speak as loudly as they do.",
            ),
            Misconception(
                "you scaled the places as well",
                both_scaled,
                "Only the words are multiplied by √d. Scaling the sum leaves words and places as "
                "loud as before, compared with each other.",
            ),
            Misconception(
                "you divided by √d",
                divided_by_the_root,
                "Attention scores are divided by a root; words are multiplied by one.",
            ),
            Misconception("you scaled by d, not by its root", scaled_by_d, "√d is d ** 0.5."),
            Misconception(
                "you took the root of the number of words",
                root_of_n,
                "x is batch × n × d. d is the last dimension, x.shape[-1].",
            ),
            Misconception(
                "you took the last rows of the table",
                last_rows,
                "The first word stands at place 0, so the first n rows: table[:n].",
            ),
            Misconception(
                "every word got the same place",
                one_place_for_all,
                "You added row 0 to all of them. Each word needs its own row: table[:n].",
            ),
            Misconception(
                "you gave places to the sentences",
                place_of_the_sentence,
                "The first dimension of x counts sentences, the second counts words. Word number 0 "
                "of every sentence gets row 0.",
            ),
        ],
        hints=[
            "n and d are in x.shape; the table has more rows than you need.",
            "table[:n] is n × d. Added to batch × n × d it goes to every sentence by itself.",
            "x * d ** 0.5 + table[:n]",
        ],
        alternatives=[add_positions_by_loops],
        praise="Right, and the caller's x is as it was.",
    ),
    Task(
        id="02.rotate",
        title="Turn instead",
        reference=rotate,
        cases=rotate_cases,
        dimensions=("n", "d"),
        misconceptions=[
            Misconception(
                "you turned the other way",
                turned_backwards,
                "Distances would come out right all the same, so nobody would notice until your "
                "model met somebody else's weights. The minus belongs to the first number.",
            ),
            Misconception(
                "a minus is missing",
                minus_forgotten,
                "a·cos + b·sin and a·sin + b·cos do not turn, they stretch. Look at the lengths: "
                "turning must keep them. The first number is a·cos − b·sin.",
            ),
            Misconception(
                "your first place is place 1",
                first_place_turned,
                "The vector at place 0 is not turned at all.",
            ),
            Misconception(
                "all pairs turn at the same speed",
                one_speed_for_all,
                "Pair i turns by pos · 10000^(−2i/d): the first pair fast, the last hardly at all.",
            ),
            Misconception(
                "you paired the first half with the second half",
                halves_as_pairs,
                "Many codebases do pair numbers that way, and it works, but their weights and "
                "yours do not mix. Here the pairs are neighbours: x[:, 0::2] with x[:, 1::2].",
            ),
            Misconception(
                "the second number was made from the turned first one",
                second_from_the_turned_first,
                "You overwrote a before b was computed. Compute both from the old pair.",
            ),
            Misconception(
                "you put the pairs' first numbers in front and the second ones behind",
                not_woven,
                "Turned correctly, put back wrongly: number 0 and number 1 are a pair again. Stack "
                "in a new last dimension and flatten.",
            ),
            Misconception(
                "you added the clocks",
                added_instead,
                "That was the task before. Here nothing is added: each pair is turned.",
            ),
        ],
        hints=[
            "a = x[:, 0::2] holds the first number of every pair, b = x[:, 1::2] the second.",
            "The angles are those of your clocks, n × d/2: the same shape as a and b.",
            "torch.stack([a cos − b sin, a sin + b cos], dim=-1).flatten(1) puts the pairs back.",
        ],
        alternatives=[rotate_by_complex_numbers, rotate_by_matrices],
        praise="Right. Nothing was stretched, and place 0 stayed put.",
    ),
]
