"""Running a learner's function so that whatever it does, the notebook lives.

It gets copies of its inputs, two seconds, and two more gigabytes. Errors, endless loops, too much
memory and sys.exit() come back as an `Outcome` that says what happened and in which line.
"""

import contextlib
import copy
import ctypes
import io
import linecache
import random
import signal
import threading
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass
from typing import Any

import numpy as np
import torch

SECONDS = 2.0
GIGABYTES = 2.0
PRINTED = 1_000  # characters kept of what the function prints


class TimeIsUp(BaseException):
    """Raised in a function that runs too long; `except Exception` does not catch it."""


@dataclass
class Outcome:
    """What came of a call: a value, or a problem in words."""

    value: Any = None
    problem: str | None = None
    error: str = ""  # the class of what was raised
    inputs: tuple = ()  # the inputs after the call, to see whether they were changed
    printed: str = ""


def call(function: Callable, args: tuple, kwargs: Mapping[str, Any] | None = None) -> Outcome:
    """Call `function` with copies of the arguments; never raises what the function raises.

    A KeyboardInterrupt (the stop button) is the learner's own wish and does come through.
    """
    args, kwargs = copy.deepcopy(args), copy.deepcopy(dict(kwargs or {}))
    printed = _Paper()
    outcome = Outcome()
    try:
        with _same_state_after(), _limited_memory(), contextlib.redirect_stdout(printed):
            with contextlib.redirect_stderr(printed), _limited_time():
                outcome.value = function(*args, **kwargs)
    except KeyboardInterrupt:
        raise
    except BaseException as error:
        outcome.problem = _in_words(error, function)
        outcome.error = type(error).__name__
    outcome.inputs = (*args, *kwargs.values())
    outcome.printed = printed.getvalue()
    return outcome


class _Paper(io.StringIO):
    """Keeps the beginning of what is printed, so that a flood does not fill the memory."""

    def write(self, text: str) -> int:
        super().write(text[: max(0, PRINTED - self.tell())])
        return len(text)


@contextlib.contextmanager
def _limited_time() -> Iterator[None]:
    """Raise TimeIsUp inside the block after SECONDS, and again if the block swallows it."""
    on_main = threading.current_thread() is threading.main_thread()
    with _alarm() if on_main and hasattr(signal, "setitimer") else _watchdog():
        yield


@contextlib.contextmanager
def _alarm() -> Iterator[None]:
    def ring(signum, frame):
        raise TimeIsUp

    before = signal.signal(signal.SIGALRM, ring)
    signal.setitimer(signal.ITIMER_REAL, SECONDS, 0.1)
    try:
        yield
    finally:
        signal.setitimer(signal.ITIMER_REAL, 0)
        signal.signal(signal.SIGALRM, before)


@contextlib.contextmanager
def _watchdog() -> Iterator[None]:
    """Where there is no alarm clock (Windows, other threads): a thread that raises in this one."""
    done = threading.Event()
    patient = ctypes.c_ulong(threading.get_ident())

    def watch() -> None:
        wait = SECONDS
        while not done.wait(wait):
            ctypes.pythonapi.PyThreadState_SetAsyncExc(patient, ctypes.py_object(TimeIsUp))
            wait = 0.1

    thread = threading.Thread(target=watch, daemon=True)
    thread.start()
    try:
        yield
    finally:
        done.set()
        thread.join()


@contextlib.contextmanager
def _limited_memory() -> Iterator[None]:
    """Let the process grow by GIGABYTES and no more, where the system can be told so (Linux)."""
    try:
        import resource

        with open("/proc/self/statm") as statm:
            in_use = int(statm.read().split()[0]) * resource.getpagesize()
    except (ImportError, OSError):
        yield
        return
    soft, hard = resource.getrlimit(resource.RLIMIT_AS)
    limit = in_use + int(GIGABYTES * 2**30)
    tightest = [value for value in (limit, soft, hard) if value != resource.RLIM_INFINITY]
    resource.setrlimit(resource.RLIMIT_AS, (min(tightest), hard))
    try:
        yield
    finally:
        resource.setrlimit(resource.RLIMIT_AS, (soft, hard))


@contextlib.contextmanager
def _same_state_after() -> Iterator[None]:
    """Random numbers, default dtype, threads: as they were, whatever the function set."""
    python, numpy = random.getstate(), np.random.get_state()
    dtype, threads = torch.get_default_dtype(), torch.get_num_threads()
    try:
        with torch.random.fork_rng(devices=[]), torch.enable_grad():
            yield
    finally:
        random.setstate(python)
        np.random.set_state(numpy)
        torch.set_default_dtype(dtype)
        if torch.get_num_threads() != threads:
            torch.set_num_threads(threads)


def _in_words(error: BaseException, function: Callable) -> str:
    where = _line_of(error, function)
    if isinstance(error, TimeIsUp):
        return f"It was still running after {SECONDS:.0f} seconds{where}. Is there an endless loop?"
    if isinstance(error, MemoryError) or "allocate memory" in str(error):
        return f"It asked for more than {GIGABYTES:.0f} GB of memory{where}. Is a size too large?"
    if isinstance(error, SystemExit):
        return f"It called exit(){where}, which would end the notebook. Return a value instead."
    if isinstance(error, RecursionError):
        return f"It called itself without end{where}."
    message = str(error).splitlines()[0] if str(error) else "(no message)"
    return f"It raised {type(error).__name__}{where}: {message}"


def _line_of(error: BaseException, function: Callable) -> str:
    """ " in line 3 (`return x / 0`)", of the learner's own code."""
    code = getattr(function, "__code__", None)
    own = None
    trace = error.__traceback__
    while trace is not None:
        filename = trace.tb_frame.f_code.co_filename
        if filename == getattr(code, "co_filename", None):
            own = (filename, trace.tb_lineno)
        trace = trace.tb_next
    if own is None:
        return ""
    source = linecache.getline(*own).strip()
    return f" in line {own[1]}" + (f" (`{source}`)" if source else "")
