"""Answers that people wrote from a task's text alone, without having seen how it is declared.

`answers/lesson_NN.py` holds them: RIGHT and WRONG, by the task's id. None of the right ones may be
refused and none of the wrong ones may pass; most of the wrong ones are told what they are.
"""

import functools
import importlib
import sys
from pathlib import Path

import pytest

from course_utils.checks import catalog
from course_utils.checks.judge import KnownMistakes, judge

HERE = Path(__file__).parent
sys.path.insert(0, str(HERE / "answers"))
LESSONS = {path.stem: importlib.import_module(path.stem) for path in HERE.glob("answers/*.py")}
NAMED = 2 / 3  # of the wrong answers are recognised as a known mistake, at least


RIGHT = {task: answers for lesson in LESSONS.values() for task, answers in lesson.RIGHT.items()}
WRONG = {task: answers for lesson in LESSONS.values() for task, answers in lesson.WRONG.items()}


def test_every_lesson_with_an_exercise_has_such_answers():
    lessons = {f"lesson_{number}" for number in catalog.lesson_numbers()} - {"lesson_00"}
    missing = sorted(lessons - set(LESSONS))
    assert not missing, f"write tests/unit/exercises/answers/NAME.py for: {missing}"


def test_every_task_has_right_ones_and_wrong_ones():
    lessons = set(catalog.lesson_numbers()) - {"00"}
    tasks = {task.id for number in lessons for task in catalog.tasks_of(number)}
    assert tasks == set(RIGHT) == set(WRONG), "RIGHT and WRONG each need an entry for every task"


@pytest.mark.parametrize("task_id", RIGHT)
def test_right_answers_pass(task_id):
    task = catalog.find(task_id)
    for answer in RIGHT[task_id]:
        verdict = judge(task, answer)
        assert verdict.passed, f"{answer.__name__}: {verdict.text}"


@functools.cache
def verdicts(task_id: str) -> list:
    """Of the wrong answers to a task; two tests look at them."""
    task = catalog.find(task_id)
    known = KnownMistakes(task)
    return [judge(task, answer, known=known) for answer in WRONG[task_id]]


@pytest.mark.parametrize("task_id", WRONG)
def test_wrong_answers_are_refused(task_id):
    judged = zip(WRONG[task_id], verdicts(task_id), strict=True)
    assert not [answer.__name__ for answer, verdict in judged if verdict.passed]


def test_most_wrong_answers_are_told_what_they_are():
    told = [verdict for task_id in WRONG for verdict in verdicts(task_id)]
    named = sum(bool(verdict.mistakes) for verdict in told)
    print(f"{named} of {len(told)} wrong answers are named")
    assert named >= NAMED * len(told)
