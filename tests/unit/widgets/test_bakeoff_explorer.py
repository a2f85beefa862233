"""The bake-off explorer: who is on the front, in Python and in the page."""

import numpy as np
import pytest
from pages import in_node

from course_utils.widgets import BakeoffExplorer
from course_utils.widgets.bakeoff_explorer import pareto

BETTER = {"speed": "high", "bits": "low", "share": "high"}
ROWS = [
    {"name": "fast", "config": "no mixing", "speed": 4, "bits": (3.0, 0.1), "share": 0.1},
    {"name": "good", "speed": 1, "bits": (2.0, 0.0), "share": 0.9},
    {"name": "beaten", "speed": 0.9, "bits": 2.5, "share": 0.5},
    {"name": "silent", "speed": 2, "share": 0.7},
]


def test_on_the_front_are_those_whom_nobody_beats():
    explorer = BakeoffExplorer(ROWS, x="speed", y="bits", better=BETTER)
    assert explorer.front == ["fast", "good"]  # "silent" has no bits
    assert "Nobody beats fast, good." in explorer.alt and "beaten 0.9 and 2.5" in explorer.alt
    other = BakeoffExplorer(ROWS, x="speed", y="share", better=BETTER)
    assert other.front == ["fast", "good", "silent"]


def test_equals_beat_nobody():
    rows = [{"name": name, "a": [1, 0], "b": [b, 0]} for name, b in (("x", 1), ("y", 1), ("z", 2))]
    assert pareto(rows, "a", "b", {"a": "high", "b": "low"}) == ["x", "y"]
    assert pareto(rows, "a", "b", {"a": "high", "b": "high"}) == ["z"]


def test_rows_travel_with_their_spread():
    rows = BakeoffExplorer(ROWS, x="speed", y="bits", better=BETTER).rows
    assert rows[0] == {"name": "fast", "config": "no mixing", "speed": [4.0, 0.0],
                       "bits": [3.0, 0.1], "share": [0.1, 0.0]}  # fmt: skip
    assert "bits" not in rows[3]
    of_arrays = [{"name": "a", "speed": np.array([1, 2]), "bits": np.float32(3)}]
    (row,) = BakeoffExplorer(of_arrays, x="speed", y="bits", better=BETTER).rows
    assert row["speed"] == [1.0, 2.0] and row["bits"] == [3.0, 0.0]


def test_the_page_names_the_same_front(tmp_path):
    dice, cases = np.random.default_rng(0), []
    for _ in range(60):
        better = {"a": str(dice.choice(["high", "low"])), "b": str(dice.choice(["high", "low"]))}
        rows = [
            {"name": str(i), "a": [int(dice.integers(5)), 0], "b": [int(dice.integers(5)), 0]}
            for i in range(dice.integers(1, 9))
        ]
        if len(rows) > 3:
            del rows[0]["b"]
        cases.append((rows, better))
    program = "return given.map(([rows, better]) => page.pareto(rows, 'a', 'b', better));"
    page = in_node(tmp_path, BakeoffExplorer, program, cases)
    assert page == [pareto(rows, "a", "b", better) for rows, better in cases]


@pytest.mark.parametrize(
    ("rows", "options", "says"),
    [
        ([], {}, "at least one row"),
        ([{"speed": 1}], {}, 'each row needs a "name"'),
        ([{"name": "a", "speed": float("nan")}], {}, "a: 'speed' is nan, which is no number"),
        ([{"name": "a", "speed": None}], {}, "a: 'speed' is None, which is no number"),
        ([{"name": "a", "speed": "fast"}], {}, "a: 'speed' is 'fast', which is no number"),
        ([{"name": "a", "speed": (1, 2, 3)}], {}, "nor one with its spread"),
        ([{"name": "a", "speed": (1, -2)}], {}, "nor one with its spread"),
        (ROWS, {"x": "price"}, "x must be one of speed, bits, share; got 'price'"),
        (ROWS, {"better": {"speed": "fast", "bits": "low"}}, "must be one of high, low"),
    ],
)
def test_what_cannot_be_drawn_is_named(rows, options, says):
    with pytest.raises(ValueError, match=says):
        BakeoffExplorer(rows, **({"x": "speed", "y": "bits", "better": BETTER} | options))
