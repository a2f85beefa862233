"""Children that run answers, as the grader has them: begun, asked, waited for, and ended.

One `Nursery` is one process of `worker`, with torch in its memory, which forks a child at a time.
Whatever a child does, `ask` returns what it said, or raises `Gone` in the time that it was given.
"""

import contextlib
import json
import os
import select
import signal
import socket
import subprocess
import sys
import time
from collections.abc import Callable
from typing import Any

from course_utils import threads
from course_utils.classroom import plain
from course_utils.classroom.confine import WORK
from course_utils.classroom.worker import HEAD, PACKAGE, receive

STARTING = 120.0  # seconds in which torch has to be there, on a busy machine
PASSED_ON = ("PATH", "LANG", "LC_ALL", "LD_LIBRARY_PATH", "VIRTUAL_ENV", "TZ")


class Gone(Exception):
    """The child does not answer any more. `error` is a kind that `isolate` knows."""

    def __init__(self, error: str, text: str):
        super().__init__(text)
        self.error, self.text = error, text


class Broken(Exception):
    """Our own code failed beside the answer: that is nobody's zero."""

    def __init__(self, trace: Any):
        super().__init__(str(trace)[:2000])


class Child:
    """A forked worker. A context manager: at its end the child and all that it began are gone."""

    def __init__(self, nursery: "Nursery"):
        self._nursery = nursery
        self._connection, theirs = socket.socketpair()
        with theirs:
            nursery.begin(theirs.fileno())
        self.status: int | None = None

    def __enter__(self) -> "Child":
        return self

    def __exit__(self, *error) -> None:
        self.end()

    def ask(
        self, request: dict, seconds: float, names: Callable[[Any], str | None] | None = None
    ) -> Any:
        """The child's reply as plain data; Gone if it ends, says nonsense, or takes too long."""
        content = plain.pack(request, names)
        deadline = time.monotonic() + seconds
        try:
            self._write(HEAD.pack(len(content)) + content, deadline)
            (length,) = HEAD.unpack(self._read(HEAD.size, deadline))
            if length > plain.BYTES:
                raise plain.Malformed(f"a message of {length:,} bytes")
            return plain.unpack(self._read(length, deadline))
        except TimeoutError:
            self.end()
            text = f"It was still running after {seconds:.0f} seconds. Is there an endless loop?"
            raise Gone("TimeIsUp", text) from None
        except (EOFError, OSError):
            raise Gone(*_in_words(self.end())) from None
        except plain.Malformed as error:
            self.end()
            raise Gone("Ended", f"What came back from it is no result ({error}).") from None

    def _write(self, content: bytes, deadline: float) -> None:
        self._connection.settimeout(max(0.01, deadline - time.monotonic()))
        self._connection.sendall(content)

    def _read(self, n_bytes: int, deadline: float) -> bytes:
        parts = bytearray()
        while len(parts) < n_bytes:
            left = deadline - time.monotonic()
            if left <= 0 or not select.select([self._connection], [], [], left)[0]:
                raise TimeoutError
            part = self._connection.recv(min(n_bytes - len(parts), 1 << 20))
            if not part:
                raise EOFError
            parts += part
        return bytes(parts)

    def end(self) -> int:
        """End it; its exit status, and the same again when it was ended before."""
        if self.status is None:
            self._connection.close()
            self.status = self._nursery.end()
        return self.status


def _in_words(status: int) -> tuple[str, str]:
    """(kind of error, sentence) for the exit status of a child, or of who waited for it."""
    number = -status if status < 0 else status - 128 if status > 128 else 0
    if number == getattr(signal, "SIGXCPU", -1):
        return "TimeIsUp", "It used all the processor time that a task has. An endless loop?"
    if number:
        with contextlib.suppress(ValueError):
            name = signal.Signals(number).name
            return "Ended", f"It ended the process that it ran in (by {name})."
    return "Ended", f"It ended the process that it ran in (exit status {status})."


class Nursery:
    """A context manager around the process that forks. `missing`: what is not forbidden here."""

    def __init__(self):
        self._control, theirs = socket.socketpair()
        with theirs:
            self._process = subprocess.Popen(
                [sys.executable, "-m", "course_utils.classroom.worker"],
                stdin=theirs.fileno(),
                stderr=subprocess.PIPE,
                env=_variables(),
                start_new_session=True,
            )
        self._control.settimeout(STARTING)
        try:
            self.missing: dict[str, str] = json.loads(receive(self._control))
        except (EOFError, OSError) as error:
            self._process.kill()
            said = self._process.stderr.read().decode(errors="replace")[-1500:]
            raise RuntimeError(f"the process for answers did not start: {said}") from error

    def __enter__(self) -> "Nursery":
        return self

    def __exit__(self, *error) -> None:
        self._control.close()  # it ends its child, and then itself
        try:
            self._process.wait(10)
        except subprocess.TimeoutExpired:
            self._process.kill()
            self._process.wait()
        self._process.stderr.close()

    def child(self) -> Child:
        return Child(self)

    @property
    def is_alive(self) -> bool:
        return self._process.poll() is None

    def begin(self, descriptor: int) -> int:
        socket.send_fds(self._control, [b"c"], [descriptor])
        return int(receive(self._control))

    def end(self) -> int:
        self._control.sendall(b"e")
        return int(receive(self._control))


def _variables() -> dict[str, str]:
    """The environment of answers: nothing of the teacher's that has no reason to be there."""
    kept = {name: os.environ[name] for name in PASSED_ON if name in os.environ}
    quiet = {
        "OPENBLAS_NUM_THREADS": "1",
        "HOME": WORK,
        "TMPDIR": WORK,
        "USER": "student",
        "MPLBACKEND": "agg",
    }
    return {
        **kept,
        **threads.one_each(),
        **quiet,
        "PYTHONPATH": str(PACKAGE.parent),
        "PYTHONDONTWRITEBYTECODE": "1",
    }
