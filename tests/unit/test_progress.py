"""Progress on the learner's disk: whole after crashes, damage, two notebooks, a full disk."""

import json
import os
import re
import subprocess
import sys
import tempfile
import time
from pathlib import Path

import pytest

from course_utils import progress
from course_utils.checks import catalog
from course_utils.checks.dashboard import Progress
from course_utils.paths import ROOT

LESSONS = list((ROOT / "notebooks").glob("*.ipynb"))
TASK = "00.weighted_average"
WHOLE = {"passed": True, "hints": 2, "revealed": False}


@pytest.fixture
def folder(tmp_path, monkeypatch):
    """A new learner's folder, not yet made."""
    monkeypatch.setenv("ATTENTION_OPTIONAL_HOME", str(tmp_path / "home"))
    monkeypatch.setattr(progress, "_messages", set())
    return tmp_path / "home"


@pytest.fixture
def file(folder):
    folder.mkdir()
    return folder / progress.NAME


def test_a_new_learner_has_nothing_and_no_file(folder):
    assert progress.read() == {"bets": {}, "tasks": {}}
    assert not folder.exists()


def test_what_is_recorded_is_kept(folder):
    progress.record_hint(TASK)
    progress.record_hint(TASK)
    progress.record_pass(TASK)
    progress.record_reveal("00.other")
    assert progress.tasks() == {
        TASK: WHOLE,
        "00.other": {"passed": False, "hints": 0, "revealed": True},
    }
    assert [path.name for path in folder.iterdir()] == [progress.NAME]


def test_the_first_bet_counts(folder):
    progress.record_bet("03.root", "nobody", False)
    progress.record_bet("03.root", "the gradient", True)
    assert progress.bets() == {"03.root": {"choice": "nobody", "right": False}}


# Lessons 11 and 12 became four


def test_what_was_done_under_a_name_of_old_goes_on_under_the_new_one(file):
    old = {
        "bets": {"12.copying": {"choice": "all five", "right": False}},
        "tasks": {"12.bags": WHOLE},
    }
    file.write_text(json.dumps(old))
    assert progress.bets() == {"14.copying": {"choice": "all five", "right": False}}
    progress.record_pass("11.peel")
    kept = json.loads(file.read_text())["tasks"]
    assert kept == {"14.bags": WHOLE, "11.peel": {"passed": True, "hints": 0, "revealed": False}}


def test_what_stands_under_the_new_name_already_is_not_lost(file):
    new = {"passed": False, "hints": 1, "revealed": True}
    for tasks in {"14.bags": new, "12.bags": WHOLE}, {"12.bags": WHOLE, "14.bags": new}:
        file.write_text(json.dumps({"bets": {}, "tasks": tasks}))
        assert progress.tasks() == {"14.bags": new}


def test_names_of_old_are_nobodys_now_and_lead_to_what_there_is():
    tasks = {task.id for number in catalog.lesson_numbers() for task in catalog.tasks_of(number)}
    there = tasks | set(re.findall(r'"(\d\d\.\w+)', "".join(map(Path.read_text, LESSONS))))
    assert not set(progress.RENAMED) & there
    assert set(progress.RENAMED.values()) <= there


# Damage


@pytest.mark.parametrize(
    "content",
    [
        b"",
        b"{",
        b"[]",
        b"null",
        b"\xff\xfe\x00",
        b'{"bets": {}}',
        b'{"bets": 3, "tasks": {}}',
        b'{"bets": {}, "tasks": {"00.weighted_average": 5}}',
        b"[" * 100_000,
    ],
)
def test_a_damaged_file_is_set_aside_and_said_so(file, capsys, content):
    file.write_bytes(content)
    progress.record_pass(TASK)
    assert progress.tasks()[TASK]["passed"]
    (aside,) = file.parent.glob("progress-damaged-*.json")
    assert aside.read_bytes() == content
    printed = capsys.readouterr()
    assert printed.out == f"Your progress file was damaged. It was set aside as {aside.name}.\n"
    assert not printed.err  # nbgrader gives no points to a cell that writes there


def test_an_incomplete_entry_begins_anew_where_it_is_incomplete(file):
    tasks = {TASK: {"passed": True, "hints": "two", "later": 1}, "00.other": {}}
    file.write_text(json.dumps({"bets": {"00.x": {}}, "tasks": tasks, "version": 9}))
    progress.record_hint(TASK)
    assert progress.tasks()[TASK] == {
        "passed": True, "hints": 1, "revealed": False, "later": 1
    }  # fmt: skip
    assert progress.read()["version"] == 9
    assert TASK.partition(".")[0] in repr(Progress())  # which counts them all


# A disk that does not want to


def test_a_folder_that_cannot_be_made_is_said_once(folder, capsys):
    folder.write_text("a file where the folder should be")
    progress.record_pass(TASK)
    progress.record_pass(TASK)
    printed = capsys.readouterr().out
    assert printed.count("could not be saved") == 1 and "The lesson goes on" in printed
    assert progress.tasks() == {}


def test_a_full_disk_leaves_the_old_file_and_no_rubbish(file, capsys, monkeypatch):
    progress.record_pass(TASK)
    before = file.read_bytes()

    def full(handle):
        raise OSError(28, "No space left on device")

    monkeypatch.setattr(os, "fsync", full)
    progress.record_hint(TASK)
    assert "could not be saved (No space left on device)" in capsys.readouterr().out
    assert file.read_bytes() == before
    assert list(file.parent.iterdir()) == [file]


def test_a_file_that_cannot_be_read_is_not_written_over(file, capsys, monkeypatch):
    progress.record_pass(TASK)
    before, read_text = file.read_bytes(), Path.read_text

    def locked(path, *arguments, **options):
        if path == file:
            raise PermissionError(13, "Permission denied")
        return read_text(path, *arguments, **options)

    monkeypatch.setattr(Path, "read_text", locked)
    progress.record_hint(TASK)
    assert "could not be saved (Permission denied)" in capsys.readouterr().out
    assert progress.tasks() == {} and "it is left as it is" in capsys.readouterr().out
    assert file.read_bytes() == before


def test_half_a_surrogate_pair_is_kept_and_the_file_stays_writable(file, capsys):
    """A bet's text may have been cut in the middle of an emoji by whoever wrote it."""
    progress.record_bet("03.root", "nobody \ud83d é", True)
    progress.record_pass(TASK)
    assert progress.bets() == {"03.root": {"choice": "nobody \ud83d é", "right": True}}
    assert progress.tasks()[TASK]["passed"] and capsys.readouterr().out == ""
    assert "é" in file.read_text(encoding="utf-8")


# Can progress be kept?


def test_a_trial_writes_as_much_as_is_kept_and_leaves_nothing(folder, monkeypatch):
    written, fsync = [], os.fsync

    def note(handle):
        written.append(os.fstat(handle).st_size)
        fsync(handle)

    monkeypatch.setattr(os, "fsync", note)
    progress.trial()
    assert list(folder.iterdir()) == [] and written[0] > 0
    progress.record_bet("03.root", "x" * 5000, True)
    before = (folder / progress.NAME).read_bytes()
    written.clear()
    progress.trial()
    assert written == [len(before)]
    assert [path.name for path in folder.iterdir()] == [progress.NAME]
    assert (folder / progress.NAME).read_bytes() == before


def test_a_trial_on_a_full_disk_fails_and_leaves_nothing(folder, monkeypatch):
    def full(handle):
        raise OSError(28, "No space left on device")

    monkeypatch.setattr(os, "fsync", full)
    with pytest.raises(OSError, match="No space left"):
        progress.trial()
    assert list(folder.iterdir()) == []


@pytest.mark.skipif(not os.path.exists("/dev/full"), reason="needs a disk that is always full")
def test_a_trial_hands_the_bytes_to_the_disk(folder, monkeypatch):
    """Not only opens a file: /dev/full opens, and takes no byte."""
    folder.mkdir()
    full = lambda **options: open("/dev/full", "wb", buffering=0)  # noqa: E731, SIM115
    monkeypatch.setattr(tempfile, "NamedTemporaryFile", full)
    with pytest.raises(OSError, match="No space left"):
        progress.trial()


@pytest.mark.parametrize("in_the_way", ["", progress.NAME])
def test_a_trial_finds_what_lies_in_the_way(tmp_path, monkeypatch, in_the_way):
    """A file where the folder should be, a folder where the file should be."""
    home = tmp_path / "home"
    monkeypatch.setenv("ATTENTION_OPTIONAL_HOME", str(home))
    if in_the_way:
        (home / in_the_way).mkdir(parents=True)
    else:
        home.touch()
    with pytest.raises(OSError):
        progress.trial()


def test_a_crash_in_the_middle_of_writing_leaves_the_old_file(file):
    progress.record_pass(TASK)
    before = file.read_bytes()
    crash = (
        "import os\n"
        "from course_utils import progress\n"
        "os.fsync = lambda handle: os._exit(9)\n"
        f"progress.record_reveal({TASK!r})\n"
    )
    assert subprocess.run([sys.executable, "-c", crash], cwd=ROOT).returncode == 9
    assert file.read_bytes() == before
    progress.record_hint(TASK)  # although the one who crashed still holds the lock
    assert progress.tasks()[TASK] == {"passed": True, "hints": 1, "revealed": False}


# Two notebooks


def test_a_lock_in_use_is_waited_for(file, monkeypatch):
    lock = file.parent / "progress.lock"
    lock.touch()
    waited = []

    def sleep(seconds):
        waited.append(seconds)
        if len(waited) == 3:
            lock.unlink()

    monkeypatch.setattr(time, "sleep", sleep)
    progress.record_pass(TASK)
    assert len(waited) == 3 and progress.tasks()[TASK]["passed"]


@pytest.mark.parametrize("age", [10, -3_600], ids=["a crash", "a clock that was set back"])
def test_a_lock_that_was_left_behind_is_taken_over(file, monkeypatch, age):
    lock = file.parent / "progress.lock"
    lock.touch()
    os.utime(lock, (time.time() - age,) * 2)
    monkeypatch.setattr(progress, "PATIENCE", 5.0)
    started = time.monotonic()
    progress.record_pass(TASK)
    assert time.monotonic() - started < 5.0 and not lock.exists()


def test_two_processes_at_once_lose_nothing(file):
    writes = 40
    code = (
        "from course_utils import progress\n"
        f"for _ in range({writes}):\n"
        f"    progress.record_hint({TASK!r})\n"
    )
    writers = [subprocess.Popen([sys.executable, "-c", code], cwd=ROOT) for _ in range(2)]
    read = []
    while any(writer.poll() is None for writer in writers):
        if file.exists():
            read.append(json.loads(file.read_text()))  # never half a file
        time.sleep(0.01)
    assert [writer.returncode for writer in writers] == [0, 0]
    assert progress.tasks()[TASK]["hints"] == 2 * writes
    assert read and [path.name for path in file.parent.iterdir()] == [progress.NAME]
