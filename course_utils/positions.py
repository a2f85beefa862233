"""Telling a model where each token stands: sinusoidal, learned and rotary positions."""

import torch
from jaxtyping import Float
from torch import Tensor, nn

from course_utils.shapes import expect_tokens


def frequencies(d: int, base: float = 10_000.0) -> Float[Tensor, "pairs"]:
    """How fast each clock turns, in radians a token: base^(-2i/d) for i = 0 … d/2 - 1.

    The first clock turns by 1 a token, the last hardly at all (Vaswani et al. 2017, section 3.5).
    """
    if d < 2 or d % 2:
        raise ValueError(f"positions come in pairs (sine, cosine): d must be even, got {d}.")
    return base ** (-torch.arange(0, d, 2, dtype=torch.float64) / d)


def angles(n: int, d: int, base: float = 10_000.0) -> Float[Tensor, "n pairs"]:
    """Where each clock's hand points, in radians, at positions 0 … n - 1."""
    return torch.outer(torch.arange(n, dtype=torch.float64), frequencies(d, base))


def sinusoidal(n: int, d_model: int, base: float = 10_000.0) -> Float[Tensor, "n d_model"]:
    """The 2017 position table: PE[pos, 2i] = sin(angle), PE[pos, 2i + 1] = cos(angle).

    Source: Vaswani et al. 2017, section 3.5. The angles are computed in float64, because a
    float32 angle of thousands of radians is wrong in its third digit.
    """
    hands = angles(n, d_model, base)
    return torch.stack([hands.sin(), hands.cos()], dim=-1).flatten(1).to(torch.get_default_dtype())


class SinusoidalPositions(nn.Module):
    """Adds the sinusoidal table to the tokens. No parameters, any length."""

    def __init__(self, d_model: int):
        super().__init__()
        frequencies(d_model)  # an odd d_model is found here, not in the middle of a forward pass
        self.d_model = d_model
        self.register_buffer("table", sinusoidal(0, d_model), persistent=False)

    def forward(self, x: Float[Tensor, "batch n d_model"]) -> Float[Tensor, "batch n d_model"]:
        expect_tokens(x, self.d_model, "SinusoidalPositions")
        n = x.shape[1]
        if n > len(self.table):
            self.table = sinusoidal(n, self.d_model).to(x.device)
        return x + self.table[:n].to(x.dtype)


class LearnedPositions(nn.Module):
    """Adds a trained vector for each position, up to `max_n` of them (as BERT does)."""

    def __init__(self, max_n: int, d_model: int):
        super().__init__()
        self.table = nn.Embedding(max_n, d_model)

    def forward(self, x: Float[Tensor, "batch n d_model"]) -> Float[Tensor, "batch n d_model"]:
        max_n, d_model = self.table.weight.shape
        expect_tokens(x, d_model, "LearnedPositions")
        n = x.shape[1]
        if n > max_n:
            raise ValueError(
                f"LearnedPositions knows {max_n} positions, the text has {n} tokens. "
                "Cut the text, or make the model with a larger max_n."
            )
        return x + self.table.weight[:n]


class Rotary(nn.Module):
    """Turns each pair of numbers by an angle that grows with the position.

    The dot product of a turned query and a turned key depends on their distance alone.
    `d` is the size of what is turned: one head's query or key. Pairs are neighbours, (0, 1),
    (2, 3), … Source: Su et al. 2021 (RoFormer), section 3.2.2.
    """

    def __init__(self, d: int, base: float = 10_000.0):
        super().__init__()
        frequencies(d, base)
        self.d, self.base = d, base

    def forward(self, x: Float[Tensor, "*batch n d"]) -> Float[Tensor, "*batch n d"]:
        if x.shape[-1] != self.d:
            raise ValueError(f"Rotary turns vectors of {self.d} numbers, got {x.shape[-1]}.")
        hands = angles(x.shape[-2], self.d, self.base).to(x.device)
        cos, sin = hands.cos().to(x.dtype), hands.sin().to(x.dtype)
        first, second = x.unflatten(-1, (-1, 2)).unbind(-1)
        turned = torch.stack([first * cos - second * sin, first * sin + second * cos], dim=-1)
        return turned.flatten(-2)
