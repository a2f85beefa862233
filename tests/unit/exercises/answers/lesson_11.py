"""Exercise 11, as people write it from the task's text."""

import numpy as np
import torch


def gaps_in_order(masks, path):
    broken = []
    for i in range(1, len(path)):
        looks = [bool(mask[path[i], path[i - 1]]) for mask in masks]
        if True not in looks:
            broken.append((path[i - 1], path[i]))
    return broken


def gaps_by_numpy(masks, path):
    union = np.logical_or.reduce([mask.numpy() for mask in masks])
    return [(b, t) for b, t in zip(path[:-1], path[1:], strict=True) if not union[t, b]]


def gaps_turned(masks, path):
    pairs = zip(path, path[1:])  # noqa: B905
    return [(b, t) for b, t in pairs if not any(mask[b, t] for mask in masks)]


def gaps_in_all(masks, path):
    pairs = zip(path, path[1:])  # noqa: B905
    return [(b, t) for b, t in pairs if not all(mask[t, b] for mask in masks)]


def gaps_first_mask(masks, path):
    pairs = zip(path, path[1:])  # noqa: B905
    return [(b, t) for b, t in pairs if not masks[0][t, b]]


def gaps_good_ones(masks, path):
    pairs = zip(path, path[1:])  # noqa: B905
    return [(b, t) for b, t in pairs if any(mask[t, b] for mask in masks)]


def gaps_swapped_pairs(masks, path):
    return [(t, b) for b, t in gaps_in_order(masks, path)]


def gaps_by_number(masks, path):
    n = len(path)
    return [(t - 1, t) for t in range(1, n) if not any(mask[t, t - 1] for mask in masks)]


def gaps_first_only(masks, path):
    return gaps_in_order(masks, path)[:1]


def gaps_with_the_circle(masks, path):
    pairs = zip(path, [*path[1:], path[0]])  # noqa: B905
    return [(b, t) for b, t in pairs if not any(mask[t, b] for mask in masks)]


def gaps_counted(masks, path):
    return len(gaps_in_order(masks, path))


def gaps_without_the_last(masks, path):
    return gaps_in_order(masks, path[:-1])


def shift_by_heads(ids, mask, target, levels):
    seen = ids.expand(len(ids), -1)
    high = seen.masked_fill(~mask, -(2**40)).amax(1)
    low = seen.masked_fill(~mask, 2**40).amin(1)
    return torch.where(ids == target, ids + levels * (high - low), ids)


def shift_by_lists(ids, mask, target, levels):
    old, new = ids.tolist(), []
    for own, row in zip(old, mask.tolist(), strict=True):
        seen = [other for other, looks in zip(old, row, strict=True) if looks]
        new.append(own + levels * (max(seen) - min(seen)) if own == target else own)
    return torch.tensor(new, dtype=torch.int32)


def shift_while_reading(ids, mask, target, levels):
    ids = ids.clone()
    for token in range(len(ids)):
        if ids[token] == target:
            seen = ids[mask[token]]
            ids[token] += levels * (seen.max() - seen.min())
    return ids


def shift_in_place(ids, mask, target, levels):
    result = shift_by_heads(ids, mask, target, levels)
    ids[:] = result
    return ids


def shift_everybody(ids, mask, target, levels):
    spread = [ids[row].max() - ids[row].min() for row in mask]
    return ids + levels * torch.stack(spread)


def shift_over_all(ids, mask, target, levels):
    return torch.where(ids == target, ids + levels * (ids.max() - ids.min()), ids)


def shift_by_own(ids, mask, target, levels):
    new = ids.clone()
    for t in (ids == target).nonzero().flatten().tolist():
        new[t] += levels * (ids[mask[t]].max() - ids[t])
    return new


def shift_column(ids, mask, target, levels):
    return shift_by_heads(ids, mask.T, target, levels)


def shift_without_levels(ids, mask, target, levels):
    return shift_by_heads(ids, mask, target, 1)


def shift_replaced(ids, mask, target, levels):
    return torch.where(ids == target, shift_by_heads(ids, mask, target, levels) - ids, ids)


def shift_first_only(ids, mask, target, levels):
    new = ids.clone()
    t = int((ids == target).int().argmax())
    if ids[t] == target:
        new[t] += levels * (ids[mask[t]].max() - ids[mask[t]].min())
    return new


def shift_token_number(ids, mask, target, levels):
    new, t = ids.clone(), target % len(ids)
    new[t] += levels * (ids[mask[t]].max() - ids[mask[t]].min())
    return new


def shift_masked_by_zero(ids, mask, target, levels):
    seen = ids * mask
    return torch.where(ids == target, ids + levels * (seen.amax(1) - seen.amin(1)), ids)


def peel_forward(code, n, levels):
    return peel_right(code, n, levels)[::-1]


def peel_right(code, n, levels):
    digits = []
    for token in range(n - 1, 0, -1):
        own = levels * (token - 1) + code % levels
        digits.insert(0, code % levels)
        code = own + (code - own) // levels
    return [code - levels * (n - 1), *digits]


def peel_as_a_tuple(code, n, levels):
    return tuple(peel_right(code, n, levels))


def peel_plain_base(code, n, levels):
    digits = []
    for _ in range(n):
        code, digit = divmod(code, levels)
        digits.append(digit)
    return digits[::-1]


def peel_floats(code, n, levels):
    digits = []
    for token in range(n - 1, 0, -1):
        own = levels * (token - 1) + code % levels
        digits.insert(0, code % levels)
        code = own + (code - own) / levels
    return [code - levels * (n - 1), *digits]


def peel_first_lost(code, n, levels):
    return peel_right(code, n, levels)[1:]


def peel_first_with_box(code, n, levels):
    digits = peel_right(code, n, levels)
    return [digits[0] + levels * (n - 1), *digits[1:]]


def peel_boxes_from_one(code, n, levels):
    digits = []
    for token in range(n - 1, 0, -1):
        own = levels * token + code % levels
        digits.insert(0, code % levels)
        code = own + (code - own) // levels
    return [code - levels * (n - 1), *digits]


def peel_own_not_added(code, n, levels):
    digits = []
    for token in range(n - 1, 0, -1):
        own = levels * (token - 1) + code % levels
        digits.insert(0, code % levels)
        code = (code - own) // levels
    return [code - levels * (n - 1), *digits]


def peel_three_levels(code, n, levels):
    return peel_right(code, n, 3)


RIGHT = {
    "11.gaps": [gaps_in_order, gaps_by_numpy],
    "11.selective_shift": [shift_by_heads, shift_by_lists],
    "11.peel": [peel_right, peel_as_a_tuple],
}
WRONG = {
    "11.gaps": [
        gaps_turned,
        gaps_in_all,
        gaps_first_mask,
        gaps_good_ones,
        gaps_swapped_pairs,
        gaps_by_number,
        gaps_first_only,
        gaps_with_the_circle,
        gaps_counted,
        gaps_without_the_last,
    ],
    "11.selective_shift": [
        shift_while_reading,
        shift_in_place,
        shift_everybody,
        shift_over_all,
        shift_by_own,
        shift_column,
        shift_without_levels,
        shift_replaced,
        shift_first_only,
        shift_token_number,
        shift_masked_by_zero,
    ],
    "11.peel": [
        peel_forward,
        peel_plain_base,
        peel_floats,
        peel_first_lost,
        peel_first_with_box,
        peel_boxes_from_one,
        peel_own_not_added,
        peel_three_levels,
    ],
}
