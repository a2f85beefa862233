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

from course_utils.checks._old import Case, Misconception, Task
from course_utils.checks.properties import no_negative_weights, rows_sum_to_one


def _normal(generator: torch.Generator, *shape: int) -> Tensor:
    return torch.randn(*shape, generator=generator)


# ---- 03.soft_lookup ------------------------------------------------------------------------------


def soft_lookup(query: Tensor, keys: Tensor, values: Tensor) -> Tensor:
    """One question to n keys: query [d], keys [n, d], values [n, d_value]; result [d_value]."""
    shares = torch.softmax(keys @ query, dim=0)
    return shares @ values


def soft_lookup_cases(seed: int) -> Iterator[Case]:
    generator = torch.Generator().manual_seed(seed)
    keys = torch.tensor([[3.0, 0.0], [0.0, 1.0], [0.0, 1.0], [0.0, 3.0]])
    degrees = torch.tensor([[37.0], [20.0], [5.0], [60.0]])
    a_drink = torch.tensor([0.0, 1.0])
    yield Case("the lesson's four words, asked for a drink", (a_drink, keys, degrees))
    for n, d, d_value in ((4, 4, 4), (6, 3, 2), (2, 5, 7)):
        query, keys = _normal(generator, d), _normal(generator, n, d)
        values = _normal(generator, n, d_value)
        yield Case(f"{n} keys of {d} numbers, values of {d_value}", (query, keys, values))


def soft_lookup_with_loops(query, keys, values):
    powers = [math.e ** sum(q * k for q, k in zip(query, key, strict=True)) for key in keys]
    return sum(power / sum(powers) * value for power, value in zip(powers, values, strict=True))


SOFT_LOOKUP = [
    Misconception(
        "you built the hard dictionary",
        lambda query, keys, values: values[(keys @ query).argmax()],
        "The best key's value wins, and the others are dropped. A soft look-up gives every key its "
        "share: softmax of the scores, then the average of all values with these shares.",
    ),
    Misconception(
        "you took the plain average",
        lambda query, keys, values: values.mean(0),
        "All values get the same share, so the question has no say. The shares come from the "
        "scores, keys @ query.",
    ),
    Misconception(
        "you divided the scores themselves by their sum",
        lambda query, keys, values: (keys @ query / (keys @ query).sum()) @ values,
        "As soon as a score is negative, so is a share. Raise "
        "e to each score first; torch.softmax does both steps.",
    ),
    Misconception(
        "you used the scores as shares",
        lambda query, keys, values: keys @ query @ values,
        "They do not sum to one, so the result can lie outside all the values. A softmax belongs "
        "between the scores and the values.",
    ),
    Misconception(
        "you raised e to the scores and left it there",
        lambda query, keys, values: torch.exp(keys @ query) @ values,
        "Everything is positive now, and the shares must also sum to one. Divide by their sum.",
    ),
    Misconception(
        "you used a sigmoid",
        lambda query, keys, values: torch.sigmoid(keys @ query) @ values,
        "It looks at each score alone, so the shares sum to anything. In a softmax the keys "
        "compete: what one gets, the others don't.",
    ),
    Misconception(
        "you returned the shares",
        lambda query, keys, values: torch.softmax(keys @ query, dim=0),
        "They are right, and say how much of whom. What is wanted is the mixture: shares @ values.",
    ),
    Misconception(
        "you mixed the keys",
        lambda query, keys, values: torch.softmax(keys @ query, dim=0) @ keys,
        "A key is what stands on the door; what is handed over is the value.",
    ),
    Misconception(
        "your softmax comes too late",
        lambda query, keys, values: torch.softmax(keys @ query @ values, dim=0),
        "You mix the values with the raw scores and take the softmax of the mixture. The softmax "
        "is for the scores, one number a key; the mixing comes last.",
    ),
    Misconception(
        "you divided by a root",
        lambda query, keys, values: (
            torch.softmax(keys @ query / math.sqrt(len(query)), dim=0) @ values
        ),
        "The next task wants that. This one takes the scores as they are.",
    ),
    Misconception(
        "you compared angles",
        lambda query, keys, values: (
            torch.softmax(F.cosine_similarity(keys, query[None], dim=1), dim=0) @ values
        ),
        "A cosine forgets how long the vectors are, and the length of the query is how loudly it "
        "asks. Use the dot product, keys @ query.",
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
    pads = torch.tensor([[True, True, True, False, False], [True, True, True, True, True]])
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


def _ratio(d_head: int, size: int) -> float:
    """Undoes the right root, and takes that of another size."""
    return math.sqrt(d_head / size)


HANDS = {
    careful: "",
    bare: " After that: whoever may look at nobody still gets NaN.",
    very_negative: " After that: whoever may look at nobody still looks at everybody.",
}


def divided(query: Tensor, key: Tensor) -> Tensor:
    return query @ key.transpose(-2, -1) / math.sqrt(query.shape[-1])


def wrong_scores(name: str, scores_of: Callable, explanation: str) -> list[Misconception]:
    """A mistake in `scores_of(query, key, value)`, in every hand."""

    def written_by(weigh: Callable) -> Callable:
        def attention(query, key, value, mask=None):
            weights = weigh(scores_of(query, key, value), mask)
            return weights @ value, weights

        return attention

    return [
        Misconception(name, written_by(hand), explanation + more) for hand, more in HANDS.items()
    ]


def wrong_end(name: str, end: Callable, explanation: str) -> list[Misconception]:
    """A mistake in `end(scores, key, value, mask, weigh)`, in every hand."""

    def written_by(weigh: Callable) -> Callable:
        def attention(query, key, value, mask=None):
            return end(divided(query, key), key, value, mask, weigh)

        return attention

    return [
        Misconception(name, written_by(hand), explanation + more) for hand, more in HANDS.items()
    ]


def weights_over_queries(scores, key, value, mask, weigh):
    weights = weigh(scores, mask, dim=-2)
    return weights @ value, weights


def key_not_transposed(query, key, value, mask=None):
    weights = careful(query @ key / math.sqrt(query.shape[-1]), mask)
    return weights @ value, weights


def softmax_over_everything(query, key, value, mask=None):
    scores = divided(query, key)
    if mask is not None:
        scores = scores.masked_fill(~mask, -math.inf)
    weights = torch.softmax(scores.flatten(-2), dim=-1).reshape(scores.shape)
    return weights @ value, weights


def weights_over_axis_0(scores, key, value, mask, weigh):
    weights = weigh(scores, mask, dim=0)
    return weights @ value, weights


def weights_over_axis_1(scores, key, value, mask, weigh):
    weights = weigh(scores, mask, dim=1)
    return weights @ value, weights


def mixed_keys(scores, key, value, mask, weigh):
    weights = weigh(scores, mask)
    return weights @ key, weights


def weights_first(scores, key, value, mask, weigh):
    weights = weigh(scores, mask)
    return weights, weights @ value


def output_alone(scores, key, value, mask, weigh):
    return weigh(scores, mask) @ value


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


ATTENTION = [
    *wrong_scores(
        "you forgot the root",
        lambda query, key, value: query @ key.transpose(-2, -1),
        "Without it the scores grow with √d_head, the softmax picks a winner by luck, and its "
        "gradient dies. Divide the scores by math.sqrt(d_head) before the softmax.",
    ),
    *wrong_scores(
        "you divided by d_head, and not by its root",
        lambda query, key, value: query @ key.transpose(-2, -1) / query.shape[-1],
        "A dot product of d_head numbers is about √d_head large, so that is what is to be undone. "
        "Divided by all of d_head the scores sink to nothing, and everybody hears the plain mean.",
    ),
    *wrong_scores(
        "you multiplied by the root",
        lambda query, key, value: query @ key.transpose(-2, -1) * math.sqrt(query.shape[-1]),
        "The scores are too large already; the root is there to make them smaller. Divide by it.",
    ),
    *wrong_scores(
        "you took the root of how many keys there are",
        lambda query, key, value: divided(query, key) * _ratio(query.shape[-1], key.shape[-2]),
        "A score is a sum over the numbers in a vector, not over the words. So it is d_head, the "
        "last axis of the query, whose root undoes its growth.",
    ),
    *wrong_scores(
        "you took the root of how many queries there are",
        lambda query, key, value: divided(query, key) * _ratio(query.shape[-1], query.shape[-2]),
        "That is query.shape[-2]. A score is a sum over the numbers in one query, so what undoes "
        "its growth is the root of query.shape[-1].",
    ),
    *wrong_scores(
        "you took the root of the values' width",
        lambda query, key, value: divided(query, key) * _ratio(query.shape[-1], value.shape[-1]),
        "The values have no part in the scores, and may be wider or narrower than the keys. The "
        "width that counts is the query's last axis.",
    ),
    *wrong_scores(
        "you took the root of the first axis",
        lambda query, key, value: divided(query, key) * _ratio(query.shape[-1], query.shape[0]),
        "len(query) and query.shape[0] are the size of the first axis: with a batch, how many "
        "sentences. d_head is the last one, query.shape[-1].",
    ),
    *wrong_scores(
        "you took the root of the second axis",
        lambda query, key, value: divided(query, key) * _ratio(query.shape[-1], query.shape[1]),
        "With one sentence query.shape[1] is d_head; with a batch in front it is how many queries "
        "there are. d_head is the last axis, query.shape[-1].",
    ),
    *wrong_scores(
        "you turn the key's axes counted from the front",
        lambda query, key, value: query @ key.transpose(0, 1) / math.sqrt(query.shape[-1]),
        "key.T and key.transpose(0, 1) are right for one sentence, and move the batch out of place "
        "as soon as there is one. Count from the back: key.transpose(-2, -1), or key.mT.",
    ),
    Misconception(
        "your key is not transposed",
        key_not_transposed,
        "query @ key only fits together when there are as many keys as numbers in each, and even "
        "then it multiplies the wrong pairs. Each query's row must meet each key's row: "
        "query @ key.transpose(-2, -1).",
    ),
    *wrong_scores(
        "you reshaped the key where it should be transposed",
        lambda query, key, value: (
            query
            @ key.reshape(*key.shape[:-2], key.shape[-1], key.shape[-2])
            / math.sqrt(query.shape[-1])
        ),
        "reshape and view keep the numbers in their order and only cut the rows elsewhere, so the "
        "keys fall to pieces. key.transpose(-2, -1) turns rows into columns.",
    ),
    *wrong_end(
        "your softmax runs down the columns",
        weights_over_queries,
        "That way each key gives away one share in all, and some queries get three helpings and "
        "others none. A query spends its one share over the keys: softmax with dim=-1.",
    ),
    *wrong_end(
        "your softmax counts its axis from the front",
        weights_over_axis_1,
        "dim=1 is the keys for one sentence, and the queries as soon as there is a batch in front. "
        "Count from the back: dim=-1.",
    ),
    *wrong_end(
        "your softmax runs over the first axis",
        weights_over_axis_0,
        "dim=0 is the queries for one sentence, and the sentences for a batch of them. A query "
        "spends its one share over the keys: dim=-1.",
    ),
    Misconception(
        "your softmax runs over the whole table",
        softmax_over_everything,
        "All queries together get one share there. Each query has one of its own to spend over the "
        "keys: softmax with dim=-1.",
    ),
    *wrong_end(
        "you mixed the keys",
        mixed_keys,
        "The weights are right. A key is what stands on the door; what is handed over is the "
        "value: weights @ value.",
    ),
    *wrong_end(
        "you returned the pair the other way round",
        weights_first,
        "Both are right. The output comes first, the weights second.",
    ),
    *wrong_end(
        "you returned the output alone",
        output_alone,
        "It is right. The task asks for a pair, because somebody will want to look at the weights: "
        "return output, weights.",
    ),
    Misconception(
        "you never look at the mask",
        lambda query, key, value, mask=None: in_hand(bare)(query, key, value),
        "Everything is right as long as there is none. Where the mask is False, the score should "
        "become −∞ before the softmax.",
    ),
    *wrong_end(
        "your mask is inside out",
        inverted_mask,
        "True means that a key may be looked at; you hide those and keep the others. "
        "masked_fill fills where it is given True, so it wants ~mask.",
    ),
    *wrong_end(
        "your mask is turned on its side",
        mask_for_the_askers,
        "Rows of the mask are the queries and columns the keys, as in the weights. Use it as it "
        "comes, without a transpose.",
    ),
    Misconception(
        "your mask comes after the softmax",
        mask_after_softmax,
        "The hidden keys had taken their shares by then, and what you zero is lost: the rows no "
        "longer sum to one. Hide the scores (−∞) first, and let the softmax share out the rest.",
    ),
    Misconception(
        "you gave hidden keys a score of zero",
        zero_for_hidden_scores,
        "Zero is not a low score: e⁰ = 1 is a share like another. The score whose e-to-the is zero "
        "is −∞: scores.masked_fill(~mask, -math.inf).",
    ),
    Misconception(
        "you added the mask to the scores",
        mask_added,
        "True counts as 1 there, so a real word gets one point more than a pad, and the pad is "
        "still heard. Put −∞ where the mask is False: scores.masked_fill(~mask, -math.inf).",
    ),
    Misconception(
        "a query that may look at nobody gets NaN",
        in_hand(bare),
        "All else is right. With every score at −∞ the softmax divides 0 by 0. One such row, and "
        "the loss of the whole batch is NaN. Set the weights to zero where the mask is False, "
        "after the softmax as well.",
    ),
    Misconception(
        "a query that may look at nobody looks at everybody",
        in_hand(very_negative),
        "All else is right. But −10⁹ for each is a draw, so the hidden keys get equal shares: a "
        "confident average of pads. Its weights should be zero.",
    ),
    Misconception(
        "your exponentials overflow",
        overflowing,
        "e to the 89th is more than a float32 can hold, and ∞/∞ is NaN. torch.softmax takes the "
        "largest score off all of them first, which changes no share.",
    ),
]

# ---- 03.padding_mask -----------------------------------------------------------------------------


def padding_mask(lengths: Tensor, n: int) -> Tensor:
    """Bool[batch, n]: True at each sentence's first `lengths[i]` places, False behind."""
    return torch.arange(n) < lengths[:, None]


def padding_mask_cases(seed: int) -> Iterator[Case]:
    yield Case("4, 2 and 0 words in 5 places", (torch.tensor([4, 2, 0]), 5))
    yield Case("no pad at all", (torch.tensor([3, 3]), 3))
    yield Case("a rectangle wider than its longest sentence", (torch.tensor([1, 4, 2]), 6))
    generator = torch.Generator().manual_seed(seed)
    yield Case("four sentences", (torch.randint(0, 5, (4,), generator=generator), 4))


def padding_mask_with_loops(lengths, n):
    return torch.tensor([[place < length for place in range(n)] for length in lengths.tolist()])


def padding_mask_by_filling(lengths, n):
    mask = torch.zeros(len(lengths), n, dtype=torch.bool)
    for row, length in zip(mask, lengths, strict=True):
        row[:length] = True
    return mask


PADDING_MASK = [
    Misconception(
        "your mask is inside out",
        lambda lengths, n: torch.arange(n) >= lengths[:, None],
        "It is True at the pads. In this course True means: a real word, may be looked at. "
        "(Libraries differ. torch.nn.MultiheadAttention has it your way, SDPA has it ours.)",
    ),
    Misconception(
        "one place too many",
        lambda lengths, n: torch.arange(n) <= lengths[:, None],
        "Places are counted from 0: a sentence of 2 words fills the places 0 and 1, and place 2 "
        "is a pad. Compare with <.",
    ),
    Misconception(
        "one place too few",
        lambda lengths, n: torch.arange(1, n + 1) < lengths[:, None],
        "The last word of each sentence counts as a pad. Places are counted from 0, so the last "
        "word of 2 stands at place 1, and 1 < 2.",
    ),
    Misconception(
        "your pads come first",
        lambda lengths, n: torch.arange(n) >= n - lengths[:, None],
        "The right number of words, at the wrong end. Here the words come first, the pads behind.",
    ),
    Misconception(
        "your mask lies on its side",
        lambda lengths, n: torch.arange(n)[:, None] < lengths,
        "The rows should be the sentences, the columns the places: [batch, n]. Give lengths the "
        "new axis, lengths[:, None], and leave the places as they are.",
    ),
    Misconception(
        "your mask is made of numbers",
        lambda lengths, n: (torch.arange(n) < lengths[:, None]).float(),
        "The ones and zeros are in the right places, but masked_fill and ~ want True and False. "
        "A comparison already is a boolean; leave it one.",
    ),
    Misconception(
        "your mask is made of whole numbers",
        lambda lengths, n: (torch.arange(n) < lengths[:, None]).long(),
        "The ones and zeros are in the right places, but ~1 is −2, which no mask can use. "
        "A comparison already is a boolean; leave it one.",
    ),
    Misconception(
        "your mask is as wide as the longest sentence",
        lambda lengths, n: torch.arange(int(lengths.max())) < lengths[:, None],
        "The rectangle may be wider than that: its width is n.",
    ),
    Misconception(
        "that is the mask to be added to the scores",
        lambda lengths, n: torch.zeros(len(lengths), n).masked_fill(
            torch.arange(n) >= lengths[:, None], -math.inf
        ),
        "0 and −∞ are what some libraries add to the scores. Ours says who is real, True or "
        "False, and leaves the −∞ to the attention.",
    ),
]

# ---- 03.self_attention ---------------------------------------------------------------------------


def self_attention(
    x: Tensor, w_query: Tensor, w_key: Tensor, w_value: Tensor, mask: Tensor | None = None
) -> Tensor:
    """Queries, keys and values from the same words: x [batch, n, d_model]; [batch, n, d_value].

    w_query, w_key [d_model, d_head]; w_value [d_model, d_value]; mask Bool[batch, n], True = word.
    """
    query, key, value = x @ w_query, x @ w_key, x @ w_value
    if mask is not None:
        mask = mask[:, None, :]  # the same keys are hidden from every query
    output, _ = scaled_dot_product_attention(query, key, value, mask)
    return output


def self_attention_cases(seed: int) -> Iterator[Case]:
    generator = torch.Generator().manual_seed(seed)

    def words(batch: int, n: int, d_model: int, d_head: int, d_value: int):
        tables = [_normal(generator, d_model, width) for width in (d_head, d_head, d_value)]
        return _normal(generator, batch, n, d_model), *tables

    yield Case("4 words", words(1, 4, 6, 2, 3))
    yield Case("d_value = d_model", words(2, 3, 5, 3, 5))
    pads = torch.tensor([[True, True, True, False], [True, False, False, False]])
    yield Case("two sentences and their pads", (*words(2, 4, 7, 3, 5), pads))
    square = torch.tensor([[True, True, True], [True, True, False], [True, False, False]])
    yield Case("as many sentences as words", (*words(3, 3, 5, 2, 4), square))
    empty = torch.tensor([[True, True, False], [False, False, False]])
    yield Case("an empty sentence in the batch", (*words(2, 3, 6, 4, 5), empty))


def self_attention_by_torch(x, w_query, w_key, w_value, mask=None):
    if mask is not None:
        mask = mask.unsqueeze(1)
    return F.scaled_dot_product_attention(x @ w_query, x @ w_key, x @ w_value, attn_mask=mask)


def self_attention_one_by_one(x, w_query, w_key, w_value, mask=None):
    outputs = []
    for i, words in enumerate(x):
        visible = None if mask is None else mask[i].expand(len(words), len(words))
        output, _ = attention_with_loops(words @ w_query, words @ w_key, words @ w_value, visible)
        outputs.append(output)
    return torch.stack(outputs)


def wrong_self(name: str, scores_and_value: Callable, explanation: str) -> list[Misconception]:
    """A mistake in `scores_and_value(x, w_query, w_key, w_value)`, in every hand."""

    def written_by(weigh: Callable) -> Callable:
        def attention(x, w_query, w_key, w_value, mask=None):
            scores, value = scores_and_value(x, w_query, w_key, w_value)
            return weigh(scores, None if mask is None else mask[:, None, :]) @ value

        return attention

    return [
        Misconception(name, written_by(hand), explanation + more) for hand, more in HANDS.items()
    ]


def with_mask(change: Callable) -> Callable:
    """Right, but for what `change` makes of the padding mask."""

    def attention(x, w_query, w_key, w_value, mask=None):
        mask = None if mask is None else change(mask)
        return careful(divided(x @ w_query, x @ w_key), mask) @ (x @ w_value)

    return attention


def with_mask_in_hand(weigh: Callable) -> Callable:
    def attention(x, w_query, w_key, w_value, mask=None):
        mask = None if mask is None else mask[:, None, :]
        return weigh(divided(x @ w_query, x @ w_key), mask) @ (x @ w_value)

    return attention


def pads_silenced(x, w_query, w_key, w_value, mask=None):
    output = self_attention(x, w_query, w_key, w_value, mask)
    return output if mask is None else output * mask[:, :, None]


def pads_emptied_first(x, w_query, w_key, w_value, mask=None):
    return self_attention(x if mask is None else x * mask[:, :, None], w_query, w_key, w_value)


SELF_ATTENTION = [
    *wrong_self(
        "you took the root of d_model",
        lambda x, w_query, w_key, w_value: (
            (x @ w_query) @ (x @ w_key).mT / math.sqrt(x.shape[-1]),
            x @ w_value,
        ),
        "The dot product is taken after the tables, of queries and keys that are d_head long. "
        "That length, w_query.shape[-1], is what makes scores grow; the words' own has no part.",
    ),
    *wrong_self(
        "you took the root of how many words there are",
        lambda x, w_query, w_key, w_value: (
            (x @ w_query) @ (x @ w_key).mT / math.sqrt(x.shape[1]),
            x @ w_value,
        ),
        "A score is a sum over the numbers in a query, not over the words. d_head is "
        "w_query.shape[-1].",
    ),
    *wrong_self(
        "you forgot the root",
        lambda x, w_query, w_key, w_value: ((x @ w_query) @ (x @ w_key).mT, x @ w_value),
        "The scores must be divided by √d_head. The function from task 2 does it, if you call it.",
    ),
    *wrong_self(
        "your words skip the tables",
        lambda x, w_query, w_key, w_value: (divided(x, x), x),
        "You let the words be their own queries, keys and values: everybody stares into the "
        "mirror. First x @ w_query, x @ w_key and x @ w_value.",
    ),
    *wrong_self(
        "your values skip their table",
        lambda x, w_query, w_key, w_value: (divided(x @ w_query, x @ w_key), x),
        "Queries and keys are right. What is averaged should be x @ w_value, and not x itself.",
    ),
    *wrong_self(
        "one table for queries and keys",
        lambda x, w_query, w_key, w_value: (divided(x @ w_query, x @ w_query), x @ w_value),
        "You used w_query for both, so that the scores are symmetric and everybody likes itself "
        "best. The keys are x @ w_key.",
    ),
    *wrong_self(
        "queries and keys have changed places",
        lambda x, w_query, w_key, w_value: (divided(x @ w_key, x @ w_query), x @ w_value),
        "Your scores are the right ones, turned on their side: who is asked has become who asks. "
        "Rows are queries.",
    ),
    *wrong_self(
        "your keys are mixed where the values should be",
        lambda x, w_query, w_key, w_value: (divided(x @ w_query, x @ w_key), x @ w_key),
        "The weights are right. What is handed over is the value, x @ w_value.",
    ),
    Misconception(
        "your softmax runs down the columns",
        lambda x, w_query, w_key, w_value, mask=None: (
            careful(
                divided(x @ w_query, x @ w_key), None if mask is None else mask[:, None, :], dim=-2
            )
            @ (x @ w_value)
        ),
        "Each query has one share to spend over the keys: softmax with dim=-1.",
    ),
    Misconception(
        "you never look at the mask",
        lambda x, w_query, w_key, w_value, mask=None: self_attention(x, w_query, w_key, w_value),
        "Everything is right as long as there are no pads. Hand the mask on to the attention, "
        "as [batch, 1, n].",
    ),
    Misconception(
        "your mask went in as it was",
        with_mask(lambda mask: mask),
        "It is [batch, n] and the weights are [batch, n, n], so torch lines its rows up with the "
        "queries: sentence 2's mask now serves word 2 of every sentence. It fits, by luck, when "
        "there are as many sentences as words. Put an axis in between: mask[:, None, :].",
    ),
    Misconception(
        "your mask hides the askers",
        with_mask(lambda mask: mask[:, :, None]),
        "With mask[:, :, None] the pads may not ask, and everybody may still look at them. It is "
        "the keys, the last axis of the weights, that must be hidden: mask[:, None, :].",
    ),
    Misconception(
        "you silenced the pads' outputs",
        pads_silenced,
        "Nobody looks at the pads now, as it should be. But the pads' own rows have become zero as "
        "well. The task leaves those: nobody will listen to them. mask[:, None, :] is enough.",
    ),
    Misconception(
        "you emptied the pads and let them be looked at",
        pads_emptied_first,
        "A pad of zeros has a score of zero, and e⁰ = 1 is a share like another. The attention has "
        "to know about the mask: mask[:, None, :].",
    ),
    Misconception(
        "your mask is inside out",
        with_mask(lambda mask: ~mask[:, None, :]),
        "True stands for a word that may be looked at. You hide the words and look at the pads.",
    ),
    Misconception(
        "the empty sentence gives NaN",
        with_mask_in_hand(bare),
        "All else is right. With every score at −∞ the softmax divides 0 by 0; the weights should "
        "be zero there. The function from task 2 sees to that, if you call it.",
    ),
    Misconception(
        "the empty sentence looks at its pads",
        with_mask_in_hand(very_negative),
        "All else is right. But −10⁹ for every key is a draw, so the pads get equal shares. The "
        "weights should be zero there. The function from task 2 sees to that, if you call it.",
    ),
]

TASKS = [
    Task(
        id="03.soft_lookup",
        title="A dictionary that answers in shares",
        reference=soft_lookup,
        cases=soft_lookup_cases,
        misconceptions=SOFT_LOOKUP,
        dimensions=("d_value",),
        gradient=True,
        hints=[
            "Three steps: a score for each key, a share for each score, one average of the values.",
            "The scores are the dot products of the keys with the query: keys @ query, n numbers.",
            "torch.softmax(scores, dim=0) makes shares of them. shares @ values is the sum of the "
            "values, each times its share.",
        ],
        alternatives=[
            soft_lookup_with_loops,
            lambda query, keys, values: torch.einsum(
                "n,nv->v", F.softmax(torch.mv(keys, query), 0), values
            ),
            lambda query, keys, values: (
                (torch.exp(keys @ query)[:, None] * values).sum(0) / torch.exp(keys @ query).sum()
            ),
        ],
        praise="Right: never outside its values, and never a KeyError.",
    ),
    Task(
        id="03.scaled_dot_product_attention",
        title="The famous one",
        reference=scaled_dot_product_attention,
        cases=attention_cases,
        misconceptions=ATTENTION,
        properties=[no_negative_weights, rows_sum_to_one],
        gradient=True,
        hints=[
            "Write it for one sentence without a mask first: scores, root, softmax, average. Print "
            "the shape after each step; the scores are [n_query, n_key].",
            "The last two axes of the key change places: key.transpose(-2, -1). The root: that of "
            "query.shape[-1]. The softmax runs over the keys, dim=-1.",
            "The mask comes before the softmax: scores.masked_fill(~mask, -math.inf).",
            "A row that is −∞ throughout comes out of the softmax as NaN. Afterwards, "
            "weights.masked_fill(~mask, 0.0) mends it and changes nothing else.",
        ],
        alternatives=[
            attention_with_loops,
            attention_by_einsum,
            attention_by_torch,
            attention_in_double,
            attention_divided_afterwards,
        ],
        praise="Right: with batches and heads, with pads, and with nobody to look at. "
        "This is equation 1 of the paper, and you wrote it.",
    ),
    Task(
        id="03.padding_mask",
        title="Who is a word",
        reference=padding_mask,
        cases=padding_mask_cases,
        misconceptions=PADDING_MASK,
        dimensions=("batch", "n"),
        hints=[
            "A place holds a word if its number, counted from 0, is below the sentence's length.",
            "torch.arange(n) is the numbers of the places, [n]. It should be compared with each "
            "length in turn.",
            "lengths[:, None] is [batch, 1]. Compare [n] with it, and torch makes [batch, n].",
        ],
        alternatives=[
            padding_mask_with_loops,
            padding_mask_by_filling,
            lambda lengths, n: lengths.unsqueeze(1) > torch.arange(n).expand(len(lengths), n),
        ],
    ),
    Task(
        id="03.self_attention",
        title="All the words at once",
        reference=self_attention,
        cases=self_attention_cases,
        misconceptions=SELF_ATTENTION,
        dimensions=("batch", "n", "d_value"),
        gradient=True,
        hints=[
            "Three matrix products make queries, keys and values out of x. The rest is your "
            "function from task 2, which returns a pair.",
            "Pads must not be looked at, so it is the weights' last axis that the mask belongs to. "
            "The weights are [batch, n_query, n_key], the mask is [batch, n_key].",
            "Put an axis for the queries in the middle: mask[:, None, :] is [batch, 1, n_key]. "
            "There may be no mask at all: ask `if mask is not None` first.",
        ],
        alternatives=[self_attention_by_torch, self_attention_one_by_one],
        praise="Right. One head of a transformer; lesson 04 has twelve.",
    ),
]
