"""The record that teachers' other tools read: nbgrader's gradebook, written by its own API.

Points that a person gave (`manual_score`) are never touched.
"""

import datetime
import os
import sys
import warnings
from collections.abc import Iterable, Mapping
from contextlib import contextmanager
from pathlib import Path

from nbformat import NotebookNode

from course_utils import notebook
from course_utils.checks.merge import is_answer, marks
from course_utils.classroom.grading import JUDGED
from course_utils.classroom.place import Classroom
from course_utils.classroom.roster import Student


@contextmanager
def opened(place: Classroom):
    from nbgrader.api import Gradebook

    beside = str(Path(sys.executable).parent)  # a new gradebook is made by `alembic`, by its name
    if beside not in os.environ.get("PATH", "").split(os.pathsep):
        os.environ["PATH"] = os.pathsep.join([beside, os.environ.get("PATH", "")])
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")  # nbgrader's own, about how it speaks to its database
        with Gradebook(place.gradebook, course_id=place.course) as book:
            yield book


def enter_students(place: Classroom, students: Iterable[Student]) -> None:
    with opened(place) as book:
        for student in students:
            _enter_student(book, student)


def _enter_student(book, student: Student) -> None:
    named = {key: value or None for key, value in vars(student).items() if key != "id"}
    book.update_or_create_student(student.id, **named)


def enter_assignment(place: Classroom, name: str) -> float:
    """The assignment with its cells, as `nbgrader generate_assignment` would; its points."""
    released = notebook.read(place.released(name).read_text(encoding="utf-8"))
    with opened(place) as book:
        book.update_or_create_assignment(name)
        book.update_or_create_notebook(name, name)
        for cell in released.cells:
            if "grade_id" in marks(cell):
                _enter_cell(book, name, cell)
        return float(book.find_assignment(name).max_score)


def _enter_cell(book, name: str, cell: NotebookNode) -> None:
    known = marks(cell)
    where = known["grade_id"], name, name
    if known.get("grade"):
        points = float(known.get("points", 0))
        book.update_or_create_grade_cell(*where, max_score=points, cell_type=cell.cell_type)
    if is_answer(cell) or known.get("solution"):
        book.update_or_create_solution_cell(*where)
    book.update_or_create_source_cell(
        *where,
        cell_type=cell.cell_type,
        source=cell.source,
        checksum=known.get("checksum"),
        locked=bool(known.get("locked")),
    )


def enter_scores(
    place: Classroom, name: str, records: Mapping[str, dict], stamps: Mapping[str, float]
) -> None:
    """The points of these students; the same once more changes nothing.

    What could not be judged has no score, and waits for a person (`needs_manual_grade`).
    """
    with opened(place) as book:
        for student, record in records.items():
            _enter_student(book, place.students.get(student, Student(student)))
            when = datetime.datetime.fromtimestamp(stamps.get(student, 0), datetime.UTC)
            book.update_or_create_submission(name, student, timestamp=when.replace(tzinfo=None))
            scores = {task["grade_id"]: task["points"] for task in record["tasks"]}
            scores |= {text["grade_id"]: 0.0 for text in record["written"] if text["blank"]}
            submission = book.find_submission_notebook(name, name, student)
            for grade in submission.grades:
                score = scores.get(grade.name) if record["status"] == JUDGED else None
                grade.auto_score = score
                grade.needs_manual_grade = score is None and grade.manual_score is None
        book.db.commit()
