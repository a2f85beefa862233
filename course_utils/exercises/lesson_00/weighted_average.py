"""A weighted average: what attention does with values, once it has the weights."""

import torch

from course_utils.checks.task import Case, Task

task = Task(
    "00.weighted_average",
    "A weighted average",
    section="How the exercises answer",
    hints=[
        "What would you have to do to the weights so that they add up to one?",
        "Three times 10 and once 20 are four numbers: 10, 10, 10, 20.",
        "Add up value times weight, then divide by the sum of the weights.",
    ],
    praise="Right. This is the heart of attention, which works out the weights by itself.",
)


@task.answer
def weighted_average(values, weights):
    ### BEGIN SOLUTION
    total = sum(value * weight for value, weight in zip(values, weights))
    return total / sum(weights)
    ### END SOLUTION


@task.cases
def cases(seed):
    yield Case("3 times 10, once 20", ([10.0, 20.0], [3.0, 1.0]))
    yield Case("three values", ([1.0, 2.0 + seed, 6.0], [0.5, 0.25, 1.5]))
    yield Case("one value", ([-4.0], [2.5]))
    generator = torch.Generator().manual_seed(seed)
    values, weights = torch.randn(6, generator=generator), torch.rand(6, generator=generator)
    yield Case("six values, some below zero", (values.tolist(), weights.tolist()))


@task.mistake
def not_divided(values, weights):
    """You added up and did not divide.

    Weights of 3 and 1 on 10 and 20 add up to 50, and no average of 10 and 20 is 50. Divide by what
    the weights add up to.
    """
    return sum(value * weight for value, weight in zip(values, weights, strict=True))


@task.mistake
def divided_by_how_many(values, weights):
    """You divided by how many values there are.

    That is right if every weight is 1. Divide by what the weights add up to.
    """
    return not_divided(values, weights) / len(values)


@task.mistake
def plain_mean(values, weights):
    """You took the plain mean.

    Every value counts alike in it; the weights were never asked.
    """
    return sum(values) / len(values)
