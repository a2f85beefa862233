"""What a check says, in a notebook and to a grader."""

import html
from dataclasses import dataclass

PRINTED_LINES = 5


@dataclass(frozen=True)
class Verdict:
    """The answer of `check`. True if the task is solved; shows itself at the end of a cell."""

    task_id: str
    title: str
    passed: bool
    text: str
    printed: str = ""  # what the learner's own code printed, for those who debug by print
    mistakes: tuple[str, ...] = ()  # the ids of the known mistakes that were recognised

    def __bool__(self) -> bool:
        return self.passed

    @property
    def headline(self) -> str:
        return f"{'PASSED' if self.passed else 'NOT YET'}  {self.task_id}  {self.title}"

    @property
    def own_words(self) -> str:
        """The first lines of what the learner's code printed."""
        lines = self.printed.strip().splitlines()
        more = ["…"] if len(lines) > PRINTED_LINES else []
        return "\n".join([*(line[:200] for line in lines[:PRINTED_LINES]), *more])

    def __repr__(self) -> str:
        own = f"\n(your code printed: {self.own_words})" if self.own_words else ""
        return f"{self.headline}\n{self.text}{own}"

    def _repr_html_(self) -> str:
        color = "#009E73" if self.passed else "#D55E00"  # beside the word, never instead of it
        _, *rest = repr(self).split("\n")
        body = "<br>".join(html.escape(line) for line in rest)
        # A page makes one blank of two: what stands apart needs a sign of its own.
        return (
            f'<div style="border-left: 4px solid {color}; padding: 2px 12px; max-width: 660px">'
            f"<strong>{'PASSED' if self.passed else 'NOT YET'}</strong> · "
            f"<strong>{html.escape(self.title)}</strong> · <code>{html.escape(self.task_id)}</code>"
            f"<br>{body}</div>"
        )

    def points(self, most: int | float) -> "Points":
        """Show the verdict and return the points for it: `most`, or 0. nbgrader reads them."""
        from IPython.display import display

        display(self)
        return Points(float(most) if self.passed else 0.0, most)


class Points(float):
    """Points of so many. nbgrader reads the bare number, and a reader sees what it is."""

    def __new__(cls, value: float, most: int | float) -> "Points":
        points = super().__new__(cls, value)
        points.most = most
        return points

    def __getnewargs__(self) -> tuple[float, int | float]:  # for copies and pickles
        return float(self), self.most

    def _repr_html_(self) -> str:
        return f"{float(self):g} of {self.most:g} point{'' if self.most == 1 else 's'}"
