"""Reading the bundled files, each checked against its checksum the first time it is read."""

import functools
import gzip
import hashlib
import json
from pathlib import Path

from course_utils.paths import DATA, in_checkout
from course_utils.problem import Problem

CHECKSUMS = DATA / "checksums.json"  # {"eng_deu/train.tsv.gz": SHA-256, …}


class Missing(Problem, FileNotFoundError):
    """A bundled file is not there; a command says so in a sentence."""


class Damaged(Problem, ValueError):
    """A bundled file is not the one that was shipped."""


@functools.cache
def checksums() -> dict[str, str]:
    return json.loads(CHECKSUMS.read_text(encoding="utf-8"))


@functools.cache
def read_bytes(name: str) -> bytes:
    """The content of a bundled file, such as "eng_deu/train.tsv.gz", if it is the right one."""
    mend = how_to_mend(f"datasets/{name}")
    return read_checked(DATA / name, checksums()[name], name=f"bundled file {name}", mend=mend)


def how_to_mend(file: str) -> str:
    """How a file of the package, such as "datasets/checksums.json", comes back."""
    if in_checkout():
        return f"Mend it with: git checkout -- course_utils/{file}"
    return "Install the course's package again."


def read_checked(path: Path, expected: str, *, name: str, mend: str) -> bytes:
    """The content of a file whose SHA-256 is `expected`.

    Missing or Damaged, with the name and the mend, if it is not there or another one.
    """
    if not path.is_file():
        raise Missing(f"The {name} is missing. {mend}")
    content = path.read_bytes()
    found = hashlib.sha256(content).hexdigest()
    if found != expected:
        raise Damaged(
            f"The {name} is not the one that this course was tested with: its SHA-256 begins "
            f"{found[:12]}, expected {expected[:12]}. {mend}"
        )
    return content


def read_text(name: str) -> str:
    """The text of a bundled file, unpacked if its name ends in .gz."""
    content = read_bytes(name)
    return (gzip.decompress(content) if name.endswith(".gz") else content).decode("utf-8")


def read_table(name: str, separator: str = "\t") -> list[list[str]]:
    """The rows of a table without its header line. There is no quoting in these files."""
    lines = read_text(name).rstrip("\n").split("\n")
    return [line.split(separator) for line in lines[1:]]


def verify() -> int:
    """Check every bundled file; returns how many there are. Raises at the first that is wrong."""
    for name in checksums():
        read_bytes(name)
    return len(checksums())
