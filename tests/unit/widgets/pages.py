"""Running what an explorer's page runs, without a browser."""

import json
import os
import shutil
import subprocess
from pathlib import Path

import playwright
import pytest

from course_utils.widgets.explorer import Explorer


def find_node() -> str | None:
    """The node that Playwright brings along, or else the one on the PATH."""
    driver = Path(playwright.__file__).parent / "driver"
    return shutil.which("node", path=str(driver)) or shutil.which("node")


def node() -> str:
    """A node; without one the test is left out, and fails under CI=true."""
    found = find_node()
    if found is None:
        leave_out("no node here to run the page's JavaScript: neither Playwright's nor the PATH's")
    return found


def leave_out(why: str) -> None:
    """This test can't run here. Under CI=true, where everything has to be there, it fails."""
    if os.environ.get("CI", "").lower() == "true":
        pytest.fail(why)
    pytest.skip(why)


def in_node(tmp_path, explorer_class: type[Explorer], program: str, given):
    """What `program` prints as JSON: it sees the page's module as `page`, the data as `given`."""
    (tmp_path / "page.mjs").write_text(str(explorer_class._esm), encoding="utf-8")
    (tmp_path / "given.json").write_text(json.dumps(given), encoding="utf-8")
    (tmp_path / "run.mjs").write_text(
        'import * as page from "./page.mjs"; import { readFileSync } from "node:fs";\n'
        'const given = JSON.parse(readFileSync("given.json", "utf8"));\n'
        f"const answer = (() => {{ {program} }})();\n"
        "console.log(JSON.stringify(answer));\n",
        encoding="utf-8",
    )
    done = subprocess.run(
        [node(), "run.mjs"], cwd=tmp_path, capture_output=True, encoding="utf-8", timeout=60
    )
    assert done.returncode == 0, done.stderr
    return json.loads(done.stdout)
