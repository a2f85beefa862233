"""Stopping code that runs too long, also code that catches whatever it is thrown.

TimeIsUp is raised again and again in the code that is to stop. `except Exception` does not catch
it, but `except:` does, and a loop around that would live for ever. So from the second time on, the
code is watched step by step, and TimeIsUp is raised where no handler of its own would catch it. If
no step comes because the code sleeps, it is raised at once, and the steps after that are watched.

What Python cannot interrupt, this cannot either: a single call into C that does not come back.

The shape checker of the test run keeps out of here (`no_type_check`): it puts a frame of its own
around each function, which is slow at every step, and hides where the stack of the code begins.
"""

import ctypes
import dis
import functools
import signal
import sys
import threading
import time
from collections.abc import Callable, Iterator, Mapping
from types import CodeType, FrameType
from typing import Any, no_type_check

AGAIN = 0.1  # seconds to the second attempt
LONGER = 1.3  # times as long to the next, so that a slow machine gets somewhere in between
AT_ONCE = 1e-4
# So many times the seconds may pass on the clock before code is stopped that has had less than the
# seconds of a processor: on a crowded machine it waits for its turn. A grader raises it.
PATIENCE = 2.0


class TimeIsUp(BaseException):
    """Raised in code that runs too long."""


class StopButton(KeyboardInterrupt):
    """The user's own interrupt, to be told from `raise KeyboardInterrupt` in the code."""


def call_limited(function: Callable, args: tuple, kwargs: Mapping, seconds: float) -> Any:
    """function(*args, **kwargs), ended by TimeIsUp after so many seconds.

    An interrupt by the user comes through as StopButton.
    """
    on_main = threading.current_thread() is threading.main_thread()
    if on_main and hasattr(signal, "setitimer"):
        return _with_alarm(function, args, kwargs, seconds)
    return _with_watchdog(function, args, kwargs, seconds)


@no_type_check
def _with_alarm(function: Callable, args: tuple, kwargs: Mapping, seconds: float) -> Any:
    rings = 0
    tracer, profiler = sys.gettrace(), sys.getprofile()
    watch = _Watch()
    began, spent = time.monotonic(), time.process_time()

    def waits_for_its_turn() -> bool:
        passed = time.monotonic() - began
        return passed < PATIENCE * seconds and time.process_time() - spent < seconds

    def ring(signum: int, frame: FrameType | None) -> None:
        nonlocal rings
        if rings == 0 and PATIENCE > 1 and waits_for_its_turn():
            return  # and AGAIN later once more
        rings += 1
        wait = AGAIN * LONGER**rings
        signal.setitimer(signal.ITIMER_REAL, wait, wait)
        if rings == 1 or frame is None:
            raise TimeIsUp
        asleep = rings > 2 and watch.steps == 0
        # A `finally` or a `with` looks like a handler too: bear one more of them from time to time.
        watch.follow(frame, (rings - 2) // 3 % 4)
        if asleep:
            raise TimeIsUp

    def stop(signum: int, frame: FrameType | None) -> None:
        raise StopButton

    on_alarm = signal.signal(signal.SIGALRM, ring)
    on_interrupt = signal.getsignal(signal.SIGINT)
    has_handler = callable(on_interrupt)  # afterwards there may be no `callable` any more
    if has_handler:
        signal.signal(signal.SIGINT, stop)
    try:
        signal.setitimer(signal.ITIMER_REAL, seconds, AGAIN)
        try:
            return function(*args, **kwargs)
        finally:
            signal.setitimer(signal.ITIMER_REAL, 0)
    finally:  # the alarm once more: it may have rung between the last two lines
        signal.setitimer(signal.ITIMER_REAL, 0)
        if rings > 1 or sys.getprofile() is not profiler or sys.gettrace() is not tracer:
            sys.setprofile(profiler)
            sys.settrace(tracer)
        signal.signal(signal.SIGALRM, on_alarm)
        if has_handler:
            signal.signal(signal.SIGINT, on_interrupt)


def _with_watchdog(function: Callable, args: tuple, kwargs: Mapping, seconds: float) -> Any:
    """Where there is no alarm clock (Windows, other threads): a thread that raises in this one.

    It cannot trace another thread. Instead it raises so often that sooner or later it meets the
    code outside of its `try`, between catching one TimeIsUp and running into the next.
    """
    over, inside, raising = threading.Event(), [True], threading.RLock()
    unhurried = sys.getswitchinterval()
    patient = ctypes.c_ulong(threading.get_ident())
    raise_in_thread = ctypes.pythonapi.PyThreadState_SetAsyncExc

    def watch() -> None:
        waits = iter((seconds, AGAIN))
        while not over.wait(next(waits, AT_ONCE)):
            with raising:
                if inside:
                    raise_in_thread(patient, ctypes.py_object(TimeIsUp))
                    sys.setswitchinterval(AT_ONCE / 100)

    thread = threading.Thread(target=watch, daemon=True)
    try:
        thread.start()
        return function(*args, **kwargs)
    finally:
        while True:
            try:
                inside.clear()  # a single call into C: nothing can come before it
                with raising:  # nobody raises any more; what was on its way has come
                    break
            except TimeIsUp:
                pass
        over.set()
        thread.join()
        sys.setswitchinterval(unhurried)


class _Watch:
    """Traces the code that is to stop, and raises TimeIsUp where few functions may catch it.

    Python takes a tracer away that raises. Where somebody swallows that, the profiler, which it
    leaves alone, puts the tracer back as soon as a function is called or returns.
    """

    @no_type_check
    def __init__(self):
        self.steps, self.most = 0, 0

    @no_type_check
    def follow(self, frame: FrameType, most: int) -> None:
        """From here on, raise where at most so many functions have a handler."""
        self.steps, self.most = 0, most
        self._trace(frame)
        sys.setprofile(self._put_back)

    @no_type_check
    def _trace(self, frame: FrameType) -> None:
        for one in _stack(frame):
            one.f_trace, one.f_trace_opcodes = self._step, True
        sys.settrace(self._step)

    @no_type_check
    def _step(self, current: FrameType, event: str, argument: object) -> Callable:
        self.steps += 1
        current.f_trace_opcodes = True
        has_line = current.f_lineno is not None  # or the learner could not be told where
        if event == "opcode" and has_line and self._few_catch(current):
            raise TimeIsUp
        return self._step

    @no_type_check
    def _few_catch(self, frame: FrameType) -> bool:
        return sum(map(_is_protected, _stack(frame))) <= self.most

    @no_type_check
    def _put_back(self, frame: FrameType, event: str, argument: object) -> None:
        if event in ("call", "return") and sys.gettrace() is None:
            self._trace(frame)


@no_type_check
def _stack(frame: FrameType | None) -> Iterator[FrameType]:
    """The frames of the code that is to stop: those above `_with_alarm`."""
    while frame is not None and frame.f_code is not _with_alarm.__code__:
        yield frame
        frame = frame.f_back


@no_type_check
def _is_protected(frame: FrameType) -> bool:
    """Is this step of the frame inside a `try` (or `with`), by the code's own table?"""
    return any(start <= frame.f_lasti < end for start, end in _protected(frame.f_code))


@no_type_check
@functools.lru_cache(maxsize=256)
def _protected(code: CodeType) -> list[tuple[int, int]]:
    return [(entry.start, entry.end) for entry in dis._parse_exception_table(code)]
