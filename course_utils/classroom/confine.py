"""What the system can be asked to forbid, asked for, and said plainly where it refuses.

On Linux a process may leave for namespaces of its own, also without being root: a root folder in
which nothing lies but Python and the course without its answers, no network, and an own count of
processes, which all end when the first one does. `enter` does that once for the process from which
the children are forked, `leave_alone` the rest for each child. Both return what could not be done.

Everywhere else there are the limits that every Unix knows (`limit`).
"""

import contextlib
import ctypes
import errno
import json
import os
import platform
import resource
import signal
import struct
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

NOBODY = 65534
NEW_NAMES, NEW_HOST, NEW_IPC = 0x00020000, 0x04000000, 0x08000000
NEW_USER, NEW_PIDS, NEW_NETWORK = 0x10000000, 0x20000000, 0x40000000
READ_ONLY, NO_SUID, NO_DEVICES, REMOUNT, BIND, RECURSIVE, PRIVATE = (
    1,
    2,
    4,
    32,
    4096,
    16384,
    1 << 18,
)
DETACH = 2
PIVOT_ROOT = {"x86_64": 155, "aarch64": 41}
NO_NEW_PRIVILEGES, DIE_WITH_PARENT, SUBREAPER, DROP_BOUND = 38, 1, 36, 24

# Calls that take memory which is in no process, so that no limit counts it, and keys and rings
# that the kernel keeps: shmget, msgget, memfd_create, add_key, io_uring_setup.
FORBIDDEN = {"x86_64": (29, 68, 319, 248, 425), "aarch64": (194, 186, 279, 217, 425)}
ARCHITECTURE = {"x86_64": 0xC000003E, "aarch64": 0xC00000B7}
OTHER_CALLS = 0x40000000  # from here on x86_64 has its calls once more, under other numbers
FILTER_CALLS, BY_PROGRAM = 22, 2
LOAD, IF_EQUAL, IF_AT_LEAST, RETURN = 0x20, 0x15, 0x35, 0x06  # of the kernel's filter language
CALL, CALLER = 0, 4  # where a call's number stands, and the kind of machine that it was made for
ALLOW, NOT_PERMITTED = 0x7FFF0000, 0x00050000 | errno.EPERM
FIRST_TO_GO = "900"  # where memory runs out: of 1000

SYSTEM = ("/usr", "/lib", "/lib64", "/bin", "/etc/ld.so.cache", "/etc/alternatives")
DEVICES = ("/dev/null", "/dev/zero", "/dev/urandom", "/dev/random")
WORK = "/work-of-the-answer"
WORK_BYTES = 64 * 2**20

# What a child may use. The seconds are of processor time, over a whole task.
CPU_SECONDS = 60
GIGABYTES = 2.5  # more than what it has when it is born
FILE_BYTES = 32 * 2**20
OPEN_FILES = 64
PROCESSES = 16

FOLDERS = "the files of the teacher, of other students and of the system, and the answers"
NETWORK = "the network"
PROCESS_TREE = "seeing, and outliving, other processes"
COUNT = "more than a few processes"


WHY_NOT = {  # what the system says of it by itself is about other things
    errno.EPERM: "namespaces are not allowed here, as in many containers",
    errno.EACCES: "namespaces are not allowed here",
    errno.ENOSPC: "namespaces are switched off here: user.max_user_namespaces is too low",
    errno.ENOSYS: "this kernel was built without namespaces",
}


class Refused(OSError):
    """The system does not allow this."""


def _call(name: str, *arguments) -> None:
    libc = ctypes.CDLL(None, use_errno=True)
    if getattr(libc, name)(*arguments) != 0:
        error = ctypes.get_errno()
        raise Refused(error, f"{name}: {os.strerror(error)}")


def enter(package: Path, hidden: list[Path]) -> dict[str, str]:
    """Leave for namespaces in which `package` is there to read, without the folders `hidden` in it.

    {what is not forbidden here: why}; {} where all is. Call it before there are threads.
    """
    if sys.platform != "linux":
        return _without_namespaces(f"{platform.system()} has no namespaces")
    missing: dict[str, str] = {}
    with contextlib.suppress(OSError):
        _call("prctl", SUBREAPER, 1, 0, 0, 0)  # orphans of an answer come here, and are ended
    try:
        _to_own_users(package, hidden)
    except OSError as error:
        return _without_namespaces(WHY_NOT.get(error.errno, str(error)))
    for flag, what in ((NEW_NETWORK, NETWORK), (NEW_IPC | NEW_HOST, "")):
        try:
            _call("unshare", flag)
        except OSError as error:
            if what:
                missing[what] = str(error)
    return missing


def _without_namespaces(why: str) -> dict[str, str]:
    """How many processes a user may have is a limit of every Unix (`limit`), and not for root."""
    unlimited = [COUNT] if os.getuid() == 0 else []
    return dict.fromkeys([FOLDERS, NETWORK, PROCESS_TREE, *unlimited], why)


def _to_own_users(package: Path, hidden: list[Path]) -> None:
    """A root folder and users of our own. Whoever is root outside is nobody from now on."""
    was_root = os.geteuid() == 0
    with _map_writer(
        NOBODY if was_root else os.getuid(), NOBODY if was_root else os.getgid()
    ) as go:
        if was_root:
            _call("unshare", NEW_NAMES)
            _own_root(package, hidden)
            _call("unshare", NEW_USER)
        else:
            _call("unshare", NEW_USER | NEW_NAMES)
        go()
    if not was_root:
        _own_root(package, hidden)
    else:
        os.setresgid(0, 0, 0)
        os.setresuid(0, 0, 0)


@contextlib.contextmanager
def _map_writer(user: int, group: int) -> Iterator:
    """A process that stays behind to say who root of the new namespace is outside: `user`."""
    read, write = os.pipe()
    done, tell = os.pipe()
    parent = os.getpid()
    helper = os.fork()
    if helper == 0:
        status = 1
        try:
            os.close(write)
            if os.read(read, 1) == b"g":
                for name, text in (
                    ("setgroups", "deny"),
                    ("uid_map", f"0 {user} 1"),
                    ("gid_map", f"0 {group} 1"),
                ):
                    Path(f"/proc/{parent}/{name}").write_text(text)
                status = 0
        finally:
            os.write(tell, b"." if status == 0 else b"!")
            os._exit(status)
    os.close(read)

    def go() -> None:
        os.write(write, b"g")
        if os.read(done, 1) != b".":
            raise Refused(1, "the system does not let us say who is who in a namespace")

    try:
        yield go
    finally:
        os.close(write)
        os.waitpid(helper, 0)
        os.close(done)
        os.close(tell)


def _own_root(package: Path, hidden: list[Path]) -> None:
    """Another /, to be read: in it are Python, the system's libraries, and the course."""
    if platform.machine() not in PIVOT_ROOT:
        raise Refused(1, f"no number is known for pivot_root on {platform.machine()}")
    _mount(None, "/", None, RECURSIVE | PRIVATE)
    root = Path("/tmp") if os.path.isdir("/tmp") else Path("/var/tmp")
    kept = _needed_folders(package)
    # The new root lies on a file system of its own, over a folder that everybody has.
    sources = {path: (os.open(path, os.O_PATH), os.path.isdir(path)) for path in kept}
    _mount("tmpfs", str(root), "tmpfs", NO_SUID, "size=4m,mode=755")
    for path, (handle, is_folder) in sources.items():
        there = root / path.lstrip("/")
        if is_folder:
            there.mkdir(parents=True, exist_ok=True)
        else:
            there.parent.mkdir(parents=True, exist_ok=True)
            there.touch()
        _mount(f"/proc/self/fd/{handle}", str(there), None, BIND | RECURSIVE)
        os.close(handle)
        if path not in DEVICES:
            _read_only(there)
    for folder in hidden:
        there = root / str(folder).lstrip("/")
        if there.is_dir():
            _mount("tmpfs", str(there), "tmpfs", NO_SUID | READ_ONLY, "size=4k,mode=000")
    for name in ("proc", WORK.lstrip("/")):
        (root / name).mkdir(exist_ok=True)
    # It is the same one for all answers, and whoever is not root outside owns it inside: what one
    # answer left there, beside the course, the next one would import.
    _mount(None, str(root), None, REMOUNT | BIND | READ_ONLY | NO_SUID)
    os.chdir(root)
    _call("syscall", PIVOT_ROOT[platform.machine()], b".", b".")
    _call("umount2", b".", DETACH)
    os.chdir("/")


def _needed_folders(package: Path) -> list[str]:
    prefixes = [sys.prefix, sys.exec_prefix, sys.base_prefix]
    wanted = [*SYSTEM, *DEVICES, *prefixes, *map(os.path.realpath, prefixes), str(package)]
    wanted += [path for path in sys.path if path.endswith("site-packages")]
    wanted += [os.path.realpath(os.path.dirname(os.path.realpath(sys.executable)))]
    there = sorted({path for path in wanted if os.path.exists(path)}, key=len)
    kept: list[str] = []
    for path in there:
        if not any(path == known or path.startswith(known + "/") for known in kept):
            kept.append(path)
    return kept


def _mount(source, target, kind, flags, options=None) -> None:
    texts = [None if text is None else text.encode() for text in (source, target, kind, options)]
    _call("mount", *texts[:3], ctypes.c_ulong(flags), texts[3])


def _read_only(path: Path) -> None:
    """What was locked from outside (nosuid, nodev, …) has to be named again, or it is refused."""
    locked = os.statvfs(path).f_flag & ~READ_ONLY & 0x0F | os.statvfs(path).f_flag & 0x3C00
    with contextlib.suppress(Refused):
        _mount(None, str(path), None, REMOUNT | BIND | READ_ONLY | NO_SUID | locked)


def apart(missing: dict[str, str]) -> None:
    """Called in a fork: from here on its children see no other process, and end when it does.

    Returns in the child that the answer will run in, which has an empty folder to work in.
    """
    os.setsid()
    if FOLDERS not in missing:
        try:
            _call("unshare", NEW_PIDS | NEW_NAMES | NEW_IPC)
        except OSError as error:
            missing[PROCESS_TREE] = str(error)
    if FOLDERS in missing or PROCESS_TREE in missing:
        return
    _become_child()  # the first process of the namespace, which signals do not reach…
    _mount("tmpfs", WORK, "tmpfs", NO_SUID | NO_DEVICES, f"size={WORK_BYTES},mode=777")
    with contextlib.suppress(OSError):  # inside of some containers this is not allowed
        _mount("proc", "/proc", "proc", NO_SUID | NO_DEVICES)
    _become_child()  # …and so another one for the answer
    os.chdir(WORK)


def _become_child() -> None:
    """Go on as a child. The parent waits, and then ends as the child did."""
    child = os.fork()
    if child == 0:
        _call("prctl", DIE_WITH_PARENT, signal.SIGKILL, 0, 0, 0)
        return
    while True:
        ended, status = os.waitpid(-1, 0)  # the first process of a namespace also inherits orphans
        if ended == child:
            break
    os._exit(128 + os.WTERMSIG(status) if os.WIFSIGNALED(status) else os.WEXITSTATUS(status))


def limit() -> None:
    """The limits of every Unix, for this process and all that come out of it; no way back."""
    in_use = _address_space()
    limits = {
        "RLIMIT_AS": in_use + int(GIGABYTES * 2**30) if in_use else None,
        "RLIMIT_CPU": CPU_SECONDS,
        "RLIMIT_FSIZE": FILE_BYTES,
        "RLIMIT_NOFILE": OPEN_FILES,
        "RLIMIT_NPROC": _own_processes() + PROCESSES,
        "RLIMIT_CORE": 0,
    }
    for name, most in limits.items():
        if most is not None and hasattr(resource, name):
            with contextlib.suppress(ValueError, OSError):
                resource.setrlimit(getattr(resource, name), (most, most))
    if sys.platform == "linux":
        with contextlib.suppress(OSError):
            _drop_powers()


def _drop_powers() -> None:
    """Whoever was root in the namespace is so no longer, and no program makes it root again."""
    for power in range(64):
        with contextlib.suppress(Refused):
            _call("prctl", DROP_BOUND, power, 0, 0, 0)
    header = (ctypes.c_uint32 * 2)(0x20080522, 0)
    nothing = (ctypes.c_uint32 * 6)()
    _call("capset", header, nothing)
    _call("prctl", NO_NEW_PRIVILEGES, 1, 0, 0, 0)
    _forbid_calls(platform.machine())


def _forbid_calls(machine: str) -> None:
    """Refuse FORBIDDEN from now on, and all calls that are made as if on another machine."""
    if machine not in FORBIDDEN:
        return
    numbers = FORBIDDEN[machine]
    refused = [(IF_EQUAL, len(numbers) - i, 0, number) for i, number in enumerate(numbers)]
    program = [
        (LOAD, 0, 0, CALLER),
        (IF_EQUAL, 0, len(numbers) + 3, ARCHITECTURE[machine]),  # (steps if so, steps if not)
        (LOAD, 0, 0, CALL),
        (IF_AT_LEAST, len(numbers) + 1, 0, OTHER_CALLS),
        *refused,
        (RETURN, 0, 0, ALLOW),
        (RETURN, 0, 0, NOT_PERMITTED),
    ]
    steps = ctypes.create_string_buffer(b"".join(struct.pack("HBBI", *step) for step in program))
    whole = struct.pack("HP", len(program), ctypes.addressof(steps))
    _call("prctl", FILTER_CALLS, BY_PROGRAM, ctypes.create_string_buffer(whole))


def be_first_to_go() -> None:
    """Where memory runs out, the system ends this process and its children before all others."""
    with contextlib.suppress(OSError):
        Path("/proc/self/oom_score_adj").write_text(FIRST_TO_GO)


def _address_space() -> int:
    try:
        pages = Path("/proc/self/statm").read_text().split()[0]
        return int(pages) * resource.getpagesize()
    except (OSError, ValueError):
        return 0


def _own_processes() -> int:
    """How many processes (threads) this user has already; 0 where it has a count of its own."""
    mine, count = os.getuid(), 0
    for folder in Path("/proc").glob("[0-9]*"):
        with contextlib.suppress(OSError):
            if folder.stat().st_uid == mine:
                count += len(os.listdir(folder / "task"))
    return count


def found_out(package: Path, hidden: list[Path]) -> dict[str, str]:
    """What this system does not forbid, tried in a process of its own: {what: why}."""
    code = (
        "import json, sys\nfrom pathlib import Path\nfrom course_utils.classroom import confine\n"
        "paths = [Path(p) for p in sys.argv[1:]]\n"
        "print(json.dumps(confine.enter(paths[0], paths[1:])))"
    )
    command = [sys.executable, "-c", code, str(package), *map(str, hidden)]
    variables = {**os.environ, "PYTHONPATH": str(package.parent)}
    done = subprocess.run(command, capture_output=True, text=True, env=variables)
    return json.loads(done.stdout) if done.returncode == 0 else {FOLDERS: done.stderr[-300:]}
