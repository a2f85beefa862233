"""A learner's answers in the teacher's notebook: what `validate` runs.

The answer cells come from the learner, and what they may rest on: the cells that the learner added,
and the teacher's that the learner changed, each where it stood. Tests, texts and stored outputs are
the teacher's, so it does not matter what became of them in the learner's copy.
"""

import ast
import re
from dataclasses import dataclass, field

from IPython.core.inputtransformer2 import TransformerManager
from nbformat import NotebookNode
from nbformat.v4 import new_code_cell

SOLUTION_REGION = re.compile(r"(?ms)^([ \t]*)### BEGIN SOLUTION.*?### END SOLUTION[^\n]*$")
# Magics that run their cell where it stands, so that what it defines is there afterwards.
RUNS_HERE = re.compile(r"\A(\s*)%%(time|capture|prun)\b")
FRESH_CHECK = "from course_utils.checks import check\n"  # whatever the answers call by that name


@dataclass
class Merged:
    """The notebook to run, and notes for the learner on what had to be guessed."""

    notebook: NotebookNode
    notes: list[str] = field(default_factory=list)


LOST = "The answer cell {} has lost its mark; it was found by what it defines."
MISSING = (
    "The answer cell {} is missing in your notebook. Write its function in any cell, and it will "
    "be found."
)
SAME = {  # {said of one cell: said of several}
    LOST: "The answer cells {} have lost their marks; they were found by what they define.",
    MISSING: "The answer cells {} are missing in your notebook. Write their functions in any "
    "cells, and they will be found.",
}


def is_answer(cell: NotebookNode) -> bool:
    return cell.cell_type == "code" and bool(marks(cell).get("solution"))


def is_check(cell: NotebookNode) -> bool:
    return cell.cell_type == "code" and bool(marks(cell).get("grade")) and not is_answer(cell)


def is_marked(cell: NotebookNode) -> bool:
    return "grade_id" in marks(cell)


def marks(cell: NotebookNode) -> dict:
    """nbgrader's metadata of a cell; {} where there is none, or where it was spoilt."""
    found = cell.get("metadata", {}).get("nbgrader", {})
    return found if isinstance(found, dict) else {}


def merge(teacher: NotebookNode, learner: NotebookNode) -> Merged:
    """A copy of the teacher's notebook with the learner's answers. Neither argument is changed."""
    merged = Merged(NotebookNode(teacher, cells=[]))
    answers = {
        cell.id: _answer_to(cell, teacher, learner, merged.notes)
        for cell in teacher.cells
        if is_answer(cell)
    }
    merged.notes[:] = _in_one(merged.notes)
    own = _own_cells(teacher, learner)
    for cell in teacher.cells:
        merged.notebook.cells += own.pop(cell.id, [])
        cell = NotebookNode(cell)
        if cell.id in answers:
            cell.source = answers[cell.id]
        elif is_check(cell):
            cell.source = FRESH_CHECK + cell.source
        merged.notebook.cells.append(cell)
    return merged


def _answer_to(
    asked: NotebookNode, teacher: NotebookNode, learner: NotebookNode, notes: list[str]
) -> str:
    """The learner's source for an answer cell: found by its mark, its id, or what it defines."""
    name = marks(asked)["grade_id"]
    cells = [cell for cell in learner.cells if cell.get("cell_type") == "code"]
    marked = [cell for cell in cells if marks(cell).get("grade_id") == name]
    if len(marked) > 1:
        notes.append(f"There are {len(marked)} answer cells called {name!r}; the last one counts.")
    stub = SOLUTION_REGION.sub(r"\1...", asked.source)
    wanted, others = defined(asked.source), {cell.id for cell in teacher.cells} - {asked.id}
    same_work = [
        cell for cell in cells
        if wanted & defined(cell.source) and cell.get("id") not in others
        and not _is_unwritten(cell.source, stub)
    ]  # fmt: skip
    if marked and same_work and _is_unwritten(marked[-1].source, stub):
        notes.append(f"The answer cell {name!r} is empty; the answer was found in another cell.")
        return same_work[-1].source
    if marked:
        return marked[-1].source
    same_id = [cell for cell in cells if cell.get("id") == asked.id]
    for found in (same_id, same_work):
        if found:
            notes.append(LOST.format(repr(name)))
            return found[-1].source
    notes.append(MISSING.format(repr(name)))
    return stub


def _is_unwritten(source: str, stub: str) -> bool:
    """Is it the cell as it was handed out, but for comments, or are comments all that it has?"""
    nodes = parsed(source)
    if not nodes:
        return not re.sub(r"#.*", "", source).strip()
    return [ast.dump(node) for node in nodes] == [ast.dump(node) for node in parsed(stub)]


def _in_one(notes: list[str]) -> list[str]:
    """What is the same of several cells, as after Colab took all marks, is said once."""
    said = []
    for one, many in SAME.items():
        head, tail = one.split("{}")
        names = [note[len(head) : -len(tail)] for note in notes
                 if note.startswith(head) and note.endswith(tail)]  # fmt: skip
        if len(names) > 1:
            notes = [note for note in notes if not (note.startswith(head) and note.endswith(tail))]
            said.append(many.format(", ".join(names)))
    return [*notes, *said]


def defined(source: str) -> set[str]:
    """The functions and classes that a cell defines at its top level."""
    kinds = ast.FunctionDef | ast.AsyncFunctionDef | ast.ClassDef
    return {node.name for node in parsed(source) if isinstance(node, kinds)}


def parsed(source: str) -> list[ast.stmt]:
    """The statements of a cell, `%magics` and `!commands` as the calls that they stand for.

    Of a cell below `%%time`, its own.
    """
    source = RUNS_HERE.sub(r"\1# %%\2", source)
    flags = ast.PyCF_ONLY_AST | ast.PyCF_ALLOW_TOP_LEVEL_AWAIT
    try:
        return compile(TransformerManager().transform_cell(source), "cell", "exec", flags).body
    except (SyntaxError, ValueError):
        return []


def _own_cells(teacher: NotebookNode, learner: NotebookNode) -> dict[str, list[NotebookNode]]:
    """{id of the teacher's cell that follows: what the learner wrote in between, to be run}.

    A teacher's cell that the learner changed counts as the learner's, after the teacher's own. What
    follows the last check cannot matter to any, and is left out.
    """
    by_grade_id = {marks(cell)["grade_id"]: cell.id for cell in teacher.cells if is_marked(cell)}
    by_source = {cell.source: cell.id for cell in teacher.cells}
    known = {cell.id: cell.source for cell in teacher.cells}
    judged = [cell.id for cell in teacher.cells if is_answer(cell) or is_check(cell)]
    taken = set().union(*(defined(cell.source) for cell in teacher.cells if is_answer(cell)))
    found: dict[str, list[NotebookNode]] = {}
    waiting: list[str] = []
    for cell in learner.cells:
        place = (
            by_grade_id.get(marks(cell).get("grade_id"))
            or (cell.get("id") if cell.get("id") in known else None)
            or by_source.get(cell.source)
        )
        if place is not None:
            found.setdefault(place, []).extend(waiting)
            waiting = []
        is_own = place is None or (place not in judged and cell.source != known[place])
        if is_own and cell.get("cell_type") == "code":
            waiting += filter(None, [without(taken, cell.source)])
    places = list(known)
    in_time = set(places[: places.index(judged[-1]) + 1]) if judged else set()
    ids = iter(range(len(learner.cells)))
    return {
        place: [new_code_cell(source, id=f"own-{next(ids)}") for source in sources]
        for place, sources in found.items()
        if place in in_time
    }


def without(taken: set[str], source: str) -> str:
    """A cell's statements one by one, where one that fails does not stop the rest.

    Functions and classes that are named as an answer are left out: an earlier attempt that lies
    about would hide it. A cell that is one whole %%magic stays what it is.
    """
    if source.lstrip().startswith("%%") and not RUNS_HERE.match(source):
        return source
    kept = [node for node in parsed(source) if getattr(node, "name", None) not in taken]
    return "\n".join(ast.unparse(tried(node)) for node in kept)


def tried(node: ast.stmt) -> ast.stmt:
    """The statement with its errors passed over; `from __future__` has to stand by itself."""
    if isinstance(node, ast.ImportFrom) and node.module == "__future__":
        return node
    (attempt,) = ast.parse("try: ...\nexcept Exception: pass").body
    attempt.body = [node]
    return attempt
