"""Submissions judged side by side, when a process is taken along, or is of another course."""

import os
import signal

import pytest

from course_utils.classroom import same_course, side_by_side
from course_utils.classroom.grading import FAILED
from course_utils.problem import Problem


def judge_or_die(name, released, seed, files):
    if "deadly" in files:
        os.kill(os.getpid(), signal.SIGKILL)
    return {"submission": sorted(files)}


def test_who_takes_a_worker_along_takes_nobodys_record(monkeypatch):
    monkeypatch.setattr(side_by_side, "judge_one", judge_or_die)
    handed_in = {who: {"deadly" if who == "ben" else who: b""} for who in ("anna", "ben", "cleo")}

    def job(student):
        return "03_attention", b"", 1, handed_in[student]

    students = list(handed_in)
    records = dict(side_by_side.judged(students, job, 2, None))
    assert students == list(handed_in), "the caller counts by this list"
    assert records.keys() == handed_in.keys()
    assert records["anna"] == {"submission": ["anna"]} and records["cleo"]["submission"] == ["cleo"]
    assert records["ben"]["status"] == FAILED and "several times" in records["ben"]["notes"][0]


def test_another_course_is_refused_and_the_same_one_judges(tmp_path):
    assert same_course.run(same_course.fingerprint(), sum, (1, 2)) == 3
    with pytest.raises(Problem, match="another version of the course, in /.*course_utils"):
        same_course.run("0123", sum, (1, 2))
    (tmp_path / "tasks.py").write_text("a = 1")
    first = same_course.fingerprint(tmp_path)
    (tmp_path / "other.py").write_text("")
    assert same_course.fingerprint.__wrapped__(tmp_path) != first
