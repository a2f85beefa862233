"""Exercise 10, as people write it from the task's text."""

import numpy as np
import torch


def window_by_rows(n, width, causal):
    rows = []
    for i in range(n):
        last = i if causal else min(n - 1, i + width)
        rows.append([max(0, i - width) <= j <= last for j in range(n)])
    return torch.tensor(rows)


def window_with_numpy(n, width, causal):
    back = np.subtract.outer(np.arange(n), np.arange(n))
    mask = (np.abs(back) <= width) & ((back >= 0) | (not causal))
    return torch.from_numpy(mask)


def window_by_triangles(n, width, causal):
    ones = torch.ones(n, n, dtype=torch.bool)
    return ones.triu(-width) & (ones.tril(0) if causal else ones.tril(width))


def window_in_float(n, width, causal):
    return window_by_rows(n, width, causal).float()


def window_open_at_the_edge(n, width, causal):
    place = torch.arange(n)
    back = place[:, None] - place
    return (back.abs() < width) & ((back >= 0) | (not causal))


def window_of_the_future(n, width, causal):
    place = torch.arange(n)
    back = place[:, None] - place
    return (back.abs() <= width) & ((back <= 0) | (not causal))


def window_without_oneself(n, width, causal):
    return window_by_rows(n, width, causal) & ~torch.eye(n, dtype=torch.bool)


def window_half_as_wide(n, width, causal):
    return window_by_rows(n, width // 2, causal)


def window_never_causal(n, width, causal):
    return window_by_rows(n, width, False)


def window_one_sided(n, width, causal):
    return window_by_rows(n, width, True)


def strided_by_loops(n, stride):
    near = [[abs(i - j) <= stride for j in range(n)] for i in range(n)]
    far = [[(i - j) % stride == 0 for j in range(n)] for i in range(n)]
    return torch.tensor(near), torch.tensor(far)


def strided_stacked(n, stride):
    return torch.stack(strided_by_loops(n, stride))


def strided_as_a_list(n, stride):
    return list(strided_by_loops(n, stride))


def strided_united(n, stride):
    near, far = strided_by_loops(n, stride)
    return near | far


def strided_far_by_columns(n, stride):
    near, _ = strided_by_loops(n, stride)
    far = (torch.arange(n) % stride == 0).expand(n, n)
    return near, far


def strided_swapped(n, stride):
    return strided_by_loops(n, stride)[::-1]


def strided_near_too_narrow(n, stride):
    near = [[abs(i - j) < stride for j in range(n)] for i in range(n)]
    return torch.tensor(near), strided_by_loops(n, stride)[1]


def strided_only_backwards(n, stride):
    near, far = strided_by_loops(n, stride)
    return near, far.tril()


def doors_by_loops(mask, speakers, listeners):
    opened = mask.clone()
    for token in range(len(mask)):
        for speaker in speakers:
            opened[token, speaker] = True
        for listener in listeners:
            opened[listener, token] = True
    return opened


def doors_by_or(mask, speakers, listeners):
    place = torch.arange(len(mask))
    loud = torch.isin(place, torch.tensor(speakers, dtype=torch.long))
    curious = torch.isin(place, torch.tensor(listeners, dtype=torch.long))
    return mask | loud[None, :] | curious[:, None]


def doors_in_place(mask, speakers, listeners):
    mask[:, speakers] = True
    mask[listeners, :] = True
    return mask


def doors_the_other_way(mask, speakers, listeners):
    opened = mask.clone()
    opened[speakers, :] = True
    opened[:, listeners] = True
    return opened


def doors_between_them(mask, speakers, listeners):
    opened = mask.clone()
    for listener in listeners:
        opened[listener, speakers] = True
    return opened


def doors_speakers_only(mask, speakers, listeners):
    opened = mask.clone()
    opened[:, speakers] = True
    return opened


def doors_both_ways(mask, speakers, listeners):
    opened = mask.clone()
    everybody = [*speakers, *listeners]
    opened[:, everybody] = True
    opened[everybody, :] = True
    return opened


def unite_by_loop(masks):
    united = masks[0].clone()
    for mask in masks[1:]:
        united |= mask
    n = len(united)
    return united, float((~united).sum()) / n**2


def unite_by_sum(masks):
    united = sum(mask.int() for mask in masks) > 0
    return united, 1 - united.float().mean().item()


def unite_overlap(masks):
    united = torch.stack(masks).all(dim=0)
    return united, 1 - united.float().mean().item()


def unite_density(masks):
    united = torch.stack(masks).any(dim=0)
    return united, united.float().mean().item()


def unite_percent(masks):
    united, share = unite_by_loop(masks)
    return united, 100 * share


def unite_of_numbers(masks):
    united = sum(mask.int() for mask in masks)
    return united, 1 - (united > 0).float().mean().item()


def unite_without_share(masks):
    return torch.stack(masks).any(dim=0)


def reach_by_sets(masks, n_layers):
    n = len(masks[0])
    heard = [{token} for token in range(n)]
    for layer in range(n_layers):
        mask = masks[layer % len(masks)]
        heard = [set().union(*(heard[k] for k in range(n) if mask[q, k])) for q in range(n)]
    return torch.tensor([[k in one for k in range(n)] for one in heard])


def reach_in_double(masks, n_layers):
    heard = torch.eye(len(masks[0])).double()
    for layer in range(n_layers):
        heard = (masks[layer % len(masks)].double() @ heard).clamp(max=1.0)
    return heard.bool()


def reach_first_mask_only(masks, n_layers):
    return reach_by_sets(masks[:1], n_layers)


def reach_turned_round(masks, n_layers):
    return reach_by_sets(masks, n_layers).T


def reach_one_layer_short(masks, n_layers):
    return reach_by_sets(masks, max(0, n_layers - 1))


def reach_all_masks_each_layer(masks, n_layers):
    return reach_by_sets([torch.stack(masks).any(dim=0)], n_layers)


def reach_backwards(masks, n_layers):
    order = [masks[layer % len(masks)] for layer in reversed(range(n_layers))]
    return reach_by_sets(order, n_layers) if order else reach_by_sets(masks, 0)


def reach_adds_up(masks, n_layers):
    heard = torch.eye(len(masks[0])).bool()
    for layer in range(n_layers):
        heard = heard | masks[layer % len(masks)]
    return heard


RIGHT = {
    "10.window_mask": [window_by_rows, window_with_numpy, window_by_triangles],
    "10.strided_masks": [strided_by_loops, strided_stacked, strided_as_a_list],
    "10.open_doors": [doors_by_loops, doors_by_or],
    "10.unite": [unite_by_loop, unite_by_sum],
    "10.reach": [reach_by_sets, reach_in_double],
}
WRONG = {
    "10.window_mask": [
        window_in_float,
        window_open_at_the_edge,
        window_of_the_future,
        window_without_oneself,
        window_half_as_wide,
        window_never_causal,
        window_one_sided,
    ],
    "10.strided_masks": [
        strided_united,
        strided_far_by_columns,
        strided_swapped,
        strided_near_too_narrow,
        strided_only_backwards,
    ],
    "10.open_doors": [
        doors_in_place,
        doors_the_other_way,
        doors_between_them,
        doors_speakers_only,
        doors_both_ways,
    ],
    "10.unite": [
        unite_overlap,
        unite_density,
        unite_percent,
        unite_of_numbers,
        unite_without_share,
    ],
    "10.reach": [
        reach_first_mask_only,
        reach_turned_round,
        reach_one_layer_short,
        reach_all_masks_each_layer,
        reach_backwards,
        reach_adds_up,
    ],
}
