"""What one sees and reaches in every explorer, on a page 700 pixels wide and without Jupyter."""

import numpy as np
import pytest
from playwright.sync_api import expect
from test_plain_page import EVERY, mount

from course_utils.text import CharTokenizer
from course_utils.trained.recipes import ShakespeareRecipe
from course_utils.widgets import (
    AttentionExplorer,
    BeamExplorer,
    MachineExplorer,
    PatternLab,
    PositionExplorer,
)

# Text that was written small on purpose can't be read by half of the class.
SMALLEST = 11.5  # pixels on the page
FINGER = 24  # pixels: WCAG 2.2, 2.5.8
# Not by the mouse of a test, which scrolls to what it clicks.
CLICK = "node => node.dispatchEvent(new MouseEvent('click', { bubbles: true }))"
STEPS_OF_A_LINE = ".ao-lab .arcs .token"  # as many as tokens fit a line; the arrow keys reach all

SMALL_WORDS = """(explorer, smallest) => [...explorer.querySelectorAll("*")].filter(node => {
    const own = [...node.childNodes].some(child => child.nodeType === 3 && child.data.trim());
    if (!own || !node.checkVisibility() || node.tagName === "STYLE") return false;
    const zoom = node instanceof SVGElement ? node.getScreenCTM().a : 0;
    const turn = node instanceof SVGElement ? node.getScreenCTM().b : 0;
    const scale = node instanceof SVGElement ? Math.hypot(zoom, turn) : 1;
    return scale * parseFloat(getComputedStyle(node).fontSize) < smallest;
}).map(node => node.textContent)"""

SMALL_TARGETS = """(explorer, [finger, spared]) => {
    const controls = "input, button, textarea, select, summary, [tabindex]";
    return [...explorer.querySelectorAll(controls)].filter(node => {
        if (!node.checkVisibility() || node.matches(spared)) return false;
        const ticked = node.matches("input[type=radio], input[type=checkbox]");
        const box = (ticked ? node.closest("label") : node).getBoundingClientRect();
        return Math.min(box.width, box.height) < finger - 1;
    }).map(node => node.outerHTML.slice(0, 120));
}"""

LIVE = "output, [aria-live], [role=status], [role=alert], [role=log]"


@pytest.fixture
def narrow(page):
    page.set_viewport_size({"width": 700, "height": 900})
    return page


@pytest.mark.parametrize("name", EVERY)
def test_each_is_named_legible_and_large_enough_for_a_finger(narrow, tmp_path, name):
    assert mount(narrow, EVERY[name](), tmp_path) == []
    explorer = narrow.locator(".ao-explorer")
    if name != "bet":
        assert explorer.get_attribute("role") == "group" and explorer.get_attribute("aria-label")
    assert explorer.evaluate(SMALL_WORDS, SMALLEST) == []
    assert explorer.evaluate(SMALL_TARGETS, [FINGER, STEPS_OF_A_LINE]) == []
    assert narrow.evaluate("document.documentElement.scrollWidth <= innerWidth")


@pytest.mark.parametrize("name", EVERY)
def test_a_slider_is_announced_by_itself_and_by_the_sentence(narrow, tmp_path, name):
    """Its own words beside it would be a third voice."""
    mount(narrow, EVERY[name](), tmp_path)
    for slider in narrow.locator(".ao-slider").all():
        assert slider.locator(LIVE).count() == 0
        assert slider.locator("input").get_attribute("aria-valuetext")
        expect(slider.locator("[aria-hidden=true]")).to_have_count(1)


def test_who_types_is_told_to_press_enter(narrow, tmp_path):
    """Meanwhile the maps are those of the sentence before, and look like it."""
    mount(narrow, AttentionExplorer(["a"], [[[[1.0]]]], text="a", read=lambda text: 0), tmp_path)
    explorer, hint = narrow.locator(".ao-explorer"), narrow.get_by_text("press Enter")
    figures = narrow.locator(".views")
    expect(hint).to_be_hidden()
    narrow.get_by_role("textbox").press_sequentially("b")
    expect(hint).to_be_visible()
    expect(figures.locator("svg")).to_have_css("opacity", "0.45")
    narrow.keyboard.press("Enter")
    expect(hint).to_be_hidden()
    expect(explorer).not_to_have_class("ao-typing")
    expect(figures.locator("svg")).to_have_css("opacity", "1")


def test_a_row_of_the_matrix_is_kept_by_a_click(narrow, tmp_path):
    mount(narrow, EVERY["AttentionExplorer"](), tmp_path)
    narrow.get_by_role("radio", name="a matrix").check()
    box = narrow.locator("figure image").bounding_box()
    narrow.mouse.click(box["x"] + 5, box["y"] + 0.6 * box["height"])
    narrow.mouse.move(0, 0)
    expect(narrow.locator("figure [role=status]")).to_contain_text("“drinks” looks at")
    expect(narrow.locator(".token[aria-pressed=true]")).to_have_attribute(
        "aria-label", "drinks, word 3"
    )


def test_a_box_of_the_tree_is_a_button_that_keeps_its_sentence(narrow, tmp_path):
    mount(narrow, EVERY["BeamExplorer"](), tmp_path)
    says = narrow.locator(".ao-headline")
    box = narrow.get_by_role("button", name="“trinkt”: log-probability").first
    box.click()
    narrow.mouse.move(0, 0)
    expect(says).to_contain_text("“trinkt”: log-probability")
    box.press("Enter")  # a second time lets it go
    narrow.locator("body").click(position={"x": 1, "y": 1})
    narrow.evaluate("document.activeElement.blur()")
    expect(says).to_contain_text("A beam of 2 finds")


def test_a_sentence_without_blanks_leaves_room_for_its_numbers(narrow, tmp_path):
    """A translator that stutters: nothing of the headline or of the table is cut off."""
    long = "TomTom" * 40
    mount(narrow, BeamExplorer.by_hand({"": {long: 0.6, "Tom": 0.4}}, width=2), tmp_path)
    explorer = narrow.locator(".ao-explorer").bounding_box()
    right = explorer["x"] + explorer["width"]
    assert narrow.evaluate("document.documentElement.scrollWidth <= innerWidth")
    for node in narrow.locator(".ao-headline, table, td.number, th.number").all():
        box = node.bounding_box()
        assert box["x"] + box["width"] <= right
    assert narrow.locator(".ao-headline").bounding_box()["height"] < 70


def heads(n_layers: int, n_heads: int, words: list[str]) -> AttentionExplorer:
    n = len(words)
    return AttentionExplorer(words, np.full((n_layers, n_heads, n, n), 1 / n), text=" ".join(words))


def machine() -> MachineExplorer:
    """As many blocks and heads as the shipped model has."""
    text = "Tom drinks cold coffee"
    letters = CharTokenizer(text)
    recipe = ShakespeareRecipe(block=64, d_model=128, n_heads=4, n_layers=4, d_ff=512)
    return MachineExplorer(recipe.model(letters.vocab_size), letters, text)


SENTENCE = "[CLS] tom drinks cold coffee because he is tired . [SEP]".split()
# As large as in the lessons, and what has to be seen at once: what one changes, and what follows.
TALL = {
    "attention": (lambda: heads(6, 12, SENTENCE), [".grid", "figure"]),
    "pattern": (lambda: PatternLab("strided", n=24, layers=2), [".lamps", ".arcs", ".controls"]),
    "random": (lambda: PatternLab("bigbird", n=64, layers=2), [".lamps", ".arcs", ".controls"]),
    "position": (lambda: PositionExplorer(n=64, d_model=32), [".ao-controls", ".clocks", ".map"]),
    "machine": (machine, [".tower", ".inside .chances"]),
}


@pytest.mark.parametrize("width", [700, 1400])
@pytest.mark.parametrize("name", TALL)
def test_cause_and_effect_are_on_one_screen(page, tmp_path, picture, name, width):
    """800 pixels are what JupyterLab leaves of a screen of 900; nothing is cut, nothing scrolls."""
    example, parts = TALL[name]
    page.set_viewport_size({"width": width, "height": 800})
    assert mount(page, example(), tmp_path) == []
    for part in parts:
        expect(page.locator(f".ao-explorer {part}").first).to_be_in_viewport(ratio=1)
    assert page.locator(".ao-explorer").bounding_box()["height"] < 800
    picture(f"screen-{name}-{width}", page.locator(".ao-explorer"))


@pytest.mark.parametrize(("width", "height"), [(700, 800), (1400, 800), (350, 400)])
def test_what_the_machine_opens_is_seen_together_with_its_place(page, tmp_path, width, height):
    """350 × 400 are a window of 700 × 800 at 200 %; the tower is scrolled to what is open."""
    page.set_viewport_size({"width": width, "height": height})
    assert mount(page, machine(), tmp_path) == []
    explorer, opened = page.locator(".ao-machine"), page.locator(".ao-machine .place.open")
    expect(explorer.locator(".inside .chances")).to_be_attached()
    explorer.locator(".tower").evaluate("tower => tower.scrollIntoView()")
    for name, inside in [
        ("residual stream after block 2", ".numbers"),
        ("block 4, head 4", ".map [aria-pressed=true]"),  # the row of the character
        ("the characters", ".ids"),
        ("the next character", ".chances"),
    ]:
        explorer.get_by_role("button", name=name, exact=True).evaluate(CLICK)
        expect(opened).to_have_attribute("aria-label", name)
        expect(opened.locator(".frame")).to_be_in_viewport(ratio=0.9)
        expect(explorer.locator(".inside h4").first).to_be_in_viewport(ratio=1)
        expect(explorer.locator(f".inside {inside}")).to_be_in_viewport()
    assert page.evaluate("document.documentElement.scrollWidth <= innerWidth")


@pytest.mark.parametrize("name", ["attention", "pattern"])
def test_a_wide_page_is_used(page, tmp_path, name):
    page.set_viewport_size({"width": 1400, "height": 800})
    mount(page, TALL[name][0](), tmp_path)
    assert page.locator(".ao-explorer").bounding_box()["width"] > 1000
    left, right = {"attention": (".grid", "figure"), "pattern": (".lamps", ".arcs")}[name]
    boxes = [page.locator(f".ao-explorer {part}").first.bounding_box() for part in (left, right)]
    assert boxes[0]["x"] + boxes[0]["width"] <= boxes[1]["x"]


def test_bpe_pieces_are_colored_and_leave_no_hole(narrow, tmp_path):
    """What grows stands last, so that no room has to be kept for it, and nothing moves."""
    mount(narrow, EVERY["BPEExplorer"](), tmp_path)
    slider, chips = narrow.locator(".ao-slider input"), narrow.locator(".chip")
    before = slider.bounding_box()
    tints = chips.evaluate_all("all => all.map(one => getComputedStyle(one).borderBottomColor)")
    assert len(set(tints)) == 5
    assert all(a != b for a, b in zip(tints, tints[1:], strict=False))
    last = chips.last.bounding_box()
    explorer = narrow.locator(".ao-explorer").bounding_box()
    assert explorer["y"] + explorer["height"] - (last["y"] + last["height"]) < 30
    narrow.get_by_role("textbox").fill("Tom drinks cold coffee. " * 20)
    assert slider.bounding_box() == before
