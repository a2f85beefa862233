"""What happened in a training run, step by step."""

import json
import math
from dataclasses import asdict, dataclass, field
from pathlib import Path

from course_utils.atomic import write_atomically
from course_utils.paths import expanded


@dataclass
class History:
    """The curves of a training run. Losses are means per token, in nats.

    `steps` counts from 1; `losses[i]` is that of `steps[i]`, measured before the step was taken.
    `valid_losses` belong to `valid_steps`. `seconds` by the clock and `tokens` are totals over all
    runs that were resumed; `processor_seconds` add up the threads of this process, and say more on
    a machine that does other things too. `stopped` says why it ended: "steps" (all were done),
    "minutes", "patience", "enough", "interrupted", or "" while it is going on.
    """

    steps: list[int] = field(default_factory=list)
    losses: list[float] = field(default_factory=list)
    valid_steps: list[int] = field(default_factory=list)
    valid_losses: list[float] = field(default_factory=list)
    seconds: float = 0.0
    processor_seconds: float = 0.0
    tokens: int = 0
    stopped: str = ""

    @property
    def best(self) -> tuple[int, float]:
        """The step with the lowest validation loss, and that loss; NaN is above every number."""
        if not self.valid_losses:
            raise ValueError("nothing was measured on validation data: give `valid` to fit.")
        measured = zip(self.valid_steps, self.valid_losses, strict=True)
        return min(measured, key=lambda pair: (math.isnan(pair[1]), pair[1]))

    @property
    def recent(self) -> float:
        """The training loss now: its mean over the last twentieth of the steps."""
        if not self.losses:
            raise ValueError("no step has been taken yet.")
        last = self.losses[-max(1, len(self.losses) // 20) :]
        return sum(last) / len(last)

    def averaged(self, every: int) -> tuple[list[int], list[float]]:
        """The training loss averaged over `every` steps each: (last step of each, means)."""
        if every < 1:
            raise ValueError(f"every is a number of steps, 1 or more, got {every}.")
        starts = range(0, len(self.steps), every)
        means = [sum(part) / len(part) for part in (self.losses[i : i + every] for i in starts)]
        return [self.steps[min(i + every, len(self.steps)) - 1] for i in starts], means

    def save(self, path: str | Path) -> None:
        """Write JSON that `load` reads, digit for digit."""
        write_atomically(expanded(path), (json.dumps(asdict(self)) + "\n").encode("utf-8"))

    @classmethod
    def load(cls, path: str | Path) -> "History":
        """Read what `save` wrote. ValueError that names the file if it is something else."""
        path = expanded(path)
        try:
            return cls(**json.loads(path.read_text(encoding="utf-8")))
        except (TypeError, ValueError) as error:
            raise ValueError(f"{path.name} was not written by History.save: {error}.") from error
