"""The second lamp."""

from collections.abc import Callable, Iterator
from itertools import pairwise

import torch

from course_utils.checks.task import Case, Task
from course_utils.exercises.lesson_11.common import _line, _one_way

task = Task(
    "11.gaps",
    "The second lamp",
    section="Two heads that disagree about one word",
    hints=[
        "Go along the path in pairs: (path[0], path[1]), (path[1], path[2]), … "
        "zip(path, path[1:]) gives them.",
        "At each pair ask whether `token` looks at `before`: who looks is the row of the mask, "
        "at whom is the column.",
        "One mask is enough: any(mask[token, before] for mask in masks). Collect the pairs for "
        "which that is not so.",
    ],
    praise="Right. No gap, and the news can walk.",
)


@task.answer
def gaps(masks, path):
    ### BEGIN SOLUTION
    return [
        (before, token)
        for before, token in zip(path, path[1:])
        if not any(mask[token, before] for mask in masks)
    ]
    ### END SOLUTION


@task.cases
def cases(seed: int) -> Iterator[Case]:
    yield Case("each hears its left neighbour", ([_line(5, -1)], [0, 1, 2, 3, 4]))
    yield Case("the same, walked backwards", ([_line(5, -1)], [4, 3, 2, 1, 0]))
    yield Case("by leaps", ([_line(6, -2, 1)], [0, 2, 4, 3, 5, 1]))
    two = [_line(6, -1), _line(6, -3)]
    yield Case("two patterns in turn", (two, [0, 3, 4, 5, 1, 2]))
    yield Case("nobody looks at anybody", ([_line(3), _line(3)], [2, 0, 1]))
    generator = torch.Generator().manual_seed(seed)
    for n in (6, 8):
        masks = [_one_way(n, 0.3, seed + n + i) for i in range(2)]
        path = torch.randperm(n, generator=generator).tolist()
        yield Case(f"{n} tokens by dice, two patterns", (masks, path))


@task.also_right
def gaps_with_union(masks, path):
    looks = torch.stack(list(masks)).any(dim=0)
    found = []
    for i in range(1, len(path)):
        if not looks[path[i], path[i - 1]]:
            found.append((path[i - 1], path[i]))
    return found


@task.also_right
def gaps_with_index(masks, path):
    before, token = torch.tensor(path[:-1]), torch.tensor(path[1:])
    missing = ~torch.stack(masks)[:, token, before].any(dim=0)
    return [tuple(pair) for pair in torch.stack([before, token], 1)[missing].tolist()]


def _missing(
    there: Callable = lambda masks, a, b: any(bool(mask[b, a]) for mask in masks),
    steps: Callable = pairwise,
    say: Callable = lambda found: found,
) -> Callable:
    """gaps with another idea of what is there, of the steps, or of what to say."""

    def answer(masks, path):
        return say([(a, b) for a, b in steps(path) if not there(masks, a, b)])

    return answer


@task.mistake
def walk_path_wrong_direction(masks, path):
    """You walk the path in the wrong direction.

    You asked whether the one *before* looks at the one after. News comes from whom one looks at:
    the later one has to look, and it is the row: mask[token, before].
    """
    return _missing(lambda masks, a, b: any(bool(mask[a, b]) for mask in masks))(masks, path)


@task.mistake
def let_looks_count_both_ways(masks, path):
    """You let looks count both ways.

    That somebody looks at you doesn't let you hear them. Only the later one's look counts:
    mask[token, before].
    """
    return _missing(lambda masks, a, b: any(bool(mask[a, b] | mask[b, a]) for mask in masks))(
        masks, path
    )


@task.mistake
def want_step_every_pattern(masks, path):
    """You want the step in every pattern.

    One of the patterns is enough: the layers with the others stand idle meanwhile. any, not all.
    """
    return _missing(lambda masks, a, b: all(bool(mask[b, a]) for mask in masks))(masks, path)


@task.mistake
def look_first_pattern_only(masks, path):
    """You look at the first pattern only.

    The patterns take turns, and a step may use any of them.
    """
    return _missing(lambda masks, a, b: bool(masks[0][b, a]))(masks, path)


@task.mistake
def look_last_pattern_only(masks, path):
    """You look at the last pattern only.

    The patterns take turns, and a step may use any of them. (Does your loop overwrite what the mask
    before it has said?)
    """
    return _missing(lambda masks, a, b: bool(masks[-1][b, a]))(masks, path)


@task.mistake
def in_strict_turn(masks, path):
    """You give each step one pattern, in turn.

    Any layer may serve any step: until the pattern that it needs has its turn, the others stand
    idle. So each step may use any of the masks.
    """
    return [
        (before, token)
        for i, (before, token) in enumerate(pairwise(path))
        if not masks[i % len(masks)][token, before]
    ]


@task.mistake
def let_news_go_way_others(masks, path):
    """You let news go by way of others.

    A step of the path is *one* look. Who hears of somebody through a third one doesn't see that id,
    and can't subtract from it.
    """
    return _missing(lambda masks, a, b: bool((sum(masks).float() @ sum(masks).float())[b, a] > 0))(
        masks, path
    )


@task.mistake
def path_circle(masks, path):
    """Your path is a circle.

    From the last back to the first there is no step. A path has n − 1 of them. (path[i − 1] at i =
    0 is the last one.)
    """
    return _missing(steps=lambda path: zip(path, [*path[1:], path[0]], strict=True))(masks, path)


@task.mistake
def leave_out_last_step(masks, path):
    """You leave out the last step.

    n tokens make n − 1 steps; you looked at n − 2.
    """
    return _missing(steps=lambda path: pairwise(path[:-1]))(masks, path)


@task.mistake
def follow_numbers_not_path(masks, path):
    """You follow the numbers, not the path.

    0, 1, 2, … is one order of the tokens. The path names another: path[i − 1] comes before path[i].
    """
    return _missing(steps=lambda path: pairwise(range(len(path))))(masks, path)


@task.mistake
def places(masks, path):
    """You name places on the path, not tokens.

    The right steps, but (i, i + 1) are places on the path. The tokens there are path[i] and path[i
    + 1].
    """
    return [
        (i, i + 1)
        for i, (before, token) in enumerate(pairwise(path))
        if not any(bool(mask[token, before]) for mask in masks)
    ]


@task.mistake
def pairs_turned_round(masks, path):
    """Your pairs are turned round.

    The right steps, the wrong way round: (before, token), in the order of the path.
    """
    return _missing(say=lambda found: [(b, a) for a, b in found])(masks, path)


@task.mistake
def stop_first_gap(masks, path):
    """You stop at the first gap.

    All the gaps are wanted. (Is there a return inside the loop?)
    """
    return _missing(say=lambda found: found[:1])(masks, path)


@task.mistake
def there_are(masks, path):
    """You name the steps that are there.

    Those are the steps that *can* be taken. Wanted are the others: a not is missing.
    """
    return [step for step in pairwise(path) if step not in gaps(masks, path)]


@task.mistake
def counted(masks, path):
    """You count the gaps.

    Asked for are the pairs themselves, in a list: [(before, token), …].
    """
    return len(gaps(masks, path))
