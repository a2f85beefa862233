"""Who lives next door?"""

import torch
import torch.nn.functional as F

from course_utils.checks.task import Case, Task

task = Task(
    "01.nearest",
    "Who lives next door?",
    section="Who lives next door?",
    dimensions=("k",),
    hints=[
        "One cosine for each row of the table: the dot product with table[row], divided by both "
        "lengths. table.norm(dim=1) has all lengths.",
        "F.cosine_similarity(table, table[row], dim=-1) does that in one go.",
        "Set cosines[row] = -torch.inf, then return cosines.topk(k).indices.",
    ],
    praise="Right. Angles, not lengths.",
)


@task.answer
def nearest(table, row, k):
    ### BEGIN SOLUTION
    cosines = F.cosine_similarity(table, table[row], dim=-1)
    cosines[row] = -torch.inf
    return cosines.topk(k).indices
    ### END SOLUTION


@task.cases
def cases(seed):
    generator = torch.Generator().manual_seed(seed)

    def words(rows, d):
        """Rows of several lengths: a dot product and a cosine disagree about them."""
        lengths = torch.rand(rows, 1, generator=generator) * 5 + 0.2
        return F.normalize(torch.randn(rows, d, generator=generator), dim=1) * lengths

    for rows, d, row, k in ((12, 3, 4, 3), (20, 8, 0, 5), (20, 2, 19, 4), (40, 3, 17, 12)):
        name = f"{rows} rows of {d} numbers, the {k} nearest to row {row}"
        yield Case(name, (words(rows, d), row, k))
    yield Case("as many rows as numbers, the nearest one", (words(7, 7), 3, 1))
    yield Case("everybody else", (words(9, 3), 5, 8))
    yield Case("two rows", (words(2, 3), 1, 1))
    yield Case("small numbers", (words(10, 4) / 100, 2, 4))
    yield Case("large numbers", (words(10, 4) * 1000, 7, 4))
    far = torch.cat([words(6, 4).abs(), -words(3, 4).abs()])
    yield Case("most of the others point away", (far, 7, 6))
    shifted = words(10, 3) + 2
    yield Case("all of them point roughly the same way", (shifted, 6, 5))
    table = words(9, 4)
    # Two rows of the same direction: whoever drops the first of the best drops, once, the other.
    table[2] = 2 * table[6]
    for row in (2, 6):
        yield Case(f"9 rows, row 2 is twice row 6; the 3 nearest to row {row}", (table, row, 3))


def cosines_with(table, row):
    return F.cosine_similarity(table, table[row], dim=-1)


def neighbours(closeness, row, k):
    closeness = closeness.clone()
    closeness[row] = -torch.inf
    return closeness.topk(k).indices


@task.also_right
def by_sorting(table, row, k):
    order = cosines_with(table, row).argsort(descending=True)
    return order[order != row][:k].int()


@task.also_right
def by_normalising(table, row, k):
    unit = table / table.norm(dim=1, keepdim=True)
    return neighbours(unit @ unit[row], row, k)


@task.also_right
def divided_by_the_others_lengths_alone(table, row, k):
    """One's own length is the same for all, and changes no order."""
    return neighbours(table @ table[row] / table.norm(dim=1), row, k)


@task.also_right
def by_loops(table, row, k):
    def cosine(other):
        a, b = table[row].tolist(), table[other].tolist()
        dot = sum(one * two for one, two in zip(a, b, strict=True))
        return dot / (sum(x * x for x in a) * sum(x * x for x in b)) ** 0.5

    others = [other for other in range(len(table)) if other != row]
    return torch.tensor(sorted(others, key=cosine, reverse=True)[:k])


@task.also_right
def with_numpy(table, row, k):
    numbers = table.double().numpy()
    cosines = numbers @ numbers[row] / (numbers**2).sum(1) ** 0.5
    cosines[row] = -float("inf")
    return torch.from_numpy(cosines.argsort()[::-1][:k].copy())


@task.also_right
def by_the_distance_of_directions(table, row, k):
    unit = F.normalize(table.double(), dim=1)
    distances = (unit - unit[row]).norm(dim=1)
    distances[row] = torch.inf
    return distances.topk(k, largest=False).indices


@task.mistake
def with_itself(table, row, k):
    """The first of your neighbours is the row itself.

    Everything is most like itself, with cosine 1. Leave `row` out before you take the best k.
    """
    return cosines_with(table, row).topk(k).indices


@task.mistake
def one_too_many(table, row, k):
    """You returned one too many.

    k + 1 rows, and the first is the row itself. Drop that one.
    """
    return cosines_with(table, row).topk(k + 1).indices


@task.mistake
def one_too_few(table, row, k):
    """You returned one too few.

    Of the best k you dropped the row itself, and k − 1 are left. Leave `row` out first, then take
    the best k.
    """
    return cosines_with(table, row).topk(k).indices[1:]


@task.mistake
def first_dropped(table, row, k):
    """You dropped the first, which is not always the row itself.

    Another row may point exactly the same way. Then two have the cosine 1, and the first of them
    may be that other row. Leave out `row` by its number.
    """
    return cosines_with(table, row).topk(k + 1).indices[1:]


@task.mistake
def zero_for_itself(table, row, k):
    """You set the row's own cosine to 0.

    A cosine of 0 is a right angle, and neighbours may be farther off than that. Nothing is below
    −infinity.
    """
    cosines = cosines_with(table, row)
    cosines[row] = 0.0
    return cosines.topk(k).indices


@task.mistake
def twins_left_out(table, row, k):
    """You left out everybody whose cosine is 1.

    Another row may point exactly the same way, and is a neighbour. Leave out `row` by its number.
    """
    cosines = cosines_with(table, row)
    cosines[cosines > 1 - 1e-6] = -torch.inf
    return cosines.topk(k).indices


@task.mistake
def by_dot_product(table, row, k):
    """You compared dot products.

    Long rows win every comparison. The cosine divides the dot product by both lengths, and each row
    has a length of its own: table.norm(dim=1). (table.norm() is one number for all, and changes no
    order.)
    """
    return neighbours(table @ table[row], row, k)


@task.mistake
def dot_product_with_itself(table, row, k):
    """You compared dot products, and left the row itself in.

    Two things: divide by both lengths, or long rows win; and a row is not its own neighbour.
    """
    return (table @ table[row]).topk(k).indices


@task.mistake
def best_dot_product_dropped(table, row, k):
    """You compared dot products, and dropped the winner.

    Divide by both lengths. Without that the winner need not even be the row itself, so dropping the
    first drops the wrong one.
    """
    return (table @ table[row]).topk(k + 1).indices[1:]


@task.mistake
def multiplied_by_lengths(table, row, k):
    """You multiplied by a length where you should divide.

    dot / a * b is (dot / a) * b. Both lengths belong below the line: dot / (a * b).
    """
    lengths = table.norm(dim=1)
    return neighbours(table @ table[row] / lengths[row] * lengths, row, k)


@task.mistake
def divided_by_squares(table, row, k):
    """You divided by the squares of the lengths.

    A length is the root of the sum of squares. Without the root, long rows are pushed down too far.
    """
    return neighbours(table @ table[row] / table.square().sum(1), row, k)


@task.mistake
def divided_by_sums(table, row, k):
    """You divided by sums of sizes.

    The length of a row is the root of its sum of squares: table.norm(dim=1).
    """
    return neighbours(table @ table[row] / table.abs().sum(1), row, k)


@task.mistake
def by_distance(table, row, k):
    """You measured distances.

    A long and a short arrow in the same direction are far apart, and their cosine is 1. The task
    asks for the cosine.
    """
    return neighbours(-(table - table[row]).norm(dim=1), row, k)


@task.mistake
def by_correlation(table, row, k):
    """You took the mean off each row first.

    That is a correlation. The cosine compares the rows as they are.
    """
    return nearest(table - table.mean(dim=1, keepdim=True), row, k)


@task.mistake
def table_centred(table, row, k):
    """You took the mean off the table first.

    That moves the point that angles are measured from. The cosine compares the rows as they are.
    """
    return nearest(table - table.mean(dim=0), row, k)


@task.mistake
def farthest(table, row, k):
    """You found the strangers.

    These are the smallest cosines. Sorting goes upwards unless you say descending=True; topk takes
    the largest by itself.
    """
    return neighbours(-cosines_with(table, row), row, k)


@task.mistake
def sign_ignored(table, row, k):
    """You ignored the sign.

    A cosine of −0.9 points nearly the opposite way. No .abs() here.
    """
    return neighbours(cosines_with(table, row).abs(), row, k)


@task.mistake
def columns_normalised(table, row, k):
    """You normalised the columns.

    Each row is a word, so each row gets length 1: dim=1 (or dim=-1), not dim=0.
    """
    return by_dot_product(F.normalize(table, dim=0), row, k)


@task.mistake
def row_cut_out(table, row, k):
    """Your row numbers are off by one behind the row itself.

    You cut the row out of the table, so all later rows moved up by one. Keep the table whole and
    set the row's own cosine to −infinity.
    """
    rest = torch.cat([table[:row], table[row + 1 :]])
    return F.cosine_similarity(rest, table[row], dim=-1).topk(k).indices


@task.mistake
def values_returned(table, row, k):
    """You returned the cosines.

    The task asks whose they are: topk(k).indices rather than .values.
    """
    return cosines_with(table, row)[nearest(table, row, k)]


@task.mistake
def rows_returned(table, row, k):
    """You returned the rows themselves.

    The task asks for their numbers, k integers.
    """
    return table[nearest(table, row, k)]


@task.mistake
def pair_returned(table, row, k):
    """You returned cosines and numbers.

    topk gives both. The task asks for the numbers: .indices.
    """
    indices = nearest(table, row, k)
    return cosines_with(table, row)[indices], indices


@task.mistake
def list_returned(table, row, k):
    """You returned a list.

    They are the right numbers. The task asks for a tensor: leave out the .tolist(), or put
    torch.tensor( ) around it.
    """
    return nearest(table, row, k).tolist()


@task.mistake
def nearest_one_alone(table, row, k):
    """You returned the nearest one alone.

    argmax finds one. The task asks for k of them: topk(k).indices.
    """
    return nearest(table, row, 1)


@task.mistake
def everybody_else(table, row, k):
    """You returned them all.

    The order is right. The first k of them are wanted: [:k].
    """
    return nearest(table, row, len(table) - 1)


@task.mistake
def nearest_last(table, row, k):
    """Your nearest one comes last.

    The right rows, the wrong way round: the nearest first.
    """
    return nearest(table, row, k).flip(0)


@task.mistake
def in_order_of_rows(table, row, k):
    """You sorted them by row.

    The right rows; the nearest one should come first.
    """
    return nearest(table, row, k).sort().values


@task.mistake
def single_number(table, row, k):
    """You returned one number.

    argmax finds the nearest of all. The task asks for k of them, as a tensor: topk(k).indices.
    """
    return nearest(table, row, 1)[0]


@task.mistake
def numbers_with_a_point(table, row, k):
    """Your numbers of rows are floats.

    They are right, and no table can be asked for row 2.0. Leave them integers, as topk gives them.
    """
    return nearest(table, row, k).float()


@task.mistake
def neighbours_of_the_first_row(table, row, k):
    """You asked for the neighbours of row 0.

    `row` says whose neighbours are wanted: table[row].
    """
    return nearest(table, 0, k)
