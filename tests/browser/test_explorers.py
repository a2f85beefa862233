"""Every explorer in a real JupyterLab: keys move its sliders, and the page alone redraws it."""

import nbformat
import pytest
from lab import SECONDS, Notebook
from playwright.sync_api import Locator, expect

from course_utils.refresh import NOTEBOOK_METADATA

# Name, and the cells that make one: the last of them shows it.
EXPLORERS = {
    "bpe": [
        "from course_utils.text import BPETokenizer\n"
        "from course_utils.widgets import BPEExplorer\n"
        "tokenizer = BPETokenizer.train('Tom drinks cold coffee, cold tea and cold cocoa. ', 20)",
        "BPEExplorer(tokenizer, 'Tom drinks cold coffee.')",
    ],
    "position": [
        "from course_utils.widgets import PositionExplorer",
        "PositionExplorer()",
    ],
    "softmax": [
        "from course_utils.widgets import SoftmaxExplorer",
        "SoftmaxExplorer()",
    ],
}
KEEP_BUSY = "import time; time.sleep(60)"

# What is drawn, without the sliders and their own numbers: all marks and words, all pixels.
DRAWING = """explorer => {
    const copy = explorer.cloneNode(true);
    copy.querySelectorAll(".ao-slider, style").forEach(node => node.remove());
    const pixels = [...explorer.querySelectorAll("canvas")].map(canvas => canvas.toDataURL());
    return copy.innerHTML + pixels.join();
}"""


@pytest.fixture(scope="module")
def place(course):
    """Writes the notebooks, one an explorer; the name of the notebook that has it."""
    for name, sources in EXPLORERS.items():
        cells = [nbformat.v4.new_code_cell(source) for source in [*sources, KEEP_BUSY]]
        book = nbformat.v4.new_notebook(cells=cells, metadata=NOTEBOOK_METADATA)
        nbformat.write(book, course / f"explorer_{name}.ipynb")
    return "explorer_{}.ipynb".format


def open_explorer(lab, page, place, name) -> tuple[Notebook, Locator]:
    notebook = lab.open(page, place(name))
    for source in EXPLORERS[name]:
        notebook.run(source)
    explorer = notebook.output(EXPLORERS[name][-1]).locator(".ao-explorer")
    expect(explorer).to_be_visible()
    return notebook, explorer


@pytest.mark.parametrize("name", EXPLORERS)
def test_explorer(lab, page, place, picture, name):
    notebook, explorer = open_explorer(lab, page, place, name)
    assert unnamed_controls(explorer) == []
    assert faint_words(explorer) == []

    notebook.start(KEEP_BUSY)
    sliders = explorer.locator("input[type=range]:visible")
    assert sliders.count() > 0
    for slider in sliders.all():
        move_by_key(page, explorer, slider)
    assert notebook.kernel_status() == "busy"  # so the kernel had no part in it
    picture(f"explorer-{name}", explorer)
    assert overlapping_words(explorer) == []

    notebook.choose_theme("JupyterLab Dark")
    assert faint_words(explorer) == []
    picture(f"explorer-{name}-dark", explorer)


def move_by_key(page, explorer: Locator, slider: Locator) -> None:
    """One step by an arrow key, which JupyterLab would like to have; the drawing has to change."""
    before, value = explorer.evaluate(DRAWING), slider.input_value()
    forwards = float(value) < float(slider.get_attribute("max"))
    slider.focus()
    page.keyboard.press("ArrowRight" if forwards else "ArrowLeft")
    assert slider.input_value() != value, "JupyterLab took the key"
    page.wait_for_function(
        f"([explorer, before]) => ({DRAWING})(explorer) !== before",
        arg=[explorer.element_handle(), before],
        timeout=2 * SECONDS,
    )


def unnamed_controls(explorer: Locator) -> list[str]:
    """What a keyboard can reach and a screen reader has no name for."""
    return explorer.evaluate(
        """explorer => [...explorer.querySelectorAll("input, button, select, [tabindex]")]
            .filter(node => !(node.labels?.length || node.textContent.trim()
                || node.getAttribute("aria-label") || node.getAttribute("aria-labelledby")
                || node.title))
            .map(node => node.outerHTML)"""
    )


def faint_words(explorer: Locator) -> list:
    """Words whose contrast with the page is below 4.5 : 1 (WCAG 2.2, 1.4.3): [words, ratio]."""
    return explorer.evaluate(
        """explorer => {
            const parse = color => color.match(/[\\d.]+/g).map(Number);
            const light = ([r, g, b]) => [r, g, b].map(x => x / 255)
                .map(x => x <= 0.04045 ? x / 12.92 : ((x + 0.055) / 1.055) ** 2.4)
                .reduce((sum, x, i) => sum + x * [0.2126, 0.7152, 0.0722][i], 0);
            const backdrop = node => {
                for (; node; node = node.parentElement) {
                    const color = parse(getComputedStyle(node).backgroundColor);
                    if (color.length === 3 || color[3] > 0.9) return color;
                }
                return [255, 255, 255];
            };
            const found = [];
            for (const node of explorer.querySelectorAll("*")) {
                const own = [...node.childNodes].filter(child => child.nodeType === 3)
                    .map(child => child.textContent.trim()).join("");
                if (!own || node.tagName === "STYLE" || !node.checkVisibility()) continue;
                const style = getComputedStyle(node);
                const inSvg = node instanceof SVGElement;
                const ink = light(parse(inSvg ? style.fill : style.color));
                const page = light(backdrop(inSvg ? node.ownerSVGElement : node));
                const ratio = (Math.max(ink, page) + 0.05) / (Math.min(ink, page) + 0.05);
                if (ratio < 4.5 && !node.disabled) found.push([own, ratio.toFixed(1)]);
            }
            return found;
        }"""
    )


def overlapping_words(explorer: Locator) -> list[list[str]]:
    """Pairs of words of which one is written over a tenth of the other, or more."""
    return explorer.evaluate(
        """explorer => {
            const words = [], walker = document.createTreeWalker(explorer, NodeFilter.SHOW_TEXT);
            while (walker.nextNode()) {
                const node = walker.currentNode, range = document.createRange();
                if (!node.textContent.trim() || !node.parentElement.checkVisibility()
                    || node.parentElement.closest("style, title, desc, option")) continue;
                range.selectNodeContents(node);
                for (const box of range.getClientRects())
                    if (box.width > 1 && box.height > 1) words.push([node.textContent, box]);
            }
            const size = box => box.width * box.height;
            const found = [];
            words.forEach(([a, here], i) => words.slice(i + 1).forEach(([b, there]) => {
                const width = Math.min(here.right, there.right) - Math.max(here.left, there.left);
                const height = Math.min(here.bottom, there.bottom) - Math.max(here.top, there.top);
                const common = Math.max(0, width) * Math.max(0, height);
                if (common > 0.1 * Math.min(size(here), size(there))) found.push([a, b]);
            }));
            return found;
        }"""
    )
