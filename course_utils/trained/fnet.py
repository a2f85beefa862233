"""Published FNet weights in the course's own encoder.

google/fnet-base has no attention: twelve blocks of Fourier mixing and feed-forward layers. Its
weights, 332 MB, do not come with the course; whoever has them, as a dictionary of tensors, gets the
course's model from `fnet_encoder` or `fnet_masked_lm`:

    from safetensors.torch import load_file
    model = fnet_masked_lm(load_file("model.safetensors"))

Source: Lee-Thorp et al. 2021, FNet; the names are those of Hugging Face's FNet.
"""

import functools
import re
from collections.abc import Callable, Mapping

import torch
import torch.nn.functional as F
from torch import Tensor, nn

from course_utils.mixers import FourierMixing
from course_utils.models import Embedding, Encoder, MaskedLanguageModel, TextEncoder
from course_utils.positions import LearnedPositions

Activation = Callable[[Tensor], Tensor]

# The activation of fnet-base, which its configuration calls "gelu_new": GELU by way of a tanh. That
# of fnet-large says "gelu", which is F.gelu.
TANH_GELU = functools.partial(F.gelu, approximate="tanh")
LAYER_NORM = functools.partial(nn.LayerNorm, eps=1e-12)

# One published name a line, and where that tensor goes in a `MaskedLanguageModel`.
# The braces stand for the layer's number.
RENAMED = {
    "embeddings.word_embeddings.weight": "encoder.embedding.tokens.weight",
    "embeddings.LayerNorm": "encoder.embedding.norm",
    "embeddings.projection": "encoder.embedding.projection",
    "encoder.layer.{}.fourier.output.LayerNorm": "encoder.encoder.blocks.{}.mixer_norm",
    "encoder.layer.{}.intermediate.dense": "encoder.encoder.blocks.{}.ffn.widen",
    "encoder.layer.{}.output.dense": "encoder.encoder.blocks.{}.ffn.narrow",
    "encoder.layer.{}.output.LayerNorm": "encoder.encoder.blocks.{}.ffn_norm",
    "cls.predictions.transform.dense": "transform",
    "cls.predictions.transform.LayerNorm": "norm",
    "cls.predictions.bias": "bias",
}
# What is published besides: counters, the same matrix once more, and heads for other questions.
LEFT_OUT = re.compile(
    r"embeddings\.(position_ids|token_type_ids)|cls\.predictions\.decoder\.|pooler\.|"
    r"cls\.seq_relationship|embeddings\.(position|token_type)_embeddings\."
)


def fnet_masked_lm(
    published: Mapping[str, Tensor], *, activation: Activation = TANH_GELU
) -> MaskedLanguageModel:
    """A published FNet that guesses hidden words, in evaluation mode. Sizes are read off it.

    KeyError, which names the tensor, if the weights are not FNet's or have no such head.
    """
    with torch.device("meta"):  # no time is spent on random weights that nobody will see
        model = MaskedLanguageModel(
            _empty(published, activation), norm_layer=LAYER_NORM, activation=activation
        )
    model.load_state_dict(course_names(published), assign=True)
    return model.eval()


def fnet_encoder(
    published: Mapping[str, Tensor], *, activation: Activation = TANH_GELU
) -> TextEncoder:
    """A published FNet without heads, in evaluation mode. Sizes are read off its tensors.

    KeyError, which names the tensor, if the weights are not FNet's.
    """
    with torch.device("meta"):
        model = _empty(published, activation)
    own = {
        name.removeprefix("encoder."): tensor
        for name, tensor in course_names(published).items()
        if name.startswith("encoder.")
    }
    model.load_state_dict(own, assign=True)
    return model.eval()


def course_names(published: Mapping[str, Tensor]) -> dict[str, Tensor]:
    """The same tensors under the names of the course's `MaskedLanguageModel`.

    Every token also has a "type" (first or second text). With one text that is a constant, so it is
    added to every position's vector here, once. KeyError for a tensor that FNet does not have.
    """
    without = {name.removeprefix("fnet."): tensor for name, tensor in published.items()}
    renamed = {
        "encoder.embedding.positions.table.weight": _tensor(
            without, "embeddings.position_embeddings.weight"
        )
        + _tensor(without, "embeddings.token_type_embeddings.weight")[0]
    }
    for name, tensor in without.items():
        if not LEFT_OUT.match(name):
            renamed[_renamed(name)] = tensor
    return renamed


def _renamed(name: str) -> str:
    layer = re.search(r"layer\.(\d+)\.", name)
    number = layer.group(1) if layer else ""
    for old, new in RENAMED.items():
        old = old.format(number)
        if name == old or name.startswith(old + "."):
            return new.format(number) + name.removeprefix(old)
    raise KeyError(f"FNet has no {name!r}: these are another model's weights.")


def _tensor(published: Mapping[str, Tensor], name: str) -> Tensor:
    if name not in published:
        raise KeyError(f"FNet's weights have {name!r}, these do not.")
    return published[name]


def _empty(published: Mapping[str, Tensor], activation: Activation) -> TextEncoder:
    """An encoder of the sizes of these tensors, with numbers that mean nothing."""
    without = {name.removeprefix("fnet."): tensor for name, tensor in published.items()}
    vocab_size, d_model = _tensor(without, "embeddings.word_embeddings.weight").shape
    layers = {match[1] for name in without if (match := re.match(r"encoder\.layer\.(\d+)\.", name))}
    return TextEncoder(
        Embedding(
            vocab_size,
            d_model,
            LearnedPositions(
                len(_tensor(without, "embeddings.position_embeddings.weight")), d_model
            ),
            norm=LAYER_NORM(d_model),
            projection=nn.Linear(d_model, d_model),
        ),
        Encoder(
            lambda layer: FourierMixing(),
            d_model=d_model,
            n_layers=len(layers),
            d_ff=len(_tensor(without, "encoder.layer.0.intermediate.dense.weight")),
            norm="post",
            activation=activation,
            norm_layer=LAYER_NORM,
        ),
    )
