"""Answers that change their surroundings, in a real kernel: the verdict comes, all is as it was,
and the next right answer passes."""

import queue

import pytest
from jupyter_client.manager import start_new_kernel

MODULES = """
import atexit, builtins, copy, gc, locale, logging, math, os, random, resource, signal, sys
import threading, time, warnings
import numpy as np, torch
from course_utils.checks import check, isolate
isolate.SECONDS = 0.5
process = os.getpid()
HARD = resource.getrlimit(resource.RLIMIT_NOFILE)[1]
"""
RIGHT = """
def weighted_average(values, weights):
    return sum(v * w for v, w in zip(values, weights)) / sum(weights)
print(check("00.weighted_average", weighted_average).passed)
"""
PASSES = "This is the heart of attention"
REPLACED = "(It is back again.)"
EVIL = "class Evil:\n    def {}(self, *rest):\n        while True: pass\nreturn Evil()"

# What the answer does before it returns what is right: {line: (an expression that is afterwards as
# before, what the verdict says)}
LINES = {
    "os.chdir('/')": ("os.getcwd()", PASSES),
    "os.environ.clear()": ("dict(os.environ)", PASSES),
    "os.environ['TZ'] = 'Asia/Tokyo'; time.tzset()": ("time.tzname", PASSES),
    "locale.setlocale(locale.LC_ALL, 'C')": ("locale.setlocale(locale.LC_ALL)", PASSES),
    "warnings.filterwarnings('error')": ("warnings.filters", PASSES),
    "warnings.showwarning = None": ("warnings.showwarning", PASSES),
    "logging.disable(100)": ("logging.root.manager.disable", PASSES),
    "sys.stdout = None": ("sys.stdout", PASSES),
    "sys.stderr = None": ("sys.stderr", PASSES),
    "sys.stdout.close()": ("sys.stdout.closed", PASSES),
    "sys.path.clear()": ("sys.path", PASSES),
    "sys.setrecursionlimit(100)": ("sys.getrecursionlimit()", PASSES),
    "sys.setrecursionlimit(10**6)": ("sys.getrecursionlimit()", PASSES),
    "sys.setswitchinterval(10)": ("sys.getswitchinterval()", PASSES),
    "sys.settrace(lambda *a: None)": ("sys.gettrace()", PASSES),
    "sys.setprofile(lambda *a: None)": ("sys.getprofile()", PASSES),
    "torch.set_default_dtype(torch.float64)": ("torch.get_default_dtype()", PASSES),
    "torch.set_default_device('meta')": ("torch.get_default_device()", PASSES),
    "torch.set_grad_enabled(False)": ("torch.is_grad_enabled()", PASSES),
    "torch.inference_mode().__enter__()": ("torch.is_inference_mode_enabled()", PASSES),
    "torch.autocast('cpu').__enter__()": ("torch.is_autocast_enabled('cpu')", PASSES),
    "torch.autograd.set_detect_anomaly(True)": ("torch.is_anomaly_enabled()", PASSES),
    "torch.set_printoptions(precision=1)": ("str(torch.ones(1) / 3)", PASSES),
    "np.set_printoptions(precision=1)": ("str(np.ones(1) / 3)", PASSES),
    "np.seterr(all='raise')": ("np.geterr()", PASSES),
    "random.seed(1); np.random.seed(1); torch.manual_seed(1)": (
        "(random.getstate(), np.random.get_state()[1].tolist(), torch.get_rng_state().tolist())",
        PASSES,
    ),
    "signal.signal(signal.SIGINT, signal.SIG_IGN)": ("signal.getsignal(signal.SIGINT)", PASSES),
    "signal.signal(signal.SIGALRM, signal.SIG_IGN)": ("signal.getsignal(signal.SIGALRM)", PASSES),
    "signal.signal(signal.SIGTERM, print)": ("signal.getsignal(signal.SIGTERM)", PASSES),
    "signal.alarm(1)": ("signal.getitimer(signal.ITIMER_REAL)", PASSES),
    "signal.pthread_sigmask(signal.SIG_BLOCK, [signal.SIGALRM])": (
        "signal.pthread_sigmask(signal.SIG_BLOCK, [])",
        PASSES,
    ),
    "resource.setrlimit(resource.RLIMIT_NOFILE, (3, HARD))": (
        "resource.getrlimit(resource.RLIMIT_NOFILE)",
        PASSES,
    ),
    "gc.disable()": ("gc.isenabled()", PASSES),
    "gc.callbacks.append(lambda *a: 1 / 0)": ("gc.callbacks", PASSES),
    "atexit.register(print)": ("1", PASSES),
    "os.fork()": ("os.getpid() == process", PASSES),
    "builtins.sum = lambda *a: 42": ("sum", REPLACED),
    "builtins.print = None": ("print", REPLACED),
    "del builtins.len, builtins.next, builtins.callable": ("(len, next, callable)", REPLACED),
    "math.isclose = lambda *a, **k: True": ("math.isclose", REPLACED),
    "torch.isclose = lambda *a, **k: torch.tensor(True)": ("torch.isclose", REPLACED),
    "copy.deepcopy = lambda x: x": ("copy.deepcopy", REPLACED),
    "random.random = None": ("random.random", REPLACED),
    "time.sleep = None": ("time.sleep", REPLACED),
    "isolate.SECONDS = 0": ("isolate.SECONDS", REPLACED),
    "raise ValueError('x' * 10**8)": ("1", "raised ValueError in line"),
    "raise ValueError('x\\n' * 10**7)": ("1", "raised ValueError in line"),
    "raise type('E' * 10**7, (Exception,), {})('boo')": ("1", "raised EEE"),
    "class E(Exception):\n    def __str__(self):\n        while True: pass\nraise E": (
        "1",
        "(`raise E`): (no message)",
    ),
    "class D(float):\n    def __del__(self):\n        while True: pass\nreturn D(1)": (
        "1",
        "It returned a D with a __del__ of its own",
    ),
    EVIL.format("__repr__"): ("1", "cannot be compared"),
    EVIL.format("__eq__"): ("1", "expected a number, got a Evil"),
    "@property\ndef kind(self):\n    while True: pass\n"
    "return type('Evil', (), {'__class__': kind})()": ("1", "cannot be compared"),
    "return [0.0] * (10 * 2**30 // 8)": ("1", "asked for more than 2 GB"),
    "return torch.zeros(10 * 2**28)": ("1", "asked for more than 2 GB"),
    "return 'x' * 2**28": ("1", "got a str: 'xxx"),
}  # fmt: skip


class Kernel:
    def __init__(self):
        self.manager, self.client = start_new_kernel()

    def printed(self, code):
        """What a cell prints; its error as a line, if it ends in one."""
        asked, parts = self.client.execute(code), []
        while True:
            try:
                message = self.client.get_iopub_msg(timeout=60)
            except queue.Empty:
                return f"no answer from the kernel; is it alive? {self.manager.is_alive()}"
            if message["parent_header"].get("msg_id") != asked:
                continue
            content = message["content"]
            if message["msg_type"] == "stream":
                parts.append(content["text"])
            if message["msg_type"] == "error":
                parts.append(f"{content['ename']}: {content['evalue'][:300]}")
            if content.get("execution_state") == "idle":
                return "".join(parts).strip()


@pytest.fixture(scope="module")
def kernel():
    kernel = Kernel()
    assert kernel.printed(MODULES + RIGHT) == "True"
    yield kernel
    kernel.client.stop_channels()
    kernel.manager.shutdown_kernel(now=True)


@pytest.mark.parametrize("line", LINES, ids=lambda line: line.partition("\n")[0][:40] or "class")
def test_the_verdict_comes_all_is_as_it_was_and_a_right_answer_passes(kernel, line):
    probe, expected = LINES[line]
    body = "".join(f"    {one}\n" for one in line.splitlines())
    said = kernel.printed(
        f"before = {probe}\nbefore = before.copy() if isinstance(before, list) else before\n"
        f"def weighted_average(values, weights):\n{body}"
        "    return sum(v * w for v, w in zip(values, weights)) / sum(weights)\n"
        'print(check("00.weighted_average", weighted_average).text)'
    )
    assert expected in said and len(said) < 600, said
    assert kernel.printed(f"print(({probe}) == before)") == "True"
    assert kernel.printed(RIGHT) == "True"
