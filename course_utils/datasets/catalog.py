"""What is bundled, whose it is, and under which licence."""

from typing import NamedTuple

from course_utils.datasets.files import checksums
from course_utils.paths import DATA


class Corpus(NamedTuple):
    """One entry of the catalogue; `name` is its folder."""

    name: str
    loader: str
    what: str
    licence: str
    attribution: str


CATALOG = [
    Corpus(
        "tinyshakespeare",
        "tiny_shakespeare()",
        "40,000 lines of Shakespeare's plays",
        "public domain",
        "tinyshakespeare, compiled by A. Karpathy",
    ),
    Corpus(
        "eng_deu",
        "english_german(split)",
        "32,000 short English-German sentence pairs",
        "CC BY 2.0 FR",
        "Sentence pairs: www.manythings.org/anki and tatoeba.org, CC BY 2.0 FR, changed",
    ),
    Corpus(
        "wikitext2",
        "wikitext2(split)",
        "220 Wikipedia articles, rare words as <unk>",
        "CC BY-SA 3.0",
        "WikiText-2, S. Merity et al. 2016, from English Wikipedia by its contributors, "
        "CC BY-SA 3.0",
    ),
    Corpus(
        "wikitext2_raw",
        "wikitext2_raw(split)",
        "60 Wikipedia articles with their rare words",
        "CC BY-SA 3.0",
        "WikiText-2, S. Merity et al. 2016, from English Wikipedia by its contributors, "
        "CC BY-SA 3.0",
    ),
    Corpus(
        "paws_wiki",
        "paws(split)",
        "15,958 pairs of sentences with nearly the same words",
        "free for any purpose",
        "PAWS-Wiki, Google LLC (Zhang, Baldridge, He 2019), from Wikipedia",
    ),
    Corpus(
        "clinc150",
        "clinc150(split)",
        "23,692 requests to an assistant, 150 intents",
        "CC BY 3.0",
        "CLINC150, Larson et al. 2019, CC BY 3.0, changed",
    ),
    Corpus(
        "sentence_polarity",
        "sentence_polarity(split)",
        "10,662 sentences from film reviews, kind or not",
        "CC BY 4.0",
        "Sentence Polarity Dataset v1.0, Bo Pang and Lillian Lee, CC BY 4.0, changed",
    ),
    Corpus(
        "series",
        "sunspots(), co2()",
        "sunspot numbers since 1749, CO2 at Mauna Loa",
        "public domain",
        "NOAA National Geophysical Data Center; Keeling & Whorf 2004, CDIAC",
    ),
    Corpus(
        "glove50",
        "glove()",
        "50-number vectors of 8,000 English words",
        "PDDL 1.0",
        "GloVe, Pennington, Socher, Manning 2014",
    ),
    Corpus(
        "minilm_fixture",
        "minilm_fixture()",
        "what the original MiniLM says about 20 sentences",
        "our own numbers",
        "all-MiniLM-L6-v2, sentence-transformers, Apache-2.0",
    ),
]


def describe(name: str | None = None) -> None:
    """Print the catalogue, or everything about the corpus in the folder `name`."""
    if name is None:
        for corpus in CATALOG:
            print(f"{corpus.name:18}{corpus.loader:26}{corpus.licence:22}{corpus.what}")
        return
    known = {corpus.name: corpus for corpus in CATALOG}
    if name not in known:
        raise ValueError(f"there is no corpus {name!r}. There are: {', '.join(known)}.")
    corpus = known[name]
    print(f"{corpus.name}: {corpus.what}")
    print(f"load it with   datasets.{corpus.loader}")
    print(f"licence        {corpus.licence}")
    print(f"attribution    {corpus.attribution}")
    for file in checksums():
        if file.startswith(f"{name}/"):
            path = DATA / file
            size = f"{path.stat().st_size:,} bytes" if path.is_file() else "MISSING"
            print(f"file           {path.name}, {size}")
    notice = DATA / name / "README.txt"
    if notice.is_file():
        print(notice.read_text(encoding="utf-8").rstrip())
