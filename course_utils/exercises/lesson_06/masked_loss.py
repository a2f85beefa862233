"""Only words count."""

import math
from collections.abc import Iterator

import torch
import torch.nn.functional as F
from torch import Tensor

from course_utils.checks.task import Case, Task

task = Task(
    "06.masked_loss",
    "Only words count",
    section="Only words count",
    gradient=True,
    hints=[
        "At one place the loss is minus the log of the probability that the model gave to the "
        "right token. logits.log_softmax(dim=-1) has those logs for every token.",
        "Boolean masks select: logits[mask] is [real tokens, vocab], targets[mask] is "
        "[real tokens]. What is left has no pads to be careful about.",
        "gather picks one number a row: log_p.gather(-1, targets[:, None])[:, 0]. Or leave it "
        "all to F.cross_entropy, which takes logits, not probabilities.",
    ],
    praise="Right. Nobody is paid for pads.",
)


@task.answer
def masked_loss(logits, targets, mask):
    ### BEGIN SOLUTION
    log_p = logits[mask].log_softmax(dim=-1)  # real tokens × vocab
    right = log_p.gather(-1, targets[mask][:, None])
    return -right.mean()
    ### END SOLUTION


def _translations(seed: int) -> Iterator[tuple[str, Tensor, Tensor, Tensor]]:
    """Logits, targets and masks of batches whose sentences differ in length."""
    generator = torch.Generator().manual_seed(seed)
    batches = {
        "2 sentences, 4 and 2 words": ([4, 2], 4, 7),
        "3 sentences, 1, 5 and 3 words": ([1, 5, 3], 5, 11),
        "no pad at all": ([3, 3], 3, 5),
        "a rectangle wider than its longest sentence": ([2, 1, 3, 4], 6, 6),
    }
    for name, (lengths, n, vocab) in batches.items():
        logits = 2 * torch.randn(len(lengths), n, vocab, generator=generator)
        targets = torch.randint(0, vocab, (len(lengths), n), generator=generator)
        mask = torch.arange(n) < torch.tensor(lengths)[:, None]
        yield name, logits, targets.where(mask, torch.tensor(1)), mask
    alone = torch.randn(1, 1, 3, generator=generator)
    yield "one word", alone, torch.tensor([[2]]), torch.tensor([[True]])
    # e to the 150th is more than a float32 can hold, and e to the −150th less.
    sure = 150 * F.one_hot(torch.tensor([[0, 3, 1]]), 4).float()
    yield (
        "sure, and wrong once",
        sure,
        torch.tensor([[0, 2, 1]]),
        torch.tensor([[True, True, False]]),
    )


@task.cases
def cases(seed: int) -> Iterator[Case]:
    for name, logits, targets, mask in _translations(seed):
        yield Case(name, (logits, targets, mask))


@task.also_right
def masked_loss_by_torch(logits, targets, mask):
    return F.cross_entropy(logits[mask], targets[mask])


@task.also_right
def masked_loss_by_ignoring(logits, targets, mask):
    targets = targets.masked_fill(~mask, -100)
    return F.cross_entropy(logits.transpose(1, 2), targets, ignore_index=-100)


@task.also_right
def masked_loss_with_loops(logits, targets, mask):
    losses = []
    for sentence, words, real in zip(logits, targets, mask, strict=True):
        for scores, word, is_real in zip(sentence, words, real, strict=True):
            if is_real:
                losses.append(torch.logsumexp(scores, dim=0) - scores[word])
    return torch.stack(losses).mean()


@task.also_right
def masked_loss_by_weights(logits, targets, mask):
    each = F.cross_entropy(logits.flatten(0, 1), targets.flatten(), reduction="none")
    weights = mask.flatten().float()
    return (each * weights).sum() / weights.sum()


def _each(logits: Tensor, targets: Tensor) -> Tensor:
    """−log p(target) at each place, [batch, n]."""
    return -logits.log_softmax(-1).gather(-1, targets[..., None])[..., 0]


@task.mistake
def padding_counted(logits, targets, mask):
    """Your padding is counted.

    The mean runs over all places, so the model is paid for predicting pads, and it will: they are
    the easiest words there are. The loss looks splendid, the German does not. Only the places where
    the mask is True count.
    """
    return _each(logits, targets).mean()


@task.mistake
def divide_all_places(logits, targets, mask):
    """You divide by all places.

    The pads add nothing to the sum, which is right, and still stand in the number you divide by:
    batches with more padding look better. Divide by mask.sum().
    """
    return (_each(logits, targets) * mask).sum() / mask.numel()


@task.mistake
def added_up_did_not_divide(logits, targets, mask):
    """You added up and did not divide.

    A sum grows with the batch, so that no two batches can be compared. Divide by the number of real
    tokens.
    """
    return (_each(logits, targets) * mask).sum()


@task.mistake
def divide_number_sentences(logits, targets, mask):
    """You divide by the number of sentences.

    That is a loss per sentence, and long sentences have more of it. Wanted is the mean over tokens:
    divide by mask.sum().
    """
    return (_each(logits, targets) * mask).sum() / len(mask)


@task.mistake
def take_mean_sentences_means(logits, targets, mask):
    """You take the mean of the sentences' means.

    A word in a short sentence counts for more there than a word in a long one. Add up over all real
    tokens of the batch, then divide once.
    """
    return ((_each(logits, targets) * mask).sum(1) / mask.sum(1)).mean()


@task.mistake
def pads_alone(logits, targets, mask):
    """Your mask is inside out.

    You count the pads and leave out the words. True means a real token. (Without a pad your loss is
    NaN: the mean of nothing.)
    """
    return _each(logits, targets)[~mask].mean()


@task.mistake
def set_logits_pads_zero(logits, targets, mask):
    """You set the logits of pads to zero.

    Zero logits are a guess like another: each pad now costs ln(vocab) and is counted. Leave out the
    place, not its logits.
    """
    return _each(logits * mask[..., None], targets).mean()


@task.mistake
def took_softmax_twice(logits, targets, mask):
    """You took the softmax twice.

    F.cross_entropy takes logits and does the softmax itself. Of a softmax's softmax nothing is left
    but a slope: the loss hardly moves, whatever the model says.
    """
    return F.cross_entropy(logits.softmax(-1)[mask], targets[mask])


@task.mistake
def one_place_on(logits, targets, mask):
    """You shifted the targets.

    The targets that you are given are shifted already: target_out at place i is the answer to
    target_in at place i. Shifted once more, the model learns to skip a word.
    """
    return masked_loss(logits[:, :-1], targets[:, 1:], mask[:, 1:])


@task.mistake
def forgot_minus(logits, targets, mask):
    """You forgot the minus.

    A log-probability is at most 0, and training makes the loss small. With this sign it would learn
    to be wrong.
    """
    return -_each(logits, targets)[mask].mean()


@task.mistake
def took_log_softmax_two_steps(logits, targets, mask):
    """You took the log of a softmax, in two steps.

    Right on paper. But a probability of e to the −150th is 0 to a float32, and the log of 0 is −∞.
    logits.log_softmax(dim=-1) does both at once and never makes the 0.
    """
    return -logits.softmax(-1).log().gather(-1, targets[..., None])[..., 0][mask].mean()


@task.mistake
def loss_bits(logits, targets, mask):
    """Your loss is in bits.

    Right, in another unit: you used log2. PyTorch, and this task, count in nats (ln).
    """
    return _each(logits, targets)[mask].mean() / math.log(2)


@task.mistake
def log_missing(logits, targets, mask):
    """You forgot the logarithm.

    Minus the mean of the probabilities is no loss in nats, and hardly moves where the model is
    badly wrong. Take the log of each probability first: log_softmax.
    """
    return -logits.softmax(-1).gather(-1, targets[..., None])[..., 0][mask].mean()


@task.mistake
def shared_over_the_places(logits, targets, mask):
    """Your softmax runs over the places of the sentence.

    At each place the vocabulary shares out 1: dim=-1, the last axis.
    """
    return -logits.log_softmax(1).gather(-1, targets[..., None])[..., 0][mask].mean()


@task.mistake
def logits_as_they_are(logits, targets, mask):
    """You took the logits for logarithms of probabilities.

    They become that by log_softmax, which takes off the log of the sum over the vocabulary.
    """
    return -logits.gather(-1, targets[..., None])[..., 0][mask].mean()


@task.mistake
def over_the_batch(logits, targets, mask):
    """Your softmax runs over the sentences of the batch.

    At each place the vocabulary shares out 1: dim=-1, the last axis.
    """
    return -logits.log_softmax(0).gather(-1, targets[..., None])[..., 0][mask].mean()
