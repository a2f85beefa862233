"""Torch's own attention and encoder layers, and ours with the same weights."""

import torch.nn.functional as F
from torch import nn

from course_utils.blocks import Block, FeedForward
from course_utils.mixers import Attention

D_MODEL, N_HEADS, D_FF = 24, 3, 40


def torch_attention() -> nn.MultiheadAttention:
    theirs = nn.MultiheadAttention(D_MODEL, N_HEADS, batch_first=True)
    nn.init.normal_(theirs.in_proj_bias)  # torch starts biases at zero, which would hide a mix-up
    nn.init.normal_(theirs.out_proj.bias)
    return theirs


def attention_like(theirs: nn.MultiheadAttention, **options) -> Attention:
    """Ours with the weights of torch's module, which keeps query, key and value in one matrix."""
    ours = Attention(theirs.embed_dim, theirs.num_heads, **options).to(theirs.in_proj_weight.dtype)
    parts = zip(theirs.in_proj_weight.chunk(3), theirs.in_proj_bias.chunk(3), strict=True)
    for linear, (weight, bias) in zip((ours.query, ours.key, ours.value), parts, strict=True):
        linear.weight.data, linear.bias.data = weight.data, bias.data
    ours.out.load_state_dict(theirs.out_proj.state_dict())
    return ours


def torch_layer(norm: str, activation=F.gelu) -> nn.TransformerEncoderLayer:
    layer = nn.TransformerEncoderLayer(
        D_MODEL,
        N_HEADS,
        D_FF,
        dropout=0.0,
        activation=activation,
        batch_first=True,
        norm_first=norm == "pre",
    )
    for parameter in layer.parameters():
        nn.init.normal_(parameter, std=0.3)  # so that swapped norms or biases cannot hide
    return layer


def block_like(theirs: nn.TransformerEncoderLayer) -> Block:
    ffn = FeedForward(D_MODEL, D_FF, activation=theirs.activation)
    norm = "pre" if theirs.norm_first else "post"
    block = Block(D_MODEL, attention_like(theirs.self_attn), ffn, norm=norm)
    ffn.widen.load_state_dict(theirs.linear1.state_dict())
    ffn.narrow.load_state_dict(theirs.linear2.state_dict())
    block.mixer_norm.load_state_dict(theirs.norm1.state_dict())
    block.ffn_norm.load_state_dict(theirs.norm2.state_dict())
    return block
