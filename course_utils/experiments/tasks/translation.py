"""English to German, by tokens that hear their own sentence in some way.

The paper translates English to Czech (as recalled: WMT18, 6 blocks, 8 heads) with the same pattern
in encoder and decoder, and so do we; the decoder's is cut to the past. What it hears of the English
is always dense here (of the paper's we do not know). Our sentences are short: even the longest of
the bundled ones have fourteen tokens, among which there is little to save.
Source: Yun et al. 2020, experiments on translation.
"""

import functools
from collections.abc import Callable
from dataclasses import dataclass, replace
from typing import Any

from torch import nn

from course_utils import datasets
from course_utils.experiments.tasks import training
from course_utils.experiments.trials import Recipe, Trial
from course_utils.models import Seq2SeqTransformer
from course_utils.text import BYTES, BPETokenizer
from course_utils.training.batches import BEGIN, END, PAD, PairBatches
from course_utils.training.losses import translation_loss

METRIC, BEST = "nats per token", "low"


@dataclass(frozen=True)
class Settings:
    """What is trained. `typical_n`: the number of tokens that sparsity is told for.

    Of the bundled pairs the `n_pairs` with the longest English are used: the longer a sentence, the
    more depends on who hears whom.
    """

    n_pairs: int = 12_000
    vocab_size: int = 1_000
    d_model: int = 64
    n_heads: int = 4
    n_layers: int = 2
    batch_size: int = 32
    steps: int = 1_500
    recipe: Recipe = Recipe(peak=3e-3, warmup=1 / 10, positions="sinusoidal")
    tested_on: int = 300  # pairs
    typical_n: int = 14


SIZES = {
    "quick": Settings(n_pairs=64, vocab_size=280, d_model=16, n_heads=2, batch_size=8, steps=4,
                      tested_on=8),
    "laptop": Settings(),
    # Blocks and heads are, as recalled, the paper's, and the width that of 2017; its corpus is not
    # bundled.
    "paper": Settings(n_pairs=30_000, vocab_size=4_000, d_model=512, n_heads=8, n_layers=6,
                      batch_size=64, steps=9_000,
                      recipe=Recipe(peak=5e-4, warmup=1 / 10, positions="sinusoidal"),
                      tested_on=1_000),
}  # fmt: skip


def longest(split: str, n_pairs: int) -> list[datasets.Pair]:
    """The pairs with the most characters of English, the shortest of them first."""
    return sorted(datasets.english_german(split), key=lambda pair: len(pair.english))[-n_pairs:]


@functools.lru_cache(maxsize=1)  # the same in every run
def tokenizer_of(n_pairs: int, vocab_size: int) -> BPETokenizer:
    special = [PAD, BEGIN, END]
    text = "\n".join(sentence for pair in longest("train", n_pairs) for sentence in pair)
    return BPETokenizer.train(text, vocab_size - len(BYTES) - len(special), special=special)


def measure(trial: Trial, settings: Settings) -> dict[str, Any]:
    """Train the trial's translator; its loss on unseen pairs, in nats a token."""
    tokenizer = tokenizer_of(settings.n_pairs, settings.vocab_size)
    train = PairBatches(
        longest("train", settings.n_pairs),
        tokenizer,
        batch_size=settings.batch_size,
        seed=trial.seed,
    )
    unseen = PairBatches(
        longest("valid", settings.tested_on), tokenizer, batch_size=settings.batch_size
    )
    max_n = int(max(train.lengths.max(), unseen.lengths.max()))
    history = training.train(
        training.seeded(
            lambda: new_model(trial, settings, tokenizer.vocab_size, max_n), trial.seed
        ),
        train,
        translation_loss(),
        recipe=training.recipe_of(trial, settings),
        steps=settings.steps,
        seed=trial.seed,
        valid=unseen,
        every=settings.steps // 4,
    )
    losses = [round(loss, 4) for loss in history.valid_losses]
    return training.result_of(
        METRIC,
        "nats",
        losses,
        history.valid_steps,
        facts=facts(trial, settings),
        seconds=history.seconds,
    )


def facts(trial: Trial, settings: Settings) -> dict[str, float]:
    """What is known of both stacks, in their mean: of connections within a sentence, say.

    The decoder's attention to the English is dense, and does not count.
    """
    encoder = training.socket_of(trial, settings, settings.typical_n)
    return training.facts_of(trial.candidate, encoder, replace(encoder, causal=True))


def new_model(trial: Trial, settings: Settings, vocab_size: int, max_n: int) -> nn.Module:
    def mixer(causal: bool) -> Callable[[int], nn.Module]:
        socket = training.socket_of(trial, settings, max_n, causal=causal)
        return trial.candidate.mixer(socket)

    recipe = training.recipe_of(trial, settings)
    return Seq2SeqTransformer(
        vocab_size,
        n_heads=settings.n_heads,
        positions=recipe.positions_of(max_n, settings.d_model),
        mixer=mixer(causal=False),
        decoder_mixer=mixer(causal=True),
        **training.block_of(trial, settings, d_ff=4 * settings.d_model),
    )
