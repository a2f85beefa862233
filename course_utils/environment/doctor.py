"""What is there, what is missing, and the mend. Looks, and changes nothing."""

import os
import platform
import sys
import textwrap
from collections.abc import Iterable
from dataclasses import dataclass

import course_utils
from course_utils import threads
from course_utils.environment import install, pins, testing

START = "python3 -m course_utils start"
TEST = "python3 -m course_utils test"


@dataclass(frozen=True)
class Finding:
    """One line of the report. `mend` is what to do; None if nothing is wrong.

    `vital`: the lessons need it. What only the tests need is not vital.
    """

    name: str
    state: str
    mend: str | None = None
    vital: bool = True

    def __str__(self) -> str:
        mark = "ok" if self.mend is None else "MISSING" if self.vital else "--"
        parts = [self.state] if self.mend is None else [self.state, f"mend: {self.mend}"]
        lines = [line for part in parts for line in textwrap.wrap(part, 72)]
        return f"{mark:8}{self.name:16}" + f"\n{'':24}".join(lines)


def report(environment: install.Environment, *, say=install.tell) -> int:
    """Print the findings; 0 if nothing is missing that the lessons need."""
    say(f"Attention Optional {course_utils.__version__}\n")
    findings = list(look(environment))
    for finding in findings:
        say(finding)
    missing = sum(finding.vital and finding.mend is not None for finding in findings)
    say("\nEverything the lessons need is here." if not missing else f"\nTo mend: {missing}.")
    return 1 if missing else 0


def look(environment: install.Environment) -> Iterable[Finding]:
    """All findings, those that need the environment only where the command runs in it."""
    yield Finding("Python", f"{platform.python_version()} on {platform.system()}")
    yield where(environment)
    if environment.is_running:
        yield packages("packages", pins.read().course, START, vital=True)
        yield device()
        yield from lessons_needs()
        yield packages("test tools", pins.read().test, TEST, vital=False)
    yield browser()


def where(environment: install.Environment) -> Finding:
    if not environment.own:
        return Finding("environment", f"{environment.prefix}, which has what the course needs")
    reason = install.broken(environment, pins.read())
    if reason is None:
        return Finding("environment", ".venv in the course's folder")
    return Finding("environment", f".venv: {reason}", START)


def packages(name: str, wanted: tuple[str, ...], mend: str, *, vital: bool) -> Finding:
    """Whether these are installed as pinned."""
    names = [pins.name_and_version(pin)[0] for pin in wanted]
    wrong = pins.differing(wanted, {name: install.version_here(name) for name in names})
    if not wrong:
        return Finding(name, ", ".join(pin.replace("==", " ") for pin in wanted))
    told = "; ".join(f"{package} {what}" for package, what in wrong.items())
    remake = "delete the folder .venv, then " if vital else ""
    return Finding(name, told, remake + mend, vital)


def device() -> Finding:
    """Where torch would compute, and with how many threads."""
    try:
        import torch
    except (ImportError, OSError) as error:
        return Finding("device", f"torch does not load: {error}", f"delete .venv, then {START}")
    name = "cpu"
    if torch.cuda.is_available():
        name = f"cuda ({torch.cuda.get_device_name()})"
    elif torch.backends.mps.is_available():
        name = "mps (Apple's GPU)"
    passive = all(os.environ.get(key) == value for key, value in threads.SETTINGS.items())
    waiting = "waiting asleep" if passive else "spinning while they wait (OMP_WAIT_POLICY is set)"
    return Finding("device", f"{name}; {torch.get_num_threads()} threads, {waiting}")


def lessons_needs() -> Iterable[Finding]:
    """Lesson 00's own self-test, a line a look."""
    from course_utils.environment import selftest

    for name, check in selftest.LOOKS.items():
        try:
            problem = check()
        except Exception as error:  # the doctor reports what is broken, and goes on
            problem = f"{type(error).__name__}: {error}"
        yield Finding("self-test", name, problem)


def browser() -> Finding:
    found = testing.find_browser()
    if found:
        return Finding("browser", f"{found}, for the browser tests")
    mend = f"install Chromium, Chrome or Edge; on Debian as root, {TEST} does"
    return Finding("browser", "none that the browser tests could drive", mend, vital=False)


def main(argv: list[str]) -> int:
    """`doctor`, inside the environment."""
    return report(install.choose())


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
