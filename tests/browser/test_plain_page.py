"""Every explorer mounts on a plain page: no Jupyter, no kernel, nothing from another host."""

import io
import sys
from pathlib import Path

import numpy as np
import plain_page
import pytest
from matplotlib.image import imread

from course_utils import widgets
from course_utils.paths import ROOT
from course_utils.widgets.explorer import Explorer

sys.path.append(str(ROOT / "tests" / "unit" / "widgets"))
from explorer_examples import EXAMPLES, a_bet  # noqa: E402

EVERY = EXAMPLES | {"bet": a_bet}
SETTLED = "() => new Promise(done => requestAnimationFrame(() => requestAnimationFrame(done)))"


class Failing(Explorer):
    _esm = "export default { render() { throw new Error('no such thing'); } };"


class Complaining(Explorer):
    _esm = "export default { render({ el }) { el.textContent = 1; console.error('odd'); } };"


class Blank(Explorer):
    _esm = "export default { render({ el }) { el.innerHTML = '<p class=ao-explorer>words</p>'; } };"


class Leaking(Explorer):
    """Each mount leaves a listener on the window, and with it what it drew."""

    _esm = """export default { render({ el }) {
        el.innerHTML = "<p class=ao-explorer>words</p>";
        addEventListener("resize", () => el.innerHTML);
    } };"""


MOUNT_AND_LEAVE = """howOften => {
    for (let i = 0; i < howOften; i++) {
        const host = document.createElement("div");
        document.body.append(host);
        const leave = mount(host);
        if (typeof leave === "function") leave();
        host.remove();
    }
}"""


def left_behind(page, explorer: Explorer, folder: Path) -> dict[str, int]:
    """Nodes and listeners that are more after fifty mounts than after five, garbage collected."""
    assert mount(page, explorer, folder) == []
    session = page.context.new_cdp_session(page)
    session.send("Performance.enable")

    def count(mounts: int) -> dict[str, int]:
        page.evaluate(MOUNT_AND_LEAVE, mounts)
        page.evaluate(SETTLED)
        for _ in range(2):
            session.send("HeapProfiler.collectGarbage")
        metrics = session.send("Performance.getMetrics")["metrics"]
        values = {one["name"]: one["value"] for one in metrics}
        return {name: int(values[name]) for name in ("Nodes", "JSEventListeners")}

    few = count(5)
    many = count(50)
    return {name: many[name] - few[name] for name in few}


def mount(page, explorer: Explorer, folder: Path) -> list[str]:
    """Show the explorer; what went wrong, in the page's words."""
    wrong = []
    page.on("console", lambda said: wrong.append(said.text) if said.type == "error" else None)
    page.on("pageerror", lambda error: wrong.append(str(error)))
    plain_page.write(explorer, folder)
    with plain_page.served(folder) as address:
        page.goto(address)
        page.wait_for_function("document.title === 'shown'")
    page.evaluate(SETTLED)
    return wrong


def colored(page) -> float:
    """The share of the explorer, its controls left out, that is neither gray nor white."""
    explorer = page.locator(".ao-explorer")
    explorer.evaluate(
        "node => node.querySelectorAll('label, button').forEach(one => "
        "{ one.style.visibility = 'hidden'; })"
    )
    pixels = imread(io.BytesIO(explorer.screenshot()))[..., :3]
    return float((np.ptp(pixels, axis=-1) > 0.1).mean())


def test_each_exported_explorer_has_an_example():
    """Whoever adds one gives the table in tests/unit/widgets/explorer_examples.py an entry."""
    shown = {name.split(",")[0] for name in EVERY}
    missing = sorted(set(widgets.__all__) - shown)
    assert not missing, f"add to EXAMPLES in tests/unit/widgets/explorer_examples.py: {missing}"


@pytest.mark.parametrize("name", EVERY)
def test_it_mounts_without_jupyter(page, tmp_path, picture, name):
    assert mount(page, EVERY[name](), tmp_path) == []
    picture(f"plain-{name.replace(', ', '-').replace(' ', '-')}", page.locator(".ao-explorer"))
    page.set_viewport_size({"width": 700, "height": 800})  # on a wide one two dots are lost
    assert colored(page) > 0.002


@pytest.mark.parametrize("name", EVERY)
def test_fifty_that_were_shown_and_left_leave_nothing(page, tmp_path, name):
    left = left_behind(page, EVERY[name](), tmp_path)
    assert max(left.values()) < 50, left  # less than one of anything for each mount


def test_what_is_left_behind_is_counted(page, tmp_path):
    left = left_behind(page, Leaking(), tmp_path)
    assert left["JSEventListeners"] >= 50 and left["Nodes"] >= 100


def test_one_word_alone_is_in_the_order_of_the_tab_key(page, tmp_path):
    """Also after a click has put the focus on another, and an arrow key has moved it on."""
    assert mount(page, EVERY["AttentionExplorer"](), tmp_path) == []
    words = page.locator("figure .token")
    words.nth(1).click()
    page.keyboard.press("ArrowDown")
    assert words.evaluate_all("nodes => nodes.map(node => node.tabIndex)") == [-1, -1, 0, -1]


def test_what_goes_wrong_is_seen(browser, tmp_path):
    for case, says in ((Failing, "no such thing"), (Complaining, "odd")):
        page = browser.new_page()
        assert says in "".join(mount(page, case(), tmp_path))
        page.close()


def test_words_alone_are_no_picture(page, tmp_path):
    assert mount(page, Blank(), tmp_path) == []
    assert colored(page) == 0
