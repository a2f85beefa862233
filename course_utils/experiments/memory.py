"""`python -m course_utils reproduce memory`: can attention remember what it was taught by itself?

Sukhbaatar et al. 2019, "Augmenting Self-attention with Persistent Memory" (arXiv 1907.01470):
language models with feed-forward layers, with persistent vectors in their stead, and with neither,
at as many parameters and steps.
"""

import math
from dataclasses import replace
from functools import partial

from matplotlib.figure import Figure

from course_utils import plots
from course_utils.experiments import report
from course_utils.experiments.experiment import Experiment, Part
from course_utils.experiments.named import Named
from course_utils.experiments.remembering import Remembering
from course_utils.experiments.tasks import characters, pieces
from course_utils.experiments.trials import Trial, with_recipes, with_seeds
from course_utils.mixers.memory import Init
from course_utils.problem import Problem

BEGINNINGS = {"quick": 1, "laptop": 3, "paper": 3}
WITH_FEED_FORWARD = Named("attention")
ALONE = Remembering(0)


def equal(task: str, beginnings: dict[str, int], size: str) -> list[Trial]:
    """Three models of as many parameters, and one of fewer: where does it keep what it knows?

    With 4 · d_model numbers in a feed-forward layer, a block has 12 · d_model² parameters. Twice
    as many blocks of all-attention with d_model vectors each have as many, and so have three times
    as many of attention alone.
    """
    settings = characters.SIZES[size]
    n_layers, d_model = settings.n_layers, settings.d_model
    once = [
        Trial(task, WITH_FEED_FORWARD, n_layers, 0),
        Trial(task, Remembering(d_model), 2 * n_layers, 0),
        Trial(task, ALONE, 3 * n_layers, 0),
        Trial(task, ALONE, n_layers, 0),
    ]
    return with_seeds(with_recipes(once, [settings.recipe]), beginnings[size])


def ablated(size: str) -> list[Trial]:
    """All-attention with more vectors, fewer, none; begun as in the paper; with two softmaxes.

    From one beginning each, the paper's beginning from as many as `equal` has, where the usual one
    is: d_model vectors, begun quietly.
    """
    settings = characters.SIZES[size]
    d_model = settings.d_model
    usual = Remembering(d_model)
    choices = [Remembering(count) for count in (0, d_model // 4, 4 * d_model)]
    choices += [Remembering(4 * d_model, "paper"), replace(usual, softmax="two")]
    once = [Trial("ablation", choice, 2 * settings.n_layers, 0) for choice in choices]
    begun = Trial("ablation", replace(usual, init="paper"), 2 * settings.n_layers, 0)
    return once + with_seeds([begun], BEGINNINGS[size])


def bars(rows: list[report.Row], *, title: str, metric: str) -> Figure:
    """Each kind of model with its depth, by its best recipe; a short bar is good."""
    best: dict[str, float] = {}
    for row in rows:
        name = f"{row['choice']}, {row['n_layers']} layers"
        best[name] = min(best.get(name, math.inf), row["mean"])
    return plots.bars(best, title=title, xlabel=f"{metric} (low is good)")


PAPER = [
    "enwik8, bits per character (test): all-attention of 18 layers, 39 million parameters, 1.01; "
    "of 36 layers, 114 million, 0.98; with feed-forward layers and the same adaptive span 1.02 at "
    "39 million and 0.98 at 209 million (README of the released code).",
]
WORDS = [
    "WikiText-103, perplexity (test): all-attention of 133 million parameters 20.6; as recalled, "
    "Transformer-XL of 151 million 24.0 and of 257 million 18.3, adaptive inputs of 247 million "
    "18.7.",
]
ABLATION = [
    "More vectors help up to about 1,024, attention alone is clearly worse, and one softmax over "
    "both is a little better than two (trends, as recalled; the numbers were not recovered).",
]

EXPERIMENT = Experiment(
    name="memory",
    source="Sukhbaatar et al. 2019, arXiv 1907.01470",
    baseline=WITH_FEED_FORWARD,
    parts={
        "characters": Part(
            characters,
            partial(equal, "characters", BEGINNINGS),
            paper_says=PAPER,
            figure=partial(
                bars, title="Shakespeare, character by character", metric=characters.METRIC
            ),
        ),
        "pieces": Part(
            pieces,
            partial(equal, "pieces", BEGINNINGS),
            paper_says=WORDS,
            figure=partial(bars, title="Wikipedia, piece by piece", metric=pieces.METRIC),
        ),
        "ablation": Part(
            characters,
            ablated,
            paper_says=ABLATION,
            figure=partial(
                bars,
                title="What all-attention needs, and what it does not",
                metric=characters.METRIC,
            ),
        ),
    },
)

main = EXPERIMENT.main  # the command
stored = EXPERIMENT.stored  # stored("characters"): the results that come along


def bits_by_model(part: str) -> dict[str, list[float]]:
    """Bits per character, or per piece, of each model of a part, beginning by beginning, as stored.

    Models are named as "64 vectors, 8 blocks".
    """
    found: dict[str, list[float]] = {}
    for entry in sorted(stored(part)["runs"], key=lambda entry: entry["run"]["seed"]):
        run, result = entry["run"], entry["result"]
        said = "attention and feed-forward"
        if run["mixer"] == Remembering.kind:
            said = str(Remembering(**run["choice"]))
        value = math.log2(result[pieces.METRIC]) if part == "pieces" else result[characters.METRIC]
        found.setdefault(f"{said}, {run['n_layers']} blocks", []).append(value)
    return found


def bits(n_persistent: int, init: Init = "quiet", softmax: str = "one") -> list[float]:
    """Bits per character of eight blocks of all-attention, beginning by beginning, as stored.

    Problem if no such model was trained.
    """
    name = f"{Remembering(n_persistent, init, softmax)}, 8 blocks"
    found = bits_by_model("characters") | bits_by_model("ablation")
    if name not in found:
        raise Problem(f"no model with {name} is stored; there are {'; '.join(found)}.")
    return found[name]
