"""A little less sure."""

import math
from collections.abc import Callable, Iterator

import torch
import torch.nn.functional as F

from course_utils.checks.task import Case, Task
from course_utils.exercises.lesson_06.masked_loss import _translations, masked_loss

task = Task(
    "06.smoothed_loss",
    "A little less sure",
    section="A little less sure",
    gradient=True,
    hints=[
        "Without smoothing you ask for probability 1 at the right token, so only its −log p "
        "counts. With it you ask a little of every token: the loss is a weighted sum of all "
        "−log p.",
        "The weights: 1 − ε at the right token, ε / (vocab − 1) at each other. For five tokens "
        "and ε = 0.1 that is 0.9, and four times 0.025.",
        "You need two sums for each place: right = log p of the right token, and others = "
        "log_p.sum(-1) - right. Then −((1 − ε)·right + ε / (vocab − 1)·others), and the mean "
        "over real places.",
    ],
    praise="Right: nine parts truth, one part doubt, shared out fairly.",
)


@task.answer
def smoothed_loss(logits, targets, mask, smoothing):
    ### BEGIN SOLUTION
    vocab = logits.shape[-1]
    log_p = logits[mask].log_softmax(dim=-1)  # real tokens × vocab
    right = log_p.gather(-1, targets[mask][:, None])[:, 0]
    others = log_p.sum(dim=-1) - right
    return -((1 - smoothing) * right + smoothing / (vocab - 1) * others).mean()
    ### END SOLUTION


@task.cases
def cases(seed: int) -> Iterator[Case]:
    for (name, *batch), smoothing in zip(
        _translations(seed), (0.1, 0.3, 0.1, 0.0, 0.2, 0.1), strict=True
    ):
        yield Case(f"{name}, ε = {smoothing}", (*batch, smoothing))


@task.also_right
def smoothed_loss_by_table(logits, targets, mask, smoothing):
    vocab = logits.shape[-1]
    wanted = torch.full_like(logits, smoothing / (vocab - 1))
    wanted.scatter_(-1, targets[..., None], 1 - smoothing)
    each = torch.einsum("bnv,bnv->bn", wanted, -F.log_softmax(logits, dim=-1))
    return (each * mask).sum() / mask.sum()


@task.also_right
def smoothed_loss_by_torch(logits, targets, mask, smoothing):
    vocab = logits.shape[-1]
    theirs = smoothing * vocab / (vocab - 1)
    return F.cross_entropy(logits[mask], targets[mask], label_smoothing=theirs)


@task.also_right
def smoothed_loss_with_loops(logits, targets, mask, smoothing):
    total, vocab = 0.0, logits.shape[-1]
    for scores, target in zip(logits[mask], targets[mask], strict=True):
        for token, log_p in enumerate(scores.log_softmax(0)):
            share = 1 - smoothing if token == target else smoothing / (vocab - 1)
            total = total - share * log_p
    return total / mask.sum()


def _asked(share_right: Callable, share_other: Callable) -> Callable:
    """The mean loss when the right token is asked for with one share, each other with another."""

    def loss(logits, targets, mask, smoothing):
        vocab = logits.shape[-1]
        log_p = logits.log_softmax(-1)[mask]
        right = log_p.gather(-1, targets[mask][:, None])[:, 0]
        others = log_p.sum(-1) - right
        return -(
            share_right(smoothing, vocab) * right + share_other(smoothing, vocab) * others
        ).mean()

    return loss


def _entropy(smoothing: float, vocab: int) -> float:
    """Of what is asked for: the floor of the loss."""
    if smoothing == 0:
        return 0.0
    other = smoothing / (vocab - 1)
    return -(1 - smoothing) * math.log(1 - smoothing) - smoothing * math.log(other)


@task.mistake
def nothing_smoothed(logits, targets, mask, smoothing):
    """Nothing is smoothed.

    That is right for ε = 0 and for nothing else. Ask for 1 − ε at the right token and for ε /
    (vocab − 1) at each other.
    """
    return masked_loss(logits, targets, mask)


@task.mistake
def share_among_all_tokens_right(logits, targets, mask, smoothing):
    """You share ε among all tokens, the right one too.

    That is smoothing as Szegedy et al. 2016 and F.cross_entropy(label_smoothing=…) do it. It is a
    little gentler: the right token keeps 1 − ε + ε/vocab. The recipe of 2017 shares ε among the
    others only: ε / (vocab − 1) each.
    """
    return _asked(lambda e, v: 1 - e + e / v, lambda e, v: e / v)(logits, targets, mask, smoothing)


@task.mistake
def every_other_token_gets_all(logits, targets, mask, smoothing):
    """Every other token gets all of ε.

    With 4,000 tokens that asks for 400 times what there is to give away. The others share ε: ε /
    (vocab − 1) each, so that all shares add up to one.
    """
    return _asked(lambda e, v: 1 - e, lambda e, v: e)(logits, targets, mask, smoothing)


@task.mistake
def right_token_still_gets_1(logits, targets, mask, smoothing):
    """The right token still gets 1.

    What the others get has to come from somewhere: the right token is asked for with 1 − ε.
    """
    return _asked(lambda e, v: 1.0, lambda e, v: e / (v - 1))(logits, targets, mask, smoothing)


@task.mistake
def swapped_1(logits, targets, mask, smoothing):
    """You swapped ε and 1 − ε.

    Smoothing is what is given away, the small part. The right token keeps 1 − ε.
    """
    return _asked(lambda e, v: e, lambda e, v: (1 - e) / (v - 1))(logits, targets, mask, smoothing)


@task.mistake
def rest_lost(logits, targets, mask, smoothing):
    """The rest is lost.

    You ask for 1 − ε at the right token, and for nothing anywhere else. That only makes the loss
    smaller by a factor; no other token gains.
    """
    return _asked(lambda e, v: 1 - e, lambda e, v: 0.0)(logits, targets, mask, smoothing)


@task.mistake
def divided_vocab_2(logits, targets, mask, smoothing):
    """You divided by vocab − 2.

    Some programs leave out the pad as well, and so divide by vocab − 2. Here all tokens but the
    right one share: vocab − 1.
    """
    return _asked(lambda e, v: 1 - e, lambda e, v: e / (v - 2))(logits, targets, mask, smoothing)


@task.mistake
def divided_vocab(logits, targets, mask, smoothing):
    """You divided by vocab.

    There are vocab − 1 others. Divided by vocab, the shares add up to less than one.
    """
    return _asked(lambda e, v: 1 - e, lambda e, v: e / v)(logits, targets, mask, smoothing)


@task.mistake
def smoothed_at_pads_too(logits, targets, mask, smoothing):
    """Your smoothing counts the pads.

    The right tokens are taken at real places only, and what the others get is added up over the
    pads as well. Leave out the pads first (logits[mask], targets[mask]); then smooth.
    """
    vocab = logits.shape[-1]
    log_p = logits.log_softmax(-1)
    right = log_p.gather(-1, targets[..., None])[..., 0]
    others = (log_p.sum(-1) - right) * smoothing / (vocab - 1)
    return -((1 - smoothing) * right[mask].sum() + others.sum()) / mask.sum()


@task.mistake
def padding_counted(logits, targets, mask, smoothing):
    """Your padding is counted.

    Only the places where the mask is True count, in the sum and in the number you divide by.
    """
    return smoothed_loss(logits, targets, torch.ones_like(mask), smoothing)


@task.mistake
def divide_all_places(logits, targets, mask, smoothing):
    """You divide by all places.

    The pads add nothing to the sum, which is right, and still stand in the number you divide by.
    Divide by mask.sum(), the number of real tokens.
    """
    return smoothed_loss(logits, targets, mask, smoothing) * mask.sum() / mask.numel()


@task.mistake
def smoothed_probabilities(logits, targets, mask, smoothing):
    """You smoothed the model's answer.

    It is the target that is smoothed, not the probabilities. There is a loss for each token of the
    vocabulary, −log p, and the shares say how much of each.
    """
    p = logits.softmax(-1)[mask].gather(-1, targets[mask][:, None])[:, 0]
    return -((1 - smoothing) * p + smoothing / (logits.shape[-1] - 1)).log().mean()


@task.mistake
def took_floor_off(logits, targets, mask, smoothing):
    """You took the floor off.

    That is the KL divergence: cross-entropy minus the entropy of what was asked for. It has the
    same gradient, because the floor is a constant. This task wants the cross-entropy.
    """
    return smoothed_loss(logits, targets, mask, smoothing) - _entropy(smoothing, logits.shape[-1])


@task.mistake
def minus_forgotten(logits, targets, mask, smoothing):
    """You forgot the minus.

    Logs of probabilities are below zero, and a loss is above: minus the log of what was given.
    """
    return -smoothed_loss(logits, targets, mask, smoothing)


@task.mistake
def added_up(logits, targets, mask, smoothing):
    """You added up and did not divide.

    A sum grows with the batch. Wanted is the mean over the real places: divide by mask.sum().
    """
    return smoothed_loss(logits, targets, mask, smoothing) * mask.sum()
