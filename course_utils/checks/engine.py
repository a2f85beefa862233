"""check, hint and reveal: an answer is run, compared, and talked about."""

import inspect
import textwrap
from typing import Any

import torch
from torch import Tensor

from course_utils.checks import isolate, progress_store, task
from course_utils.checks.compare import difference
from course_utils.checks.task import Case, Misconception, Task
from course_utils.checks.verdict import Verdict

NOT_WRITTEN = "Not written yet: it returns nothing so far. Replace the ... by your own code."


def check(task_id: str, answer: Any, *, seed: int = 0) -> Verdict:
    """Compare `answer`, the function that you wrote, with what the task asks for.

    Another `seed` gives other inputs. A task once passed stays passed.
    """
    found = task.find(task_id)
    verdict = _judge(found, answer, found.default_cases if seed == 0 else found.cases_for(seed))
    if verdict.passed:
        progress_store.record_pass(found.id)
    return verdict


def hint(task_id: str) -> None:
    """Print the next hint for a task. Each one says more than the one before."""
    found = task.find(task_id)
    given = progress_store.tasks().get(found.id, {}).get("hints", 0)
    number = min(given, len(found.hints) - 1)
    progress_store.record_hint(found.id)
    last = number == len(found.hints) - 1
    more = f' That was the last one; reveal("{found.id}") shows an answer.' if last else ""
    print(f"Hint {number + 1} of {len(found.hints)}: {found.hints[number]}{more}")


def reveal(task_id: str) -> None:
    """Print an answer, and keep in your progress that you looked."""
    found = task.find(task_id)
    progress_store.record_reveal(found.id)
    print(textwrap.dedent(inspect.getsource(found.reference)).rstrip())


def _judge(found: Task, answer: Any, cases: list[Case]) -> Verdict:
    def verdict(passed: bool, text: str, printed: str = "") -> Verdict:
        return Verdict(found.id, found.title, passed, text, printed)

    def not_yet(text: str, printed: str = "") -> Verdict:
        return verdict(False, f'{text}\nStuck? hint("{found.id}")', printed)

    if answer is None or answer is ...:
        return verdict(False, NOT_WRITTEN)
    if not callable(answer):
        return not_yet(
            f"check wants the function itself, and got a {type(answer).__name__}: "
            f'write check("{found.id}", your_function) without calling it.'
        )

    outcomes = []
    for case in cases:
        outcome = isolate.call(answer, *_inputs(found, case))
        outcomes.append(outcome)
        if outcome.error in ("TimeIsUp", "MemoryError", "SystemExit"):
            break  # once is enough: the other cases would cost the learner as long again
    printed = outcomes[0].printed
    if all(outcome.problem is None and _nothing(outcome.value) for outcome in outcomes):
        return verdict(False, NOT_WRITTEN, printed)

    complaints = [
        _complaint(found, case, outcome) for case, outcome in zip(cases, outcomes, strict=False)
    ]
    if not any(complaints):
        return verdict(True, found.praise or "Right, on every case.", printed)
    recognized = _recognize(found, cases, outcomes)
    if recognized:
        return not_yet(
            f"{recognized.name[:1].upper()}{recognized.name[1:]}. {recognized.explanation}", printed
        )
    case, complaint = next((c, text) for c, text in zip(cases, complaints, strict=False) if text)
    return not_yet(f"On the case “{case.name}”: {complaint}", printed)


def _inputs(found: Task, case: Case) -> tuple[tuple, dict]:
    """The case's inputs; with gradients wanted, floating tensors that ask for them."""
    if not found.gradient:
        return case.args, dict(case.kwargs)

    def asking(value: Any) -> Any:
        if isinstance(value, Tensor) and value.dtype.is_floating_point:
            return value.detach().clone().requires_grad_()
        return value

    return tuple(map(asking, case.args)), {k: asking(v) for k, v in case.kwargs.items()}


def _nothing(value: Any) -> bool:
    return value is None or value is ...


def _complaint(found: Task, case: Case, outcome: isolate.Outcome) -> str | None:
    """What is wrong with the answer on this case, in a sentence; None if nothing is."""
    if outcome.problem:
        return outcome.problem
    with torch.no_grad():
        wrong = difference(_expected(found, case), outcome.value, found.dimensions)
    changed = _changed_input(found, case, outcome)
    if changed:
        return changed
    if wrong:
        said = (statement(outcome.value, case) for statement in found.properties)
        special = next((text for text in said if text), None) if "off, most" in wrong else None
        return special or wrong
    if found.gradient and not _carries_gradient(outcome.value):
        return (
            "the numbers are right, but no gradient gets through to the inputs "
            "(was there a .detach(), .item(), .numpy() or torch.no_grad() on the way?)."
        )
    return None


def _expected(found: Task, case: Case) -> Any:
    outcome = isolate.call(found.reference, case.args, case.kwargs)
    if outcome.problem:
        raise RuntimeError(f"{found.id}: the reference fails on {case.name!r}. {outcome.problem}")
    return outcome.value


def _changed_input(found: Task, case: Case, outcome: isolate.Outcome) -> str | None:
    before = (*case.args, *case.kwargs.values())
    parameters = list(inspect.signature(found.reference).parameters)
    for i, (one, other) in enumerate(zip(before, outcome.inputs, strict=True)):
        kinds = Tensor | list | dict
        if isinstance(one, kinds) and difference(one, other) is not None:
            name = parameters[i] if i < len(parameters) else f"input {i}"
            return (
                f"it changed its input {name} in place; the caller still needs it. "
                "Make a new one instead (x = x + y rather than x += y, or .clone() first)."
            )
    return None


def _carries_gradient(value: Any) -> bool:
    tensors = value if isinstance(value, list | tuple) else [value]
    return all(t.requires_grad for t in tensors if isinstance(t, Tensor) and t.is_floating_point())


def _recognize(
    found: Task, cases: list[Case], outcomes: list[isolate.Outcome]
) -> Misconception | None:
    """The misconception that gives the same results as the answer, on every case."""
    if len(outcomes) < len(cases):
        return None
    for misconception in found.misconceptions:
        if all(
            _alike(isolate.call(misconception.implementation, case.args, case.kwargs), outcome)
            for case, outcome in zip(cases, outcomes, strict=True)
        ):
            return misconception
    return None


def _alike(one: isolate.Outcome, other: isolate.Outcome) -> bool:
    if one.problem or other.problem:
        return one.error == other.error
    if _nothing(one.value) or _nothing(other.value):
        return one.value is other.value
    with torch.no_grad():
        if difference(one.value, other.value) is not None:
            return False
    return all(
        not isinstance(a, Tensor | list | dict) or difference(a, b) is None
        for a, b in zip(one.inputs, other.inputs, strict=True)
    )
