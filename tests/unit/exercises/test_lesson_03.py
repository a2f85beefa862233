"""What lesson 03's checks say to mistakes that come two at a time."""

import math

import pytest
import torch
import torch.nn.functional as F

from course_utils.checks import check
from course_utils.checks.judge import judge
from course_utils.exercises.lesson_03 import scaled_dot_product_attention as famous
from course_utils.exercises.lesson_03 import self_attention as own


def missing_root_and_late_mask(query, key, value, mask=None):
    weights = (query @ key.transpose(-2, -1)).softmax(dim=-1)
    if mask is not None:
        weights = weights * mask
    return weights @ value, weights


def axes_from_the_front_and_equal_shares(query, key, value, mask=None):
    scores = query @ key.transpose(0, 1) / math.sqrt(query.shape[-1])
    if mask is not None:
        scores = scores.masked_fill(~mask, -1e9)
    weights = torch.softmax(scores, dim=-1)
    return weights @ value, weights


def no_axis_for_softmax(query, key, value, mask=None):
    scores = query @ key.transpose(-2, -1) / math.sqrt(query.shape[-1])
    if mask is not None:
        scores = scores.masked_fill(~mask, -math.inf)
    weights = F.softmax(scores)
    return weights @ value, weights


def masked_late_and_shared_out_again(query, key, value, mask=None):
    weights = torch.softmax(query @ key.mT / math.sqrt(query.shape[-1]), dim=-1)
    if mask is not None:
        weights = weights * mask
        weights = weights / weights.sum(-1, keepdim=True)
    return weights @ value, weights


@pytest.mark.filterwarnings("ignore:Implicit dimension choice")
@pytest.mark.parametrize(
    ("answer", "named"),
    [
        (missing_root_and_late_mask, "you forgot the root"),
        (axes_from_the_front_and_equal_shares, "You turn the key's axes counted from the front"),
        (axes_from_the_front_and_equal_shares, "After that: whoever may look at nobody"),
        (no_axis_for_softmax, "you left it to torch over which axis"),
        (masked_late_and_shared_out_again, "or by yourself, if you mask after it"),
    ],
)
def test_a_mistake_is_named_in_company_too(answer, named):
    verdict = check("03.scaled_dot_product_attention", answer)
    assert not verdict.passed
    assert named.lower() in verdict.text.lower()


def test_root_of_d_model_in_self_attention_shows_where_the_tables_narrow():
    def root_of_d_model(x, w_query, w_key, w_value, mask=None):
        scores = (x @ w_query) @ (x @ w_key).mT / math.sqrt(x.shape[-1])
        if mask is not None:
            scores = scores.masked_fill(~mask[:, None, :], -math.inf)
        return torch.softmax(scores, dim=-1) @ (x @ w_value)

    verdict = check("03.self_attention", root_of_d_model)
    assert not verdict.passed and "root of d_model" in verdict.text


def test_in_every_case_the_sizes_under_a_root_can_be_told_apart():
    """But for the square cases, which are there for the key that is not transposed."""
    for case in famous.cases(seed=3):
        query, key, value = case.args[:3]
        sizes = [query.shape[-1], query.shape[-2], key.shape[-2], value.shape[-1]]
        assert len(set(sizes)) == 4 or query.shape[-2] == key.shape[-2], case.name


def test_where_all_scores_are_far_below_zero_every_one_is_exact():
    """Or the case would measure rounding: float32 has two decimals left of such numbers."""
    query, key, _, _ = famous.far_below_zero(torch.Generator().manual_seed(3))
    exact = query.double() @ key.double().mT / 4
    assert torch.equal((query @ key.mT / 4).double(), exact)
    assert exact.max() < -30_000 and exact.std() > 1


def test_a_gradient_that_is_cut_off_is_not_taken_for_a_mistake_in_the_numbers():
    def detached(x, w_query, w_key, w_value, mask=None):
        return own.self_attention(x, w_query.detach(), w_key, w_value, mask)

    verdict = check("03.self_attention", detached)
    assert not verdict.passed and not verdict.mistakes
    assert "the numbers are right, but the gradient that reaches w_query is not" in verdict.text


@pytest.mark.parametrize("seed", [104, 116])
def test_rounding_is_no_gradient_that_is_cut_off(seed):
    """Large keys cancel where a gradient is zero; float32 leaves a rest of them."""
    verdict = judge(own.task, own.with_one_table, seed=seed)
    assert verdict.passed, verdict.text
