"""The test command: which tests run together, on how many cores, with which browser."""

import os
import shutil
import subprocess
import sys
import tempfile
import time
from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field
from pathlib import Path

from course_utils import threads
from course_utils.environment import places
from course_utils.environment.install import Environment, tell
from course_utils.paths import NOTEBOOKS, ROOT, SOLUTIONS
from course_utils.problem import Problem

NOTHING_COLLECTED = 5  # pytest's exit status
SANITIZE = ROOT / "course_utils" / "nbval_sanitize.cfg"
NO_BROWSER = (
    "!! NO BROWSER TESTS: there is no Chromium, Chrome or Edge here. Install one, or name one in "
    "ATTENTION_OPTIONAL_BROWSER."
)


@dataclass(frozen=True)
class Stage:
    """Tests that run together. `side_by_side`: one process a core, one thread each."""

    name: str
    arguments: tuple[str, ...]
    side_by_side: bool = True
    needs_browser: bool = False


@dataclass
class StageOutcomes:
    """How the stages ended, by name: pytest's exit statuses, and what was left out."""

    codes: dict[str, int] = field(default_factory=dict)
    left_out: list[str] = field(default_factory=list)

    @property
    def failed(self) -> list[str]:
        return [name for name, code in self.codes.items() if code not in (0, NOTHING_COLLECTED)]

    @property
    def nothing_ran(self) -> bool:
        return all(code == NOTHING_COLLECTED for code in self.codes.values())

    @property
    def exit_status(self) -> int:
        return 1 if self.failed or self.nothing_ran else 0

    def summary(self, seconds: float) -> str:
        """The last line: what passed, what failed, what did not run, and how long it took."""
        if self.nothing_ran:
            return "No test was run: nothing fits those names."
        passed = [name for name, code in self.codes.items() if code == 0]
        parts = [
            f"{label}: {', '.join(names)}"
            for label, names in (
                ("passed", passed),
                ("FAILED", self.failed),
                ("NOT RUN", self.left_out),
            )
            if names
        ]
        return f"{'; '.join(parts)} ({seconds / 60:.1f} min)"


def stages(
    options: Sequence[str], *, quick: bool, here: Path, root: Path = ROOT
) -> tuple[list[Stage], list[str]]:
    """What to run, and the options that go to pytest in each stage.

    Paths among the options (from the folder `here`, or from the checkout) take the place of the
    three stages; a notebook among them is compared with its stored outputs.
    """
    refuse_missing(options, here, root)
    paths = {option: found for option in options if (found := as_path(option, here, root))}
    rest = [option for option in options if option not in paths]
    if paths:
        return [stage_of(list(paths.values()))], rest
    units = existing(root, ["tests/unit"] if quick else ["tests/unit", "tests/classroom"])
    every = [Stage("unit tests", (*units, "--dist=loadfile"))] if units else []
    if quick:
        return every, rest
    books = [str(folder) for folder in (NOTEBOOKS, SOLUTIONS) if any(folder.glob("**/*.ipynb"))]
    rules = existing(root, ["tests/notebooks"])
    if books or rules:
        every.append(Stage("notebooks", (*rules, *books, *compare(), "--dist=loadfile")))
    if browser := existing(root, ["tests/browser"]):
        every.append(Stage("browser", tuple(browser), side_by_side=False, needs_browser=True))
    return every, rest


def stage_of(paths: list[str]) -> Stage:
    """One stage for the paths somebody asked for."""
    files = [path.split("::")[0] for path in paths]
    arguments = [*paths, "--dist=loadfile"]
    if any(file.endswith(".ipynb") or any(Path(file).glob("**/*.ipynb")) for file in files):
        arguments += compare()
    browser = any("browser" in Path(file).relative_to(ROOT).parts for file in map(inside, files))
    return Stage("tests", tuple(arguments), side_by_side=not browser, needs_browser=browser)


def inside(file: str) -> str:
    """The path itself if it lies in the checkout, else the checkout."""
    return file if Path(file).is_relative_to(ROOT) else str(ROOT)


def as_path(option: str, here: Path, root: Path) -> str | None:
    """The absolute path that an option means, with its ::test; None if it is no path."""
    name, *inner = option.split("::")
    if name.startswith("-"):
        return None
    for folder in (here, root):
        if name and (folder / name).exists():
            return "::".join([str((folder / name).resolve()), *inner])
    return None


def refuse_missing(options: Sequence[str], here: Path, root: Path) -> None:
    """A test file that does not exist is told at once, not once a stage."""
    for before, option in zip(["", *options], options, strict=False):
        looks_like_one = option.split("::")[0].endswith((".py", ".ipynb")) or "::" in option
        if looks_like_one and not before.startswith("-") and as_path(option, here, root) is None:
            raise Problem(f"There is no {option.split('::')[0]}: give a path from this folder.")


def existing(root: Path, folders: Iterable[str]) -> list[str]:
    """Those folders that have tests in them."""
    return [str(root / folder) for folder in folders if any((root / folder).glob("**/test_*.py"))]


def compare() -> list[str]:
    """nbval's options: run the notebooks, compare with what is stored."""
    return ["--nbval", "--nbval-sanitize-with", str(SANITIZE)]


def run(
    environment: Environment, options: Sequence[str], *, quick: bool, here: Path, say=tell
) -> int:
    """Run the tests; 0 if all of them passed. Under CI=true a missing browser is a failure."""
    started = time.monotonic()
    chosen, rest = stages(options, quick=quick, here=here)
    browser = browser_here(say) if any(stage.needs_browser for stage in chosen) else None
    on_ci = os.environ.get("CI", "").lower() == "true"
    outcomes = StageOutcomes()
    for stage in chosen:
        if stage.needs_browser and browser is None:
            outcomes.left_out.append(stage.name)
            if on_ci:
                outcomes.codes[stage.name] = 1
            continue
        say(f"== {stage.name}")
        outcomes.codes[stage.name] = run_stage(environment, stage, rest, browser)
        if outcomes.codes[stage.name] == 2:  # interrupted
            break
    if outcomes.left_out:
        say(NO_BROWSER)
    say(outcomes.summary(time.monotonic() - started))
    return outcomes.exit_status


def run_stage(
    environment: Environment, stage: Stage, options: Sequence[str], browser: str | None
) -> int:
    """Run one stage; pytest's exit status."""
    with tempfile.TemporaryDirectory(prefix="learner-", ignore_cleanup_errors=True) as home:
        variables = stage_variables(stage, environment, home, browser)
        side_by_side = ["-n", str(cores())] if stage.side_by_side else ["-n", "0"]
        command = [str(environment.python), "-m", "pytest", *side_by_side]
        process = subprocess.Popen([*command, *stage.arguments, *options], env=variables, cwd=ROOT)
        try:
            return process.wait()
        except KeyboardInterrupt:
            process.wait()
            return 2


def stage_variables(
    stage: Stage, environment: Environment, home: str, browser: str | None
) -> dict[str, str]:
    """A new learner's empty memory, threads that do not spin, the course on the path."""
    path = [str(ROOT), *filter(None, [os.environ.get("PYTHONPATH")])]
    commands = str(places.scripts(environment.prefix, sys.platform))
    return {
        **os.environ,
        **(threads.one_each() if stage.side_by_side else threads.SETTINGS),
        "ATTENTION_OPTIONAL_HOME": home,
        "PYTHONPATH": os.pathsep.join(path),
        "PATH": os.pathsep.join([commands, os.environ.get("PATH", os.defpath)]),
        "JUPYTER_PREFER_ENV_PATH": "1",
        **({"ATTENTION_OPTIONAL_BROWSER": browser} if browser else {}),
    }


def cores() -> int:
    """How many processes fit side by side: the cores this process may use."""
    if hasattr(os, "sched_getaffinity"):
        return len(os.sched_getaffinity(0))
    return os.cpu_count() or 1


# The browser


def find_browser() -> str | None:
    """A browser of this machine that the tests can drive."""
    return places.find_browser(sys.platform, os.environ, Path.home(), shutil.which)


def browser_here(say=tell) -> str | None:
    """A browser: one that is there, or Debian's, installed where that is allowed; else None."""
    if found := find_browser():
        return found
    apt_get = apt_command(shutil.which)
    if apt_get is None:
        return None
    say("Installing Debian's chromium for the browser tests")
    for arguments in (["update"], ["install", "-y", "--no-install-recommends", "chromium"]):
        done = subprocess.run(
            [*apt_get, *arguments],
            capture_output=True,
            text=True,
            env={**os.environ, "DEBIAN_FRONTEND": "noninteractive"},
        )
        if done.returncode:
            said = done.stderr.strip().splitlines() or ["it does not say why"]
            say(f"apt-get {arguments[0]} failed: {said[-1]}")
            return None
    return find_browser()


def apt_command(which) -> list[str] | None:
    """How to call apt-get as root without being asked for a password; None where that cannot be."""
    if not which("apt-get"):
        return None
    if hasattr(os, "geteuid") and os.geteuid() == 0:
        return ["apt-get"]
    if which("sudo"):
        allowed = subprocess.run(["sudo", "-n", "true"], capture_output=True)
        if allowed.returncode == 0:
            return ["sudo", "-n", "DEBIAN_FRONTEND=noninteractive", "apt-get"]
    return None
