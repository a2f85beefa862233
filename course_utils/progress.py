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

from course_utils.atomic import write_atomically
from course_utils.paths import learner_folder

NAME = "progress.json"
PATIENCE = 2.0  # seconds; a turn takes milliseconds, so an older lock was left by a crash
NEW_TASK = {"passed": False, "hints": 0, "revealed": False}
NEW_BET = {"choice": "", "right": False}
# Lessons 11 and 12 became four; what was bet and passed before goes on under its new name.
RENAMED = {
    "11.layers_until_heard": "12.layers_until_heard",
    "11.cold_enough": "12.cold_enough",
    "11.oneself": "12.oneself",
    "11.smooth": "12.smooth",
    "12.shopping_lists": "13.shopping_lists",
    "12.attend_by_lists": "13.attend_by_lists",
    "12.strided_attention": "13.strided_attention",
    "12.mask": "13.mask",
    "12.gather": "13.gather",
    "12.bags": "14.bags",
    "12.copying": "14.copying",
    "12.relays": "14.relays",
    "12.shakespeare": "14.shakespeare",
}

_messages: set[str] = set()  # those that were printed


def _print_once(message: str) -> None:
    if message not in _messages:
        _messages.add(message)
        print(message)  # not stderr: nbgrader gives no points to a cell that writes there


def _empty() -> dict:
    return {"bets": {}, "tasks": {}}


def read() -> dict:
    """Everything that is kept: {"bets": {id: …}, "tasks": {id: …}}."""
    try:
        return _read()
    except OSError as error:
        _print_once(f"Your progress cannot be read ({error.strerror}); it is left as it is.")
        return _empty()


def _read() -> dict:
    """What is kept; OSError where the disk does not give it. A damaged file is set aside."""
    path = learner_folder() / NAME
    try:
        return _whole(json.loads(path.read_text(encoding="utf-8")))
    except FileNotFoundError:
        return _empty()
    except (ValueError, TypeError, LookupError, RecursionError):
        aside = path.with_name(f"progress-damaged-{time.strftime('%Y%m%d-%H%M%S')}.json")
        with contextlib.suppress(OSError):
            os.replace(path, aside)
        _print_once(f"Your progress file was damaged. It was set aside as {aside.name}.")
        return _empty()


def _whole(kept: dict) -> dict:
    """`kept` with every entry complete; an error if it is no progress file.

    What is missing in an entry, or is of another kind, begins anew. What else is there stays. An
    entry under a name of old goes on under the new one, unless there is one of that name already.
    """
    whole = dict(kept)
    for part, new in (("bets", NEW_BET), ("tasks", NEW_TASK)):
        entries = {name: _entry(dict(entry), new) for name, entry in dict(kept[part]).items()}
        renamed = {RENAMED.get(name, name): entry for name, entry in entries.items()}
        whole[part] = renamed | {name: entries[name] for name in renamed.keys() & entries.keys()}
    return whole


def _entry(entry: dict, new: dict) -> dict:
    right = {key: entry[key] for key in new if type(entry.get(key)) is type(new[key])}
    return entry | new | right


def _change(change: Callable[[dict], None]) -> None:
    folder = learner_folder()
    try:
        folder.mkdir(parents=True, exist_ok=True)
        with _turn(folder / "progress.lock"):
            kept = _read()  # a file that cannot be read is not written over either
            change(kept)
            write_atomically(folder / NAME, _as_json(kept), mode=0o600)  # the learner's own
    except OSError as error:
        _print_once(f"Your progress could not be saved ({error.strerror}). The lesson goes on.")


def _as_json(kept: dict) -> bytes:
    """The file's content. Half of a surrogate pair, which UTF-8 cannot write, is escaped."""
    text = json.dumps(kept, indent=1, ensure_ascii=False)
    return text.encode("utf-8", errors="backslashreplace")  # "\\ud83d", as JSON spells it


def trial() -> None:
    """Read what is kept and write as much, to a file that is gone afterwards.

    OSError if bets and progress would be forgotten: a folder that cannot be made or written, a file
    that cannot be read, a disk that is full.
    """
    folder = learner_folder()
    folder.mkdir(parents=True, exist_ok=True)
    try:
        content = (folder / NAME).read_bytes()
    except FileNotFoundError:
        content = _as_json(_empty())
    with tempfile.NamedTemporaryFile(dir=folder, prefix="trial-") as file:
        file.write(content)
        file.flush()
        os.fsync(file.fileno())  # many a disk says only now that it is full


@contextlib.contextmanager
def _turn(lock: Path) -> Iterator[None]:
    """Hold the lock file; take it over from somebody who crashed with it."""
    while True:
        try:
            os.close(os.open(lock, os.O_CREAT | os.O_EXCL | os.O_WRONLY))
            break
        except FileExistsError:
            with contextlib.suppress(FileNotFoundError):  # its owner was quicker
                if abs(time.time() - lock.stat().st_mtime) > PATIENCE:
                    lock.unlink()
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
    return kept["tasks"].setdefault(task_id, dict(NEW_TASK))


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
