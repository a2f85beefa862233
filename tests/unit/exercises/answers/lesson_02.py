"""Answers to exercise 02, written from its text."""

import math

import numpy as np
import torch

# 02.shuffle_gap ----------------------------------------------------------------------------------


def gap_in_steps(layer, x, order):
    asked_first = layer(x)
    asked_first = asked_first[order, :]
    shuffled_first = layer(x[order, :])
    difference = asked_first - shuffled_first
    return torch.max(torch.abs(difference)).item()


def gap_by_flattening(layer, x, order):
    return max(abs(v) for v in (layer(x[order]) - layer(x)[order]).flatten().tolist())


def gap_by_sorting(layer, x, order):
    return float((layer(x)[order] - layer(x[order])).abs().flatten().sort().values[-1])


def gap_by_matrix(layer, x, order):
    shuffle = torch.eye(len(order))[order]
    return (shuffle @ layer(x) - layer(shuffle @ x)).abs().max().item()


def gap_by_both_ends(layer, x, order):
    d = layer(x)[order] - layer(x[order])
    return max(d.max().item(), -d.min().item())


def gap_in_numpy(layer, x, order):
    a, b = layer(x)[order].numpy(), layer(x[order]).numpy()
    return np.abs(a - b).max()


def gap_without_gradients(layer, x, order):
    with torch.no_grad():
        return float(torch.dist(layer(x)[order], layer(x[order]), p=math.inf))


def w_gap_tensor(layer, x, order):
    return (layer(x)[order] - layer(x[order])).abs().max()


def w_gap_max_only(layer, x, order):
    return (layer(x)[order] - layer(x[order])).max().item()


def w_gap_abs_last(layer, x, order):
    return abs((layer(x)[order] - layer(x[order])).max().item())


def w_gap_unshuffled(layer, x, order):
    return (layer(x) - layer(x[order])).abs().max().item()


def w_gap_mean(layer, x, order):
    return (layer(x)[order] - layer(x[order])).abs().mean().item()


def w_gap_inputs(layer, x, order):
    return (layer(x[order]) - x[order]).abs().max().item()


def w_gap_random_order(layer, x, order):
    order = torch.randperm(len(x))
    return (layer(x)[order] - layer(x[order])).abs().max().item()


def w_gap_columns(layer, x, order):
    return (layer(x)[:, order] - layer(x[:, order])).abs().max().item()


def w_gap_row_sums(layer, x, order):
    return (layer(x)[order] - layer(x[order])).abs().sum(dim=1).max().item()


def w_gap_squares(layer, x, order):
    return ((layer(x)[order] - layer(x[order])) ** 2).max().item()


def w_gap_index(layer, x, order):
    return (layer(x)[order] - layer(x[order])).abs().argmax().item()


def w_gap_rounded(layer, x, order):
    return round((layer(x)[order] - layer(x[order])).abs().max().item(), 2)


def w_gap_first_row(layer, x, order):
    for a, b in zip(layer(x)[order], layer(x[order]), strict=True):
        return (a - b).abs().max().item()


def w_gap_last_row(layer, x, order):
    for a, b in zip(layer(x)[order], layer(x[order]), strict=True):
        result = (a - b).abs().max().item()
    return result


def w_gap_list(layer, x, order):
    return [(layer(x)[order] - layer(x[order])).abs().max().item()]


def w_gap_both(layer, x, order):
    return layer(x)[order], layer(x[order])


def w_gap_difference(layer, x, order):
    return (layer(x)[order] - layer(x[order])).abs()


def w_gap_print(layer, x, order):
    print((layer(x)[order] - layer(x[order])).abs().max().item())


def w_gap_inverse(layer, x, order):
    return (layer(x)[order.argsort()] - layer(x[order])).abs().max().item()


def w_gap_min(layer, x, order):
    return (layer(x)[order] - layer(x[order])).abs().min().item()


def w_gap_not_equal(layer, x, order):
    return (layer(x)[order] != layer(x[order])).sum().item()


# 02.sinusoidal -----------------------------------------------------------------------------------


def clocks_the_tutorial_way(n, d_model):
    pe = torch.zeros(n, d_model)
    position = torch.arange(0, n, dtype=torch.float).unsqueeze(1)
    div_term = torch.exp(torch.arange(0, d_model, 2).float() * (-math.log(10000.0) / d_model))
    pe[:, 0::2] = torch.sin(position * div_term)
    pe[:, 1::2] = torch.cos(position * div_term)
    return pe


def clocks_in_numpy(n, d_model):
    i = np.arange(d_model)[None, :]
    angles = np.arange(n)[:, None] / np.power(10000, (2 * (i // 2)) / d_model)
    angles[:, 0::2] = np.sin(angles[:, 0::2])
    angles[:, 1::2] = np.cos(angles[:, 1::2])
    return torch.tensor(angles, dtype=torch.float32)


def clocks_by_place(n, d_model):
    rows = []
    for pos in range(n):
        row = []
        for i in range(d_model // 2):
            angle = pos * 10000 ** (-2 * i / d_model)
            row += [math.sin(angle), math.cos(angle)]
        rows.append(row)
    return torch.tensor(rows)


def clocks_by_shifted_sines(n, d_model):
    i = torch.arange(d_model)
    speeds = 10_000 ** (-(i - i % 2).double() / d_model)
    return torch.sin(torch.arange(n)[:, None] * speeds + (i % 2) * math.pi / 2).float()


def clocks_by_reshape(n, d_model):
    theta = torch.pow(10_000.0, -torch.arange(d_model // 2) * 2 / d_model)
    angles = torch.arange(n).unsqueeze(-1) * theta
    return torch.stack((torch.sin(angles), torch.cos(angles)), -1).reshape(n, d_model)


def clocks_in_double(n, d_model):
    theta = 1 / 10_000 ** (torch.arange(0, d_model, 2, dtype=torch.float64) / d_model)
    angles = torch.einsum("i,j->ij", torch.arange(n, dtype=torch.float64), theta)
    return torch.stack([angles.sin(), angles.cos()], 2).view(n, -1)


def w_clocks_concatenated(n, d_model):
    theta = 10_000.0 ** (-torch.arange(0, d_model, 2) / d_model)
    angles = torch.arange(n)[:, None] * theta
    return torch.cat([angles.sin(), angles.cos()], 1)


def w_clocks_double_two(n, d_model):
    theta = 10_000.0 ** (-2 * torch.arange(0, d_model, 2) / d_model)
    angles = torch.arange(n)[:, None] * theta
    return torch.stack([angles.sin(), angles.cos()], -1).flatten(1)


def w_clocks_every_column(n, d_model):
    table = torch.zeros(n, d_model)
    for pos in range(n):
        for i in range(d_model):
            angle = pos / 10_000 ** (2 * i / d_model)
            table[pos, i] = math.sin(angle) if i % 2 == 0 else math.cos(angle)
    return table


def w_clocks_single_exponent(n, d_model):
    table = torch.zeros(n, d_model)
    for pos in range(n):
        for i in range(d_model):
            angle = pos / 10_000 ** (i / d_model)
            table[pos, i] = math.sin(angle) if i % 2 == 0 else math.cos(angle)
    return table


def w_clocks_step_two_doubled(n, d_model):
    table = torch.zeros(n, d_model)
    for pos in range(n):
        for i in range(0, d_model, 2):
            table[pos, i] = math.sin(pos / 10_000 ** (2 * i / d_model))
            table[pos, i + 1] = math.cos(pos / 10_000 ** (2 * i / d_model))
    return table


def w_clocks_step_two_cosine_ahead(n, d_model):
    table = torch.zeros(n, d_model)
    for pos in range(n):
        for i in range(0, d_model, 2):
            table[pos, i] = math.sin(pos / 10_000 ** (i / d_model))
            table[pos, i + 1] = math.cos(pos / 10_000 ** ((i + 1) / d_model))
    return table


def w_clocks_published_bug(n, d_model):
    table = torch.zeros(n, d_model)
    for pos in range(n):
        for i in range(0, d_model, 2):
            table[pos, i] = math.sin(pos / 10_000 ** (2 * i / d_model))
            table[pos, i + 1] = math.cos(pos / 10_000 ** (2 * (i + 1) / d_model))
    return table


def w_clocks_integer_table(n, d_model):
    table = torch.zeros(n, d_model, dtype=torch.long)
    theta = 10_000.0 ** (-torch.arange(0, d_model, 2) / d_model)
    angles = torch.arange(n)[:, None] * theta
    table[:, 0::2], table[:, 1::2] = angles.sin().long(), angles.cos().long()
    return table


def w_clocks_plus(n, d_model):
    theta = 10_000.0 ** (torch.arange(0, d_model, 2) / d_model)
    angles = torch.arange(n)[:, None] * theta
    return torch.stack([angles.sin(), angles.cos()], -1).flatten(1)


def w_clocks_from_one(n, d_model):
    theta = 10_000.0 ** (-torch.arange(0, d_model, 2) / d_model)
    angles = torch.arange(1, n + 1)[:, None] * theta
    return torch.stack([angles.sin(), angles.cos()], -1).flatten(1)


def w_clocks_cosine_sine(n, d_model):
    theta = 10_000.0 ** (-torch.arange(0, d_model, 2) / d_model)
    angles = torch.arange(n)[:, None] * theta
    return torch.stack([angles.cos(), angles.sin()], -1).flatten(1)


def w_clocks_sideways(n, d_model):
    theta = 10_000.0 ** (-torch.arange(0, d_model, 2) / d_model)
    angles = theta[:, None] * torch.arange(n)
    return torch.stack([angles.sin(), angles.cos()], 1).flatten(0, 1)


def w_clocks_degrees(n, d_model):
    theta = 10_000.0 ** (-torch.arange(0, d_model, 2) / d_model)
    angles = torch.deg2rad(torch.arange(n)[:, None] * theta)
    return torch.stack([angles.sin(), angles.cos()], -1).flatten(1)


def w_clocks_random(n, d_model):
    return torch.randn(n, d_model)


def w_clocks_batch(n, d_model):
    return clocks_the_tutorial_way(n, d_model).unsqueeze(0)


def w_clocks_list(n, d_model):
    return clocks_the_tutorial_way(n, d_model).tolist()


def w_clocks_half(n, d_model):
    theta = 10_000.0 ** (-torch.arange(0, d_model, 2) / d_model)
    return (torch.arange(n)[:, None] * theta).sin()


def w_clocks_half_the_hands(n, d_model):
    theta = 10_000.0 ** (-torch.arange(0, d_model // 2, 2) / d_model)
    angles = torch.arange(n)[:, None] * theta
    return torch.stack([angles.sin(), angles.cos()], -1).flatten(1)


def w_clocks_base_1e3(n, d_model):
    theta = 1e3 ** (-torch.arange(0, d_model, 2) / d_model)
    angles = torch.arange(n)[:, None] * theta
    return torch.stack([angles.sin(), angles.cos()], -1).flatten(1)


# 02.add_positions --------------------------------------------------------------------------------


def add_with_math(x, table):
    return x * math.sqrt(x.size(-1)) + table[: x.size(1)].unsqueeze(0)


def add_sentence_by_sentence(x, table):
    return torch.stack([s * s.shape[1] ** 0.5 + table[: s.shape[0]] for s in x])


def add_by_narrow(x, table):
    return torch.mul(x, torch.sqrt(torch.tensor(x.shape[2]))) + table.narrow(0, 0, x.shape[1])


def add_in_numpy(x, table):
    b, n, d = x.shape
    return torch.tensor(np.sqrt(np.float32(d)) * x.numpy() + table.numpy()[:n])


def add_in_double(x, table):
    return x.double() * x.shape[-1] ** 0.5 + table.double()[: x.shape[1]]


def add_into_an_empty_one(x, table):
    out = torch.empty_like(x)
    for b in range(x.shape[0]):
        for i in range(x.shape[1]):
            out[b, i] = math.sqrt(x.shape[2]) * x[b, i] + table[i]
    return out


def w_add_in_place(x, table):
    x *= x.shape[-1] ** 0.5
    x += table[: x.shape[1]]
    return x


def w_add_plus_equals(x, table):
    x += table[: x.shape[1]] / x.shape[-1] ** 0.5
    return x * x.shape[-1] ** 0.5


def w_add_unscaled(x, table):
    return x + table[None, : x.size(1)]


def w_add_whole_table(x, table):
    return x * math.sqrt(x.size(-1)) + table


def w_add_scaled_sum(x, table):
    return (x + table[: x.size(1)]) * math.sqrt(x.size(2))


def w_add_n(x, table):
    return x * math.sqrt(x.size(1)) + table[: x.size(1)]


def w_add_batch_rows(x, table):
    return x * math.sqrt(x.size(2)) + table[: x.size(0)][:, None]


def w_add_first_batch(x, table):
    return x * math.sqrt(x.size(2)) + table[: x.shape[0]]


def w_add_precedence(x, table):
    return x * x.size(2) ** 1 / 2 + table[: x.size(1)]


def w_add_end(x, table):
    return x * math.sqrt(x.size(2)) + table[-x.size(1) :]


def w_add_divide(x, table):
    return x / math.sqrt(x.size(2)) + table[: x.size(1)]


def w_add_from_one(x, table):
    return x * math.sqrt(x.size(2)) + table[1 : x.size(1) + 1]


def w_add_one_row(x, table):
    return x * math.sqrt(x.size(2)) + table[x.size(1)]


def w_add_subtract(x, table):
    return x * math.sqrt(x.size(2)) - table[: x.size(1)]


def w_add_table_scaled(x, table):
    return x + table[: x.size(1)] * math.sqrt(x.size(2))


def w_add_cat(x, table):
    rows = table[: x.size(1)].expand(x.size(0), -1, -1)
    return torch.cat([x * math.sqrt(x.size(2)), rows], dim=2)


def w_add_first_sentence(x, table):
    for sentence in x:
        return sentence * math.sqrt(sentence.size(1)) + table[: sentence.size(0)]


def w_add_sixteen(x, table):
    return x * 4 + table[: x.size(1)]


def w_add_shorter(x, table):
    return x * math.sqrt(x.size(2)) + table[: x.size(1) - 1].sum(0)


def w_add_means(x, table):
    return x * math.sqrt(x.size(2)) + table.mean(0)


# 02.rotate ---------------------------------------------------------------------------------------


def angles_of(n, d):
    return torch.arange(n)[:, None] * 10_000.0 ** (-torch.arange(0, d, 2) / d)


def rotate_by_columns(x):
    n, d = x.shape
    out = torch.empty_like(x)
    for i in range(d // 2):
        angle = torch.arange(n) / 10_000 ** (2 * i / d)
        a, b = x[:, 2 * i], x[:, 2 * i + 1]
        out[:, 2 * i] = a * angle.cos() - b * angle.sin()
        out[:, 2 * i + 1] = a * angle.sin() + b * angle.cos()
    return out


def rotate_number_by_number(x):
    n, d = x.shape
    out = x.clone()
    for pos in range(n):
        for i in range(d // 2):
            angle = pos * 10_000 ** (-2 * i / d)
            a, b = x[pos, 2 * i].item(), x[pos, 2 * i + 1].item()
            out[pos, 2 * i] = a * math.cos(angle) - b * math.sin(angle)
            out[pos, 2 * i + 1] = a * math.sin(angle) + b * math.cos(angle)
    return out


def rotate_pairs(x):
    pairs = x.reshape(len(x), -1, 2)
    c, s = angles_of(*x.shape).cos(), angles_of(*x.shape).sin()
    matrix = torch.stack([torch.stack([c, -s], -1), torch.stack([s, c], -1)], -2)
    return (matrix @ pairs.unsqueeze(-1)).reshape(x.shape)


def rotate_in_numpy(x):
    n, d = x.shape
    z = x.numpy()[:, 0::2] + 1j * x.numpy()[:, 1::2]
    z = z * np.exp(1j * np.arange(n)[:, None] * 10_000.0 ** (-np.arange(0, d, 2) / d))
    return torch.tensor(np.stack([z.real, z.imag], -1).reshape(n, d), dtype=torch.float32)


def rotate_by_einsum(x):
    c, s = angles_of(*x.shape).cos(), angles_of(*x.shape).sin()
    matrix = torch.stack([c, -s, s, c], -1).unflatten(-1, (2, 2))
    return torch.einsum("npij,npj->npi", matrix, x.unflatten(1, (-1, 2))).flatten(1)


def rotate_with_repeats(x):
    c = angles_of(*x.shape).cos().repeat_interleave(2, -1)
    s = angles_of(*x.shape).sin().repeat_interleave(2, -1)
    other = x.clone()
    other[:, 0::2], other[:, 1::2] = -x[:, 1::2], x[:, 0::2]
    return x * c + other * s


def rotated(x, angles):
    a, b = x[:, 0::2], x[:, 1::2]
    turned = a * angles.cos() - b * angles.sin(), a * angles.sin() + b * angles.cos()
    return torch.stack(turned, -1).flatten(1)


def w_rotate_in_place(x):
    a, b, angles = x[:, 0::2].clone(), x[:, 1::2].clone(), angles_of(*x.shape)
    x[:, 0::2] = a * angles.cos() - b * angles.sin()
    x[:, 1::2] = a * angles.sin() + b * angles.cos()
    return x


def w_rotate_in_place_views(x):
    x = x.clone()
    a, b, angles = x[:, 0::2], x[:, 1::2], angles_of(*x.shape)
    x[:, 0::2] = a * angles.cos() - b * angles.sin()
    x[:, 1::2] = a * angles.sin() + b * angles.cos()
    return x


def w_rotate_backwards(x):
    return rotated(x, -angles_of(*x.shape))


def w_rotate_doubled(x):
    n, d = x.shape
    return rotated(x, torch.arange(n)[:, None] * 10_000.0 ** (-2 * torch.arange(0, d, 2) / d))


def w_rotate_halved(x):
    n, d = x.shape
    return rotated(x, torch.arange(n)[:, None] * 10_000.0 ** (-torch.arange(d // 2) / d))


def w_rotate_llama(x):
    half = x.shape[1] // 2
    angles = angles_of(*x.shape).repeat(1, 2)
    other = torch.cat([-x[:, half:], x[:, :half]], 1)
    return x * angles.cos() + other * angles.sin()


def w_rotate_no_minus(x):
    a, b, angles = x[:, 0::2], x[:, 1::2], angles_of(*x.shape)
    turned = a * angles.cos() + b * angles.sin(), a * angles.sin() + b * angles.cos()
    return torch.stack(turned, -1).flatten(1)


def w_rotate_cat(x):
    a, b, angles = x[:, 0::2], x[:, 1::2], angles_of(*x.shape)
    turned = a * angles.cos() - b * angles.sin(), a * angles.sin() + b * angles.cos()
    return torch.cat(turned, 1)


def w_rotate_unflattened(x):
    a, b, angles = x[:, 0::2], x[:, 1::2], angles_of(*x.shape)
    turned = a * angles.cos() - b * angles.sin(), a * angles.sin() + b * angles.cos()
    return torch.stack(turned, -1)


def w_rotate_from_one(x):
    n, d = x.shape
    return rotated(x, torch.arange(1, n + 1)[:, None] * 10_000.0 ** (-torch.arange(0, d, 2) / d))


def w_rotate_same_speed(x):
    return rotated(x, torch.arange(len(x))[:, None].float())


def w_rotate_positive_exponent(x):
    n, d = x.shape
    return rotated(x, torch.arange(n)[:, None] * 10_000.0 ** (torch.arange(0, d, 2) / d))


def w_rotate_add(x):
    return x + clocks_the_tutorial_way(*x.shape)


def w_rotate_first_pair(x):
    out = x.clone()
    for pos in range(len(x)):
        a, b = x[pos, 0], x[pos, 1]
        out[pos, 0] = a * math.cos(pos) - b * math.sin(pos)
        out[pos, 1] = a * math.sin(pos) + b * math.cos(pos)
    return out


def w_rotate_swapped(x):
    a, b, angles = x[:, 1::2], x[:, 0::2], angles_of(*x.shape)
    turned = a * angles.cos() - b * angles.sin(), a * angles.sin() + b * angles.cos()
    return torch.stack(turned, -1).flatten(1)


def w_rotate_sequential(x):
    a, b, angles = x[:, 0::2], x[:, 1::2], angles_of(*x.shape)
    a = a * angles.cos() - b * angles.sin()
    b = a * angles.sin() + b * angles.cos()
    return torch.stack([a, b], -1).flatten(1)


def w_rotate_index_as_place(x):
    n, d = x.shape
    return rotated(x, torch.arange(d // 2)[None] * 10_000.0 ** (-2 * torch.arange(n) / d)[:, None])


def w_rotate_degrees(x):
    return rotated(x, torch.deg2rad(angles_of(*x.shape)))


def w_rotate_only_cosine(x):
    return x * angles_of(*x.shape).cos().repeat_interleave(2, 1)


def w_rotate_sequence_forgotten(x):
    d = x.shape[1]
    return rotated(x, (10_000.0 ** (-torch.arange(0, d, 2) / d))[None])


RIGHT = {
    "02.shuffle_gap": [
        gap_in_steps,
        gap_by_flattening,
        gap_by_sorting,
        gap_by_matrix,
        gap_by_both_ends,
        gap_in_numpy,
        gap_without_gradients,
    ],
    "02.sinusoidal": [
        clocks_the_tutorial_way,
        clocks_in_numpy,
        clocks_by_place,
        clocks_by_shifted_sines,
        clocks_by_reshape,
        clocks_in_double,
    ],
    "02.add_positions": [
        add_with_math,
        add_sentence_by_sentence,
        add_by_narrow,
        add_in_numpy,
        add_in_double,
        add_into_an_empty_one,
    ],
    "02.rotate": [
        rotate_by_columns,
        rotate_number_by_number,
        rotate_pairs,
        rotate_in_numpy,
        rotate_by_einsum,
        rotate_with_repeats,
    ],
}

WRONG = {
    "02.shuffle_gap": [
        w_gap_tensor,
        w_gap_max_only,
        w_gap_abs_last,
        w_gap_unshuffled,
        w_gap_mean,
        w_gap_inputs,
        w_gap_random_order,
        w_gap_columns,
        w_gap_row_sums,
        w_gap_squares,
        w_gap_index,
        w_gap_rounded,
        w_gap_first_row,
        w_gap_last_row,
        w_gap_list,
        w_gap_both,
        w_gap_difference,
        w_gap_print,
        w_gap_inverse,
        w_gap_min,
        w_gap_not_equal,
    ],
    "02.sinusoidal": [
        w_clocks_concatenated,
        w_clocks_double_two,
        w_clocks_every_column,
        w_clocks_single_exponent,
        w_clocks_step_two_doubled,
        w_clocks_step_two_cosine_ahead,
        w_clocks_published_bug,
        w_clocks_integer_table,
        w_clocks_plus,
        w_clocks_from_one,
        w_clocks_cosine_sine,
        w_clocks_sideways,
        w_clocks_degrees,
        w_clocks_random,
        w_clocks_batch,
        w_clocks_list,
        w_clocks_half,
        w_clocks_half_the_hands,
        w_clocks_base_1e3,
    ],
    "02.add_positions": [
        w_add_in_place,
        w_add_plus_equals,
        w_add_unscaled,
        w_add_whole_table,
        w_add_scaled_sum,
        w_add_n,
        w_add_batch_rows,
        w_add_first_batch,
        w_add_precedence,
        w_add_end,
        w_add_divide,
        w_add_from_one,
        w_add_one_row,
        w_add_subtract,
        w_add_table_scaled,
        w_add_cat,
        w_add_first_sentence,
        w_add_sixteen,
        w_add_shorter,
        w_add_means,
    ],
    "02.rotate": [
        w_rotate_in_place,
        w_rotate_in_place_views,
        w_rotate_backwards,
        w_rotate_doubled,
        w_rotate_halved,
        w_rotate_llama,
        w_rotate_no_minus,
        w_rotate_cat,
        w_rotate_unflattened,
        w_rotate_from_one,
        w_rotate_same_speed,
        w_rotate_positive_exponent,
        w_rotate_add,
        w_rotate_first_pair,
        w_rotate_swapped,
        w_rotate_sequential,
        w_rotate_index_as_place,
        w_rotate_degrees,
        w_rotate_only_cosine,
        w_rotate_sequence_forgotten,
    ],
}
