"""What lies in a drop or in nbgrader's exchange: whose it is, which one counts, what is said."""

import json
import os
import re
import shutil
import subprocess
import time
from pathlib import Path

import pytest
from gallery import zipped

from course_utils.classroom import collect as collecting
from course_utils.classroom.collect import Unreadable, collect, read_file
from course_utils.classroom.place import Classroom
from course_utils.classroom.roster import Student
from course_utils.classroom.stamps import time_in
from course_utils.classroom.whose import whose

NAMES = ["03_attention", "04_many_heads"]
BOOK = b'{"cells": []}'


@pytest.fixture
def place(tmp_path):
    roster = tmp_path / "in.csv"
    roster.write_text(
        "id,first_name,last_name\nanna,Anna,Müller\nann,Ann,Lee\nbjörk,Björk,G\nx.1,,\n",
        encoding="utf-8",
    )
    return Classroom.make(tmp_path / "class", roster, "course")


def drop(place, files: dict[str, bytes]) -> None:
    for name, content in files.items():
        path = place.folder / "inbox" / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_bytes(content)


@pytest.mark.parametrize(("text", "utc"), [
    ("anna+03+2026-11-27 10:00:00.500000 UTC", 1795773600.5),
    ("2026-11-27 11:00:00 +0100", 1795773600),
    ("2026-11-27 11:00:00 CET", 1795773600),
    ("2026-11-27 05:00:00 EST", 1795773600),
    ("2026-11-27T10:00:00Z", 1795773600),
    ("2026-11-27 15:30:00 +05:30", 1795773600),
    ("2026-11-27 10:00:00", 1795773600),
    ("2026-13-27 10:00:00", None),
    ("anna", None),
])  # fmt: skip
def test_a_time_in_a_name_is_read_in_its_zone(text, utc):
    assert time_in(text) == utc


@pytest.mark.parametrize(("text", "owner"), [
    ("anna", "anna"), ("ANNA.zip", "anna"), ("03_attention_anna.ipynb", "anna"), ("ann", "ann"),
    ("Müller Anna_12345_assignsubmission_file_", "anna"), ("bjo\u0308rk", "björk"),
    ("annabel", None), ("anna ann", None), ("03_attention", None),
])  # fmt: skip
def test_it_belongs_to_whom_it_names(text, owner, place):
    assert whose(text, place.students) == owner


@pytest.mark.parametrize(("text", "owner"), [
    ("Lea O'Neil_1_assignsubmission_file_", "c"), ("03_attention_oneil_lea", None),
    ("Jan-Peter Meyer-Lüdenscheidt", "d"), ("meyer luedenscheidt, jan peter", "d"),
    ("Juergen Gross_9_assignsubmission_file_", "e"), ("Jurgen Groß", "e"),
    ("grossjurgen_LATE_12_345_03_attention-1.ipynb", "e"), ("sorensen ole", "f"),
    ("03_attention-4711.ipynb", "4711"), ("03_attention.4711.ipynb", "4711"),
    ("Lea O'Neil_4711_assignsubmission_file_", "c"),  # Moodle's number of the hand-in
    ("03_attention (1).ipynb", None), ("03_attention (1) c.ipynb", "c"), ("1", "1"),
    ("03_attention.ipynb", None), ("03_attention-Copy1.ipynb", None), ("Max Bauer", None),
    ("Max Bauer m2", "m2"), ("Lea O'Neil m2", None),
])  # fmt: skip
def test_names_in_every_spelling_and_numbers_that_are_no_ids(text, owner):
    names = {"c": "Lea,O'Neil", "d": "Jan-Peter,Meyer-Lüdenscheidt", "e": "Jürgen,Groß",
             "f": "Ole,Sørensen", "4711": ",", "1": ",", "03": ",", "m1": "Max,Bauer",
             "m2": "Max,Bauer"}  # fmt: skip
    students = {id: Student(id, *name.split(",")) for id, name in names.items()}
    assert whose(text, students, NAMES) == owner


def released(place, *names: str) -> None:
    for name in names:
        path = place.released(name)
        path.parent.mkdir(parents=True)
        path.write_bytes(b"{}")


def checking(task: str) -> bytes:
    return json.dumps({"cells": [{"source": [f'check("{task}", x).points(1)']}]}).encode()


def test_what_was_handed_in_last_week_is_not_taken_for_this_weeks(place):
    released(place, "02_where_am_i", *NAMES)
    drop(place, {"anna/03_attention.ipynb": checking("03.mask")})
    assert collect(place, NAMES[:1]).new
    later = time.time() + 60
    for name, content in {
        "02_where_am_i anna.ipynb": BOOK,  # by its name
        "ann/Untitled.ipynb": checking("02.rotate"),  # by what it checks
    }.items():
        drop(place, {name: content})
        os.utime(place.folder / "inbox" / name, (later, later))
    done = collect(place, NAMES[:1])
    assert done.same == ["anna 03_attention"] and not done.new and not done.problems
    assert "other assignments, left for them: 2." in " ".join(done.notes)
    assert collect(place, ["02_where_am_i"]).new == ["ann 02_where_am_i", "anna 02_where_am_i"]


def test_another_exercise_under_this_ones_name_is_said_and_no_zero(place, tmp_path):
    drop(
        place,
        {
            "anna/03_attention.ipynb": checking("02.rotate"),
            "björk/03_attention.ipynb": checking("03.mask").replace(b"}]", b"}]  "),
        },
    )
    folder = tmp_path / "exchange/course/inbound/ann+03_attention+2026-11-27 10:30:00 UTC"
    folder.mkdir(parents=True)
    (folder / "03_attention.ipynb").write_bytes(checking("A1.soften"))
    done = collect(place, NAMES, exchange=tmp_path / "exchange")
    assert done.new == ["björk 03_attention"]
    assert [re.findall("tasks of (..)", problem) for problem in done.problems] == [["02"], ["A1"]]


def test_what_is_older_than_what_was_collected_does_not_replace_it(place, tmp_path):
    folder = tmp_path / "exchange/course/inbound/anna+03_attention+2026-11-27 10:30:00 UTC"
    folder.mkdir(parents=True)
    (folder / "03_attention.ipynb").write_bytes(b"newer")
    drop(place, {"anna/03_attention.ipynb": BOOK})
    os.utime(place.folder / "inbox/anna/03_attention.ipynb", (1000, 1000))
    assert collect(place, NAMES, exchange=tmp_path / "exchange").new
    done = collect(place, NAMES)
    assert done.same and not done.new and "is newer" in " ".join(done.notes)
    there = place.submitted("anna", NAMES[0])
    assert (there / "03_attention.ipynb").read_bytes() == b"newer"
    shutil.rmtree(there)
    assert collect(place, NAMES).new == ["anna 03_attention"]


def test_of_two_who_are_called_the_same_both_are_named(tmp_path):
    roster = tmp_path / "in.csv"
    roster.write_text("id,first_name,last_name\nm1,Max,Bauer\nm2,Max,Bauer\nc,Lea,O'Neil\n")
    place = Classroom.make(tmp_path / "class", roster, "course")
    content = zipped("", {f"{who}_1_assignsubmission_file_/03_attention.ipynb": BOOK
                          for who in ("Max Bauer", "Lea O'Neil", "Peter Pan")})  # fmt: skip
    drop(place, {"all.zip": content, "Max Bauer/03_attention.ipynb": BOOK})
    done = collect(place, NAMES)
    assert done.new == ["c 03_attention"]
    one, two, pan = done.problems
    assert "of m1 (Max Bauer) or of m2 (Max Bauer)" in one and one.endswith("Rename it.")
    assert "of m1 (Max Bauer) or of m2 (Max Bauer)" in two and "Unpack it" in two
    assert "'Peter Pan_1_assignsubmission_file_': it belongs to nobody" in pan


def test_two_at_once_the_newest_counts_and_the_other_is_kept(place):
    drop(place, {"anna/03_attention.ipynb": BOOK})
    os.utime(place.folder / "inbox/anna/03_attention.ipynb", (1000, 1000))
    assert collect(place, NAMES).new == ["anna 03_attention"]
    drop(place, {"03_attention_anna.ipynb": BOOK + b" "})
    done = collect(place, NAMES)
    assert done.new == ["anna 03_attention"] and "newest counts" in " ".join(done.notes)
    there = place.submitted("anna", NAMES[0]) / "03_attention.ipynb"
    assert there.read_bytes() == BOOK + b" "
    kept = list(place.earlier("anna", NAMES[0]).rglob("*.ipynb"))
    assert [path.read_bytes() for path in kept] == [BOOK]
    assert collect(place, NAMES).same == ["anna 03_attention"]


def test_in_the_exchange_time_zones_decide_and_not_the_alphabet(place, tmp_path):
    inbound = tmp_path / "exchange" / "course" / "inbound"
    for stamp, content in (
        ("2026-11-27 10:30:00.000000 UTC", b"late"),
        ("2026-11-27 11:00:00.000000 +0100+s3cret", b"soon"),
    ):
        folder = inbound / f"anna+03_attention+{stamp}"
        folder.mkdir(parents=True)
        (folder / "03_attention.ipynb").write_bytes(content)
    done = collect(place, NAMES, exchange=tmp_path / "exchange")
    assert done.new == ["anna 03_attention"]
    there = place.submitted("anna", NAMES[0])
    assert (there / "03_attention.ipynb").read_bytes() == b"late"
    assert (there / "timestamp.txt").read_text() == "2026-11-27 10:30:00.000000 UTC"


@pytest.mark.parametrize(("owner", "taken"), [("anna", True), ("teacher", True), ("eve", False)])
def test_in_the_exchange_nobody_hands_in_for_somebody_else(
    owner, taken, place, tmp_path, monkeypatch
):
    folder = tmp_path / "exchange/course/inbound/anna+03_attention+2026-11-27 10:30:00 UTC"
    folder.mkdir(parents=True)
    (folder / "03_attention.ipynb").write_bytes(BOOK)
    monkeypatch.setattr(
        Path, "owner", lambda self: owner if self.name.startswith("anna+") else "teacher"
    )
    done = collect(place, NAMES, exchange=tmp_path / "exchange")
    assert bool(done.new) == taken
    assert [f"put there by {owner!r}" in problem for problem in done.problems] == [True] * (
        not taken
    )


def test_a_clock_that_is_ahead_is_said(place):
    drop(place, {"anna/03_attention.ipynb": BOOK})
    ahead = time.time() + 10 * 86_400
    os.utime(place.folder / "inbox/anna/03_attention.ipynb", (ahead, ahead))
    done = collect(place, NAMES)
    assert done.new and "is in the future" in " ".join(done.notes)


def test_a_time_that_the_hand_in_itself_claims_is_said(place):
    drop(place, {"anna/03_attention.ipynb": BOOK, "anna/timestamp.txt": b"2020-01-01 10:00:00 UTC"})
    done = collect(place, NAMES)
    assert done.new and "anybody can write one" in " ".join(done.notes)


def test_a_file_that_somebody_writes_is_read_again_or_left(tmp_path, monkeypatch):
    path = tmp_path / "x.ipynb"
    path.write_bytes(BOOK)
    monkeypatch.setattr(collecting, "PATIENCE", 0.0)
    real, times = os.fstat, []

    def moving(handle):
        """As if the file grew between two looks, the first three times."""
        times.append(handle)
        if len(times) % 2 == 0 and len(times) <= limit:
            with path.open("ab") as stream:
                stream.write(b" ")
        return real(handle)

    monkeypatch.setattr(collecting.os, "fstat", moving)
    limit = 2
    assert read_file(path) == BOOK + b" "
    times.clear()
    limit = 100
    with pytest.raises(Unreadable, match="being written"):
        read_file(path)


def test_what_belongs_to_nobody_or_to_no_assignment_is_said(place):
    drop(place, {
        "stranger.ipynb": BOOK, "ann/09_other.ipynb": BOOK, "björk/notes.txt": b"",
        "x.1.zip": b"PK", "anna.tar.gz": b"",
    })  # fmt: skip
    said = " ".join(collect(place, NAMES).problems)
    for part in ("stranger.ipynb: it belongs to nobody", "for no assignment", "no notebook",
                 "the zip is damaged", "anna.tar.gz: it is no folder"):  # fmt: skip
        assert part in said


def test_one_zip_of_all_as_a_learning_platform_makes_it(place):
    content = zipped("", {
        "Müller Anna_1_assignsubmission_file_/03_attention (1).ipynb": BOOK,
        "Müller Anna_1_assignsubmission_file_/helpers.py": b"x = 1",
        "ann_2_assignsubmission_file_/04_many_heads.ipynb": BOOK,
        "__MACOSX/._x": b"",
    })  # fmt: skip
    drop(place, {"all of them.zip": content})
    done = collect(place, NAMES)
    assert sorted(done.new) == ["ann 04_many_heads", "anna 03_attention"] and not done.problems
    assert (place.submitted("anna", NAMES[0]) / "helpers.py").read_bytes() == b"x = 1"


def test_in_one_zip_of_all_the_limits_are_those_of_each(place):
    from gallery import zipped

    owners = ("anna", "ann", "björk")
    drop(place, {"all.zip": zipped("", {
        f"{owner}/{name}": BOOK
        for name in (*(f"data/{i}.txt" for i in range(150)), "03_attention.ipynb")
        for owner in owners
    })})  # fmt: skip
    done = collect(place, NAMES)
    assert len(done.new) == len(owners) and not done.problems


def test_of_too_many_files_the_notebook_is_kept_and_one_sentence_says_it(place):
    drop(place, {f"anna/{i}.txt": b"" for i in range(300)} | {"anna/x/03_attention.ipynb": BOOK})
    done = collect(place, NAMES)
    assert done.new == ["anna 03_attention"]
    assert done.problems == ["anna: more than 200 files; '278.txt' and 100 others are left out."]


def test_a_zip_that_breaks_off_while_it_is_unpacked_costs_only_itself(place):
    from gallery import zipped

    content = bytearray(zipped("", {"03_attention.ipynb": os.urandom(50).hex().encode() * 40}))
    content[60:80] = bytes(20)
    drop(place, {"anna.zip": bytes(content), "ann/03_attention.ipynb": BOOK})
    done = collect(place, NAMES)
    assert done.new == ["ann 03_attention"]
    assert "anna.zip: the zip is damaged" in " ".join(done.problems)


def test_names_that_no_folder_can_hold_are_left_out_and_said(place):
    from gallery import zipped

    names = ("x" * 300, "d/" * 400 + "deep", "a", "a/b", "./03_attention.ipynb")
    drop(place, {"anna.zip": zipped("", dict.fromkeys(names, BOOK))})
    done = collect(place, NAMES)
    assert done.new == ["anna 03_attention"] and len(done.problems) == 3
    assert "is a file and a folder at once" in " ".join(done.problems)
    assert collect(place, NAMES).same == ["anna 03_attention"]


def test_a_thousand_folders_in_each_other_stop_nobody(place, monkeypatch):
    drop(place, {"anna/03_attention.ipynb": BOOK})
    monkeypatch.chdir(place.folder / "inbox" / "anna")
    try:
        for _ in range(1100):
            os.mkdir("d")
            os.chdir("d")
        assert collect(place, NAMES).new == ["anna 03_attention"]
    finally:
        os.chdir(place.folder)
        subprocess.run(["rm", "-rf", "inbox"], check=True)


def test_a_student_without_a_name_is_called_by_the_id():
    assert Student("x").name == "x" and Student("x", "Ann", "Lee").name == "Ann Lee"
