"""The package alone, as `pip install` brings it: no notebooks, no tests, somebody else's torch."""

import shutil
import subprocess
import sys
import zipfile
from pathlib import Path

import pytest
from thin import ThinEnvironment

from course_utils.paths import ROOT

PARTS = ("pyproject.toml", "README.md", "LICENSE", "LICENSE-lessons", "constraints.txt")
FOLDERS_BESIDE = ("notebooks", "solutions", "exercises", "tests")  # they are not packages

# What a lesson does, run outside of the checkout.
LESSON = """
import json, pathlib
import course_utils
from course_utils import datasets
from course_utils.checks import check
from course_utils.trained import load_shakespeare, load_translator
from course_utils.widgets import SoftmaxExplorer

verdict = check("00.weighted_average", lambda values, weights: sum(values) / len(values))
print(json.dumps({
    "where": str(pathlib.Path(course_utils.__file__).parent),
    "sentences": len(datasets.english_german("test")),
    "german": load_translator().translate(["She is reading a book."]),
    "letters": load_shakespeare().tokenizer.vocab_size,
    "page": "export default" in SoftmaxExplorer()._esm,
    "solved": bool(verdict.passed),
}))
"""


@pytest.fixture(scope="module")
def source(tmp_path_factory):
    """A copy of the checkout as far as packaging looks, compiled files and all."""
    folder = tmp_path_factory.mktemp("checkout")
    for name in PARTS:
        shutil.copy(ROOT / name, folder)
    shutil.copytree(ROOT / "course_utils", folder / "course_utils")
    for name in FOLDERS_BESIDE:
        (folder / name).mkdir()
        (folder / name / "something.py").touch()
    return folder


@pytest.fixture(scope="module")
def wheel(source, tmp_path_factory):
    """The wheel, built without a network."""
    folder = tmp_path_factory.mktemp("wheel")
    options = ["--no-index", "--no-build-isolation", "--no-deps", "-q", "-w", str(folder)]
    command = [sys.executable, "-m", "pip", "wheel", *options, str(source)]
    done = subprocess.run(command, capture_output=True, text=True)
    assert done.returncode == 0, done.stdout + done.stderr
    [path] = folder.glob("*.whl")
    return path


@pytest.fixture(scope="module")
def installed(wheel, tmp_path_factory):
    environment = ThinEnvironment(tmp_path_factory.mktemp("service") / "environment")
    environment.install(str(wheel))
    return environment


def files_of_the_package() -> set[str]:
    files = (path for path in (ROOT / "course_utils").rglob("*") if path.is_file())
    return {path.relative_to(ROOT).as_posix() for path in files if "__pycache__" not in path.parts}


def test_the_wheel_holds_the_package_with_its_data_and_nothing_else(wheel):
    names = {name for name in zipfile.ZipFile(wheel).namelist() if ".dist-info/" not in name}
    for_jupyter = {name for name in names if "/share/jupyter/labextensions/" in name}
    assert {Path(name).name for name in for_jupyter} == {"package.json", "extension.js"}
    assert names - for_jupyter == files_of_the_package()


def test_a_lesson_runs_on_the_package_alone(installed, tmp_path):
    import json

    ran = installed.run("-c", LESSON, cwd=tmp_path)
    assert ran.returncode == 0, ran.stderr
    found = json.loads(ran.stdout.splitlines()[-1])
    assert Path(found.pop("where")).parent == installed.packages
    assert found == {
        "sentences": 1000,
        "german": ["Sie liest ein Buch."],
        "letters": 65,
        "page": True,
        "solved": False,
    }


@pytest.mark.parametrize("name", ["start", "test", "check", "refresh", "release", "doctor"])
def test_what_needs_the_checkout_says_so(installed, tmp_path, name):
    ran = installed.run("-m", "course_utils", name, cwd=tmp_path)
    assert ran.returncode == 2 and f"`{name}` needs the course's own folder" in ran.stderr
    assert len(ran.stderr.splitlines()) == 1, ran.stderr


def test_the_dashboard_without_lessons_says_so(installed, tmp_path):
    ran = installed.run("-c", "from course_utils.checks import progress; progress()", cwd=tmp_path)
    assert "progress(), which lists the lessons, needs the course's own folder" in ran.stderr


def test_what_does_not_need_the_checkout_runs(installed, tmp_path):
    options = ["reproduce", "universal", "--size", "quick", "--out", str(tmp_path)]
    ran = installed.run("-m", "course_utils", *options, cwd=tmp_path)
    assert ran.returncode == 0 and (tmp_path / "universal-quick.json").is_file(), ran.stderr
    assert installed.run("-m", "course_utils", "train", "--help", cwd=tmp_path).returncode == 0


def test_an_editable_installation_is_the_checkout(source, tmp_path):
    environment = ThinEnvironment(tmp_path / "environment")
    environment.install("--editable", str(source))
    ran = environment.run("-c", "import course_utils; print(course_utils.__file__)", cwd=tmp_path)
    assert Path(ran.stdout.strip()) == source / "course_utils" / "__init__.py", ran.stderr
