"""One word moves."""

import math
from collections.abc import Callable, Iterator

import torch

from course_utils.checks.task import Case, Task
from course_utils.exercises.lesson_11.common import _line, _one_way

task = Task(
    "11.selective_shift",
    "One word moves",
    section="Two heads that disagree about one word",
    dimensions=("n",),
    hints=[
        "You need no heads here, only what they come to. Make a copy, ids.clone(), and change "
        "it where ids == target.",
        "Whom a token sees: ids[mask[token]], a shorter tensor, of which you want the max and "
        "the min.",
        "It grows: its own id + levels · (max − min).",
    ],
    praise="Right: one word moves, and only if it is the one that was meant.",
)


@task.answer
def selective_shift(ids, mask, target, levels):
    ### BEGIN SOLUTION
    new = ids.clone()
    for token in range(len(ids)):
        if ids[token] == target:
            seen = ids[mask[token]]
            new[token] += levels * (seen.max() - seen.min())
    return new
    ### END SOLUTION


@task.cases
def cases(seed: int) -> Iterator[Case]:
    ring = torch.tensor([[1, 1, 0, 1], [1, 1, 1, 0], [0, 1, 1, 1], [1, 0, 1, 1]]).bool()
    yield Case("drinks, in the ring of the lesson", (torch.tensor([10, 2, 3, 7]), ring, 2, 3))
    yield Case("nobody has that id", (torch.tensor([10, 2, 3, 7]), ring, 1, 3))
    yield Case("cold, one shift later", (torch.tensor([10, 26, 3, 7]), ring, 3, 3))
    lower = _line(5, -1, 2)
    yield Case("its own id is not the lowest", (torch.tensor([4, 9, 6, 1, 13]), lower, 6, 4))
    yield Case("everybody is seen", (torch.tensor([9, 4, 7]), _line(3, -2, -1, 1, 2), 4, 3))
    generator = torch.Generator().manual_seed(seed)
    for n, levels in ((6, 2), (7, 5)):
        ids = 3 + torch.randperm(40, generator=generator)[:n]
        mask = _one_way(n, 0.5, seed + n)
        yield Case(f"{n} tokens, {levels} levels", (ids, mask, int(ids[n // 2]), levels))
    pair = torch.tensor([10, 2, 2, 7])
    yield Case("two neighbours have that id", (pair, _line(4, -1, 1), 2, 3))
    below = torch.tensor([-7, -2, -11, 4])
    yield Case("ids below zero", (below, _line(4, -1, 1, 2), -2, 2))
    twice = torch.tensor([5, 8, 5, 20, 11])
    yield Case("two have that id", (twice, _line(5, -1, 1), 5, 3))


@task.also_right
def selective_shift_with_heads(ids, mask, target, levels):
    """The two hardmax heads of the paper."""

    def head(b):
        scores = (ids[:, None] - b) * ids[None, :]
        return ids[scores.masked_fill(~mask, -math.inf).argmax(dim=1)]

    return ids + levels * (head(target - 0.5) - head(target + 0.5))


@task.also_right
def selective_shift_with_amax(ids, mask, target, levels):
    big = ids.max() + 1
    highest = torch.where(mask, ids, -big).amax(dim=1)
    lowest = torch.where(mask, ids, big).amin(dim=1)
    return torch.where(ids == target, ids + levels * (highest - lowest), ids)


def _shifted(
    who: Callable = lambda ids, target: ids == target,
    seen_by: Callable = lambda ids, mask, token: ids[mask[token]],
    grow: Callable = lambda own, seen, levels: own + levels * (seen.max() - seen.min()),
) -> Callable:
    """selective_shift of others, with others seen, or by another amount."""

    def answer(ids, mask, target, levels):
        moves = who(ids, target)
        new = [
            grow(ids[token], seen_by(ids, mask, token), levels) if moves[token] else ids[token]
            for token in range(len(ids))
        ]
        return torch.stack(new)

    return answer


@task.mistake
def everybody_shifted(ids, mask, target, levels):
    """Everybody is shifted.

    The layer is for one id. Who has another one stays as it is, or else all move at once and
    nothing can be undone.
    """
    return _shifted(who=lambda ids, target: torch.ones_like(ids, dtype=torch.bool))(
        ids, mask, target, levels
    )


@task.mistake
def shift_from_target_up(ids, mask, target, levels):
    """You shift from the target up.

    That is one head alone, which tells ids above b from those below. Two heads, one on either side
    of the target, leave exactly ids == target.
    """
    return _shifted(who=lambda ids, target: ids >= target)(ids, mask, target, levels)


@task.mistake
def shift_up_target(ids, mask, target, levels):
    """You shift up to the target.

    Only who *has* the id moves: ids == target.
    """
    return _shifted(who=lambda ids, target: ids <= target)(ids, mask, target, levels)


@task.mistake
def shift_all_but_target(ids, mask, target, levels):
    """You shift all but the target.

    The other way round: who has the id moves, all others stay.
    """
    return _shifted(who=lambda ids, target: ids != target)(ids, mask, target, levels)


@task.mistake
def hears_target(ids, mask, target, levels):
    """You shift whoever sees the target.

    The target is the mover's *own* id, the query, not one of the ids that it sees.
    """
    moves = (mask & (ids == target)[None, :]).any(dim=1)
    return _shifted(who=lambda ids, target: moves)(ids, mask, target, levels)


@task.mistake
def at_place(ids, mask, target, levels):
    """You shift the token in that place.

    `target` is an id, not a position: whoever *has* it moves, wherever it stands. ids == target
    says who.
    """
    new = ids.clone()
    seen = ids[mask[target]]
    new[target] += levels * (seen.max() - seen.min())
    return new


@task.mistake
def everybody_seen(ids, mask, target, levels):
    """Everybody is seen.

    Highest and lowest of *all* ids: that is dense attention. Of those that the token may look at:
    ids[mask[token]].
    """
    return _shifted(seen_by=lambda ids, mask, token: ids)(ids, mask, target, levels)


@task.mistake
def swapped_query_key(ids, mask, target, levels):
    """You swapped query and key.

    Those are the ones who look *at* the token. Whom it looks at is its row: mask[token].
    """
    return _shifted(seen_by=lambda ids, mask, token: ids[mask[:, token]])(ids, mask, target, levels)


@task.mistake
def leave_oneself_out(ids, mask, target, levels):
    """You leave oneself out.

    It sees itself, too, where the mask says so. Its own id is usually the lowest, and that is what
    makes the shift readable.
    """
    return _shifted(
        seen_by=lambda ids, mask, token: ids[
            mask[token] & (torch.arange(len(ids)) != token) | (mask[token].sum() == 1) * mask[token]
        ]
    )(ids, mask, target, levels)


@task.mistake
def who_not_seen_counts_0(ids, mask, target, levels):
    """Who is not seen counts as 0.

    Multiplied by the mask, the ids that are not seen become 0, and 0 is lower than all others.
    Leave them out: ids[mask[token]].
    """
    return _shifted(seen_by=lambda ids, mask, token: ids * mask[token])(ids, mask, target, levels)


@task.mistake
def subtract_own_id_not_lowest(ids, mask, target, levels):
    """You subtract its own id, not the lowest.

    Along the path the lowest *is* its own, so this often comes out right. But the head returns the
    lowest that is seen, whoever has it.
    """
    return _shifted(grow=lambda own, seen, levels: own + levels * (seen.max() - own))(
        ids, mask, target, levels
    )


@task.mistake
def nothing_subtracted(ids, mask, target, levels):
    """Nothing is subtracted.

    levels times the highest, that is only one head. The lowest has to be taken off: highest −
    lowest.
    """
    return _shifted(grow=lambda own, seen, levels: own + levels * seen.max())(
        ids, mask, target, levels
    )


@task.mistake
def own_id_gone(ids, mask, target, levels):
    """Its own id is gone.

    The new id has to remember the old one: it *grows* by that much. (In the transformer that is the
    residual.)
    """
    return _shifted(grow=lambda own, seen, levels: levels * (seen.max() - seen.min()))(
        ids, mask, target, levels
    )


@task.mistake
def factor_missing(ids, mask, target, levels):
    """The factor is missing.

    Own + highest − lowest is, with its own as the lowest, the highest and nothing else: two words
    with one id. levels · (highest − lowest).
    """
    return _shifted(grow=lambda own, seen, levels: own + seen.max() - seen.min())(
        ids, mask, target, levels
    )


@task.mistake
def divide_instead(ids, mask, target, levels):
    """You divide instead.

    The paper's factor is δ^(−d), and δ is 1 / levels: one over one over levels. Multiply.
    """
    return _shifted(grow=lambda own, seen, levels: own + (seen.max() - seen.min()) // levels)(
        ids, mask, target, levels
    )


@task.mistake
def shrinks(ids, mask, target, levels):
    """It shrinks.

    lowest − highest is negative. Who has been shifted must stand above all others.
    """
    return _shifted(grow=lambda own, seen, levels: own + levels * (seen.min() - seen.max()))(
        ids, mask, target, levels
    )


@task.mistake
def read_while_written(ids, mask, target, levels):
    """You read ids that have been shifted already.

    All tokens of a layer look at once, at what was there before. Where two neighbours have the id
    `target`, your second one sees the first one shifted. Read from `ids`, write into a copy.
    """
    new = ids.clone()
    for token in range(len(new)):
        if new[token] == target:
            seen = new[mask[token]]
            new[token] += levels * (seen.max() - seen.min())
    return new


@task.mistake
def first_one_only(ids, mask, target, levels):
    """You shift the first token that has the id, and no other.

    Whoever has it grows, and there may be two of them.
    """
    new = selective_shift(ids, mask, target, levels)
    later = torch.arange(len(ids)) > (ids == target).int().argmax()
    return torch.where(later, ids, new)
