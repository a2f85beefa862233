"""The normal form of a notebook, and what is looked for in its outputs."""

import json
from pathlib import Path

import nbformat
import pytest

from course_utils import notebook

PIXEL = "iVBORw0KGgo="


def new_book(*sources, tags=()):
    cells = [nbformat.v4.new_code_cell(source, metadata={"tags": list(tags)}) for source in sources]
    return nbformat.v4.new_notebook(cells=cells)


def shown(output_data: dict, **metadata):
    return nbformat.v4.new_output("display_data", data=output_data, metadata=metadata)


def streamed(text: str, name="stdout"):
    return nbformat.v4.new_output("stream", name=name, text=text)


def test_normalize_takes_out_what_is_not_the_lesson():
    book = new_book("a", "", "b", tags=["kept"])
    book.metadata = {"widgets": {"state": {}}, "language_info": {"name": "python", "version": "3"}}
    first, empty, last = book.cells
    first.metadata.update(execution={"iopub.execute_input": "2026"}, collapsed=True, trusted=True)
    first.metadata.update(jupyter={"source_hidden": True, "outputs_hidden": True})
    view = {notebook.WIDGET_VIEW: {"model_id": "f00"}, "image/png": "iVBOR\nw0KGgo=\n"}
    first.outputs = [shown(view, **{"image/png": {"alt": "a picture"}})]
    first.execution_count, last.execution_count = 7, 12

    notebook.normalize(book)

    assert book.metadata == notebook.NOTEBOOK_METADATA
    assert first.metadata == {"tags": ["kept"], "jupyter": {"source_hidden": True}}
    assert first.outputs == [shown({"image/png": PIXEL}, **{"image/png": {"alt": "a picture"}})]
    assert [cell.execution_count for cell in book.cells] == [1, None, 2]
    nbformat.validate(book)


def test_a_bet_is_folded_because_its_code_says_the_answer():
    cells = [nbformat.v4.new_code_cell(source) for source in ('bet("00.a", "?")', "better(1)")]
    book = nbformat.v4.new_notebook(cells=cells)
    notebook.normalize(book)
    assert [dict(cell.metadata) for cell in cells] == [{"jupyter": {"source_hidden": True}}, {}]


def test_streams_are_joined_where_they_touch_and_keep_their_order():
    picture = shown({"image/png": PIXEL})
    outputs = [streamed("a"), streamed("b"), streamed("!", "stderr"), streamed("c"), picture]
    outputs += [streamed("d"), streamed("e")]
    joined = [
        (output.name, output.text) if output.output_type == "stream" else "picture"
        for output in notebook.normal_outputs(outputs)
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
    notebook.give_ids(cells)
    notebook.give_ids(again)
    assert cells == again
    ids = [cell["id"] for cell in cells]
    assert ids[0] == "mine" and len(set(ids)) == 4
    assert ids[2] == f"{ids[1]}-1"  # the same source: only their order tells them apart


def test_old_notebooks_are_read_as_format_4_5():
    raw = {"cells": [{"cell_type": "markdown", "metadata": {}, "source": "hello"}]}
    raw |= {"metadata": {}, "nbformat": 4, "nbformat_minor": 4}
    book = notebook.read(json.dumps(raw))
    nbformat.validate(book)
    assert (
        book.nbformat_minor == 5 and book.cells[0].id == notebook.read(json.dumps(raw)).cells[0].id
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
        book = new_book("1")
        book.cells[0].outputs = [output]
        assert notebook.local_traces(book), output


@pytest.mark.parametrize(
    "text",
    ["and/or", "tokens/second", "https://arxiv.org/abs/1706.03762", "word: 3 / home", "a\\b C: 3"],
)
def test_ordinary_text_is_not_taken_for_a_path(text):
    book = new_book("1")
    book.cells[0].outputs = [streamed(text), shown({"image/png": "/tmp/" + PIXEL})]
    assert notebook.local_traces(book) == []
