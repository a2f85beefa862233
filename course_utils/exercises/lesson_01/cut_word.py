"""Cut a word: replay the merges in the order in which they were learned."""

import random

from course_utils.checks.task import Case, Task
from course_utils.exercises.lesson_01.common import joined, pairs, random_word
from course_utils.exercises.lesson_01.count_pairs import count_pairs
from course_utils.exercises.lesson_01.merge_pair import first_place_only, merge_pair

task = Task(
    "01.cut_word",
    "Cut a word",
    section="Cutting a new word",
    hints=[
        "Begin with list(word), one piece for each letter.",
        "Take the merges in their order. You have a function that does one merge to a word.",
        "for pair in merges: pieces = merge_pair(pieces, pair)",
    ],
    praise="Right: in the order in which they were learned.",
)


@task.answer
def cut_word(word, merges):
    ### BEGIN SOLUTION
    pieces = list(word)
    for pair in merges:
        pieces = merge_pair(pieces, pair)
    return pieces
    ### END SOLUTION


SIX_MERGES = [("o", "l"), ("ol", "d"), ("c", "old"), ("e", "r"), ("old", "er"), ("c", "o")]
BORDERS = [("b", "c"), ("a", "b"), ("c", "d"), ("a", "bc"), ("ab", "ab"), ("bc", "d"), ("d", "e")]
SPELLED = [("a", "b"), ("b", "c"), ("a", "bc"), ("c", "d"), ("bc", "d"), ("b", "cd")]
AGAIN = [("a", "a"), ("aa", "a"), ("aa", "aa"), ("a", "n")]


@task.cases
def cases(seed):
    for word in ("coldest", "older", "cocoa", "xyz"):
        yield Case(f"{word} and the lesson's six merges", (word, SIX_MERGES))
    for word in ("abcd", "ababcabab", "bcde", "cdbcd"):
        yield Case(f"{word}, where merges compete", (word, BORDERS))
    yield Case("abcd, where two pairs spell the same", ("abcd", SPELLED))
    for word in ("aaa", "aaaabaa", "anaan"):
        yield Case(f"{word}, the same letter again", (word, AGAIN))
    yield Case("Older COLD, with capitals", ("Older COLD", [("C", "O"), *SIX_MERGES, ("O", "L")]))
    yield Case("no merges", ("cold", []))
    yield Case("a single letter", ("c", SIX_MERGES))
    yield Case("a word without letters", ("", SIX_MERGES))
    generator = random.Random(seed)
    word = "".join(random_word(generator, "abcde", 12))
    yield Case(f"{word}, where merges compete", (word, BORDERS))
    words = [(random_word(generator, "abc", 9), 1 + number) for number in range(4)]
    merges = learned(words, 7)
    word = "".join(random_word(generator, "abc", 13))
    yield Case(f"{word} and seven learned merges", (word, merges))


def learned(words, rounds):
    """The merges that byte-pair encoding learns from these words."""
    merges = []
    for _ in range(rounds):
        counts = count_pairs(words)
        merges.append(max(counts, key=counts.get))
        words = [(merge_pair(pieces, merges[-1]), times) for pieces, times in words]
    return merges


@task.also_right
def by_rank(word, merges):
    rank = {pair: number for number, pair in enumerate(merges)}
    pieces = list(word)
    while True:
        known = [pair for pair in pairs(pieces) if pair in rank]
        if not known:
            return pieces
        best = min(known, key=rank.get)
        i = list(pairs(pieces)).index(best)
        pieces[i : i + 2] = [joined(best)]


@task.also_right
def one_place_after_the_other(word, merges):
    pieces = [*word]
    for left, right in merges:
        i = 0
        while i + 1 < len(pieces):
            if pieces[i] == left and pieces[i + 1] == right:
                pieces[i : i + 2] = [left + right]
            i += 1
    return pieces


@task.also_right
def with_marks(word, merges):
    """A bar in front of and behind every piece, so that no piece is found within another."""
    text = "".join(f"|{letter}|" for letter in word)
    for left, right in merges:
        text = text.replace(f"|{left}||{right}|", f"|{left}{right}|")
    return text.strip("|").split("||") if text else []


@task.also_right
def by_recursion(word, merges, pieces=None):
    pieces = list(word) if pieces is None else pieces
    return by_recursion(word, merges[1:], merge_pair(pieces, merges[0])) if merges else pieces


def replayed(word, merges, merge):
    """Right, but for how a single merge is done: `merge(pieces, pair)`."""
    pieces = list(word)
    for pair in merges:
        pieces = merge(pieces, pair)
    return pieces


def as_long_as_it_goes(word, merges, choose):
    """Merge one of the known pairs, everywhere, until there is none: `choose(candidates)`."""
    pieces, known = list(word), set(merges)
    while candidates := [pair for pair in pairs(pieces) if pair in known]:
        pieces = merge_pair(pieces, choose(candidates))
    return pieces


@task.mistake
def longest_piece_first(word, merges):
    """You took the longest piece that fits.

    That is WordPiece's rule, a good one, but not BPE's. BPE replays its merges in the order in
    which they were learned, and may end up with shorter pieces.
    """
    vocabulary = set(word) | {joined(pair) for pair in merges}
    pieces, start = [], 0
    while start < len(word):
        end = next(e for e in range(len(word), start, -1) if word[start:e] in vocabulary)
        pieces.append(word[start:end])
        start = end
    return pieces


@task.mistake
def longest_merge_first(word, merges):
    """You preferred the merge that makes the longest piece.

    Length has no say. The merge that was learned first goes first.
    """
    return as_long_as_it_goes(word, merges, lambda known: max(known, key=lambda p: len(joined(p))))


@task.mistake
def shortest_first(word, merges):
    """You took the short merges first.

    Length has no say. Take the merges in the order in which they were learned.
    """
    return cut_word(word, sorted(merges, key=lambda pair: len(joined(pair))))


@task.mistake
def by_the_alphabet(word, merges):
    """You sorted the merges.

    The order in which they were learned is all that counts, and sorted( ) puts them in that of the
    alphabet.
    """
    return cut_word(word, sorted(merges))


@task.mistake
def leftmost_first(word, merges):
    """You merged the leftmost pair that you knew.

    Where it stands in the word has no say. The merge that was learned first goes first, wherever it
    applies.
    """
    pieces, known = list(word), set(merges)
    while candidates := [pair for pair in pairs(pieces) if pair in known]:
        i = list(pairs(pieces)).index(candidates[0])
        pieces = pieces[:i] + [joined(candidates[0])] + pieces[i + 2 :]
    return pieces


@task.mistake
def one_walk_from_left_to_right(word, merges):
    """You walked along the word once, and merged what you knew.

    That takes the pairs in the order of their places. Walk along the whole word for each merge, in
    the order in which the merges were learned.
    """
    pieces, i = list(word), 0
    while i < len(pieces) - 1:
        if (pieces[i], pieces[i + 1]) in merges:
            pieces[i : i + 2] = [pieces[i] + pieces[i + 1]]
        else:
            i += 1
    return pieces


@task.mistake
def latest_merge_first(word, merges):
    """You let the latest merge go first.

    The order is the other way round: merges[0] was the most frequent pair and goes first.
    """
    return as_long_as_it_goes(word, merges, lambda known: max(known, key=merges.index))


@task.mistake
def backwards_once(word, merges):
    """You replayed the merges backwards.

    Later merges use pieces that earlier ones make: (ol, d) needs an ol. Begin with merges[0].
    """
    return cut_word(word, merges[::-1])


@task.mistake
def letters_only(word, merges):
    """Only single letters were merged.

    A merge may use the piece that an earlier merge has made: after (o, l) comes (ol, d). Hand the
    new pieces on to the next merge, and leave the merges in their order: with the longest in front,
    none but the letters' own finds its pieces.
    """
    return cut_word(word, [pair for pair in merges if len(pair[0]) == len(pair[1]) == 1])


@task.mistake
def each_time_from_the_letters(word, merges):
    """You begin with the letters at every merge.

    What the merges before have made is lost then. Begin once, in front of the loop, and hand the
    pieces on: pieces = merge_pair(pieces, pair).
    """
    pieces = list(word)
    for pair in merges:
        pieces = merge_pair(list(word), pair)
    return pieces


@task.mistake
def not_stored(word, merges):
    """Your merges are lost.

    The letters come back as they were. merge_pair returns a new list and leaves the old one as it
    was, so store what it returns: pieces = merge_pair(pieces, pair).
    """
    pieces = list(word)
    for pair in merges:
        merge_pair(pieces, pair)
    return pieces


@task.mistake
def first_merge_alone(word, merges):
    """You return after the first merge.

    The return stands inside the loop. It belongs behind it, as far left as the for.
    """
    return cut_word(word, merges[:1])


@task.mistake
def first_merge_left_out(word, merges):
    """You left out the first merge.

    Python counts from 0: merges[0] is the first, and goes first.
    """
    return cut_word(word, merges[1:])


@task.mistake
def last_merge_forgotten(word, merges):
    """You left out the last merge.

    All merges are replayed, merges[-1] included.
    """
    return cut_word(word, merges[:-1])


@task.mistake
def each_merge_once(word, merges):
    """You applied each merge once.

    A merge applies wherever its pair stands in the word; cocoa has two times co.
    """
    return replayed(word, merges, first_place_only)


@task.mistake
def stops_at_the_first_miss(word, merges):
    """You stopped at the first merge that did not apply.

    A word needs few of the merges. Go on with the next one: continue, not break.
    """
    pieces = list(word)
    for pair in merges:
        merged = merge_pair(pieces, pair)
        if merged == pieces:
            break
        pieces = merged
    return pieces


@task.mistake
def stops_at_the_first_hit(word, merges):
    """You stopped at the first merge that applied.

    The merges behind it are replayed as well, on what this one has made.
    """
    pieces = list(word)
    for pair in merges:
        merged = merge_pair(pieces, pair)
        if merged != pieces:
            return merged
    return pieces


@task.mistake
def replaced_in_text(word, merges):
    """You replaced text instead of pieces.

    In 'co l' there is the text 'o l', but no piece 'o'. Compare whole pieces with whole pieces, as
    your merge_pair does.
    """

    def replaced(pieces, pair):
        return " ".join(pieces).replace(" ".join(pair), joined(pair)).split(" ")

    return replayed(word, merges, replaced)


@task.mistake
def replaced_in_text_and_cut_at_blanks(word, merges):
    """You replaced text, and cut it at the blanks.

    In 'co l' there is the text 'o l', but no piece 'o'; and the word may hold a blank itself.
    Compare whole pieces with whole pieces, as your merge_pair does.
    """
    text = " ".join(word)
    for pair in merges:
        text = text.replace(" ".join(pair), joined(pair))
    return text.split()


@task.mistake
def compared_as_text(word, merges):
    """You compared what the pieces spell.

    ab + c and a + bc spell the same and are different pairs. Compare the left piece with pair[0]
    and the right one with pair[1], as your merge_pair does.
    """

    def spelled(pieces, pair):
        merged, i = [], 0
        while i < len(pieces):
            is_pair = "".join(pieces[i : i + 2]) == joined(pair) != pieces[i]
            merged.append(joined(pair) if is_pair else pieces[i])
            i += 2 if is_pair else 1
        return merged

    return replayed(word, merges, spelled)


@task.mistake
def pieces_used_twice(word, merges):
    """You kept the second half of each pair.

    In a a a the first two become aa, and the second a is used up. After a merge step over both
    pieces, as your merge_pair does.
    """

    def kept(pieces, pair):
        last = len(pieces) - 1
        return [
            joined(pair) if i < last and (piece, pieces[i + 1]) == pair else piece
            for i, piece in enumerate(pieces)
        ]

    return replayed(word, merges, kept)


@task.mistake
def merged_from_the_right(word, merges):
    """You merged from the right.

    In a a a it matters who begins. The rule is from left to right: aa a.
    """

    def from_the_right(pieces, pair):
        pieces = list(pieces)
        for i in range(len(pieces) - 2, -1, -1):
            if tuple(pieces[i : i + 2]) == pair:
                pieces[i : i + 2] = [joined(pair)]
        return pieces

    return replayed(word, merges, from_the_right)


@task.mistake
def lower_case(word, merges):
    """You made the word lower-case.

    O and o are different letters, and the pieces have to spell the word as it was. Begin with
    list(word).
    """
    return cut_word(word.lower(), merges)


@task.mistake
def blanks_dropped(word, merges):
    """You dropped the blank.

    Together the pieces have to spell the word as it was. Begin with list(word), whatever is in it.
    """
    return cut_word(word.replace(" ", ""), merges)


@task.mistake
def whole_word(word, merges):
    """You began with the whole word.

    [word] is a single piece, and no pair is in it. list(word) has a piece for each letter.
    """
    return [word]


@task.mistake
def joined_again(word, merges):
    """You joined the pieces again.

    That is the word you were given. Return the list of pieces.
    """
    return "".join(cut_word(word, merges))


@task.mistake
def parted_by_blanks(word, merges):
    """You returned a text with blanks.

    They are the right pieces. Return them as a list: a blank may be a piece, too.
    """
    return " ".join(cut_word(word, merges))


@task.mistake
def how_many(word, merges):
    """You returned how many pieces there are.

    The task asks for the pieces themselves.
    """
    return len(cut_word(word, merges))
