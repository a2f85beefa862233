"""Submissions judged one after the other, in processes side by side, or on a Dask cluster.

A submission that takes a worker with it takes nobody's record: what was in work beside it is judged
again, each by itself.
"""

import atexit
import contextlib
import multiprocessing
import os
import threading
import time
from collections.abc import Callable, Iterator
from concurrent.futures import Executor, Future
from concurrent.futures.process import BrokenProcessPool

import torch

from course_utils.classroom import same_course
from course_utils.classroom.grading import FAILED, Key, fingerprint, grade
from course_utils.classroom.nursery import Nursery
from course_utils.experiments.workers import Cluster, executor, first_done
from course_utils.problem import Problem

AHEAD = 2  # submissions for each worker that wait in its queue, and so in memory
AT_ONCE = 2  # times that a submission may take a worker with it that works on nothing else
NOBODY_THERE = 60.0  # seconds after which a cluster without workers is given up

Job = tuple[str, bytes, int, dict[str, bytes]]  # what `judge_one` gets


def judged(
    students: list[str], job: Callable[[str], Job], jobs: int, scheduler: str | None
) -> Iterator[tuple[str, dict]]:
    """(student, record), as soon as each is there."""
    if jobs == 1 and scheduler is None:
        for student in students:
            yield student, judge_one(*job(student))
        return
    left, lost = list(students), []
    while left:
        for student, record in _in_pool(left, job, jobs, scheduler):
            if record is None:
                lost.append(student)
            else:
                yield student, record
    for student in lost:
        why = "The process that judged it was ended from outside, several times."
        record = _by_itself(student, job, scheduler)
        yield student, record or _failed(*job(student), why)


def _by_itself(student: str, job: Callable[[str], Job], scheduler: str | None) -> dict | None:
    """One that went down with others: perhaps they took it along, and it takes nobody now."""
    for _ in range(AT_ONCE):
        for _, record in _in_pool([student], job, 1, scheduler):
            if record is not None:
                return record
    return None


def _in_pool(
    left: list[str], job: Callable[[str], Job], jobs: int, scheduler: str | None
) -> Iterator[tuple[str, dict | None]]:
    """(student, record), or None for a record that went down with its worker.

    Takes the students out of `left`; a broken pool begins no more, and leaves the others in it.
    A few are submitted at a time: what waits is in memory.
    """
    with executor(jobs, scheduler) as pool:
        running: dict[Future, str] = {}
        is_broken = False
        while running or (left and not is_broken):
            ahead = AHEAD * (pool.workers or 1 if isinstance(pool, Cluster) else jobs)
            while left and not is_broken and len(running) < ahead:
                try:
                    running[_submitted(pool, job(left[0]))] = left[0]
                    del left[0]
                except BrokenProcessPool:
                    is_broken = True
            for done in _next(pool, running):
                record = _record(pool, done)
                is_broken = is_broken or record is None
                yield running.pop(done), record


def _submitted(pool: Executor, arguments: Job) -> Future:
    if isinstance(pool, Cluster):
        return pool.submit(same_course.run, same_course.fingerprint(), judge_one, *arguments)
    return pool.submit(judge_one, *arguments)


def _record(pool: Executor, done: Future) -> dict | None:
    """None where it took its worker with it, or memory was short there."""
    try:
        return done.result()
    except BrokenProcessPool:
        return None
    except Problem:
        raise
    except Exception as error:  # `judge_one` raises nothing, so it could not even be begun
        if not isinstance(pool, Cluster):
            raise
        first_line = str(error).strip().partition("\n")[0]
        raise Problem(
            f"The Dask cluster could not begin ({type(error).__name__}: {first_line}). Its "
            "scheduler and its workers need the course, in the version of this folder."
        ) from None


def _next(pool: Executor, running: dict[Future, str]) -> set[Future]:
    """Those of them that are done, one at least. Problem if nobody works on them any more."""
    while running:
        done = first_done(pool, running, NOBODY_THERE)
        if done:
            return done
        if isinstance(pool, Cluster) and not pool.workers:
            raise Problem(
                f"The Dask cluster has had no worker for {NOBODY_THERE:.0f} seconds. Start one: "
                "dask worker ADDRESS --nthreads 1. The same command goes on with what is left."
            )
    return set()


_nursery: Nursery | None = None
_key: Key | None = None
_parent: int | None = None
_one_at_a_time = threading.Lock()  # a Dask worker may have several threads, and one nursery


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
    with _one_at_a_time:
        return _judge_one(name, released, seed, files)


def _judge_one(name: str, released: bytes, seed: int, files: dict[str, bytes]) -> dict:
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
                return _failed(name, released, seed, files, f"There is no {name}.ipynb in it.")
            return grade(_key, files, f"{name}.ipynb", _nursery)
        except Exception as error:  # our own, or the machine's: nobody's zero
            trouble = f"{type(error).__name__}: {str(error).strip().splitlines()[-1:]}"
            close()
    return _failed(name, released, seed, files, f"The grader failed beside it. {trouble}")


def close() -> None:
    """End this process's nursery."""
    global _nursery
    nursery, _nursery = _nursery, None
    if nursery is not None:
        with contextlib.suppress(Exception):
            nursery.__exit__()


def _failed(name: str, released: bytes, seed: int, files: dict[str, bytes], why: str) -> dict:
    return {
        "assignment": name, "seed": seed, "submission": fingerprint(files), "status": FAILED,
        "notes": [why], "signs": [], "blank": False, "tasks": [], "written": [], "seconds": 0.0,
    }  # fmt: skip
