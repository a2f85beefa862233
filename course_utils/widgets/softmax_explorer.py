"""Why attention divides by √d_head: softmax on scores that grow with the length of the vectors."""

import math
from collections.abc import Sequence
from numbers import Real
from typing import Any

import numpy as np
import traitlets

from course_utils import plots
from course_utils.widgets.explorer import Explorer
from course_utils.widgets.parts import SUBTITLE, blank, expect_one_of, percent, quiet

RUNNING_SENTENCE = ("Tom", "drinks", "cold", "coffee")
D_HEADS = (1, 2, 3, 4, 6, 8, 12, 16, 24, 32, 48, 64, 96, 128, 192, 256, 384, 512)
TEMPERATURES = (0.1, 0.2, 0.3, 0.5, 0.7, 1.0, 1.5, 2.0, 3.0, 5.0, 7.0, 10.0)
N_DRAWS = 16
# With this seed the first draw lies close to the mean of all sixteen, at every d_head.
TYPICAL_SEED = 12
AS_THEY_ARE, DIVIDED = plots.ORANGE, plots.BLUE


def softmax(scores, temperature: Real = 1.0) -> np.ndarray:
    """Over the last axis, with the highest score taken off first so that nothing overflows."""
    scores = np.asarray(scores, dtype=np.float64) / temperature
    powers = np.exp(scores - scores.max(axis=-1, keepdims=True))
    return powers / powers.sum(axis=-1, keepdims=True)


def words_heard(weights) -> np.ndarray | np.floating:
    """exp(entropy) over the last axis: 4 when four words are heard alike, 1 when one is heard."""
    weights = np.asarray(weights, dtype=np.float64)
    logs = np.log(weights, out=np.zeros_like(weights), where=weights > 0)
    return np.exp(-(weights * logs).sum(axis=-1))


def steepest_slope(weights, temperature: Real = 1.0) -> float:
    """The largest entry of softmax's derivative, w (1 - w) / T: what a nudge of a score can move.

    The derivative of weight i by score j is w_i (δ_ij - w_j) / T. Where the largest entry is
    zero no score can change any weight, and nothing is learnt.
    """
    weights = np.asarray(weights)
    return float((weights * (1 - weights)).max() / temperature)


class SoftmaxExplorer(Explorer):
    """One query, a key for each word, and softmax of their dot products, with and without √d_head.

    Sliders: d_head (how many of the 512 random coordinates count) and the temperature; other
    draws at a button; or the reader's own scores. The page computes everything.
    """

    words = traitlets.List(traitlets.Unicode()).tag(sync=True)
    coordinates = traitlets.Bytes().tag(sync=True)
    n_draws = traitlets.Int(N_DRAWS).tag(sync=True)
    d_head = traitlets.Int(512).tag(sync=True)
    temperature = traitlets.Float(1.0).tag(sync=True)
    draw = traitlets.Int(0).tag(sync=True)
    scores = traitlets.List(traitlets.Float()).tag(sync=True)

    @classmethod
    def shared(cls) -> dict[str, Any]:
        return {"d_heads": D_HEADS, "temperatures": TEMPERATURES}

    def __init__(
        self,
        words: Sequence[str] = RUNNING_SENTENCE,
        *,
        d_head: int = 512,
        temperature: Real = 1.0,
        scores=(),
        seed: int = TYPICAL_SEED,
    ):
        """`scores`: the reader's own, one a word, shown in place of the random vectors'."""
        words = list(words)
        if not 2 <= len(words) <= 6:
            raise ValueError(f"SoftmaxExplorer shows 2 to 6 words, got {len(words)}: {words}.")
        scores = plots.numbers(scores).tolist()
        if scores and np.shape(scores) != (len(words),):
            raise ValueError(
                f"Each of the {len(words)} words needs one score, got {len(scores)}: {scores}."
            )
        if not np.isfinite(scores).all():
            raise ValueError(f"Scores must be finite numbers, got {scores}.")
        expect_one_of("d_head", d_head, D_HEADS)
        expect_one_of("temperature", temperature, TEMPERATURES)
        # Draw, then query and keys, then coordinates: d_head takes the first d_head of them.
        shape = (N_DRAWS, 1 + len(words), D_HEADS[-1])
        self._vectors = np.random.default_rng(seed).standard_normal(shape).astype(np.float32)
        super().__init__(
            words=words,
            coordinates=self._vectors.tobytes(),
            d_head=d_head,
            temperature=float(temperature),
            scores=scores,
        )

    def dot_products(self, d_head: int | None = None) -> np.ndarray:
        """Of the query with each key, [draw, word], over the first `d_head` coordinates."""
        vectors = self._vectors[:, :, : d_head or self.d_head].astype(np.float64)
        return np.einsum("dc,dwc->dw", vectors[:, 0], vectors[:, 1:])

    def weights(self, *, divided: bool) -> np.ndarray:
        """What the bars show at present, one weight a word."""
        scores = np.array(self.scores) if self.scores else self.dot_products()[self.draw]
        return softmax(scores / math.sqrt(self.d_head) if divided else scores, self.temperature)

    @property
    def alt(self) -> str:
        plain, divided = self.weights(divided=False), self.weights(divided=True)
        return (
            f"Softmax weights of {', '.join(self.words)} at d_head {self.d_head}, temperature "
            f"{self.temperature:g}. Scores as they are: {_in_words(self.words, plain)}; "
            f"{words_heard(plain):.1f} words listened to. Scores divided by the root of "
            f"{self.d_head}: {_in_words(self.words, divided)}; {words_heard(divided):.1f} words "
            "listened to."
        )

    def still(self):
        """Both sets of bars; for random vectors, below them, words listened to over d_head."""
        plain, divided = self.weights(divided=False), self.weights(divided=True)
        height = 2.4 if self.scores else 4.8
        fig = blank(
            height,
            f"d_head {self.d_head}: {percent(plain.max())} for one word; "
            f"{percent(divided.max())} when divided by √{self.d_head}",
        )
        grid = fig.add_gridspec(
            1 if self.scores else 2, 2,
            left=0.1, right=0.95, top=1 - 0.75 / height, bottom=0.5 / height,
            hspace=0.5, wspace=0.3,
        )  # fmt: skip
        self._draw_bars(fig.add_subplot(grid[0, 0]), plain, "scores as they are", AS_THEY_ARE)
        self._draw_bars(fig.add_subplot(grid[0, 1]), divided, "divided by √d_head", DIVIDED)
        if not self.scores:
            self._draw_heard(fig.add_subplot(grid[1, :]))
        return fig

    def _draw_bars(self, ax, weights, title, color):
        ax.barh(range(len(weights)), weights, color=color)
        for row, weight in enumerate(weights):
            ax.text(weight + 0.02, row, percent(weight), va="center", fontsize=plots.SMALL_SIZE)
        ax.set_yticks(range(len(weights)), self.words, fontsize=plots.LABEL_SIZE)
        ax.invert_yaxis()
        ax.set(xlim=(0, 1.25), xticks=[])
        ax.spines[:].set_visible(False)
        ax.tick_params(left=False)
        ax.set_title(title, **SUBTITLE)

    def _draw_heard(self, ax):
        for divided, color, label in (
            (False, AS_THEY_ARE, "as they are"),
            (True, DIVIDED, "divided by √d_head"),
        ):
            heard = [self._heard_by_draw(d, divided).mean() for d in D_HEADS]
            ax.plot(D_HEADS, heard, color=color, linewidth=2)
            ax.annotate(
                label,
                (D_HEADS[-1], heard[-1]),
                xytext=(-4, 6),
                textcoords="offset points",
                ha="right",
                color=color,
                fontsize=plots.SMALL_SIZE,
            )
            ax.plot(self.d_head, words_heard(self.weights(divided=divided)), "o", color=color)
        ax.set_xscale("log", base=2)
        powers_of_two = [d for d in D_HEADS if math.log2(d).is_integer()]
        ax.set_xticks(powers_of_two, powers_of_two)
        ax.set(xlabel=f"d_head; lines: the mean of {N_DRAWS} draws, dots: this draw")
        ax.set_ylim(0.9, len(self.words) + 0.1)
        ax.set_title("Words listened to, as the vectors get longer", **SUBTITLE)
        quiet(ax)

    def _heard_by_draw(self, d_head: int, divided: bool) -> np.ndarray:
        scores = self.dot_products(d_head) / (math.sqrt(d_head) if divided else 1)
        return words_heard(softmax(scores, self.temperature))


def _in_words(words, weights) -> str:
    return ", ".join(f"{word} {percent(w)}" for word, w in zip(words, weights, strict=True))
