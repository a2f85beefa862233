"""Sparse attention against attention under the pattern's mask: values, gradients, and no table."""

import copy
import math
import pickle

import pytest
import torch
from torch.utils._python_dispatch import TorchDispatchMode

from course_utils.decoding import generate
from course_utils.mixers import (
    Attention,
    SparseAttention,
    dot_product_attention,
)
from course_utils.mixers.sparse import flex, lists
from course_utils.mixers.sparse.attention import _with_dropout, sparse_attention
from course_utils.mixers.sparse.flex import flex_sparse_attention
from course_utils.mixers.sparse.layout import layout_of
from course_utils.mixers.sparse.lists import attention_by_lists
from course_utils.models import Encoder, LanguageModel
from course_utils.patterns import (
    Pattern,
    bigbird,
    dense,
    fixed,
    multihead,
    random,
    self_only,
    star,
    strided,
    union,
    window,
)
from course_utils.positions import Rotary

D_MODEL, N_HEADS = 16, 2

PATTERNS = {
    "dense": dense,
    "self_only": self_only,
    "window": lambda n: window(n, 3),
    "strided local": lambda n: strided(n, 7)[0],
    "strided every": lambda n: strided(n, 7)[1],
    "strided union": lambda n: union(strided(n, 7)),
    "fixed own": lambda n: fixed(n, 6)[0],
    "fixed summaries": lambda n: fixed(n, 6)[1],
    "fixed union": lambda n: union(fixed(n, 6)),
    "star": star,
    "random": lambda n: random(n, 4, seed=0),
    "random in blocks": lambda n: random(n, 8, seed=0, block=4),
    "bigbird": lambda n: bigbird(n, 1, n_random=2, n_global=1, seed=0),
    "bigbird in blocks": lambda n: bigbird(n, 1, n_random=1, n_global=1, seed=0, block=4),
    "window and others": lambda n: window(n, 2) | random(n, 3, seed=1) | strided(n, 9)[1],
    "some look at nobody": lambda n: Pattern.from_rule(
        n, lambda query, key: (query % 5 != 3) & (abs(query - key) < 3)
    ),
}


def masked(sparse: SparseAttention, x, mask, patterns: list[Pattern]) -> torch.Tensor:
    """The same by the attention of lesson 03, with the patterns' masks."""
    query, key, value = (
        linear(x).unflatten(-1, (N_HEADS, -1)).transpose(1, 2)
        for linear in (sparse.query, sparse.key, sparse.value)
    )
    allowed = torch.stack([pattern.mask() for pattern in patterns])[None]
    if sparse.causal:
        allowed = allowed.tril()
    if mask is not None:
        allowed = allowed & mask[:, None, None, :]
    mixed, _ = dot_product_attention(query, key, value, allowed)
    return sparse.out(mixed.transpose(1, 2).flatten(2))


def assert_equal_to_masked(sparse: SparseAttention, n: int, patterns: list[Pattern], padded: bool):
    torch.manual_seed(0)
    x = torch.randn(2, n, D_MODEL, requires_grad=True)
    mask = torch.arange(n) < torch.tensor([[n], [n * 2 // 3]]) if padded else None
    wanted = torch.randn(2, n, D_MODEL) / n**0.5  # gradients of weights are sums over n tokens
    found = []
    for mix in (sparse, lambda x, mask: masked(sparse, x, mask, patterns)):
        sparse.zero_grad()
        x.grad = None
        y = mix(x, mask)
        (y * wanted).sum().backward()
        gradients = [x.grad, *(weights.grad for weights in sparse.parameters())]
        found.append([y.detach(), *(gradient.clone() for gradient in gradients)])
    for ours, expected in zip(*found, strict=True):
        assert ours.isfinite().all()
        torch.testing.assert_close(ours, expected, atol=1e-5, rtol=1e-5)


@pytest.mark.parametrize("padded", [False, True])
@pytest.mark.parametrize("causal", [False, True])
@pytest.mark.parametrize("n", [9, 91, 100])
@pytest.mark.parametrize("name", PATTERNS)
def test_equals_masked_attention_by_lists(lists_for_short_texts, name, n, causal, padded):
    pattern = PATTERNS[name](n)
    sparse = SparseAttention(D_MODEL, N_HEADS, pattern, causal=causal)
    if name != "dense" and n > 9:
        assert layout_of(pattern.causal() if causal else pattern).parts
    assert_equal_to_masked(sparse, n, [pattern] * N_HEADS, padded)


@pytest.mark.parametrize("n", [1, 2, 3])
@pytest.mark.parametrize("name", PATTERNS)
def test_equals_masked_attention_for_texts_of_a_word_or_two(name, n):
    pattern = PATTERNS[name](max(n, 8) if "block" in name else max(n, 4))
    sparse = SparseAttention(D_MODEL, N_HEADS, pattern)
    assert_equal_to_masked(sparse, pattern.n, [pattern] * N_HEADS, padded=False)
    assert_equal_to_masked(SparseAttention(D_MODEL, N_HEADS, star), n, [star(n)] * N_HEADS, True)


@pytest.mark.parametrize("name", PATTERNS)
def test_equals_masked_attention_by_one_table(name):
    pattern = PATTERNS[name](24)
    sparse = SparseAttention(D_MODEL, N_HEADS, pattern)
    assert layout_of(pattern).parts == ()
    assert_equal_to_masked(sparse, 24, [pattern] * N_HEADS, padded=True)


@pytest.mark.parametrize("causal", [False, True])
@pytest.mark.parametrize("name", ["window", "strided union", "bigbird in blocks", "fixed union"])
def test_equals_masked_attention_at_the_sizes_it_is_for(name, causal):
    pattern = union(strided(3_000, 24)) if name == "strided union" else PATTERNS[name](1_030)
    sparse = SparseAttention(D_MODEL, N_HEADS, pattern, causal=causal)
    assert layout_of(pattern.causal() if causal else pattern).parts
    assert_equal_to_masked(sparse, pattern.n, [pattern] * N_HEADS, padded=True)


@pytest.mark.parametrize("causal", [False, True])
def test_each_head_may_have_its_own_pattern(lists_for_short_texts, causal):
    for patterns in (multihead(strided(30, 5), N_HEADS), [star(30), dense(30)]):
        sparse = SparseAttention(D_MODEL, N_HEADS, patterns, causal=causal)
        assert_equal_to_masked(sparse, 30, list(patterns), padded=True)


def test_heads_come_back_in_their_order(lists_for_short_texts):
    # heads 0 and 3 are computed together: 0, 3, 1, 2 is an order that is not its own inverse
    patterns = [window(20, 2), star(20), self_only(20), window(20, 2)]
    sparse = SparseAttention(D_MODEL, 4, patterns)
    x = torch.randn(1, 20, D_MODEL)
    sparse.out = torch.nn.Identity()
    for head, pattern in enumerate(patterns):
        alone = SparseAttention(D_MODEL, 4, pattern)
        alone.load_state_dict(sparse.state_dict(), strict=False)
        alone.out = torch.nn.Identity()
        ours, theirs = (mixer(x).unflatten(-1, (4, 4))[:, :, head] for mixer in (sparse, alone))
        torch.testing.assert_close(ours, theirs)


@pytest.mark.parametrize("turned", [False, True])
def test_with_all_connections_it_is_attention(turned):
    rotary = Rotary(D_MODEL // N_HEADS) if turned else None
    attention = Attention(D_MODEL, N_HEADS, rotary=rotary)
    sparse = SparseAttention(D_MODEL, N_HEADS, dense, rotary=rotary)
    sparse.load_state_dict(attention.state_dict())
    for n in (1, 7, 30):
        x = torch.randn(2, n, D_MODEL)
        torch.testing.assert_close(sparse(x), attention(x))


class LargestTensor(TorchDispatchMode):
    """How many numbers the largest tensor has that any operation makes, forward and backward."""

    def __init__(self):
        super().__init__()
        self.n = 0

    def __torch_dispatch__(self, function, types, inputs=(), named_inputs=None):
        output = function(*inputs, **(named_inputs or {}))
        for tensor in output if isinstance(output, (tuple, list)) else [output]:
            if isinstance(tensor, torch.Tensor):
                self.n = max(self.n, tensor.numel())
        return output


@pytest.mark.parametrize("causal", [False, True])
@pytest.mark.parametrize(
    "make",
    [
        lambda n: window(n, 64),
        lambda n: strided(n, 64)[0],
        lambda n: fixed(n, 64)[0],
        star,
        lambda n: random(n, 128, seed=0, block=64),
        lambda n: bigbird(n, 1, n_random=1, n_global=1, seed=0, block=64),
        lambda n: window(n, 32) | random(n, 64, seed=0, block=32),
    ],
)
def test_no_table_is_made_forward_or_backward(make, causal):
    """The largest tensor grows as n does, not as n²."""
    largest = []
    for n in (2_048, 4_096):
        sparse = SparseAttention(D_MODEL, N_HEADS, make(n), causal=causal)
        x = torch.randn(1, n, D_MODEL, requires_grad=True)
        sparse(x)  # the layout is made once, before
        with LargestTensor() as seen:
            sparse(x).sum().backward()
        largest.append(seen.n)
        assert seen.n < n * n / 4
    assert largest[1] < 2.3 * largest[0]


@pytest.mark.parametrize("causal", [False, True])
def test_one_softmax_over_several_lists_in_plain_steps_and_fused(causal):
    pattern = union(strided(2_048, 32))
    parts = layout_of(pattern.causal() if causal else pattern).parts
    assert len(parts) == 2
    torch.manual_seed(0)
    rows = [torch.randn(2_048, N_HEADS, 8, requires_grad=True) for _ in range(3)]
    wanted = torch.randn(2_048, N_HEADS, 8)
    fused = attention_by_lists(*rows, parts)
    plain = _with_dropout(*rows, parts, None, dropout=0.0)
    torch.testing.assert_close(fused, plain, atol=1e-5, rtol=1e-5)
    for ours, expected in zip(
        torch.autograd.grad(fused, rows, wanted),
        torch.autograd.grad(plain, rows, wanted),
        strict=True,
    ):
        torch.testing.assert_close(ours, expected, atol=1e-5, rtol=1e-5)


@pytest.mark.parametrize("rows_at_once", [1, 100])
def test_some_groups_at_a_time_give_the_same(lists_for_short_texts, monkeypatch, rows_at_once):
    monkeypatch.setattr(lists, "ROWS_AT_ONCE", rows_at_once)
    for pattern in (window(43, 3), union(strided(43, 7)), star(43)):
        assert layout_of(pattern).parts
        sparse = SparseAttention(D_MODEL, N_HEADS, pattern)
        assert_equal_to_masked(sparse, 43, [pattern] * N_HEADS, padded=True)


def test_strided_tokens_are_grouped_by_their_remainder():
    (lists,) = layout_of(strided(4_096, 64)[1]).parts
    assert lists.keys.shape[1] == 64  # of 4,096: what one token looks at, no more
    remainders = lists.queries % 64
    assert (remainders == remainders[:, :1]).all()


def test_the_star_s_relay_has_a_table_of_its_own():
    layout = layout_of(star(2_000))
    assert layout.busy.tolist() == [1_999] and layout.bias is None
    (lists,) = layout.parts
    assert lists.keys.shape[1] < 140


def test_a_relay_that_is_padding_tells_nobody_anything(lists_for_short_texts):
    sparse = SparseAttention(D_MODEL, N_HEADS, lambda n: star(n, 2))
    x = torch.randn(1, 40, D_MODEL)
    mask = torch.arange(40)[None] != 39
    other = x.clone()
    other[:, 39] = 100.0
    torch.testing.assert_close(sparse(x, mask)[:, :39], sparse(other, mask)[:, :39])
    y = sparse(x, torch.zeros(1, 40, dtype=torch.bool))
    torch.testing.assert_close(y, sparse.out.bias.expand_as(y))


def test_dropout_drops_in_training_and_changes_nothing_on_average(lists_for_short_texts):
    torch.manual_seed(0)
    mask = torch.arange(40)[None] < 35
    for pattern in (window(40, 3), union(strided(40, 7)), star(40)):
        assert layout_of(pattern).parts
        sparse = SparseAttention(D_MODEL, N_HEADS, pattern, dropout=0.2)
        x = torch.randn(1, 40, D_MODEL)
        with torch.no_grad():
            dropped = torch.stack([sparse(x, mask) for _ in range(800)])
            whole = sparse.eval()(x, mask)
        assert dropped.std(dim=0).max() > 0.01
        torch.testing.assert_close(dropped.mean(dim=0), whole, atol=0.03, rtol=0)


@pytest.mark.parametrize("dtype", [torch.float16, torch.bfloat16])
def test_half_precision_there_and_back(lists_for_short_texts, dtype):
    torch.manual_seed(0)
    for pattern in (window(40, 3), union(strided(40, 7)), star(40)):
        sparse = SparseAttention(D_MODEL, N_HEADS, pattern)
        x = torch.randn(1, 40, D_MODEL)
        exact = sparse(x).detach()
        y = sparse.to(dtype)(x.to(dtype))
        y.sum().backward()
        assert y.dtype == dtype and sparse.query.weight.grad.isfinite().all()
        torch.testing.assert_close(y.float(), exact, atol=0.02, rtol=0.02)
        with torch.autocast("cpu", torch.bfloat16):
            sparse.float()(x).sum().backward()


@pytest.mark.parametrize("dtype", [torch.float16, torch.bfloat16])
def test_dropout_in_half_precision_has_room_for_large_scores(dtype):
    """45 · 45 · 64 is more than a float16 can be: the plain steps of dropout add up in float32."""
    sparse = SparseAttention(64, 1, window(1_000, 4), dropout=0.1)
    for linear in (sparse.query, sparse.key, sparse.value, sparse.out):
        torch.nn.init.eye_(linear.weight)
        torch.nn.init.zeros_(linear.bias)
    x = torch.full((1, 1_000, 64), 45.0, dtype=dtype, requires_grad=True)
    y = sparse.to(dtype)(x)
    y.sum().backward()
    assert y.dtype == dtype and x.grad.isfinite().all()
    # Nine values of 45, each kept with nine chances in ten and then as much larger.
    steps = y[0, 4:-4, 0].float() * 0.9 * 9 / 45
    torch.testing.assert_close(steps, steps.round(), atol=0.1, rtol=0)
    assert 7.5 < steps.mean() < 8.7


def test_a_layer_that_is_made_causal_later_forgets_the_future(lists_for_short_texts):
    sparse, x = SparseAttention(D_MODEL, N_HEADS, window(20, 2)), torch.randn(1, 20, D_MODEL)
    sparse(x)
    sparse.causal = True
    changed = x.clone()
    changed[:, 10:] += 1.0
    torch.testing.assert_close(sparse(x)[:, :10], sparse(changed)[:, :10])


def test_masks_of_numbers_are_refused_on_every_way(plain_shapes):
    heads, mask = torch.zeros(3, 1, 1, 4, 4), torch.ones(1, 4, dtype=torch.long)
    for attend in (sparse_attention, flex_sparse_attention):
        with pytest.raises(TypeError, match="boolean mask"):
            attend(*heads, dense(4), mask)


def test_a_layout_made_in_inference_serves_training(lists_for_short_texts):
    for pattern in (star(40), window(5, 1), union(strided(40, 7))):
        sparse = SparseAttention(D_MODEL, N_HEADS, pattern)
        with torch.inference_mode():
            sparse(torch.randn(1, pattern.n, D_MODEL))
        sparse(torch.randn(1, pattern.n, D_MODEL)).sum().backward()
        assert sparse.query.weight.grad.isfinite().all()


def test_nobody_but_the_relay_looks_at_anybody(lists_for_short_texts):
    for rows in ([[]] * 40, [[]] * 39 + [range(40)]):
        pattern = Pattern.from_lists(rows)
        sparse = SparseAttention(D_MODEL, N_HEADS, pattern)
        assert_equal_to_masked(sparse, 40, [pattern] * N_HEADS, padded=True)


def test_heads_that_are_alike_once_the_future_is_hidden():
    patterns = [window(8, 2), window(8, 2).causal(), star(8), window(8, 2)]
    sparse = SparseAttention(D_MODEL, 4, patterns, causal=True)
    assert [sorted(heads) for heads in sparse._heads_by_pattern(8).values()] == [[0, 1, 3], [2]]
    assert sparse(torch.randn(1, 8, D_MODEL)).shape == (1, 8, D_MODEL)


def test_pattern_changes_from_layer_to_layer():
    pattern_of = {0: window(12, 1), 1: star(12)}
    encoder = Encoder(
        lambda layer: SparseAttention(D_MODEL, N_HEADS, pattern_of[layer]),
        d_model=D_MODEL,
        n_layers=2,
        d_ff=32,
    )
    assert [block.mixer.pattern for block in encoder.blocks] == [window(12, 1), star(12)]
    assert encoder(torch.randn(1, 12, D_MODEL)).shape == (1, 12, D_MODEL)
    x = torch.randn(1, 12, D_MODEL)
    for again in (copy.deepcopy(encoder), pickle.loads(pickle.dumps(encoder))):
        torch.testing.assert_close(again(x), encoder(x))


def test_a_function_of_n_is_asked_once_for_each_length():
    asked = []

    def pattern(n):
        asked.append(n)
        return window(n, 2)

    sparse = SparseAttention(D_MODEL, N_HEADS, pattern)
    for n in (5, 6, 5, 6, 5):
        sparse(torch.randn(1, n, D_MODEL))
    assert asked == [5, 6]


@pytest.mark.filterwarnings("ignore")
@pytest.mark.parametrize("n", [60, 128, 300])  # within one tile, just so, and over three
@pytest.mark.parametrize("padded", [False, True])
@pytest.mark.parametrize("name", ["window", "strided union", "star", "bigbird in blocks"])
def test_the_way_of_gpus_computes_the_same(name, padded, n):
    """flex_attention runs on a CPU, too, slowly: what is held here is the tiles and the mask."""
    pattern = PATTERNS[name](n)
    torch.manual_seed(0)
    query, key, value = torch.randn(3, 2, N_HEADS, n, 16)
    mask = torch.arange(n) < torch.tensor([[n], [2 * n // 3]]) if padded else None
    allowed = pattern.mask() if mask is None else pattern.mask() & mask[:, None, None]
    expected, _ = dot_product_attention(query, key, value, allowed)
    torch.testing.assert_close(
        flex_sparse_attention(query, key, value, pattern, mask), expected, atol=1e-5, rtol=1e-5
    )


@pytest.mark.parametrize("limit", [8, 100])
def test_many_kernels_are_compiled_before_anything_is_said(limit):
    """On a GPU: past the limit, 8 by default, PyTorch builds the n × n table and says little."""
    flex._compiled.cache_clear()
    with torch._dynamo.config.patch(recompile_limit=limit):
        flex._compiled()
        assert torch._dynamo.config.recompile_limit == max(limit, 64)


@pytest.mark.filterwarnings("ignore")
@pytest.mark.parametrize("n", [60, 300])
def test_on_a_gpu_too_who_hears_nobody_gets_zeros_and_sane_gradients(n):
    pattern = window(n, 1)
    query, key, value = torch.randn(3, 1, N_HEADS, n, 16)
    query.requires_grad_(n == 60)  # on a CPU flex_attention knows no way back
    mask = torch.arange(n)[None] < 40
    mixed = flex_sparse_attention(query, key, value, pattern, mask)
    assert (mixed[:, :, 41:] == 0).all() and (mixed[:, :, :41] != 0).all()
    if n == 60:
        mixed.sum().backward()
        assert query.grad.isfinite().all() and (query.grad[:, :, 41:] == 0).all()


STAYING = ["window", "strided union", "fixed union", "window only back", "some look at nobody"]
GROWING = PATTERNS | {"window only back": lambda n: window(n, 3).causal()}


def read_in_parts(sparse: SparseAttention, x, mask, lengths) -> torch.Tensor:
    """The outputs for x read a few tokens at a time."""
    cache, outputs, end = sparse.new_cache(), [], 0
    for length in lengths:
        start, end = end, end + length
        so_far = None if mask is None else mask[:, :end]
        outputs.append(sparse(x[:, start:end], so_far, cache=cache))
    assert end == x.shape[1]
    return torch.cat(outputs, dim=1)


@pytest.mark.parametrize("padded", [False, True])
@pytest.mark.parametrize("lengths", [[1] * 40, [17, 1, 9, 13], [40]], ids=["ones", "some", "all"])
@pytest.mark.parametrize("name", STAYING)
def test_a_text_in_parts_is_the_text_at_once(lists_for_short_texts, name, lengths, padded):
    torch.manual_seed(0)
    sparse = SparseAttention(D_MODEL, N_HEADS, GROWING[name], causal=True)
    x = torch.randn(2, 40, D_MODEL)
    mask = torch.arange(40) >= torch.tensor([[0], [20]]) if padded else None
    found = read_in_parts(sparse, x, mask, lengths)
    torch.testing.assert_close(found, sparse(x, mask), atol=1e-5, rtol=1e-5)


@pytest.mark.parametrize("make", PATTERNS.values(), ids=PATTERNS)
def test_one_pattern_for_the_whole_text_has_its_rows_from_the_start(lists_for_short_texts, make):
    torch.manual_seed(0)
    heads = [make(40), window(40, 2)]
    sparse = SparseAttention(D_MODEL, N_HEADS, heads, causal=True)
    x = torch.randn(2, 40, D_MODEL)
    found = read_in_parts(sparse, x, None, [10, 1, 1, 28])
    torch.testing.assert_close(found, sparse(x), atol=1e-5, rtol=1e-5)


def test_a_new_token_reads_its_own_row_and_patterns_are_seldom_made(monkeypatch):
    asked = []

    def pattern(n):
        asked.append(n)
        return window(n, 4)

    sparse, x = (
        SparseAttention(D_MODEL, N_HEADS, pattern, causal=True),
        torch.randn(1, 300, D_MODEL),
    )
    cache, read = sparse.new_cache(), []
    fused = torch.nn.functional.scaled_dot_product_attention

    def watched(query, key, *rest):
        read.append(key.shape[2])
        return fused(query, key, *rest)

    monkeypatch.setattr(torch.nn.functional, "scaled_dot_product_attention", watched)
    for place in range(300):
        sparse(x[:, place : place + 1], cache=cache)
    assert read == [min(place, 4) + 1 for place in range(300)]
    assert len(asked) < 2 * math.log2(300)


@pytest.mark.parametrize(
    "make",
    [star, lambda n: random(n, 4, seed=0), lambda n: strided(n, 2 ** (n.bit_length() // 2))[1]],
    ids=["star", "random", "a stride that grows"],
)
def test_rows_that_change_while_the_text_grows_are_refused(make):
    """Without a cache the old rows would be read again. With one they would stay, and be wrong."""
    sparse = SparseAttention(D_MODEL, N_HEADS, make, causal=True)
    x, cache = torch.randn(1, 40, D_MODEL), sparse.new_cache()
    with pytest.raises(ValueError, match="does not begin with the pattern of .*use_cache=False"):
        sparse(x[:, :4], cache=cache)
        for place in range(4, 40):
            sparse(x[:, place : place + 1], cache=cache)


def test_a_model_of_sparse_layers_writes_with_a_cache_what_it_writes_without():
    model = LanguageModel(
        11,
        lambda layer: SparseAttention(D_MODEL, N_HEADS, lambda n: strided(n, 3), causal=True),
        d_model=D_MODEL,
        n_layers=2,
        d_ff=32,
    )
    prompt = torch.randint(11, (2, 3))
    assert torch.equal(generate(model, prompt, 30), generate(model, prompt, 30, use_cache=False))


def test_a_cache_is_for_those_who_hide_the_future_and_for_as_many_tokens_as_there_are(plain_shapes):
    open_eyed = SparseAttention(D_MODEL, N_HEADS, window(9, 2))
    past_only = SparseAttention(D_MODEL, N_HEADS, window(9, 2), causal=True)
    x, cache = torch.randn(1, 10, D_MODEL), past_only.new_cache()
    with pytest.raises(ValueError, match="a cache is for causal=True"):
        open_eyed.new_cache()
    with pytest.raises(ValueError, match="a cache is for causal=True"):
        open_eyed(x[:, :9], cache=cache)
    past_only(x[:, :9], cache=cache)
    with pytest.raises(ValueError, match="is for n=9 tokens, and the text has n=10"):
        past_only(x[:, 9:], cache=cache)
    assert cache.n == 9
    with pytest.raises(ValueError, match=r"\[1, 10\], got \[1, 1\]"):
        past_only(x[:, 9:], torch.ones(1, 1) > 0, cache=cache)


@pytest.mark.parametrize("pattern", [None, [], "star", torch.ones(4, 4) > 0])
def test_what_is_no_pattern_is_said_at_once(plain_shapes, pattern):
    with pytest.raises(TypeError, match="a Pattern, or a sequence"):
        SparseAttention(8, 2, pattern)


@pytest.mark.parametrize(
    "make, message",
    [
        (lambda: SparseAttention(10, 3, dense), "d_model=10 cannot be cut"),
        (lambda: SparseAttention(8, 2, dense, dropout=2.0), "dropout is a share .*got 2.0"),
        (lambda: SparseAttention(8, 4, [star(9), star(9)]), "each of n_heads=4 is needed, got 2"),
        (lambda: SparseAttention(8, 2, [star(9), star(8)]), "n=8 tokens, and the text has n=9"),
        (
            lambda: SparseAttention(8, 2, star(9))(torch.zeros(1, 7, 8)),
            r"star\(9, 1\) is for n=9 tokens, and the text has n=7. .* a function",
        ),
        (lambda: SparseAttention(8, 2, dense)(torch.zeros(1, 7, 9)), "d_model=8"),
        (
            lambda: SparseAttention(8, 2, dense)(torch.zeros(1, 7, 8), torch.ones(1, 6) > 0),
            r"\[1, 7\], got \[1, 6\]",
        ),
        (
            lambda: flex_sparse_attention(*torch.zeros(3, 1, 1, 4, 4), dense(4), dropout=0.1),
            "dropout=0.1",
        ),
    ],
)
def test_bad_arguments_are_named(plain_shapes, make, message):
    with pytest.raises(ValueError, match=message):
        make()
