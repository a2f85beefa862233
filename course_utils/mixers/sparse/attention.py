"""Sparse attention: each token looks at those that a pattern allows (Yun et al. 2020)."""

import math
from collections.abc import Callable, Sequence

import torch
import torch.nn.functional as F
from jaxtyping import Bool, Float
from torch import Tensor, nn

from course_utils.mixers.attention import expect_causal, merge_heads, split_heads
from course_utils.mixers.sparse.cache import (
    ByPattern,
    SparseCache,
    changed,
    first_tokens,
    rows_of,
)
from course_utils.mixers.sparse.flex import flex_sparse_attention
from course_utils.mixers.sparse.layout import Lists, SparseLayout, layout_of
from course_utils.mixers.sparse.lists import attention_by_lists
from course_utils.patterns import Pattern
from course_utils.positions import Rotary
from course_utils.shapes import (
    expect_boolean,
    expect_dropout,
    expect_mask,
    expect_tokens,
    heads_divide,
)

Patterns = Pattern | Sequence[Pattern]
LENGTHS = 8  # for so many lengths of text a layer remembers what its function of n returned


class SparseAttention(nn.Module):
    """Multi-head attention in which a pattern says who may look at whom.

    `pattern` is a Pattern, a sequence with one for each head, or a function of n that returns
    either. (For patterns that layers use in turn there is `patterns.sequential`.)

    The parameters are those of `Attention`, and so is the result under the pattern's mask; but time
    and memory, forward and backward, follow the number of connections. (Where the text is short one
    masked table is faster, and is what you get. It is kept, n² numbers, as is the case for the few
    patterns that no list can shorten.)

    `dropout` is the share of attention weights dropped in training. `rotary` turns queries and keys
    by their places, as in `Attention`.

    On a GPU PyTorch's `flex_attention` does the work, in tiles of 128 × 128: there a pattern that
    touches every tile, such as every 64th token, saves nothing, and dropout is a ValueError.

    Raises ValueError if `d_model` is no multiple of `n_heads`, if there is not one pattern for each
    head, or if a text has another length than its pattern; TypeError if a mask is not boolean.
    Source: Yun et al. 2020, the definition of sparse attention.
    """

    def __init__(
        self,
        d_model: int,
        n_heads: int,
        pattern: Patterns | Callable[[int], Patterns],
        *,
        causal: bool = False,
        dropout: float = 0.0,
        rotary: Rotary | None = None,
    ):
        super().__init__()
        self.d_model, self.n_heads = d_model, n_heads
        self.d_head = heads_divide(d_model, n_heads)
        expect_dropout(dropout)
        self.pattern, self.causal, self.dropout, self.rotary = pattern, causal, dropout, rotary
        self.query = nn.Linear(d_model, d_model)
        self.key = nn.Linear(d_model, d_model)
        self.value = nn.Linear(d_model, d_model)
        self.out = nn.Linear(d_model, d_model)
        self._heads_of: dict[tuple[int, bool], ByPattern] = {}
        if not callable(pattern):  # what is wrong with it is better said now than in the first step
            self._heads_by_pattern(_several(pattern)[0].n)

    def forward(
        self,
        x: Float[Tensor, "batch n d_model"],
        mask: Bool[Tensor, "batch n_key"] | None = None,
        *,
        cache: SparseCache | None = None,
    ) -> Float[Tensor, "batch n d_model"]:
        """`mask` is True at real tokens and False at padding.

        With `cache`, `x` are the tokens that follow those of the calls before, and `mask`, if any,
        speaks of all of them together. A token then costs what its own row costs.
        """
        before = self._read_before(x, mask, cache)
        query, key, value = (
            split_heads(linear(x), self.n_heads) for linear in (self.query, self.key, self.value)
        )  # [batch, n_heads, n, d_head] each
        if self.rotary is not None:
            query, key = self.rotary(query, before), self.rotary(key, before)
        attend = sparse_attention if x.device.type == "cpu" else flex_sparse_attention
        dropout = self.dropout if self.training else 0.0
        if cache is None:
            by_pattern = self._heads_by_pattern(int(x.shape[1]))
        else:
            n = before + x.shape[1]
            by_pattern = cache.by_pattern(n)
            cache.append(key, value)
            if before:
                key, value, attend = cache.key, cache.value, latest_rows
            else:  # a text as any other
                by_pattern = first_tokens(by_pattern, n)
        if len(by_pattern) == 1:
            (pattern,) = by_pattern
            mixed = attend(query, key, value, pattern, mask, dropout)
        else:
            parts = [
                attend(query[:, heads], key[:, heads], value[:, heads], pattern, mask, dropout)
                for pattern, heads in by_pattern.items()
            ]
            now_at = torch.tensor([head for heads in by_pattern.values() for head in heads])
            mixed = torch.cat(parts, dim=1)[:, now_at.argsort()]
        return self.out(merge_heads(mixed))

    def new_cache(self) -> SparseCache:
        """An empty cache for `forward`; ValueError if the tokens hear the future.

        Rows that change while the text grows (a star's, for each new token is its relay) are a
        ValueError as soon as they do.
        """
        expect_causal(self.causal)
        longest = None if callable(self.pattern) else _several(self.pattern)[0].n
        return SparseCache(self._heads_by_pattern, longest)

    def _read_before(self, x: Tensor, mask: Tensor | None, cache: SparseCache | None) -> int:
        """How many tokens the cache has read. TypeError or ValueError for what does not fit."""
        expect_tokens(x, self.d_model, "SparseAttention")
        before = 0
        if cache is not None:
            expect_causal(self.causal)
            before = cache.n
        expect_mask(mask, x.shape[0], before + x.shape[1], "SparseAttention")
        return before

    def _heads_by_pattern(self, n: int) -> ByPattern:
        """The patterns for a text of n tokens, without the future if causal: whose heads use each.

        It is remembered for the latest lengths.
        """
        asked = n, self.causal
        if asked not in self._heads_of:
            if len(self._heads_of) >= LENGTHS:
                self._heads_of.clear()
            patterns = self.pattern(n) if callable(self.pattern) else self.pattern
            by_pattern = _by_pattern(_one_each(patterns, self.n_heads, n))
            if self.causal:
                by_pattern = changed(by_pattern, Pattern.causal)
            self._heads_of[asked] = by_pattern
        return self._heads_of[asked]


def _one_each(patterns: Patterns, n_heads: int, n: int) -> list[Pattern]:
    """A pattern of n tokens for each head; ValueError if they are too many, too few or too long."""
    found = _several(patterns)
    if len(found) not in (1, n_heads):
        raise ValueError(
            f"one pattern for all heads or one for each of n_heads={n_heads} is "
            f"needed, got {len(found)}. See course_utils.patterns.multihead."
        )
    for pattern in found:
        if pattern.n != n:
            raise ValueError(
                f"{pattern.name} is for n={pattern.n} tokens, and the text has n={n}. "
                "For texts of many lengths give a function, such as lambda n: window(n, 8)."
            )
    return list(found) if len(found) == n_heads else [found[0]] * n_heads


def _by_pattern(patterns: Sequence[Pattern]) -> ByPattern:
    """Which heads have the same pattern: each is computed once for all of them."""
    heads: ByPattern = {}
    for head, pattern in enumerate(patterns):
        heads.setdefault(pattern, []).append(head)
    return heads


def _several(patterns: Patterns) -> Sequence[Pattern]:
    if isinstance(patterns, Pattern):
        return [patterns]
    if isinstance(patterns, Sequence) and patterns:
        if all(isinstance(pattern, Pattern) for pattern in patterns):
            return patterns
    got = f"a {type(patterns).__name__}" if isinstance(patterns, Tensor) else f"{patterns!r:.80}"
    raise TypeError(
        f"a Pattern, or a sequence with one for each head, is needed; got {got}. "
        "A mask becomes one by Pattern.from_mask(mask)."
    )


def sparse_attention(
    query: Float[Tensor, "batch n_heads n d_head"],
    key: Float[Tensor, "batch n_heads n d_head"],
    value: Float[Tensor, "batch n_heads n d_head"],
    pattern: Pattern,
    mask: Bool[Tensor, "batch n"] | None = None,
    dropout: float = 0.0,
) -> Float[Tensor, "batch n_heads n d_head"]:
    """Dot-product attention in which query q looks at pattern.keys_of(q) alone.

    `mask` is True at real tokens. A query that may look at nobody gets zeros. `dropout` is the
    share of weights dropped now. Raises TypeError for a mask that is not boolean.
    """
    if mask is not None:
        expect_boolean(mask, "sparse_attention")
    layout = layout_of(pattern)
    if not layout.parts:
        return _table(query, key, value, layout.bias, mask, dropout)
    if len(query) == 0:
        return torch.empty_like(query)
    texts = [
        _one_text(query[i], key[i], value[i], layout, None if mask is None else mask[i], dropout)
        for i in range(len(query))
    ]
    return torch.stack(texts)


def latest_rows(
    query: Float[Tensor, "batch n_heads n_new d_head"],
    key: Float[Tensor, "batch n_heads n d_head"],
    value: Float[Tensor, "batch n_heads n d_head"],
    pattern: Pattern,
    mask: Bool[Tensor, "batch n"] | None = None,
    dropout: float = 0.0,
) -> Float[Tensor, "batch n_heads n_new d_head"]:
    """`sparse_attention` of the last n_new of n tokens alone: their keys, and no others, are read.

    `pattern` is causal, and may be of more than n tokens.
    """
    n = key.shape[2]
    keys, bias = rows_of(pattern, n - query.shape[2], n)
    at = torch.from_numpy(keys).to(key.device)
    bias = None if bias is None else torch.from_numpy(bias).to(key.device)
    real = None if mask is None else mask[:, at]
    key, value = key.index_select(2, at), value.index_select(2, at)
    return _table(query, key, value, bias, real, dropout)


def _one_text(
    query: Float[Tensor, "n_heads n d_head"],
    key: Float[Tensor, "n_heads n d_head"],
    value: Float[Tensor, "n_heads n d_head"],
    layout: SparseLayout,
    real: Bool[Tensor, "n"] | None,
    dropout: float,
) -> Float[Tensor, "n_heads n d_head"]:
    rows = [tensor.transpose(0, 1) for tensor in (query, key, value)]  # [n, n_heads, d_head]
    if dropout:
        mixed = _with_dropout(*rows, layout.parts, real, dropout).transpose(0, 1)
    else:
        mixed = attention_by_lists(*rows, layout.parts, real).transpose(0, 1)
    if len(layout.busy) == 0:
        return mixed
    of_busy = query[None, :, layout.busy]
    real = None if real is None else real[None]
    busy = _table(of_busy, key[None], value[None], layout.bias, real, dropout)
    return mixed.index_copy(1, layout.busy, busy[0])


def _table(
    query: Float[Tensor, "batch n_heads n_query d_head"],
    key: Float[Tensor, "batch n_heads n d_head"],
    value: Float[Tensor, "batch n_heads n d_head"],
    bias: Float[Tensor, "n_query n"] | None,
    mask: Bool[Tensor, "batch n"] | None,
    dropout: float,
) -> Float[Tensor, "batch n_heads n_query d_head"]:
    """Attention by one table of all scores, with the bias and the padding on top."""
    if bias is not None:
        bias = bias.to(query.dtype)[None, None]  # with fewer dimensions SDPA takes a slow path
    if mask is not None:
        none = query.new_zeros(()) if bias is None else bias
        bias = torch.where(mask[:, None, None, :], none, -torch.inf)
    return F.scaled_dot_product_attention(query, key, value, bias, dropout)


def _with_dropout(
    query: Float[Tensor, "n n_heads d_head"],
    key: Float[Tensor, "n n_heads d_head"],
    value: Float[Tensor, "n n_heads d_head"],
    parts: tuple[Lists, ...],
    real: Bool[Tensor, "n"] | None,
    dropout: float,
) -> Float[Tensor, "n n_heads d_head"]:
    """What `attention_by_lists` computes, in plain steps: scores by list, one softmax over all.

    It takes several times as long, and is here because the fused kernel drops no weights. Like that
    kernel it counts in float32 at least: in half precision a score can be larger than any number.
    """
    dtype = value.dtype
    exact = torch.promote_types(dtype, torch.float32)
    query, key, value = (rows.to(exact) for rows in (query, key, value))
    query = query / math.sqrt(query.shape[-1])

    def grouped(rows: Tensor, index: Tensor) -> Tensor:  # [n_groups, n_heads, length, width]
        return rows[index].transpose(1, 2)

    def by_token(groups: Tensor, lists: Lists) -> Tensor:  # [n, n_heads, width]
        return groups.transpose(1, 2).flatten(0, 1)[lists.places]

    scores = []
    for lists in parts:
        together = grouped(query, lists.queries) @ grouped(key, lists.keys).transpose(-2, -1)
        scores.append(by_token(together + lists.bias_of(slice(None), real, exact), lists))
    scores = torch.cat(scores, dim=-1)
    nobody = scores.isneginf()
    weights = scores.masked_fill(nobody, -torch.inf).softmax(dim=-1).masked_fill(nobody, 0.0)
    weights = F.dropout(weights, dropout)
    mixed = torch.zeros_like(query)
    lengths = [lists.keys.shape[1] for lists in parts]
    for lists, share in zip(parts, weights.split(lengths, dim=-1), strict=True):
        mixed = mixed + by_token(grouped(share, lists.queries) @ grouped(value, lists.keys), lists)
    return mixed.to(dtype)
