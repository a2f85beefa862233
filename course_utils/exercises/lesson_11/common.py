"""Masks that the tasks of lessons 11 and 12 try."""

import torch
from torch import Tensor


def _one_way(n: int, share: float, seed: int) -> Tensor:
    """A mask in which some look at some, not both ways; everybody looks at itself."""
    generator = torch.Generator().manual_seed(seed)
    return (torch.rand(n, n, generator=generator) < share) | torch.eye(n, dtype=torch.bool)


def _line(n: int, *offsets: int) -> Tensor:
    """Everybody looks at itself and at those so many places off."""
    mask = torch.eye(n, dtype=torch.bool)
    for offset in offsets:
        mask |= torch.ones(n - abs(offset), dtype=torch.bool).diag(offset)
    return mask
