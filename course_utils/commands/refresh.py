"""`python -m course_utils refresh [LESSON…]`: run notebooks and keep their outputs.

They are kept in one normal form (course_utils/notebook.py), so that a second refresh on the same
machine changes nothing but the cells that are marked as volatile.
"""

from pathlib import Path

from course_utils import notebook, options
from course_utils.atomic import write_atomically
from course_utils.commands import glossary
from course_utils.exercises import solution_cells
from course_utils.paths import NOTEBOOKS, SOLUTIONS, place_of
from course_utils.problem import Problem

SLOW_CELL = 5.0  # seconds; the lesson's text announces what takes longer


def main(arguments: list[str]) -> int:
    """The command: 0 when every notebook ran (with --check: and none would change), else 1."""
    chosen = options.refresh().parse_args(arguments)
    paths = select(chosen.lessons)
    status = max([refresh(path, write=not chosen.check) for path in paths], default=0)
    if not chosen.check:
        glossary.write()
    return status


def select(names: list[str], folders: tuple[Path, ...] = (NOTEBOOKS, SOLUTIONS)) -> list[Path]:
    """The notebooks that the names mean, in reading order; all of them when there are no names.

    A name is the beginning of a notebook's name ("03") or of its path in the course
    ("solutions/03"). One that fits nothing is a Problem that lists what there is.
    """
    found = sorted(
        path
        for folder in folders
        for path in folder.glob("**/*.ipynb")
        if ".ipynb_checkpoints" not in path.parts
    )
    found = sorted(found, key=lambda path: path.stem)  # each lesson, then its solution
    for name in names:
        if not any(begins(path, name) for path in found):
            known = ", ".join(place_of(path) for path in found) or "none yet"
            raise Problem(f"No notebook begins with {name!r}. There are: {known}.")
    return [path for path in found if not names or any(begins(path, name) for name in names)]


def begins(path: Path, name: str) -> bool:
    """Whether `name` says the beginning of a notebook's name, or of its path in the course."""
    return name != "" and (path.stem.startswith(name) or place_of(path).startswith(name))


def refresh(path: Path, *, write: bool = True) -> int:
    """Run one notebook; keep the result if nothing went wrong; print what happened.

    Returns 0, or 1 where a cell failed or printed this machine's paths (the file then stays as it
    was), or where `write` is False and a cell that is not volatile came out otherwise than stored.
    """
    place, stored = place_of(path), path.read_text(encoding="utf-8")
    book = notebook.read(stored)
    try:
        if path.is_relative_to(SOLUTIONS):
            solution_cells.derive(book, path.stem[:2])
        run = notebook.execute(book, path.parent)
    except ValueError as error:
        print(f"{place}: {error}")
        return 1
    except notebook.CellFailure as failure:
        print(f"\n{place}: cell {failure.number} failed, the notebook is as it was.\n{failure}\n")
        return 1
    traces = [f"  cell {number}: {found}" for number, found in notebook.local_traces(run.notebook)]
    if traces:
        print(f"{place}: output that names places of this machine is not kept:", *traces, sep="\n")
        return 1

    changed = notebook.changed_cells(notebook.read(stored), run.notebook)
    told = "unchanged" if not changed else f"changed: cells {', '.join(map(str, changed))}"
    print(f"{place}: {run.seconds:.1f} s, {told}")
    for number, seconds in run.cell_seconds.items():
        if seconds > SLOW_CELL:
            print(f"  cell {number} took {seconds:.1f} s: the text before it should say so")
    if write:
        text = notebook.to_text(run.notebook)
        if text != stored:
            write_atomically(path, text.encode("utf-8"), path.stat().st_mode & 0o777)
        return 0
    return 1 if changed else 0
