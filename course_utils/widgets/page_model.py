"""A language model that runs in the page: weights for lib/transformer.js, and the same in torch.

The page knows one kind of model, that of the shipped Shakespeare model: rotary causal attention,
pre-norm blocks with GELU, logits from the embedding read backwards.
"""

from dataclasses import dataclass
from typing import Any

import numpy as np
import torch
import torch.nn.functional as F
from torch import nn

from course_utils.blocks import FeedForward
from course_utils.decoding import without_dropout
from course_utils.mixers import Attention, capture_attention
from course_utils.models import LanguageModel
from course_utils.positions import NoPositions, Rotary

BASE, EPSILON = 10_000.0, 1e-5  # what lib/transformer.js has for rotary positions and for norms


def why_not_in_the_page(model: nn.Module) -> str:
    """What lib/transformer.js cannot compute of this model; empty if it can compute all."""
    if type(model) is not LanguageModel:
        return f"a {type(model).__name__} is no LanguageModel"
    for layer, block in enumerate(model.encoder.blocks):
        mixer, ffn = block.mixer, block.ffn
        norms = block.mixer_norm, block.ffn_norm
        if type(mixer) is not Attention or type(mixer.rotary) is not Rotary:
            return f"layer {layer} mixes with a {type(mixer).__name__}, not with rotary Attention"
        if mixer.rotary.base != BASE:
            return f"layer {layer} has a rotary base of {mixer.rotary.base:g}, not {BASE:g}"
        if type(ffn) is not FeedForward or ffn.activation is not F.gelu:
            return f"layer {layer} thinks with something else than a FeedForward with GELU"
        if block.norm != "pre" or any(not _is_known(norm) for norm in norms):
            return f"layer {layer} is not a pre-norm block with LayerNorm"
    if type(model.embedding.positions) is not NoPositions:
        return f"it adds {type(model.embedding.positions).__name__} to its embedding"
    if model.output is not None:
        return "its output matrix is not its embedding (tie=False)"
    embedding_extras = model.embedding.norm, model.embedding.projection
    if any(type(extra) is not nn.Identity for extra in embedding_extras):
        return "its embedding has a norm or a projection"
    return ""


def _is_known(norm: nn.Module) -> bool:
    return type(norm) is nn.LayerNorm and norm.elementwise_affine and norm.eps == EPSILON


def expect_in_the_page(model: nn.Module) -> None:
    """ValueError that says what does not fit, if the page cannot compute this model."""
    if why := why_not_in_the_page(model):
        raise ValueError(
            f"the page cannot compute this model: {why}. It computes what load_shakespeare() "
            "returns, and models that are made like it: ShakespeareRecipe(…).model(vocab_size)."
        )


def weights_for_the_page(model: nn.Module) -> tuple[dict[str, Any], bytes]:
    """What the page needs to know of the weights, and the weights, one after the other.

    In half precision, if that changes nothing, as with a model that was loaded from a folder; else
    in float32.
    """
    expect_in_the_page(model)
    named = {name: tensor.detach().cpu().float() for name, tensor in model.named_parameters()}
    exact = all(bool((tensor.half().float() == tensor).all()) for tensor in named.values())
    kind = "float16" if exact else "float32"
    parts = [tensor.numpy().astype("<f2" if exact else "<f4") for tensor in named.values()]
    about = {
        "type": kind,
        "layout": [[name, part.size] for name, part in zip(named, parts, strict=True)],
        "n_heads": model.encoder.blocks[0].mixer.n_heads,
        "n_layers": len(model.encoder.blocks),
        "scale": float(model.embedding.scale),
    }
    return about, b"".join(part.tobytes() for part in parts)


@dataclass(frozen=True)
class Trace:
    """All that a model makes of a text of n tokens; what lib/transformer.js calls a reading."""

    embedded: np.ndarray  # [n, d_model]
    middle: np.ndarray  # the residual stream after each attention, [n_layers, n, d_model]
    after: np.ndarray  # after each block, [n_layers, n, d_model]
    maps: np.ndarray  # [n_layers, n_heads, n, n]
    says: np.ndarray  # logits of the embedding, and of each block: [1 + n_layers, n, vocab_size]

    @property
    def logits(self) -> np.ndarray:
        """What the model says, [n, vocab_size]."""
        return self.says[-1]


def trace(model: LanguageModel, ids: list[int]) -> Trace:
    """Read the tokens, and keep what is in between.

    `says` is the "logit lens" of nostalgebraist 2020: closing norm and embedding, applied to the
    residual stream as it is after each block.
    """
    kept: dict[str, list[torch.Tensor]] = {"middle": [], "after": []}
    hooks = []
    for block in model.encoder.blocks:
        hooks.append(block.ffn_norm.register_forward_pre_hook(
            lambda module, inputs: kept["middle"].append(inputs[0])
        ))  # fmt: skip
        hooks.append(block.register_forward_hook(
            lambda module, inputs, output: kept["after"].append(output)
        ))  # fmt: skip
    device = model.embedding.tokens.weight.device
    try:
        with torch.no_grad(), without_dropout(model), capture_attention(model) as maps:
            tokens = torch.tensor([ids], device=device)
            model(tokens)
            embedded = model.embedding(tokens)
            stream = torch.cat([embedded, *kept["after"]])
            says = model.embedding.logits(model.encoder.final_norm(stream))
    finally:
        for hook in hooks:
            hook.remove()
    as_numpy = {name: torch.cat(parts).cpu().numpy() for name, parts in kept.items()}
    return Trace(
        embedded=embedded[0].cpu().numpy(),
        maps=torch.cat(maps).cpu().numpy(),
        says=says.cpu().numpy(),
        **as_numpy,
    )
