"""Exercise 05, as people write it from the task's text."""

import math

import numpy as np
import torch
import torch.nn.functional as F
from torch import nn


def mask_by_loops(real):
    batch, n = real.shape
    mask = torch.zeros(batch, n, n, dtype=torch.bool)
    for b in range(batch):
        for i in range(n):
            for j in range(i + 1):
                mask[b, i, j] = real[b, j]
    return mask


def mask_with_numpy(real):
    past = np.tril(np.ones((real.shape[1], real.shape[1]), dtype=bool))
    return torch.from_numpy(past[None] & real.numpy()[:, None, :])


def mask_in_place(real):
    mask = real[:, None, :].repeat(1, real.shape[1], 1)
    mask[:, torch.triu(torch.ones(real.shape[1], real.shape[1]), diagonal=1) == 1] = False
    return mask


def past(n):
    return torch.ones(n, n).tril().bool()


def mask_of_askers(real):
    return past(real.shape[1]) & real[:, :, None]


def mask_of_both(real):
    return past(real.shape[1]) & real[:, :, None] & real[:, None, :]


def mask_without_pads(real):
    return past(real.shape[1]).expand(len(real), -1, -1)


def mask_strictly_past(real):
    return torch.ones(real.shape[1], real.shape[1]).tril(-1).bool() & real[:, None, :]


def mask_future(real):
    return torch.ones(real.shape[1], real.shape[1]).triu().bool() & real[:, None, :]


def mask_or(real):
    return past(real.shape[1]) | real[:, None, :]


def mask_no_batch_axis(real):
    return past(real.shape[1]) & real


def mask_of_numbers(real):
    return (past(real.shape[1]) & real[:, None, :]).long()


def mask_of_pads(real):
    return past(real.shape[1]) & ~real[:, None, :]


def mask_hidden_is_true(real):
    return ~(past(real.shape[1]) & real[:, None, :])


def mask_of_infinities(real):
    return torch.zeros(len(real), 1, 1).masked_fill(~mask_by_loops(real), -math.inf)


def forcing(sentences, goes_in, comes_out, pad, width=None):
    width = width or max(map(len, sentences)) + 1

    def table(rows):
        return torch.tensor([list(row) + [pad] * (width - len(row)) for row in rows])

    return table(map(goes_in, sentences)), table(map(comes_out, sentences))


def forcing_int32(sentences, bos, eos, pad):
    pair = forcing(sentences, lambda s: [bos, *s], lambda s: [*s, eos], pad)
    return tuple(table.int() for table in pair)


def forcing_by_filling(sentences, bos, eos, pad):
    width = max(map(len, sentences)) + 1
    goes_in = torch.full((len(sentences), width), pad)
    comes_out = torch.full((len(sentences), width), pad)
    for row, sentence in enumerate(sentences):
        goes_in[row, 0] = bos
        for place, token in enumerate(sentence):
            goes_in[row, place + 1] = token
            comes_out[row, place] = token
        comes_out[row, len(sentence)] = eos
    return [goes_in, comes_out]


def forcing_not_shifted(sentences, bos, eos, pad):
    return forcing(sentences, lambda s: [*s, eos], lambda s: [*s, eos], pad)


def forcing_the_other_order(sentences, bos, eos, pad):
    return forcing(sentences, lambda s: [*s, eos], lambda s: [bos, *s], pad)


def forcing_without_eos(sentences, bos, eos, pad):
    width = max(map(len, sentences)) + 1
    return forcing(sentences, lambda s: [bos, *s], lambda s: s, pad, width)


def forcing_without_bos(sentences, bos, eos, pad):
    width = max(map(len, sentences)) + 1
    return forcing(sentences, lambda s: s, lambda s: [*s, eos], pad, width)


def forcing_too_wide(sentences, bos, eos, pad):
    return forcing(sentences, lambda s: [bos, *s, eos], lambda s: [*s, eos], pad, None)


def forcing_floats(sentences, bos, eos, pad):
    pair = forcing(sentences, lambda s: [bos, *s], lambda s: [*s, eos], pad)
    return tuple(table.float() for table in pair)


def forcing_lists(sentences, bos, eos, pad):
    pair = forcing(sentences, lambda s: [bos, *s], lambda s: [*s, eos], pad)
    return tuple(table.tolist() for table in pair)


def forcing_short_ints(sentences, bos, eos, pad):
    pair = forcing(sentences, lambda s: [bos, *s], lambda s: [*s, eos], pad)
    return tuple(table.short() for table in pair)


def forcing_eos_at_the_end_of_all(sentences, bos, eos, pad):
    width = max(map(len, sentences)) + 1
    goes_in, comes_out = forcing(sentences, lambda s: [bos, *s], lambda s: s, pad, width)
    comes_out[:, -1] = eos
    return goes_in, comes_out


def attend(query, key, value, mask=None, root=None):
    scores = query @ key.transpose(1, 2) / (root or math.sqrt(query.shape[-1]))
    if mask is not None:
        scores = scores.masked_fill(~mask, -math.inf)
    return scores.softmax(dim=-1) @ value


def keys_of(context_mask):
    return None if context_mask is None else context_mask[:, None, :]


def cross_by_einsum(x, context, w_query, w_key, w_value, context_mask=None):
    query, key = (
        torch.einsum("bnd,dh->bnh", x, w_query),
        torch.einsum("bnd,dh->bnh", context, w_key),
    )
    scores = torch.einsum("bqh,bkh->bqk", query, key) / w_query.shape[1] ** 0.5
    if context_mask is not None:
        scores = torch.where(context_mask[:, None], scores, torch.tensor(-torch.inf))
    return torch.einsum("bqk,bkv->bqv", scores.softmax(-1), context @ w_value)


def cross_by_sentence(x, context, w_query, w_key, w_value, context_mask=None):
    rows = []
    for b in range(len(x)):
        words = context[b] if context_mask is None else context[b][context_mask[b]]
        scores = x[b] @ w_query @ (words @ w_key).T / math.sqrt(w_key.shape[1])
        rows.append(scores.softmax(1) @ words @ w_value)
    return torch.stack(rows)


def cross_of_oneself(x, context, w_query, w_key, w_value, context_mask=None):
    return attend(x @ w_query, x @ w_key, x @ w_value)


def cross_turned_round(x, context, w_query, w_key, w_value, context_mask=None):
    return attend(context @ w_query, x @ w_key, x @ w_value)


def cross_values_of_x(x, context, w_query, w_key, w_value, context_mask=None):
    query, key = x @ w_query, context @ w_key
    scores = query @ key.transpose(1, 2) / math.sqrt(query.shape[-1])
    return scores.softmax(-1) @ (x @ w_value)[:, : key.shape[1]]


def cross_without_root(x, context, w_query, w_key, w_value, context_mask=None):
    return attend(x @ w_query, context @ w_key, context @ w_value, keys_of(context_mask), 1.0)


def cross_root_of_model(x, context, w_query, w_key, w_value, context_mask=None):
    root = math.sqrt(x.shape[-1])
    return attend(x @ w_query, context @ w_key, context @ w_value, keys_of(context_mask), root)


def cross_without_mask(x, context, w_query, w_key, w_value, context_mask=None):
    return attend(x @ w_query, context @ w_key, context @ w_value)


def cross_mask_inverted(x, context, w_query, w_key, w_value, context_mask=None):
    mask = None if context_mask is None else ~context_mask[:, None, :]
    return attend(x @ w_query, context @ w_key, context @ w_value, mask)


def cross_soft_ban(x, context, w_query, w_key, w_value, context_mask=None):
    query, key = x @ w_query, context @ w_key
    scores = query @ key.transpose(1, 2) / math.sqrt(query.shape[-1])
    if context_mask is not None:
        scores = scores.masked_fill(~context_mask[:, None, :], 0.0)
    return scores.softmax(-1) @ (context @ w_value)


def cross_wrong_axis(x, context, w_query, w_key, w_value, context_mask=None):
    query, key = x @ w_query, context @ w_key
    scores = query @ key.transpose(1, 2) / math.sqrt(query.shape[-1])
    if context_mask is not None:
        scores = scores.masked_fill(~context_mask[:, None, :], -math.inf)
    return scores.softmax(1) @ (context @ w_value)


def cross_detached(x, context, w_query, w_key, w_value, context_mask=None):
    return attend(x @ w_query, (context @ w_key).detach(), context @ w_value, keys_of(context_mask))


class NormsInAnotherOrder(nn.Module):
    def __init__(self, d_model, mixer, cross, ffn):
        super().__init__()
        self.last, self.middle, self.first = (nn.LayerNorm(d_model) for _ in range(3))
        self.listen, self.ask, self.think = mixer, cross, ffn

    def forward(self, x, context, mask=None, context_mask=None):
        listened = x + self.listen(self.first(x), mask)
        asked = listened + self.ask(self.middle(listened), context, context_mask)
        return asked + self.think(self.last(asked))


class NormsInAModuleList(nn.Module):
    def __init__(self, d_model, mixer, cross, ffn):
        super().__init__()
        self.norms = nn.ModuleList([nn.LayerNorm(d_model) for _ in range(3)])
        self.parts = mixer, cross, ffn

    def forward(self, x, context, mask=None, context_mask=None):
        rest = ((mask,), (context, context_mask), ())
        for norm, part, more in zip(self.norms, self.parts, rest, strict=True):
            x = x + part(norm(x), *more)
        return x


def block(forward, n_norms=3):
    class Block(nn.Module):
        def __init__(self, d_model, mixer, cross, ffn):
            super().__init__()
            self.mixer, self.cross, self.ffn = mixer, cross, ffn
            for i in range(n_norms):
                setattr(self, f"norm_{i + 1}", nn.LayerNorm(d_model))

        def forward(self, x, context, mask=None, context_mask=None):
            return forward(self, x, context, mask, context_mask)

    Block.__name__ = forward.__name__
    return Block


def one_norm_three_times(self, x, context, mask, context_mask):
    x = x + self.mixer(self.norm_1(x), mask)
    x = x + self.cross(self.norm_1(x), context, context_mask)
    return x + self.ffn(self.norm_1(x))


def second_norm_twice(self, x, context, mask, context_mask):
    x = x + self.mixer(self.norm_1(x), mask)
    x = x + self.cross(self.norm_2(x), context, context_mask)
    return x + self.ffn(self.norm_2(x))


def after_the_sum(self, x, context, mask, context_mask):
    x = self.norm_1(x + self.mixer(x, mask))
    x = self.norm_2(x + self.cross(x, context, context_mask))
    return self.norm_3(x + self.ffn(x))


def last_residual_lost(self, x, context, mask, context_mask):
    x = x + self.mixer(self.norm_1(x), mask)
    x = x + self.cross(self.norm_2(x), context, context_mask)
    return self.ffn(self.norm_3(x))


def first_residual_lost(self, x, context, mask, context_mask):
    x = self.mixer(self.norm_1(x), mask)
    x = x + self.cross(self.norm_2(x), context, context_mask)
    return x + self.ffn(self.norm_3(x))


def mask_not_handed_on(self, x, context, mask, context_mask):
    x = x + self.mixer(self.norm_1(x), None)
    x = x + self.cross(self.norm_2(x), context, context_mask)
    return x + self.ffn(self.norm_3(x))


def cross_left_out(self, x, context, mask, context_mask):
    x = x + self.mixer(self.norm_1(x), mask)
    return x + self.ffn(self.norm_3(x))


def context_normalised(self, x, context, mask, context_mask):
    x = x + self.mixer(self.norm_1(x), mask)
    x = x + self.cross(self.norm_2(x), self.norm_2(context), context_mask)
    return x + self.ffn(self.norm_3(x))


def think_before_asking(self, x, context, mask, context_mask):
    x = x + self.mixer(self.norm_1(x), mask)
    x = x + self.ffn(self.norm_2(x))
    return x + self.cross(self.norm_3(x), context, context_mask)


class NormsInAPlainList(nn.Module):
    def __init__(self, d_model, mixer, cross, ffn):
        super().__init__()
        self.norms = [nn.LayerNorm(d_model) for _ in range(3)]
        self.mixer, self.cross, self.ffn = mixer, cross, ffn

    def forward(self, x, context, mask=None, context_mask=None):
        x = x + self.mixer(self.norms[0](x), mask)
        x = x + self.cross(self.norms[1](x), context, context_mask)
        return x + self.ffn(self.norms[2](x))


class NoNormsAtAll(nn.Module):
    def __init__(self, d_model, mixer, cross, ffn):
        super().__init__()
        self.mixer, self.cross, self.ffn = mixer, cross, ffn

    def forward(self, x, context, mask=None, context_mask=None):
        x = x + self.mixer(x, mask)
        x = x + self.cross(x, context, context_mask)
        return x + self.ffn(x)


class FunctionalNorms(NoNormsAtAll):
    def forward(self, x, context, mask=None, context_mask=None):
        d_model = x.shape[-1:]
        x = x + self.mixer(F.layer_norm(x, d_model), mask)
        x = x + self.cross(F.layer_norm(x, d_model), context, context_mask)
        return x + self.ffn(F.layer_norm(x, d_model))


RIGHT = {
    "05.causal_mask": [mask_by_loops, mask_with_numpy, mask_in_place],
    "05.teacher_forcing": [forcing_int32, forcing_by_filling],
    "05.cross_attention": [cross_by_einsum, cross_by_sentence],
    "05.decoder_block": [NormsInAnotherOrder, NormsInAModuleList],
}
WRONG = {
    "05.causal_mask": [
        mask_of_askers,
        mask_of_both,
        mask_without_pads,
        mask_strictly_past,
        mask_future,
        mask_or,
        mask_no_batch_axis,
        mask_of_numbers,
        mask_of_pads,
        mask_hidden_is_true,
        mask_of_infinities,
    ],
    "05.teacher_forcing": [
        forcing_not_shifted,
        forcing_the_other_order,
        forcing_without_eos,
        forcing_without_bos,
        forcing_too_wide,
        forcing_floats,
        forcing_lists,
        forcing_short_ints,
        forcing_eos_at_the_end_of_all,
    ],
    "05.cross_attention": [
        cross_of_oneself,
        cross_turned_round,
        cross_values_of_x,
        cross_without_root,
        cross_root_of_model,
        cross_without_mask,
        cross_mask_inverted,
        cross_soft_ban,
        cross_wrong_axis,
        cross_detached,
    ],
    "05.decoder_block": [
        block(one_norm_three_times),
        block(second_norm_twice),
        block(after_the_sum),
        block(last_residual_lost),
        block(first_residual_lost),
        block(mask_not_handed_on),
        block(cross_left_out),
        block(context_normalised),
        block(think_before_asking),
        NormsInAPlainList,
        NoNormsAtAll,
        FunctionalNorms,
    ],
}
