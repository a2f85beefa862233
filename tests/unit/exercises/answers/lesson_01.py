"""Answers to exercise 01, written from its text."""

from collections import Counter, defaultdict

import numpy as np
import torch
import torch.nn.functional as F

# 01.count_pairs ----------------------------------------------------------------------------------


def count_with_defaultdict(words):
    pairs = defaultdict(int)
    for pieces, times in words:
        for a, b in zip(pieces[:-1], pieces[1:], strict=True):
            pairs[a, b] += times
    return dict(pairs)


def count_with_try(words):
    counts = {}
    for word in words:
        for i in range(1, len(word[0])):
            try:
                counts[word[0][i - 1], word[0][i]] += word[1]
            except KeyError:
                counts[word[0][i - 1], word[0][i]] = word[1]
    return counts


def count_with_update(words):
    counts = Counter()
    for pieces, times in words:
        once = Counter(zip(pieces, pieces[1:], strict=False))
        counts.update({pair: n * times for pair, n in once.items()})
    return counts


def count_by_slices(words):
    found = [
        (tuple(pieces[i : i + 2]), times)
        for pieces, times in words
        for i in range(max(0, len(pieces) - 1))
    ]
    return {pair: sum(n for p, n in found if p == pair) for pair, _ in found}


def count_with_a_flag(words):
    counts = {}
    for pieces, times in words:
        previous = None
        for piece in pieces:
            if previous is not None:
                counts[(previous, piece)] = times + counts.get((previous, piece), 0)
            previous = piece
    return counts


def count_by_popping_a_copy(words):
    counts = {}
    for pieces, times in words:
        rest = list(pieces)
        while len(rest) > 1:
            left = rest.pop(0)
            counts.setdefault((left, rest[0]), 0)
            counts[(left, rest[0])] += times
    return counts


def w_count_no_times(words):
    counts = {}
    for pieces, _ in words:
        for pair in zip(pieces, pieces[1:], strict=False):
            counts[pair] = counts.get(pair, 0) + 1
    return counts


def w_count_overwrites(words):
    counts = {}
    for pieces, times in words:
        for pair in zip(pieces, pieces[1:], strict=False):
            counts[pair] = times
    return counts


def w_count_text_keys(words):
    counts = {}
    for pieces, times in words:
        for a, b in zip(pieces, pieces[1:], strict=False):
            counts[a + b] = counts.get(a + b, 0) + times
    return counts


def w_count_spaced_keys(words):
    counts = {}
    for pieces, times in words:
        for a, b in zip(pieces, pieces[1:], strict=False):
            counts[f"{a} {b}"] = counts.get(f"{a} {b}", 0) + times
    return counts


def w_count_previous_outside(words):
    counts, previous = {}, None
    for pieces, times in words:
        for piece in pieces:
            if previous:
                counts[previous, piece] = counts.get((previous, piece), 0) + times
            previous = piece
    return counts


def w_count_reset(words):
    for pieces, times in words:
        counts = {}
        for pair in zip(pieces, pieces[1:], strict=False):
            counts[pair] = counts.get(pair, 0) + times
    return counts if words else {}


def w_count_returns_early(words):
    counts = {}
    for pieces, times in words:
        for pair in zip(pieces, pieces[1:], strict=False):
            counts[pair] = counts.get(pair, 0) + times
        return counts
    return counts


def w_count_returns_at_once(words):
    counts = {}
    for pieces, times in words:
        for pair in zip(pieces, pieces[1:], strict=False):
            counts[pair] = counts.get(pair, 0) + times
            return counts
    return counts


def w_count_sets(words):
    counts = {}
    for pieces, times in words:
        for pair in set(zip(pieces, pieces[1:], strict=False)):
            counts[pair] = counts.get(pair, 0) + times
    return counts


def w_count_range_too_short(words):
    counts = {}
    for pieces, times in words:
        for i in range(len(pieces) - 2):
            pair = pieces[i], pieces[i + 1]
            counts[pair] = counts.get(pair, 0) + times
    return counts


def w_count_wraps(words):
    counts = {}
    for pieces, times in words:
        for i in range(len(pieces)):
            pair = pieces[i - 1], pieces[i]
            counts[pair] = counts.get(pair, 0) + times
    return counts


def w_count_wraps_forward(words):
    counts = {}
    for pieces, times in words:
        for i in range(len(pieces)):
            pair = pieces[i], pieces[(i + 1) % len(pieces)]
            counts[pair] = counts.get(pair, 0) + times
    return counts


def w_count_index_error(words):
    counts = {}
    for pieces, times in words:
        for i in range(len(pieces)):
            pair = pieces[i], pieces[i + 1]
            counts[pair] = counts.get(pair, 0) + times
    return counts


def w_count_letters_of_the_word(words):
    counts = {}
    for pieces, times in words:
        word = "".join(pieces)
        for pair in zip(word, word[1:], strict=False):
            counts[pair] = counts.get(pair, 0) + times
    return counts


def w_count_min_of_two(words):
    counts = {}
    for pieces, times in words:
        for pair in zip(pieces, pieces[1:], strict=False):
            counts[pair] = max(counts.get(pair, 0), times)
    return counts


def w_count_times_words(words):
    counts = {}
    for pieces, times in words:
        for pair in zip(pieces, pieces[1:], strict=False):
            counts[pair] = counts.get(pair, 1) * times
    return counts


def w_count_sorted_list(words):
    return sorted(count_with_defaultdict(words).items(), key=lambda item: -item[1])


def w_count_starts_at_one(words):
    counts = {}
    for pieces, times in words:
        for pair in zip(pieces, pieces[1:], strict=False):
            counts[pair] = counts.get(pair, 1) + times
    return counts


def w_count_not_the_seldom(words):
    return {pair: n for pair, n in count_with_defaultdict(words).items() if n > 1}


def w_count_shared(words, counts={}):  # noqa: B006
    for pieces, times in words:
        for pair in zip(pieces, pieces[1:], strict=False):
            counts[pair] = counts.get(pair, 0) + times
    return counts


# 01.merge_pair -----------------------------------------------------------------------------------


def merge_with_a_buffer(pieces, pair):
    out, waiting = [], None
    for piece in pieces:
        if waiting is None:
            waiting = piece
        elif (waiting, piece) == pair:
            out.append(waiting + piece)
            waiting = None
        else:
            out.append(waiting)
            waiting = piece
    return out if waiting is None else [*out, waiting]


def merge_from_a_stack(pieces, pair):
    rest, out = list(reversed(pieces)), []
    while rest:
        piece = rest.pop()
        if rest and piece == pair[0] and rest[-1] == pair[1]:
            piece += rest.pop()
        out.append(piece)
    return out


def merge_by_places(pieces, pair):
    places, free = set(), 0
    for i in range(len(pieces) - 1):
        if i >= free and (pieces[i], pieces[i + 1]) == tuple(pair):
            places.add(i)
            free = i + 2
    return [
        pieces[i] + pieces[i + 1] if i in places else pieces[i]
        for i in range(len(pieces))
        if i - 1 not in places
    ]


def merge_with_an_iterator(pieces, pair):
    out, steps = [], iter(range(len(pieces)))
    for i in steps:
        if pieces[i : i + 2] == list(pair):
            out.append("".join(pair))
            next(steps)
        else:
            out.append(pieces[i])
    return out


def merge_with_none(pieces, pair):
    copy = list(pieces)
    for i in range(len(copy) - 1):
        if copy[i] == pair[0] and copy[i + 1] == pair[1]:
            copy[i + 1], copy[i] = copy[i] + copy[i + 1], None
    return [piece for piece in copy if piece is not None]


def merge_into_a_tuple(pieces, pair):
    if not pieces:
        return ()
    head = pieces[0]
    if len(pieces) > 1 and (head, pieces[1]) == pair:
        return (head + pieces[1], *merge_into_a_tuple(pieces[2:], pair))
    return (head, *merge_into_a_tuple(pieces[1:], pair))


def w_merge_for_loop(pieces, pair):
    out = []
    for i in range(len(pieces)):
        if i < len(pieces) - 1 and (pieces[i], pieces[i + 1]) == pair:
            out.append(pieces[i] + pieces[i + 1])
        else:
            out.append(pieces[i])
    return out


def w_merge_i_in_a_for(pieces, pair):
    out = []
    for i in range(len(pieces) - 1):
        if (pieces[i], pieces[i + 1]) == pair:
            out.append(pieces[i] + pieces[i + 1])
            i += 2
        else:
            out.append(pieces[i])
    return out


def w_merge_loses_the_end(pieces, pair):
    out, i = [], 0
    while i < len(pieces) - 1:
        if (pieces[i], pieces[i + 1]) == pair:
            out.append(pieces[i] + pieces[i + 1])
            i += 1
        else:
            out.append(pieces[i])
        i += 1
    return out


def w_merge_no_bounds(pieces, pair):
    out, i = [], 0
    while i < len(pieces):
        if (pieces[i], pieces[i + 1]) == pair:
            out.append(pieces[i] + pieces[i + 1])
            i += 2
        else:
            out.append(pieces[i])
            i += 1
    return out


def w_merge_text(pieces, pair):
    return " ".join(pieces).replace(" ".join(pair), "".join(pair)).split(" ")


def w_merge_joined_text(pieces, pair):
    return list("".join(pieces).replace("".join(pair), "#"))


def w_merge_slice_is_a_list(pieces, pair):
    out, i = [], 0
    while i < len(pieces):
        if pieces[i : i + 2] == pair:
            out.append("".join(pair))
            i += 2
        else:
            out.append(pieces[i])
            i += 1
    return out


def w_merge_first_only(pieces, pair):
    pieces = list(pieces)
    for i in range(len(pieces) - 1):
        if (pieces[i], pieces[i + 1]) == pair:
            pieces[i : i + 2] = ["".join(pair)]
            break
    return pieces


def w_merge_in_place(pieces, pair):
    i = 0
    while i < len(pieces) - 1:
        if (pieces[i], pieces[i + 1]) == pair:
            pieces[i] = pieces[i] + pieces.pop(i + 1)
        i += 1
    return pieces


def w_merge_in_place_and_none(pieces, pair):
    i = 0
    while i < len(pieces) - 1:
        if (pieces[i], pieces[i + 1]) == pair:
            pieces[i] = pieces[i] + pieces.pop(i + 1)
        i += 1


def w_merge_set(pieces, pair):
    out, i = [], 0
    while i < len(pieces):
        if set(pieces[i : i + 2]) == set(pair):
            out.append("".join(pieces[i : i + 2]))
            i += 2
        else:
            out.append(pieces[i])
            i += 1
    return out


def w_merge_membership(pieces, pair):
    out, i = [], 0
    while i < len(pieces):
        if i + 1 < len(pieces) and pieces[i] in pair and pieces[i + 1] in pair:
            out.append("".join(pieces[i : i + 2]))
            i += 2
        else:
            out.append(pieces[i])
            i += 1
    return out


def w_merge_reversed(pieces, pair):
    out, i = [], len(pieces) - 1
    while i >= 0:
        if i > 0 and (pieces[i - 1], pieces[i]) == pair:
            out.insert(0, "".join(pair))
            i -= 2
        else:
            out.insert(0, pieces[i])
            i -= 1
    return out


def w_merge_glued_forever(pieces, pair):
    out = []
    for piece in pieces:
        if out and piece == pair[1] and out[-1].endswith(pair[0]):
            out[-1] += piece
        else:
            out.append(piece)
    return out


def w_merge_string(pieces, pair):
    return " ".join(merge_with_a_buffer(pieces, pair))


def w_merge_tuple_kept(pieces, pair):
    return [p if p != "".join(pair) else pair for p in merge_with_a_buffer(pieces, pair)]


def w_merge_spelling(pieces, pair):
    out, i = [], 0
    while i < len(pieces):
        if "".join(pieces[i : i + 2]) == "".join(pair):
            out.append("".join(pair))
            i += 2
        else:
            out.append(pieces[i])
            i += 1
    return out


def w_merge_three(pieces, pair):
    out, i = [], 0
    while i < len(pieces):
        if tuple(pieces[i : i + 2]) == pair:
            out.append("".join(pieces[i : i + 3]))
            i += 3
        else:
            out.append(pieces[i])
            i += 1
    return out


def w_merge_lower(pieces, pair):
    return merge_with_a_buffer([piece.lower() for piece in pieces], pair)


# 01.cut_word -------------------------------------------------------------------------------------


def cut_by_buffers(word, merges):
    pieces = list(word)
    for merge in merges:
        pieces = merge_with_a_buffer(pieces, merge)
    return pieces


def cut_with_reduce(word, merges):
    from functools import reduce

    return reduce(merge_from_a_stack, merges, [letter for letter in word])


def cut_by_lowest_rank(word, merges):
    pieces = list(word)
    while len(pieces) > 1:
        ranks = [
            merges.index(pair) if pair in merges else len(merges)
            for pair in zip(pieces, pieces[1:], strict=False)
        ]
        best = min(ranks)
        if best == len(merges):
            break
        pieces = merge_by_places(pieces, merges[best])
    return pieces


def cut_recursively(word, merges):
    if not merges:
        return list(word)
    return merge_with_none(cut_recursively(word, merges[:-1]), merges[-1])


def cut_while_it_is_there(word, merges):
    pieces = list(word)
    for left, right in merges:
        while (left, right) in list(zip(pieces, pieces[1:], strict=False)):
            i = list(zip(pieces, pieces[1:], strict=False)).index((left, right))
            pieces = pieces[:i] + [left + right] + pieces[i + 2 :]
    return pieces


def cut_with_numbers(word, merges):
    pieces = [*word]
    for number in range(len(merges)):
        pieces = list(merge_into_a_tuple(pieces, merges[number]))
    return pieces


def w_cut_forgets(word, merges):
    pieces = list(word)
    for merge in merges:
        merge_with_a_buffer(pieces, merge)
    return pieces


def w_cut_from_letters(word, merges):
    for merge in merges:
        pieces = merge_with_a_buffer(list(word), merge)
    return pieces if merges else list(word)


def w_cut_reversed(word, merges):
    pieces = list(word)
    for merge in reversed(merges):
        pieces = merge_with_a_buffer(pieces, merge)
    return pieces


def w_cut_longest_merge_first(word, merges):
    pieces = list(word)
    for merge in sorted(merges, key=lambda m: -len(m[0] + m[1])):
        pieces = merge_with_a_buffer(pieces, merge)
    return pieces


def w_cut_longest_piece(word, merges):
    known = {a + b for a, b in merges}
    pieces, i = [], 0
    while i < len(word):
        for j in range(len(word), i, -1):
            if word[i:j] in known or j == i + 1:
                pieces.append(word[i:j])
                i = j
                break
    return pieces


def w_cut_text_replace(word, merges):
    text = " ".join(word)
    for a, b in merges:
        text = text.replace(f"{a} {b}", a + b)
    return text.split()


def w_cut_break(word, merges):
    pieces = list(word)
    for merge in merges:
        if merge not in list(zip(pieces, pieces[1:], strict=False)):
            break
        pieces = merge_with_a_buffer(pieces, merge)
    return pieces


def w_cut_returns_early(word, merges):
    pieces = list(word)
    for merge in merges:
        pieces = merge_with_a_buffer(pieces, merge)
        return pieces
    return pieces


def w_cut_first_occurrence(word, merges):
    pieces = list(word)
    for merge in merges:
        pieces = w_merge_first_only(pieces, merge)
    return pieces


def w_cut_no_skip(word, merges):
    pieces = list(word)
    for merge in merges:
        pieces = w_merge_for_loop(pieces, merge)
    return pieces


def w_cut_joined(word, merges):
    return "".join(cut_by_buffers(word, merges))


def w_cut_word_in_a_list(word, merges):
    pieces = [word]
    for merge in merges:
        pieces = merge_with_a_buffer(pieces, merge)
    return pieces


def w_cut_leftmost(word, merges):
    pieces, i = list(word), 0
    while i < len(pieces) - 1:
        if (pieces[i], pieces[i + 1]) in merges:
            pieces[i : i + 2] = [pieces[i] + pieces[i + 1]]
            i = 0
        else:
            i += 1
    return pieces


def w_cut_one_pass(word, merges):
    pieces, i = list(word), 0
    while i < len(pieces) - 1:
        if (pieces[i], pieces[i + 1]) in merges:
            pieces[i : i + 2] = [pieces[i] + pieces[i + 1]]
        else:
            i += 1
    return pieces


def w_cut_skips_the_first(word, merges):
    pieces = list(word)
    for i in range(1, len(merges)):
        pieces = merge_with_a_buffer(pieces, merges[i])
    return pieces


def w_cut_skips_the_last(word, merges):
    pieces = list(word)
    for i in range(len(merges) - 1):
        pieces = merge_with_a_buffer(pieces, merges[i])
    return pieces


def w_cut_in_a_set(word, merges):
    pieces = list(word)
    for merge in sorted(set(merges)):
        pieces = merge_with_a_buffer(pieces, merge)
    return pieces


def w_cut_stops_at_length(word, merges):
    pieces = list(word)
    for merge in merges[: len(word)]:
        pieces = merge_with_a_buffer(pieces, merge)
    return pieces


def w_cut_lower(word, merges):
    return cut_by_buffers(word.lower(), merges)


# 01.nearest --------------------------------------------------------------------------------------


def nearest_by_unit_rows(table, row, k):
    unit = F.normalize(table, dim=1)
    closeness = unit @ unit[row]
    closeness[row] = -2
    return torch.topk(closeness, k)[1]


def nearest_by_removing(table, row, k):
    order = torch.argsort(F.cosine_similarity(table, table[row : row + 1]), descending=True)
    return torch.tensor([i for i in order.tolist() if i != row][:k])


def nearest_by_mask(table, row, k):
    others = torch.arange(len(table)) != row
    cosines = F.cosine_similarity(table, table[row].expand_as(table), dim=1)
    return cosines.where(others, torch.tensor(-torch.inf)).sort(descending=True).indices[:k]


def nearest_of_the_rest(table, row, k):
    rest = torch.cat([torch.arange(row), torch.arange(row + 1, len(table))])
    cosines = torch.stack([torch.cosine_similarity(table[i], table[row], dim=0) for i in rest])
    return rest[cosines.topk(k).indices]


def nearest_one_after_the_other(table, row, k):
    lengths = (table**2).sum(1).sqrt()
    cosines = (table * table[row]).sum(1) / lengths / lengths[row]
    found = []
    for _ in range(k):
        cosines[[row, *found]] = -torch.inf
        found.append(int(cosines.argmax()))
    return torch.tensor(found, dtype=torch.int32)


def nearest_in_numpy(table, row, k):
    t = table.numpy().astype(np.float64)
    cosines = t @ t[row] / (np.linalg.norm(t, axis=1) * np.linalg.norm(t[row]))
    order = np.argsort(-cosines)
    return torch.from_numpy(order[order != row][:k].astype(np.int32))


def nearest_by_angle(table, row, k):
    unit = F.normalize(table.double(), dim=1)
    angles = torch.arccos((unit @ unit[row]).clamp(-1, 1))
    angles[row] = 100
    return angles.argsort()[:k]


def w_nearest_itself(table, row, k):
    return F.cosine_similarity(table, table[row], dim=-1).topk(k).indices


def w_nearest_drop_first(table, row, k):
    return F.cosine_similarity(table, table[row], dim=-1).argsort(descending=True)[1 : k + 1]


def w_nearest_too_few(table, row, k):
    return F.cosine_similarity(table, table[row], dim=-1).argsort(descending=True)[1:k]


def w_nearest_dot(table, row, k):
    dots = table @ table[row]
    dots[row] = -torch.inf
    return dots.topk(k).indices


def w_nearest_zero(table, row, k):
    cosines = F.cosine_similarity(table, table[row], dim=-1)
    cosines[row] = 0
    return cosines.topk(k).indices


def w_nearest_upwards(table, row, k):
    return F.cosine_similarity(table, table[row], dim=-1).argsort()[:k]


def w_nearest_last_k(table, row, k):
    cosines = F.cosine_similarity(table, table[row], dim=-1)
    cosines[row] = -torch.inf
    return cosines.argsort()[-k:]


def w_nearest_values(table, row, k):
    cosines = F.cosine_similarity(table, table[row], dim=-1)
    cosines[row] = -torch.inf
    return cosines.topk(k).values


def w_nearest_pair(table, row, k):
    cosines = F.cosine_similarity(table, table[row], dim=-1)
    cosines[row] = -torch.inf
    return cosines.topk(k)


def w_nearest_list(table, row, k):
    cosines = F.cosine_similarity(table, table[row], dim=-1)
    cosines[row] = -torch.inf
    return cosines.topk(k).indices.tolist()


def w_nearest_distance(table, row, k):
    distances = torch.cdist(table[row : row + 1], table)[0]
    distances[row] = torch.inf
    return distances.topk(k, largest=False).indices


def w_nearest_cut_out(table, row, k):
    others = table[torch.arange(len(table)) != row]
    return F.cosine_similarity(others, table[row], dim=-1).topk(k).indices


def w_nearest_norm_of_all(table, row, k):
    unit = table / table.norm()
    closeness = unit @ unit[row]
    closeness[row] = -torch.inf
    return closeness.topk(k).indices


def w_nearest_columns(table, row, k):
    unit = table / table.norm(dim=0)
    closeness = unit @ unit[row]
    closeness[row] = -torch.inf
    return closeness.topk(k).indices


def w_nearest_absolute(table, row, k):
    cosines = F.cosine_similarity(table, table[row], dim=-1).abs()
    cosines[row] = -torch.inf
    return cosines.topk(k).indices


def w_nearest_rows(table, row, k):
    cosines = F.cosine_similarity(table, table[row], dim=-1)
    cosines[row] = -torch.inf
    return table[cosines.topk(k).indices]


def w_nearest_changes_the_table(table, row, k):
    target = table[row].clone()
    table[row] = -target
    return F.cosine_similarity(table, target, dim=-1).topk(k).indices


def w_nearest_five(table, row, k):
    cosines = F.cosine_similarity(table, table[row], dim=-1)
    cosines[row] = -torch.inf
    return cosines.topk(min(5, len(table) - 1)).indices


def w_nearest_one(table, row, k):
    cosines = F.cosine_similarity(table, table[row], dim=-1)
    cosines[row] = -torch.inf
    return cosines.argmax()


def w_nearest_floats(table, row, k):
    cosines = F.cosine_similarity(table, table[row], dim=-1)
    cosines[row] = -torch.inf
    return cosines.topk(k).indices.float()


def w_nearest_not_exactly_one(table, row, k):
    cosines = F.cosine_similarity(table, table[row], dim=-1)
    order = cosines.argsort(descending=True)
    return order[cosines[order] < 0.999999][:k]


def w_nearest_to_the_first(table, row, k):
    cosines = F.cosine_similarity(table, table[0], dim=-1)
    cosines[0] = -torch.inf
    return cosines.topk(k).indices


RIGHT = {
    "01.count_pairs": [
        count_with_defaultdict,
        count_with_try,
        count_with_update,
        count_by_slices,
        count_with_a_flag,
        count_by_popping_a_copy,
    ],
    "01.merge_pair": [
        merge_with_a_buffer,
        merge_from_a_stack,
        merge_by_places,
        merge_with_an_iterator,
        merge_with_none,
        merge_into_a_tuple,
    ],
    "01.cut_word": [
        cut_by_buffers,
        cut_with_reduce,
        cut_by_lowest_rank,
        cut_recursively,
        cut_while_it_is_there,
        cut_with_numbers,
    ],
    "01.nearest": [
        nearest_by_unit_rows,
        nearest_by_removing,
        nearest_by_mask,
        nearest_of_the_rest,
        nearest_one_after_the_other,
        nearest_in_numpy,
        nearest_by_angle,
    ],
}

WRONG = {
    "01.count_pairs": [
        w_count_no_times,
        w_count_overwrites,
        w_count_text_keys,
        w_count_spaced_keys,
        w_count_previous_outside,
        w_count_reset,
        w_count_returns_early,
        w_count_returns_at_once,
        w_count_sets,
        w_count_range_too_short,
        w_count_wraps,
        w_count_wraps_forward,
        w_count_index_error,
        w_count_letters_of_the_word,
        w_count_min_of_two,
        w_count_times_words,
        w_count_sorted_list,
        w_count_starts_at_one,
        w_count_not_the_seldom,
        w_count_shared,
    ],
    "01.merge_pair": [
        w_merge_for_loop,
        w_merge_i_in_a_for,
        w_merge_loses_the_end,
        w_merge_no_bounds,
        w_merge_text,
        w_merge_joined_text,
        w_merge_slice_is_a_list,
        w_merge_first_only,
        w_merge_in_place,
        w_merge_in_place_and_none,
        w_merge_set,
        w_merge_membership,
        w_merge_reversed,
        w_merge_glued_forever,
        w_merge_string,
        w_merge_tuple_kept,
        w_merge_spelling,
        w_merge_three,
        w_merge_lower,
    ],
    "01.cut_word": [
        w_cut_forgets,
        w_cut_from_letters,
        w_cut_reversed,
        w_cut_longest_merge_first,
        w_cut_longest_piece,
        w_cut_text_replace,
        w_cut_break,
        w_cut_returns_early,
        w_cut_first_occurrence,
        w_cut_no_skip,
        w_cut_joined,
        w_cut_word_in_a_list,
        w_cut_leftmost,
        w_cut_one_pass,
        w_cut_skips_the_first,
        w_cut_skips_the_last,
        w_cut_in_a_set,
        w_cut_stops_at_length,
        w_cut_lower,
    ],
    "01.nearest": [
        w_nearest_itself,
        w_nearest_drop_first,
        w_nearest_too_few,
        w_nearest_dot,
        w_nearest_zero,
        w_nearest_upwards,
        w_nearest_last_k,
        w_nearest_values,
        w_nearest_pair,
        w_nearest_list,
        w_nearest_distance,
        w_nearest_cut_out,
        w_nearest_norm_of_all,
        w_nearest_columns,
        w_nearest_absolute,
        w_nearest_rows,
        w_nearest_changes_the_table,
        w_nearest_five,
        w_nearest_one,
        w_nearest_floats,
        w_nearest_not_exactly_one,
        w_nearest_to_the_first,
    ],
}
