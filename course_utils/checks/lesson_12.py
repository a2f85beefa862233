"""Lesson 12, sparse for real: its four tasks, and the ways in which they go wrong.

Nearly all of these mistakes keep the shapes and train without a complaint, to something else. So
every case has tokens at an edge, a list with strangers on it, and numbers that all differ.
"""

import math
from collections.abc import Callable, Iterator

import torch
import torch.nn.functional as F
from torch import Tensor

from course_utils.checks._old import Case, Misconception, Task

# ---- 12.shopping_lists ---------------------------------------------------------------------------


def shopping_lists(n: int, width: int, size: int) -> tuple[Tensor, Tensor]:
    """For each group of `size` neighbours the keys that they want together, and who may look.

    Everybody looks at itself and the `width` tokens before it. keys int64 [n_groups, width + size],
    in order, 0 in slots before the text; allowed bool [n_groups, size, width + size]. `n` is a
    multiple of `size`.
    """
    first = torch.arange(0, n, size)[:, None]
    queries = first + torch.arange(size)
    keys = first + torch.arange(-width, size)
    back = queries[:, :, None] - keys[:, None, :]
    allowed = (back >= 0) & (back <= width) & (keys >= 0)[:, None, :]
    return keys.clamp(min=0), allowed


def shopping_lists_cases(seed: int) -> Iterator[Case]:
    yield Case("8 tokens in groups of 4, 1 before each", (8, 1, 4))
    yield Case("12 tokens in groups of 3, 2 before each", (12, 2, 3))
    yield Case("8 tokens in groups of 2, 5 before each", (8, 5, 2))
    yield Case("10 tokens in groups of 5, oneself alone", (10, 0, 5))
    yield Case("6 tokens in one group, 9 before each", (6, 9, 6))
    yield Case("groups of 4, 3 before each", (16 + 4 * (seed % 3), 3, 4))


def shopping_lists_with_loops(n, width, size):
    lists, looks = [], []
    for begin in range(0, n, size):
        slots = list(range(begin - width, begin + size))
        lists.append([max(0, key) for key in slots])
        looks.append(
            [[0 <= key and query - width <= key <= query for key in slots]
             for query in range(begin, begin + size)]
        )  # fmt: skip
    return torch.tensor(lists), torch.tensor(looks)


def shopping_lists_by_unfolding(n, width, size):
    slots = F.pad(torch.arange(n), (width, 0), value=-1).unfold(0, width + size, size)
    ones = torch.ones(size, width + size, dtype=torch.bool)
    band = ones.tril(width) & ones.triu()
    return slots.clamp(min=0), band & (slots >= 0)[:, None, :]


def _lists(
    *,
    begin: Callable = lambda n, size: torch.arange(0, n, size),
    slots: Callable = lambda width, size: torch.arange(-width, size),
    near: Callable = lambda back, width: (back >= 0) & (back <= width),
    inside: Callable = lambda keys, n: keys >= 0,
    mended: Callable = lambda keys, n: keys.clamp(min=0),
    mended_first: bool = False,
    turned: bool = False,
) -> Callable:
    """The lists with one of their parts replaced."""

    def lists(n, width, size):
        first = begin(n, size)[:, None]
        queries, keys = first + torch.arange(size), first + slots(width, size)
        there = inside(keys, n)
        if mended_first:
            keys = mended(keys, n)
        allowed = near(queries[:, :, None] - keys[:, None, :], width) & there[:, None, :]
        if turned:
            allowed = allowed.transpose(1, 2)
        return mended(keys, n), allowed

    return lists


def _everywhere(keys, n):
    return torch.ones_like(keys, dtype=torch.bool)


def lists_of_both_sides(n, width, size):
    first = torch.arange(0, n, size)[:, None]
    queries, keys = first + torch.arange(size), first + torch.arange(-width, size + width)
    near = (queries[:, :, None] - keys[:, None, :]).abs() <= width
    return keys.clamp(0, n - 1), near & ((keys >= 0) & (keys < n))[:, None, :]


def lists_of_slots(n, width, size):
    first = torch.arange(0, n, size)[:, None]
    keys = first + torch.arange(-width, size)
    back = torch.arange(size)[:, None] - torch.arange(width + size)
    near = (back >= 0) & (back <= width)
    return keys.clamp(min=0), near & (keys >= 0)[:, None, :]


def a_list_for_each(n, width, size):
    keys = torch.arange(n)[:, None] + torch.arange(-width, 1)
    return keys.clamp(min=0), keys >= 0


def mask_first(n, width, size):
    keys, allowed = shopping_lists(n, width, size)
    return allowed, keys


def which_of_the_two(result, case):
    """Which of the two results is wrong, and the first place where it is."""
    names = "keys", "allowed"
    for name, got, expected in zip(names, result, shopping_lists(*case.args), strict=True):
        if got.shape != expected.shape:
            return None
        wrong = (got != expected).nonzero()
        if len(wrong):
            place = tuple(wrong[0].tolist())
            return (
                f"`{name}` differs first at {name}[{', '.join(map(str, place))}]: expected "
                f"{expected[place].item()}, got {got[place].item()}."
            )
    return None


SHOPPING_LISTS = [
    Misconception(
        "that is a list for each token",
        a_list_for_each,
        "Right as a window, and it is the van for every egg: n lists. The group shares one, with "
        "width + size slots, and `allowed` says which of them are whose.",
    ),
    Misconception(
        "the two results are in the other order",
        mask_first,
        "First the lists of keys, then who may look: return keys, allowed.",
    ),
    Misconception(
        "you look to both sides",
        lists_of_both_sides,
        "That is the lesson's window. This one is a writer's: oneself and `width` tokens before, "
        "nobody after, so a list has width + size slots.",
    ),
    Misconception(
        "the causal mask was forgotten in the gather",
        _lists(near=lambda back, width: back.abs() <= width),
        "The list is right, but it belongs to the whole group: for its first token most of it is "
        "the future. Who may look is decided one by one: 0 ≤ query − key ≤ width.",
    ),
    Misconception(
        "`allowed` lets everybody look at what comes after it",
        _lists(near=lambda back, width: back <= width),
        "query − key <= width is true of the whole future as well: there query − key is negative. "
        "A writer sees nothing that comes after: 0 ≤ query − key ≤ width.",
    ),
    Misconception(
        "query and key are swapped",
        _lists(near=lambda back, width: (back <= 0) & (back >= -width)),
        "Yours looks at those that come after it. Before is where the key is smaller: "
        "query − key ≥ 0.",
    ),
    Misconception(
        "your window is one token short",
        _lists(near=lambda back, width: (back >= 0) & (back < width)),
        "`width` tokens before oneself, and oneself: that is width + 1 looks. The farthest is "
        "exactly `width` away, and belongs to it: <=, not <.",
    ),
    Misconception(
        "nobody looks at itself",
        _lists(near=lambda back, width: (back > 0) & (back <= width)),
        "A distance of 0 is oneself, and oneself is in the window: query − key >= 0.",
    ),
    Misconception(
        "the first key of each list is missing",
        _lists(slots=lambda width, size: torch.arange(1 - width, size)),
        "The group's first token wants the one that is `width` before it, so the list begins at "
        "first − width: torch.arange(-width, size).",
    ),
    Misconception(
        "each list has one key too many",
        _lists(slots=lambda width, size: torch.arange(-width, size + 1)),
        "torch.arange(a, b) stops before b. The group's last token is size − 1 places after its "
        "first: torch.arange(-width, size).",
    ),
    Misconception(
        "places before the text wrap round",
        _lists(inside=_everywhere, mended=lambda keys, n: keys % n),
        "Place −1 became the last token: your street is a ring, and the first tokens hear the end "
        "of the text. Clip such places to 0, and allow nobody to look there.",
    ),
    Misconception(
        "the places wrap round, though nobody looks there",
        _lists(mended=lambda keys, n: keys % n),
        "`allowed` is right. The slots before the text were to hold 0, and yours hold the text's "
        "end: clamp, not %.",
    ),
    Misconception(
        "places before the text stay negative",
        _lists(mended=lambda keys, n: keys),
        "`allowed` is right, and nobody looks there. But they are still fetched, and what does "
        "−1 fetch? The last token, silently, or an error elsewhere. keys.clamp(min=0).",
    ),
    Misconception(
        "negative places stay, and may be looked at",
        _lists(mended=lambda keys, n: keys, inside=_everywhere),
        "Place −1 is the last token for torch: the first tokens would hear the end of the text. "
        "Two repairs: clip the places to 0, and allow only slots whose place was 0 or more.",
    ),
    Misconception(
        "slots before the text get a share",
        _lists(inside=_everywhere),
        "You clipped the places (good), and then allowed those slots by their distance. They are "
        "padding: the softmax would give token 0 a share for each of them. Also ask that the "
        "unclipped place is 0 or more.",
    ),
    Misconception(
        "you clip first and measure afterwards",
        _lists(mended_first=True, inside=_everywhere),
        "After clipping, all slots before the text look like token 0, which is near: it gets "
        "several shares of the first softmaxes. Measure with the unclipped places, clip last.",
    ),
    Misconception(
        "the mask is forgotten: everybody may look at the whole list",
        _lists(near=lambda back, width: torch.ones_like(back, dtype=torch.bool)),
        "Half of the list is there for the others. Each query of a group has its own row of "
        "`allowed`: only keys from query − width to query.",
    ),
    Misconception(
        "the groups begin one place apart",
        _lists(begin=lambda n, size: torch.arange(n // size)),
        "Group 1 begins where group 0 ends, `size` places later: torch.arange(0, n, size).",
    ),
    Misconception(
        "you compare numbers of slots",
        lists_of_slots,
        "Slot 0 of a list is not the group's first token: it is `width` places before it. Compare "
        "places in the text, first + torch.arange(size) with first + torch.arange(-width, size).",
    ),
    Misconception(
        "queries stand across and keys down",
        _lists(turned=True),
        "`allowed` is [n_groups, size, width + size]: one row for each query, as in every mask of "
        "this course. Yours is turned.",
    ),
]

# ---- 12.attend_by_lists --------------------------------------------------------------------------


def attend_by_lists(
    query: Tensor, key: Tensor, value: Tensor, keys: Tensor, allowed: Tensor
) -> Tensor:
    """Attention in which each group of neighbours looks at its own list of keys.

    query, key [n, d], value [n, d_value], keys int64 [n_groups, length], allowed bool
    [n_groups, size, length], where n = n_groups · size. Returns [n, d_value].
    """
    n_groups, size, _ = allowed.shape
    queries = query.view(n_groups, size, -1)
    scores = queries @ key[keys].transpose(1, 2) / math.sqrt(query.shape[-1])
    weights = scores.masked_fill(~allowed, -torch.inf).softmax(dim=-1)
    return (weights @ value[keys]).flatten(0, 1)


def attend_by_lists_cases(seed: int) -> Iterator[Case]:
    generator = torch.Generator().manual_seed(seed)

    def numbers(n, d, d_value):
        return tuple(torch.randn(n, width, generator=generator) for width in (d, d, d_value))

    for n, width, size, d, d_value in ((8, 1, 4, 3, 2), (12, 2, 3, 5, 4), (8, 3, 2, 2, 6)):
        name = f"{n} tokens in groups of {size}, {width} before each"
        yield Case(name, (*numbers(n, d, d_value), *shopping_lists(n, width, size)))
    keys = torch.stack([torch.randperm(10, generator=generator)[:6] for _ in range(2)])
    allowed = torch.rand(2, 5, 6, generator=generator) < 0.5
    allowed[:, :, 0] = True  # everybody has somebody to look at
    yield Case("10 tokens in two groups, with lists by dice", (*numbers(10, 4, 3), keys, allowed))


def attend_by_lists_with_loops(query, key, value, keys, allowed):
    rows = []
    for group, (places, looks) in enumerate(zip(keys, allowed, strict=True)):
        for i, look in enumerate(looks):
            mine = places[look]
            scores = key[mine] @ query[group * len(looks) + i] / query.shape[-1] ** 0.5
            rows.append(scores.softmax(dim=0) @ value[mine])
    return torch.stack(rows)


def attend_by_lists_by_torch(query, key, value, keys, allowed):
    queries = query.unflatten(0, allowed.shape[:2])
    mixed = F.scaled_dot_product_attention(queries, key[keys], value[keys], attn_mask=allowed)
    return mixed.reshape(len(query), -1)


def _by_lists(
    *,
    grouped: Callable = lambda query, n_groups, size: query.view(n_groups, size, -1),
    root: Callable = lambda query, keys: math.sqrt(query.shape[-1]),
    masked: Callable = lambda scores, allowed: scores.masked_fill(~allowed, -torch.inf),
    shares: Callable = lambda scores: scores.softmax(dim=-1),
    mended: Callable = lambda weights, allowed: weights,
    put_back: Callable = lambda mixed: mixed.flatten(0, 1),
) -> Callable:
    """Attention by lists with one of its parts replaced."""

    def attend(query, key, value, keys, allowed):
        queries = grouped(query, *allowed.shape[:2])
        scores = queries @ key[keys].transpose(1, 2) / root(query, keys)
        weights = mended(shares(masked(scores, allowed)), allowed)
        return put_back(weights @ value[keys])

    return attend


def _unmasked(scores, allowed):
    return scores


ATTEND_BY_LISTS = [
    Misconception(
        "the mask is forgotten",
        _by_lists(masked=_unmasked),
        "The list is the whole group's. Whatever is on it for the others (or fills it up before "
        "the text) gets a share in yours: masked_fill(~allowed, -torch.inf) before the softmax.",
    ),
    Misconception(
        "your mask is upside down",
        _by_lists(masked=lambda scores, allowed: scores.masked_fill(allowed, -torch.inf)),
        "`allowed` is True where a query may look, so −∞ belongs where it is False: ~allowed.",
    ),
    Misconception(
        "forbidden scores become 0",
        _by_lists(masked=lambda scores, allowed: scores * allowed),
        "A score of 0 is no ban: e to the 0 is 1, a fair share. The ban is −∞.",
    ),
    Misconception(
        "you mask after the softmax",
        _by_lists(masked=_unmasked, mended=lambda weights, allowed: weights * allowed),
        "The forbidden keys have had their share of the sum by then, so what is left adds up to "
        "less than 1. Mask the scores, with −∞, and then the softmax.",
    ),
    Misconception(
        "you scale by the length of the list",
        _by_lists(root=lambda query, keys: math.sqrt(keys.shape[-1])),
        "The root is that of d, how many numbers are multiplied for a score. How many keys are "
        "on the list has nothing to do with it.",
    ),
    Misconception(
        "the root is missing",
        _by_lists(root=lambda query, keys: 1.0),
        "A group is a small attention of its own, and lesson 03 holds in it: divide by √d.",
    ),
    Misconception(
        "you divide by d, not by its root",
        _by_lists(root=lambda query, keys: query.shape[-1]),
        "d is query.shape[-1]; the scores are divided by math.sqrt(d).",
    ),
    Misconception(
        "your softmax runs over the queries",
        _by_lists(shares=lambda scores: scores.softmax(dim=1)),
        "Along dim=1 the queries of a group share each key among themselves. The shares of one "
        "query are dealt out among the keys of its list: dim=-1.",
    ),
    Misconception(
        "your softmax runs over the groups",
        _by_lists(shares=lambda scores: scores.softmax(dim=0)),
        "Along dim=0 stand the groups, which have nothing to do with each other. The keys of a "
        "list are the last axis: dim=-1.",
    ),
    Misconception(
        "queries are grouped by remainder",
        _by_lists(grouped=lambda query, n_groups, size: (
            query.view(size, n_groups, -1).transpose(0, 1)
        )),
        "Your groups take every n_groups-th query. Neighbours belong together: "
        "query.view(n_groups, size, d), no transpose.",
    ),
    Misconception(
        "the answers are put back in another order",
        _by_lists(put_back=lambda mixed: mixed.transpose(0, 1).flatten(0, 1)),
        "First the whole first group, then the second: [n_groups, size, d_value] becomes "
        "[n, d_value] by flatten(0, 1). You turned it before.",
    ),
]  # fmt: skip

# ---- 12.strided_attention ------------------------------------------------------------------------


def strided_attention(query: Tensor, key: Tensor, value: Tensor, stride: int) -> Tensor:
    """Attention among those that leave the same remainder when divided by `stride`.

    query, key [n, d], value [n, d_value]; n need not be a multiple of the stride. Returns
    [n, d_value].
    """
    mixed = torch.empty(len(query), value.shape[-1])
    for remainder in range(min(stride, len(query))):
        mine = slice(remainder, None, stride)
        scores = query[mine] @ key[mine].T / math.sqrt(query.shape[-1])
        mixed[mine] = scores.softmax(dim=-1) @ value[mine]
    return mixed


def strided_attention_cases(seed: int) -> Iterator[Case]:
    generator = torch.Generator().manual_seed(seed)
    sizes = ((12, 3, 4, 2), (14, 4, 3, 5), (9, 2, 6, 3), (20, 6, 2, 4), (10, 3, 4, 4))
    for n, stride, d, d_value in sizes:
        query, key, value = (torch.randn(n, w, generator=generator) for w in (d, d, d_value))
        left = n % stride
        name = f"{n} tokens, stride {stride}" + (f", {left} left over" if left else "")
        yield Case(name, (query, key, value, stride))


def strided_attention_by_mask(query, key, value, stride):
    place = torch.arange(len(query))
    mask = (place[:, None] - place) % stride == 0
    scores = query @ key.T / math.sqrt(query.shape[-1])
    return scores.masked_fill(~mask, -torch.inf).softmax(dim=-1) @ value


def strided_attention_in_one_table(query, key, value, stride):
    n = len(query)
    missing = -n % stride
    q, k, v = (
        F.pad(x, (0, 0, 0, missing)).unflatten(0, (-1, stride)).transpose(0, 1)
        for x in (query, key, value)
    )  # [stride, rows, d]
    real = F.pad(torch.ones(n, dtype=torch.bool), (0, missing)).view(-1, stride).T
    mixed = F.scaled_dot_product_attention(q, k, v, real[:, None, :])
    return mixed.transpose(0, 1).flatten(0, 1)[:n]


def strided_attention_by_order(query, key, value, stride):
    order = torch.cat([torch.arange(len(query))[r::stride] for r in range(stride)])
    parts = [
        F.scaled_dot_product_attention(query[r::stride], key[r::stride], value[r::stride])
        for r in range(stride)
    ]
    return torch.cat(parts)[order.argsort()]


def _strided(
    *,
    members: Callable = lambda n, stride: [torch.arange(r, n, stride) for r in range(stride)],
    looked_at: Callable = lambda groups, i: groups[i],
    valued: Callable | None = None,
    root: Callable = lambda query, mine: math.sqrt(query.shape[-1]),
    allowed: Callable = lambda mine, others: mine[:, None] >= 0,
    put_back: Callable = lambda parts, order: torch.cat(parts)[order.argsort()],
    extra: Callable = lambda n, stride: 0,
) -> Callable:
    """Strided attention with one of its parts replaced."""

    def attend(query, key, value, stride):
        groups = members(len(query), stride)
        parts = []
        for i, mine in enumerate(groups):
            others = looked_at(groups, i)
            heard = others if valued is None else valued(groups, i)
            keys, values = key[others], value[heard]
            filled = (0, 0, 0, extra(len(query), stride) if len(mine) < len(groups[0]) else 0)
            keys, values = F.pad(keys, filled), F.pad(values, filled)
            scores = query[mine] @ keys.T / root(query, mine)
            scores = scores.masked_fill(~allowed(mine, others), -torch.inf)
            parts.append(scores.softmax(dim=-1) @ values)
        return put_back(parts, torch.cat(groups))

    return attend


def _blocks(n, stride):
    return list(torch.arange(n).split(stride))


def _stride_many_rows(n, stride):
    return [torch.arange(r, n, max(1, n // stride)) for r in range(max(1, n // stride))]


def in_order(query, key, value, stride):
    """Queries by remainder, keys and values as they come, in pieces of the same sizes."""
    groups = [torch.arange(r, len(query), stride) for r in range(stride)]
    sizes = [len(mine) for mine in groups]
    mixed = torch.empty(len(query), value.shape[-1])
    for mine, k, v in zip(groups, key.split(sizes), value.split(sizes), strict=True):
        scores = query[mine] @ k.T / math.sqrt(query.shape[-1])
        mixed[mine] = scores.softmax(dim=-1) @ v
    return mixed


def only_values_in_order(query, key, value, stride):
    groups = [torch.arange(r, len(query), stride) for r in range(stride)]
    mixed = torch.empty(len(query), value.shape[-1])
    for mine, v in zip(groups, value.split([len(mine) for mine in groups]), strict=True):
        scores = query[mine] @ key[mine].T / math.sqrt(query.shape[-1])
        mixed[mine] = scores.softmax(dim=-1) @ v
    return mixed


def drops_the_tail(query, key, value, stride):
    whole = len(query) // stride * stride
    mixed = strided_attention(query[:whole], key[:whole], value[:whole], stride)
    return F.pad(mixed, (0, 0, 0, len(query) - whole))


def cuts_the_tail(query, key, value, stride):
    whole = len(query) // stride * stride
    return strided_attention(query[:whole], key[:whole], value[:whole], stride)


def needs_no_tail(query, key, value, stride):
    q, k, v = (x.view(-1, stride, x.shape[-1]).transpose(0, 1) for x in (query, key, value))
    return F.scaled_dot_product_attention(q, k, v).transpose(0, 1).flatten(0, 1)


def pads_get_a_share(query, key, value, stride):
    missing = -len(query) % stride
    q, k, v = (
        F.pad(x, (0, 0, 0, missing)).unflatten(0, (-1, stride)).transpose(0, 1)
        for x in (query, key, value)
    )
    return F.scaled_dot_product_attention(q, k, v).transpose(0, 1).flatten(0, 1)[: len(query)]


def keys_are_not_cut(query, key, value, stride):
    return F.scaled_dot_product_attention(query, key, value)


def as_wide_as_a_query(query, key, value, stride):
    mixed = torch.empty_like(query)
    for remainder in range(min(stride, len(query))):
        mine = slice(remainder, None, stride)
        scores = query[mine] @ key[mine].T / math.sqrt(query.shape[-1])
        mixed[mine] = scores.softmax(dim=-1) @ value[mine]
    return mixed


def looks_at_multiples(query, key, value, stride):
    far = (torch.arange(len(query)) % stride == 0).expand(len(query), -1)
    return F.scaled_dot_product_attention(query, key, value, far)


STRIDED_ATTENTION = [
    Misconception(
        "your result is as wide as a query",
        as_wide_as_a_query,
        "It works where d_value happens to be d. But a value may be wider than a query, or "
        "narrower, and the result is made of values: torch.empty(n, value.shape[-1]).",
    ),
    Misconception(
        "everybody looks at everybody",
        keys_are_not_cut,
        "The queries went into groups, and their keys did not. Each group looks at itself only: "
        "key[remainder::stride], value[remainder::stride].",
    ),
    Misconception(
        "everybody looks at tokens 0, stride, 2 · stride, …",
        looks_at_multiples,
        "Those are the group of remainder 0, for all. Who looks is asked for its own remainder: "
        "(query − key) divided by the stride leaves 0.",
    ),
    Misconception(
        "those are blocks of neighbours",
        _strided(members=_blocks),
        "view(-1, stride) puts neighbours into a row. Those with the same remainder stand in its "
        "columns: transpose, or take query[remainder::stride].",
    ),
    Misconception(
        "the order is not undone",
        _strided(put_back=lambda parts, order: torch.cat(parts)),
        "First come all with remainder 0, then all with remainder 1, and so they stay. Token i's "
        "answer belongs to place i: mixed[remainder::stride] = …, or order.argsort().",
    ),
    Misconception(
        "the order is done twice, not undone",
        _strided(put_back=lambda parts, order: torch.cat(parts)[order]),
        "You have regrouped what was grouped. The way back is another permutation, the inverse: "
        "order.argsort(), or put the answers where you took the queries from.",
    ),
    Misconception(
        "queries are regrouped, keys and values are not",
        in_order,
        "Queries with the same remainder meet keys that happen to stand at the same place of the "
        "list. All three go the same way: query, key and value [remainder::stride].",
    ),
    Misconception(
        "the values are not regrouped",
        only_values_in_order,
        "The scores are right, and then they mix the values of somebody else. Values belong to "
        "their keys: value[remainder::stride].",
    ),
    Misconception(
        "stride and number of rows are swapped",
        _strided(members=_stride_many_rows),
        "Your groups have `stride` members, and take every (n / stride)-th token. It's the other "
        "way round: `stride` groups, and every stride-th token in each.",
    ),
    Misconception(
        "the rest gets nothing",
        drops_the_tail,
        "n // stride · stride tokens are served, and the ones that are left over get zeros. They "
        "have a remainder, too: a slice [remainder::stride] takes them along.",
    ),
    Misconception(
        "the rest is cut off",
        cuts_the_tail,
        "n tokens come in, fewer go out. Those at the end that do not fill a row have a remainder, "
        "too.",
    ),
    Misconception(
        "it works for multiples of the stride alone",
        needs_no_tail,
        "Where the stride divides n it is right. Where not, the last row is short, and view has no "
        "place for it: take slices [remainder::stride], or pad and mask the pads.",
    ),
    Misconception(
        "padding gets a share",
        pads_get_a_share,
        "You filled the last row with zeros (fine), and a key of zeros has the score 0, which is "
        "a fair share of the softmax. The filled slots need −∞.",
    ),
    Misconception(
        "you look back only",
        _strided(allowed=lambda mine, others: mine[:, None] >= others),
        "This pattern looks both ways: those before and those after with the same remainder. No "
        "causal mask here.",
    ),
    Misconception(
        "the root is missing",
        _strided(root=lambda query, mine: 1.0),
        "Each group is the attention of lesson 03: divide the scores by √d.",
    ),
    Misconception(
        "you scale by the size of the group",
        _strided(root=lambda query, mine: math.sqrt(len(mine))),
        "The root is that of d, query.shape[-1], and not of how many there are in the group.",
    ),
]

# ---- 12.bags -------------------------------------------------------------------------------------


def bags(first: Tensor, second: Tensor, messages: list[tuple[int, int]]) -> Tensor:
    """How many messages each token carries, if a message takes all its ways in equal parts.

    first, second bool [n, n], row = query: who looks at whom in layers 1 and 2. A message (source,
    target) goes by a token that looks at the source in layer 1 and is looked at by the target in
    layer 2. One that has no way is in no bag. Returns float [n].
    """
    carried = torch.zeros(len(first))
    for source, target in messages:
        ways = first[:, source] & second[target]
        if ways.any():
            carried += ways / ways.sum()
    return carried


def bags_cases(seed: int) -> Iterator[Case]:
    generator = torch.Generator().manual_seed(seed)
    place = torch.arange(9)
    ring = (place[:, None] - place).abs() <= 1
    star = ring.clone()
    star[-1, :] = star[:, -1] = True
    yield Case("a star of 9", (star, star, [(0, 4), (1, 5), (2, 6), (3, 7)]))
    before = (place[:, None] - place >= 0) & (place[:, None] - place <= 2)
    yield Case("two layers that differ", (before, ring, [(0, 2), (1, 4), (3, 4), (2, 1)]))
    yield Case("messages without a way", (ring, before, [(0, 8), (8, 0), (4, 4), (5, 6)]))
    for n in (7, 10):
        first, second = torch.rand(2, n, n, generator=generator) < 0.35
        pairs = torch.randint(0, n, (6, 2), generator=generator).tolist()
        yield Case(f"{n} tokens by dice", (first, second, [tuple(pair) for pair in pairs]))


def bags_at_once(first, second, messages):
    sources, targets = torch.tensor(messages).T
    ways = (first.T[sources] & second[targets]).float()
    return (ways / ways.sum(dim=1, keepdim=True).clamp(min=1)).sum(dim=0)


def bags_with_loops(first, second, messages):
    carried = [0.0] * len(first)
    for source, target in messages:
        ways = [i for i in range(len(first)) if first[i, source] and second[target, i]]
        for i in ways:
            carried[i] += 1 / len(ways)
    return torch.tensor(carried)


def _carried(
    ways: Callable = lambda first, second, source, target: first[:, source] & second[target],
    part: Callable = lambda ways: ways / ways.sum().clamp(min=1),
    total: Callable = lambda bags: bags,
) -> Callable:
    """The bags with one of their parts replaced."""

    def carry(first, second, messages):
        every = [part(ways(first, second, source, target)) for source, target in messages]
        return total(torch.stack(every).float().sum(dim=0))

    return carry


def _not_by_themselves(first, second, source, target):
    ways = first[:, source] & second[target]
    ways[source] = ways[target] = False
    return ways


BAGS = [
    Misconception(
        "source and target carry nothing themselves",
        _carried(_not_by_themselves),
        "A source that looks at itself keeps its news through layer 1, and the target may fetch it "
        "there in layer 2. That is a way, too: do not strike them out.",
    ),
    Misconception(
        "the layers are swapped",
        _carried(lambda first, second, source, target: second[:, source] & first[target]),
        "In layer 1 the token in between hears the source, and in layer 2 the target hears it: "
        "first[:, source] & second[target].",
    ),
    Misconception(
        "who looks and who is looked at are swapped",
        _carried(lambda first, second, source, target: first[source] & second[:, target]),
        "A row is who looks. first[source] are those at whom the source looks; it is heard by "
        "those who look at *it*, a column: first[:, source]. The target looks: second[target].",
    ),
    Misconception(
        "source and target are swapped",
        _carried(lambda first, second, source, target: first[:, target] & second[source]),
        "That is the way back, from the target to the source. Messages are pairs (source, target).",
    ),
    Misconception(
        "both looks are at the token in between",
        _carried(lambda first, second, source, target: first[:, source] & second[:, target]),
        "second[:, target] are those who look at the target. The target has to hear, so it looks: "
        "the row second[target].",
    ),
    Misconception(
        "both rows are taken",
        _carried(lambda first, second, source, target: first[source] & second[target]),
        "first[source] are those at whom the source looks, so those whom it hears. It is to be "
        "heard: the column first[:, source].",
    ),
    Misconception(
        "either look is enough",
        _carried(lambda first, second, source, target: first[:, source] | second[target]),
        "Who hears the source and is not heard by the target keeps the news to itself. It takes "
        "both: &.",
    ),
    Misconception(
        "every way carries the whole message",
        _carried(part=lambda ways: ways),
        "With three ways, each carries a third: divide a message's ways by their number, so that "
        "all bags together weigh as much as there are messages that arrive.",
    ),
    Misconception(
        "the sum is shared, not each message",
        _carried(part=lambda ways: ways, total=lambda bags: bags / bags.sum() * 1.0),
        "Divided at the end, a message with many ways weighs more than one with a single way. "
        "Divide each message's ways by their number, then add.",
    ),
    Misconception(
        "a message without a way becomes NaN",
        _carried(part=lambda ways: ways / ways.sum()),
        "0 ways divided by 0 is NaN, and one NaN is enough to spoil every bag. A message that "
        "nobody can carry is in no bag: skip it, or clamp(min=1).",
    ),
    Misconception(
        "a message without a way is shared by all",
        _carried(part=lambda ways: (
            ways / ways.sum() if ways.any() else torch.full((len(ways),), 1 / len(ways))
        )),
        "If nobody can carry it, it stays where it is. It's in no bag at all.",
    ),
    Misconception(
        "you return the heaviest bag alone",
        _carried(total=lambda bags: bags.max()),
        "All of them are wanted, one number for each token; the heaviest is their max.",
    ),
]  # fmt: skip

TASKS = [
    Task(
        id="12.shopping_lists",
        title="One list for a group",
        reference=shopping_lists,
        cases=shopping_lists_cases,
        dimensions=(("n_groups", "width + size"), ("n_groups", "size", "width + size")),
        misconceptions=SHOPPING_LISTS,
        properties=[which_of_the_two],
        hints=[
            "Three sets of places in the text: where each group begins, its queries, its keys. "
            "first = torch.arange(0, n, size)[:, None] is a column; add a row to it.",
            "The queries of a group are first + torch.arange(size). The list reaches from `width` "
            "before the group's first token to its last: first + torch.arange(-width, size).",
            "back = queries[:, :, None] - keys[:, None, :] says for each pair how far back it is: "
            "allowed are 0 … width, as long as the key's place is not below 0.",
            "Only after that clip: keys.clamp(min=0).",
        ],
        alternatives=[shopping_lists_with_loops, shopping_lists_by_unfolding],
        praise="Right: one trip for the whole group, and nobody eats what isn't theirs.",
    ),
    Task(
        id="12.attend_by_lists",
        title="Attention from a list",
        reference=attend_by_lists,
        cases=attend_by_lists_cases,
        dimensions=("n", "d_value"),
        misconceptions=ATTEND_BY_LISTS,
        hints=[
            "key[keys] fetches all lists at once: an index of shape [n_groups, length] gives "
            "[n_groups, length, d]. The same for the values.",
            "Neighbours into groups: query.view(n_groups, size, d). Then each group is lesson 03: "
            "scores [n_groups, size, length], divided by √d.",
            "masked_fill(~allowed, -torch.inf), softmax(dim=-1), times the fetched values, and "
            "flatten(0, 1) to have n rows again.",
        ],
        gradient=True,
        alternatives=[attend_by_lists_with_loops, attend_by_lists_by_torch],
        praise="Right: the numbers and the gradients. Did you make a table of n × n? You can tell.",
    ),
    Task(
        id="12.strided_attention",
        title="Stand with your remainder",
        reference=strided_attention,
        cases=strided_attention_cases,
        dimensions=("n", "d_value"),
        misconceptions=STRIDED_ATTENTION,
        hints=[
            "Who belongs to token 1 if the stride is 3? Tokens 1, 4, 7, 10, …: query[1::3].",
            "For each remainder the three slices query[r::stride], key[r::stride], "
            "value[r::stride] are an ordinary attention of their own, all looking at all.",
            "An empty result, torch.empty(n, d_value), takes each group's answers at the places "
            "they came from: mixed[r::stride] = ….",
        ],
        gradient=True,
        alternatives=[
            strided_attention_by_mask,
            strided_attention_in_one_table,
            strided_attention_by_order,
        ],
        praise="Right, and the street is in order again. Did you make a table of n × n? By "
        "remainders it is n²/stride scores.",
    ),
    Task(
        id="12.bags",
        title="Who carries what",
        reference=bags,
        cases=bags_cases,
        dimensions=("n",),
        misconceptions=BAGS,
        hints=[
            "Take one message. Who hears its source in layer 1? A row of a mask is who looks, so "
            "that is a column: first[:, source].",
            "Whom does the target hear in layer 2? second[target]. The ways are those in both: &.",
            "Divide the ways by their number, ways / ways.sum(), and add up over the messages. "
            "If there is no way at all, leave the message out.",
        ],
        alternatives=[bags_at_once, bags_with_loops],
        praise="Right. Reach asks whether there is a way; this asks who is trampled on it.",
    ),
]
