"""nbgrader's exchange, the teacher's side: assignments go out, feedback goes back.

What comes in is `class collect`'s. Students fetch, hand in and read with nbgrader's own list in
JupyterLab, or with its commands.
"""

from pathlib import Path

from course_utils.atomic import write_atomically
from course_utils.classroom.collect import stranger_behind
from course_utils.classroom.place import Classroom
from course_utils.classroom.stamps import time_in
from course_utils.problem import Problem

SECRET = "submission_secret.txt"  # the student's copy has the same: it names the page's file


def configured() -> Path:
    """The exchange that nbgrader's configuration names, as /etc/jupyter/nbgrader_config.py does."""
    from jupyter_core.paths import jupyter_config_path
    from traitlets.config import Config
    from traitlets.config.loader import PyFileConfigLoader

    config = Config()
    for folder in reversed(jupyter_config_path()):  # the first in the list has the last word
        if (Path(folder) / "nbgrader_config.py").is_file():
            config.merge(PyFileConfigLoader("nbgrader_config.py", folder).load_config())
    exchange = Path(config.Exchange.get("root") or "/usr/local/share/nbgrader/exchange")
    if not exchange.is_dir():
        raise Problem(
            f"There is no exchange {exchange}: name the folder with --exchange, or set "
            "c.Exchange.root in an nbgrader_config.py that Jupyter reads."
        )
    return exchange


def hand_out(place: Classroom, name: str, exchange: Path) -> bool:
    """Put a released assignment where students fetch it; False if it lay there already.

    nbgrader makes the folders, with the rights that keep one student from another's hand-ins.
    """
    from nbgrader.auth import Authenticator
    from nbgrader.coursedir import CourseDirectory
    from nbgrader.exchange import ExchangeError
    from nbgrader.exchange.default import ExchangeReleaseAssignment
    from traitlets.config import Config

    mine, there = (
        place.released(name),
        exchange / place.course / "outbound" / name / f"{name}.ipynb",
    )
    if there.is_file() and there.read_bytes() == mine.read_bytes():
        return False
    config = Config()
    config.CourseDirectory.root = str(place.folder)
    config.CourseDirectory.course_id = place.course
    config.CourseDirectory.release_directory = "release"
    config.CourseDirectory.assignment_id = name
    config.Exchange.root = str(exchange)
    config.ExchangeReleaseAssignment.force = True
    parts = {
        "coursedir": CourseDirectory(config=config),
        "authenticator": Authenticator(config=config),
    }
    try:
        ExchangeReleaseAssignment(**parts, config=config).start()
    except (ExchangeError, OSError) as error:
        raise Problem(f"{name} cannot be put into {exchange}: {error}") from error
    return True


def hand_back(place: Classroom, name: str, exchange: Path) -> int:
    """Put each student's page where they, and nobody else, find it; how many are new or changed.

    A page's file is named by the secret of the hand-in, which lies in the student's own copy. The
    folder can be entered and not listed.
    """
    from nbgrader.utils import notebook_hash

    folder = exchange / place.course / "feedback"
    folder.mkdir(exist_ok=True)
    folder.chmod(0o711)
    changed = 0
    for hand_in in sorted((exchange / place.course / "inbound").glob(f"*+{name}+*")):
        student, _, stamp = hand_in.name.rpartition(f"+{name}+")
        page = place.feedback(student, name)
        if not page.is_file() or not _is_theirs(hand_in, student):
            continue
        if not _was_graded(place, student, name, stamp):
            continue
        with (hand_in / SECRET).open(encoding="ascii", errors="replace") as stream:
            secret = stream.read(1000)  # nbgrader writes 128 digits, a joker gigabytes
        target = folder / f"{notebook_hash(secret=secret, notebook_id=name)}.html"
        if not target.is_file() or target.read_bytes() != page.read_bytes():
            write_atomically(target, page.read_bytes(), mode=0o644)
            changed += 1
    return changed


def _is_theirs(hand_in: Path, student: str) -> bool:
    """Whether the student put it there, by the owners of the folder and of the secret in it.

    With a secret of their own somebody else would get the student's page.
    """
    secret = hand_in / SECRET
    if stranger_behind(hand_in, student) or secret.is_symlink() or not secret.is_file():
        return False
    return secret.stat().st_uid == hand_in.stat().st_uid


def _was_graded(place: Classroom, student: str, name: str, stamp: str) -> bool:
    """Whether it is the hand-in that was collected, or an older one; not one that came later."""
    when = time_in(stamp)
    collected = place.handed_in(student, name)
    return when is not None and collected is not None and when < collected + 1e-3
