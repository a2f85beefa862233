"""The patterns against the papers' formulas, and the theorem's conditions against brute force."""

import copy
import itertools
import pickle
import time

import numpy as np
import pytest
import torch
from hypothesis import given, settings
from hypothesis import strategies as st

from course_utils.patterns import (
    Pattern,
    bigbird,
    check_assumption,
    dense,
    fixed,
    multihead,
    random,
    reach,
    self_only,
    sequential,
    star,
    strided,
    union,
    window,
)
from course_utils.patterns.path import is_path

sizes = st.integers(1, 40)
small = st.integers(1, 9)


def one_of_each(n: int, k: int) -> dict[str, Pattern]:
    """Every named pattern over n tokens, with k for width, stride or number."""
    return {
        "dense": dense(n),
        "self_only": self_only(n),
        "window": window(n, k),
        "strided local": strided(n, k)[0],
        "strided every": strided(n, k)[1],
        "fixed own": fixed(n, k)[0],
        "fixed summaries": fixed(n, k)[1],
        "star": star(n, k),
        "random": random(n, min(k, n), seed=0),
        "random in blocks": random(n, min(k, n), seed=0, block=min(k, n)),
        "bigbird": bigbird(n, k, n_random=1, n_global=1, seed=0),
        "bigbird in blocks": bigbird(n, 1, n_random=2, n_global=1, seed=0, block=k),
    }


@given(sizes, small)
def test_keys_are_sorted_in_range_and_everybody_sees_itself(n, k):
    for name, pattern in one_of_each(n, k).items():
        assert pattern.n == n and pattern.starts[0] == 0
        assert pattern.starts[-1] == pattern.n_connections == len(pattern.keys), name
        for query in range(n):
            keys = pattern.keys_of(query)
            assert (np.diff(keys) > 0).all(), name
            assert 0 <= keys[0] and keys[-1] < n, name
            assert query in keys, name


@given(sizes, small)
def test_mask_says_what_the_lists_say(n, k):
    for name, pattern in one_of_each(n, k).items():
        mask = pattern.mask()
        assert mask.shape == (n, n) and mask.sum() == pattern.n_connections, name
        for query in range(n):
            assert mask[query].nonzero().flatten().tolist() == pattern.keys_of(query).tolist()
        assert Pattern.from_mask(mask) == pattern
        assert Pattern.from_lists([pattern.keys_of(query) for query in range(n)]) == pattern
        assert pattern.sparsity == pytest.approx(1 - mask.double().mean().item())


@given(sizes, small)
def test_causal_never_looks_ahead_and_keeps_the_past(n, k):
    past = torch.ones(n, n, dtype=torch.bool).tril()
    for name, pattern in one_of_each(n, k).items():
        assert torch.equal(pattern.causal().mask(), pattern.mask() & past), name


@given(sizes, small)
def test_patterns_are_the_papers_definitions(n, k):
    """Yun et al. 2020, section 2.4, word by word, with tokens counted from 1."""
    everybody = range(1, n + 1)
    ring = n - 1
    definition = {
        "window": lambda q: {q + step for step in range(-k, k + 1)},
        "strided local": lambda q: {q + step for step in range(-k, k + 1)},
        "strided every": lambda q: {q + k * step for step in range(-n, n + 1)},
        "fixed own": lambda q: set(range(-(-q // k) * k - k + 1, -(-q // k) * k + 1)),
        "fixed summaries": lambda q: {q} | set(range(k, n + 1, k)),
        "star": lambda q: (
            set(everybody)
            if q == n
            else {n} | {(i - 1) % ring + 1 for i in range(q - k, q + k + 1)}
        ),
    }
    patterns = one_of_each(n, k)
    for name, allowed in definition.items():
        for query in everybody:
            expected = sorted(allowed(query) & set(everybody))
            assert (patterns[name].keys_of(query - 1) + 1).tolist() == expected, (name, query)


@given(st.integers(2, 60), small)
def test_counts_are_the_closed_formulas(n, k):
    width = min(k, n - 1)
    assert dense(n).n_connections == n * n
    assert window(n, k).n_connections == n * (2 * width + 1) - width * (width + 1)
    assert fixed(n, k)[1].n_connections == n * (n // k) + n - n // k
    if n % k == 0:
        assert fixed(n, k)[0].n_connections == n * k
        assert strided(n, k)[1].n_connections == n * (n // k)
    if 2 * k + 1 < n:
        assert star(n, k).n_connections == (n - 1) * (2 * k + 2) + n
    assert random(n, min(k, n), seed=3).n_connections == n * min(k, n)


def test_counts_that_the_paper_s_sparsity_levels_come_from():
    assert [p.n_connections for p in strided(256, 16)] == [8176, 4096]
    assert [p.n_connections for p in fixed(256, 16)] == [4096, 4336]
    assert star(256).n_connections == 1276 and window(256, 1).n_connections == 766
    assert [round(100 * p.sparsity, 1) for p in fixed(256, 16)] == [93.8, 93.4]
    assert round(100 * star(256).sparsity, 1) == 98.1


def test_bigbird_has_its_window_its_globals_and_its_random_keys():
    pattern = bigbird(64, 2, n_random=3, n_global=2, seed=0)
    mask = pattern.mask()
    assert mask[:2].all() and mask[:, :2].all()
    assert (window(64, 2).mask() <= mask).all()
    beyond = (mask & ~window(64, 2).mask())[2:, 2:].sum(1)
    assert beyond.max() <= 3 and beyond.float().mean() > 2


def test_bigbird_is_drawn_by_its_seed_and_only_from_the_blocks_that_there_are():
    def drawn(seed):
        return bigbird(64, 1, n_random=2, n_global=0, seed=seed, block=4)

    assert drawn(0) == drawn(0) != drawn(1)
    # 16 blocks draw two of the other 15 each, and one draw in eight lies in the window anyway: 28.
    near = window(16, 1).n_connections
    beyond = [drawn(seed).n_connections / 16 - near for seed in range(20)]
    assert 26 < sum(beyond) / 20 < 30


def test_random_is_drawn_by_its_seed_and_evenly():
    assert random(50, 5, seed=1) == random(50, 5, seed=1) != random(50, 5, seed=2)
    heard = sum(random(12, 4, seed=seed).mask().int() for seed in range(600))
    others = heard[~torch.eye(12, dtype=torch.bool)] / 600
    assert (heard.diagonal() == 600).all()
    assert (others - 3 / 11).abs().max() < 0.1


def test_in_blocks_whole_blocks_look_at_whole_blocks():
    mask = random(40, 16, seed=0, block=8).mask().view(5, 8, 5, 8)
    blocks = mask[:, 0, :, 0]
    assert torch.equal(mask, blocks[:, None, :, None].expand_as(mask))
    assert (blocks.sum(1) == 2).all() and blocks.diagonal().all()


@given(sizes, small)
def test_a_rule_makes_the_same_patterns(n, k):
    assert Pattern.from_rule(n, lambda query, key: abs(query - key) <= k) == window(n, k)
    assert Pattern.from_rule(n, lambda query, key: (query - key) % k == 0) == strided(n, k)[1]
    assert Pattern.from_rule(n, lambda query, key: query // k == key // k) == fixed(n, k)[0]
    assert Pattern.from_rule(n, lambda query, key: key == query) == self_only(n)


def test_a_rule_is_asked_in_slices(monkeypatch):
    monkeypatch.setattr("course_utils.patterns.pattern.PAIRS_AT_ONCE", 100)
    asked = []

    def near(query, key):
        asked.append(len(query) * key.shape[1])
        return abs(query - key) <= 2

    assert Pattern.from_rule(64, near) == window(64, 2)
    assert len(asked) == 64 and max(asked) <= 100


@given(sizes, small, small)
def test_union_allows_what_one_of_them_allows(n, k, other):
    left, right = window(n, k), star(n, other)
    assert torch.equal((left | right).mask(), left.mask() | right.mask())
    assert union([left, right]) == left | right == right | left
    assert union(left) == left


def test_heads_and_layers_take_their_turns():
    local, every = strided(12, 3)
    assert multihead((local, every), 4) == [local, local, every, every]
    assert multihead((local, every), 3) == [local, local, every]
    assert multihead(local, 2) == [local, local]
    pattern_of = sequential((local, every))
    assert [pattern_of(layer) for layer in range(4)] == [local, every, local, every]


def test_large_patterns_are_built_without_a_table():
    began = time.process_time()
    for pattern in (
        window(100_000, 50),
        random(100_000, 96, seed=0, block=32),
        bigbird(100_000, 45, n_random=4, n_global=4, seed=0),
    ):
        assert 8_000_000 < pattern.n_connections < 12_000_000
        assert pattern.keys.nbytes + pattern.starts.nbytes < 100_000_000
    print(f"three patterns of 100,000 tokens in {time.process_time() - began:.1f} s")


def test_patterns_cannot_be_changed():
    starts, keys = np.array([0, 1, 2]), np.array([0, 1])
    pattern = Pattern(2, starts, keys)
    keys[0] = 1  # the caller's own
    assert pattern == self_only(2)
    for same in (pattern, copy.deepcopy(pattern), pickle.loads(pickle.dumps(pattern))):
        assert same == pattern
        with pytest.raises(ValueError, match="read-only"):
            same.keys[0] = 1


@pytest.mark.parametrize(
    "make, message",
    [
        (lambda: window(0, 1), "n must be at least 1, got 0"),
        (lambda: window(4, -1), "width must be at least 0, got -1"),
        (lambda: strided(4, 0), "stride must be at least 1, got 0"),
        (lambda: fixed(4, 0), "stride must be at least 1, got 0"),
        (lambda: star(4, -2), "width must be at least 0, got -2"),
        (lambda: random(4, 5, seed=0), "from 1 to 4 for n=4; got 5"),
        (lambda: Pattern.from_pairs(3, [0, 1], [5, 1], "x"), "no token 5: they run from 0 to 2"),
        (lambda: Pattern(2, [], []), "starts has 3 numbers for n=2"),
        (lambda: random(4, 0, seed=0), "n=4; got 0"),
        (lambda: random(8, 6, seed=0, block=4), "whole blocks of 4; got 6"),
        (lambda: bigbird(4, 1, n_random=-1, n_global=0, seed=0), "n_random must be at least 0"),
        (lambda: window(4, 1) | window(5, 1), "window\\(4, 1\\) has n=4 .* has n=5"),
        (lambda: union([]), "at least one pattern"),
        (lambda: union([window(4, 1), window(5, 1)]), r"got \[4, 5\]"),
        (lambda: multihead(strided(8, 2), 1), "2 patterns need at least as many heads, got 1"),
        (lambda: reach(window(4, 1), -1), "got -1"),
        (lambda: Pattern.from_lists([[0], [2]]), "no token 2: keys run from 0 to 1"),
        (lambda: Pattern(2, [0, 1, 1], [0, 0]), "starts has 3 numbers for n=2, from 0 to 2"),
        (lambda: Pattern(2, [0, 3, 2], [0, 1]), "must not fall"),
        (lambda: Pattern(2, [0, 2, 2], [1, 0]), "sorted"),
        (lambda: Pattern.from_mask(torch.ones(2, 3) > 0), r"torch.bool \[2, 3\]"),
        (lambda: Pattern.from_rule(4, lambda q, k: q <= k and k <= 2), "write & for and"),
        (lambda: Pattern.from_rule(4, lambda q, k: q - k), "True or False"),
        (
            lambda: Pattern.from_rule(4, lambda q, k: k in {0, 1}),
            r"np.isin\(key, \[0, 1\]\) for in",
        ),
        (lambda: Pattern.from_rule(4, lambda q, k: max(q, k) < 2), "np.maximum for max"),
        (
            lambda: Pattern.from_rule(4, lambda q, k: np.ones((2, 3), bool)),
            r"4 queries \(down\) and 4 keys \(across\), got answers of shape \[2, 3\]",
        ),
        (lambda: Pattern(2, [0, 1, 2], [0.9, 1.2]), r"keys is a row of whole .* got float64"),
        (lambda: Pattern(1, [0, 1], [[0]]), r"keys is a row .* of shape \[1, 1\]"),
        (lambda: Pattern.from_pairs(4, [0, 1, 2], [0], "pairs"), "3 queries and 1 keys"),
    ],
)
def test_bad_arguments_are_named(plain_shapes, make, message):
    with pytest.raises(ValueError, match=message):
        make()


@pytest.mark.parametrize(
    ("make", "message"),
    [
        (lambda: union([torch.ones(3, 3) > 0]), "got Tensor. A mask becomes one"),
        (lambda: check_assumption(torch.ones(3, 3) > 0), "got Tensor"),
        (lambda: reach(sequential(strided(8, 3)), 2), "got a function: .*for layer in range"),
        (lambda: Pattern.from_mask([[True]]), "got list: torch.as_tensor"),
        (lambda: Pattern.from_mask(torch.ones(2, 2)), "boolean.* got torch.float32"),
        (lambda: Pattern.from_mask(torch.ones(2, 2, dtype=torch.long)), "got torch.int64"),
        (lambda: Pattern.from_lists([[1.7], [0]]), "float"),
    ],
)
def test_what_is_no_pattern_is_named(plain_shapes, make, message):
    with pytest.raises(TypeError, match=message):
        make()


@pytest.mark.parametrize("value", [2.0, "2", True])
def test_sizes_are_whole_numbers(plain_shapes, value):
    with pytest.raises(TypeError, match="width is a whole number"):
        window(8, value)


def test_keys_of_a_token_that_is_not_there():
    with pytest.raises(IndexError, match="no token 4: queries run from 0 to 3"):
        window(4, 1).keys_of(4)


# What follows holds the theorem's conditions against definitions written down as loops.


def reach_by_definition(patterns: list[Pattern], n_layers: int) -> list[set[int]]:
    """S^t_k of Yun et al. 2020, Assumption 1.3, as sets."""
    heard = [{token} for token in range(patterns[0].n)]
    for layer in range(n_layers):
        pattern = patterns[layer % len(patterns)]
        heard = [
            set().union(*(heard[key] for key in pattern.keys_of(query)))
            for query in range(pattern.n)
        ]
    return heard


@given(sizes, small, st.integers(0, 5))
@settings(deadline=None)
def test_reach_is_the_papers_recursion(n, k, n_layers):
    for patterns in ([window(n, k)], list(strided(n, k)), list(fixed(n, k)), [star(n, k)]):
        table = reach(patterns, n_layers)
        for query, heard in enumerate(reach_by_definition(patterns, n_layers)):
            assert table[query].nonzero().flatten().tolist() == sorted(heard)


def test_reach_cuts_large_patterns_into_slices(monkeypatch):
    expected = reach(strided(150, 7), 2)
    monkeypatch.setattr("course_utils.patterns.spread.WORDS_AT_ONCE", 50)
    assert torch.equal(reach(strided(150, 7), 2), expected)
    nobody = Pattern.from_lists([[1], [], [0, 1]])  # a row that looks at nobody hears nothing
    assert reach(nobody, 1).int().tolist() == [[0, 1, 0], [0, 0, 0], [1, 1, 0]]


def graphs(n: int, codes: np.ndarray) -> np.ndarray:
    """Bool [len(codes), n, n]: the bits of each code are the connections, without self-loops."""
    tables = np.zeros((len(codes), n, n), dtype=bool)
    off = [(query, key) for query in range(n) for key in range(n) if query != key]
    for bit, (query, key) in enumerate(off):
        tables[:, query, key] = codes >> bit & 1
    return tables


def one_of_each_shape(n: int) -> np.ndarray:
    """Every graph of n tokens without self-loops, once up to renaming of the tokens."""
    codes = np.arange(1 << n * (n - 1))
    tables = graphs(n, codes)
    off = [(query, key) for query in range(n) for key in range(n) if query != key]
    smallest = codes.copy()
    for names in itertools.permutations(range(n)):
        renamed = np.zeros(len(codes), dtype=np.int64)
        for bit, (query, key) in enumerate(off):
            renamed |= tables[:, names[query], names[key]].astype(np.int64) << bit
        np.minimum(smallest, renamed, out=smallest)
    return tables[smallest == codes]


def has_path(table: np.ndarray) -> bool:
    """By trying every order."""
    may_look = table.tolist()
    return any(
        all(may_look[after][before] for before, after in itertools.pairwise(order))
        for order in itertools.permutations(range(len(table)))
    )


def layers_to_reach(tables: list[np.ndarray]) -> int | None:
    """By powers of the tables; None if a state comes back first."""
    heard, seen = np.eye(len(tables[0]), dtype=bool), set()
    for layer in itertools.count():
        if layer and heard.all():
            return layer
        state = (layer % len(tables), heard.tobytes())
        if state in seen:
            return None
        seen.add(state)
        heard = tables[layer % len(tables)] @ heard


def assert_right(tables: list[np.ndarray]) -> None:
    patterns = [Pattern.from_mask(torch.from_numpy(table)) for table in tables]
    report = check_assumption(patterns)
    together = np.logical_or.reduce(tables)
    assert report.self_loops.holds == all(table.diagonal().all() for table in tables)
    assert report.path.holds == has_path(together)
    if report.path.holds:
        assert is_path(union(patterns), report.path.witness)
    layers = layers_to_reach(tables)
    assert report.reach.holds == (layers is not None)
    if layers is not None:
        assert report.reach.witness == layers
    answers = (report.self_loops.holds, report.path.holds, report.reach.holds)
    assert report.holds == all(answers)


@pytest.mark.parametrize("n, shapes", [(1, 1), (2, 3), (3, 16), (4, 218), (5, 9608)])
def test_conditions_on_every_pattern_of_up_to_five_tokens(n, shapes):
    """Up to the names of the tokens; the numbers of shapes are those of directed graphs."""
    tables = one_of_each_shape(n)
    assert len(tables) == shapes
    for table in tables:
        assert_right([table | np.eye(n, dtype=bool)])


@pytest.mark.parametrize("n", [1, 2, 3])
def test_conditions_with_and_without_each_self_loop(n):
    for code in range(1 << n * n):
        bits = np.array([code >> bit & 1 for bit in range(n * n)], dtype=bool)
        assert_right([bits.reshape(n, n)])


@given(st.integers(2, 6), st.integers(1, 3), st.floats(0.1, 0.9), st.integers(0, 10**6))
@settings(max_examples=300, deadline=None)
def test_conditions_on_patterns_that_take_turns(n, p, density, seed):
    generator = np.random.default_rng(seed)
    assert_right([generator.random((n, n)) < density for _ in range(p)])


@pytest.mark.parametrize(
    "patterns, layers",
    [
        (strided(256, 16), 2),
        (fixed(256, 16), 2),
        (star(256), 2),
        (window(256, 1), 255),
        (window(100, 7), 15),
        (dense(10), 1),
        (bigbird(256, 1, n_random=1, n_global=1, seed=0), 2),
    ],
)
def test_patterns_that_qualify_and_with_which_s(patterns, layers):
    """PAPERS.md section 1g; a window needs ceil((n − 1) / width) layers."""
    report = check_assumption(patterns)
    assert report.holds and report.reach.witness == layers
    assert report.path.witness == list(range(len(report.path.witness)))


def test_patterns_that_do_not_qualify():
    blocks = fixed(64, 8)[0]
    assert check_assumption(blocks).path.holds is False
    assert check_assumption(blocks).reach.witness == (0, 8)
    causal = check_assumption(window(40, 2).causal())
    assert causal.path.holds and causal.reach.holds is False
    assert check_assumption(self_only(20)).path.holds is False


def test_fixed_needs_a_stride_that_divides_n():
    """The tail of a last, short block is never a summary: a path, but nobody hears the tail."""
    for n, stride in [(5, 2), (35, 6)]:
        report = check_assumption(fixed(n, stride))
        assert report.path.holds and report.reach.holds is False
        assert report.reach.witness == (0, n // stride * stride)


def test_no_self_loop_is_found_in_the_pattern_that_lacks_it():
    lacking = Pattern.from_rule(6, lambda query, key: (key != query) | (query != 4))
    report = check_assumption([dense(6), lacking])
    assert report.self_loops.holds is False and report.self_loops.witness == (1, 4)
    assert "token 4 may not look at itself in pattern 1" in str(report)


def test_a_hidden_path_is_found_and_a_hard_one_is_left_undecided(monkeypatch):
    order = np.random.default_rng(0).permutation(60)
    rows = [{token} for token in range(60)]
    for before, after in itertools.pairwise(order):
        rows[after].add(before)
    report = check_assumption(Pattern.from_lists(rows))
    assert report.path.holds and report.path.witness == order.tolist()

    monkeypatch.setattr("course_utils.patterns.path.STEPS", 8)
    report = check_assumption(random(60, 12, seed=0))
    assert report.path.holds is None and report.holds is None
    assert "undecided" in str(report)


def test_reasons_against_a_path_are_true_ones():
    hub = Pattern.from_rule(20, lambda query, key: (key == query) | (key == 0))
    assert "nobody looks at tokens 1 and 2" in check_assumption(hub).path.why
    listener = Pattern.from_rule(20, lambda query, key: (key == query) | (query == 0))
    assert "tokens 1 and 2 look at nobody else" in check_assumption(listener).path.why
    two_pairs = Pattern.from_rule(20, lambda query, key: query // 10 == key // 10)
    assert "neither of tokens 0 and 10" in check_assumption(two_pairs).path.why


def test_counting_layers_may_give_up_without_giving_up_the_answer(monkeypatch):
    monkeypatch.setattr("course_utils.patterns.assumption.WORK", 100)
    report = check_assumption(window(200, 1))
    assert report.reach.holds and report.reach.witness is None
    forgetful = Pattern.from_rule(200, lambda query, key: abs(query - key) == 1)
    assert check_assumption(forgetful).reach.holds is None


def test_what_the_three_lamps_say_in_words():
    told = str(check_assumption(window(12, 1)))
    assert "0 → 1 → 2 → 3 → 4 → … → 11" in told and "5 →" not in told
    assert "1 layer until all" in str(check_assumption(dense(4)).reach)
    assert "2 layers until all" in str(check_assumption(star(6)).reach)
    ahead = Pattern.from_rule(4, lambda query, key: (key == query) | (key == query + 1))
    assert "token 1 never hears of token 0" in str(check_assumption(ahead).reach)
