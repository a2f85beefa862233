"""The command line: what each command does, and with which Python.

Exit statuses are the same everywhere: 0 is yes; 1 is no (a test failed, a task is not solved, the
doctor misses something); 2 means that the question could not be asked, and a sentence says why; 130
is a stop by Ctrl-C.
"""

import argparse
import importlib
import os
import subprocess
import sys
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path

from course_utils import options
from course_utils.commands import reproduce
from course_utils.environment import install, testing
from course_utils.paths import ROOT, expect_checkout, in_checkout, my_course
from course_utils.problem import Problem

COULD_NOT = 2
PIPE_CLOSED = 141  # what a shell reports of other programs, too


@dataclass(frozen=True)
class Command:
    parser: Callable[[], argparse.ArgumentParser]  # needs the standard library only
    run: Callable[[list[str]], int]
    needs_checkout: bool = True  # not only the package, as `pip install` brings it


def start(arguments: list[str]) -> int:
    from course_utils.environment import lab, workspace

    chosen, pip_options = options.start().parse_known_args(arguments)
    if chosen.in_place and chosen.fresh:
        raise Problem("--fresh makes new copies, and --in-place works without: leave one of them.")
    environment = install.choose()
    folder = ROOT if chosen.in_place else my_course()
    address = lab.running(environment, folder)
    if address is None:
        lab.free_or_problem(chosen.port)
    if not chosen.in_place:
        workspace.hand_out(folder, fresh=chosen.fresh, update=address is None)
    if address is not None:
        return lab.point_to(address, browser=not chosen.no_browser)
    install.prepare(environment, pip_options)
    if not environment.own:
        install.settle_once(environment)
    install.renew_settings(environment)
    return lab.open_lab(environment, folder, port=chosen.port, browser=not chosen.no_browser)


def test(arguments: list[str]) -> int:
    chosen, pytest_options = options.test().parse_known_args(arguments)
    environment = install.choose()
    install.prepare(environment, test=True)
    return testing.run(environment, pytest_options, quick=chosen.quick, here=Path.cwd())


def doctor(arguments: list[str]) -> int:
    from course_utils.environment import doctor

    options.doctor().parse_args(arguments)
    environment = install.choose()
    if environment.is_running or install.probe(environment, []) is None:
        return doctor.report(environment)
    return again(environment, ["doctor"])


def module_command(name: str, module: str) -> Callable[[list[str]], int]:
    """A command that is the `main(arguments)` of a module, run by the environment's Python."""

    def run(arguments: list[str]) -> int:
        COMMANDS[name].parser().parse_args(arguments)  # --help and mistakes need no environment
        if in_checkout():
            environment = install.choose()
            if not environment.is_running:
                install.prepare(environment)
                return again(environment, [name, *arguments])
            os.environ["PYTHONPATH"] = python_path()  # for kernels, which start in other folders
        return importlib.import_module(module).main(arguments)

    return run


def class_parser() -> argparse.ArgumentParser:
    from course_utils.classroom import command  # and with it a server's modules

    return command.parser()


COMMANDS = {
    "start": Command(options.start, start),
    "test": Command(options.test, test),
    "doctor": Command(options.doctor, doctor),
    "check": Command(options.check, module_command("check", "course_utils.checks.validate")),
    "train": Command(
        options.train,
        module_command("train", "course_utils.commands.train"),
        needs_checkout=False,
    ),
    "reproduce": Command(
        reproduce.parser,
        module_command("reproduce", "course_utils.commands.reproduce"),
        needs_checkout=False,
    ),
    "refresh": Command(options.refresh, module_command("refresh", "course_utils.commands.refresh")),
    "export": Command(options.export, module_command("export", "course_utils.commands.export")),
    "release": Command(
        options.release, module_command("release", "course_utils.classroom.release")
    ),
    "class": Command(class_parser, module_command("class", "course_utils.classroom.command")),
}


def again(environment: install.Environment, arguments: list[str]) -> int:
    """The same command with the environment's Python."""
    variables = {**os.environ, "PYTHONPATH": python_path()}
    command = [str(environment.python), "-m", "course_utils", *arguments]
    return subprocess.call(command, env=variables)


def python_path() -> str:
    """The course's folder first, then what the user has there."""
    return os.pathsep.join([str(ROOT), *filter(None, [os.environ.get("PYTHONPATH")])])


def overview() -> str:
    """What `--help` prints."""
    width = max(map(len, COMMANDS)) + 2
    lines = [f"  {name:{width}}{options.ABOUT[name]}" for name in COMMANDS]
    return "\n".join(
        [
            "Attention Optional: build a transformer, then ask what happens without its attention.",
            "",
            "python3 -m course_utils COMMAND",
            "",
            *lines,
            "",
            "Each command says more with --help. New here? It is `start` that you want.",
        ]
    )


def main(argv: list[str]) -> int:
    """Run a command; its exit status. What a user can mend is said in one sentence."""
    try:
        try:
            return run(argv)
        finally:
            sys.stdout.flush()
    except BrokenPipeError:  # nobody reads on: `… --help | head`
        os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())
        return PIPE_CLOSED


def run(argv: list[str]) -> int:
    if not argv or argv[0] in ("-h", "--help", "help"):
        print(overview())
        return 0
    name, *arguments = argv
    if name not in COMMANDS:
        known = ", ".join(COMMANDS)
        print(f"There is no command {name!r}: choose one of {known}.", file=sys.stderr)
        return 2
    command = COMMANDS[name]
    try:
        if command.needs_checkout:
            expect_checkout(f"`{name}`")
        return command.run(arguments)
    except Problem as problem:
        print(problem, file=sys.stderr)
        return COULD_NOT
    except KeyboardInterrupt:
        print("\nStopped. The same command begins again where it has to.", file=sys.stderr)
        return 130
