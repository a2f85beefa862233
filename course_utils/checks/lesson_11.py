"""Lesson 11, the theorem as a program: its five tasks, and the ways in which they go wrong.

Masks are boolean [n, n], row = who looks, True = may look; several of them take turns from layer to
layer. Source of all: Yun et al. 2020, Assumptions 1 and 2 and the proof of Theorem 1.
"""

import math
from collections.abc import Callable, Iterator
from itertools import pairwise

import torch
from torch import Tensor

from course_utils.checks._old import Case, Misconception, Task


def _one_way(n: int, share: float, seed: int) -> Tensor:
    """A mask in which some look at some, not both ways; everybody looks at itself."""
    generator = torch.Generator().manual_seed(seed)
    return (torch.rand(n, n, generator=generator) < share) | torch.eye(n, dtype=torch.bool)


def _line(n: int, *offsets: int) -> Tensor:
    """Everybody looks at itself and at those so many places off."""
    mask = torch.eye(n, dtype=torch.bool)
    for offset in offsets:
        mask |= torch.ones(n - abs(offset), dtype=torch.bool).diag(offset)
    return mask


# ---- 11.gaps -------------------------------------------------------------------------------------


def gaps(masks: list[Tensor], path: list[int]) -> list[tuple[int, int]]:
    """The steps (before, token) of the path at which `token` looks straight at `before` in none
    of the masks [n, n]; [] if it is a path."""
    return [
        (before, token)
        for before, token in pairwise(path)
        if not any(bool(mask[token, before]) for mask in masks)
    ]


def gaps_cases(seed: int) -> Iterator[Case]:
    yield Case("each hears its left neighbour", ([_line(5, -1)], [0, 1, 2, 3, 4]))
    yield Case("the same, walked backwards", ([_line(5, -1)], [4, 3, 2, 1, 0]))
    yield Case("by leaps", ([_line(6, -2, 1)], [0, 2, 4, 3, 5, 1]))
    two = [_line(6, -1), _line(6, -3)]
    yield Case("two patterns in turn", (two, [0, 3, 4, 5, 1, 2]))
    generator = torch.Generator().manual_seed(seed)
    for n in (6, 8):
        masks = [_one_way(n, 0.3, seed + n + i) for i in range(2)]
        path = torch.randperm(n, generator=generator).tolist()
        yield Case(f"{n} tokens by dice, two patterns", (masks, path))


def gaps_with_union(masks, path):
    looks = torch.stack(list(masks)).any(dim=0)
    found = []
    for i in range(1, len(path)):
        if not looks[path[i], path[i - 1]]:
            found.append((path[i - 1], path[i]))
    return found


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


def _places(masks, path):
    return [
        (i, i + 1)
        for i, (before, token) in enumerate(pairwise(path))
        if not any(bool(mask[token, before]) for mask in masks)
    ]


def _in_strict_turn(masks, path):
    return [
        (before, token)
        for i, (before, token) in enumerate(pairwise(path))
        if not masks[i % len(masks)][token, before]
    ]


def _there_are(masks, path):
    return [step for step in pairwise(path) if step not in gaps(masks, path)]


GAPS = [
    Misconception(
        "you walk the path in the wrong direction",
        _missing(lambda masks, a, b: any(bool(mask[a, b]) for mask in masks)),
        "You asked whether the one *before* looks at the one after. News comes from whom one looks "
        "at: the later one has to look, and it is the row: mask[token, before].",
    ),
    Misconception(
        "you let looks count both ways",
        _missing(lambda masks, a, b: any(bool(mask[a, b] | mask[b, a]) for mask in masks)),
        "That somebody looks at you doesn't let you hear them. Only the later one's look counts: "
        "mask[token, before].",
    ),
    Misconception(
        "you want the step in every pattern",
        _missing(lambda masks, a, b: all(bool(mask[b, a]) for mask in masks)),
        "One of the patterns is enough: the layers with the others stand idle meanwhile. any, not "
        "all.",
    ),
    Misconception(
        "you look at the first pattern only",
        _missing(lambda masks, a, b: bool(masks[0][b, a])),
        "The patterns take turns, and a step may use any of them.",
    ),
    Misconception(
        "you look at the last pattern only",
        _missing(lambda masks, a, b: bool(masks[-1][b, a])),
        "The patterns take turns, and a step may use any of them. (Does your loop overwrite what "
        "the mask before it has said?)",
    ),
    Misconception(
        "you give each step one pattern, in turn",
        _in_strict_turn,
        "Any layer may serve any step: until the pattern that it needs has its turn, the others "
        "stand idle. So each step may use any of the masks.",
    ),
    Misconception(
        "you let news go by way of others",
        _missing(lambda masks, a, b: bool((sum(masks).float() @ sum(masks).float())[b, a] > 0)),
        "A step of the path is *one* look. Who hears of somebody through a third one doesn't see "
        "that id, and can't subtract from it.",
    ),
    Misconception(
        "your path is a circle",
        _missing(steps=lambda path: zip(path, [*path[1:], path[0]], strict=True)),
        "From the last back to the first there is no step. A path has n − 1 of them. (path[i − 1] "
        "at i = 0 is the last one.)",
    ),
    Misconception(
        "you leave out the last step",
        _missing(steps=lambda path: pairwise(path[:-1])),
        "n tokens make n − 1 steps; you looked at n − 2.",
    ),
    Misconception(
        "you follow the numbers, not the path",
        _missing(steps=lambda path: pairwise(range(len(path)))),
        "0, 1, 2, … is one order of the tokens. The path names another: path[i − 1] comes before "
        "path[i].",
    ),
    Misconception(
        "you name places on the path, not tokens",
        _places,
        "The right steps, but (i, i + 1) are places on the path. The tokens there are path[i] and "
        "path[i + 1].",
    ),
    Misconception(
        "your pairs are turned round",
        _missing(say=lambda found: [(b, a) for a, b in found]),
        "The right steps, the wrong way round: (before, token), in the order of the path.",
    ),
    Misconception(
        "you stop at the first gap",
        _missing(say=lambda found: found[:1]),
        "All the gaps are wanted. (Is there a return inside the loop?)",
    ),
    Misconception(
        "you name the steps that are there",
        _there_are,
        "Those are the steps that *can* be taken. Wanted are the others: a not is missing.",
    ),
]

# ---- 11.layers_until_heard -----------------------------------------------------------------------


def layers_until_heard(masks: list[Tensor]) -> int:
    """After how many layers everybody has heard of everybody; −1 if that never happens.

    The masks [n, n] take turns, the first one in the first layer; everybody looks at itself.
    """
    heard = torch.eye(len(masks[0]), dtype=torch.bool)
    layer, quiet = 0, 0
    while not heard.all():
        after = masks[layer % len(masks)].float() @ heard.float() > 0
        quiet = quiet + 1 if torch.equal(after, heard) else 0
        if quiet == len(masks):
            return -1
        heard, layer = after, layer + 1
    return layer


def layers_until_heard_cases(seed: int) -> Iterator[Case]:
    yield Case("a window of 7", ([_line(7, -1, 1)],))
    yield Case("each hears its left neighbour", ([_line(6, -1)],))
    yield Case("each hears its right neighbour", ([_line(6, 1)],))
    yield Case("left neighbours and right ones in turn", ([_line(6, -1), _line(6, 1)],))
    hub = torch.eye(6, dtype=torch.bool)
    hub[5] = hub[:, 5] = True
    yield Case("a hub", ([hub],))
    round_trip = _line(6, -1)
    round_trip[0, 5] = True
    yield Case("a circle, one way", ([round_trip],))
    block = torch.arange(6) // 2
    own, summary = block[:, None] == block[None, :], torch.eye(6, dtype=torch.bool)
    summary[:, [1, 3, 5]] = True
    yield Case("fixed, 2", ([own, summary],))
    yield Case("fixed, 2, the other one first", ([summary, own],))
    back = torch.eye(7, dtype=torch.bool)
    yield Case("one of two patterns is oneself alone", ([back, _line(7, -1, 1)],))
    two = [_one_way(9, 0.12, seed + 40), _one_way(9, 0.12, seed + 41) | _line(9, 1)]
    yield Case("two patterns by dice", (two,))
    yield Case("strided, 3", ([_line(10, -3, -2, -1, 1, 2, 3), _line(10, -9, -6, -3, 3, 6, 9)],))


def layers_until_heard_with_sets(masks):
    n = len(masks[0])
    heard = [{token} for token in range(n)]
    for layer in range(n * len(masks) + 1):
        if all(len(news) == n for news in heard):
            return layer
        mask = masks[layer % len(masks)]
        heard = [set().union(*(heard[k] for k in range(n) if mask[q, k])) for q in range(n)]
    return -1


def layers_until_heard_by_power(masks):
    walks = torch.eye(len(masks[0]), dtype=torch.float64)
    for layer in range(1, len(masks[0]) * len(masks) + 1):
        walks = (masks[(layer - 1) % len(masks)].double() @ walks).clamp(max=1)
        if (walks > 0).all():
            return layer
    return -1


def _counted(
    step: Callable = lambda mask, heard: mask.float() @ heard > 0,
    turns: Callable = lambda masks: masks,
    done: Callable = lambda heard: bool(heard.all()),
    off: int = 0,
    patience: Callable = lambda masks: len(masks) * len(masks[0]) + 2,
) -> Callable:
    """layers_until_heard with another step, other turns, another end or another count."""

    def answer(masks):
        limit = patience(masks)
        masks = turns(masks)
        heard = torch.eye(len(masks[0]))
        for layer in range(limit):
            if done(heard > 0):
                return layer + off
            heard = step(masks[layer % len(masks)], heard).float()
        return -1

    return answer


def _no_self(masks):
    return [mask & ~torch.eye(len(mask), dtype=torch.bool) for mask in masks]


def _gives_up_at_once(masks):
    heard = torch.eye(len(masks[0]))
    for layer in range(len(masks) * len(masks[0]) + 2):
        if heard.all():
            return layer
        after = (masks[layer % len(masks)].float() @ heard > 0).float()
        if torch.equal(after, heard):
            return -1
        heard = after
    return -1


def _same_power(masks):
    """One pattern alone for its own number of layers, the better of them."""
    found = [layers_until_heard([mask]) for mask in masks]
    return min([n for n in found if n >= 0], default=-1)


LAYERS = [
    Misconception(
        "you take powers of a matrix without self-loops",
        _counted(turns=_no_self),
        "Without its diagonal a power of the matrix counts walks of *exactly* that many looks, and "
        "nobody keeps what it knew. In each layer everybody hears itself, too.",
    ),
    Misconception(
        "the layers are in the opposite order",
        _counted(turns=lambda masks: [mask.T for mask in masks]),
        "mask.T, or heard @ mask: both come to the last pattern first. With one pattern the count "
        "is the same; where patterns take turns, it isn't. A token (a row) hears what those it "
        "looks at *have heard already*: mask @ heard.",
    ),
    Misconception(
        "all patterns at once",
        _counted(turns=lambda masks: [torch.stack(masks).any(dim=0)]),
        "You united the patterns, as if every layer had all of them. They take turns.",
    ),
    Misconception(
        "you use the first pattern only",
        _counted(turns=lambda masks: masks[:1]),
        "The second layer has the second pattern: masks[layer % len(masks)].",
    ),
    Misconception(
        "the wrong pattern begins",
        _counted(turns=lambda masks: [*masks[1:], masks[0]]),
        "The first layer has the first pattern, masks[0]. If you count layers from 1, take "
        "masks[(layer − 1) % len(masks)].",
    ),
    Misconception(
        "each pattern has all its layers alone",
        _same_power,
        "You asked how long each pattern takes by itself. They take turns, and help each other.",
    ),
    Misconception(
        "one layer too many",
        _counted(off=1),
        "Look before you listen: after 0 layers everybody has heard of itself, and the first layer "
        "is the 1st.",
    ),
    Misconception(
        "one layer too few",
        _counted(off=-1),
        "The layer in which the last one hears the last news counts, too.",
    ),
    Misconception(
        "you stop when one has heard of everybody",
        _counted(done=lambda heard: bool(heard.all(dim=1).any())),
        "One token that knows everything is not enough: every row has to be full. heard.all().",
    ),
    Misconception(
        "you stop when somebody is known to everybody",
        _counted(done=lambda heard: bool(heard.all(dim=0).any())),
        "One token that all have heard of is not enough: all of the table has to be True.",
    ),
    Misconception(
        "you stop when the first has heard of everybody",
        _counted(done=lambda heard: bool(heard[0].all())),
        "Token 0 is one of n. All rows have to be full.",
    ),
    Misconception(
        "you give up too early",
        _gives_up_at_once,
        "A layer in which nothing is new doesn't mean never: the next one may have another "
        "pattern. Only when all the patterns had their turn in vain, it is over.",
    ),
    Misconception(
        "you give up after n layers",
        _counted(patience=lambda masks: len(masks[0])),
        "One pattern is done after n − 1 layers, if ever. Where several take turns, some stand "
        "idle, and it can take as many times longer as there are patterns.",
    ),
    Misconception(
        "a power for each layer, but of one layer",
        _counted(lambda mask, heard: mask.float()),
        "What was heard before is forgotten: the new table has to be made of the mask *and* the "
        "old table, mask @ heard.",
    ),
]

# ---- 11.selective_shift --------------------------------------------------------------------------


def selective_shift(ids: Tensor, mask: Tensor, target: int, levels: int) -> Tensor:
    """Who has the id `target` grows by levels · (highest − lowest id that it sees).

    ids [n], whole numbers; mask [n, n]. Result: new ids [n].
    """
    new = ids.clone()
    for token in range(len(ids)):
        if ids[token] == target:
            seen = ids[mask[token]]
            new[token] += levels * (seen.max() - seen.min())
    return new


def selective_shift_cases(seed: int) -> Iterator[Case]:
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
    twice = torch.tensor([5, 8, 5, 20, 11])
    yield Case("two have that id", (twice, _line(5, -1, 1), 5, 3))


def selective_shift_with_heads(ids, mask, target, levels):
    """The two hardmax heads of the paper."""

    def head(b):
        scores = (ids[:, None] - b) * ids[None, :]
        return ids[scores.masked_fill(~mask, -math.inf).argmax(dim=1)]

    return ids + levels * (head(target - 0.5) - head(target + 0.5))


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


def _at_place(ids, mask, target, levels):
    """Stops with an IndexError where there is no such place, as the learner's own would."""
    new = ids.clone()
    seen = ids[mask[target]]
    new[target] += levels * (seen.max() - seen.min())
    return new


def _hears_target(ids, mask, target, levels):
    moves = (mask & (ids == target)[None, :]).any(dim=1)
    return _shifted(who=lambda ids, target: moves)(ids, mask, target, levels)


SHIFT = [
    Misconception(
        "everybody is shifted",
        _shifted(who=lambda ids, target: torch.ones_like(ids, dtype=torch.bool)),
        "The layer is for one id. Who has another one stays as it is, or else all move at once and "
        "nothing can be undone.",
    ),
    Misconception(
        "you shift from the target up",
        _shifted(who=lambda ids, target: ids >= target),
        "That is one head alone, which tells ids above b from those below. Two heads, one on "
        "either side of the target, leave exactly ids == target.",
    ),
    Misconception(
        "you shift up to the target",
        _shifted(who=lambda ids, target: ids <= target),
        "Only who *has* the id moves: ids == target.",
    ),
    Misconception(
        "you shift all but the target",
        _shifted(who=lambda ids, target: ids != target),
        "The other way round: who has the id moves, all others stay.",
    ),
    Misconception(
        "you shift whoever sees the target",
        _hears_target,
        "The target is the mover's *own* id, the query, not one of the ids that it sees.",
    ),
    Misconception(
        "you shift the token in that place",
        _at_place,
        "`target` is an id, not a position: whoever *has* it moves, wherever it stands. "
        "ids == target says who.",
    ),
    Misconception(
        "everybody is seen",
        _shifted(seen_by=lambda ids, mask, token: ids),
        "Highest and lowest of *all* ids: that is dense attention. Of those that the token may "
        "look at: ids[mask[token]].",
    ),
    Misconception(
        "you swapped query and key",
        _shifted(seen_by=lambda ids, mask, token: ids[mask[:, token]]),
        "Those are the ones who look *at* the token. Whom it looks at is its row: mask[token].",
    ),
    Misconception(
        "you leave oneself out",
        _shifted(
            seen_by=lambda ids, mask, token: ids[
                mask[token] & (torch.arange(len(ids)) != token)
                | (mask[token].sum() == 1) * mask[token]
            ]
        ),
        "It sees itself, too, where the mask says so. Its own id is usually the lowest, and that "
        "is what makes the shift readable.",
    ),
    Misconception(
        "who is not seen counts as 0",
        _shifted(seen_by=lambda ids, mask, token: ids * mask[token]),
        "Multiplied by the mask, the ids that are not seen become 0, and 0 is lower than all "
        "others. Leave them out: ids[mask[token]].",
    ),
    Misconception(
        "you subtract its own id, not the lowest",
        _shifted(grow=lambda own, seen, levels: own + levels * (seen.max() - own)),
        "Along the path the lowest *is* its own, so this often comes out right. But the head "
        "returns the lowest that is seen, whoever has it.",
    ),
    Misconception(
        "nothing is subtracted",
        _shifted(grow=lambda own, seen, levels: own + levels * seen.max()),
        "levels times the highest, that is only one head. The lowest has to be taken off: "
        "highest − lowest.",
    ),
    Misconception(
        "its own id is gone",
        _shifted(grow=lambda own, seen, levels: levels * (seen.max() - seen.min())),
        "The new id has to remember the old one: it *grows* by that much. (In the transformer that "
        "is the residual.)",
    ),
    Misconception(
        "the factor is missing",
        _shifted(grow=lambda own, seen, levels: own + seen.max() - seen.min()),
        "Own + highest − lowest is, with its own as the lowest, the highest and nothing else: two "
        "words with one id. levels · (highest − lowest).",
    ),
    Misconception(
        "you divide instead",
        _shifted(grow=lambda own, seen, levels: own + (seen.max() - seen.min()) // levels),
        "The paper's factor is δ^(−d), and δ is 1 / levels: one over one over levels. Multiply.",
    ),
    Misconception(
        "it shrinks",
        _shifted(grow=lambda own, seen, levels: own + levels * (seen.min() - seen.max())),
        "lowest − highest is negative. Who has been shifted must stand above all others.",
    ),
]

# ---- 11.peel -------------------------------------------------------------------------------------


def peel(code: int, n: int, levels: int) -> list[int]:
    """The n digits of the input whose last token has the id `code`, along the path 0 → 1 → … .

    Token 0 stands in box n − 1, token k in box k − 1; a box is `levels` wide.
    """
    digits = []
    for token in range(n - 1, 0, -1):
        digit = code % levels
        own = levels * (token - 1) + digit
        code = (code + (levels - 1) * own) // levels
        digits.append(digit)
    return [code - levels * (n - 1), *reversed(digits)]


def _climbed(digits: list[int], levels: int) -> int:
    """The id of the last token after all the shifts."""
    code = digits[0] + levels * (len(digits) - 1)
    for token, digit in enumerate(digits[1:], 1):
        own = levels * (token - 1) + digit
        code = own + levels * (code - own)
    return code


def peel_cases(seed: int) -> Iterator[Case]:
    yield Case("the 202 of the lesson", (202, 4, 3))
    generator = torch.Generator().manual_seed(seed)
    for n, levels in ((2, 3), (3, 2), (5, 4), (4, 10), (7, 3)):
        digits = torch.randint(levels, (n,), generator=generator).tolist()
        digits[0], digits[-1] = levels - 1, 1  # so that reading backwards is seen
        yield Case(f"{n} tokens, {levels} levels", (_climbed(digits, levels), n, levels))
    digits = torch.randint(10, (40,), generator=generator).tolist()
    yield Case("40 tokens, an id of 41 figures", (_climbed(digits, 10), 40, 10))


def peel_recursively(code, n, levels):
    def back(code, token):
        if token == 0:
            return [code - levels * (n - 1)]
        own = levels * (token - 1) + code % levels
        return [*back((code + (levels - 1) * own) // levels, token - 1), code % levels]

    return back(code, n - 1)


def peel_by_trying(code, n, levels):
    """Forwards from each possible own id, and the one that divides without a rest."""
    digits = []
    for token in reversed(range(1, n)):
        for digit in range(levels):
            own = levels * (token - 1) + digit
            if (code - own) % levels == 0:
                before = own + (code - own) // levels
                break
        digits.insert(0, digit)
        code = before
    return [code % levels, *digits]


def _peeled(
    box: Callable = lambda token: token - 1,
    undo: Callable = lambda code, own, levels: (code + (levels - 1) * own) // levels,
    first: Callable = lambda code, n, levels: code - levels * (n - 1),
    say: Callable = lambda first, digits: [first, *reversed(digits)],
    base: Callable = lambda levels: levels,
) -> Callable:
    """peel with other boxes, another way to undo, or another end."""

    def answer(code, n, levels):
        first_box, levels, digits = levels, base(levels), []
        for token in range(n - 1, 0, -1):
            digits.append(code % levels)
            code = undo(code, levels * box(token) + code % levels, levels)
        return say(first(code, n, first_box), digits)

    return answer


def _in_base(code, n, levels):
    digits = []
    for _ in range(n):
        digits.append(code % levels)
        code //= levels
    return digits[::-1]


LEVELS_IS_AN_ARGUMENT = "levels is not always 3, as in the lesson: here it is an argument."

PEEL = [
    Misconception(
        "you read the number in base levels",
        _in_base,
        "code % levels, then code // levels, again and again: that undoes l + levels · before. The "
        "shift also took (levels − 1) times its own id off, so put that back before you divide.",
    ),
    Misconception(
        "your sentence is backwards",
        _peeled(say=lambda first, digits: [*digits, first]),
        "The last token comes off first, so the list has to be turned round at the end.",
    ),
    Misconception(
        "the first one is in the right place, the others are backwards",
        _peeled(say=lambda first, digits: [first, *digits]),
        "The last token comes off first. Turn the peeled ones round, and put token 0 before them.",
    ),
    Misconception(
        "token 0 is still in its box",
        _peeled(first=lambda code, n, levels: code),
        "What is left at the end is the *id* of token 0. Take its box off: − levels · (n − 1).",
    ),
    Misconception(
        "token 0 is taken out of a box too high",
        _peeled(first=lambda code, n, levels: code - levels * n),
        "Boxes are counted from 0: the highest of n is n − 1.",
    ),
    Misconception(
        "token 0 is missing",
        _peeled(say=lambda first, digits: list(reversed(digits))),
        "There are n digits. After n − 1 steps back, what is left is token 0's.",
    ),
    Misconception(
        "you forgot the boxes",
        _peeled(box=lambda token: 0),
        "A token's own id is its digit *and* its box: levels · (token − 1) + digit.",
    ),
    Misconception(
        "everybody stands one box too high",
        _peeled(box=lambda token: token),
        "Token 1 is in the lowest box, 0; token k in box k − 1. The highest is token 0's.",
    ),
    Misconception(
        "you put back levels times its own",
        _peeled(undo=lambda code, own, levels: (code + levels * own) // levels),
        "code = own + levels · (before − own) = levels · before − (levels − 1) · own. One of the "
        "own ids was added, so there are only levels − 1 of them to put back.",
    ),
    Misconception(
        "you take its own off once more",
        _peeled(undo=lambda code, own, levels: (code - (levels - 1) * own) // levels),
        "The shift subtracted (levels − 1) · own; to undo that, add it.",
    ),
    Misconception(
        "you take its own off, and divide",
        _peeled(undo=lambda code, own, levels: (code - own) // levels),
        "(code − own) / levels is before − own. Add own once more to have before.",
    ),
    Misconception(
        "you forgot to divide",
        _peeled(undo=lambda code, own, levels: code + (levels - 1) * own),
        "code + (levels − 1) · own is levels · before. Divide by levels.",
    ),
    Misconception(
        "you divide with /",
        _peeled(undo=lambda code, own, levels: (code + (levels - 1) * own) / levels),
        "/ makes a float, which keeps some 16 figures, and an id can have more. // stays with "
        "whole numbers, of any size.",
    ),
    Misconception(
        "three levels, whatever is said",
        _peeled(base=lambda levels: 3),
        f"{LEVELS_IS_AN_ARGUMENT} (Your last line knows it, the loop doesn't.)",
    ),
    Misconception(
        "three levels everywhere, whatever is said",
        _peeled(base=lambda levels: 3, first=lambda code, n, levels: code - 3 * (n - 1)),
        LEVELS_IS_AN_ARGUMENT,
    ),
    Misconception(
        "four words and three levels, whatever is said",
        _peeled(base=lambda levels: 3, first=lambda code, n, levels: code - 9),
        f"{LEVELS_IS_AN_ARGUMENT} And n is not always 4: 9 was the lesson's 3 · 3.",
    ),
    Misconception(
        "you put back twice its own, whatever the levels",
        _peeled(undo=lambda code, own, levels: (code + 2 * own) // levels),
        f"{LEVELS_IS_AN_ARGUMENT} The lesson's 2 was levels − 1.",
    ),
    Misconception(
        "the 9 of the lesson",
        _peeled(first=lambda code, n, levels: code - 9),
        "9 was the box of token 0 with four words and three levels. Here it is levels · (n − 1).",
    ),
]

# ---- 11.cold_enough ------------------------------------------------------------------------------


def cold_enough(n: int, gap: float, share: float) -> float:
    """The temperature at which n − 1 losers, each `gap` below, get `share` times the winner's part.

    (n − 1) · e^(−gap / T) = share, solved for T. Source: Assumption 2 of Yun et al. 2020, softmax.
    """
    return gap / math.log((n - 1) / share)


def cold_enough_cases(seed: int) -> Iterator[Case]:
    yield Case("the ring: 3 are heard, scores 1 apart", (3, 1.0, 1e-6))
    yield Case("256 are heard", (256, 1.0, 1e-6))
    yield Case("scores half apart", (5, 0.5, 0.01))
    yield Case("scores far apart", (12, 7.0, 0.2))
    generator = torch.Generator().manual_seed(seed)
    gap, share = torch.rand(2, generator=generator).tolist()
    yield Case("any numbers", (20 + seed, 0.1 + gap, 0.001 + share / 10))


def cold_enough_by_differences(n, gap, share):
    return gap / (math.log(n - 1) - math.log(share))


def cold_enough_by_halving(n, gap, share):
    low, high = 1e-6, 1e6
    for _ in range(200):
        middle = math.sqrt(low * high)
        too_warm = (n - 1) * math.exp(-gap / middle) > share
        low, high = (low, middle) if too_warm else (middle, high)
    return low


COLD = [
    Misconception(
        "that is how often to scale up, not the temperature",
        lambda n, gap, share: math.log((n - 1) / share) / gap,
        "Right, and one over it: the paper multiplies scores by t, and a temperature divides by "
        "T = 1 / t.",
    ),
    Misconception(
        "your temperature is below 0",
        lambda n, gap, share: gap / math.log(share / (n - 1)),
        "The logarithm of a number below 1 is negative, and so is −gap / T. One of the two minus "
        "signs is lost on your way.",
    ),
    Misconception(
        "the winner counts as a loser",
        lambda n, gap, share: gap / math.log(n / share),
        "Of the n that are heard one wins. n − 1 share the rest.",
    ),
    Misconception(
        "each loser may have the whole share",
        lambda n, gap, share: gap / math.log(1 / share),
        "The share is for all n − 1 losers together.",
    ),
    Misconception(
        "the number of losers is on the wrong side",
        lambda n, gap, share: gap / math.log(1 / ((n - 1) * share)),
        "Yours allows more warmth the more losers there are. They make it colder: if each of them "
        "gets less, T is smaller.",
    ),
    Misconception(
        "the gap is not used",
        lambda n, gap, share: 1 / math.log((n - 1) / share),
        "Scores that are twice as far apart allow twice the temperature: gap / ln(…).",
    ),
    Misconception(
        "the gap is on the wrong side",
        lambda n, gap, share: 1 / (gap * math.log((n - 1) / share)),
        "Scores that are farther apart allow *more* warmth: gap above the line.",
    ),
    Misconception(
        "you asked for the winner to get so little",
        lambda n, gap, share: gap / math.log((n - 1) / (1 - share)),
        "`share` is what the losers get, not what is left for the winner.",
    ),
    Misconception(
        "your logarithm has base 10",
        lambda n, gap, share: gap / math.log10((n - 1) / share),
        "Softmax is made of e to the something. Its logarithm is math.log.",
    ),
    Misconception(
        "your logarithm has base 2",
        lambda n, gap, share: gap / math.log2((n - 1) / share),
        "Softmax is made of e to the something. Its logarithm is math.log; log2 counts bits.",
    ),
    Misconception(
        "there is no logarithm",
        lambda n, gap, share: gap * share / (n - 1),
        "An e^(…) is undone by a logarithm. Divide by n − 1, take ln of both sides, then solve for "
        "T.",
    ),
]

TASKS = [
    Task(
        id="11.gaps",
        title="The second lamp",
        reference=gaps,
        cases=gaps_cases,
        misconceptions=GAPS,
        hints=[
            "Go along the path in pairs: (path[0], path[1]), (path[1], path[2]), … "
            "zip(path, path[1:]) gives them.",
            "At each pair ask whether `token` looks at `before`: who looks is the row of the mask, "
            "at whom is the column.",
            "One mask is enough: any(mask[token, before] for mask in masks). Collect the pairs for "
            "which that is not so.",
        ],
        alternatives=[gaps_with_union, gaps_with_index],
        praise="Right. No gap, and the news can walk.",
    ),
    Task(
        id="11.layers_until_heard",
        title="The third lamp",
        reference=layers_until_heard,
        cases=layers_until_heard_cases,
        misconceptions=LAYERS,
        hints=[
            "Begin with a table in which everybody has heard of itself: torch.eye(n). One layer: "
            "mask.float() @ heard.float() > 0.",
            "Count the layers until heard.all(). Layer number `layer`, from 0 on, has the pattern "
            "masks[layer % len(masks)].",
            "When is it never? If all the patterns had their turn and nothing was new. Or count: "
            "after n · len(masks) layers nothing new can come any more.",
        ],
        alternatives=[layers_until_heard_with_sets, layers_until_heard_by_power],
        praise="Right. That is the s of p(n − 1)/δ^d + s. (And the −1: in fixed(5, 2) the last, "
        "short block is never a summary.)",
    ),
    Task(
        id="11.selective_shift",
        title="One word moves",
        reference=selective_shift,
        cases=selective_shift_cases,
        dimensions=("n",),
        misconceptions=SHIFT,
        hints=[
            "You need no heads here, only what they come to. Make a copy, ids.clone(), and change "
            "it where ids == target.",
            "Whom a token sees: ids[mask[token]], a shorter tensor, of which you want the max and "
            "the min.",
            "It grows: its own id + levels · (max − min).",
        ],
        alternatives=[selective_shift_with_heads, selective_shift_with_amax],
        praise="Right: one word moves, and only if it is the one that was meant.",
    ),
    Task(
        id="11.peel",
        title="A sentence in a number",
        reference=peel,
        cases=peel_cases,
        misconceptions=PEEL,
        hints=[
            "Go back along the path: tokens n − 1, n − 2, … 1. Each time code % levels is the "
            "token's digit, because its box is a multiple of levels.",
            "Its own id is levels · (token − 1) + digit. The shift made code = own + levels · "
            "(before − own). Solve that for before.",
            "before = (code + (levels − 1) · own) // levels, and that is the next code. What is "
            "left in the end is token 0's id: take its box, levels · (n − 1), off.",
        ],
        alternatives=[peel_recursively, peel_by_trying],
        praise="Right. All that went in came out again. (242 is no sentence: no digit is 3.)",
    ),
    Task(
        id="11.cold_enough",
        title="Cold enough",
        reference=cold_enough,
        cases=cold_enough_cases,
        misconceptions=COLD,
        hints=[
            "Write it down: (n − 1) · e^(−gap / T) = share. T is what you look for.",
            "Divide by n − 1 and take the logarithm: −gap / T = ln(share / (n − 1)).",
            "Two minus signs come off: the one at the gap, and a logarithm changes its sign when "
            "its fraction is turned over. Then T stands below the line; bring it up.",
        ],
        alternatives=[cold_enough_by_differences, cold_enough_by_halving],
        praise="Right. The more losers, the colder it must be; but only by a logarithm.",
    ),
]
