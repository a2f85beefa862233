"""A mixer on trial: how to make one, what it is given, and when two results are the same."""

from collections.abc import Callable, Sequence
from dataclasses import dataclass

import torch
from torch import Tensor, nn

ROUNDING = 1e-5  # what another order of adding may change in float32


@dataclass(frozen=True)
class Trial:
    """A mixer on trial: how to make one, for vectors of what size, and how long its texts may be.

    `factory` is what a model takes: it is called with a layer's number and returns a mixer. The
    first of `lengths` is tried throughout, the others where it is said.
    """

    factory: Callable[[int], nn.Module]
    d_model: int
    lengths: Sequence[int] = (24, 7)

    def mixer(self) -> nn.Module:
        """A new one, in evaluation: what dropout drops is no promise."""
        return self.factory(0).eval()

    def text(self, n: int | None = None, dtype: torch.dtype = torch.float32) -> Tensor:
        """Three texts of n tokens, by default of the first length."""
        return torch.randn(3, n or self.lengths[0], self.d_model).to(dtype)


def padding(n: int) -> Tensor:
    """Masks of three texts: one whole, one with padding behind it, one with padding in front."""
    place = torch.arange(n)
    return torch.stack([place >= 0, place < n * 2 // 3, place >= n // 3])


def at_real(y: Tensor, mask: Tensor | None) -> Tensor:
    """`y` with zeros at padding, where it may be anything."""
    return y if mask is None else y.where(mask[..., None], 0.0)


def apart(found: Tensor, expected: Tensor, error: float = ROUNDING) -> str | None:
    """None if they are near, or where they are furthest apart and by how much."""
    difference = (found.double() - expected.double()).abs()
    if (difference <= error * (1 + expected.double().abs())).all():  # False for NaN, too
        return None
    worst = difference.nan_to_num(torch.inf).flatten(1).amax(1)
    text = worst.argmax().item()
    place = difference[text].nan_to_num(torch.inf).flatten(1).amax(1).argmax().item()
    return f"token {place} of text {text} is off by {worst[text].item():.2g}"
