"""An answer that is asked in a child, by the judge that in a notebook asks its own process."""

import inspect
from collections.abc import Mapping
from typing import Any

import torch

from course_utils.checks import asked, isolate
from course_utils.checks.catalog import EXERCISES
from course_utils.checks.task import Case, Task, call
from course_utils.classroom.mirror import NONSENSE, Ended, Far
from course_utils.classroom.nursery import Broken, Child, Gone

LOADING = 45.0  # seconds from outside; inside the cells have ten of a processor
ONE_CASE = 15.0  # inside an answer has two, of a processor


class Trouble(Exception):
    """The cells did not come to an answer; `failure` is one of verdict.FAILURES."""

    def __init__(self, text: str, error: str):
        super().__init__(text)
        self.text, self.error = text, error


class Away(asked.Asked):
    """A student's answer to a task, in a child. Trouble if its cells do not come to one."""

    def __init__(
        self,
        task: Task,
        child: Child,
        planned: Mapping,
        steps: list[dict],
        files: Mapping[str, bytes],
        equipment: str,
    ):
        self.child, self.task = child, task
        request = {
            "do": "load",
            "task": task.id,
            "gradient": task.gradient,
            "wants_class": inspect.isclass(task.reference),
            "expression": planned["expression"],
            "equipment": equipment,
            "use": None if task.use is call or task.makes_modules else task.use.__name__,
            "files": dict(files),
            "steps": steps,
        }
        try:
            found = child.ask(request, LOADING)
        except Gone as gone:
            raise Trouble(gone.text, gone.error) from None
        if "broken" in (found if isinstance(found, dict) else {}):
            raise Broken(found["broken"])
        if not isinstance(found, dict) or "trouble" in found:
            text = found["trouble"] if isinstance(found, dict) else NONSENSE
            raise Trouble(str(text)[:1000], str(_of(found, "error", "Exception")))
        self._refusal, self._nothing = found.get("refusal"), found.get("nothing")

    def refusal(self) -> str | None:
        return None if self._refusal is None else str(self._refusal)

    def why_nothing(self, printed: str) -> str:
        words = "words" if printed.strip() else ""
        return str(_of(self._nothing, words, asked.NO_RETURN))

    def run(self, case: Case, *, seed: int = 0) -> isolate.Outcome:
        if self.task.makes_modules:
            return self._on_trial(case, seed)
        request = {"do": "run", "args": case.args, "kwargs": dict(case.kwargs), "seed": seed}
        try:
            found = self.child.ask(request, ONE_CASE, _name_in_exercises)
            if isinstance(found, dict) and "broken" in found:
                raise Broken(found["broken"])
            return _outcome(found, len(case.args) + len(case.kwargs))
        except Gone as gone:
            return isolate.Outcome(problem=gone.text, error=gone.error)

    def _on_trial(self, case: Case, seed: int) -> isolate.Outcome:
        """What `use` finds out here about the modules that are made there."""
        far = Far(self.child, ONE_CASE)
        outcome = isolate.Outcome(inputs=(*case.args, *case.kwargs.values()))
        with torch.random.fork_rng(devices=[]):
            torch.manual_seed(seed)
            try:
                outcome.value = self.task.use(far.answer, *case.args, **case.kwargs)
            except Ended as ended:
                outcome.problem, outcome.error = ended.text, ended.error
            except Broken:
                raise
            except Exception as error:  # the module's own, or what it gave fits nowhere
                outcome.error = type(error).__name__
                outcome.problem = f"It raised {outcome.error}: {str(error)[:200]}"
        outcome.printed = far.printed[: isolate.PRINTED]
        return outcome

    def again(self, args: tuple, kwargs: Mapping[str, Any]) -> Any:
        return self.run(Case("", args, kwargs)).value


def _name_in_exercises(value: Any) -> str | None:
    """By what name the child knows it, from the task's equipment."""
    is_its = str(getattr(value, "__module__", "")).startswith(EXERCISES)
    return value.__name__ if is_its and hasattr(value, "__name__") else None


def _of(found: Any, key: str, otherwise: Any) -> Any:
    return found.get(key, otherwise) if isinstance(found, dict) else otherwise


def _outcome(found: Any, n_inputs: int) -> isolate.Outcome:
    """What a child said of a call. It may have been taken over: nothing is taken on trust."""
    problem, error = _of(found, "problem", NONSENSE), _of(found, "error", "")
    inputs = _of(found, "inputs", None)
    if problem is None and (not isinstance(inputs, list) or len(inputs) != n_inputs):
        problem, error = NONSENSE, isolate.ENDED
    made = isolate.Outcome(
        value=_of(found, "value", None) if problem is None else None,
        problem=None if problem is None else str(problem)[:1000],
        error=str(error)[:100],
        inputs=tuple(inputs or ()) if isinstance(inputs, list) else (),
        printed=str(_of(found, "printed", ""))[: isolate.PRINTED],
    )
    back = _of(found, "gradients", None)
    if back is not None:
        value = _of(back, "value", None)
        is_right_kind = isinstance(value, dict) and all(
            isinstance(i, int) and isinstance(one, torch.Tensor) for i, one in value.items()
        )
        trouble = _of(back, "problem", None) or (None if is_right_kind else NONSENSE)
        made.gradients = isolate.Outcome(value=value, problem=trouble and str(trouble)[:1000])
    return made
