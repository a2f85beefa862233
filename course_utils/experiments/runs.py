"""Many training runs: each a value, side by side on processes or a cluster, stored as they finish.

All runs of a task lie in one JSON file, which is written anew, atomically, after every run. So an
experiment can be stopped at any moment; whoever starts it again pays for the missing runs only.
"""

import importlib
import json
import multiprocessing
import platform
import signal
from collections.abc import Callable, Iterator, Sequence
from concurrent.futures import Executor, ProcessPoolExecutor, as_completed
from concurrent.futures.process import BrokenProcessPool
from contextlib import contextmanager
from dataclasses import asdict, dataclass, replace
from pathlib import Path
from typing import Any

import torch

import course_utils
from course_utils.atomic import write_atomically
from course_utils.experiments.choices import Choice
from course_utils.problem import Problem
from course_utils.training import parallel
from course_utils.training.history import History

Result = dict[str, Any]


@dataclass(frozen=True)
class Run:
    """One model to train: for which task, connected how, how deep, from which beginning."""

    task: str
    choice: Choice
    n_layers: int
    seed: int

    def __str__(self) -> str:
        layers = "1 layer" if self.n_layers == 1 else f"{self.n_layers} layers"
        return f"{self.task}: {self.choice}, {layers}, seed {self.seed}"


def from_json(stored: dict[str, Any]) -> Run:
    return Run(**{**stored, "choice": Choice(**stored["choice"])})


# Carrying them out


def carry_out(
    measure: Callable[[Run], Result],
    runs: Sequence[Run],
    *,
    workers: int = 1,
    scheduler: str | None = None,
) -> Iterator[tuple[Run, Result]]:
    """Yields each run with its result as soon as it is finished, in whatever order that is.

    With `workers=1` here, one after the other; with more, in so many processes of one thread each;
    with the address of a Dask `scheduler`, on its cluster. Problem if that cannot be reached.
    """
    if scheduler is None and workers == 1:
        yield from ((run, one_thread(measure, run)) for run in runs)
        return
    with executor(workers, scheduler) as pool:
        waiting = {pool.submit(one_thread, measure, run): run for run in runs}
        try:
            for done in as_completed(waiting):
                yield waiting[done], done.result()
        except BrokenProcessPool:
            raise Problem(
                "a process was killed from outside, perhaps for want of memory. The same command "
                "goes on with what is missing; fewer --workers need less."
            ) from None
        finally:  # after an interruption nothing new is begun
            for future in waiting:
                future.cancel()


def one_thread(measure: Callable[[Run], Result], run: Run) -> Result:
    """Processes that run side by side are faster with a thread each."""
    before = torch.get_num_threads()
    torch.set_num_threads(1)
    try:
        return measure(run)
    finally:
        torch.set_num_threads(before)


@contextmanager
def executor(workers: int, scheduler: str | None) -> Iterator[Executor]:
    """Something with `submit`: processes of this machine, or a Dask cluster."""
    if scheduler is None:
        # A fresh interpreter each: a copy of this one would carry torch's locked threads along.
        context = multiprocessing.get_context("spawn")
        with ProcessPoolExecutor(workers, context, initializer=end_in_silence) as pool:
            yield pool
        return
    with dask_client(scheduler) as client, client.get_executor() as pool:
        yield pool


def end_in_silence() -> None:
    """Ctrl-C reaches every process: this one says it, the others have nothing to add."""
    signal.signal(signal.SIGINT, signal.SIG_DFL)


def dask_client(address: str) -> Any:
    """A connection to a Dask scheduler. Dask is no part of the course's environment."""
    try:
        distributed = importlib.import_module("distributed")
    except ImportError:
        raise Problem(
            "--scheduler needs Dask, which does not come with the course: pip install distributed"
        ) from None
    try:
        return distributed.Client(address, timeout="10s")
    except (OSError, ValueError) as error:
        raise Problem(f"there is no Dask scheduler at {address}: {error}") from error


def finished(history: History) -> None:
    """Nothing may be made of a training that Ctrl-C has cut short."""
    if history.stopped == "interrupted":
        raise KeyboardInterrupt


# On the disk


class Store:
    """The finished runs of one task in one file, with everything that led to them."""

    def __init__(self, path: Path, about: dict[str, Any], settings: Any):
        self.path = path
        # As they come back from the disk: tuples are lists there.
        self.about = json.loads(json.dumps({**about, "settings": asdict(settings)}))
        self.results: dict[Run, Result] = {}
        self.trouble = ""  # what was wrong with the file that was there
        if path.exists():
            self._read()

    def _read(self) -> None:
        try:
            stored = json.loads(self.path.read_text(encoding="utf-8"))
            results = {from_json(entry["run"]): entry["result"] for entry in stored["runs"]}
            about = {name: stored[name] for name in self.about}
        except (ValueError, KeyError, TypeError, AttributeError) as error:
            aside = self.path.with_suffix(".damaged")
            self.path.replace(aside)
            self.trouble = f"{self.path.name} was damaged ({error}): set aside as {aside.name}."
            return
        if about != self.about:
            other = [name for name in about if about[name] != self.about[name]]
            raise Problem(
                f"{self.path} holds an experiment with other {', '.join(other)}: "
                "name another folder with --out."
            )
        self.results = results

    def missing(self, runs: Sequence[Run]) -> list[Run]:
        return [run for run in runs if run not in self.results]

    def add(self, run: Run, result: Result) -> None:
        self.results[run] = result
        self.write()

    def write(self, **more: Any) -> None:
        """`more` is what was made of the results: a table, say. Each run is one line."""
        head = json.dumps({**self.about, **where(), **more}, indent=1, ensure_ascii=False)
        runs = [
            json.dumps({"run": asdict(run), "result": result}, ensure_ascii=False)
            for run, result in self.results.items()
        ]
        text = head.removesuffix("\n}") + ',\n "runs": [\n  ' + ",\n  ".join(runs) + "\n ]\n}\n"
        write_atomically(self.path, text.encode("utf-8"))


def where() -> dict[str, Any]:
    """The versions and the hardware that a result depends on."""
    device = parallel.device()
    name = torch.cuda.get_device_name(device) if device.type == "cuda" else platform.machine()
    return {
        "versions": {"python": platform.python_version(), "torch": torch.__version__,
                     "course": course_utils.__version__},
        "hardware": f"{name} {device.type.upper()}, one thread a run",
    }  # fmt: skip


def with_seeds(runs: Sequence[Run], n_seeds: int) -> list[Run]:
    """Each run from so many beginnings; all first ones come before any second one."""
    return [replace(run, seed=seed) for seed in range(n_seeds) for run in runs]
