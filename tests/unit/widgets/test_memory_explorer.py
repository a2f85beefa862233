"""The memory explorer: how attention is split, and what a vector speaks for."""

import numpy as np
import pytest
import torch

from course_utils.mixers import Attention, PersistentAttention
from course_utils.models import LanguageModel
from course_utils.text import CharTokenizer
from course_utils.widgets import MemoryExplorer
from course_utils.widgets.memory_explorer import promoted

TOKENIZER = CharTokenizer("To drink, or not.")


def model_of(mixer=None, **options) -> LanguageModel:
    torch.manual_seed(0)
    of_layer = mixer or (lambda layer: PersistentAttention(16, 2, 5, causal=True))
    sizes = {"d_model": 16, "n_layers": 3, "d_ff": None, "max_n": 64} | options
    return LanguageModel(TOKENIZER.vocab_size, of_layer, **sizes)


def test_the_split_is_that_of_the_weights():
    model = model_of().eval()
    explorer = MemoryExplorer(model, TOKENIZER, "To do", layer=1, head=1)
    assert explorer.tokens == list("To do") and explorer.sizes == [3, 2, 5]
    ids = torch.tensor([TOKENIZER.encode("To do")])
    block = model.encoder.blocks[0]
    weights = block.mixer.weights(block.mixer_norm(model.embedding(ids)))[0]
    np.testing.assert_allclose(explorer.table[0], weights.detach(), atol=1e-4)
    np.testing.assert_allclose(
        explorer.on_vectors[0], weights[..., :5].sum(-1).mean(-1).detach(), atol=1e-4
    )
    assert f"{100 * explorer.on_vectors[1, 1]:.0f} % on vectors" in explorer.alt
    assert "layer 2, head 2" in explorer.alt


def test_what_a_vector_speaks_for_is_what_it_adds_to_the_stream():
    model = model_of()
    mixer, found = model.encoder.blocks[2].mixer, promoted(model, 2)
    assert found.shape == (2, 5, TOKENIZER.vocab_size)
    # As if one head gave all its attention to that vector, and the other to nothing.
    mixed = torch.zeros(16)
    mixed[8:] = mixer.persistent_value[1, 3] * 5**0.5
    expected = model.embedding.tokens.weight @ (mixer.out.weight @ mixed)
    torch.testing.assert_close(found[1, 3], expected.detach())
    explorer = MemoryExplorer(model, TOKENIZER, "To")
    best = found[1, 3].topk(5).indices.tolist()
    assert explorer.promoted[(2 * 2 + 1) * 5 + 3] == TOKENIZER.decode(best)


def test_a_typed_text_is_read_and_a_bad_one_is_told():
    explorer = MemoryExplorer(model_of(), TOKENIZER, "To")
    explorer.text = "not"
    assert explorer.tokens == list("not") and (explorer.trouble, explorer.answered) == ("", 1)
    explorer.text = "To do what?"
    assert "?" in explorer.trouble or "'w'" in explorer.trouble
    explorer.text = "no " * 30
    assert "90 tokens" in explorer.trouble and explorer.tokens == list("not")


@pytest.mark.parametrize(
    ("make", "says"),
    [
        (lambda: torch.nn.Linear(2, 2), "LanguageModel is needed, got a Linear"),
        (lambda: model_of(lambda _: Attention(16, 2, causal=True)), "has a Attention without"),
        (lambda: model_of(lambda _: PersistentAttention(16, 2, 0, causal=True)), "without"),
    ],
)
def test_models_without_vectors_are_refused(make, says):
    with pytest.raises(ValueError, match=says):
        MemoryExplorer(make(), TOKENIZER, "To")


def test_heads_that_there_are_not():
    with pytest.raises(ValueError, match="layer must be one of 0, 1, 2; got 3"):
        MemoryExplorer(model_of(), TOKENIZER, "To", layer=3)
    with pytest.raises(ValueError, match="0 tokens; the explorer reads 1 to 64"):
        MemoryExplorer(model_of(), TOKENIZER, "")
