"""Scaled dot-product attention with many heads (Vaswani et al. 2017, section 3.2)."""

import math
from collections.abc import Iterator
from contextlib import ExitStack, contextmanager

import torch
import torch.nn.functional as F
from jaxtyping import Bool, Float
from torch import Tensor, nn

from course_utils.positions import Rotary
from course_utils.shapes import expect_mask, expect_tokens, heads_divide


def dot_product_attention(
    query: Float[Tensor, "*batch n_query d_head"],
    key: Float[Tensor, "*batch n_key d_head"],
    value: Float[Tensor, "*batch n_key d_value"],
    mask: Bool[Tensor, "..."] | None = None,
) -> tuple[Float[Tensor, "*batch n_query d_value"], Float[Tensor, "*batch n_query n_key"]]:
    """Softmax(query · keyᵀ / √d_head) · value, written to be read (Vaswani et al. 2017, eq. 1).

    `mask` broadcasts to [..., n_query, n_key]; True means "may look". A query that may look at
    nobody gets weights of zero, and so an output of zero, where a bare softmax would give NaN.

    Returns the output [..., n_query, d_value] and the weights [..., n_query, n_key], whose rows
    sum to one.
    """
    d_head = query.shape[-1]
    scores = query @ key.transpose(-2, -1) / math.sqrt(d_head)  # [..., n_query, n_key]
    if mask is None:
        weights = scores.softmax(dim=-1)
    else:
        weights = scores.masked_fill(~mask, -torch.inf).softmax(dim=-1)
        weights = weights.masked_fill(~mask, 0.0)  # only changes rows that were masked throughout
    return weights @ value, weights


class Attention(nn.Module):
    """Multi-head attention: every token asks all others, in `n_heads` conversations at once.

    `causal=True` hides the future. `dropout` is the share of attention weights dropped in
    training. `rotary` turns queries and keys by their positions before they meet.
    The four projections have biases, as in BERT and `torch.nn.MultiheadAttention`.

    Raises ValueError if `d_model` is no multiple of `n_heads`.
    Source: Vaswani et al. 2017, section 3.2.2.
    """

    def __init__(
        self,
        d_model: int,
        n_heads: int,
        *,
        causal: bool = False,
        dropout: float = 0.0,
        rotary: Rotary | None = None,
    ):
        super().__init__()
        self.d_model, self.n_heads = d_model, n_heads
        self.d_head = heads_divide(d_model, n_heads)
        self.causal, self.dropout, self.rotary = causal, dropout, rotary
        self.query = nn.Linear(d_model, d_model)
        self.key = nn.Linear(d_model, d_model)
        self.value = nn.Linear(d_model, d_model)
        self.out = nn.Linear(d_model, d_model)

    def forward(
        self,
        x: Float[Tensor, "batch n d_model"],
        mask: Bool[Tensor, "batch n_key"] | None = None,
        *,
        context: Float[Tensor, "batch n_key d_model"] | None = None,
    ) -> Float[Tensor, "batch n d_model"]:
        """Each token of `x` becomes a weighted average of what the others have to say.

        With `context` (cross-attention) the queries come from `x`, keys and values from
        `context`. `mask` speaks of the tokens that are looked at: True = real, False = padding.
        """
        query, key, value = self._heads(x, mask, context)
        mixed = F.scaled_dot_product_attention(
            query,
            key,
            value,
            # Without padding SDPA builds no mask at all and takes its fast path.
            attn_mask=None if mask is None else self._may_look(query, key, mask),
            is_causal=self.causal and mask is None,
            dropout_p=self.dropout if self.training else 0.0,
        )  # [batch, n_heads, n, d_head]
        return self.out(mixed.transpose(1, 2).flatten(2))

    def weights(
        self,
        x: Float[Tensor, "batch n d_model"],
        mask: Bool[Tensor, "batch n_key"] | None = None,
        *,
        context: Float[Tensor, "batch n_key d_model"] | None = None,
    ) -> Float[Tensor, "batch n_heads n n_key"]:
        """Who looks at whom, and how much: what `forward` uses, without dropout."""
        query, key, value = self._heads(x, mask, context)
        return dot_product_attention(query, key, value, self._may_look(query, key, mask))[1]

    def _heads(self, x: Tensor, mask: Tensor | None, context: Tensor | None):
        expect_tokens(x, self.d_model, "Attention")
        if context is None:
            context = x
        elif self.causal:
            raise ValueError("causal=True hides the future of x itself; context has no such order.")
        else:
            expect_tokens(context, self.d_model, "Attention's context")
        expect_mask(mask, context.shape[0], context.shape[1], "Attention")
        query = self._split(self.query(x))
        key = self._split(self.key(context))
        value = self._split(self.value(context))
        if self.rotary is not None:
            query, key = self.rotary(query), self.rotary(key)
        return query, key, value

    def _split(self, x: Tensor) -> Float[Tensor, "batch n_heads n d_head"]:
        return x.unflatten(-1, (self.n_heads, self.d_head)).transpose(1, 2)

    def _may_look(self, query: Tensor, key: Tensor, mask: Tensor | None) -> Tensor | None:
        """Bool[batch or 1, 1, n_query, n_key] for padding and future together, or None."""
        n_query, n_key = query.shape[-2], key.shape[-2]
        allowed = None
        if mask is not None:
            allowed = mask[:, None, None, :].expand(-1, 1, n_query, -1)
        if self.causal:
            past = torch.ones(n_query, n_key, dtype=torch.bool, device=query.device).tril()
            allowed = past[None, None] if allowed is None else allowed & past
        return allowed


@contextmanager
def capture_attention(model: nn.Module) -> Iterator[list[Tensor | None]]:
    """Watch every `Attention` in `model`: `with capture_attention(model) as maps: model(x)`.

    `maps[i]` is the i-th attention layer's weights of the latest forward pass,
    [batch, n_heads, n_query, n_key], or None before the first. The weights are computed a second
    time, and only inside the `with`: the fast path of a model that nobody watches stays fast.
    """
    layers = [module for module in model.modules() if isinstance(module, Attention)]
    if not layers:
        raise ValueError(f"{type(model).__name__} contains no Attention layer to watch.")
    maps: list[Tensor | None] = [None] * len(layers)

    def recorder(layer: int):
        def record(module: Attention, inputs: tuple, named_inputs: dict, output: Tensor) -> None:
            with torch.no_grad():
                maps[layer] = module.weights(*inputs, **named_inputs)

        return record

    with ExitStack() as hooks:
        for layer, module in enumerate(layers):
            handle = module.register_forward_hook(recorder(layer), with_kwargs=True)
            hooks.callback(handle.remove)
        yield maps
