"""Trials as values, in a file, side by side, and in a table."""

import os
import pickle
import signal
import sys
from concurrent.futures import Executor, Future
from dataclasses import dataclass, replace
from functools import partial
from types import SimpleNamespace
from typing import ClassVar

import pytest
import torch

from course_utils.experiments import report, sparse, workers
from course_utils.experiments.choices import CONFIGURATIONS, Choice, in_all_configurations
from course_utils.experiments.store import Store
from course_utils.experiments.tasks import copying
from course_utils.experiments.trials import Candidate, Recipe, Trial, with_recipes, with_seeds
from course_utils.experiments.workers import carry_out
from course_utils.problem import Problem
from course_utils.training import Diverged

QUICK = copying.SIZES["quick"]


@dataclass(frozen=True)
class Named(Candidate):
    """A candidate that is nothing but a name."""

    kind: ClassVar[str] = "named"
    pattern: str = "dense"
    number: int = 0
    configuration: str = ""

    def __str__(self):
        return self.pattern

    def mixer(self, socket):
        raise NotImplementedError


class Alike(Named):
    """Of another class, and stored under the same name."""


def test_every_trial_says_what_it_is():
    trial = Trial("lm", Choice("star", 1), 1, seed=2)
    assert str(trial) == "lm: star 1, 1 layer, seed 2"
    by_recipe = Trial("lm", Named("plain"), 2, 0, Recipe(3e-3, 0.05, "rotary", "post"))
    assert str(by_recipe) == (
        "lm: plain, 2 layers, rate 0.003, warm-up 5%, rotary positions, post-norm, seed 0"
    )


def test_a_search_is_the_same_for_every_candidate():
    recipes = [Recipe(peak=peak, warmup=0.1) for peak in (1e-3, 3e-3)]
    once = [Trial("lm", Named(name), 1, 0) for name in ("a", "b")]
    planned = with_recipes(once, recipes)
    assert [(trial.candidate.pattern, trial.recipe.peak) for trial in planned] == [
        ("a", 1e-3), ("b", 1e-3), ("a", 3e-3), ("b", 3e-3),
    ]  # fmt: skip


def test_results_of_trials_that_differ_in_anything_do_not_mix(tmp_path):
    recipe = Recipe(peak=1e-3, warmup=0.1)
    planned = [
        Trial("copying", Choice("dense"), 1, 0),
        Trial("copying", Named(), 1, 0),  # the same settings under another kind
        Trial("copying", Named("random"), 1, 0),
        Trial("copying", Named(), 2, 0),
        Trial("copying", Named(), 1, 1),
        Trial("lm", Named(), 1, 0),
        Trial("copying", Named(), 1, 0, recipe),
        Trial("copying", Named(), 1, 0, Recipe(peak=1e-3, warmup=0.1, norm="post")),
    ]
    there = Store(tmp_path / "a.json", {"task": "copying"}, QUICK)
    for number, trial in enumerate(planned):
        there.add(trial, {"accuracy": number})
    again = Store(tmp_path / "a.json", {"task": "copying"}, QUICK)
    assert again.missing(planned) == []
    assert again.results(planned) == {
        trial: {"accuracy": number} for number, trial in enumerate(planned)
    }
    assert again.missing([Trial("copying", Named("more"), 1, 0)])


def test_candidates_that_would_be_stored_alike_are_refused(tmp_path):
    planned = [Trial("copying", Named(), 1, 0), Trial("copying", Alike(), 1, 0)]
    there = Store(tmp_path / "a.json", {"task": "copying"}, QUICK)
    with pytest.raises(ValueError, match=r"Named\(.*Alike\(.*a kind of its own"):
        there.missing(planned)


def test_what_nobody_asks_for_stays_in_the_file(tmp_path):
    one, other = (Trial("copying", Named(name), 1, 0) for name in ("one", "other"))
    Store(tmp_path / "a.json", {"task": "copying"}, QUICK).add(one, {"accuracy": 1.0})
    Store(tmp_path / "a.json", {"task": "copying"}, QUICK).add(other, {"accuracy": 0.5})
    assert set(Store(tmp_path / "a.json", {"task": "copying"}, QUICK).results([one, other])) == {
        one, other,
    }  # fmt: skip


def test_other_settings_do_not_mix(tmp_path):
    trial = Trial("copying", Choice("dense"), 1, 0)
    Store(tmp_path / "a.json", {"task": "copying"}, QUICK).add(trial, {"accuracy": 1.0})
    with pytest.raises(Problem, match="other settings: name another folder with --out"):
        Store(tmp_path / "a.json", {"task": "copying"}, replace(QUICK, steps=7))


# Side by side


def test_processes_and_this_one_say_the_same():
    measure = partial(copying.measure, settings=QUICK)
    planned = sparse.copying_trials("quick")[1:2]  # one: each process takes its time to begin
    threads = torch.get_num_threads()
    here = dict(carry_out(measure, planned))
    assert torch.get_num_threads() == threads
    there = dict(carry_out(measure, planned, workers=2))
    assert {trial: result["accuracy by step"] for trial, result in here.items()} == {
        trial: result["accuracy by step"] for trial, result in there.items()
    }


def test_there_are_no_more_processes_than_trials(monkeypatch):
    asked = []

    def inline(workers, context, initializer):
        asked.append(workers)
        return Inline()

    monkeypatch.setattr(workers, "ProcessPoolExecutor", inline)
    planned = [Trial("copying", Named(), layers, 0) for layers in (1, 2, 3)]
    assert dict(carry_out(lambda trial: {}, planned, workers=1_000_000)) == dict.fromkeys(
        planned, {}
    )
    list(carry_out(lambda trial: {}, [], workers=1_000_000))
    assert asked == [3, 1]


def killed(trial: Trial) -> dict:
    os.kill(os.getpid(), signal.SIGTERM)


def test_a_process_that_was_killed_is_a_problem_that_says_the_mend():
    with pytest.raises(Problem, match="killed from outside.* The same command goes on"):
        list(carry_out(killed, [Trial("copying", Choice("dense"), 1, 0)], workers=2))


def diverges(trial: Trial) -> dict:
    if trial.n_layers == 2:
        raise Diverged("step 3: the loss is nan.", step=3, layer="blocks.0")
    return {"n": trial.n_layers}


@pytest.mark.parametrize("n_workers", [1, 2])
def test_a_trial_that_diverges_is_named_and_keeps_none_from_its_end(n_workers):
    planned, found = [Trial("copying", Choice("dense"), layers, 0) for layers in (1, 2, 3)], {}
    with pytest.raises(Problem, match="1 of 3 runs have no result") as caught:
        for trial, result in carry_out(diverges, planned, workers=n_workers):
            found[trial] = result
    assert found == {planned[0]: {"n": 1}, planned[2]: {"n": 3}}
    assert f"{planned[1]}: step 3: the loss is nan." in str(caught.value)


def test_what_diverged_in_another_process_says_where():
    sent = pickle.loads(pickle.dumps(Diverged("nan", step=3, layer="blocks.0")))
    assert (str(sent), sent.step, sent.layer) == ("nan", 3, "blocks.0")


class FakeClient:
    """What the course uses of Dask's client: it is a context, and has an executor."""

    def __init__(self, address, timeout):
        if address != "tcp://here:8786":
            raise OSError("Timed out trying to connect")

    def __enter__(self):
        return self

    def __exit__(self, *error):
        return None

    def get_executor(self, pure):
        assert not pure, "equal trials would be taken for one and the same"
        return Inline()


class Inline(Executor):
    def submit(self, function, /, *arguments, **named):
        future = Future()
        future.set_result(function(*arguments, **named))
        return future


def test_a_dask_cluster(monkeypatch):
    monkeypatch.setitem(sys.modules, "distributed", SimpleNamespace(Client=FakeClient))
    planned = [Trial("copying", Choice("dense"), layers, 0) for layers in (1, 2, 3)]
    found = dict(
        carry_out(lambda trial: {"n": trial.n_layers}, planned, scheduler="tcp://here:8786")
    )
    assert found == {trial: {"n": trial.n_layers} for trial in planned}
    with pytest.raises(Problem, match="no Dask scheduler at tcp://gone:1: Timed out"):
        list(carry_out(lambda trial: {}, planned, scheduler="tcp://gone:1"))


class Deserted(FakeClient):
    """A cluster that has no worker the first times that it is asked; then one comes and works."""

    def __init__(self, address, timeout):
        super().__init__(address, timeout)
        self.asked, self.futures = 0, []

    def nthreads(self):
        self.asked += 1
        if self.asked == 2:
            raise OSError("Timed out")  # a scheduler that is too busy to answer
        if self.asked < 4:
            return {}
        for future in self.futures:
            future.set_result({"n": 1})
        return {"tcp://worker:1": 1}

    def get_executor(self, pure):
        return self

    def submit(self, function, /, *arguments, **named):
        self.futures.append(Future())
        return self.futures[-1]

    def shutdown(self, wait):
        return None


def test_a_cluster_without_workers_is_said_once_while_it_is_waited_for(monkeypatch, capsys):
    monkeypatch.setitem(sys.modules, "distributed", SimpleNamespace(Client=Deserted))
    monkeypatch.setattr(workers, "LOOK_AGAIN", 0.01)
    planned = [Trial("copying", Choice("dense"), layers, 0) for layers in (1, 2)]
    found = dict(carry_out(lambda trial: {}, planned, scheduler="tcp://here:8786"))
    assert found == {trial: {"n": 1} for trial in planned}
    assert capsys.readouterr().out.splitlines() == [
        "The Dask cluster at tcp://here:8786 has no worker: waiting for one. Start it with: "
        "dask worker tcp://here:8786 --nthreads 1"
    ]


def test_without_dask_a_scheduler_is_a_problem_that_says_the_mend(monkeypatch):
    monkeypatch.setitem(sys.modules, "distributed", None)  # as if it were not installed
    with pytest.raises(Problem, match="pip install distributed"):
        list(carry_out(lambda trial: {}, [], scheduler="tcp://here:8786"))


# In a table


def test_means_and_spreads_over_seeds():
    choices = [Choice("dense"), Choice("star", 1)]
    planned = with_seeds([Trial("copying", choice, 1, 0) for choice in choices], 3)
    assert [trial.seed for trial in planned] == [0, 0, 1, 1, 2, 2]
    values = {0: 0.2, 1: 0.4, 2: 0.9}
    results = {trial: {"accuracy": values[trial.seed], "sparsity": 0.5} for trial in planned}
    rows = report.table(results, "accuracy", Choice("dense"))
    assert [row["choice"] for row in rows] == ["dense", "star 1"]
    assert rows[0]["mean"] == 0.5 and rows[0]["seeds"] == 3
    assert rows[0]["spread"] == pytest.approx(0.3606, abs=1e-4)  # of 0.2, 0.4, 0.9, by hand
    assert "3  0.500 ± 0.361" in report.text(rows, "accuracy", "dense")
    drawn = report.depths(rows, title="t")
    names = [label.get_text() for label in drawn.axes[0].get_yticklabels()]
    assert names == ["dense (50% zeros)", "star 1 (50% zeros)"]


def test_a_pattern_is_compared_with_dense_attention_of_the_same_seed():
    choices = [Choice("dense"), *in_all_configurations("strided", 2, 4), Choice("random", 2)]
    planned = with_seeds([Trial("lm", choice, 2, 0) for choice in choices], 2)
    lucky = {0: 3.0, 1: 1.0}  # what the seed does to all alike
    results = {
        trial: {"bits": lucky[trial.seed] + 0.1 * choices.index(trial.candidate), "sparsity": 0.5}
        for trial in planned
    }
    rows = report.table(results, "bits", Choice("dense"))
    assert [row["against_baseline"] for row in rows] == pytest.approx([0.1 * i for i in range(8)])
    assert all(row["spread"] > 1 and row["against_baseline_spread"] < 1e-9 for row in rows)
    told = report.text(rows, "bits", "dense").splitlines()
    assert told[2].endswith("+0.100 ± 0.000") and "against dense" in told[0]
    assert told[1].endswith("2.000 ± 1.414")  # dense has nobody to be compared with
    drawn = report.levels(rows, title="t", ylabel="bits", best="low")
    legends = {ax.get_title(loc="left"): ax.get_legend() for ax in drawn.axes}
    assert legends.pop("fixed") is None
    assert {panel: [label.get_text() for label in legend.get_texts()]
            for panel, legend in legends.items()} == {
        "strided": list(CONFIGURATIONS), "the others": ["random"],
    }  # fmt: skip
    del results[Trial("lm", Choice("dense"), 2, 1)]
    rows = report.table(results, "bits", Choice("dense"))
    assert {row["against_baseline"] for row in rows if row["pattern"] != "dense"} == {None}
    report.levels(rows, title="nothing to compare with", ylabel="bits", best="low")


def test_a_table_of_candidates_of_all_kinds_by_all_recipes():
    recipes = [None, Recipe(peak=1e-3, warmup=0.1)]
    candidates = [Named("attention"), Named("waves"), Choice("star", 1)]
    planned = [Trial("lm", each, 2, 0, recipe) for recipe in recipes for each in candidates]
    results = {trial: {"bits": float(i)} for i, trial in enumerate(planned)}
    results[planned[2]]["sparsity"] = 0.5
    rows = report.table(results, "bits", candidates[0])
    assert [row["mixer"] for row in rows] == ["named", "named", "sparse"] * 2
    # each recipe has a baseline of its own, or a search would be compared with one recipe's luck
    assert [row["against_baseline"] for row in rows] == [0, 1, 2, 0, 1, 2]
    assert ["sparsity" in row for row in rows] == [False, False, True, False, False, False]
    told = report.text(rows, "bits", "attention").splitlines()
    assert "zeros" in told[0] and told[0].endswith("against attention")
    assert " 50% " in told[3] and "%" not in told[2]
    assert told[4].startswith("attention (rate 0.001, warm-up 10%, learned positions, pre-norm) ")
    assert told[6].endswith("+2.000 ± 0.000") and "+" not in told[4]
    plain = report.text(rows[:2], "bits", "attention").splitlines()
    assert "zeros" not in plain[0]
