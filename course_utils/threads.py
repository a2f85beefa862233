"""How torch's worker threads wait for each other: asleep, not spinning.

OpenMP threads spin by default while they wait. On a laptop, where something else always wants a
core, a spinning barrier turns a 50-microsecond addition into several milliseconds. The runtime
reads these variables once, when torch is imported, so they have to be set before that.

Python 2.7 must be able to read this file, as __main__.py says: so there are no annotations here.
"""

import os

SETTINGS = {"OMP_WAIT_POLICY": "passive", "GOMP_SPINCOUNT": "0"}


def apply():
    """Set what the user has not set already, for this process and those it starts."""
    for name, value in SETTINGS.items():
        os.environ.setdefault(name, value)


def one_each():
    """The environment for processes that run side by side: one thread each, still not spinning."""
    return SETTINGS | {"OMP_NUM_THREADS": "1", "MKL_NUM_THREADS": "1"}
