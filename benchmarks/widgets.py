"""From a key or a move of the mouse to the picture: how long the explorers take, in a browser.

Each explorer stands in a notebook in a real JupyterLab in a headless Chromium, with as much data as
in a lesson. The clock starts at the browser's own time stamp of the event and stops in the second
animation frame after it, when the first one has been painted. The promise is a median of 50 ms at
most. No message may reach the kernel, but for bets, which tell it to remember the choice and do
not wait.

The machine may have other work: its load, and the priority over it, are in the results. After each
event two frames with nothing to do are timed; where those alone take longer than on a screen of
60 Hz, the machine is busy with something else, and the events are timed again.

Each row has its page's hash: a test fails when a page has changed and was not measured again.

    python benchmarks/widgets.py                 # four minutes, writes results/widgets.json
    python benchmarks/widgets.py PatternLab bet  # these only; the others' rows stay as they are
"""

import argparse
import json
import os
import platform
import statistics
import sys
import tempfile
import time
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from importlib.metadata import version
from pathlib import Path

import nbformat
from playwright.sync_api import Locator, Page, expect

from course_utils import widgets
from course_utils.environment.testing import find_browser
from course_utils.notebook import NOTEBOOK_METADATA
from course_utils.paths import ROOT
from course_utils.widgets.bet import Bet
from course_utils.widgets.explorer import Explorer, page_hash

sys.path.insert(0, str(ROOT / "tests" / "browser"))
from lab import Lab, Notebook, Traffic, open_browser  # noqa: E402

RESULTS = ROOT / "benchmarks" / "results" / "widgets.json"
PROMISE = 50  # ms, median
EVENTS = 40  # of each kind
TWO_FRAMES = 34  # ms, at 60 Hz
TRIES = 8
SENTENCE = "Tom called Mary because she was lonely."

MINILM = (
    "from course_utils.trained.minilm import load_minilm\n"
    "from course_utils.widgets import AttentionExplorer\n"
    f"AttentionExplorer.from_model(load_minilm(), {SENTENCE!r}, layer=2, head=4, looker='she')"
)
TRANSLATION = (
    "import numpy as np\n"
    "from course_utils.widgets import AttentionExplorer\n"
    "german = 'Tom muss seinen Kaffee trinken , weil er müde ist . ■'.split()\n"
    "english = 'Tom has to drink his coffee because he is tired .'.split()\n"
    "weights = np.random.default_rng(0).dirichlet(np.full(11, 0.2), size=(3, 4, 12))\n"
    "AttentionExplorer(german, weights, english, layer=2, head=3)"
)
CLOCK = """explorer => {
    window.startClock = kind => {
        window.changes = 0;
        window.elapsed = new Promise(stop => addEventListener(kind, event => {
            requestAnimationFrame(() => requestAnimationFrame(
                () => stop(performance.now() - event.timeStamp)));
        }, { capture: true, once: true }));
    };
    window.twoFrames = () => new Promise(stop => {
        const start = performance.now();
        requestAnimationFrame(() => requestAnimationFrame(() => stop(performance.now() - start)));
    });
    new MutationObserver(changes => { window.changes += changes.length; }).observe(
        explorer, { subtree: true, childList: true, attributes: true, characterData: true });
}"""


@dataclass(frozen=True)
class Event:
    """A kind of event: its name, the DOM's name for it, and what a reader does, again and again."""

    name: str
    kind: str
    acts: Callable[[Page, Locator], Iterator[Callable[[], None]]]


def slide(number: int) -> Callable:
    """Page Up and Page Down on a slider: steps of a tenth, from end to end and back."""

    def acts(page: Page, explorer: Locator):
        slider = explorer.locator("input[type=range]:visible").nth(number)
        slider.focus()
        key = "PageUp"
        while True:
            value, end = slider.input_value(), "max" if key == "PageUp" else "min"
            if value == slider.get_attribute(end):
                key = "PageDown" if key == "PageUp" else "PageUp"
            yield lambda key=key: page.keyboard.press(key)

    return acts


def hover_words(page: Page, explorer: Locator):
    figure = explorer.locator("figure:visible").last
    expect(figure.locator(".token").first).to_be_attached()
    while True:
        for word in figure.locator(".token").all():
            word.scroll_into_view_if_needed()  # outside of the window the page hears nothing
            box = word.bounding_box()
            x, y = box["x"] + box["width"] - 8, box["y"] + box["height"] / 2
            yield lambda x=x, y=y: page.mouse.move(x, y)


def hover_matrix(page: Page, explorer: Locator):
    explorer.get_by_role("radio", name="a matrix").check()
    yield from hover_words(page, explorer)


def hover_beside(page: Page, explorer: Locator):
    explorer.get_by_role("checkbox", name="compare two heads").check()
    yield from hover_words(page, explorer)


def walk_the_heads(page: Page, explorer: Locator):
    explorer.get_by_role("button", name="layer 2, head 4", exact=True).focus()
    while True:
        for key in [*["ArrowRight"] * 11, "ArrowDown"]:
            yield lambda key=key: page.keyboard.press(key)


def click_bars(page: Page, explorer: Locator):
    box = explorer.locator("svg").last.bounding_box()
    while True:
        for share in (0.2, 0.3, 0.4, 0.6, 0.8):
            x, y = box["x"] + share * box["width"], box["y"] + box["height"] / 2
            yield lambda x=x, y=y: page.mouse.click(x, y)


def hover_tokens(page: Page, explorer: Locator):
    tokens = [token.bounding_box() for token in explorer.locator(".token .spot").all()]
    while True:
        for box in tokens[::5]:
            x, y = box["x"] + box["width"] / 2, box["y"] + box["height"] / 2
            yield lambda x=x, y=y: page.mouse.move(x, y)


def bet_and_think_again(page: Page, explorer: Locator):
    while True:
        explorer.get_by_role("radio").first.check()
        explorer.get_by_role("button", name="Place your bet").focus()
        yield lambda: page.keyboard.press("Enter")
        explorer.get_by_role("button", name="Change my mind").click()


def hover_letters(page: Page, explorer: Locator):
    letters = explorer.get_by_role("group", name="the text").get_by_role("button").all()
    while True:
        for letter in letters[::3]:
            box = letter.bounding_box()
            x, y = box["x"] + box["width"] / 2, box["y"] + box["height"] / 2
            yield lambda x=x, y=y: page.mouse.move(x, y)


def walk_the_tower(page: Page, explorer: Locator):
    explorer.get_by_role("button", name="the next character").focus()
    while True:
        for key in [*["ArrowDown"] * 19, *["ArrowUp"] * 19]:
            yield lambda key=key: page.keyboard.press(key)


def walk_the_grid(page: Page, explorer: Locator):
    explorer.get_by_role("button", name="layer 1, head 1:").focus()
    while True:
        for key in ("ArrowRight", "ArrowDown", "ArrowLeft", "ArrowDown", "ArrowUp", "ArrowUp"):
            yield lambda key=key: page.keyboard.press(key)


def walk_the_points(page: Page, explorer: Locator):
    explorer.locator(".point").first.focus()
    while True:
        for key in [*["ArrowRight"] * 6, *["ArrowLeft"] * 6]:
            yield lambda key=key: page.keyboard.press(key)


def follow_neighbours(page: Page, explorer: Locator):
    while True:
        for place in (0, 1, 2, 5):
            box = explorer.locator("tbody .word").nth(place).bounding_box()
            x, y = box["x"] + 8, box["y"] + box["height"] / 2
            yield lambda x=x, y=y: page.mouse.click(x, y)


def sliders(*names: str) -> list[Event]:
    return [Event(f"slider: {name}", "keydown", slide(i)) for i, name in enumerate(names)]


# The widget, the cell that makes one of a lesson's size, and what a reader does with it.
WIDGETS: dict[str, tuple[str, list[Event]]] = {
    "bet": (
        "from course_utils.widgets import bet\n"
        "bet('03.benchmark', 'Who listens?', {'nobody': 'No.', 'everybody': 'Yes.'}, 'everybody')",
        [Event("place it", "keydown", bet_and_think_again)],
    ),
    "BPEExplorer": (
        "from course_utils import datasets\n"
        "from course_utils.text import BPETokenizer\n"
        "from course_utils.widgets import BPEExplorer\n"
        "tokenizer = BPETokenizer.train(datasets.wikitext2_raw('train'), 2_000)\n"
        "BPEExplorer(tokenizer, 'Tom drinks cold coffee because he is tired. ' * 5)",
        sliders("merges"),
    ),
    "BeamExplorer": (
        "from itertools import product\n"
        "from course_utils.widgets import BeamExplorer\n"
        "words = [three.split() for three in ('Tom Er Der', 'trinkt nimmt mag',\n"
        "    'kalten seinen den', 'Kaffee Tee Kakao', 'weil denn da', 'er Tom man',\n"
        "    'müde wach krank', 'ist war wird')]\n"
        "table = {' '.join(start): dict(zip(words[n], (0.5, 0.3, 0.2)))\n"
        "    for n in range(8) for start in product(*words[:n])}\n"
        "BeamExplorer.by_hand(table, widest=5, width=2)",
        sliders("width", "step", "penalty"),
    ),
    "EmbeddingExplorer": (
        "from course_utils import datasets\n"
        "from course_utils.widgets import EmbeddingExplorer\n"
        "table = datasets.glove()\n"
        "EmbeddingExplorer(table.words, table.vectors, 'coffee')",
        [Event("go to a neighbour", "click", follow_neighbours)],
    ),
    "PatternLab": (
        "from course_utils.widgets import PatternLab\n"
        "PatternLab('bigbird', n=128, width=3, n_random=2, layers=6)",
        [
            *sliders("tokens", "width", "globals", "random", "layers"),
            Event("hover a token, n = 128", "pointermove", hover_tokens),
        ],
    ),
    "PositionExplorer": (
        "from course_utils.widgets import PositionExplorer\nPositionExplorer(n=64, d_model=32)",
        sliders("position", "distance", "d_model", "base"),
    ),
    "ProofStepper": (
        "from course_utils.widgets import ProofStepper\nProofStepper(choice='strided')",
        sliders("step"),
    ),
    "SamplingExplorer": (
        "import numpy as np\n"
        "from course_utils import datasets\n"
        "from course_utils.widgets import SamplingExplorer\n"
        "text = datasets.tiny_shakespeare()\n"
        "letters = sorted(set(text))\n"
        "scores = np.random.default_rng(0).normal(scale=3, size=(200, len(letters)))\n"
        "SamplingExplorer(text[:200], scores, letters)",
        sliders("temperature", "top-k", "top-p", "min-p", "after"),
    ),
    "SoftmaxExplorer": (
        "from course_utils.widgets import SoftmaxExplorer\nSoftmaxExplorer()",
        sliders("d_head", "temperature"),
    ),
    "MixingMap": (
        "import numpy as np\n"
        "from course_utils.widgets import MixingMap\n"
        "dice = np.random.default_rng(0)\n"
        f"words = {SENTENCE!r}.split()\n"
        "MixingMap(words, {name: dice.random((7, 7)) for name in ('attention', 'Fourier')})",
        [Event("hover a word", "pointermove", hover_words)],
    ),
    "MachineExplorer": (
        "from course_utils.trained import load_shakespeare\n"
        "from course_utils.widgets import MachineExplorer\n"
        "trained = load_shakespeare()\n"
        "MachineExplorer(trained.model, trained.tokenizer, 'I pray you, what is love? ' * 2)",
        [Event("walk the tower", "keydown", walk_the_tower)],
    ),
    "MemoryExplorer": (
        "from course_utils.trained import load_memory\n"
        "from course_utils.widgets import MemoryExplorer\n"
        "trained = load_memory()\n"
        "MemoryExplorer(trained.model, trained.tokenizer, 'I pray you, what is love? ' * 2)",
        [
            Event("hover a letter", "pointermove", hover_letters),
            Event("choose a head", "keydown", walk_the_grid),
        ],
    ),
    "BakeoffExplorer": (
        "from course_utils.widgets import BakeoffExplorer\n"
        "rows = [{'name': f'mixer {i}', 'a': (i % 5 + 1, 0.3), 'b': (i * i % 7, 0.4)}\n"
        "        for i in range(12)]\n"
        "BakeoffExplorer(rows, x='a', y='b', better={'a': 'high', 'b': 'low'})",
        [Event("walk the points", "keydown", walk_the_points)],
    ),
    "SpectrumExplorer": (
        "from course_utils import datasets\n"
        "from course_utils.widgets import SpectrumExplorer\n"
        "spots = [month.value for month in datasets.sunspots()][::7]\n"
        "SpectrumExplorer({'sunspots': spots})",
        [*sliders("wave", "strongest"), Event("choose a wave", "click", click_bars)],
    ),
    "AttentionExplorer": (
        MINILM,
        [
            Event("hover a word", "pointermove", hover_words),
            Event("choose a head", "keydown", walk_the_heads),
            Event("hover a word, two heads", "pointermove", hover_beside),
            Event("hover a word, two matrices", "pointermove", hover_matrix),
        ],
    ),
    "AttentionExplorer, two sentences": (
        TRANSLATION,
        [
            Event("hover a word", "pointermove", hover_words),
            Event("hover a word, a matrix", "pointermove", hover_matrix),
        ],
    ),
}


@contextmanager
def course_page():
    """A JupyterLab on an empty folder, and a page in which `open_widget` opens notebooks of it."""
    chromium = find_browser()
    if chromium is None:
        raise SystemExit("There is no Chromium, Chrome or Edge here.")
    with tempfile.TemporaryDirectory() as root, tempfile.TemporaryDirectory() as home:
        os.environ["PYTHONPATH"] = os.pathsep.join([str(ROOT), os.environ.get("PYTHONPATH", "")])
        with open_browser(chromium) as browser, Lab(Path(root), Path(home)).running() as lab:
            view = {"width": 1280, "height": 1200}
            page = browser.new_page(viewport=view)
            page.traffic = Traffic(page)
            yield lab, page, browser.version


def open_widget(lab: Lab, page: Page, name: str, source: str) -> Locator:
    book = nbformat.v4.new_notebook(
        cells=[nbformat.v4.new_code_cell(source)], metadata=NOTEBOOK_METADATA
    )
    nbformat.write(book, lab.root / f"{name}.ipynb")
    notebook: Notebook = lab.open(page, f"{name}.ipynb")
    notebook.choose_theme("JupyterLab Light")
    widget = notebook.run(source).locator(".ao-explorer")
    expect(widget).to_be_visible()
    return widget


def measure(page: Page, widget: Locator, event: Event) -> tuple[list[float], list[float]]:
    """Milliseconds of each of the events, and of two frames after each, with nothing to do."""
    times, frames = [], []
    for act, _ in zip(event.acts(page, widget), range(EVENTS), strict=False):
        page.evaluate("kind => startClock(kind)", event.kind)
        act()
        times.append(page.evaluate("elapsed"))
        if page.evaluate("changes") == 0:
            raise RuntimeError(f"{event.name}: nothing changed, so there was nothing to time.")
        frames.append(page.evaluate("twoFrames()"))
    return times, frames


def measure_undisturbed(page: Page, widget: Locator, event: Event) -> tuple[list[float], float]:
    """The times, sorted, and the median of the two frames between them."""
    for _ in range(TRIES):
        times, frames = measure(page, widget, event)
        if statistics.median(frames) <= TWO_FRAMES:
            return sorted(times), statistics.median(frames)
        time.sleep(5)
    raise SystemExit("This machine is too busy: two frames in which nothing happens take too long.")


def rows(lab: Lab, page: Page, names: Sequence[str]) -> Iterator[dict]:
    for name in names:
        source, events = WIDGETS[name]
        widget = open_widget(lab, page, name, source)
        widget.evaluate(CLOCK)
        for event in events:
            said = page.traffic.comm_messages
            times, frames = measure_undisturbed(page, widget, event)
            messages = page.traffic.comm_messages - said
            if messages and name != "bet":
                raise RuntimeError(f"{name}, {event.name}: {messages} messages to the kernel.")
            yield {
                "widget": name,
                "event": event.name,
                "events": len(times),
                "median_ms": round(statistics.median(times), 1),
                "p95_ms": round(times[int(0.95 * len(times))], 1),
                "worst_ms": round(times[-1], 1),
                "two_frames_ms": round(frames, 1),
                "messages_to_the_kernel": messages,
                "page": page_hash(page_class(name)),
            }


def page_class(name: str) -> type[Explorer]:
    """Whose page is measured under this name: AttentionExplorer's for "…, two sentences", too."""
    return Bet if name == "bet" else getattr(widgets, name.split(",")[0])


def processor() -> str:
    information = Path("/proc/cpuinfo")
    if information.exists():
        for line in information.read_text(encoding="utf-8").splitlines():
            if line.startswith("model name"):
                return line.split(":", 1)[1].strip()
    return platform.processor() or platform.machine()


def run(names: Sequence[str]) -> None:
    found, before = [], os.getloadavg() if hasattr(os, "getloadavg") else ()
    with course_page() as (lab, page, chromium):
        for row in rows(lab, page, names):
            print(
                f"{row['widget']:34}{row['event']:28}median {row['median_ms']:5.1f} ms   "
                f"worst {row['worst_ms']:5.1f} ms",
                flush=True,
            )
            found.append(row)
        if page.traffic.strangers:
            raise RuntimeError(f"the page asked other hosts: {page.traffic.strangers}")
    machine = {
        "hardware": {
            "processor": processor(),
            "cores": os.cpu_count(),
            "gpu": "none, headless",
            "niceness": os.nice(0) if hasattr(os, "nice") else 0,
            "load_before": [round(load, 1) for load in before],
        },
        "versions": {
            "chromium": chromium,
            "python": platform.python_version(),
            **{name: version(name) for name in ("jupyterlab", "anywidget", "ipywidgets")},
        },
    }
    if len(names) < len(WIDGETS):
        found, machine = beside_the_others(found, machine)
    result = {
        "question": "how long from a key or a move of the mouse to the second animation frame?",
        "promise": f"median of {PROMISE} ms at most",
        "kept": all(row["median_ms"] <= PROMISE for row in found),
        "results": found,
        **machine,
    }
    RESULTS.write_text(json.dumps(result, indent=1) + "\n", encoding="utf-8")
    print(f"promise kept: {result['kept']}")


def beside_the_others(found: list[dict], machine: dict) -> tuple[list[dict], dict]:
    """The new rows among the stored ones, and the machine of both: it has to be the same one."""
    stored = json.loads(RESULTS.read_text(encoding="utf-8"))
    loads = [stored["hardware"].pop("load_before"), machine["hardware"].pop("load_before")]
    then = {part: stored[part] for part in ("hardware", "versions")}
    if then != machine:
        raise SystemExit(f"The other rows come from {then}, not from {machine}: measure them all.")
    machine["hardware"]["load_before"] = max(loads)  # the busier time of the two
    again = {row["widget"] for row in found}
    found += [row for row in stored["results"] if row["widget"] not in again]
    order = list(WIDGETS)
    return sorted(found, key=lambda row: order.index(row["widget"])), machine


if __name__ == "__main__":
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("names", nargs="*", help=f"some of: {'; '.join(WIDGETS)}")
    arguments = parser.parse_args()
    if unknown := set(arguments.names) - set(WIDGETS):
        parser.error(f"no widgets called {sorted(unknown)}; there are: {'; '.join(WIDGETS)}")
    run(arguments.names or list(WIDGETS))
