"""Learning rates: the formula of 2017 as printed, and where the curves begin, turn and end."""

import math

import pytest

from course_utils.training.schedules import constant, noam, warmup_cosine


@pytest.mark.parametrize("step", [1, 17, 3999, 4000, 4001, 100_000])
def test_noam_is_the_formula_as_printed(step):
    expected = 512**-0.5 * min(step**-0.5, step * 4000**-1.5)
    assert noam(512)(step) == pytest.approx(expected, rel=1e-12)


def test_noam_has_its_top_where_the_warmup_ends():
    rate = noam(512, warmup=4000)
    assert rate(4000) == pytest.approx(6.9877e-4, rel=1e-4)
    assert rate(3999) < rate(4000) > rate(4001)
    assert rate(2000) == pytest.approx(rate(4000) / 2)  # a straight climb
    assert rate(16_000) == pytest.approx(rate(4000) / 2)  # four times as late, half as large


def test_the_smallest_width_and_warmup_that_there_are():
    assert noam(1, warmup=1)(1) == 1.0


def test_cosine_climbs_turns_and_ends():
    rate = warmup_cosine(2e-3, warmup=10, steps=110, floor=0.1)
    assert rate(1) == pytest.approx(2e-4)
    assert rate(10) == pytest.approx(2e-3)
    assert rate(60) == pytest.approx(2e-3 * 0.55)  # half-way down, between 1 and 0.1
    assert rate(110) == pytest.approx(2e-4)
    assert rate(500) == pytest.approx(2e-4)
    down = [rate(step) for step in range(10, 111)]
    assert down == sorted(down, reverse=True)
    assert rate(11) == pytest.approx(2e-3 * (0.1 + 0.9 * (1 + math.cos(math.pi / 100)) / 2))


def test_no_warmup_starts_at_the_top():
    assert warmup_cosine(1.0, warmup=0, steps=10)(1) < 1.0
    assert constant(0.3)(1) == constant(0.3)(10_000) == 0.3


def test_constant_after_a_climb():
    rate = constant(1.0, warmup=4)
    assert [rate(step) for step in (1, 2, 3, 4, 5, 100)] == [0.25, 0.5, 0.75, 1.0, 1.0, 1.0]


@pytest.mark.parametrize(
    ("wrong", "named"),
    [
        (lambda: noam(512)(0), "got 0"),
        (lambda: constant(1.0)(-1), "got -1"),
        (lambda: constant(1.0, warmup=-4), "got -4"),
        (lambda: noam(0), "got 0 and 4000"),
        (lambda: warmup_cosine(1.0, warmup=0, steps=5)(0), "got 0"),
        (lambda: warmup_cosine(1.0, warmup=5, steps=5), "warmup=5 .* steps=5"),
    ],
)
def test_wrong_numbers_are_named(wrong, named):
    with pytest.raises(ValueError, match=named):
        wrong()
