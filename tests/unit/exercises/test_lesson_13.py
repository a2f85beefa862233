"""What people try first in exercises 13 and 14, and what the check answers."""

import math

import pytest
import torch
import torch.nn.functional as F

from course_utils.checks import catalog
from course_utils.checks.judge import judge
from course_utils.exercises.lesson_13.attend_by_lists import attend_by_lists
from course_utils.exercises.lesson_13.shopping_lists import shopping_lists
from course_utils.exercises.lesson_13.strided_attention import strided_attention
from course_utils.exercises.lesson_14.bags import bags
from course_utils.mixers.sparse import sparse_attention
from course_utils.patterns import strided, window


def told(task_id, answer):
    declared = catalog.find(task_id)
    verdict = judge(declared, answer)
    return "passed" if verdict.passed else verdict.text


def clipped_at_once(n, width, size):
    first = torch.arange(0, n, size)[:, None]
    keys = (first + torch.arange(-width, size)).clamp(0, n - 1)
    back = (first + torch.arange(size))[:, :, None] - keys[:, None, :]
    return keys, (back >= 0) & (back <= width)


def lists_of_the_lesson(n, width, size):
    first = torch.arange(0, n, size)[:, None]
    queries = first + torch.arange(size)
    keys = first + torch.arange(-width, size + width)
    near = (queries[:, :, None] - keys[:, None, :]).abs() <= width
    inside = (keys >= 0) & (keys < n)
    return keys.clamp(0, n - 1), near & inside[:, None, :]


def lists_with_the_future(n, width, size):
    first = torch.arange(0, n, size)[:, None]
    keys = first + torch.arange(-width, size)
    back = (first + torch.arange(size))[:, :, None] - keys[:, None, :]
    return keys.clamp(min=0), (back <= width) & (keys >= 0)[:, None, :]


def lists_with_a_first_key_too_far(n, width, size):
    keys, allowed = shopping_lists(n, width, size)
    return keys.clamp(min=1), allowed


@pytest.mark.parametrize(
    ("answer", "said"),
    [
        (clipped_at_once, "clip first and measure afterwards"),
        (lists_of_the_lesson, "look to both sides"),
        (lists_with_the_future, "let everybody look at what comes after it"),
        (lists_with_a_first_key_too_far, "`keys` differs first at keys[0, 0]: expected 0, got 1"),
        (lambda *sizes: shopping_lists(*sizes)[::-1], "in the other order"),
        (lambda *sizes: shopping_lists(*sizes)[0], "returned the lists alone"),
    ],
)
def test_lists(answer, said):
    assert said in told("13.shopping_lists", answer)


def group_by_group(query, key, value, keys, allowed, forbidden=-1e9):
    rows = []
    for group, places in enumerate(keys):
        mine = query[group * allowed.shape[1] :][: allowed.shape[1]]
        scores = mine @ key[places].T / math.sqrt(query.shape[-1])
        scores[~allowed[group]] = forbidden
        rows.append(scores.softmax(dim=-1) @ value[places])
    return torch.stack(rows)


@pytest.mark.parametrize(
    ("answer", "said"),
    [
        (lambda *x: group_by_group(*x).flatten(0, 1), "passed"),
        (lambda *x: group_by_group(*x, forbidden=0.0).flatten(0, 1), "forbidden scores become 0"),
        (group_by_group, "answers are still in groups"),
    ],
)
def test_attention_from_lists(answer, said):
    assert said.lower() in told("13.attend_by_lists", answer).lower()


def test_the_input_that_no_gradient_reaches_has_its_name():
    def detached(query, *rest):
        return group_by_group(query.detach(), *rest).flatten(0, 1)

    assert "the gradient that reaches query" in told("13.attend_by_lists", detached)


def by_view(query, key, value, stride):
    q, k, v = (x.view(-1, stride, x.shape[-1]).transpose(0, 1) for x in (query, key, value))
    return F.scaled_dot_product_attention(q, k, v).transpose(0, 1).flatten(0, 1)


def one_after_the_other(query, key, value, stride):
    groups = ([x[r::stride] for x in (query, key, value)] for r in range(stride))
    return torch.cat([F.scaled_dot_product_attention(*group) for group in groups])


def into_a_copy_of_the_query(query, key, value, stride):
    mixed = torch.empty_like(query)
    for r in range(stride):
        group = [x[r::stride] for x in (query, key, value)]
        mixed[r::stride] = F.scaled_dot_product_attention(*group)
    return mixed


@pytest.mark.parametrize(
    ("answer", "said"),
    [
        (by_view, "multiples of the stride alone"),
        (into_a_copy_of_the_query, "as wide as a query"),
        (one_after_the_other, "order is not undone"),
        (lambda q, k, v, stride: F.scaled_dot_product_attention(q, k, v), "looks at everybody"),
    ],
)
def test_strided(answer, said):
    assert said in told("13.strided_attention", answer)


def test_the_references_are_the_packages_attention():
    generator = torch.Generator().manual_seed(0)
    query, key, value = torch.randn(3, 1_024, 8, generator=generator)
    packed = [x[None, None] for x in (query, key, value)]
    lists = shopping_lists(1_024, 24, 64)
    expected = sparse_attention(*packed, window(1_024, 24).causal())[0, 0]
    got = attend_by_lists(query, key, value, *lists)
    assert torch.allclose(got, expected, atol=1e-5)
    expected = sparse_attention(*packed, strided(1_024, 48)[1])[0, 0]
    got = strided_attention(query, key, value, 48)
    assert torch.allclose(got, expected, atol=1e-5)


def test_bags_hold_as_many_messages_as_arrive():
    one, two = (pattern.mask() for pattern in strided(36, 5))
    carried = bags(one, two, [(source, source + 18) for source in range(1, 18)])
    assert carried.sum().item() == pytest.approx(17)
    assert carried.max().item() == pytest.approx(1.5)
