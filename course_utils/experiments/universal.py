"""`python -m course_utils reproduce universal`: Theorem 1 of Yun et al. 2020, run on every input.

Sparse transformers whose patterns fulfil three conditions can do what dense ones can. The proof's
construction is built and run (`patterns.universal`); each condition is broken; hardmax is
softened; the grid is refined.
"""

import json
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from functools import partial
from pathlib import Path

import numpy as np
from matplotlib.axes import Axes
from matplotlib.figure import Figure

from course_utils import plots
from course_utils.experiments import described
from course_utils.experiments.experiment import results_folder
from course_utils.experiments.report import Row
from course_utils.experiments.store import write_file
from course_utils.patterns import Pattern, dense, fixed, star, strided, window
from course_utils.patterns.universal import (
    all_inputs,
    codes,
    collision,
    construction,
    deaf,
    n_layers,
    run,
    softmax_at,
    value_map,
)

Patterns = Pattern | Sequence[Pattern]


@dataclass(frozen=True)
class Size:
    """Grids (n tokens, levels, d numbers a token), temperatures, and how fine grids get."""

    grids: tuple[tuple[int, int, int], ...]
    refined: tuple[int, ...]


# The paper proves and has no sizes; "paper" is what takes some minutes.
SIZES = {
    "quick": Size(((4, 3, 1),), (1, 2, 4, 8)),
    "laptop": Size(((4, 3, 1), (5, 3, 1), (6, 2, 1), (4, 2, 2)), (1, 2, 4, 8, 16, 32)),
    "paper": Size(((5, 3, 1), (6, 4, 1), (8, 2, 1), (4, 3, 2)), (1, 2, 4, 8, 16, 32, 45)),
}
TEMPERATURES = (3.0, 2.0, 1.5, 1.0, 0.7, 0.5, 0.4, 0.3, 0.2, 0.15, 0.1, 0.07, 0.05, 0.03, 0.02)
POINTS = 20_000  # at which the error on a smooth function is measured
FUNCTIONS: dict[str, Callable[[np.ndarray], np.ndarray]] = {
    "a random table": lambda digits: np.random.default_rng(0).integers(1000, size=digits.shape),
    "sorting": partial(np.sort, axis=1),
    "reversal": lambda digits: digits[:, ::-1],
}


def ring(n: int) -> Pattern:
    """Everybody hears both neighbours and itself, all around."""
    return Pattern.from_rule(
        n, lambda query, key: np.isin((query - key) % n, [0, 1, n - 1]), name=f"ring({n})"
    )


def hub(n: int) -> Pattern:
    """A star without its ring: the last token hears all, the others it and themselves."""
    return Pattern.from_rule(
        n, lambda query, key: (query == key) | (query == n - 1) | (key == n - 1), name=f"hub({n})"
    )


def qualifying(n: int) -> dict[str, Patterns]:
    """Patterns of n tokens that fulfil all three conditions."""
    found: dict[str, Patterns] = {
        "dense": dense(n),
        "window": window(n, 1),
        "ring": ring(n),
        "star with ring": star(n),
        "strided": strided(n, 2),
    }
    return found | ({"fixed": fixed(n, 2)} if n % 2 == 0 else {})


@dataclass(frozen=True)
class Broken:
    """Patterns that miss one condition, and the path and depth to try all the same."""

    missing: str
    who: str
    patterns: Patterns
    n_spread: int
    path: tuple[int, ...]


def broken() -> list[Broken]:
    """Each of the three conditions broken, and the case in which one does not see it coming."""
    left = Pattern.from_lists([[1], [0, 3], [1], [2]], name="left neighbours, not oneself")
    halves = Pattern.from_lists([[0, 1], [0, 1], [2, 3], [2, 3]], name="two halves")
    return [
        Broken("self-loops", "left neighbours, nobody hears itself", left, 6, (0, 1, 2, 3)),
        Broken("a path", "a hub and no ring", hub(4), 2, (0, 1, 2, 3)),
        Broken("reach", "the past only", window(4, 1).causal(), 6, (0, 1, 2, 3)),
        Broken("a path, and reach", "two halves", halves, 6, (0, 1, 2, 3)),
        Broken("reach", "fixed, 2 does not divide 5", fixed(5, 2), 6, (0, 1, 2, 3, 4)),
    ]


# ---- what is measured ----------------------------------------------------------------------------


def certify(name: str, patterns: Patterns, levels: int, d: int) -> Row:
    """Every input of a grid: do ids differ, and do the functions come out without an error?"""
    layers = construction(patterns, levels, d)
    n = len(layers[0].boxes)
    inputs = all_inputs(n, levels, d)
    ids = codes(run(layers, inputs)[-1], levels)
    right = [
        bool((run([*layers, value_map(layers, f)], inputs)[-1] == f(inputs)).all())
        for f in FUNCTIONS.values()
    ]
    counts = n_layers(layers)
    return {
        "pattern": name, "n": n, "levels": levels, "d": d, "inputs": len(inputs),
        "shift_layers": counts["shift"], "spread_layers": counts["spread"],
        "all_ids_differ": collision(ids) is None,
        "exact": dict(zip(FUNCTIONS, right, strict=True)),
    }  # fmt: skip


def break_it(case: Broken, levels: int = 3) -> Row:
    """What goes wrong without the condition: two tokens with one id, and who cannot hear whom."""
    layers = construction(case.patterns, levels, path=case.path, n_spread=case.n_spread)
    inputs = all_inputs(len(case.path), levels)
    ids = codes(run(layers, inputs)[-1], levels)
    found, silence = collision(ids), deaf(ids, inputs)
    row: Row = {"missing": case.missing, "patterns": case.who, "deaf": silence}
    if found is not None:
        (a, token), (b, other) = found.first, found.second
        row["collision"] = {
            "inputs": [inputs[a, :, 0].tolist(), inputs[b, :, 0].tolist()],
            "tokens": [token, other],
            "id": found.code,
        }
    return row


def soften(patterns: Patterns, temperatures: Sequence[float], levels: int = 3) -> list[Row]:
    """Softmax at each temperature in place of hardmax, while sorting every input of the grid.

    `wrong` is the share of tokens that come out wrong; `off` how far the worst id is from the
    exact one, as a share of it.
    """
    layers = construction(patterns, levels)
    inputs = all_inputs(len(layers[0].boxes), levels)
    exact = codes(run(layers, inputs)[-1], levels).astype(float)
    layers.append(value_map(layers, FUNCTIONS["sorting"]))
    rows = []
    for temperature in temperatures:
        *_, before, after = run(layers, inputs, softmax_at(temperature))
        off = np.abs(codes(before, levels) / exact - 1).max()
        wrong = (after != FUNCTIONS["sorting"](inputs)).mean()
        rows.append({"temperature": temperature, "wrong": float(wrong), "off": float(off)})
    return rows


def dense_attention(x: np.ndarray) -> np.ndarray:
    """A smooth function to imitate: one dense attention head, x [batch, n, d], scores 4 x·xᵀ."""
    scores = 4 * x @ x.transpose(0, 2, 1)
    weights = np.exp(scores - scores.max(axis=-1, keepdims=True))
    return weights / weights.sum(axis=-1, keepdims=True) @ x


def refine(patterns: Patterns, all_levels: Sequence[int], points: int = POINTS) -> list[Row]:
    """Sparse layers imitate `dense_attention` on [0, 1]ⁿ, on finer and finer grids.

    `error` is the root of the mean squared difference over random points (the paper's L^p, p = 2);
    the layers are those that the paper counts.
    """
    rows = []
    for levels in all_levels:
        layers = construction(patterns, levels)
        x = np.random.default_rng(0).random((points, len(layers[0].boxes), 1))

        def in_the_middle(digits: np.ndarray, levels: int = levels) -> np.ndarray:
            return dense_attention((digits + 0.5) / levels)

        layers.append(value_map(layers, in_the_middle))
        error = np.sqrt(((run(layers, x * levels)[-1] - dense_attention(x)) ** 2).mean())
        counts = n_layers(layers)
        rows.append({
            "levels": levels,
            "error": float(error),
            "attention_layers": counts["shift"] + counts["spread"],
            "feed_forward_layers": counts["quantise"] + counts["value map"],
        })  # fmt: skip
    return rows


# ---- what is shown -------------------------------------------------------------------------------


def softened(rows: Sequence[Row]) -> Figure:
    """Wrong outputs, and the worst id, against the temperature."""
    fig, (left, right) = plots.figure(plots.WIDTH, 3.2, columns=2)
    temperatures = [row["temperature"] for row in rows]
    warmest = min([row["temperature"] for row in rows if row["wrong"]], default=np.inf)
    cold = max([t for t in temperatures if t < warmest], default=None)
    plots.lines(
        temperatures, {"wrong": [100 * row["wrong"] for row in rows]}, logx=True, ax=left,
        title="Outputs" if cold is None else f"Nothing is wrong from {cold} down",
        xlabel="temperature of softmax", ylabel="wrong words, in %",
    )  # fmt: skip
    plots.lines(
        temperatures, {"off": [max(row["off"], 1e-17) for row in rows]}, logx=True, logy=True,
        ax=right, title="How far off the worst id is", xlabel="temperature of softmax",
        ylabel="off by this share of itself",
    )  # fmt: skip
    _as_measured(left, right)
    return fig


def refined(rows: Sequence[Row]) -> Figure:
    """The error on a smooth function, and the layers that it takes, against the grid's step."""
    fig, (left, right) = plots.figure(plots.WIDTH, 3.2, columns=2)
    steps = [1 / row["levels"] for row in rows]
    plots.lines(
        steps, {"error": [row["error"] for row in rows]}, logx=True, logy=True, ax=left,
        title="Half the step, half the error", xlabel="step of the grid, δ",
        ylabel="error (root mean square)",
    )  # fmt: skip
    plots.lines(
        steps,
        {
            "feed-forward": [row["feed_forward_layers"] for row in rows],
            "attention": [row["attention_layers"] for row in rows],
        },
        logx=True, logy=True, ax=right, title="… and soon eight times the layers",
        xlabel="step of the grid, δ", ylabel="layers",
    )  # fmt: skip
    _as_measured(left, right)
    for ax in (left, right):
        ax.invert_xaxis()  # finer to the right
    return fig


def _as_measured(*all_axes: Axes) -> None:
    """A dot where something was measured, and 0.1 along the x axis instead of 10⁻¹."""
    for ax in all_axes:
        for line in ax.get_lines():
            line.set_marker("o")
        ax.xaxis.set_major_formatter(lambda x, _: f"{x:g}")


def said(row: Row) -> str:
    """A broken condition's row in a sentence or two."""
    words = f"without {row['missing']} ({row['patterns']}): "
    if "collision" not in row:
        return words + "no two tokens share an id."
    (a, b), (token, other) = row["collision"]["inputs"], row["collision"]["tokens"]
    words += f"token {token} of {a} and token {other} of {b} share the id {row['collision']['id']}"
    if row["deaf"] is not None:
        query, key = row["deaf"]
        words += f"; token {query}'s id never changes with token {key}"
    return words + "."


def text(result: Row) -> str:
    """All of it for a terminal."""
    lines = ["pattern           n  levels  d  inputs  shift + spread  all ids differ  exact"]
    for row in result["certified"]:
        layers = f"{row['shift_layers']} + {row['spread_layers']}"
        exact = f"{sum(row['exact'].values())} of {len(row['exact'])} functions"
        differ = "yes" if row["all_ids_differ"] else "NO"
        lines.append(
            f"{row['pattern']:15}  {row['n']:2}  {row['levels']:6}  {row['d']:1}  "
            f"{row['inputs']:6,}  {layers:>14}  {differ:>14}  {exact}"
        )
    lines += ["", *map(said, result["broken"]), ""]
    lines += ["temperature  wrong outputs  worst id off by"]
    lines += [
        f"{row['temperature']:11}  {row['wrong']:13.1%}  {row['off']:15.1e}"
        for row in result["softened"]
    ]
    lines += ["", "levels  error   attention layers  feed-forward layers"]
    lines += [
        f"{row['levels']:6}  {row['error']:.4f}  {row['attention_layers']:16,}  "
        f"{row['feed_forward_layers']:19,}"
        for row in result["refined"]
    ]
    return "\n".join(lines)


# ---- the command ---------------------------------------------------------------------------------


def measure(size: Size) -> Row:
    """All that the command measures; the same numbers for the same size, on any machine."""
    return {
        "experiment": "universal",
        "source": "Yun et al. 2020, arXiv 2006.04862, Theorem 1",
        "certified": [
            certify(name, patterns, levels, d)
            for n, levels, d in size.grids
            for name, patterns in qualifying(n).items()
        ],
        "broken": [break_it(case) for case in broken()],
        "softened": soften(ring(4), TEMPERATURES),
        "refined": refine(window(3, 1), size.refined),
    }


def main(arguments: list[str]) -> int:
    """Measure, print, and write JSON and figures; 1 if something is not as the theorem says."""
    chosen = described.parser("universal").parse_args(arguments)
    folder = results_folder(chosen.out)
    result = measure(SIZES[chosen.size])
    print(text(result))
    path = folder / f"universal-{chosen.size}.json"
    write(result, path)
    print(f"\nResults: {path}, with two figures beside it.")
    holds = all(
        row["all_ids_differ"] and all(row["exact"].values()) for row in result["certified"]
    ) and all("collision" in row for row in result["broken"])
    print("as the theorem says:", holds)
    return 0 if holds else 1


def write(result: Row, path: Path) -> None:
    write_file(path, (json.dumps(result, indent=1) + "\n").encode("utf-8"))
    for name, figure in (
        ("softened", softened(result["softened"])),
        ("refined", refined(result["refined"])),
    ):
        write_file(path.with_name(f"{path.stem}-{name}.png"), plots.png(figure))
