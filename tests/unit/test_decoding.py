"""Decoding against brute force on vocabularies small enough to try everything."""

import itertools
import math

import pytest
import torch
from hypothesis import given, settings
from hypothesis import strategies as st

from course_utils.decoding import (
    Hypothesis,
    Sampler,
    beam_search,
    generate,
    greedy,
    length_penalty,
    translate,
)
from course_utils.mixers import Attention
from course_utils.models import LanguageModel, Seq2SeqTransformer
from course_utils.positions import LearnedPositions, SinusoidalPositions
from course_utils.text import BPETokenizer


class Table:
    """A speaker that knows a made-up distribution for each text: chance, frozen by the seed."""

    def __init__(self, vocab_size: int, seed: int, spread: float = 2.0):
        self.vocab_size, self.seed, self.spread = vocab_size, seed, spread
        self.known = {}

    def after(self, ids: tuple[int, ...]) -> torch.Tensor:
        if ids not in self.known:
            chance = torch.Generator().manual_seed(hash((self.seed, ids)) % 2**31)
            self.known[ids] = self.spread * torch.randn(self.vocab_size, generator=chance)
        return self.known[ids]

    def __call__(self, ids, *, cache=None):
        texts = [tuple(row) for row in ids.tolist()]
        return torch.stack(
            [torch.stack([self.after(t[: i + 1]) for i in range(len(t))]) for t in texts]
        )

    def new_cache(self):
        return None


def everything(speaker, prompt, n_new, eos, alpha):
    """Each text that ends within n_new tokens, with its probability and score, best first."""
    found = []
    for n in range(n_new):
        others = [token for token in range(speaker.vocab_size) if token != eos]
        for ids in itertools.product(others, repeat=n):
            text, log_probability = tuple(prompt), 0.0
            for token in (*ids, eos):
                log_probability += speaker.after(text).log_softmax(-1)[token].item()
                text = (*text, token)
            score = log_probability / ((5 + n) / 6) ** alpha
            found.append(Hypothesis(list(ids), log_probability, score))
    return sorted(found, key=lambda hypothesis: -hypothesis.score)


@settings(deadline=None, max_examples=40)
@given(
    seed=st.integers(0, 10**6),
    vocab_size=st.integers(2, 4),
    n_new=st.integers(1, 4),
    alpha=st.sampled_from([0.0, 0.6, 1.0, 3.0]),
    n_best=st.integers(1, 4),
)
def test_a_beam_wide_enough_for_everything_finds_the_best(seed, vocab_size, n_new, alpha, n_best):
    speaker, eos = Table(vocab_size, seed), vocab_size - 1
    prompts = [[0], [1]]
    found = beam_search(
        speaker,
        torch.tensor(prompts),
        n_new,
        eos=eos,
        width=vocab_size**n_new,
        length_penalty=alpha,
        n_best=min(n_best, vocab_size**n_new),
    )
    for prompt, hypotheses in zip(prompts, found, strict=True):
        expected = everything(speaker, prompt, n_new, eos, alpha)[:n_best]
        ended = hypotheses[: len(expected)]
        assert [h.ids for h in ended] == [h.ids for h in expected]
        for ours, theirs in zip(ended, expected, strict=True):
            assert ours.log_probability == pytest.approx(theirs.log_probability, abs=1e-4)
            assert ours.score == pytest.approx(theirs.score, abs=1e-4)
