"""What a person reads and gives in Formgrader, and where it is found: pages, report, CSV.

Exercise 18 has a text that a person grades. Nothing is judged here: records are written as `grade`
writes them.
"""

import csv
import shutil

import pytest
from nbgrader.api import Comment, Gradebook
from nbgrader.apps.api import NbGraderAPI
from nbgrader.coursedir import CourseDirectory
from traitlets.config import Config

from course_utils import notebook
from course_utils.classroom import command, gradebook
from course_utils.classroom.formgrader import write_for_formgrader
from course_utils.classroom.place import Classroom, write_json
from course_utils.paths import EXERCISES

(SOURCE,) = EXERCISES.glob("18_*")
NAME = SOURCE.name
WORDS = "I expected the waves to lose. They lost."
STAMP = "2026-11-27 10:00:00.123457 UTC"


def record(**other) -> dict:
    task = {
        "task": "18.front", "points": 0.0, "most": 3.0, "passed": False, "failure": "numbers",
        "misconception": None, "also": [], "seconds": 0.1, "grade_id": "check_front",
        "text": "It is off.", "answer": "def front(): return 'mine'", "returned": "",
    }  # fmt: skip
    text = {"grade_id": "report", "points": 6.0, "text": WORDS, "blank": False}
    made = {"assignment": NAME, "seed": 5, "status": "judged", "notes": [], "signs": [],
            "blank": False, "tasks": [task], "written": [text]}  # fmt: skip
    return {**made, **other}


@pytest.fixture(scope="module")
def place(tmp_path_factory):
    folder = tmp_path_factory.mktemp("by_hand")
    (folder / "in.csv").write_text(
        "id,first_name,last_name\nanna,Anna,Müller\nben,,\ncleo,Cleo,=1+1\ndora,Dora,D\n"
    )
    place = Classroom.make(folder / "class", folder / "in.csv", "course")
    gradebook.enter_students(place, place.students.values())
    shutil.copytree(SOURCE, place.folder / "release" / NAME)
    gradebook.enter_assignment(place, NAME)
    unread = record(status="damaged", notes=["It cannot be read."], tasks=[], written=[])
    for student, found in {"anna": record(), "ben": record(), "cleo": unread}.items():
        shutil.copytree(SOURCE, place.submitted(student, NAME))
        (place.submitted(student, NAME) / "timestamp.txt").write_text(STAMP)
        write_json(place.record(student, NAME), found)
    records = place.records(NAME)
    stamps = {student: place.handed_in(student, NAME) for student in records}
    gradebook.enter_scores(place, NAME, records, stamps)
    write_for_formgrader(place, NAME, records)
    return place


def give(place, student: str, cell: str, points: float, comment: str, under: str) -> None:
    """As Formgrader stores it."""
    with Gradebook(place.gradebook) as book:
        found = book.find_submission_notebook(NAME, NAME, student)
        next(grade for grade in found.grades if grade.name == cell).manual_score = points
        box = next((one for one in found.comments if one.name == under), None)
        if box is None:
            cells = [one for one in found.notebook.solution_cells if one.name == under]
            box = Comment(notebook=found, cell=cells[0])
            book.db.add(box)
        box.manual_comment = comment
        book.db.commit()


@pytest.fixture(scope="module")
def graded(place):
    """After a person had been at work; {student: page}."""
    where = ["--class", str(place.folder)]
    command.main(["feedback", *where])
    before = place.feedback("anna", NAME).read_text()
    assert "0 of 9 points so far" in before and "A person reads these" in before
    give(place, "anna", "check_front", 1.5, "Half of it <b>is</b> right.", "front")
    give(place, "anna", "report", 4.0, "Say what would refute it.", "report")
    give(place, "cleo", "report", 2.0, "", "report")
    for step in ("feedback", "report"):
        assert command.main([step, *where]) == 0
    return {who: place.feedback(who, NAME).read_text() for who in ("anna", "ben", "cleo")}


def test_formgrader_finds_every_hand_in_with_the_words_and_what_was_found(place):
    config = Config()
    config.CourseDirectory.root = str(place.folder)
    config.CourseDirectory.course_id = "course"
    api = NbGraderAPI(CourseDirectory(config=config), config=config)
    assert api.get_autograded_students(NAME) == {"anna", "ben", "cleo"}
    text = (place.autograded("anna", NAME) / f"{NAME}.ipynb").read_text(encoding="utf-8")
    cells = {cell.metadata.get("nbgrader", {}).get("grade_id"): cell
             for cell in notebook.read(text).cells}  # fmt: skip
    assert cells["report"].source == WORDS and "'mine'" in cells["front"].source
    assert "0 of 3 points. It is off." in cells["check_front"].outputs[0].text
    assert "'mine'" not in cells["against"].source
    unread = (place.autograded("cleo", NAME) / f"{NAME}.ipynb").read_text(encoding="utf-8")
    assert "could not be judged.** It cannot be read." in unread


def test_a_page_has_the_points_and_the_words_that_a_person_gave(graded):
    page = graded["anna"]
    assert "5.5 of 9 points</h1>" in page and "1.5 of 3</h2>" in page
    assert "Half of it &lt;b&gt;is&lt;/b&gt; right." in page and "that a person gave" in page
    assert "Your own words: 4 of 6" in page and "what would refute it" in page
    assert "0 of 9 points so far" in graded["ben"] and "that a person gave" not in graded["ben"]
    assert "2 points</h1>" in graded["cleo"] and "could not be judged" not in graded["cleo"]


def test_a_page_says_whose_it_is_and_which_hand_in(graded):
    assert "Anna Müller (anna), handed in on 2026-11-27 at 10:00 UTC" in graded["anna"]
    assert "<p>ben, handed in" in graded["ben"]


def test_what_a_person_graded_waits_for_no_person(place, graded, monkeypatch):
    from course_utils.classroom import run

    monkeypatch.setattr(run, "judged", lambda waiting, *rest: [])
    monkeypatch.setattr(run, "seed_of_run", lambda *rest, **more: 5)
    assert run.grade_assignment(place, NAME).failed == {}


def rows(path) -> list[dict]:
    with path.open(encoding="utf-8-sig", newline="") as stream:
        return list(csv.DictReader(stream))


def test_everybodys_points_are_in_one_table(place, graded):
    found = {row.pop("id"): row for row in rows(place.folder / "report" / "points.csv")}
    points = {who: (row[NAME], row["sum"], row["waiting"]) for who, row in found.items()}
    assert points == {"anna": ("5.5", "5.5", NAME), "ben": ("", "0.0", NAME),
                      "cleo": ("2.0", "2.0", NAME), "dora": ("", "0", "")}  # fmt: skip
    assert found["cleo"]["last_name"] == "'=1+1" and found["ben"]["last_name"] == ""


def test_the_report_counts_with_them_and_calls_people_by_their_names(place, graded):
    page = (place.folder / "report" / f"{NAME}.html").read_text()
    assert "<td>5.5</td>" in page and "The median is 2.75. Texts that nobody" in page
    assert "Handed in nothing: dora Dora D." in page
    assert "It cannot be read" not in page, "a person has read it"
    assert page.index("misunderstood") < page.index("<h2>Points")
    told = [
        row for row in rows(place.folder / "report" / f"{NAME}.csv") if row["student"] == "anna"
    ]
    assert [(row["points"], row["by_person"]) for row in told] == [("1.5", "1")]
    assert told[0]["handed_in"] == "2026-11-27 10:00:00"


def test_who_left_is_named_and_counted_nowhere(place, graded, tmp_path):
    roster = tmp_path / "in.csv"
    roster.write_text("id\nanna\ndora\n")
    place = Classroom.make(place.folder, roster, "course")
    command.main(["report", "--class", str(place.folder)])
    records = place.records(NAME)
    gradebook.enter_scores(place, NAME, {"cleo": records["cleo"]}, {})
    with Gradebook(place.gradebook) as book:
        assert book.find_student("cleo").first_name == "Cleo"
    page = (place.folder / "report" / f"{NAME}.html").read_text()
    assert "1 of 2 handed in, 0 could not be judged" in page
    assert "no longer on the roster: ben, cleo." in page and "<td>0</td>" not in page
