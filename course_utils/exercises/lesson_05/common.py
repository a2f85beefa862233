"""What the tasks of lesson 05 share."""

import torch
from torch import Tensor


def _normal(generator: torch.Generator, *shape: int) -> Tensor:
    return torch.randn(*shape, generator=generator)
