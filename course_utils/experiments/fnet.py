"""`python -m course_utils reproduce fnet`: what is lost when waves do attention's job?

Lee-Thorp et al. 2021, "FNet: Mixing Tokens with Fourier Transforms" (arXiv 2105.03824): hidden
words, then questions about texts, for attention, Fourier, FNet-Hybrid and the paper's controls.
First every mixer is given the same search for the way in which it learns best.
"""

import functools
from itertools import product

from matplotlib.figure import Figure

from course_utils import plots
from course_utils.experiments import report
from course_utils.experiments.experiment import Experiment, Part, read_stored
from course_utils.experiments.named import Named
from course_utils.experiments.tasks import fine_tuning, marked_pair, masked_words, speed
from course_utils.experiments.trials import Recipe, Trial, with_recipes, with_seeds

NAMES = ("attention", "Fourier", "hybrid", "linear", "random", "none")
N_SEEDS = {"quick": 1, "laptop": 3, "paper": 3}
# Highest rates, and the share of the steps in which they are climbed to: high ones need long climbs
CLIMBS = {
    "quick": ((1e-3, 0.1),),
    "laptop": ((1e-3, 0.1), (1e-3, 0.3), (3e-3, 0.3)),
    "paper": ((1e-4, 0.01), (3e-4, 0.1)),
}


def searched(name: str, size: str) -> list[Recipe]:
    """The same number for each mixer: norms, ways of knowing places, rates with their climbs."""
    settings = product(("post", "pre"), Named(name).positions, CLIMBS[size])
    return [Recipe(rate, climb, positions, norm) for norm, positions, (rate, climb) in settings]


def search_trials(size: str) -> list[Trial]:
    """Every mixer by each of its recipes, from one beginning; all mixers in turn."""
    n_layers = masked_words.SIZES[size].n_layers
    by_mixer = [
        with_recipes([Trial("search", Named(name), n_layers, 0)], searched(name, size))
        for name in NAMES
    ]
    return [trial for trials in zip(*by_mixer, strict=True) for trial in trials]


@functools.cache
def best_recipes(name: str) -> list[Recipe]:
    """What the stored search found best for that mixer, and the best with learned positions.

    What is best at guessing words in full pages need not be best where texts are short.
    """
    runs = read_stored("fnet-search-laptop.json")["runs"]
    own = [run for run in runs if run["run"]["choice"]["name"] == name]
    own.sort(key=lambda run: run["result"][masked_words.METRIC], reverse=True)
    recipes = [Recipe(**run["run"]["recipe"]) for run in own]
    learned = next(recipe for recipe in recipes if recipe.positions == "learned")
    return list(dict.fromkeys([recipes[0], learned]))


def question_trials(size: str) -> list[Trial]:
    """Every mixer by its best recipe, and Fourier by its best one with learned positions as well.

    What it guesses best by is not what it answers best by, and that has to be seen.
    """
    n_layers = fine_tuning.SIZES[size].n_layers
    once = [
        Trial("questions", Named(name), n_layers, 0, recipe)
        for name in NAMES
        for recipe in (
            best_recipes(name)[: 2 if name == "Fourier" else 1] if size == "laptop" else [None]
        )
    ]
    return with_seeds(once, N_SEEDS[size])


def pair_trials(size: str) -> list[Trial]:
    """Every mixer, with norms in front and behind."""
    rate = marked_pair.SIZES[size].recipe.peak
    recipes = [Recipe(rate, 1 / 10, "learned", norm) for norm in ("post", "pre")]
    n_layers = marked_pair.SIZES[size].n_layers
    once = [Trial("pair", Named(name), n_layers, 0) for name in NAMES]
    return with_seeds(with_recipes(once, recipes), N_SEEDS[size])


def speed_trials(size: str) -> list[Trial]:
    n_layers = speed.SIZES[size].n_layers
    return [Trial("speed", Named(name), n_layers, 0) for name in NAMES[1:]]


def best_bars(rows: list[report.Row], *, title: str, metric: str) -> Figure:
    """Each mixer's best recipe."""
    best: dict[str, float] = {}
    for row in rows:
        best[row["choice"]] = max(best.get(row["choice"], 0.0), row["mean"])
    return plots.bars(best, title=title, xlabel=metric)


PAPER = [
    "GLUE, mean of eight tasks: BERT-Base 83.3, FNet-Base 76.7, which is 92 % of it; FNet-Hybrid "
    "80.6, Linear 77.0, Random 56.6, feed-forward alone 49.3 (the row of FNet is that of its model "
    "card; the others as recalled, and cross-checked by their means).",
    "Hidden words: FNet-Base 58 % (model card); as recalled BERT 68, Linear 62, Hybrid 63, Random "
    "26, feed-forward alone 13.",
    "Large: 81.9 of 84.7, which is 97 % (as recalled).",
]

EXPERIMENT = Experiment(
    name="fnet",
    source="Lee-Thorp et al. 2021, arXiv 2105.03824",
    baseline=Named("attention"),
    parts={
        "search": Part(
            masked_words,
            search_trials,
            paper_says=["It trains all mixers by BERT's recipe, norms behind, learned positions."],
            figure=functools.partial(
                best_bars,
                title="Each mixer by the best of its 12 recipes",
                metric="masked accuracy",
            ),
        ),
        "questions": Part(
            fine_tuning,
            question_trials,
            paper_says=PAPER,
            figure=functools.partial(
                best_bars, title="Three sets of questions, by mixers", metric="mean accuracy"
            ),
        ),
        "pair": Part(
            marked_pair,
            pair_trials,
            paper_says=["Nothing: it has no such task."],
            figure=functools.partial(
                best_bars, title="Are the two marked symbols the same?", metric="accuracy"
            ),
        ),
        "speed": Part(
            speed,
            speed_trials,
            paper_says=[
                "Pretraining of FNet-Base is 80 % faster than BERT's on GPUs and 70 % on TPUs, at "
                "512 tokens (abstract, second version and later). The first version's abstract has "
                "up to seven times on GPUs and twice on TPUs.",
            ],
            figure=functools.partial(
                best_bars, title="A training step at 512 tokens", metric=speed.METRIC
            ),
        ),
    },
)

main = EXPERIMENT.main  # the command
stored = EXPERIMENT.stored  # stored("questions"): the results that come along
