"""A class in the browser: handed out, solved, handed in, collected, graded, read by the student.

One hub, the demo of `class hub`, with its real log-in; a teacher and a student in two windows.
"""

import json
import os
import re
import signal
import subprocess
import sys
import time
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

import pytest
from lab import SECONDS, Notebook, Traffic
from playwright.sync_api import Page, expect

from course_utils.classroom import hub
from course_utils.paths import ROOT
from course_utils.problem import Problem

LESSON, ASSIGNMENT = "01", "01_words_into_numbers"
CLASS = "python3 -m course_utils class"
STUDENT = "student01"
STUB = "def count_pairs("
CHECK = 'check("01.count_pairs"'
POINTS, MOST = 2, 10  # for the one task that the student solves, and for all
ANSWER = """\
def count_pairs(words):
    counts = {}
    for pieces, times in words:
        for pair in zip(pieces, pieces[1:]):
            counts[pair] = counts.get(pair, 0) + times
    return counts
"""
START = 120  # seconds: for the hub, and for a user's server
GRADING = 300  # seconds for the teacher's commands, four times a Python with torch
MENU = ".lm-MenuBar-itemLabel"


def needed() -> str | None:
    """Why there can be no hub here; None if there can."""
    try:
        hub.expect_packages()
    except Problem as problem:
        return str(problem)
    return None


pytestmark = pytest.mark.skipif(needed() is not None, reason=needed() or "")


@dataclass
class Running:
    demo: hub.Demo
    address: str
    passwords: dict[str, str]

    @contextmanager
    def window(self, browser, name: str):
        """A browser window in which that user is logged in, in their JupyterLab."""
        settings = self.demo.home(name) / ".jupyter"
        settings.mkdir(exist_ok=True)
        (settings / "jupyter_lab_config.json").write_text(
            json.dumps({"LabApp": {"expose_app_in_browser": True}}), "utf-8"
        )
        context = browser.new_context(viewport={"width": 1280, "height": 900})
        context.set_default_timeout(60 * SECONDS)
        page = context.new_page()
        traffic = Traffic(page)
        self.log_in(page, name, self.passwords[name])
        expect(page.locator(MENU, has_text="Nbgrader")).to_be_visible(timeout=START * SECONDS)
        yield page
        context.close()
        assert not traffic.strangers, f"the page asked other hosts: {traffic.strangers}"

    def log_in(self, page: Page, name: str, password: str) -> None:
        page.goto(f"{self.address}/hub/login")
        page.locator("#username_input").fill(name)
        page.locator("#password_input").fill(password)
        page.locator("#login_submit").click()


@pytest.fixture(scope="module")
def running(browser, tmp_path_factory):
    """The hub demo, started as a teacher starts it, and stopped as with Ctrl-C."""
    demo = hub.Demo(tmp_path_factory.mktemp("hub") / "demo")
    command = [sys.executable, "-m", "course_utils", "class", "hub", str(demo.folder)]
    started = subprocess.Popen(
        [*command, "--users", "1", "--assignment", ASSIGNMENT],
        env={**os.environ, "PYTHONPATH": str(ROOT)},
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
        text=True,
    )
    said = ""
    for line in started.stdout:  # ends when the hub runs, or when the process ends
        said += line
        if "The hub runs at" in line:
            break
    try:
        address = re.search(r"The hub runs at (http://127\.0\.0\.1:\d+)", said)
        assert address, f"the hub did not start:\n{said}"
        passwords = dict(re.findall(r"^  (\w+) +([a-z0-9-]{14})$", said, re.MULTILINE))
        yield Running(demo, address[1], passwords)
    finally:
        started.send_signal(signal.SIGINT)
        rest, _ = started.communicate(timeout=hub.STOP_TIMEOUT + 30)
    assert started.returncode == 0, said + rest
    assert hub.left_behind(demo) == [], "processes outlived the hub"


def assignments(page: Page) -> None:
    """Open nbgrader's list, by its menu; a list that is open is asked again."""
    if not page.locator("#refresh_assignments_list").is_visible():
        page.locator(MENU, has_text="Nbgrader").click()
        page.locator(".lm-Menu-item:visible", has_text="Assignment List").click()
    page.locator("#refresh_assignments_list").click()


def in_terminal(page: Page, folder: Path, *commands: str) -> None:
    """What a teacher types into a terminal of JupyterLab; back when it succeeded."""
    done, log = folder / ".done", folder / ".log"
    page.evaluate("jupyterapp.commands.execute('terminal:create-new')")
    screen = page.locator(".jp-Terminal:visible .xterm-screen")
    expect(screen).to_be_visible()
    page.wait_for_function(  # what is typed before that is lost
        "jupyterapp.shell.currentWidget.content.session?.connectionStatus === 'connected'"
    )
    screen.click()
    line = f"cd {folder}; ({' && '.join(commands)}) > {log} 2>&1; echo $? > {done}"
    page.keyboard.insert_text(line)
    page.keyboard.press("Enter")
    end = time.monotonic() + GRADING
    while not done.exists() or not done.read_text():
        said = log.read_text() if log.exists() else "nothing: the shell did not hear it"
        assert time.monotonic() < end, f"after {GRADING} s it says {said}"
        page.wait_for_timeout(300)
    assert done.read_text().strip() == "0", log.read_text()


def test_a_class_from_release_to_feedback(running, browser, picture):
    with running.window(browser, STUDENT) as student:
        assignments(student)
        student.locator("#released_assignments_list button", has_text="Fetch").click()
        expect(student.locator("#fetched_assignments_list")).to_contain_text(ASSIGNMENT)
        solve(running, student)
        assignments(student)
        student.locator("#fetched_assignments_list button", has_text="Submit").first.click()
        expect(student.locator("#submitted_assignments_list")).to_contain_text(ASSIGNMENT)

        with running.window(browser, "teacher") as teacher:
            in_terminal(
                teacher,
                running.demo.course,
                f"{CLASS} collect {LESSON} --exchange {running.demo.exchange}",
                f"{CLASS} grade {LESSON} --jobs 1",
                f"{CLASS} feedback {LESSON}",
                f"{CLASS} publish {LESSON}",
            )

        assignments(student)
        feedback = student.locator("#submitted_assignments_list button", has_text="Fetch Feedback")
        feedback.first.click()
        read(running, student)


def solve(running: Running, page: Page) -> None:
    """Open the notebook, write the answer, see it pass, save."""
    page.goto(f"{running.address}/user/{STUDENT}/lab/tree/{ASSIGNMENT}/{ASSIGNMENT}.ipynb?reset")
    notebook = Notebook(page)
    notebook.run("from course_utils.checks import check")
    notebook.write(STUB, ANSWER)
    notebook.run(STUB)
    expect(notebook.run(CHECK).locator(".jp-Cell-outputArea")).to_contain_text("PASSED")
    notebook.save()


def read(running: Running, page: Page) -> None:
    """The feedback lies in the student's folder, and has the points."""
    folder = running.demo.home(STUDENT) / ASSIGNMENT / "feedback"
    end = time.monotonic() + START
    while not (found := sorted(folder.glob("*/*.html"))):
        assert time.monotonic() < end, "no feedback came"
        page.wait_for_timeout(300)
    place = found[-1].relative_to(running.demo.home(STUDENT)).as_posix()
    page.goto(f"{running.address}/user/{STUDENT}/files/{place}")
    expect(page.locator("h1")).to_contain_text(f"{POINTS} of {MOST} points")


def test_a_wrong_password_opens_nothing(running, page):
    running.log_in(page, STUDENT, "not-the-password")
    expect(page.locator(".login_error")).to_contain_text("Invalid username or password")
    assert page.goto(f"{running.address}/user/teacher/lab").url.startswith(
        f"{running.address}/hub/login"
    )
