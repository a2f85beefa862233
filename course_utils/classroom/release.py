"""`python -m course_utils release [NAME…]`: make exercises/ from solutions/.

nbgrader takes the solutions and the hidden tests out; the result is then written in one normal
form, so that a second run changes no file. No gradebook is touched: `nbgrader
generate_assignment` enters the points there when a class begins.
"""

import logging
import tempfile
from dataclasses import dataclass
from pathlib import Path

from course_utils import notebook, options
from course_utils.paths import EXERCISES, ROOT, SOLUTIONS
from course_utils.problem import Problem


@dataclass(frozen=True)
class Release:
    """What learners get of one solution: {path inside its folder: the file's bytes}."""

    name: str
    files: dict[Path, bytes]


def main(argv: list[str]) -> int:
    """The command: 0 when every exercise was made, else a Problem."""
    chosen = options.release().parse_args(argv)
    names = select(chosen.names)
    if not names:
        raise Problem("There are no solutions yet: solutions/NAME/NAME.ipynb is where they go.")
    for release in generate(names):
        print(f"exercises/{release.name}: {write(release, force=chosen.force)}")
    return 0


def select(prefixes: list[str], solutions: Path = SOLUTIONS) -> list[str]:
    """The names of the solution folders that begin so; all of them when nothing is asked for."""
    names = sorted(path.parent.name for path in solutions.glob("*/*.ipynb"))
    names = sorted({name for name in names if (solutions / name / f"{name}.ipynb").exists()})
    for prefix in prefixes:
        if not prefix or not any(name.startswith(prefix) for name in names):
            raise Problem(
                f"No solution begins with {prefix!r}. There are: {', '.join(names) or 'none yet'}."
            )
    return [name for name in names if not prefixes or name.startswith(tuple(prefixes))]


def generate(names: list[str], solutions: Path = SOLUTIONS) -> list[Release]:
    """What nbgrader makes of these solutions, in normal form. Writes nothing in the course."""
    with tempfile.TemporaryDirectory(ignore_cleanup_errors=True) as folder:
        course = Path(folder)
        for name in names:
            _generate_one(name, solutions, course)
        return [_collect(name, course / "released" / name) for name in names]


def _generate_one(name: str, solutions: Path, course: Path) -> None:
    from nbgrader.converters import GenerateAssignment
    from nbgrader.converters.base import NbGraderException
    from nbgrader.coursedir import CourseDirectory

    config = configuration()
    config.CourseDirectory.root = str(course)
    config.CourseDirectory.source_directory = str(solutions)
    config.CourseDirectory.release_directory = "released"
    config.CourseDirectory.assignment_id = name
    config.GenerateAssignment.no_database = True  # a class's gradebook learns of it from nbgrader
    config.SaveCells.enabled = False
    said = _Complaints()
    log = logging.getLogger("course_utils.classroom.release")
    log.handlers, log.propagate = [said], False
    converter = GenerateAssignment(
        coursedir=CourseDirectory(config=config, log=log), config=config, log=log
    )
    try:
        converter.start()
    except (NbGraderException, SystemExit) as error:
        reasons = " ".join(dict.fromkeys(said.messages)) or str(error)
        raise Problem(f"nbgrader refuses solutions/{name}: {reasons}") from error


class _Complaints(logging.Handler):
    """Keeps nbgrader's errors; its notes on what it does are nobody's news."""

    def __init__(self):
        super().__init__(logging.ERROR)
        self.messages: list[str] = []

    def emit(self, record: logging.LogRecord) -> None:
        self.messages.append(record.getMessage().strip().splitlines()[-1])


def configuration():
    """The settings of nbgrader_config.py, as nbgrader's own commands read them."""
    from traitlets.config.loader import PyFileConfigLoader

    return PyFileConfigLoader("nbgrader_config.py", path=str(ROOT)).load_config()


def _collect(name: str, folder: Path) -> Release:
    files = {}
    for path in sorted(path for path in folder.rglob("*") if path.is_file()):
        inside = path.relative_to(folder)
        is_notebook = path.suffix == ".ipynb"
        files[inside] = normal(path).encode() if is_notebook else path.read_bytes()
    return Release(name, files)


def normal(path: Path) -> str:
    """The text of an exercise's notebook: never run, nothing that changes from time to time."""
    book = notebook.read(path.read_text(encoding="utf-8"))
    notebook.normalize(book)
    for cell in book.cells:
        if cell.cell_type == "code":
            cell.outputs, cell.execution_count = [], None
    return notebook.to_text(book)


def write(release: Release, exercises: Path = EXERCISES, *, force: bool = False) -> str:
    """Make exercises/NAME equal to the release; what happened, in a word or two.

    Whoever solves exercises in the same checkout has work there. That is a Problem unless forced.
    """
    folder = exercises / release.name
    old = {path for path in folder.rglob("*") if path.is_file() and not is_scrap(path)}
    same = old == {folder / inside for inside in release.files} and all(
        (folder / inside).read_bytes() == content for inside, content in release.files.items()
    )
    if same:
        return "unchanged"
    for inside in release.files:
        if not force and inside.suffix == ".ipynb" and has_answers(folder / inside):
            raise Problem(
                f"Somebody has written answers into exercises/{release.name}/{inside}. Copy it "
                "elsewhere if you want to keep it, then add --force."
            )
    for path in old - {folder / inside for inside in release.files}:
        path.unlink()
    for inside, content in release.files.items():
        path = folder / inside
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_bytes(content)
    return "made anew" if old else "made"


def is_scrap(path: Path) -> bool:
    return ".ipynb_checkpoints" in path.parts


def has_answers(path: Path) -> bool:
    """Did anybody change a solution cell since it was released? nbgrader keeps their checksums."""
    from nbgrader.utils import compute_checksum, is_solution

    if not path.exists():
        return False
    try:
        book = notebook.read(path.read_text(encoding="utf-8"))
        return any(
            is_solution(cell) and compute_checksum(cell) != cell.metadata.nbgrader.get("checksum")
            for cell in book.cells
        )
    except Exception:  # damaged in whatever way: somebody should look at it before it is gone
        return True
