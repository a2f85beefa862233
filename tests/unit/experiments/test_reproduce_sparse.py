"""`reproduce sparse` at its smallest: what is run, stored, stopped and told."""

import errno
import json
import os
from dataclasses import asdict
from importlib.util import find_spec
from pathlib import Path

import pytest

from course_utils.commands.reproduce import EXPERIMENTS, main
from course_utils.experiments import experiment, fnet, relays, report, sparse, store, warmup
from course_utils.experiments.choices import CONFIGURATIONS
from course_utils.experiments.described import SIZES
from course_utils.experiments.experiment import STORED
from course_utils.experiments.sparse import EXPERIMENT as SPARSE
from course_utils.experiments.tasks import copying
from course_utils.experiments.trials import Trial
from course_utils.problem import Problem


@pytest.mark.parametrize("size", SIZES)
def test_every_choice_of_every_size_can_be_made(size):
    lengths = {"copying": "n", "lm": "n", "translation": "typical_n", "classification": "typical_n"}
    for name, length in lengths.items():
        part = SPARSE.parts[name]
        settings = part.task.SIZES[size]
        heads = {"n_layers": 1, "n_heads": settings.n_heads, "causal": name == "lm"}
        choices = [trial.candidate for trial in part.trials(size)]
        zeros = {
            choice.pattern: choice.sparsity(getattr(settings, length), **heads)
            for choice in choices
        }
        assert zeros.pop("dense") == 0
        assert all(0 < share < 1 for share in zeros.values())


@pytest.mark.parametrize("name", SPARSE.parts)
def test_every_task_has_three_sizes_and_goes_through(name, tmp_path, capsys):
    part = SPARSE.parts[name]
    task = part.task
    assert tuple(task.SIZES) == SIZES
    for size in ("laptop", "paper"):
        planned = part.trials(size)
        assert len(set(planned)) == len(planned)
        assert {trial.seed for trial in planned} >= {0, 1, 2}
        assert {trial.candidate.configuration for trial in planned} >= set(CONFIGURATIONS)
    path = SPARSE.reproduce(name, "quick", tmp_path)
    stored = json.loads(path.read_text(encoding="utf-8"))
    for entry in stored["runs"]:
        assert set(entry["result"]) >= {task.METRIC, "sparsity", "seconds"}
    assert len(stored["runs"]) == len(part.trials("quick")) == len(stored["table"])
    assert stored["settings"] and stored["versions"]["torch"] and stored["hardware"]
    assert stored["paper says"] == part.paper_says
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
    assert all(find_spec(module) for module in EXPERIMENTS.values())


@pytest.mark.parametrize(
    ("wrong", "said"),
    [
        (["nothing"], "invalid choice: 'nothing'"),
        (["sparse", "--size", "huge"], "invalid choice: 'huge'"),
        (["sparse", "--task", "sums"], "invalid choice: 'sums'"),
        (["sparse", "--workers", "0"], "--workers: a whole number of 1 or more is needed, got '0'"),
        (["sparse", "--workers", "-2"], "1 or more is needed, got '-2'"),
        (["sparse", "--workers", "two"], "1 or more is needed, got 'two'"),
        (["sparse", "--workers", "9" * 40], "1 or more is needed, got '9999"),
        (["sparse", "--workers", ""], "1 or more is needed, got ''"),
    ],
)
def test_arguments_that_mean_nothing_are_refused_in_a_sentence(wrong, said, capsys):
    with pytest.raises(SystemExit) as left:
        main(wrong)
    assert left.value.code == 2 and said in capsys.readouterr().err


@pytest.mark.parametrize("command", EXPERIMENTS)
def test_a_folder_that_can_hold_nothing_is_a_problem_before_anything_is_measured(command, tmp_path):
    (tmp_path / "a_file").write_text("here")
    for folder in ("a_file", "a_file/below"):
        with pytest.raises(Problem, match="a_file.* cannot hold results: .*--out"):
            main([command, "--out", str(tmp_path / folder)])


def test_the_users_home_is_no_folder_of_that_name(tmp_path, monkeypatch):
    monkeypatch.setenv("HOME", str(tmp_path))
    assert experiment.results_folder(Path("~/mine")) == tmp_path / "mine"


# Going on


def counted(done: list, trial: Trial) -> dict:
    done.append(trial)
    if len(done) == 3:
        raise KeyboardInterrupt
    return {"accuracy": 0.25 * trial.n_layers + trial.seed, "sparsity": 0.5, "seconds": 1.0}


@pytest.fixture
def pretended(monkeypatch):
    """The copying task with nothing trained; the list of what would have been."""
    done = []
    monkeypatch.setattr(copying, "measure", lambda trial, settings: counted(done, trial))
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


def test_a_damaged_file_is_set_aside(tmp_path, capsys):
    path = tmp_path / "sparse-copying-quick.json"
    entry = '{"run": {}, "result": {"accuracy": "high"}}'
    for damage in (
        '{"experiment": "sparse", "runs": [',
        "[]",
        '{"runs": [{"run": {}}]}',
        '{"runs": 3}',
        '{"runs": [{"run": {}, "result": 0.5}]}',
        f'{{"runs": [{entry}]}}',
        "\udcff",
    ):
        path.write_text(damage, errors="surrogateescape")
        found = SPARSE.store("copying", "quick", tmp_path)
        assert found.entries == {} and not path.exists()
        aside = path.with_suffix(".damaged")
        assert aside.read_text(errors="surrogateescape") == damage
        assert found.trouble.startswith("sparse-copying-quick.json was damaged (")
        assert found.trouble.endswith("set aside as sparse-copying-quick.damaged.")
    path.write_text("no JSON")
    SPARSE.reproduce("copying", "quick", tmp_path)
    assert "set aside as sparse-copying-quick.damaged" in capsys.readouterr().out
    assert json.loads(path.read_text())["table"]


@pytest.mark.parametrize("value", ["high", None, [0.5]])
def test_a_result_that_is_no_number_is_damage_too(value, tmp_path):
    trial = SPARSE.parts["copying"].trials("quick")[0]
    there = SPARSE.store("copying", "quick", tmp_path)
    there.add(trial, {"accuracy": 0.5})
    assert SPARSE.store("copying", "quick", tmp_path).results([trial])
    there.add(trial, {"accuracy": value})
    found = SPARSE.store("copying", "quick", tmp_path)
    assert found.results([trial]) == {} and "accuracy is " in found.trouble


def test_what_cannot_be_read_or_written_is_a_problem_with_its_name(tmp_path, monkeypatch):
    (tmp_path / "sparse-copying-quick.json").mkdir()
    with pytest.raises(Problem, match="sparse-copying-quick.json cannot be read: Is a directory"):
        SPARSE.reproduce("copying", "quick", tmp_path)

    def full(path, content):
        raise OSError(errno.ENOSPC, os.strerror(errno.ENOSPC))

    monkeypatch.setattr(store, "write_atomically", full)
    with pytest.raises(Problem, match="sparse-lm-quick.json cannot be written: No space left"):
        SPARSE.reproduce("lm", "quick", tmp_path)


# What comes with the course


@pytest.mark.parametrize("name", SPARSE.parts)
def test_the_stored_results_are_those_of_the_settings_and_say_what_their_runs_say(name):
    part, found = SPARSE.parts[name], sparse.stored(name)
    task = part.task
    assert found["settings"] == asdict(task.SIZES["laptop"])
    assert found["versions"] and found["hardware"] and found["paper says"] == part.paper_says
    planned = part.trials("laptop")
    results = SPARSE.store(name, "laptop", STORED).results(planned)
    assert len(results) == len(found["runs"])  # nothing is there that nobody asked for
    assert {trial for trial in planned if trial.seed == 0} <= set(results)
    assert found["table"] == report.table(results, task.METRIC, SPARSE.baseline)
    assert (STORED / f"sparse-{name}-laptop.png").is_file()


def test_stored_results_that_are_not_there_or_damaged_are_named(tmp_path, monkeypatch):
    with pytest.raises(Problem, match="no sparse-sums-laptop comes with .*sparse-copying-laptop"):
        sparse.stored("sums")
    monkeypatch.setattr(experiment, "STORED", tmp_path)
    (tmp_path / "sparse-lm-laptop.json").write_text('{"table": [')
    with pytest.raises(Problem, match="sparse-lm-laptop.json is damaged"):
        sparse.stored("lm")


@pytest.mark.parametrize(
    ("ask", "file"),
    [
        (relays.stored, "relays-laptop.json"),
        (warmup.stored, "warmup-laptop.json"),
        (lambda: fnet.best_recipes("linear"), "fnet-search-laptop.json"),
    ],
)
def test_every_file_of_stored_results_is_named_if_it_cannot_be_read(
    tmp_path, monkeypatch, ask, file
):
    fnet.best_recipes.cache_clear()
    monkeypatch.setattr(experiment, "STORED", tmp_path)
    with pytest.raises(Problem, match=f"{file} cannot be read"):
        ask()
    (tmp_path / file).write_text('{"runs": [')
    with pytest.raises(Problem, match=f"{file} is damaged .* take it from the course's download"):
        ask()


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
        name: {row["choice"]: row["against_baseline"] for row in sparse.stored(name)["table"]}
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
