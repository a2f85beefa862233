"""Exercise 16, as people write it from the task's text."""

import torch
import torch.nn.functional as F


def mix_where(x, mask):
    x = torch.where(mask.unsqueeze(-1), x, 0.0)
    return torch.real(torch.fft.fftn(x, dim=(1, 2)))


def mix_text_by_text(x, mask):
    mixed = []
    for text, real in zip(x, mask, strict=True):
        mixed.append(torch.fft.fft2(text * real.float()[:, None]).real)
    return torch.stack(mixed)


def mix_two_steps(x, mask):
    silent = x.masked_fill(mask.logical_not().unsqueeze(2), 0)
    over_tokens = torch.fft.fft(silent, dim=1)
    return torch.fft.fft(over_tokens, dim=2).real


def mix_numpy(x, mask):
    import numpy as np

    silent = x.detach().numpy() * mask.numpy()[..., None]
    return torch.from_numpy(np.fft.fftn(silent, axes=(1, 2)).real.copy())


def mix_no_mask(x, mask):
    return torch.fft.fft2(x).real


def mix_all_dimensions(x, mask):
    return torch.fft.fftn(x * mask[..., None]).real


def mix_magnitude(x, mask):
    return torch.abs(torch.fft.fft2(x * mask[..., None]))


def mix_real_each(x, mask):
    x = x * mask[..., None]
    x = torch.fft.fft(x, dim=-1).real
    return torch.fft.fft(x, dim=-2).real


def mix_inverse(x, mask):
    return torch.fft.ifft2(x * mask[..., None]).real


def mix_orthonormal(x, mask):
    return torch.fft.fft2(x * mask[..., None], norm="ortho").real


def mix_tokens(x, mask):
    return torch.fft.fft(x * mask[..., None], dim=1).real


def mix_hidden(x, mask):
    return torch.fft.fft(x * mask[..., None]).real


def mix_mask_out(x, mask):
    return torch.fft.fft2(x).real * mask[..., None]


def top_if(below, above, n_layers, n_above):
    def mixer(layer):
        return above(layer) if layer >= n_layers - n_above else below(layer)

    return mixer


def top_range(below, above, n_layers, n_above):
    top = set(range(n_layers - n_above, n_layers))
    return lambda layer: above(layer) if layer in top else below(layer)


def top_from_the_end(below, above, n_layers, n_above):
    return lambda layer: above(layer) if n_layers - layer <= n_above else below(layer)


def top_strict(below, above, n_layers, n_above):
    return lambda layer: above(layer) if layer > n_layers - n_above else below(layer)


def top_first(below, above, n_layers, n_above):
    return lambda layer: above(layer) if layer < n_above else below(layer)


def top_swapped(below, above, n_layers, n_above):
    return lambda layer: below(layer) if layer >= n_layers - n_above else above(layer)


def top_two(below, above, n_layers, n_above):
    return lambda layer: above(layer) if layer >= n_layers - 2 else below(layer)


def top_uncalled(below, above, n_layers, n_above):
    return lambda layer: above if layer >= n_layers - n_above else below


def hide_nested(ids, mask, dice, others, hidden_id):
    asked = torch.logical_and(mask, dice[0] < 0.15)
    stand_in = torch.where(dice[1] < 0.8, torch.full_like(ids, hidden_id), ids)
    stand_in = torch.where((dice[1] >= 0.8) & (dice[1] < 0.9), others, stand_in)
    return torch.where(asked, stand_in, ids), asked


def hide_indices(ids, mask, dice, others, hidden_id):
    read, asked = ids.clone(), mask & dice[0].lt(0.15)
    for b, i in asked.nonzero().tolist():
        roll = float(dice[1, b, i])
        if roll < 0.8:
            read[b, i] = hidden_id
        elif roll < 0.9:
            read[b, i] = others[b, i]
    return read, asked


def hide_arithmetic(ids, mask, dice, others, hidden_id):
    asked = (mask * (dice[0] < 0.15)).bool()
    masked = (asked & (dice[1] < 0.8)).long()
    swapped = (asked & (dice[1] >= 0.8) & (dice[1] < 0.9)).long()
    return masked * hidden_id + swapped * others + (1 - masked - swapped) * ids, asked


def hide_padding(ids, mask, dice, others, hidden_id):
    asked = dice[0] < 0.15
    read = torch.where(asked & (dice[1] < 0.8), hidden_id, ids)
    return torch.where(asked & (dice[1] >= 0.8) & (dice[1] < 0.9), others, read), asked


def hide_everything(ids, mask, dice, others, hidden_id):
    asked = mask & (dice[0] < 0.15)
    return torch.where(asked, hidden_id, ids), asked


def hide_no_keep(ids, mask, dice, others, hidden_id):
    asked = mask & (dice[0] < 0.15)
    read = torch.where(asked & (dice[1] < 0.8), hidden_id, ids)
    return torch.where(asked & (dice[1] >= 0.8), others, read), asked


def hide_asked_changed(ids, mask, dice, others, hidden_id):
    read, _ = hide_nested(ids, mask, dice, others, hidden_id)
    return read, read != ids


def hide_asked_mask(ids, mask, dice, others, hidden_id):
    read, _ = hide_nested(ids, mask, dice, others, hidden_id)
    return read, mask


def hide_swapped(ids, mask, dice, others, hidden_id):
    asked = mask & (dice[0] < 0.15)
    read = torch.where(asked & (dice[1] < 0.8), hidden_id, ids)
    return torch.where(asked & (dice[1] >= 0.9), others, read), asked


def loss_loop(logits, ids, asked):
    total, count = logits.new_zeros(()), 0
    for b in range(ids.shape[0]):
        for i in range(ids.shape[1]):
            if asked[b, i]:
                total = total - torch.log_softmax(logits[b, i], dim=0)[ids[b, i]]
                count += 1
    return total / count


def loss_nll(logits, ids, asked):
    return F.nll_loss(F.log_softmax(logits[asked], dim=1), ids[asked])


def loss_reduction(logits, ids, asked):
    each = F.cross_entropy(logits.transpose(1, 2), ids, reduction="none")
    return each[asked].mean()


def loss_all(logits, ids, asked):
    return F.cross_entropy(logits.flatten(0, 1), ids.flatten())


def loss_over_all(logits, ids, asked):
    each = F.cross_entropy(logits.transpose(1, 2), ids, reduction="none")
    return (each * asked).mean()


def loss_sum(logits, ids, asked):
    return F.cross_entropy(logits[asked], ids[asked], reduction="sum")


def loss_inverse(logits, ids, asked):
    return F.cross_entropy(logits[~asked], ids[~asked])


def loss_softmaxed(logits, ids, asked):
    return F.cross_entropy(logits[asked].softmax(-1), ids[asked])


def loss_per_text(logits, ids, asked):
    each = F.cross_entropy(logits.transpose(1, 2), ids, reduction="none") * asked
    return (each.sum(1) / asked.sum(1).clamp(min=1)).mean()


RIGHT = {
    "16.mix": [mix_where, mix_text_by_text, mix_two_steps, mix_numpy],
    "16.on_top": [top_if, top_range, top_from_the_end],
    "16.hide": [hide_nested, hide_indices, hide_arithmetic],
    "16.asked_loss": [loss_loop, loss_nll, loss_reduction],
}
WRONG = {
    "16.mix": [
        mix_no_mask,
        mix_all_dimensions,
        mix_magnitude,
        mix_real_each,
        mix_inverse,
        mix_orthonormal,
        mix_tokens,
        mix_hidden,
        mix_mask_out,
    ],
    "16.on_top": [top_strict, top_first, top_swapped, top_two, top_uncalled],
    "16.hide": [
        hide_padding,
        hide_everything,
        hide_no_keep,
        hide_asked_changed,
        hide_asked_mask,
        hide_swapped,
    ],
    "16.asked_loss": [
        loss_all,
        loss_over_all,
        loss_sum,
        loss_inverse,
        loss_softmaxed,
        loss_per_text,
    ],
}
