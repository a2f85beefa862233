"""Lesson 00's one small task, to practise on."""

from course_utils.checks.task import Case, Misconception, Task


def weighted_average(values, weights):
    total = sum(value * weight for value, weight in zip(values, weights, strict=True))
    return total / sum(weights)


def cases(seed):
    yield Case("3 times 10, once 20", ([10.0, 20.0], [3.0, 1.0]))
    yield Case("three values", ([1.0, 2.0 + seed, 6.0], [0.5, 0.25, 1.5]))


def not_divided(values, weights):
    return sum(value * weight for value, weight in zip(values, weights, strict=True))


def divided_by_how_many(values, weights):
    return not_divided(values, weights) / len(values)


def plain_mean(values, weights):
    return sum(values) / len(values)


TASKS = [
    Task(
        id="00.weighted_average",
        title="A weighted average",
        reference=weighted_average,
        cases=cases,
        misconceptions=[
            Misconception(
                "you added up and did not divide",
                not_divided,
                "Weights of 3 and 1 on 10 and 20 add up to 50, and no average of 10 and 20 is 50. "
                "Divide by what the weights add up to.",
            ),
            Misconception(
                "you divided by how many values there are",
                divided_by_how_many,
                "That is right if every weight is 1. Divide by what the weights add up to.",
            ),
            Misconception(
                "you took the plain mean",
                plain_mean,
                "Every value counts alike in it; the weights were never asked.",
            ),
        ],
        hints=[
            "What would you have to do to the weights so that they add up to one?",
            "Three times 10 and once 20 are four numbers: 10, 10, 10, 20.",
            "Add up value times weight, then divide by the sum of the weights.",
        ],
        praise="Right. This is the heart of attention, which works out the weights by itself.",
    )
]
