"""Leave out the tail: top-p, or nucleus sampling.

Holtzman et al. 2020, "The Curious Case of Neural Text Degeneration", section 3.1.
"""

import torch

from course_utils.checks.task import Case, Task
from course_utils.exercises.lesson_08.common import chances_add_up

task = Task(
    "08.top_p",
    "Leave out the tail",
    section="Leave out the tail",
    dimensions=("vocab",),
    hints=[
        "Four steps: sort the chances, the largest first; add up; keep; share out anew.",
        "ordered, order = probabilities.sort(descending=True), and ordered.cumsum(0) − ordered "
        "is what the likelier ones hold before each.",
        "Whoever has less than p before it is kept, so the one that crosses p stays in.",
        "kept = torch.zeros_like(probabilities), then kept[order] = … puts each chance back to "
        "its own character. Last, kept / kept.sum().",
    ],
    praise="Right: it keeps few where it is sure and many where it is not.",
)


@task.answer
def top_p(probabilities, p):
    ### BEGIN SOLUTION
    ordered, order = probabilities.sort(descending=True)
    before = ordered.cumsum(0) - ordered  # what the likelier ones hold together
    kept = torch.zeros_like(probabilities)
    kept[order] = torch.where(before < p, ordered, 0.0)
    return kept / kept.sum()
    ### END SOLUTION


@task.cases
def cases(seed):
    # The last of those that stay is nowhere as likely as the first of those that go: which of two
    # equals stays is not said.
    five = torch.tensor([0.08, 0.45, 0.12, 0.3, 0.05])
    yield Case("0.45 and 0.30 and three small ones, p = 0.6", (five, 0.6))
    yield Case("the same, p = 0.8", (five, 0.8))
    one = torch.tensor([0.1, 0.8, 0.07, 0.03])
    yield Case("one character holds more than p by itself", (one, 0.5))
    generator = torch.Generator().manual_seed(seed)

    def mixed(*chances):
        return torch.tensor(chances)[torch.randperm(len(chances), generator=generator)]

    def between(probabilities, count):
        """A p that is reached with `count` characters, well away from every sum."""
        sums = probabilities.sort(descending=True).values.double().cumsum(0)
        return float((sums[count - 2] + sums[count - 1]) / 2)

    for vocab, count in ((6, 3), (12, 7), (65, 20)):
        shares = (2 * torch.randn(vocab, generator=generator)).softmax(0)
        p = between(shares, count)
        yield Case(f"{vocab} characters, of which {count} stay", (shares, p))
    # Halves and quarters add up without rounding, so that a sum can be p to the last digit.
    yield Case("the first reaches p exactly", (torch.tensor([0.5, 0.375, 0.125]), 0.5))
    yield Case("two reach p exactly", (mixed(0.5, 0.25, 0.125, 0.0625, 0.0625), 0.75))
    yield Case("all alike, all stay", (torch.full((4,), 0.25), 0.9))
    yield Case("two equals in front", (mixed(0.375, 0.375, 0.125, 0.125), 0.5))
    yield Case("some without any chance", (mixed(0.625, 0.375, 0.0, 0.0, 0.0), 0.875))
    yield Case("a very small p", (mixed(0.4, 0.35, 0.2, 0.05), 0.01))
    yield Case("a p that only all reach", (mixed(0.4, 0.35, 0.2, 0.05), 0.99))
    yield Case("a single character", (torch.ones(1), 0.5))


@task.also_right
def with_a_loop(probabilities, p):
    total, chosen = 0.0, []
    for character in sorted(range(len(probabilities)), key=lambda i: -probabilities[i].item()):
        chosen.append(character)
        total += probabilities[character].item()
        if total >= p:
            break
    kept = torch.zeros(len(probabilities))
    kept[chosen] = probabilities[chosen]
    return kept / total


@task.also_right
def by_counting(probabilities, p):
    ordered = probabilities.sort(descending=True).values
    smallest = ordered[int((ordered.cumsum(0) < p).sum())]
    kept = probabilities * (probabilities >= smallest)
    return kept / kept.sum()


@task.also_right
def with_logits(probabilities, p):
    order = probabilities.argsort(descending=True)
    before = probabilities[order].cumsum(0).roll(1)
    before[0] = 0.0
    scores = probabilities.log()
    scores[order[before >= p]] = -torch.inf
    return scores.softmax(0)


@task.also_right
def from_the_bottom(probabilities, p):
    ordered, order = probabilities.double().sort()
    ordered[ordered.cumsum(0) <= 1 - p + 1e-9] = 0.0
    return torch.zeros_like(ordered).scatter(0, order, ordered / ordered.sum())


@task.also_right
def by_comparing_all(probabilities, p):
    likelier = probabilities[None] > probabilities[:, None]
    kept = torch.where((likelier * probabilities).sum(1) < p, probabilities, 0.0)
    return kept / kept.sum()


@task.also_right
def on_a_copy(probabilities, p):
    left = probabilities.clone()
    ordered, order = torch.sort(left, descending=True)
    count = int((torch.cumsum(ordered, dim=0) < p).sum()) + 1
    left[order[count:]] = 0
    left /= left.sum()
    return left


@task.property
def who_stays(result, case):
    """For two mistakes at once: how many are kept, then which; the chances come after that."""
    right = top_p(*case.args)
    if not isinstance(result, torch.Tensor) or result.shape != right.shape:
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


task.property(chances_add_up)


def shared(kept):
    return kept / kept.sum()


def those_before(ordered, p):
    """Which of the sorted chances stay."""
    return ordered.cumsum(0) - ordered < p


def cut(probabilities, p, *, stays=those_before, share=shared, descending=True):
    """The answer with one of its parts replaced."""
    ordered, order = probabilities.sort(descending=descending)
    kept = torch.zeros_like(probabilities)
    kept[order] = torch.where(stays(ordered, p), ordered, 0.0)
    return share(kept)


def first(ordered):
    return torch.arange(len(ordered)) == 0


@task.mistake
def one_too_early(probabilities, p):
    """You cut one character too early.

    The character with which the sum reaches p is kept, too. Ask what the likelier ones hold before
    it: cumsum − its own chance, below p. (And when the first holds more than p alone, you were left
    with nobody.)
    """
    return cut(probabilities, p, stays=lambda ordered, p: ordered.cumsum(0) <= p)


@task.mistake
def below_p(probabilities, p):
    """You keep those whose sum is still below p.

    The character with which the sum reaches p is kept, too, and also if it does so exactly. Ask
    what the likelier ones hold before it: cumsum − its own chance, below p.
    """
    return cut(probabilities, p, stays=lambda ordered, p: ordered.cumsum(0) < p)


@task.mistake
def one_too_early_but_one(probabilities, p):
    """You cut one character too early, and rescued the first.

    The character with which the sum reaches p is kept, too. Where it is the first, you saw to that;
    elsewhere the kept ones hold less than p.
    """
    return cut(probabilities, p, stays=lambda o, p: (o.cumsum(0) <= p) | first(o))


@task.mistake
def below_p_but_one(probabilities, p):
    """You keep those whose sum is below p, and the first.

    That saves the favourite. In every other case, too, the one with which the sum reaches p stays.
    """
    return cut(probabilities, p, stays=lambda o, p: (o.cumsum(0) < p) | first(o))


@task.mistake
def reached_and_one_more(probabilities, p):
    """You go on where the sum is p exactly.

    0.5 and p = 0.5: it has been reached, and nobody else is needed. Keep a character where those
    before it hold less than p; < and not <=.
    """
    return cut(probabilities, p, stays=lambda ordered, p: ordered.cumsum(0) - ordered <= p)


@task.mistake
def one_too_late(probabilities, p):
    """You cut one character too late.

    Once the sum has reached p, the next one stays out. If you shifted the mask by a place to keep
    the crossing character, it has been shifted once too often.
    """

    def stays(ordered, p):
        return torch.arange(len(ordered)) <= those_before(ordered, p).sum()

    return cut(probabilities, p, stays=stays)


@task.mistake
def not_shared_out(probabilities, p):
    """You did not share out anew.

    The right ones are kept, and their chances add up to less than 1. Divide by what is left.
    """
    return cut(probabilities, p, share=lambda kept: kept)


@task.mistake
def divided_by_p(probabilities, p):
    """You divided by p.

    The kept ones hold at least p, and mostly more. Divide by what they do hold: kept.sum().
    """
    return cut(probabilities, p, share=lambda kept: kept / p)


@task.mistake
def rest_to_the_favourite(probabilities, p):
    """You gave the rest to the favourite.

    All who stay share it, each in proportion to its own chance: divide by what they hold together.
    """
    kept = cut(probabilities, p, share=lambda kept: kept)
    kept[kept.argmax()] += 1 - kept.sum()
    return kept


@task.mistake
def rest_shared_evenly(probabilities, p):
    """You gave everybody the same part of the rest.

    Whoever is twice as likely should stay twice as likely: divide all by what they hold together.
    """
    kept = cut(probabilities, p, share=lambda kept: kept)
    return torch.where(kept > 0, kept + (1 - kept.sum()) / (kept > 0).sum(), 0.0)


@task.mistake
def minus_infinity(probabilities, p):
    """You set the cut ones to −∞.

    That is for scores, in front of a softmax. These are chances: nobody's is 0, and a sum with −∞
    in it is lost.
    """
    return shared(torch.where(cut(probabilities, p) > 0, probabilities, -torch.inf))


@task.mistake
def least_likely_first(probabilities, p):
    """You began with the least likely.

    sort() goes upwards unless told otherwise: descending=True. You kept the tail and threw the
    favourites away.
    """
    return cut(probabilities, p, descending=False)


@task.mistake
def tail_kept(probabilities, p):
    """You kept the tail.

    Those whom the sum reaches before p should stay, and these are the ones that you set to 0. Is
    the mask the wrong way round?
    """
    return cut(probabilities, p, stays=lambda ordered, p: ~those_before(ordered, p))


@task.mistake
def nobody_left_out(probabilities, p):
    """You left nobody out.

    What you return is what was given. Those behind the one with which the sum reaches p become 0.
    """
    return probabilities.clone()


@task.mistake
def never_sorted(probabilities, p):
    """You never sorted.

    You added up in the order of the alphabet, so it decides who stays. The likeliest come first.
    """
    return shared(torch.where(those_before(probabilities, p), probabilities, 0.0))


@task.mistake
def left_in_order(probabilities, p):
    """The chances are still in sorted order.

    The numbers are right and belong to the wrong characters: 'a' now has the favourite's chance.
    Put each back to its place, with the order that sort returns.
    """
    ordered = probabilities.sort(descending=True).values
    return shared(torch.where(those_before(ordered, p), ordered, 0.0))


@task.mistake
def mask_left_in_order(probabilities, p):
    """Your mask is still in sorted order.

    It says which of the sorted chances stay, and you laid it on the unsorted ones. Put it back with
    the order that sort returns: mask[order] = …
    """
    ordered = probabilities.sort(descending=True).values
    return shared(torch.where(those_before(ordered, p), probabilities, 0.0))


@task.mistake
def there_twice(probabilities, p):
    """You sorted a second time.

    x[order] goes from the given order to the sorted one, and you are there already. The way back is
    kept[order] = x.
    """
    ordered, order = probabilities.sort(descending=True)
    return shared(torch.where(those_before(ordered, p), ordered, 0.0)[order])


@task.mistake
def mask_there_twice(probabilities, p):
    """You sorted your mask a second time.

    keep[order] goes from the given order to the sorted one, where your mask is already. The way
    back puts the brackets on the left: mask[order] = keep.
    """
    ordered, order = probabilities.sort(descending=True)
    return shared(torch.where(those_before(ordered, p)[order], probabilities, 0.0))


@task.mistake
def only_the_kept(probabilities, p):
    """You gave back the kept ones only, in sorted order.

    Nobody can tell any more which characters they belong to. The result is as long as
    probabilities, with zeros for the others: start from torch.zeros_like(probabilities).
    """
    ordered = probabilities.sort(descending=True).values
    return shared(ordered[those_before(ordered, p)])


@task.mistake
def only_the_kept_in_place(probabilities, p):
    """You gave back the kept ones only.

    They are as they should be, and nobody can tell any more which characters they belong to. The
    result is as long as probabilities, with zeros for the others.
    """
    kept = cut(probabilities, p)
    return kept[kept > 0]


@task.mistake
def mask_alone(probabilities, p):
    """You returned who stays.

    A yes or no for each character. Multiply it by their chances, and share out what is left.
    """
    return cut(probabilities, p) > 0


@task.mistake
def places_alone(probabilities, p):
    """You returned the places of those who stay.

    What is wanted are chances, one for each character: start from torch.zeros_like(probabilities),
    and write theirs to these places.
    """
    ordered, order = probabilities.sort(descending=True)
    return order[those_before(ordered, p)]


@task.mistake
def all_alike(probabilities, p):
    """All who stay have the same chance.

    The right ones stay. Each keeps its own share: set the others' chances to 0, and divide by what
    is left.
    """
    return shared((cut(probabilities, p) > 0).float())


@task.mistake
def sharing_by_softmax(probabilities, p):
    """You shared out by a softmax.

    The right ones stay, but a softmax of chances makes them nearly alike. They are chances already:
    divide by their sum.
    """
    return torch.where(cut(probabilities, p) > 0, probabilities, -torch.inf).softmax(0)


@task.mistake
def zeros_in_a_softmax(probabilities, p):
    """Your softmax brought the cut ones back.

    e⁰ = 1 is a share like another, so whoever you had set to 0 is back. Divide by the sum.
    """
    return cut(probabilities, p, share=lambda kept: kept.softmax(0))


@task.mistake
def softmax_first(probabilities, p):
    """You made chances of chances.

    What you are given has been through a softmax. After a second one all are nearly alike, and many
    more are needed to reach p.
    """
    return cut(probabilities.softmax(0), p)


@task.mistake
def min_p(probabilities, p):
    """You wrote min-p.

    It keeps whoever has at least p times the favourite's chance. Top-p adds up the chances from the
    top until they reach p.
    """
    return shared(torch.where(probabilities >= p * probabilities.max(), probabilities, 0.0))


@task.mistake
def above_p(probabilities, p):
    """You kept everybody with a chance of p.

    p is about the sum of the kept ones, not about each of them.
    """
    return shared(torch.where(probabilities >= p, probabilities, 0.0))


@task.mistake
def more_than_p(probabilities, p):
    """You kept everybody with more than p.

    p is about what the kept ones hold together, and hardly anybody holds that much alone. Add up,
    from the top.
    """
    return shared(torch.where(probabilities > p, probabilities, 0.0))


@task.mistake
def above_the_rest(probabilities, p):
    """You kept everybody above 1 − p.

    p is about the sum of the kept ones, not about each of them. Add up, from the top.
    """
    return shared(torch.where(probabilities >= 1 - p, probabilities, 0.0))


@task.mistake
def a_share_of_the_alphabet(probabilities, p):
    """You kept a p-th of the characters.

    p is a share of the chance, not of the alphabet: few stay where the model is sure, many where it
    is not.
    """

    def stays(ordered, p):
        return torch.arange(len(ordered)) < max(1, int(p * len(ordered)))

    return cut(probabilities, p, stays=stays)


@task.mistake
def favourite_alone(probabilities, p):
    """You kept the favourite only.

    It stays alone if it reaches p by itself. Otherwise the next likeliest come in, one by one,
    until p is reached.
    """
    return cut(probabilities, p, stays=lambda ordered, p: first(ordered))


@task.mistake
def in_place(probabilities, p):
    """You changed the caller's chances.

    probabilities[…] = 0 writes into the tensor that was given. Begin with a new one:
    torch.zeros_like(probabilities), or probabilities.clone().
    """
    probabilities[cut(probabilities, p) == 0] = 0.0
    return shared(probabilities)


@task.mistake
def in_place_to_the_end(probabilities, p):
    """You changed the caller's chances, and shared them out there.

    /= writes into the tensor that was given, as does probabilities[…] = 0. Begin with a new one:
    torch.zeros_like(probabilities), or probabilities.clone().
    """
    probabilities[cut(probabilities, p) == 0] = 0.0
    probabilities /= probabilities.sum()
    return probabilities
