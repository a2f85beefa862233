"""Tokens that everybody hears, and tokens that hear everybody."""

import torch

from course_utils.checks.task import Case, Task
from course_utils.exercises.lesson_10.common import and_oneself, random_mask

task = Task(
    "10.open_doors",
    "Doors",
    section="Nine rules",
    dimensions=("n_query", "n_key"),
    hints=[
        "Row = who looks, column = at whom. Is to be heard by everybody a row or a column?",
        "A slice takes a list of positions: mask[:, [2, 5]] are two columns.",
        "Start with mask.clone(), so that the pattern that you were given stays as it is; then "
        "[:, speakers] = True and [listeners, :] = True.",
    ],
    praise="Right. A hub is whoever stands in both lists.",
)


@task.answer
def open_doors(mask, speakers, listeners):
    ### BEGIN SOLUTION
    opened = mask.clone()
    opened[:, speakers] = True
    opened[listeners, :] = True
    return opened
    ### END SOLUTION


@task.cases
def cases(seed):
    street = torch.ones(6, 6, dtype=torch.bool).tril(1).triu(-1)
    yield Case("a window of 6, token 0 speaks", (street, [0], []))
    yield Case("a window of 6, token 4 listens", (street, [], [4]))
    generator = torch.Generator().manual_seed(seed)
    some = and_oneself(random_mask(7, 0.2, generator))
    yield Case("7 tokens, 2 and 5 speak, 3 listens", (some, [2, 5], [3]))
    some = and_oneself(random_mask(8, 0.2, generator))
    yield Case("8 tokens, 6 speaks and listens", (some, [6], [6]))
    yield Case("5 tokens, and no doors", (and_oneself(random_mask(5, 0.3, generator)), [], []))
    # Not everybody looks at itself, and the lists are in no order.
    order = torch.randperm(9, generator=generator).tolist()
    yield Case(
        "9 tokens, doors in any order", (random_mask(9, 0.3, generator), order[:3], order[2:6])
    )
    yield Case("two listen, one of them named twice", (~some.clone(), [1], [5, 2, 5]))
    yield Case("nobody looks at anybody yet", (torch.zeros(5, 5, dtype=torch.bool), [1], [3]))
    yield Case("everybody looks at everybody", (torch.ones(4, 4, dtype=torch.bool), [3], [0]))
    yield Case("one token", (torch.zeros(1, 1, dtype=torch.bool), [], [0]))


@task.also_right
def with_loops(mask, speakers, listeners):
    n = len(mask)
    return torch.tensor(
        [[bool(mask[q, k]) or k in speakers or q in listeners for k in range(n)] for q in range(n)]
    )


@task.also_right
def by_union(mask, speakers, listeners):
    places = torch.arange(len(mask))
    speaks = torch.isin(places, torch.tensor(speakers, dtype=torch.long))
    listens = torch.isin(places, torch.tensor(listeners, dtype=torch.long))
    return mask | speaks[None, :] | listens[:, None]


@task.also_right
def with_numpy(mask, speakers, listeners):
    opened = mask.numpy().copy()
    for speaker in speakers:
        opened[:, speaker] = True
    for listener in listeners:
        opened[listener] = True
    return torch.from_numpy(opened)


@task.also_right
def on_its_side_and_back(mask, speakers, listeners):
    turned = torch.empty_like(mask).copy_(mask).T
    turned[speakers] = True
    turned[:, listeners] = True
    return turned.T


def filled(mask, rows, columns):
    """A copy in which these rows and columns are True."""
    return open_doors(mask, columns, rows)


def shut(mask):
    return torch.zeros_like(mask)


@task.mistake
def query_and_key_swapped(mask, speakers, listeners):
    """Query and key are swapped.

    Rows are who looks, columns at whom. To speak is to be looked *at*: a column. To listen is to
    look: a row.
    """
    return filled(mask, rows=speakers, columns=listeners)


@task.mistake
def both_do_both(mask, speakers, listeners):
    """Everybody with a door both speaks and listens.

    A speaker is heard by all, and need not hear them. Speakers get their columns, listeners their
    rows, and nobody both unless named in both lists.
    """
    return filled(mask, rows=speakers + listeners, columns=speakers + listeners)


@task.mistake
def speakers_listen_too(mask, speakers, listeners):
    """Your speakers also listen.

    A speaker is heard by all, and need not hear them: its column, and not its row.
    """
    return filled(mask, rows=speakers + listeners, columns=speakers)


@task.mistake
def listeners_speak_too(mask, speakers, listeners):
    """Your listeners also speak.

    A listener hears all, and need not be heard by them: its row, and not its column.
    """
    return filled(mask, rows=listeners, columns=speakers + listeners)


@task.mistake
def listeners_left_out(mask, speakers, listeners):
    """Your listeners don't listen.

    The columns are right: all may look at the speakers. The listeners' rows are still as they were.
    """
    return filled(mask, rows=[], columns=speakers)


@task.mistake
def speakers_left_out(mask, speakers, listeners):
    """Your speakers aren't heard.

    The rows are right: the listeners look at everybody. The speakers' columns are still as they
    were.
    """
    return filled(mask, rows=listeners, columns=[])


@task.mistake
def all_speak(mask, speakers, listeners):
    """All of them do nothing but speak.

    You filled columns for both lists. A listener looks at everybody: that is its row.
    """
    return filled(mask, rows=[], columns=speakers + listeners)


@task.mistake
def all_listen(mask, speakers, listeners):
    """All of them do nothing but listen.

    You filled rows for both lists. A speaker is looked at by everybody: that is its column.
    """
    return filled(mask, rows=speakers + listeners, columns=[])


@task.mistake
def listeners_hear_speakers(mask, speakers, listeners):
    """Only listeners hear the speakers.

    You opened the places where the rows and the columns cross. The whole rows and the whole columns
    are wanted, one after the other.
    """
    rows = filled(shut(mask), rows=listeners, columns=[])
    columns = filled(shut(mask), rows=[], columns=speakers)
    return mask | rows & columns


@task.mistake
def speakers_hear_listeners(mask, speakers, listeners):
    """Only the speakers may look at the listeners.

    You opened the places where the speakers' rows and the listeners' columns cross. The whole
    columns of the speakers and the whole rows of the listeners are wanted.
    """
    return listeners_hear_speakers(mask, listeners, speakers)


@task.mistake
def pattern_lost(mask, speakers, listeners):
    """The pattern itself got lost.

    Only the doors are left. Who could look before still may: begin with a copy of the mask.
    """
    return open_doors(shut(mask), speakers, listeners)


@task.mistake
def doors_shut(mask, speakers, listeners):
    """Doors shut what was open.

    With & both must hold, and only doors that were open before are left. A door is opened beside
    what is there: *or*, not *and*.
    """
    return mask & open_doors(shut(mask), speakers, listeners)


@task.mistake
def doors_closed(mask, speakers, listeners):
    """You closed the doors.

    False in a speaker's column hides it from everybody. May look is True.
    """
    return mask & ~open_doors(shut(mask), speakers, listeners)


@task.mistake
def toggled(mask, speakers, listeners):
    """You toggled the doors.

    ^ is *either, or*: what was open before and gets a door is shut. Opened twice is open.
    """
    return mask ^ open_doors(shut(mask), speakers, listeners)


@task.mistake
def toggled_twice(mask, speakers, listeners):
    """Where two doors meet you shut them again.

    ^ or a negation changes back what a first door has opened. Set to True, whatever was there.
    """
    rows = filled(shut(mask), rows=listeners, columns=[])
    columns = filled(shut(mask), rows=[], columns=speakers)
    return mask | (rows ^ columns)


@task.mistake
def first_tokens(mask, speakers, listeners):
    """The first tokens get the doors, not those named.

    The lists say which positions, not how many. An index may be a list, as it is.
    """
    return open_doors(mask, list(range(len(speakers))), list(range(len(listeners))))


@task.mistake
def one_after(mask, speakers, listeners):
    """Your doors are one place too far.

    Positions are counted from 0, in the lists as in the mask: token 2 is mask[2].
    """
    n = len(mask)
    return open_doors(mask, [(s + 1) % n for s in speakers], [(t + 1) % n for t in listeners])


@task.mistake
def one_before(mask, speakers, listeners):
    """Your doors are one place too early.

    Positions are counted from 0, in the lists as in the mask: token 2 is mask[2].
    """
    return open_doors(mask, [s - 1 for s in speakers], [t - 1 for t in listeners])


@task.mistake
def first_of_each(mask, speakers, listeners):
    """Only the first of each list gets its door.

    A return inside a loop ends it after the first round, and speakers[0] is one of several. All
    that are named get theirs.
    """
    return open_doors(mask, speakers[:1], listeners[:1])


@task.mistake
def last_of_each(mask, speakers, listeners):
    """Only the last of each list gets its door.

    Each round of your loop begins with the mask as it was given. Copy it once, before the loop.
    """
    return open_doors(mask, speakers[-1:], listeners[-1:])


@task.mistake
def everybody_in_between(mask, speakers, listeners):
    """You opened all from the first to the last position.

    A slice with : takes what lies in between, too. An index may be a list: opened[:, speakers].
    """

    def filled_up(places):
        return list(range(min(places), max(places) + 1)) if places else []

    return open_doors(mask, filled_up(speakers), filled_up(listeners))


@task.mistake
def oneself_put_in(mask, speakers, listeners):
    """You let everybody look at itself.

    Nobody asked for the diagonal: who could not look at itself before still cannot, unless there is
    a door.
    """
    return and_oneself(open_doors(mask, speakers, listeners))


@task.mistake
def without_oneself(mask, speakers, listeners):
    """Whoever gets a door no longer looks at itself.

    Everybody includes oneself. Where row and column of a door cross, there is True, too.
    """
    opened = open_doors(mask, speakers, listeners)
    for door in speakers + listeners:
        opened[door, door] = False
    return opened


@task.mistake
def nothing_opened(mask, speakers, listeners):
    """No door was opened.

    The pattern comes back as it was. (An index twice, opened[listeners][:, …] = True, writes into a
    copy that nobody sees.)
    """
    return mask.clone()


@task.mistake
def on_its_side(mask, speakers, listeners):
    """Your answer lies on its side.

    The row is who looks, the column at whom. Yours is transposed.
    """
    return open_doors(mask, speakers, listeners).T


@task.mistake
def symmetric(mask, speakers, listeners):
    """You made every look mutual.

    Who looks need not be looked at. The pattern stays as it was, and only the doors are new.
    """
    opened = open_doors(mask, speakers, listeners)
    return opened | opened.T


@task.mistake
def of_numbers(mask, speakers, listeners):
    """Your answer is made of numbers.

    Ones and zeros in the right places. A mask is made of True and False: .bool().
    """
    return open_doors(mask, speakers, listeners).float()


@task.mistake
def of_lists(mask, speakers, listeners):
    """Your answer is a list of lists.

    True and False are in the right places. Wrap it in torch.tensor(…).
    """
    return open_doors(mask, speakers, listeners).tolist()


@task.mistake
def in_place(mask, speakers, listeners):
    """You wrote into the mask that you were given.

    The doors are right. But whoever handed you the pattern still needs it: make a copy first,
    mask.clone(). (opened = mask is a second name, and no copy.)
    """
    mask[:, speakers] = True
    mask[listeners, :] = True
    return mask
