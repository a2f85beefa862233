"""Who trains together, and who gets which rows: asked without starting any other process."""

import pytest
import torch
import torch.distributed as dist

from course_utils.training import parallel
from course_utils.training.parallel import Workers

CPU = torch.device("cpu")


@pytest.fixture
def second_of_three(monkeypatch) -> Workers:
    """A process as torchrun would have started it, with the others thought of."""
    monkeypatch.setenv("WORLD_SIZE", "3")
    monkeypatch.setenv("RANK", "1")
    monkeypatch.setattr(dist, "is_initialized", lambda: True)
    return Workers(CPU)


@pytest.mark.parametrize(("local_rank", "index"), [(None, 0), ("3", 3)])
def test_each_process_has_a_gpu_of_its_own(monkeypatch, local_rank, index):
    monkeypatch.setattr(torch.cuda, "is_available", lambda: True)
    monkeypatch.delenv("LOCAL_RANK", raising=False)
    if local_rank:
        monkeypatch.setenv("LOCAL_RANK", local_rank)
    assert parallel.device() == torch.device("cuda", index)


def test_without_a_gpu_it_is_the_cpu(monkeypatch):
    monkeypatch.setattr(torch.cuda, "is_available", lambda: False)
    assert parallel.device() == CPU


def test_alone_it_is_the_first_of_one_whatever_its_number(monkeypatch):
    monkeypatch.delenv("WORLD_SIZE", raising=False)
    monkeypatch.setenv("RANK", "5")
    alone = Workers(CPU)
    assert (alone.rank, alone.count) == (0, 1)
    assert alone.share(torch.arange(4)).tolist() == [0, 1, 2, 3]
    assert alone.sum(1, 2.5) == [1.0, 2.5]


def test_rows_are_dealt_out_one_by_one(second_of_three):
    assert (second_of_three.rank, second_of_three.count) == (1, 3)
    ids, mask = second_of_three.share((torch.arange(8), torch.ones(8, 2)))
    assert ids.tolist() == [1, 4, 7] and mask.shape == (3, 2)


def test_a_row_for_each_is_enough_and_fewer_are_not(second_of_three):
    assert second_of_three.share(torch.arange(3)).tolist() == [1]
    with pytest.raises(ValueError, match="batch of 2 rows .* 3 processes"):
        second_of_three.share(torch.arange(2))
