"""What several explorers' Python sides share: checked choices, and a blank sheet for stills."""

from numbers import Real

from matplotlib.axes import Axes
from matplotlib.figure import Figure

from course_utils import plots

SUBTITLE = {"loc": "left", "fontsize": plots.LABEL_SIZE, "color": plots.INK}


def expect_one_of(name: str, given, choices) -> None:
    """ValueError, with the choices, if `given` is not among them."""
    if given not in choices:
        raise ValueError(f"{name} must be one of {', '.join(map(str, choices))}; got {given!r}.")


def percent(share: Real, *, digits: int = 0, or_less: bool = False) -> str:
    """A share as people write it, 24 %; the page does the same (lib/numbers.js).

    With `or_less`, what would be written as nothing is "under 0.1 %" (one digit).
    """
    written = f"{100 * share:.{digits}f}"
    return f"under {10**-digits:g} %" if or_less and float(written) == 0 else f"{written} %"


def quiet(ax: Axes) -> None:
    """Two spines and small numbers, as on every figure of the course."""
    ax.spines[["top", "right"]].set_visible(False)
    ax.tick_params(labelsize=plots.SMALL_SIZE, colors=plots.INK)
    ax.xaxis.label.set_size(plots.SMALL_SIZE)
    ax.yaxis.label.set_size(plots.SMALL_SIZE)


def blank(height: float, title: str) -> Figure:
    """A figure with a title and no axes yet, for pictures that place theirs by hand."""
    fig = plots.figure(plots.WIDTH, height)[0]
    fig.clear()
    fig.set_layout_engine("none")
    fig.text(
        0.02, 1 - 0.12 / height, title,
        fontsize=plots.TITLE_SIZE, fontweight="bold", color=plots.INK, va="top",
    )  # fmt: skip
    return fig
