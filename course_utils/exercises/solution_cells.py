"""What a solution's notebook gets from its tasks: the answers, and nbgrader's metadata.

Authors write texts, try-cells, a cell with `def name` and `### BEGIN SOLUTION` for each task, and
one that ends in `.points(3)`. The rest stands in the task's file, or follows from these.
"""

import re

from nbformat import NotebookNode, from_dict

from course_utils.checks import catalog, source
from course_utils.checks.task import Task
from course_utils.paths import LESSON_NUMBER

BEGIN = "### BEGIN SOLUTION"
DEFINED = re.compile(r"^(?:def|class) (\w+)", flags=re.MULTILINE)
CHECKED = re.compile(rf"""\bcheck\(\s*["']{LESSON_NUMBER}\.(\w+)""")
POINTS = re.compile(r"\.points\((\d+(?:\.\d+)?)\)\s*$")


def derive(notebook: NotebookNode, lesson: str) -> None:
    """Put the answers of lesson "03" and the metadata into the notebook, in place.

    ValueError names the cell of an answer that no task asks for.
    """
    tasks = {task.reference.__name__: task for task in catalog.tasks_of(lesson)}
    for cell in notebook.cells:
        if cell.cell_type != "code":
            continue
        if BEGIN in cell.source and "BEGIN HIDDEN" not in cell.source:
            task = _task_of(cell, tasks, lesson)
            cell.source = source.as_written(task.reference).rstrip()
            cell.metadata["nbgrader"] = _metadata(_known_id(cell) or task.id[3:], solution=True)
        points = POINTS.search(cell.source)
        if points:
            name = CHECKED.search(cell.source)[1]
            worth = float(points[1]) if "." in points[1] else int(points[1])
            grade_id = _known_id(cell) or f"check_{name}"
            cell.metadata["nbgrader"] = _metadata(grade_id, grade=True, points=worth)


def _task_of(cell: NotebookNode, tasks: dict[str, Task], lesson: str) -> Task:
    defined = DEFINED.search(cell.source)
    if defined is None or defined[1] not in tasks:
        raise ValueError(
            f"the cell {cell.source.splitlines()[0]!r} holds a solution, and no task of lesson "
            f"{lesson} has an answer of that name: there are {', '.join(tasks)}."
        )
    return tasks[defined[1]]


def _known_id(cell: NotebookNode) -> str | None:
    """The id that the cell has already: gradebooks know it."""
    return cell.metadata.get("nbgrader", {}).get("grade_id")


def _metadata(
    grade_id: str, *, solution: bool = False, grade: bool = False, points: int | float | None = None
) -> NotebookNode:
    """nbgrader's, of its schema 3: an answer's cell, or a locked one that gives points."""
    known = {
        "grade": grade,
        "grade_id": grade_id,
        "locked": not solution,
        "schema_version": 3,
        "solution": solution,
        "task": False,
    }
    return from_dict(known if points is None else {**known, "points": points})
