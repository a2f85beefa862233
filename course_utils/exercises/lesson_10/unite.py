"""What several patterns allow together, and how much of the square is left empty."""

import torch

from course_utils.checks.task import Case, Task
from course_utils.exercises.lesson_10.common import (
    and_oneself,
    part_that_is_off,
    random_mask,
)
from course_utils.exercises.lesson_10.strided_masks import strided_masks

task = Task(
    "10.unite",
    "All at once, and what it costs",
    section="Nine rules",
    dimensions=("n_query", "n_key"),
    hints=[
        "A union allows what at least one of the patterns allows.",
        "torch.stack(masks) is [number of masks, n, n]; any(dim=0) asks whether one of them is "
        "True. A loop with | does the same.",
        "Sparsity is what is empty, of n²: 1 - united.sum().item() / united.numel(). Count after "
        "uniting.",
    ],
    praise="Right. A union costs less than its parts together: they share the diagonal.",
)


@task.answer
def unite(masks):
    ### BEGIN SOLUTION
    united = torch.stack(masks).any(dim=0)
    return united, 1 - united.sum().item() / united.numel()
    ### END SOLUTION


@task.cases
def cases(seed):
    generator = torch.Generator().manual_seed(seed)

    def some(n, share):
        return random_mask(n, share, generator)

    yield Case("strided, 9 tokens, stride 3", (list(strided_masks(9, 3)),))
    yield Case(
        "two patterns of 6 tokens", ([and_oneself(some(6, 0.2)), and_oneself(some(6, 0.3))],)
    )
    yield Case("three patterns of 7 tokens", ([and_oneself(some(7, 0.15)) for _ in range(3)],))
    yield Case("one pattern alone", ([torch.ones(5, 5).tril().bool()],))
    yield Case("five, and not all look at themselves", ([some(8, 0.1) for _ in range(5)],))
    yield Case("nobody looks at anybody", ([torch.zeros(3, 3, dtype=torch.bool)] * 2,))
    yield Case("one of them is dense", ([some(4, 0.3), torch.ones(4, 4).bool()],))
    yield Case("one token", ([torch.ones(1, 1).bool()],))
    yield Case("40 tokens", ([some(40, 0.3), some(40, 0.3)],))
    yield Case("the same pattern 256 times", ([some(5, 0.4)] * 256,))


task.property(part_that_is_off(unite, "the union", "the sparsity"))


@task.also_right
def with_loops(masks):
    n = len(masks[0])
    united = torch.zeros(n, n, dtype=torch.bool)
    for mask in masks:
        united |= mask
    empty = sum(not united[q, k] for q in range(n) for k in range(n))
    return united, empty / n**2


@task.also_right
def by_numbers(masks):
    united = sum(mask.int() for mask in masks) > 0
    return united, 1 - united.float().mean().item()


@task.also_right
def empty_where_all_are(masks):
    empty = torch.stack([~mask for mask in masks]).all(dim=0)
    return [~empty, empty.double().mean()]


def with_sparsity(masks, of_union):
    """unite with another sparsity, of_union(united)."""
    united = unite(masks)[0]
    return united, float(of_union(united))


def joined(united):
    """A union made otherwise, with its sparsity."""
    return united, 1 - united.sum().item() / united.numel()


@task.mistake
def intersection(masks):
    """You took the intersection.

    & keeps what *all* patterns allow, which is nearly nothing but the diagonal. A union allows what
    *any* of them does.
    """
    return joined(torch.stack(masks).all(dim=0))


@task.mistake
def odd_number(masks):
    """You took what is in an odd number of them.

    ^ is *either, or*: what both allow is gone, the diagonal first of all. A union keeps it.
    """
    return joined(torch.stack(masks).sum(dim=0) % 2 == 1)


@task.mistake
def exactly_one(masks):
    """You took what exactly one of them allows.

    A sum of 2 or 3 is a look, too: > 0, not == 1.
    """
    return joined(torch.stack(masks).sum(dim=0) == 1)


@task.mistake
def at_least_two(masks):
    """You took what more than one of them allows.

    One pattern is enough for a look: > 0, not > 1.
    """
    return joined(torch.stack(masks).sum(dim=0) > 1)


@task.mistake
def first_two(masks):
    """Only the first two are united.

    There may be three patterns, or one: go through the whole list.
    """
    return unite(masks[:2])


@task.mistake
def first_and_last(masks):
    """Only the first and the last are united.

    Each round of your loop begins again with the first pattern. Carry what you have so far along.
    """
    return unite([masks[0], masks[-1]])


@task.mistake
def last_wins(masks):
    """The last one wins.

    In your loop each pattern replaces the one before it. Carry what you have so far along.
    """
    return joined(masks[-1].clone())


@task.mistake
def first_alone(masks):
    """Only the first pattern is there.

    A return inside a loop ends it after the first round; it belongs behind the loop.
    """
    return joined(masks[0].clone())


@task.mistake
def last_left_out(masks):
    """The last pattern is missing.

    Does a range or a slice end at len(masks) − 1? Go through the list itself: for mask in masks.
    """
    return unite(masks[:-1] or masks)


@task.mistake
def counts(masks):
    """Your union counts.

    How many patterns allow a look isn't asked, only whether one does: a sum of masks is numbers.
    """
    united, sparsity = unite(masks)
    return torch.stack(masks).sum(dim=0), sparsity


@task.mistake
def counts_are_counted(masks):
    """Your union counts, and so does your sparsity.

    A sum of masks is the number of patterns that allow a look. Whether one does is asked: > 0, and
    only then count what is empty.
    """
    return joined(torch.stack(masks).sum(dim=0))


@task.mistake
def union_of_numbers(masks):
    """Your union is made of numbers.

    Ones and zeros in the right places. A mask is made of True and False: .bool().
    """
    united, sparsity = unite(masks)
    return united.float(), sparsity


@task.mistake
def union_of_whole_numbers(masks):
    """Your union is made of whole numbers.

    Ones and zeros in the right places. A mask is made of True and False: .bool(), or > 0.
    """
    united, sparsity = unite(masks)
    return united.long(), sparsity


@task.mistake
def union_of_lists(masks):
    """Your union is a list of lists.

    True and False are in the right places. Wrap it in torch.tensor(…).
    """
    united, sparsity = unite(masks)
    return united.tolist(), sparsity


@task.mistake
def counted_in_a_byte(masks):
    """Your sum does not fit into its numbers.

    In uint8, 256 patterns that allow a look make 256, and that is 0 again. Ask any(), or add up in
    whole numbers of the usual width.
    """
    return joined(torch.stack(masks).to(torch.uint8).sum(dim=0, dtype=torch.uint8) > 0)


@task.mistake
def density(masks):
    """Your sparsity is what is full.

    That is the *density*, the share of looks that are there. Sparsity is what is empty: 1 minus it.
    Dense attention has sparsity 0.
    """
    return with_sparsity(masks, lambda united: united.float().mean())


@task.mistake
def not_divided(masks):
    """You counted the empty squares and did not divide.

    A share lies between 0 and 1: divide by all n² squares.
    """
    return with_sparsity(masks, lambda united: (~united).sum())


@task.mistake
def looks_counted(masks):
    """You counted the looks.

    Sparsity is a share, and of what is empty: 1 minus the looks divided by all n² squares.
    """
    return with_sparsity(masks, lambda united: united.sum())


@task.mistake
def divided_whole(masks):
    """You divided without a remainder.

    // keeps whole numbers only, so everything that is not quite full counts as empty. A share wants
    /.
    """
    return with_sparsity(masks, lambda united: 1 - united.sum() // united.numel())


@task.mistake
def divided_by_n(masks):
    """You divided by n.

    A square of n tokens has n² places, not n: len(mask) is only its number of rows.
    """
    return with_sparsity(masks, lambda united: 1 - united.sum() / len(united))


@task.mistake
def empty_divided_by_n(masks):
    """You divided the empty squares by n.

    A square of n tokens has n² places, not n: len(mask) is only its number of rows.
    """
    return with_sparsity(masks, lambda united: (~united).sum() / len(united))


@task.mistake
def empty_by_full(masks):
    """You divided what is empty by what is full.

    A share is a part of all: divide by n².
    """
    return with_sparsity(masks, lambda united: (~united).sum() / united.sum())


@task.mistake
def divided_by_masks(masks):
    """You divided by the number of masks, squared.

    len(masks) is how many patterns there are. n is the length of one of them: len(masks[0]).
    """
    return with_sparsity(masks, lambda united: 1 - united.sum() / len(masks) ** 2)


@task.mistake
def divided_by_all_masks(masks):
    """You divided by the places of all patterns.

    The stack has n² places for each pattern. Their union has n².
    """
    return with_sparsity(masks, lambda united: 1 - united.sum() / (len(masks) * united.numel()))


@task.mistake
def different_tokens(masks):
    """You divided by the pairs of different tokens.

    n · (n − 1) leaves out the diagonal. Everybody may look at itself, so the whole has n² places.
    """
    return with_sparsity(masks, lambda united: 1 - united.sum() / (len(united) * (len(united) - 1)))


@task.mistake
def half_of_the_square(masks):
    """You divided by half of n².

    n · (n + 1) / 2 is the causal triangle. Here the whole square is meant: n².
    """
    return with_sparsity(
        masks, lambda united: 1 - united.sum() / (len(united) * (len(united) + 1) / 2)
    )


@task.mistake
def without_the_diagonal(masks):
    """You left out the looks at oneself.

    They are looks like all others: count every True, and divide by n².
    """
    return with_sparsity(
        masks, lambda united: 1 - (united.sum() - united.diagonal().sum()) / united.numel()
    )


@task.mistake
def counted_twice(masks):
    """What is in two patterns counts twice.

    You added up the patterns' looks. Where they overlap (on the diagonal for certain) the union has
    *one* look. Unite first, then count.
    """
    return with_sparsity(
        masks, lambda united: 1 - sum(mask.sum() for mask in masks) / united.numel()
    )


@task.mistake
def mean_of_sparsities(masks):
    """You took the mean of their sparsities.

    Each pattern alone is emptier than all of them together. Unite first, then count.
    """
    return with_sparsity(masks, lambda united: 1 - torch.stack(masks).float().mean())


@task.mistake
def sum_of_sparsities(masks):
    """You added up their sparsities.

    Two patterns that are each 90 % empty do not make 180 %. Unite first, then count what is empty.
    """
    return with_sparsity(masks, lambda united: sum((~mask).float().mean() for mask in masks))


@task.mistake
def product_of_sparsities(masks):
    """You multiplied their sparsities.

    That would be right for patterns that know nothing of each other. These overlap (on the diagonal
    for certain): unite first, then count.
    """
    return with_sparsity(
        masks,
        lambda united: torch.stack([(~mask).float().mean() for mask in masks]).prod(),
    )


@task.mistake
def sparsity_of_the_first(masks):
    """Your sparsity is the first pattern's.

    The union is right, and it is fuller than each of its parts: count *its* empty squares.
    """
    return with_sparsity(masks, lambda united: (~masks[0]).float().mean())


@task.mistake
def sparsity_of_the_last(masks):
    """Your sparsity is the last pattern's.

    Was it the loop's variable? The union is fuller than each of its parts: count *its* empty
    squares.
    """
    return with_sparsity(masks, lambda united: (~masks[-1]).float().mean())


@task.mistake
def per_cent(masks):
    """Your sparsity is in per cent.

    A share from 0 to 1 is wanted, not 0 to 100.
    """
    return with_sparsity(masks, lambda united: 100 * (~united).float().mean())


@task.mistake
def below_zero(masks):
    """Your sparsity has the wrong sign.

    The share of looks minus 1 is below zero. It is 1 minus that share.
    """
    return with_sparsity(masks, lambda united: united.float().mean() - 1)


@task.mistake
def rounded(masks):
    """You rounded the sparsity.

    Round where you print it. Whoever goes on to count with it wants all its digits.
    """
    return with_sparsity(masks, lambda united: round((~united).double().mean().item(), 2))


@task.mistake
def other_order(masks):
    """The two are in the other order.

    First the union, then its sparsity: return united, sparsity.
    """
    return unite(masks)[::-1]


@task.mistake
def union_alone(masks):
    """You return the union alone.

    Its sparsity is wanted, too: return united, sparsity.
    """
    return unite(masks)[0]


@task.mistake
def sparsity_alone(masks):
    """You return the sparsity alone.

    The union is wanted, too: return united, sparsity.
    """
    return unite(masks)[1]


@task.mistake
def in_place(masks):
    """You wrote into the first pattern.

    The result is right. But united = masks[0] is a second name and no copy, and |= writes into what
    you were given: begin with masks[0].clone().
    """
    united = masks[0]
    for mask in masks[1:]:
        united |= mask
    return joined(united)
