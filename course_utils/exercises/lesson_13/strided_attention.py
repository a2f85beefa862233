"""Stand with your remainder: attention among every stride-th token."""

import math

import torch
import torch.nn.functional as F

from course_utils.checks.task import Case, Task
from course_utils.exercises.lesson_13.common import without_a_table

task = Task(
    "13.strided_attention",
    "Stand with your remainder",
    section="It graduates",
    dimensions=("n", "d_value"),
    gradient=True,
    use=without_a_table,
    hints=[
        "Who belongs to token 1 if the stride is 3? Tokens 1, 4, 7, 10, …: query[1::3].",
        "For each remainder the three slices query[r::stride], key[r::stride], "
        "value[r::stride] are an ordinary attention of their own, all looking at all.",
        "An empty result, torch.empty(n, d_value), takes each group's answers at the places "
        "they came from: mixed[r::stride] = ….",
    ],
    praise="Right, and the street is in order again. By remainders it is n²/stride scores.",
)


@task.answer
def strided_attention(query, key, value, stride):
    ### BEGIN SOLUTION
    mixed = torch.empty(len(query), value.shape[-1])
    for remainder in range(min(stride, len(query))):
        mine = slice(remainder, None, stride)
        scores = query[mine] @ key[mine].T / math.sqrt(query.shape[-1])
        mixed[mine] = scores.softmax(dim=-1) @ value[mine]
    return mixed
    ### END SOLUTION


@task.cases
def cases(seed):
    generator = torch.Generator().manual_seed(seed)

    def numbers(n, d, d_value):
        return [torch.randn(n, width, generator=generator) for width in (d, d, d_value)]

    for n, stride, d, d_value in (
        (12, 3, 4, 2),
        (14, 4, 3, 5),
        (9, 2, 6, 3),
        (20, 6, 2, 4),
        (10, 3, 4, 4),
        (7, 1, 3, 2),
        (5, 5, 2, 3),
        (4, 6, 3, 2),
        (16, 4, 1, 3),
        (1, 2, 3, 3),
    ):
        left = n % stride
        name = f"{n} tokens, stride {stride}" + (f", {left} left over" if left else "")
        yield Case(name, (*numbers(n, d, d_value), stride))
    query, key, value = numbers(11, 4, 3)
    value = value / 100  # small, and so are the gradients, and what rounding does to them
    loud = 50 * torch.sign(query) + query
    yield Case("scores in the hundreds", (loud, 5 * torch.sign(query) + key, value, 3))
    yield Case("scores far below 0", (20 + query.abs(), -4 + key / 4, value, 4))
    yield Case("1,030 tokens, and no room for a table", (*numbers(1_030, 4, 4), 32))


@task.also_right
def in_one_table(query, key, value, stride):
    n = len(query)
    missing = -n % stride
    q, k, v = (
        F.pad(x, (0, 0, 0, missing)).unflatten(0, (-1, stride)).transpose(0, 1)
        for x in (query, key, value)
    )  # [stride, rows, d]
    real = F.pad(torch.ones(n, dtype=torch.bool), (0, missing)).view(-1, stride).T
    real = real | ~real.any(dim=1, keepdim=True)  # with n below the stride some rows are empty
    mixed = F.scaled_dot_product_attention(q, k, v, real[:, None, :])
    return mixed.transpose(0, 1).flatten(0, 1)[:n]


@task.also_right
def by_order(query, key, value, stride):
    order = torch.cat([torch.arange(len(query))[r::stride] for r in range(stride)])
    parts = [
        F.scaled_dot_product_attention(query[r::stride], key[r::stride], value[r::stride])
        for r in range(min(stride, len(query)))
    ]
    return torch.cat(parts)[order.argsort()]


@task.also_right
def token_by_token(query, key, value, stride):
    rows = []
    for i, one in enumerate(query):
        mine = slice(i % stride, None, stride)
        scores = key[mine] @ one / query.shape[-1] ** 0.5
        rows.append(scores.softmax(0) @ value[mine])
    return torch.stack(rows)


def root_of_d(query, value, mine):
    return math.sqrt(query.shape[-1])


def by_remainder(n, stride):
    return [torch.arange(r, n, stride) for r in range(min(n, stride))]


def all_of_them(mine):
    return torch.ones(len(mine), len(mine), dtype=torch.bool)


def where_they_were(parts, order):
    return torch.cat(parts)[order.argsort()]


def strided(
    query,
    key,
    value,
    stride,
    *,
    members=by_remainder,
    root=root_of_d,
    allowed=all_of_them,
    shares=lambda scores: scores.softmax(dim=-1),
    put_back=where_they_were,
):
    """Strided attention with one of its parts replaced."""
    groups = members(len(query), stride)
    parts = []
    for mine in groups:
        scores = query[mine] @ key[mine].T / root(query, value, mine)
        scores = scores.masked_fill(~allowed(mine), -torch.inf)
        parts.append(shares(scores) @ value[mine])
    return put_back(parts, torch.cat(groups))


@task.mistake
def as_wide_as_a_query(query, key, value, stride):
    """Your result is as wide as a query.

    It works where d_value happens to be d. But a value may be wider than a query, or narrower, and
    the result is made of values: torch.empty(n, value.shape[-1]).
    """
    mixed = torch.empty_like(query)
    for mine in by_remainder(len(query), stride):
        scores = query[mine] @ key[mine].T / math.sqrt(query.shape[-1])
        mixed[mine] = scores.softmax(dim=-1) @ value[mine]
    return mixed


@task.mistake
def everybody(query, key, value, stride):
    """Everybody looks at everybody.

    The queries went into groups, and their keys did not. Each group looks at itself only:
    key[remainder::stride], value[remainder::stride].
    """
    every = range(0, len(query), 128)  # in pieces, for a table is another matter
    parts = [F.scaled_dot_product_attention(query[i : i + 128], key, value) for i in every]
    return torch.cat(parts)


@task.mistake
def multiples_for_all(query, key, value, stride):
    """Everybody looks at tokens 0, stride, 2 · stride, ….

    Those are the group of remainder 0, for all. Who looks is asked for its own remainder: (query −
    key) divided by the stride leaves 0.
    """
    return F.scaled_dot_product_attention(query, key[::stride], value[::stride])


@task.mistake
def blocks(query, key, value, stride):
    """Those are blocks of neighbours.

    view(-1, stride) puts neighbours into a row. Those with the same remainder stand in its columns:
    transpose, or take query[remainder::stride].
    """
    return strided(
        query, key, value, stride, members=lambda n, stride: list(torch.arange(n).split(stride))
    )


@task.mistake
def order_not_undone(query, key, value, stride):
    """The order is not undone.

    First come all with remainder 0, then all with remainder 1, and so they stay. Token i's answer
    belongs to place i: mixed[remainder::stride] = …, or order.argsort().
    """
    return strided(query, key, value, stride, put_back=lambda parts, order: torch.cat(parts))


@task.mistake
def order_done_twice(query, key, value, stride):
    """The order is done twice, not undone.

    You have regrouped what was grouped. The way back is another permutation, the inverse:
    order.argsort(), or put the answers where you took the queries from.
    """
    return strided(query, key, value, stride, put_back=lambda parts, order: torch.cat(parts)[order])


@task.mistake
def only_queries_regrouped(query, key, value, stride):
    """Queries are regrouped, keys and values are not.

    Queries with the same remainder meet keys that happen to stand at the same place of the list.
    All three go the same way: query, key and value [remainder::stride].
    """
    groups = by_remainder(len(query), stride)
    sizes = [len(mine) for mine in groups]
    mixed = torch.empty(len(query), value.shape[-1])
    for mine, k, v in zip(groups, key.split(sizes), value.split(sizes), strict=True):
        mixed[mine] = F.scaled_dot_product_attention(query[mine], k, v)
    return mixed


@task.mistake
def values_not_regrouped(query, key, value, stride):
    """The values are not regrouped.

    The scores are right, and then they mix the values of somebody else. Values belong to their
    keys: value[remainder::stride].
    """
    groups = by_remainder(len(query), stride)
    mixed = torch.empty(len(query), value.shape[-1])
    for mine, v in zip(groups, value.split([len(mine) for mine in groups]), strict=True):
        mixed[mine] = F.scaled_dot_product_attention(query[mine], key[mine], v)
    return mixed


@task.mistake
def rows_and_stride_swapped(query, key, value, stride):
    """Stride and number of rows are swapped.

    Your groups have `stride` members, and take every (n / stride)-th token. It's the other way
    round: `stride` groups, and every stride-th token in each.
    """
    return strided(
        query, key, value, stride,
        members=lambda n, stride: by_remainder(n, max(1, n // stride)),
    )  # fmt: skip


@task.mistake
def rest_gets_nothing(query, key, value, stride):
    """The rest gets nothing.

    n // stride · stride tokens are served, and the ones that are left over get zeros. They have a
    remainder, too: a slice [remainder::stride] takes them along.
    """
    whole = len(query) // stride * stride
    mixed = strided_attention(query[:whole], key[:whole], value[:whole], stride)
    return F.pad(mixed, (0, 0, 0, len(query) - whole))


@task.mistake
def rest_cut_off(query, key, value, stride):
    """The rest is cut off.

    n tokens come in, fewer go out. Those at the end that do not fill a row have a remainder, too.
    """
    whole = len(query) // stride * stride
    return strided_attention(query[:whole], key[:whole], value[:whole], stride)


@task.mistake
def multiples_of_the_stride_alone(query, key, value, stride):
    """It works for multiples of the stride alone.

    Where the stride divides n it is right. Where not, the last row is short, and view has no place
    for it: take slices [remainder::stride], or pad and mask the pads.
    """
    q, k, v = (x.view(-1, stride, x.shape[-1]).transpose(0, 1) for x in (query, key, value))
    return F.scaled_dot_product_attention(q, k, v).transpose(0, 1).flatten(0, 1)


@task.mistake
def pads_get_a_share(query, key, value, stride):
    """Padding gets a share.

    You filled the last row with zeros (fine), and a key of zeros has the score 0, which is a fair
    share of the softmax. The filled slots need −∞.
    """
    missing = -len(query) % stride
    q, k, v = (
        F.pad(x, (0, 0, 0, missing)).unflatten(0, (-1, stride)).transpose(0, 1)
        for x in (query, key, value)
    )
    return F.scaled_dot_product_attention(q, k, v).transpose(0, 1).flatten(0, 1)[: len(query)]


@task.mistake
def back_only(query, key, value, stride):
    """You look back only.

    This pattern looks both ways: those before and those after with the same remainder. No causal
    mask here.
    """
    return strided(query, key, value, stride, allowed=lambda mine: mine[:, None] >= mine)


@task.mistake
def one_before_and_one_after(query, key, value, stride):
    """You look one stride far.

    All who leave the same remainder are looked at, however many strides away.
    """
    return strided(
        query, key, value, stride,
        allowed=lambda mine: (mine[:, None] - mine).abs() <= stride,
    )  # fmt: skip


@task.mistake
def not_oneself(query, key, value, stride):
    """Nobody looks at itself.

    Everybody leaves the same remainder as itself, and belongs to its own group.
    """

    def allowed(mine):
        return (mine[:, None] != mine) | (len(mine) == 1)

    return strided(query, key, value, stride, allowed=allowed)


@task.mistake
def no_root(query, key, value, stride):
    """The root is missing.

    Each group is the attention of lesson 03: divide the scores by √d.
    """
    return strided(query, key, value, stride, root=lambda q, v, mine: 1.0)


@task.mistake
def whole_width(query, key, value, stride):
    """You divide by d, not by its root.

    d is query.shape[-1]; the scores are divided by math.sqrt(d).
    """
    return strided(query, key, value, stride, root=lambda q, v, mine: q.shape[-1])


@task.mistake
def root_of_the_group(query, key, value, stride):
    """You scale by the size of the group.

    The root is that of d, query.shape[-1], and not of how many there are in the group.
    """
    return strided(query, key, value, stride, root=lambda q, v, mine: math.sqrt(len(mine)))


@task.mistake
def root_of_d_value(query, key, value, stride):
    """You take the root of a value's width.

    A score is a product of a query and a key, and their width is what it grows with:
    math.sqrt(query.shape[-1]).
    """
    return strided(query, key, value, stride, root=lambda q, v, mine: math.sqrt(v.shape[-1]))


@task.mistake
def root_of_the_stride(query, key, value, stride):
    """You take the root of the stride.

    How the text is cut has nothing to do with how large a score is. That is d:
    math.sqrt(query.shape[-1]).
    """
    return strided(query, key, value, stride, root=lambda q, v, mine: math.sqrt(stride))


@task.mistake
def over_the_queries(query, key, value, stride):
    """Your softmax runs over the queries.

    Each query shares out 1 among the keys of its group, along its own row: dim=-1.
    """
    return strided(query, key, value, stride, shares=lambda scores: scores.softmax(dim=0))


@task.mistake
def no_softmax(query, key, value, stride):
    """There is no softmax.

    Scores may be below zero and add up to anything. Shares are their softmax, along the keys.
    """
    return strided(query, key, value, stride, shares=lambda scores: scores)


@task.mistake
def softmax_by_hand(query, key, value, stride):
    """Right, until the powers of e grow beyond all bounds.

    e to the 89 is more than float32 can hold, so it becomes infinite, and ∞/∞ is NaN. Use softmax,
    or subtract each row's largest score first.
    """
    return strided(
        query, key, value, stride,
        shares=lambda scores: scores.exp() / scores.exp().sum(dim=-1, keepdim=True),
    )  # fmt: skip


@task.mistake
def plain_mean(query, key, value, stride):
    """You take the mean of the group.

    That is attention where all queries are 0. How much each value counts is what query and key are
    for.
    """
    return strided(
        query, key, value, stride, shares=lambda scores: torch.zeros_like(scores).softmax(dim=-1)
    )


@task.mistake
def first_group_alone(query, key, value, stride):
    """You return after the first group.

    The return stands inside the loop. It belongs behind it, where all places are filled.
    """
    mixed = torch.zeros(len(query), value.shape[-1])
    mixed[::stride] = strided_attention(query[::stride], key[::stride], value[::stride], 1)
    return mixed


@task.mistake
def whole_table(query, key, value, stride):
    """You write a table of all queries with all keys.

    The answer is right, and for a long text the table doesn't fit. By remainders it is `stride`
    small tables: query[r::stride] @ key[r::stride].T.
    """
    place = torch.arange(len(query))
    mask = (place[:, None] - place) % stride == 0
    scores = query @ key.T / math.sqrt(query.shape[-1])
    return scores.masked_fill(~mask, -torch.inf).softmax(dim=-1) @ value
