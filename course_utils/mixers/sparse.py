"""Sparse attention: each token looks at those that a pattern allows (Yun et al. 2020)."""

from collections.abc import Callable, Sequence

import torch
import torch.nn.functional as F
from jaxtyping import Bool, Float
from torch import Tensor, nn

from course_utils.patterns import Pattern
from course_utils.shapes import expect_mask, expect_tokens, heads_divide

Patterns = Pattern | Sequence[Pattern]


class SparseAttention(nn.Module):
    """Multi-head attention in which a pattern says who may look at whom.

    `pattern` is a Pattern, a sequence with one for each head, or a function of n that returns
    either. The parameters are those of `Attention`, and so is the result under the pattern's mask.

    Raises ValueError if `d_model` is no multiple of `n_heads`, if there is not one pattern for each
    head, or if a text has another length than its pattern.
    Source: Yun et al. 2020, section 2.2.
    """

    def __init__(
        self,
        d_model: int,
        n_heads: int,
        pattern: Patterns | Callable[[int], Patterns],
        *,
        causal: bool = False,
        dropout: float = 0.0,
    ):
        super().__init__()
        self.d_model, self.n_heads = d_model, n_heads
        self.d_head = heads_divide(d_model, n_heads)
        self.pattern, self.causal, self.dropout = pattern, causal, dropout
        self.query = nn.Linear(d_model, d_model)
        self.key = nn.Linear(d_model, d_model)
        self.value = nn.Linear(d_model, d_model)
        self.out = nn.Linear(d_model, d_model)

    def forward(
        self,
        x: Float[Tensor, "batch n d_model"],
        mask: Bool[Tensor, "batch n"] | None = None,
    ) -> Float[Tensor, "batch n d_model"]:
        """`mask` is True at real tokens and False at padding."""
        expect_tokens(x, self.d_model, "SparseAttention")
        expect_mask(mask, x.shape[0], x.shape[1], "SparseAttention")
        allowed = self._masks(x.shape[1]).to(x.device)
        if mask is not None:
            allowed = allowed & mask[:, None, None, :]
        query, key, value = (
            linear(x).unflatten(-1, (self.n_heads, self.d_head)).transpose(1, 2)
            for linear in (self.query, self.key, self.value)
        )
        dropout = self.dropout if self.training else 0.0
        mixed = F.scaled_dot_product_attention(query, key, value, allowed, dropout)
        return self.out(mixed.transpose(1, 2).flatten(2))

    def _masks(self, n: int) -> Bool[Tensor, "1 heads_or_1 n n"]:
        found = self.pattern(n) if callable(self.pattern) else self.pattern
        found = [found] if isinstance(found, Pattern) else list(found)
        return torch.stack([p.causal().mask() if self.causal else p.mask() for p in found])[None]
