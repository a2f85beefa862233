"""`fit`: the training loop, with what a run that lasts needs: it can stop, go on, and say why not.

Everything random in a step comes from the seed and the step's number, never from what happened
before. So a run that was killed and resumed takes the very steps it would have taken, dropout
included, and nobody has to keep the state of a random number generator.
"""

import math
import operator
import signal
import threading
import time
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager, nullcontext
from numbers import Real
from pathlib import Path
from typing import Any

import numpy as np
import torch
from torch import Tensor, nn

from course_utils.paths import expanded
from course_utils.shapes import expect_at_least
from course_utils.training import health, state
from course_utils.training.batches import Batches, each_tensor
from course_utils.training.history import History
from course_utils.training.losses import Loss
from course_utils.training.parallel import Workers
from course_utils.training.plan import Plan, Validation
from course_utils.training.report import Show, TrainingReport, report_on
from course_utils.training.schedules import Schedule, constant

LossFunction = Callable[[nn.Module, Any], Loss]


def fit(
    model: nn.Module,
    batches: Batches,
    loss: LossFunction,
    *,
    steps: int,
    learning_rate: Real | Schedule,
    valid: Validation | None = None,
    every: int = 100,
    weight_decay: Real = 0.01,
    betas: tuple[Real, Real] = (0.9, 0.98),
    clip: Real | None = 1.0,
    accumulate: int = 1,
    minutes: Real | None = None,
    patience: int | None = None,
    enough: Real | None = None,
    checkpoint: str | Path | None = None,
    seed: int = 0,
    show: Show = True,
) -> History:
    """Train `model` for `steps` steps of AdamW; returns the loss curve.

    `batches[i]`, i = 0, 1, …, is a tensor or a tuple of tensors, with the examples along the first
    dimension. `loss(model, batch)` returns a `Loss`. Each step follows the mean over all tokens of
    `accumulate` batches. `learning_rate` is a number or a function of the step, counted from 1;
    weight decay acts on matrices only; a gradient longer than `clip` is shortened to it.

    Every `every` steps, and at the end, the loss on `valid` is taken (a finite sequence of batches,
    or a function of the model), without dropout. After `patience` of those without a new best
    training ends; with `patience` the model has the weights of the best in the end. A loss on
    `valid` that is not above `enough` ends training, and so do `minutes`.

    With `checkpoint` everything is written to that file every `every` steps and at the end; if it
    exists, training goes on from it, step for step as if it had never stopped. Ctrl-C (or the
    notebook's stop button) ends training after the step that is running, and nothing is lost; a
    second one does not wait.

    On a GPU that has bfloat16, matrices are multiplied in it. Under torchrun the processes share
    each batch, and the results are those of one process up to rounding. `show="briefly"` is a
    bar without a curve, `show=False` is silent.

    Raises `health.Diverged`, which names the step and the layer, if the loss or its gradient is not
    finite; ValueError for settings that make no sense, a checkpoint of another run, and batches or
    validation data in which nothing counts. Sources: Loshchilov and Hutter 2019 (AdamW); Pascanu
    et al. 2013 (clipping); Vaswani et al. 2017, section 5.3 (β₂ = 0.98).
    """
    plan = Plan(steps, every, valid, minutes, patience, enough)
    run = TrainingRun(
        model, batches, loss, plan, learning_rate, weight_decay=weight_decay, betas=betas,
        clip=clip, accumulate=accumulate, seed=seed, checkpoint=checkpoint,
    )  # fmt: skip
    if run.checkpoint is not None and run.checkpoint.exists():
        run.resume()
    was_training = model.training
    try:
        run.go(show)
    finally:
        model.train(was_training)
    return run.history


class TrainingRun:
    """One training run: what is trained, how, and how far it has come.

    All settings become plain numbers here, NumPy's too: a checkpoint holds nothing else.
    """

    def __init__(
        self,
        model: nn.Module,
        batches: Batches,
        loss: LossFunction,
        plan: Plan,
        learning_rate: Real | Schedule,
        *,
        weight_decay: Real,
        betas: tuple[Real, Real],
        clip: Real | None,
        accumulate: int,
        seed: int,
        checkpoint: str | Path | None,
    ):
        expect_at_least(1, accumulate=accumulate)
        expect_at_least(0, seed=seed)
        expect_enough_batches(batches, plan.steps * accumulate)
        if clip is not None and not clip > 0:
            raise ValueError(f"clip is a length above 0, or None for no clipping; got {clip}.")
        if not 0 <= weight_decay < math.inf:
            raise ValueError(f"weight_decay is a number of 0 or more, got {weight_decay}.")
        if not any(weights.requires_grad for weights in model.parameters()):
            raise ValueError(
                "the model has nothing to learn: no parameters, or none with requires_grad=True."
            )
        self.model, self.batches, self.loss, self.plan = model, batches, loss, plan
        self.schedule = learning_rate if callable(learning_rate) else constant(learning_rate)
        self.clip = None if clip is None else float(clip)
        self.accumulate, self.seed = operator.index(accumulate), operator.index(seed)
        decay, betas = float(weight_decay), tuple(map(float, betas))
        self.settings = {"weight_decay": decay, "betas": list(betas), "clip": self.clip,
                         "accumulate": self.accumulate, "seed": self.seed}  # fmt: skip
        self.checkpoint = None if checkpoint is None else expanded(checkpoint)
        if self.checkpoint is not None and self.checkpoint.is_dir():
            raise ValueError(f"checkpoint={str(checkpoint)!r} is a folder: name a file in it.")
        self.device = next(model.parameters()).device
        self.optimizer = adamw(model, weight_decay=decay, betas=betas)
        self.workers = Workers(self.device)
        self.together = model  # from the first step on the one that averages over all processes
        self.history = History()
        self.clock = Clock(self.history)
        self.best: dict[str, Tensor] | None = None

    def rate(self, step: int) -> float:
        """The learning rate of a step, counted from 1. ValueError if it is none."""
        rate = float(self.schedule(step))
        if not 0 <= rate < math.inf:
            raise ValueError(
                f"the learning rate of step {step} is {rate}: it is a number of 0 or more."
            )
        return rate

    def go(self, show: Show) -> None:
        """Train until there is a reason to stop."""
        history = self.history
        late = "minutes" if self.plan.too_late(history.seconds) else ""
        history.stopped = self.plan.reason_to_stop(history) or late
        if not history.stopped:  # a finished run that is resumed has nothing left to do
            self.together = self.workers.wrap(self.model)
            shows = show if self.workers.rank == 0 else False
            report = report_on(self.plan.steps, self.plan.every, shows)
            self.clock = Clock(history)
            report.start(history)
            try:
                with own_randomness(self.device), interruptions() as asked:
                    self.take_steps(report, asked)
            finally:
                report.finish(history)
        if self.best is not None:
            self.model.load_state_dict(self.best)

    def take_steps(self, report: TrainingReport, asked: list) -> None:
        """One step after the other; an interruption that gets through ends them in good order."""
        try:
            self.look()
            while not self.history.stopped:
                self.step(asked)
                self.look()
                report.step(self.history)
        except KeyboardInterrupt:
            self.history.stopped = "interrupted"
            if len(asked) < 2:  # who asked twice did not wait: perhaps half of a step was done
                self.save()

    # One step

    def step(self, asked: list) -> None:
        """Follow the gradient once, and write down what the loss was before."""
        number = len(self.history.steps) + 1
        torch.manual_seed(seed_of(self.seed, number, self.workers.rank))
        self.model.train()
        late = self.plan.too_late(self.clock.seconds())
        total, tokens = self.gradients(number)
        # What one process was asked to do, or finds, all of them have to do.
        total, tokens, interrupted, late = self.workers.sum(total, tokens, bool(asked), late)
        if tokens == 0:
            raise ValueError(f"step {number}: no token counts, the mask is False everywhere.")
        if not math.isfinite(total):
            raise self.diverged(number, total / tokens)
        self.update(number, tokens)
        self.history.steps.append(number)
        self.history.losses.append(total / tokens)
        self.history.tokens += int(tokens)
        self.clock.note()
        self.history.stopped = "interrupted" if interrupted else "minutes" if late else ""

    def gradients(self, number: int) -> tuple[float, int]:
        """Add up the gradients of this process's share; its loss (a sum) and its tokens."""
        self.optimizer.zero_grad()
        total, tokens = 0.0, 0
        for i, batch in enumerate(self.share(number)):
            last = i == self.accumulate - 1
            with self.workers.averaging(self.together, now=last):
                part = self.measure(self.together, batch)
                part.total.backward()
            total, tokens = total + part.total.item(), tokens + part.n_tokens
        return total, tokens

    def share(self, number: int) -> list[Any]:
        """This process's rows of the batches of a step."""
        last = number * self.accumulate
        return [
            self.workers.share(self.batch(i, number)) for i in range(last - self.accumulate, last)
        ]

    def batch(self, i: int, step: int) -> Any:
        """Batch number i, counted from 0."""
        try:
            return self.batches[i]
        except IndexError as error:
            raise IndexError(
                f"step {step}: there is no batch number {i}, counted from 0. Take fewer steps, or "
                "batches without an end, such as LanguageBatches or PairBatches."
            ) from error

    def measure(self, model: nn.Module, batch: Any) -> Loss:
        """The loss of one batch, in half precision where the device has it."""
        half = half_precision(self.device)
        context = torch.autocast(self.device.type, half) if half else nullcontext()
        with context:
            measured = self.loss(model, batch)
        if not isinstance(measured, Loss):
            raise TypeError(
                "the loss function returns Loss(total, n_tokens), a sum and what to divide it by; "
                f"got {type(measured).__name__}. A mean over n things is Loss(mean * n, n)."
            )
        return measured

    def update(self, number: int, tokens: Real) -> None:
        """Divide the gradients by the tokens of all processes, shorten them, and step."""
        parameters = [p for p in self.model.parameters() if p.grad is not None]
        for parameter in parameters:  # the processes' gradients came as their average
            parameter.grad.mul_(self.workers.count / tokens)
        length = nn.utils.get_total_norm([parameter.grad for parameter in parameters])
        if not length.isfinite():
            raise health.gradient_is_not_finite(self.model, step=number)
        if self.clip is not None:
            nn.utils.clip_grads_with_norm_(parameters, self.clip, length)
        for group in self.optimizer.param_groups:
            group["lr"] = self.rate(number)
        self.optimizer.step()

    def diverged(self, number: int, loss: float) -> health.Diverged:
        """Go through the step again, watching every layer."""

        def again() -> None:
            torch.manual_seed(seed_of(self.seed, number, self.workers.rank))
            for batch in self.share(number):
                self.measure(self.model, batch)

        return health.loss_is_not_finite(self.model, again, step=number, loss=loss)

    # Between the steps

    def look(self) -> None:
        """Where it is due: validate, find out whether to stop, write the checkpoint."""
        number, history = len(self.history.steps), self.history
        due = self.plan.is_due(history)
        if due and self.plan.valid is not None and history.valid_steps[-1:] != [number]:
            torch.manual_seed(seed_of(self.seed, number, self.workers.rank))
            history.valid_losses.append(self.validate(self.plan.valid))
            history.valid_steps.append(number)
            self.clock.note()
            if self.plan.patience is not None and history.best[0] == number:
                weights = self.model.state_dict()
                self.best = {name: tensor.clone() for name, tensor in weights.items()}
        history.stopped = history.stopped or self.plan.reason_to_stop(history)
        if due or history.stopped:
            self.save()

    @torch.no_grad()
    def validate(self, valid: Validation) -> float:
        """The loss on the validation data, in nats a token."""
        self.model.eval()
        if callable(valid):
            # The same number in each process, unless chance is in it: then the average.
            return self.workers.sum(float(valid(self.model)))[0] / self.workers.count
        total, tokens = 0.0, 0
        for i in range(self.workers.rank, len(valid), self.workers.count):
            part = self.measure(self.model, each_tensor(valid[i], self.workers.bring))
            total, tokens = total + part.total.item(), tokens + part.n_tokens
        total, tokens = self.workers.sum(total, tokens)
        if tokens == 0:
            raise ValueError("no token of the validation data counts, its masks are all False.")
        return total / tokens

    # On the disk

    def save(self) -> None:
        """Write the checkpoint, if one was asked for. One process writes for all."""
        if self.checkpoint is None or self.workers.rank > 0:
            return
        reached = max(1, len(self.history.steps))
        state.save(self.checkpoint, state.Saved(
            self.model.state_dict(), self.optimizer.state_dict(), self.history, self.best,
            self.settings | {"learning_rate": self.rate(reached), "step": reached},
        ))  # fmt: skip

    def resume(self) -> None:
        """Go on from the checkpoint. ValueError if it is of another run."""
        saved = state.load(self.checkpoint)
        here = self.settings | {"learning_rate": self.rate(saved.settings["step"])}
        state.refuse_another_run(self.checkpoint, saved.settings, here)
        state.put_back(self.checkpoint, saved, self.model, self.optimizer)
        self.history, self.best = saved.history, saved.best


class Clock:
    """Writes into a history how long its run has taken, those it was resumed from included."""

    def __init__(self, history: History):
        self.history = history
        self.began = time.monotonic() - history.seconds
        self.began_work = time.process_time() - history.processor_seconds

    def seconds(self) -> float:
        return time.monotonic() - self.began

    def note(self) -> None:
        self.history.seconds = self.seconds()
        self.history.processor_seconds = time.process_time() - self.began_work


def expect_enough_batches(batches: Batches, needed: int) -> None:
    """Raise TypeError unless batches have numbers, ValueError if a list of them is too short."""
    if not isinstance(batches, Batches):
        raise TypeError(
            f"batches are asked for by number, batches[i]; {type(batches)} cannot be. Give a "
            "list, such as [tuple(batch) for batch in loader]."
        )
    if isinstance(batches, Sequence) and len(batches) < needed:
        raise ValueError(
            f"these are {len(batches)} batches, and the steps need {needed}. Take fewer steps, or "
            "batches without an end, such as LanguageBatches or PairBatches."
        )


def adamw(model: nn.Module, *, weight_decay: Real, betas: tuple[Real, Real]) -> torch.optim.AdamW:
    """AdamW that pulls matrices towards zero, and leaves biases and norms alone.

    Those are few, and a norm's scale has its rest at one, not at zero.
    """
    trained = [p for p in model.parameters() if p.requires_grad]
    groups = [
        {"params": [p for p in trained if p.ndim >= 2], "weight_decay": weight_decay},
        {"params": [p for p in trained if p.ndim < 2], "weight_decay": 0.0},
    ]
    fused = all(p.device.type in ("cpu", "cuda") for p in trained)
    return torch.optim.AdamW(groups, lr=0.0, betas=betas, fused=fused)


def half_precision(device: torch.device) -> torch.dtype | None:
    """bfloat16 where the device multiplies it in hardware, which is about twice as fast; or None.

    It has float32's range, so that no loss has to be scaled to stay within it.
    """
    if device.type == "cuda" and torch.cuda.is_bf16_supported(including_emulation=False):
        return torch.bfloat16
    return None


def seed_of(seed: int, step: int, rank: int) -> int:
    """The seed of one step in one process: other steps and processes have unrelated ones."""
    return int(np.random.SeedSequence([seed, step, rank]).generate_state(1)[0])


@contextmanager
def own_randomness(device: torch.device) -> Iterator[None]:
    """Seeds set inside are undone: whoever calls `fit` keeps their own random numbers."""
    with torch.random.fork_rng(devices=[device] if device.type == "cuda" else []):
        yield


@contextmanager
def interruptions() -> Iterator[list]:
    """Yields a list that grows with each Ctrl-C; only from the second on do they interrupt.

    Python lets the main thread alone handle signals. In another one nothing changes.
    """
    asked: list[int] = []
    if threading.current_thread() is not threading.main_thread():
        yield asked
        return

    def note(number: int, frame: Any) -> None:
        asked.append(number)
        if len(asked) > 1:
            raise KeyboardInterrupt

    before = signal.signal(signal.SIGINT, note)
    try:
        yield asked
    finally:
        signal.signal(signal.SIGINT, before or signal.default_int_handler)
