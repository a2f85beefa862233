"""The command line: python3 -m course_utils start, and what else `--help` names.

Old versions of Python must be able to read this file, so that they can say what is wrong; and with
it __init__.py and threads.py, which `-m course_utils` reads before it.
"""

import os
import sys

OLDEST = (3, 11)


def too_old(version, executable):
    """What to tell the owner of a Python older than `OLDEST`; None for one that is new enough."""
    if tuple(version[:2]) >= OLDEST:
        return None
    return (
        "The course needs Python {}.{} or newer, and {} is Python {}.{}: "
        "install a newer one and run this with it, for example python3.12 -m course_utils start."
    ).format(OLDEST[0], OLDEST[1], executable or "this", version[0], version[1])


if __name__ == "__main__":
    trouble = too_old(sys.version_info, sys.executable)
    if trouble:
        sys.exit(trouble)
    if not __package__:  # called by the folder's name, from anywhere: python3 ../course_utils
        sys.path[0] = os.path.dirname(os.path.dirname(os.path.abspath(__file__)))
    from course_utils.commands.command_line import main

    sys.exit(main(sys.argv[1:]))
