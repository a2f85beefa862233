"""What every mixer has to keep, whatever it does: one table of examples, one test for each promise.

Whoever adds a mixer adds a line or two to EXAMPLES. How it mixes is tested in a file of its own.
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
    RandomMixing,
    SparseAttention,
)
from course_utils.patterns import bigbird, fixed, multihead, star, strided, union, window
from course_utils.positions import Rotary

D_MODEL, N_HEADS, N, OTHER_N = 8, 2, 24, 7
EXACT = {torch.float32: 1e-5, torch.bfloat16: 5e-2, torch.float16: 1e-2}  # how near to float64


@dataclass(frozen=True)
class Example:
    """A mixer for vectors of D_MODEL numbers, and where it has to be excused."""

    make: Callable[[], nn.Module]
    lengths: tuple[int, ...] = (N, OTHER_N)  # of texts; the first one is tried throughout
    traceable: bool = True  # once, for texts of all lengths


def attention(*, rotary: bool = False, **options) -> Example:
    def make() -> Attention:
        turns = Rotary(D_MODEL // N_HEADS) if rotary else None
        return Attention(D_MODEL, N_HEADS, rotary=turns, **options)

    return Example(make)


def sparse(pattern, **options) -> Example:
    """Its lists are laid out for one length, and by a function that torch.jit.trace cannot take."""

    def make() -> SparseAttention:
        return SparseAttention(D_MODEL, N_HEADS, pattern, **options)

    return Example(make, traceable=False)


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
    "sparse, window": sparse(lambda n: window(n, 2)),
    "sparse, window, causal": sparse(lambda n: window(n, 2), causal=True),
    "sparse, star": sparse(star),
    "sparse, union, causal": sparse(lambda n: union(strided(n, 5)), causal=True),
    "sparse, heads apart, causal": sparse(lambda n: multihead(fixed(n, 4), N_HEADS), causal=True),
    "sparse, bigbird": sparse(lambda n: bigbird(n, 1, n_random=1, n_global=1, seed=0)),
}


def those_that(keep: Callable[[Example], bool]):
    kept = {name: example for name, example in EXAMPLES.items() if keep(example)}
    return pytest.mark.parametrize("example", kept.values(), ids=kept)


def is_causal(example: Example) -> bool:
    return getattr(example.make(), "causal", None) is True  # who says nothing fails a test below


def goes_on(example: Example) -> bool:
    return is_causal(example) and hasattr(example.make(), "new_cache")


every_mixer = those_that(lambda example: True)
pytestmark = pytest.mark.usefixtures("lists_for_short_texts")


def made(example: Example) -> nn.Module:
    """The example in evaluation: what dropout drops is no promise."""
    return example.make().eval()


def text(n: int, batch: int = 3, dtype: torch.dtype = torch.float32) -> Tensor:
    return torch.randn(batch, n, D_MODEL).to(dtype)


def padding(n: int) -> Tensor:
    """Three texts: one whole, one with padding behind it, one with padding in front."""
    place = torch.arange(n)
    return torch.stack([place >= 0, place < n * 2 // 3, place >= n // 3])


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


@pytest.mark.parametrize("name", classes())
def test_it_fits_the_socket(name):
    _, x, mask, *more = inspect.signature(classes()[name].forward).parameters.values()
    assert (x.name, mask.name, mask.default) == ("x", "mask", None)
    assert all(other.default is not other.empty for other in more)


@every_mixer
def test_it_says_whether_it_is_causal(example):
    assert isinstance(made(example).causal, bool)


@every_mixer
@pytest.mark.parametrize("dtype", [torch.float64, *EXACT], ids=str)
def test_shape_and_dtype_stay_and_the_numbers_are_near(example, dtype):
    mixer, x, mask = made(example), text(N), padding(N)
    exact = copy.deepcopy(mixer).double()(x.double(), mask)
    y = mixer.to(dtype)(x.to(dtype), mask)
    assert y.shape == x.shape and y.dtype == dtype
    error = EXACT.get(dtype, 0.0)
    torch.testing.assert_close(y.double(), exact, atol=error, rtol=error)


@every_mixer
def test_texts_of_every_length(example):
    mixer = made(example)
    for n in example.lengths:
        assert mixer(text(n)).shape == (3, n, D_MODEL)
        assert mixer(text(n), padding(n)).isfinite().all()


@every_mixer
def test_what_stands_at_padding_changes_nothing_at_real_tokens(example):
    mixer = made(example)
    for n in example.lengths:
        x, mask = text(n), padding(n)
        other = torch.where(mask[..., None], x, 100.0 - x)
        torch.testing.assert_close(mixer(x, mask)[mask], mixer(other, mask)[mask])


@every_mixer
def test_a_text_of_padding_alone_gives_no_nan_forward_or_backward(example):
    mixer, x = made(example), text(N).requires_grad_()
    y = mixer(x, torch.zeros(3, N, dtype=torch.bool))
    y.sum().backward()
    gradients = [x.grad, *(weights.grad for weights in mixer.parameters())]
    assert y.isfinite().all() and all(gradient.isfinite().all() for gradient in gradients)


@every_mixer
def test_a_mask_of_numbers_is_refused(plain_shapes, example):
    for dtype in (torch.long, torch.float32):
        with pytest.raises(TypeError, match="boolean mask"):
            made(example)(text(N), torch.ones(3, N, dtype=dtype))


@those_that(is_causal)
def test_no_leak_from_the_future_if_it_says_so(example):
    mixer = made(example)
    for n in example.lengths:
        x, mask = text(n), padding(n)
        for used in (None, mask):
            before = mixer(x, used)
            for place in range(1, n):
                changed = x.clone()
                changed[:, place:] += 1.0
                after = mixer(changed, used)
                torch.testing.assert_close(before[:, :place], after[:, :place])


@every_mixer
def test_texts_side_by_side_do_not_hear_each_other(example):
    mixer, x, mask = made(example), text(N), padding(N)
    together = mixer(x, mask)
    for i in range(3):
        alone = mixer(x[i : i + 1], mask[i : i + 1])
        torch.testing.assert_close(together[i : i + 1], alone, atol=1e-5, rtol=1e-5)
    assert mixer(x[:0], mask[:0]).shape == (0, N, D_MODEL)


@every_mixer
def test_gradients_of_tokens_and_weights_are_right(example):
    mixer = made(example).double()
    for n in example.lengths:
        x = text(n, dtype=torch.float64).requires_grad_()
        weights = tuple(mixer.parameters())
        assert torch.autograd.gradcheck(
            lambda x, *_: mixer(x, padding(x.shape[1])), (x, *weights), fast_mode=True
        )


@every_mixer
def test_an_input_stays_as_it_was(example):
    x, mask = text(N), padding(N)
    kept = x.clone(), mask.clone()
    made(example)(x, mask)
    assert torch.equal(x, kept[0]) and torch.equal(mask, kept[1])


@those_that(goes_on)
@pytest.mark.parametrize("at_once", [1, 5])
@pytest.mark.parametrize("padded", [False, True], ids=["whole", "padded"])
def test_a_cache_changes_nothing(example, at_once, padded):
    mixer = made(example)
    x, mask = text(N), padding(N) if padded else None
    cache, parts = mixer.new_cache(), []
    for start in range(0, N, at_once):
        end = min(start + at_once, N)
        if cache is None:  # nothing to remember: each part for itself
            parts.append(mixer(x[:, start:end], None if mask is None else mask[:, start:end]))
        else:
            so_far = None if mask is None else mask[:, :end]
            parts.append(mixer(x[:, start:end], so_far, cache=cache))
    real = slice(None) if mask is None else mask
    whole = mixer(x, mask)
    torch.testing.assert_close(torch.cat(parts, dim=1)[real], whole[real], atol=1e-5, rtol=1e-5)


@those_that(goes_on)
def test_a_cache_can_be_put_in_another_order(example):
    """A beam goes on from its best rows: one twice, another not at all."""
    mixer, rows = made(example), torch.tensor([1, 1, 0])
    x, cache = text(N), mixer.new_cache()
    if cache is None:
        return  # nothing is remembered, so nothing can be in the wrong order
    mixer(x[:, :3], cache=cache)
    cache.reorder(rows)
    going_on = mixer(x[rows, 3:], cache=cache)
    torch.testing.assert_close(going_on, mixer(x[rows])[:, 3:], atol=1e-5, rtol=1e-5)


@every_mixer
def test_after_inference_comes_training(example):
    """What is kept for the next time must not be of the kind that refuses gradients."""
    mixer = example.make()
    with torch.inference_mode():
        mixer(text(N), padding(N))
    x = text(N).requires_grad_()
    mixer(x, padding(N)).sum().backward()
    assert x.grad.isfinite().all()


@every_mixer
@pytest.mark.parametrize("first", ["exported", "used"])
@pytest.mark.filterwarnings("ignore")
def test_it_can_be_exported_and_nothing_of_that_stays_behind(example, first):
    mixer, x, mask = made(example), text(N), padding(N)
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
        return (text(n), padding(n)) if padded else (text(n),)

    mixer = made(example)
    lengths = {1: torch.export.Dim("n", min=2, max=1_000)}
    exported = torch.export.export(mixer, inputs(N), dynamic_shapes=(lengths,) * (1 + padded))
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")  # what is asked in Python is asked once
        traced = torch.jit.trace(mixer, inputs(N))
    for n in example.lengths:
        given = inputs(n)
        for model in (exported.module(), traced):
            torch.testing.assert_close(model(*given), mixer(*given))
