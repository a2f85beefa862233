"""The teacher's path as TEACHING.md prints it, in a clone as it is, with a class of three."""

import re
import shutil

import pytest
from nbgrader.api import Gradebook
from test_teachers_commands import Clone

from course_utils.checks.dashboard import Progress
from course_utils.paths import EXERCISES, ROOT

TEACHING = (ROOT / "TEACHING.md").read_text(encoding="utf-8")
NAME = "03_attention"


def printed_commands() -> list[str]:
    return re.findall(r"^    (python3 -m course_utils class .+)$", TEACHING, flags=re.MULTILINE)


@pytest.fixture(scope="module")
def ran(tmp_path_factory):
    """(the clone, the class's folder, how each command went): what students do is between them."""
    clone = Clone(tmp_path_factory.mktemp("teacher"))
    folder = clone.folder.parent
    (folder / "roster.csv").write_text("id,first_name,last_name\nanna,Anna,A\nben,Ben,B\ncleo,,\n")
    done = []
    for command in printed_commands():
        if " collect " in command:
            inbox = folder / "my_class" / "inbox"
            shutil.copytree(clone.folder / "solutions" / NAME, inbox / "anna")
            handed_out = folder / "my_class" / "release" / NAME / f"{NAME}.ipynb"
            shutil.copy(handed_out, inbox / f"{NAME} Ben B.ipynb")
        done.append(clone.shell(command))
    return clone, folder / "my_class", done


def test_each_command_does_what_it_says(ran):
    _, _, done = ran
    assert len(done) == 7
    said = {one.args[-1]: (one.returncode, one.stdout + one.stderr[-800:]) for one in done}
    *of_the_class, doctor = said.values()
    assert all(status == 0 for status, _ in of_the_class), said
    assert doctor[0] in (0, 1) and "the network" in doctor[1]


def test_the_gradebook_the_pages_and_the_report_are_there(ran):
    _, place, done = ran
    with Gradebook(f"sqlite:///{place / 'gradebook.db'}") as book:
        scores = {one.student.id: one.score for one in book.assignment_submissions(NAME)}
        assert {student.id for student in book.students} == {"anna", "ben", "cleo"}
    assert scores == {"anna": 11.0, "ben": 0.0}, [one.stdout for one in done]
    for student in scores:
        assert (place / "feedback" / student / NAME / f"{NAME}.html").is_file()
    report = (place / "report" / f"{NAME}.html").read_text()
    assert "Handed in nothing: cleo." in report


def test_the_release_has_neither_answers_nor_outputs(ran):
    _, place, _ = ran
    released = place / "release" / NAME
    assert [path.name for path in released.iterdir()] == [f"{NAME}.ipynb"]
    text = (released / f"{NAME}.ipynb").read_text()
    assert "SOLUTION" not in text and text == (EXERCISES / NAME / f"{NAME}.ipynb").read_text()


def test_what_only_the_teacher_may_read_is_closed(ran):
    _, place, _ = ran
    for name in ("records", "report", "submitted", "earlier", "feedback", "gradebook.db"):
        assert (place / name).stat().st_mode & 0o077 == 0


def test_the_plan_has_every_lesson_with_its_own_minutes():
    rows = re.findall(r"^\| \d+ \| (.+?) \| .+? \| (.+?) \| .+? \|$", TEACHING, flags=re.MULTILINE)
    plan = dict(
        pair for lessons, minutes in rows
        for pair in zip(re.findall(r"\b(\d\d|A1)\b", lessons), minutes.split(" + "), strict=False)
    )  # fmt: skip
    lengths = {lesson.name[:2]: lesson.minutes for lesson in Progress().lessons}
    assert {name: int(minutes) for name, minutes in plan.items()} == lengths
