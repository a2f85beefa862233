"""Finding a task by its id.

The exercises rest on the checks, and not the other way round: here alone they are looked up, by the
name of their package.
"""

import difflib
import importlib
import pkgutil

from course_utils.checks.task import Task

EXERCISES = "course_utils.exercises"


class UnknownTask(LookupError):
    """There is no task of that id."""


def lesson_numbers() -> list[str]:
    """The lessons that have tasks, and the appendix: ["00", "01", …, "A1"]."""
    folders = pkgutil.iter_modules(importlib.import_module(EXERCISES).__path__)
    names = (folder.name for folder in folders)
    return sorted(name.removeprefix("lesson_") for name in names if name.startswith("lesson_"))


def tasks_of(lesson: str) -> list[Task]:
    """The tasks of a lesson, "03", in their order."""
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
