"""What many runs say together: means and spreads over seeds, as rows, as text and as a figure."""

import statistics
from collections.abc import Sequence
from typing import Any

from matplotlib.figure import Figure

from course_utils import plots
from course_utils.experiments.choices import Choice
from course_utils.experiments.runs import Result, Run

Row = dict[str, Any]


def table(results: dict[Run, Result], metric: str) -> list[Row]:
    """One row for each pattern and depth, in the order of the runs.

    `spread` is the standard deviation over the seeds (with n - 1; 0 for one seed alone).
    """
    together: dict[tuple[Choice, int], list[Result]] = {}
    for run, result in sorted(results.items(), key=lambda found: found[0].seed):
        together.setdefault((run.choice, run.n_layers), []).append(result)
    rows = []
    for (choice, n_layers), found in together.items():
        values = [result[metric] for result in found]
        rows.append({
            "choice": str(choice),
            "n_layers": n_layers,
            "sparsity": round(statistics.fmean(result["sparsity"] for result in found), 3),
            "mean": round(statistics.fmean(values), 4),
            "spread": round(statistics.stdev(values), 4) if len(values) > 1 else 0.0,
            "seeds": len(values),
        })  # fmt: skip
    return rows


def text(rows: Sequence[Row], metric: str) -> str:
    """The rows for a terminal."""
    width = max(len(row["choice"]) for row in rows)
    lines = [f"{'':{width}}  layers  zeros  {metric} (spread over seeds)"]
    lines += [
        f"{row['choice']:{width}}  {row['n_layers']:6}  {row['sparsity']:5.0%}  "
        f"{row['mean']:.3f} ± {row['spread']:.3f} ({row['seeds']})"
        for row in rows
    ]
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
    fig.suptitle(title, fontsize=plots.TITLE_SIZE, color=plots.INK)
    return fig


def dots(rows: Sequence[Row], *, title: str, xlabel: str, best: str) -> Figure:
    """A line for each pattern, the best on top: its mean as a dot, its spread as a bar.

    `best` is "low" or "high": which way is better. A dashed line stands where dense attention does.
    """
    ranked = sorted(rows, key=lambda row: row["mean"], reverse=best == "high")
    fig, ax = plots.figure(plots.WIDTH, 1.2 + 0.27 * len(ranked))
    for place, row in enumerate(ranked):
        dense = row["choice"] == "dense"
        color = plots.ORANGE if dense else plots.BLUE
        ax.errorbar(row["mean"], place, xerr=row["spread"], fmt="D" if dense else "o", color=color,
                    markersize=5, capsize=2, linewidth=1.2)  # fmt: skip
        if dense:
            ax.axvline(row["mean"], color=color, linestyle="--", linewidth=1, zorder=0)
    named = [f"{row['choice']} ({row['sparsity']:.0%} zeros)" for row in ranked]
    ax.set_yticks(range(len(ranked)), named, fontsize=plots.SMALL_SIZE)
    ax.set_ylim(len(ranked) - 0.5, -0.5)
    ax.margins(x=0.08)
    ax.grid(axis="y", color="#dddddd", linewidth=0.6)
    told = f"{xlabel}, {best} is good (bars: spread over seeds)"
    ax.set_xlabel(told, fontsize=plots.LABEL_SIZE)
    fig.suptitle(title, fontsize=plots.TITLE_SIZE, color=plots.INK)
    return fig
