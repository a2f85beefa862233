"""A pattern: for each query, the keys that it may look at."""

import operator
from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass
from typing import SupportsIndex

import numpy as np
import torch
from jaxtyping import Bool
from torch import Tensor

PAIRS_AT_ONCE = 4_000_000  # how many (query, key) pairs a rule is asked about in one call


@dataclass(frozen=True, eq=False, repr=False)
class Pattern:
    """Who may look at whom among `n` tokens, as compressed sparse rows (CSR).

    The keys of query q are keys[starts[q] : starts[q + 1]], sorted, each once. Memory follows the
    number of connections; nothing here makes an n × n table but `mask`, which is asked for one.

    `starts` is int64 [n + 1], `keys` int64 [n_connections]; neither can be written to. A union
    remembers its `parts`, because attention may compute them by different means: `|` sets them, and
    nobody else should.
    Raises ValueError where they are no such lists.
    """

    n: int
    starts: np.ndarray
    keys: np.ndarray
    name: str = "pattern"
    parts: tuple["Pattern", ...] = ()

    def __post_init__(self):
        if self.n < 1:
            raise ValueError(f"a pattern needs at least one token, got n={self.n}.")
        for field in ("starts", "keys"):
            values = _whole_numbers(field, getattr(self, field)).copy()  # the caller's may change
            values.setflags(write=False)
            object.__setattr__(self, field, values)
        starts, keys = self.starts, self.keys
        if starts.shape != (self.n + 1,) or starts[0] != 0 or starts[-1] != len(keys):
            raise ValueError(
                f"starts has {self.n + 1} numbers for n={self.n}, from 0 to {len(keys)} (the "
                f"number of keys); got {starts.tolist()!s:.80}."
            )
        if (starts[1:] < starts[:-1]).any():
            raise ValueError("starts must not fall: a row cannot have fewer than no keys.")
        if len(keys) and (keys.min() < 0 or keys.max() >= self.n):
            wrong = keys[(keys < 0) | (keys >= self.n)][0]
            raise ValueError(f"there is no token {wrong}: keys run from 0 to {self.n - 1}.")
        codes = self.queries * self.n + keys
        if (codes[1:] <= codes[:-1]).any():
            raise ValueError("the keys of a row must be sorted, each of them once.")

    @classmethod
    def from_pairs(
        cls,
        n: int,
        query: np.ndarray,
        key: np.ndarray,
        name: str,
        parts: tuple["Pattern", ...] = (),
    ) -> "Pattern":
        """The pattern of these connections, in any order, some perhaps twice.

        ValueError if one of them is of a token that is not there, or if they are no pairs.
        """
        query, key = _whole_numbers("query", query), _whole_numbers("key", key)
        if len(query) != len(key):
            raise ValueError(
                f"each pair has a query and a key; got {len(query)} queries and {len(key)} keys."
            )
        tokens = np.concatenate([query, key])
        if ((tokens < 0) | (tokens >= n)).any():
            wrong = tokens[(tokens < 0) | (tokens >= n)][0]
            raise ValueError(f"there is no token {wrong}: they run from 0 to {n - 1}.")
        # With counts np.unique sorts; without, it makes a hash table, which takes 50 times as long.
        codes, _ = np.unique(query * n + key, return_counts=True)
        starts = np.searchsorted(codes, np.arange(n + 1, dtype=np.int64) * n)
        return cls(n, starts, codes % n, name, parts)

    @classmethod
    def from_lists(cls, lists: Sequence[Iterable[SupportsIndex]], name: str = "lists") -> "Pattern":
        """Row q of `lists` names the keys of query q."""
        rows = [sorted({operator.index(key) for key in row}) for row in lists]
        starts = np.cumsum([0, *map(len, rows)])
        return cls(len(rows), starts, np.array([key for row in rows for key in row]), name)

    @classmethod
    def from_mask(cls, mask: Bool[Tensor, "n n"], name: str = "mask") -> "Pattern":
        """The pattern whose `mask()` this is: row = query, column = key.

        TypeError for what is no boolean tensor, ValueError for one that is no square.
        """
        if not isinstance(mask, Tensor):
            raise TypeError(
                f"a mask is a boolean tensor [n, n], got {type(mask).__name__}: "
                "torch.as_tensor(mask) makes one of lists and arrays."
            )
        got = f"got {mask.dtype} {list(mask.shape)}. Row = query, column = key, True = may look."
        if mask.dtype != torch.bool:
            raise TypeError(f"a mask is a boolean tensor [n, n], {got}")
        if mask.ndim != 2 or mask.shape[0] != mask.shape[1]:
            raise ValueError(f"a mask is a boolean tensor [n, n], {got}")
        query, key = np.nonzero(mask.cpu().numpy())
        return cls.from_pairs(len(mask), query, key, name)

    @classmethod
    def from_rule(
        cls, n: int, rule: Callable[[np.ndarray, np.ndarray], np.ndarray], name: str = "rule"
    ) -> "Pattern":
        """The pattern in which query may look at key where rule(query, key) is true.

            Pattern.from_rule(8, lambda query, key: abs(query - key) <= 2)

        The rule is given arrays of positions, a slice of queries against all keys, so that it
        answers about many pairs at once: combine conditions by & and |, in parentheses.
        It is asked about all n² pairs, though never at once: time n², memory by connections.
        """
        key = np.arange(n)[None, :]
        rows = max(1, PAIRS_AT_ONCE // max(n, 1))
        queries, keys = [], []
        for start in range(0, n, rows):
            query = np.arange(start, min(start + rows, n))[:, None]
            answers = _ask(rule, query, key)
            among, found = np.nonzero(answers)
            queries.append(among + start)
            keys.append(found)
        if not queries:
            raise ValueError(f"a pattern needs at least one token, got n={n}.")
        return cls.from_pairs(n, np.concatenate(queries), np.concatenate(keys), name)

    @property
    def queries(self) -> np.ndarray:
        """The query of each connection, int64 [n_connections]: beside `keys`, all the pairs."""
        return np.repeat(np.arange(self.n), self.counts)

    @property
    def counts(self) -> np.ndarray:
        """How many keys each query has, int64 [n]."""
        return np.diff(self.starts)

    @property
    def n_connections(self) -> int:
        return len(self.keys)

    @property
    def sparsity(self) -> float:
        """The share of the n² possible connections that are not there."""
        return 1 - self.n_connections / self.n**2

    def keys_of(self, query: SupportsIndex) -> np.ndarray:
        """The keys of one query, sorted."""
        if not 0 <= query < self.n:
            raise IndexError(f"there is no token {query}: queries run from 0 to {self.n - 1}.")
        return self.keys[self.starts[query] : self.starts[query + 1]]

    def mask(self) -> Bool[Tensor, "n n"]:
        """The same as a table: row = query, column = key, True = may look. Memory n²."""
        table = torch.zeros(self.n, self.n, dtype=torch.bool)
        table[torch.from_numpy(self.queries), torch.from_numpy(self.keys.copy())] = True
        return table

    def causal(self) -> "Pattern":
        """The same without the future: no query looks at a later key."""
        query = self.queries
        past = self.keys <= query
        parts = tuple(part.causal() for part in self.parts)
        name = f"causal {self.name}"
        return Pattern.from_pairs(self.n, query[past], self.keys[past], name, parts)

    def __or__(self, other: "Pattern") -> "Pattern":
        """The union: who may look in at least one of the two."""
        if not isinstance(other, Pattern):
            return NotImplemented
        if self.n != other.n:
            raise ValueError(f"{self.name} has n={self.n} tokens, {other.name} has n={other.n}.")
        query = np.concatenate([self.queries, other.queries])
        key = np.concatenate([self.keys, other.keys])
        parts = (self.parts or (self,)) + (other.parts or (other,))
        return Pattern.from_pairs(self.n, query, key, f"{self.name} | {other.name}", parts)

    def __eq__(self, other: object) -> bool:
        """Equal if the same tokens may look at the same tokens, whatever the names."""
        if not isinstance(other, Pattern):
            return NotImplemented
        return (
            self.n == other.n
            and np.array_equal(self.starts, other.starts)
            and np.array_equal(self.keys, other.keys)
        )

    def __reduce__(self):
        """Copies and what comes out of a file are checked, and cannot be written to either."""
        return Pattern, (self.n, self.starts, self.keys, self.name, self.parts)

    def __hash__(self) -> int:
        return hash((self.n, self.n_connections))  # quick; patterns that share it are compared

    def __repr__(self) -> str:
        return (
            f"<{self.name}: {self.n_connections:,} of {self.n**2:,} connections, "
            f"{self.sparsity:.1%} sparse>"
        )


def _ask(rule: Callable, query: np.ndarray, key: np.ndarray) -> np.ndarray:
    shape = (len(query), key.shape[1])
    try:
        answers = np.asarray(rule(query, key))
    except (ValueError, TypeError) as error:
        if "truth value" not in str(error) and "unhashable" not in str(error):
            raise
        raise ValueError(
            "the rule is asked about many pairs at once: write & for and, | for or, ~ for not, "
            "with each comparison in parentheses, as in (key <= query) & (query - key < 4); "
            "np.isin(key, [0, 1]) for in, np.maximum for max."
        ) from error
    if answers.dtype != bool:
        raise ValueError(f"a rule answers True or False for each pair, got {answers.dtype}.")
    try:
        return np.broadcast_to(answers, shape)
    except ValueError:
        raise ValueError(
            f"a rule answers for {shape[0]} queries (down) and {shape[1]} keys (across), "
            f"got answers of shape {list(answers.shape)}."
        ) from None


def _whole_numbers(name: str, values: np.ndarray) -> np.ndarray:
    """A row of whole numbers as int64; ValueError for fractions, or for a table."""
    found = np.asarray(values)
    if found.ndim != 1 or (len(found) and not np.issubdtype(found.dtype, np.integer)):
        raise ValueError(
            f"{name} is a row of whole numbers, got {found.dtype} of shape {list(found.shape)}."
        )
    return found.astype(np.int64, copy=False)
