"""Fourier mixing against attention and against no mixing, over the length of the text, as ratios.

    python benchmarks/fourier.py            # some minutes, writes results/fourier.json
    python benchmarks/fourier.py 128 512    # these lengths only; what is stored for others stays

One text, vectors of 128 numbers, 4 heads. The mixing layer alone, reading; and a training step of a
whole block of FNet's kind (norms behind the sums, four times as wide within), there and back. For
each length all take turns; the shortest time of each counts.
"""

import argparse
import json
import platform
from collections.abc import Callable
from pathlib import Path

import torch
import torch.nn.functional as F
from torch import Tensor, nn

from course_utils.blocks import Block, FeedForward
from course_utils.measure import growth_exponent, seconds_each
from course_utils.mixers import Attention, FourierMixing, NoMixing

RESULTS = Path(__file__).parent / "results" / "fourier.json"
D_MODEL, N_HEADS = 128, 4
LENGTHS = (128, 512, 2_048, 8_192)
MIXERS: dict[str, Callable[[], nn.Module]] = {
    "attention": lambda: Attention(D_MODEL, N_HEADS),
    "Fourier": FourierMixing,
    "none": NoMixing,
}


def reading(mixer: nn.Module, x: Tensor) -> Callable[[], None]:
    def run() -> None:
        with torch.inference_mode():
            mixer(x)

    return run


def learning(mixer: nn.Module, x: Tensor) -> Callable[[], None]:
    """A step of a block without the optimizer: forward, and the gradients of all that learns."""
    ffn = FeedForward(D_MODEL, 4 * D_MODEL, activation=F.gelu)
    block = Block(D_MODEL, mixer, ffn, norm="post")

    def run() -> None:
        block.zero_grad()
        block(x).square().mean().backward()

    return run


def measured(n: int) -> dict[str, dict[str, float]]:
    """Milliseconds of each mixer's layer and block, and how often Fourier's go into the others'."""
    torch.manual_seed(0)
    x = torch.randn(1, n, D_MODEL)
    found = {name: {} for name in MIXERS}
    for what, step in {"layer": reading, "block": learning}.items():
        calls = {name: step(make(), x) for name, make in MIXERS.items()}
        for call in calls.values():  # what is prepared once is prepared
            call()
        took = seconds_each(calls, repeats=max(9, 20_000 // n))
        for name, each in took.items():
            found[name][f"{what}_ms"] = round(1e3 * each, 3)
            found[name][f"{what}_against_fourier"] = round(each / took["Fourier"], 2)
    return found


def main() -> None:
    parser = argparse.ArgumentParser(description="Fourier mixing's speed.", allow_abbrev=False)
    parser.add_argument("lengths", nargs="*", type=int, default=LENGTHS, metavar="N")
    lengths = json.loads(RESULTS.read_text())["lengths"] if RESULTS.exists() else {}
    for n in parser.parse_args().lengths:
        lengths[str(n)] = measured(n)
        print(n, lengths[str(n)], flush=True)
    lengths = dict(sorted(lengths.items(), key=lambda item: int(item[0])))
    ns = [int(n) for n in lengths]
    growth = {
        name: round(growth_exponent(ns, [lengths[str(n)][name]["block_ms"] for n in ns]), 2)
        for name in MIXERS
    }
    results = {
        "hardware": f"{platform.machine()}, {torch.get_num_threads()} threads",
        "torch": torch.__version__,
        "sizes": f"1 text, d_model {D_MODEL}, {N_HEADS} heads, float32",
        "growth_of_a_block": growth if len(ns) > 1 else None,
        "lengths": lengths,
    }
    RESULTS.write_text(json.dumps(results, indent=1) + "\n", encoding="utf-8")


if __name__ == "__main__":
    main()
