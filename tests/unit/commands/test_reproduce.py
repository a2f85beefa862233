"""The commands that compute: what they cannot do is a sentence, not a traceback."""

import pytest

from course_utils import datasets
from course_utils.commands import command_line
from course_utils.datasets import files
from course_utils.environment import install


@pytest.fixture
def here(monkeypatch, tmp_path):
    """Commands run in this process, and find the bundled texts in an empty folder."""
    monkeypatch.setattr(install.Environment, "is_running", True)
    monkeypatch.setattr(files, "DATA", tmp_path / "data")
    monkeypatch.setenv("PYTHONPATH", "")
    files.checksums()  # known already
    files.read_bytes.cache_clear()
    yield tmp_path
    files.read_bytes.cache_clear()


@pytest.mark.parametrize(
    "command",
    [
        ["reproduce", "sparse", "--task", "classification", "--workers", "1"],
        ["train", "translator", "--steps", "1"],
    ],
)
def test_a_bundled_file_that_is_missing_is_named_with_the_mend(here, capsys, command):
    assert command_line.main([*command, "--out", str(here / "out")]) == command_line.COULD_NOT
    said = capsys.readouterr().err.strip()
    assert "is missing. Mend it with: git checkout -- course_utils/datasets/" in said
    assert len(said.splitlines()) == 1


@pytest.mark.parametrize("command", [["reproduce", "sparse"], ["train", "translator"]])
def test_a_folder_of_a_user_whom_nobody_knows_is_named(here, capsys, command):
    folder = "~nobody-of-that-name/out"
    assert command_line.main([*command, "--out", folder]) == command_line.COULD_NOT
    said = capsys.readouterr().err.strip()
    assert said == f"{folder} is in the folder of a user who is not known here: write it without ~."


def test_the_mend_is_another_one_where_only_the_package_was_installed(here, monkeypatch):
    monkeypatch.setattr(files, "in_checkout", lambda: False)
    with pytest.raises(FileNotFoundError, match="Install the course's package again"):
        datasets.verify()


@pytest.mark.parametrize(
    "command",
    [
        ["reproduce"],
        ["reproduce", ""],
        ["reproduce", "sparse", "--task", "nothing"],
        ["reproduce", "sparse", "--workers", "-1"],
        ["reproduce", "universal", "--size", "huge"],
    ],
)
def test_arguments_that_mean_nothing_are_answered_by_the_usage(here, capsys, command):
    with pytest.raises(SystemExit) as caught:
        command_line.main(command)
    assert caught.value.code == command_line.COULD_NOT
    assert "usage: python3 -m course_utils reproduce" in capsys.readouterr().err
