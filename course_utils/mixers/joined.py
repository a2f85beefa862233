"""One softmax over several lists of keys, without a table of their scores.

Each list is asked on its own: what is the average of its values, and how loud is the list (the
logarithm of the sum of its exponentials, which the softmax divides by)? The average over all lists
weighs each list's answer by its share of the loudness.

On the way back PyTorch's fused kernel computes the weights again from the scores and a loudness.
Give it the loudness of all lists together, and they are the weights of the one softmax.
"""

from collections.abc import Sequence

import torch
from jaxtyping import Float
from torch import Tensor

from course_utils.mixers.sparse_layout import Lists

# What F.scaled_dot_product_attention calls on a CPU; only these tell and take the loudness.
fused = torch.ops.aten._scaled_dot_product_flash_attention_for_cpu
fused_backward = torch.ops.aten._scaled_dot_product_flash_attention_for_cpu_backward


def joined_attention(
    query: Float[Tensor, "n n_heads d_head"],
    key: Float[Tensor, "n n_heads d_head"],
    value: Float[Tensor, "n n_heads d_head"],
    parts: Sequence[Lists],
    biases: Sequence[Float[Tensor, "..."]],
) -> Float[Tensor, "n n_heads d_head"]:
    """Attention of each query to its keys in all lists.

    `biases`, [n_groups, size, length] for each of the lists, have -inf where it may not look.
    A query that may look at nobody gets zeros.
    """
    biases = [bias[:, None].to(query.dtype) for bias in biases]
    grouped = [
        fetch(rows).transpose(1, 2)  # [n_groups, n_heads, size or length, d_head]
        for lists in parts
        for fetch, rows in ((lists.queries, query), (lists.keys, key), (lists.keys, value))
    ]
    return _Joined.apply(parts, biases, *grouped)


class _Joined(torch.autograd.Function):
    @staticmethod
    def forward(ctx, parts: Sequence[Lists], biases: Sequence[Tensor], *grouped: Tensor) -> Tensor:
        answers, loudness = [], []
        for lists, bias, *heads in _by_part(parts, biases, grouped):
            answer, loud = fused(*heads, attn_mask=bias)
            loud = loud.masked_fill(bias.isneginf().all(dim=-1), -torch.inf)  # the kernel says 0
            answers.append(_by_token(answer, lists))
            loudness.append(_by_token(loud[..., None], lists))
        total = torch.stack(loudness).logsumexp(dim=0)  # [n, n_heads, 1]
        total = total.masked_fill(total.isneginf(), 0.0)  # looks at nobody: all shares are zero
        mixed = sum(
            answer * (loud - total).exp() for answer, loud in zip(answers, loudness, strict=True)
        )
        ctx.parts, ctx.biases = parts, biases
        ctx.save_for_backward(mixed, total, *grouped)
        return mixed

    @staticmethod
    def backward(ctx, gradient: Tensor) -> tuple[Tensor | None, ...]:
        mixed, total, *grouped = ctx.saved_tensors
        gradients: list[Tensor] = []
        for lists, bias, *heads in _by_part(ctx.parts, ctx.biases, grouped):
            of_mixed, output, loud = (
                rows[lists.queries.index].transpose(1, 2) for rows in (gradient, mixed, total)
            )
            gradients += fused_backward(
                of_mixed, *heads, output, loud.squeeze(-1), 0.0, False, attn_mask=bias
            )
        return None, None, *gradients


def _by_part(parts: Sequence[Lists], biases: Sequence[Tensor], grouped: Sequence[Tensor]) -> zip:
    """For each part: lists, bias, query, key, value."""
    return zip(parts, biases, grouped[0::3], grouped[1::3], grouped[2::3], strict=True)


def _by_token(
    groups: Float[Tensor, "n_groups n_heads size width"], lists: Lists
) -> Float[Tensor, "n n_heads width"]:
    return groups.transpose(1, 2).flatten(0, 1)[lists.tokens.index]
