"""A learner's answers in the teacher's notebook: what `validate` runs.

Only the answer cells come from the learner, and what they may rest on: imports, functions and
classes that the learner wrote in cells of their own. Tests, texts and stored outputs are the
teacher's, so it does not matter what became of them in the learner's copy.
"""

import ast
import re
from dataclasses import dataclass, field

from nbformat import NotebookNode
from nbformat.v4 import new_code_cell

SOLUTION_REGION = re.compile(r"(?ms)^([ \t]*)### BEGIN SOLUTION.*?### END SOLUTION[^\n]*$")
FRESH_CHECK = "from course_utils.checks import check\n"  # whatever the answers call by that name


@dataclass
class Merged:
    """The notebook to run, and notes for the learner on what had to be guessed."""

    notebook: NotebookNode
    notes: list[str] = field(default_factory=list)


def is_answer(cell: NotebookNode) -> bool:
    return cell.cell_type == "code" and bool(marks(cell).get("solution"))


def is_check(cell: NotebookNode) -> bool:
    return cell.cell_type == "code" and bool(marks(cell).get("grade")) and not is_answer(cell)


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
    helpers = _helpers(teacher, learner)
    for cell in teacher.cells:
        if is_answer(cell) or is_check(cell):
            merged.notebook.cells += helpers.pop(marks(cell).get("grade_id"), [])
        cell = NotebookNode(cell)
        if cell.get("id") in answers:
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
    if marked:
        return marked[-1].source
    others = {cell.id for cell in teacher.cells} - {asked.id}
    same_id = [cell for cell in cells if cell.get("id") == asked.id]
    wanted = defined(asked.source)
    same_work = [
        cell for cell in cells if wanted & defined(cell.source) and cell.get("id") not in others
    ]
    for found in (same_id, same_work):
        if found:
            notes.append(
                f"The answer cell {name!r} has lost its mark; it was found by what it defines."
            )
            return found[-1].source
    notes.append(
        f"The answer cell {name!r} is missing in your notebook. Write its function in any cell, "
        "and it will be found."
    )
    return SOLUTION_REGION.sub(r"\1...", asked.source)


def defined(source: str) -> set[str]:
    """The functions and classes that a cell defines at its top level."""
    kinds = ast.FunctionDef | ast.AsyncFunctionDef | ast.ClassDef
    return {node.name for node in parsed(source) if isinstance(node, kinds)}


def parsed(source: str) -> list[ast.stmt]:
    try:
        return ast.parse(source).body
    except (SyntaxError, ValueError):
        return []


def _helpers(teacher: NotebookNode, learner: NotebookNode) -> dict[str, list[NotebookNode]]:
    """{grade id of the cell that follows: cells with what the learner defined before it}.

    Names that the teacher's notebook defines are left out: they would hide the answers.
    """
    known = {cell.source for cell in teacher.cells}
    taken = set().union(*(defined(cell.source) for cell in teacher.cells if is_answer(cell)))
    stations = {marks(c)["grade_id"] for c in teacher.cells if is_answer(c) or is_check(c)}
    found: dict[str, list[NotebookNode]] = {}
    waiting: list[NotebookNode] = []
    for cell in learner.cells:
        if marks(cell).get("grade_id") in stations:
            found.setdefault(marks(cell)["grade_id"], []).extend(waiting)
            waiting = []
        elif cell.get("cell_type") == "code" and cell.source not in known:
            source = harmless_part(cell.source, taken)
            if source:
                waiting.append(new_code_cell(source, id=f"own-{len(found)}-{len(waiting)}"))
    return found


def harmless_part(source: str, taken: set[str]) -> str:
    """Imports, functions and classes of a cell, where one that fails does not stop the rest."""
    kinds = ast.Import | ast.ImportFrom | ast.FunctionDef | ast.ClassDef
    parts = [
        f"try:\n{_indented(ast.unparse(node))}\nexcept Exception:\n    pass"
        for node in parsed(source)
        if isinstance(node, kinds) and getattr(node, "name", None) not in taken
    ]
    return "\n".join(parts)


def _indented(code: str) -> str:
    return "\n".join(f"    {line}" for line in code.splitlines())
