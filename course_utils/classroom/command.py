"""`python -m course_utils class …`: a class's assignments, handed out, collected, graded, reported.

Exit statuses: 0, done; 1, done, and something needs a person (a hand-in that could not be judged,
files that belong to nobody); 2, it could not be done as asked, and a sentence says why. A wrong
answer is none of these: it is a grade.
"""

import argparse
import os
import shutil
import statistics
import sys
from pathlib import Path

from course_utils.classroom.hub import add_hub_command
from course_utils.paths import expanded
from course_utils.problem import Problem

EPILOG = "Exit status: 0 done, 1 done and something needs a person, 2 not done."


def main(argv: list[str]) -> int:
    chosen = parser().parse_args(argv)
    if sys.platform == "win32":
        raise Problem("`class` needs Linux or macOS: answers are run in forked processes.")
    return chosen.run(chosen)


def parser() -> argparse.ArgumentParser:
    """Standard library only, as is all that this module imports: see course_utils/options.py."""
    made = argparse.ArgumentParser(
        prog="python3 -m course_utils class",
        description="For teachers: a class's assignments, from handing out to the report.",
        epilog=EPILOG,
        allow_abbrev=False,
    )
    commands = made.add_subparsers(dest="command", required=True, metavar="COMMAND")
    for name, (run, help, arguments) in COMMANDS.items():
        one = commands.add_parser(
            name, help=help, description=help, epilog=EPILOG, allow_abbrev=False
        )
        for flags, options in arguments:
            one.add_argument(*flags, **options)
        if name not in ("init", "doctor"):
            one.add_argument(
                "--class", dest="folder", type=expanded, default=Path(), metavar="FOLDER",
                help="the class's folder; without, the one you are in",
            )  # fmt: skip
        one.set_defaults(run=run)
    add_hub_command(commands)
    return made


def init(chosen: argparse.Namespace) -> int:
    from course_utils.classroom import gradebook
    from course_utils.classroom.place import Classroom

    before = None
    if (chosen.folder / "roster.csv").exists():
        before = set(Classroom(chosen.folder).students)
    place = Classroom.make(chosen.folder, chosen.students, chosen.course)
    gradebook.enter_students(place, place.students.values())
    print(f"{chosen.folder}: {_on_the_roster(before, set(place.students))}")
    return 0


def _on_the_roster(before: set[str] | None, now: set[str]) -> str:
    """What `init` did, so that the roster of another class is noticed at once."""
    if before is None:
        return f"made; on the roster: {len(now)}. Next: class release NAME"
    new, gone = sorted(now - before), sorted(before - now)
    kept = f"; no longer: {', '.join(gone)} (their work and points are kept)" if gone else ""
    return f"brought up to date; on the roster: {len(now)}; new: {', '.join(new) or 'nobody'}{kept}"


def release(chosen: argparse.Namespace) -> int:
    from course_utils.classroom import gradebook
    from course_utils.classroom import release as making
    from course_utils.classroom.place import Classroom

    place = Classroom(chosen.folder)
    names = making.select(chosen.names)
    if not names:
        raise Problem("There are no solutions in this copy of the course: nothing to release.")
    for made in making.generate(names):
        what = making.write(made, place.folder / "release", force=True)
        points = gradebook.enter_assignment(place, made.name)
        _zip(place.folder / "release" / made.name)
        print(f"release/{made.name}: {what}, {points:g} points; release/{made.name}.zip to send")
    return 0


def _zip(folder: Path) -> None:
    shutil.make_archive(str(folder), "zip", folder.parent, folder.name)


def collect(chosen: argparse.Namespace) -> int:
    from course_utils.classroom.collect import collect
    from course_utils.classroom.place import Classroom

    place = Classroom(chosen.folder)
    names = place.select(chosen.names)
    inbox = chosen.source or place.folder / "inbox"
    if not inbox.is_dir():
        raise Problem(f"There is no folder {inbox} to collect from.")
    done = collect(place, names, inbox, chosen.exchange)
    for note in done.notes:
        print(f"  note: {note}")
    for problem in done.problems:
        print(f"  to look at: {problem}")
    print(f"{len(done.new)} new, {len(done.same)} as before, {len(done.problems)} to look at.")
    return 1 if done.problems else 0


def grade(chosen: argparse.Namespace) -> int:
    from course_utils.classroom.place import Classroom
    from course_utils.classroom.run import grade_assignment
    from course_utils.classroom.side_by_side import close

    place = Classroom(chosen.folder)
    jobs = chosen.jobs or max(1, os.cpu_count() or 1)
    status = 0
    for name in place.select(chosen.names):
        done = grade_assignment(
            place, name, jobs=jobs, scheduler=chosen.scheduler, again=chosen.again
        )
        for student, why in done.failed.items():
            print(f"  could not be judged: {student}: {why}")
        print(_summary(place, name, done))
        status = max(status, 1 if done.failed else 0)
    close()
    return status


def _summary(place, name: str, done) -> str:
    from course_utils.classroom.grading import JUDGED

    records = place.records(name).values()
    judged = [one["tasks"] for one in records if one["status"] == JUDGED]
    points = [sum(task["points"] for task in tasks) for tasks in judged]
    most = max((sum(task["most"] for task in tasks) for tasks in judged), default=0)
    median = f", median by the checks {statistics.median(points):g} of {most:g}" if points else ""
    return (
        f"{name}: {len(done.judged)} judged, {len(done.kept)} as before; of all "
        f"{len(done.failed)} could not be judged{median}; {done.seconds:.0f} s."
    )


def feedback(chosen: argparse.Namespace) -> int:
    from course_utils.classroom.feedback import write_pages
    from course_utils.classroom.place import Classroom

    place = Classroom(chosen.folder)
    for name in place.select(chosen.names):
        print(f"{name}: {write_pages(place, name)} pages in feedback/")
    return 0


def report(chosen: argparse.Namespace) -> int:
    from course_utils.classroom.place import Classroom
    from course_utils.classroom.report import declare, write_report

    place = Classroom(chosen.folder)
    if chosen.declare:
        print(declare(place, chosen.declare))
        return 0
    looks = 0
    for name in place.select(chosen.names):
        summary, to_look_at = write_report(place, name)
        looks += to_look_at
        print(summary)
    return 0


def doctor(chosen: argparse.Namespace) -> int:
    from course_utils.classroom import confine
    from course_utils.classroom.worker import HIDDEN, PACKAGE

    missing = confine.found_out(PACKAGE, HIDDEN)
    print("While an answer is judged, this system keeps it from")
    for what in (confine.FOLDERS, confine.NETWORK, confine.PROCESS_TREE, confine.COUNT):
        print(f"  {'NO ' if what in missing else 'yes'}  {what}"
              + (f"   ({missing[what]})" if what in missing else ""))  # fmt: skip
    print(
        f"  yes  more than {confine.CPU_SECONDS} s of a processor a task, {confine.GIGABYTES:g} GB "
        f"of memory, files of {confine.FILE_BYTES // 2**20} MB"
    )
    if missing:
        print(
            "Where it says NO, grade as a user who can read nothing but this class, on a machine "
            "that holds nothing else. TEACHING.md says what is at stake."
        )
    return 1 if missing else 0


NAMES = (["names"], {"nargs": "*", "metavar": "NAME", "help": "such as 03; without, all"})
COMMANDS = {
    "init": (init, "make a class's folder, or bring its roster up to date", [
        (["folder"], {"type": expanded, "metavar": "DIR", "help": "the class's, new or its own"}),
        (["--students"], {"type": expanded, "required": True, "metavar": "ROSTER.csv",
                          "help": "a column id; first_name, last_name, email if you like"}),
        (["--course"], {"default": "attention-optional", "help": "its name in nbgrader"}),
    ]),
    "release": (release, "make what students get, and enter it into the gradebook", [NAMES]),
    "collect": (collect, "take over what students handed in", [
        NAMES,
        (["--from"], {"dest": "source", "type": expanded, "metavar": "FOLDER",
                      "help": "a drop of folders, notebooks or zips; without, inbox/"}),
        (["--exchange"], {"type": expanded, "metavar": "FOLDER",
                          "help": "nbgrader's exchange, too"}),
    ]),
    "grade": (grade, "judge what was collected; goes on where it was stopped", [
        NAMES,
        (["--jobs"], {"type": int, "metavar": "N", "help": "side by side; without, all cores"}),
        (["--scheduler"], {"metavar": "ADDRESS", "help": "on a Dask cluster"}),
        (["--again"], {"action": "store_true", "help": "all once more, with a new private seed"}),
    ]),
    "feedback": (feedback, "a page for each student, which opens offline", [NAMES]),
    "report": (report, "a page for the teacher: what the class misunderstood", [
        NAMES,
        (["--declare"], {"metavar": "GROUP", "help": "print the stub of a new misconception"}),
    ]),
    "doctor": (doctor, "what this system can forbid to an answer, and what not", []),
}  # fmt: skip
