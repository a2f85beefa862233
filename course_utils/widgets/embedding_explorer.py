"""A table of word vectors: who is near whom in all its dimensions, and who seems to be on a map."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any, NamedTuple

import numpy as np
import traitlets
from matplotlib.axes import Axes
from matplotlib.figure import Figure

from course_utils import plots
from course_utils.widgets.explorer import Explorer
from course_utils.widgets.parts import SUBTITLE, expect_one_of, percent

NEIGHBOURS = 8
FITS = ["all words", "these words"]  # the map is made for
MOST_NUMBERS = 4_000_000  # 8 MB on their way to the page
MOST_DIMENSIONS = 512  # the page works out a table of as many times as many


class EmbeddingExplorer(Explorer):
    """A word's nearest neighbours, by the cosine of all dimensions and by a flat map's distances.

    The map is a principal component analysis of the whole table, or of the word and its true
    neighbours, and says what share of the spread it keeps. Lines lead to the true neighbours,
    wherever the map puts them. A sum of three words, a − b + c, is drawn as arrows, and the nearest
    word named, those that were put in as well. All of it is computed in the page from the table,
    which is sent once, in half precision.
    """

    words = traitlets.Unicode().tag(sync=True)  # one a line
    vectors = traitlets.Bytes().tag(sync=True)  # float16 [n_words, d]
    word = traitlets.Unicode().tag(sync=True)
    terms = traitlets.List(traitlets.Unicode()).tag(sync=True)  # a, b, c of a − b + c
    opens_with = traitlets.Unicode().tag(sync=True)  # "word" or "sum"
    made_for = traitlets.Unicode().tag(sync=True)  # one of FITS

    @classmethod
    def shared(cls) -> dict[str, Any]:
        return {"neighbours": NEIGHBOURS, "fits": FITS}

    def __init__(
        self,
        words: Sequence[str],
        vectors,
        word: str,
        *,
        terms: Sequence[str] | None = None,
        opens_with: str = "word",
        made_for: str = FITS[0],
    ):
        """`vectors` is [n_words, d], the row of each word; `word` is the one that it opens with.

        `terms` are a, b, c of the sum a − b + c; without them the first three words. `opens_with`
        is "word" or "sum", `made_for` what the map is made for: "all words" or "these words".
        ValueError if the words do not fit the vectors, or a word is none of them.
        """
        words = list(words)
        table = _table(words, vectors)
        terms = list(words[:3] if terms is None else terms)
        if len(terms) != 3:
            raise ValueError(f"terms are three words, a, b and c of a − b + c; got {terms}.")
        expect_one_of("opens_with", opens_with, ["word", "sum"])
        expect_one_of("made_for", made_for, FITS)
        for one in (word, *terms):
            if one not in words:
                raise ValueError(f"{one!r} is none of the {len(words):,} words.")
        super().__init__(
            words="\n".join(words),
            vectors=table.tobytes(),
            word=word,
            terms=terms,
            opens_with=opens_with,
            made_for=made_for,
        )

    @property
    def table(self) -> np.ndarray:
        """The vectors as numbers again, float64 [n_words, d], as the page has them."""
        n = len(self.words.split("\n"))
        return np.frombuffer(self.vectors, dtype="<f2").reshape(n, -1).astype(float)

    def found(self) -> Found:
        """What the page works out as it opens."""
        words, table = self.words.split("\n"), self.table
        is_sum = self.opens_with == "sum"
        made = [words.index(one) for one in (self.terms if is_sum else [self.word])]
        vector = table[made[0]] - table[made[1]] + table[made[2]] if is_sum else table[made[0]]
        left = [] if is_sum else made
        nearest = _order(cosines(table, vector), left)[:NEIGHBOURS]
        which = range(len(words)) if self.made_for == FITS[0] else [*made, *nearest]
        projection = principal(table[list(dict.fromkeys(which))])
        spots, here = projection.of(table), projection.of(vector[None])[0]
        by_map = _order(-((spots - here) ** 2).sum(axis=1), left)
        return Found(words, made, nearest, by_map, cosines(table, vector), projection, spots, here)

    @property
    def alt(self) -> str:
        found = self.found()
        near = ", ".join(
            f"{found.words[i]} {found.cosine[i]:.2f} (on the map {nth(found.place(i))})"
            for i in found.nearest
        )
        seems = ", ".join(found.words[i] for i in found.by_map[:NEIGHBOURS])
        return (
            f"Embedding explorer, {len(found.words):,} words of {self.table.shape[1]} numbers, "
            f"on a map that keeps {percent(found.projection.kept)} of their spread. "
            f"{self._headline(found)} Nearest in truth, by cosine: {near}. "
            f"Nearest on the map: {seems}."
        )

    def _headline(self, found: Found) -> str:
        if self.opens_with == "sum":
            a, b, c = self.terms
            best = found.nearest[0]
            put_in = ", which was put in" if best in found.made else ""
            return f"{a} − {b} + {c} is nearest to “{found.words[best]}”{put_in}."
        first = found.nearest[0]
        return (
            f"“{self.word}”: {found.shared} of its {NEIGHBOURS} nearest words are among the "
            f"{NEIGHBOURS} nearest on the map. The very nearest, “{found.words[first]}”, is "
            f"{nth(found.place(first))} there."
        )

    def still(self) -> Figure:
        """The map with lines to the true neighbours, and both lists beside it."""
        found = self.found()
        fig, (on_map, lists) = plots.figure(plots.WIDTH, 4.6, columns=2, widths=(5, 4))
        plots.headline(fig, self._headline(found))
        self._draw_map(on_map, found)
        _draw_lists(lists, found)
        return fig

    def _draw_map(self, ax: Axes, found: Found) -> None:
        spots, seems = found.spots, [i for i in found.by_map[:NEIGHBOURS] if i not in found.nearest]
        ax.scatter(*spots.T, s=1, color=plots.FAINT, alpha=0.4, linewidths=0)
        for i in found.nearest:
            ax.plot(*zip(found.here, spots[i], strict=True), color=plots.BLUE, linewidth=1)
        ax.scatter(*spots[found.nearest].T, s=22, color=plots.BLUE, zorder=3)
        ax.scatter(
            *spots[seems].T, s=26, marker="s", facecolor=plots.PAGE, edgecolor=plots.PINK, zorder=3
        )
        ax.scatter(*found.here, s=40, color=plots.ORANGE, zorder=4)
        shown = np.vstack([found.here, spots[[*found.nearest, *seems, *found.made]]])
        middle, reach = (shown.max(0) + shown.min(0)) / 2, np.ptp(shown, axis=0).max() * 0.58 or 1
        ax.set(xlim=middle[0] + np.array([-reach, reach]), xticks=[], yticks=[])
        ax.set_ylim(middle[1] + np.array([-reach, reach]))
        ax.set_aspect("equal")
        ax.spines[:].set(visible=True, color=plots.FAINT)
        kept = percent(found.projection.kept)
        ax.set_title(
            f"The map: 2 of {self.table.shape[1]} dimensions, {kept} of the spread", **SUBTITLE
        )
        if self.opens_with == "sum":
            a, b, c = spots[found.made]
            arrow = {"arrowstyle": "->", "color": plots.ORANGE, "linewidth": 2}
            ax.annotate("", c, b, arrowprops=arrow | {"linestyle": "--"})
            ax.annotate("", found.here, a, arrowprops=arrow)
        name = "the sum" if self.opens_with == "sum" else self.word
        for at, text, weight in [
            (found.here, name, "bold"),
            *((spots[i], found.words[i], "normal") for i in found.nearest),
        ]:
            ax.annotate(
                text, at, xytext=(5, 4), textcoords="offset points",
                fontsize=plots.SMALL_SIZE, fontweight=weight, color=plots.INK,
            )  # fmt: skip


class Projection(NamedTuple):
    """A map of vectors: their middle, two directions [2, d], and the share of spread they keep."""

    middle: np.ndarray
    directions: np.ndarray
    kept: float

    def of(self, vectors: np.ndarray) -> np.ndarray:
        """Where vectors [n, d] stand on the map, [n, 2]."""
        return (vectors - self.middle) @ self.directions.T


class Found(NamedTuple):
    """Neighbours of a vector: rows by their numbers, in truth and in the order of the map."""

    words: list[str]
    made: list[int]  # the word, or the three that were put into the sum
    nearest: list[int]
    by_map: list[int]
    cosine: np.ndarray
    projection: Projection
    spots: np.ndarray
    here: np.ndarray

    @property
    def shared(self) -> int:
        return len(set(self.nearest) & set(self.by_map[:NEIGHBOURS]))

    def place(self, i: int) -> int:
        """How near row i is on the map: 1 is the nearest."""
        return self.by_map.index(i) + 1


def principal(rows: np.ndarray) -> Projection:
    """Principal component analysis of rows [n, d]: the two directions along which they spread most.

    Each faces the way in which its largest number is positive.
    """
    middle = rows.mean(axis=0)
    _, spread, directions = np.linalg.svd(rows - middle, full_matrices=False)
    two = directions[:2]
    two = two * np.sign(two[np.arange(len(two)), np.abs(two).argmax(axis=1)])[:, None]
    total = (spread**2).sum()
    return Projection(middle, two, float((spread[:2] ** 2).sum() / total) if total else 1.0)


def cosines(table: np.ndarray, vector: np.ndarray) -> np.ndarray:
    """The cosine of a vector [d] with each row of a table [n, d]."""
    return table @ vector / (np.linalg.norm(table, axis=1) * (np.linalg.norm(vector) or 1))


def nth(place: int) -> str:
    """1st, 2nd, 3rd, 4th, …"""
    ending = {1: "st", 2: "nd", 3: "rd"}.get(place % 10, "th")
    return f"{place:,}{'th' if 10 < place % 100 < 14 else ending}"


def _order(values: np.ndarray, left_out: Sequence[int]) -> list[int]:
    """Numbers of the rows, the largest value first; those that are left out come last."""
    values = np.array(values)
    values[list(left_out)] = -np.inf
    return np.argsort(-values, kind="stable").tolist()


def _draw_lists(ax: Axes, found: Found) -> None:
    ax.set(xlim=(0, 10), ylim=(2 * NEIGHBOURS + 4.5, 0))
    ax.axis("off")
    places = {i: place for place, i in enumerate(_order(found.cosine, found.made[:1]), 1)}
    blocks = (
        ("Nearest in truth", "on the map", found.nearest, found.place, "o", plots.BLUE),
        ("Nearest on the map", "in truth", found.by_map[:NEIGHBOURS], places.get, "s", plots.PINK),
    )
    top = 0.5
    for title, rank, rows, place, mark, color in blocks:
        size = {"fontsize": plots.SMALL_SIZE, "va": "center"}
        ax.text(0, top, title, fontweight="bold", **size)
        ax.text(7, top, "cosine", ha="right", color=plots.FAINT, **size)
        ax.text(10, top, rank, ha="right", color=plots.FAINT, **size)
        for row, i in enumerate(rows, 1):
            ax.plot(
                0.2, top + row, mark, markersize=5, color=color,
                markerfacecolor=color if mark == "o" else plots.PAGE,
            )  # fmt: skip
            ax.text(0.7, top + row, found.words[i], **size)
            ax.text(7, top + row, f"{found.cosine[i]:.2f}", ha="right", **size)
            ax.text(10, top + row, nth(place(i)), ha="right", **size)
        top += NEIGHBOURS + 2.2


def _table(words: list[str], vectors) -> np.ndarray:
    """The vectors as little-endian float16; ValueError if they don't fit the words."""
    table = np.ascontiguousarray(plots.numbers(vectors))
    if table.ndim != 2 or len(table) != len(words):
        raise ValueError(
            f"vectors must be [n_words, d], one row for each of the {len(words):,} words; "
            f"got shape {list(table.shape)}."
        )
    n, d = table.shape
    if n <= NEIGHBOURS + 1 or not 2 <= d <= MOST_DIMENSIONS or n * d > MOST_NUMBERS:
        raise ValueError(
            f"the explorer shows {NEIGHBOURS + 2} words or more of 2 to {MOST_DIMENSIONS} numbers, "
            f"{MOST_NUMBERS:,} numbers in all; got {n:,} words of {d:,}. Take the first rows."
        )
    if len(set(words)) < n or any(not word or "\n" in word for word in words):
        raise ValueError("the words must differ, and be one line of text each.")
    with np.errstate(over="ignore"):  # is told in the next lines
        half = table.astype("<f2")
    if not np.isfinite(half).all() or not (half != 0).any(axis=1).all():
        raise ValueError(
            "each row needs numbers, not all of them 0, none NaN or above 65,504 (half precision)."
        )
    return half
