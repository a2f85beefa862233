"""The whole model in one picture: a tower in which a text moves from characters to the next one."""

from typing import Any

import numpy as np
import traitlets
from matplotlib.axes import Axes
from matplotlib.figure import Figure
from torch import nn

from course_utils import plots
from course_utils.text import CharTokenizer
from course_utils.widgets.explorer import Explorer
from course_utils.widgets.page_model import Trace, expect_in_the_page, trace, weights_for_the_page
from course_utils.widgets.parts import blank, percent
from course_utils.widgets.sampling_explorer import ENDING, chances, shown

LONGEST = 64  # characters: what a page computes in a tenth of a second, and a map can show
PAUSE, BETWEEN_CHARACTERS = 1_100, 250  # ms, between two steps and two written characters
WHOLE = -1  # what `block` is where all blocks are shown


class MachineExplorer(Explorer):
    """A language model as a tower: characters, vectors, blocks, logits, the next character.

    Everything is computed in the page, with the weights that Python sends when the page asks: it
    reads any text that the reader types, and writes on. `text` is the text that is shown. The
    model must be one like the shipped Shakespeare model (see `page_model`).
    """

    vocabulary = traitlets.List(traitlets.Unicode()).tag(sync=True)
    text = traitlets.Unicode().tag(sync=True)
    block = traitlets.Int(WHOLE).tag(sync=True)  # the only one that is shown, or WHOLE
    step = traitlets.Int(-1).tag(sync=True)  # how far the data has come; -1: all the way
    stored = traitlets.Bool(False).tag(sync=True)  # without its weights it is an empty frame

    @classmethod
    def shared(cls) -> dict[str, Any]:
        return {
            "longest": LONGEST,
            "pause": PAUSE,
            "between_characters": BETWEEN_CHARACTERS,
        }

    def __init__(
        self,
        model: nn.Module,
        tokenizer: CharTokenizer,
        text: str,
        *,
        block: int | None = None,
        step: int = -1,
    ):
        """`block`, counted from 0, shows this one alone; `step` is how far the data has come.

        ValueError if the page cannot compute the model, or the model cannot read the text.
        """
        expect_in_the_page(model)
        n_layers = len(model.encoder.blocks)
        if block is not None and not 0 <= block < n_layers:
            raise ValueError(f"there is no block {block}: the model has {n_layers}, from 0.")
        n_steps = _steps(n_layers if block is None else 1, block is None)
        if not -1 <= step < n_steps:
            raise ValueError(f"there is no step {step}: there are {n_steps}, from 0.")
        self.model, self.tokenizer = model, tokenizer
        super().__init__(
            vocabulary=list(tokenizer.characters),
            text=text,
            block=WHOLE if block is None else block,
            step=step,
        )

    @traitlets.validate("text")
    def _readable(self, proposal: dict) -> str:
        """ValueError if the machine can't show the text."""
        text = proposal["value"]
        if not 1 <= len(self.tokenizer.encode(text)) <= LONGEST:
            raise ValueError(f"the machine reads 1 to {LONGEST} characters, got {len(text)}.")
        return text

    def large(self) -> tuple[dict[str, Any], bytes]:
        return weights_for_the_page(self.model)

    def trace(self) -> Trace:
        """All that the model makes of the text."""
        return trace(self.model, self.tokenizer.encode(self.text))

    def _said(self, logits: np.ndarray) -> tuple[str, float]:
        """The likeliest character and its chance, of [vocab_size] logits."""
        shares = chances(logits, 1.0)
        return shown(self.vocabulary[shares.argmax()]), float(shares.max())

    def floors(self) -> list[tuple[str, float]]:
        """What the last character's stream would say, and how surely: at the foot, then by block.

        The reading is that of `page_model.trace`, the logit lens.
        """
        return [self._said(logits[-1]) for logits in self.trace().says]

    @property
    def _layers(self) -> range:
        """The blocks that are shown."""
        n_layers = len(self.model.encoder.blocks)
        return range(n_layers) if self.block == WHOLE else range(self.block, self.block + 1)

    @property
    def _come_to(self) -> int:
        """The step that the data has come to: 0 characters, 1 vectors, then four a block."""
        return self.step if self.step >= 0 else _steps(len(self._layers), self.block == WHOLE) - 1

    @property
    def alt(self) -> str:
        found = self.trace()
        n, d = found.embedded.shape
        n_layers, n_heads = found.maps.shape[:2]
        first, come_to = self._layers[0], self._come_to
        stations = [
            (f"after block {i}" if i else "as embedding") + " {} {}".format(*_told(said))
            for i, said in enumerate(self._said(logits[-1]) for logits in found.says)
        ]
        reached = stations[first : first + 1 + max(0, (come_to - 1) // 4)][: len(self._layers) + 1]
        part = "" if self.block == WHOLE else f" Shown alone: block {self.block + 1}."
        if come_to < 1:
            return f"{self._tower(n, d, n_layers, n_heads)}{part} The data has not set out yet."
        return (
            f"{self._tower(n, d, n_layers, n_heads)}{part} Read out at its last character, as far "
            f"as the data has come, the stream would say: {', '.join(reached)}."
        )

    def _tower(self, n: int, d: int, n_layers: int, n_heads: int) -> str:
        return (
            f"A language model as a tower: {n} characters, “{shown(self.text)}”, become {n} × {d} "
            f"numbers and go up through {n_layers} blocks of {n_heads} heads and a feed-forward "
            "layer, which each add to the residual stream."
        )

    def still(self) -> Figure:
        """The tower with the data all the way up; heads as maps, the last character's numbers."""
        found = self.trace()
        n, d = found.embedded.shape
        layers = self._layers
        whole = self.block == WHOLE
        height = FOOT + STOREY * len(layers) + (HEAD if whole else 0.3)
        fig = blank(height + 0.35, self._headline(found))
        ax = fig.add_axes((0, 0, 1, height / (height + 0.35)))
        ax.set(xlim=(0, plots.WIDTH), ylim=(0, height), xticks=[], yticks=[])
        ax.set_facecolor("none")
        ax.spines[:].set_visible(False)

        read = shown(self.text)
        _words(ax, 0.1, 0.16, "characters")
        _words(ax, STRIP_X, 0.16, read if len(read) < 50 else f"{read[:49]}…", fontweight="bold")
        below = found.embedded if layers[0] == 0 else found.after[layers[0] - 1]
        name = "embedding" if layers[0] == 0 else f"after block {layers[0]}"
        if self._come_to >= 1:
            self._level(ax, FOOT, name, below[-1], found.says[layers[0], -1])
        _arrow(ax, (TRUNK, 0.28), (TRUNK, FOOT - 0.08))
        _words(ax, TRUNK + 0.1, 0.36, f"{n} ids → {n} × {d}", color=plots.FAINT)
        for floor, layer in enumerate(layers):
            self._storey(ax, FOOT + STOREY * floor, layer, found)
        if whole and self._come_to >= _steps(len(layers), whole) - 2:
            self._roof(ax, height, found.logits[-1])
        _words(ax, SAYS_X, FOOT + STOREY * len(layers) + 0.22, "would say", color=plots.FAINT)
        return fig

    def _headline(self, found: Trace) -> str:
        first, come_to = self._layers[0], self._come_to
        if come_to < 5:
            end = shown(self.text[-ENDING:])
            return f"“{end}” sets out through {len(self._layers)} × listen, think"
        last = first + min((come_to - 1) // 4, len(self._layers))
        before, after = (_told(self._said(found.says[i, -1])) for i in (first, last))
        part = "From" if self.block == WHOLE else f"Block {self.block + 1}: from"
        return f"{part} “{before[0]}” ({before[1]}) at the foot to “{after[0]}” ({after[1]})"

    def _level(self, ax: Axes, y: float, name: str, row: np.ndarray, logits: np.ndarray) -> None:
        """A strip of the residual stream, its name, and what it would say."""
        _words(ax, 0.1, y, name)
        _strip(ax, row[None], (STRIP_X, y - 0.07), (STRIP_WIDTH, 0.14), signed=True)
        _words(ax, SAYS_X, y, "“{}” {}".format(*_told(self._said(logits))))

    def _storey(self, ax: Axes, floor: float, layer: int, found: Trace) -> None:
        """One block: stream, heads, added; feed-forward, added; as far as the data has come."""
        heads_step = 2 + 4 * (layer - self._layers[0])
        middle, top = floor + STOREY / 2, floor + STOREY
        n, d = found.embedded.shape
        n_heads = found.maps.shape[1]
        side = min(0.4, BRANCH_WIDTH / n_heads)
        for head in range(n_heads):
            corner = (BRANCH_X + head * (side + 0.06), (floor + middle) / 2 - side / 2)
            if self._come_to >= heads_step:
                _strip(ax, found.maps[layer, head], corner, (side, side), signed=False)
            else:
                ax.add_patch(_frame(corner, side, side))
        _words(ax, NOTE_X, (floor + middle) / 2, f"{n_heads} heads\n{n} × {n}", color=plots.FAINT)
        d_ff = self.model.encoder.blocks[layer].ffn.widen.out_features
        corner = BRANCH_X, (middle + top) / 2 - 0.13
        ax.add_patch(_frame(corner, BRANCH_WIDTH, 0.26))
        _words(ax, BRANCH_X + 0.1, (middle + top) / 2, f"feed-forward, {n} × {d_ff}")
        if self._come_to >= heads_step + 1:
            _strip(ax, found.middle[layer, -1][None], (STRIP_X, middle - 0.07), (STRIP_WIDTH, 0.14),
                   signed=True)  # fmt: skip
        for below, above in ((floor, middle), (middle, top)):
            _arrow(ax, (TRUNK, below + 0.08), (TRUNK, above - 0.08))
            _arrow(ax, (TRUNK, below + 0.17), (BRANCH_X - 0.04, below + 0.17))
            _arrow(ax, (BRANCH_X - 0.04, above - 0.17), (TRUNK + 0.03, above - 0.17))
            _words(ax, BRANCH_X - 0.62, below + 0.24, f"{n} × {d}", color=plots.FAINT)
        if self._come_to >= heads_step + 3:
            self._level(ax, top, f"after block {layer + 1}", found.after[layer, -1],
                        found.says[layer + 1, -1])  # fmt: skip

    def _roof(self, ax: Axes, height: float, logits: np.ndarray) -> None:
        """Logits as bars of their shares, and the likeliest character."""
        shares = chances(logits, 1.0)
        floor = height - 0.6
        _arrow(ax, (TRUNK, height - HEAD + 0.08), (TRUNK, floor - 0.02))
        _words(ax, 0.1, floor + 0.2, f"{len(shares)} logits")
        places = STRIP_X + STRIP_WIDTH * (np.arange(len(shares)) + 0.5) / len(shares)
        tall = 0.45 * shares / shares.max()
        ax.bar(places, tall, width=0.6 * STRIP_WIDTH / len(shares), bottom=floor, color=plots.BLUE)
        _arrow(ax, (STRIP_X + STRIP_WIDTH, floor + 0.2), (BRANCH_X - 0.04, floor + 0.2))
        told = "“{}” {}".format(*_told(self._said(logits)))
        _words(ax, BRANCH_X, floor + 0.2, told, fontweight="bold")


def _steps(n_blocks: int, whole: bool) -> int:
    """Characters, vectors, four a block; logits and the next character, where they are shown."""
    return 2 + 4 * n_blocks + 2 * whole


def _told(said: tuple[str, float]) -> tuple[str, str]:
    return said[0], percent(said[1])


# The still's measures, in inches.
FOOT, STOREY, HEAD = 0.62, 1.16, 0.9
TRUNK, STRIP_X, STRIP_WIDTH = 2.1, 1.1, 2.0
BRANCH_X, BRANCH_WIDTH, NOTE_X, SAYS_X = 3.8, 1.78, 5.64, 6.28


def _words(ax: Axes, x: float, y: float, words: str, **how) -> None:
    how = {"fontsize": plots.SMALL_SIZE, "color": plots.INK, "va": "center"} | how
    ax.text(x, y, words, **how)


def _arrow(ax: Axes, start: tuple[float, float], end: tuple[float, float]) -> None:
    how = {"arrowstyle": "-|>", "color": plots.FAINT, "shrinkA": 0, "shrinkB": 0}
    ax.annotate("", end, start, arrowprops=how)


def _frame(corner: tuple[float, float], width: float, height: float):
    frame = plots.frame(corner, width, height)
    frame.set(edgecolor=plots.FAINT, linewidth=0.8)
    return frame


def _strip(ax: Axes, values: np.ndarray, corner, size, *, signed: bool) -> None:
    """Numbers as colors in a box; signed ones centred on zero."""
    (x, y), (width, height) = corner, size
    top = 2.5 * np.sqrt((values**2).mean()) if signed else values.max()
    ax.imshow(
        values,
        cmap=plots.SIGNED if signed else plots.ATTENTION,
        vmin=-top if signed else 0,
        vmax=top,
        extent=(x, x + width, y, y + height),
        aspect="auto",
        interpolation="nearest",
        zorder=2,
    )
    ax.add_patch(_frame(corner, width, height)).set_zorder(3)
