"""Attention piece by piece: every query meets every key, and no table is ever written.

Rabe and Staats 2021, "Self-attention Does Not Need O(n²) Memory".
"""

import math

import torch
import torch.nn.functional as F

from course_utils.checks.sizes import with_no_table
from course_utils.checks.task import Case, Task
from course_utils.exercises.lesson_09.read_on import read_on


def with_no_table_written(answer, query, key, value, size):
    """The answer. No tensor on the way is larger than a piece of scores, or than what is given."""
    scores, result = len(query) * size, len(query) * value.shape[-1]
    allowed = max(scores, result, query.numel(), key.numel(), value.numel())
    return with_no_table(answer, query, key, value, size, allowed=allowed)


task = Task(
    "09.attention_in_pieces",
    "Attention without the table",
    section="The table that nobody writes down",
    dimensions=("n_query", "d_value"),
    use=with_no_table_written,
    hints=[
        "Begin with nothing: the largest score −∞, a total of 0, a mixture of zeros, a row for "
        "each query. Then read on, piece after piece, and divide at the end.",
        "key.split(size) and value.split(size) are the pieces, the last one shorter if it must be. "
        "zip takes one of each.",
        "The scores of a piece are query @ keys.T / math.sqrt(d_head), [n_query, size]. Hand "
        "them to read_on with the values of the same piece.",
        "It begins with torch.full((n_query, 1), -math.inf), torch.zeros(n_query, 1) and "
        "torch.zeros(n_query, d_value); it ends with mixed / total.",
    ],
    praise="Right. A book's memory grows like its pages now; the work is as it was.",
)


@task.answer
def attention_in_pieces(query, key, value, size):
    ### BEGIN SOLUTION
    largest = torch.full((len(query), 1), -math.inf)
    total, mixed = torch.zeros(len(query), 1), torch.zeros(len(query), value.shape[-1])
    for keys, values in zip(key.split(size), value.split(size)):
        scores = query @ keys.T / math.sqrt(query.shape[-1])
        largest, total, mixed = read_on(largest, total, mixed, scores, values)
    return mixed / total
    ### END SOLUTION


@task.cases
def cases(seed):
    generator = torch.Generator().manual_seed(seed)

    def normal(*shape):
        return torch.randn(*shape, generator=generator)

    yield Case("3 queries, 8 keys, 4 at a time", (normal(3, 5), normal(8, 5), normal(8, 2), 4))
    yield Case("a last piece that is shorter", (normal(4, 6), normal(7, 6), normal(7, 3), 3))
    yield Case("one piece for all", (normal(2, 4), normal(5, 4), normal(5, 4), 9))
    yield Case("key by key", (normal(5, 3), normal(4, 3), normal(4, 6), 1))
    loud = 30 * normal(6, 8)
    yield Case("scores in the hundreds", (loud, 5 * normal(9, 8), normal(9, 2), 2))
    yield Case("one query, one key", (normal(1, 2), normal(1, 2), normal(1, 3), 2))
    low = 40 * normal(3, 4).abs(), -10 * normal(5, 4).abs() - 5
    yield Case("scores far below zero", (*low, normal(5, 2), 2))
    long = normal(16, 4), normal(1_024, 4), normal(1_024, 4)
    yield Case("1,024 keys, and no room for a table", (*long, 16))


@task.also_right
def with_log_sum_exp(query, key, value, size):
    """Each piece's own attention, and how much of the whole it is."""
    parts, weights = [], []
    for keys, values in zip(key.split(size), value.split(size)):
        scores = query @ keys.T * query.shape[-1] ** -0.5
        weights.append(scores.logsumexp(-1))
        parts.append(scores.softmax(-1) @ values)
    share = torch.stack(weights).softmax(0)
    return sum(part * some[:, None] for part, some in zip(parts, share))


def pieces(query, key, value, size, *, divide=math.sqrt, step=read_on, end=None):
    """The answer with one of its parts replaced."""
    largest = torch.full((len(query), 1), -math.inf)
    total, mixed = torch.zeros(len(query), 1), torch.zeros(len(query), value.shape[-1])
    for keys, values in zip(key.split(size), value.split(size)):
        scores = query @ keys.T / divide(query.shape[-1])
        largest, total, mixed = step(largest, total, mixed, scores, values)
    return mixed / total if end is None else end(mixed, total)


@task.mistake
def no_root(query, key, value, size):
    """You forgot the root.

    The pieces change nothing about the scores: query @ keys.T / math.sqrt(d_head), as in lesson 03.
    """
    return pieces(query, key, value, size, divide=lambda d_head: 1.0)


@task.mistake
def whole_width(query, key, value, size):
    """You divided by d_head, and not by its root.

    The scores are those of lesson 03: query @ keys.T / math.sqrt(d_head).
    """
    return pieces(query, key, value, size, divide=float)


@task.mistake
def never_divided(query, key, value, size):
    """You never divide.

    `mixed` is a sum of powers times values. Divided by `total`, the sum of the powers, it is the
    average that attention returns.
    """
    return pieces(query, key, value, size, end=lambda mixed, total: mixed)


@task.mistake
def average_of_averages(query, key, value, size):
    """You average the pieces' answers.

    A piece that nobody wants counts as much as one that everybody wants. Carry the totals on from
    piece to piece, and divide once.
    """
    parts = [
        F.scaled_dot_product_attention(query, keys, values)
        for keys, values in zip(key.split(size), value.split(size))
    ]
    return torch.stack(parts).mean(dim=0)


@task.mistake
def sum_of_averages(query, key, value, size):
    """You add up the pieces' answers.

    Each piece's softmax has shared out 1 already, so the sum has shared out as many as there are
    pieces. Carry the totals on from piece to piece, and divide once.
    """
    return average_of_averages(query, key, value, size) * len(key.split(size))


@task.mistake
def last_piece_lost(query, key, value, size):
    """You leave out the last keys where the pieces don't come out even.

    7 keys in pieces of 3 are 3, 3 and 1. key.split(size) gives the short one, too.
    """
    even = max(size, len(key) // size * size)
    return pieces(query, key[:even], value[:even], size)


@task.mistake
def last_piece_alone(query, key, value, size):
    """You begin anew with every piece.

    The totals stand before the loop: −∞, 0 and zeros are for the beginning of the text.
    """
    return F.scaled_dot_product_attention(query, key.split(size)[-1], value.split(size)[-1])


@task.mistake
def first_piece_alone(query, key, value, size):
    """You return after the first piece.

    The return belongs behind the loop, not into it.
    """
    return F.scaled_dot_product_attention(query, key[:size], value[:size])


@task.mistake
def overflowing(query, key, value, size):
    """You raise e to the scores as they are.

    All is well as long as they are small. e to the 89 is too big for four bytes, and infinity
    divided by infinity is NaN. read_on carries the largest score along; let it.
    """

    def raw(largest, total, mixed, scores, values):
        shares = torch.exp(scores)
        return largest, total + shares.sum(-1, keepdim=True), mixed + shares @ values

    return pieces(query, key, value, size, step=raw)


@task.mistake
def begun_at_zero(query, key, value, size):
    """You begin with a largest score of 0.

    Where all scores are below zero nothing is ever 0, and far below, every share vanishes beside
    it. Nothing has been read yet: begin with −∞, which every score beats.
    """

    def low(largest, total, mixed, scores, values):
        return read_on(largest.clamp(min=0.0), total, mixed, scores, values)

    return pieces(query, key, value, size, step=low)


@task.mistake
def values_not_cut(query, key, value, size):
    """Each piece of keys gets the first values.

    The third key's share belongs to the third value: cut both alike, and take the pieces in pairs.
    """
    first = torch.cat([value[: len(keys)] for keys in key.split(size)])
    return pieces(query, key, first, size)


@task.mistake
def root_of_the_size(query, key, value, size):
    """You took the root of how many keys a piece has.

    A score is a sum over the numbers of a vector, and it is their count whose root undoes its
    growth: math.sqrt(query.shape[-1]). How the keys are cut must not be seen in the answer.
    """
    return F.scaled_dot_product_attention(query, key, value, scale=size**-0.5)


@task.mistake
def no_powers(query, key, value, size):
    """You share out the scores themselves.

    They may be below zero. A share is e to the score, divided by the sum of all these powers.
    """
    shares = query @ key.T / math.sqrt(query.shape[-1])
    return shares @ value / shares.sum(dim=-1, keepdim=True)


@task.mistake
def softmax_over_queries(query, key, value, size):
    """Your softmax runs over the queries.

    Each query shares out 1 over the keys. Its total is a sum along its own row: dim=-1.
    """
    return (query @ key.T / math.sqrt(query.shape[-1])).softmax(dim=0) @ value


@task.mistake
def every_other_key(query, key, value, size):
    """You look at one key of each piece.

    key[::size] takes every size-th key. A piece is `size` keys in a row: key.split(size).
    """
    return F.scaled_dot_product_attention(query, key[::size], value[::size])


@task.mistake
def whole_table(query, key, value, size):
    """You write the whole table.

    The answer is right, and for a long text the table of scores doesn't fit: this is what the
    pieces are for. Work out the scores of one piece, read on, forget them.
    """
    return (query @ key.T / math.sqrt(query.shape[-1])).softmax(dim=-1) @ value
