"""Fixtures that the tests of mixers share."""

import pytest

from course_utils.mixers.sparse import layout


@pytest.fixture
def lists_for_short_texts(monkeypatch):
    """Groups of 4 or 8 from 9 tokens on, so that small inputs take the path of large ones."""
    monkeypatch.setattr(layout, "SHORT", 8)
    monkeypatch.setattr(layout, "GROUP_SIZES", (4, 8))
    monkeypatch.setattr(layout, "FETCH", 0)
    monkeypatch.setattr(layout, "JOINED", 1)
    monkeypatch.setattr(layout, "NEVER_BUSY", 8)
    layout._arrays_of.cache_clear()
    yield
    layout._arrays_of.cache_clear()
