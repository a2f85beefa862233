"""The famous one: equation 1 of Vaswani et al. 2017.

Every mistake is something that somebody has written in earnest.
"""

import math

import torch
import torch.nn.functional as F

from course_utils.checks.properties import no_negative_weights, rows_sum_to_one
from course_utils.checks.task import Case, Task
from course_utils.exercises.lesson_03.common import (
    bare,
    careful,
    divided,
    eighths,
    in_every_hand,
    normal,
    very_negative,
)

task = Task(
    "03.scaled_dot_product_attention",
    "The famous one",
    section="One line, written three times",
    dimensions=(("n_query", "d_value"), ("n_query", "n_key")),
    properties=[no_negative_weights, rows_sum_to_one],
    hints=[
        "Write it for one sentence without a mask first: scores, root, softmax, average. Print "
        "the shape after each step; the scores are [n_query, n_key].",
        "The last two axes of the key change places: key.transpose(-2, -1). The root: that of "
        "query.shape[-1]. The softmax runs over the keys, dim=-1.",
        "The mask comes before the softmax: scores.masked_fill(~mask, -math.inf).",
        "A row that is −∞ throughout comes out of the softmax as NaN. Afterwards, "
        "weights.masked_fill(~mask, 0.0) mends it and changes nothing else.",
    ],
    praise="Right: with batches and heads, with pads, and with nobody to look at. "
    "This is equation 1 of the paper, and you wrote it.",
)


@task.answer
def scaled_dot_product_attention(query, key, value, mask=None):
    ### BEGIN SOLUTION
    scores = query @ key.transpose(-2, -1) / math.sqrt(query.shape[-1])
    if mask is not None:
        scores = scores.masked_fill(~mask, -math.inf)
    weights = torch.softmax(scores, dim=-1)
    if mask is not None:
        weights = weights.masked_fill(~mask, 0.0)  # whoever may look at nobody hears nothing
    return weights @ value, weights
    ### END SOLUTION


# The cases: in each the sizes differ, so that a root of the wrong one shows, but for the square
# ones. There no shape complains, and only the numbers can.


@task.cases
def cases(seed):
    generator = torch.Generator().manual_seed(seed)

    def vectors(*batch, n_query, n_key, d_head, d_value):
        return (
            normal(generator, *batch, n_query, d_head),
            normal(generator, *batch, n_key, d_head),
            normal(generator, *batch, n_key, d_value),
        )

    yield Case("3 queries, 5 keys", vectors(n_query=3, n_key=5, d_head=4, d_value=6))
    yield Case("4 words, 4 numbers each", vectors(n_query=4, n_key=4, d_head=4, d_value=4))
    yield Case("one query", vectors(n_query=1, n_key=4, d_head=3, d_value=2))
    yield Case("a batch", vectors(2, n_query=3, n_key=7, d_head=5, d_value=6))
    query, key, value = vectors(1, n_query=2, n_key=3, d_head=5, d_value=1)
    yield Case("a batch of one, with small values", (query, key, value / 1000))
    query, key, value = vectors(n_query=3, n_key=5, d_head=4, d_value=6)
    key[2] = 2 * F.normalize(key[2], dim=0)
    query[1] = 100 * key[2]  # a score of 200
    yield Case("one query shouts among others", (query, key, value))

    end = torch.tensor([[True, True, True, False, False], [True, True, True, True, True]])
    heads = vectors(2, 3, n_query=4, n_key=5, d_head=8, d_value=6)
    yield Case("a batch, three heads, pads at the end", (*heads, end[:, None, None, :]))
    heads = vectors(2, 2, n_query=3, n_key=5, d_head=4, d_value=6)
    yield Case("one row of a mask for everybody", (*heads, end[:1]))
    square = torch.tensor([[1, 1, 0, 0], [0, 1, 0, 1], [1, 1, 1, 0], [0, 1, 0, 0]]).bool()
    four = vectors(4, n_query=4, n_key=4, d_head=6, d_value=5)
    yield Case("its own mask for each query", (*four, square))
    yield Case("a hidden key shouts", (*shouting(vectors), end[:, None, :]))
    yield Case("all scores are far below zero", far_below_zero(generator))
    square = torch.tensor([[1, 1, 0, 0], [0, 0, 0, 0], [1, 1, 1, 0], [0, 1, 0, 0]]).bool()
    four = vectors(n_query=4, n_key=4, d_head=6, d_value=5)
    yield Case("a query that may look at nobody", (*four, square))


def shouting(vectors):
    """The last key of the first sentence has scores of 40."""
    query, key, value = vectors(2, n_query=3, n_key=5, d_head=4, d_value=6)
    query[..., 0] = 1.0
    key[0, -1] = torch.tensor([80.0, 0.0, 0.0, 0.0])
    return query, key, value


def far_below_zero(generator):
    """Scores of about −32,768, hidden ones too: a fill of −100 would tower above them.

    float32 holds only so many digits of such numbers. So they are made of eighths, and the root is
    4: every score is exact, however it is worked out.
    """
    query = eighths(generator, 3, 16, most=24)
    key = eighths(generator, 5, 16, most=24)
    value = normal(generator, 5, 6)
    query[:, 0], key[:, 0] = -512.0, 256.0
    mask = torch.tensor([[1, 1, 0, 0, 1], [0, 1, 1, 0, 0], [0, 0, 0, 1, 0]]).bool()
    return query, key, value, mask


@task.also_right
def with_loops(query, key, value, mask=None):
    if query.ndim > 2:  # peel off the first axis, and do each part by itself
        masks = [None] * len(query)
        if mask is not None:
            masks = mask.expand(*query.shape[:-1], key.shape[-2])
        parts = [with_loops(*part) for part in zip(query, key, value, masks, strict=True)]
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


@task.also_right
def by_einsum(query, key, value, mask=None):
    scores = torch.einsum("...qd,...kd->...qk", query * query.shape[-1] ** -0.5, key)
    if mask is not None:
        scores = torch.where(mask, scores, torch.tensor(-torch.inf))
    weights = torch.nan_to_num(scores.softmax(-1), nan=0.0)
    return torch.einsum("...qk,...kd->...qd", weights, value), weights


@task.also_right
def by_torch(query, key, value, mask=None):
    identity = torch.eye(key.shape[-2]).expand(*key.shape[:-1], key.shape[-2])
    output = F.scaled_dot_product_attention(query, key, value, attn_mask=mask)
    return output, F.scaled_dot_product_attention(query, key, identity, attn_mask=mask)


@task.also_right
def in_double(query, key, value, mask=None):
    return scaled_dot_product_attention(query.double(), key.double(), value.double(), mask)


@task.also_right
def with_numpy(query, key, value, mask=None):
    scores = query.numpy() @ key.mT.numpy() / query.shape[-1] ** 0.5
    weights = careful(torch.from_numpy(scores), mask).numpy()
    return torch.from_numpy(weights @ value.numpy()), torch.from_numpy(weights)


@task.also_right
def divided_afterwards(query, key, value, mask=None):
    """Masked after the powers, but before they are divided up: the same thing, said later."""
    scores = query @ key.mT / query.size(-1) ** 0.5
    powers = torch.exp(scores - scores.amax(-1, keepdim=True))
    if mask is not None:
        powers = powers * mask
    weights = powers / powers.sum(-1, keepdim=True).clamp(min=1e-30)
    return weights @ value, weights


@task.also_right
def with_a_large_number(query, key, value, mask=None):
    scores = divided(query, key)
    weights = very_negative(scores, mask)
    weights = weights if mask is None else weights * mask
    return [weights @ value, weights]


# The scores


@in_every_hand(task)
def no_root(query, key, value, mask=None, weigh=careful):
    """You forgot the root.

    Without it the scores grow with √d_head, the softmax picks a winner by luck, and its gradient
    dies. Divide the scores by math.sqrt(d_head) before the softmax.
    """
    weights = weigh(query @ key.mT, mask)
    return weights @ value, weights


@task.mistake
def divided_by_d(query, key, value, mask=None):
    """You divided by d_head, and not by its root.

    A dot product of d_head numbers is about √d_head large, so that is what is to be undone. Divided
    by all of d_head the scores sink to nothing, and everybody hears the plain mean.
    """
    weights = careful(query @ key.mT / query.shape[-1], mask)
    return weights @ value, weights


@task.mistake
def times_root(query, key, value, mask=None):
    """You multiplied by the root.

    The scores are too large already; the root is there to make them smaller. Divide by it.
    """
    weights = careful(query @ key.mT * math.sqrt(query.shape[-1]), mask)
    return weights @ value, weights


@task.mistake
def half_of_d(query, key, value, mask=None):
    """Your root is a half.

    d ** 1 / 2 is (d ** 1) / 2: powers come before divisions. Write d ** 0.5, or math.sqrt(d).
    """
    weights = careful(query @ key.mT / (query.shape[-1] / 2), mask)
    return weights @ value, weights


@task.mistake
def divided_by_twice_d(query, key, value, mask=None):
    """Your root has come apart.

    scores / d ** 1 / 2 divides by d and then by 2, from left to right. Write scores / d ** 0.5, or
    scores / math.sqrt(d).
    """
    weights = careful(query @ key.mT / query.shape[-1] / 2, mask)
    return weights @ value, weights


@task.mistake
def root_of_n_key(query, key, value, mask=None):
    """You took the root of how many keys there are.

    A score is a sum over the numbers in a vector, not over the words. So it is d_head, the last
    axis of the query, whose root undoes its growth.
    """
    weights = careful(query @ key.mT / math.sqrt(key.shape[-2]), mask)
    return weights @ value, weights


@in_every_hand(task)
def root_of_n_query(query, key, value, mask=None, weigh=careful):
    """You took the root of how many queries there are.

    That is query.shape[-2]. A score is a sum over the numbers in one query, so what undoes its
    growth is the root of query.shape[-1].
    """
    weights = weigh(query @ key.mT / math.sqrt(query.shape[-2]), mask)
    return weights @ value, weights


@task.mistake
def root_of_d_value(query, key, value, mask=None):
    """You took the root of the values' width.

    The values have no part in the scores, and may be wider or narrower than the keys. The width
    that counts is the query's last axis.
    """
    weights = careful(query @ key.mT / math.sqrt(value.shape[-1]), mask)
    return weights @ value, weights


@in_every_hand(task)
def root_of_first_axis(query, key, value, mask=None, weigh=careful):
    """You took the root of the first axis.

    len(query) and query.shape[0] are the size of the first axis: with a batch, how many sentences.
    d_head is the last one, query.shape[-1].
    """
    weights = weigh(query @ key.mT / math.sqrt(query.shape[0]), mask)
    return weights @ value, weights


@in_every_hand(task)
def root_of_second_axis(query, key, value, mask=None, weigh=careful):
    """You took the root of the second axis.

    With one sentence query.shape[1] is d_head; with a batch in front it is how many queries there
    are. d_head is the last axis, query.shape[-1].
    """
    weights = weigh(query @ key.mT / math.sqrt(query.shape[1]), mask)
    return weights @ value, weights


@task.mistake
def cosines(query, key, value, mask=None):
    """You compared angles.

    A cosine forgets how long the vectors are, and the length of a query is how loudly it asks.
    Scores are dot products, divided by √d_head.
    """
    weights = careful(F.normalize(query, dim=-1) @ F.normalize(key, dim=-1).mT, mask)
    return weights @ value, weights


@in_every_hand(task)
def axes_from_the_front(query, key, value, mask=None, weigh=careful):
    """You turn the key's axes counted from the front.

    key.T and key.transpose(0, 1) are right for one sentence, and move the batch out of place as
    soon as there is one. Count from the back: key.transpose(-2, -1), or key.mT.
    """
    weights = weigh(query @ key.transpose(0, 1) / math.sqrt(query.shape[-1]), mask)
    return weights @ value, weights


@task.mistake
def key_not_transposed(query, key, value, mask=None):
    """Your key is not transposed.

    query @ key only fits together when there are as many keys as numbers in each, and even then it
    multiplies the wrong pairs. Each query's row must meet each key's row:
    query @ key.transpose(-2, -1).
    """
    weights = careful(query @ key / math.sqrt(query.shape[-1]), mask)
    return weights @ value, weights


@task.mistake
def key_reshaped(query, key, value, mask=None):
    """You reshaped the key where it should be transposed.

    reshape and view keep the numbers in their order and only cut the rows elsewhere, so the keys
    fall to pieces. key.transpose(-2, -1) turns rows into columns.
    """
    turned = key.reshape(*key.shape[:-2], key.shape[-1], key.shape[-2])
    weights = careful(query @ turned / math.sqrt(query.shape[-1]), mask)
    return weights @ value, weights


# From scores to shares


@in_every_hand(task)
def softmax_over_queries(query, key, value, mask=None, weigh=careful):
    """Your softmax runs down the columns.

    That way each key gives away one share in all, and some queries get three helpings and others
    none. A query spends its one share over the keys: softmax with dim=-1.
    """
    weights = weigh(divided(query, key), mask, dim=-2)
    return weights @ value, weights


@in_every_hand(task)
def softmax_over_axis_1(query, key, value, mask=None, weigh=careful):
    """Your softmax counts its axis from the front.

    dim=1 is the keys for one sentence, and the queries as soon as there is a batch in front. Count
    from the back: dim=-1.
    """
    weights = weigh(divided(query, key), mask, dim=1)
    return weights @ value, weights


@in_every_hand(task)
def softmax_over_axis_0(query, key, value, mask=None, weigh=careful):
    """Your softmax runs over the first axis.

    dim=0 is the queries for one sentence, and the sentences for a batch of them. A query spends its
    one share over the keys: dim=-1.
    """
    weights = weigh(divided(query, key), mask, dim=0)
    return weights @ value, weights


@in_every_hand(task)
def softmax_without_axis(query, key, value, mask=None, weigh=careful):
    """You left it to torch over which axis the softmax runs.

    Without dim it takes the last of two axes, the first of three and the second of four, and warns.
    A query spends its one share over the keys: dim=-1.
    """
    scores = divided(query, key)
    weights = weigh(scores, mask, dim=0 if scores.ndim == 3 else 1)
    return weights @ value, weights


@task.mistake
def softmax_over_everything(query, key, value, mask=None):
    """Your softmax runs over the whole table.

    All queries together get one share there. Each query has one of its own to spend over the keys:
    softmax with dim=-1.
    """
    scores = divided(query, key)
    if mask is not None:
        scores = scores.masked_fill(~mask, -math.inf)
    weights = torch.softmax(scores.flatten(-2), dim=-1).reshape(scores.shape)
    return weights @ value, weights


@task.mistake
def softmax_twice(query, key, value, mask=None):
    """You took the softmax twice.

    The second one takes shares for scores, and shares hardly differ: nearly the plain average comes
    out. Once is enough.
    """
    weights = torch.softmax(careful(divided(query, key), mask), dim=-1)
    return weights @ value, weights


@task.mistake
def root_after_softmax(query, key, value, mask=None):
    """Your root comes after the softmax.

    There it shrinks the shares, which then sum to 1/√d_head. It is the scores that are too large:
    divide before the softmax.
    """
    weights = careful(query @ key.mT, mask) / math.sqrt(query.shape[-1])
    return weights @ value, weights


@task.mistake
def no_softmax(query, key, value, mask=None):
    """You used the scores as shares.

    They sum to anything, and some are negative. A softmax over the keys belongs between the scores
    and the average.
    """
    weights = divided(query, key)
    weights = weights if mask is None else weights.masked_fill(~mask, 0.0)
    return weights @ value, weights


@task.mistake
def sigmoid(query, key, value, mask=None):
    """You used a sigmoid.

    It looks at each score alone, so the shares sum to anything. In a softmax the keys compete: what
    one gets, the others don't.
    """
    weights = torch.sigmoid(divided(query, key))
    weights = weights if mask is None else weights.masked_fill(~mask, 0.0)
    return weights @ value, weights


@task.mistake
def winner_takes_all(query, key, value, mask=None):
    """Your best key gets everything.

    argmax makes the hard dictionary of the lesson's beginning. Here every key gets its share: a
    softmax of the scores.
    """
    weights = careful(1e6 * divided(query, key), mask)
    return weights @ value, weights


@task.mistake
def overflowing(query, key, value, mask=None):
    """Your exponentials overflow.

    e to the 89th is more than a float32 can hold, and ∞/∞ is NaN. torch.softmax takes the largest
    score off all of them first, which changes no share.
    """
    powers = torch.exp(divided(query, key))
    if mask is not None:
        powers = powers * mask
    weights = powers / powers.sum(-1, keepdim=True)
    return weights @ value, weights


@task.mistake
def one_maximum(query, key, value, mask=None):
    """You took one maximum off the whole table.

    Beside a query that shouts all the others' powers are zero, and 0/0 is NaN. Each row has its own
    maximum: scores.amax(-1, keepdim=True), or torch.softmax, which sees to it.
    """
    scores = divided(query, key)
    powers = torch.exp(scores - scores.max())
    if mask is not None:
        powers = powers * mask
    weights = powers / powers.sum(-1, keepdim=True)
    return weights @ value, weights


@task.mistake
def one_maximum_then_zero(query, key, value, mask=None):
    """You took one maximum off the whole table, and made the NaN that came of it zero.

    Beside a query that shouts all the others' powers are zero, and so are their weights now. Each
    row has its own maximum: scores.amax(-1, keepdim=True), or torch.softmax, which sees to it.
    """
    _, weights = one_maximum(query, key, value, mask)
    weights = weights.nan_to_num()
    return weights @ value, weights


# What comes back


@task.mistake
def mixed_keys(query, key, value, mask=None):
    """You mixed the keys.

    The weights are right. A key is what stands on the door; what is handed over is the value:
    weights @ value.
    """
    weights = careful(divided(query, key), mask)
    return weights @ key, weights


@task.mistake
def weights_first(query, key, value, mask=None):
    """You returned the pair the other way round.

    Both are right. The output comes first, the weights second.
    """
    weights = careful(divided(query, key), mask)
    return weights, weights @ value


@task.mistake
def output_alone(query, key, value, mask=None):
    """You returned the output alone.

    It is right. The task asks for a pair, because somebody will want to look at the weights:
    return output, weights.
    """
    return careful(divided(query, key), mask) @ value


@task.mistake
def weights_alone(query, key, value, mask=None):
    """You returned the weights alone.

    They are right, and are still to be used: weights @ value is the output. Return both.
    """
    return careful(divided(query, key), mask)


@task.mistake
def scores_returned(query, key, value, mask=None):
    """You returned the scores beside the output.

    The output is right. The second of the pair is what the softmax has made of the scores: the
    weights.
    """
    scores = divided(query, key)
    hidden = scores if mask is None else scores.masked_fill(~mask, -math.inf)
    return careful(scores, mask) @ value, hidden


@task.mistake
def weights_turned(query, key, value, mask=None):
    """You turned the weights on their side.

    Rows of the weights are queries, columns are keys; rows of the value are keys. They fit as they
    are: weights @ value.
    """
    weights = careful(divided(query, key), mask)
    return weights.mT @ value, weights


@task.mistake
def in_a_dictionary(query, key, value, mask=None):
    """You returned a dictionary.

    What is in it is right. The task asks for a pair: return output, weights.
    """
    output, weights = scaled_dot_product_attention(query, key, value, mask)
    return {"output": output, "weights": weights}


@task.mistake
def query_changed(query, key, value, mask=None):
    """You changed the query that you were given.

    The result is right, and the caller's query is smaller than it was: /= writes into it. Write
    query = query / …, which makes a new one.
    """
    result = scaled_dot_product_attention(query, key, value, mask)
    query /= math.sqrt(query.shape[-1])
    return result


# The mask


@task.mistake
def mask_ignored(query, key, value, mask=None):
    """You never look at the mask.

    Everything is right as long as there is none. Where the mask is False, the score should become
    −∞ before the softmax.
    """
    weights = torch.softmax(divided(query, key), dim=-1)
    return weights @ value, weights


@in_every_hand(task)
def mask_inside_out(query, key, value, mask=None, weigh=careful):
    """Your mask is inside out.

    True means that a key may be looked at; you hide those and keep the others. masked_fill fills
    where it is given True, so it wants ~mask.
    """
    weights = weigh(divided(query, key), None if mask is None else ~mask)
    return weights @ value, weights


@in_every_hand(task)
def mask_on_its_side(query, key, value, mask=None, weigh=careful):
    """Your mask is turned on its side.

    Rows of the mask are the queries and columns the keys, as in the weights. Use it as it comes,
    without a transpose.
    """
    scores = divided(query, key)
    weights = weigh(scores, None if mask is None else mask.expand_as(scores).mT)
    return weights @ value, weights


@task.mistake
def mask_as_index(query, key, value, mask=None):
    """You index with the mask.

    scores[~mask] wants a mask of exactly the scores' shape, and this one only has to broadcast to
    it. masked_fill and torch.where broadcast.
    """
    scores = divided(query, key)
    if mask is None:
        weights = torch.softmax(scores, dim=-1)
    else:
        scores[~mask] = -math.inf
        weights = careful(scores, mask)
    return weights @ value, weights


@task.mistake
def mask_after_softmax(query, key, value, mask=None):
    """Your mask comes after the softmax.

    The hidden keys had taken their shares by then, and what you zero is lost: the rows no longer
    sum to one. Hide the scores (−∞) first, and let the softmax share out the rest.
    """
    weights = torch.softmax(divided(query, key), dim=-1)
    if mask is not None:
        weights = weights * mask
    return weights @ value, weights


@task.mistake
def mask_after_softmax_and_a_little(query, key, value, mask=None):
    """You share out again and add a little to the sum.

    The little keeps 0/0 away. But where a hidden key had nearly everything, what is left is less
    than that little, and the shares no longer sum to one. Hide the scores (−∞) before the softmax.
    """
    _, weights = mask_after_softmax(query, key, value, mask)
    weights = weights / (weights.sum(-1, keepdim=True) + 1e-9)
    return weights @ value, weights


@task.mistake
def zero_for_hidden_scores(query, key, value, mask=None):
    """You gave hidden keys a score of zero.

    Zero is not a low score: e⁰ = 1 is a share like another. The score whose e-to-the is zero is −∞:
    scores.masked_fill(~mask, -math.inf).
    """
    scores = divided(query, key)
    weights = torch.softmax(scores if mask is None else scores * mask, dim=-1)
    return weights @ value, weights


@task.mistake
def mask_added(query, key, value, mask=None):
    """You added the mask to the scores.

    True counts as 1 there, so a real word gets one point more than a pad, and the pad is still
    heard. Put −∞ where the mask is False: scores.masked_fill(~mask, -math.inf).
    """
    scores = divided(query, key)
    weights = torch.softmax(scores if mask is None else scores + mask, dim=-1)
    return weights @ value, weights


@task.mistake
def infinity_times_zero(query, key, value, mask=None):
    """You multiplied 0 by infinity.

    That is NaN, in every place where nothing was to be hidden. Put −∞ where it belongs and nowhere
    else: scores.masked_fill(~mask, -math.inf).
    """
    scores = divided(query, key)
    weights = torch.softmax(scores if mask is None else scores + ~mask * -math.inf, dim=-1)
    return weights @ value, weights


@task.mistake
def shares_of_hidden_keys_returned(query, key, value, mask=None):
    """You hid the keys from the output and not from the weights.

    The mask comes after the softmax, and in a copy: the weights that you return still look at
    hidden keys, and those of the output no longer sum to one. Hide the scores (−∞) first.
    """
    weights = torch.softmax(divided(query, key), dim=-1)
    return (weights if mask is None else weights * mask) @ value, weights


@task.mistake
def not_low_enough(query, key, value, mask=None):
    """Your hidden scores are not low enough.

    There is no telling how far below zero the others are. Below −100, or −10,000, they are the low
    ones, and the hidden keys win. Nothing is below −∞. Whoever may look at nobody then needs
    weights of zero, too.
    """
    scores = divided(query, key)
    weights = torch.softmax(scores if mask is None else scores.masked_fill(~mask, -100.0), dim=-1)
    return weights @ value, weights


@task.mistake
def not_low_enough_then_zero(query, key, value, mask=None):
    """Your hidden scores are low, and can be the highest.

    You set a number such as −100 before the softmax and zeros behind it. Where the others' scores
    are lower still, the hidden keys get everything before you take it away. Nothing is below −∞.
    """
    _, weights = not_low_enough(query, key, value, mask)
    weights = weights if mask is None else weights.masked_fill(~mask, 0.0)
    return weights @ value, weights


# Nobody to look at


@task.mistake
def nobody_gets_nan(query, key, value, mask=None):
    """A query that may look at nobody gets NaN.

    All else is right. Where every key is hidden 0 is divided by 0: by the softmax, if each score is
    −∞, or by yourself, if you mask after it and share out again. One such row, and the loss of the
    whole batch is NaN. Set the weights to zero where the mask is False, at the very end.
    """
    weights = bare(divided(query, key), mask)
    return weights @ value, weights


@task.mistake
def nobody_gets_everybody(query, key, value, mask=None):
    """A query that may look at nobody looks at everybody.

    All else is right. But −10⁹ for each is a draw, so the hidden keys get equal shares: a confident
    average of pads. Its weights should be zero.
    """
    weights = very_negative(divided(query, key), mask)
    return weights @ value, weights


@task.mistake
def output_not_mended(query, key, value, mask=None):
    """You mended the weights after you had used them.

    The weights are right, and the output of who may look at nobody is NaN: it was made of the old
    ones. Mend first, then weights @ value.
    """
    output, weights = nobody_gets_nan(query, key, value, mask)
    return output, weights if mask is None else weights.masked_fill(~mask, 0.0)


@task.mistake
def weights_not_mended(query, key, value, mask=None):
    """You mended the output and not the weights.

    The output is right, and the weights of who may look at nobody are still NaN. Set those to zero;
    the output then is zero by itself.
    """
    output, weights = nobody_gets_nan(query, key, value, mask)
    return output.nan_to_num(0.0), weights
