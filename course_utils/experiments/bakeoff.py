"""`python -m course_utils reproduce bakeoff`: every mixer in the same socket, on the same tasks.

    python -m course_utils reproduce bakeoff --size laptop
    python -m course_utils reproduce bakeoff --mixer my_module:MyMixer

The second one adds a mixer of your own, which is first held against what every mixer promises. It
is given two recipes where the others have one that was searched for.
"""

from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import replace
from functools import partial
from types import ModuleType
from typing import Any

from matplotlib.figure import Figure

from course_utils import plots
from course_utils.experiments import described, report
from course_utils.experiments.experiment import Experiment, Part
from course_utils.experiments.fnet import best_recipes
from course_utils.experiments.named import Named
from course_utils.experiments.own import Own, own
from course_utils.experiments.tasks import classification, copying, language, masked_words, speed
from course_utils.experiments.trials import Candidate, Recipe, Trial, with_seeds

NAMES = ("attention", "window", "bigbird", "Fourier", "hybrid", "persistent memory", "none")
WRITERS = ("attention", "window", "bigbird", "persistent memory", "none")  # that can be causal
N_SEEDS = {"quick": 1, "laptop": 3, "paper": 3}
N_LAYERS = 2
NOTHING = "Nothing: no paper has all of these side by side."

# Smaller than in `reproduce fnet`, where there was a GPU
WORDS = masked_words.SIZES | {
    "laptop": replace(masked_words.SIZES["laptop"], d_model=64, n_layers=2, steps=700),
}


# The same two blocks, so that the hybrid is here what it is there
SPEED = speed.SIZES | {
    "laptop": replace(speed.SIZES["laptop"], d_model=64, n_layers=2, lengths=(128, 512, 2_048)),
}


def contestants(names: Iterable[str] = NAMES) -> list[Candidate]:
    return [Named(name) for name in names]


def places(candidate: Candidate, recipe: Recipe) -> list[Recipe]:
    """The task's recipe with two ways of knowing places: the same search for everybody."""
    return [replace(recipe, positions=positions) for positions in candidate.positions]


def as_it_is(candidate: Candidate, recipe: Recipe) -> list[Recipe]:
    """The task's recipe as it is: texts of ten words leave little to search."""
    return [recipe]


def as_searched(candidate: Candidate, recipe: Recipe) -> list[Recipe]:
    """The best of the 12 recipes that `reproduce fnet` has tried with that mixer.

    It has not tried those that ask by queries and keys as attention does: they take attention's.
    A guest is tried by the best one of Fourier and the best learned one of attention.
    """
    if isinstance(candidate, Own):
        return [best_recipes("Fourier")[0], best_recipes("attention")[1]]
    searched = candidate.name in ("attention", "Fourier", "hybrid", "none")
    return best_recipes(candidate.name if searched else "attention")[:1]


def places_as_searched(candidate: Candidate, recipe: Recipe) -> list[Recipe]:
    """The task's recipe, with places known in the way that this search found best."""
    found = as_searched(candidate, recipe)
    return [replace(recipe, positions=each.positions) for each in found]


def trials(
    task: str,
    settings: Mapping[str, Any],
    n_layers: int,
    candidates: Sequence[Candidate],
    recipes_of: Callable[[Candidate, Recipe], list[Recipe]],
    size: str,
) -> list[Trial]:
    """Every candidate by each of its recipes, from so many beginnings."""
    recipe = settings[size].recipe
    once = [
        Trial(task, candidate, n_layers, 0, chosen)
        for candidate in candidates
        for chosen in recipes_of(candidate, recipe)
    ]
    return with_seeds(once, N_SEEDS[size])


def speed_trials(candidates: Sequence[Candidate], size: str) -> list[Trial]:
    return [Trial("speed", candidate, N_LAYERS, 0) for candidate in candidates]


def best_bars(rows: list[report.Row], *, title: str, metric: str, best: str) -> Figure:
    """Each mixer by its best recipe."""
    better = max if best == "high" else min
    values: dict[str, float] = {}
    for row in rows:
        name = row["choice"]
        values[name] = better(values.get(name, row["mean"]), row["mean"])
    return plots.bars(values, title=title, xlabel=f"{metric} ({best} is good)")


def part(
    name: str,
    task: ModuleType,
    candidates: Sequence[Candidate],
    title: str,
    *,
    sizes: Mapping[str, Any] | None = None,
    recipes_of: Callable[[Candidate, Recipe], list[Recipe]] = places,
) -> Part:
    settings = task.SIZES if sizes is None else sizes
    return Part(
        task,
        partial(trials, name, settings, N_LAYERS, candidates, recipes_of),
        paper_says=[NOTHING],
        figure=partial(best_bars, title=title, metric=task.METRIC, best=task.BEST),
        sizes=sizes,
    )


def experiment(guest: Own | None = None) -> Experiment:
    """The bake-off; with a guest of one's own, if there is one, who does not write if it can't."""
    guests = [guest] if guest else []
    readers = [*contestants(), *guests]
    writers = [*contestants(WRITERS), *(one for one in guests if one.can_be_causal)]
    of_speed = partial(
        best_bars, title="A training step at 512 tokens", metric=speed.METRIC, best=speed.BEST
    )
    return Experiment(
        name="bakeoff",
        source="the tasks are ours; Tay et al. 2021, Long Range Arena (arXiv 2011.04006), for the "
        "idea of one table for all",
        baseline=Named("attention"),
        from_stored=guest is not None,  # the others' results come with the course
        parts={
            "words": part(
                "words", masked_words, readers, "Hidden pieces of Wikipedia",
                sizes=WORDS, recipes_of=as_searched,
            ),
            "requests": part(
                "requests",
                classification,
                readers,
                "What is wanted? 150 intents",
                recipes_of=as_it_is,
            ),
            "copying": part("copying", copying, readers, "Copying from 18 places away"),
            "writing": part(
                "writing",
                language,
                writers,
                "Writing Shakespeare",
                recipes_of=places_as_searched,
            ),
            "speed": Part(speed, partial(speed_trials, readers), [NOTHING], of_speed, SPEED),
        },
    )  # fmt: skip


EXPERIMENT = experiment()
stored = EXPERIMENT.stored  # stored("words"): the results that come along


def main(arguments: list[str]) -> int:
    """The command. A mixer of one's own is checked before anything is trained."""
    chosen = described.parser("bakeoff").parse_args(arguments)
    if chosen.mixer is None:
        return EXPERIMENT.measure_all(chosen)
    guest = own(chosen.mixer)
    print(f"{guest} keeps what every mixer promises.", flush=True)
    return experiment(guest).measure_all(chosen)
