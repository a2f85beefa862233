"""`reproduce bakeoff`: one table for all, and a guest at it."""

import sys

import pytest

from course_utils.experiments import bakeoff
from course_utils.experiments.experiment import STORED
from course_utils.experiments.named import ALONE, MIXERS, Named
from course_utils.experiments.own import maker, own
from course_utils.experiments.store import read_json
from course_utils.experiments.tasks import speed
from course_utils.experiments.trials import Recipe, Socket, Trial
from course_utils.mixers import PersistentAttention
from course_utils.problem import Problem

GUEST = '''
"""A guest."""
from functools import partial

import torch
from torch import nn

from course_utils.shapes import expect_mask


class Mean(nn.Module):
    """Everybody hears the mean of all."""

    causal = False

    def __init__(self, d_model, n_heads):
        super().__init__()
        self.out = nn.Linear(d_model, d_model)

    def forward(self, x, mask=None):
        expect_mask(mask, x.shape[0], x.shape[1], "Mean")
        real = x.new_ones(x.shape[:2]) if mask is None else mask.to(x.dtype)
        total = (x * real[..., None]).sum(1) / real.sum(1)[:, None].clamp(min=1)
        return self.out(total)[:, None].expand_as(x)


class Leaky(Mean):
    def forward(self, x, mask=None):
        return super().forward(x, mask) + x.mean(dim=0, keepdim=True)


def without_heads(d_model):
    return Mean(d_model, 1)


class Times(Mean):
    """A mean, louder."""

    def __init__(self, d_model, n_heads, times):
        super().__init__(d_model, n_heads)
        self.times = times

    def forward(self, x, mask=None):
        return self.times * super().forward(x, mask)


twice, thrice = partial(Times, times=2), partial(Times, times=3)
'''


@pytest.fixture
def guest(tmp_path, monkeypatch):
    (tmp_path / "a_guest.py").write_text(GUEST, encoding="utf-8")
    monkeypatch.syspath_prepend(tmp_path)
    yield "a_guest:Mean"
    sys.modules.pop("a_guest", None)


def test_all_are_tried_alike():
    for name, part in bakeoff.EXPERIMENT.parts.items():
        tried = {}
        for trial in part.trials("laptop"):
            tried.setdefault(trial.candidate, []).append((trial.recipe, trial.seed))
        expected = bakeoff.WRITERS if name == "writing" else bakeoff.NAMES
        assert [str(candidate) for candidate in tried] == list(expected)
        assert len({len(runs) for runs in tried.values()}) == 1, name
        seeds = {seed for runs in tried.values() for _, seed in runs}
        assert seeds == ({0} if name == "speed" else {0, 1, 2})


def test_memory_stands_without_a_feed_forward_layer():
    assert [name for name in MIXERS if not Named(name).feed_forward] == list(ALONE)
    socket = Socket(d_model=16, n_heads=2, n_layers=2, n=12, seed=1)
    layer = Named("persistent memory").mixer(socket)(0)
    assert isinstance(layer, PersistentAttention) and layer.n_persistent == 64


def test_speed_is_told_beside_attention_with_its_feed_forward_layers():
    settings = speed.Settings(lengths=(64,), n=64, n_tokens=128, d_model=32, n_heads=2, steps=1)
    trial = Trial("speed", Named("persistent memory"), 2, 0)
    rival = speed.new_model(Named("attention"), trial, settings, 64)
    assert all(block.ffn is not None for block in rival.blocks)
    own = speed.new_model(trial.candidate, trial, settings, 64)
    assert all(block.ffn is None for block in own.blocks)


@pytest.mark.parametrize("part", list(bakeoff.EXPERIMENT.parts))
def test_the_command_measures_stores_and_goes_on(part, tmp_path, capsys, monkeypatch):
    monkeypatch.setattr(bakeoff, "NAMES", ("attention", "Fourier", "persistent memory"))
    monkeypatch.setattr(bakeoff, "WRITERS", ("attention", "persistent memory"))
    monkeypatch.setattr(bakeoff, "contestants", lambda names=None: [
        Named(name) for name in (bakeoff.WRITERS if names else bakeoff.NAMES)
    ])  # fmt: skip
    monkeypatch.setattr(bakeoff, "EXPERIMENT", bakeoff.experiment())
    asked = ["--size", "quick", "--task", part, "--workers", "1", "--out", str(tmp_path)]
    assert bakeoff.main(asked) == 0
    found = read_json(tmp_path / f"bakeoff-{part}-quick.json")
    assert found["table"] and found["runs"] and found["paper says"]
    assert (tmp_path / f"bakeoff-{part}-quick.png").stat().st_size > 1_000
    capsys.readouterr()
    assert bakeoff.main(asked) == 0
    assert "0 of them to do" in capsys.readouterr().out


def test_a_guest_is_checked_and_sits_at_the_same_table(guest, tmp_path, capsys):
    asked = ["--mixer", guest, "--task", "speed", "--workers", "1", "--out", str(tmp_path)]
    assert bakeoff.main(asked) == 0
    said = capsys.readouterr().out
    assert said.startswith("Mean keeps what every mixer promises.")
    rows = read_json(tmp_path / "bakeoff-speed-quick.json")["table"]
    assert [row["choice"] for row in rows] == [*bakeoff.NAMES, "Mean"]


def test_a_guest_s_rivals_come_from_the_stored_results(guest, tmp_path, monkeypatch):
    stored, mine = tmp_path / "stored", tmp_path / "mine"
    stored.mkdir(), mine.mkdir()
    assert bakeoff.main(["--task", "speed", "--workers", "1", "--out", str(stored)]) == 0
    monkeypatch.setattr("course_utils.experiments.experiment.STORED", stored)
    experiment, measured = bakeoff.experiment(own(guest)), []
    monkeypatch.setattr(
        "course_utils.experiments.experiment.carry_out",
        lambda measure, missing, **options: measured.extend(missing) or [],
    )
    experiment.reproduce("speed", "quick", mine)
    assert [str(trial.candidate) for trial in measured] == ["Mean"]


def test_a_file_that_was_changed_is_another_guest(guest, tmp_path):
    before = own(guest)
    assert own(guest) == before
    path = tmp_path / "a_guest.py"
    path.write_text(GUEST + "\n# changed\n", encoding="utf-8")
    assert own(guest) != before and own(guest).path == before.path


@pytest.mark.parametrize(
    ("path", "said"),
    [
        ("a_guest:Leaky", "texts side by side do not hear each other"),
        ("a_guest:without_heads", r"cannot be made by without_heads\(d_model, n_heads\)"),
        ("a_guest:Nobody", "'a_guest' has no class or function 'Nobody'"),
        ("a_guest.Mean", "a mixer is named as my_module:MyMixer, got 'a_guest.Mean'"),
        ("a_gust:Mean", "'a_gust' cannot be imported"),
        ("a_gust.py:Mean", r"where a_gust\.py lies, and name it as a_gust:Mean"),
        (".a_guest:Mean", "'.a_guest' cannot be imported"),
        (":Mean", "a mixer is named as"),
    ],
)
def test_what_is_no_guest_is_told_why(guest, path, said):
    with pytest.raises(Problem, match=said):
        own(path)


def test_a_guest_may_be_a_class_with_some_of_its_settings_made(guest):
    twice, thrice = own("a_guest:twice"), own("a_guest:thrice")
    assert twice.mixer(Socket(16, 2, 2, 12, 0))(0).times == 2
    assert own("a_guest:twice") == twice and twice.fingerprint != thrice.fingerprint


def test_a_guest_who_cannot_be_causal_does_not_write(guest):
    experiment = bakeoff.experiment(own(guest))
    guests = {
        name: [t for t in part.trials("quick") if t.candidate.kind == "own"]
        for name, part in experiment.parts.items()
    }
    assert guests["writing"] == [] and len(guests["copying"]) == 2
    with pytest.raises(ValueError, match="learned and sinusoidal positions only"):
        own(guest).mixer(Socket(16, 2, 2, 12, 0, rotary=True))
    assert maker(guest)(8, 2).causal is False


def test_guests_get_as_many_recipes_as_others_where_words_are_hidden(guest):
    found = bakeoff.as_searched(own(guest), Recipe(1e-3, 0.1))
    assert [recipe.positions for recipe in found] == ["sinusoidal", "learned"]
    assert bakeoff.as_searched(Named("window"), found[0])[0].positions == "rotary"


@pytest.mark.parametrize("part", list(bakeoff.EXPERIMENT.parts))
def test_the_stored_results_are_whole(part):
    store = bakeoff.EXPERIMENT.store(part, "laptop", STORED)
    trials = bakeoff.EXPERIMENT.parts[part].trials("laptop")
    assert store.missing(trials) == []
    assert all(entry["hardware"] for entry in store.entries.values())
