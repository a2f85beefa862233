"""A class of 200, graded on two cores: is anything lost, is every grade right, and how fast is it?

The answers are generated, so every grade is known beforehand: right ones, each known mistake of
exercise 03, blank ones, and one student in twenty who is hostile. The class is released, handed in,
collected, graded, fed back and reported by the commands that a teacher types. The grader is killed
(kill -9) again and again at a random moment and started anew, as often as KILLS. Then all are
graded once more, by another private seed and without interruption, which is how long grading takes;
and a few of the same hand-ins by nbgrader's own `autograde`, one by one, in the same run.

    python benchmarks/classroom.py                     # ten minutes, writes results/classroom.json
    python benchmarks/classroom.py --students 20       # a look, writes nothing
"""

import argparse
import inspect
import json
import os
import platform
import random
import re
import shutil
import signal
import statistics
import subprocess
import sys
import tempfile
import textwrap
import time
from importlib.metadata import version
from pathlib import Path

import psutil

from course_utils import notebook, threads
from course_utils.checks import source
from course_utils.checks.catalog import tasks_of
from course_utils.checks.merge import marks
from course_utils.checks.task import Task
from course_utils.classroom.place import Classroom
from course_utils.paths import EXERCISES, ROOT

RESULTS = Path(__file__).parent / "results" / "classroom.json"
NAME = "03_attention"
STUDENTS, JOBS, KILLS, ONE_BY_ONE = 200, 2, 5, 4
FAULTS = "lost", "wrong_verdicts", "wrong_scores"
HOSTILE = {
    "exits": "import os; os._exit(0)",
    "endless": "while True: pass",
    "asks for the reference": "from course_utils.checks import catalog; "
    "return catalog.find({id!r}).reference(*args)",
    "replaces the comparison": "from course_utils.checks import compare; "
    "compare.difference = lambda *a: None; return 0",
    "fork bomb": "import os; [os.fork() for _ in range(100)]",
    "deaf": "import itertools; return sum(itertools.count())",
}


def answers(task: Task) -> dict[str, tuple[str, bool]]:
    """{what: (source, is it right)} of the ways to answer a task that stand in its file alone."""
    name = task.reference.__name__
    found = {"right": (source.MARKER.sub("", source.as_written(task.reference)), True)}
    for mistake in task.misconceptions:
        text = _renamed(mistake.implementation, name)
        if text:
            found[mistake.id] = (text, False)
    return found


def _renamed(function, name: str) -> str | None:
    """The function's text under the answer's name; None if it rests on what a notebook lacks."""
    try:
        text = textwrap.dedent(source.as_written(function))
    except (OSError, TypeError, StopIteration):
        return None
    own = {"torch", "math", function.__name__, *dir(__builtins__)}
    code = getattr(function, "__code__", None)
    if code is None or not set(code.co_names) & set(function.__globals__) <= own:
        return None
    return re.sub(rf"\b{function.__name__}\b", name, text)


def generated(tasks: list[Task], count: int, rng: random.Random) -> dict[str, dict]:
    """{student: {"kind", "answers": {task: source}, "right": {task: bool}}}."""
    known = {task.id: answers(task) for task in tasks}
    made = {}
    for number in range(count):
        chosen, right = {}, {}
        kind = "blank" if number % 20 == 1 else "hostile" if number % 20 == 2 else "answers"
        for task in tasks:
            wrong = [what for what in known[task.id] if what != "right"]
            what = "right" if rng.random() < 0.6 or not wrong else wrong[number % len(wrong)]
            chosen[task.id], right[task.id] = known[task.id][what]
        if kind == "blank":
            chosen, right = {}, {task.id: False for task in tasks}
        if kind == "hostile":
            victim = tasks[0]
            body = list(HOSTILE.values())[number // 20 % len(HOSTILE)].format(id=victim.id)
            chosen[victim.id] = f"def {victim.reference.__name__}(*args):\n    {body}\n"
            right[victim.id] = False
        made[f"s{number:03d}"] = {"kind": kind, "answers": chosen, "right": right}
    return made


def hand_in(students: dict[str, dict], tasks: list[Task], inbox: Path) -> None:
    released = (EXERCISES / NAME / f"{NAME}.ipynb").read_text(encoding="utf-8")
    for student, made in students.items():
        book = notebook.read(released)
        for cell in book.cells:
            for task in tasks:
                is_its = marks(cell).get("grade_id") == task.id[3:]
                if is_its and task.id in made["answers"]:
                    cell.source = made["answers"][task.id]
        path = inbox / student / f"{NAME}.ipynb"
        path.parent.mkdir(parents=True)
        path.write_text(notebook.to_text(book), encoding="utf-8")


def teacher(place: Path, *arguments: str) -> subprocess.Popen:
    command = [sys.executable, "-m", "course_utils", "class", *arguments]
    variables = {**os.environ, **threads.one_each(), "PYTHONPATH": str(ROOT)}
    return subprocess.Popen(command, cwd=place, env=variables, stdout=subprocess.DEVNULL)


def done(place: Path, *arguments: str) -> float:
    """Run a command to its end; its seconds."""
    began = time.monotonic()
    status = teacher(place, *arguments).wait()
    if status:
        raise RuntimeError(f"class {' '.join(arguments)}: exit status {status}")
    return time.monotonic() - began


def memory_of(process: psutil.Process) -> int:
    """Bytes of a process and all below it, pages that they share counted once."""
    total = 0
    for one in [process, *process.children(recursive=True)]:
        try:
            total += one.memory_full_info().pss
        except (psutil.Error, AttributeError):
            continue
    return total


def judged(place: Path) -> int:
    return len(list((place / "records" / NAME).glob("s*.json")))


def graded(place: Path, count: int, rng: random.Random, kills: int) -> dict:
    """Grade to the end, killed on the way; seconds that the graders lived, the peak of memory."""
    lived, peak, killed = 0.0, 0, 0
    records: list[int] = []
    while True:
        began = time.monotonic()
        grader = teacher(place, "grade", "--jobs", str(JOBS))
        before = records[-1] if records else 0
        most = 2 * (count - before) // (kills - killed + 1) - 1  # so that some are left at the end
        last = before + rng.randint(1, max(1, most))
        while grader.poll() is None and not (killed < kills and judged(place) >= last):
            try:
                peak = max(peak, memory_of(psutil.Process(grader.pid)))
            except psutil.Error:
                pass
            time.sleep(rng.uniform(0.2, 0.6))
        if grader.poll() is None:
            grader.send_signal(signal.SIGKILL)
            killed += 1
        status = grader.wait()
        lived += time.monotonic() - began
        records.append(judged(place))
        if status == 0:
            break
        if status != -signal.SIGKILL:
            raise RuntimeError(f"the grader ended with {status}")
    return {"seconds": lived, "peak_bytes": peak, "killed": killed, "records_after": records}


def one_by_one(place: Path, students: dict[str, dict], count: int) -> list[float]:
    """Seconds of `nbgrader autograde` for a few hand-ins without anything hostile."""
    folder = place / "nbgrader"
    for name in ("solutions", "exercises"):
        shutil.copytree(ROOT / name / NAME, folder / name / NAME)
    shutil.copy(ROOT / "nbgrader_config.py", folder)
    chosen = [student for student, made in students.items() if made["kind"] == "answers"][:count]
    for student in chosen:
        shutil.copytree(place / "submitted" / student / NAME, folder / "submitted" / student / NAME)
    beside = str(Path(sys.executable).parent)
    variables = {**os.environ, **threads.one_each(), "PYTHONPATH": str(ROOT),
                 "PATH": os.pathsep.join([beside, os.environ["PATH"]])}  # fmt: skip

    def nbgrader(*arguments: str) -> float:
        began = time.monotonic()
        command = [sys.executable, "-m", "nbgrader", *arguments]
        subprocess.run(command, cwd=folder, env=variables, capture_output=True, check=True)
        return time.monotonic() - began

    nbgrader("generate_assignment", "--force", NAME)
    return [nbgrader("autograde", NAME, "--student", student) for student in chosen]


def compared(place: Path, students: dict[str, dict], tasks: list[Task]) -> dict:
    """What differs from what was known beforehand: nothing should."""
    from nbgrader.api import Gradebook

    records = Classroom(place).records(NAME)
    wrong, points = [], {}
    for student, made in students.items():
        for task in records.get(student, {"tasks": []})["tasks"]:
            points[task["task"]] = task["most"]
            if task["passed"] != made["right"][task["task"]]:
                wrong.append(f"{student} {task['task']}")
    with Gradebook(f"sqlite:///{place / 'gradebook.db'}") as book:
        scores = {one.student.id: one.score for one in book.assignment_submissions(NAME)}
    expected = {
        student: sum(points[task.id] for task in tasks if made["right"][task.id])
        for student, made in students.items()
    }
    return {
        "lost": sorted(set(students) - set(records)),
        "wrong_verdicts": wrong,
        "wrong_scores": [who for who in students if scores.get(who) != expected[who]],
        "feedback_pages": len(list((place / "feedback").rglob("*.html"))),
    }


def hardware() -> str:
    names = re.findall(r"model name\s*: (.+)", Path("/proc/cpuinfo").read_text())
    return f"{len(names)} × {names[0]}" if names else platform.machine()


def main(arguments: list[str] | None = None) -> None:
    parser = argparse.ArgumentParser(description=inspect.getdoc(sys.modules[__name__]))
    parser.add_argument("--students", type=int, default=STUDENTS)
    parser.add_argument("--kills", type=int, default=KILLS)
    chosen = parser.parse_args(arguments)
    rng = random.Random(0)
    tasks = tasks_of(NAME[:2])
    students = generated(tasks, chosen.students, rng)
    with tempfile.TemporaryDirectory(ignore_cleanup_errors=True) as name:
        place = Path(name)
        roster = place / "class.csv"
        roster.write_text("id\n" + "".join(f"{student}\n" for student in students))
        others = {"init": done(place, "init", ".", "--students", "class.csv")}
        others["release"] = done(place, "release", NAME)
        hand_in(students, tasks, place / "inbox")
        others["collect"] = done(place, "collect")
        run = graded(place, len(students), rng, chosen.kills)
        for command in ("feedback", "report"):
            others[command] = done(place, command)
        found = compared(place, students, tasks)
        at_once = done(place, "grade", "--again", "--jobs", str(JOBS))
        again = compared(place, students, tasks)
        slow = one_by_one(place, students, ONE_BY_ONE)
    each = at_once / len(students)
    result = {
        "question": "does a class of so many get the grades that its answers earn, and how fast?",
        "students": len(students),
        "kinds": {kind: sum(made["kind"] == kind for made in students.values())
                  for kind in ("answers", "blank", "hostile")},
        "killed_times": run["killed"],
        "records_after_each_life": run["records_after"],
        **found,
        "graded_again": again,
        "jobs": JOBS,
        "grading_with_kills_s": round(run["seconds"], 1),
        "grading_s": round(at_once, 1),
        "a_submission_s": round(each, 3),
        "peak_megabytes": round(run["peak_bytes"] / 2**20),
        "other_commands_s": {command: round(took, 1) for command, took in others.items()},
        "nbgrader_one_by_one_s": [round(took, 2) for took in slow],
        "times_faster_than_one_by_one": round(statistics.median(slow) / each, 1),
        "hardware": hardware(),
        "python": platform.python_version(),
        "nbgrader": version("nbgrader"),
    }  # fmt: skip
    print(json.dumps(result, indent=1))
    if (chosen.students, chosen.kills) == (STUDENTS, KILLS):
        RESULTS.write_text(json.dumps(result, indent=1) + "\n", encoding="utf-8")
    if any(one[fault] for one in (found, again) for fault in FAULTS):
        sys.exit(1)


if __name__ == "__main__":
    main()
