"""The course's attention against torch's own, and where it must not break."""

import pytest
import torch
import torch.nn.functional as F
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
def test_gradients_are_right(causal):
    attention = Attention(6, 2, causal=causal).double()
    x = torch.randn(2, 4, 6, dtype=torch.float64, requires_grad=True)
    real = torch.tensor([[True] * 4, [True, True, False, False]])
    assert torch.autograd.gradcheck(lambda x: attention(x, real), x)
    assert torch.autograd.gradcheck(lambda x: attention.weights(x, real), x)


def test_a_row_of_padding_alone_gives_no_nan_forward_or_backward(x):
    nobody = torch.zeros(4, 7, dtype=torch.bool)
    x.requires_grad_()
    attention = Attention(D_MODEL, N_HEADS)
    output = attention(x, nobody)
    output.sum().backward()
    assert output.isfinite().all() and x.grad.isfinite().all()
    assert (attention.weights(x, nobody) == 0).all()
    torch.testing.assert_close(output, attention.out.bias.expand_as(output))


def test_padding_cannot_be_heard(x, mask):
    attention = Attention(D_MODEL, N_HEADS)
    louder = torch.where(mask[..., None], x, x + 100.0)
    torch.testing.assert_close(attention(x, mask)[mask], attention(louder, mask)[mask])


def test_causal_attention_never_hears_the_future(x, mask):
    attention = Attention(D_MODEL, N_HEADS, causal=True)
    changed = x.clone()
    changed[:, 4:] += 1.0
    for used in (None, mask):
        before, after = attention(x, used), attention(changed, used)
        torch.testing.assert_close(before[:, :4], after[:, :4])
    assert not torch.allclose(attention(x)[:, 4:], attention(changed)[:, 4:])


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


def test_a_mask_of_numbers_is_refused(plain_shapes, x):
    with pytest.raises(TypeError, match="boolean.*float32"):
        Attention(D_MODEL, N_HEADS)(x, torch.ones(4, 7))


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
