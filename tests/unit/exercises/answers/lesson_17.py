"""Exercise 17, as people write it from the task's text."""

import math

import numpy as np
import torch
import torch.nn.functional as F
from torch import nn


def memory_linear(x, widen, narrow):
    first = nn.Linear(widen.shape[1], widen.shape[0], bias=False)
    second = nn.Linear(narrow.shape[1], narrow.shape[0], bias=False)
    with torch.no_grad():
        first.weight.copy_(widen)
        second.weight.copy_(narrow)
    return second(F.relu(first(x)))


def memory_einsum(x, widen, narrow):
    scores = torch.einsum("nd,fd->nf", x, widen)
    return torch.einsum("nf,df->nd", scores.clamp(min=0), narrow)


def memory_numpy(x, widen, narrow):
    x, widen, narrow = (np.asarray(t.detach()) for t in (x, widen, narrow))
    return torch.from_numpy(np.maximum(x @ widen.T, 0) @ narrow.T)


def memory_loops(x, widen, narrow):
    rows = []
    for token in x:
        total = torch.zeros(narrow.shape[0])
        for i in range(len(widen)):
            total += torch.relu(torch.dot(token, widen[i])) * narrow[:, i]
        rows.append(total)
    return torch.stack(rows)


def memory_softmax(x, widen, narrow):
    return torch.softmax(x @ widen.T, dim=-1) @ narrow.T


def memory_plain(x, widen, narrow):
    return (x @ widen.T) @ narrow.T


def memory_scaled(x, widen, narrow):
    return torch.relu(x @ widen.T / math.sqrt(widen.shape[1])) @ narrow.T


def memory_late(x, widen, narrow):
    return F.relu(x @ widen.T @ narrow.T)


def memory_gelu(x, widen, narrow):
    return F.gelu(x @ widen.T) @ narrow.T


def memory_hidden(x, widen, narrow):
    return F.relu(x @ widen.T)


def attention_masked_fill(query, key, value, vector_keys, vector_values, mask, causal):
    batch, n_heads, n, d_head = query.shape
    text = query @ key.mT / math.sqrt(d_head)
    text = text.masked_fill(~mask[:, None, None], float("-inf"))
    if causal:
        future = torch.triu(torch.ones(n, n, dtype=torch.bool), diagonal=1)
        text = text.masked_fill(future, float("-inf"))
    own = query @ vector_keys.mT / math.sqrt(d_head)
    weights = torch.cat([own, text], dim=-1).softmax(-1)
    n_vectors = vector_keys.shape[1]
    return weights[..., :n_vectors] @ vector_values + weights[..., n_vectors:] @ value


def attention_exponentials(query, key, value, vector_keys, vector_values, mask, causal):
    root = query.shape[-1] ** 0.5
    text, own = query @ key.mT / root, query @ vector_keys.mT / root
    top = torch.maximum(text.amax(-1, keepdim=True), own.amax(-1, keepdim=True))
    seen = mask[:, None, None].to(text.dtype)
    if causal:
        seen = seen * torch.tril(torch.ones(text.shape[-2:]))
    text, own = (text - top).exp() * seen, (own - top).exp()
    total = text.sum(-1, keepdim=True) + own.sum(-1, keepdim=True)
    return (text @ value + own @ vector_values) / total


def attention_einsum(query, key, value, vector_keys, vector_values, mask, causal):
    b, h, n, d = query.shape
    keys = torch.cat((key, vector_keys.unsqueeze(0).repeat(b, 1, 1, 1)), 2)
    values = torch.cat((value, vector_values.unsqueeze(0).repeat(b, 1, 1, 1)), 2)
    scores = torch.einsum("bhid,bhjd->bhij", query, keys) * d**-0.5
    hidden = torch.zeros(b, 1, n, keys.shape[2], dtype=torch.bool)
    hidden[..., :n] |= ~mask[:, None, None, :]
    if causal:
        hidden[..., :n] |= torch.arange(n)[None, :] > torch.arange(n)[:, None]
    return torch.einsum("bhij,bhjd->bhid", scores.masked_fill(hidden, -1e30).softmax(-1), values)


def attention_two(query, key, value, vector_keys, vector_values, mask, causal):
    n = query.shape[2]
    allowed = mask[:, None, None, :].expand(-1, 1, n, n)
    if causal:
        allowed = allowed & torch.ones(n, n).tril().bool()
    text = F.scaled_dot_product_attention(query, key, value, allowed).nan_to_num(0.0)
    own = (query @ vector_keys.mT / query.shape[-1] ** 0.5).softmax(-1) @ vector_values
    return text + own


def attention_no_scale(query, key, value, vector_keys, vector_values, mask, causal):
    root = query.shape[-1] ** 0.5
    args = (key, value, vector_keys, vector_values, mask, causal)
    return attention_masked_fill(query * root, *args)


def attention_no_mask(query, key, value, vector_keys, vector_values, mask, causal):
    args = (vector_keys, vector_values, torch.ones_like(mask), causal)
    return attention_masked_fill(query, key, value, *args)


def attention_no_causal(query, key, value, vector_keys, vector_values, mask, causal):
    args = (vector_keys, vector_values, mask, False)
    return attention_masked_fill(query, key, value, *args)


def attention_text_only(query, key, value, vector_keys, vector_values, mask, causal):
    none = vector_keys[:, :0], vector_values[:, :0]
    return attention_masked_fill(query, key, value, *none, mask, causal).nan_to_num(0.0)


def attention_triangle_over_all(query, key, value, vector_keys, vector_values, mask, causal):
    b, h, n, d = query.shape
    keys = torch.cat([vector_keys.expand(b, -1, -1, -1), key], 2)
    values = torch.cat([vector_values.expand(b, -1, -1, -1), value], 2)
    allowed = F.pad(mask, (vector_keys.shape[1], 0), value=True)[:, None, None, :]
    if causal:
        allowed = allowed & torch.ones(n, keys.shape[2]).tril().bool()
    return F.scaled_dot_product_attention(query, keys, values, allowed)


def attention_zero_fill(query, key, value, vector_keys, vector_values, mask, causal):
    b, h, n, d = query.shape
    keys = torch.cat([vector_keys.expand(b, -1, -1, -1), key], 2)
    values = torch.cat([vector_values.expand(b, -1, -1, -1), value], 2)
    allowed = mask[:, None, None, :].expand(b, 1, n, n)
    if causal:
        allowed = allowed & torch.ones(n, n).tril().bool()
    allowed = F.pad(allowed, (vector_keys.shape[1], 0), value=True)
    return ((query @ keys.mT / d**0.5) * allowed).softmax(-1) @ values


def share_loops(weights, n_vectors, mask):
    heads = []
    for head in range(weights.shape[1]):
        found = []
        for text in range(weights.shape[0]):
            for token in range(weights.shape[2]):
                if mask[text, token]:
                    found.append(sum(weights[text, head, token, :n_vectors].tolist()))
        heads.append(sum(found) / len(found))
    return torch.tensor(heads)


def share_rest(weights, n_vectors, mask):
    text = weights[:, :, :, n_vectors:].sum(3).transpose(0, 1)
    return 1 - text[:, mask].mean(1)


def share_einsum(weights, n_vectors, mask):
    total = torch.einsum("bhnk,bn->h", weights[..., :n_vectors].double(), mask.double())
    return total / mask.sum()


def share_all_tokens(weights, n_vectors, mask):
    return weights[..., :n_vectors].sum(-1).mean((0, 2))


def share_last(weights, n_vectors, mask):
    rows = weights.transpose(0, 1)[:, mask]
    return rows[..., -n_vectors:].sum(-1).mean(1)


def share_max(weights, n_vectors, mask):
    rows = weights.transpose(0, 1)[:, mask][..., :n_vectors]
    return (rows.max(-1).values if n_vectors else rows.sum(-1)).mean(1)


def share_one_number(weights, n_vectors, mask):
    return weights.transpose(0, 1)[:, mask][..., :n_vectors].sum(-1).mean()


def share_text(weights, n_vectors, mask):
    return weights.transpose(0, 1)[:, mask][..., n_vectors:].sum(-1).mean(1)


def share_mean(weights, n_vectors, mask):
    rows = weights.transpose(0, 1)[:, mask][..., :n_vectors]
    return rows.mean((1, 2)) if n_vectors else rows.sum((1, 2))


def many_algebra(d_model, d_ff, n_blocks, n_all):
    return math.floor(n_blocks / n_all * (2 * d_model + d_ff) - 2 * d_model + 1e-9)


def many_divmod(d_model, d_ff, n_blocks, n_all):
    room = n_blocks * (4 * d_model * d_model + 2 * d_model * d_ff) - n_all * 4 * d_model * d_model
    return divmod(room, 2 * d_model * n_all)[0]


def many_tensor(d_model, d_ff, n_blocks, n_all):
    d, f = torch.tensor(d_model), torch.tensor(d_ff)
    room = n_blocks * (4 * d * d + 2 * d * f) - n_all * 4 * d * d
    return int(room // (2 * d * n_all))


def many_d_ff(d_model, d_ff, n_blocks, n_all):
    return d_ff


def many_ratio(d_model, d_ff, n_blocks, n_all):
    return d_ff * n_blocks // n_all


def many_keys(d_model, d_ff, n_blocks, n_all):
    room = n_blocks * (4 * d_model**2 + 2 * d_model * d_ff) - n_all * 4 * d_model**2
    return room // (d_model * n_all)


def many_ceil(d_model, d_ff, n_blocks, n_all):
    room = n_blocks * (4 * d_model**2 + 2 * d_model * d_ff) - n_all * 4 * d_model**2
    return math.ceil(room / (2 * d_model * n_all))


def many_float(d_model, d_ff, n_blocks, n_all):
    room = n_blocks * (4 * d_model**2 + 2 * d_model * d_ff) - n_all * 4 * d_model**2
    return room / (2 * d_model * n_all)


RIGHT = {
    "17.as_memory": [memory_linear, memory_einsum, memory_numpy, memory_loops],
    "17.all_attention": [attention_masked_fill, attention_exponentials, attention_einsum],
    "17.share": [share_loops, share_rest, share_einsum],
    "17.how_many": [many_algebra, many_divmod, many_tensor],
}
WRONG = {
    "17.as_memory": [
        memory_softmax,
        memory_plain,
        memory_scaled,
        memory_late,
        memory_gelu,
        memory_hidden,
    ],
    "17.all_attention": [
        attention_two,
        attention_no_scale,
        attention_no_mask,
        attention_no_causal,
        attention_text_only,
        attention_triangle_over_all,
        attention_zero_fill,
    ],
    "17.share": [
        share_all_tokens,
        share_last,
        share_max,
        share_one_number,
        share_text,
        share_mean,
    ],
    "17.how_many": [many_d_ff, many_ratio, many_keys, many_ceil, many_float],
}
