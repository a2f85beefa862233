"""All the words at once: queries, keys and values from the same words."""

import math

import torch
import torch.nn.functional as F

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
from course_utils.exercises.lesson_03.scaled_dot_product_attention import (
    scaled_dot_product_attention,
    with_loops,
)

task = Task(
    "03.self_attention",
    "All the words at once",
    section="Why three?",
    dimensions=("batch", "n", "d_value"),
    gradient=True,
    hints=[
        "Three matrix products make queries, keys and values out of x. The rest is your function "
        "from task 2, which returns a pair.",
        "Pads must not be looked at, so it is the weights' last axis that the mask belongs to. The "
        "weights are [batch, n_query, n_key], the mask is [batch, n_key].",
        "Put an axis for the queries in the middle: mask[:, None, :] is [batch, 1, n_key]. There "
        "may be no mask at all: ask `if mask is not None` first.",
    ],
    praise="Right. One head of a transformer; lesson 04 has twelve.",
)


@task.answer
def self_attention(x, w_query, w_key, w_value, mask=None):
    ### BEGIN SOLUTION
    query, key, value = x @ w_query, x @ w_key, x @ w_value
    if mask is not None:
        mask = mask[:, None, :]  # [batch, 1, n]: the same keys are hidden from every query
    output, _ = scaled_dot_product_attention(query, key, value, mask)
    return output
    ### END SOLUTION


@task.cases
def cases(seed):
    generator = torch.Generator().manual_seed(seed)

    def words(batch, n, d_model, d_head, d_value):
        widths = (d_head, d_head, d_value)
        tables = [normal(generator, d_model, width) / d_model**0.5 for width in widths]
        return normal(generator, batch, n, d_model), *tables

    yield Case("4 words", words(1, 4, 6, 2, 3))
    yield Case("d_value = d_model", words(2, 3, 5, 3, 5))
    yield Case("square tables, as many words as numbers", words(2, 4, 4, 4, 4))
    yield Case("one word in each sentence", words(3, 1, 4, 2, 5))
    yield Case("one number in each query", words(2, 3, 4, 1, 2))
    yield Case("scores above a hundred", large_scores(generator))
    pads = torch.tensor([[True, True, True, False], [True, False, False, False]])
    yield Case("two sentences and their pads", (*words(2, 4, 7, 3, 5), pads))
    yield Case("a sentence with a pad", (*words(1, 4, 6, 2, 3), pads[:1]))
    square = torch.tensor([[True, True, True], [True, True, False], [True, False, False]])
    yield Case("as many sentences as words", (*words(3, 3, 5, 2, 4), square))
    empty = torch.tensor([[True, True, False], [False, False, False]])
    yield Case("an empty sentence in the batch", (*words(2, 3, 6, 4, 5), empty))


def large_scores(generator):
    """One number is 22 in every query and key, and 22²/√16 is 121. All scores are exact."""
    x = eighths(generator, 2, 3, 5, most=24)
    w_query, w_key = (eighths(generator, 5, 16, most=3) for _ in range(2))
    x[..., 0], w_query[:, 0], w_key[:, 0] = 1.0, 0.0, 0.0
    w_query[0, 0], w_key[0, 0] = 22.0, 22.0
    return x, w_query, w_key, normal(generator, 5, 4)


@task.also_right
def by_torch(x, w_query, w_key, w_value, mask=None):
    if mask is not None:
        mask = mask.unsqueeze(1)
    return F.scaled_dot_product_attention(x @ w_query, x @ w_key, x @ w_value, attn_mask=mask)


@task.also_right
def one_by_one(x, w_query, w_key, w_value, mask=None):
    outputs = []
    for i, words in enumerate(x):
        visible = None if mask is None else mask[i].expand(len(words), len(words))
        output, _ = with_loops(words @ w_query, words @ w_key, words @ w_value, visible)
        outputs.append(output)
    return torch.stack(outputs)


@task.also_right
def by_einsum(x, w_query, w_key, w_value, mask=None):
    scores = torch.einsum("bqm,mh,nh,bkn->bqk", x, w_query, w_key, x) / w_key.shape[1] ** 0.5
    if mask is None:
        mask = torch.ones(x.shape[:2], dtype=torch.bool)
    weights = careful(scores, mask.unsqueeze(-2))
    return torch.einsum("bqk,bkm,mv->bqv", weights, x, w_value)


@task.also_right
def with_one_table(x, w_query, w_key, w_value, mask=None):
    d_head, d_value = w_query.shape[1], w_value.shape[1]
    all_three = x.double() @ torch.cat([w_query, w_key, w_value], dim=1).double()
    query, key, value = all_three.split([d_head, d_head, d_value], dim=-1)
    seen = None if mask is None else mask[:, None].expand(-1, x.shape[1], -1)
    return scaled_dot_product_attention(query, key, value, seen)[0].float()


# From words to scores. `rows` is the mask where it should be: one row of it for all queries.


def rows(mask):
    return None if mask is None else mask[:, None, :]


@in_every_hand(task)
def root_of_d_model(x, w_query, w_key, w_value, mask=None, weigh=careful):
    """You took the root of d_model.

    The dot product is taken after the tables, of queries and keys that are d_head long. That
    length, w_query.shape[-1], is what makes scores grow; the words' own has no part.
    """
    scores = (x @ w_query) @ (x @ w_key).mT / math.sqrt(x.shape[-1])
    return weigh(scores, rows(mask)) @ (x @ w_value)


@task.mistake
def root_of_n(x, w_query, w_key, w_value, mask=None):
    """You took the root of how many words there are.

    A score is a sum over the numbers in a query, not over the words. d_head is w_query.shape[-1].
    """
    scores = (x @ w_query) @ (x @ w_key).mT / math.sqrt(x.shape[1])
    return careful(scores, rows(mask)) @ (x @ w_value)


@task.mistake
def root_of_d_value(x, w_query, w_key, w_value, mask=None):
    """You took the root of the values' width.

    The values have no part in the scores. d_head is the width of queries and keys,
    w_query.shape[-1].
    """
    scores = (x @ w_query) @ (x @ w_key).mT / math.sqrt(w_value.shape[-1])
    return careful(scores, rows(mask)) @ (x @ w_value)


@task.mistake
def divided_by_d(x, w_query, w_key, w_value, mask=None):
    """You divided by d_head, and not by its root.

    A dot product of d_head numbers is about √d_head large, so that is what is to be undone. The
    function from task 2 does it. Once is enough: not there and here as well.
    """
    scores = (x @ w_query) @ (x @ w_key).mT / w_query.shape[-1]
    return careful(scores, rows(mask)) @ (x @ w_value)


@in_every_hand(task)
def no_root(x, w_query, w_key, w_value, mask=None, weigh=careful):
    """You forgot the root.

    The scores must be divided by √d_head. The function from task 2 does it, if you call it.
    """
    return weigh((x @ w_query) @ (x @ w_key).mT, rows(mask)) @ (x @ w_value)


@task.mistake
def no_tables(x, w_query, w_key, w_value, mask=None):
    """Your words skip the tables.

    You let the words be their own queries, keys and values: everybody stares into the mirror. First
    x @ w_query, x @ w_key and x @ w_value.
    """
    return careful(divided(x, x), rows(mask)) @ x


@task.mistake
def values_without_table(x, w_query, w_key, w_value, mask=None):
    """Your values skip their table.

    Queries and keys are right. What is averaged should be x @ w_value, and not x itself.
    """
    return careful(divided(x @ w_query, x @ w_key), rows(mask)) @ x


@task.mistake
def values_alone_through_a_table(x, w_query, w_key, w_value, mask=None):
    """Your queries and keys skip their tables.

    The values are right. Who looks at whom is decided by x @ w_query and x @ w_key, and not by the
    words themselves.
    """
    return careful(divided(x, x), rows(mask)) @ (x @ w_value)


@task.mistake
def one_table(x, w_query, w_key, w_value, mask=None):
    """You used w_query for queries and keys.

    With one table for both the scores are symmetric, and everybody likes itself best. The keys are
    x @ w_key.
    """
    return careful(divided(x @ w_query, x @ w_query), rows(mask)) @ (x @ w_value)


@task.mistake
def table_of_keys_for_both(x, w_query, w_key, w_value, mask=None):
    """You used w_key for queries and keys.

    With one table for both the scores are symmetric, and everybody likes itself best. The queries
    are x @ w_query.
    """
    return careful(divided(x @ w_key, x @ w_key), rows(mask)) @ (x @ w_value)


@task.mistake
def keys_for_values(x, w_query, w_key, w_value, mask=None):
    """Keys and values have changed places.

    x @ w_key is what the queries are compared with, x @ w_value is what is averaged.
    """
    return careful(divided(x @ w_query, x @ w_value), rows(mask)) @ (x @ w_key)


@task.mistake
def changed_places(x, w_query, w_key, w_value, mask=None):
    """Queries and keys have changed places.

    Your scores are the right ones, turned on their side: who is asked has become who asks. Rows are
    queries.
    """
    return careful(divided(x @ w_key, x @ w_query), rows(mask)) @ (x @ w_value)


@task.mistake
def mixed_keys(x, w_query, w_key, w_value, mask=None):
    """Your keys are mixed where the values should be.

    The weights are right. What is handed over is the value, x @ w_value.
    """
    return careful(divided(x @ w_query, x @ w_key), rows(mask)) @ (x @ w_key)


@task.mistake
def softmax_over_queries(x, w_query, w_key, w_value, mask=None):
    """Your softmax runs down the columns.

    Each query has one share to spend over the keys: softmax with dim=-1.
    """
    return careful(divided(x @ w_query, x @ w_key), rows(mask), dim=-2) @ (x @ w_value)


@task.mistake
def softmax_over_batch(x, w_query, w_key, w_value, mask=None):
    """Your softmax runs over the sentences.

    dim=0 is the batch. Each query has one share to spend over the keys of its own sentence:
    dim=-1.
    """
    return careful(divided(x @ w_query, x @ w_key), rows(mask), dim=0) @ (x @ w_value)


@task.mistake
def no_softmax(x, w_query, w_key, w_value, mask=None):
    """You used the scores as shares.

    They sum to anything, and some are negative. The function from task 2 has the softmax, if you
    call it.
    """
    scores = divided(x @ w_query, x @ w_key)
    return (scores if mask is None else scores.masked_fill(~rows(mask), 0.0)) @ (x @ w_value)


# What comes back


@task.mistake
def words_added(x, w_query, w_key, w_value, mask=None):
    """You added the words to the output.

    That is a residual, and lesson 04 will want one around the whole. Here the output is the average
    of the values and nothing else.
    """
    output = careful(divided(x @ w_query, x @ w_key), rows(mask)) @ (x @ w_value)
    return output + x


@task.mistake
def pair_returned(x, w_query, w_key, w_value, mask=None):
    """You returned the pair.

    The function from task 2 returns output and weights. This task wants the output alone:
    output, _ = …
    """
    weights = careful(divided(x @ w_query, x @ w_key), rows(mask))
    return weights @ (x @ w_value), weights


@task.mistake
def weights_returned(x, w_query, w_key, w_value, mask=None):
    """You returned the weights.

    They are the second of the pair that the function from task 2 returns. The output is the first.
    """
    return careful(divided(x @ w_query, x @ w_key), rows(mask))


@task.mistake
def first_sentence_alone(x, w_query, w_key, w_value, mask=None):
    """You returned the first sentence alone.

    A return inside a loop ends it after the first round, and [0] behind a result that is no pair
    takes the first of the batch. All sentences are wanted: [batch, n, d_value].
    """
    return (careful(divided(x @ w_query, x @ w_key), rows(mask)) @ (x @ w_value))[0]


@task.mistake
def one_long_sentence(x, w_query, w_key, w_value, mask=None):
    """Your sentences hear each other.

    You laid the batch end to end, and now it is one long sentence. Keep the batch axis: @ and
    softmax leave it alone.
    """
    flat = x.flatten(0, 1)
    seen = None if mask is None else mask.flatten()[None]
    output = careful(divided(flat @ w_query, flat @ w_key), seen) @ (flat @ w_value)
    return output.unflatten(0, x.shape[:2])


# The mask


@task.mistake
def mask_ignored(x, w_query, w_key, w_value, mask=None):
    """You never look at the mask.

    Everything is right as long as there are no pads. Hand the mask on to the attention, as
    [batch, 1, n].
    """
    return self_attention(x, w_query, w_key, w_value)


@task.mistake
def mask_as_it_was(x, w_query, w_key, w_value, mask=None):
    """Your mask went in as it was.

    It is [batch, n] and the weights are [batch, n, n], so torch lines its rows up with the queries:
    sentence 2's mask now serves word 2 of every sentence. It fits, by luck, when there are as many
    sentences as words. Put an axis in between: mask[:, None, :].
    """
    return careful(divided(x @ w_query, x @ w_key), mask) @ (x @ w_value)


@task.mistake
def mask_for_heads(x, w_query, w_key, w_value, mask=None):
    """Your mask has an axis for heads.

    [batch, 1, 1, n] fits weights of [batch, heads, n, n], and there are no heads yet. One axis in
    the middle is enough: mask[:, None, :].
    """
    mask = None if mask is None else mask[:, None, None, :]
    return careful(divided(x @ w_query, x @ w_key), mask) @ (x @ w_value)


@in_every_hand(task)
def mask_hides_askers(x, w_query, w_key, w_value, mask=None, weigh=careful):
    """Your mask hides the askers.

    With mask[:, :, None] on the scores, or on the output, the pads may not ask, and everybody may
    still look at them. It is the keys, the last axis of the weights, that must be hidden:
    mask[:, None, :].
    """
    mask = None if mask is None else mask[:, :, None]
    return weigh(divided(x @ w_query, x @ w_key), mask) @ (x @ w_value)


@task.mistake
def mask_hides_both(x, w_query, w_key, w_value, mask=None):
    """Your pads do not ask.

    Nobody looks at the pads, as it should be. But the task lets them ask like everybody else, and
    their rows are averages, too: nobody will listen to them. mask[:, None, :] is enough.
    """
    mask = None if mask is None else mask[:, None, :] & mask[:, :, None]
    return careful(divided(x @ w_query, x @ w_key), mask) @ (x @ w_value)


@task.mistake
def nobody_looks_ahead(x, w_query, w_key, w_value, mask=None):
    """Your words do not look ahead.

    That is the decoder's mask, of lesson 05. Here everybody looks at all the words.
    """
    past = torch.ones(x.shape[1], x.shape[1], dtype=torch.bool).tril()
    seen = past if mask is None else past & rows(mask)
    return careful(divided(x @ w_query, x @ w_key), seen) @ (x @ w_value)


@task.mistake
def pads_emptied_first(x, w_query, w_key, w_value, mask=None):
    """You emptied the pads and let them be looked at.

    A pad of zeros has a score of zero, and e⁰ = 1 is a share like another. The attention has to
    know about the mask: mask[:, None, :].
    """
    return self_attention(x if mask is None else x * mask[:, :, None], w_query, w_key, w_value)


@task.mistake
def values_of_pads_emptied(x, w_query, w_key, w_value, mask=None):
    """You emptied the pads' values and let them be looked at.

    What they say is nothing now, but they still get shares, which the words then lack. The scores
    of pads must be hidden before the softmax: mask[:, None, :].
    """
    weights = torch.softmax(divided(x @ w_query, x @ w_key), dim=-1)
    return (weights if mask is None else weights * rows(mask)) @ (x @ w_value)


@in_every_hand(task)
def mask_inside_out(x, w_query, w_key, w_value, mask=None, weigh=careful):
    """Your mask is inside out.

    True stands for a word that may be looked at. You hide the words and look at the pads.
    """
    mask = None if mask is None else ~mask
    return weigh(divided(x @ w_query, x @ w_key), rows(mask)) @ (x @ w_value)


@task.mistake
def empty_sentence_gets_nan(x, w_query, w_key, w_value, mask=None):
    """The empty sentence gives NaN.

    All else is right. With every score at −∞ the softmax divides 0 by 0; the weights should be zero
    there. The function from task 2 sees to that, if you call it.
    """
    return bare(divided(x @ w_query, x @ w_key), rows(mask)) @ (x @ w_value)


@task.mistake
def empty_sentence_hears_pads(x, w_query, w_key, w_value, mask=None):
    """The empty sentence looks at its pads.

    All else is right. But −10⁹ for every key is a draw, so the pads get equal shares. The weights
    should be zero there. The function from task 2 sees to that, if you call it.
    """
    return very_negative(divided(x @ w_query, x @ w_key), rows(mask)) @ (x @ w_value)
