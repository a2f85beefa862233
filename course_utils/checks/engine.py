"""check, hint and reveal."""

from typing import Any

from course_utils import progress
from course_utils.checks import catalog, source
from course_utils.checks.judge import judge
from course_utils.checks.verdict import Verdict


def check(task_id: str, answer: Any, *, seed: int = 0) -> Verdict:
    """Compare `answer`, the function that you wrote, with what the task asks for.

    Another `seed` gives other inputs. A task once passed stays passed.
    """
    task = catalog.find(task_id)
    verdict = judge(task, answer, seed=seed)
    if verdict.passed:
        progress.record_pass(task.id)
    return verdict


def hint(task_id: str) -> None:
    """Print the next hint for a task, each says more than the one before; the last one again."""
    task = catalog.find(task_id)
    given = progress.tasks().get(task.id, {}).get("hints", 0)
    number = min(given, len(task.hints) - 1)
    if given < len(task.hints):
        progress.record_hint(task.id)
    last = number == len(task.hints) - 1
    more = f' That was the last one; reveal("{task.id}") shows an answer.' if last else ""
    print(f"Hint {number + 1} of {len(task.hints)}: {task.hints[number]}{more}")


def reveal(task_id: str) -> None:
    """Print an answer, and keep in your progress that you looked."""
    task = catalog.find(task_id)
    progress.record_reveal(task.id)
    print(source.as_shown(task, catalog.tasks_of(task.id[:2])).rstrip())
