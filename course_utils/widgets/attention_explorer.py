"""Who looks at whom in a real model: every head at a glance, any of them up close."""

from collections.abc import Callable, Sequence
from typing import Any

import numpy as np
import traitlets
from matplotlib.figure import Figure

from course_utils import plots
from course_utils.widgets.explorer import Explorer

LONGEST = 64  # tokens; more would not be legible, and a page of maps is not what a reader wants

Reading = tuple[Sequence[str], Any]  # tokens and weights [n_layers, n_heads, n, n]


class AttentionExplorer(Explorer):
    """All heads as small maps, one or two of them up close, token by token.

    Everything but a new sentence is computed in the page. With `read`, a function from a text to
    (tokens, weights), the reader may type one.
    """

    tokens = traitlets.List(traitlets.Unicode()).tag(sync=True)
    shape = traitlets.List(traitlets.Int()).tag(sync=True)  # [n_layers, n_heads]
    weights = traitlets.Bytes().tag(sync=True)  # float32, [n_layers, n_heads, n, n]
    layer = traitlets.Int().tag(sync=True)
    head = traitlets.Int().tag(sync=True)
    text = traitlets.Unicode().tag(sync=True)
    can_read = traitlets.Bool().tag(sync=True)
    trouble = traitlets.Unicode().tag(sync=True)  # why the typed sentence could not be read
    answered = traitlets.Int().tag(sync=True)  # how many sentences got an answer, good or bad

    def __init__(
        self,
        tokens: Sequence[str],
        weights,
        *,
        layer: int = 0,
        head: int = 0,
        text: str = "",
        read: Callable[[str], Reading] | None = None,
    ):
        """`weights` is [n_layers, n_heads, n, n] for n tokens; query first, then key."""
        table = _checked(tokens, weights)
        n_layers, n_heads = table.shape[:2]
        if not (0 <= layer < n_layers and 0 <= head < n_heads):
            raise ValueError(
                f"there is no layer {layer}, head {head}: the weights have {n_layers} layers and "
                f"{n_heads} heads, counted from 0."
            )
        self.read = read
        super().__init__(
            tokens=list(tokens),
            shape=[n_layers, n_heads],
            weights=table.tobytes(),
            layer=layer,
            head=head,
            text=text,
            can_read=read is not None,
        )
        self.observe(self._read_again, names="text")

    @classmethod
    def from_model(cls, model, text: str, *, layer: int = 0, head: int = 0) -> "AttentionExplorer":
        """For anything with `attention(text) -> (tokens, weights)`, a SentenceEncoder for one."""
        tokens, weights = model.attention(text)
        return cls(tokens, weights, layer=layer, head=head, text=text, read=model.attention)

    def _read_again(self, change: dict) -> None:
        """Somebody typed a sentence. What goes wrong is told in the page, not in the kernel."""
        if self.read is None:
            return
        try:
            tokens, weights = self.read(change["new"])
            table = _checked(tokens, weights)
        except Exception as error:  # whatever the model says, the reader should see
            with self.hold_sync():
                self.trouble = str(error) or type(error).__name__
                self.answered += 1
            return
        with self.hold_sync():  # the page must never see new tokens with old weights
            self.trouble = ""
            self.tokens = list(tokens)
            self.shape = list(table.shape[:2])
            self.weights = table.tobytes()
            self.answered += 1

    @property
    def table(self) -> np.ndarray:
        """The weights as numbers again, float32 [n_layers, n_heads, n, n]."""
        n = len(self.tokens)
        return np.frombuffer(self.weights, dtype="<f4").reshape(*self.shape, n, n)

    @property
    def alt(self) -> str:
        chosen = self.table[self.layer, self.head]
        looks = ", ".join(
            f"{token} at {self.tokens[row.argmax()]} ({row.max():.0%})"
            for token, row in zip(self.tokens, chosen, strict=True)
        )
        return (
            f"Attention explorer, {self.shape[0]} layers with {self.shape[1]} heads each, "
            f"layer {self.layer}, head {self.head}. Each token looks most: {looks}."
        )

    def still(self) -> Figure:
        """All heads as small maps, and the chosen one below with its words."""
        n = len(self.tokens)
        fig, (overview, chosen) = plots.figure(
            7, 4.4 + 0.24 * n, rows=2, heights=(3, 1.4 + 0.24 * n)
        )
        overview.imshow(self._all_heads(), cmap=plots.ATTENTION, vmin=0, vmax=1, aspect="auto")
        n_layers, n_heads = self.shape
        overview.set_xticks(np.arange(n_heads) + 0.5, range(n_heads))
        overview.set_yticks(np.arange(n_layers) + 0.5, range(n_layers))
        overview.tick_params(length=0)
        overview.spines[:].set_visible(False)
        overview.set_xlabel("head", fontsize=plots.SMALL_SIZE)
        overview.set_ylabel("layer", fontsize=plots.SMALL_SIZE)
        overview.images[0].set_extent((0, n_heads, n_layers, 0))
        overview.vlines(range(n_heads + 1), 0, n_layers, color=plots.FAINT, linewidth=0.4)
        overview.hlines(range(n_layers + 1), 0, n_heads, color=plots.FAINT, linewidth=0.4)
        overview.add_patch(plots.frame((self.head, self.layer), 1, 1))
        overview.set_title("All heads", loc="left", fontsize=plots.LABEL_SIZE, fontweight="bold")
        plots.attention_map(
            self.table[self.layer, self.head],
            self.tokens,
            title=f"Layer {self.layer}, head {self.head}",
            ax=chosen,
        )
        return fig

    def _all_heads(self) -> np.ndarray:
        """Every head's map side by side, with a line of page between them."""
        n_layers, n_heads = self.shape
        table = self.table
        strongest = np.maximum(table.max(axis=(2, 3), keepdims=True), 1e-9)
        framed = np.pad(table / strongest, ((0, 0), (0, 0), (0, 1), (0, 1)))
        side = framed.shape[-1]
        return framed.transpose(0, 2, 1, 3).reshape(n_layers * side, n_heads * side)


def _checked(tokens: Sequence[str], weights) -> np.ndarray:
    """The weights as little-endian float32; ValueError if they do not fit the tokens."""
    if hasattr(weights, "detach"):
        weights = weights.detach().cpu().numpy()
    table = np.ascontiguousarray(weights, dtype="<f4")
    if table.ndim != 4 or table.shape[2] != table.shape[3]:
        raise ValueError(
            f"the weights must be [n_layers, n_heads, n, n], got shape {list(table.shape)}."
        )
    if not len(tokens):
        raise ValueError("there is nothing to look at: no tokens.")
    if table.shape[2] != len(tokens):
        raise ValueError(f"the weights are of {table.shape[2]} tokens, there are {len(tokens)}.")
    if len(tokens) > LONGEST:
        raise ValueError(
            f"That is {len(tokens)} tokens; the explorer shows up to {LONGEST}. Try fewer words."
        )
    if not np.isfinite(table).all():
        raise ValueError("some of the weights are NaN or infinite.")
    if table.min(initial=0.0) < 0:
        raise ValueError(
            f"the weights are shares, none below 0; the smallest here is {table.min():.3g}. "
            "Are these the scores, from before the softmax?"
        )
    return table
