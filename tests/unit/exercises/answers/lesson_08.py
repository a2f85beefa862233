"""Exercise 08, as people write it from the task's text."""

import math

import numpy as np
import torch
import torch.nn.functional as F

# 1. A text is its own answer sheet


def next_with_narrow(ids, starts, n):
    rows = [ids.narrow(0, start, n + 1) for start in starts]
    both = torch.stack(rows)
    return both[:, :n], both[:, 1:]


def next_with_numpy(ids, starts, n):
    text = ids.numpy()
    x = np.array([text[s : s + n] for s in starts], dtype=np.int32)
    y = np.array([text[s + 1 : s + 1 + n] for s in starts], dtype=np.int32)
    return torch.from_numpy(x), torch.from_numpy(y)


def next_with_gather(ids, starts, n):
    index = torch.arange(n).repeat(len(starts), 1) + torch.tensor(starts).unsqueeze(1)
    table = ids.repeat(len(starts), 1)
    return [table.gather(1, index), table.gather(1, index + 1)]


def next_from_the_shifted_text(ids, starts, n):
    shifted = torch.cat([ids[1:], ids[:1]])
    cut = [[text[s : s + n] for s in starts] for text in (ids, shifted)]
    return tuple(torch.stack(rows) for rows in cut)


def next_appending(ids, starts, n):
    inputs, targets = [], []
    for start in starts:
        x, y = [], []
        for i in range(start, start + n):
            x.append(ids[i].item())
            y.append(ids[i + 1].item())
        inputs.append(x)
        targets.append(y)
    return torch.tensor(inputs), torch.tensor(targets)


def next_both_in_one(ids, starts, n):
    return torch.stack([torch.stack([ids[s + k : s + k + n] for s in starts]) for k in (0, 1)])


def next_cat_unsqueezed(ids, starts, n):
    x = torch.cat([ids[s : s + n].unsqueeze(0) for s in starts], dim=0)
    y = torch.cat([ids[s + 1 : s + n + 1].unsqueeze(0) for s in starts], dim=0)
    return x, y


def next_end_without_start(ids, starts, n):
    x = torch.stack([ids[s:n] for s in starts])
    y = torch.stack([ids[s + 1 : n + 1] for s in starts])
    return x, y


def next_flat(ids, starts, n):
    x = torch.cat([ids[s : s + n] for s in starts])
    y = torch.cat([ids[s + 1 : s + n + 1] for s in starts])
    return x, y


def next_capital_tensor(ids, starts, n):
    x = torch.Tensor([ids[s : s + n].tolist() for s in starts])
    y = torch.Tensor([ids[s + 1 : s + n + 1].tolist() for s in starts])
    return x, y


def next_zeros_filled(ids, starts, n):
    x, y = torch.zeros(len(starts), n), torch.zeros(len(starts), n)
    for i, s in enumerate(starts):
        x[i] = ids[s : s + n]
        y[i] = ids[s + 1 : s + n + 1]
    return x, y


def next_early_return(ids, starts, n):
    x, y = [], []
    for s in starts:
        x.append(ids[s : s + n])
        y.append(ids[s + 1 : s + n + 1])
        return torch.stack(x), torch.stack(y)


def next_overwritten(ids, starts, n):
    for s in starts:
        x = ids[s : s + n]
        y = ids[s + 1 : s + n + 1]
    return x, y


def next_inner_shift(ids, starts, n):
    x = torch.stack([ids[s : s + n] for s in starts])
    y = x.clone()
    y[:, :-1] = x[:, 1:]
    return x, y


def next_inner_shift_zero(ids, starts, n):
    x = torch.stack([ids[s : s + n] for s in starts])
    y = torch.zeros_like(x)
    y[:, :-1] = x[:, 1:]
    return x, y


def next_targets_only(ids, starts, n):
    return torch.stack([ids[s + 1 : s + n + 1] for s in starts])


def next_pairs(ids, starts, n):
    return [(ids[s : s + n], ids[s + 1 : s + n + 1]) for s in starts]


def next_lists(ids, starts, n):
    x, y = [], []
    for s in starts:
        x.append(ids[s : s + n])
        y.append(ids[s + 1 : s + n + 1])
    return x, y


def next_ids_plus_one(ids, starts, n):
    x = torch.stack([ids[s : s + n] for s in starts])
    return x, x + 1


def next_whole_text(ids, starts, n):
    return ids[:-1].unfold(0, n, n), ids[1:].unfold(0, n, n)


def next_reversed_order(ids, starts, n):
    starts = sorted(starts)
    x = torch.stack([ids[s : s + n] for s in starts])
    return x, torch.stack([ids[s + 1 : s + n + 1] for s in starts])


def next_one_per_block(ids, starts, n):
    x = torch.stack([ids[s : s + n] for s in starts])
    return x, torch.tensor([ids[s + n] for s in starts])


def next_repeated_last(ids, starts, n):
    x = torch.stack([ids[s : s + n] for s in starts])
    y = torch.stack([ids[s + n].repeat(n) for s in starts])
    return x, y


def next_end_minus_one(ids, starts, n):
    x = torch.stack([ids[s : s + n - 1] for s in starts])
    y = torch.stack([ids[s + 1 : s + n] for s in starts])
    return x, y


def next_transposed(ids, starts, n):
    x = torch.stack([ids[s : s + n] for s in starts], dim=1)
    y = torch.stack([ids[s + 1 : s + n + 1] for s in starts], dim=1)
    return x, y


def next_dict(ids, starts, n):
    x = torch.stack([ids[s : s + n] for s in starts])
    return {"inputs": x, "targets": torch.stack([ids[s + 1 : s + n + 1] for s in starts])}


# 2. How surprised, in coin tosses?


def bits_with_nll(logits, targets):
    logs = F.log_softmax(logits, dim=-1)
    return F.nll_loss(logs.reshape(-1, logs.shape[-1]), targets.reshape(-1)) / np.log(2)


def bits_by_one_hot(logits, targets):
    chosen = F.one_hot(targets, logits.shape[-1]).to(logits.dtype)
    logs = logits - logits.logsumexp(-1, keepdim=True)
    return float(-(logs * chosen).sum() / targets.numel() * math.log2(math.e))


def bits_place_by_place(logits, targets):
    costs = []
    for b in range(logits.shape[0]):
        for i in range(logits.shape[1]):
            costs.append(F.cross_entropy(logits[b, i], targets[b, i]).item())
    return sum(costs) / len(costs) / 0.6931471805599453


def bits_block_by_block(logits, targets):
    costs = [F.cross_entropy(x, y) for x, y in zip(logits, targets, strict=True)]
    return torch.stack(costs).mean() / math.log(2)


def bits_by_log2_of_powers(logits, targets):
    shifted = logits - logits.amax(-1, keepdim=True)
    total = shifted.exp().sum(-1).log2()
    own = torch.take_along_dim(shifted, targets[..., None], dim=-1).squeeze(-1) * math.log2(math.e)
    return (total - own).mean()


def bits_in_double(logits, targets):
    return (F.cross_entropy(logits.double().permute(0, 2, 1), targets) / math.log(2)).item()


def bits_of_sum(logits, targets):
    loss = F.cross_entropy(logits.flatten(0, 1), targets.flatten(), reduction="sum")
    return loss.item() / math.log(2) / targets.shape[0] / targets.shape[1]


def bits_nats(logits, targets):
    return F.cross_entropy(logits.view(-1, logits.size(-1)), targets.view(-1)).item()


def bits_log2_of_loss(logits, targets):
    loss = F.cross_entropy(logits.view(-1, logits.size(-1)), targets.view(-1))
    return torch.log2(loss).item()


def bits_two_to_the(logits, targets):
    loss = F.cross_entropy(logits.view(-1, logits.size(-1)), targets.view(-1))
    return 2 ** loss.item()


def bits_exp(logits, targets):
    loss = F.cross_entropy(logits.view(-1, logits.size(-1)), targets.view(-1))
    return math.exp(loss.item())


def bits_times_log(logits, targets):
    loss = F.cross_entropy(logits.view(-1, logits.size(-1)), targets.view(-1))
    return loss.item() * math.log(2)


def bits_over_log2_e(logits, targets):
    loss = F.cross_entropy(logits.view(-1, logits.size(-1)), targets.view(-1))
    return loss.item() / math.log2(math.e)


def bits_log_softmax_of_softmax(logits, targets):
    p = F.softmax(logits, dim=-1)
    return F.cross_entropy(p.flatten(0, 1), targets.flatten()).item() / math.log(2)


def bits_softmax_log2(logits, targets):
    p = logits.softmax(dim=-1)
    return -torch.log2(p.gather(2, targets.unsqueeze(2))).mean().item()


def bits_softmax_log2_clamped(logits, targets):
    p = logits.softmax(dim=-1).gather(2, targets.unsqueeze(2)).clamp(min=1e-12)
    return -torch.log2(p).mean().item()


def bits_without_minus(logits, targets):
    logs = logits.log_softmax(-1).gather(2, targets.unsqueeze(2))
    return (logs.mean() / math.log(2)).item()


def bits_per_block(logits, targets):
    logs = logits.log_softmax(-1).gather(2, targets.unsqueeze(2)).squeeze(2)
    return -(logs / math.log(2)).mean(dim=1)


def bits_each(logits, targets):
    logs = logits.log_softmax(-1).gather(2, targets.unsqueeze(2)).squeeze(2)
    return -logs / math.log(2)


def bits_sum(logits, targets):
    loss = F.cross_entropy(logits.flatten(0, 1), targets.flatten(), reduction="sum")
    return loss.item() / math.log(2)


def bits_sum_over_n(logits, targets):
    loss = F.cross_entropy(logits.flatten(0, 1), targets.flatten(), reduction="sum")
    return loss.item() / math.log(2) / logits.shape[1]


def bits_sum_over_batch(logits, targets):
    loss = F.cross_entropy(logits.flatten(0, 1), targets.flatten(), reduction="sum")
    return loss.item() / math.log(2) / logits.shape[0]


def bits_mean_again(logits, targets):
    loss = F.cross_entropy(logits.flatten(0, 1), targets.flatten())
    return loss.item() / math.log(2) / logits.shape[1]


def bits_unflattened(logits, targets):
    return F.cross_entropy(logits, targets).item() / math.log(2)


def bits_reshaped_wrongly(logits, targets):
    logits = logits.permute(1, 0, 2).flatten(0, 1)
    return F.cross_entropy(logits, targets.flatten()).item() / math.log(2)


def bits_next_again(logits, targets):
    logits, targets = logits[:, :-1], targets[:, 1:]
    return F.cross_entropy(logits.flatten(0, 1), targets.flatten()).item() / math.log(2)


def bits_of_the_mean(logits, targets):
    p = logits.softmax(-1).gather(2, targets.unsqueeze(2))
    return -math.log2(max(p.mean().item(), 1e-300))


def bits_as_string(logits, targets):
    loss = F.cross_entropy(logits.flatten(0, 1), targets.flatten()).item() / math.log(2)
    return f"{loss:.3f}"


def bits_rounded(logits, targets):
    return round(F.cross_entropy(logits.flatten(0, 1), targets.flatten()).item() / math.log(2), 2)


def bits_last_logits(logits, targets):
    return F.cross_entropy(logits[:, -1], targets[:, -1]).item() / math.log(2)


def bits_scores_chosen(logits, targets):
    return F.nll_loss(logits.flatten(0, 1), targets.flatten()).item() / math.log(2)


def bits_by_057(logits, targets):
    return F.cross_entropy(logits.flatten(0, 1), targets.flatten()).item() / math.log10(2)


# 3. Turn up the heat


def heat_manual(logits, temperature):
    x = logits / temperature
    x = x - x.max(dim=-1, keepdim=True).values
    e = torch.exp(x)
    return e / e.sum(dim=-1, keepdim=True)


def heat_functional(logits, temperature):
    return F.softmax(torch.div(logits, temperature), dim=logits.ndim - 1)


def heat_times_inverse(logits, temperature):
    return (logits * (1.0 / temperature)).softmax(dim=-1)


def heat_by_log_softmax(logits, temperature):
    return F.log_softmax(logits / temperature, -1).exp()


def heat_flattened(logits, temperature):
    rows = logits.reshape(-1, logits.shape[-1])
    return torch.stack([torch.softmax(r / temperature, 0) for r in rows]).reshape(logits.shape)


def heat_numpy(logits, temperature):
    x = np.asarray(logits, dtype=np.float64) / temperature
    e = np.exp(x - x.max(-1, keepdims=True))
    return torch.tensor(e / e.sum(-1, keepdims=True), dtype=torch.float32)


def heat_on_a_copy(logits, temperature):
    x = logits.clone()
    x /= temperature
    return x.softmax(-1)


def heat_softmax_then_divide(logits, temperature):
    return torch.softmax(logits, dim=-1) / temperature


def heat_precedence(logits, temperature):
    return torch.exp(logits) / torch.exp(logits).sum(-1, keepdim=True) / temperature


def heat_times(logits, temperature):
    return torch.softmax(temperature * logits, -1)


def heat_minus(logits, temperature):
    return torch.softmax(logits - temperature, -1)


def heat_plus(logits, temperature):
    return torch.softmax(logits + temperature, -1)


def heat_forgotten(logits, temperature):
    return torch.softmax(logits, -1)


def heat_dim_0(logits, temperature):
    return F.softmax(logits / temperature, dim=0)


def heat_dim_1(logits, temperature):
    return F.softmax(logits / temperature, dim=1)


def heat_no_keepdim(logits, temperature):
    e = torch.exp(logits / temperature - (logits / temperature).max())
    return e / e.sum(-1)


def heat_global_sum(logits, temperature):
    e = torch.exp(logits / temperature)
    return e / e.sum()


def heat_no_max(logits, temperature):
    e = torch.exp(logits / temperature)
    return e / e.sum(-1, keepdim=True)


def heat_max_of_undivided(logits, temperature):
    e = torch.exp(logits - logits.amax(-1, keepdim=True) / temperature)
    return e / e.sum(-1, keepdim=True)


def heat_exp_divided(logits, temperature):
    e = torch.exp(logits - logits.amax(-1, keepdim=True)) / temperature
    return e / e.sum(-1, keepdim=True)


def heat_denominator_undivided(logits, temperature):
    logits = logits - logits.amax(-1, keepdim=True)
    return torch.exp(logits / temperature) / torch.exp(logits).sum(-1, keepdim=True)


def heat_twice_softmax(logits, temperature):
    return torch.softmax(torch.softmax(logits, -1) / temperature, -1)


def heat_power(logits, temperature):
    p = torch.softmax(logits, -1) ** temperature
    return p / p.sum(-1, keepdim=True)


def heat_in_place(logits, temperature):
    logits.div_(temperature)
    return logits.softmax(-1)


def heat_argmax(logits, temperature):
    return (logits / temperature).argmax(-1)


def heat_sampled(logits, temperature):
    chances = torch.softmax(logits / temperature, -1).reshape(-1, logits.shape[-1])
    return torch.multinomial(chances, 1)


def heat_as_list(logits, temperature):
    return torch.softmax(logits / temperature, -1).tolist()


def heat_log(logits, temperature):
    return torch.log_softmax(logits / temperature, -1)


def heat_sigmoid(logits, temperature):
    return torch.sigmoid(logits / temperature)


def heat_whole(logits, temperature):
    return torch.softmax(logits / int(temperature + 0.5), -1)


def heat_rounded(logits, temperature):
    return torch.softmax(logits / temperature, -1).round(decimals=2)


# 4. Leave out the tail


def top_loop_over_order(probabilities, p):
    ordered, order = torch.sort(probabilities, descending=True)
    result, total = torch.zeros_like(probabilities), 0.0
    for chance, place in zip(ordered, order, strict=True):
        if total >= p:
            break
        result[place] = chance
        total += chance.item()
    return result / result.sum()


def top_scatter(probabilities, p):
    ordered, order = probabilities.sort(descending=True)
    total = ordered.cumsum(0)
    ordered[1:][total[:-1] >= p] = 0
    return torch.zeros_like(probabilities).scatter_(0, order, ordered / ordered.sum())


def top_undone_by_argsort(probabilities, p):
    order = probabilities.argsort(descending=True)
    ordered = probabilities[order]
    before = torch.cat([torch.zeros(1), ordered.cumsum(0)[:-1]])
    kept = (ordered * (before < p))[order.argsort()]
    return kept / kept.sum()


def top_numpy(probabilities, p):
    chances = probabilities.numpy()
    order = np.argsort(-chances, kind="stable")
    count = int(np.searchsorted(np.cumsum(chances[order].astype(np.float64)), p)) + 1
    result = np.zeros_like(chances)
    result[order[:count]] = chances[order[:count]]
    return torch.tensor(result / result.sum())


def top_while(probabilities, p):
    left, result = probabilities.clone(), torch.zeros(len(probabilities), dtype=torch.float64)
    while result.sum() < p:
        best = left.argmax()
        result[best] = left[best]
        left[best] = -1
    return result / result.sum()


def top_topk(probabilities, p):
    for k in range(1, len(probabilities) + 1):
        values, places = probabilities.topk(k)
        if values.sum() >= p:
            break
    result = torch.zeros_like(probabilities)
    result[places] = values / values.sum()
    return result


def top_crossing_lost(probabilities, p):
    ordered, order = torch.sort(probabilities, descending=True)
    mask = torch.cumsum(ordered, 0) <= p
    result = torch.zeros_like(probabilities)
    result[order[mask]] = ordered[mask]
    return result / result.sum()


def top_crossing_lost_strictly(probabilities, p):
    ordered, order = torch.sort(probabilities, descending=True)
    mask = torch.cumsum(ordered, 0) < p
    result = torch.zeros_like(probabilities)
    result[order[mask]] = ordered[mask]
    return result / result.sum()


def top_hugging_face(probabilities, p):
    ordered, order = torch.sort(probabilities, descending=True)
    remove = ordered.cumsum(0) > p
    remove[1:] = remove[:-1].clone()
    remove[0] = False
    result = probabilities.clone()
    result[order[remove]] = 0
    return result / result.sum()


def top_hugging_face_unshifted(probabilities, p):
    ordered, order = torch.sort(probabilities, descending=True)
    remove = ordered.cumsum(0) > p
    result = probabilities.clone()
    result[order[remove]] = 0
    return result / result.sum()


def top_before_or_equal(probabilities, p):
    c, o = probabilities.sort(descending=True)
    kept = torch.zeros_like(probabilities)
    kept[o] = torch.where(c.cumsum(0) - c <= p, c, 0.0)
    return kept / kept.sum()


def top_ascending(probabilities, p):
    ordered, order = probabilities.sort()
    before = ordered.cumsum(0) - ordered
    kept = torch.zeros_like(probabilities)
    kept[order] = torch.where(before < p, ordered, torch.tensor(0.0))
    return kept / kept.sum()


def top_no_renormalising(probabilities, p):
    ordered, order = probabilities.sort(descending=True)
    keep = ordered.cumsum(0) - ordered < p
    result = torch.zeros_like(probabilities)
    result[order[keep]] = ordered[keep]
    return result


def top_over_p(probabilities, p):
    return top_no_renormalising(probabilities, p) / p


def top_sorted_result(probabilities, p):
    ordered, order = probabilities.sort(descending=True)
    ordered[ordered.cumsum(0) - ordered >= p] = 0
    return ordered / ordered.sum()


def top_gathered(probabilities, p):
    ordered, order = probabilities.sort(descending=True)
    ordered[ordered.cumsum(0) - ordered >= p] = 0
    ordered = ordered / ordered.sum()
    return ordered[order]


def top_threshold(probabilities, p):
    result = torch.where(probabilities > p, probabilities, torch.zeros_like(probabilities))
    return result / result.sum()


def top_unsorted(probabilities, p):
    total, result = 0.0, torch.zeros_like(probabilities)
    for i in range(len(probabilities)):
        if total >= p:
            break
        result[i] = probabilities[i]
        total += probabilities[i].item()
    return result / result.sum()


def top_in_place(probabilities, p):
    order = probabilities.argsort(descending=True)
    before = probabilities[order].cumsum(0) - probabilities[order]
    probabilities[order[before >= p]] = 0
    return probabilities / probabilities.sum()


def top_softmaxed(probabilities, p):
    result = top_no_renormalising(probabilities, p)
    return torch.softmax(result, 0)


def top_input(probabilities, p):
    return probabilities


def top_short(probabilities, p):
    ordered, order = probabilities.sort(descending=True)
    keep = ordered.cumsum(0) - ordered < p
    return ordered[keep] / ordered[keep].sum()


def top_places(probabilities, p):
    ordered, order = probabilities.sort(descending=True)
    return order[ordered.cumsum(0) - ordered < p]


def top_minimum_of_two(probabilities, p):
    ordered, order = probabilities.sort(descending=True)
    keep = ordered.cumsum(0) - ordered < p
    keep[:2] = True
    result = torch.zeros_like(probabilities)
    result[order[keep]] = ordered[keep]
    return result / result.sum()


def top_crossing_kept_with_rest(probabilities, p):
    ordered, order = probabilities.sort(descending=True)
    count = int((ordered.cumsum(0) < p).sum()) + 2
    result = torch.zeros_like(probabilities)
    result[order[:count]] = ordered[:count]
    return result / result.sum()


def top_infinite(probabilities, p):
    ordered, order = probabilities.sort(descending=True)
    result = probabilities.clone()
    result[order[ordered.cumsum(0) - ordered >= p]] = -torch.inf
    return result / result.sum()


def top_mean_of_rest(probabilities, p):
    result = top_no_renormalising(probabilities, p)
    return result + (1 - result.sum()) / (result > 0).sum() * (result > 0)


def top_rest_to_first(probabilities, p):
    result = top_no_renormalising(probabilities, p)
    result[result.argmax()] += 1 - result.sum()
    return result


def top_no_clone_shift(probabilities, p):
    ordered, order = torch.sort(probabilities, descending=True)
    keep = ordered.cumsum(0) < p
    keep = torch.cat([torch.tensor([True]), keep])[: len(keep)]
    result = probabilities * keep
    return result / result.sum()


RIGHT = {
    "08.next_characters": [
        next_with_narrow,
        next_with_numpy,
        next_with_gather,
        next_from_the_shifted_text,
        next_appending,
        next_both_in_one,
        next_cat_unsqueezed,
    ],
    "08.bits_per_character": [
        bits_with_nll,
        bits_by_one_hot,
        bits_place_by_place,
        bits_block_by_block,
        bits_by_log2_of_powers,
        bits_in_double,
        bits_of_sum,
    ],
    "08.with_temperature": [
        heat_manual,
        heat_functional,
        heat_times_inverse,
        heat_by_log_softmax,
        heat_flattened,
        heat_numpy,
        heat_on_a_copy,
    ],
    "08.top_p": [
        top_loop_over_order,
        top_scatter,
        top_undone_by_argsort,
        top_numpy,
        top_while,
        top_topk,
    ],
}

WRONG = {
    "08.next_characters": [
        next_end_without_start,
        next_flat,
        next_capital_tensor,
        next_zeros_filled,
        next_early_return,
        next_overwritten,
        next_inner_shift,
        next_inner_shift_zero,
        next_targets_only,
        next_pairs,
        next_lists,
        next_ids_plus_one,
        next_whole_text,
        next_reversed_order,
        next_one_per_block,
        next_repeated_last,
        next_end_minus_one,
        next_transposed,
        next_dict,
    ],
    "08.bits_per_character": [
        bits_nats,
        bits_log2_of_loss,
        bits_two_to_the,
        bits_exp,
        bits_times_log,
        bits_over_log2_e,
        bits_log_softmax_of_softmax,
        bits_softmax_log2,
        bits_softmax_log2_clamped,
        bits_without_minus,
        bits_per_block,
        bits_each,
        bits_sum,
        bits_sum_over_n,
        bits_sum_over_batch,
        bits_mean_again,
        bits_unflattened,
        bits_reshaped_wrongly,
        bits_next_again,
        bits_of_the_mean,
        bits_as_string,
        bits_rounded,
        bits_last_logits,
        bits_scores_chosen,
        bits_by_057,
    ],
    "08.with_temperature": [
        heat_softmax_then_divide,
        heat_precedence,
        heat_times,
        heat_minus,
        heat_plus,
        heat_forgotten,
        heat_dim_0,
        heat_dim_1,
        heat_no_keepdim,
        heat_global_sum,
        heat_no_max,
        heat_max_of_undivided,
        heat_exp_divided,
        heat_denominator_undivided,
        heat_twice_softmax,
        heat_power,
        heat_in_place,
        heat_argmax,
        heat_sampled,
        heat_as_list,
        heat_log,
        heat_sigmoid,
        heat_whole,
        heat_rounded,
    ],
    "08.top_p": [
        top_crossing_lost,
        top_crossing_lost_strictly,
        top_hugging_face,
        top_hugging_face_unshifted,
        top_before_or_equal,
        top_ascending,
        top_no_renormalising,
        top_over_p,
        top_sorted_result,
        top_gathered,
        top_threshold,
        top_unsorted,
        top_in_place,
        top_softmaxed,
        top_input,
        top_short,
        top_places,
        top_minimum_of_two,
        top_crossing_kept_with_rest,
        top_infinite,
        top_mean_of_rest,
        top_rest_to_first,
        top_no_clone_shift,
    ],
}
