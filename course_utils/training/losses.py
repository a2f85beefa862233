"""How wrong was it? Cross-entropy that counts real tokens only, with or without smoothing."""

from collections.abc import Callable
from numbers import Real
from typing import NamedTuple

import torch
from jaxtyping import Bool, Float, Int
from torch import Tensor, nn

from course_utils.shapes import expect_boolean
from course_utils.training.batches import LanguageBatch, PairBatch


class Loss(NamedTuple):
    """A sum over tokens, and how many there were: `total / n_tokens` is the mean.

    Kept apart, because the mean over several batches is the sum of their totals over the sum of
    their tokens. The mean of their means would count the tokens of short batches more.
    """

    total: Float[Tensor, ""]
    n_tokens: int


def cross_entropy(
    logits: Float[Tensor, "*batch vocab"],
    targets: Int[Tensor, "*batch"],
    *,
    mask: Bool[Tensor, "*batch"] | None = None,
    smoothing: Real = 0.0,
) -> Loss:
    """Minus the log-probability of the right tokens, in nats, summed over those with `mask` True.

    With `smoothing` ε the right token should get a probability of 1 - ε, and each of the other
    V - 1 tokens of the vocabulary ε / (V - 1): the variant of Vaswani et al. 2017 (section 5.4; of
    their code, tensor2tensor). `torch.nn.functional.cross_entropy(label_smoothing=ε)` is that of
    Szegedy et al. 2016 (section 7): it spreads ε over all V, the right one included, and so takes
    away only ε (V - 1) / V. Ours with ε is theirs with ε V / (V - 1), exactly.

    A smoothed loss has a floor above zero, the entropy of what is asked for: 0.33 nats plus
    0.1 ln(V - 1) at ε = 0.1.

    Raises ValueError for shapes that do not fit and a `smoothing` out of range, TypeError for a
    mask that is not boolean and targets that are no token ids.
    """
    vocab = logits.shape[-1]
    if not 0.0 <= smoothing < 1.0:
        raise ValueError(f"smoothing is a probability to give away, 0 ≤ ε < 1, got {smoothing}.")
    if smoothing and vocab < 2:
        raise ValueError(
            f"a vocabulary of {vocab} has no other token that smoothing={smoothing} could go to."
        )
    if targets.dtype not in (torch.int64, torch.int32):
        raise TypeError(
            f"targets are token ids, int64 (or int32), got {targets.dtype}: use targets.long()."
        )
    if mask is not None:
        expect_boolean(mask, "cross_entropy")
    if logits.shape[:-1] != targets.shape or (mask is not None and mask.shape != targets.shape):
        raise ValueError(
            f"there are logits for {list(logits.shape[:-1])} places, targets for "
            f"{list(targets.shape)}"
            + ("." if mask is None else f" and a mask for {list(mask.shape)}.")
        )
    if mask is None:
        logits, targets = logits.reshape(-1, vocab), targets.reshape(-1)
    else:  # padding leaves before anything is computed: not even its NaN can reach the sum
        logits, targets = logits[mask], targets[mask]
    if logits.dtype in (torch.float16, torch.bfloat16):
        logits = logits.float()  # a sum over a vocabulary needs more digits than half precision has
    log_total = logits.logsumexp(dim=-1)  # [tokens]; log p = logit - log_total
    right = logits.gather(-1, targets[:, None])[:, 0] - log_total
    total = -(1.0 - smoothing) * right.sum()
    if smoothing:
        every = logits.sum(dim=-1) - vocab * log_total
        total = total - smoothing / (vocab - 1) * (every - right).sum()
    return Loss(total, len(targets))


def language_loss(model: nn.Module, batch: LanguageBatch) -> Loss:
    """How surprised a language model is by each next token."""
    return cross_entropy(model(batch.inputs), batch.targets)


def translation_loss(smoothing: Real = 0.0) -> Callable[[nn.Module, PairBatch], Loss]:
    """The loss of a translator, `loss(model, batch)`, with that much label smoothing.

    The decoder gets the right words so far, whatever it would have written (teacher forcing).
    """

    def loss(model: nn.Module, batch: PairBatch) -> Loss:
        logits = model(batch.source, batch.target_in, batch.source_mask, batch.target_mask)
        return cross_entropy(logits, batch.target_out, mask=batch.target_mask, smoothing=smoothing)

    return loss
