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
        headline, *rest = repr(self).split("\n")
        body = "<br>".join(html.escape(line) for line in rest)
        return (
            f'<div style="border-left: 4px solid {color}; padding: 2px 12px; max-width: 660px">'
            f"<strong>{html.escape(headline)}</strong><br>{body}</div>"
        )

    def points(self, most: int | float) -> float:
        """Show the verdict and return the points for it: `most`, or 0. nbgrader reads them."""
        from IPython.display import display

        display(self)
        return float(most) if self.passed else 0.0
