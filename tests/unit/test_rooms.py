"""Imports between the package's rooms point one way: down.

A room is a module at the root of `course_utils`, or a folder there, whole. Called as a program this
file prints how many rooms there are and how many arrows between them:
python tests/unit/test_rooms.py
"""

import ast
import functools
from collections.abc import Iterator
from pathlib import Path

ROOT = Path(__file__).resolve().parents[2]
PACKAGE = ROOT / "course_utils"

DOOR = "__init__"  # the package's own module, which every import passes

# From the ground up: a room imports from those before it, and from none after it.
ORDER = """
    threads __init__ problem paths options atomic shapes metrics measure notebook plots progress
    datasets text positions patterns
    mixers
    blocks
    models
    decoding training
    trained
    experiments
    widgets
    checks
    exercises
    classroom
    environment
    commands
    __main__
""".split()

# The machinery that judges is for the tasks, for those who grade, and for notebooks.
MAY_IMPORT_CHECKS = {"exercises", "classroom"}


def room_of(file: Path, package: Path) -> str:
    """The room that a file of the package is part of."""
    first = file.relative_to(package).parts[0]
    return first.removesuffix(".py")


@functools.cache
def rooms(package: Path) -> frozenset[str]:
    return frozenset(room_of(file, package) for file in package.rglob("*.py"))


def imported_rooms(file: Path, package: Path) -> Iterator[tuple[str, int]]:
    """(room, line) for every import of the package in a file, those inside functions too."""
    for node in ast.walk(ast.parse(file.read_text(encoding="utf-8"))):
        if isinstance(node, ast.Import):
            names = [alias.name for alias in node.names]
        elif isinstance(node, ast.ImportFrom):
            assert not node.level, f"{file}:{node.lineno}: a relative import hides its room"
            names = [f"{node.module}.{alias.name}" for alias in node.names]
        else:
            continue
        for name in names:
            top, first, *_ = [*name.split("."), ""]
            if top == package.name:
                is_room = first in rooms(package)
                yield first if is_room else DOOR, node.lineno  # else a name of the package itself


def arrows(package: Path) -> dict[tuple[str, str], str]:
    """{(from, to): where} for the imports between different rooms, one place for each pair."""
    found = {}
    for file in sorted(package.rglob("*.py")):
        here = room_of(file, package)
        for there, line in imported_rooms(file, package):
            if there != here:
                found.setdefault((here, there), f"{file.relative_to(package.parent)}:{line}")
    return found


def upward(order: list[str], package: Path) -> list[str]:
    """The imports that do not point down, in words."""
    height = {room: number for number, room in enumerate(order)}
    return [
        f"{where}: {here} imports {there}, which stands above it"
        for (here, there), where in arrows(package).items()
        if height[there] > height[here]
    ]


def test_every_room_has_its_place_and_every_place_its_room():
    assert sorted(ORDER) == sorted(rooms(PACKAGE))


def test_imports_point_down():
    """So there is no circle either: a circle has an arrow that points up."""
    assert len(arrows(PACKAGE)) > 50
    assert not upward(ORDER, PACKAGE)


def test_what_judges_is_imported_by_nobody_else():
    importers = {
        here: where for (here, there), where in arrows(PACKAGE).items() if there == "checks"
    }
    assert set(importers) <= MAY_IMPORT_CHECKS, importers


def test_an_arrow_up_is_seen_wherever_it_hides(tmp_path):
    package = tmp_path / "course_utils"
    (package / "high").mkdir(parents=True)
    (package / "__init__.py").write_text("__version__ = '1'\n")
    (package / "high" / "__init__.py").write_text("from course_utils import low, __version__\n")
    (package / "low.py").write_text("import os\n\n\ndef late():\n    import course_utils.high.x\n")
    (package / "floor.py").write_text("from course_utils import high as h\n")
    assert set(arrows(package)) == {
        ("high", "low"), ("high", "__init__"), ("low", "high"), ("floor", "high"),
    }  # fmt: skip
    assert upward(["__init__", "floor", "low", "high"], package) == [
        "course_utils/floor.py:1: floor imports high, which stands above it",
        "course_utils/low.py:5: low imports high, which stands above it",
    ]


def counts() -> tuple[int, int]:
    """Rooms and arrows: the door is no room, and `benchmarks/` is one that stands above all."""
    inside = [pair for pair in arrows(PACKAGE) if DOOR not in pair]
    benchmarks = {
        there
        for file in (ROOT / "benchmarks").glob("*.py")
        for there, _ in imported_rooms(file, PACKAGE)
        if there != DOOR
    }
    return len(rooms(PACKAGE) - {DOOR}) + 1, len(inside) + len(benchmarks)


if __name__ == "__main__":
    print("{} rooms, {} arrows between them".format(*counts()))
