"""A cell that Python could not read defines nothing: what is checked is then the answer of before.

Jupyter shows the SyntaxError, and the function under that name is still the one that an earlier
cell made. Whoever checks now would be told about code that is no longer on the screen.
"""

import ast
import re
import warnings
from collections.abc import Callable
from typing import Any


def why_not_the_newest(answer: Any) -> str | None:
    """What to say if the last cell that defines `answer` could not be read; None otherwise.

    Only what was written in this notebook can have such a cell, and only where cells are kept: not
    in a script, and not where a grader runs them without history.
    """
    name = getattr(answer, "__name__", None)
    if getattr(answer, "__module__", None) != "__main__" or not isinstance(name, str):
        return None
    cells, as_python = _cells()
    definition = re.compile(rf"^[ \t]*(?:async[ \t]+def|def|class)[ \t]+{re.escape(name)}\b", re.M)
    newest = next((cell for cell in reversed(cells) if definition.search(cell)), "")
    try:
        with warnings.catch_warnings(action="ignore"):  # told when the cell was run
            compile(as_python(newest), "<cell>", "exec", ast.PyCF_ONLY_AST | AWAIT)
    except (SyntaxError, ValueError) as error:  # ValueError: a null character
        return (
            f"Python could not read the cell in which you last wrote {name} ({_place(error)}), so "
            f"the {name} that is left is the one from before it. That one is not judged. Mend the "
            "cell, run it, and check again."
        )
    return None


AWAIT = ast.PyCF_ALLOW_TOP_LEVEL_AWAIT  # which cells may, and files may not


def _cells() -> tuple[list[str], Callable[[str], str]]:
    """The cells that were run so far, and what makes Python of %magic and !commands in them."""
    try:
        from IPython import get_ipython
    except ImportError:
        return [], str
    shell = get_ipython()
    if shell is None:
        return [], str
    return list(shell.user_ns.get("In", [])), shell.transform_cell


def _place(error: Exception) -> str:
    line = f" in line {error.lineno}" if isinstance(error, SyntaxError) and error.lineno else ""
    return f"{type(error).__name__}{line}: {getattr(error, 'msg', error)}"
