"""A student's module, put on trial from outside the process in which it lives.

Most answers return numbers, which a child sends. A mixer is asked for more: gradients, other
precisions, a cache, what it does in training. So the judge holds a `Mirror` of it: a module with
the same class name, parts and parameters, whose `forward` is computed in the child (`mirrored`),
and whose gradients come back from there. What is tried, compared and concluded stays here.
"""

import inspect
import time
from collections.abc import Callable, Mapping
from typing import Any

import torch
from torch import Tensor, nn

from course_utils.classroom.nursery import Broken, Child, Gone

NONSENSE = "What came back from it is no result."


class Ended(BaseException):
    """The trial cannot go on. No Exception: a promise that tells errors must not tell this one."""

    def __init__(self, text: str, error: str):
        super().__init__(text)
        self.text, self.error = text, error


class Far:
    """The child in which an answer makes modules; `seconds` are for all that it is asked."""

    def __init__(self, child: Child, seconds: float):
        self.child, self.seconds, self.printed = child, seconds, ""
        self._until = time.monotonic() + seconds

    def answer(self, *args: Any, **kwargs: Any) -> Any:
        """What the answer makes of the arguments: a Mirror where that is a module."""
        told = self.ask("make", args=args, kwargs=kwargs)
        if told.get("is_nothing"):
            return None
        return _understood(lambda: _reflected(self, told))

    def ask(self, what: str, **more: Any) -> dict:
        """What the child says. Raises Ended, or as an exception of the same name what it raised.

        Its random numbers begin at a seed that is drawn here: after `manual_seed` dropout drops the
        same there, and who needs luck where none should be has another each time.
        """
        seed = int(torch.randint(2**31, ()))
        left = max(0.01, self._until - time.monotonic())
        try:
            told = self.child.ask({"do": "module", "what": what, "seed": seed, **more}, left)
        except Gone as gone:
            text = gone.text.replace(
                f"after {left:.0f} seconds", f"after {self.seconds:.0f} seconds"
            )
            raise Ended(text, gone.error) from None
        if not isinstance(told, dict):
            raise Ended(NONSENSE, "Ended")
        if "broken" in told:
            raise Broken(told["broken"])
        if told.get("problem") is not None:
            raise Ended(str(told["problem"])[:1000], str(told.get("error"))[:100])
        if "raised" in told:
            raise _understood(lambda: _raised(*told["raised"]))
        self.printed += str(told.get("printed", ""))
        return told


def _understood(read: Callable[[], Any]) -> Any:
    """Whatever a child sent that cannot be read ends the trial."""
    try:
        return read()
    except Exception:
        raise Ended(NONSENSE, "Ended") from None


def _raised(name: str, text: str, is_type_error: bool) -> Exception:
    """Under its name; what was a TypeError is one here, too: a promise asks for it."""
    return type(name, (TypeError if is_type_error else Exception,), {})(str(text))


def _reflected(far: Far, told: Mapping) -> Any:
    """A Mirror, or an object of a class of the same name for whatever is no module."""
    if not told["is_module"]:
        return type(told["kind"], (), {})()
    tensors = [nn.Parameter(one.detach(), one.requires_grad) for one in told["tensors"]]
    tree = told["tree"]
    base = MirrorWithCache if told["has_cache"] else Mirror
    mirror = _of_its_line(tree["line"], base)(far, told)
    _hang(mirror, tree, tensors)
    return mirror


def _of_its_line(line: list, base: type) -> type:
    """A class with the names, and the modules' names, of all that it is an heir of."""
    for module, name in reversed(line):
        base = type(name, (base,), {"__module__": module})
    return base


def _hang(module: nn.Module, tree: Mapping, tensors: list[nn.Parameter]) -> None:
    for name, index in tree["parameters"].items():
        module.register_parameter(name, tensors[index])
    for name, part in tree["children"].items():
        made = _of_its_line(part["line"], nn.Module)()
        _hang(made, part, tensors)
        module.add_module(name, made)


class Mirror(nn.Module):
    """A module that is asked in the child. Its parameters are here, and go along with each call."""

    def __init__(self, far: Far, told: Mapping):
        super().__init__()
        self.far, self.handle, self.dtype = far, int(told["module"]), None
        if "causal" in told:
            self.causal = told["causal"]

        def forward(*args: Any, **kwargs: Any) -> Any:
            return self._asked(args, kwargs)

        forward.__signature__ = _signature(told["forward"])
        self.forward = forward
        self.train(bool(told["training"]))

    def ask(self, what: str, **more: Any) -> dict:
        """To be done by the module as it is here: its weights, precision and mode."""
        state = {
            "module": self.handle,
            "training": self.training,
            "dtype": self.dtype and str(self.dtype).removeprefix("torch."),
            "weights": {name: weight.detach() for name, weight in self.named_parameters()},
        }
        return self.far.ask(what, **state, **more)

    def _asked(self, args: tuple, kwargs: Mapping) -> Any:
        cache = kwargs.get("cache")
        told = self.ask(
            "call",
            args=args,
            kwargs={name: one for name, one in kwargs.items() if name != "cache"},
            cache=cache.handle if isinstance(cache, MirroredCache) else None,
            with_gradients=torch.is_grad_enabled(),
            is_inference=torch.is_inference_mode_enabled(),
        )
        _change_as_there(args, told.get("args"))
        y, call = told.get("value"), told.get("call")
        if not (isinstance(y, Tensor) and y.requires_grad and torch.is_grad_enabled()):
            return y
        return _WayBack.apply(self, call, y.detach(), args[0], *self.parameters())

    def __deepcopy__(self, memo: dict) -> "Mirror":
        told = self.ask("copy")
        made = _understood(lambda: _reflected(self.far, told))
        made.dtype = self.dtype
        return made.train(self.training)

    def _apply(self, change: Callable[[Tensor], Tensor], recurse: bool = True) -> "Mirror":
        """What `.double()` and `.to(…)` call: the child does the same before the next call."""
        self.dtype = change(torch.zeros((), dtype=self.dtype)).dtype
        return super()._apply(change, recurse)


class MirrorWithCache(Mirror):
    """One that can go on from a cache."""

    def new_cache(self) -> "MirroredCache | None":
        told = self.ask("new_cache")
        return None if told.get("cache") is None else MirroredCache(self, told["cache"])


class MirroredCache:
    """What a module remembers, in the child."""

    def __init__(self, mirror: Mirror, handle: Any):
        self.mirror, self.handle = mirror, handle

    def reorder(self, rows: Tensor) -> None:
        self.mirror.ask("reorder", cache=self.handle, rows=rows)


class _WayBack(torch.autograd.Function):
    """The result of a call, and the way from it to the input and the weights, through the child."""

    @staticmethod
    def forward(ctx, mirror: Mirror, call: Any, y: Tensor, *inputs: Tensor) -> Tensor:
        ctx.mirror, ctx.call, ctx.shapes = mirror, call, [one.shape for one in inputs]
        return y.clone()

    @staticmethod
    def backward(ctx, gradient: Tensor) -> tuple:
        found = ctx.mirror.ask("back", call=ctx.call, gradient=gradient).get("gradients")
        if not isinstance(found, list) or len(found) != len(ctx.shapes):
            raise Ended(NONSENSE, "Ended")
        for one, shape in zip(found, ctx.shapes, strict=True):
            if one is not None and not (isinstance(one, Tensor) and one.shape == shape):
                raise Ended(NONSENSE, "Ended")
        return None, None, None, *found


def _change_as_there(args: tuple, theirs: Any) -> None:
    """What a call changed in its input is changed here."""
    for mine, now in zip(args, theirs if isinstance(theirs, tuple) else (), strict=False):
        if not (isinstance(mine, Tensor) and isinstance(now, Tensor)):
            continue
        if mine.shape == now.shape and mine.dtype == now.dtype and not torch.equal(mine, now):
            mine.data.copy_(now)


class _Shown:
    """What is only shown: a default, an annotation."""

    def __init__(self, text: Any):
        self.text = str(text)

    def __repr__(self) -> str:
        return self.text


def _signature(told: Mapping) -> inspect.Signature:
    """That of the student's `forward`; defaults other than None as what they look like."""
    empty = inspect.Signature.empty
    parameters = [
        inspect.Parameter(
            name,
            getattr(inspect.Parameter, kind),
            default=empty if default is ... else default and _Shown(default),
            annotation=_Shown(annotation) if annotation else empty,
        )
        for name, kind, default, annotation in told["parameters"]
    ]
    returns = _Shown(told["returns"]) if told["returns"] else empty
    return inspect.Signature(parameters, return_annotation=returns)
