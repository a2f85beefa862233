"""`reproduce universal`: the theorem holds where its conditions do, and what it prints is true."""

import json

import numpy as np
import pytest

from course_utils.experiments import universal
from course_utils.experiments.experiment import STORED
from course_utils.patterns import check_assumption, dense, window
from course_utils.patterns.universal import all_inputs, codes, construction, run


@pytest.fixture(scope="module")
def result(tmp_path_factory):
    folder = tmp_path_factory.mktemp("reproduced")
    assert universal.main(["--size", "quick", "--out", str(folder)]) == 0
    for name in ("softened", "refined"):
        picture = folder / f"universal-quick-{name}.png"
        assert picture.read_bytes().startswith(b"\x89PNG")
    return json.loads((folder / "universal-quick.json").read_text(encoding="utf-8"))


def test_all_patterns_that_qualify_are_exact(result):
    rows = result["certified"]
    assert {row["pattern"] for row in rows} == {
        "dense", "window", "ring", "star with ring", "strided", "fixed"
    }  # fmt: skip
    assert all(row["all_ids_differ"] and all(row["exact"].values()) for row in rows)
    assert all(row["inputs"] == 81 for row in rows)


def test_each_condition_is_broken_and_the_pair_that_it_names_does_collide(result):
    cases = universal.broken()
    assert {case.missing for case in cases} >= {"self-loops", "a path", "reach"}
    for case, row in zip(cases, result["broken"], strict=True):
        layers = construction(case.patterns, 3, path=case.path, n_spread=case.n_spread)
        inputs = np.array(row["collision"]["inputs"])[..., None]
        ids = codes(run(layers, inputs)[-1], 3)
        first, second = row["collision"]["tokens"]
        assert ids[0, first] == ids[1, second] == row["collision"]["id"]
        assert str(row["collision"]["id"]) in universal.said(row)


@pytest.mark.parametrize("case", universal.broken(), ids=lambda case: case.who)
def test_what_is_said_to_be_missing_is_what_is_missing(case):
    report = check_assumption(case.patterns)
    answers = {"self-loops": report.self_loops, "path": report.path, "reach": report.reach}
    assert {name for name in answers if name in case.missing} == {
        name for name, answer in answers.items() if not answer.holds
    }


def test_what_qualifies_qualifies():
    for patterns in universal.qualifying(6).values():
        assert check_assumption(patterns).holds


def test_colder_is_never_worse_from_some_temperature_on(result):
    wrong = [row["wrong"] for row in result["softened"]]
    assert wrong[0] > 0.5 and wrong[-1] == 0
    off = [row["off"] for row in result["softened"] if row["temperature"] <= 0.3]
    assert off == sorted(off, reverse=True)


def test_the_error_goes_with_the_step_and_the_layers_go_up(result):
    rows = result["refined"]
    for coarse, fine in zip(rows[1:], rows[2:], strict=False):
        assert coarse["error"] / fine["error"] == pytest.approx(2, abs=0.1)
    assert [row["attention_layers"] for row in rows] == [4, 6, 10, 18]
    assert rows[-1]["feed_forward_layers"] == 3 * 8 + 3 * 8**3


def test_nothing_collides_where_nothing_is_missing():
    case = universal.Broken("nothing", "dense", dense(4), 1, (0, 1, 2, 3))
    row = universal.break_it(case)
    assert "collision" not in row and row["deaf"] is None
    assert universal.said(row).endswith("no two tokens share an id.")
    assert len(all_inputs(4, 3)) == 81


def test_the_results_that_come_along_are_what_the_code_measures():
    text = (STORED / "universal-laptop.json").read_text(encoding="utf-8")
    stored = json.loads(text)
    assert len(stored["certified"]) == 23  # four grids; fixed is not for five tokens
    measured = json.loads(json.dumps(universal.certify("ring", universal.ring(5), 3, 1)))
    assert measured in stored["certified"]
    broken = [universal.break_it(case) for case in universal.broken()]
    assert json.loads(json.dumps(broken)) == stored["broken"]
    for row, again in zip(stored["refined"], universal.refine(window(3, 1), (1, 2)), strict=False):
        assert again == pytest.approx(row)


def test_arguments_that_mean_nothing_are_refused(capsys):
    with pytest.raises(SystemExit):
        universal.main(["--size", "huge"])
    assert "invalid choice: 'huge'" in capsys.readouterr().err
