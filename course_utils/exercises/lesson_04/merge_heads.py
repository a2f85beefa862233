"""Collect again what was dealt out to the heads."""

import torch

from course_utils.checks.task import Case, Task

task = Task(
    "04.merge_heads",
    "And collect them again",
    section="One look is not enough",
    dimensions=("batch", "n", "d_model"),
    hints=[
        "Undo your splitting, the last step first.",
        ".transpose(1, 2) makes batch × n × n_heads × d_head.",
        ".flatten(2) joins the last two dimensions (or .reshape; .view refuses after a transpose).",
    ],
    praise="Right. Split, then merge, and nothing has moved.",
)


@task.answer
def merge_heads(x):
    ### BEGIN SOLUTION
    batch, n_heads, n, d_head = x.shape
    return x.transpose(1, 2).reshape(batch, n, n_heads * d_head)
    ### END SOLUTION


@task.cases
def cases(seed):
    generator = torch.Generator().manual_seed(seed)
    sizes = (
        (2, 4, 5, 3),
        (1, 2, 3, 4),
        (3, 5, 4, 2),
        (2, 3, 1, 4),
        (1, 1, 4, 3),
        (2, 4, 3, 1),
    )
    for batch, n_heads, n, d_head in sizes:
        yield Case(
            f"batch of {batch}, n_heads = {n_heads}, n = {n}, d_head = {d_head}",
            (torch.randn(batch, n_heads, n, d_head, generator=generator),),
        )


@task.also_right
def by_cat(x):
    return torch.cat(x.unbind(dim=1), dim=-1)


@task.also_right
def by_filling(x):
    batch, n_heads, n, d_head = x.shape
    merged = torch.empty(batch, n, n_heads * d_head)
    for head in range(n_heads):
        merged[:, :, head * d_head : (head + 1) * d_head] = x[:, head]
    return merged


@task.mistake
def merged_without_swapping(x):
    """You did not swap heads and words back.

    The shape is right, but a word's numbers now come from several words of one head. First
    .transpose(1, 2), then flatten.
    """
    batch, n_heads, n, d_head = x.shape
    return x.reshape(batch, n, n_heads * d_head)


@task.mistake
def mean_of_heads(x):
    """You took the mean of the heads.

    Then what they found separately is stirred together again. Put their numbers side by side.
    """
    return x.mean(dim=1)


@task.mistake
def sum_of_heads(x):
    """You added the heads up.

    Then what they found separately is stirred together again. Put their numbers next to each other.
    """
    return x.sum(dim=1)


@task.mistake
def woven_heads(x):
    """You wove the heads' numbers together.

    Head 0's numbers stay together and come first, then head 1's, and so on.
    """
    return x.permute(0, 2, 3, 1).flatten(2)


@task.mistake
def swapped_and_left(x):
    """You swapped and stopped there.

    Now heads and numbers are neighbours: flatten these last two dimensions into one.
    """
    return x.transpose(1, 2)


@task.mistake
def heads_below_each_other(x):
    """You put the heads below each other.

    That makes a sentence of n_heads · n words of d_head numbers. A word's numbers from all heads
    belong into one row: swap heads and words first, or torch.cat(…, dim=-1).
    """
    return x.flatten(1, 2)


@task.mistake
def flattened_from_the_words_on(x):
    """You flattened one dimension too many.

    The words are gone: you have batch × (n · d_model). Only heads and numbers become one,
    .flatten(2).
    """
    return x.transpose(1, 2).flatten(1)


@task.mistake
def words_and_numbers_swapped(x):
    """You swapped words and numbers.

    Those two are neighbours in the wrong order then, and reshape mixes them. It is heads and words
    that have to change places: .transpose(1, 2).
    """
    batch, n_heads, n, d_head = x.shape
    return x.transpose(2, 3).reshape(batch, n, n_heads * d_head)


@task.mistake
def heads_and_numbers_swapped(x):
    """You swapped heads and numbers.

    After .transpose(1, 3) the numbers stand in front of the words. It is heads and words that have
    to change places: .transpose(1, 2).
    """
    batch, n_heads, n, d_head = x.shape
    return x.transpose(1, 3).reshape(batch, n, n_heads * d_head)


@task.mistake
def words_stay_last(x):
    """Your words and numbers are turned on their side.

    You have batch × d_model × n. The words come second and their numbers last.
    """
    return x.mT.flatten(1, 2)


@task.mistake
def first_head_only(x):
    """You return the first head and forget the others.

    Put the numbers of all heads side by side: d_model = n_heads · d_head of them for each word.
    """
    return x[:, 0]


@task.mistake
def last_head_first(x):
    """You collected the heads from the last to the first.

    Head 0's numbers come first, then head 1's, and so on.
    """
    return x.flip(1).transpose(1, 2).flatten(2)


@task.mistake
def last_head_only(x):
    """You return the last head and forget the others.

    Does each turn of a loop replace what the one before has made? Put the numbers of all heads side
    by side.
    """
    return x[:, -1]


@task.mistake
def largest_of_heads(x):
    """You took the largest number of the heads.

    Then all but one head have spoken in vain. Put their numbers side by side.
    """
    return x.amax(dim=1)


@task.mistake
def words_made_longer(x):
    """You flattened words and heads.

    Each word became n_heads words of d_head numbers. Heads and numbers become one: .flatten(2).
    """
    return x.transpose(1, 2).flatten(1, 2)


@task.mistake
def numbers_of_all_words(x):
    """You swapped words and numbers, and flattened.

    You have batch × n_heads × (d_head · n). It is heads and words that have to change places:
    .transpose(1, 2).
    """
    return x.mT.flatten(2)


@task.mistake
def numbers_in_front(x):
    """You swapped heads and numbers, and flattened.

    You have batch × d_head × (n · n_heads). It is heads and words that have to change places:
    .transpose(1, 2).
    """
    return x.transpose(1, 3).flatten(2)


@task.mistake
def squeezed(x):
    """You squeezed.

    .squeeze() removes every dimension of size 1: a batch of one sentence, a sentence of one word.
    All three dimensions stay.
    """
    return merge_heads(x).squeeze()


@task.mistake
def sentences_in_one_row(x):
    """Your sentences follow each other in one long table.

    You have (batch · n) × d_model. The batch keeps its dimension.
    """
    return merge_heads(x).flatten(0, 1)
