"""BLEU and chrF are sacrebleu's, with any number of references; bits are nats over ln 2."""

import math

import pytest
from sacrebleu.metrics import BLEU, CHRF

from course_utils.metrics import bits_per_character, bleu, chrf

SAID = ["Der Hund schläft auf dem Sofa .", "Das ist ein Haus .", "Ich bin sehr müde heute ."]
RIGHT = ["Der Hund schläft auf dem Sofa .", "Das ist mein kleines Haus .", "Ich bin heute müde ."]


def test_one_reference_each_is_sacrebleus():
    assert bleu(SAID, RIGHT) == BLEU().corpus_score(SAID, [RIGHT]).score
    assert chrf(SAID, RIGHT) == CHRF().corpus_score(SAID, [RIGHT]).score
    assert bleu(SAID, [[text] for text in RIGHT]) == bleu(SAID, RIGHT)
    assert bleu(RIGHT, RIGHT) == pytest.approx(100) and chrf(RIGHT, RIGHT) == 100


def test_the_bleu_of_papineni_by_hand():
    """4 of 6 words, 2 of 5 pairs, 1 of 4 triples, smoothed 1/2 of 3 fours; length 6 against 5."""
    said, right = "the cat sat on the mat", "the cat sat upon mat"
    precisions = [4 / 6, 2 / 5, 1 / 4, (1 / 2) / 3]
    expected = 100 * math.exp(sum(map(math.log, precisions)) / 4)
    assert bleu([said], [right]) == pytest.approx(expected)
    shorter = "the cat sat upon"  # every group is right; only the length is not: 4 against 5
    assert bleu([shorter], [right]) == pytest.approx(100 * math.exp(1 - 5 / 4))


def test_any_reference_will_do_and_sentences_may_have_unequally_many():
    references = [[RIGHT[0]], [RIGHT[1], SAID[1]], [RIGHT[2], "Müde bin ich .", SAID[2]]]
    assert bleu(SAID, references) == pytest.approx(100)
    assert bleu(SAID, references) > bleu(SAID, RIGHT)
    assert chrf(SAID, references) == 100 > chrf(SAID, RIGHT)


@pytest.mark.parametrize("score", [bleu, chrf])
def test_wrong_arguments_are_named(plain_shapes, score):
    with pytest.raises(ValueError, match="3 translations and references for 2 sentences"):
        score(SAID, RIGHT[:2])
    with pytest.raises(ValueError, match="at least one sentence"):
        score([], [])
    with pytest.raises(ValueError, match="sentence 1 has no reference"):
        score(SAID, [RIGHT, [], RIGHT])
    with pytest.raises(TypeError, match="not one text"):
        score("Der Hund", "Der Hund")


def test_bits():
    assert bits_per_character(math.log(2)) == 1.0
    assert bits_per_character(math.log(65)) == pytest.approx(math.log2(65))
    assert bits_per_character(2.0, characters_per_token=4) == pytest.approx(0.5 / math.log(2))
    with pytest.raises(ValueError, match="got 0"):
        bits_per_character(1.0, 0)
