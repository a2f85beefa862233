"""Bringing hand-ins in: from a folder in which files were dropped, or from nbgrader's exchange.

Nothing that lies there is changed, followed or unpacked blindly: links and pipes are left where
they are, zips are read member by member, sizes have limits. Each file is copied, and it is the copy
that is hashed and kept; a file that changes under the copying is read again, and if it keeps
changing, collected the next time. What belongs to nobody, or to no assignment, is said by name.
"""

import contextlib
import datetime
import functools
import io
import os
import re
import shutil
import stat
import time
import unicodedata
import zipfile
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from pathlib import Path, PurePosixPath

from course_utils.classroom.grading import fingerprint
from course_utils.classroom.place import Classroom, Student

FILE_BYTES, ALL_BYTES, FILES = 60 * 2**20, 120 * 2**20, 200
PLACE = 500  # bytes of a file's name, with the folders that it lies in
PATIENCE, TRIES = 0.3, 3  # for a file that somebody is writing
SCRAP = re.compile(r"(^|/)(\.[^/]*|__MACOSX|__pycache__|Thumbs\.db|desktop\.ini)(/|$)")
TIME_IN_NAME = re.compile(
    r"\d{4}-\d\d-\d\d[ T_]\d\d[:.\-_]\d\d[:.\-_]\d\d(?:\.\d+)?(?: ?[\w+\-:/]+)?"
)
OFFSETS = {"UTC": 0, "GMT": 0, "Z": 0, "BST": 1, "CET": 1, "CEST": 2, "EET": 2, "EEST": 3,
           "EST": -5, "EDT": -4, "CST": -6, "CDT": -5, "PST": -8, "PDT": -7}  # fmt: skip
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


@dataclass
class Collected:
    """What came of it, in counts, and in sentences for a person to look at."""

    new: list[str] = field(default_factory=list)
    same: list[str] = field(default_factory=list)
    notes: list[str] = field(default_factory=list)
    problems: list[str] = field(default_factory=list)


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
        changed = keep(place, newest)
        (done.new if changed else done.same).append(f"{student} {name}")
    return done


def keep(place: Classroom, hand_in: HandIn) -> bool:
    """Put it in its place in one move, what lay there to `earlier`. False if it is the same."""
    target = place.submitted(hand_in.student, hand_in.assignment)
    when = datetime.datetime.fromtimestamp(hand_in.when, datetime.UTC)
    stamp = when.strftime("%Y-%m-%d %H:%M:%S.%f UTC")
    files = {f"{hand_in.assignment}.ipynb" if name == hand_in.notebook else name: content
             for name, content in hand_in.files.items() if name != "timestamp.txt"}  # fmt: skip
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
        raise Unreadable(f"{source} is a damaged zip ({error})") from None


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
            files, when = _entry(entry, done, many=whose(entry.name, place.students) is None)
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
    if entry.suffix.lower() == ".zip":
        return read_zip(content, entry.name, done.problems, many=many), when
    return {entry.name: content}, when


def _sorted_out(
    place: Classroom, names: list[str], entry: str, files: dict[str, bytes], when: float,
    done: Collected,
) -> Iterator[HandIn]:  # fmt: skip
    owner = whose(entry, place.students)
    if owner:
        yield from _of_student(owner, names, entry, files, when, done)
        return
    groups: dict[str, dict[str, bytes]] = {}
    for name, content in files.items():
        first, _, rest = name.partition("/")
        groups.setdefault(first, {})[rest or first] = content
    for first, inside in groups.items():
        owner = whose(first, place.students)
        if owner is None:
            done.problems.append(f"{entry}: {first!r} belongs to nobody of the roster.")
            continue
        yield from _of_student(owner, names, f"{entry}/{first}", inside, when, done)


def whose(text: str, students: dict[str, Student]) -> str | None:
    """The student whose id, or whole name, stands in this name; None if that is not just one."""
    plain = _folded(re.sub(r"\.(zip|ipynb)$", "", text, flags=re.IGNORECASE))
    parts = [part for part in re.split(r"[\s_+,;()]+", plain) if part]
    exact = [student for student in students if _folded(student) == plain]
    if exact:
        return exact[0] if len(exact) == 1 else None
    by_id = [student for student in students if _is_run_of(_folded(student), parts)]
    by_name = [one.id for one in students.values() if one.last_name and _is_named(one, plain)]
    found = set(by_id) or set(by_name)
    return found.pop() if len(found) == 1 else None


def _is_run_of(name: str, parts: list[str]) -> bool:
    wanted = [part for part in re.split(r"[\s_+,;()]+", name) if part]
    return any(parts[i : i + len(wanted)] == wanted for i in range(len(parts)))


def _is_named(student: Student, text: str) -> bool:
    first, last = _folded(student.first_name), _folded(student.last_name)
    squeezed = re.sub(r"[\W_]+", " ", text)
    return any(f" {name} " in f" {squeezed} " for name in (f"{first} {last}", f"{last} {first}"))


def _folded(text: str) -> str:
    return unicodedata.normalize("NFKC", text).casefold().strip()


def _of_student(
    student: str, names: list[str], source: str, files: dict[str, bytes], when: float,
    done: Collected,
) -> Iterator[HandIn]:  # fmt: skip
    for name in [name for name in files if name.lower().endswith(".zip")]:  # a zip in the folder
        try:
            inner = read_zip(files.pop(name), f"{source}/{name}", done.problems)
            files |= {f"{name}/{inside}": content for inside, content in inner.items()}
        except Unreadable as error:
            done.problems.append(f"{student}: {error}.")
    books = [name for name in files if name.lower().endswith(".ipynb")]
    taken: set[str] = set()
    for assignment in names:
        mine = [book for book in books if _is_for(f"{source}/{book}", assignment)]
        if not mine and len(names) == 1 and len(books) == 1:
            mine = books
        if not mine:
            continue
        if len(mine) > 1:
            done.notes.append(f"{student}, {assignment}: of {len(mine)} notebooks in {source} the "
                              "one with the shortest name counts.")  # fmt: skip
        book = min(mine, key=lambda name: (len(name), name))
        taken |= set(mine)
        folder = book.rpartition("/")[0]
        beside = {
            name[len(folder) :].lstrip("/"): content
            for name, content in files.items()
            if name == book
            or (name not in books and name.startswith(f"{folder}/" if folder else ""))
        }
        stated = time_in(files.get(f"{folder}/timestamp.txt" if folder else "timestamp.txt", b""))
        if stated:
            done.notes.append(f"{student}, {assignment}: the time of {source} is what the "
                              "timestamp.txt in it says, and anybody can write one.")  # fmt: skip
        stated = stated or time_in(source) or when
        notebook = book.rpartition("/")[2]
        yield HandIn(student, assignment, stated, beside, notebook, source)
    for book in set(books) - taken:
        if not books or not taken:
            done.problems.append(f"{student}: {book!r} in {source} is for no assignment that is "
                                 f"collected ({', '.join(names)}).")  # fmt: skip
    if not books:
        done.problems.append(f"{student}: there is no notebook in {source}.")


def _is_for(path: str, assignment: str) -> bool:
    """By a folder of that name, or by how the file's name begins: 03_attention (1).ipynb."""
    *folders, name = _folded(path).split("/")
    wanted = _folded(assignment)
    number = re.compile(rf"(^|[^0-9a-z]){re.escape(wanted)}([^0-9a-z]|$)")
    return wanted in folders or bool(number.search(name)) or any(map(number.search, folders))


def time_in(text: str | bytes) -> float | None:
    """The time that a name (or a timestamp.txt) states, as seconds since 1970; UTC if it says no
    zone. None if it states none."""
    if isinstance(text, bytes):
        text = text[:200].decode("utf-8", "replace")
    found = TIME_IN_NAME.search(text)
    if not found:
        return None
    numbers = [int(part) for part in re.findall(r"\d+", found[0][:19])]
    fraction = re.match(r"\.\d+", found[0][19:])
    zone = found[0][19 + (len(fraction[0]) if fraction else 0) :].strip()
    with contextlib.suppress(ValueError, OverflowError):
        utc = datetime.datetime(*numbers, tzinfo=datetime.UTC).timestamp()
        return utc + float(fraction[0] if fraction else 0) - _offset(zone)
    return None


def _offset(zone: str) -> float:
    """Seconds to the east of Greenwich: of +0200, +02:00, CEST or Europe/Berlin."""
    number = re.match(r"([+-])(\d\d):?(\d\d)", zone)
    if number:
        return (1.0 if number[1] == "+" else -1.0) * (int(number[2]) * 3600 + int(number[3]) * 60)
    return 3600.0 * OFFSETS.get(re.match(r"[A-Za-z]*", zone)[0].upper(), 0)


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
        mine = [book for book in books if _is_for(book, assignment)] or books
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
