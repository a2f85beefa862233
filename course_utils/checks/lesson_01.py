"""Lesson 01, words into numbers: counting pairs, merging them, cutting words, finding neighbours.

Words are lists of pieces, and pieces are strings, as in the lesson.
"""

import random
from collections import Counter, defaultdict

import torch
import torch.nn.functional as F

from course_utils.checks._old import Case, Misconception, Task

# 1. Count the pairs


def count_pairs(words):
    counts = {}
    for pieces, times in words:
        for pair in zip(pieces, pieces[1:], strict=False):
            counts[pair] = counts.get(pair, 0) + times
    return counts


def random_word(generator, letters, n):
    return [generator.choice(letters) for _ in range(n)]


def count_pairs_cases(seed):
    yield Case("the same pair in three words", ([(["o", "ld"], 5), (["c", "o", "ld"], 6),
                                                 (["o", "ld", "er"], 4)],))  # fmt: skip
    yield Case("a word that overlaps itself", ([(list("aaa"), 3), (list("cool"), 1)],))
    yield Case("a word that says it twice", ([(list("abcab"), 2), (list("ba"), 7)],))
    yield Case("a word of a single piece", ([(["cold"], 9), (list("cold"), 1)],))
    generator = random.Random(seed)
    words = [(random_word(generator, "coffe", 6), generator.randint(2, 9)) for _ in range(5)]
    yield Case("five words", (words,))


def times_forgotten(words):
    return dict(Counter(pair for pieces, _ in words for pair in pairs(pieces)))


def pairs(pieces):
    return zip(pieces, pieces[1:], strict=False)


def across_words(words):
    text = [piece for pieces, times in words for _ in range(times) for piece in pieces]
    return dict(Counter(pairs(text)))


def once_a_word(words):
    counts = Counter()
    for pieces, times in words:
        for pair in set(pairs(pieces)):
            counts[pair] += times
    return dict(counts)


def without_overlaps(words):
    counts = Counter()
    for pieces, times in words:
        i = 0
        while i < len(pieces) - 1:
            pair = pieces[i], pieces[i + 1]
            counts[pair] += times
            i += 2 if pieces[i : i + 2] == pieces[i + 1 : i + 3] else 1
    return dict(counts)


def every_other_pair(words):
    counts = Counter()
    for pieces, times in words:
        for left, right in zip(pieces[::2], pieces[1::2], strict=False):
            counts[left, right] += times
    return dict(counts)


def last_word_wins(words):
    return {pair: times for pieces, times in words for pair in pairs(pieces)}


def either_order(words):
    counts = Counter()
    for pieces, times in words:
        for pair in pairs(pieces):
            counts[tuple(sorted(pair))] += times
    return dict(counts)


def last_pair_lost(words):
    return count_pairs([(pieces[:-1], times) for pieces, times in words])


def around_the_corner(words):
    counts = Counter()
    for pieces, times in words:
        for i in range(len(pieces)):
            counts[pieces[i - 1], pieces[i]] += times
    return dict(counts)


def single_pieces(words):
    counts = Counter()
    for pieces, times in words:
        for piece in pieces:
            counts[piece] += times
    return dict(counts)


def count_pairs_by_index(words):
    counts = defaultdict(int)
    for pieces, times in words:
        for i in range(len(pieces) - 1):
            counts[(pieces[i], pieces[i + 1])] += times
    return counts


def count_pairs_with_counter(words):
    return Counter(p for pieces, times in words for _ in range(times) for p in pairs(pieces))


# 2. Merge a pair


def merge_pair(pieces, pair):
    merged, i = [], 0
    while i < len(pieces):
        if tuple(pieces[i : i + 2]) == pair:
            merged.append(pieces[i] + pieces[i + 1])
            i += 2
        else:
            merged.append(pieces[i])
            i += 1
    return merged


def merge_pair_cases(seed):
    yield Case("cold", (list("cold"), ("o", "l")))
    yield Case("the pair at both ends", (list("olcool"), ("o", "l")))
    yield Case("three in a row", (list("baaac"), ("a", "a")))
    yield Case("five in a row", (list("aaaaa"), ("a", "a")))
    yield Case("the pair the other way round", (list("looool"), ("o", "l")))
    yield Case("pieces that only end like the pair", (["co", "l", "d", "o", "l"], ("o", "l")))
    yield Case("pieces that spell the same", (["ab", "c", "a", "bc"], ("a", "bc")))
    yield Case("no such pair", (list("tom"), ("o", "l")))
    yield Case("a single piece", (["cold"], ("c", "o")))
    generator = random.Random(seed)
    yield Case("a random word", (random_word(generator, "ab", 12), ("a", "b")))


def joined(pair):
    return pair[0] + pair[1]


def pieces_used_twice(pieces, pair):
    merged, i = [], 0
    while i < len(pieces):
        if tuple(pieces[i : i + 2]) == pair:
            merged.append(joined(pair))
            i += 2 if tuple(pieces[i + 1 : i + 3]) != pair else 1
        else:
            merged.append(pieces[i])
            i += 1
    return merged


def second_piece_kept(pieces, pair):
    last = len(pieces) - 1
    return [
        joined(pair) if i < last and (piece, pieces[i + 1]) == pair else piece
        for i, piece in enumerate(pieces)
    ]


def first_place_only(pieces, pair):
    for i in range(len(pieces) - 1):
        if (pieces[i], pieces[i + 1]) == pair:
            return pieces[:i] + [joined(pair)] + pieces[i + 2 :]
    return list(pieces)


def from_the_right(pieces, pair):
    merged = merge_pair(pieces[::-1], pair[::-1])
    swapped = pair[1] + pair[0]
    return [joined(pair) if piece == swapped else piece for piece in reversed(merged)]


def replaced_in_text(pieces, pair):
    return " ".join(pieces).replace(" ".join(pair), joined(pair)).split()


def compared_as_text(pieces, pair):
    merged, i = [], 0
    while i < len(pieces):
        if i + 1 < len(pieces) and pieces[i] + pieces[i + 1] == joined(pair):
            merged.append(joined(pair))
            i += 2
        else:
            merged.append(pieces[i])
            i += 1
    return merged


def either_way_round(pieces, pair):
    merged, i = [], 0
    while i < len(pieces):
        if tuple(pieces[i : i + 2]) in (pair, pair[::-1]):
            merged.append(pieces[i] + pieces[i + 1])
            i += 2
        else:
            merged.append(pieces[i])
            i += 1
    return merged


def last_piece_lost(pieces, pair):
    merged, i = [], 0
    while i < len(pieces) - 1:
        if (pieces[i], pieces[i + 1]) == pair:
            merged.append(joined(pair))
            i += 2
        else:
            merged.append(pieces[i])
            i += 1
    return merged


def changed_in_place(pieces, pair):
    i = 0
    while i < len(pieces) - 1:
        if (pieces[i], pieces[i + 1]) == pair:
            pieces[i : i + 2] = [joined(pair)]
        i += 1
    return pieces


def merge_pair_backwards_looking(pieces, pair):
    merged, free = [], False  # free: the last piece may still be the left half of a pair
    for piece in pieces:
        if free and (merged[-1], piece) == pair:
            merged[-1], free = merged[-1] + piece, False
        else:
            merged.append(piece)
            free = True
    return merged


def merge_pair_by_copying(pieces, pair):
    pieces, i = list(pieces), 0
    while i < len(pieces) - 1:
        if pieces[i] == pair[0] and pieces[i + 1] == pair[1]:
            pieces[i] += pieces.pop(i + 1)
        i += 1
    return pieces


# 3. Cut a word


def cut_word(word, merges):
    pieces = list(word)
    for pair in merges:
        pieces = merge_pair(pieces, pair)
    return pieces


SIX_MERGES = [("o", "l"), ("ol", "d"), ("c", "old"), ("e", "r"), ("old", "er"), ("c", "o")]
BORDERS = [("b", "c"), ("a", "b"), ("c", "d"), ("a", "bc"), ("ab", "ab"), ("bc", "d"), ("d", "e")]


def cut_word_cases(seed):
    for word in ("coldest", "fool", "colder", "older", "cocoa", "xyz"):
        yield Case(f"{word} and the lesson's six merges", (word, SIX_MERGES))
    for word in ("abcd", "ababcabab", "bcde", "abcabc", "cdbcd"):
        yield Case(f"{word}, where merges compete", (word, BORDERS))
    word = "".join(random_word(random.Random(seed), "abcde", 12))
    yield Case(f"{word}, where merges compete", (word, BORDERS))


def longest_piece_first(word, merges):
    vocabulary = set(word) | {joined(pair) for pair in merges}
    pieces, start = [], 0
    while start < len(word):
        end = next(e for e in range(len(word), start, -1) if word[start:e] in vocabulary)
        pieces.append(word[start:end])
        start = end
    return pieces


def longest_merge_first(word, merges):
    pieces, known = list(word), set(merges)
    while candidates := [pair for pair in pairs(pieces) if pair in known]:
        pieces = merge_pair(pieces, max(candidates, key=lambda pair: len(joined(pair))))
    return pieces


def leftmost_first(word, merges):
    pieces, known = list(word), set(merges)
    while candidates := [pair for pair in pairs(pieces) if pair in known]:
        i = list(pairs(pieces)).index(candidates[0])
        pieces = pieces[:i] + [joined(candidates[0])] + pieces[i + 2 :]
    return pieces


def latest_merge_first(word, merges):
    pieces, known = list(word), set(merges)
    while candidates := [pair for pair in pairs(pieces) if pair in known]:
        pieces = merge_pair(pieces, max(candidates, key=merges.index))
    return pieces


def backwards_once(word, merges):
    return cut_word(word, merges[::-1])


def letters_only(word, merges):
    return cut_word(word, [pair for pair in merges if len(pair[0]) == len(pair[1]) == 1])


def each_merge_once(word, merges):
    pieces = list(word)
    for pair in merges:
        pieces = first_place_only(pieces, pair)
    return pieces


def stops_at_the_first_miss(word, merges):
    pieces = list(word)
    for pair in merges:
        merged = merge_pair(pieces, pair)
        if merged == pieces:
            break
        pieces = merged
    return pieces


def last_merge_forgotten(word, merges):
    return cut_word(word, merges[:-1])


def joined_again(word, merges):
    return "".join(cut_word(word, merges))


def cut_word_by_rank(word, merges):
    rank = {pair: number for number, pair in enumerate(merges)}
    pieces = list(word)
    while True:
        known = [pair for pair in pairs(pieces) if pair in rank]
        if not known:
            return pieces
        best = min(known, key=rank.get)
        i = list(pairs(pieces)).index(best)
        pieces[i : i + 2] = [joined(best)]


# 4. Who lives next door?


def nearest(table, row, k):
    lengths = table.norm(dim=1)
    cosines = table @ table[row] / (lengths * lengths[row])
    cosines[row] = -torch.inf  # nobody is their own neighbour
    return cosines.topk(k).indices


def nearest_cases(seed):
    generator = torch.Generator().manual_seed(seed)
    for rows, d, row, k in ((12, 3, 4, 3), (20, 8, 0, 5), (20, 2, 19, 4), (40, 3, 17, 12)):
        lengths = torch.rand(rows, 1, generator=generator) * 5 + 0.2
        table = F.normalize(torch.randn(rows, d, generator=generator), dim=1) * lengths
        yield Case(f"{rows} rows of {d} numbers, the {k} nearest to row {row}", (table, row, k))
    table = torch.randn(9, 4, generator=generator)
    # Two rows of the same direction: whoever drops the first of the best drops, once, the other.
    table[2] = 2 * table[6]
    for row in (2, 6):
        yield Case(f"9 rows, row 2 is twice row 6; the 3 nearest to row {row}", (table, row, 3))


def cosines_with(table, row):
    return F.cosine_similarity(table, table[row], dim=-1)


def neighbours(closeness, row, k):
    closeness = closeness.clone()
    closeness[row] = -torch.inf
    return closeness.topk(k).indices


def with_itself(table, row, k):
    return cosines_with(table, row).topk(k).indices


def one_too_many(table, row, k):
    return cosines_with(table, row).topk(k + 1).indices


def first_dropped(table, row, k):
    return cosines_with(table, row).topk(k + 1).indices[1:]


def by_dot_product(table, row, k):
    return neighbours(table @ table[row], row, k)


def dot_product_with_itself(table, row, k):
    return (table @ table[row]).topk(k).indices


def best_dot_product_dropped(table, row, k):
    return (table @ table[row]).topk(k + 1).indices[1:]


def by_distance(table, row, k):
    return neighbours(-(table - table[row]).norm(dim=1), row, k)


def farthest(table, row, k):
    return neighbours(-cosines_with(table, row), row, k)


def sign_ignored(table, row, k):
    return neighbours(cosines_with(table, row).abs(), row, k)


def columns_normalised(table, row, k):
    return by_dot_product(F.normalize(table, dim=0), row, k)


def row_cut_out(table, row, k):
    rest = torch.cat([table[:row], table[row + 1 :]])
    return F.cosine_similarity(rest, table[row], dim=-1).topk(k).indices


def values_returned(table, row, k):
    return cosines_with(table, row)[nearest(table, row, k)]


def in_order_of_rows(table, row, k):
    return nearest(table, row, k).sort().values


def nearest_by_sorting(table, row, k):
    order = cosines_with(table, row).argsort(descending=True)
    return order[order != row][:k]


def nearest_by_normalising(table, row, k):
    unit = table / table.norm(dim=1, keepdim=True)
    return neighbours(unit @ unit[row], row, k)


TASKS = [
    Task(
        id="01.count_pairs",
        title="Count the pairs",
        reference=count_pairs,
        cases=count_pairs_cases,
        misconceptions=[
            Misconception(
                "you forgot how often each word was seen",
                times_forgotten,
                "Every pair counts once where it should count `times`: a word seen 6 times "
                "holds its pairs 6 times.",
            ),
            Misconception(
                "you counted across the border of two words",
                across_words,
                "The last piece of one word and the first of the next are no pair: which word "
                "comes next in this list means nothing. Count inside each word.",
            ),
            Misconception(
                "you counted a pair once a word",
                once_a_word,
                "In a b c a b the pair a b stands twice, and both count.",
            ),
            Misconception(
                "you skipped pairs that overlap",
                without_overlaps,
                "In a a a the first and second are neighbours, and so are the second and third: "
                "that is (a, a) twice. Overlaps matter when merging, not when counting.",
            ),
            Misconception(
                "you took every other pair",
                every_other_pair,
                "c o l d has three pairs: c o, o l and l d. Move on by one piece, not by two.",
            ),
            Misconception(
                "you replaced the count where you should have added to it",
                last_word_wins,
                "The last word that has the pair wins. Add its times to what is already there: "
                "counts[pair] = counts.get(pair, 0) + times.",
            ),
            Misconception(
                "you counted (a, b) and (b, a) as one pair",
                either_order,
                "Order matters: er and re are different pieces.",
            ),
            Misconception(
                "you stopped one pair early",
                last_pair_lost,
                "The last two pieces of each word are a pair, too. range(len(pieces) - 1) "
                "already leaves out what must be left out.",
            ),
            Misconception(
                "your first pair begins at the end",
                around_the_corner,
                "pieces[0 - 1] is the last piece of the word in Python, so you paired it with the "
                "first. Pair piece i with piece i + 1, or begin at 1.",
            ),
            Misconception(
                "you counted pieces instead of pairs",
                single_pieces,
                "A key should be a tuple of two neighbours, such as ('o', 'l').",
            ),
        ],
        hints=[
            "Two loops: one over the words, one over the neighbours within a word.",
            "zip(pieces, pieces[1:]) gives each piece with the one behind it.",
            "For each pair: counts[pair] = counts.get(pair, 0) + times.",
        ],
        alternatives=[count_pairs_by_index, count_pairs_with_counter],
        praise="Right. That was the learning half of byte-pair encoding: counting.",
    ),
    Task(
        id="01.merge_pair",
        title="Merge a pair",
        reference=merge_pair,
        cases=merge_pair_cases,
        misconceptions=[
            Misconception(
                "you used a piece twice",
                pieces_used_twice,
                "In a a a the middle a can go with its left or its right neighbour, not with both. "
                "After a merge step over both pieces: i += 2.",
            ),
            Misconception(
                "you kept the second half of the pair",
                second_piece_kept,
                "o l became ol, and the l is still there. After a merge step over both pieces: "
                "i += 2. A for loop over positions cannot skip; a while loop can.",
            ),
            Misconception(
                "you merged the first place only",
                first_place_only,
                "The pair may stand in several places of a word; all of them are merged.",
            ),
            Misconception(
                "you merged from the right",
                from_the_right,
                "In a a a it matters who begins. The rule is from left to right: aa a.",
            ),
            Misconception(
                "you replaced text instead of pieces",
                replaced_in_text,
                "In 'co l' there is the text 'o l', but no piece 'o'. Compare whole pieces with "
                "whole pieces.",
            ),
            Misconception(
                "you compared what the pieces spell",
                compared_as_text,
                "ab + c and a + bc spell the same and are different pairs. Compare the left piece "
                "with pair[0] and the right one with pair[1].",
            ),
            Misconception(
                "you merged the pair the other way round as well",
                either_way_round,
                "The pair (o, l) is o first, then l. An l before an o stays as it is.",
            ),
            Misconception(
                "you lost the last piece",
                last_piece_lost,
                "When the loop stops before the last piece, and that one is not part of a merge, "
                "it still has to go into the result.",
            ),
            Misconception(
                "you changed the list that you were given",
                changed_in_place,
                "The caller still needs its pieces. Build a new list, or begin with a copy: "
                "list(pieces).",
            ),
        ],
        hints=[
            "Walk along the pieces with an index i and build a new list.",
            "If pieces[i] and pieces[i + 1] are the pair, append both as one and go on behind "
            "both. Otherwise append pieces[i] alone.",
            "Use while i < len(pieces); tuple(pieces[i : i + 2]) == pair is safe at the end, too.",
        ],
        alternatives=[merge_pair_backwards_looking, merge_pair_by_copying],
        praise="Right, and a a a came out as aa a.",
    ),
    Task(
        id="01.cut_word",
        title="Cut a word",
        reference=cut_word,
        cases=cut_word_cases,
        misconceptions=[
            Misconception(
                "you took the longest piece that fits",
                longest_piece_first,
                "That is WordPiece's rule, a good one, but not BPE's. BPE replays its merges in "
                "the order in which they were learned, and may end up with shorter pieces.",
            ),
            Misconception(
                "you preferred the merge that makes the longest piece",
                longest_merge_first,
                "Length has no say. The merge that was learned first goes first.",
            ),
            Misconception(
                "you merged the leftmost pair that you knew",
                leftmost_first,
                "Where it stands in the word has no say. The merge that was learned first goes "
                "first, wherever it applies.",
            ),
            Misconception(
                "you let the latest merge go first",
                latest_merge_first,
                "The order is the other way round: merges[0] was the most frequent pair and goes "
                "first.",
            ),
            Misconception(
                "you replayed the merges backwards",
                backwards_once,
                "Later merges use pieces that earlier ones make: (ol, d) needs an ol. Begin with "
                "merges[0].",
            ),
            Misconception(
                "you merged single letters only",
                letters_only,
                "A merge may use the piece that an earlier merge has made: after (o, l) comes "
                "(ol, d). Hand the new pieces on to the next merge.",
            ),
            Misconception(
                "you applied each merge once",
                each_merge_once,
                "A merge applies wherever its pair stands in the word; cocoa has two times co.",
            ),
            Misconception(
                "you stopped at the first merge that did not apply",
                stops_at_the_first_miss,
                "A word needs few of the merges. Go on with the next one: continue, not break.",
            ),
            Misconception(
                "you left out the last merge",
                last_merge_forgotten,
                "All merges are replayed, merges[-1] included.",
            ),
            Misconception(
                "you joined the pieces again",
                joined_again,
                "That is the word you were given. Return the list of pieces.",
            ),
        ],
        hints=[
            "Begin with list(word), one piece for each letter.",
            "Take the merges in their order. You have a function that does one merge to a word.",
            "for pair in merges: pieces = merge_pair(pieces, pair)",
        ],
        alternatives=[cut_word_by_rank],
        praise="Right: in the order in which they were learned.",
    ),
    Task(
        id="01.nearest",
        title="Who lives next door?",
        reference=nearest,
        cases=nearest_cases,
        dimensions=("k",),
        misconceptions=[
            Misconception(
                "the first of your neighbours is the row itself",
                with_itself,
                "Everything is most like itself, with cosine 1. Leave `row` out before you take "
                "the best k.",
            ),
            Misconception(
                "you returned one too many",
                one_too_many,
                "k + 1 rows, and the first is the row itself. Drop that one.",
            ),
            Misconception(
                "you dropped the first, which is not always the row itself",
                first_dropped,
                "Another row may point exactly the same way. Then two have the cosine 1, and the "
                "first of them may be that other row. Leave out `row` by its number.",
            ),
            Misconception(
                "you compared dot products",
                by_dot_product,
                "Long rows win every comparison. The cosine divides the dot product by both "
                "lengths.",
            ),
            Misconception(
                "you compared dot products, and left the row itself in",
                dot_product_with_itself,
                "Two things: divide by both lengths, or long rows win; and a row is not its own "
                "neighbour.",
            ),
            Misconception(
                "you compared dot products, and dropped the winner",
                best_dot_product_dropped,
                "Divide by both lengths. Without that the winner need not even be the row itself, "
                "so dropping the first drops the wrong one.",
            ),
            Misconception(
                "you measured distances",
                by_distance,
                "A long and a short arrow in the same direction are far apart, and their cosine "
                "is 1. The task asks for the cosine.",
            ),
            Misconception(
                "you found the strangers",
                farthest,
                "These are the smallest cosines. Sorting goes upwards unless you say "
                "descending=True; topk takes the largest by itself.",
            ),
            Misconception(
                "you ignored the sign",
                sign_ignored,
                "A cosine of −0.9 points nearly the opposite way. No .abs() here.",
            ),
            Misconception(
                "you normalised the columns",
                columns_normalised,
                "Each row is a word, so each row gets length 1: dim=1 (or dim=-1), not dim=0.",
            ),
            Misconception(
                "your row numbers are off by one behind the row itself",
                row_cut_out,
                "You cut the row out of the table, so all later rows moved up by one. Keep the "
                "table whole and set the row's own cosine to −infinity.",
            ),
            Misconception(
                "you returned the cosines",
                values_returned,
                "The task asks whose they are: topk(k).indices rather than .values.",
            ),
            Misconception(
                "you sorted them by row",
                in_order_of_rows,
                "The right rows; the nearest one should come first.",
            ),
        ],
        hints=[
            "One cosine for each row of the table: the dot product with table[row], divided by "
            "both lengths. table.norm(dim=1) has all lengths.",
            "F.cosine_similarity(table, table[row], dim=-1) does that in one go.",
            "Set cosines[row] = -torch.inf, then return cosines.topk(k).indices.",
        ],
        alternatives=[nearest_by_sorting, nearest_by_normalising],
        praise="Right. Angles, not lengths.",
    ),
]
