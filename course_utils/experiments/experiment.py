"""An experiment: a paper's claims as trials of several tasks, carried out by one command.

`python -m course_utils reproduce NAME` measures what is missing, stores every result as it comes
and sums up what is there: a table, a figure, and what the paper says.
"""

import argparse
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from functools import partial
from pathlib import Path
from types import ModuleType
from typing import Any

from matplotlib.figure import Figure

from course_utils import plots
from course_utils.experiments import described, report
from course_utils.experiments.store import Store, read_json, write_file
from course_utils.experiments.trials import Candidate, Trial
from course_utils.experiments.workers import carry_out
from course_utils.paths import ROOT, expanded, learner_folder
from course_utils.problem import Problem

STORED = ROOT / "course_utils" / "experiments" / "results"  # what comes with the course


@dataclass(frozen=True)
class Part:
    """One task of an experiment: what is tried on it, and what is said and drawn of the results.

    `task` is a module of `experiments.tasks`: SIZES (its settings), METRIC and `measure`. `sizes`
    are other settings of that task, if the experiment has its own.
    """

    task: ModuleType
    trials: Callable[[str], list[Trial]]  # of a size
    paper_says: list[str]
    figure: Callable[[list[report.Row]], Figure]
    sizes: Mapping[str, Any] | None = None

    def settings(self, size: str) -> Any:
        return (self.task.SIZES if self.sizes is None else self.sizes)[size]


@dataclass(frozen=True)
class Experiment:
    """A paper's experiment. Every trial is compared with `baseline` of the same depth and seed.

    With `from_stored` the results that come with the course are taken as a beginning: only what is
    new is measured.
    """

    name: str
    source: str
    parts: dict[str, Part]
    baseline: Candidate
    from_stored: bool = False

    def store(self, part: str, size: str, folder: Path) -> Store:
        """The results of a part so far, to which others can be added."""
        chosen = self.parts[part]
        metric = chosen.task.METRIC
        about = {"experiment": self.name, "task": part, "size": size, "metric": metric}
        return Store(folder / self.file(part, size), about, chosen.settings(size))

    def file(self, part: str, size: str) -> str:
        return f"{self.name}-{part}-{size}.json"

    def stored(self, part: str, size: str = "laptop") -> dict[str, Any]:
        """The results that come along: "settings", "table" (rows), "runs", "paper says" …"""
        path = STORED / self.file(part, size)
        if not path.exists():
            there = ", ".join(sorted(found.stem for found in STORED.glob(f"{self.name}-*.json")))
            raise Problem(f"no {path.stem} comes with the course; there are {there}.")
        return read_stored(path.name)

    def reproduce(
        self,
        part: str,
        size: str,
        folder: Path,
        *,
        workers: int = 1,
        scheduler: str | None = None,
    ) -> Path:
        """Carry out what is missing of one part; the path of its results, with a figure beside."""
        task, trials = self.parts[part].task, self.parts[part].trials(size)
        come_along, begun = STORED / self.file(part, size), folder / self.file(part, size)
        if self.from_stored and come_along.exists() and not begun.exists():
            write_file(begun, come_along.read_bytes())
        store = self.store(part, size, folder)
        if store.trouble:
            print(store.trouble)
        missing = store.missing(trials)
        print(f"{part}, {size}: {len(trials)} runs, {len(missing)} of them to do.", flush=True)
        measure = partial(task.measure, settings=self.parts[part].settings(size))
        done = len(trials) - len(missing)
        try:
            for trial, result in carry_out(measure, missing, workers=workers, scheduler=scheduler):
                store.add(trial, result)
                done += 1
                value = f"{task.METRIC} {result[task.METRIC]:.3f}"
                took = f"{result['seconds']:.0f} s"
                print(f"{done:4} of {len(trials)}  {trial}: {value}, {took}", flush=True)
        finally:  # what is there says something, even if it is not all
            self.sum_up(part, store, trials)
        return store.path

    def sum_up(self, name: str, store: Store, trials: list[Trial]) -> None:
        """Means and spreads of what is finished: into the file, as a figure, and to the reader."""
        part, results = self.parts[name], store.results(trials)
        if not results:
            return
        rows = report.table(results, part.task.METRIC, self.baseline)
        store.write(
            source=self.source,
            baseline=str(self.baseline),
            **{"paper says": part.paper_says, "table": rows},
        )
        picture = store.path.with_suffix(".png")
        write_file(picture, plots.png(part.figure(rows)))
        print(report.text(rows, part.task.METRIC, str(self.baseline)))
        print("The paper says:", *part.paper_says, sep="\n  ")
        print(f"Results: {store.path}, {picture.name}", flush=True)

    def main(self, arguments: list[str]) -> int:
        """The command `reproduce`; the exit status."""
        return self.measure_all(described.parser(self.name).parse_args(arguments))

    def measure_all(self, chosen: argparse.Namespace) -> int:
        """Measure what is missing, then say what it adds up to; the exit status."""
        folder = results_folder(chosen.out)
        try:
            for part in self.parts if chosen.task is None else [chosen.task]:
                self.reproduce(
                    part, chosen.size, folder, workers=chosen.workers, scheduler=chosen.scheduler
                )
        except KeyboardInterrupt:
            print(f"\nStopped. Finished runs are in {folder}: the same command goes on from there.")
            return 130
        return 0


def read_stored(name: str) -> Any:
    """A file of results that comes with the course. Problem if it is damaged or cannot be read."""
    path = STORED / name
    try:
        return read_json(path)
    except ValueError as error:
        raise Problem(
            f"{path} is damaged ({error}): take it from the course's download again."
        ) from error


def results_folder(out: Path | None) -> Path:
    """Where results go. Problem, before hours of training, if that can be no folder."""
    folder = learner_folder() / "reproduced" if out is None else expanded(out)
    try:
        folder.mkdir(parents=True, exist_ok=True)
    except (OSError, ValueError) as error:
        why = getattr(error, "strerror", None) or error
        raise Problem(f"{folder} cannot hold results: {why}. Name a folder with --out.") from error
    return folder
