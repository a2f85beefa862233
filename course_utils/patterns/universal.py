"""The theorem as a program: sparse attention that tells every input from every other.

Yun et al. 2020, "O(n) Connections are Expressive Enough", prove that a sparse transformer can come
as near as you like (on average over a bounded set of inputs) to any continuous function of a
sequence, if its patterns fulfil three conditions (`patterns.check_assumption`). The proof builds
the transformer, and here it is built:

    layers = construction(star(5), levels=3)       # a list, in the order of the proof
    states = run(layers, all_inputs(5, 3))         # what comes in, and what each layer leaves
    collision(codes(states[-1], 3))                # None: no two tokens got the same number
    sorter = [*layers, value_map(layers, sort_tokens)]  # and this sorts, without an error

Inputs are columns of numbers, one column a token: [n_inputs, n, d], in units of the grid's step
δ = 1 / levels, so that a point of the grid is a list of whole numbers from 0 to levels - 1. All
arithmetic up to the value map is with whole numbers and exact. Tokens are counted from 0 here, in
the paper from 1. There is no LayerNorm, as in the paper.
"""

from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from itertools import pairwise, product
from numbers import Real

import numpy as np

from course_utils.patterns import Pattern, check_assumption
from course_utils.patterns.combine import as_sequence

Columns = np.ndarray  # [n_inputs, n, d]
Ids = np.ndarray  # [n_inputs, n]
Pick = Callable[[np.ndarray, np.ndarray], np.ndarray]  # scores, values [..., n_key] -> [...]
Function = Callable[[Columns], np.ndarray]  # digits [n_inputs, n, d] -> outputs [n_inputs, n, …]

MOST_INPUTS = 300_000  # more than these are not run "all"
ROOM = 2**62  # whole numbers below it are safe in int64; larger ones become Python's, without limit


def all_inputs(n: int, levels: int, d: int = 1) -> Columns:
    """Every point of the grid, levels^(d·n) of them, as whole numbers [n_inputs, n, d].

    ValueError if there are more than MOST_INPUTS, or none.
    """
    if min(n, levels, d) < 1:
        raise ValueError(f"n, levels and d are at least 1, got n={n}, levels={levels} and d={d}.")
    count = levels ** (d * n)
    if count > MOST_INPUTS:
        raise ValueError(
            f"{n} tokens of {d} numbers with {levels} levels make {levels}^{d * n} inputs; "
            f"all of them can be run up to {MOST_INPUTS:,}. Take fewer tokens or levels."
        )
    worth = levels ** np.arange(d * n)[::-1]  # of a digit at each place; the last one counts ones
    return (np.arange(count)[:, None] // worth % levels).reshape(count, n, d)


def codes(columns: Columns, levels: int) -> Ids:
    """Each column as one number, its digits read in base `levels`: u·z, u = (1, levels, …)."""
    return columns @ levels ** np.arange(columns.shape[-1])


def blocks(number: int, factor: int) -> str:
    """An id in blocks of figures, "202 404 010": as many in each as `factor`, 1000, has noughts.

    `factor` is a power of ten, that of the all-max-shifts; ids that were added up by it can be read
    block by block. The spaces do not break.
    """
    width, figures = len(str(factor)) - 1, str(number)
    first = len(figures) % width or width
    rest = [figures[i : i + width] for i in range(first, len(figures), width)]
    return "\N{NO-BREAK SPACE}".join([figures[:first], *rest])


# ---- attention heads -----------------------------------------------------------------------------


def hardmax(scores: np.ndarray, values: np.ndarray) -> np.ndarray:
    """The value of the highest score, all of it and nothing else: softmax at temperature 0."""
    best = scores.argmax(axis=-1)[..., None]
    return np.take_along_axis(values, best, axis=-1)[..., 0]


def softmax_at(temperature: Real) -> Pick:
    """Softmax of scores / temperature instead of hardmax: the mean of the values by its weights."""
    if temperature <= 0:
        raise ValueError(f"a temperature is above 0, got {temperature}; for 0 take hardmax.")

    def pick(scores: np.ndarray, values: np.ndarray) -> np.ndarray:
        scores = scores.astype(float)
        if not np.isfinite(scores).all():
            raise ValueError(
                "the scores are larger than a float can be; hardmax, which takes whole numbers, "
                "has no such limit. Take fewer tokens or levels."
            )
        weights = np.exp((scores - scores.max(axis=-1, keepdims=True)) / temperature)
        return (weights * values).sum(axis=-1) / weights.sum(axis=-1)

    return pick


def head(ids: Ids, queries: Ids, pattern: Pattern, pick: Pick) -> Ids:
    """One sparse attention head of size 1: query × key is the score, and the ids are the values.

    Token k sees its keys A_k and nobody else; a token without any hears 0.
    """
    outputs = []
    for token in range(pattern.n):
        seen = ids[:, pattern.keys_of(token)]
        nothing = 0 * ids[:, token]
        outputs.append(pick(queries[:, [token]] * seen, seen) if seen.shape[1] else nothing)
    return np.stack(outputs, axis=1)


# ---- the layers, in the order of the proof -------------------------------------------------------


@dataclass(frozen=True)
class AddPositions:
    """Every token into a box of its own: the first of the path into the highest one.

    boxes[k] is token k's: all its d numbers grow by that many times `levels` (the paper's E).
    """

    boxes: tuple[int, ...]
    levels: int
    d: int
    n_layers = 0  # part of the embedding

    @property
    def name(self) -> str:
        return "add positions"

    def __call__(self, columns: Columns, pick: Pick = hardmax) -> Columns:
        n = len(self.boxes)
        if columns.ndim != 3 or columns.shape[1:] != (n, self.d):
            raise ValueError(f"inputs are [n_inputs, {n}, {self.d}], got {list(columns.shape)}.")
        if columns.size and not 0 <= columns.min() <= columns.max() < self.levels:
            raise ValueError(
                f"inputs lie between 0 and {self.levels}, in units of the grid's step; "
                f"got some from {columns.min()} to {columns.max()}."
            )
        return columns + self.levels * np.array(self.boxes)[:, None]


@dataclass(frozen=True)
class Quantise:
    """Round down to the grid. It stands for d·n·levels feed-forward layers.

    Each of those moves what lies between one whole number and the next down to the former; n boxes
    of `levels` steps in each of d numbers have that many steps. All at once is the same.
    """

    n_layers: int
    number: type  # np.int64, or object where numbers can grow beyond it

    @property
    def name(self) -> str:
        return "round down to the grid"

    def __call__(self, columns: Columns, pick: Pick = hardmax) -> Columns:
        return np.floor(columns).astype(np.int64).astype(self.number)


@dataclass(frozen=True)
class SelectiveShift:
    """Whoever has the id `target` grows by levels^d · (max - min) of the ids that it sees.

    Two heads. The score of key j for query k is (id_k - b) · id_j: the highest id wins where
    id_k > b, the lowest where id_k < b. With b a half below the target in one head and a half above
    it in the other, the two agree for every other id and cancel. `token` is whom it is meant for.
    """

    pattern: Pattern
    token: int
    target: int
    levels: int
    d: int
    n_layers = 1

    @property
    def name(self) -> str:
        return f"shift token {self.token} if its id is {self.target}"

    def __call__(self, columns: Columns, pick: Pick = hardmax) -> Columns:
        ids = codes(columns, self.levels)
        queries = 2 * (ids - self.target)  # twice, so that a half is a whole number
        highest = head(ids, queries + 1, self.pattern, pick)
        lowest = head(ids, queries - 1, self.pattern, pick)
        return _grown(columns, self.levels**self.d * (highest - lowest))


@dataclass(frozen=True)
class Idle:
    """A layer with this pattern in which nobody moves: its output matrix is 0.

    Patterns take turns from layer to layer; only those that contain the edge of the path act.
    """

    pattern: Pattern
    token: int
    target: int
    n_layers = 1

    @property
    def name(self) -> str:
        return f"nobody moves: token {self.token} has no use for this pattern"

    def __call__(self, columns: Columns, pick: Pick = hardmax) -> Columns:
        return columns


@dataclass(frozen=True)
class Spread:
    """Everybody grows by `factor` times the highest id that it sees (all-max-shift)."""

    pattern: Pattern
    factor: int
    levels: int
    n_layers = 1

    @property
    def name(self) -> str:
        return "everybody takes the highest id that it sees"

    def __call__(self, columns: Columns, pick: Pick = hardmax) -> Columns:
        ids = codes(columns, self.levels)
        highest = head(ids, np.ones_like(ids), self.pattern, pick)
        return _grown(columns, self.factor * highest)


@dataclass(frozen=True)
class ValueMap:
    """From an id to the column that is wanted there. It stands for as many layers as it has rows.

    Each of those feed-forward layers moves the ids around one code, those that are nearer to it
    than to any other, to one column; a look-up in a sorted table is the same.
    """

    codes: np.ndarray  # [n_rows], sorted
    outputs: np.ndarray  # [n_rows, …]
    levels: int

    @property
    def n_layers(self) -> int:
        return len(self.codes)

    @property
    def name(self) -> str:
        return "look up the output"

    def __call__(self, columns: Columns, pick: Pick = hardmax) -> np.ndarray:
        ids = codes(columns, self.levels)
        above = np.searchsorted(self.codes, ids).clip(1, len(self.codes) - 1)
        is_below = ids - self.codes[above - 1] < self.codes[above] - ids
        return self.outputs[above - is_below]


Layer = AddPositions | Quantise | SelectiveShift | Idle | Spread | ValueMap


def _grown(columns: Columns, growth: Ids) -> Columns:
    """The first number of each column grows; u begins with 1, so the id grows by as much."""
    return np.concatenate([columns[..., :1] + growth[..., None], columns[..., 1:]], axis=-1)


# ---- the construction ----------------------------------------------------------------------------


def construction(
    patterns: Pattern | Sequence[Pattern],
    levels: int,
    d: int = 1,
    *,
    path: Sequence[int] | None = None,
    n_spread: int | None = None,
) -> list[Layer]:
    """The layers after which every token of every input has an id of its own.

    (With one level there is but one input, and nothing to tell apart: its tokens share an id.)
    Layer l of the attention layers has pattern l % p. The number of those is p(n-1)·levels^d + s,
    where s is the number of layers after which everybody has heard everybody.
    With `path` and `n_spread` given, the conditions are not asked for: that is how to break them.
    ValueError, with the reason, if they are asked for and do not hold.
    Source: Yun et al. 2020, Lemmas of the proof of Theorem 1 (positions, selective shifts along
    the path, all-max-shifts); as checked in exact arithmetic by this course.
    """
    patterns = as_sequence(patterns)
    if levels < 1 or d < 1:
        raise ValueError(f"levels and d are at least 1, got levels={levels} and d={d}.")
    if path is None or n_spread is None:
        known_path, known_spread = _witnesses(patterns)
        path = known_path if path is None else path
        n_spread = known_spread if n_spread is None else n_spread
    n, size = patterns[0].n, levels**d
    if sorted(path) != list(range(n)):
        raise ValueError(f"a path visits each of the {n} tokens once, got {list(path)}.")

    boxes = _boxes(path)
    acting = [_first_that_sees(patterns, token, before) for before, token in pairwise(path)]
    factor, number = _room(patterns, path, acting, levels, d, n_spread)
    layers: list[Layer] = [AddPositions(boxes, levels, d), Quantise(d * n * levels, number)]
    for token, acts in zip(path[1:], acting, strict=True):
        lowest = boxes[token] * _box(levels, d)
        for target in range(lowest, lowest + size):
            for i, pattern in enumerate(patterns):
                if i == acts:
                    layers.append(SelectiveShift(pattern, token, target, levels, d))
                else:
                    layers.append(Idle(pattern, token, target))
    for i in range(n_spread):
        layers.append(Spread(patterns[i % len(patterns)], factor, levels))
    return layers


def _box(levels: int, d: int) -> int:
    """How much higher an id is, one box higher."""
    return sum(levels ** (i + 1) for i in range(d))


def _room(
    patterns: tuple[Pattern, ...],
    path: Sequence[int],
    acting: Sequence[int],
    levels: int,
    d: int,
    n_spread: int,
) -> tuple[int, type]:
    """The factor of the all-max-shifts, large enough, and the type of number that holds all ids.

    Who sees itself and the one before it grows to less than levels^d times that one's id. On a
    path that is none, the highest id that it sees can be anybody's, and its own comes on top.
    """
    is_path = all(
        {before, token} <= set(patterns[acts].keys_of(token).tolist())
        for (before, token), acts in zip(pairwise(path), acting, strict=True)
    )
    size, n = levels**d, len(path)
    most = ((n - 1) * _box(levels, d) + size - 1) * (size if is_path else size + 1) ** (n - 1)
    factor = 10 ** len(str(n_spread * (most + 1)))  # a power of ten: ids can be read in blocks
    largest = max(2 * (most + 1) ** 2, most * (factor + 1) ** n_spread)
    return factor, np.int64 if largest < ROOM else object


def _witnesses(patterns: tuple[Pattern, ...]) -> tuple[list[int], int]:
    """The path, and the number of layers to reach everybody. ValueError if a condition fails."""
    report = check_assumption(patterns)
    for condition in (report.self_loops, report.path, report.reach):
        if not condition.holds:
            verdict = "one does not hold" if condition.holds is False else "one is undecided"
            raise ValueError(
                f"the proof needs all three conditions, and {verdict}: {condition.why}. "
                "To build it all the same and see what collides, give it path=… and n_spread=…"
            )
    if report.reach.witness is None:
        raise ValueError(
            f"{report.reach.why}: give the number of layers as n_spread=…, with the path=… that "
            "check_assumption finds, or take fewer tokens."
        )
    return [int(token) for token in report.path.witness], int(report.reach.witness)


def _boxes(path: Sequence[int]) -> tuple[int, ...]:
    """Boxes along the path: the first token gets n - 1, the second 0, the third 1, and so on."""
    boxes = [0] * len(path)
    for i, token in enumerate(path):
        boxes[token] = (i - 1) % len(path)
    return tuple(boxes)


def _first_that_sees(patterns: Sequence[Pattern], query: int, key: int) -> int:
    """The first pattern in which `query` looks at `key`; 0 if there is none."""
    return next((i for i, p in enumerate(patterns) if key in p.keys_of(query)), 0)


def run(layers: Sequence[Layer], inputs: Columns, pick: Pick = hardmax) -> list[Columns]:
    """What comes in, and what each layer leaves: len(layers) + 1 states, [n_inputs, n, d] each.

    `inputs` are in units of the grid's step: whole numbers, or, to be rounded, any from 0 up to
    `levels`. With pick=softmax_at(t) the heads' hardmax is softened.
    """
    states = [np.asarray(inputs)]
    for layer in layers:
        states.append(layer(states[-1], pick))
    return states


def n_layers(layers: Sequence[Layer]) -> dict[str, int]:
    """How many layers of the paper's each part has, and how many of them attend."""
    parts = {
        "quantise": Quantise,
        "shift": SelectiveShift | Idle,
        "spread": Spread,
        "value map": ValueMap,
    }
    return {
        part: sum(layer.n_layers for layer in layers if isinstance(layer, kind))
        for part, kind in parts.items()
    }


# ---- what it can and what it cannot --------------------------------------------------------------


@dataclass(frozen=True)
class Collision:
    """Two tokens with one id: (number of the input, token), twice, and the id."""

    first: tuple[int, int]
    second: tuple[int, int]
    code: int


def collision(ids: Ids) -> Collision | None:
    """The first two tokens, of whatever inputs, that have the same id, or None if there are none.

    None is what the paper calls a contextual mapping: no two ids within an input are equal, nor any
    of one input with any of another.
    """
    order = np.argsort(ids, axis=None, kind="stable")
    ordered = ids.reshape(-1)[order]
    same = np.flatnonzero(ordered[1:] == ordered[:-1])
    if not len(same):
        return None
    n = ids.shape[1]
    first, second = (divmod(int(order[same[0] + i]), n) for i in (0, 1))
    return Collision(first, second, int(ordered[same[0]]))


def deaf(ids: Ids, inputs: Columns) -> tuple[int, int] | None:
    """(query, key): the first token, if any, whose id never changes with the other's column.

    `inputs` have to be all of a grid's. What is looked up for that id cannot depend on `key`.
    """
    n = ids.shape[1]
    for query, key in product(range(n), range(n)):
        if query != key and all(
            len(set(ids[group, query].tolist())) == 1 for group in _alike_but_for(inputs, key)
        ):
            return query, key
    return None


def _alike_but_for(inputs: Columns, token: int) -> Iterator[np.ndarray]:
    """The numbers of the inputs in groups that differ at `token` and nowhere else."""
    others = np.delete(inputs, token, axis=1).reshape(len(inputs), -1)
    _, group = np.unique(others, axis=0, return_inverse=True)
    order = np.argsort(group, kind="stable")
    yield from np.split(order, np.flatnonzero(np.diff(group[order])) + 1)


def value_map(layers: Sequence[Layer], function: Function) -> ValueMap:
    """The last part: whatever `function` wants at each point of the grid.

    `function` gets all inputs, [n_inputs, n, d], and returns [n_inputs, n, …].
    ValueError, naming the two, if tokens with the same id are to become something different; or if
    the layers end in a value map already.
    """
    if isinstance(layers[-1], ValueMap):
        raise ValueError(
            "these layers end in a value map already, and have no ids left. Keep the construction "
            "apart, and write [*layers, value_map(layers, function)]."
        )
    positions = layers[0]
    n = len(positions.boxes)
    inputs = all_inputs(n, positions.levels, positions.d)
    ids = codes(run(layers, inputs)[-1], positions.levels).reshape(-1)
    wanted = np.asarray(function(inputs))
    if wanted.shape[:2] != inputs.shape[:2]:
        raise ValueError(
            f"a function returns [n_inputs, n, …], here [{len(inputs)}, {n}, …]; "
            f"got {list(wanted.shape)}."
        )
    wanted = wanted.reshape(len(ids), *wanted.shape[2:])
    order = np.argsort(ids, kind="stable")
    ids, wanted = ids[order], wanted[order]

    is_torn = (ids[1:] == ids[:-1]) & (wanted[1:] != wanted[:-1]).reshape(len(ids) - 1, -1).any(1)
    if is_torn.any():
        first = int(np.flatnonzero(is_torn)[0])
        (a, token), (b, other) = (divmod(int(order[first + i]), n) for i in (0, 1))
        raise ValueError(
            f"token {token} of the input {inputs[a].tolist()} and token {other} of "
            f"{inputs[b].tolist()} have the same id, {ids[first]}, and are to become "
            f"{wanted[first].tolist()} and {wanted[first + 1].tolist()}: one id cannot be both."
        )
    return ValueMap(ids, wanted, positions.levels)
