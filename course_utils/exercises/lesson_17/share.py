"""Who listens to memory: the share of attention on vectors, by head."""

from collections.abc import Iterator

import torch

from course_utils.checks.task import Case, Task

task = Task(
    "17.share",
    "Who listens to memory?",
    section="Who listens to memory?",
    dimensions=("n_heads",),
    hints=[
        "The first `n_vectors` columns are the vectors: `weights[..., :n_vectors]`.",
        "A row adds up to one. What of it falls on the vectors is the *sum* of these columns.",
        "Then the mean over real tokens, over all texts together, a number for each head: pads "
        "look around, too, and are not asked.",
    ],
    praise="Right. Now you can say it of any model.",
)


@task.answer
def share_on_vectors(weights, n_vectors, mask):
    ### BEGIN SOLUTION
    on_vectors = weights[..., :n_vectors].sum(dim=-1)  # [batch, n_heads, n]
    real = mask[:, None, :]
    return (on_vectors * real).sum(dim=(0, 2)) / mask.sum()
    ### END SOLUTION


def looked(generator, batch, n_heads, n, n_vectors):
    scores = 2 * torch.randn(batch, n_heads, n, n_vectors + n, generator=generator)
    return scores.softmax(dim=-1)


@task.cases
def cases(seed: int) -> Iterator[Case]:
    generator = torch.Generator().manual_seed(seed)
    for batch, n_heads, n, n_vectors, pads in (
        (1, 2, 4, 6, 0), (2, 3, 5, 4, 2), (3, 4, 7, 2, 4), (2, 2, 3, 3, 1),
    ):  # fmt: skip
        weights = looked(generator, batch, n_heads, n, n_vectors)
        mask = torch.ones(batch, n, dtype=torch.bool)
        if pads:
            mask[-1, n - pads :] = False
            weights[-1, :, n - pads :] = looked(generator, 1, n_heads, n, n_vectors)[0, :, :pads]
            weights[-1, :, n - pads :, 0] += 5.0  # what pads do shows if they are counted
        texts = f"{batch} text{'s' * (batch > 1)}"
        name = f"{texts}, {n_heads} heads, {n_vectors} vectors, {pads} pads"
        yield Case(name, (weights, n_vectors, mask))
    weights = looked(generator, 2, 2, 5, 3)
    mask = torch.tensor([[False, False, True, True, True], [True] * 5])
    yield Case("pads in front", (weights, 3, mask))
    weights = looked(generator, 1, 2, 4, 0)
    yield Case("no vectors", (weights, 0, torch.ones(1, 4, dtype=torch.bool)))


@task.also_right
def by_picking(weights, n_vectors, mask):
    rows = weights.transpose(1, 2)[mask]  # [real tokens, n_heads, …]
    return rows[..., :n_vectors].sum(-1).mean(0)


@task.also_right
def token_by_token(weights, n_vectors, mask):
    import numpy as np

    weights, mask = np.asarray(weights, dtype=np.float64), np.asarray(mask)
    heads = []
    for head in range(weights.shape[1]):
        each = [weights[b, head, i, :n_vectors].sum() for b, i in zip(*mask.nonzero(), strict=True)]
        heads.append(sum(each) / len(each))
    return torch.tensor(heads)


def mean_of(on_vectors, mask):
    return (on_vectors * mask[:, None]).sum(dim=(0, 2)) / mask.sum()


@task.mistake
def pads_count(weights, n_vectors, mask):
    """Pads are counted, too.

    They look around like everybody else, and it means nothing. Only where `mask` is True.
    """
    return weights[..., :n_vectors].sum(dim=-1).mean(dim=(0, 2))


@task.mistake
def silent_pads_divide(weights, n_vectors, mask):
    """You left the pads out above the line, and counted them below.

    Divide by the number of real tokens, `mask.sum()`.
    """
    return (weights[..., :n_vectors].sum(dim=-1) * mask[:, None]).mean(dim=(0, 2))


@task.mistake
def vectors_last(weights, n_vectors, mask):
    """You took the last columns.

    The vectors come first, then the tokens.
    """
    return mean_of(weights[..., weights.shape[-1] - n_vectors :].sum(dim=-1), mask)


@task.mistake
def the_text(weights, n_vectors, mask):
    """That is the share of the text.

    The vectors have the rest: the first `n_vectors` columns.
    """
    return mean_of(weights[..., n_vectors:].sum(dim=-1), mask)


@task.mistake
def mean_over_vectors(weights, n_vectors, mask):
    """You took the mean over the vectors.

    That is one vector's share. All of them together have the sum.
    """
    return mean_of(weights[..., :n_vectors].sum(dim=-1) / max(n_vectors, 1), mask)


@task.mistake
def strongest_vector(weights, n_vectors, mask):
    """You took the vector that is looked at most.

    All of them together have the sum.
    """
    if n_vectors == 0:
        return torch.zeros(weights.shape[1])
    return mean_of(weights[..., :n_vectors].amax(dim=-1), mask)


@task.mistake
def mean_and_nothing_of_nothing(weights, n_vectors, mask):
    """You took the mean over the vectors.

    That is one vector's share, and without vectors it is 0 / 0. All of them together have the sum.
    """
    return mean_of(weights[..., :n_vectors].mean(dim=-1), mask)


@task.mistake
def pads_last(weights, n_vectors, mask):
    """You counted real tokens, and took so many from the front.

    Pads may stand in front. The mask says of each token what it is.
    """
    first = torch.arange(mask.shape[1]) < mask.sum(dim=-1, keepdim=True)
    return mean_of(weights[..., :n_vectors].sum(dim=-1), first)


@task.mistake
def against_the_text(weights, n_vectors, mask):
    """You divided what falls on vectors by what falls on the text.

    A row adds up to one: the share is what falls on vectors, divided by nothing.
    """
    of_vectors = mean_of(weights[..., :n_vectors].sum(dim=-1), mask)
    return of_vectors / (1 - of_vectors)


@task.mistake
def heads_together(weights, n_vectors, mask):
    """One number for all heads came back.

    Heads differ, and that is what one wants to see: a number for each.
    """
    return mean_of(weights[..., :n_vectors].sum(dim=-1), mask).mean()


@task.mistake
def text_by_text(weights, n_vectors, mask):
    """You took the mean of each text first, and then of the texts.

    A short text then counts as much as a long one. All real tokens together.
    """
    each = (weights[..., :n_vectors].sum(dim=-1) * mask[:, None]).sum(dim=2)
    return (each / mask.sum(dim=1)[:, None]).mean(dim=0)


@task.mistake
def counted(weights, n_vectors, mask):
    """You counted the columns.

    n_vectors of all columns would be the share if everybody looked at everybody alike. Add up the
    weights.
    """
    heads = weights.shape[1]
    return torch.full((heads,), n_vectors / weights.shape[-1])


@task.mistake
def a_percentage(weights, n_vectors, mask):
    """These are per cents.

    A share of a half is 0.5.
    """
    return 100 * mean_of(weights[..., :n_vectors].sum(dim=-1), mask)


@task.mistake
def over_the_wrong_axis(weights, n_vectors, mask):
    """You cut the queries, not the keys.

    Who is looked at stands along the last axis: `weights[..., :n_vectors]`.
    """
    return mean_of(weights.sum(dim=-1), mask & (torch.arange(mask.shape[1]) < n_vectors))
