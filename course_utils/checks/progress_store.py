"""What a learner bet, passed, peeked at: one small JSON file on the learner's own disk.

It is written to a neighbour file first and then put in place in one step, so that a crash leaves
the old one or the new one, never half of each. Two notebooks at once take turns. A damaged file
is set aside and said so; a disk that cannot be written is said so once. Neither stops a lesson.
"""

import contextlib
import json
import os
import tempfile
import time
from collections.abc import Callable, Iterator
from pathlib import Path

from course_utils.paths import learner_folder

NAME = "progress.json"
PATIENCE = 2.0  # seconds to wait for another notebook's turn; an older lock was left by a crash

_said: set[str] = set()


def _say_once(message: str) -> None:
    if message not in _said:
        _said.add(message)
        print(message)  # not stderr: nbgrader gives no points to a cell that writes there


def _empty() -> dict:
    return {"bets": {}, "tasks": {}}


def read() -> dict:
    """Everything that is kept: {"bets": {id: …}, "tasks": {id: …}}."""
    path = learner_folder() / NAME
    try:
        kept = json.loads(path.read_text(encoding="utf-8"))
        if not all(isinstance(kept.get(part), dict) for part in _empty()):
            raise ValueError("not a progress file")
        return kept
    except FileNotFoundError:
        return _empty()
    except OSError as error:
        _say_once(f"Your progress cannot be read ({error.strerror}); it is left as it is.")
        return _empty()
    except (ValueError, AttributeError):
        aside = path.with_name(f"progress-damaged-{time.strftime('%Y%m%d-%H%M%S')}.json")
        with contextlib.suppress(OSError):
            os.replace(path, aside)
        _say_once(f"Your progress file was damaged. It was set aside as {aside.name}.")
        return _empty()


def _change(change: Callable[[dict], None]) -> None:
    folder = learner_folder()
    try:
        folder.mkdir(parents=True, exist_ok=True)
        with _turn(folder / "progress.lock"):
            kept = read()
            change(kept)
            handle, new = tempfile.mkstemp(dir=folder, prefix="progress-", suffix=".new")
            with os.fdopen(handle, "w", encoding="utf-8") as file:
                json.dump(kept, file, indent=1, ensure_ascii=False)
                file.flush()
                os.fsync(file.fileno())
            os.replace(new, folder / NAME)
    except OSError as error:
        _say_once(f"Your progress could not be saved ({error.strerror}). The lesson goes on.")


@contextlib.contextmanager
def _turn(lock: Path) -> Iterator[None]:
    """Hold the lock file; take it over from somebody who crashed with it."""
    deadline = time.monotonic() + PATIENCE
    while True:
        try:
            os.close(os.open(lock, os.O_CREAT | os.O_EXCL | os.O_WRONLY))
            break
        except FileExistsError:
            if time.monotonic() > deadline:
                lock.unlink(missing_ok=True)
            time.sleep(0.01)
    try:
        yield
    finally:
        lock.unlink(missing_ok=True)


def record_bet(bet_id: str, choice: str, right: bool) -> None:
    """Keep the first bet on a question; later changes of mind do not count."""
    _change(lambda kept: kept["bets"].setdefault(bet_id, {"choice": choice, "right": right}))


def bets() -> dict[str, dict]:
    """{id: {"choice": text, "right": bool}}"""
    return read()["bets"]


def _task(kept: dict, task_id: str) -> dict:
    return kept["tasks"].setdefault(task_id, {"passed": False, "hints": 0, "revealed": False})


def record_pass(task_id: str) -> None:
    _change(lambda kept: _task(kept, task_id).update(passed=True))


def record_hint(task_id: str) -> None:
    def one_more(kept: dict) -> None:
        _task(kept, task_id)["hints"] += 1

    _change(one_more)


def record_reveal(task_id: str) -> None:
    _change(lambda kept: _task(kept, task_id).update(revealed=True))


def tasks() -> dict[str, dict]:
    """{id: {"passed": bool, "hints": how many were asked for, "revealed": bool}}"""
    return read()["tasks"]
