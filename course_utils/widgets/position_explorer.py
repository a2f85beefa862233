"""The sinusoidal position encoding as clocks: turn the hands and watch the dot products."""

import math
from numbers import Real
from typing import Any

import numpy as np
import traitlets
from matplotlib.patches import Circle, Rectangle

from course_utils import plots
from course_utils.widgets.explorer import Explorer
from course_utils.widgets.parts import SUBTITLE, blank, expect_one_of, quiet

D_MODELS = (8, 16, 32, 64)
BASES = (10, 100, 1_000, 10_000, 100_000)
LONGEST = 256

HERE, THERE = plots.BLUE, plots.ORANGE


def sinusoid(n: int, d_model: int, base: Real = 10_000) -> np.ndarray:
    """The table that the page computes too, float64 [n, d_model]; torch's twin is in positions.py.

    Source: Vaswani et al. 2017, section 3.5.
    """
    hands = np.outer(np.arange(n), base ** (-np.arange(0, d_model, 2) / d_model))
    return np.stack([np.sin(hands), np.cos(hands)], axis=-1).reshape(n, d_model)


class PositionExplorer(Explorer):
    """Clock hands, the table they write, and the dot products of one position with the others.

    Sliders: the position, the distance to a second position, the size d_model, the base of the
    frequencies. The page computes everything, so it also works where no kernel runs.
    """

    n = traitlets.Int(64).tag(sync=True)
    d_model = traitlets.Int(16).tag(sync=True)
    base = traitlets.Int(10_000).tag(sync=True)
    position = traitlets.Int(20).tag(sync=True)
    distance = traitlets.Int(5).tag(sync=True)

    @classmethod
    def shared(cls) -> dict[str, Any]:
        below_zero, _, above_zero = plots.SIGNED_STOPS
        return {
            "d_models": D_MODELS,
            "bases": BASES,
            "signed_colors": {"minus": below_zero, "plus": above_zero},
        }

    def __init__(
        self,
        n: int = 64,
        d_model: int = 16,
        *,
        base: int = 10_000,
        position: int = 20,
        distance: int = 5,
    ):
        """`n` positions are shown (2 to 256); `position` and `distance` are where it opens."""
        if not 2 <= n <= LONGEST:
            raise ValueError(f"PositionExplorer shows 2 to {LONGEST} positions, got n={n}.")
        expect_one_of("d_model", d_model, D_MODELS)
        expect_one_of("base", base, BASES)
        for name, value in (("position", position), ("distance", distance)):
            if not 0 <= value < n:
                raise ValueError(
                    f"{name}={value} is outside this table: with n={n} it goes from 0 to {n - 1}."
                )
        super().__init__(n=n, d_model=d_model, base=base, position=position, distance=distance)

    def dot_product(self) -> float:
        """Of the encodings of the two marked positions."""
        table = sinusoid(self.n + self.distance, self.d_model, self.base)
        return float(table[self.position] @ table[self.position + self.distance])

    @property
    def alt(self) -> str:
        return (
            f"Position {self.position} as {self.d_model // 2} clock hands, from a clock that turns "
            f"once in {2 * math.pi:.1f} positions to one that hardly moves; the table of "
            f"{self.n} positions by {self.d_model} dimensions that the hands write; and the dot "
            f"products by distance, highest at 0 ({self.d_model // 2}) and the same to the left "
            f"and to the right. Positions {self.position} and {self.position + self.distance}, "
            f"{self.distance} apart: {self.dot_product():.2f}."
        )

    def still(self):
        """Clocks above; the table and the dot products below, as the page opens."""
        there = self.position + self.distance
        fig = blank(
            4.6,
            f"Positions {self.distance} apart have the dot product {self.dot_product():.2f}, "
            "wherever they stand",
        )
        self._draw_clocks(fig.add_axes((0.02, 0.7, 0.96, 0.16)))
        self._draw_table(fig.add_axes((0.09, 0.11, 0.36, 0.47)), there)
        self._draw_curve(fig.add_axes((0.56, 0.11, 0.41, 0.47)))
        return fig

    def _draw_clocks(self, ax):
        turns = self.base ** (-np.arange(0, self.d_model, 2) / self.d_model)
        per_row = min(len(turns), 16)
        for i, turn in enumerate(turns):
            x, y = 2.6 * (i % per_row), -4 * (i // per_row)
            ax.add_patch(Circle((x, y), 1, fill=False, edgecolor=plots.FAINT))
            for at, color, style in (
                (self.position + self.distance, THERE, "--"),
                (self.position, HERE, "-"),
            ):
                ax.plot(
                    [x, x + 0.85 * math.sin(at * turn)],
                    [y, y + 0.85 * math.cos(at * turn)],
                    color=color, linestyle=style, linewidth=2,
                )  # fmt: skip
            ax.text(x, y - 1.25, _short(2 * math.pi / turn), ha="center", va="top", fontsize=8)
        ax.set(xlim=(-1.4, 2.6 * per_row - 1.2), aspect="equal")
        ax.set_title(
            f"Clocks at position {self.position} (blue) and {self.position + self.distance} "
            "(orange, dashed); below: positions in a full turn",
            **SUBTITLE,
        )
        ax.axis("off")

    def _draw_table(self, ax, there: int):
        table = sinusoid(self.n, self.d_model, self.base)
        ax.imshow(table, cmap=plots.SIGNED, vmin=-1, vmax=1, aspect="auto", interpolation="nearest")
        for row, color, style in ((self.position, HERE, "-"), (there, THERE, "--")):
            if row < self.n:
                box = ((-0.5, row - 0.5), self.d_model, 1)
                # A white rim, because the table below has the same two colors.
                ax.add_patch(Rectangle(*box, fill=False, edgecolor="white", lw=4))
                ax.add_patch(Rectangle(*box, fill=False, edgecolor=color, linestyle=style, lw=2))
        ax.set_title("The table: blue −1, white 0, orange +1", **SUBTITLE)
        ax.set(xlabel="dimension", ylabel="position")
        quiet(ax)

    def _draw_curve(self, ax):
        distances = np.arange(1 - self.n, self.n)
        table = sinusoid(self.n, self.d_model, self.base)
        ax.plot(distances, (table @ table[0])[np.abs(distances)], color=HERE)
        ax.plot(self.distance, self.dot_product(), "o", color=THERE)
        ax.annotate(
            f"{self.dot_product():.2f}",
            (self.distance, self.dot_product()),
            xytext=(6, 4),
            textcoords="offset points",
            fontsize=plots.SMALL_SIZE,
            fontweight="bold",
        )
        ax.set_title("Dot products, by distance", **SUBTITLE)
        ax.set(xlabel="distance to the other position")
        ax.set_ylim(min(0, ax.get_ylim()[0]), None)
        quiet(ax)


def _short(positions: float) -> str:
    return f"{positions:,.0f}" if positions < 10_000 else f"{positions / 1000:.0f}k"
