"""Who hears whom: the derivative's size, against small pushes and against what is known."""

import pytest
import torch

from course_utils.mixers import Attention, FourierMixing, NoMixing, SparseAttention, influence
from course_utils.patterns import window

N, D_MODEL = 6, 8


@pytest.fixture
def x():
    torch.manual_seed(0)
    return torch.randn(N, D_MODEL, dtype=torch.float64)


def test_it_is_what_small_pushes_do(x):
    torch.manual_seed(1)
    mixer = Attention(D_MODEL, 2).double()
    push, pushed = 1e-6, torch.zeros(N, N)
    for place in range(N):
        for number in range(D_MODEL):
            moved = x.clone()
            moved[place, number] += push
            change = (mixer(moved[None]) - mixer(x[None]))[0] / push
            pushed[:, place] += change.detach().square().sum(dim=1)
    torch.testing.assert_close(influence(mixer, x).float(), pushed.sqrt(), atol=1e-4, rtol=1e-4)


def test_who_is_not_looked_at_is_not_heard(x):
    torch.manual_seed(1)
    heard = influence(SparseAttention(D_MODEL, 2, window(N, 1)).double(), x) > 0
    assert torch.equal(heard, torch.as_tensor(window(N, 1).mask()))
    causal = influence(Attention(D_MODEL, 2, causal=True).double(), x)
    assert (causal.triu(1) == 0).all() and (causal.tril() > 0).sum() == N * (N + 1) // 2
    torch.testing.assert_close(
        influence(NoMixing(), x), D_MODEL**0.5 * torch.eye(N, dtype=torch.float64)
    )


def test_waves_are_heard_by_all_nearly_alike_whatever_they_say(x):
    heard = influence(FourierMixing(), x)
    torch.testing.assert_close(heard, influence(FourierMixing(), 100 * x.flip(0)))
    assert heard.min() > 0.8 * heard.max() > 0
    # Each pair of rows and columns is a cosine or a sine: d² / 2 on the mean.
    assert (heard.square().mean() / D_MODEL**2).item() == pytest.approx(0.5, abs=0.15)


def test_a_mixer_that_was_training_is_training_again(x):
    mixer = Attention(D_MODEL, 2, dropout=0.5).double().train()
    torch.testing.assert_close(influence(mixer, x), influence(mixer, x))  # nothing is dropped
    assert mixer.training
