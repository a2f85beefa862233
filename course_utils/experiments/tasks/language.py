"""A language model of tiny Shakespeare, character by character, that hears its past in some way.

The paper's is of words (as recalled: One Billion Word, 12 blocks, 8 heads); ours has the size of a
laptop.
Source: Yun et al. 2020, experiments on language modelling.
"""

from dataclasses import dataclass
from typing import Any

from torch import nn

from course_utils import datasets
from course_utils.experiments.tasks import training
from course_utils.experiments.trials import Recipe, Trial
from course_utils.metrics import bits_per_character
from course_utils.models import LanguageModel
from course_utils.text import CharTokenizer
from course_utils.trained.recipes import shakespeare_split
from course_utils.training.batches import LanguageBatches, pieces_in_order
from course_utils.training.losses import language_loss

METRIC, BEST = "bits per character", "low"


@dataclass(frozen=True)
class Settings:
    """What is trained, and on how many pieces of unseen text (of n characters) it is measured."""

    n: int = 64
    d_model: int = 64
    n_heads: int = 4
    n_layers: int = 2
    batch_size: int = 16
    steps: int = 1_500
    recipe: Recipe = Recipe(peak=3e-3, warmup=1 / 20)
    tested_on: int = 200


SIZES = {
    "quick": Settings(n=16, d_model=16, n_heads=2, batch_size=4, steps=4, tested_on=8),
    "laptop": Settings(),
    # Blocks, heads and length are, as recalled, the paper's; its corpus is not bundled, and its
    # width and schedule we have not found.
    "paper": Settings(n=256, d_model=512, n_heads=8, n_layers=12, batch_size=64, steps=50_000,
                      recipe=Recipe(peak=5e-4, warmup=1 / 20), tested_on=400),
}  # fmt: skip


def measure(trial: Trial, settings: Settings) -> dict[str, Any]:
    """Train the trial's model; how many bits a character of unseen text costs it."""
    train, valid = shakespeare_split()
    tokenizer = CharTokenizer(datasets.tiny_shakespeare())
    unseen = pieces_in_order(
        tokenizer.encode(valid[: settings.tested_on * settings.n + 1]),
        n=settings.n,
        batch_size=50,
    )
    history = training.train(
        training.seeded(lambda: new_model(trial, settings, tokenizer.vocab_size), trial.seed),
        LanguageBatches(
            tokenizer.encode(train), n=settings.n, batch_size=settings.batch_size, seed=trial.seed
        ),
        language_loss,
        recipe=training.recipe_of(trial, settings),
        steps=settings.steps,
        seed=trial.seed,
        valid=unseen,
        every=settings.steps // 5,
    )
    bits = [round(bits_per_character(loss), 4) for loss in history.valid_losses]
    socket = training.socket_of(trial, settings, settings.n, causal=True)
    facts = training.facts_of(trial.candidate, socket)
    return training.result_of(
        METRIC, "bits", bits, history.valid_steps, facts=facts, seconds=history.seconds
    )


def new_model(trial: Trial, settings: Settings, vocab_size: int) -> nn.Module:
    recipe = training.recipe_of(trial, settings)
    return LanguageModel(
        vocab_size,
        trial.candidate.mixer(training.socket_of(trial, settings, settings.n, causal=True)),
        positions=recipe.positions_of(settings.n, settings.d_model),
        **training.block_of(trial, settings, d_ff=4 * settings.d_model),
    )
