"""The course's one look: still figures with the words along both sides and a sentence as title.

The palette and the type sizes live here; the interactive explorers read the same values. Figures
are plain `matplotlib.figure.Figure` objects, 700 pixels wide, and `show` is the only way a lesson
shows one, because it asks for the words that a reader who cannot see the picture gets instead.
"""

import base64
import io
import textwrap
from collections.abc import Callable, Mapping, Sequence
from numbers import Real
from typing import Any

import numpy as np
from matplotlib.axes import Axes
from matplotlib.backends.backend_agg import FigureCanvasAgg
from matplotlib.colors import LinearSegmentedColormap, to_rgb
from matplotlib.figure import Figure
from matplotlib.patches import Rectangle
from matplotlib.text import Text
from matplotlib.ticker import LogFormatter

PAGE = "#ffffff"
INK = "#222222"
FAINT = "#767676"
# Okabe and Ito's palette, told apart by readers with any kind of color vision.
COLORS = ["#000000", "#E69F00", "#56B4E9", "#009E73", "#F0E442", "#0072B2", "#D55E00", "#CC79A7"]
BLUE, ORANGE, GREEN, PINK, SKY = COLORS[5], COLORS[6], COLORS[3], COLORS[7], COLORS[2]
SERIES = [BLUE, ORANGE, GREEN, PINK, COLORS[0], COLORS[1]]  # those that stand out on the page
STROKES = ["-", "--", "-.", ":", (0, (6, 1, 1, 1, 1, 1)), (0, (1, 3))]
ATTENTION_STOPS = (PAGE, BLUE, "#00263b")
ATTENTION_STOPS_IN_THE_DARK = ("#111111", "#2e86c1", "#def0ff")  # explorers on a dark page
ATTENTION = LinearSegmentedColormap.from_list("attention", ATTENTION_STOPS)
SIGNED_STOPS = (BLUE, PAGE, ORANGE)  # -1, 0, +1
SIGNED = LinearSegmentedColormap.from_list("signed", SIGNED_STOPS)

TITLE_SIZE, LABEL_SIZE, SMALL_SIZE = 12, 10, 9
WIDTH = 7.0  # inches; 100 pixels each on the page
PIXELS_PER_INCH = 160  # drawn finer than shown, for sharp screens
NUMBERS_UP_TO = 12  # rows or columns: with more, numbers in the cells would not be legible


class CourseFigure(Figure):
    """A figure whose words are drawn as they are written: in "$5 and $6" there is no formula.

    Only the powers of ten that a logarithmic axis writes by itself are formulas.
    """

    def draw(self, renderer):
        powers = {
            label
            for ax in self.axes
            for axis in (ax.xaxis, ax.yaxis)
            if isinstance(axis.get_major_formatter(), LogFormatter)
            for tick in (*axis.get_major_ticks(), *axis.get_minor_ticks())
            for label in (tick.label1, tick.label2)
        }
        for text in self.findobj(Text):
            text.set_parse_math(text in powers)
        super().draw(renderer)


def figure(
    width: Real = WIDTH,
    height: Real = 4.0,
    *,
    rows: int = 1,
    columns: int = 1,
    widths: Sequence[Real] | None = None,
    heights: Sequence[Real] | None = None,
) -> tuple[Figure, Axes | np.ndarray]:
    """A figure of `width` × `height` inches (100 pixels each on the page) and its axes.

    Its words are drawn as they are written: a dollar is no beginning of a formula.
    One `Axes`, or an array of them if there are several rows or columns, whose relative `widths`
    and `heights` can be given.
    """
    fig = CourseFigure(figsize=(width, height), layout="constrained", facecolor=PAGE)
    FigureCanvasAgg(fig)
    axes = fig.subplots(rows, columns, width_ratios=widths, height_ratios=heights)
    for ax in np.atleast_1d(axes).flat:
        ax.spines[["top", "right"]].set_visible(False)
        ax.tick_params(labelsize=SMALL_SIZE, colors=INK)
    return fig, axes


def png(fig: Figure) -> bytes:
    """The figure as PNG, the same bytes for the same figure."""
    stream = io.BytesIO()
    fig.savefig(stream, format="png", dpi=PIXELS_PER_INCH, metadata={"Software": None})
    return stream.getvalue()


def picture(fig: Figure, alt: str) -> tuple[dict, dict]:
    """The notebook's output for a figure: the image and, for those who cannot see it, `alt`."""
    data = {"image/png": base64.b64encode(png(fig)).decode("ascii"), "text/plain": alt}
    metadata = {"image/png": {"alt": alt, "width": round(fig.get_figwidth() * 100)}}
    return data, metadata


def show(fig: Figure, alt: str) -> None:
    """Show `fig` in a notebook. `alt` says in words what the picture shows, and must."""
    if not isinstance(fig, Figure):
        raise TypeError(f"show takes a matplotlib Figure, got {type(fig).__name__}.")
    if not isinstance(alt, str) or not alt.strip():
        raise ValueError(
            "show needs alt='…': what the picture shows, for readers who cannot see it."
        )
    from IPython.display import display

    data, metadata = picture(fig, alt)
    display(data, metadata=metadata, raw=True)


def numbers(values) -> np.ndarray:
    """A tensor of any type on any device, a list of these, an array or lists, as NumPy's float64.

    NumPy knows no bfloat16; float64 has every number of every other type, bit for bit.
    """
    if hasattr(values, "detach"):  # a tensor, perhaps one that is being trained
        return values.detach().cpu().double().numpy()
    if isinstance(values, list | tuple) and any(hasattr(value, "detach") for value in values):
        values = [numbers(value) for value in values]
    return np.asarray(values, dtype=float)


def headline(fig: Figure, title: str) -> Figure:
    """Over the whole figure, on the left: the sentence that the figure proves."""
    fig.suptitle(
        textwrap.fill(title, int(fig.get_figwidth() * 10)),
        x=0.01,
        ha="left",
        fontsize=TITLE_SIZE,
        fontweight="bold",
        color=INK,
    )
    return fig


def frame(corner: Sequence[Real], width: Real, height: Real) -> Rectangle:
    """A box that says "this one", to be added to axes with `ax.add_patch`."""
    return Rectangle(corner, width, height, fill=False, edgecolor=ORANGE, linewidth=2)


def attention_map(
    weights,
    query_tokens: Sequence[str],
    key_tokens: Sequence[str] | None = None,
    *,
    title: str,
    darkest: Real | None = None,
    ax: Axes | None = None,
) -> Figure:
    """Who looks at whom: queries down, keys across, darker = more.

    `weights` is [n_query, n_key], non-negative; without `key_tokens` the queries look at
    themselves. `darkest` is the weight of the darkest color, the same in maps that stand side by
    side; the largest one if not given. ValueError if the words do not fit the weights.
    """
    key_tokens = query_tokens if key_tokens is None else key_tokens
    weights = _numbers(weights, 2, "attention_map")
    if weights.shape != (len(query_tokens), len(key_tokens)):
        raise ValueError(
            f"the weights are {weights.shape[0]} queries × {weights.shape[1]} keys, "
            f"the words are {len(query_tokens)} × {len(key_tokens)}."
        )
    top = max(float(np.nanmax(weights)), 1e-9) if darkest is None else float(darkest)
    ax = _grid(weights, query_tokens, key_tokens, ATTENTION, (0.0, top), ax, hide_zeros=True)
    ax.set_ylabel("who looks", fontsize=SMALL_SIZE, color=FAINT)
    scale = ax.get_xlabel()
    ax.set_xlabel(f"at whom ({scale})" if scale else "at whom", fontsize=SMALL_SIZE, color=FAINT)
    return _titled(ax, title)


def heat_map(
    values,
    *,
    title: str,
    rows: Sequence[str] | None = None,
    columns: Sequence[str] | None = None,
    diverging: bool = False,
    ax: Axes | None = None,
) -> Figure:
    """A table of numbers as a picture, [rows, columns]; `diverging` centres the colors on zero."""
    values = _numbers(values, 2, "heat_map")
    for names, size, side in (
        (rows, values.shape[0], "rows"),
        (columns, values.shape[1], "columns"),
    ):
        if names is not None and len(names) != size:
            raise ValueError(f"there are {size} {side} of numbers and {len(names)} names for them.")
    if diverging:
        top = max(float(np.nanmax(np.abs(values))), 1e-9)
        colors, limits = SIGNED, (-top, top)
    else:
        colors, limits = ATTENTION, (min(0.0, float(np.nanmin(values))), float(np.nanmax(values)))
    return _titled(_grid(values, rows, columns, colors, limits, ax), title)


def position_map(encoding, *, title: str, ax: Axes | None = None) -> Figure:
    """A position table, [n, d_model]: positions down, numbers across; blue −, white 0, orange +."""
    encoding = _numbers(encoding, 2, "position_map")
    ax = _axes(ax, 3.8)
    top = float(np.abs(encoding).max())
    ax.imshow(encoding, cmap=SIGNED, vmin=-top, vmax=top, aspect="auto", interpolation="nearest")
    scale = _scale_in_words(SIGNED, (-top, top))
    ax.set_xlabel(f"number in the vector ({scale})", fontsize=LABEL_SIZE)
    ax.set_ylabel("position", fontsize=LABEL_SIZE)
    return _titled(ax, title)


def lines(
    x,
    series: Mapping[str, Any],
    *,
    title: str,
    xlabel: str,
    ylabel: str,
    logx: bool = False,
    logy: bool = False,
    ax: Axes | None = None,
) -> Figure:
    """Curves over `x`, each with its name at its end, and told apart by stroke as well as color."""
    ax = _axes(ax, 3.8)
    x = numbers(x)
    ax.set_xscale("log" if logx else "linear")
    ax.set_yscale("log" if logy else "linear")
    ends = []
    for i, (name, y) in enumerate(series.items()):
        y = _numbers(y, 1, "lines")
        if len(y) != len(x):
            raise ValueError(f"{name!r} has {len(y)} values for {len(x)} places on the x axis.")
        color = SERIES[i % len(SERIES)]
        ax.plot(x, y, color=color, linestyle=STROKES[i % len(STROKES)], linewidth=2)
        drawn = np.flatnonzero(np.isfinite(y) & ((y > 0) | (not logy)))
        if len(drawn):
            ends.append((name, x[drawn[-1]], y[drawn[-1]], color))
    ax.set_xlabel(xlabel, fontsize=LABEL_SIZE)
    ax.set_ylabel(ylabel, fontsize=LABEL_SIZE)
    if len(ends) > 1:
        _name_the_ends(ax, ends)
    return _titled(ax, title)


def growth(
    ns: Sequence[int],
    series: Mapping[str, Any],
    *,
    title: str,
    ylabel: str,
    powers: Mapping[str, Real] | None = None,
    until: Mapping[str, int] | None = None,
    levels: Mapping[str, Real] | None = None,
    heights: Callable[[Real], str] | None = None,
    ax: Axes | None = None,
) -> Figure:
    """What things cost over the length n, both axes logarithmic: n to the k rises with slope k.

    Dots are measured, `series` has one for each of `ns`. `until` {name: n} marks lengths further
    on; a curve with a power k in `powers` goes on to them, dotted, as n to the k from its last dot.
    `levels` {name: value} are heights to compare with. `heights` writes a height as the axis shall
    show it, as `in_bytes` does; without it, the axis has powers of ten.
    """
    ax = _axes(ax, 4.2)
    ax.set_xscale("log")
    ax.set_yscale("log")
    powers, until, levels = powers or {}, until or {}, levels or {}
    if strangers := sorted(set(powers) - set(series)):
        raise ValueError(f"a power for {strangers[0]!r}, the curves are {list(series)}.")
    ends = []
    for i, (name, values) in enumerate(series.items()):
        values, color = _numbers(values, 1, "growth"), SERIES[i % len(SERIES)]
        if len(values) != len(ns):
            raise ValueError(f"{name!r} has {len(values)} values for {len(ns)} lengths.")
        stroke = STROKES[i % len(STROKES)]
        ax.plot(ns, values, color=color, linestyle=stroke, linewidth=1.5, marker="o", markersize=4)
        end = ns[-1], values[-1]
        if name in powers and until:
            far = max(until.values())
            ahead = far, values[-1] * (far / ns[-1]) ** powers[name]
            ax.plot(*zip(end, ahead, strict=True), color=color, linestyle=":", linewidth=1.5)
            end = ahead
        ends.append((name, *end, color))
    faint = {"color": FAINT, "linewidth": 0.5, "zorder": 0}
    small = {"color": FAINT, "fontsize": SMALL_SIZE, "va": "bottom", "textcoords": "offset points"}
    for name, n in until.items():
        ax.axvline(n, linestyle="--", **faint)
        place = {"xycoords": ("data", "axes fraction"), "xytext": (-3, 4), "ha": "right"}
        on_page = {"facecolor": PAGE, "edgecolor": "none", "pad": 1}  # where a curve comes by
        ax.annotate(name, (n, 0), rotation=90, bbox=on_page, **place, **small)
    for name, value in levels.items():
        ax.axhline(value, **faint)
        place = {"xycoords": ("axes fraction", "data"), "xytext": (4, 1)}
        ax.annotate(name, (0, value), **place, **small)
    if not until:
        ax.set_xticks(ns)
    ax.xaxis.set_major_formatter(lambda n, _: f"{n:,.0f}")
    if heights is not None:
        ax.yaxis.set_major_formatter(lambda height, _: heights(height))
    ax.tick_params(axis="x", which="minor", bottom=False, labelbottom=False)
    ax.set_xlim(right=1.1 * max([*ns, *until.values()]))
    ax.set_xlabel("n, tokens", fontsize=LABEL_SIZE)
    ax.set_ylabel(ylabel, fontsize=LABEL_SIZE)
    _name_the_ends(ax, ends)
    return _titled(ax, title)


def in_bytes(count: Real) -> str:
    """A number of bytes as people say it, three digits of it: 268_435_456 is "268 MB".

    A kilobyte is 1,000 bytes, as disks are sold.
    """
    units = ["bytes", "kB", "MB", "GB", "TB", "PB"]
    while abs(float(f"{count:.3g}")) >= 1000 and len(units) > 1:
        count, units = count / 1000, units[1:]
    return f"{float(f'{count:.3g}'):,g} {units[0]}"


def bars(values: Mapping[str, Real], *, title: str, xlabel: str, ax: Axes | None = None) -> Figure:
    """Horizontal bars from top to bottom, each with its number at its end.

    ValueError for a number that is not finite.
    """
    names, lengths = list(values), _numbers(list(values.values()), 1, "bars")
    for name, length in zip(names, lengths, strict=True):
        if not np.isfinite(length):
            raise ValueError(f"{name!r} is {length}, of which there is no bar.")
    ax = _axes(ax, 0.9 + 0.38 * len(values))
    ax.barh(range(len(names)), lengths, color=BLUE, height=0.65)
    for i, length in enumerate(lengths):
        ax.annotate(
            _plain(length),
            (max(length, 0), i),
            xytext=(4, 0),
            textcoords="offset points",
            va="center",
            fontsize=SMALL_SIZE,
            color=INK,
        )
    ax.set_yticks(range(len(names)), names, fontsize=LABEL_SIZE)
    ax.set_xlabel(xlabel, fontsize=LABEL_SIZE)
    ax.margins(x=0.12)
    ax.invert_yaxis()
    return _titled(ax, title)


def loss_curve(history, *, title: str | None = None, ax: Axes | None = None) -> Figure:
    """A training run's loss over its steps, the validation loss with a dot at each measurement.

    `history` is what `training.fit` returns. A long run's training loss is averaged, so that about
    100 points are left.
    """
    steps, losses = history.averaged(max(1, len(history.steps) // 100))
    if not steps:
        raise ValueError("there is no step to draw yet: this run was stopped before its first.")
    ax = _axes(ax, 3.4)
    ax.plot(steps, losses, color=SKY, linewidth=1.5)
    ends = [("training", steps[-1], losses[-1], SKY)]
    if history.valid_losses:
        measured = history.valid_steps, history.valid_losses
        ax.plot(*measured, color=ORANGE, linewidth=2, linestyle="--", marker="o", markersize=4)
        drawn = [pair for pair in zip(*measured, strict=True) if np.isfinite(pair[1])]
        ends += [("validation", *pair, ORANGE) for pair in drawn[-1:]]
    if ax.get_ylim()[1] > 0:  # somebody's own loss may be below zero throughout
        ax.set_ylim(bottom=min(0, ax.get_ylim()[0]))
    ax.set_xlabel("training step", fontsize=LABEL_SIZE)
    ax.set_ylabel("loss in nats a token", fontsize=LABEL_SIZE)
    if len(ends) > 1:
        _name_the_ends(ax, ends)
    first, last = history.losses[0], history.recent
    said = _minus(f"{first:.1f} nats a token at first, {last:.1f} after {steps[-1]:,}")
    return _titled(ax, f"{said} steps" if title is None else title)


def points(xy, labels: Sequence[str], *, title: str, ax: Axes | None = None) -> Figure:
    """Named points in the plane, [n, 2]."""
    xy = _numbers(xy, 2, "points")
    if xy.shape != (len(labels), 2):
        raise ValueError(f"there are {len(labels)} labels for points of shape {list(xy.shape)}.")
    ax = _axes(ax, 4.2)
    ax.scatter(*xy.T, s=18, color=BLUE)
    ax.margins(0.12)
    figure_with_title = _titled(ax, title)
    name_points(ax, xy, labels)
    return figure_with_title


def towers(
    columns: Mapping[str, Sequence[tuple[str, str]]],
    *,
    title: str,
    links: Sequence[tuple[tuple[str, int], tuple[str, int], str]] = (),
    repeats: Sequence[tuple[str, int, int, str]] = (),
    ax: Axes | None = None,
) -> Figure:
    """Boxes on boxes, read upwards: what happens to data on its way through a model.

    `columns` maps a tower's name to its boxes from the bottom up, each (what it does, what leaves
    it upwards, or ""). `links` are arrows (from, to, what goes along) between boxes, each (tower,
    number of the box), from left to right. `repeats` are frames (tower, first box, last box, how
    often).
    """
    for (tower, box), (other, target), _ in links:
        for name, number in ((tower, box), (other, target)):
            if name not in columns or not 0 <= number < len(columns[name]):
                raise ValueError(f"a link names box {number} of {name!r}; there is no such box.")
    ax = _axes(ax, 0.8 + 0.75 * max(map(len, columns.values())))
    ax.set_axis_off()
    high, gap = 0.62, 0.5  # of a box, whose width is 1; between towers
    lefts = {name: i * (1 + gap) for i, name in enumerate(columns)}
    arrow = {"arrowstyle": "-|>", "color": INK, "shrinkA": 0, "shrinkB": 0}
    for name, boxes in columns.items():
        left, middle = lefts[name], lefts[name] + 0.5
        ax.text(middle, -0.3, name, ha="center", fontsize=LABEL_SIZE, fontweight="bold", color=INK)
        for level, (does, leaves) in enumerate(boxes):
            ax.add_patch(Rectangle((left, level), 1, high, fill=False, edgecolor=BLUE, lw=1.5))
            ax.text(middle, level + high / 2, does, ha="center", va="center", fontsize=SMALL_SIZE)
            if leaves:
                ax.annotate("", (middle, level + 1), (middle, level + high), arrowprops=arrow)
                ax.text(middle + 0.04, level + 0.77, leaves, va="center", fontsize=SMALL_SIZE)
    for (tower, box), (other, target), what in links:
        start = lefts[tower] + 1, box + high / 2
        end = lefts[other], target + high / 2
        ax.annotate("", end, start, arrowprops=arrow | {"color": ORANGE, "linewidth": 2})
        center = (start[0] + end[0]) / 2, max(start[1], end[1]) + 0.08
        ax.text(*center, what, ha="center", va="bottom", fontsize=SMALL_SIZE)
    for tower, first, last, often in repeats:
        corner = lefts[tower] - 0.06, first - 0.08
        ax.add_patch(
            Rectangle(corner, 1.12, last - first + high + 0.16, fill=False, ls=":", ec=INK)
        )
        ax.text(corner[0], last + 0.75, often, va="bottom", fontsize=SMALL_SIZE)
    ax.set_xlim(-0.12, lefts[name] + 1.12)
    ax.set_ylim(-0.4, max(map(len, columns.values())) + 0.1)
    return _titled(ax, title)


def one_look(
    words: Sequence[str],
    x,
    w_query,
    w_key,
    w_value,
    *,
    asks: int,
    title: str,
    ax: Axes | None = None,
) -> Figure:
    """A word's way through an attention head, with its numbers: x, Q, K, V, scores, shares, output.

    `x` is [n, d]; `w_query` and `w_key` are [d, d_head], `w_value` is [d, 1], so that a value is
    one number. The word number `asks` asks all of them.
    """
    x, w_query, w_key, w_value = (
        _numbers(values, 2, "one_look") for values in (x, w_query, w_key, w_value)
    )
    query, keys, values = x[asks] @ w_query, x @ w_key, (x @ w_value)[:, 0]
    scores = keys @ query
    scaled = scores / np.sqrt(len(query))
    shares = np.exp(scaled - scaled.max())
    shares /= shares.sum()
    columns = {
        "word": (0.0, list(words)),
        "x": (1.1, [_pair(row) for row in x]),
        "key": (2.1, [_pair(row) for row in keys]),
        "score": (3.3, [f"{score:g}" for score in scores]),
        f"÷ √{len(query)}": (4.1, [f"{score:.2f}" for score in scaled]),
        "share": (5.1, [f"{share:.2f}" for share in shares]),
        "value": (6.9, [f"{value:g}" for value in values]),
        "share · value": (8.1, [f"{part:.1f}" for part in shares * values]),
    }
    ax = _axes(ax, 1.3 + 0.36 * len(words))
    ax.set_axis_off()
    bottom = len(words) + 1
    for name, (place, cells) in columns.items():
        ax.text(place, 0, name, fontsize=LABEL_SIZE, fontweight="bold", color=INK)
        for row, cell in enumerate(cells, 1):
            ax.text(place, row, cell, fontsize=LABEL_SIZE, color=INK)
    for row, share in enumerate(shares, 1):
        ax.add_patch(Rectangle((5.65, row - 0.3), share, 0.35, color=BLUE))
    asked = f"{words[asks]} asks: query {_pair(query)}"
    ax.text(1.1, bottom, asked, fontsize=LABEL_SIZE, color=_ink_like(ORANGE))
    arrow = {"arrowstyle": "-|>", "color": ORANGE, "linewidth": 2, "shrinkA": 0, "shrinkB": 0}
    ax.annotate("", (3.4, len(words) + 0.2), (3.4, bottom - 0.4), arrowprops=arrow)
    told = f"output {(shares * values).sum():.1f}"
    ax.text(8.1, bottom, told, fontsize=LABEL_SIZE, fontweight="bold", color=_ink_like(ORANGE))
    ax.plot([8.05, 9.2], [bottom - 0.6] * 2, color=INK, linewidth=1)
    ax.set_xlim(-0.1, 9.6)
    ax.set_ylim(bottom + 0.4, -0.7)
    return _titled(ax, title)


def _pair(numbers: np.ndarray) -> str:
    return "(" + ", ".join(f"{number:g}" for number in numbers) + ")"


def _numbers(values, ndim: int, who: str) -> np.ndarray:
    """`values` (tensor, array or lists) as a float array of `ndim` dimensions."""
    array = numbers(values)
    if array.ndim != ndim:
        raise ValueError(f"{who} draws {ndim}-dimensional numbers, got shape {list(array.shape)}.")
    if who.endswith("_map") and not array.size:
        raise ValueError(f"{who} has nothing to draw: the shape is {list(array.shape)}.")
    return array


def _axes(ax: Axes | None, height: Real) -> Axes:
    return figure(WIDTH, height)[1] if ax is None else ax


def _grid(values, rows, columns, colors, limits, ax, *, hide_zeros: bool = False) -> Axes:
    """Cells with their numbers where those are legible, and the words along both sides."""
    n_rows, n_columns = values.shape
    ax = _axes(ax, min(7.0, 1.4 + max(0.32, min(0.55, 4.2 / n_rows)) * n_rows))
    ax.imshow(values, cmap=colors, vmin=limits[0], vmax=limits[1], aspect="auto")
    ax.spines[:].set_visible(False)
    ax.tick_params(length=0, top=True, labeltop=True, bottom=False, labelbottom=False)
    slanted = columns is not None and (n_columns > 8 or max(map(len, columns)) > 9)
    if columns is not None:
        ax.set_xticks(range(n_columns), columns, fontsize=LABEL_SIZE)
        if slanted:
            ax.tick_params(axis="x", labelrotation=90)
    if rows is not None:
        ax.set_yticks(range(n_rows), rows, fontsize=LABEL_SIZE)
    if max(n_rows, n_columns) > NUMBERS_UP_TO:
        ax.set_xlabel(_scale_in_words(colors, limits), fontsize=SMALL_SIZE, color=FAINT)
    else:
        for (row, column), value in np.ndenumerate(values):
            if hide_zeros and abs(value) < 0.005:
                continue
            red, green, blue, _ = colors((value - limits[0]) / max(limits[1] - limits[0], 1e-9))
            light = 0.299 * red + 0.587 * green + 0.114 * blue > 0.55
            ax.text(
                column,
                row,
                _minus(f"{round(value, 2) + 0.0:.2f}"),
                ha="center",
                va="center",
                fontsize=SMALL_SIZE,
                color=INK if light else PAGE,
            )
    return ax


def _titled(ax: Axes, title: str) -> Figure:
    """The title over the whole figure, or over its own part of a figure with several."""
    fig = ax.figure
    place = ax.get_subplotspec()
    if place is None or place.get_gridspec().get_geometry() == (1, 1):
        return headline(fig, title)
    width = fig.get_figwidth() / place.get_gridspec().ncols
    ax.set_title(
        textwrap.fill(title, int(width * 10)),
        loc="left",
        fontsize=LABEL_SIZE + 1,
        fontweight="bold",
        color=INK,
        pad=10,
    )
    return fig


def name_points(ax: Axes, xy: np.ndarray, labels: Sequence[str]) -> None:
    """Each name at one of its point's four corners, where it lies on no other name if it can."""
    ax.figure.canvas.draw()  # the scale must be settled before places can be compared
    taken = []
    for (x, y), label in zip(xy, labels, strict=True):
        for right, up in ((1, 1), (1, -1), (-1, 1), (-1, -1)):
            name = ax.annotate(
                label,
                (x, y),
                xytext=(4 * right, 3 * up),
                textcoords="offset points",
                ha="left" if right > 0 else "right",
                va="bottom" if up > 0 else "top",
                fontsize=SMALL_SIZE,
                color=INK,
                parse_math=False,  # it is measured before it is drawn
            )
            box = name.get_window_extent()
            if box.count_overlaps(taken) == 0 or (right, up) == (-1, -1):
                break
            name.remove()
        taken.append(box)


def _name_the_ends(ax: Axes, ends: list[tuple[str, Real, Real, str]]) -> None:
    """The names at the curves' right ends, moved apart where they would lie on each other."""
    ax.figure.canvas.draw()  # the scale must be settled before heights can be compared
    to_pixels = ax.transData.transform
    step = SMALL_SIZE * 1.35 * ax.figure.dpi / 72
    ends = sorted(ends, key=lambda end: end[2])
    true = [to_pixels((x, y))[1] for _, x, y, _ in ends]
    heights = [true[0]]
    for height in true[1:]:
        heights.append(max(height, heights[-1] + step))
    surplus = heights[-1] - max(true[-1], heights[0])
    shift = min(surplus / 2, heights[0] - ax.bbox.y0) if surplus > 0 else 0.0
    for (name, x, y, color), height, at in zip(ends, heights, true, strict=True):
        ax.annotate(
            name,
            (x, y),
            xytext=(8, (height - shift - at) * 72 / ax.figure.dpi),
            textcoords="offset points",
            va="center",
            fontsize=SMALL_SIZE,
            color=_ink_like(color),
            annotation_clip=False,
        )


def _ink_like(color: str) -> tuple[float, float, float]:
    """The color, darkened until small letters in it are legible (4.5 : 1) on the page."""
    red, green, blue = to_rgb(color)
    while _contrast_with_page((red, green, blue)) < 4.5:
        red, green, blue = 0.95 * red, 0.95 * green, 0.95 * blue
    return red, green, blue


def _contrast_with_page(color: Sequence[float]) -> float:
    """WCAG 2.2's contrast ratio of a color with white."""
    linear = [c / 12.92 if c <= 0.04045 else ((c + 0.055) / 1.055) ** 2.4 for c in color]
    return 1.05 / (0.05 + float(np.dot(linear, [0.2126, 0.7152, 0.0722])))


def _scale_in_words(colors, limits: tuple[Real, Real]) -> str:
    """What the colors mean, for maps with too many cells to write the numbers in."""
    low, high = (_minus(f"{limit:.3g}") for limit in limits)
    if colors is SIGNED:
        return f"blue {low}, white 0, orange {high}"
    return f"lightest {low}, darkest {high}"


def _plain(number: Real) -> str:
    """A number as people write it: no powers of ten where digits will do."""
    whole = abs(number) >= 1000 or number == round(number)
    return _minus(f"{number:,.0f}" if whole else f"{number:.3g}")


def _minus(text: str) -> str:
    return text.replace("-", "−")
