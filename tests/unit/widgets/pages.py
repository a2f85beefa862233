"""Running what an explorer's page runs, without a browser."""

import json
import shutil
import subprocess

import pytest


def in_node(tmp_path, explorer_class, program: str, given):
    """What `program` prints as JSON: it sees the page's module as `page`, the data as `given`."""
    node = shutil.which("node")
    if node is None:
        pytest.skip("no node here to run the page's JavaScript")
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
        [node, "run.mjs"], cwd=tmp_path, capture_output=True, encoding="utf-8", timeout=60
    )
    assert done.returncode == 0, done.stderr
    return json.loads(done.stdout)
