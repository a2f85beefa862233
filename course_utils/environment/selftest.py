"""Lesson 00's first cell: does everything that the lessons need work, here and now?"""

import os
from collections.abc import Callable

from course_utils import threads


def torch_computes() -> str | None:
    import torch

    if (torch.ones(2, 3) @ torch.ones(3, 2)).tolist() != [[3.0, 3.0], [3.0, 3.0]]:
        return "torch multiplies matrices wrongly; run python3 -m course_utils doctor"


def threads_wait_asleep() -> str | None:
    spinning = [name for name, value in threads.SETTINGS.items() if os.environ.get(name) != value]
    if spinning:
        return f"{', '.join(spinning)} set to something else: correct, but it can be very slow"


def data_is_whole() -> str | None:
    from course_utils import datasets

    try:
        datasets.verify()
    except (OSError, ValueError) as error:
        return str(error)


def models_are_whole() -> str | None:
    from course_utils.trained import folders

    try:
        folders.verify()
    except (OSError, ValueError) as error:
        return str(error)


def weights_are_there() -> str | None:
    from course_utils.trained import minilm

    if not minilm.weights_installed():
        *others, last = minilm.USED_IN
        return f"lessons {', '.join(others)} and {last} need them: {minilm.INSTALL_LINE}"
    try:
        minilm.verify()
    except (OSError, ValueError) as error:
        return str(error)


def pictures_move() -> str | None:
    import importlib.util

    if importlib.util.find_spec("anywidget") is None:
        return "anywidget is missing; run python3 -m course_utils start"


def progress_can_be_kept() -> str | None:
    from course_utils import progress

    try:
        progress.trial()
    except OSError as error:
        return f"bets and progress will be forgotten: {error.strerror}"


LOOKS: dict[str, Callable[[], str | None]] = {
    "torch computes": torch_computes,
    "torch's threads wait without spinning": threads_wait_asleep,
    "the bundled texts are whole": data_is_whole,
    "the shipped models are whole": models_are_whole,
    "the published weights are there": weights_are_there,
    "the pictures can move": pictures_move,
    "progress can be kept": progress_can_be_kept,
}


def selftest() -> None:
    """Print a line for each thing the lessons need: fine, or what is wrong and the mend."""
    lines = []
    for name, look in LOOKS.items():
        problem = look()
        lines.append(f"yes  {name}" if problem is None else f"NO   {name}: {problem}")
    print("\n".join(lines))
