"""Values as plain data: what may pass between the one that judges and the one that runs answers.

`pack` writes a JSON tree and behind it the raw numbers of its tensors; `unpack` reads that and
nothing else. No pickle: a pickle is a program, and these bytes come from students. What is no
plain value arrives as a `Foreign`, a sentence about it. The way to the child is the grader's own,
so there three kinds more may travel (`names`): a function or class of the task, a partial, an
object.
"""

import functools
import json
import struct
from collections.abc import Callable, Mapping
from typing import Any

import numpy as np
import torch
from torch import Tensor

from course_utils.checks.compare import Foreign, _plain, kind_in_words

BYTES = 64 * 2**20  # of a message, at most
DEPTH = 40
NODES = 1_000_000
MARKS = 4 * NODES  # brackets and commas in the tree: what it takes in memory, before it is read
TEXT = 300  # characters about a foreign thing
HEAD = struct.Struct(">Q")
DTYPES = {
    str(dtype).removeprefix("torch."): dtype
    for dtype in (
        torch.bool, torch.uint8, torch.int8, torch.int16, torch.int32, torch.int64,
        torch.float16, torch.bfloat16, torch.float32, torch.float64,
        torch.complex64, torch.complex128,
    )
}  # fmt: skip


class TooMuch(Exception):
    """The value is larger, deeper or of more parts than a message may be."""


class Malformed(Exception):
    """These bytes are no packed value."""


def pack(value: Any, names: Callable[[Any], str | None] | None = None) -> bytes:
    """The value as bytes; TooMuch if it is too large. `names`: what the child knows by name."""
    packing = _Packing(names)
    tree = json.dumps(packing.node(value, 0)).encode()
    if _marks(tree) > MARKS:
        raise TooMuch(f"{_marks(tree):,} brackets and commas, and {MARKS:,} are the most.")
    if len(tree) + packing.size > BYTES:
        raise TooMuch(f"{len(tree) + packing.size:,} bytes, and {BYTES:,} are the most.")
    return b"".join([HEAD.pack(len(tree)), tree, *packing.buffers])


def _marks(tree: bytes) -> int:
    return sum(map(tree.count, (b"[", b"{", b",")))


class _Packing:
    def __init__(self, names: Callable[[Any], str | None] | None):
        self.names, self.buffers, self.size, self.nodes = names, [], 0, 0

    def buffer(self, content: bytes) -> list[int]:
        start = self.size
        self.buffers.append(content)
        self.size += len(content)
        return [start, len(content)]

    def expect(self, n_bytes: int) -> None:
        """Before the bytes are made: an expanded tensor is small here, and huge when written."""
        if self.size + n_bytes > BYTES:
            raise TooMuch(f"more than {BYTES:,} bytes.")

    def node(self, value: Any, depth: int) -> Any:
        self.nodes += 1
        if depth > DEPTH or self.nodes > NODES:
            raise TooMuch(f"more than {DEPTH} levels or {NODES:,} parts.")
        if value is None or value is True or value is False:
            return value
        if isinstance(value, Tensor):
            return self.tensor(_plain(value))
        if isinstance(value, np.ndarray | np.generic) and not isinstance(value, str):
            return self.array(value)
        for kind, plain in ((str, str.__str__), (int, int.__int__), (float, float.__float__)):
            if isinstance(value, kind):
                return plain(value)
        deeper = functools.partial(self.node, depth=depth + 1)
        if isinstance(value, list):
            return [deeper(one) for one in list.__iter__(value)]
        for mark, kind in (("tuple", tuple), ("set", set), ("frozenset", frozenset)):
            if isinstance(value, kind):
                return {mark: [deeper(one) for one in kind.__iter__(value)]}
        if isinstance(value, Mapping):
            pairs = dict.items(value) if isinstance(value, dict) else value.items()
            return {"dict": [[deeper(key), deeper(one)] for key, one in pairs]}
        if isinstance(value, bytes | bytearray):
            self.expect(len(value))
            return {"bytes": self.buffer(bytes(value))}
        if isinstance(value, complex):
            return {"complex": [value.real, value.imag]}
        if value is ...:
            return {"ellipsis": True}
        return self.named(value, deeper) or {"foreign": kind_in_words(value)[:TEXT]}

    def named(self, value: Any, deeper: Callable) -> Any:
        """What the child can make again, because it has the text of its class or function."""
        if self.names is None:
            return None
        if isinstance(value, functools.partial):
            parts = value.func, value.args, value.keywords
            return {"partial": [deeper(part) for part in parts]}
        if name := self.names(value):
            return {"name": name}
        if name := self.names(type(value)):
            return {"object": [name, deeper(vars(value))]}
        raise TypeError(f"no child could be given a {type(value).__name__}")

    def tensor(self, value: Tensor) -> Any:
        name = str(value.dtype).removeprefix("torch.")
        if value.layout != torch.strided or value.device.type != "cpu" or name not in DTYPES:
            return {"foreign": f"a tensor of layout {value.layout} on {value.device}"}
        self.expect(value.numel() * value.itemsize)
        flat = value.detach().resolve_conj().resolve_neg().contiguous().reshape(-1)
        content = flat.view(torch.uint8).numpy().tobytes() if flat.numel() else b""
        return {
            "tensor": [name, list(value.shape), bool(value.requires_grad), *self.buffer(content)]
        }

    def array(self, value: np.ndarray | np.generic) -> Any:
        if value.dtype.kind not in "biufc":
            return {"foreign": f"a numpy {type(value).__name__} of {value.dtype}"}
        self.expect(value.size * value.dtype.itemsize)
        content = np.ascontiguousarray(value).tobytes()
        mark = "number" if isinstance(value, np.generic) else "array"
        return {mark: [value.dtype.str, list(value.shape), *self.buffer(content)]}


def unpack(content: bytes, known: Mapping[str, Any] | None = None) -> Any:
    """The value; Malformed if the bytes are not of `pack`. `known` has what goes by its name."""
    try:
        (length,) = HEAD.unpack_from(content)
        start = HEAD.size + length
        text = content[HEAD.size : start]
        if _marks(text) > MARKS:
            raise Malformed(f"more than {MARKS:,} brackets and commas")
        tree = json.loads(text)
        return _Unpacking(memoryview(content)[start:], known).value(tree, 0)
    except Malformed:
        raise
    except Exception as error:  # whatever bytes they are
        raise Malformed(f"{type(error).__name__}: {error}"[:TEXT]) from None


class _Unpacking:
    def __init__(self, buffers: memoryview, known: Mapping[str, Any] | None):
        self.buffers, self.known = buffers, known

    def value(self, node: Any, depth: int) -> Any:
        if depth > DEPTH:
            raise Malformed(f"more than {DEPTH} levels")
        deeper = functools.partial(self.value, depth=depth + 1)
        if isinstance(node, list):
            return [deeper(one) for one in node]
        if not isinstance(node, dict):
            return node
        [(mark, content)] = node.items()
        match mark:
            case "tuple" | "set" | "frozenset":
                kind = {"tuple": tuple, "set": set, "frozenset": frozenset}[mark]
                return kind(deeper(one) for one in content)
            case "dict":
                return {deeper(key): deeper(one) for key, one in content}
            case "bytes":
                return bytes(self.slice(*content))
            case "complex":
                return complex(*content)
            case "ellipsis":
                return ...
            case "foreign":
                return Foreign(str(content)[:TEXT])
            case "tensor":
                return self.tensor(*content)
            case "array" | "number":
                array = self.array(*content)
                return array if mark == "array" else array[()]
        return self.named(mark, content, deeper)

    def named(self, mark: str, content: Any, deeper: Callable) -> Any:
        if self.known is None:
            raise Malformed(f"{mark!r} is no plain value")
        if mark == "name":
            return self.known[content]
        if mark == "partial":
            function, args, kwargs = map(deeper, content)
            return functools.partial(function, *args, **kwargs)
        if mark == "object":
            name, state = content
            made = object.__new__(self.known[name])
            vars(made).update(deeper(state))
            return made
        raise Malformed(f"{mark!r} is no plain value")

    def slice(self, start: int, length: int) -> memoryview:
        if not 0 <= start <= start + length <= len(self.buffers):
            raise Malformed(f"bytes {start} to {start + length} of {len(self.buffers)}")
        return self.buffers[start : start + length]

    def tensor(self, name: str, shape: list[int], requires_grad: bool, *place: int) -> Tensor:
        dtype, content = DTYPES[name], bytearray(self.slice(*place))
        flat = torch.frombuffer(content, dtype=dtype) if content else torch.empty(0, dtype=dtype)
        made = flat.reshape(shape)
        return made.requires_grad_() if requires_grad else made

    def array(self, dtype: str, shape: list[int], *place: int) -> np.ndarray:
        kind = np.dtype(dtype)
        if kind.kind not in "biufc":
            raise Malformed(f"numbers of the kind {dtype!r}")
        return np.frombuffer(bytearray(self.slice(*place)), kind).reshape(shape)
