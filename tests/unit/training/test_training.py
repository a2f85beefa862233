"""fit: the right steps, resumed bit for bit, shared by processes, and clear when ill."""

import dataclasses
import json
import math
import os
import random
import signal
import subprocess
import sys
import time
from pathlib import Path
from xml.etree import ElementTree

import numpy as np
import pytest
import torch
from torch import nn

from course_utils.atomic import write_atomically
from course_utils.mixers import Attention
from course_utils.models import LanguageModel
from course_utils.paths import ROOT
from course_utils.training import fit, health, loop, report, state
from course_utils.training.batches import LanguageBatches, pieces_in_order
from course_utils.training.health import Diverged
from course_utils.training.history import History
from course_utils.training.losses import Loss, cross_entropy, language_loss
from course_utils.training.plan import Plan

TEXT = torch.randint(0, 12, (3000,), generator=torch.Generator().manual_seed(1))
BATCHES = LanguageBatches(TEXT, n=10, batch_size=6, seed=2)
VALID = pieces_in_order(TEXT[:200], n=10, batch_size=8)


def search_path() -> str:
    """Where a child looks for modules: here, and wherever this process was told to look."""
    told = os.environ.get("PYTHONPATH")
    return os.pathsep.join([str(ROOT), str(Path(__file__).parent), *([told] if told else [])])


def small(dropout: float = 0.2, seed: int = 0) -> LanguageModel:
    torch.manual_seed(seed)
    return LanguageModel(
        12,
        lambda layer: Attention(16, 2, causal=True, dropout=dropout),
        d_model=16,
        n_layers=2,
        d_ff=32,
        dropout=dropout,
    )


def run(model=None, batches=BATCHES, loss=language_loss, **options) -> History:
    options = {"steps": 12, "learning_rate": 3e-3, "every": 4, "show": False} | options
    return fit(model or small(), batches, loss, **options)


def weights(model: nn.Module) -> torch.Tensor:
    return torch.cat([parameter.detach().flatten() for parameter in model.parameters()])


# The steps themselves


def test_a_step_is_the_textbooks_step():
    """Against a loop written out: mean over tokens, clipping, AdamW with decay on matrices only."""
    rates = [1e-2, 5e-3, 2e-2]
    model, other = small(dropout=0.0).double(), small(dropout=0.0).double()
    history = run(model, steps=3, learning_rate=lambda step: rates[step - 1], weight_decay=0.1,
                  betas=(0.8, 0.95), clip=0.05)  # fmt: skip
    matrices = [p for p in other.parameters() if p.ndim > 1]
    vectors = [p for p in other.parameters() if p.ndim == 1]
    assert matrices and vectors
    optimizer = torch.optim.AdamW(
        [{"params": matrices, "weight_decay": 0.1}, {"params": vectors, "weight_decay": 0.0}],
        betas=(0.8, 0.95),
    )
    for step in range(3):
        total, n_tokens = language_loss(other, BATCHES[step])
        mean = total / n_tokens
        assert history.losses[step] == pytest.approx(mean.item(), rel=1e-5)
        optimizer.zero_grad()
        mean.backward()
        assert nn.utils.clip_grad_norm_(other.parameters(), 0.05) > 0.05  # it was clipped
        for group in optimizer.param_groups:
            group["lr"] = rates[step]
        optimizer.step()
    torch.testing.assert_close(weights(model), weights(other), atol=1e-9, rtol=1e-7)
    assert history.steps == [1, 2, 3] and history.tokens == 3 * 60


def test_it_learns_and_leaves_the_model_as_it_was_set():
    ids = torch.arange(12).repeat(50)  # 0 1 2 … 11 0 1 2 …: nothing is easier to predict
    model = small(dropout=0.0).eval()
    history = run(model, LanguageBatches(ids, n=10, batch_size=6), steps=60, learning_rate=1e-2)
    assert history.losses[0] == pytest.approx(math.log(12), abs=0.3)
    assert history.losses[-1] < 0.3
    assert not model.training and history.stopped == "steps"


def test_several_small_batches_are_one_large_one():
    """Even if they have unequal numbers of tokens, which a mean of means would get wrong."""

    class Rows:  # the rows of a batch of 6, `size` at a time
        def __init__(self, size):
            self.size = size

        def __getitem__(self, i):
            batch, part = divmod(i, 6 // self.size)
            rows = slice(part * self.size, (part + 1) * self.size)
            return type(BATCHES[0])(*(tensor[rows] for tensor in BATCHES[batch]))

    def some_tokens(model, batch):
        kept = batch.targets != 3
        return cross_entropy(model(batch.inputs), batch.targets, mask=kept)

    whole, parts = small(0.0).double(), small(0.0).double()
    together = run(whole, Rows(6), some_tokens, steps=4)
    apart = run(parts, Rows(2), some_tokens, steps=4, accumulate=3)
    assert apart.tokens == together.tokens
    assert apart.losses == pytest.approx(together.losses, abs=1e-9)
    torch.testing.assert_close(weights(parts), weights(whole), atol=1e-9, rtol=1e-7)


def test_the_same_seed_is_the_same_run_and_another_is_another():
    losses = [run(seed=seed).losses for seed in (3, 3, 4)]
    assert losses[0] == losses[1] != losses[2]  # the seed of the dropout


def test_each_step_throws_dice_of_its_own_and_the_same_ones_when_it_is_resumed(tmp_path):
    """Or every step would drop the same numbers out."""
    thrown = []

    def loss(model, batch):
        thrown.append(torch.rand(1).item())
        return language_loss(model, batch)

    run(loss=loss)
    assert len(set(thrown)) == len(thrown) == 12
    whole, thrown[:] = list(thrown), []
    for steps in (6, 12):
        run(loss=loss, steps=steps, checkpoint=tmp_path / "run.pt")
    assert thrown == whole
    assert len({loop.seed_of(1, step, rank) for step in (1, 2) for rank in (0, 1)}) == 4


def test_the_betas_are_those_of_the_transformer_paper_if_none_are_given():
    given = [run(**betas).losses for betas in ({}, {"betas": (0.9, 0.98)}, {"betas": (0.9, 0.999)})]
    assert given[0] == given[1] != given[2]


def test_the_callers_random_numbers_are_left_alone():
    torch.manual_seed(5)
    expected = torch.rand(3)
    prepared = small()
    torch.manual_seed(5)
    run(prepared)
    assert torch.equal(torch.rand(3), expected)


def test_validation_is_without_dropout_and_counts_tokens():
    model = small(dropout=0.5)
    history = run(model, valid=VALID, steps=8, every=4)
    model.eval()
    parts = [language_loss(model, batch) for batch in VALID]
    expected = sum(p.total.item() for p in parts) / sum(p.n_tokens for p in parts)
    assert history.valid_steps == [4, 8]
    assert history.valid_losses[-1] == pytest.approx(expected, rel=1e-5)


def test_the_last_step_is_validated_whatever_its_number():
    seen = []

    def valid(model):
        seen.append(model.training)
        return float(len(seen))

    history = run(valid=valid, steps=10, every=4)
    assert history.valid_steps == [4, 8, 10] and history.valid_losses == [1.0, 2.0, 3.0]
    assert seen == [False] * 3


def test_half_precision_is_used_where_the_device_has_it(monkeypatch):
    """bfloat16 on this CPU, in place of a GPU: products in half, the loss in full precision."""
    assert loop.half_precision(torch.device("cpu")) is None
    kinds = []

    def loss(model, batch):
        logits = model(batch.inputs)
        kinds.append(logits.dtype)
        return language_loss(model, batch)

    full = run(loss=loss, steps=2)
    monkeypatch.setattr(loop, "half_precision", lambda device: torch.bfloat16)
    half = run(loss=loss, steps=2)
    assert kinds == [torch.float32] * 2 + [torch.bfloat16] * 2
    assert half.losses != full.losses
    assert half.losses == pytest.approx(full.losses, abs=0.05)


def test_who_trains_in_a_terminal_does_not_wait_for_matplotlib_nor_the_package_for_torch():
    program = (
        "import sys, course_utils; print('torch' in sys.modules); import course_utils.trained; "
        "print('torch' in sys.modules, 'matplotlib' in sys.modules)"
    )
    done = subprocess.run(
        [sys.executable, "-c", program], cwd=ROOT, capture_output=True, text=True, check=True
    )
    assert done.stdout.split() == ["False", "True", "False"]


# Stopping and going on


class Killed(BaseException):
    """The process ends here: nothing that handles errors or interruptions sees it."""


def dies_at(call: int):
    """The language loss, until it has been asked for `call` times."""
    calls = [0]

    def loss(model, batch):
        calls[0] += 1
        if calls[0] == call:
            raise Killed
        return language_loss(model, batch)

    return loss


@pytest.mark.parametrize("killed_at", [5, 8, 11])
def test_killed_and_resumed_is_bit_for_bit_the_same(tmp_path, killed_at):
    path = tmp_path / "run.pt"
    options = {"valid": VALID, "learning_rate": lambda step: 1e-3 / step}
    whole, broken = small(), small()
    expected = run(whole, **options)
    with pytest.raises(Killed):
        calls = killed_at + (killed_at - 1) // 4 * len(VALID)  # validation calls it too
        run(broken, loss=dies_at(calls), checkpoint=path, **options)
    torch.manual_seed(123)  # a new process knows nothing of the old one's random numbers
    another = small(seed=77)
    resumed = run(another, checkpoint=path, **options)
    assert resumed.losses == expected.losses
    assert resumed.steps == expected.steps
    assert (resumed.valid_steps, resumed.valid_losses) == (
        expected.valid_steps,
        expected.valid_losses,
    )
    assert resumed.tokens == expected.tokens
    assert torch.equal(weights(another), weights(whole))


def test_a_real_process_killed_at_a_random_moment_goes_on_bit_for_bit(tmp_path):
    script = (
        "import sys, test_training as t\n"
        "history = t.run(steps=300, every=5, checkpoint=sys.argv[1])\n"
        "history.save(sys.argv[2])\n"
    )
    checkpoint, result = tmp_path / "run.pt", tmp_path / "history.json"
    command = [sys.executable, "-c", script, str(checkpoint), str(result)]
    environment = {**os.environ, "PYTHONPATH": search_path()}
    process = subprocess.Popen(command, env=environment)
    while not checkpoint.exists() and process.poll() is None:
        time.sleep(0.01)
    time.sleep(random.Random().uniform(0, 0.3))  # wherever it is then
    process.kill()
    process.wait()
    assert not result.exists(), "it was done before it could be killed"
    assert state.load(checkpoint).history.steps[-1] < 300
    subprocess.run(command, env=environment, check=True)
    assert History.load(result).losses == run(steps=300, every=5).losses


def test_interrupted_while_it_trains_it_keeps_everything(tmp_path):
    path, model = tmp_path / "run.pt", small()
    calls = []

    def loss(model, batch):
        calls.append(1)
        if len(calls) == 6:
            os.kill(os.getpid(), signal.SIGINT)  # Ctrl-C in the middle of step 6
        return language_loss(model, batch)

    before = signal.getsignal(signal.SIGINT)
    history = run(model, loss=loss, checkpoint=path, valid=lambda model: 1.0)
    assert signal.getsignal(signal.SIGINT) is before
    assert history.valid_steps == [4]  # who wants to stop does not wait for a validation
    assert history.stopped == "interrupted"
    assert len(history.losses) == 6  # the step that was running was finished
    kept = state.load(path)
    assert kept.history.losses == history.losses
    assert torch.equal(kept.model["embedding.tokens.weight"], model.embedding.tokens.weight)
    resumed = run(small(seed=9), checkpoint=path)
    assert resumed.losses == run(small()).losses and resumed.stopped == "steps"


def test_an_interruption_that_the_loss_raises_loses_nothing_either(tmp_path):
    path = tmp_path / "run.pt"

    def loss(model, batch):
        if torch.equal(batch.inputs, BATCHES[6].inputs):
            raise KeyboardInterrupt
        return language_loss(model, batch)

    history = run(loss=loss, checkpoint=path)
    assert history.stopped == "interrupted" and len(history.losses) == 6
    assert run(small(seed=9), checkpoint=path).losses == run().losses


def test_who_interrupts_twice_does_not_wait(tmp_path):
    path = tmp_path / "run.pt"

    def loss(model, batch):
        if torch.equal(batch.inputs, BATCHES[5].inputs):
            os.kill(os.getpid(), signal.SIGINT)
            os.kill(os.getpid(), signal.SIGINT)
            raise AssertionError("it went on")
        return language_loss(model, batch)

    history = run(loss=loss, checkpoint=path)
    assert history.stopped == "interrupted" and len(history.losses) == 5
    assert len(state.load(path).history.losses) == 4  # the last one that was due


def test_patience_ends_it_and_gives_the_best_weights_back(tmp_path):
    scores = iter([3.0, 1.0, 2.0, 1.5, 9.0])
    kept = []

    def valid(model):
        kept.append(weights(model).clone())
        return next(scores)

    model = small()
    history = run(model, valid=valid, steps=100, every=2, patience=2, checkpoint=tmp_path / "c.pt")
    assert history.stopped == "patience"
    assert history.valid_steps == [2, 4, 6, 8] and history.best == (4, 1.0)
    assert torch.equal(weights(model), kept[1]) and not torch.equal(kept[1], kept[3])
    other = small(seed=1)
    again = run(other, valid=valid, steps=100, every=2, patience=2, checkpoint=tmp_path / "c.pt")
    assert again.steps == history.steps  # it does not try its luck again
    assert torch.equal(weights(other), kept[1])


@pytest.mark.parametrize(
    ("scores", "measured", "best"),
    [
        ([math.nan, 3.0, 2.0, 1.0, 1.5, 1.7, 9.0], 6, 4),
        ([2.0, math.nan, 1.0, math.nan, math.nan, 0.5], 5, 3),
        ([math.nan] * 9, 3, 1),
    ],
)
def test_nan_is_worse_than_any_validation_loss(scores, measured, best):
    """It is never less than anything, and nothing is less than it."""
    kept = []

    def valid(model):
        kept.append(weights(model).clone())
        return scores[len(kept) - 1]

    model = small()
    history = run(model, valid=valid, steps=100, every=1, patience=2)
    assert (history.stopped, len(kept), history.best[0]) == ("patience", measured, best)
    assert torch.equal(weights(model), kept[best - 1])


def test_a_validation_loss_that_is_good_enough_ends_it():
    scores = iter([3.0, 1.5, 1.0, 0.5])
    history = run(valid=lambda model: next(scores), steps=100, every=2, enough=1.0)
    assert history.stopped == "enough" and history.valid_losses == [3.0, 1.5, 1.0]
    assert history.steps[-1] == history.valid_steps[-1] == 6


def test_a_finished_run_is_finished(tmp_path):
    path = tmp_path / "run.pt"
    first = run(checkpoint=path)
    model = small(seed=9)
    assert run(model, checkpoint=path).losses == first.losses
    assert torch.equal(weights(model), training_state_weights(path))
    longer = run(small(seed=9), checkpoint=path, steps=14)
    assert longer.losses[:12] == first.losses and len(longer.losses) == 14


def training_state_weights(path: Path) -> torch.Tensor:
    model = small(seed=5)
    model.load_state_dict(state.load(path).model)
    return weights(model)


def test_the_time_can_be_up(tmp_path):
    history = run(minutes=1e-9, steps=1000, valid=VALID, checkpoint=tmp_path / "run.pt")
    assert history.stopped == "minutes" and len(history.steps) == 1
    assert history.valid_steps == [1]  # what it came to is measured all the same
    more = run(minutes=1e-9, steps=1000, checkpoint=tmp_path / "run.pt")
    assert len(more.steps) == 1
    assert len(run(steps=5, checkpoint=tmp_path / "run.pt").steps) == 5


def test_minutes_have_sixty_seconds():
    plan = Plan(steps=9, every=3, valid=None, minutes=2, patience=None, enough=None)
    assert not plan.too_late(119.9) and plan.too_late(120.0)
    assert not dataclasses.replace(plan, minutes=None).too_late(1e9)


@pytest.mark.parametrize("name", ["steps", "every", "patience"])
def test_a_plan_with_nothing_in_it_is_none(name):
    asked = {"steps": 9, "every": 3, "patience": 2, name: 0}
    with pytest.raises(ValueError, match=f"{name} .*0"):
        Plan(valid=VALID, minutes=None, enough=None, **asked)


@pytest.mark.parametrize(
    ("changed", "named"),
    [
        ({"seed": 4}, "seed=4 where the checkpoint has 0"),
        ({"clip": None}, "clip=None where the checkpoint has 1.0"),
        ({"learning_rate": 1e-4}, "learning_rate=0.0001 where the checkpoint has 0.003"),
        ({"accumulate": 2}, "accumulate=2"),
    ],
)
def test_a_checkpoint_of_another_run_is_refused(tmp_path, changed, named):
    path = tmp_path / "run.pt"
    run(checkpoint=path, steps=4)
    with pytest.raises(ValueError, match=f"run.pt belongs to another run: {named}"):
        run(checkpoint=path, **changed)


def test_a_schedule_is_compared_where_the_checkpoint_stands(tmp_path):
    path = tmp_path / "run.pt"
    run(checkpoint=path, steps=4, learning_rate=lambda step: 1e-3 / step)
    with pytest.raises(ValueError, match="learning_rate=0.001 where the checkpoint has 0.00025"):
        run(checkpoint=path, learning_rate=lambda step: 1e-3)


def test_a_checkpoint_of_another_model_or_of_nothing_is_named(tmp_path):
    path = tmp_path / "run.pt"
    run(checkpoint=path, steps=4)
    torch.manual_seed(0)
    other = LanguageModel(
        12, lambda layer: Attention(8, 2, causal=True), d_model=8, n_layers=2, d_ff=32
    )
    with pytest.raises(ValueError, match="run.pt is of a model of another shape"):
        run(other, checkpoint=path)
    path.write_bytes(path.read_bytes()[:1000])
    with pytest.raises(ValueError, match="cannot be read: .*Delete .*run.pt to begin again"):
        run(checkpoint=path)


@pytest.mark.parametrize(
    "numbers",
    [
        {"learning_rate": lambda step: np.minimum(3e-3, step * np.float64(1e-3))},
        {"weight_decay": np.float64(0.1), "clip": np.float32(0.5)},
        {"betas": np.array([0.9, 0.98]), "accumulate": np.int64(2)},
        {"seed": np.int64(3), "learning_rate": np.float32(1e-3), "steps": np.int64(12)},
        {"valid": lambda model: np.float64(1.0), "every": np.int64(4)},
    ],
    ids=lambda numbers: ", ".join(numbers),
)
def test_numpys_numbers_can_be_kept_and_gone_on_from(plain_shapes, tmp_path, numbers):
    path = tmp_path / "run.pt"
    run(checkpoint=path, **numbers | {"steps": np.int64(8)})
    assert run(small(seed=9), checkpoint=path, **numbers).losses == run(**numbers).losses


class Remembers(nn.Module):
    """A part with a state that is neither a tensor nor a plain number."""

    def __init__(self):
        super().__init__()
        self.state = torch.zeros(1)

    def get_extra_state(self):
        return self.state

    def set_extra_state(self, state):
        self.state = state


def test_what_could_not_be_read_again_is_not_written(tmp_path):
    path, model = tmp_path / "run.pt", small()
    model.memory = Remembers()
    run(model, checkpoint=path, steps=4)

    def loss(model, batch):
        model.memory.state = np.float64(1.0)
        return language_loss(model, batch)

    with pytest.raises(ValueError, match="run.pt was not written.* look at the model's state_dict"):
        run(model, loss=loss, checkpoint=path, steps=8)
    assert state.load(path).history.steps == [1, 2, 3, 4] and os.listdir(tmp_path) == ["run.pt"]


def test_a_checkpoint_may_lie_in_the_users_own_folder(tmp_path, monkeypatch):
    monkeypatch.setenv("HOME", str(tmp_path / "home"))
    monkeypatch.setenv("USERPROFILE", str(tmp_path / "home"))
    monkeypatch.chdir(tmp_path)
    history = run(steps=1, checkpoint="~/run.pt")
    history.save("~/history.json")
    assert os.listdir(tmp_path) == ["home"]
    assert {path.name for path in (tmp_path / "home").iterdir()} == {"run.pt", "history.json"}
    assert History.load("~/history.json") == history


def test_a_file_is_written_whole_or_not_at_all(tmp_path, monkeypatch):
    path = tmp_path / "folder" / "file"
    write_atomically(path, b"old")

    def full(handle):
        raise OSError(28, "No space left on device")

    monkeypatch.setattr(os, "fsync", full)
    with pytest.raises(OSError, match="No space"):
        write_atomically(path, b"new and longer")
    assert path.read_bytes() == b"old" and os.listdir(path.parent) == ["file"]


# What is wrong is named


class Poison(nn.Module):
    """Hands its input on, until the call with number `at`."""

    def __init__(self, at: int, value: float):
        super().__init__()
        self.at, self.value, self.calls = at, value, 0

    def forward(self, x):
        self.calls += 1
        return x * self.value if self.calls >= self.at else x


@pytest.mark.parametrize("value", [math.nan, math.inf])
def test_an_impossible_loss_names_step_and_layer_and_spoils_nothing(tmp_path, value):
    model = small()
    model.encoder.blocks[1].ffn.dropout = Poison(7, value)
    before = []

    def loss(model, batch):
        before.append(weights(model).clone())
        return language_loss(model, batch)

    with pytest.raises(Diverged) as caught:
        run(model, loss=loss, checkpoint=tmp_path / "run.pt")
    assert caught.value.step == 7
    assert caught.value.layer == "encoder.blocks.1.ffn.dropout"
    message = str(caught.value)
    assert "step 7: the loss is " in message and "encoder.blocks.1.ffn.dropout (Poison)" in message
    assert "Its weights are finite." in message
    assert torch.equal(weights(model), before[-2])  # those of before the step
    assert state.load(tmp_path / "run.pt").history.steps[-1] == 4


def test_weights_that_were_broken_before_are_told_apart():
    model = small()
    with torch.no_grad():
        model.encoder.blocks[0].mixer.value.weight[0, 0] = math.inf
    with pytest.raises(Diverged, match=r"blocks\.0\.mixer\.value \(Linear\)\. Its weights are not"):
        run(model)


def test_a_loss_function_that_is_at_fault_itself():
    def loss(model, batch):
        total, n_tokens = language_loss(model, batch)
        return Loss(total * math.inf, n_tokens)

    with pytest.raises(Diverged, match="Every layer's output is finite: look at the loss"):
        run(loss=loss)


def test_a_gradient_that_is_not_finite_is_found_before_the_step():
    def loss(model, batch):
        total, n_tokens = language_loss(model, batch)
        root = (model.encoder.final_norm.weight.sum() * 0.0).sqrt()  # 0, with a slope of infinity
        return Loss(total + root, n_tokens)

    model = small()
    before = weights(model).clone()
    with pytest.raises(Diverged, match=r"step 1: .* in that of encoder\.final_norm\.weight\."):
        run(model, loss=loss)
    assert torch.equal(weights(model), before)


def test_a_gradient_of_finite_numbers_can_be_too_long():
    """1e25 is a number, and its square is none in float32."""
    model = small()
    before = weights(model).clone()

    def loss(model, batch):
        return Loss(model.encoder.final_norm.weight.sum() * 1e25, 1)

    with pytest.raises(Diverged, match="step 1: .* their squares add up to more") as caught:
        run(model, loss=loss)
    assert caught.value.step == 1 and caught.value.layer is None
    assert torch.equal(weights(model), before)


@pytest.mark.parametrize("model", [nn.Identity(), nn.Linear(2, 2).requires_grad_(False)])
def test_a_model_with_nothing_to_learn_is_named(model):
    with pytest.raises(ValueError, match="the model has nothing to learn"):
        run(model)


@pytest.mark.parametrize("rate", [-0.1, math.nan, math.inf])
def test_a_learning_rate_that_is_none_is_named_before_its_step(rate):
    model = small()
    with pytest.raises(ValueError, match=f"the learning rate of step 1 is {rate}"):
        run(model, learning_rate=rate)
    assert torch.equal(weights(model), weights(small()))
    with pytest.raises(ValueError, match=f"the learning rate of step 3 is {rate}"):
        run(learning_rate=lambda step: rate if step == 3 else 0.1)


def test_a_folder_is_no_checkpoint(tmp_path):
    """Nobody should be told to delete it."""
    with pytest.raises(ValueError, match="is a folder: name a file in it"):
        run(steps=1, checkpoint=tmp_path)


@pytest.mark.parametrize("name", ["steps", "every", "accumulate", "seed", "patience"])
def test_counts_are_whole_numbers(plain_shapes, name):
    with pytest.raises(TypeError, match=rf"{name} is a whole number, got 1\.5"):
        run(**{"valid": VALID, name: 1.5})


@pytest.mark.parametrize(
    ("wrong", "named"),
    [
        ({"steps": 0}, "steps is a number of 1 or more, got 0"),
        ({"accumulate": 0}, "accumulate is a number of 1 or more, got 0"),
        ({"patience": 3}, "patience waits .* give `valid` too"),
        ({"enough": 0.1}, "enough waits .* give `valid` too"),
        ({"seed": -1}, "seed is a number of 0 or more, got -1"),
        ({"clip": -1.0}, "clip is a length above 0, .* got -1.0"),
        ({"weight_decay": -0.1}, "weight_decay is a number of 0 or more, got -0.1"),
        ({"weight_decay": math.nan}, "weight_decay is a number of 0 or more, got nan"),
        ({"clip": math.nan}, "clip is a length above 0, .* got nan"),
        ({"valid": []}, "valid holds no batch"),
        ({"batches": VALID, "steps": 5}, "these are 3 batches, and the steps need 5"),
        ({"batches": VALID, "steps": 2, "accumulate": 2}, "3 batches, and the steps need 4"),
    ],
)
def test_arguments_that_make_no_sense(plain_shapes, wrong, named):
    with pytest.raises(ValueError, match=named):
        run(**wrong)


def test_a_loss_function_that_returns_something_else(plain_shapes):
    with pytest.raises(TypeError, match="got Tensor. A mean over n things is Loss"):
        run(loss=lambda model, batch: model(batch.inputs).mean())


def test_validation_data_without_end_are_refused(plain_shapes):
    with pytest.raises(TypeError, match="LanguageBatches.* has no len"):
        run(valid=BATCHES)


def test_a_loader_is_refused_by_what_it_lacks_and_a_list_of_it_taken(plain_shapes):
    rows = torch.utils.data.TensorDataset(TEXT[:80].view(8, 10), TEXT[1:81].view(8, 10))
    loader = torch.utils.data.DataLoader(rows, batch_size=4)
    with pytest.raises(TypeError, match=r"DataLoader'> has no valid\[i\]\. Give a list"):
        run(valid=loader)
    with pytest.raises(TypeError, match=r"batches\[i\]; .*DataLoader'> cannot be\. Give a list"):
        run(batches=loader)
    batches = [tuple(batch) for batch in loader]

    def loss(model, batch):
        return cross_entropy(model(batch[0]), batch[1])

    history = run(batches=batches, valid=batches, loss=loss, steps=2)
    assert history.tokens == 80 and history.valid_steps == [2]


def test_data_that_end_too_early_name_the_step_and_the_batch():
    class Four:
        def __getitem__(self, i):
            return [BATCHES[i] for i in range(4)][i]

    with pytest.raises(IndexError, match="step 3: there is no batch number 4, counted from 0"):
        run(batches=Four(), accumulate=2)


def test_validation_data_in_which_nothing_counts():
    def loss(model, batch):
        mask = torch.full(batch.targets.shape, model.training)
        return cross_entropy(model(batch.inputs), batch.targets, mask=mask)

    with pytest.raises(ValueError, match="no token of the validation data counts"):
        run(loss=loss, valid=VALID)


def test_a_batch_in_which_nothing_counts():
    with pytest.raises(ValueError, match="step 1: no token counts"):
        run(loss=lambda model, batch: Loss(model(batch.inputs).sum() * 0, 0))


# Several processes


DISTRIBUTED = """
import sys, torch
import test_training as t
from course_utils.training import parallel
options = {"steps": 6, "accumulate": 2, "valid": t.VALID, "every": 3}
# Different beginnings: rank 0's weights are everybody's.
history = t.run(t.small(dropout=0.0, seed=parallel.rank()), checkpoint=sys.argv[2], **options)
exact = t.small(dropout=0.0).double()
t.run(exact, **options)
three = t.run(t.small(), steps=1, valid=lambda model: 3.0)  # not six
assert three.valid_losses == [3.0], three.valid_losses
if parallel.rank() == 0:
    history.save(sys.argv[1])
    torch.save(t.weights(exact), sys.argv[1] + ".weights")
"""


def test_two_processes_are_one(tmp_path):
    script, result = tmp_path / "train.py", tmp_path / "history.json"
    script.write_text(DISTRIBUTED, encoding="utf-8")
    launch = [sys.executable, "-m", "torch.distributed.run", "--standalone", "--nproc-per-node=2"]
    environment = {
        **os.environ,
        "OMP_NUM_THREADS": "1",
        "PYTHONPATH": search_path(),
    }
    command = [*launch, str(script), str(result), str(tmp_path / "run.pt")]
    done = subprocess.run(command, env=environment, capture_output=True, text=True, timeout=240)
    assert done.returncode == 0, done.stderr[-3000:]
    options = {"steps": 6, "accumulate": 2, "valid": VALID, "every": 3}
    expected = run(small(dropout=0.0), **options)
    got = History.load(result)
    assert got.losses == pytest.approx(expected.losses, abs=1e-5)
    assert got.valid_losses == pytest.approx(expected.valid_losses, abs=1e-5)
    assert got.tokens == expected.tokens == 6 * 2 * 60
    exact = small(dropout=0.0).double()
    run(exact, **options)
    together = torch.load(f"{result}.weights")
    torch.testing.assert_close(together, weights(exact), atol=1e-9, rtol=1e-7)
    longer = run(small(0.0, seed=8), checkpoint=tmp_path / "run.pt", **options | {"steps": 7})
    assert longer.losses[:6] == got.losses  # what two began, one can finish


# What is shown


def test_silence(capfd):
    run(valid=VALID)
    assert capfd.readouterr() == ("", "")


def test_lines_in_a_terminal(capsys):
    run(valid=VALID, steps=10, show=True)
    *lines, last = capsys.readouterr().out.splitlines()
    assert [line.partition(" · ")[0] for line in lines] == [
        f"step {step} of 10" for step in (4, 8, 10)
    ]
    for line in lines:
        for part in (" · loss 2.", " · valid 2.", " tokens/s · ", " left"):
            assert part in line
    assert last == (
        "10 steps, 600 tokens: all steps done. Loss: 2.5 at first, in the end below 3.0."
    )


class Notebook:
    """What IPython would be told: each message, and the state of the one output."""

    def __init__(self, monkeypatch):
        self.messages = []
        self.metadata = {}
        monkeypatch.setattr(report, "in_notebook", lambda: True)
        monkeypatch.setattr("IPython.display.display", self.display)

    def display(self, data, *, raw, display_id):
        assert raw and display_id
        self.messages.append(data)
        return self

    def update(self, data, *, raw, metadata=None):
        assert raw
        self.messages.append(data)
        self.metadata = metadata


def test_a_notebook_gets_one_output_that_ends_as_a_figure(monkeypatch, capfd):
    notebook = Notebook(monkeypatch)
    monkeypatch.setattr(report, "SECONDS_BETWEEN", 0.0)
    run(valid=VALID, steps=10, show=True)
    first, *live, last = notebook.messages
    assert list(first) == ["text/plain"]
    assert len(live) == 10
    for number, message in enumerate(live, start=1):
        assert f'<progress max="10" value="{number}"' in message["text/html"]
    assert "<polyline" in live[-1]["text/html"] and live[-1]["text/html"].count("<circle") == 3
    assert set(last) == {"image/png", "text/plain"}
    assert {message["text/plain"] for message in notebook.messages} == {first["text/plain"]}
    assert notebook.metadata["image/png"]["alt"] == last["text/plain"]
    out, err = capfd.readouterr()
    assert out.count("\n") == 1 and out.startswith("10 steps, 600 tokens") and err == ""


def test_a_notebook_is_not_flooded(monkeypatch, capfd):
    notebook = Notebook(monkeypatch)
    monkeypatch.setattr(report, "SECONDS_BETWEEN", 1000.0)
    run(steps=10, show=True)
    assert len(notebook.messages) == 3  # words, one picture of the first step, the figure


def test_briefly_is_a_bar_and_in_the_end_a_line(monkeypatch, capfd):
    notebook = Notebook(monkeypatch)
    monkeypatch.setattr(report, "SECONDS_BETWEEN", 0.0)
    run(steps=10, show="briefly")
    first, *live, last = notebook.messages
    assert first == last == {"text/plain": "Training, 10 steps."}  # what nbval sees is what stays
    assert len(live) == 10 and all("<progress" in message["text/html"] for message in live)
    assert not any("<svg" in message["text/html"] for message in live)
    assert capfd.readouterr().out == ""
    run(steps=10, minutes=1e-9, show="briefly")
    assert capfd.readouterr().out.startswith("1 steps, 60 tokens: the time is up")


def test_show_is_one_of_three():
    with pytest.raises(ValueError, match="show is True, False or .briefly., got 'quietly'"):
        run(steps=10, show="quietly")


@pytest.mark.parametrize("unreal", [math.nan, math.inf, -math.inf])
def test_a_validation_loss_that_cannot_be_drawn_is_left_out_of_the_curve(unreal):
    history = History([1, 2, 3], [5.0, 3.0, 2.0], [1, 2, 3], [unreal, 4.0, unreal])
    drawn = report.curve(history)
    assert drawn.count("<circle") == 1
    assert drawn == report.curve(History([1, 2, 3], [5.0, 3.0, 2.0], [2], [4.0]))


def test_a_drawn_curve_is_svg_that_parses_with_nothing_between_its_shapes():
    history = History([1, 2, 3], [5.0, 3.0, 2.0], [1, 3], [4.5, 2.5])
    drawn = ElementTree.fromstring(report.curve(history))
    assert [shape.tag for shape in drawn].count("circle") == 2
    assert [shape.tail for shape in drawn] == [None] * len(drawn)


def test_a_gradient_that_breaks_inside_a_block_is_traced_to_the_layer_in_it():
    model = nn.Sequential(nn.Sequential(nn.Linear(2, 2), nn.Linear(2, 2)), nn.Linear(2, 1))
    for weights in model.parameters():
        weights.grad = torch.zeros_like(weights)
    model[0][1].weight.grad[0, 0] = math.nan
    model[0][0].weight.grad[0, 0] = math.nan
    error = health.gradient_is_not_finite(model, step=7)
    assert error.layer == "0.1" and error.step == 7
    assert "of 0.0.weight, 0.1.weight. " in str(error)
    for weights in model.parameters():
        weights.grad.fill_(math.inf)
    said = str(health.gradient_is_not_finite(model, step=7))
    assert "of 0.1.bias, 1.weight, 1.bias and others. " in said


def test_a_run_that_fails_still_shows_its_curve(monkeypatch, capfd):
    notebook = Notebook(monkeypatch)
    with pytest.raises(Killed):
        run(loss=dies_at(5), show=True)
    assert "image/png" in notebook.messages[-1]
    assert "4 steps, 240 tokens: stopped." in capfd.readouterr().out


@pytest.mark.parametrize(
    ("seconds", "words"),
    [(4.2, "4 s"), (89, "89 s"), (100, "2 min"), (3599, "1 h 0 min"), (5000, "1 h 23 min")],
)
def test_time_in_words(seconds, words):
    assert report.in_words(seconds) == words


def test_where_it_ended_is_said_coarsely_and_truly():
    for loss in (0.0, 0.449, 0.5, 1.24, 2.499, 2.51):
        assert loss < report.ceiling(loss) <= loss + 0.6
    assert report.ceiling(2.31) == report.ceiling(2.34) == 2.5


# The history


def test_a_history_survives_the_disk(tmp_path):
    history = run(valid=VALID)
    history.save(tmp_path / "history.json")
    assert History.load(tmp_path / "history.json") == history
    assert json.loads((tmp_path / "history.json").read_text())["stopped"] == "steps"


@pytest.mark.parametrize("text", ["[]", '{"steps": [1]', '{"step": [1]}'])
def test_another_file_is_no_history(tmp_path, text):
    (tmp_path / "soup.json").write_text(text)
    with pytest.raises(ValueError, match=r"soup\.json was not written by History\.save"):
        History.load(tmp_path / "soup.json")


def test_averages_and_the_best():
    history = History([1, 2, 3, 4, 5], [5.0, 3.0, 2.0, 2.0, 1.0], [2, 4], [1.5, 2.5])
    assert history.averaged(2) == ([2, 4, 5], [4.0, 2.0, 1.0])
    assert history.best == (2, 1.5)
    nan_first = History(valid_steps=[1, 2, 3], valid_losses=[math.nan, 2.0, 1.0])
    assert nan_first.best == (3, 1.0)
    assert history.recent == 1.0
    assert History(list(range(40)), [9.0] * 38 + [2.0, 4.0]).recent == 3.0
    with pytest.raises(ValueError, match="give `valid`"):
        History().best  # noqa: B018
    with pytest.raises(ValueError, match="no step"):
        History().recent  # noqa: B018
