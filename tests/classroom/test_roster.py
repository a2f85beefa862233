"""Rosters as people and spreadsheets write them; who comes later, and who leaves; who may look."""

import pytest
from nbgrader.api import Gradebook

from course_utils.classroom import command
from course_utils.classroom.place import Classroom
from course_utils.classroom.roster import read_roster
from course_utils.problem import Problem

WANTED = [("s1", "Jürgen", "Groß"), ("s2", "Zoë", "Le Goff, Dr.")]


@pytest.mark.parametrize("content", [
    'id,first_name,last_name\ns1,Jürgen,Groß\ns2,Zoë,"Le Goff, Dr."\n'.encode(),
    "id;first_name;last_name\r\ns1;Jürgen;Groß\r\n;;\r\ns2;Zoë;Le Goff, Dr.\r\n;;\r\n"
    .encode("utf-8-sig"),
    "id\tfirst_name\tlast_name\r\ns1\tJürgen\tGroß\r\ns2\tZoë\tLe Goff, Dr.\r\n".encode("utf-16"),
    "sep=;\r\nID;First name;Last-Name\r\ns1 ; Jürgen;Groß;\r\n\r\ns2;Zoë;Le Goff, Dr.\r\n".encode(),
    '\n"First name","Last name",id\nJürgen,Groß,s1\nZoë,"Le Goff, Dr.",s2'.encode(),
], ids=["plain", "semicolons and a BOM", "Unicode text", "sep=", "other columns"])  # fmt: skip
def test_a_roster_as_a_spreadsheet_saves_it(content, tmp_path):
    path = tmp_path / "roster.csv"
    path.write_bytes(content)
    found = [(one.id, one.first_name, one.last_name) for one in read_roster(path)]
    assert found == WANTED


@pytest.mark.parametrize(("content", "said"), [
    (b"Matrikelnummer;Vorname\n1;A\n", r"\['Matrikelnummer', 'Vorname'\]: call the column"),
    (b"id,first_name\n\ns1,A\n,,\na/b,C\n", "line 5: 'a/b' is no id"),
    (b"id,first_name\ns1,M, Dr.\n", "line 2: 3 cells under 2 columns"),
    (b"id\nanna\nben\nAnna\n", "line 4: the id 'Anna' was there already, as 'anna'"),
    (b"id\nanna\nanna\n", "line 3: the id 'anna' was there already\\."),
    (b"id\nRun\n", "not 'run'"),
    ("id;first_name\ns1;Jürgen\n".encode("cp1252"), "“CSV UTF-8”"),
    (b"", "names no student"),
    (b"id\n", "names no student"),
])  # fmt: skip
def test_what_is_no_roster_is_said_with_the_line_and_the_mend(content, said, tmp_path):
    path = tmp_path / "roster.csv"
    path.write_bytes(content)
    with pytest.raises(Problem, match=said):
        read_roster(path)


def test_the_class_s_own_roster_is_read_back_as_it_was(tmp_path):
    path = tmp_path / "in.csv"
    path.write_text('id\tlast_name\ns1\t"a;b;c;d;e;f ""g"", h"\n', encoding="utf-8")
    place = Classroom.make(tmp_path / "class", path, "course")
    assert list(place.students.values()) == read_roster(path)


def test_who_comes_and_who_leaves_is_said_and_nothing_is_lost(tmp_path, capsys):
    path, folder = tmp_path / "in.csv", tmp_path / "class"
    for ids, said in (("a b", "on the roster: 2"), ("b c", "new: c; no longer: a (their"),
                      ("b c", "new: nobody\n")):  # fmt: skip
        path.write_text("id\n" + "\n".join(ids.split()))
        assert command.main(["init", str(folder), "--students", str(path)]) == 0
        assert said in capsys.readouterr().out
    with Gradebook(Classroom(folder).gradebook) as book:
        assert {student.id for student in book.students} == {"a", "b", "c"}


def test_nobody_else_on_the_machine_reads_what_is_the_class_s(tmp_path):
    path, folder = tmp_path / "in.csv", tmp_path / "class"
    path.write_text("id\na\n")
    closed = ("gradebook.db", "roster.csv", "feedback", "earlier", "records", "submitted", "report")
    command.main(["init", str(folder), "--students", str(path)])
    assert (folder / "inbox").stat().st_mode & 0o777 == 0o700
    for shared in (0o070, 0o060):  # with graders of the same group
        assert command.main(["init", str(folder), "--students", str(path)]) == 0
        modes = {name: (folder / name).stat().st_mode for name in closed}
        assert {name: oct(mode) for name, mode in modes.items() if mode & 0o007} == {}
        (folder / "feedback").chmod(0o700 | shared | 0o005)
    command.main(["init", str(folder), "--students", str(path)])
    assert (folder / "feedback").stat().st_mode & 0o777 == 0o760
