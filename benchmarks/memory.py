"""All-attention against attention with feed-forward layers, at equal parameters, as ratios.

    python benchmarks/memory.py            # some minutes, writes results/memory.json
    python benchmarks/memory.py 128 512    # these lengths only; what is stored for others stays

Small language models on characters, with vectors of 128 numbers and 4 heads: four layers with
feed-forward layers of 512; four of all-attention with as many persistent vectors; and eight with
128, which have as many parameters, too. For each length all take turns; the shortest time of each
counts. A training step reads about 2,048 characters, in texts of that length, and goes there and
back. Writing is one text with a key/value cache, from its first character on, on one thread: a
single character is too little work to share.
"""

import argparse
import json
import platform
from collections.abc import Callable
from pathlib import Path

import torch

from course_utils.decoding import generate
from course_utils.measure import seconds_each
from course_utils.mixers import Attention, PersistentAttention
from course_utils.models import LanguageModel
from course_utils.positions import SinusoidalPositions
from course_utils.training.losses import cross_entropy

RESULTS = Path(__file__).parent / "results" / "memory.json"
VOCAB, D_MODEL, N_HEADS = 65, 128, 4
LENGTHS = (128, 256, 512, 1_024, 2_048)
TOKENS = 2_048  # in one training step
BASE = "attention and feed-forward"


def with_feed_forward(n_layers: int, d_ff: int) -> LanguageModel:
    return LanguageModel(
        VOCAB,
        lambda layer: Attention(D_MODEL, N_HEADS, causal=True),
        positions=SinusoidalPositions(D_MODEL),
        d_model=D_MODEL,
        n_layers=n_layers,
        d_ff=d_ff,
    )


def all_attention(n_layers: int, n_persistent: int) -> LanguageModel:
    return LanguageModel(
        VOCAB,
        lambda layer: PersistentAttention(D_MODEL, N_HEADS, n_persistent, causal=True),
        positions=SinusoidalPositions(D_MODEL),
        d_model=D_MODEL,
        n_layers=n_layers,
        d_ff=None,
    )


def models() -> dict[str, LanguageModel]:
    return {
        BASE: with_feed_forward(4, 512),
        "all-attention, 4 layers, N = 512": all_attention(4, 512),
        "all-attention, 8 layers, N = 128": all_attention(8, 128),
    }


def learning(model: LanguageModel, n: int) -> Callable[[], None]:
    """A step without the optimizer: the loss, and the gradients of all that learns."""
    ids = torch.randint(VOCAB, (max(1, TOKENS // n), n))

    def run() -> None:
        model.zero_grad()
        cross_entropy(model(ids), ids).total.backward()

    return run


def writing(model: LanguageModel, n: int) -> Callable[[], None]:
    first = torch.zeros(1, 1, dtype=torch.long)
    return lambda: generate(model, first, n - 1)


def measured(n: int) -> dict[str, dict[str, float]]:
    """Tokens a second of each model, and how many times the first one's they are."""
    torch.manual_seed(0)
    found = {name: {} for name in models()}
    for what, step, repeats, threads, tokens in (
        ("train", learning, 15, torch.get_num_threads(), max(TOKENS, n)),
        ("write", writing, 5, 1, n),
    ):
        usual = torch.get_num_threads()
        torch.set_num_threads(threads)
        calls = {name: step(model, n) for name, model in models().items()}
        took = seconds_each(calls, repeats)
        torch.set_num_threads(usual)
        for name, each in took.items():
            found[name][f"{what}_tokens_per_second"] = round(tokens / each)
            found[name][f"{what}_against_feed_forward"] = round(took[BASE] / each, 2)
    return found


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0], allow_abbrev=False)
    parser.add_argument("lengths", nargs="*", type=int, default=LENGTHS, metavar="N")
    lengths = json.loads(RESULTS.read_text())["lengths"] if RESULTS.exists() else {}
    for n in parser.parse_args().lengths:
        lengths[str(n)] = measured(n)
        print(n, json.dumps(lengths[str(n)], indent=1), flush=True)
    results = {
        "hardware": f"{platform.machine()}, {torch.get_num_threads()} threads",
        "torch": torch.__version__,
        "seed": 0,
        "sizes": f"d_model {D_MODEL}, {N_HEADS} heads, float32; steps of {TOKENS:,} tokens",
        "parameters": {
            name: sum(weights.numel() for weights in model.parameters())
            for name, model in models().items()
        },
        "lengths": dict(sorted(lengths.items(), key=lambda item: int(item[0]))),
    }
    RESULTS.write_text(json.dumps(results, indent=1) + "\n", encoding="utf-8")


if __name__ == "__main__":
    main()
