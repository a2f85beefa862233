"""Positions: the 2017 table by its formula, rotations by complex numbers, and what both are for."""

import copy
import math

import pytest
import torch
from torch._subclasses.fake_tensor import FakeTensorMode

from course_utils.positions import LearnedPositions, Rotary, SinusoidalPositions, sinusoidal


def by_the_formula(n: int, d_model: int) -> list[list[float]]:
    """Vaswani et al. 2017, section 3.5, number by number."""
    table = []
    for position in range(n):
        row = []
        for i in range(d_model // 2):
            angle = position / 10_000 ** (2 * i / d_model)
            row += [math.sin(angle), math.cos(angle)]
        table.append(row)
    return table


def turned_as_complex(x: torch.Tensor, base: float = 10_000.0) -> torch.Tensor:
    """Su et al. 2021: each pair is a complex number, times e^(i · position · frequency)."""
    n, d = x.shape[-2:]
    frequencies = torch.tensor([base ** (-2 * i / d) for i in range(d // 2)], dtype=torch.float64)
    turns = torch.exp(1j * torch.arange(n, dtype=torch.float64)[:, None] * frequencies)
    pairs = torch.view_as_complex(x.double().reshape(*x.shape[:-1], d // 2, 2))
    return torch.view_as_real(pairs * turns).flatten(-2).to(x.dtype)


# Sinusoidal


@pytest.mark.parametrize(("n", "d_model"), [(1, 2), (4, 6), (50, 16), (3_000, 8)])
def test_the_table_is_the_papers(n, d_model):
    expected = torch.tensor(by_the_formula(n, d_model))
    torch.testing.assert_close(sinusoidal(n, d_model), expected, atol=1e-6, rtol=0)


def test_far_out_it_is_still_right():
    """A float32 angle of a million radians would be off in the second digit."""
    row = sinusoidal(1_000_001, 2)[-1]
    expected = torch.tensor([math.sin(1e6), math.cos(1e6)])
    torch.testing.assert_close(row, expected, atol=1e-6, rtol=0)


def test_dot_products_depend_on_the_distance_alone():
    table = sinusoidal(120, 32).double()
    products = table @ table.T
    for distance in (0, 1, 7, 50):
        along = products.diagonal(distance)
        torch.testing.assert_close(along, along[:1].expand_as(along), atol=1e-5, rtol=0)
    assert products[0, 0] > products[0, 1] > products[0, 7]
    torch.testing.assert_close(products[0, 0].item(), 16.0)  # sin² + cos² = 1, sixteen times


def test_the_table_is_added_to_any_text_of_any_length():
    positions, x = SinusoidalPositions(6), torch.randn(2, 5, 6)
    torch.testing.assert_close(positions(x), x + torch.tensor(by_the_formula(5, 6)))
    longer = torch.zeros(1, 40, 6)
    torch.testing.assert_close(positions(longer)[0], torch.tensor(by_the_formula(40, 6)))
    torch.testing.assert_close(positions(x), x + torch.tensor(by_the_formula(5, 6)))
    assert not list(positions.parameters()) and not positions.state_dict()


# Rotary


def test_turning_is_a_product_of_complex_numbers():
    x = torch.randn(2, 3, 11, 8)
    torch.testing.assert_close(Rotary(8)(x), turned_as_complex(x))
    torch.testing.assert_close(Rotary(8, base=100.0)(x), turned_as_complex(x, base=100.0))


def test_the_score_of_a_turned_query_and_key_depends_on_their_distance_alone():
    query, key = torch.randn(16, dtype=torch.float64), torch.randn(16, dtype=torch.float64)
    rotary = Rotary(16)
    queries, keys = rotary(query.expand(60, 16)), rotary(key.expand(60, 16))
    scores = queries @ keys.T
    for distance in (-40, -3, 0, 1, 25):
        along = scores.diagonal(distance)
        torch.testing.assert_close(along, along[:1].expand_as(along))
    torch.testing.assert_close(scores[5, 5], query @ key)
    assert (scores[0, 1:] - scores[0, 0]).abs().min() > 1e-4  # and it does depend on it


def test_turning_keeps_lengths_and_leaves_the_first_token_alone():
    x = torch.randn(4, 200, 10)
    turned = Rotary(10)(x)
    torch.testing.assert_close(turned.norm(dim=-1), x.norm(dim=-1))
    torch.testing.assert_close(turned[:, 0], x[:, 0])
    assert not torch.allclose(turned[:, 1], x[:, 1], atol=1e-2)


# Learned


def test_learned_positions_end_where_they_were_made_to():
    positions = LearnedPositions(5, 6)
    x = torch.zeros(2, 5, 6)
    torch.testing.assert_close(positions(x)[1], positions.table.weight)
    with pytest.raises(ValueError, match="knows 5 positions, the text has 6 tokens.*max_n"):
        positions(torch.zeros(1, 6, 6))


def test_learned_positions_start_small():
    """0.02, as in BERT and GPT-2: torch's own embeddings start fifty times as large."""
    assert LearnedPositions(500, 64).table.weight.std().item() == pytest.approx(0.02, rel=0.03)


def test_learned_positions_learn():
    positions = LearnedPositions(5, 6)
    positions(torch.zeros(2, 3, 6)).sum().backward()
    rows = positions.table.weight.grad.sum(-1)
    assert rows.tolist() == [12.0, 12.0, 12.0, 0.0, 0.0]


# All of them


KINDS = {
    "sinusoidal": SinusoidalPositions(6),
    "learned": LearnedPositions(9, 6),
    "rotary": Rotary(6),
}
every_kind = pytest.mark.parametrize("positions", KINDS.values(), ids=KINDS)


def without_rows(positions):
    """A copy that has worked nothing out yet."""
    fresh = copy.deepcopy(positions).float()
    if hasattr(fresh, "_rows"):
        fresh._rows.known = None
    return fresh


@every_kind
def test_gradients(positions):
    x = torch.randn(2, 4, 6, dtype=torch.float64, requires_grad=True)
    assert torch.autograd.gradcheck(positions.double(), (x,))


@every_kind
def test_a_text_in_parts_gets_the_places_of_the_whole(positions):
    positions, x = positions.double(), torch.randn(2, 9, 6, dtype=torch.float64)
    parts = [
        positions(x[:, :4]),
        positions(x[:, 4:5], start=4),
        positions(x[:, 5:], start=5),
    ]
    torch.testing.assert_close(torch.cat(parts, dim=1), positions(x))


@every_kind
@pytest.mark.parametrize("dtype", [torch.float16, torch.float32, torch.float64])
def test_the_dtype_stays(positions, dtype):
    x = torch.randn(1, 3, 6, dtype=dtype)
    assert positions.to(dtype)(x).dtype == dtype


@every_kind
@pytest.mark.filterwarnings("ignore")
def test_an_export_leaves_nothing_behind(positions):
    """What was worked out for the model that is written down is no table of numbers."""
    fresh, x = without_rows(positions), torch.randn(1, 4, 6)
    exported = torch.export.export(fresh, (x,)).module()
    for places in (fresh, exported):
        assert type(places(x)) is torch.Tensor
        torch.testing.assert_close(places(x), positions.float()(x))


@every_kind
def test_what_stands_for_a_tensor_is_not_kept(positions):
    fresh, x = without_rows(positions), torch.randn(1, 4, 6)
    with FakeTensorMode(allow_non_fake_inputs=True) as mode:
        fresh(mode.from_tensor(x))
    assert type(fresh(x)) is torch.Tensor


@every_kind
def test_order_can_be_seen(positions):
    """The same token at two places is not the same any more: what positions are for."""
    placed = positions.float()(torch.ones(1, 9, 6))
    gaps = torch.cdist(placed[0], placed[0]) + torch.eye(9) * 9
    assert gaps.min() > 1e-3


@pytest.mark.parametrize("make", [SinusoidalPositions, Rotary, lambda d: sinusoidal(4, d)])
@pytest.mark.parametrize("d", [7, 1, 0])
def test_odd_widths_have_no_pairs(make, d):
    with pytest.raises(ValueError, match=f"even, got {d}"):
        make(d)


def test_wrong_widths_are_named(plain_shapes):
    with pytest.raises(ValueError, match=r"SinusoidalPositions .*d_model=6.*got \[2, 3, 8\]"):
        SinusoidalPositions(6)(torch.zeros(2, 3, 8))
    with pytest.raises(ValueError, match=r"LearnedPositions .*d_model=6.*got \[3, 6\].*x\[None\]"):
        LearnedPositions(4, 6)(torch.zeros(3, 6))
    with pytest.raises(ValueError, match="turns vectors of 6 numbers, got 8"):
        Rotary(6)(torch.zeros(2, 3, 8))
