"""Lesson 08, a language model of characters: its four tasks, and how people get them wrong.

A text is its own answer sheet, so nothing complains when targets stand in the wrong place; and a
number of bits looks like a number of nats. Most of these mistakes run, train and print something.
"""

import functools
import math
from collections.abc import Callable, Iterator
from dataclasses import replace

import torch
import torch.nn.functional as F
from torch import Tensor

from course_utils.checks._old import Case, Misconception, Task


def chances_add_up(result: object, case: Case) -> str | None:
    """For answers that are wrong in a way nobody foresaw: are they chances at all?"""
    if not isinstance(result, Tensor) or not result.is_floating_point():
        return None
    if bool((result < 0).any()):
        return "some of your chances are below 0."
    sums = result.detach().sum(-1)
    if bool(((sums - 1).abs() < 1e-3).all()):
        return None
    farthest = sums.flatten()[(sums - 1).abs().argmax()].item()
    return f"chances add up to 1 over the characters; yours add up to {farthest:.3f}."


# ---- 08.next_characters --------------------------------------------------------------------------


def next_characters(ids: Tensor, starts: list[int], n: int) -> tuple[Tensor, Tensor]:
    """Blocks of a text, and what comes next at each place: ids [length], both results [batch, n].

    Block b's inputs are the n ids from `starts[b]` on, its targets are the n ids one place later.
    """
    inputs = torch.stack([ids[start : start + n] for start in starts])
    targets = torch.stack([ids[start + 1 : start + n + 1] for start in starts])
    return inputs, targets


def next_characters_cases(seed: int) -> Iterator[Case]:
    generator = torch.Generator().manual_seed(seed)
    letters = sorted(set("Tom drinks cold coffee"))
    tom = torch.tensor([letters.index(letter) for letter in "Tom drinks cold coffee"])
    yield Case("“Tom drinks cold coffee”, two blocks of 4", (tom, [0, 11], 4))
    ids = torch.randint(0, 65, (50,), generator=generator)
    yield Case("three blocks of 6 that overlap", (ids, [3, 7, 5], 6))
    # In the last one the last target is the last character of the text.
    yield Case("a block that ends with the text", (ids, [0, 41], 8))


def blocks_of(ids: Tensor, starts: list[int], n: int) -> Tensor:
    return torch.stack([ids[start : start + n] for start in starts])


def rolled(ids: Tensor, starts: list[int], n: int) -> tuple[Tensor, Tensor]:
    inputs = blocks_of(ids, starts, n)
    return inputs, inputs.roll(-1, dims=1)


def backwards(ids: Tensor, starts: list[int], n: int) -> tuple[Tensor, Tensor]:
    # Without a place before the text's first one this fails there, as a learner's slices do.
    return blocks_of(ids, starts, n), blocks_of(ids, [start - 1 for start in starts], n)


def cut_short(ids: Tensor, starts: list[int], n: int) -> tuple[Tensor, Tensor]:
    blocks = blocks_of(ids, starts, n)
    return blocks[:, :-1], blocks[:, 1:]


def only_the_last(ids: Tensor, starts: list[int], n: int) -> tuple[Tensor, Tensor]:
    return blocks_of(ids, starts, n), torch.stack([ids[start + n] for start in starts])


def block_after(ids: Tensor, starts: list[int], n: int) -> tuple[Tensor, Tensor]:
    # Past the end of the text a slice is short, and torch.stack complains: so it does here.
    return blocks_of(ids, starts, n), blocks_of(ids, [start + n for start in starts], n)


def one_too_many(ids: Tensor, starts: list[int], n: int) -> tuple[Tensor, Tensor]:
    return blocks_of(ids, starts, n), blocks_of(ids, [start + 2 for start in starts], n)


def wrong_end(ids: Tensor, starts: list[int], n: int) -> tuple[Tensor, Tensor]:
    inputs = blocks_of(ids, starts, n)
    return inputs, torch.stack([ids[start + 1 : start + n] for start in starts])


def by_number_of_block(ids: Tensor, starts: list[int], n: int) -> tuple[Tensor, Tensor]:
    return next_characters(ids, [start * n for start in starts], n)


def next_characters_by_index(ids, starts, n):
    places = torch.tensor(starts)[:, None] + torch.arange(n)
    return ids[places], ids[places + 1]


def next_characters_by_windows(ids, starts, n):
    windows = ids.unfold(0, n + 1, 1)[torch.tensor(starts)]
    return windows[:, :-1], windows[:, 1:]


def how_far_on(result: object, case: Case) -> str | None:
    """For shifts that nobody foresaw, or that wrap round the text where a slice would be short."""
    ids, starts, n = case.args
    if not isinstance(result, tuple | list) or not torch.equal(result[0], blocks_of(*case.args)):
        return None
    places = torch.tensor(starts)[:, None] + torch.arange(n)
    for shift in range(-n, 2 * n + 1):
        if shift != 1 and torch.equal(result[1], ids[(places + shift) % len(ids)]):
            where = (
                f"{abs(shift)} place{'s' * (abs(shift) != 1)} {'after' if shift > 0 else 'before'}"
            )
            return f"each target stands {where} its input. What comes next stands 1 place after it."
    return None


NEXT_CHARACTERS = [
    Misconception(
        "your targets are your inputs",
        lambda ids, starts, n: (blocks_of(ids, starts, n), blocks_of(ids, starts, n)),
        "At each place the model would be asked for the character that it is looking at. It learns "
        "to copy in a minute, and its loss goes to 0. The targets stand one place later.",
    ),
    Misconception(
        "you rolled the block",
        rolled,
        "A roll takes the block's first character round to its end: the last target is something "
        "from the past. It should be the character after the block, ids[start + n].",
    ),
    Misconception(
        "you shifted the wrong way",
        backwards,
        "Each target is the character before its input. The model has read that one already; ask "
        "for the one after.",
    ),
    Misconception(
        "your blocks are one character short",
        cut_short,
        "You took n characters and cut inputs and targets out of these, so n − 1 are left of each. "
        "A block of n exercises needs n + 1 characters of text.",
    ),
    Misconception(
        "your targets end one character too early",
        wrong_end,
        "ids[start + 1 : start + n] holds n − 1 characters, because a slice leaves its end out. "
        "Both ends move: ids[start + 1 : start + n + 1].",
    ),
    Misconception(
        "you ask for one character a block",
        only_the_last,
        "Every place of the block is an exercise: n inputs, n targets. With the future hidden, a "
        "model does all of them in a single pass.",
    ),
    Misconception(
        "your targets are the next block",
        block_after,
        "They lie n places later, so that each character is asked for the one n places further on. "
        "What comes next lies one place later.",
    ),
    Misconception(
        "you shifted by two",
        one_too_many,
        "Each target stands two places after its input. Slices already leave out their end: the "
        "targets are ids[start + 1 : start + n + 1].",
    ),
    Misconception(
        "you took starts for numbers of blocks",
        by_number_of_block,
        "start = 3 means the block that begins at character 3, not the fourth block of n.",
    ),
    Misconception(
        "inputs and targets are swapped",
        lambda ids, starts, n: next_characters(ids, starts, n)[::-1],
        "The first of the pair is what the model reads, the second what it should say.",
    ),
]

# ---- 08.bits_per_character -----------------------------------------------------------------------


def bits_per_character(logits: Tensor, targets: Tensor) -> float:
    """Mean of −log₂ p(target): logits [batch, n, vocab], targets [batch, n]."""
    surprise = F.cross_entropy(logits.flatten(0, 1), targets.flatten())  # in nats
    return surprise.item() / math.log(2)


def bits_cases(seed: int) -> Iterator[Case]:
    generator = torch.Generator().manual_seed(seed)
    coin = torch.zeros(1, 8, 2)
    yield Case("a fair coin, tossed eight times", (coin, torch.tensor([[0, 1, 1, 0, 1, 0, 0, 1]])))
    loaded = torch.tensor([0.9, 0.1]).log().expand(1, 4, 2).clone()
    yield Case("a coin with 90 % heads", (loaded, torch.tensor([[0, 0, 1, 0]])))
    # Where n is vocab, cross_entropy does not notice that it got the axes in the wrong order.
    for batch, n, vocab in ((3, 5, 7), (2, 6, 6), (4, 3, 65)):
        logits = 2 * torch.randn(batch, n, vocab, generator=generator)
        # Some blocks are harder than others, so that how one takes the mean shows.
        logits[0] *= 3
        targets = torch.randint(0, vocab, (batch, n), generator=generator)
        yield Case(f"{batch} blocks of {n}, {vocab} characters", (logits, targets))


def chances(logits: Tensor, targets: Tensor) -> Tensor:
    """The probability of each target, [batch, n]."""
    return logits.softmax(-1).gather(-1, targets[..., None])[..., 0]


def bits_with_loops(logits, targets):
    total, count = 0.0, 0
    for row, answers in zip(logits, targets, strict=True):
        for scores, answer in zip(row, answers, strict=True):
            shares = [math.exp(score - scores.max().item()) for score in scores.tolist()]
            total -= math.log2(shares[int(answer)] / sum(shares))
            count += 1
    return total / count


def axes_in_torchs_order(logits: Tensor, targets: Tensor) -> float:
    return F.cross_entropy(logits, targets).item()


def as_number(answer: Callable) -> Callable:
    """The same answer as a float: who wrote .item() and who did not are both told apart by it."""

    @functools.wraps(answer)
    def number(logits: Tensor, targets: Tensor) -> float:
        return float(answer(logits, targets))

    return number


BITS = [
    Misconception(
        "flatten blocks and places first",
        lambda logits, targets: axes_in_torchs_order(logits, targets) / math.log(2),
        "F.cross_entropy takes the second axis for the characters, and yours has the places. With "
        "one row a character, logits.flatten(0, 1) and targets.flatten(), nobody can mix them up.",
    ),
    Misconception(
        "flatten blocks and places first, and mind the unit",
        axes_in_torchs_order,
        "F.cross_entropy takes the second axis for the characters, and yours has the places: give "
        "it logits.flatten(0, 1) and targets.flatten(). What comes out is in nats.",
    ),
    Misconception(
        "you measured the first block only",
        lambda logits, targets: -chances(logits, targets)[0].log2().mean(),
        "[0] makes the axes fit by leaving out all other blocks. Flatten blocks and places to one "
        "axis instead, and every character counts.",
    ),
    Misconception(
        "at each place you asked about all targets",
        lambda logits, targets: -logits.softmax(-1)[..., targets].log2().mean(),
        "[..., targets] looks up every target at every place. Each place has one: F.cross_entropy "
        "picks it, or gather(-1, targets[..., None]).",
    ),
    Misconception(
        "you took scores for logarithms of chances",
        lambda logits, targets: -logits.gather(-1, targets[..., None]).mean() / math.log(2),
        "The scores have not been through a softmax, so they are no chances yet, nor their "
        "logarithms. F.cross_entropy does that; F.nll_loss expects it done.",
    ),
    Misconception(
        "you gave nats for bits",
        lambda logits, targets: -chances(logits, targets).log().mean(),
        "You took the natural logarithm, so a fair coin costs 0.69. Divide by ln 2 = 0.693, or "
        "take log2, and it costs 1.",
    ),
    Misconception(
        "you multiplied by ln 2",
        lambda logits, targets: -chances(logits, targets).log().mean() * math.log(2),
        "A bit is the smaller unit (1 nat = 1.44 bits), so there are more of them: divide by ln 2.",
    ),
    Misconception(
        "you gave the perplexity",
        lambda logits, targets: (-chances(logits, targets).log().mean()).exp(),
        "That is the number of equally likely characters which would be as hard to guess: 2 for a "
        "coin. Its log2 is the number of bits.",
    ),
    Misconception(
        "you took the mean of the chances first",
        lambda logits, targets: -chances(logits, targets).mean().log2(),
        "One sure guess then makes up for any number of bad ones. Each character costs its own "
        "−log2; the mean comes last.",
    ),
    Misconception(
        "you took the mean over the blocks' perplexities",
        lambda logits, targets: (-chances(logits, targets).log().mean(1)).exp().mean().log2(),
        "Exponentials make the hard blocks count for more. Take the mean of the bits themselves, "
        "and nothing else after it.",
    ),
    Misconception(
        "the sign is the wrong way round",
        lambda logits, targets: chances(logits, targets).log2().mean(),
        "A chance is at most 1, so its logarithm is at most 0. Surprise is minus that.",
    ),
    Misconception(
        "you asked about the likeliest character",
        lambda logits, targets: -logits.softmax(-1).amax(-1).log2().mean(),
        "That is how sure the model is of itself, right or wrong. Take the chance of the character "
        "that really came: targets says which.",
    ),
    Misconception(
        "you measured how undecided the model is",
        lambda logits, targets: (
            -(logits.softmax(-1) * logits.log_softmax(-1)).sum(-1).mean() / math.log(2)
        ),
        "That is the entropy: what the model expects to pay. What it does pay depends on the "
        "characters that came, and targets has those.",
    ),
    Misconception(
        "you went through softmax twice",
        lambda logits, targets: (
            F.cross_entropy(logits.softmax(-1).flatten(0, 1), targets.flatten()) / math.log(2)
        ),
        "F.cross_entropy takes the logits and does the softmax itself. After two of them all "
        "characters are nearly alike.",
    ),
    Misconception(
        "you measured the last character only",
        lambda logits, targets: -chances(logits, targets)[:, -1].log2().mean(),
        "Every place of every block counts: batch · n characters.",
    ),
    Misconception(
        "you took log10",
        lambda logits, targets: -chances(logits, targets).log10().mean(),
        "That counts decimal digits, not bits. A coin should come to 1: log2.",
    ),
    Misconception(
        "that is the sum",
        lambda logits, targets: -chances(logits, targets).log2().sum(),
        "All bits of the text together. Per character: divide by batch · n.",
    ),
    Misconception(
        "that is bits per block",
        lambda logits, targets: -chances(logits, targets).log2().sum(1).mean(),
        "You added up a block's bits and took the mean over blocks, so that longer blocks look "
        "worse. Divide by the number of characters.",
    ),
    Misconception(
        "your softmax runs along the text",
        lambda logits, targets: -logits.softmax(1).gather(-1, targets[..., None]).log2().mean(),
        "At each place the chances of all characters add up to 1: the softmax is over the last "
        "axis.",
    ),
]

# ---- 08.with_temperature -------------------------------------------------------------------------


def with_temperature(logits: Tensor, temperature: float) -> Tensor:
    """Softmax of logits / temperature, [..., vocab]; the temperature is above 0."""
    return torch.softmax(logits / temperature, dim=-1)


def temperature_cases(seed: int) -> Iterator[Case]:
    generator = torch.Generator().manual_seed(seed)
    yield Case("scores 2, 1, 0 at temperature 0.5", (torch.tensor([2.0, 1.0, 0.0]), 0.5))
    for shape, temperature in (((4,), 2.0), ((3, 5), 0.7), ((2, 3, 4), 1.3), ((5, 5), 1.0)):
        logits = 3 * torch.randn(*shape, generator=generator)
        yield Case(
            f"logits of shape {list(shape)} at temperature {temperature}", (logits, temperature)
        )
    huge = 200 * torch.randn(2, 6, generator=generator)
    yield Case("a cold one: scores in the hundreds, temperature 0.1", (huge, 0.1))


def temperature_with_loops(logits, temperature):
    rows = []
    for row in logits.flatten(0, -2) if logits.ndim > 1 else logits[None]:
        hottest = max(row.tolist())
        powers = [math.exp((score - hottest) / temperature) for score in row.tolist()]
        rows.append(torch.tensor([power / sum(powers) for power in powers]))
    return torch.stack(rows).view_as(logits)


def still_at_one(result: object, case: Case) -> str | None:
    """For the many ways to a softmax by hand in which the temperature cancels."""
    logits, temperature = case.args
    ignored = temperature != 1 and isinstance(result, Tensor) and result.shape == logits.shape
    if not ignored or not torch.allclose(result.detach().to(logits), logits.softmax(-1), atol=1e-5):
        return None
    return (
        "these are the chances at temperature 1. A factor that all shares have in common cancels "
        "when they are divided by their sum: divide the scores, before they become powers of e."
    )


def by_hand(logits: Tensor, temperature: float) -> Tensor:
    powers = (logits / temperature).exp()
    return powers / powers.sum(-1, keepdim=True)


def without_its_axis(logits: Tensor, temperature: float) -> Tensor:
    powers = (logits / temperature).exp()
    return powers / powers.sum(-1)


TEMPERATURE = [
    Misconception(
        "right, until the powers of e grow beyond all bounds",
        by_hand,
        "e to the 89 is more than float32 can hold, so it becomes infinite, and ∞/∞ is NaN. Use "
        "torch.softmax, or subtract each row's maximum before the e-to-the: no share changes.",
    ),
    Misconception(
        "the sum has lost its axis",
        without_its_axis,
        "sum(-1) of [3, 5] is [3], which does not stand beside its own rows any more (and where it "
        "fits, it divides by another row's sum). keepdim=True keeps it [3, 1].",
    ),
    Misconception(
        "you multiplied by the temperature",
        lambda logits, temperature: (logits * temperature).softmax(-1),
        "Then 0.5 makes the model bolder and 2 makes it timid: the thermometer is upside down. "
        "Divide. (The same if you raised the chances to a power: it has to be 1 / temperature.)",
    ),
    Misconception(
        "the temperature comes after the softmax",
        lambda logits, temperature: logits.softmax(-1) / temperature,
        "All chances shrink by the same factor, so their ratios stay and they no longer add up to "
        "1. Divide the scores, before they become powers of e.",
    ),
    Misconception(
        "nothing is left of your temperature",
        lambda logits, temperature: (
            logits.softmax(-1) / temperature / (logits.softmax(-1) / temperature).sum(-1, True)
        ),
        "These are the chances at temperature 1. Divide the chances by something and then by their "
        "sum, or take something off every score, and it cancels. Divide the scores, before the "
        "softmax.",
    ),
    Misconception(
        "you sent the chances through a second softmax",
        lambda logits, temperature: (logits.softmax(-1) / temperature).softmax(-1),
        "Chances lie between 0 and 1, so after another softmax all are nearly alike. The scores go "
        "in, once.",
    ),
    Misconception(
        "the chances do not add up to 1",
        lambda logits, temperature: (logits / temperature).exp(),
        "You raised e to the scores and stopped. Divide by the sum over all characters, or let "
        "torch.softmax do both.",
    ),
    Misconception(
        "your softmax runs over the wrong axis",
        lambda logits, temperature: (logits / temperature).softmax(0),
        "The characters are the last axis. Over the first one it is the sentences of the batch "
        "that compete.",
    ),
    Misconception(
        "you returned logarithms",
        lambda logits, temperature: (logits / temperature).log_softmax(-1),
        "They are right as logarithms; what is wanted are the chances themselves: torch.softmax.",
    ),
    Misconception(
        "you returned scores",
        lambda logits, temperature: logits / temperature,
        "Divided as they should be. Now make chances of them: torch.softmax(…, dim=-1).",
    ),
]

# ---- 08.top_p ------------------------------------------------------------------------------------


def top_p(probabilities: Tensor, p: float) -> Tensor:
    """Keep the likeliest characters until they hold p of the chance, and share it out anew.

    probabilities [vocab], adding up to 1, 0 < p < 1. The character with which the sum reaches p is
    kept; the others become 0. Result [vocab], adding up to 1. Holtzman et al. 2020, section 3.1.
    """
    ordered, order = probabilities.sort(descending=True)
    before = ordered.cumsum(0) - ordered  # what the likelier ones hold together
    kept = torch.zeros_like(probabilities)
    kept[order] = torch.where(before < p, ordered, 0.0)
    return kept / kept.sum()


def top_p_cases(seed: int) -> Iterator[Case]:
    generator = torch.Generator().manual_seed(seed)
    # No sum of these falls on p, so that nobody has to argue about "reaches" and "passes".
    five = torch.tensor([0.08, 0.45, 0.12, 0.3, 0.05])
    yield Case("0.45 and 0.30 and three small ones, p = 0.6", (five, 0.6))
    yield Case("the same, p = 0.8", (five, 0.8))
    yield Case(
        "one character holds more than p by itself", (torch.tensor([0.1, 0.8, 0.07, 0.03]), 0.5)
    )
    for vocab, p in ((6, 0.7), (12, 0.9), (65, 0.95)):
        shares = (2 * torch.randn(vocab, generator=generator)).softmax(0)
        yield Case(f"{vocab} characters, p = {p}", (shares, p))


def keeping(choose: Callable[[Tensor, float], Tensor], *, share_out: bool = True) -> Callable:
    """A top-p that keeps, of the chances in falling order, those that `choose` says."""

    def top(probabilities: Tensor, p: float) -> Tensor:
        ordered, order = probabilities.sort(descending=True)
        kept = torch.zeros_like(probabilities)
        kept[order] = torch.where(choose(ordered, p), ordered, 0.0)
        return kept / kept.sum() if share_out else kept

    return top


def one_too_early(ordered: Tensor, p: float) -> Tensor:
    return ordered.cumsum(0) <= p


def one_too_early_but_one(ordered: Tensor, p: float) -> Tensor:
    return (ordered.cumsum(0) <= p) | (torch.arange(len(ordered)) == 0)


def one_too_late(ordered: Tensor, p: float) -> Tensor:
    before = ordered.cumsum(0) - ordered
    reached = (before < p).sum()
    return torch.arange(len(ordered)) <= reached


def as_it_should(ordered: Tensor, p: float) -> Tensor:
    return ordered.cumsum(0) - ordered < p


def least_likely_first(probabilities: Tensor, p: float) -> Tensor:
    ordered, order = probabilities.sort()
    kept = torch.zeros_like(probabilities)
    kept[order] = torch.where(as_it_should(ordered, p), ordered, 0.0)
    return kept / kept.sum()


def never_sorted(probabilities: Tensor, p: float) -> Tensor:
    kept = torch.where(as_it_should(probabilities, p), probabilities, 0.0)
    return kept / kept.sum()


def left_in_order(probabilities: Tensor, p: float) -> Tensor:
    ordered = probabilities.sort(descending=True).values
    kept = torch.where(as_it_should(ordered, p), ordered, 0.0)
    return kept / kept.sum()


def mask_left_in_order(probabilities: Tensor, p: float) -> Tensor:
    ordered = probabilities.sort(descending=True).values
    kept = torch.where(as_it_should(ordered, p), probabilities, 0.0)
    return kept / kept.sum()


def sharing_by_softmax(probabilities: Tensor, p: float) -> Tensor:
    kept = keeping(as_it_should)(probabilities, p) > 0
    return torch.where(kept, probabilities, -torch.inf).softmax(0)


def zeros_in_a_softmax(probabilities: Tensor, p: float) -> Tensor:
    return keeping(as_it_should, share_out=False)(probabilities, p).softmax(0)


def min_p(probabilities: Tensor, p: float) -> Tensor:
    kept = torch.where(probabilities >= p * probabilities.max(), probabilities, 0.0)
    return kept / kept.sum()


def above_p(probabilities: Tensor, p: float) -> Tensor:
    kept = torch.where(probabilities >= p, probabilities, 0.0)
    return kept / kept.sum()


def above_the_rest(probabilities: Tensor, p: float) -> Tensor:
    kept = torch.where(probabilities >= 1 - p, probabilities, 0.0)
    return kept / kept.sum()


def there_twice(probabilities: Tensor, p: float) -> Tensor:
    ordered, order = probabilities.sort(descending=True)
    kept = torch.where(as_it_should(ordered, p), ordered, 0.0)[order]
    return kept / kept.sum()


def mask_there_twice(probabilities: Tensor, p: float) -> Tensor:
    ordered, order = probabilities.sort(descending=True)
    kept = torch.where(as_it_should(ordered, p)[order], probabilities, 0.0)
    return kept / kept.sum()


def only_the_kept(probabilities: Tensor, p: float) -> Tensor:
    ordered = probabilities.sort(descending=True).values
    kept = ordered[as_it_should(ordered, p)]
    return kept / kept.sum()


def who_stays(result: object, case: Case) -> str | None:
    """For two mistakes at once: how many are kept, then which; the chances come after that."""
    right = top_p(*case.args)
    if not isinstance(result, Tensor) or result.shape != right.shape:
        return None
    kept, wanted = (places.nonzero().flatten().tolist() for places in (result != 0, right != 0))
    if len(kept) != len(wanted):
        return (
            f"you keep {len(kept)} of the {len(right)} characters; it takes {len(wanted)}, the "
            f"likeliest, until they hold p = {case.args[1]} together."
        )
    if kept != wanted:
        return (
            f"you keep as many as you should, but those at {kept} where {wanted} are the likeliest "
            "(places in the order that you were given). Has somebody stayed in sorted order?"
        )
    return None


def top_p_with_a_loop(probabilities, p):
    total, chosen = 0.0, []
    for character in sorted(range(len(probabilities)), key=lambda i: -probabilities[i].item()):
        chosen.append(character)
        total += probabilities[character].item()
        if total >= p:
            break
    kept = torch.zeros(len(probabilities))
    kept[chosen] = probabilities[chosen]
    return kept / total


def top_p_by_counting(probabilities, p):
    ordered = probabilities.sort(descending=True).values
    smallest = ordered[int((ordered.cumsum(0) < p).sum())]
    kept = probabilities * (probabilities >= smallest)
    return kept / kept.sum()


def top_p_with_logits(probabilities, p):
    order = probabilities.argsort(descending=True)
    before = probabilities[order].cumsum(0).roll(1)
    before[0] = 0.0
    scores = probabilities.log()
    scores[order[before >= p]] = -torch.inf
    return scores.softmax(0)


TOP_P = [
    Misconception(
        "you cut one character too early",
        keeping(one_too_early),
        "The character with which the sum reaches p is kept, too. Ask what the likelier ones hold "
        "before it: cumsum − its own chance, below p. (And when the first holds more than p alone, "
        "you were left with nobody.)",
    ),
    Misconception(
        "you cut one character too early, and rescued the first",
        keeping(one_too_early_but_one),
        "The character with which the sum reaches p is kept, too. Where it is the first, you saw "
        "to that; elsewhere the kept ones hold less than p.",
    ),
    Misconception(
        "you cut one character too late",
        keeping(one_too_late),
        "Once the sum has reached p, the next one stays out. If you shifted the mask by a place to "
        "keep the crossing character, it has been shifted once too often.",
    ),
    Misconception(
        "you did not share out anew",
        keeping(as_it_should, share_out=False),
        "The right ones are kept, and their chances add up to less than 1. Divide by what is left.",
    ),
    Misconception(
        "you began with the least likely",
        least_likely_first,
        "sort() goes upwards unless told otherwise: descending=True. You kept the tail and threw "
        "the favourites away.",
    ),
    Misconception(
        "you never sorted",
        never_sorted,
        "You added up in the order of the alphabet, so it decides who stays. The likeliest come "
        "first.",
    ),
    Misconception(
        "the chances are still in sorted order",
        left_in_order,
        "The numbers are right and belong to the wrong characters: 'a' now has the favourite's "
        "chance. Put each back to its place, with the order that sort returns.",
    ),
    Misconception(
        "your mask is still in sorted order",
        mask_left_in_order,
        "It says which of the sorted chances stay, and you laid it on the unsorted ones. Put it "
        "back with the order that sort returns: mask[order] = …",
    ),
    Misconception(
        "you sorted a second time",
        there_twice,
        "x[order] goes from the given order to the sorted one, and you are there already. The way "
        "back is kept[order] = x.",
    ),
    Misconception(
        "you sorted your mask a second time",
        mask_there_twice,
        "keep[order] goes from the given order to the sorted one, where your mask is already. The "
        "way back puts the brackets on the left: mask[order] = keep.",
    ),
    Misconception(
        "you gave back the kept ones only, in sorted order",
        only_the_kept,
        "Nobody can tell any more which characters they belong to. The result is as long as "
        "probabilities, with zeros for the others: start from torch.zeros_like(probabilities).",
    ),
    Misconception(
        "you shared out by a softmax",
        sharing_by_softmax,
        "The right ones stay, but a softmax of chances makes them nearly alike. They are chances "
        "already: divide by their sum.",
    ),
    Misconception(
        "your softmax brought the cut ones back",
        zeros_in_a_softmax,
        "e⁰ = 1 is a share like another, so whoever you had set to 0 is back. Divide by the sum.",
    ),
    Misconception(
        "you wrote min-p",
        min_p,
        "It keeps whoever has at least p times the favourite's chance. Top-p adds up the chances "
        "from the top until they reach p.",
    ),
    Misconception(
        "you kept everybody with a chance of p",
        above_p,
        "p is about the sum of the kept ones, not about each of them.",
    ),
    Misconception(
        "you kept everybody above 1 − p",
        above_the_rest,
        "p is about the sum of the kept ones, not about each of them. Add up, from the top.",
    ),
]

TASKS = [
    Task(
        id="08.next_characters",
        title="A text is its own answer sheet",
        reference=next_characters,
        cases=next_characters_cases,
        misconceptions=NEXT_CHARACTERS,
        properties=[how_far_on],
        dimensions=("batch", "n"),
        hints=[
            "On paper: inputs “Tom ”, targets “om d”. Which places of the text are these?",
            "A slice ids[a : b] goes from a to b − 1. The inputs are ids[start : start + n]; the "
            "targets begin one place later and end one place later.",
            "torch.stack([… for start in starts]) makes [batch, n] out of one row a start.",
        ],
        alternatives=[next_characters_by_index, next_characters_by_windows],
        praise="Right: n characters, n exercises, and nobody had to write the answers.",
    ),
    Task(
        id="08.bits_per_character",
        title="How surprised, in coin tosses?",
        reference=bits_per_character,
        cases=bits_cases,
        misconceptions=[replace(one, implementation=as_number(one.implementation)) for one in BITS],
        hints=[
            "For each place: the chance that the model gave to the character which came. Its −log2 "
            "is the bits; then the mean.",
            "F.cross_entropy(logits.flatten(0, 1), targets.flatten()) does softmax, logarithm, "
            "picking and mean. Its unit is nats.",
            "A fair coin is 0.693 nats and 1 bit. So divide by math.log(2).",
        ],
        alternatives=[
            bits_with_loops,
            lambda logits, targets: -chances(logits, targets).log2().mean(),
            lambda logits, targets: (
                F.cross_entropy(logits.transpose(1, 2), targets) * math.log2(math.e)
            ),
        ],
        praise="Right. A fair coin costs one, and so you can compare with anybody.",
    ),
    Task(
        id="08.with_temperature",
        title="Turn up the heat",
        reference=with_temperature,
        cases=temperature_cases,
        misconceptions=TEMPERATURE,
        properties=[still_at_one, chances_add_up],
        dimensions=("vocab",),
        hints=[
            "Cold should make the favourite surer, hot should make all alike. What happens to the "
            "distance between two scores when you divide both by 0.5? By 2?",
            "The temperature belongs in front of the softmax, on the scores.",
            "torch.softmax(…, dim=-1): the characters are the last axis, however many stand in "
            "front of it.",
        ],
        alternatives=[
            temperature_with_loops,
            lambda logits, temperature: (
                logits.double().softmax(-1) ** (1 / temperature)
                / (logits.double().softmax(-1) ** (1 / temperature)).sum(-1, keepdim=True)
            ),
            lambda logits, temperature: (
                (logits / temperature) - (logits / temperature).logsumexp(-1, keepdim=True)
            ).exp(),
            lambda logits, temperature: logits.double().div(temperature).softmax(-1),
        ],
        praise="Right, from freezing to boiling.",
    ),
    Task(
        id="08.top_p",
        title="Leave out the tail",
        reference=top_p,
        cases=top_p_cases,
        misconceptions=TOP_P,
        properties=[who_stays, chances_add_up],
        dimensions=("vocab",),
        hints=[
            "Four steps: sort the chances, the largest first; add up; keep; share out anew.",
            "ordered, order = probabilities.sort(descending=True), and ordered.cumsum(0) − ordered "
            "is what the likelier ones hold before each.",
            "Whoever has less than p before it is kept, so the one that crosses p stays in.",
            "kept = torch.zeros_like(probabilities), then kept[order] = … puts each chance back to "
            "its own character. Last, kept / kept.sum().",
        ],
        alternatives=[top_p_with_a_loop, top_p_by_counting, top_p_with_logits],
        praise="Right: it keeps few where it is sure and many where it is not.",
    ),
]
