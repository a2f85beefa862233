"""What Formgrader shows: autograded/STUDENT/NAME/, as `nbgrader autograde` would leave it.

Nothing is run for it, and no notebook of a student is read here: it is made of the exercise as it
was handed out and of the record, answers and verdicts in their places.
"""

from collections.abc import Mapping

from nbformat import NotebookNode
from nbformat.v4 import new_markdown_cell, new_output

from course_utils import notebook
from course_utils.atomic import write_atomically
from course_utils.checks.merge import is_answer, marks
from course_utils.classroom.grading import JUDGED
from course_utils.classroom.place import SECRET_MODE, Classroom


def write_for_formgrader(place: Classroom, name: str, records: Mapping[str, dict]) -> None:
    """A notebook for each record; what is there already and the same is not touched."""
    released = place.released(name).read_text(encoding="utf-8")
    for student, record in records.items():
        folder = place.autograded(student, name)
        text = notebook.to_text(as_graded(notebook.read(released), record))
        stamp = place.submitted(student, name) / "timestamp.txt"
        files = {f"{name}.ipynb": text.encode("utf-8", "replace")}
        if stamp.is_file():
            files["timestamp.txt"] = stamp.read_bytes()
        for inside, content in files.items():
            path = folder / inside
            if not path.is_file() or path.read_bytes() != content:
                write_atomically(path, content, SECRET_MODE)


def as_graded(book: NotebookNode, record: Mapping) -> NotebookNode:
    """The exercise with the student's answers and words, and what was found under each check."""
    tasks = {task["grade_id"]: task for task in record["tasks"]}
    words = {written["grade_id"]: written["text"] for written in record["written"]}
    answer = None
    for cell in book.cells:
        grade_id = marks(cell).get("grade_id")
        if is_answer(cell):
            answer = cell
        elif grade_id in tasks:
            task = tasks[grade_id]
            if answer is not None:
                answer.source = task["answer"]
            said = f"{task['points']:g} of {task['most']:g} points. {task['text']}\n"
            cell.outputs = [new_output("stream", name="stdout", text=said)]
        elif grade_id in words:
            cell.source = words[grade_id]
    if record["status"] != JUDGED:
        said = "**This hand-in could not be judged.** " + " ".join(record["notes"])
        book.cells.insert(0, new_markdown_cell(said, id="not-judged"))
    return book
