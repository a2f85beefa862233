"""The bundled corpora: whole, licensed, split without leaks, and refused when damaged."""

import hashlib

import numpy as np
import pytest

from course_utils import datasets
from course_utils.datasets import catalog, files
from course_utils.paths import DATA


def test_every_file_is_listed_and_right():
    shipped = {
        path.relative_to(DATA).as_posix()
        for path in DATA.rglob("*")
        if path.is_file() and path.parent != DATA and path.suffix != ".pyc"
    }
    assert shipped == set(files.checksums())
    assert datasets.verify() == len(shipped)


def test_every_folder_has_an_entry_with_licence_and_attribution():
    folders = {name.split("/")[0] for name in files.checksums()}
    assert folders == {corpus.name for corpus in catalog.CATALOG}
    assert all(corpus.licence and corpus.attribution for corpus in catalog.CATALOG)


@pytest.mark.parametrize(
    ("load", "sizes"),
    [
        (datasets.english_german, (30_000, 1_000, 1_000)),
        (datasets.paws, (12_948, 1_004, 2_006)),
        (datasets.clinc150, (15_092, 3_100, 5_500)),
        (datasets.sentence_polarity, (8_662, 1_000, 1_000)),
    ],
)
def test_splits_have_their_sizes_and_do_not_overlap(load, sizes):
    splits = [load(split) for split in datasets.SPLITS]
    assert tuple(len(split) for split in splits) == sizes
    column = 0 if load is datasets.english_german else -1
    texts = [{row[column] for row in split} for split in splits]
    train, valid, test = texts
    assert not train & test and not valid & test
    # One request of CLINC150 differs in its blanks only between train and valid.
    assert len(train & valid) == (1 if load is datasets.clinc150 else 0)


def test_texts_are_what_the_catalogue_says():
    shakespeare = datasets.tiny_shakespeare()
    assert (len(shakespeare), len(set(shakespeare))) == (1_115_394, 65)
    assert shakespeare.startswith("First Citizen:")
    assert "<unk>" in datasets.wikitext2("valid")
    assert "<unk>" not in datasets.wikitext2_raw("valid")


def test_references_hold_the_german_of_each_pair():
    references = datasets.german_references("test")
    pairs = datasets.english_german("test")
    assert all(pair.german in references[pair.english] for pair in pairs)
    with pytest.raises(ValueError, match="'train'"):
        datasets.german_references("train")


def test_series_have_their_known_beginnings():
    assert datasets.co2()[0] == (pytest.approx(1958.25), 317.2)
    assert len(datasets.co2()) == 525
    assert datasets.sunspots()[0] == (1749.0, 58.0)


def test_glove_knows_what_is_alike():
    table = datasets.glove()
    assert table.vectors.shape == (8_000, 50) and table.vectors.dtype == np.float32

    def alike(a, b):
        a, b = table.vector(a), table.vector(b)
        return float(a @ b / np.linalg.norm(a) / np.linalg.norm(b))

    assert alike("cat", "dog") > 0.9 > alike("cat", "coffee")
    assert all(word in table for word in "tom drinks cold coffee because he is tired".split())
    with pytest.raises(KeyError, match="lower case"):
        table.vector("Tom")


@pytest.mark.parametrize("load", [datasets.wikitext2, datasets.paws, datasets.english_german])
def test_a_wrong_split_is_named_with_the_right_ones(load):
    with pytest.raises(ValueError, match="train, valid, test.*'dev'"):
        load("dev")


def test_a_damaged_file_is_named_with_both_digests_and_the_mend(monkeypatch, tmp_path):
    (tmp_path / "series").mkdir()
    (tmp_path / "series" / "sunspots_yearly.csv").write_text("year,sunspots\n1700,6\n")
    monkeypatch.setattr(files, "DATA", tmp_path)
    found = hashlib.sha256(b"year,sunspots\n1700,6\n").hexdigest()[:12]
    expected = files.checksums()["series/sunspots_yearly.csv"][:12]
    with pytest.raises(ValueError, match=rf"sunspots_yearly.*{found}.*{expected}.*git checkout"):
        files.read_bytes.__wrapped__("series/sunspots_yearly.csv")
    with pytest.raises(FileNotFoundError, match="co2_weekly.*git checkout"):
        files.read_bytes.__wrapped__("series/co2_weekly.csv")


def test_describe_prints_the_table_and_one_entry_in_full(capsys, monkeypatch, tmp_path):
    datasets.describe()
    table = capsys.readouterr().out
    assert all(corpus.name in table for corpus in catalog.CATALOG)
    datasets.describe("paws_wiki")
    entry = capsys.readouterr().out
    assert "Google LLC" in entry and "872,346 bytes" in entry
    monkeypatch.setattr(catalog, "DATA", tmp_path)
    datasets.describe("paws_wiki")
    assert "train.tsv.gz, MISSING" in capsys.readouterr().out
    with pytest.raises(ValueError, match="'paws'.*paws_wiki"):
        datasets.describe("paws")
