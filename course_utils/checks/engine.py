"""check, hint and reveal: an answer is run, compared, and talked about."""

import functools
import inspect
import textwrap
from collections.abc import Callable, Mapping
from typing import Any

import torch
from torch import Tensor, nn

from course_utils import progress
from course_utils.checks import isolate, task
from course_utils.checks.compare import OFF, difference
from course_utils.checks.task import Case, Misconception, Task
from course_utils.checks.verdict import Verdict

NOT_WRITTEN = "Not written yet: it returns nothing so far. Replace the ... by your own code."
PRINTS_ONLY = "It prints, and returns nothing. What is printed is lost to the caller: return it."


def check(task_id: str, answer: Any, *, seed: int = 0) -> Verdict:
    """Compare `answer`, the function that you wrote, with what the task asks for.

    Another `seed` gives other inputs. A task once passed stays passed.
    """
    found = task.find(task_id)
    verdict = _judge(found, answer, found.default_cases if seed == 0 else found.cases_for(seed))
    if verdict.passed:
        progress.record_pass(found.id)
    return verdict


def hint(task_id: str) -> None:
    """Print the next hint for a task. Each one says more than the one before."""
    found = task.find(task_id)
    given = progress.tasks().get(found.id, {}).get("hints", 0)
    number = min(given, len(found.hints) - 1)
    progress.record_hint(found.id)
    last = number == len(found.hints) - 1
    more = f' That was the last one; reveal("{found.id}") shows an answer.' if last else ""
    print(f"Hint {number + 1} of {len(found.hints)}: {found.hints[number]}{more}")


def reveal(task_id: str) -> None:
    """Print an answer, and keep in your progress that you looked."""
    found = task.find(task_id)
    progress.record_reveal(found.id)
    print(textwrap.dedent(inspect.getsource(found.reference)).rstrip())


def _judge(found: Task, answer: Any, cases: list[Case]) -> Verdict:
    def verdict(passed: bool, text: str, printed: str = "") -> Verdict:
        return Verdict(found.id, found.title, passed, text, printed)

    def not_yet(text: str, printed: str = "") -> Verdict:
        return verdict(False, f'{text}\nStuck? hint("{found.id}")', printed)

    if answer is None or answer is ...:
        return not_yet(NOT_WRITTEN)
    kind = "class" if inspect.isclass(found.reference) else "function"
    if not callable(answer) or (kind == "class" and isinstance(answer, nn.Module)):
        return not_yet(
            f"check wants the {kind} itself, and got a {type(answer).__name__}: "
            f'write check("{found.id}", your_{kind}) without calling it.'
        )

    outcomes = []
    for case in cases:
        outcomes.append(_run(found, answer, case))
        if outcomes[-1].is_costly:
            break  # once is enough: the other cases would cost the learner as long again
    printed = outcomes[0].printed
    if all(map(_came_to_nothing, outcomes)):
        return not_yet(PRINTS_ONLY if printed.strip() else NOT_WRITTEN, printed)

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
    first = next(i for i, text in enumerate(complaints) if text)
    said = _most_specific(found, answer, cases[first], outcomes[first], complaints[first])
    return not_yet(f"On the case “{cases[first].name}”: {said}", printed)


def _run(found: Task, answer: Any, case: Case, *, seed: int = 0) -> isolate.Outcome:
    """The answer on a case; with gradients wanted, on floating tensors that ask for them."""
    if found.gradient:
        args, kwargs = tuple(map(_asking, case.args)), _asking_too(case.kwargs)
        outcome = isolate.call(functools.partial(found.use, answer), args, kwargs, seed=seed)
        if "requires grad" not in (outcome.problem or ""):
            return outcome
        # It does something that a gradient forbids. What that is, plain numbers show better.
    return isolate.call(functools.partial(found.use, answer), case.args, case.kwargs, seed=seed)


def _asking(value: Any) -> Any:
    if isinstance(value, Tensor) and value.dtype.is_floating_point:
        return value.detach().clone().requires_grad_()
    return value


def _asking_too(kwargs: Mapping[str, Any]) -> dict[str, Any]:
    return {name: _asking(value) for name, value in kwargs.items()}


def _nothing(value: Any) -> bool:
    return value is None or value is ...


def _came_to_nothing(outcome: isolate.Outcome) -> bool:
    return outcome.problem is None and _nothing(outcome.value)


def _complaint(found: Task, case: Case, outcome: isolate.Outcome) -> str | None:
    """What is wrong with the answer on this case, in a sentence; None if nothing is."""
    if outcome.problem:
        return outcome.problem
    with torch.no_grad():
        wrong = _difference(_expected(found, case), outcome.value, found.dimensions)
    changed = _changed_input(found, case, outcome)
    if changed:
        return changed
    if wrong:
        return wrong
    if found.gradient and not _carries_gradient(outcome.value):
        return (
            "the numbers are right, but no gradient gets through to the inputs "
            "(was there a .detach(), .item(), .numpy() or torch.no_grad() on the way?)."
        )
    return None


def _difference(expected: Any, got: Any, dimensions: tuple) -> str | None:
    try:
        return difference(expected, got, dimensions)
    except Exception as error:  # there is no end to what an answer may return
        return f"its result, a {type(got).__name__}, cannot be compared ({type(error).__name__})."


def _most_specific(
    found: Task, answer: Any, case: Case, outcome: isolate.Outcome, complaint: str
) -> str:
    """The complaint, or what else is true of the result and says more than it."""
    if outcome.problem:
        return complaint
    if _is_random(outcome, _run(found, answer, case, seed=1)):
        return "asked twice with the same inputs it gave two results. What in it is random?"
    if OFF not in complaint:  # properties are about values
        return complaint
    said = (_stated(one, found, answer, case, outcome.value) for one in found.properties)
    return next(filter(None, said), complaint)


def _is_random(one: isolate.Outcome, other: isolate.Outcome) -> bool:
    try:
        return other.problem is None and difference(one.value, other.value) is not None
    except Exception:  # what cannot be compared is not called random
        return False


def _stated(statement: Callable, found: Task, answer: Any, case: Case, result: Any) -> str | None:
    """A property's complaint. One with a third parameter, `run`, may ask the answer more."""

    def run(*args: Any, **kwargs: Any) -> Any:
        return isolate.call(functools.partial(found.use, answer), args, kwargs).value

    wants_more = "run" in inspect.signature(statement).parameters
    return statement(result, case, run) if wants_more else statement(result, case)


def _expected(found: Task, case: Case) -> Any:
    outcome = isolate.call(functools.partial(found.use, found.reference), case.args, case.kwargs)
    if outcome.problem:
        raise RuntimeError(f"{found.id}: the reference fails on {case.name!r}. {outcome.problem}")
    return outcome.value


def _changed_input(found: Task, case: Case, outcome: isolate.Outcome) -> str | None:
    before = (*case.args, *case.kwargs.values())
    parameters = list(inspect.signature(found.reference).parameters)
    for i, (one, other) in enumerate(zip(before, outcome.inputs, strict=True)):
        kinds = Tensor | list | dict
        if isinstance(one, kinds) and _difference(one, other, ()) is not None:
            named = found.use is task.call and i < len(parameters)
            name = parameters[i] if named else f"number {i + 1}"
            return (
                f"it changed its input {name} in place, and the caller still needs what was there. "
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
    if len(outcomes) < len(cases) or all(outcome.problem for outcome in outcomes):
        return None  # too little was seen of it: errors alone are alike too soon
    for misconception in found.misconceptions:
        if all(
            _alike(_as_misunderstood(found, misconception, case), outcome)
            for case, outcome in zip(cases, outcomes, strict=True)
        ):
            return misconception
    return None


def _as_misunderstood(found: Task, wrong: Misconception, case: Case) -> isolate.Outcome:
    return isolate.call(functools.partial(found.use, wrong.implementation), case.args, case.kwargs)


def _alike(one: isolate.Outcome, other: isolate.Outcome) -> bool:
    if one.problem or other.problem:
        return one.error == other.error
    if _nothing(one.value) or _nothing(other.value):
        return one.value is other.value
    with torch.no_grad():
        if _difference(one.value, other.value, ()) is not None:
            return False
    return all(
        not isinstance(a, Tensor | list | dict) or _difference(a, b, ()) is None
        for a, b in zip(one.inputs, other.inputs, strict=True)
    )
