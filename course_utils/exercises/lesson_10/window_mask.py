"""Oneself, and the neighbours on either side."""

import math

import torch

from course_utils.checks.task import Case, Task
from course_utils.exercises.lesson_10.common import places

task = Task(
    "10.window_mask",
    "Neighbours",
    section="10 · Who may look at whom?",
    dimensions=("n_query", "n_key"),
    hints=[
        "A rule needs two positions. A column of queries, torch.arange(n)[:, None], and a row of "
        "keys, torch.arange(n)[None, :], ask about all n² pairs at once.",
        "Near is who is at most `width` away, on whichever side: the distance without its sign, "
        "(query - key).abs().",
        "mask = (query - key).abs() <= width; if causal, also & (key <= query).",
    ],
    praise="Right: one comparison, n² answers.",
)


@task.answer
def window_mask(n, width, causal):
    ### BEGIN SOLUTION
    query, key = torch.arange(n)[:, None], torch.arange(n)[None, :]
    mask = (query - key).abs() <= width
    return mask & (key <= query) if causal else mask
    ### END SOLUTION


@task.cases
def cases(seed):
    yield Case("6 tokens, 1 neighbour on either side", (6, 1, False))
    yield Case("7 tokens, 2 neighbours, causal", (7, 2, True))
    yield Case("8 tokens, 3 neighbours", (8, 3, False))
    yield Case("4 tokens in a window wider than the text", (4, 9, False))
    yield Case("the same, causal", (4, 9, True))
    yield Case("5 tokens, no neighbours, causal", (5, 0, True))
    yield Case("5 tokens, no neighbours", (5, 0, False))
    yield Case("a window as wide as the text", (5, 5, False))
    yield Case("one token", (1, 2, True))
    generator = torch.Generator().manual_seed(seed)
    n, width = (int(torch.randint(low, low + 4, (), generator=generator)) for low in (9, 4))
    yield Case("a longer text, causal", (n, width, True))
    yield Case("more tokens than fit into a byte", (260 + n, 2, False))


@task.also_right
def with_loops(n, width, causal):
    mask = torch.zeros(n, n, dtype=torch.bool)
    for query in range(n):
        first, last = max(0, query - width), query if causal else query + width
        mask[query, first : last + 1] = True
    return mask


@task.also_right
def by_triangles(n, width, causal):
    ones = torch.ones(n, n, dtype=torch.bool)
    return ones.tril(0 if causal else width) & ones.triu(-width)


@task.also_right
def row_by_row(n, width, causal):
    rows = []
    for query in range(n):
        last = query if causal else query + width
        rows.append([query - width <= key <= last for key in range(n)])
    return torch.tensor(rows)


def marked(
    n,
    width,
    causal,
    near=lambda apart, width, n: apart.abs() <= width,  # apart: query − key
    past=lambda query, key: key <= query,
):
    """window_mask with another idea of what is near, or of what is past."""
    query, key = places(n)
    mask = near(query - key, width, n).expand(n, n)
    return mask & past(query, key) if causal else mask


@task.mistake
def one_too_narrow(n, width, causal):
    """The window is one too narrow.

    With width 1 you see nobody but yourself (and with width 0 not even that). `width` counts
    neighbours on either side, so a distance of width is still inside: <=.
    """
    return marked(n, width, causal, lambda apart, width, n: apart.abs() < width)


@task.mistake
def one_too_wide(n, width, causal):
    """The window is one too wide.

    A distance of width + 1 is outside. range(query − width, query + width + 1) has the + 1 because
    range leaves out its end; a comparison doesn't.
    """
    return marked(n, width + 1, causal)


@task.mistake
def width_shared(n, width, causal):
    """You share the width between both sides.

    That is how Longformer and BigBird count: their w is both sides together. Here, as in Yun et
    al., width is how many on *either* side.
    """
    return marked(n, width // 2, causal)


@task.mistake
def width_twice(n, width, causal):
    """Your window is twice as wide.

    `width` neighbours on either side make 2 · width in all. The distance is at most width, not
    twice that.
    """
    return marked(n, 2 * width, causal)


@task.mistake
def whole_future(n, width, causal):
    """The whole future is in your window.

    query − key is negative for every key that comes later, and so is smaller than width. Take the
    distance without its sign: abs.
    """
    return marked(n, width, causal, lambda apart, width, n: apart <= width)


@task.mistake
def whole_past(n, width, causal):
    """The whole past is in your window.

    key − query is negative for every key that came earlier, and so is smaller than width. Take the
    distance without its sign: abs. (Was it tril(width) alone? The other side wants its triu.)
    """
    return marked(n, width, causal, lambda apart, width, n: -apart <= width)


@task.mistake
def only_back(n, width, causal):
    """You only ever look back.

    That is the causal window, whatever `causal` says. Without it, the neighbours on the right
    belong to the window, too.
    """
    return window_mask(n, width, True)


@task.mistake
def only_ahead(n, width, causal):
    """You only ever look ahead.

    The neighbours on the left belong to the window, too; and with `causal` they are all that is
    left of it.
    """
    return marked(n, width, causal, lambda apart, width, n: (apart <= 0) & (-apart <= width))


@task.mistake
def causal_unused(n, width, causal):
    """`causal` changes nothing.

    With causal=True no token may look at a later one: & (key <= query).
    """
    return window_mask(n, width, False)


@task.mistake
def causal_the_other_way_round(n, width, causal):
    """You took `causal` the other way round.

    It is with causal=True that nobody may look ahead, and with False that both sides count.
    """
    return window_mask(n, width, not causal)


@task.mistake
def past_is_future(n, width, causal):
    """Your causal window looks ahead.

    It sees the future and hides the past: query and key are swapped. The row is who looks, and it
    may look at keys up to itself: key <= query.
    """
    return marked(n, width, causal, past=lambda query, key: key >= query)


@task.mistake
def causal_forgets_oneself(n, width, causal):
    """Your causal window forgets oneself.

    key < query leaves out the diagonal, and the first token may look at nobody at all: a softmax
    over nothing. key <= query.
    """
    return marked(n, width, causal, past=lambda query, key: key < query)


@task.mistake
def all_the_past(n, width, causal):
    """With `causal`, you forget the window.

    The lower triangle is the whole past. Of that only the window is allowed: *and*, not *or*, and
    not the one instead of the other.
    """
    return marked(n, n if causal else width, causal)


@task.mistake
def window_or_past(n, width, causal):
    """You allow the window *or* the past.

    With causal=True both must hold: near, and not later. That is &, and not |.
    """
    mask = window_mask(n, width, False)
    return mask | torch.ones(n, n).tril().bool() if causal else mask


@task.mistake
def window_only_if_causal(n, width, causal):
    """Without `causal`, you forget the window.

    The width counts in both cases: everybody looks at its neighbours, on both sides or on one.
    """
    return marked(n, width if causal else n, causal)


@task.mistake
def width_unused(n, width, causal):
    """`width` changes nothing.

    You allow everybody, or the whole past. Allowed is who is at most `width` away.
    """
    return marked(n, n, causal)


@task.mistake
def always_next_door(n, width, causal):
    """Your window has one neighbour on either side, always.

    That was the lesson's first picture. Here `width` says how many.
    """
    return window_mask(n, 1, causal)


@task.mistake
def nobody_looks_at_itself(n, width, causal):
    """Nobody looks at itself.

    A distance of 0 is inside every window. Without it news is forgotten from layer to layer (the
    chessboard of the lesson).
    """
    return marked(n, width, causal, lambda apart, width, n: (apart.abs() <= width) & (apart != 0))


@task.mistake
def only_the_border(n, width, causal):
    """You look exactly `width` far, and not nearer.

    == allows one distance only. All that are at most `width` belong to the window: <=.
    """
    return marked(n, width, causal, lambda apart, width, n: apart.abs() == width)


@task.mistake
def only_the_border_and_oneself(n, width, causal):
    """You look exactly `width` far, and at yourself, but at nobody in between.

    Three diagonals are a window only for a width of 1. Distances 1, 2, … up to width are allowed.
    """
    return marked(n, width, causal, lambda apart, width, n: (apart.abs() == width) | (apart == 0))


@task.mistake
def out_of_the_window(n, width, causal):
    """You look out of the window.

    You allow those that are *further* away than width. Turn the comparison round.
    """
    return marked(n, width, causal, lambda apart, width, n: apart.abs() > width)


@task.mistake
def range_ends_too_early(n, width, causal):
    """The last neighbour on the right is missing.

    range and slices leave out their end: query − width … query + width needs query + width + 1.
    """
    return marked(n, width, causal, lambda apart, width, n: (apart <= width) & (-apart < width))


@task.mistake
def ranges_end_too_early(n, width, causal):
    """The last key of each row is missing, with `causal` and without.

    range and slices leave out their end. The last key is query + width, or query itself, so the end
    is one more than that.
    """
    return marked(
        n,
        width,
        causal,
        lambda apart, width, n: (apart <= width) & (-apart < width),
        lambda query, key: key < query,
    )


@task.mistake
def goes_round_the_corner(n, width, causal):
    """Your window goes round the corner.

    The first token looks at the last. That is the star's ring; a window ends where the text ends.
    (A negative index in Python does that by itself: mask[query, query - width].)
    """
    return marked(
        n, width, causal, lambda apart, width, n: (apart % n <= width) | (-apart % n <= width)
    )


@task.mistake
def left_side_goes_round_the_corner(n, width, causal):
    """The first tokens look at the last ones.

    query − 1 is −1 for the first token, and Python counts a negative index from the end of the row.
    A window ends where the text begins: leave out keys below 0.
    """
    mask = window_mask(n, width, causal)
    for query in range(n):
        for back in range(min(width, n - 1) + 1):
            mask[query, query - back] = True
    return mask


@task.mistake
def slices_begin_below_zero(n, width, causal):
    """Your slices begin below zero.

    For the first tokens query − width is negative, and Python counts such a beginning from the
    *end* of the row: the slice is empty, and they look at nobody. max(0, query - width).
    """
    mask = torch.zeros(n, n, dtype=torch.bool)
    for query in range(n):
        mask[query, query - width : query + 1 + (0 if causal else width)] = True
    return mask


@task.mistake
def first_row_alone(n, width, causal):
    """You filled the first row alone.

    A return inside a loop ends it after the first round. It belongs behind the loop.
    """
    mask = window_mask(n, width, causal)
    mask[1:] = False
    return mask


@task.mistake
def one_row_for_all(n, width, causal):
    """Your mask is a single row.

    torch.arange(n) twice in one direction compares each position with itself. Queries go down,
    [:, None], keys across, [None, :].
    """
    return window_mask(n, width, causal).diagonal()


@task.mistake
def positions_in_a_byte(n, width, causal):
    """Your positions don't fit into their numbers.

    uint8 ends at 255 and has nothing below 0, int8 ends at 127. Take torch.arange(n) as it comes.
    """
    query, key = (place.to(torch.int8) for place in places(n))
    mask = (query - key).abs() <= width
    return mask & (key <= query) if causal else mask


@task.mistake
def of_lists(n, width, causal):
    """Your mask is a list of lists.

    True and False are in the right places. But a list of lists can't be united, multiplied or
    masked with: wrap it in torch.tensor(…).
    """
    return window_mask(n, width, causal).tolist()


@task.mistake
def of_lists_of_numbers(n, width, causal):
    """Your mask is a list of lists of numbers.

    Ones and zeros in the right places. Wrap the list in torch.tensor(…), and make it boolean:
    .bool().
    """
    return window_mask(n, width, causal).long().tolist()


@task.mistake
def inside_out(n, width, causal):
    """Your mask is inside out.

    Every True should be False, and the other way round. In this course True means: may look.
    """
    return ~window_mask(n, width, causal)


@task.mistake
def of_numbers(n, width, causal):
    """Your mask is made of numbers.

    Ones and zeros in the right places. But & and ~ want True and False, and PyTorch's attention
    would *add* your ones to the scores. Make it boolean: .bool().
    """
    return window_mask(n, width, causal).float()


@task.mistake
def of_whole_numbers(n, width, causal):
    """Your mask is made of whole numbers.

    Ones and zeros in the right places, as whole numbers. ~1 is −2, which is no False. Make it
    boolean: .bool().
    """
    return window_mask(n, width, causal).long()


@task.mistake
def to_be_added(n, width, causal):
    """You made the matrix that is added to the scores.

    0 and −∞ are what a mask becomes just before the softmax. Here the mask itself is wanted: True
    where one may look.
    """
    return torch.zeros(n, n).masked_fill(~window_mask(n, width, causal), -math.inf)
