"""A notebook as the course keeps it: run in a fresh kernel, in one normal form, read and written.

The .ipynb files with their outputs are the course's source: nbval compares with them, and they are
all that a reader on the web sees. So they are written in one normal form, without what depends on
when and where they ran.
"""

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
from course_utils.paths import ROOT

CELL_TIMEOUT = 300  # seconds
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


# Running


@dataclass
class Executed:
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


def execute(notebook: NotebookNode, folder: Path) -> Executed:
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
    executed = Executed(notebook)
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
                    executed.cell_seconds[index + 1] = time.perf_counter() - started
    normalize(notebook)
    return executed


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
    raw = json.loads(text.removeprefix("\ufeff"))  # which some editors on Windows put in front
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
