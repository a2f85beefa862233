"""One submission, judged: the right answers, the comparison and the points stay in this process.

What a student wrote is read, and run, in children (`nursery`) alone. Hidden inputs come from a
private seed, the same for all students of a run; it stands in each record, so that a grade can be
worked out again. What could not be judged is said as such, and is no zero.
"""

import hashlib
import random
import time
from collections.abc import Mapping
from dataclasses import dataclass, field, replace
from typing import Any

import torch

from course_utils.checks.asked import Here
from course_utils.checks.catalog import tasks_of
from course_utils.checks.judge import (
    KINDS_OF_ERROR,
    Attempt,
    Examination,
    KnownMistakes,
    examine,
    is_right,
)
from course_utils.checks.task import Task
from course_utils.checks.verdict import Verdict
from course_utils.classroom.away import Away, Trouble
from course_utils.classroom.confine import FILE_BYTES, WORK_BYTES
from course_utils.classroom.equipment import equipment
from course_utils.classroom.nursery import Gone, Nursery

READING = 60.0  # seconds for a notebook, however large
JUDGED, DAMAGED, FAILED = "judged", "damaged", "could not be judged"
BESIDE = WORK_BYTES * 3 // 4  # bytes of an answer's folder that may be taken when it begins
SEEDS = 2**31  # private seeds are drawn from below this


@dataclass
class Key:
    """What a run knows of an assignment: the notebook as handed out, the seed, the answers."""

    name: str
    released: bytes
    seed: int
    tasks: dict[str, Task] = field(default_factory=dict)
    known: dict[str, KnownMistakes] = field(default_factory=dict)
    equipment: dict[str, str] = field(default_factory=dict)

    @classmethod
    def of(cls, name: str, released: bytes, seed: int) -> "Key":
        made = cls(name, released, seed)
        for task in tasks_of(name[:2]):
            made.tasks[task.id] = task
            made.known[task.id] = KnownMistakes(task)
            made.equipment[task.id] = equipment(task, task.cases_for(seed))
        return made


def draw_seed(lesson: str, rng: random.Random | None = None) -> int:
    """A private seed under which each task tells its right answer from every known mistake."""
    rng = rng or random.SystemRandom()
    while True:
        seed = rng.randrange(1, SEEDS)
        if all(_tells_apart(task, seed) for task in tasks_of(lesson)):
            return seed


def _tells_apart(task: Task, seed: int) -> bool:
    known = KnownMistakes(task)

    def passes(answer: Any) -> bool:
        return is_right(task, Here(task, answer), seed=seed, known=known)

    return passes(task.reference) and not any(
        passes(mistake.implementation) for mistake in task.misconceptions
    )


def grade(key: Key, files: Mapping[str, bytes], notebook: str, nursery: Nursery) -> dict:
    """The record of a submission, without the student's name: verdicts, points, notes, signs.

    `files` are those handed in, by their place in the folder; `notebook` is the one of them that
    has the answers.
    """
    began = time.monotonic()
    record = {
        "assignment": key.name,
        "seed": key.seed,
        "submission": fingerprint(files),
        "status": JUDGED,
        "notes": [],
        "signs": [],
        "blank": False,
        "tasks": [],
        "written": [],
    }
    request = {"do": "plan", "released": key.released, "submitted": files[notebook]}
    try:
        with nursery.child() as child:
            plan = child.ask(request, READING)
    except Gone as gone:
        plan = {"damaged": gone.text}
    if "damaged" in plan:
        record |= {"status": DAMAGED, "notes": [f"The notebook cannot be read. {plan['damaged']}"]}
        return record | {"seconds": round(time.monotonic() - began, 3)}
    record |= {name: plan[name] for name in ("notes", "signs", "blank", "written")}
    helpers, left_out = beside(files, notebook)
    record["notes"] = [*record["notes"], *left_out]
    for planned in plan["tasks"]:
        record["tasks"].append(_grade_task(key, planned, helpers, nursery))
    return record | {"seconds": round(time.monotonic() - began, 3)}


def beside(files: Mapping[str, bytes], notebook: str) -> tuple[dict[str, bytes], list[str]]:
    """(the files that lie beside the answer when it is run, sentences about those that are too
    large for its folder). The small ones first: a model of 100 MB takes no helper's place."""
    kept: dict[str, bytes] = {}
    notes, room = [], BESIDE
    for name, content in sorted(files.items(), key=lambda one: len(one[1])):
        if name == notebook:
            continue
        if len(content) > min(FILE_BYTES, room):
            notes.append(f"{name!r} was not beside the answer: it has {len(content):,} bytes.")
            continue
        kept[name], room = content, room - len(content)
    return kept, notes


def _grade_task(key: Key, planned: dict, files: dict[str, bytes], nursery: Nursery) -> dict:
    found = _examine(key, planned, planned["steps"], files, nursery)
    if found.verdict.failure == "error" and planned["all"] != planned["steps"]:
        # It may rest on what no name leads to (a table that a loop fills, a method given to
        # tensors): once more, with all that the student wrote.
        again = _examine(key, planned, planned["all"], files, nursery)
        found = again if again.verdict.passed else found
    verdict = found.verdict
    most = planned["points"]
    return verdict.data | {
        "points": most if verdict.passed else 0.0,
        "most": most,
        "grade_id": planned["grade_id"],
        "text": without_hints(verdict.text),
        "answer": planned["answer"],
        "returned": "" if verdict.passed else _returned(found.attempts),
    }


def _examine(
    key: Key, planned: dict, steps: list[dict], files: dict[str, bytes], nursery: Nursery
) -> Examination:
    task = key.tasks[planned["task"]]
    began = time.monotonic()
    with nursery.child() as child:
        try:
            away = Away(task, child, planned, steps, files, key.equipment[task.id])
            return examine(task, away, seed=key.seed, known=key.known[task.id])
        except Trouble as trouble:
            failure = KINDS_OF_ERROR.get(trouble.error, "error")
            verdict = Verdict(task.id, task.title, False, trouble.text, failure=failure)
            return Examination(replace(verdict, seconds=time.monotonic() - began))


def without_hints(text: str) -> str:
    """The verdict's sentences for a page: there is nobody to ask for a hint, and half a character
    of a student's, which no file can hold, is written out."""
    kept = "\n".join(line for line in text.splitlines() if not line.startswith("Stuck? "))
    return kept.encode("utf-8", "backslashreplace").decode()


def fingerprint(files: Mapping[str, bytes]) -> str:
    """The same for the same files: a submission that was judged is known again by it."""
    digest = hashlib.sha256()
    for name in sorted(files):
        digest.update(f"{len(name)} {name} {len(files[name])} ".encode("utf-8", "surrogateescape"))
        digest.update(files[name])
    return digest.hexdigest()


def _returned(attempts: tuple[Attempt, ...]) -> str:
    """Answers that do the same on all cases get the same word, whatever they look like."""
    if not attempts:
        return ""
    digest = hashlib.sha256()
    for attempt in attempts:
        outcome = attempt.outcome
        said = outcome.error or _rounded(outcome.value)
        digest.update(said.encode("utf-8", "backslashreplace"))
    return digest.hexdigest()[:12]


def _rounded(value: Any) -> str:
    """The value as text, to three digits, so that rounding does not tell two of a kind apart."""
    if isinstance(value, torch.Tensor):
        value = {"shape": list(value.shape), "values": value.detach().flatten()[:200].tolist()}
    if isinstance(value, float):
        return f"{value:.3g}"
    if isinstance(value, list | tuple):
        return f"[{','.join(map(_rounded, value[:200]))}]"
    if isinstance(value, dict):
        pairs = sorted(f"{key}:{_rounded(one)}" for key, one in list(value.items())[:200])
        return f"{{{','.join(pairs)}}}"
    return repr(value)[:200]
