"""A class's folder: where its roster, hand-ins, records and pages lie.

It has nbgrader's own layout, with its configuration, so that nbgrader's commands and Formgrader
work in it, too:

    nbgrader_config.py  gradebook.db  roster.csv
    release/NAME/NAME.ipynb           what students get
    inbox/                            where folders, notebooks or zips are dropped
    submitted/STUDENT/NAME/           what was collected, the newest
    earlier/STUDENT/NAME/TIME/        what was collected before that
    records/NAME/STUDENT.json         what was found out about it; run.json has the private seed
    autograded/STUDENT/NAME/          the answers with what was found, for Formgrader
    feedback/STUDENT/NAME/NAME.html   a page for the student
    report/NAME.html, NAME.csv        pages for the teacher
"""

import json
import os
import re
import stat
from functools import cached_property
from pathlib import Path

from course_utils.atomic import write_atomically
from course_utils.classroom.roster import Student, read_roster
from course_utils.classroom.stamps import time_in
from course_utils.paths import SOLUTIONS
from course_utils.problem import Problem

CONFIG = '''\
"""nbgrader's settings for this class, written by `python3 -m course_utils class init`."""

c = get_config()  # noqa: F821  (nbgrader provides it)

c.CourseDirectory.course_id = {course!r}
c.CourseDirectory.source_directory = {solutions!r}
c.CourseDirectory.release_directory = "release"
c.ClearSolutions.code_stub = {{"python": "..."}}
'''
CLOSED = (  # nobody else's business on a shared machine
    "submitted", "earlier", "records", "autograded", "feedback", "report", "gradebook.db",
)  # fmt: skip
SECRET_MODE = 0o600


class Classroom:
    """The folder of a class that `init` made. Problem if it is none."""

    def __init__(self, folder: Path):
        self.folder = folder.absolute()
        if not (self.folder / "roster.csv").is_file():
            raise Problem(
                f"{folder} is no class: `python3 -m course_utils class init {folder} --students "
                "roster.csv` makes one; for one that there is, run in it or add --class FOLDER."
            )

    @classmethod
    def make(cls, folder: Path, roster: Path, course: str) -> "Classroom":
        """Make the folder, or bring the roster of one that is there up to date."""
        students = read_roster(roster)
        (folder / "release").mkdir(parents=True, exist_ok=True)
        (folder / "inbox").mkdir(0o700, exist_ok=True)  # opened by who wants others to drop there
        for name in CLOSED:
            _close(folder / name)
        config = folder / "nbgrader_config.py"
        if not config.exists():
            config.write_text(CONFIG.format(course=course, solutions=str(SOLUTIONS)))
        lines = [["id", "first_name", "last_name", "email"]]
        lines += [[one.id, one.first_name, one.last_name, one.email] for one in students]
        text = "".join(",".join(map(_quoted, line)) + "\n" for line in lines)
        write_atomically(folder / "roster.csv", text.encode(), SECRET_MODE)
        return cls(folder)

    @cached_property
    def students(self) -> dict[str, Student]:
        return {student.id: student for student in read_roster(self.folder / "roster.csv")}

    @property
    def course(self) -> str:
        text = (self.folder / "nbgrader_config.py").read_text(encoding="utf-8")
        found = re.search(r"course_id = [\"']([^\"']+)", text)
        return found[1] if found else "course"

    @property
    def gradebook(self) -> str:
        return f"sqlite:///{self.folder / 'gradebook.db'}"

    def released(self, name: str) -> Path:
        return self.folder / "release" / name / f"{name}.ipynb"

    def submitted(self, student: str, name: str) -> Path:
        return self.folder / "submitted" / student / name

    def handed_in(self, student: str, name: str) -> float | None:
        """When what was collected was handed in, as seconds since 1970; None if nothing was."""
        stamp = self.submitted(student, name) / "timestamp.txt"
        try:
            return time_in(stamp.read_bytes())
        except OSError:
            return None

    def earlier(self, student: str, name: str) -> Path:
        return self.folder / "earlier" / student / name

    def record(self, student: str, name: str) -> Path:
        return self.folder / "records" / name / f"{student}.json"

    def run(self, name: str) -> Path:
        return self.folder / "records" / name / "run.json"

    def autograded(self, student: str, name: str) -> Path:
        return self.folder / "autograded" / student / name

    def feedback(self, student: str, name: str) -> Path:
        return self.folder / "feedback" / student / name / f"{name}.html"

    @property
    def assignments(self) -> list[str]:
        """The names of what was released."""
        folder = self.folder / "release"
        return sorted(path.name for path in folder.glob("*") if self.released(path.name).is_file())

    def select(self, prefixes: list[str]) -> list[str]:
        """The released assignments that begin so; all of them when nothing is asked for."""
        names = self.assignments
        if not names:
            raise Problem("Nothing is released yet: `python3 -m course_utils class release NAME`.")
        for prefix in prefixes:
            if not prefix or not any(name.startswith(prefix) for name in names):
                raise Problem(f"Nothing released begins with {prefix!r}: {', '.join(names)}.")
        return [name for name in names if not prefixes or name.startswith(tuple(prefixes))]

    def hand_ins(self, name: str) -> list[str]:
        """The ids of the students whose work was collected."""
        folders = (self.folder / "submitted").glob(f"*/{name}")
        return sorted(path.parent.name for path in folders if path.is_dir())

    def records(self, name: str) -> dict[str, dict]:
        """{student: what was found out}, of those whose hand-in was judged or tried."""
        found = {}
        for student in self.hand_ins(name):
            record = read_json(self.record(student, name))
            if record:
                found[student] = record
        return found


def _close(path: Path) -> None:
    """Make a folder, or the gradebook, that nobody else on the machine may read. One that is there
    may be shared with a group of graders; with all others it is not."""
    if path.exists():
        path.chmod(stat.S_IMODE(path.stat().st_mode) & ~stat.S_IRWXO)
    elif path.suffix == ".db":
        path.touch(SECRET_MODE)  # nbgrader's own would be open; an empty one it fills
    else:
        path.mkdir(0o700, parents=True)


def _quoted(text: str) -> str:
    return '"' + text.replace('"', '""') + '"' if re.search(r'[",;\t\n]', text) else text


def read_json(path: Path) -> dict | None:
    """A record; None if there is none, or it is damaged, which is worked out anew like none."""
    try:
        found = json.loads(path.read_text(encoding="utf-8"))
        return found if isinstance(found, dict) else None
    except (OSError, ValueError):
        return None


def write_json(path: Path, content: dict) -> None:
    text = json.dumps(content, indent=1, ensure_ascii=True, default=str)
    write_atomically(path, text.encode(), SECRET_MODE)


def is_inside(path: Path, folder: Path) -> bool:
    return os.path.realpath(path).startswith(os.path.realpath(folder) + os.sep)
