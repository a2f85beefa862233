"""Guess the hidden words of a Wikipedia article, from what stands left and right of them.

How BERT and FNet are pretrained. Words are cut into pieces (BPE), and it is pieces that are hidden.
Sources: Devlin et al. 2019, BERT, section 3.1; Lee-Thorp et al. 2021, FNet, section 4.1.
"""

import functools
from dataclasses import dataclass
from typing import Any, NamedTuple

import numpy as np
import torch
from jaxtyping import Bool, Int
from torch import Tensor, nn

from course_utils import datasets
from course_utils.experiments.tasks import training
from course_utils.experiments.trials import Recipe, Trial
from course_utils.models import Embedding, Encoder, MaskedLanguageModel, TextEncoder
from course_utils.text import BPETokenizer, hide
from course_utils.training import parallel
from course_utils.training.history import History
from course_utils.training.losses import Loss, cross_entropy

METRIC, BEST = "masked accuracy", "high"
PAD, FIRST, BREAK, HIDDEN = "[PAD]", "[CLS]", "[SEP]", "[MASK]"  # BERT's names for its signs
UNSEEN = 2**32  # the number of a batch that no training gets to


@dataclass(frozen=True)
class Settings:
    """What is trained: pieces of text of `n` tokens, the first of which is the sign `FIRST`."""

    n: int = 64
    n_merges: int = 1_000
    d_model: int = 128
    n_heads: int = 4
    n_layers: int = 4
    batch_size: int = 32
    steps: int = 3_000
    recipe: Recipe = Recipe(peak=1e-3, warmup=1 / 10)
    tested_on: int = 640  # pieces of text


SIZES = {
    "quick": Settings(n=16, n_merges=20, d_model=16, n_heads=2, n_layers=2, batch_size=4, steps=4,
                      tested_on=8),
    "laptop": Settings(),
    # FNet-Base. Its corpus, C4, is not bundled, and its vocabulary is of 32,000 pieces.
    "paper": Settings(n=512, n_merges=8_000, d_model=768, n_heads=12, n_layers=12, batch_size=256,
                      steps=1_000_000, recipe=Recipe(peak=1e-4, warmup=1 / 100, norm="post")),
}  # fmt: skip


class HiddenBatch(NamedTuple):
    """`read` is `ids` with some tokens hidden, and `hidden` says which; all [batch, n]."""

    read: Int[Tensor, "batch n"]
    hidden: Bool[Tensor, "batch n"]
    ids: Int[Tensor, "batch n"]


class HiddenWords:
    """Pieces of a text by dice, with other tokens hidden each time: batches without end."""

    def __init__(self, split: str, settings: Settings, seed: int):
        self.tokenizer, self.settings, self.seed = tokenizer(settings.n_merges), settings, seed
        self.ids = encoded(split, settings.n_merges)

    def __getitem__(self, step: int) -> HiddenBatch:
        return self.batch(step, self.settings.batch_size)

    def batch(self, number: int, size: int) -> HiddenBatch:
        chance, n_words = np.random.default_rng([self.seed, number]), self.settings.n - 1
        starts = torch.as_tensor(chance.integers(0, len(self.ids) - n_words, size=size))
        words = self.ids[starts[:, None] + torch.arange(n_words)]
        first = torch.full((size, 1), self.tokenizer.special_id(FIRST))
        ids = torch.cat([first, words], dim=1)  # [batch, n]
        read, hidden = hide(
            ids,
            torch.ones_like(ids, dtype=torch.bool),
            vocab_size=self.tokenizer.vocab_size,
            hidden_id=self.tokenizer.special_id(HIDDEN),
            keep=first[0].tolist(),
            generator=torch.Generator().manual_seed(int(chance.integers(2**62))),
        )
        return HiddenBatch(read, hidden, ids)


@functools.cache
def tokenizer(n_merges: int) -> BPETokenizer:
    signs = (PAD, FIRST, BREAK, HIDDEN)
    return BPETokenizer.train(datasets.wikitext2("train"), n_merges, special=signs)


@functools.cache
def encoded(split: str, n_merges: int) -> Int[Tensor, "n_tokens"]:
    return torch.tensor(tokenizer(n_merges).encode(datasets.wikitext2(split)))


def hidden_loss(model: nn.Module, batch: HiddenBatch) -> Loss:
    """How surprised the model is by what was hidden; nothing else counts."""
    return cross_entropy(model(batch.read, asked=batch.hidden), batch.ids[batch.hidden])


def share_wrong(model: nn.Module, batches: list[HiddenBatch]) -> float:
    wrong = n_hidden = 0
    for batch in batches:
        read, hidden, ids = (part.to(parallel.device()) for part in batch)
        wrong += (model(read, asked=hidden).argmax(dim=-1) != ids[hidden]).sum().item()
        n_hidden += hidden.sum().item()
    return wrong / n_hidden


def new_model(trial: Trial, settings: Settings) -> MaskedLanguageModel:
    """An encoder as BERT's and FNet's: places and tokens begin equally large, with a norm after."""
    recipe, d_model = training.recipe_of(trial, settings), settings.d_model
    embedding = Embedding(
        tokenizer(settings.n_merges).vocab_size,
        d_model,
        recipe.positions_of(settings.n, d_model),
        norm=nn.LayerNorm(d_model),
    )
    nn.init.normal_(embedding.tokens.weight, std=0.02)
    encoder = Encoder(
        trial.candidate.mixer(training.socket_of(trial, settings, settings.n)),
        **training.block_of(trial, settings, d_ff=4 * d_model),
    )
    return MaskedLanguageModel(TextEncoder(embedding, encoder))


def train(trial: Trial, settings: Settings) -> tuple[MaskedLanguageModel, History]:
    """The trial's model, trained; the losses on unseen text are shares of wrong guesses."""
    model = training.seeded(lambda: new_model(trial, settings), trial.seed)
    unseen = HiddenWords("valid", settings, seed=0)  # the same for all
    size = min(64, settings.tested_on)
    batches = [unseen.batch(UNSEEN + i, size) for i in range(settings.tested_on // size)]
    history = training.train(
        model,
        HiddenWords("train", settings, trial.seed),
        hidden_loss,
        recipe=training.recipe_of(trial, settings),
        steps=settings.steps,
        seed=trial.seed,
        valid=lambda model: share_wrong(model, batches),
        every=settings.steps // 6,
    )
    return model, history


def measure(trial: Trial, settings: Settings) -> dict[str, Any]:
    """Train the trial's model; the share of hidden tokens of unseen text that it guesses."""
    model, history = train(trial, settings)
    return result_of(trial, settings, model, history)


def result_of(
    trial: Trial, settings: Settings, model: nn.Module, history: History
) -> dict[str, Any]:
    right = [round(1 - wrong, 4) for wrong in history.valid_losses]
    socket = training.socket_of(trial, settings, settings.n)
    facts = training.facts_of(trial.candidate, socket) | {"parameters": training.n_learned(model)}
    return training.result_of(
        METRIC, "accuracy", right, history.valid_steps, facts=facts, seconds=history.seconds
    )
