"""An answer is run on every case, compared with the right one, and talked about.

From the most to the least that can be said of a wrong answer: it does on all cases what a known
mistake does; its wrong cases are each those of a known mistake, of one or of two; one of the task's
own properties does not hold; some wrong case is that of a known mistake; the largest difference.
"""

import contextlib
import functools
import inspect
import time
from collections.abc import Callable, Iterable, Iterator, Mapping
from dataclasses import dataclass
from numbers import Number
from typing import Any

import torch
from torch import Tensor, nn

from course_utils.checks import gradients, isolate
from course_utils.checks.compare import OFF, difference
from course_utils.checks.deadline import TimeIsUp, call_limited
from course_utils.checks.task import Case, Misconception, Task
from course_utils.checks.verdict import Verdict

NOT_WRITTEN = "Not written yet: it returns nothing so far. Replace the ... by your own code."
NO_RETURN = "It returns nothing. Is there a return in its last line?"
PRINTS_ONLY = "It prints, and returns nothing. What is printed is lost to the caller: return it."
TWO_RESULTS = "asked twice with the same inputs it gave two results."
KEEPS_SOMETHING = (
    "Does it keep something between two calls: a global variable, or a default like seen=[]?"
)
TOGETHER = 3  # times the seconds of one case, for all of them
STUB = 20  # bytes of code, at most, in a function that nobody has written in
EVIDENCE = 4  # numbers with digits that have to be alike before a single case may name a mistake


@dataclass(frozen=True)
class Attempt:
    """The answer on one case, and what is wrong with it there (None: nothing)."""

    case: Case
    outcome: isolate.Outcome
    complaint: str | None

    @property
    def is_comparable(self) -> bool:
        """Is it wrong by its value? Errors are alike too soon, and so are right numbers."""
        if self.complaint is None or self.outcome.problem:
            return False
        return not self.complaint.startswith(gradients.RIGHT)


def judge(
    task: Task, answer: Any, *, seed: int = 0, known: "KnownMistakes | None" = None
) -> Verdict:
    """What is to be said about `answer`. Whatever it does, this returns.

    `known` is for those who judge many answers with one seed: what the mistakes do is kept in it.
    """
    with _plain_numbers():
        cases = task.default_cases if seed == 0 else task.cases_for(seed)
        return _judge(task, answer, cases, known or KnownMistakes(task))


@contextlib.contextmanager
def _plain_numbers() -> Iterator[None]:
    """float32 on the CPU, whatever the notebook has set: what the cases are made of."""
    dtype, device = torch.get_default_dtype(), torch.get_default_device()
    torch.set_default_dtype(torch.float32)
    if device.type != "cpu":
        torch.set_default_device(None)
    try:
        yield
    finally:
        torch.set_default_dtype(dtype)
        if device.type != "cpu":
            torch.set_default_device(device)


def _judge(task: Task, answer: Any, cases: list[Case], known: "KnownMistakes") -> Verdict:
    def not_yet(text: str, printed: str = "", mistakes: Iterable[Misconception] = ()) -> Verdict:
        named = tuple(mistake.id for mistake in mistakes)
        text = f'{text}\nStuck? hint("{task.id}")'
        return Verdict(task.id, task.title, False, text, printed, named)

    refused = _no_answer(task, answer)
    if refused:
        return not_yet(refused)
    attempts = _attempts(task, answer, cases)
    printed = attempts[0].outcome.printed
    if all(_came_to_nothing(attempt.outcome) for attempt in attempts):
        return not_yet(_why_nothing(answer, printed), printed)
    if not any(attempt.complaint for attempt in attempts):
        return Verdict(task.id, task.title, True, task.praise, printed)

    mistake = known.on_all(attempts) if len(attempts) == len(cases) else None
    if mistake:
        return not_yet(str(mistake), printed, [mistake])
    explained = known.between_them(attempts)
    if explained:
        parts = [f"on the case “{case}”: {mistake}" for mistake, case in explained]
        text = "\n".join(["O" + parts[0][1:], *(f"And {part}" for part in parts[1:])])
        return not_yet(text, printed, [mistake for mistake, _ in explained])
    first = next(attempt for attempt in attempts if attempt.complaint)
    said, named = _most_specific(task, answer, first, known)
    if not named:
        for mistake, case in known.elsewhere(attempts):
            said, named = f"{said}\nAnd on the case “{case}”: {mistake}", [mistake]
    return not_yet(f"On the case “{first.case.name}”: {said}", printed, named)


def _no_answer(task: Task, answer: Any) -> str | None:
    """Why this cannot be run at all; None if it can."""
    if answer is None or answer is ...:
        return NOT_WRITTEN
    kind = "class" if inspect.isclass(task.reference) else "function"
    if not callable(answer) or (kind == "class" and isinstance(answer, nn.Module)):
        return (
            f"check wants the {kind} itself, and got a {type(answer).__name__}: "
            f'write check("{task.id}", your_{kind}) without calling it.'
        )
    return None


def _why_nothing(answer: Any, printed: str) -> str:
    if printed.strip():
        return PRINTS_ONLY
    code = getattr(answer, "__code__", None)
    return NO_RETURN if code is not None and len(code.co_code) > STUB else NOT_WRITTEN


# The cases


def _attempts(task: Task, answer: Any, cases: list[Case]) -> list[Attempt]:
    """The answer on each case; the last one is costly where they took too long, alone or together.

    Once is enough: the other cases would cost the learner as long again.
    """
    attempts, began = [], time.monotonic()
    for case in cases:
        attempts.append(_attempt(task, answer, case))
        if attempts[-1].outcome.is_costly:
            break
        spent = time.monotonic() - began
        if spent > TOGETHER * isolate.SECONDS and len(attempts) < len(cases):
            slow = isolate.Outcome(error="TimeIsUp", problem=(
                f"it is too slow: {len(attempts)} of {len(cases)} cases took {spent:.0f} seconds. "
                "Does a loop do what one product of matrices could?"
            ))  # fmt: skip
            attempts.append(Attempt(cases[len(attempts)], slow, slow.problem))
            break
    return attempts


def _attempt(task: Task, answer: Any, case: Case) -> Attempt:
    outcome = _run(task, answer, case)
    return Attempt(case, outcome, _complaint(task, case, outcome))


def _run(task: Task, answer: Any, case: Case, *, seed: int = 0) -> isolate.Outcome:
    """The answer on a case; with gradients wanted, on floating tensors that ask for them."""
    if task.gradient:
        outcome = _call(task, answer, gradients.asked_for(case), seed=seed)
        if "requires grad" not in (outcome.problem or ""):
            return outcome
        # It does something that a gradient forbids. What that is, plain numbers show better.
    return _call(task, answer, case, seed=seed)


def _call(task: Task, answer: Any, case: Case, *, seed: int = 0) -> isolate.Outcome:
    return isolate.call(functools.partial(task.use, answer), case.args, case.kwargs, seed=seed)


def _nothing(value: Any) -> bool:
    return value is None or value is ...


def _came_to_nothing(outcome: isolate.Outcome) -> bool:
    return outcome.problem is None and _nothing(outcome.value)


def _complaint(task: Task, case: Case, outcome: isolate.Outcome) -> str | None:
    """What is wrong with the answer on this case, in a sentence; None if nothing is."""
    if outcome.problem:
        return outcome.problem
    right = _right(task, gradients.asked_for(case) if task.gradient else case)
    with torch.no_grad():
        wrong = _difference(right.value, outcome.value, task.dimensions)
    changed = _changed_input(task, case, outcome)
    if changed or wrong:
        return changed or wrong
    return gradients.complaint(right, outcome, _input_names(task, case)) if task.gradient else None


def _right(task: Task, case: Case) -> isolate.Outcome:
    outcome = _call(task, task.reference, case)
    if outcome.problem:
        raise RuntimeError(f"{task.id}: the reference fails on {case.name!r}. {outcome.problem}")
    return outcome


def _difference(expected: Any, got: Any, dimensions: tuple) -> str | None:
    """What compare.py says. There is no end to what an answer may return, so it is limited, too."""
    try:
        return call_limited(difference, (expected, got, dimensions), {}, isolate.SECONDS)
    except (Exception, TimeIsUp) as error:
        return f"its result, a {type(got).__name__}, cannot be compared ({type(error).__name__})."


def _input_names(task: Task, case: Case) -> list[str]:
    """What the inputs are called; by their numbers where `use` gives them to a class."""
    count = len(case.args) + len(case.kwargs)
    if not inspect.isclass(task.reference):
        named = list(inspect.signature(task.reference).parameters)[: len(case.args)]
        return [*named, *case.kwargs]
    return [f"number {i + 1}" for i in range(count)]


def _changed_input(task: Task, case: Case, outcome: isolate.Outcome) -> str | None:
    before = (*case.args, *case.kwargs.values())
    names = _input_names(task, case)
    for name, one, other in zip(names, before, outcome.inputs, strict=True):
        if isinstance(one, Tensor | list | dict) and _difference(one, other, ()) is not None:
            make_new = {
                Tensor: "x = x + y rather than x += y, or .clone() first",
                list: "x = [*x, y] rather than x.append(y), or list(x) first",
                dict: "dict(x) first",
            }[Tensor if isinstance(one, Tensor) else type(one)]
            return (
                f"it changed its input {name} in place, and the caller still needs what was there. "
                f"Make a new one instead ({make_new})."
            )
    return None


# A wrong answer


def _most_specific(
    task: Task, answer: Any, wrong: Attempt, known: "KnownMistakes"
) -> tuple[str, list[Misconception]]:
    """The complaint, or what else is true of the result and says more; the mistake if one is."""
    case, outcome = wrong.case, wrong.outcome
    if outcome.problem:
        return wrong.complaint, []
    if _is_other(outcome, _run(task, answer, case)):
        return f"{TWO_RESULTS} {KEEPS_SOMETHING}", []
    if _is_other(outcome, _run(task, answer, case, seed=1)):
        return f"{TWO_RESULTS} What in it is random?", []
    if OFF in wrong.complaint:  # properties are about values
        said = (_stated(one, task, answer, case, outcome.value) for one in task.properties)
        stated = next(filter(None, said), None)
        if stated:
            return stated, []
    mistake = known.on_one(wrong)
    return (str(mistake), [mistake]) if mistake else (wrong.complaint, [])


def _is_other(one: isolate.Outcome, other: isolate.Outcome) -> bool:
    try:
        return other.problem is None and difference(one.value, other.value) is not None
    except Exception:  # what cannot be compared is not called random
        return False


def _stated(statement: Callable, task: Task, answer: Any, case: Case, result: Any) -> str | None:
    """A property's complaint. One with a third parameter, `run`, may ask the answer more."""

    def run(*args: Any, **kwargs: Any) -> Any:
        return isolate.call(functools.partial(task.use, answer), args, kwargs).value

    wants_more = "run" in inspect.signature(statement).parameters
    return statement(result, case, run) if wants_more else statement(result, case)


class KnownMistakes:
    """The task's mistakes on the same cases, each run once and only when somebody asks."""

    def __init__(self, task: Task):
        self.task = task
        self._outcomes: dict[tuple[str, str], isolate.Outcome] = {}

    def on_all(self, attempts: list[Attempt]) -> Misconception | None:
        """The mistake that gives the same results, right and wrong ones, on every case."""
        if all(attempt.outcome.problem for attempt in attempts):
            return None  # too little was seen of it
        for mistake in self.task.misconceptions:
            if all(self._alike(mistake, attempt) for attempt in attempts):
                return mistake
        return None

    def between_them(self, attempts: list[Attempt]) -> list[tuple[Misconception, str]]:
        """One mistake or two that account for every wrong case, each with the first such case.

        Who forgets the root and masks too late resembles neither mistake on every case. But where
        there is no mask, it is the answer of somebody who only forgot the root.
        """
        wrong = [attempt for attempt in attempts if attempt.complaint]
        if not all(attempt.is_comparable for attempt in wrong):
            return []
        found = []
        while wrong and len(found) < 2:
            mistake, explained = self._most_explained(wrong)
            if mistake is None:
                return []
            found.append((mistake, explained[0].case.name))
            wrong = [attempt for attempt in wrong if attempt not in explained]
        return [] if wrong else found

    def on_one(self, attempt: Attempt) -> Misconception | None:
        """The mistake that accounts for this wrong case."""
        return self._most_explained([attempt])[0] if attempt.is_comparable else None

    def elsewhere(self, attempts: list[Attempt]) -> list[tuple[Misconception, str]]:
        """One mistake that accounts for some of the wrong cases, with the first of them, if any."""
        wrong = [attempt for attempt in attempts if attempt.is_comparable]
        for i in range(len(wrong)):
            mistake, explained = self._most_explained(wrong[i:])
            if mistake:
                return [(mistake, explained[0].case.name)]
        return []

    def _most_explained(self, wrong: list[Attempt]) -> tuple[Misconception | None, list[Attempt]]:
        """The mistake behind the most of these cases, the first one among them, and the cases."""
        best, explained = None, []
        for mistake in self.task.misconceptions:
            if not self._alike(mistake, wrong[0]):
                continue
            alike = [attempt for attempt in wrong if self._alike(mistake, attempt)]
            evidence = sum(_digits_in(attempt.outcome.value) for attempt in alike)
            if evidence >= EVIDENCE and len(alike) > len(explained):
                best, explained = mistake, alike
        return best, explained

    def _alike(self, mistake: Misconception, attempt: Attempt) -> bool:
        key = mistake.id, attempt.case.name
        if key not in self._outcomes:
            self._outcomes[key] = _call(self.task, mistake.implementation, attempt.case)
        return _same(self._outcomes[key], attempt.outcome)


def _same(one: isolate.Outcome, other: isolate.Outcome) -> bool:
    """Did both do the same: the error, or the value and what became of the inputs?"""
    if one.problem or other.problem:
        return one.error == other.error
    if _nothing(one.value) or _nothing(other.value):
        return one.value is other.value
    try:
        return call_limited(_same_values, (one, other), {}, isolate.SECONDS)
    except (Exception, TimeIsUp):  # what cannot be compared resembles nobody
        return False


def _same_values(one: isolate.Outcome, other: isolate.Outcome) -> bool:
    with torch.no_grad():
        if difference(one.value, other.value) is not None:
            return False
        return all(
            not isinstance(a, Tensor | list | dict) or difference(a, b) is None
            for a, b in zip(one.inputs, other.inputs, strict=True)
        )


def _digits_in(value: Any) -> float:
    """How much it takes to be alike by chance: a number with digits counts, a yes or no hardly."""
    if isinstance(value, Tensor):
        return value.numel() * (1.0 if value.is_floating_point() else 0.25)
    if isinstance(value, bool) or value is None:
        return 0.25
    if isinstance(value, Number):
        return 2.0 if isinstance(value, float) else 0.25
    if isinstance(value, Mapping):
        return sum(map(_digits_in, value.values()), 0.0)
    if isinstance(value, str | bytes):
        return 0.25 * len(value)
    if isinstance(value, list | tuple | set | frozenset):
        return sum(map(_digits_in, value), 0.0)
    return 0.0
