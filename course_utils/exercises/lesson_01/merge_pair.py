"""Merge a pair."""

import random

from course_utils.checks.task import Case, Task
from course_utils.exercises.lesson_01.common import joined, pairs, random_word

task = Task(
    "01.merge_pair",
    "Merge a pair",
    section="Byte-pair encoding, with a pencil",
    hints=[
        "Walk along the pieces with an index i and build a new list.",
        "If pieces[i] and pieces[i + 1] are the pair, append both as one and go on behind both. "
        "Otherwise append pieces[i] alone.",
        "Use while i < len(pieces); tuple(pieces[i : i + 2]) == pair is safe at the end, too.",
    ],
    praise="Right, and a a a came out as aa a.",
)


@task.answer
def merge_pair(pieces, pair):
    ### BEGIN SOLUTION
    merged, i = [], 0
    while i < len(pieces):
        if tuple(pieces[i : i + 2]) == pair:
            merged.append(pieces[i] + pieces[i + 1])
            i += 2
        else:
            merged.append(pieces[i])
            i += 1
    return merged
    ### END SOLUTION


@task.cases
def cases(seed):
    yield Case("cold", (list("cold"), ("o", "l")))
    yield Case("the pair at both ends", (list("olcool"), ("o", "l")))
    yield Case("three in a row", (list("baaac"), ("a", "a")))
    yield Case("five in a row", (list("aaaaa"), ("a", "a")))
    yield Case("the pair the other way round", (list("looool"), ("o", "l")))
    yield Case("pieces that only end like the pair", (["co", "l", "d", "o", "l"], ("o", "l")))
    yield Case("pieces that only begin like it", (["o", "ld", "o", "l", "ol"], ("o", "l")))
    yield Case("pieces that spell the same", (["ab", "c", "a", "bc"], ("a", "bc")))
    yield Case("longer pieces", (["c", "ol", "d", "col", "d", "ol", "d"], ("ol", "d")))
    yield Case("capitals and blanks", ([" O", "l", "o", "L", " ", "o", "l", " "], ("o", "l")))
    yield Case("no such pair", (list("tom"), ("o", "l")))
    yield Case("the pair's two pieces, apart", (list("oxl"), ("o", "l")))
    yield Case("a single piece", (["cold"], ("c", "o")))
    yield Case("no piece", ([], ("o", "l")))
    generator = random.Random(seed)
    yield Case("a random word", (random_word(generator, "ab", 12), ("a", "b")))
    yield Case("a random word that repeats", (random_word(generator, "ab", 15), ("a", "a")))


@task.also_right
def looking_back(pieces, pair):
    merged, free = [], False  # free: the last piece may still be the left half of a pair
    for piece in pieces:
        if free and (merged[-1], piece) == pair:
            merged[-1], free = merged[-1] + piece, False
        else:
            merged.append(piece)
            free = True
    return merged


@task.also_right
def in_its_own_copy(pieces, pair):
    pieces, i = list(pieces), 0
    while i < len(pieces) - 1:
        if pieces[i] == pair[0] and pieces[i + 1] == pair[1]:
            pieces[i] += pieces.pop(i + 1)
        i += 1
    return pieces


@task.also_right
def by_recursion(pieces, pair):
    if len(pieces) < 2:
        return list(pieces)
    if (pieces[0], pieces[1]) == pair:
        return [joined(pair), *by_recursion(pieces[2:], pair)]
    return [pieces[0], *by_recursion(pieces[1:], pair)]


@task.also_right
def with_a_skip(pieces, pair):
    merged, skip = [], False
    for i, piece in enumerate(pieces):
        if skip:
            skip = False
        elif i < len(pieces) - 1 and [piece, pieces[i + 1]] == list(pair):
            merged, skip = [*merged, "".join(pair)], True
        else:
            merged = [*merged, piece]
    return merged


def walked(pieces, is_pair, made=lambda left, right: left + right, step=2):
    """Right, but for which two are a pair, what is made of them, and how far it goes on then."""
    merged, i = [], 0
    while i < len(pieces):
        if i + 1 < len(pieces) and is_pair(pieces[i], pieces[i + 1]):
            merged.append(made(pieces[i], pieces[i + 1]))
            i += step
        else:
            merged.append(pieces[i])
            i += 1
    return merged


@task.mistake
def pieces_used_twice(pieces, pair):
    """You used a piece twice.

    In a a a the middle a can go with its left or its right neighbour, not with both. After a merge
    step over both pieces: i += 2.
    """
    merged, i = [], 0
    while i < len(pieces):
        if tuple(pieces[i : i + 2]) == pair:
            merged.append(joined(pair))
            i += 2 if tuple(pieces[i + 1 : i + 3]) != pair else 1
        else:
            merged.append(pieces[i])
            i += 1
    return merged


@task.mistake
def second_piece_kept(pieces, pair):
    """You kept the second half of the pair.

    o l became ol, and the l is still there. After a merge step over both pieces: i += 2. A for loop
    over positions cannot skip; a while loop can.
    """
    return walked(pieces, lambda *two: two == pair, step=1)


@task.mistake
def stepped_in_a_for(pieces, pair):
    """Your i += 2 has no effect.

    A for loop sets i anew in each round, whatever was done to it. Use while i < len(pieces), and
    add to i yourself. (And the last piece is never reached.)
    """
    return second_piece_kept(pieces, pair)[:-1]


@task.mistake
def glued_to_what_was_made(pieces, pair):
    """You merged a piece with one that had just been made.

    aa ends with an a, but it is another piece. Compare with the pieces as they were.
    """
    merged = []
    for piece in pieces:
        if merged and piece == pair[1] and merged[-1].endswith(pair[0]):
            merged[-1] += piece
        else:
            merged.append(piece)
    return merged


@task.mistake
def three_skipped(pieces, pair):
    """You skipped a piece after each merge.

    A pair is two pieces, so after a merge i goes on by 2 in all: i += 2 there, and i += 1 only in
    the else.
    """
    return walked(pieces, lambda *two: two == pair, step=3)


@task.mistake
def even_places_only(pieces, pair):
    """You went on by two everywhere.

    A pair may begin at any piece. Go on by two after a merge, and by one otherwise.
    """
    merged = []
    for i in range(0, len(pieces), 2):
        two = pieces[i : i + 2]
        merged += [joined(pair)] if tuple(two) == pair else two
    return merged


@task.mistake
def first_place_only(pieces, pair):
    """You merged the first place only.

    The pair may stand in several places of a word; all of them are merged.
    """
    for i in range(len(pieces) - 1):
        if (pieces[i], pieces[i + 1]) == pair:
            return pieces[:i] + [joined(pair)] + pieces[i + 2 :]
    return list(pieces)


@task.mistake
def stopped_after_a_merge(pieces, pair):
    """You stopped at the first merge.

    What stands behind it is lost. Go on to the end of the pieces, whether the pair came or not.
    """
    for i in range(len(pieces) - 1):
        if (pieces[i], pieces[i + 1]) == pair:
            return pieces[:i] + [joined(pair)]
    return list(pieces)


@task.mistake
def from_the_right(pieces, pair):
    """You merged from the right.

    In a a a it matters who begins. The rule is from left to right: aa a.
    """
    turned = walked(pieces[::-1], lambda *two: two == pair[::-1], lambda right, left: left + right)
    return turned[::-1]


@task.mistake
def replaced_in_text(pieces, pair):
    """You replaced text instead of pieces.

    In 'co l' there is the text 'o l', but no piece 'o'. Compare whole pieces with whole pieces.
    """
    return " ".join(pieces).replace(" ".join(pair), joined(pair)).split()


@task.mistake
def replaced_in_text_and_cut_at_blanks(pieces, pair):
    """You replaced text, and cut it at the blanks.

    In 'co l' there is the text 'o l', but no piece 'o'; and a piece may hold a blank itself.
    Compare whole pieces with whole pieces.
    """
    return " ".join(pieces).replace(" ".join(pair), joined(pair)).split(" ")


@task.mistake
def compared_as_text(pieces, pair):
    """You compared what the pieces spell.

    ab + c and a + bc spell the same and are different pairs. Compare the left piece with pair[0]
    and the right one with pair[1].
    """
    return walked(pieces, lambda left, right: left + right == joined(pair))


@task.mistake
def compared_ends(pieces, pair):
    """You looked for the pair inside the pieces.

    An o within co is no piece o. Compare with ==, and not with in, startswith or endswith.
    """
    return walked(pieces, lambda left, right: left.endswith(pair[0]) and right.startswith(pair[1]))


@task.mistake
def any_of_the_two(pieces, pair):
    """You asked whether each piece is one of the two.

    Then o o and l l are pairs as well. The left piece must be pair[0], the right one pair[1].
    """
    return walked(pieces, lambda left, right: left in pair and right in pair)


@task.mistake
def either_way_round(pieces, pair):
    """You merged the pair the other way round as well.

    The pair (o, l) is o first, then l. An l before an o stays as it is.
    """
    return walked(pieces, lambda *two: two in (pair, pair[::-1]))


@task.mistake
def wrong_way_round(pieces, pair):
    """You looked for the pair the wrong way round.

    The pair (o, l) is o first, then l: pieces[i] is compared with pair[0], the piece behind it with
    pair[1].
    """
    return walked(pieces, lambda *two: two == pair[::-1])


@task.mistake
def left_half_only(pieces, pair):
    """You compared the left half alone.

    An o is not yet the pair (o, l). The piece behind it must be pair[1].
    """
    return walked(pieces, lambda left, right: left == pair[0])


@task.mistake
def right_half_only(pieces, pair):
    """You compared the right half alone.

    An l is not yet the pair (o, l). The piece in front of it must be pair[0].
    """
    return walked(pieces, lambda left, right: right == pair[1])


@task.mistake
def either_half(pieces, pair):
    """One half was enough for you.

    Both must fit, the left and the right: and, not or.
    """
    return walked(pieces, lambda left, right: left == pair[0] or right == pair[1])


@task.mistake
def lower_case(pieces, pair):
    """You made no difference between capitals and small letters.

    O and o are different pieces. Compare them as they are.
    """
    return walked(pieces, lambda left, right: (left.lower(), right.lower()) == pair)


@task.mistake
def blanks_stripped(pieces, pair):
    """You stripped the blanks.

    " O" and "O" are different pieces: the blank says that a word begins there. Leave the pieces as
    they are.
    """
    return merge_pair([piece.strip() for piece in pieces], pair)


@task.mistake
def joined_backwards(pieces, pair):
    """You put the halves together the wrong way round.

    o and l make ol: pair[0] + pair[1].
    """
    return walked(pieces, lambda *two: two == pair, lambda left, right: right + left)


@task.mistake
def pair_itself(pieces, pair):
    """You put the pair in as a pair.

    One piece comes out of two, and a piece is a string: pair[0] + pair[1].
    """
    return walked(pieces, lambda *two: two == pair, lambda *two: two)


@task.mistake
def blank_between(pieces, pair):
    """You left a blank between the halves.

    o and l make ol: "".join(pair), or pair[0] + pair[1].
    """
    return walked(pieces, lambda *two: two == pair, lambda *two: " ".join(two))


@task.mistake
def pair_removed(pieces, pair):
    """You took the pair out and put nothing in.

    The two pieces become one, and that one belongs where they were.
    """
    return [piece for piece in walked(pieces, lambda *two: two == pair, lambda *two: None) if piece]


@task.mistake
def halves_kept(pieces, pair):
    """You put the merged piece in and left the two where they were.

    They have become one: append the merged piece instead of them, and go on behind both.
    """
    merged = []
    for i, piece in enumerate(pieces):
        merged.append(piece)
        if i and (pieces[i - 1], piece) == pair:
            merged.append(joined(pair))
    return merged


@task.mistake
def last_piece_lost(pieces, pair):
    """You lost the last piece.

    When the loop stops before the last piece, and that one is not part of a merge, it still has to
    go into the result.
    """
    merged, i = [], 0
    while i < len(pieces) - 1:
        if (pieces[i], pieces[i + 1]) == pair:
            merged.append(joined(pair))
            i += 2
        else:
            merged.append(pieces[i])
            i += 1
    return merged


@task.mistake
def last_piece_twice(pieces, pair):
    """Your last piece comes twice.

    Where the pair ends the word, both its pieces are in the merged one. Append the last piece only
    if no merge has used it.
    """
    return [*last_piece_lost(pieces, pair), *pieces[-1:]]


@task.mistake
def merges_alone(pieces, pair):
    """You kept the merged pieces alone.

    Whatever is not part of the pair stays in the word: append pieces[i] in the else.
    """
    return [joined(pair) for two in pairs(pieces) if two == pair]


@task.mistake
def text_returned(pieces, pair):
    """You returned a text.

    Joined together, nobody sees where the pieces end. Return the list.
    """
    return "".join(merge_pair(pieces, pair))


@task.mistake
def nothing_merged(pieces, pair):
    """Nothing was merged.

    Your pieces come back as they were. A list is never equal to a tuple, even with the same things
    in it: pieces[i : i + 2] == pair is always False. Make a tuple of the slice first.
    """
    return list(pieces)


@task.mistake
def changed_in_place(pieces, pair):
    """You changed the list that you were given.

    The caller still needs its pieces. Build a new list, or begin with a copy: list(pieces).
    """
    i = 0
    while i < len(pieces) - 1:
        if (pieces[i], pieces[i + 1]) == pair:
            pieces[i : i + 2] = [joined(pair)]
        i += 1
    return pieces


@task.mistake
def parted_by_blanks(pieces, pair):
    """You returned a text with blanks.

    They are the right pieces. Return them as a list: a blank may be part of a piece.
    """
    return " ".join(merge_pair(pieces, pair))


@task.mistake
def all_lower_case(pieces, pair):
    """You made the pieces lower-case.

    Together they have to spell the word as it was. Leave them as they are.
    """
    return merge_pair([piece.lower() for piece in pieces], pair)


@task.mistake
def one_step_too_far(pieces, pair):
    """You looked beyond the end.

    The last piece has none behind it, and pieces[i + 1] is an error there. tuple(pieces[i : i + 2])
    == pair is safe at the end, too.
    """
    merged, i = [], 0
    while i < len(pieces):
        if (pieces[i], pieces[i + 1]) == pair:
            merged.append(joined(pair))
            i += 2
        else:
            merged.append(pieces[i])
            i += 1
    return merged
