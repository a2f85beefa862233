"""The papers' experiments at their smallest: what is run, stored, stopped and told."""

import json
import os
import signal
import sys
from concurrent.futures import Executor, Future
from dataclasses import asdict, replace
from functools import partial
from importlib.util import find_spec
from types import SimpleNamespace

import pytest
import torch

from course_utils.commands.reproduce import EXPERIMENTS, main
from course_utils.experiments import report, runs, sparse
from course_utils.experiments.choices import (
    CONFIGURATIONS,
    PATTERNS,
    Choice,
    in_all_configurations,
    random_for_all_lengths,
)
from course_utils.experiments.runs import Run, Store, carry_out, with_seeds
from course_utils.experiments.tasks import copying
from course_utils.patterns import Pattern, dense, reach, sequential, strided
from course_utils.problem import Problem
from course_utils.training.history import History

QUICK = copying.SIZES["quick"]


def test_a_choice_is_the_pattern_that_it_names():
    near, far = strided(12, 3)
    assert Choice("strided", 3, "union").of_layer(0, 12, 4, seed=0) == near | far
    assert Choice("strided", 3, "multihead").of_layer(0, 12, 4, seed=0) == [near, near, far, far]
    in_turns = Choice("strided", 3, "sequential")
    assert [in_turns.of_layer(layer, 12, 4, seed=0) for layer in range(3)] == [near, far, near]
    assert Choice("dense").of_layer(5, 12, 4, seed=0) == dense(12)
    names = str(Choice("dense")), str(in_turns), str(Choice("star, relay first", 2))
    assert names == ("dense", "strided 3, sequential", "star 2, relay first")


@pytest.mark.parametrize("name", PATTERNS)
def test_every_pattern_fits_every_length(name):
    number = 0 if name in ("dense", "nobody") else 4
    choices = (
        [Choice(name, number)]
        if not name.startswith(("strided", "fixed"))
        else in_all_configurations(name, 4)
    )
    for choice in choices:
        for n in (1, 2, 5, 16):
            of_heads = choice.of_layer(1, n, 4, seed=0)
            for pattern in of_heads if isinstance(of_heads, list) else [of_heads]:
                assert isinstance(pattern, Pattern) and pattern.n == n
                assert pattern.mask().diagonal().all()


def test_the_tail_of_fixed_is_heard_in_texts_of_all_lengths():
    for n in range(1, 14):
        union = Choice("fixed, tail heard", 4, "union").of_layer(0, n, 1, seed=0)
        assert reach(union, 2).all()
    plain = Choice("fixed", 4, "union").of_layer(0, 10, 1, seed=0)
    assert not reach(plain, 20)[0, 9]  # which is why
    assert Choice("fixed, tail heard", 4, "union").of_layer(0, 12, 1, seed=0) == Choice(
        "fixed", 4, "union"
    ).of_layer(0, 12, 1, seed=0)


def test_dice_for_all_lengths_keep_their_choices():
    long, short = (random_for_all_lengths(n, 5, seed=3) for n in (40, 30))
    assert set(long.counts) == set(short.counts) == {5}
    for token in range(30):
        kept = set(long.keys_of(token)) - set(range(30, 40))
        assert kept <= set(short.keys_of(token))  # those who are gone have been replaced
    assert random_for_all_lengths(40, 5, seed=3) == long != random_for_all_lengths(40, 5, seed=4)
    assert random_for_all_lengths(3, 5, seed=3) == dense(3)
    with pytest.raises(ValueError, match="512 places, and the text has n=513"):
        random_for_all_lengths(513, 5, seed=3)


def test_sparsity_counts_all_layers_and_heads():
    near, far = (part.sparsity for part in strided(16, 4))
    shares = {
        way: Choice("strided", 4, way).sparsity(16, n_layers=2, n_heads=4) for way in CONFIGURATIONS
    }
    assert shares["multihead"] == shares["sequential"] == pytest.approx((near + far) / 2)
    assert shares["union"] < shares["multihead"]
    assert Choice("dense").sparsity(16, n_layers=3, n_heads=2, causal=True) == 0
    # a causal window of 1 has 2n - 1 of the n(n + 1)/2 connections
    assert Choice("window", 1).sparsity(16, n_layers=1, n_heads=1, causal=True) == 1 - 31 / 136


@pytest.mark.parametrize(
    ("wrong", "named"),
    [
        (("circle", 1, ""), "no pattern 'circle'; there are 'dense', "),
        (("strided", 0, "union"), "strided takes a number above 0; got 0"),
        (("nobody", 5, ""), "nobody takes no number; got 5"),
        (("strided", 3, ""), "strided takes one of union, multihead, sequential; got ''"),
        (("star", 1, "union"), "star takes no configuration"),
    ],
)
def test_choices_that_make_no_sense(wrong, named):
    with pytest.raises(ValueError, match=named):
        Choice(*wrong)


# The copying task, as lesson 12 calls it


def test_dense_attention_copies_in_seconds():
    easy = replace(
        QUICK, length=4, d_model=32, n_heads=4, d_ff=64, batch_size=32, steps=300, every=25,
        peak=5e-3, tested_on=64,
    )  # fmt: skip
    copied = copying.train(dense(easy.n), 1, settings=easy)
    assert copied.final > 0.95 > 3 * copied.accuracy[0] / 2
    assert copied.steps == list(range(25, copied.steps[-1] + 1, 25))
    if copied.final == 1.0:  # and then it does not go on
        assert copied.accuracy.index(1.0) == len(copied.accuracy) - 1
    # who cannot hear the other half does not copy: a quarter is right by chance
    deaf = copying.train(lambda layer: strided(easy.n, 1)[0], 1, settings=replace(easy, steps=50))
    assert deaf.final < 0.5


def test_copying_says_the_same_again_and_leaves_chance_alone():
    torch.manual_seed(5)
    expected = torch.rand(1)
    torch.manual_seed(5)
    first = copying.train(sequential(strided(QUICK.n, 3)), 2, seed=1, settings=QUICK)
    assert torch.rand(1) == expected
    again = copying.train(sequential(strided(QUICK.n, 3)), 2, seed=1, settings=QUICK)
    assert first.accuracy == again.accuracy and first.steps == [3, 6]


def test_what_is_hidden_is_not_in_the_input():
    model = copying.Copier(QUICK, lambda layer: dense(QUICK.n), 1)
    read = []
    model.encoder.register_forward_hook(lambda module, inputs, output: read.append(inputs[0]))
    to_copy = copying.symbols(QUICK, 3, [0])
    logits = model(to_copy)
    assert logits.shape == (3, QUICK.length, QUICK.n_symbols + 1)
    assert read[0].shape == (3, QUICK.n)
    assert torch.equal(read[0][:, 1 : QUICK.length + 1], to_copy)
    assert read[0][:, QUICK.length + 2 :].unique().tolist() == [QUICK.n_symbols + 1]
    assert 1 <= to_copy.min() and to_copy.max() <= QUICK.n_symbols


# All four tasks


@pytest.mark.parametrize("size", sparse.SIZES)
def test_every_choice_of_every_size_can_be_made(size):
    lengths = {"copying": "n", "lm": "n", "translation": "typical_n", "classification": "typical_n"}
    for name, length in lengths.items():
        task = sparse.task_named(name)
        settings = task.SIZES[size]
        heads = {"n_layers": 1, "n_heads": settings.n_heads, "causal": name == "lm"}
        zeros = {
            run.choice.pattern: run.choice.sparsity(getattr(settings, length), **heads)
            for run in task.runs(size)
        }
        assert zeros.pop("dense") == 0
        assert all(0 < share < 1 for share in zeros.values())


@pytest.mark.parametrize("name", sparse.TASKS)
def test_every_task_has_three_sizes_and_goes_through(name, tmp_path, capsys):
    task = sparse.task_named(name)
    assert set(task.SIZES) == set(sparse.SIZES)
    for size in ("laptop", "paper"):
        planned = task.runs(size)
        assert len(set(planned)) == len(planned) and {run.seed for run in planned} >= {0, 1, 2}
        assert {run.choice.configuration for run in planned} >= set(CONFIGURATIONS)
    path = sparse.reproduce(name, "quick", tmp_path)
    stored = json.loads(path.read_text(encoding="utf-8"))
    assert [
        set(entry["result"]) >= {task.METRIC, "sparsity", "seconds"} for entry in stored["runs"]
    ]
    assert len(stored["runs"]) == len(task.runs("quick")) == len(stored["table"])
    assert stored["settings"] and stored["versions"]["torch"] and stored["hardware"]
    assert stored["paper says"] == task.PAPER_SAYS
    assert all(0 < row["mean"] for row in stored["table"] if task.METRIC != "accuracy")
    assert path.with_suffix(".png").read_bytes().startswith(b"\x89PNG")
    told = capsys.readouterr().out
    assert "The paper says:" in told and str(path) in told


def test_the_command(tmp_path, capsys):
    arguments = ["sparse", "--task", "copying", "--workers", "1", "--out", str(tmp_path)]
    assert main(arguments) == 0
    first = capsys.readouterr().out
    assert "copying, quick: 4 runs, 4 of them to do." in first
    assert main(arguments) == 0
    assert "4 runs, 0 of them to do." in capsys.readouterr().out
    for wrong in ["nothing"], ["sparse", "--size", "huge"], ["sparse", "--workers", "0"]:
        with pytest.raises(SystemExit):
            main(wrong)
    assert all(find_spec(module) for module in EXPERIMENTS.values())


# Going on


def counted(done: list, run: Run) -> dict:
    done.append(run)
    if len(done) == 3:
        raise KeyboardInterrupt
    return {"accuracy": 0.25 * run.n_layers + run.seed, "sparsity": 0.5, "seconds": 1.0}


@pytest.fixture
def pretended(monkeypatch):
    """The copying task with nothing trained; the list of what would have been."""
    done = []
    monkeypatch.setattr(copying, "measure", lambda run, settings: counted(done, run))
    return done


def test_an_interrupted_command_goes_on(tmp_path, pretended, capsys):
    arguments = ["sparse", "--task", "copying", "--workers", "1", "--out", str(tmp_path)]
    assert main(arguments) == 130
    assert "the same command goes on" in capsys.readouterr().out
    stored = json.loads((tmp_path / "sparse-copying-quick.json").read_text())
    assert len(stored["runs"]) == 2
    assert [row["seeds"] for row in stored["table"]] == [1, 1]  # and what is there is summed up
    assert main(arguments) == 0
    assert len(pretended) == 5  # the third, which was cut short, twice
    assert pretended[2] == pretended[3]
    stored = json.loads((tmp_path / "sparse-copying-quick.json").read_text())
    assert len(stored["runs"]) == 4


def test_a_training_that_was_cut_short_is_no_result():
    runs.finished(History(stopped="steps"))
    with pytest.raises(KeyboardInterrupt):
        runs.finished(History(stopped="interrupted"))


def test_a_damaged_file_is_set_aside(tmp_path, capsys):
    path = tmp_path / "sparse-copying-quick.json"
    for damage in ('{"experiment": "sparse", "runs": [', "[]", '{"runs": [{"run": {}}]}'):
        path.write_text(damage)
        store = sparse.open_store("copying", "quick", tmp_path)
        assert store.results == {} and not path.exists()
        assert path.with_suffix(".damaged").read_text() == damage
        assert "was damaged" in store.trouble and "set aside as" in store.trouble
    path.write_text("no JSON")
    sparse.reproduce("copying", "quick", tmp_path)
    assert "set aside as sparse-copying-quick.damaged" in capsys.readouterr().out
    assert json.loads(path.read_text())["table"]


def test_other_settings_do_not_mix(tmp_path):
    run = Run("copying", Choice("dense"), 1, 0)
    Store(tmp_path / "a.json", {"task": "copying"}, QUICK).add(run, {"accuracy": 1.0})
    assert Store(tmp_path / "a.json", {"task": "copying"}, QUICK).missing([run]) == []
    with pytest.raises(Problem, match="other settings: name another folder with --out"):
        Store(tmp_path / "a.json", {"task": "copying"}, replace(QUICK, steps=7))


# Side by side


def test_processes_and_this_one_say_the_same():
    measure = partial(copying.measure, settings=QUICK)
    planned = copying.runs("quick")[1:2]  # one, because each process takes its time to begin
    threads = torch.get_num_threads()
    here = dict(carry_out(measure, planned))
    assert torch.get_num_threads() == threads
    there = dict(carry_out(measure, planned, workers=2))
    assert {run: result["accuracy by step"] for run, result in here.items()} == {
        run: result["accuracy by step"] for run, result in there.items()
    }


def killed(run: Run) -> dict:
    os.kill(os.getpid(), signal.SIGTERM)


def test_a_process_that_was_killed_is_a_problem_that_says_the_mend():
    with pytest.raises(Problem, match="killed from outside.* The same command goes on"):
        list(carry_out(killed, [Run("copying", Choice("dense"), 1, 0)], workers=2))


class FakeClient:
    """What the course uses of Dask's client: it is a context, and has an executor."""

    def __init__(self, address, timeout):
        if address != "tcp://here:8786":
            raise OSError("Timed out trying to connect")

    def __enter__(self):
        return self

    def __exit__(self, *error):
        return None

    def get_executor(self):
        return Inline()


class Inline(Executor):
    def submit(self, function, /, *arguments, **named):
        future = Future()
        future.set_result(function(*arguments, **named))
        return future


def test_a_dask_cluster(monkeypatch):
    monkeypatch.setitem(sys.modules, "distributed", SimpleNamespace(Client=FakeClient))
    planned = [Run("copying", Choice("dense"), layers, 0) for layers in (1, 2, 3)]
    found = dict(carry_out(lambda run: {"n": run.n_layers}, planned, scheduler="tcp://here:8786"))
    assert found == {run: {"n": run.n_layers} for run in planned}
    with pytest.raises(Problem, match="no Dask scheduler at tcp://gone:1: Timed out"):
        list(carry_out(lambda run: {}, planned, scheduler="tcp://gone:1"))


def test_without_dask_a_scheduler_is_a_problem_that_says_the_mend(monkeypatch):
    monkeypatch.setitem(sys.modules, "distributed", None)  # as if it were not installed
    with pytest.raises(Problem, match="pip install distributed"):
        list(carry_out(lambda run: {}, [], scheduler="tcp://here:8786"))


# What comes with the course


@pytest.mark.parametrize("name", sparse.TASKS)
def test_the_stored_results_are_those_of_the_settings_and_say_what_their_runs_say(name):
    task, found = sparse.task_named(name), sparse.stored(name)
    assert found["settings"] == asdict(task.SIZES["laptop"])
    assert found["versions"] and found["hardware"] and found["paper says"] == task.PAPER_SAYS
    results = {runs.from_json(entry["run"]): entry["result"] for entry in found["runs"]}
    planned = task.runs("laptop")
    assert set(results) <= set(planned) and {run for run in planned if run.seed == 0} <= set(
        results
    )
    ordered = {run: results[run] for run in planned if run in results}
    assert found["table"] == report.table(ordered, task.METRIC)
    assert (sparse.STORED / f"sparse-{name}-laptop.png").is_file()


def test_the_stored_copying_table_says_that_reach_is_not_enough():
    table = sparse.stored("copying")["table"]
    mean = {(row["choice"], row["n_layers"]): row["mean"] for row in table}
    assert {row["seeds"] for row in table} == {3}
    deep = (2, 3, 4)
    assert (
        min(mean[f"strided 5, {way}", layers] for way in CONFIGURATIONS for layers in deep) > 0.99
    )
    assert max(mean["star 1", layers] for layers in deep) < 0.5  # it reaches everybody in two


def test_the_stored_tables_say_what_the_lesson_says():
    ahead = {
        name: {row["choice"]: row["against_dense"] for row in sparse.stored(name)["table"]}
        for name in ("lm", "translation", "classification")
    }
    lm, translation, classification = ahead.values()
    by_dice = [loss for choice, loss in lm.items() if choice.startswith("random")]
    by_rule = [loss for choice, loss in lm.items() if not choice.startswith(("random", "nobody"))]
    assert len(by_dice) == 3 and min(by_dice) > max(by_rule) + 0.4
    for kind in ("strided", "fixed"):
        for stride in (8, 16, 32):  # both halves in each layer, by heads, in turns: always so
            losses = [lm[f"{kind} {stride}, {way}"] for way in CONFIGURATIONS]
            assert losses == sorted(losses)
    deaf = translation["nobody"]
    assert all(deaf - 0.02 < translation[f"random {keys}, for all lengths"] for keys in (5, 8))
    assert abs(translation["strided 4, union"]) < 0.02
    assert max(translation[f"star {width}, relay first"] for width in (1, 2)) < -0.05
    assert all(abs(classification[f"star {width}, relay first"]) < 0.01 for width in (1, 2))
    assert classification["random 4, for all lengths"] == min(
        share for choice, share in classification.items() if choice != "nobody"
    )


# What is said


def test_means_and_spreads_over_seeds():
    choices = [Choice("dense"), Choice("star", 1)]
    planned = with_seeds([Run("copying", choice, 1, 0) for choice in choices], 3)
    assert [run.seed for run in planned] == [0, 0, 1, 1, 2, 2]
    values = {0: 0.2, 1: 0.4, 2: 0.9}
    results = {run: {"accuracy": values[run.seed], "sparsity": 0.5} for run in planned}
    rows = report.table(results, "accuracy")
    assert [row["choice"] for row in rows] == ["dense", "star 1"]
    assert rows[0]["mean"] == 0.5 and rows[0]["seeds"] == 3
    assert rows[0]["spread"] == pytest.approx(0.3606, abs=1e-4)  # of 0.2, 0.4, 0.9, by hand
    assert "3  0.500 ± 0.361" in report.text(rows, "accuracy")
    drawn = report.depths(rows, title="t")
    names = [label.get_text() for label in drawn.axes[0].get_yticklabels()]
    assert names == ["dense (50% zeros)", "star 1 (50% zeros)"]


def test_a_pattern_is_compared_with_dense_attention_of_the_same_seed():
    choices = [Choice("dense"), *in_all_configurations("strided", 2, 4), Choice("random", 2)]
    planned = with_seeds([Run("lm", choice, 2, 0) for choice in choices], 2)
    lucky = {0: 3.0, 1: 1.0}  # what the seed does to all alike
    results = {
        run: {"bits": lucky[run.seed] + 0.1 * choices.index(run.choice), "sparsity": 0.5}
        for run in planned
    }
    rows = report.table(results, "bits")
    assert [row["against_dense"] for row in rows] == pytest.approx([0.1 * i for i in range(8)])
    assert all(row["spread"] > 1 and row["against_dense_spread"] < 1e-9 for row in rows)
    told = report.text(rows, "bits").splitlines()
    assert told[2].endswith("+0.100 ± 0.000") and "against dense" in told[0]
    assert told[1].endswith("2.000 ± 1.414")  # dense has nobody to be compared with
    drawn = report.levels(rows, title="t", ylabel="bits", best="low")
    legends = {ax.get_title(loc="left"): ax.get_legend() for ax in drawn.axes}
    assert legends.pop("fixed") is None
    assert {panel: [label.get_text() for label in legend.get_texts()]
            for panel, legend in legends.items()} == {
        "strided": list(CONFIGURATIONS), "the others": ["random"],
    }  # fmt: skip
    del results[Run("lm", Choice("dense"), 2, 1)]
    rows = report.table(results, "bits")
    assert {row["against_dense"] for row in rows if row["pattern"] != "dense"} == {None}
    report.levels(rows, title="nothing to compare with", ylabel="bits", best="low")
