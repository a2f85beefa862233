"""Attention by lists: groups of queries, each with the keys that some query of the group looks at.

Each group is a small dense attention of its own. Some groups at a time are fetched, answered and
forgotten, so that what is in memory at once does not grow with the text.

A query with keys in several lists needs one softmax over all of them. Each list is asked on its
own: what is the average of its values, and what is the log-sum-exp of its scores (`lse`, the
logarithm of what the softmax divides by)? The average over all lists weighs each list's answer by
its share, exp(lse - lse of all lists together).

On the way back everything is fetched again, and PyTorch's fused kernel computes the weights again
from the scores and a log-sum-exp. Give it that of all lists together, and they are the weights of
the one softmax. (Computing again what was not kept is FlashAttention's idea, Dao et al. 2022.)
"""

from collections.abc import Iterator, Sequence

import torch
from jaxtyping import Bool, Float
from torch import Tensor

from course_utils.mixers.sparse.layout import Lists

ROWS_AT_ONCE = 4_096  # keys that are fetched at a time: with 4 heads of 32 numbers, 2 MB

# What F.scaled_dot_product_attention calls on a CPU; only these give and take the log-sum-exp.
fused = torch.ops.aten._scaled_dot_product_flash_attention_for_cpu
fused_backward = torch.ops.aten._scaled_dot_product_flash_attention_for_cpu_backward


def attention_by_lists(
    query: Float[Tensor, "n n_heads d_head"],
    key: Float[Tensor, "n n_heads d_head"],
    value: Float[Tensor, "n n_heads d_head"],
    parts: Sequence[Lists],
    real: Bool[Tensor, "n"] | None = None,
) -> Float[Tensor, "n n_heads d_head"]:
    """Attention of each query to its keys in all lists; `real` is False at padding.

    A query that may look at nobody gets zeros. There are no second derivatives.
    """
    return _ByLists.apply(query, key, value, parts, real)


class _ByLists(torch.autograd.Function):
    @staticmethod
    def forward(
        ctx, query: Tensor, key: Tensor, value: Tensor, parts: Sequence[Lists], real: Tensor | None
    ) -> Tensor:
        # The kernel counts in float32 at least, whatever the precision of what it is given.
        exact = query[..., :1].to(torch.promote_types(query.dtype, torch.float32))
        answers, lses = [], []
        for lists in parts:
            answer, lse = _empty_groups(query, lists), _empty_groups(exact, lists)
            for some in _pieces(lists):
                bias = lists.bias_of(some, real, query.dtype)
                of_group, of_list = lists.queries[some], lists.keys[some]
                answer[some], lse[some] = _answer(
                    query[of_group], key[of_list], value[of_list], bias
                )
                if len(parts) > 1:  # of a query that looks at nobody here the kernel says 0
                    nobody = bias.isneginf().all(dim=-1)[:, 0, :, None, None]
                    lse[some] = lse[some].masked_fill(nobody, -torch.inf)
            answers.append(_by_token(answer, lists))
            lses.append(_by_token(lse, lists))
        mixed, total = (answers[0], lses[0]) if len(parts) == 1 else _joined(answers, lses)
        ctx.parts, ctx.real = parts, real
        ctx.save_for_backward(query, key, value, mixed, total)
        return mixed

    @staticmethod
    def backward(ctx, gradient: Tensor) -> tuple[Tensor | None, ...]:
        query, key, value, mixed, total = ctx.saved_tensors
        of_query = torch.zeros_like(query)
        of_key, of_value = query.new_zeros(query.shape), query.new_zeros(query.shape)
        for lists in ctx.parts:
            of_groups = _empty_groups(query, lists)
            for some in _pieces(lists):
                group, keys = lists.queries[some], lists.keys[some]
                by_query, by_key, by_value = fused_backward(
                    _heads_first(gradient[group]),
                    _heads_first(query[group]),
                    _heads_first(key[keys]),
                    _heads_first(value[keys]),
                    _heads_first(mixed[group]),
                    _heads_first(total[group]).squeeze(-1),
                    0.0,
                    False,
                    attn_mask=lists.bias_of(some, ctx.real, query.dtype),
                )
                of_groups[some] = _heads_first(by_query)
                of_key.index_add_(0, keys.flatten(), _heads_first(by_key).flatten(0, 1))
                of_value.index_add_(0, keys.flatten(), _heads_first(by_value).flatten(0, 1))
            of_query += _by_token(of_groups, lists)
        return of_query, of_key, of_value, None, None


def _answer(
    query: Float[Tensor, "n_groups size n_heads d_head"],
    key: Float[Tensor, "n_groups length n_heads d_head"],
    value: Float[Tensor, "n_groups length n_heads d_head"],
    bias: Float[Tensor, "n_groups 1 size length"],
) -> tuple[Float[Tensor, "n_groups size n_heads d_head"], Float[Tensor, "n_groups size n_heads 1"]]:
    """Each query's average of the values, and the log-sum-exp of its scores."""
    answer, lse = fused(*map(_heads_first, (query, key, value)), attn_mask=bias)
    return _heads_first(answer), _heads_first(lse[..., None])


def _joined(
    answers: Sequence[Float[Tensor, "n n_heads d_head"]],
    lses: Sequence[Float[Tensor, "n n_heads 1"]],
) -> tuple[Float[Tensor, "n n_heads d_head"], Float[Tensor, "n n_heads 1"]]:
    """The answer of all lists together, and the log-sum-exp over all of them."""
    total = torch.stack(lses).logsumexp(dim=0)
    total = total.masked_fill(total.isneginf(), 0.0)  # looks at nobody: all shares are zero
    shares = [(lse - total).exp() for lse in lses]
    mixed = sum(answer * share for answer, share in zip(answers, shares, strict=True))
    return mixed.to(answers[0].dtype), total


def _heads_first(groups: Tensor) -> Tensor:
    """From [n_groups, size, n_heads, …] to [n_groups, n_heads, size, …], and back."""
    return groups.transpose(1, 2)


def _pieces(lists: Lists) -> Iterator[slice]:
    """Some groups at a time."""
    n_groups, length = lists.keys.shape
    step = max(1, ROWS_AT_ONCE // length)
    for start in range(0, n_groups, step):
        yield slice(start, start + step)


def _empty_groups(
    rows: Float[Tensor, "n n_heads width"], lists: Lists
) -> Float[Tensor, "n_groups size n_heads width"]:
    return rows.new_empty(*lists.queries.shape, *rows.shape[1:])


def _by_token(
    groups: Float[Tensor, "n_groups size n_heads width"], lists: Lists
) -> Float[Tensor, "n n_heads width"]:
    return groups.flatten(0, 1)[lists.places]
