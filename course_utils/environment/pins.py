"""Which versions the course was tested with. pyproject.toml is the one place that names them."""

import hashlib
import tomllib
from dataclasses import dataclass
from pathlib import Path

from course_utils.paths import ROOT


@dataclass(frozen=True)
class Pins:
    """Requirements such as "torch==2.13.0", by what they are for.

    course: what lessons and exercises need. weights: published weights in a package of their own,
    installed without its dependencies, which the course does not use. test: what the tests add.
    """

    course: tuple[str, ...]
    weights: tuple[str, ...]
    test: tuple[str, ...]

    @property
    def digest(self) -> str:
        """A short name for what the lessons run on: other versions, another name."""
        wanted = "\n".join(sorted(self.course + self.weights))
        return hashlib.sha256(wanted.encode()).hexdigest()[:16]


def read(pyproject: Path = ROOT / "pyproject.toml") -> Pins:
    """The pins in a pyproject.toml."""
    content = tomllib.loads(pyproject.read_text(encoding="utf-8"))
    project, own = content["project"], content["tool"]["attention-optional"]
    return Pins(
        course=tuple(project["dependencies"]),
        weights=tuple(own["weights"]),
        test=tuple(project["optional-dependencies"]["test"]),
    )


def name_and_version(requirement: str) -> tuple[str, str]:
    """("torch", "2.13.0") for "torch==2.13.0"."""
    name, version = requirement.split("==")
    return name.strip(), version.strip()


def differing(requirements: tuple[str, ...], installed: dict[str, str | None]) -> dict[str, str]:
    """What is not as pinned: {"torch": "missing, 2.13.0 is pinned", …}.

    `installed` maps names to versions, None where there is none. A local part does not count:
    2.13.0+cpu is 2.13.0.
    """
    wrong = {}
    for requirement in requirements:
        name, version = name_and_version(requirement)
        found = installed.get(name)
        if found is None:
            wrong[name] = f"missing, {version} is pinned"
        elif found.split("+")[0] != version:
            wrong[name] = f"{found}, {version} is pinned"
    return wrong
