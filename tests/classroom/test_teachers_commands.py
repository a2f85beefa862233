"""Every command that the README prints for teachers, in a clone as it is, and what it should do."""

import re
import shutil
import subprocess

import nbformat
import pytest
from nbgrader.api import Gradebook
from thin import ThinEnvironment

from course_utils.environment import install
from course_utils.paths import ROOT

CLONED = ("course_utils", "solutions", "exercises", "notebooks")
FILES = ("nbgrader_config.py", "pyproject.toml", "constraints.txt")
COMMANDS = ("nbgrader ", "jupyter ", "python3 -m course_utils ")


def printed_commands() -> list[str]:
    """What stands in backticks in the README's part for teachers and begins like a command."""
    readme = (ROOT / "README.md").read_text(encoding="utf-8")
    [part] = re.findall(r"^## For teachers$(.*?)^## ", readme, flags=re.DOTALL | re.MULTILINE)
    return [code for code in re.findall(r"`([^`]+)`", part) if code.startswith(COMMANDS)]


class Clone:
    """A copy of the checkout, and a shell in which its environment is activated."""

    def __init__(self, folder):
        self.folder = folder / "clone"
        for name in CLONED:
            shutil.copytree(ROOT / name, self.folder / name)
        for name in FILES:
            shutil.copy(ROOT / name, self.folder)
        self.environment = ThinEnvironment(folder / "environment")
        # What `start` does to an environment, besides filling it.
        (self.environment.packages / "course.pth").write_text(f"{self.folder}\n")
        install.write_settings(
            install.Environment(self.environment.prefix, self.environment.python, own=True)
        )

    def shell(self, command: str) -> subprocess.CompletedProcess:
        return subprocess.run(
            ["sh", "-c", command],
            cwd=self.folder,
            env=self.environment.variables,
            capture_output=True,
            text=True,
        )

    def hand_in(self, name: str) -> None:
        """A student who hands in what the course handed out."""
        shutil.copytree(
            self.folder / "exercises" / name, self.folder / "submitted" / "student" / name
        )

    def exercises(self) -> dict[str, bytes]:
        files = sorted((self.folder / "exercises").glob("*/*.ipynb"))
        return {path.stem: path.read_bytes() for path in files}


@pytest.fixture(scope="module")
def ran(tmp_path_factory):
    """The clone in which all of them were run in the README's order, and [how each went]."""
    clone = Clone(tmp_path_factory.mktemp("teacher"))
    clone.hand_in("03_attention")
    return clone, [clone.shell(command) for command in printed_commands()]


def test_each_of_them_succeeds(ran):
    _, all_done = ran
    assert len(all_done) >= 4
    failed = {done.args[-1]: done.stderr[-800:] for done in all_done if done.returncode}
    assert not failed


def test_the_gradebook_knows_the_assignment_with_its_points_and_the_hand_in(ran):
    clone, _ = ran
    solution = nbformat.read(clone.folder / "solutions/03_attention/03_attention.ipynb", 4)
    points = sum(
        cell.metadata.get("nbgrader", {}).get("points", 0)
        for cell in solution.cells
        if cell.metadata.get("nbgrader", {}).get("grade")
    )
    with Gradebook(f"sqlite:///{clone.folder / 'gradebook.db'}") as gradebook:
        assert gradebook.find_assignment("03_attention").max_score == points > 0
        assert gradebook.find_submission("03_attention", "student").score == 0


def test_the_exercises_are_afterwards_what_they_were(ran):
    """nbgrader writes them in a form of its own; the last command puts them back."""
    clone, _ = ran
    stored = {path.stem: path.read_bytes() for path in (ROOT / "exercises").glob("*/*.ipynb")}
    assert clone.exercises() == stored


def test_nbgraders_menu_is_on(ran):
    clone, _ = ran
    config = clone.environment.prefix / "etc" / "jupyter" / "labconfig" / "page_config.json"
    assert '"@jupyter/nbgrader": false' in config.read_text()
