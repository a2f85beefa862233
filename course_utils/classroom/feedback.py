"""`class feedback`: for each student one page, which opens offline.

It has the task's own text, formulas included, what the student wrote, what the check says of it,
and which section to read again. It has no hidden input, no seed and no hint.
"""

import re
from collections.abc import Mapping

import mistune

from course_utils import notebook
from course_utils.atomic import write_atomically
from course_utils.checks.catalog import tasks_of
from course_utils.checks.merge import is_answer, marks
from course_utils.checks.task import Task
from course_utils.classroom.formulas import UnknownCommand, to_mathml
from course_utils.classroom.grading import JUDGED
from course_utils.classroom.page import code, lines, page, text
from course_utils.classroom.place import Classroom
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
    records = place.records(name)
    for student, record in records.items():
        made = _page(name, record, texts, tasks).encode("utf-8")
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


def _page(name: str, record: Mapping, texts: Mapping, tasks: Mapping[str, Task]) -> str:
    title = name.replace("_", " ")
    if record["status"] != JUDGED:
        return page(title, f"<h1>{text(title)}</h1><p>{LEFT_BEHIND}</p>{_notes(record)}")
    got = sum(task["points"] for task in record["tasks"])
    most = sum(task["most"] for task in record["tasks"])
    parts = [f"<h1>{text(title)}: {got:g} of {most:g} points</h1>", _notes(record)]
    parts += [_task(task, texts.get(task["task"], ""), tasks) for task in record["tasks"]]
    for written in record["written"]:
        parts.append(
            f"<h2>Your own words, {written['points']:g} points</h2>"
            "<p>A person reads these and gives the points.</p>"
        )
    return page(title, "\n".join(parts))


def _task(found: Mapping, exercise: str, tasks: Mapping[str, Task]) -> str:
    task = tasks[found["task"]]
    passed = found["passed"]
    said = without_inputs(found["text"])
    is_about_it = not passed and found["failure"] not in ("exit", "time", "memory")
    again = to_read_again(task) if is_about_it else ""
    reading = f"<p>To read again: {text(again)}.</p>" if again else ""
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
