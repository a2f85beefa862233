"""Whose is a hand-in, and for which assignment? By the names of files and folders, and by what a
notebook checks.

Learning platforms, browsers and people all change names: `03_attention (1).ipynb`, `Müller Anna_
4711_assignsubmission_file_`, `mueller_anna.zip`. What a copy or a platform added is no id.
"""

import re
import unicodedata
from collections.abc import Iterable, Mapping

from course_utils.classroom.roster import Student, folded
from course_utils.paths import LESSON_NUMBER

ENDING = re.compile(r"\.(zip|ipynb)$")
ADDED = re.compile(  # a copy's number, Moodle's number of a hand-in, a day
    r"\(\d+\)|_\d+_assignsubmission_file_?|[-_ ]copy ?\d*\b|\b\d{4}-\d\d-\d\d\b"
)
BETWEEN = re.compile(r"[\s_+,;()]+")  # what never stands in an id, or joins its parts
SHORT = 3  # letters of an id that is looked for between any other signs, as in 03_attention-s04
GERMAN = str.maketrans({"ä": "ae", "ö": "oe", "ü": "ue", "å": "aa", "ø": "oe", "æ": "ae"})
BARE = str.maketrans({"ø": "o", "ł": "l", "đ": "d", "ı": "i", "æ": "ae"})
CHECKS = re.compile(rb"""\bcheck\(\s*\\?["'](%s)\.""" % LESSON_NUMBER.encode())


def whose(text: str, students: Mapping[str, Student], aside: Iterable[str] = ()) -> str | None:
    """The one student whom a name is of; None if that is nobody, or more than one."""
    found = owners(text, students, aside)
    return found[0] if len(found) == 1 else None


def owners(text: str, students: Mapping[str, Student], aside: Iterable[str] = ()) -> list[str]:
    """The students whose id, or whole name, stands in this name. `aside` are names of
    assignments, whose numbers are nobody's id."""
    plain = ENDING.sub("", folded(text))
    exact = [student for student in students if folded(student) == plain]
    if exact:
        return exact
    plain = ADDED.sub(" ", plain)
    for name in aside:
        plain = plain.replace(folded(name), " ")
    by_id = {student for student in students if _has_id(student, plain)}
    by_name = {one.id for one in students.values() if one.last_name and _is_named(one, plain)}
    return sorted(by_id & by_name or by_id | by_name)


def _has_id(student: str, text: str) -> bool:
    if _is_run(BETWEEN.split(folded(student)), BETWEEN.split(text)):
        return True
    return len(student) >= SHORT and folded(student) in re.split(r"[\W_]+", text)


def _is_run(wanted: list[str], parts: list[str]) -> bool:
    return any(parts[i : i + len(wanted)] == wanted for i in range(len(parts)))


def _is_named(student: Student, text: str) -> bool:
    """With both names, in any order and spelling; or as Canvas has it, `mulleranna_4711_…`."""
    for spell in (str, _german, _bare):
        words, first, last = (
            re.sub(r"[\W_]+", " ", spell(part)).strip()
            for part in (text, folded(student.first_name), folded(student.last_name))
        )
        both = f"{first} {last}".strip(), f"{last} {first}".strip()
        if any(f" {name} " in f" {words} " for name in both):
            return True
        if first and words.partition(" ")[0] == (last + first).replace(" ", ""):
            return True
    return False


def _german(text: str) -> str:
    return text.translate(GERMAN)


def _bare(text: str) -> str:
    apart = unicodedata.normalize("NFKD", text.translate(BARE))
    return "".join(sign for sign in apart if not unicodedata.combining(sign))


def is_for(path: str, assignment: str) -> bool:
    """By a folder of that name, or by how the file's name begins: 03_attention (1).ipynb."""
    *folders, name = folded(path).split("/")
    wanted = folded(assignment)
    number = re.compile(rf"(^|[^0-9a-z]){re.escape(wanted)}([^0-9a-z]|$)")
    return wanted in folders or bool(number.search(name)) or any(map(number.search, folders))


def is_anothers(notebook: bytes, assignment: str) -> str:
    """The lessons whose tasks a notebook checks, in words, if this assignment's are not among
    them: last week's notebook under this week's name. "" if they are, or it checks nothing."""
    checked = {number.decode() for number in CHECKS.findall(notebook)}
    return "" if assignment[:2] in checked else " and ".join(sorted(checked))
