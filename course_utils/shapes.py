"""Errors about sizes and shapes that name the numbers."""

import operator

import torch
from torch import Tensor


def expect_tokens(x: Tensor, d_model: int, who: str) -> None:
    """Raise ValueError unless `x` is [batch, n, d_model]."""
    if x.ndim != 3 or x.shape[-1] != d_model:
        mend = "Add a batch with x[None]." if x.ndim == 2 else "Check the last dimension."
        raise ValueError(
            f"{who} expects x of shape [batch, n, d_model={d_model}], got {list(x.shape)}. {mend}"
        )


def expect_mask(mask: Tensor | None, batch: int, n: int, who: str) -> None:
    """Raise ValueError or TypeError unless `mask` is None or boolean [batch, n]."""
    if mask is None:
        return
    expect_boolean(mask, who)
    if list(mask.shape) != [batch, n]:
        raise ValueError(
            f"{who} expects a mask of shape [batch, n] = [{batch}, {n}], got {list(mask.shape)}."
        )


def expect_boolean(mask: Tensor, who: str) -> None:
    """Raise TypeError unless `mask` is boolean: whole numbers would be taken for places."""
    if mask.dtype != torch.bool:
        raise TypeError(
            f"{who} expects a boolean mask (True = real token, False = padding), got {mask.dtype}. "
            "Compare the ids with the padding id: mask = ids != pad_id."
        )


def whole_numbers(ids) -> Tensor:
    """Token ids as an int64 tensor. TypeError for fractions: cut off, they would name others."""
    given = torch.as_tensor(ids)
    whole = not (given.is_floating_point() or given.is_complex() or given.dtype == torch.bool)
    if given.numel() and not whole:
        raise TypeError(f"token ids are whole numbers, got {given.dtype}.")
    return given.long()


def expect_at_least(least: int, **numbers: int | None) -> None:
    """Raise an error that names the first number that is not whole, or below `least`.

    TypeError or ValueError; None is no number.
    """
    for name, number in numbers.items():
        if number is None:
            continue
        try:
            operator.index(number)
        except TypeError:
            raise TypeError(f"{name} is a whole number, got {number!r}.") from None
        if number < least:
            raise ValueError(f"{name} is a number of {least} or more, got {number}.")


def heads_divide(d_model: int, n_heads: int) -> int:
    """The size of one head, d_model / n_heads; ValueError if that is no whole number."""
    if n_heads < 1:
        raise ValueError(f"n_heads must be at least 1, got {n_heads}.")
    if d_model % n_heads:
        raise ValueError(
            f"d_model={d_model} cannot be cut into n_heads={n_heads} equal heads: "
            f"{d_model} / {n_heads} is not a whole number. Choose a divisor of {d_model}."
        )
    return d_model // n_heads


def expect_dropout(dropout: float) -> None:
    """Raise ValueError unless `dropout` is a share of weights."""
    if not 0 <= dropout <= 1:
        raise ValueError(f"dropout is a share of weights, between 0 and 1, got {dropout}.")
