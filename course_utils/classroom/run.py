"""`class grade`: every hand-in that was collected gets its record, whatever becomes of the others.

A record is a file that is written in one move, so whoever stops this, by whatever means, loses the
one submission in work; the same command goes on with the rest. A submission is known again by its
files and the run by its seed, so nothing is judged twice.
"""

import contextlib
import datetime
import fcntl
import hashlib
import sys
import time
from collections.abc import Iterator
from dataclasses import dataclass, field

import course_utils
from course_utils.classroom import gradebook
from course_utils.classroom.collect import read_folder
from course_utils.classroom.formgrader import write_for_formgrader
from course_utils.classroom.grading import FAILED, JUDGED, draw_seed, fingerprint
from course_utils.classroom.place import Classroom, read_json, write_json
from course_utils.classroom.side_by_side import Job, judged
from course_utils.problem import Problem


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

        def job(student: str) -> Job:
            return name, released, seed, _files(place, student, name)

        for student, record in judged(waiting, job, jobs, scheduler):
            record |= {"student": student, "graded": _now(), "course": course_utils.__version__}
            write_json(place.record(student, name), record)
            done.judged.append(student)
            _show(len(done.judged), len(waiting))
        records = place.records(name)
        stamps = {student: _stamp(place, student, name) for student in records}
        gradebook.enter_scores(place, name, records, stamps)
        write_for_formgrader(place, name, records)
        for student, record in gradebook.with_a_persons(place, name, records).items():
            if record["status"] != JUDGED and not record["by_person"]:
                done.failed[student] = " ".join(record["notes"][-1:]) or record["status"]
        done.seconds = time.monotonic() - began
        return done


def _files(place: Classroom, student: str, name: str) -> dict[str, bytes]:
    files = read_folder(place.submitted(student, name))
    files.pop("timestamp.txt", None)
    return files


def _stamp(place: Classroom, student: str, name: str) -> float:
    return place.handed_in(student, name) or place.submitted(student, name).stat().st_mtime


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
