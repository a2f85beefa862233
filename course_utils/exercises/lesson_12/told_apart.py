"""The mean, after all: which words still know their sentence."""

from collections.abc import Iterator

import torch

from course_utils.checks.task import Case, Task

task = Task(
    "12.told_apart",
    "The mean, after all",
    section="The path",
    hints=[
        "The weights are given to the words once, before the first layer: sentences * weights.",
        "A row of the mask, divided by how many True it has, holds the shares of one who hears. "
        "A layer is shares @ x for each sentence, or x @ shares.T for all of them at once.",
        "Do that `layers` times, round to 6 places, and count what differs in each column: "
        "len(column.unique()).",
    ],
    praise="Right. No head has to pick anybody; it only has to be said with the right weight.",
)


@task.answer
def told_apart(mask, sentences, weights, layers):
    ### BEGIN SOLUTION
    shares = mask.double() / mask.sum(dim=1, keepdim=True)
    x = sentences.double() * weights
    for _ in range(layers):
        x = x @ shares.T
    return [len(column.round(decimals=6).unique()) for column in x.T]
    ### END SOLUTION


def every_sentence(n: int, levels: int) -> torch.Tensor:
    digits = [torch.arange(levels)] * n
    return torch.cartesian_prod(*digits).view(-1, n)


def some(n: int, generator: torch.Generator) -> torch.Tensor:
    looks = torch.rand(n, n, generator=generator) < 0.4
    return looks | torch.eye(n, dtype=torch.bool)


@task.cases
def cases(seed: int) -> Iterator[Case]:
    place = torch.arange(4)
    ring = (place[:, None] - place) % 4 != 2
    hub = torch.eye(4, dtype=torch.bool)
    hub[3] = hub[:, 3] = True
    every = every_sentence(4, 3)
    shouted = torch.tensor([1.0, 4.0, 16.0, 64.0])
    yield Case("the ring, all as loud", (ring, every, torch.ones(4), 2))
    yield Case("the ring, 1 3 9 27", (ring, every, torch.tensor([1.0, 3.0, 9.0, 27.0]), 2))
    yield Case("the hub, 1 4 16 64", (hub, every, shouted, 2))
    yield Case("one layer", (hub, every, shouted, 1))
    yield Case("three layers", (ring.tril(), every, torch.tensor([5.0, 1.0, 2.0, 3.0]), 3))
    yield Case("no layer at all", (hub, every, torch.ones(4), 0))
    generator = torch.Generator().manual_seed(seed)
    for layers in (1, 2):
        weights = torch.randint(1, 9, (5,), generator=generator).float()
        rows = torch.randint(0, 3, (40, 5), generator=generator)
        yield Case(f"5 words by dice, {layers} layers", (some(5, generator), rows, weights, layers))
    yield Case("a single word", (torch.ones(1, 1).bool(), every_sentence(1, 3).view(3, 1),
                                 torch.ones(1), 2))  # fmt: skip


@task.also_right
def with_sets(mask, sentences, weights, layers):
    n, weights = len(mask), weights.tolist()
    hears = [[key for key in range(n) if mask[query, key]] for query in range(n)]
    seen = [set() for _ in range(n)]
    for sentence in sentences.tolist():
        x = [word * weight for word, weight in zip(sentence, weights, strict=True)]
        for _ in range(layers):
            x = [sum(x[key] for key in keys) / len(keys) for keys in hears]
        for word, number in enumerate(x):
            seen[word].add(round(number, 6))
    return [len(numbers) for numbers in seen]


@task.also_right
def with_a_power(mask, sentences, weights, layers):
    shares = mask.double() / mask.sum(dim=1, keepdim=True)
    x = torch.linalg.matrix_power(shares, layers) @ (sentences * weights).double().T
    return tuple(len(set(row.round(decimals=6).tolist())) for row in x)


def counts(x, dim=0):
    return [len(column.round(decimals=6).unique()) for column in (x.T if dim == 0 else x)]


def shares_of(mask):
    return mask.double() / mask.sum(dim=1, keepdim=True)


@task.mistake
def turned(mask, sentences, weights, layers):
    """Who hears and who is heard are swapped.

    A row of the mask is who looks. With the sentences in rows the shares must stand on the right as
    shares.T, or on the left of columns: shares @ x.T.
    """
    x = sentences.double() * weights
    for _ in range(layers):
        x = x @ shares_of(mask)
    return counts(x)


@task.mistake
def mask_turned(mask, sentences, weights, layers):
    """Who hears and who is heard are swapped.

    A row of the mask is who looks, so the shares of one who looks are a row divided by its own sum.
    """
    return told_apart(mask.T, sentences, weights, layers)


@task.mistake
def weights_in_each_layer(mask, sentences, weights, layers):
    """The weights are given anew in each layer.

    Each word shouts its own number with its weight, once. After that, numbers are only averaged.
    """
    x = sentences.double()
    for _ in range(layers):
        x = (x * weights) @ shares_of(mask).T
    return counts(x)


@task.mistake
def one_layer(mask, sentences, weights, layers):
    """That is one layer, however many were asked for.

    Take the mean of the means: the same shares once more for each layer.
    """
    return told_apart(mask, sentences, weights, 1)


@task.mistake
def one_layer_too_many(mask, sentences, weights, layers):
    """One layer too many.

    range(layers) counts them; with no layer at all each word keeps its own number.
    """
    return told_apart(mask, sentences, weights, layers + 1)


@task.mistake
def sums(mask, sentences, weights, layers):
    """You took sums, not means.

    After the first layer that makes a difference: who hears more would be louder. Divide each row
    by how many it hears.
    """
    x = sentences.double() * weights
    for _ in range(layers):
        x = x @ mask.double().T
    return counts(x)


@task.mistake
def shares_by_column(mask, sentences, weights, layers):
    """The shares add up to 1 down the columns.

    It is the one who hears whose shares make 1: divide by mask.sum(dim=1, keepdim=True).
    """
    shares = mask.double() / mask.sum(dim=0, keepdim=True)
    x = sentences.double() * weights
    for _ in range(layers):
        x = x @ shares.T
    return counts(x)


@task.mistake
def sentences_counted(mask, sentences, weights, layers):
    """You counted for each sentence, not for each word.

    The question is what one word tells apart over all the sentences: a column, not a row.
    """
    x = sentences.double() * weights
    for _ in range(layers):
        x = x @ shares_of(mask).T
    return counts(x, dim=1)


@task.mistake
def all_together(mask, sentences, weights, layers):
    """That is one number for all words.

    Each word has its own count: a list of n.
    """
    x = sentences.double() * weights
    for _ in range(layers):
        x = x @ shares_of(mask).T
    return len(x.round(decimals=6).unique())


@task.mistake
def without_rounding(mask, sentences, weights, layers):
    """You told rounding errors apart.

    1/3 of 3 and 3/9 of 3 differ in the 17th place. Round to 6 places before you count.
    """
    x = sentences.double() * weights
    for _ in range(layers):
        x = x @ shares_of(mask).T
    return [len(column.unique()) for column in x.T]


@task.mistake
def whole_numbers(mask, sentences, weights, layers):
    """You rounded to whole numbers.

    Means have fractions, and they tell sentences apart, too: round(decimals=6).
    """
    x = sentences.double() * weights
    for _ in range(layers):
        x = x @ shares_of(mask).T
    return [len(column.round().unique()) for column in x.T]


@task.mistake
def not_weighed(mask, sentences, weights, layers):
    """The weights change nothing in yours.

    Before the first layer each word is multiplied by its weight: sentences * weights. After the
    layers it would be too late: what has been averaged away no weight brings back.
    """
    x = sentences.double()
    for _ in range(layers):
        x = x @ shares_of(mask).T
    return counts(x)


@task.mistake
def without_oneself(mask, sentences, weights, layers):
    """Nobody hears itself in yours.

    The mask says who is heard, and its diagonal belongs to it.
    """
    others = mask & ~torch.eye(len(mask), dtype=torch.bool)
    shares = others.double() / others.sum(dim=1, keepdim=True).clamp(min=1)
    x = sentences.double() * weights
    for _ in range(layers):
        x = x @ shares.T
    return counts(x)


@task.mistake
def softmax_of_the_mask(mask, sentences, weights, layers):
    """A softmax over True and False lets everybody hear everybody.

    e to the 0 is 1, not 0. Here the shares are equal: the mask, divided by each row's sum.
    """
    shares = mask.double().softmax(dim=1)
    x = sentences.double() * weights
    for _ in range(layers):
        x = x @ shares.T
    return counts(x)


@task.mistake
def own_number_kept(mask, sentences, weights, layers):
    """Yours keeps its own number beside the mean.

    That is a residual, and a good idea. But here a word *becomes* the mean of what it hears.
    """
    x = sentences.double() * weights
    for _ in range(layers):
        x = x + x @ shares_of(mask).T
    return counts(x)


@task.mistake
def highest(mask, sentences, weights, layers):
    """You took the highest, not the mean.

    The highest is what the paper's proof picks. This one does without: the plain mean.
    """
    x = sentences.double() * weights
    for _ in range(layers):
        x = x[:, None].masked_fill(~mask, -torch.inf).amax(dim=2)
    return counts(x)


@task.mistake
def weights_after_each_layer(mask, sentences, weights, layers):
    """The weights come after the means, layer by layer.

    Each word shouts its own number with its weight, once, before the first layer.
    """
    x = sentences.double()
    for _ in range(layers):
        x = x @ shares_of(mask).T * weights
    return counts(x)


@task.mistake
def two_layers_always(mask, sentences, weights, layers):
    """That is two layers, however many were asked for.

    The lesson took two means. Here `layers` says how many: range(layers).
    """
    return told_apart(mask, sentences, weights, 2)
