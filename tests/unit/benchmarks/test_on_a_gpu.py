"""The script for a GPU, as far as a CPU can tell: what it compares, and that it finds a fault."""

import sys

import pytest
import torch
from torch import nn

from course_utils.mixers import Attention
from course_utils.paths import ROOT

sys.path.insert(0, str(ROOT / "benchmarks"))
import on_a_gpu  # noqa: E402

CPU = torch.device("cpu")


def test_where_there_is_no_gpu_it_says_so_and_leaves(monkeypatch, capsys):
    monkeypatch.setattr(torch.cuda, "is_available", lambda: False)
    assert on_a_gpu.main() == 0
    assert "There is no GPU here that PyTorch can use" in capsys.readouterr().out


def test_the_largest_difference_is_a_share_of_the_largest_number():
    expected = torch.tensor([1.0, -4.0])
    assert on_a_gpu.off_by(torch.tensor([1.0, -3.0]), expected) == 0.25
    assert on_a_gpu.off_by(expected.bfloat16(), expected) == 0
    wrong = on_a_gpu.Check("a", on_a_gpu.off_by(torch.tensor([1.0, torch.nan]), expected), 1.0)
    assert not wrong.holds and str(wrong).startswith("WRONG")
    assert on_a_gpu.Check("a", 0.1, 0.1).holds and not on_a_gpu.Check("a", 0.11, 0.1).holds


def test_every_mixer_is_what_it_is_elsewhere_too():
    checks = on_a_gpu.check_mixers(CPU, lengths=(40,))
    assert len(checks) == 2 * (2 * 2 * 3 + 2)
    assert all(check.holds for check in checks), [str(check) for check in checks]
    exact = [check.off for check in checks if "float32" in check.name]
    assert max(exact) < 1e-6


class OffAt(Attention):
    """Attention that is a little wrong wherever it is not here: in bfloat16, say."""

    def forward(self, x, mask=None):
        out = super().forward(x, mask)
        return out * 1.2 if x.dtype == torch.bfloat16 else out


class PaddingBlind(Attention):
    """Attention that forgets about padding once it has been moved to another precision."""

    def forward(self, x, mask=None):
        return super().forward(x, None if x.dtype == torch.bfloat16 else mask)


@pytest.mark.parametrize(
    ("layer", "held"), [(OffAt, [False, False]), (PaddingBlind, [True, False])]
)
def test_a_layer_that_is_wrong_elsewhere_is_found(layer, held):
    wrong = layer(on_a_gpu.D_MODEL, on_a_gpu.N_HEADS)
    checks = on_a_gpu.check_layer("a", wrong, 24, CPU, torch.bfloat16, on_a_gpu.BFLOAT16)
    assert [check.holds for check in checks] == held


def test_training_is_compared_curve_with_curve(monkeypatch):
    (check,) = on_a_gpu.check_training(CPU, steps=3)
    assert check.off == 0
    losses = iter([torch.tensor([4.0, 2.0]), torch.tensor([4.0, 3.0])])
    monkeypatch.setattr(on_a_gpu, "trained_losses", lambda device, steps: next(losses))
    (check,) = on_a_gpu.check_training(CPU, steps=2)
    assert check.off == 0.25 and not check.holds


def test_processes_add_up_and_train_together(tmp_path):
    checks = on_a_gpu.check_processes(2, "gloo", tmp_path / "losses")
    assert [check.name for check in checks] == [
        "gloo, 2 processes: a sum", "gloo, 2 processes: fit",
    ]  # fmt: skip
    assert all(check.holds for check in checks), [str(check) for check in checks]


def test_layers_are_timed_side_by_side(monkeypatch):
    finished = []
    found = on_a_gpu.times(64, CPU, lambda: finished.append(1))
    assert list(found)[:3] == ["dense", "sparse, window", "sparse, bigbird"]
    assert found["dense"]["against_dense"] == 1.0
    assert all(row["milliseconds"] > 0 for row in found.values())
    assert len(finished) == 6 * len(found)
    monkeypatch.setattr("course_utils.mixers.FourierMixing", nn.Identity, raising=False)
    assert on_a_gpu.layers(64).keys() >= {"Fourier"}
