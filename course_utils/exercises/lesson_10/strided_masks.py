"""Neighbours, and everybody who is whole strides away.

STRIDED in Yun et al. 2020, after Child et al. 2019.
"""

import torch

from course_utils.checks.task import Case, Task
from course_utils.exercises.lesson_10.common import part_that_is_off, places

task = Task(
    "10.strided_masks",
    "Neighbours, and those a few rows up",
    section="Nine rules",
    dimensions=("n_query", "n_key"),
    hints=[
        "Two rules, two masks. The first is your window again, with the stride as its width.",
        "The second: 0, 1, 2, … whole strides away, on both sides, counted from the token that "
        "looks. What is the remainder of such a distance?",
        "far = (query - key) % stride == 0. In torch and Python, % of a negative number is not "
        "negative, so both sides come out right.",
    ],
    praise="Right. Any two tokens are now at most two hops apart.",
)


@task.answer
def strided_masks(n, stride):
    ### BEGIN SOLUTION
    query, key = torch.arange(n)[:, None], torch.arange(n)[None, :]
    return (query - key).abs() <= stride, (query - key) % stride == 0
    ### END SOLUTION


@task.cases
def cases(seed):
    yield Case("9 tokens, stride 3", (9, 3))
    yield Case("10 tokens, stride 4", (10, 4))
    yield Case("11 tokens, stride 2", (11, 2))
    yield Case("4 tokens, a stride longer than the text", (4, 6))
    yield Case("5 tokens, stride 1", (5, 1))
    yield Case("6 tokens, stride 6", (6, 6))
    yield Case("one token", (1, 1))
    generator = torch.Generator().manual_seed(seed)
    n, stride = (int(torch.randint(low, low + 4, (), generator=generator)) for low in (12, 4))
    yield Case("a longer text", (n, stride))
    yield Case("more tokens than fit into a byte", (256 + n, 16))


task.property(part_that_is_off(strided_masks, "the first square, the neighbours", "the strides"))


@task.also_right
def with_loops(n, stride):
    near, far = torch.zeros(2, n, n, dtype=torch.bool)
    for query in range(n):
        for key in range(n):
            near[query, key] = -stride <= query - key <= stride
            far[query, key] = query % stride == key % stride
    return [near, far]


@task.also_right
def by_slices(n, stride):
    ones = torch.ones(n, n, dtype=torch.bool)
    far = torch.zeros(n, n, dtype=torch.bool)
    for query in range(n):
        far[query, query % stride :: stride] = True
    return ones.tril(stride) & ones.triu(-stride), far


@task.also_right
def stacked(n, stride):
    apart = torch.arange(n, dtype=torch.int32) - torch.arange(n, dtype=torch.int32).unsqueeze(1)
    return torch.stack([apart.abs().le(stride), apart.abs().remainder(stride).eq(0)])


def squares(
    n,
    stride,
    near=lambda query, key, stride: (query - key).abs() <= stride,
    far=lambda query, key, stride: (query - key) % stride == 0,
):
    """strided_masks with another rule for one of the two."""
    query, key = places(n)
    return near(query, key, stride).expand(n, n), far(query, key, stride).expand(n, n)


@task.mistake
def columns(n, stride):
    """Your strides start at the first token, for everybody.

    key % stride gives everybody the same keys, 0, stride, 2·stride, …: columns. Each token counts
    from *itself*: it is the distance that must be a multiple of the stride, which makes diagonals.
    """
    return squares(n, stride, far=lambda query, key, stride: key % stride == 0)


@task.mistake
def columns_and_oneself(n, stride):
    """Your strides start at the first token, with oneself put in.

    Columns and the diagonal: that is nearly *fixed*. In *strided* each token counts its strides
    from itself.
    """
    return squares(n, stride, far=lambda query, key, stride: (key % stride == 0) | (query == key))


@task.mistake
def fixed_summaries(n, stride):
    """Those are fixed's summaries.

    The last token of each block, and oneself: that is the second pattern of *fixed*. In *strided*
    each token counts from itself: what distances may they have?
    """
    return squares(
        n, stride, far=lambda query, key, stride: ((key + 1) % stride == 0) | (query == key)
    )


@task.mistake
def fixed_altogether(n, stride):
    """That is *fixed*, both of its patterns.

    Blocks whose walls stand still, and the last token of each. In *strided* both patterns move with
    the token: neighbours, and distances that are multiples of the stride.
    """
    return squares(
        n,
        stride,
        lambda query, key, stride: query // stride == key // stride,
        lambda query, key, stride: ((key + 1) % stride == 0) | (query == key),
    )


@task.mistake
def rows(n, stride):
    """Only every stride-th token looks far.

    query % stride == 0 chooses who looks, and lets those look at everybody. Everybody looks, at
    keys whose *distance* is a multiple of the stride.
    """
    return squares(n, stride, far=lambda query, key, stride: query % stride == 0)


@task.mistake
def crossings(n, stride):
    """Only every stride-th token looks, and only at such.

    Two tokens belong together where their *difference* is a multiple of the stride: 1 looks at 1 +
    stride, too.
    """
    return squares(
        n, stride, far=lambda query, key, stride: (query % stride == 0) & (key % stride == 0)
    )


@task.mistake
def multiples_either_way(n, stride):
    """You look at multiples of the stride, or from them.

    It is not the positions that must be multiples of the stride, it is the distance between the
    two.
    """
    return squares(
        n, stride, far=lambda query, key, stride: (query % stride == 0) | (key % stride == 0)
    )


@task.mistake
def sums(n, stride):
    """You add the positions.

    (query + key) % stride makes diagonals that fall the other way. A distance is a difference.
    """
    return squares(n, stride, far=lambda query, key, stride: (query + key) % stride == 0)


@task.mistake
def divided(n, stride):
    """You divide, and want the remainder.

    (query − key) // stride is 0 for all distances below one stride. % is what is left when whole
    strides are taken away.
    """
    return squares(n, stride, far=lambda query, key, stride: (query - key) // stride == 0)


@task.mistake
def one_stride(n, stride):
    """You look one stride far, not any number of them.

    The distances are 0, stride, 2·stride, 3·stride, … up to both ends of the text.
    """
    return squares(
        n,
        stride,
        far=lambda query, key, stride: ((query - key).abs() == stride) | (query == key),
    )


@task.mistake
def one_stride_without_oneself(n, stride):
    """You look one stride far, and not at yourself.

    == stride allows one distance only. Allowed are 0 (oneself), stride, 2·stride, 3·stride, … up to
    both ends of the text: what do all of them leave when divided by the stride?
    """
    return squares(n, stride, far=lambda query, key, stride: (query - key).abs() == stride)


@task.mistake
def strides_too_long(n, stride):
    """Your strides are one too long.

    A stride of 3 goes from 4 to 7: two are skipped, not three. The distance is a multiple of stride
    itself.
    """
    return squares(n, stride, far=lambda query, key, stride: (query - key) % (stride + 1) == 0)


@task.mistake
def far_without_oneself(n, stride):
    """A stride leaves out oneself.

    0 is a multiple of every stride: everybody looks at itself here, too. The theorem wants that of
    every pattern.
    """
    return squares(
        n, stride, far=lambda query, key, stride: ((query - key) % stride == 0) & (query != key)
    )


@task.mistake
def near_without_oneself(n, stride):
    """Your neighbours leave out oneself.

    In the first pattern, too, everybody looks at itself: a distance of 0 is at most stride.
    """
    return squares(
        n,
        stride,
        lambda query, key, stride: ((query - key).abs() <= stride) & (query != key),
    )


@task.mistake
def neither_has_oneself(n, stride):
    """Nobody looks at itself.

    The distance 0 belongs to both patterns: it is at most stride, and it is 0 whole strides.
    """
    return tuple(mask & ~torch.eye(n, dtype=torch.bool) for mask in strided_masks(n, stride))


@task.mistake
def no_multiple(n, stride):
    """You kept what is no multiple.

    The remainder is 0 where the distance *is* a multiple of the stride. As a truth value 0 is
    False, so a bare % keeps all the others.
    """
    return squares(n, stride, far=lambda query, key, stride: (query - key) % stride != 0)


@task.mistake
def far_holds_near(n, stride):
    """Your strides hold the neighbours, too.

    They are two patterns, and layers use them in turn. The second is the whole strides alone.
    """
    near, far = strided_masks(n, stride)
    return near, near | far


@task.mistake
def without_the_neighbours(n, stride):
    """Your strides leave out the neighbours.

    Two patterns may overlap. Distances 0 and stride belong to both.
    """
    near, far = strided_masks(n, stride)
    return near, far & ~near


@task.mistake
def one_too_early(n, stride):
    """Your neighbours end one too early.

    A distance of stride is still a neighbour in Yun et al.: k − w … k + w, both ends included.
    """
    return squares(n, stride, lambda query, key, stride: (query - key).abs() < stride)


@task.mistake
def right_side_one_too_early(n, stride):
    """The last neighbour on the right is missing.

    range and slices leave out their end: query − stride … query + stride needs query + stride + 1.
    """
    return squares(
        n,
        stride,
        lambda query, key, stride: (query - key <= stride) & (key - query < stride),
    )


@task.mistake
def stride_shared(n, stride):
    """You share the stride between both sides.

    The first pattern has `stride` neighbours on *either* side, not on both together.
    """
    return squares(n, stride, lambda query, key, stride: (query - key).abs() <= stride // 2)


@task.mistake
def next_door(n, stride):
    """Your neighbours are only the two next door.

    The first pattern's window is as wide as the stride: everybody up to `stride` away, on either
    side. (Narrower, and not all would meet after two hops.)
    """
    return squares(n, stride, lambda query, key, stride: (query - key).abs() <= 1)


@task.mistake
def blocks(n, stride):
    """Your neighbours are a block.

    The same block is *fixed*'s first pattern: its walls stand still. *Strided*'s window moves with
    the token, as in your first task.
    """
    return squares(n, stride, lambda query, key, stride: query // stride == key // stride)


@task.mistake
def no_abs(n, stride):
    """The whole future is among your neighbours.

    query − key is negative for every key that comes later, and so is smaller than the stride. Take
    the distance without its sign: abs.
    """
    return squares(n, stride, lambda query, key, stride: query - key <= stride)


@task.mistake
def near_only_back(n, stride):
    """Your neighbours are only those before.

    That is the half of Child et al., who write from left to right. Here a neighbour on the right is
    a neighbour, too.
    """
    return squares(
        n, stride, lambda query, key, stride: (query - key >= 0) & (query - key <= stride)
    )


@task.mistake
def far_only_back(n, stride):
    """Your strides go only back.

    That is the half of Child et al., who write from left to right. Here one may also look whole
    strides ahead.
    """
    return squares(
        n, stride, far=lambda query, key, stride: ((query - key) % stride == 0) & (key <= query)
    )


@task.mistake
def far_only_ahead(n, stride):
    """Your strides go only ahead.

    They see the future and miss the past. Strides go to both sides; was it a range from the token
    to the end?
    """
    return squares(
        n, stride, far=lambda query, key, stride: ((query - key) % stride == 0) & (key >= query)
    )


@task.mistake
def both_only_back(n, stride):
    """Both look only back.

    Those are the halves of Child et al., who write from left to right. Here nothing is causal, and
    both sides count.
    """
    return tuple(mask.tril() for mask in strided_masks(n, stride))


@task.mistake
def one_row_of_strides(n, stride):
    """Your strides are one row for all.

    No query stands in key % stride == 0, so it has one row, the same for everybody. Each token
    counts from itself: the answer depends on both, on the distance.
    """
    return strided_masks(n, stride)[0], places(n)[1] % stride == 0


@task.mistake
def one_row_of_remainders(n, stride):
    """Your strides are one row of remainders.

    key % stride are numbers, and one row of them: no query stands in it. Each token counts from
    itself, by the distance; and ask whether the remainder is 0.
    """
    return strided_masks(n, stride)[0], places(n)[1] % stride


@task.mistake
def remainders(n, stride):
    """Your strides are remainders.

    The distances are right, but a remainder is a number, and 0 where one may look. A mask says True
    there: compare.
    """
    query, key = places(n)
    return strided_masks(n, stride)[0], (query - key) % stride


@task.mistake
def other_order(n, stride):
    """The two are in the other order.

    First the neighbours, then the strides: (near, far).
    """
    return strided_masks(n, stride)[::-1]


@task.mistake
def near_twice(n, stride):
    """Both of your squares are the neighbours.

    The second pattern is another rule: distances that are multiples of the stride.
    """
    near = strided_masks(n, stride)[0]
    return near, near


@task.mistake
def inside_out(n, stride):
    """Your masks are inside out.

    Every True should be False, and the other way round. In this course True means: may look.
    """
    return tuple(~mask for mask in strided_masks(n, stride))


@task.mistake
def of_numbers(n, stride):
    """Your masks are made of numbers.

    Ones and zeros in the right places. But & and ~ want True and False: .bool(), or leave the
    comparison as it is.
    """
    return tuple(mask.float() for mask in strided_masks(n, stride))


@task.mistake
def of_whole_numbers(n, stride):
    """Your masks are made of whole numbers.

    Ones and zeros in the right places, as whole numbers. ~1 is −2, which is no False. Make them
    boolean: .bool().
    """
    return tuple(mask.long() for mask in strided_masks(n, stride))


@task.mistake
def of_lists(n, stride):
    """Your masks are lists of lists.

    True and False are in the right places. Wrap each of the two in torch.tensor(…).
    """
    return tuple(mask.tolist() for mask in strided_masks(n, stride))


@task.mistake
def positions_in_a_byte(n, stride):
    """Your positions don't fit into their numbers.

    uint8 ends at 255 and has nothing below 0, int8 ends at 127. Take torch.arange(n) as it comes.
    """
    query, key = (place.to(torch.int8) for place in places(n))
    return (query - key).abs() <= stride, (query - key) % stride == 0


@task.mistake
def one_of_the_two(n, stride):
    """You made one of the two.

    That is their union, one pattern and a denser one. Two are wanted, for layers that take turns,
    side by side and not mixed.
    """
    near, far = strided_masks(n, stride)
    return near | far


@task.mistake
def near_alone(n, stride):
    """You return the neighbours alone.

    Two squares are wanted: return near, far.
    """
    return strided_masks(n, stride)[0]


@task.mistake
def far_alone(n, stride):
    """You return the strides alone.

    Two squares are wanted: return near, far.
    """
    return strided_masks(n, stride)[1]
