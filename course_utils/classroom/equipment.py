"""What a child needs of a task's file, and no more: never an answer.

Some tasks hand functions and small objects to the answer, or say what is done with it (`use`).
Those stand in the same file as the right answer. So their text is cut out, with what it rests on,
and sent to the child: where answers run, `course_utils.exercises` cannot be imported.
"""

import ast
import functools
import importlib
import inspect
import sys
from collections.abc import Iterable, Iterator, Mapping
from types import ModuleType
from typing import Any

from course_utils.checks.catalog import EXERCISES
from course_utils.checks.task import Case, Task, call


def equipment(task: Task, cases: Iterable[Case]) -> str:
    """The text of what `use` and the cases' inputs are made of; "" where they are plain data."""
    wanted = [] if task.use is call or task.makes_modules else [task.use]
    for case in cases:
        for value in (*case.args, *case.kwargs.values()):
            wanted += _made_in_exercises(value)
    cut = _Cut()
    for thing in wanted:
        cut.add(sys.modules[thing.__module__], thing.__name__)
    return "\n\n".join(cut.texts)


def _made_in_exercises(value: Any) -> Iterator[Any]:
    """The functions and classes of the exercises in a value, however deep."""
    if isinstance(value, list | tuple | set):
        for one in value:
            yield from _made_in_exercises(one)
    elif isinstance(value, Mapping):
        yield from _made_in_exercises([*value.keys(), *value.values()])
    elif isinstance(value, functools.partial):
        yield from _made_in_exercises([value.func, value.args, value.keywords])
    elif inspect.isfunction(value) or inspect.isclass(value):
        yield value
    elif type(value).__module__.startswith(EXERCISES):
        yield type(value)
        yield from _made_in_exercises(vars(value))


class _Cut:
    """Statements of modules, each once, each after those whose names it uses."""

    def __init__(self):
        self.texts: list[str] = []
        self._done: dict[str, str] = {}  # {name: its statement}
        self._begun: set[str] = set()

    def add(self, module: ModuleType, name: str) -> None:
        statement = _binding(module, name)
        if statement is None:
            return  # one of Python's own names, or an argument's
        if isinstance(statement, ast.ImportFrom) and statement.module.startswith(EXERCISES):
            self.add(importlib.import_module(statement.module), name)
            return
        text = ast.unparse(_only(statement, name))
        if self._done.setdefault(name, text) != text:
            raise ValueError(f"two things are called {name}: give that in {module} another name")
        if text in self._begun:
            return
        self._begun.add(text)
        if getattr(statement, "decorator_list", None) and _is_the_tasks(statement):
            raise ValueError(f"{module}: {name} belongs to the answers, and a child would see it")
        for node in ast.walk(statement):
            if isinstance(node, ast.Name) and node.id != name:
                self.add(module, node.id)
        self.texts.append(text)


def _is_the_tasks(statement: ast.stmt) -> bool:
    return any(
        isinstance(node, ast.Name) and node.id == "task"
        for decorator in statement.decorator_list
        for node in ast.walk(decorator)
    )


@functools.cache
def _tree(module: ModuleType) -> ast.Module:
    return ast.parse(inspect.getsource(module))


def _binding(module: ModuleType, name: str) -> ast.stmt | None:
    """The statement at the module's top level that makes the name; the last one counts."""
    found = [node for node in _tree(module).body if name in bound(node)]
    return found[-1] if found else None


def _only(statement: ast.stmt, name: str) -> ast.stmt:
    """Of an import of several names, that of this one."""
    if not isinstance(statement, ast.Import | ast.ImportFrom):
        return statement
    names = [alias for alias in statement.names if name in _names_of(alias)]
    parts = {**dict(ast.iter_fields(statement)), "names": names}
    return type(statement)(**parts)


def _names_of(alias: ast.alias) -> set[str]:
    return {alias.asname or alias.name.partition(".")[0]}


def bound(node: ast.AST) -> set[str]:
    """The names that a statement binds at the level on which it stands."""
    if isinstance(node, ast.FunctionDef | ast.AsyncFunctionDef | ast.ClassDef):
        return {node.name}
    if isinstance(node, ast.Import | ast.ImportFrom):
        return set().union(*map(_names_of, node.names))
    if isinstance(node, ast.Name):
        return {node.id} if isinstance(node.ctx, ast.Store) else set()
    if isinstance(node, ast.Lambda | ast.ListComp | ast.SetComp | ast.DictComp | ast.GeneratorExp):
        return set()
    return set().union(*map(bound, ast.iter_child_nodes(node)))
