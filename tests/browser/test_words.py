"""The words of a lesson's pictures and explorers, in the browser's own accessibility tree.

Stored as it is read on the web, run, in Notebook 7, and as an exported page. (What was run and is
opened again: test_tomorrow.py.)
"""

import io
import json
import os
import time

import nbformat
import plain_page
import pytest
from matplotlib.image import imread
from playwright.sync_api import expect

from course_utils import notebook
from course_utils.paths import NOTEBOOKS

LESSON = "02_where_am_i.ipynb"


def spoken(page) -> list[tuple[str, str]]:
    """(role, name) of all that Chromium tells a screen reader of the page."""
    session = page.context.new_cdp_session(page)
    nodes = session.send("Accessibility.getFullAXTree")["nodes"]
    session.detach()
    return [
        (node["role"]["value"], " ".join(node["name"]["value"].split()))
        for node in nodes
        if not node["ignored"] and node.get("name", {}).get("value")
    ]


def assert_told(page, words: str) -> None:
    """There is a picture of that name in the tree, now or in a moment."""
    end = time.monotonic() + 20
    while ("image", words) not in spoken(page):
        assert time.monotonic() < end, f"no picture is called {words!r}"
        page.wait_for_timeout(200)


def words_of(cells: list[dict]) -> dict[int, str]:
    """{cell: the words of its picture}, of those that have one."""
    return {
        number: " ".join(output["metadata"]["image/png"]["alt"].split())
        for number, cell in enumerate(cells)
        for output in cell.get("outputs", [])
        if "image/png" in output.get("data", {})
    }


@pytest.fixture(scope="module")
def stored() -> nbformat.NotebookNode:
    return notebook.read((NOTEBOOKS / LESSON).read_text(encoding="utf-8"))


@pytest.fixture
def lesson(course, request) -> str:
    """A copy for one test alone."""
    name = f"{request.node.name}.ipynb"
    (course / name).write_bytes((NOTEBOOKS / LESSON).read_bytes())
    return name


def assert_every_picture_is_told(book, page) -> None:
    words = words_of(book.cells())
    assert len(words) >= 3
    for number, told in words.items():
        expect(book.cell_at(number).locator("img").first).to_have_attribute("alt", told)
        assert_told(page, told)


def test_stored_in_jupyterlab(lab, page, lesson, stored):
    book = lab.open(page, lesson)
    assert words_of(book.cells()) == words_of(stored.cells)
    assert_every_picture_is_told(book, page)


def test_live_in_jupyterlab(lab, page, lesson):
    book = lab.open(page, lesson)
    book.run_all()
    cells = book.cells()
    alive = [n for n in words_of(cells) if notebook.WIDGET_VIEW in str(cells[n]["outputs"])]
    assert alive
    for number in alive:
        headline = book.cell_at(number).locator(".ao-explorer .ao-headline").first
        expect(headline).to_be_visible()
        told = " ".join(headline.inner_text().split())
        assert len(told) > 20 and any(told in name for _, name in spoken(page)), told
    for number, told in words_of(cells).items():
        if number not in alive:
            expect(book.cell_at(number).locator("img").first).to_have_attribute("alt", told)
            assert_told(page, told)
    lab.end_kernels()


def test_in_notebook_7(lab, page, lesson, stored):
    pytest.importorskip("notebook")  # it comes with nbgrader
    page.goto(f"{lab.url}/notebooks/{lesson}?token={lab.token}")
    expect(page.locator(".jp-Notebook .jp-Cell").first).to_be_visible(timeout=60_000)
    for words in words_of(stored.cells).values():
        image = page.get_by_role("img", name=words, exact=True)
        image.scroll_into_view_if_needed()
        expect(image).to_be_visible()
        assert_told(page, words)
    lab.end_kernels()


def test_exported(page, tmp_path, stored):
    if os.environ.get("CI", "").lower() != "true":
        pytest.importorskip("latex2mathml")
    from course_utils.commands import export

    words = words_of(json.loads(json.dumps(stored))["cells"])
    html = export.LessonExporter().page(stored, "lesson")
    (tmp_path / "index.html").write_text(html, encoding="utf-8")
    with plain_page.served(tmp_path) as address:
        page.goto(address)
        assert len(words) >= 3
        for told in words.values():
            assert_told(page, told)
        width = page.locator("math").first.evaluate("node => node.getBoundingClientRect().width")
        assert width > 100  # a formula, and not a heap of letters


def mean_light(page, picture) -> float:
    """From 0, black, to 1, white: what one sees of a picture, on the average."""
    return float(imread(io.BytesIO(picture.screenshot()))[..., :3].mean())


def test_pictures_are_no_white_slabs_in_the_dark(lab, page, lesson, picture):
    book = lab.open(page, lesson)
    number = min(words_of(book.cells()))
    image = book.cell_at(number).locator("img").first
    image.scroll_into_view_if_needed()
    book.choose_theme("JupyterLab Light")
    light = mean_light(page, image)
    book.choose_theme("JupyterLab Dark")
    dark = mean_light(page, image)
    picture("still-dark", image)
    assert light > 0.6 and dark < 0.4
