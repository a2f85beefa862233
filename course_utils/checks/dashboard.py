"""The board of lesson 00: where to go on, what was bet, passed, peeked at, and what is to come."""

import html
import json
import os
import re
from dataclasses import dataclass
from functools import cached_property
from pathlib import Path

from course_utils import progress as kept_progress
from course_utils.checks import catalog
from course_utils.paths import EXERCISES, LESSON_FILES, LESSON_NUMBER, NOTEBOOKS, expect_checkout

# How the lessons say in their openings what they take: *Half an hour.*
MINUTES = {
    "Five minutes": 5, "Ten minutes": 10, "A quarter of an hour": 15, "Twenty minutes": 20,
    "Twenty-five minutes": 25, "Half an hour": 30, "Thirty-five minutes": 35, "Forty minutes": 40,
    "Three quarters of an hour": 45,
}  # fmt: skip
BET = re.compile(rf"""\bbet\(\s*["']({LESSON_NUMBER}\.\w+)["']""")


@dataclass(frozen=True)
class Lesson:
    """One lesson and what was done in it: `bets` and `tasks` that it has, by id."""

    name: str  # 03_attention
    minutes: int
    bets: dict[str, dict | None]  # None: not placed yet
    tasks: dict[str, dict | None]  # None: not tried yet

    @classmethod
    def read(cls, path: Path, kept: dict) -> "Lesson":
        """The lesson in the notebook at `path`, with what the learner's progress says of it."""
        cells = json.loads(path.read_text(encoding="utf-8"))["cells"]
        sources = ["".join(cell["source"]) for cell in cells]
        takes = re.search(r"(?m)^\*([^.*]+)\.", sources[0])
        number = path.stem[:2]
        tasks = catalog.tasks_of(number) if number in catalog.lesson_numbers() else []
        return cls(
            path.stem,
            MINUTES.get(takes[1], 0) if takes else 0,
            {bet: kept["bets"].get(bet) for bet in BET.findall("\n".join(sources))},
            {task.id: kept["tasks"].get(task.id) for task in tasks},
        )

    @property
    def title(self) -> str:
        return self.name.replace("_", " ")

    @property
    def notebook(self) -> str:
        return f"notebooks/{self.name}.ipynb"

    @property
    def exercise(self) -> str:
        """Where its tasks are; in the lesson itself, if it has no exercise of its own."""
        place = f"{self.name}/{self.name}.ipynb"
        return f"exercises/{place}" if (EXERCISES / place).exists() else self.notebook

    @property
    def is_begun(self) -> bool:
        return any([*self.bets.values(), *self.tasks.values()])

    @property
    def open_bets(self) -> int:
        return sum(bet is None for bet in self.bets.values())

    @property
    def open_tasks(self) -> int:
        return sum(not (task and task["passed"]) for task in self.tasks.values())

    @property
    def is_done(self) -> bool:
        return not self.open_bets and not self.open_tasks

    @property
    def bet_signs(self) -> str:
        """A sign for each bet, and in words how many were won."""
        signs = "".join(
            "○" if not bet else "✓" if bet["right"] else "✗" for bet in self.bets.values()
        )
        placed = [bet for bet in self.bets.values() if bet]
        won = sum(bet["right"] for bet in placed)
        told = f"{won} of {len(placed)} won" if placed else "none yet" if signs else ""
        return f"{hidden(signs)} {told}".strip()

    @property
    def task_signs(self) -> str:
        passed = (bool(task and task["passed"]) for task in self.tasks.values())
        return hidden("".join("■" if one else "□" for one in passed))

    @property
    def row(self) -> tuple[str, ...]:
        bets = [bet for bet in self.bets.values() if bet]
        tasks = [task for task in self.tasks.values() if task]
        return (
            self.title,
            str(self.minutes),
            f"{len(bets)} of {len(self.bets)}",
            str(sum(bet["right"] for bet in bets)),
            f"{len(self.tasks) - self.open_tasks} of {len(self.tasks)}",
            str(sum(task["hints"] for task in tasks)),
            str(sum(task["revealed"] for task in tasks)),
        )


class Progress:
    """The board, the appendix last. Shows itself at the end of a cell, with links."""

    HEADER = ("lesson", "minutes", "bets placed", "won", "tasks passed", "hints", "answers seen")

    def __init__(self):
        kept = kept_progress.read()
        paths = sorted(NOTEBOOKS.glob(LESSON_FILES))
        self.lessons = [Lesson.read(path, kept) for path in paths]
        self.numbered = [lesson for lesson in self.lessons if lesson.name[0].isdigit()]

    @cached_property
    def next(self) -> tuple[str, str, str]:
        """(what to say before the link, its words, the notebook): the step after the last one.

        That is the rest of the lesson that was begun last, then its exercise, then the next lesson.
        What was left open before that comes when the end has been reached.
        """
        begun = [at for at, lesson in enumerate(self.numbered) if lesson.is_begun]
        if not begun:
            first = self.numbered[0]
            return "Begin here", first.title, first.notebook
        here = begun[-1]
        left = [lesson for lesson in self.numbered[:here] if not lesson.is_done]
        for lesson in [*self.numbered[here:], *left]:
            if lesson.open_bets:
                return "Go on", lesson.title, lesson.notebook
            if lesson.open_tasks:
                return "Go on", f"the exercise of {lesson.title}", lesson.exercise
        return "All done. Once more", self.numbered[0].title, self.numbered[0].notebook

    @property
    def summary(self) -> str:
        bets = [bet for lesson in self.lessons for bet in lesson.bets.values() if bet]
        to_go = [lesson for lesson in self.numbered if not lesson.is_done]
        won = f"{sum(bet['right'] for bet in bets)} of {len(bets)} bets won"
        return (
            f"{len(self.numbered) - len(to_go)} of {len(self.numbered)} lessons done, "
            f"{won if bets else 'no bet placed yet'}, "
            f"{sum(lesson.minutes for lesson in to_go)} minutes of lessons to go."
        )

    def __repr__(self) -> str:
        table = [self.HEADER, *(lesson.row for lesson in self.lessons)]
        widths = [max(len(row[i]) for row in table) for i in range(len(self.HEADER))]
        lines = [
            "  ".join(cell.ljust(width) for cell, width in zip(row, widths, strict=True)).rstrip()
            for row in table
        ]
        say, _, place = self.next
        return "\n".join([f"{say}: {place}", self.summary, "", *lines])

    def _repr_html_(self) -> str:
        return f'<div style="max-width: 900px">{self._next_as_html()}{self._table_as_html()}</div>'

    def _next_as_html(self) -> str:
        """Where to go on, how far that is, and a bar of the lessons that are done."""
        say, words, place = self.next
        done = sum(lesson.is_done for lesson in self.numbered)
        return (
            f'<div style="border: 1px solid {LINE}; border-left: 6px solid #0072B2; '
            'border-radius: 6px; padding: 10px 16px; margin: 0 0 12px">'
            f'<div style="font-size: 1.25em"><strong>{say}: {link(html.escape(words), place)}'
            f"</strong></div><div>{self.summary}</div>"
            f'<progress max="{len(self.numbered)}" value="{done}" aria-label="lessons done" '
            'style="width: 100%; accent-color: #009E73"></progress></div>'
        )

    def _table_as_html(self) -> str:
        """A row a lesson, a sign for each bet and task: what is open is seen, not only counted."""
        look = f"white-space: nowrap; padding: 4px 6px; border-bottom: 1px solid {LINE}"
        left = f'style="text-align: left; {look}"'
        right = f'style="text-align: right; {look}"'
        head = "".join(f"<th {left if name in SIGNED else right}>{name}</th>" for name in COLUMNS)
        rows = []
        for lesson in self.lessons:
            _, minutes, _, _, passed, hints, seen = (html.escape(cell) for cell in lesson.row)
            tasks, number = f"{lesson.task_signs} {passed}", lesson.name[:2]
            cells = [
                link(html.escape(lesson.title), lesson.notebook),
                minutes,
                lesson.bet_signs,
                link(tasks, lesson.exercise, f"exercise {number}: {passed}")
                if lesson.tasks
                else tasks,
                hints,
                seen,
            ]
            row = "".join(
                f"<td {left if name in SIGNED else right}>{cell}</td>"
                for name, cell in zip(COLUMNS, cells, strict=True)
            )
            rows.append(f"<tr>{row}</tr>")
        return (
            '<div style="overflow-x: auto">'
            '<table style="width: 100%; border-collapse: collapse; margin: 0; font-size: 13px">'
            f"<thead><tr>{head}</tr></thead><tbody>{''.join(rows)}</tbody></table></div>"
            "<p><small>Bets: ✓ won, ✗ lost, ○ not placed yet. Tasks: ■ passed, □ open. "
            "Answers: how many you had shown.</small></p>"
        )


LINE = "var(--jp-border-color2, #ccc)"  # the theme's, and a light page's where there is none
COLUMNS = ("lesson", "minutes", "bets", "tasks", "hints", "answers")
SIGNED = ("lesson", "bets", "tasks")  # those that begin at the left


def hidden(signs: str) -> str:
    """Signs for the eye; a screen reader would spell them, and the words beside them say more."""
    look = "display: inline-block; letter-spacing: 1px; min-width: 4.8em"
    return f'<span aria-hidden="true" style="{look}">{signs}</span>' if signs else ""


def link(words: str, place: str, name: str = "") -> str:
    """A link to a notebook of the course, as the notebook that asks sees it; else the words.

    `name` is what a screen reader calls it, where the words say too little when heard alone.
    """
    label = f' aria-label="{html.escape(name)}"' if name else ""
    here = Path.cwd()
    for root in (here, *here.parents):
        if (root / place).exists():
            address = Path(os.path.relpath(root / place, here)).as_posix()
            return f'<a href="{address}"{label}>{words}</a>'
    return words


def progress() -> Progress:
    """Where to go on, and what you have bet, passed and looked up so far, lesson by lesson."""
    expect_checkout("progress(), which lists the lessons,")
    return Progress()
