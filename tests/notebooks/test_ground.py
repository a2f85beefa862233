"""What the root conftest.py promises to the kernels that nbval starts."""

import shutil
import subprocess
import sys

import nbformat
import pytest

from course_utils.notebook import NOTEBOOK_METADATA
from course_utils.paths import ROOT

LOOK_ROUND = (
    "import os\nfrom pathlib import Path\n\nfrom course_utils.paths import learner_folder\n"
    "found = list(learner_folder().iterdir()); (learner_folder() / 'bet').touch()\n"
    "print(found, os.environ['OMP_WAIT_POLICY'], os.environ.get('OMP_NUM_THREADS'))"
)


def book(source: str, printed: str) -> nbformat.NotebookNode:
    output = nbformat.v4.new_output("stream", name="stdout", text=printed)
    cell = nbformat.v4.new_code_cell(source, outputs=[output], execution_count=1)
    return nbformat.v4.new_notebook(cells=[cell], metadata=NOTEBOOK_METADATA)


@pytest.mark.parametrize("workers, threads", [("0", "None"), ("2", "1")])
def test_every_notebook_meets_a_new_learner(tmp_path, monkeypatch, workers, threads):
    for name in ("OMP_NUM_THREADS", "PYTEST_XDIST_WORKER"):
        monkeypatch.delenv(name, raising=False)
    shutil.copy(ROOT / "conftest.py", tmp_path)
    for name in ("a", "b"):
        nbformat.write(book(LOOK_ROUND, f"[] passive {threads}\n"), tmp_path / f"{name}.ipynb")
    command = [sys.executable, "-m", "pytest", "-q", "-n", workers, "--dist=loadfile", "--nbval"]
    ran = subprocess.run([*command, "."], cwd=tmp_path, capture_output=True, text=True)
    assert ran.returncode == 0, ran.stdout + ran.stderr
    assert "2 passed" in ran.stdout


def test_nbval_sees_another_output(tmp_path):
    nbformat.write(book("print(1 + 1)", "3\n"), tmp_path / "wrong.ipynb")
    command = [sys.executable, "-m", "pytest", "-q", "-p", "no:xdist", "--nbval", "."]
    ran = subprocess.run(command, cwd=tmp_path, capture_output=True, text=True)
    assert ran.returncode == 1 and "1 failed" in ran.stdout, ran.stdout
