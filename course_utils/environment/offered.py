"""What the course hands out to learners, and what a learner wrote into the course's own folder.

Standard library only, nbgrader's checksum included: this runs before anything is installed.
"""

import hashlib
import json
import subprocess
from collections.abc import Iterator
from dataclasses import dataclass, field
from pathlib import Path

from course_utils.paths import LESSON_FILES, ROOT


@dataclass
class Offer:
    """What the course hands out, by place: a path with slashes, from the course's folder."""

    files: dict[str, bytes] = field(default_factory=dict)  # as the course has them, no outputs
    changed: dict[str, bytes] = field(default_factory=dict)  # as somebody changed them there
    damaged: list[str] = field(default_factory=list)  # no notebooks any more; in none of the others


def offered(course: Path = ROOT) -> Offer:
    """All lessons and exercises.

    Git knows the content of before a change. Without git, answers alone can be told, and where
    there are some, the file that holds them is all that can be handed out.
    """
    offer, committed = Offer(), before_changes(course)
    for place, found in course_files(course):
        original = committed.get(place, found)
        try:
            offer.files[place] = cleared(original) if place.endswith(".ipynb") else original
        except ValueError:
            offer.damaged.append(place)
            continue
        if fingerprint(original) != fingerprint(found) or answered(original):
            offer.changed[place] = found
    return offer


def course_files(course: Path) -> Iterator[tuple[str, bytes]]:
    """(place, content) of lessons and exercises."""
    paths = [*course.glob(f"notebooks/{LESSON_FILES}"), *course.glob("exercises/*/*")]
    for path in sorted(paths):
        if path.is_file() and not path.name.startswith("."):
            yield path.relative_to(course).as_posix(), path.read_bytes()


def cleared(content: bytes) -> bytes:
    """A notebook without outputs; ValueError if it is none."""
    book = _notebook(content)
    for cell in book["cells"]:
        if cell["cell_type"] == "code":
            cell["outputs"], cell["execution_count"] = [], None
    text = json.dumps(book, indent=1, sort_keys=True, ensure_ascii=False)  # as nbformat writes it
    return (text + "\n").encode("utf-8", errors="backslashreplace")  # half a character, as \\ud83d


def _notebook(content: bytes) -> dict:
    try:
        book = json.loads(content)
        return book | {"cells": [cell | {"cell_type": cell["cell_type"]} for cell in book["cells"]]}
    except (ValueError, TypeError, LookupError, RecursionError) as error:
        raise ValueError(f"no notebook: {error}") from None


def fingerprint(content: bytes) -> str:
    """Of what somebody wrote: a notebook's cells without their outputs, any other file as it is."""
    try:
        written = [
            (cell["cell_type"], "".join(cell["source"]), cell.get("attachments"))
            for cell in _notebook(content)["cells"]
        ]
    except (ValueError, TypeError, LookupError):
        return hashlib.sha256(content).hexdigest()
    return hashlib.sha256(json.dumps(written, sort_keys=True).encode()).hexdigest()


def was_run(content: bytes) -> bool:
    """Whether a notebook has outputs that somebody may want to keep."""
    try:
        return any(cell.get("outputs") for cell in _notebook(content)["cells"])
    except ValueError:
        return False


def before_changes(course: Path) -> dict[str, bytes]:
    """{place: committed content} of the lessons and exercises that differ from it; {} if no git."""

    def git(*arguments: str) -> bytes:
        command = ["git", "-C", str(course), *arguments]
        return subprocess.run(command, capture_output=True, check=True).stdout

    names = ["diff", "--name-only", "-z", "--relative", "--diff-filter=M", "HEAD", "--"]
    try:
        places = git(*names, "notebooks", "exercises").decode().split("\0")
        return {place: git("show", f"HEAD:./{place}") for place in filter(None, places)}
    except (OSError, subprocess.CalledProcessError):
        return {}


def answered(content: bytes) -> bool:
    """Whether an exercise holds answers: nbgrader keeps a checksum of each cell as released."""
    try:
        cells = _notebook(content)["cells"]
        marked = [(cell, cell.get("metadata", {}).get("nbgrader") or {}) for cell in cells]
        solutions = [(cell, marks) for cell, marks in marked if marks.get("solution")]
        return any(
            "checksum" in marks and marks["checksum"] != checksum(cell, marks)
            for cell, marks in solutions
        )
    except (ValueError, TypeError, LookupError, AttributeError):
        return False  # no notebook, or its marks were spoilt


def checksum(cell: dict, marks: dict) -> str:
    """nbgrader.utils.compute_checksum for a cell with a solution, on a Python without nbgrader."""
    grade = marks.get("grade", False)
    parts = ["".join(cell["source"]), cell["cell_type"], grade, True, False, marks["grade_id"]]
    if grade:
        parts.append(float(marks["points"]))
    return hashlib.md5("".join(map(str, parts)).encode(), usedforsecurity=False).hexdigest()
