"""The sampling explorer speaks without a kernel, of a model that the page can compute."""

import re

import pytest
from playwright.sync_api import expect
from test_plain_page import mount

from course_utils.text import CharTokenizer
from course_utils.trained.recipes import ShakespeareRecipe
from course_utils.widgets import SamplingExplorer

PLAY = CharTokenizer("To drink, or not.")


@pytest.fixture
def sampling(page, tmp_path):
    model = ShakespeareRecipe(block=128, d_model=16, n_heads=2, n_layers=2, d_ff=24)
    explorer = SamplingExplorer.from_model(model.model(PLAY.vocab_size), PLAY, "To drink")
    wrong = mount(page, explorer, tmp_path)
    shown = page.locator(".ao-explorer")
    page.wait_for_timeout(500)  # until the weights are there
    yield shown
    assert wrong == []


def written(sampling) -> str:
    return sampling.locator(".written").text_content()


def test_it_writes_until_it_is_stopped(page, sampling):
    for _ in range(3):  # no second chain beside the first
        sampling.get_by_role("button", name="Write on").click()
        sampling.get_by_role("button", name="Stop").click()
    sampling.get_by_role("button", name="Write on").click()
    expect(sampling.locator(".written")).to_have_text(re.compile(".{6}", re.DOTALL))
    sampling.get_by_role("button", name="Stop").click()
    so_far = written(sampling)
    page.wait_for_timeout(500)
    assert written(sampling) == so_far
    sampling.get_by_role("button", name="Draw a character").click()
    assert written(sampling)[:-1] == so_far


def test_a_character_that_it_does_not_know_is_refused_and_nothing_moves(page, sampling):
    """The underline stays where it was, and the way back leads to what was given."""
    sampling.get_by_role("button", name="Draw a character").click()
    before = written(sampling)
    assert len(before) == 1
    sampling.get_by_role("textbox", name="Begin with").fill("To 😀")
    page.keyboard.press("Enter")
    alert = sampling.get_by_role("alert")
    expect(alert).to_contain_text("“😀” is not among the 11 characters that this model knows.")
    assert written(sampling) == before
    sampling.get_by_role("button", name="Back to the beginning").click()
    expect(alert).to_be_empty()
    assert sampling.locator(".paper").text_content() == "To drink"


def test_what_is_cut_off_is_told(page, sampling):
    sampling.get_by_role("textbox", name="Begin with").fill("To drink, or not. " * 8)
    page.keyboard.press("Enter")
    expect(sampling.get_by_role("alert")).to_contain_text(
        "Those are 144 characters; the model reads the last 128 of them."
    )
    assert sampling.locator(".paper").text_content() == ("To drink, or not. " * 8)[-128:]


def test_the_chances_are_the_model_s_own_after_what_was_typed(page, sampling):
    model = ShakespeareRecipe(block=128, d_model=16, n_heads=2, n_layers=2, d_ff=24)
    expected = SamplingExplorer.from_model(model.model(PLAY.vocab_size), PLAY, "not to rot")
    sampling.get_by_role("textbox", name="Begin with").fill("not to rot")
    page.keyboard.press("Enter")
    expect(sampling.locator(".ao-headline")).to_contain_text("After “not␣to␣rot”")
    for told in re.findall(r"[\d.]+ %", expected.alt)[:4]:
        expect(sampling.locator("figure")).to_contain_text(told.replace(" ", "\u00a0"))


def mute(page, tmp_path):
    """The explorer on a page where the weights never come, and nobody reads."""
    model = ShakespeareRecipe(block=128, d_model=16, n_heads=2, n_layers=2, d_ff=24)
    page.route("**/large.json", lambda route: None)
    explorer = SamplingExplorer.from_model(model.model(PLAY.vocab_size), PLAY, "To drink")
    assert mount(page, explorer, tmp_path) == []
    return page.locator(".ao-explorer")


def test_without_weights_and_without_an_answer_it_says_what_to_do(page, tmp_path):
    shown = mute(page, tmp_path)
    shown.get_by_role("button", name="Draw a character").click()
    expect(shown.get_by_role("alert")).to_contain_text("Still no answer.", timeout=20_000)
    expect(shown.get_by_role("alert")).to_contain_text("run the cells above and this one again")


def test_without_weights_a_kernel_that_is_gone_is_told_at_once(page, tmp_path):
    shown = mute(page, tmp_path)
    page.locator("#here").evaluate("host => host.classList.add('jupyter-widgets-disconnected')")
    shown.get_by_role("textbox", name="Begin with").fill("not")
    page.keyboard.press("Enter")
    alert = shown.get_by_role("alert")
    expect(alert).to_contain_text("Run the cells above and this one again. The text is still")
    assert shown.locator(".paper").text_content() == "To drink"
    expect(shown.get_by_role("button", name="Write on")).to_be_enabled()
