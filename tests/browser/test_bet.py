"""A bet: placed by keyboard, answered with the why, remembered when it is opened again."""

import nbformat
from playwright.sync_api import expect
from test_every_explorer import assert_legible

from course_utils.notebook import NOTEBOOK_METADATA

PLACE = (
    "from course_utils.widgets import bet\n"
    "bet('03.test', 'Who listens to whom?', {\n"
    "    'nobody': 'Then it would be a bag of words.',\n"
    "    'everybody': 'And the scores say how much.',\n"
    "}, 'everybody')"
)


def test_a_bet_is_placed_by_keyboard_told_why_and_remembered(lab, course, page, picture):
    cells = [nbformat.v4.new_code_cell(PLACE)]
    book = nbformat.v4.new_notebook(cells=cells, metadata=NOTEBOOK_METADATA)
    nbformat.write(book, course / "bet.ipynb")
    notebook = lab.open(page, "bet.ipynb")
    notebook.run(PLACE)
    bet = notebook.output(PLACE).locator(".ao-bet")
    verdict = bet.get_by_role("status")
    expect(bet.get_by_role("group", name="Who listens to whom?")).to_be_visible()
    expect(verdict).to_be_empty()

    bet.get_by_role("radio").first.focus()
    page.keyboard.press("Space")
    expect(bet.get_by_role("radio", name="nobody")).to_be_checked()
    page.keyboard.press("Tab")
    expect(bet.get_by_role("button", name="Place your bet")).to_be_focused()
    page.keyboard.press("Enter")
    expect(verdict).to_contain_text("Then it would be a bag of words.")
    expect(verdict).to_contain_text("It was: everybody. And the scores say how much.")
    expect(bet.get_by_role("button", name="Change my mind")).to_be_focused()
    notebook.wait_until_idle()
    expect(bet.get_by_role("radio", name="nobody (your bet)")).to_be_checked()
    assert_legible(notebook, bet, picture, "bet")

    again = lab.open(page, "bet.ipynb")
    again.restart()
    again.run(PLACE)
    remembered = again.output(PLACE).locator(".ao-bet")
    expect(remembered.get_by_role("radio", name="nobody")).to_be_checked()
    expect(remembered.get_by_text("(your bet)")).to_be_visible()
    expect(remembered.get_by_role("status")).to_contain_text("It was: everybody.")
