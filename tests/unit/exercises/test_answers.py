"""Answers that people wrote from a task's text alone, without having seen how it is declared.

`answers/lesson_NN.py` holds them: RIGHT and WRONG, by the task's id. None of the right ones may be
refused and none of the wrong ones may pass; most of the wrong ones are told what they are.
"""

import importlib
import sys
from pathlib import Path

import pytest

from course_utils.checks import catalog
from course_utils.checks.judge import KnownMistakes, judge

HERE = Path(__file__).parent
sys.path.insert(0, str(HERE / "answers"))
LESSONS = {path.stem: importlib.import_module(path.stem) for path in HERE.glob("answers/*.py")}
NAMED = 2 / 3  # of each task's wrong answers are recognised as a known mistake, at least


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


@pytest.mark.parametrize("task_id", WRONG)
def test_wrong_answers_are_refused_and_most_are_told_what_they_are(task_id):
    task = catalog.find(task_id)
    known = KnownMistakes(task)
    judged = [judge(task, answer, known=known) for answer in WRONG[task_id]]
    passed = [
        answer.__name__
        for answer, verdict in zip(WRONG[task_id], judged, strict=True)
        if verdict.passed
    ]
    assert not passed
    named = sum(bool(verdict.mistakes) for verdict in judged)
    assert named >= NAMED * len(judged), f"{named} of {len(judged)} are recognised"
