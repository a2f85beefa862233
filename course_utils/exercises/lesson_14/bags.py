"""Who carries what: how many messages go by each token between two layers."""

import torch

from course_utils.checks.task import Case, Task

task = Task(
    "14.bags",
    "Who carries what",
    section="14 · What trains, and what only could",
    dimensions=("n",),
    hints=[
        "Take one message. Who hears its source in layer 1? A row of a mask is who looks, so "
        "that is a column: first[:, source].",
        "Whom does the target hear in layer 2? second[target]. The ways are those in both: &.",
        "Divide the ways by their number, ways / ways.sum(), and add up over the messages. "
        "If there is no way at all, leave the message out.",
    ],
    praise="Right. Reach asks whether there is a way; this asks who is trampled on it.",
)


@task.answer
def bags(first, second, messages):
    ### BEGIN SOLUTION
    carried = torch.zeros(len(first))
    for source, target in messages:
        ways = first[:, source] & second[target]
        if ways.any():
            carried += ways / ways.sum()
    return carried
    ### END SOLUTION


@task.cases
def cases(seed):
    place = torch.arange(9)
    ring = (place[:, None] - place).abs() <= 1
    star = ring.clone()
    star[-1, :] = star[:, -1] = True
    yield Case("a star of 9", (star, star, [(0, 4), (1, 5), (2, 6), (3, 7)]))
    before = (place[:, None] - place >= 0) & (place[:, None] - place <= 2)
    yield Case("two layers that differ", (before, ring, [(0, 2), (1, 4), (3, 4), (2, 1)]))
    yield Case("messages without a way", (ring, before, [(0, 8), (8, 0), (4, 4), (5, 6)]))
    generator = torch.Generator().manual_seed(seed)

    def dice(n, chance, count):
        first, second = torch.rand(2, n, n, generator=generator) < chance
        pairs = torch.randint(0, n, (count, 2), generator=generator).tolist()
        return first, second, [tuple(pair) for pair in pairs]

    for n in (7, 10):
        yield Case(f"{n} tokens by dice", dice(n, 0.35, 6))
    first, second, messages = dice(8, 0.5, 3)
    yield Case("the same message twice", (first, second, messages + messages[:2]))
    yield Case("a single message", dice(6, 0.7, 1))
    yield Case("a single token, and what it tells itself", (*dice(1, 2.0, 1)[:2], [(0, 0)]))
    yield Case("300 tokens, hundreds of ways", dice(300, 0.95, 20))


@task.also_right
def at_once(first, second, messages):
    sources, targets = torch.tensor(messages).T
    ways = (first.T[sources] & second[targets]).float()
    return (ways / ways.sum(dim=1, keepdim=True).clamp(min=1)).sum(dim=0)


@task.also_right
def with_loops(first, second, messages):
    first, second = first.tolist(), second.tolist()
    carried = [0.0] * len(first)
    for source, target in messages:
        ways = [i for i in range(len(first)) if first[i][source] and second[target][i]]
        for i in ways:
            carried[i] += 1 / len(ways)
    return torch.tensor(carried)


@task.also_right
def with_numpy(first, second, messages):
    one, two = first.numpy().astype(float), second.numpy().astype(float)
    carried = 0 * one[0]
    for source, target in messages:
        ways = one.T[source] * two[target]
        carried += ways / max(1.0, ways.sum())
    return torch.from_numpy(carried)


@task.property
def how_much_in_all(result, case):
    """All bags together weigh as much as there are messages that arrive."""
    arrived = round(float(bags(*case.args).sum()))
    if not isinstance(result, torch.Tensor) or not result.is_floating_point():
        return None
    carried = float(result.sum())
    if abs(carried - arrived) < 1e-3:
        return None
    return (
        f"{arrived} of {len(case.args[2])} messages arrive, each of weight 1, and your bags "
        f"hold {carried:.2f} together."
    )


def heard_and_told(first, second, source, target):
    return first[:, source] & second[target]


def equal_parts(ways):
    return ways / ways.sum().clamp(min=1)


def carried(first, second, messages, *, ways=heard_and_told, part=equal_parts):
    """The bags with one of their parts replaced."""
    every = [part(ways(first, second, source, target)) for source, target in messages]
    return torch.stack(every).float().sum(dim=0)


@task.mistake
def not_by_themselves(first, second, messages):
    """Source and target carry nothing themselves.

    A source that looks at itself keeps its news through layer 1, and the target may fetch it there
    in layer 2. That is a way, too: do not strike them out.
    """

    def ways(first, second, source, target):
        others = first[:, source] & second[target]
        others[source] = others[target] = False
        return others

    return carried(first, second, messages, ways=ways)


@task.mistake
def layers_swapped(first, second, messages):
    """The layers are swapped.

    In layer 1 the token in between hears the source, and in layer 2 the target hears it: first[:,
    source] & second[target].
    """
    return bags(second, first, messages)


@task.mistake
def first_layer_twice(first, second, messages):
    """You ask the first layer twice.

    The token in between hears in layer 1, and is heard in layer 2: second[target].
    """
    return bags(first, first, messages)


@task.mistake
def second_layer_twice(first, second, messages):
    """You ask the second layer twice.

    The token in between is heard in layer 2. It hears in layer 1: first[:, source].
    """
    return bags(second, second, messages)


@task.mistake
def first_layer_alone(first, second, messages):
    """You ask the first layer alone.

    Whoever hears the source has to be heard by the target as well: & second[target].
    """
    return carried(first, second, messages, ways=lambda f, s, source, target: f[:, source])


@task.mistake
def second_layer_alone(first, second, messages):
    """You ask the second layer alone.

    Whoever is heard by the target must have heard the source before: first[:, source] &.
    """
    return carried(first, second, messages, ways=lambda f, s, source, target: s[target])


@task.mistake
def turned(first, second, messages):
    """Who looks and who is looked at are swapped.

    A row is who looks. first[source] are those at whom the source looks; it is heard by those who
    look at *it*, a column: first[:, source]. The target looks: second[target].
    """
    return bags(first.T, second.T, messages)


@task.mistake
def source_and_target_swapped(first, second, messages):
    """Source and target are swapped.

    That is the way back, from the target to the source. Messages are pairs (source, target).
    """
    return bags(first, second, [(target, source) for source, target in messages])


@task.mistake
def both_columns(first, second, messages):
    """Both looks are at the token in between.

    second[:, target] are those who look at the target. The target has to hear, so it looks: the row
    second[target].
    """
    return bags(first, second.T, messages)


@task.mistake
def both_rows(first, second, messages):
    """Both rows are taken.

    first[source] are those at whom the source looks, so those whom it hears. It is to be heard: the
    column first[:, source].
    """
    return bags(first.T, second, messages)


@task.mistake
def either_is_enough(first, second, messages):
    """Either look is enough.

    Who hears the source and is not heard by the target keeps the news to itself. It takes both: &.
    """
    return carried(
        first, second, messages, ways=lambda f, s, source, target: f[:, source] | s[target]
    )


@task.mistake
def not_divided(first, second, messages):
    """Every way carries the whole message.

    With three ways, each carries a third: divide a message's ways by their number, so that all bags
    together weigh as much as there are messages that arrive.
    """
    return carried(first, second, messages, part=lambda ways: ways)


@task.mistake
def sum_shared(first, second, messages):
    """The sum is shared, not each message.

    Divided at the end, a message with many ways weighs more than one with a single way. Divide each
    message's ways by their number, then add.
    """
    every = not_divided(first, second, messages)
    return every / every.sum()


@task.mistake
def shared_by_all_messages(first, second, messages):
    """You divide by the number of messages.

    A message is shared by its own ways, and the bags say how many messages they hold: no mean over
    messages.
    """
    return bags(first, second, messages) / len(messages)


@task.mistake
def divided_by_n(first, second, messages):
    """You divide by the number of tokens.

    A message is shared by those who carry it, and not by all: ways / ways.sum().
    """
    return carried(first, second, messages, part=lambda ways: ways / len(ways))


@task.mistake
def divided_by_those_who_hear(first, second, messages):
    """You divide by all who hear the source.

    Only some of them are heard by the target, and these share the message: ways / ways.sum().
    """

    def ways(first, second, source, target):
        return heard_and_told(first, second, source, target) / first[:, source].sum().clamp(min=1)

    return carried(first, second, messages, ways=ways, part=lambda ways: ways)


@task.mistake
def first_way_alone(first, second, messages):
    """The first way carries it all.

    If there are several ways, each carries an equal part: ways / ways.sum().
    """

    def part(ways):
        return (ways.cumsum(0) == 1) & ways

    return carried(first, second, messages, part=part)


@task.mistake
def nan_without_a_way(first, second, messages):
    """A message without a way becomes NaN.

    0 ways divided by 0 is NaN, and one NaN is enough to spoil every bag. A message that nobody can
    carry is in no bag: skip it, or clamp(min=1).
    """
    return carried(first, second, messages, part=lambda ways: ways / ways.sum())


@task.mistake
def shared_by_all_without_a_way(first, second, messages):
    """A message without a way is shared by all.

    If nobody can carry it, it stays where it is. It's in no bag at all.
    """

    def part(ways):
        return ways / ways.sum() if ways.any() else torch.full((len(ways),), 1 / len(ways))

    return carried(first, second, messages, part=part)


@task.mistake
def kept_by_the_source(first, second, messages):
    """A message without a way is in its source's bag.

    It stays at home, and that is no bag: those who carry are in between.
    """
    every = bags(first, second, messages)
    for source, target in messages:
        every[source] += not heard_and_told(first, second, source, target).any()
    return every


@task.mistake
def stops_without_a_way(first, second, messages):
    """You stop at the first message that has no way.

    break leaves the loop, and those behind it are never asked. Skip that one alone: continue.
    """
    found = [bool(heard_and_told(first, second, *message).any()) for message in messages]
    return bags(first, second, messages[: (found + [False]).index(False)])


@task.mistake
def last_message_alone(first, second, messages):
    """Only the last message is in the bags.

    Each replaces the one before it. Add them up: carried += ….
    """
    return bags(first, second, messages[-1:])


@task.mistake
def first_message_alone(first, second, messages):
    """You return after the first message.

    The return stands inside the loop. It belongs behind it, as far left as the for.
    """
    return bags(first, second, messages[:1])


@task.mistake
def each_once(first, second, messages):
    """You carry the same message once.

    Whoever sends it twice wants it carried twice. A set forgets how often.
    """
    return bags(first, second, sorted(set(messages)))


@task.mistake
def heaviest_alone(first, second, messages):
    """You return the heaviest bag alone.

    All of them are wanted, one number for each token; the heaviest is their max.
    """
    return bags(first, second, messages).max()


@task.mistake
def total_alone(first, second, messages):
    """You return the sum of all bags.

    That is how many messages arrive. Who carries them is wanted, one number for each token.
    """
    return bags(first, second, messages).sum()


@task.mistake
def a_bag_for_each_message(first, second, messages):
    """You have not added up.

    Yours has a row for each message. Their sum over the messages is how much each token carries.
    """
    return torch.stack([bags(first, second, [message]) for message in messages])


@task.mistake
def as_a_list(first, second, messages):
    """You returned a list.

    Its numbers are right. The result is a tensor: torch.tensor(…) of it.
    """
    return bags(first, second, messages).tolist()
