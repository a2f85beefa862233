"""Copying rows of a table many times over, with a backward pass that is as quick as the copying.

`rows[index]` does the same. But its backward pass adds gradient after gradient to the row that each
came from, one at a time, because two of them may meet at the same row. Turned round it is a job for
all cores: each row collects the gradients of its own copies.
"""

from dataclasses import dataclass

import torch
import torch.nn.functional as F
from jaxtyping import Float, Int
from torch import Tensor


@dataclass(frozen=True)
class Fetch:
    """Which of `n` rows to copy where, and for each row where its copies are.

    The copies of row i stand at copies[starts[i]], … up to where those of row i + 1 begin.
    """

    index: Int[Tensor, "*places"]
    copies: Int[Tensor, "n_places"]
    starts: Int[Tensor, "n"]

    @classmethod
    def of(cls, index: Int[Tensor, "*places"], n: int) -> "Fetch":
        flat = index.flatten()
        counts = flat.bincount(minlength=n)
        return cls(index, flat.argsort(stable=True), counts.cumsum(0) - counts)

    def __call__(self, rows: Float[Tensor, "n *width"]) -> Float[Tensor, "..."]:
        """rows[index], of shape [*places, *width]."""
        return _Fetch.apply(rows, self.index, self.copies, self.starts)


class _Fetch(torch.autograd.Function):
    @staticmethod
    def forward(ctx, rows: Tensor, index: Tensor, copies: Tensor, starts: Tensor) -> Tensor:
        ctx.save_for_backward(copies, starts)
        ctx.shape = rows.shape
        return rows[index]

    @staticmethod
    def backward(ctx, gradient: Tensor) -> tuple[Tensor, None, None, None]:
        copies, starts = ctx.saved_tensors
        table = gradient.reshape(len(copies), -1)
        # A "bag of embeddings" is a sum of some rows of a table.
        summed = F.embedding_bag(copies, table, starts, mode="sum")
        return summed.view(ctx.shape), None, None, None
