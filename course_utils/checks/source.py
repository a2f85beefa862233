"""The text of an answer: one for the check, for `reveal` and for the solution's notebook."""

import ast
import inspect
import re
from collections.abc import Callable

from course_utils.checks.task import Task

MARKER = re.compile(r"^[ \t]*### (BEGIN|END) SOLUTION[ \t]*\n", flags=re.MULTILINE)


def as_written(answer: Callable) -> str:
    """The answer as its file has it, markers included, without the decorator above it."""
    lines = inspect.getsource(inspect.unwrap(answer)).splitlines(keepends=True)
    begin = next(i for i, line in enumerate(lines) if line.startswith(("def ", "class ")))
    return "".join(lines[begin:]).rstrip() + "\n"


def as_shown(task: Task, tasks: list[Task]) -> str:
    """What `reveal` prints: the answer, and before it those of earlier tasks that it calls."""
    own = MARKER.sub("", as_written(task.reference))
    return "\n\n".join([*(as_shown(other, tasks) for other in called_by(task, tasks)), own])


def called_by(task: Task, tasks: list[Task]) -> list[Task]:
    """The other tasks of the lesson whose functions the answer uses by name."""
    used = {
        node.id
        for node in ast.walk(ast.parse(as_written(task.reference)))
        if isinstance(node, ast.Name)
    }
    return [other for other in tasks if other is not task and other.reference.__name__ in used]
