"""How long a learner waits for `check`, over every task of the course.

For each task: the right answer, every misconception (recognised by name), and an answer that is
wrong in a way nobody foresaw, which is compared with all of them. The promise is a second. Each is
asked as in a notebook, progress file included, after one call that imports the lesson's tasks; the
median of three counts. An endless loop takes two seconds more, by design: nothing is known of it
before they are over.

    python benchmarks/checks.py        # a minute, writes results/checks.json
"""

import json
import os
import platform
import statistics
import sys
import tempfile
import time
from collections.abc import Callable, Mapping
from importlib.metadata import version
from pathlib import Path
from typing import Any

import torch
from torch import Tensor

from course_utils.checks import catalog, check
from course_utils.checks.task import Task

RESULTS = Path(__file__).parent / "results" / "checks.json"
PROMISE = 1.0  # seconds
TIMES = 3


def seconds(answer: Callable, wanted: Task, *, passes: bool) -> float:
    """How long `check` takes, the median of some times; an error if it says the wrong thing."""
    taken = []
    for _ in range(TIMES):
        start = time.perf_counter()
        verdict = check(wanted.id, answer)
        taken.append(time.perf_counter() - start)
        if verdict.passed != passes:
            raise RuntimeError(f"{wanted.id}: {verdict.text}")
    return statistics.median(taken)


def off(value: Any) -> Any:
    """The same kind of thing, the same shape, and everything in it wrong."""
    if isinstance(value, Tensor) and value.dtype == torch.bool:
        return ~value
    if isinstance(value, Tensor | int | float):
        return value * 3 + 1
    if isinstance(value, str):
        return value + "?"
    if isinstance(value, Mapping):
        return {key: off(part) for key, part in value.items()}
    if isinstance(value, list | tuple):
        return type(value)(off(part) for part in value)
    raise TypeError(f"how is a {type(value).__name__} spoilt?")


def unforeseen(reference: Callable) -> Callable:
    """An answer like the reference with a result that is off; a class, where that is one."""
    if not isinstance(reference, type):
        return lambda *args, **kwargs: off(reference(*args, **kwargs))

    class Off(reference):
        def forward(self, *args: Any, **kwargs: Any) -> Any:
            return off(super().forward(*args, **kwargs))

    return Off


def measured(wanted: Task) -> dict[str, Any]:
    check(wanted.id, None)  # imports, and makes the cases
    mistakes = [
        (seconds(wrong.implementation, wanted, passes=False), wrong.id)
        for wrong in wanted.misconceptions
    ]
    longest, slowest = max(mistakes)
    return {
        "task": wanted.id,
        "cases": len(wanted.default_cases),
        "misconceptions": len(mistakes),
        "right_s": round(seconds(wanted.reference, wanted, passes=True), 4),
        "recognised_median_s": round(statistics.median(taken for taken, _ in mistakes), 4),
        "recognised_max_s": round(longest, 4),
        "unforeseen_s": round(seconds(unforeseen(wanted.reference), wanted, passes=False), 4),
        "slowest": slowest,
    }


def hardware() -> dict[str, Any]:
    info = Path("/proc/cpuinfo")
    lines = info.read_text().splitlines() if info.exists() else []
    names = [line for line in lines if line.startswith("model name")]
    load = os.getloadavg()[0] if hasattr(os, "getloadavg") else None
    return {
        "cpu": names[0].partition(":")[2].strip() if names else platform.processor(),
        "cores": os.cpu_count(),
        "torch_threads": torch.get_num_threads(),
        "load_before": load,
        "niceness": os.nice(0) if hasattr(os, "nice") else 0,
        "system": platform.system(),
    }


def main() -> None:
    machine = hardware()
    with tempfile.TemporaryDirectory() as home:
        os.environ["ATTENTION_OPTIONAL_HOME"] = home
        rows = []
        for number in catalog.lesson_numbers():
            for wanted in catalog.tasks_of(number):
                rows.append(measured(wanted))
                print(*rows[-1].values(), sep="  ", flush=True)
    kinds = ("right_s", "recognised_median_s", "unforeseen_s")
    worst = max(max(row["right_s"], row["recognised_max_s"], row["unforeseen_s"]) for row in rows)
    result = {
        "question": "how many seconds until check answers?",
        "promise_s": PROMISE,
        "kept": worst <= PROMISE,
        "max_s": worst,
        "median_s": {kind: statistics.median(row[kind] for row in rows) for kind in kinds},
        "each": f"the median of {TIMES}",
        "results": rows,
        "hardware": machine,
        "python": platform.python_version(),
        "torch": version("torch"),
    }
    RESULTS.write_text(json.dumps(result, indent=1) + "\n", encoding="utf-8")
    print(f"slowest {worst:.3f} s; medians {result['median_s']}; promise kept: {result['kept']}")
    if not result["kept"]:
        sys.exit(1)


if __name__ == "__main__":
    main()
