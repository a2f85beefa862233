"""Exercise 11, as people write it from the task's text."""

import math

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


def step(mask, heard):
    return (mask.float() @ heard.float()) > 0


def layers_by_sets(masks):
    n, layer = len(masks[0]), 0
    heard = [{k} for k in range(n)]
    idle = 0
    while idle < len(masks):
        if all(len(news) == n for news in heard):
            return layer
        mask = masks[layer % len(masks)].tolist()
        after = [set().union(*(heard[k] for k in range(n) if mask[q][k])) for q in range(n)]
        idle = idle + 1 if after == heard else 0
        heard, layer = after, layer + 1
    return -1


def layers_in_double(masks):
    n = len(masks[0])
    heard = torch.eye(n, dtype=torch.float64)
    for layer in range(len(masks) * n + 1):
        if (heard > 0).all():
            return layer
        heard = (masks[layer % len(masks)].double() @ heard).clamp(max=1)
    return -1


def layers_capped(masks):
    heard = torch.eye(len(masks[0])).bool()
    for layer in range(100):
        if heard.all():
            return layer
        heard = step(masks[layer % len(masks)], heard)
    return -1


def layers_capped_at_n(masks):
    heard = torch.eye(len(masks[0])).bool()
    for layer in range(len(masks[0])):
        if heard.all():
            return layer
        heard = step(masks[layer % len(masks)], heard)
    return -1


def layers_without_threshold(masks):
    heard = torch.eye(len(masks[0]))
    for layer in range(len(masks) * len(masks[0]) + 1):
        if (heard > 0).all():
            return layer
        heard = masks[layer % len(masks)].float() @ heard
    return -1


def layers_in_uint8(masks):
    heard = torch.eye(len(masks[0]), dtype=torch.uint8)
    for layer in range(len(masks) * len(masks[0]) + 1):
        if (heard > 0).all():
            return layer
        heard = masks[layer % len(masks)].to(torch.uint8) @ heard
    return -1


def layers_idle_once(masks):
    heard, layer = torch.eye(len(masks[0])).bool(), 0
    while True:
        if heard.all():
            return layer
        after = step(masks[layer % len(masks)], heard)
        if (after == heard).all():
            return -1
        heard, layer = after, layer + 1


def layers_one_too_many(masks):
    found = layers_by_sets(masks)
    return found + 1 if found >= 0 else -1


def layers_first_only(masks):
    return layers_by_sets(masks[:1])


def layers_united(masks):
    return layers_by_sets([torch.stack(masks).any(dim=0)])


def layers_turned(masks):
    return layers_by_sets([mask.T for mask in masks])


def layers_none(masks):
    found = layers_by_sets(masks)
    return None if found < 0 else found


def layers_some_one(masks):
    heard = torch.eye(len(masks[0])).bool()
    for layer in range(len(masks) * len(masks[0]) + 1):
        if heard.all(dim=1).any():
            return layer
        heard = step(masks[layer % len(masks)], heard)
    return -1


def layers_last_first(masks):
    return layers_by_sets(masks[::-1])


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


def cold_by_logs(n, gap, share):
    return gap / (math.log(n - 1) - math.log(share))


def cold_with_numpy(n, gap, share):
    return gap / np.log((n - 1) / share)


def cold_all_n(n, gap, share):
    return gap / math.log(n / share)


def cold_turned(n, gap, share):
    return math.log((n - 1) / share) / gap


def cold_negative(n, gap, share):
    return gap / math.log(share / (n - 1))


def cold_without_gap(n, gap, share):
    return 1 / math.log((n - 1) / share)


def cold_times(n, gap, share):
    return gap * math.log((n - 1) / share)


def cold_log10(n, gap, share):
    return gap / math.log10((n - 1) / share)


def cold_log2(n, gap, share):
    return gap / math.log2((n - 1) / share)


def cold_one_loser(n, gap, share):
    return gap / math.log(1 / share)


def cold_product(n, gap, share):
    return gap / math.log((n - 1) * share)


def cold_exp(n, gap, share):
    return gap / math.exp((n - 1) / share) if (n - 1) / share < 700 else 0.0


RIGHT = {
    "11.gaps": [gaps_in_order, gaps_by_numpy],
    "11.layers_until_heard": [layers_by_sets, layers_in_double],
    "11.selective_shift": [shift_by_heads, shift_by_lists],
    "11.peel": [peel_right, peel_as_a_tuple],
    "11.cold_enough": [cold_by_logs, cold_with_numpy],
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
    "11.layers_until_heard": [
        layers_capped,
        layers_capped_at_n,
        layers_without_threshold,
        layers_in_uint8,
        layers_idle_once,
        layers_one_too_many,
        layers_first_only,
        layers_united,
        layers_turned,
        layers_none,
        layers_some_one,
        layers_last_first,
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
    "11.cold_enough": [
        cold_all_n,
        cold_turned,
        cold_negative,
        cold_without_gap,
        cold_times,
        cold_log10,
        cold_log2,
        cold_one_loser,
        cold_product,
        cold_exp,
    ],
}
