"""`python -m course_utils check 03`: is my finished exercise right?

The learner's answers are put into the teacher's notebook (see merge.py), and nbval runs it in the
learner's folder and compares with the outputs that are stored there. What counts for a task is its
check cell: the verdict that it shows and the points, not what else is printed there.
"""

import json
import os
import re
import subprocess
import sys
import tempfile
import textwrap
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

import nbformat
from nbformat import NotebookNode
from nbformat.v4 import new_code_cell

from course_utils import notebook, options, progress, threads
from course_utils.checks.merge import Merged, is_answer, is_check, marks, merge
from course_utils.paths import (
    EXERCISES,
    LESSON_FILES,
    LESSON_NUMBER,
    ROOT,
    SOLUTIONS,
    my_course,
    place_of,
)
from course_utils.problem import Problem

CELL_TIMEOUT = 60  # seconds; checks stop an answer much earlier, this is for loops around them
START_TIMEOUT = 120  # seconds for pytest, the kernel and torch to be there
GO_TO_LEARNERS_FOLDER = "import os\nos.chdir(os.environ['LEARNERS_FOLDER'])\ndel os"
CHECK_CALL = re.compile(rf"""\bcheck\(\s*["']({LESSON_NUMBER}\.[a-z0-9_]+)["']""")
# A syntax error's place: the line of the cell is the learner's, the file's name is the kernel's.
INNER_FILE = re.compile(r"\((?:<\w+>|\d+\.py), line (\d+)\)")
# What a learner's own print() adds to a verdict is not compared: nbval cuts it off before it looks.
# Its rules are replacements, and one that replaces by nothing ends in a blank.
ABOUT = ROOT / "course_utils" / "nbval_sanitize.cfg"  # numbers behind ≈
SANITIZE = (
    "[own prints]\n"
    "regex: (?s)\\n\\(your code printed: .*\\)$\n"
    "replace: \n"
    "regex: (?s)<br>\\(your code printed: .*\\)(?=</div>$)\n"
    "replace: \n"
)


@dataclass(frozen=True)
class Result:
    """One task: solved or not, and if not, the sentence that says why."""

    task_id: str
    passed: bool
    why: str = ""


def main(argv: list[str]) -> int:
    """The command: 0 if every task is solved, else 1; a Problem where that cannot be told."""
    chosen = options.check().parse_args(argv)
    teacher = teachers_notebook(chosen.lesson)
    path = chosen.notebook or learners_copy(f"{teacher.parent.name}/{teacher.name}")
    merged = merge(read(teacher), read_learners(path))
    print(f"{place(path)}: running your answers in the teacher's notebook…", flush=True)
    results = run(merged, path.parent)
    print(report(results, merged.notes))
    for result in results:
        if result.passed:
            progress.record_pass(result.task_id)
    return 0 if all(result.passed for result in results) else 1


def learners_copy(place: str) -> Path:
    """Where learners work: in my_course, or, where nothing was handed out, in exercises/."""
    copy = my_course() / "exercises" / place
    return copy if copy.exists() else EXERCISES / place


def teachers_notebook(lesson: str) -> Path:
    """The solution of an exercise that is named by its number, or by more of its name."""
    every = sorted(SOLUTIONS.glob(f"*/{LESSON_FILES}"))
    known = [path for path in every if path.stem == path.parent.name]
    meant = [path for path in known if path.stem.startswith(lesson)]
    if len(meant) == 1 and len(lesson) >= 2:
        return meant[0]
    numbers = ", ".join(path.stem[:2] for path in known) or "none yet"
    raise Problem(f"There is no exercise {lesson!r}. There are: {numbers}.")


def place(path: Path) -> str:
    return place_of(Path(os.path.abspath(path)))


def read(path: Path) -> NotebookNode:
    return notebook.read(path.read_text(encoding="utf-8"))


def read_learners(path: Path) -> NotebookNode:
    """The learner's notebook, whatever state it is in; a Problem says what is wrong with it."""
    if not os.path.lexists(path):
        raise Problem(f"There is no {place(path)}; --notebook PATH names another place.")
    if not path.is_file():  # a pipe would be waited for, and a link may lead in a circle
        raise Problem(f"{place(path)} is no file; --notebook PATH names another place.")
    try:
        book = read(path)
        "".join(cell.source for cell in book.cells).encode("utf-8")
        return book
    except UnicodeEncodeError:
        trouble = "a cell holds half a character, which cannot be run"
    except OSError as error:
        raise Problem(f"{place(path)} cannot be read: {error.strerror}.") from None
    except json.JSONDecodeError as error:
        trouble = f"line {error.lineno} is not what a notebook may contain"
    except Exception as error:  # nbformat has many ways to say that something is no notebook
        trouble = f"{type(error).__name__}: {str(error).splitlines()[0] if str(error) else ''}"
    raise Problem(
        f"{place(path)} is damaged ({trouble}). In JupyterLab, File > Revert Notebook to "
        "Checkpoint brings the last version back."
    )


def run(merged: Merged, learners_folder: Path) -> list[Result]:
    """nbval on the merged notebook; one result a task, in order.

    The notebook lies in a folder of its own and works in the learner's, where a module or a file of
    numbers may lie that an answer reads.
    """
    merged.notebook.cells.insert(0, new_code_cell(GO_TO_LEARNERS_FOLDER, id="go"))
    with tempfile.TemporaryDirectory(ignore_cleanup_errors=True) as name:
        folder = Path(name)
        nbformat.write(merged.notebook, folder / "exercise.ipynb")
        rules = SANITIZE + ABOUT.read_text(encoding="utf-8")
        (folder / "sanitize.cfg").write_text(rules, encoding="utf-8")
        finished = _nbval(folder, len(merged.notebook.cells), learners_folder)
        seen = _seen(folder / "report.jsonl")
    if not seen:
        raise Problem(f"The notebook could not be run at all. {finished}")
    return [
        _result(cell, task_id, seen, merged.notebook)
        for cell in merged.notebook.cells
        if is_check(cell)
        for task_id in CHECK_CALL.findall(cell.source)[:1]
    ]


def _nbval(folder: Path, n_cells: int, learners_folder: Path) -> str:
    """Run nbval; what it said last, for the case that it did not get to any cell."""
    environment = {
        **os.environ,
        **threads.SETTINGS,
        "PYTHONPATH": str(ROOT),
        "ATTENTION_OPTIONAL_HOME": str(folder / "home"),  # hidden tests are no second progress
        "NBVAL_REPORT": str(folder / "report.jsonl"),
        "LEARNERS_FOLDER": os.path.abspath(learners_folder),
    }
    for inherited in ("PYTEST_ADDOPTS", "PYTEST_XDIST_WORKER", "PYTEST_CURRENT_TEST"):
        environment.pop(inherited, None)
    environment["PYTEST_DISABLE_PLUGIN_AUTOLOAD"] = "1"  # of all that may be installed, two do
    options = ["-q", "--color=no", "-p", "no:cacheprovider"]
    options += ["-p", "nbval.plugin", "-p", "course_utils.checks.nbval_report"]
    options += [f"--nbval-cell-timeout={CELL_TIMEOUT}", "--nbval-sanitize-with=sanitize.cfg"]
    command = [sys.executable, "-m", "pytest", "--nbval", *options, "--rootdir=.", "exercise.ipynb"]
    try:
        done = subprocess.run(
            command,
            cwd=folder,
            env=environment,
            capture_output=True,
            text=True,
            errors="replace",
            timeout=START_TIMEOUT + n_cells * (CELL_TIMEOUT + 10),
        )
    except subprocess.TimeoutExpired:
        return "It was still running when every cell's time was over."
    return (done.stdout + done.stderr).strip()[-500:]


def _seen(report: Path) -> dict[str, dict]:
    """{cell id: what nbval saw there}"""
    if not report.exists():
        return {}
    lines = report.read_text(encoding="utf-8").splitlines()
    return {line["id"]: line for line in map(json.loads, lines)}


def _result(cell: NotebookNode, task_id: str, seen: dict, notebook: NotebookNode) -> Result:
    saw = seen.get(cell.id)
    if saw and saw["passed"] and _points(saw["outputs"]) == marks(cell).get("points"):
        return Result(task_id, True)
    verdict = _verdict(saw["outputs"]) if saw else ""
    if verdict:
        return Result(task_id, False, verdict)
    return Result(task_id, False, _trouble(cell, seen, notebook))


def _points(outputs: list[dict]) -> float | None:
    """What the cell's last line came to."""
    for output in outputs:
        if output["output_type"] == "execute_result":
            try:
                return float(output["data"].get("text/plain", ""))
            except ValueError:
                return None
    return None


def _verdict(outputs: list[dict]) -> str:
    """The sentences of the verdict that the cell showed, without its headline."""
    for output in outputs:
        shown = output.get("data", {}).get("text/plain", "")
        if output["output_type"] == "display_data" and shown.startswith("NOT YET"):
            return shown.partition("\n")[2].partition("\n(your code printed:")[0].strip()
    return ""


def _trouble(cell: NotebookNode, seen: dict, notebook: NotebookNode) -> str:
    """Why a check did not come to a verdict: the answer cell before it failed, or all ended."""
    cells = notebook.cells
    here = cells.index(cell)
    before = [c for c in cells[:here] if is_answer(c)][-1:]
    for one in (*before, cell):
        name, saw = marks(one)["grade_id"], seen.get(one.id)
        if saw is None:
            return "It was not reached: a cell before it ended the run."
        for error in (output for output in saw["outputs"] if output["output_type"] == "error"):
            if error["ename"] == "KeyboardInterrupt":
                return f"Your cell {name!r} was still running after {CELL_TIMEOUT} s."
            message = INNER_FILE.sub(r"(line \1)", error["evalue"])
            return f"The cell {name!r} stops with {error['ename']}: {message}"
        if saw["error"] and "dead" in saw["error"].lower():
            return "The kernel was gone by then: a cell before this one ended it."
        if saw["error"] and "Timeout" in saw["error"]:
            return f"The cell {name!r} ended its kernel, or ran for more than {CELL_TIMEOUT} s."
    return "What the check showed is not what it shows for a right answer."


def report(results: list[Result], notes: list[str]) -> str:
    return "\n".join(_report_lines(results, notes))


def _report_lines(results: list[Result], notes: list[str]) -> Iterator[str]:
    yield from (f"  note: {note}" for note in notes)
    width = max((len(result.task_id) for result in results), default=0)
    for result in results:
        yield f"  {result.task_id:{width}}  {'passed' if result.passed else 'not yet'}"
        if not result.passed:
            yield textwrap.indent("\n".join(_wrapped(result.why)), "      ")
    solved = sum(result.passed for result in results)
    if solved == len(results):
        yield f"All {solved} tasks are solved."
    else:
        yield f"{solved} of {len(results)} tasks are solved."
    if all(result.why.lower().startswith("not written yet") for result in results):
        yield "Have you saved the notebook? This command reads the file."


def _wrapped(text: str) -> list[str]:
    return [part for line in text.splitlines() for part in textwrap.wrap(line, 90) or [""]]
