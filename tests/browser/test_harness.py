"""The harness itself: a notebook opens, runs, tells its errors; a stranger's address is seen."""

import nbformat
import pytest
from lab import Traffic

from course_utils.notebook import NOTEBOOK_METADATA


@pytest.fixture
def notebook(lab, course, page):
    cells = [
        nbformat.v4.new_code_cell(source)
        for source in ("import time; time.sleep(0.5)", "print('hello')", "x = '?'", "print(x)")
    ]
    book = nbformat.v4.new_notebook(cells=cells, metadata=NOTEBOOK_METADATA)
    nbformat.write(book, course / "harness.ipynb")
    return lab.open(page, "harness.ipynb")


def test_run_all_write_and_run(notebook):
    notebook.run_all()
    assert [cell["execution_count"] for cell in notebook.cells()] == [1, 2, 3, 4]
    assert "hello" in notebook.output("print('hello')").inner_text()
    notebook.write("x = '?'", "x = [\n    'changed',\n]")
    notebook.run("'changed'")
    assert "changed" in notebook.run("print(x)").inner_text()


def test_strangers_are_noticed(browser):
    page = browser.new_page()
    traffic = Traffic(page)
    page.set_content("<img src='http://example.invalid/x.png'><img src='data:image/gif;base64,R0'>")
    page.wait_for_load_state()
    page.close()
    assert traffic.strangers == ["http://example.invalid/x.png"]
