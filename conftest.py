"""What every test shares, those that nbval makes of the notebooks' cells included."""

import os
import random
import sys
import tempfile
from pathlib import Path

import jaxtyping
import pytest

from course_utils import threads

if "PYTEST_XDIST_WORKER" in os.environ:  # workers side by side: a thread each, kernels included
    os.environ.update(threads.one_each())

# From here on the package's functions hold arguments and results against their annotations.
# Kernels and learners import it without this. The checks and the exercises are left out: their
# values come from answers of all kinds, and what they compare a million times took seven times as
# long.
UNCHECKED = {"checks", "exercises"}
ROOMS = {path.stem for path in Path(threads.__file__).parent.iterdir()} - UNCHECKED
jaxtyping.install_import_hook([f"course_utils.{room}" for room in ROOMS], "beartype.beartype")

HOMES = tempfile.TemporaryDirectory(prefix="learners-", ignore_cleanup_errors=True)
last_file = None


@pytest.hookimpl(tryfirst=True)
def pytest_runtest_protocol(item):
    """Each test file is a new learner: no bet and no progress comes from another, or from a user.

    A hook and not a fixture, because nbval's cells have no fixtures, and their kernel is started
    with the environment of this moment.
    """
    global last_file
    if item.path != last_file:
        last_file = item.path
        os.environ["ATTENTION_OPTIONAL_HOME"] = tempfile.mkdtemp(dir=HOMES.name)


def pytest_unconfigure():
    HOMES.cleanup()


@pytest.fixture(autouse=True)
def seeded():
    """Random numbers are the same in every run, and do not depend on which tests ran before."""
    random.seed(0)
    if "numpy" in sys.modules:
        sys.modules["numpy"].random.seed(0)
    if "torch" in sys.modules:
        sys.modules["torch"].manual_seed(0)
