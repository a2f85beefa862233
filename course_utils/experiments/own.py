"""A mixer from anybody's own file, as a candidate: `my_module:MyMixer`."""

import hashlib
import importlib
import inspect
from collections.abc import Callable
from dataclasses import dataclass
from functools import partial
from pathlib import Path
from typing import ClassVar

from torch import nn

from course_utils.experiments.trials import Candidate, Socket
from course_utils.mixers.contract import BrokenContract, check_mixer
from course_utils.problem import Problem

Maker = Callable[..., nn.Module]  # (d_model, n_heads), or (d_model, n_heads, causal=True)


@dataclass(frozen=True)
class Own(Candidate):
    """A mixer that is no part of the course, as `module:name`, and a fingerprint of its file.

    `name` is called with d_model and n_heads, for a language model with causal=True as well. With
    the fingerprint, what a mixer did before its file was changed is not taken for what it does now.
    """

    kind: ClassVar[str] = "own"
    path: str
    fingerprint: str

    def __str__(self) -> str:
        return self.path.partition(":")[2]

    @property
    def positions(self) -> tuple[str, ...]:
        """Ways of knowing places that it can be tried with: those that are added to the tokens."""
        return ("learned", "sinusoidal")

    @property
    def can_be_causal(self) -> bool:
        return "causal" in inspect.signature(maker(self.path)).parameters

    def mixer(self, socket: Socket) -> Callable[[int], nn.Module]:
        if socket.rotary:
            raise ValueError(f"{self} is tried with learned and sinusoidal positions only.")
        options = {"causal": True} if socket.causal else {}
        make = maker(self.path)
        return lambda layer: make(socket.d_model, socket.n_heads, **options)


def maker(path: str) -> Maker:
    """What `module:name` names. Problem, with what to do, if that is nothing that can be called."""
    module, colon, name = path.partition(":")
    if not (module and colon and name):
        raise Problem(f"a mixer is named as my_module:MyMixer, got {path!r}.")
    try:
        found = getattr(importlib.import_module(module), name, None)
    except (ImportError, TypeError) as error:  # TypeError: ".my_module"
        file = module.removesuffix(".py")
        raise Problem(
            f"{module!r} cannot be imported ({error}). Run the command where {file}.py lies, and "
            f"name it as {file}:{name}."
        ) from error
    if not callable(found):
        raise Problem(f"{module!r} has no class or function {name!r}.")
    return found


def own(path: str) -> Own:
    """The candidate of that name, if its mixer keeps what every mixer promises. Problem if not."""
    make = maker(path)
    try:
        check_mixer(lambda layer: make(64, 4), d_model=64)
        candidate = Own(path, fingerprint(make))
        if candidate.can_be_causal:
            check_mixer(lambda layer: make(64, 4, causal=True), d_model=64)
    except BrokenContract as error:
        raise Problem(f"{path} is not tried, because of what it breaks.\n{error}") from error
    except TypeError as error:
        raise Problem(
            f"{path} cannot be made by {path.partition(':')[2]}(d_model, n_heads): {error}."
        ) from error
    return candidate


def fingerprint(make: Maker) -> str:
    """Of the file that it is written in; a partial's settings count, too."""
    settings = ""
    if isinstance(make, partial):
        settings, make = repr((make.args, make.keywords)), make.func
    source = inspect.getsourcefile(make)
    text = Path(source).read_bytes() if source else repr(make).encode()
    text += settings.encode()
    return hashlib.sha256(text).hexdigest()[:12]
