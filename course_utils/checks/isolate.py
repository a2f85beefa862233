"""Running a learner's function so that whatever it does, the notebook lives.

It gets copies of its inputs, two seconds, and two more gigabytes. Errors, endless loops, too much
memory and exit() come back as an `Outcome` that says what happened and in which line.

It runs in the notebook's own process, so one thing is out of reach: a single call into C that
neither returns nor looks for signals, such as sum(itertools.count()).
"""

import builtins
import contextlib
import copy
import io
import linecache
import math
import operator
import os
import random
import sys
import sysconfig
import time
import types
from collections.abc import Callable, Iterable, Iterator, Mapping
from dataclasses import dataclass
from typing import Any

import numpy as np
import torch

from course_utils.checks import surroundings
from course_utils.checks.deadline import StopButton, TimeIsUp, call_limited
from course_utils.paths import ROOT

SECONDS = 2.0
GIGABYTES = 2.0
BULKY = 0.5  # gigabytes
NAME = 60  # characters of a class's name
LINE = 200  # characters of an error's text, or of a line of code, that are shown
PRINTED = 1_000  # characters kept of what the function prints
ENDED = "Ended"  # the error of an answer that took the process with it in which it ran


@dataclass
class Outcome:
    """What came of a call: a value, or a problem in words."""

    value: Any = None
    problem: str | None = None
    error: str = ""  # the class of what was raised
    inputs: tuple = ()  # the inputs after the call, to see whether they were changed
    printed: str = ""
    is_bulky: bool = False  # it takes more than BULKY: a few of them, and memory is full
    is_slow_to_compare: bool = False  # it was tried, and once is enough
    gradients: "Outcome | None" = None  # of the inputs, where they were worked out elsewhere

    @property
    def is_costly(self) -> bool:
        """Would it take as long, or as much, on the next case too?"""
        return self.error in (
            "TimeIsUp", "MemoryError", "SystemExit", "KeyboardInterrupt", ENDED,
        )  # fmt: skip


def call(
    function: Callable,
    args: tuple,
    kwargs: Mapping[str, Any] | None = None,
    *,
    seed: int = 0,
) -> Outcome:
    """Call `function` with copies of the arguments; never raises what the function raises.

    Random numbers begin at `seed` and go on afterwards as if nothing had been. The user's own
    KeyboardInterrupt (the stop button) does come through.
    """
    outcome = Outcome()
    guards = (
        surroundings.same_after(),
        _same_dice_after(seed),
        _same_libraries_after(),
        _nobody_there(),
        _limited_memory(outcome),
    )
    return _call(_without_last_words(function), args, kwargs or {}, guards, outcome)


def call_own(function: Callable, args: tuple, kwargs: Mapping[str, Any]) -> Outcome:
    """The same for a function of the course's own, which neither grabs memory nor replaces `sum`.

    A wrong answer is compared with a thousand calls of known mistakes: their guards took longer
    than they did.
    """
    return _call(function, args, kwargs, (_same_dice_after(0),), Outcome())


def _call(
    function: Callable,
    args: tuple,
    kwargs: Mapping[str, Any],
    guards: Iterable[contextlib.AbstractContextManager],
    outcome: Outcome,
) -> Outcome:
    args, kwargs = copy.deepcopy(args), copy.deepcopy(dict(kwargs))
    try:
        with contextlib.ExitStack() as stack:
            printed = stack.enter_context(_paper())
            for guard in guards:
                stack.enter_context(guard)
            process, own = os.getpid(), dict(vars(builtins))
            changed: list[str] = []
            try:
                outcome.value = call_limited(function, args, kwargs, SECONDS)
            finally:
                _put_back_builtins(own, changed)
                if os.getpid() != process:  # a fork of the answer's, which would run the notebook
                    os._exit(0)
                outcome.printed = printed.getvalue()
            if changed:
                raise Replaced(f"builtins.{changed[0]}")
    except StopButton:
        raise KeyboardInterrupt from None
    except BaseException as error:
        said = _text_of(error)
        outcome.error = "MemoryError" if _is_about_memory(error, said) else _name_of(error)
        outcome.problem = _in_words(error, said)
    if type(outcome.value) is types.CoroutineType:  # no `isinstance`, which would ask the value
        outcome.value.close()  # or Python warns that nobody awaited it
    outcome.inputs = (*args, *kwargs.values())
    return outcome


class LastWords(Exception):
    """The function returned something that runs code of its own when it goes."""


def _without_last_words(function: Callable) -> Callable:
    """The function; a result with a `__del__` of the learner's goes while the clock still runs."""

    def called(*args: Any, **kwargs: Any) -> Any:
        value = function(*args, **kwargs)
        farewell = getattr(getattr(type(value), "__del__", None), "__code__", None)
        if farewell is None or not _is_own(farewell.co_filename):
            return value
        name = type(value).__name__[:NAME]
        del value
        raise LastWords(name)

    return called


def _put_back_builtins(own: dict[str, Any], changed: list[str]) -> None:
    """What was replaced or deleted. It uses none of them: they may be what is missing."""
    now = builtins.__dict__
    for key in own:
        if key not in now or now[key] is not own[key]:
            now[key] = own[key]
            changed.append(key)


class _Paper(io.StringIO):
    """Keeps the beginning of what is printed, so that a flood does not fill the memory."""

    def close(self) -> None:
        """Stays open: there is one paper for all calls."""

    def write(self, text: str) -> int:
        super().write(text[: max(0, PRINTED - self.tell())])
        return len(text)


# One for all calls, and never freed: print() in a thread that the function has left behind may
# still hold it without Python's knowing, and would take the kernel down with it.
PAPER = _Paper()


@contextlib.contextmanager
def _paper() -> Iterator[_Paper]:
    """Everything that is printed goes on an empty PAPER; what stood on it comes back at the end."""
    before = PAPER.getvalue()
    PAPER.seek(0)
    PAPER.truncate()
    try:
        with contextlib.redirect_stdout(PAPER), contextlib.redirect_stderr(PAPER):
            yield PAPER
    finally:
        PAPER.seek(0)
        PAPER.truncate()
        PAPER.write(before)


@contextlib.contextmanager
def _limited_memory(outcome: Outcome) -> Iterator[None]:
    """Let the process grow by GIGABYTES and no more, where the system can be told so (Linux).

    Puts down in the outcome whether it has grown by more than BULKY.
    """
    in_use, resident = _memory_in_use()
    if not in_use:
        yield
        return
    import resource

    soft, hard = resource.getrlimit(resource.RLIMIT_AS)
    limit = in_use + int(GIGABYTES * 2**30)
    tightest = [value for value in (limit, soft, hard) if value != resource.RLIM_INFINITY]
    resource.setrlimit(resource.RLIMIT_AS, (min(tightest), hard))
    try:
        yield
    finally:
        resource.setrlimit(resource.RLIMIT_AS, (soft, hard))
        outcome.is_bulky = _memory_in_use()[1] - resident > BULKY * 2**30


def _memory_in_use() -> tuple[int, int]:
    """Bytes of this process's address space, and in memory; (0, 0) if the system does not say."""
    try:
        with open("/proc/self/statm") as statm:
            addresses, resident = statm.read().split()[:2]
        page = os.sysconf("SC_PAGE_SIZE")
        return int(addresses) * page, int(resident) * page
    except (OSError, ValueError):
        return 0, 0


@contextlib.contextmanager
def _same_dice_after(seed: int) -> Iterator[None]:
    """Random numbers begin at the seed inside, and go on afterwards; gradients are kept inside."""
    python, numpy = random.getstate(), np.random.get_state()
    try:
        with torch.random.fork_rng(devices=[]), torch.enable_grad():
            random.seed(seed)
            np.random.seed(seed)
            torch.default_generator.manual_seed(seed)
            yield
    finally:
        random.setstate(python)
        np.random.set_state(numpy)


class Replaced(Exception):
    """The function put something of its own into a library."""


@contextlib.contextmanager
def _same_libraries_after() -> Iterator[None]:
    """Put back what is replaced in the libraries that the checks themselves rely on."""
    before = {name: dict(vars(place)) for name, place in PLACES.items()}
    error = None
    try:
        yield
    finally:
        for name, place in PLACES.items():
            was, now = before[name], vars(place)
            # Quick where nothing has changed: what is new in a dictionary comes last.
            others = len(now) < len(was) or (place is torch.Tensor and len(now) > len(was))
            if not others and all(map(operator.is_, was.values(), now.values())):
                continue
            for key, value in was.items():
                if now.get(key) is value or not (callable(value) or place is OWN):
                    continue
                if place is OWN or _is_foreign(now.get(key)):
                    setattr(place, key, value)
                    error = Replaced(f"{name}.{key}")
            if place is torch.Tensor:  # a method of its base is replaced by a new one here
                for key in [key for key in now if key not in was and hasattr(TENSOR_BASE, key)]:
                    delattr(place, key)
                    error = Replaced(f"torch.Tensor.{key}")
    if error:
        raise error


OWN = sys.modules[__name__]  # its numbers are put back, too
TENSOR_BASE = torch.Tensor.__base__
PLACES = {
    "torch": torch,
    "torch.Tensor": torch.Tensor,
    "F": torch.nn.functional,
    "np": np,
    "math": math,
    "random": random,
    "time": time,
    "copy": copy,
    "the checks": OWN,
}


def _is_foreign(replacement: Any) -> bool:
    """Was it put there by somebody else than the library, which may wrap its own functions late?"""
    if isinstance(replacement, type) and replacement.__module__.partition(".")[0] == "torch":
        return False  # torch.set_default_dtype puts another class in the place of torch.Storage
    code = getattr(replacement, "__code__", None)
    return code is None or _is_own(code.co_filename)


@contextlib.contextmanager
def _nobody_there() -> Iterator[None]:
    """exit() and input() raise. In a notebook the first would let the kernel end after the cell,
    and the second would wait for a person."""

    def leave(*code: Any) -> None:
        raise SystemExit(*code)

    def ask(prompt: object = "") -> str:
        raise EOFError("there is nobody to ask; all that it needs is in its arguments")

    shell = sys.modules["IPython"].get_ipython() if "IPython" in sys.modules else None
    asking, builtins.input = builtins.input, ask
    if shell:
        shell.ask_exit = leave  # what IPython's own exit() calls
    try:
        yield
    finally:
        builtins.input = asking
        if shell:
            del shell.ask_exit


def _is_about_memory(error: BaseException, said: str) -> bool:
    return isinstance(error, MemoryError) or "allocate memory" in said


def _name_of(error: BaseException) -> str:
    return type(error).__name__[:NAME]


def _text_of(error: BaseException) -> str:
    """An error's first line, shortened; some are megabytes long, and some never come to an end."""
    try:
        first = call_limited(_first_line, (error,), {}, SECONDS)
    except (Exception, TimeIsUp):
        first = ""
    return first if len(first) <= LINE else first[: LINE - 1] + "…"


def _first_line(error: BaseException) -> str:
    return str(error).strip().partition("\n")[0]


def _in_words(error: BaseException, said: str) -> str:
    where = _line_of(error)
    if isinstance(error, TimeIsUp):
        return f"It was still running after {SECONDS:.0f} seconds{where}. Is there an endless loop?"
    if _is_about_memory(error, said):
        return f"It asked for more than {GIGABYTES:.0f} GB of memory{where}. Is a size too large?"
    if isinstance(error, SystemExit):
        return f"It called exit(){where}, which would end the notebook. Return a value instead."
    if isinstance(error, Replaced):
        return (
            f"It put something of its own in the place of {said}, for the whole notebook. "
            "(It is back again.) Use a name of your own."
        )
    if isinstance(error, LastWords):
        return f"It returned a {said} with a __del__ of its own. Return plain values."
    if isinstance(error, RecursionError):
        return f"It called itself without end{where}."
    return f"It raised {_name_of(error)}{where}: {said or '(no message)'}"


def _line_of(error: BaseException) -> str:
    """ " in line 3 (`return x / 0`)": the last line of the learner's own that was reached."""
    own = None
    trace = error.__traceback__
    while trace is not None:
        if _is_own(trace.tb_frame.f_code.co_filename):
            own = (trace.tb_frame.f_code.co_filename, trace.tb_lineno)
        trace = trace.tb_next
    if own is None:
        return ""
    source = linecache.getline(*own).strip()[:LINE]
    return f" in line {own[1]}" + (f" (`{source}`)" if source else "")


LIBRARIES = tuple(
    os.path.join(folder, "")
    for folder in (
        *(sysconfig.get_paths()[k] for k in ("stdlib", "platlib", "purelib")),
        str(ROOT / "course_utils"),
    )
)


def _is_own(filename: str) -> bool:
    """Is this the learner's code: neither Python, nor a library, nor the course?"""
    return not filename.startswith(("<frozen", *LIBRARIES))
