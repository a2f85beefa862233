"""Every hand-in of the gallery, in one run of the class's own commands: grade, report, and life."""

import html
import os
import re

import gallery
import pytest
from nbgrader.api import Gradebook

from course_utils.classroom import command, confine
from course_utils.classroom.place import Classroom
from course_utils.classroom.worker import HIDDEN, PACKAGE

STUDENTS = {f"s{number:02d}": kind for number, kind in enumerate(gallery.KINDS)}


class Held:
    """A class in which each kind is one student, handed in, collected, judged and reported."""

    def __init__(self, folder):
        self.folder = folder
        roster = folder / "in.csv"
        roster.write_text("id\nanna\n" + "\n".join(STUDENTS) + "\n")
        where = ["--class", str(folder)]
        self.kinds = {s: gallery.KINDS[kind](s) for s, kind in STUDENTS.items()}
        self.statuses = [
            command.main(["init", str(folder), "--students", str(roster)]),
            command.main(["release", "03", *where]),
        ]
        for kind in self.kinds.values():
            for name, content in kind.files.items():
                path = folder / "inbox" / name
                path.parent.mkdir(parents=True, exist_ok=True)
                path.write_bytes(content)
        anna = folder / "inbox" / "anna"
        anna.mkdir()
        (anna / gallery.FILE).symlink_to(gallery.SOLUTIONS / gallery.NAME / gallery.FILE)
        os.mkfifo(folder / "inbox" / "pipe")
        for step in ("collect", "grade", "feedback", "report"):
            more = ["--jobs", "2"] if step == "grade" else []
            self.statuses.append(command.main([step, *more, *where]))
        self.place = Classroom(folder)
        self.report = (folder / "report" / f"{gallery.NAME}.html").read_text()


@pytest.fixture(scope="module")
def held(tmp_path_factory):
    with pytest.MonkeyPatch.context() as patch:
        patch.setenv("OMP_NUM_THREADS", "1")
        said = []
        patch.setattr("builtins.print", lambda *words, **options: said.append(" ".join(words)))
        held = Held(tmp_path_factory.mktemp("class"))
    held.said = "\n".join(said)
    return held


@pytest.mark.parametrize("student", STUDENTS, ids=STUDENTS.get)
def test_it_is_worth_what_its_answers_are_and_the_report_says_what_it_has_to(held, student):
    expected = held.kinds[student]
    record = held.place.records(gallery.NAME)[student]
    with Gradebook(held.place.gradebook) as book:
        submission = book.find_submission(gallery.NAME, student)
        score, needs_a_person = submission.score, submission.needs_manual_grade
    seen = {task["task"]: (task["points"], task["text"]) for task in record["tasks"]}
    assert score == (expected.points or 0.0), seen
    assert needs_a_person == (expected.points is None)
    if expected.line:
        rows = re.findall(rf"<tr><td>{student}</td><td>(.*?)</td></tr>", held.report)
        rows = [html.unescape(row) for row in rows]
        said = [line for line in held.said.splitlines() if student in line]
        assert any(expected.line in text for text in [*rows, *said]), (rows, said)


def test_the_statuses_tell_that_some_need_a_person(held):
    init, release, collect, grade, feedback, report = held.statuses
    assert (init, release, feedback, report) == (0, 0, 0, 0)
    assert (collect, grade) == (1, 1)


def test_links_and_pipes_are_said_and_not_followed(held):
    assert "pipe: 'pipe' is no plain file" in held.said
    assert re.search(rf"'{gallery.FILE}' is not read", held.said)
    assert "anna" not in held.place.records(gallery.NAME)


def test_nothing_is_left_running(held):
    assert not [name for name in os.listdir("/proc") if name.isdigit() and _is_ours(name)]


def _is_ours(process: str) -> bool:
    try:
        with open(f"/proc/{process}/cmdline", "rb") as stream:
            is_worker = b"course_utils.classroom.worker" in stream.read()
        with open(f"/proc/{process}/environ", "rb") as stream:
            return is_worker and b"PYTEST_CURRENT_TEST" in stream.read()
    except OSError:
        return False


def test_known_mistakes_are_ranked_and_unforeseen_ones_grouped(held):
    assert "03.soft_lookup/plain_average" in held.report
    groups = re.findall(r"class report --declare (\S+)</p>", held.report)
    assert any(group.startswith("03.soft_lookup:") for group in groups)
    place = ["--class", str(held.folder)]
    assert command.main(["report", "--declare", groups[0], *place]) == 0


def test_feedback_has_no_seed_no_hint_no_case_and_loads_nothing(held):
    seed = str(next(iter(held.place.records(gallery.NAME).values()))["seed"])
    pages = list((held.folder / "feedback").rglob("*.html"))
    assert len(pages) == len(STUDENTS)
    for path in pages:
        page = path.read_text(encoding="utf-8")
        assert seed not in page and "Stuck?" not in page and "On the case" not in page
        assert not re.search(r"(src|href)=|https?://(?!www.w3.org)|<script", page), path


def test_a_second_run_judges_nothing_but_what_could_not_be_judged(held, capsys):
    status = command.main(["grade", "--jobs", "1", "--class", str(held.folder)])
    broken = sum(kind.points is None for kind in held.kinds.values())
    assert status == 1 and re.search(rf" {broken} could not be judged", capsys.readouterr().out)


@pytest.mark.skipif(bool(confine.found_out(PACKAGE, HIDDEN)), reason="no namespaces here")
def test_all_students_of_a_run_had_the_same_hidden_inputs(held):
    assert len({record["seed"] for record in held.place.records(gallery.NAME).values()}) == 1
