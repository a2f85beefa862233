"""Answers to exercise 03, written from its text."""

import math

import numpy as np
import torch
import torch.nn.functional as F

# 03.soft_lookup ----------------------------------------------------------------------------------


def lookup_by_matmul(query, keys, values):
    scores = torch.matmul(keys, query.unsqueeze(1)).squeeze(1)
    return torch.matmul(F.softmax(scores, dim=-1).unsqueeze(0), values).squeeze(0)


def lookup_from_the_left(query, keys, values):
    return values.T @ (query @ keys.T).softmax(-1)


def lookup_in_numpy(query, keys, values):
    scores = keys.numpy() @ query.numpy()
    powers = np.exp(scores - scores.max())
    return torch.tensor((powers / powers.sum()) @ values.numpy())


def lookup_in_double(query, keys, values):
    return torch.softmax(keys.double() @ query.double(), 0) @ values.double()


def lookup_with_a_running_sum(query, keys, values):
    best = max(float(key @ query) for key in keys)
    total, mixture = 0.0, torch.zeros(values.shape[1])
    for key, value in zip(keys, values, strict=True):
        power = torch.exp(key @ query - best)
        total += power
        mixture += power * value
    return mixture / total


def lookup_by_logsumexp(query, keys, values):
    scores = torch.einsum("nd,d->n", keys, query)
    return ((scores - scores.logsumexp(0)).exp()[:, None] * values).sum(dim=0)


def lookup_by_tensordot(query, keys, values):
    shares = torch.tensordot(keys, query, dims=1).softmax(0)
    return torch.tensordot(shares, values, dims=1)


def w_lookup_max_score_value(query, keys, values):
    scores = torch.softmax(keys @ query, dim=0)
    return values[torch.argmax(scores)]


def w_lookup_no_max(query, keys, values):
    e = (keys @ query).exp()
    return (e[:, None] * values).sum(0) / e.sum()


def w_lookup_rounded(query, keys, values):
    shares = torch.softmax(keys @ query, dim=0).round()
    return shares @ values


def w_lookup_mean_of_weighted(query, keys, values):
    shares = torch.softmax(keys @ query, dim=0)
    return torch.mean(shares.unsqueeze(-1) * values, dim=0)


def w_lookup_sum_everything(query, keys, values):
    shares = torch.softmax(keys @ query, dim=0)
    return (shares[:, None] * values).sum()


def w_lookup_normalised_query(query, keys, values):
    return torch.softmax(keys @ (query / query.norm().clamp(min=1e-9)), dim=0) @ values


def w_lookup_normalised_keys(query, keys, values):
    return torch.softmax(F.normalize(keys, dim=1) @ query, dim=0) @ values


def w_lookup_root_of_n(query, keys, values):
    return torch.softmax(keys @ query / len(keys) ** 0.5, dim=0) @ values


def w_lookup_scaled_by_torch(query, keys, values):
    return F.scaled_dot_product_attention(query[None], keys, values)[0]


def w_lookup_relu(query, keys, values):
    scores = torch.relu(keys @ query)
    return scores / scores.sum() @ values


def w_lookup_softmax_of_values(query, keys, values):
    return (keys @ query) @ torch.softmax(values, dim=0)


def w_lookup_hidden_softmax(query, keys, values):
    scores = keys @ query
    torch.softmax(scores, dim=0)
    return scores @ values


def w_lookup_one_loop_return(query, keys, values):
    shares = torch.softmax(keys @ query, dim=0)
    for share, value in zip(shares, values, strict=True):
        return share * value


def w_lookup_last_only(query, keys, values):
    shares = torch.softmax(keys @ query, dim=0)
    for share, value in zip(shares, values, strict=True):
        result = share * value
    return result


def w_lookup_list(query, keys, values):
    return [(torch.softmax(keys @ query, dim=0) @ values)]


def w_lookup_temperature(query, keys, values):
    return torch.softmax(10 * (keys @ query), dim=0) @ values


def w_lookup_detached_numpy(query, keys, values):
    return (torch.softmax(keys @ query, dim=0) @ values).numpy()


# 03.scaled_dot_product_attention -----------------------------------------------------------------


def attend_with_where(query, key, value, mask=None):
    scores = torch.matmul(query, key.swapaxes(-1, -2)) * (query.size(-1) ** -0.5)
    if mask is None:
        weights = F.softmax(scores, dim=-1)
    else:
        weights = F.softmax(torch.where(mask, scores, -float("inf")), dim=-1)
        weights = torch.where(mask, weights, 0.0)
    return weights.matmul(value), weights


def attend_with_added_infinities(query, key, value, mask=None):
    d = query.shape[-1]
    bias = torch.zeros(())
    if mask is not None:
        bias = torch.zeros(mask.shape).masked_fill(~mask, float("-inf"))
    weights = (query @ key.mT / d**0.5 + bias).softmax(dim=-1).nan_to_num()
    return weights @ value, weights


def attend_with_any(query, key, value, mask=None):
    scores = torch.einsum("...id,...jd->...ij", query, key) / math.sqrt(key.shape[-1])
    if mask is None:
        weights = scores.softmax(-1)
    else:
        scores = scores.masked_fill(mask.logical_not(), torch.finfo(scores.dtype).min)
        somebody = mask.any(dim=-1, keepdim=True)
        weights = scores.softmax(-1) * mask * somebody
    return torch.einsum("...ij,...jv->...iv", weights, value), weights


def attend_by_torch(query, key, value, mask=None):
    scores = (query / math.sqrt(query.shape[-1])) @ key.transpose(-1, -2)
    if mask is not None:
        scores = scores.masked_fill(mask == False, float("-inf"))  # noqa: E712
    weights = torch.nan_to_num(torch.softmax(scores, -1), 0.0)
    return F.scaled_dot_product_attention(query, key, value, attn_mask=mask).nan_to_num(0), weights


def attend_broadcasting(query, key, value, mask=None):
    scores = (query.unsqueeze(-2) * key.unsqueeze(-3)).sum(-1) / query.shape[-1] ** 0.5
    if mask is not None:
        scores = scores.masked_fill(~mask, -1e30)
    weights = scores.softmax(-1)
    if mask is not None:
        weights = weights.masked_fill(~mask, 0)
    return (weights.unsqueeze(-1) * value.unsqueeze(-3)).sum(-2), weights


def attend_in_numpy(query, key, value, mask=None):
    q, k, v = query.numpy(), key.numpy(), value.numpy()
    scores = q @ np.swapaxes(k, -1, -2) / np.sqrt(q.shape[-1])
    if mask is not None:
        scores = np.where(mask.numpy(), scores, -np.inf)
    top = scores.max(-1, keepdims=True)
    powers = np.exp(scores - np.where(np.isfinite(top), top, 0))
    total = powers.sum(-1, keepdims=True)
    weights = powers / np.where(total == 0, 1, total)
    return torch.tensor((weights @ v).astype("float32")), torch.tensor(weights.astype("float32"))


def attend_in_place_on_its_own(query, key, value, mask=None):
    scores = torch.matmul(query, key.mT)
    scores /= math.sqrt(query.shape[-1])
    if mask is not None:
        scores.masked_fill_(~mask, -math.inf)
    weights = scores.softmax(dim=-1)
    weights[weights.isnan()] = 0.0
    return weights @ value, weights


def attend_root_shared_out(query, key, value, mask=None):
    root = query.shape[-1] ** 0.25
    scores = (query / root) @ (key / root).mT
    scores = scores if mask is None else scores.masked_fill(~mask, -torch.inf)
    weights = scores.softmax(-1)
    if mask is not None:
        weights = weights.where(mask, torch.zeros(()))
    return weights @ value, weights


def w_attend_no_root_no_care(query, key, value, mask=None):
    scores = query @ key.transpose(-2, -1)
    if mask is not None:
        scores = scores.masked_fill(~mask, float("-inf"))
    weights = torch.softmax(scores, dim=-1)
    return weights @ value, weights


def w_attend_minus_100(query, key, value, mask=None):
    scores = query @ key.transpose(-2, -1) / math.sqrt(query.shape[-1])
    if mask is not None:
        scores = scores.masked_fill(~mask, -100)
    weights = torch.softmax(scores, dim=-1)
    if mask is not None:
        weights = weights.masked_fill(~mask, 0.0)
    return weights @ value, weights


def w_attend_minus_10000(query, key, value, mask=None):
    scores = query @ key.transpose(-2, -1) / math.sqrt(query.shape[-1])
    if mask is not None:
        scores = scores.masked_fill(~mask, -1e4)
    weights = torch.softmax(scores, dim=-1)
    return weights @ value, weights


def w_attend_mask_shares_again(query, key, value, mask=None):
    weights = torch.softmax(query @ key.mT / query.shape[-1] ** 0.5, -1)
    if mask is not None:
        weights = weights * mask
        weights = weights / weights.sum(-1, keepdim=True)
    return weights @ value, weights


def w_attend_epsilon(query, key, value, mask=None):
    weights = torch.softmax(query @ key.mT / query.shape[-1] ** 0.5, -1)
    if mask is not None:
        weights = weights * mask
        weights = weights / (weights.sum(-1, keepdim=True) + 1e-6)
    return weights @ value, weights


def w_attend_masked_the_output(query, key, value, mask=None):
    weights = torch.softmax(query @ key.mT / query.shape[-1] ** 0.5, -1)
    if mask is not None:
        return weights.masked_fill(~mask, 0) @ value, weights
    return weights @ value, weights


def w_attend_inverted(query, key, value, mask=None):
    scores = query @ key.mT / math.sqrt(query.shape[-1])
    if mask is not None:
        scores = scores.masked_fill(mask, -math.inf)
    weights = torch.softmax(scores, dim=-1)
    return weights @ value, weights


def w_attend_scores_before_the_root(query, key, value, mask=None):
    scores = query @ key.mT
    weights = torch.softmax(scores, dim=-1) / math.sqrt(query.shape[-1])
    if mask is not None:
        weights = weights.masked_fill(~mask, 0)
    return weights @ value, weights


def w_attend_softmax_of_dim_0(query, key, value, mask=None):
    scores = query @ key.mT / math.sqrt(query.shape[-1])
    if mask is not None:
        scores = scores.masked_fill(~mask, -math.inf)
    weights = torch.softmax(scores, dim=0).nan_to_num()
    return weights @ value, weights


def w_attend_softmax_of_dim_minus_2(query, key, value, mask=None):
    scores = query @ key.mT / math.sqrt(query.shape[-1])
    if mask is not None:
        scores = scores.masked_fill(~mask, -1e9)
    weights = torch.softmax(scores, dim=-2)
    return weights @ value, weights


def w_attend_key_t(query, key, value, mask=None):
    scores = query @ key.transpose(0, 1) / math.sqrt(query.shape[-1])
    if mask is not None:
        scores = scores.masked_fill(~mask, -math.inf)
    weights = torch.softmax(scores, dim=-1)
    return weights @ value, weights


def w_attend_len_query(query, key, value, mask=None):
    scores = query @ key.mT / math.sqrt(len(query))
    if mask is not None:
        scores = scores.masked_fill(~mask, -math.inf)
    weights = torch.softmax(scores, dim=-1)
    return weights @ value, weights


def w_attend_precedence(query, key, value, mask=None):
    scores = query @ key.mT / query.shape[-1] ** 1 / 2
    if mask is not None:
        scores = scores.masked_fill(~mask, -math.inf)
    weights = torch.softmax(scores, dim=-1)
    if mask is not None:
        weights = weights.masked_fill(~mask, 0.0)
    return weights @ value, weights


def w_attend_dict(query, key, value, mask=None):
    scores = query @ key.mT / query.shape[-1] ** 0.5
    if mask is not None:
        scores = scores.masked_fill(~mask, -math.inf)
    weights = scores.softmax(-1).nan_to_num()
    return {"output": weights @ value, "weights": weights}


def w_attend_nan_output(query, key, value, mask=None):
    scores = query @ key.mT / query.shape[-1] ** 0.5
    if mask is not None:
        scores = scores.masked_fill(~mask, -math.inf)
    weights = scores.softmax(-1)
    output = weights @ value
    return output, weights.nan_to_num()


def w_attend_mask_added_as_infinity(query, key, value, mask=None):
    scores = query @ key.mT / query.shape[-1] ** 0.5
    if mask is not None:
        scores = scores + mask.float() * -1e9
    weights = scores.softmax(-1)
    return weights @ value, weights


def w_attend_mask_times_infinity(query, key, value, mask=None):
    scores = query @ key.mT / query.shape[-1] ** 0.5
    if mask is not None:
        scores = scores + (~mask).float() * -math.inf
    weights = scores.softmax(-1)
    return weights @ value, weights


def w_attend_in_place_input(query, key, value, mask=None):
    query /= math.sqrt(query.shape[-1])
    scores = query @ key.mT
    if mask is not None:
        scores = scores.masked_fill(~mask, -math.inf)
    weights = scores.softmax(-1).nan_to_num()
    return weights @ value, weights


def w_attend_value_times_weights(query, key, value, mask=None):
    scores = query @ key.mT / query.shape[-1] ** 0.5
    if mask is not None:
        scores = scores.masked_fill(~mask, -math.inf)
    weights = scores.softmax(-1).nan_to_num()
    return weights.mT @ value, weights


def w_attend_nobody_gets_equal(query, key, value, mask=None):
    scores = query @ key.mT / query.shape[-1] ** 0.5
    if mask is not None:
        scores = scores.masked_fill(~mask, torch.finfo(scores.dtype).min)
    weights = scores.softmax(-1)
    return weights @ value, weights


def w_attend_global_max(query, key, value, mask=None):
    scores = query @ key.mT / query.shape[-1] ** 0.5
    if mask is not None:
        scores = scores.masked_fill(~mask, -math.inf)
    powers = torch.exp(scores - scores.max())
    weights = (powers / powers.sum(-1, keepdim=True)).nan_to_num()
    return weights @ value, weights


def w_attend_mask_if_batched(query, key, value, mask=None):
    scores = query @ key.mT / query.shape[-1] ** 0.5
    if mask is not None:
        scores = scores.masked_fill(~mask.unsqueeze(1), -math.inf)
    weights = scores.softmax(-1)
    return weights @ value, weights


# 03.padding_mask ---------------------------------------------------------------------------------


def mask_by_comprehension(lengths, n):
    rows = [[True] * int(length) + [False] * (n - int(length)) for length in lengths]
    return torch.tensor(rows, dtype=torch.bool)


def mask_by_broadcast(lengths, n):
    return torch.arange(n)[None, :].lt(lengths[:, None])


def mask_by_cumsum(lengths, n):
    places = torch.ones(len(lengths), n, dtype=torch.long).cumsum(1)
    return places <= lengths[:, None]


def mask_in_numpy(lengths, n):
    return torch.from_numpy(np.arange(n)[None] < lengths.numpy()[:, None])


def mask_by_meshgrid(lengths, n):
    length, place = torch.meshgrid(lengths, torch.arange(n), indexing="ij")
    return place < length


def mask_by_stacking(lengths, n):
    return torch.stack([torch.arange(n) < length for length in lengths])


def mask_by_triangle(lengths, n):
    triangle = torch.ones(n + 1, n).tril(-1).bool()
    return triangle[lengths.long()]


def w_mask_pads(lengths, n):
    return ~(torch.arange(n) < lengths.unsqueeze(1))


def w_mask_le(lengths, n):
    return lengths[:, None] >= torch.arange(n)


def w_mask_short(lengths, n):
    return torch.arange(n) < (lengths - 1)[:, None]


def w_mask_ones_loop(lengths, n):
    mask = torch.zeros(len(lengths), n)
    for i, length in enumerate(lengths):
        mask[i, :length] = 1
    return mask


def w_mask_ints_loop(lengths, n):
    mask = torch.zeros(len(lengths), n, dtype=torch.int)
    for i in range(len(lengths)):
        mask[i, : lengths[i]] = 1
    return mask


def w_mask_list(lengths, n):
    return [[i < length.item() for i in range(n)] for length in lengths]


def w_mask_transposed(lengths, n):
    return torch.stack([lengths > place for place in range(n)])


def w_mask_triangle(lengths, n):
    return torch.ones(len(lengths), n).tril().bool()


def w_mask_uninitialised_last(lengths, n):
    mask = torch.zeros(len(lengths), n, dtype=torch.bool)
    for i, length in enumerate(lengths):
        mask[i, length - 1] = True
    return mask


def w_mask_max(lengths, n):
    return torch.arange(lengths.max())[None] < lengths[:, None]


def w_mask_end(lengths, n):
    mask = torch.zeros(len(lengths), n, dtype=torch.bool)
    for row, length in zip(mask, lengths, strict=True):
        row[n - length :] = True
    return mask


def w_mask_early_return(lengths, n):
    mask = torch.zeros(len(lengths), n, dtype=torch.bool)
    for i, length in enumerate(lengths):
        mask[i, :length] = True
        return mask


def w_mask_for_heads(lengths, n):
    return (torch.arange(n) < lengths[:, None])[:, None, None, :]


def w_mask_uint8(lengths, n):
    return (torch.arange(n) < lengths[:, None]).byte()


def w_mask_minus_infinity(lengths, n):
    return torch.where(torch.arange(n) < lengths[:, None], 0.0, -1e9)


def w_mask_uint8_places(lengths, n):
    return torch.arange(n).to(torch.uint8) < lengths[:, None]


# 03.self_attention -------------------------------------------------------------------------------


def soft(scores, mask):
    """The course's own care, as whoever solved task 2 has it."""
    if mask is not None:
        scores = scores.masked_fill(~mask, -math.inf)
    return scores.softmax(-1).nan_to_num()


def self_by_functional(x, w_query, w_key, w_value, mask=None):
    keys = None if mask is None else mask[:, None]
    output = F.scaled_dot_product_attention(x @ w_query, x @ w_key, x @ w_value, keys)
    return output.nan_to_num()


def self_by_linear(x, w_query, w_key, w_value, mask=None):
    q, k, v = (F.linear(x, w.T) for w in (w_query, w_key, w_value))
    scores = q @ k.mT / w_query.shape[1] ** 0.5
    if mask is None:
        return scores.softmax(-1) @ v
    hidden = ~mask.unsqueeze(1)
    return scores.masked_fill(hidden, -math.inf).softmax(-1).masked_fill(hidden, 0) @ v


def self_with_a_full_mask(x, w_query, w_key, w_value, mask=None):
    batch, n, _ = x.shape
    if mask is None:
        mask = torch.ones(batch, n, dtype=torch.bool)
    full = mask.unsqueeze(1).expand(batch, n, n)
    return soft((x @ w_query) @ (x @ w_key).mT / w_key.shape[-1] ** 0.5, full) @ (x @ w_value)


def self_with_a_repeated_mask(x, w_query, w_key, w_value, mask=None):
    full = None if mask is None else mask[:, None, :].repeat(1, x.shape[1], 1)
    scores = torch.bmm(x @ w_query, (x @ w_key).transpose(1, 2)) / math.sqrt(w_query.size(1))
    return torch.bmm(soft(scores, full), x @ w_value)


def self_word_by_word(x, w_query, w_key, w_value, mask=None):
    sentences = []
    for b, words in enumerate(x):
        rows = []
        for word in words:
            scores = (words @ w_key) @ (word @ w_query) / w_query.shape[1] ** 0.5
            shares = soft(scores, None if mask is None else mask[b])
            rows.append(shares @ words @ w_value)
        sentences.append(torch.stack(rows))
    return torch.stack(sentences)


def self_with_tables_multiplied(x, w_query, w_key, w_value, mask=None):
    scores = x @ (w_query @ w_key.T) @ x.mT / w_query.shape[1] ** 0.5
    return soft(scores, None if mask is None else mask[:, None]) @ x @ w_value


def self_in_double(x, w_query, w_key, w_value, mask=None):
    x, w_query, w_key, w_value = (t.double() for t in (x, w_query, w_key, w_value))
    return self_by_linear(x, w_query, w_key, w_value, mask)


def w_self_root_of_the_words(x, w_query, w_key, w_value, mask=None):
    scores = (x @ w_query) @ (x @ w_key).mT / math.sqrt(x.size(-1))
    return soft(scores, None if mask is None else mask[:, None]) @ (x @ w_value)


def w_self_no_axis(x, w_query, w_key, w_value, mask=None):
    return soft((x @ w_query) @ (x @ w_key).mT / w_query.shape[1] ** 0.5, mask) @ (x @ w_value)


def w_self_wrong_axis(x, w_query, w_key, w_value, mask=None):
    scores = (x @ w_query) @ (x @ w_key).mT / w_query.shape[1] ** 0.5
    return soft(scores, None if mask is None else mask.unsqueeze(-1)) @ (x @ w_value)


def w_self_no_mask(x, w_query, w_key, w_value, mask=None):
    return soft((x @ w_query) @ (x @ w_key).mT / w_query.shape[1] ** 0.5, None) @ (x @ w_value)


def w_self_returns_both(x, w_query, w_key, w_value, mask=None):
    weights = soft(
        (x @ w_query) @ (x @ w_key).mT / w_query.shape[1] ** 0.5,
        None if mask is None else mask[:, None],
    )
    return weights @ (x @ w_value), weights


def w_self_value_is_x(x, w_query, w_key, w_value, mask=None):
    scores = (x @ w_query) @ (x @ w_key).mT / w_query.shape[1] ** 0.5
    return soft(scores, None if mask is None else mask[:, None]) @ x


def w_self_query_twice(x, w_query, w_key, w_value, mask=None):
    q = x @ w_query
    weights = soft(q @ q.mT / q.shape[-1] ** 0.5, None if mask is None else mask[:, None])
    return weights @ (x @ w_value)


def w_self_detached(x, w_query, w_key, w_value, mask=None):
    return self_by_linear(x, w_query.detach(), w_key, w_value, mask)


def w_self_numbers_only(x, w_query, w_key, w_value, mask=None):
    with torch.no_grad():
        return self_by_linear(x, w_query, w_key, w_value, mask)


def w_self_x_detached_for_keys(x, w_query, w_key, w_value, mask=None):
    scores = (x @ w_query) @ (x.detach() @ w_key).mT / w_query.shape[1] ** 0.5
    return soft(scores, None if mask is None else mask[:, None]) @ (x @ w_value)


def w_self_minus_1e9(x, w_query, w_key, w_value, mask=None):
    scores = (x @ w_query) @ (x @ w_key).mT / w_query.shape[1] ** 0.5
    if mask is not None:
        scores = scores.masked_fill(~mask[:, None], -1e9)
    return scores.softmax(-1) @ (x @ w_value)


def w_self_nan(x, w_query, w_key, w_value, mask=None):
    scores = (x @ w_query) @ (x @ w_key).mT / w_query.shape[1] ** 0.5
    if mask is not None:
        scores = scores.masked_fill(~mask[:, None], -math.inf)
    return scores.softmax(-1) @ (x @ w_value)


def w_self_softmax_over_queries(x, w_query, w_key, w_value, mask=None):
    scores = (x @ w_query) @ (x @ w_key).mT / w_query.shape[1] ** 0.5
    if mask is not None:
        scores = scores.masked_fill(~mask[:, None], -math.inf)
    return scores.softmax(1).nan_to_num() @ (x @ w_value)


def w_self_residual(x, w_query, w_key, w_value, mask=None):
    return x + self_by_linear(x, w_query, w_key, w_value, mask)


def w_self_pads_silent(x, w_query, w_key, w_value, mask=None):
    output = self_by_linear(x, w_query, w_key, w_value, mask)
    return output if mask is None else output * mask[..., None]


def w_self_zeroed_words(x, w_query, w_key, w_value, mask=None):
    if mask is not None:
        x = x * mask.unsqueeze(-1)
    return self_by_linear(x, w_query, w_key, w_value)


def w_self_no_root(x, w_query, w_key, w_value, mask=None):
    scores = (x @ w_query) @ (x @ w_key).mT
    if mask is not None:
        scores = scores.masked_fill(~mask[:, None], -math.inf)
    return scores.softmax(-1) @ (x @ w_value)


def w_self_root_twice(x, w_query, w_key, w_value, mask=None):
    return self_by_linear(x, w_query / math.sqrt(w_query.shape[1]), w_key, w_value, mask)


def w_self_causal(x, w_query, w_key, w_value, mask=None):
    n = x.shape[1]
    past = torch.ones(n, n).tril().bool()
    scores = (x @ w_query) @ (x @ w_key).mT / w_query.shape[1] ** 0.5
    return soft(scores, past if mask is None else past & mask[:, None]) @ (x @ w_value)


def w_self_keys_are_values(x, w_query, w_key, w_value, mask=None):
    scores = (x @ w_query) @ (x @ w_value).mT / w_query.shape[1] ** 0.5
    return soft(scores, None if mask is None else mask[:, None]) @ (x @ w_key)


RIGHT = {
    "03.soft_lookup": [
        lookup_by_matmul,
        lookup_from_the_left,
        lookup_in_numpy,
        lookup_in_double,
        lookup_with_a_running_sum,
        lookup_by_logsumexp,
        lookup_by_tensordot,
    ],
    "03.scaled_dot_product_attention": [
        attend_with_where,
        attend_with_added_infinities,
        attend_with_any,
        attend_by_torch,
        attend_broadcasting,
        attend_in_numpy,
        attend_in_place_on_its_own,
        attend_root_shared_out,
    ],
    "03.padding_mask": [
        mask_by_comprehension,
        mask_by_broadcast,
        mask_by_cumsum,
        mask_in_numpy,
        mask_by_meshgrid,
        mask_by_stacking,
        mask_by_triangle,
    ],
    "03.self_attention": [
        self_by_functional,
        self_by_linear,
        self_with_a_full_mask,
        self_with_a_repeated_mask,
        self_word_by_word,
        self_with_tables_multiplied,
        self_in_double,
    ],
}

WRONG = {
    "03.soft_lookup": [
        w_lookup_max_score_value,
        w_lookup_no_max,
        w_lookup_rounded,
        w_lookup_mean_of_weighted,
        w_lookup_sum_everything,
        w_lookup_normalised_query,
        w_lookup_normalised_keys,
        w_lookup_root_of_n,
        w_lookup_scaled_by_torch,
        w_lookup_relu,
        w_lookup_softmax_of_values,
        w_lookup_hidden_softmax,
        w_lookup_one_loop_return,
        w_lookup_last_only,
        w_lookup_list,
        w_lookup_temperature,
        w_lookup_detached_numpy,
    ],
    "03.scaled_dot_product_attention": [
        w_attend_no_root_no_care,
        w_attend_minus_100,
        w_attend_minus_10000,
        w_attend_mask_shares_again,
        w_attend_epsilon,
        w_attend_masked_the_output,
        w_attend_inverted,
        w_attend_scores_before_the_root,
        w_attend_softmax_of_dim_0,
        w_attend_softmax_of_dim_minus_2,
        w_attend_key_t,
        w_attend_len_query,
        w_attend_precedence,
        w_attend_dict,
        w_attend_nan_output,
        w_attend_mask_added_as_infinity,
        w_attend_mask_times_infinity,
        w_attend_in_place_input,
        w_attend_value_times_weights,
        w_attend_nobody_gets_equal,
        w_attend_global_max,
        w_attend_mask_if_batched,
    ],
    "03.padding_mask": [
        w_mask_pads,
        w_mask_le,
        w_mask_short,
        w_mask_ones_loop,
        w_mask_ints_loop,
        w_mask_list,
        w_mask_transposed,
        w_mask_triangle,
        w_mask_uninitialised_last,
        w_mask_max,
        w_mask_end,
        w_mask_early_return,
        w_mask_for_heads,
        w_mask_uint8,
        w_mask_minus_infinity,
        w_mask_uint8_places,
    ],
    "03.self_attention": [
        w_self_root_of_the_words,
        w_self_no_axis,
        w_self_wrong_axis,
        w_self_no_mask,
        w_self_returns_both,
        w_self_value_is_x,
        w_self_query_twice,
        w_self_detached,
        w_self_numbers_only,
        w_self_x_detached_for_keys,
        w_self_minus_1e9,
        w_self_nan,
        w_self_softmax_over_queries,
        w_self_residual,
        w_self_pads_silent,
        w_self_zeroed_words,
        w_self_no_root,
        w_self_root_twice,
        w_self_causal,
        w_self_keys_are_values,
    ],
}
