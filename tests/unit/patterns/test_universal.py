"""The theorem as a program: on every input of small grids, with whole numbers."""

from functools import partial
from itertools import permutations

import numpy as np
import pytest

from course_utils.patterns import (
    Pattern,
    check_assumption,
    dense,
    fixed,
    reach,
    self_only,
    star,
    strided,
    window,
)
from course_utils.patterns.universal import (
    MOST_INPUTS,
    Idle,
    SelectiveShift,
    all_inputs,
    blocks,
    codes,
    collision,
    construction,
    deaf,
    hardmax,
    head,
    n_layers,
    run,
    softmax_at,
    value_map,
)


def ring(n):
    return Pattern.from_rule(n, lambda query, key: np.isin((query - key) % n, [0, 1, n - 1]))


def hub(n):
    """A star without its ring: the last token hears all, the others it and themselves."""
    return Pattern.from_lists([*([token, n - 1] for token in range(n - 1)), range(n)])


def ids_of_all(layers):
    positions = layers[0]
    inputs = all_inputs(len(positions.boxes), positions.levels, positions.d)
    return codes(run(layers, inputs)[-1], positions.levels), inputs


# What the paper's formula p(n - 1) / δ^d + s says: patterns, levels, d, shift, spread.
QUALIFYING = {
    "strided": (strided(5, 2), 3, 1, 24, 2),
    "star with ring": (star(5), 3, 1, 12, 2),
    "window": (window(5, 1), 3, 1, 12, 4),
    "dense": (dense(5), 3, 1, 12, 1),
    "ring": (ring(5), 3, 1, 12, 2),
    "fixed": (fixed(6, 2), 2, 1, 20, 2),
    "strided, n = 4": (strided(4, 2), 3, 1, 18, 2),
    "fixed, n = 4": (fixed(4, 2), 3, 1, 18, 2),
    "window, n = 4": (window(4, 1), 3, 1, 9, 3),
    "ring, n = 4": (ring(4), 3, 1, 9, 2),
    "two numbers a token": (ring(4), 2, 2, 12, 2),
    "two numbers, three levels": (star(3), 3, 2, 18, 1),
    "two tokens": (dense(2), 4, 1, 4, 1),
    "one token": (dense(1), 4, 1, 0, 1),
}
FUNCTIONS = {
    "a random table": lambda digits: np.random.default_rng(0).integers(1000, size=digits.shape),
    "sorting": partial(np.sort, axis=1),
    "reversal": lambda digits: digits[:, ::-1],
    "a sum, for everybody": lambda digits: digits.sum(axis=(1, 2), keepdims=True) + 0 * digits,
}


@pytest.fixture(params=QUALIFYING.values(), ids=QUALIFYING)
def qualifying(request):
    return request.param


def test_every_token_of_every_input_has_an_id_of_its_own(qualifying):
    patterns, levels, d, *_ = qualifying
    ids, inputs = ids_of_all(construction(patterns, levels, d))
    assert len(inputs) == levels ** (d * ids.shape[1])
    assert len(set(ids.reshape(-1).tolist())) == ids.size
    assert collision(ids) is None


def test_layers_are_counted_as_in_the_paper(qualifying):
    patterns, levels, d, shift, spread = qualifying
    layers = construction(patterns, levels, d)
    n = len(layers[0].boxes)
    p = 1 if isinstance(patterns, Pattern) else len(patterns)
    assert shift == p * (n - 1) * levels**d  # the table above is the formula's
    counts = n_layers([*layers, value_map(layers, lambda digits: digits)])
    assert counts == {
        "quantise": d * n * levels,
        "shift": shift,
        "spread": spread,
        "value map": n * levels ** (d * n),
    }
    if n > 1:  # alone, one has heard everybody at once
        assert not reach(patterns, spread - 1).all() and reach(patterns, spread).all()


@pytest.mark.parametrize("function", FUNCTIONS.values(), ids=FUNCTIONS)
def test_any_function_comes_out_without_an_error(qualifying, function):
    patterns, levels, d, *_ = qualifying
    layers = construction(patterns, levels, d)
    inputs = all_inputs(len(layers[0].boxes), levels, d)
    outputs = run([*layers, value_map(layers, function)], inputs)[-1]
    np.testing.assert_array_equal(outputs, function(inputs))


def test_the_last_of_the_path_knows_the_whole_input_before_anything_is_spread():
    layers = construction(star(5), 3)
    before = [layer for layer in layers if layer.n_layers == 0 or layer.name[:6] != "everyb"]
    ids, inputs = ids_of_all(before)
    last = max(range(5), key=lambda token: ids[:, token].min())
    assert len(set(ids[:, last].tolist())) == len(inputs)
    assert (ids[:, last] == ids.max(axis=1)).all()


def test_two_tokens_by_hand():
    """Two tokens, three levels: l' = l + 3 (l_prev - l), then both take the highest."""
    layers = construction(dense(2), 3)
    first, second = np.argsort(layers[0].boxes)[::-1]
    digits = np.array([[[0], [0]]])
    digits[0, first], digits[0, second] = 1, 2
    ids = [codes(state, 3)[0] for state in run(layers, digits)]
    assert (ids[2][first], ids[2][second]) == (3 + 1, 2)  # the first one's box is the higher
    assert (ids[5][first], ids[5][second]) == (4, 2 + 3 * (4 - 2))
    factor = layers[-1].factor
    assert (ids[6][first], ids[6][second]) == (4 + 8 * factor, 8 + 8 * factor)


def test_a_layer_moves_the_one_id_that_it_is_for_and_nobody_else():
    layers = construction(ring(5), 3)
    states = run(layers, all_inputs(5, 3))
    for layer, before, after in zip(layers, states, states[1:], strict=False):
        if isinstance(layer, SelectiveShift):
            has_it = codes(before, 3) == layer.target
            moved = (before != after).any(axis=-1)
            assert (moved <= has_it).all() and moved.any()
            assert not np.delete(has_it, layer.token, axis=1).any()


def test_patterns_take_turns_and_the_one_without_the_edge_is_idle():
    local, far = fixed(6, 2)
    layers = [layer for layer in construction((local, far), 2) if layer.n_layers == 1]
    assert [layer.pattern for layer in layers] == [local, far] * 11
    path = check_assumption((local, far)).path.witness
    for layer in layers[:20]:
        previous = path[path.index(layer.token) - 1]
        acts = previous in layer.pattern.keys_of(layer.token)
        assert acts or isinstance(layer, Idle)
    assert sum(isinstance(layer, SelectiveShift) for layer in layers) == 10


def by_hand(patterns, path, levels, factor, n_spread, digits):
    """Ids of one input of the grid, d = 1, by the formulas of the proof and nothing else."""
    n, p = len(path), len(patterns)
    ids = [digits[token] + levels * ((path.index(token) - 1) % n) for token in range(n)]
    for previous, token in zip(path, path[1:], strict=False):
        heard = next(pattern for pattern in patterns if previous in pattern.keys_of(token))
        seen = [ids[key] for key in heard.keys_of(token)]
        ids[token] += levels * (max(seen) - min(seen))
    for layer in range(n_spread):
        rows = [patterns[layer % p].keys_of(token) for token in range(n)]
        highest = [max(ids[key] for key in row) for row in rows]
        ids = [own + factor * most for own, most in zip(ids, highest, strict=True)]
    return ids


@pytest.mark.parametrize("patterns", [(window(5, 1),), strided(5, 2)], ids=["window", "strided"])
def test_it_is_what_the_formulas_say_also_beyond_64_bits(patterns):
    layers = construction(patterns, 3)
    ids, inputs = ids_of_all(layers)
    report = check_assumption(patterns)
    for row, digits in zip(ids.tolist(), inputs[..., 0].tolist(), strict=True):
        path, spread, factor = report.path.witness, report.reach.witness, layers[-1].factor
        assert row == by_hand(patterns, list(path), 3, factor, spread, digits)
    assert (ids.max() > 2**63) == (patterns[0] == window(5, 1) and len(patterns) == 1)
    assert layers[1].number == (object if ids.max() > 2**63 else np.int64)


def test_ids_are_written_in_blocks():
    said = [blocks(*both).split("\N{NO-BREAK SPACE}") for both in (
        (202_404_010, 1000), (72_026, 1000), (7, 1000), (3_000_600_009, 10_000)
    )]  # fmt: skip
    assert said == [["202", "404", "010"], ["72", "026"], ["7"], ["30", "0060", "0009"]]


# ---- real numbers, and softmax


@pytest.mark.parametrize("patterns, different", [(ring(4), 324), (star(5), 268)])
def test_ids_need_more_figures_than_float32_has(patterns, different):
    """With five words most ids are lost; lesson 11 says how many."""
    layers = construction(patterns, 3)
    state = all_inputs(patterns.n, 3)
    for layer in layers:
        state = layer(state).astype(np.float32) if layer is not layers[1] else state
    assert len(np.unique(state)) == different


def test_real_numbers_are_rounded_down_to_the_grid():
    layers = construction(ring(4), 3)
    layers.append(value_map(layers, lambda digits: digits))
    inputs = np.random.default_rng(0).random((200, 4, 1)) * 3
    np.testing.assert_array_equal(run(layers, inputs)[-1], np.floor(inputs))


def test_a_finer_grid_halves_the_error_and_multiplies_the_layers():
    def mean_and_self(x):
        return (x.mean(axis=1, keepdims=True) + x) ** 2

    points = np.random.default_rng(0).random((4000, 3, 1))
    errors, counts = [], []
    for levels in (2, 4, 8):
        layers = construction(window(3, 1), levels)
        layers.append(value_map(layers, lambda x, levels=levels: mean_and_self((x + 0.5) / levels)))
        outputs = run(layers, points * levels)[-1]
        errors.append(np.sqrt(((outputs - mean_and_self(points)) ** 2).mean()))
        counts.append(sum(n_layers(layers).values()))
    assert errors[0] / errors[1] == pytest.approx(2, abs=0.1)
    assert errors[1] / errors[2] == pytest.approx(2, abs=0.1)
    assert counts == [6 + 4 + 2 + 3 * 8, 12 + 8 + 2 + 3 * 64, 24 + 16 + 2 + 3 * 512]


def test_a_cold_softmax_is_the_hardmax_and_a_warm_one_is_not():
    layers = construction(ring(4), 3)
    layers.append(value_map(layers, FUNCTIONS["sorting"]))
    inputs = all_inputs(4, 3)
    right = [
        (run(layers, inputs, softmax_at(temperature))[-1] == np.sort(inputs, axis=1)).mean()
        for temperature in (0.02, 0.3, 3.0)
    ]
    assert right[0] == 1
    assert right[1] < 0.9 and right[2] < 0.5


def test_softmax_keeps_its_promise():
    """Assumption 2: the others together get at most (n - 1) e^(-gap / temperature)."""
    scores, values = np.array([[0, 1, 2]]), np.array([[0, 0, 1]])
    for temperature in (1.0, 0.5, 0.1):
        missing = 1 - softmax_at(temperature)(scores, values)[0]
        assert 0 < missing <= 2 * np.exp(-1 / temperature)
    assert hardmax(scores, values) == [1]


def test_a_head_hears_those_it_may_look_at():
    ids = np.array([[5, 1, 9]])
    pattern = Pattern.from_lists([[0, 1], [1], []])
    assert head(ids, np.array([[1, 1, 1]]), pattern, hardmax).tolist() == [[5, 1, 0]]
    assert head(ids, np.array([[-1, 1, 1]]), pattern, hardmax).tolist() == [[1, 1, 0]]


# ---- each condition broken


def test_without_a_path_two_inputs_collide_whatever_the_order():
    """The hub reaches everybody in two layers, and the proof's construction is not enough."""
    assert check_assumption(hub(4)).path.holds is False
    assert reach(hub(4), 2).all()
    for path in permutations(range(4)):
        ids, _ = ids_of_all(construction(hub(4), 3, path=path, n_spread=2))
        found = collision(ids)
        assert found is not None
        assert ids[found.first] == ids[found.second] == found.code


# Everybody hears the neighbour on the left, token 0 the one on its right, token 1 two: the minimum
# of the ids that one hears is not one's own.
LEFT = Pattern.from_lists([[1], [0, 3], [1], [2]])


def test_without_self_loops_two_inputs_collide():
    report = check_assumption(LEFT)
    assert (report.self_loops.holds, report.path.holds, report.reach.holds) == (False, True, True)
    ids, inputs = ids_of_all(
        construction(LEFT, 3, path=report.path.witness, n_spread=report.reach.witness)
    )
    found = collision(ids)
    assert found is not None and found.first[0] != found.second[0]
    assert (inputs[found.first[0]] != inputs[found.second[0]]).any()
    with_them = LEFT | self_only(4)
    assert collision(ids_of_all(construction(with_them, 3))[0]) is None


@pytest.mark.parametrize(
    "patterns, query, key",
    [
        (window(4, 1).causal(), 0, 1),
        (self_only(4), 0, 1),
        (Pattern.from_lists([[0, 1], [0, 1], [2, 3], [2, 3]]), 0, 2),
        (fixed(5, 2), 0, 4),  # the last block is short: nobody hears its only token
    ],
    ids=["the past only", "oneself only", "two halves", "stride that does not divide n"],
)
def test_where_nothing_gets_through_an_output_cannot_depend_on_a_token(patterns, query, key):
    n = 5 if isinstance(patterns, tuple) else 4
    layers = construction(patterns, 3, path=range(n), n_spread=6)
    ids, inputs = ids_of_all(layers)
    assert deaf(ids, inputs) == (query, key)
    assert not reach(patterns, 20)[query, key]
    found = collision(ids)
    assert ids[found.first] == ids[found.second]
    with pytest.raises(ValueError, match=r"have the same id, \d+, and are to become"):
        value_map(layers, FUNCTIONS["a sum, for everybody"])


def test_a_function_that_asks_for_no_more_than_is_heard_is_still_possible():
    layers = construction(self_only(4), 3, path=range(4), n_spread=1)
    layers.append(value_map(layers, lambda digits: 2 * digits))
    inputs = all_inputs(4, 3)
    np.testing.assert_array_equal(run(layers, inputs)[-1], 2 * inputs)


def test_nobody_is_deaf_where_the_conditions_hold():
    ids, inputs = ids_of_all(construction(ring(4), 3))
    assert deaf(ids, inputs) is None


@pytest.mark.parametrize(
    "patterns, says",
    [
        (LEFT, "may not look at itself"),
        (hub(4), "one does not hold: .*path="),
        (window(4, 1).causal(), "token 0 never hears of token 1"),
        (fixed(5, 2), "never hears of token 4"),
    ],
)
def test_a_broken_condition_is_named(patterns, says):
    with pytest.raises(ValueError, match=says):
        construction(patterns, 3)


def test_other_errors_name_what_was_given():
    with pytest.raises(ValueError, match=r"each of the 4 tokens once, got \[0, 1, 1, 2\]"):
        construction(ring(4), 3, path=[0, 1, 1, 2])
    with pytest.raises(ValueError, match=rf"10\^7 inputs; .* {MOST_INPUTS:,}"):
        all_inputs(7, 10)
    with pytest.raises(ValueError, match=r"\[n_inputs, 4, 1\], got \[1, 5, 1\]"):
        run(construction(ring(4), 3), np.zeros((1, 5, 1)))
    with pytest.raises(ValueError, match="between 0 and 3, .* got some from 0 to 3"):
        run(construction(ring(4), 3), np.array([[[0], [1], [2], [3]]]))
    with pytest.raises(ValueError, match="above 0, got 0"):
        softmax_at(0)
    with pytest.raises(ValueError, match="at least 1, got n=4, levels=0 and d=1"):
        all_inputs(4, 0)
    with pytest.raises(ValueError, match=r"10\^50000 inputs"):
        all_inputs(5_000, 10, 10)
    with pytest.raises(ValueError, match=r"\[n_inputs, n, …\], here \[81, 4, …\]; got \[81\]"):
        value_map(construction(ring(4), 3), lambda digits: digits.sum(axis=(1, 2)))


def test_what_has_become_something_else_has_no_ids_left():
    layers = construction(ring(4), 3)
    layers.append(value_map(layers, lambda digits: digits))
    with pytest.raises(ValueError, match=r"write \[\*layers, value_map\(layers, function\)\]"):
        value_map(layers, lambda digits: digits)


def test_with_one_level_there_is_one_input():
    layers = construction(ring(4), 1)
    inputs = all_inputs(4, 1)
    assert inputs.shape == (1, 4, 1) and not inputs.any()
    np.testing.assert_array_equal(
        run([*layers, value_map(layers, lambda digits: digits + 7)], inputs)[-1], inputs + 7
    )


@pytest.mark.filterwarnings("ignore:overflow")
def test_levels_below_one_and_scores_beyond_floats_are_refused():
    with pytest.raises(ValueError, match="got levels=0 and d=1"):
        construction(window(4, 1), 0)
    layers = construction(window(60, 1), 3)
    with pytest.raises(ValueError, match="larger than a float"):
        run(layers, np.zeros((1, 60, 1), dtype=int) + 1, softmax_at(0.01))
