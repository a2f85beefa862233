"""`course_utils check`: the learner's answers count, and nothing else of the learner's notebook."""

import copy
import json
import os

import classes
import gallery
import pytest

from course_utils import notebook, progress
from course_utils.checks import validate
from course_utils.checks.merge import merge
from course_utils.commands import command_line
from course_utils.environment import install
from course_utils.problem import Problem

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


def test_what_is_so_with_all_cells_is_said_once():
    teacher, learner = gallery.read(gallery.EXERCISES), gallery.read(gallery.SOLUTIONS)
    gallery.strip(learner)
    (note,) = merge(teacher, learner).notes
    assert "have lost their marks" in note and "'padding_mask', 'self_attention'" in note
    gallery.words_only(learner)
    (note,) = merge(teacher, learner).notes
    assert "are missing in your notebook" in note and "'soft_lookup', " in note


def test_of_two_answers_the_last_counts(place, exercise):
    teacher = validate.read(validate.teachers_notebook("00"))
    exercise.cells.insert(4, copy.deepcopy(answer(exercise)))
    exercise.cells[4].source = WRONG
    merged = merge(teacher, exercise)
    assert answer(merged.notebook).source == WRONG
    assert "There are 2 answer cells" in merged.notes[0]


@pytest.mark.parametrize("left", [classes.STUB, "# see below", f"{classes.STUB}  # later"])
def test_an_answer_in_another_cell_is_found_where_its_own_was_left_empty(place, exercise, left):
    teacher = validate.read(validate.teachers_notebook("00"))
    answer(exercise).source = left
    exercise.cells.insert(4, own_cell(WRONG))
    merged = merge(teacher, exercise)
    assert answer(merged.notebook).source == WRONG
    assert merged.notes == [
        "The answer cell 'weighted_average' is empty; the answer was found in another cell."
    ]


def test_an_answer_in_its_cell_counts_whatever_was_tried_elsewhere(place, exercise):
    teacher = validate.read(validate.teachers_notebook("00"))
    answer(exercise).source = RIGHT
    exercise.cells.insert(4, own_cell(WRONG))
    merged = merge(teacher, exercise)
    assert answer(merged.notebook).source == RIGHT and not merged.notes


def test_a_notebook_that_begins_with_a_byte_order_mark_is_read(place, tmp_path, exercise):
    path = tmp_path / "mine.ipynb"
    path.write_text(notebook.to_text(exercise), encoding="utf-8-sig")
    assert validate.read(path) == exercise


def carried(teacher, exercise) -> list[str]:
    """What of the learner's own cells is run, in its place among the teacher's cells."""
    cells = merge(teacher, exercise).notebook.cells
    return [cell.source if cell.id.startswith("own-") else cell.id for cell in cells]


def executed(source: str) -> dict:
    names: dict = {}
    exec(compile(source, "cell", "exec"), names)
    return names


@pytest.mark.parametrize("magic", ["%%time", "%%capture out", "\n %%prun -q"])
def test_what_a_cell_below_a_magic_that_runs_it_defines_comes_along(place, exercise, magic):
    teacher = validate.read(validate.teachers_notebook("00"))
    exercise.cells.insert(2, own_cell(f"{magic}\nDIM = 4"))
    assert executed(carried(teacher, exercise)[2])["DIM"] == 4


def test_own_cells_come_along_and_what_fails_in_one_stops_nothing(place, exercise):
    teacher = validate.read(validate.teachers_notebook("00"))
    own = "DIM = 4\nprint(1 / 0)\nsoft = lambda x: x + DIM\ntable = {}\nfor i in 1, 2: table[i] = i"
    exercise.cells.insert(2, own_cell(own))
    before, *after = carried(teacher, exercise)[2:]
    assert after == ["answer", "try-it", "test"]
    names = executed(before)
    assert names["soft"](1) == 5 and names["table"] == {1: 1, 2: 2}


def test_an_earlier_attempt_that_lies_about_does_not_hide_the_answer(place, exercise):
    teacher = validate.read(validate.teachers_notebook("00"))
    attempt = "def weighted_average(values, weights): return 17.5\nHELPS = 1"
    exercise.cells.insert(3, own_cell(attempt))
    [kept] = [source for source in carried(teacher, exercise) if "HELPS" in source]
    assert "17.5" not in kept


def test_a_cell_of_the_teachers_that_was_changed_counts_after_the_teachers_own(place, exercise):
    teacher = validate.read(validate.teachers_notebook("00"))
    imports = next(cell for cell in exercise.cells if cell.id == "imports")
    imports.source += "\nimport math"
    assert [part.split()[0] for part in carried(teacher, exercise)[1:4]] == [
        "imports",
        "try:",
        "answer",
    ]


def test_what_follows_the_last_check_is_not_run(place, exercise):
    teacher = validate.read(validate.teachers_notebook("00"))
    end = validate.nbformat.v4.new_markdown_cell("The end.", id="end")
    teacher.cells.append(end)
    exercise.cells += [own_cell("while True: pass"), end, own_cell("while True: pass")]
    assert carried(teacher, exercise) == ["title", "imports", "answer", "try-it", "test", "end"]


def test_own_cells_keep_their_texts_and_their_beginnings(place, exercise):
    teacher = validate.read(validate.teachers_notebook("00"))
    own = (
        "from __future__ import annotations\n"
        'def letter(name: Nobody) -> str:\n    return f"""Dear\n{name},\n  how"""\n'
    )
    exercise.cells.insert(2, own_cell(own))
    assert executed(carried(teacher, exercise)[2])["letter"]("Tom") == "Dear\nTom,\n  how"


@pytest.mark.parametrize(
    "source",
    [
        "%matplotlib inline\ndef helper(): return 3",
        "!echo hello\ndef helper(): return 3",
        "%%time\ndef helper(): return 3",
        "helper = lambda: 3\nawait sleep(0)",
    ],
)
def test_a_function_below_a_magic_comes_along(place, exercise, source):
    teacher = validate.read(validate.teachers_notebook("00"))
    exercise.cells.insert(2, own_cell(source))
    assert any("helper" in part for part in carried(teacher, exercise))


# What is said


def test_right_answers_pass_with_prints_and_helpers_and_spoilt_tests(checked, exercise):
    helper = "def own_sum(v, w):\n    return sum(a * b for a, b in zip(v, w))"
    exercise.cells.insert(2, own_cell(helper))
    answer(exercise).source = RIGHT
    exercise.cells[-1].source = "0.0"
    status, said = checked(exercise)
    assert (status, "All 1 tasks are solved" in said) == (0, True), said
    assert progress.tasks()["00.weighted_average"]["passed"]


NOISY = """\
import logging, sys
logging.basicConfig(stream=sys.stderr, force=True)

def weighted_average(values, weights):
    logging.warning("here we go")
    sys.__stdout__.write("and here")
    parts = [value * weight for value, weight in zip(values, weights)]
    return soft(parts) / soft(weights) + ZERO"""


def test_right_answers_pass_that_rest_on_what_lies_beside_and_write_to_the_log(
    checked, exercise, tmp_path
):
    (tmp_path / "beside.py").write_text("def total(values): return sum(values)\n")
    (tmp_path / "zero.txt").write_text("0")
    exercise.cells.insert(2, own_cell("%pprint\nimport beside\nsoft = lambda x: beside.total(x)"))
    exercise.cells.insert(3, own_cell("ZERO = float(open('zero.txt').read())"))
    answer(exercise).source = NOISY
    status, said = checked(exercise)
    assert (status, "All 1 tasks are solved" in said) == (0, True), said


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


def why_not(*arguments: str) -> str:
    """The one sentence that says why nothing can be judged."""
    with pytest.raises(Problem) as caught:
        validate.main(list(arguments))
    assert len(str(caught.value).splitlines()) == 1
    return str(caught.value)


HALF = json.dumps(
    {"cells": [{"cell_type": "code", "source": "x = '\ud800'", "metadata": {}, "outputs": [],
                "execution_count": None}], "metadata": {}, "nbformat": 4, "nbformat_minor": 4}
)  # fmt: skip


@pytest.mark.parametrize("text", ["", "{", '{"cells": [1', '{"cells": 3}', "[]", '{"a": 1}', HALF])
def test_a_damaged_notebook_gets_one_sentence(place, tmp_path, text):
    path = tmp_path / "mine.ipynb"
    path.write_text(text)
    assert "mine.ipynb is damaged" in why_not("00", "--notebook", str(path))


def test_a_missing_notebook_is_named_whole(place, tmp_path):
    path = tmp_path / "no.ipynb"
    assert f"There is no {path};" in why_not("00", "--notebook", str(path))


@pytest.mark.parametrize("name", ["88", "", "0", "00_sampler"])
def test_a_name_that_means_no_exercise_is_answered_with_those_there_are(place, name):
    assert why_not(name) == f"There is no exercise {name!r}. There are: 00."


@pytest.mark.parametrize("name", ["00", "00_sam", "00_sample"])
def test_an_exercise_is_named_by_its_number_or_more(place, name):
    assert validate.teachers_notebook(name).stem == classes.SAMPLE


@pytest.mark.skipif(os.name == "nt", reason="there are no pipes in folders, and links need rights")
@pytest.mark.parametrize("make", [os.mkfifo, lambda path: os.symlink(path, path), os.mkdir])
def test_what_is_no_file_is_neither_waited_for_nor_followed(place, tmp_path, make):
    path = tmp_path / "mine.ipynb"
    make(path)
    assert f"{path} is no file" in why_not("00", "--notebook", str(path))


def test_could_not_judge_is_another_exit_status_than_not_solved(place, monkeypatch):
    monkeypatch.setattr(install.Environment, "is_running", True)
    assert command_line.main(["check", "88"]) == command_line.COULD_NOT
