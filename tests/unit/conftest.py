"""Fixtures that the unit tests share."""

import jaxtyping
import pytest


@pytest.fixture
def plain_shapes():
    """Without the type checker of the test run: the error seen is the one that learners see."""
    jaxtyping.config.update("jaxtyping_disable", True)
    yield
    jaxtyping.config.update("jaxtyping_disable", False)
