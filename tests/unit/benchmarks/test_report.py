"""The README's table of measurements is what the stored results say."""

import sys

import pytest

from course_utils.paths import ROOT

sys.path.insert(0, str(ROOT / "benchmarks"))
import report  # noqa: E402


def test_the_readme_says_what_was_measured():
    readme = report.README.read_text(encoding="utf-8")
    assert report.with_table(readme) == readme, "run python benchmarks/report.py"


def test_a_readme_without_the_marks_is_refused():
    with pytest.raises(ValueError, match="measured"):
        report.with_table("# A course\n")


def test_every_result_says_on_what_it_was_measured():
    for path in report.RESULTS.glob("*.json"):
        text = path.read_text(encoding="utf-8")
        assert "torch" in text or "hardware" in text, path.name
