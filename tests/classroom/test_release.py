"""exercises/ is what comes out of solutions/, and nbgrader grades both ends of the scale."""

import json

import classes
import pytest
from nbgrader.utils import determine_grade, is_grade, is_solution

from course_utils import notebook
from course_utils.classroom import release
from course_utils.paths import EXERCISES, SOLUTIONS
from course_utils.problem import Problem

NAMES = release.select([])


@pytest.fixture(scope="module")
def solutions(tmp_path_factory):
    folder = tmp_path_factory.mktemp("course") / "solutions"
    classes.sample(folder)
    return folder


def test_the_course_has_an_exercise_for_each_solution_and_no_other():
    released = sorted(path.name for path in EXERCISES.glob("*") if any(path.glob("*.ipynb")))
    assert released == NAMES, "python -m course_utils release"


@pytest.mark.parametrize("name", NAMES)
def test_the_exercise_is_what_its_solution_gives(name):
    expected = classes.fresh(name, SOLUTIONS)
    for inside, content in expected.files.items():
        stored = (EXERCISES / name / inside).read_bytes()
        assert stored == content, f"{name}/{inside}: python -m course_utils release {name}"


@pytest.mark.parametrize("name", [classes.SAMPLE, *NAMES])
def test_nbgrader_gives_the_solution_all_points_and_the_exercise_none(name, solutions, tmp_path):
    home = SOLUTIONS if name in NAMES else solutions
    graded = classes.graded_by_nbgrader(name, home, tmp_path)
    full = classes.scores(graded["solution"])
    assert full and all(got == most > 0 for got, most in full.values()), full
    assert all(got == 0 for got, _ in classes.scores(graded["untouched"]).values())
    for cell in graded["untouched"].cells:
        said = [str(output) for output in cell.get("outputs", [])]
        assert not any(output.output_type == "error" for output in cell.get("outputs", [])), said
        assert not any(output.get("name") == "stderr" for output in cell.get("outputs", [])), said
        if is_grade(cell) and cell.cell_type == "code":
            assert "not written yet" in " ".join(said).lower(), said


def test_what_a_person_grades_is_left_to_a_person():
    """The capstone's report: points that no machine gives."""
    path = EXERCISES / "18_the_bake_off" / "18_the_bake_off.ipynb"
    by_hand = [
        cell
        for cell in notebook.read(path.read_text(encoding="utf-8")).cells
        if is_grade(cell) and cell.cell_type == "markdown"
    ]
    assert [cell.metadata.nbgrader.points for cell in by_hand] == [6]
    by_hand[0].source = "The window loses, and I had bet on it."
    assert determine_grade(by_hand[0]) == (None, 6)


def test_a_release_has_stubs_and_neither_solutions_nor_hidden_tests(solutions):
    (text,) = classes.fresh(classes.SAMPLE, solutions).files.values()
    cells = notebook.read(text.decode()).cells
    assert [cell.source for cell in cells if is_solution(cell)] == [classes.STUB]
    assert b"HIDDEN" not in text and b"seed=5" not in text and b"SOLUTION" not in text
    assert all(not cell.outputs for cell in cells if cell.cell_type == "code")


def test_a_second_release_changes_no_file(solutions, tmp_path):
    assert release.write(classes.fresh(classes.SAMPLE, solutions), tmp_path) == "made"
    assert release.write(classes.fresh(classes.SAMPLE, solutions), tmp_path) == "unchanged"


def test_a_release_does_not_depend_on_whether_the_solution_was_run(solutions, tmp_path):
    classes.sample(tmp_path, run=True)
    assert classes.fresh(classes.SAMPLE, tmp_path) == classes.fresh(classes.SAMPLE, solutions)


def test_work_in_an_exercise_is_not_written_over(solutions, tmp_path):
    made = classes.fresh(classes.SAMPLE, solutions)
    release.write(made, tmp_path)
    path = tmp_path / classes.SAMPLE / f"{classes.SAMPLE}.ipynb"
    worked = path.read_text().replace("    ...", "    return 17.5")
    path.write_text(worked)
    with pytest.raises(Problem, match="--force"):
        release.write(made, tmp_path)
    assert path.read_text() == worked
    assert release.write(made, tmp_path, force=True) == "made anew"
    assert path.read_bytes() == made.files[path.relative_to(tmp_path / classes.SAMPLE)]


def test_a_file_that_the_solution_no_longer_has_goes(solutions, tmp_path):
    stray = tmp_path / classes.SAMPLE / "old.txt"
    stray.parent.mkdir()
    stray.write_text("from last year")
    release.write(classes.fresh(classes.SAMPLE, solutions), tmp_path)
    assert not stray.exists()


def test_what_nbgrader_refuses_is_said_in_a_sentence(tmp_path):
    path = classes.sample(tmp_path)
    book = json.loads(path.read_text())
    book["cells"][2]["source"] = classes.SOLUTION.replace("### END SOLUTION", "")
    path.write_text(json.dumps(book))
    with pytest.raises(Problem, match="no end solution"):
        classes.fresh(classes.SAMPLE, tmp_path)


def test_an_unknown_name_is_answered_with_those_there_are(solutions):
    for unknown in ("99", ""):
        with pytest.raises(Problem, match=classes.SAMPLE):
            release.select([unknown], solutions)
