"""What may follow each command's name: `start --fresh 03`, `train translator --steps 10`.

Standard library only. `--help` and a mistake are answered by whatever Python was called, before
the environment is made: that takes minutes and gigabytes. The options of `reproduce` and `class`
stand beside what they are about: `experiments/described.py`, `classroom/command.py`.
"""

import argparse
from collections.abc import Callable
from pathlib import Path
from typing import Any

from course_utils.paths import expanded

ABOUT = {
    "start": "make the environment if there is none, and open JupyterLab on your copies of the "
    "lessons",
    "test": "run the tests: units, notebooks, browser; --quick for units only",
    "doctor": "say what is installed, what is missing, and the mend",
    "check": "validate a finished exercise, such as 03",
    "train": "train a model of lesson 06, 08 or 17 from scratch, or go on where it was stopped",
    "reproduce": "measure an experiment of the lessons again, most of them a paper's",
    "refresh": "for authors: run notebooks and keep their outputs",
    "export": "write lessons and exercises as web pages that need no kernel and no network",
    "release": "for teachers: make exercises/ from solutions/",
    "class": "for teachers: a class's assignments, from handing out to the report",
}
MODELS = ("translator", "shakespeare", "memory")


def parser(name: str, *, rest: str = "", epilog: str | None = None) -> argparse.ArgumentParser:
    """The parser of a command without its options; `rest` is what it hands on to pip or pytest."""
    made = argparse.ArgumentParser(
        prog=f"python3 -m course_utils {name}",
        description=f"{ABOUT[name][0].upper()}{ABOUT[name][1:]}.",
        epilog=epilog,
        allow_abbrev=False,
    )
    if rest:
        made.usage = f"%(prog)s [options] [{rest}]"
    return made


def start() -> argparse.ArgumentParser:
    made = parser("start", rest="pip's options")
    made.add_argument(
        "--fresh",
        action="append",
        default=[],
        metavar="LESSON",
        help="set your copy of 03 aside and give a new one (exercises/03: of the exercise alone)",
    )
    made.add_argument(
        "--in-place", action="store_true", help="for authors: the course's own files, no copies"
    )
    made.add_argument("--no-browser", action="store_true", help="open no browser window")
    made.add_argument("--port", type=int, metavar="N", help="JupyterLab's port")
    return made


def test() -> argparse.ArgumentParser:
    made = parser("test", rest="paths and pytest's options, as -k EXPRESSION")
    made.add_argument("--quick", action="store_true", help="unit tests only")
    return made


def doctor() -> argparse.ArgumentParser:
    return parser("doctor")


def check() -> argparse.ArgumentParser:
    made = parser(
        "check",
        epilog="Exit status: 0 if every task is solved, 1 if one is not yet, 2 if that could not "
        "be judged.",
    )
    made.add_argument("lesson", help="such as 03")
    made.add_argument("--notebook", type=expanded, metavar="PATH", help="your copy, if elsewhere")
    return made


def train() -> argparse.ArgumentParser:
    made = parser("train")
    made.add_argument("model", choices=MODELS, help="which one")
    made.add_argument("--steps", type=positive(int), metavar="N", help="instead of the recipe's")
    made.add_argument(
        "--minutes", type=positive(float), metavar="M", help="stop then, wherever the schedule is"
    )
    made.add_argument("--seed", type=seed_in, default=0, metavar="S", help="another beginning")
    made.add_argument("--out", type=expanded, metavar="FOLDER", help="where the model is written")
    return made


def refresh() -> argparse.ArgumentParser:
    made = parser("refresh")
    made.add_argument("lessons", nargs="*", metavar="LESSON", help="such as 03 or solutions/03")
    made.add_argument("--check", action="store_true", help="write nothing, say what would change")
    return made


def export() -> argparse.ArgumentParser:
    made = parser("export")
    made.add_argument("lessons", nargs="*", metavar="LESSON", help="such as 03; without, all")
    made.add_argument(
        "--out",
        type=expanded,
        default=Path("exported"),
        metavar="FOLDER",
        help="the folder of the pages (default: exported)",
    )
    return made


def release() -> argparse.ArgumentParser:
    made = parser("release")
    made.add_argument(
        "names", nargs="*", metavar="NAME", help="such as 03 or 03_attention; without, all"
    )
    made.add_argument(
        "--force", action="store_true", help="also where somebody has worked in the exercise"
    )
    return made


def positive(kind: type) -> Callable[[str], Any]:
    """A number above zero, for argparse."""

    def number(text: str) -> Any:
        try:
            value = kind(text)
        except ValueError:
            value = 0
        if not value > 0:
            raise argparse.ArgumentTypeError(f"a number above 0 is needed, got {text!r}")
        return value

    return number


def seed_in(text: str) -> int:
    """A whole number that torch can begin its dice with, for argparse."""
    if not (text.isdecimal() and len(text) <= 20 and int(text) < 2**64):
        raise argparse.ArgumentTypeError(
            f"a whole number from 0 to 2^64 - 1 is needed, got {text!r}"
        )
    return int(text)


def at_least_one(text: str) -> int:
    """A whole number, for argparse, which puts the option's name before what is said here."""
    if not (text.isdecimal() and text.isascii() and 0 < len(text) < 10 and int(text) > 0):
        raise argparse.ArgumentTypeError(f"a whole number of 1 or more is needed, got {text!r:.40}")
    return int(text)
