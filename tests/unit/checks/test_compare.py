"""What is alike, and what is said where two results are not."""

import math

import numpy as np
import pytest
import torch

from course_utils.checks.compare import difference


class SaysYes(str):
    def __eq__(self, other):
        return True

    __hash__ = str.__hash__


@pytest.mark.parametrize(
    ("expected", "got"),
    [
        (1.5, 1.500001),
        (1.5, torch.tensor(1.5)),
        (1.5, torch.tensor([[1.5]], requires_grad=True)),
        (1.5, np.float32(1.5)),
        (2, 2.0),
        (2, 2 + 1e-9),
        ("a", "a"),
        (["a"], [np.str_("a")]),
        (True, True),
        (None, None),
        ([1, (2.0, "x")], (1, [2.0, "x"])),
        ({"a": 1, ("b", "c"): [2]}, {("b", "c"): [2], "a": 1}),
        ({1, 2}, {2, 1}),
        (np.array([1.0, 2.0]), np.array([1.0, 2.0])),
        (torch.ones(2), torch.ones(2, dtype=torch.float64)),
        (torch.ones(2, dtype=torch.complex64), torch.ones(2, dtype=torch.complex128)),
        (torch.tensor([math.nan, math.inf]), torch.tensor([math.nan, math.inf])),
        (torch.zeros(0, 3), torch.zeros(0, 3)),
        (math.inf, math.inf),
        (-math.inf, torch.tensor(-math.inf)),
        (math.nan, math.nan),
        (torch.tensor([1, 2]), torch.tensor([1, 2], dtype=torch.int32)),
        (torch.tensor([1, 200]), torch.tensor([1, 200], dtype=torch.uint8)),
        (torch.tensor(2.5), 2.5),
        ((torch.zeros(2), torch.ones(2)), torch.tensor([[0.0, 0.0], [1.0, 1.0]])),
    ],
)
def test_alike(expected, got):
    assert difference(expected, got) is None


@pytest.mark.parametrize(
    ("expected", "got", "said"),
    [
        (1.5, 1.6, "expected 1.5, got 1.6."),
        (1.5, math.nan, "expected 1.5, got nan."),
        (1.5, True, "expected a number, got a bool: True."),
        (1.5, torch.ones(2), "expected a number, got a Tensor: tensor([1., 1.])."),
        (math.inf, -math.inf, "expected inf, got -inf."),
        (math.inf, 1e30, "expected inf, got 1e+30."),
        (3e-4, 3.1e-4, "expected 0.0003, got 0.00031."),
        (3, 4, "expected 3, got 4."),
        (True, 1, "expected True, got 1."),
        ("a", SaysYes("b"), "expected 'a', got 'b'."),
        ("ab", "a" * 999, "expected 'ab', got 'aaaa"),
        ([1, 2], [1], "expected 2 things, got 1: expected [1, 2], got [1]."),
        (1.5, len, "expected a number, got a builtin_function_or_method, not called"),
        ([1, [2, 3]], [1, [2, 4]], "at place 1, 1 (counted from 0): exp"),
        ([1, 2], {1, 2}, "expected 2 things in a list, got a set: {1, 2}."),
        ({"a": 1}, {}, "'a' is missing"),
        ({"a": 1}, {"a": 1, "b": 2}, "'b' should not be there"),
        ({"a": 1}, {"a": 2}, "for 'a': expected 1, got 2."),
        ({1, 2}, {1}, "expected {1, 2}, got {1}."),
        (torch.ones(2), torch.ones(2).half(), "kind torch.float32, got torch.float16"),
        (torch.ones(2), torch.ones(2).bfloat16(), "kind torch.float32, got torch.bfloat16"),
        (torch.ones(2), torch.ones(2).long(), "kind torch.float32, got torch.int64"),
        (torch.ones(2).long(), torch.ones(2), "kind torch.int64, got torch.float32"),
        (torch.ones(2), torch.ones(2).cfloat(), "kind torch.float32, got torch.complex64"),
        (torch.ones(2), torch.ones(1, 2), "expected the shape [2], got [1, 2]."),
        (torch.ones(2), [1.0, 1.0], "expected a tensor, got a list: [1.0, 1.0]."),
        (torch.ones(2), np.zeros(2), "got a numpy array. Stay in torch"),
        (torch.ones(2), np.array(["a", "b"]), "got a numpy array. Stay in torch"),
        (torch.ones(2), torch.tensor([1, math.inf]), "a number is infinite; the first is at [1]."),
        (torch.ones(2) * 1j, torch.ones(2) * 2j, "2 of 2 numbers are off"),
        (torch.ones(2).double(), torch.ones(2).double() + 1e-5, "2 of 2 numbers are off"),
        (torch.tensor([1, 2]), torch.tensor([1, 3]), "at [1]: expected 2, got 3."),
        (torch.tensor([1, 300]), torch.tensor([1, 44], dtype=torch.uint8), "expected 300, got 44."),
        (torch.tensor(True), 1, "expected a tensor, got a int: 1"),
        (torch.ones(2) * 3e-4, torch.ones(2) * 3.1e-4, "2 of 2 numbers are off"),
        (
            torch.tensor([True, False, True]),
            torch.tensor([True, True, False]),
            "2 of 3 places are off, the first at [1]: expected False, got True.",
        ),
        (np.ones(2), [1.0, 1.0], "expected a numpy array of numbers, got a list"),
        (torch.ones(2), list(range(10**6)), "expected a tensor, got a list: [0, 1, 2"),
    ],
)
def test_not_alike(expected, got, said):
    text = difference(expected, got)
    assert text.startswith(said) or said in text
    assert len(text) < 400


def test_parts_that_nobody_named_are_compared_all_the_same():
    names = (("n",),)
    assert difference((torch.ones(2), torch.ones(3)), (torch.ones(2), torch.ones(4)), names) == (
        "at place 1 (counted from 0): expected the shape [3], got [4]."
    )


def test_shapes_of_several_results_are_named_each():
    names = (("n_query", "d_value"), ("n_query", "n_key"))
    expected = (torch.ones(2, 3, 4), torch.ones(3, 5))
    got = (torch.ones(2, 3, 4), torch.ones(5, 3))
    assert difference(expected, got, names) == (
        "at place 1 (counted from 0): expected the shape [n_query, n_key] = [3, 5], got [5, 3]."
    )
    assert "the shape […, n_query, d_value] = [2, 3, 4]" in difference(
        expected, (torch.ones(3), got[1]), names
    )


def test_a_reference_that_nobody_can_compare_is_the_authors_mistake():
    with pytest.raises(TypeError, match="a reference returned a object"):
        difference(object(), 1)
