"""Which words are hidden, and what the model reads in their place."""

from collections.abc import Iterator

import torch

from course_utils.checks.task import Case, Task

SHARE, HIDDEN = 0.15, 103

task = Task(
    "16.hide",
    "Hide some words",
    section="Real text",
    dimensions=(("batch", "n"), ("batch", "n")),
    hints=[
        "Asked are the real tokens whose first number by dice is below 0.15: "
        "`mask & (dice[0] < 0.15)`.",
        "Of those asked: below 0.8 by the second dice the model reads `hidden_id`; from 0.8 to 0.9 "
        "what stands in `others`; above that the word itself. `torch.where` takes them in turn.",
        "Also where the model reads the right word it is asked: it must not trust what it sees. So "
        "`asked` has nothing to do with what was changed.",
    ],
    praise="Right. 80, 10, 10, and none of it on padding.",
)


@task.answer
def hide(ids, mask, dice, others, hidden_id):
    ### BEGIN SOLUTION
    asked = mask & (dice[0] < 0.15)
    read = torch.where(asked & (dice[1] < 0.8), hidden_id, ids)
    read = torch.where(asked & (dice[1] >= 0.8) & (dice[1] < 0.9), others, read)
    return read, asked
    ### END SOLUTION


@task.cases
def cases(seed: int) -> Iterator[Case]:
    generator = torch.Generator().manual_seed(seed)
    for batch, n, pads, hidden_id in ((2, 60, 0, HIDDEN), (3, 80, 25, 4), (1, 200, 0, 29)):
        ids = torch.randint(200, 300, (batch, n), generator=generator)
        others = torch.randint(300, 400, (batch, n), generator=generator)
        mask = torch.ones(batch, n, dtype=torch.bool)
        if pads:
            mask[-1, n - pads :] = False
            ids[-1, n - pads :] = 0
        dice = torch.rand(2, batch, n, generator=generator)
        # Every kind is there, on words and on pads.
        dice[0, 0, :6] = torch.tensor([0.05, 0.1, 0.14, 0.149, 0.2, 0.9])
        dice[1, 0, :6] = torch.tensor([0.5, 0.85, 0.95, 0.81, 0.85, 0.1])
        dice[0, -1, -6:] = 0.01
        dice[1, -1, -6:] = torch.tensor([0.2, 0.3, 0.85, 0.86, 0.97, 0.98])
        name = f"{batch} texts of {n}" + (f", {pads} pads" if pads else "")
        yield Case(name, (ids, mask, dice, others, hidden_id))


@task.also_right
def in_place_on_a_copy(ids, mask, dice, others, hidden_id):
    read, asked = ids.clone(), (dice[0] < 0.15) & mask
    stand_in = (dice[1] >= 0.8) & (dice[1] < 0.9) & asked
    read[asked & (dice[1] < 0.8)] = hidden_id
    read[stand_in] = others[stand_in]
    return read, asked


@task.also_right
def word_by_word(ids, mask, dice, others, hidden_id):
    read, asked = ids.clone(), torch.zeros_like(mask)
    for b in range(ids.shape[0]):
        for i in range(ids.shape[1]):
            if mask[b, i] and dice[0, b, i] < 0.15:
                asked[b, i] = True
                if dice[1, b, i] < 0.8:
                    read[b, i] = hidden_id
                elif dice[1, b, i] < 0.9:
                    read[b, i] = others[b, i]
    return read, asked


def hidden(ids, mask, dice, others, hidden_id, *, share=SHARE, first=0.8, second=0.9, real=True):
    asked = dice[0] < share
    if real:
        asked = asked & mask
    read = torch.where(asked & (dice[1] < first), hidden_id, ids)
    read = torch.where(asked & (dice[1] >= first) & (dice[1] < second), others, read)
    return read, asked


@task.mistake
def always_103(ids, mask, dice, others, hidden_id):
    """Your sign for "hidden" is always 103.

    That is MiniLM's. Another vocabulary has another: take `hidden_id`.
    """
    return hidden(ids, mask, dice, others, HIDDEN)


@task.mistake
def dice_swapped(ids, mask, dice, others, hidden_id):
    """The first dice and the second have changed places.

    The first says who is chosen, the second what is read in the chosen one's place.
    """
    return hidden(ids, mask, dice.flip(0), others, hidden_id)


@task.mistake
def one_dice(ids, mask, dice, others, hidden_id):
    """You threw one dice for both questions.

    The second dice, dice[1], decides what is read where the first one has chosen.
    """
    return hidden(ids, mask, torch.stack([dice[0], dice[0] / SHARE]), others, hidden_id)


@task.mistake
def pads_too(ids, mask, dice, others, hidden_id):
    """Pads are hidden, too.

    Nobody can guess padding, and a model that is asked to learns nothing else. Only real tokens:
    `mask &`.
    """
    return hidden(ids, mask, dice, others, hidden_id, real=False)


@task.mistake
def asked_everywhere(ids, mask, dice, others, hidden_id):
    """Every real token is asked.

    Only those that were chosen are: the others the model can read off.
    """
    read, _ = hidden(ids, mask, dice, others, hidden_id)
    return read, mask.clone()


@task.mistake
def asked_where_changed(ids, mask, dice, others, hidden_id):
    """Asked are only those that were changed.

    One in ten of the chosen stays as it is and is asked all the same, so that the model can't trust
    what it reads.
    """
    read, _ = hidden(ids, mask, dice, others, hidden_id)
    return read, read != ids


@task.mistake
def asked_where_hidden(ids, mask, dice, others, hidden_id):
    """Asked are only those that read `hidden_id`.

    Those that were replaced by dice, or left, are asked as well.
    """
    read, _ = hidden(ids, mask, dice, others, hidden_id)
    return read, read == hidden_id


@task.mistake
def all_hidden(ids, mask, dice, others, hidden_id):
    """All of the chosen are hidden in yours.

    Only four in five: the sign for "hidden" never occurs later, when the model is used. Ask the
    second dice, dice[1]; by the first one all of the chosen are below 0.8.
    """
    return hidden(ids, mask, dice, others, hidden_id, first=2.0, second=2.0)


@task.mistake
def none_left(ids, mask, dice, others, hidden_id):
    """None of the chosen stays as it is in yours.

    From 0.9 on the word itself is read.
    """
    return hidden(ids, mask, dice, others, hidden_id, second=2.0)


@task.mistake
def left_and_replaced_changed(ids, mask, dice, others, hidden_id):
    """Left and replaced have changed places.

    From 0.8 to 0.9 another word by dice, from 0.9 on the word itself.
    """
    asked = mask & (dice[0] < SHARE)
    read = torch.where(asked & (dice[1] < 0.8), hidden_id, ids)
    return torch.where(asked & (dice[1] >= 0.9), others, read), asked


@task.mistake
def replaced_everywhere(ids, mask, dice, others, hidden_id):
    """Words that nobody chose were replaced, too.

    The second dice is for those that the first has chosen: `asked &`.
    """
    read, asked = hidden(ids, mask, dice, others, hidden_id)
    return torch.where((dice[1] >= 0.8) & (dice[1] < 0.9), others, read), asked


@task.mistake
def hidden_everywhere(ids, mask, dice, others, hidden_id):
    """Words that nobody chose were hidden, too.

    The second dice is for those that the first has chosen: `asked &`.
    """
    read, asked = hidden(ids, mask, dice, others, hidden_id)
    return torch.where(dice[1] < 0.8, hidden_id, read), asked


@task.mistake
def most_are_chosen(ids, mask, dice, others, hidden_id):
    """You chose 85 %.

    Chosen is who rolls *below* 0.15.
    """
    asked = mask & (dice[0] >= SHARE)
    read = torch.where(asked & (dice[1] < 0.8), hidden_id, ids)
    return torch.where(asked & (dice[1] >= 0.8) & (dice[1] < 0.9), others, read), asked


@task.mistake
def other_way_round(ids, mask, dice, others, hidden_id):
    """The mask is turned round: you hid pads, and no words.

    It is True at real tokens.
    """
    return hidden(ids, ~mask, dice, others, hidden_id)


@task.mistake
def nothing_replaced(ids, mask, dice, others, hidden_id):
    """None of the chosen was replaced by another word.

    From 0.8 to 0.9 what stands in `others` is read.
    """
    return hidden(ids, mask, dice, others, hidden_id, second=0.8)
