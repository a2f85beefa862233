"""Batches: the same for the same step, everything once an epoch, little padding, no leak."""

import re

import numpy as np
import pytest
import torch
from hypothesis import given, settings
from hypothesis import strategies as st

from course_utils import datasets
from course_utils.text import BPETokenizer
from course_utils.training.batches import (
    LanguageBatches,
    PairBatches,
    cuts,
    each_tensor,
    pieces_in_order,
)

TOKENIZER = BPETokenizer([(b"a", b"b")], special=["<pad>", "<s>", "</s>"])
PAD, BEGIN, END = map(TOKENIZER.special_id, ("<pad>", "<s>", "</s>"))
PAIRS = [("x" * (1 + i % 7), "y" * (1 + i % 5) + f"{i:03}") for i in range(103)]


def same(a, b) -> bool:
    return all(torch.equal(x, y) for x, y in zip(a, b, strict=True))


def texts(batch) -> list[tuple[str, str]]:
    """A batch's pairs as texts again, from what the masks say is real."""
    rows = []
    for source, source_mask, _, target, target_mask in zip(*batch, strict=True):
        assert target[target_mask][-1] == END
        real = source[source_mask], target[target_mask][:-1]
        rows.append(tuple(TOKENIZER.decode(ids.tolist()) for ids in real))
    return rows


def test_pieces_of_a_text_and_the_same_one_later():
    batches = LanguageBatches(range(1000), n=8, batch_size=5, seed=3)
    batch = batches[7]
    assert batch.inputs.shape == (5, 8)
    assert torch.equal(batch.targets, batch.inputs + 1)  # the text counts: 0 1 2 3 …
    assert torch.equal(batch.inputs[:, 1:], batch.targets[:, :-1])


def test_a_batch_depends_on_seed_and_step_and_nothing_else():
    ids = range(1000)
    once = LanguageBatches(ids, n=8, batch_size=5, seed=3)
    again = LanguageBatches(ids, n=8, batch_size=5, seed=3)
    forwards = [once[step] for step in range(6)]
    backwards = [again[step] for step in reversed(range(6))]
    assert all(map(same, forwards, reversed(backwards)))
    assert not same(once[0], once[1])
    assert not same(once[0], LanguageBatches(ids, n=8, batch_size=5, seed=4)[0])

    once = PairBatches(PAIRS, TOKENIZER, batch_size=10, seed=3)
    again = PairBatches(PAIRS, TOKENIZER, batch_size=10, seed=3)
    steps = [25, 0, 11, 3, 24]  # to and fro between epochs
    one_by_one = {step: again[step] for step in sorted(steps)}
    assert all(same(once[step], one_by_one[step]) for step in steps)


def test_a_text_can_end_exactly_with_a_piece():
    batch = LanguageBatches(range(9), n=8, batch_size=50)[0]
    assert batch.inputs.tolist() == [list(range(8))] * 50
    batches = LanguageBatches(range(10), n=8, batch_size=200, seed=1)
    assert {int(row[0]) for row in batches[0].inputs} == {0, 1}  # the last place is reached too


def test_a_text_that_is_too_short_says_so(plain_shapes):
    with pytest.raises(ValueError, match="n=8 .* text of 9, this one has 8"):
        LanguageBatches(range(8), n=8, batch_size=1)
    with pytest.raises(ValueError, match="8 tokens are too few"):
        pieces_in_order(range(8), n=8, batch_size=1)


def test_pieces_in_order_hold_each_token_once():
    batches = pieces_in_order(range(100), n=7, batch_size=4)
    targets = torch.cat([batch.targets for batch in batches]).flatten()
    assert targets.tolist() == list(range(1, 99))  # 14 pieces of 7; one token is left over
    assert all(torch.equal(batch.inputs + 1, batch.targets) for batch in batches)


@pytest.mark.parametrize("size", [{"batch_size": 10}, {"max_tokens": 64}])
def test_every_pair_comes_once_an_epoch(size):
    batches = PairBatches(PAIRS, TOKENIZER, seed=5, **size)
    epochs = [
        [texts(batches[epoch * len(batches) + i]) for i in range(len(batches))]
        for epoch in range(2)
    ]
    for epoch in epochs:
        assert sorted(pair for batch in epoch for pair in batch) == sorted(PAIRS)
    assert epochs[0] != epochs[1]  # another order …
    assert set(map(frozenset, epochs[0])) != set(map(frozenset, epochs[1]))  # … other neighbors


def test_the_decoder_reads_what_it_should_have_written_one_place_before():
    batch = PairBatches([("ab", "ab"), ("abc", "c")], TOKENIZER, batch_size=2)[0]
    by_length = batch.target_mask.sum(1).argsort(descending=True)
    assert batch.target_mask.sum(1)[by_length].tolist() == [2, 2]
    for target_in, target_out, mask in zip(*batch[2:], strict=True):
        assert target_in[0] == BEGIN
        assert target_in[mask][1:].tolist() == target_out[mask][:-1].tolist()
        assert target_out[mask][-1] == END
        assert (target_out[~mask] == PAD).all() and (target_in[~mask] == PAD).all()
    for ids, mask in zip(batch.source, batch.source_mask, strict=True):
        assert (ids[~mask] == PAD).all() and not set(ids[mask].tolist()) & {PAD, BEGIN, END}


def test_neighbors_have_similar_lengths():
    pairs = datasets.english_german("valid")
    batches = PairBatches(pairs, TOKENIZER, batch_size=20)
    masks = [batches[i].target_mask for i in range(len(batches))]
    real = sum(mask.sum().item() for mask in masks) / sum(mask.numel() for mask in masks)
    shuffled = [batches.batch(range(i, i + 20)) for i in range(0, len(pairs), 20)]
    by_chance = sum(b.target_mask.sum().item() for b in shuffled) / sum(
        b.target_mask.numel() for b in shuffled
    )
    assert real > 0.98
    assert by_chance < 0.7


@settings(deadline=None)
@given(st.lists(st.tuples(st.integers(1, 9), st.integers(1, 9)), min_size=1, max_size=40))
def test_cuts_keep_both_tables_within_the_tokens(lengths):
    lengths = np.array(sorted(lengths))
    found = cuts(lengths, None, 20)
    assert found[0] == 0 and found[-1] == len(lengths)
    for start, end in zip(found, found[1:], strict=False):
        assert 0 < end - start
        assert lengths[start:end].max() * (end - start) <= 20
        if end < len(lengths):  # none was cut before it was full
            assert lengths[start : end + 1].max() * (end + 1 - start) > 20


@pytest.mark.parametrize(
    ("wrong", "named"),
    [
        ({}, "batch_size=None and max_tokens=None"),
        ({"batch_size": 2, "max_tokens": 9}, "batch_size=2 and max_tokens=9"),
        ({"max_tokens": 5}, "9 tokens, more than max_tokens=5"),
        ({"batch_size": 0}, "batch_size=0"),
        ({"batch_size": 2, "seed": -1}, "seed is a number of 0 or more, got -1"),
    ],
)
def test_sizes_that_make_no_sense(plain_shapes, wrong, named):
    with pytest.raises(ValueError, match=named):
        PairBatches(PAIRS, TOKENIZER, **wrong)


@pytest.mark.parametrize(
    ("wrong", "named"),
    [
        ({"n": 0}, "n is a number of 1 or more, got 0"),
        ({"batch_size": 0}, "batch_size is a number of 1 or more, got 0"),
        ({"batch_size": -1}, "batch_size is a number of 1 or more, got -1"),
        ({"seed": -1}, "seed is a number of 0 or more, got -1"),
    ],
)
def test_numbers_that_cut_no_piece_of_a_text(plain_shapes, wrong, named):
    numbers = {"n": 4, "batch_size": 2} | wrong
    with pytest.raises(ValueError, match=named):
        LanguageBatches(range(50), **numbers)
    if "seed" not in wrong:
        with pytest.raises(ValueError, match=named):
            pieces_in_order(range(50), **numbers)


@pytest.mark.parametrize("cut", [LanguageBatches, pieces_in_order])
@pytest.mark.parametrize(
    ("ids", "error", "named"),
    [
        ([1.7, 2.2, 3.9], TypeError, "whole numbers, got torch.float32"),
        (torch.ones(3, dtype=torch.bool), TypeError, "whole numbers, got torch.bool"),
        (torch.arange(12).view(4, 3), ValueError, r"one row of token ids, got the shape \[4, 3\]"),
        ([], ValueError, "(has 0|0 tokens are too few)"),
    ],
)
def test_a_text_is_one_row_of_whole_numbers(plain_shapes, cut, ids, error, named):
    with pytest.raises(error, match=named):
        cut(ids, n=2, batch_size=1)


def test_small_integers_are_ids_too():
    small = torch.arange(5, dtype=torch.uint8)
    assert LanguageBatches(small, n=2, batch_size=1)[0].inputs.dtype == torch.int64


def test_each_tensor_keeps_the_kind_of_batch():
    batch = LanguageBatches(range(50), n=4, batch_size=6)[0]
    halved = each_tensor(batch, lambda tensor: tensor[:3])
    assert type(halved) is type(batch) and halved.inputs.shape == (3, 4)
    nested = each_tensor((torch.ones(2), (torch.ones(3),)), lambda tensor: tensor * 2)
    assert nested[1][0].tolist() == [2, 2, 2]
    with pytest.raises(TypeError, match="list"):
        each_tensor([torch.ones(2)], lambda tensor: tensor)


def bare(sentence: str) -> str:
    """A sentence without case and punctuation."""
    return re.sub(r"[\W_]+", " ", sentence.lower()).strip()


def test_no_sentence_of_the_training_data_is_in_the_others():
    train = datasets.english_german("train")
    seen = {bare(pair.english) for pair in train}
    german = {bare(pair.german) for pair in train}
    assert bare("He's KIND!") == "he s kind" and len(seen) > 29_000
    for split in ("valid", "test"):
        pairs = datasets.english_german(split)
        assert not [pair.english for pair in pairs if bare(pair.english) in seen], split
        assert not [pair.german for pair in pairs if bare(pair.german) in german], split
    valid, test = (
        {bare(pair.english) for pair in datasets.english_german(split)}
        for split in ("valid", "test")
    )
    assert not valid & test
