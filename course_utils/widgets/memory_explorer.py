"""Whom does a token ask: its neighbours, or the vectors that belong to the layer?"""

from typing import Any

import numpy as np
import torch
import traitlets
from jaxtyping import Float
from matplotlib.figure import Figure
from torch import Tensor, nn

from course_utils import plots
from course_utils.mixers import PersistentAttention, capture_attention
from course_utils.models import LanguageModel
from course_utils.text import CharTokenizer
from course_utils.widgets.explorer import Explorer
from course_utils.widgets.parts import SUBTITLE, blank, expect_one_of, percent, quiet

LONGEST = 64  # tokens: all shares of eight layers are then under a megabyte
PROMOTED = 5  # tokens that are named for each vector
NAMED = 5  # neighbours and vectors that are named for a token
STEPS = 65_535  # shares travel as whole numbers of two bytes


class MemoryExplorer(Explorer):
    """A text, and for each token and head how its attention is split between text and memory.

    The model is a `LanguageModel` whose mixers are all `PersistentAttention`. Python reads the
    text; what is chosen and pointed at is computed in the page.
    """

    tokens = traitlets.List(traitlets.Unicode()).tag(sync=True)
    shares = traitlets.Bytes().tag(sync=True)  # uint16, [n_layers, n_heads, n, N + n], of STEPS
    sizes = traitlets.List(traitlets.Int()).tag(sync=True)  # n_layers, n_heads, N
    promoted = traitlets.List(traitlets.Unicode()).tag(sync=True)  # by layer, head and vector
    layer = traitlets.Int(0).tag(sync=True)
    head = traitlets.Int(0).tag(sync=True)
    text = traitlets.Unicode().tag(sync=True)
    trouble = traitlets.Unicode().tag(sync=True)  # why the typed text could not be read
    answered = traitlets.Int().tag(sync=True)

    @classmethod
    def shared(cls) -> dict[str, Any]:
        return {"steps": STEPS, "named": NAMED}

    def __init__(
        self,
        model: nn.Module,
        tokenizer: CharTokenizer,
        text: str,
        *,
        layer: int = 0,
        head: int = 0,
    ):
        """`layer` and `head`, counted from 0, are looked at first."""
        self.model, self.tokenizer = model, tokenizer
        mixers = _mixers(model)
        sizes = [len(mixers), mixers[0].n_heads, mixers[0].n_persistent]
        expect_one_of("layer", layer, range(sizes[0]))
        expect_one_of("head", head, range(sizes[1]))
        words = [
            "".join(tokenizer.decode(best.tolist()))
            for index in range(sizes[0])
            for best in promoted(model, index).topk(PROMOTED, dim=-1).indices.flatten(0, 1)
        ]
        traits = self._read(text)
        super().__init__(**traits, sizes=sizes, promoted=words, layer=layer, head=head, text=text)
        self.observe(self._read_again, names="text")

    def _read_again(self, change: dict) -> None:
        self._answer(lambda: self._read(change["new"]))

    def _read(self, text: str) -> dict[str, Any]:
        """What the page gets of a text; ValueError if it is too long or has unknown characters."""
        ids = self.tokenizer.encode(text)
        if not 1 <= len(ids) <= LONGEST:
            raise ValueError(
                f"That is {len(ids)} tokens; the explorer reads 1 to {LONGEST}. Try fewer words."
            )
        self.model.eval()
        with torch.inference_mode(), capture_attention(self.model) as maps:
            self.model(torch.tensor([ids]))
        table = torch.cat(maps).double().numpy()  # [n_layers, n_heads, n, N + n]
        return {
            "tokens": [self.tokenizer.decode([token]) for token in ids],
            "shares": np.rint(table * STEPS).astype("<u2").tobytes(),
        }

    @property
    def table(self) -> np.ndarray:
        """The shares as numbers again, [n_layers, n_heads, n, N + n]; the vectors come first."""
        n, (n_layers, n_heads, n_vectors) = len(self.tokens), self.sizes
        numbers = np.frombuffer(self.shares, dtype="<u2").astype(np.float64) / STEPS
        return numbers.reshape(n_layers, n_heads, n, n_vectors + n)

    @property
    def on_vectors(self) -> np.ndarray:
        """The share of attention on vectors, the mean over the text: [n_layers, n_heads]."""
        return self.table[..., : self.sizes[2]].sum(axis=-1).mean(axis=-1)

    @property
    def of_tokens(self) -> np.ndarray:
        """The share of attention on vectors of each token in the chosen head: [n]."""
        return self.table[self.layer, self.head][:, : self.sizes[2]].sum(axis=-1)

    @property
    def alt(self) -> str:
        of_layers = self.on_vectors.mean(axis=1)
        told = ", ".join(f"{i + 1}: {percent(share)}" for i, share in enumerate(of_layers))
        own, least = self.of_tokens, self.of_tokens.argmin()
        return (
            f"How {len(self.tokens)} tokens split their attention between each other and "
            f"{self.sizes[2]} persistent vectors a head. On vectors, by layer: {told}. Chosen: "
            f"layer {self.layer + 1}, head {self.head + 1}, with {percent(own.mean())} on vectors; "
            f"least, {percent(own[least])}, by token {least + 1}, “{self.tokens[least]}”."
        )

    def still(self) -> Figure:
        """The share on vectors: by layer and head, and token by token in the chosen head."""
        given, named = (
            percent(self.of_tokens.mean()),
            f"Layer {self.layer + 1}, head {self.head + 1}",
        )
        fig = blank(3.6, f"{named} gives {given} of its attention to memory")
        grid = fig.add_axes((0.09, 0.16, 0.24, 0.62))
        grid.imshow(self.on_vectors, cmap=plots.ATTENTION, vmin=0, vmax=1.4, aspect="auto")
        for (layer, head), share in np.ndenumerate(self.on_vectors):
            color = plots.PAGE if share > 0.6 else plots.INK
            grid.text(head, layer, f"{100 * share:.0f}", ha="center", va="center",
                      fontsize=plots.SMALL_SIZE, color=color)  # fmt: skip
        grid.set_xticks(range(self.sizes[1]), range(1, self.sizes[1] + 1))
        grid.set_yticks(range(self.sizes[0]), range(1, self.sizes[0] + 1))
        grid.set_xlabel("head"), grid.set_ylabel("layer")
        grid.set_title("% on vectors", **SUBTITLE)
        bars = fig.add_axes((0.42, 0.16, 0.56, 0.62))
        own = self.of_tokens
        bars.bar(range(len(own)), 100 * own, color=plots.BLUE)
        shown = ["␣" if token == " " else "⏎" if token == "\n" else token for token in self.tokens]
        bars.set_xticks(range(len(own)), shown)
        bars.set_ylim(0, 100)
        bars.set_title(f"layer {self.layer + 1}, head {self.head + 1}: by token", **SUBTITLE)
        for ax in (grid, bars):
            quiet(ax)
        return fig


def promoted(model: LanguageModel, layer: int) -> Float[Tensor, "n_heads n_persistent vocab_size"]:
    """How much each persistent vector of a layer speaks for each token.

    Its value goes through its head's part of the layer's output matrix, and is read by the table of
    tokens. What later layers and the closing norm make of it is left out: it is what the vector
    itself adds to the residual stream. Source of the reading: Geva et al. 2021, section 4.
    """
    mixer = _mixers(model)[layer]
    values = mixer.persistent_value.detach() * mixer.value_scale  # [n_heads, N, d_head]
    by_head = mixer.out.weight.detach().unflatten(1, (mixer.n_heads, mixer.d_head))
    added = torch.einsum("hnd,ohd->hno", values, by_head)
    with torch.no_grad():
        return model.embedding.logits(added)


def _mixers(model: nn.Module) -> list[PersistentAttention]:
    """Each layer's mixer. ValueError for a model that does not remember in this way."""
    if not isinstance(model, LanguageModel):
        raise ValueError(f"a LanguageModel is needed, got a {type(model).__name__}.")
    mixers = [block.mixer for block in model.encoder.blocks]
    for mixer in mixers:
        if not isinstance(mixer, PersistentAttention) or mixer.n_persistent == 0:
            raise ValueError(
                "each layer needs persistent vectors to look at, and this model has a "
                f"{type(mixer).__name__} without: make it with PersistentAttention(d_model, "
                "n_heads, n_persistent, causal=True)."
            )
    return mixers
