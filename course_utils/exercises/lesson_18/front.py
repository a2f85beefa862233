"""Whom does nobody beat? The Pareto front of two measurements."""

from collections.abc import Iterator

import numpy as np

from course_utils.checks.task import Case, Task

task = Task(
    "18.front",
    "Whom nobody beats",
    section="The table",
    hints=[
        'Make "low" a "high" first: with a minus in front, more is better on both sides.',
        "One beats another if it is at least as good on both, and better on at least one.",
        "Keep whoever is beaten by none. Two that are equal on both beat nobody: both stay.",
    ],
    praise="Right. Whatever you care for, the best one is on that list.",
)


@task.answer
def front(points, better):
    ### BEGIN SOLUTION
    signs = [1 if sense == "high" else -1 for sense in better]
    good = {name: [sign * n for sign, n in zip(signs, both)] for name, both in points.items()}

    def beats(one, other):
        return all(a >= b for a, b in zip(one, other)) and one != other

    return [name for name in good if not any(beats(good[rival], good[name]) for rival in good)]
    ### END SOLUTION


@task.cases
def cases(seed: int) -> Iterator[Case]:
    dice = np.random.default_rng(seed)
    mixers = {
        "attention": (1.0, 2.1),
        "Fourier": (2.3, 2.6),
        "none": (2.7, 3.4),
        "window": (0.9, 2.2),
    }
    yield Case("speed and bits", (mixers, ("high", "low")))
    equal = {"a": (1, 5), "b": (1, 5), "c": (0, 5), "d": (1, 4), "e": (3, 1)}
    yield Case("two that are equal", (equal, ("high", "high")))
    yield Case("low is good on both", (equal, ("low", "low")))
    zigzag = {"a": (3, 1), "b": (1, 4), "c": (0, 0), "d": (2, 2)}
    yield Case("a front that stands in no order", (zigzag, ("high", "high")))
    near = {"a": (0.5, 2.0), "b": (0.5004, 2.0), "c": (0.5, 2.0004)}
    yield Case("a difference is a difference", (near, ("high", "low")))
    yield Case("all alone", ({"one": (3, 4)}, ("high", "low")))
    yield Case("one beats all", ({"a": (1, 1), "b": (2, 0), "c": (5, -1)}, ("high", "low")))
    for n, better in ((9, ("low", "high")), (12, ("high", "high")), (12, ("low", "low"))):
        numbers = dice.integers(-4, 5, size=(n, 2)).tolist()
        points = {f"mixer {i}": tuple(both) for i, both in enumerate(numbers)}
        yield Case(f"{n} by dice, {' and '.join(better)} is good", (points, better))


@task.also_right
def by_sorting(points, better):
    signs = [1 if sense == "high" else -1 for sense in better]
    good = {name: (signs[0] * a, signs[1] * b) for name, (a, b) in points.items()}
    kept, best = set(), float("-inf")
    for x in sorted({a for a, _ in good.values()}, reverse=True):
        top = max(b for a, b in good.values() if a == x)
        if top > best:
            kept |= {name for name, both in good.items() if both == (x, top)}
            best = top
    return [name for name in points if name in kept]


def kept(points, better, is_beaten):
    signs = [1 if sense == "high" else -1 for sense in better]
    good = {name: (signs[0] * a, signs[1] * b) for name, (a, b) in points.items()}
    return [
        name for name in good
        if not any(is_beaten(good[name], good[rival]) for rival in good if rival != name)
    ]  # fmt: skip


@task.mistake
def better_on_both(points, better):
    """You call one beaten only if another is better on *both*.

    At least as good on both, and better on one, is enough: who is as fast and more precise wins.
    """
    return kept(points, better, lambda own, rival: rival[0] > own[0] and rival[1] > own[1])


@task.mistake
def equals_beat_each_other(points, better):
    """Two that are equal beat each other in yours, and both are gone.

    Who is as good on both, and better on none, beats nobody.
    """
    return kept(points, better, lambda own, rival: rival[0] >= own[0] and rival[1] >= own[1])


@task.mistake
def better_on_one(points, better):
    """You call one beaten if another is better on *one* of the two.

    The other one may be worse on the second. It has to be at least as good on both.
    """
    return kept(points, better, lambda own, rival: rival[0] > own[0] or rival[1] > own[1])


@task.mistake
def always_high(points, better):
    """High is always good in yours.

    `better` says for each of the two whether "high" or "low" is.
    """
    return front(points, ("high", "high"))


@task.mistake
def always_high_and_low(points, better):
    """The first is always good when high in yours, the second when low.

    `better` says it for each of the two.
    """
    return front(points, ("high", "low"))


@task.mistake
def senses_changed(points, better):
    """High and low have changed places.

    "high" means: more is better.
    """
    return front(points, ["low" if sense == "high" else "high" for sense in better])


@task.mistake
def the_beaten(points, better):
    """You returned those that are beaten.

    Wanted are the others.
    """
    there = front(points, better)
    return [name for name in points if name not in there]


@task.mistake
def best_of_each(points, better):
    """You returned the best of each of the two.

    Those are at the ends of the front. In between stand compromises that nobody beats either.
    """
    signs = [1 if sense == "high" else -1 for sense in better]
    best = [max(points, key=lambda name: signs[i] * points[name][i]) for i in (0, 1)]
    return [name for name in points if name in best]


@task.mistake
def by_their_sum(points, better):
    """You added the two up, and kept the best sum.

    Seconds and bits have no sum. Compare each with each, on both.
    """
    signs = [1 if sense == "high" else -1 for sense in better]
    sums = {name: signs[0] * a + signs[1] * b for name, (a, b) in points.items()}
    return [name for name in points if sums[name] == max(sums.values())]


@task.mistake
def one_of_equals(points, better):
    """Of two that are equal you kept one.

    Both are on the front: nobody beats either.
    """
    seen, found = [], []
    for name in front(points, better):
        if tuple(points[name]) not in seen:
            seen.append(tuple(points[name]))
            found.append(name)
    return found


@task.mistake
def in_order_of_the_first(points, better):
    """You returned them in another order.

    In the order in which they stand in `points`.
    """
    return sorted(front(points, better), key=lambda name: -points[name][0])


@task.mistake
def from_low_to_high(points, better):
    """You sorted them by their numbers.

    In the order in which they stand in `points`.
    """
    return sorted(front(points, better), key=lambda name: points[name])


@task.mistake
def hardly_better(points, better):
    """Whoever is better by a hair alone is not better in yours.

    Better is better. How much is chance, the spread over seeds says, in the next task.
    """
    signs = [1 if sense == "high" else -1 for sense in better]
    rounded = {
        name: tuple(sign * round(n, 3) for sign, n in zip(signs, both))
        for name, both in points.items()
    }
    return front(rounded, ("high", "high"))


@task.mistake
def one_sense_for_both(points, better):
    """The second is good when the first is, in yours.

    `better` says it for each of the two.
    """
    return front(points, (better[0], better[0]))
