"""The command line: old Pythons are told so, commands are found, mistakes are one sentence."""

import argparse
import ast
import dataclasses
import os
import shutil
import subprocess
import sys
from pathlib import Path

import pytest

from course_utils import __main__ as entry
from course_utils import options, paths
from course_utils.commands import command_line
from course_utils.environment import install
from course_utils.paths import ROOT
from course_utils.problem import Problem

ENVIRONMENT = ROOT / "course_utils" / "environment"


@pytest.mark.parametrize("version", [(2, 7), (3, 6), (3, 10, 13)])
def test_an_old_python_is_told_in_one_sentence(version):
    told = entry.too_old(version, "/usr/bin/python3")
    assert "needs Python 3.11 or newer" in told
    assert f"is Python {version[0]}.{version[1]}:" in told
    assert told.count(". ") == 0 and told.endswith(".")


@pytest.mark.parametrize("version", [(3, 11, 0), (3, 12), (4, 0)])
def test_a_new_python_may_go_on(version):
    assert entry.too_old(version, "python3") is None


@pytest.mark.parametrize("name", ["__init__", "threads", "__main__"])
def test_what_every_python_reads_first_can_be_read_by_an_old_one(name):
    """`python2 -m course_utils` reads the package and threads.py before __main__.py can speak."""
    source = (ROOT / "course_utils" / f"{name}.py").read_text(encoding="ascii")
    tree = ast.parse(source, feature_version=(3, 6))
    younger = [
        ast.unparse(node)
        for node in ast.walk(tree)
        if isinstance(node, ast.JoinedStr | ast.AnnAssign)
        or (isinstance(node, ast.FunctionDef) and node.returns)
        or (isinstance(node, ast.arg) and node.annotation)
        or (isinstance(node, ast.ImportFrom) and node.module == "__future__")
    ]
    assert not younger, "Python 2.7 and 3.6 know no f-strings and no annotations"


def every_command() -> list[list[str]]:
    """["start"], … ["reproduce", "sparse"], … ["class", "hub"]: all that takes options."""
    found = []
    for name, command in command_line.COMMANDS.items():
        found.append([name])
        for action in command.parser()._actions:
            if isinstance(action, argparse._SubParsersAction):
                found += [[name, below] for below in action.choices]
    return found


@pytest.fixture(scope="module")
def clone(tmp_path_factory):
    """The course as git brings it, and nothing installed; of its data nothing is needed."""
    folder = tmp_path_factory.mktemp("bare") / "clone"
    data = shutil.ignore_patterns("__pycache__", "datasets", "results", "checkpoints")
    shutil.copytree(ROOT / "course_utils", folder / "course_utils", ignore=data)
    for name in ("pyproject.toml", "constraints.txt"):
        shutil.copy(ROOT / name, folder)
    (folder / "notebooks").mkdir()
    return folder


def asked_in(clone: Path, *arguments: str) -> subprocess.CompletedProcess:
    """By a bare machine's Python, with pip cut off from every index. It may make no .venv."""
    bare = getattr(sys, "_base_executable", None) or sys.executable
    variables = {name: value for name, value in os.environ.items() if name != "PYTHONPATH"}
    nowhere = {"PIP_INDEX_URL": "http://127.0.0.1:9", "PIP_NO_INDEX": "1", "PIP_RETRIES": "0"}
    told = subprocess.run(
        [bare, "-S", "-m", "course_utils", *arguments],
        cwd=clone, env=variables | nowhere, capture_output=True, text=True, timeout=60,
    )  # fmt: skip
    left = {path.name for path in clone.iterdir()} - {"__pycache__"}
    assert left == {"course_utils", "notebooks", "pyproject.toml", "constraints.txt"}
    return told


@pytest.mark.parametrize("command", [[], *every_command()], ids=" ".join)
def test_in_a_bare_clone_help_installs_nothing(clone, command):
    asked = asked_in(clone, *command, "--help")
    said = " ".join(["python3 -m course_utils", *command])
    assert asked.returncode == 0 and said in asked.stdout, asked.stderr
    assert asked.stderr == ""


@pytest.mark.parametrize(
    "line",
    [
        "-h",
        "help",
        "start --port 9001 -h --no-browser",
        "test -k running -h",
        "train memory --steps 3 --help",
        "train -h memory",
        "reproduce sparse -h --size laptop",
        "reproduce bakeoff --mixer mine:Mixer --help",
        "class grade 03 --jobs 2 -h",
        "class -h grade",
        "refresh --check 03 -h",
    ],
)
def test_help_may_stand_anywhere(clone, line):
    asked = asked_in(clone, *line.split())
    assert asked.returncode == 0 and "python3 -m course_utils" in asked.stdout, asked.stderr


@pytest.mark.parametrize(
    ("line", "said"),
    [
        ("train poet", "invalid choice: 'poet'"),
        ("reproduce sparse --task sums", "invalid choice: 'sums'"),
        ("reproduce", "required: EXPERIMENT"),
        ("class grade --he", "unrecognized arguments: --he"),
        ("check", "required: lesson"),
    ],
)
def test_in_a_bare_clone_a_mistake_installs_nothing(clone, line, said):
    asked = asked_in(clone, *line.split())
    assert asked.returncode == command_line.COULD_NOT and said in asked.stderr


def test_the_rooms_that_run_before_the_environment_import_nothing_installed():
    modules = [
        "course_utils.commands.command_line",
        "course_utils.classroom.command",
        *(f"course_utils.environment.{path.stem}" for path in ENVIRONMENT.glob("[a-z]*.py")),
    ]
    assert len(modules) > 7
    told = run("-S", "-c", "".join(f"import {module}\n" for module in modules))
    assert told.returncode == 0, told.stderr


def run(*arguments: str, cwd: Path = ROOT) -> subprocess.CompletedProcess:
    command = [sys.executable, *arguments]
    return subprocess.run(command, cwd=cwd, capture_output=True, text=True, timeout=60)


def test_every_command_says_what_it_is_about():
    assert list(options.ABOUT) == list(command_line.COMMANDS)


def test_the_models_that_can_be_trained_are_those_with_a_recipe():
    from course_utils.commands.train import LOADERS
    from course_utils.trained.recipes import RECIPES

    assert set(options.MODELS) == set(RECIPES) == set(LOADERS)
    assert options.train().parse_args(["memory"]).model == "memory"


def test_help_names_every_command():
    told = run("-m", "course_utils", "--help")
    assert told.returncode == 0
    assert all(f"\n  {name} " in told.stdout for name in command_line.COMMANDS)


def test_the_folder_can_be_called_from_elsewhere(tmp_path):
    told = run(str(ROOT / "course_utils"), "start", "--help", cwd=tmp_path)
    assert told.returncode == 0 and "--no-browser" in told.stdout


def test_a_wrong_command_says_which_there_are(capsys):
    assert command_line.main(["strat"]) == 2
    said = capsys.readouterr().err
    assert "'strat'" in said and "start, test, doctor" in said


def test_a_problem_is_one_line_and_a_failure(monkeypatch, capsys):
    def fail(arguments):
        raise Problem("The disk is full: free some.")

    monkeypatch.setitem(command_line.COMMANDS, "start", command_line.Command(options.start, fail))
    assert command_line.main(["start"]) == command_line.COULD_NOT == 2
    assert capsys.readouterr().err == "The disk is full: free some.\n"


@pytest.mark.skipif(sys.platform == "win32", reason="pipes tell nobody there")
@pytest.mark.parametrize("arguments", [["--help"], ["start", "--help"]])
def test_a_reader_who_has_gone_is_no_traceback(arguments):
    """As in `python3 -m course_utils --help | head`."""
    reading, writing = os.pipe()
    os.close(reading)
    command = [sys.executable, "-m", "course_utils", *arguments]
    buffered = {**os.environ, "PYTHONUNBUFFERED": ""}
    ran = subprocess.run(
        command, cwd=ROOT, env=buffered, stdout=writing, stderr=subprocess.PIPE, text=True
    )
    os.close(writing)
    assert (ran.returncode, ran.stderr) == (command_line.PIPE_CLOSED, "")


@pytest.mark.parametrize("name", list(command_line.COMMANDS))
def test_where_only_the_package_is_installed_a_command_runs_or_says_what_it_needs(
    name, monkeypatch, capsys, tmp_path
):
    ran = []
    command = command_line.COMMANDS[name]
    stand_in = dataclasses.replace(command, run=lambda arguments: ran.append(name) or 0)
    monkeypatch.setitem(command_line.COMMANDS, name, stand_in)
    monkeypatch.setattr(paths, "NOTEBOOKS", tmp_path / "notebooks")
    if name in ("train", "reproduce"):
        assert command_line.main([name]) == 0 and ran == [name]
    else:
        assert command_line.main([name]) == command_line.COULD_NOT and not ran
        said = capsys.readouterr().err
        assert f"`{name}` needs the course's own folder" in said and len(said.splitlines()) == 1


def test_an_interruption_is_no_traceback(monkeypatch, capsys):
    def stop(arguments):
        raise KeyboardInterrupt

    monkeypatch.setitem(command_line.COMMANDS, "start", command_line.Command(options.start, stop))
    assert command_line.main(["start"]) == 130
    assert "Stopped" in capsys.readouterr().err


@pytest.fixture
def prepared(monkeypatch, tmp_path):
    """Calls of `prepare`, which installs nothing; the environment chosen is another Python's."""
    calls = []
    environment = install.Environment(tmp_path, tmp_path / "bin" / "python", own=True)
    monkeypatch.setattr(install, "choose", lambda: environment)
    monkeypatch.setattr(
        install,
        "prepare",
        lambda environment, options=(), **more: calls.append((list(options), more)),
    )
    return calls


@pytest.fixture
def started(prepared, monkeypatch, tmp_path):
    """What `start` did: (what, with what), in order. No JupyterLab runs, and every port is free."""
    from course_utils.environment import lab, workspace

    done = []
    mine = tmp_path / "my_course"
    monkeypatch.setattr(command_line, "my_course", lambda: mine)
    monkeypatch.setattr(lab, "running", lambda environment, folder: None)
    monkeypatch.setattr(lab, "is_taken", lambda port: False)
    for module, name in ((workspace, "hand_out"), (lab, "open_lab"), (lab, "point_to")):

        def note(*given, name=name, **how):
            done.append((name, given[-1], how))
            return 0

        monkeypatch.setattr(module, name, note)
    return done


def test_start_keeps_its_own_options_and_hands_the_rest_to_pip(prepared, started, tmp_path):
    options = ["--extra-index-url", "ADDRESS", "--no-browser", "--port", "9001", "-v"]
    assert command_line.main(["start", *options]) == 0
    assert prepared == [(["--extra-index-url", "ADDRESS", "-v"], {})]
    mine = tmp_path / "my_course"
    assert started == [
        ("hand_out", mine, {"fresh": [], "update": True}),
        ("open_lab", mine, {"port": 9001, "browser": False}),
    ]


def test_authors_start_in_place_and_nothing_is_handed_out(started):
    assert command_line.main(["start", "--in-place"]) == 0
    assert started == [("open_lab", ROOT, {"port": None, "browser": True})]


def test_fresh_copies_are_made_of_the_named_lessons(started, tmp_path, capsys):
    assert command_line.main(["start", "--fresh", "03", "--fresh", "exercises/04"]) == 0
    how = {"fresh": ["03", "exercises/04"], "update": True}
    assert started[0] == ("hand_out", tmp_path / "my_course", how)
    assert command_line.main(["start", "--fresh", "03", "--in-place"]) == command_line.COULD_NOT
    assert "--in-place works without" in capsys.readouterr().err and len(started) == 2


def test_a_second_start_names_the_first_and_touches_no_file_that_may_be_open(
    started, prepared, monkeypatch, tmp_path
):
    """Also where its port is the one that is taken; what was asked for by name is done."""
    from course_utils.environment import lab

    monkeypatch.setattr(lab, "running", lambda environment, folder: f"address of {folder.name}")
    monkeypatch.setattr(lab, "is_taken", lambda port: True)
    assert command_line.main(["start", "--port", "9001", "--fresh", "03", "--no-browser"]) == 0
    assert started == [
        ("hand_out", tmp_path / "my_course", {"fresh": ["03"], "update": False}),
        ("point_to", "address of my_course", {"browser": False}),
    ]
    assert prepared == []


def test_a_taken_port_is_found_before_anything_is_done(prepared, started, monkeypatch, capsys):
    from course_utils.environment import lab

    monkeypatch.setattr(lab, "is_taken", lambda port: True)
    assert command_line.main(["start", "--port", "9001"]) == command_line.COULD_NOT
    assert "9001" in capsys.readouterr().err and prepared == started == []


def test_other_commands_run_with_the_environments_python(prepared, monkeypatch, tmp_path):
    called = []
    monkeypatch.setattr(
        command_line.subprocess, "call", lambda command, env: called.append((command, env)) or 7
    )
    assert command_line.main(["refresh", "03"]) == 7
    [(command, variables)] = called
    assert command == [str(tmp_path / "bin" / "python"), "-m", "course_utils", "refresh", "03"]
    assert variables["PYTHONPATH"].startswith(str(ROOT)), "the command may come from any folder"


def test_inside_the_environment_a_command_is_its_module(prepared, monkeypatch):
    monkeypatch.setattr(install.Environment, "is_running", True)
    monkeypatch.setattr("course_utils.commands.refresh.main", lambda arguments: len(arguments))
    monkeypatch.setenv("PYTHONPATH", "elsewhere")
    assert command_line.main(["refresh", "03", "04"]) == 2
    assert prepared == []
