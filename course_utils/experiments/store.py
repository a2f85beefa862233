"""Finished trials on the disk, so that an experiment that was stopped pays for the rest only.

All trials of a task lie in one JSON file, which is written anew, atomically, after every trial.
"""

import json
import platform
from collections.abc import Sequence
from dataclasses import asdict
from numbers import Real
from pathlib import Path
from typing import Any

import torch

import course_utils
from course_utils.atomic import write_atomically
from course_utils.experiments.trials import Trial, key_of
from course_utils.experiments.workers import Result
from course_utils.problem import Problem
from course_utils.training import parallel


class Store:
    """The finished trials of one task in one file, with everything that led to them.

    Trials in the file that nobody asks for stay there. Problem if the file holds another experiment
    or cannot be read or written; if it is damaged it is set aside, and `trouble` says so.
    """

    def __init__(self, path: Path, about: dict[str, Any], settings: Any):
        self.path = path
        # As they come back from the disk: tuples are lists there.
        self.about = json.loads(json.dumps({**about, "settings": asdict(settings)}))
        self.entries: dict[
            str, dict[str, Any]
        ] = {}  # "run", "result", "hardware" by the trial's key
        self.trouble = ""  # what was wrong with the file that was there
        if path.exists():
            self._read()

    def _read(self) -> None:
        try:
            stored = read_json(self.path)
            entries = {key_of(entry["run"]): entry for entry in stored["runs"]}
            for entry in entries.values():
                entry.setdefault("hardware", stored["hardware"])
            self._expect_numbers(entries)
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
        self.entries = entries

    def _expect_numbers(self, entries: dict[str, dict[str, Any]]) -> None:
        metric = self.about.get("metric")
        for entry in entries.values():
            if metric is not None and not isinstance(entry["result"][metric], Real):
                raise ValueError(f"{metric} is {entry['result'][metric]!r:.40}, which is no number")

    def missing(self, trials: Sequence[Trial]) -> list[Trial]:
        """Those without a result. ValueError if two of them could not be told apart in the file."""
        known: dict[str, Trial] = {}
        for trial in trials:
            other = known.setdefault(trial.key(), trial)
            if other != trial:
                raise ValueError(
                    f"{other.candidate!r} and {trial.candidate!r} are stored alike, under "
                    f"{trial.key()}: each class of candidates needs a kind of its own."
                )
        return [trial for trial in trials if trial.key() not in self.entries]

    def results(self, trials: Sequence[Trial]) -> dict[Trial, Result]:
        """What those of them that are finished have come to."""
        done = [trial for trial in trials if trial.key() in self.entries]
        return {trial: self.entries[trial.key()]["result"] for trial in done}

    def add(self, trial: Trial, result: Result) -> None:
        entry = {"run": trial.as_json(), "result": result, "hardware": where()["hardware"]}
        self.entries[trial.key()] = entry
        self.write()

    def write(self, **more: Any) -> None:
        """`more` is what was made of the results: a table, say."""
        write_results(self.path, {**self.about, **where(), **more}, list(self.entries.values()))


def read_json(path: Path) -> Any:
    """ValueError for what is no JSON; Problem for a file that cannot be read at all."""
    try:
        return json.loads(path.read_text(encoding="utf-8"))
    except OSError as error:
        raise Problem(f"{path} cannot be read: {error.strerror}.") from error


def write_results(path: Path, head: dict[str, Any], entries: Sequence[dict[str, Any]]) -> None:
    """JSON that people read, too: each trial is one line. Problem if there is no room for it."""
    text = json.dumps(head, indent=1, ensure_ascii=False)
    lines = [json.dumps(entry, ensure_ascii=False) for entry in entries]
    text = text.removesuffix("\n}") + ',\n "runs": [\n  ' + ",\n  ".join(lines) + "\n ]\n}\n"
    write_file(path, text.encode("utf-8"))


def write_file(path: Path, content: bytes) -> None:
    try:
        write_atomically(path, content)
    except OSError as error:
        raise Problem(
            f"{path} cannot be written: {error.strerror}. Make room, or name another folder with "
            "--out."
        ) from error


def where() -> dict[str, Any]:
    """The versions and the hardware that a result depends on."""
    device = parallel.device()
    name = torch.cuda.get_device_name(device) if device.type == "cuda" else platform.machine()
    return {
        "versions": {"python": platform.python_version(), "torch": torch.__version__,
                     "course": course_utils.__version__},
        "hardware": f"{name} {device.type.upper()}, one thread a run",
    }  # fmt: skip
