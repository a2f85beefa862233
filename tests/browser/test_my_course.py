"""What `start` opens: lessons without outputs, a board whose links lead on, no machinery."""

import re

import pytest
from lab import Lab, Notebook
from playwright.sync_api import expect

from course_utils.environment.workspace import MyCourse

FIRST = "notebooks/00_start_here.ipynb"
BOARD = "progress()"


@pytest.fixture(scope="module")
def my_lab(browser, tmp_path_factory):
    folder = tmp_path_factory.mktemp("my_course")
    MyCourse(folder).update()
    with Lab(folder, tmp_path_factory.mktemp("home")).running() as lab:
        yield lab


def current(page) -> str:
    return page.evaluate("jupyterapp.shell.currentWidget.context?.path")


def follow(page, link, place: str) -> Notebook:
    """Click, and wait until JupyterLab has that notebook in front."""
    link.click()
    page.wait_for_function(
        "place => jupyterapp.shell.currentWidget?.context?.path === place", arg=place
    )
    return Notebook(page)


def test_the_board_leads_to_lessons_these_to_exercises_and_back(my_lab, page, picture):
    notebook = my_lab.open(page, FIRST)
    assert not any(cell.get("outputs") for cell in notebook.cells())  # no answer under its bet
    board = notebook.run(BOARD).locator(".jp-Cell-outputArea")
    expect(board).to_contain_text("Begin here: 00 start here")
    picture("board")
    lesson = follow(
        page, board.get_by_role("link", name="03 attention"), "notebooks/03_attention.ipynb"
    )
    assert not any(cell.get("outputs") for cell in lesson.cells())
    exercise = "exercises/03_attention/03_attention.ipynb"
    last = lesson.cell_at(len(lesson.cells()) - 1)
    opened = follow(page, last.get_by_role("link", name="exercises/03"), exercise)
    end = opened.cell_at(len(opened.cells()) - 1)
    follow(page, end.get_by_role("link", name="00 · Start here"), FIRST)


def test_a_learner_sees_lessons_and_no_machinery(my_lab, page, picture):
    my_lab.open(page, FIRST)
    files = page.locator(".jp-DirListing-itemText")
    expect(files.filter(has_text="03_attention.ipynb")).to_have_count(1)
    assert all(re.match(r"[\dA]\d_\w+\.ipynb", name) for name in files.all_inner_texts())
    page.locator(".jp-BreadCrumbs-home").click()
    expect(files).to_have_text(["exercises", "notebooks"])
    picture("my-course")


def test_to_open_a_copy_is_no_change_and_to_write_in_it_is(my_lab, page):
    """Jupyter notes the kernel's version in it; nobody should be asked whether to save that."""
    is_changed = "jupyterapp.shell.currentWidget.context.model.dirty"
    for place in (FIRST, "exercises/03_attention/03_attention.ipynb"):
        notebook = my_lab.open(page, place)
        noted = "jupyterapp.shell.currentWidget.content.model.getMetadata('language_info').version"
        page.wait_for_function(noted)
        assert not page.evaluate(is_changed)
    notebook.write("import", "changed = True")
    assert page.evaluate(is_changed)
