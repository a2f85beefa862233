"""The model in the page (lib/transformer.js) is the model in torch, number for number."""

import base64
import functools

import numpy as np
import pytest
import torch
import torch.nn.functional as F
from pages import in_node
from torch import nn

from course_utils.mixers import Attention
from course_utils.models import LanguageModel
from course_utils.positions import LearnedPositions, Rotary
from course_utils.trained import load_shakespeare
from course_utils.widgets.explorer import LIB, page_module
from course_utils.widgets.page_model import Trace, trace, weights_for_the_page

TEXT = "Tom drinks cold coffee\nbecause he is tired, and so am I; what now?"[:64]


class Page:
    """What `in_node` runs: the module alone."""

    _esm = page_module(LIB / "transformer.js")


def small(scale=1.0, **options) -> LanguageModel:
    """Two layers whose numbers need all of float32."""
    torch.manual_seed(0)
    rotary = Rotary(4)
    model = LanguageModel(
        11, lambda layer: Attention(8, 2, causal=True, rotary=rotary),
        **{"d_model": 8, "n_layers": 2, "d_ff": 12, **options},
    )  # fmt: skip
    for parameter in model.parameters():
        nn.init.normal_(parameter, std=scale)
    return model


READ = """
  const bytes = new DataView(Uint8Array.from(atob(given.bytes), (c) => c.charCodeAt(0)).buffer);
  const model = page.unpackWeights(given.about, bytes);
  const reading = page.newReading(model, given.ids.length);
  for (const id of given.ids) page.readOn(reading, id);
  const list = (table) => Array.from(table.numbers);
"""


def read_in_the_page(tmp_path, model: LanguageModel, ids: list[int]) -> Trace:
    about, weights = weights_for_the_page(model)
    given = {"about": about, "bytes": base64.b64encode(weights).decode(), "ids": ids}
    program = (
        READ
        + """
      const said = [reading.embedded, ...reading.blocks.map((block) => block.after)].map((stream) =>
        given.ids.map((_, i) => {
          const logits = new Float32Array(model.vocabSize);
          page.lens(logits, stream.row(i), model);
          return Array.from(logits);
        }));
      return {
        embedded: list(reading.embedded), logits: list(reading.logits), said,
        middle: reading.blocks.map((block) => list(block.middle)),
        after: reading.blocks.map((block) => list(block.after)),
        maps: reading.blocks.map((block) => block.maps.map(list)),
      };
    """
    )
    found = in_node(tmp_path, Page, program, given)
    n, layers, d = len(ids), about["n_layers"], model.embedding.tokens.embedding_dim
    said = np.array(found["said"])
    np.testing.assert_allclose(said[-1].ravel(), found["logits"], atol=1e-6)
    return Trace(
        embedded=np.reshape(found["embedded"], (n, d)),
        middle=np.reshape(found["middle"], (layers, n, d)),
        after=np.reshape(found["after"], (layers, n, d)),
        maps=np.reshape(found["maps"], (layers, -1, n, n)),
        says=said,
    )


def assert_same(ours: Trace, theirs: Trace) -> None:
    for name in ("embedded", "middle", "after", "maps", "says"):
        np.testing.assert_allclose(
            getattr(ours, name), getattr(theirs, name), atol=1e-4, rtol=1e-4, err_msg=name
        )


@functools.cache
def shakespeare():
    return load_shakespeare()


@pytest.mark.parametrize("text", ["T", "To", "Tom drinks cold coffee", TEXT])
def test_the_shipped_model_is_the_same_in_the_page(tmp_path, text):
    model, ids = shakespeare().model, shakespeare().tokenizer.encode(text)
    theirs = trace(model, ids)
    assert_same(read_in_the_page(tmp_path, model, ids), theirs)
    logits = model(torch.tensor([ids]))[0].numpy()
    np.testing.assert_allclose(theirs.logits, logits, atol=1e-5)


def test_a_model_in_float32_is_the_same_in_the_page(tmp_path):
    model, ids = small(), [0, 3, 10, 3, 7]
    assert weights_for_the_page(model)[0]["type"] == "float32"
    assert_same(read_in_the_page(tmp_path, model, ids), trace(model, ids))


def test_a_difference_would_be_seen(tmp_path):
    """The page's attention without the turn by position is another model."""
    model, ids = small(), [0, 3, 10, 3, 7]
    found = read_in_the_page(tmp_path, model, ids)
    for block in model.encoder.blocks:
        block.mixer.rotary = None
    with pytest.raises(AssertionError, match="middle"):
        assert_same(found, trace(model, ids))


def test_reading_on_changes_nothing_that_was_read(tmp_path):
    about, weights = weights_for_the_page(small())
    given = {"about": about, "bytes": base64.b64encode(weights).decode(), "ids": [4, 1, 9, 9]}
    program = (
        READ
        + """
      const longer = page.newReading(model, 6);
      for (const id of [...given.ids, 2, 5]) page.readOn(longer, id);
      let full = "";
      try { page.readOn(longer, 0); } catch (error) { full = error.message; }
      const rows = (table, n) => Array.from({ length: n }, (_, i) => Array.from(table.row(i)));
      return [rows(reading.logits, 4), rows(longer.logits, 6), longer.ids, full];
    """
    )
    short, longer, ids, full = in_node(tmp_path, Page, program, given)
    assert longer[:4] == short and len(longer) == 6
    assert ids == [4, 1, 9, 9, 2, 5]
    assert full == "there is room for 6 tokens."


def test_half_precision_keeps_every_number(tmp_path):
    """Normal and subnormal, of both signs, zero, and the largest."""
    halves = np.array([0, 1, -1, 0.1, -0.3333, 65504, -65504, 6e-8, -6e-5, 6.1e-5], dtype="<f2")
    layout = [
        ["embedding.tokens.weight", 2], ["encoder.final_norm.weight", 1],
        ["encoder.blocks.0.ffn.widen.bias", 1], ["rest", 6],
    ]  # fmt: skip
    given = {
        "about": {"type": "float16", "layout": layout, "n_heads": 1, "n_layers": 1, "scale": 1},
        "bytes": base64.b64encode(halves.tobytes()).decode(),
        "ids": [],
    }
    program = READ.split("const reading")[0] + "return given.about.layout.flatMap(([name]) => "
    program += "Array.from(model.weights[name]));"
    assert in_node(tmp_path, Page, program, given) == halves.astype(float).tolist()


def test_what_is_sent_is_small_and_exact():
    about, weights = weights_for_the_page(shakespeare().model)
    assert about["type"] == "float16"
    assert len(weights) == 2 * 801_664 == 2 * sum(size for _, size in about["layout"])


@pytest.mark.parametrize(
    ("change", "says"),
    [
        (lambda: small(norm="post"), "layer 0 is not a pre-norm block"),
        (lambda: small(activation=F.relu), "layer 0 thinks with something else"),
        (lambda: small(tie=False), "not its embedding"),
        (lambda: small(positions=LearnedPositions(8, 8)), "it adds LearnedPositions"),
        (lambda: small(norm_layer=nn.RMSNorm), "with LayerNorm"),
        (lambda: nn.Linear(2, 2), "a Linear is no LanguageModel"),
        (
            lambda: LanguageModel(
                5, lambda layer: Attention(8, 2, causal=True), d_model=8, n_layers=1, d_ff=8
            ),
            "not with rotary Attention",
        ),
        (
            lambda: LanguageModel(
                5, lambda layer: Attention(8, 2, causal=True, rotary=Rotary(4, 500.0)),
                d_model=8, n_layers=1, d_ff=8,
            ),
            "a rotary base of 500, not 10000",
        ),
    ],
)  # fmt: skip
def test_what_the_page_cannot_compute_is_refused_in_words(change, says):
    with pytest.raises(ValueError, match=f"{says}.*load_shakespeare"):
        weights_for_the_page(change())


def test_tracing_leaves_the_model_as_it_was():
    model = small().train()
    trace(model, [1, 2])
    assert model.training
    assert not any(module._forward_hooks or module._forward_pre_hooks for module in model.modules())
