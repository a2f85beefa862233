"""Every notebook of the course against every house rule."""

from functools import cache
from pathlib import Path

import pytest
from house_rules import FOR_EVERY_NOTEBOOK, FOR_LESSONS, Page

from course_utils.commands import refresh
from course_utils.paths import NOTEBOOKS, place_of

opened = cache(Page.open)
PAGES = refresh.select([])
CASES = [
    pytest.param(path, rule, id=f"{place_of(path)}-{rule.__name__}")
    for path in PAGES
    for rule in FOR_EVERY_NOTEBOOK + (FOR_LESSONS if path.parent == NOTEBOOKS else ())
]


def test_there_are_lessons():
    assert PAGES, "no notebooks in notebooks/ and solutions/: all other tests here would be empty"


@pytest.mark.parametrize("path, rule", CASES)
def test_house_rule(path: Path, rule):
    complaints = list(rule(opened(path)))
    assert not complaints, "\n".join(["", place_of(path), *complaints])
