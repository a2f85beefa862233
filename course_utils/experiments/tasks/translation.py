"""English to German, by tokens that hear a part of their own sentence.

The paper translates English to Czech (as recalled: WMT18, 6 blocks, 8 heads) with the same pattern
in encoder and decoder, and so do we; the decoder's is cut to the past. What it hears of the English
is dense here (of the paper's we do not know). Our sentences are short: even the longest of the
bundled ones have fourteen tokens, among which there is little to save.
Source: Yun et al. 2020, experiments on translation.
"""

import functools
import statistics
from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

import torch
from matplotlib.figure import Figure
from torch import nn

from course_utils import datasets
from course_utils.experiments import report
from course_utils.experiments.choices import Choice, for_padded_texts
from course_utils.experiments.runs import Run, finished, with_seeds
from course_utils.models import Seq2SeqTransformer
from course_utils.text import BYTES, BPETokenizer
from course_utils.training import fit, parallel
from course_utils.training.batches import BEGIN, END, PAD, PairBatches
from course_utils.training.losses import translation_loss
from course_utils.training.schedules import warmup_cosine


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
    peak: float = 3e-3
    tested_on: int = 300  # pairs
    typical_n: int = 14

    @property
    def warmup(self) -> int:
        return self.steps // 10


METRIC = "nats per token"
PAPER_SAYS = [
    "Strided and fixed with the union configuration are best (a trend, of BLEU), and close to "
    "dense (as recalled).",
    "Random is worst, a star poor.",
]
SIZES = {
    "quick": Settings(n_pairs=64, vocab_size=280, d_model=16, n_heads=2, batch_size=8, steps=4,
                      tested_on=8),
    "laptop": Settings(),
    # Blocks and heads are, as recalled, the paper's, and the width that of 2017; its corpus is not
    # bundled.
    "paper": Settings(n_pairs=30_000, vocab_size=4_000, d_model=512, n_heads=8, n_layers=6,
                      batch_size=64, steps=9_000, peak=5e-4, tested_on=1_000),
}  # fmt: skip


def runs(size: str) -> list[Run]:
    found, n_seeds = for_padded_texts(root=4), 3
    if size == "quick":
        found, n_seeds = [Choice("dense"), Choice("star, relay first", 1)], 1
    n_layers = SIZES[size].n_layers
    return with_seeds([Run("translation", choice, n_layers, 0) for choice in found], n_seeds)


def longest(split: str, n_pairs: int) -> list[datasets.Pair]:
    """The pairs with the most characters of English, the shortest of them first."""
    return sorted(datasets.english_german(split), key=lambda pair: len(pair.english))[-n_pairs:]


@functools.lru_cache(maxsize=1)  # the same in every run
def tokenizer_of(n_pairs: int, vocab_size: int) -> BPETokenizer:
    special = [PAD, BEGIN, END]
    text = "\n".join(sentence for pair in longest("train", n_pairs) for sentence in pair)
    return BPETokenizer.train(text, vocab_size - len(BYTES) - len(special), special=special)


def measure(run: Run, settings: Settings) -> dict[str, Any]:
    """Train the run's translator; its loss on unseen pairs, in nats a token."""
    tokenizer = tokenizer_of(settings.n_pairs, settings.vocab_size)
    train = longest("train", settings.n_pairs)
    unseen = longest("valid", settings.tested_on)
    history = fit(
        new_model(run, settings, tokenizer.vocab_size),
        PairBatches(train, tokenizer, batch_size=settings.batch_size, seed=run.seed),
        translation_loss(),
        steps=settings.steps,
        learning_rate=warmup_cosine(settings.peak, warmup=settings.warmup, steps=settings.steps),
        valid=PairBatches(unseen, tokenizer, batch_size=settings.batch_size),
        every=max(1, settings.steps // 4),
        seed=run.seed,
        show=False,
    )
    finished(history)
    losses = [round(loss, 4) for loss in history.valid_losses]
    return {
        METRIC: losses[-1],
        "steps": history.valid_steps,
        "nats by step": losses,
        "sparsity": round(sparsity(run, settings), 4),
        "seconds": round(history.seconds, 1),
    }


def sparsity(run: Run, settings: Settings) -> float:
    """The share of connections within a sentence that is missing: the mean of both stacks' shares.

    The decoder's attention to the English is dense, and does not count.
    """
    stack = {"n_layers": run.n_layers, "n_heads": settings.n_heads, "seed": run.seed}
    return statistics.fmean(
        run.choice.sparsity(settings.typical_n, **stack, causal=causal) for causal in (False, True)
    )


def new_model(run: Run, settings: Settings, vocab_size: int) -> nn.Module:
    def mixer(causal: bool) -> Callable[[int], nn.Module]:
        d_model, n_heads = settings.d_model, settings.n_heads
        return run.choice.mixer(d_model, n_heads, seed=run.seed, causal=causal)

    with torch.random.fork_rng(devices=[]):
        torch.manual_seed(run.seed)
        model = Seq2SeqTransformer(
            vocab_size,
            d_model=settings.d_model,
            n_heads=settings.n_heads,
            n_layers=run.n_layers,
            d_ff=4 * settings.d_model,
            mixer=mixer(causal=False),
            decoder_mixer=mixer(causal=True),
        )
    return model.to(parallel.device())


def figure(rows: list[dict[str, Any]]) -> Figure:
    title = "English to German, by tokens that hear a part of their sentence"
    return report.levels(rows, title=title, ylabel=METRIC, best="low")
