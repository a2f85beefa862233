"""A cell that runs again and again leaves nothing behind in the page."""

import nbformat

from course_utils.notebook import NOTEBOOK_METADATA

BET = (
    "from course_utils.widgets import bet\n"
    "bet('03.again', 'Again?', {'yes': 'It was.', 'no': 'It was.'}, 'yes')"
)
RUNS = 12
ROUNDS = 4
RUN = """async howOften => {
    for (let i = 0; i < howOften; i++) {
        await jupyterapp.commands.execute("notebook:run-cell");
        await new Promise(done => setTimeout(done, 200));
    }
}"""


def counts(page, session) -> dict[str, int]:
    """Nodes and listeners of the page, garbage collected."""
    page.wait_for_timeout(2000)
    for _ in range(3):
        session.send("HeapProfiler.collectGarbage")
    found = session.send("Performance.getMetrics")["metrics"]
    values = {one["name"]: int(one["value"]) for one in found}
    return {name: values[name] for name in ("Nodes", "JSEventListeners")}


def test_a_cell_that_runs_again_leaves_no_nodes_and_no_listeners(lab, course, page):
    book = nbformat.v4.new_notebook(
        cells=[nbformat.v4.new_code_cell(BET)], metadata=NOTEBOOK_METADATA
    )
    nbformat.write(book, course / "reruns.ipynb")
    notebook = lab.open(page, "reruns.ipynb")
    notebook.run(BET)
    session = page.context.new_cdp_session(page)
    session.send("Performance.enable")
    page.evaluate(RUN, 3)
    rounds = []  # what a cell leaves behind grows in every round; what JupyterLab itself sets up
    before = counts(page, session)  # once, at a moment of its own, grows in one
    for _ in range(ROUNDS):
        page.evaluate(RUN, RUNS)
        after = counts(page, session)
        rounds.append({name: after[name] - before[name] for name in before})
        before = after
    for name in before:
        assert min(each[name] for each in rounds) < RUNS / 2, rounds  # not one for each run
    assert notebook.output(BET).locator(".ao-explorer").count() == 1
