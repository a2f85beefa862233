"""Exercise 07, as people write it from the task's text."""

import heapq
import itertools
import math
from collections import Counter

import numpy as np
import torch
import torch.nn.functional as F

# 1. One word at a time


def greedy_recursive(step, bos, eos, n_new, said=()):
    if n_new == len(said):
        return list(said)
    token = int(torch.argmax(step([bos, *said]), dim=-1)[-1])
    return list(said) if token == eos else greedy_recursive(step, bos, eos, n_new, (*said, token))


def greedy_numpy(step, bos, eos, n_new):
    out = []
    for _ in range(n_new):
        logits = step([bos] + out).numpy()
        token = int(np.argmax(logits[len(out)]))
        if token == eos:
            return out
        out += [token]
    return out


def greedy_true_loop(step, bos, eos, n_new):
    ids = [bos]
    while True:
        if len(ids) - 1 == n_new:
            break
        best, token = step(ids)[-1].log_softmax(-1).max(dim=-1)
        if token.item() == eos:
            break
        ids = ids + [token.item()]
    del ids[0]
    return ids


def greedy_tensor_tokens(step, bos, eos, n_new):
    ids = [bos]
    for _ in range(n_new):
        token = step(ids)[-1].topk(1).indices[0]
        if token == eos:
            break
        ids.append(token)
    return ids[1:]


def greedy_append_then_look(step, bos, eos, n_new):
    ids = [bos]
    while ids[-1] != eos and len(ids) <= n_new:
        ids.append(step(ids)[-1].argmax().item())
    return [i for i in ids[1:] if i != eos]


def greedy_continue(step, bos, eos, n_new):
    ids = [bos]
    for _ in range(n_new):
        token = step(ids)[-1].argmax().item()
        if token == eos:
            continue
        ids.append(token)
    return ids[1:]


def greedy_row_zero(step, bos, eos, n_new):
    ids = [bos]
    for _ in range(n_new):
        token = step(ids)[0].argmax().item()
        if token == eos:
            break
        ids.append(token)
    return ids[1:]


def greedy_always_bos(step, bos, eos, n_new):
    out = []
    for _ in range(n_new):
        token = step([bos])[-1].argmax().item()
        if token == eos:
            break
        out.append(token)
    return out


def greedy_last_only(step, bos, eos, n_new):
    token, out = bos, []
    for _ in range(n_new):
        token = step([token])[-1].argmax().item()
        if token == eos:
            break
        out.append(token)
    return out


def greedy_with_bos(step, bos, eos, n_new):
    ids = [bos]
    for _ in range(n_new):
        token = step(ids)[-1].argmax().item()
        if token == eos:
            break
        ids.append(token)
    return ids


def greedy_with_bos_if_ended(step, bos, eos, n_new):
    ids = [bos]
    for _ in range(n_new):
        token = step(ids)[-1].argmax().item()
        if token == eos:
            return ids
        ids.append(token)
    return ids[1:]


def greedy_append_first(step, bos, eos, n_new):
    ids = [bos]
    for _ in range(n_new):
        token = step(ids)[-1].argmax().item()
        ids.append(token)
        if token == eos:
            break
    return ids[1:]


def greedy_cut_both(step, bos, eos, n_new):
    ids = [bos]
    for _ in range(n_new):
        ids.append(step(ids)[-1].argmax().item())
        if ids[-1] == eos:
            break
    return ids[1:-1]


def greedy_while_len(step, bos, eos, n_new):
    ids = [bos]
    while len(ids) < n_new:
        token = step(ids)[-1].argmax().item()
        if token == eos:
            break
        ids.append(token)
    return ids[1:]


def greedy_no_stop(step, bos, eos, n_new):
    ids = [bos]
    for _ in range(n_new):
        ids.append(step(ids)[-1].argmax().item())
    return ids[1:]


def greedy_no_limit(step, bos, eos, n_new):
    ids = [bos]
    while (token := step(ids)[-1].argmax().item()) != eos:
        ids.append(token)
    return ids[1:]


def greedy_filter(step, bos, eos, n_new):
    ids = [bos]
    for _ in range(n_new):
        ids.append(step(ids)[-1].argmax().item())
    return [i for i in ids if i not in (bos, eos)]


def greedy_whole_argmax(step, bos, eos, n_new):
    ids = [bos]
    for _ in range(n_new):
        token = step(ids).argmax().item()
        if token == eos:
            break
        ids.append(token)
    return ids[1:]


def greedy_mean(step, bos, eos, n_new):
    ids = [bos]
    for _ in range(n_new):
        token = step(ids).mean(0).argmax().item()
        if token == eos:
            break
        ids.append(token)
    return ids[1:]


def greedy_max_value(step, bos, eos, n_new):
    ids = [bos]
    for _ in range(n_new):
        token = step(ids)[-1].max().item()
        if token == eos:
            break
        ids.append(token)
    return ids[1:]


def greedy_argmin(step, bos, eos, n_new):
    ids = [bos]
    for _ in range(n_new):
        token = step(ids)[-1].argmin().item()
        if token == eos:
            break
        ids.append(token)
    return ids[1:]


def greedy_tensor(step, bos, eos, n_new):
    return torch.tensor(greedy_numpy(step, bos, eos, n_new))


def greedy_truthy(step, bos, eos, n_new):
    ids = [bos]
    for _ in range(n_new):
        token = step(ids)[-1].argmax().item()
        if not token or token == eos:
            break
        ids.append(token)
    return ids[1:]


def greedy_starts_empty(step, bos, eos, n_new):
    ids = []
    for _ in range(n_new):
        token = step(ids or [bos])[-1].argmax().item()
        if token == eos:
            break
        ids.append(token)
    return ids


def greedy_return_in_loop(step, bos, eos, n_new):
    ids = [bos]
    for _ in range(n_new):
        token = step(ids)[-1].argmax().item()
        if token == eos:
            break
        ids.append(token)
        return ids[1:]


# 2. Long and short on one scale


def score_numpy(log_probabilities, alpha):
    a = np.asarray(log_probabilities)
    return a.sum() / ((a.size + 4) / 6) ** alpha


def score_exp(log_probabilities, alpha):
    length = (5 + len(log_probabilities) - 1) / 6
    return sum(log_probabilities) * length**-alpha


def score_loop(log_probabilities, alpha):
    total, words = log_probabilities[-1], 0
    for x in log_probabilities[:-1]:
        total += x
        words += 1
    penalty = pow((5 + words) / 6, alpha)
    return total / penalty


def score_tensor(log_probabilities, alpha):
    x = torch.tensor(log_probabilities, dtype=torch.float64)
    return x.sum() / ((5 + x.numel() - 1) / 6) ** alpha


def score_product(log_probabilities, alpha):
    total = math.fsum(log_probabilities)
    return total / math.exp(alpha * (math.log(len(log_probabilities) + 4) - math.log(6)))


def score_reduced(log_probabilities, alpha):
    return sum(x / ((4 + len(log_probabilities)) / 6) ** alpha for x in log_probabilities)


def score_len(log_probabilities, alpha):
    return sum(log_probabilities) / ((5 + len(log_probabilities)) / 6) ** alpha


def score_without_end(log_probabilities, alpha):
    words = log_probabilities[:-1]
    return sum(words) / ((5 + len(words)) / 6) ** alpha


def score_without_end_long(log_probabilities, alpha):
    return sum(log_probabilities[:-1]) / ((5 + len(log_probabilities)) / 6) ** alpha


def score_mean(log_probabilities, alpha):
    return sum(log_probabilities) / len(log_probabilities)


def score_mean_alpha(log_probabilities, alpha):
    return sum(log_probabilities) / len(log_probabilities) ** alpha


def score_words_alpha(log_probabilities, alpha):
    return sum(log_probabilities) / (len(log_probabilities) - 1) ** alpha


def score_brackets_one(log_probabilities, alpha):
    words = len(log_probabilities) - 1
    return sum(log_probabilities) / (5 + words) / 6**alpha


def score_brackets_two(log_probabilities, alpha):
    words = len(log_probabilities) - 1
    return sum(log_probabilities) / (5 + words / 6) ** alpha


def score_brackets_three(log_probabilities, alpha):
    words = len(log_probabilities) - 1
    return (sum(log_probabilities) / ((5 + words) / 6)) ** alpha


def score_brackets_four(log_probabilities, alpha):
    words = len(log_probabilities) - 1
    return sum(log_probabilities) / ((5 + words) ** alpha / 6)


def score_brackets_five(log_probabilities, alpha):
    words = len(log_probabilities) - 1
    return sum(log_probabilities) / (5 + words) / 6 * alpha


def score_times(log_probabilities, alpha):
    words = len(log_probabilities) - 1
    return sum(log_probabilities) * ((5 + words) / 6) ** alpha


def score_factor(log_probabilities, alpha):
    words = len(log_probabilities) - 1
    return sum(log_probabilities) / (((5 + words) / 6) * alpha)


def score_exped(log_probabilities, alpha):
    words = len(log_probabilities) - 1
    return sum(math.exp(x) for x in log_probabilities) / ((5 + words) / 6) ** alpha


def score_prob(log_probabilities, alpha):
    words = len(log_probabilities) - 1
    return math.exp(sum(log_probabilities)) / ((5 + words) / 6) ** alpha


def score_prod(log_probabilities, alpha):
    words = len(log_probabilities) - 1
    return math.prod(log_probabilities) / ((5 + words) / 6) ** alpha


def score_minus(log_probabilities, alpha):
    words = len(log_probabilities) - 1
    return -sum(log_probabilities) / ((5 + words) / 6) ** alpha


def score_two_off(log_probabilities, alpha):
    words = len(log_probabilities) - 2
    return sum(log_probabilities) / ((5 + words) / 6) ** alpha


def score_unused_alpha(log_probabilities, alpha=0.6):
    words = len(log_probabilities) - 1
    return sum(log_probabilities) / ((5 + words) / 6) ** 0.6


def score_floor(log_probabilities, alpha):
    words = len(log_probabilities) - 1
    return sum(log_probabilities) / ((5 + words) // 6) ** alpha


def score_logged(log_probabilities, alpha):
    words = len(log_probabilities) - 1
    return sum(log_probabilities) - alpha * math.log((5 + words) / 6)


# 3. Keep a few, drop the rest


def beam_two_lists(beam, log_p, eos, width):
    done, new = [], []
    for ids, score in beam:
        if ids[-1] == eos:
            done.append((ids, score))
        else:
            for token, lp in enumerate(log_p(ids)):
                new.append((ids + [token], score + lp.item()))
    new.sort(key=lambda h: -h[1])
    result = done + new[: width - len(done)]
    result.sort(key=lambda h: -h[1])
    return result


def beam_lists_of_lists(beam, log_p, eos, width):
    done = [[list(ids), s] for ids, s in beam if ids[-1] == eos]
    new = []
    for ids, s in beam:
        if ids[-1] == eos:
            continue
        lp = log_p(ids).numpy()
        new += [[[*ids, t], s + float(lp[t])] for t in range(len(lp))]
    new = sorted(new, key=lambda h: h[1])[::-1][: width - len(done)]
    return sorted(done + new, key=lambda h: h[1])[::-1]


def beam_topk_each(beam, log_p, eos, width):
    done, new = [], []
    for ids, s in beam:
        if ids[-1] == eos:
            done.append((ids, s))
            continue
        lp = log_p(ids)
        values, tokens = lp.topk(min(width, len(lp)))
        for v, t in zip(values.tolist(), tokens.tolist(), strict=True):
            new.append((list(ids) + [t], s + v))
    best = heapq.nlargest(width - len(done), new, key=lambda h: h[1])
    return sorted([*done, *best], key=lambda h: h[1], reverse=True)


def beam_insertion(beam, log_p, eos, width):
    result = [(ids, s) for ids, s in beam if ids[-1] == eos]
    places = width - len(result)
    every = []
    for ids, s in (h for h in beam if h[0][-1] != eos):
        every.extend((ids + [t], s + p) for t, p in enumerate(log_p(ids).double().tolist()))
    for _ in range(min(places, len(every))):
        best = max(every, key=lambda h: h[1])
        every.remove(best)
        result.append(best)
    return sorted(result, key=lambda h: -h[1])


def beam_copied_lists(beam, log_p, eos, width):
    beam = [(list(ids), s) for ids, s in beam]
    finished = list(filter(lambda h: h[0][-1] == eos, beam))
    extended = []
    for h in itertools.filterfalse(lambda h: h[0][-1] == eos, beam):
        for token, p in enumerate(log_p(h[0]).tolist()):
            ids = h[0].copy()
            ids.append(token)
            extended.append((tuple(ids), torch.tensor(h[1] + p, dtype=torch.float64)))
    extended = sorted(extended, key=lambda h: h[1].item(), reverse=True)[: width - len(finished)]
    return sorted(finished + extended, key=lambda h: float(h[1]), reverse=True)


def beam_inf_for_the_rest(beam, log_p, eos, width):
    new, done = [], 0
    for ids, s in beam:
        if ids[-1] == eos:
            new.append((ids, s, 0))
            done += 1
        else:
            new += [(ids + [t], s + p, 1) for t, p in enumerate(log_p(ids).tolist())]
    new.sort(key=lambda h: (h[2], -h[1]))
    return sorted([(a, b) for a, b, _ in new[:width]], key=lambda h: -h[1])


def beam_all_compete(beam, log_p, eos, width):
    new = []
    for ids, s in beam:
        if ids[-1] == eos:
            new.append((ids, s))
        else:
            new += [(ids + [t], s + p) for t, p in enumerate(log_p(ids).tolist())]
    return sorted(new, key=lambda h: h[1], reverse=True)[:width]


def beam_no_end(beam, log_p, eos, width):
    new = []
    for ids, s in beam:
        new += [(ids + [t], s + p) for t, p in enumerate(log_p(ids).tolist())]
    return sorted(new, key=lambda h: h[1], reverse=True)[:width]


def beam_skip_ended(beam, log_p, eos, width):
    new = []
    for ids, s in beam:
        if ids[-1] == eos:
            continue
        new += [(ids + [t], s + p) for t, p in enumerate(log_p(ids).tolist())]
    return sorted(new, key=lambda h: h[1], reverse=True)[:width]


def beam_too_wide(beam, log_p, eos, width):
    done = [h for h in beam if h[0][-1] == eos]
    new = []
    for ids, s in beam:
        if ids[-1] != eos:
            new += [(ids + [t], s + p) for t, p in enumerate(log_p(ids).tolist())]
    new = sorted(new, key=lambda h: h[1], reverse=True)[:width]
    return sorted(done + new, key=lambda h: h[1], reverse=True)


def beam_unsorted_end(beam, log_p, eos, width):
    done = [h for h in beam if h[0][-1] == eos]
    new = []
    for ids, s in beam:
        if ids[-1] != eos:
            new += [(ids + [t], s + p) for t, p in enumerate(log_p(ids).tolist())]
    return done + sorted(new, key=lambda h: h[1], reverse=True)[: width - len(done)]


def beam_sorted_plain(beam, log_p, eos, width):
    done = [h for h in beam if h[0][-1] == eos]
    new = []
    for ids, s in beam:
        if ids[-1] != eos:
            new += [(ids + [t], s + p) for t, p in enumerate(log_p(ids).tolist())]
    return sorted(done + sorted(new, reverse=True)[: width - len(done)], reverse=True)


def beam_ascending(beam, log_p, eos, width):
    done = [h for h in beam if h[0][-1] == eos]
    new = []
    for ids, s in beam:
        if ids[-1] != eos:
            new += [(ids + [t], s + p) for t, p in enumerate(log_p(ids).tolist())]
    return sorted(done + sorted(new, key=lambda h: h[1])[: width - len(done)], key=lambda h: h[1])


def beam_append(beam, log_p, eos, width):
    done = [h for h in beam if h[0][-1] == eos]
    new = []
    for ids, s in beam:
        if ids[-1] != eos:
            for t, p in enumerate(log_p(ids).tolist()):
                ids.append(t)
                new.append((ids, s + p))
    new = sorted(new, key=lambda h: h[1], reverse=True)[: width - len(done)]
    return sorted(done + new, key=lambda h: h[1], reverse=True)


def beam_append_none(beam, log_p, eos, width):
    done = [h for h in beam if h[0][-1] == eos]
    new = []
    for ids, s in beam:
        if ids[-1] != eos:
            for t, p in enumerate(log_p(ids).tolist()):
                new.append((list(ids).append(t), s + p))
    new = sorted(new, key=lambda h: h[1], reverse=True)[: width - len(done)]
    return sorted(done + new, key=lambda h: h[1], reverse=True)


def beam_without_past(beam, log_p, eos, width):
    done = [h for h in beam if h[0][-1] == eos]
    new = []
    for ids, _ in beam:
        if ids[-1] != eos:
            new += [(ids + [t], p) for t, p in enumerate(log_p(ids).tolist())]
    new = sorted(new, key=lambda h: h[1], reverse=True)[: width - len(done)]
    return sorted(done + new, key=lambda h: h[1], reverse=True)


def beam_product(beam, log_p, eos, width):
    done = [h for h in beam if h[0][-1] == eos]
    new = []
    for ids, s in beam:
        if ids[-1] != eos:
            new += [(ids + [t], s * p) for t, p in enumerate(log_p(ids).tolist())]
    new = sorted(new, key=lambda h: h[1], reverse=True)[: width - len(done)]
    return sorted(done + new, key=lambda h: h[1], reverse=True)


def beam_exp(beam, log_p, eos, width):
    done = [h for h in beam if h[0][-1] == eos]
    new = []
    for ids, s in beam:
        if ids[-1] != eos:
            new += [(ids + [t], s + p) for t, p in enumerate(log_p(ids).exp().tolist())]
    new = sorted(new, key=lambda h: h[1], reverse=True)[: width - len(done)]
    return sorted(done + new, key=lambda h: h[1], reverse=True)


def beam_argmax(beam, log_p, eos, width):
    result = []
    for ids, s in beam:
        if ids[-1] == eos:
            result.append((ids, s))
        else:
            p, t = log_p(ids).max(0)
            result.append((ids + [t.item()], s + p.item()))
    return sorted(result, key=lambda h: h[1], reverse=True)[:width]


def beam_topk_of_each_all_kept(beam, log_p, eos, width):
    result = []
    for ids, s in beam:
        if ids[-1] == eos:
            result.append((ids, s))
            continue
        p, t = log_p(ids).topk(min(width, len(log_p(ids))))
        result += [(ids + [i], s + x) for x, i in zip(p.tolist(), t.tolist(), strict=True)]
    return sorted(result, key=lambda h: h[1], reverse=True)


def beam_last_row(beam, log_p, eos, width):
    new = []
    for ids, s in beam:
        if ids[-1] == eos:
            new.append((ids, s))
            continue
        new += [(ids + [t], s + p) for t, p in enumerate(log_p(ids)[-1].tolist())]
    return sorted(new, key=lambda h: h[1], reverse=True)[:width]


def beam_stale_list(beam, log_p, eos, width):
    done = [h for h in beam if h[0][-1] == eos]
    new = []
    for ids, s in beam:
        if ids[-1] != eos:
            new = [(ids + [t], s + p) for t, p in enumerate(log_p(ids).tolist())]
    new = sorted(new, key=lambda h: h[1], reverse=True)[: width - len(done)]
    return sorted(done + new, key=lambda h: h[1], reverse=True)


def beam_normalised(beam, log_p, eos, width):
    done = [h for h in beam if h[0][-1] == eos]
    new = []
    for ids, s in beam:
        if ids[-1] != eos:
            new += [(ids + [t], s + p) for t, p in enumerate(log_p(ids).tolist())]
    new = sorted(new, key=lambda h: h[1] / len(h[0]), reverse=True)[: width - len(done)]
    return sorted(done + new, key=lambda h: h[1] / len(h[0]), reverse=True)


def beam_eos_forbidden(beam, log_p, eos, width):
    done = [h for h in beam if h[0][-1] == eos]
    new = []
    for ids, s in beam:
        if ids[-1] != eos:
            new += [(ids + [t], s + p) for t, p in enumerate(log_p(ids).tolist()) if t != eos]
    new = sorted(new, key=lambda h: h[1], reverse=True)[: width - len(done)]
    return sorted(done + new, key=lambda h: h[1], reverse=True)


def beam_ids_only(beam, log_p, eos, width):
    return [h[0] for h in beam_two_lists(beam, log_p, eos, width)]


def beam_places_of_the_old_beam(beam, log_p, eos, width):
    done = [h for h in beam if h[0][-1] == eos]
    new = []
    for ids, s in beam:
        if ids[-1] != eos:
            new += [(ids + [t], s + p) for t, p in enumerate(log_p(ids).tolist())]
    new = sorted(new, key=lambda h: h[1], reverse=True)[: len(beam) - len(done)]
    return sorted(done + new, key=lambda h: h[1], reverse=True)


def beam_one_less(beam, log_p, eos, width):
    return beam_two_lists(beam, log_p, eos, width)[: width - 1]


def beam_eos_anywhere_but_last(beam, log_p, eos, width):
    done = [h for h in beam if h[0][0] == eos]
    new = []
    for ids, s in beam:
        if ids[0] != eos:
            new += [(ids + [t], s + p) for t, p in enumerate(log_p(ids).tolist())]
    new = sorted(new, key=lambda h: h[1], reverse=True)[: width - len(done)]
    return sorted(done + new, key=lambda h: h[1], reverse=True)


# 4. Never read the same word twice


def cache_functional(query, key, value, keys, values):
    keys, values = torch.cat([keys, key], 2), torch.cat([values, value], 2)
    return [F.scaled_dot_product_attention(query, keys, values, is_causal=False), keys, values]


def cache_matmul(query, key, value, keys, values):
    keys = torch.concat((keys, key), dim=2)
    values = torch.concat((values, value), dim=2)
    scores = torch.matmul(query, keys.permute(0, 1, 3, 2)).div(query.size(-1) ** 0.5)
    return torch.matmul(F.softmax(scores, dim=3), values), keys, values


def cache_scaled_query(query, key, value, keys, values):
    keys, values = torch.cat([keys, key], -2), torch.cat([values, value], -2)
    shares = ((query / math.sqrt(query.shape[-1])) * keys).sum(-1).softmax(-1)
    return (shares.unsqueeze(-1) * values).sum(-2).unsqueeze(-2), keys, values


def cache_numpy(query, key, value, keys, values):
    k = np.concatenate([keys.numpy(), key.numpy()], 2)
    v = np.concatenate([values.numpy(), value.numpy()], 2)
    s = query.numpy() @ k.swapaxes(-1, -2) / np.sqrt(query.shape[-1])
    e = np.exp(s - s.max(-1, keepdims=True))
    out = e / e.sum(-1, keepdims=True) @ v
    return torch.from_numpy(out), torch.from_numpy(k), torch.from_numpy(v)


def cache_masked_square(query, key, value, keys, values):
    keys, values = torch.cat([keys, key], -2), torch.cat([values, value], -2)
    n = keys.shape[-2]
    queries = torch.zeros_like(keys)
    queries[..., -1:, :] = query
    mask = torch.ones(n, n, dtype=torch.bool).tril()
    out = F.scaled_dot_product_attention(queries, keys, values, attn_mask=mask)
    return out[:, :, -1:], keys, values


def cache_by_loops(query, key, value, keys, values):
    keys, values = torch.cat([keys, key], -2), torch.cat([values, value], -2)
    out = torch.empty_like(query)
    for b in range(len(query)):
        for h in range(query.shape[1]):
            s = keys[b, h] @ query[b, h, 0] / math.sqrt(query.shape[-1])
            out[b, h, 0] = torch.softmax(s, 0) @ values[b, h]
    return out, keys, values


def _cache(attend):
    def answer(query, key, value, keys, values):
        keys, values = torch.cat([keys, key], -2), torch.cat([values, value], -2)
        return attend(query, keys, values), keys, values

    return answer


def cache_no_scale(query, key, value, keys, values):
    return _cache(lambda q, k, v: (q @ k.mT).softmax(-1) @ v)(query, key, value, keys, values)


def cache_scale_by_d(query, key, value, keys, values):
    attend = _cache(lambda q, k, v: (q @ k.mT / q.shape[-1]).softmax(-1) @ v)
    return attend(query, key, value, keys, values)


def cache_scale_by_len(query, key, value, keys, values):
    attend = _cache(lambda q, k, v: (q @ k.mT / math.sqrt(k.shape[2])).softmax(-1) @ v)
    return attend(query, key, value, keys, values)


def cache_scale_times(query, key, value, keys, values):
    attend = _cache(lambda q, k, v: (q @ k.mT * math.sqrt(q.shape[-1])).softmax(-1) @ v)
    return attend(query, key, value, keys, values)


def cache_dim_2(query, key, value, keys, values):
    attend = _cache(lambda q, k, v: (q @ k.mT / math.sqrt(q.shape[-1])).softmax(2) @ v)
    return attend(query, key, value, keys, values)


def cache_dim_1(query, key, value, keys, values):
    attend = _cache(lambda q, k, v: (q @ k.mT / math.sqrt(q.shape[-1])).softmax(1) @ v)
    return attend(query, key, value, keys, values)


def cache_unshared(query, key, value, keys, values):
    attend = _cache(lambda q, k, v: q @ k.mT / math.sqrt(q.shape[-1]) @ v)
    return attend(query, key, value, keys, values)


def cache_causal(query, key, value, keys, values):
    attend = _cache(lambda q, k, v: F.scaled_dot_product_attention(q, k, v, is_causal=True))
    return attend(query, key, value, keys, values)


def cache_exp(query, key, value, keys, values):
    def attend(q, k, v):
        e = torch.exp(q @ k.mT / math.sqrt(q.shape[-1]))
        return e / e.sum(-1, keepdim=True) @ v

    return _cache(attend)(query, key, value, keys, values)


def cache_returns_old(query, key, value, keys, values):
    k, v = torch.cat([keys, key], -2), torch.cat([values, value], -2)
    return F.scaled_dot_product_attention(query, k, v), keys, values


def cache_returns_new(query, key, value, keys, values):
    k, v = torch.cat([keys, key], -2), torch.cat([values, value], -2)
    return F.scaled_dot_product_attention(query, k, v), key, value


def cache_attends_first(query, key, value, keys, values):
    out = F.scaled_dot_product_attention(query, keys, values)
    return out, torch.cat([keys, key], -2), torch.cat([values, value], -2)


def cache_front(query, key, value, keys, values):
    k, v = torch.cat([key, keys], -2), torch.cat([value, values], -2)
    return F.scaled_dot_product_attention(query, k, v), k, v


def cache_default_dim(query, key, value, keys, values):
    k, v = torch.cat([keys, key]), torch.cat([values, value])
    return F.scaled_dot_product_attention(query, k, v), k, v


def cache_heads_dim(query, key, value, keys, values):
    k, v = torch.cat([keys, key], 1), torch.cat([values, value], 1)
    return F.scaled_dot_product_attention(query, k, v), k, v


def cache_only_output(query, key, value, keys, values):
    k, v = torch.cat([keys, key], -2), torch.cat([values, value], -2)
    return F.scaled_dot_product_attention(query, k, v)


def cache_order(query, key, value, keys, values):
    k, v = torch.cat([keys, key], -2), torch.cat([values, value], -2)
    return k, v, F.scaled_dot_product_attention(query, k, v)


def cache_squeezed(query, key, value, keys, values):
    k, v = torch.cat([keys, key], -2), torch.cat([values, value], -2)
    return F.scaled_dot_product_attention(query, k, v).squeeze(-2), k, v


def cache_squeezed_all(query, key, value, keys, values):
    k, v = torch.cat([keys, key], -2), torch.cat([values, value], -2)
    return F.scaled_dot_product_attention(query, k, v).squeeze(), k, v


def cache_key_value_mixed(query, key, value, keys, values):
    k, v = torch.cat([keys, value], -2), torch.cat([values, key], -2)
    return F.scaled_dot_product_attention(query, k, v), k, v


def cache_value_forgotten(query, key, value, keys, values):
    k = torch.cat([keys, key], -2)
    v = torch.cat([values, values[:, :, -1:]], -2)
    return F.scaled_dot_product_attention(query, k, v), k, v


def cache_sliding(query, key, value, keys, values):
    k, v = torch.cat([keys[:, :, 1:], key], -2), torch.cat([values[:, :, 1:], value], -2)
    return F.scaled_dot_product_attention(query, k, v), k, v


def cache_added(query, key, value, keys, values):
    k, v = keys + key, values + value
    return F.scaled_dot_product_attention(query, k, v), k, v


# 5. How good is it?


def bleu_dicts(candidate, reference):
    precisions = []
    for n in range(1, 5):
        counts = {}
        for i in range(len(candidate) - n + 1):
            gram = tuple(candidate[i : i + n])
            counts[gram] = counts.get(gram, 0) + 1
        total = max(len(candidate) - n + 1, 0)
        if total == 0:
            return 0.0
        reference_grams = [tuple(reference[i : i + n]) for i in range(len(reference) - n + 1)]
        right = sum(min(c, reference_grams.count(g)) for g, c in counts.items())
        precisions.append(right / total)
    score = 100 * math.prod(precisions) ** 0.25
    if len(candidate) < len(reference):
        score *= math.exp(1 - len(reference) / len(candidate))
    return score


def bleu_logs(candidate, reference):
    total = 0.0
    for n in range(1, 5):
        c = Counter(tuple(candidate[i : i + n]) for i in range(len(candidate) - n + 1))
        r = Counter(tuple(reference[i : i + n]) for i in range(len(reference) - n + 1))
        hits = sum((c & r).values())
        if hits == 0:
            return 0
        total += math.log(hits / sum(c.values()))
    penalty = 1 if len(candidate) >= len(reference) else 1 - len(reference) / len(candidate)
    return 100 * math.exp(total / 4 + (0 if penalty == 1 else penalty))


def bleu_numpy(candidate, reference):
    p = []
    for n in range(1, 5):
        c = Counter(" ".join(candidate[i : i + n]) for i in range(len(candidate) - n + 1))
        r = Counter(" ".join(reference[i : i + n]) for i in range(len(reference) - n + 1))
        p.append((c & r).total() / c.total() if c else 0)
    if min(p) == 0:
        return np.float64(0)
    brevity = np.exp(min(0, 1 - len(reference) / len(candidate)))
    return 100 * brevity * np.prod(p) ** (1 / 4)


def bleu_two_roots(candidate, reference):
    if len(candidate) < 4:
        return 0
    product = 100.0**4
    for n in range(4):
        grams = Counter(zip(*[candidate[i:] for i in range(n + 1)], strict=False))
        wanted = Counter(zip(*[reference[i:] for i in range(n + 1)], strict=False))
        product *= (grams & wanted).total() / grams.total()
    score = math.sqrt(math.sqrt(product))
    return score * min(1, math.exp(1 - len(reference) / len(candidate)))


def bleu_removing(candidate, reference):
    result = 1.0
    for n in (4, 3, 2, 1):
        left = [reference[i : i + n] for i in range(len(reference) - n + 1)]
        said = [candidate[i : i + n] for i in range(len(candidate) - n + 1)]
        found = 0
        for gram in said:
            if gram in left:
                left.remove(gram)
                found += 1
        if not said or not found:
            return 0.0
        result *= (found / len(said)) ** (1 / 4)
    if len(reference) > len(candidate):
        result *= math.e ** (1 - len(reference) / len(candidate))
    return torch.tensor(result * 100, dtype=torch.float64)


def bleu_arrays_of_strings(candidate, reference):
    def runs(words, n):
        return ["\0".join(words[i : i + n]) for i in range(len(words) - n + 1)]

    p = 1.0
    for n in range(1, 5):
        said, wanted = runs(candidate, n), runs(reference, n)
        hits = sum(min(said.count(g), wanted.count(g)) for g in set(said))
        p *= hits / len(said) if said else 0.0
    short = 0 < len(candidate) < len(reference)
    return 100 * p**0.25 * (math.exp(1 - len(reference) / len(candidate)) if short else 1)


def _grams(words, n):
    return Counter(tuple(words[i : i + n]) for i in range(len(words) - n + 1))


def bleu_unclipped(candidate, reference):
    p = 1.0
    for n in range(1, 5):
        wanted = {tuple(reference[i : i + n]) for i in range(len(reference) - n + 1)}
        said = [tuple(candidate[i : i + n]) for i in range(len(candidate) - n + 1)]
        p *= sum(g in wanted for g in said) / len(said) if said else 0
    short = 0 < len(candidate) < len(reference)
    return 100 * p**0.25 * (math.exp(1 - len(reference) / len(candidate)) if short else 1)


def bleu_sets(candidate, reference):
    p = 1.0
    for n in range(1, 5):
        said, wanted = set(_grams(candidate, n)), set(_grams(reference, n))
        p *= len(said & wanted) / len(said) if said else 0
    short = 0 < len(candidate) < len(reference)
    return 100 * p**0.25 * (math.exp(1 - len(reference) / len(candidate)) if short else 1)


def _bleu(candidate, reference, *, sizes=(1, 2, 3, 4), mean=None, brevity=None, of=None):
    p = []
    for n in sizes:
        said, wanted = _grams(candidate, n), _grams(reference, n)
        total = said.total() if of is None else of(said, wanted)
        if not total or not (said & wanted):
            return 0.0
        p.append((said & wanted).total() / total)
    c, r = len(candidate), len(reference)
    factor = min(1.0, math.exp(1 - r / c)) if brevity is None else brevity(c, r)
    return 100 * factor * (math.prod(p) ** 0.25 if mean is None else mean(p))


def bleu_mean(candidate, reference):
    return _bleu(candidate, reference, mean=lambda p: sum(p) / 4)


def bleu_harmonic(candidate, reference):
    return _bleu(candidate, reference, mean=lambda p: 4 / sum(1 / x for x in p))


def bleu_no_root(candidate, reference):
    return _bleu(candidate, reference, mean=math.prod)


def bleu_precedence(candidate, reference):
    return _bleu(candidate, reference, mean=lambda p: math.prod(p) ** 1 / 4)


def bleu_square_root(candidate, reference):
    return _bleu(candidate, reference, mean=lambda p: math.sqrt(math.prod(p)))


def bleu_to_three(candidate, reference):
    return _bleu(candidate, reference, sizes=range(1, 4))


def bleu_from_zero(candidate, reference):
    return _bleu(candidate, reference, sizes=range(4))


def bleu_no_brevity(candidate, reference):
    return _bleu(candidate, reference, brevity=lambda c, r: 1)


def bleu_ratio(candidate, reference):
    return _bleu(candidate, reference, brevity=lambda c, r: min(1, c / r))


def bleu_inverse(candidate, reference):
    return _bleu(candidate, reference, brevity=lambda c, r: math.exp(1 - c / r) if c < r else 1.0)


def bleu_unbounded(candidate, reference):
    return _bleu(candidate, reference, brevity=lambda c, r: math.exp(1 - r / c))


def bleu_wrong_side(candidate, reference):
    return _bleu(candidate, reference, brevity=lambda c, r: math.exp(1 - r / c) if c > r else 1)


def bleu_recall(candidate, reference):
    return _bleu(candidate, reference, of=lambda said, wanted: wanted.total())


def bleu_by_words(candidate, reference):
    return _bleu(candidate, reference, of=lambda said, wanted: len(candidate))


def bleu_fraction(candidate, reference):
    return _bleu(candidate, reference) / 100


def bleu_swapped(candidate, reference):
    return _bleu(reference, candidate) if candidate else 0.0


def bleu_lowered(candidate, reference):
    return _bleu([w.lower() for w in candidate], [w.lower() for w in reference])


def bleu_joined(candidate, reference):
    p = 1.0
    for n in range(1, 5):
        said = Counter("".join(candidate[i : i + n]) for i in range(len(candidate) - n + 1))
        wanted = Counter("".join(reference[i : i + n]) for i in range(len(reference) - n + 1))
        p *= (said & wanted).total() / said.total() if said else 0
    short = 0 < len(candidate) < len(reference)
    return 100 * p**0.25 * (math.exp(1 - len(reference) / len(candidate)) if short else 1)


def bleu_substring(candidate, reference):
    text, p = " ".join(reference), 1.0
    for n in range(1, 5):
        said = [" ".join(candidate[i : i + n]) for i in range(len(candidate) - n + 1)]
        hits = sum(min(said.count(g), text.count(g)) for g in set(said))
        p *= hits / len(said) if said else 0
    short = 0 < len(candidate) < len(reference)
    return 100 * p**0.25 * (math.exp(1 - len(reference) / len(candidate)) if short else 1)


def bleu_short_skipped(candidate, reference):
    sizes = [n for n in (1, 2, 3, 4) if n <= len(candidate)]
    return _bleu(candidate, reference, sizes=sizes) if candidate else 0.0


def bleu_no_wanted_skipped(candidate, reference):
    p = []
    for n in range(1, 5):
        said, wanted = _grams(candidate, n), _grams(reference, n)
        if not said:
            return 0.0
        if wanted:
            p.append((said & wanted).total() / said.total())
    short = 0 < len(candidate) < len(reference)
    brevity = math.exp(1 - len(reference) / len(candidate)) if short else 1
    return 100 * math.prod(p) ** (1 / len(p)) * brevity


def bleu_range_short(candidate, reference):
    p = 1.0
    for n in range(1, 5):
        said = Counter(tuple(candidate[i : i + n]) for i in range(len(candidate) - n))
        wanted = Counter(tuple(reference[i : i + n]) for i in range(len(reference) - n))
        p *= (said & wanted).total() / said.total() if said else 0
    short = 0 < len(candidate) < len(reference)
    return 100 * p**0.25 * (math.exp(1 - len(reference) / len(candidate)) if short else 1)


def bleu_range_long(candidate, reference):
    p = 1.0
    for n in range(1, 5):
        said = Counter(tuple(candidate[i : i + n]) for i in range(len(candidate)))
        wanted = Counter(tuple(reference[i : i + n]) for i in range(len(reference)))
        p *= (said & wanted).total() / said.total() if said else 0
    short = 0 < len(candidate) < len(reference)
    return 100 * p**0.25 * (math.exp(1 - len(reference) / len(candidate)) if short else 1)


def bleu_early(candidate, reference):
    p = 1.0
    for n in range(1, 5):
        said, wanted = _grams(candidate, n), _grams(reference, n)
        if not said & wanted:
            return 0.0
        p *= (said & wanted).total() / said.total()
        brevity = min(1.0, math.exp(1 - len(reference) / len(candidate)))
        return 100 * brevity * p ** (1 / 4)


def bleu_overwritten(candidate, reference):
    for n in range(1, 5):
        said, wanted = _grams(candidate, n), _grams(reference, n)
        if not said & wanted:
            return 0.0
        p = (said & wanted).total() / said.total()
    brevity = min(1.0, math.exp(1 - len(reference) / len(candidate)))
    return 100 * brevity * p ** (1 / 4)


def bleu_zero_by_zero(candidate, reference):
    p = 1.0
    for n in range(1, 5):
        said, wanted = _grams(candidate, n), _grams(reference, n)
        p *= (said & wanted).total() / said.total()
    brevity = min(1.0, math.exp(1 - len(reference) / len(candidate)))
    return 100 * brevity * p ** (1 / 4)


def bleu_smoothed(candidate, reference):
    p = 1.0
    for n in range(1, 5):
        said, wanted = _grams(candidate, n), _grams(reference, n)
        p *= ((said & wanted).total() + 1) / (said.total() + 1)
    brevity = min(1.0, math.exp(1 - len(reference) / max(1, len(candidate))))
    return 100 * brevity * p ** (1 / 4)


def bleu_whole_percent(candidate, reference):
    return round(_bleu(candidate, reference))


RIGHT = {
    "07.greedy_decode": [
        greedy_recursive,
        greedy_numpy,
        greedy_true_loop,
        greedy_tensor_tokens,
        greedy_append_then_look,
    ],
    "07.hypothesis_score": [
        score_numpy,
        score_exp,
        score_loop,
        score_tensor,
        score_product,
        score_reduced,
    ],
    "07.beam_step": [
        beam_two_lists,
        beam_lists_of_lists,
        beam_topk_each,
        beam_insertion,
        beam_copied_lists,
        beam_inf_for_the_rest,
    ],
    "07.attend_with_cache": [
        cache_functional,
        cache_matmul,
        cache_scaled_query,
        cache_numpy,
        cache_masked_square,
        cache_by_loops,
    ],
    "07.bleu": [
        bleu_dicts,
        bleu_logs,
        bleu_numpy,
        bleu_two_roots,
        bleu_removing,
        bleu_arrays_of_strings,
    ],
}

WRONG = {
    "07.greedy_decode": [
        greedy_row_zero,
        greedy_always_bos,
        greedy_last_only,
        greedy_with_bos,
        greedy_with_bos_if_ended,
        greedy_append_first,
        greedy_cut_both,
        greedy_while_len,
        greedy_no_stop,
        greedy_no_limit,
        greedy_filter,
        greedy_whole_argmax,
        greedy_mean,
        greedy_max_value,
        greedy_argmin,
        greedy_tensor,
        greedy_truthy,
        greedy_starts_empty,
        greedy_return_in_loop,
    ],
    "07.hypothesis_score": [
        score_len,
        score_without_end,
        score_without_end_long,
        score_mean,
        score_mean_alpha,
        score_words_alpha,
        score_brackets_one,
        score_brackets_two,
        score_brackets_three,
        score_brackets_four,
        score_brackets_five,
        score_times,
        score_factor,
        score_exped,
        score_prob,
        score_prod,
        score_minus,
        score_two_off,
        score_unused_alpha,
        score_floor,
        score_logged,
    ],
    "07.beam_step": [
        beam_all_compete,
        beam_no_end,
        beam_skip_ended,
        beam_too_wide,
        beam_unsorted_end,
        beam_sorted_plain,
        beam_ascending,
        beam_append,
        beam_append_none,
        beam_without_past,
        beam_product,
        beam_exp,
        beam_argmax,
        beam_topk_of_each_all_kept,
        beam_last_row,
        beam_stale_list,
        beam_normalised,
        beam_eos_forbidden,
        beam_ids_only,
        beam_places_of_the_old_beam,
        beam_one_less,
        beam_eos_anywhere_but_last,
    ],
    "07.attend_with_cache": [
        cache_no_scale,
        cache_scale_by_d,
        cache_scale_by_len,
        cache_scale_times,
        cache_dim_2,
        cache_dim_1,
        cache_unshared,
        cache_causal,
        cache_exp,
        cache_returns_old,
        cache_returns_new,
        cache_attends_first,
        cache_front,
        cache_default_dim,
        cache_heads_dim,
        cache_only_output,
        cache_order,
        cache_squeezed,
        cache_squeezed_all,
        cache_key_value_mixed,
        cache_value_forgotten,
        cache_sliding,
        cache_added,
    ],
    "07.bleu": [
        bleu_unclipped,
        bleu_sets,
        bleu_mean,
        bleu_harmonic,
        bleu_no_root,
        bleu_precedence,
        bleu_square_root,
        bleu_to_three,
        bleu_from_zero,
        bleu_no_brevity,
        bleu_ratio,
        bleu_inverse,
        bleu_unbounded,
        bleu_wrong_side,
        bleu_recall,
        bleu_by_words,
        bleu_fraction,
        bleu_swapped,
        bleu_lowered,
        bleu_joined,
        bleu_substring,
        bleu_short_skipped,
        bleu_no_wanted_skipped,
        bleu_range_short,
        bleu_range_long,
        bleu_early,
        bleu_overwritten,
        bleu_zero_by_zero,
        bleu_smoothed,
        bleu_whole_percent,
    ],
}
