"""What is said where the system does not let itself be asked."""

import errno
import os
import platform
import subprocess
import sys
from pathlib import Path

import pytest

from course_utils.classroom import confine
from course_utils.classroom.nursery import Nursery
from course_utils.classroom.worker import HIDDEN, PACKAGE
from course_utils.paths import ROOT

pytestmark = pytest.mark.skipif(not hasattr(os, "getuid"), reason="classes need Linux or macOS")
SECCOMP = Path("/proc/sys/kernel/seccomp/actions_avail")
SPACES = {confine.FOLDERS, confine.NETWORK, confine.PROCESS_TREE}


@pytest.mark.parametrize("user, more", [(0, {confine.COUNT}), (1000, set())])
@pytest.mark.parametrize("number, why", [(errno.EPERM, "not allowed"), (errno.ENOSPC, "too low")])
def test_without_namespaces_it_says_why_and_counts_processes_of_ordinary_users(
    monkeypatch, user, more, number, why
):
    def refused(package, hidden):
        raise confine.Refused(number, f"unshare: {os.strerror(number)}")

    monkeypatch.setattr(confine, "_to_own_users", refused)
    monkeypatch.setattr(confine, "_call", lambda *arguments: None)
    monkeypatch.setattr(confine.sys, "platform", "linux")
    monkeypatch.setattr(os, "getuid", lambda: user)
    missing = confine.enter(confine.Path("package"), [])
    assert set(missing) == SPACES | more
    assert all(why in text for text in missing.values())


def test_on_another_system_the_name_of_it_is_said(monkeypatch):
    monkeypatch.setattr(confine.sys, "platform", "darwin")
    monkeypatch.setattr(confine.platform, "system", lambda: "Darwin")
    assert set(confine.enter(confine.Path("package"), []).values()) == {"Darwin has no namespaces"}


@pytest.mark.skipif(bool(confine.found_out(PACKAGE, HIDDEN)), reason="no namespaces here")
def test_nothing_can_be_left_beside_the_course_for_the_next_answer_to_import():
    """The root folder is one for all answers, and its owner inside is whoever grades."""
    code = (
        "import os\n"
        "from course_utils.classroom import confine, worker\n"
        "assert not confine.enter(worker.PACKAGE, worker.HIDDEN)\n"
        "places = ['/', str(worker.PACKAGE.parent), str(worker.HIDDEN[0])]\n"
        "print([place for place in places if not os.statvfs(place).f_flag & os.ST_RDONLY])"
    )
    variables = {**os.environ, "PYTHONPATH": str(ROOT)}
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True,
                          env=variables)  # fmt: skip
    assert done.stdout == "[]\n", done.stderr


@pytest.mark.skipif(not SECCOMP.exists() or platform.machine() not in confine.FORBIDDEN,
                    reason="no filter of calls here")  # fmt: skip
def test_memory_that_no_limit_counts_is_refused_and_other_calls_are_not():
    code = (
        "import ctypes, os\n"
        "from course_utils.classroom import confine\n"
        "confine.limit()\n"
        "libc = ctypes.CDLL(None, use_errno=True)\n"
        "print(libc.shmget(0, 4096, 0o1600), os.strerror(ctypes.get_errno()), os.getpid() > 0)\n"
        "try: os.memfd_create('x')\n"
        "except PermissionError: print('refused')"
    )
    variables = {**os.environ, "PYTHONPATH": str(ROOT)}
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True,
                          env=variables)  # fmt: skip
    assert done.stdout == "-1 Operation not permitted True\nrefused\n", done.stderr


@pytest.mark.skipif(sys.platform != "linux", reason="Linux chooses so, others otherwise")
def test_where_memory_runs_out_answers_go_first():
    with Nursery() as nursery:
        said = Path(f"/proc/{nursery._process.pid}/oom_score_adj").read_text()
    assert int(said) == int(confine.FIRST_TO_GO)
