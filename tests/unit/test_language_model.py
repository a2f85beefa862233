"""The language model: blind to the future, equal to torch's, and the same with a cache."""

import math

import pytest
import torch
import torch.nn.functional as F
from torch import nn
from torch_twins import D_FF, D_MODEL, N_HEADS, block_like, torch_layer

from course_utils.blocks import GatedFeedForward
from course_utils.mixers import Attention, KeyValues, NoMixing
from course_utils.models import LanguageModel
from course_utils.positions import LearnedPositions, NoPositions, Rotary, SinusoidalPositions

VOCAB, N_LAYERS, MAX_N = 11, 2, 16

POSITIONS = {
    "sinusoidal": lambda: SinusoidalPositions(D_MODEL),
    "learned": lambda: LearnedPositions(MAX_N, D_MODEL),
    "none": lambda: None,
    "identity": nn.Identity,
}


def tiny_model(*, rotary: bool = False, **options) -> LanguageModel:
    def mixer(layer):
        turn = Rotary(D_MODEL // N_HEADS) if rotary else None
        return Attention(D_MODEL, N_HEADS, causal=True, rotary=turn)

    sizes = {"mixer": mixer, "d_model": D_MODEL, "n_layers": N_LAYERS, "d_ff": D_FF}
    return LanguageModel(VOCAB, **(sizes | options))


def ids(n: int, batch: int = 3) -> torch.Tensor:
    return torch.randint(VOCAB, (batch, n))


@pytest.mark.parametrize("norm", ["pre", "post"])
@pytest.mark.parametrize("training", [True, False], ids=["train", "eval"])
def test_equals_torch_encoder_with_a_causal_mask(norm, training):
    layers = [torch_layer(norm) for _ in range(N_LAYERS)]
    closing = nn.LayerNorm(D_MODEL) if norm == "pre" else None
    theirs = nn.TransformerEncoder(layers[0], N_LAYERS, norm=closing, enable_nested_tensor=False)
    theirs.layers = nn.ModuleList(layers)
    ours = tiny_model(norm=norm, positions=POSITIONS["learned"]())
    ours.encoder.blocks = nn.ModuleList(map(block_like, layers))
    for block in ours.encoder.blocks:
        block.mixer.causal = True
    table, places = ours.embedding.tokens.weight, ours.embedding.positions.table.weight
    text = ids(9)
    x = math.sqrt(D_MODEL) * F.embedding(text, table) + places[:9]
    future = torch.ones(9, 9, dtype=torch.bool).triu(1)
    expected = theirs.train(training)(x, mask=future) @ table.T
    torch.testing.assert_close(ours.train(training)(text), expected, atol=1e-5, rtol=1e-5)


@pytest.mark.parametrize("rotary", [False, True])
def test_no_logit_hears_a_later_token(rotary):
    model = tiny_model(rotary=rotary, positions=SinusoidalPositions(D_MODEL))
    text = ids(7)
    before = model(text)
    for place in range(7):
        changed = text.clone()
        changed[:, place] = (text[:, place] + 1) % VOCAB
        after = model(changed)
        torch.testing.assert_close(before[:, :place], after[:, :place], atol=1e-6, rtol=1e-6)
        assert not torch.allclose(before[:, place:], after[:, place:])


def test_padding_changes_nothing_at_real_tokens():
    model, text = tiny_model(positions=SinusoidalPositions(D_MODEL)), ids(7)
    real = torch.arange(7) < torch.tensor([7, 4, 2])[:, None]
    before = model(text, real)
    after = model(text.where(real, (text + 1) % VOCAB), real)
    torch.testing.assert_close(before[real], after[real])
    torch.testing.assert_close(before[2:, :2], model(text[2:, :2]), atol=1e-5, rtol=1e-5)


@pytest.mark.parametrize("norm", ["pre", "post"])
@pytest.mark.parametrize("tie", [True, False])
@pytest.mark.parametrize("positions", ["none", "learned"])
def test_parameters_are_as_many_as_the_formula_says(norm, tie, positions):
    model = tiny_model(norm=norm, tie=tie, positions=POSITIONS[positions]())
    d, f = D_MODEL, D_FF
    expected = VOCAB * d + N_LAYERS * (4 * d * d + 2 * d * f + f + 9 * d)
    expected += MAX_N * d if positions == "learned" else 0
    expected += 2 * d if norm == "pre" else 0
    expected += 0 if tie else VOCAB * d
    assert sum(parameter.numel() for parameter in model.parameters()) == expected
    tables = [name for name in model.state_dict() if name.startswith(("embedding.tokens", "out"))]
    assert tables == ["embedding.tokens.weight"] + ([] if tie else ["output.weight"])


def test_a_tied_matrix_learns_from_both_ends():
    """A character that is never read still moves, because it could have been the answer."""
    model = tiny_model()
    F.cross_entropy(
        model(torch.zeros(1, 4, dtype=torch.long)).flatten(0, 1), ids(4, 1)[0]
    ).backward()
    assert (model.embedding.tokens.weight.grad.abs().sum(-1) > 0).all()


@pytest.mark.parametrize("positions", ["sinusoidal", "learned", "none"])
def test_the_first_guess_is_that_all_tokens_are_equally_likely(positions):
    model = tiny_model(positions=POSITIONS[positions]())
    loss = F.cross_entropy(model(ids(MAX_N, 64)).flatten(0, 1), ids(MAX_N, 64).flatten())
    assert loss.item() == pytest.approx(math.log(VOCAB), abs=0.1)


@pytest.mark.parametrize("tie", [True, False])
def test_the_tokens_start_small(tie):
    """0.02, as in GPT-2: torch's own embeddings start fifty times as large."""
    model = LanguageModel(2_000, lambda _: NoMixing(), d_model=64, n_layers=1, d_ff=None, tie=tie)
    assert model.embedding.tokens.weight.std().item() == pytest.approx(0.02, rel=0.02)


def test_norms_feed_forward_and_scale_are_arguments():
    today = {"norm_layer": nn.RMSNorm, "feed_forward": GatedFeedForward, "activation": F.silu}
    model = tiny_model(rotary=True, embedding_scale=1.0, **today)
    kinds = [type(module) for module in model.modules()]
    assert kinds.count(nn.RMSNorm) == 2 * N_LAYERS + 1
    assert kinds.count(GatedFeedForward) == N_LAYERS
    text = ids(7)
    assert torch.equal(model.embedding(text), model.embedding.tokens(text))
    cache = model.new_cache()
    parts = [model(part, cache=cache) for part in text.split(3, dim=1)]
    torch.testing.assert_close(torch.cat(parts, dim=1), model(text), atol=1e-5, rtol=1e-5)


def test_it_learns_a_text_by_heart():
    model = tiny_model(positions=SinusoidalPositions(D_MODEL))
    text = ids(12, 4)
    optimizer = torch.optim.Adam(model.parameters(), lr=1e-2)
    for _ in range(80):
        loss = F.cross_entropy(model(text[:, :-1]).flatten(0, 1), text[:, 1:].flatten())
        optimizer.zero_grad()
        loss.backward()
        optimizer.step()
    # The first token of two rows may be the same and the second not; all else can be known.
    assert loss.item() < 0.2


@pytest.mark.parametrize(
    ("positions", "rotary"),
    [("sinusoidal", False), ("learned", False), ("identity", False), ("none", True)],
)
@pytest.mark.parametrize("norm", ["pre", "post"])
@pytest.mark.parametrize("part", [1, 3, 13])
def test_cached_equals_reading_all_at_once(positions, rotary, norm, part):
    model = tiny_model(rotary=rotary, norm=norm, positions=POSITIONS[positions]())
    text, cache = ids(13), model.new_cache()
    parts = [model(piece, cache=cache) for piece in text.split(part, dim=1)]
    torch.testing.assert_close(torch.cat(parts, dim=1), model(text), atol=1e-5, rtol=1e-5)
    assert cache.n == 13


def test_padding_and_cache_together():
    """Padding on the left, as texts of unequal length are lined up to be continued."""
    model, text = tiny_model(rotary=True), ids(7)
    real = torch.arange(7) >= torch.tensor([0, 2, 3])[:, None]
    at_once, cache = model(text, real), model.new_cache()
    parts = [
        model(text[:, :5], real[:, :5], cache=cache),
        model(text[:, 5:6], real[:, :6], cache=cache),
        model(text[:, 6:], real, cache=cache),
    ]
    torch.testing.assert_close(torch.cat(parts, dim=1)[real], at_once[real], atol=1e-5, rtol=1e-5)
    # Rotary attention feels distances only: a text pushed to the right is the same text.
    torch.testing.assert_close(at_once[1:2, 2:], model(text[1:2, 2:]), atol=1e-5, rtol=1e-5)


def test_reordered_rows_go_on_from_what_the_others_read():
    model, text = tiny_model(positions=SinusoidalPositions(D_MODEL)), ids(8, 3)
    cache, rows = model.new_cache(), torch.tensor([2, 0, 0, 1])  # more rows than before
    model(text[:, :5], cache=cache)
    cache.reorder(rows)
    moved = text[rows]
    torch.testing.assert_close(
        model(moved[:, 5:], cache=cache), model(moved)[:, 5:], atol=1e-5, rtol=1e-5
    )


def test_each_layer_may_have_another_mixer_and_none_need_remember():
    def mixer(layer):
        return NoMixing() if layer == 0 else Attention(D_MODEL, N_HEADS, causal=True)

    model, text = tiny_model(mixer=mixer), ids(6)
    cache = model.new_cache()
    parts = [model(piece, cache=cache) for piece in text.split(2, dim=1)]
    torch.testing.assert_close(torch.cat(parts, dim=1), model(text), atol=1e-5, rtol=1e-5)
    cache.reorder(torch.tensor([0, 0, 0]))


def test_a_cache_is_not_copied_for_each_token():
    cache, tables = KeyValues(), []
    keys = torch.randn(2, 3, 200, 4)
    for key in keys.split(1, dim=2):
        cache.append(key, 2 * key)
        tables.append(cache.key.data_ptr())
    moves = sum(a != b for a, b in zip(tables, tables[1:], strict=False))
    assert moves <= math.log2(200), f"{moves} new tables for 200 tokens"
    assert torch.equal(cache.key, keys) and torch.equal(cache.value, 2 * keys)


def test_learned_positions_say_where_they_end(plain_shapes):
    model = tiny_model(positions=POSITIONS["learned"]())
    assert model.max_n == MAX_N
    assert tiny_model(positions=SinusoidalPositions(D_MODEL)).max_n is None
    assert tiny_model(positions=SinusoidalPositions(D_MODEL), max_n=7).max_n == 7
    cache = model.new_cache()
    model(ids(MAX_N), cache=cache)
    with pytest.raises(ValueError, match="16 positions.* 17 tokens"):
        model(ids(1), cache=cache)


@pytest.mark.parametrize("make", [POSITIONS["sinusoidal"], POSITIONS["learned"], NoPositions])
def test_positions_begin_where_they_are_told(make):
    positions, x = make(), torch.randn(2, 9, D_MODEL)
    torch.testing.assert_close(positions(x[:, 4:], 4), positions(x)[:, 4:])


def test_rotary_positions_begin_where_they_are_told():
    rotary, x = Rotary(8), torch.randn(2, 9, 8)
    torch.testing.assert_close(rotary(x[:, 4:], 4), rotary(x)[:, 4:])


@pytest.mark.parametrize("rotary", [False, True])
def test_what_was_first_needed_while_speaking_can_be_trained_with(rotary):
    model = tiny_model(rotary=rotary, positions=None if rotary else SinusoidalPositions(D_MODEL))
    with torch.inference_mode():
        model(ids(5))
    model(ids(5)).sum().backward()


def test_a_cache_belongs_to_its_batch(plain_shapes):
    model = tiny_model()
    cache = model.new_cache()
    model(ids(4, batch=3), cache=cache)
    with pytest.raises(ValueError, match="3 texts.* 2"):
        model(ids(1, batch=2), cache=cache)


class Forgetful(nn.Module):
    causal = True

    def forward(self, x, mask=None):
        return x


class Averages(nn.Module):
    """Every token hears the mean of all, the later ones too, and nothing is said about it."""

    def forward(self, x, mask=None):
        return x.mean(dim=1, keepdim=True).expand_as(x)


class SaysSoInAMethod(Averages):
    def causal(self):
        return False


@pytest.mark.parametrize(
    ("wrong", "named"),
    [
        (lambda: tiny_model(mixer=lambda _: Attention(D_MODEL, N_HEADS)), "causal=True"),
        (lambda: tiny_model(mixer=lambda _: Averages()), "Averages.*no attribute.*self.causal = "),
        (lambda: tiny_model(mixer=lambda _: SaysSoInAMethod()), "its causal is <bound method"),
        (lambda: tiny_model(n_layers=0), "n_layers=0"),
        (lambda: tiny_model(mixer=lambda _: Forgetful()).new_cache(), "Forgetful.*use_cache=False"),
        (
            lambda: Attention(8, 2, rotary=Rotary(4))(
                torch.zeros(1, 1, 8), context=torch.zeros(1, 2, 8), cache=KeyValues()
            ),
            "rotary.*context",
        ),
    ],
)
def test_errors_name_what_was_given(plain_shapes, wrong, named):
    with pytest.raises(ValueError, match=named):
        wrong()
