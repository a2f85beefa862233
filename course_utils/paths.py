"""Where things lie, in the checkout and on the learner's disk. Standard library only.

ROOT is the course's own folder, the checkout. Where the package was installed on its own (`pip
install`), data and shipped models lie in it, and there are no notebooks, exercises or tests.
"""

import errno
import os
import sys
import tempfile
from pathlib import Path

from course_utils.problem import Problem

ROOT = Path(__file__).resolve().parent.parent
NOTEBOOKS = ROOT / "notebooks"
EXERCISES = ROOT / "exercises"
SOLUTIONS = ROOT / "solutions"
DATA = ROOT / "course_utils" / "datasets"

# How a lesson is numbered, and an appendix: "03" as in 03.padding_mask, "A1" as in A1_torch.ipynb.
LESSON_NUMBER = r"(?:\d\d|A\d)"
LESSON_FILES = "[0-9A][0-9]_*.ipynb"


def in_checkout() -> bool:
    """Whether the course's own folder is around the package, with its notebooks."""
    return NOTEBOOKS.is_dir() and (ROOT / "pyproject.toml").is_file()


def expect_checkout(what: str) -> None:
    """A Problem where only the package was installed; `what` is the subject of its sentence."""
    if not in_checkout():
        raise Problem(
            f"{what} needs the course's own folder, with its notebooks and exercises, and this is "
            f"the package alone, installed in {ROOT}: go to a copy of the repository and run it "
            "there."
        )


def place_of(path: Path) -> str:
    """A path as people write it: in the course from its folder, with slashes; elsewhere whole."""
    return path.relative_to(ROOT).as_posix() if path.is_relative_to(ROOT) else str(path)


def my_course() -> Path:
    """The folder of the learner's own copies, which `start` opens. It may not exist yet.

    It lies beside notebooks/; in the user's home where the course's folder is not theirs to write.
    """
    beside = ROOT / "my_course"
    if is_writable(beside if beside.is_dir() else ROOT):
        return beside
    return Path.home() / "attention-optional"


def is_writable(folder: Path) -> bool:
    """Whether a file can be made there. It is tried: permissions alone do not tell everywhere."""
    try:
        tempfile.TemporaryFile(dir=folder).close()
        return True
    except OSError as error:
        return error.errno not in (errno.EACCES, errno.EPERM, errno.EROFS)  # a full disk is theirs


def expanded(path: str | Path) -> Path:
    """The path, in which ~ is the user's own folder. Problem if it is that of nobody known here."""
    try:
        return Path(path).expanduser()
    except RuntimeError as error:
        raise Problem(
            f"{path} is in the folder of a user who is not known here: write it without ~."
        ) from error


def learner_folder() -> Path:
    """The folder that keeps a learner's bets and progress. It may not exist yet.

    `ATTENTION_OPTIONAL_HOME` names another one: a class on shared machines, or the tests.
    """
    chosen = os.environ.get("ATTENTION_OPTIONAL_HOME")
    if chosen:
        return expanded(chosen)
    return user_data_folder(sys.platform, os.environ, Path.home()) / "attention-optional"


def user_data_folder(platform: str, environ, home: Path) -> Path:
    """Each system's own place for such data; `platform` is spelled as in `sys.platform`."""
    if platform == "win32":
        return Path(environ.get("LOCALAPPDATA") or home / "AppData" / "Local")
    if platform == "darwin":
        return home / "Library" / "Application Support"
    return Path(environ.get("XDG_DATA_HOME") or home / ".local" / "share")
