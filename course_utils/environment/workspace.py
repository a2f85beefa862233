"""my_course/: the learner's own copies of lessons and exercises, which `start` opens.

Copies, so that `git pull` never meets a learner's work, and without outputs, so that no answer lies
under its bet. They lie as in the course's folder, so links between them lead to one another.

What is a learner's is never written over and never deleted. A record beside the copies keeps a
fingerprint of each version that was handed out: a copy that has one of these was not changed, and a
new version takes its place. Beside one that was changed, the new version is put under another name.

Every file is written in one move, and the record names a version before the first file of it is
there. So a `start` that is killed half-way has lost nothing, and the next one does the rest.
"""

import itertools
import json
import time
from collections.abc import Callable, Iterable, Iterator
from pathlib import Path

from course_utils.atomic import write_atomically
from course_utils.environment.install import explain, tell
from course_utils.environment.offered import fingerprint, offered, was_run
from course_utils.paths import ROOT, place_of
from course_utils.problem import Problem

RECORD = ".handed_out.json"
ASIDE = "set_aside"


def hand_out(folder: Path, *, fresh: Iterable[str] = (), update: bool = True, say=tell) -> None:
    """What `start` does with the copies, and says of it. A Problem where the disk refuses."""
    try:
        course = MyCourse(folder)
        lines = course.fresh(fresh) + (course.update() if update else [])
    except OSError as error:
        raise Problem(explain(error)) from error
    for line in lines:
        say(line)


class MyCourse:
    """The learner's folder. Its two commands return the lines to say; OSErrors are the disk's.

    `record` is {place: {"versions": fingerprints that were handed out, "newest": that of the last
    one, None until it lies there}}.
    """

    def __init__(self, folder: Path, course: Path = ROOT):
        self.folder = folder
        offer = offered(course)
        self.files, self.changed, self.damaged = offer.files, offer.changed, offer.damaged
        self.record = self._read_record()
        self.is_first = not self.record

    def update(self) -> list[str]:
        """Hand out what the learner lacks: at first all, later what is new or was deleted."""
        news = [place for place in self.files if self._is_news(place)]
        done = self._hand_out(news, self._deliver)
        mend = "is damaged in the course's folder and was left out; this mends it: git restore"
        lines = [f"{place} {mend} {place}" for place in self.damaged]
        return [*_told(done, place_of(self.folder), self.is_first), *lines]

    def fresh(self, names: Iterable[str]) -> list[str]:
        """Set copies aside and give new ones: of notebooks whose name or place begins so, "03"."""
        chosen = [place for name in names for place in self._named(name)]
        done = self._hand_out(list(dict.fromkeys(chosen)), self._renew)
        reload = "If it is open: File > Reload Notebook from Disk."
        return [
            f"{place} is new; yours is {aside}. {reload}" if aside else f"{place} is as new."
            for place, aside in done.items()
        ]

    def _named(self, name: str) -> list[str]:
        places = [place for place in self.files if place.endswith(".ipynb")]
        found = [
            place for place in places if place.startswith(name) or stem(place).startswith(name)
        ]
        if len(name) < 2 or not found:
            known = ", ".join(dict.fromkeys(stem(place)[:2] for place in places))
            raise Problem(
                f"No lesson begins with {name!r}. There are: {known}; exercises/03 means the "
                "exercise alone."
            )
        return found

    def _is_news(self, place: str) -> bool:
        newest = self.record.get(place, {}).get("newest")
        return newest != fingerprint(self.files[place]) or not (self.folder / place).exists()

    def _hand_out(self, places: list[str], deliver: Callable[[str], object]) -> dict[str, object]:
        """{place: what `deliver` says of it}, with the record written before and after."""
        if not places:
            return {}
        for place in places:
            version = fingerprint(self.files[place])
            entry = self.record.setdefault(place, {"versions": [], "newest": None})
            is_theirs = place in self.changed and version == fingerprint(self.changed[place])
            if version not in entry["versions"] and not is_theirs:
                entry["versions"].append(version)
        self._write_record()
        done = {place: deliver(place) for place in places}
        for place in places:
            self.record[place]["newest"] = fingerprint(self.files[place])
        self._write_record()
        return done

    def _deliver(self, place: str) -> tuple[str, str]:
        """Bring one file; what was done, in a word, and where to."""
        path, new, known = self.folder / place, self.files[place], self.record[place]
        own = self.changed.get(place) if known["newest"] is None else None
        if not path.exists():
            write_atomically(path, own or new)
            return ("taken over" if own else "given"), place
        theirs = path.read_bytes()
        if theirs == own:  # the start before this one was killed
            return "taken over", place
        if fingerprint(theirs) == fingerprint(new):
            return "there", place
        if fingerprint(theirs) in known["versions"]:
            return "brought", self._replace(place, new) or place
        return "beside", self._put_beside(place, new)

    def _renew(self, place: str) -> str | None:
        """A new copy in the place of theirs; where that is now, None where it was no other."""
        path, new = self.folder / place, self.files[place]
        aside = None
        if path.exists() and path.read_bytes() != new:
            aside = self._set_aside(place)
        write_atomically(path, new)
        return aside

    def _replace(self, place: str, new: bytes) -> str | None:
        """Write over what the learner did not change; where its outputs are now, if it had any."""
        has_outputs = was_run((self.folder / place).read_bytes())
        aside = self._set_aside(place) if has_outputs else None
        write_atomically(self.folder / place, new)
        return aside

    def _set_aside(self, place: str) -> str:
        """Copy theirs to set_aside/, named by its last change; nothing where that is done."""
        path = self.folder / place
        theirs, changed = path.read_bytes(), time.localtime(path.stat().st_mtime)
        name = f"{path.stem}_{time.strftime('%Y-%m-%d_%H.%M', changed)}{path.suffix}"
        for aside in numbered((self.folder / ASIDE / place).with_name(name)):
            if not aside.exists():
                write_atomically(aside, theirs)
            if aside.read_bytes() == theirs:
                return aside.relative_to(self.folder).as_posix()

    def _put_beside(self, place: str, new: bytes) -> str:
        """Under a name that says so; an earlier one is replaced, unless the learner works in it."""
        path = self.folder / place
        for beside in numbered(path.with_name(f"{path.stem}_new_version{path.suffix}")):
            there = beside.relative_to(self.folder).as_posix()
            if not beside.exists():
                write_atomically(beside, new)
                return there
            if fingerprint(beside.read_bytes()) in self.record[place]["versions"]:
                self._replace(there, new)
                return there

    def _read_record(self) -> dict[str, dict]:
        """The record; {} where there is none or a damaged one: then nothing is known as theirs."""
        try:
            kept = json.loads((self.folder / RECORD).read_text(encoding="utf-8"))
            return {
                place: {"versions": list(entry["versions"]), "newest": entry["newest"]}
                for place, entry in kept.items()
            }
        except (FileNotFoundError, ValueError, TypeError, LookupError, AttributeError):
            return {}

    def _write_record(self) -> None:
        content = json.dumps(self.record, indent=1, ensure_ascii=False) + "\n"
        write_atomically(self.folder / RECORD, content.encode("utf-8"))


def _told(done: dict[str, tuple[str, str]], folder: str, is_first: bool) -> Iterator[str]:
    """What `update` did, in lines."""

    def names(wanted: str) -> str:
        return ", ".join(place for place, (what, _) in done.items() if what == wanted)

    if is_first and done:
        yield f"{folder} is yours: {len(done)} lessons and exercises to write in, without outputs."
    elif given := names("given"):
        yield f"Handed out: {given}."
    if taken := names("taken over"):
        yield f"Taken over with what you wrote there, where it stays, too: {taken}."
    if brought := names("brought"):
        run = any(what == "brought" and where != place for place, (what, where) in done.items())
        where = f" The outputs of yours are in {ASIDE}/." if run else ""
        yield f"New versions of what you had not changed: {brought}.{where}"
    for place, (what, where) in done.items():
        if what == "beside":
            yield f"{place}: you changed it, and so did the course. Yours stays; see {where}."


def stem(place: str) -> str:
    return Path(place).stem


def numbered(path: Path) -> Iterator[Path]:
    """The path, and then as many others like it as are wanted: a_2, a_3."""
    yield path
    for number in itertools.count(2):
        yield path.with_name(f"{path.stem}_{number}{path.suffix}")
