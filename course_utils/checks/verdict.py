"""What a check says, in a notebook and to a grader."""

import html
from dataclasses import dataclass

PRINTED_LINES = 5

# How an answer can fail, from the outside to the inside. These words stay what they are when the
# sentences around them change: records and reports count by them.
FAILURES = (
    "not written",  # nothing was put in the place of the three dots
    "not callable",  # not the function or class itself
    "returns nothing",
    "error",  # it raised something
    "time",
    "memory",
    "exit",  # it ended, or was ended by, the process in which it ran
    "kind",  # a list for a tensor, floats for whole numbers
    "shape",
    "numbers",
    "changed input",
    "gradient",
    "not repeatable",  # asked twice, it gave two results
)


@dataclass(frozen=True)
class Verdict:
    """The answer of `check`. True if the task is solved; shows itself at the end of a cell."""

    task_id: str
    title: str
    passed: bool
    text: str
    printed: str = ""  # what the learner's own code printed, for those who debug by print
    mistakes: tuple[str, ...] = ()  # the ids of the known mistakes that were recognised
    case: str = ""  # the first case on which it is wrong
    failure: str = ""  # the kind of failure, one of FAILURES; "" if it passed
    seconds: float = 0.0  # that the check took

    def __bool__(self) -> bool:
        return self.passed

    @property
    def data(self) -> dict[str, object]:
        """The verdict for programs: plain values under stable names.

        `misconception` is the stable id of the (first) known mistake, "03.soft_lookup/angles", or
        None; `also` those of the others.
        """
        named = [f"{self.task_id}/{mistake}" for mistake in self.mistakes]
        return {
            "task": self.task_id,
            "passed": self.passed,
            "misconception": named[0] if named else None,
            "also": named[1:],
            "case": self.case or None,
            "failure": self.failure or None,
            "seconds": round(self.seconds, 3),
        }

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
