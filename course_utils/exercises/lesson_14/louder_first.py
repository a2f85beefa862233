"""Is the louder one ahead: two orders compared, pair by pair."""

from collections.abc import Iterator

import torch

from course_utils.checks.task import Case, Task

task = Task(
    "14.louder_first",
    "Is the louder one ahead?",
    section="Shakespeare again",
    hints=[
        "Go through all pairs (a, b) in which a is louder: loud[a] > loud[b]. A pair that is as "
        "loud is left out.",
        "a is ahead if it needs fewer bits: bits[a] < bits[b]. Equal bits are not ahead.",
        "The share is how many of those pairs are ahead, divided by how many such pairs there are.",
    ],
    praise="Right. 1 is the same order, 0 the opposite, and a half is no order at all.",
)


@task.answer
def louder_first(loud, bits):
    ### BEGIN SOLUTION
    n = len(loud)
    pairs = [(a, b) for a in range(n) for b in range(n) if loud[a] > loud[b]]
    return sum(bits[a] < bits[b] for a, b in pairs) / len(pairs)
    ### END SOLUTION


@task.cases
def cases(seed: int) -> Iterator[Case]:
    yield Case("three, one pair out of order", ([0.1, 0.2, 0.3], [3.0, 2.5, 2.75]))
    yield Case("two as loud", ([0.25, 0.25, 0.1], [3.0, 2.0, 2.5]))
    yield Case("equal bits", ([0.1, 0.3, 0.2], [2.5, 2.5, 3.0]))
    yield Case("the opposite order", ([1.0, 2.0, 3.0, 4.0], [1.0, 2.0, 3.0, 4.0]))
    yield Case("a single pair", ([4.0, 2.0], [1.0, 7.0]))
    generator = torch.Generator().manual_seed(seed)
    for n in (6, 9, 26):
        loud = torch.randint(1, n, (n,), generator=generator) / 8
        bits = 2 + torch.randint(1, 2 * n, (n,), generator=generator) / 16
        loud[0] = 99.0  # not all alike
        yield Case(f"{n} patterns by dice", (loud.tolist(), bits.tolist()))


@task.also_right
def with_a_table(loud, bits):
    loud, bits = torch.tensor(loud), torch.tensor(bits)
    louder = loud[:, None] > loud
    return (louder & (bits[:, None] < bits)).sum() / louder.sum()


@task.also_right
def pair_by_pair(loud, bits):
    there, ahead = 0, 0
    for a in range(len(loud)):
        for b in range(a):
            high, low = (a, b) if loud[a] > loud[b] else (b, a)
            if loud[high] != loud[low]:
                there += 1
                ahead += 1 if bits[high] < bits[low] else 0
    return ahead / there


def share(loud, bits, *, counts, ahead):
    """The share of the pairs that count in which a is ahead."""
    n = len(loud)
    pairs = [(a, b) for a in range(n) for b in range(n) if a != b and counts(a, b)]
    return sum(bool(ahead(a, b)) for a, b in pairs) / max(1, len(pairs))


@task.mistake
def more_bits(loud, bits):
    """More bits are worse, not better.

    Bits are what the model still lacks of the next letter. Ahead is who needs *fewer*.
    """
    return share(
        loud, bits, counts=lambda a, b: loud[a] > loud[b], ahead=lambda a, b: bits[a] > bits[b]
    )


@task.mistake
def equal_is_ahead(loud, bits):
    """Equal bits count as ahead in yours.

    Level is not ahead: bits[a] < bits[b], and not <=.
    """
    return share(
        loud, bits, counts=lambda a, b: loud[a] > loud[b], ahead=lambda a, b: bits[a] <= bits[b]
    )


@task.mistake
def ties_count(loud, bits):
    """Pairs that are as loud as each other count in yours.

    Of two that are equally loud none is the louder one: loud[a] > loud[b], and not >=.
    """
    return share(
        loud, bits, counts=lambda a, b: loud[a] >= loud[b], ahead=lambda a, b: bits[a] < bits[b]
    )


@task.mistake
def of_all_pairs(loud, bits):
    """You divided by all pairs.

    Only pairs of which one is louder are asked. Divide by their number.
    """
    n = len(loud)
    ahead = sum(loud[a] > loud[b] and bits[a] < bits[b] for a in range(n) for b in range(n))
    return ahead / (n * (n - 1) / 2)


@task.mistake
def each_pair_twice(loud, bits):
    """Each pair is counted twice below the line, and once above.

    n · (n − 1) counts (a, b) and (b, a). Divide by the pairs in which a is the louder one.
    """
    return of_all_pairs(loud, bits) / 2


@task.mistake
def of_all_n_squared(loud, bits):
    """You divided by n · n.

    Divide by the number of pairs in which one is the louder, and nobody is louder than itself.
    """
    n = len(loud)
    ahead = sum(loud[a] > loud[b] and bits[a] < bits[b] for a in range(n) for b in range(n))
    return ahead / (n * n)


@task.mistake
def neighbours_alone(loud, bits):
    """You compared neighbours in the list alone.

    Every pair is asked, not only those that stand side by side.
    """
    sides = [(i, i + 1) for i in range(len(loud) - 1)] + [(i + 1, i) for i in range(len(loud) - 1)]
    pairs = [(a, b) for a, b in sides if loud[a] > loud[b]]
    return sum(bits[a] < bits[b] for a, b in pairs) / max(1, len(pairs))


@task.mistake
def half_of_the_table(loud, bits):
    """Pairs in which the louder one stands later in the list are lost.

    If b only runs on from a + 1, ask also whether b is the louder: then it is b that must be ahead.
    """
    return share(
        loud,
        bits,
        counts=lambda a, b: a < b and loud[a] > loud[b],
        ahead=lambda a, b: bits[a] < bits[b],
    )


@task.mistake
def how_many(loud, bits):
    """That is how many pairs, not which share.

    Divide by the number of pairs in which one is louder.
    """
    n = len(loud)
    return sum(loud[a] > loud[b] and bits[a] < bits[b] for a in range(n) for b in range(n))


@task.mistake
def in_percent(loud, bits):
    """That is a percentage.

    A share is a number from 0 to 1.
    """
    return 100 * louder_first(loud, bits)


@task.mistake
def ahead_minus_behind(loud, bits):
    """You took those behind off those ahead.

    That is a correlation of ranks (Kendall's), from −1 to 1. Asked is the share of those ahead.
    """
    n = len(loud)
    pairs = [(a, b) for a in range(n) for b in range(n) if loud[a] > loud[b]]
    good = sum(bits[a] < bits[b] for a, b in pairs)
    return (good - sum(bits[a] > bits[b] for a, b in pairs)) / len(pairs)


@task.mistake
def places_compared(loud, bits):
    """You compared places, one by one.

    It does not matter which place each has in the two orders, but who is before whom, pair by pair.
    """
    by_loud = sorted(range(len(loud)), key=lambda i: -loud[i])
    by_bits = sorted(range(len(bits)), key=lambda i: bits[i])
    return sum(a == b for a, b in zip(by_loud, by_bits, strict=True)) / len(loud)


@task.mistake
def equal_bits_left_out(loud, bits):
    """Pairs with equal bits are left out in yours.

    They are asked, because one is louder, and then the louder one is not ahead.
    """
    return share(
        loud,
        bits,
        counts=lambda a, b: loud[a] > loud[b] and bits[a] != bits[b],
        ahead=lambda a, b: bits[a] < bits[b],
    )


@task.mistake
def half_for_equal_bits(loud, bits):
    """Equal bits give half a point in yours.

    A fair rule, but another one: here they are not ahead.
    """
    n = len(loud)
    pairs = [(a, b) for a in range(n) for b in range(n) if loud[a] > loud[b]]
    points = [(bits[a] < bits[b]) + (bits[a] == bits[b]) / 2 for a, b in pairs]
    return sum(points) / len(pairs)


@task.mistake
def asked_from_the_bits(loud, bits):
    """Loudness and bits are swapped.

    The pairs are those of which one is *louder*; then look who needs fewer bits.
    """
    return share(
        loud, bits, counts=lambda a, b: bits[a] < bits[b], ahead=lambda a, b: loud[a] > loud[b]
    )


@task.mistake
def of_n(loud, bits):
    """You divided by the number of patterns.

    It is pairs that are counted: divide by how many pairs have a louder one.
    """
    return how_many(loud, bits) / len(loud)
