"""The sampling explorer: the page, Python's drawing and the package's Sampler agree."""

import numpy as np
import pytest
import torch
from explorer_examples import PLAY, speaking
from pages import in_node

from course_utils.decoding import Sampler
from course_utils.mixers import Attention
from course_utils.models import LanguageModel
from course_utils.positions import LearnedPositions
from course_utils.text import CharTokenizer
from course_utils.widgets import SamplingExplorer
from course_utils.widgets.sampling_explorer import bits, sampled_from

VOCABULARY = list("abcdefghijklmnopqrstuvwxyz \n")
SETTINGS = [
    {},
    {"temperature": 0.2},
    {"temperature": 5.0},
    {"top_k": 1},
    {"top_k": 5, "temperature": 2.0},
    {"top_p": 0.5},
    {"top_p": 0.9, "temperature": 1.5},
    {"min_p": 0.1},
    {"temperature": 1.2, "top_k": 8, "top_p": 0.8, "min_p": 0.2},
]
# At the edges: chances, settings, and what is left. The logits that come in are rounded to float32.
EDGES = [
    ([0.5, 0.3, 0.1, 0.1], {"top_p": 0.8}, [0.625, 0.375, 0, 0]),
    ([0.3, 0.1, 0.5, 0.1], {"top_p": 0.8}, [0.375, 0, 0.625, 0]),
    ([0.5, 0.3, 0.1, 0.1], {"top_p": 0.81}, [5 / 9, 3 / 9, 1 / 9, 0]),
    ([0.7, 0.2, 0.1], {"top_p": 0.9}, [7 / 9, 2 / 9, 0]),
    ([0.7, 0.2, 0.1], {"top_p": 0.7}, [1, 0, 0]),
    ([0.1] * 10, {"top_p": 0.3}, [1 / 3] * 3 + [0] * 7),
    ([0.1] * 10, {"top_p": 0.8}, [1 / 8] * 8 + [0] * 2),
    ([0.5, 0.3, 0.2], {"top_p": 1e-9}, [1, 0, 0]),
    ([0.5, 0.3, 0.15, 0.05], {"min_p": 0.1}, [0.5, 0.3, 0.15, 0.05]),
    ([0.5, 0.3, 0.15, 0.05], {"min_p": 0.3}, [0.5 / 0.95, 0.3 / 0.95, 0.15 / 0.95, 0]),
    ([0.5, 0.3, 0.2], {"top_k": 2}, [0.625, 0.375, 0]),
    ([0.5, 0.3, 0.2], {"temperature": 1e-50}, [1, 0, 0]),
    ([0.4, 0.2, 0.4], {"temperature": 1e-50}, [0.5, 0, 0.5]),
    ([0.2, 0.5, 0.3], {"temperature": 1e-300, "top_p": 0.5}, [0, 1, 0]),
]
PAGES_NAMES = {"temperature": "temperature", "top_k": "topK", "top_p": "topP", "min_p": "minP"}


def scores(n=4, seed=0) -> np.ndarray:
    return (3 * np.random.default_rng(seed).normal(size=(n, len(VOCABULARY)))).astype("float32")


def explorer(**settings) -> SamplingExplorer:
    return SamplingExplorer(list("Tom "), scores(), VOCABULARY, **settings)


@pytest.mark.parametrize("settings", SETTINGS, ids=str)
def test_the_bars_are_what_the_sampler_draws_with(settings):
    expected = Sampler(**{"top_k": None, **settings}).probabilities(torch.tensor(scores()))
    for row, wanted in zip(scores(), expected.numpy(), strict=True):
        np.testing.assert_allclose(sampled_from(row, **settings), wanted, atol=1e-6)


def test_the_page_works_out_the_same(tmp_path):
    given = {
        "scores": scores().tolist(),
        "settings": [for_the_page(one) for one in SETTINGS],
        "reached": SamplingExplorer.shared()["reached"],
    }
    program = """
      return given.settings.map((one) => given.scores.map((row) => {
        const shares = page.sampledFrom(Float32Array.from(row), one, given.reached);
        return [shares, page.bits(shares)];
      }));
    """
    for settings, found in zip(
        SETTINGS, in_node(tmp_path, SamplingExplorer, program, given), strict=True
    ):
        for row, (shares, surprise) in zip(scores(), found, strict=True):
            wanted = sampled_from(row, **settings)
            np.testing.assert_allclose(shares, wanted, atol=1e-9)
            assert surprise == pytest.approx(bits(wanted))


def for_the_page(settings: dict) -> dict:
    return {PAGES_NAMES[name]: value for name, value in settings.items()}


@pytest.mark.parametrize(("chances", "settings", "left"), EDGES, ids=str)
def test_what_meets_a_limit_exactly_is_kept(chances, settings, left):
    logits = np.log(chances).astype("float32")
    np.testing.assert_allclose(sampled_from(logits, **settings), left, atol=1e-6)
    sampler = Sampler(**{"top_k": None, **settings})
    np.testing.assert_allclose(
        sampler.probabilities(torch.tensor(logits)[None])[0], left, atol=1e-6
    )


def test_the_page_keeps_what_meets_a_limit_exactly(tmp_path):
    given = {
        "cases": [
            [np.log(chances).astype("float32").tolist(), for_the_page(settings)]
            for chances, settings, _ in EDGES
        ],
        "reached": SamplingExplorer.shared()["reached"],
    }
    program = """
      return given.cases.map(([logits, settings]) =>
        page.sampledFrom(Float32Array.from(logits), settings, given.reached));
    """
    found = in_node(tmp_path, SamplingExplorer, program, given)
    for (chances, settings, left), shares in zip(EDGES, found, strict=True):
        np.testing.assert_allclose(shares, left, atol=1e-6, err_msg=f"{chances} {settings}")


def test_a_draw_falls_on_each_as_often_as_its_share_says(tmp_path):
    program = """
      const shares = [0.2, 0, 0.5, 0.3, 0];
      const counts = shares.map(() => 0);
      for (let i = 0; i < 1000; i++) counts[page.drawn(shares, (i + 0.5) / 1000)]++;
      return [counts, page.drawn(shares, 0), page.drawn([0.5, 0.4999999999, 0], 0.99999999999)];
    """
    counts, first, last = in_node(tmp_path, SamplingExplorer, program, None)
    assert counts == [200, 0, 500, 300, 0]
    assert (first, last) == (0, 1)  # rounding must not end on what was cut


def test_a_fair_coin_is_one_bit():
    assert bits([0.5, 0.5, 0]) == 1
    assert f"{bits([1.0, 0.0]):.1f}" == "0.0"  # and not -0.0


def test_small_shares_are_not_told_as_nothing():
    logits = np.log(np.array([[0.9996, 0.0004]]))
    assert "a 100.0 %, b under 0.1 %" in SamplingExplorer(["a"], logits, ["a", "b"]).alt


def test_in_words():
    logits = np.log(np.array([[0.7, 0.2, 0.1]]))
    alt = SamplingExplorer(["a"], logits, ["\n", "b", " "], top_p=0.8).alt
    assert "after “a” at temperature 1, top-p 0.8: ↵ 77.8 %, b 22.2 %" in alt
    assert "2 of 3 tokens" in alt


@pytest.mark.parametrize(
    "arguments, says",
    [
        ({"tokens": []}, "no tokens"),
        ({"tokens": list("Tom")}, r"\[n, vocab\] = \[3, 28\], got shape \[4, 28\]"),
        ({"tokens": ["a"] * 401, "logits": scores(401)}, "up to 400 tokens, got 401"),
        ({"logits": scores() * np.nan}, "NaN"),
        ({"place": 4}, "no place 4 in a text of 4"),
        ({"temperature": 0}, "temperature must be one of 0.1"),
        ({"top_k": 7}, "top_k must be one of 1, 2, 3"),
        ({"top_p": 0}, "top_p must be one of"),
        ({"min_p": 1}, "min_p must be one of"),
    ],
)
def test_errors_name_what_was_given(arguments, says):
    given = {"tokens": list("Tom "), "logits": scores(), "vocabulary": VOCABULARY, **arguments}
    with pytest.raises(ValueError, match=says):
        SamplingExplorer(**given)


# ---- with a model that writes


@pytest.fixture
def writer():
    torch.manual_seed(0)
    tokenizer = CharTokenizer("Tom drinks cold coffee")
    model = LanguageModel(
        tokenizer.vocab_size,
        lambda layer: Attention(8, 2, causal=True, dropout=0.5),
        positions=LearnedPositions(12, 8),
        d_model=8,
        n_layers=1,
        d_ff=8,
    )
    return model, tokenizer


def test_the_numbers_are_the_models_own_without_dropout(writer):
    model, tokenizer = writer
    shown = SamplingExplorer.from_model(model, tokenizer, "Tom drinks", place=3)
    assert model.training
    model.eval()
    expected = model(torch.tensor([tokenizer.encode("Tom drinks")]))[0].detach()
    np.testing.assert_allclose(shown.table, expected, atol=1e-6)
    assert (shown.place, shown.can_read, "".join(shown.tokens)) == (3, True, "Tom drinks")


def test_a_text_goes_on_and_comes_all_at_once(writer):
    model, tokenizer = writer
    shown = SamplingExplorer.from_model(model, tokenizer, "Tom drinks")
    shown.text = "Tom drinks c"
    assert (shown.place, shown.answered, shown.trouble) == (11, 1, "")
    assert shown.table.shape == (12, tokenizer.vocab_size)
    shown.text = "Tom drinks cold coffee"  # more than it can read: the beginning is forgotten
    assert "".join(shown.tokens) == "s cold coffee"[-12:]
    assert shown.place == 11


@pytest.mark.parametrize(
    "text, says", [("", "at least one character"), ("Tom?", r"“\?” is not among the \d+ char")]
)
def test_trouble_is_told_and_nothing_changes(writer, text, says):
    import re

    shown = SamplingExplorer.from_model(*writer, "Tom")
    shown.text = text
    assert re.search(says, shown.trouble)
    assert ("".join(shown.tokens), shown.answered) == ("Tom", 1)
    shown.text = "Tom d"
    assert (shown.trouble, "".join(shown.tokens)) == ("", "Tom d")


def test_a_model_that_the_page_can_compute_is_sent_to_it(writer):
    """In half precision, if it was loaded; the others are asked in Python."""
    here = SamplingExplorer.from_model(speaking(), PLAY, "To drink")
    assert here.in_the_page and here.longest == 64
    about, weights = here.large()
    assert len(weights) == 4 * sum(size for _, size in about["layout"])
    there = SamplingExplorer.from_model(*writer, "Tom")
    assert not there.in_the_page and there.large() is None and there.longest == 12


def test_the_words_are_those_of_the_text_that_the_page_wrote():
    here = SamplingExplorer.from_model(speaking(), PLAY, "To drink")
    here.text = "To drink, or"  # as the page does, when it has written
    assert "after “To drink, or”" in here.alt


def test_without_a_vocabulary_there_is_nothing_to_draw():
    with pytest.raises(ValueError, match="nothing to draw: no vocabulary"):
        SamplingExplorer(["a"], np.zeros((1, 0)), [])


def test_numpys_numbers_set_the_sliders_too():
    temperature = np.float32(2.0)
    explorer = SamplingExplorer(["a"], np.zeros((1, 2)), ["a", "b"], temperature=temperature)
    assert explorer.temperature == 2.0
