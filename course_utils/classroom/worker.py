"""The process that runs students' answers, and what it is told: `python -m` this file.

It imports torch once, leaves for namespaces of its own (`confine`), and then forks a child for
each task, so that a task costs about its own run time. A child hears requests and answers with
plain data (`plain`). It has never seen a right answer: the course's exercises are not imported here
and cannot be, and what comes back says what the student's code returned, never whether that was
right.
"""

import ast
import contextlib
import functools
import json
import linecache
import os
import shutil
import signal
import socket
import struct
import sys
import tempfile
import traceback
from pathlib import Path
from types import ModuleType
from typing import Any

import torch

import course_utils
from course_utils import checks
from course_utils.checks import asked, deadline, gradients, isolate
from course_utils.checks.merge import parsed
from course_utils.checks.sizes import with_no_table
from course_utils.checks.task import Case, call
from course_utils.classroom import confine, plain
from course_utils.classroom.mirrored import Mirrored
from course_utils.classroom.plan import plan

HEAD = struct.Struct(">Q")
PACKAGE = Path(course_utils.__file__).parent
HIDDEN = [PACKAGE / "exercises"]
WARM = (
    "collections", "itertools", "random", "dataclasses", "typing", "statistics", "heapq", "copy",
    "numpy", "matplotlib.pyplot", "IPython.display", "einops", "pandas", "scipy",
    "course_utils.mixers.contract", "course_utils.blocks", "course_utils.models",
    "course_utils.text", "course_utils.positions", "course_utils.patterns",
    "course_utils.decoding", "course_utils.metrics", "course_utils.datasets",
    "course_utils.plots", "course_utils.shapes", "course_utils.trained",
)  # fmt: skip
LOADING = 10.0  # seconds for the cells that an answer rests on, all together
PATIENCE = 4.0  # times as long on the clock, on a machine that has other things to do
TOO_MUCH = "It returned more than anybody can look at: {}"


class _Silent:
    """What `check(…)` returns while a class is graded: the grader asks, and nobody else."""

    def __bool__(self) -> bool:
        return False

    def points(self, most: float) -> float:
        return 0.0


def send(connection: socket.socket, content: bytes) -> None:
    connection.sendall(HEAD.pack(len(content)) + content)


def receive(connection: socket.socket, most: int = plain.BYTES) -> bytes:
    """A message; EOFError at the end, Malformed if it claims to be larger than `most` bytes."""
    (length,) = HEAD.unpack(_exactly(connection, HEAD.size))
    if length > most:
        raise plain.Malformed(f"a message of {length:,} bytes")
    return _exactly(connection, length)


def _exactly(connection: socket.socket, n_bytes: int) -> bytes:
    parts = bytearray()
    while len(parts) < n_bytes:
        part = connection.recv(min(n_bytes - len(parts), 1 << 20))
        if not part:
            raise EOFError
        parts += part
    return bytes(parts)


# The process that forks


def main() -> int:
    """Serve on the socket that is standard input, until it closes: b"c" with a file descriptor
    begins a child there, b"e" ends it. The first message says what is not forbidden here."""
    control = socket.socket(fileno=os.dup(0))
    quiet = os.open(os.devnull, os.O_RDWR)
    for stream in (0, 1, 2):
        os.dup2(quiet, stream)
    confine.be_first_to_go()
    _prepare()
    missing = confine.enter(PACKAGE, HIDDEN)
    send(control, json.dumps(missing).encode())
    child, folder = 0, None
    while True:
        request, descriptors, *_ = socket.recv_fds(control, 1, 1)
        if not request:
            _end(child)
            return 0
        if request == b"c":
            if missing:  # else each child has an empty folder that goes with it
                folder = tempfile.mkdtemp(prefix="answer-")
            child = os.fork()
            if child == 0:
                control.close()
                _be_born(descriptors[0], missing, folder)
            os.close(descriptors[0])
            send(control, str(child).encode())
        else:
            send(control, str(_end(child)).encode())
            child = 0
            if folder:
                shutil.rmtree(folder, ignore_errors=True)


def _prepare() -> None:
    """Import and run once what every child would else do for itself."""
    torch.set_num_threads(1)
    deadline.PATIENCE = PATIENCE
    isolate.call(lambda x: torch.softmax(x, 0) @ x, (torch.ones(3, requires_grad=True),))
    for name in WARM:
        with contextlib.suppress(ImportError):
            __import__(name)
    weight = torch.nn.Parameter(torch.ones(1))
    weight.square().sum().backward()
    for optimizer in (torch.optim.SGD([weight]), torch.optim.Adam([weight])):
        optimizer.step()  # the first one imports torch's compiler: two seconds
    with_no_table(torch.sum, weight, allowed=1)
    plan(_EMPTY, _EMPTY)
    for name in ("check", "hint", "reveal", "progress"):
        setattr(checks, name, lambda *args, **kwargs: _Silent())
    for name in list(sys.modules):
        if name.startswith("course_utils.exercises"):
            raise RuntimeError(f"{name} is here, and with it right answers")
    sys.modules["course_utils.exercises"] = None  # importing it is an ImportError


_EMPTY = '{"cells": [], "metadata": {}, "nbformat": 4, "nbformat_minor": 5}'


def _end(child: int) -> int:
    """Kill a child with all that came out of it; its exit status, -n for the signal n."""
    if not child:
        return 0
    with contextlib.suppress(OSError):
        ended, status = os.waitpid(child, os.WNOHANG)
        if ended:
            _end_orphans()
            return os.waitstatus_to_exitcode(status)
    with contextlib.suppress(OSError):
        os.killpg(child, signal.SIGKILL)
    with contextlib.suppress(OSError):
        os.kill(child, signal.SIGKILL)
    _, status = os.waitpid(child, 0)
    _end_orphans()
    return os.waitstatus_to_exitcode(status)


def _end_orphans() -> None:
    """Without a namespace of their own, what an answer left running has become our child."""
    for _ in range(1000):
        with contextlib.suppress(OSError, ValueError):
            own = Path(f"/proc/self/task/{os.getpid()}/children").read_text().split()
            for process in map(int, own):
                os.kill(process, signal.SIGKILL)
        try:
            os.waitpid(-1, 0)
        except ChildProcessError:
            return


# A child


def _be_born(descriptor: int, missing: dict[str, str], folder: str | None) -> None:
    """Go apart, take the limits, answer requests until there are none. Never returns."""
    status = 1
    try:
        confine.apart(dict(missing))
        if os.getcwd() != confine.WORK:
            os.chdir(folder or tempfile.mkdtemp(prefix="answer-"))
        confine.limit()
        for number in (signal.SIGINT, signal.SIGTERM, signal.SIGXFSZ):
            signal.signal(number, signal.SIG_DFL if number != signal.SIGXFSZ else signal.SIG_IGN)
        _serve(socket.socket(fileno=descriptor))
        status = 0
    finally:
        os._exit(status)


def _serve(connection: socket.socket) -> None:
    answer: Answer | None = None
    while True:
        try:
            message = receive(connection, 4 * plain.BYTES)
        except EOFError:
            return
        request = plain.unpack(message, answer.space if answer else {})
        try:
            match request["do"]:
                case "plan":
                    reply = _planned(request["released"], request["submitted"])
                case "load":
                    answer = Answer(request)
                    reply = answer.load(request["steps"])
                case "run":
                    reply = answer.run(request)
                case "module":
                    reply = answer.modules.do(request)
        except Exception:  # not the student's: theirs were caught where they were run
            reply = {"broken": traceback.format_exc()[-2000:]}
        try:
            packed = plain.pack(reply)
        except (plain.TooMuch, RecursionError, MemoryError) as error:
            packed = plain.pack(_outcome(isolate.Outcome(
                problem=TOO_MUCH.format(error), error=type(error).__name__
            )))  # fmt: skip
        send(connection, packed)


def _planned(released: bytes, submitted: bytes) -> dict:
    try:
        found = plan(released.decode(), submitted.decode("utf-8", "surrogatepass"))
        found_as_plain = found.as_plain()
        json.dumps(found_as_plain).encode()
        return found_as_plain
    except Exception as error:  # there are many ways of being no notebook
        said = str(error).strip().partition("\n")[0][:200]
        return {"damaged": f"{type(error).__name__}: {said}"}


class Answer:
    """A student's answer, its cells loaded into a namespace of their own."""

    def __init__(self, request: dict):
        self.task_id, self.gradient = request["task"], request["gradient"]
        self.wants_class, self.expression = request["wants_class"], request["expression"]
        self.space: dict[str, Any] = {}
        exec(compile(request["equipment"], str(PACKAGE / "equipment"), "exec"), self.space)
        self.use = self.space.get(request["use"], call)
        self.answer: Any = None
        for name, content in request["files"].items():
            path = Path(name)
            path.parent.mkdir(parents=True, exist_ok=True)
            path.write_bytes(content)
        sys.path.append(os.getcwd())  # helper files; behind the libraries, which they cannot hide

    def load(self, steps: list[dict]) -> dict:
        """{"trouble"} where the cells did not come to an answer, else {"refusal", "nothing"}."""
        module = ModuleType("__main__")
        sys.modules["__main__"] = module
        module.__dict__["__builtins__"] = __builtins__
        said: list[str] = []
        isolate.SECONDS, seconds = LOADING, isolate.SECONDS
        loading = functools.partial(self._run_steps, steps, module.__dict__, said)
        outcome = isolate.call(loading, ())
        isolate.SECONDS = seconds
        if outcome.problem:
            said.append(outcome.problem)
        found = isolate.call(functools.partial(eval, self.expression, module.__dict__), ())
        if found.problem:
            return {
                "trouble": " ".join(said) or found.problem,
                "error": outcome.error or (found.error if not said else "Exception"),
            }
        self.answer = found.value
        self.modules = Mirrored(self.answer)
        printed = {text: asked.why_nothing(self.answer, text) for text in ("", "words")}
        return {
            "refusal": asked.refusal(self.answer, self.task_id, self.wants_class),
            "nothing": printed,
        }

    def _run_steps(self, steps: list[dict], space: dict, said: list[str]) -> None:
        for step in steps:
            for node in _chosen(step, said):
                try:
                    exec(_compiled(node, step), space)
                except Exception as error:
                    if step["is_answer"]:
                        where = f"The cell {step['cell']!r} stops with {type(error).__name__}"
                        said.append(f"{where}: {isolate._text_of(error)}")

    def run(self, request: dict) -> dict:
        """What comes of the answer on a case, as plain data."""
        case = Case("", request["args"], request["kwargs"])
        here = asked.Here.__new__(asked.Here)
        here.answer, here.use, here.gradient = self.answer, self.use, self.gradient
        outcome = here.run(case, seed=request["seed"])
        if self.gradient and not outcome.problem:
            outcome.gradients = gradients.of_inputs(outcome)
        return _outcome(outcome)


def _chosen(step: dict, said: list[str]) -> list[ast.stmt]:
    nodes = parsed(step["source"])
    if not nodes:
        try:
            compile(step["source"], step["cell"], "exec")
        except (SyntaxError, ValueError) as error:
            line = f" (line {error.lineno})" if getattr(error, "lineno", None) else ""
            said.append(f"The cell {step['cell']!r} stops with {type(error).__name__}: "
                        f"{getattr(error, 'msg', error)}{line}")  # fmt: skip
    return [nodes[i] for i in step["statements"] if i < len(nodes)]


def _compiled(node: ast.stmt, step: dict):
    """With the lines of its cell, so that an error can name and show the one it was in."""
    name = f"<{step['cell']}>"
    lines = step["source"].splitlines(keepends=True)
    linecache.cache[name] = (len(step["source"]), None, lines, name)
    future = [
        one
        for one in parsed(step["source"])
        if isinstance(one, ast.ImportFrom) and one.module == "__future__" and one is not node
    ]
    return compile(ast.Module([*future, node], []), name, "exec")


def _outcome(outcome: isolate.Outcome) -> dict:
    made = {
        "value": outcome.value,
        "problem": outcome.problem and str(outcome.problem)[:1000],
        "error": str(outcome.error)[:100],
        "inputs": list(outcome.inputs),
        "printed": outcome.printed,
    }
    if outcome.gradients is not None:
        back = outcome.gradients
        made["gradients"] = {"value": back.value, "problem": back.problem, "error": back.error}
    return made


if __name__ == "__main__":
    sys.exit(main())
