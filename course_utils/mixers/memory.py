"""Attention with persistent memory: what a feed-forward layer knows, kept inside attention.

Source: Sukhbaatar et al. 2019, "Augmenting Self-attention with Persistent Memory" (arXiv
1907.01470), and the released code, facebookresearch/adaptive-span, persistent_memory.py.

The road there, as the paper has it in section 4.1: a feed-forward layer compares each token with
rows of its first matrix and adds up columns of its second. Call these keys and values, and it is
attention over a memory that does not depend on the text, with a ReLU where attention has a softmax
(`feed_forward_as_memory`, `recall`). Put a softmax there, let it run over the text's keys as well,
and one layer does the work of two: `PersistentAttention`.
"""

from collections.abc import Callable
from typing import Literal

import torch
import torch.nn.functional as F
from jaxtyping import Bool, Float
from torch import Tensor, nn

from course_utils.mixers.attention import (
    KeyValues,
    dot_product_attention,
    expect_causal,
    may_look,
    merge_heads,
    split_heads,
)
from course_utils.positions import Rotary
from course_utils.shapes import (
    expect_at_least,
    expect_dropout,
    expect_mask,
    expect_tokens,
    heads_divide,
)

Init = Literal["paper", "quiet"]
QUIET = 0.02  # standard deviation of the values that begin nearly silent

HeadVectors = tuple[
    Float[Tensor, "batch n_heads n_vectors width"], Float[Tensor, "batch n_heads n_vectors width"]
]


class PersistentAttention(nn.Module):
    """Attention whose tokens also look at `n_persistent` vectors that belong to the layer.

    Each head has its own N keys and values, the same for every text, and one softmax shares out a
    token's attention among the tokens and them. They are never hidden, neither by padding nor with
    the future, and they stand nowhere: `rotary` turns the tokens' keys, and a query meets the
    persistent ones unturned, so that it finds the same in them wherever it stands.

    In a block with `ffn=None` this is the whole layer. No projection has a bias, so that there are
    4 · d_model² + 2 · N · d_model parameters: with N = d_ff as many as the weights of attention and
    a feed-forward layer together. N = 0 is attention alone.

    Keys are stored √d_head times smaller than they are used, and values √N times, so that a step of
    the optimiser moves them so many times as far. Keys begin with numbers of size 1 (as they are
    used), and values have two ways to begin:

    - `init="paper"`: of size 1, too. Of n tokens and N vectors the vectors have about N / (N + n)
      of the attention at first, and say something by chance.
    - `init="quiet"`: of size 0.02. The vectors have their share of the attention all the same, but
      nothing to say yet. Ours; with the values stored as above it is a little behind the paper's
      (`reproduce memory`).

    Raises ValueError if `d_model` is no multiple of `n_heads`, for a `dropout` that is no share,
    a negative `n_persistent` (TypeError if it is not whole), and for another `init`.
    Source: Sukhbaatar et al. 2019, section 4.2; scaling and sizes from the released code.
    """

    def __init__(
        self,
        d_model: int,
        n_heads: int,
        n_persistent: int,
        *,
        causal: bool = False,
        dropout: float = 0.0,
        rotary: Rotary | None = None,
        init: Init = "paper",
    ):
        super().__init__()
        self.d_model, self.n_heads, self.n_persistent = d_model, n_heads, n_persistent
        self.d_head = heads_divide(d_model, n_heads)
        expect_dropout(dropout)
        expect_at_least(0, n_persistent=n_persistent)
        if init not in ("paper", "quiet"):
            raise ValueError(f'init is "paper" or "quiet", got {init!r}.')
        self.causal, self.dropout, self.rotary, self.init = causal, dropout, rotary, init
        self.query = nn.Linear(d_model, d_model, bias=False)
        self.key = nn.Linear(d_model, d_model, bias=False)
        self.value = nn.Linear(d_model, d_model, bias=False)
        self.out = nn.Linear(d_model, d_model, bias=False)

        size = n_heads, n_persistent, self.d_head
        self.key_scale = self.d_head**0.5
        self.value_scale = max(1, n_persistent) ** 0.5
        value_size = 1.0 if init == "paper" else QUIET
        self.persistent_key = nn.Parameter(torch.randn(size) / self.key_scale)
        self.persistent_value = nn.Parameter(torch.randn(size) * value_size / self.value_scale)

    def forward(
        self,
        x: Float[Tensor, "batch n d_model"],
        mask: Bool[Tensor, "batch n_key"] | None = None,
        *,
        cache: KeyValues | None = None,
    ) -> Float[Tensor, "batch n d_model"]:
        """Each token becomes a weighted average of what tokens and vectors have to say.

        `mask` speaks of the tokens: True = real, False = padding. With `cache`, `x` are the tokens
        that follow those of the calls before, and `mask`, if any, speaks of all of them together.

        Raises ValueError for an `x` or a `mask` of another shape, and for a cache where tokens hear
        the future; TypeError for a mask that is not boolean.
        """
        before = self._read_before(x, mask, cache)
        query = self._queries(x, before)
        key, value = self._heard(x, cache)
        mixed = F.scaled_dot_product_attention(
            query,
            key,
            value,
            attn_mask=self._allowed(query, key, mask),
            dropout_p=self.dropout if self.training else 0.0,
            scale=self.d_head**-0.5,
        )
        return self.out(merge_heads(mixed[..., : self.d_head]))

    def weights(
        self,
        x: Float[Tensor, "batch n d_model"],
        mask: Bool[Tensor, "batch n_key"] | None = None,
        *,
        cache: KeyValues | None = None,
    ) -> Float[Tensor, "batch n_heads n n_persistent_and_key"]:
        """Who looks at whom, and how much: what `forward` uses, without dropout.

        The first `n_persistent` columns are the vectors, then come the tokens; a row sums to one.
        A `cache` is one that `forward` has already put `x` into. Raises TypeError for a mask that
        is not boolean.
        """
        if cache is None:
            query, (key, _) = self._queries(x, 0), self._heard(x, None)
        else:
            query, key = self._queries(x, cache.n - self.n_persistent - x.shape[1]), cache.key
        # The readable version divides by the root of what it is given, which may be two heads wide.
        query = query * (query.shape[-1] / self.d_head) ** 0.5
        _, weights = dot_product_attention(query, key, key, self._allowed(query, key, mask))
        return weights

    def new_cache(self) -> KeyValues:
        """An empty cache for `forward`; ValueError if the tokens hear the future.

        The persistent vectors are the first that it is given: they are laid out once for a text.
        """
        expect_causal(self.causal)
        return KeyValues()

    def _read_before(self, x: Tensor, mask: Tensor | None, cache: KeyValues | None) -> int:
        """How many tokens the cache has read. TypeError or ValueError for what does not fit."""
        expect_tokens(x, self.d_model, "PersistentAttention")
        before = 0
        if cache is not None:
            expect_causal(self.causal)
            before = max(0, cache.n - self.n_persistent)
        expect_mask(mask, x.shape[0], before + x.shape[1], "PersistentAttention")
        return before

    # Where nothing is turned, queries, keys and values are one head wide. With `rotary` they are
    # two: a query is [turned, as it was], a token's key [turned, 0] and a persistent key [0, as it
    # was], so that one product of all with all compares each pair in the way that is right for it.

    def _queries(
        self, x: Float[Tensor, "batch n d_model"], start: int
    ) -> Float[Tensor, "batch n_heads n width"]:
        query = split_heads(self.query(x), self.n_heads)
        if self.rotary is None:
            return query
        return torch.cat([self.rotary(query, start), query], dim=-1)

    def _heard(self, x: Float[Tensor, "batch n d_model"], cache: KeyValues | None) -> HeadVectors:
        """Keys and values: the persistent ones, then the tokens', from the first on."""
        if cache is None:
            pairs = zip(self._persistent(x), self._tokens(x, 0), strict=True)
            key, value = (torch.cat(pair, dim=2) for pair in pairs)
            return key, value
        if cache.n == 0:
            cache.append(*self._persistent(x))
        cache.append(*self._tokens(x, cache.n - self.n_persistent))
        return cache.key, cache.value

    def _persistent(self, x: Float[Tensor, "batch n d_model"]) -> HeadVectors:
        key = self.persistent_key * self.key_scale
        value = self.persistent_value * self.value_scale
        if self.rotary is not None:
            key, value = F.pad(key, (self.d_head, 0)), F.pad(value, (0, self.d_head))
        return key.expand(len(x), -1, -1, -1), value.expand(len(x), -1, -1, -1)

    def _tokens(self, x: Float[Tensor, "batch n d_model"], start: int) -> HeadVectors:
        key, value = (split_heads(linear(x), self.n_heads) for linear in (self.key, self.value))
        if self.rotary is not None:
            key = F.pad(self.rotary(key, start), (0, self.d_head))
            value = F.pad(value, (0, self.d_head))
        return key, value

    def _allowed(
        self,
        query: Float[Tensor, "batch n_heads n_query width"],
        key: Float[Tensor, "batch n_heads n_persistent_and_key width"],
        mask: Bool[Tensor, "batch n_key"] | None,
    ) -> Bool[Tensor, "_ 1 n_query n_persistent_and_key"] | None:
        """Who may look at whom: at the vectors always."""
        allowed = may_look(query, key[:, :, self.n_persistent :], mask, self.causal)
        return None if allowed is None else F.pad(allowed, (self.n_persistent, 0), value=True)


# ---- a feed-forward layer, seen as attention -----------------------------------------------------


def recall(
    x: Float[Tensor, "*batch d_model"],
    keys: Float[Tensor, "n d_model"],
    values: Float[Tensor, "n d_model"],
    activation: Callable[[Tensor], Tensor] = F.relu,
) -> Float[Tensor, "*batch d_model"]:
    """Each token is compared with all keys; `activation` makes of that how much of each value.

    With F.relu it is a feed-forward layer, with `partial(torch.softmax, dim=-1)` it is attention
    over keys and values that no text has made (one head, and no division by √d_model).
    Source: Sukhbaatar et al. 2019, section 4.1.
    """
    return activation(x @ keys.T) @ values


def feed_forward_as_memory(
    widen: nn.Linear, narrow: nn.Linear
) -> tuple[Float[Tensor, "n d_model"], Float[Tensor, "n d_model"]]:
    """The keys and values of `recall` that do what narrow(activation(widen(x))) does.

    `widen` and `narrow` are the two linear layers of a feed-forward layer; each of its d_ff hidden
    numbers becomes one key and one value. They are the layers' own numbers, not copies.

    Raises ValueError for layers with a bias that is not zero: attention has nothing that is added
    whatever was asked.
    """
    for name, linear in {"widen": widen, "narrow": narrow}.items():
        if linear.bias is not None and linear.bias.any():
            raise ValueError(
                f"{name} has a bias, of {linear.bias.abs().max():.2g} at most, which no key and no "
                "value can stand for. Train without (nn.Linear(…, bias=False)), or set it to zero: "
                "torch.nn.init.zeros_(linear.bias)."
            )
    return widen.weight, narrow.weight.T


def memory_as_feed_forward(
    keys: Float[Tensor, "n d_model"], values: Float[Tensor, "n d_model"]
) -> tuple[nn.Linear, nn.Linear]:
    """`feed_forward_as_memory` undone: two linear layers without biases, from copies."""
    n, d_model = keys.shape
    like = {"bias": False, "dtype": keys.dtype, "device": keys.device}
    widen, narrow = nn.Linear(d_model, n, **like), nn.Linear(n, d_model, **like)
    with torch.no_grad():
        widen.weight.copy_(keys)
        narrow.weight.copy_(values.T)
    return widen, narrow
