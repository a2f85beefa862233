"""The third lamp."""

from collections.abc import Callable, Iterator

import torch

from course_utils.checks.task import Case, Task
from course_utils.exercises.lesson_11.common import _line, _one_way

task = Task(
    "12.layers_until_heard",
    "The third lamp",
    section="Reach",
    hints=[
        "Begin with a table in which everybody has heard of itself: torch.eye(n). One layer: "
        "mask.float() @ heard.float() > 0.",
        "Count the layers until heard.all(). Layer number `layer`, from 0 on, has the pattern "
        "masks[layer % len(masks)].",
        "When is it never? If all the patterns had their turn and nothing was new. Or count: "
        "after n · len(masks) layers nothing new can come any more.",
    ],
    praise="Right. That is the s of p(n − 1)/δ^d + s. (And the −1: in fixed(5, 2) the last, "
    "short block is never a summary.)",
)


@task.answer
def layers_until_heard(masks):
    ### BEGIN SOLUTION
    n = len(masks[0])
    heard = torch.eye(n)
    for layer in range(n * len(masks) + 1):  # after as many nothing new can come
        if heard.all():
            return layer
        heard = (masks[layer % len(masks)].float() @ heard > 0).float()
    return -1
    ### END SOLUTION


@task.cases
def cases(seed: int) -> Iterator[Case]:
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
    nobody = torch.eye(10, dtype=torch.bool)
    yield Case("one of twelve patterns does it all", ([*[nobody] * 11, _line(10, -1, 1)],))
    crowd = _line(52, -1)
    crowd[:20, :20] = crowd[0, 51] = True
    yield Case("twenty who all talk, and a long way round", ([crowd],))
    back = torch.eye(7, dtype=torch.bool)
    yield Case("one of two patterns is oneself alone", ([back, _line(7, -1, 1)],))
    two = [_one_way(9, 0.12, seed + 40), _one_way(9, 0.12, seed + 41) | _line(9, 1)]
    yield Case("two patterns by dice", (two,))
    yield Case("strided, 3", ([_line(10, -3, -2, -1, 1, 2, 3), _line(10, -9, -6, -3, 3, 6, 9)],))


@task.also_right
def layers_until_heard_with_sets(masks):
    n = len(masks[0])
    heard = [{token} for token in range(n)]
    for layer in range(n * len(masks) + 1):
        if all(len(news) == n for news in heard):
            return layer
        mask = masks[layer % len(masks)]
        heard = [set().union(*(heard[k] for k in range(n) if mask[q, k])) for q in range(n)]
    return -1


@task.also_right
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


@task.mistake
def take_powers_matrix_without_self(masks):
    """You take powers of a matrix without self-loops.

    Without its diagonal a power of the matrix counts walks of *exactly* that many looks, and nobody
    keeps what it knew. In each layer everybody hears itself, too.
    """
    return _counted(turns=_no_self)(masks)


@task.mistake
def layers_opposite_order(masks):
    """The layers are in the opposite order.

    mask.T, or heard @ mask: both come to the last pattern first. With one pattern the count is the
    same; where patterns take turns, it isn't. A token (a row) hears what those it looks at *have
    heard already*: mask @ heard.
    """
    return _counted(turns=lambda masks: [mask.T for mask in masks])(masks)


@task.mistake
def all_patterns_once(masks):
    """All patterns at once.

    You united the patterns, as if every layer had all of them. They take turns.
    """
    return _counted(turns=lambda masks: [torch.stack(masks).any(dim=0)])(masks)


@task.mistake
def use_first_pattern_only(masks):
    """You use the first pattern only.

    The second layer has the second pattern: masks[layer % len(masks)].
    """
    return _counted(turns=lambda masks: masks[:1])(masks)


@task.mistake
def wrong_pattern_begins(masks):
    """The wrong pattern begins.

    The first layer has the first pattern, masks[0]. If you count layers from 1, take masks[(layer −
    1) % len(masks)].
    """
    return _counted(turns=lambda masks: [*masks[1:], masks[0]])(masks)


@task.mistake
def same_power(masks):
    """Each pattern has all its layers alone.

    You asked how long each pattern takes by itself. They take turns, and help each other.
    """
    found = [layers_until_heard([mask]) for mask in masks]
    return min([n for n in found if n >= 0], default=-1)


@task.mistake
def one_layer_too_many(masks):
    """One layer too many.

    Look before you listen: after 0 layers everybody has heard of itself, and the first layer is the
    1st.
    """
    return _counted(off=1)(masks)


@task.mistake
def one_layer_too_few(masks):
    """One layer too few.

    The layer in which the last one hears the last news counts, too.
    """
    return _counted(off=-1)(masks)


@task.mistake
def stop_when_one_heard_everybody(masks):
    """You stop when one has heard of everybody.

    One token that knows everything is not enough: every row has to be full. heard.all().
    """
    return _counted(done=lambda heard: bool(heard.all(dim=1).any()))(masks)


@task.mistake
def stop_when_somebody_known_everybody(masks):
    """You stop when somebody is known to everybody.

    One token that all have heard of is not enough: all of the table has to be True.
    """
    return _counted(done=lambda heard: bool(heard.all(dim=0).any()))(masks)


@task.mistake
def stop_when_first_heard_everybody(masks):
    """You stop when the first has heard of everybody.

    Token 0 is one of n. All rows have to be full.
    """
    return _counted(done=lambda heard: bool(heard[0].all()))(masks)


@task.mistake
def gives_up_at_once(masks):
    """You give up too early.

    A layer in which nothing is new doesn't mean never: the next one may have another pattern. Only
    when all the patterns had their turn in vain, it is over.
    """
    heard = torch.eye(len(masks[0]))
    for layer in range(len(masks) * len(masks[0]) + 2):
        if heard.all():
            return layer
        after = (masks[layer % len(masks)].float() @ heard > 0).float()
        if torch.equal(after, heard):
            return -1
        heard = after
    return -1


@task.mistake
def give_up_after_n_layers(masks):
    """You give up after n layers.

    One pattern is done after n − 1 layers, if ever. Where several take turns, some stand idle, and
    it can take as many times longer as there are patterns.
    """
    return _counted(patience=lambda masks: len(masks[0]))(masks)


@task.mistake
def power_each_layer_but_one(masks):
    """A power for each layer, but of one layer.

    What was heard before is forgotten: the new table has to be made of the mask *and* the old
    table, mask @ heard.
    """
    return _counted(lambda mask, heard: mask.float())(masks)


@task.mistake
def a_hundred_layers(masks):
    """You give up after a hundred layers.

    A long text, or patterns that take turns, may need more. Nothing new can come after as many
    layers as tokens times patterns; or stop when a whole round of patterns has changed nothing.
    """
    found = layers_until_heard(masks)
    return found if found < 100 else -1


@task.mistake
def counts_that_overflow(masks):
    """You count the ways by which news comes, and the counts overflow.

    They multiply with each layer, and after a few dozen they are infinite; 0 · ∞ is NaN, and NaN is
    not above 0. Make it 0 and 1 again after *each* layer.
    """
    n = len(masks[0])
    heard = torch.eye(n)
    for layer in range(n * len(masks) + 1):
        if (heard > 0).all():
            return layer
        heard = masks[layer % len(masks)].float() @ heard
    return -1


@task.mistake
def last_pattern_first(masks):
    """Your last pattern comes first.

    They take turns in the order of the list: masks[layer % len(masks)].
    """
    return layers_until_heard(masks[::-1])


@task.mistake
def nothing_for_never(masks):
    """You return nothing where it never happens.

    Asked for is −1. It belongs behind the loop.
    """
    found = layers_until_heard(masks)
    return found if found >= 0 else None
