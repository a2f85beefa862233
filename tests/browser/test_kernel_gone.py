"""Where the kernel is gone, an explorer that needs it says so, and does not wait for ever."""

import nbformat
import pytest
from playwright.sync_api import expect

from course_utils.notebook import NOTEBOOK_METADATA

ASLEEP = "Run the cells above and this one again. The maps are still those of the sentence before."
READ = (
    "import os, time\n"
    "import numpy as np\n"
    "from course_utils.widgets import AttentionExplorer, bet\n"
    "def read(text):\n"
    "    if text == 'slow': time.sleep(600)\n"
    "    if text == 'crash': os._exit(1)\n"
    "    words = text.split()\n"
    "    return words, np.full((1, 1, len(words), len(words)), 1 / len(words))"
)
SHOW = "AttentionExplorer(*read('Tom drinks'), text='Tom drinks', read=read)"
BET = "bet('03.gone', 'Who hears this?', {'I': 'You do.', 'nobody': 'Right.'}, 'nobody')"


@pytest.fixture
def notebook(lab, course, page):
    cells = [nbformat.v4.new_code_cell(one) for one in (READ, SHOW, BET)]
    book = nbformat.v4.new_notebook(cells=cells, metadata=NOTEBOOK_METADATA)
    nbformat.write(book, course / "gone.ipynb")
    notebook = lab.open(page, "gone.ipynb")
    notebook.run_all()
    yield notebook
    lab.end_kernels()


def write(notebook, text: str):
    """Type into the explorer; what it says of that."""
    explorer = notebook.output(SHOW).locator(".ao-attention")
    explorer.get_by_role("textbox", name="Your sentence").fill(text)
    notebook.page.keyboard.press("Enter")
    return explorer.get_by_role("alert")


def test_after_a_restart_it_asks_to_be_run_and_then_it_is_alive(notebook):
    notebook.restart()
    expect(write(notebook, "Mary sang")).to_contain_text(ASLEEP)
    bet = notebook.output(BET).locator(".ao-bet")
    bet.get_by_role("radio", name="nobody").check()
    bet.get_by_role("button", name="Place your bet").click()
    expect(bet.get_by_role("status")).to_contain_text("You win. Right.")
    expect(bet.get_by_role("status")).to_contain_text("Nobody has put this on record")

    notebook.run(READ)
    notebook.run(SHOW)
    says = write(notebook, "Mary sang aloud")
    expect(notebook.output(SHOW).locator("figure")).to_contain_text("aloud")
    expect(says).to_be_empty()


def test_a_restart_while_it_waits_is_told_at_once(notebook):
    says = write(notebook, "slow")
    expect(says).to_have_text("Reading your sentence …")
    notebook.wait_until_busy()
    notebook.restart()
    expect(says).to_contain_text(ASLEEP)


def test_a_kernel_that_dies_while_it_answers_is_told(notebook):
    expect(write(notebook, "crash")).to_contain_text(ASLEEP)
    notebook.page.keyboard.press("Escape")  # JupyterLab tells, too
    expect(write(notebook, "Mary sang")).to_contain_text(ASLEEP)
