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
from course_utils.paths import ROOT

HERE = Path(__file__).parent
sys.path.insert(0, str(HERE / "answers"))
LESSONS = {path.stem: importlib.import_module(path.stem) for path in HERE.glob("answers/*.py")}
NAMED = 2 / 3  # of the wrong answers are recognised as a known mistake, at least


def all_of(kind: str) -> list:
    return [
        pytest.param(task, answers, id=task)
        for module in LESSONS.values()
        for task, answers in getattr(module, kind).items()
    ]


def test_every_lesson_with_an_exercise_has_such_answers():
    lessons = {path.name for path in (ROOT / "course_utils/exercises").glob("lesson_??")}
    lessons -= {"lesson_00"}
    assert lessons <= set(LESSONS), sorted(lessons - set(LESSONS))


@pytest.mark.parametrize(("task_id", "answers"), all_of("RIGHT"))
def test_right_answers_pass(task_id, answers):
    task = catalog.find(task_id)
    for answer in answers:
        verdict = judge(task, answer)
        assert verdict.passed, f"{answer.__name__}: {verdict.text}"


@pytest.mark.parametrize(("task_id", "answers"), all_of("WRONG"))
def test_wrong_answers_are_refused(task_id, answers):
    task = catalog.find(task_id)
    known = KnownMistakes(task)
    passed = [answer.__name__ for answer in answers if judge(task, answer, known=known).passed]
    assert not passed


def test_most_wrong_answers_are_told_what_they_are():
    verdicts = [
        judge(catalog.find(task_id), answer)
        for module in LESSONS.values()
        for task_id, answers in module.WRONG.items()
        for answer in answers
    ]
    named = sum(bool(verdict.mistakes) for verdict in verdicts)
    print(f"{named} of {len(verdicts)} wrong answers are named")
    assert named >= NAMED * len(verdicts)
