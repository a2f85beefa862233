"""`python -m course_utils reproduce sparse`: which patterns are good enough, and for what?

The four experiments of Yun et al. 2020 (arXiv 2006.04862): patterns × sparsity × configurations,
on a copying task, a language model, translation and classification.
"""

import argparse
import importlib
import json
import os
from functools import partial
from pathlib import Path
from types import ModuleType
from typing import Any

from course_utils import plots
from course_utils.atomic import write_atomically
from course_utils.experiments import report
from course_utils.experiments.runs import Run, Store, carry_out
from course_utils.paths import ROOT, learner_folder

TASKS = {
    "copying": "course_utils.experiments.tasks.copying",
    "lm": "course_utils.experiments.tasks.language",
    "translation": "course_utils.experiments.tasks.translation",
    "classification": "course_utils.experiments.tasks.classification",
}
SOURCE = "Yun et al. 2020, arXiv 2006.04862"
SIZES = ("quick", "laptop", "paper")
STORED = ROOT / "course_utils" / "experiments" / "results"


def main(arguments: list[str]) -> int:
    """Measure what is missing, then say what it adds up to; the exit status."""
    chosen = options(arguments)
    folder = chosen.out or learner_folder() / "reproduced"
    names = list(TASKS) if chosen.task is None else [chosen.task]
    try:
        for name in names:
            reproduce(name, chosen.size, folder, chosen.workers, chosen.scheduler)
    except KeyboardInterrupt:
        print(f"\nStopped. Finished runs are in {folder}: the same command goes on from there.")
        return 130
    return 0


def options(arguments: list[str]) -> argparse.Namespace:
    parser = argparse.ArgumentParser(
        prog="python3 -m course_utils reproduce sparse",
        description="The experiments of Yun et al. 2020 on sparse attention.",
        allow_abbrev=False,
    )
    parser.add_argument(
        "--size", choices=SIZES, default="quick",
        help="half a minute; an hour and a half on a laptop; the paper's, if you have the machines",
    )  # fmt: skip
    parser.add_argument("--task", choices=list(TASKS), help="one of the four; all without it")
    parser.add_argument(
        "--workers", type=int, default=os.cpu_count() or 1, metavar="N",
        help="how many runs at a time on this machine; one for each core if not given",
    )  # fmt: skip
    parser.add_argument(
        "--scheduler", metavar="ADDRESS", help="run on a Dask cluster: tcp://host:8786"
    )
    parser.add_argument("--out", type=Path, metavar="FOLDER", help="where results are written")
    chosen = parser.parse_args(arguments)
    if chosen.workers < 1:
        parser.error(f"--workers is a number of 1 or more, got {chosen.workers}")
    return chosen


def reproduce(
    name: str, size: str, folder: Path, workers: int = 1, scheduler: str | None = None
) -> Path:
    """Carry out what is missing of one task; the path of its results, with a figure beside it."""
    task = task_named(name)
    settings, runs = task.SIZES[size], task.runs(size)
    store = open_store(name, size, folder)
    if store.trouble:
        print(store.trouble)
    missing = store.missing(runs)
    print(f"{name}, {size}: {len(runs)} runs, {len(missing)} of them to do.", flush=True)
    measure = partial(task.measure, settings=settings)
    done = len(runs) - len(missing)
    try:
        for run, result in carry_out(measure, missing, workers=workers, scheduler=scheduler):
            store.add(run, result)
            done += 1
            value = f"{task.METRIC} {result[task.METRIC]:.3f}"
            print(f"{done:4} of {len(runs)}  {run}: {value}, {result['seconds']:.0f} s", flush=True)
    finally:  # what is there says something, even if it is not all
        summary(store, task, [run for run in runs if run in store.results])
    return store.path


def summary(store: Store, task: ModuleType, runs: list[Run]) -> None:
    """Means and spreads of these runs: into the file, as a figure beside it, and to the reader."""
    if not runs:
        return
    rows = report.table({run: store.results[run] for run in runs}, task.METRIC)
    store.write(**{"source": SOURCE, "paper says": task.PAPER_SAYS, "table": rows})
    picture = store.path.with_suffix(".png")
    write_atomically(picture, plots.png(task.figure(rows)))
    print(report.text(rows, task.METRIC))
    print("The paper says:", *task.PAPER_SAYS, sep="\n  ")
    print(f"Results: {store.path}, {picture.name}", flush=True)


def stored(name: str, size: str = "laptop") -> dict[str, Any]:
    """The results that come with the course: "settings", "table" (rows), "runs", "paper says" …"""
    path = STORED / f"sparse-{name}-{size}.json"
    return json.loads(path.read_text(encoding="utf-8"))


def task_named(name: str) -> ModuleType:
    return importlib.import_module(TASKS[name])


def open_store(name: str, size: str, folder: Path) -> Store:
    """The results of a task so far, to which others can be added."""
    task = task_named(name)
    about = {"experiment": "sparse", "task": name, "size": size, "metric": task.METRIC}
    return Store(folder / f"sparse-{name}-{size}.json", about, task.SIZES[size])
