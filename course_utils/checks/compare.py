"""Is this what was expected? If not: the most specific true statement about it.

Kinds and shapes are compared before numbers, because a comparison of numbers would broadcast, and
so let wrong shapes pass.
"""

import inspect
import math
import re
import reprlib
from collections.abc import Mapping, Sequence
from numbers import Number
from typing import Any

import numpy as np
import torch
from torch import Tensor, isclose  # isclose by its own name: a notebook may replace torch's

RELATIVE, ABSOLUTE = 1e-4, 1e-5  # of float32 and of Python's numbers
NOISE = 1e-6  # what is left of float32 where large numbers cancel
PLACE = "at place "
OFF = "are off"  # in the sentence about values that differ where the kind and the shape are right
TOLERANCES = {
    torch.float64: (1e-7, 1e-9),
    torch.complex128: (1e-7, 1e-9),
    torch.float16: (1e-2, 1e-3),
    torch.bfloat16: (3e-2, 1e-2),
}


class Foreign:
    """What stands for a result that came from another process and is no plain data.

    `text` is what was to be said of it there, in the words of `kind_in_words`.
    """

    def __init__(self, text: str):
        self.text = text

    def __repr__(self) -> str:
        return self.text


def difference(expected: Any, got: Any, dimensions: tuple = ()) -> str | None:
    """What is wrong with `got`, in a sentence; None if nothing is.

    `dimensions` names the last axes of a tensor, or of each tensor in a tuple.
    """
    if isinstance(expected, Tensor):
        return _tensor_difference(expected, got, dimensions)
    if isinstance(expected, np.ndarray):
        return _array_difference(expected, got, dimensions)
    if isinstance(expected, bool) or expected is None or isinstance(expected, str | bytes):
        return None if _same(expected, got) else f"expected {expected!r}, got {_short(got)}."
    if isinstance(expected, Number):
        return _number_difference(expected, got)
    if isinstance(expected, set | frozenset):
        same = isinstance(got, set | frozenset) and expected == got
        return None if same else f"expected {_short(expected)}, got {_short(got)}."
    if isinstance(expected, Mapping):
        return _mapping_difference(expected, got)
    if isinstance(expected, Sequence):
        return _sequence_difference(expected, got, dimensions)
    raise TypeError(f"a reference returned a {type(expected).__name__}, which nobody can compare.")


OF_A_KIND = re.compile(r"expected (an? |numbers of the kind|\d+ things)|cannot be compared")


def kind_of_difference(said: str) -> str:
    """A sentence of `difference` in a word that does not change: "shape", "kind" or "numbers"."""
    if "expected the shape" in said:
        return "shape"
    return "kind" if OF_A_KIND.search(said) and OFF not in said else "numbers"


def _same(expected: Any, got: Any) -> bool:
    if isinstance(expected, str):  # numpy's strings are strings, too; a subclass is not asked
        return issubclass(type(got), str) and str.__eq__(expected, got)
    return type(expected) is type(got) and expected == got


def _number_difference(expected: Number, got: Any) -> str | None:
    if isinstance(got, Tensor | np.ndarray | np.generic) and np.prod(got.shape) == 1:
        got = got.item()
    if isinstance(got, bool) or not isinstance(got, Number):
        return f"expected a number, got {kind_in_words(got)}."
    if isinstance(expected, int) and isinstance(got, int):
        close = expected == got
    elif not (math.isfinite(abs(expected)) and math.isfinite(abs(got))):
        close = expected == got or (expected != expected and got != got)
    else:
        close = abs(expected - got) <= _absolute(float(abs(expected))) + RELATIVE * abs(expected)
    return None if close else f"expected {expected:.6g}, got {got:.6g}."


def _absolute(largest: float) -> float:
    """The absolute tolerance for numbers up to `largest`: small ones need a small one."""
    return max(NOISE, ABSOLUTE * min(1.0, largest))


def _mapping_difference(expected: Mapping, got: Any) -> str | None:
    if not isinstance(got, Mapping):
        return f"expected a dictionary, got {kind_in_words(got)}."
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


def _sequence_difference(expected: Sequence, got: Any, dimensions: tuple) -> str | None:
    if isinstance(got, Tensor) and _is_stack_like(expected, got):
        got = got.unbind()  # the same to whoever takes it apart
    if not isinstance(got, list | tuple):
        what = f"{len(expected)} things in a {type(expected).__name__}"
        return f"expected {what}, got {kind_in_words(got)}."
    if len(expected) != len(got):
        return (
            f"expected {len(expected)} things, got {len(got)}: "
            f"expected {_short(expected)}, got {_short(got)}."
        )
    for i, (one, other) in enumerate(zip(expected, got, strict=True)):
        problem = difference(one, other, _names_of_part(dimensions, i))
        if problem and problem.startswith(PLACE):  # a place inside a place
            return f"{PLACE}{i}, {problem.removeprefix(PLACE)}"
        if problem:
            return f"{PLACE}{i} (counted from 0): {problem}"
    return None


def _is_stack_like(parts: Sequence, got: Tensor) -> bool:
    """Could `got` be these tensors, all of one shape, stacked?"""
    alike = (isinstance(part, Tensor) and part.shape == got.shape[1:] for part in parts)
    return got.ndim > 0 and len(got) == len(parts) > 0 and all(alike)


def _names_of_part(dimensions: tuple, i: int) -> tuple:
    """One set of names for all parts, or one for each."""
    if dimensions and not isinstance(dimensions[0], str):
        return dimensions[i] if i < len(dimensions) else ()
    return dimensions


def _array_difference(expected: np.ndarray, got: Any, dimensions: tuple) -> str | None:
    numbers = _as_tensor(got) if isinstance(got, np.ndarray) else None
    if numbers is None:
        return f"expected a numpy array of numbers, got {kind_in_words(got)}."
    return _tensor_difference(_as_tensor(expected), numbers, dimensions)


def _as_tensor(array: np.ndarray) -> Tensor | None:
    """The same numbers for torch; None if they are no numbers."""
    try:
        return torch.from_numpy(np.ascontiguousarray(array).reshape(array.shape))
    except TypeError:
        return None


def _shape(shape: Sequence[int], dimensions: tuple) -> str:
    """[n_query, n_key] = [3, 5]; axes in front of the named ones are dots."""
    if not dimensions or len(dimensions) > len(shape):
        return str(list(shape))
    front = ["…"] * (len(shape) > len(dimensions))
    return f"[{', '.join([*front, *dimensions])}] = {list(shape)}"


def _tensor_difference(expected: Tensor, got: Any, dimensions: tuple) -> str | None:
    if isinstance(got, np.ndarray):
        numbers = _as_tensor(got)
        fits = numbers is not None and (expected.is_complex() or not numbers.is_complex())
        right = fits and difference(expected, numbers.to(expected.dtype)) is None
        praise = " Its numbers are right." if right else ""
        return f"expected a torch tensor, got a numpy array.{praise} Stay in torch all the way."
    if expected.ndim == 0 and isinstance(got, Number) and expected.dtype != torch.bool:
        return _number_difference(expected.item(), got)
    if not isinstance(got, Tensor):
        return f"expected a tensor, got {kind_in_words(got)}."
    got = _plain(got)
    if got.shape != expected.shape:
        return f"expected the shape {_shape(expected.shape, dimensions)}, got {list(got.shape)}."
    if not _is_as_good(got.dtype, expected.dtype):
        return f"expected numbers of the kind {expected.dtype}, got {got.dtype}."
    if not _has_digits(expected.dtype):
        wrong = got != expected
    else:
        bad = first_not_finite(got)
        if bad is not None and bool(expected.isfinite().all()):
            return bad
        relative, absolute = TOLERANCES.get(expected.dtype) or (RELATIVE, _near(expected))
        wrong = ~isclose(_wide(got), _wide(expected), relative, absolute, equal_nan=True)
    if not wrong.any():
        return None
    if expected.dtype == torch.bool:  # where all that is wrong is equally wrong, the first will do
        place = tuple(wrong.nonzero()[0].tolist())
        return (
            f"{int(wrong.sum())} of {wrong.numel()} places {OFF}{_at(place, ', the first')}: "
            f"expected {expected[place].item()}, got {got[place].item()}."
        )
    gap = (_wide(got) - _wide(expected)).abs().nan_to_num(torch.inf)
    place = tuple(int(i) for i in np.unravel_index(int((gap * wrong).argmax()), gap.shape))
    return (
        f"{int(wrong.sum())} of {wrong.numel()} numbers {OFF}{_at(place, ', most of all')}: "
        f"expected {_number(expected[place])}, got {_number(got[place])}."
    )


def _at(place: tuple[int, ...], which: str) -> str:
    return f"{which} at {list(place)}" if place else which


def _has_digits(dtype: torch.dtype) -> bool:
    return dtype.is_floating_point or dtype.is_complex


def _wide(tensor: Tensor) -> Tensor:
    return tensor.detach().to(torch.complex128 if tensor.is_complex() else torch.float64)


def _plain(tensor: Tensor) -> Tensor:
    """The tensor itself, whatever a subclass of it would like to answer for it."""
    with torch._C.DisableTorchFunctionSubclass():
        return tensor if type(tensor) is Tensor else tensor.as_subclass(Tensor)


def _near(expected: Tensor) -> float:
    """The absolute tolerance for a tensor in float32."""
    sizes = expected.detach()[expected.isfinite()].abs()
    return _absolute(float(sizes.max())) if sizes.numel() and sizes.any() else ABSOLUTE


def _is_as_good(one: torch.dtype, other: torch.dtype) -> bool:
    """Whole numbers of any width for whole numbers, the same digits or more for digits.

    Who computes in float64 has thought about rounding; where int32 overflows, the values show it.
    """
    if one == other:
        return True
    if torch.bool in (one, other) or one.is_complex != other.is_complex:
        return False
    if not _has_digits(one) and not _has_digits(other):
        return True
    both = _has_digits(one) and _has_digits(other)
    return both and torch.finfo(one).eps < torch.finfo(other).eps


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
    return f"{value.item():.4g}" if _has_digits(value.dtype) else str(value.item())


def kind_in_words(value: Any) -> str:
    """What somebody got instead, in a few words."""
    if isinstance(value, Foreign):
        return value.text
    name = type(value).__name__
    if value is None:
        return "None (is there a return?)"
    if isinstance(value, type):
        return f"the class {value.__name__}"
    if inspect.isgenerator(value):
        return "a generator (is there a yield where a return should be?)"
    if inspect.iscoroutine(value):
        return "a coroutine (is there an async in front of the def?)"
    if inspect.isroutine(value) or isinstance(value, torch.nn.Module):
        return f"a {name}, not called"
    return f"a {name}: {_short(value)}"


SHORT = reprlib.Repr()  # never writes out a list of millions to show its beginning
SHORT.maxlist = SHORT.maxtuple = SHORT.maxdict = SHORT.maxset = SHORT.maxfrozenset = 40
SHORT.maxstring = SHORT.maxlong = SHORT.maxother = 120
ADDRESS = re.compile(r" at 0x[0-9a-fA-F]+")  # differs from run to run, and tells nobody anything


def _short(value: Any) -> str:
    text = ADDRESS.sub("", SHORT.repr(value))
    return text if len(text) <= 120 else text[:117] + "…"
