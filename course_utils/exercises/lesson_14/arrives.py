"""How loud: what arrives of a message before anything is learned."""

from collections.abc import Iterator

import torch

from course_utils.checks.task import Case, Task

task = Task(
    "14.arrives",
    "How much arrives",
    section="14 · What trains, and what only could",
    dimensions=("message",),
    hints=[
        "At the start everybody listens alike to all that it may look at: a row of the mask, "
        "divided by how many True it has. These are the shares of a layer.",
        "Two layers one after the other are one table: what the second hears of what the first "
        "has heard, shares of `second` @ shares of `first`.",
        "Row: who has heard. Column: of whom. The message from source to target is at "
        "[target, source].",
    ],
    praise="Right. Reach says whether; this says how loud, and how long training must search.",
)


@task.answer
def arrives(first, second, messages):
    ### BEGIN SOLUTION
    shares = [mask.float() / mask.sum(dim=1, keepdim=True) for mask in (first, second)]
    both = shares[1] @ shares[0]
    sources, targets = torch.tensor(messages).T
    return both[targets, sources]
    ### END SOLUTION


@task.cases
def cases(seed: int) -> Iterator[Case]:
    place = torch.arange(9)
    ring = (place[:, None] - place).abs() <= 1
    star = ring.clone()
    star[-1, :] = star[:, -1] = True
    before = (place[:, None] - place >= 0) & (place[:, None] - place <= 2)
    yield Case("a star of 9", (star, star, [(0, 4), (1, 5), (2, 6), (3, 7)]))
    yield Case("two layers that differ", (before, ring, [(0, 2), (1, 4), (3, 4), (2, 1)]))
    yield Case("messages that do not arrive", (ring, before, [(0, 8), (8, 0), (4, 4)]))
    yield Case("a single message", (star, before, [(8, 3)]))
    generator = torch.Generator().manual_seed(seed)
    for n, count in ((7, 5), (10, 6), (120, 9)):
        first, second = torch.rand(2, n, n, generator=generator) < 0.4
        first.fill_diagonal_(True)
        second.fill_diagonal_(True)
        pairs = torch.randint(0, n, (count, 2), generator=generator).tolist()
        yield Case(f"{n} tokens by dice", (first, second, [tuple(pair) for pair in pairs]))


@task.also_right
def by_hand(first, second, messages):
    one, two = first.tolist(), second.tolist()
    found = []
    for source, target in messages:
        heard = [i for i in range(len(two)) if two[target][i]]
        found.append(sum(one[i][source] / sum(one[i]) for i in heard) / len(heard))
    return torch.tensor(found)


@task.also_right
def with_numpy(first, second, messages):
    one, two = (mask.numpy() / mask.numpy().sum(axis=1, keepdims=True) for mask in (first, second))
    both = two @ one
    return torch.tensor([both[target, source] for source, target in messages])


def alike(mask):
    return mask.float() / mask.sum(dim=1, keepdim=True)


def read(both, messages):
    sources, targets = torch.tensor(messages).T
    return both[targets, sources]


@task.mistake
def layers_swapped(first, second, messages):
    """The layers are swapped.

    The second layer hears what the first has made: its shares stand on the left, shares of `second`
    @ shares of `first`.
    """
    return arrives(second, first, messages)


@task.mistake
def read_backwards(first, second, messages):
    """That is the way back, from the target to the source.

    A row of the table is who has heard: [target, source].
    """
    return arrives(first, second, [(target, source) for source, target in messages])


@task.mistake
def not_shared_out(first, second, messages):
    """You counted the ways; nobody listens that well.

    Who looks at many gives each of them a small share. Divide each row by its number of True before
    the two are multiplied.
    """
    return read(second.float() @ first.float(), messages)


@task.mistake
def shared_out_by_column(first, second, messages):
    """The shares add up to 1 down the columns.

    It is the one who looks that divides its attention: each row adds up to 1, so sum over dim=1.
    """
    one, two = (mask.float() / mask.sum(dim=0, keepdim=True) for mask in (first, second))
    return read(two @ one, messages)


@task.mistake
def divided_by_n(first, second, messages):
    """Each look is worth 1/n in yours.

    A token that looks at three gives each a third, however long the text is: divide by the row's
    sum.
    """
    n = len(first)
    return read((second.float() / n) @ (first.float() / n), messages)


@task.mistake
def first_twice(first, second, messages):
    """You ask the first layer twice.

    The second layer has a mask of its own, and its own shares.
    """
    return arrives(first, first, messages)


@task.mistake
def second_twice(first, second, messages):
    """You ask the second layer twice.

    The first layer has a mask of its own, and its own shares.
    """
    return arrives(second, second, messages)


@task.mistake
def by_places(first, second, messages):
    """You multiplied number by number.

    Two layers in a row are a matrix product, @: it adds up over all who may stand in between.
    """
    return read(alike(second) * alike(first), messages)


@task.mistake
def added(first, second, messages):
    """You added the layers.

    A message goes through the one *and then* the other: a product, second @ first.
    """
    return read(alike(second) + alike(first), messages)


@task.mistake
def turned(first, second, messages):
    """Who looks and who is looked at are swapped.

    A row of a mask is who looks.
    """
    return arrives(first.T, second.T, messages)


@task.mistake
def best_way_alone(first, second, messages):
    """That is the loudest way alone.

    Several tokens may carry parts of one message, and they add up at the target.
    """
    one, two = alike(first), alike(second)
    return torch.stack([(two[target] * one[:, source]).max() for source, target in messages])


@task.mistake
def mean_over_the_ways(first, second, messages):
    """You took the mean over the ways.

    What comes by several ways adds up: the product of matrices is the sum already.
    """
    one, two = alike(first), alike(second)
    ways = [two[target] * one[:, source] for source, target in messages]
    return torch.stack([way.sum() / max(1, int((way > 0).sum())) for way in ways])


@task.mistake
def second_shared_out_alone(first, second, messages):
    """The first layer is not shared out.

    In both layers a token divides its attention among all that it looks at.
    """
    return read(alike(second) @ first.float(), messages)


@task.mistake
def first_shared_out_alone(first, second, messages):
    """The second layer is not shared out.

    In both layers a token divides its attention among all that it looks at.
    """
    return read(second.float() @ alike(first), messages)


@task.mistake
def softmax_of_the_mask(first, second, messages):
    """A softmax over True and False leaves a share to those who are not heard.

    e to the 0 is 1, and not 0. Who may not be looked at gets nothing; divide the mask by its row's
    sum.
    """
    return read(second.float().softmax(dim=1) @ first.float().softmax(dim=1), messages)


@task.mistake
def their_mean(first, second, messages):
    """That is one number for all messages.

    Each message has its own: a tensor as long as the list.
    """
    return arrives(first, second, messages).mean()


@task.mistake
def oneself_kept(first, second, messages):
    """Yours keeps its own news beside the mean.

    A block has such a residual. Here only attention is asked for: a row's shares add up to 1.
    """
    own = torch.eye(len(first))
    return read((alike(second) + own) @ (alike(first) + own), messages)


@task.mistake
def in_percent(first, second, messages):
    """Those are percentages.

    All of a message is 1, not 100.
    """
    return 100 * arrives(first, second, messages)
