"""check, hint and reveal."""

import textwrap
from typing import Any

from course_utils import progress
from course_utils.checks import catalog, source, unread
from course_utils.checks.judge import judge
from course_utils.checks.verdict import Verdict

LINE = 88  # characters that stand side by side in JupyterLab beside its list of files, at 1,280 px


def check(task_id: str, answer: Any, *, seed: int = 0) -> Verdict:
    """Compare `answer`, the function that you wrote, with what the task asks for.

    Another `seed` gives other inputs. A task once passed stays passed.
    """
    task = catalog.find(task_id)
    stale = unread.why_not_the_newest(answer)
    if stale:
        return Verdict(task.id, task.title, False, stale, failure="not written")
    verdict = judge(task, answer, seed=seed)
    if verdict.passed:
        progress.record_pass(task.id)
    return verdict


def hint(task_id: str) -> None:
    """Print the next hint for a task, each says more than the one before; then all of them."""
    task = catalog.find(task_id)
    given = progress.tasks().get(task.id, {}).get("hints", 0)
    n = len(task.hints)
    told = [f"Hint {number} of {n}: {text}" for number, text in enumerate(task.hints, 1)]
    answer = f'reveal("{task.id}") shows an answer.'
    if given >= n:
        print(*map(wrapped, [f"There is no hint after these. {answer}", *told]), sep="\n")
        return
    progress.record_hint(task.id)
    print(wrapped(told[given] + (f" That was the last one; {answer}" if given == n - 1 else "")))


def wrapped(text: str) -> str:
    """Broken between words: JupyterLab breaks what is printed in the middle of one."""
    whole = {"break_long_words": False, "break_on_hyphens": False}
    return "\n".join(textwrap.fill(line, LINE, **whole) for line in text.split("\n"))


def reveal(task_id: str) -> None:
    """Print an answer, and keep in your progress that you looked."""
    task = catalog.find(task_id)
    progress.record_reveal(task.id)
    print(source.as_shown(task, catalog.tasks_of(task.id[:2])).rstrip())
