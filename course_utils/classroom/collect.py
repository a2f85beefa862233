"""Bringing hand-ins in: from a folder in which files were dropped, or from nbgrader's exchange.

Nothing that lies there is changed, followed or unpacked blindly: links and pipes are left where
they are, zips are read member by member, sizes have limits. Each file is copied, and it is the copy
that is hashed and kept; a file that changes under the copying is read again, and if it keeps
changing, collected the next time. What belongs to nobody, or to no assignment, is said by name.
"""

import datetime
import functools
import io
import os
import re
import shutil
import stat
import time
import zipfile
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from pathlib import Path, PurePosixPath

from course_utils.classroom.grading import fingerprint
from course_utils.classroom.place import Classroom
from course_utils.classroom.stamps import time_in
from course_utils.classroom.whose import is_anothers, is_for, owners

FILE_BYTES, ALL_BYTES, FILES = 60 * 2**20, 120 * 2**20, 200
PLACE = 500  # bytes of a file's name, with the folders that it lies in
PATIENCE, TRIES = 0.3, 3  # for a file that somebody is writing
SCRAP = re.compile(r"(^|/)(\.[^/]*|__MACOSX|__pycache__|Thumbs\.db|desktop\.ini)(/|$)")
SAME_TIME = 1e-3  # seconds: stamps have microseconds, clocks of files more
AHEAD = 86_400  # seconds: a clock that is further ahead than this is wrong


@dataclass
class HandIn:
    """What one student handed in once for one assignment."""

    student: str
    assignment: str
    when: float  # seconds since 1970
    files: dict[str, bytes]
    notebook: str
    source: str

    def kept(self) -> dict[str, bytes]:
        """The files as they are kept: the notebook is called like the assignment."""
        return {f"{self.assignment}.ipynb" if name == self.notebook else name: content
                for name, content in self.files.items() if name != "timestamp.txt"}  # fmt: skip


@dataclass
class Collected:
    """What came of it, in counts, and in sentences for a person to look at."""

    new: list[str] = field(default_factory=list)
    same: list[str] = field(default_factory=list)
    notes: list[str] = field(default_factory=list)
    problems: list[str] = field(default_factory=list)
    of_others: int = 0  # notebooks for assignments that were not asked for


def collect(
    place: Classroom, names: list[str], inbox: Path | None = None, exchange: Path | None = None
) -> Collected:
    """Take over the newest hand-in of each student for each assignment."""
    done = Collected()
    found: dict[tuple[str, str], list[HandIn]] = {}
    for one in [
        *_from_inbox(place, names, inbox or place.folder / "inbox", done),
        *(_from_exchange(place, names, exchange, done) if exchange else ()),
    ]:
        found.setdefault((one.student, one.assignment), []).append(one)
    for (student, name), hand_ins in sorted(found.items()):
        newest = max(hand_ins, key=lambda one: (one.when, one.source))
        if newest.when > time.time() + AHEAD:
            done.notes.append(f"{student}, {name}: the time of {newest.source} is in the future.")
        if len(hand_ins) > 1:
            done.notes.append(f"{student}, {name}: of {len(hand_ins)} hand-ins the newest counts.")
        if stays(place, newest):
            done.notes.append(f"{student}, {name}: what was collected before is newer than "
                              f"{newest.source}, and stays. (To take the older one, delete "
                              f"submitted/{student}/{name} first.)")  # fmt: skip
            done.same.append(f"{student} {name}")
            continue
        changed = keep(place, newest)
        (done.new if changed else done.same).append(f"{student} {name}")
    if done.of_others:
        done.notes.append(f"notebooks of other assignments, left for them: {done.of_others}.")
    return done


def stays(place: Classroom, hand_in: HandIn) -> bool:
    """Whether a newer one lies there: from the exchange, say, or of an inbox that was emptied."""
    there = place.handed_in(hand_in.student, hand_in.assignment)
    if there is None or there <= hand_in.when + SAME_TIME:
        return False
    kept = read_folder(place.submitted(hand_in.student, hand_in.assignment))
    kept.pop("timestamp.txt", None)
    return fingerprint(kept) != fingerprint(hand_in.kept())


def keep(place: Classroom, hand_in: HandIn) -> bool:
    """Put it in its place in one move, what lay there to `earlier`. False if it is the same."""
    target = place.submitted(hand_in.student, hand_in.assignment)
    when = datetime.datetime.fromtimestamp(hand_in.when, datetime.UTC)
    stamp = when.strftime("%Y-%m-%d %H:%M:%S.%f UTC")
    files = hand_in.kept()
    if target.is_dir():
        there = read_folder(target)
        there.pop("timestamp.txt", None)
        if fingerprint(there) == fingerprint(files):
            return False
    fresh = target.parent / f".{target.name}.new"
    shutil.rmtree(fresh, ignore_errors=True)
    for name, content in {**files, "timestamp.txt": stamp.encode()}.items():
        path = fresh / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_bytes(content)
    if target.is_dir():
        old = place.earlier(hand_in.student, hand_in.assignment)
        old.mkdir(parents=True, exist_ok=True)
        number = len(list(old.iterdir())) + 1
        os.replace(target, old / f"{number:03d}")
    os.replace(fresh, target)
    return True


# Reading


class Unreadable(Exception):
    """A sentence for the person who collects."""


def read_file(path: Path) -> bytes:
    """A plain file's bytes, of one moment; Unreadable if it is none, too large or being written."""
    for _ in range(TRIES):
        try:
            handle = os.open(path, os.O_RDONLY | os.O_NOFOLLOW | os.O_NONBLOCK)
        except OSError as error:
            raise Unreadable(f"{path.name!r} is not read: {error.strerror}") from None
        with os.fdopen(handle, "rb") as stream:
            before = os.fstat(handle)
            if not stat.S_ISREG(before.st_mode):
                raise Unreadable(f"{path.name!r} is no plain file")
            if before.st_size > FILE_BYTES:
                raise Unreadable(f"{path.name!r} has {before.st_size:,} bytes, and {FILE_BYTES:,} "
                                 "are the most")  # fmt: skip
            content = stream.read(FILE_BYTES + 1)
            after = os.fstat(handle)
        if len(content) == before.st_size and (before.st_mtime_ns, before.st_size) == (
            after.st_mtime_ns, after.st_size,
        ):  # fmt: skip
            return content
        time.sleep(PATIENCE)
    raise Unreadable(f"{path.name!r} was being written all the time: collect once more")


def read_folder(
    folder: Path, notes: list[str] | None = None, *, many: bool = False
) -> dict[str, bytes]:
    """{place inside: bytes} of a folder's plain files; what was left out goes to the notes.

    The limits are one student's. With `many`, each entry of the folder is another student's.
    """
    notes = [] if notes is None else notes
    found = [(name, functools.partial(read_file, path)) for path, name in _walk(folder, notes)]
    return _within_limits(found, folder.name, notes, many)


def _walk(folder: Path, notes: list[str] | None) -> Iterator[tuple[Path, str]]:
    """Its files, folder by folder. Not by recursion: a folder may be a thousand folders deep."""
    waiting = [(folder, "")]
    while waiting:
        at, inside = waiting.pop()
        try:
            entries = sorted(os.scandir(at), key=lambda entry: entry.name)
        except OSError as error:
            if notes is not None:
                notes.append(f"{folder.name}: {at.name!r} is not read: {error.strerror}.")
            continue
        deeper = []
        for entry in entries:
            place = inside + entry.name
            if SCRAP.search(place):
                continue
            if entry.is_dir(follow_symlinks=False):
                deeper.append((Path(entry.path), f"{place}/"))
            elif not os.path.isdir(entry.path):
                yield Path(entry.path), place
            elif notes is not None:
                notes.append(f"{folder.name}: {entry.name!r} is a link, and is not followed.")
        waiting += reversed(deeper)


def _within_limits(
    found: list[tuple[str, Callable[[], bytes]]], source: str, notes: list[str], many: bool
) -> dict[str, bytes]:
    """{place inside: bytes} of (place inside, who reads it). Notebooks first: they are graded."""
    kept: dict[str, dict[str, bytes]] = {}
    too_many: dict[str, list[str]] = {}
    for name, read in sorted(found, key=lambda one: not one[0].lower().endswith(".ipynb")):
        where = f"{source}/{name.partition('/')[0]}" if many else source
        files = kept.setdefault(where, {})
        if len(files) == FILES:
            too_many.setdefault(where, []).append(name)
            continue
        try:
            _can_be_kept(files, name)
            content = read()
            if sum(map(len, files.values())) + len(content) > ALL_BYTES:
                raise Unreadable(f"more than {ALL_BYTES:,} bytes in all; {name!r} is left out")
        except Unreadable as error:
            notes.append(f"{source}: {error}.")
        else:
            files[name] = content
    for where, (first, *others) in too_many.items():
        notes.append(f"{where}: more than {FILES} files; {first!r} and {len(others)} others are "
                     "left out.")  # fmt: skip
    return {name: content for files in kept.values() for name, content in files.items()}


def _can_be_kept(files: dict[str, bytes], name: str) -> None:
    """Unreadable if no folder here can hold a file of this name beside the others."""
    if len(os.fsencode(name)) > PLACE or any(len(os.fsencode(p)) > 255 for p in name.split("/")):
        raise Unreadable(f"{name[:60]!r}… has too long a name, and is left out")
    folders = {parent.as_posix() for parent in PurePosixPath(name).parents}
    if folders & files.keys() or any(other.startswith(f"{name}/") for other in files):
        raise Unreadable(f"{name!r} is a file and a folder at once, and is left out")


def read_zip(
    content: bytes, source: str, notes: list[str], *, many: bool = False
) -> dict[str, bytes]:
    """{place inside: bytes} of a zip, with a folder's limits; its own claims are not believed."""
    found = []
    try:
        with zipfile.ZipFile(io.BytesIO(content)) as archive:
            for member in archive.infolist():
                name = PurePosixPath(member.filename.replace("\\", "/").lstrip("/")).as_posix()
                if member.is_dir() or SCRAP.search(name):
                    continue
                if ".." in PurePosixPath(name).parts or stat.S_ISLNK(member.external_attr >> 16):
                    notes.append(f"{source}: {name!r} leads out of the zip, and is left out.")
                    continue
                found.append((name, functools.partial(_member, archive, member)))
            return _within_limits(found, source, notes, many)
    except Exception as error:  # there are many ways of being no zip, zlib's and lzma's among them
        raise Unreadable(f"the zip is damaged ({error})") from None


def _member(archive: zipfile.ZipFile, member: zipfile.ZipInfo) -> bytes:
    with archive.open(member) as stream:
        content = stream.read(FILE_BYTES + 1)
    if len(content) > FILE_BYTES:
        raise Unreadable(f"{member.filename!r} unpacks to more than {FILE_BYTES:,} bytes")
    return content


# Whose is it, and for what?


def _from_inbox(
    place: Classroom, names: list[str], inbox: Path, done: Collected
) -> Iterator[HandIn]:
    """Each entry is a student's folder, notebook or zip, or a zip or folder of many students'."""
    entries = sorted(inbox.iterdir()) if inbox.is_dir() else []
    for entry in entries:
        if SCRAP.search(entry.name):
            continue
        try:
            files, when = _entry(
                entry, done, many=len(owners(entry.name, place.students, place.assignments)) != 1
            )
        except Unreadable as error:
            done.problems.append(f"{entry.name}: {error}.")
            continue
        yield from _sorted_out(place, names, entry.name, files, when, done)


def _entry(entry: Path, done: Collected, *, many: bool) -> tuple[dict[str, bytes], float]:
    if entry.is_symlink():
        raise Unreadable("it is a link, and is not followed")
    if entry.is_dir():
        files = read_folder(entry, done.problems, many=many)
        times = [path.lstat().st_mtime for path, _ in _walk(entry, None)]
        return files, max(times, default=entry.stat().st_mtime)
    content = read_file(entry)
    when = entry.stat().st_mtime
    kind = entry.suffix.lower()
    if kind == ".zip":
        return read_zip(content, entry.name, done.problems, many=many), when
    if kind != ".ipynb":
        raise Unreadable("it is no folder, no notebook (.ipynb) and no .zip, and was left")
    return {entry.name: content}, when


def _sorted_out(
    place: Classroom, names: list[str], entry: str, files: dict[str, bytes], when: float,
    done: Collected,
) -> Iterator[HandIn]:  # fmt: skip
    found = owners(entry, place.students, place.assignments)
    if len(found) == 1:
        yield from _of_student(place, found[0], names, entry, files, when, done)
        return
    groups: dict[str, dict[str, bytes]] = {}
    for name, content in files.items():
        first, _, rest = name.partition("/")
        groups.setdefault(first, {})[rest or first] = content
    of_group = {first: owners(first, place.students, place.assignments) for first in groups}
    if found or not any(of_group.values()):
        done.problems.append(f"{entry}: {_unclear(place, found)} Rename it.")
        return
    mend = "Unpack it and rename what is inside." if entry.endswith(".zip") else "Rename it."
    for first, inside in groups.items():
        if len(of_group[first]) == 1:
            (owner,) = of_group[first]
            yield from _of_student(place, owner, names, f"{entry}/{first}", inside, when, done)
        else:
            said = _unclear(place, of_group[first])
            done.problems.append(f"{entry}: {first!r}: {said} {mend}")


def _unclear(place: Classroom, found: list[str]) -> str:
    """Why it is not clear whose it is; the id in the name settles it."""
    if not found:
        return "it belongs to nobody of the roster: no id is in its name, and no whole name."
    them = [f"{who} ({place.students[who].name})" for who in found]
    return f"it could be that of {' or of '.join(them)}: the id has to be in its name."


def _of_student(
    place: Classroom, student: str, names: list[str], source: str, files: dict[str, bytes],
    when: float, done: Collected,
) -> Iterator[HandIn]:  # fmt: skip
    for name in [name for name in files if name.lower().endswith(".zip")]:  # a zip in the folder
        try:
            inner = read_zip(files.pop(name), f"{source}/{name}", done.problems)
            files |= {f"{name}/{inside}": content for inside, content in inner.items()}
        except Unreadable as error:
            done.problems.append(f"{student}: {name!r} in {source}: {error}.")
    books = [name for name in files if name.lower().endswith(".ipynb")]
    taken: set[str] = set()
    for assignment in names:
        mine = _notebooks_for(assignment, source, books, files)
        if not mine and len(names) == 1 and len(books) == 1:
            mine = [book for book in books if _may_be(assignment, place.assignments, files, book)]
        if not mine:
            continue
        if len(mine) > 1:
            done.notes.append(f"{student}, {assignment}: of {len(mine)} notebooks in {source} the "
                              "one with the shortest name counts.")  # fmt: skip
        book = min(mine, key=lambda name: (len(name), name))
        taken |= set(mine)
        yield _hand_in(student, assignment, source, files, book, when, done)
    _say_what_is_left(place, names, student, source, files, set(books) - taken, bool(taken), done)
    if not books:
        done.problems.append(f"{student}: there is no notebook in {source}.")


def _notebooks_for(
    assignment: str, source: str, books: list[str], files: dict[str, bytes]
) -> list[str]:
    """By their names; but what checks nothing of this exercise, and something of another, is last
    week's, saved under this week's name."""
    named = [book for book in books if is_for(f"{source}/{book}", assignment)]
    return [book for book in named if not is_anothers(files[book], assignment)]


def _may_be(assignment: str, released: list[str], files: dict[str, bytes], book: str) -> bool:
    """A student's only notebook is for the only assignment, whatever it is called, if it is not
    called like another one: what was handed in last week still lies in the inbox."""
    is_named = any(is_for(book, other) for other in released)
    return not is_named and not is_anothers(files[book], assignment)


def _hand_in(
    student: str, assignment: str, source: str, files: dict[str, bytes], book: str, when: float,
    done: Collected,
) -> HandIn:  # fmt: skip
    """The notebook with the files beside it, other notebooks left out."""
    folder = book.rpartition("/")[0]
    beside = {
        name[len(folder) :].lstrip("/"): content
        for name, content in files.items()
        if name == book
        or (not name.lower().endswith(".ipynb") and name.startswith(f"{folder}/" if folder else ""))
    }
    stated = time_in(files.get(f"{folder}/timestamp.txt" if folder else "timestamp.txt", b""))
    if stated:
        done.notes.append(f"{student}, {assignment}: the time of {source} is what the "
                          "timestamp.txt in it says, and anybody can write one.")  # fmt: skip
    stated = stated or time_in(source) or when
    return HandIn(student, assignment, stated, beside, book.rpartition("/")[2], source)


def _say_what_is_left(
    place: Classroom, names: list[str], student: str, source: str, files: dict[str, bytes],
    books: set[str], has_taken: bool, done: Collected,
) -> None:  # fmt: skip
    """Notebooks that were not taken: of other assignments, of another exercise, or of nobody
    knows what."""
    for book in sorted(books):
        mistaken = [name for name in names if is_for(f"{source}/{book}", name)]
        lessons = is_anothers(files[book], mistaken[0] if mistaken else "")
        others = [name for name in place.assignments if name not in names]
        if any(is_for(book, name) for name in others):
            done.of_others += 1
        elif mistaken:
            done.problems.append(f"{student}: {book!r} in {source} is called like {mistaken[0]}, "
                                 f"and checks the tasks of {lessons} alone.")  # fmt: skip
        elif any(lessons == name[:2] for name in others):
            done.of_others += 1
        elif not has_taken:
            done.problems.append(f"{student}: {book!r} in {source} is for no assignment that is "
                                 f"collected ({', '.join(names)}).")  # fmt: skip


def _from_exchange(
    place: Classroom, names: list[str], exchange: Path, done: Collected
) -> Iterator[HandIn]:
    """nbgrader's: COURSE/inbound/STUDENT+ASSIGNMENT+TIME[+SECRET]/."""
    for entry in sorted((exchange / place.course / "inbound").glob("*+*+*")):
        student, assignment, stamp, *_ = [*_split(entry.name), ""]
        if assignment not in names:
            continue
        if student not in place.students:
            done.problems.append(f"{entry.name}: {student!r} is not on the roster.")
            continue
        if stranger := stranger_behind(entry, student):
            done.problems.append(
                f"{entry.name}: it was put there by {stranger!r}, so it is not taken for "
                f"{student}'s."
            )
            continue
        files = read_folder(entry, done.problems) if not entry.is_symlink() else {}
        files = {
            name: content for name, content in files.items() if name != "submission_secret.txt"
        }
        books = [name for name in files if name.lower().endswith(".ipynb")]
        mine = [book for book in books if is_for(book, assignment)] or books
        if not mine:
            done.problems.append(f"{student}: there is no notebook in {entry.name}.")
            continue
        when = time_in(stamp)
        if when is None:
            done.notes.append(
                f"{entry.name}: no time can be read in its name; that of its files counts."
            )
            when = entry.stat().st_mtime
        book = min(mine, key=len)
        if lessons := is_anothers(files[book], assignment):
            done.problems.append(f"{student}: {book!r} in {entry.name} checks the tasks of "
                                 f"{lessons}, and none of {assignment}.")  # fmt: skip
            continue
        yield HandIn(student, assignment, when, files, book, entry.name)


def stranger_behind(hand_in: Path, student: str) -> str | None:
    """Who put a folder into the exchange, if neither the student nor the course's owner did.

    Everybody can write a folder with another's name. Where all users are one user of the system, as
    in the demo, nobody can tell.
    """
    if hand_in.is_symlink():
        return "a link"
    owners = [_owner(path) for path in (hand_in, hand_in.parent.parent)]
    return None if owners[0] in (student, owners[1]) else owners[0]


def _owner(path: Path) -> str:
    """The name of a file's owner, or the number of one that has no name."""
    try:
        return path.owner()
    except KeyError:
        return str(path.stat().st_uid)


def _split(name: str) -> list[str]:
    """[student, assignment, time]: ids and time zones may hold a + as well."""
    found = re.fullmatch(r"(.+?)\+([^+]+)\+(\d{4}-\d\d-\d\d .*)", name)
    return list(found.groups()) if found else name.split("+", 2)
