"""Attention from a list: each group of neighbours looks at what is on its own."""

import math

import torch
import torch.nn.functional as F

from course_utils.checks.task import Case, Task
from course_utils.exercises.lesson_13.common import without_a_table
from course_utils.exercises.lesson_13.shopping_lists import shopping_lists

task = Task(
    "13.attend_by_lists",
    "Attention from a list",
    section="One shopping list for the whole street",
    dimensions=("n", "d_value"),
    gradient=True,
    use=without_a_table,
    hints=[
        "key[keys] fetches all lists at once: an index of shape [n_groups, length] gives "
        "[n_groups, length, d]. The same for the values.",
        "Neighbours into groups: query.view(n_groups, size, d). Then each group is lesson 03: "
        "scores [n_groups, size, length], divided by √d.",
        "masked_fill(~allowed, -torch.inf), softmax(dim=-1), times the fetched values, and "
        "flatten(0, 1) to have n rows again.",
    ],
    praise="Right: the numbers, the gradients, and no table of n × n.",
)


@task.answer
def attend_by_lists(query, key, value, keys, allowed):
    ### BEGIN SOLUTION
    n_groups, size, _ = allowed.shape
    queries = query.view(n_groups, size, -1)
    scores = queries @ key[keys].transpose(1, 2) / math.sqrt(query.shape[-1])
    weights = scores.masked_fill(~allowed, -torch.inf).softmax(dim=-1)
    return (weights @ value[keys]).flatten(0, 1)
    ### END SOLUTION


@task.cases
def cases(seed):
    generator = torch.Generator().manual_seed(seed)

    def numbers(n, d, d_value, *, size=1.0):
        return tuple(size * torch.randn(n, width, generator=generator) for width in (d, d, d_value))

    for n, width, size, d, d_value in (
        (8, 1, 4, 3, 2),
        (12, 2, 3, 5, 4),
        (8, 3, 2, 2, 6),
        (6, 2, 6, 4, 4),
        (5, 2, 1, 1, 3),
    ):
        name = f"{n} tokens in groups of {size}, {width} before each"
        yield Case(name, (*numbers(n, d, d_value), *shopping_lists(n, width, size)))
    keys = torch.stack([torch.randperm(10, generator=generator)[:6] for _ in range(2)])
    allowed = torch.rand(2, 5, 6, generator=generator) < 0.5
    allowed[:, :, 0] = True  # everybody has somebody to look at
    yield Case("10 tokens in two groups, with lists by dice", (*numbers(10, 4, 3), keys, allowed))
    query, key, value = numbers(9, 6, 4)
    value = value / 100  # small, and so are the gradients, and what rounding does to them
    loud = 40 * torch.sign(query) + query
    lists = shopping_lists(9, 2, 3)
    yield Case("scores in the hundreds", (loud, 3 * torch.sign(query) + key / 4, value, *lists))
    yield Case("scores far below 0", (15 + query.abs(), -4 + key / 4, value, *lists))
    future = key.clone()
    future[2::3] += 30.0  # the last of each group, at which the first two may not look
    yield Case("somebody wanted by all, and forbidden", (5 + query.abs(), future, value, *lists))
    yield Case("1,024 tokens, and no room for a table",
               (*numbers(1_024, 4, 4), *shopping_lists(1_024, 24, 32)))  # fmt: skip


@task.also_right
def group_by_group(query, key, value, keys, allowed):
    size, parts = allowed.shape[1], []
    for mine, places, looks in zip(query.split(size), keys, allowed, strict=True):
        scores = torch.einsum("qd,kd->qk", mine, key[places]) * query.shape[-1] ** -0.5
        parts.append((scores + looks.log()).softmax(1) @ value[places])
    return torch.cat(parts)


@task.also_right
def by_torch(query, key, value, keys, allowed):
    queries = query.unflatten(0, allowed.shape[:2])
    mixed = F.scaled_dot_product_attention(queries, key[keys], value[keys], attn_mask=allowed)
    return mixed.reshape(len(query), -1)


@task.also_right
def with_more_digits(query, key, value, keys, allowed):
    queries = query.reshape(*allowed.shape[:2], -1).double()
    scores = torch.bmm(queries, key.double()[keys].mT) / query.shape[-1] ** 0.5
    scores = torch.where(allowed, scores, torch.tensor(-1e30, dtype=torch.float64))
    powers = torch.exp(scores - scores.amax(-1, keepdim=True))
    return (powers / powers.sum(-1, keepdim=True) @ value.double()[keys]).reshape(len(query), -1)


def neighbours(query, n_groups, size):
    return query.view(n_groups, size, -1)


def root_of_d(query, keys, value):
    return math.sqrt(query.shape[-1])


def forbidden(scores, allowed):
    return scores.masked_fill(~allowed, -torch.inf)


def unmasked(scores, allowed):
    return scores


def in_shares(scores):
    return scores.softmax(dim=-1)


def one_after_the_other(mixed):
    return mixed.flatten(0, 1)


def by_lists(
    query,
    key,
    value,
    keys,
    allowed,
    *,
    grouped=neighbours,
    root=root_of_d,
    masked=forbidden,
    shares=in_shares,
    mended=unmasked,
    put_back=one_after_the_other,
):
    """Attention by lists with one of its parts replaced."""
    queries = grouped(query, *allowed.shape[:2])
    scores = queries @ key[keys].transpose(1, 2) / root(query, keys, value)
    weights = mended(shares(masked(scores, allowed)), allowed)
    return put_back(weights @ value[keys])


@task.mistake
def not_masked(query, key, value, keys, allowed):
    """The mask is forgotten.

    The list is the whole group's. Whatever is on it for the others (or fills it up before the text)
    gets a share in yours: masked_fill(~allowed, -torch.inf) before the softmax.
    """
    return by_lists(query, key, value, keys, allowed, masked=unmasked)


@task.mistake
def upside_down(query, key, value, keys, allowed):
    """Your mask is upside down.

    `allowed` is True where a query may look, so −∞ belongs where it is False: ~allowed.
    """
    return by_lists(
        query, key, value, keys, allowed, masked=lambda scores, allowed: forbidden(scores, ~allowed)
    )


@task.mistake
def zero_for_forbidden(query, key, value, keys, allowed):
    """Forbidden scores become 0.

    A score of 0 is no ban: e to the 0 is 1, a fair share. The ban is −∞.
    """
    return by_lists(
        query, key, value, keys, allowed, masked=lambda scores, allowed: scores * allowed
    )


@task.mistake
def mask_added(query, key, value, keys, allowed):
    """You add the mask to the scores.

    True is 1 then, and False 0: those who may be looked at are a little ahead, and nobody is
    banned. masked_fill(~allowed, -torch.inf).
    """
    return by_lists(
        query, key, value, keys, allowed, masked=lambda scores, allowed: scores + allowed.float()
    )


@task.mistake
def minus_hundred(query, key, value, keys, allowed):
    """Your ban is −100.

    Scores may be lower, and then the forbidden ones win. The ban is −∞.
    """
    return by_lists(
        query, key, value, keys, allowed,
        masked=lambda scores, allowed: scores.masked_fill(~allowed, -100.0),
    )  # fmt: skip


@task.mistake
def masked_afterwards(query, key, value, keys, allowed):
    """You mask after the softmax.

    The forbidden keys have had their share of the sum by then, so what is left adds up to less than
    1. Mask the scores, with −∞, and then the softmax.
    """
    return by_lists(
        query, key, value, keys, allowed, masked=unmasked,
        mended=lambda weights, allowed: weights * allowed,
    )  # fmt: skip


@task.mistake
def masked_afterwards_and_shared(query, key, value, keys, allowed):
    """Right, until a forbidden key has it all.

    You mask after the softmax and divide by what is left. Where those who may be looked at have
    less than e to the −104 of it, nothing is left, and 0/0 is NaN. Mask the scores, with −∞.
    """

    def mended(weights, allowed):
        left = weights * allowed
        return left / left.sum(dim=-1, keepdim=True)

    return by_lists(query, key, value, keys, allowed, masked=unmasked, mended=mended)


@task.mistake
def root_of_the_group(query, key, value, keys, allowed):
    """You take the root of how many queries a group has.

    A score is a sum of d products, and it is d whose root undoes its growth:
    math.sqrt(query.shape[-1]).
    """
    size = allowed.shape[1]
    return by_lists(query, key, value, keys, allowed, root=lambda q, keys, v: math.sqrt(size))


@task.mistake
def root_of_the_length(query, key, value, keys, allowed):
    """You scale by the length of the list.

    The root is that of d, how many numbers are multiplied for a score. How many keys are on the
    list has nothing to do with it.
    """
    return by_lists(
        query, key, value, keys, allowed, root=lambda q, keys, v: math.sqrt(keys.shape[-1])
    )


@task.mistake
def root_of_d_value(query, key, value, keys, allowed):
    """You take the root of a value's width.

    A score is a product of a query and a key, and their width is what it grows with:
    math.sqrt(query.shape[-1]).
    """
    return by_lists(
        query, key, value, keys, allowed, root=lambda q, keys, v: math.sqrt(v.shape[-1])
    )


@task.mistake
def root_of_n(query, key, value, keys, allowed):
    """You take the root of how many tokens there are.

    shape[0] is n. The root is that of d, the last axis: math.sqrt(query.shape[-1]).
    """
    return by_lists(query, key, value, keys, allowed, root=lambda q, keys, v: math.sqrt(len(q)))


@task.mistake
def no_root(query, key, value, keys, allowed):
    """The root is missing.

    A group is a small attention of its own, and lesson 03 holds in it: divide by √d.
    """
    return by_lists(query, key, value, keys, allowed, root=lambda q, keys, v: 1.0)


@task.mistake
def whole_width(query, key, value, keys, allowed):
    """You divide by d, not by its root.

    d is query.shape[-1]; the scores are divided by math.sqrt(d).
    """
    return by_lists(query, key, value, keys, allowed, root=lambda q, keys, v: q.shape[-1])


@task.mistake
def multiplied_by_the_root(query, key, value, keys, allowed):
    """You multiply by the root.

    Scores grow with d, and the root is to undo that: divide by math.sqrt(d).
    """
    return by_lists(query, key, value, keys, allowed, root=lambda q, keys, v: q.shape[-1] ** -0.5)


@task.mistake
def over_the_queries(query, key, value, keys, allowed):
    """Your softmax runs over the queries.

    Along dim=1 the queries of a group share each key among themselves. The shares of one query are
    dealt out among the keys of its list: dim=-1.
    """
    return by_lists(query, key, value, keys, allowed, shares=lambda scores: scores.softmax(dim=1))


@task.mistake
def over_the_groups(query, key, value, keys, allowed):
    """Your softmax runs over the groups.

    Along dim=0 stand the groups, which have nothing to do with each other. The keys of a list are
    the last axis: dim=-1.
    """
    return by_lists(query, key, value, keys, allowed, shares=lambda scores: scores.softmax(dim=0))


@task.mistake
def no_softmax(query, key, value, keys, allowed):
    """There is no softmax.

    Scores may be below zero and add up to anything. Shares are their softmax, along the list.
    """
    return by_lists(
        query, key, value, keys, allowed,
        masked=lambda scores, allowed: scores.masked_fill(~allowed, 0.0),
        shares=lambda scores: scores,
    )  # fmt: skip


@task.mistake
def softmax_by_hand(query, key, value, keys, allowed):
    """Right, until the powers of e grow beyond all bounds.

    e to the 89 is more than float32 can hold, so it becomes infinite, and ∞/∞ is NaN. Use softmax,
    or subtract each row's largest score first.
    """

    def shares(scores):
        powers = scores.exp()
        return powers / powers.sum(dim=-1, keepdim=True)

    return by_lists(query, key, value, keys, allowed, shares=shares)


@task.mistake
def grouped_by_remainder(query, key, value, keys, allowed):
    """Queries are grouped by remainder.

    Your groups take every n_groups-th query. Neighbours belong together: query.view(n_groups, size,
    d), no transpose.
    """
    return by_lists(
        query, key, value, keys, allowed,
        grouped=lambda query, n_groups, size: query.view(size, n_groups, -1).transpose(0, 1),
    )  # fmt: skip


@task.mistake
def put_back_in_another_order(query, key, value, keys, allowed):
    """The answers are put back in another order.

    First the whole first group, then the second: [n_groups, size, d_value] becomes [n, d_value] by
    flatten(0, 1). You turned it before.
    """
    return by_lists(
        query, key, value, keys, allowed,
        put_back=lambda mixed: mixed.transpose(0, 1).flatten(0, 1),
    )  # fmt: skip


@task.mistake
def still_in_groups(query, key, value, keys, allowed):
    """Your answers are still in groups.

    They are right. Make n rows of them again: [n_groups, size, d_value] becomes [n, d_value] by
    flatten(0, 1).
    """
    return by_lists(query, key, value, keys, allowed, put_back=lambda mixed: mixed)


@task.mistake
def first_list_for_all(query, key, value, keys, allowed):
    """All groups shop with the first list.

    Each has its own: key[keys] fetches all of them, keys[group] the one of a group.
    """
    return by_lists(query, key, value, keys[:1].expand_as(keys), allowed)


@task.mistake
def everybody(query, key, value, keys, allowed):
    """Everybody looks at everybody.

    Neither the lists nor `allowed` were asked. A group looks at key[keys[group]] only, and at no
    more of them than it may.
    """
    return F.scaled_dot_product_attention(query, key, value)


@task.mistake
def whole_table(query, key, value, keys, allowed):
    """You write a table of all queries with all keys.

    The answer is right, and for a long text the table doesn't fit: this is what the lists are for.
    Fetch them, key[keys], and give each group its small attention.
    """
    n_groups, size, length = allowed.shape
    mask = torch.zeros(len(query), len(key), dtype=torch.int32)
    places = keys[:, None, :].expand(n_groups, size, length).reshape(len(query), length)
    mask.scatter_add_(1, places, allowed.reshape(len(query), length).int())
    scores = query @ key.T / math.sqrt(query.shape[-1])
    return scores.masked_fill(mask == 0, -torch.inf).softmax(dim=-1) @ value
