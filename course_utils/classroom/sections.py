"""Which section of a lesson a student should read again: the one that the task names."""

import re

from course_utils.checks.task import Task
from course_utils.paths import LESSON_NUMBER

TITLE = re.compile(rf"{LESSON_NUMBER} · ")  # of a lesson; what precedes its first heading


def to_read_again(task: Task) -> str:
    """Lesson and section in words, "" where the task names none."""
    if not task.section:
        return ""
    where = "its beginning" if TITLE.match(task.section) else f"“{task.section}”"
    return f"lesson {task.id.partition('.')[0]}, {where}"
