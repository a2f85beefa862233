"""`python -m course_utils reproduce relays`: what stops a star from copying?

Lesson 14's own question, on the copying task of Yun et al. 2020: how many of the symbols get
through one relay, and through two; with more heads, with longer vectors, with a smaller alphabet;
and what patience brings. The paper has no such table.
"""

import json
import statistics
from collections.abc import Callable, Iterator
from dataclasses import asdict, dataclass, replace
from pathlib import Path
from typing import Any

import numpy as np

from course_utils.experiments import described
from course_utils.experiments.experiment import read_stored, results_folder
from course_utils.experiments.store import where, write_file
from course_utils.experiments.tasks import copying
from course_utils.experiments.tasks.copying import Settings
from course_utils.patterns import Pattern, fixed, sequential, star, window

EARLY = 300  # steps after which the lesson looks for the first time


@dataclass(frozen=True)
class Variant:
    """Who may look at whom in both layers of a copier, and what is other than in the lesson."""

    name: str
    pattern: Callable[[int], Any]  # of n, what `copying.train` takes
    settings: Settings


@dataclass(frozen=True)
class Size:
    steps: int
    early: int
    seeds: int
    like: Settings


SIZES = {
    "quick": Size(steps=6, early=3, seeds=1, like=replace(copying.SIZES["quick"], every=3)),
    "laptop": Size(steps=1_200, early=EARLY, seeds=3, like=Settings()),
    "paper": Size(steps=4_800, early=EARLY, seeds=5, like=Settings()),
}


def with_relays(n: int, *relays: int) -> Pattern:
    """Neighbours, and relays that hear everybody and are heard by everybody."""
    return Pattern.from_rule(
        n, lambda q, k: (abs(q - k) <= 1) | np.isin(q, relays) | np.isin(k, relays)
    )


def variants(size: Size) -> Iterator[Variant]:
    """Those that are given time, and stars that differ from the lesson's in one thing each."""
    patient = replace(size.like, steps=size.steps)
    brief = replace(size.like, steps=size.early)
    yield Variant("one relay", lambda n: with_relays(n, 0), patient)
    yield Variant("two relays", lambda n: with_relays(n, 0, n // 2), patient)
    yield Variant("star", star, patient)
    yield Variant("fixed, 4", lambda n: sequential(fixed(n, 4)), patient)
    yield Variant("window, 9", lambda n: window(n, 9), patient)
    yield Variant("window, 12", lambda n: window(n, 12), patient)
    yield Variant("star, one head", star, replace(brief, n_heads=1))
    yield Variant("star, 16 heads", star, replace(brief, n_heads=16))
    yield Variant("star, 8 symbols", star, replace(brief, length=8))
    yield Variant("star, 8 symbols, twice as long vectors", star,
                  replace(brief, length=8, d_model=2 * brief.d_model))  # fmt: skip
    yield Variant("star, an alphabet of two", star, replace(brief, n_symbols=2))


def measure(variant: Variant, size: Size) -> dict[str, Any]:
    """How many symbols were copied early and at the end, from each beginning, luck included."""
    settings = variant.settings
    early, late = [], []
    for seed in range(size.seeds):
        copied = copying.train(variant.pattern(settings.n), 2, seed=seed, settings=settings)
        # Who copies perfectly stops before the early look, and keeps what it can.
        looks = [right for step, right in zip(copied.steps, copied.accuracy, strict=True)
                 if step <= size.early]  # fmt: skip
        early.append(round(settings.length * looks[-1], 2))
        late.append(round(settings.length * copied.final, 2))
    return {
        "name": variant.name,
        "settings": asdict(settings),
        "luck": round(settings.length / settings.n_symbols, 2),
        "early": early,
        "end": late,
    }


def stored() -> dict[str, Any]:
    """The results that come with the course: "rows", by "name"."""
    return read_stored("relays-laptop.json")


def text(row: dict[str, Any]) -> str:
    """A row for people: means over the beginnings, and from where to where."""
    length, steps = row["settings"]["length"], row["settings"]["steps"]
    early, end = (statistics.fmean(row[when]) for when in ("early", "end"))
    spread = f"{min(row['end']):.1f} to {max(row['end']):.1f}"
    return (
        f"{row['name']:40} {early:5.1f} early, {end:5.1f} ({spread}) of {length} "
        f"after {steps:,} steps; luck is {row['luck']}"
    )


def main(arguments: list[str]) -> int:
    """Train, print, and write JSON; the exit status."""
    chosen = described.parser("relays").parse_args(arguments)
    path, size = results_folder(chosen.out) / f"relays-{chosen.size}.json", SIZES[chosen.size]
    rows = []
    for variant in variants(size):
        rows.append(measure(variant, size))
        print(text(rows[-1]), flush=True)
        write(path, chosen.size, size, rows)
    print(f"\nResults: {path}")
    return 0


def write(path: Path, name: str, size: Size, rows: list[dict[str, Any]]) -> None:
    about = {"experiment": "relays", "size": name, "early": size.early, "seeds": size.seeds}
    about |= where()
    write_file(path, (json.dumps(about | {"rows": rows}, indent=1) + "\n").encode("utf-8"))
