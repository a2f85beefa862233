"""`class report`: what the class misunderstood, on one page, and as a table (CSV).

The page is in numbers. Names stand in the last part alone, and in the CSV: those are the teacher's.
"""

import ast
import csv
import datetime
import io
import re
import statistics
from collections import Counter, defaultdict
from collections.abc import Iterable, Mapping

from course_utils.atomic import write_atomically
from course_utils.checks.catalog import tasks_of
from course_utils.checks.task import Misconception, Task
from course_utils.classroom import gradebook
from course_utils.classroom.feedback import without_inputs
from course_utils.classroom.grading import JUDGED
from course_utils.classroom.page import code, page, text
from course_utils.classroom.place import SECRET_MODE, Classroom
from course_utils.classroom.sections import to_read_again
from course_utils.problem import Problem

ALIKE = 60  # nodes of the answers' syntax trees, from which on equal ones are flagged
ENDED = ("exit", "time", "memory")

Records = Mapping[str, dict]


def write_report(place: Classroom, name: str) -> tuple[str, int]:
    """Write report/NAME.html and NAME.csv; (one line of summary, how many students need a look)."""
    found = gradebook.with_a_persons(place, name, place.records(name))
    records = {who: record for who, record in found.items() if who in place.students}
    looks = to_look_at(records)
    folder = place.folder / "report"
    made = page(f"Report on {name}", _body(place, name, found, records, looks))
    write_atomically(folder / f"{name}.html", made.encode("utf-8"), SECRET_MODE)
    write_atomically(folder / f"{name}.csv", _csv(place, name, records), SECRET_MODE)
    write_atomically(folder / "points.csv", _all_points(place), SECRET_MODE)
    ranked = misconceptions(records)
    first = f"; most often: {ranked[0][0]} ({len(ranked[0][1])})" if ranked else ""
    line = (
        f"{name}: {len(records)} of {len(place.students)} students, {len(looks)} to look at"
        f"{first}. report/{name}.html"
    )
    return line, len(looks)


# What is in the records


def misconceptions(records: Records) -> list[tuple[str, list[str]]]:
    """[(stable id, students)], the most frequent first."""
    who: dict[str, list[str]] = defaultdict(list)
    for student, record in records.items():
        for task in record["tasks"]:
            for named in filter(None, [task["misconception"], *task["also"]]):
                who[named].append(student)
    return sorted(who.items(), key=lambda item: (-len(item[1]), item[0]))


def unforeseen(records: Records) -> list[tuple[str, list[tuple[str, dict]]]]:
    """[(group, [(student, task's verdict)])]: wrong answers that no mistake explains, by what they
    return. A group is called by its task and a few characters: 03.soft_lookup:1f0c…"""
    groups: dict[str, list[tuple[str, dict]]] = defaultdict(list)
    for student, record in records.items():
        for task in record["tasks"]:
            is_known = task["passed"] or task["misconception"] or task["failure"] in ENDED
            if not is_known and task["returned"] and task["failure"] != "not written":
                groups[f"{task['task']}:{task['returned'][:6]}"].append((student, task))
    return sorted(groups.items(), key=lambda item: (-len(item[1]), item[0]))


def to_look_at(records: Records) -> dict[str, list[str]]:
    """{student: why}: not judged, ended by force, signs of cheating, blank."""
    found: dict[str, list[str]] = defaultdict(list)
    for student, record in records.items():
        if record["status"] != JUDGED and not record.get("by_person"):
            found[student].append(" ".join(record["notes"]) or record["status"])
        if record["blank"]:
            found[student].append("handed in without an answer")
        found[student] += [f"a sign: {sign}" for sign in record["signs"]]
        for task in record["tasks"]:
            if task["failure"] in ENDED:
                found[student].append(f"{task['task']}: {without_inputs(task['text'])}")
        if not found[student]:
            del found[student]
    return dict(found)


def similar(records: Records) -> list[list[str]]:
    """Groups of students whose answers are the same but for names and comments, and long enough
    for that not to be chance. It is a reason to ask, and no more."""
    groups: dict[str, list[str]] = defaultdict(list)
    for student, record in records.items():
        trees = [_skeleton(task["answer"]) for task in record["tasks"]]
        wrong = [
            not task["passed"] and task["failure"] != "not written" for task in record["tasks"]
        ]
        whole = "|".join(tree for tree, is_wrong in zip(trees, wrong, strict=True) if is_wrong)
        if whole.count("(") >= ALIKE:
            groups[whole].append(student)
    return sorted((sorted(group) for group in groups.values() if len(group) > 1), key=len)[::-1]


def _skeleton(source: str) -> str:
    """The syntax tree without names and numbers' places."""
    try:
        tree = ast.parse(source)
    except (SyntaxError, ValueError, RecursionError, MemoryError):
        return ""
    return re.sub(r"(id|name|arg|attr)='[^']*'", r"\1", ast.dump(tree))


# The page


def _body(place: Classroom, name: str, found: Records, records: Records, looks: Mapping) -> str:
    """`found` may have students who left; they are named at the end, and counted nowhere."""
    tasks = {task.id: task for task in tasks_of(name[:2])}
    judged = {who: record for who, record in records.items() if record["status"] == JUDGED}
    return "\n".join([
        f"<h1>{text(name)}</h1>",
        f"<p>{len(records)} of {len(place.students)} handed in, {len(records) - len(judged)} could "
        "not be judged.</p>",
        "<h2>What was misunderstood</h2>", _ranked(judged, tasks),
        "<h2>Points</h2>", _distribution(judged),
        "<h2>Tasks</h2>", _by_task(judged, tasks),
        "<h2>Wrong in a way that nobody foresaw</h2>", _groups(judged),
        "<h2>For the teacher alone</h2>", _names(place, found, records, looks),
    ])  # fmt: skip


def _distribution(records: Records) -> str:
    each = [gradebook.points_of(record) for record in records.values()]
    points = Counter(each)
    is_open = any(one["given"] is None for record in records.values() for one in record["written"])
    said = " Texts that nobody has graded yet are not in it." if is_open else ""
    median = f"<p>The median is {statistics.median(each):g}.{said}</p>" if each else ""
    return median + _table(
        ("points", "students", ""),
        [(f"{value:g}", count, _bar(count, max(points.values()))) for value, count in
         sorted(points.items(), reverse=True)],
    )  # fmt: skip


def _bar(count: int, most: int) -> str:
    return f'<span class="bar" style="width: {10 * count / most:.2f}rem"></span>'


def _by_task(records: Records, tasks: Mapping[str, Task]) -> str:
    rows = []
    for task in tasks.values():
        verdicts = [one for record in records.values() for one in record["tasks"]
                    if one["task"] == task.id]  # fmt: skip
        if verdicts:
            kinds = Counter(one["failure"] for one in verdicts if not one["passed"])
            failed = ", ".join(f"{count} × {kind}" for kind, count in kinds.most_common())
            passed = sum(one["passed"] for one in verdicts)
            share = f"<span class=whole>{passed} of {len(verdicts)}</span>"
            rows.append((text(f"{task.id} {task.title}"), share,
                         _bar(passed, len(verdicts)), text(failed)))  # fmt: skip
    return _table(("task", "passed", "", "failed by"), rows)


def _ranked(records: Records, tasks: Mapping[str, Task]) -> str:
    rows = []
    for named, who in misconceptions(records):
        task_id, _, mistake_id = named.partition("/")
        mistake = _mistake(tasks[task_id], mistake_id)
        if mistake is None:
            continue
        rows.append((len(who), text(named), text(str(mistake)),
                     text(to_read_again(tasks[task_id]))))  # fmt: skip
    return _table(("students", "id", "what they were told", "to teach again"), rows)


def _mistake(task: Task, id: str) -> Misconception | None:
    return next((one for one in task.misconceptions if one.id == id), None)


def _groups(records: Records) -> str:
    parts = []
    for group, members in unforeseen(records):
        _, example = members[0]
        parts.append(
            f"<h3>{text(group)}: {len(members)} students</h3>"
            f"<p>{text(without_inputs(example['text']))}</p>{code(example['answer'], 2_000)}"
            f"<p class=quiet>To name it: class report --declare {text(group)}</p>"
        )
    return "\n".join(parts) or "<p>None.</p>"


def _names(place: Classroom, found: Records, records: Records, looks: Mapping) -> str:
    def called(who: str) -> str:
        name = place.students[who].name
        return text(who if name == who else f"{who} {name}")

    rows = [(called(who), "<br>".join(map(text, why))) for who, why in sorted(looks.items())]
    alike = [", ".join(map(called, group)) for group in similar(records)]
    missing = ", ".join(map(called, sorted(set(place.students) - set(records)))) or "nobody"
    left = ", ".join(map(text, sorted(set(found) - set(records))))
    notes = [(called(who), "<br>".join(map(text, record["notes"])))
             for who, record in sorted(records.items())
             if record["notes"] and record["status"] == JUDGED]  # fmt: skip
    return (
        f"<p>Handed in nothing: {missing}.</p>"
        + (f"<p>Handed in, and no longer on the roster: {left}. Counted nowhere here.</p>"
           if left else "")
        + "<h3>To look at</h3>"
        + _table(("student", "why"), rows)
        + "<h3>Put right, or said, when it was read</h3>"
        + _table(("student", "what"), notes)
        + "<h3>Wrong in the same words</h3><p class=quiet>Equal but for names and comments. "
        "Ask, and do not conclude.</p>"
        + (_table(("students",), [(group,) for group in alike]) if alike else "<p>None.</p>")
    )  # fmt: skip


def _table(head: Iterable[str], rows: list[tuple]) -> str:
    if not rows:
        return "<p>None.</p>"
    cells = "".join(
        "<tr>" + "".join(f"<td{' class=n' if isinstance(one, int) else ''}>{one}</td>"
                         for one in row) + "</tr>"
        for row in rows
    )  # fmt: skip
    return f"<table><tr>{''.join(f'<th>{one}</th>' for one in head)}</tr>{cells}</table>"


def _csv(place: Classroom, name: str, records: Records) -> bytes:
    """A line for each student and task."""
    rows = [["student", "status", "task", "points", "most", "passed", "failure", "misconception",
             "also", "seconds", "signs", "by_person", "handed_in"]]  # fmt: skip
    for student in sorted(place.students):
        record = records.get(student)
        when = place.handed_in(student, name)
        day = "" if when is None else f"{datetime.datetime.fromtimestamp(when, datetime.UTC):%F %T}"
        if record is None or not record["tasks"]:
            status = record["status"] if record else "nothing handed in"
            rows.append([student, status, *[""] * 10, day])
            continue
        for task in record["tasks"]:
            rows.append([
                student, record["status"], task["task"], task["points"], task["most"],
                int(task["passed"]), task["failure"] or "", task["misconception"] or "",
                " ".join(task["also"]), task["seconds"], "; ".join(record["signs"]),
                int(task.get("by_person", False)), day,
            ])  # fmt: skip
    return _as_csv(rows)


def _all_points(place: Classroom) -> bytes:
    """A line for each student, a column for each assignment: what a person copies elsewhere.

    A cell is empty where nothing was handed in or nothing could be judged; `waiting` are the
    assignments in which something waits for a person.
    """
    names = place.assignments
    scores = {name: gradebook.scores(place, name) for name in names}
    rows = [["id", "last_name", "first_name", "email", *names, "sum", "waiting"]]
    for student in place.students.values():
        mine = {name: scores[name][student.id] for name in names if student.id in scores[name]}
        rows.append([
            student.id, student.last_name, student.first_name, student.email,
            *(_points(mine.get(name)) for name in names),
            sum(points for points, _ in mine.values()),
            " ".join(name for name, (_, is_waiting) in mine.items() if is_waiting),
        ])  # fmt: skip
    return _as_csv(rows)


def _points(score: tuple[float, bool] | None) -> float | str:
    if score is None or score == (0.0, True):  # what could not be judged is no zero
        return ""
    return score[0]


def _as_csv(rows: list[list]) -> bytes:
    """With the mark at its beginning by which a spreadsheet knows UTF-8."""
    stream = io.StringIO()
    writer = csv.writer(stream)
    writer.writerows([_safe(cell) if isinstance(cell, str) else cell for cell in row]
                     for row in rows)  # fmt: skip
    return stream.getvalue().encode("utf-8-sig")


def _safe(cell: str) -> str:
    """A spreadsheet takes what begins so for a formula."""
    return f"'{cell}" if cell.startswith(tuple("=+-@\t\r")) else cell


def declare(place: Classroom, group: str) -> str:
    """The stub of a new mistake for the exercise's file, from a group of the report."""
    known = []
    for name in place.assignments:
        for called, members in unforeseen(place.records(name)):
            known.append(called)
            if called == group:
                return _stub(members[0][1])
    raise Problem(f"There is no group {group!r}. There are: {', '.join(known) or 'none'}.")


def _stub(found: Mapping) -> str:
    lesson, name = found["task"].split(".")
    body = found["answer"].strip()
    body = re.sub(r"(?m)^(def|class) \w+", r"\1 NAME_OF_THE_MISTAKE", body, count=1)
    says = "WHAT WAS DONE, in one sentence.\n\n    WHY THAT IS NOT RIGHT, and what is.\n    "
    head, _, rest = body.partition("\n")
    return (
        f"# for course_utils/exercises/lesson_{lesson}/{name}.py\n\n\n"
        f'@task.mistake\n{head}\n    """{says}"""\n{rest}\n'
    )
