"""`python -m course_utils reproduce EXPERIMENT`: what a lesson claims, measured here.

Each experiment is a module with a `main(arguments)` of its own. This one is read before the
environment is made: what it imports needs the standard library only.
"""

import argparse
import importlib

from course_utils import options
from course_utils.experiments import described

EXPERIMENTS = {name: f"course_utils.experiments.{name}" for name in described.EXPERIMENTS}


def main(arguments: list[str]) -> int:
    """Hand over to the experiment that the first argument names."""
    chosen = parser().parse_args(arguments)
    return importlib.import_module(EXPERIMENTS[chosen.experiment]).main(arguments[1:])


def parser() -> argparse.ArgumentParser:
    made = options.parser("reproduce", epilog="reproduce EXPERIMENT --help says more of each.")
    experiments = made.add_subparsers(dest="experiment", required=True, metavar="EXPERIMENT")
    for name, experiment in described.EXPERIMENTS.items():
        one = experiments.add_parser(
            name, help=experiment.about, description=experiment.about, allow_abbrev=False
        )
        described.add_options(one, experiment)
    return made
