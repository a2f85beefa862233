"""Lessons that still declare their tasks in one list; goes when the last has moved."""

from dataclasses import dataclass

from course_utils.checks import task
from course_utils.checks.task import Case  # noqa: F401


@dataclass
class Misconception:
    name: str
    implementation: object
    explanation: str


def Task(*, reference, cases, misconceptions, alternatives=(), praise="", **rest):
    made = task.Task(
        rest.pop("id"), rest.pop("title"), praise=praise or "Right, on every case.", **rest
    )
    made.answer(reference)
    made.cases(cases)
    for number, wrong in enumerate(misconceptions):
        headline = f"{wrong.name[:1].upper()}{wrong.name[1:]}."
        made.misconceptions.append(
            task.Misconception(f"m{number}", wrong.implementation, headline, wrong.explanation)
        )
    made.alternatives += alternatives
    return made
