"""Learning 2,000 merges: the course's byte-pair encoding beside the `tokenizers` library.

The promise is ten seconds on the bundled Wikipedia text. The library is compiled and uses every
core; ours is Python that fits on a page. Both learn the same merges (`tests/unit/test_text.py`).

    python benchmarks/tokenizer.py     # a minute, writes results/tokenizer.json
"""

import json
import os
import platform
import statistics
import time
from collections.abc import Callable
from importlib.metadata import version
from pathlib import Path
from typing import Any

from tokenizers import Tokenizer, models, pre_tokenizers, trainers

from course_utils import datasets
from course_utils.text import BPETokenizer

RESULTS = Path(__file__).parent / "results" / "tokenizer.json"
MERGES = 2_000
PROMISE = 10.0  # seconds
TIMES = 3


def library(text: str) -> Tokenizer:
    tokenizer = Tokenizer(models.BPE())
    tokenizer.pre_tokenizer = pre_tokenizers.ByteLevel(add_prefix_space=False)
    trainer = trainers.BpeTrainer(
        vocab_size=256 + MERGES,
        initial_alphabet=pre_tokenizers.ByteLevel.alphabet(),
        show_progress=False,
    )
    tokenizer.train_from_iterator([text], trainer)
    return tokenizer


def clocked(work: Callable[[], Any]) -> float:
    start = time.perf_counter()
    work()
    return time.perf_counter() - start


def in_turns(ours: Callable[[], Any], theirs: Callable[[], Any]) -> dict[str, float]:
    """Median seconds of each, taken in turns, so that a busy minute hits both."""
    taken = [(clocked(ours), clocked(theirs)) for _ in range(TIMES)]
    mine, other = (statistics.median(column) for column in zip(*taken, strict=True))
    return {
        "course_s": round(mine, 3),
        "library_s": round(other, 3),
        "ratio": round(mine / other, 2),
    }


def main() -> None:
    load = os.getloadavg()[0] if hasattr(os, "getloadavg") else None
    corpus, unseen = datasets.wikitext2_raw("train"), datasets.wikitext2_raw("valid")
    training = in_turns(lambda: BPETokenizer.train(corpus, MERGES), lambda: library(corpus))
    learned, theirs = BPETokenizer.train(corpus, MERGES), library(corpus)
    fresh = [BPETokenizer(learned.merges) for _ in range(TIMES)]  # none remembers a word yet
    writing = in_turns(lambda: fresh.pop().encode(unseen), lambda: theirs.encode(unseen))
    result = {
        "question": f"how many seconds for {MERGES:,} merges, and to encode unseen text?",
        "promise_s": PROMISE,
        "kept": training["course_s"] <= PROMISE,
        "characters": {"train": len(corpus), "encode": len(unseen)},
        "train": training,
        "encode": writing,
        "each": f"the median of {TIMES}",
        "hardware": {
            "cores": os.cpu_count(),
            "load_before": load,
            "niceness": os.nice(0) if hasattr(os, "nice") else 0,
            "machine": platform.machine(),
            "system": platform.system(),
        },
        "python": platform.python_version(),
        "tokenizers": version("tokenizers"),
    }
    RESULTS.write_text(json.dumps(result, indent=1) + "\n", encoding="utf-8")
    print(json.dumps({key: result[key] for key in ("train", "encode", "kept")}, indent=1))


if __name__ == "__main__":
    main()
