"""Never read the same word twice: attention of one new token, with the others' keys and values."""

import math

import torch
import torch.nn.functional as F

from course_utils.checks.task import Case, Task

task = Task(
    "07.attend_with_cache",
    "Never read the same word twice",
    section="Never read the same word twice",
    dimensions=(
        ("batch", "n_heads", "1", "d_head"),
        ("batch", "n_heads", "n + 1", "d_head"),
        ("batch", "n_heads", "n + 1", "d_head"),
    ),
    hints=[
        "The old keys and values are as they were, whatever comes later: nobody in a causal "
        "model hears the future. So only the newcomer's have to be added.",
        "torch.cat([keys, key], dim=-2) puts one more token behind the others; the same for "
        "the values.",
        "Then lesson 03 with a single query: scores [batch, n_heads, 1, n + 1], divided by "
        "√d_head, softmax along the last axis, times the values. No mask.",
    ],
    praise="Right: one row of scores a token, instead of the whole square.",
)


@task.answer
def attend_with_cache(query, key, value, keys, values):
    ### BEGIN SOLUTION
    keys = torch.cat([keys, key], dim=-2)
    values = torch.cat([values, value], dim=-2)
    scores = query @ keys.transpose(-2, -1) / math.sqrt(query.shape[-1])
    return torch.softmax(scores, dim=-1) @ values, keys, values
    ### END SOLUTION


@task.cases
def cases(seed):
    generator = torch.Generator().manual_seed(seed)

    def drawn(batch, n_heads, n, d_head, *, size=2.0):
        new = size * torch.randn(3, batch, n_heads, 1, d_head, generator=generator)
        return (*new, *torch.randn(2, batch, n_heads, n, d_head, generator=generator))

    for name, *shape in (
        ("the fifth token", 1, 2, 4, 3),
        ("two texts, four heads", 2, 4, 6, 8),
        ("as many heads as tokens", 2, 3, 3, 5),
        ("as many tokens as numbers", 2, 2, 3, 3),
        ("the second token, one head", 1, 1, 1, 3),
        ("the first token: nothing is remembered yet", 1, 2, 0, 4),
        ("heads of one number", 3, 2, 5, 1),
        ("after 300 tokens", 1, 2, 300, 4),
    ):
        yield Case(name, drawn(*shape))
    query, key, value, keys, values = drawn(2, 2, 4, 6, size=1.0)
    loud = 30 * torch.sign(query)
    yield Case("scores in the hundreds", (loud, loud / 10, value, 10 * keys, values))
    low = keys - 3 * torch.sign(query)
    yield Case("scores far below 0", (loud, -loud / 10, value, low, values))


@task.also_right
def by_torch(query, key, value, keys, values):
    keys, values = torch.cat((keys, key), 2), torch.cat((values, value), 2)
    return F.scaled_dot_product_attention(query, keys, values), keys, values


@task.also_right
def by_einsum(query, key, value, keys, values):
    keys, values = torch.cat((keys, key), 2), torch.cat((values, value), 2)
    scores = torch.einsum("bhqd,bhkd->bhqk", query, keys) * query.shape[-1] ** -0.5
    return torch.einsum("bhqk,bhkd->bhqd", scores.softmax(-1), values), keys, values


@task.also_right
def one_by_one(query, key, value, keys, values):
    batch, n_heads, n, d_head = keys.shape
    longer = torch.empty(2, batch, n_heads, n + 1, d_head)
    longer[0, :, :, :n], longer[1, :, :, :n] = keys, values
    longer[0, :, :, n], longer[1, :, :, n] = key[:, :, 0], value[:, :, 0]
    output = torch.zeros_like(query)
    for b in range(batch):
        for head in range(n_heads):
            scores = [float(query[b, head, 0] @ k) / d_head**0.5 for k in longer[0, b, head]]
            powers = [math.exp(score - max(scores)) for score in scores]
            for power, v in zip(powers, longer[1, b, head], strict=True):
                output[b, head, 0] += power / sum(powers) * v
    return [output, longer[0], longer[1]]


@task.also_right
def with_more_digits(query, key, value, keys, values):
    keys, values = (torch.cat(pair, -2).double() for pair in ((keys, key), (values, value)))
    shares = ((query.double() * keys).sum(-1) / math.sqrt(query.size(-1))).softmax(-1)
    return (shares[..., None] * values).sum(-2, keepdim=True), keys, values


def attended(query, keys, values, *, root=math.sqrt, dim=-1):
    scores = query @ keys.transpose(-2, -1) / root(query.shape[-1])
    return scores.softmax(dim) @ values


def cached(query, key, value, keys, values, *, attend=attended):
    """The right cache, with another attention of (query, keys, values)."""
    keys, values = torch.cat((keys, key), 2), torch.cat((values, value), 2)
    return attend(query, keys, values), keys, values


@task.mistake
def replaced(query, key, value, keys, values):
    """The new token replaces the old ones.

    With one key there is one share, and it is 1: each token hears itself and nobody else. The new
    key goes behind the old ones: torch.cat([keys, key], dim=-2).
    """
    return attended(query, key, value), key, value


@task.mistake
def only_the_new_one_remembered(query, key, value, keys, values):
    """You return the newcomer's key and value alone.

    The output is right, and the next token will hear of nobody before this one. Return all keys and
    values, the old ones and the new.
    """
    return cached(query, key, value, keys, values)[0], key, value


@task.mistake
def keys_alone_remembered(query, key, value, keys, values):
    """The values are not remembered.

    The keys that you return are one more, the values are the old ones. The next token would have a
    share for somebody who has nothing to hand over. Both grow, by one each.
    """
    output, longer, _ = cached(query, key, value, keys, values)
    return output, longer, values


@task.mistake
def values_alone_remembered(query, key, value, keys, values):
    """The keys are not remembered.

    The values that you return are one more, the keys are the old ones. Both grow, by one each.
    """
    output, _, longer = cached(query, key, value, keys, values)
    return output, keys, longer


@task.mistake
def newest_value_alone(query, key, value, keys, values):
    """The values are replaced.

    You return all the keys and one value, the newest. The next token would have many shares and a
    single thing to take: append the value, too.
    """
    output, longer, _ = cached(query, key, value, keys, values)
    return output, longer, value


@task.mistake
def keys_twice(query, key, value, keys, values):
    """The keys are remembered as values.

    A key stands on the door, a value is what is handed over. You appended the key to both.
    """
    return cached(query, key, key, keys, keys)


@task.mistake
def key_among_the_values(query, key, value, keys, values):
    """You appended the key to the values.

    The newcomer's key goes behind the keys, its value behind the values.
    """
    return cached(query, key, key, keys, values)


@task.mistake
def value_among_the_keys(query, key, value, keys, values):
    """You appended the value to the keys.

    Later queries are compared with keys: the newcomer's own key goes behind the others.
    """
    return cached(query, value, value, keys, values)


@task.mistake
def key_and_value_swapped(query, key, value, keys, values):
    """The newcomer's key and value are swapped.

    The key goes behind the keys, and is what later queries are compared with; the value goes behind
    the values.
    """
    return cached(query, value, key, keys, values)


@task.mistake
def added_up(query, key, value, keys, values):
    """You add the new key to all the old ones.

    + makes a sum of them. One more token is put behind the others: torch.cat([keys, key], dim=-2).
    """
    return attended(query, keys + key, values + value), keys + key, values + value


@task.mistake
def query_remembered(query, key, value, keys, values):
    """You appended the query to the keys.

    A query asks once and is forgotten. What later tokens compare theirs with is the key.
    """
    return cached(query, query, value, keys, values)


@task.mistake
def key_asks(query, key, value, keys, values):
    """You ask with the key.

    The newcomer's query is compared with all keys. Its own key is for those who ask later.
    """
    return cached(key, key, value, keys, values)


@task.mistake
def not_itself(query, key, value, keys, values):
    """The new token does not hear itself.

    It looks at the old tokens and is appended afterwards. In a causal model a token may look at
    itself: append first, then attend. (The first token would hear nobody at all.)
    """
    _, longer_keys, longer_values = cached(query, key, value, keys, values)
    return attended(query, keys, values), longer_keys, longer_values


@task.mistake
def appended_twice(query, key, value, keys, values):
    """The newcomer is there twice.

    It has been put behind the others before it was put behind them again. A cache of n tokens has
    n + 1 afterwards.
    """
    return cached(query, key, value, torch.cat((keys, key), 2), torch.cat((values, value), 2))


@task.mistake
def in_front(query, key, value, keys, values):
    """The newest stands in front.

    Attention does not mind the order, so the output is right, and the cache is upside down:
    position 0 is the newest token. Put it behind: torch.cat([keys, key], dim=-2).
    """
    return cached(query, keys, values, key, value)


@task.mistake
def values_in_front(query, key, value, keys, values):
    """Keys and values are in different orders.

    The new key stands behind and the new value in front, so that each share goes to somebody else.
    Put both behind: torch.cat([values, value], dim=-2).
    """
    return cached(query, key, values, keys, value)


@task.mistake
def last_overwritten(query, key, value, keys, values):
    """You write one place too early.

    The newest lies where the token before it was, so that one is lost. A cache of n tokens has
    n + 1 afterwards.
    """
    return cached(query, key, value, keys[:, :, :-1], values[:, :, :-1])


@task.mistake
def oldest_pushed_out(query, key, value, keys, values):
    """You push out the oldest token.

    A cache of n tokens has n + 1 afterwards: nobody is forgotten here.
    """
    return cached(query, key, value, keys[:, :, 1:], values[:, :, 1:])


@task.mistake
def forgotten(query, key, value, keys, values):
    """You return the old cache.

    The output is right, and the next token will not hear of this one: return the keys and values
    with the new ones in them.
    """
    return cached(query, key, value, keys, values)[0], keys, values


@task.mistake
def old_all_along(query, key, value, keys, values):
    """The newcomer's key and value are used nowhere.

    Put them behind the others, and let the query look at all of them.
    """
    return attended(query, keys, values), keys, values


@task.mistake
def output_alone(query, key, value, keys, values):
    """You returned the output alone.

    The next round needs the longer keys and values: three things, in this order.
    """
    return cached(query, key, value, keys, values)[0]


@task.mistake
def output_last(query, key, value, keys, values):
    """The output comes last.

    The result is the output first, then the keys, then the values.
    """
    output, keys, values = cached(query, key, value, keys, values)
    return keys, values, output


@task.mistake
def values_before_keys(query, key, value, keys, values):
    """Keys and values are swapped in what you return.

    The result is the output, then the keys, then the values.
    """
    output, keys, values = cached(query, key, value, keys, values)
    return output, values, keys


@task.mistake
def shares_too(query, key, value, keys, values):
    """You returned the shares.

    They were only needed on the way. The result is the output, which is shares @ values, then keys
    and values.
    """
    return cached(
        query, key, value, keys, values,
        attend=lambda q, k, v: (q @ k.transpose(-2, -1) / math.sqrt(q.shape[-1])).softmax(-1),
    )  # fmt: skip


@task.mistake
def along_the_heads(query, key, value, keys, values):
    """You append along the heads.

    Axis 1 are the heads, axis 2 the tokens: [batch, n_heads, n, d_head]. A new token is one more
    along dim=-2.
    """
    keys, values = torch.cat((keys, key), 1), torch.cat((values, value), 1)
    return attended(query, keys, values), keys, values


@task.mistake
def along_the_batch(query, key, value, keys, values):
    """You append along the batch.

    Without dim, cat takes axis 0, and these are the texts. A new token is one more along dim=-2.
    """
    keys, values = torch.cat((keys, key)), torch.cat((values, value))
    return attended(query, keys, values), keys, values


@task.mistake
def past_hidden(query, key, value, keys, values):
    """Your causal mask hides the past.

    A triangle of 1 × n lets its only row see the first key and no other: the new token was taken
    for the first. The newest token has no future to be hidden, so it needs no mask.
    (is_causal=True in PyTorch does the same to a lone query.)
    """
    return cached(
        query, key, value, keys, values,
        attend=lambda q, k, v: F.scaled_dot_product_attention(q, k, v, is_causal=True),
    )  # fmt: skip


@task.mistake
def no_root(query, key, value, keys, values):
    """The root is missing.

    Attention with a cache is the attention of lesson 03: divide the scores by √d_head.
    """
    return cached(
        query, key, value, keys, values,
        attend=lambda q, k, v: attended(q, k, v, root=lambda d_head: 1.0),
    )  # fmt: skip


@task.mistake
def whole_width(query, key, value, keys, values):
    """You divided by d_head, and not by its root.

    Attention with a cache is the attention of lesson 03: divide the scores by math.sqrt(d_head).
    """
    return cached(
        query, key, value, keys, values,
        attend=lambda q, k, v: attended(q, k, v, root=float),
    )  # fmt: skip


@task.mistake
def multiplied_by_the_root(query, key, value, keys, values):
    """You multiplied by the root.

    Scores grow with the width of a head; the root is to undo that. Divide by √d_head.
    """
    return cached(
        query, key, value, keys, values,
        attend=lambda q, k, v: attended(q, k, v, root=lambda d_head: d_head**-0.5),
    )  # fmt: skip


@task.mistake
def root_of_n(query, key, value, keys, values):
    """You divide by the root of n.

    shape[-2] of the keys is how many there are. The root is that of d_head, shape[-1].
    """
    return cached(
        query, key, value, keys, values,
        attend=lambda q, k, v: attended(q, k, v, root=lambda d_head: math.sqrt(k.shape[-2])),
    )  # fmt: skip


@task.mistake
def root_of_the_heads(query, key, value, keys, values):
    """You divide by the root of the number of heads.

    Axis 1 are the heads. What the scores grow with is how many numbers a vector has: shape[-1].
    """
    return cached(
        query, key, value, keys, values,
        attend=lambda q, k, v: attended(q, k, v, root=lambda d_head: math.sqrt(q.shape[1])),
    )  # fmt: skip


@task.mistake
def over_the_queries(query, key, value, keys, values):
    """Your softmax runs over the queries.

    There is one query, so along that axis every share is 1. The shares of one query are dealt out
    among the keys: dim=-1.
    """
    return cached(
        query, key, value, keys, values,
        attend=lambda q, k, v: attended(q, k, v, dim=-2),
    )  # fmt: skip


@task.mistake
def over_the_heads(query, key, value, keys, values):
    """Your softmax runs over the heads.

    dim=1 is the heads, and each of them deals out its own shares among the keys: dim=-1.
    """
    return cached(
        query, key, value, keys, values,
        attend=lambda q, k, v: attended(q, k, v, dim=1),
    )  # fmt: skip


@task.mistake
def root_after_the_softmax(query, key, value, keys, values):
    """You divide the shares by the root.

    Then they no longer add up to 1. It is the scores that are divided, before the softmax.
    """
    return cached(
        query, key, value, keys, values,
        attend=lambda q, k, v: attended(q, k, v, root=lambda d: 1.0) / math.sqrt(q.shape[-1]),
    )  # fmt: skip


@task.mistake
def no_softmax(query, key, value, keys, values):
    """There is no softmax.

    Scores may be below zero and add up to anything. Shares are their softmax, along the keys.
    """
    return cached(
        query, key, value, keys, values,
        attend=lambda q, k, v: q @ k.transpose(-2, -1) / math.sqrt(q.shape[-1]) @ v,
    )  # fmt: skip


@task.mistake
def softmax_by_hand(query, key, value, keys, values):
    """Right, until the powers of e grow beyond all bounds.

    e to the 89 is more than float32 can hold, so it becomes infinite, and ∞/∞ is NaN. Use
    torch.softmax, or subtract the largest score first.
    """

    def attend(query, keys, values):
        powers = (query @ keys.transpose(-2, -1) / math.sqrt(query.shape[-1])).exp()
        return powers / powers.sum(-1, keepdim=True) @ values

    return cached(query, key, value, keys, values, attend=attend)


@task.mistake
def all_alike(query, key, value, keys, values):
    """All values count alike.

    That is their mean. How much each counts is what query and keys are for.
    """
    return cached(
        query, key, value, keys, values,
        attend=lambda q, k, v: v.mean(dim=-2, keepdim=True),
    )  # fmt: skip


@task.mistake
def squeezed(query, key, value, keys, values):
    """The output has lost an axis.

    One query is an axis of length 1, and the next layer wants it: [batch, n_heads, 1, d_head].
    """
    output, keys, values = cached(query, key, value, keys, values)
    return output[:, :, 0], keys, values


@task.mistake
def everybody_asks(query, key, value, keys, values):
    """All keys ask, and not the new query alone.

    The old tokens have had their answers. One row of scores is enough, that of the newcomer's
    query.
    """
    return cached(
        query, key, value, keys, values,
        attend=lambda q, k, v: attended(k, k, v),
    )  # fmt: skip
