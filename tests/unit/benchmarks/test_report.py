"""The tables of measurements are what the stored results say."""

import sys

import pytest

from course_utils.paths import ROOT

sys.path.insert(0, str(ROOT / "benchmarks"))
import report  # noqa: E402


@pytest.mark.parametrize("path", report.tables(), ids=lambda path: path.name)
def test_the_tables_say_what_was_measured(path):
    text = path.read_text(encoding="utf-8")
    assert report.with_table(text, report.tables()[path]) == text, "run python benchmarks/report.py"


def test_the_readme_has_the_headlines_and_the_other_document_everything():
    short, whole = (set(report.tables()[path].splitlines()) for path in report.tables())
    assert short < whole and len(whole) - 2 == len(report.rows())


def test_a_text_without_the_marks_is_refused():
    with pytest.raises(ValueError, match="measured"):
        report.with_table("# A course\n", "| a table |")


def test_every_result_says_on_what_it_was_measured():
    for path in report.RESULTS.glob("*.json"):
        text = path.read_text(encoding="utf-8")
        assert "torch" in text or "hardware" in text, path.name
