"""`check_mixer` finds what is wrong with a mixer, and says it: one wrong mixer for each promise."""

import re

import pytest
import torch
import torch.nn.functional as F
from torch import nn

from course_utils.mixers import (
    Attention,
    BrokenContract,
    FourierMixing,
    KeyValues,
    check_mixer,
    contract,
)
from course_utils.shapes import expect_mask

D_MODEL, N = 8, 24
PROMISES = contract.BASIC + contract.FURTHER
pytestmark = pytest.mark.usefixtures("plain_shapes")  # what is seen is what learners see


class RunningMean(nn.Module):
    """Each token hears the mean of the real tokens up to itself. With this one all is well."""

    causal = True

    def __init__(self):
        super().__init__()
        self.mix = nn.Linear(D_MODEL, D_MODEL)

    def forward(self, x, mask=None):
        expect_mask(mask, x.shape[0], x.shape[1], "RunningMean")
        real = x.new_ones(x.shape[:2]) if mask is None else mask.to(x.dtype)
        count = real.cumsum(1).clamp(min=1)
        return self.mixed((x * real[..., None]).cumsum(1) / count[..., None])

    def mixed(self, mean):
        return self.mix(mean)


class OtherNames(RunningMean):
    def forward(self, tokens, padding=None):
        return super().forward(tokens, padding)


class NeedsMore(RunningMean):
    def forward(self, x, mask=None, *, layer):
        return super().forward(x, mask)


class SilentAboutTheFuture(RunningMean):
    causal = None


class Half(RunningMean):
    def mixed(self, mean):
        return self.mix(mean)[..., : D_MODEL // 2]


class OneLength(RunningMean):
    def __init__(self):
        super().__init__()
        self.places = nn.Parameter(torch.randn(N, D_MODEL))

    def mixed(self, mean):
        return self.mix(mean) + self.places


class AlwaysSingle(RunningMean):
    def mixed(self, mean):
        return self.mix(mean).float()


class NeverHalf(RunningMean):
    def mixed(self, mean):
        return self.mix(mean) @ torch.eye(D_MODEL)


class PaddingIsHeard(RunningMean):
    def forward(self, x, mask=None):
        expect_mask(mask, x.shape[0], x.shape[1], "PaddingIsHeard")
        return super().forward(x)


class NobodyIsNaN(RunningMean):
    causal = False

    def forward(self, x, mask=None):
        expect_mask(mask, x.shape[0], x.shape[1], "NobodyIsNaN")
        real = x.new_ones(x.shape[:2]) if mask is None else mask.to(x.dtype)
        mean = (x * real[..., None]).sum(1, keepdim=True) / real.sum(1)[:, None, None]
        return self.mix(mean + x)


class TakesNumbers(RunningMean):
    def forward(self, x, mask=None):
        return super().forward(x, None if mask is None else mask > 0)


class HearsTheBatch(RunningMean):
    def mixed(self, mean):
        return self.mix(mean + mean.sum(0))


class Deaf(RunningMean):
    def mixed(self, mean):
        return F.linear(mean, self.mix.weight.detach(), self.mix.bias)


class WritesIntoItsInput(RunningMean):
    def forward(self, x, mask=None):
        y = super().forward(x, mask)
        x.data += 1
        return y


class WritesIntoItsMask(RunningMean):
    def forward(self, x, mask=None):
        y = super().forward(x, mask)
        if mask is not None:
            mask[:, 0] = False
        return y


class KeepsWhatItSaw(RunningMean):
    kept = None

    def mixed(self, mean):
        if self.kept is None:
            self.kept = 2 * torch.ones(D_MODEL, dtype=mean.dtype)
        return self.mix(mean) * self.kept.to(mean.dtype)


class HearsTheFuture(NobodyIsNaN):
    causal = True

    def forward(self, x, mask=None):
        expect_mask(mask, x.shape[0], x.shape[1], "HearsTheFuture")
        real = x.new_ones(x.shape[:2]) if mask is None else mask.to(x.dtype)
        return self.mix((x * real[..., None]).sum(1, keepdim=True) + x)


class Forgets(Attention):
    """Takes a cache and looks at the new tokens alone."""

    def __init__(self):
        super().__init__(D_MODEL, 2, causal=True)

    def forward(self, x, mask=None, *, cache=None):
        return super().forward(x, mask if mask is None else mask[:, -x.shape[1] :])


class InOneOrder(KeyValues):
    def reorder(self, rows):
        pass


class OneOrder(Attention):
    def __init__(self):
        super().__init__(D_MODEL, 2, causal=True)

    def new_cache(self):
        return InOneOrder()


WRONG = [
    (OtherNames, "fits the socket", r"its forward is \(tokens, padding=None\)"),
    (NeedsMore, "fits the socket", r"\(x, mask=None, \*, layer\)"),
    (SilentAboutTheFuture, "says whether it is causal", "causal is None. Set self.causal = True"),
    (Half, "the shape of x", r"of x \[3, 24, 8\] it makes \[3, 24, 4\]"),
    (OneLength, "any length", "it raises RuntimeError: The size .* Take n from x.shape"),
    (AlwaysSingle, "precision of x", "of torch.float64 it makes torch.float32"),
    (NeverHalf, "precision of x", "it raises RuntimeError: .*x.new_zeros"),
    (PaddingIsHeard, "padding changes nothing", r"at padding, token \d+ of text \d is off by \d+"),
    (NobodyIsNaN, "padding alone", "a text of padding alone gives numbers that are not finite"),
    (TakesNumbers, "not boolean", "it takes a mask of torch.int64"),
    (HearsTheBatch, "side by side", r"beside other texts, token \d+ of text \d is off"),
    (Deaf, "gradients are right", "with n = 24 the gradients are not what small changes"),
    (WritesIntoItsInput, "stay as they were", "x is another after the call"),
    (WritesIntoItsMask, "stay as they were", "mask is another after the call"),
    (KeepsWhatItSaw, "trained after it was used", "it raises RuntimeError: Inference tensors"),
    (HearsTheFuture, "hears a later one", "tokens from 1 on are others, token 0 of text"),
    (Forgets, "as if it had read all at once", r"read 1 at a time, token \d+ of"),
    (OneOrder, "another order", r"after cache.reorder\(\[1, 1, 0\]\), token \d+ of"),
]
# One fault may break several promises.
SEVERAL = {NeedsMore, AlwaysSingle, Forgets}


def what_breaks(make, **options) -> list[str]:
    with pytest.raises(BrokenContract) as error:
        check_mixer(lambda layer: make(), **{"d_model": D_MODEL} | options)
    first, *lines = str(error.value).splitlines()
    assert first.endswith("breaks:")
    return lines


@pytest.mark.parametrize(("make", "promise", "words"), WRONG, ids=lambda value: str(value)[:40])
def test_what_is_wrong_is_named(make, promise, words):
    lines = what_breaks(make)
    (line,) = [line for line in lines if promise in line]
    assert re.search(words, line), line
    assert len(lines) == 1 or make in SEVERAL, lines


def test_every_promise_is_broken_by_somebody():
    unbroken = [p.words for p in PROMISES if not any(words in p.words for _, words, _ in WRONG)]
    assert not unbroken


def test_what_is_kept_is_said():
    every = [promise.words for promise in PROMISES]
    of_the_future = every.index("no token hears a later one")
    assert check_mixer(lambda layer: Attention(D_MODEL, 2, causal=True), d_model=D_MODEL) == every
    kept = check_mixer(lambda layer: RunningMean(), d_model=D_MODEL)
    assert kept == every[: of_the_future + 1], "it has no cache, and promises nothing of one"
    kept = check_mixer(lambda layer: FourierMixing(), d_model=D_MODEL)
    assert kept == every[:of_the_future]


def test_who_does_not_fit_the_socket_is_not_asked_for_more():
    class Nothing(nn.Module):
        def forward(self, tokens):
            return tokens[0]

    lines = what_breaks(Nothing)
    assert len(lines) == 3, "the fourth meets the same error as the third"
    for line, promise in zip(lines, contract.BASIC, strict=False):
        assert line.startswith(f"- {promise.words}: ")


def test_an_excuse_is_an_argument():
    check_mixer(lambda layer: OneLength(), d_model=D_MODEL, lengths=(N,))
    (line,) = what_breaks(lambda: Attention(16, 2))
    assert "it raises ValueError: Attention expects x of shape [batch, n, d_model=16]" in line


def test_it_is_the_same_each_time_and_leaves_the_callers_chance_alone():
    state = torch.random.get_rng_state()
    assert what_breaks(PaddingIsHeard) == what_breaks(PaddingIsHeard)
    assert what_breaks(PaddingIsHeard) != what_breaks(PaddingIsHeard, seed=1)
    assert torch.equal(torch.random.get_rng_state(), state)


def test_a_mixer_that_cannot_be_made_says_so_itself():
    with pytest.raises(ValueError, match="d_model=10 cannot be cut"):
        check_mixer(lambda layer: Attention(10, 3), d_model=10)
