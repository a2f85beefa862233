"""Lesson 07, making a model speak: its five tasks, and the ways in which they go wrong.

Most of these mistakes still say something that looks like a sentence, or a number like a score. The
models here are tables, small enough to be read: what comes next depends on the last two tokens and
on how many there are, so that whoever hands on too little, too much or the wrong row is found out.
"""

import math
from collections import Counter
from collections.abc import Callable, Iterator

import torch
from torch import Tensor

from course_utils.checks._old import Case, Misconception, Task


class Talker:
    """A model of tables: talker(ids) gives logits [n, vocab], row i for what comes after ids[i].

    `eos` gets improbable before `end` tokens have been written, and nearly certain from then on.
    """

    def __init__(self, vocab: int, seed: int, eos: int, end: int):
        generator = torch.Generator().manual_seed(seed)
        self.after, self.before, self.place = torch.randn(3, 24, vocab, generator=generator)
        self.eos, self.end = eos, end

    def __call__(self, ids: list[int]) -> Tensor:
        ids = [int(token) for token in ids]
        rows = []
        for i, token in enumerate(ids):
            earlier = self.before[ids[i - 1]] if i else torch.zeros_like(self.before[0])
            row = 2 * self.after[token] + earlier + 2 * self.place[i]
            row[self.eos] = 20.0 if i >= self.end else -20.0
            rows.append(row)
        return torch.stack(rows)


# ---- 07.greedy_decode ----------------------------------------------------------------------------


def greedy_decode(step: Callable, bos: int, eos: int, n_new: int) -> list[int]:
    """The most probable token, again and again; without `bos` and `eos`, at most `n_new` tokens.

    step(ids) gives logits [len(ids), vocab], of which row i is about what comes after ids[i].
    """
    ids = [bos]
    for _ in range(n_new):
        token = int(step(ids)[-1].argmax())
        if token == eos:
            break
        ids.append(token)
    return ids[1:]


def greedy_decode_cases(seed: int) -> Iterator[Case]:
    for name, vocab, end, n_new in (
        ("it ends by itself after 5 tokens", 12, 5, 20),
        ("there is room for 6 and it would go on", 9, 15, 6),
        ("it has nothing to say", 8, 0, 10),
        ("3 tokens of a larger vocabulary", 20, 3, 8),
    ):
        bos, eos = vocab - 2, vocab - 1
        yield Case(name, (Talker(vocab, 10 * seed + vocab, eos, end), bos, eos, n_new))


def greedy_decode_with_while(step, bos, eos, n_new):
    ids = []
    while len(ids) < n_new and (token := step([bos, *ids])[-1].argmax().item()) != eos:
        ids = [*ids, token]
    return ids


def greedy_decode_by_probability(step, bos, eos, n_new):
    ids = torch.tensor([bos])
    for _ in range(n_new):
        best = step(ids.tolist()).softmax(dim=-1)[-1].topk(1).indices
        if best == eos:
            return ids[1:].tolist()
        ids = torch.cat([ids, best])
    return ids[1:].tolist()


def _spoken(choose: Callable, *, hand: Callable = list, rounds: int = 0) -> Callable:
    """Greedy decoding with another choice from the table, another prompt, or more rounds."""

    def decode(step, bos, eos, n_new):
        ids = [bos]
        for _ in range(n_new + rounds):
            token = int(choose(step(hand(ids))))
            if token == eos:
                break
            ids.append(token)
        return ids[1:]

    return decode


def keeps_the_start(step, bos, eos, n_new):
    return [bos, *greedy_decode(step, bos, eos, n_new)]


def keeps_the_end(step, bos, eos, n_new):
    ids = greedy_decode(step, bos, eos, n_new)
    return ids if len(ids) == n_new else [*ids, eos]


def keeps_both(step, bos, eos, n_new):
    return [bos, *keeps_the_end(step, bos, eos, n_new)]


def never_stops(step, bos, eos, n_new):
    ids = [bos]
    for _ in range(n_new):
        ids.append(int(step(ids)[-1].argmax()))
    return ids[1:]


GREEDY_DECODE = [
    Misconception(
        "the same word again and again",
        _spoken(lambda logits: logits[0].argmax()),
        "You look at what comes after <s>, in every round. Either you read row 0, where the last "
        "row, [-1], is about the next word; or you ask with [bos] each time, and the model never "
        "hears what it has said.",
    ),
    Misconception(
        "your argmax runs over the places",
        _spoken(lambda logits: logits.argmax(dim=0)[-1]),
        "dim=0 of [n, vocab] are the places: you asked at which place a word would fit best. The "
        "words stand along the last axis.",
    ),
    Misconception(
        "you take the argmax of the whole table",
        _spoken(lambda logits: logits.argmax()),
        "argmax without an axis counts through all rows as if they were one, and finds a number "
        "that need not be a word at all. Take the last row first: step(ids)[-1].argmax().",
    ),
    Misconception(
        "you hand on the last token only",
        _spoken(lambda logits: logits[-1].argmax(), hand=lambda ids: ids[-1:]),
        "The model then knows one word, and takes it for the first of its sentence. Without a "
        "cache it has to be given all that is written so far, <s> included.",
    ),
    Misconception(
        "you left out the start token",
        _spoken(lambda logits: logits[-1].argmax(), hand=lambda ids: ids[1:] or ids),
        "After the first word you ask without <s>, and every word stands one place too early. The "
        "model has learned sentences that begin with it.",
    ),
    Misconception(
        "it talks on after the end",
        never_stops,
        "The model said </s>, and you went on asking. What comes after the end is noise: stop "
        "when the token is eos.",
    ),
    Misconception(
        "the start token is still there",
        keeps_the_start,
        "<s> is how you asked, not what was answered. Leave out the first: ids[1:].",
    ),
    Misconception(
        "the end token is still there",
        keeps_the_end,
        "</s> says that the sentence is over; it is no word of it. Look before you append.",
    ),
    Misconception(
        "start and end token are still there",
        keeps_both,
        "<s> and </s> are for the model. The result is what lies between them.",
    ),
    Misconception(
        "one token too few",
        _spoken(lambda logits: logits[-1].argmax(), rounds=-1),
        "Where nobody says </s> there should be n_new tokens, and <s> is not one of them. A loop "
        "`while len(ids) < n_new` counts it.",
    ),
    Misconception(
        "one token too many",
        _spoken(lambda logits: logits[-1].argmax(), rounds=1),
        "Where nobody says </s> there should be n_new tokens, not n_new + 1.",
    ),
    Misconception(
        "you take the least probable",
        _spoken(lambda logits: logits[-1].argmin()),
        "argmin finds the word that the model thinks of last. argmax.",
    ),
]

# ---- 07.hypothesis_score -------------------------------------------------------------------------


def hypothesis_score(log_probabilities: list[float], alpha: float) -> float:
    """Sum / ((5 + words) / 6)^alpha. The last number is </s>'s, which counts in the sum alone.

    Source: Wu et al. 2016, eq. 14, without the coverage penalty.
    """
    words = len(log_probabilities) - 1
    return sum(log_probabilities) / ((5 + words) / 6) ** alpha


def hypothesis_score_cases(seed: int) -> Iterator[Case]:
    yield Case("two words, α = 0.6", ([math.log(0.5), math.log(0.4), math.log(0.8)], 0.6))
    yield Case("two words, no penalty", ([math.log(0.5), math.log(0.4), math.log(0.8)], 0.0))
    generator = torch.Generator().manual_seed(seed)
    for words, alpha in ((7, 0.6), (12, 1.0), (4, 1.4)):
        numbers = -0.1 - torch.rand(words + 1, generator=generator)
        yield Case(f"{words} words, α = {alpha}", (numbers.tolist(), alpha))


def hypothesis_score_by_torch(log_probabilities, alpha):
    penalty = torch.tensor((5 + len(log_probabilities[:-1])) / 6) ** alpha
    return (torch.tensor(log_probabilities).sum() / penalty).item()


def hypothesis_score_with_a_loop(log_probabilities, alpha):
    total = 0.0
    for number in log_probabilities:
        total += number
    return total * math.exp(-alpha * math.log((4 + len(log_probabilities)) / 6))


def _scored(total: Callable = sum, penalty: Callable | None = None) -> Callable:
    """The score with another total, or another penalty of (words, alpha)."""

    def score(log_probabilities, alpha):
        words = len(log_probabilities) - 1
        divisor = ((5 + words) / 6) ** alpha if penalty is None else penalty(words, alpha)
        return total(log_probabilities) / divisor

    return score


HYPOTHESIS_SCORE = [
    Misconception(
        "nothing is divided",
        _scored(penalty=lambda n, a: 1.0),
        "That is the bare log-probability, in which each further word costs something: the "
        "shortest sentence wins. Divide by ((5 + words) / 6)^α.",
    ),
    Misconception(
        "you divide by the number of words",
        _scored(penalty=lambda n, a: n),
        "That is the mean, and it has no α. The penalty of 2016 is gentler: ((5 + words) / 6)^α, "
        "which is 1 for a sentence of one word whatever α.",
    ),
    Misconception(
        "you divide by the number of tokens",
        _scored(penalty=lambda n, a: n + 1),
        "That is the mean over all tokens, </s> too, and it has no α. The penalty is "
        "((5 + words) / 6)^α.",
    ),
    Misconception(
        "the end token is counted as a word",
        _scored(penalty=lambda n, a: ((6 + n) / 6) ** a),
        "</s> has its share in the sum, because ending costs probability, too. It is no word, "
        "though: the length is one less than the list.",
    ),
    Misconception(
        "ending is free",
        _scored(total=lambda numbers: sum(numbers[:-1])),
        "You left the last number out of the sum. To stop here was a decision like any other, and "
        "the model gave it a probability. Only the length leaves it out.",
    ),
    Misconception(
        "you added probabilities",
        _scored(total=lambda numbers: sum(map(math.exp, numbers))),
        "Probabilities of words that follow each other are multiplied. What adds up are their "
        "logarithms, and you have been given those: no exp. (A sum of probabilities grows with "
        "each word; the longest sentence would win.)",
    ),
    Misconception(
        "you multiplied log-probabilities",
        _scored(total=math.prod),
        "Probabilities are multiplied; their logarithms are added. A product of negative numbers "
        "even changes its sign with each word.",
    ),
    Misconception(
        "you went back to probabilities",
        _scored(total=lambda numbers: math.exp(sum(numbers))),
        "exp of the sum is the sentence's probability. The score divides the logarithm itself.",
    ),
    Misconception(
        "you take the mean first, and then the penalty as well",
        _scored(total=lambda numbers: sum(numbers) / len(numbers)),
        "One division is enough: sum / ((5 + words) / 6)^α.",
    ),
    Misconception(
        "you multiply by the penalty",
        _scored(penalty=lambda n, a: ((5 + n) / 6) ** -a),
        "A sum of logarithms is negative, so a larger factor makes a long sentence look worse "
        "still. Divide.",
    ),
    Misconception(
        "α is a factor, not a power",
        _scored(penalty=lambda n, a: (5 + n) / 6 * a if a else 1.0),
        "α times a number only changes the unit. It is an exponent: **alpha.",
    ),
    Misconception(
        "α is not used",
        _scored(penalty=lambda n, a: (5 + n) / 6),
        "That is the score at α = 1. The power is missing: **alpha.",
    ),
    Misconception(
        "the power is taken before the sixth",
        _scored(penalty=lambda n, a: (5 + n) ** a / 6),
        "The brackets: ((5 + words) / 6), and all of it to the power of α. In Python ** is done "
        "before /.",
    ),
    Misconception(
        "the five and the six are gone",
        _scored(penalty=lambda n, a: n**a),
        "words^α is used, too (fairseq's is the mean at α = 1). The penalty of this task is Wu's: "
        "((5 + words) / 6)^α, for which the first few words hardly matter.",
    ),
]

# ---- 07.beam_step --------------------------------------------------------------------------------

Beam = list[tuple[list[int], float]]  # hypotheses: ids, log-probability


def beam_step(beam: Beam, log_p: Callable, eos: int, width: int) -> Beam:
    """One step of beam search: the `width` best ways to go on, best first.

    log_p(ids) gives the log-probabilities [vocab] of the next token. A hypothesis that ends with
    `eos` stays as it is and keeps its place; the others go on with the places left.
    """
    ended = [(ids, total) for ids, total in beam if ids[-1] == eos]
    longer = [
        ([*ids, token], total + more)
        for ids, total in beam
        if ids[-1] != eos
        for token, more in enumerate(log_p(ids).tolist())
    ]
    longer = _best_first(longer)[: width - len(ended)]
    return _best_first(ended + longer)


def _best_first(hypotheses: Beam) -> Beam:
    return sorted(hypotheses, key=lambda hypothesis: hypothesis[1], reverse=True)


class NextWord:
    """log_p of a table: log-probabilities of the token after `ids`, from the last two and n."""

    def __init__(self, vocab: int, seed: int):
        generator = torch.Generator().manual_seed(seed)
        self.after, self.before, self.place = torch.randn(3, 12, vocab, generator=generator)

    def __call__(self, ids: list[int]) -> Tensor:
        ids = [int(token) for token in ids]
        before = self.before[ids[-2]] if len(ids) > 1 else 0.0
        return (self.after[ids[-1]] + before + self.place[len(ids)]).log_softmax(0)


def beam_step_cases(seed: int) -> Iterator[Case]:
    """The same beam at three moments: at the start, on its way, and with some at their end."""
    eos = 5
    log_p = NextWord(6, 100 + seed)
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


def beam_step_by_topk(beam, log_p, eos, width):
    ended = [hypothesis for hypothesis in beam if hypothesis[0][-1] == eos]
    going = [hypothesis for hypothesis in beam if hypothesis[0][-1] != eos]
    if going:
        table = torch.stack([log_p(ids) + total for ids, total in going])  # [going, vocab]
        best, chosen = table.flatten().topk(width - len(ended))
        for total, place in zip(best.tolist(), chosen.tolist(), strict=True):
            parent, token = divmod(place, table.shape[1])
            ended.append((going[parent][0] + [token], total))
    return sorted(ended, key=lambda hypothesis: -hypothesis[1])


def beam_step_with_a_heap(beam, log_p, eos, width):
    import heapq

    ended, heap = [], []
    for ids, total in beam:
        if ids[-1] == eos:
            ended.append((total, ids))
            continue
        for token, more in enumerate(log_p(ids)):
            heap.append((total + float(more), ids + [token]))
    kept = heapq.nlargest(width - len(ended), heap)
    return [(ids, total) for total, ids in sorted(ended + kept, reverse=True)]


def _stepped(
    total: Callable = lambda before, more: before + more,
    *,
    hand: Callable = list,
    is_over: Callable = lambda ids, eos: ids[-1] == eos,
    keep: Callable | None = None,
) -> Callable:
    """A beam step with another sum, another prompt, another end, or another way to keep.

    `keep(ended, longer, width)` gets the longer ones as a list for each hypothesis they come from.
    """

    def step(beam, log_p, eos, width):
        ended = [(ids, score) for ids, score in beam if is_over(ids, eos)]
        longer = [
            [
                ([*ids, token], total(score, more))
                for token, more in enumerate(log_p(hand(ids)).tolist())
            ]
            for ids, score in beam
            if not is_over(ids, eos)
        ]
        if keep is not None:
            return keep(ended, longer, width)
        best = _best_first(sum(longer, []))[: width - len(ended)]
        return _best_first(ended + best)

    return step


def swaps_parent_and_token(beam, log_p, eos, width):
    ended = [hypothesis for hypothesis in beam if hypothesis[0][-1] == eos]
    going = [hypothesis for hypothesis in beam if hypothesis[0][-1] != eos]
    if not going:
        return _best_first(ended)
    table = torch.stack([log_p(ids) + total for ids, total in going])
    best, chosen = table.flatten().topk(width - len(ended))
    for total, place in zip(best.tolist(), chosen.tolist(), strict=True):
        ended.append((going[place % len(going)][0] + [place // len(going)], total))
    return _best_first(ended)


BEAM_STEP = [
    Misconception(
        "you add probabilities",
        _stepped(lambda before, more: before + math.exp(more)),
        "What is added to a log-probability is a log-probability, and log_p gives those already: "
        "no exp. Probabilities of words that follow each other are multiplied.",
    ),
    Misconception(
        "you multiply log-probabilities",
        _stepped(lambda before, more: before * more),
        "Probabilities are multiplied; their logarithms are added. (Your first step multiplies by "
        "the 0 of an empty sentence, and all words are equally good.)",
    ),
    Misconception(
        "the past is forgotten",
        _stepped(lambda before, more: more),
        "You rank by the last word alone, so a sure word after a silly one wins. The whole "
        "sentence counts: what it had, plus what the new word costs.",
    ),
    Misconception(
        "the log-probability is not carried on",
        lambda beam, log_p, eos, width: [
            (ids, before)
            for ids, before in (
                (ids, {tuple(old): score for old, score in beam}.get(tuple(ids[:-1]), kept))
                for ids, kept in beam_step(beam, log_p, eos, width)
            )
        ],
        "The right hypotheses, with the numbers of their parents: the new word's own share is "
        "missing in what you return.",
    ),
    Misconception(
        "finished hypotheses are dropped",
        _stepped(keep=lambda ended, longer, width: _best_first(sum(longer, []))[:width]),
        "Whoever has written </s> is gone from your beam, and may have been the best. It stays as "
        "it is, and keeps its place.",
    ),
    Misconception(
        "finished hypotheses are extended",
        _stepped(is_over=lambda ids, eos: False),
        "After </s> nothing comes. Such a hypothesis stays as it is; do not ask log_p about it.",
    ),
    Misconception(
        "finished hypotheses have to fight for their place",
        _stepped(
            keep=lambda ended, longer, width: _best_first(ended + sum(longer, []))[:width],
        ),
        "You let all compete, and something half-said pushed out something said. A half-said "
        "sentence still has words to pay for, so the comparison is not fair: whoever has ended "
        "keeps its place, and the others share what is left.",
    ),
    Misconception(
        "finished hypotheses take no place",
        _stepped(
            keep=lambda ended, longer, width: _best_first(
                ended + _best_first(sum(longer, []))[:width]
            ),
        ),
        "Your beam grows with each sentence that ends. A finished hypothesis keeps its place: the "
        "others have width minus that many.",
    ),
    Misconception(
        "each hypothesis keeps its best word",
        _stepped(
            keep=lambda ended, longer, width: _best_first(
                ended + [_best_first(words)[0] for words in longer]
            )[:width],
        ),
        "That is greedy, several times side by side. All continuations of all hypotheses compete "
        "together: one that is much better may have two of the places, another none.",
    ),
    Misconception(
        "each hypothesis keeps its width best",
        _stepped(
            keep=lambda ended, longer, width: _best_first(
                ended + sum((_best_first(words)[:width] for words in longer), [])
            ),
        ),
        "Then the beam has width² hypotheses after two steps. Put all continuations into one list, "
        "and keep the best of it.",
    ),
    Misconception(
        "you keep the worst",
        _stepped(
            keep=lambda ended, longer, width: _best_first(
                ended + _best_first(sum(longer, []))[::-1][: width - len(ended)]
            ),
        ),
        "Log-probabilities are negative, and the best is the one nearest to 0: the largest. Your "
        "list is sorted the other way.",
    ),
    Misconception(
        "the best comes last",
        lambda beam, log_p, eos, width: beam_step(beam, log_p, eos, width)[::-1],
        "The right hypotheses in the wrong order: best first, please, which is the largest "
        "log-probability.",
    ),
    Misconception(
        "finished and unfinished ones are not sorted together",
        _stepped(
            keep=lambda ended, longer, width: (
                ended + _best_first(sum(longer, []))[: width - len(ended)]
            ),
        ),
        "The right hypotheses: the finished ones in front, then the others. Sort the whole beam, "
        "best first.",
    ),
    Misconception(
        "log_p hears the last token only",
        _stepped(hand=lambda ids: ids[-1:]),
        "What comes next depends on all that was said: log_p(ids), not log_p(ids[-1:]).",
    ),
    Misconception(
        "parent and token are mixed up",
        swaps_parent_and_token,
        "In the flattened table [hypotheses, vocab], place // vocab is the hypothesis and "
        "place % vocab the token. You divided by the number of hypotheses.",
    ),
]

# ---- 07.attend_with_cache ------------------------------------------------------------------------


def attend_with_cache(
    query: Tensor, key: Tensor, value: Tensor, keys: Tensor, values: Tensor
) -> tuple[Tensor, Tensor, Tensor]:
    """Attention of one new token: its output, and the keys and values to remember.

    query, key, value: [batch, n_heads, 1, d_head]; keys, values, of the n tokens before it:
    [batch, n_heads, n, d_head].
    """
    keys = torch.cat([keys, key], dim=-2)  # [batch, n_heads, n + 1, d_head]
    values = torch.cat([values, value], dim=-2)
    scores = query @ keys.transpose(-2, -1) / math.sqrt(query.shape[-1])
    return scores.softmax(dim=-1) @ values, keys, values


def attend_with_cache_cases(seed: int) -> Iterator[Case]:
    for name, batch, n_heads, n, d_head in (
        ("the fifth token", 1, 2, 4, 3),
        ("two texts, four heads", 2, 4, 6, 8),
        ("as many heads as tokens", 2, 3, 3, 5),
        ("the second token, one head", 1, 1, 1, 3),
        ("the first token: nothing is remembered yet", 1, 2, 0, 4),
    ):
        generator = torch.Generator().manual_seed(seed + n)
        new = torch.randn(3, batch, n_heads, 1, d_head, generator=generator)
        old = torch.randn(2, batch, n_heads, n, d_head, generator=generator)
        yield Case(name, (*(2 * new), *old))


def attend_with_cache_by_torch(query, key, value, keys, values):
    keys, values = torch.cat((keys, key), 2), torch.cat((values, value), 2)
    output = torch.nn.functional.scaled_dot_product_attention(query, keys, values)
    return output, keys, values


def attend_with_cache_by_einsum(query, key, value, keys, values):
    keys, values = torch.cat((keys, key), 2), torch.cat((values, value), 2)
    scores = torch.einsum("bhqd,bhkd->bhqk", query, keys) * query.shape[-1] ** -0.5
    return torch.einsum("bhqk,bhkd->bhqd", scores.softmax(-1), values), keys, values


def _attended(query, keys, values, *, root: Callable = math.sqrt, mask=None) -> Tensor:
    scores = query @ keys.transpose(-2, -1) / root(query.shape[-1])
    if mask is not None:
        scores = scores.masked_fill(~mask, -math.inf)
    return scores.softmax(-1) @ values


def _cached(attended: Callable) -> Callable:
    """The right cache, with another attention of (query, keys, values)."""

    def attend(query, key, value, keys, values):
        keys, values = torch.cat((keys, key), 2), torch.cat((values, value), 2)
        return attended(query, keys, values), keys, values

    return attend


def replaces(query, key, value, keys, values):
    return _attended(query, key, value), key, value


def remembers_the_keys_only(query, key, value, keys, values):
    output, longer, _ = attend_with_cache(query, key, value, keys, values)
    return output, longer, values


def remembers_the_newest_value(query, key, value, keys, values):
    output, longer, _ = attend_with_cache(query, key, value, keys, values)
    return output, longer, value


def not_itself(query, key, value, keys, values):
    output = _attended(query, keys, values)
    return output, torch.cat((keys, key), 2), torch.cat((values, value), 2)


def in_front(query, key, value, keys, values):
    keys, values = torch.cat((key, keys), 2), torch.cat((value, values), 2)
    return _attended(query, keys, values), keys, values


def overwrites_the_last(query, key, value, keys, values):
    keys = torch.cat((keys[:, :, :-1], key), 2)
    values = torch.cat((values[:, :, :-1], value), 2)
    return _attended(query, keys, values), keys, values


def forgets(query, key, value, keys, values):
    output, _, _ = attend_with_cache(query, key, value, keys, values)
    return output, keys, values


def keys_twice(query, key, value, keys, values):
    longer = torch.cat((keys, key), 2)
    return _attended(query, longer, longer), longer, longer


def along_the_heads(query, key, value, keys, values):
    keys, values = torch.cat((keys, key), 1), torch.cat((values, value), 1)
    return _attended(query, keys, values), keys, values


def hides_the_future(query, keys, values):
    mask = torch.ones(query.shape[-2], keys.shape[-2], dtype=torch.bool).tril()
    return _attended(query, keys, values, mask=mask)


ATTEND_WITH_CACHE = [
    Misconception(
        "the new token replaces the old ones",
        replaces,
        "With one key there is one share, and it is 1: each token hears itself and nobody else. "
        "The new key goes behind the old ones: torch.cat([keys, key], dim=-2).",
    ),
    Misconception(
        "the values are not remembered",
        remembers_the_keys_only,
        "The keys that you return are one more, the values are the old ones. The next token would "
        "have a share for somebody who has nothing to hand over. Both grow, by one each.",
    ),
    Misconception(
        "the values are replaced",
        remembers_the_newest_value,
        "You return all the keys and one value, the newest. The next token would have many shares "
        "and a single thing to take: append the value, too.",
    ),
    Misconception(
        "the keys are remembered as values",
        keys_twice,
        "A key stands on the door, a value is what is handed over. You appended the key to both.",
    ),
    Misconception(
        "the new token does not hear itself",
        not_itself,
        "It looks at the old tokens and is appended afterwards. In a causal model a token may look "
        "at itself: append first, then attend. (The first token would hear nobody at all.)",
    ),
    Misconception(
        "the newest stands in front",
        in_front,
        "Attention does not mind the order, so the output is right, and the cache is upside down: "
        "position 0 is the newest token. Put it behind: torch.cat([keys, key], dim=-2).",
    ),
    Misconception(
        "you write one place too early",
        overwrites_the_last,
        "The newest lies where the token before it was, so that one is lost. A cache of n tokens "
        "has n + 1 afterwards.",
    ),
    Misconception(
        "you return the old cache",
        forgets,
        "The output is right, and the next token will not hear of this one: return the keys and "
        "values with the new ones in them.",
    ),
    Misconception(
        "you append along the heads",
        along_the_heads,
        "Axis 1 are the heads, axis 2 the tokens: [batch, n_heads, n, d_head]. A new token is one "
        "more along dim=-2.",
    ),
    Misconception(
        "your causal mask hides the past",
        _cached(hides_the_future),
        "A triangle of 1 × n lets its only row see the first key and no other: the new token was "
        "taken for the first. The newest token has no future to be hidden, so it needs no mask. "
        "(is_causal=True in PyTorch does the same to a lone query.)",
    ),
    Misconception(
        "the root is missing",
        _cached(lambda q, k, v: _attended(q, k, v, root=lambda d: 1.0)),
        "Attention with a cache is the attention of lesson 03: divide the scores by √d_head.",
    ),
    Misconception(
        "you divide by the root of n",
        _cached(lambda q, k, v: (q @ k.transpose(-2, -1) / math.sqrt(k.shape[-2])).softmax(-1) @ v),
        "shape[-2] of the keys is how many there are. The root is that of d_head, shape[-1].",
    ),
    Misconception(
        "your softmax runs over the queries",
        _cached(lambda q, k, v: (q @ k.transpose(-2, -1) / math.sqrt(q.shape[-1])).softmax(-2) @ v),
        "There is one query, so along that axis every share is 1. The shares of one query are "
        "dealt out among the keys: dim=-1.",
    ),
]

# ---- 07.bleu -------------------------------------------------------------------------------------


def bleu(candidate: list[str], reference: list[str]) -> float:
    """BLEU of one sentence against one reference, 0 to 100 (Papineni et al. 2002, section 2.3).

    Geometric mean of the clipped precisions of 1- to 4-grams, times the brevity penalty
    exp(1 − n_reference / n_candidate) for a candidate that is shorter than its reference. 0 if one
    of the precisions is 0, or has nothing to count.
    """
    precisions = []
    for n in (1, 2, 3, 4):
        said, wanted = n_grams(candidate, n), n_grams(reference, n)
        matches = sum(min(count, wanted[gram]) for gram, count in said.items())
        if matches == 0:
            return 0.0
        precisions.append(matches / said.total())
    brevity = min(1.0, math.exp(1 - len(reference) / len(candidate)))
    return 100 * brevity * math.prod(precisions) ** (1 / 4)


def n_grams(words: list[str], n: int) -> Counter:
    """Each run of n words, and how often it comes."""
    return Counter(tuple(words[i : i + n]) for i in range(len(words) - n + 1))


def bleu_cases(seed: int) -> Iterator[Case]:
    for name, candidate, reference in (
        (
            "a word is missing",
            "Tom trinkt jeden Tag Kaffee .",
            "Tom trinkt jeden Tag kalten Kaffee .",
        ),
        ("the reference itself", "Tom trinkt kalten Kaffee .", "Tom trinkt kalten Kaffee ."),
        (
            "it says everything twice",
            "Tom trinkt kalten Kaffee . Tom trinkt kalten Kaffee .",
            "Tom trinkt kalten Kaffee .",
        ),
        ("no run of four in common", "Tom trinkt Kaffee kalten", "Tom trinkt kalten Kaffee ."),
        ("three words", "Tom trinkt Kaffee", "Tom trinkt kalten Kaffee ."),
        (
            "two words where one belongs, and the end is right",
            "Tom der trinkt heute gern kalten Kaffee im Garten .",
            "Tom trinkt heute gern kalten Kaffee im Garten .",
        ),
    ):
        yield Case(name, (candidate.split(), reference.split()))
    generator = torch.Generator().manual_seed(seed)
    words = "ich du wir gehen kommen heute nach Hause".split()
    reference = [words[i] for i in torch.randint(0, 8, (14,), generator=generator)]
    candidate = [*reference[:5], words[0], words[1], *reference[6:11]]
    yield Case("twelve words of eight", (candidate, reference))


def bleu_with_lists(candidate, reference):
    logs = 0.0
    for n in range(1, 5):
        said = [candidate[i : i + n] for i in range(len(candidate) - n + 1)]
        left = [reference[i : i + n] for i in range(len(reference) - n + 1)]
        hits = 0
        for gram in said:
            if gram in left:
                left.remove(gram)
                hits += 1
        if hits == 0:
            return 0.0
        logs += math.log(hits / len(said)) / 4
    shortness = 0.0 if len(candidate) >= len(reference) else 1 - len(reference) / len(candidate)
    return 100.0 * math.exp(logs + shortness)


def bleu_with_intersections(candidate, reference):
    product = 1.0
    for n in range(1, 5):
        said = Counter(zip(*(candidate[i:] for i in range(n)), strict=False))
        wanted = Counter(zip(*(reference[i:] for i in range(n)), strict=False))
        product *= (said & wanted).total() / max(1, said.total())
    if len(candidate) < len(reference):
        product *= math.exp(1 - len(reference) / len(candidate)) ** 4
    return 100 * product**0.25


def _clipped(said: Counter, wanted: Counter) -> float:
    return (said & wanted).total() / said.total() if said else 0.0


def _measured(
    precision: Callable = _clipped,
    *,
    mean: Callable = lambda p: math.prod(p) ** (1 / len(p)),
    brevity: Callable = lambda c, r: min(1.0, math.exp(1 - r / c)),
    sizes: tuple = (1, 2, 3, 4),
    runs: Callable = n_grams,
    scale: float = 100.0,
) -> Callable:
    """BLEU with one of its parts replaced."""

    def score(candidate, reference):
        found = [precision(runs(candidate, n), runs(reference, n)) for n in sizes]
        return scale * brevity(len(candidate), len(reference)) * mean(found)

    return score


def misses_the_last_run(words, n):
    return Counter(tuple(words[i : i + n]) for i in range(len(words) - n))


BLEU = [
    Misconception(
        "counts are not clipped",
        _measured(
            lambda said, wanted: (
                sum(count for gram, count in said.items() if gram in wanted) / said.total()
                if said
                else 0.0
            )
        ),
        "Whoever says a right word twice is paid twice: saying the sentence twice costs nothing. A "
        "run counts at most as often as the reference has it: min of the two counts.",
    ),
    Misconception(
        "each kind of run counts once",
        _measured(
            lambda said, wanted: len(said.keys() & wanted.keys()) / len(said) if said else 0.0
        ),
        "A set forgets how often. If the reference says “der” twice, saying it twice is right both "
        "times. Count with a Counter, and clip.",
    ),
    Misconception(
        "you divide by the reference's runs",
        _measured(lambda said, wanted: (said & wanted).total() / wanted.total()),
        "That is recall: how much of the reference was said. BLEU asks how much of what was said "
        "is right, so divide by the candidate's runs, and leave shortness to the penalty.",
    ),
    Misconception(
        "the brevity penalty is upside down",
        _measured(brevity=lambda c, r: min(1.0, math.exp(1 - c / r))),
        "Yours punishes whoever says too much. Precision does that already; the penalty is for "
        "whoever says too little: exp(1 − reference / candidate).",
    ),
    Misconception(
        "there is no brevity penalty",
        _measured(brevity=lambda c, r: 1.0),
        "Then it pays to say what is sure and be silent. A candidate shorter than the "
        "reference is multiplied by exp(1 − reference / candidate).",
    ),
    Misconception(
        "talking on is rewarded",
        _measured(brevity=lambda c, r: math.exp(1 - r / c)),
        "For a candidate longer than its reference your penalty is above 1, a prize. It is 1 at "
        "most: min(1, …).",
    ),
    Misconception(
        "your brevity penalty is the ratio",
        _measured(brevity=lambda c, r: min(1.0, c / r)),
        "Close, and close in size: 6 of 7 words give 0.857, where the penalty of 2002 gives "
        "exp(1 − 7/6) = 0.846.",
    ),
    Misconception(
        "you take the ordinary mean",
        _measured(mean=lambda p: sum(p) / len(p)),
        "BLEU multiplies the four and takes the fourth root (a geometric mean), so that one bad "
        "precision cannot hide behind three good ones.",
    ),
    Misconception(
        "the fourth root is missing",
        _measured(mean=math.prod),
        "A product of four precisions is smaller than each of them. Its fourth root, ** (1 / 4), "
        "lies between them again.",
    ),
    Misconception(
        "you count single words only",
        _measured(sizes=(1,)),
        "Words without their order: “Kaffee trinkt Tom” would be as good as “Tom trinkt Kaffee”. "
        "Runs of 1, 2, 3 and 4 words.",
    ),
    Misconception(
        "you stop at three",
        _measured(sizes=(1, 2, 3)),
        "range(1, 4) is 1, 2, 3. BLEU goes up to runs of four.",
    ),
    Misconception(
        "the last run of each size is missing",
        _measured(runs=misses_the_last_run),
        "In a sentence of 6 words there are 5 runs of two: they start at 0 … 4, which is "
        "range(len(words) − n + 1).",
    ),
    Misconception(
        "your score goes from 0 to 1",
        _measured(scale=1.0),
        "Right, as a fraction. BLEU is written from 0 to 100.",
    ),
    Misconception(
        "precisions of 0 are left out",
        _measured(
            mean=lambda p: (
                math.prod(x for x in p if x) ** (1 / max(1, sum(x > 0 for x in p))) if any(p) else 0
            )
        ),
        "With no run of four in common the product is 0, and so is BLEU. Leaving the zero out "
        "makes a bad sentence look good. (Programs smooth it instead, and say how.)",
    ),
]

TASKS = [
    Task(
        id="07.greedy_decode",
        title="One word at a time",
        reference=greedy_decode,
        cases=greedy_decode_cases,
        misconceptions=GREEDY_DECODE,
        hints=[
            "Start with ids = [bos]. Ask, choose, append, ask again: a loop of at most n_new "
            "rounds.",
            "step(ids) has a row for every token. The last row, step(ids)[-1], is about the word "
            "that is not there yet; its argmax is the token.",
            "If the token is eos, break before you append it. In the end leave out bos: ids[1:].",
        ],
        alternatives=[greedy_decode_with_while, greedy_decode_by_probability],
        praise="Right: it speaks, it stops, and it never looks back.",
    ),
    Task(
        id="07.hypothesis_score",
        title="Long and short on one scale",
        reference=hypothesis_score,
        cases=hypothesis_score_cases,
        misconceptions=HYPOTHESIS_SCORE,
        hints=[
            "First the whole sentence's log-probability: multiply probabilities, add their logs.",
            "Then its length in words. The list has one number more than there are words, because "
            "</s> was paid for, too.",
            "sum(log_probabilities) / ((5 + words) / 6) ** alpha. Mind the brackets.",
        ],
        alternatives=[hypothesis_score_by_torch, hypothesis_score_with_a_loop],
        praise="Right. With α = 0 the short win, with α = 1 it is nearly a mean.",
    ),
    Task(
        id="07.beam_step",
        title="Keep a few, drop the rest",
        reference=beam_step,
        cases=beam_step_cases,
        misconceptions=BEAM_STEP,
        hints=[
            "Two piles: the hypotheses that end with eos, which stay as they are, and the others, "
            "each of which becomes vocab longer ones.",
            "A longer one is (ids + [token], total + log_p(ids)[token].item()). Put those of all "
            "hypotheses into one list, sort it by its second part, largest first, and keep "
            "width minus the number that have ended.",
            "sorted(pairs, key=lambda pair: pair[1], reverse=True) sorts the longer ones before "
            "you cut, and at the end both piles together.",
        ],
        alternatives=[beam_step_by_topk, beam_step_with_a_heap],
        praise="Right. That is the whole trick; the rest of beam search is a loop.",
    ),
    Task(
        id="07.attend_with_cache",
        title="Never read the same word twice",
        reference=attend_with_cache,
        cases=attend_with_cache_cases,
        dimensions=(
            ("batch", "n_heads", "1", "d_head"),
            ("batch", "n_heads", "n + 1", "d_head"),
            ("batch", "n_heads", "n + 1", "d_head"),
        ),
        misconceptions=ATTEND_WITH_CACHE,
        hints=[
            "The old keys and values are as they were, whatever comes later: nobody in a causal "
            "model hears the future. So only the newcomer's have to be added.",
            "torch.cat([keys, key], dim=-2) puts one more token behind the others; the same for "
            "the values.",
            "Then lesson 03 with a single query: scores [batch, n_heads, 1, n + 1], divided by "
            "√d_head, softmax along the last axis, times the values. No mask.",
        ],
        alternatives=[attend_with_cache_by_torch, attend_with_cache_by_einsum],
        praise="Right: one row of scores a token, instead of the whole square.",
    ),
    Task(
        id="07.bleu",
        title="How good is a translation?",
        reference=bleu,
        cases=bleu_cases,
        misconceptions=BLEU,
        hints=[
            "For each n of 1, 2, 3, 4: count the candidate's runs and the reference's. A Counter "
            "of tuples does it: Counter(tuple(words[i : i + n]) for i in range(len(words) − n + "
            "1)).",
            "Matches are clipped: for each run of the candidate, min(its count, the reference's "
            "count). Counter has an & that does that. Divide by the candidate's runs, and watch "
            "out for a sentence that has none.",
            "Multiply the four, take ** (1 / 4), times 100, times the brevity penalty: 1 if the "
            "candidate is at least as long as the reference, else exp(1 − len(reference) / "
            "len(candidate)).",
        ],
        alternatives=[bleu_with_lists, bleu_with_intersections],
        praise="Right: what was said, how much of it was wanted, and no reward for silence.",
    ),
]
