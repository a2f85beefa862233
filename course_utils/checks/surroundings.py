"""What a function can set for the whole process, and how it is put back after a call.

An answer that changes the folder, silences warnings or turns the gradients off is judged by what it
returns. The cells after it go on as if it had not been called.
"""

import contextlib
import gc
import locale
import logging
import os
import signal
import sys
import time
import warnings
from collections.abc import Callable, Iterator
from typing import Any

import numpy as np
import torch

try:
    import resource
except ImportError:  # Windows
    resource = None

SIGNALS = [
    getattr(signal, name)
    for name in ("SIGTERM", "SIGHUP", "SIGCHLD", "SIGUSR1", "SIGUSR2", "SIGPIPE")
    if hasattr(signal, name)
]
LIMITS = ("RLIMIT_NOFILE", "RLIMIT_FSIZE", "RLIMIT_CPU")


def _set_variables(wanted: dict[str, str]) -> None:
    os.environ.clear()
    os.environ.update(wanted)
    if hasattr(time, "tzset"):
        time.tzset()


def _warnings() -> tuple:
    return list(warnings.filters), warnings.showwarning, warnings.formatwarning


def _set_warnings(wanted: tuple) -> None:
    filters, warnings.showwarning, warnings.formatwarning = wanted
    warnings.resetwarnings()  # tells Python to look at the filters anew
    warnings.filters[:] = filters


def _set_device(wanted: torch.device) -> None:
    torch.set_default_device(None if wanted.type == "cpu" else wanted)


def _torchs_print() -> dict[str, Any]:
    return dict(vars(torch._tensor_str.PRINT_OPTS))


def _set_path(wanted: list[str]) -> None:
    sys.path[:] = wanted


def _handlers() -> list:
    return [signal.getsignal(number) for number in SIGNALS]


def _set_handlers(wanted: list) -> None:
    for number, handler in zip(SIGNALS, wanted, strict=True):
        if handler is not None:
            signal.signal(number, handler)


def _set_callbacks(wanted: list) -> None:
    gc.callbacks[:] = wanted


def _limits() -> list[tuple[int, int]]:
    return [resource.getrlimit(getattr(resource, name)) for name in LIMITS]


def _set_limits(wanted: list[tuple[int, int]]) -> None:
    """The soft ones. Who has lowered a hard one has done so for good."""
    for name, (soft, _) in zip(LIMITS, wanted, strict=True):
        hard = resource.getrlimit(getattr(resource, name))[1]
        resource.setrlimit(getattr(resource, name), (soft if hard < 0 else min(soft, hard), hard))


# (what it is now, how it becomes what it was)
SETTINGS: list[tuple[Callable[[], Any], Callable[[Any], Any]]] = [
    (sys.getrecursionlimit, sys.setrecursionlimit),  # a low one is in the way of all that follows
    (os.getcwd, os.chdir),
    (lambda: dict(os.environ), _set_variables),
    (lambda: list(sys.path), _set_path),
    (_warnings, _set_warnings),
    (lambda: logging.root.manager.disable, logging.disable),
    (lambda: locale.setlocale(locale.LC_ALL), lambda name: locale.setlocale(locale.LC_ALL, name)),
    (sys.getswitchinterval, sys.setswitchinterval),
    (gc.isenabled, lambda is_on: gc.enable() if is_on else gc.disable()),
    (lambda: list(gc.callbacks), _set_callbacks),
    (np.geterr, lambda wanted: np.seterr(**wanted)),
    (np.get_printoptions, lambda wanted: np.set_printoptions(**wanted)),
    (_torchs_print, lambda wanted: torch.set_printoptions(**wanted)),
    (torch.get_default_dtype, torch.set_default_dtype),
    (torch.get_default_device, _set_device),
    (torch.get_num_threads, torch.set_num_threads),
    (torch.is_anomaly_enabled, torch.autograd.set_detect_anomaly),
    (torch.are_deterministic_algorithms_enabled, torch.use_deterministic_algorithms),
    (
        lambda: torch.is_autocast_enabled("cpu"),
        lambda is_on: torch.set_autocast_enabled("cpu", is_on),
    ),
    (_handlers, _set_handlers),
]
if resource is not None:
    SETTINGS.append((_limits, _set_limits))
if hasattr(signal, "pthread_sigmask"):
    SETTINGS.append(
        (
            lambda: signal.pthread_sigmask(signal.SIG_BLOCK, []),
            lambda mask: signal.pthread_sigmask(signal.SIG_SETMASK, mask),
        )
    )


@contextlib.contextmanager
def same_after() -> Iterator[None]:
    """All of SETTINGS at the end as they were at the beginning."""
    before = [_read(read) for read, _ in SETTINGS]
    try:
        yield
    finally:
        for (read, write), value in zip(SETTINGS, before, strict=True):
            if value is not UNKNOWN and _read(read) != value:
                with contextlib.suppress(Exception):  # one that resists is no reason to stop
                    write(value)


UNKNOWN = object()


def _read(read: Callable[[], Any]) -> Any:
    try:
        return read()
    except Exception:  # there are folders that are gone
        return UNKNOWN
