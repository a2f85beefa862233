"""Which node runs the pages' JavaScript, and that nobody misses it unseen."""

import shutil
import subprocess
from pathlib import Path

import pages
import playwright
import pytest


def test_playwright_s_node_comes_first_and_runs():
    driver = Path(playwright.__file__).parent / "driver"
    assert Path(pages.node()).parent == driver
    assert subprocess.run([pages.node(), "-e", "process.exit(7)"]).returncode == 7


def test_the_path_s_node_does_where_playwright_brings_none(monkeypatch, tmp_path):
    monkeypatch.setattr(playwright, "__file__", str(tmp_path / "__init__.py"))
    monkeypatch.setattr(shutil, "which", lambda name, path=None: None if path else "/bin/node")
    assert pages.find_node() == "/bin/node"


@pytest.mark.parametrize("ci, outcome", [("true", pytest.fail), ("", pytest.skip)])
def test_without_a_node_a_test_fails_under_ci_and_is_left_out_elsewhere(monkeypatch, ci, outcome):
    monkeypatch.setenv("CI", ci)
    monkeypatch.setattr(pages, "find_node", lambda: None)
    with pytest.raises(outcome.Exception, match="no node here"):
        pages.node()
