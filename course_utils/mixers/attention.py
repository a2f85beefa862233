"""Scaled dot-product attention with many heads (Vaswani et al. 2017, section 3.2)."""

import math
from collections.abc import Iterator
from contextlib import ExitStack, contextmanager

import torch
import torch.nn.functional as F
from jaxtyping import Bool, Float, Int
from torch import Tensor, nn

from course_utils.positions import Rotary
from course_utils.shapes import (
    expect_boolean,
    expect_dropout,
    expect_mask,
    expect_tokens,
    heads_divide,
)


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
    sum to one. Raises TypeError for a mask that is not boolean.
    """
    if mask is not None:
        expect_boolean(mask, "dot_product_attention")
    d_head = query.shape[-1]
    # Half precision ends at 65,504, and a score is a sum: scaled first, and added up in float32 as
    # the fused kernels do it, the weights that are shown are those that are used.
    exact = torch.promote_types(query.dtype, torch.float32)
    scaled = query.to(exact) / math.sqrt(d_head)
    scores = scaled @ key.to(exact).transpose(-2, -1)  # [..., n_query, n_key]
    if mask is None:
        weights = scores.softmax(dim=-1)
    else:
        weights = scores.masked_fill(~mask, -torch.inf).softmax(dim=-1)
        weights = weights.masked_fill(~mask, 0.0)  # only changes rows that were masked throughout
    weights = weights.to(value.dtype)
    return weights @ value, weights


def split_heads(
    x: Float[Tensor, "batch n d_model"], n_heads: int
) -> Float[Tensor, "batch n_heads n d_head"]:
    """Each vector cut into `n_heads` pieces, each head's pieces side by side."""
    return x.unflatten(-1, (n_heads, x.shape[-1] // n_heads)).transpose(1, 2)


def merge_heads(
    heads: Float[Tensor, "batch n_heads n d_head"],
) -> Float[Tensor, "batch n d_model"]:
    """`split_heads` undone."""
    return heads.transpose(1, 2).flatten(2)


def may_look(
    query: Float[Tensor, "batch n_heads n_query d_head"],
    key: Float[Tensor, "batch n_heads n_key d_head"],
    mask: Bool[Tensor, "batch n_key"] | None,
    causal: bool,
) -> Bool[Tensor, "_ 1 n_query n_key"] | None:
    """Who may look at whom, with padding and future together; None if everybody at everybody.

    The queries are the last n_query of the n_key tokens, if they come from the same text.
    """
    n_query, n_key = query.shape[-2], key.shape[-2]
    allowed = None
    if mask is not None:
        allowed = mask[:, None, None, :].expand(-1, 1, n_query, -1)
    if causal and n_query > 1:
        place = torch.arange(n_key, device=query.device)
        past = place <= place[-n_query:, None]  # [n_query, n_key]
        allowed = past[None, None] if allowed is None else allowed & past
    return allowed


class KeyValues:
    """The keys and values that one attention layer has made so far, for the tokens to come.

    A token's key and value depend on the tokens before it alone (the layer is causal), so they are
    made once. Both are [batch, n_heads, n, d_head]. They stand in tables with room to spare: a full
    one is replaced by one of twice the need, so that a new token costs the same after a thousand
    others as after ten.

    It is for speaking, not for training: gradients do not go through it.
    """

    def __init__(self):
        self.n = 0  # tokens so far
        self._table: Tensor | None = None  # [2, batch, n_heads, room, d_head]

    @property
    def key(self) -> Float[Tensor, "batch n_heads n d_head"]:
        return self._table[0, :, :, : self.n]

    @property
    def value(self) -> Float[Tensor, "batch n_heads n d_head"]:
        return self._table[1, :, :, : self.n]

    def append(
        self,
        key: Float[Tensor, "batch n_heads n_new d_head"],
        value: Float[Tensor, "batch n_heads n_new d_head"],
    ) -> None:
        """Put the keys and values of the next tokens behind those that are here."""
        batch, n_heads, n_new, d_head = key.shape
        start, end = self.n, self.n + n_new
        if self._table is not None and self._table.shape[1] != batch:
            raise ValueError(
                f"this cache has read {self._table.shape[1]} texts side by side, got {batch}. "
                "Each batch needs a new_cache() of its own."
            )
        if self._table is None or end > self._table.shape[3]:
            larger = key.new_empty(2, batch, n_heads, 2 * end, d_head)
            if self._table is not None:
                larger[..., :start, :] = self._table[..., :start, :]
            self._table = larger
        self._table[0, :, :, start:end] = key.detach()
        self._table[1, :, :, start:end] = value.detach()
        self.n = end

    def reorder(self, rows: Int[Tensor, "rows"]) -> None:
        """Row i becomes what row rows[i] was."""
        if self._table is not None:
            self._table = self._table[:, rows]


def expect_causal(causal: bool) -> None:
    """Raise ValueError where tokens hear the future: such a layer cannot go on from a cache."""
    if not causal:
        raise ValueError(
            "a cache is for causal=True: otherwise the tokens that were read before would "
            "have to hear these too. Give all tokens at once, without a cache."
        )


class Attention(nn.Module):
    """Multi-head attention: every token asks all others, in `n_heads` conversations at once.

    `causal=True` hides the future. `dropout` is the share of attention weights dropped in
    training. `rotary` turns queries and keys by their positions before they meet.
    The four projections have biases, as in BERT and `torch.nn.MultiheadAttention`.

    Raises ValueError if `d_model` is no multiple of `n_heads`, and for a `dropout` that is no
    share.
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
        expect_dropout(dropout)
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
        context: Float[Tensor, "batch n_context d_model"] | None = None,
        cache: KeyValues | None = None,
    ) -> Float[Tensor, "batch n d_model"]:
        """Each token of `x` becomes a weighted average of what the others have to say.

        With `context` (cross-attention) the queries come from `x`, keys and values from
        `context`. `mask` speaks of the tokens that are looked at: True = real, False = padding.

        With `cache`, `x` are the tokens that follow those of the calls before, and `mask`, if any,
        speaks of all of them together. With `context` as well, the cache keeps what the first call
        made of the context; later calls do not look at it again.
        """
        # SDPA takes its fast path where it is given no mask: without padding, and with all tokens
        # at once (its own causal mask) or one alone (the last one has no future to hide). That is
        # asked of the cache: a shape may be a symbol, when the model is exported.
        all_at_once = cache is None or cache.n == 0
        plain = self.causal and mask is None and all_at_once
        query, key, value = self._heads(x, mask, context, cache)
        mixed = F.scaled_dot_product_attention(
            query,
            key,
            value,
            attn_mask=None if plain else may_look(query, key, mask, self.causal),
            is_causal=plain,
            dropout_p=self.dropout if self.training else 0.0,
        )  # [batch, n_heads, n, d_head]
        return self.out(merge_heads(mixed))

    def weights(
        self,
        x: Float[Tensor, "batch n d_model"],
        mask: Bool[Tensor, "batch n_key"] | None = None,
        *,
        context: Float[Tensor, "batch n_context d_model"] | None = None,
        cache: KeyValues | None = None,
    ) -> Float[Tensor, "batch n_heads n n_key"]:
        """Who looks at whom, and how much: what `forward` uses, without dropout.

        A `cache` is one that `forward` has already put `x` into.
        """
        if cache is None:
            query, key, _ = self._heads(x, mask, context)
        else:
            start = cache.n - x.shape[1] if context is None else 0
            query, key = self._turned(split_heads(self.query(x), self.n_heads), start), cache.key
        # Only the weights are wanted; anything will do as values.
        allowed = may_look(query, key, mask, self.causal)
        _, weights = dot_product_attention(query, key, key, allowed)
        return weights

    def new_cache(self) -> KeyValues:
        """An empty cache for `forward`."""
        return KeyValues()

    def _heads(
        self,
        x: Float[Tensor, "batch n d_model"],
        mask: Bool[Tensor, "batch n_key"] | None,
        context: Float[Tensor, "batch n_context d_model"] | None,
        cache: KeyValues | None = None,
    ) -> tuple[
        Float[Tensor, "batch n_heads n d_head"],
        Float[Tensor, "batch n_heads n_key d_head"],
        Float[Tensor, "batch n_heads n_key d_head"],
    ]:
        """Query, key and value: those of tokens that were there before come from the cache."""
        before = 0 if cache is None else cache.n
        self._expect(x, mask, context, cache)
        source, start = (x, before) if context is None else (context, 0)
        query = self._turned(split_heads(self.query(x), self.n_heads), start)
        if context is not None and before:  # the first call has read it
            return query, cache.key, cache.value
        key = self._turned(split_heads(self.key(source), self.n_heads), start)
        value = split_heads(self.value(source), self.n_heads)
        if cache is None:
            return query, key, value
        cache.append(key, value)
        return query, cache.key, cache.value

    def _expect(
        self,
        x: Tensor,
        mask: Tensor | None,
        context: Tensor | None,
        cache: KeyValues | None,
    ) -> None:
        """Raise TypeError or ValueError for what does not fit together."""
        expect_tokens(x, self.d_model, "Attention")
        source = x if context is None else context
        n_before = 0
        if context is None and cache is not None:
            expect_causal(self.causal)
            n_before = cache.n
        elif context is not None and self.causal:
            raise ValueError("causal=True hides the future of x itself; context has no such order.")
        elif context is not None and self.rotary is not None and cache is not None:
            raise ValueError("rotary turns x by its positions, which a cache of context forgets.")
        expect_tokens(source, self.d_model, "Attention's context")
        expect_mask(mask, source.shape[0], n_before + source.shape[1], "Attention")

    def _turned(
        self, heads: Float[Tensor, "batch n_heads n d_head"], start: int
    ) -> Float[Tensor, "batch n_heads n d_head"]:
        return heads if self.rotary is None else self.rotary(heads, start)


@contextmanager
def capture_attention(model: nn.Module) -> Iterator[list[Tensor | None]]:
    """Watch every attention in `model`: `with capture_attention(model) as maps: model(x)`.

    `maps[i]` is the i-th attention layer's weights of the latest forward pass,
    [batch, n_heads, n_query, n_key], or None before the first. Attention is what can tell its
    `weights(x, mask)`: an `Attention`, or a `PersistentAttention`, whose vectors come first among
    the keys. The weights are computed a second time, and only inside the `with`: the fast path of a
    model that nobody watches stays fast.

    In a decoder each block's own attention comes first, then its cross-attention:
    `with capture_attention(model.decoder) as maps: …` leaves the latter in `maps[1::2]`.
    """
    layers = [module for module in model.modules() if callable(getattr(module, "weights", None))]
    if not layers:
        raise ValueError(f"{type(model).__name__} contains no Attention layer to watch.")
    maps: list[Tensor | None] = [None] * len(layers)

    def recorder(layer: int):
        def record(module: nn.Module, inputs: tuple, named_inputs: dict, output: Tensor) -> None:
            with torch.no_grad():
                maps[layer] = module.weights(*inputs, **named_inputs)

        return record

    with ExitStack() as hooks:
        for layer, module in enumerate(layers):
            handle = module.register_forward_hook(recorder(layer), with_kwargs=True)
            hooks.callback(handle.remove)
        yield maps
