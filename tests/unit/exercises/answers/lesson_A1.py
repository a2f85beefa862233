"""Exercise A1, as people write it from the task's text."""

import numpy as np
import torch
import torch.nn.functional as F

# city_blocks


def blocks_by_numbers(a, b):
    table = torch.zeros(a.shape[0], b.shape[0])
    for i in range(a.shape[0]):
        for j in range(b.shape[0]):
            for k in range(a.shape[1]):
                table[i, j] = table[i, j] + torch.abs(a[i, k] - b[j, k])
    return table


def blocks_with_unsqueeze(a, b):
    return torch.sum(torch.abs(a.unsqueeze(1) - b.unsqueeze(0)), dim=2)


def blocks_the_other_way_and_back(a, b):
    return (b[:, None] - a[None]).abs().sum(2).T


def blocks_column_by_column(a, b):
    return sum((a[:, k, None] - b[:, k]).abs() for k in range(a.shape[1]))


def blocks_row_by_row(a, b):
    return torch.stack([(row - b).abs().sum(dim=1) for row in a])


def blocks_by_repeating(a, b):
    n_a, n_b = len(a), len(b)
    long_a, long_b = a.repeat_interleave(n_b, dim=0), b.repeat(n_a, 1)
    return (long_a - long_b).abs().sum(-1).view(n_a, n_b)


def blocks_by_hinge(a, b):
    apart = a[:, None, :] - b[None, :, :]
    return F.relu(apart).sum(-1) + F.relu(-apart).sum(-1)


def blocks_in_numpy(a, b):
    a, b = a.detach().numpy(), b.detach().numpy()
    return torch.from_numpy(np.abs(a[:, None] - b[None]).sum(-1))


def blocks_minus_as_it_is(a, b):
    return (a - b).abs().sum(dim=1)


def blocks_sideways(a, b):
    return (a[None] - b[:, None]).abs().sum(-1)


def blocks_signed(a, b):
    return (a[:, None] - b[None]).sum(-1)


def blocks_signed_late(a, b):
    return torch.abs(torch.sum(a[:, None] - b[None], dim=-1))


def blocks_by_crow(a, b):
    return torch.cdist(a, b)


def blocks_squared(a, b):
    return ((a[:, None] - b[None]) ** 2).sum(-1)


def blocks_mean(a, b):
    return torch.mean(torch.abs(a[:, None] - b[None]), dim=-1)


def blocks_farthest(a, b):
    return torch.cdist(a, b, p=float("inf"))


def blocks_all_three_axes(a, b):
    return torch.abs(a[:, None] - b[None])


def blocks_keepdim(a, b):
    return (a[:, None] - b[None]).abs().sum(-1, keepdim=True)


def blocks_summed_over_b(a, b):
    return (a[:, None] - b[None]).abs().sum(dim=1)


def blocks_total(a, b):
    return (a[:, None] - b[None]).abs().sum()


def blocks_of_lengths(a, b):
    return (a.abs().sum(-1)[:, None] - b.abs().sum(-1)).abs()


def blocks_half(a, b):
    return (a[:, None] - b[None]).abs().sum(-1) / 2


def blocks_first_two_axes(a, b):
    return (a[:, None, 0] - b[None, :, 0]).abs() + (a[:, None, -1] - b[None, :, -1]).abs()


def blocks_in_place(a, b):
    a -= b.mean()
    b -= b.mean()
    return (a[:, None] - b).abs().sum(-1)


def blocks_dot(a, b):
    return torch.abs(a @ b.T)


def blocks_as_list(a, b):
    return [[float((x - y).abs().sum()) for y in b] for x in a]


# masked_mean


def mean_with_loops(x, mask):
    result = torch.zeros(x.shape[0], x.shape[2])
    for i in range(x.shape[0]):
        words = [x[i, j] for j in range(x.shape[1]) if mask[i, j]]
        if words:
            result[i] = sum(words) / len(words)
    return result


def mean_by_nan_to_num(x, mask):
    clean = torch.where(mask[:, :, None], x, 0.0)
    return torch.nan_to_num(clean.sum(1) / mask.sum(1)[:, None])


def mean_by_clone(x, mask):
    clean = x.clone()
    clean[~mask] = 0
    return clean.sum(1) / torch.clamp(mask.sum(1, keepdim=True), min=1)


def mean_by_einsum(x, mask):
    clean = x.masked_fill(mask.logical_not().unsqueeze(-1), 0)
    weights = mask.float() / mask.float().sum(1, keepdim=True).clamp(min=1.0)
    return torch.einsum("bn,bnd->bd", weights, clean)


def mean_by_maximum(x, mask):
    count = torch.maximum(mask.sum(1), torch.tensor(1))
    return (x.masked_fill(~mask[:, :, None], 0).transpose(1, 2).sum(-1).T / count).T


def mean_by_softmax(x, mask):
    scores = torch.zeros(mask.shape).masked_fill(~mask, -torch.inf)
    shares = torch.softmax(scores, dim=-1).masked_fill(~mask, 0.0)
    return (shares[..., None] * x.masked_fill(~mask[..., None], 0.0)).sum(1)


def mean_in_double(x, mask):
    clean = x.double().masked_fill(~mask[..., None], 0.0)
    return (clean.sum(1) / mask.sum(1, keepdim=True).clamp(min=1)).float()


def mean_by_nanmean(x, mask):
    gaps = x.masked_fill(~mask[..., None], torch.nan)
    return gaps.nanmean(1).masked_fill(~mask.any(1)[:, None], 0.0)


def mean_with_a_crumb(x, mask):
    return x.masked_fill(~mask[..., None], 0).sum(1) / (mask.sum(1, keepdim=True) + 1e-9)


def mean_of_split_words(x, mask):
    sentences = x[mask].split(mask.sum(1).tolist())
    return torch.stack([words.sum(0) / max(1, len(words)) for words in sentences])


def mean_by_counting_rows(x, mask):
    clean = torch.where(mask[..., None], x, 0.0)
    return clean.sum(1) / clean.abs().sum(-1).gt(0).sum(1, keepdim=True).clamp(min=1)


def mean_of_everything(x, mask):
    return x.mean(dim=1)


def mean_filled_then_mean(x, mask):
    return x.masked_fill(~mask.unsqueeze(-1), 0).mean(dim=1)


def mean_fill_inside_out(x, mask):
    return x.masked_fill(mask.unsqueeze(-1), 0).sum(1) / mask.sum(1, keepdim=True).clamp(min=1)


def mean_by_product(x, mask):
    return (x * mask.unsqueeze(-1)).sum(1) / mask.sum(1).clamp(min=1).unsqueeze(-1)


def mean_by_product_unclamped(x, mask):
    return (x * mask[..., None].float()).sum(1) / mask.sum(1, keepdim=True)


def mean_unclamped(x, mask):
    return x.masked_fill(~mask[..., None], 0.0).sum(1) / mask.sum(1)[:, None]


def mean_with_epsilon(x, mask):
    return x.masked_fill(~mask[..., None], 0.0).sum(1) / (mask.sum(1, keepdim=True) + 0.1)


def mean_plus_one(x, mask):
    return x.masked_fill(~mask[..., None], 0.0).sum(1) / (1 + mask.sum(1, keepdim=True))


def mean_sum_only(x, mask):
    return torch.where(mask[..., None], x, 0.0).sum(dim=1)


def mean_flattened(x, mask):
    return x[mask].mean(dim=0)


def mean_of_all_numbers(x, mask):
    return torch.stack([rows[real].mean() for rows, real in zip(x, mask, strict=True)])


def mean_without_an_axis(x, mask):
    return x.masked_fill(~mask, 0.0).sum(1) / mask.sum(1, keepdim=True)


def mean_without_keepdim(x, mask):
    return x.masked_fill(~mask[..., None], 0.0).sum(1) / mask.sum(1).clamp(min=1)


def mean_along_the_batch(x, mask):
    return x.masked_fill(~mask[..., None], 0.0).sum(0) / mask.sum(0)[:, None].clamp(min=1)


def mean_of_the_first_words(x, mask):
    rows = [row[: int(real.sum())].mean(0) for row, real in zip(x, mask, strict=True)]
    return torch.nan_to_num(torch.stack(rows))


def mean_by_all_words(x, mask):
    return x.masked_fill(~mask[..., None], 0.0).sum(1) / mask.sum()


def mean_by_pads(x, mask):
    return x.masked_fill(~mask[..., None], 0.0).sum(1) / (~mask).sum(1, keepdim=True).clamp(min=1)


def mean_of_pads(x, mask):
    return x.masked_fill(mask[..., None], 0.0).sum(1) / (~mask).sum(1, keepdim=True).clamp(min=1)


def mean_in_place(x, mask):
    x[~mask] = 0.0
    return x.sum(1) / mask.sum(1, keepdim=True).clamp(min=1)


def mean_filled_with_one(x, mask):
    return x.masked_fill(~mask[..., None], 1.0).sum(1) / mask.sum(1, keepdim=True).clamp(min=1)


def mean_detached(x, mask):
    clean = x.detach().masked_fill(~mask[..., None], 0.0)
    return clean.sum(1) / mask.sum(1, keepdim=True).clamp(min=1)


# descend


def downhill_with_a_layer(w, x, y, lr, steps):
    layer = torch.nn.Linear(len(w), 1, bias=False)
    with torch.no_grad():
        layer.weight.copy_(w[None])
    optimizer = torch.optim.SGD(layer.parameters(), lr=lr)
    for _ in range(steps):
        optimizer.zero_grad()
        F.mse_loss(layer(x)[:, 0], y).backward()
        optimizer.step()
    return layer.weight[0].detach()


def downhill_number_by_number(w, x, y, lr, steps):
    w = w.tolist()
    rows, wanted = x.tolist(), y.tolist()
    for _ in range(steps):
        errors = [
            sum(a * b for a, b in zip(row, w, strict=True)) - t
            for row, t in zip(rows, wanted, strict=True)
        ]
        slope = [
            sum(2 * error * row[k] for error, row in zip(errors, rows, strict=True)) / len(rows)
            for k in range(len(w))
        ]
        w = [a - lr * s for a, s in zip(w, slope, strict=True)]
    return torch.tensor(w)


def downhill_zeroing_by_hand(w, x, y, lr, steps):
    w = w.detach().clone()
    w.requires_grad = True
    for _ in range(steps):
        torch.nn.functional.mse_loss(x @ w, y).backward()
        w.data = w.data - lr * w.grad
        w.grad.zero_()
    return w


def downhill_by_loop_of_new_leaves(w, x, y, lr, steps):
    for _ in range(steps):
        leaf = torch.tensor(w.tolist(), requires_grad=True)
        ((y - x @ leaf) ** 2).mean().backward()
        w = leaf.detach() - lr * leaf.grad
    return w


def downhill_recursively(w, x, y, lr, steps):
    if steps == 0:
        return w
    error = x @ w - y
    slope = (2 * error[:, None] * x).mean(0)
    return downhill_recursively(w - lr * slope, x, y, lr, steps - 1)


def downhill_in_double(w, x, y, lr, steps):
    w, x, y = w.double(), x.double(), y.double()
    for _ in range(steps):
        w = w - lr * 2 * (x.T @ (x @ w - y)) / y.numel()
    return w.float()


def downhill_never_cleared(w, x, y, lr, steps):
    w = w.clone().requires_grad_()
    optimizer = torch.optim.SGD([w], lr=lr)
    for _ in range(steps):
        loss = ((x @ w - y) ** 2).mean()
        loss.backward()
        optimizer.step()
    return w.detach()


def downhill_backward_before_zero_grad(w, x, y, lr, steps):
    w = w.clone().requires_grad_()
    optimizer = torch.optim.SGD([w], lr=lr)
    for _ in range(steps):
        ((x @ w - y) ** 2).mean().backward()
        optimizer.zero_grad()
        optimizer.step()
    return w.detach()


def downhill_upwards(w, x, y, lr, steps):
    for _ in range(steps):
        w = w + lr * 2 * x.T @ (x @ w - y) / len(y)
    return w


def downhill_by_sum(w, x, y, lr, steps):
    for _ in range(steps):
        w = w - lr * 2 * x.T @ (x @ w - y)
    return w


def downhill_by_half(w, x, y, lr, steps):
    for _ in range(steps):
        w = w - lr * x.T @ (x @ w - y) / len(y)
    return w


def downhill_half_and_sum(w, x, y, lr, steps):
    for _ in range(steps):
        w = w - lr * x.T @ (x @ w - y)
    return w


def downhill_once(w, x, y, lr, steps):
    leaf = w.clone().requires_grad_()
    ((x @ leaf - y) ** 2).mean().backward()
    return w - lr * leaf.grad


def downhill_loss_outside(w, x, y, lr, steps):
    leaf = w.clone().requires_grad_()
    loss = ((x @ leaf - y) ** 2).mean()
    loss.backward()
    for _ in range(steps):
        w = w - lr * leaf.grad
    return w


def downhill_graph_used_twice(w, x, y, lr, steps):
    w = w.clone().requires_grad_()
    loss = ((x @ w - y) ** 2).mean()
    for _ in range(steps):
        w.grad = None
        loss.backward()
        w.data -= lr * w.grad
    return w.detach()


def downhill_adam(w, x, y, lr, steps):
    w = w.clone().requires_grad_()
    optimizer = torch.optim.Adam([w], lr=lr)
    for _ in range(steps):
        optimizer.zero_grad()
        F.mse_loss(x @ w, y).backward()
        optimizer.step()
    return w.detach()


def downhill_momentum(w, x, y, lr, steps):
    w = w.clone().requires_grad_()
    optimizer = torch.optim.SGD([w], lr=lr, momentum=0.9)
    for _ in range(steps):
        optimizer.zero_grad()
        F.mse_loss(x @ w, y).backward()
        optimizer.step()
    return w.detach()


def downhill_column_against_row(w, x, y, lr, steps):
    w = w.clone()[:, None].requires_grad_()
    for _ in range(steps):
        ((x @ w - y) ** 2).mean().backward()
        with torch.no_grad():
            w -= lr * w.grad
        w.grad = None
    return w.detach()[:, 0]


def downhill_column_returned(w, x, y, lr, steps):
    w = w[:, None]
    for _ in range(steps):
        w = w - lr * 2 / len(y) * x.T @ (x @ w - y[:, None])
    return w


def downhill_in_place(w, x, y, lr, steps):
    for _ in range(steps):
        w -= lr * 2 / len(y) * x.T @ (x @ w - y)
    return w


def downhill_gradient(w, x, y, lr, steps):
    leaf = w.clone().requires_grad_()
    ((x @ leaf - y) ** 2).mean().backward()
    return leaf.grad


def downhill_loss_returned(w, x, y, lr, steps):
    for _ in range(steps):
        w = w - lr * 2 / len(y) * x.T @ (x @ w - y)
    return ((x @ w - y) ** 2).mean()


def downhill_without_rate(w, x, y, lr, steps):
    for _ in range(steps):
        w = w - 2 / len(y) * x.T @ (x @ w - y)
    return w


def downhill_to_the_bottom(w, x, y, lr, steps):
    return torch.linalg.lstsq(x, y[:, None]).solution[:, 0]


def downhill_absolute(w, x, y, lr, steps):
    w = w.clone().requires_grad_()
    for _ in range(steps):
        (slope,) = torch.autograd.grad((x @ w - y).abs().mean(), w)
        w = (w - lr * slope).detach().requires_grad_()
    return w.detach()


def downhill_example_by_example(w, x, y, lr, steps):
    for _ in range(steps):
        for i in range(len(y)):
            w = w - lr * 2 * (x[i] @ w - y[i]) * x[i]
    return w


def downhill_one_too_many(w, x, y, lr, steps):
    for _ in range(steps + 1):
        w = w - lr * 2 / len(y) * x.T @ (x @ w - y)
    return w


def downhill_all_the_ws(w, x, y, lr, steps):
    ws = [w]
    for _ in range(steps):
        ws.append(ws[-1] - lr * 2 / len(y) * x.T @ (x @ ws[-1] - y))
    return torch.stack(ws)


RIGHT = {
    "A1.city_blocks": [
        blocks_by_numbers, blocks_with_unsqueeze, blocks_the_other_way_and_back,
        blocks_column_by_column, blocks_row_by_row, blocks_by_repeating, blocks_by_hinge,
        blocks_in_numpy,
    ],
    "A1.masked_mean": [
        mean_with_loops, mean_by_nan_to_num, mean_by_clone, mean_by_einsum, mean_by_maximum,
        mean_by_softmax, mean_in_double, mean_by_nanmean, mean_with_a_crumb, mean_of_split_words,
    ],
    "A1.descend": [
        downhill_with_a_layer, downhill_number_by_number, downhill_zeroing_by_hand,
        downhill_by_loop_of_new_leaves, downhill_recursively, downhill_in_double,
    ],
}  # fmt: skip

WRONG = {
    "A1.city_blocks": [
        blocks_minus_as_it_is, blocks_sideways, blocks_signed, blocks_signed_late,
        blocks_by_crow, blocks_squared, blocks_mean, blocks_farthest, blocks_all_three_axes,
        blocks_keepdim, blocks_summed_over_b, blocks_total, blocks_of_lengths, blocks_half,
        blocks_first_two_axes, blocks_in_place, blocks_dot, blocks_as_list,
    ],
    "A1.masked_mean": [
        mean_of_everything, mean_filled_then_mean, mean_fill_inside_out, mean_by_product,
        mean_by_product_unclamped, mean_unclamped, mean_with_epsilon, mean_plus_one, mean_sum_only,
        mean_flattened, mean_of_all_numbers, mean_without_an_axis, mean_without_keepdim,
        mean_along_the_batch, mean_of_the_first_words, mean_by_all_words, mean_by_pads,
        mean_of_pads, mean_in_place, mean_filled_with_one, mean_detached,
        mean_by_counting_rows,
    ],
    "A1.descend": [
        downhill_never_cleared, downhill_backward_before_zero_grad, downhill_upwards,
        downhill_by_sum, downhill_by_half, downhill_half_and_sum, downhill_once,
        downhill_loss_outside, downhill_graph_used_twice, downhill_adam, downhill_momentum,
        downhill_column_against_row, downhill_column_returned, downhill_in_place,
        downhill_gradient, downhill_loss_returned, downhill_without_rate, downhill_to_the_bottom,
        downhill_absolute, downhill_example_by_example, downhill_one_too_many, downhill_all_the_ws,
    ],
}  # fmt: skip
