"""The experiments that `reproduce` knows: what they ask, how long they take, with which options.

Standard library only: `reproduce sparse --help` is answered before the environment is made. That
the tasks are those of the experiments themselves is tested, and the laptop's durations are held
against the seconds of the results that come along.
"""

import argparse
import os
from dataclasses import dataclass
from pathlib import Path

from course_utils.options import at_least_one

SIZES = ("quick", "laptop", "paper")


@dataclass(frozen=True)
class Described:
    """An experiment in words. `quick`, `laptop` and `paper` say how long these sizes take."""

    about: str
    quick: str
    laptop: str
    paper: str = "the paper's own, for whoever has the machines"
    tasks: tuple[str, ...] = ()  # its parts, which run side by side; without, it has no parts
    takes_guests: bool = False  # a mixer of one's own

    @property
    def durations(self) -> str:
        return f"quick: {self.quick}; laptop: {self.laptop}; paper: {self.paper}"


EXPERIMENTS = {
    "bakeoff": Described(
        "Every mixer of the course in the same socket, on the same tasks; with --mixer "
        "my_module:MyMixer yours is among them.",
        quick="half a minute",
        laptop="three quarters of an hour on two cores",
        paper="bigger models on the same tasks",
        tasks=("words", "requests", "copying", "writing", "speed"),
        takes_guests=True,
    ),
    "fnet": Described(
        "FNet's comparison of mixers that do not ask with one that does.",
        quick="half a minute",
        laptop="two hours on two cores, and for the search a night, or an hour of a GPU",
        tasks=("search", "questions", "pair", "speed"),
    ),
    "memory": Described(
        "All-attention: persistent vectors where feed-forward layers were.",
        quick="half a minute",
        laptop="an hour and a quarter on two cores",
        tasks=("characters", "pieces", "ablation"),
    ),
    "relays": Described(
        "What stops a star from copying: heads, vectors, alphabet, time, or a single relay?",
        quick="seconds",
        laptop="half an hour",
        paper="some hours (no paper's size: longer, and more beginnings)",
    ),
    "sparse": Described(
        "The experiments of Yun et al. 2020 on sparse attention.",
        quick="half a minute",
        laptop="an hour and a half on two cores",
        tasks=("copying", "lm", "translation", "classification"),
    ),
    "universal": Described(
        "Theorem 1 of Yun et al. 2020 as a program, run on every input of small grids.",
        quick="seconds",
        laptop="seconds",
        paper="some minutes (the paper itself proves, and has no sizes)",
    ),
    "warmup": Described(
        "What a climb of the learning rate buys, with norms in front and behind.",
        quick="seconds",
        laptop="some minutes",
        paper="an hour (no paper's size: longer, and more beginnings)",
    ),
}


def parser(name: str) -> argparse.ArgumentParser:
    """What `reproduce NAME` understands."""
    made = argparse.ArgumentParser(
        prog=f"python3 -m course_utils reproduce {name}",
        description=EXPERIMENTS[name].about,
        allow_abbrev=False,
    )
    add_options(made, EXPERIMENTS[name])
    return made


def add_options(parser: argparse.ArgumentParser, described: Described) -> None:
    parser.add_argument("--size", choices=SIZES, default="quick", help=described.durations)
    parser.add_argument("--out", type=Path, metavar="FOLDER", help="where results are written")
    if described.takes_guests:
        parser.add_argument(
            "--mixer", metavar="MODULE:NAME", help="a mixer of your own, beside all others"
        )
    if not described.tasks:
        return
    parser.add_argument(
        "--task", choices=described.tasks, help="one part of the experiment; all without it"
    )
    parser.add_argument(
        "--workers", type=at_least_one, default=os.cpu_count() or 1, metavar="N",
        help="how many runs at a time on this machine; one for each core if not given",
    )  # fmt: skip
    parser.add_argument(
        "--scheduler", metavar="ADDRESS", help="run on a Dask cluster: tcp://host:8786"
    )
