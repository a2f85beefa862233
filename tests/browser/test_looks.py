"""What one sees and reaches in every explorer, on a page 700 pixels wide and without Jupyter."""

import numpy as np
import pytest
from playwright.sync_api import expect
from test_every_explorer import overlapping_words
from test_plain_page import EVERY, SETTLED, mount

from course_utils import widgets
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


ZOOMED = {
    "attention": lambda: heads(6, 12, SENTENCE),
    "pattern": lambda: PatternLab("bigbird", n=64, layers=2),
    "embedding": EVERY["EmbeddingExplorer"],
    "bet": EVERY["bet"],
}


@pytest.mark.parametrize("name", ZOOMED)
def test_at_200_percent_nothing_is_too_small_or_overlaps(page, tmp_path, picture, name):
    """A window 700 pixels wide has 350 of a page's pixels then."""
    page.set_viewport_size({"width": 350, "height": 450})
    assert mount(page, ZOOMED[name](), tmp_path) == []
    explorer = page.locator(".ao-explorer")
    assert explorer.evaluate(SMALL_WORDS, SMALLEST) == []
    assert explorer.evaluate(SMALL_TARGETS, [FINGER, STEPS_OF_A_LINE]) == []
    assert overlapping_words(explorer) == []
    assert page.evaluate("document.documentElement.scrollWidth <= innerWidth")
    picture(f"zoomed-{name}", explorer)


def test_of_a_line_that_does_not_fit_the_chosen_token_is_seen(page, tmp_path):
    page.set_viewport_size({"width": 350, "height": 1600})
    mount(page, PatternLab("bigbird", n=64, layers=2, token=60), tmp_path)
    expect(page.locator(".arcs .token.chosen")).to_be_in_viewport(ratio=0.5)


def test_a_lamp_keeps_its_distance_from_the_line_below(narrow, tmp_path):
    mount(narrow, PatternLab("bigbird", n=64, layers=2), tmp_path)
    lines = narrow.locator(".lamps li").evaluate_all("""items => items.flatMap(item => {
        const lamp = item.querySelector(".lamp").getBoundingClientRect();
        const range = document.createRange();
        range.selectNodeContents(item.lastChild);
        return [...range.getClientRects()].filter(word => word.left < lamp.right
            && word.top < lamp.bottom + 3);
    })""")
    assert lines == []  # the words that come closer than 3 pixels


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
TOKENS = list("I pray you, what is it to love?")


MIXERS = ("attention", "Fourier")


def maps(words: list[str]) -> widgets.MixingMap:
    shares = dict(zip(MIXERS, (np.eye(len(words)) + 1, np.ones([len(words)] * 2)), strict=True))
    return widgets.MixingMap(words, shares, text=" ".join(words), read=lambda text: 0)


def waves() -> widgets.SpectrumExplorer:
    year = np.arange(260)
    spots = {"sunspots, by year": np.abs(np.sin(year / 7)), "a chord": np.sin(year / 3)}
    return widgets.SpectrumExplorer(spots | {"four words": [37, 20, 5, 60]}, wave=8)


def tree() -> BeamExplorer:
    """Ten steps, of two tokens each."""
    return BeamExplorer.by_hand({" ".join(["ja"] * n): {"ja": 0.6, "nein": 0.4} for n in range(10)})


def contest() -> widgets.BakeoffExplorer:
    rows = [
        {
            "name": f"mixer number {i}",
            "config": "rotary",
            "speed": 1 + i % 5 / 3,
            "bits": (i % 7, 0.2),
        }
        for i in range(12)
    ]
    better = {"speed": "high", "bits": "low"}
    return widgets.BakeoffExplorer(rows, x="speed", y="bits", better=better)


def talker() -> widgets.SamplingExplorer:
    scores = np.random.default_rng(0).normal(size=(len(TOKENS), 26))
    return widgets.SamplingExplorer(TOKENS, scores, sorted({*TOKENS, *"bcfgjkmnqrxz"})[:26])


# As large as in the lessons, and what has to be seen at once: what one changes, and what follows.
TALL = {
    "attention": (lambda: heads(6, 12, SENTENCE), [".grid", "figure"]),
    "bakeoff": (contest, ["select", "svg", ".told"]),
    "beam": (tree, [".ao-controls", ".ao-headline", ".ao-scroll", "table"]),
    "bpe": (EVERY["BPEExplorer"], [".ao-controls", "svg", ".chips"]),
    "embedding": (EVERY["EmbeddingExplorer"], ["svg"]),
    "memory": (EVERY["MemoryExplorer"], [".grid", ".letters", ".bar"]),
    "mixing": (lambda: maps(SENTENCE), [".ao-headline", "fieldset", "svg"]),
    "mixing, the most words": (lambda: maps(TOKENS[:24]), [".ao-headline", "fieldset", "svg"]),
    "pattern": (lambda: PatternLab("strided", n=24, layers=2), [".lamps", ".arcs", ".controls"]),
    "random": (lambda: PatternLab("bigbird", n=64, layers=2), [".lamps", ".arcs", ".controls"]),
    "position": (lambda: PositionExplorer(n=64, d_model=32), [".ao-controls", ".clocks", ".map"]),
    "machine": (machine, [".tower", ".inside .chances"]),
    "proof": (
        lambda: widgets.ProofStepper(choice="ring", step=5),
        [".steps", "svg", ".ao-headline"],
    ),
    "sampling": (talker, [".ao-controls", "figure", ".paper"]),
    "softmax": (widgets.SoftmaxExplorer, [".ao-controls", ".sides", "svg"]),
    "spectrum": (waves, [".ao-controls", ".signal", ".bars"]),
}
# On a wide page the first stands on the left and the second on the right.
BESIDE = {
    "attention": (".grid", "figure"),
    "bakeoff": ("select", "svg"),
    "beam": ("table", ".note"),
    "bpe": (".ao-controls", ".chips"),
    "memory": (".grid", ".letters"),
    "mixing": (".ao-body > :first-child svg", ".ao-body > :last-child svg"),
    "pattern": (".lamps", ".arcs"),
    "position": (".clocks", ".map"),
    "proof": (".steps", "svg"),
    "sampling": (".ao-controls", ".paper"),
    "softmax": (".ao-controls", ".sides"),
    "spectrum": (".ao-controls", ".signal"),
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


@pytest.mark.parametrize("width", [984, 1400])
@pytest.mark.parametrize("name", BESIDE)
def test_a_wide_page_is_used(page, tmp_path, name, width):
    """On 984 pixels it has as many as beside JupyterLab's file browser, on a screen of 1,400."""
    page.set_viewport_size({"width": width, "height": 800})
    mount(page, TALL[name][0](), tmp_path)
    explorer = page.locator(".ao-explorer")
    assert explorer.bounding_box()["width"] == min(width - 16, 1100)
    boxes = [explorer.locator(part).first.bounding_box() for part in BESIDE[name]]
    assert boxes[0]["x"] + boxes[0]["width"] <= boxes[1]["x"]
    wide = explorer.bounding_box()["height"]
    page.set_viewport_size({"width": 700, "height": 800})
    page.evaluate(SETTLED)
    assert explorer.bounding_box()["height"] > wide


@pytest.mark.parametrize("name", TALL)
def test_nothing_is_lost_at_any_width(page, tmp_path, name):
    """350 pixels are a page of 700 at 200 %; at 960 two columns have just found room."""
    mount(page, TALL[name][0](), tmp_path)
    for width in (350, 500, 820, 960, 1060):
        page.set_viewport_size({"width": width, "height": 800})
        page.evaluate(SETTLED)
        assert page.evaluate("document.documentElement.scrollWidth <= innerWidth"), width
        assert page.locator(".ao-explorer").evaluate(SMALL_WORDS, SMALLEST) == [], width


def test_two_maps_beside_each_other_mark_the_same_word(page, tmp_path):
    page.set_viewport_size({"width": 1400, "height": 800})
    mount(page, maps(SENTENCE), tmp_path)
    left, right = (page.get_by_role("group", name=f"{mixer}: who") for mixer in MIXERS)
    left.get_by_role("button", name="tom, word 2").click()
    says = page.locator(".ao-headline")
    for mixer in MIXERS:
        expect(says).to_contain_text(f"{mixer}: “tom” hears most of")
    expect(right.locator("[aria-pressed=true]")).to_have_attribute("aria-label", "tom, word 2")
    page.get_by_role("group", name="Beside it").get_by_label("attention").check()
    assert right.bounding_box()["x"] < left.bounding_box()["x"]  # they have changed places
    page.set_viewport_size({"width": 700, "height": 800})
    expect(left).to_have_count(0)
    expect(right).to_be_visible()


MISPLACED = """explorer => {
    const points = [...explorer.querySelectorAll(".point")].map(point => ({
        name: point.querySelector("text").textContent,
        text: point.querySelector("text").getBoundingClientRect(),
        dot: point.querySelector(".dot").getBoundingClientRect(),
    }));
    const cover = (a, b) => a.left + 1 < b.right && b.left + 1 < a.right
        && a.top + 3 < b.bottom && b.top + 3 < a.bottom;
    return points.filter(({ text, dot }, i) => {
        const others = points.filter((_, j) => i !== j);
        return others.some(other => cover(text, other.text) || cover(text, other.dot))
            || Math.abs(text.top + text.height / 2 - dot.top - dot.height / 2) > 24;
    }).map(({ name }) => name);
}"""


@pytest.mark.parametrize("width", [700, 1400])
def test_a_name_stands_at_its_point_and_covers_no_other(page, tmp_path, width):
    """Six pairs of points, each pair closer together than its names are high or long."""
    rows = [
        {"name": f"mixer {i}", "speed": 1 + i // 2 + i % 2 / 50, "bits": 1 + i % 2 / 20}
        for i in range(12)
    ]
    rows[0]["bits"] = 2.0
    better = {"speed": "high", "bits": "low"}
    explorer = widgets.BakeoffExplorer(rows, x="speed", y="bits", better=better)
    page.set_viewport_size({"width": width, "height": 800})
    mount(page, explorer, tmp_path)
    assert page.locator(".ao-explorer").evaluate(MISPLACED) == []


def test_a_pressed_vector_keeps_the_focus(narrow, tmp_path):
    """Its button is drawn anew; who came by keys must not be sent back to the page's beginning."""
    mount(narrow, EVERY["MemoryExplorer"](), tmp_path)
    vector = narrow.locator(".side .ao-button").first
    vector.focus()
    narrow.keyboard.press("Enter")
    expect(vector).to_have_attribute("aria-pressed", "true")
    expect(vector).to_be_focused()
    narrow.keyboard.press("Enter")
    expect(vector).to_have_attribute("aria-pressed", "false")


def test_a_matrix_is_told_by_its_words_and_not_by_bare_numbers(narrow, tmp_path):
    mount(narrow, maps(SENTENCE), tmp_path)
    tree = narrow.locator("figure").first.aria_snapshot()
    assert 'button "tom, word 2"' in tree
    assert not [word for word in tree.split() if word.isdigit()]


def test_a_point_says_all_its_numbers(narrow, tmp_path):
    mount(narrow, contest(), tmp_path)
    point = narrow.locator(".point").first
    point.focus()
    expect(narrow.locator(".told")).to_have_text("mixer number 0: rotary. speed 1; bits 0 ± 0.2.")
    expect(point).to_have_attribute("aria-label", narrow.locator(".told").inner_text())


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


def test_a_narrow_table_leaves_room_for_its_sentences(page, tmp_path):
    page.set_viewport_size({"width": 350, "height": 800})
    mount(page, tree(), tmp_path)
    assert page.locator("tbody td").first.bounding_box()["width"] > 90
    assert page.evaluate("document.documentElement.scrollWidth <= innerWidth")
