"""What checks say to answers of every kind, hostile ones included, and that the notebook lives."""

import contextlib
import copy
import gc
import math
import os
import random
import re
import signal
import sys
import threading
import time
import warnings

import nbclient
import nbformat
import numpy as np
import pytest
import torch
from torch import nn

from course_utils import progress
from course_utils.checks import catalog, check, deadline, hint, isolate, reveal, validate
from course_utils.checks.engine import wrapped
from course_utils.checks.judge import judge
from course_utils.checks.properties import no_look_ahead, rows_sum_to_one
from course_utils.checks.task import Case, Task
from course_utils.checks.verdict import FAILURES, Verdict


def soften(x):
    return torch.softmax(x, dim=-1)


def over_the_columns(x):
    """You shared along the wrong axis.

    Rows add up to one.
    """
    return torch.softmax(x, dim=0)


def tables(seed):
    generator = torch.Generator().manual_seed(seed)
    for rows, columns in ((3, 5), (4, 2)):
        x = torch.randn(rows, columns, generator=generator)
        yield Case(f"{rows} rows", (x,))


HINTS = ["Look at the rows.", "Which axis is the last?", "dim=-1"]


def soften_task(id="99.soften", answer=soften, cases=tables, mistakes=(over_the_columns,), **more):
    more = {
        "gradient": True,
        "hints": HINTS,
        **more,
    }
    made = Task(
        id,
        "Shares",
        dimensions=("row", "column"),
        praise="Right, to the last crumb.",
        **more,
    )
    made.answer(answer)
    made.cases(cases)
    made.property(rows_sum_to_one)
    made.also_right(lambda x: x.exp() / x.exp().sum(-1, keepdim=True))
    for wrong in mistakes:
        made.mistake(wrong)
    return made


SOFTEN = soften_task()


class Scale(nn.Module):
    def __init__(self, factor):
        super().__init__()
        self.factor = factor

    def forward(self, x):
        return self.factor * x


class Shift(Scale):
    """You shifted.

    Scaling multiplies.
    """

    def forward(self, x):
        return self.factor + x


SCALE = Task(
    "99.scale",
    "A module",
    use=lambda cls, factor, x: cls(factor)(x),
    hints=["One.", "Two.", "Three."],
)
SCALE.answer(Scale)
SCALE.mistake(Shift)
SCALE.cases(
    lambda seed: [Case("by three", (3.0, torch.arange(4.0))), Case("by 0", (0.0, torch.ones(2)))]
)
OWN = {own.id: own for own in (SOFTEN, SCALE)}


@pytest.fixture(autouse=True)
def learner(monkeypatch, tmp_path):
    """Somebody new, with little time, who has passed one task."""
    monkeypatch.setenv("ATTENTION_OPTIONAL_HOME", str(tmp_path))
    monkeypatch.setattr(isolate, "SECONDS", 0.3)
    find, tasks_of = catalog.find, catalog.tasks_of
    monkeypatch.setattr(catalog, "find", lambda task_id: OWN.get(task_id) or find(task_id))
    monkeypatch.setattr(catalog, "tasks_of", lambda n: [SOFTEN] if n == "99" else tasks_of(n))
    progress.record_pass("00.weighted_average")


def said_to(answer, task_id="99.soften") -> str:
    """The text of a verdict that has to be a no, and leaves everything as it was."""
    before = progress.read()
    verdict = check(task_id, answer)
    assert not verdict and not verdict.passed
    assert progress.read() == before
    return verdict.text


# Right answers, wrong answers


@pytest.mark.parametrize("answer", [soften, *SOFTEN.alternatives, lambda x: soften(x.double())])
def test_a_right_answer_passes_and_is_remembered(answer):
    verdict = check("99.soften", answer)
    assert verdict and verdict.text == "Right, to the last crumb."
    assert progress.tasks()["99.soften"]["passed"]
    assert not check("99.soften", over_the_columns)
    assert progress.tasks()["99.soften"]["passed"]  # once passed stays passed


def test_a_known_mistake_is_named():
    said = said_to(lambda x: torch.stack([c.softmax(0) for c in x.T]).T)
    assert said.startswith("You shared along the wrong axis. Rows add up to one.")
    assert 'hint("99.soften")' in said


def test_what_nobody_foresaw_gets_what_a_property_sees():
    said = said_to(lambda x: torch.softmax(x, -1) * 1.5)
    assert "On the case “3 rows”: row [0] of your weights adds up to 1.500, not to 1." in said


def test_and_without_one_the_largest_difference():
    def first_row_only(x):
        shares = torch.softmax(x, dim=-1)
        return torch.cat([shares[:1], shares[:1].expand(len(x) - 1, -1)])

    assert "numbers are off, most of all at [" in said_to(first_row_only)


def test_a_mistake_that_shows_on_some_cases_is_named_with_the_case():
    def wrong_if_small(x):
        return over_the_columns(x) if len(x) == 3 else soften(x)

    said = said_to(wrong_if_small)
    assert said.startswith("On the case “3 rows”: You shared") or "3 rows”: You shared" in said


def test_two_mistakes_in_company_are_both_named(monkeypatch):
    def doubled(x):
        """You doubled.

        Shares are not to be doubled.
        """
        return 2 * soften(x)

    monkeypatch.setitem(OWN, "99.two", soften_task("99.two", mistakes=[over_the_columns, doubled]))
    verdict = check("99.two", lambda x: over_the_columns(x) if len(x) == 3 else doubled(x))
    assert verdict.mistakes == ("over_the_columns", "doubled")
    assert "On the case “3 rows”: You shared" in verdict.text
    assert "And on the case “4 rows”: You doubled." in verdict.text


def test_a_mistake_on_a_later_case_is_named_beside_what_nobody_knows():
    def strange_then_known(x):
        return soften(x).flip(0) if len(x) == 3 else over_the_columns(x)

    verdict = check("99.soften", strange_then_known)
    assert "On the case “3 rows”" in verdict.text and "numbers are off" in verdict.text
    assert "And on the case “4 rows”: You shared along the wrong axis." in verdict.text
    assert verdict.mistakes == ("over_the_columns",)


def test_a_gradient_that_is_cut_off_half_way_is_found():
    def half_detached(x):
        powers = x.exp()
        return powers / powers.sum(-1, keepdim=True).detach()

    assert "the gradient that reaches x is not" in said_to(half_detached)


def test_float64_as_the_notebooks_default_changes_nothing():
    torch.set_default_dtype(torch.float64)
    try:
        assert check("99.soften", lambda x: x.exp() / (torch.zeros(1) + x.exp().sum(-1)[:, None]))
        assert torch.get_default_dtype() == torch.float64
    finally:
        torch.set_default_dtype(torch.float32)


def test_a_result_that_is_computed_and_not_returned():
    def forgets(x):
        shares = torch.softmax(x, dim=-1)
        shares = shares * 1.0

    assert said_to(forgets).startswith("It returns nothing. Is there a return in its last line?")


def test_what_is_kept_between_two_calls_is_found():
    def remembers(x, calls=[]):  # noqa: B006
        calls.append(1)
        return soften(x) * len(calls)

    assert "Does it keep something between two calls" in said_to(remembers)


def test_errors_alone_resemble_nobody(monkeypatch):
    def crash(x):
        """You crashed.

        It crashes.
        """
        raise ValueError("mine")

    def other_crash(x):
        raise ValueError("another")

    fragile = soften_task("99.fragile", mistakes=[crash])
    monkeypatch.setitem(OWN, "99.fragile", fragile)
    said = said_to(other_crash, "99.fragile")
    assert "It raised ValueError" in said and "You crashed" not in said


def test_another_seed_gives_other_inputs(monkeypatch):
    monkeypatch.setitem(OWN, "99.plain", soften_task("99.plain", gradient=False))
    learned_by_heart = soften(SOFTEN.cases_for(0)[0].args[0])

    def cheat(x):
        return learned_by_heart if len(x) == 3 else soften(x)

    assert check("99.plain", cheat)  # so that what fails it below is the seed
    assert not check("99.plain", cheat, seed=1)


def test_a_class_is_an_answer_where_one_is_asked_for():
    assert check("99.scale", Scale)
    assert said_to(Shift, "99.scale").startswith("You shifted.")
    assert check("99.scale", lambda factor: lambda x: factor * x)  # works like one
    assert "check wants the class itself, and got a Scale" in said_to(Scale(2.0), "99.scale")


# Hostile answers


def endless(x):
    while True:
        pass


def endless_and_deaf(x):
    while True:
        try:
            x = x + 1
        except:  # noqa: E722
            pass


def endless_and_deaf_below(x):
    def deaf():
        try:
            time.sleep(0.001)
        except BaseException:
            return deaf()

    try:
        while True:
            deaf()
    finally:
        x.sum()


def asleep_and_deaf(x):
    while True:
        try:
            time.sleep(1_000)
        except:  # noqa: E722
            pass


def raises(x):
    raise ValueError("no tea today")


def raises_a_book(x):
    raise KeyError("very " * 10_000)


class Mute(Exception):
    def __str__(self):
        raise RuntimeError("no comment")


def raises_mutely(x):
    raise Mute


class Flatterer(torch.Tensor):
    """Says yes to whatever it is asked."""

    @classmethod
    def __torch_function__(cls, function, types, args=(), kwargs=None):
        if function in (torch.isclose, torch.Tensor.ne, torch.Tensor.eq):
            return torch.ones(args[0].shape, dtype=torch.bool)
        return super().__torch_function__(function, types, args, kwargs or {})


def flatters(x):
    return (x * 0).detach().as_subclass(Flatterer)


class Endless:
    def __repr__(self):
        while True:
            pass

    __len__ = __eq__ = __iter__ = __repr__


def raises_in_a_helper(x):
    def helper(y):
        return [1, 2][int(y.numel())]

    return helper(x)


def wrong_shape(x):
    return x.sum(-1)


def sometimes_none(x):
    return soften(x) if len(x) == 4 else None


def nan_from_a_place_on(x):
    x = soften(x).clone()
    x[1, 1:] = math.nan
    return x


def a_numpy_array(x):
    return soften(x).detach().numpy()


def in_place(x):
    x -= x.max()
    return soften(x)


def in_place_without_gradient(x):
    x.data.exp_()
    return x / x.sum(-1, keepdim=True)


def enormous(x):
    return torch.ones(100_000, 100_000)[: len(x), : x.shape[1]]


def enormous_list(x):
    return [0] * 10**10


def leaves(x):
    sys.exit("bye")


def leaves_by_its_other_name(x):
    exit()


def recursion(x):
    return recursion(x)


def prints_for_ever(x):
    while True:
        print("still here")


def narrow(x):
    return soften(x).half()


def guesses(x):
    return torch.rand_like(x).softmax(-1)


def guesses_with_python(x):
    return soften(x) * random.random()


def interrupts(x):
    raise KeyboardInterrupt


def yields(x):
    yield soften(x)


async def waits(x):
    return soften(x)


def replaces(x):
    torch.allclose = lambda *args, **kwargs: True
    torch.isclose = lambda *args, **kwargs: torch.ones(1, dtype=torch.bool)
    return x


def a_list(x):
    return soften(x).tolist()


def detached(x):
    return soften(x).detach()


def prints_its_result(x):
    print(soften(x))


def asks(x):
    return input("And the answer is? ")


class Trap:
    """What looks at it, falls."""

    def __repr__(self):
        raise RuntimeError("do not look at me")

    __eq__ = __len__ = __iter__ = __bool__ = __repr__


def another_kind_of_answer(x, y, z):
    return x


HOSTILE = [
    (endless, r"still running after \d seconds in line \d+ \(`\w.*`\). Is there an endless loop"),
    (endless_and_deaf, r"still running after \d seconds in line \d+"),
    (endless_and_deaf_below, r"still running after \d seconds"),
    (asleep_and_deaf, r"still running after \d seconds"),
    (raises_a_book, r"raised KeyError in line \d+ .*: 'very very .*…"),
    (raises_mutely, r"raised Mute in line \d+ \(`raise Mute`\): \(no message\)"),
    (flatters, r"numbers are off"),
    (lambda x: Endless(), r"its result, a Endless, cannot be compared \(TimeIsUp\)"),
    (raises, r"raised ValueError in line \d+ \(`raise ValueError.*`\): no tea today"),
    (
        raises_in_a_helper,
        r"raised IndexError in line \d+ \(`return \[1, 2\]\[.*`\): list index out",
    ),
    (wrong_shape, r"expected the shape \[row, column\] = \[3, 5\], got \[3\]"),
    (sometimes_none, r"expected a tensor, got None \(is there a return\?\)"),
    (nan_from_a_place_on, r"a number is NaN \(0/0, or ∞ − ∞\); the first is at \[1, 1\]"),
    (a_numpy_array, r"expected a torch tensor, got a numpy array. Its numbers are right"),
    (in_place, r"changed its input x in place"),
    (in_place_without_gradient, r"changed its input x in place"),
    (enormous, r"asked for more than 2 GB of memory in line \d+ \(`return torch.ones"),
    (enormous_list, r"asked for more than 2 GB of memory in line \d+"),
    (leaves, r"called exit\(\) in line \d+ \(`sys.exit.*`\), which would end the notebook"),
    (leaves_by_its_other_name, r"called exit\(\) in line \d+"),
    (recursion, r"called itself without end in line \d+ \(`return recursion\(x\)`\)"),
    (prints_for_ever, r"still running after \d seconds"),
    (Trap, r"takes no arguments|takes 1 positional"),
    (Scale, r"expected a tensor, got a Scale, not called"),
    (narrow, r"expected numbers of the kind torch.float32, got torch.float16"),
    (guesses, r"asked twice with the same inputs it gave two results"),
    (guesses_with_python, r"asked twice with the same inputs it gave two results"),
    (interrupts, r"raised KeyboardInterrupt in line \d+"),
    (yields, r"expected a tensor, got a generator \(is there a yield"),
    (waits, r"expected a tensor, got a coroutine \(is there an async"),
    (replaces, r"put something of its own in the place of torch\.\w+close"),
    (a_list, r"expected a tensor, got a list: \[\["),
    (detached, r"the numbers are right, but no gradient gets through"),
    (prints_its_result, r"prints, and returns nothing"),
    (asks, r"raised EOFError in line \d+ .*nobody to ask"),
    (lambda x: Trap(), r"expected a tensor, got a Trap"),
    (lambda x: object(), r"expected a tensor, got a object: <object object>"),
    (lambda x: x.to_sparse(), r"a Tensor, cannot be compared|off, most|leaf|sparse"),
    (another_kind_of_answer, r"raised TypeError: another_kind_of_answer\(\) missing 2 required"),
    (
        torch.ones(3),
        r"check wants the function itself, and got a Tensor: write check\(\"99.soften\"",
    ),
]


@pytest.mark.skipif(not hasattr(signal, "setitimer"), reason="needs an alarm clock")
@pytest.mark.parametrize(
    ("answer", "expected"), HOSTILE, ids=[getattr(a, "__name__", "a result") for a, _ in HOSTILE]
)
def test_a_hostile_answer_gets_a_clear_line(answer, expected):
    with warnings.catch_warnings(action="error"):
        said = said_to(answer)
        gc.collect()
    first, *rest = said.splitlines()
    assert re.search(expected, first), said
    assert len(first) < 400 and rest == ['Stuck? hint("99.soften")']


@pytest.mark.parametrize("answer", [None, ..., lambda x: None, lambda x: ...])
def test_the_untouched_stub_is_not_written_yet(answer):
    assert said_to(answer).startswith("Not written yet")


def test_all_is_as_it_was_after_the_worst():
    resource = pytest.importorskip("resource")

    def worst(x):
        random.seed(1)
        np.random.seed(1)
        torch.manual_seed(1)
        torch.set_default_dtype(torch.float64)
        torch.set_grad_enabled(False)
        torch.set_default_device("meta")
        math.sqrt = len
        np.sum = torch.softmax = print
        sys.stdout.write("lost?")
        return soften(x)

    def state():
        return (
            random.getstate(),
            np.random.get_state()[1].tolist(),
            torch.get_rng_state().tolist(),
            torch.get_default_dtype(),
            torch.is_grad_enabled(),
            torch.get_default_device(),
            (math.sqrt, np.sum, torch.softmax, input, sys.stdout, sys.stderr, sys.gettrace()),
            [signal.getsignal(number) for number in (signal.SIGINT, signal.SIGALRM)],
            signal.getitimer(signal.ITIMER_REAL),
            resource.getrlimit(resource.RLIMIT_AS),
            threading.active_count(),
        )

    before = state()
    for answer in (worst, endless_and_deaf, enormous, leaves, interrupts):
        assert isolate.call(answer, (torch.ones(3),)).problem
        assert state() == before
    assert check("99.soften", soften)


def test_a_notebook_that_replaced_isclose_does_not_pass(monkeypatch):
    monkeypatch.setattr(torch, "isclose", lambda a, *rest, **options: a == a)
    monkeypatch.setattr(torch, "allclose", lambda *args, **options: True)
    assert said_to(lambda x: x * 2)


def test_all_cases_together_have_a_limit_too():
    task = soften_task(
        "99.slow", cases=lambda seed: [Case(str(i), next(tables(0)).args) for i in range(20)]
    )

    def slow(x):
        time.sleep(0.2)
        return soften(x)

    verdict = judge(task, slow)
    assert not verdict.passed
    assert re.search(r"too slow: \d+ of 20 cases took \d+ seconds", verdict.text)


def test_a_flood_of_words_is_cut_and_shown():
    verdict = check("99.soften", prints_for_ever)
    assert len(verdict.printed) <= isolate.PRINTED
    assert verdict.own_words.count("still here") == 5 and repr(verdict).endswith("…)")


def test_the_stop_button_is_the_users_own(request):
    # As in a kernel: whoever runs the tests may have left Ctrl-C ignored, as nohup does.
    before = signal.signal(signal.SIGINT, signal.default_int_handler)
    request.addfinalizer(lambda: signal.signal(signal.SIGINT, before))
    timer = threading.Timer(0.1, os.kill, (os.getpid(), signal.SIGINT))

    def endless_and_stopped(x):
        if not timer.is_alive():
            timer.start()  # here, so that it does not ring before the answer runs
        endless(x)

    with pytest.raises(KeyboardInterrupt):
        check("99.soften", endless_and_stopped)
    timer.join()
    assert check("99.soften", soften)


@pytest.mark.parametrize("answer", [endless, endless_and_deaf])
def test_without_an_alarm_clock_loops_end_too(answer):
    """As on Windows, and in threads."""
    outcomes = []
    thread = threading.Thread(
        target=lambda: outcomes.append(isolate.call(answer, (torch.ones(2),))), daemon=True
    )
    unhurried = sys.getswitchinterval()
    thread.start()
    thread.join(60)
    assert outcomes[0].error == "TimeIsUp" and "still running" in outcomes[0].problem
    assert sys.getswitchinterval() == unhurried


def test_a_call_that_just_makes_it_leaves_nothing_behind():
    def until_about_then(seconds):
        end = time.perf_counter() + seconds
        while time.perf_counter() < end:
            pass

    threads = threading.active_count()
    for i in range(20):
        with contextlib.suppress(deadline.TimeIsUp):
            deadline._with_watchdog(until_about_then, (0.029 + i / 10_000,), {}, 0.03)
    for _ in range(100_000):  # one that came late would come here
        pass
    assert threading.active_count() == threads


def test_the_deadline_leaves_quick_work_alone():
    def work(n, *, times):
        try:
            return sum(range(n)) * times
        except BaseException:
            return None

    assert deadline.call_limited(work, (10,), {"times": 2}, 5.0) == 90
    with pytest.raises(KeyError):
        deadline.call_limited({}.__getitem__, ("a",), {}, 5.0)


def test_who_waits_for_a_turn_is_given_time_and_who_computes_is_not(monkeypatch):
    """On a crowded machine the clock says little; asleep is what waiting looks like from here."""
    monkeypatch.setattr(deadline, "PATIENCE", 8.0)
    assert deadline.call_limited(lambda: time.sleep(0.3) or "done", (), {}, 0.1) == "done"
    with pytest.raises(deadline.TimeIsUp):
        deadline.call_limited(time.sleep, (60,), {}, 0.1)
    monkeypatch.setattr(deadline, "PATIENCE", 1e6)

    def compute():
        while True:
            pass

    with pytest.raises(deadline.TimeIsUp):
        deadline.call_limited(compute, (), {}, 0.1)


DEAF_TWICE = """
    def deaf(then):
        try:
            while True: pass
        except: return then()
    while True:
        try: deaf(lambda: deaf(lambda: 1))
        except: pass"""
TALKATIVE = """
import threading, time
def weighted_average(values, weights):
    threading.Thread(target=lambda: [print(i) for i in range(10**5)], daemon=True).start()
    return 0.0
for _ in range(5):
    check('00.weighted_average', weighted_average)"""


def test_in_a_real_kernel(tmp_path):
    """exit() is IPython's own there, input() waits for the page, and signals are the kernel's."""
    hostile = {
        "exit()": "called exit()",
        "quit()": "called exit()",
        "import sys; sys.exit()": "called exit()",
        "return float(input('?'))": "nobody to ask",
        "raise KeyboardInterrupt": "raised KeyboardInterrupt",
        DEAF_TWICE: "still running",
        "while True: print('round and round')": "still running",
        "return values[9]": "raised IndexError in line 2 (`return values[9]`)",
    }
    notebook = nbformat.v4.new_notebook()
    notebook.cells = [
        nbformat.v4.new_code_cell(
            "from course_utils.checks import check, isolate\n"
            f"def weighted_average(values, weights):\n    {line}\n"
            "isolate.SECONDS = 0.3\n"
            "print(check('00.weighted_average', weighted_average).text)"
        )
        for line in hostile
    ]
    notebook.cells.append(nbformat.v4.new_code_cell("print('alive', len(hostile_lines))"))
    notebook.cells.insert(0, nbformat.v4.new_code_cell(f"hostile_lines = {list(hostile)}"))
    notebook.cells += [nbformat.v4.new_code_cell(code) for code in (TALKATIVE, "'still alive'")]
    nbclient.NotebookClient(notebook, timeout=120).execute()
    texts = [cell.outputs[0].text for cell in notebook.cells[1:-2]]
    for text, expected in zip(texts, [*hostile.values(), f"alive {len(hostile)}"], strict=True):
        assert expected in text.replace("in line 3", "in line 2"), text


def test_a_leak_from_the_future_names_both_places():
    def peeks(x):
        return x + torch.roll(x, -2, dims=-2)

    x = torch.randn(2, 5, 3)
    said = no_look_ahead()(peeks(x), Case("", (x,)), peeks)
    assert said.startswith("a leak from the future: place 0 changes with what stands at place 2")
    assert no_look_ahead()(x.cumsum(-2), Case("", (x,)), lambda x: x.cumsum(-2)) is None


# Hints, answers, verdicts


def test_hints_go_up_a_ladder_and_are_counted(capsys):
    said = []
    for _ in range(4):
        hint("99.soften")
        said.append(capsys.readouterr().out)
    assert said[0] == "Hint 1 of 3: Look at the rows.\n"
    assert said[1].startswith("Hint 2 of 3") and "reveal" not in said[0] + said[1]
    assert "last one" in said[2] and 'reveal("99.soften") shows an answer' in said[2]
    again, *every = said[3].splitlines()
    assert again == 'There is no hint after these. reveal("99.soften") shows an answer.'
    assert every == [f"Hint {i} of 3: {text}" for i, text in enumerate(HINTS, 1)]
    assert progress.tasks()["99.soften"] == {"passed": False, "hints": 3, "revealed": False}


def test_a_hint_is_broken_between_words_and_its_code_stays_code():
    said = wrapped("Otherwise append pieces[i] alone. " * 8 + "\nfor i in x:\n    go-on(i)")
    prose, code = said[: said.index("\nfor")], said[said.index("\nfor") :]
    assert max(map(len, prose.splitlines())) <= 88 and code == "\nfor i in x:\n    go-on(i)"
    assert prose.split() == "Otherwise append pieces[i] alone.".split() * 8


class Shell:
    """As much of IPython as tells which cells were run."""

    def __init__(self, *cells):
        self.user_ns = {"In": ["", *cells]}

    def transform_cell(self, cell):
        return cell.replace("%time ", "")


BROKEN = "def soften(x)\n    return x"


@pytest.mark.parametrize(
    "cells, is_stale",
    [
        (("def soften(x): ...",), False),
        (("def soften(x): ...", BROKEN), True),
        (("def soften(x): ...", BROKEN, "check('99.soften', soften)"), True),
        ((BROKEN, "%time 1\ndef soften(x): ..."), False),
        (("def soften(x): ...", "def softened(x)"), False),
        (("def soften(x): ...", "class soften:\n  a = '\0'"), True),
        (("await later()\ndef soften(x): ...",), False),
        ((), False),
    ],
)
def test_a_cell_that_could_not_be_read_is_not_judged_by_the_one_before(
    monkeypatch, cells, is_stale
):
    scope = {"torch": torch, "__name__": "__main__"}
    exec("def soften(x): return torch.softmax(x, dim=-1)", scope)
    monkeypatch.setattr("IPython.get_ipython", lambda: Shell(*cells))
    verdict = check("99.soften", scope["soften"])
    assert verdict.passed is not is_stale
    assert ("could not read the cell in which you last wrote soften" in verdict.text) is is_stale
    assert ("99.soften" in progress.tasks()) is not is_stale


def test_what_is_imported_has_no_cell(monkeypatch):
    monkeypatch.setattr("IPython.get_ipython", lambda: Shell(BROKEN))
    assert check("99.soften", soften)


def test_a_revealed_answer_is_an_answer_and_is_noted(capsys):
    reveal("99.soften")
    printed = capsys.readouterr().out
    scope = {"torch": torch}
    exec(printed, scope)
    assert check("99.soften", scope["soften"])
    assert progress.tasks()["99.soften"] == {"passed": True, "hints": 0, "revealed": True}


def test_an_unknown_task_names_near_ones():
    with pytest.raises(catalog.UnknownTask, match="00.weigted'. Did you mean 00.weighted_"):
        check("00.weigted", soften)
    with pytest.raises(catalog.UnknownTask, match="no task '77.x'"):
        hint("77.x")


def test_a_verdict_is_worth_its_points_and_escapes_what_was_printed():
    right = Verdict("99.soften", "Shares", True, "Right.")
    wrong = Verdict("99.soften", "Shares", False, "No.", printed="<b>\n")
    assert (right.points(3), wrong.points(3)) == (3.0, 0.0)
    assert repr(right) == "PASSED  99.soften  Shares\nRight."
    assert repr(wrong) == "NOT YET  99.soften  Shares\nNo.\n(your code printed: <b>)"
    assert "&lt;b&gt;" in wrong._repr_html_() and "<b>" not in wrong._repr_html_()


def test_on_a_page_nothing_of_a_verdict_runs_together():
    right = Verdict("99.soften", "Shares", True, "Right.")
    words = re.sub("<[^>]+>", "", right._repr_html_())
    assert words == "PASSED · Shares · 99.softenRight."
    assert right._repr_html_().count("<br>") == 1
    assert right.points(3)._repr_html_() == "3 of 3 points"
    assert Verdict("a", "b", False, "").points(1)._repr_html_() == "0 of 1 point"
    assert repr(right.points(3)) == "3.0"  # nbgrader makes a number of it
    assert copy.deepcopy(right.points(3)).most == 3


class Unsayable:
    def __repr__(self):
        while True:
            pass


class EndlessList(list):
    def __len__(self):
        while True:
            pass


@pytest.mark.parametrize("value", [Unsayable(), EndlessList([1])], ids=["repr", "len"])
def test_a_result_that_is_slow_to_look_at_is_looked_at_once(value, monkeypatch):
    """And not once for every known mistake."""
    monkeypatch.setattr(isolate, "SECONDS", 0.2)
    stopped = []
    limited = deadline.call_limited

    def counted(function, *rest):
        try:
            return limited(function, *rest)
        except deadline.TimeIsUp:
            stopped.append(function)
            raise

    monkeypatch.setattr("course_utils.checks.judge.call_limited", counted)
    many = [type(soften)(soften.__code__, globals(), f"m{i}") for i in range(20)]
    for mistake in many:
        mistake.__doc__ = "One.\n\nTwo."
    assert not judge(soften_task(mistakes=many, gradient=False), lambda x: value).passed
    assert 0 < len(stopped) <= 8  # on two cases; there are twenty mistakes


def replaces_a_builtin(x):
    import builtins

    builtins.sum = lambda *numbers: 0
    return soften(x)


def replaces_a_method(x):
    torch.Tensor.any = lambda *args, **options: torch.tensor(False)
    return x


def replaces_the_checks(x):
    isolate.call = lambda *args, **options: None
    return soften(x)


@pytest.mark.parametrize("answer", [replaces_a_builtin, replaces_a_method, replaces_the_checks])
def test_what_is_replaced_everywhere_is_put_back_and_said(answer):
    before = sum, isolate.call
    assert "It put something of its own in the place of" in judge(SOFTEN, answer).text
    assert (sum, isolate.call) == before and "any" not in vars(torch.Tensor)
    assert judge(SOFTEN, soften).passed


def test_a_wrong_result_that_fills_the_memory_is_made_once(monkeypatch):
    pytest.importorskip("resource")
    monkeypatch.setattr(isolate, "SECONDS", 20.0)
    made = []

    def large(x):
        made.append(1)
        return torch.ones(160_000_000)  # 0.6 GB

    assert "expected the shape [row, column] = [3, 5]" in said_to(large)
    assert len(made) == 1


def test_a_low_recursion_limit_is_raised_again():
    deep = sys.getrecursionlimit()
    judge(SOFTEN, lambda x: sys.setrecursionlimit(90) or soften(x))
    assert sys.getrecursionlimit() == deep


KINDS = {
    "not written": None,
    "not callable": 5,
    "returns nothing": lambda x: print(x),
    "error": lambda x: x / "tea",
    "exit": lambda x: exit(),
    "kind": lambda x: soften(x).tolist(),
    "shape": lambda x: soften(x)[None],
    "numbers": lambda x: soften(x) + 0.5,
    "changed input": lambda x: x.copy_(soften(x)),
    "gradient": lambda x: soften(x).detach(),
    "not repeatable": lambda x: soften(x) + torch.rand(1),
}


@pytest.mark.parametrize("failure", KINDS)
def test_a_verdict_is_data_under_names_that_stay(failure):
    data = judge(soften_task(gradient=failure == "gradient"), KINDS[failure]).data
    assert data["failure"] == failure in FAILURES and not data["passed"]
    assert data["task"] == "99.soften" and data["misconception"] is None
    seen = failure not in ("not written", "not callable", "returns nothing")
    assert data["case"] == ("3 rows" if seen else None)


def test_a_known_mistake_has_a_stable_id_in_the_data():
    data = judge(SOFTEN, over_the_columns).data
    assert data["misconception"] == "99.soften/over_the_columns" and data["also"] == []
    assert data["failure"] == "numbers" and data["seconds"] >= 0
    assert judge(SOFTEN, soften).data["failure"] is None


@pytest.mark.parametrize("id", ["softmax", "3.softmax", "AA.softmax", "A1", "a1.softmax"])
def test_an_id_begins_with_a_lessons_number(id):
    with pytest.raises(ValueError, match="a task's id is like"):
        soften_task(id)


def test_an_appendix_has_tasks_like_any_lesson():
    """Its number is A1. It is judged, found by its id, and looked for where notebooks call it."""
    assert judge(soften_task("A1.soften"), soften).task_id == "A1.soften"
    assert validate.CHECK_CALL.findall('check("A1.soften", soften).points(2)') == ["A1.soften"]
    assert [task.id[:2] for task in catalog.tasks_of("A1")] == ["A1"] * 3
    assert catalog.lesson_numbers()[-1] == "A1"


def test_half_a_declaration_is_refused():
    with pytest.raises(ValueError, match="has 1 hints"):
        soften_task(hints=["One."])
    with pytest.raises(ValueError, match="no @task.mistake"):
        soften_task(mistakes=[]).declared()
    with pytest.raises(ValueError, match="needs a docstring of two paragraphs"):
        soften_task(mistakes=[soften])
    with pytest.raises(ValueError, match="two mistakes are called over_the_columns"):
        soften_task(mistakes=[over_the_columns, over_the_columns])


def test_a_reference_that_fails_or_no_cases_are_the_authors_mistake():
    with pytest.raises(RuntimeError, match="99.soften: the reference fails on '3 rows'.*no tea"):
        judge(soften_task(answer=raises), soften)
    with pytest.raises(ValueError, match="yields no cases"):
        soften_task(cases=lambda seed: []).cases_for(0)


@pytest.mark.parametrize(("task", "result"), [
    ("08.next_characters", ("are off", "are off")), ("13.shopping_lists", "x"), ("10.unite", ""),
])  # fmt: skip
def test_a_result_that_no_property_was_made_for_is_judged_all_the_same(task, result):
    """Properties are asked where numbers are off, and a student's text may say that they are."""
    verdict = judge(catalog.find(task), lambda *inputs: result)
    assert not verdict.passed and "expected" in verdict.text
