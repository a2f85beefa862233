"""The exchange: handed out, taken in by nbgrader's own commands, and read by whom it is for."""

import os
import shutil
from pathlib import Path

import pytest

from course_utils.classroom import exchange
from course_utils.classroom.place import Classroom
from course_utils.problem import Problem

NAME = "01_words_into_numbers"
WHEN = "2026-11-27 10:00:00.000000 UTC"
LATER = "2026-11-27 11:00:00.000000 UTC"


@pytest.fixture
def place(tmp_path):
    """A class with one assignment released; what it says does not matter here."""
    roster = tmp_path / "roster.csv"
    roster.write_text("id\nada\ngrace\n")
    place = Classroom.make(tmp_path / "class", roster, "a-course")
    place.released(NAME).parent.mkdir(parents=True)
    place.released(NAME).write_text("{}")
    return place


@pytest.fixture
def root(tmp_path):
    folder = tmp_path / "exchange"
    folder.mkdir()
    folder.chmod(0o1777)
    return folder


def hand_in(root: Path, student: str, when: str, secret: str) -> Path:
    """As nbgrader's submit writes it."""
    folder = root / "a-course" / "inbound" / f"{student}+{NAME}+{when}+x{secret}"
    folder.mkdir()
    (folder / "submission_secret.txt").write_text(secret)
    (folder / f"{NAME}.ipynb").write_text("{}")
    return folder


def graded(place: Classroom, student: str, when: str, page: str) -> None:
    place.submitted(student, NAME).mkdir(parents=True, exist_ok=True)
    (place.submitted(student, NAME) / "timestamp.txt").write_text(when)
    place.feedback(student, NAME).parent.mkdir(parents=True, exist_ok=True)
    place.feedback(student, NAME).write_text(page)


def page_for(root: Path, secret: str) -> str | None:
    """What nbgrader's fetch_feedback finds for a student with the secret of a hand-in."""
    from nbgrader.utils import notebook_hash

    file = root / "a-course" / "feedback" / f"{notebook_hash(secret=secret, notebook_id=NAME)}.html"
    return file.read_text() if file.exists() else None


def test_an_assignment_goes_out_once_and_again_when_it_changed(place, root):
    assert exchange.hand_out(place, NAME, root)
    out = root / "a-course" / "outbound" / NAME / f"{NAME}.ipynb"
    assert out.read_text() == "{}"
    assert not exchange.hand_out(place, NAME, root)
    place.released(NAME).write_text('{"cells": []}')
    assert exchange.hand_out(place, NAME, root)
    assert out.read_text() == '{"cells": []}'


def test_what_is_handed_in_can_be_written_and_not_listed(place, root):
    exchange.hand_out(place, NAME, root)
    inbound = (root / "a-course" / "inbound").stat().st_mode
    assert inbound & 0o777 == 0o733


def test_each_page_is_found_by_the_secret_of_its_own_hand_in(place, root):
    exchange.hand_out(place, NAME, root)
    for student in ("ada", "grace"):
        hand_in(root, student, WHEN, f"secret-of-{student}")
        graded(place, student, WHEN, f"{student}'s page")
    assert exchange.hand_back(place, NAME, root) == 2
    assert page_for(root, "secret-of-ada") == "ada's page"
    assert page_for(root, "secret-of-grace") == "grace's page"
    assert exchange.hand_back(place, NAME, root) == 0, "a second time changes nothing"
    assert (root / "a-course" / "feedback").stat().st_mode & 0o777 == 0o711, "nobody lists it"
    graded(place, "ada", WHEN, "ada's better page")
    assert exchange.hand_back(place, NAME, root) == 1
    assert page_for(root, "secret-of-ada") == "ada's better page"


def test_a_hand_in_that_came_after_the_grading_gets_no_page_yet(place, root):
    exchange.hand_out(place, NAME, root)
    hand_in(root, "ada", WHEN, "first")
    hand_in(root, "ada", LATER, "second")
    graded(place, "ada", WHEN, "of the first")
    exchange.hand_back(place, NAME, root)
    assert page_for(root, "first") == "of the first" and page_for(root, "second") is None


def test_who_writes_anothers_name_on_a_hand_in_does_not_get_their_page(place, root, monkeypatch):
    """A joker's folder, with a secret that the joker knows; owners are told by the system."""
    exchange.hand_out(place, NAME, root)
    forged = hand_in(root, "ada", WHEN, "known-to-the-joker")
    hand_in(root, "ada", WHEN, "adas-own")
    graded(place, "ada", WHEN, "ada's page")

    def owner(path: Path) -> str:
        if forged in (path, path.parent):
            return "joker"
        return "ada" if "inbound" in path.parts[:-1] else "teacher"

    monkeypatch.setattr(Path, "owner", owner)
    assert exchange.hand_back(place, NAME, root) == 1
    assert page_for(root, "adas-own") == "ada's page"
    assert page_for(root, "known-to-the-joker") is None


def test_odd_things_in_the_exchange_are_left_alone(place, root, tmp_path):
    exchange.hand_out(place, NAME, root)
    graded(place, "ada", WHEN, "ada's page")
    inbound = root / "a-course" / "inbound"
    (inbound / f"ada+{NAME}+{WHEN}+empty").mkdir()
    (inbound / f"ada+{NAME}+no time+x").mkdir()
    os.mkfifo(inbound / f"ada+{NAME}+{WHEN}+pipe")
    linked = inbound / f"ada+{NAME}+{WHEN}+linked"
    linked.mkdir()
    (linked / "submission_secret.txt").symlink_to(place.folder / "roster.csv")
    (inbound / f"ada+{NAME}+{WHEN}+link").symlink_to(place.folder)
    (inbound / f"nobody+{NAME}+{WHEN}+x").mkdir()
    assert exchange.hand_back(place, NAME, root) == 0


def test_the_exchange_of_jupyters_configuration_is_found(root, tmp_path, monkeypatch):
    folders = [tmp_path / "mine", tmp_path / "systems"]
    monkeypatch.setattr("jupyter_core.paths.jupyter_config_path", lambda: list(map(str, folders)))
    for folder, where in zip(folders, (root, tmp_path / "elsewhere"), strict=True):
        folder.mkdir()
        text = f"c = get_config()\nc.Exchange.root = {str(where)!r}\n"
        (folder / "nbgrader_config.py").write_text(text)
    assert exchange.configured() == root
    shutil.rmtree(folders[0])
    with pytest.raises(Problem, match="elsewhere"):
        exchange.configured()
