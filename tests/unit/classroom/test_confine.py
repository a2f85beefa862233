"""What is said where the system does not let itself be asked."""

import errno
import os

import pytest

from course_utils.classroom import confine

pytestmark = pytest.mark.skipif(not hasattr(os, "getuid"), reason="classes need Linux or macOS")
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
