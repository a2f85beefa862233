"""One list for a group: which keys a few neighbours want together, and who may look at which."""

import torch
import torch.nn.functional as F

from course_utils.checks.task import Case, Task

task = Task(
    "13.shopping_lists",
    "One list for a group",
    section="One shopping list for the whole street",
    dimensions=(("n_groups", "width + size"), ("n_groups", "size", "width + size")),
    hints=[
        "Three sets of places in the text: where each group begins, its queries, its keys. "
        "first = torch.arange(0, n, size)[:, None] is a column; add a row to it.",
        "The queries of a group are first + torch.arange(size). The list reaches from `width` "
        "before the group's first token to its last: first + torch.arange(-width, size).",
        "back = queries[:, :, None] - keys[:, None, :] says for each pair how far back it is: "
        "allowed are 0 … width, as long as the key's place is not below 0.",
        "Only after that clip: keys.clamp(min=0).",
    ],
    praise="Right: one trip for the whole group, and nobody eats what isn't theirs.",
)


@task.answer
def shopping_lists(n, width, size):
    ### BEGIN SOLUTION
    first = torch.arange(0, n, size)[:, None]
    queries = first + torch.arange(size)
    keys = first + torch.arange(-width, size)
    back = queries[:, :, None] - keys[:, None, :]
    allowed = (back >= 0) & (back <= width) & (keys >= 0)[:, None, :]
    return keys.clamp(min=0), allowed
    ### END SOLUTION


@task.cases
def cases(seed):
    yield Case("8 tokens in groups of 4, 1 before each", (8, 1, 4))
    yield Case("12 tokens in groups of 3, 2 before each", (12, 2, 3))
    yield Case("8 tokens in groups of 2, 5 before each", (8, 5, 2))
    yield Case("10 tokens in groups of 5, oneself alone", (10, 0, 5))
    yield Case("6 tokens in one group, 9 before each", (6, 9, 6))
    yield Case("5 tokens, each a group", (5, 2, 1))
    yield Case("a single token", (1, 3, 1))
    yield Case("as in the cell below: 256, 24, 32", (256, 24, 32))
    generator = torch.Generator().manual_seed(seed)
    groups, width, size = torch.randint(2, 7, (3,), generator=generator).tolist()
    yield Case("groups, width and size by dice", (groups * size, width, size))
    groups, size = torch.randint(3, 6, (2,), generator=generator).tolist()
    yield Case("groups as wide as they look back", (groups * size, size, size))


@task.also_right
def with_loops(n, width, size):
    lists, looks = [], []
    for begin in range(0, n, size):
        slots = list(range(begin - width, begin + size))
        lists.append([max(0, key) for key in slots])
        looks.append(
            [[0 <= key and query - width <= key <= query for key in slots]
             for query in range(begin, begin + size)]
        )  # fmt: skip
    return torch.tensor(lists), torch.tensor(looks)


@task.also_right
def by_unfolding(n, width, size):
    slots = F.pad(torch.arange(n), (width, 0), value=-1).unfold(0, width + size, size)
    ones = torch.ones(size, width + size, dtype=torch.bool)
    band = ones.tril(width) & ones.triu()
    return slots.clamp(min=0), band & (slots >= 0)[:, None, :]


@task.also_right
def in_small_numbers(n, width, size):
    first = torch.arange(0, n, size, dtype=torch.int32).view(-1, 1, 1)
    queries = first + torch.arange(size, dtype=torch.int32).view(1, -1, 1)
    keys = first + torch.arange(-width, size, dtype=torch.int32)
    look = ((queries - keys).clamp(0, width) == queries - keys) & (keys > -1)
    return [torch.relu(keys[:, 0]), look]


@task.property
def which_of_the_two(result, case):
    """Which of the two results is wrong, and the first place where it is."""
    names = "keys", "allowed"
    for name, got, expected in zip(names, result, shopping_lists(*case.args), strict=True):
        if got.shape != expected.shape:
            return None
        wrong = (got != expected).nonzero()
        if len(wrong):
            place = tuple(wrong[0].tolist())
            return (
                f"`{name}` differs first at {name}[{', '.join(map(str, place))}]: expected "
                f"{expected[place].item()}, got {got[place].item()}."
            )
    return None


def in_the_window(back, width):
    return (back >= 0) & (back <= width)


def from_the_beginning_on(keys, n):
    return keys >= 0


def everywhere(keys, n):
    return torch.ones_like(keys, dtype=torch.bool)


def clipped(keys, n):
    return keys.clamp(min=0)


def lists(
    n,
    width,
    size,
    *,
    begin=lambda n, size: torch.arange(0, n, size),
    slots=lambda width, size: torch.arange(-width, size),
    near=in_the_window,
    inside=from_the_beginning_on,
    mended=clipped,
    mended_first=False,
):
    """The lists with one of their parts replaced."""
    first = begin(n, size)[:, None]
    queries, keys = first + torch.arange(size), first + slots(width, size)
    there = inside(keys, n)
    if mended_first:
        keys = mended(keys, n)
    allowed = near(queries[:, :, None] - keys[:, None, :], width) & there[:, None, :]
    return mended(keys, n), allowed


@task.mistake
def list_for_each(n, width, size):
    """That is a list for each token.

    Right as a window, and it is the van for every egg: n lists. The group shares one, with width +
    size slots, and `allowed` says which of them are whose.
    """
    keys = torch.arange(n)[:, None] + torch.arange(-width, 1)
    return keys.clamp(min=0), keys >= 0


@task.mistake
def mask_first(n, width, size):
    """The two results are in the other order.

    First the lists of keys, then who may look: return keys, allowed.
    """
    return shopping_lists(n, width, size)[::-1]


@task.mistake
def keys_alone(n, width, size):
    """You returned the lists alone.

    There is a second result, who may look at which slot: return keys, allowed.
    """
    return shopping_lists(n, width, size)[0]


@task.mistake
def both_sides(n, width, size):
    """You look to both sides.

    That is the lesson's window. This one is a writer's: oneself and `width` tokens before, nobody
    after, so a list has width + size slots.
    """
    first = torch.arange(0, n, size)[:, None]
    queries, keys = first + torch.arange(size), first + torch.arange(-width, size + width)
    near = (queries[:, :, None] - keys[:, None, :]).abs() <= width
    return keys.clamp(0, n - 1), near & ((keys >= 0) & (keys < n))[:, None, :]


@task.mistake
def not_causal(n, width, size):
    """The causal mask was forgotten in the gather.

    The list is right, but it belongs to the whole group: for its first token most of it is the
    future. Who may look is decided one by one: 0 ≤ query − key ≤ width.
    """
    return lists(n, width, size, near=lambda back, width: back.abs() <= width)


@task.mistake
def all_that_follows(n, width, size):
    """You let everybody look at what comes after it.

    query − key <= width is true of the whole future as well: there query − key is negative. A
    writer sees nothing that comes after: 0 ≤ query − key ≤ width.
    """
    return lists(n, width, size, near=lambda back, width: back <= width)


@task.mistake
def no_width_limit(n, width, size):
    """You let everybody look back as far as the list goes.

    The list begins `width` before the group's first token, and for the group's last that is too
    far: query − key is `width` at most.
    """
    return lists(n, width, size, near=lambda back, width: back >= 0)


@task.mistake
def query_and_key_swapped(n, width, size):
    """Query and key are swapped.

    Yours looks at those that come after it. Before is where the key is smaller: query − key ≥ 0.
    """
    return lists(n, width, size, near=lambda back, width: (back <= 0) & (back >= -width))


@task.mistake
def one_token_short(n, width, size):
    """Your window is one token short.

    `width` tokens before oneself, and oneself: that is width + 1 looks. The farthest is exactly
    `width` away, and belongs to it: <=, not <.
    """
    return lists(n, width, size, near=lambda back, width: (back >= 0) & (back < width))


@task.mistake
def one_token_too_many(n, width, size):
    """Your window is one token too wide.

    Oneself does not count among the `width` before: query − key is `width` at most.
    """
    return lists(n, width, size, near=lambda back, width: (back >= 0) & (back <= width + 1))


@task.mistake
def not_oneself(n, width, size):
    """Nobody looks at itself.

    A distance of 0 is oneself, and oneself is in the window: query − key >= 0.
    """
    return lists(n, width, size, near=lambda back, width: (back > 0) & (back <= width))


@task.mistake
def upside_down(n, width, size):
    """Your mask is upside down.

    True is for those slots that a query may look at.
    """
    keys, allowed = shopping_lists(n, width, size)
    return keys, ~allowed


@task.mistake
def first_key_missing(n, width, size):
    """The first key of each list is missing.

    The group's first token wants the one that is `width` before it, so the list begins at first −
    width: torch.arange(-width, size).
    """
    return lists(n, width, size, slots=lambda width, size: torch.arange(1 - width, size))


@task.mistake
def one_key_too_many(n, width, size):
    """Each list has one key too many.

    torch.arange(a, b) stops before b. The group's last token is size − 1 places after its first:
    torch.arange(-width, size).
    """
    return lists(n, width, size, slots=lambda width, size: torch.arange(-width, size + 1))


@task.mistake
def group_itself_missing(n, width, size):
    """The group itself is not on its list.

    Everybody looks at itself, too, and a group's second token at its first: the list goes up to the
    group's last token, torch.arange(-width, size).
    """
    return lists(n, width, size, slots=lambda width, size: torch.arange(-width, 0))


@task.mistake
def from_the_last_back(n, width, size):
    """Your lists run backwards.

    In order means from the earliest place to the latest: torch.arange(-width, size).
    """
    return lists(n, width, size, slots=lambda width, size: torch.arange(-width, size).flip(0))


@task.mistake
def all_wraps_round(n, width, size):
    """Places before the text wrap round.

    Place −1 became the last token: your street is a ring, and the first tokens hear the end of the
    text. Clip such places to 0, and allow nobody to look there.
    """
    return lists(n, width, size, inside=everywhere, mended=lambda keys, n: keys % n)


@task.mistake
def keys_wrap_round(n, width, size):
    """The places wrap round, though nobody looks there.

    `allowed` is right. The slots before the text were to hold 0, and yours hold the text's end:
    clamp, not %.
    """
    return lists(n, width, size, mended=lambda keys, n: keys % n)


@task.mistake
def keys_stay_negative(n, width, size):
    """Places before the text stay negative.

    `allowed` is right, and nobody looks there. But they are still fetched, and what does −1 fetch?
    The last token, silently, or an error elsewhere. keys.clamp(min=0).
    """
    return lists(n, width, size, mended=lambda keys, n: keys)


@task.mistake
def negative_and_allowed(n, width, size):
    """Negative places stay, and may be looked at.

    Place −1 is the last token for torch: the first tokens would hear the end of the text. Two
    repairs: clip the places to 0, and allow only slots whose place was 0 or more.
    """
    return lists(n, width, size, mended=lambda keys, n: keys, inside=everywhere)


@task.mistake
def padding_allowed(n, width, size):
    """Slots before the text get a share.

    You clipped the places (good), and then allowed those slots by their distance. They are padding:
    the softmax would give token 0 a share for each of them. Also ask that the unclipped place is 0
    or more.
    """
    return lists(n, width, size, inside=everywhere)


@task.mistake
def place_0_forbidden(n, width, size):
    """Nobody may look at the first token.

    Place 0 is in the text, and only what is below it is not: keys >= 0.
    """
    return lists(n, width, size, inside=lambda keys, n: keys > 0)


@task.mistake
def clipped_first(n, width, size):
    """You clip first and measure afterwards.

    After clipping, all slots before the text look like token 0, which is near: it gets several
    shares of the first softmaxes. Measure with the unclipped places, clip last.
    """
    return lists(n, width, size, inside=everywhere, mended_first=True)


@task.mistake
def whole_list_allowed(n, width, size):
    """The mask is forgotten: everybody may look at the whole list.

    Half of the list is there for the others. Each query of a group has its own row of `allowed`:
    only keys from query − width to query.
    """
    return lists(n, width, size, near=lambda back, width: torch.ones_like(back, dtype=torch.bool))


@task.mistake
def one_place_apart(n, width, size):
    """The groups begin one place apart.

    Group 1 begins where group 0 ends, `size` places later: torch.arange(0, n, size).
    """
    return lists(n, width, size, begin=lambda n, size: torch.arange(n // size))


@task.mistake
def a_group_for_each_token(n, width, size):
    """There is a group for each token.

    Groups stand side by side and share nobody: n / size of them, torch.arange(0, n, size).
    """
    return lists(n, width, size, begin=lambda n, size: torch.arange(n))


@task.mistake
def numbers_of_slots(n, width, size):
    """You compare numbers of slots.

    Slot 0 of a list is not the group's first token: it is `width` places before it. Compare places
    in the text, first + torch.arange(size) with first + torch.arange(-width, size).
    """
    first = torch.arange(0, n, size)[:, None]
    keys = first + torch.arange(-width, size)
    back = torch.arange(size)[:, None] - torch.arange(width + size)
    return keys.clamp(min=0), in_the_window(back, width) & (keys >= 0)[:, None, :]


@task.mistake
def turned(n, width, size):
    """Queries stand across and keys down.

    `allowed` is [n_groups, size, width + size]: one row for each query, as in every mask of this
    course. Yours is turned.
    """
    keys, allowed = shopping_lists(n, width, size)
    return keys, allowed.transpose(1, 2)


@task.mistake
def one_mask_for_all(n, width, size):
    """You have one mask for all groups.

    They are alike except at the beginning of the text, where some slots stand for no place. Each
    group has its own: [n_groups, size, width + size].
    """
    keys, allowed = shopping_lists(n, width, size)
    return keys, allowed[-1]


@task.mistake
def ones_and_zeros(n, width, size):
    """Your mask holds numbers.

    masked_fill and ~ want True and False. Comparisons give those, and & keeps them.
    """
    keys, allowed = shopping_lists(n, width, size)
    return keys, allowed.float()


@task.mistake
def whole_ones_and_zeros(n, width, size):
    """Your mask holds whole numbers.

    torch would take these for places to fetch, and ~1 is −2. Comparisons give True and False, and &
    keeps them; a product does not.
    """
    keys, allowed = shopping_lists(n, width, size)
    return keys, allowed.long()


@task.mistake
def scores_for_a_mask(n, width, size):
    """Your mask holds scores.

    0 and −∞ are what becomes of it in the next task. Here it says who may look: True and False.
    """
    keys, allowed = shopping_lists(n, width, size)
    return keys, torch.zeros(allowed.shape).masked_fill(~allowed, -torch.inf)


@task.mistake
def places_with_digits(n, width, size):
    """Your places are decimal numbers.

    An index is a whole number, or torch refuses to fetch anything: no torch.zeros and no / on the
    way, or .long() at the end.
    """
    keys, allowed = shopping_lists(n, width, size)
    return keys.float(), allowed
