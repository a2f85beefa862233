"""Is this what was expected? If not: the most specific true statement about it.

Kinds and shapes are compared before numbers, because a comparison of numbers would broadcast, and
so let wrong shapes pass.
"""

from collections.abc import Mapping, Sequence
from numbers import Number
from typing import Any

import numpy as np
import torch
from torch import Tensor

RELATIVE, ABSOLUTE = 1e-4, 1e-5


def difference(expected: Any, got: Any, dimensions: tuple[str, ...] = ()) -> str | None:
    """What is wrong with `got`, in a sentence; None if nothing is."""
    if isinstance(expected, Tensor):
        return _tensor_difference(expected, got, dimensions)
    if isinstance(expected, bool) or expected is None or isinstance(expected, str | bytes):
        return None if _same(expected, got) else f"expected {expected!r}, got {got!r}."
    if isinstance(expected, Number):
        return _number_difference(expected, got)
    if isinstance(expected, Mapping):
        return _mapping_difference(expected, got)
    if isinstance(expected, Sequence):
        return _sequence_difference(expected, got, dimensions)
    raise TypeError(f"a reference returned a {type(expected).__name__}, which nobody can compare.")


def _same(expected: Any, got: Any) -> bool:
    return type(expected) is type(got) and expected == got


def _number_difference(expected: Number, got: Any) -> str | None:
    if isinstance(got, Tensor | np.ndarray | np.generic) and np.size(got) == 1:
        got = got.item()
    if isinstance(got, bool) or not isinstance(got, Number):
        return f"expected a number, got {_kind(got)}."
    if isinstance(expected, int) and isinstance(got, int):
        close = expected == got
    else:
        close = abs(expected - got) <= ABSOLUTE + RELATIVE * abs(expected)
    return None if close else f"expected {expected:.6g}, got {got:.6g}."


def _mapping_difference(expected: Mapping, got: Any) -> str | None:
    if not isinstance(got, Mapping):
        return f"expected a dictionary, got {_kind(got)}."
    for key in expected:
        if key not in got:
            return f"{key!r} is missing: expected {_short(expected)}, got {_short(got)}."
    for key in got:
        if key not in expected:
            return f"{key!r} should not be there: expected {_short(expected)}, got {_short(got)}."
    for key, value in expected.items():
        problem = difference(value, got[key])
        if problem:
            return f"for {key!r}: {problem}"
    return None


def _sequence_difference(expected: Sequence, got: Any, dimensions: tuple[str, ...]) -> str | None:
    if not isinstance(got, list | tuple):
        return f"expected {len(expected)} things in a {type(expected).__name__}, got {_kind(got)}."
    if len(expected) != len(got):
        return (
            f"expected {len(expected)} things, got {len(got)}: "
            f"expected {_short(expected)}, got {_short(got)}."
        )
    for i, (one, other) in enumerate(zip(expected, got, strict=True)):
        problem = difference(one, other, dimensions if isinstance(one, Tensor) else ())
        if problem:
            return f"at place {i} (counted from 0): {problem}"
    return None


def _tensor_difference(expected: Tensor, got: Any, dimensions: tuple[str, ...]) -> str | None:
    if isinstance(got, np.ndarray):
        as_tensor = torch.from_numpy(np.ascontiguousarray(got)).to(expected.dtype)
        right = difference(expected, as_tensor, dimensions) is None
        praise = " Its numbers are right." if right else ""
        return f"expected a torch tensor, got a numpy array.{praise} Stay in torch all the way."
    if not isinstance(got, Tensor):
        return f"expected a tensor, got {_kind(got)}."
    if got.shape != expected.shape:
        names = f"[{', '.join(dimensions)}] = " if len(dimensions) == expected.ndim else ""
        return f"expected the shape {names}{list(expected.shape)}, got {list(got.shape)}."
    if got.dtype != expected.dtype and not (
        got.dtype.is_floating_point and expected.dtype.is_floating_point
    ):
        return f"expected numbers of the kind {expected.dtype}, got {got.dtype}."
    if not expected.dtype.is_floating_point:
        wrong = got != expected
    else:
        bad = first_not_finite(got)
        if bad is not None and bool(expected.isfinite().all()):
            return bad
        wrong = ~torch.isclose(
            got.detach().double(), expected.detach().double(), RELATIVE, ABSOLUTE, equal_nan=True
        )
    if not wrong.any():
        return None
    gap = (got.detach().double() - expected.detach().double()).abs().nan_to_num(torch.inf)
    place = tuple(int(i) for i in np.unravel_index(int((gap * wrong).argmax()), gap.shape))
    at = f" at {list(place)}" if place else ""
    return (
        f"{int(wrong.sum())} of {wrong.numel()} numbers are off, most of all{at}: "
        f"expected {_number(expected[place])}, got {_number(got[place])}."
    )


def first_not_finite(tensor: Tensor) -> str | None:
    """Where NaN or infinity begins, in a sentence; None if all is finite."""
    bad = ~tensor.detach().isfinite()
    if not bad.any():
        return None
    place = bad.nonzero()[0].tolist()
    value = tensor[tuple(place)].item()
    name = "NaN (0/0, or ∞ − ∞)" if value != value else "infinite"
    return f"a number is {name}; the first is at {place}."


def _number(value: Tensor) -> str:
    return f"{value.item():.4g}" if value.dtype.is_floating_point else str(value.item())


def _kind(value: Any) -> str:
    if value is None:
        return "None (is there a return?)"
    if callable(value) and not isinstance(value, type):
        return f"a {type(value).__name__}, not called"
    text = _short(value)
    return f"a {type(value).__name__}: {text}"


def _short(value: Any) -> str:
    text = repr(value)
    return text if len(text) <= 120 else text[:117] + "…"
