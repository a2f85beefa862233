"""Exercise 06, as people write it from the task's text."""

import numpy as np
import torch
import torch.nn.functional as F


def pad_by_numpy(sentences, pad_id):
    n = max(len(sentence) for sentence in sentences)
    ids = np.full((len(sentences), n), pad_id)
    mask = np.zeros((len(sentences), n), dtype=bool)
    for row, sentence in enumerate(sentences):
        ids[row, : len(sentence)] = sentence
        mask[row, : len(sentence)] = True
    return torch.from_numpy(ids), torch.from_numpy(mask)


def pad_in_int32(sentences, pad_id):
    n = max(map(len, sentences))
    rows = [sentence + [pad_id] * (n - len(sentence)) for sentence in sentences]
    real = [[True] * len(sentence) + [False] * (n - len(sentence)) for sentence in sentences]
    return torch.tensor(rows, dtype=torch.int32), torch.tensor(real)


def pad_as_a_list(sentences, pad_id):
    parts = [torch.tensor(sentence) for sentence in sentences]
    ids = torch.nn.utils.rnn.pad_sequence(parts, batch_first=True, padding_value=pad_id)
    lengths = torch.tensor([len(part) for part in parts])
    return [ids, torch.arange(ids.shape[1])[None] < lengths[:, None]]


def pad_mask_from_ids(sentences, pad_id):
    ids, _ = pad_in_int32(sentences, pad_id)
    return ids.long(), ids != pad_id


def pad_mask_from_zero(sentences, pad_id):
    ids, _ = pad_in_int32(sentences, pad_id)
    return ids.long(), ids != 0


def pad_in_front(sentences, pad_id):
    n = max(map(len, sentences))
    rows = [[pad_id] * (n - len(sentence)) + sentence for sentence in sentences]
    real = [[False] * (n - len(sentence)) + [True] * len(sentence) for sentence in sentences]
    return torch.tensor(rows), torch.tensor(real)


def pad_mask_first(sentences, pad_id):
    return pad_in_int32(sentences, pad_id)[::-1]


def pad_mask_of_pads(sentences, pad_id):
    ids, real = pad_in_int32(sentences, pad_id)
    return ids.long(), ~real


def pad_mask_of_ints(sentences, pad_id):
    ids, real = pad_in_int32(sentences, pad_id)
    return ids.long(), real.long()


def pad_with_zeros(sentences, pad_id):
    ids, real = pad_in_int32(sentences, 0)
    return ids.long(), real


def pad_in_short(sentences, pad_id):
    ids, real = pad_in_int32(sentences, pad_id)
    return ids.short(), real


def pad_to_ten(sentences, pad_id):
    n = 10
    rows = [sentence + [pad_id] * (n - len(sentence)) for sentence in sentences]
    real = [[i < len(sentence) for i in range(n)] for sentence in sentences]
    return torch.tensor(rows), torch.tensor(real)


def pad_to_the_first(sentences, pad_id):
    n = len(sentences[0])
    rows = [(sentence + [pad_id] * n)[:n] for sentence in sentences]
    real = [[i < len(sentence) for i in range(n)] for sentence in sentences]
    return torch.tensor(rows), torch.tensor(real)


def pad_in_place(sentences, pad_id):
    lengths = [len(sentence) for sentence in sentences]
    for sentence in sentences:
        sentence += [pad_id] * (max(lengths) - len(sentence))
    real = torch.arange(max(lengths)) < torch.tensor(lengths)[:, None]
    return torch.tensor(sentences), real


def pad_ids_alone(sentences, pad_id):
    return pad_in_int32(sentences, pad_id)[0].long()


def each(logits, targets):
    return -logits.log_softmax(-1).gather(-1, targets[..., None]).squeeze(-1)


def loss_by_sum(logits, targets, mask):
    return (each(logits, targets) * mask).sum() / mask.sum()


def loss_by_words(logits, targets, mask):
    total, count = 0.0, 0
    for b, n in mask.nonzero().tolist():
        total = total - logits[b, n].log_softmax(0)[targets[b, n]]
        count += 1
    return total / count


def loss_in_double(logits, targets, mask):
    return F.nll_loss(logits[mask].double().log_softmax(-1), targets[mask])


def loss_of_everything(logits, targets, mask):
    return each(logits, targets).mean()


def loss_divided_by_all(logits, targets, mask):
    return (each(logits, targets) * mask).mean()


def loss_summed(logits, targets, mask):
    return each(logits, targets)[mask].sum()


def loss_per_sentence(logits, targets, mask):
    return ((each(logits, targets) * mask).sum(1) / mask.sum(1)).mean()


def loss_without_minus(logits, targets, mask):
    return -loss_by_sum(logits, targets, mask)


def loss_as_a_float(logits, targets, mask):
    return loss_by_sum(logits, targets, mask).item()


def loss_detached(logits, targets, mask):
    return loss_by_sum(logits.detach(), targets, mask) + 0 * logits.sum()


def loss_without_log(logits, targets, mask):
    p = logits.softmax(-1).gather(-1, targets[..., None]).squeeze(-1)
    return -p[mask].mean()


def loss_softmax_twice(logits, targets, mask):
    return F.cross_entropy(logits.softmax(-1)[mask], targets[mask])


def loss_over_places(logits, targets, mask):
    log_p = logits.log_softmax(1)
    return -log_p.gather(-1, targets[..., None]).squeeze(-1)[mask].mean()


def loss_of_raw_logits(logits, targets, mask):
    return -logits.gather(-1, targets[..., None]).squeeze(-1)[mask].mean()


def loss_log_of_softmax(logits, targets, mask):
    p = logits.softmax(-1).gather(-1, targets[..., None]).squeeze(-1)
    return -p[mask].log().mean()


def loss_in_bits(logits, targets, mask):
    return loss_by_sum(logits, targets, mask) / np.log(2)


def loss_of_pads(logits, targets, mask):
    return each(logits, targets)[~mask].mean() if (~mask).any() else logits.sum() * 0


def asked(logits, targets, on, off):
    wanted = torch.full_like(logits, off)
    wanted.scatter_(-1, targets[..., None], on)
    return -(wanted * logits.log_softmax(-1)).sum(-1)


def smooth_by_one_hot(logits, targets, mask, smoothing):
    vocab = logits.shape[-1]
    one_hot = F.one_hot(targets, vocab).float()
    wanted = one_hot * (1 - smoothing) + (1 - one_hot) * smoothing / (vocab - 1)
    return -(wanted * logits.log_softmax(-1)).sum(-1)[mask].mean()


def smooth_by_words(logits, targets, mask, smoothing):
    vocab, losses = logits.shape[-1], []
    for b, n in mask.nonzero().tolist():
        log_p = logits[b, n].log_softmax(0)
        right = log_p[targets[b, n]]
        others = log_p.sum() - right
        losses.append(-(1 - smoothing) * right - smoothing / (vocab - 1) * others)
    return sum(losses) / len(losses)


def smooth_like_torch(logits, targets, mask, smoothing):
    return F.cross_entropy(logits[mask], targets[mask], label_smoothing=smoothing)


def smooth_shared_with_all(logits, targets, mask, smoothing):
    vocab = logits.shape[-1]
    return asked(logits, targets, 1 - smoothing, smoothing / vocab)[mask].mean()


def smooth_not_shared(logits, targets, mask, smoothing):
    return asked(logits, targets, 1 - smoothing, smoothing)[mask].mean()


def smooth_not_taken_off(logits, targets, mask, smoothing):
    return asked(logits, targets, 1.0, smoothing / (logits.shape[-1] - 1))[mask].mean()


def smooth_only_scaled(logits, targets, mask, smoothing):
    return (1 - smoothing) * loss_by_sum(logits, targets, mask)


def smooth_ignored(logits, targets, mask, smoothing):
    return loss_by_sum(logits, targets, mask)


def smooth_pads_too(logits, targets, mask, smoothing):
    return asked(logits, targets, 1 - smoothing, smoothing / (logits.shape[-1] - 1)).mean()


def smooth_exchanged(logits, targets, mask, smoothing):
    return asked(logits, targets, smoothing, (1 - smoothing) / (logits.shape[-1] - 1))[mask].mean()


def smooth_without_minus(logits, targets, mask, smoothing):
    return -smooth_by_one_hot(logits, targets, mask, smoothing)


def smooth_as_a_float(logits, targets, mask, smoothing):
    return smooth_by_one_hot(logits, targets, mask, smoothing).item()


def smooth_summed(logits, targets, mask, smoothing):
    return smooth_by_one_hot(logits, targets, mask, smoothing) * mask.sum()


def rate_by_parts(step, d_model, warmup):
    peak = (d_model * warmup) ** -0.5
    return peak * step / warmup if step < warmup else peak * (warmup / step) ** 0.5


def rate_with_torch(step, d_model, warmup):
    step, warmup = torch.tensor(float(step)), torch.tensor(float(warmup))
    return torch.minimum(step.rsqrt(), step * warmup**-1.5) * d_model**-0.5


def rate_max(step, d_model, warmup):
    return d_model**-0.5 * max(step**-0.5, step * warmup**-1.5)


def rate_warmup_positive(step, d_model, warmup):
    return d_model**-0.5 * min(step**-0.5, step * warmup**1.5)


def rate_no_model(step, d_model, warmup):
    return min(step**-0.5, step * warmup**-1.5)


def rate_times_model(step, d_model, warmup):
    return d_model**0.5 * min(step**-0.5, step * warmup**-1.5)


def rate_over_model(step, d_model, warmup):
    return min(step**-0.5, step * warmup**-1.5) / d_model


def rate_half(step, d_model, warmup):
    return d_model**-0.5 * min(step**-0.5, step * warmup**-0.5)


def rate_only_down(step, d_model, warmup):
    return d_model**-0.5 * step**-0.5


def rate_only_up(step, d_model, warmup):
    return d_model**-0.5 * step * warmup**-1.5


def rate_from_zero(step, d_model, warmup):
    step += 1
    return d_model**-0.5 * min(step**-0.5, step * warmup**-1.5)


def rate_step_missing(step, d_model, warmup):
    return d_model**-0.5 * min(step**-0.5, warmup**-1.5)


def rate_sum(step, d_model, warmup):
    return d_model**-0.5 * (step**-0.5 + step * warmup**-1.5)


def rate_of_4000(step, d_model, warmup):
    return d_model**-0.5 * min(step**-0.5, step * 4000**-1.5)


RIGHT = {
    "06.pad_batch": [pad_by_numpy, pad_in_int32, pad_as_a_list, pad_mask_from_ids],
    "06.masked_loss": [loss_by_sum, loss_by_words, loss_in_double],
    "06.smoothed_loss": [smooth_by_one_hot, smooth_by_words],
    "06.learning_rate": [rate_by_parts, rate_with_torch],
}
WRONG = {
    "06.pad_batch": [
        pad_mask_from_zero,
        pad_in_front,
        pad_mask_first,
        pad_mask_of_pads,
        pad_mask_of_ints,
        pad_with_zeros,
        pad_in_short,
        pad_to_ten,
        pad_to_the_first,
        pad_in_place,
        pad_ids_alone,
    ],
    "06.masked_loss": [
        loss_of_everything,
        loss_divided_by_all,
        loss_summed,
        loss_per_sentence,
        loss_without_minus,
        loss_as_a_float,
        loss_detached,
        loss_without_log,
        loss_softmax_twice,
        loss_over_places,
        loss_of_raw_logits,
        loss_log_of_softmax,
        loss_in_bits,
        loss_of_pads,
    ],
    "06.smoothed_loss": [
        smooth_like_torch,
        smooth_shared_with_all,
        smooth_not_shared,
        smooth_not_taken_off,
        smooth_only_scaled,
        smooth_ignored,
        smooth_pads_too,
        smooth_exchanged,
        smooth_without_minus,
        smooth_as_a_float,
        smooth_summed,
    ],
    "06.learning_rate": [
        rate_max,
        rate_warmup_positive,
        rate_no_model,
        rate_times_model,
        rate_over_model,
        rate_half,
        rate_only_down,
        rate_only_up,
        rate_from_zero,
        rate_step_missing,
        rate_sum,
        rate_of_4000,
    ],
}
