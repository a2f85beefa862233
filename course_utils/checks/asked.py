"""Whom a check asks: the answer in this process, or one that runs in another.

`judge` knows answers only as something `Asked`. In a notebook that is the function itself, called
here with guards around it (`Here`). A classroom asks a child process instead, which sends what
came out as plain data (`course_utils.classroom.away`): who judges never runs, nor imports,
what a student wrote.
"""

import functools
import inspect
from collections.abc import Mapping
from typing import Any, Protocol

from torch import nn

from course_utils.checks import gradients, isolate
from course_utils.checks.task import Case, Task

NOT_WRITTEN = "Not written yet: it returns nothing so far. Replace the ... by your own code."
NO_RETURN = "It returns nothing. Is there a return in its last line?"
PRINTS_ONLY = "It prints, and returns nothing. What is printed is lost to the caller: return it."
STUB = 20  # bytes of code, at most, in a function that nobody has written in


class Asked(Protocol):
    """An answer that can be asked."""

    def refusal(self) -> str | None:
        """Why it cannot be run at all, in a sentence; None if it can."""

    def why_nothing(self, printed: str) -> str:
        """What to say of an answer that returned nothing on every case."""

    def run(self, case: Case, *, seed: int = 0) -> isolate.Outcome:
        """What comes of it on a case."""

    def again(self, args: tuple, kwargs: Mapping[str, Any]) -> Any:
        """What it returns for other arguments, which a property may ask for."""


class Here:
    """An answer in this process."""

    def __init__(self, task: Task, answer: Any):
        self.answer, self.use, self.gradient = answer, task.use, task.gradient
        self.task_id, self.wants_class = task.id, inspect.isclass(task.reference)

    def refusal(self) -> str | None:
        return refusal(self.answer, self.task_id, self.wants_class)

    def why_nothing(self, printed: str) -> str:
        return why_nothing(self.answer, printed)

    def run(self, case: Case, *, seed: int = 0) -> isolate.Outcome:
        """With gradients wanted, it is asked on floating tensors that ask for them."""
        used = functools.partial(self.use, self.answer)
        if self.gradient:
            asking = gradients.asked_for(case)
            outcome = isolate.call(used, asking.args, asking.kwargs, seed=seed)
            if "requires grad" not in (outcome.problem or ""):
                return outcome
            # It does something that a gradient forbids. What that is, plain numbers show better.
        return isolate.call(used, case.args, case.kwargs, seed=seed)

    def again(self, args: tuple, kwargs: Mapping[str, Any]) -> Any:
        return isolate.call(functools.partial(self.use, self.answer), args, kwargs).value


def refusal(answer: Any, task_id: str, wants_class: bool) -> str | None:
    """Why this is no answer; None if it can be called."""
    if answer is None or answer is ...:
        return NOT_WRITTEN
    kind = "class" if wants_class else "function"
    if not callable(answer) or (wants_class and isinstance(answer, nn.Module)):
        return (
            f"check wants the {kind} itself, and got a {type(answer).__name__}: "
            f'write check("{task_id}", your_{kind}) without calling it.'
        )
    return None


def why_nothing(answer: Any, printed: str) -> str:
    if printed.strip():
        return PRINTS_ONLY
    code = getattr(answer, "__code__", None)
    return NO_RETURN if code is not None and len(code.co_code) > STUB else NOT_WRITTEN
