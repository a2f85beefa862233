"""The board: where to go on, links that lead there from wherever it is asked, what is done."""

import re
import shutil
from pathlib import Path

import pytest

from course_utils import progress
from course_utils.checks import dashboard
from course_utils.checks.dashboard import Progress
from course_utils.environment.workspace import MyCourse
from course_utils.paths import NOTEBOOKS, ROOT


@pytest.fixture(autouse=True)
def new_learner(tmp_path, monkeypatch):
    monkeypatch.setenv("ATTENTION_OPTIONAL_HOME", str(tmp_path / "home"))
    monkeypatch.setattr(progress, "_messages", set())


def place_bets(number: str) -> None:
    [lesson] = [lesson for lesson in Progress().lessons if lesson.name.startswith(number)]
    for bet in lesson.bets:
        progress.record_bet(bet, "this", right=bet == list(lesson.bets)[0])


def pass_tasks(number: str) -> None:
    [lesson] = [lesson for lesson in Progress().lessons if lesson.name.startswith(number)]
    for task in lesson.tasks:
        progress.record_pass(task)


def finish(*numbers: str) -> None:
    for number in numbers:
        place_bets(number)
        pass_tasks(number)


def lessons() -> list[str]:
    return [path.stem for path in sorted(NOTEBOOKS.glob("*.ipynb"))]


def test_a_new_learner_begins_with_the_first_lesson():
    board = Progress()
    assert board.next == ("Begin here", "00 start here", "notebooks/00_start_here.ipynb")
    assert board.summary.startswith(f"0 of {len(lessons()) - 1} lessons done, no bet placed yet, ")


def test_every_lesson_is_there_with_its_bets_its_tasks_and_its_minutes():
    board = Progress()
    assert [lesson.name for lesson in board.lessons] == lessons()
    for lesson in board.lessons:
        assert lesson.bets and lesson.tasks and 5 <= lesson.minutes <= 45, lesson.name
        assert {name[:2] for name in [*lesson.bets, *lesson.tasks]} == {lesson.name[:2]}
        source = (NOTEBOOKS / f"{lesson.name}.ipynb").read_text(encoding="utf-8")
        assert len(re.findall(r'"\\?n?bet\(', source)) == len(lesson.bets)


def test_first_the_bets_of_a_lesson_then_its_exercise_then_the_next_lesson():
    progress.record_bet("01.king", "this", right=True)
    assert Progress().next == ("Go on", *the("01_words_into_numbers"))
    place_bets("01")
    exercise = "exercises/01_words_into_numbers/01_words_into_numbers.ipynb"
    assert Progress().next == ("Go on", "the exercise of 01 words into numbers", exercise)
    pass_tasks("01")
    assert Progress().next == ("Go on", *the("02_where_am_i"))


def the(name: str) -> tuple[str, str]:
    return name.replace("_", " "), f"notebooks/{name}.ipynb"


def test_lesson_00_has_its_task_in_itself():
    place_bets("00")
    assert Progress().next[2] == "notebooks/00_start_here.ipynb"


def test_a_task_that_was_only_looked_at_is_open():
    place_bets("03")
    for task in Progress().lessons[3].tasks:
        progress.record_reveal(task)
        progress.record_hint(task)
    assert Progress().next[2].startswith("exercises/03")
    assert Progress().lessons[3].row[4:] == ("0 of 4", "4", "4")


def test_what_was_left_out_comes_after_the_last_lesson_and_the_appendix_is_no_step():
    numbers = [name[:2] for name in lessons() if name[0].isdigit()]
    finish(*(number for number in numbers if number != "02"))
    assert Progress().next == ("Go on", *the("02_where_am_i"))
    finish("02")
    say, _, place = Progress().next
    assert say.startswith("All done") and place == "notebooks/00_start_here.ipynb"
    assert Progress().summary.startswith(f"{len(numbers)} of {len(numbers)} lessons done")
    assert "0 minutes" in Progress().summary


def test_the_summary_counts_what_was_won_of_what_was_placed():
    before = Progress()
    finish("01", "A1")  # the first bet of each is won
    placed = sum(len(before.lessons[at].bets) for at in (1, -1))
    minutes = sum(lesson.minutes for lesson in before.numbered)
    assert Progress().summary == (
        f"1 of {len(before.numbered)} lessons done, 2 of {placed} bets won, "
        f"{minutes - before.lessons[1].minutes} minutes of lessons to go."
    )


@pytest.mark.parametrize("where", ["notebooks", "exercises/03_attention", "."])
def test_links_lead_there_from_lessons_and_exercises_of_my_course(tmp_path, monkeypatch, where):
    MyCourse(tmp_path / "mine", ROOT).update()
    monkeypatch.chdir(tmp_path / "mine" / where)
    targets = re.findall(r'href="([^"]+)"', Progress()._repr_html_())
    found = {Path(target).resolve().relative_to(tmp_path.resolve()) for target in targets}
    assert all(Path(target).exists() for target in targets)
    assert len(found) == 2 * len(lessons()) - 1 and len(targets) == 2 * len(lessons()) + 1


def test_the_page_has_a_sign_for_each_bet_and_task_and_says_it_in_words():
    finish("01")  # the first bet is won
    lesson = Progress().lessons[1]
    page = Progress()._repr_html_()
    n_bets, n_tasks = len(lesson.bets), len(lesson.tasks)
    assert "✓" in lesson.bet_signs and lesson.bet_signs.count("○") == n_bets - 1 - (
        lesson.bet_signs.count("✗")
    )
    assert lesson.task_signs.count("■") == n_tasks and f"{n_tasks} of {n_tasks}</a>" in page
    assert f'aria-label="exercise 01: {n_tasks} of {n_tasks}"' in page  # heard alone, too
    assert f"1 of {n_bets - lesson.bet_signs.count('○')} won" in page
    signs = [one for one in re.findall(r">([✓✗○■□]+)<", page)]
    assert len(signs) == page.count('aria-hidden="true"')  # none is read out sign by sign
    assert re.search(r'<progress max="\d+" value="1" aria-label="lessons done"', page)


def test_from_elsewhere_there_are_words_and_no_links(tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    page = Progress()._repr_html_()
    assert "href" not in page and "Begin here: 00 start here" in page


def test_in_a_window_without_html_the_place_is_written(monkeypatch):
    first, second, empty, *table = repr(Progress()).splitlines()
    assert first == "Begin here: notebooks/00_start_here.ipynb" and empty == ""
    assert second == Progress().summary and len(table) == 1 + len(lessons())


def test_a_lesson_that_does_not_say_its_time_takes_none(tmp_path, monkeypatch):
    shutil.copytree(NOTEBOOKS, tmp_path / "notebooks")
    path = tmp_path / "notebooks" / "00_start_here.ipynb"
    path.write_text(path.read_text(encoding="utf-8").replace("*Half an hour.*", "Soon."), "utf-8")
    monkeypatch.setattr(dashboard, "NOTEBOOKS", tmp_path / "notebooks")
    assert Progress().lessons[0].minutes == 0
