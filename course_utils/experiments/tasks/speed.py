"""How fast does a model learn, and in how much room? A training step, by the length of the text.

Each mixer takes turns with attention in the same process, so that what else the machine does hits
both. Source of the question: Lee-Thorp et al. 2021, FNet, section 4.2.
"""

from collections.abc import Callable
from dataclasses import dataclass, replace
from typing import Any

import torch
from torch import nn

from course_utils import measure as clocks
from course_utils.experiments.named import Named
from course_utils.experiments.tasks import training
from course_utils.experiments.trials import Candidate, Recipe, Trial
from course_utils.models import Encoder
from course_utils.training import parallel
from course_utils.training.loop import half_precision

METRIC, BEST = "times attention's speed", "high"


@dataclass(frozen=True)
class Settings:
    """An encoder of vectors: what comes before and after it costs all mixers the same.

    A step reads `n_tokens` in texts of each of `lengths`. The ratio is told at length `n`.
    """

    lengths: tuple[int, ...] = (128, 256, 512, 1_024, 2_048)
    n: int = 512
    n_tokens: int = 4_096
    d_model: int = 128
    n_heads: int = 4
    n_layers: int = 4
    steps: int = 5
    recipe: Recipe = Recipe(peak=1e-3, warmup=0.0, norm="post")


SIZES = {
    "quick": Settings(lengths=(16, 32), n=32, n_tokens=64, d_model=16, n_heads=2, n_layers=2,
                      steps=1),
    "laptop": Settings(),
    "paper": Settings(n_tokens=4_096, d_model=768, n_heads=12, n_layers=12, steps=10),
}  # fmt: skip


def new_model(candidate: Candidate, trial: Trial, settings: Settings, n: int) -> nn.Module:
    own = replace(trial, candidate=candidate)  # each with or without feed-forward layers

    def new() -> Encoder:
        mixer = candidate.mixer(training.socket_of(own, settings, n))
        return Encoder(mixer, **training.block_of(own, settings, d_ff=4 * settings.d_model))

    return training.seeded(new, trial.seed)


def step_of(model: nn.Module, settings: Settings, n: int) -> Callable[[], None]:
    """There and back, and the sum of all numbers as the loss."""
    device = parallel.device()
    x = torch.randn(max(1, settings.n_tokens // n), n, settings.d_model, device=device)

    half = half_precision(device)

    def step() -> None:
        model.zero_grad()
        with torch.autocast(device.type, dtype=half, enabled=half is not None):
            y = model(x)
        y.float().square().sum().backward()
        if device.type == "cuda":
            torch.cuda.synchronize()  # which would go on otherwise while the clock has stopped

    return step


def megabytes(step: Callable[[], None]) -> float:
    """The most that tensors hold at a time in one step, beyond what was there before."""
    if parallel.device().type == "cpu":
        return clocks.peak_memory(step) / 1e6
    torch.cuda.reset_peak_memory_stats()
    before = torch.cuda.memory_allocated()
    step()
    return (torch.cuda.max_memory_allocated() - before) / 1e6


def measure(trial: Trial, settings: Settings) -> dict[str, Any]:
    """Steps a second and megabytes of the trial's mixer and of attention, at each length."""
    found: dict[str, list[float]] = {"ratio": [], "steps a second": [], "megabytes": [],
                                     "attention's megabytes": []}  # fmt: skip
    seconds = 0.0
    for n in settings.lengths:
        candidates = {"it": trial.candidate, "attention": Named("attention")}
        steps = {
            name: step_of(new_model(candidate, trial, settings, n), settings, n)
            for name, candidate in candidates.items()
        }
        clocks.seconds_each(steps, 2)  # the first calls pay for what is done once
        took = clocks.seconds_each(steps, settings.steps)
        found["ratio"].append(round(took["attention"] / took["it"], 3))
        found["steps a second"].append(round(1 / took["it"], 3))
        found["megabytes"].append(round(megabytes(steps["it"]), 1))
        found["attention's megabytes"].append(round(megabytes(steps["attention"]), 1))
        seconds += sum(took.values())
    at = settings.lengths.index(settings.n)
    model = new_model(trial.candidate, trial, settings, settings.n)
    return {METRIC: found["ratio"][at], "lengths": list(settings.lengths), **found,
            "parameters": training.n_learned(model), "seconds": round(seconds, 1)}  # fmt: skip
