"""Finding a task by its id.

The exercises rest on the checks, and not the other way round: here alone they are looked up, by the
name of their package.
"""

import difflib
import importlib
import pkgutil
from collections.abc import Callable
from pathlib import Path

from course_utils.checks.task import Task

EXERCISES = "course_utils.exercises"


class UnknownTask(LookupError):
    """There is no task of that id."""


def lesson_numbers() -> list[str]:
    """The lessons that have tasks: ["00", "01", …]."""
    folders = pkgutil.iter_modules(importlib.import_module(EXERCISES).__path__)
    names = (folder.name for folder in folders)
    new = {name.removeprefix("lesson_") for name in names if name.startswith("lesson_")}
    old = {path.stem.removeprefix("lesson_") for path in Path(__file__).parent.glob("lesson_*.py")}
    return sorted(new | old)


def tasks_of(lesson: str) -> list[Task]:
    """The tasks of a lesson, "03", in their order."""
    if Path(__file__).with_name(f"lesson_{lesson}.py").exists():
        return list(importlib.import_module(f"course_utils.checks.lesson_{lesson}").TASKS)
    tasks = importlib.import_module(f"{EXERCISES}.lesson_{lesson}").TASKS
    return [task.declared() for task in tasks]


def find(task_id: str) -> Task:
    """The task of that id. UnknownTask names the nearest ids if there is none."""
    lesson = str(task_id)[:2]
    if lesson in lesson_numbers():
        for task in tasks_of(lesson):
            if task.id == task_id:
                return task
    known = [task.id for number in lesson_numbers() for task in tasks_of(number)]
    near = difflib.get_close_matches(str(task_id), known, n=3, cutoff=0.3) or known[:3]
    raise UnknownTask(f"There is no task {task_id!r}. Did you mean {' or '.join(near)}?")


def answer_named(name: str, lesson: str) -> Callable | None:
    """The answer of that name among a lesson's tasks; None if no task asks for it."""
    return next((t.reference for t in tasks_of(lesson) if t.reference.__name__ == name), None)
