"""The pattern lab: the page's patterns, rumours and lamps against the package's."""

import json

import numpy as np
import pytest
from pages import in_node

from course_utils.patterns import Pattern, check_assumption, reach, union, window
from course_utils.widgets import PatternLab
from course_utils.widgets.pattern_lab import ARRANGEMENTS, KINDS, MOST_ARCS, drawn

# What the page makes of the settings, one answer for each of them.
PROGRAM = """return given.labs.map((settings) => {
    const patterns = page.patternsFor(settings);
    return {
        patterns,
        heard: Array.from(page.layersUntilHeard(patterns, settings.layers)),
        selfLoops: page.selfLoops(patterns),
        path: page.pathThroughAll(patterns, given.allTriedUpTo),
        reach: page.everybodyHears(patterns),
    };
});"""
SIZES = [2, 3, 5, 8, 13, 16, 31, 32, 33, 64, 65, 96, 127, 128]


def settings_of(lab: PatternLab) -> dict:
    traits = ("kind", "n", "width", "stride", "n_global", "n_random", "per_token", "seed")
    traits += ("layers", "arrangement", "causal", "no_self", "own")
    return {trait: getattr(lab, trait) for trait in traits} | {"dice": lab.constants["dice"]}


def in_the_page(tmp_path, labs):
    given = {
        "labs": [settings_of(lab) for lab in labs],
        "allTriedUpTo": PatternLab.shared()["all_tried_up_to"],
    }
    return in_node(tmp_path, PatternLab, PROGRAM, given)


def some_labs(kind: str) -> list[PatternLab]:
    """One of each size, with other widths, strides, ticks and arrangements each time."""
    rng = np.random.default_rng(KINDS.index(kind))
    labs = []
    for n in [*SIZES, *SIZES]:
        labs.append(
            PatternLab(
                kind,
                n=n,
                width=int(rng.integers(0, 17)),
                stride=int(rng.integers(1, 33)),
                n_global=int(rng.integers(0, 9)),
                n_random=int(rng.integers(0, 3)),
                per_token=int(rng.integers(1, 17)),
                seed=int(rng.integers(0, 1000)),
                layers=int(rng.integers(1, 6)),
                arrangement=str(rng.choice(ARRANGEMENTS)),
                causal=bool(rng.random() < 0.3),
                no_self=bool(rng.random() < 0.3),
            )
        )
    return labs


@pytest.mark.parametrize("kind", KINDS)
def test_the_page_has_the_packages_patterns_and_rumours(tmp_path, kind):
    labs = some_labs(kind)
    for lab, answer in zip(labs, in_the_page(tmp_path, labs), strict=True):
        wanted = lab.patterns()
        assert [Pattern.from_lists(rows) for rows in answer["patterns"]] == wanted
        heard = np.array(answer["heard"]).reshape(lab.n, lab.n)
        np.testing.assert_array_equal(heard, lab.layers_until_heard())


def test_large_seeds_draw_the_same_in_both_languages(tmp_path):
    """JavaScript's numbers are whole up to 2^53 only, and a seed is multiplied first."""
    labs = [PatternLab("random", n=16, seed=seed) for seed in (4_000_001, 2**31, 2**40, -3)]
    for lab, answer in zip(labs, in_the_page(tmp_path, labs), strict=True):
        assert [Pattern.from_lists(rows) for rows in answer["patterns"]] == lab.patterns()


@pytest.mark.parametrize("kind", KINDS)
def test_the_lamps_say_what_the_package_says_and_their_witnesses_are_true(tmp_path, kind):
    labs = some_labs(kind)
    decided = 0
    for lab, answer in zip(labs, in_the_page(tmp_path, labs), strict=True):
        patterns = lab.patterns()
        report = check_assumption(patterns)
        assert answer["selfLoops"]["holds"] == report.self_loops.holds
        for ours, theirs in ((answer["path"], report.path), (answer["reach"], report.reach)):
            if ours["holds"] is not None and theirs.holds is not None:
                assert ours["holds"] == theirs.holds, (lab._what(), ours, theirs)
                decided += 1
        together = union(patterns).mask()
        if answer["path"]["holds"]:
            path = answer["path"]["witness"]
            assert sorted(path) == list(range(lab.n))
            assert together[path[1:], path[:-1]].all()
        if answer["reach"]["holds"]:
            assert answer["reach"]["witness"] == report.reach.witness
            assert reach(patterns, answer["reach"]["witness"]).all()
        elif answer["reach"]["witness"]:
            query, key = answer["reach"]["witness"]
            assert not reach(patterns, 2 * lab.n)[query, key] or "circles" in answer["reach"]["why"]
        if not answer["selfLoops"]["holds"]:
            layer, token = answer["selfLoops"]["witness"]
            assert token not in patterns[layer].keys_of(token)
    assert decided > 1.5 * len(labs)  # "open" is the exception


def test_small_graphs_of_any_kind_are_decided_as_the_package_decides_them(tmp_path):
    rng = np.random.default_rng(0)
    labs = []
    for n in (2, 3, 4, 5, 7, 10, 13):
        for share in (0.15, 0.3, 0.5):
            for n_patterns in (1, 2):
                masks = rng.random((n_patterns, n, n)) < share
                rows = [[np.flatnonzero(row).tolist() for row in mask] for mask in masks]
                labs.append(PatternLab(n=n, own=rows))
    outcomes = set()
    for lab, answer in zip(labs, in_the_page(tmp_path, labs), strict=True):
        report = check_assumption(lab.patterns())
        assert answer["path"]["holds"] is report.path.holds
        assert answer["selfLoops"]["holds"] is report.self_loops.holds
        assert answer["reach"]["holds"] is report.reach.holds
        outcomes.add((report.path.holds, report.reach.holds))
    assert outcomes == {(True, True), (True, False), (False, False)} | (outcomes & {(False, True)})


def three_arms(n: int) -> PatternLab:
    """Three chains that meet in a token, in any order: no path, and no quick reason against one."""
    places = np.random.default_rng(n).permutation(n)
    center, arms = places[0], np.array_split(places[1:], 3)
    mask = np.eye(n, dtype=bool)
    for arm in arms:
        for one, other in zip([center, *arm], arm, strict=False):
            mask[one, other] = mask[other, one] = True
    return PatternLab(n=n, own=[[np.flatnonzero(row).tolist() for row in mask]])


def test_the_page_tries_every_order_up_to_as_many_tokens_as_python_does(tmp_path):
    labs = [three_arms(n) for n in (13, 14, 15)]
    ours = [check_assumption(lab.patterns()).path.holds for lab in labs]
    theirs = [answer["path"]["holds"] for answer in in_the_page(tmp_path, labs)]
    assert ours == theirs == [False, False, None]


@pytest.mark.parametrize("n", [13, 14, 15])
def test_around_the_border_page_and_python_agree_on_any_graph(tmp_path, n):
    rng = np.random.default_rng(n)
    labs = []
    for share in np.linspace(0.08, 0.3, 12):
        mask = rng.random((n, n)) < share
        labs.append(PatternLab(n=n, own=[[np.flatnonzero(row).tolist() for row in mask]]))
    for lab, answer in zip(labs, in_the_page(tmp_path, labs), strict=True):
        ours, theirs = check_assumption(lab.patterns()).path.holds, answer["path"]["holds"]
        assert ours is theirs or (n == 15 and None in (ours, theirs))


def test_too_many_leaves_on_too_few_hubs_have_no_path(tmp_path):
    """Everybody knows the two first tokens and itself: all lie within two hops, in no line."""
    lab = PatternLab("bigbird", n=40, width=0, n_global=2, n_random=0)
    (answer,) = in_the_page(tmp_path, [lab])
    assert answer["path"]["holds"] is False
    assert answer["reach"]["witness"] == 2


def test_an_honest_open(tmp_path):
    """A path is hidden among random looks. The page may miss it, but never denies it."""
    rng = np.random.default_rng(3)
    labs = []
    for share in (0.02, 0.04, 0.1, 0.15, 0.2, 0.3):
        order = rng.permutation(40)
        mask = np.eye(40, dtype=bool)
        mask[order[1:], order[:-1]] = True
        extra = rng.random((40, 40)) < share
        rows = [np.flatnonzero(row).tolist() for row in mask | extra]
        labs.append(PatternLab(n=40, own=[rows]))
    answers = [answer["path"]["holds"] for answer in in_the_page(tmp_path, labs)]
    assert set(answers) == {True, None}


@pytest.mark.parametrize("n, per_token", [(1, 1), (2, 3), (9, 4), (64, 16)])
def test_the_dice_draw_itself_and_others_once_each(n, per_token):
    rows = drawn(n, per_token, seed=5)
    for query, keys in enumerate(rows):
        assert query in keys
        assert keys == sorted(set(keys))
        assert len(keys) == min(per_token, n)
    assert n < 9 or drawn(n, per_token, seed=6) != rows


def test_in_words():
    alt = PatternLab("window", n=256 // 2, width=1, layers=3, token=64).alt
    assert "382 of 16,384 connections" in alt
    assert "After 3 layers token 64 has heard 7 of 128 tokens" in alt
    assert "127 layers until all have heard of all" in alt
    broken = PatternLab("window", n=8, causal=True, no_self=True).alt
    assert "itself no" in broken and "reach no" in broken


def test_the_still_draws_no_black_cloud():
    lines = {
        kind: len(PatternLab(kind, n=48).still().axes[-1].lines) for kind in ("window", "dense")
    }
    assert lines["window"] > 150
    assert 48**2 > MOST_ARCS and lines["dense"] < 60  # the chosen token's alone


def test_patterns_of_your_own():
    pattern = Pattern.from_rule(6, lambda query, key: key <= query)
    lab = PatternLab.of(pattern, layers=1, token=3)
    assert lab.patterns() == [pattern]
    assert "own pattern" in lab.alt and "has heard 4 of 6" in lab.alt
    both = PatternLab.of([pattern, window(6, 1)], arrangement="both")
    assert both.patterns() == [pattern | window(6, 1)]
    with pytest.raises(ValueError, match="one pattern, or two over the same n"):
        PatternLab.of([pattern, window(7, 1)])


@pytest.mark.parametrize(
    "given, says",
    [
        ({"kind": "windows"}, "kind must be one of window"),
        ({"n": 129}, "n goes from 2 to 128 in the lab, got 129"),
        ({"layers": 0}, "layers goes from 1 to 16 in the lab, got 0"),
        ({"token": 32}, "token goes from 0 to 31 with n=32, got 32"),
        ({"arrangement": "third"}, "arrangement must be one of in turn"),
    ],
)
def test_errors_name_what_was_given(given, says):
    with pytest.raises(ValueError, match=says):
        PatternLab(**given)


def test_who_looks_at_itself_has_heard_of_itself_from_the_start():
    """The bar of the chosen token says 0; without self-loops, when its own news comes back."""

    def numbers(lab):
        squares, line = lab.still().axes[:2], lab.still().axes[-1]
        bars = [text.get_text() for text in line.texts]
        diagonal = {t.get_text() for t in squares[1].texts if len(set(t.get_position())) == 1}
        return bars, diagonal

    bars, diagonal = numbers(PatternLab("window", n=5, width=1, layers=2, token=2))
    assert diagonal == {"0"} and bars.count("0") == 2  # the bar's number, and token 0's name
    bars, diagonal = numbers(PatternLab("window", n=5, width=1, layers=2, token=2, no_self=True))
    assert diagonal == {"2"} and bars.count("0") == 1


def test_a_pattern_of_ones_own_has_a_list_for_each_token(plain_shapes):
    with pytest.raises(ValueError, match="each of the n=4 tokens, got 2 lists"):
        PatternLab(n=4, own=[[[0], [1]]])
    of_arrays = PatternLab(n=2, own=[[np.array([0]), np.array([1])]])
    assert json.dumps(of_arrays.own) == "[[[0], [1]]]"  # what the page gets is JSON
