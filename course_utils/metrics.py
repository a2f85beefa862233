"""How good is it? BLEU and chrF for translations, bits per character for language models."""

import math
from collections.abc import Sequence
from itertools import zip_longest
from numbers import Real


def bleu(hypotheses: Sequence[str], references: Sequence[str | Sequence[str]]) -> float:
    """BLEU of a whole test set, 0 to 100, as sacrebleu computes it.

    `references[i]` holds the translations of sentence i that people made: one or several. A group
    of words counts if any of them has it. Source: Papineni et al. 2002; Post 2018 for the exact
    rules (tokenizer 13a, case counts, exponential smoothing).
    """
    from sacrebleu.metrics import BLEU

    return BLEU().corpus_score(list(hypotheses), streams(hypotheses, references)).score


def chrf(hypotheses: Sequence[str], references: Sequence[str | Sequence[str]]) -> float:
    """chrF2 of a whole test set, 0 to 100: groups of up to 6 letters, found and not missed.

    Kinder than BLEU to a word with the right stem and the wrong ending. Source: Popović 2015.
    """
    from sacrebleu.metrics import CHRF

    return CHRF().corpus_score(list(hypotheses), streams(hypotheses, references)).score


def streams(
    hypotheses: Sequence[str], references: Sequence[str | Sequence[str]]
) -> list[list[str | None]]:
    """References as sacrebleu wants them: first the first one of every sentence, then the second
    ones, and None where a sentence has no more."""
    if isinstance(hypotheses, str) or isinstance(references, str):
        raise TypeError("give a list of sentences and a list of their references, not one text.")
    if len(hypotheses) != len(references) or not len(hypotheses):
        raise ValueError(
            f"there are {len(hypotheses)} translations and references for {len(references)} "
            "sentences: one entry is needed for each, and at least one sentence."
        )
    lists = [[entry] if isinstance(entry, str) else list(entry) for entry in references]
    if not all(lists):
        raise ValueError(f"sentence {lists.index([])} has no reference (counted from 0).")
    return [list(stream) for stream in zip_longest(*lists)]


def bits_per_character(nats: Real, characters_per_token: Real = 1.0) -> float:
    """A mean loss in nats a token, in bits a character: nats / ln 2 / characters a token.

    What a perfect compressor that knows the model would spend (Shannon 1948).
    """
    if characters_per_token <= 0:
        raise ValueError(f"a token has some characters, got {characters_per_token}.")
    return nats / math.log(2) / characters_per_token
