"""Attention with persistent vectors against its formula, and feed-forward layers as memories."""

import math
from functools import partial

import pytest
import torch
import torch.nn.functional as F
from torch import Tensor, nn

from course_utils.blocks import Block, FeedForward
from course_utils.decoding import generate
from course_utils.mixers import (
    Attention,
    PersistentAttention,
    capture_attention,
    feed_forward_as_memory,
    memory_as_feed_forward,
    recall,
)
from course_utils.models import LanguageModel
from course_utils.positions import LearnedPositions, Rotary

D_MODEL, N_HEADS, N_PERSISTENT, N = 12, 3, 5, 7
D_HEAD = D_MODEL // N_HEADS
PADDING = torch.arange(N) < torch.tensor([[N], [4], [0]])  # whole, padded, nothing but padding


def layer(*, rotary: bool = False, **options) -> PersistentAttention:
    turns = Rotary(D_HEAD) if rotary else None
    return PersistentAttention(D_MODEL, N_HEADS, N_PERSISTENT, rotary=turns, **options)


def by_hand(memory: PersistentAttention, x: Tensor, mask: Tensor | None) -> tuple[Tensor, Tensor]:
    """Outputs and weights, one query and head at a time, as the paper writes them down."""
    batch, n, _ = x.shape
    weights = torch.zeros(batch, N_HEADS, n, N_PERSISTENT + n)
    mixed = torch.zeros(batch, n, N_HEADS, D_HEAD)
    value_scale = math.sqrt(N_PERSISTENT)
    for text, head, place in torch.cartesian_prod(*map(torch.arange, (batch, N_HEADS, n))):
        own = slice(head * D_HEAD, (head + 1) * D_HEAD)
        query, keys, values = (
            x[text] @ linear.weight[own].T for linear in (memory.query, memory.key, memory.value)
        )
        if memory.rotary is None:
            of_tokens = keys @ query[place]
        else:
            of_tokens = memory.rotary(keys) @ memory.rotary(query)[place]
        of_vectors = math.sqrt(D_HEAD) * memory.persistent_key[head] @ query[place]
        scores = torch.cat([of_vectors, of_tokens]) / math.sqrt(D_HEAD)
        hidden = torch.zeros(n, dtype=torch.bool) if mask is None else ~mask[text]
        if memory.causal:
            hidden = hidden | (torch.arange(n) > place)
        scores[N_PERSISTENT:][hidden] = -torch.inf
        shares = scores.softmax(dim=0)
        weights[text, head, place] = shares
        everything = torch.cat([value_scale * memory.persistent_value[head], values])
        mixed[text, place, head] = shares @ everything
    return mixed.flatten(2) @ memory.out.weight.T, weights


@pytest.mark.parametrize("rotary", [False, True])
@pytest.mark.parametrize("padded", [False, True])
@pytest.mark.parametrize("causal", [False, True])
@pytest.mark.parametrize("init", ["paper", "quiet"])
def test_it_is_the_papers_formula(init, causal, padded, rotary):
    memory, x = layer(init=init, causal=causal, rotary=rotary), torch.randn(3, N, D_MODEL)
    mask = PADDING if padded else None
    output, weights = by_hand(memory, x, mask)
    torch.testing.assert_close(memory(x, mask), output, atol=1e-5, rtol=1e-5)
    torch.testing.assert_close(memory.weights(x, mask), weights, atol=1e-5, rtol=1e-5)


def test_it_is_one_fused_call(monkeypatch):
    calls = []
    fused = F.scaled_dot_product_attention

    def watched(query, key, value, **options):
        calls.append((query.shape, key.shape, value.shape))
        return fused(query, key, value, **options)

    monkeypatch.setattr(F, "scaled_dot_product_attention", watched)
    layer(causal=True)(torch.randn(2, N, D_MODEL), PADDING[:2])
    every = (2, N_HEADS, N_PERSISTENT + N, D_HEAD)
    assert calls == [((2, N_HEADS, N, D_HEAD), every, every)]


def weights_of(module: nn.Module) -> int:
    """Its matrices and vectors that are multiplied with: no biases, no norms."""
    found = [
        p for name, p in module.named_parameters() if "bias" not in name and "norm" not in name
    ]
    return sum(p.numel() for p in found)


@pytest.mark.parametrize(("d_model", "n_heads", "d_ff"), [(12, 3, 48), (128, 4, 512), (64, 1, 10)])
def test_as_many_vectors_as_hidden_numbers_are_as_many_weights(d_model, n_heads, d_ff):
    two = Block(d_model, Attention(d_model, n_heads), FeedForward(d_model, d_ff))
    one = Block(d_model, PersistentAttention(d_model, n_heads, d_ff), ffn=None)
    vectors = one.mixer.persistent_key.numel() + one.mixer.persistent_value.numel()
    assert vectors == weights_of(two.ffn) == 2 * d_model * d_ff
    assert weights_of(one) == weights_of(two) == 4 * d_model**2 + 2 * d_model * d_ff
    assert not [name for name, _ in one.mixer.named_parameters() if "bias" in name]


@pytest.mark.parametrize(
    ("init", "used", "stored"), [("paper", 1, 1 / 16), ("quiet", 0.02, 0.02 / 16)]
)
def test_how_the_vectors_begin(init, used, stored):
    memory = PersistentAttention(64, 4, 256, init=init)
    (key, value), x = memory._persistent(torch.zeros(1, 1, 64)), torch.randn(2, 64, 64)
    near = partial(pytest.approx, rel=0.05)
    assert memory.persistent_key.std().item() == near(1 / 4) and key.std().item() == near(1)
    assert memory.persistent_value.std().item() == near(used / 16)
    assert value.std().item() == near(used)
    # 256 vectors and 64 tokens: four fifths of the attention, and how loud it is depends on init.
    mass = memory.weights(x)[..., :256].sum(-1).mean()
    assert mass.item() == pytest.approx(0.8, abs=0.02)


def test_each_head_has_vectors_of_its_own():
    memory, x = layer(), torch.randn(2, N, D_MODEL)
    before = memory.weights(x)
    with torch.no_grad():
        memory.persistent_key[1] += 1.0
    changed = (memory.weights(x) - before).abs().amax(dim=(0, 2, 3))
    assert changed[1] > 0.01 and changed[0] == changed[2] == 0


def test_the_vectors_are_heard_where_nobody_else_is():
    memory, x = layer(causal=True), torch.randn(3, N, D_MODEL)
    weights = memory.weights(x, PADDING)
    torch.testing.assert_close(weights.sum(-1), torch.ones(3, N_HEADS, N))
    torch.testing.assert_close(weights[2, ..., :N_PERSISTENT].sum(-1), torch.ones(N_HEADS, N))
    assert (weights[..., :N_PERSISTENT] > 0).all(), "neither padding nor the future hides them"


def test_a_query_finds_the_same_in_the_vectors_wherever_it_stands():
    """The same words further right in a text: with turned queries the vectors would hear where."""
    memory = layer(rotary=True)
    words, before = torch.randn(1, 4, D_MODEL), torch.randn(1, 3, D_MODEL)
    late = torch.cat([before, words], dim=1)
    real = torch.arange(7)[None] >= 3
    torch.testing.assert_close(memory(words), memory(late, real)[:, 3:], atol=1e-5, rtol=1e-5)
    backwards = memory(words.flip(1)).flip(1)
    assert not torch.allclose(backwards, memory(words), atol=1e-3), "the tokens do stand somewhere"


@pytest.mark.parametrize("rotary", [False, True])
def test_a_model_of_such_layers_writes_with_a_cache_what_it_writes_without(rotary):
    model = LanguageModel(
        11,
        lambda _: layer(rotary=rotary, causal=True),
        positions=None if rotary else LearnedPositions(30, D_MODEL),
        d_model=D_MODEL,
        n_layers=2,
        d_ff=None,
    )
    prompt = torch.randint(11, (2, 3))
    cached = generate(model, prompt, 20)
    assert torch.equal(cached, generate(model, prompt, 20, use_cache=False))
    assert all(block.ffn is None and block.ffn_norm is None for block in model.encoder.blocks)


def test_a_cache_begins_with_the_vectors_and_has_them_once():
    memory, x = layer(causal=True), torch.randn(2, N, D_MODEL)
    cache = memory.new_cache()
    for place in range(N):
        memory(x[:, place : place + 1], cache=cache)
        assert cache.n == N_PERSISTENT + place + 1
    first = cache.key[:, :, :N_PERSISTENT]
    expected = memory.persistent_key * math.sqrt(D_HEAD)
    torch.testing.assert_close(first, expected.expand(2, -1, -1, -1))


def test_capture_shows_the_vectors_first_and_a_cached_step_as_a_row_of_the_whole():
    memory, x = layer(causal=True, rotary=True), torch.randn(2, N, D_MODEL)
    cache = memory.new_cache()
    whole = memory.weights(x)
    with capture_attention(memory) as maps:
        for place in range(N):
            memory(x[:, place : place + 1], cache=cache)
            row = whole[:, :, place : place + 1, : N_PERSISTENT + place + 1]
            torch.testing.assert_close(maps[0], row, atol=1e-5, rtol=1e-5)


def test_without_vectors_it_is_attention():
    memory = PersistentAttention(D_MODEL, N_HEADS, 0, causal=True)
    attention = Attention(D_MODEL, N_HEADS, causal=True)
    for name in ("query", "key", "value", "out"):
        getattr(attention, name).weight = getattr(memory, name).weight
        nn.init.zeros_(getattr(attention, name).bias)
    x, cache = torch.randn(3, N, D_MODEL), memory.new_cache()
    torch.testing.assert_close(memory(x, PADDING), attention(x, PADDING), atol=1e-5, rtol=1e-5)
    parts = [memory(x[:, :4], cache=cache), memory(x[:, 4:], cache=cache)]
    torch.testing.assert_close(torch.cat(parts, dim=1), attention(x), atol=1e-5, rtol=1e-5)


def test_dropout_acts_on_vectors_and_tokens_and_in_training_only():
    memory, x = layer(dropout=0.5), torch.randn(3, N, D_MODEL)
    nobody = torch.zeros(3, N, dtype=torch.bool)  # leaves the vectors
    for mask in (None, nobody):
        assert not torch.equal(memory(x, mask), memory(x, mask))
    memory.eval()
    torch.testing.assert_close(memory(x), memory(x), atol=0, rtol=0)


def test_mixed_precision_trains_the_vectors():
    memory = layer(causal=True, rotary=True)
    with torch.autocast("cpu", torch.bfloat16):
        output = memory(torch.randn(2, N, D_MODEL))
    output.float().square().sum().backward()
    for vectors in (memory.persistent_key, memory.persistent_value):
        assert vectors.grad.isfinite().all() and (vectors.grad.abs().amax(dim=(1, 2)) > 0).all()


@pytest.mark.parametrize(
    ("wrong", "message"),
    [
        (lambda: PersistentAttention(10, 3, 4), "d_model=10 cannot be cut"),
        (lambda: PersistentAttention(8, 2, -1), "n_persistent is a number of 0 or more, got -1"),
        (lambda: PersistentAttention(8, 2, 4, dropout=1.5), "dropout is a share .*got 1.5"),
        (lambda: PersistentAttention(8, 2, 4, init="loud"), '"paper" or "quiet", got \'loud\''),
        (lambda: layer().new_cache(), "a cache is for causal=True"),
        (
            lambda: layer()(torch.zeros(1, 2, D_MODEL), cache=layer(causal=True).new_cache()),
            "a cache is for causal=True",
        ),
        (lambda: layer()(torch.zeros(1, 2, 9)), r"PersistentAttention .*d_model=12\], got"),
        (
            lambda: layer()(torch.zeros(1, 2, D_MODEL), torch.ones(1, 7) > 0),
            r"\[1, 2\], got \[1, 7\]",
        ),
    ],
)
def test_bad_arguments_are_named(plain_shapes, wrong, message):
    with pytest.raises(ValueError, match=message):
        wrong()


# ---- a feed-forward layer, seen as attention -----------------------------------------------------


def unbiased(activation=F.relu) -> FeedForward:
    ffn = FeedForward(D_MODEL, 30, activation=activation)
    nn.init.zeros_(ffn.widen.bias)
    nn.init.zeros_(ffn.narrow.bias)
    return ffn


@pytest.mark.parametrize("activation", [F.relu, F.gelu])
def test_a_feed_forward_layer_is_attention_over_fixed_keys_and_values(activation):
    ffn, x = unbiased(activation), torch.randn(3, N, D_MODEL)
    keys, values = feed_forward_as_memory(ffn.widen, ffn.narrow)
    assert keys.shape == values.shape == (30, D_MODEL)
    expected = ffn(x)
    torch.testing.assert_close(recall(x, keys, values, activation), expected)
    one_by_one = sum(
        activation(x @ key)[..., None] * value for key, value in zip(keys, values, strict=True)
    )
    torch.testing.assert_close(one_by_one, expected, atol=1e-5, rtol=1e-5)


def test_a_memory_is_a_feed_forward_layer():
    keys, values = torch.randn(2, 30, D_MODEL, dtype=torch.float64)
    x = torch.randn(3, N, D_MODEL, dtype=torch.float64)
    ffn = unbiased()
    ffn.widen, ffn.narrow = memory_as_feed_forward(keys, values)
    torch.testing.assert_close(ffn(x), recall(x, keys, values))
    for found, given in zip(
        feed_forward_as_memory(ffn.widen, ffn.narrow), (keys, values), strict=True
    ):
        assert torch.equal(found, given)
    ffn.widen.weight.data.zero_()
    assert keys.any(), "the layers have copies"


def test_with_a_softmax_it_is_the_persistent_half_of_the_layer():
    """One head that passes everything on, and a text of padding: what is left is `recall`."""
    memory = PersistentAttention(D_MODEL, 1, N_PERSISTENT)
    for linear in (memory.query, memory.out):
        nn.init.eye_(linear.weight)
    x, nobody = torch.randn(2, N, D_MODEL), torch.zeros(2, N, dtype=torch.bool)
    keys = memory.persistent_key[0]  # scaled by √d_head, and divided by it in the softmax
    values = memory.persistent_value[0] * math.sqrt(N_PERSISTENT)
    expected = recall(x, keys, values, partial(torch.softmax, dim=-1))
    torch.testing.assert_close(memory(x, nobody), expected, atol=1e-5, rtol=1e-5)


@pytest.mark.parametrize("which", ["widen", "narrow"])
def test_a_bias_is_nothing_that_attention_has(which):
    ffn = unbiased()
    nn.init.constant_(getattr(ffn, which).bias, -0.5)
    with pytest.raises(ValueError, match=f"{which} has a bias, of 0.5 at most"):
        feed_forward_as_memory(ffn.widen, ffn.narrow)
