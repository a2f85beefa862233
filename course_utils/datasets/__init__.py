"""The bundled corpora: small, real, licensed, checked, offline.

Each loader reads one corpus and `describe()` says what there is, whose it is and under which
licence. Nothing here needs torch.
"""

import functools
import io
import json
from typing import Any, NamedTuple

import numpy as np

from course_utils.datasets.catalog import describe
from course_utils.datasets.files import read_bytes, read_table, read_text, verify

__all__ = [
    "clinc150",
    "co2",
    "describe",
    "english_german",
    "german_references",
    "glove",
    "minilm_fixture",
    "paws",
    "sentence_polarity",
    "sunspots",
    "tiny_shakespeare",
    "verify",
    "wikitext2",
    "wikitext2_raw",
]

SPLITS = ("train", "valid", "test")


class Pair(NamedTuple):
    """A sentence in two languages."""

    english: str
    german: str


class Paraphrase(NamedTuple):
    """Two sentences of nearly the same words; `label` is 1 if they mean the same, else 0."""

    label: int
    sentence1: str
    sentence2: str


class Request(NamedTuple):
    """What somebody asks an assistant: one of 150 intents (or "oos") in one of 10 domains."""

    intent: str
    domain: str
    text: str


class Opinion(NamedTuple):
    """A sentence of a film review; `label` is 1 if it praises, 0 if it pans."""

    label: int
    text: str


class Month(NamedTuple):
    """One value of a monthly series, with its date in years (1958.25 = April 1958)."""

    year: float
    value: float


def _split_file(corpus: str, split: str, ending: str) -> str:
    if split not in SPLITS:
        raise ValueError(f"{corpus} has the splits {', '.join(SPLITS)}; there is no {split!r}.")
    return f"{corpus}/{split}.{ending}.gz"


def tiny_shakespeare() -> str:
    """40,000 lines of Shakespeare's plays, 1.1 million characters, 65 different ones."""
    return read_text("tinyshakespeare/tinyshakespeare.txt.gz")


def wikitext2(split: str) -> str:
    """Wikipedia articles in WikiText-2 form: spaced tokens, rare words replaced by <unk>."""
    return read_text(_split_file("wikitext2", split, "txt"))


def wikitext2_raw(split: str) -> str:
    """Wikipedia articles with their rare words. Shares articles with wikitext2("test")."""
    return read_text(_split_file("wikitext2_raw", split, "txt"))


def english_german(split: str) -> list[Pair]:
    """Short sentence pairs of everyday words: 30,000 train, 1,000 valid, 1,000 test."""
    return [Pair(*row) for row in read_table(_split_file("eng_deu", split, "tsv"))]


def german_references(split: str) -> dict[str, list[str]]:
    """Every German version of each English sentence of "valid" or "test": for BLEU."""
    if split not in ("valid", "test"):
        raise ValueError(f"there are references for valid and test only; not for {split!r}.")
    references: dict[str, list[str]] = {}
    for of_split, english, german in read_table("eng_deu/references.tsv.gz"):
        if of_split == split:
            references.setdefault(english, []).append(german)
    return references


def paws(split: str) -> list[Paraphrase]:
    """Sentence pairs that share nearly all their words, and half of them not the meaning."""
    rows = read_table(_split_file("paws_wiki", split, "tsv"))
    return [Paraphrase(int(label), first, second) for label, first, second in rows]


def clinc150(split: str) -> list[Request]:
    """Short requests to an assistant. Leave out the intent "oos" for plain accuracy."""
    return [Request(*row) for row in read_table(_split_file("clinc150", split, "tsv"))]


def sentence_polarity(split: str) -> list[Opinion]:
    """Sentences from film reviews, half of them kind."""
    rows = read_table(_split_file("sentence_polarity", split, "tsv"))
    return [Opinion(int(label), text) for label, text in rows]


def _monthly(name: str) -> list[Month]:
    rows = read_table(f"series/{name}_monthly.csv", separator=",")
    return [
        Month(int(year) + (int(month) - 1) / 12, float(value)) for year, month, value, *_ in rows
    ]


def sunspots() -> list[Month]:
    """Monthly mean sunspot numbers, January 1749 to June 2009."""
    return _monthly("sunspots")


def co2() -> list[Month]:
    """Monthly mean CO2 at Mauna Loa in ppm, April 1958 to December 2001."""
    return _monthly("co2")


class Glove:
    """8,000 frequent English words with 50 numbers each (Pennington et al. 2014)."""

    def __init__(self, words: list[str], vectors: np.ndarray):
        self.words, self.vectors = words, vectors  # float32 [8000, 50]
        self._rows = {word: row for row, word in enumerate(words)}

    def __contains__(self, word: str) -> bool:
        return word in self._rows

    def index(self, word: str) -> int:
        """The row of `word`. The table knows lower-case words of a to z only."""
        if word not in self._rows:
            hint = " Try it in lower case." if word.lower() in self._rows else ""
            raise KeyError(f"{word!r} is not among the {len(self.words):,} words.{hint}")
        return self._rows[word]

    def vector(self, word: str) -> np.ndarray:
        """The 50 numbers of `word`."""
        return self.vectors[self.index(word)]


@functools.cache
def glove() -> Glove:
    with np.load(io.BytesIO(read_bytes("glove50/glove50_8000.npz"))) as stored:
        return Glove(str(stored["words"]).split("\n"), stored["vectors"].astype(np.float32))


class MiniLMFixture(NamedTuple):
    """What the original library says about 20 sentences, to hold our encoder against."""

    sentences: list[dict[str, Any]]  # each with "text", "tokens", "ids"
    embeddings: np.ndarray  # float32 [20, 384]
    attention_sentence: int  # which sentence the attention is of
    attention: np.ndarray  # float16 [6 layers, 12 heads, 16 query, 16 key]
    last_hidden: np.ndarray  # float32 [16, 384], of the same sentence


def minilm_fixture() -> MiniLMFixture:
    about = json.loads(read_text("minilm_fixture/minilm_fixture.json"))
    with np.load(io.BytesIO(read_bytes("minilm_fixture/minilm_embeddings.npz"))) as stored:
        embeddings = stored["embeddings"]
    with np.load(io.BytesIO(read_bytes("minilm_fixture/minilm_attention.npz"))) as stored:
        attention, last_hidden = stored["attention"], stored["last_hidden"]
    return MiniLMFixture(
        about["sentences"],
        embeddings,
        about["attention_sentence_index"],
        attention,
        last_hidden,
    )
