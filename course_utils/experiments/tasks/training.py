"""What the tasks share: a trial's model is made, trained, and its result written down."""

import statistics
from collections.abc import Callable, Sequence
from numbers import Real
from typing import Any, Protocol, runtime_checkable

import torch
from torch import nn

from course_utils.experiments.trials import Candidate, Recipe, Socket, Trial
from course_utils.training import fit, parallel
from course_utils.training.batches import Batches
from course_utils.training.history import History
from course_utils.training.loop import LossFunction
from course_utils.training.plan import Validation


@runtime_checkable
class Settings(Protocol):
    """What every task's settings have."""

    d_model: int
    n_heads: int
    steps: int
    recipe: Recipe


def recipe_of(trial: Trial, settings: Settings) -> Recipe:
    return settings.recipe if trial.recipe is None else trial.recipe


def socket_of(trial: Trial, settings: Settings, n: int, *, causal: bool = False) -> Socket:
    """What the trial's candidate is told of the model; `n` tokens are the longest text."""
    return Socket(
        d_model=settings.d_model,
        n_heads=settings.n_heads,
        n_layers=trial.n_layers,
        n=n,
        seed=trial.seed,
        causal=causal,
        rotary=recipe_of(trial, settings).positions == "rotary",
    )


def block_of(trial: Trial, settings: Settings, d_ff: int) -> dict[str, Any]:
    """How the model around the mixers is built, as models take it."""
    return {
        "d_model": settings.d_model,
        "n_layers": trial.n_layers,
        "d_ff": d_ff if trial.candidate.feed_forward else None,
        "norm": recipe_of(trial, settings).norm,
    }


def seeded(make: Callable[[], nn.Module], seed: int) -> nn.Module:
    """A model whose weights the seed decides, where training is done. Nobody else's dice move."""
    with torch.random.fork_rng(devices=[]):
        torch.manual_seed(seed)
        model = make()
    return model.to(parallel.device())


def train(
    model: nn.Module,
    batches: Batches,
    loss: LossFunction,
    *,
    recipe: Recipe,
    steps: int,
    seed: int,
    valid: Validation,
    every: int,
    enough: float | None = None,
) -> History:
    """`fit` by a recipe, in silence. KeyboardInterrupt if it was cut short: that is no result."""
    history = fit(
        model,
        batches,
        loss,
        steps=steps,
        learning_rate=recipe.learning_rate(steps),
        valid=valid,
        every=max(1, every),
        enough=enough,
        seed=seed,
        show=False,
    )
    if history.stopped == "interrupted":
        raise KeyboardInterrupt
    return history


def result_of(
    metric: str,
    unit: str,
    values: Sequence[float],
    steps: Sequence[int],
    *,
    facts: dict[str, Real],
    seconds: float,
) -> dict[str, Any]:
    """A trial's result: `values[i]`, in `unit`, after `steps[i]`; the last one is what counts."""
    return {
        metric: values[-1],
        "steps": list(steps),
        f"{unit} by step": list(values),
        **facts,
        "seconds": round(seconds, 1),
    }


def facts_of(candidate: Candidate, *sockets: Socket) -> dict[str, float]:
    """What is known without training: the mean over a model's stacks of blocks."""
    found = [candidate.facts(socket) for socket in sockets]
    return {name: round(statistics.fmean(each[name] for each in found), 4) for name in found[0]}


def n_learned(model: nn.Module) -> int:
    """How many numbers of a model are learned."""
    return sum(weights.numel() for weights in model.parameters() if weights.requires_grad)
