"""A browser, a JupyterLab on a copy of the course, a page that is guarded."""

import os
import shutil
from pathlib import Path

import pytest
from lab import Lab, Traffic, open_browser

from course_utils.environment.testing import NO_BROWSER, find_browser
from course_utils.paths import EXERCISES, NOTEBOOKS


@pytest.fixture(scope="session")
def browser():
    path = find_browser()
    if path is None:
        if os.environ.get("CI", "").lower() == "true":
            pytest.fail(NO_BROWSER)
        pytest.skip(NO_BROWSER)
    with open_browser(path) as browser:
        yield browser


@pytest.fixture(scope="session")
def course(tmp_path_factory) -> Path:
    """A copy of what a learner opens; what tests add or change goes there."""
    root = tmp_path_factory.mktemp("course")
    for folder in (NOTEBOOKS, EXERCISES):
        if folder.exists():
            shutil.copytree(
                folder, root / folder.name, ignore=shutil.ignore_patterns(".ipynb_checkpoints")
            )
    return root


@pytest.fixture(scope="session")
def lab(browser, course, tmp_path_factory):
    with Lab(course, tmp_path_factory.mktemp("home")).running() as lab:
        yield lab


@pytest.hookimpl(wrapper=True)
def pytest_runtest_makereport(item, call):
    report = yield
    item.went_wrong = getattr(item, "went_wrong", False) or report.failed
    return report


def screenshots(otherwise: Path) -> Path:
    """The folder that ATTENTION_OPTIONAL_SCREENSHOTS names, or else the test's own."""
    folder = Path(os.environ.get("ATTENTION_OPTIONAL_SCREENSHOTS") or otherwise)
    folder.mkdir(parents=True, exist_ok=True)
    return folder


@pytest.fixture
def page(browser, request, tmp_path):
    """A fresh page of 1280 × 900; asking any host but this one fails the test.

    Where a test fails, what the page showed is kept as a screenshot.
    """
    context = browser.new_context(viewport={"width": 1280, "height": 900})
    context.set_default_timeout(30_000)
    page = context.new_page()
    page.traffic = Traffic(page)
    yield page
    if request.node.went_wrong:
        page.screenshot(path=screenshots(tmp_path) / f"failed-{request.node.name}.png")
    context.close()
    assert not page.traffic.strangers, f"the page asked other hosts: {page.traffic.strangers}"


@pytest.fixture
def picture(page, tmp_path):
    """Call it with a name to keep a screenshot (see `screenshots` for where)."""
    folder = screenshots(tmp_path)

    def take(name: str, of=None) -> Path:
        path = folder / f"{name}.png"
        (of or page).screenshot(path=path)
        return path

    return take
