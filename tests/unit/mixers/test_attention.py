"""The course's attention against torch's own, and where it must not break."""

import pytest
import torch
import torch.nn.functional as F
from torch import nn
from torch_twins import D_MODEL, N_HEADS, attention_like, torch_attention

from course_utils.mixers import Attention, NoMixing, capture_attention, dot_product_attention
from course_utils.models import Encoder
from course_utils.positions import Rotary


@pytest.fixture
def x():
    return torch.randn(4, 7, D_MODEL)


@pytest.fixture
def mask():
    return torch.arange(7) < torch.tensor([7, 5, 3, 1])[:, None]


@pytest.mark.parametrize("padded", [False, True])
@pytest.mark.parametrize("causal", [False, True])
def test_equals_torch_multihead_attention(x, mask, padded, causal):
    theirs = torch_attention()
    ours = attention_like(theirs, causal=causal)
    future = torch.ones(7, 7, dtype=torch.bool).triu(1) if causal else None
    expected, weights = theirs(
        x,
        x,
        x,
        key_padding_mask=~mask if padded else None,
        attn_mask=future,
        average_attn_weights=False,
    )
    used = mask if padded else None
    torch.testing.assert_close(ours(x, used), expected, atol=1e-5, rtol=1e-5)
    torch.testing.assert_close(ours.weights(x, used), weights, atol=1e-5, rtol=1e-5)


def test_equals_torch_cross_attention(x):
    context = torch.randn(4, 5, D_MODEL)
    real = torch.arange(5) < torch.tensor([5, 4, 2, 1])[:, None]
    theirs = torch_attention()
    expected, _ = theirs(x, context, context, key_padding_mask=~real)
    ours = attention_like(theirs)(x, real, context=context)
    torch.testing.assert_close(ours, expected, atol=1e-5, rtol=1e-5)


@pytest.mark.parametrize("causal", [False, True])
def test_gradients_of_the_weights_are_right(causal):
    attention = Attention(6, 2, causal=causal).double()
    x = torch.randn(2, 4, 6, dtype=torch.float64, requires_grad=True)
    real = torch.tensor([[True] * 4, [True, True, False, False]])
    assert torch.autograd.gradcheck(lambda x: attention.weights(x, real), x)


def test_who_may_look_at_nobody_gets_weights_of_zero_and_the_bias_alone(x):
    nobody = torch.zeros(4, 7, dtype=torch.bool)
    attention = Attention(D_MODEL, N_HEADS)
    output = attention(x, nobody)
    assert (attention.weights(x, nobody) == 0).all()
    torch.testing.assert_close(output, attention.out.bias.expand_as(output))


@pytest.mark.parametrize("size", [45.0, 300.0])
@pytest.mark.parametrize("dtype", [torch.float16, torch.bfloat16])
def test_in_half_precision_the_weights_shown_are_those_used(dtype, size):
    """A score of 45 · 45 · 64 is more than a float16 can be; that of 300 is so when scaled, too."""
    attention = Attention(64, 1)
    for linear in (attention.query, attention.key, attention.value, attention.out):
        nn.init.eye_(linear.weight)
        nn.init.zeros_(linear.bias)
    attention.to(dtype)
    x = torch.full((1, 3, 64), size, dtype=dtype)
    x[:, 1] = -size  # looks at itself alone; the other two look at each other
    seen = torch.tensor([[0.5, 0.0, 0.5], [0.0, 1.0, 0.0], [0.5, 0.0, 0.5]], dtype=dtype)
    with capture_attention(attention) as maps:
        output = attention(x)
    for weights in (attention.weights(x), maps[0]):
        assert torch.equal(weights[0, 0], seen)
    torch.testing.assert_close(output, seen @ x)


def test_a_score_beyond_half_precision_is_no_trouble_under_autocast():
    attention = Attention(64, 1)
    for linear in (attention.query, attention.key):
        nn.init.eye_(linear.weight)
    with torch.autocast("cpu", torch.float16):
        assert attention.weights(torch.full((1, 3, 64), 45.0)).isfinite().all()


def test_readable_version_equals_sdpa(x):
    query, key, value = torch.randn(2, 3, 5, 8), torch.randn(2, 3, 6, 8), torch.randn(2, 3, 6, 4)
    may_look = torch.rand(2, 1, 5, 6) > 0.4
    may_look[..., 0] = True
    for used in (None, may_look):
        output, weights = dot_product_attention(query, key, value, used)
        expected = F.scaled_dot_product_attention(query, key, value, used)
        torch.testing.assert_close(output, expected, atol=1e-5, rtol=1e-5)
        torch.testing.assert_close(weights.sum(-1), torch.ones(2, 3, 5))


def test_dropout_acts_in_training_only(x):
    attention = Attention(D_MODEL, N_HEADS, dropout=0.5)
    assert not torch.equal(attention(x), attention(x))
    attention.eval()
    torch.testing.assert_close(attention(x), attention(x), atol=0, rtol=0)


def test_rotary_attention_depends_on_distances_only():
    """The same words further right in a text, with nothing before them, attend alike."""
    attention = Attention(D_MODEL, N_HEADS, rotary=Rotary(D_MODEL // N_HEADS))
    words, before = torch.randn(1, 4, D_MODEL), torch.randn(1, 3, D_MODEL)
    late = torch.cat([before, words], dim=1)
    real = torch.tensor([[False] * 3 + [True] * 4])
    torch.testing.assert_close(attention(words), attention(late, real)[:, 3:], atol=1e-5, rtol=1e-5)
    assert not torch.allclose(attention(words.flip(1)).flip(1), attention(words), atol=1e-3)


@pytest.mark.parametrize(
    ("wrong", "named"),
    [
        (lambda: Attention(10, 3), ["d_model=10", "n_heads=3"]),
        (lambda: Attention(10, 0), ["n_heads", "0"]),
        (lambda: Attention(8, 2)(torch.randn(2, 5, 6)), ["d_model=8", "[2, 5, 6]"]),
        (lambda: Attention(8, 2)(torch.randn(5, 8)), ["[5, 8]", "x[None]"]),
        (
            lambda: Attention(8, 2)(torch.randn(2, 5, 8), torch.ones(2, 4, dtype=torch.bool)),
            ["[2, 5]", "[2, 4]"],
        ),
        (
            lambda: Attention(8, 2, causal=True)(
                torch.randn(2, 5, 8), context=torch.randn(2, 5, 8)
            ),
            ["causal", "context"],
        ),
    ],
)
def test_errors_name_the_numbers(plain_shapes, wrong, named):
    with pytest.raises(ValueError) as error:
        wrong()
    assert all(part in str(error.value) for part in named)


def test_a_mask_of_numbers_is_refused_by_the_readable_version_too(plain_shapes, x):
    for mask in (torch.ones(7, 7), torch.ones(7, 7, dtype=torch.long)):
        with pytest.raises(TypeError, match="boolean mask"):
            dot_product_attention(x, x, x, mask)


def test_a_cache_without_causal_would_leave_something_out(plain_shapes, x):
    attention = Attention(D_MODEL, N_HEADS)
    with pytest.raises(ValueError, match="a cache is for causal=True"):
        attention(x, cache=attention.new_cache())


@pytest.mark.parametrize("rotary", [False, True])
def test_the_weights_beside_a_cache_are_those_of_the_whole_text(x, rotary):
    turn = Rotary(D_MODEL // N_HEADS) if rotary else None
    attention = Attention(D_MODEL, N_HEADS, causal=True, rotary=turn)
    cache = attention.new_cache()
    attention(x[:, :4], cache=cache)
    attention(x[:, 4:], cache=cache)
    beside = attention.weights(x[:, 4:], cache=cache)
    torch.testing.assert_close(beside, attention.weights(x)[:, :, 4:])


def test_no_gradient_goes_into_a_cache(x):
    """It is for speaking: what it keeps must not hold on to the graphs of all steps before."""
    attention = Attention(D_MODEL, N_HEADS, causal=True)
    cache = attention.new_cache()
    for part in x.requires_grad_().split(3, dim=1):
        attention(part, cache=cache)
        assert not cache.key.requires_grad and not cache.value.requires_grad


def test_capture_sees_each_layer_and_leaves_no_trace(x, mask):
    model = Encoder(
        lambda layer: NoMixing() if layer == 1 else Attention(D_MODEL, N_HEADS),
        d_model=D_MODEL,
        n_layers=3,
        d_ff=48,
    )
    before = model(x, mask)
    with capture_attention(model) as maps:
        assert maps == [None, None]
        after = model(x, mask)
    torch.testing.assert_close(before, after, atol=0, rtol=0)
    assert [tuple(layer.shape) for layer in maps] == [(4, N_HEADS, 7, 7)] * 2
    first = model.blocks[0]
    torch.testing.assert_close(maps[0], first.mixer.weights(first.mixer_norm(x), mask))
    kept = maps[0].clone()
    model(2 * x, mask)
    assert torch.equal(maps[0], kept), "outside the with, nobody watches"


def test_capture_of_a_model_without_attention_says_so():
    with pytest.raises(ValueError, match="NoMixing"), capture_attention(NoMixing()):
        pass


def test_no_mixing_is_the_identity(x, mask):
    assert NoMixing()(x, mask) is x
