"""The mean of what is real."""

import math

import torch

from course_utils.checks.task import Case, Task

task = Task(
    "A1.masked_mean",
    "The mean of what is real",
    section="True and False",
    dimensions=("batch", "d"),
    gradient=True,
    hints=[
        "Two steps: make the pads zero, so that they add nothing to the sum; then divide by the "
        "number of real words, and not by n.",
        "x is [batch, n, d], the mask [batch, n]. mask[..., None] is [batch, n, 1], and fits all d "
        "numbers of a word. x.masked_fill(~mask[..., None], 0.0) makes the pads zero, whatever "
        "they held.",
        "mask.sum(dim=-1, keepdim=True) counts the real words, [batch, 1]. Where there are none, "
        ".clamp(min=1) makes the division 0 / 1.",
    ],
    praise="Right, and no pad has a say in it, not even a NaN.",
)


@task.answer
def masked_mean(x, mask):
    ### BEGIN SOLUTION
    total = x.masked_fill(~mask[..., None], 0.0).sum(dim=1)  # batch × d
    real = mask.sum(dim=-1, keepdim=True)  # batch × 1: how many words there are
    return total / real.clamp(min=1)
    ### END SOLUTION


def masks(*rows):
    """From "##--": two words, two pads."""
    return torch.tensor([[sign == "#" for sign in row] for row in rows])


@task.cases
def cases(seed):
    generator = torch.Generator().manual_seed(seed)

    def case(name, d, *rows, pads=None):
        mask = masks(*rows)
        x = torch.randn(*mask.shape, d, generator=generator) + 1
        return Case(name, (x if pads is None else x.masked_fill(~mask[..., None], pads), mask))

    yield case("3 sentences, some shorter", 2, "####", "##--", "#---")
    yield case("pads in front", 3, "--###", "#####")
    yield case("no pad at all", 4, "###", "###")
    yield case("pads that hold 99", 2, "###--", "#----", pads=99.0)
    yield case("pads in the middle", 5, "#-#-", "-##-", "####")
    yield case("an empty sentence", 3, "##--", "----")
    yield case("pads that hold NaN", 2, "###-", "#---", pads=math.nan)
    yield case("pads that hold infinity", 3, "##-", "#--", pads=math.inf)
    yield case("as many sentences as words as numbers", 3, "##-", "###", "#--")
    yield case("one word", 4, "#")
    x, mask = torch.randn(2, 3, 2, generator=generator), masks("###", "##-")
    x[0, 1], x[1, 0] = 0.0, 0.0
    yield Case("words that are all zeros", (x, mask))


@task.also_right
def sentence_by_sentence(x, mask):
    means = [
        rows[real].mean(0) if real.any() else rows.new_zeros(rows.shape[-1])
        for rows, real in zip(x, mask)
    ]
    return torch.stack(means)


@task.also_right
def by_where(x, mask):
    real = mask.unsqueeze(-1)
    total = torch.where(real, x, torch.zeros_like(x)).sum(dim=-2)
    return total / real.sum(dim=-2).clamp_min(1)


@task.also_right
def as_shares(x, mask):
    """A row of shares for each sentence, times its words: a small attention."""
    shares = mask / mask.sum(-1, keepdim=True).clamp(min=1)
    clean = x.masked_fill(~mask[..., None], 0)
    return (shares[:, None, :] @ clean).squeeze(1)


@task.mistake
def pads_counted(x, mask):
    """Your pads are counted.

    The mean runs over all n places. Only those where the mask is True are words.
    """
    return x.mean(1)


@task.mistake
def divided_by_n(x, mask):
    """You divide by n.

    The pads add nothing to the sum, and still stand in the number that you divide by: short
    sentences shrink. Divide by mask.sum(dim=-1, keepdim=True).
    """
    return x.masked_fill(~mask[..., None], 0.0).mean(1)


@task.mistake
def pads_alone(x, mask):
    """Your mask is inside out.

    True is a word, and False a pad. masked_fill writes where it is told True: give it ~mask.
    """
    return x.masked_fill(mask[..., None], 0.0).sum(1) / (~mask).sum(-1, keepdim=True).clamp(min=1)


@task.mistake
def words_filled(x, mask):
    """You fill the words and keep the pads.

    masked_fill writes where it is told True, and your mask is True at words: give it ~mask.
    """
    return x.masked_fill(mask[..., None], 0.0).sum(1) / mask.sum(-1, keepdim=True).clamp(min=1)


@task.mistake
def words_in_pads_number(x, mask):
    """You divide by the number of pads.

    The sum is that of the words, so is the number: mask.sum, without the ~.
    """
    total = x.masked_fill(~mask[..., None], 0.0).sum(1)
    return total / (~mask).sum(-1, keepdim=True).clamp(min=1)


@task.mistake
def added_up(x, mask):
    """You added up and did not divide.

    A mean does not grow with the sentence. Divide by the number of real words.
    """
    return x.masked_fill(~mask[..., None], 0.0).sum(1)


@task.mistake
def nothing_by_nothing(x, mask):
    """You divide by zero where a sentence is empty.

    0 / 0 is NaN, and the NaN spreads to whatever is worked out from it. Divide by at least 1:
    .clamp(min=1).
    """
    return x.masked_fill(~mask[..., None], 0.0).sum(1) / mask.sum(-1, keepdim=True)


@task.mistake
def nothing_by_almost_nothing(x, mask):
    """You add one to every number of words.

    That keeps the empty sentence from dividing by zero, and makes every other mean too small. At
    least 1 is .clamp(min=1).
    """
    return x.masked_fill(~mask[..., None], 0.0).sum(1) / (mask.sum(-1, keepdim=True) + 1)


@task.mistake
def times_zero(x, mask):
    """You multiply the pads by zero.

    0 times NaN is NaN, and 0 times infinity is, too. masked_fill writes over them, whatever they
    held.
    """
    return (x * mask[..., None]).sum(1) / mask.sum(-1, keepdim=True).clamp(min=1)


@task.mistake
def times_zero_and_by_nothing(x, mask):
    """You multiply the pads by zero, and divide by zero where a sentence is empty.

    0 times NaN is NaN, and 0 / 0 is. masked_fill writes over pads, whatever they held, and
    .clamp(min=1) keeps a number of words above zero.
    """
    return (x * mask[..., None]).sum(1) / mask.sum(-1, keepdim=True)


@task.mistake
def one_mean_for_the_batch(x, mask):
    """You take one mean over all sentences.

    x[mask] is a list of all real words, and no longer says whose they are. Each sentence has a mean
    of its own: [batch, d].
    """
    return x[mask].mean(0)


@task.mistake
def one_number_for_each(x, mask):
    """You take the mean of a word's numbers, too.

    What is wanted has d numbers for each sentence. Add up over the words only, dim=1.
    """
    total = x.masked_fill(~mask[..., None], 0.0).sum(1) / mask.sum(-1, keepdim=True).clamp(min=1)
    return total.mean(-1)


@task.mistake
def over_the_sentences(x, mask):
    """You take the mean over the sentences.

    dim=0 is the batch, and it disappears. The words lie along dim=1.
    """
    total = x.masked_fill(~mask[..., None], 0.0).sum(0)
    return total / mask.sum(0)[:, None].clamp(min=1)


@task.mistake
def zeros_left_out(x, mask):
    """You count what is not zero.

    A real word's number may be negative, or zero. Who is real is in the mask: mask.sum.
    """
    clean = x.masked_fill(~mask[..., None], 0.0)
    return clean.sum(1) / (clean > 0).sum(1).clamp(min=1)


@task.mistake
def words_of_zeros_left_out(x, mask):
    """You count the rows that are not all zeros.

    A real word may be all zeros, and it counts. Who is real is in the mask: mask.sum.
    """
    clean = x.masked_fill(~mask[..., None], 0.0)
    return clean.sum(1) / (clean != 0).any(-1).sum(-1, keepdim=True).clamp(min=1)


@task.mistake
def divided_by_the_longest(x, mask):
    """You divide all sentences by one number of words.

    Each sentence has its own: mask.sum(dim=-1, keepdim=True), [batch, 1].
    """
    return x.masked_fill(~mask[..., None], 0.0).sum(1) / mask.sum(-1).max().clamp(min=1)


@task.mistake
def divided_by_all(x, mask):
    """You divide by the real words of the whole batch.

    Each sentence has its own number of words: mask.sum(dim=-1, keepdim=True), [batch, 1].
    """
    return x.masked_fill(~mask[..., None], 0.0).sum(1) / mask.sum().clamp(min=1)


@task.mistake
def first_words(x, mask):
    """You take the first words, as many as there are.

    Pads may stand in front, or in between: who is real is in the mask, place by place.
    """
    in_front = torch.arange(x.shape[1]) < mask.sum(-1, keepdim=True)
    return masked_mean(x, in_front)


@task.mistake
def pads_filled_with_one(x, mask):
    """You fill the pads with ones.

    What adds nothing to a sum is 0.
    """
    total = x.masked_fill(~mask[..., None], 1.0).sum(1)
    return total / mask.sum(-1, keepdim=True).clamp(min=1)
