"""A cell that runs again closes what its run before showed, and nothing else."""

from types import SimpleNamespace

import pytest
from explorer_examples import EXAMPLES

from course_utils.widgets import shown
from course_utils.widgets.shown import ShownByCells


class Closable:
    is_open = True

    def close(self):
        self.is_open = False


@pytest.fixture
def cells():
    return ShownByCells()


def run(cells, cell, *explorers):
    for explorer in explorers:
        cells.show(explorer)
    cells.end_of_run(SimpleNamespace(info=SimpleNamespace(cell_id=cell)))


def test_a_second_run_closes_what_the_first_one_showed(cells):
    first, second, other = Closable(), Closable(), Closable()
    run(cells, "a", first)
    run(cells, "b", other)
    assert first.is_open
    run(cells, "a", second)
    assert (first.is_open, second.is_open, other.is_open) == (False, True, True)
    run(cells, "a")
    assert not second.is_open
    assert list(cells.before) == ["b"]


def test_what_is_shown_again_or_elsewhere_stays_open(cells):
    kept, both = Closable(), Closable()
    run(cells, "a", kept, both)
    run(cells, "b", both)
    run(cells, "a", kept)
    assert kept.is_open and both.is_open
    run(cells, "b")
    assert not both.is_open


def test_without_the_names_of_cells_nothing_is_closed(cells):
    first = Closable()
    run(cells, None, first)
    run(cells, None, Closable())
    cells.show(Closable())
    cells.end_of_run(SimpleNamespace(info=None))
    assert first.is_open and cells.before == {} and cells.now == []


@pytest.fixture
def ipython(monkeypatch):
    from IPython.core.interactiveshell import InteractiveShell
    from ipywidgets import Widget  # noqa: F401  makes what shows a widget

    monkeypatch.setattr(shown, "_shown", ShownByCells())
    shell = InteractiveShell.instance()
    monkeypatch.setitem(shell.user_ns, "make", EXAMPLES["PositionExplorer"])
    monkeypatch.setitem(shell.user_ns, "made", [])
    monkeypatch.setitem(shell.events.callbacks, "post_run_cell", [])
    return shell


def test_in_ipython_explorers_close_and_open_again_when_shown(ipython, capsys):
    """Fifty runs leave one widget and its layout; an old one that is shown once more is alive."""
    from ipywidgets.widgets import widget

    before = len(widget._instances)
    for _ in range(50):
        ipython.run_cell("made.append(make()); display(made[-1])", cell_id="a")
    first, *_, last = ipython.user_ns["made"]
    assert len(widget._instances) - before == 2
    assert first.comm is None and last.comm is not None
    ipython.run_cell("display(made[0])", cell_id="b")
    assert first.comm is not None and first.layout.comm is not None
    assert first.model_id in widget._instances
    for one in (first, last):
        one.close()
    assert len(widget._instances) == before
