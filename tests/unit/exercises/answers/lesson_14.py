"""Exercise 14, as people write it from the task's text."""

import torch


def bags_dense(first, second, messages):
    sources = torch.tensor([s for s, _ in messages])
    targets = torch.tensor([t for _, t in messages])
    ways = first[:, sources].T & second[targets, :]
    count = ways.sum(1, keepdim=True)
    return torch.where(count > 0, ways / count, 0.0).sum(0)


def bags_float(first, second, messages):
    result = torch.zeros(first.shape[0], dtype=torch.float64)
    for s, t in messages:
        w = first[:, s].double() * second[t].double()
        if w.sum() > 0:
            result = result + w / w.sum()
    return result


def bags_nonzero(first, second, messages):
    result = torch.zeros(len(first))
    for s, t in messages:
        places = torch.nonzero(torch.logical_and(first[:, s], second[t, :])).flatten()
        if places.numel() == 0:
            continue
        result[places] += 1 / places.numel()
    return result


def bags_nan_to_num(first, second, messages):
    every = [first[:, s] & second[t] for s, t in messages]
    return sum((ways / ways.sum()).nan_to_num(0) for ways in every)


def bags_python(first, second, messages):
    n = len(first)
    result = [0.0 for _ in range(n)]
    for s, t in messages:
        count = sum(bool(first[i, s] and second[t, i]) for i in range(n))
        for i in range(n):
            if first[i, s] and second[t, i]:
                result[i] = result[i] + 1.0 / count
    return torch.tensor(result)


def _bags(first, second, messages, ways, part=lambda w: w / w.sum().clamp(min=1)):
    return sum(part(ways(s, t)) for s, t in messages) + torch.zeros(len(first))


def bags_rows(first, second, messages):
    return _bags(first, second, messages, lambda s, t: first[s] & second[t])


def bags_columns(first, second, messages):
    return _bags(first, second, messages, lambda s, t: first[:, s] & second[:, t])


def bags_reversed(first, second, messages):
    return _bags(first, second, messages, lambda s, t: first[s] & second[:, t])


def bags_back(first, second, messages):
    return _bags(first, second, messages, lambda s, t: first[:, t] & second[s])


def bags_layers(first, second, messages):
    return _bags(first, second, messages, lambda s, t: second[:, s] & first[t])


def bags_or(first, second, messages):
    return _bags(first, second, messages, lambda s, t: first[:, s] | second[t])


def bags_one_layer(first, second, messages):
    return _bags(first, second, messages, lambda s, t: first[:, s] & first[t])


def bags_whole(first, second, messages):
    return _bags(first, second, messages, lambda s, t: first[:, s] & second[t], lambda w: w.float())


def bags_nan(first, second, messages):
    return _bags(
        first, second, messages, lambda s, t: first[:, s] & second[t], lambda w: w / w.sum()
    )


def bags_over_n(first, second, messages):
    return _bags(
        first, second, messages, lambda s, t: first[:, s] & second[t], lambda w: w / len(w)
    )


def bags_epsilon(first, second, messages):
    return _bags(
        first, second, messages, lambda s, t: first[:, s] & second[t], lambda w: w / (w.sum() + 1)
    )


def bags_mean(first, second, messages):
    return bags_dense(first, second, messages) / len(messages)


def bags_max(first, second, messages):
    return bags_dense(first, second, messages).max()


def bags_total(first, second, messages):
    return bags_dense(first, second, messages).sum()


def bags_list(first, second, messages):
    return bags_dense(first, second, messages).tolist()


def bags_last(first, second, messages):
    for s, t in messages:
        w = first[:, s] & second[t]
        result = w / w.sum().clamp(min=1)
    return result


def bags_early(first, second, messages):
    result = torch.zeros(len(first))
    for s, t in messages:
        w = first[:, s] & second[t]
        if w.any():
            result += w / w.sum()
        return result


def bags_break(first, second, messages):
    result = torch.zeros(len(first))
    for s, t in messages:
        w = first[:, s] & second[t]
        if not w.any():
            break
        result += w / w.sum()
    return result


def bags_others(first, second, messages):
    result = torch.zeros(len(first))
    for s, t in messages:
        w = first[:, s] & second[t]
        w[s] = w[t] = False
        if w.any():
            result += w / w.sum()
    return result


def bags_argmax(first, second, messages):
    result = torch.zeros(len(first))
    for s, t in messages:
        w = first[:, s] & second[t]
        if w.any():
            result[w.int().argmax()] += 1
    return result


def bags_stays_with_source(first, second, messages):
    result = torch.zeros(len(first))
    for s, t in messages:
        w = first[:, s] & second[t]
        if w.any():
            result += w / w.sum()
        else:
            result[s] += 1
    return result


def bags_rounded(first, second, messages):
    return bags_dense(first, second, messages).round()


def _even(mask):
    return mask.double() / mask.double().sum(dim=1, keepdim=True)


def arrives_step_by_step(first, second, messages):
    out = []
    for source, target in messages:
        loud = torch.zeros(len(first), dtype=torch.float64)
        loud[source] = 1.0
        loud = _even(second) @ (_even(first) @ loud)
        out.append(loud[target])
    return torch.stack(out)


def arrives_einsum(first, second, messages):
    table = torch.einsum("tm,ms->st", _even(second), _even(first)).float()
    return torch.tensor([table[target, source] for source, target in messages])


def arrives_list(first, second, messages):
    table = (_even(second) @ _even(first)).tolist()
    return torch.tensor([table[t][s] for s, t in messages])


def arrives_product_turned(first, second, messages):
    return torch.stack([(_even(first) @ _even(second))[t, s] for s, t in messages])


def arrives_row_is_source(first, second, messages):
    return torch.stack([(_even(second) @ _even(first))[s, t] for s, t in messages])


def arrives_true_false(first, second, messages):
    return torch.tensor([float((second[t] & first[:, s]).any()) for s, t in messages])


def arrives_ways(first, second, messages):
    return torch.tensor([float((second[t] & first[:, s]).sum()) for s, t in messages])


def arrives_one_over_ways(first, second, messages):
    ways = arrives_ways(first, second, messages)
    return torch.where(ways > 0, 1 / ways, 0.0)


def arrives_by_the_first_way(first, second, messages):
    out = []
    for s, t in messages:
        ways = (second[t] & first[:, s]).nonzero().flatten().tolist()
        out.append(
            _even(second)[t, ways[0]] * _even(first)[ways[0], s] if ways else torch.tensor(0.0)
        )
    return torch.stack([x.double() for x in out])


def arrives_with_residual(first, second, messages):
    n = torch.eye(len(first), dtype=torch.float64)
    table = (_even(second) + n) @ (_even(first) + n)
    return torch.stack([table[t, s] for s, t in messages])


def arrives_in_percent(first, second, messages):
    return 100 * arrives_list(first, second, messages)


def arrives_summed(first, second, messages):
    return arrives_list(first, second, messages).sum()


def arrives_columns(first, second, messages):
    one, two = (m.double() / m.double().sum(dim=0) for m in (first, second))
    return torch.stack([(two @ one)[t, s] for s, t in messages])


def arrives_whole_table(first, second, messages):
    return (_even(second) @ _even(first)).float()


def arrives_first_layer(first, second, messages):
    return torch.stack([_even(first)[t, s] for s, t in messages])


def louder_by_torch(loud, bits):
    loud, bits = torch.tensor(loud).double(), torch.tensor(bits).double()
    a, b = torch.combinations(torch.arange(len(loud))).T
    sign = torch.sign(loud[a] - loud[b])
    asked = sign != 0
    ahead = (torch.sign(bits[b] - bits[a]) == sign) & asked
    return float(ahead.sum() / asked.sum())


def louder_sorted(loud, bits):
    order = sorted(zip(loud, bits))  # noqa: B905
    asked = ahead = 0
    for i, (low, more) in enumerate(order):
        for high, fewer in order[i + 1 :]:
            if high > low:
                asked += 1
                ahead += fewer < more
    return ahead / asked


def louder_sorted_with_ties(loud, bits):
    order = sorted(zip(loud, bits))  # noqa: B905
    n = len(order)
    pairs = [(i, j) for i in range(n) for j in range(i + 1, n)]
    return sum(order[j][1] < order[i][1] for i, j in pairs) / len(pairs)


def louder_equal_bits_left_out(loud, bits):
    n = range(len(loud))
    pairs = [(a, b) for a in n for b in n if loud[a] > loud[b] and bits[a] != bits[b]]
    return sum(bits[a] < bits[b] for a, b in pairs) / max(1, len(pairs))


def louder_kendall(loud, bits):
    n = range(len(loud))
    pairs = [(a, b) for a in n for b in n if a < b]
    return sum((loud[a] > loud[b]) == (bits[a] < bits[b]) for a, b in pairs) / len(pairs)


def louder_half_for_equal(loud, bits):
    n = range(len(loud))
    pairs = [(a, b) for a in n for b in n if loud[a] > loud[b]]
    return sum((bits[a] < bits[b]) + 0.5 * (bits[a] == bits[b]) for a, b in pairs) / len(pairs)


def louder_correlation(loud, bits):
    return float(torch.corrcoef(torch.tensor([loud, bits]))[0, 1])


def louder_behind(loud, bits):
    return 1 - louder_sorted(loud, bits)


def louder_loudest_alone(loud, bits):
    best = loud.index(max(loud))
    return sum(bits[best] < b for i, b in enumerate(bits) if i != best) / (len(bits) - 1)


def louder_counted(loud, bits):
    n = range(len(loud))
    return sum(loud[a] > loud[b] and bits[a] < bits[b] for a in n for b in n)


def louder_of_n(loud, bits):
    return louder_counted(loud, bits) / len(loud)


def louder_turned(loud, bits):
    return louder_sorted(bits, loud)


def louder_whole_division(loud, bits):
    n = range(len(loud))
    pairs = [(a, b) for a in n for b in n if loud[a] > loud[b]]
    return sum(bits[a] < bits[b] for a, b in pairs) // len(pairs)


RIGHT = {
    "14.arrives": [arrives_step_by_step, arrives_list],
    "14.louder_first": [louder_by_torch, louder_sorted],
    "14.bags": [bags_dense, bags_float, bags_nonzero, bags_nan_to_num, bags_python],
}
WRONG = {
    "14.arrives": [
        arrives_einsum,
        arrives_product_turned,
        arrives_row_is_source,
        arrives_true_false,
        arrives_ways,
        arrives_one_over_ways,
        arrives_by_the_first_way,
        arrives_with_residual,
        arrives_in_percent,
        arrives_summed,
        arrives_columns,
        arrives_whole_table,
        arrives_first_layer,
    ],
    "14.louder_first": [
        louder_sorted_with_ties,
        louder_equal_bits_left_out,
        louder_kendall,
        louder_half_for_equal,
        louder_correlation,
        louder_behind,
        louder_loudest_alone,
        louder_counted,
        louder_of_n,
        louder_turned,
        louder_whole_division,
    ],
    "14.bags": [
        bags_rows,
        bags_columns,
        bags_reversed,
        bags_back,
        bags_layers,
        bags_or,
        bags_one_layer,
        bags_whole,
        bags_nan,
        bags_over_n,
        bags_epsilon,
        bags_mean,
        bags_max,
        bags_total,
        bags_list,
        bags_last,
        bags_early,
        bags_break,
        bags_others,
        bags_argmax,
        bags_stays_with_source,
        bags_rounded,
    ],
}
