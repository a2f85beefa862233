"""The mixing map: shares of what is heard, and a sentence of the reader's own."""

import numpy as np
import pytest

from course_utils.widgets import MixingMap

WORDS = ["Tom", "drinks", "coffee"]


def maps(n=3):
    return {"Fourier": np.ones((n, n)), "nobody": 2 * np.eye(n)}


def test_rows_are_shares():
    table = MixingMap(WORDS, maps()).table
    np.testing.assert_allclose(table[0], 1 / 3, atol=1e-7)
    np.testing.assert_allclose(table[1], np.eye(3), atol=1e-7)


def test_it_says_in_words_who_hears_whom():
    said = MixingMap(WORDS, maps(), chosen="nobody").alt
    assert "Fourier: 33 % of what moves a token is its own" in said
    assert "nobody: 100 % of what moves a token is its own" in said
    assert "67 % of all pairs do not hear each other" in said


def test_a_typed_sentence_brings_other_maps():
    explorer = MixingMap(WORDS, maps(), read=lambda text: (text.split(), maps(len(text.split()))))
    explorer.text = "he is very tired"
    assert explorer.tokens == ["he", "is", "very", "tired"] and explorer.table.shape == (2, 4, 4)
    assert (explorer.trouble, explorer.answered) == ("", 1)
    explorer.text = "word " * 25
    assert "25 tokens" in explorer.trouble and explorer.answered == 2
    assert explorer.tokens == ["he", "is", "very", "tired"]


@pytest.mark.parametrize(
    ("given", "says"),
    [
        (([], maps()), "0 tokens; the map shows 1 to 24"),
        ((WORDS, {}), "got none"),
        ((WORDS, maps(4)), r"'Fourier' has a map of shape \[4, 4\], and there are 3 tokens"),
        ((WORDS, {"a": -np.ones((3, 3))}), "'a': each token hears something"),
        ((WORDS, {"a": np.zeros((3, 3))}), "'a': each token hears something"),
        ((WORDS, {"a": np.full((3, 3), np.nan)}), "'a': each token hears something"),
    ],
)
def test_maps_that_do_not_fit_are_named(given, says):
    with pytest.raises(ValueError, match=says):
        MixingMap(*given)
    with pytest.raises(ValueError, match="chosen"):
        MixingMap(WORDS, maps(), chosen="attention")
