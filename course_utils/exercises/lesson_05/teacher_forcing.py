"""What goes in, what must come out."""

from collections.abc import Callable, Iterator

import torch
from torch import Tensor

from course_utils.checks.task import Case, Task


def where_it_counts(answer: Callable, sentences: list[list[int]], bos: int, eos: int, pad: int):
    """The answer's pair. What goes in where a pad must come out is nobody's business.

    Many codes cut both from one rectangle, "bos ids eos pads", and so put eos in there.
    """
    result = answer(sentences, bos, eos, pad)
    match result:
        case (Tensor() as goes_in, Tensor() as comes_out) if goes_in.shape == comes_out.shape:
            return goes_in.masked_fill(comes_out == pad, pad), comes_out
    return result


task = Task(
    "05.teacher_forcing",
    "What goes in, what must come out",
    section="What goes in, what must come out",
    dimensions=("batch", "longest + 1"),
    use=where_it_counts,
    hints=[
        "Write it down for one sentence of two tokens: at the place where bos goes in, what "
        "must come out? And where the last token goes in?",
        "What goes in is [bos, *ids], what must come out is [*ids, eos]. Both have one more "
        "than the sentence.",
        "Pads come last: row + [pad] * (longest + 1 - len(row)), and torch.tensor of the rows.",
    ],
    praise="Right: every place has one question, and the answer is never lying on the table.",
)


@task.answer
def teacher_forcing(sentences, bos, eos, pad):
    ### BEGIN SOLUTION
    width = max(len(ids) for ids in sentences) + 1
    goes_in = [[bos, *ids] + [pad] * (width - len(ids) - 1) for ids in sentences]
    comes_out = [[*ids, eos] + [pad] * (width - len(ids) - 1) for ids in sentences]
    return torch.tensor(goes_in), torch.tensor(comes_out)
    ### END SOLUTION


@task.cases
def cases(seed: int) -> Iterator[Case]:
    tom = [3, 4, 5, 6]
    yield Case("Tom trinkt kalten Kaffee", ([tom], 1, 2, 0))
    yield Case("4 and 2 tokens, pads behind", ([tom, [3, 4]], 1, 2, 0))
    yield Case("three of one token", ([[7], [9], [7]], 1, 2, 0))
    yield Case("a vocabulary of 70,000", ([[69_999, 4], [40_000]], 50_257, 50_258, 0))
    generator = torch.Generator().manual_seed(seed)
    lengths = [3, 1, 5]
    sentences = [torch.randint(4, 50, (n,), generator=generator).tolist() for n in lengths]
    yield Case("three sentences, other special numbers", (sentences, 2, 3, 1))


def _rows(rows: list[list[int]], pad: int) -> Tensor:
    width = max(map(len, rows))
    return torch.tensor([row + [pad] * (width - len(row)) for row in rows])


@task.also_right
def cut_from_one_rectangle(sentences, bos, eos, pad):
    whole = _rows([[bos, *ids, eos] for ids in sentences], pad)
    return whole[:, :-1], whole[:, 1:]


@task.also_right
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


NOT_SHIFTED = (
    "At each place the token that must come out is the one that went in there, so repeating it is "
    "the whole art. The loss goes to zero, and the model is a parrot. "
)


@task.mistake
def targets_not_shifted(sentences, bos, eos, pad):
    """Your targets are not shifted.

    At each place the token that must come out is the one that went in there, so repeating it is the
    whole art. The loss goes to zero, and the model is a parrot. What goes in is [bos, *ids]; what
    must come out is [*ids, eos].
    """
    return pair_of(lambda ids, bos, eos: [bos, *ids], lambda ids, bos, eos: [bos, *ids])(
        sentences, bos, eos, pad
    )


@task.mistake
def targets_not_shifted_bos_eos(sentences, bos, eos, pad):
    """Your targets are not shifted, bos and eos and all.

    At each place the token that must come out is the one that went in there, so repeating it is the
    whole art. The loss goes to zero, and the model is a parrot. Leave eos out of what goes in, and
    bos out of what must come out.
    """
    return pair_of(lambda ids, bos, eos: [bos, *ids, eos], lambda ids, bos, eos: [bos, *ids, eos])(
        sentences, bos, eos, pad
    )


@task.mistake
def targets_not_shifted_because_bos(sentences, bos, eos, pad):
    """Your targets are not shifted, because bos is missing.

    At each place the token that must come out is the one that went in there, so repeating it is the
    whole art. The loss goes to zero, and the model is a parrot. It is bos in front that moves what
    goes in one place to the right.
    """
    return pair_of(lambda ids, bos, eos: ids, lambda ids, bos, eos: [*ids, eos])(
        sentences, bos, eos, pad
    )


@task.mistake
def shifted_wrong_way(sentences, bos, eos, pad):
    """You shifted the wrong way.

    Each place is asked for the token *before* the one that went in, and that one lies on the table
    already. What goes in moves to the right, [bos, *ids], and comes first in the pair; [*ids, eos]
    must come out.
    """
    return pair_of(lambda ids, bos, eos: [*ids, eos], lambda ids, bos, eos: [bos, *ids])(
        sentences, bos, eos, pad
    )


@task.mistake
def forgot_bos(sentences, bos, eos, pad):
    """You forgot bos.

    Each token is followed by the right one, but nobody is ever asked for the first. When it has to
    speak, it has nothing yet to speak on from. bos is there so that there is a place in front of
    the first token.
    """
    return pair_of(lambda ids, bos, eos: ids, lambda ids, bos, eos: [*ids[1:], eos])(
        sentences, bos, eos, pad
    )


@task.mistake
def nobody_ever_asked_eos(sentences, bos, eos, pad):
    """Nobody is ever asked for eos.

    The last token goes in, and a pad must come out: that place is not counted, so it never learns
    to stop. What must come out is [*ids, eos].
    """
    return pair_of(lambda ids, bos, eos: [bos, *ids], lambda ids, bos, eos: ids)(
        sentences, bos, eos, pad
    )


@task.mistake
def nobody_ever_asked_eos_last(sentences, bos, eos, pad):
    """Nobody is ever asked for eos, and the last token never goes in.

    The shift is right, and then both stop one place too early. After the last token comes eos, and
    that is a thing to be learned: without it, it speaks till you pull the plug.
    """
    return pair_of(lambda ids, bos, eos: [bos, *ids[:-1]], lambda ids, bos, eos: ids)(
        sentences, bos, eos, pad
    )


@task.mistake
def shifted_twice(sentences, bos, eos, pad):
    """You shifted twice.

    bos in front has moved what goes in already. Dropping the first token of what must come out
    moves it once more, and it learns to skip every other word.
    """
    return pair_of(lambda ids, bos, eos: [bos, *ids], lambda ids, bos, eos: [*ids[1:], eos])(
        sentences, bos, eos, pad
    )


@task.mistake
def eos_behind_the_pads(sentences, bos, eos, pad):
    """Your eos stands behind the pads.

    After “Tom trinkt” of a wider rectangle come pads and then the end. It should come right behind
    the last token: append eos first, and pad then.
    """
    padded = _rows(sentences, pad)
    starts, ends = (torch.full((len(padded), 1), token) for token in (bos, eos))
    return torch.cat([starts, padded], dim=1), torch.cat([padded, ends], dim=1)


@task.mistake
def rolled(sentences, bos, eos, pad):
    """Your targets go round in a circle.

    roll brings what falls off in front back in at the end, so after the last token it must say bos
    and begin again. There belongs eos.
    """
    goes_in = _rows([[bos, *ids] for ids in sentences], pad)
    return goes_in, goes_in.roll(-1, dims=1)


@task.mistake
def rolled_with_eos(sentences, bos, eos, pad):
    """Your targets go round in a circle, after eos.

    Up to eos it is right. But roll brings bos back in at the end, so that after the end the
    beginning must come out. Cut instead: whole[:, :-1] goes in, whole[:, 1:] comes out.
    """
    goes_in = _rows([[bos, *ids, eos] for ids in sentences], pad)
    return goes_in, goes_in.roll(-1, dims=1)


@task.mistake
def column_spare(sentences, bos, eos, pad):
    """You have a column to spare.

    All is right, and in the last column every sentence must say a pad. Nothing comes after eos, so
    there is no need to put it in: longest + 1 columns are enough.
    """
    return pair_of(lambda ids, bos, eos: [bos, *ids, eos], lambda ids, bos, eos: [*ids, eos])(
        sentences, bos, eos, pad
    )


@task.mistake
def pads_in_front(sentences, bos, eos, pad):
    """Your pads come first.

    The tokens are right and stand at the wrong end. Here the pads come behind.
    """
    goes_in = _rows([[*reversed(ids), bos] for ids in sentences], pad).flip(1)
    comes_out = _rows([[eos, *reversed(ids)] for ids in sentences], pad).flip(1)
    return goes_in, comes_out


@task.mistake
def no_bos_and_not_shifted(sentences, bos, eos, pad):
    """The same thing goes in that must come out.

    A decoder that sees the answer copies it, and learns nothing else. Shift: what goes in begins
    with bos, so that each place is asked for the token behind it.
    """
    answer = pair_of(lambda ids, bos, eos: [*ids, eos], lambda ids, bos, eos: [*ids, eos])
    return answer(sentences, bos, eos, pad)


@task.mistake
def real_numbers(sentences, bos, eos, pad):
    """Those are real numbers.

    Tokens are counted, and an embedding looks them up by whole numbers: torch.tensor(rows) without
    .float().
    """
    answer = pair_of(lambda ids, bos, eos: [bos, *ids], lambda ids, bos, eos: [*ids, eos])
    return tuple(table.float() for table in answer(sentences, bos, eos, pad))


@task.mistake
def lists_of_lists(sentences, bos, eos, pad):
    """Those are lists, and tensors are asked for.

    The rows are right. torch.tensor(rows) makes a rectangle of them.
    """
    answer = pair_of(lambda ids, bos, eos: [bos, *ids], lambda ids, bos, eos: [*ids, eos])
    return tuple(table.tolist() for table in answer(sentences, bos, eos, pad))
