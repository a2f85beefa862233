"""Values that go to a child and come back as plain data, and bytes that are none."""

import json
import math

import numpy as np
import pytest
import torch
from hypothesis import given
from hypothesis import strategies as st

from course_utils.checks.catalog import lesson_numbers, tasks_of
from course_utils.checks.compare import Foreign, difference
from course_utils.classroom import plain
from course_utils.classroom.equipment import equipment

VALUES = st.recursive(
    st.none() | st.booleans() | st.integers(-(2**70), 2**70) | st.floats() | st.text()
    | st.binary(max_size=20),
    lambda inner: st.lists(inner, max_size=4) | st.tuples(inner, inner)
    | st.dictionaries(st.text(max_size=5), inner, max_size=4),
    max_leaves=20,
)  # fmt: skip


@given(VALUES)
def test_plain_values_come_back_as_they_were(value):
    assert repr(plain.unpack(plain.pack(value))) == repr(value)


@pytest.mark.parametrize("dtype", sorted(plain.DTYPES))
def test_tensors_come_back_bit_by_bit(dtype):
    made = torch.arange(6).reshape(2, 3).to(plain.DTYPES[dtype]).T
    back = plain.unpack(plain.pack(made))
    assert back.dtype == made.dtype and back.shape == made.shape and torch.equal(
        back.contiguous().view(torch.uint8), made.contiguous().view(torch.uint8)
    )  # fmt: skip


@pytest.mark.parametrize("value", [
    torch.tensor(math.nan), torch.zeros(0, 3), torch.ones(2, requires_grad=True),
    np.arange(4.0).reshape(2, 2), np.float32(1.5), np.int64(3), {3, 4}, frozenset("a"), 1 + 2j, ...,
    "\udc80", {(1, "a"): [torch.ones(1)]},
])  # fmt: skip
def test_other_values_come_back_too(value):
    back = plain.unpack(plain.pack(value))
    assert type(back) is type(value) and repr(back) == repr(value)


def test_a_liar_of_a_tensor_arrives_as_its_numbers():
    class Liar(torch.Tensor):
        @classmethod
        def __torch_function__(cls, *args, **kwargs):
            return True

    back = plain.unpack(plain.pack(torch.zeros(2).as_subclass(Liar)))
    assert type(back) is torch.Tensor and back.tolist() == [0, 0]


def test_a_string_of_numpys_or_of_a_class_of_ones_own_arrives_as_its_letters():
    class Word(str):
        def __str__(self):
            return "something else"

    assert plain.unpack(plain.pack([np.str_("ab"), Word("cd")])) == ["ab", "cd"]


def test_what_is_no_plain_value_arrives_as_a_sentence():
    back = plain.unpack(plain.pack([lambda x: x, (i for i in ()), object]))
    assert all(isinstance(one, Foreign) for one in back)
    assert "a function, not called" in difference(torch.ones(2), back[0])
    assert "yield" in difference(torch.ones(2), back[1])


def test_too_much_is_found_out_before_it_is_written():
    endless = []
    endless.append(endless)
    marks = "," * (plain.MARKS + 1)
    for value in (torch.zeros(1).expand(10**12), endless, bytes(plain.BYTES + 1), marks):
        with pytest.raises(plain.TooMuch):
            plain.pack(value)


@given(st.binary(max_size=60))
def test_other_bytes_are_refused(content):
    """Or they are a value: eight bytes of length and "0" are a number, written by chance."""
    try:
        value = plain.unpack(content)
    except plain.Malformed:
        return
    tree = content[plain.HEAD.size :][: plain.HEAD.unpack_from(content)[0]]
    assert repr(json.loads(tree)) == repr(value)


@pytest.mark.parametrize("tree", [
    b'{"tensor": ["float32", [2], false, 0, 800]}', b'{"tensor": ["float32", [2], false, 0, 4]}',
    b'{"array": ["O8", [1], 0, 8]}', b'{"name": "eval"}', b'{"object": ["Popen", {"dict": []}]}',
    b'{"partial": [1, 2, 3]}', b"[" * 10_000, b'{"dict": [[[], 1]]}', b'{"a": 1, "b": 2}',
])  # fmt: skip
def test_a_message_of_somebody_who_knows_the_form_is_refused(tree):
    with pytest.raises(plain.Malformed):
        plain.unpack(plain.HEAD.pack(len(tree)) + tree + bytes(8))


def test_a_message_that_fills_the_memory_is_refused_before_it_is_read():
    tree = b"[" + b"[]," * plain.MARKS + b"0]"
    assert len(tree) < plain.BYTES
    with pytest.raises(plain.Malformed, match="brackets"):
        plain.unpack(plain.HEAD.pack(len(tree)) + tree)


@pytest.mark.parametrize("task", [t for n in lesson_numbers() for t in tasks_of(n)],
                         ids=lambda task: task.id)  # fmt: skip
def test_a_child_gets_what_a_task_is_made_of_and_no_answer(task):
    """Its text runs by itself, and on what it makes the answer does what it does here."""
    text = equipment(task, task.default_cases)
    assert "@task" not in text and "exercises" not in text
    space = {}
    exec(text, space)

    def names(value):
        name = getattr(value, "__name__", None)
        return name if name in space else None

    for case in task.default_cases:
        args, kwargs = plain.unpack(plain.pack((case.args, dict(case.kwargs)), names), space)
        expected = task.use(task.reference, *case.args, **case.kwargs)
        use = space.get(task.use.__name__, task.use)
        assert difference(expected, use(task.reference, *args, **kwargs)) is None
        assert difference(expected, plain.unpack(plain.pack(expected))) is None
