"""What fifty runs of one cell leave behind in the page: heap, nodes, listeners, saved models.

A cell that shows an explorer is run five times, then fifty times more, in a real JupyterLab in a
headless Chromium; garbage is collected before each count. A picture, which has no explorer, shows
what JupyterLab itself keeps of a cell that runs again. Counts, not times: a busy machine is none
the worse for it.

    python benchmarks/reruns.py                # five minutes, writes results/reruns.json
    python benchmarks/reruns.py PatternLab     # these only; the others' rows stay as they are
"""

import argparse
import json
import os
import platform
from importlib.metadata import version
from pathlib import Path

from playwright.sync_api import CDPSession, Page
from widgets import MINILM, WIDGETS, course_page, open_widget

RESULTS = Path(__file__).parent / "results" / "reruns.json"
RUNS = 50
PICTURE = (
    "from IPython.display import HTML, display\n"
    "from course_utils import plots\n"
    "display(HTML('<p class=ao-explorer>no explorer</p>'))\n"
    "plots.show(plots.bars({'a': 1}, title='A bar', xlabel='length'), alt='A bar.')"
)
CELLS = {
    "a picture": PICTURE,
    "bet": WIDGETS["bet"][0],
    "AttentionExplorer": MINILM,
    "PatternLab": WIDGETS["PatternLab"][0],
}
RUN = """async howOften => {
    for (let i = 0; i < howOften; i++) {
        await jupyterapp.commands.execute("notebook:run-cell");
        await new Promise(done => setTimeout(done, 100));
    }
}"""


def counts(page: Page, session: CDPSession) -> dict[str, float]:
    """What the page holds, garbage collected."""
    page.wait_for_timeout(3000)  # what is debounced or animated comes to its end
    for _ in range(3):
        session.send("HeapProfiler.collectGarbage")
    found = session.send("Performance.getMetrics")["metrics"]
    values = {one["name"]: one["value"] for one in found}
    return {
        "heap_mb": values["JSHeapUsedSize"] / 1e6,
        "nodes": values["Nodes"],
        "listeners": values["JSEventListeners"],
    }


def row(lab, page: Page, name: str) -> dict:
    open_widget(lab, page, name.replace(" ", "_"), CELLS[name])
    session = page.context.new_cdp_session(page)
    session.send("Performance.enable")
    page.evaluate(RUN, 5)
    before = counts(page, session)
    page.evaluate(RUN, RUNS)
    after = counts(page, session)
    session.detach()
    more = {kind: round(after[kind] - before[kind], 2) for kind in before}
    return {"cell": name, "runs": RUNS, "more": more, "shown": page.locator(".ao-explorer").count()}


def run(names: list[str]) -> None:
    for name in names:
        with course_page() as (lab, page, chromium):  # a page of its own: no other cell's garbage
            found = row(lab, page, name)
        print(found, flush=True)
        keep(found, chromium)


def keep(found: dict, chromium: str) -> None:
    """Put a cell's row in the place of its older one."""
    stored = json.loads(RESULTS.read_text(encoding="utf-8")) if RESULTS.is_file() else {}
    rows = {one["cell"]: one for one in [*stored.get("results", []), found]}
    result = {
        "question": "what do 50 runs of a cell leave behind in the page?",
        "results": [rows[cell] for cell in CELLS if cell in rows],
        "hardware": {
            "processor": platform.processor() or platform.machine(),
            "cores": os.cpu_count(),
        },
        "versions": {
            "chromium": chromium,
            "python": platform.python_version(),
            **{name: version(name) for name in ("jupyterlab", "anywidget", "ipywidgets")},
        },
    }
    RESULTS.write_text(json.dumps(result, indent=1) + "\n", encoding="utf-8")


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("names", nargs="*", help=f"some of {', '.join(CELLS)}; without, all")
    chosen = parser.parse_args().names or list(CELLS)
    if strangers := sorted(set(chosen) - set(CELLS)):
        parser.error(f"there is no cell {strangers[0]!r}: choose from {', '.join(CELLS)}.")
    run(chosen)


if __name__ == "__main__":
    main()
