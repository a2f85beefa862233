"""A notebook that is opened again: its explorers live, or are a picture and words."""

import json
import re

import nbformat
import pytest
from playwright.sync_api import expect

from course_utils.notebook import NOTEBOOK_METADATA

WORDS = re.compile(".{80}")  # a sentence or two
STATE = "application/vnd.jupyter.widget-state+json"
PICTURE = (
    "from course_utils import plots\n"
    "fig, ax = plots.figure(4, 2)\n"
    "plots.show(fig, alt='An empty pair of axes.')"
)
BET = (
    "from course_utils.widgets import bet\n"
    "bet('00.again', 'Still there?', {'yes': 'It is.', 'no': 'It is.'}, 'yes')"
)
SLIDERS = "from course_utils.widgets import PositionExplorer\nPositionExplorer()"
TOO_LARGE = (
    "import numpy as np\n"
    "from course_utils.widgets import AttentionExplorer\n"
    "words = [f'word{i}' for i in range(60)]\n"
    "AttentionExplorer(words, np.full((2, 12, 60, 60), 1 / 60))"
)


@pytest.fixture(scope="module")
def place(course):
    cells = [nbformat.v4.new_code_cell(one) for one in (PICTURE, BET, SLIDERS, TOO_LARGE, "#")]
    book = nbformat.v4.new_notebook(cells=cells, metadata=NOTEBOOK_METADATA)
    nbformat.write(book, course / "again.ipynb")
    return course / "again.ipynb"


def kept(place) -> list[str]:
    """What the saved notebook keeps the state of, by what is special about each."""
    book = json.loads(place.read_text(encoding="utf-8"))
    states = book["metadata"]["widgets"][STATE]["state"].values()
    traits = [one["state"] for one in states if one["model_name"] == "AnyModel"]
    return sorted({"choices", "distance", "weights"} & {name for one in traits for name in one})


@pytest.fixture(scope="module")
def saved(lab, browser, place):
    """Run and saved, changed and saved again after a night, and then opened again."""
    page = browser.new_page()
    lab.open(page, place.name).run_all()
    page.evaluate("jupyterapp.shell.currentWidget.context.save()")
    page.close()
    lab.end_kernels()
    return place


def test_explorers_are_saved_with_the_notebook_unless_they_are_large(saved):
    assert kept(saved) == ["choices", "distance"]
    book = json.loads(saved.read_text(encoding="utf-8"))
    assert 10_000 < len(json.dumps(book["metadata"])) < 100_000  # the large one alone has 460,000


def test_the_next_day_they_are_alive_without_running_a_cell(lab, page, saved):
    notebook = lab.open(page, saved.name)
    explorer = notebook.output(SLIDERS).locator(".ao-explorer")
    expect(explorer).to_be_visible()
    chain = notebook.output(SLIDERS).locator(".jupyter-widgets-disconnected")
    assert chain.evaluate("node => getComputedStyle(node, '::before').display") == "none"
    slider, before = explorer.get_by_role("slider").first, explorer.inner_text()
    slider.focus()
    page.keyboard.press("ArrowRight")
    assert explorer.inner_text() != before
    expect(notebook.output(BET).get_by_role("radio")).to_have_count(2)
    notebook.save_changed()
    lab.end_kernels()
    assert kept(saved) == ["choices", "distance"], "lost by saving what was not run"


def test_what_is_not_kept_is_a_picture_with_its_words(lab, page, saved, picture):
    notebook = lab.open(page, saved.name)
    output = notebook.output(TOO_LARGE)
    expect(output.get_by_text("and this one, and it moves again.")).to_be_visible()
    expect(output.get_by_role("img")).to_have_attribute("alt", WORDS)
    picture("tomorrow-a-still", output)
    lab.end_kernels()


def test_one_that_comes_from_elsewhere_has_pictures_and_words(lab, page, saved, course):
    """Without state, and not trusted: the browser has not seen it run."""
    book = json.loads(saved.read_text(encoding="utf-8"))
    del book["metadata"]["widgets"]
    (course / "stateless.ipynb").write_text(json.dumps(book), encoding="utf-8")
    notebook = lab.open(page, "stateless.ipynb")
    for piece in (SLIDERS, TOO_LARGE):
        expect(notebook.output(piece).get_by_role("img")).to_have_attribute("alt", WORDS)
    expect(notebook.output(BET)).to_contain_text("Still there?")
    drawn = notebook.output(PICTURE).get_by_role("img", name="An empty pair of axes.")
    expect(drawn).to_be_visible()
    lab.end_kernels()
