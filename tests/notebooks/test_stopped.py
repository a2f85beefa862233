"""A learner stops a training cell. The cells behind it say what they see, and raise nothing."""

import json
import subprocess
import sys

import pytest

from course_utils.paths import NOTEBOOKS, ROOT

# For each lesson that trains: the cells that are run, up to the last one that asks how it went.
# Those between them that it does not need are left out, for they are slow.
CELLS = {
    "06_teaching_it_to_translate": [1, 2, 5, "break", "break-figure", "deaf", "deaf-figure"],
    "08_shakespeare": [1, 3, 5, 9, 10, 12, 14, 16, 17, 19, 21, "190e7628", "d23b3a76"],
}

# `fit` with the stop button pressed in its first step. In a process of its own: the tests check
# the types of all arguments, lessons may pass what works.
PROGRAM = """
import json, sys
import course_utils.training as training
from course_utils import plots

def stopped_fit(*what, fit=training.fit, **how):
    history = fit(*what, **how | {"minutes": 1e-9, "show": False})
    history.stopped = "interrupted"
    return history

training.fit = stopped_fit
plots.show = lambda figure, alt: None
names = {"__name__": "__main__"}
for which, source in json.load(sys.stdin):
    exec(compile(source, f"cell {which}", "exec"), names)
assert names["fit"] is stopped_fit
"""


def source_of(cells: list[dict], which: str | int) -> str:
    """A cell's text, by its id or its place."""
    by_id = {cell["id"]: cell for cell in cells}
    cell = cells[which] if isinstance(which, int) else by_id[which]
    return "".join(cell["source"])


@pytest.mark.parametrize("lesson", CELLS)
def test_nothing_raises_behind_a_cell_that_was_stopped(lesson):
    text = (NOTEBOOKS / f"{lesson}.ipynb").read_text(encoding="utf-8")
    cells = json.loads(text)["cells"]
    given = json.dumps([[which, source_of(cells, which)] for which in CELLS[lesson]])
    done = subprocess.run(
        [sys.executable, "-c", PROGRAM],
        input=given,
        capture_output=True,
        encoding="utf-8",
        cwd=ROOT,
    )
    assert done.returncode == 0, done.stderr
