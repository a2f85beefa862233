"""How surprised, in coin tosses? A cross-entropy in bits, as anybody can compare it."""

import functools
import math
from collections.abc import Callable

import numpy as np
import torch
import torch.nn.functional as F

from course_utils.checks.task import Case, Task

task = Task(
    "08.bits_per_character",
    "How surprised, in coin tosses?",
    section="What is a guess worth?",
    hints=[
        "For each place: the chance that the model gave to the character which came. Its −log2 "
        "is the bits; then the mean.",
        "F.cross_entropy(logits.flatten(0, 1), targets.flatten()) does softmax, logarithm, "
        "picking and mean. Its unit is nats.",
        "A fair coin is 0.693 nats and 1 bit. So divide by math.log(2).",
    ],
    praise="Right. A fair coin costs one, and so you can compare with anybody.",
)


@task.answer
def bits_per_character(logits, targets):
    ### BEGIN SOLUTION
    surprise = F.cross_entropy(logits.flatten(0, 1), targets.flatten())  # in nats
    return surprise.item() / math.log(2)
    ### END SOLUTION


@task.cases
def cases(seed):
    coin = torch.zeros(2, 4, 2)
    tossed = torch.tensor([[0, 1, 1, 0], [1, 0, 0, 1]])
    yield Case("a fair coin, tossed eight times", (coin, tossed))
    loaded = torch.tensor([0.9, 0.1]).log().expand(1, 4, 2).clone()
    yield Case("a coin with 90 % heads", (loaded, torch.tensor([[0, 0, 1, 0]])))
    generator = torch.Generator().manual_seed(seed)

    def drawn(batch, n, vocab, *, size=2.0, offset=0.0):
        logits = size * torch.randn(batch, n, vocab, generator=generator) + offset
        logits[0] *= 3  # some blocks are harder, so that how one takes the mean shows
        return logits, torch.randint(0, vocab, (batch, n), generator=generator)

    # Where n is vocab, cross_entropy does not notice that it got the axes in the wrong order.
    for batch, n, vocab in ((3, 5, 7), (2, 6, 6), (4, 3, 65), (5, 5, 5)):
        yield Case(f"{batch} blocks of {n}, {vocab} characters", drawn(batch, n, vocab))
    yield Case("a single place", drawn(1, 1, 9))
    yield Case("a single block", drawn(1, 7, 4))
    yield Case("a block for each character", drawn(6, 1, 3))
    # A chance of e to the −104 is 0 in float32. Their mean stays below 88 nats, so that whoever
    # takes e to the power of it gets a number.
    yield Case("scores of a hundred", drawn(3, 4, 8, size=25.0))
    sure, other = 300 * torch.eye(4)[None, [0, 2, 3, 1, 1]], torch.tensor([[0, 2, 1, 1, 1]])
    yield Case("sure, and once mistaken", (sure, other))
    yield Case("scores around 1,000", drawn(2, 4, 5, offset=1000.0))
    surer = 30 * torch.eye(4)[None, [0, 2, 3, 1, 1]], torch.tensor([[0, 2, 3, 1, 1]])
    yield Case("sure, and right", surer)


@task.also_right
def with_loops(logits, targets):
    total, count = 0.0, 0
    for row, answers in zip(logits.tolist(), targets.tolist(), strict=True):
        for scores, answer in zip(row, answers, strict=True):
            largest = max(scores)
            total += math.log2(sum(math.exp(score - largest) for score in scores))
            total -= (scores[answer] - largest) / math.log(2)
            count += 1
    return total / count


@task.also_right
def by_looking_up(logits, targets):
    shares = logits.double().log_softmax(-1).gather(-1, targets.unsqueeze(-1))
    return -shares.mean() / math.log(2)


@task.also_right
def characters_second(logits, targets):
    return F.cross_entropy(logits.transpose(1, 2), targets) * math.log2(math.e)


@task.also_right
def with_numpy(logits, targets):
    scores = logits.numpy().reshape(-1, logits.shape[-1]).astype(np.float64)
    scores -= scores.max(axis=1, keepdims=True)
    chosen = scores[np.arange(len(scores)), targets.numpy().ravel()]
    return np.mean(np.log2(np.exp(scores).sum(axis=1)) - chosen / np.log(2))


def surprises(logits, targets):
    """What each place costs, in nats, [batch, n]."""
    return -logits.log_softmax(-1).gather(-1, targets[..., None])[..., 0]


def chances(logits, targets):
    """The probability of each target, [batch, n]."""
    return logits.softmax(-1).gather(-1, targets[..., None])[..., 0]


def in_bits(nats):
    return nats.mean() / math.log(2)


def mistake(wrong: Callable) -> Callable:
    """A mistake, with its number as a float: who wrote .item() and who did not are alike."""

    @task.mistake
    @functools.wraps(wrong)
    def number(logits, targets):
        return float(wrong(logits, targets))

    return number


@mistake
def axes_not_flattened(logits, targets):
    """Flatten blocks and places first.

    F.cross_entropy takes the second axis for the characters, and yours has the places. With one row
    a character, logits.flatten(0, 1) and targets.flatten(), nobody can mix them up.
    """
    return F.cross_entropy(logits, targets) / math.log(2)


@mistake
def axes_not_flattened_in_nats(logits, targets):
    """Flatten blocks and places first, and mind the unit.

    F.cross_entropy takes the second axis for the characters, and yours has the places: give it
    logits.flatten(0, 1) and targets.flatten(). What comes out is in nats.
    """
    return F.cross_entropy(logits, targets)


@mistake
def scrambled(logits, targets):
    """You changed the order of your numbers.

    reshape counts the numbers through and cuts where you say, whatever they stand for: after a
    transpose, scores of several characters' places are in one row. logits.flatten(0, 1) leaves the
    characters together.
    """
    return F.cross_entropy(
        logits.transpose(1, 2).reshape(-1, logits.shape[-1]), targets.flatten()
    ) / math.log(2)


@mistake
def places_first(logits, targets):
    """Logits and targets are no longer in the same order.

    One of them goes block by block and the other place by place. Flatten both as they are:
    logits.flatten(0, 1) and targets.flatten().
    """
    return in_bits(surprises(logits, targets.T.reshape(targets.shape)))


@mistake
def first_block_only(logits, targets):
    """You measured the first block only.

    [0] makes the axes fit by leaving out all other blocks. Flatten blocks and places to one axis
    instead, and every character counts.
    """
    return in_bits(surprises(logits, targets)[0])


@mistake
def last_block_only(logits, targets):
    """You measured the last block only.

    Each block's number replaces the one before it. Every place of every block counts: batch · n
    characters.
    """
    return in_bits(surprises(logits, targets)[-1])


@mistake
def last_place_only(logits, targets):
    """You measured the last character only.

    Every place of every block counts, since each has a target: batch · n characters.
    """
    return in_bits(surprises(logits, targets)[:, -1])


@mistake
def first_place_only(logits, targets):
    """You measured the first character of each block only.

    Every place of every block counts: batch · n characters.
    """
    return in_bits(surprises(logits, targets)[:, 0])


@mistake
def very_last_only(logits, targets):
    """You measured a single place.

    It is the last one of the last block: each place replaces the one before it. Add them up, and
    take the mean.
    """
    return in_bits(surprises(logits, targets)[-1, -1])


@mistake
def very_first_only(logits, targets):
    """You return after the first place.

    The return stands inside the loop. It belongs behind it, where all places have been added up.
    """
    return in_bits(surprises(logits, targets)[0, 0])


@mistake
def shifted_once_more(logits, targets):
    """You shifted once more.

    The targets stand one place later in the text already: logits[b, i] are the scores for
    targets[b, i]. All places count, the last one too.
    """
    return in_bits(surprises(logits[:, :-1], targets[:, 1:]))


@mistake
def all_targets_everywhere(logits, targets):
    """At each place you asked about all targets.

    [..., targets] looks up every target at every place. Each place has one: F.cross_entropy picks
    it, or gather(-1, targets[..., None]).
    """
    return -in_bits(logits.log_softmax(-1)[..., targets])


@mistake
def all_characters(logits, targets):
    """You took the mean over all characters of the alphabet.

    Only the one that came is to be paid for. targets says which it was: gather picks its logarithm
    at each place.
    """
    return -in_bits(logits.log_softmax(-1))


@mistake
def scores_for_logarithms(logits, targets):
    """You took scores for logarithms of chances.

    The scores have not been through a softmax, so they are no chances yet, nor their logarithms.
    F.cross_entropy does that; F.nll_loss expects it done.
    """
    return -in_bits(logits.gather(-1, targets[..., None]))


@mistake
def scores_for_logarithms_in_bits(logits, targets):
    """You took scores for bits.

    They have not been through a softmax yet, so they are no logarithms of chances, to whichever
    base. log_softmax makes them natural ones; divided by ln 2 they are bits.
    """
    return -logits.gather(-1, targets[..., None]).mean()


@mistake
def logarithms_of_scores(logits, targets):
    """You took the logarithm of scores.

    A score may be below zero, and has no logarithm then. A softmax over the last axis makes chances
    of them first; log_softmax does both.
    """
    return -logits.gather(-1, targets[..., None]).log2().mean()


@mistake
def two_logarithms(logits, targets):
    """You took the logarithm twice.

    log_softmax gives logarithms already, all of them below 0, and these have no logarithm. Divide
    them by ln 2.
    """
    return -(-surprises(logits, targets)).log2().mean()


@mistake
def nats(logits, targets):
    """You gave nats for bits.

    You took the natural logarithm, so a fair coin costs 0.69. Divide by ln 2 = 0.693, or take log2,
    and it costs 1.
    """
    return surprises(logits, targets).mean()


@mistake
def wrong_way_to_bits(logits, targets):
    """You multiplied by ln 2.

    A bit is the smaller unit (1 nat = 1.44 bits), so there are more of them: divide by ln 2.
    """
    return surprises(logits, targets).mean() * math.log(2)


@mistake
def halved(logits, targets):
    """You divided by 2.

    A fair coin has ln 2 = 0.693 nats, and should cost 1 bit: divide by math.log(2).
    """
    return surprises(logits, targets).mean() / 2


@mistake
def already_bits(logits, targets):
    """You divided by ln 2 twice.

    log2 gives bits already. What is in nats, as F.cross_entropy is, has to be divided, once.
    """
    return in_bits(surprises(logits, targets)) / math.log(2)


@mistake
def logarithm_of_nats(logits, targets):
    """You took log2 of the nats.

    They are logarithms already. From one unit to the other it is a factor: divide by math.log(2).
    """
    cost = surprises(logits, targets).mean().item()
    return math.log2(cost) if cost > 0 else -math.inf


@mistake
def perplexity(logits, targets):
    """You gave the perplexity.

    That is the number of equally likely characters which would be as hard to guess: 2 for a coin.
    Its log2 is the number of bits.
    """
    return surprises(logits, targets).mean().exp()


@mistake
def two_to_the_nats(logits, targets):
    """You took 2 to the power of the nats.

    That is no perplexity either: e to the nats is one, or 2 to the bits. What is wanted are the
    bits themselves, nats divided by ln 2.
    """
    return 2 ** surprises(logits, targets).mean()


@mistake
def logarithm_of_the_mean(logits, targets):
    """You took the mean of the chances first.

    One sure guess then makes up for any number of bad ones. Each character costs its own −log2; the
    mean comes last.
    """
    return -chances(logits, targets).mean().log2()


@mistake
def mean_of_perplexities(logits, targets):
    """You took the mean over the blocks' perplexities.

    Exponentials make the hard blocks count for more. Take the mean of the bits themselves, and
    nothing else after it.
    """
    return surprises(logits, targets).mean(1).exp().mean().log2()


@mistake
def sign(logits, targets):
    """The sign is the wrong way round.

    A chance is at most 1, so its logarithm is at most 0. Surprise is minus that.
    """
    return -in_bits(surprises(logits, targets))


@mistake
def sign_in_nats(logits, targets):
    """The sign is the wrong way round, and mind the unit.

    A chance is at most 1, so its logarithm is at most 0: surprise is minus that. In nats; divide by
    ln 2 for bits.
    """
    return -surprises(logits, targets).mean()


@mistake
def no_logarithm(logits, targets):
    """You gave the mean chance.

    A surprise is its −log2: a half costs 1 bit, a quarter costs 2. Then the mean.
    """
    return chances(logits, targets).mean()


@mistake
def chance_of_the_others(logits, targets):
    """You gave the chance of all other characters.

    1 − p says how often the model is wrong, not how surprised it is. A surprise is −log2 of p.
    """
    return 1 - chances(logits, targets).mean()


@mistake
def hits(logits, targets):
    """You counted how often the favourite came.

    Whether the right character had 0.34 or 0.99 makes no difference then. The surprise is −log2 of
    its chance.
    """
    return (logits.argmax(-1) == targets).float().mean()


@mistake
def likeliest(logits, targets):
    """You asked about the likeliest character.

    That is how sure the model is of itself, right or wrong. Take the chance of the character that
    really came: targets says which.
    """
    return -in_bits(logits.log_softmax(-1).amax(-1))


@mistake
def entropy(logits, targets):
    """You measured how undecided the model is.

    That is the entropy: what the model expects to pay. What it does pay depends on the characters
    that came, and targets has those.
    """
    return -in_bits((logits.softmax(-1) * logits.log_softmax(-1)).sum(-1))


@mistake
def weighted(logits, targets):
    """You weighted each surprise with its chance.

    −p · log2 p is a part of the entropy: the mean over all that might have come. Here something
    came, and costs −log2 p.
    """
    return in_bits(surprises(logits, targets) * chances(logits, targets))


@mistake
def softmax_twice(logits, targets):
    """You went through softmax twice.

    F.cross_entropy takes the logits and does the softmax itself. After two of them all characters
    are nearly alike.
    """
    return in_bits(surprises(logits.softmax(-1), targets))


@mistake
def softmax_twice_in_nats(logits, targets):
    """You went through softmax twice, and mind the unit.

    F.cross_entropy takes the logits, does the softmax itself, and counts in nats.
    """
    return surprises(logits.softmax(-1), targets).mean()


@mistake
def decimal_digits(logits, targets):
    """You took log10.

    That counts decimal digits, not bits. A coin should come to 1: log2.
    """
    return surprises(logits, targets).mean() / math.log(10)


@mistake
def share_of_the_most(logits, targets):
    """You divided by the bits of an alphabet in which all are alike.

    log2(vocab) is what pure guessing costs. What is wanted are the bits themselves.
    """
    return surprises(logits, targets).mean() / math.log(logits.shape[-1])


@mistake
def total(logits, targets):
    """That is the sum.

    All bits of the text together. Per character: divide by batch · n.
    """
    return surprises(logits, targets).sum() / math.log(2)


@mistake
def total_in_nats(logits, targets):
    """That is the sum, and in nats.

    Per character: divide by batch · n. In bits: divide by ln 2.
    """
    return surprises(logits, targets).sum()


@mistake
def per_block(logits, targets):
    """That is bits per block.

    You added up a block's bits and took the mean over blocks, so that longer blocks look worse.
    Divide by the number of characters.
    """
    return in_bits(surprises(logits, targets).sum(1))


@mistake
def per_place(logits, targets):
    """You divided by n alone.

    There are batch · n characters. The sum over all blocks, divided by n, grows with the number of
    blocks.
    """
    return in_bits(surprises(logits, targets).sum(0))


@mistake
def divided_twice(logits, targets):
    """You divided by the number of characters twice.

    F.cross_entropy and mean() have taken the mean already.
    """
    return in_bits(surprises(logits, targets)) / targets.numel()


@mistake
def divided_by_n_again(logits, targets):
    """You divided the mean by n.

    F.cross_entropy and mean() have divided by the number of characters already, all batch · n.
    """
    return in_bits(surprises(logits, targets)) / logits.shape[1]


@task.mistake
def block_by_block(logits, targets):
    """You gave a number for each block.

    One number is wanted: the mean over all places of all blocks.
    """
    return surprises(logits, targets).mean(1) / math.log(2)


@task.mistake
def place_by_place(logits, targets):
    """You gave a number for each place.

    These are the surprises. Now take their mean, over all places of all blocks.
    """
    return surprises(logits, targets) / math.log(2)


@mistake
def per_letter_of_the_alphabet(logits, targets):
    """You divided by the number of scores.

    logits has vocab of them at each place. Each place is one character: batch · n in all.
    """
    return surprises(logits, targets).sum() / math.log(2) / logits.numel()


@mistake
def middle_one(logits, targets):
    """You took the median.

    Rare and dear characters would cost nothing then. All count: the mean.
    """
    return surprises(logits, targets).median() / math.log(2)


@mistake
def softmax_along_the_text(logits, targets):
    """Your softmax runs along the text.

    At each place the chances of all characters add up to 1: the softmax is over the last axis.
    """
    return -in_bits(logits.log_softmax(1).gather(-1, targets[..., None]))


@mistake
def softmax_over_blocks(logits, targets):
    """Your softmax runs over the blocks.

    dim=0 is the batch. At each place the chances of all characters add up to 1: dim=-1.
    """
    return -in_bits(logits.log_softmax(0).gather(-1, targets[..., None]))


@mistake
def logarithm_of_a_chance(logits, targets):
    """Right, until a chance is too small to be written down.

    Below about 10⁻⁴⁵ float32 knows only 0, and −log2 of 0 is infinite. log_softmax, and
    F.cross_entropy, take the logarithm without ever writing the chance.
    """
    return -chances(logits, targets).log2().mean()


@mistake
def powers_by_hand(logits, targets):
    """Right, until the powers of e grow beyond all bounds.

    e to the 89 is more than float32 can hold, so it becomes infinite, and ∞/∞ is NaN. log_softmax,
    and F.cross_entropy, subtract each row's maximum first.
    """
    powers = logits.exp()
    shares = powers / powers.sum(-1, keepdim=True)
    return -shares.gather(-1, targets[..., None]).log2().mean()


@mistake
def never_nothing(logits, targets):
    """You added something to the chance, so that it is never 0.

    A character to which the model gave next to nothing costs hundreds of bits, and yours stops at
    30 or so. log_softmax, and F.cross_entropy, take the logarithm without ever writing the chance.
    """
    return -(chances(logits, targets) + 1e-9).log2().mean()
