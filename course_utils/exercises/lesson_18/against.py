"""How far ahead of the baseline, seed by seed, and how sure?"""

import math
import statistics
from collections.abc import Iterator

import numpy as np

from course_utils.checks.task import Case, Task


def pair(answer, *args):
    """Two numbers are two numbers, be they in a tuple, a list, an array or a tensor."""
    result = answer(*args)
    both = result.tolist() if hasattr(result, "tolist") else result
    return tuple(both) if isinstance(both, list) and len(both) == 2 else result


task = Task(
    "18.against",
    "Ahead, and how surely",
    section="The table",
    dimensions=((), ()),
    use=pair,
    hints=[
        "Runs of one seed have met the same batches in the same order. So compare seed by seed: "
        "results[mixer, seed] − results[baseline, seed].",
        "A seed that one of the two lacks has nothing to be compared with: leave it out.",
        "The mean of the differences, and their spread: `statistics.stdev`, which divides by one "
        "less than there are. With a single seed there is no spread: 0.",
    ],
    praise="Right. What a lucky order of the batches did to both has dropped out.",
)


@task.answer
def against(results, mixer, baseline):
    ### BEGIN SOLUTION
    seeds = [seed for name, seed in results if name == mixer and (baseline, seed) in results]
    ahead = [results[mixer, seed] - results[baseline, seed] for seed in seeds]
    spread = statistics.stdev(ahead) if len(ahead) > 1 else 0.0
    return statistics.mean(ahead), spread
    ### END SOLUTION


@task.cases
def cases(seed: int) -> Iterator[Case]:
    dice = np.random.default_rng(seed)

    def runs(**seeds):
        """A hard seed is hard for everybody: the differences vary less than the results."""
        hard = dice.normal(0, 0.2, size=12)
        level = {name: 0.5 + 0.1 * i for i, name in enumerate(seeds)}
        return {
            (name, s): round(float(level[name] + hard[s] + dice.normal(0, 0.02)), 4)
            for name, own in seeds.items()
            for s in own
        }

    three = runs(attention=[0, 1, 2], Fourier=[0, 1, 2], window=[0, 1, 2])
    yield Case("three seeds each", (three, "Fourier", "attention"))
    yield Case("the other way round", (three, "attention", "window"))
    yield Case("a mixer against itself", (three, "window", "window"))
    some = runs(attention=[0, 2, 3, 5], Fourier=[5, 1, 2, 0], none=[7])
    yield Case("some seeds are missing, and in another order", (some, "Fourier", "attention"))
    one = runs(attention=[4], Fourier=[4, 6], none=[1])
    nought = {
        ("a", 0): 0.0,
        ("a", 1): 0.5,
        ("a", 2): 0.3,
        ("b", 0): 0.3,
        ("b", 1): 0.9,
        ("b", 2): 0.0,
    }
    yield Case("a result of 0 is a result", (nought, "b", "a"))
    alike = runs(**{"window, rotary": [0, 1], "window": [0, 1, 2], "attention": [2, 1, 0]})
    yield Case("names that begin alike", (alike, "window", "attention"))
    yield Case("one seed in common", (one, "Fourier", "attention"))


@task.also_right
def by_numpy(results, mixer, baseline):
    seeds = {s for m, s in results if m == mixer} & {s for m, s in results if m == baseline}
    ahead = np.array([results[mixer, s] - results[baseline, s] for s in sorted(seeds)])
    return float(ahead.mean()), float(ahead.std(ddof=1)) if len(ahead) > 1 else 0.0


def paired(results, mixer, baseline):
    seeds = [s for m, s in results if m == mixer and (baseline, s) in results]
    return [results[mixer, s] - results[baseline, s] for s in seeds]


def spread(values):
    return statistics.stdev(values) if len(values) > 1 else 0.0


def own(results, name):
    return [value for (m, _), value in results.items() if m == name]


@task.mistake
def unpaired(results, mixer, baseline):
    """The spread is that of the mixer's own results.

    A hard seed is hard for both. What varies is the *difference*, seed by seed, and it varies less.
    """
    seeds = [s for m, s in results if m == mixer and (baseline, s) in results]
    mine = [results[mixer, s] for s in seeds]
    return statistics.mean(paired(results, mixer, baseline)), spread(mine)


@task.mistake
def all_seeds(results, mixer, baseline):
    """Seeds that one of the two lacks are in it.

    They have nothing to be compared with. Of each seed that both have, the difference.
    """
    mine, theirs = own(results, mixer), own(results, baseline)
    return statistics.mean(mine) - statistics.mean(theirs), spread(paired(results, mixer, baseline))


@task.mistake
def in_their_order(results, mixer, baseline):
    """You compared the first with the first, the second with the second.

    They may stand in another order. The pairs are made by seed.
    """
    ahead = [a - b for a, b in zip(own(results, mixer), own(results, baseline), strict=False)]
    return statistics.mean(ahead), spread(ahead)


@task.mistake
def behind(results, mixer, baseline):
    """The sign is turned round.

    How far the mixer is ahead: its own result minus the baseline's.
    """
    mean, deviation = against(results, mixer, baseline)
    return -mean, deviation


@task.mistake
def population(results, mixer, baseline):
    """You divided by the number of seeds.

    Of so few, the spread comes out too small: divide by one less (`stdev`, or ddof=1).
    """
    ahead = paired(results, mixer, baseline)
    return statistics.mean(ahead), statistics.pstdev(ahead)


@task.mistake
def variance(results, mixer, baseline):
    """You returned the variance.

    The spread is its root, in the units of the results.
    """
    ahead = paired(results, mixer, baseline)
    return statistics.mean(ahead), statistics.variance(ahead) if len(ahead) > 1 else 0.0


@task.mistake
def error_of_the_mean(results, mixer, baseline):
    """You divided the spread by √ of how many there are.

    That is the mean's own error. Wanted is the spread of the differences.
    """
    ahead = paired(results, mixer, baseline)
    return statistics.mean(ahead), spread(ahead) / len(ahead) ** 0.5


@task.mistake
def relative(results, mixer, baseline):
    """You divided by the baseline.

    Wanted is the difference, in the units of the results.
    """
    seeds = [s for m, s in results if m == mixer and (baseline, s) in results]
    ahead = [results[mixer, s] / results[baseline, s] - 1 for s in seeds]
    return statistics.mean(ahead), spread(ahead)


@task.mistake
def median(results, mixer, baseline):
    """You took the median.

    The mean was asked for.
    """
    ahead = paired(results, mixer, baseline)
    return statistics.median(ahead), spread(ahead)


@task.mistake
def from_low_to_high(results, mixer, baseline):
    """Your spread goes from the lowest to the highest.

    Wanted is the standard deviation.
    """
    ahead = paired(results, mixer, baseline)
    return statistics.mean(ahead), max(ahead) - min(ahead)


@task.mistake
def sizes_of_differences(results, mixer, baseline):
    """You took the differences without their signs.

    Then nobody is ever behind.
    """
    ahead = [abs(value) for value in paired(results, mixer, baseline)]
    return statistics.mean(ahead), spread(ahead)


@task.mistake
def nought_is_nothing(results, mixer, baseline):
    """A result of 0 counts as missing in yours.

    0 is a number, and `if results.get(…)` takes it for none. Ask `(mixer, seed) in results`.
    """
    kept = {run: value for run, value in results.items() if value}
    return against(kept, mixer, baseline)


@task.mistake
def beginnings_of_names(results, mixer, baseline):
    """Another mixer, whose name begins alike, is in it.

    Compare names with ==, not with startswith.
    """
    seeds = [s for m, s in results if m.startswith(mixer) and (baseline, s) in results]
    names = [m for m, s in results if m.startswith(mixer) and (baseline, s) in results]
    ahead = [results[m, s] - results[baseline, s] for m, s in zip(names, seeds)]
    return statistics.mean(ahead), spread(ahead)


@task.mistake
def seeds_from_zero(results, mixer, baseline):
    """You took seeds 0, 1 and 2.

    Which there are stands in `results`: those that both have.
    """
    seeds = [s for s in range(3) if (mixer, s) in results and (baseline, s) in results]
    ahead = [results[mixer, s] - results[baseline, s] for s in seeds] or [0.0]
    return statistics.mean(ahead), spread(ahead)


@task.mistake
def missing_is_nought(results, mixer, baseline):
    """Where the baseline lacks a seed you took 0 for it.

    What was not measured is no 0. Leave that seed out.
    """
    seeds = [s for m, s in results if m == mixer]
    ahead = [results[mixer, s] - results.get((baseline, s), 0.0) for s in seeds]
    return statistics.mean(ahead), spread(ahead)


@task.mistake
def seeds_of_everybody(results, mixer, baseline):
    """You asked for seeds that all mixers have.

    These two are compared: a seed that both of them have is enough.
    """
    names = {m for m, _ in results}
    seeds = [s for m, s in results if m == mixer and all((name, s) in results for name in names)]
    ahead = [results[mixer, s] - results[baseline, s] for s in seeds] or [0.0]
    return statistics.mean(ahead), spread(ahead)


@task.mistake
def spreads_added(results, mixer, baseline):
    """You made the spread of the two mixers' own spreads.

    A hard seed is hard for both, and drops out of the difference. Wanted is the spread of the
    differences themselves.
    """
    seeds = [s for m, s in results if m == mixer and (baseline, s) in results]
    both = [spread([results[name, s] for s in seeds]) for name in (mixer, baseline)]
    return statistics.mean(paired(results, mixer, baseline)), math.hypot(*both)
