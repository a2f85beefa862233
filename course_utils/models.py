"""Whole models, made of blocks. The mixer is an argument; the model never asks which it holds."""

from collections.abc import Callable

import torch.nn.functional as F
from jaxtyping import Bool, Float, Int
from torch import Tensor, nn

from course_utils.blocks import Block, FeedForward, Norm


class Embedding(nn.Module):
    """From token ids to vectors that know what they are and where they stand.

    `positions` is a module that adds places to vectors (see `course_utils.positions`;
    `nn.Identity()` for none). `scale` multiplies the token vectors before that: √d_model in
    Vaswani et al. 2017, section 3.4; 1 in BERT. `norm` is applied last: BERT has a LayerNorm here.
    """

    def __init__(
        self,
        vocab_size: int,
        d_model: int,
        positions: nn.Module,
        *,
        scale: float = 1.0,
        norm: nn.Module | None = None,
        dropout: float = 0.0,
    ):
        super().__init__()
        self.tokens = nn.Embedding(vocab_size, d_model)
        self.positions = positions
        self.scale = scale
        self.norm = norm if norm is not None else nn.Identity()
        self.dropout = nn.Dropout(dropout)

    def forward(self, ids: Int[Tensor, "batch n"]) -> Float[Tensor, "batch n d_model"]:
        return self.dropout(self.norm(self.positions(self.tokens(ids) * self.scale)))


class Encoder(nn.Module):
    """A stack of blocks: [batch, n, d_model] in, [batch, n, d_model] out.

    `mixer` is called with each layer's number and returns that layer's mixer, so that

        Encoder(lambda layer: Attention(64, 4), d_model=64, n_layers=6, d_ff=256)

    is the encoder of 2017 and another mixer is another lambda. `d_ff=None` leaves the feed-forward
    layers out. With `norm="pre"` one more LayerNorm closes the stack, because there each block adds
    to a sum that nobody has normalised.
    """

    def __init__(
        self,
        mixer: Callable[[int], nn.Module],
        *,
        d_model: int,
        n_layers: int,
        d_ff: int | None,
        norm: Norm = "pre",
        activation: Callable[[Tensor], Tensor] = F.gelu,
        dropout: float = 0.0,
        eps: float = 1e-5,
    ):
        super().__init__()
        if n_layers < 1:
            raise ValueError(f"an encoder needs at least one layer, got n_layers={n_layers}.")

        def think() -> FeedForward | None:
            if d_ff is None:
                return None
            return FeedForward(d_model, d_ff, activation=activation, dropout=dropout)

        self.blocks = nn.ModuleList(
            Block(d_model, mixer(layer), think(), norm=norm, dropout=dropout, eps=eps)
            for layer in range(n_layers)
        )
        self.final_norm = nn.LayerNorm(d_model, eps=eps) if norm == "pre" else nn.Identity()

    def forward(
        self,
        x: Float[Tensor, "batch n d_model"],
        mask: Bool[Tensor, "batch n"] | None = None,
    ) -> Float[Tensor, "batch n d_model"]:
        for block in self.blocks:
            x = block(x, mask)
        return self.final_norm(x)


class TextEncoder(nn.Module):
    """An `Embedding` and an `Encoder` in a row: token ids in, one vector a token out."""

    def __init__(self, embedding: Embedding, encoder: Encoder):
        super().__init__()
        self.embedding, self.encoder = embedding, encoder

    def forward(
        self,
        ids: Int[Tensor, "batch n"],
        mask: Bool[Tensor, "batch n"] | None = None,
    ) -> Float[Tensor, "batch n d_model"]:
        return self.encoder(self.embedding(ids), mask)
