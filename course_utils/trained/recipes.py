"""The three models that come trained with the course, each as the numbers that it is made of.

`python -m course_utils train translator` follows such a recipe; lesson 06 and lesson 08 follow the
first two for a shorter time.
"""

import functools
from collections.abc import Callable
from dataclasses import dataclass
from typing import Any, ClassVar

import torch
import torch.nn.functional as F
from torch import nn

from course_utils import datasets
from course_utils.mixers import Attention, PersistentAttention
from course_utils.models import LanguageModel, Seq2SeqTransformer
from course_utils.positions import Rotary
from course_utils.text import BYTES, BPETokenizer, CharTokenizer
from course_utils.training.batches import (
    BEGIN,
    END,
    PAD,
    LanguageBatches,
    PairBatches,
    pieces_in_order,
)
from course_utils.training.losses import language_loss, translation_loss
from course_utils.training.schedules import Schedule, warmup_cosine


@dataclass(frozen=True)
class TranslatorRecipe:
    """English to German: 30,000 short sentences, one vocabulary for both languages.

    The transformer of 2017 made small, its norms in front. Rates and sizes were found by trying.
    """

    name: ClassVar[str] = "translator"
    vocab_size: int = 4_000
    d_model: int = 192
    n_heads: int = 4
    n_layers: int = 3
    d_ff: int = 768
    dropout: float = 0.1
    smoothing: float = 0.1
    batch_size: int = 64
    steps: int = 9_000
    peak: float = 1e-3
    warmup: int = 500
    weight_decay: float = 0.01
    every: int = 250
    seed: int = 0

    def tokenizer(self) -> BPETokenizer:
        """Byte-pair encoding learned from both sides of the training pairs. About two seconds."""
        special = [PAD, BEGIN, END]
        text = "\n".join(sentence for pair in datasets.english_german("train") for sentence in pair)
        n_merges = self.vocab_size - len(BYTES) - len(special)
        return BPETokenizer.train(text, n_merges, special=special)

    def model(self, vocab_size: int) -> Seq2SeqTransformer:
        """The model with new random weights, which the seed decides."""
        with torch.random.fork_rng(devices=[]):
            torch.manual_seed(self.seed)
            return Seq2SeqTransformer(
                vocab_size,
                d_model=self.d_model,
                n_heads=self.n_heads,
                n_layers=self.n_layers,
                d_ff=self.d_ff,
                dropout=self.dropout,
            )

    def training(self, tokenizer: BPETokenizer) -> dict[str, Any]:
        """The arguments of `fit`: batches, loss, schedule, validation and the rest."""
        train, valid = map(datasets.english_german, ("train", "valid"))
        return {
            "batches": PairBatches(train, tokenizer, batch_size=self.batch_size, seed=self.seed),
            "loss": translation_loss(self.smoothing),
            "learning_rate": schedule(self),
            "valid": PairBatches(valid, tokenizer, batch_size=self.batch_size),
            **common(self),
        }


@dataclass(frozen=True)
class ShakespeareRecipe:
    """Tiny Shakespeare, one character after the other: 9/10 to learn from, the rest to measure.

    The width and depth are those of nanoGPT's recipe for a CPU, which reports a validation loss of
    1.88 nats after 2,000 steps of 12 pieces of 64 characters. Here positions are rotary, with which
    it learns faster. It has not practised beyond the length of its pieces, which is its `max_n`.
    """

    name: ClassVar[str] = "shakespeare"
    block: int = 128
    d_model: int = 128
    n_heads: int = 4
    n_layers: int = 4
    d_ff: int | None = 512
    dropout: float = 0.0
    batch_size: int = 16
    steps: int = 4_000
    peak: float = 3e-3
    warmup: int = 100
    weight_decay: float = 0.1
    every: int = 250
    seed: int = 0

    def tokenizer(self) -> CharTokenizer:
        return CharTokenizer(datasets.tiny_shakespeare())

    def mixer(self) -> Callable[[int], nn.Module]:
        """Each layer's mixer, by its number."""
        turns = Rotary(self.d_model // self.n_heads)
        return lambda layer: Attention(self.d_model, self.n_heads, causal=True, rotary=turns)

    def model(self, vocab_size: int) -> LanguageModel:
        """The model with new random weights, which the seed decides."""
        with torch.random.fork_rng(devices=[]):
            torch.manual_seed(self.seed)
            return LanguageModel(
                vocab_size,
                self.mixer(),
                d_model=self.d_model,
                n_layers=self.n_layers,
                d_ff=self.d_ff,
                activation=F.gelu,
                dropout=self.dropout,
                max_n=self.block,
            )

    def training(self, tokenizer: CharTokenizer) -> dict[str, Any]:
        """The arguments of `fit`: batches, loss, schedule, validation and the rest."""
        train, valid = (tokenizer.encode(part) for part in shakespeare_split())
        return {
            "batches": LanguageBatches(
                train, n=self.block, batch_size=self.batch_size, seed=self.seed
            ),
            "loss": language_loss,
            "learning_rate": schedule(self),
            "valid": pieces_in_order(valid, n=self.block, batch_size=64),
            **common(self),
        }


@dataclass(frozen=True)
class MemoryRecipe(ShakespeareRecipe):
    """Tiny Shakespeare without feed-forward layers: twice the blocks, of all-attention.

    With `n_persistent` = d_model vectors a head in each it has as many parameters as the model of
    `ShakespeareRecipe`. Source: Sukhbaatar et al. 2019, "Augmenting Self-attention with Persistent
    Memory".
    """

    name: ClassVar[str] = "memory"
    n_layers: int = 8
    d_ff: int | None = None
    n_persistent: int = 128

    def mixer(self) -> Callable[[int], nn.Module]:
        turns = Rotary(self.d_model // self.n_heads)
        return lambda layer: PersistentAttention(
            self.d_model, self.n_heads, self.n_persistent, causal=True, rotary=turns, init="quiet"
        )


Recipe = TranslatorRecipe | ShakespeareRecipe | MemoryRecipe
RECIPES: dict[str, type[Recipe]] = {
    recipe.name: recipe for recipe in (TranslatorRecipe, ShakespeareRecipe, MemoryRecipe)
}


def schedule(recipe: Recipe) -> Schedule:
    """A climb and half a cosine; a very short run climbs for a tenth of its steps."""
    warmup = min(recipe.warmup, recipe.steps // 10)
    return warmup_cosine(recipe.peak, warmup=warmup, steps=recipe.steps)


def common(recipe: Recipe) -> dict[str, Any]:
    return {
        "steps": recipe.steps,
        "weight_decay": recipe.weight_decay,
        "every": recipe.every,
        "seed": recipe.seed,
    }


@functools.cache
def shakespeare_split() -> tuple[str, str]:
    """The first nine tenths of the plays, and the last: training and validation."""
    text = datasets.tiny_shakespeare()
    cut = len(text) * 9 // 10
    return text[:cut], text[cut:]
