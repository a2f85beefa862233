"""Batches as a value: `batches[step]` is the same whatever was asked for before.

So a training run can be stopped and go on, and several processes can share its batches, without
anybody having to remember where the stream was.
"""

from collections.abc import Callable, Sequence
from typing import Any, NamedTuple, Protocol, runtime_checkable

import numpy as np
import torch
from jaxtyping import Bool, Int
from torch import Tensor

from course_utils.shapes import expect_at_least, whole_numbers
from course_utils.text import BPETokenizer, pad

BEGIN, END, PAD = "<s>", "</s>", "<pad>"


@runtime_checkable
class Batches(Protocol):
    """What `fit` trains on: anything that answers `batches[step]`."""

    def __getitem__(self, step: int) -> Any: ...


@runtime_checkable
class Epoch(Protocol):
    """Batches that come to an end, such as a list of them: what a loss can be measured on."""

    def __getitem__(self, step: int) -> Any: ...

    def __len__(self) -> int: ...


class LanguageBatch(NamedTuple):
    """Pieces of a text, and the same pieces one token later: what a language model predicts."""

    inputs: Int[Tensor, "batch n"]
    targets: Int[Tensor, "batch n"]


class PairBatch(NamedTuple):
    """Sentences and their translations. Masks are True at real tokens, False at padding.

    `target_in` begins with <s>, `target_out` ends with </s>: what the decoder reads, and what it
    should write at that place.
    """

    source: Int[Tensor, "batch n_source"]
    source_mask: Bool[Tensor, "batch n_source"]
    target_in: Int[Tensor, "batch n_target"]
    target_out: Int[Tensor, "batch n_target"]
    target_mask: Bool[Tensor, "batch n_target"]


def token_ids(ids: Sequence[int] | Tensor) -> Int[Tensor, "n_tokens"]:
    """A text's ids as a tensor. TypeError if they are not whole, ValueError if not one row."""
    given = whole_numbers(ids)
    if given.ndim != 1:
        raise ValueError(f"a text is one row of token ids, got the shape {list(given.shape)}.")
    return given


class LanguageBatches:
    """Random pieces of `n` tokens from one long text, without end.

    `ids` are the token ids of the whole text. ValueError if they are too few for one piece, and for
    numbers that make no batch.
    """

    def __init__(self, ids: Sequence[int] | Tensor, *, n: int, batch_size: int, seed: int = 0):
        expect_at_least(1, n=n, batch_size=batch_size)
        expect_at_least(0, seed=seed)
        self.ids = token_ids(ids)
        if len(self.ids) < n + 1:
            raise ValueError(
                f"a piece of n={n} tokens and the one after it need a text of {n + 1}, "
                f"this one has {len(self.ids)}. Take a smaller n or a longer text."
            )
        self.n, self.batch_size, self.seed = n, batch_size, seed

    def __getitem__(self, step: int) -> LanguageBatch:
        chance = np.random.default_rng([self.seed, step])
        starts = chance.integers(0, len(self.ids) - self.n, size=self.batch_size)
        places = torch.as_tensor(starts)[:, None] + torch.arange(self.n)  # [batch, n]
        return LanguageBatch(self.ids[places], self.ids[places + 1])


def pieces_in_order(ids: Sequence[int] | Tensor, *, n: int, batch_size: int) -> list[LanguageBatch]:
    """A text cut into pieces of `n` tokens from its beginning to its end, each token once.

    What a language model is measured on. The few tokens that fill no piece are left out.
    """
    expect_at_least(1, n=n, batch_size=batch_size)
    ids = token_ids(ids)
    n_pieces = (len(ids) - 1) // n
    if n_pieces < 1:
        raise ValueError(f"{len(ids)} tokens are too few for a piece of {n} and the one after it.")
    inputs = ids[: n_pieces * n].view(n_pieces, n)
    targets = ids[1 : n_pieces * n + 1].view(n_pieces, n)
    batches = zip(inputs.split(batch_size), targets.split(batch_size), strict=True)
    return [LanguageBatch(*batch) for batch in batches]


class PairBatches:
    """Sentence pairs of similar length together, so that little of a batch is padding.

    `pairs` are (source text, target text). Give either `batch_size`, in pairs, or `max_tokens`: as
    many pairs as keep both tables, padding included, within so many tokens. `len()` is the number
    of batches in an epoch, in which each pair comes once; the next epoch has other neighbours and
    another order. The tokenizer needs the special tokens <pad>, <s> and </s>.

    Source for batches by length: Vaswani et al. 2017, section 5.1.
    """

    def __init__(
        self,
        pairs: Sequence[tuple[str, str]],
        tokenizer: BPETokenizer,
        *,
        batch_size: int | None = None,
        max_tokens: int | None = None,
        seed: int = 0,
    ):
        if (batch_size is None) == (max_tokens is None):
            raise ValueError(
                "a batch is measured in pairs or in tokens: give batch_size or max_tokens, "
                f"got batch_size={batch_size} and max_tokens={max_tokens}."
            )
        if not pairs:
            raise ValueError("there is no pair to make a batch of.")
        expect_at_least(0, seed=seed)
        self.begin, self.end, self.pad_id = map(tokenizer.special_id, (BEGIN, END, PAD))
        self.ids = [(tokenizer.encode(s), tokenizer.encode(t)) for s, t in pairs]
        self.seed = seed
        # The target is one longer than its text: <s> before it, or </s> behind it.
        self.lengths = np.array([(len(target) + 1, len(source)) for source, target in self.ids])
        in_order = self.lengths[np.lexsort(self.lengths.T[::-1])]
        self._cuts = cuts(in_order, batch_size, max_tokens)
        self._epoch: tuple[int, list[list[int]]] | None = None

    def __len__(self) -> int:
        return len(self._cuts) - 1

    def __getitem__(self, step: int) -> PairBatch:
        epoch, number = divmod(step, len(self))
        return self.batch(self._rows(epoch)[number])

    def _rows(self, epoch: int) -> list[list[int]]:
        """The pairs of each batch of an epoch, by number; the last epoch asked for is kept."""
        if self._epoch is None or self._epoch[0] != epoch:
            chance = np.random.default_rng([self.seed, epoch])
            ties = chance.permutation(len(self.ids))  # who stands beside whom among equal lengths
            target, source = self.lengths.T
            order = np.lexsort((ties, source, target)).tolist()
            batches = [order[a:b] for a, b in zip(self._cuts, self._cuts[1:], strict=False)]
            self._epoch = epoch, [batches[i] for i in chance.permutation(len(batches))]
        return self._epoch[1]

    def batch(self, rows: Sequence[int]) -> PairBatch:
        """These pairs, by their numbers in `pairs`, as one batch."""
        sources, targets = zip(*(self.ids[row] for row in rows), strict=True)
        source, source_mask = pad(sources, self.pad_id)
        target_in, target_mask = pad([[self.begin, *ids] for ids in targets], self.pad_id)
        target_out, _ = pad([[*ids, self.end] for ids in targets], self.pad_id)
        return PairBatch(source, source_mask, target_in, target_out, target_mask)


def cuts(lengths: np.ndarray, batch_size: int | None, max_tokens: int | None) -> list[int]:
    """Where one batch ends and the next begins, among pairs sorted by length.

    `lengths` is [pairs, 2]. Sorting puts the same lengths in the same places in every epoch, so
    the cuts, and the number of batches, are the same in every epoch too.
    """
    if batch_size is not None:
        if batch_size < 1:
            raise ValueError(f"a batch holds at least one pair, got batch_size={batch_size}.")
        return [*range(0, len(lengths), batch_size), len(lengths)]
    if max_tokens < lengths.max():
        raise ValueError(
            f"one sentence alone has {lengths.max()} tokens, more than max_tokens={max_tokens}."
        )
    found, longest = [0], np.zeros(2, dtype=int)
    for row, length in enumerate(lengths):
        longest = np.maximum(longest, length)
        if longest.max() * (row + 1 - found[-1]) > max_tokens:
            found.append(row)
            longest = length
    return [*found, len(lengths)]


def each_tensor(batch: Any, function: Callable[[Tensor], Tensor]) -> Any:
    """The same batch, a tensor or a tuple of tensors, with `function` applied to each tensor."""
    if isinstance(batch, Tensor):
        return function(batch)
    if not isinstance(batch, tuple):
        raise TypeError(
            f"a batch is a tensor or a tuple of tensors (a NamedTuple too), got {type(batch)}."
        )
    parts = [each_tensor(part, function) for part in batch]
    return type(batch)(*parts) if hasattr(batch, "_fields") else tuple(parts)
