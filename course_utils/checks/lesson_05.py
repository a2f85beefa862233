"""Lesson 05, the decoder: its four tasks, and the ways in which people get them wrong.

Hardly any of these mistakes raises an error. A mask that is one place off trains to a splendid loss
and writes rubbish; targets that are not shifted do the same; a decoder that never asks its encoder
writes good sentences about something else.
"""

import math
from collections.abc import Callable, Iterator

import torch
import torch.nn.functional as F
from torch import Tensor, nn

from course_utils.checks._old import Case, Misconception, Task


def _normal(generator: torch.Generator, *shape: int) -> Tensor:
    return torch.randn(*shape, generator=generator)


# ---- 05.causal_mask ------------------------------------------------------------------------------


def causal_mask(real: Tensor) -> Tensor:
    """Bool[batch, n, n], row = who looks, column = at whom: nobody after you, and no pad.

    `real` is Bool[batch, n], True at tokens and False at pads.
    """
    n = real.shape[1]
    past = torch.ones(n, n, dtype=torch.bool).tril()
    return past & real[:, None, :]


def causal_mask_cases(seed: int) -> Iterator[Case]:
    yield Case("one sentence of 4 tokens", (torch.ones(1, 4).bool(),))
    lengths = torch.tensor([[5], [3], [1]])
    yield Case("5, 3 and 1 tokens, pads behind", (torch.arange(5) < lengths,))
    yield Case("4 and 2 tokens, pads in front", (torch.arange(4) >= 4 - torch.tensor([[4], [2]]),))
    generator = torch.Generator().manual_seed(seed)
    lengths = torch.randint(1, 7, (4, 1), generator=generator)
    yield Case("four sentences", (torch.arange(6) < lengths,))


def causal_mask_with_loops(real):
    return torch.tensor(
        [
            [[j <= i and bool(row[j]) for j in range(len(row))] for i in range(len(row))]
            for row in real
        ]
    )


def causal_mask_by_places(real):
    places = torch.arange(real.shape[1])
    return (places[None, :] <= places[:, None])[None] & real.unsqueeze(1)


def _triangle(real: Tensor, diagonal: int = 0) -> Tensor:
    """[batch, n, n]: the past, and the padding forgotten."""
    return torch.ones(len(real), real.shape[1], real.shape[1]).bool().tril(diagonal)


CAUSAL_MASK = [
    Misconception(
        "one place too many",
        lambda real: _triangle(real, 1) & real[:, None, :],
        "Each place also sees the one after it, and that is the very token that it is asked for. "
        "The loss goes to nearly nothing and the model can't write a word. The diagonal is the "
        "last that may be seen: tril(), without a number.",
    ),
    Misconception(
        "one place too few",
        lambda real: _triangle(real, -1) & real[:, None, :],
        "Nobody sees itself. What stands at a place is no secret there: it went in, and the next "
        "token is what must come out. And the first place would have nobody at all to look at.",
    ),
    Misconception(
        "your triangle is turned on its side",
        lambda real: _triangle(real).mT & real[:, None, :],
        "Rows are who looks, columns at whom. In yours each place sees itself and everything "
        "behind it: the future without the past. The lower triangle is wanted, tril.",
    ),
    Misconception(
        "your triangle is inside out",
        lambda real: ~_triangle(real) & real[:, None, :],
        "True stands at the future. In this course True means: may be looked at. "
        "(torch.nn.Transformer has it your way, which has cost many an afternoon.)",
    ),
    Misconception(
        "your mask is inside out",
        lambda real: ~(_triangle(real) & real[:, None, :]),
        "Every True should be False, every False True. Here True means: may be looked at. "
        "(torch.nn.Transformer's masks are the other way round.)",
    ),
    Misconception(
        "your triangle got lost where the pads came in",
        lambda real: real[:, None, :].expand(-1, real.shape[1], -1),
        "Pads are hidden, and the future stands wide open. Both must hold: past & real.",
    ),
    Misconception(
        "you forgot the pads",
        _triangle,
        "The triangle is right. But look at pads in front of a sentence: all its tokens come after "
        "them, and so may look at them. A key must be real as well: & real[:, None, :].",
    ),
    Misconception(
        "you made one triangle for all",
        lambda real: _triangle(real)[0],
        "[n, n] knows nothing of pads, and those are other ones in each sentence. "
        "real[:, None, :] is [batch, 1, n]; put together with [n, n] it makes [batch, n, n].",
    ),
    Misconception(
        "you hid the rows of the pads, not their columns",
        lambda real: _triangle(real) & real[:, :, None],
        "Rows are who looks. A pad may look as much as it likes, nobody reads what it finds; it "
        "must not be looked at. That is the column: real[:, None, :].",
    ),
    Misconception(
        "you hid the rows of the pads, too",
        lambda real: _triangle(real) & real[:, None, :] & real[:, :, None],
        "Pads are not looked at, which is right. But a row of nothing but False is a softmax over "
        "nothing: NaN, where nobody has provided for it. Let pads look; nobody reads what they "
        "find.",
    ),
    Misconception(
        "one of the two is enough for you",
        lambda real: _triangle(real) | real[:, None, :],
        "With `or`, whatever is real may be seen, future or not. Both must hold: &.",
    ),
    Misconception(
        "your mask is made of numbers",
        lambda real: (_triangle(real) & real[:, None, :]).float(),
        "Ones and zeros in the right places. But masked_fill and ~ want True and False, and SDPA "
        "would *add* your ones to the scores. Make it boolean: .bool().",
    ),
    Misconception(
        "you made the matrix that is added to the scores",
        lambda real: torch.zeros(len(real), real.shape[1], real.shape[1]).masked_fill(
            ~(_triangle(real) & real[:, None, :]), -math.inf
        ),
        "0 and −∞ in the right places: that is how the mask is told in many texts, and it works. "
        "Here it should say who may look, True or False; −∞ comes in later.",
    ),
]

# ---- 05.teacher_forcing --------------------------------------------------------------------------


def teacher_forcing(
    sentences: list[list[int]], bos: int, eos: int, pad: int
) -> tuple[Tensor, Tensor]:
    """What goes into the decoder and what must come out, both [batch, longest + 1]."""
    width = max(len(ids) for ids in sentences) + 1
    goes_in = [[bos, *ids] + [pad] * (width - len(ids) - 1) for ids in sentences]
    comes_out = [[*ids, eos] + [pad] * (width - len(ids) - 1) for ids in sentences]
    return torch.tensor(goes_in), torch.tensor(comes_out)


def teacher_forcing_cases(seed: int) -> Iterator[Case]:
    tom = [3, 4, 5, 6]
    yield Case("Tom trinkt kalten Kaffee", ([tom], 1, 2, 0))
    yield Case("4 and 2 tokens, pads behind", ([tom, [3, 4]], 1, 2, 0))
    generator = torch.Generator().manual_seed(seed)
    lengths = [3, 1, 5]
    sentences = [torch.randint(4, 50, (n,), generator=generator).tolist() for n in lengths]
    yield Case("three sentences, other special numbers", (sentences, 2, 3, 1))


def where_it_counts(answer: Callable, sentences: list[list[int]], bos: int, eos: int, pad: int):
    """The answer's pair. What goes in where a pad must come out is nobody's business.

    Many codes cut both from one rectangle, "bos ids eos pads", and so put eos in there.
    """
    result = answer(sentences, bos, eos, pad)
    match result:
        case (Tensor() as goes_in, Tensor() as comes_out) if goes_in.shape == comes_out.shape:
            return goes_in.masked_fill(comes_out == pad, pad), comes_out
    return result


def _rows(rows: list[list[int]], pad: int) -> Tensor:
    width = max(map(len, rows))
    return torch.tensor([row + [pad] * (width - len(row)) for row in rows])


def cut_from_one_rectangle(sentences, bos, eos, pad):
    whole = _rows([[bos, *ids, eos] for ids in sentences], pad)
    return whole[:, :-1], whole[:, 1:]


def filled_step_by_step(sentences, bos, eos, pad):
    shape = len(sentences), max(map(len, sentences)) + 1
    goes_in, comes_out = torch.full(shape, pad), torch.full(shape, pad)
    for row, ids in enumerate(sentences):
        goes_in[row, 0], comes_out[row, len(ids)] = bos, eos
        for place, token in enumerate(ids):
            goes_in[row, place + 1] = comes_out[row, place] = token
    return goes_in, comes_out


def pair_of(goes_in: Callable, comes_out: Callable) -> Callable:
    """Both sides made row by row: each is a function of (ids, bos, eos)."""

    def pair(sentences, bos, eos, pad):
        sides = [[side(ids, bos, eos) for ids in sentences] for side in (goes_in, comes_out)]
        width = max(len(row) for side in sides for row in side)
        return tuple(
            torch.tensor([row + [pad] * (width - len(row)) for row in side]) for side in sides
        )

    return pair


def eos_behind_the_pads(sentences, bos, eos, pad):
    padded = _rows(sentences, pad)
    starts, ends = (torch.full((len(padded), 1), token) for token in (bos, eos))
    return torch.cat([starts, padded], dim=1), torch.cat([padded, ends], dim=1)


def rolled(sentences, bos, eos, pad):
    goes_in = _rows([[bos, *ids] for ids in sentences], pad)
    return goes_in, goes_in.roll(-1, dims=1)


def rolled_with_eos(sentences, bos, eos, pad):
    goes_in = _rows([[bos, *ids, eos] for ids in sentences], pad)
    return goes_in, goes_in.roll(-1, dims=1)


def pads_in_front(sentences, bos, eos, pad):
    goes_in = _rows([[*reversed(ids), bos] for ids in sentences], pad).flip(1)
    comes_out = _rows([[eos, *reversed(ids)] for ids in sentences], pad).flip(1)
    return goes_in, comes_out


NOT_SHIFTED = (
    "At each place the token that must come out is the one that went in there, so repeating it is "
    "the whole art. The loss goes to zero, and the model is a parrot. "
)

TEACHER_FORCING = [
    Misconception(
        "your targets are not shifted",
        pair_of(lambda ids, bos, eos: [bos, *ids], lambda ids, bos, eos: [bos, *ids]),
        NOT_SHIFTED + "What goes in is [bos, *ids]; what must come out is [*ids, eos].",
    ),
    Misconception(
        "your targets are not shifted, bos and eos and all",
        pair_of(lambda ids, bos, eos: [bos, *ids, eos], lambda ids, bos, eos: [bos, *ids, eos]),
        NOT_SHIFTED + "Leave eos out of what goes in, and bos out of what must come out.",
    ),
    Misconception(
        "your targets are not shifted, because bos is missing",
        pair_of(lambda ids, bos, eos: ids, lambda ids, bos, eos: [*ids, eos]),
        NOT_SHIFTED + "It is bos in front that moves what goes in one place to the right.",
    ),
    Misconception(
        "you shifted the wrong way",
        pair_of(lambda ids, bos, eos: [*ids, eos], lambda ids, bos, eos: [bos, *ids]),
        "Each place is asked for the token *before* the one that went in, and that one lies on the "
        "table already. What goes in moves to the right, [bos, *ids], and comes first in the pair; "
        "[*ids, eos] must come out.",
    ),
    Misconception(
        "you forgot bos",
        pair_of(lambda ids, bos, eos: ids, lambda ids, bos, eos: [*ids[1:], eos]),
        "Each token is followed by the right one, but nobody is ever asked for the first. When it "
        "has to speak, it has nothing yet to speak on from. bos is there so that there is a place "
        "in front of the first token.",
    ),
    Misconception(
        "nobody is ever asked for eos",
        pair_of(lambda ids, bos, eos: [bos, *ids], lambda ids, bos, eos: ids),
        "The last token goes in, and a pad must come out: that place is not counted, so it never "
        "learns to stop. What must come out is [*ids, eos].",
    ),
    Misconception(
        "nobody is ever asked for eos, and the last token never goes in",
        pair_of(lambda ids, bos, eos: [bos, *ids[:-1]], lambda ids, bos, eos: ids),
        "The shift is right, and then both stop one place too early. After the last token comes "
        "eos, and that is a thing to be learned: without it, it speaks till you pull the plug.",
    ),
    Misconception(
        "you shifted twice",
        pair_of(lambda ids, bos, eos: [bos, *ids], lambda ids, bos, eos: [*ids[1:], eos]),
        "bos in front has moved what goes in already. Dropping the first token of what must come "
        "out moves it once more, and it learns to skip every other word.",
    ),
    Misconception(
        "your eos stands behind the pads",
        eos_behind_the_pads,
        "After “Tom trinkt” of a wider rectangle come pads and then the end. It should come right "
        "behind the last token: append eos first, and pad then.",
    ),
    Misconception(
        "your targets go round in a circle",
        rolled,
        "roll brings what falls off in front back in at the end, so after the last token it must "
        "say bos and begin again. There belongs eos.",
    ),
    Misconception(
        "your targets go round in a circle, after eos",
        rolled_with_eos,
        "Up to eos it is right. But roll brings bos back in at the end, so that after the end the "
        "beginning must come out. Cut instead: whole[:, :-1] goes in, whole[:, 1:] comes out.",
    ),
    Misconception(
        "you have a column to spare",
        pair_of(lambda ids, bos, eos: [bos, *ids, eos], lambda ids, bos, eos: [*ids, eos]),
        "All is right, and in the last column every sentence must say a pad. Nothing comes after "
        "eos, so there is no need to put it in: longest + 1 columns are enough.",
    ),
    Misconception(
        "your pads come first",
        pads_in_front,
        "The tokens are right and stand at the wrong end. Here the pads come behind.",
    ),
]

# ---- 05.cross_attention --------------------------------------------------------------------------


def cross_attention(
    x: Tensor,
    context: Tensor,
    w_query: Tensor,
    w_key: Tensor,
    w_value: Tensor,
    context_mask: Tensor | None = None,
) -> Tensor:
    """One head that asks in `x` and is answered from `context` (Vaswani et al. 2017, 3.2.3).

    x [batch, n, d_model], context [batch, n_context, d_model], tables [d_model, d_head or d_value],
    context_mask Bool[batch, n_context], True = real; result [batch, n, d_value].
    """
    query, key, value = x @ w_query, context @ w_key, context @ w_value
    scores = query @ key.transpose(-2, -1) / math.sqrt(query.shape[-1])
    if context_mask is not None:
        scores = scores.masked_fill(~context_mask[:, None, :], -math.inf)
    return torch.softmax(scores, dim=-1) @ value


def cross_attention_cases(seed: int) -> Iterator[Case]:
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


def cross_attention_with_sdpa(x, context, w_query, w_key, w_value, context_mask=None):
    mask = None if context_mask is None else context_mask[:, None, :]
    return F.scaled_dot_product_attention(
        x @ w_query, context @ w_key, context @ w_value, attn_mask=mask
    )


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


def weights_alone(x, context, w_query, w_key, w_value, context_mask=None):
    scores = x @ w_query @ (context @ w_key).mT / math.sqrt(w_query.shape[1])
    return hidden(scores, _keys(context_mask)).softmax(-1)


SIDES_SWAPPED = (
    "Who asks decides how many answers there are, and the answers are for the German side: one "
    "for each of its n tokens. So the query comes from x, key and value from context."
)

CROSS_ATTENTION = [
    Misconception(
        "you swapped the sides",
        asked_without_mask("context", "x", "x"),
        SIDES_SWAPPED + " (And the mask had no place left to go.)",
    ),
    Misconception("you swapped the sides", asked_of("context", "x", "x"), SIDES_SWAPPED),
    Misconception(
        "x talks to itself",
        asked_without_mask("x", "x", "x"),
        "That is self-attention, the decoder's first half. Not a word of the English comes in: key "
        "and value belong to context.",
    ),
    Misconception(
        "x talks to itself, under the mask of the English",
        asked_of("x", "x", "x"),
        "That is self-attention. Key and value come from context, whose mask it is, too.",
    ),
    Misconception(
        "the English talks to itself",
        asked_of("context", "context", "context"),
        "That is what the encoder did. Now somebody from the German side asks: the query comes "
        "from x.",
    ),
    Misconception(
        "your values come from x",
        asked_of("x", "context", "x"),
        "You ask the English who is interesting, and then hand out German. Key and value belong "
        "together: what stands on the door and what is behind it.",
    ),
    Misconception(
        "your keys come from x",
        asked_of("x", "x", "context"),
        "The scores compare German with German and then open English doors. Key and value belong "
        "together, and both come from context.",
    ),
    Misconception(
        "you never look at the mask",
        asked_without_mask("x", "context", "context"),
        "Right as long as the English has no pads. Where context_mask is False, the score should "
        "be −∞ before the softmax.",
    ),
    Misconception(
        "your mask hides askers",
        weighed_by(mask_on_the_askers),
        "context_mask speaks of the English tokens, and those are asked: they are the columns of "
        "the scores, context_mask[:, None, :]. On the rows it only fits by luck, and makes NaN.",
    ),
    Misconception(
        "your mask is inside out",
        weighed_by(mask_inside_out),
        "You hide the real tokens and listen to the pads. True means: may be looked at. "
        "masked_fill fills where it is given True, so it wants ~mask.",
    ),
    Misconception(
        "your mask comes after the softmax",
        weighed_by(mask_after_softmax),
        "The pads had taken their shares by then. Hide the scores (−∞) first, and let the softmax "
        "share out the rest.",
    ),
    Misconception(
        "you gave the pads a score of zero",
        weighed_by(mask_multiplied),
        "Zero is not a low score: e⁰ = 1 is a share like another. The score whose e-to-the is zero "
        "is −∞.",
    ),
    Misconception(
        "you hid the future of the English",
        weighed_by(with_a_triangle),
        "The English sentence is finished; it has no future to hide. The first German word may "
        "well be the last English one. The triangle belongs to the decoder's self-attention alone.",
    ),
    Misconception(
        "your softmax runs down the columns",
        weighed_by(softmax_over_the_askers),
        "Then the German tokens compete for each English one. A query spends its one share over "
        "the keys: dim=-1.",
    ),
    Misconception(
        "you forgot the root",
        scaled_by(lambda x, context, w_query: 1.0),
        "Lesson 03 again: divide the scores by the root of d_head, which is query.shape[-1].",
    ),
    Misconception(
        "you took the root of d_model",
        scaled_by(lambda x, context, w_query: math.sqrt(x.shape[-1])),
        "A score is a sum over the numbers of a query, and those are d_head: query.shape[-1], "
        "after the table.",
    ),
    Misconception(
        "you divided by d_head, and not by its root",
        scaled_by(lambda x, context, w_query: w_query.shape[1]),
        "A sum of d_head coin tosses is √d_head large (lesson 03). That is what is to be undone.",
    ),
    Misconception(
        "you returned the weights",
        weights_alone,
        "They are right, and say who listens to whom. What is wanted is what was heard: weights "
        "@ value.",
    ),
]

# ---- 05.decoder_block ----------------------------------------------------------------------------


class DecoderBlock(nn.Module):
    """Pre-norm: each part gets x normalised, and what it finds is added to x."""

    def __init__(self, d_model, mixer, cross, ffn):
        super().__init__()
        self.mixer, self.cross, self.ffn = mixer, cross, ffn
        self.mixer_norm = nn.LayerNorm(d_model)
        self.cross_norm = nn.LayerNorm(d_model)
        self.ffn_norm = nn.LayerNorm(d_model)

    def forward(self, x, context, mask=None, context_mask=None):
        x = x + self.mixer(self.mixer_norm(x), mask)
        x = x + self.cross(self.cross_norm(x), context, context_mask)
        return x + self.ffn(self.ffn_norm(x))


def past_mean(x: Tensor, mask: Tensor | None) -> Tensor:
    """A causal mixer that is easy to see through: the mean of the real tokens so far."""
    weights = torch.ones(x.shape[1], x.shape[1]).tril().expand(len(x), -1, -1)
    if mask is not None:
        weights = weights * mask[:, None, :]
    return 1.5 * weights @ x / weights.sum(-1, keepdim=True).clamp(min=1)


def glance(x: Tensor, context: Tensor, context_mask: Tensor | None) -> Tensor:
    """Cross-attention without tables."""
    return 2 * F.scaled_dot_product_attention(x, context, context, attn_mask=_keys(context_mask))


def bend(x: Tensor) -> Tensor:
    return torch.tanh(2 * x) + 0.1


def decoder_block_cases(seed: int) -> Iterator[Case]:
    generator = torch.Generator().manual_seed(seed)

    def inputs(batch: int, n: int, n_context: int, d_model: int):
        x = 2 * _normal(generator, batch, n, d_model) + 1
        return x, 2 * _normal(generator, batch, n_context, d_model) - 1

    parts = past_mean, glance, bend
    yield Case("5 German tokens, 4 English ones", (*inputs(1, 5, 4, 6), None, None, *parts))
    yield Case("3 German tokens, 6 English ones", (*inputs(2, 3, 6, 4), None, None, *parts))
    german = torch.tensor([[1, 1, 1, 1], [0, 0, 1, 1]]).bool()
    english = torch.tensor([[1, 1, 0, 0], [1, 1, 1, 0]]).bool()
    yield Case("pads on both sides", (*inputs(2, 4, 4, 6), german, english, *parts))


def built_and_asked(cls: Callable, x, context, mask, context_mask, mixer, cross, ffn):
    """What the block makes of x, and how many numbers it learns.

    The norms are moved away from where they start: there, one would do for three.
    """
    d_model = x.shape[-1]
    block = cls(d_model, mixer, cross, ffn)
    if block is None:
        return None
    if not isinstance(block, nn.Module):
        raise TypeError(f"the block should be an nn.Module, got a {type(block).__name__}")
    with torch.no_grad():
        for norm in block.modules():
            if isinstance(norm, nn.LayerNorm) and norm.elementwise_affine:
                norm.weight.copy_(1 + 0.5 * torch.cos(torch.arange(d_model)))
                norm.bias.copy_(0.3 * torch.sin(torch.arange(d_model)))
    result = block(x, context, mask, context_mask)
    if result is None:
        return None
    return result, sum(parameter.numel() for parameter in block.parameters())


class StepByStep(nn.Module):
    def __init__(self, d_model, mixer, cross, ffn):
        super().__init__()
        self.norms = nn.ModuleList(nn.LayerNorm(d_model) for _ in range(3))
        self.parts = mixer, cross, ffn

    def forward(self, x, context, mask=None, context_mask=None):
        mixer, cross, ffn = self.parts
        heard = mixer(self.norms[0](x), mask)
        with_german = torch.add(x, heard)
        seen = cross(self.norms[1](with_german), context, context_mask)
        with_english = torch.add(with_german, seen)
        return torch.add(ffn(self.norms[2](with_english)), with_english)


def written(forward: Callable, n_norms: int = 3) -> type:
    """A block whose forward is `forward(block, x, context, mask, context_mask)`."""

    class Block(nn.Module):
        def __init__(self, d_model, mixer, cross, ffn):
            super().__init__()
            self.mixer, self.cross, self.ffn = mixer, cross, ffn
            self.norms = nn.ModuleList(nn.LayerNorm(d_model) for _ in range(n_norms))

        def forward(self, x, context, mask=None, context_mask=None):
            return forward(self, x, context, mask, context_mask)

    Block.__name__ = forward.__name__
    return Block


def post_norm(block, x, context, mask, context_mask):
    x = block.norms[0](x + block.mixer(x, mask))
    x = block.norms[1](x + block.cross(x, context, context_mask))
    return block.norms[2](x + block.ffn(x))


def without_residuals(block, x, context, mask, context_mask):
    x = block.mixer(block.norms[0](x), mask)
    x = block.cross(block.norms[1](x), context, context_mask)
    return block.ffn(block.norms[2](x))


def cross_without_residual(block, x, context, mask, context_mask):
    x = x + block.mixer(block.norms[0](x), mask)
    x = block.cross(block.norms[1](x), context, context_mask)
    return x + block.ffn(block.norms[2](x))


def ffn_without_residual(block, x, context, mask, context_mask):
    x = x + block.mixer(block.norms[0](x), mask)
    x = x + block.cross(block.norms[1](x), context, context_mask)
    return block.ffn(block.norms[2](x))


def normed_residuals(block, x, context, mask, context_mask):
    x = block.norms[0](x)
    x = x + block.mixer(x, mask)
    x = block.norms[1](x)
    x = x + block.cross(x, context, context_mask)
    x = block.norms[2](x)
    return x + block.ffn(x)


def cross_first(block, x, context, mask, context_mask):
    x = x + block.cross(block.norms[1](x), context, context_mask)
    x = x + block.mixer(block.norms[0](x), mask)
    return x + block.ffn(block.norms[2](x))


def cross_last(block, x, context, mask, context_mask):
    x = x + block.mixer(block.norms[0](x), mask)
    x = x + block.ffn(block.norms[2](x))
    return x + block.cross(block.norms[1](x), context, context_mask)


def self_attention_twice(block, x, context, mask, context_mask):
    x = x + block.mixer(block.norms[0](x), mask)
    x = x + block.mixer(block.norms[1](x), mask)
    return x + block.ffn(block.norms[2](x))


def cross_asks_itself(block, x, context, mask, context_mask):
    x = x + block.mixer(block.norms[0](x), mask)
    x = x + block.cross(block.norms[1](x), block.norms[1](x), mask)
    return x + block.ffn(block.norms[2](x))


def cross_swapped(block, x, context, mask, context_mask):
    x = x + block.mixer(block.norms[0](x), mask)
    x = x + block.cross(context, block.norms[1](x), context_mask)
    return x + block.ffn(block.norms[2](x))


def context_normed(block, x, context, mask, context_mask):
    x = x + block.mixer(block.norms[0](x), mask)
    x = x + block.cross(block.norms[1](x), block.norms[1](context), context_mask)
    return x + block.ffn(block.norms[2](x))


def side_by_side(block, x, context, mask, context_mask):
    heard = block.mixer(block.norms[0](x), mask)
    seen = block.cross(block.norms[1](x), context, context_mask)
    return x + heard + seen + block.ffn(block.norms[2](x))


def always_from_the_start(block, x, context, mask, context_mask):
    y = x + block.mixer(block.norms[0](x), mask)
    y = x + block.cross(block.norms[1](y), context, context_mask)
    return x + block.ffn(block.norms[2](y))


def masks_swapped(block, x, context, mask, context_mask):
    x = x + block.mixer(block.norms[0](x), context_mask)
    x = x + block.cross(block.norms[1](x), context, mask)
    return x + block.ffn(block.norms[2](x))


def masks_lost(block, x, context, mask, context_mask):
    return DecoderBlock.forward(_named(block), x, context)


def mask_lost(block, x, context, mask, context_mask):
    return DecoderBlock.forward(_named(block), x, context, None, context_mask)


def context_mask_lost(block, x, context, mask, context_mask):
    return DecoderBlock.forward(_named(block), x, context, mask, None)


def one_norm(block, x, context, mask, context_mask):
    return DecoderBlock.forward(_named(block), x, context, mask, context_mask)


def closing_norm(block, x, context, mask, context_mask):
    return block.norms[3](DecoderBlock.forward(_named(block), x, context, mask, context_mask))


def no_norm_before_cross(block, x, context, mask, context_mask):
    x = x + block.mixer(block.norms[0](x), mask)
    x = x + block.cross(x, context, context_mask)
    return x + block.ffn(block.norms[1](x))


def norms_behind_the_parts(block, x, context, mask, context_mask):
    x = x + block.norms[0](block.mixer(x, mask))
    x = x + block.norms[1](block.cross(x, context, context_mask))
    return x + block.norms[2](block.ffn(x))


def norms_that_learn_nothing(block, x, context, mask, context_mask):
    def norm(x):
        return F.layer_norm(x, x.shape[-1:])

    x = x + block.mixer(norm(x), mask)
    x = x + block.cross(norm(x), context, context_mask)
    return x + block.ffn(norm(x))


def _named(block: nn.Module) -> nn.Module:
    """The same block with its norms under the reference's names, for its forward."""
    block.mixer_norm, block.cross_norm, block.ffn_norm = (
        block.norms[min(i, len(block.norms) - 1)] for i in range(3)
    )
    return block


DECODER_BLOCK = [
    Misconception(
        "you wrote the post-norm block",
        written(post_norm),
        "That is the block of 2017, and the lesson's. Pre-norm normalises what goes into a part "
        "and leaves the sum alone: x + mixer(norm(x), mask).",
    ),
    Misconception(
        "the residuals are missing",
        written(without_residuals),
        "Each part replaces what was there. Add what it finds to what you had: x + …, three times.",
    ),
    Misconception(
        "the residual around cross-attention is missing",
        written(cross_without_residual),
        "After it a German token is nothing but a mixture of English ones, and has forgotten what "
        "was said. The English is a remark on x: x + cross(…).",
    ),
    Misconception(
        "the residual around the thinking is missing",
        written(ffn_without_residual),
        "The last line replaces everything by what the feed-forward layer made of it. x + ffn(…).",
    ),
    Misconception(
        "you added the normalised x",
        written(normed_residuals),
        "The road of the residual must stay free: x itself is added, and only what goes into the "
        "part is normalised.",
    ),
    Misconception(
        "it looks at the English first",
        written(cross_first),
        "First the German tokens hear what has been said so far, then they ask: the question "
        "depends on what was said.",
    ),
    Misconception(
        "it thinks before it asks",
        written(cross_last),
        "Listen, ask, think. The feed-forward layer comes last, so that there is something to "
        "think about.",
    ),
    Misconception(
        "you listen to the German twice",
        written(self_attention_twice),
        "The second part is not self-attention, whatever some drawings say. It is cross(…), and it "
        "is the only door through which the English comes in.",
    ),
    Misconception(
        "your cross-attention asks the German",
        written(cross_asks_itself),
        "You hand it x where it wants context, so the English never comes in: "
        "cross(norm(x), context, context_mask).",
    ),
    Misconception(
        "your cross-attention is the wrong way round",
        written(cross_swapped),
        "There the English asks the German. The first argument asks, the second is asked: "
        "cross(norm(x), context, context_mask).",
    ),
    Misconception(
        "you normalised the context",
        written(context_normed),
        "It comes finished from the encoder, which has a norm of its own at its end. Only x is "
        "normalised here.",
    ),
    Misconception(
        "two parts work side by side",
        written(side_by_side),
        "Both got the x of the beginning. The question to the English should know what the "
        "self-attention has heard: start each line from the sum of the line before.",
    ),
    Misconception(
        "every residual starts from the beginning",
        written(always_from_the_start),
        "What was found on the way gets lost: add each part's result to the x that went into that "
        "part, not to the first one.",
    ),
    Misconception(
        "the masks are swapped",
        written(masks_swapped),
        "mask speaks of the German tokens and belongs to the mixer; context_mask of the English "
        "ones and belongs to cross.",
    ),
    Misconception(
        "the masks get lost",
        written(masks_lost),
        "Everything is right as long as nobody pads. Hand them on: mixer(…, mask) and "
        "cross(…, context_mask).",
    ),
    Misconception(
        "the German mask gets lost",
        written(mask_lost),
        "cross gets its mask. The mixer wants one as well: mixer(norm(x), mask).",
    ),
    Misconception(
        "the English mask gets lost",
        written(context_mask_lost),
        "The mixer gets its mask. cross wants one as well: cross(norm(x), context, context_mask).",
    ),
    Misconception(
        "one norm does it all",
        written(one_norm, n_norms=1),
        "A new block can't tell, all norms start alike. A trained one can: each part wants its x "
        "stretched and shifted its own way. Three parts, three norms.",
    ),
    Misconception(
        "you closed the block with a norm",
        written(closing_norm, n_norms=4),
        "In a pre-norm stack that comes once, after the last block, and the stack does it. Inside, "
        "the sum runs on as it is.",
    ),
    Misconception(
        "cross-attention gets x as it is",
        written(no_norm_before_cross, n_norms=2),
        "Each of the three parts has a norm in front, the middle one too: cross(norm(x), …).",
    ),
    Misconception(
        "you normalised what comes out of the parts",
        written(norms_behind_the_parts),
        "Pre-norm means before: mixer(norm(x), mask), not norm(mixer(x, mask)).",
    ),
    Misconception(
        "your norms have nothing to learn",
        written(norms_that_learn_nothing, n_norms=0),
        "F.layer_norm alone neither stretches nor shifts. nn.LayerNorm(d_model) has a scale and a "
        "shift of its own: make three of them in __init__.",
    ),
]

# ---- the lesson ----------------------------------------------------------------------------------

TASKS = [
    Task(
        id="05.causal_mask",
        title="Nobody after you, and no pad",
        reference=causal_mask,
        cases=causal_mask_cases,
        dimensions=("batch", "n_query", "n_key"),
        misconceptions=CAUSAL_MASK,
        hints=[
            "Place i may look at place j if j is not after i, and if j is real. Two masks, both "
            "must hold.",
            "torch.ones(n, n, dtype=torch.bool).tril() is the triangle: True on and below the "
            "diagonal.",
            "real[:, None, :] is [batch, 1, n], the same keys for every query. & puts it together "
            "with the [n, n] triangle.",
        ],
        alternatives=[causal_mask_with_loops, causal_mask_by_places],
        praise="Right, wherever the pads stand. Nobody reads what comes next.",
    ),
    Task(
        id="05.teacher_forcing",
        title="What goes in, what must come out",
        reference=teacher_forcing,
        cases=teacher_forcing_cases,
        dimensions=("batch", "longest + 1"),
        use=where_it_counts,
        misconceptions=TEACHER_FORCING,
        hints=[
            "Write it down for one sentence of two tokens: at the place where bos goes in, what "
            "must come out? And where the last token goes in?",
            "What goes in is [bos, *ids], what must come out is [*ids, eos]. Both have one more "
            "than the sentence.",
            "Pads come last: row + [pad] * (longest + 1 - len(row)), and torch.tensor of the rows.",
        ],
        alternatives=[cut_from_one_rectangle, filled_step_by_step],
        praise="Right: every place has one question, and the answer is never lying on the table.",
    ),
    Task(
        id="05.cross_attention",
        title="Ask in German, be answered from the English",
        reference=cross_attention,
        cases=cross_attention_cases,
        dimensions=("batch", "n", "d_value"),
        gradient=True,
        misconceptions=CROSS_ATTENTION,
        hints=[
            "Who needs an answer? They make the queries. Who has one? They make keys and values.",
            "query = x @ w_query, key = context @ w_key, value = context @ w_value; the scores are "
            "[batch, n, n_context].",
            "context_mask[:, None, :] fits the scores. Where it is False they become −∞, and then "
            "comes the softmax over dim=-1. No triangle.",
        ],
        alternatives=[
            cross_attention_with_sdpa,
            cross_attention_word_by_word,
            cross_attention_by_einsum,
        ],
        praise="Right. Four English words or four hundred: n answers, as many as were asked for.",
    ),
    Task(
        id="05.decoder_block",
        title="Listen, ask, think",
        reference=DecoderBlock,
        cases=decoder_block_cases,
        dimensions=(("batch", "n", "d_model"), ()),
        use=built_and_asked,
        gradient=True,
        misconceptions=DECODER_BLOCK,
        hints=[
            "Three lines, each of the form x = x + part(norm(x)), and only the parts differ.",
            "Make three nn.LayerNorm(d_model) in __init__, and keep mixer, cross and ffn there.",
            "x = x + self.cross(self.cross_norm(x), context, context_mask) is the middle one.",
        ],
        alternatives=[StepByStep],
        praise="Right. Six beside an encoder, their norms moved behind: the model of 2017.",
    ),
]
