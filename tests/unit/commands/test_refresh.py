"""The refresh command: what it keeps, what it takes out, what it refuses."""

import json
from pathlib import Path

import nbformat
import pytest

from course_utils import atomic, paths
from course_utils.commands import refresh
from course_utils.notebook import VOLATILE
from course_utils.problem import Problem


def notebook(*sources, tags=()):
    cells = [nbformat.v4.new_code_cell(source, metadata={"tags": list(tags)}) for source in sources]
    return nbformat.v4.new_notebook(cells=cells)


def stored(folder: Path, *sources, tags=()) -> Path:
    path = folder / "01_words.ipynb"
    path.write_text(nbformat.writes(notebook(*sources, tags=tags)), encoding="utf-8")
    return path


# In a real kernel


def test_a_run_is_stored_and_the_second_one_changes_nothing(tmp_path, capsys):
    path = stored(
        tmp_path,
        "import os, sys, time\nprint('one')\nsys.stdout.flush(); time.sleep(0.3)\nprint('two')",
        "os.environ['OMP_WAIT_POLICY'], os.listdir(os.environ['ATTENTION_OPTIONAL_HOME'])",
        "os.path.basename(os.getcwd())",
    )
    assert refresh.refresh(path) == 0
    first = path.read_text(encoding="utf-8")
    cells = json.loads(first)["cells"]
    assert [cell["execution_count"] for cell in cells] == [1, 2, 3]
    assert cells[0]["outputs"] == [
        {"name": "stdout", "output_type": "stream", "text": ["one\n", "two\n"]}
    ]
    assert cells[1]["outputs"][0]["data"]["text/plain"] == ["('passive', [])"]
    assert cells[2]["outputs"][0]["data"]["text/plain"] == [repr(tmp_path.name)]
    assert "changed: cells 1, 2, 3" in capsys.readouterr().out

    assert refresh.refresh(path) == 0
    assert path.read_text(encoding="utf-8") == first
    assert "unchanged" in capsys.readouterr().out
    assert list(tmp_path.iterdir()) == [path]  # nothing is left beside it


def test_a_failing_cell_leaves_the_file_and_says_which_it_was(tmp_path, capsys):
    path = stored(tmp_path, "x = 4", "def share(x):\n    return 1 / (x - 4)\n\nshare(x)")
    before = path.read_bytes()
    assert refresh.refresh(path) == 1
    assert path.read_bytes() == before
    said = capsys.readouterr().out
    assert "01_words.ipynb: cell 2 failed" in said
    assert "ZeroDivisionError" in said and "return 1 / (x - 4)" in said
    assert "\x1b[" not in said


def test_a_dead_kernel_is_one_clear_line(tmp_path, capsys):
    assert refresh.refresh(stored(tmp_path, "import os; os._exit(3)")) == 1
    said = capsys.readouterr().out
    assert "cell 1 failed" in said and "ended its kernel" in said


def test_output_that_names_this_machine_is_refused(tmp_path, capsys):
    path = stored(tmp_path, "1", "import os\nprint(os.getcwd())")
    before = path.read_bytes()
    assert refresh.refresh(path) == 1
    assert path.read_bytes() == before
    assert "cell 2: " in capsys.readouterr().out


def test_check_writes_nothing_and_ignores_volatile_cells(tmp_path):
    path = stored(tmp_path, "import time\ntime.time()", tags=[VOLATILE])
    assert refresh.refresh(path) == 0
    before = path.read_bytes()
    assert refresh.refresh(path, write=False) == 0
    assert path.read_bytes() == before

    lies = path.read_text(encoding="utf-8").replace(VOLATILE, "hide-input")
    path.write_text(lies, encoding="utf-8")
    assert refresh.refresh(path, write=False) == 1
    assert path.read_text(encoding="utf-8") == lies


def test_a_write_that_fails_leaves_the_old_file(tmp_path, monkeypatch):
    path = stored(tmp_path, "1")
    before = path.read_bytes()

    def full(*_):
        raise OSError("No space left on device")

    monkeypatch.setattr(atomic.os, "replace", full)
    with pytest.raises(OSError):
        atomic.write_atomically(path, b"new")
    assert path.read_bytes() == before and list(tmp_path.iterdir()) == [path]


# Which notebooks


@pytest.fixture
def course(tmp_path):
    for name in (
        "notebooks/03_attention",
        "notebooks/04_many_heads",
        "solutions/03_attention/03_attention",
        "notebooks/.ipynb_checkpoints/03_attention",
    ):
        path = tmp_path / f"{name}.ipynb"
        path.parent.mkdir(parents=True, exist_ok=True)
        path.touch()
    return tmp_path


@pytest.mark.parametrize(
    "names, expected",
    [
        ([], ["notebooks/03", "solutions/03", "notebooks/04"]),
        (["03"], ["notebooks/03", "solutions/03"]),
        (["solutions/03"], ["solutions/03"]),
        (["04_many_heads"], ["notebooks/04"]),
        (["04", "solutions"], ["solutions/03", "notebooks/04"]),
        (["notebooks/04_many_heads.ipynb"], ["notebooks/04"]),
    ],
)
def test_names_choose_notebooks_in_reading_order(course, monkeypatch, names, expected):
    monkeypatch.setattr(paths, "ROOT", course)
    chosen = refresh.select(names, (course / "notebooks", course / "solutions"))
    assert [paths.place_of(path)[: len(expected[0])] for path in chosen] == expected


def test_a_name_that_fits_nothing_is_told_with_what_there_is(course, monkeypatch):
    monkeypatch.setattr(paths, "ROOT", course)
    with pytest.raises(Problem, match="begins with '3'.*notebooks/03_attention.ipynb"):
        refresh.select(["3"], (course / "notebooks",))
    with pytest.raises(Problem, match="no-such-lesson"):
        refresh.main(["no-such-lesson"])


def test_no_name_at_all_is_not_every_name(course):
    """`refresh "$LESSON"` with the variable unset must not run an hour of notebooks."""
    with pytest.raises(Problem, match="begins with ''"):
        refresh.select([""], (course / "notebooks",))
