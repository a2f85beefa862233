"""Hand-ins of every kind: hostile ones, unlucky ones, and what each of them is worth.

All are exercise 03, 11 points. If not said otherwise the other three tasks are right (9 points) and
the first one, `soft_lookup` (2 points), is what it is about. `points` are what the answers earn,
and `line` is what the teacher's report has to say of the student.
"""

import io
import json
import zipfile
from collections.abc import Callable
from dataclasses import dataclass

from nbformat import NotebookNode, from_dict
from nbformat.v4 import new_code_cell, new_markdown_cell

from course_utils import notebook
from course_utils.paths import EXERCISES, SOLUTIONS

NAME = "03_attention"
FILE = f"{NAME}.ipynb"
HEAD = "def soft_lookup(query, keys, values):\n"
RIGHT = HEAD + "    return torch.softmax(keys @ query, dim=0) @ values"
WRONG = HEAD + "    return values.mean(0)"  # plain_average
MOST, REST = 11.0, 9.0


@dataclass(frozen=True)
class Kind:
    """What somebody hands in: {place in the inbox: bytes}, and what should come of it."""

    files: dict[str, bytes]
    points: float | None  # None: it could not be judged
    line: str = ""  # in the report, or printed when it was collected


def book(answer: str = RIGHT, change: Callable[[NotebookNode], None] | None = None) -> bytes:
    """Exercise 03 with this answer to its first task, and right ones to the others."""
    released = read(EXERCISES)
    solved = {cell.id: cell.source for cell in read(SOLUTIONS).cells}
    for cell in released.cells:
        if cell.metadata.get("nbgrader", {}).get("solution"):
            cell.source = solved[cell.id]
    find(released, "soft_lookup").source = answer
    if change:
        change(released)
    return json.dumps(released).encode()


def read(folder) -> NotebookNode:
    return notebook.read((folder / NAME / FILE).read_text(encoding="utf-8"))


def find(made: NotebookNode, grade_id: str) -> NotebookNode:
    return next(c for c in made.cells if c.metadata.get("nbgrader", {}).get("grade_id") == grade_id)


def only(student: str, content: bytes, **more: bytes) -> dict[str, bytes]:
    others = {f"{student}/{name.replace('__', '.')}": one for name, one in more.items()}
    return {f"{student}/{FILE}": content, **others}


def answer(body: str, points: float = REST, line: str = "") -> Callable[[str], Kind]:
    """A student whose first answer has this body."""
    indented = HEAD + "".join(f"    {one}\n" for one in body.strip("\n").split("\n"))
    return lambda student: Kind(only(student, book(indented)), points, line)


def whole(change: Callable, points: float, line: str = "", source: str = RIGHT, **files: bytes):
    return lambda student: Kind(only(student, book(source, change), **files), points, line)


def raw(content: bytes, points: float | None, line: str = ""):
    return lambda student: Kind(only(student, content), points, line)


def insert(source: str, *, before: str = "soft_lookup"):
    """A cell of the student's own."""

    def change(made: NotebookNode) -> None:
        at = made.cells.index(find(made, before))
        made.cells.insert(at, new_code_cell(source, id="mine"))

    return change


def delete_checks(made: NotebookNode) -> None:
    made.cells = [c for c in made.cells if not c.metadata.get("nbgrader", {}).get("grade")]


def answered_below(made: NotebookNode) -> None:
    """The answer's cell as it was handed out, and the answer in a cell of one's own."""
    cell = find(made, "soft_lookup")
    made.cells.insert(made.cells.index(cell) + 1, new_code_cell(cell.source, id="mine"))
    cell.source = find(read(EXERCISES), "soft_lookup").source


def strip(made: NotebookNode) -> None:
    """Everything that is not source, as some tools leave a notebook."""
    for number, cell in enumerate(made.cells):
        cell.metadata = from_dict({})
        cell.id = f"other-{number}"
    made.metadata = from_dict({})


def reverse(made: NotebookNode) -> None:
    made.cells = [*made.cells[:2], *reversed(made.cells[2:])]


def other_kernel(made: NotebookNode) -> None:
    made.metadata.kernelspec = from_dict(
        {"name": "julia", "display_name": "Julia", "language": "J"}
    )


def copied(made: NotebookNode) -> None:
    """The answer's cell twice, as copy and paste makes it; the last one counts."""
    cell = find(made, "soft_lookup")
    second = from_dict({**cell, "id": "second"})
    second.metadata = from_dict(json.loads(json.dumps(cell.metadata)))
    cell.source = WRONG
    made.cells.insert(made.cells.index(cell) + 1, second)


def renamed(made: NotebookNode) -> None:
    find(made, "soft_lookup").metadata.nbgrader.grade_id = "my_cell"


def with_own_tests(made: NotebookNode) -> None:
    find(made, "check_soft_lookup").source = 'check("03.soft_lookup", lambda *a: 1).points(100)'


def much_output(made: NotebookNode) -> None:
    text = "x" * 50_000_000
    made.cells[1].outputs = [from_dict({"output_type": "stream", "name": "stdout", "text": text})]


def widgets(made: NotebookNode) -> None:
    made.metadata["widgets"] = {"application/vnd.jupyter.widget-state+json": {"state": {}}}
    view = {"application/vnd.jupyter.widget-view+json": {"model_id": "1"}, "text/plain": "W"}
    made.cells[1].outputs = [
        from_dict({"output_type": "display_data", "data": view, "metadata": {}})
    ]


def words_only(made: NotebookNode) -> None:
    made.cells = [new_markdown_cell("I was ill.", id="ill")]


def zipped(student: str, files: dict[str, bytes], *, links: dict[str, str] | None = None) -> bytes:
    stream = io.BytesIO()
    with zipfile.ZipFile(stream, "w", zipfile.ZIP_DEFLATED) as archive:
        for name, content in files.items():
            archive.writestr(name, content)
        for name, target in (links or {}).items():
            member = zipfile.ZipInfo(name)
            member.external_attr = 0o120777 << 16
            archive.writestr(member, target)
    return stream.getvalue()


def in_zip(student: str) -> Kind:
    return Kind({f"{student}.zip": zipped(student, {FILE: book()})}, MOST)


def zip_that_leads_out(student: str) -> Kind:
    files = {FILE: book(WRONG), f"../anna/{FILE}": book(), "a/../../x": b"1"}
    made = zipped(student, files, links={"solution.ipynb": "/etc/passwd"})
    return Kind({f"{student}.zip": made}, REST, "leads out of the zip")


def zip_bomb(student: str) -> Kind:
    made = zipped(student, {FILE: book(), "zeros.bin": bytes(100_000_000)})
    return Kind({f"{student}.zip": made}, MOST, "unpacks to more than")


HELPER = b"def mix(shares, values):\n    return shares @ values\n"
EVIL_MODULE = b"raise SystemExit('never imported')\n"

SEND = """
import json, os, stat, struct
def send(reply):  # as if it were the course's own
    tree = json.dumps({"dict": [list(pair) for pair in reply.items()]}).encode()
    for number in range(3, 64):
        try: is_socket = stat.S_ISSOCK(os.fstat(number).st_mode)
        except OSError: continue
        if is_socket: os.write(number, struct.pack(">QQ", len(tree) + 8, len(tree)) + tree)"""

KINDS: dict[str, Callable[[str], Kind]] = {
    # right answers that plain nbgrader loses
    "right": answer("return torch.softmax(keys @ query, dim=0) @ values", MOST),
    "logs_to_stderr": answer("""
import sys, logging, warnings
print("looking", file=sys.stderr); logging.error("careful"); warnings.warn("hm")
return torch.softmax(keys @ query, dim=0) @ values""", MOST),
    "a_constant": whole(insert("AXIS = 0"), MOST, "", HEAD
                        + "    return torch.softmax(keys @ query, dim=AXIS) @ values"),
    "a_lambda_below_a_magic": whole(insert("%matplotlib inline\nsoft = lambda s: s.softmax(0)"),
                                    MOST, "", HEAD + "    return soft(keys @ query) @ values"),
    "a_helper_file": whole(insert("from helpers import mix"), MOST, "", HEAD
                           + "    return mix(torch.softmax(keys @ query, 0), values)",
                           helpers__py=HELPER),
    "a_helper_named_torch": whole(lambda made: None, MOST, torch__py=EVIL_MODULE,
                                  json__py=EVIL_MODULE),
    "a_name_in_a_roundabout_way": whole(insert("globals()['AX' + 'IS'] = 0"), MOST, "", HEAD
                                        + "    return torch.softmax(keys @ query, AXIS) @ values"),
    "a_large_file": whole(lambda made: None, MOST, "was not beside the answer",
                          model__pt=bytes(40_000_000)),
    "a_table_filled_in_a_loop": whole(insert("""
SOFT = {}
for name in ("rows", "columns"):
    SOFT[name] = lambda scores: scores.softmax(0)"""), MOST, "", HEAD
                                      + "    return SOFT['rows'](keys @ query) @ values"),
    "a_method_given_to_tensors": whole(insert("torch.Tensor.soft = lambda self: self.softmax(0)"),
                                       MOST, "", HEAD
                                       + "    return (keys @ query).soft() @ values"),
    "checks_deleted": whole(delete_checks, MOST),
    "metadata_stripped": whole(strip, MOST, "have lost their marks"),
    "cells_reversed": whole(reverse, MOST),
    "other_kernel": whole(other_kernel, MOST),
    "copied_cell": whole(copied, MOST, "the last one counts"),
    "renamed_cell": whole(renamed, MOST, "has lost its mark"),
    "widgets": whole(widgets, MOST),
    "50_megabytes": whole(much_output, MOST),
    "windows_lines": raw(book(RIGHT.replace("\n", "\r\n")), MOST),
    "üñïçødé": answer("größe = keys @ query\nreturn torch.softmax(größe, dim=0) @ values", MOST),
    "below_time": whole(lambda made: None, MOST, "", f"%%time\n{RIGHT}"),
    "answered_below": whole(answered_below, MOST, "was found in another cell"),
    "byte_order_mark": raw(b"\xef\xbb\xbf" + book(), MOST),
    "tries_forever": whole(insert("while True: pass", before="check_soft_lookup"), MOST),
    "tries_exit": whole(insert("import os\nos._exit(1)"), MOST),
    "in_zip": in_zip,
    "zip_bomb": zip_bomb,
    # wrong, blank, or no notebook
    "plain_average": whole(lambda made: None, REST, "", WRONG),
    "nobody_foresaw": answer("return torch.softmax(keys @ query, dim=0) @ values + 0.5"),
    "syntax_error": whole(lambda made: None, REST, "", HEAD + "    return (((\n"),
    "blank": raw((EXERCISES / NAME / FILE).read_bytes(), 0.0, "handed in without an answer"),
    "words_only": whole(words_only, 0.0, "are missing in your notebook"),
    "half_a_file": raw(book()[:3000], None, "cannot be read"),
    "empty_file": raw(b"", None, "cannot be read"),
    "a_picture": raw(b"\x89PNG\r\n\x1a\n" + bytes(100), None, "cannot be read"),
    "half_a_character": answer('s = "\\ud800"; return values[0] + len("\ud800")'),
    "half_a_character_sent": answer(SEND + """
send({"value": 1, "problem": "\\ud800", "error": "\\ud800", "printed": "", "inputs": [1, 2, 3]})
return values[0]"""),
    "deep_brackets": whole(lambda made: None, REST, "", HEAD + f"    return {'(' * 3000}"),
    # that end or hang a kernel
    "exits": answer("import os; os._exit(0)", line="exit status 0"),
    "sys_exit": answer("import sys; sys.exit()", line="It called exit()"),
    "kills_itself": answer("import os, signal; os.kill(os.getpid(), signal.SIGKILL)",
                           line="by SIGKILL"),
    "segmentation_fault": answer("import ctypes; ctypes.string_at(0)", line="by SIGSEGV"),
    "endless": answer("while True: pass", line="still running"),
    "endless_in_c": answer("import itertools\nreturn sum(itertools.count())",
                           line="still running"),
    "two_catchers": answer("""
import time
def inner():
    while True:
        try: time.sleep(1000)
        except: pass
while True:
    try: inner()
    except: pass""", line="still running"),
    "deaf_to_alarms": answer("""
import signal, sys
signal.pthread_sigmask(signal.SIG_BLOCK, range(1, 64)); sys.settrace(None)
while True: pass""", line="still running"),
    "thread_left_printing": answer("""
import threading
def talk():
    while True: print("still here")
threading.Thread(target=talk, daemon=True).start()
return torch.softmax(keys @ query, dim=0) @ values""", MOST),
    "recursion": answer("return soft_lookup(query, keys, values)"),
    "memory": answer("return [bytearray(200 << 20) for _ in range(10000)]"),
    "flood": answer("while True: print('x' * 10**6)", line="still running"),
    "ten_gigabytes": answer("""
with open("big.bin", "wb") as file:
    for _ in range(10_000): file.write(bytes(1_000_000))
return values[0]"""),
    "fork_bomb": answer("""
import os
for _ in range(6):  # 64 processes at most, and 16 are allowed
    try: os.fork()
    except OSError: pass
while True: pass""", line="still running"),
    "leaves_a_process": answer("""
import os, time
if os.fork() == 0:
    os.setsid()
    time.sleep(600)
return values[0]"""),
    "evil_repr": answer("""
class Evil:
    def __repr__(self):
        while True: pass
    __str__ = __len__ = __repr__
return Evil()""", line="still running"),
    "evil_tensor": answer("""
class Liar(torch.Tensor):
    @classmethod
    def __torch_function__(cls, function, types, args=(), kwargs=None):
        return True
return torch.zeros(values.shape[1]).as_subclass(Liar)"""),
    "endless_text": answer("raise KeyError('x' * 50_000_000)"),
    "huge_result": answer("return torch.zeros(1).expand(10**11)"),
    # that want points for nothing
    "asks_for_the_reference": answer("""
from course_utils.checks import catalog
return catalog.find("03.soft_lookup").reference(query, keys, values)""",
                                     line="looks for the course's answers"),
    "imports_the_exercise": answer("""
from course_utils.exercises.lesson_03.soft_lookup import task
return task.reference(query, keys, values)""", line="looks for the course's answers"),
    "reads_the_exercise": answer("""
import course_utils, pathlib
path = pathlib.Path(course_utils.__file__).parent / "exercises/lesson_03/soft_lookup.py"
text = path.read_text().split("### BEGIN SOLUTION")[1].split("### END")[0]
raise RuntimeError("got it")""", line="looks for the course's answers"),
    "reads_the_solutions": answer("""
import pathlib, course_utils
for path in pathlib.Path("/").rglob("solutions/*/03*.ipynb"): return torch.zeros(3)
raise FileNotFoundError("no solutions")""", line="looks for the course's answers"),
    "looks_at_frames": answer("""
import sys
frame = sys._getframe()
while frame:
    for value in frame.f_locals.values():
        if hasattr(value, "reference"): return value.reference(query, keys, values)
    frame = frame.f_back""", line="looks at other frames"),
    "looks_at_all_objects": answer("""
import gc
for one in gc.get_objects():
    if type(one).__name__ == "Task": return one.reference(query, keys, values)""",
                                   line="looks at other frames"),
    "replaces_the_comparison": answer("""
from course_utils.checks import engine, judge, compare
judge.difference = compare.difference = lambda *a: None
judge._complaint = lambda *a: (None, "")
torch.isclose = torch.allclose = lambda *a, **k: torch.tensor(True)
return torch.zeros(values.shape[1])""", line="replaces parts of the checks"),
    "replaces_the_points": answer("""
from course_utils.checks.verdict import Verdict
Verdict.points = lambda self, most: 100.0
Verdict.passed = True
return torch.zeros(values.shape[1])""", line="replaces parts of the checks"),
    "own_tests": whole(with_own_tests, REST, "", WRONG),
    "remembers_seed_0": answer("""
known = {4: [0.1], 6: [0.2]}
return torch.tensor(known.get(len(keys), [0.0])).expand(values.shape[1])"""),
    "knows_it_is_graded": answer("""
import os
if "NBGRADER_EXECUTION" in os.environ: return values[0]
return values[0]""", line="knows that it is graded"),
    "writes_to_the_channel": answer("""
import os
for number in range(3, 64):
    try: os.write(number, b"\\x00" * 7 + b"\\x10" + b"passed: true    ")
    except OSError: pass
return values[0]"""),
    "reads_others": answer("""
import glob, os
found = glob.glob("../*") + glob.glob("/**/submitted/*", recursive=True)
found = [name for name in found if "anna" in name]
if found: return torch.softmax(keys @ query, dim=0) @ values
raise FileNotFoundError("nobody")""", line="leads out of its folder"),
    "asks_the_network": answer("""
import socket
socket.create_connection(("192.0.2.1", 80), timeout=1)""", line="calls the system"),
    "zip_that_leads_out": zip_that_leads_out,
}  # fmt: skip
