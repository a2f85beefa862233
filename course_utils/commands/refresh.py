"""`python -m course_utils refresh [LESSON…]`: run notebooks and keep their outputs.

The .ipynb files with their outputs are the course's source: nbval compares with them, and they are
all that a reader on the web sees. So they are written in one normal form, and a second refresh on
the same machine changes nothing but the cells that are marked as volatile.
"""

import argparse
import hashlib
import json
import os
import re
import sys
import tempfile
import time
from collections.abc import Iterator
from dataclasses import dataclass, field
from pathlib import Path

import nbformat
from nbclient import NotebookClient
from nbclient.exceptions import CellExecutionError, CellTimeoutError, DeadKernelError
from nbformat import NotebookNode

from course_utils import threads
from course_utils.atomic import write_atomically
from course_utils.paths import NOTEBOOKS, ROOT, SOLUTIONS

CELL_TIMEOUT = 300  # seconds
SLOW_CELL = 5.0  # seconds; the lesson's text announces what takes longer
VOLATILE = "nbval-ignore-output"  # the tag of cells whose output cannot be equal elsewhere
WIDGET_VIEW = "application/vnd.jupyter.widget-view+json"

NOTEBOOK_METADATA = {
    "kernelspec": {"display_name": "Python 3", "language": "python", "name": "python3"},
    "language_info": {"name": "python"},
}
CELL_METADATA = ("tags", "nbgrader", "editable", "deletable")

BET = re.compile(r"\s*bet\(")
ANSI_COLORS = re.compile(r"\x1b\[[0-9;]*m")
LOCAL_PLACES = re.compile(
    r"(?<![\w.])/(?:home|Users|root|tmp|opt|work|mnt|private|var/folders)/[^\s'\"<>]*"
    r"|\b[A-Za-z]:\\+[^\s'\"<>]+"
    r"|\b(?:localhost|127\.0\.0\.1)\b\S*"
    r"|\bfile://\S+"
)


def main(argv: list[str]) -> int:
    """The command: 0 when every notebook ran (with --check: and none would change), else 1."""
    parser = argparse.ArgumentParser(prog="python -m course_utils refresh", description=__doc__)
    parser.add_argument("lessons", nargs="*", metavar="LESSON", help="such as 03 or solutions/03")
    parser.add_argument("--check", action="store_true", help="write nothing, say what would change")
    chosen = parser.parse_args(argv)
    try:
        paths = select(chosen.lessons)
    except LookupError as error:
        print(error.args[0], file=sys.stderr)
        return 1
    return max([refresh(path, write=not chosen.check) for path in paths], default=0)


def select(names: list[str], folders: tuple[Path, ...] = (NOTEBOOKS, SOLUTIONS)) -> list[Path]:
    """The notebooks that the names mean, in reading order; all of them when there are no names.

    A name is the beginning of a notebook's name ("03") or of its path in the course
    ("solutions/03"). One that fits nothing is a LookupError that lists what there is.
    """
    found = sorted(
        path
        for folder in folders
        for path in folder.glob("**/*.ipynb")
        if ".ipynb_checkpoints" not in path.parts
    )
    found = sorted(found, key=lambda path: path.stem)  # each lesson, then its solution
    spellings = {path: (path.stem, place_of(path)) for path in found}
    for name in names:
        if not any(spelling.startswith(name) for both in spellings.values() for spelling in both):
            known = ", ".join(place_of(path) for path in found) or "none yet"
            raise LookupError(f"No notebook begins with {name!r}. There are: {known}.")
    return [
        path
        for path, both in spellings.items()
        if not names or any(spelling.startswith(name) for spelling in both for name in names)
    ]


def place_of(path: Path) -> str:
    """A notebook's path as people write it: from the course's folder, with slashes."""
    return path.relative_to(ROOT).as_posix() if path.is_relative_to(ROOT) else path.name


def refresh(path: Path, *, write: bool = True) -> int:
    """Run one notebook; keep the result if nothing went wrong; print what happened.

    Returns 0, or 1 where a cell failed or printed this machine's paths (the file then stays as it
    was), or where `write` is False and a cell that is not volatile came out otherwise than stored.
    """
    place, stored = place_of(path), path.read_text(encoding="utf-8")
    try:
        run = execute(read(stored), path.parent)
    except CellFailure as failure:
        print(f"\n{place}: cell {failure.number} failed, the notebook is as it was.\n{failure}\n")
        return 1
    traces = [f"  cell {number}: {found}" for number, found in local_traces(run.notebook)]
    if traces:
        print(f"{place}: output that names places of this machine is not kept:", *traces, sep="\n")
        return 1

    changed = changed_cells(read(stored), run.notebook)
    told = "unchanged" if not changed else f"changed: cells {', '.join(map(str, changed))}"
    print(f"{place}: {run.seconds:.1f} s, {told}")
    for number, seconds in run.cell_seconds.items():
        if seconds > SLOW_CELL:
            print(f"  cell {number} took {seconds:.1f} s: the text before it should say so")
    if write:
        text = to_text(run.notebook)
        if text != stored:
            write_atomically(path, text.encode("utf-8"), path.stat().st_mode & 0o777)
        return 0
    return 1 if changed else 0


# Running


@dataclass
class Run:
    """A notebook that ran to its end, in normal form."""

    notebook: NotebookNode
    cell_seconds: dict[int, float] = field(default_factory=dict)  # by cell number, from 1

    @property
    def seconds(self) -> float:
        return sum(self.cell_seconds.values())


class CellFailure(Exception):
    """A cell that ended the run: its number (counted over all cells, from 1) and what it said."""

    def __init__(self, number: int, said: str):
        super().__init__(said)
        self.number = number


def execute(notebook: NotebookNode, folder: Path) -> Run:
    """Run every cell in a fresh kernel that starts in `folder`, with a learner's empty memory."""
    client = NotebookClient(
        notebook,
        timeout=CELL_TIMEOUT,
        kernel_name=NOTEBOOK_METADATA["kernelspec"]["name"],
        resources={"metadata": {"path": str(folder)}},
        extra_arguments=["--log-level=ERROR"],
        record_timing=False,
        store_widget_state=False,
    )
    run = Run(notebook)
    with tempfile.TemporaryDirectory(ignore_cleanup_errors=True) as home:
        learner = {"ATTENTION_OPTIONAL_HOME": home}
        with client.setup_kernel(env={**os.environ, **threads.SETTINGS, **learner}):
            for index, cell in enumerate(notebook.cells):
                started = time.perf_counter()
                try:
                    client.execute_cell(cell, index)
                except (CellExecutionError, CellTimeoutError, DeadKernelError) as error:
                    raise CellFailure(index + 1, readable(cell, error)) from error
                if cell.cell_type == "code":
                    run.cell_seconds[index + 1] = time.perf_counter() - started
    normalize(notebook)
    return run


def readable(cell: NotebookNode, error: Exception) -> str:
    """What went wrong in a cell: its traceback where it has one, else its first line and why."""
    if isinstance(error, CellExecutionError):
        return ANSI_COLORS.sub("", error.traceback).rstrip()
    first_line = next(iter(cell.source.splitlines()), "")
    if isinstance(error, CellTimeoutError):
        return f"{first_line}\n…still running after {CELL_TIMEOUT} s."
    return f"{first_line}\n…ended its kernel (out of memory, or os._exit?)."


# The normal form


def read(text: str) -> NotebookNode:
    """A notebook as format 4.5, where cells without an id get one that depends on their source."""
    raw = json.loads(text)
    give_ids(raw["cells"])
    raw["nbformat_minor"] = max(5, raw.get("nbformat_minor", 0))
    return nbformat.reads(json.dumps(raw), as_version=4)


def give_ids(cells: list[dict]) -> None:
    """Every cell its own id: what it has, unless an earlier cell has it, else from its source."""
    kept, used = {cell.get("id") for cell in cells}, set()
    for cell in cells:
        if cell.get("id") in used | {None}:
            source = cell["cell_type"] + "\n" + "".join(cell["source"])
            name = hashlib.sha256(source.encode()).hexdigest()[:8]
            copies = (f"{name}-{copy}" for copy in range(1, len(cells) + 1))
            cell["id"] = next(id for id in (name, *copies) if id not in kept | used)
        used.add(cell["id"])


def normalize(notebook: NotebookNode) -> None:
    """Take out, in place, what depends on when and where a notebook ran, not on what it says."""
    notebook.metadata = nbformat.from_dict(NOTEBOOK_METADATA)
    notebook.nbformat, notebook.nbformat_minor = 4, 5
    count = 0
    for cell in notebook.cells:
        cell.metadata = nbformat.from_dict(normal_metadata(cell.metadata))
        if cell.cell_type != "code":
            continue
        if BET.match(cell.source):  # its code says the answer, which would spoil it
            cell.metadata["jupyter"] = nbformat.from_dict({"source_hidden": True})
        cell.outputs = list(normal_outputs(cell.outputs))
        cell.execution_count = None
        if cell.source.strip():
            count += 1
            cell.execution_count = count
        for output in cell.outputs:
            if output.output_type == "execute_result":
                output.execution_count = cell.execution_count


def normal_metadata(metadata: dict) -> dict:
    """What an author wrote about a cell; not what an editor remembered about its looks."""
    kept = {name: metadata[name] for name in CELL_METADATA if name in metadata}
    if metadata.get("jupyter", {}).get("source_hidden"):
        kept["jupyter"] = {"source_hidden": True}
    return kept


def normal_outputs(outputs: list[NotebookNode]) -> Iterator[NotebookNode]:
    """Outputs without live widgets, pictures on one line of base64, chunks of a stream joined."""
    waiting = None  # a stream that may go on
    for output in outputs:
        if output.output_type == "stream":
            if waiting is not None and waiting.name == output.name:
                waiting.text += output.text
                continue
            if waiting is not None:
                yield waiting
            waiting = output
            continue
        if waiting is not None:
            yield waiting
            waiting = None
        if "data" in output:
            output.data.pop(WIDGET_VIEW, None)
            output.metadata.pop(WIDGET_VIEW, None)
            for kind, value in output.data.items():
                if kind.startswith("image/") and kind != "image/svg+xml":
                    output.data[kind] = "".join(value.split())
        yield output
    if waiting is not None:
        yield waiting


def to_text(notebook: NotebookNode) -> str:
    """The file's text: sorted keys, one line of source a line, a newline at the end."""
    return nbformat.writes(notebook).rstrip("\n") + "\n"


# What is looked for in a notebook


def changed_cells(before: NotebookNode, after: NotebookNode) -> list[int]:
    """Numbers (from 1) of the cells that differ, volatile ones only where their source does."""
    normalize(before)
    return [
        number
        for number, (old, new) in enumerate(zip(before.cells, after.cells, strict=True), 1)
        if comparable(old) != comparable(new)
    ]


def comparable(cell: NotebookNode) -> dict:
    volatile = VOLATILE in cell.metadata.get("tags", [])
    return {name: value for name, value in cell.items() if not (volatile and name == "outputs")}


def local_traces(notebook: NotebookNode) -> list[tuple[int, str]]:
    """(cell number, what was found) for each path or host of a machine in the stored outputs."""
    own = [ROOT, Path.home(), Path(tempfile.gettempdir()), Path(sys.prefix)]
    traces = []
    for number, cell in enumerate(notebook.cells, 1):
        for text in output_texts(cell):
            mine = [str(place) for place in own if f"{place}{os.sep}" in text]
            traces += [(number, found) for found in mine or LOCAL_PLACES.findall(text)]
    return traces


def output_texts(cell: NotebookNode) -> Iterator[str]:
    """All readable text of a cell's outputs: streams, results, alternative texts, tracebacks."""
    for output in cell.get("outputs", []):
        yield output.get("text", "")
        yield "\n".join(output.get("traceback", []))
        yield json.dumps(output.get("metadata", {}), ensure_ascii=False)
        for kind, value in output.get("data", {}).items():
            if not kind.startswith("image/") or kind == "image/svg+xml":
                yield value if isinstance(value, str) else json.dumps(value, ensure_ascii=False)
