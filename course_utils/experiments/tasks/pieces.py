"""A language model of Wikipedia, piece by piece (BPE), as large as that of `characters`.

Source of the question: Sukhbaatar et al. 2019, section 5.2 (which has WikiText-103, and words).
"""

import functools
import math
from typing import Any

from course_utils.experiments.tasks import characters, masked_words
from course_utils.experiments.tasks.language import Settings
from course_utils.experiments.trials import Trial

METRIC, BEST = "perplexity", "low"
N_MERGES = {"quick": 20, "laptop": 1_000, "paper": 8_000}

SIZES = dict(characters.SIZES)


@functools.cache
def wikipedia(n_merges: int) -> characters.Text:
    train, valid = (masked_words.encoded(split, n_merges) for split in ("train", "valid"))
    vocab_size = masked_words.tokenizer(n_merges).vocab_size
    return characters.Text(train, valid, vocab_size, METRIC, METRIC, math.exp)


def measure(trial: Trial, settings: Settings) -> dict[str, Any]:
    """Train the trial's model; its perplexity, per piece, of unseen text, and the rest."""
    size = next((size for size, known in SIZES.items() if known == settings), None)
    if size is None:  # each has merges of its own
        raise ValueError(f"settings of pieces are one of SIZES ({', '.join(SIZES)}), unchanged.")
    return characters.measured_on(wikipedia(N_MERGES[size]), trial, settings)
