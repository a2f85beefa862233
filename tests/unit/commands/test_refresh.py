"""The refresh command: what it keeps, what it takes out, what it refuses."""

import json
from pathlib import Path

import nbformat
import pytest

from course_utils.commands import refresh

PIXEL = "iVBORw0KGgo="


def notebook(*sources, tags=()):
    cells = [nbformat.v4.new_code_cell(source, metadata={"tags": list(tags)}) for source in sources]
    return nbformat.v4.new_notebook(cells=cells)


def stored(folder: Path, *sources, tags=()) -> Path:
    path = folder / "01_words.ipynb"
    path.write_text(nbformat.writes(notebook(*sources, tags=tags)), encoding="utf-8")
    return path


def shown(output_data: dict, **metadata):
    return nbformat.v4.new_output("display_data", data=output_data, metadata=metadata)


def streamed(text: str, name="stdout"):
    return nbformat.v4.new_output("stream", name=name, text=text)


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
    path = stored(tmp_path, "import time\ntime.time()", tags=[refresh.VOLATILE])
    assert refresh.refresh(path) == 0
    before = path.read_bytes()
    assert refresh.refresh(path, write=False) == 0
    assert path.read_bytes() == before

    lies = path.read_text(encoding="utf-8").replace(refresh.VOLATILE, "hide-input")
    path.write_text(lies, encoding="utf-8")
    assert refresh.refresh(path, write=False) == 1
    assert path.read_text(encoding="utf-8") == lies


# The normal form


def test_normalize_takes_out_what_is_not_the_lesson():
    book = notebook("a", "", "b", tags=["kept"])
    book.metadata = {"widgets": {"state": {}}, "language_info": {"name": "python", "version": "3"}}
    first, empty, last = book.cells
    first.metadata.update(execution={"iopub.execute_input": "2026"}, collapsed=True, trusted=True)
    first.metadata.update(jupyter={"source_hidden": True, "outputs_hidden": True})
    view = {refresh.WIDGET_VIEW: {"model_id": "f00"}, "image/png": "iVBOR\nw0KGgo=\n"}
    first.outputs = [shown(view, **{"image/png": {"alt": "a picture"}})]
    first.execution_count, last.execution_count = 7, 12

    refresh.normalize(book)

    assert book.metadata == refresh.NOTEBOOK_METADATA
    assert first.metadata == {"tags": ["kept"], "jupyter": {"source_hidden": True}}
    assert first.outputs == [shown({"image/png": PIXEL}, **{"image/png": {"alt": "a picture"}})]
    assert [cell.execution_count for cell in book.cells] == [1, None, 2]
    nbformat.validate(book)


def test_a_bet_is_folded_because_its_code_says_the_answer():
    cells = [nbformat.v4.new_code_cell(source) for source in ('bet("00.a", "?")', "better(1)")]
    book = nbformat.v4.new_notebook(cells=cells)
    refresh.normalize(book)
    assert [dict(cell.metadata) for cell in cells] == [{"jupyter": {"source_hidden": True}}, {}]


def test_streams_are_joined_where_they_touch_and_keep_their_order():
    picture = shown({"image/png": PIXEL})
    outputs = [streamed("a"), streamed("b"), streamed("!", "stderr"), streamed("c"), picture]
    outputs += [streamed("d"), streamed("e")]
    joined = [
        (output.name, output.text) if output.output_type == "stream" else "picture"
        for output in refresh.normal_outputs(outputs)
    ]
    assert joined == [
        ("stdout", "ab"),
        ("stderr", "!"),
        ("stdout", "c"),
        "picture",
        ("stdout", "de"),
    ]


def test_ids_stay_and_missing_or_doubled_ones_depend_on_the_source_alone():
    cells = [
        {"cell_type": "code", "source": ["x = 1"], "id": "mine"},
        {"cell_type": "code", "source": ["x = 1"], "id": "mine"},
        {"cell_type": "code", "source": "x = 1"},
        {"cell_type": "markdown", "source": "x = 1"},
    ]
    again = json.loads(json.dumps(cells))
    refresh.give_ids(cells)
    refresh.give_ids(again)
    assert cells == again
    ids = [cell["id"] for cell in cells]
    assert ids[0] == "mine" and len(set(ids)) == 4
    assert ids[2] == f"{ids[1]}-1"  # the same source: only their order tells them apart


def test_old_notebooks_are_read_as_format_4_5():
    raw = {"cells": [{"cell_type": "markdown", "metadata": {}, "source": "hello"}]}
    raw |= {"metadata": {}, "nbformat": 4, "nbformat_minor": 4}
    book = refresh.read(json.dumps(raw))
    nbformat.validate(book)
    assert (
        book.nbformat_minor == 5 and book.cells[0].id == refresh.read(json.dumps(raw)).cells[0].id
    )


@pytest.mark.parametrize(
    "text",
    [
        "/home/tom/course/x.py",
        "saved in /tmp/tmpab12",
        "C:\\Users\\tom",
        "http://localhost:8888/lab",
        "at 127.0.0.1",
        "file:///etc",
        str(Path.home() / "x"),
    ],
)
def test_paths_and_hosts_are_found_in_every_kind_of_output(text):
    for output in (
        streamed(text),
        shown({"text/plain": text}),
        shown({"text/html": f"<a href='{text}'>x</a>"}),
        shown({"application/json": {"where": text}}),
        shown({"image/png": PIXEL}, **{"image/png": {"alt": text}}),
    ):
        book = notebook("1")
        book.cells[0].outputs = [output]
        assert refresh.local_traces(book), output


@pytest.mark.parametrize(
    "text",
    ["and/or", "tokens/second", "https://arxiv.org/abs/1706.03762", "word: 3 / home", "a\\b C: 3"],
)
def test_ordinary_text_is_not_taken_for_a_path(text):
    book = notebook("1")
    book.cells[0].outputs = [streamed(text), shown({"image/png": "/tmp/" + PIXEL})]
    assert refresh.local_traces(book) == []


def test_a_write_that_fails_leaves_the_old_file(tmp_path, monkeypatch):
    path = stored(tmp_path, "1")
    before = path.read_bytes()

    def full(*_):
        raise OSError("No space left on device")

    monkeypatch.setattr(refresh.os, "replace", full)
    with pytest.raises(OSError):
        refresh.write_atomically(path, b"new")
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
    monkeypatch.setattr(refresh, "ROOT", course)
    chosen = refresh.select(names, (course / "notebooks", course / "solutions"))
    assert [refresh.place_of(path)[: len(expected[0])] for path in chosen] == expected


def test_a_name_that_fits_nothing_is_told_with_what_there_is(course, monkeypatch, capsys):
    monkeypatch.setattr(refresh, "ROOT", course)
    with pytest.raises(LookupError, match="begins with '3'.*notebooks/03_attention.ipynb"):
        refresh.select(["3"], (course / "notebooks",))
    assert refresh.main(["no-such-lesson"]) == 1
    assert "no-such-lesson" in capsys.readouterr().err
