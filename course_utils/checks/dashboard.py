"""The dashboard of lesson 00: what was bet, passed, peeked at."""

import html

from course_utils import progress as kept_progress
from course_utils.checks import catalog
from course_utils.paths import LESSON_FILES, NOTEBOOKS, expect_checkout


class Progress:
    """A table of the lessons, the appendix last. Shows itself at the end of a cell."""

    HEADER = ("lesson", "bets placed", "won", "tasks passed", "hints", "answers seen")

    def __init__(self):
        self.rows = [self._row(path.stem) for path in sorted(NOTEBOOKS.glob(LESSON_FILES))]

    @staticmethod
    def _row(lesson: str) -> tuple[str, ...]:
        number = lesson[:2]
        bets = [bet for name, bet in kept_progress.bets().items() if name.startswith(f"{number}.")]
        declared = (
            [t.id for t in catalog.tasks_of(number)] if number in catalog.lesson_numbers() else []
        )
        kept = kept_progress.tasks()
        done = [kept[task_id] for task_id in declared if task_id in kept]
        return (
            lesson.replace("_", " "),
            str(len(bets)),
            str(sum(bet["right"] for bet in bets)),
            f"{sum(t['passed'] for t in done)} of {len(declared)}",
            str(sum(t["hints"] for t in done)),
            str(sum(t["revealed"] for t in done)),
        )

    def __repr__(self) -> str:
        table = [self.HEADER, *self.rows]
        widths = [max(len(row[i]) for row in table) for i in range(len(self.HEADER))]
        return "\n".join(
            "  ".join(cell.ljust(width) for cell, width in zip(row, widths, strict=True)).rstrip()
            for row in table
        )

    def _repr_html_(self) -> str:
        def line(cells, tag):
            return (
                "<tr>" + "".join(f"<{tag}>{html.escape(cell)}</{tag}>" for cell in cells) + "</tr>"
            )

        body = "".join(line(row, "td") for row in self.rows)
        return f"<table><thead>{line(self.HEADER, 'th')}</thead><tbody>{body}</tbody></table>"


def progress() -> Progress:
    """What you have bet, passed and looked up so far, lesson by lesson."""
    expect_checkout("progress(), which lists the lessons,")
    return Progress()
