"""An exercise in the browser: wrong, and told what the mistake is called; then right."""

import pytest
from playwright.sync_api import expect

EXERCISE = "exercises/03_attention/03_attention.ipynb"
TASK = "03.scaled_dot_product_attention"
STUB = "def scaled_dot_product_attention("
CHECK = f'check("{TASK}"'

WITHOUT_ROOT = """\
def scaled_dot_product_attention(query, key, value, mask=None):
    scores = query @ key.transpose(-2, -1)
    if mask is not None:
        scores = scores.masked_fill(~mask, -math.inf)
    weights = torch.softmax(scores, dim=-1)
    return weights @ value, weights
"""
RIGHT = """\
def scaled_dot_product_attention(query, key, value, mask=None):
    scores = query @ key.transpose(-2, -1) / math.sqrt(query.shape[-1])
    if mask is not None:
        scores = scores.masked_fill(~mask, -math.inf)
    weights = torch.softmax(scores, dim=-1)
    if mask is not None:
        weights = weights.masked_fill(~mask, 0.0)
    return weights @ value, weights
"""
FOREVER = """\
def scaled_dot_product_attention(query, key, value, mask=None):
    while True:
        pass
"""


@pytest.fixture
def exercise(lab, course, page):
    assert (course / EXERCISE).exists(), f"there is no {EXERCISE}: make it from its solution"
    notebook = lab.open(page, EXERCISE)
    notebook.run("from course_utils.checks import check")
    return notebook


def test_an_exercise_answers_back(exercise, picture):
    exercise.run(STUB)
    verdict = exercise.run(CHECK).locator(".jp-Cell-outputArea")
    expect(verdict).to_contain_text("NOT YET")
    assert "Traceback" not in verdict.inner_text()

    exercise.write(STUB, WITHOUT_ROOT)
    exercise.run(STUB)
    verdict = exercise.run(CHECK).locator(".jp-Cell-outputArea")
    expect(verdict).to_contain_text("NOT YET")
    expect(verdict).to_contain_text("forgot the root")
    picture("exercise-wrong")

    exercise.write(STUB, RIGHT)
    exercise.run(STUB)
    verdict = exercise.run(CHECK).locator(".jp-Cell-outputArea")
    expect(verdict).to_contain_text("PASSED")
    expect(verdict).not_to_contain_text("NOT YET")
    picture("exercise-right")


def test_an_endless_loop_is_reported_and_the_kernel_lives(exercise):
    exercise.write(STUB, FOREVER)
    exercise.run(STUB)
    verdict = exercise.run(CHECK).locator(".jp-Cell-outputArea")
    expect(verdict).to_contain_text("NOT YET")
    exercise.write(STUB, RIGHT)
    exercise.run(STUB)
    expect(exercise.run(CHECK).locator(".jp-Cell-outputArea")).to_contain_text("PASSED")
