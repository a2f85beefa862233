"""A text is its own answer sheet: what comes next, at each place of a block."""

import torch

from course_utils.checks.task import Case, Task

task = Task(
    "08.next_characters",
    "A text is its own answer sheet",
    section="08 · Shakespeare, one character at a time",
    dimensions=("batch", "n"),
    hints=[
        "On paper: inputs “Tom ”, targets “om d”. Which places of the text are these?",
        "A slice ids[a : b] goes from a to b − 1. The inputs are ids[start : start + n]; the "
        "targets begin one place later and end one place later.",
        "torch.stack([… for start in starts]) makes [batch, n] out of one row a start.",
    ],
    praise="Right: n characters, n exercises, and nobody had to write the answers.",
)


@task.answer
def next_characters(ids, starts, n):
    ### BEGIN SOLUTION
    inputs = torch.stack([ids[start : start + n] for start in starts])
    targets = torch.stack([ids[start + 1 : start + n + 1] for start in starts])
    return inputs, targets
    ### END SOLUTION


@task.cases
def cases(seed):
    letters = sorted(set("Tom drinks cold coffee"))
    tom = torch.tensor([letters.index(letter) for letter in "Tom drinks cold coffee"])
    yield Case("“Tom drinks cold coffee”, two blocks of 4", (tom, [0, 11], 4))
    generator = torch.Generator().manual_seed(seed)

    def text(length, vocab=65):
        return torch.randint(0, vocab, (length,), generator=generator)

    yield Case("three blocks of 6 that overlap", (text(50), [3, 7, 5], 6))
    yield Case("a block that ends with the text", (text(50), [0, 41], 8))
    yield Case("a single block", (text(30), [9], 5))
    yield Case("blocks of a single character", (text(20), [12, 0, 18, 5, 6], 1))
    yield Case("the same block twice", (text(40), [8, 8, 2], 7))
    yield Case("as many blocks as characters in one", (text(40), [4, 20, 9, 33], 4))
    yield Case("the whole text in one block", (text(13), [0], 12))
    starts = torch.randint(0, 500, (6,), generator=generator).tolist()
    yield Case("six blocks of 100, a large vocabulary", (text(601, 50_000), starts, 100))


@task.also_right
def by_index(ids, starts, n):
    places = torch.tensor(starts)[:, None] + torch.arange(n)
    return ids[places], ids[places + 1]


@task.also_right
def by_windows(ids, starts, n):
    windows = ids.unfold(0, n + 1, 1)[torch.tensor(starts)]
    return windows[:, :-1], windows[:, 1:]


@task.also_right
def with_loops(ids, starts, n):
    inputs, targets = (torch.empty(len(starts), n, dtype=torch.int32) for _ in range(2))
    for b, start in enumerate(starts):
        for i in range(n):
            inputs[b, i], targets[b, i] = ids[start + i], ids[start + i + 1]
    return [inputs, targets]


@task.also_right
def from_python_lists(ids, starts, n):
    whole = ids.tolist()
    return (
        torch.tensor([whole[start:][:n] for start in starts]),
        torch.tensor([whole[start + 1 :][:n] for start in starts]),
    )


@task.property
def how_far_on(result, case):
    """For shifts that nobody foresaw, or that wrap round the text where a slice would be short."""
    ids, starts, n = case.args
    if not isinstance(result, tuple | list) or not torch.equal(result[0], blocks(*case.args)):
        return None
    places = torch.tensor(starts)[:, None] + torch.arange(n)
    for shift in range(-n, 2 * n + 1):
        if shift != 1 and torch.equal(result[1], ids[(places + shift) % len(ids)]):
            where = (
                f"{abs(shift)} place{'s' * (abs(shift) != 1)} {'after' if shift > 0 else 'before'}"
            )
            return f"each target stands {where} its input. What comes next stands 1 place after it."
    return None


def blocks(ids, starts, n, *, begin=0, end=0):
    """The blocks, [batch, n], with `begin` and `end` moved by some places."""
    return torch.stack([ids[start + begin : start + n + end] for start in starts])


@task.mistake
def same_twice(ids, starts, n):
    """Your targets are your inputs.

    At each place the model would be asked for the character that it is looking at. It learns to
    copy in a minute, and its loss goes to 0. The targets stand one place later.
    """
    return blocks(ids, starts, n), blocks(ids, starts, n)


@task.mistake
def rolled(ids, starts, n):
    """You rolled the block.

    A roll takes the block's first character round to its end: the last target is something from the
    past. It should be the character after the block, ids[start + n].
    """
    inputs = blocks(ids, starts, n)
    return inputs, inputs.roll(-1, dims=1)


@task.mistake
def rolled_all(ids, starts, n):
    """You rolled all blocks in one.

    Without dims, roll takes them for one long row: the last target of a block is the first
    character of the next one. It should be the character after the block, ids[start + n].
    """
    inputs = blocks(ids, starts, n)
    return inputs, inputs.roll(-1)


@task.mistake
def rolled_back(ids, starts, n):
    """You rolled the block, and the wrong way.

    roll(1) puts before each character the one that came earlier, and the block's last to its front.
    The targets are a slice of the text that begins one place later.
    """
    inputs = blocks(ids, starts, n)
    return inputs, inputs.roll(1, dims=1)


@task.mistake
def backwards(ids, starts, n):
    """You shifted the wrong way.

    Each target is the character before its input. The model has read that one already; ask for the
    one after.
    """
    return blocks(ids, starts, n), blocks(ids, starts, n, begin=-1, end=-1)


@task.mistake
def cut_short(ids, starts, n):
    """Your blocks are one character short.

    n − 1 are left of inputs and targets if both are cut out of n characters, or if a slice is taken
    to hold its own end. A block of n exercises needs n + 1 characters of text.
    """
    inputs = blocks(ids, starts, n)
    return inputs[:, :-1], inputs[:, 1:]


@task.mistake
def wrong_end(ids, starts, n):
    """Your targets end one character too early.

    ids[start + 1 : start + n] holds n − 1 characters, because a slice leaves its end out. Both ends
    move: ids[start + 1 : start + n + 1].
    """
    return blocks(ids, starts, n), blocks(ids, starts, n, begin=1)


@task.mistake
def wrong_begin(ids, starts, n):
    """Your targets begin where your inputs begin.

    You moved the end of the slice and not its beginning, so it holds n + 1 characters. Both ends
    move: ids[start + 1 : start + n + 1].
    """
    return blocks(ids, starts, n), blocks(ids, starts, n, end=1)


@task.mistake
def one_too_long(ids, starts, n):
    """Your targets have one character too many.

    ids[start + 1 : start + n + 2] holds n + 1 characters. Every input has one target: begin one
    place later and end one place later than the inputs.
    """
    return blocks(ids, starts, n), blocks(ids, starts, n, begin=1, end=2)


@task.mistake
def inputs_too_long(ids, starts, n):
    """Your inputs have n + 1 characters.

    Such a block is what you cut both from: its first n characters are the inputs, its last n are
    the targets.
    """
    return blocks(ids, starts, n, end=1), blocks(ids, starts, n, begin=1, end=1)


@task.mistake
def only_the_last(ids, starts, n):
    """You ask for one character a block.

    Every place of the block is an exercise: n inputs, n targets. With the future hidden, a model
    does all of them in a single pass.
    """
    return blocks(ids, starts, n), torch.stack([ids[start + n] for start in starts])


@task.mistake
def block_after(ids, starts, n):
    """Your targets are the next block.

    They lie n places later, so that each character is asked for the one n places further on. What
    comes next lies one place later.
    """
    return blocks(ids, starts, n), blocks(ids, starts, n, begin=n, end=n)


@task.mistake
def shifted_by_two(ids, starts, n):
    """You shifted by two.

    Each target stands two places after its input. Slices already leave out their end: the targets
    are ids[start + 1 : start + n + 1].
    """
    return blocks(ids, starts, n), blocks(ids, starts, n, begin=2, end=2)


@task.mistake
def numbers_of_blocks(ids, starts, n):
    """You took starts for numbers of blocks.

    start = 3 means the block that begins at character 3, not the fourth block of n.
    """
    return next_characters(ids, [start * n for start in starts], n)


@task.mistake
def starts_ignored(ids, starts, n):
    """You cut the text from its beginning on.

    Block 1 need not follow on block 0: each one begins where `starts` says, in any order and with
    overlaps.
    """
    return next_characters(ids, [i * n for i in range(len(starts))], n)


@task.mistake
def starts_sorted(ids, starts, n):
    """You put the starts in order.

    Block b begins at starts[b], so that whoever asked knows which is which.
    """
    return next_characters(ids, sorted(starts), n)


@task.mistake
def first_start_for_all(ids, starts, n):
    """All your blocks begin at the first start.

    Each has its own: [… for start in starts], with `start` in the slice and not starts[0].
    """
    return next_characters(ids, [starts[0]] * len(starts), n)


@task.mistake
def counted_from_one(ids, starts, n):
    """Your blocks begin one character too early.

    start = 3 is the place that Python calls 3, so ids[start] is the first input.
    """
    return blocks(ids, starts, n, begin=-1, end=-1), blocks(ids, starts, n)


@task.mistake
def one_too_late(ids, starts, n):
    """Your blocks begin one character too late.

    ids[start] is the first input, and ids[start + 1] its target.
    """
    return next_characters(ids, [start + 1 for start in starts], n)


@task.mistake
def until_n(ids, starts, n):
    """You end every block at n.

    A slice's end is a place of the text, and not a length: the block from start on ends at
    start + n.
    """
    inputs = torch.stack([ids[start:n] for start in starts])
    return inputs, torch.stack([ids[start + 1 : n + 1] for start in starts])


@task.mistake
def swapped(ids, starts, n):
    """Inputs and targets are swapped.

    The first of the pair is what the model reads, the second what it should say.
    """
    return next_characters(ids, starts, n)[::-1]


@task.mistake
def next_number(ids, starts, n):
    """You added 1 to the characters.

    ids + 1 is the next one in the alphabet. What comes next in the text is the same ids from one
    place later on.
    """
    inputs = blocks(ids, starts, n)
    return inputs, inputs + 1


@task.mistake
def last_made_up(ids, starts, n):
    """Your last target is made up.

    The block is followed by a character of the text, ids[start + n], and not by a 0.
    """
    inputs = blocks(ids, starts, n)
    return inputs, torch.cat([inputs[:, 1:], torch.zeros_like(inputs[:, :1])], dim=1)


@task.mistake
def last_said_twice(ids, starts, n):
    """Your last target is the last input.

    The block is followed by a character of the text, ids[start + n]. Cut the targets out of the
    text, and not out of the inputs.
    """
    inputs = blocks(ids, starts, n)
    return inputs, torch.cat([inputs[:, 1:], inputs[:, -1:]], dim=1)


@task.mistake
def turned_round(ids, starts, n):
    """Your targets are the block read backwards.

    What comes next at each place is one place later in the text, in the text's own order.
    """
    inputs = blocks(ids, starts, n)
    return inputs, inputs.flip(1)


@task.mistake
def one_long_row(ids, starts, n):
    """You put the blocks end to end.

    torch.cat makes one row of batch · n. torch.stack makes a table with a row for each block,
    [batch, n].
    """
    inputs, targets = next_characters(ids, starts, n)
    return inputs.flatten(), targets.flatten()


@task.mistake
def lying_down(ids, starts, n):
    """You stacked the blocks as columns.

    dim=1 makes [n, batch]. Each block is a row: torch.stack without dim.
    """
    inputs, targets = next_characters(ids, starts, n)
    return inputs.T, targets.T


@task.mistake
def not_stacked(ids, starts, n):
    """You returned lists of blocks.

    The blocks are right; a model wants them in one tensor, [batch, n]: torch.stack makes it.
    """
    inputs, targets = next_characters(ids, starts, n)
    return list(inputs), list(targets)


@task.mistake
def plain_numbers(ids, starts, n):
    """You returned lists of numbers.

    They are right; a model wants tensors, [batch, n]: torch.tensor makes them.
    """
    inputs, targets = next_characters(ids, starts, n)
    return inputs.tolist(), targets.tolist()


@task.mistake
def pair_by_pair(ids, starts, n):
    """You return a pair for each block.

    One pair is wanted: all inputs in one tensor, [batch, n], and all targets in another.
    """
    return list(zip(*next_characters(ids, starts, n), strict=True))


@task.mistake
def with_digits(ids, starts, n):
    """You made decimal numbers of the characters.

    torch.Tensor and torch.zeros give floats unless told otherwise, and an embedding looks up whole
    numbers only. torch.stack, and torch.tensor in small letters, keep them whole.
    """
    inputs, targets = next_characters(ids, starts, n)
    return inputs.float(), targets.float()


@task.mistake
def only_targets(ids, starts, n):
    """You returned the targets alone.

    The result is a pair: return inputs, targets.
    """
    return next_characters(ids, starts, n)[1]


@task.mistake
def only_inputs(ids, starts, n):
    """You returned the inputs alone.

    The result is a pair, with what comes next as its second: return inputs, targets.
    """
    return blocks(ids, starts, n)


@task.mistake
def first_block(ids, starts, n):
    """You return after the first block.

    The return stands inside the loop. It belongs behind it, where all blocks are there.
    """
    return next_characters(ids, starts[:1], n)


@task.mistake
def first_block_alone(ids, starts, n):
    """You return the first block, without its axis.

    There are as many as there are starts: collect them, and stack them to [batch, n].
    """
    inputs, targets = next_characters(ids, starts[:1], n)
    return inputs[0], targets[0]


@task.mistake
def last_block_alone(ids, starts, n):
    """Each block replaces the one before it.

    Only the last is left. Collect them in a list, and stack it after the loop.
    """
    inputs, targets = next_characters(ids, starts[-1:], n)
    return inputs[0], targets[0]


@task.mistake
def squeezed(ids, starts, n):
    """Axes of length one are gone.

    squeeze() takes away every one of them: with a single block, or with blocks of one character,
    that is an axis which is needed. Leave it out.
    """
    inputs, targets = next_characters(ids, starts, n)
    return inputs.squeeze(), targets.squeeze()
