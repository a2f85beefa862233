"""Telling a model where each token stands: sinusoidal, learned and rotary positions.

A text may come in parts (a model that speaks reads one new token at a time): `start` is the
position of the first token that is given.
"""

from collections.abc import Callable
from functools import partial

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


class _Rows:
    """The first rows of an endless table: worked out once, and twice as many when they run out."""

    def __init__(self, table: Callable[[int], Tensor]):
        self.table = table  # n -> the rows 0 … n - 1
        self.known: Tensor | None = None

    def __call__(self, start: int, n: int, like: Tensor) -> Tensor:
        """Rows start … start + n - 1, with the dtype and on the device of `like`."""
        known, end = self.known, start + n
        if torch.compiler.is_exporting() or torch.jit.is_tracing():
            # What is made here belongs to the model that is written down, for texts of any length.
            return self.table(end).to(like)[start:]
        fits = known is not None and known.dtype == like.dtype and known.device == like.device
        if not fits or end > len(known):
            # Rows first needed while a model speaks will be used in training too, where tensors
            # born in inference mode are refused.
            with torch.inference_mode(False):
                known = self.table(2 * end).to(like)
            if type(known) is Tensor:  # and not one of those that stand for a tensor
                self.known = known
        return known[start:end]


class NoPositions(nn.Module):
    """Leaves the tokens without a place, for mixers that know places themselves."""

    def forward(
        self, x: Float[Tensor, "batch n d_model"], start: int = 0
    ) -> Float[Tensor, "batch n d_model"]:
        return x


class SinusoidalPositions(nn.Module):
    """Adds the sinusoidal table to the tokens. No parameters, any length."""

    def __init__(self, d_model: int):
        super().__init__()
        frequencies(d_model)  # an odd d_model is found here, not in the middle of a forward pass
        self.d_model = d_model
        self._rows = _Rows(partial(sinusoidal, d_model=d_model))

    def forward(
        self, x: Float[Tensor, "batch n d_model"], start: int = 0
    ) -> Float[Tensor, "batch n d_model"]:
        expect_tokens(x, self.d_model, "SinusoidalPositions")
        return x + self._rows(start, x.shape[1], like=x)


class LearnedPositions(nn.Module):
    """Adds a trained vector for each position, up to `max_n` of them (as BERT and GPT-2 do).

    They start at random with a standard deviation of 0.02, as in both.
    """

    def __init__(self, max_n: int, d_model: int):
        super().__init__()
        self.max_n = max_n
        self.table = nn.Embedding(max_n, d_model)
        nn.init.normal_(self.table.weight, std=0.02)

    def forward(
        self, x: Float[Tensor, "batch n d_model"], start: int = 0
    ) -> Float[Tensor, "batch n d_model"]:
        expect_tokens(x, self.table.embedding_dim, "LearnedPositions")
        end = start + x.shape[1]
        if end > self.max_n:
            raise ValueError(
                f"LearnedPositions knows {self.max_n} positions, the text has {end} tokens. "
                "Cut the text, or make the model with a larger max_n."
            )
        return x + self.table.weight[start:end]


def turns(n: int, d: int, base: float = 10_000.0) -> Float[Tensor, "n 2 d"]:
    """What `Rotary` multiplies with at positions 0 … n - 1, in float64: cosines and signed sines.

    Clock i turns numbers 2i and 2i + 1; both have its cosine, -sine and +sine in turn.
    """
    hands = angles(n, d, base)
    cos, sin = hands.cos(), hands.sin()
    return torch.stack([torch.stack([cos, cos], -1), torch.stack([-sin, sin], -1)], 1).flatten(-2)


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
        self._rows = _Rows(partial(turns, d=d, base=base))

    def forward(
        self, x: Float[Tensor, "*batch n d"], start: int = 0
    ) -> Float[Tensor, "*batch n d"]:
        if x.shape[-1] != self.d:
            raise ValueError(f"Rotary turns vectors of {self.d} numbers, got {x.shape[-1]}.")
        cos, sin = self._rows(start, x.shape[-2], like=x).unbind(1)
        # (a, b) becomes (a · cos - b · sin, b · cos + a · sin)
        swapped = x.unflatten(-1, (-1, 2)).flip(-1).flatten(-2)
        return x * cos + swapped * sin
