"""What lesson 03's checks say to mistakes that come two at a time."""

import math

import pytest
import torch

from course_utils.checks import check, lesson_03


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
    weights = torch.softmax(scores, dim=0 if scores.ndim == 3 else 1)  # what torch would guess
    return weights @ value, weights


@pytest.mark.parametrize(
    ("answer", "named"),
    [
        (missing_root_and_late_mask, "you forgot the root"),
        (axes_from_the_front_and_equal_shares, "You turn the key's axes counted from the front"),
        (axes_from_the_front_and_equal_shares, "After that: whoever may look at nobody"),
        (no_axis_for_softmax, "your softmax runs over the first axis"),
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
    for case in lesson_03.attention_cases(seed=3):
        query, key, value = case.args[:3]
        sizes = [query.shape[-1], query.shape[-2], key.shape[-2], value.shape[-1]]
        assert len(set(sizes)) == 4 or query.shape[-2] == key.shape[-2], case.name
