"""Exercise 13, as people write it from the task's text."""

import math

import torch
import torch.nn.functional as F


def lists_by_token(n, width, size):
    n_groups = n // size
    keys = torch.zeros(n_groups, width + size, dtype=torch.long)
    allowed = torch.zeros(n_groups, size, width + size, dtype=torch.bool)
    for g in range(n_groups):
        for slot in range(width + size):
            place = g * size - width + slot
            keys[g, slot] = max(place, 0)
            for i in range(size):
                query = g * size + i
                allowed[g, i, slot] = place >= 0 and query - width <= place <= query
    return keys, allowed


def lists_with_where(n, width, size):
    begin = torch.arange(n // size).unsqueeze(1) * size
    places = begin + torch.arange(width + size) - width
    queries = torch.arange(n).view(-1, size, 1)
    distance = queries - places.unsqueeze(1)
    ok = torch.logical_and(distance >= 0, distance <= width)
    ok = torch.logical_and(ok, places.unsqueeze(1) >= 0)
    return torch.where(places < 0, torch.zeros_like(places), places), ok


def lists_from_the_big_mask(n, width, size):
    back = torch.arange(n)[:, None] - torch.arange(-width, n)
    big = (back >= 0) & (back <= width) & (torch.arange(-width, n) >= 0)
    starts = range(0, n, size)
    keys = torch.stack([torch.arange(s - width, s + size).clamp(min=0) for s in starts])
    return keys, torch.stack([big[s : s + size, s : s + size + width] for s in starts])


def lists_int32(n, width, size):
    keys, allowed = lists_by_token(n, width, size)
    return keys.to(torch.int32), allowed


def lists_in_lists(n, width, size):
    keys, allowed = [], []
    for start in range(0, n, size):
        row = torch.arange(start - width, start + size)
        keys.append(row.clamp(min=0))
        allowed.append(
            torch.stack([(row >= 0) & (row <= q) & (row >= q - width)
                         for q in range(start, start + size)])
        )  # fmt: skip
    return torch.stack(keys), torch.stack(allowed)


def lists_diagonals(n, width, size):
    keys = (torch.arange(-width, n).unfold(0, width + size, size)).clone()
    slots = torch.arange(width + size)
    rows = torch.arange(size)[:, None]
    allowed = ((slots >= rows) & (slots <= rows + width)).repeat(n // size, 1, 1)
    allowed &= (keys >= 0).unsqueeze(1)
    keys[keys < 0] = 0
    return keys, allowed


def _lists(n, width, size, near, first=None, inside=True):
    begin = torch.arange(0, n, size)[:, None]
    keys = begin + torch.arange(-width if first is None else first, size)
    back = (begin + torch.arange(size))[:, :, None] - keys[:, None]
    allowed = near(back)
    if inside:
        allowed = allowed & (keys >= 0)[:, None]
    return keys.clamp(min=0), allowed


def lists_abs(n, width, size):
    return _lists(n, width, size, lambda back: back.abs() <= width)


def lists_future(n, width, size):
    return _lists(n, width, size, lambda back: back <= width)


def lists_whole_past(n, width, size):
    return _lists(n, width, size, lambda back: back >= 0)


def lists_less(n, width, size):
    return _lists(n, width, size, lambda back: (back >= 0) & (back < width))


def lists_greater(n, width, size):
    return _lists(n, width, size, lambda back: (back > 0) & (back <= width))


def lists_padding(n, width, size):
    return _lists(n, width, size, lambda back: (back >= 0) & (back <= width), inside=False)


def lists_from_1(n, width, size):
    return _lists(n, width, size, lambda back: (back >= 0) & (back <= width), first=1 - width)


def lists_after(n, width, size):
    return _lists(n, width, size, lambda back: (back <= 0) & (back >= -width))


def lists_negative(n, width, size):
    begin = torch.arange(0, n, size)[:, None]
    keys = begin + torch.arange(-width, size)
    back = (begin + torch.arange(size))[:, :, None] - keys[:, None]
    return keys, (back >= 0) & (back <= width) & (keys >= 0)[:, None]


def lists_modulo(n, width, size):
    keys, allowed = lists_negative(n, width, size)
    return keys % n, allowed


def lists_only_keys(n, width, size):
    return lists_negative(n, width, size)[0].clamp(min=0)


def lists_swapped(n, width, size):
    keys, allowed = lists_negative(n, width, size)
    return allowed, keys.clamp(min=0)


def lists_transposed(n, width, size):
    keys, allowed = lists_negative(n, width, size)
    return keys.clamp(min=0), allowed.mT


def lists_inverted(n, width, size):
    keys, allowed = lists_negative(n, width, size)
    return keys.clamp(min=0), ~allowed


def lists_integers(n, width, size):
    keys, allowed = lists_negative(n, width, size)
    return keys.clamp(min=0), allowed.int()


def lists_scores(n, width, size):
    keys, allowed = lists_negative(n, width, size)
    return keys.clamp(min=0), torch.zeros(allowed.shape).masked_fill(~allowed, -torch.inf)


def lists_tril(n, width, size):
    keys = lists_negative(n, width, size)[0]
    band = torch.ones(size, width + size, dtype=torch.bool).tril(width)
    return keys.clamp(min=0), band & (keys >= 0)[:, None]


def lists_one_mask(n, width, size):
    keys, allowed = lists_negative(n, width, size)
    return keys.clamp(min=0), allowed[0]


def lists_each(n, width, size):
    keys = torch.arange(n)[:, None] + torch.arange(-width, 1)
    return keys.clamp(min=0), keys >= 0


def lists_float(n, width, size):
    keys, allowed = lists_negative(n, width, size)
    result = torch.zeros(keys.shape)
    result[keys > 0] = keys[keys > 0].float()
    return result, allowed


def lists_clip_first(n, width, size):
    begin = torch.arange(0, n, size)[:, None]
    keys = (begin + torch.arange(-width, size)).clamp(min=0)
    back = (begin + torch.arange(size))[:, :, None] - keys[:, None]
    return keys, (back >= 0) & (back <= width)


def attend_query_by_query(query, key, value, keys, allowed):
    size, rows = allowed.shape[1], []
    for i, one in enumerate(query):
        places = keys[i // size][allowed[i // size, i % size]]
        weights = torch.softmax(key[places] @ one / math.sqrt(len(one)), dim=0)
        rows.append(weights @ value[places])
    return torch.stack(rows)


def attend_einsum(query, key, value, keys, allowed):
    groups, size, _ = allowed.shape
    q = query.reshape(groups, size, query.shape[1])
    scores = torch.einsum("gqd,gkd->gqk", q, key[keys]) / query.shape[1] ** 0.5
    scores = torch.where(allowed, scores, torch.tensor(float("-inf")))
    weights = F.softmax(scores, dim=2)
    return torch.einsum("gqk,gkv->gqv", weights, value[keys]).reshape(-1, value.shape[1])


def attend_min(query, key, value, keys, allowed):
    q = torch.stack(query.split(allowed.shape[1]))
    k = torch.stack([key[row] for row in keys])
    v = torch.stack([value.index_select(0, row) for row in keys])
    scores = q.matmul(k.mT).div(math.sqrt(key.size(-1)))
    scores = scores.masked_fill(allowed.logical_not(), torch.finfo(scores.dtype).min)
    return torch.cat(list(scores.softmax(-1).matmul(v)))


def attend_bias(query, key, value, keys, allowed):
    bias = torch.zeros(allowed.shape).masked_fill(~allowed, -math.inf)
    q = query.unflatten(0, (len(keys), -1))
    return F.scaled_dot_product_attention(q, key[keys], value[keys], bias).flatten(0, 1)


def attend_log_sum(query, key, value, keys, allowed):
    q = query.view(*allowed.shape[:2], -1)
    scores = (q @ key[keys].mT / math.sqrt(q.shape[-1])).masked_fill(~allowed, -1e30)
    shares = (scores - scores.logsumexp(-1, keepdim=True)).exp()
    return (shares.unsqueeze(-1) * value[keys].unsqueeze(1)).sum(2).view(len(query), -1)


def attend_scaled_query(query, key, value, keys, allowed):
    q = (query * query.shape[-1] ** -0.5).view(*allowed.shape[:2], -1)
    scores = (q[:, :, None] * key[keys][:, None]).sum(-1)
    scores = scores.masked_fill(~allowed, -torch.inf)
    return (scores.softmax(-1) @ value[keys]).flatten(end_dim=1)


def _attend(query, key, value, keys, allowed, mask=None, scale=None, dim=-1):
    q = query.view(*allowed.shape[:2], -1)
    scores = q @ key[keys].mT / (query.shape[-1] ** 0.5 if scale is None else scale)
    scores = scores.masked_fill(~allowed, -torch.inf) if mask is None else mask(scores)
    return (scores.softmax(dim) @ value[keys]).flatten(0, 1)


def attend_unmasked(*x):
    return _attend(*x, mask=lambda scores: scores)


def attend_times_mask(*x):
    return _attend(*x, mask=lambda scores: scores * x[-1])


def attend_plus_mask(*x):
    return _attend(*x, mask=lambda scores: scores + x[-1])


def attend_inverted(*x):
    return _attend(*x, mask=lambda scores: scores.masked_fill(x[-1], -torch.inf))


def attend_small_fill(*x):
    return _attend(*x, mask=lambda scores: scores.masked_fill(~x[-1], -100))


def attend_tiny_fill(*x):
    return _attend(*x, mask=lambda scores: scores.masked_fill(~x[-1], -10))


def attend_zero_fill(*x):
    return _attend(*x, mask=lambda scores: scores.masked_fill(~x[-1], 0))


def attend_no_scale(*x):
    return _attend(*x, scale=1)


def attend_scale_d(*x):
    return _attend(*x, scale=x[0].shape[-1])


def attend_scale_list(*x):
    return _attend(*x, scale=x[3].shape[-1] ** 0.5)


def attend_scale_value(*x):
    return _attend(*x, scale=x[2].shape[-1] ** 0.5)


def attend_scale_size(*x):
    return _attend(*x, scale=x[-1].shape[1] ** 0.5)


def attend_dim_1(*x):
    return _attend(*x, dim=1)


def attend_dim_0(*x):
    return _attend(*x, dim=0)


def attend_in_groups(query, key, value, keys, allowed):
    return _attend(query, key, value, keys, allowed).unflatten(0, allowed.shape[:2])


def attend_after(query, key, value, keys, allowed):
    q = query.view(*allowed.shape[:2], -1)
    weights = (q @ key[keys].mT / query.shape[-1] ** 0.5).softmax(-1) * allowed
    return (weights @ value[keys]).flatten(0, 1)


def attend_after_and_shared(query, key, value, keys, allowed):
    q = query.view(*allowed.shape[:2], -1)
    weights = (q @ key[keys].mT / query.shape[-1] ** 0.5).softmax(-1) * allowed
    return ((weights / weights.sum(-1, keepdim=True)) @ value[keys]).flatten(0, 1)


def attend_exp(query, key, value, keys, allowed):
    q = query.view(*allowed.shape[:2], -1)
    powers = (q @ key[keys].mT / query.shape[-1] ** 0.5).exp() * allowed
    return (powers / powers.sum(-1, keepdim=True) @ value[keys]).flatten(0, 1)


def attend_detached(query, key, value, keys, allowed):
    return _attend(query.detach(), key, value, keys, allowed)


def attend_numpy(query, key, value, keys, allowed):
    with torch.no_grad():
        return _attend(query, key, value, keys, allowed)


def attend_big_table(query, key, value, keys, allowed):
    mask = torch.zeros(len(query), len(key), dtype=torch.bool)
    for i in range(len(query)):
        g, slot = divmod(i, allowed.shape[1])
        mask[i, keys[g][allowed[g, slot]]] = True
    return F.scaled_dot_product_attention(query, key, value, mask)


def attend_everybody(query, key, value, keys, allowed):
    return F.scaled_dot_product_attention(query, key, value)


def attend_turned(query, key, value, keys, allowed):
    q = query.view(allowed.shape[1], allowed.shape[0], -1).transpose(0, 1)
    scores = (q @ key[keys].mT / query.shape[-1] ** 0.5).masked_fill(~allowed, -torch.inf)
    return (scores.softmax(-1) @ value[keys]).flatten(0, 1)


def attend_in_place(query, key, value, keys, allowed):
    allowed.logical_not_()
    return _attend(query, key, value, keys, allowed, mask=lambda s: s.masked_fill(allowed, -1e9))


def stride_append(query, key, value, stride):
    rows = [None] * len(query)
    for r in range(min(stride, len(query))):
        q, k, v = query[r::stride], key[r::stride], value[r::stride]
        mixed = torch.softmax(q @ k.T / math.sqrt(q.shape[1]), 1) @ v
        for i, row in enumerate(mixed):
            rows[r + i * stride] = row
    return torch.stack(rows)


def stride_index_add(query, key, value, stride):
    result = torch.zeros(len(query), value.size(1))
    for r in range(stride):
        places = torch.arange(len(query))
        places = places[places % stride == r]
        if len(places) == 0:
            continue
        mixed = F.scaled_dot_product_attention(query[places], key[places], value[places])
        result = result.index_add(0, places, mixed)
    return result


def stride_sorted(query, key, value, stride):
    remainder = torch.arange(len(query)) % stride
    order = remainder.argsort(stable=True)
    sizes = remainder.bincount().tolist()
    parts = zip(query[order].split(sizes), key[order].split(sizes), value[order].split(sizes),
                strict=True)  # fmt: skip
    mixed = [(q @ k.mT * q.shape[-1] ** -0.5).softmax(-1) @ v for q, k, v in parts]
    back = torch.empty_like(order)
    back[order] = torch.arange(len(order))
    return torch.cat(mixed)[back]


def stride_loop(query, key, value, stride):
    out = torch.empty(query.shape[0], value.shape[1], dtype=value.dtype)
    for i in range(len(query)):
        mine = torch.arange(i % stride, len(query), stride)
        out[i] = torch.softmax(key[mine] @ query[i] / query.shape[1] ** 0.5, 0) @ value[mine]
    return out


def stride_double(query, key, value, stride):
    out = torch.zeros(len(query), value.shape[1], dtype=torch.float64)
    for r in range(min(stride, len(query))):
        q, k, v = (x[r::stride].double() for x in (query, key, value))
        out[r::stride] = (q @ k.T / math.sqrt(q.shape[-1])).softmax(-1) @ v
    return out


def stride_log_sum(query, key, value, stride):
    def attend(q, k, v):
        scores = q @ k.T / math.sqrt(q.shape[-1])
        return (scores - scores.logsumexp(-1, keepdim=True)).exp() @ v

    return _stride(query, key, value, stride, attend)


def _stride(query, key, value, stride, attend):
    out = torch.zeros(len(query), value.shape[1])
    for r in range(min(stride, len(query))):
        out[r::stride] = attend(query[r::stride], key[r::stride], value[r::stride])
    return out


def stride_no_scale(*x):
    return _stride(*x, lambda q, k, v: (q @ k.T).softmax(-1) @ v)


def stride_scale_d(*x):
    return _stride(*x, lambda q, k, v: (q @ k.T / q.shape[-1]).softmax(-1) @ v)


def stride_scale_group(*x):
    return _stride(*x, lambda q, k, v: (q @ k.T / len(q) ** 0.5).softmax(-1) @ v)


def stride_scale_value(*x):
    return _stride(*x, lambda q, k, v: (q @ k.T / v.shape[-1] ** 0.5).softmax(-1) @ v)


def stride_dim_0(*x):
    return _stride(*x, lambda q, k, v: (q @ k.T / q.shape[-1] ** 0.5).softmax(0) @ v)


def stride_causal(*x):
    return _stride(*x, lambda q, k, v: F.scaled_dot_product_attention(q, k, v, is_causal=True))


def stride_unshared(*x):
    return _stride(*x, lambda q, k, v: q @ k.T / q.shape[-1] ** 0.5 @ v)


def stride_exp(*x):
    def attend(q, k, v):
        powers = torch.exp(q @ k.T / q.shape[-1] ** 0.5)
        return powers / powers.sum(1, keepdim=True) @ v

    return _stride(*x, attend)


def stride_not_itself(query, key, value, stride):
    def attend(q, k, v):
        scores = (q @ k.T / q.shape[-1] ** 0.5).fill_diagonal_(-1e9)
        return scores.softmax(-1) @ v

    return _stride(query, key, value, stride, attend)


def stride_view(query, key, value, stride):
    q, k, v = (x.view(-1, stride, x.shape[-1]).mT.mT.transpose(0, 1) for x in (query, key, value))
    return F.scaled_dot_product_attention(q, k, v).transpose(0, 1).reshape(len(query), -1)


def stride_blocks(query, key, value, stride):
    pieces = zip(query.split(stride), key.split(stride), value.split(stride), strict=True)
    return torch.cat([F.scaled_dot_product_attention(q, k, v) for q, k, v in pieces])


def stride_cat(query, key, value, stride):
    every = ([x[r::stride] for x in (query, key, value)] for r in range(min(stride, len(query))))
    return torch.cat([F.scaled_dot_product_attention(*group) for group in every])


def stride_empty_like(query, key, value, stride):
    out = torch.empty_like(query)
    for r in range(min(stride, len(query))):
        out[r::stride] = F.scaled_dot_product_attention(
            query[r::stride], key[r::stride], value[r::stride]
        )
    return out


def stride_n_over(query, key, value, stride):
    out = torch.zeros(len(query), value.shape[1])
    step = max(1, len(query) // stride)
    for r in range(step):
        out[r::step] = F.scaled_dot_product_attention(query[r::step], key[r::step], value[r::step])
    return out


def stride_mask(query, key, value, stride):
    i = torch.arange(len(query))
    mask = i[:, None] % stride == i % stride
    return F.scaled_dot_product_attention(query, key, value, mask)


def stride_first_only(query, key, value, stride):
    out = torch.zeros(len(query), value.shape[1])
    for r in range(min(stride, len(query))):
        out[r::stride] = F.scaled_dot_product_attention(
            query[r::stride], key[r::stride], value[r::stride]
        )
        return out


def stride_all_keys(query, key, value, stride):
    out = torch.zeros(len(query), value.shape[1])
    for r in range(min(stride, len(query))):
        out[r::stride] = F.scaled_dot_product_attention(query[r::stride], key, value)
    return out


def stride_detached(query, key, value, stride):
    return _stride(query, key.data, value, stride, F.scaled_dot_product_attention)


def stride_padded(query, key, value, stride):
    more = -len(query) % stride
    q, k, v = (torch.cat([x, torch.zeros(more, x.shape[1])]) for x in (query, key, value))
    q, k, v = (x.unflatten(0, (-1, stride)).transpose(0, 1) for x in (q, k, v))
    return F.scaled_dot_product_attention(q, k, v).transpose(0, 1).flatten(0, 1)[: len(query)]


RIGHT = {
    "13.shopping_lists": [
        lists_by_token,
        lists_with_where,
        lists_from_the_big_mask,
        lists_int32,
        lists_in_lists,
        lists_diagonals,
    ],
    "13.attend_by_lists": [
        attend_query_by_query,
        attend_einsum,
        attend_min,
        attend_bias,
        attend_log_sum,
        attend_scaled_query,
    ],
    "13.strided_attention": [
        stride_append,
        stride_index_add,
        stride_sorted,
        stride_loop,
        stride_double,
        stride_log_sum,
    ],
}
WRONG = {
    "13.shopping_lists": [
        lists_abs,
        lists_future,
        lists_whole_past,
        lists_less,
        lists_greater,
        lists_padding,
        lists_from_1,
        lists_after,
        lists_negative,
        lists_modulo,
        lists_only_keys,
        lists_swapped,
        lists_transposed,
        lists_inverted,
        lists_integers,
        lists_scores,
        lists_tril,
        lists_one_mask,
        lists_each,
        lists_float,
        lists_clip_first,
    ],
    "13.attend_by_lists": [
        attend_unmasked,
        attend_times_mask,
        attend_plus_mask,
        attend_inverted,
        attend_small_fill,
        attend_tiny_fill,
        attend_zero_fill,
        attend_no_scale,
        attend_scale_d,
        attend_scale_list,
        attend_scale_value,
        attend_scale_size,
        attend_dim_1,
        attend_dim_0,
        attend_in_groups,
        attend_after,
        attend_after_and_shared,
        attend_exp,
        attend_detached,
        attend_numpy,
        attend_big_table,
        attend_everybody,
        attend_turned,
        attend_in_place,
    ],
    "13.strided_attention": [
        stride_no_scale,
        stride_scale_d,
        stride_scale_group,
        stride_scale_value,
        stride_dim_0,
        stride_causal,
        stride_unshared,
        stride_exp,
        stride_not_itself,
        stride_view,
        stride_blocks,
        stride_cat,
        stride_empty_like,
        stride_n_over,
        stride_mask,
        stride_first_only,
        stride_all_keys,
        stride_detached,
        stride_padded,
    ],
}
