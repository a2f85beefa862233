"""Where the kernel is gone, an explorer that needs it says so, and does not wait for ever."""

import re

import nbformat
import pytest
from playwright.sync_api import expect

from course_utils.notebook import NOTEBOOK_METADATA

AGAIN = "Run the cells above and this one again."
ASLEEP = f"{AGAIN} The maps are still those of the sentence before."
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


# Models that the page computes. It asks for the weights once: those named mute are never sent.
SPEAK = (
    "import time\n"
    "from course_utils.text import CharTokenizer\n"
    "from course_utils.trained.recipes import ShakespeareRecipe\n"
    "from course_utils.widgets import MachineExplorer, SamplingExplorer\n"
    "play = CharTokenizer('To drink, or not.')\n"
    "recipe = ShakespeareRecipe(block=64, d_model=16, n_heads=2, n_layers=1, d_ff=24)\n"
    "one = recipe.model(play.vocab_size)"
)
MACHINE = "machine = MachineExplorer(one, play, 'To drink'); machine"
SAMPLING = "sampling = SamplingExplorer.from_model(one, play, 'To drink'); sampling"
MUTE_MACHINE = (
    "mute_machine = MachineExplorer(one, play, 'To drink')\n"
    "mute_machine.large = lambda: None\n"
    "mute_machine"
)
MUTE_SAMPLING = (
    "mute_sampling = SamplingExplorer.from_model(one, play, 'To drink')\n"
    "mute_sampling.large = lambda: None\n"
    "mute_sampling"
)
SLEEP = "mute_sampling.read = lambda text: time.sleep(600)"

ONE_SIGN, TWO_SIGNS = (re.compile(f"^.{{{n}}}$", re.DOTALL) for n in (1, 2))


@pytest.fixture
def open_with(lab, course, page):
    """Call it with the sources of cells: a notebook of these, run from top to bottom."""

    def opened(*sources: str):
        cells = [nbformat.v4.new_code_cell(one) for one in sources]
        book = nbformat.v4.new_notebook(cells=cells, metadata=NOTEBOOK_METADATA)
        nbformat.write(book, course / "gone.ipynb")
        notebook = lab.open(page, "gone.ipynb")
        notebook.run_all()
        return notebook

    yield opened
    lab.end_kernels()


@pytest.fixture
def notebook(open_with):
    return open_with(READ, SHOW, BET)


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


def test_what_has_its_weights_works_on_without_a_kernel(open_with):
    notebook = open_with(SPEAK, MACHINE, SAMPLING)
    machine = notebook.output(MACHINE).locator(".ao-machine")
    expect(machine.locator(".ao-headline")).to_contain_text("the likeliest is")
    sampling = notebook.output(SAMPLING).locator(".ao-sampling")
    draw = sampling.get_by_role("button", name="Draw a character")
    draw.click()  # answered here or in Python; after that the weights are there
    expect(sampling.locator(".written")).to_have_text(ONE_SIGN)
    notebook.wait_until_idle()
    notebook.restart()

    draw.click()
    expect(sampling.locator(".written")).to_have_text(TWO_SIGNS)
    expect(sampling.get_by_role("alert")).to_be_empty()
    machine = notebook.output(MACHINE).locator(".ao-machine")
    machine.get_by_role("button", name="Write a character").click()
    expect(machine.locator(".letters button")).to_have_count(len("To drink") + 1)
    expect(machine.locator(".ao-headline")).to_contain_text("the likeliest is")


def test_what_has_no_weights_says_so_while_it_waits_and_once_the_kernel_is_gone(open_with):
    notebook = open_with(SPEAK, MUTE_MACHINE, MUTE_SAMPLING)
    machine = notebook.output(MUTE_MACHINE).locator(".ao-machine")
    says = machine.locator(".ao-headline")
    expect(says).to_contain_text("Still no answer.", timeout=20_000)
    sampling = notebook.output(MUTE_SAMPLING).locator(".ao-sampling")
    draw = sampling.get_by_role("button", name="Draw a character")
    draw.click()  # Python answers
    expect(sampling.locator(".written")).to_have_text(ONE_SIGN)

    notebook.restart()
    expect(says).to_contain_text(AGAIN)
    expect(says).to_contain_text("does not hear this explorer any more")
    draw.click()
    alert = sampling.get_by_role("alert")
    expect(alert).to_contain_text(f"{AGAIN} The text is still the one from before.")
    expect(sampling.locator(".written")).to_have_text(ONE_SIGN)
    sampling.get_by_label("temperature").press("ArrowLeft")  # what needs nobody works on
    expect(sampling.locator("figcaption")).not_to_contain_text("temperature 1,")
    expect(draw).to_be_enabled()

    for piece in (SPEAK, MUTE_SAMPLING):
        notebook.run(piece)
    sampling = notebook.output(MUTE_SAMPLING).locator(".ao-sampling")
    sampling.get_by_role("button", name="Draw a character").click()
    expect(sampling.locator(".written")).to_have_text(ONE_SIGN)


def test_a_text_that_waits_for_python_is_given_up_when_the_kernel_restarts(open_with):
    notebook = open_with(SPEAK, MUTE_SAMPLING, SLEEP)
    sampling = notebook.output(MUTE_SAMPLING).locator(".ao-sampling")
    draw = sampling.get_by_role("button", name="Draw a character")
    draw.click()
    notebook.wait_until_busy()
    alert = sampling.get_by_role("alert")
    expect(alert).to_contain_text("Still no answer.", timeout=20_000)
    notebook.restart()
    expect(alert).to_contain_text(f"{AGAIN} The text is still the one from before.")
    expect(draw).to_be_enabled()
    assert sampling.locator(".paper").text_content() == "To drink"
