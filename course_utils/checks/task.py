"""How an exercise is declared: a file for each task, with everything that its check needs.

    course_utils/exercises/lesson_03/double.py

    \"\"\"Twice as much.\"\"\"

    import torch

    from course_utils.checks.task import Case, Task

    task = Task(
        "03.double",
        "Twice as much",
        section="Who is shouting?",
        dimensions=("n",),
        hints=["Two of each.", "Multiply.", "By 2."],
        praise="Right, and twice.",
    )

    @task.answer
    def double(x):
        ### BEGIN SOLUTION
        return 2 * x
        ### END SOLUTION

    @task.cases
    def cases(seed):
        generator = torch.Generator().manual_seed(seed)
        for n in (3, 5):  # several shapes: an answer that fits one by luck must not pass
            yield Case(f"{n} numbers", (torch.randn(n, generator=generator),))

    @task.also_right
    def by_adding(x):
        return x + x

    @task.mistake
    def squared(x):
        \"\"\"You squared.

        That doubles 2 and nothing else.
        \"\"\"
        return x**2

`check("03.double", answer)` runs the learner's answer on every case and compares it with this one.
If it is wrong, it is compared with every mistake on the same inputs, and if one of them gives the
same wrong results, that is what the learner is told: the docstring's first paragraph, then the
rest. What nobody foresaw gets the most specific true statement: the shape by the names in
`dimensions`, the place of the first NaN, what a `@task.property` finds (see properties.py), or the
largest difference.

`section` is the heading in the lesson's notebook under which a student should read again, the
lesson's own title where that is before its first heading. It stands on the pages for students and
teachers.

The answer is one text for everybody. The solution's notebook holds it as it stands here, markers
included, the exercise's notebook without what is between them, and `reveal` prints it. So it may
use what the notebook's first cell imports and what earlier tasks of the lesson ask for (import
those from their files), and nothing else of this file.

Where the learner writes a class, `use` says what is done with it, and a case's arguments are what
`use` gets: `use=lambda cls, d, x: cls(d)(x)` with `Case("…", (4, torch.ones(2, 4)))`; answer and
mistakes are classes then too. A result of several tensors has names for each in `dimensions`:
`(("n_query", "d_value"), ("n_query", "n_key"))`; they are those of the last axes.

Where what an answer returns is a module that `use` puts on trial, say `makes_modules=True`. In a
class `use` then runs beside the right answer, and asks a mirror of the module, which lives in the
process of the student's code (`course_utils.classroom.mirror`).

A mistake that comes out of a builder has no docstring of its own:
`task.mistake(made, id="squared", says="You squared.\\n\\nThat doubles 2 and nothing else.")`. Its
id, or the function's name, is how a mistake is called in stored verdicts, so it stays what it is
when the wording changes.

The lesson's `__init__.py` lists its tasks in their order. `tests/unit/exercises/` holds every
declaration to this: the answer and what is also right pass, every mistake is rejected and named as
itself, there are at least three hints. A notebook ends each task with
`check("03.double", double).points(2)`.
"""

import functools
import inspect
import re
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

from course_utils.paths import LESSON_NUMBER


@dataclass(frozen=True)
class Case:
    """One call of the learner's function: a name for it, and what it is given."""

    name: str
    args: tuple
    kwargs: Mapping[str, Any] = field(default_factory=dict)


@dataclass(frozen=True)
class Misconception:
    """A real wrong implementation, what to call it, and what to tell who wrote it."""

    id: str
    implementation: Callable
    headline: str  # "You squared."
    explanation: str

    def __str__(self) -> str:
        return f"{self.headline} {self.explanation}"


def call(answer: Callable, *args: Any, **kwargs: Any) -> Any:
    """What is done with most answers."""
    return answer(*args, **kwargs)


class Task:
    """An exercise's task; see the module's docstring."""

    def __init__(
        self,
        id: str,
        title: str,
        *,
        hints: Sequence[str],
        section: str = "",  # of the lesson, to read again; "" where there is none
        dimensions: tuple = (),  # of the result, for errors that name them
        gradient: bool = False,  # the result lets gradients through, and they are the right ones
        praise: str = "Right, on every case.",
        use: Callable = call,
        makes_modules: bool = False,  # `use` puts modules on trial, which the answer makes
        properties: Sequence[Callable] = (),
    ):
        if not re.fullmatch(rf"{LESSON_NUMBER}\.[a-z0-9_]+", id):
            raise ValueError(f'a task\'s id is like "03.padding_mask", got {id!r}.')
        if len(hints) < 3:
            raise ValueError(f"{id} has {len(hints)} hints; a ladder has at least 3.")
        self.id, self.title, self.hints, self.praise = id, title, list(hints), praise
        self.section = section
        self.dimensions, self.gradient, self.use = dimensions, gradient, use
        self.makes_modules = makes_modules
        self.properties = list(properties)
        self.reference: Callable | None = None
        self.make_cases: Callable[[int], Iterable[Case]] | None = None
        self.misconceptions: list[Misconception] = []
        self.alternatives: list[Callable] = []

    # Decorators: each keeps what it is given, and hands it back.

    def answer(self, reference: Callable) -> Callable:
        """The right answer, as the learner would write it."""
        self.reference = reference
        return reference

    def cases(self, make_cases: Callable[[int], Iterable[Case]]) -> Callable:
        """What answers are tried on: a function of a seed that yields Cases."""
        self.make_cases = make_cases
        return make_cases

    def also_right(self, alternative: Callable) -> Callable:
        """A right answer written another way, which has to pass."""
        self.alternatives.append(alternative)
        return alternative

    def mistake(self, wrong: Callable, *, says: str | None = None, id: str | None = None):
        """A wrong answer that people write; `says` and `id` stand in for its docstring and name."""
        name = id or wrong.__name__
        headline, _, explanation = inspect.cleandoc(says or wrong.__doc__ or "").partition("\n\n")
        if not explanation:
            raise ValueError(
                f"{self.id}: the mistake {name} needs a docstring of two paragraphs: what was done "
                "(one sentence), then why that is not right."
            )
        if any(known.id == name for known in self.misconceptions):
            raise ValueError(f"{self.id}: two mistakes are called {name}; give one another name.")
        told = (" ".join(part.split()) for part in (headline, explanation))
        self.misconceptions.append(Misconception(name, wrong, *told))
        return wrong

    def property(self, statement: Callable) -> Callable:
        """A statement that a right answer keeps, for wrong ones that nobody foresaw."""
        self.properties.append(statement)
        return statement

    # What the check asks for.

    def declared(self) -> "Task":
        """The task itself, once it is whole. ValueError names what is missing."""
        for what, there in (
            ("@task.answer", self.reference),
            ("@task.cases", self.make_cases),
            ("@task.mistake", self.misconceptions),
        ):
            if not there:
                raise ValueError(f"{self.id} has no {what}.")
        return self

    @functools.cached_property
    def default_cases(self) -> list[Case]:
        return self.cases_for(0)

    def cases_for(self, seed: int) -> list[Case]:
        """The cases of a seed. A task without cases would pass anything, so that is an error."""
        cases = list(self.make_cases(seed))
        if not cases:
            raise ValueError(f"{self.id} yields no cases, so it would pass anything.")
        return cases
