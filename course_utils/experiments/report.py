"""What many trials say together: means and spreads over seeds, as rows, as text and as a figure."""

import math
import statistics
from collections.abc import Sequence
from dataclasses import asdict, replace
from typing import Any

from matplotlib.axes import Axes
from matplotlib.figure import Figure

from course_utils import plots
from course_utils.experiments.trials import Candidate, Trial
from course_utils.experiments.workers import Result

Row = dict[str, Any]


def table(results: dict[Trial, Result], metric: str, baseline: Candidate) -> list[Row]:
    """One row for each candidate, depth and recipe, in the order of the trials.

    `spread` is the standard deviation over the seeds (with n - 1; 0 for one seed alone).
    `against_baseline` compares each trial with the baseline's of the same depth, recipe and seed,
    which has met the same batches in the same order: what a lucky order does to all of them drops
    out. None where the baseline's trial is missing.
    """
    together: dict[Trial, list[Trial]] = {}
    for trial in sorted(results, key=lambda trial: trial.seed):
        together.setdefault(replace(trial, seed=0), []).append(trial)
    return [row_of(trials, results, metric, baseline) for trials in together.values()]


def row_of(
    trials: Sequence[Trial], results: dict[Trial, Result], metric: str, baseline: Candidate
) -> Row:
    """What trials that differ in their seeds alone come to."""
    first, values = trials[0], [results[trial][metric] for trial in trials]
    row = {
        "choice": str(first.candidate),
        "mixer": first.candidate.kind,
        **asdict(first.candidate),
        "recipe": None if first.recipe is None else str(first.recipe),
        "n_layers": first.n_layers,
    }
    if "sparsity" in results[first]:
        zeros = statistics.fmean(results[trial]["sparsity"] for trial in trials)
        row["sparsity"] = round(zeros, 3)
    row |= {"seeds": len(trials), "mean": round(statistics.fmean(values), 4)}
    row["spread"] = spread(values)
    rivals = [replace(trial, candidate=baseline) for trial in trials]
    row["against_baseline"] = row["against_baseline_spread"] = None
    if all(rival in results for rival in rivals):
        ahead = [
            value - results[rival][metric] for value, rival in zip(values, rivals, strict=True)
        ]
        row["against_baseline"] = round(statistics.fmean(ahead), 4)
        row["against_baseline_spread"] = spread(ahead)
    return row


def spread(values: Sequence[float]) -> float:
    return round(statistics.stdev(values), 4) if len(values) > 1 else 0.0


def text(rows: Sequence[Row], metric: str, baseline: str) -> str:
    """The rows for a terminal."""
    names = [row["choice"] + (f" ({row['recipe']})" if row["recipe"] else "") for row in rows]
    width = max(map(len, names))
    title = f"{metric}, ± spread"
    middle = max(len(title), 15)
    some_zeros = any("sparsity" in row for row in rows)
    zeros_title = "  zeros" if some_zeros else ""
    lines = [f"{'':{width}}  layers{zeros_title}  seeds  {title:{middle}}  against {baseline}"]
    for name, row in zip(names, rows, strict=True):
        line = f"{name:{width}}  {row['n_layers']:6}"
        if some_zeros:
            line += f"  {row['sparsity']:5.0%}" if "sparsity" in row else f"  {'':5}"
        measured = f"{row['mean']:.3f} ± {row['spread']:.3f}"
        line += f"  {row['seeds']:5}  {measured:{middle}}"
        if row["against_baseline"] is not None and row["choice"] != baseline:
            line += f"  {row['against_baseline']:+.3f} ± {row['against_baseline_spread']:.3f}"
        lines.append(line.rstrip())
    return "\n".join(lines)


def depths(rows: Sequence[Row], *, title: str) -> Figure:
    """Patterns down, layers across, the mean in each cell with its spread below."""
    choices = list(dict.fromkeys(row["choice"] for row in rows))
    layers = sorted({row["n_layers"] for row in rows})
    fig, ax = plots.figure(plots.WIDTH, 1.3 + 0.42 * len(choices))
    cells = [[float("nan")] * len(layers) for _ in choices]
    for row in rows:
        cells[choices.index(row["choice"])][layers.index(row["n_layers"])] = row["mean"]
    ax.imshow(cells, cmap=plots.ATTENTION, vmin=0, vmax=1.6, aspect="auto")
    for row in rows:
        place = layers.index(row["n_layers"]), choices.index(row["choice"])
        spread = f" ± {row['spread']:.2f}" if row["seeds"] > 1 else ""
        dark = row["mean"] > 0.7
        ax.text(*place, f"{row['mean']:.2f}{spread}", ha="center", va="center",
                fontsize=plots.SMALL_SIZE, color=plots.PAGE if dark else plots.INK)  # fmt: skip
    zeros = {row["choice"]: row["sparsity"] for row in rows}
    named = [f"{choice} ({zeros[choice]:.0%} zeros)" for choice in choices]
    ax.set_yticks(range(len(choices)), named, fontsize=plots.LABEL_SIZE)
    ax.set_xticks(range(len(layers)), [str(n) for n in layers], fontsize=plots.LABEL_SIZE)
    ax.set_xlabel("attention layers", fontsize=plots.LABEL_SIZE)
    ax.spines[:].set_visible(False)
    ax.tick_params(length=0)
    return plots.headline(fig, title)


# The three panels of `levels`: which patterns are in each
PANELS = {
    "strided": ("strided",),
    "fixed": ("fixed",),
    "the others": ("star", "window", "random", "nobody"),
}
STYLES = {  # by configuration, or by pattern where there is none
    "union": (plots.BLUE, "-", "o"),
    "multihead": (plots.ORANGE, "--", "s"),
    "sequential": (plots.GREEN, ":", "D"),
    "star": (plots.PINK, "-", "*"),
    "window": (plots.SKY, "-", "o"),
    "random": (plots.INK, "--", "x"),
    "nobody": (plots.FAINT, "", "v"),
}


def levels(
    rows: Sequence[Row], *, title: str, ylabel: str, best: str, within: float = math.inf
) -> Figure:
    """The paper's picture: what is lost or won against dense attention, over the share of zeros.

    A panel each for strided, fixed and the others; the bars are the spread over seeds of the
    difference. `best` is "low" or "high": which way is better. Rows without dense attention to
    compare with are left out. What is further than `within` from dense attention would squeeze all
    others: its number stands at the edge, with an arrow.
    """
    fig, axes = plots.figure(plots.WIDTH, 3.6, columns=len(PANELS))
    compared = [row for row in rows if row["against_baseline"] is not None]
    for ax, (panel, patterns) in zip(axes, PANELS.items(), strict=True):
        ax.sharey(axes[0])
        ax.axhline(0, color=plots.FAINT, linestyle="--", linewidth=1, zorder=0)
        # a star is a star, wherever its relay is
        mine = [row for row in compared if row["pattern"].partition(",")[0] in patterns]
        legend = "lower left" if best == "high" else "best"  # where no line of dense attention is
        draw(ax, [row for row in mine if abs(row["against_baseline"]) <= within], legend)
        for row in mine:
            if abs(row["against_baseline"]) > within:
                name_off_the_page(ax, row)
        ax.set_title(panel, fontsize=plots.LABEL_SIZE, loc="left", color=plots.INK)
        ax.set_xlabel("% zeros", fontsize=plots.LABEL_SIZE)
        ax.set_xlim(0, 100)
    low, high = axes[0].get_ylim()
    axes[0].set_ylim(low - 0.35 * (high - low) if best == "high" else low, high)  # for the legends
    for ax in axes[1:]:
        ax.tick_params(labelleft=False)
    told = f"{ylabel},\nagainst dense ({best} is good)"
    axes[0].set_ylabel(told, fontsize=plots.LABEL_SIZE)
    return plots.headline(fig, title)


def name_off_the_page(ax: Axes, row: Row) -> None:
    """The row's name and number at the edge that it lies beyond."""
    value = row["against_baseline"]
    place, sense, align = (0.2, "↓", "bottom") if value < 0 else (0.96, "↑", "top")
    text = f"{row['choice']} {value:+.2f} {sense}".replace("-", "−")
    where = min(100 * row["sparsity"], 97)
    ax.text(where, place, text, transform=ax.get_xaxis_transform(), ha="right", va=align,
            fontsize=plots.SMALL_SIZE, color=plots.INK)  # fmt: skip


def draw(ax: Axes, rows: Sequence[Row], legend: str) -> None:
    """A line for each configuration, or for each pattern where there is none, with a legend."""
    lines: dict[str, list[Row]] = {}
    for row in rows:
        kind = row["pattern"].partition(",")[0]
        lines.setdefault(row["configuration"] or kind, []).append(row)
    for name, found in lines.items():
        found.sort(key=lambda row: row["sparsity"])
        color, stroke, mark = STYLES[name]
        ax.errorbar(
            [100 * row["sparsity"] for row in found],
            [row["against_baseline"] for row in found],
            yerr=[row["against_baseline_spread"] for row in found],
            color=color, linestyle=stroke, marker=mark, markersize=5, capsize=2,
            linewidth=1.5, label=name,
        )  # fmt: skip
    if lines:
        ax.legend(fontsize=plots.SMALL_SIZE, frameon=False, loc=legend)
