"""`class feedback`: for each student one page, which opens offline.

It has the task's own text, formulas included, what the student wrote, what the check says of it,
and which section to read again. It has no hidden input, no seed and no hint.
"""

import datetime
import re
from collections.abc import Mapping

import mistune

from course_utils import notebook
from course_utils.atomic import write_atomically
from course_utils.checks.catalog import tasks_of
from course_utils.checks.merge import is_answer, marks
from course_utils.checks.task import Task
from course_utils.classroom import gradebook
from course_utils.classroom.formulas import UnknownCommand, to_mathml
from course_utils.classroom.grading import JUDGED
from course_utils.classroom.page import code, lines, page, text
from course_utils.classroom.place import Classroom
from course_utils.classroom.roster import Student
from course_utils.classroom.sections import to_read_again

FORMULA = re.compile(r"\$\$(.+?)\$\$|\$([^$\n]+?)\$", re.DOTALL)
CASE = re.compile(r"(?m)^(And on|On) the case “[^”]*”: (.)")
LEFT_BEHIND = (
    "Your notebook could not be judged. Nothing is lost: your teacher knows, and will look at it."
)


def write_pages(place: Classroom, name: str) -> int:
    """A page for each student with a record; how many."""
    texts = _texts(place, name)
    tasks = {task.id: task for task in tasks_of(name[:2])}
    records = gradebook.with_a_persons(place, name, place.records(name))
    for student, record in records.items():
        whose = _whose(place, student, name)
        made = _page(name, whose, record, texts, tasks).encode("utf-8")
        path = place.feedback(student, name)
        if not path.exists() or path.read_bytes() != made:
            write_atomically(path, made)
    return len(records)


def _texts(place: Classroom, name: str) -> dict[str, str]:
    """{task: what the exercise says before it}, as HTML."""
    from course_utils.classroom.plan import checked

    released = notebook.read(place.released(name).read_text(encoding="utf-8"))
    found, waiting = {}, ""
    for cell in released.cells:
        if cell.cell_type == "markdown" and cell.source.startswith("## "):
            waiting = cell.source
        elif cell.cell_type == "code" and marks(cell).get("grade") and not is_answer(cell):
            task, _ = checked(cell.source)
            if task and task not in found:
                found[task], waiting = to_html(waiting), ""
    return found


def to_html(markdown: str) -> str:
    """Markdown as HTML, its formulas as MathML. Links and pictures of notebooks lead nowhere here,
    so their words are kept alone."""
    formulas: list[str] = []

    def keep(found: re.Match) -> str:
        try:
            made = to_mathml(found[1] or found[2], display=bool(found[1]))
        except UnknownCommand:
            made = f"<code>{text(found[1] or found[2])}</code>"
        formulas.append(made)
        return f"FORMULA{len(formulas) - 1}END"

    plain = re.sub(r"!?\[([^\]]*)\]\([^)]*\)", r"\1", markdown)
    render = mistune.create_markdown(plugins=["table"])
    made = str(render(FORMULA.sub(keep, plain)))
    return re.sub(r"FORMULA(\d+)END", lambda found: formulas[int(found[1])], made)


def _whose(place: Classroom, student: str, name: str) -> str:
    """Whose page it is, and which hand-in, so that neither is mistaken for another."""
    known = place.students.get(student, Student(student))
    called = known.name if known.name == student else f"{known.name} ({student})"
    when = place.handed_in(student, name)
    if when is None:
        return f"<p>{text(called)}</p>"
    day = datetime.datetime.fromtimestamp(when, datetime.UTC)
    return f"<p>{text(called)}, handed in on {day:%Y-%m-%d} at {day:%H:%M} UTC</p>"


def _page(name: str, whose: str, record: Mapping, texts: Mapping, tasks: Mapping[str, Task]) -> str:
    title = name.replace("_", " ")
    got = gradebook.points_of(record)
    if record["by_person"]:
        head = f"<h1>{text(title)}: {got:g} points</h1>{whose}"
        return page(title, f"{head}<p>A person read your notebook and gave them.</p>")
    if record["status"] != JUDGED:
        return page(title, f"<h1>{text(title)}</h1>{whose}<p>{LEFT_BEHIND}</p>{_notes(record)}")
    most = sum(task["most"] for task in record["tasks"])
    most += sum(written["points"] for written in record["written"])
    is_open = any(written["given"] is None for written in record["written"])
    so_far = " so far" if is_open else ""
    head = f"<h1>{text(title)}: {got:g} of {most:g} points{so_far}</h1>"
    parts = [head, whose, _notes(record)]
    parts += [_task(task, texts.get(task["task"], ""), tasks) for task in record["tasks"]]
    parts += [_words(written) for written in record["written"]]
    return page(title, "\n".join(parts))


def _words(written: Mapping) -> str:
    if written["given"] is None:
        return (
            f"<h2>Your own words, {written['points']:g} points</h2>"
            "<p>A person reads these and gives the points.</p>"
        )
    head = f"<h2>Your own words: {written['given']:g} of {written['points']:g}</h2>"
    return head + ("<p>Nothing was written.</p>" if written["blank"] else "") + _comment(written)


def _comment(found: Mapping) -> str:
    return f"<p>{lines(found['comment'])}</p>" if found["comment"] else ""


def _task(found: Mapping, exercise: str, tasks: Mapping[str, Task]) -> str:
    task = tasks[found["task"]]
    passed = found["passed"]
    said = without_inputs(found["text"])
    is_about_it = not passed and found["failure"] not in ("exit", "time", "memory")
    again = to_read_again(task) if is_about_it else ""
    reading = f"<p>To read again: {text(again)}.</p>" if again else ""
    if found.get("by_person"):
        reading += "<p>The check says this; the points are those that a person gave.</p>"
    reading += _comment(found)
    return (
        f"<h2>{text(task.title)}: {found['points']:g} of {found['most']:g}</h2>"
        f'<div class="said{" passed" if passed else ""}"><p>'
        f"<strong>{'Passed' if passed else 'Not yet'}.</strong> {lines(said)}</p></div>{reading}"
        f"<details><summary>What you wrote</summary>{code(found['answer'])}</details>"
        f"<details><summary>What was asked</summary>{exercise}</details>"
    )


def without_inputs(said: str) -> str:
    """The sentences without the names of the cases: they describe hidden inputs."""
    return CASE.sub(lambda found: found[2].upper(), said)


def _notes(record: Mapping) -> str:
    notes = "".join(f"<li>{text(note)}</li>" for note in record["notes"])
    return f"<ul>{notes}</ul>" if notes else ""
