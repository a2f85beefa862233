"""A module on trial in a child is told the same as one on trial here; and a liar earns nothing."""

import os
import re

import pytest
import torch

from course_utils.checks.judge import KnownMistakes, examine, judge
from course_utils.classroom.away import Away
from course_utils.classroom.mirror import NONSENSE, Ended, Far
from course_utils.classroom.mirror import _reflected as mirror_of
from course_utils.classroom.nursery import Child, Nursery
from course_utils.exercises.lesson_18.my_mixer import RIGHT, task

HEAD = """import os, threading, time
import numpy as np
import torch
from torch import nn
from course_utils.mixers import Attention
from course_utils.shapes import expect_mask

class Base(nn.Module):
    causal = False

    def __init__(self, d_model, n_heads=2):
        super().__init__()
        self.out = nn.Linear(d_model, d_model)

    def silent(self, x, mask):
        expect_mask(mask, x.shape[0], x.shape[1], type(self).__name__)
        return x if mask is None else x * mask[..., None].to(x.dtype)

    def mean(self, x, mask):
        return self.silent(x, mask).mean(dim=1, keepdim=True).expand_as(x)

    def before(self, x, mask):
        return nn.functional.pad(self.silent(x, mask), (0, 0, 1, 0))[:, :-1]
"""
MADE = "\ndef my_mixer(d_model, n_heads):\n    return Mine(d_model, n_heads)\n"


def of_mean(forward: str, more: str = "", init: str = "pass", head: str = "self, x, mask=None"):
    """A mixer with this body of `forward`, where `y` is the mean of all."""
    return f"""
class Mine(Base):
    {more or "pass"}

    def __init__(self, d_model, n_heads):
        super().__init__(d_model)
        {init}

    def forward({head}):
        y = self.mean(x, locals().get("mask"))
        {forward}
{MADE}"""


WITH_CACHE = """
class Memory:
    def __init__(self):
        self.last = None

    def reorder(self, rows):
        {reorder}

class Mine(Base):
    causal = True

    def new_cache(self):
        return Memory()

    def forward(self, x, mask=None, cache=None):
        if cache is None:
            return self.out(self.before(x, mask))
        new = self.silent(x, None if mask is None else mask[:, -x.shape[1]:])
        last = torch.zeros_like(x[:, :1]) if cache.last is None else cache.last
        y = torch.cat([last, new], dim=1)[:, :-1]
        cache.last = {remember}
        return self.out(y)
"""

MODULES = {
    "a GRU": """
class Mine(Base):
    causal = True

    def __init__(self, d_model, n_heads):
        super().__init__(d_model)
        self.gru = nn.GRU(d_model, d_model, batch_first=True)

    def forward(self, x, mask=None):
        return self.gru(self.silent(x, mask))[0]
""" + MADE,
    "a table kept": of_mean(
        "self.table = self.table if self.table is not None and self.table.shape[0] == x.shape[1] "
        "and self.table.dtype == x.dtype else torch.full((x.shape[1], 1), 0.5, dtype=x.dtype); "
        "return self.out(y * self.table)", init="self.table = None"),
    "a table kept as it was made first": of_mean(
        "self.table = self.table if self.table is not None else torch.full((x.shape[1], 1), 0.5); "
        "return self.out(y * self.table)", init="self.table = None"),
    "a buffer": of_mean("return self.out(y * self.a_half)",
                        init="self.register_buffer('a_half', torch.tensor(0.5))"),
    "dropout": of_mean("return self.drop(self.out(y))", init="self.drop = nn.Dropout(0.3)"),
    "noise": of_mean("return self.out(y + 0.01 * torch.randn_like(y))"),
    "detached": of_mean("return self.out(y.detach())"),
    "all detached": of_mean("return self.out(y).detach()"),
    "no_grad": of_mean("\n        with torch.no_grad():\n            return self.out(y)"),
    "frozen": of_mean("return self.out(y)", init="self.out.weight.requires_grad_(False)"),
    "tied": of_mean("return self.out(self.twin(y))", init="self.twin = self.out"),
    "tied by weight": of_mean("return self.out(self.twin(y))",
                              init="self.twin = nn.Linear(d_model, d_model); "
                              "self.twin.weight = self.out.weight"),
    "no weights": of_mean("return y"),
    "its own precision": of_mean("return self.out(y.float()).to(x.dtype)"),
    "double only": of_mean("return self.out(y)", init="self.double()"),
    "a cache": WITH_CACHE.format(reorder="self.last = self.last[rows]", remember="new[:, -1:]")
    + MADE,
    "a cache not reordered": WITH_CACHE.format(reorder="pass", remember="new[:, -1:]") + MADE,
    "a cache without memory": WITH_CACHE.format(reorder="pass", remember="None") + MADE,
    "nothing to remember": of_mean("return x * 0", "causal = True\n    def new_cache(self): pass"),
    "a tuple": of_mean("return self.out(y), None"),
    "a list": of_mean("return self.out(y).tolist()"),
    "numpy": of_mean("return self.out(y).detach().numpy()"),
    "nothing": of_mean("self.out(y)"),
    "complex": of_mean("return torch.fft.fft(y)"),
    "another name": of_mean("return self.out(y)", head="self, x, padding_mask=None"),
    "hints at types": of_mean(
        "return y", head="self, x: torch.Tensor, lengths: list[int] = [1], *, scale: float = 2.0"),
    "one more": of_mean("return self.out(y)", head="self, x, mask=None, *, scale=2.0"),
    "causal is 1": of_mean("return self.out(y)", "causal = 1"),
    "causal is found out": of_mean("return self.out(y)", "causal = property(lambda self: False)"),
    "its own error": of_mean("raise MyError('no\\nway')", "global MyError\n    class MyError"
                             "(ValueError): pass"),
    "its own TypeError": of_mean(
        "return self.out(y)", "def silent(self, x, mask):\n        if mask is not None and "
        "mask.dtype != torch.bool: raise Strict('boolean')\n        return super().silent(x, mask)"
    ) + "\nclass Strict(TypeError): pass\n",
    "its own TypeError, by a course's name": of_mean(
        "return self.out(y)", "def silent(self, x, mask):\n        if mask is not None and "
        "mask.dtype != torch.bool: raise TypeError('a boolean mask, please')\n        "
        "return super().silent(x, mask)"),
    "inference is kept": of_mean(
        "self.table = self.table if self.table is not None and self.table.dtype == x.dtype and "
        "self.table.shape[0] == x.shape[1] else self.more.exp() * torch.ones(x.shape[1], 1, dtype="
        "x.dtype); return self.out(y * self.table)",
        init="self.table = None; self.more = nn.Parameter(torch.tensor(0.5))"),
    "a batch norm": of_mean("return self.norm(self.out(y).mT).mT",
                            init="self.norm = nn.BatchNorm1d(d_model)"),
    "an heir": """
class Mine(Attention):
    pass
""" + MADE,
    "wrapped": of_mean("return self.out(x, mask)", init="self.out = Attention(d_model, n_heads)"),
    "wrapped and mixed": of_mean("return self.out(x, mask) + self.more(y)", init=(
        "self.out = Attention(d_model, n_heads); self.more = nn.Linear(d_model, d_model)")),
    "linear": "\ndef my_mixer(d_model, n_heads):\n    return nn.Linear(d_model, d_model)\n",
    "a function": "\ndef my_mixer(d_model, n_heads):\n    return lambda x, mask=None: x\n",
    "a number": "\ndef my_mixer(d_model, n_heads):\n    return d_model / n_heads\n",
    "not written": "\ndef my_mixer(d_model, n_heads):\n    ...\n",
    "it prints": "\ndef my_mixer(d_model, n_heads):\n    print('here')\n",
    "it cannot be made": "\ndef my_mixer(d_model, n_heads):\n    return nn.Linear(d_model)\n",
    "it is slow to come": "\ndef my_mixer(d_model, n_heads):\n    while True: pass\n",
    "it never comes back": of_mean("\n        while True: pass"),
    "it leaves": of_mean("raise SystemExit"),
    "a weight made on the way": of_mean(
        "self.more = nn.Parameter(torch.ones(())); return self.out(y) * self.more"),
}  # fmt: skip


@pytest.fixture(scope="module")
def nursery():
    os.environ.setdefault("OMP_NUM_THREADS", "1")
    with Nursery() as nursery:
        yield nursery


@pytest.fixture(scope="module")
def known():
    return KnownMistakes(task)


def away(source: str, child) -> Away:
    n_statements = source.count("\n") + 1  # at least as many
    step = {"source": source, "cell": "my_mixer", "is_answer": True}
    steps = [step | {"statements": list(range(n_statements))}]
    return Away(task, child, {"expression": "my_mixer"}, steps, {}, "")


@pytest.mark.parametrize("kind", MODULES)
def test_the_same_is_said_of_it_there_and_here(kind, nursery, known):
    source = HEAD + MODULES[kind]
    space = {"__name__": "a_notebook"}
    exec(compile(source, "<my_mixer>", "exec"), space)
    here = judge(task, space["my_mixer"], known=known)
    with nursery.child() as child:
        there = examine(task, away(source, child), known=known).verdict
    assert (there.passed, there.mistakes, there.failure, without_line(there.text)) == (
        here.passed, here.mistakes, here.failure, without_line(here.text)
    )  # fmt: skip


def without_line(text: str) -> str:
    """Without the line of code that is shown: here its cell has no text to show it from."""
    return re.sub(r" \(`.*`\)", "", text)


LIES = {
    "it says that it is right": "request = {'is_nothing': False}",
    "no module, no kind": "request = {'is_module': False}",
    "a tree of nothing": "request = {'is_module': True, 'tensors': [], 'tree': {}}",
    "a tensor that is none": "request = {'is_module': True, 'tensors': ['weights']}",
    "a class without a name": "request = {'is_module': False, 'kind': '\\0'}",
    "not even a dictionary": "request = [1, 2, 3]",
}


@pytest.mark.parametrize("lie", LIES)
def test_what_is_no_module_s_description_is_no_result(lie, nursery, known):
    source = f"""
def my_mixer(d_model, n_heads):
    from course_utils.classroom.mirrored import Mirrored
    {LIES[lie]}
    Mirrored.do = lambda self, asked: request
    return None
"""
    taken_over = source + "my_mixer(16, 2)\n"
    with nursery.child() as child:
        found = examine(task, away(taken_over, child), known=known)
    assert not found.verdict.passed
    assert {attempt.outcome.problem for attempt in found.attempts} == {NONSENSE}


def test_who_takes_over_the_judge_s_words_in_the_child_earns_nothing(nursery, known):
    """What decides is imported, patched and called there, and nobody asks it."""
    source = f"""
import sys
from torch import nn
import course_utils.mixers.contract as contract
for name in list(sys.modules):
    if name.startswith("course_utils.mixers.contract"):
        vars(sys.modules[name]).update(check_mixer=lambda *a, **k: [], BASIC=(), FURTHER=())

class Mine(nn.Module):
    causal = False

    def forward(self, x, mask=None):
        return x

    def __eq__(self, other):
        return True

    def __repr__(self):
        return {RIGHT!r}

    __hash__ = nn.Module.__hash__

def my_mixer(d_model, n_heads):
    return Mine()
"""
    with nursery.child() as child:
        found = examine(task, away(source, child), known=known).verdict
    assert not found.passed and found.mistakes == ("no_expectations",)


@pytest.mark.parametrize("gradients", [None, [], [1.0], ["no", "way"]])
def test_gradients_that_are_none_end_the_trial(gradients):
    class Liar(Child):
        """Says that y needs a gradient, and then sends something else."""

        def __init__(self):
            pass

        def ask(self, request, seconds, names=None):
            x = request.get("args", [None])[0]
            said = {"value": x, "call": 0, "args": ()}
            return {"gradients": gradients} if request["what"] == "back" else said

    told = {
        "causal": False, "module": 0, "training": True, "has_cache": False, "is_module": True,
        "tree": {"line": [("mine", "Mine")], "parameters": {}, "children": {}}, "tensors": [],
        "forward": {"parameters": [("x", "POSITIONAL_OR_KEYWORD", ..., "")], "returns": ""},
    }  # fmt: skip
    mirror = mirror_of(Far(Liar(), 10.0), told)
    with pytest.raises(Ended, match="no result"):
        mirror(torch.ones(1, 2, 3, requires_grad=True)).sum().backward()


def test_all_that_is_asked_has_one_time_together(nursery):
    source = """
import time
from torch import nn

class Mine(nn.Module):
    causal = False

    def forward(self, x, mask=None):
        time.sleep(0.2)
        return x

def my_mixer(d_model, n_heads):
    return Mine()
"""
    with nursery.child() as child:
        away(source, child)
        far = Far(child, 4.0)
        mixer = far.answer(16, 2)
        with pytest.raises(Ended, match="after 4 seconds") as ended:
            for _ in range(100):
                mixer(torch.ones(1, 2, 3))
    assert ended.value.error == "TimeIsUp"
