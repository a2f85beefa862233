"""Several things, measured in several ways: who is on the front, whichever two one looks at?"""

from collections.abc import Mapping, Sequence
from numbers import Real
from typing import Any

import numpy as np
import traitlets
from matplotlib.figure import Figure

from course_utils import plots
from course_utils.widgets.explorer import Explorer
from course_utils.widgets.parts import expect_one_of, quiet

SENSES = ("high", "low")
DECADE = 10  # numbers that differ by more than this factor are drawn on a logarithmic axis


class BakeoffExplorer(Explorer):
    """Points on two axes of the reader's choice, with the Pareto front drawn and named.

    On the front are those whom nobody beats: nobody is at least as good on both axes and better on
    one.
    """

    rows = traitlets.List(traitlets.Dict()).tag(sync=True)  # {"name", "config", axis: [mean, ±]}
    better = traitlets.Dict().tag(sync=True)  # axis: "high" or "low"
    x = traitlets.Unicode().tag(sync=True)
    y = traitlets.Unicode().tag(sync=True)

    @classmethod
    def shared(cls) -> dict[str, Any]:
        return {"decade": DECADE}

    def __init__(
        self,
        rows: Sequence[Mapping[str, Any]],
        *,
        x: str,
        y: str,
        better: Mapping[str, str],
    ):
        """`rows`: {"name": …, "config": …, axis: number or (mean, spread), …}; an axis that a row
        has no number for is left out of it. `better`: for each axis what is good, "high" or "low".
        """
        for axis, sense in better.items():
            expect_one_of(f"better[{axis!r}]", sense, SENSES)
        for name, axis in (("x", x), ("y", y)):
            expect_one_of(name, axis, list(better))
        super().__init__(rows=[_row(row, better) for row in rows], better=dict(better), x=x, y=y)
        if not self.rows:
            raise ValueError("BakeoffExplorer needs at least one row, got none.")

    @property
    def front(self) -> list[str]:
        return pareto(self.rows, self.x, self.y, self.better)

    @property
    def alt(self) -> str:
        told = "; ".join(
            f"{row['name']} {row[self.x][0]:.3g} and {row[self.y][0]:.3g}"
            for row in _complete(self.rows, self.x, self.y)
        )
        return (
            f"{self.x} ({self.better[self.x]} is good) and {self.y} ({self.better[self.y]} is "
            f"good): {told}. Nobody beats {', '.join(self.front)}."
        )

    def still(self) -> Figure:
        """The points, with their names; those on the front in orange, joined by a line."""
        fig, ax = plots.figure(plots.WIDTH, 3.8)
        front, there = self.front, _complete(self.rows, self.x, self.y)
        for row in there:
            (x, dx), (y, dy) = row[self.x], row[self.y]
            color = plots.ORANGE if row["name"] in front else plots.BLUE
            ax.errorbar(x, y, xerr=dx, yerr=dy, marker="o", color=color, linestyle="none")
        edge = sorted(tuple(row[axis][0] for axis in (self.x, self.y))
                      for row in there if row["name"] in front)  # fmt: skip
        ax.plot(*zip(*edge, strict=True), color=plots.ORANGE, linewidth=1, zorder=0)
        for axis, scale in ((self.x, ax.set_xscale), (self.y, ax.set_yscale)):
            if _spans_decades([row[axis][0] for row in there]):
                scale("log")
        ax.set_xlabel(f"{self.x} ({self.better[self.x]} is good)")
        ax.set_ylabel(f"{self.y} ({self.better[self.y]} is good)")
        ax.margins(0.14)
        quiet(ax)
        places = np.array([[row[self.x][0], row[self.y][0]] for row in there])
        plots.name_points(ax, places, [row["name"] for row in there])
        return plots.headline(fig, f"Nobody beats {', '.join(front)}")


def pareto(
    rows: Sequence[Mapping[str, Any]], x: str, y: str, better: Mapping[str, str]
) -> list[str]:
    """Names of the rows on the Pareto front of two axes, in the rows' order.

    A row is off the front if another one is at least as good on both axes and better on one: two
    that are equal on both beat nobody, and both stay.
    """
    there = _complete(rows, x, y)
    signs = [1 if better[axis] == "high" else -1 for axis in (x, y)]
    good = [
        [sign * row[axis][0] for sign, axis in zip(signs, (x, y), strict=True)] for row in there
    ]

    def is_beaten(own: list[Real]) -> bool:
        return any(all(a >= b for a, b in zip(other, own, strict=True)) and other != own
                   for other in good)  # fmt: skip

    return [row["name"] for row, own in zip(there, good, strict=True) if not is_beaten(own)]


def _complete(rows: Sequence[Mapping[str, Any]], *axes: str) -> list[Mapping[str, Any]]:
    return [row for row in rows if all(axis in row for axis in axes)]


def _spans_decades(values: Sequence[Real]) -> bool:
    return len(values) > 0 and min(values) > 0 and max(values) > DECADE * min(values)


def _measured(who: str, given: Any) -> list[float]:
    """[mean, spread] of a number, which has none, or of a pair. ValueError for anything else."""
    try:
        pair = plots.numbers(given if np.ndim(given) else [given, 0.0])
    except (TypeError, ValueError):
        pair = np.array([])
    if pair.shape != (2,) or not np.isfinite(pair).all() or pair[1] < 0:
        raise ValueError(f"{who} is {given!r}, which is no number, nor one with its spread.")
    return pair.tolist()


def _row(row: Mapping[str, Any], better: Mapping[str, str]) -> dict[str, Any]:
    """A row with [mean, spread] at each axis. ValueError for what is no number."""
    if not isinstance(row.get("name"), str):
        raise ValueError(f'each row needs a "name"; got {dict(row)!r:.80}.')
    found = {"name": row["name"], "config": str(row.get("config", ""))}
    for axis in better:
        if axis in row:
            found[axis] = _measured(f"{row['name']}: {axis!r}", row[axis])
    return found
