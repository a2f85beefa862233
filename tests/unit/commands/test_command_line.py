"""The command line: old Pythons are told so, commands are found, mistakes are one sentence."""

import ast
import subprocess
import sys
from pathlib import Path

import pytest

from course_utils import __main__ as entry
from course_utils.commands import command_line
from course_utils.environment import install
from course_utils.paths import ROOT
from course_utils.problem import Problem


@pytest.mark.parametrize("version", [(2, 7), (3, 6), (3, 10, 13)])
def test_an_old_python_is_told_in_one_sentence(version):
    told = entry.too_old(version, "/usr/bin/python3")
    assert "needs Python 3.11 or newer" in told
    assert f"is Python {version[0]}.{version[1]}:" in told
    assert told.count(". ") == 0 and told.endswith(".")


@pytest.mark.parametrize("version", [(3, 11, 0), (3, 12), (4, 0)])
def test_a_new_python_may_go_on(version):
    assert entry.too_old(version, "python3") is None


def test_the_entry_can_be_read_by_python_3_6():
    source = Path(entry.__file__).read_text(encoding="utf-8")
    tree = ast.parse(source, feature_version=(3, 6))
    strings = [node for node in ast.walk(tree) if isinstance(node, ast.JoinedStr)]
    annotated = [
        node for node in ast.walk(tree) if isinstance(node, ast.FunctionDef) and node.returns
    ]
    assert not strings and not annotated, "f-strings and annotations are younger than Python 2.7"


def outside_the_standard_library(path: Path) -> set[str]:
    tree = ast.parse(path.read_text(encoding="utf-8"))
    names = set()
    for node in tree.body:  # at the top of the module; what is inside functions may be optional
        if isinstance(node, ast.Import):
            names |= {alias.name.split(".")[0] for alias in node.names}
        elif isinstance(node, ast.ImportFrom):
            names.add(node.module.split(".")[0])
    return names - set(sys.stdlib_module_names) - {"course_utils"}


def test_what_runs_before_the_environment_needs_nothing_installed():
    folder = ROOT / "course_utils" / "environment"
    paths = [Path(entry.__file__), *sorted(folder.glob("*.py"))]
    assert len(paths) > 5
    strangers = {path.name: outside_the_standard_library(path) for path in paths}
    assert not {name: found for name, found in strangers.items() if found}


def run(*arguments: str, cwd: Path = ROOT) -> subprocess.CompletedProcess:
    command = [sys.executable, *arguments]
    return subprocess.run(command, cwd=cwd, capture_output=True, text=True, timeout=60)


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

    monkeypatch.setitem(command_line.COMMANDS, "start", command_line.Command("start", "", fail))
    assert command_line.main(["start"]) == 1
    assert capsys.readouterr().err == "The disk is full: free some.\n"


def test_an_interruption_is_no_traceback(monkeypatch, capsys):
    def stop(arguments):
        raise KeyboardInterrupt

    monkeypatch.setitem(command_line.COMMANDS, "start", command_line.Command("start", "", stop))
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


def test_start_keeps_its_own_options_and_hands_the_rest_to_pip(prepared, monkeypatch):
    from course_utils.environment import lab

    opened = []
    monkeypatch.setattr(lab, "open_lab", lambda environment, **how: opened.append(how) or 0)
    monkeypatch.setattr(lab, "is_taken", lambda port: False)
    options = ["--extra-index-url", "ADDRESS", "--no-browser", "--port", "9001", "-v"]
    assert command_line.main(["start", *options]) == 0
    assert prepared == [(["--extra-index-url", "ADDRESS", "-v"], {})]
    assert opened == [{"port": 9001, "browser": False}]


def test_a_taken_port_is_found_before_anything_is_installed(prepared, monkeypatch, capsys):
    from course_utils.environment import lab

    monkeypatch.setattr(lab, "is_taken", lambda port: True)
    assert command_line.main(["start", "--port", "9001"]) == 1
    assert "9001" in capsys.readouterr().err and prepared == []


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
