"""Every declared task: its reference passes, its misconceptions are named, other ways pass."""

from numbers import Number

import pytest
import torch

from course_utils.checks import engine, task

TASKS = [declared for number in task.lesson_numbers() for declared in task.tasks_of(number)]
IDS = [declared.id for declared in TASKS]


def judged(declared, answer, seed=0):
    return engine._judge(declared, answer, declared.cases_for(seed))


def test_every_lesson_with_an_exercise_declares_enough_tasks():
    assert IDS and len(set(IDS)) == len(IDS)
    for number in task.lesson_numbers():
        tasks = task.tasks_of(number)
        assert all(declared.id.startswith(f"{number}.") for declared in tasks)
        if number != "00":  # the practice piece of the first lesson
            assert len(tasks) >= 3
            assert max(len(declared.misconceptions) for declared in tasks) >= 5


@pytest.mark.parametrize("declared", TASKS, ids=IDS)
@pytest.mark.parametrize("seed", [0, 7])
def test_the_reference_passes_and_so_do_other_ways(declared, seed):
    for answer in (declared.reference, *declared.alternatives):
        verdict = judged(declared, answer, seed)
        assert verdict.passed, f"{answer.__name__}: {verdict.text}"


@pytest.mark.parametrize(
    ("declared", "number"),
    [(declared, i) for declared in TASKS for i in range(len(declared.misconceptions))],
    ids=[f"{d.id}-{m.implementation.__name__}" for d in TASKS for m in d.misconceptions],
)
@pytest.mark.parametrize("seed", [0, 7])
def test_every_misconception_is_rejected_and_named_as_itself(declared, number, seed):
    misconception = declared.misconceptions[number]
    verdict = judged(declared, misconception.implementation, seed)
    assert not verdict.passed
    assert misconception.explanation in verdict.text, verdict.text


@pytest.mark.parametrize("declared", TASKS, ids=IDS)
def test_a_wrong_number_is_a_number(declared):
    """A tensor there would name the mistake of who returned a tensor, not of who wrote .item()."""
    case = declared.default_cases[0]
    if isinstance(engine._expected(declared, case), Number):
        outcomes = [engine._as_misunderstood(declared, m, case) for m in declared.misconceptions]
        assert not any(isinstance(outcome.value, torch.Tensor) for outcome in outcomes)


@pytest.mark.parametrize("declared", TASKS, ids=IDS)
def test_hints_and_explanations_say_something_each(declared):
    said = [*declared.hints, *(m.explanation for m in declared.misconceptions)]
    assert len(declared.hints) >= 3
    assert all(len(text) > 10 for text in said) and len(set(said)) == len(said)


@pytest.mark.parametrize("declared", TASKS, ids=IDS)
@pytest.mark.parametrize("empty", [None, ..., lambda *args, **kwargs: None])
def test_an_untouched_stub_is_not_written_yet(declared, empty):
    verdict = judged(declared, empty)
    assert not verdict.passed and "not written yet" in verdict.text.lower()
