"""The script around the mutation tester: what it runs where, and how it counts."""

import sys

import pytest

from course_utils.paths import ROOT

sys.path.insert(0, str(ROOT / "benchmarks"))
import mutation  # noqa: E402

PACKAGE = ROOT / "course_utils"


def diff(before: str, after: str) -> str:
    return f"# m: survived\n--- a.py\n+++ a.py\n@@ -1,2 +1,2 @@\n same\n-{before}\n+{after}\n"


def test_every_module_of_the_rooms_is_there_and_has_tests():
    found = mutation.modules()
    assert {"mixers/sparse/lists.py", "patterns/path.py", "decoding.py", "text.py"} <= set(found)
    assert {"training/loop.py", "checks/compare.py", "checks/engine.py"} <= set(found)
    assert not any(name.endswith("__init__.py") for name in found)
    for module in found:
        assert (PACKAGE / module).is_file()
        for path in mutation.tests_of(module):
            assert (ROOT / path).exists(), f"{module}: there is no {path}"


def test_the_closest_entry_decides():
    assert mutation.tests_of("patterns/universal.py") == ["tests/unit/patterns/test_universal.py"]
    assert mutation.tests_of("mixers/sparse/new.py") == mutation.tests_of("mixers/sparse/flex.py")


@pytest.mark.parametrize(
    ("before", "after", "words"),
    [
        ('raise ValueError("of one")', 'raise ValueError("XXof oneXX")', True),
        ('raise ValueError("of one")', 'raise ValueError("OF ONE")', True),
        ('    f"{n} Tokens"', '    f"{n} tokens"', True),
        ("return a + b", "return a - b", False),
        ('mode = "r"', "mode = None", False),
        ("return n <= 1", "return n < 1", False),
    ],
)
def test_changed_words_are_told_from_changed_code(before, after, words):
    assert mutation.only_words(diff(before, after)) is words


def test_scores_by_hand():
    status = {"a": "killed", "b": "killed", "c": "timeout", "d": "survived", "e": "no tests"}
    diffs = {"d": diff("return a", "return b"), "e": diff('"words"', '"XXwordsXX"')}
    row = mutation.Outcome("text.py", status, diffs).row()
    assert row == {
        "module": "text.py", "mutants": 5, "killed": 2, "timeouts": 1, "survived": 2, "words": 1,
        "score": 60.0, "without_words": 75.0,
    }  # fmt: skip
    whole = {**row, "module": "other.py", "mutants": 1, "killed": 1, "timeouts": 0, "survived": 0,
             "words": 0}  # fmt: skip
    assert mutation.total([row, whole]) == {
        "module": "all", "mutants": 6, "killed": 3, "timeouts": 1, "survived": 2, "words": 1,
        "score": 66.7, "without_words": 80.0,
    }  # fmt: skip
    told = mutation.table([row, mutation.total([row, whole])]).splitlines()
    assert told[0].split() == [
        "mutants", "killed", "timeouts", "survived", "words", "score", "without", "words",
    ]  # fmt: skip
    assert told[1].split() == ["text.py", "5", "2", "1", "2", "1", "60.0", "75.0"]
    assert len({len(line) for line in told}) == 1


def test_the_settings_are_of_one_module_and_its_tests(tmp_path):
    for name in ("course_utils", "tests", "notebooks"):
        (tmp_path / name).mkdir()
    (tmp_path / "conftest.py").touch()
    lines = mutation.settings(tmp_path, "decoding.py", limit=15).splitlines()
    assert lines[0] == "[mutmut]"
    assert "    course_utils/decoding.py" in lines and "    tests/unit/test_decoding.py" in lines
    copied = lines[lines.index("also_copy =") + 1 : lines.index("pytest_add_cli_args =")]
    assert copied == ["    conftest.py", "    notebooks"]
    assert "timeout_constant = 5.0" in lines
