"""Which versions the course was tested with.

pyproject.toml names the packages and the range of versions that may do; constraints.txt names the
one version of each that `start` and `test` install.
"""

import hashlib
import re
import tomllib
from dataclasses import dataclass
from pathlib import Path

from course_utils.paths import ROOT


@dataclass(frozen=True)
class Pins:
    """Requirements such as "torch==2.13.0", by what they are for.

    course: what lessons and exercises need. weights: published weights in a package of their own,
    installed without its dependencies, which the course does not use. test: what the tests add, and
    the hub that they run.
    """

    course: tuple[str, ...]
    weights: tuple[str, ...]
    test: tuple[str, ...]

    @property
    def digest(self) -> str:
        """A short name for what the lessons run on: other versions, another name."""
        wanted = "\n".join(sorted(self.course + self.weights))
        return hashlib.sha256(wanted.encode()).hexdigest()[:16]


def read(folder: Path = ROOT) -> Pins:
    """What the pyproject.toml of a folder names, pinned by the constraints.txt beside it."""
    content = tomllib.loads((folder / "pyproject.toml").read_text(encoding="utf-8"))
    project, own = content["project"], content["tool"]["attention-optional"]
    extras = project["optional-dependencies"]
    versions = constraints(folder / "constraints.txt")

    def pinned(requirements: list[str]) -> tuple[str, ...]:
        names = map(name_of, requirements)
        return tuple(f"{name}=={versions[name]}" for name in names)

    return Pins(
        course=pinned(project["dependencies"]),
        weights=pinned(own["weights"]),
        test=pinned(extras["test"] + extras["hub"]),
    )


def constraints(file: Path) -> dict[str, str]:
    """{"torch": "2.13.0", …} from a constraints file of pip's, one exact version a line."""
    lines = (line.partition("#")[0].strip() for line in file.read_text("utf-8").splitlines())
    return dict(name_and_version(line) for line in lines if line)


def name_of(requirement: str) -> str:
    """ "torch" for "torch>=2.13,<2.14"."""
    return re.match(r"[A-Za-z0-9._-]+", requirement)[0]


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
