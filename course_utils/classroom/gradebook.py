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


def with_a_persons(place: Classroom, name: str, records: Mapping[str, dict]) -> dict[str, dict]:
    """The records with the points and comments that a person gave in Formgrader, which count.

    A task that a person graded has "by_person": True, a text has its points under "given" (None:
    nobody read it yet). For a hand-in that could not be judged, "by_person" is {cell: points}.
    """
    given, answers = _by_hand(place, name), _answers(place, name)
    return {
        student: _with(record, given.get(student, {}), answers)
        for student, record in records.items()
    }


def points_of(record: Mapping) -> float:
    """What a hand-in has earned so far, of checks and of persons."""
    of_tasks = [task["points"] for task in record["tasks"]]
    of_words = [text["given"] or 0.0 for text in record["written"]]
    return float(sum([*of_tasks, *of_words, *record["by_person"].values()]))


def scores(place: Classroom, name: str) -> dict[str, tuple[float, bool]]:
    """{student: (points so far, whether something waits for a person)} of all hand-ins."""
    with opened(place) as book:
        return {
            one.student.id: (one.score, bool(one.needs_manual_grade))
            for one in book.assignment_submissions(name)
        }


def _answers(place: Classroom, name: str) -> dict[str, str]:
    """{check's cell: the answer's cell before it}, under which Formgrader has a comment's box."""
    found, latest = {}, ""
    for cell in notebook.read(place.released(name).read_text(encoding="utf-8")).cells:
        if is_answer(cell):
            latest = marks(cell)["grade_id"]
        elif marks(cell).get("grade"):
            found[marks(cell)["grade_id"]] = latest
    return found


def _by_hand(place: Classroom, name: str) -> dict[str, dict[str, tuple[float | None, str]]]:
    """{student: {cell: (points that a person gave or added to, comment)}}, where there are any."""
    found: dict[str, dict] = {}
    with opened(place) as book:
        for submission in book.assignment_submissions(name):
            cells: dict[str, tuple[float | None, str]] = {}
            for notebook_ in submission.notebooks:
                for comment in notebook_.comments:
                    if comment.manual_comment:
                        cells[comment.name] = None, comment.manual_comment
                for grade in notebook_.grades:
                    if grade.manual_score is not None or grade.extra_credit:
                        points = (grade.manual_score if grade.manual_score is not None
                                  else grade.auto_score or 0.0)  # fmt: skip
                        said = cells.get(grade.name, (None, ""))[1]
                        cells[grade.name] = points + (grade.extra_credit or 0.0), said
            found[submission.student.id] = cells
    return found


def _with(record: dict, given: Mapping[str, tuple[float | None, str]], answers: Mapping) -> dict:
    tasks, written = [], []
    nothing = None, ""
    for task in record["tasks"]:
        points, said = given.get(task["grade_id"], nothing)
        said = given.get(answers.get(task["grade_id"]), nothing)[1] or said
        changed = {} if points is None else {"points": points, "by_person": True}
        tasks.append({**task, **changed, "comment": said})
    for text in record["written"]:
        points, said = given.get(text["grade_id"], nothing)
        points = 0.0 if points is None and text["blank"] else points
        written.append({**text, "given": points, "comment": said})
    cells = {cell: points for cell, (points, _) in given.items() if points is not None}
    return {**record, "tasks": tasks, "written": written, "by_person": {} if tasks else cells}


def enter_scores(
    place: Classroom, name: str, records: Mapping[str, dict], stamps: Mapping[str, float]
) -> None:
    """The points of these students; the same once more changes nothing.

    What could not be judged has no score, and waits for a person (`needs_manual_grade`).
    """
    with opened(place) as book:
        for student, record in records.items():
            if student in place.students:
                _enter_student(book, place.students[student])
            else:  # left the class: the gradebook keeps the name that it knows
                book.update_or_create_student(student)
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
