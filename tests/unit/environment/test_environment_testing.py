"""The test command: what runs together, what is left out, and what the exit status says."""

from pathlib import Path

import pytest

from course_utils import threads
from course_utils.environment import doctor, install, testing
from course_utils.environment.testing import Stage, StageOutcomes
from course_utils.paths import ROOT
from course_utils.problem import Problem


def plan(*options, quick=False, here=ROOT):
    return testing.stages(options, quick=quick, here=here)


def test_quick_is_units_only():
    [stage], rest = plan(quick=True)
    assert stage.arguments[0] == str(ROOT / "tests" / "unit")
    assert not any("classroom" in argument or "nbval" in argument for argument in stage.arguments)
    assert rest == []


def test_everything_is_units_then_notebooks_then_the_browser_alone():
    every, _ = plan()
    assert [stage.name for stage in every] == ["unit tests", "notebooks", "browser"]
    assert [stage.side_by_side for stage in every] == [True, True, False]
    assert [stage.needs_browser for stage in every] == [False, False, True]
    assert "--nbval" in every[1].arguments


def test_an_expression_goes_to_every_stage():
    every, rest = plan("-k", "attention or bpe", "-x")
    assert len(every) == 3 and rest == ["-k", "attention or bpe", "-x"]


def test_paths_take_the_place_of_the_stages():
    here = ROOT / "tests" / "unit" / "environment"
    [stage], rest = plan("test_selftest.py::test_all_is_well_here", "-v", here=here)
    assert stage.arguments[0] == f"{here / 'test_selftest.py'}::test_all_is_well_here"
    assert rest == ["-v"] and stage.side_by_side
    assert "--nbval" not in stage.arguments


def test_a_missing_file_is_told_before_anything_runs():
    with pytest.raises(Problem, match="There is no tests/unit/test_nothing.py"):
        plan("tests/unit/test_nothing.py::test_it")
    plan("-k", "test_nothing.py"), plan("-k", "a::b")  # these are no paths


def test_a_browser_test_by_its_path_gets_a_browser():
    [stage], _ = plan("tests/browser")
    assert stage.needs_browser and not stage.side_by_side


def test_a_notebook_by_its_path_is_compared(tmp_path):
    notebook = tmp_path / "mine.ipynb"
    notebook.write_text("{}")
    [stage], _ = plan("mine.ipynb", here=tmp_path)
    assert "--nbval" in stage.arguments and stage.arguments[0] == str(notebook)


def test_a_folder_without_tests_is_no_stage(tmp_path):
    (tmp_path / "tests" / "classroom").mkdir(parents=True)
    assert testing.existing(tmp_path, ["tests/unit", "tests/classroom"]) == []


@pytest.mark.parametrize(
    "codes, status, word",
    [
        ({"unit tests": 0, "notebooks": 0}, 0, "passed: unit tests, notebooks"),
        ({"unit tests": 0, "notebooks": 1}, 1, "FAILED: notebooks"),
        ({"unit tests": 0, "notebooks": 5}, 0, "passed: unit tests"),
        ({"unit tests": 5, "notebooks": 5}, 1, "No test was run"),
        ({"unit tests": 4}, 1, "FAILED: unit tests"),
    ],
)
def test_the_exit_status_and_the_last_line(codes, status, word):
    outcomes = StageOutcomes(codes)
    assert outcomes.exit_status == status
    assert word in outcomes.summary(60.0)


@pytest.fixture
def machine(monkeypatch):
    """No browser, no processes: the stages that would have run are collected."""
    ran = []
    stages = [Stage("unit tests", ()), Stage("browser", (), needs_browser=True)]
    monkeypatch.setattr(testing, "stages", lambda *options, **how: (stages, []))
    monkeypatch.setattr(testing, "browser_here", lambda say: None)
    monkeypatch.setattr(
        testing, "run_stage", lambda environment, stage, *more: ran.append(stage.name) or 0
    )
    return ran


def run(said):
    environment = install.own_environment()
    return testing.run(environment, [], quick=False, here=ROOT, say=said.append)


def test_without_a_browser_its_tests_are_left_out_loudly(machine, monkeypatch):
    monkeypatch.delenv("CI", raising=False)
    said = []
    assert run(said) == 0
    assert machine == ["unit tests"]
    assert testing.NO_BROWSER in said and "NOT RUN: browser" in said[-1]


def test_without_a_browser_ci_fails(machine, monkeypatch):
    monkeypatch.setenv("CI", "true")
    said = []
    assert run(said) == 1
    assert "FAILED: browser" in said[-1]


def test_processes_side_by_side_have_a_thread_each():
    environment = install.own_environment()
    together = testing.stage_variables(Stage("a", ()), environment, "home", "/usr/bin/chromium")
    assert together["OMP_NUM_THREADS"] == "1"
    assert together["ATTENTION_OPTIONAL_HOME"] == "home"
    assert together["ATTENTION_OPTIONAL_BROWSER"] == "/usr/bin/chromium"
    assert threads.one_each().items() <= together.items()


def test_apt_is_used_by_root_or_where_sudo_does_not_ask(monkeypatch):
    monkeypatch.setattr(testing.os, "geteuid", lambda: 0, raising=False)
    assert testing.apt_command(lambda name: f"/usr/bin/{name}") == ["apt-get"]
    assert testing.apt_command(lambda name: None) is None
    monkeypatch.setattr(testing.os, "geteuid", lambda: 1000, raising=False)
    assert testing.apt_command(lambda name: name if name == "apt-get" else None) is None


def test_there_is_at_least_one_core():
    assert testing.cores() >= 1


# The doctor


def test_the_doctor_of_a_bare_machine_names_the_command_that_helps(tmp_path):
    said = []
    status = doctor.report(
        install.own_environment(tmp_path), say=lambda line: said.append(str(line))
    )
    report = "\n".join(said)
    assert status == 1
    assert "there is none yet" in report and "python3 -m course_utils start" in report


def test_the_doctor_looks_into_the_environment_that_it_runs_in(monkeypatch):
    import sys

    environment = install.Environment(Path(sys.prefix), Path(sys.executable), own=False)
    monkeypatch.setattr(install, "version_here", lambda name: None if name == "torch" else "9.9")
    found = {finding.name: finding for finding in doctor.look(environment)}
    assert "torch missing, 2.13.0 is pinned" in found["packages"].state
    assert found["packages"].mend and found["packages"].vital
    assert not found["test tools"].vital
    assert "threads" in found["device"].state
