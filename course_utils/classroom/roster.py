"""Who is in a class: a CSV file, as a person or a spreadsheet writes it."""

import csv
import io
import re
import unicodedata
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

from course_utils.problem import Problem

IDENTIFIER = re.compile(r"[^\W_](?:[\w.@-]*\w)?")  # also a folder's name, and part of nbgrader's
TAKEN = "run"  # records/NAME/run.json is the run's own
BETWEEN_CELLS = ",;\t"  # a spreadsheet takes the second where numbers have a comma
ENCODINGS = {b"\xff\xfe": "utf-16", b"\xfe\xff": "utf-16"}  # "Unicode text", by its first bytes


@dataclass(frozen=True)
class Student:
    id: str
    first_name: str = ""
    last_name: str = ""
    email: str = ""

    @property
    def name(self) -> str:
        return f"{self.first_name} {self.last_name}".strip() or self.id


def folded(text: str) -> str:
    """What two spellings of a name have in common: capitals, and how an accent is stored."""
    return unicodedata.normalize("NFKC", text).casefold().strip()


def read_roster(path: Path) -> list[Student]:
    """The students of a CSV file with a column `id`; nbgrader's other columns if they are there.

    Empty lines are skipped. Problem, with the line, if an id is none, or is there twice.
    """
    students: dict[str, Student] = {}
    for line, row in _rows(path, _text(path)):
        name = row["id"]
        if not IDENTIFIER.fullmatch(name) or folded(name) == TAKEN:
            raise Problem(
                f"{path}, line {line}: {name!r} is no id. It is a folder's name later on: letters, "
                f"digits, and . _ - @ between them, and not {TAKEN!r}."
            )
        if folded(name) in students:
            before = students[folded(name)].id
            raise Problem(
                f"{path}, line {line}: the id {name!r} was there already"
                + (f", as {before!r}." if before != name else ".")
            )
        others = (row.get(key, "") for key in ("first_name", "last_name", "email"))
        students[folded(name)] = Student(name, *others)
    if not students:
        raise Problem(f"The roster {path} names no student.")
    return list(students.values())


def _text(path: Path) -> str:
    try:
        content = path.read_bytes()
        return content.decode(ENCODINGS.get(content[:2], "utf-8-sig"))
    except OSError as error:
        raise Problem(f"The roster {path} cannot be read: {error.strerror}.") from None
    except UnicodeDecodeError:
        raise Problem(
            f"The roster {path} is not stored as UTF-8, so umlauts and accents cannot be read. In "
            "a spreadsheet: save it once more, as “CSV UTF-8”."
        ) from None


def _rows(path: Path, text: str) -> Iterator[tuple[int, dict[str, str]]]:
    """(line, {column: cell}) of each line that has anything in it."""
    first, _, rest = text.partition("\n")
    if first.strip().lower().startswith("sep="):  # a spreadsheet's note to itself
        text = f"\n{rest}"
    head = next((line for line in text.splitlines() if line.strip()), "")
    between = max(BETWEEN_CELLS, key=head.count)
    reader = csv.reader(io.StringIO(text, newline=""), delimiter=between)
    columns: list[str] = []
    for cells in reader:
        cells = [cell.strip() for cell in cells]
        if not any(cells):
            continue
        if not columns:
            columns = [re.sub(r"[\s-]+", "_", cell.lower()) for cell in cells]
            if "id" not in columns:
                raise Problem(
                    f"The roster {path} has no column `id`. Its first line has {cells}: call the "
                    "column of the ids so."
                )
            continue
        if any(cells[len(columns) :]):
            raise Problem(
                f"{path}, line {reader.line_num}: {len(cells)} cells under {len(columns)} columns. "
                f'A name with {between!r} in it needs quotes: "…".'
            )
        yield reader.line_num, dict(zip(columns, cells + [""] * len(columns), strict=False))
