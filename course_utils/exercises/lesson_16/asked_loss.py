"""How surprised the model is by what was hidden, and by nothing else."""

from collections.abc import Iterator

import torch
import torch.nn.functional as F

from course_utils.checks.task import Case, Task

task = Task(
    "16.asked_loss",
    "Ask where it was hidden",
    section="Real text",
    gradient=True,
    hints=[
        "Only the places where `asked` is True count. `logits[asked]` picks their rows, "
        "`ids[asked]` what they should have been.",
        "Surprise is minus the logarithm of the right one's chance: `F.cross_entropy`.",
        "The mean is over those that were asked, all texts together.",
    ],
    praise="Right. The six of seven that it could read off earn it nothing.",
)


@task.answer
def asked_loss(logits, ids, asked):
    ### BEGIN SOLUTION
    return F.cross_entropy(logits[asked], ids[asked])
    ### END SOLUTION


@task.cases
def cases(seed: int) -> Iterator[Case]:
    generator = torch.Generator().manual_seed(seed)
    for batch, n, vocab in ((1, 8, 5), (3, 10, 7), (2, 40, 30)):
        logits = 2 * torch.randn(batch, n, vocab, generator=generator)
        ids = torch.randint(vocab, (batch, n), generator=generator)
        asked = torch.rand(batch, n, generator=generator) < 0.3
        asked[0, 1] = asked[-1, -2] = True  # and not the same number in each text
        asked[-1, : n // 2] = False
        yield Case(f"{batch} texts of {n}", (logits, ids, asked))

    for score in (200.0, -200.0):  # e²⁰⁰ is no number in float32
        logits = torch.randn(2, 6, 4, generator=generator)
        logits[0, 1, 2], ids = score, torch.randint(4, (2, 6), generator=generator)
        asked = torch.tensor([[0, 1, 0, 0, 1, 0], [1, 0, 0, 1, 1, 0]]).bool()
        yield Case(f"one score is {score:.0f}", (logits, ids, asked))


@task.also_right
def by_hand(logits, ids, asked):
    log_p = logits.log_softmax(dim=-1).gather(-1, ids[..., None])[..., 0]
    return -(log_p * asked).sum() / asked.sum()


@task.also_right
def ignoring(logits, ids, asked):
    targets = ids.masked_fill(~asked, -100)
    return F.cross_entropy(logits.flatten(0, 1), targets.flatten())


def surprise(logits, ids):
    return -logits.log_softmax(dim=-1).gather(-1, ids[..., None])[..., 0]


@task.mistake
def exponentials_by_hand(logits, ids, asked):
    """Large scores are too large for e^score.

    e²⁰⁰ is infinite in float32, and infinite / infinite is no number. `log_softmax` and
    `F.cross_entropy` take the largest score away first.
    """
    chance = logits.exp() / logits.exp().sum(dim=-1, keepdim=True)
    return -chance.log().gather(-1, ids[..., None])[..., 0][asked].mean()


@task.mistake
def perplexity(logits, ids, asked):
    """You returned the perplexity, e to the loss.

    Wanted is the mean surprise itself, in nats.
    """
    return surprise(logits, ids)[asked].mean().exp()


@task.mistake
def log_of_the_mean(logits, ids, asked):
    """You took the logarithm of the mean chance.

    First each place's surprise, −log of its chance; then their mean.
    """
    return -(-surprise(logits, ids)[asked]).exp().mean().log()


@task.mistake
def everywhere(logits, ids, asked):
    """Every place counts in yours.

    Where nothing was hidden the model can read off the answer: it would learn to copy. Only where
    `asked` is True.
    """
    return surprise(logits, ids).mean()


@task.mistake
def divided_by_all(logits, ids, asked):
    """You divided by all places.

    Of six in seven nothing was asked. Divide by the number that was.
    """
    return (surprise(logits, ids) * asked).sum() / asked.numel()


@task.mistake
def summed(logits, ids, asked):
    """You added up, and did not divide.

    The mean over those that were asked was wanted.
    """
    return (surprise(logits, ids) * asked).sum()


@task.mistake
def mean_of_means(logits, ids, asked):
    """You took the mean of the texts' means.

    Then a word counts more in a text where few were asked. All texts together: one sum, one
    number.
    """
    each = (surprise(logits, ids) * asked).sum(dim=1) / asked.sum(dim=1).clamp(min=1)
    return each.mean()


@task.mistake
def the_others(logits, ids, asked):
    """You asked where nothing was hidden.

    `asked` is True where the model has to guess.
    """
    return surprise(logits, ids)[~asked].mean()


@task.mistake
def the_next_word(logits, ids, asked):
    """You compared each place with the word after it.

    That's a language model. Here the word of the place itself was hidden.
    """
    return surprise(logits[:, :-1], ids[:, 1:])[asked[:, :-1]].mean()


@task.mistake
def in_bits(logits, ids, asked):
    """You counted in bits.

    The loss is in nats: the natural logarithm, as F.cross_entropy takes it.
    """
    return surprise(logits, ids)[asked].mean() / torch.log(torch.tensor(2.0))


@task.mistake
def without_softmax(logits, ids, asked):
    """You took the logits for log-probabilities.

    They don't know of each other yet: `log_softmax`, or F.cross_entropy, which does it.
    """
    return -logits.gather(-1, ids[..., None])[..., 0][asked].mean()


@task.mistake
def softmax_twice(logits, ids, asked):
    """Softmax was taken twice.

    F.cross_entropy wants the logits as they are.
    """
    return F.cross_entropy(logits.softmax(dim=-1)[asked], ids[asked])


@task.mistake
def over_the_places(logits, ids, asked):
    """Your softmax runs over the places.

    Chances are shared out among the words of the vocabulary: the last dimension.
    """
    return -logits.log_softmax(dim=1).gather(-1, ids[..., None])[..., 0][asked].mean()


@task.mistake
def with_a_plus(logits, ids, asked):
    """The minus is missing.

    The logarithm of a chance is below zero; a surprise is above.
    """
    return -surprise(logits, ids)[asked].mean()


@task.mistake
def silenced_logits(logits, ids, asked):
    """You set the other places' logits to zero, and counted them.

    A place of zeros still costs the logarithm of the vocabulary. Leave those places out.
    """
    return surprise(logits * asked[..., None], ids).mean()


@task.mistake
def chance_not_surprise(logits, ids, asked):
    """You returned the mean chance of the right word.

    Its surprise was wanted: minus the logarithm.
    """
    return (-surprise(logits, ids)[asked]).exp().mean()
