"""Which section of a lesson a student should read again.

Nobody wrote that down for hundreds of mistakes, so it is looked up: the section of the task's
lesson that shares the most rare words, and names in code, with the task and with what was said of
the answer.
"""

import functools
import math
import re
from collections import Counter
from dataclasses import dataclass

from course_utils import notebook
from course_utils.checks.task import Task
from course_utils.paths import LESSON_FILES, NOTEBOOKS

WORD = re.compile(r"[A-Za-z_]{3,}")
LAST = ("So what", "To look it up", "Sources", "Nothing more")


@dataclass(frozen=True)
class Section:
    lesson: str  # 03_attention
    title: str
    words: tuple[str, ...]

    def __str__(self) -> str:
        return f"lesson {self.lesson[:2]}, “{self.title}”"


@functools.cache
def sections(lesson: str) -> list[Section]:
    """The sections of lesson "03", in their order; [] where there are no notebooks."""
    found: list[Section] = []
    for path in NOTEBOOKS.glob(LESSON_FILES):
        if not path.name.startswith(lesson):
            continue
        title, text = "", ""
        for cell in notebook.read(path.read_text(encoding="utf-8")).cells:
            for line in cell.source.splitlines():
                heading = re.match(r"#{1,3} (.+)", line) if cell.cell_type == "markdown" else None
                if heading:
                    found += [Section(path.stem, title, _words(text))] if title else []
                    title, text = heading[1].strip(), ""
                text += "\n" + line
        found += [Section(path.stem, title, _words(text))] if title else []
    return [one for one in found if not one.title.startswith(LAST)]


def _words(text: str) -> tuple[str, ...]:
    return tuple(word.lower() for word in WORD.findall(text))


def to_read_again(task: Task, said: str = "") -> Section | None:
    """The section for a task, and for what was said of the answer; None if there are none."""
    among = sections(task.id[:2])
    if not among:
        return None
    asked = Counter(_words(f"{task.title} {' '.join(task.hints)} {task.id[3:]}"))
    asked += Counter(_words(said))
    in_how_many = Counter(word for section in among for word in set(section.words))

    def likeness(section: Section) -> float:
        there = Counter(section.words)
        score = sum(
            math.log(1 + len(among) / in_how_many[word])
            * math.log(1 + times)
            * math.log(1 + there[word])
            for word, times in asked.items()
            if word in there
        )
        return score / (100 + len(section.words)) ** 0.6

    return max(among, key=likeness)
