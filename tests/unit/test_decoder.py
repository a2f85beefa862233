"""The decoder and the whole transformer of 2017 against torch's own."""

import copy

import pytest
import torch
import torch.nn.functional as F
from torch import nn
from torch._subclasses.fake_tensor import FakeTensorMode
from torch_twins import D_FF, D_MODEL, N_HEADS, attention_like, block_like, torch_layer

from course_utils.blocks import DecoderBlock, FeedForward, GatedFeedForward
from course_utils.mixers import Attention, NoMixing, SparseAttention, capture_attention
from course_utils.models import Decoder, Seq2SeqTransformer
from course_utils.patterns import dense, window
from course_utils.positions import sinusoidal

VOCAB, N_LAYERS = 11, 2
SOURCE_REAL = torch.arange(6) < torch.tensor([6, 4, 2])[:, None]
TARGET_REAL = torch.arange(5) < torch.tensor([5, 3, 1])[:, None]


def torch_decoder_layer(norm: str, activation=F.relu) -> nn.TransformerDecoderLayer:
    layer = nn.TransformerDecoderLayer(
        D_MODEL,
        N_HEADS,
        D_FF,
        dropout=0.0,
        activation=activation,
        batch_first=True,
        norm_first=norm == "pre",
    )
    for parameter in layer.parameters():
        nn.init.normal_(parameter, std=0.3)
    return layer


def decoder_block_like(theirs: nn.TransformerDecoderLayer) -> DecoderBlock:
    block = DecoderBlock(
        D_MODEL,
        attention_like(theirs.self_attn, causal=True),
        attention_like(theirs.multihead_attn),
        FeedForward(D_MODEL, D_FF, activation=theirs.activation),
        norm="pre" if theirs.norm_first else "post",
    )
    block.ffn.widen.load_state_dict(theirs.linear1.state_dict())
    block.ffn.narrow.load_state_dict(theirs.linear2.state_dict())
    norms = (block.mixer_norm, block.cross_norm, block.ffn_norm)
    for ours, other in zip(norms, (theirs.norm1, theirs.norm2, theirs.norm3), strict=True):
        ours.load_state_dict(other.state_dict())
    return block


def torch_transformer(norm: str) -> nn.Transformer:
    """torch closes both stacks with a norm even for post-norm; 2017 does not."""

    def final():
        closing = nn.LayerNorm(D_MODEL)
        nn.init.normal_(closing.weight)
        nn.init.normal_(closing.bias)
        return closing if norm == "pre" else None

    encoder = nn.TransformerEncoder(
        torch_layer(norm, F.relu), N_LAYERS, norm=final(), enable_nested_tensor=False
    )
    decoder = nn.TransformerDecoder(torch_decoder_layer(norm), N_LAYERS, norm=final())
    encoder.layers = nn.ModuleList(torch_layer(norm, F.relu) for _ in range(N_LAYERS))
    decoder.layers = nn.ModuleList(torch_decoder_layer(norm) for _ in range(N_LAYERS))
    return nn.Transformer(
        D_MODEL, N_HEADS, batch_first=True, custom_encoder=encoder, custom_decoder=decoder
    )


def model_like(theirs: nn.Transformer, norm: str) -> Seq2SeqTransformer:
    ours = tiny_model(norm=norm)
    ours.encoder.blocks = nn.ModuleList(map(block_like, theirs.encoder.layers))
    ours.decoder.blocks = nn.ModuleList(map(decoder_block_like, theirs.decoder.layers))
    if norm == "pre":
        ours.encoder.final_norm.load_state_dict(theirs.encoder.norm.state_dict())
        ours.decoder.final_norm.load_state_dict(theirs.decoder.norm.state_dict())
    return ours


def tiny_model(**options) -> Seq2SeqTransformer:
    sizes = {"d_model": D_MODEL, "n_heads": N_HEADS, "n_layers": N_LAYERS, "d_ff": D_FF}
    return Seq2SeqTransformer(VOCAB, **(sizes | options))


def ids(n: int, batch: int = 3) -> torch.Tensor:
    return torch.randint(VOCAB, (batch, n))


@pytest.mark.parametrize("norm", ["pre", "post"])
@pytest.mark.parametrize("activation", [F.relu, F.gelu])
@pytest.mark.parametrize("padded", [False, True])
def test_block_equals_torch_decoder_layer(norm, activation, padded):
    theirs = torch_decoder_layer(norm, activation)
    ours = decoder_block_like(theirs)
    x, context = torch.randn(3, 5, D_MODEL), torch.randn(3, 6, D_MODEL)
    expected = theirs(
        x,
        context,
        tgt_mask=nn.Transformer.generate_square_subsequent_mask(5).isinf(),
        tgt_key_padding_mask=~TARGET_REAL if padded else None,
        memory_key_padding_mask=~SOURCE_REAL if padded else None,
    )
    masks = (TARGET_REAL, SOURCE_REAL) if padded else (None, None)
    torch.testing.assert_close(ours(x, context, *masks), expected, atol=1e-5, rtol=1e-5)


@pytest.mark.parametrize("norm", ["pre", "post"])
@pytest.mark.parametrize("training", [True, False], ids=["train", "eval"])
@pytest.mark.parametrize("padded", [False, True], ids=["full", "padded"])
def test_equals_torch_transformer_with_gradients(norm, training, padded):
    theirs = torch_transformer(norm).train(training)
    ours = model_like(theirs, norm).train(training)
    table = ours.embedding.tokens.weight.detach().clone().requires_grad_()
    source, target = ids(6), ids(5)

    def place(tokens):
        return F.embedding(tokens, table) * D_MODEL**0.5 + sinusoidal(tokens.shape[1], D_MODEL)

    hidden = theirs(
        place(source),
        place(target),
        tgt_mask=torch.ones(5, 5, dtype=torch.bool).triu(1),
        src_key_padding_mask=~SOURCE_REAL if padded else None,
        tgt_key_padding_mask=~TARGET_REAL if padded else None,
        memory_key_padding_mask=~SOURCE_REAL if padded else None,
    )
    expected = hidden @ table.T
    got = ours(source, target, *((SOURCE_REAL, TARGET_REAL) if padded else (None, None)))
    real = TARGET_REAL if padded else torch.ones_like(TARGET_REAL)
    torch.testing.assert_close(got[real], expected[real], atol=1e-5, rtol=1e-5)

    got[real].square().mean().backward()
    expected[real].square().mean().backward()
    # The gradients of torch's model, put where its weights were, translate into our names.
    slopes = copy.deepcopy(theirs)
    for slope, weight in zip(slopes.parameters(), theirs.parameters(), strict=True):
        slope.data = weight.grad
    wanted = dict(model_like(slopes, norm).named_parameters())
    wanted["embedding.tokens.weight"] = table.grad
    for name, parameter in ours.named_parameters():
        torch.testing.assert_close(
            parameter.grad, wanted[name].detach(), atol=1e-5, rtol=1e-4, msg=lambda m, n=name: n + m
        )


@pytest.mark.parametrize("norm", ["pre", "post"])
def test_no_logit_hears_a_later_target_token(norm):
    model = tiny_model(norm=norm)
    source, target = ids(6), ids(5)
    before = model(source, target)
    for place in range(5):
        changed = target.clone()
        changed[:, place] = (target[:, place] + 1) % VOCAB
        after = model(source, changed)
        torch.testing.assert_close(before[:, :place], after[:, :place], atol=1e-6, rtol=1e-6)
        assert not torch.allclose(before[:, place:], after[:, place:])


def test_padding_changes_nothing_at_real_tokens():
    model = tiny_model()
    source, target = ids(6), ids(5)
    before = model(source, target, SOURCE_REAL, TARGET_REAL)
    source = source.where(SOURCE_REAL, (source + 1) % VOCAB)
    target = target.where(TARGET_REAL, (target + 1) % VOCAB)
    after = model(source, target, SOURCE_REAL, TARGET_REAL)
    torch.testing.assert_close(before[TARGET_REAL], after[TARGET_REAL])
    alone = model(source[2:, :2], target[2:, :1])  # what is left without the padding
    torch.testing.assert_close(before[2:, :1], alone, atol=1e-5, rtol=1e-5)


def test_every_target_token_hears_the_whole_source():
    model = tiny_model()
    source, target = ids(6), ids(5)
    before = model(source, target)
    for place in range(6):
        changed = source.clone()
        changed[:, place] = (source[:, place] + 1) % VOCAB
        moved = (model(source=changed, target=target) - before).abs().amax(-1)
        assert (moved > 1e-6).all()


def n_parameters(model: nn.Module) -> int:
    return sum(parameter.numel() for parameter in model.parameters())


@pytest.mark.parametrize("norm", ["pre", "post"])
def test_parameters_are_as_many_as_the_formula_says(norm):
    d, f = D_MODEL, D_FF
    encoder = N_LAYERS * (4 * d * d + 2 * d * f + f + 9 * d)
    decoder = N_LAYERS * (8 * d * d + 2 * d * f + f + 15 * d)
    closing = 4 * d if norm == "pre" else 0
    assert n_parameters(tiny_model(norm=norm)) == VOCAB * d + encoder + decoder + closing


def test_source_target_and_output_share_one_matrix():
    model = tiny_model()
    tables = [name for name, p in model.named_parameters() if VOCAB in p.shape]
    assert tables == ["embedding.tokens.weight"]
    source, target = torch.zeros(1, 6, dtype=torch.long), torch.ones(1, 5, dtype=torch.long)
    model(source, target).logsumexp(-1).sum().backward()
    moved = model.embedding.tokens.weight.grad.abs().sum(-1)
    assert (moved > 0).all(), "the output reaches each row, the source row 0, the target row 1"


def test_the_tokens_start_as_vectors_of_length_one():
    model = Seq2SeqTransformer(2_000, d_model=64, n_heads=2, n_layers=1, d_ff=8)
    assert model.embedding.tokens.weight.std().item() == pytest.approx(64**-0.5, rel=0.02)


def test_the_encoder_takes_another_mixer():
    asked = []

    def mixer(layer):
        asked.append(layer)
        return NoMixing()

    model = tiny_model(mixer=mixer)
    assert asked == [0, 1]
    source = ids(6)
    changed = source.clone()
    changed[:, 2] = (source[:, 2] + 1) % VOCAB
    same = (model.encode(source) == model.encode(changed)).all(-1)
    assert same.tolist() == [[True, True, False, True, True, True]] * 3


def test_the_decoder_takes_another_mixer():
    asked = []

    def mixer(layer):
        asked.append(layer)
        return SparseAttention(D_MODEL, N_HEADS, lambda n: window(n, 1), causal=True)

    model = tiny_model(decoder_mixer=mixer)
    assert asked == [0, 1]
    context, target = model.encode(ids(6)), ids(7)
    changed = target.clone()
    changed[:, 2] = (target[:, 2] + 1) % VOCAB
    same = torch.isclose(model.decode(target, context), model.decode(changed, context)).all(-1)
    # two layers of a window of one: the news travels two tokens, and the source is heard as ever
    assert same.tolist() == [[True, True, False, False, False, True, True]] * 3
    everybody = tiny_model(
        decoder_mixer=lambda _: SparseAttention(D_MODEL, N_HEADS, dense, causal=True)
    )
    plain = tiny_model()
    everybody.load_state_dict(plain.state_dict())
    source = ids(6)
    torch.testing.assert_close(everybody(source, target), plain(source, target))


def test_a_model_given_its_source_says_what_the_whole_model_says():
    model = tiny_model()
    source, target = ids(6), ids(5)
    speaker = model.given(source, SOURCE_REAL)
    torch.testing.assert_close(speaker(target), model(source, target, SOURCE_REAL))
    twice = speaker(target.repeat_interleave(2, dim=0))  # two hypotheses about each source
    torch.testing.assert_close(twice[::2], speaker(target), atol=1e-5, rtol=1e-5)
    torch.testing.assert_close(twice[1::2], speaker(target), atol=1e-5, rtol=1e-5)
    with pytest.raises(ValueError, match="4 targets.* 3 sources"):
        speaker(ids(5, batch=4))


def test_norms_feed_forward_and_scale_are_arguments():
    model = tiny_model(norm_layer=nn.RMSNorm, feed_forward=GatedFeedForward, embedding_scale=3.0)
    kinds = [type(module) for module in model.modules()]
    assert kinds.count(nn.RMSNorm) == (2 + 3) * N_LAYERS + 2 and nn.LayerNorm not in kinds
    assert kinds.count(GatedFeedForward) == 2 * N_LAYERS and FeedForward not in kinds
    source = ids(6)
    places = sinusoidal(6, D_MODEL)
    torch.testing.assert_close(model.embedding(source), 3 * model.embedding.tokens(source) + places)
    assert model(source, ids(5)).isfinite().all()


def test_what_stands_for_a_tensor_is_not_kept_with_the_source():
    speaker, target = tiny_model().given(ids(3)), ids(5, batch=6)  # two targets for each source
    with FakeTensorMode(allow_non_fake_inputs=True) as mode:
        speaker(mode.from_tensor(target))
    assert type(speaker(target)) is torch.Tensor


@pytest.mark.parametrize("norm", ["pre", "post"])
@pytest.mark.parametrize("padded", [False, True], ids=["full", "padded"])
def test_cached_decoding_equals_reading_all_at_once(norm, padded):
    model = tiny_model(norm=norm)
    source, target = ids(6), ids(9)
    context, mask = model.encode(source), SOURCE_REAL if padded else None
    at_once = model.decode(target, context, mask)
    cache = model.new_cache()
    parts = [model.decode(part, context, mask, cache=cache) for part in target.split(2, dim=1)]
    torch.testing.assert_close(torch.cat(parts, dim=1), at_once, atol=1e-5, rtol=1e-5)
    assert cache.n == 9


def test_a_cache_projects_the_context_once():
    model = tiny_model()
    context, cache = model.encode(ids(6)), model.new_cache()
    calls = []
    model.decoder.blocks[0].cross.key.register_forward_hook(lambda *_: calls.append(1))
    for part in ids(5).split(1, dim=1):
        model.decode(part, context, cache=cache)
    assert len(calls) == 1


def test_target_padding_and_cache_together():
    model = tiny_model()
    context, target = model.encode(ids(6)), ids(5)
    real = torch.tensor([[True] * 5, [False, True, True, True, True], [True, False] * 2 + [True]])
    at_once = model.decode(target, context, target_mask=real)
    cache = model.new_cache()
    for end in range(1, 6):
        part = target[:, end - 1 : end]
        logits = model.decode(part, context, target_mask=real[:, :end], cache=cache)
        torch.testing.assert_close(logits[:, 0], at_once[:, end - 1], atol=1e-5, rtol=1e-5)


def test_capture_sees_own_and_cross_attention_of_each_layer():
    model = tiny_model()
    source, target = ids(6), ids(5)
    with capture_attention(model) as maps:
        model(source, target, SOURCE_REAL)
    shapes = [tuple(layer.shape[1:]) for layer in maps]
    assert shapes == [(N_HEADS, 6, 6)] * 2 + [(N_HEADS, 5, 5), (N_HEADS, 5, 6)] * 2

    with capture_attention(model.decoder) as maps:
        model(source, target, SOURCE_REAL)
    own, cross = maps[0::2], maps[1::2]
    assert all((layer.triu(1) == 0).all() for layer in own)
    for layer in cross:
        torch.testing.assert_close(layer.sum(-1), torch.ones(3, N_HEADS, 5))
        assert (layer.masked_select(~SOURCE_REAL[:, None, None, :]) == 0).all()


def test_capture_of_a_cached_step_is_a_row_of_the_whole_map():
    model = tiny_model()
    source, target = ids(6), ids(5)
    context = model.encode(source, SOURCE_REAL)
    with capture_attention(model.decoder) as maps:
        model.decode(target, context, SOURCE_REAL)
        whole = list(maps)
        cache = model.new_cache()
        for place in range(5):
            model.decode(target[:, place : place + 1], context, SOURCE_REAL, cache=cache)
            for at_once, step in zip(whole, maps, strict=True):
                row = at_once[:, :, place : place + 1, : step.shape[-1]]
                torch.testing.assert_close(step, row, atol=1e-5, rtol=1e-5)
        assert cache.layers[0].own.n == 5, "watching puts nothing into the cache"


def test_dropout_of_the_block_acts_in_training_only():
    model = tiny_model(dropout=0.5)
    source, target = ids(6), ids(5)
    assert not torch.equal(model(source, target), model(source, target))
    model.eval()
    torch.testing.assert_close(model(source, target), model(source, target), atol=0, rtol=0)


def attention(layer: int) -> Attention:
    return Attention(8, 2)


class SaysNothing(nn.Module):
    def forward(self, x, mask=None):
        return x


@pytest.mark.parametrize(
    ("wrong", "named"),
    [
        (lambda: DecoderBlock(8, NoMixing(), NoMixing(), None, norm="between"), "between"),
        (lambda: Decoder(attention, attention, d_model=8, n_layers=1, d_ff=8), "causal=True"),
        (
            lambda: Decoder(lambda _: NoMixing(), attention, d_model=8, n_layers=0, d_ff=8),
            "n_layers=0",
        ),
        (lambda: tiny_model(decoder_mixer=attention), "Attention.*causal=True"),
        (lambda: tiny_model(decoder_mixer=lambda _: SaysNothing()), "SaysNothing.*self.causal = "),
        (lambda: tiny_model(d_model=26), "d_model=26.*n_heads=3"),
    ],
)
def test_errors_name_what_was_given(plain_shapes, wrong, named):
    with pytest.raises(ValueError, match=named):
        wrong()
