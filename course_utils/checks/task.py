"""How an exercise is declared: once, with everything that its check needs.

A lesson's tasks are in one module, `checks/lesson_03.py`, in a list called TASKS:

    def double(x):
        return 2 * x

    def squared(x):
        return x**2

    def double_cases(seed):
        generator = torch.Generator().manual_seed(seed)
        for n in (3, 5):  # several shapes: an answer that fits one by luck must not pass
            yield Case(f"{n} numbers", (torch.randn(n, generator=generator),))

    TASKS = [
        Task(
            id="03.double",
            title="Twice as much",
            reference=double,
            cases=double_cases,
            dimensions=("n",),
            misconceptions=[
                Misconception("squared", squared, "You squared: that doubles 2 and nothing else."),
                …
            ],
            hints=["Two of each.", "Multiply.", "By 2."],
            alternatives=[lambda x: x + x],
        )
    ]

`check("03.double", answer)` runs the answer on every case and compares it with the reference. If it
is wrong, it is compared with every misconception on the same inputs, and if one of them gives the
same wrong results, that is what the learner is told. What nobody foresaw gets the most specific
true statement: the shape by the names in `dimensions`, the place of the first NaN, what
`properties` find (see properties.py), or the largest difference.

Where the learner writes a class, `use` says what is done with it, and a case's arguments are what
`use` gets: `use=lambda cls, d, x: cls(d)(x)` with `Case("…", (4, torch.ones(2, 4)))`; reference and
misconceptions are classes then too. A result of several tensors has names for each in
`dimensions`: `(("n_query", "d_value"), ("n_query", "n_key"))`; they are those of the last axes.

`tests/unit/test_exercise_declarations.py` holds every declaration to this: the reference and the
alternatives pass, every misconception is rejected and named as itself, there are at least three
hints. An exercise notebook ends each task with `check("03.double", double).points(2)`.
"""

import difflib
import functools
import importlib
import re
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any


@dataclass(frozen=True)
class Case:
    """One call of the learner's function: a name for it, and what it is given."""

    name: str
    args: tuple
    kwargs: Mapping[str, Any] = field(default_factory=dict)


@dataclass(frozen=True)
class Misconception:
    """A real wrong implementation, what to call it, and what to tell who wrote it."""

    name: str
    implementation: Callable
    explanation: str


def call(answer: Callable, *args: Any, **kwargs: Any) -> Any:
    """What is done with most answers."""
    return answer(*args, **kwargs)


class UnknownTask(LookupError):
    """There is no task of that id."""


@dataclass(frozen=True)
class Task:
    """An exercise task; see the module's docstring."""

    id: str
    title: str
    reference: Callable
    cases: Callable[[int], Iterable[Case]]
    misconceptions: Sequence[Misconception]
    hints: Sequence[str]
    dimensions: tuple = ()  # of the result, for errors that name them
    properties: Sequence[Callable] = ()
    alternatives: Sequence[Callable] = ()
    gradient: bool = False  # the result must let gradients through to its inputs
    praise: str = ""
    use: Callable = call

    def __post_init__(self):
        if not re.fullmatch(r"\d\d\.[a-z0-9_]+", self.id):
            raise ValueError(f'a task\'s id is like "03.padding_mask", got {self.id!r}.')
        if len(self.hints) < 3:
            raise ValueError(f"{self.id} has {len(self.hints)} hints; a ladder has at least 3.")
        if not self.misconceptions:
            raise ValueError(f"{self.id} foresees no misconception: a check that names none.")

    @functools.cached_property
    def default_cases(self) -> list[Case]:
        return self.cases_for(0)

    def cases_for(self, seed: int) -> list[Case]:
        """The cases of a seed. A task without cases would pass anything, so that is an error."""
        cases = list(self.cases(seed))
        if not cases:
            raise ValueError(f"{self.id} yields no cases, so it would pass anything.")
        return cases


def lesson_numbers() -> list[str]:
    """The lessons that declare tasks: ["01", "02", …]."""
    folder = Path(__file__).parent
    return sorted(path.stem.removeprefix("lesson_") for path in folder.glob("lesson_*.py"))


def tasks_of(lesson: str) -> list[Task]:
    """The tasks of a lesson, "03", in their order."""
    return list(importlib.import_module(f"course_utils.checks.lesson_{lesson}").TASKS)


def find(task_id: str) -> Task:
    """The task of that id. UnknownTask names the nearest ids if there is none."""
    lesson = str(task_id)[:2]
    if lesson in lesson_numbers():
        for task in tasks_of(lesson):
            if task.id == task_id:
                return task
    known = [task.id for number in lesson_numbers() for task in tasks_of(number)]
    near = difflib.get_close_matches(str(task_id), known, n=3, cutoff=0.3) or known[:3]
    raise UnknownTask(f"There is no task {task_id!r}. Did you mean {' or '.join(near)}?")
