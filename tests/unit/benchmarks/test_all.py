"""The script that runs all benchmarks: which ones, what it does when one fails, and the table."""

import importlib
import sys

import pytest

from course_utils.paths import ROOT

sys.path.insert(0, str(ROOT / "benchmarks"))
everything = importlib.import_module("all")  # its name is that of a function


@pytest.fixture
def three(tmp_path, monkeypatch):
    """A folder with three benchmarks, one of which fails, and a table that is only counted."""
    for name, status in {"fast": 0, "slow": 0, "wrong": 3, "report": 4}.items():
        line = f"open({str(tmp_path / 'ran')!r}, 'a').write('{name} '); raise SystemExit({status})"
        (tmp_path / f"{name}.py").write_text(line)
    tables = []
    monkeypatch.setattr(everything, "HERE", tmp_path)
    monkeypatch.setattr(everything.report, "main", lambda: tables.append(1))
    return tmp_path / "ran", tables


def test_it_knows_the_benchmarks_that_write_results():
    stored = {path.stem for path in (ROOT / "benchmarks" / "results").glob("*.json")}
    assert stored <= set(everything.names()) | {"mutation"}
    assert {"all", "report", "mutation"}.isdisjoint(everything.names())


def test_one_that_fails_is_named_and_the_others_go_on(three, capfd):
    ran, tables = three
    assert everything.main([]) == 1
    assert ran.read_text().split() == ["fast", "slow", "wrong"] and tables == [1]
    assert "failed, and not renewed in the table: wrong\n" in capfd.readouterr().err


def test_some_of_them_by_name(three, capfd):
    ran, tables = three
    assert everything.main(["slow"]) == 0
    assert ran.read_text().split() == ["slow"] and tables == [1]
    with pytest.raises(SystemExit):
        everything.main(["mutation"])
    assert "no benchmark 'mutation': choose from fast, slow, wrong" in capfd.readouterr().err
