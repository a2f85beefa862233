"""What every mixer has to keep, whatever it does: a table of examples, and the socket's contract.

Whoever adds a mixer adds a line or two to EXAMPLES. How it mixes is tested in a file of its own.
The promises are those of `check_mixer`; the package's own mixers can be exported and traced, too.
"""

import copy
import importlib
import inspect
import pkgutil
import warnings
from collections.abc import Callable
from dataclasses import dataclass

import pytest
import torch
from torch import Tensor, nn

from course_utils import mixers
from course_utils.mixers import (
    Attention,
    FourierMixing,
    HartleyMixing,
    LinearMixing,
    NoMixing,
    PersistentAttention,
    RandomMixing,
    SparseAttention,
    contract,
)
from course_utils.mixers.contract import Trial, padding, promises
from course_utils.patterns import bigbird, fixed, multihead, star, strided, union, window
from course_utils.positions import Rotary

D_MODEL, N_HEADS, N, OTHER_N = 8, 2, 24, 7


@dataclass(frozen=True)
class Example:
    """A mixer for vectors of D_MODEL numbers, and where it has to be excused."""

    make: Callable[[], nn.Module]
    lengths: tuple[int, ...] = (N, OTHER_N)  # of texts; the first one is tried throughout
    traceable: bool = True  # once, for texts of all lengths

    @property
    def trial(self) -> Trial:
        return Trial(lambda layer: self.make(), D_MODEL, self.lengths)


def attention(*, rotary: bool = False, **options) -> Example:
    def make() -> Attention:
        turns = Rotary(D_MODEL // N_HEADS) if rotary else None
        return Attention(D_MODEL, N_HEADS, rotary=turns, **options)

    return Example(make)


def sparse(pattern, *, rotary: bool = False, **options) -> Example:
    """Its lists are laid out for one length, and by a function that torch.jit.trace cannot take."""

    def make() -> SparseAttention:
        turns = Rotary(D_MODEL // N_HEADS) if rotary else None
        return SparseAttention(D_MODEL, N_HEADS, pattern, rotary=turns, **options)

    return Example(make, traceable=False)


def persistent(*, rotary: bool = False, **options) -> Example:
    def make() -> PersistentAttention:
        turns = Rotary(D_MODEL // N_HEADS) if rotary else None
        return PersistentAttention(D_MODEL, N_HEADS, 5, rotary=turns, **options)

    return Example(make)


EXAMPLES = {
    "no mixing": Example(NoMixing),
    "Fourier": Example(FourierMixing),
    "Hartley": Example(HartleyMixing),
    # Their tables end at N: they cannot be traced for texts of all lengths.
    "linear": Example(lambda: LinearMixing(N, D_MODEL), traceable=False),
    "random": Example(lambda: RandomMixing(N, D_MODEL, seed=0), traceable=False),
    "attention": attention(),
    "attention, causal": attention(causal=True),
    "attention, rotary": attention(rotary=True),
    "attention, causal and rotary": attention(causal=True, rotary=True),
    "persistent": persistent(),
    "persistent, quiet and causal": persistent(init="quiet", causal=True),
    "persistent, rotary": persistent(rotary=True),
    "persistent, causal and rotary": persistent(causal=True, rotary=True),
    "sparse, window": sparse(lambda n: window(n, 2)),
    "sparse, window, causal": sparse(lambda n: window(n, 2), causal=True),
    "sparse, window, causal and rotary": sparse(lambda n: window(n, 2), causal=True, rotary=True),
    "sparse, star": sparse(star),
    "sparse, union, causal": sparse(lambda n: union(strided(n, 5)), causal=True),
    "sparse, heads apart, causal": sparse(lambda n: multihead(fixed(n, 4), N_HEADS), causal=True),
    "sparse, bigbird": sparse(lambda n: bigbird(n, 1, n_random=1, n_global=1, seed=0)),
}


def those_that(keep: Callable[[Example], bool]):
    kept = {name: example for name, example in EXAMPLES.items() if keep(example)}
    return pytest.mark.parametrize("example", kept.values(), ids=kept)


every_mixer = those_that(lambda example: True)
pytestmark = pytest.mark.usefixtures("lists_for_short_texts")


def classes() -> dict[str, type[nn.Module]]:
    """Every module that is defined in course_utils.mixers, and is not private."""
    found = [mixers, *pkgutil.walk_packages(mixers.__path__, f"{mixers.__name__}.")]
    modules = [
        importlib.import_module(getattr(module, "name", mixers.__name__)) for module in found
    ]
    return {
        name: thing
        for module in modules
        for name, thing in vars(module).items()
        if inspect.isclass(thing) and issubclass(thing, nn.Module) and not name.startswith("_")
        if thing.__module__ == module.__name__
    }


def test_every_mixer_is_exported_and_has_an_example():
    found = classes()
    assert {"Attention", "NoMixing", "SparseAttention"} <= set(found)
    hidden = sorted(set(found) - set(mixers.__all__))
    assert not hidden, f"export in course_utils/mixers/__init__.py: {hidden}"
    tried = {type(example.make()).__name__ for example in EXAMPLES.values()}
    exported = {
        name
        for name in mixers.__all__
        if inspect.isclass(thing := getattr(mixers, name))
        if issubclass(thing, nn.Module)
    }
    untried = sorted((set(found) | exported) - tried)
    assert not untried, f"add a line to EXAMPLES, in this file, for: {untried}"


PROMISED = {
    f"{name}: {promise.words}": (example, promise)
    for name, example in EXAMPLES.items()
    for promise in contract.BASIC + contract.FURTHER
    if promise.concerns(example.make())
}


@pytest.mark.parametrize(("example", "promise"), PROMISED.values(), ids=PROMISED)
def test_it_keeps_what_is_promised(request, example, promise):
    if promise.broken_by is promises.refuses_a_mask_of_numbers:  # itself, and not the type checker
        request.getfixturevalue("plain_shapes")
    assert promise.broken_by(example.trial) is None


@every_mixer
@pytest.mark.parametrize("first", ["exported", "used"])
@pytest.mark.filterwarnings("ignore")
def test_it_can_be_exported_and_nothing_of_that_stays_behind(example, first):
    mixer, x, mask = example.trial.mixer(), example.trial.text(), padding(N)
    twin = copy.deepcopy(mixer)
    if first == "used":
        mixer(x, mask)
    exported = torch.export.export(mixer, (x, mask)).module()
    for after in (mixer(x, mask), twin(x, mask), exported(x, mask)):
        assert type(after) is Tensor
        torch.testing.assert_close(after, twin(x, mask))


@those_that(lambda example: example.traceable)
@pytest.mark.parametrize("padded", [False, True], ids=["whole", "padded"])
def test_it_can_be_traced_and_exported_for_other_lengths(plain_shapes, example, padded):
    def inputs(n: int) -> tuple[Tensor, ...]:
        x = example.trial.text(n)
        return (x, padding(n)) if padded else (x,)

    mixer = example.trial.mixer()
    lengths = {1: torch.export.Dim("n", min=2, max=1_000)}
    exported = torch.export.export(mixer, inputs(N), dynamic_shapes=(lengths,) * (1 + padded))
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")  # what is asked in Python is asked once
        traced = torch.jit.trace(mixer, inputs(N))
    for n in example.lengths:
        given = inputs(n)
        for model in (exported.module(), traced):
            torch.testing.assert_close(model(*given), mixer(*given))
