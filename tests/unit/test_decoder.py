"""The decoder and the whole transformer of 2017 against torch's own."""

import pytest
import torch
import torch.nn.functional as F
from test_attention import attention_like
from test_models import block_like, torch_layer
from torch import nn

from course_utils.blocks import DecoderBlock, FeedForward
from course_utils.mixers import Attention, NoMixing, capture_attention
from course_utils.models import Decoder, Encoder, Seq2SeqTransformer
from course_utils.positions import SinusoidalPositions, sinusoidal

VOCAB, D_MODEL, N_HEADS, N_LAYERS, D_FF = 11, 24, 3, 2, 40
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
        return nn.LayerNorm(D_MODEL) if norm == "pre" else None

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
    ours.encoder.blocks = nn.ModuleList(block_like(layer) for layer in theirs.encoder.layers)
    ours.decoder.blocks = nn.ModuleList(decoder_block_like(la) for la in theirs.decoder.layers)
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
@pytest.mark.parametrize("padded", [False, True])
def test_equals_torch_transformer_with_gradients(norm, training, padded):
    theirs = torch_transformer(norm).train(training)
    ours = model_like(theirs, norm).train(training)
    source, target = ids(6), ids(5)

    def place(tokens):
        table = ours.embedding.tokens.weight
        return F.embedding(tokens, table) * D_MODEL**0.5 + sinusoidal(tokens.shape[1], D_MODEL)

    hidden = theirs(
        place(source),
        place(target),
        tgt_mask=torch.ones(5, 5, dtype=torch.bool).triu(1),
        src_key_padding_mask=~SOURCE_REAL if padded else None,
        tgt_key_padding_mask=~TARGET_REAL if padded else None,
        memory_key_padding_mask=~SOURCE_REAL if padded else None,
    )
    expected = hidden @ ours.embedding.tokens.weight.T
    got = ours(source, target, *((SOURCE_REAL, TARGET_REAL) if padded else (None, None)))
    real = TARGET_REAL if padded else torch.ones_like(TARGET_REAL)
    torch.testing.assert_close(got[real], expected[real], atol=1e-5, rtol=1e-5)

    parameters = list(ours.parameters())
    here = torch.autograd.grad(got[real].square().mean(), parameters)
    there = torch.autograd.grad(expected[real].square().mean(), parameters, allow_unused=True)
    # attention_like shares the tensors of torch's packed matrix by value, so its gradients are
    # compared where the parameter is ours: the embedding and the closing norms ...
    for mine, other in zip(here, there, strict=True):
        if other is not None:
            torch.testing.assert_close(mine, other, atol=1e-5, rtol=1e-4)
