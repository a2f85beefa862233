"""Fourier mixing against its definition, and what it does to sizes, padding and the future."""

import math

import pytest
import torch

from course_utils.mixers import Attention, FourierMixing, HartleyMixing, LinearMixing, RandomMixing
from course_utils.models import LanguageModel

SIZES = [(1, 1), (1, 6), (5, 1), (4, 6), (7, 5), (8, 8), (33, 12)]


def waves(size: int) -> tuple[torch.Tensor, torch.Tensor]:
    """Cosines and sines [size, size]: row j is the wave that turns j times over the places."""
    turns = torch.outer(torch.arange(size), torch.arange(size)).double() / size
    return (2 * torch.pi * turns).cos(), (2 * torch.pi * turns).sin()


@pytest.mark.parametrize(("n", "d_model"), SIZES)
def test_it_is_the_real_part_of_both_transforms(n, d_model):
    x = torch.randn(3, n, d_model, dtype=torch.float64)
    (cos_n, sin_n), (cos_d, sin_d) = waves(n), waves(d_model)
    over_tokens, over_hidden = torch.complex(cos_n, -sin_n), torch.complex(cos_d, -sin_d)
    by_matrices = over_tokens @ x.to(torch.complex128) @ over_hidden
    mixed = FourierMixing()(x)
    torch.testing.assert_close(mixed, by_matrices.real)
    torch.testing.assert_close(mixed, cos_n @ x @ cos_d - sin_n @ x @ sin_d)
    torch.testing.assert_close(HartleyMixing()(x), by_matrices.real - by_matrices.imag)


def test_outputs_are_larger_by_the_root_of_half_of_all_numbers():
    n, d_model = 128, 96
    x = torch.randn(64, n, d_model)
    grown = FourierMixing()(x).std() / x.std()
    assert grown.item() == pytest.approx(math.sqrt(n * d_model / 2), rel=0.02)


@pytest.mark.parametrize(("n", "d_model"), SIZES)
def test_the_real_part_loses_half_and_hartley_nothing(n, d_model):
    every = torch.eye(n * d_model, dtype=torch.float64).view(-1, n, d_model)
    own = (2 if n % 2 == 0 else 1) * (2 if d_model % 2 == 0 else 1)  # waves that are real
    rank = torch.linalg.matrix_rank(FourierMixing()(every).flatten(1))
    assert rank == (n * d_model + own) // 2
    x = torch.randn(2, n, d_model, dtype=torch.float64)
    twice = HartleyMixing()(HartleyMixing()(x))
    torch.testing.assert_close(twice, n * d_model * x)


@pytest.mark.parametrize("mixer", [FourierMixing(), HartleyMixing()])
@pytest.mark.parametrize("dtype", [torch.float16, torch.bfloat16])
def test_half_precision_is_computed_in_single(mixer, dtype):
    x = torch.randn(2, 6, 4).to(dtype)
    assert mixer(x).dtype == dtype
    assert torch.equal(mixer(x), mixer(x.float()).to(dtype))


def test_padding_is_silence_but_its_length_is_heard():
    """The same sentence in a longer table is another mixture: so it is with the published code."""
    x, mixer = torch.randn(1, 5, 4), FourierMixing()
    longer = torch.cat([x, torch.randn(1, 3, 4)], dim=1)
    real = torch.arange(8)[None] < 5
    silent = torch.cat([x, torch.zeros(1, 3, 4)], dim=1)
    torch.testing.assert_close(mixer(longer, real), mixer(silent))
    apart = (mixer(longer, real)[:, :5] - mixer(x)).abs().max()
    assert apart > 0.5


@pytest.mark.parametrize(
    "make",
    [
        lambda **options: FourierMixing(**options),
        lambda **options: HartleyMixing(**options),
        lambda **options: LinearMixing(8, 4, **options),
        lambda **options: RandomMixing(8, 4, seed=0, **options),
    ],
)
def test_none_of_them_hides_the_future_or_can_go_on(make):
    with pytest.raises(ValueError, match="cannot be causal: every output is made of all tokens"):
        make(causal=True)
    with pytest.raises(ValueError, match="has no cache: a further token changes every output"):
        make().new_cache()
    with pytest.raises(ValueError, match="sees the tokens that the model is asked to predict"):
        LanguageModel(9, lambda layer: make(), d_model=4, n_layers=1, d_ff=8)
    x = torch.randn(1, 8, 4)
    other = x.clone()
    other[:, -1] += 1
    assert not torch.allclose(make()(x)[:, 0], make()(other)[:, 0])  # this is the leak


def test_linear_mixing_is_two_products_and_learns_both_tables():
    mixer = LinearMixing(6, 4)
    x = torch.randn(2, 6, 4)
    expected = torch.einsum("jn,bnk,kd->bjd", mixer.over_tokens, x, mixer.over_hidden)
    torch.testing.assert_close(mixer(x), expected)
    mixer(x).square().sum().backward()
    assert [name for name, p in mixer.named_parameters() if p.grad.abs().sum() > 0] == [
        "over_tokens", "over_hidden",
    ]  # fmt: skip
    assert sum(p.numel() for p in LinearMixing(512, 64).parameters()) == 512**2 + 64**2


def test_random_mixing_is_fixed_by_its_seed_and_keeps_the_size():
    one, same, other = (RandomMixing(64, 32, seed=seed) for seed in (0, 0, 1))
    x = torch.randn(8, 64, 32)
    assert torch.equal(one(x), same(x)) and not torch.allclose(one(x), other(x))
    assert not list(one.parameters()) and len(one.state_dict()) == 2
    assert (one(x).std() / x.std()).item() == pytest.approx(1, abs=0.2)


@pytest.mark.parametrize("make", [LinearMixing, lambda n, d: RandomMixing(n, d, seed=0)])
def test_a_text_longer_than_the_table_is_named(make):
    mixer = make(6, 4)
    assert mixer(torch.randn(1, 3, 4)).shape == (1, 3, 4)
    with pytest.raises(ValueError, match="a table for 6 tokens, got 7. Make it with n=7"):
        mixer(torch.randn(1, 7, 4))
    with pytest.raises(ValueError, match=r"d_model=4\], got \[1, 3, 5\]"):
        mixer(torch.randn(1, 3, 5))
    with pytest.raises(ValueError, match="n is a number of 1 or more, got 0"):
        make(0, 4)


def test_how_it_mixes_does_not_depend_on_what_is_said():
    """A fixed table, where attention's depends on the text: sums go through, for attention not."""
    one, other = torch.randn(2, 1, 6, 4)
    for mixer in (FourierMixing(), HartleyMixing(), LinearMixing(6, 4), RandomMixing(6, 4, seed=0)):
        torch.testing.assert_close(mixer(one + other), mixer(one) + mixer(other))
    attention = Attention(4, 2)
    assert not torch.allclose(attention(one + other), attention(one) + attention(other), atol=1e-3)
