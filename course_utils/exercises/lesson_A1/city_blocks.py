"""The distance of everybody to everybody, by one broadcast."""

import torch

from course_utils.checks.task import Case, Task

task = Task(
    "A1.city_blocks",
    "As the taxi drives",
    section="Four perfect guesses",
    dimensions=("n_a", "n_b"),
    hints=[
        "Everybody against everybody: the rows of a have to lie along one axis, those of b along "
        "another. Where an axis has length 1, it is repeated.",
        "a[:, None] is [n_a, 1, d], and b is [n_b, d]. What is the shape of their difference?",
        "Their difference is [n_a, n_b, d]: take .abs() of it, and .sum() over the axis that has "
        "to disappear.",
    ],
    praise="Right, and no loop anywhere: that is broadcasting.",
)


@task.answer
def city_blocks(a, b):
    ### BEGIN SOLUTION
    apart = a[:, None] - b  # n_a × 1 × d against n_b × d: n_a × n_b × d
    return apart.abs().sum(dim=-1)
    ### END SOLUTION


@task.cases
def cases(seed):
    generator = torch.Generator().manual_seed(seed)

    def normal(*shape):
        return torch.randn(*shape, generator=generator)

    yield Case("3 points against 4, 2 numbers each", (normal(3, 2), normal(4, 2)))
    yield Case("5 points against 2, 3 numbers each", (normal(5, 3), normal(2, 3)))
    yield Case("as many points as numbers", (normal(3, 3), normal(3, 3)))
    one = normal(4, 5)
    yield Case("a list against itself", (one, one.clone()))
    yield Case("one point against one", (normal(1, 6), normal(1, 6)))
    yield Case("one number each", (10 * normal(3, 1), 10 * normal(2, 1)))
    yield Case("far from zero", (normal(2, 4) + 100, normal(3, 4) + 100))


@task.also_right
def with_two_loops(a, b):
    return torch.stack([torch.stack([(x - y).abs().sum() for y in b]) for x in a])


@task.also_right
def by_cdist(a, b):
    return torch.cdist(a, b, p=1)


@task.also_right
def by_expand(a, b):
    shape = len(a), len(b), a.shape[-1]
    return torch.norm(a[:, None, :].expand(shape) - b[None, :, :].expand(shape), p=1, dim=-1)


@task.mistake
def signs_cancel(a, b):
    """You add up the differences with their signs.

    Three blocks east and three blocks west are six blocks, and not none. First .abs(), then .sum().
    """
    return (a[:, None] - b).sum(-1)


@task.mistake
def abs_of_the_sum(a, b):
    """You take the absolute value of the sum.

    By then east and west have cancelled. First .abs() of every difference, then .sum().
    """
    return (a[:, None] - b).sum(-1).abs()


@task.mistake
def as_the_crow_flies(a, b):
    """That is the distance as the crow flies.

    The root of the sum of squares. A taxi has to follow the streets: add up the absolute
    differences.
    """
    return (a[:, None] - b).square().sum(-1).sqrt()


@task.mistake
def squares(a, b):
    """You add up squares.

    Two blocks count as two and not as four: .abs() in place of the square.
    """
    return (a[:, None] - b).square().sum(-1)


@task.mistake
def mean_of_the_axes(a, b):
    """You take the mean over the axes.

    The taxi drives all of them: add up, and don't divide by d.
    """
    return (a[:, None] - b).abs().mean(-1)


@task.mistake
def longest_axis(a, b):
    """You take the longest axis alone.

    That is how a king moves in chess. The taxi drives along one axis and then along the other: add
    them up.
    """
    return (a[:, None] - b).abs().amax(-1)


@task.mistake
def turned_round(a, b):
    """Your table lies on its side.

    The rows are those of a, the columns those of b: [n_a, n_b]. You put the 1 into the other one:
    a[:, None] makes a's rows run downwards.
    """
    return (b[:, None] - a).abs().sum(-1)


@task.mistake
def not_added_up(a, b):
    """You have the differences, and did not add them up.

    They are [n_a, n_b, d]. Wanted is one number for each pair: .sum(dim=-1) makes the last axis
    disappear.
    """
    return (a[:, None] - b).abs()


@task.mistake
def summed_over_b(a, b):
    """You add up over the wrong axis.

    The differences are [n_a, n_b, d]. The axis that you name is the one that disappears, and d has
    to: dim=-1.
    """
    return (a[:, None] - b).abs().sum(1)


@task.mistake
def summed_over_a(a, b):
    """You add up over the first axis, and the first axis holds the rows of a.

    The axis that you name is the one that disappears. It is d that has to: dim=-1.
    """
    return (a[:, None] - b).abs().sum(0)


@task.mistake
def one_number(a, b):
    """You add up everything there is.

    .sum() without a dim leaves one number. With dim=-1 it adds up along the last axis, and leaves
    the table.
    """
    return (a[:, None] - b).abs().sum()


@task.mistake
def row_by_row(a, b):
    """You subtract row by row.

    a − b takes the first from the first, the second from the second. Everybody against everybody
    needs an axis more: a[:, None] − b.
    """
    return (a - b).abs().sum(-1)


@task.mistake
def added(a, b):
    """You add where the difference was wanted.

    Twice as far from zero is not far apart: a[:, None] − b.
    """
    return (a[:, None] + b).abs().sum(-1)


@task.mistake
def sizes_compared(a, b):
    """You take the absolute values too early.

    −3 and 3 lie six apart, and their absolute values lie on each other. First the difference, then
    .abs().
    """
    return (a.abs()[:, None] - b.abs()).abs().sum(-1)


@task.mistake
def dot_products(a, b):
    """That is a table of dot products.

    @ multiplies and adds up. Here differences are to be added up: a[:, None] − b makes them.
    """
    return a @ b.T
