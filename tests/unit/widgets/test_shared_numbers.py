"""Numbers that both of an explorer's files need stand in Python alone, and are sent to the page."""

import ast
import json
import re

import pytest
from explorer_examples import EXAMPLES

from course_utils.widgets.explorer import LIB

FOLDER = LIB.parent
TWINS = sorted(path.stem for path in FOLDER.glob("*.py") if path.with_suffix(".js").exists())
EVERYDAY = {*range(13), 0.5, 100}  # whole numbers that mean nothing in particular, halves, percent
# What stands in both files and means two things, or is no choice of ours.
MEANT = {
    "beam_explorer": {1.5: "the width of a line"},
    "bpe_explorer": {256: "a byte has so many values"},
    "embedding_explorer": {14: "11th to 13th are no 1st to 3rd; how high a line of text is"},
    "pattern_lab": {
        0.4: "how faint an arc is; a spot's share of the room it has",
        16: "base of the figures in a color; sizes that a mark along the side may have",
        24: "points of an arc; pixels of a caption",
        32: "tokens as it opens, and bits; sizes that a mark along the side may have",
        255: "a byte's largest value",
    },
    "position_explorer": {
        16: "clocks in a row: inches here, pixels there",
        32: "a size of the slider; the number of clocks of which the page knows the size",
        1_000: "thousands are written as k",
        10_000: "thousands are written as k",
    },
    "spectrum_explorer": {
        0.1: "the room between two bars; a margin of the figure",
        0.8: "a bar's share of its room, in two pictures that are never seen together",
        1.5: "seconds of sound; the width of a line",
    },
}


def numbers_in_python(text: str) -> set[float]:
    found = (node.value for node in ast.walk(ast.parse(text)) if isinstance(node, ast.Constant))
    return {float(value) for value in found if type(value) in (int, float)}


def numbers_in_javascript(text: str) -> set[float]:
    """The numbers in the program: not those in comments, in quoted words and in CSS."""
    for no_program in (r"/\*.*?\*/", r"//[^\n]*", r"`\n\..*?`;", r'"[^"\n]*"'):
        text = re.sub(no_program, "", text, flags=re.DOTALL)
    return {float(digits) for digits in re.findall(r"(?<![\w.#])\d+(?:\.\d+)?(?:e-?\d+)?", text)}


def in_both(name: str) -> set[float]:
    python, page = (FOLDER / f"{name}{ending}" for ending in (".py", ".js"))
    ours = numbers_in_python(python.read_text(encoding="utf-8"))
    return ours & numbers_in_javascript(page.read_text(encoding="utf-8"))


def test_numbers_are_found_where_they_are():
    ours = numbers_in_python("LIMIT = 0.78  # 34\ndef f(x): return x[0] * 1_000, '56', True")
    assert ours == {0.78, 0, 1_000}
    theirs = numbers_in_javascript(
        '// 34\nconst LIMIT = 0.78, some2 = "56"; /* 7 */\nconst STYLE = `\n.a { top: 9px; }\n`;\n'
        "f(`${x * 1000}`, 1e-6);"
    )
    assert theirs == {0.78, 1_000, 1e-6}


@pytest.mark.parametrize("name", TWINS)
def test_no_number_is_chosen_twice(name):
    """Whoever finds one here moves it to Python's `shared`, or says in MEANT why it means two."""
    assert in_both(name) - EVERYDAY == set(MEANT.get(name, ()))


@pytest.mark.parametrize("name", EXAMPLES)
def test_what_is_sent_is_what_the_page_asks_for(name):
    explorer = EXAMPLES[name]()
    assert explorer.constants == type(explorer).shared()
    json.dumps(explorer.constants)  # the page gets it as JSON
    for constant in explorer.constants:
        assert re.search(rf"\b{constant}\b", str(explorer._esm)), f"unused: {constant}"
    asked = re.findall(r"\bconstants\.(\w+)", str(explorer._esm))
    assert set(asked) <= set(explorer.constants)
