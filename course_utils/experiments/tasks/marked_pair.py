"""Two symbols of a row carry a mark: are they the same? Words have to meet to find out.

`B A* D B C A* C` → yes. Whoever weighs each word by itself, as a bag of words does with its one
number a word, has nothing: two As have to count for more than an A and a B, and two Bs, too, so
that no weights will do. What it takes is that the marked ones come together, and are compared.
Our own question; FNet's paper has none like it.
"""

from dataclasses import dataclass
from typing import Any, NamedTuple

import numpy as np
import torch
from jaxtyping import Int
from torch import Tensor, nn

from course_utils.experiments.tasks import training
from course_utils.experiments.trials import Recipe, Trial
from course_utils.models import Classifier, Embedding, Encoder, TextEncoder
from course_utils.training import parallel
from course_utils.training.losses import Loss, cross_entropy

METRIC, BEST = "accuracy", "high"
UNSEEN = 2**32


@dataclass(frozen=True)
class Settings:
    """What is trained. A row has a first token, which answers, and n − 1 symbols."""

    n: int = 17
    n_symbols: int = 4
    d_model: int = 64
    n_heads: int = 4
    n_layers: int = 3
    batch_size: int = 64
    steps: int = 1_500
    recipe: Recipe = Recipe(peak=1e-3, warmup=1 / 10)
    tested_on: int = 2_000


SIZES = {
    "quick": Settings(
        n=9, n_symbols=2, d_model=16, n_heads=2, n_layers=2, batch_size=8, steps=4, tested_on=40
    ),
    "laptop": Settings(),
    "paper": Settings(n=33, n_symbols=8, d_model=128, n_layers=4, steps=20_000),
}


class MarkedPairs(NamedTuple):
    """`ids`: 0 for the first token, 1 … s for symbols, s + 1 … 2s for the same with a mark."""

    ids: Int[Tensor, "batch n"]
    same: Int[Tensor, "batch"]


def marked_pairs(settings: Settings, count: int, seed: list[int]) -> MarkedPairs:
    """Rows by dice; a coin decides for each whether the two marked symbols are the same."""
    chance, s, n_symbols = np.random.default_rng(seed), settings.n_symbols, settings.n - 1
    symbols = chance.integers(s, size=(count, n_symbols))
    rows = np.arange(count)
    first, second = chance.random((count, n_symbols)).argsort(axis=1)[:, :2].T
    same = chance.integers(2, size=count)
    another = (symbols[rows, first] + chance.integers(1, s, size=count)) % s
    symbols[rows, second] = np.where(same, symbols[rows, first], another)
    ids = np.zeros((count, settings.n), dtype=np.int64)
    ids[:, 1:] = 1 + symbols
    for marked in (first, second):
        ids[rows, 1 + marked] += s
    return MarkedPairs(torch.as_tensor(ids), torch.as_tensor(same))


class Rows:
    """Batches without end."""

    def __init__(self, settings: Settings, seed: int):
        self.settings, self.seed = settings, seed

    def __getitem__(self, step: int) -> MarkedPairs:
        return marked_pairs(self.settings, self.settings.batch_size, [self.seed, step])


def pair_loss(model: nn.Module, batch: MarkedPairs) -> Loss:
    return cross_entropy(model(batch.ids), batch.same)


def new_model(trial: Trial, settings: Settings) -> Classifier:
    recipe, d_model = training.recipe_of(trial, settings), settings.d_model
    embedding = Embedding(
        1 + 2 * settings.n_symbols, d_model, recipe.positions_of(settings.n, d_model)
    )
    encoder = Encoder(
        trial.candidate.mixer(training.socket_of(trial, settings, settings.n)),
        **training.block_of(trial, settings, d_ff=2 * d_model),
    )
    return Classifier(TextEncoder(embedding, encoder), 2)


def measure(trial: Trial, settings: Settings) -> dict[str, Any]:
    """Train the trial's model; the share of unseen rows that it answers rightly."""
    unseen = marked_pairs(settings, settings.tested_on, [0, UNSEEN])
    ids, same = (part.to(parallel.device()) for part in unseen)

    def share_wrong(model: nn.Module) -> float:
        return (model(ids).argmax(dim=-1) != same).double().mean().item()

    model = training.seeded(lambda: new_model(trial, settings), trial.seed)
    history = training.train(
        model,
        Rows(settings, trial.seed),
        pair_loss,
        recipe=training.recipe_of(trial, settings),
        steps=settings.steps,
        seed=trial.seed,
        valid=share_wrong,
        every=settings.steps // 15,
        enough=0.0,
    )
    right = [round(1 - wrong, 4) for wrong in history.valid_losses]
    socket = training.socket_of(trial, settings, settings.n)
    facts = training.facts_of(trial.candidate, socket) | {"parameters": training.n_learned(model)}
    return training.result_of(
        METRIC, "accuracy", right, history.valid_steps, facts=facts, seconds=history.seconds
    )
