"""A plugin for pytest: what nbval saw in each cell, as one JSON line a cell.

`validate` runs nbval in a process of its own and reads from these lines what to tell the learner.
The file's name comes in the environment variable `NBVAL_REPORT`. What is printed or logged beside a
verdict is not compared.
"""

import json
import os

import pytest

STREAMS = ("stdout", "stderr")


def pytest_runtest_setup(item):
    if hasattr(item, "cell") and STREAMS[0] not in item.parent.skip_compare:
        item.parent.skip_compare += STREAMS


@pytest.hookimpl(hookwrapper=True)
def pytest_runtest_makereport(item, call):
    result = yield
    if call.when != "call" or not hasattr(item, "cell"):
        return
    error = call.excinfo.value if call.excinfo else None
    line = {
        "id": item.cell.get("id"),
        "passed": result.get_result().passed,
        "outputs": [dict(output) for output in item.test_outputs or []],
        "error": str(error) if error else None,
    }
    with open(os.environ["NBVAL_REPORT"], "a", encoding="utf-8") as report:
        report.write(json.dumps(line, default=str) + "\n")
