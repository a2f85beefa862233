"""Exercise 12, as people write it from the task's text."""

import math

import numpy as np
import torch


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


def _counted(x):
    return [len({round(v, 6) for v in column.tolist()}) for column in x.T]


def told_by_numpy(mask, sentences, weights, layers):
    m = mask.numpy().astype(float)
    m /= m.sum(axis=1, keepdims=True)
    x = sentences.numpy() * np.asarray(weights, dtype=float)
    for _ in range(layers):
        x = np.einsum("qk,sk->sq", m, x)
    return [len(np.unique(np.round(x[:, word], 6))) for word in range(x.shape[1])]


def told_by_loops(mask, sentences, weights, layers):
    n, answers = len(mask), []
    table = [[float(w) * int(d) for w, d in zip(weights, row)] for row in sentences]  # noqa: B905
    for _ in range(layers):
        new = []
        for row in table:
            means = []
            for query in range(n):
                heard = [row[key] for key in range(n) if mask[query][key]]
                means.append(sum(heard) / len(heard))
            new.append(means)
        table = new
    for word in range(n):
        answers.append(len({round(row[word], 6) for row in table}))
    return answers


def told_in_single(mask, sentences, weights, layers):
    x = sentences.float() * weights
    for _ in range(layers):
        x = (x.unsqueeze(1) * mask).mean(dim=-1)  # also divided by n
    return _counted(x)


def told_softmax(mask, sentences, weights, layers):
    x = sentences.double() * weights
    for _ in range(layers):
        x = x @ mask.double().softmax(dim=1).T
    return _counted(x)


def told_with_residual(mask, sentences, weights, layers):
    shares = mask.double() / mask.sum(dim=1, keepdim=True)
    x = sentences.double() * weights
    for _ in range(layers):
        x = x + x @ shares.T
    return _counted(x)


def told_maximum(mask, sentences, weights, layers):
    x = sentences.double() * weights
    for _ in range(layers):
        x = x.unsqueeze(1).masked_fill(~mask, -torch.inf).amax(dim=-1)
    return _counted(x)


def told_one_less(mask, sentences, weights, layers):
    return told_by_numpy(mask, sentences, weights, max(0, layers - 1))


def told_two_always(mask, sentences, weights, layers):
    return told_by_numpy(mask, sentences, weights, 2)


def told_last_word(mask, sentences, weights, layers):
    return told_by_numpy(mask, sentences, weights, layers)[-1]


def told_share(mask, sentences, weights, layers):
    return [c / len(sentences) for c in told_by_numpy(mask, sentences, weights, layers)]


def told_not_told(mask, sentences, weights, layers):
    return [len(sentences) - c for c in told_by_numpy(mask, sentences, weights, layers)]


def told_columns(mask, sentences, weights, layers):
    return told_by_numpy(mask.T, sentences, weights, layers)


def told_weights_by_reader(mask, sentences, weights, layers):
    shares = mask.double() / mask.sum(dim=1, keepdim=True)
    x = sentences.double()
    for _ in range(layers):
        x = (x @ shares.T) * weights
    return _counted(x)


def told_union(mask, sentences, weights, layers):
    shares = mask.double() / mask.sum(dim=1, keepdim=True)
    x = sentences.double() * weights
    seen = x
    for _ in range(layers):
        x = x @ shares.T
        seen = torch.cat([seen, x])
    return _counted(seen)


RIGHT = {
    "12.told_apart": [told_by_numpy, told_by_loops],
    "12.layers_until_heard": [layers_by_sets, layers_in_double],
    "12.cold_enough": [cold_by_logs, cold_with_numpy],
}
WRONG = {
    "12.told_apart": [
        told_in_single,
        told_softmax,
        told_with_residual,
        told_maximum,
        told_one_less,
        told_two_always,
        told_last_word,
        told_share,
        told_not_told,
        told_columns,
        told_weights_by_reader,
        told_union,
    ],
    "12.layers_until_heard": [
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
    "12.cold_enough": [
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
