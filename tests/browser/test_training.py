"""A training run in the browser: a curve that grows, the stop button, a figure that stays."""

import nbformat
import pytest
from playwright.sync_api import expect

TRAIN = """\
from dataclasses import replace
from course_utils.trained.recipes import ShakespeareRecipe
from course_utils.training import fit

recipe = replace(ShakespeareRecipe(), steps=100_000, d_model=32, n_layers=1, block=16, batch_size=4)
tokenizer = recipe.tokenizer()
told = recipe.training(tokenizer) | {"valid": None}
history = fit(recipe.model(tokenizer.vocab_size), **told)
len(history.losses) > 20, history.stopped
"""


@pytest.fixture
def notebook(lab, course, page):
    cell = nbformat.v4.new_code_cell(TRAIN)
    about = {"kernelspec": {"name": "python3", "display_name": "Python 3", "language": "python"}}
    written = nbformat.v4.new_notebook(cells=[cell], metadata=about)
    nbformat.write(written, course / "notebooks" / "training.ipynb")
    return lab.open(page, "notebooks/training.ipynb")


def test_a_run_is_watched_and_stopped(notebook, page, picture):
    cell = notebook.cell("fit(")
    notebook.start("fit(")
    bar = cell.locator("progress")
    expect(bar).to_be_visible(timeout=60_000)
    expect(cell.locator("svg polyline")).to_be_visible()
    expect(cell.locator(".jp-OutputArea-output")).to_contain_text("tokens/s")
    seen = bar.get_attribute("value")
    expect(bar).not_to_have_attribute("value", seen)
    page.wait_for_timeout(2_000)
    picture("training-live")

    page.get_by_role("button", name="Interrupt the kernel").click()
    figure = cell.locator(".jp-OutputArea-output img")
    expect(figure).to_be_visible()
    expect(bar).to_have_count(0)
    notebook.wait_until_idle()
    picture("training-stopped")
    outputs = notebook.cells()[0]["outputs"]
    assert [output["output_type"] for output in outputs] == [
        "display_data",
        "stream",
        "execute_result",
    ]
    assert "interrupted; everything so far is kept" in "".join(outputs[1]["text"])
    assert "(True, 'interrupted')" in "".join(outputs[2]["data"]["text/plain"])
    alt = outputs[0]["metadata"]["image/png"]["alt"]
    assert alt.startswith("A curve: the loss over the training steps")
