"""Blocks, positions and the encoder against torch's own."""

import pytest
import torch
import torch.nn.functional as F
from torch import nn
from torch_twins import D_FF, D_MODEL, N_HEADS, block_like, torch_layer

from course_utils.blocks import Block, FeedForward, GatedFeedForward
from course_utils.mixers import Attention, FourierMixing, NoMixing
from course_utils.models import (
    Classifier,
    Embedding,
    Encoder,
    MaskedLanguageModel,
    TextEncoder,
    hybrid,
)
from course_utils.positions import LearnedPositions, Rotary, SinusoidalPositions, sinusoidal
from course_utils.text import hide


@pytest.mark.parametrize("norm", ["pre", "post"])
@pytest.mark.parametrize("activation", [F.gelu, F.relu])
@pytest.mark.parametrize("padded", [False, True])
def test_block_equals_torch_encoder_layer(norm, activation, padded):
    theirs = torch_layer(norm, activation)
    x = torch.randn(4, 7, D_MODEL)
    real = torch.arange(7) < torch.tensor([7, 5, 3, 1])[:, None]
    mask = real if padded else None
    expected = theirs(x, src_key_padding_mask=~real if padded else None)
    got = block_like(theirs)(x, mask)
    looked_at = real if padded else torch.ones_like(real)
    torch.testing.assert_close(got[looked_at], expected[looked_at], atol=1e-5, rtol=1e-5)


@pytest.mark.parametrize("norm", ["pre", "post"])
def test_encoder_equals_torch_encoder(norm):
    layers = [torch_layer(norm) for _ in range(3)]
    theirs = nn.TransformerEncoder(
        layers[0],
        3,
        norm=nn.LayerNorm(D_MODEL) if norm == "pre" else None,
        enable_nested_tensor=False,
    )
    theirs.layers = nn.ModuleList(layers)
    ours = Encoder(
        lambda layer: Attention(D_MODEL, N_HEADS),
        d_model=D_MODEL,
        n_layers=3,
        d_ff=D_FF,
        norm=norm,
    )
    ours.blocks = nn.ModuleList(block_like(layer) for layer in layers)
    x = torch.randn(4, 7, D_MODEL)
    real = torch.arange(7) < torch.tensor([7, 5, 3, 2])[:, None]
    expected = theirs(x, src_key_padding_mask=~real)
    torch.testing.assert_close(ours(x, real)[real], expected[real], atol=1e-5, rtol=1e-5)


@pytest.mark.parametrize("activation", [F.silu, F.gelu, torch.sigmoid])
def test_a_gated_feed_forward_is_the_formula_of_2020(activation):
    """Shazeer 2020, equations 5 and 6: (activation(xW) ⊗ xV) W₂, without biases."""
    ffn, x = GatedFeedForward(6, 10, activation=activation), torch.randn(2, 3, 6)
    w, v, w2 = (linear.weight.T for linear in (ffn.gate, ffn.widen, ffn.narrow))
    torch.testing.assert_close(ffn(x), (activation(x @ w) * (x @ v)) @ w2)
    assert sum(weights.numel() for weights in ffn.parameters()) == 3 * 6 * 10


def test_the_gate_of_a_gated_feed_forward_can_shut():
    ffn = GatedFeedForward(6, 10)
    nn.init.zeros_(ffn.gate.weight)
    assert (ffn(torch.randn(2, 3, 6)) == 0).all()


def rms_norm(x: torch.Tensor) -> torch.Tensor:
    return x / (x.square().mean(-1, keepdim=True) + torch.finfo(x.dtype).eps).sqrt()


@pytest.mark.parametrize("norm", ["pre", "post"])
def test_the_block_of_today_is_one_line_away(norm):
    encoder = Encoder(
        lambda layer: Attention(8, 2),
        d_model=8,
        n_layers=2,
        d_ff=20,
        norm=norm,
        norm_layer=nn.RMSNorm,
        feed_forward=GatedFeedForward,
        activation=F.silu,
    )
    x = torch.randn(2, 5, 8)
    y = x
    for block in encoder.blocks:
        if norm == "pre":
            y = y + block.mixer(rms_norm(y))
            y = y + block.ffn(rms_norm(y))
        else:
            y = rms_norm(y + block.mixer(y))
            y = rms_norm(y + block.ffn(y))
    torch.testing.assert_close(encoder(x), rms_norm(y) if norm == "pre" else y)
    kinds = {type(module) for module in encoder.modules()}
    assert {nn.RMSNorm, GatedFeedForward} <= kinds and not {nn.LayerNorm, FeedForward} & kinds
    assert encoder.blocks[0].ffn.activation is F.silu


@pytest.mark.parametrize("norm", ["pre", "post"])
def test_a_block_without_feed_forward_has_one_residual_and_one_norm(norm):
    block = Block(8, Attention(8, 2), None, norm=norm)
    x = torch.randn(2, 5, 8)
    expected = x + block.mixer(block.mixer_norm(x))
    if norm == "post":
        expected = block.mixer_norm(x + block.mixer(x))
    torch.testing.assert_close(block(x), expected)
    assert {name.split(".")[0] for name in block.state_dict()} == {"mixer", "mixer_norm"}


def test_the_names_of_the_weights_stay():
    """Models on learners' disks are read by these names."""
    encoder = Encoder(lambda _: NoMixing(), d_model=8, n_layers=1, d_ff=16)
    parts = ("mixer_norm", "ffn_norm", "ffn.widen", "ffn.narrow")
    names = {f"blocks.0.{part}.{what}" for part in parts for what in ("weight", "bias")}
    assert set(encoder.state_dict()) == names | {"final_norm.weight", "final_norm.bias"}


def test_a_mixer_is_chosen_for_each_layer():
    asked = []

    def mixer(layer):
        asked.append(layer)
        return NoMixing()

    encoder = Encoder(mixer, d_model=8, n_layers=3, d_ff=None)
    assert asked == [0, 1, 2]
    assert all(block.ffn is None for block in encoder.blocks)
    x = torch.randn(1, 2, 8)
    assert encoder(x).shape == x.shape


def test_without_mixing_no_token_hears_another():
    encoder = Encoder(lambda layer: NoMixing(), d_model=8, n_layers=2, d_ff=16)
    x = torch.randn(1, 5, 8)
    changed = x.clone()
    changed[:, 2] += 1.0
    same = (encoder(x) == encoder(changed)).all(-1)[0]
    assert same.tolist() == [True, True, False, True, True]


@pytest.mark.parametrize(
    ("wrong", "named"),
    [
        (lambda: Block(8, NoMixing(), None, norm="before"), "before"),
        (lambda: Encoder(lambda layer: NoMixing(), d_model=8, n_layers=0, d_ff=8), "n_layers=0"),
        (lambda: sinusoidal(3, 7), "7"),
        (lambda: SinusoidalPositions(5), "5"),
        (lambda: Rotary(3), "3"),
    ],
)
def test_errors_name_what_was_given(plain_shapes, wrong, named):
    with pytest.raises(ValueError, match=named):
        wrong()


def test_sinusoidal_is_the_formula_of_2017():
    table = sinusoidal(50, 16)
    for position in (0, 1, 7, 49):
        for i in range(8):
            angle = torch.tensor(position / 10_000 ** (2 * i / 16), dtype=torch.float64)
            assert table[position, 2 * i].item() == pytest.approx(angle.sin().item(), abs=1e-6)
            assert table[position, 2 * i + 1].item() == pytest.approx(angle.cos().item(), abs=1e-6)


def test_sinusoidal_dot_products_depend_on_distance_only():
    table = sinusoidal(60, 32).double()
    products = table @ table.T
    for distance in (0, 1, 5, 20):
        along = products.diagonal(distance)
        torch.testing.assert_close(along, along[:1].expand_as(along), atol=1e-5, rtol=1e-5)


def test_sinusoidal_positions_grow_and_shrink_with_the_text():
    positions = SinusoidalPositions(16)
    for n in (3, 40, 5):
        x = torch.zeros(2, n, 16)
        torch.testing.assert_close(positions(x)[1], sinusoidal(n, 16))


def test_learned_positions_have_an_end(plain_shapes):
    positions = LearnedPositions(4, 8)
    torch.testing.assert_close(positions(torch.zeros(1, 3, 8))[0], positions.table.weight[:3])
    with pytest.raises(ValueError, match="4 positions.* 5 tokens"):
        positions(torch.zeros(1, 5, 8))


def test_rotary_turns_without_stretching_and_keeps_distances():
    rotary = Rotary(8)
    query, key = torch.randn(8), torch.randn(8)
    queries, keys = rotary(query.expand(20, 8)), rotary(key.expand(20, 8))
    torch.testing.assert_close(queries.norm(dim=-1), query.norm().expand(20))
    products = queries @ keys.T
    for distance in (-6, 0, 4):
        along = products.diagonal(distance)
        torch.testing.assert_close(along, along[:1].expand_as(along), atol=1e-5, rtol=1e-5)
    torch.testing.assert_close(queries[0], query)


def test_rotary_turns_pairs_as_complex_numbers_do():
    x = torch.randn(5, 8, dtype=torch.float64)
    angle = torch.outer(torch.arange(5.0).double(), 10_000 ** (-torch.arange(0, 8, 2).double() / 8))
    expected = torch.view_as_complex(x.unflatten(-1, (4, 2))) * torch.polar(
        torch.ones_like(angle), angle
    )
    torch.testing.assert_close(Rotary(8)(x), torch.view_as_real(expected).flatten(-2))


def test_text_encoder_scales_embeddings_and_trains():
    embedding = Embedding(10, 16, SinusoidalPositions(16), scale=4.0)
    ids = torch.tensor([[1, 2, 3]])
    expected = 4.0 * embedding.tokens(ids) + sinusoidal(3, 16)
    torch.testing.assert_close(embedding(ids), expected)
    encoder = Encoder(lambda layer: Attention(16, 2), d_model=16, n_layers=2, d_ff=32)
    model = TextEncoder(embedding, encoder)
    model(ids).square().mean().backward()
    assert all(p.grad is not None and p.grad.isfinite().all() for p in model.parameters())


def test_without_positions_shuffling_words_shuffles_answers():
    encoder = Encoder(lambda layer: Attention(16, 2), d_model=16, n_layers=2, d_ff=32)
    ids, order = torch.tensor([[1, 2, 3, 4]]), torch.tensor([2, 0, 3, 1])
    without = TextEncoder(Embedding(10, 16, nn.Identity()), encoder)
    torch.testing.assert_close(without(ids)[:, order], without(ids[:, order]), atol=1e-5, rtol=1e-5)
    placed = TextEncoder(Embedding(10, 16, SinusoidalPositions(16)), encoder)
    assert not torch.allclose(placed(ids)[:, order], placed(ids[:, order]), atol=1e-2)


# Heads on an encoder: hidden words, and classes

VOCABULARY, WIDTH = 20, 16


def reader(mixer, n_layers=2):
    embedding = Embedding(VOCABULARY, WIDTH, LearnedPositions(12, WIDTH), norm=nn.LayerNorm(WIDTH))
    block = {"d_model": WIDTH, "n_layers": n_layers, "d_ff": 32, "norm": "post"}
    return TextEncoder(embedding, Encoder(mixer, **block))


EITHER_MIXER = pytest.mark.parametrize(
    "mixer", [lambda layer: FourierMixing(), lambda layer: Attention(WIDTH, 2)]
)


@EITHER_MIXER
def test_hidden_words_are_guessed_from_both_sides(mixer):
    """Each text is one word, said eight times: what is hidden stands everywhere else."""
    torch.manual_seed(0)
    model = MaskedLanguageModel(reader(mixer))
    own = sum(p.numel() for p in model.parameters())
    own -= sum(p.numel() for p in model.encoder.parameters())
    assert own == WIDTH**2 + 3 * WIDTH + VOCABULARY
    optimizer = torch.optim.Adam(model.parameters(), lr=5e-3)
    for _ in range(300):
        ids = torch.randint(1, 19, (32, 1)).expand(32, 8)
        read, chosen = hide(ids, ids > 0, vocab_size=VOCABULARY, hidden_id=19, share=0.3)
        logits = model(read, ids > 0)
        loss = F.cross_entropy(logits[chosen], ids[chosen])
        optimizer.zero_grad()
        loss.backward()
        optimizer.step()
    assert logits.shape == (32, 8, VOCABULARY)
    right = (logits.argmax(-1) == ids)[chosen].float().mean()
    assert right > 0.8  # without a look at the others, luck is all: 0.05 of the hidden


def test_asked_for_are_places_that_a_boolean_mask_says(plain_shapes):
    """Whole numbers would be taken for rows: of 2 × 4 tokens, 2 × 4 × 4 guesses."""
    model = MaskedLanguageModel(reader(lambda layer: FourierMixing()))
    ids = torch.ones(2, 4, dtype=torch.long)
    asked = torch.tensor([[True, False, False, False], [False, True, True, False]])
    assert model(ids, asked=asked).shape == (3, VOCABULARY)
    with pytest.raises(TypeError, match="asked, .* expects a boolean mask .* got torch.int64"):
        model(ids, asked=asked.long())
    with pytest.raises(ValueError, match=r"\[2, 4\], got \[2, 3\]"):
        model(ids, asked=asked[:, :3])


@EITHER_MIXER
def test_a_class_is_read_off_the_first_token(mixer):
    torch.manual_seed(0)
    model = Classifier(reader(mixer), n_classes=3)
    ids = torch.randint(1, VOCABULARY, (5, 8))
    mask = torch.arange(8) < torch.tensor([[8], [8], [6], [3], [1]])
    logits = model(ids, mask)
    assert logits.shape == (5, 3)
    first = model.encoder(ids, mask)[:, 0]
    torch.testing.assert_close(logits, model.output(torch.tanh(model.pooler(first))))
    logits.sum().backward()
    assert all(p.grad is not None for p in model.parameters())
    with pytest.raises(ValueError, match="n_classes is a number of 1 or more, got 0"):
        Classifier(reader(mixer), n_classes=0)


def test_a_hybrid_has_attention_in_its_top_layers():
    mixer = hybrid(lambda layer: FourierMixing(), lambda layer: Attention(WIDTH, 2), n_layers=5)
    kinds = [type(block.mixer).__name__ for block in reader(mixer, n_layers=5).encoder.blocks]
    assert kinds == 3 * ["FourierMixing"] + 2 * ["Attention"]
    with pytest.raises(ValueError, match="of 2 layers 3 cannot be on top"):
        hybrid(mixer, mixer, n_layers=2, n_above=3)
