"""The pages: formulas as MathML, sections to read again, nothing that runs or is loaded."""

import re
from xml.etree import ElementTree

import pytest

from course_utils import notebook
from course_utils.checks.catalog import find, lesson_numbers, tasks_of
from course_utils.checks.task import Task
from course_utils.classroom import report
from course_utils.classroom.feedback import FORMULA, to_html, without_inputs
from course_utils.classroom.formulas import UnknownCommand, to_mathml
from course_utils.classroom.sections import to_read_again
from course_utils.paths import EXERCISES, NOTEBOOKS


def test_every_formula_of_the_exercises_becomes_mathml():
    seen = 0
    for path in EXERCISES.glob("*/*.ipynb"):
        for cell in notebook.read(path.read_text(encoding="utf-8")).cells:
            if cell.cell_type == "markdown":
                for found in FORMULA.finditer(cell.source):
                    ElementTree.fromstring(to_mathml(found[1] or found[2]))
                    seen += 1
    assert seen > 5


def test_a_formula_has_its_parts_in_their_places():
    made = to_mathml(r"\frac{a^2}{b_i} \cdot 10000^{-2i/d}")
    assert "<mfrac><mrow><msup><mi>a</mi><mn>2</mn></msup></mrow>" in made
    assert "<msub><mi>b</mi><mi>i</mi></msub>" in made and "<mo>−</mo>" in made
    with pytest.raises(UnknownCommand, match="unheard"):
        to_mathml(r"\unheard")


def test_what_a_page_says_is_text_and_not_a_program():
    made = to_html("## T\n\n<script>alert(1)</script> [words](../x.ipynb) $a < b$ ![p](p.png)")
    assert "<script" not in made and "href" not in made and "src" not in made
    assert "<mo>&lt;</mo>" in made and "words" in made


def test_the_name_of_a_hidden_case_is_not_on_the_page():
    said = "On the case “secret”: it is off.\nAnd on the case “other”: You squared."
    assert without_inputs(said) == "It is off.\nYou squared."


@pytest.mark.parametrize("lesson", lesson_numbers())
def test_the_section_that_a_task_names_is_a_heading_of_its_lesson(lesson):
    (path,) = NOTEBOOKS.glob(f"{lesson}_*.ipynb")
    cells = notebook.read(path.read_text(encoding="utf-8")).cells
    text = "\n".join(cell.source for cell in cells if cell.cell_type == "markdown")
    headings = re.findall(r"(?m)^#{1,3} (.+?) *$", text)
    named = {task.id: task.section for task in tasks_of(lesson)}
    assert {id: section for id, section in named.items() if section not in headings} == {}
    assert not [section for section in named.values() if section.startswith("So what")]


def test_what_is_to_be_read_again_is_said_in_words_or_not_at_all():
    task = find("03.soft_lookup")
    assert to_read_again(task) == "lesson 03, “A dictionary that never says KeyError”"
    assert to_read_again(find("10.window_mask")) == "lesson 10, its beginning"
    assert to_read_again(Task("03.another", "Another", hints=["a", "b", "c"])) == ""


def test_a_spreadsheet_takes_no_cell_for_a_formula():
    assert report._safe("=1+1") == "'=1+1" and report._safe("anna") == "anna"


def test_the_stub_of_a_new_mistake_is_python_that_only_needs_its_words():
    found = {"task": "03.soft_lookup", "answer": "def soft_lookup(q, k, v):\n    return v[0]"}
    stub = report._stub(found)
    compile(stub, "stub", "exec")
    assert re.search(r'@task\.mistake\ndef NAME_OF_THE_MISTAKE\(q, k, v\):\n    """WHAT', stub)


def test_equal_wrong_answers_are_flagged_and_right_ones_are_not():
    wrong = "def f(a, b):\n" + "".join(f"    x{i} = a * {i} + b\n" for i in range(12))
    other = wrong.replace("a", "q").replace("b", "w")

    def record(answer, passed=False):
        task = {"answer": answer, "passed": passed, "failure": None if passed else "numbers"}
        return {"tasks": [task]}

    same = {"s1": record(wrong), "s2": record(other), "s3": record("def f(): return 1")}
    assert report.similar(same) == [["s1", "s2"]]
    assert report.similar({"s1": record(wrong, True), "s2": record(wrong, True)}) == []
