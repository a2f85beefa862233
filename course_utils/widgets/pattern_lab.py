"""The pattern lab: who may look at whom, who has heard whom, and the theorem's conditions."""

from collections.abc import Sequence
from typing import Any

import numpy as np
import traitlets
from matplotlib.figure import Figure
from matplotlib.patches import Polygon, Rectangle

from course_utils import plots
from course_utils.widgets.explorer import Explorer
from course_utils.widgets.parts import SUBTITLE, blank, expect_one_of, quiet

KINDS = ("window", "strided", "fixed", "star", "random", "bigbird", "dense", "self")
ARRANGEMENTS = ("in turn", "both", "first", "second")
# Each slider of the page, from where to where.
LIMITS = {
    "n": (2, 128),
    "width": (0, 16),
    "stride": (1, 32),
    "n_global": (0, 8),
    "n_random": (0, 8),
    "per_token": (1, 16),
    "layers": (1, 16),
}
MOST_ARCS = 1000  # more would be a black cloud
NUMBERS_UP_TO = 16  # tokens; with more, numbers in the cells are not legible
NAMES_UP_TO = 34  # tokens with a number of their own along the arcs
# From the first layer to the last the color of who is heard fades by so much, over so many layers
# or more.
FADE, FADE_OVER = 0.78, 3
# An arc is as high as its length to this power, but no steeper than this at its ends.
ARC_POWER, ARC_SLOPE = 0.8, 0.6
# Dice that a page can throw, too (Numerical Recipes' generator of 32 bits; `spread` tells apart
# what comes from one seed and from the next).
DICE = {"spread": 2_654_435_761, "factor": 1_664_525, "step": 1_013_904_223}
LAMPS = {True: ("✓ yes", plots.GREEN), False: ("✗ no", plots.ORANGE), None: ("? open", plots.FAINT)}


class PatternLab(Explorer):
    """Choose a pattern and see whom each token hears of, layer by layer.

    Two squares (who may look at whom; who has heard whom after so many layers, darker = sooner),
    three lamps for the conditions of Yun et al. 2020 (Assumption 1), the connections counted
    against n², and the tokens in a line with their looks as arcs. Everything is computed in the
    page. Positions count from 0. Random looks come from the lab's own dice (`drawn`).
    """

    kind = traitlets.Unicode().tag(sync=True)
    n = traitlets.Int().tag(sync=True)
    width = traitlets.Int().tag(sync=True)
    stride = traitlets.Int().tag(sync=True)
    n_global = traitlets.Int().tag(sync=True)
    n_random = traitlets.Int().tag(sync=True)
    per_token = traitlets.Int().tag(sync=True)
    seed = traitlets.Int().tag(sync=True)
    layers = traitlets.Int().tag(sync=True)
    arrangement = traitlets.Unicode().tag(sync=True)
    causal = traitlets.Bool().tag(sync=True)
    no_self = traitlets.Bool().tag(sync=True)
    token = traitlets.Int().tag(sync=True)
    own = traitlets.List().tag(sync=True)  # patterns of the reader's: for each query a list of keys

    @classmethod
    def shared(cls) -> dict[str, Any]:
        from course_utils.patterns.path import EXACT

        return {
            "limits": LIMITS,
            "most_arcs": MOST_ARCS,
            "numbers_up_to": NUMBERS_UP_TO,
            "names_up_to": NAMES_UP_TO,
            "all_tried_up_to": EXACT,
            "fade": FADE,
            "fade_over": FADE_OVER,
            "arc": {"power": ARC_POWER, "slope": ARC_SLOPE},
            "dice": DICE,
        }

    def __init__(
        self,
        kind: str = "window",
        *,
        n: int = 32,
        width: int = 2,
        stride: int = 4,
        n_global: int = 1,
        n_random: int = 1,
        per_token: int = 3,
        seed: int = 0,
        layers: int = 2,
        arrangement: str = "in turn",
        causal: bool = False,
        no_self: bool = False,
        token: int | None = None,
        own: Sequence[Sequence[Sequence[int]]] = (),
    ):
        """How it opens. `arrangement` says how the two patterns of strided and fixed are used.

        `token` is the chosen one, by default the middle one. For patterns of your own, see `of`.
        """
        expect_one_of("kind", kind, KINDS)
        expect_one_of("arrangement", arrangement, ARRANGEMENTS)
        given = {
            "n": n,
            "width": width,
            "stride": stride,
            "n_global": n_global,
            "n_random": n_random,
            "per_token": per_token,
            "layers": layers,
        }
        for name, value in given.items():
            low, high = LIMITS[name]
            if not low <= value <= high:
                raise ValueError(f"{name} goes from {low} to {high} in the lab, got {value}.")
        for pattern in own:
            if len(pattern) != n:
                raise ValueError(
                    f"a pattern of your own has a list of keys for each of the n={n} tokens, "
                    f"got {len(pattern)} lists."
                )
        token = n // 2 if token is None else token
        if not 0 <= token < n:
            raise ValueError(f"token goes from 0 to {n - 1} with n={n}, got {token}.")
        super().__init__(
            kind=kind,
            seed=seed,
            arrangement=arrangement,
            causal=causal,
            no_self=no_self,
            token=token,
            own=[[[int(key) for key in keys] for keys in pattern] for pattern in own],
            **given,
        )

    @classmethod
    def of(cls, patterns, **opening) -> "PatternLab":
        """For a Pattern of your own, or a sequence of one or two that layers use in turn."""
        from course_utils.patterns import Pattern

        found = [patterns] if isinstance(patterns, Pattern) else list(patterns)
        if len(found) not in (1, 2) or len({pattern.n for pattern in found}) > 1:
            raise ValueError("the lab takes one pattern, or two over the same n tokens.")
        rows = [
            [pattern.keys_of(query).tolist() for query in range(pattern.n)] for pattern in found
        ]
        return cls(n=found[0].n, own=rows, **opening)

    def patterns(self) -> list:
        """The patterns of the layers, in turn, as the lab opens: what the page computes, too."""
        from course_utils.patterns import Pattern, union

        found = [Pattern.from_lists(rows) for rows in self.own] or self._named()
        if len(found) == 2 and self.arrangement != "in turn":
            found = {"both": [union(found)], "first": found[:1], "second": found[1:]}[
                self.arrangement
            ]
        if self.causal:
            found = [pattern.causal() for pattern in found]
        if self.no_self:
            others = [
                [[key for key in p.keys_of(query).tolist() if key != query] for query in range(p.n)]
                for p in found
            ]
            found = [Pattern.from_lists(rows) for rows in others]
        return found

    def _named(self) -> list:
        from course_utils import patterns

        n, width, stride = self.n, self.width, self.stride
        match self.kind:
            case "window":
                return [patterns.window(n, width)]
            case "strided":
                return list(patterns.strided(n, stride))
            case "fixed":
                return list(patterns.fixed(n, stride))
            case "star":
                return [patterns.star(n, width)]
            case "random":
                return [patterns.Pattern.from_lists(drawn(n, self.per_token, self.seed))]
            case "bigbird":
                without = patterns.bigbird(n, width, n_random=0, n_global=self.n_global, seed=0)
                dice = drawn(n, self.n_random + 1, self.seed)
                return [without | patterns.Pattern.from_lists(dice)]
            case "dense":
                return [patterns.dense(n)]
            case _:
                return [patterns.self_only(n)]

    def layers_until_heard(self) -> np.ndarray:
        """After how many layers a query has first heard of a key, int [n, n]; 0: not in `layers`"""
        from course_utils.patterns import reach

        patterns = self.patterns()
        found = np.zeros((self.n, self.n), dtype=int)
        for layer in range(self.layers, 0, -1):
            found[reach(patterns, layer).numpy()] = layer
        return found

    @property
    def title(self) -> str:
        heard = (self.layers_until_heard()[self.token] > 0).sum()
        whom = "everybody" if heard == self.n else f"{heard} of {self.n} tokens"
        return f"After {_layers(self.layers)} token {self.token} has heard {whom}"

    @property
    def alt(self) -> str:
        from course_utils.patterns import check_assumption

        report = check_assumption(self.patterns())
        answers = ", ".join(
            f"{name} {LAMPS[answer.holds][0][2:]}"
            for name, answer in (
                ("itself", report.self_loops),
                ("a path", report.path),
                ("reach", report.reach),
            )
        )
        return (
            f"Pattern lab, {self._what()}. {self._count()} {self.title}. "
            f"The three conditions: {answers} ({report.reach.why})."
        )

    def _what(self) -> str:
        given = {
            "window": f"width {self.width}",
            "star": f"width {self.width}",
            "strided": f"stride {self.stride}, {self.arrangement}",
            "fixed": f"stride {self.stride}, {self.arrangement}",
            "random": f"{self.per_token} a token",
            "bigbird": f"width {self.width}, {self.n_global} global, {self.n_random} random",
        }.get(self.kind, "")
        name = "own pattern" if self.own else f"{self.kind} {given}".strip()
        without = " causal" * self.causal + " without self-loops" * self.no_self
        return f"{self.n} tokens, {name}{without}"

    def _count(self) -> str:
        patterns = self.patterns()
        counts = " and ".join(f"{pattern.n_connections:,}" for pattern in patterns)
        empty = np.mean([pattern.sparsity for pattern in patterns])
        return f"{counts} of {self.n**2:,} connections, {empty:.1%} of the square empty."

    def still(self) -> Figure:
        """The lab as it opens: lamps, two squares, and the line of tokens below."""
        fig = blank(7.4, self.title)
        self._draw_lamps(fig)
        self._draw_looks(fig.add_axes((0.075, 0.365, 0.41, 0.41 * 7 / 7.4)))
        self._draw_rumour(fig.add_axes((0.575, 0.365, 0.41, 0.41 * 7 / 7.4)))
        self._draw_line(fig.add_axes((0.02, 0.01, 0.96, 0.31)))
        return fig

    def _draw_lamps(self, fig: Figure) -> None:
        from course_utils.patterns import check_assumption

        report = check_assumption(self.patterns())
        for i, (name, answer) in enumerate(
            (("Itself", report.self_loops), ("A path", report.path), ("Reach", report.reach))
        ):
            words, color = LAMPS[answer.holds]
            ring = " (the ring)" if name == "Reach" and answer.holds is False else ""
            y = 0.935 - 0.032 * i
            fig.text(
                0.06, y, words,
                fontsize=plots.SMALL_SIZE, color=plots.INK, ha="center", va="center",
                bbox={"boxstyle": "round,pad=0.25", "facecolor": plots.PAGE, "edgecolor": color},
            )  # fmt: skip
            fig.text(
                0.115, y, f"{name}: {answer.why}{ring}",
                fontsize=plots.SMALL_SIZE, color=plots.INK, va="center",
            )  # fmt: skip
        fig.text(
            0.02, 0.832, f"{self._what()}: {self._count()}",
            fontsize=plots.SMALL_SIZE, color=plots.INK,
        )  # fmt: skip

    def _draw_looks(self, ax) -> None:
        patterns = self.patterns()
        masks = [pattern.mask().numpy() for pattern in patterns]
        shown = np.where(masks[0][..., None], _rgb(plots.BLUE), _rgb(plots.PAGE))
        ax.imshow(shown, interpolation="nearest")
        if len(masks) > 1:
            for query, key in np.argwhere(masks[1]):
                corners = [
                    (key + 0.5, query - 0.5),
                    (key + 0.5, query + 0.5),
                    (key - 0.5, query + 0.5),
                ]
                ax.add_patch(Polygon(corners, facecolor=plots.ORANGE, linewidth=0))
        legend = "blue: first pattern, orange: second" if len(masks) > 1 else "blue: may look"
        self._finish_square(ax, f"Who may look at whom\n({legend})", ("who looks", "at whom"))

    def _draw_rumour(self, ax) -> None:
        from course_utils.patterns import check_assumption

        found = self.layers_until_heard()
        ax.imshow(_shades(found, self.layers), cmap=plots.ATTENTION, vmin=0, vmax=1)
        if self.n <= NUMBERS_UP_TO:
            for (query, key), layer in np.ndenumerate(found):
                if layer:
                    dark = _shades(found, self.layers)[query, key] > 0.45
                    ax.text(
                        key, query, _said(int(layer), query == key),
                        ha="center", va="center", fontsize=plots.SMALL_SIZE,
                        color=plots.PAGE if dark else plots.INK,
                    )  # fmt: skip
        apart = check_assumption(self.patterns()).reach
        if apart.holds is False:
            query, key = apart.witness
            ax.plot(key, query, "o", color=plots.ORANGE, markerfacecolor="none", mew=1.5)
        share = (found > 0).mean()
        words = f"Who has heard whom after {_layers(self.layers)}\n"
        words += f"(darker: sooner; {share:.0%} of pairs)"
        self._finish_square(ax, words, ("who has heard", "of whom"))

    def _finish_square(self, ax, words: str, sides: tuple[str, str]) -> None:
        ax.add_patch(
            Rectangle(
                (-0.5, self.token - 0.5), self.n, 1, fill=False, edgecolor=plots.ORANGE, lw=1.5
            )
        )
        ax.set_title(words, **(SUBTITLE | {"fontsize": plots.SMALL_SIZE}))
        quiet(ax)
        ax.spines[:].set_visible(True)
        ax.spines[:].set_color(plots.FAINT)
        ax.set_ylabel(sides[0])
        ax.set_xlabel(sides[1])

    def _draw_line(self, ax) -> None:
        """Arcs above the line look back, below it ahead; bars say after how many layers."""
        patterns, n, token = self.patterns(), self.n, self.token
        high = 0.35 * n
        pairs = {
            (query, key)
            for pattern in patterns
            for query, key in zip(pattern.queries.tolist(), pattern.keys.tolist(), strict=True)
            if query != key
        }
        longest = max((abs(query - key) for query, key in pairs), default=1)
        for query, key in sorted(pairs) if len(pairs) <= MOST_ARCS else ():
            ax.plot(*_arc(query, key, high, longest), color=plots.FAINT, linewidth=0.6, alpha=0.4)
        for pattern, color, stroke in zip(
            patterns, (plots.BLUE, plots.ORANGE), ("-", "--"), strict=False
        ):
            for key in pattern.keys_of(token).tolist():
                if key != token:
                    ax.plot(*_arc(token, key, high, longest), color=color, linestyle=stroke, lw=1.8)
        size = 260 / n
        ax.plot(
            range(n), [0] * n, "o", color=plots.PAGE, markeredgecolor=plots.INK, ms=min(8, size)
        )
        ax.plot(token, 0, "o", color=plots.ORANGE, markersize=min(8, size))
        floor = -1.25 * high if any(key > query for query, key in pairs) else -0.2 * high
        floor -= 0.75 * high
        found = self.layers_until_heard()[token]
        said = [_said(layer, key == token) for key, layer in enumerate(found.tolist())]
        heights = np.where(found > 0, (0.12 + 0.48 * np.array(said) / self.layers) * high, 0)
        colors = [
            plots.ORANGE if key == token else plots.ATTENTION(shade)
            for key, shade in enumerate(_shades(found, self.layers))
        ]
        ax.bar(range(n), heights, bottom=floor, width=0.7, color=colors)
        for key in range(n if n <= NAMES_UP_TO else 0):
            ax.text(key, floor - 0.04 * high, key, ha="center", va="top", fontsize=8)
            if found[key]:
                top = floor + heights[key] + 0.03 * high
                ax.text(key, top, said[key], ha="center", fontsize=8)
        ax.text(
            -0.5, floor - 0.3 * high,
            "Arcs above the line look back, below it ahead. Bars: heard after so many layers.",
            fontsize=plots.SMALL_SIZE, color=plots.FAINT, va="top",
        )  # fmt: skip
        ax.set(xlim=(-0.8, n - 0.2), ylim=(floor - 0.55 * high, 1.15 * high))
        ax.axis("off")


def drawn(n: int, per_token: int, seed: int) -> list[list[int]]:
    """For each token itself and others by dice: the same dice as in the page, lib/patterns.js.

    (The package's `random` uses NumPy's generator, which no page has.)
    """
    state = (seed * DICE["spread"] + n) % 2**32
    rows = []
    for query in range(n):
        others = [key for key in range(n) if key != query]
        chosen = [query]
        while len(chosen) < min(per_token, n):
            state = (state * DICE["factor"] + DICE["step"]) % 2**32
            chosen.append(others.pop(state * len(others) // 2**32))
        rows.append(sorted(chosen))
    return rows


def _said(layer: int, is_itself: bool) -> int:
    """The number to write: who looks at itself has heard of itself before the first layer."""
    return 0 if is_itself and layer == 1 else layer


def _layers(number: int) -> str:
    return "1 layer" if number == 1 else f"{number} layers"


def _rgb(color: str) -> np.ndarray:
    return np.array([int(color[i : i + 2], 16) / 255 for i in (1, 3, 5)])


def _shades(found: np.ndarray, layers: int) -> np.ndarray:
    """From 1, heard after the first layer, down; 0 for what was not heard. As in the page."""
    return np.where(found > 0, 1 - FADE * (found - 1) / max(FADE_OVER, layers - 1), 0.0)


def _arc(query: int, key: int, high: float, longest: int) -> tuple[np.ndarray, np.ndarray]:
    """Half a sine from query to key: above the line where it looks back."""
    along = np.linspace(0, np.pi, 24)
    height = min(
        high * (abs(query - key) / longest) ** ARC_POWER, 0.3 + ARC_SLOPE * abs(query - key)
    )
    side = 1 if key < query else -1
    return query + (key - query) * (1 - np.cos(along)) / 2, side * height * np.sin(along)
