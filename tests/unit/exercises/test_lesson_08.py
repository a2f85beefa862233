"""What people try first in exercise 08, and what the check answers."""

import math

import pytest
import torch
import torch.nn.functional as F

from course_utils.checks import catalog
from course_utils.checks.judge import judge


def told(task_id, answer):
    declared = catalog.find(task_id)
    verdict = judge(declared, answer)
    assert not verdict.passed
    return verdict.text


def block(ids, starts, n, shift=0):
    return torch.stack([ids[start + shift : start + shift + n] for start in starts])


def shifted_by_index(ids, starts, n, shift):
    places = torch.tensor(starts)[:, None] + torch.arange(n)
    return ids[places], ids[(places + shift) % len(ids)]


@pytest.mark.parametrize(
    ("answer", "said"),
    [
        (lambda ids, starts, n: (block(ids, starts, n), block(ids, starts, n, n)), "next block"),
        (lambda ids, starts, n: (block(ids, starts, n), block(ids, starts, n, 2)), "by two"),
        (lambda ids, starts, n: (block(ids, starts, n), block(ids, starts, n, -1)), "wrong way"),
        (lambda ids, starts, n: shifted_by_index(ids, starts, n, 2), "2 places after its input"),
        (lambda ids, starts, n: shifted_by_index(ids, starts, n, -1), "1 place before its input"),
        (lambda ids, starts, n: (block(ids, starts, n), block(ids, starts, n - 1, 1)), "too early"),
    ],
)
def test_targets_that_stand_elsewhere(answer, said):
    assert said in told("08.next_characters", answer)


@pytest.mark.parametrize(
    ("answer", "said"),
    [
        (F.cross_entropy, "Flatten blocks and places first, and mind the unit"),
        (
            lambda logits, targets: F.cross_entropy(logits, targets).item() / math.log(2),
            "Flatten blocks and places first. ",
        ),
        (
            lambda logits, targets: F.cross_entropy(logits.flatten(0, 1), targets.flatten()).item(),
            "nats for bits",
        ),
        (
            lambda logits, targets: F.cross_entropy(logits.flatten(0, 1), targets.flatten()),
            "nats for bits",
        ),
        (
            lambda logits, targets: F.cross_entropy(logits[0], targets[0]) / math.log(2),
            "first block",
        ),
    ],
)
def test_surprise_as_it_is_first_written(answer, said):
    assert said in told("08.bits_per_character", answer)


def powers(logits, temperature):
    return (logits / temperature).exp()


@pytest.mark.parametrize(
    ("answer", "said"),
    [
        (lambda x, t: powers(x, t) / powers(x, t).sum(-1, keepdim=True), "torch.softmax, or sub"),
        (lambda x, t: powers(x, t) / powers(x, t).sum(-1), "keepdim=True"),
        (powers, "do not add up to 1"),
        (lambda x, t: (x.exp() / t) / (x.exp() / t).sum(-1, keepdim=True), "at temperature 1"),
    ],
)
def test_a_softmax_by_hand(answer, said):
    assert said in told("08.with_temperature", answer)


def top_p(keep, back):
    """A top-p of two halves: who stays, and the way back from the sorted order."""

    def answer(probabilities, p):
        ordered, order = probabilities.sort(descending=True)
        kept = back(torch.where(keep(ordered.cumsum(0), ordered, p), ordered, 0.0), order)
        return kept / kept.sum()

    return answer


def right(total, own, p):
    return total - own < p


def early(total, own, p):
    return total < p


def early_or_equal(total, own, p):
    return total <= p


@pytest.mark.parametrize(
    ("answer", "said"),
    [
        (top_p(right, lambda kept, order: kept[order]), "sorted a second time"),
        (top_p(right, lambda kept, order: kept), "still in sorted order"),
        (top_p(early, lambda kept, order: kept), "you keep 1 of the 5 characters; it takes 2"),
        (top_p(early, lambda kept, order: kept[order]), "you keep 1 of the 5 characters"),
        (
            top_p(early_or_equal, lambda kept, order: kept[order.argsort()]),
            "one character too early",
        ),
        (top_p(early, lambda kept, order: kept[order.argsort()]), "sum is still below p"),
        (top_p(right, lambda kept, order: kept.roll(1)), "those at [1, 2] where [1, 3]"),
    ],
)
def test_a_cut_with_one_mistake_or_two(answer, said):
    assert said in told("08.top_p", answer)
