"""A training run on the disk: all that it needs to go on as if it had never stopped."""

import io
import math
from dataclasses import asdict
from pathlib import Path
from typing import Any, NamedTuple

import torch
from torch import Tensor, nn

from course_utils.atomic import write_atomically
from course_utils.training.history import History

FORMAT = 1


class Saved(NamedTuple):
    """What a checkpoint file holds."""

    model: dict[str, Tensor]
    optimizer: dict[str, Any]
    history: History
    best: dict[str, Tensor] | None  # the weights of the lowest validation loss, if kept
    settings: dict[str, Any]  # what has to be the same for the run to be the same


def save(path: Path, saved: Saved) -> None:
    """Write a checkpoint: the whole new one, or the old one stays.

    It is read before it is put in place. ValueError if something in it cannot be read back.
    """
    stream = io.BytesIO()
    torch.save({"format": FORMAT, **saved._asdict(), "history": asdict(saved.history)}, stream)
    content = stream.getvalue()
    try:
        read(content)
    except Exception as error:
        raise ValueError(
            f"{path.name} was not written, because it could not be read again: {reason(error)}. "
            "A checkpoint holds tensors and plain numbers: look at the model's state_dict()."
        ) from error
    write_atomically(path, content)


def load(path: Path) -> Saved:
    """Read a checkpoint. Tensors come to the CPU; `load_state_dict` takes them where they belong.

    ValueError if it is damaged, or holds anything but numbers and tensors.
    """
    begin_again = f"Delete {path} to begin again, or name another file."
    try:
        return read(path.read_bytes())
    except Exception as error:
        raise ValueError(
            f"this checkpoint cannot be read: {reason(error)}. {begin_again}"
        ) from error


def read(content: bytes) -> Saved:
    """Only numbers and tensors are read, never code: a file from anybody is safe to open."""
    stored = torch.load(io.BytesIO(content), map_location="cpu", weights_only=True)
    if stored.pop("format") != FORMAT:
        raise ValueError("it was written by another version of the course")
    return Saved(**{**stored, "history": History(**stored["history"])})


def reason(error: Exception) -> str:
    """The first line of what an error says, or its name if it says nothing."""
    return str(error).partition("\n")[0] or type(error).__name__


def refuse_another_run(path: Path, stored: dict[str, Any], given: dict[str, Any]) -> None:
    """Raise ValueError that names each setting in which a checkpoint's run was another one."""
    different = [
        f"{name}={given[name]!r} where the checkpoint has {stored.get(name)!r}"
        for name in given
        if not same(stored.get(name), given[name])
    ]
    if different:
        raise ValueError(
            f"the checkpoint {path.name} belongs to another run: {', '.join(different)}. "
            "Give the same settings, or another checkpoint file."
        )


def same(stored: Any, given: Any) -> bool:
    if isinstance(stored, float) and isinstance(given, float):
        return math.isclose(stored, given, rel_tol=1e-9)
    return stored == given


def put_back(path: Path, saved: Saved, model: nn.Module, optimizer: torch.optim.Optimizer) -> None:
    """Give the model and the optimizer what the checkpoint holds for them."""
    try:
        model.load_state_dict(saved.model)
        optimizer.load_state_dict(saved.optimizer)
    except (RuntimeError, ValueError) as error:
        raise ValueError(
            f"the checkpoint {path.name} is of a model of another shape: {error} "
            "Make the model as it was, or give another checkpoint file."
        ) from error
