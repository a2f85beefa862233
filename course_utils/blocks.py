"""The transformer block: let the tokens talk, then let each of them think."""

from collections.abc import Callable
from typing import Any, Literal, NamedTuple

import torch.nn.functional as F
from jaxtyping import Bool, Float
from torch import Tensor, nn

Norm = Literal["pre", "post"]
NormLayer = Callable[[int], nn.Module]  # from d_model, as nn.LayerNorm and nn.RMSNorm


class FeedForward(nn.Module):
    """The thinking half: the same two linear layers for each token by itself.

    Widen to `d_ff`, bend with `activation`, narrow to `d_model` again.
    Source: Vaswani et al. 2017, section 3.3 (ReLU there; GELU in BERT and since).
    """

    def __init__(
        self,
        d_model: int,
        d_ff: int,
        *,
        activation: Callable[[Tensor], Tensor] = F.gelu,
        dropout: float = 0.0,
    ):
        super().__init__()
        self.widen = nn.Linear(d_model, d_ff)
        self.activation = activation
        self.dropout = nn.Dropout(dropout)
        self.narrow = nn.Linear(d_ff, d_model)

    def forward(self, x: Float[Tensor, "*batch d_model"]) -> Float[Tensor, "*batch d_model"]:
        return self.narrow(self.dropout(self.activation(self.widen(x))))


class GatedFeedForward(nn.Module):
    """A thinking half with a gate: how far each widened number gets through is computed, too.

    narrow(activation(gate(x)) · widen(x)), three matrices and no biases. With `activation=F.silu`
    it is SwiGLU, with F.gelu GEGLU, with torch.sigmoid the GLU. Two thirds of `FeedForward`'s
    `d_ff` give as many parameters.
    Source: Shazeer 2020 ("GLU Variants Improve Transformer"), equation 6.
    """

    def __init__(
        self,
        d_model: int,
        d_ff: int,
        *,
        activation: Callable[[Tensor], Tensor] = F.silu,
        dropout: float = 0.0,
    ):
        super().__init__()
        self.gate = nn.Linear(d_model, d_ff, bias=False)
        self.widen = nn.Linear(d_model, d_ff, bias=False)
        self.activation = activation
        self.dropout = nn.Dropout(dropout)
        self.narrow = nn.Linear(d_ff, d_model, bias=False)

    def forward(self, x: Float[Tensor, "*batch d_model"]) -> Float[Tensor, "*batch d_model"]:
        return self.narrow(self.dropout(self.activation(self.gate(x)) * self.widen(x)))


class _Sublayers(nn.Module):
    """What blocks share: a sublayer's output is added to its input, with a norm before or after."""

    def __init__(self, norm: Norm, dropout: float):
        super().__init__()
        if norm not in ("pre", "post"):
            raise ValueError(f'norm is "pre" or "post", got {norm!r}.')
        self.norm = norm
        self.dropout = nn.Dropout(dropout)

    def _add(self, x: Tensor, norm: nn.Module, sublayer: Callable[[Tensor], Tensor]) -> Tensor:
        if self.norm == "pre":
            return x + self.dropout(sublayer(norm(x)))
        return norm(x + self.dropout(sublayer(x)))


class Block(_Sublayers):
    """Mixer, then feed-forward, each with a residual connection and a norm.

    `norm="post"` is the paper of 2017, norm(x + sublayer(x)); `norm="pre"` is what almost
    everybody does since, x + sublayer(norm(x)), because deep stacks train more easily.
    `ffn=None` leaves the thinking out: one residual connection, one norm. `dropout` acts on each
    sublayer's output before it is added. `norm_layer` makes a norm from `d_model`: another is
    nn.RMSNorm (Zhang and Sennrich 2019), which does not subtract the mean.

    Source: Vaswani et al. 2017, sections 3.1 and 5.4; for pre-norm, Xiong et al. 2020.
    """

    def __init__(
        self,
        d_model: int,
        mixer: nn.Module,
        ffn: nn.Module | None,
        *,
        norm: Norm = "pre",
        dropout: float = 0.0,
        norm_layer: NormLayer = nn.LayerNorm,
    ):
        super().__init__(norm, dropout)
        self.mixer, self.ffn = mixer, ffn
        self.mixer_norm = norm_layer(d_model)
        self.ffn_norm = norm_layer(d_model) if ffn is not None else None

    def forward(
        self,
        x: Float[Tensor, "batch n d_model"],
        mask: Bool[Tensor, "batch n_key"] | None = None,
        *,
        cache: Any = None,
    ) -> Float[Tensor, "batch n d_model"]:
        """`cache`, from `new_cache`: what the mixer remembers of the tokens before these."""
        own = {} if cache is None else {"cache": cache}
        x = self._add(x, self.mixer_norm, lambda x: self.mixer(x, mask, **own))
        return x if self.ffn is None else self._add(x, self.ffn_norm, self.ffn)

    def new_cache(self) -> Any:
        return new_cache(self.mixer)


def new_cache(mixer: nn.Module) -> Any:
    """The mixer's empty cache; ValueError if it is of a kind that has none."""
    if not hasattr(mixer, "new_cache"):
        raise ValueError(
            f"{type(mixer).__name__} cannot go on where it stopped: it has no new_cache(). "
            "Generate with use_cache=False."
        )
    return mixer.new_cache()


class DecoderCache(NamedTuple):
    """What one decoder block remembers: its own tokens, and the context that it listens to."""

    own: Any
    context: Any

    def reorder(self, rows: Tensor) -> None:
        """Rows may change places among those with the same context, which stays where it is."""
        if self.own is not None:
            self.own.reorder(rows)


class DecoderBlock(_Sublayers):
    """A block that also listens to somebody else: mixer, cross-attention, feed-forward.

    The mixer lets the tokens of `x` talk among themselves (a causal one, so that none hears its own
    future). `cross` takes its questions from `x` and its answers from `context`, the encoder's
    output: it is called as cross(x, context_mask, context=context). Norms, `ffn=None` and `dropout`
    are those of `Block`.

    Source: Vaswani et al. 2017, sections 3.1 and 3.2.3.
    """

    def __init__(
        self,
        d_model: int,
        mixer: nn.Module,
        cross: nn.Module,
        ffn: nn.Module | None,
        *,
        norm: Norm = "pre",
        dropout: float = 0.0,
        norm_layer: NormLayer = nn.LayerNorm,
    ):
        super().__init__(norm, dropout)
        self.mixer, self.cross, self.ffn = mixer, cross, ffn
        self.mixer_norm = norm_layer(d_model)
        self.cross_norm = norm_layer(d_model)
        self.ffn_norm = norm_layer(d_model) if ffn is not None else None

    def forward(
        self,
        x: Float[Tensor, "batch n d_model"],
        context: Float[Tensor, "batch n_context d_model"],
        mask: Bool[Tensor, "batch n_key"] | None = None,
        context_mask: Bool[Tensor, "batch n_context"] | None = None,
        *,
        cache: DecoderCache | None = None,
    ) -> Float[Tensor, "batch n d_model"]:
        """`mask` is True at real tokens of `x`, `context_mask` at real tokens of `context`.

        `cache`, from `new_cache`: what is remembered of the tokens before these, and of `context`.
        """
        own, of_context = (None, None) if cache is None else cache
        own = {} if own is None else {"cache": own}
        of_context = {} if of_context is None else {"cache": of_context}

        x = self._add(x, self.mixer_norm, lambda x: self.mixer(x, mask, **own))
        x = self._add(
            x, self.cross_norm, lambda x: self.cross(x, context_mask, context=context, **of_context)
        )
        return x if self.ffn is None else self._add(x, self.ffn_norm, self.ffn)

    def new_cache(self) -> DecoderCache:
        return DecoderCache(new_cache(self.mixer), new_cache(self.cross))
