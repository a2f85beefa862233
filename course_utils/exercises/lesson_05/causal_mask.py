"""Nobody after you, and no pad."""

import math
from collections.abc import Iterator

import torch
from torch import Tensor

from course_utils.checks.task import Case, Task

task = Task(
    "05.causal_mask",
    "Nobody after you, and no pad",
    section="The triangle",
    dimensions=("batch", "n_query", "n_key"),
    hints=[
        "Place i may look at place j if j is not after i, and if j is real. Two masks, both "
        "must hold.",
        "torch.ones(n, n, dtype=torch.bool).tril() is the triangle: True on and below the "
        "diagonal.",
        "real[:, None, :] is [batch, 1, n], the same keys for every query. & puts it together "
        "with the [n, n] triangle.",
    ],
    praise="Right, wherever the pads stand. Nobody reads what comes next.",
)


@task.answer
def causal_mask(real):
    ### BEGIN SOLUTION
    n = real.shape[1]
    past = torch.ones(n, n, dtype=torch.bool).tril()
    return past & real[:, None, :]
    ### END SOLUTION


@task.cases
def cases(seed: int) -> Iterator[Case]:
    yield Case("one sentence of 4 tokens", (torch.ones(1, 4).bool(),))
    lengths = torch.tensor([[5], [3], [1]])
    yield Case("5, 3 and 1 tokens, pads behind", (torch.arange(5) < lengths,))
    yield Case("4 and 2 tokens, pads in front", (torch.arange(4) >= 4 - torch.tensor([[4], [2]]),))
    yield Case("one token", (torch.ones(1, 1).bool(),))
    middle = torch.tensor([[1, 0, 1, 1], [1, 1, 0, 1], [0, 1, 1, 0], [1, 1, 1, 1]]).bool()
    yield Case("as many sentences as tokens, pads anywhere", (middle,))
    generator = torch.Generator().manual_seed(seed)
    lengths = torch.randint(1, 7, (4, 1), generator=generator)
    yield Case("four sentences", (torch.arange(6) < lengths,))


@task.also_right
def causal_mask_with_loops(real):
    return torch.tensor(
        [
            [[j <= i and bool(row[j]) for j in range(len(row))] for i in range(len(row))]
            for row in real
        ]
    )


@task.also_right
def causal_mask_by_places(real):
    places = torch.arange(real.shape[1])
    return (places[None, :] <= places[:, None])[None] & real.unsqueeze(1)


@task.mistake
def one_place_too_many(real):
    """One place too many.

    Each place also sees the one after it, and that is the very token that it is asked for. The loss
    goes to nearly nothing and the model can't write a word. The diagonal is the last that may be
    seen: tril(), without a number.
    """
    return triangle(real, 1) & real[:, None, :]


@task.mistake
def one_place_too_few(real):
    """One place too few.

    Nobody sees itself. What stands at a place is no secret there: it went in, and the next token is
    what must come out. And the first place would have nobody at all to look at.
    """
    return triangle(real, -1) & real[:, None, :]


@task.mistake
def triangle_turned_side(real):
    """Your triangle is turned on its side.

    Rows are who looks, columns at whom. In yours each place sees itself and everything behind it:
    the future without the past. The lower triangle is wanted, tril.
    """
    return triangle(real).mT & real[:, None, :]


@task.mistake
def triangle_inside_out(real):
    """Your triangle is inside out.

    True stands at the future. In this course True means: may be looked at. (torch.nn.Transformer
    has it your way, which has cost many an afternoon.)
    """
    return ~triangle(real) & real[:, None, :]


@task.mistake
def hidden_is_true(real):
    """Your mask is inside out.

    Every True should be False, every False True. Here True means: may be looked at.
    (torch.nn.Transformer's masks are the other way round.)
    """
    return ~(triangle(real) & real[:, None, :])


@task.mistake
def triangle_got_lost_where_pads(real):
    """Your triangle got lost where the pads came in.

    Pads are hidden, and the future stands wide open. Both must hold: past & real.
    """
    return real[:, None, :].expand(-1, real.shape[1], -1)


@task.mistake
def triangle(real: Tensor, diagonal: int = 0) -> Tensor:
    """You forgot the pads.

    The triangle is right. But look at pads in front of a sentence: all its tokens come after them,
    and so may look at them. A key must be real as well: & real[:, None, :].
    """
    return torch.ones(len(real), real.shape[1], real.shape[1]).bool().tril(diagonal)


@task.mistake
def made_one_triangle_all(real):
    """You made one triangle for all.

    [n, n] knows nothing of pads, and those are other ones in each sentence. real[:, None, :] is
    [batch, 1, n]; put together with [n, n] it makes [batch, n, n].
    """
    return triangle(real)[0]


@task.mistake
def hid_rows_pads_not_their(real):
    """You hid the rows of the pads, not their columns.

    Rows are who looks. A pad may look as much as it likes, nobody reads what it finds; it must not
    be looked at. That is the column: real[:, None, :].
    """
    return triangle(real) & real[:, :, None]


@task.mistake
def hid_rows_pads_too(real):
    """You hid the rows of the pads, too.

    Pads are not looked at, which is right. But a row of nothing but False is a softmax over
    nothing: NaN, where nobody has provided for it. Let pads look; nobody reads what they find.
    """
    return triangle(real) & real[:, None, :] & real[:, :, None]


@task.mistake
def one_two_enough(real):
    """One of the two is enough for you.

    With `or`, whatever is real may be seen, future or not. Both must hold: &.
    """
    return triangle(real) | real[:, None, :]


@task.mistake
def mask_made_numbers(real):
    """Your mask is made of numbers.

    Ones and zeros in the right places. But masked_fill and ~ want True and False, and SDPA would
    *add* your ones to the scores. Make it boolean: .bool().
    """
    return (triangle(real) & real[:, None, :]).float()


@task.mistake
def made_matrix_added_scores(real):
    """You made the matrix that is added to the scores.

    0 and −∞ in the right places: that is how the mask is told in many texts, and it works. Here it
    should say who may look, True or False; −∞ comes in later.
    """
    return torch.zeros(len(real), real.shape[1], real.shape[1]).masked_fill(
        ~(triangle(real) & real[:, None, :]), -math.inf
    )


@task.mistake
def pads_alone(real):
    """You let the pads be looked at, and nothing else.

    True in `real` is a token. Without the ~ it says who may be looked at.
    """
    return triangle(real) & ~real[:, None, :]


@task.mistake
def whole_numbers(real):
    """That is a mask of whole numbers.

    Booleans are asked for. An attention that gets 1 and 0 takes them for places: end with .bool().
    """
    return (triangle(real) & real[:, None, :]).long()
