"""The modules that a student's answer made, in the child: what a `mirror` asks is done here."""

import copy
import functools
import inspect
from collections.abc import Callable
from typing import Any

import torch
from torch import Tensor, nn

from course_utils.checks import isolate


class Mirrored:
    """Modules, caches and results by number, and one method for each thing that is asked."""

    def __init__(self, answer: Callable):
        self.answer = answer
        self.kept: list[Any] = []

    def do(self, request: dict) -> dict:
        """What came of it, as plain data; {"problem"} or {"raised"} where that is an error."""
        asked = {key: one for key, one in request.items() if key not in ("do", "what", "seed")}
        do = getattr(self, request["what"])
        if do != self.make:  # an error while it is made is the answer's; others are for the judge
            do = functools.partial(_errors_told, do)
        outcome = isolate.call(functools.partial(do, **asked), (), seed=request["seed"])
        if outcome.problem:
            return {"problem": outcome.problem, "error": outcome.error}
        return outcome.value | {"printed": outcome.printed}

    def keep(self, thing: Any) -> int:
        self.kept.append(thing)
        return len(self.kept) - 1

    def make(self, args: tuple, kwargs: dict) -> dict:
        made = self.answer(*args, **kwargs)
        if made is None or made is ...:
            return {"is_nothing": True}
        return self._described(made)

    def copy(self, **state: Any) -> dict:
        return self._described(copy.deepcopy(self._as_asked(**state)))

    def call(
        self,
        args: tuple,
        kwargs: dict,
        cache: int | None,
        with_gradients: bool,
        is_inference: bool,
        **state: Any,
    ) -> dict:
        module = self._as_asked(**state)
        if cache is not None:
            kwargs = kwargs | {"cache": self.kept[cache]}
        mode = torch.inference_mode() if is_inference else torch.set_grad_enabled(with_gradients)
        with mode:
            y = module(*args, **kwargs)
        return {"value": y, "call": self.keep((y, args)), "args": args}

    def back(self, call: int, gradient: Tensor, **state: Any) -> dict:
        """Gradients of the first argument and of the weights that came along, in their order.

        None where nothing depends on it.
        """
        module, (y, args) = self._as_asked(**state), self.kept[call]
        own = dict(module.named_parameters())
        inputs = [args[0], *(own[name] for name in state["weights"])]
        asking = [one for one in inputs if one.requires_grad]
        found = iter(torch.autograd.grad(y, asking, gradient, retain_graph=True, allow_unused=True))
        return {"gradients": [next(found) if one.requires_grad else None for one in inputs]}

    def new_cache(self, **state: Any) -> dict:
        cache = self._as_asked(**state).new_cache()
        return {"cache": None if cache is None else self.keep(cache)}

    def reorder(self, cache: int, rows: Tensor, **state: Any) -> dict:
        self.kept[cache].reorder(rows)
        return {}

    def _as_asked(
        self, module: int, training: bool, dtype: str | None, weights: dict[str, Tensor]
    ) -> nn.Module:
        """The module in this mode and precision, with these weights.

        They are put into the tensors that it has: a result from before may still want its way back.
        """
        asked = self.kept[module]
        if asked.training != training:
            asked.train(training)
        if dtype:
            asked.to(getattr(torch, dtype))
        for name, weight in asked.named_parameters():
            if name in weights:
                weight.data.copy_(weights[name])
        return asked

    def _described(self, made: Any) -> dict:
        if not isinstance(made, nn.Module):
            return {"is_module": False, "kind": type(made).__name__}
        tensors: list[Tensor] = []
        told = {"causal": made.causal} if hasattr(made, "causal") else {}
        return told | {
            "is_module": True,
            "module": self.keep(made),
            "tree": _tree(made, tensors),
            "tensors": tensors,
            "training": made.training,
            "has_cache": hasattr(made, "new_cache"),
            "forward": _signature(made.forward),
        }


def _errors_told(do: Callable, **asked: Any) -> dict:
    """What it returns, or its error's name and text: that is raised once more before the judge."""
    try:
        return do(**asked)
    except Exception as error:
        is_type_error = isinstance(error, TypeError)
        return {"raised": (type(error).__name__, str(error)[:1000], is_type_error)}


def _tree(module: nn.Module, tensors: list[Tensor]) -> dict:
    """Names of classes, parts and parameters; a parameter is its place in `tensors`."""
    own = module._parameters
    return {
        "line": [(kind.__module__, kind.__name__) for kind in _line(module)],
        "parameters": {name: _place(one, tensors) for name, one in own.items() if one is not None},
        "children": {name: _tree(part, tensors) for name, part in module.named_children()},
    }


def _line(module: nn.Module) -> list[type]:
    """What it is an heir of, itself first, up to nn.Module."""
    return [kind for kind in type(module).mro() if issubclass(kind, nn.Module)][:-1]


def _place(tensor: Tensor, tensors: list[Tensor]) -> int:
    for place, one in enumerate(tensors):
        if one is tensor:
            return place
    tensors.append(tensor)
    return len(tensors) - 1


def _signature(forward: Callable) -> dict:
    """Each parameter as (name, kind, default, annotation), and what is returned, in words.

    A default that is not None is its text, and ... says that there is none.
    """
    signature = inspect.signature(forward)
    return {
        "parameters": [
            (one.name, one.kind.name, _default(one), _annotation(one.annotation))
            for one in signature.parameters.values()
        ],
        "returns": _annotation(signature.return_annotation),
    }


def _default(parameter: inspect.Parameter) -> Any:
    if parameter.default is inspect.Parameter.empty:
        return ...
    return None if parameter.default is None else repr(parameter.default)


def _annotation(annotation: Any) -> str:
    is_there = annotation is not inspect.Signature.empty
    return inspect.formatannotation(annotation) if is_there else ""
