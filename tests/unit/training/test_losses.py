"""Cross-entropy: against torch's, padding that cannot count, smoothing said exactly."""

import math

import pytest
import torch
import torch.nn.functional as F
from torch import nn

from course_utils.training.batches import LanguageBatch, PairBatch
from course_utils.training.losses import cross_entropy, language_loss, translation_loss

V = 11


def example(*shape: int) -> tuple[torch.Tensor, torch.Tensor]:
    return torch.randn(*shape, V, dtype=torch.float64) * 3, torch.randint(0, V, shape)


def test_plain_is_torchs():
    logits, targets = example(4, 7)
    total, n_tokens = cross_entropy(logits.float(), targets)
    expected = F.cross_entropy(logits.float().flatten(0, 1), targets.flatten(), reduction="sum")
    assert n_tokens == 28
    torch.testing.assert_close(total, expected)


@pytest.mark.parametrize("smoothing", [0.05, 0.1, 0.5])
def test_smoothing_is_torchs_with_another_number(smoothing):
    """ε over the other V - 1 (Vaswani et al.) is ε V / (V - 1) over all V (Szegedy et al.)."""
    logits, targets = example(4, 7)
    total, _ = cross_entropy(logits.float(), targets, smoothing=smoothing)
    flat = logits.float().flatten(0, 1), targets.flatten()
    theirs = F.cross_entropy(*flat, label_smoothing=smoothing * V / (V - 1), reduction="sum")
    torch.testing.assert_close(total, theirs)
    unequal = F.cross_entropy(*flat, label_smoothing=smoothing, reduction="sum")
    assert abs(total - unequal) > 0.01


def test_smoothing_is_the_cross_entropy_with_the_distribution_that_the_docstring_names():
    logits, targets = example(5)
    wanted = torch.full((5, V), 0.1 / (V - 1), dtype=torch.float64)
    wanted[range(5), targets] = 0.9
    expected = -(wanted * logits.log_softmax(-1)).sum()
    total, _ = cross_entropy(logits, targets, smoothing=0.1)
    torch.testing.assert_close(total, expected)


def test_the_floor_of_the_smoothed_loss():
    """A model that says exactly what is asked for pays the entropy of that, and no less."""
    wanted = torch.full((1, V), 0.1 / (V - 1))
    wanted[0, 3] = 0.9
    total, _ = cross_entropy(wanted.log(), torch.tensor([3]), smoothing=0.1)
    floor = -0.9 * math.log(0.9) - 0.1 * math.log(0.1 / (V - 1))
    assert total.item() == pytest.approx(floor, abs=1e-6)
    assert floor == pytest.approx(0.325 + 0.1 * math.log(V - 1), abs=1e-3)
    surer, _ = cross_entropy(20 * F.one_hot(torch.tensor([3]), V).float(), torch.tensor([3]),
                             smoothing=0.1)  # fmt: skip
    assert surer.item() > total.item()


@pytest.mark.parametrize("smoothing", [0.0, 0.1])
@pytest.mark.parametrize("rubbish", [1e9, math.nan, math.inf])
def test_padding_reaches_neither_the_sum_nor_a_gradient(smoothing, rubbish):
    logits, targets = example(3, 6)
    mask = torch.arange(6) < torch.tensor([6, 4, 1])[:, None]
    real = cross_entropy(logits[mask].float(), targets[mask], smoothing=smoothing)
    spoiled = logits.float().masked_fill(~mask[..., None], rubbish).requires_grad_()
    total, n_tokens = cross_entropy(
        spoiled, targets.masked_fill(~mask, 0), mask=mask, smoothing=smoothing
    )
    assert n_tokens == real.n_tokens == 11
    torch.testing.assert_close(total, real.total)
    total.backward()
    assert (spoiled.grad[~mask] == 0).all() and spoiled.grad[mask].isfinite().all()
    assert (spoiled.grad[mask] != 0).any(dim=-1).all()


def test_batches_of_any_length_add_up():
    logits, targets = example(1, 30)
    whole = cross_entropy(logits, targets)
    parts = [cross_entropy(logits[:, cut], targets[:, cut]) for cut in (slice(0, 3), slice(3, 30))]
    assert sum(part.n_tokens for part in parts) == whole.n_tokens
    torch.testing.assert_close(sum(part.total for part in parts), whole.total)
    mean_of_means = sum(part.total / part.n_tokens for part in parts) / 2
    assert abs(mean_of_means - whole.total / whole.n_tokens) > 0.01


def test_half_precision_logits_are_added_up_in_full():
    logits, targets = example(40)
    whole = logits.to(torch.bfloat16)
    total, _ = cross_entropy(whole, targets, smoothing=0.1)
    expected, _ = cross_entropy(whole.float(), targets, smoothing=0.1)
    assert total.dtype == torch.float32 and total == expected


def test_wrong_arguments_are_named(plain_shapes):
    logits, targets = example(3, 6)
    with pytest.raises(ValueError, match="got 1.0"):
        cross_entropy(logits, targets, smoothing=1.0)
    with pytest.raises(ValueError, match=r"\[3, 6\] places, targets for \[3, 5\]"):
        cross_entropy(logits, targets[:, :5])
    with pytest.raises(ValueError, match=r"a mask for \[3, 4\]"):
        cross_entropy(logits, targets, mask=torch.ones(3, 4, dtype=torch.bool))


@pytest.mark.parametrize("dtype", [torch.int64, torch.uint8, torch.float32])
def test_a_mask_of_numbers_is_refused_as_attention_refuses_it(plain_shapes, dtype):
    """Public tokenizers give whole numbers, which would pick rows: 10.1 nats where 1.1 is right."""
    logits, targets = torch.tensor([[0.0, 0.0, 0.0], [9.0, 0.0, 0.0]]), torch.tensor([0, 1])
    mask = torch.tensor([1, 0])
    with pytest.raises(TypeError, match=f"cross_entropy expects a boolean mask .* got {dtype}"):
        cross_entropy(logits, targets, mask=mask.to(dtype))
    total, n_tokens = cross_entropy(logits, targets, mask=mask.bool())
    assert n_tokens == 1 and total.item() == pytest.approx(math.log(3))


@pytest.mark.parametrize("dtype", [torch.float32, torch.uint8, torch.bool])
def test_targets_are_token_ids(plain_shapes, dtype):
    logits, targets = example(2, 3)
    with pytest.raises(TypeError, match=f"targets are token ids, int64 .* got {dtype}"):
        cross_entropy(logits, targets.to(dtype))


def test_a_vocabulary_of_one_has_nobody_to_give_to():
    logits, targets = torch.zeros(3, 1), torch.zeros(3, dtype=torch.long)
    assert cross_entropy(logits, targets).total == 0
    with pytest.raises(ValueError, match="a vocabulary of 1 has no other token"):
        cross_entropy(logits, targets, smoothing=0.1)


def test_the_language_loss_compares_with_the_next_token():
    model = nn.Embedding(V, V)  # a model that knows only the token before
    ids = torch.randint(0, V, (2, 9))
    batch = LanguageBatch(ids[:, :-1], ids[:, 1:])
    expected = F.cross_entropy(model.weight[ids[:, :-1]].flatten(0, 1), ids[:, 1:].flatten())
    total, n_tokens = language_loss(model, batch)
    torch.testing.assert_close(total / n_tokens, expected)


def test_the_translation_loss_hands_everything_to_the_model():
    logits, targets = example(2, 3)
    mask = torch.tensor([[True, True, True], [True, False, False]])
    batch = PairBatch(
        torch.ones(2, 4, dtype=torch.long), torch.ones(2, 4, dtype=torch.bool),
        torch.zeros(2, 3, dtype=torch.long), targets, mask,
    )  # fmt: skip
    given = []

    class Parrot(nn.Module):
        def forward(self, *inputs):
            given.extend(inputs)
            return logits.float()

    got = translation_loss(0.1)(Parrot(), batch)
    expected = cross_entropy(logits.float(), targets, mask=mask, smoothing=0.1)
    assert got.n_tokens == 4
    torch.testing.assert_close(got.total, expected.total)
    order = (batch.source, batch.target_in, batch.source_mask, batch.target_mask)
    assert all(a is b for a, b in zip(given, order, strict=True))
