"""What something costs: seconds, bytes, and how both grow with the length of the text."""

import gc
import math
import os
import statistics
import time
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from numbers import Real

import numpy as np
import torch
from torch import Tensor
from torch.profiler import ProfilerActivity, profile

PATIENCE = 10  # seconds by the clock

# The profiler would print on stderr that it starts and stops; it reads this before its first run.
os.environ.setdefault("KINETO_LOG_LEVEL", "99")


def seconds(function: Callable[[], object], repeats: int = 3) -> float:
    """The shortest of `repeats` calls, in seconds.

    The shortest, because other programs can only make a call longer. The first call often pays for
    things that are done once, so ask for two at least where milliseconds matter.
    """
    return seconds_each({"it": function}, repeats)["it"]


def seconds_each(
    functions: Mapping[str, Callable[[], object]], repeats: int = 3
) -> dict[str, float]:
    """The shortest of `repeats` calls of each function, in seconds, by name.

    They take turns, so that what else the machine does hits all of them alike: this is the one for
    saying that something is twice as fast as something else.
    """
    if repeats < 1:
        raise ValueError(f"repeats={repeats}: a function has to be called at least once.")
    times: dict[str, list[float]] = {name: [] for name in functions}
    for _ in range(repeats):
        for name, function in functions.items():
            started = time.perf_counter()
            function()
            times[name].append(time.perf_counter() - started)
    return {name: min(took) for name, took in times.items()}


def processor_seconds(function: Callable[[], object], at_least: Real = 0.2) -> float:
    """How long the processor works on one call of `function`, in seconds, all its cores together.

    The mean of as many calls as fill `at_least` seconds of work, and one at least. Two cores that
    work for a second are two seconds. Waiting while other programs have the cores does not count,
    so this is the clock for saying how a price grows: on a busy machine a short call often finds a
    free moment and a long one never does, and by the clock on the wall it grows too steeply.
    A function that waits instead of working (a GPU's, say) is given up after 10 seconds of waiting:
    then it is the mean of the calls so far.
    """
    if at_least <= 0:
        raise ValueError(f"at_least={at_least}: the calls have to fill some time, as 0.2 seconds.")
    started, calls, worked = time.process_time(), 0, 0.0
    until = time.monotonic() + PATIENCE
    while worked < at_least and (calls == 0 or time.monotonic() < until):
        function()
        calls += 1
        worked = time.process_time() - started
    return worked / calls


def peak_memory(function: Callable[[], object]) -> int:
    """The most memory that tensors of one call of `function` hold at the same time, in bytes.

    What was there before the call does not count, as long as it stays: what the call gives back of
    it is taken off the sum. PyTorch's profiler notes
    each block that the CPU's tensors get or give back, scratch space inside an operation included;
    the sum over time has a highest point, and that is it. It is exact, and the same in each run
    (with more threads, operations may take more scratch space). Arrays of NumPy are not tensors.
    """
    gc.collect()  # so that nobody's old tensors are cleared away in the middle
    with profile(
        activities=[ProfilerActivity.CPU], profile_memory=True, acc_events=True
    ) as watched:
        function()
    events = watched.profiler.kineto_results.events()
    blocks = [event for event in events if event.name() == "[memory]"]
    blocks.sort(key=lambda event: event.start_ns())
    held = np.cumsum([0] + [event.nbytes() for event in blocks])
    return int(held.max())


@contextmanager
def kept_for_backward() -> Iterator[Callable[[], int]]:
    """`with kept_for_backward() as kept: loss = …` and then kept(): the bytes that autograd keeps.

    Each storage counts once, parameters too if a gradient needs them.
    """
    storages: dict[int, int] = {}

    def keep(tensor: Tensor) -> Tensor:
        storage = tensor.untyped_storage()
        storages[storage.data_ptr()] = storage.nbytes()
        return tensor

    with torch.autograd.graph.saved_tensors_hooks(keep, lambda tensor: tensor):
        yield lambda: sum(storages.values())


def growth_exponent(ns: Sequence[Real], values: Sequence[Real]) -> float:
    """The k for which `values` grow like n to the k: 1 if twice the n costs twice, 2 if four times.

    It is the slope of the straight line that lies closest to the points (log n, log value), by
    least squares.
    """
    if len(ns) != len(values) or len(ns) < 2:
        raise ValueError(
            f"growth_exponent got {len(ns)} lengths and {len(values)} values: "
            "it needs a value for each length, and two of them at least."
        )
    for name, numbers in {"lengths": ns, "values": values}.items():
        for number in numbers:
            if not 0 < number < math.inf:
                raise ValueError(
                    f"{number} is among the {name}: only positive numbers have a logarithm."
                )
    if len(set(ns)) == 1:
        raise ValueError(f"all lengths are {ns[0]}: growth shows between different lengths only.")
    return statistics.linear_regression(np.log(ns).tolist(), np.log(values).tolist()).slope
