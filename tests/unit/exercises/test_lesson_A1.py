"""What is special about exercise A1: its third task is the first to use an optimiser."""

import subprocess
import sys

from course_utils.paths import ROOT


def test_fetching_torchs_compiler_is_not_on_the_answers_clock():
    """An answer has two seconds for a case, and the first optimiser in a process takes as long."""
    ask = (
        "import sys\n"
        "from course_utils.exercises.lesson_A1 import descend\n"
        "before = 'torch._dynamo' in sys.modules\n"
        "descend.task.default_cases\n"
        "print(before, 'torch._dynamo' in sys.modules)\n"
    )
    ran = subprocess.run([sys.executable, "-c", ask], cwd=ROOT, capture_output=True, text=True)
    assert ran.stdout == "False True\n", ran.stdout + ran.stderr
