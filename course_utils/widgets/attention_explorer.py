"""Who looks at whom in a real model: every head at a glance, any of them up close."""

from collections.abc import Callable, Sequence
from typing import Any

import numpy as np
import traitlets
from matplotlib.axes import Axes
from matplotlib.figure import Figure

from course_utils import plots
from course_utils.widgets.explorer import Explorer

LONGEST = 64  # tokens; more would not be legible, and a page of maps is not what a reader wants

# Tokens, weights and, where they look at another sentence, its tokens.
Reading = tuple[Sequence[str], Any] | tuple[Sequence[str], Any, Sequence[str]]


class AttentionExplorer(Explorer):
    """All heads as small maps, one or two of them up close, token by token.

    The tokens look at each other or, as a decoder's cross-attention does, at those of another
    sentence. Everything but a new sentence is computed in the page. With `read`, a function from
    a text to (tokens, weights) or (tokens, weights, key_tokens), the reader may type one.
    """

    tokens = traitlets.List(traitlets.Unicode()).tag(sync=True)  # who looks
    key_tokens = traitlets.List(traitlets.Unicode()).tag(sync=True)  # at whom
    shape = traitlets.List(traitlets.Int()).tag(sync=True)  # [n_layers, n_heads]
    weights = traitlets.Bytes().tag(sync=True)  # float32, [n_layers, n_heads, n_query, n_key]
    layer = traitlets.Int().tag(sync=True)
    head = traitlets.Int().tag(sync=True)
    looker = traitlets.Unicode().tag(sync=True)  # whose look it opens with; "": everybody's
    text = traitlets.Unicode().tag(sync=True)
    can_read = traitlets.Bool().tag(sync=True)
    trouble = traitlets.Unicode().tag(sync=True)  # why the typed sentence could not be read
    answered = traitlets.Int().tag(sync=True)  # how many sentences got an answer, good or bad

    @classmethod
    def shared(cls) -> dict[str, Any]:
        return {"numbers_up_to": plots.NUMBERS_UP_TO}

    def __init__(
        self,
        tokens: Sequence[str],
        weights,
        key_tokens: Sequence[str] | None = None,
        *,
        layer: int = 0,
        head: int = 0,
        looker: str = "",
        text: str = "",
        read: Callable[[str], Reading] | None = None,
    ):
        """`weights` is [n_layers, n_heads, n_query, n_key]: who looks, then at whom.

        `tokens` are the n_query that look. They look at each other, or at `key_tokens`: a
        translation (tokens) is looked up in what is translated (key_tokens). `looker`, one of the
        tokens, is pointed at as the explorer opens. ValueError if the words do not fit the weights.
        """
        traits = _traits(tokens, weights, key_tokens)
        n_layers, n_heads = traits["shape"]
        if not (0 <= layer < n_layers and 0 <= head < n_heads):
            raise ValueError(
                f"there is no layer {layer}, head {head}: the weights have {n_layers} layers and "
                f"{n_heads} heads, counted from 0."
            )
        if looker and looker not in tokens:
            raise ValueError(f"looker {looker!r} is none of the tokens {list(tokens)}.")
        self.read = read
        super().__init__(
            **traits,
            layer=layer,
            head=head,
            looker=looker,
            text=text,
            can_read=read is not None,
        )
        self.observe(self._read_again, names="text")

    @classmethod
    def from_model(cls, model, text: str, **opening) -> "AttentionExplorer":
        """For anything with `attention(text) -> (tokens, weights)`, a SentenceEncoder for one.

        What looks at another sentence returns its tokens as a third. `opening`: the layer, head
        and looker that it opens with.
        """
        return cls(*model.attention(text), text=text, read=model.attention, **opening)

    def _read_again(self, change: dict) -> None:
        """Somebody typed a sentence. What goes wrong is told in the page, not in the kernel."""
        if self.read is not None:
            self._answer(lambda: _traits(*self.read(change["new"])))

    @property
    def table(self) -> np.ndarray:
        """The weights as numbers again, float32 [n_layers, n_heads, n_query, n_key]."""
        sides = len(self.tokens), len(self.key_tokens)
        return np.frombuffer(self.weights, dtype="<f4").reshape(*self.shape, *sides)

    @property
    def alt(self) -> str:
        chosen = self.table[self.layer, self.head]
        looks = ", ".join(
            f"{token} at {self.key_tokens[row.argmax()]} ({row.max():.0%})"
            for token, row in zip(self.tokens, chosen, strict=True)
        )
        return (
            f"Attention explorer, {self.shape[0]} layers with {self.shape[1]} heads each, "
            f"layer {self.layer}, head {self.head}. "
            + self._other_sentence()
            + (f"{self._look()}. " if self.looker else "")
            + f"Each token looks most: {looks}."
        )

    def _other_sentence(self) -> str:
        """In words: which tokens are looked at, where they are not those that look."""
        if self.key_tokens == self.tokens:
            return ""
        return (
            f"{len(self.tokens)} tokens look at the {len(self.key_tokens)} of another sentence "
            f"({' '.join(self.key_tokens)}). "
        )

    def still(self) -> Figure:
        """All heads as small maps, and the chosen one below with its words."""
        n_layers, n_heads = self.shape
        tall = plots.WIDTH * n_layers / n_heads, 1.4 + 0.3 * len(self.tokens)
        fig, (overview, chosen) = plots.figure(plots.WIDTH, sum(tall) + 0.8, rows=2, heights=tall)
        self._draw_overview(overview)
        name = f"Layer {self.layer}, head {self.head}"
        plots.attention_map(
            self.table[self.layer, self.head],
            self.tokens,
            self.key_tokens,
            title=f"{name}: {self._look()}" if self.looker else name,
            ax=chosen,
        )
        if self.looker:
            row = self.tokens.index(self.looker)
            chosen.add_patch(plots.frame((-0.5, row - 0.5), len(self.key_tokens), 1))
        return fig

    def _draw_overview(self, ax: Axes) -> None:
        n_layers, n_heads = self.shape
        ax.imshow(
            self._all_heads(),
            cmap=plots.ATTENTION,
            vmin=0,
            vmax=1,
            extent=(0, n_heads, n_layers, 0),
            aspect="auto",
        )
        thin = {"color": plots.FAINT, "linewidth": 0.4}
        ax.vlines(range(n_heads + 1), 0, n_layers, clip_on=False, **thin)
        ax.hlines(range(n_layers + 1), 0, n_heads, clip_on=False, **thin)
        ax.set(xlim=(0, n_heads), ylim=(n_layers, 0))
        ax.set_xticks(np.arange(n_heads) + 0.5, range(n_heads))
        ax.set_yticks(np.arange(n_layers) + 0.5, range(n_layers))
        ax.tick_params(length=0, top=True, labeltop=True, bottom=False, labelbottom=False)
        ax.spines[:].set_visible(False)
        ax.set_xlabel("head", fontsize=plots.SMALL_SIZE, color=plots.FAINT)
        ax.set_ylabel("layer", fontsize=plots.SMALL_SIZE, color=plots.FAINT)
        ax.xaxis.set_label_position("top")
        ax.add_patch(plots.frame((self.head, self.layer), 1, 1)).set_clip_on(False)
        ax.set_title(
            f"All {n_layers * n_heads} heads: each map's darkest cell is its own strongest look",
            loc="left", fontsize=plots.LABEL_SIZE + 1, fontweight="bold", color=plots.INK,
        )  # fmt: skip

    def _look(self) -> str:
        """Whom the looker looks at most, in words."""
        row = self.table[self.layer, self.head, self.tokens.index(self.looker)]
        most = np.argsort(-row, kind="stable")[:3]
        shares = ", ".join(f"{self.key_tokens[key]} {row[key]:.0%}" for key in most)
        return f"“{self.looker}” looks at {shares}"

    def _all_heads(self) -> np.ndarray:
        """Every head's map side by side, with a line of page between them."""
        n_layers, n_heads = self.shape
        table = self.table
        strongest = np.maximum(table.max(axis=(2, 3), keepdims=True), 1e-9)
        framed = np.pad(table / strongest, ((0, 0), (0, 0), (0, 1), (0, 1)))
        down, across = framed.shape[2:]
        return framed.transpose(0, 2, 1, 3).reshape(n_layers * down, n_heads * across)


def _traits(
    tokens: Sequence[str], weights, key_tokens: Sequence[str] | None = None
) -> dict[str, Any]:
    """A sentence, or two, as the page gets them; ValueError if the weights do not fit them."""
    key_tokens = tokens if key_tokens is None else key_tokens
    table = _table(weights)
    _check_fit(table, tokens, key_tokens)
    return {
        "tokens": list(tokens),
        "key_tokens": list(key_tokens),
        "shape": list(table.shape[:2]),
        "weights": table.tobytes(),
    }


def _check_fit(table: np.ndarray, tokens: Sequence[str], key_tokens: Sequence[str]) -> None:
    longer = max(len(tokens), len(key_tokens))
    if not (len(tokens) and len(key_tokens)):
        raise ValueError("there is nothing to look at: no tokens.")
    if table.shape[2:] != (len(tokens), len(key_tokens)):
        raise ValueError(
            f"the weights are of {table.shape[2]} tokens that look at {table.shape[3]}, there are "
            f"{len(tokens)} that look at {len(key_tokens)}. Tokens that look at another sentence "
            "need its tokens, too: key_tokens."
        )
    if longer > LONGEST:
        raise ValueError(
            f"That is {longer} tokens; the explorer shows up to {LONGEST}. Try fewer words."
        )


def _table(weights) -> np.ndarray:
    """The weights as little-endian float32; ValueError if they are no shares of four axes."""
    table = np.ascontiguousarray(plots.numbers(weights), dtype="<f4")
    if table.ndim != 4:
        raise ValueError(
            "the weights must be [n_layers, n_heads, n_query, n_key], "
            f"got shape {list(table.shape)}."
        )
    if not np.isfinite(table).all():
        raise ValueError("some of the weights are NaN or infinite.")
    if table.min(initial=0.0) < 0:
        raise ValueError(
            f"the weights are shares, none below 0; the smallest here is {table.min():.3g}. "
            "Are these the scores, from before the softmax?"
        )
    return table
