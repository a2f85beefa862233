"""Lesson 03, attention: its four tasks, and the ways in which people get them wrong.

Every misconception is something that somebody has written in earnest. Most mistakes in the scores
come together with one of several ways to treat a query that may look at nobody, so those are tried
in every hand: the learner reads about the mistake in the scores first, and about the rest next.
"""

import math
from collections.abc import Callable, Iterator

import torch
import torch.nn.functional as F
from torch import Tensor

from course_utils.checks.properties import no_negative_weights, rows_sum_to_one
from course_utils.checks.task import Case, Misconception, Task

# ---- 03.soft_lookup ------------------------------------------------------------------------------


def soft_lookup(query: Tensor, keys: Tensor, values: Tensor) -> Tensor:
    """One question to n keys: query [d], keys [n, d], values [n, d_value]; result [d_value]."""
    shares = torch.softmax(keys @ query, dim=0)
    return shares @ values


def soft_lookup_cases(seed: int) -> Iterator[Case]:
    generator = torch.Generator().manual_seed(seed)
    keys = torch.tensor([[3.0, 0.0], [0.0, 1.0], [0.0, 1.0], [0.0, 3.0]])
    degrees = torch.tensor([[37.0], [20.0], [5.0], [60.0]])
    yield Case("Tom drinks cold coffee, and a drink is wanted", ([0.0, 1.0], keys, degrees))
    for n, d, d_value in ((4, 4, 4), (6, 3, 2), (2, 5, 7)):
        query, keys = _normal(generator, d), _normal(generator, n, d)
        values = _normal(generator, n, d_value)
        yield Case(f"{n} keys of {d} numbers, values of {d_value}", (query, keys, values))


def soft_lookup_with_loops(query, keys, values):
    powers = [math.e ** sum(q * k for q, k in zip(query, key, strict=True)) for key in keys]
    return sum(power / sum(powers) * value for power, value in zip(powers, values, strict=True))


SOFT_LOOKUP = [
    Misconception(
        "a hard dictionary",
        lambda query, keys, values: values[(keys @ query).argmax()],
        "You hand over the best key's value and drop the others. A soft look-up gives every key "
        "its share: softmax of the scores, then the average of all values with these shares.",
    ),
    Misconception(
        "the plain average",
        lambda query, keys, values: values.mean(0),
        "All values get the same share here, so the question has no say. The shares come from the "
        "scores, keys @ query.",
    ),
    Misconception(
        "shares without e",
        lambda query, keys, values: (keys @ query / (keys @ query).sum()) @ values,
        "You divide the scores by their sum. As soon as a score is negative, so is a share. Raise "
        "e to each score first; torch.softmax does both steps.",
    ),
    Misconception(
        "scores for shares",
        lambda query, keys, values: keys @ query @ values,
        "You average with the raw scores. They do not sum to one, so the result can lie outside "
        "all the values. A softmax belongs between the scores and the values.",
    ),
    Misconception(
        "never divided",
        lambda query, keys, values: torch.exp(keys @ query) @ values,
        "e to the score makes everything positive; now the shares must also sum to one. Divide "
        "them by their sum.",
    ),
    Misconception(
        "each key for itself",
        lambda query, keys, values: torch.sigmoid(keys @ query) @ values,
        "A sigmoid looks at each score alone, so the shares sum to anything. In a softmax the keys "
        "compete: what one gets, the others don't.",
    ),
    Misconception(
        "shares, and then nothing",
        lambda query, keys, values: torch.softmax(keys @ query, dim=0),
        "These are the shares, and they are right. They say how much of whom; the answer is the "
        "mixture, shares @ values.",
    ),
    Misconception(
        "mixes the keys",
        lambda query, keys, values: torch.softmax(keys @ query, dim=0) @ keys,
        "You average the keys. A key is what stands on the door; what is handed over is the value.",
    ),
    Misconception(
        "softmax too late",
        lambda query, keys, values: torch.softmax(keys @ query @ values, dim=0),
        "You mix the values with the raw scores and then take a softmax of the mixture. The "
        "softmax is for the scores, one number a key; the mixing comes last.",
    ),
    Misconception(
        "a root too early",
        lambda query, keys, values: (
            torch.softmax(keys @ query / math.sqrt(len(query)), dim=0) @ values
        ),
        "You divide the scores by √d. The next task wants that; this one takes them as they are.",
    ),
    Misconception(
        "angles for dot products",
        lambda query, keys, values: (
            torch.softmax(F.cosine_similarity(keys, query[None], dim=1), dim=0) @ values
        ),
        "You compare by cosine, which forgets how long the vectors are. The length is the loudness "
        "of the question; use the dot product, keys @ query.",
    ),
]

# ---- 03.scaled_dot_product_attention -------------------------------------------------------------


def scaled_dot_product_attention(
    query: Tensor, key: Tensor, value: Tensor, mask: Tensor | None = None
) -> tuple[Tensor, Tensor]:
    """Vaswani et al. 2017, eq. 1. A query that may look at nobody gets weights of zero.

    query [..., n_query, d_head], key [..., n_key, d_head], value [..., n_key, d_value]; `mask`
    broadcasts to [..., n_query, n_key], True = may be looked at. Returns (output, weights).
    """
    scores = query @ key.transpose(-2, -1) / math.sqrt(query.shape[-1])
    if mask is not None:
        scores = scores.masked_fill(~mask, -math.inf)
    weights = torch.softmax(scores, dim=-1)
    if mask is not None:
        weights = weights.masked_fill(~mask, 0.0)
    return weights @ value, weights


def attention_cases(seed: int) -> Iterator[Case]:
    generator = torch.Generator().manual_seed(seed)

    def vectors(*batch: int, n_query: int, n_key: int, d_head: int, d_value: int):
        return (
            _normal(generator, *batch, n_query, d_head),
            _normal(generator, *batch, n_key, d_head),
            _normal(generator, *batch, n_key, d_value),
        )

    # In each case the sizes differ, so that a root of the wrong one shows, but for the square one:
    # there no shape complains, and only the numbers can.
    yield Case("3 queries, 5 keys", vectors(n_query=3, n_key=5, d_head=4, d_value=6))
    yield Case("4 words, 4 numbers each", vectors(n_query=4, n_key=4, d_head=4, d_value=4))
    yield Case("a batch", vectors(2, n_query=3, n_key=7, d_head=5, d_value=6))
    query, key, value = vectors(n_query=3, n_key=5, d_head=4, d_value=6)
    yield Case("scores in the hundreds", (12 * query, 12 * key, value))
    pads = torch.tensor([[True, True, True, False, False], [True, True, True, True, False]])
    heads = vectors(2, 3, n_query=4, n_key=5, d_head=8, d_value=6)
    yield Case("a batch, three heads, pads at the end", (*heads, pads[:, None, None, :]))
    square = torch.tensor([[1, 1, 0, 0], [0, 1, 0, 1], [1, 1, 1, 0], [0, 1, 0, 0]]).bool()
    four = vectors(n_query=4, n_key=4, d_head=6, d_value=5)
    yield Case("its own mask for each query", (*four, square))
    square = torch.tensor([[1, 1, 0, 0], [0, 0, 0, 0], [1, 1, 1, 0], [0, 1, 0, 0]]).bool()
    four = vectors(n_query=4, n_key=4, d_head=6, d_value=5)
    yield Case("a query that may look at nobody", (*four, square))


def attention_with_loops(query, key, value, mask=None):
    if query.ndim > 2:  # peel off the first axis, and do each part by itself
        masks = [None] * len(query)
        if mask is not None:
            masks = mask.expand(*query.shape[:-1], key.shape[-2])
        parts = [attention_with_loops(*part) for part in zip(query, key, value, masks, strict=True)]
        return tuple(torch.stack(side) for side in zip(*parts, strict=True))
    allowed = torch.ones(len(query), len(key)).bool() if mask is None else mask
    allowed = allowed.expand(len(query), len(key))
    weights = torch.zeros(len(query), len(key))
    for i, may_look in enumerate(allowed):
        seen = may_look.nonzero().flatten().tolist()
        if seen:
            scores = torch.stack([query[i].dot(key[j]) for j in seen]) / len(query[i]) ** 0.5
            weights[i, seen] = torch.softmax(scores, dim=0)
    return weights @ value, weights


def attention_by_einsum(query, key, value, mask=None):
    scores = torch.einsum("...qd,...kd->...qk", query * query.shape[-1] ** -0.5, key)
    if mask is not None:
        scores = torch.where(mask, scores, torch.tensor(-torch.inf))
    weights = torch.nan_to_num(scores.softmax(-1), nan=0.0)
    return torch.einsum("...qk,...kd->...qd", weights, value), weights


def attention_by_torch(query, key, value, mask=None):
    identity = torch.eye(key.shape[-2]).expand(*key.shape[:-1], key.shape[-2])
    output = F.scaled_dot_product_attention(query, key, value, attn_mask=mask)
    return output, F.scaled_dot_product_attention(query, key, identity, attn_mask=mask)


def attention_in_double(query, key, value, mask=None):
    output, weights = scaled_dot_product_attention(
        query.double(), key.double(), value.double(), mask
    )
    return output.float(), weights.float()


def attention_divided_afterwards(query, key, value, mask=None):
    """Masked after the powers, but before they are divided up: the same thing, said later."""
    scores = query @ key.mT / query.size(-1) ** 0.5
    powers = torch.exp(scores - scores.amax(-1, keepdim=True))
    if mask is not None:
        powers = powers * mask
    weights = powers / powers.sum(-1, keepdim=True).clamp(min=1e-30)
    return weights @ value, weights


# What people do with a query that may look at nobody: zeros, NaN, equal shares.


def careful(scores: Tensor, mask: Tensor | None, dim: int = -1) -> Tensor:
    weights = bare(scores, mask, dim)
    return weights if mask is None else weights.masked_fill(~mask, 0.0)


def bare(scores: Tensor, mask: Tensor | None, dim: int = -1) -> Tensor:
    if mask is not None:
        scores = scores.masked_fill(~mask, -math.inf)
    return torch.softmax(scores, dim=dim)


def very_negative(scores: Tensor, mask: Tensor | None, dim: int = -1) -> Tensor:
    if mask is not None:
        scores = scores.masked_fill(~mask, -1e9)
    return torch.softmax(scores, dim=dim)


HANDS = (careful, bare, very_negative)


def divided(query: Tensor, key: Tensor) -> Tensor:
    return query @ key.transpose(-2, -1) / math.sqrt(query.shape[-1])


def wrong_scores(name: str, scores_of: Callable, explanation: str) -> list[Misconception]:
    """A mistake in `scores_of(query, key, value)`, in every hand."""

    def written_by(weigh: Callable) -> Callable:
        def attention(query, key, value, mask=None):
            weights = weigh(scores_of(query, key, value), mask)
            return weights @ value, weights

        return attention

    return [Misconception(name, written_by(weigh), explanation) for weigh in HANDS]


def wrong_end(name: str, end: Callable, explanation: str) -> list[Misconception]:
    """A mistake in `end(scores, key, value, mask, weigh)`, in every hand."""

    def written_by(weigh: Callable) -> Callable:
        def attention(query, key, value, mask=None):
            return end(divided(query, key), key, value, mask, weigh)

        return attention

    return [Misconception(name, written_by(weigh), explanation) for weigh in HANDS]


def weights_over_queries(scores, key, value, mask, weigh):
    weights = weigh(scores, mask, dim=-2)
    return weights @ value, weights


def weights_over_everything(scores, key, value, mask, weigh):
    if mask is not None:
        scores = scores.masked_fill(~mask, -math.inf)
    weights = torch.softmax(scores.flatten(-2), dim=-1).reshape(scores.shape)
    return weights @ value, weights


def mixed_keys(scores, key, value, mask, weigh):
    weights = weigh(scores, mask)
    return weights @ key, weights


def weights_first(scores, key, value, mask, weigh):
    weights = weigh(scores, mask)
    return weights, weights @ value


def output_alone(scores, key, value, mask, weigh):
    return weigh(scores, mask) @ value


def weights_of_nothing_hidden(scores, key, value, mask, weigh):
    weights = torch.softmax(scores, dim=-1)
    return weights @ value, weights


def inverted_mask(scores, key, value, mask, weigh):
    weights = weigh(scores, None if mask is None else ~mask)
    return weights @ value, weights


def mask_for_the_askers(scores, key, value, mask, weigh):
    weights = weigh(scores, None if mask is None else mask.expand_as(scores).transpose(-2, -1))
    return weights @ value, weights


def mask_after_softmax(query, key, value, mask=None):
    weights = torch.softmax(divided(query, key), dim=-1)
    if mask is not None:
        weights = weights * mask
    return weights @ value, weights


def zero_for_hidden_scores(query, key, value, mask=None):
    scores = divided(query, key)
    weights = torch.softmax(scores if mask is None else scores * mask, dim=-1)
    return weights @ value, weights


def mask_added(query, key, value, mask=None):
    scores = divided(query, key)
    weights = torch.softmax(scores if mask is None else scores + mask, dim=-1)
    return weights @ value, weights


def in_hand(weigh: Callable) -> Callable:
    """Everything right but, perhaps, the query that may look at nobody."""

    def attention(query, key, value, mask=None):
        weights = weigh(divided(query, key), mask)
        return weights @ value, weights

    return attention


def overflowing(query, key, value, mask=None):
    powers = torch.exp(divided(query, key))
    if mask is not None:
        powers = powers * mask
    weights = powers / powers.sum(-1, keepdim=True)
    return weights @ value, weights
