"""Count the pairs: the learning half of byte-pair encoding."""

import random
from collections import Counter, defaultdict
from itertools import pairwise

from course_utils.checks.task import Case, Task
from course_utils.exercises.lesson_01.common import joined, pairs, random_word

task = Task(
    "01.count_pairs",
    "Count the pairs",
    section="Byte-pair encoding, with a pencil",
    hints=[
        "Two loops: one over the words, one over the neighbours within a word.",
        "zip(pieces, pieces[1:]) gives each piece with the one behind it.",
        "For each pair: counts[pair] = counts.get(pair, 0) + times.",
    ],
    praise="Right. That was the learning half of byte-pair encoding: counting.",
)


@task.answer
def count_pairs(words):
    ### BEGIN SOLUTION
    counts = {}
    for pieces, times in words:
        for pair in zip(pieces, pieces[1:]):
            counts[pair] = counts.get(pair, 0) + times
    return counts
    ### END SOLUTION


@task.cases
def cases(seed):
    yield Case("the same pair in three words", ([(["o", "ld"], 5), (["c", "o", "ld"], 6),
                                                 (["o", "ld", "er"], 4)],))  # fmt: skip
    yield Case("a word that overlaps itself", ([(list("aaa"), 3), (list("cool"), 1)],))
    yield Case("a word that says it twice", ([(list("abcab"), 2), (list("ba"), 7)],))
    yield Case("a word of a single piece", ([(["cold"], 9), (list("cold"), 1)],))
    spelled = [(["ab", "c"], 3), (["a", "bc"], 5), (["a", "b", "c"], 2)]
    yield Case("pairs that spell the same", (spelled,))
    yield Case("capitals and blanks", ([([" C", "o", "L"], 3), (["c", "o", "l", " "], 2)],))
    yield Case("the same word twice", ([(list("tom"), 2), (list("so"), 1), (list("tom"), 3)],))
    yield Case("no words", ([],))
    generator = random.Random(seed)
    words = [(random_word(generator, "coffe", 6), generator.randint(2, 9)) for _ in range(5)]
    yield Case("five words", (words,))
    lengths = [generator.randint(1, 8) for _ in range(12)]
    words = [(random_word(generator, "abAB", n), generator.randint(1, 9)) for n in lengths]
    yield Case("a dozen words of several lengths", (words,))


@task.also_right
def by_index(words):
    counts = defaultdict(int)
    for pieces, times in words:
        for i in range(len(pieces) - 1):
            counts[(pieces[i], pieces[i + 1])] += times
    return counts


@task.also_right
def with_a_counter(words):
    return Counter(pair for pieces, times in words for _ in range(times) for pair in pairs(pieces))


@task.also_right
def with_the_piece_before(words):
    counts = {}
    for word in words:
        before = None
        for piece in word[0]:
            if before is not None:
                counts.setdefault((before, piece), 0)
                counts[before, piece] += word[1]
            before = piece
    return counts


@task.also_right
def pair_after_pair(words):
    every = {pair for pieces, _ in words for pair in pairwise(pieces)}
    return {
        pair: sum(times * list(pairwise(pieces)).count(pair) for pieces, times in words)
        for pair in every
    }


def counted(words, pairs_of):
    """Right, but for the pairs that `pairs_of(pieces)` finds in a word."""
    counts = Counter()
    for pieces, times in words:
        for pair in pairs_of(pieces):
            counts[pair] += times
    return dict(counts)


@task.mistake
def times_forgotten(words):
    """You forgot how often each word was seen.

    Every pair counts once where it should count `times`: a word seen 6 times holds its pairs 6
    times.
    """
    return dict(Counter(pair for pieces, _ in words for pair in pairs(pieces)))


@task.mistake
def across_words(words):
    """You counted across the border of two words.

    The last piece of one word and the first of the next are no pair: which word comes next in this
    list means nothing. Count inside each word.
    """
    text = [piece for pieces, times in words for _ in range(times) for piece in pieces]
    return dict(Counter(pairs(text)))


@task.mistake
def one_long_text(words):
    """You made one long text of the words.

    Now the last piece of one word and the first of the next are a pair, and how often each word was
    seen is lost. Count inside each word, and let each pair there count `times`.
    """
    return dict(Counter(pairs([piece for pieces, _ in words for piece in pieces])))


@task.mistake
def piece_kept_from_the_word_before(words):
    """Your first pair begins in the word before.

    The last piece is still in a variable when the next word begins. Pairs never reach from one word
    into the next: forget it there.
    """
    counts, before = Counter(), None
    for pieces, times in words:
        for piece in pieces:
            if before is not None:
                counts[before, piece] += times
            before = piece
    return dict(counts)


@task.mistake
def once_a_word(words):
    """You counted a pair once a word.

    In a b c a b the pair a b stands twice, and both count.
    """
    return counted(words, lambda pieces: set(pairs(pieces)))


@task.mistake
def without_overlaps(words):
    """You skipped pairs that overlap.

    In a a a the first and second are neighbours, and so are the second and third: that is (a, a)
    twice. Overlaps matter when merging, not when counting.
    """

    def apart(pieces):
        i = 0
        while i < len(pieces) - 1:
            yield pieces[i], pieces[i + 1]
            i += 2 if pieces[i : i + 2] == pieces[i + 1 : i + 3] else 1

    return counted(words, apart)


@task.mistake
def every_other_pair(words):
    """You took every other pair.

    c o l d has three pairs: c o, o l and l d. Move on by one piece, not by two.
    """
    return counted(words, lambda pieces: zip(pieces[::2], pieces[1::2], strict=False))


@task.mistake
def one_left_out(words):
    """Your pairs leave one piece out.

    A pair is a piece and the one right behind it: pieces[i] and pieces[i + 1].
    """
    return counted(words, lambda pieces: zip(pieces, pieces[2:], strict=False))


@task.mistake
def any_two(words):
    """You paired every piece with all that follow.

    A pair is two neighbours: a piece and the one right behind it.
    """
    return counted(
        words,
        lambda pieces: ((one, other) for i, one in enumerate(pieces) for other in pieces[i + 1 :]),
    )


@task.mistake
def last_word_wins(words):
    """You replaced the count where you should have added to it.

    The last word that has the pair wins. Add its times to what is already there: counts[pair] =
    counts.get(pair, 0) + times.
    """
    return {pair: times for pieces, times in words for pair in pairs(pieces)}


@task.mistake
def first_word_wins(words):
    """You counted each pair where it first came.

    Later words, and later places in the same word, count as well: counts[pair] = counts.get(pair,
    0) + times.
    """
    counts = {}
    for pieces, times in words:
        for pair in pairs(pieces):
            counts.setdefault(pair, times)
    return counts


@task.mistake
def first_time_free(words):
    """The first time does not count.

    A pair that is new begins at 0, and then its times are added, at once: counts[pair] =
    counts.get(pair, 0) + times.
    """
    counts = {}
    for pieces, times in words:
        for pair in pairs(pieces):
            counts[pair] = counts[pair] + times if pair in counts else 0
    return counts


@task.mistake
def first_time_once(words):
    """The first time counts as one.

    A pair that is new begins with the `times` of its word, not with 1.
    """
    counts = {}
    for pieces, times in words:
        for pair in pairs(pieces):
            counts[pair] = counts[pair] + times if pair in counts else 1
    return counts


@task.mistake
def first_time_twice(words):
    """The first time counts twice.

    A pair that is new begins at 0: counts.get(pair, 0) + times, and not counts.get(pair, times) +
    times.
    """
    counts = {}
    for pieces, times in words:
        for pair in pairs(pieces):
            counts[pair] = counts.get(pair, times) + times
    return counts


@task.mistake
def later_times_once(words):
    """After the first time you count by ones.

    Whenever a pair comes again, add the `times` of the word it is in: counts[pair] += times.
    """
    counts = {}
    for pieces, times in words:
        for pair in pairs(pieces):
            counts[pair] = counts[pair] + 1 if pair in counts else times
    return counts


@task.mistake
def last_word_alone(words):
    """You begin anew with every word.

    counts = {} stands inside the loop, so that only the last word is left. It belongs before the
    loop.
    """
    return count_pairs(words[-1:])


@task.mistake
def first_word_alone(words):
    """You return after the first word.

    The return stands inside the loop. It belongs behind it, as far left as the for.
    """
    return count_pairs(words[:1])


@task.mistake
def either_order(words):
    """You counted (a, b) and (b, a) as one pair.

    Order matters: er and re are different pieces.
    """
    return counted(words, lambda pieces: (tuple(sorted(pair)) for pair in pairs(pieces)))


@task.mistake
def turned_round(words):
    """Your pairs are the wrong way round.

    The piece that comes first in the word comes first in the pair: (pieces[i], pieces[i + 1]).
    """
    return counted(words, lambda pieces: (pair[::-1] for pair in pairs(pieces)))


@task.mistake
def last_pair_lost(words):
    """You stopped one pair early.

    The last two pieces of each word are a pair, too. range(len(pieces) - 1) already leaves out what
    must be left out.
    """
    return count_pairs([(pieces[:-1], times) for pieces, times in words])


@task.mistake
def first_pair_lost(words):
    """You left out the first pair.

    Python counts from 0: the first piece is pieces[0].
    """
    return count_pairs([(pieces[1:], times) for pieces, times in words])


@task.mistake
def around_the_corner(words):
    """Your first pair begins at the end.

    pieces[0 - 1] is the last piece of the word in Python, so you paired it with the first. Pair
    piece i with piece i + 1, or begin at 1.
    """
    return counted(words, lambda pieces: ((pieces[i - 1], pieces[i]) for i in range(len(pieces))))


@task.mistake
def single_pieces(words):
    """You counted pieces instead of pairs.

    A key should be a tuple of two neighbours, such as ('o', 'l').
    """
    return counted(words, list)


@task.mistake
def joined_keys(words):
    """Your keys are texts.

    'abc' may be ab + c or a + bc, and these are two pairs. A key should be a tuple of two
    neighbours, such as ('o', 'l').
    """
    return counted(words, lambda pieces: map(joined, pairs(pieces)))


@task.mistake
def lower_case(words):
    """You made everything lower-case.

    C and c are different pieces, and a tokenizer has to give back what was written. Leave the
    pieces as they are.
    """
    return counted(words, lambda pieces: pairs([piece.lower() for piece in pieces]))


@task.mistake
def blanks_stripped(words):
    """You stripped the blanks.

    A blank in a piece says that a word begins there. Leave the pieces as they are.
    """
    return counted(words, lambda pieces: pairs([piece.strip() for piece in pieces]))


@task.mistake
def list_of_counts(words):
    """You returned a list.

    Every pair and its count are in it. As a dictionary it can be asked: counts["o", "ld"]. Return
    dict( … ) of it, or the dictionary itself.
    """
    return list(count_pairs(words).items())


@task.mistake
def most_frequent_alone(words):
    """You returned the winner.

    Which pair is most frequent is the next question. This task asks for all of them, with their
    counts.
    """
    counts = count_pairs(words)
    return max(counts, key=counts.get) if counts else None


@task.mistake
def spaced_keys(words):
    """Your keys are texts with a blank.

    A piece may hold a blank itself, and then nobody knows where the first one ends. A key should be
    a tuple of two neighbours, such as ('o', 'l').
    """
    return counted(words, lambda pieces: map(" ".join, pairs(pieces)))


@task.mistake
def letters_counted(words):
    """You took the words apart into letters.

    The pieces are given, and one of them may be as long as "old". Pair the pieces.
    """
    return counted(words, lambda pieces: pairs("".join(pieces)))


@task.mistake
def first_pair_alone(words):
    """You return after the first pair.

    The return stands inside both loops. It belongs behind them, as far left as the first for.
    """
    for pieces, times in words:
        for pair in pairs(pieces):
            return {pair: times}
    return {}


@task.mistake
def one_step_too_far(words):
    """Your last pair reaches beyond the word.

    There are len(pieces) − 1 pairs, for the last piece has none behind it:
    range(len(pieces) - 1), or zip(pieces, pieces[1:]), which sees to it.
    """
    return counted(words, lambda pieces: [(pieces[i], pieces[i + 1]) for i in range(len(pieces))])


@task.mistake
def largest_times(words):
    """You kept the largest count.

    A pair in three words was seen as often as all three together. Add up.
    """
    counts = {}
    for pieces, times in words:
        for pair in pairs(pieces):
            counts[pair] = max(counts.get(pair, 0), times)
    return counts


@task.mistake
def multiplied(words):
    """You multiplied the counts.

    Seen 5 times and then 6 times is seen 11 times. Add up.
    """
    counts = {}
    for pieces, times in words:
        for pair in pairs(pieces):
            counts[pair] = counts.get(pair, 1) * times
    return counts


@task.mistake
def began_at_one(words):
    """You began at 1.

    A pair that nobody has seen yet was seen 0 times: counts.get(pair, 0) + times.
    """
    return {pair: n + 1 for pair, n in count_pairs(words).items()}
