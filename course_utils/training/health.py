"""Where a training run broke: the step, and the first layer whose output is not finite."""

from collections.abc import Callable
from contextlib import ExitStack
from typing import Any

import torch
from torch import Tensor, nn


class Diverged(ArithmeticError):
    """The loss or a gradient is no finite number. `step` says when, `layer` where it began."""

    # Without the defaults it could not be sent from one process to another: what is sent is the
    # message alone, and what else it holds is put in afterwards.
    def __init__(self, message: str, *, step: int = 0, layer: str | None = None):
        super().__init__(message)
        self.step, self.layer = step, layer


MEND = (
    "The model has the weights of the step before. Usual reasons: a learning rate that is too "
    "high or has no warm-up, the logarithm of zero, a row whose mask hides everything."
)


def loss_is_not_finite(
    model: nn.Module, forward: Callable[[], Any], *, step: int, loss: float
) -> Diverged:
    """The error for a loss of NaN or infinity. `forward` repeats what led to it."""
    found = first_layer_not_finite(model, forward)
    if found is None:
        where = "Every layer's output is finite: look at the loss function itself."
        return Diverged(f"step {step}: the loss is {loss}. {where} {MEND}", step=step, layer=None)
    name, layer = found
    label = f"{name or 'the model itself'} ({type(layer).__name__})"
    if all(weights.isfinite().all() for weights in layer.parameters()):
        why = "Its weights are finite."
    else:
        why = "Its weights are not finite either: an earlier step broke them."
    return Diverged(
        f"step {step}: the loss is {loss}. The first layer whose output is not finite is {label}. "
        f"{why} {MEND}",
        step=step,
        layer=name,
    )


def gradient_is_not_finite(model: nn.Module, *, step: int) -> Diverged:
    """The error for a finite loss whose gradient is not; `layer` is the one nearest to the output.

    Gradients travel from the end of the model to its beginning, so that is where it began. `layer`
    is None if the gradient is finite, and only too long.
    """
    broken = [
        name
        for name, weights in model.named_parameters()
        if weights.grad is not None and not weights.grad.isfinite().all()
    ]
    if not broken:
        return Diverged(
            f"step {step}: the loss is finite, and so is each number of its gradient, but their "
            f"squares add up to more than a number can hold. {MEND}",
            step=step,
            layer=None,
        )
    layer = broken[-1].rpartition(".")[0]
    return Diverged(
        f"step {step}: the loss is finite, its gradient is not: there is NaN or infinity in that "
        f"of {', '.join(broken[-3:])}{' and others' if len(broken) > 3 else ''}. {MEND}",
        step=step,
        layer=layer,
    )


def first_layer_not_finite(
    model: nn.Module, forward: Callable[[], Any]
) -> tuple[str, nn.Module] | None:
    """The first module to finish with NaN or infinity in its output, and its name."""
    found: list[tuple[str, nn.Module]] = []

    def watch(name: str):
        def look(module: nn.Module, inputs: tuple, output: Any) -> None:
            if not found and not finite(output):
                found.append((name, module))

        return look

    with ExitStack() as hooks, torch.no_grad():
        for name, module in model.named_modules():
            hooks.callback(module.register_forward_hook(watch(name)).remove)
        forward()
    return found[0] if found else None


def finite(output: Any) -> bool:
    """Whether all floating-point numbers in a tensor, or in tensors in tuples, are finite."""
    if isinstance(output, Tensor):
        return not output.is_floating_point() or bool(output.isfinite().all())
    if isinstance(output, list | tuple):
        return all(map(finite, output))
    return True
