"""`python -m course_utils reproduce warmup`: must a small translator begin with small steps?

Lesson 06's own question. Norms in front or behind, at full rate from the first step or with a
climb, at two rates, from three beginnings: what each run costs in the end, and what it costs to be
given the English of somebody else's sentence. Who does not mind does not listen.
"""

import json
from collections.abc import Iterator
from dataclasses import asdict, dataclass
from itertools import product
from pathlib import Path
from typing import Any

import torch
from torch import nn

from course_utils import datasets
from course_utils.experiments import described
from course_utils.experiments.experiment import read_stored, results_folder
from course_utils.experiments.store import where, write_file
from course_utils.models import Seq2SeqTransformer
from course_utils.trained.recipes import TranslatorRecipe
from course_utils.training import fit
from course_utils.training.batches import PairBatches
from course_utils.training.losses import translation_loss
from course_utils.training.schedules import constant


@dataclass(frozen=True)
class Size:
    steps: int
    climb: int  # steps, in the runs that climb
    seeds: int
    tested_on: int  # sentences
    d_model: int = 128


SIZES = {
    "quick": Size(steps=4, climb=2, seeds=1, tested_on=64, d_model=16),
    "laptop": Size(steps=250, climb=100, seeds=3, tested_on=320),
    "paper": Size(steps=1_000, climb=400, seeds=5, tested_on=320),
}


@dataclass(frozen=True)
class Run:
    norm: str
    climb: int
    rate: float
    seed: int


def runs(size: Size) -> Iterator[Run]:
    settings = product(range(size.seeds), (0.005, 0.002), ("post", "pre"), (0, size.climb))
    for seed, rate, norm, climb in settings:
        yield Run(norm, climb, rate, seed)


def measure(run: Run, size: Size) -> dict[str, Any]:
    """Train it; its smoothed loss on sentences that it has not seen, in nats a token.

    "right" with their own English, "wrong" with that of their neighbour in the batch.
    """
    recipe = TranslatorRecipe()
    tokenizer, loss = recipe.tokenizer(), translation_loss(recipe.smoothing)
    train = PairBatches(datasets.english_german("train"), tokenizer, batch_size=16, seed=run.seed)
    torch.manual_seed(run.seed)
    model = Seq2SeqTransformer(
        tokenizer.vocab_size, d_model=size.d_model, n_heads=4, n_layers=2, d_ff=4 * size.d_model,
        norm=run.norm,
    )  # fmt: skip
    fit(
        model, train, loss, steps=size.steps, seed=run.seed, show=False,
        learning_rate=constant(run.rate, warmup=run.climb),
    )  # fmt: skip
    some = datasets.english_german("valid")[: size.tested_on]
    unseen = PairBatches(some, tokenizer, batch_size=32)
    right, wrong = (cost(model, unseen, loss, shift) for shift in (0, 1))
    return asdict(run) | {"right": round(right, 4), "wrong": round(wrong, 4)}


@torch.no_grad()
def cost(model: nn.Module, batches: PairBatches, loss, shift: int) -> float:
    """Nats a token, each sentence with the English of the one `shift` places before it."""
    parts = []
    for batch in (batches[i] for i in range(len(batches))):
        order = torch.arange(len(batch.source)).roll(shift)
        other = {"source": batch.source[order], "source_mask": batch.source_mask[order]}
        parts.append(loss(model, batch._replace(**other)))
    return (sum(part.total for part in parts) / sum(part.n_tokens for part in parts)).item()


def stored() -> list[dict[str, Any]]:
    """The runs that come with the course: norm, climb, rate, seed, right, wrong."""
    return read_stored("warmup-laptop.json")["runs"]


def main(arguments: list[str]) -> int:
    """Train, print, and write JSON; the exit status."""
    chosen = described.parser("warmup").parse_args(arguments)
    path, size = results_folder(chosen.out) / f"warmup-{chosen.size}.json", SIZES[chosen.size]
    done = []
    for run in runs(size):
        done.append(measure(run, size))
        costs = "{right:.2f} with the right English, {wrong:.2f} with the wrong one"
        print(f"{run}: {costs.format(**done[-1])}", flush=True)
        write(path, chosen.size, size, done)
    print(f"\nResults: {path}")
    return 0


def write(path: Path, name: str, size: Size, done: list[dict[str, Any]]) -> None:
    about = {"experiment": "warmup", "size": name, "settings": asdict(size)} | where()
    write_file(path, (json.dumps(about | {"runs": done}, indent=1) + "\n").encode("utf-8"))
