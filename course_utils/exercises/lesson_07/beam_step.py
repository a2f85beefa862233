"""Keep a few, drop the rest: one step of beam search."""

import heapq
import math

import torch

from course_utils.checks.task import Case, Task

task = Task(
    "07.beam_step",
    "Keep a few, drop the rest",
    section="Keep a few",
    hints=[
        "Two piles: the hypotheses that end with eos, which stay as they are, and the others, "
        "each of which becomes vocab longer ones.",
        "A longer one is (ids + [token], total + log_p(ids)[token].item()). Put those of all "
        "hypotheses into one list, sort it by its second part, largest first, and keep "
        "width minus the number that have ended.",
        "sorted(pairs, key=lambda pair: pair[1], reverse=True) sorts the longer ones before "
        "you cut, and at the end both piles together.",
    ],
    praise="Right. That is the whole trick; the rest of beam search is a loop.",
)


@task.answer
def beam_step(beam, log_p, eos, width):
    ### BEGIN SOLUTION
    ended = [(ids, total) for ids, total in beam if ids[-1] == eos]
    longer = [
        (ids + [token], total + more)
        for ids, total in beam
        if ids[-1] != eos
        for token, more in enumerate(log_p(ids).tolist())
    ]
    longer = sorted(longer, key=lambda pair: pair[1], reverse=True)[: width - len(ended)]
    return sorted(ended + longer, key=lambda pair: pair[1], reverse=True)
    ### END SOLUTION


class NextWord:
    """log_p of a table: log-probabilities of the token after `ids`, from the last two and n."""

    def __init__(self, vocab, generator, *, eos, likely=0.0):
        self.after, self.before, self.place = torch.randn(3, 12, vocab, generator=generator)
        self.place[:, eos] += likely

    def __call__(self, ids):
        ids = [int(token) for token in ids]
        before = self.before[ids[-2]] if len(ids) > 1 else 0.0
        return (self.after[ids[-1]] + before + self.place[len(ids)]).log_softmax(0)


@task.cases
def cases(seed):
    """The same beam at several moments: at the start, on its way, and with some at their end."""
    generator = torch.Generator().manual_seed(seed)
    eos = 5
    log_p = NextWord(6, generator, eos=eos)
    yield Case("the first step: one hypothesis, width 3", ([([4], 0.0)], log_p, eos, 3))
    on = [([4, 0, 2], -0.9), ([4, 1, 1], -1.0), ([4, 3, 0], -1.1)]
    yield Case("three on their way", (on, log_p, eos, 3))
    # The one that has ended is the worst, and would be pushed out by any new one.
    late = [([4, 0, 2, 1], -0.7), ([4, 0, 2, 3], -0.8), ([4, 3, 0, 5], -7.5)]
    yield Case("one of three has ended, as the worst", (late, log_p, eos, 3))
    early = [([4, 2, 5], -0.3), ([4, 0, 2], -1.2), ([4, 1, 1], -1.3), ([4, 3, 0], -1.4)]
    yield Case("one of four has ended, as the best", (early, log_p, eos, 4))
    over = [([4, 2, 5], -0.3), ([4, 0, 5], -0.7)]
    yield Case("all have ended", (over, log_p, eos, 2))
    yield Case("width 1: greedy", ([([4, 2, 0], -1.5)], log_p, eos, 1))
    ending = NextWord(6, generator, eos=eos, likely=4.0)
    yield Case("three of which each may end now", (on, ending, eos, 3))
    mixed = [([4, 2, 5], -4.0), ([4, 3, 0], -1.4), ([4, 0, 3, 5], -1.6), ([4, 1, 1], -1.2)]
    yield Case("two have ended, and the beam is in no order", (mixed, log_p, eos, 4))
    yield Case("a narrower beam than before", (early[1:] + late[:2], log_p, eos, 2))
    other = NextWord(9, generator, eos=0, likely=2.0)
    first = [([1, 0], -2.0), ([1, 7], -1.5), ([1, 3], -0.6), ([1, 8], -2.2), ([1, 2], -0.9)]
    yield Case("nine tokens, the end is 0, width 5", (first, other, 0, 5))
    far = [([4, 0, 2], -900.5), ([4, 1, 1], -901.0), ([4, 2, 5], -902.5), ([4, 3, 0], -900.0)]
    yield Case("sentences as improbable as long ones are", (far, log_p, eos, 4))


@task.also_right
def by_topk(beam, log_p, eos, width):
    ended = [hypothesis for hypothesis in beam if hypothesis[0][-1] == eos]
    going = [hypothesis for hypothesis in beam if hypothesis[0][-1] != eos]
    if going:
        table = torch.stack([log_p(ids).double() + total for ids, total in going])
        best, chosen = table.flatten().topk(width - len(ended))
        for total, place in zip(best.tolist(), chosen.tolist(), strict=True):
            parent, token = divmod(place, table.shape[1])
            ended.append((going[parent][0] + [token], total))
    return sorted(ended, key=lambda hypothesis: -hypothesis[1])


@task.also_right
def with_a_heap(beam, log_p, eos, width):
    ended, heap = [], []
    for ids, total in beam:
        if ids[-1] == eos:
            ended.append((total, ids))
            continue
        for token, more in enumerate(log_p(ids)):
            heap.append((total + float(more), ids + [token]))
    kept = heapq.nlargest(width - len(ended), heap)
    return [(ids, total) for total, ids in sorted(ended + kept, reverse=True)]


@task.also_right
def picking_one_by_one(beam, log_p, eos, width):
    chosen = [[list(ids), total] for ids, total in beam if ids[-1] == eos]
    longer = {}
    for ids, total in beam:
        if ids[-1] != eos:
            for token, more in enumerate(log_p(ids).double().numpy()):
                longer[*ids, token] = total + more
    while longer and len(chosen) < width:
        best = max(longer, key=longer.get)
        chosen.append([list(best), longer.pop(best)])
    chosen.sort(key=lambda pair: pair[1])
    return chosen[::-1]


def best_first(hypotheses):
    return sorted(hypotheses, key=lambda hypothesis: hypothesis[1], reverse=True)


def share_of_the_beam(ended, longer, width):
    """The right way to keep: the ended ones, and the best of the others in the places left."""
    return best_first(ended + best_first(sum(longer, []))[: width - len(ended)])


def stepped(
    beam,
    log_p,
    eos,
    width,
    *,
    total=lambda before, more: before + more,
    write=lambda ids, token: [*ids, token],
    hand=list,
    is_over=lambda ids, eos: ids[-1] == eos,
    keep=share_of_the_beam,
):
    """A beam step with another sum, prompt, end or continuation, or another way to keep.

    `keep(ended, longer, width)` gets the longer ones as a list for each hypothesis they come from.
    """
    ended = [(ids, score) for ids, score in beam if is_over(ids, eos)]
    longer = [
        [
            (write(ids, token), total(score, more))
            for token, more in enumerate(log_p(hand(ids)).tolist())
        ]
        for ids, score in beam
        if not is_over(ids, eos)
    ]
    return keep(ended, longer, width)


@task.mistake
def probabilities_added(beam, log_p, eos, width):
    """You add probabilities.

    What is added to a log-probability is a log-probability, and log_p gives those already: no exp.
    Probabilities of words that follow each other are multiplied.
    """
    return stepped(beam, log_p, eos, width, total=lambda before, more: before + math.exp(more))


@task.mistake
def logarithms_multiplied(beam, log_p, eos, width):
    """You multiply log-probabilities.

    Probabilities are multiplied; their logarithms are added. (Your first step multiplies by the 0
    of an empty sentence, and all words are equally good.)
    """
    return stepped(beam, log_p, eos, width, total=lambda before, more: before * more)


@task.mistake
def subtracted(beam, log_p, eos, width):
    """You subtract what the new word costs.

    log_p is 0 or less already: added, it makes the sentence less probable, as it should.
    """
    return stepped(beam, log_p, eos, width, total=lambda before, more: before - more)


@task.mistake
def past_forgotten(beam, log_p, eos, width):
    """The past is forgotten.

    You rank by the last word alone, so a sure word after a silly one wins. The whole sentence
    counts: what it had, plus what the new word costs.
    """
    return stepped(beam, log_p, eos, width, total=lambda before, more: more)


@task.mistake
def not_carried_on(beam, log_p, eos, width):
    """The log-probability is not carried on.

    The right hypotheses, with the numbers of their parents: the new word's own share is missing in
    what you return.
    """
    old = {tuple(ids): score for ids, score in beam}
    kept = beam_step(beam, log_p, eos, width)
    return [(ids, old.get(tuple(ids[:-1]), score)) for ids, score in kept]


@task.mistake
def chosen_by_the_past(beam, log_p, eos, width):
    """The new word costs nothing.

    What a hypothesis had is not all: add the log-probability of the token that you append.
    """
    return stepped(beam, log_p, eos, width, total=lambda before, more: before)


@task.mistake
def ranked_by_the_last_word(beam, log_p, eos, width):
    """You choose by the last word's cost, and then return the whole sentence's.

    The sums are right, and those kept are not: a sure word after a silly sentence won. Sort by what
    the whole sentence has.
    """

    def keep(ended, longer, width):
        alone = sorted(sum(longer, []), key=lambda pair: pair[1][1], reverse=True)
        kept = [(ids, sum(both)) for ids, both in alone[: width - len(ended)]]
        return best_first(ended + kept)

    return stepped(beam, log_p, eos, width, total=lambda before, more: (before, more), keep=keep)


@task.mistake
def ranked_by_the_mean(beam, log_p, eos, width):
    """You rank by the mean.

    Lengths are made comparable when all is said. Here the log-probability itself decides who stays,
    and in which order.
    """

    def mean(pair):
        return pair[1] / len(pair[0])

    def keep(ended, longer, width):
        kept = sorted(sum(longer, []), key=mean, reverse=True)[: width - len(ended)]
        return sorted(ended + kept, key=mean, reverse=True)

    return stepped(beam, log_p, eos, width, keep=keep)


@task.mistake
def finished_dropped(beam, log_p, eos, width):
    """Finished hypotheses are dropped.

    Whoever has written </s> is gone from your beam, and may have been the best. It stays as it is,
    and keeps its place.
    """
    return stepped(
        beam, log_p, eos, width,
        keep=lambda ended, longer, width: best_first(sum(longer, []))[:width],
    )  # fmt: skip


@task.mistake
def finished_extended(beam, log_p, eos, width):
    """Finished hypotheses are extended.

    After </s> nothing comes. Such a hypothesis stays as it is; do not ask log_p about it.
    """
    return stepped(beam, log_p, eos, width, is_over=lambda ids, eos: False)


@task.mistake
def finished_compete(beam, log_p, eos, width):
    """Finished hypotheses have to fight for their place.

    You let all compete, and something half-said pushed out something said. A half-said sentence
    still has words to pay for, so the comparison is not fair: whoever has ended keeps its place,
    and the others share what is left.
    """
    return stepped(
        beam, log_p, eos, width,
        keep=lambda ended, longer, width: best_first(ended + sum(longer, []))[:width],
    )  # fmt: skip


@task.mistake
def finished_take_no_place(beam, log_p, eos, width):
    """Finished hypotheses take no place.

    Your beam grows with each sentence that ends. A finished hypothesis keeps its place: the others
    have width minus that many.
    """
    return stepped(
        beam, log_p, eos, width,
        keep=lambda ended, longer, width: best_first(
            ended + best_first(sum(longer, []))[:width]
        ),
    )  # fmt: skip


@task.mistake
def nobody_ends(beam, log_p, eos, width):
    """Nobody may end.

    You leave out eos among the new tokens, so that no sentence is ever finished. It is a token like
    the others here: who writes it has ended from the next step on.
    """

    def keep(ended, longer, width):
        return share_of_the_beam(
            ended, [[pair for pair in words if pair[0][-1] != eos] for words in longer], width
        )

    return stepped(beam, log_p, eos, width, keep=keep)


@task.mistake
def best_word_of_each(beam, log_p, eos, width):
    """Each hypothesis keeps its best word.

    That is greedy, several times side by side. All continuations of all hypotheses compete
    together: one that is much better may have two of the places, another none.
    """
    return stepped(
        beam, log_p, eos, width,
        keep=lambda ended, longer, width: best_first(
            ended + [best_first(words)[0] for words in longer]
        )[:width],
    )  # fmt: skip


@task.mistake
def width_of_each(beam, log_p, eos, width):
    """Each hypothesis keeps its width best.

    Then the beam has width² hypotheses after two steps. Put all continuations into one list, and
    keep the best of it.
    """
    return stepped(
        beam, log_p, eos, width,
        keep=lambda ended, longer, width: best_first(
            ended + sum((best_first(words)[:width] for words in longer), [])
        ),
    )  # fmt: skip


@task.mistake
def everybody_kept(beam, log_p, eos, width):
    """You keep everybody.

    All continuations are there, in the right order. A beam has `width` places: cut behind them.
    """
    return stepped(
        beam, log_p, eos, width,
        keep=lambda ended, longer, width: best_first(ended + sum(longer, [])),
    )  # fmt: skip


@task.mistake
def as_many_as_before(beam, log_p, eos, width):
    """Your beam stays as wide as it was.

    The first one has a single hypothesis, and `width` says how many are wanted.
    """
    return beam_step(beam, log_p, eos, len(beam))


@task.mistake
def only_the_best(beam, log_p, eos, width):
    """You keep the best one only.

    That is greedy. A beam has `width` places.
    """
    return beam_step(beam, log_p, eos, width)[:1]


@task.mistake
def only_the_last_parent(beam, log_p, eos, width):
    """Only the last hypothesis is continued.

    Each starts a new list and throws away the one before. The list of all continuations begins
    before the loop.
    """
    return stepped(
        beam, log_p, eos, width,
        keep=lambda ended, longer, width: share_of_the_beam(ended, longer[-1:], width),
    )  # fmt: skip


@task.mistake
def only_the_first_parent(beam, log_p, eos, width):
    """Only the first hypothesis is continued.

    All of them are, and what comes of all of them competes. Does a return, or a break, stand inside
    the loop?
    """
    return stepped(
        beam, log_p, eos, width,
        keep=lambda ended, longer, width: share_of_the_beam(ended, longer[:1], width),
    )  # fmt: skip


@task.mistake
def worst_kept(beam, log_p, eos, width):
    """You keep the worst.

    Log-probabilities are negative, and the best is the one nearest to 0: the largest. Your list is
    sorted the other way.
    """
    return stepped(
        beam, log_p, eos, width,
        keep=lambda ended, longer, width: best_first(
            ended + best_first(sum(longer, []))[::-1][: width - len(ended)]
        ),
    )  # fmt: skip


@task.mistake
def worst_kept_and_first(beam, log_p, eos, width):
    """You sort the wrong way, both times.

    sorted() goes upwards unless told otherwise, and the best has the largest log-probability:
    reverse=True.
    """

    def upwards(hypotheses):
        return best_first(hypotheses)[::-1]

    return stepped(
        beam, log_p, eos, width,
        keep=lambda ended, longer, width: upwards(
            ended + upwards(sum(longer, []))[: width - len(ended)]
        ),
    )  # fmt: skip


@task.mistake
def not_sorted_before_the_cut(beam, log_p, eos, width):
    """You cut before you sort.

    The first continuations in the list are no better than the others. Sort them, best first, and
    then take width minus the number that have ended.
    """
    return stepped(
        beam, log_p, eos, width,
        keep=lambda ended, longer, width: best_first(
            ended + sum(longer, [])[: width - len(ended)]
        ),
    )  # fmt: skip


@task.mistake
def sorted_by_ids(beam, log_p, eos, width):
    """You sort by the ids.

    sorted() looks at the first part of a pair, and here that is the list of ids. Say by what:
    key=lambda pair: pair[1].
    """
    return stepped(
        beam, log_p, eos, width,
        keep=lambda ended, longer, width: sorted(
            ended + sorted(sum(longer, []), reverse=True)[: width - len(ended)], reverse=True
        ),
    )  # fmt: skip


@task.mistake
def best_last(beam, log_p, eos, width):
    """The best comes last.

    The right hypotheses in the wrong order: best first, please, which is the largest
    log-probability.
    """
    return beam_step(beam, log_p, eos, width)[::-1]


@task.mistake
def finished_in_front(beam, log_p, eos, width):
    """Finished and unfinished ones are not sorted together.

    The right hypotheses: the finished ones in front, then the others. Sort the whole beam, best
    first.
    """
    return stepped(
        beam, log_p, eos, width,
        keep=lambda ended, longer, width: (
            ended + best_first(sum(longer, []))[: width - len(ended)]
        ),
    )  # fmt: skip


@task.mistake
def finished_behind(beam, log_p, eos, width):
    """The finished ones stand behind the others.

    They are the right hypotheses. Sort the whole beam once more, best first.
    """
    return stepped(
        beam, log_p, eos, width,
        keep=lambda ended, longer, width: (
            best_first(sum(longer, []))[: width - len(ended)] + ended
        ),
    )  # fmt: skip


@task.mistake
def last_token_only(beam, log_p, eos, width):
    """The model hears the last token only.

    What comes next depends on all that was said: log_p(ids), not log_p(ids[-1:]).
    """
    return stepped(beam, log_p, eos, width, hand=lambda ids: ids[-1:])


@task.mistake
def without_start(beam, log_p, eos, width):
    """The model does not hear the start token.

    The ids begin with it, and the model has learned sentences that do. log_p(ids), not
    log_p(ids[1:]).
    """
    return stepped(beam, log_p, eos, width, hand=lambda ids: ids[1:])


@task.mistake
def last_row(beam, log_p, eos, width):
    """You take the last number that log_p gives.

    log_p(ids) is about the next token alone, [vocab]: a number for each. (The `step` of task 1 has
    a row for every place, and [-1] was the last row.)
    """
    return stepped(beam, lambda ids: log_p(ids)[-1], eos, width)


@task.mistake
def parent_and_token_swapped(beam, log_p, eos, width):
    """Parent and token are mixed up.

    In the flattened table [hypotheses, vocab], place // vocab is the hypothesis and place % vocab
    the token. You divided by the number of hypotheses.
    """
    ended = [hypothesis for hypothesis in beam if hypothesis[0][-1] == eos]
    going = [hypothesis for hypothesis in beam if hypothesis[0][-1] != eos]
    if not going:
        return best_first(ended)
    table = torch.stack([log_p(ids) + total for ids, total in going])
    best, chosen = table.flatten().topk(width - len(ended))
    for total, place in zip(best.tolist(), chosen.tolist(), strict=True):
        ended.append((going[place % len(going)][0] + [place // len(going)], total))
    return best_first(ended)


@task.mistake
def not_extended(beam, log_p, eos, width):
    """The new token is not written down.

    You return the ids as they were, with new numbers. A longer hypothesis is ids + [token].
    """
    return stepped(beam, log_p, eos, width, write=lambda ids, token: list(ids))


@task.mistake
def only_the_token(beam, log_p, eos, width):
    """Of the sentence only the new token is left.

    A longer hypothesis is all that was said, and the token behind it: ids + [token].
    """
    return stepped(beam, log_p, eos, width, write=lambda ids, token: [token])


@task.mistake
def token_in_front(beam, log_p, eos, width):
    """The new token stands in front.

    Sentences are written from left to right: ids + [token], and not [token] + ids.
    """
    return stepped(beam, log_p, eos, width, write=lambda ids, token: [token, *ids])


@task.mistake
def list_in_a_list(beam, log_p, eos, width):
    """The old ids are a list in a list.

    [ids, token] holds two things. ids + [token], or [*ids, token], has one more than ids.
    """
    return stepped(beam, log_p, eos, width, write=lambda ids, token: [ids, token])


@task.mistake
def counted_from_one(beam, log_p, eos, width):
    """Your tokens are one too high.

    enumerate counts from 0, and so do the ids: log_p(ids)[0] belongs to token 0.
    """
    return stepped(beam, log_p, eos, width, write=lambda ids, token: [*ids, token + 1])


@task.mistake
def one_list_for_all(beam, log_p, eos, width):
    """All continuations share one list.

    ids.append(token) changes the caller's list, and every hypothesis that holds it, so that in the
    end all have said everything. ids + [token] makes a new one for each.
    """

    def write(ids, token):
        ids.append(token)
        return ids

    def extend(ids, score):
        answers = log_p(ids).tolist()
        return [(write(ids, token), score + more) for token, more in enumerate(answers)]

    ended = [(ids, score) for ids, score in beam if ids[-1] == eos]
    longer = [extend(ids, score) for ids, score in beam if ids[-1] != eos]
    return share_of_the_beam(ended, longer, width)


@task.mistake
def what_append_returns(beam, log_p, eos, width):
    """Your new ids are None.

    append changes a list and returns nothing. ids + [token] is a new list.
    """
    return stepped(beam, log_p, eos, width, write=lambda ids, token: list(ids).append(token))


@task.mistake
def numbers_left_out(beam, log_p, eos, width):
    """You returned the ids alone.

    A beam is a list of pairs: the next step needs the log-probabilities, too.
    """
    return [ids for ids, _ in beam_step(beam, log_p, eos, width)]


@task.mistake
def number_first(beam, log_p, eos, width):
    """Your pairs are the wrong way round.

    First the ids, then their log-probability, as in the beam that you were given.
    """
    return [(total, ids) for ids, total in beam_step(beam, log_p, eos, width)]


@task.mistake
def back_to_probabilities(beam, log_p, eos, width):
    """You return probabilities.

    The next step adds to a log-probability. And the probability of a long sentence is soon too
    small to be written down; its logarithm never is.
    """
    return [(ids, math.exp(total)) for ids, total in beam_step(beam, log_p, eos, width)]
