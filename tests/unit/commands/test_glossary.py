"""The glossary: every lesson's terms, and the committed page is that of the lessons."""

from nbformat.v4 import new_markdown_cell, new_notebook

from course_utils import notebook
from course_utils.commands import glossary
from course_utils.paths import LESSON_FILES, NOTEBOOKS

LINE = "**To look it up:** *beam search*, *BLEU* (its *smoothing*). Best read next: *not this* one."


def test_terms_are_in_italics_before_the_advice():
    assert glossary.terms_of(f"Well.\n\n{LINE}") == ["beam search", "BLEU", "smoothing"]
    assert glossary.terms_of("**Sources.** *Not this*.") == []


def test_a_term_of_two_lessons_stands_once_with_both(tmp_path):
    for number, name in (("07", "Talking"), ("08", "Dice")):
        cells = [new_markdown_cell(f"# {number} · {name}"), new_markdown_cell(LINE)]
        text = notebook.to_text(new_notebook(cells=cells))
        (tmp_path / f"{number}_x.ipynb").write_text(text, encoding="utf-8")
    page = glossary.page(tmp_path)
    both = "[07 · Talking](../notebooks/07_x.ipynb), [08 · Dice](../notebooks/08_x.ipynb)"
    terms = ("beam search", "BLEU", "smoothing")
    assert page.splitlines()[-3:] == [f"| {term} | {both} |" for term in terms]


def test_the_committed_page_is_that_of_the_lessons():
    assert glossary.PAGE.read_text(encoding="utf-8") == glossary.page()
    numbers = [path.stem[:2] for path in NOTEBOOKS.glob(LESSON_FILES)]
    assert numbers and all(f"[{number} · " in glossary.page() for number in numbers)
