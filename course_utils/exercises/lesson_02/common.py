"""The clocks, with something to get wrong in each keyword, and how their hands lie in a row."""

import torch
from torch import Tensor


def normal(generator: torch.Generator, *shape: int) -> Tensor:
    return torch.randn(*shape, generator=generator)


def hands(
    n: int, d: int, *, first: int = 0, step: int = 2, base: float = 10_000.0, over: int = 0
) -> Tensor:
    """The angles [n, d/2]: hand i turns by base^(−step · i / over) a place; `over` is d."""
    speeds = base ** (-torch.arange(d // 2) * step / (over or d))
    return torch.outer(torch.arange(first, n + first), speeds)


def woven(first: Tensor, second: Tensor) -> Tensor:
    """Two tables [n, d/2] column by column: [n, d]."""
    return torch.stack([first, second], dim=-1).flatten(1)
