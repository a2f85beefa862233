"""A lesson as a reader meets it: run to the end in JupyterLab, a bet placed, a slider moved."""

from lab import Notebook
from playwright.sync_api import expect
from test_every_explorer import move_by_key

LESSON = "notebooks/03_attention.ipynb"


def test_lesson_03_runs_to_its_end_and_answers(lab, page, picture):
    notebook = lab.open(page, LESSON)
    bets, explorers = cells_that_call(notebook, "bet("), cells_that_call(notebook, "Explorer(")
    assert bets and explorers
    expect(notebook.cell_at(explorers[0]).locator("img")).to_be_visible()  # stored, before a run

    notebook.run_all()
    for number, cell in enumerate(notebook.cells(), 1):
        for output in cell.get("outputs", []):
            assert output["output_type"] != "error", f"cell {number}: {output['ename']}"
            assert output.get("name") != "stderr", f"cell {number}: {output['text']}"

    bet = notebook.cell_at(bets[0]).locator(".ao-bet")
    bet.get_by_role("radio").first.focus()
    page.keyboard.press("Space")
    page.keyboard.press("Tab")
    page.keyboard.press("Enter")
    expect(bet.get_by_role("status")).not_to_be_empty()
    picture("lesson-bet")

    explorer = notebook.cell_at(explorers[0]).locator(".ao-explorer")
    move_by_key(page, explorer, explorer.locator("input[type=range]:visible").first)
    picture("lesson-explorer")


def cells_that_call(notebook: Notebook, call: str) -> list[int]:
    return [
        index
        for index, cell in enumerate(notebook.cells())
        if cell["cell_type"] == "code" and call in "".join(cell["source"])
    ]
