"""Every declared task: its answer passes, its mistakes are named, other ways pass.

One test a task and seed: what its mistakes do on the cases is worked out once and kept.
"""

import importlib
import pkgutil
from functools import partial
from numbers import Number

import pytest
from nbformat.v4 import new_code_cell, new_notebook
from torch import Tensor

from course_utils import notebook as notebooks
from course_utils.checks import catalog, isolate, source
from course_utils.checks.judge import KnownMistakes, judge
from course_utils.exercises import solution_cells
from course_utils.paths import ROOT, SOLUTIONS

TASKS = [declared for number in catalog.lesson_numbers() for declared in catalog.tasks_of(number)]
IDS = [declared.id for declared in TASKS]
every_task = pytest.mark.parametrize("task", TASKS, ids=IDS)


def test_every_lesson_with_an_exercise_declares_enough_tasks():
    assert IDS and len(set(IDS)) == len(IDS)
    for number in catalog.lesson_numbers():
        tasks = catalog.tasks_of(number)
        assert all(declared.id.startswith(f"{number}.") for declared in tasks)
        if number != "00":  # the practice piece of the first lesson
            most = max(len(declared.misconceptions) for declared in tasks)
            assert len(tasks) >= 3, f"lesson {number} has {len(tasks)} tasks, 3 at least are wanted"
            assert most >= 5, f"lesson {number}: no task knows 5 mistakes, the most are {most}"


def test_every_file_of_a_task_is_in_its_lessons_list():
    for number in catalog.lesson_numbers():
        package = importlib.import_module(f"{catalog.EXERCISES}.lesson_{number}")
        for found in pkgutil.iter_modules(package.__path__):
            module = importlib.import_module(f"{package.__name__}.{found.name}")
            if hasattr(module, "task"):
                assert module.task in package.TASKS, (
                    f"{module.__name__} declares a task: add it to TASKS in its __init__.py."
                )


@every_task
@pytest.mark.parametrize("seed", [0, 7, 2021])
def test_the_answer_passes_and_so_do_other_ways(task, seed):
    for answer in (task.reference, *task.alternatives):
        verdict = judge(task, answer, seed=seed)
        assert verdict.passed, f"{answer.__name__}: {verdict.text}"


@every_task
@pytest.mark.parametrize("seed", [0, 7])
def test_every_mistake_is_rejected_and_named_as_itself(task, seed):
    known = KnownMistakes(task)
    for mistake in task.misconceptions:
        verdict = judge(task, mistake.implementation, seed=seed, known=known)
        assert not verdict.passed, mistake.id
        assert mistake.id in verdict.mistakes, f"{mistake.id}: {verdict.text}"
        assert str(mistake) in verdict.text


@every_task
def test_its_words(task):
    said = [*task.hints, *map(str, task.misconceptions)]
    assert all(len(text) > 10 for text in said) and len(set(said)) == len(said)
    for mistake in task.misconceptions:
        assert mistake.headline.endswith((".", "!", "?")), mistake.headline
        assert mistake.headline[0].isupper() or mistake.headline[0] == "`", mistake.headline


@every_task
def test_every_tensor_it_returns_names_its_axes(task):
    """So that a wrong shape is told by names."""
    for case in task.default_cases:
        value = task.use(task.reference, *case.args, **case.kwargs)
        parts = value if isinstance(value, tuple) else (value,)
        names = task.dimensions
        if not names or isinstance(names[0], str):
            names = (names,) * len(parts)
        for part, axes in zip(parts, names, strict=True):
            if isinstance(part, Tensor):
                assert part.ndim >= len(axes) > 0 or part.ndim == 0, task.id


@every_task
def test_a_wrong_number_is_a_number(task):
    """A tensor there would name the mistake of who returned a tensor, not of who wrote .item()."""
    case = task.default_cases[0]
    if isinstance(task.use(task.reference, *case.args, **case.kwargs), Number):
        for mistake in task.misconceptions:
            outcome = isolate.call(
                partial(task.use, mistake.implementation), case.args, case.kwargs
            )
            value = outcome.value
            assert not isinstance(value, Tensor) or value.numel() > 1, mistake.id


@every_task
@pytest.mark.parametrize("empty", [None, ..., lambda *args, **kwargs: None])
def test_an_untouched_stub_is_not_written_yet(task, empty):
    verdict = judge(task, empty)
    assert not verdict.passed and "not written yet" in verdict.text.lower()


# One text: what `reveal` shows, what solutions/ holds, what the check compares with.

LESSONS = [number for number in catalog.lesson_numbers() if number != "00"]


def cells_of(folder, lesson: str) -> list[str]:
    (path,) = folder.glob(f"{lesson}_*/{lesson}_*.ipynb")
    notebook = notebooks.read(path.read_text(encoding="utf-8"))
    return [cell.source for cell in notebook.cells if cell.cell_type == "code"]


@pytest.mark.parametrize("lesson", LESSONS)
def test_the_solution_holds_the_answers_to_the_letter(lesson):
    cells = [cell.rstrip() + "\n" for cell in cells_of(SOLUTIONS, lesson)]
    for task in catalog.tasks_of(lesson):
        there = source.as_written(task.reference) in cells
        assert there, f"{task.id}: python -m course_utils refresh solutions/{lesson}"


@pytest.mark.parametrize("lesson", LESSONS)
def test_a_solution_has_what_its_tasks_and_its_points_say(lesson):
    (path,) = SOLUTIONS.glob(f"{lesson}_*/{lesson}_*.ipynb")
    book = notebooks.read(path.read_text(encoding="utf-8"))
    bare = notebooks.read(path.read_text(encoding="utf-8"))
    for cell in bare.cells:
        if cell.cell_type != "code":
            continue
        known = cell.metadata.pop("nbgrader", {})
        if known:  # its id is all that may not be lost
            cell.metadata["nbgrader"] = {"grade_id": known["grade_id"]}
        if solution_cells.BEGIN in cell.source:
            cell.source = cell.source.partition(solution_cells.BEGIN)[0] + solution_cells.BEGIN
    solution_cells.derive(bare, lesson)
    assert [cell.metadata for cell in bare.cells] == [cell.metadata for cell in book.cells]
    assert [cell.source for cell in bare.cells] == [cell.source for cell in book.cells]


def test_an_answer_that_no_task_asks_for_is_named():
    cell = new_code_cell("def soft_lok_up(query):\n    ### BEGIN SOLUTION")
    with pytest.raises(ValueError, match="no task of lesson 00 has an answer of that name"):
        solution_cells.derive(new_notebook(cells=[cell]), "00")


@every_task
def test_what_reveal_prints_runs_in_the_learners_notebook(task):
    """In an exercise as it is handed out, after its first cell and with nothing else written."""
    lesson = task.id[:2]
    names = {}
    if lesson != "00":
        exec(cells_of(ROOT / "exercises", lesson)[0], names)
    exec(source.as_shown(task, catalog.tasks_of(lesson)), names)
    verdict = judge(task, names[task.reference.__name__])
    assert verdict.passed, verdict.text
