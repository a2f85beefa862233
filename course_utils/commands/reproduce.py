"""`python -m course_utils reproduce EXPERIMENT`: a paper's claim, measured here.

Each experiment is a module with a `main(arguments)` of its own.
"""

import importlib

from course_utils.commands.command_line import parser_of

EXPERIMENTS = {
    "bakeoff": "course_utils.experiments.bakeoff",
    "fnet": "course_utils.experiments.fnet",
    "memory": "course_utils.experiments.memory",
    "relays": "course_utils.experiments.relays",
    "sparse": "course_utils.experiments.sparse",
    "universal": "course_utils.experiments.universal",
    "warmup": "course_utils.experiments.warmup",
}


def main(arguments: list[str]) -> int:
    """Hand over to the experiment that the first argument names."""
    parser = parser_of("reproduce")
    parser.add_argument("experiment", choices=list(EXPERIMENTS), help="which paper's")
    chosen = parser.parse_args(arguments[:1])
    return importlib.import_module(EXPERIMENTS[chosen.experiment]).main(arguments[1:])
