"""Which explorers a cell shows: those of its run before are closed when it has run again.

An explorer that is no longer shown would stay in the kernel and in the page for good: ipywidgets
keeps every widget that was ever made.
"""

from typing import Any


class ShownByCells:
    """Told of what is shown, and of the end of each cell's run; closes what is shown no more.

    What is shown can be anything with a `close()`.
    """

    def __init__(self):
        self.now: list[Any] = []  # by the cell that runs
        self.before: dict[str, list[Any]] = {}  # by each cell's last run, by the cell's id

    def show(self, explorer: Any) -> None:
        """Remember that the cell that runs shows this one."""
        self.now.append(explorer)

    def end_of_run(self, result) -> None:
        """IPython's `post_run_cell`: `result.info.cell_id` names the cell that has run.

        Without such a name (a console, an old notebook program) nothing is known to be replaced.
        """
        now, self.now = self.now, []
        cell = getattr(result.info, "cell_id", None)
        if cell is None:
            return
        replaced, self.before[cell] = self.before.get(cell, []), now
        if not now:
            del self.before[cell]
        still_shown = {id(one) for shown in self.before.values() for one in shown}
        for explorer in replaced:
            if id(explorer) not in still_shown:
                explorer.close()


_shown = ShownByCells()


def note(explorer: Any) -> None:
    """The explorer is being shown by the cell that runs; nothing to do where no cell runs."""
    from IPython import get_ipython

    ipython = get_ipython()
    if ipython is None:
        return
    if _shown.end_of_run not in ipython.events.callbacks["post_run_cell"]:
        ipython.events.register("post_run_cell", _shown.end_of_run)
    _shown.show(explorer)
