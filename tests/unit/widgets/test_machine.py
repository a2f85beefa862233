"""The machine: what Python says and draws of it, and what the page works out."""

import numpy as np
import pytest
import torch
from explorer_examples import PLAY, remembering, speaking
from pages import in_node
from traitlets import TraitError

from course_utils.trained import load_shakespeare
from course_utils.widgets import MachineExplorer
from course_utils.widgets.explorer import LIB, page_module


class Tower:
    """What `in_node` runs: the tower's module alone."""

    _esm = page_module(LIB / "tower.js")


def explorer(text="To drink", **options) -> MachineExplorer:
    return MachineExplorer(speaking(), PLAY, text, **options)


def test_in_words_it_says_what_the_model_says():
    trained = load_shakespeare()
    shown = MachineExplorer(trained.model, trained.tokenizer, "Tom drinks cold coffee")
    logits = trained.model(torch.tensor([trained.tokenizer.encode(shown.text)]))[0, -1]
    best = trained.tokenizer.characters[int(logits.argmax())]
    chance = logits.softmax(0).max()
    assert f"after block 4 {best} {100 * chance:.0f} %" in shown.alt
    assert "22 × 128" in shown.alt and "4 blocks of 4 heads" in shown.alt
    assert "as embedding e" in shown.alt


def test_the_words_are_those_of_the_text_that_was_typed():
    shown = explorer()
    before = shown.alt
    shown.text = "not"  # as the page does, when it has read it
    assert "3 characters, “not”" in shown.alt
    assert shown.alt != before
    assert explorer("not").alt == shown.alt


def test_one_block_alone_says_so():
    told = explorer(block=1).alt
    assert "Shown alone: block 2." in told
    assert "after block 1" in told and "after block 2" in told
    assert "after block 3" not in told and "as embedding" not in told


def test_words_and_still_go_as_far_as_the_data():
    told = {step: explorer(step=step) for step in (0, 1, 2, 4, 5, 9)}
    assert "has not set out yet" in told[0].alt and "would say" not in told[0].alt
    for step, says, not_yet in [
        (1, "as embedding", "after block 1"), (4, "as embedding", "after block 1"),
        (5, "after block 1", "after block 2"), (9, "after block 2", "after block 3"),
    ]:  # fmt: skip
        assert says in told[step].alt and not_yet not in told[step].alt
    strips = {step: len(shown.still().axes[0].images) for step, shown in told.items()}
    assert strips == {0: 0, 1: 1, 2: 1 + 2, 4: 1 + 3, 5: 1 + 4, 9: 1 + 8}


def test_the_still_has_a_map_for_each_head_that_is_shown():
    """Two heads a block; and strips of the stream: one below, two in each block."""
    whole, one = explorer().still(), explorer(block=2).still()
    assert len(whole.axes[0].images) == 3 * 2 + 1 + 3 * 2
    assert len(one.axes[0].images) == 2 + 1 + 2
    words = [text.get_text() for text in one.axes[0].texts]
    assert "after block 2" in words and "after block 3" in words
    assert "after block 1" not in words


def test_the_weights_are_sent_to_whoever_asks(monkeypatch):
    shown, sent = explorer(), []
    monkeypatch.setattr(shown, "send", lambda content, buffers: sent.append((content, buffers)))
    shown._send_large(shown, {"ask": "the way"}, [])
    assert not sent
    shown._send_large(shown, {"ask": "large"}, [])
    (content, (weights,)) = sent[0]
    assert len(weights) == 4 * sum(size for _, size in content["large"]["layout"])
    assert not any(isinstance(value, bytes) for value in shown.get_state().values())


@pytest.mark.parametrize(
    ("arguments", "says"),
    [
        ({"text": ""}, "1 to 64 characters, got 0"),
        ({"text": "to " * 22}, "1 to 64 characters, got 66"),
        ({"text": "café"}, "'c' is not among"),
        ({"block": 3}, "no block 3: the model has 3, from 0"),
        ({"block": -1}, "no block -1"),
        ({"step": 99}, "no step 99: there are 16, from 0"),
    ],
)
def test_errors_name_what_was_given(arguments, says):
    with pytest.raises((ValueError, TraitError), match=says):
        explorer(**arguments)


def test_a_model_that_the_page_cannot_compute_is_refused():
    with pytest.raises(ValueError, match="mixes with a PersistentAttention"):
        MachineExplorer(remembering(), PLAY, "To drink")


def test_steps_go_up_through_the_blocks(tmp_path):
    program = "return [page.stepsThrough(0, 3, 4, true), page.stepsThrough(2, 2, 4, false)];"
    whole, one = in_node(tmp_path, Tower, program, None)
    assert len(whole) == 2 + 4 * 4 + 2 and len(one) == 2 + 4
    assert [places[0]["kind"] for places in one] == [
        "characters", "stream", "head", "stream", "widened", "stream",
    ]  # fmt: skip
    assert one[1] == [{"kind": "stream", "layer": 1, "part": "after"}]
    assert [place["head"] for place in one[2]] == [0, 1, 2, 3]
    assert [places[0].get("layer") for places in whole[2:18:4]] == [0, 1, 2, 3]


def test_a_chance_falls_on_each_as_often_as_its_share_says(tmp_path):
    program = """
      const counts = [0, 0, 0, 0];
      for (let i = 0; i < 1000; i++) counts[page.fallsOn([0.2, 0, 0.5, 0.3], (i + 0.5) / 1000)]++;
      return [counts, page.fallsOn([0.3, 0.6999], 0.99999)];
    """
    counts, last = in_node(tmp_path, MachineExplorer, program, None)
    assert counts == [200, 0, 500, 300]
    assert last == 1  # rounding must not end on nobody
    program = "return page.likeliest([0.2, 0.5, 0.3], 2);"
    np.testing.assert_allclose(in_node(tmp_path, Tower, program, None), [[0.5, 1], [0.3, 2]])
