"""`class grade`: every hand-in that was collected gets its record, whatever becomes of the others.

A record is a file that is written in one move, so whoever stops this, by whatever means, loses the
one submission in work; the same command goes on with the rest. A submission is known again by its
files and the run by its seed, so nothing is judged twice.
"""

import atexit
import contextlib
import datetime
import fcntl
import hashlib
import multiprocessing
import os
import sys
import threading
import time
from collections.abc import Iterator
from concurrent.futures import FIRST_COMPLETED, Future, wait
from concurrent.futures.process import BrokenProcessPool
from dataclasses import dataclass, field

import torch

import course_utils
from course_utils.classroom import gradebook
from course_utils.classroom.collect import read_folder, time_in
from course_utils.classroom.grading import FAILED, Key, draw_seed, fingerprint, grade
from course_utils.classroom.nursery import Nursery
from course_utils.classroom.place import Classroom, read_json, write_json
from course_utils.experiments.workers import executor
from course_utils.problem import Problem

AHEAD = 2  # submissions for each worker that wait in its queue, and so in memory
AT_ONCE = 2  # times that a submission may take a worker with it


@dataclass
class Graded:
    """What came of a run, in names."""

    name: str
    judged: list[str] = field(default_factory=list)
    kept: list[str] = field(default_factory=list)
    failed: dict[str, str] = field(default_factory=dict)  # {student: why it could not be judged}
    seconds: float = 0.0


def grade_assignment(
    place: Classroom, name: str, *, jobs: int = 1, scheduler: str | None = None, again: bool = False
) -> Graded:
    """Judge what was collected for an assignment and is not judged yet, and enter the points."""
    began = time.monotonic()
    with _alone(place, name):
        seed = seed_of_run(place, name, again=again)
        released = place.released(name).read_bytes()
        done = Graded(name)
        waiting: list[str] = []
        for student in place.hand_ins(name):
            record = read_json(place.record(student, name))
            digest = fingerprint(_files(place, student, name))
            is_old = record is not None and record.get("submission") == digest
            if is_old and record.get("seed") == seed and record.get("status") != FAILED:
                done.kept.append(student)
            else:
                waiting.append(student)
        for student, record in judged(place, name, released, seed, waiting, jobs, scheduler):
            record |= {"student": student, "graded": _now(), "course": course_utils.__version__}
            write_json(place.record(student, name), record)
            done.judged.append(student)
            _show(len(done.judged), len(waiting))
        records = place.records(name)
        for student, record in records.items():
            if record["status"] != "judged":
                done.failed[student] = " ".join(record["notes"][-1:]) or record["status"]
        stamps = {student: _stamp(place, student, name) for student in records}
        gradebook.enter_scores(place, name, records, stamps)
        done.seconds = time.monotonic() - began
        return done


def _files(place: Classroom, student: str, name: str) -> dict[str, bytes]:
    files = read_folder(place.submitted(student, name))
    files.pop("timestamp.txt", None)
    return files


def _stamp(place: Classroom, student: str, name: str) -> float:
    with contextlib.suppress(OSError):
        stamp = time_in((place.submitted(student, name) / "timestamp.txt").read_bytes())
        if stamp is not None:
            return stamp
    return place.submitted(student, name).stat().st_mtime


def _now() -> str:
    return datetime.datetime.now(datetime.UTC).isoformat(timespec="seconds")


def seed_of_run(place: Classroom, name: str, *, again: bool = False) -> int:
    """The private seed: drawn when a run begins, and the same for all that it judges.

    A run ends where somebody asks for it (`again`), or where the exercise is another one.
    """
    digest = hashlib.sha256(place.released(name).read_bytes()).hexdigest()
    known = read_json(place.run(name))
    if known and not again and known.get("released") == digest:
        return int(known["seed"])
    seed = draw_seed(name[:2])
    write_json(place.run(name), {"seed": seed, "begun": _now(), "released": digest})
    return seed


@contextlib.contextmanager
def _alone(place: Classroom, name: str) -> Iterator[None]:
    """Two graders at once would draw two seeds. The lock ends with its process, however it ends."""
    path = place.run(name).parent / ".lock"
    path.parent.mkdir(parents=True, exist_ok=True)
    with path.open("w") as stream:
        try:
            fcntl.flock(stream, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except OSError:
            raise Problem(f"{name} is being graded at this moment by somebody else.") from None
        yield


def _show(done: int, of: int) -> None:
    if sys.stdout.isatty() or done in (of, 1) or done % 25 == 0:
        end = "\r" if sys.stdout.isatty() and done < of else "\n"
        print(f"  {done} of {of} judged", end=end, flush=True)


# Side by side


def judged(
    place: Classroom,
    name: str,
    released: bytes,
    seed: int,
    students: list[str],
    jobs: int,
    scheduler: str | None,
) -> Iterator[tuple[str, dict]]:
    """(student, record), as soon as each is there."""

    def job(student: str) -> tuple:
        return name, released, seed, _files(place, student, name)

    if jobs == 1 and scheduler is None:
        for student in students:
            yield student, judge_one(*job(student))
        return
    deaths: dict[str, int] = {}
    while students:
        left = list(students)
        try:
            for student, record in _in_pool(left, job, jobs, scheduler):
                students.remove(student)
                yield student, record
        except BrokenProcessPool:  # somebody took a worker with it, or memory was short
            suspects = [student for student in students if student not in left]
            for student in suspects:
                deaths[student] = deaths.get(student, 0) + 1
                if deaths[student] > AT_ONCE:
                    students.remove(student)
                    text = "The process that judged it was ended from outside, several times."
                    yield student, _failed(name, seed, {}, text)


def _in_pool(left: list[str], job, jobs: int, scheduler: str | None) -> Iterator[tuple[str, dict]]:
    """Submit a few at a time: what waits is in memory. `left` loses those that were begun."""
    with executor(jobs, scheduler) as pool:
        running: dict[Future, str] = {}
        while left or running:
            while left and len(running) < AHEAD * jobs:
                student = left.pop(0)
                running[pool.submit(judge_one, *job(student))] = student
            for done in wait(running, return_when=FIRST_COMPLETED).done:
                yield running.pop(done), done.result()


_nursery: Nursery | None = None
_key: Key | None = None
_parent: int | None = None


def _end_with_parent() -> None:
    """A worker whose grader was killed waits for work that never comes: it ends, too."""
    global _parent
    if _parent is not None or multiprocessing.parent_process() is None:
        return
    _parent = os.getppid()

    def watch() -> None:
        while os.getppid() == _parent:
            time.sleep(1)
        os._exit(1)

    threading.Thread(target=watch, daemon=True).start()


def judge_one(name: str, released: bytes, seed: int, files: dict[str, bytes]) -> dict:
    """The record of one submission, by this process's own nursery. It never raises."""
    global _nursery, _key
    torch.set_num_threads(1)
    _end_with_parent()
    trouble = ""
    for _ in range(2):
        try:
            if _key is None or (_key.name, _key.seed, _key.released) != (name, seed, released):
                _key = Key.of(name, released, seed)
            if _nursery is None:
                _nursery = Nursery()
                atexit.register(close)
            if f"{name}.ipynb" not in files:
                return _failed(name, seed, files, f"There is no {name}.ipynb in it.")
            return grade(_key, files, f"{name}.ipynb", _nursery)
        except Exception as error:  # our own, or the machine's: nobody's zero
            trouble = f"{type(error).__name__}: {str(error).strip().splitlines()[-1:]}"
            close()
    return _failed(name, seed, files, f"The grader failed beside it. {trouble}")


def close() -> None:
    """End this process's nursery."""
    global _nursery
    nursery, _nursery = _nursery, None
    if nursery is not None:
        with contextlib.suppress(Exception):
            nursery.__exit__()


def _failed(name: str, seed: int, files: dict[str, bytes], why: str) -> dict:
    return {
        "assignment": name, "seed": seed, "submission": fingerprint(files), "status": FAILED,
        "notes": [why], "signs": [], "blank": False, "tasks": [], "written": [], "seconds": 0.0,
    }  # fmt: skip
