"""Ask in German, be answered from the English."""

import math
from collections.abc import Callable, Iterator

import torch
import torch.nn.functional as F
from torch import Tensor

from course_utils.checks.task import Case, Task
from course_utils.exercises.lesson_05.common import _normal

task = Task(
    "05.cross_attention",
    "Ask in German, be answered from the English",
    section="Asking the English",
    dimensions=("batch", "n", "d_value"),
    gradient=True,
    hints=[
        "Who needs an answer? They make the queries. Who has one? They make keys and values.",
        "query = x @ w_query, key = context @ w_key, value = context @ w_value; the scores are "
        "[batch, n, n_context].",
        "context_mask[:, None, :] fits the scores. Where it is False they become −∞, and then "
        "comes the softmax over dim=-1. No triangle.",
    ],
    praise="Right. Four English words or four hundred: n answers, as many as were asked for.",
)


@task.answer
def cross_attention(x, context, w_query, w_key, w_value, context_mask=None):
    ### BEGIN SOLUTION
    query, key, value = x @ w_query, context @ w_key, context @ w_value
    scores = query @ key.transpose(-2, -1) / math.sqrt(query.shape[-1])
    if context_mask is not None:
        scores = scores.masked_fill(~context_mask[:, None, :], -math.inf)
    return torch.softmax(scores, dim=-1) @ value
    ### END SOLUTION


@task.cases
def cases(seed: int) -> Iterator[Case]:
    generator = torch.Generator().manual_seed(seed)

    def inputs(batch: int, n: int, n_context: int, d_model: int, d_head: int, d_value: int):
        return (
            _normal(generator, batch, n, d_model),
            _normal(generator, batch, n_context, d_model),
            _normal(generator, d_model, d_head),
            _normal(generator, d_model, d_head),
            _normal(generator, d_model, d_value),
        )

    yield Case("5 German tokens, 4 English ones", inputs(1, 5, 4, 6, 3, 7))
    yield Case("3 German tokens, 6 English ones", inputs(2, 3, 6, 5, 4, 2))
    yield Case("as many German tokens as English ones", inputs(2, 4, 4, 6, 3, 5))
    real = torch.tensor([[1, 1, 1, 1, 0, 0], [1, 1, 1, 1, 1, 1]]).bool()
    yield Case("pads in the English", (*inputs(2, 3, 6, 5, 4, 2), real))
    real = torch.tensor([[1, 1, 0, 0], [1, 1, 1, 1], [1, 0, 0, 0]]).bool()
    yield Case(
        "pads in the English, as many tokens on both sides", (*inputs(3, 4, 4, 6, 2, 5), real)
    )


@task.also_right
def cross_attention_with_sdpa(x, context, w_query, w_key, w_value, context_mask=None):
    mask = None if context_mask is None else context_mask[:, None, :]
    return F.scaled_dot_product_attention(
        x @ w_query, context @ w_key, context @ w_value, attn_mask=mask
    )


@task.also_right
def cross_attention_word_by_word(x, context, w_query, w_key, w_value, context_mask=None):
    answers = []
    for sentence in range(len(x)):
        heard = context[sentence]
        if context_mask is not None:
            heard = heard[context_mask[sentence]]  # pads never enter the room
        keys, values = heard @ w_key, heard @ w_value
        for word in x[sentence]:
            scores = keys @ (word @ w_query) / w_query.shape[1] ** 0.5
            answers.append(torch.softmax(scores, dim=0) @ values)
    return torch.stack(answers).unflatten(0, x.shape[:2])


@task.also_right
def cross_attention_by_einsum(x, context, w_query, w_key, w_value, context_mask=None):
    scores = torch.einsum("bqd,dh,eh,bke->bqk", x, w_query, w_key, context)
    scores = scores / w_key.shape[-1] ** 0.5
    if context_mask is not None:
        scores = torch.where(context_mask[:, None], scores, torch.tensor(-1e9))
    return torch.einsum("bqk,bkd,dv->bqv", scores.softmax(-1), context, w_value)


def asked_of(who: str, of_whom: str, what: str) -> Callable:
    """Queries, keys and values each from "x" or "context", and the mask on the keys."""

    def attention(x, context, w_query, w_key, w_value, context_mask=None):
        sides = {"x": x, "context": context}
        query, key, value = sides[who] @ w_query, sides[of_whom] @ w_key, sides[what] @ w_value
        return F.scaled_dot_product_attention(query, key, value, attn_mask=_keys(context_mask))

    return attention


def asked_without_mask(who: str, of_whom: str, what: str) -> Callable:
    attention = asked_of(who, of_whom, what)

    def unmasked(x, context, w_query, w_key, w_value, context_mask=None):
        return attention(x, context, w_query, w_key, w_value)

    return unmasked


def _keys(context_mask: Tensor | None) -> Tensor | None:
    return None if context_mask is None else context_mask[:, None, :]


def weighed_by(weigh: Callable) -> Callable:
    """Sides and scores are right; `weigh(scores, context_mask)` makes weights of the scores."""

    def attention(x, context, w_query, w_key, w_value, context_mask=None):
        query, key, value = x @ w_query, context @ w_key, context @ w_value
        scores = query @ key.mT / math.sqrt(query.shape[-1])
        return weigh(scores, context_mask) @ value

    return attention


def scaled_by(root: Callable) -> Callable:
    """The right root undone, and `root(x, context, w_query)` taken."""

    def attention(x, context, w_query, w_key, w_value, context_mask=None):
        query = x @ w_query * math.sqrt(w_query.shape[1]) / root(x, context, w_query)
        mask = _keys(context_mask)
        return F.scaled_dot_product_attention(query, context @ w_key, context @ w_value, mask)

    return attention


def hidden(scores: Tensor, mask: Tensor | None) -> Tensor:
    return scores if mask is None else scores.masked_fill(~mask, -math.inf)


def mask_on_the_askers(scores, context_mask):
    mask = None if context_mask is None else context_mask[:, :, None]
    return hidden(scores, mask).softmax(-1)


def mask_inside_out(scores, context_mask):
    return hidden(scores, None if context_mask is None else ~context_mask[:, None, :]).softmax(-1)


def mask_after_softmax(scores, context_mask):
    weights = scores.softmax(-1)
    return weights if context_mask is None else weights * context_mask[:, None, :]


def mask_multiplied(scores, context_mask):
    return (scores if context_mask is None else scores * context_mask[:, None, :]).softmax(-1)


def with_a_triangle(scores, context_mask):
    past = torch.ones_like(scores[0]).bool().tril()
    return hidden(hidden(scores, past), _keys(context_mask)).softmax(-1)


def softmax_over_the_askers(scores, context_mask):
    return hidden(scores, _keys(context_mask)).softmax(-2)


SIDES_SWAPPED = (
    "Who asks decides how many answers there are, and the answers are for the German side: one "
    "for each of its n tokens. So the query comes from x, key and value from context."
)


@task.mistake
def swapped_sides(x, context, w_query, w_key, w_value, context_mask=None):
    """You swapped the sides.

    Who asks decides how many answers there are, and the answers are for the German side: one for
    each of its n tokens. So the query comes from x, key and value from context. (And the mask had
    no place left to go.)
    """
    return asked_without_mask("context", "x", "x")(
        x, context, w_query, w_key, w_value, context_mask
    )


@task.mistake
def english_asks_german(x, context, w_query, w_key, w_value, context_mask=None):
    """You swapped the sides.

    Who asks decides how many answers there are, and the answers are for the German side: one for
    each of its n tokens. So the query comes from x, key and value from context.
    """
    return asked_of("context", "x", "x")(x, context, w_query, w_key, w_value, context_mask)


@task.mistake
def x_talks_itself(x, context, w_query, w_key, w_value, context_mask=None):
    """X talks to itself.

    That is self-attention, the decoder's first half. Not a word of the English comes in: key and
    value belong to context.
    """
    return asked_without_mask("x", "x", "x")(x, context, w_query, w_key, w_value, context_mask)


@task.mistake
def x_talks_itself_under_mask(x, context, w_query, w_key, w_value, context_mask=None):
    """X talks to itself, under the mask of the English.

    That is self-attention. Key and value come from context, whose mask it is, too.
    """
    return asked_of("x", "x", "x")(x, context, w_query, w_key, w_value, context_mask)


@task.mistake
def english_talks_itself(x, context, w_query, w_key, w_value, context_mask=None):
    """The English talks to itself.

    That is what the encoder did. Now somebody from the German side asks: the query comes from x.
    """
    return asked_of("context", "context", "context")(
        x, context, w_query, w_key, w_value, context_mask
    )


@task.mistake
def values_come_from_x(x, context, w_query, w_key, w_value, context_mask=None):
    """Your values come from x.

    You ask the English who is interesting, and then hand out German. Key and value belong together:
    what stands on the door and what is behind it.
    """
    return asked_of("x", "context", "x")(x, context, w_query, w_key, w_value, context_mask)


@task.mistake
def keys_come_from_x(x, context, w_query, w_key, w_value, context_mask=None):
    """Your keys come from x.

    The scores compare German with German and then open English doors. Key and value belong
    together, and both come from context.
    """
    return asked_of("x", "x", "context")(x, context, w_query, w_key, w_value, context_mask)


@task.mistake
def never_look_mask(x, context, w_query, w_key, w_value, context_mask=None):
    """You never look at the mask.

    Right as long as the English has no pads. Where context_mask is False, the score should be −∞
    before the softmax.
    """
    return asked_without_mask("x", "context", "context")(
        x, context, w_query, w_key, w_value, context_mask
    )


@task.mistake
def mask_hides_askers(x, context, w_query, w_key, w_value, context_mask=None):
    """Your mask hides askers.

    context_mask speaks of the English tokens, and those are asked: they are the columns of the
    scores, context_mask[:, None, :]. On the rows it only fits by luck, and makes NaN.
    """
    return weighed_by(mask_on_the_askers)(x, context, w_query, w_key, w_value, context_mask)


@task.mistake
def pads_are_asked(x, context, w_query, w_key, w_value, context_mask=None):
    """Your mask is inside out.

    You hide the real tokens and listen to the pads. True means: may be looked at. masked_fill fills
    where it is given True, so it wants ~mask.
    """
    return weighed_by(mask_inside_out)(x, context, w_query, w_key, w_value, context_mask)


@task.mistake
def mask_comes_after_softmax(x, context, w_query, w_key, w_value, context_mask=None):
    """Your mask comes after the softmax.

    The pads had taken their shares by then. Hide the scores (−∞) first, and let the softmax share
    out the rest.
    """
    return weighed_by(mask_after_softmax)(x, context, w_query, w_key, w_value, context_mask)


@task.mistake
def gave_pads_score_zero(x, context, w_query, w_key, w_value, context_mask=None):
    """You gave the pads a score of zero.

    Zero is not a low score: e⁰ = 1 is a share like another. The score whose e-to-the is zero is −∞.
    """
    return weighed_by(mask_multiplied)(x, context, w_query, w_key, w_value, context_mask)


@task.mistake
def hid_future_english(x, context, w_query, w_key, w_value, context_mask=None):
    """You hid the future of the English.

    The English sentence is finished; it has no future to hide. The first German word may well be
    the last English one. The triangle belongs to the decoder's self-attention alone.
    """
    return weighed_by(with_a_triangle)(x, context, w_query, w_key, w_value, context_mask)


@task.mistake
def softmax_runs_down_columns(x, context, w_query, w_key, w_value, context_mask=None):
    """Your softmax runs down the columns.

    Then the German tokens compete for each English one. A query spends its one share over the keys:
    dim=-1.
    """
    return weighed_by(softmax_over_the_askers)(x, context, w_query, w_key, w_value, context_mask)


@task.mistake
def forgot_root(x, context, w_query, w_key, w_value, context_mask=None):
    """You forgot the root.

    Lesson 03 again: divide the scores by the root of d_head, which is query.shape[-1].
    """
    return scaled_by(lambda x, context, w_query: 1.0)(
        x, context, w_query, w_key, w_value, context_mask
    )


@task.mistake
def took_root_dmodel(x, context, w_query, w_key, w_value, context_mask=None):
    """You took the root of d_model.

    A score is a sum over the numbers of a query, and those are d_head: query.shape[-1], after the
    table.
    """
    return scaled_by(lambda x, context, w_query: math.sqrt(x.shape[-1]))(
        x, context, w_query, w_key, w_value, context_mask
    )


@task.mistake
def divided_dhead_not_root(x, context, w_query, w_key, w_value, context_mask=None):
    """You divided by d_head, and not by its root.

    A sum of d_head coin tosses is √d_head large (lesson 03). That is what is to be undone.
    """
    return scaled_by(lambda x, context, w_query: w_query.shape[1])(
        x, context, w_query, w_key, w_value, context_mask
    )


@task.mistake
def weights_alone(x, context, w_query, w_key, w_value, context_mask=None):
    """You returned the weights.

    They are right, and say who listens to whom. What is wanted is what was heard: weights @ value.
    """
    scores = x @ w_query @ (context @ w_key).mT / math.sqrt(w_query.shape[1])
    return hidden(scores, _keys(context_mask)).softmax(-1)
