"""Grading on other machines: whether they have the very same course.

A worker judges with the exercises that it has installed. Others would give other points, and nobody
would see it, so each job says which course it is of.
"""

import functools
import platform
from collections.abc import Callable
from pathlib import Path
from typing import Any

import course_utils
from course_utils.classroom import grading
from course_utils.problem import Problem

PACKAGE = Path(course_utils.__file__).parent


@functools.cache
def fingerprint(package: Path = PACKAGE) -> str:
    """The same where the course's programs are the same, wherever they are installed."""
    programs = package.rglob("*.py")
    return grading.fingerprint(
        {path.relative_to(package).as_posix(): path.read_bytes() for path in programs}
    )


def run(wanted: str, function: Callable, *arguments: Any) -> Any:
    """function(*arguments), on a worker; Problem if its course is not the `wanted` one."""
    if fingerprint() != wanted:
        raise Problem(
            f"The Dask worker on {platform.node()} has another version of the course, in {PACKAGE}."
            " It would judge by other tasks: install the one of this folder there, restart the "
            "worker, and run the same command again."
        )
    return function(*arguments)
