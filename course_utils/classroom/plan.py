"""What of a student's notebook has to be run for a task: found without running any of it.

`merge` puts the answers into the notebook as it was handed out, by what they define and not by
metadata. Of all cells before a task's check, the statements that its answer needs by name are
taken, and no others: constants, lambdas, helpers and imports come along, and nothing that was only
tried out. This reads what students wrote, so it runs in a child, too.
"""

import ast
import re
import symtable
from dataclasses import dataclass, field

from nbformat import NotebookNode

from course_utils import notebook
from course_utils.checks.merge import is_answer, is_check, marks, merge, parsed
from course_utils.classroom.equipment import bound

# What a teacher wants to look at, beside the grade. None of it takes a point away.
SIGNS = {
    "looks for the course's answers": r"course_utils[./](exercises|classroom)|\bcatalog\b"
    r"|[\"']exercises\b|\.reference\b|\bsolutions\b",
    "looks at other frames or objects": r"_getframe|currentframe|inspect\.stack|\bgc\.get_",
    "replaces parts of the checks": r"course_utils\.checks(\.| import .*)"
    r"(engine|judge|compare|isolate)"
    r"|Verdict\.",
    "stops or starts processes": r"os\._exit|os\.kill|os\.fork|subprocess|multiprocessing",
    "calls the system": r"\bctypes\b|os\.system|\bsocket\b|sys\.settrace|setprofile",
    "leads out of its folder": r"[\"'](\.\./|/etc/|/home/|/proc/)",
    "knows that it is graded": r"NBGRADER_EXECUTION",
}


@dataclass
class Step:
    """Statements of one cell: its name, its source, and which of its statements are to be run."""

    cell: str
    source: str
    statements: list[int]
    is_answer: bool

    def as_plain(self) -> dict:
        return vars(self)


@dataclass
class Plan:
    """For each task {"task", "points", "grade_id", "expression", "steps", "all", "answer"}."""

    tasks: list[dict] = field(default_factory=list)
    notes: list[str] = field(default_factory=list)
    signs: list[str] = field(default_factory=list)
    blank: bool = False
    written: list[dict] = field(default_factory=list)  # texts that a person grades

    def as_plain(self) -> dict:
        return vars(self)


def plan(released: str, submitted: str) -> Plan:
    """What to run, of a submitted notebook, given the one that was handed out (both as text)."""
    teacher, learner = notebook.read(released), notebook.read(submitted)
    merged = merge(teacher, learner)
    found = Plan(notes=list(merged.notes))
    stubs = {cell.id: cell.source for cell in teacher.cells if is_answer(cell)}
    answers = [cell for cell in merged.notebook.cells if is_answer(cell)]
    found.blank = all(cell.source.strip() == stubs[cell.id].strip() for cell in answers)
    before: list[NotebookNode] = []
    seen: set[str] = set()
    latest = ""
    for cell in merged.notebook.cells:
        if is_answer(cell):
            latest = cell.source
        if not is_check(cell):
            before += [cell] if cell.cell_type == "code" else []
            continue
        task, expression = checked(cell.source)
        if task is None or task in seen:
            continue
        seen.add(task)
        found.tasks.append({
            "task": task,
            "points": float(marks(cell).get("points", 0)),
            "grade_id": marks(cell)["grade_id"],
            "expression": expression,
            "steps": [step.as_plain() for step in needed(before, expression)],
            "all": [step.as_plain() for step in everything(before)],
            "answer": latest,
        })  # fmt: skip
    own = "\n".join(cell.source for cell in before if cell.id.startswith("own-"))
    source = "\n".join([own, *(cell.source for cell in answers)])
    found.signs = [sign for sign, pattern in SIGNS.items() if re.search(pattern, source)]
    found.written = _written(teacher, learner)
    return found


def checked(source: str) -> tuple[str | None, str]:
    """(the task, the expression) of the first `check("03.mask", mask)` in a cell."""
    for node in ast.walk(ast.parse(source)):
        match node:
            case ast.Call(func=ast.Name(id="check"), args=[ast.Constant(value=task), answer, *_]):
                return task, ast.unparse(answer)
    return None, ""


def _written(teacher: NotebookNode, learner: NotebookNode) -> list[dict]:
    """The texts that a person grades: {"grade_id", "points", "text", "blank"}."""
    texts = []
    for cell in teacher.cells:
        known = marks(cell)
        if cell.cell_type != "markdown" or not known.get("grade"):
            continue
        own = [c.source for c in learner.cells if marks(c).get("grade_id") == known["grade_id"]]
        text = own[-1] if own else ""
        texts.append({
            "grade_id": known["grade_id"],
            "points": float(known.get("points", 0)),
            "text": text,
            "blank": text.strip() in ("", cell.source.strip()),
        })  # fmt: skip
    return texts


def needed(cells: list[NotebookNode], expression: str) -> list[Step]:
    """The statements that the expression rests on, cell by cell, in their order."""
    statements = [
        (number, i, node) for number, cell in enumerate(cells)
        for i, node in enumerate(parsed(cell.source))
    ]  # fmt: skip
    imported = {
        name for *_, node in statements if isinstance(node, ast.Import | ast.ImportFrom)
        for name in bound(node)
    }  # fmt: skip
    wanted = used(ast.parse(expression))
    chosen: set[tuple[int, int]] = set()
    while True:
        more = [
            (number, i, node) for number, i, node in statements
            if (number, i) not in chosen and _makes(node, wanted, imported)
        ]  # fmt: skip
        if not more:
            break
        for number, i, node in more:
            chosen.add((number, i))
            wanted |= used(node)
    return _steps(cells, chosen)


def everything(cells: list[NotebookNode]) -> list[Step]:
    """All statements of the student: for answers that rest on what no name leads to."""
    chosen = {
        (number, i) for number, cell in enumerate(cells) for i in range(len(parsed(cell.source)))
    }
    return _steps(cells, chosen)


def _steps(cells: list[NotebookNode], chosen: set[tuple[int, int]]) -> list[Step]:
    steps = []
    for number, cell in enumerate(cells):
        mine = sorted(i for at, i in chosen if at == number)
        broken = is_answer(cell) and not parsed(cell.source) and cell.source.strip()
        if mine or broken:  # a syntax error is found when it is run, and said then
            name = marks(cell).get("grade_id") or cell.id
            steps.append(Step(name, cell.source, mine, is_answer(cell)))
    return steps


def _makes(node: ast.stmt, wanted: set[str], imported: set[str]) -> bool:
    """Does the statement make one of these names, or change what goes by it?"""
    if isinstance(node, ast.ImportFrom) and any(alias.name == "*" for alias in node.names):
        return True
    if isinstance(node, ast.ImportFrom) and node.module == "__future__":
        return True
    if bound(node) & wanted:
        return True
    return _root_of_change(node) in wanted - imported


def _root_of_change(node: ast.stmt) -> str | None:
    """x in `x.update(…)`, `x[0] = …`, `x.y = …`, also inside the `try` that merge puts around."""
    match node:
        case ast.Try(body=[inner]):
            return _root_of_change(inner)
        case ast.Expr(value=ast.Call(func=ast.Attribute(value=place))):
            return _root(place)
        case ast.Assign(targets=[ast.Attribute() | ast.Subscript() as place]):
            return _root(place)
        case ast.AugAssign(target=ast.Attribute() | ast.Subscript() as place):
            return _root(place)
    return None


def _root(place: ast.expr) -> str | None:
    while isinstance(place, ast.Attribute | ast.Subscript):
        place = place.value
    return place.id if isinstance(place, ast.Name) else None


def used(node: ast.AST) -> set[str]:
    """The names that it takes from outside: neither arguments nor variables of its own."""
    names: set[str] = set()
    scopes = [symtable.symtable(ast.unparse(node), "cell", "exec")]
    for scope in scopes:
        is_top = scope.get_type() == "module"
        names |= {
            symbol.get_name()
            for symbol in scope.get_symbols()
            if symbol.is_referenced() and (is_top or symbol.is_global())
        }
        scopes += scope.get_children()
    return names
