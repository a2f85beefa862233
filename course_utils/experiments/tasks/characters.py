"""Tiny Shakespeare again, by models that are large enough to need a place for what they know.

What is said besides the bits: how many numbers are learned, and the share of its attention that
each layer gives to persistent vectors, before and after training.
Source of the question: Sukhbaatar et al. 2019, section 5.1 (which has enwik8 and text8 here).
"""

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

import torch
from jaxtyping import Int
from torch import Tensor, nn

from course_utils import datasets
from course_utils.experiments.tasks import language, training
from course_utils.experiments.tasks.language import Settings
from course_utils.experiments.trials import Recipe, Trial
from course_utils.metrics import bits_per_character
from course_utils.mixers import PersistentAttention, capture_attention
from course_utils.text import CharTokenizer
from course_utils.trained.recipes import shakespeare_split
from course_utils.training import parallel
from course_utils.training.batches import LanguageBatches, pieces_in_order
from course_utils.training.history import History
from course_utils.training.losses import language_loss

METRIC, BEST = language.METRIC, language.BEST
LOOKED_AT = 8  # pieces of unseen text in which attention is shared out


SIZES = {
    "quick": Settings(n=16, d_model=16, n_heads=2, n_layers=2, batch_size=4, steps=4, tested_on=8),
    "laptop": Settings(n=128, n_layers=4, steps=800, tested_on=128,
                       recipe=Recipe(peak=6e-3, warmup=1 / 10, positions="rotary")),
    # The paper's smaller model, whose 8,192 tokens before each one we cut to 512.
    "paper": Settings(n=512, d_model=512, n_heads=8, n_layers=18, batch_size=64, steps=450_000,
                      recipe=Recipe(peak=3e-4, warmup=0.07, positions="rotary"), tested_on=400),
}  # fmt: skip


@dataclass(frozen=True)
class Text:
    """A text to learn from and one to be measured by, as token ids; `told` is what is reported."""

    train: list[int] | Tensor
    valid: list[int] | Tensor
    vocab_size: int
    metric: str
    unit: str
    told: Callable[[float], float]  # of the loss in nats a token


def shakespeare() -> Text:
    tokenizer = CharTokenizer(datasets.tiny_shakespeare())
    train, valid = map(tokenizer.encode, shakespeare_split())
    return Text(train, valid, tokenizer.vocab_size, METRIC, "bits", bits_per_character)


def measure(trial: Trial, settings: Settings) -> dict[str, Any]:
    """Train the trial's model; how many bits a character of unseen text costs it, and the rest."""
    return measured_on(shakespeare(), trial, settings)


def train(text: Text, trial: Trial, settings: Settings) -> tuple[nn.Module, History]:
    """The trial's language model of that text, trained."""
    model = training.seeded(
        lambda: language.new_model(trial, settings, text.vocab_size), trial.seed
    )
    n_tokens = settings.tested_on * settings.n + 1
    history = training.train(
        model,
        LanguageBatches(text.train, n=settings.n, batch_size=settings.batch_size, seed=trial.seed),
        language_loss,
        recipe=training.recipe_of(trial, settings),
        steps=settings.steps,
        seed=trial.seed,
        valid=pieces_in_order(text.valid[:n_tokens], n=settings.n, batch_size=32),
        every=settings.steps // 5,
    )
    return model, history


def measured_on(text: Text, trial: Trial, settings: Settings) -> dict[str, Any]:
    pieces = torch.as_tensor(text.valid[: LOOKED_AT * settings.n]).view(-1, settings.n)
    before = share_on_vectors(
        training.seeded(lambda: language.new_model(trial, settings, text.vocab_size), trial.seed),
        pieces,
    )
    model, history = train(text, trial, settings)
    told = [round(text.told(loss), 4) for loss in history.valid_losses]
    n_tokens = settings.steps * settings.batch_size * settings.n
    return training.result_of(
        text.metric,
        text.unit,
        told,
        history.valid_steps,
        facts={
            "parameters": training.n_learned(model),
            "tokens a second": round(n_tokens / history.seconds),
        },
        seconds=history.seconds,
    ) | {"on vectors before": before, "on vectors": share_on_vectors(model, pieces)}


@torch.inference_mode()
def share_on_vectors(model: nn.Module, ids: Int[Tensor, "batch n"]) -> list[list[float]] | None:
    """By layer and head: the share of all attention that persistent vectors get; None without."""
    layers = [module for module in model.modules() if isinstance(module, PersistentAttention)]
    if not layers or layers[0].n_persistent == 0:
        return None
    model.eval()
    with capture_attention(model) as maps:
        model(ids.to(parallel.device()))
    return [
        [
            round(share, 3)
            for share in weights[..., : layer.n_persistent].sum(-1).mean((0, 2)).tolist()
        ]
        for weights, layer in zip(maps, layers, strict=True)
    ]
