"""Who hears whom in a sentence, for one mixer and another."""

from collections.abc import Callable, Mapping, Sequence
from typing import Any

import numpy as np
import traitlets
from matplotlib.figure import Figure

from course_utils import plots
from course_utils.widgets.explorer import Explorer
from course_utils.widgets.parts import expect_one_of, percent

LONGEST = 24  # tokens: a map of more takes minutes to compute and has no room for its words
CORNER = "who hears ↓  of whom →"

# Tokens, and for each mixer how much every one hears of every other: [n, n], row = who hears.
Heard = tuple[Sequence[str], Mapping[str, Any]]


class MixingMap(Explorer):
    """A map for each mixer: of all that moves a token's output, how much comes from whom.

    `mixers.influence` measures it. The page chooses the mixer and points at words; with `read`, a
    function from a text to (tokens, maps), the reader may type a sentence.
    """

    tokens = traitlets.List(traitlets.Unicode()).tag(sync=True)
    names = traitlets.List(traitlets.Unicode()).tag(sync=True)
    shares = traitlets.Bytes().tag(sync=True)  # float32, [n_mixers, n, n], rows sum to one
    chosen = traitlets.Unicode().tag(sync=True)
    text = traitlets.Unicode().tag(sync=True)
    can_read = traitlets.Bool().tag(sync=True)
    trouble = traitlets.Unicode().tag(sync=True)  # why the typed sentence could not be read
    answered = traitlets.Int().tag(sync=True)  # how many sentences got an answer, good or bad

    @classmethod
    def shared(cls) -> dict[str, Any]:
        return {"numbers_up_to": plots.NUMBERS_UP_TO, "corner": CORNER}

    def __init__(
        self,
        tokens: Sequence[str],
        maps: Mapping[str, Any],
        *,
        chosen: str | None = None,
        text: str = "",
        read: Callable[[str], Heard] | None = None,
    ):
        """`maps`: a mixer's name and how much each token hears of each, [n, n], none below 0."""
        traits = _traits(tokens, maps)
        chosen = traits["names"][0] if chosen is None else chosen
        expect_one_of("chosen", chosen, traits["names"])
        self.read = read
        super().__init__(**traits, chosen=chosen, text=text, can_read=read is not None)
        self.observe(self._read_again, names="text")

    def _read_again(self, change: dict) -> None:
        if self.read is not None:
            self._answer(lambda: _traits(*self.read(change["new"])))

    @property
    def table(self) -> np.ndarray:
        """The shares as numbers again, float32 [n_mixers, n, n]."""
        n = len(self.tokens)
        return np.frombuffer(self.shares, dtype="<f4").reshape(len(self.names), n, n)

    @property
    def alt(self) -> str:
        told = []
        for name, table in zip(self.names, self.table, strict=True):
            own, most = table.diagonal().mean(), table.max()
            silent = (table < 1e-6).mean()
            told.append(
                f"{name}: {percent(own)} of what moves a token is its own, {percent(most)} at most "
                f"comes from one, and {percent(silent)} of all pairs do not hear each other"
            )
        return f"Who hears whom among {len(self.tokens)} tokens. " + "; ".join(told) + "."

    def still(self) -> Figure:
        """The map of the chosen mixer, with its words."""
        table = self.table[self.names.index(self.chosen)]
        title = f"{self.chosen}: of what moves a token, how much comes from whom"
        return plots.attention_map(table, self.tokens, title=title)


def _traits(tokens: Sequence[str], maps: Mapping[str, Any]) -> dict[str, Any]:
    """What the page gets; ValueError if the maps do not fit the words."""
    n = len(tokens)
    if not 1 <= n <= LONGEST:
        raise ValueError(f"That is {n} tokens; the map shows 1 to {LONGEST}. Try fewer words.")
    if not maps:
        raise ValueError("MixingMap needs a mixer: {name: how much each hears of each}, got none.")
    tables = []
    for name, table in maps.items():
        table = plots.numbers(table)
        if table.shape != (n, n):
            raise ValueError(
                f"{name!r} has a map of shape {list(table.shape)}, and there are {n} tokens."
            )
        if not (np.isfinite(table).all() and table.min() >= 0 and (table.sum(1) > 0).all()):
            raise ValueError(f"{name!r}: each token hears something, and nobody less than nothing.")
        tables.append(table / table.sum(axis=1, keepdims=True))
    return {
        "tokens": list(tokens),
        "names": list(maps),
        "shares": np.stack(tables).astype("<f4").tobytes(),
    }
