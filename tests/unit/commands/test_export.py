"""Notebooks as pages: words for pictures, MathML for formulas, and nothing from another host."""

import html
import os
import re
import sys

import nbformat
import pytest

from course_utils import plots
from course_utils.commands import export
from course_utils.notebook import WIDGET_VIEW
from course_utils.paths import ROOT
from course_utils.problem import Problem

STATE = {"application/vnd.jupyter.widget-state+json": {"state": {"abc": {"model_name": "X"}}}}
TEXT = r"""# Roots

A root $\sqrt{d_\text{head}}$, and $$\frac{a < b}{2}$$

[the next](03_attention.ipynb), [a part](../exercises/03_attention/03_attention.ipynb#x),
[elsewhere](https://example.org/a.ipynb)
"""


@pytest.fixture(scope="module", autouse=True)
def converter():
    """`course_utils test` installs it; it is left out where the tests are run by hand without."""
    if os.environ.get("CI", "").lower() != "true":
        pytest.importorskip("latex2mathml")


def explorer_output(alt: str) -> nbformat.NotebookNode:
    """An explorer's output as a learner's notebook has it, with its live view."""
    data, metadata = plots.picture(plots.figure(2, 1)[0], alt)
    view = {"model_id": "abc", "version_major": 2, "version_minor": 0}
    return nbformat.v4.new_output("display_data", data | {WIDGET_VIEW: view}, metadata=metadata)


@pytest.fixture(scope="module")
def page() -> str:
    cell = nbformat.v4.new_code_cell("show()", outputs=[explorer_output('A "<b>" & more.')])
    cells = [nbformat.v4.new_markdown_cell(TEXT), cell]
    book = nbformat.v4.new_notebook(cells=cells, metadata={"widgets": STATE})
    return export.LessonExporter().page(book, "roots")


def test_a_picture_has_its_words_and_a_live_view_is_its_picture(page):
    images = re.findall(r"<img [^>]*>", page)
    assert len(images) == 1 and 'src="data:image/png' in images[0]
    assert html.unescape(re.search(r"alt=([\"'])(.*?)\1", images[0])[2]) == 'A "<b>" & more.'
    assert "No description" not in page and "abc" not in page


def test_formulas_are_mathml(page):
    inline, block = re.findall(r"<math.*?</math>", page, re.DOTALL)
    assert 'display="inline"' in inline and "<msqrt>" in inline
    assert 'display="block"' in block and "<mfrac>" in block and "&lt;" in block
    assert "$" not in re.sub(r"<style.*?</style>", "", page, flags=re.DOTALL)


def test_a_page_asks_no_other_host(page):
    assert not re.search(r'<(script|link|img|iframe)\b[^>]*\b(src|href)="(?!data:)', page)
    assert not re.search(r"@import|url\((?!\"?data:)", page)


def test_links_lead_to_pages(page):
    links = re.findall(r'href="([^"]*)"', page)
    assert "03_attention.html" in links and "https://example.org/a.ipynb" in links
    assert "../exercises/03_attention/03_attention.html#x" in links


def test_the_command_writes_lessons_and_exercises_where_their_links_point(tmp_path, capsys):
    assert export.main(["02", "--out", str(tmp_path)]) == 0
    lesson = tmp_path / "notebooks" / "02_where_am_i.html"
    target = re.search(r'href="(\.\./exercises/[^"]*)"', lesson.read_text(encoding="utf-8"))[1]
    assert (lesson.parent / target).is_file()
    assert capsys.readouterr().out.count(" → ") == 2


def test_every_formula_of_the_course_can_be_written():
    for path in ROOT.glob("notebooks/*.ipynb"):
        for cell in nbformat.read(path, as_version=4).cells:
            if cell.cell_type == "markdown":
                written = export.markdown2html(cell.source)
                assert "merror" not in written, path.name
                assert not re.search(r"<m\w+>\\", written), f"{path.name}: a command is left"


def test_without_the_converter_the_command_says_what_to_install(monkeypatch):
    monkeypatch.setitem(sys.modules, "latex2mathml.converter", None)
    with pytest.raises(Problem, match=r"pip install latex2mathml==3"):
        export.mathml("a", "inline")


def test_a_folder_that_cannot_be_is_a_problem(tmp_path, monkeypatch):
    (tmp_path / "file").write_text("")
    with pytest.raises(Problem, match=r"02_where_am_i\.html cannot be written: .* --out"):
        export.main(["02", "--out", str(tmp_path / "file")])
    monkeypatch.setenv("HOME", str(tmp_path))
    monkeypatch.setenv("USERPROFILE", str(tmp_path))
    assert export.main(["02", "--out", "~/pages"]) == 0
    assert (tmp_path / "pages" / "notebooks" / "02_where_am_i.html").is_file()
