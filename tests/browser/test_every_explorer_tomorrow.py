"""Every explorer in a notebook that is opened again, and after its kernel was restarted.

One notebook has them all: the table below says how each fares, and none of them waits for ever.
"""

import re

import nbformat
import pytest
from lab import Notebook
from playwright.sync_api import Locator, expect
from test_every_explorer import DRAWING, EXPLORERS

from course_utils.notebook import NOTEBOOK_METADATA

BET = [
    "from course_utils.widgets import bet",
    "bet('03.tomorrow', 'Who hears this?', {'I': 'You do.', 'nobody': 'Right.'}, 'nobody')",
]
WITH_WEIGHTS = [
    EXPLORERS["machine"][0].replace("MachineExplorer", "SamplingExplorer"),
    "SamplingExplorer.from_model(model, tokenizer, 'To drink')",
]
CELLS = EXPLORERS | {"bet": BET, "sampling, with weights": WITH_WEIGHTS}
TEXT = ":is(input[type=text], textarea)"
TYPED = "drink"  # what each of them can read

ALIVE, STILL = "alive", "a still with words"
WORKS, TELLS = "works", "asks for its cell to be run"
# The next day, when used then, and when used after a restart.
NEEDS_NOBODY = (ALIVE, WORKS, WORKS)
NEEDS_PYTHON = (ALIVE, TELLS, TELLS)
TOO_LARGE = (STILL, None, WORKS)  # what the page has been sent outlives the kernel
TABLE = {
    "attention": NEEDS_PYTHON,
    "bakeoff": NEEDS_NOBODY,
    "beam": NEEDS_PYTHON,
    "bet": NEEDS_PYTHON,  # to put it on record
    "bpe": NEEDS_NOBODY,
    "embedding": TOO_LARGE,
    "machine": TOO_LARGE,
    "memory": NEEDS_PYTHON,
    "mixing": NEEDS_PYTHON,
    "pattern": NEEDS_NOBODY,
    "position": NEEDS_NOBODY,
    "proof": NEEDS_NOBODY,
    "sampling": NEEDS_PYTHON,
    "sampling, with weights": (ALIVE, TELLS, WORKS),
    "softmax": NEEDS_NOBODY,
    "spectrum": NEEDS_NOBODY,
    "translation": NEEDS_PYTHON,
}

OUTCOME = """([explorer, before]) => {
    const says = [...explorer.querySelectorAll("[role=alert], [role=status]")]
        .map(node => node.textContent).join(" ");
    if (/this (one|cell) again/.test(says)) return "asks for its cell to be run";
    const waits = says.includes(" …");
    return !waits && (DRAWING)(explorer) !== before ? "works" : null;
}""".replace("DRAWING", DRAWING)


@pytest.fixture(scope="module")
def saved(lab, browser, course):
    """Run and saved; the kernel has ended, and the page is closed."""
    cells = [nbformat.v4.new_code_cell("\n".join(sources)) for sources in CELLS.values()]
    book = nbformat.v4.new_notebook(cells=cells, metadata=NOTEBOOK_METADATA)
    nbformat.write(book, course / "everything.ipynb")
    page = browser.new_page()
    lab.open(page, "everything.ipynb").run_all()
    page.evaluate("jupyterapp.shell.currentWidget.context.save()")
    page.close()
    lab.end_kernels()
    return "everything.ipynb"


def output(notebook: Notebook, name: str) -> Locator:
    return notebook.cell_at(list(CELLS).index(name)).locator(".jp-Cell-outputArea")


def expect_alive(notebook: Notebook, name: str) -> None:
    """On a slow machine a still holds its place until it has come."""
    expect(output(notebook, name).locator(".ao-explorer")).to_be_visible(timeout=30_000)


def expect_still(notebook: Notebook, name: str) -> None:
    place = output(notebook, name)
    expect(place.locator("img")).to_have_attribute("alt", re.compile(".{80}"))
    expect(place.get_by_text("Run the cells above")).to_be_visible()
    expect(place.locator(".ao-explorer")).to_have_count(0)


def used(notebook: Notebook, name: str) -> str:
    """Type or choose something as a reader does, and see what comes of it, in words."""
    explorer = output(notebook, name).locator(".ao-explorer")
    before = explorer.evaluate(DRAWING)
    texts, sliders = (explorer.locator(f"{one}:visible") for one in (TEXT, "input[type=range]"))
    if texts.count():
        texts.first.fill(TYPED)
        texts.first.press("Enter")
    elif sliders.count():
        sliders.first.press("ArrowRight")
        if explorer.evaluate(DRAWING) == before:  # it was at its end
            sliders.first.press("ArrowLeft")
    elif name == "bet":
        explorer.get_by_role("radio", name="nobody").check()
        explorer.get_by_role("button", name="Place your bet").click()
    else:
        menu = explorer.locator("select").first
        menu.select_option(menu.locator("option:not(:checked)").first.get_attribute("value"))
    outcome = notebook.page.wait_for_function(OUTCOME, arg=[explorer.element_handle(), before])
    return outcome.json_value()


def test_the_next_day(lab, page, saved):
    notebook = lab.open(page, saved)
    alive = [name for name in CELLS if TABLE[name][0] == ALIVE]
    for name in alive:
        expect_alive(notebook, name)
    for name in TABLE.keys() - alive:  # now that all others have come
        expect_still(notebook, name)
    then = {name: used(notebook, name) for name in alive}
    assert then == {name: TABLE[name][1] for name in alive}
    lab.end_kernels()


def test_after_a_restart_and_run_again(lab, page, saved):
    notebook = lab.open(page, saved)
    notebook.run_all()
    for name in CELLS:
        expect_alive(notebook, name)  # and so has its weights
    notebook.restart()
    then = {name: used(notebook, name) for name in CELLS}
    assert then == {name: after for name, (_, _, after) in TABLE.items()}
    notebook.run_all()
    assert {name: used(notebook, name) for name in CELLS} == dict.fromkeys(CELLS, WORKS)
    lab.end_kernels()
