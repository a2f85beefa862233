"""A choice is a pattern by its name, its number and its configuration, and fits every socket."""

import pytest

from course_utils.experiments.choices import (
    CONFIGURATIONS,
    PATTERNS,
    Choice,
    in_all_configurations,
    random_for_all_lengths,
)
from course_utils.experiments.trials import Socket
from course_utils.mixers import SparseAttention
from course_utils.patterns import Pattern, dense, reach, strided


def test_a_choice_is_the_pattern_that_it_names():
    near, far = strided(12, 3)
    assert Choice("strided", 3, "union").of_layer(0, 12, 4, seed=0) == near | far
    assert Choice("strided", 3, "multihead").of_layer(0, 12, 4, seed=0) == [near, near, far, far]
    in_turns = Choice("strided", 3, "sequential")
    assert [in_turns.of_layer(layer, 12, 4, seed=0) for layer in range(3)] == [near, far, near]
    assert Choice("dense").of_layer(5, 12, 4, seed=0) == dense(12)
    names = str(Choice("dense")), str(in_turns), str(Choice("star, relay first", 2))
    assert names == ("dense", "strided 3, sequential", "star 2, relay first")


@pytest.mark.parametrize("name", PATTERNS)
def test_every_pattern_fits_every_length(name):
    number = 0 if name in ("dense", "nobody") else 4
    choices = (
        [Choice(name, number)]
        if not name.startswith(("strided", "fixed"))
        else in_all_configurations(name, 4)
    )
    for choice in choices:
        for n in (1, 2, 5, 16):
            of_heads = choice.of_layer(1, n, 4, seed=0)
            for pattern in of_heads if isinstance(of_heads, list) else [of_heads]:
                assert isinstance(pattern, Pattern) and pattern.n == n
                assert pattern.mask().diagonal().all()


def test_the_tail_of_fixed_is_heard_in_texts_of_all_lengths():
    for n in range(1, 14):
        union = Choice("fixed, tail heard", 4, "union").of_layer(0, n, 1, seed=0)
        assert reach(union, 2).all()
    plain = Choice("fixed", 4, "union").of_layer(0, 10, 1, seed=0)
    assert not reach(plain, 20)[0, 9]  # which is why
    assert Choice("fixed, tail heard", 4, "union").of_layer(0, 12, 1, seed=0) == Choice(
        "fixed", 4, "union"
    ).of_layer(0, 12, 1, seed=0)


def test_dice_for_all_lengths_keep_their_choices():
    long, short = (random_for_all_lengths(n, 5, seed=3) for n in (40, 30))
    assert set(long.counts) == set(short.counts) == {5}
    for token in range(30):
        kept = set(long.keys_of(token)) - set(range(30, 40))
        assert kept <= set(short.keys_of(token))  # those who are gone have been replaced
    assert random_for_all_lengths(40, 5, seed=3) == long != random_for_all_lengths(40, 5, seed=4)
    assert random_for_all_lengths(3, 5, seed=3) == dense(3)
    with pytest.raises(ValueError, match="512 places, and the text has n=513"):
        random_for_all_lengths(513, 5, seed=3)


def test_sparsity_counts_all_layers_and_heads():
    near, far = (part.sparsity for part in strided(16, 4))
    shares = {
        way: Choice("strided", 4, way).sparsity(16, n_layers=2, n_heads=4) for way in CONFIGURATIONS
    }
    assert shares["multihead"] == shares["sequential"] == pytest.approx((near + far) / 2)
    assert shares["union"] < shares["multihead"]
    assert Choice("dense").sparsity(16, n_layers=3, n_heads=2, causal=True) == 0
    # a causal window of 1 has 2n - 1 of the n(n + 1)/2 connections
    assert Choice("window", 1).sparsity(16, n_layers=1, n_heads=1, causal=True) == 1 - 31 / 136


@pytest.mark.parametrize(
    ("wrong", "named"),
    [
        (("circle", 1, ""), "no pattern 'circle'; there are 'dense', "),
        (("strided", 0, "union"), "strided takes a number above 0; got 0"),
        (("nobody", 5, ""), "nobody takes no number; got 5"),
        (("strided", 3, ""), "strided takes one of union, multihead, sequential; got ''"),
        (("star", 1, "union"), "star takes no configuration"),
    ],
)
def test_choices_that_make_no_sense(wrong, named):
    with pytest.raises(ValueError, match=named):
        Choice(*wrong)


def test_a_choice_fits_its_socket_or_says_why_not():
    socket = Socket(d_model=8, n_heads=4, n_layers=2, n=12, seed=0, causal=True)
    choice = Choice("strided", 3, "sequential")
    mixers = [choice.mixer(socket)(layer) for layer in range(2)]
    for mixer, part in zip(mixers, strided(12, 3), strict=True):
        assert isinstance(mixer, SparseAttention) and mixer.causal
        assert mixer.pattern(12) == part
    assert choice.facts(socket) == {
        "sparsity": choice.sparsity(12, n_layers=2, n_heads=4, seed=0, causal=True)
    }
    assert choice.mixer(socket)(0).rotary is None
    turned = choice.mixer(Socket(d_model=8, n_heads=4, n_layers=2, n=12, seed=0, rotary=True))(0)
    assert turned.rotary is not None
