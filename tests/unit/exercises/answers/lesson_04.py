"""Answers to exercise 04, written from its text."""

import math

import numpy as np
import torch
import torch.nn.functional as F
from torch import nn

# 04.split_heads ----------------------------------------------------------------------------------


def split_by_index(x, n_heads):
    batch, n, d_model = x.shape
    d_head = d_model // n_heads
    out = torch.zeros(batch, n_heads, n, d_head, dtype=x.dtype)
    for b in range(batch):
        for h in range(n_heads):
            for i in range(n):
                for j in range(d_head):
                    out[b, h, i, j] = x[b, i, h * d_head + j]
    return out


def split_by_einsum(x, n_heads):
    return torch.einsum("bnhd->bhnd", x.reshape(*x.shape[:2], n_heads, -1))


def split_with_numpy(x, n_heads):
    pieces = np.split(x.numpy(), n_heads, axis=2)
    return torch.tensor(np.stack(pieces, axis=1))


def split_in_one_permute(x, n_heads):
    return x.reshape(x.size(0), x.size(1), n_heads, x.size(2) // n_heads).permute(0, 2, 1, 3)


def split_contiguous(x, n_heads):
    return x.view(x.shape[0], -1, n_heads, x.shape[-1] // n_heads).swapaxes(1, 2).contiguous()


def split_sentence_by_sentence(x, n_heads):
    return torch.stack([torch.stack(s.chunk(n_heads, -1)) for s in x])


def split_by_unfold(x, n_heads):
    d_head = x.shape[-1] // n_heads
    return x.unfold(-1, d_head, d_head).transpose(1, 2)


def w_split_view_heads_second(x, n_heads):
    b, n, d = x.size()
    return x.view(b, n_heads, n, d // n_heads)


def w_split_view_minus_one(x, n_heads):
    return x.reshape(x.shape[0], n_heads, -1, x.shape[-1] // n_heads)


def w_split_no_transpose(x, n_heads):
    return x.view(x.shape[0], x.shape[1], n_heads, x.shape[-1] // n_heads)


def w_split_stack_axis_2(x, n_heads):
    return torch.stack(torch.chunk(x, n_heads, dim=-1), dim=2)


def w_split_stack_axis_0(x, n_heads):
    return torch.stack(torch.chunk(x, n_heads, dim=-1))


def w_split_of_size_n_heads(x, n_heads):
    return torch.stack(x.split(n_heads, dim=-1), dim=1)


def w_split_strided(x, n_heads):
    return torch.stack([x[:, :, h::n_heads] for h in range(n_heads)], dim=1)


def w_split_the_words(x, n_heads):
    return torch.stack([x[:, h::n_heads] for h in range(n_heads)], dim=1)


def w_split_transpose_last(x, n_heads):
    b, n, d = x.shape
    return x.view(b, n, n_heads, d // n_heads).transpose(2, 3)


def w_split_permute_wrong(x, n_heads):
    b, n, d = x.shape
    return x.view(b, n, n_heads, d // n_heads).permute(0, 2, 3, 1)


def w_split_permute_2013(x, n_heads):
    b, n, d = x.shape
    return x.view(b, n, n_heads, d // n_heads).permute(2, 0, 1, 3)


def w_split_tuple(x, n_heads):
    return x.chunk(n_heads, dim=2)


def w_split_squeezed(x, n_heads):
    b, n, d = x.shape
    return x.view(b, n, n_heads, d // n_heads).transpose(1, 2).squeeze()


def w_split_return_in_loop(x, n_heads):
    d_head = x.shape[-1] // n_heads
    for head in range(n_heads):
        return x[..., head * d_head : (head + 1) * d_head]


def w_split_stale(x, n_heads):
    d_head = x.shape[-1] // n_heads
    heads = [x[..., :d_head] for head in range(n_heads)]
    return torch.stack(heads, dim=1)


def w_split_off_by_one(x, n_heads):
    d_head = x.shape[-1] // n_heads
    heads = [x[..., head : head + d_head] for head in range(n_heads)]
    return torch.stack(heads, dim=1)


def w_split_batch_in_heads(x, n_heads):
    b, n, d = x.shape
    return x.view(b, n, n_heads, d // n_heads).transpose(1, 2).reshape(b * n_heads, n, -1)


# 04.merge_heads ----------------------------------------------------------------------------------


def merge_flatten(x):
    return x.transpose(1, 2).flatten(2)


def merge_permute(x):
    b, h, n, d = x.shape
    return x.permute(0, 2, 1, 3).contiguous().view(b, n, h * d)


def merge_hstack(x):
    return torch.cat([x[:, head] for head in range(x.shape[1])], dim=2)


def merge_numpy(x):
    b, h, n, d = x.shape
    return torch.from_numpy(x.numpy().swapaxes(1, 2).reshape(b, n, h * d).copy())


def merge_by_words(x):
    return torch.stack([x[:, :, i].flatten(1) for i in range(x.shape[2])], dim=1)


def merge_einsum(x):
    return torch.einsum("bhnd->bnhd", x).reshape(x.shape[0], x.shape[2], -1)


def w_merge_view(x):
    return x.reshape(x.shape[0], x.shape[2], -1)


def w_merge_contiguous_view(x):
    b, h, n, d = x.shape
    return x.contiguous().view(b, n, h * d)


def w_merge_no_contiguous(x):
    b, h, n, d = x.shape
    return x.transpose(1, 2).view(b, n, h * d)


def w_merge_cat_words(x):
    return torch.cat(x.unbind(1), dim=1)


def w_merge_mean(x):
    return x.mean(1)


def w_merge_max(x):
    return x.amax(dim=1)


def w_merge_sum(x):
    return sum(x.unbind(1))


def w_merge_permute_woven(x):
    b, h, n, d = x.shape
    return x.permute(0, 2, 3, 1).reshape(b, n, h * d)


def w_merge_permute_swapped(x):
    b, h, n, d = x.shape
    return x.permute(0, 3, 2, 1).reshape(b, n, h * d)


def w_merge_transpose_only(x):
    return x.transpose(2, 1)


def w_merge_transpose_13(x):
    return x.transpose(1, 3).flatten(2)


def w_merge_transpose_23(x):
    return x.transpose(2, 3).flatten(2)


def w_merge_flatten_1(x):
    return x.transpose(1, 2).flatten(1, 2)


def w_merge_first(x):
    return x[:, 0, :, :]


def w_merge_squeeze(x):
    return x.transpose(1, 2).flatten(2).squeeze(0)


def w_merge_stale(x):
    out = None
    for head in range(x.shape[1]):
        out = x[:, head]
    return out


def w_merge_reversed(x):
    return torch.cat(x.unbind(1)[::-1], dim=-1)


def w_merge_2d(x):
    return x.transpose(1, 2).reshape(-1, x.shape[1] * x.shape[3])


# 04.multi_head_attention -------------------------------------------------------------------------


def cut(x, n_heads):
    return x.unflatten(-1, (n_heads, -1)).transpose(1, 2)


def paste(x):
    return x.transpose(1, 2).flatten(2)


def mha_plain(query, key, value, n_heads):
    q, k, v = cut(query, n_heads), cut(key, n_heads), cut(value, n_heads)
    w = F.softmax((q @ k.mT) / math.sqrt(q.size(-1)), dim=3)
    return paste(w @ v)


def mha_loops(query, key, value, n_heads):
    outs = []
    for q, k, v in zip(query, key, value, strict=True):
        rows = []
        for qs, ks, vs in zip(
            q.chunk(n_heads, 1), k.chunk(n_heads, 1), v.chunk(n_heads, 1), strict=True
        ):
            rows.append(torch.softmax(qs @ ks.T * qs.shape[1] ** -0.5, 1) @ vs)
        outs.append(torch.cat(rows, 1))
    return torch.stack(outs)


def mha_bmm(query, key, value, n_heads):
    b, nq, d = query.shape
    q, k, v = (cut(x, n_heads).flatten(0, 1) for x in (query, key, value))
    w = torch.bmm(q, k.transpose(1, 2)).div(math.sqrt(d / n_heads)).softmax(2)
    return paste(torch.bmm(w, v).view(b, n_heads, nq, d // n_heads))


def mha_softmax_with_maximum(query, key, value, n_heads):
    q, k, v = cut(query, n_heads), cut(key, n_heads), cut(value, n_heads)
    s = q @ k.mT / q.shape[-1] ** 0.5
    e = (s - s.amax(-1, keepdim=True)).exp()
    return paste(e / e.sum(-1, keepdim=True) @ v)


def mha_in_double(query, key, value, n_heads):
    return mha_plain(query.double(), key.double(), value.double(), n_heads)


def mha_scaled_query(query, key, value, n_heads):
    q = cut(query, n_heads) / (query.shape[2] // n_heads) ** 0.5
    return paste(torch.softmax(torch.matmul(q, cut(key, n_heads).mT), -1) @ cut(value, n_heads))


def _mha(query, key, value, n_heads, root=None, axis=-1, out=paste, split=cut):
    q, k, v = (split(x, n_heads) for x in (query, key, value))
    root = math.sqrt(q.shape[-1]) if root is None else root
    return out(torch.softmax(q @ k.mT / root, axis) @ v)


def w_mha_d_model(query, key, value, n_heads):
    return _mha(query, key, value, n_heads, root=query.shape[-1] ** 0.5)


def w_mha_unscaled(query, key, value, n_heads):
    return _mha(query, key, value, n_heads, root=1)


def w_mha_half(query, key, value, n_heads):
    q, k, v = (cut(x, n_heads) for x in (query, key, value))
    return paste(torch.softmax(q @ k.mT / q.shape[-1] ** 1 / 2, -1) @ v)


def w_mha_n_heads(query, key, value, n_heads):
    return _mha(query, key, value, n_heads, root=math.sqrt(n_heads))


def w_mha_n_query(query, key, value, n_heads):
    return _mha(query, key, value, n_heads, root=math.sqrt(query.shape[1]))


def w_mha_shape_minus_two(query, key, value, n_heads):
    q, k, v = (cut(x, n_heads) for x in (query, key, value))
    return paste(torch.softmax(q @ k.mT / k.shape[-2] ** 0.5, -1) @ v)


def w_mha_default_axis(query, key, value, n_heads):
    return _mha(query, key, value, n_heads, axis=1)


def w_mha_axis_2(query, key, value, n_heads):
    return _mha(query, key, value, n_heads, axis=2)


def w_mha_no_split(query, key, value, n_heads):
    s = query @ key.mT / math.sqrt(query.shape[-1] / n_heads)
    return s.softmax(-1) @ value


def w_mha_whole(query, key, value, n_heads):
    return F.scaled_dot_product_attention(query, key, value)


def w_mha_views(query, key, value, n_heads):
    def split(x, n_heads):
        return x.reshape(x.shape[0], n_heads, x.shape[1], -1)

    return _mha(query, key, value, n_heads, split=split)


def w_mha_view_out(query, key, value, n_heads):
    return _mha(query, key, value, n_heads, out=lambda x: x.reshape(query.shape))


def w_mha_mean(query, key, value, n_heads):
    return _mha(query, key, value, n_heads, out=lambda x: x.mean(1))


def w_mha_unmerged(query, key, value, n_heads):
    return _mha(query, key, value, n_heads, out=lambda x: x)


def w_mha_self(query, key, value, n_heads):
    return _mha(query, query, query, n_heads)


def w_mha_keys_only(query, key, value, n_heads):
    return _mha(query, key, key, n_heads)


def w_mha_values_as_keys(query, key, value, n_heads):
    return _mha(query, value, value, n_heads)


def w_mha_weights(query, key, value, n_heads):
    q, k = cut(query, n_heads), cut(key, n_heads)
    return torch.softmax(q @ k.mT / q.shape[-1] ** 0.5, -1)


def w_mha_no_softmax(query, key, value, n_heads):
    q, k, v = (cut(x, n_heads) for x in (query, key, value))
    return paste(q @ k.mT / q.shape[-1] ** 0.5 @ v)


def w_mha_detached(query, key, value, n_heads):
    return _mha(query, key.detach(), value, n_heads)


def w_mha_root_after(query, key, value, n_heads):
    q, k, v = (cut(x, n_heads) for x in (query, key, value))
    return paste((q @ k.mT).softmax(-1) / q.shape[-1] ** 0.5 @ v)


def w_mha_exp(query, key, value, n_heads):
    q, k, v = (cut(x, n_heads) for x in (query, key, value))
    e = torch.exp(q @ k.mT / q.shape[-1] ** 0.5)
    return paste(e / e.sum(-1, keepdim=True) @ v)


def w_mha_exp_of_columns(query, key, value, n_heads):
    q, k, v = (cut(x, n_heads) for x in (query, key, value))
    e = torch.exp(q @ k.mT / q.shape[-1] ** 0.5)
    return paste(e / e.sum() @ v)


def w_mha_stale_head(query, key, value, n_heads):
    d = query.shape[-1] // n_heads
    for h in range(n_heads):
        part = slice(h * d, (h + 1) * d)
        s = query[..., part] @ key[..., part].mT / d**0.5
        out = s.softmax(-1) @ value[..., part]
    return out


def w_mha_all_values(query, key, value, n_heads):
    d = query.shape[-1] // n_heads
    out = 0
    for h in range(n_heads):
        part = slice(h * d, (h + 1) * d)
        out = out + (query[..., part] @ key[..., part].mT / d**0.5).softmax(-1) @ value
    return out / n_heads


def w_mha_sum_of_heads(query, key, value, n_heads):
    return _mha(query, key, value, n_heads, out=lambda x: x.sum(1))


# 04.layer_norm -----------------------------------------------------------------------------------


def ln_var(x, scale, shift, eps=1e-5):
    var, mean = torch.var_mean(x, dim=-1, keepdim=True, correction=0)
    return (x - mean) * torch.rsqrt(var + eps) * scale + shift


def ln_module(x, scale, shift, eps=1e-5):
    norm = nn.LayerNorm(x.shape[-1], eps=eps)
    with torch.no_grad():
        norm.weight.copy_(scale)
        norm.bias.copy_(shift)
    return norm(x)


def ln_sum(x, scale, shift, eps=1e-5):
    d = x.shape[-1]
    c = x - x.sum(-1, keepdim=True) / d
    return scale * (c / ((c * c).sum(-1, keepdim=True) / d + eps).sqrt()) + shift


def ln_unsqueeze(x, scale, shift, eps=1e-5):
    c = x - x.mean(-1).unsqueeze(-1)
    return c / torch.sqrt((c**2).mean(-1) + eps)[..., None] * scale + shift


def ln_loops(x, scale, shift, eps=1e-5):
    out = torch.empty_like(x)
    for b in range(x.shape[0]):
        for i in range(x.shape[1]):
            w = x[b, i].tolist()
            m = sum(w) / len(w)
            s = math.sqrt(sum((v - m) ** 2 for v in w) / len(w) + eps)
            out[b, i] = torch.tensor([(v - m) / s for v in w]) * scale + shift
    return out


def ln_double(x, scale, shift, eps=1e-5):
    return F.layer_norm(x.double(), x.shape[-1:], scale.double(), shift.double(), eps)


def w_ln_std(x, scale, shift, eps=1e-5):
    return (x - x.mean(-1, keepdim=True)) / (x.std(-1, keepdim=True) + eps) * scale + shift


def w_ln_var(x, scale, shift, eps=1e-5):
    m, v = x.mean(-1, keepdim=True), x.var(-1, keepdim=True)
    return (x - m) / (v + eps).sqrt() * scale + shift


def w_ln_var_no_root(x, scale, shift, eps=1e-5):
    m, v = x.mean(-1, keepdim=True), x.var(-1, keepdim=True, unbiased=False)
    return (x - m) / (v + eps) * scale + shift


def w_ln_eps_out(x, scale, shift, eps=1e-5):
    m, s = x.mean(-1, keepdim=True), x.std(-1, keepdim=True, unbiased=False)
    return (x - m) / (s + eps) * scale + shift


def w_ln_no_eps(x, scale, shift, eps=1e-5):
    m, s = x.mean(-1, keepdim=True), x.std(-1, keepdim=True, unbiased=False)
    return (x - m) / s * scale + shift


def w_ln_fixed_eps(x, scale, shift, eps=1e-5):
    return F.layer_norm(x, x.shape[-1:], scale, shift)


def w_ln_torch_without(x, scale, shift, eps=1e-5):
    return F.layer_norm(x, x.shape[-1:], eps=eps)


def w_ln_no_shift(x, scale, shift, eps=1e-5):
    return F.layer_norm(x, x.shape[-1:], scale, None, eps)


def w_ln_no_scale(x, scale, shift, eps=1e-5):
    return F.layer_norm(x, x.shape[-1:], None, shift, eps)


def w_ln_batch(x, scale, shift, eps=1e-5):
    m = x.mean((0, 1), keepdim=True)
    v = ((x - m) ** 2).mean((0, 1), keepdim=True)
    return (x - m) / (v + eps).sqrt() * scale + shift


def w_ln_dim_0(x, scale, shift, eps=1e-5):
    m = x.mean(0, keepdim=True)
    return (x - m) / (((x - m) ** 2).mean(0, keepdim=True) + eps).sqrt() * scale + shift


def w_ln_dim_1(x, scale, shift, eps=1e-5):
    m = x.mean(1, keepdim=True)
    return (x - m) / (((x - m) ** 2).mean(1, keepdim=True) + eps).sqrt() * scale + shift


def w_ln_mean_all(x, scale, shift, eps=1e-5):
    return (x - x.mean()) / torch.sqrt(((x - x.mean()) ** 2).mean() + eps) * scale + shift


def w_ln_norm(x, scale, shift, eps=1e-5):
    c = x - x.mean(-1, keepdim=True)
    return c / (c.norm(dim=-1, keepdim=True) + eps) * scale + shift


def w_ln_precedence(x, scale, shift, eps=1e-5):
    m = x.mean(-1, keepdim=True)
    return x - m / torch.sqrt(((x - m) ** 2).mean(-1, keepdim=True) + eps) * scale + shift


def w_ln_scale_of_sum(x, scale, shift, eps=1e-5):
    return (F.layer_norm(x, x.shape[-1:], eps=eps) + shift) * scale


def w_ln_e_x2(x, scale, shift, eps=1e-5):
    m = x.mean(-1, keepdim=True)
    v = (x**2).mean(-1, keepdim=True) - m**2
    return (x - m) / (v + eps) ** 0.5 * scale + shift


def w_ln_rms(x, scale, shift, eps=1e-5):
    return x / torch.sqrt((x**2).mean(-1, keepdim=True) + eps) * scale + shift


def w_ln_in_place(x, scale, shift, eps=1e-5):
    x -= x.mean(-1, keepdim=True)
    x /= torch.sqrt((x**2).mean(-1, keepdim=True) + eps)
    return x * scale + shift


def w_ln_minmax(x, scale, shift, eps=1e-5):
    low, high = x.amin(-1, keepdim=True), x.amax(-1, keepdim=True)
    return (x - low) / (high - low + eps) * scale + shift


def w_ln_no_keepdim(x, scale, shift, eps=1e-5):
    return (x - x.mean(-1)) / torch.sqrt(x.var(-1, correction=0) + eps) * scale + shift


def w_ln_divided_by_n(x, scale, shift, eps=1e-5):
    m = x.mean(-1, keepdim=True)
    v = ((x - m) ** 2).sum(-1, keepdim=True) / x.shape[1]
    return (x - m) / torch.sqrt(v + eps) * scale + shift


def w_ln_median(x, scale, shift, eps=1e-5):
    c = x - x.median(-1, keepdim=True).values
    return c / torch.sqrt((c**2).mean(-1, keepdim=True) + eps) * scale + shift


# 04.pre_norm_block -------------------------------------------------------------------------------


def block_one_line(x, mixer, ffn, norm_1, norm_2):
    return (y := x + mixer(norm_1(x))) + ffn(norm_2(y))


def block_own_copy(x, mixer, ffn, norm_1, norm_2):
    y = x.clone()
    y += mixer(norm_1(y))
    y += ffn(norm_2(y))
    return y


def block_named(x, mixer, ffn, norm_1, norm_2):
    normed = norm_1(x)
    mixed = mixer(normed)
    residual = mixed + x
    return residual + ffn(norm_2(residual))


def block_by_half(x, mixer, ffn, norm_1, norm_2):
    def half(x, part, norm):
        return x + part(norm(x))

    return half(half(x, mixer, norm_1), ffn, norm_2)


def block_as_module(x, mixer, ffn, norm_1, norm_2):
    class Half(nn.Module):
        def __init__(self, part, norm):
            super().__init__()
            self.part, self.norm = part, norm

        def forward(self, x):
            return self.part(self.norm(x)) + x

    return nn.Sequential(Half(mixer, norm_1), Half(ffn, norm_2))(x)


def block_by_stack(x, mixer, ffn, norm_1, norm_2):
    heard = mixer(norm_1(x))
    thought = ffn(norm_2(x + heard))
    return torch.stack([x, heard, thought]).sum(0)


def w_block_post(x, mixer, ffn, norm_1, norm_2):
    y = norm_1(mixer(x) + x)
    return norm_2(ffn(y) + y)


def w_block_bare(x, mixer, ffn, norm_1, norm_2):
    y = x + mixer(x)
    return y + ffn(y)


def w_block_same_norm(x, mixer, ffn, norm_1, norm_2):
    x = x + mixer(norm_1(x))
    return x + ffn(norm_1(x))


def w_block_other_norm(x, mixer, ffn, norm_1, norm_2):
    x = x + mixer(norm_2(x))
    return x + ffn(norm_1(x))


def w_block_half(x, mixer, ffn, norm_1, norm_2):
    x = x + mixer(norm_1(x))
    x + ffn(norm_2(x))
    return x


def w_block_no_residual_1(x, mixer, ffn, norm_1, norm_2):
    x = mixer(norm_1(x))
    x = x + ffn(norm_2(x))
    return x


def w_block_no_residual_2(x, mixer, ffn, norm_1, norm_2):
    x = x + mixer(norm_1(x))
    x = ffn(norm_2(x))
    return x


def w_block_no_residuals(x, mixer, ffn, norm_1, norm_2):
    return ffn(norm_2(mixer(norm_1(x))))


def w_block_normed_residual(x, mixer, ffn, norm_1, norm_2):
    x = norm_1(x)
    x = x + mixer(x)
    x = norm_2(x)
    return x + ffn(x)


def w_block_normed_residual_1(x, mixer, ffn, norm_1, norm_2):
    x = norm_1(x)
    x = x + mixer(x)
    return x + ffn(norm_2(x))


def w_block_normed_residual_2(x, mixer, ffn, norm_1, norm_2):
    x = norm_2(x + mixer(norm_1(x)))
    return x + ffn(x)


def w_block_first_x(x, mixer, ffn, norm_1, norm_2):
    y = x + mixer(norm_1(x))
    return x + ffn(norm_2(y))


def w_block_in_place(x, mixer, ffn, norm_1, norm_2):
    x += mixer(norm_1(x))
    x += ffn(norm_2(x))
    return x


def w_block_parallel(x, mixer, ffn, norm_1, norm_2):
    return x + mixer(norm_1(x)) + ffn(norm_2(x))


def w_block_norm_of_output(x, mixer, ffn, norm_1, norm_2):
    x = x + norm_1(mixer(x))
    return x + norm_2(ffn(x))


def w_block_swapped_parts(x, mixer, ffn, norm_1, norm_2):
    x = x + ffn(norm_1(x))
    return x + mixer(norm_2(x))


def w_block_sandwich(x, mixer, ffn, norm_1, norm_2):
    x = x + norm_1(mixer(norm_1(x)))
    return x + norm_2(ffn(norm_2(x)))


def w_block_minus(x, mixer, ffn, norm_1, norm_2):
    x = x - mixer(norm_1(x))
    return x - ffn(norm_2(x))


def w_block_nested(x, mixer, ffn, norm_1, norm_2):
    return x + ffn(norm_2(mixer(norm_1(x))))


def w_block_final_norm(x, mixer, ffn, norm_1, norm_2):
    x = x + mixer(norm_1(x))
    x = x + ffn(norm_2(x))
    return norm_2(x)


def w_block_mixed_only(x, mixer, ffn, norm_1, norm_2):
    mixed = mixer(norm_1(x))
    return x + mixed + ffn(norm_2(mixed))


def w_block_twice(x, mixer, ffn, norm_1, norm_2):
    for _ in range(2):
        x = x + mixer(norm_1(x))
        x = x + ffn(norm_2(x))
    return x


RIGHT = {
    "04.split_heads": [
        split_by_index,
        split_by_einsum,
        split_with_numpy,
        split_in_one_permute,
        split_contiguous,
        split_sentence_by_sentence,
        split_by_unfold,
    ],
    "04.merge_heads": [
        merge_flatten,
        merge_permute,
        merge_hstack,
        merge_numpy,
        merge_by_words,
        merge_einsum,
    ],
    "04.multi_head_attention": [
        mha_plain,
        mha_loops,
        mha_bmm,
        mha_softmax_with_maximum,
        mha_in_double,
        mha_scaled_query,
    ],
    "04.layer_norm": [ln_var, ln_module, ln_sum, ln_unsqueeze, ln_loops, ln_double],
    "04.pre_norm_block": [
        block_one_line,
        block_own_copy,
        block_named,
        block_by_half,
        block_as_module,
        block_by_stack,
    ],
}


def _all(beginning: str) -> list:
    return [answer for name, answer in globals().items() if name.startswith(beginning)]


WRONG = {
    "04.split_heads": _all("w_split"),
    "04.merge_heads": _all("w_merge"),
    "04.multi_head_attention": _all("w_mha"),
    "04.layer_norm": _all("w_ln"),
    "04.pre_norm_block": _all("w_block"),
}
