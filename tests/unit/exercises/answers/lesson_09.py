"""Exercise 09, as people write it from the task's text."""

import math

import numpy as np
import torch
import torch.nn.functional as F


def read_on_with_numpy(largest, total, mixed, scores, values):
    state = [x.detach().numpy().astype(np.float64) for x in (largest, total, mixed)]
    scores, values = scores.detach().numpy(), values.detach().numpy()
    new = np.maximum(state[0], scores.max(axis=1, keepdims=True))
    scale, shares = np.exp(state[0] - new), np.exp(scores - new)
    total = state[1] * scale + shares.sum(axis=1, keepdims=True)
    mixed = state[2] * scale + shares @ values
    return tuple(torch.tensor(x, dtype=torch.float32) for x in (new, total, mixed))


def read_on_query_by_query(largest, total, mixed, scores, values):
    new, totals, mixtures = [], [], []
    for q in range(len(scores)):
        top = max(largest[q].item(), scores[q].max().item())
        scale = math.exp(largest[q].item() - top)
        shares = [math.exp(s - top) for s in scores[q].tolist()]
        new.append([top])
        totals.append([total[q].item() * scale + sum(shares)])
        mixtures.append(mixed[q] * scale + sum(s * v for s, v in zip(shares, values, strict=True)))
    return torch.tensor(new), torch.tensor(totals), torch.stack(mixtures)


def read_on_as_a_list(largest, total, mixed, scores, values):
    top = torch.cat([largest, scores], dim=1).amax(dim=1, keepdim=True)
    shares, scale = (scores - top).exp(), (largest - top).exp()
    return [top, scale * total + shares.sum(1, keepdim=True), scale * mixed + shares.mm(values)]


def read_on_without_keepdim(largest, total, mixed, scores, values):
    new = torch.maximum(largest, scores.max(dim=-1).values)
    scale, shares = torch.exp(largest - new), torch.exp(scores - new)
    return new, total * scale + shares.sum(-1), mixed * scale + shares @ values


def read_on_two_results(largest, total, mixed, scores, values):
    new = torch.maximum(largest, scores.max(dim=-1, keepdim=True).values)
    scale, shares = torch.exp(largest - new), torch.exp(scores - new)
    return total * scale + shares.sum(-1, keepdim=True), mixed * scale + shares @ values


def read_on_max_over_queries(largest, total, mixed, scores, values):
    new = torch.maximum(largest, scores.max(dim=0).values.max())
    scale, shares = torch.exp(largest - new), torch.exp(scores - new)
    return new, total * scale + shares.sum(-1, keepdim=True), mixed * scale + shares @ values


def read_on_minus_the_difference(largest, total, mixed, scores, values):
    new = torch.maximum(largest, scores.max(dim=-1, keepdim=True).values)
    shares = torch.exp(scores - new)
    total = total - (new - largest) + shares.sum(-1, keepdim=True)
    return new, total, mixed - (new - largest) + shares @ values


def read_on_without_exp(largest, total, mixed, scores, values):
    new = torch.maximum(largest, scores.max(dim=-1, keepdim=True).values)
    shares = scores - new
    return new, total + shares.sum(-1, keepdim=True), mixed + shares @ values


def read_on_in_place(largest, total, mixed, scores, values):
    new = torch.maximum(largest, scores.max(dim=-1, keepdim=True).values)
    shares = torch.exp(scores - new)
    total *= torch.exp(largest - new)
    total += shares.sum(-1, keepdim=True)
    return new, total, mixed * torch.exp(largest - new) + shares @ values


def read_on_total_once_for_all(largest, total, mixed, scores, values):
    new = torch.maximum(largest, scores.max(dim=-1, keepdim=True).values)
    scale, shares = torch.exp(largest - new), torch.exp(scores - new)
    return new, total * scale + shares.sum(), mixed * scale + shares @ values


def read_on_sum_of_largest(largest, total, mixed, scores, values):
    new = largest + scores.max(dim=-1, keepdim=True).values
    scale, shares = torch.exp(largest - new), torch.exp(scores - new)
    return new, total * scale + shares.sum(-1, keepdim=True), mixed * scale + shares @ values


def in_pieces_by_numbers(query, key, value, size):
    rows = []
    for q in query:
        total, mixed, top = 0.0, torch.zeros(value.shape[1]), -math.inf
        for start in range(0, len(key), size):
            scores = key[start : start + size] @ q / math.sqrt(len(q))
            new = max(top, scores.max().item())
            shares = (scores - new).exp()
            total = total * math.exp(top - new) + shares.sum()
            mixed = mixed * math.exp(top - new) + shares @ value[start : start + size]
            top = new
        rows.append(mixed / total)
    return torch.stack(rows)


def in_pieces_in_double(query, key, value, size):
    query, key, value = query.double(), key.double(), value.double()
    total, mixed, top = 0.0, 0.0, torch.full((len(query), 1), -math.inf).double()
    for k, v in zip(torch.split(key, size), torch.split(value, size), strict=True):
        scores = torch.einsum("qd,kd->qk", query, k) * query.shape[1] ** -0.5
        new = torch.maximum(top, scores.amax(1, keepdim=True))
        total = total * (top - new).exp() + (scores - new).exp().sum(1, keepdim=True)
        mixed = mixed * (top - new).exp() + (scores - new).exp() @ v
        top = new
    return (mixed / total).float()


def in_pieces_of_the_queries_only(query, key, value, size):
    outputs = [F.scaled_dot_product_attention(q, key, value) for q in query.split(size)]
    return outputs[0]


def in_pieces_blockwise(query, key, value, size):
    pairs = zip(query.split(size), key.split(size), value.split(size))  # noqa: B905
    return torch.cat([F.scaled_dot_product_attention(q, k, v) for q, k, v in pairs])


def in_pieces_scores_plain(query, key, value, size):
    total = mixed = 0
    for k, v in zip(key.split(size), value.split(size), strict=True):
        shares = query @ k.T / math.sqrt(query.shape[1])
        total, mixed = total + shares.sum(1, keepdim=True), mixed + shares @ v
    return mixed / total


def in_pieces_root_of_size(query, key, value, size):
    return F.scaled_dot_product_attention(query, key, value, scale=size**-0.5)


def in_pieces_every_other(query, key, value, size):
    return F.scaled_dot_product_attention(query, key[::size], value[::size])


def in_pieces_softmax_then_list(query, key, value, size):
    return (query @ key.T / math.sqrt(query.shape[1])).softmax(0) @ value


def crossover_by_search(d_model, d_ff, causal):
    for n in range(10**6):
        looked_at = n / 2 if causal else n
        if 4 * d_model * d_model + 2 * looked_at * d_model >= 2 * d_model * d_ff:
            return n


def crossover_as_a_float(d_model, d_ff, causal):
    n = (2 * d_model * d_ff - 4 * d_model**2) / (2 * d_model)
    return max(0.0, n * (2.0 if causal else 1.0))


def crossover_of_all_n(d_model, d_ff, causal):
    return d_ff * d_model


def crossover_swapped(d_model, d_ff, causal):
    n = max(0, d_ff - 2 * d_model)
    return n if causal else 2 * n


def crossover_plus_the_matrices(d_model, d_ff, causal):
    n = d_ff + 2 * d_model
    return 2 * n if causal else n


def crossover_one_matrix(d_model, d_ff, causal):
    n = max(0, d_ff - d_model // 2)
    return 2 * n if causal else n


def crossover_both_mistakes(d_model, d_ff, causal):
    return d_ff


RIGHT = {
    "09.read_on": [read_on_with_numpy, read_on_query_by_query, read_on_as_a_list],
    "09.attention_in_pieces": [in_pieces_by_numbers, in_pieces_in_double],
    "09.crossover": [crossover_by_search, crossover_as_a_float],
}
WRONG = {
    "09.read_on": [
        read_on_without_keepdim,
        read_on_two_results,
        read_on_max_over_queries,
        read_on_minus_the_difference,
        read_on_without_exp,
        read_on_in_place,
        read_on_total_once_for_all,
        read_on_sum_of_largest,
    ],
    "09.attention_in_pieces": [
        in_pieces_of_the_queries_only,
        in_pieces_blockwise,
        in_pieces_scores_plain,
        in_pieces_root_of_size,
        in_pieces_every_other,
        in_pieces_softmax_then_list,
    ],
    "09.crossover": [
        crossover_of_all_n,
        crossover_swapped,
        crossover_plus_the_matrices,
        crossover_one_matrix,
        crossover_both_mistakes,
    ],
}
