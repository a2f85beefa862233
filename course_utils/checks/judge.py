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
from dataclasses import dataclass, replace
from numbers import Number
from typing import Any

import torch
from torch import Tensor

from course_utils.checks import asked, gradients, isolate
from course_utils.checks.compare import OFF, difference, kind_of_difference
from course_utils.checks.deadline import TimeIsUp, call_limited
from course_utils.checks.task import Case, Misconception, Task
from course_utils.checks.verdict import Verdict

TWO_RESULTS = "asked twice with the same inputs it gave two results."
KEEPS_SOMETHING = (
    "Does it keep something between two calls: a global variable, or a default like seen=[]?"
)
NOT_COMPARABLE = "cannot be compared"
TOGETHER = 3  # times the seconds of one case, for all of them
EVIDENCE = 4  # numbers with digits that have to be alike before a single case may name a mistake


@dataclass(frozen=True)
class Attempt:
    """The answer on one case, and what is wrong with it there (None: nothing)."""

    case: Case
    outcome: isolate.Outcome
    complaint: str | None
    failure: str = ""  # its kind, one of verdict.FAILURES

    @property
    def is_comparable(self) -> bool:
        """Is it wrong by its value? Errors are alike too soon, and so are right numbers."""
        if self.complaint is None or self.outcome.problem:
            return False
        return not self.complaint.startswith(gradients.RIGHT) and not self.is_beyond_words

    @property
    def is_beyond_words(self) -> bool:
        """Has it returned something whose very comparison fails, or takes the time of a case?"""
        return self.complaint is not None and NOT_COMPARABLE in self.complaint


def judge(
    task: Task, answer: Any, *, seed: int = 0, known: "KnownMistakes | None" = None
) -> Verdict:
    """What is to be said about `answer`. Whatever it does, this returns.

    `known` is for those who judge many answers with one seed: what the mistakes do is kept in it.
    """
    return examine(task, asked.Here(task, answer), seed=seed, known=known).verdict


@dataclass(frozen=True)
class Examination:
    """A verdict, and what it rests on: the answer on the cases, as far as they were tried."""

    verdict: Verdict
    attempts: tuple[Attempt, ...] = ()


def examine(
    task: Task, answer: asked.Asked, *, seed: int = 0, known: "KnownMistakes | None" = None
) -> Examination:
    """The same for an answer wherever it runs. `known` has to be of this task and seed."""
    began = time.monotonic()
    with _plain_numbers():
        cases = task.default_cases if seed == 0 else task.cases_for(seed)
        found = _judge(task, answer, cases, known or KnownMistakes(task))
    verdict = replace(found.verdict, seconds=time.monotonic() - began)
    return replace(found, verdict=verdict)


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


def is_right(
    task: Task, answer: asked.Asked, *, seed: int = 0, known: "KnownMistakes | None" = None
) -> bool:
    """Does it pass on every case? Nothing is said of an answer that doesn't, which is quick."""
    with _plain_numbers():
        cases = task.default_cases if seed == 0 else task.cases_for(seed)
        known = known or KnownMistakes(task)
        return answer.refusal() is None and all(
            _attempt(task, answer, case, known).complaint is None for case in cases
        )


def _judge(
    task: Task, answer: asked.Asked, cases: list[Case], known: "KnownMistakes"
) -> Examination:
    attempts: list[Attempt] = []

    def not_yet(
        text: str,
        failure: str,
        printed: str = "",
        mistakes: Iterable[Misconception] = (),
        case: str = "",
    ) -> Examination:
        named = tuple(mistake.id for mistake in mistakes)
        text = f'{text}\nStuck? hint("{task.id}")'
        verdict = Verdict(task.id, task.title, False, text, printed, named, case, failure)
        return Examination(verdict, tuple(attempts))

    refused = answer.refusal()
    if refused:
        return not_yet(refused, _kind_of_nothing(refused))
    attempts += _attempts(task, answer, cases, known)
    printed = attempts[0].outcome.printed
    if all(_came_to_nothing(attempt.outcome) for attempt in attempts):
        why = answer.why_nothing(printed)
        return not_yet(why, _kind_of_nothing(why), printed)
    if not any(attempt.complaint for attempt in attempts):
        verdict = Verdict(task.id, task.title, True, task.praise, printed)
        return Examination(verdict, tuple(attempts))

    first = next(attempt for attempt in attempts if attempt.complaint)
    where = {"printed": printed, "case": first.case.name}
    mistake = known.on_all(attempts) if len(attempts) == len(cases) else None
    if mistake:
        return not_yet(str(mistake), first.failure, mistakes=[mistake], **where)
    explained = known.between_them(attempts)
    if explained:
        parts = [f"on the case “{case}”: {mistake}" for mistake, case in explained]
        text = "\n".join(["O" + parts[0][1:], *(f"And {part}" for part in parts[1:])])
        named = [mistake for mistake, _ in explained]
        return not_yet(text, first.failure, mistakes=named, **where)
    said, named = _most_specific(task, answer, first, known)
    if not named:
        for mistake, case in known.elsewhere(attempts):
            said, named = f"{said}\nAnd on the case “{case}”: {mistake}", [mistake]
    failure = "not repeatable" if said.startswith(TWO_RESULTS) else first.failure
    text = f"On the case “{first.case.name}”: {said}"
    return not_yet(text, failure, mistakes=named, **where)


def _kind_of_nothing(said: str) -> str:
    if said == asked.NOT_WRITTEN:
        return "not written"
    return "returns nothing" if said in (asked.NO_RETURN, asked.PRINTS_ONLY) else "not callable"


# The cases


def _attempts(
    task: Task, answer: asked.Asked, cases: list[Case], known: "KnownMistakes"
) -> list[Attempt]:
    """The answer on each case; the last one is costly where they took too long, alone or together.

    Once is enough: the other cases would cost the learner as long again.
    """
    attempts, began = [], time.monotonic()
    for case in cases:
        attempts.append(_attempt(task, answer, case, known))
        last = attempts[-1]
        is_too_large = last.outcome.is_bulky and last.complaint
        if last.outcome.is_costly or last.is_beyond_words or is_too_large:
            break
        spent = time.monotonic() - began
        if spent > TOGETHER * isolate.SECONDS and len(attempts) < len(cases):
            slow = isolate.Outcome(error="TimeIsUp", problem=(
                f"it is too slow: {len(attempts)} of {len(cases)} cases took {spent:.0f} seconds. "
                "Does a loop do what one product of matrices could?"
            ))  # fmt: skip
            attempts.append(Attempt(cases[len(attempts)], slow, slow.problem, "time"))
            break
    return attempts


def _attempt(task: Task, answer: asked.Asked, case: Case, known: "KnownMistakes") -> Attempt:
    outcome = answer.run(case)
    return Attempt(case, outcome, *_complaint(task, case, outcome, known))


def _call_own(task: Task, ours: Any, case: Case) -> isolate.Outcome:
    return isolate.call_own(functools.partial(task.use, ours), case.args, case.kwargs)


def _nothing(value: Any) -> bool:
    return value is None or value is ...


def _came_to_nothing(outcome: isolate.Outcome) -> bool:
    return outcome.problem is None and _nothing(outcome.value)


KINDS_OF_ERROR = {
    "TimeIsUp": "time",
    "MemoryError": "memory",
    "SystemExit": "exit",
    isolate.ENDED: "exit",
}


def _complaint(
    task: Task, case: Case, outcome: isolate.Outcome, known: "KnownMistakes"
) -> tuple[str | None, str]:
    """What is wrong with the answer on this case, in a sentence (None: nothing), and its kind."""
    if outcome.problem:
        return outcome.problem, KINDS_OF_ERROR.get(outcome.error, "error")
    right = known.right(case)
    with torch.no_grad():
        wrong = _difference(right.value, outcome.value, task.dimensions)
    changed = _changed_input(task, case, outcome)
    if changed:
        return changed, "changed input"
    if wrong:
        return wrong, kind_of_difference(wrong)
    if not task.gradient:
        return None, ""
    uphill = gradients.complaint(right, outcome, _input_names(task, case))
    return uphill, "gradient" if uphill else ""


def _difference(expected: Any, got: Any, dimensions: tuple) -> str | None:
    """What compare.py says. There is no end to what an answer may return, so it is limited, too."""
    try:
        return call_limited(difference, (expected, got, dimensions), {}, isolate.SECONDS)
    except (Exception, TimeIsUp) as error:
        return f"its result, a {type(got).__name__}, {NOT_COMPARABLE} ({type(error).__name__})."


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
    task: Task, answer: asked.Asked, wrong: Attempt, known: "KnownMistakes"
) -> tuple[str, list[Misconception]]:
    """The complaint, or what else is true of the result and says more; the mistake if one is."""
    case, outcome = wrong.case, wrong.outcome
    if outcome.problem or wrong.is_beyond_words or outcome.is_bulky:
        return wrong.complaint, []
    if _is_other(outcome, answer.run(case)):
        return f"{TWO_RESULTS} {KEEPS_SOMETHING}", []
    if _is_other(outcome, answer.run(case, seed=1)):
        return f"{TWO_RESULTS} What in it is random?", []
    if OFF in wrong.complaint or isinstance(outcome.value, str):  # properties are about values
        said = (_stated(one, answer, case, outcome.value) for one in task.properties)
        stated = next(filter(None, said), None)
        if stated:
            return stated, []
    mistake = known.on_one(wrong)
    return (str(mistake), [mistake]) if mistake else (wrong.complaint, [])


def _is_other(one: isolate.Outcome, other: isolate.Outcome) -> bool:
    try:
        arguments = one.value, other.value
        is_other = call_limited(difference, arguments, {}, isolate.SECONDS) is not None
        return other.problem is None and is_other
    except (Exception, TimeIsUp):  # what cannot be compared is not called random
        return False


def _stated(statement: Callable, answer: asked.Asked, case: Case, result: Any) -> str | None:
    """A property's complaint. One with a third parameter, `run`, may ask the answer more."""

    def run(*args: Any, **kwargs: Any) -> Any:
        return answer.again(args, kwargs)

    wants_more = "run" in inspect.signature(statement).parameters
    try:
        return statement(result, case, run) if wants_more else statement(result, case)
    except Exception:  # a property is about results of the right kind, and this is none
        return None


class KnownMistakes:
    """The right answer and the mistakes on the same cases, run once each, when somebody asks."""

    def __init__(self, task: Task):
        self.task = task
        self._outcomes: dict[tuple[str, str], isolate.Outcome] = {}
        self._right: dict[str, isolate.Outcome] = {}

    def right(self, case: Case) -> isolate.Outcome:
        """The reference on a case, its inputs asking for a gradient if the task is about one."""
        if case.name not in self._right:
            task = self.task
            asking = gradients.asked_for(case) if task.gradient else case
            outcome = _call_own(task, task.reference, asking)
            if outcome.problem:
                raise RuntimeError(
                    f"{task.id}: the reference fails on {case.name!r}. {outcome.problem}"
                )
            self._right[case.name] = outcome
        return self._right[case.name]

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
            self._outcomes[key] = _call_own(self.task, mistake.implementation, attempt.case)
        return _same(self._outcomes[key], attempt.outcome)


def _same(one: isolate.Outcome, other: isolate.Outcome) -> bool:
    """Did both do the same: the error, or the value and what became of the inputs?"""
    if one.problem or other.problem:
        return one.error == other.error
    if other.is_slow_to_compare:
        return False
    if _nothing(one.value) or _nothing(other.value):
        return one.value is other.value
    try:
        return call_limited(_same_values, (one, other), {}, isolate.SECONDS)
    except TimeIsUp:
        other.is_slow_to_compare = True
        return False
    except Exception:  # what cannot be compared resembles nobody
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
