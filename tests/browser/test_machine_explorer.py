"""The whole machine on a plain page: keys, playing, writing on, and no kernel behind it."""

import re

import pytest
from playwright.sync_api import expect
from test_plain_page import mount

from course_utils.text import CharTokenizer
from course_utils.trained.recipes import ShakespeareRecipe
from course_utils.widgets import MachineExplorer

PLAY = CharTokenizer("To drink, or not.\n")
CHAIN = 3  # characters written after "Stop" would be a second chain


@pytest.fixture
def machine(page, tmp_path):
    model = ShakespeareRecipe(block=64, d_model=16, n_heads=2, n_layers=3, d_ff=24)
    explorer = MachineExplorer(model.model(PLAY.vocab_size), PLAY, "To drink")
    wrong = mount(page, explorer, tmp_path)
    shown = page.locator(".ao-explorer")
    expect(shown.locator(".ao-headline")).to_contain_text("After “To␣drink” the likeliest")
    yield shown
    assert wrong == []


def letters(machine) -> int:
    return machine.locator(".letters button").count()


def test_keys_go_down_the_tower_and_along_the_heads(page, machine):
    says = machine.locator(".ao-headline")
    machine.get_by_role("button", name="the next character").focus()
    for key, told in [
        ("ArrowDown", "12 logits"), ("ArrowDown", "Block 3: what it thought is added"),
        ("ArrowDown", "Block 3, feed-forward"), ("ArrowDown", "what the heads bring is added"),
        ("ArrowDown", "Block 3, head 1"), ("ArrowRight", "Block 3, head 2"),
        ("ArrowRight", "Block 3, head 2"), ("ArrowUp", "what the heads bring is added"),
        ("Home", "8 characters"), ("ArrowUp", "Nobody has heard of anybody yet"),
        ("End", "After “To␣drink” the likeliest"),
    ]:  # fmt: skip
        page.keyboard.press(key)
        expect(says).to_contain_text(told)
    assert machine.locator(".tower [tabindex='0']").count() == 1


def test_a_vector_opens_with_its_numbers_and_a_head_as_its_map(machine):
    inside = machine.get_by_role("group", name="What is in it")
    machine.get_by_role("button", name="residual stream after block 2").click()
    expect(inside.get_by_role("group", name="the numbers").locator("span")).to_have_count(16)
    expect(inside).to_contain_text("Read out here, it would say")
    machine.get_by_role("button", name="block 2, head 1").click()
    expect(inside.get_by_role("group", name="Block 2, head 1")).to_be_visible()
    inside.get_by_role("button", name="T, word 1").click()
    expect(machine.locator(".ao-headline")).to_contain_text("“T” looks at T 100 %")


def test_what_the_data_has_not_reached_is_empty(machine):
    filled = machine.locator(".tower image[href]:visible")
    expect(filled).to_have_count(1 + 3 * (2 + 1 + 1 + 1) + 1)  # and none for the text itself
    machine.get_by_role("button", name="block 1, head 1").click()
    expect(filled).to_have_count(1 + 2)


def test_it_writes_on_until_stopped_and_one_chain_alone(page, machine):
    before = letters(machine)
    for _ in range(3):  # Stop and Write on in quick succession
        machine.get_by_role("button", name="Write on").click()
        machine.get_by_role("button", name="Stop").click()
    machine.get_by_role("button", name="Write on").click()
    expect(machine.locator(".letters button").nth(before + CHAIN)).to_be_visible()
    machine.get_by_role("button", name="Stop").click()
    stopped = letters(machine)
    page.wait_for_timeout(1_000)
    assert letters(machine) == stopped
    machine.get_by_role("button", name="Write a character").click()
    assert letters(machine) == stopped + 1


def test_beyond_the_longest_text_the_first_character_is_forgotten(page, machine):
    text = machine.get_by_role("textbox", name="Your text")
    text.fill("To drink" * 8)
    page.keyboard.press("Enter")
    expect(machine.locator(".letters button")).to_have_count(64)
    machine.get_by_role("button", name="Write a character").click()
    expect(machine.locator(".letters button")).to_have_count(64)
    expect(machine.locator(".letters button").first).to_have_text("o")


def test_a_line_s_end_can_be_typed(page, machine):
    """A field of one line has no place for it: it has a sign."""
    machine.get_by_role("textbox", name="Your text").fill("or↵not")
    page.keyboard.press("Enter")
    expect(machine.locator(".letters button")).to_have_count(6)
    machine.get_by_role("button", name="the characters").click()
    expect(machine.get_by_role("group", name="What is in it")).to_contain_text("↵ 0")
    machine.get_by_role("button", name="Write a character").click()
    expect(machine.get_by_role("textbox", name="Your text")).to_have_value(re.compile("^or↵not."))


@pytest.mark.parametrize(
    ("typed", "says"),
    [
        ("To 😀", "“😀” is not among the 12 characters"),
        ("To drink " * 8, "72 characters; the machine reads up to 64"),
        ("", "at least one character"),
    ],
)
def test_what_it_cannot_read_is_told_and_nothing_changes(page, machine, typed, says):
    machine.get_by_role("textbox", name="Your text").fill(typed)
    page.keyboard.press("Enter")
    expect(machine.get_by_role("alert")).to_contain_text(says)
    expect(machine.get_by_role("alert")).to_contain_text("What you see is still the text before.")
    assert letters(machine) == len("To drink")


def test_play_goes_through_the_steps_and_pauses(page, machine):
    says = machine.locator(".ao-headline")
    machine.get_by_role("button", name="Play").click()
    expect(says).to_contain_text("8 characters, each with its number")
    expect(says).to_contain_text("Nobody has heard of anybody yet")
    machine.get_by_role("button", name="Pause").click()
    told = says.inner_text()
    page.wait_for_timeout(2_000)
    assert says.inner_text() == told
    machine.get_by_role("button", name="Step").click()
    expect(says).not_to_have_text(told)
    machine.get_by_role("button", name="block 2, head 1").focus()
    page.keyboard.press("Enter")  # plays on
    expect(machine.get_by_role("button", name="Pause")).to_be_visible()
    page.keyboard.press(" ")
    expect(machine.get_by_role("button", name="Play")).to_be_visible()


def test_nothing_moves_by_itself_where_motion_is_not_wanted(page, machine):
    moving = "node => node.getAnimations({ subtree: true }).length"
    machine.get_by_role("button", name="block 2, head 1").click()
    assert machine.evaluate(moving) > 0
    page.emulate_media(reduced_motion="reduce")
    assert machine.evaluate(moving) == 0


def test_without_an_answer_it_says_what_to_do(page, tmp_path):
    model = ShakespeareRecipe(block=64, d_model=16, n_heads=2, n_layers=1, d_ff=24)
    page.route("**/large.json", lambda route: None)  # nobody answers
    mount(page, MachineExplorer(model.model(PLAY.vocab_size), PLAY, "To"), tmp_path)
    says = page.locator(".ao-headline")
    expect(says).to_contain_text("on their way")
    expect(says).to_contain_text("this one again", timeout=20_000)
