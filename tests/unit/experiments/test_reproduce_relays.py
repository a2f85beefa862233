"""`reproduce relays`: what a star lacks, one thing at a time."""

import json

import pytest

from course_utils.experiments import relays
from course_utils.experiments.tasks import copying
from course_utils.patterns import reach


def test_the_command_trains_and_stores_every_variant(tmp_path, capsys):
    assert relays.main(["--size", "quick", "--out", str(tmp_path)]) == 0
    found = json.loads((tmp_path / "relays-quick.json").read_text(encoding="utf-8"))
    size = relays.SIZES["quick"]
    names = [variant.name for variant in relays.variants(size)]
    assert [row["name"] for row in found["rows"]] == names
    said = capsys.readouterr().out
    assert all(name in said for name in names)
    assert found["hardware"] and found["versions"]["torch"]
    for row in found["rows"]:
        assert len(row["early"]) == len(row["end"]) == size.seeds
        assert all(0 <= copied <= row["settings"]["length"] for copied in row["end"])


def test_each_star_differs_from_the_lessons_in_one_thing():
    lesson = copying.Settings(steps=relays.EARLY)
    for variant in relays.variants(relays.SIZES["laptop"]):
        if not variant.name.startswith("star, "):
            continue
        other = {
            name for name in ("n_heads", "length", "n_symbols", "d_model")
            if getattr(variant.settings, name) != getattr(lesson, name)
        }  # fmt: skip
        assert len(other - {"length"}) <= 1 and other, variant.name


def test_relays_hear_and_are_heard_by_all():
    pattern = relays.with_relays(36, 0, 18)
    assert [len(pattern.keys_of(token)) for token in (0, 18)] == [36, 36]
    assert list(pattern.keys_of(7)) == [0, 6, 7, 8, 18]
    assert reach([pattern], 2).all()


def test_a_variant_that_copies_early_keeps_what_it_can():
    size = relays.SIZES["quick"]
    copied = copying.Copied(steps=[2], accuracy=[1.0], seconds=0.0)
    with pytest.MonkeyPatch.context() as patched:
        patched.setattr(copying, "train", lambda *args, **settings: copied)
        row = relays.measure(next(iter(relays.variants(size))), size)
    assert row["early"] == row["end"] == [size.like.length]


def test_the_courses_results_are_of_the_laptops_size():
    found, size = relays.stored(), relays.SIZES["laptop"]
    assert [row["name"] for row in found["rows"]] == [v.name for v in relays.variants(size)]
    assert {len(row["end"]) for row in found["rows"]} == {size.seeds}
    assert found["early"] == relays.EARLY
