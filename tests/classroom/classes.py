"""A sample solution, and a class of two: one hands in the solution, one the untouched exercise."""

import os
import shutil
import subprocess
import sys
from pathlib import Path

import nbformat
from nbformat import NotebookNode

from course_utils import threads
from course_utils.classroom import release
from course_utils.commands import refresh
from course_utils.notebook import NOTEBOOK_METADATA
from course_utils.paths import ROOT

SAMPLE = "00_sample"
STUB = "def weighted_average(values, weights):\n    ..."
SOLUTION = """\
def weighted_average(values, weights):
    ### BEGIN SOLUTION
    total = sum(value * weight for value, weight in zip(values, weights))
    return total / sum(weights)
    ### END SOLUTION"""
CHECK = """\
verdict = check("00.weighted_average", weighted_average)
### BEGIN HIDDEN TESTS
verdict = check("00.weighted_average", weighted_average, seed=5)
### END HIDDEN TESTS
verdict.points(3)"""


def graded(grade_id: str, *, solution: bool, points: float | None = None) -> dict:
    metadata = {
        "grade": points is not None,
        "grade_id": grade_id,
        "locked": not solution,
        "schema_version": 3,
        "solution": solution,
        "task": False,
    }
    return {"nbgrader": {**metadata, **({} if points is None else {"points": points})}}


def sample(solutions: Path, *, run: bool = False) -> Path:
    """solutions/00_sample/00_sample.ipynb, around lesson 00's small task."""
    markdown, code = nbformat.v4.new_markdown_cell, nbformat.v4.new_code_cell
    book = nbformat.v4.new_notebook(metadata=NOTEBOOK_METADATA)
    book.cells = [
        markdown("# A sample", id="title"),
        code("from course_utils.checks import check, hint", id="imports"),
        code(SOLUTION, id="answer", metadata=graded("weighted_average", solution=True)),
        code("print(weighted_average([10.0, 20.0], [3.0, 1.0]))", id="try-it"),
        code(CHECK, id="test", metadata=graded("test_it", solution=False, points=3)),
    ]
    path = solutions / SAMPLE / f"{SAMPLE}.ipynb"
    path.parent.mkdir(parents=True)
    path.write_text(nbformat.writes(book), encoding="utf-8")
    if run:
        assert refresh.refresh(path) == 0
    return path


def graded_by_nbgrader(name: str, solutions: Path, course: Path) -> dict[str, NotebookNode]:
    """{"solution": …, "untouched": …}: both notebooks after nbgrader's own two commands."""
    shutil.copytree(solutions / name, course / "solutions" / name)
    shutil.copy(ROOT / "nbgrader_config.py", course)
    nbgrader(course, "generate_assignment", name)
    for student, source in (("solution", "solutions"), ("untouched", "exercises")):
        shutil.copytree(course / source / name, course / "submitted" / student / name)
    nbgrader(course, "autograde", name)
    return {
        student: nbformat.read(course / "autograded" / student / name / f"{name}.ipynb", 4)
        for student in ("solution", "untouched")
    }


def nbgrader(course: Path, *arguments: str) -> None:
    # As in an activated environment: nbgrader calls alembic by its name.
    path = os.pathsep.join([str(Path(sys.executable).parent), os.environ.get("PATH", "")])
    done = subprocess.run(
        [sys.executable, "-m", "nbgrader", *arguments],
        cwd=course,
        env={**os.environ, **threads.SETTINGS, "PATH": path, "PYTHONPATH": str(ROOT)},
        capture_output=True,
        text=True,
    )
    assert done.returncode == 0, done.stderr[-4000:]


def scores(notebook: NotebookNode) -> dict[str, tuple[float, float]]:
    """{grade id: (points, most)} of each check cell, by nbgrader's own reading of the outputs.

    Words that a person grades are no check cells.
    """
    from nbgrader.utils import determine_grade, is_grade

    return {
        cell.metadata.nbgrader.grade_id: determine_grade(cell)
        for cell in notebook.cells
        if is_grade(cell) and cell.cell_type == "code"
    }


def fresh(name: str, solutions: Path) -> release.Release:
    return release.generate([name], solutions)[0]
