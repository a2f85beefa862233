"""Measuring is measured: known sizes, known sleeps, known powers."""

import math
import subprocess
import sys
import time

import pytest
import torch

from course_utils import measure
from course_utils.measure import (
    growth_exponent,
    kept_for_backward,
    peak_memory,
    processor_seconds,
    seconds,
    seconds_each,
)
from course_utils.paths import ROOT

MILLION = 1_000_000  # numbers of four bytes


# ---- time


class Clock:
    """A clock that goes on only where somebody works; each work is one of `durations`."""

    def __init__(self, monkeypatch, durations):
        self.now, self.durations = 0.0, iter(durations)
        monkeypatch.setattr("course_utils.measure.time.perf_counter", lambda: self.now)

    def work(self):
        self.now += next(self.durations)


def test_the_shortest_call_counts(monkeypatch):
    clock = Clock(monkeypatch, [8.0, 2.0, 5.0])
    assert seconds(clock.work, repeats=3) == 2.0
    assert next(clock.durations, None) is None, "called three times"


def test_functions_take_turns(monkeypatch):
    clock = Clock(monkeypatch, [1.0, 10.0, 3.0, 7.0])
    assert seconds_each({"a": clock.work, "b": clock.work}, repeats=2) == {"a": 1.0, "b": 7.0}


def test_real_time_is_in_seconds():
    assert 0.02 <= seconds(lambda: time.sleep(0.02), repeats=2) < 2


def test_nothing_is_measured_without_a_call():
    with pytest.raises(ValueError, match="repeats=0"):
        seconds(lambda: None, repeats=0)


def test_the_processor_is_asked_until_the_time_is_filled(monkeypatch):
    worked = iter([5.0, 5.1, 5.3, 5.6])  # the processor's clock, read before and after each call
    monkeypatch.setattr("course_utils.measure.time.process_time", lambda: next(worked))
    calls = []
    assert processor_seconds(lambda: calls.append(1), at_least=0.5) == pytest.approx(0.2)
    assert len(calls) == 3


def test_waiting_is_no_work():
    def wait_and_work():
        time.sleep(0.05)
        sum(range(100_000))

    started = time.perf_counter()
    worked = processor_seconds(wait_and_work, at_least=0.01)
    assert 0 < worked < 0.05 < time.perf_counter() - started


def test_a_function_that_only_waits_is_given_up(monkeypatch):
    monkeypatch.setattr(measure, "PATIENCE", 0.2)
    started = time.perf_counter()
    assert processor_seconds(lambda: time.sleep(0.05), at_least=100) < 0.05
    assert time.perf_counter() - started < 50


def test_no_time_cannot_be_filled():
    with pytest.raises(ValueError, match="at_least=0"):
        processor_seconds(lambda: None, at_least=0)


# ---- memory


def test_tensors_that_live_together_add_up_and_those_in_a_row_do_not():
    def together():
        return torch.empty(MILLION), torch.empty(MILLION)

    def in_a_row():
        for _ in range(3):
            torch.empty(MILLION)

    assert peak_memory(together) == 8 * MILLION
    assert peak_memory(in_a_row) == 4 * MILLION


def test_the_highest_point_counts_and_not_the_end():
    assert peak_memory(lambda: torch.empty(5 * MILLION).sum()) >= 20 * MILLION
    assert peak_memory(lambda: torch.empty(5 * MILLION).sum()) < 20 * MILLION + 1000


def test_what_was_there_before_does_not_count():
    before = [torch.empty(MILLION)]
    assert peak_memory(lambda: before[0].add_(1)) < 1000

    def swap():
        before.clear()
        before.append(torch.empty(MILLION))

    assert peak_memory(swap) == 4 * MILLION


def test_views_are_free_and_a_step_in_between_is_not():
    x = torch.zeros(1000, 1000)
    assert peak_memory(lambda: x.T[:10]) == 0
    assert peak_memory(lambda: (x + x) * x) == 8 * MILLION


def test_the_backward_pass_counts():
    x = torch.zeros(MILLION, requires_grad=True)

    def step():
        return torch.autograd.grad(x.exp().sum(), x)  # the result of exp, and the gradient

    assert 8 * MILLION <= peak_memory(step) <= 12 * MILLION + 1000


def test_no_tensor_no_memory():
    assert peak_memory(lambda: [0] * MILLION) == 0


def test_an_error_of_the_function_is_the_callers():
    with pytest.raises(ZeroDivisionError):
        peak_memory(lambda: 1 / 0)
    assert peak_memory(lambda: torch.empty(MILLION)) == 4 * MILLION, "and it still works"


def test_measuring_says_nothing():
    """The profiler writes from C++, past Python's stderr: only another process can see it."""
    code = (
        "import torch; from course_utils.measure import peak_memory; "
        "print(peak_memory(lambda: torch.empty(10)))"
    )
    ran = subprocess.run([sys.executable, "-c", code], cwd=ROOT, capture_output=True, text=True)
    assert (ran.stdout, ran.stderr) == ("40\n", "")


def test_autograd_keeps_each_storage_once():
    x = torch.zeros(MILLION, requires_grad=True)
    with kept_for_backward() as kept:
        assert kept() == 0
        loss = (x * x).sum()
    assert kept() == 4 * MILLION
    with kept_for_backward() as kept:
        loss = x.exp().sum()
    assert kept() == 4 * MILLION
    loss.backward()
    assert x.grad is not None


# ---- growth


@pytest.mark.parametrize("exponent", [0, 0.5, 1, 2, 3])
def test_the_exponent_of_a_power_is_found(exponent):
    ns = [256, 512, 2048]
    assert growth_exponent(ns, [7 * n**exponent for n in ns]) == pytest.approx(exponent)


def test_noise_is_averaged_and_scale_does_not_matter():
    ns = [100, 200, 400, 800]
    values = [1.1 * 100**2, 0.9 * 200**2, 1.1 * 400**2, 0.9 * 800**2]
    found = growth_exponent(ns, values)
    assert 1.85 < found < 2
    assert growth_exponent(ns, [1e-6 * value for value in values]) == pytest.approx(found)


@pytest.mark.parametrize(
    "ns, values, says",
    [
        ([1, 2], [1], "2 lengths and 1 values"),
        ([1], [1], "two of them at least"),
        ([1, 2], [0, 1], "0 is among the values"),
        ([0, 2], [1, 1], "0 is among the lengths"),
        ([1, 2, 3], [1.0, math.nan, 2.0], "nan is among the values"),
        ([1, 2], [1.0, math.inf], "inf is among the values"),
        ([5, 5], [1, 2], "all lengths are 5"),
    ],
)
def test_growth_needs_two_positive_points(ns, values, says):
    with pytest.raises(ValueError, match=says):
        growth_exponent(ns, values)
