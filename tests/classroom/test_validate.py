"""`course_utils check`: the learner's answers count, and nothing else of the learner's notebook."""

import copy
import json

import classes
import pytest

from course_utils import notebook, progress
from course_utils.checks import validate
from course_utils.checks.merge import merge

WRONG = "def weighted_average(values, weights):\n    return sum(values) / len(values)"
RIGHT = """\
def weighted_average(values, weights):
    print("was here")
    return own_sum(values, weights) / sum(weights)"""


@pytest.fixture(scope="module")
def course(tmp_path_factory):
    """A folder with solutions/ and exercises/ of the sample."""
    folder = tmp_path_factory.mktemp("course")
    classes.sample(folder / "solutions", run=True)
    release = classes.fresh(classes.SAMPLE, folder / "solutions")
    classes.release.write(release, folder / "exercises")
    return folder


@pytest.fixture
def place(course, monkeypatch):
    monkeypatch.setattr(validate, "SOLUTIONS", course / "solutions")
    monkeypatch.setattr(validate, "EXERCISES", course / "exercises")
    return course


@pytest.fixture
def exercise(place):
    return validate.read(place / "exercises" / classes.SAMPLE / f"{classes.SAMPLE}.ipynb")


@pytest.fixture
def checked(place, tmp_path, capsys):
    """Run the command on a notebook; (exit status, what it printed)."""

    def command(book) -> tuple[int, str]:
        path = tmp_path / "mine.ipynb"
        path.write_text(notebook.to_text(book), encoding="utf-8")
        status = validate.main(["00", "--notebook", str(path)])
        return status, "".join(capsys.readouterr())

    return command


def answer(book):
    return next(cell for cell in book.cells if cell.id == "answer")


def own_cell(source):
    return validate.nbformat.v4.new_code_cell(source)


# What is run


def test_answers_are_the_learners_and_all_else_is_the_teachers(place, exercise):
    teacher = validate.read(validate.teachers_notebook("00"))
    before = json.dumps(teacher)
    answer(exercise).source = WRONG
    exercise.cells[-1].source = "3.0"
    merged = merge(teacher, exercise)
    sources = {cell.id: cell.source for cell in merged.notebook.cells}
    assert sources["answer"] == WRONG and not merged.notes
    assert sources["test"].endswith(classes.CHECK)  # hidden part included
    assert merged.notebook.cells[-1].outputs == teacher.cells[-1].outputs != []
    assert json.dumps(teacher) == before


def test_tests_that_were_edited_or_deleted_change_nothing(place, exercise):
    teacher = validate.read(validate.teachers_notebook("00"))
    answer(exercise).source = WRONG
    expected = merge(teacher, exercise)
    exercise.cells[-1].source = "99.0"
    assert merge(teacher, exercise) == expected
    del exercise.cells[-1]
    assert merge(teacher, exercise) == expected


def test_an_answer_without_its_mark_is_found_all_the_same(place, exercise):
    teacher = validate.read(validate.teachers_notebook("00"))
    answer(exercise).update(source=WRONG, metadata={"nbgrader": "spoilt"}, id="another")
    merged = merge(teacher, exercise)
    assert answer(merged.notebook).source == WRONG
    assert "lost its mark" in merged.notes[0]


def test_a_missing_answer_is_said_and_not_written(place, exercise):
    teacher = validate.read(validate.teachers_notebook("00"))
    exercise.cells.remove(answer(exercise))
    merged = merge(teacher, exercise)
    assert answer(merged.notebook).source == classes.STUB
    assert "'weighted_average' is missing" in merged.notes[0]


def test_of_two_answers_the_last_counts(place, exercise):
    teacher = validate.read(validate.teachers_notebook("00"))
    exercise.cells.insert(4, copy.deepcopy(answer(exercise)))
    exercise.cells[4].source = WRONG
    merged = merge(teacher, exercise)
    assert answer(merged.notebook).source == WRONG
    assert "There are 2 answer cells" in merged.notes[0]


def test_own_helpers_come_along_and_what_they_would_do_does_not(place, exercise):
    teacher = validate.read(validate.teachers_notebook("00"))
    own = "import math\nprint(1 / 0)\ndef helper():\n    return math.pi\nhelper()"
    exercise.cells.insert(2, own_cell(own))
    exercise.cells.append(own_cell("def weighted_average(values, weights): return 17.5"))
    sources = [cell.source for cell in merge(teacher, exercise).notebook.cells]
    (carried,) = [source for source in sources if "helper" in source]
    assert sources.index(carried) < sources.index(classes.STUB)
    assert "import math" in carried and "1 / 0" not in carried and "17.5" not in str(sources)
    compile(carried, "cell", "exec")


# What is said


def test_right_answers_pass_with_prints_and_helpers_and_spoilt_tests(checked, exercise):
    helper = "def own_sum(v, w):\n    return sum(a * b for a, b in zip(v, w))"
    exercise.cells.insert(2, own_cell(helper))
    answer(exercise).source = RIGHT
    exercise.cells[-1].source = "0.0"
    status, said = checked(exercise)
    assert (status, "All 1 tasks are solved" in said) == (0, True), said
    assert progress.tasks()["00.weighted_average"]["passed"]


def test_a_wrong_answer_is_told_what_the_check_tells(checked, exercise):
    answer(exercise).source = WRONG + "\ncheck = print  # shall not help"
    status, said = checked(exercise)
    assert status == 1 and "plain mean" in said and "0 of 1" in said, said


def test_an_untouched_exercise_is_not_written_yet(checked, exercise):
    status, said = checked(exercise)
    assert status == 1 and "Not written yet" in said and "saved" in said, said


@pytest.mark.parametrize(
    ("source", "expected"),
    [
        ("def weighted_average(:", "SyntaxError: invalid syntax (line 1)"),
        ("import os\nos._exit(3)", "ended its kernel"),
        ("while True: pass", "still running"),
    ],
    ids=["syntax error", "dead kernel", "endless loop"],
)
def test_a_cell_that_cannot_be_run_is_named(checked, exercise, monkeypatch, source, expected):
    monkeypatch.setattr(validate, "CELL_TIMEOUT", 15)
    answer(exercise).source = source
    status, said = checked(exercise)
    assert status == 1 and expected in said and "weighted_average" in said, said


# What keeps it from judging


@pytest.mark.parametrize("text", ["", "{", '{"cells": [1', '{"cells": 3}', "[]", '{"a": 1}'])
def test_a_damaged_notebook_gets_one_sentence(place, tmp_path, capsys, text):
    path = tmp_path / "mine.ipynb"
    path.write_text(text)
    assert validate.main(["00", "--notebook", str(path)]) == 1
    printed = capsys.readouterr()
    assert "mine.ipynb is damaged" in printed.err and "Traceback" not in printed.err
    assert len(printed.err.strip().splitlines()) == 1 and not printed.out


def test_a_missing_notebook_or_lesson_is_named(place, tmp_path, capsys):
    assert validate.main(["00", "--notebook", str(tmp_path / "no.ipynb")]) == 1
    assert f"There is no {tmp_path / 'no.ipynb'};" in capsys.readouterr().err
    assert validate.main(["88"]) == 1
    assert "There is no exercise '88'. There are: 00." in capsys.readouterr().err
