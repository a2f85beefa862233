"""The promises, tried: each function returns None, or in words what is wrong."""

import copy
import inspect
import math
from collections.abc import Callable

import torch
from torch import Tensor, nn

from course_utils.mixers.contract.trial import Trial, apart, at_real, padding

# How near to the result in float64 the others have to be.
NEAR = {torch.float64: 0.0, torch.float32: 1e-5, torch.bfloat16: 5e-2, torch.float16: 1e-2}


def fits_the_socket(trial: Trial) -> str | None:
    parameters = list(inspect.signature(trial.mixer().forward).parameters.values())
    names = [parameter.name for parameter in parameters]
    needed = [p.name for p in parameters[2:] if p.default is p.empty]
    if names[:2] != ["x", "mask"] or parameters[1].default is not None or needed:
        return f"its forward is {inspect.signature(trial.mixer().forward)}"
    return None


def says_whether_it_is_causal(trial: Trial) -> str | None:
    causal = getattr(trial.mixer(), "causal", "not there")
    return None if isinstance(causal, bool) else f"its attribute causal is {causal}"


def keeps_the_shape(trial: Trial) -> str | None:
    x = trial.text()
    for mask in (None, padding(x.shape[1])):
        y = trial.mixer()(x, mask)
        if y.shape != x.shape:
            return f"of x {list(x.shape)} it makes {list(y.shape)}"
    return None


def takes_texts_of_other_lengths(trial: Trial) -> str | None:
    mixer = trial.mixer()
    for n in trial.lengths:
        for mask in (None, padding(n)):
            y = mixer(trial.text(n), mask)
            if y.shape != (3, n, trial.d_model):
                return f"with n = {n} it returns {list(y.shape)}"
            if not y.isfinite().all():
                return f"with n = {n} there are numbers that are not finite"
    return None


def keeps_the_precision(trial: Trial) -> str | None:
    mixer, x = trial.mixer(), trial.text()
    mask = padding(x.shape[1])
    exact = copy.deepcopy(mixer).double()(x.double(), mask)
    for dtype, error in NEAR.items():
        y = copy.deepcopy(mixer).to(dtype)(x.to(dtype), mask)
        if y.dtype != dtype:
            return f"of {dtype} it makes {y.dtype}"
        if far := apart(y, exact, error):
            return f"in {dtype}, {far}"
    return None


def hears_no_padding(trial: Trial) -> str | None:
    mixer = trial.mixer()
    for n in trial.lengths:
        x, mask = trial.text(n), padding(n)
        other = torch.where(mask[..., None], x, 100.0 - x)
        if far := apart(at_real(mixer(other, mask), mask), at_real(mixer(x, mask), mask)):
            return f"when other numbers stand at padding, {far}"
    return None


def bears_padding_alone(trial: Trial) -> str | None:
    mixer, x = trial.mixer(), trial.text().requires_grad_()
    y = mixer(x, torch.zeros(x.shape[:2], dtype=torch.bool))
    y.sum().backward()
    gradients = {"x": x.grad} | {name: p.grad for name, p in mixer.named_parameters()}
    if not y.isfinite().all():
        return "a text of padding alone gives numbers that are not finite"
    for name, gradient in gradients.items():
        if gradient is not None and not gradient.isfinite().all():
            return f"a text of padding alone gives {name} a gradient that is not finite"
    return None


def refuses_a_mask_of_numbers(trial: Trial) -> str | None:
    x = trial.text()
    for dtype in (torch.long, torch.float32):
        try:
            trial.mixer()(x, torch.ones(x.shape[:2], dtype=dtype))
        except TypeError as error:
            if "boolean" not in str(error):
                return f"it refuses {dtype} without saying that a boolean mask is needed"
        else:
            return f"it takes a mask of {dtype}"
    return None


def keeps_texts_apart(trial: Trial) -> str | None:
    mixer, x = trial.mixer(), trial.text()
    mask = padding(x.shape[1])
    alone = torch.cat([mixer(x[i : i + 1], mask[i : i + 1]) for i in range(3)])
    if far := apart(mixer(x, mask), alone):
        return f"beside other texts, {far}"
    if far := _learns_from_others(mixer, x):
        return f"in training, when other texts stand beside it, {far}"
    nothing = mixer(x[:0], mask[:0])
    return None if nothing.shape == x[:0].shape else f"of no text it makes {list(nothing.shape)}"


def _learns_from_others(mixer: nn.Module, x: Tensor) -> str | None:
    """Batch normalisation, say, looks at other texts in training alone. Dropout drops the same."""
    others = torch.cat([x[:1], 2 - x[1:]])
    firsts = []
    for texts in (x, others):
        torch.manual_seed(0)
        firsts.append(copy.deepcopy(mixer).train()(texts)[:1])
    return apart(*firsts)


def has_right_gradients(trial: Trial) -> str | None:
    """Those of a sum of all that comes out: what they foretell of a small step has to come true."""
    mixer = trial.mixer().double()
    for n in trial.lengths:
        x = trial.text(n, torch.float64).requires_grad_()
        share = trial.text(n, torch.float64)  # of each number in the sum

        def total(x: Tensor = x, share: Tensor = share) -> Tensor:
            return (mixer(x, padding(x.shape[1])) * share).sum()

        inputs = [x, *(weight for weight in mixer.parameters() if weight.requires_grad)]
        y = total()
        slopes = (
            torch.autograd.grad(y, inputs, allow_unused=True)
            if y.requires_grad
            else [None] * len(inputs)
        )
        for one, slope in zip(inputs, slopes, strict=True):
            way = torch.randn_like(one)
            foretold = 0.0 if slope is None else (slope * way).sum().item()
            if not math.isclose(foretold, _slope(total, one, way), rel_tol=1e-3, abs_tol=1e-5):
                return (
                    f"with n = {n} the gradients are not what small changes of x and weights give"
                )
    return None


@torch.no_grad()
def _slope(total: Callable[[], Tensor], moved: Tensor, way: Tensor, step: float = 1e-6) -> float:
    """By how much the total grows where `moved` goes that way, measured on both sides."""
    before = moved.clone()
    totals = []
    for side in (1, -1):
        moved.copy_(before + side * step * way)
        totals.append(total().item())
    moved.copy_(before)
    return (totals[0] - totals[1]) / (2 * step)


def leaves_its_input_alone(trial: Trial) -> str | None:
    x = trial.text()
    mask = padding(x.shape[1])
    kept = x.clone(), mask.clone()
    trial.mixer()(x, mask)
    for name, now, before in zip(("x", "mask"), (x, mask), kept, strict=True):
        if not torch.equal(now, before):
            return f"{name} is another after the call"
    return None


def trains_after_inference(trial: Trial) -> str | None:
    """What is kept for the next time must not be of the kind that refuses gradients."""
    mixer, x = trial.mixer(), trial.text()
    mask = padding(x.shape[1])
    with torch.inference_mode():
        mixer(x, mask)
    x.requires_grad_()
    mixer(x, mask).sum().backward()
    return None if x.grad.isfinite().all() else "x has a gradient that is not finite"


def is_causal(mixer: nn.Module) -> bool:
    return getattr(mixer, "causal", None) is True


def goes_on(mixer: nn.Module) -> bool:
    return is_causal(mixer) and hasattr(mixer, "new_cache")


def hears_nothing_of_the_future(trial: Trial) -> str | None:
    mixer = trial.mixer()
    for n in trial.lengths:
        x = trial.text(n)
        for mask in (None, padding(n)):
            before = mixer(x, mask)
            for place in range(1, n):
                changed = x.clone()
                changed[:, place:] += 1.0
                if far := apart(mixer(changed, mask)[:, :place], before[:, :place]):
                    return f"when tokens from {place} on are others, {far}"
    return None


def goes_on_from_a_cache(trial: Trial) -> str | None:
    mixer, x = trial.mixer(), trial.text()
    for mask in (None, padding(x.shape[1])):
        whole = mixer(x, mask)
        for at_once in (1, 5):
            parts = _read_in_parts(mixer, x, mask, at_once)
            if far := apart(at_real(parts, mask), at_real(whole, mask)):
                return f"read {at_once} at a time, {far}"
    return None


def _read_in_parts(mixer: nn.Module, x: Tensor, mask: Tensor | None, at_once: int) -> Tensor:
    cache, parts = mixer.new_cache(), []
    for start in range(0, x.shape[1], at_once):
        part = slice(start, start + at_once)
        if cache is None:  # nothing to remember: each part for itself
            parts.append(mixer(x[:, part], None if mask is None else mask[:, part]))
        else:
            so_far = None if mask is None else mask[:, : part.stop]
            parts.append(mixer(x[:, part], so_far, cache=cache))
    return torch.cat(parts, dim=1)


def lets_a_beam_choose(trial: Trial) -> str | None:
    """A beam goes on from its best rows: one twice, another not at all."""
    mixer, x, rows = trial.mixer(), trial.text(), torch.tensor([1, 1, 0])
    cache = mixer.new_cache()
    if cache is None:
        return None  # nothing is remembered, so nothing can be in the wrong order
    mixer(x[:, :3], cache=cache)
    cache.reorder(rows)
    far = apart(mixer(x[rows, 3:], cache=cache), mixer(x[rows])[:, 3:])
    return far and f"after cache.reorder([1, 1, 0]), {far}"
