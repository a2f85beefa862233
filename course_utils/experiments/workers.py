"""Many trials side by side: in processes of this machine, or on a cluster."""

import importlib
import logging
import math
import multiprocessing
import signal
import time
import warnings
from collections.abc import Callable, Collection, Iterator, Sequence
from concurrent.futures import (
    FIRST_COMPLETED,
    CancelledError,
    Executor,
    Future,
    ProcessPoolExecutor,
    wait,
)
from concurrent.futures.process import BrokenProcessPool
from contextlib import contextmanager
from functools import partial
from typing import Any

import torch

from course_utils.experiments.trials import Trial
from course_utils.problem import Problem
from course_utils.training.health import Diverged

Result = dict[str, Any]
CONNECTING = "10s"  # for a Dask scheduler to answer
LOOK_AGAIN = 2.0  # seconds between two looks at whether a cluster has workers


def carry_out(
    measure: Callable[[Trial], Result],
    trials: Sequence[Trial],
    *,
    workers: int = 1,
    scheduler: str | None = None,
) -> Iterator[tuple[Trial, Result]]:
    """Yields each trial with its result as soon as it is finished, in whatever order that is.

    With `workers=1` here, one after the other; with more, in so many processes of one thread each
    (and in no more than there are trials); with the address of a Dask `scheduler`, on its cluster.
    A trial that diverges does not keep the others from their end, where a Problem names it. Problem
    also if a scheduler cannot be reached.
    """
    broken = []
    for trial, outcome in outcomes(measure, trials, workers, scheduler):
        try:
            result = outcome()
        except Diverged as error:
            broken.append(f"{trial}: {error}")
        else:
            yield trial, result
    if broken:
        raise Problem("\n".join([f"{len(broken)} of {len(trials)} runs have no result.", *broken]))


def outcomes(
    measure: Callable[[Trial], Result],
    trials: Sequence[Trial],
    workers: int,
    scheduler: str | None,
) -> Iterator[tuple[Trial, Callable[[], Result]]]:
    """Yields each trial with a function that returns its result, or raises what it ended with."""
    if scheduler is None and workers == 1:
        yield from ((trial, partial(one_thread, measure, trial)) for trial in trials)
        return
    with executor(min(workers, max(1, len(trials))), scheduler) as pool:
        waiting = {pool.submit(one_thread, measure, trial): trial for trial in trials}
        try:
            while waiting:
                for done in first_done(pool, waiting):
                    error = done.exception()
                    if isinstance(error, BrokenProcessPool):
                        raise error
                    yield waiting.pop(done), done.result
        except BrokenProcessPool:
            raise Problem(
                "a process was killed from outside, perhaps for want of memory. The same command "
                "goes on with what is missing; fewer --workers need less."
            ) from None
        finally:  # after an interruption nothing new is begun
            for future in waiting:
                future.cancel()


def one_thread(measure: Callable[[Trial], Result], trial: Trial) -> Result:
    """Processes that run side by side are faster with a thread each."""
    before = torch.get_num_threads()
    torch.set_num_threads(1)
    try:
        return measure(trial)
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
    with dask_client(scheduler) as client:
        pool = Cluster(client, scheduler)
        try:
            yield pool
        finally:  # what nobody waits for any more is not begun
            pool.shutdown(wait=False)


def end_in_silence() -> None:
    """Ctrl-C reaches every process: this one says it, the others have nothing to add."""
    signal.signal(signal.SIGINT, signal.SIG_DFL)


class Cluster(Executor):
    """A Dask cluster that fails as a pool of processes does.

    A task that took its workers with it is a BrokenProcessPool, a lost scheduler a Problem.
    """

    def __init__(self, client: Any, address: str):
        self._client, self._address = client, address
        self._was_deserted = False
        # `pure` would take equal arguments for one and the same task, failed ones included.
        self._pool = client.get_executor(pure=False)

    @property
    def workers(self) -> int:
        """How many tasks it works on at once: 0 while it has no workers."""
        return sum(self._client.nthreads().values())

    def say_if_deserted(self) -> None:
        """A line when it has no worker, once until it has one again."""
        try:
            is_deserted = not self.workers
        except OSError:  # the scheduler has gone, which its tasks will say
            return
        if is_deserted and not self._was_deserted:
            print(
                f"The Dask cluster at {self._address} has no worker: waiting for one. Start it "
                f"with: dask worker {self._address} --nthreads 1",
                flush=True,
            )
        self._was_deserted = is_deserted

    def submit(self, function: Callable, /, *arguments: Any, **named: Any) -> Future:
        ours: Future = Future()
        with warnings.catch_warnings():
            warnings.filterwarnings("ignore", "Sending large graph")  # a large notebook is no fault
            theirs = self._pool.submit(function, *arguments, **named)
        theirs.add_done_callback(lambda done: _pass_on(done, ours))
        return ours

    def shutdown(self, wait: bool = True, *, cancel_futures: bool = False) -> None:
        self._pool.shutdown(wait=wait)


def first_done(
    pool: Executor, futures: Collection[Future], seconds: float = math.inf
) -> set[Future]:
    """Those that are done, one at least; none after so many seconds in which none was.

    It is said meanwhile if there is nobody to do them.
    """
    end = time.monotonic() + seconds
    while True:
        left = max(0.0, end - time.monotonic())
        done = wait(futures, min(left, LOOK_AGAIN), return_when=FIRST_COMPLETED).done
        if done or left <= LOOK_AGAIN:
            return done
        if isinstance(pool, Cluster):
            pool.say_if_deserted()


def _pass_on(done: Future, ours: Future) -> None:
    """What came of Dask's future, in the words of a pool of processes."""
    if not ours.set_running_or_notify_cancel():
        return
    error = CancelledError() if done.cancelled() else done.exception()
    if error is None:
        ours.set_result(done.result())
    elif type(error).__name__ == "KilledWorker":
        ours.set_exception(BrokenProcessPool(str(error)))
    elif isinstance(error, CancelledError):
        ours.set_exception(
            Problem(
                "the connection to the Dask scheduler was lost. What was finished is kept: the "
                "same command goes on with the rest."
            )
        )
    else:
        ours.set_exception(error)


def dask_client(address: str) -> Any:
    """A connection to a Dask scheduler. Dask is no part of the course's environment."""
    try:
        distributed = importlib.import_module("distributed")
    except ImportError:
        raise Problem(
            "--scheduler needs Dask, which does not come with the course: pip install distributed"
        ) from None
    # A lost connection is said in a sentence of ours; Dask's own are forty lines of traceback.
    logging.getLogger("distributed.client").setLevel(logging.CRITICAL)
    try:
        return distributed.Client(address, timeout=CONNECTING)
    except (OSError, ValueError) as error:
        raise Problem(f"there is no Dask scheduler at {address}: {error}") from error
