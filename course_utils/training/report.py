"""What a training run shows while it goes on: a live curve in a notebook, lines in a terminal.

The palette and the final figure are those of `plots`, which is imported where it is needed: loading
matplotlib takes half a second, and in a terminal nobody draws.
"""

import html
import math
import time
from numbers import Real

from course_utils.training.history import History

POINTS = 200  # of a curve, at most: more cannot be told apart
SECONDS_BETWEEN = 0.4  # two drawings; each takes about a millisecond


Show = bool | str  # True, False or "briefly"


def report_on(steps: int, every: int, show: Show) -> "TrainingReport":
    """The right report for where the program runs. Briefly: without a curve, without a summary."""
    if show not in (True, False, "briefly"):
        raise ValueError(f'show is True, False or "briefly", got {show!r}.')
    if not show:
        return TrainingReport(steps, every)
    if in_notebook():
        return (BriefNotebookReport if show == "briefly" else NotebookReport)(steps, every)
    return TerminalReport(steps, every)


def in_notebook() -> bool:
    """Whether a kernel runs this, which can show more than text."""
    try:
        from IPython import get_ipython
    except ImportError:
        return False
    return hasattr(get_ipython(), "kernel")


class TrainingReport:
    """Shows nothing; and what those that show something have in common."""

    def __init__(self, steps: int, every: int):
        self.steps, self.every = steps, every
        self.began = 0, 0.0, 0  # steps, seconds and tokens when this process took over

    def start(self, history: History) -> None:
        """Called once before the first step, and with a past if the run was resumed."""
        self.began = len(history.steps), history.seconds, history.tokens

    def step(self, history: History) -> None:
        """Called after each step."""

    def finish(self, history: History) -> None:
        """Called once at the end, however it came."""

    def progress(self, history: History) -> str:
        """ "step 120 of 900 · loss 5.32 · valid 5.40 · 2,310 tokens/s · 2 min left"."""
        parts = [f"step {len(history.steps):,} of {self.steps:,}"]
        if history.steps:
            recent = history.losses[-self.every :]
            parts.append(f"loss {sum(recent) / len(recent):.3f}")
        if history.valid_losses:
            parts.append(f"valid {history.valid_losses[-1]:.3f}")
        step, seconds, tokens = self.began
        spent, done = history.seconds - seconds, len(history.steps) - step
        if done and spent > 0:
            parts.append(f"{(history.tokens - tokens) / spent:,.0f} tokens/s")
            parts.append(f"{in_words(spent / done * (self.steps - len(history.steps)))} left")
        return " · ".join(parts)


class TerminalReport(TrainingReport):
    """Plain text: a line every `every` steps."""

    def step(self, history: History) -> None:
        if len(history.steps) % self.every == 0 or len(history.steps) == self.steps:
            print(self.progress(history), flush=True)

    def finish(self, history: History) -> None:
        print(summary(history), flush=True)


class NotebookReport(TrainingReport):
    """A curve in the notebook, drawn anew in the same place; at the end a figure and one line.

    The figure's alternative text is known before the first step and is the first thing sent: nbval,
    which sees nothing but that, finds what is stored. The numbers stand in the line below.
    """

    def __init__(self, steps: int, every: int):
        super().__init__(steps, every)
        self.alt = (
            f"A curve: the loss over the training steps, {steps:,} of them planned. "
            "The line below says where it began and where it ended."
        )
        self.drawn = -math.inf  # the first picture always comes, also on a machine just started
        self.handle = None  # IPython's, of the one output; there from `start` on

    def start(self, history: History) -> None:
        super().start(history)
        from IPython.display import display

        self.handle = display({"text/plain": self.alt}, raw=True, display_id=True)

    def step(self, history: History) -> None:
        now = time.monotonic()
        if now - self.drawn > SECONDS_BETWEEN:
            self.drawn = now
            live = {"text/html": self.page(history), "text/plain": self.alt}
            self.handle.update(live, raw=True)

    def finish(self, history: History) -> None:
        from course_utils import plots

        if history.steps:
            data, metadata = plots.picture(plots.loss_curve(history), self.alt)
            self.handle.update(data, metadata=metadata, raw=True)
        print(summary(history))

    def page(self, history: History) -> str:
        """Progress bar, numbers and curve as HTML, in the colors of the page around it."""
        return self.bar(history) + curve(history)

    def bar(self, history: History) -> str:
        numbers = html.escape(self.progress(history))
        return (
            f'<progress max="{self.steps}" value="{len(history.steps)}" style="width: 100%" '
            f'aria-label="training steps done"></progress><div>{numbers}</div>'
        )


class BriefNotebookReport(NotebookReport):
    """A bar and numbers while it goes on; at the end one line, and a second if it was stopped.

    For a run whose curve is drawn elsewhere, or is not what one came for.
    """

    def __init__(self, steps: int, every: int):
        super().__init__(steps, every)
        self.alt = f"Training, {steps:,} steps."

    def finish(self, history: History) -> None:
        self.handle.update({"text/plain": self.alt}, raw=True)
        if history.stopped != "steps":
            print(summary(history))

    def page(self, history: History) -> str:
        return self.bar(history)


def curve(history: History, width: int = 640, height: int = 160) -> str:
    """The training loss as an SVG line, with its scale at the left; the valid loss as dots."""
    from course_utils import plots

    steps, losses = history.averaged(max(1, math.ceil(len(history.steps) / POINTS)))
    measured = zip(history.valid_steps, history.valid_losses, strict=True)
    valid = [(step, loss) for step, loss in measured if math.isfinite(loss)]
    shown = losses + [loss for _, loss in valid]
    low, high = math.floor(min(shown)), math.ceil(max(shown))
    high = max(high, low + 1)

    def place(step: int, loss: Real) -> tuple[float, float]:
        across = 40 + (width - 50) * step / max(history.steps)
        return round(across, 1), round(8 + (height - 16) * (high - loss) / (high - low), 1)

    line = " ".join(f"{x},{y}" for x, y in map(place, steps, losses))
    dots = "".join(
        f'<circle cx="{x}" cy="{y}" r="3" fill="{plots.ORANGE}"/>'
        for x, y in (place(step, loss) for step, loss in valid)
    )
    marks = "".join(
        f'<text x="0" y="{place(0, loss)[1] + 4}" font-size="12" fill="currentColor">{loss}</text>'
        for loss in (low, high)
    )
    return (
        f'<svg viewBox="0 0 {width} {height}" width="{width}" role="img" aria-label="loss so far" '
        f'style="max-width: 100%">{marks}{dots}'
        f'<polyline points="{line}" fill="none" stroke="{plots.SKY}" stroke-width="2"/></svg>'
    )


ENDINGS = {
    "steps": "all steps done",
    "minutes": "the time is up",
    "patience": "validation got no better",
    "enough": "validation got as good as asked for",
    "interrupted": "interrupted; everything so far is kept",
}


def summary(history: History) -> str:
    """The last line. Where it ended is said so coarsely that it is the same on every machine."""
    ending = ENDINGS.get(history.stopped, "stopped")
    line = f"{len(history.steps):,} steps, {history.tokens:,} tokens: {ending}."
    if history.steps:
        end = ceiling(history.recent)
        line += f" Loss: {history.losses[0]:.1f} at first, in the end below {end}."
    return line


def ceiling(loss: Real) -> float:
    """The next half above a loss, and above the few hundredths that machines differ by."""
    return math.ceil(2 * loss + 0.1) / 2


def in_words(seconds: Real) -> str:
    """ "40 s", "3 min", "1 h 20 min"."""
    if seconds < 90:
        return f"{seconds:.0f} s"
    minutes = round(seconds / 60)
    return f"{minutes} min" if minutes < 60 else f"{minutes // 60} h {minutes % 60} min"
