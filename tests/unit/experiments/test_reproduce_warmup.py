"""`reproduce warmup`: every run is trained, tested with both kinds of English, and stored."""

import json
import statistics

from course_utils.experiments import warmup


def test_the_command_measures_every_run(tmp_path, capsys):
    assert warmup.main(["--size", "quick", "--out", str(tmp_path)]) == 0
    found = json.loads((tmp_path / "warmup-quick.json").read_text(encoding="utf-8"))
    size = warmup.SIZES["quick"]
    wanted = [(run.norm, run.climb, run.rate, run.seed) for run in warmup.runs(size)]
    assert [(r["norm"], r["climb"], r["rate"], r["seed"]) for r in found["runs"]] == wanted
    assert len(wanted) == 8 == capsys.readouterr().out.count("with the right English")
    assert all(0 < row["right"] < 20 and 0 < row["wrong"] < 20 for row in found["runs"])
    assert len({row["right"] for row in found["runs"]}) == 8  # no two settings are one


def test_the_courses_runs_say_what_lesson_06_says():
    rows, size = warmup.stored(), warmup.SIZES["laptop"]
    assert len(rows) == size.seeds * 8

    def minds(norm, climb, rate):
        chosen = [r for r in rows if (r["norm"], r["climb"], r["rate"]) == (norm, climb, rate)]
        assert len(chosen) == size.seeds
        return [row["wrong"] - row["right"] for row in chosen]

    assert max(map(abs, minds("post", 0, 0.005))) < 0.02
    for norm, climb in (("post", 100), ("pre", 0), ("pre", 100)):
        assert min(minds(norm, climb, 0.005)) > 0.05
    assert statistics.fmean(minds("post", 0, 0.002)) > 0.05
