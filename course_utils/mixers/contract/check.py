"""`check_mixer`, and the list of all promises: what to do where one is broken, whom it concerns."""

from collections.abc import Callable, Sequence
from dataclasses import dataclass

import torch
from torch import nn

from course_utils.mixers.contract import promises
from course_utils.mixers.contract.trial import Trial


@dataclass(frozen=True)
class Promise:
    """What is promised, how it is tried, what to do where it is broken, and whom it concerns."""

    words: str
    broken_by: Callable[[Trial], str | None]
    mend: str
    concerns: Callable[[nn.Module], bool] = lambda mixer: True


BASIC = (
    Promise(
        "it fits the socket, forward(x, mask=None)",
        promises.fits_the_socket,
        "Name the first two so; whatever else it takes has a default.",
    ),
    Promise(
        "it says whether it is causal",
        promises.says_whether_it_is_causal,
        "Set self.causal = True if no token hears a later one, and False if one may.",
    ),
    Promise(
        "what comes out has the shape of x",
        promises.keeps_the_shape,
        "Return [batch, n, d_model]: one vector for each token.",
    ),
    Promise(
        "x and mask stay as they were",
        promises.leaves_its_input_alone,
        "Write x = x + y where it says x += y, and masked_fill where it says masked_fill_.",
    ),
)
FURTHER = (
    Promise(
        "texts may have any length",
        promises.takes_texts_of_other_lengths,
        "Take n from x.shape[1] in each call. If it cannot be helped, check with lengths=(n,).",
    ),
    Promise(
        "the precision of x stays, and half of it is enough",
        promises.keeps_the_precision,
        "Make new tensors by x.new_zeros(…) and the like; add up large sums in float32, and return "
        "y.to(x.dtype).",
    ),
    Promise(
        "what stands at padding changes nothing at real tokens",
        promises.hears_no_padding,
        "Padding is where mask is False: give it no weight (-inf before a softmax), or zeros.",
    ),
    Promise(
        "a text of padding alone does no harm",
        promises.bears_padding_alone,
        "A softmax over nobody is 0 / 0: give those rows weights of zero.",
    ),
    Promise(
        "a mask that is not boolean is a TypeError",
        promises.refuses_a_mask_of_numbers,
        "Begin forward by shapes.expect_mask(mask, x.shape[0], x.shape[1], 'YourMixer').",
    ),
    Promise(
        "texts side by side do not hear each other",
        promises.keeps_texts_apart,
        "Take no mean, norm or sum over the first dimension, and mind a view that mixes it in.",
    ),
    Promise(
        "the gradients are right",
        promises.has_right_gradients,
        "Look for detach(), .data, torch.no_grad(), or chance that is not dropout.",
    ),
    Promise(
        "it can be trained after it was used",
        promises.trains_after_inference,
        "What is kept between calls is made under torch.inference_mode(False).",
    ),
    Promise(
        "no token hears a later one",
        promises.hears_nothing_of_the_future,
        "Hide later tokens from each, or set self.causal = False.",
        promises.is_causal,
    ),
    Promise(
        "from a cache it goes on as if it had read all at once",
        promises.goes_on_from_a_cache,
        "With cache=…, x are the new tokens and mask all so far. Without new_cache() it need not.",
        promises.goes_on,
    ),
    Promise(
        "a cache can be put in another order",
        promises.lets_a_beam_choose,
        "cache.reorder(rows) makes row i what row rows[i] was.",
        promises.goes_on,
    ),
)


class BrokenContract(ValueError):
    """A mixer that breaks a promise: its words say which, how, and what to do."""


def check_mixer(
    factory: Callable[[int], nn.Module],
    *,
    d_model: int,
    lengths: Sequence[int] = (24, 7),
    seed: int = 0,
) -> list[str]:
    """Hold a mixer against all that models rely on. Returns the promises that it keeps, in words.

    `factory` is what models take, called with a layer's number; its mixers are for vectors of
    `d_model` numbers. `lengths` are those of the texts that are tried, 4 tokens or more each. What
    follows from causal=True or from having a `new_cache()` is asked of those alone. Random numbers
    are the same each time, and whoever calls it finds theirs as they were.

    Raises BrokenContract, a ValueError, that names every promise that is broken. Where one of the
    first four is, the others are not tried; an error that several promises meet is told once.
    """
    trial = Trial(factory, d_model, lengths)
    kept = []
    with torch.random.fork_rng(devices=[]):
        torch.manual_seed(seed)
        mixer = trial.mixer()
        for some in (BASIC, FURTHER):
            asked = [promise for promise in some if promise.concerns(mixer)]
            broken: dict[str, Promise] = {}  # by what is wrong
            for promise in asked:
                if why := _found(promise, trial):
                    broken.setdefault(why, promise)
            if broken:
                lines = [
                    f"- {promise.words}: {why}. {promise.mend}" for why, promise in broken.items()
                ]
                raise BrokenContract("\n".join([f"{type(mixer).__name__} breaks:", *lines]))
            kept += [promise.words for promise in asked]
    return kept


def _found(promise: Promise, trial: Trial) -> str | None:
    """What is wrong, in words; what the mixer itself raises is told, too."""
    try:
        return promise.broken_by(trial)
    except Exception as error:
        first, *_ = str(error).splitlines() or [""]
        return f"it raises {type(error).__name__}: {first.rstrip('.')}"
