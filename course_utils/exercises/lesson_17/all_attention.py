"""Attention that also looks at vectors of its own: one softmax over both."""

import math
from collections.abc import Iterator

import torch
import torch.nn.functional as F

from course_utils.checks.task import Case, Task

task = Task(
    "17.all_attention",
    "One softmax for both",
    section="One layer for both",
    dimensions=("batch", "n_heads", "n", "d_head"),
    gradient=True,
    hints=[
        "The vectors are keys and values like others. Lay them in front of the text's, and the "
        "values likewise: `torch.cat([vector_keys.expand(batch, -1, -1, -1), key], dim=2)`.",
        "Scores as always, divided by √d_head: [batch, n_heads, n, N + n]. Then hide what is not "
        "to be seen, of the *text's* columns only, the last n: the vectors are always seen.",
        "A pad is hidden from everybody: `mask[:, None, None, :]`. If causal, a later token is, "
        "too: `torch.ones(n, n).tril()` has True where one may look. `F.pad(allowed, (N, 0), "
        "value=True)` puts N columns in front in which all may.",
        "One softmax over all N + n columns, and one sum of values.",
    ],
    praise="Right. That is the whole layer, but for its four matrices.",
)


@task.answer
def all_attention(query, key, value, vector_keys, vector_values, mask, causal):
    ### BEGIN SOLUTION
    batch, n_heads, n, d_head = query.shape
    n_vectors = vector_keys.shape[1]
    keys = torch.cat([vector_keys.expand(batch, -1, -1, -1), key], dim=2)
    values = torch.cat([vector_values.expand(batch, -1, -1, -1), value], dim=2)
    allowed = mask[:, None, None, :].expand(batch, 1, n, n)
    if causal:
        allowed = allowed & torch.ones(n, n, dtype=torch.bool).tril()
    allowed = F.pad(allowed, (n_vectors, 0), value=True)  # the vectors are always seen
    scores = query @ keys.transpose(-2, -1) / math.sqrt(d_head)
    return scores.masked_fill(~allowed, -math.inf).softmax(dim=-1) @ values
    ### END SOLUTION


@task.cases
def cases(seed: int) -> Iterator[Case]:
    generator = torch.Generator().manual_seed(seed)

    def normal(*size):
        return torch.randn(*size, generator=generator)

    for batch, n_heads, n, d_head, n_vectors, causal, pads, name in (
        (1, 1, 3, 4, 2, False, 0, "one head"),
        (2, 2, 4, 3, 5, False, 0, "two heads, two texts"),
        (2, 3, 5, 4, 5, True, 0, "causal, as many vectors as tokens"),
        (2, 2, 5, 2, 3, False, 2, "two pads"),
        (3, 2, 6, 4, 7, True, 3, "causal, with pads"),
        (2, 2, 4, 4, 4, False, 4, "a text of pads alone"),
    ):
        text = [normal(batch, n_heads, n, d_head) for _ in range(3)]
        vectors = [normal(n_heads, n_vectors, d_head) for _ in range(2)]
        mask = torch.ones(batch, n, dtype=torch.bool)
        if pads:
            mask[-1, n - pads :] = False
        yield Case(name, (*text, *vectors, mask, causal))
    text = [normal(1, 2, 3, 4) for _ in range(3)]
    vectors = [normal(2, 2, 4) for _ in range(2)]
    text[0][0, 0, 1], vectors[0][0, 1] = 30.0, 4.0  # a score of 240
    yield Case("one score is very high", (*text, *vectors, torch.ones(1, 3).bool(), False))
    text = [normal(2, 2, 4, 4) for _ in range(3)]
    vectors = [normal(2, 3, 4) for _ in range(2)]
    mask = torch.tensor([[False, False, True, True], [True] * 4])
    yield Case("pads in front", (*text, *vectors, mask, True))
    query, key = torch.full((1, 1, 3, 4), 20.0), torch.full((1, 1, 3, 4), -3.0)  # scores of -120
    mask = torch.tensor([[True, True, False]])
    vectors = torch.full((1, 2, 4), -3.0) + normal(1, 2, 4) / 50, normal(1, 2, 4)
    low = "all scores are far below zero"
    yield Case(low, (query, key, normal(1, 1, 3, 4), *vectors, mask, False))


@task.also_right
def head_by_head(query, key, value, vector_keys, vector_values, mask, causal):
    batch, n_heads, n, d_head = query.shape
    rows = []
    for b in range(batch):
        for h in range(n_heads):
            for i in range(n):
                seen = [j for j in range(n) if mask[b, j] and (j <= i or not causal)]
                keys = torch.cat([key[b, h, seen], vector_keys[h]])
                values = torch.cat([value[b, h, seen], vector_values[h]])
                weights = (keys @ query[b, h, i] / d_head**0.5).softmax(dim=0)
                rows.append(weights @ values)
    return torch.stack(rows).view(batch, n_heads, n, d_head)


@task.also_right
def by_sdpa(query, key, value, vector_keys, vector_values, mask, causal):
    batch, _, n, _ = query.shape
    n_vectors = vector_keys.shape[1]
    keys = torch.cat([key, vector_keys[None].repeat(batch, 1, 1, 1)], dim=2)
    values = torch.cat([value, vector_values[None].repeat(batch, 1, 1, 1)], dim=2)
    seen = mask[:, None, None].repeat(1, 1, n, 1)
    if causal:
        seen = seen & (torch.arange(n)[:, None] >= torch.arange(n))
    seen = torch.cat([seen, torch.ones(batch, 1, n, n_vectors, dtype=torch.bool)], dim=-1)
    return F.scaled_dot_product_attention(query, keys, values, seen)


def allowed_of(query, mask, causal):
    batch, _, n, _ = query.shape
    allowed = mask[:, None, None, :].expand(batch, 1, n, n)
    return allowed & torch.ones(n, n, dtype=torch.bool).tril() if causal else allowed


def mixed(query, keys, values, allowed, scale=None):
    scale = query.shape[-1] ** 0.5 if scale is None else scale
    scores = (query @ keys.transpose(-2, -1) / scale).masked_fill(~allowed, -math.inf)
    weights = scores.softmax(dim=-1)
    return weights.masked_fill(~allowed, 0.0) @ values


def together(query, key, value, vector_keys, vector_values, mask, causal, **options):
    batch = len(query)
    keys = torch.cat([vector_keys.expand(batch, -1, -1, -1), key], dim=2)
    values = torch.cat([vector_values.expand(batch, -1, -1, -1), value], dim=2)
    allowed = F.pad(allowed_of(query, mask, causal), (vector_keys.shape[1], 0), value=True)
    return mixed(query, keys, values, allowed, **options)


@task.mistake
def without_vectors(query, key, value, vector_keys, vector_values, mask, causal):
    """Nobody looks at the vectors.

    They stand among the keys and values, in front of the text's.
    """
    return mixed(query, key, value, allowed_of(query, mask, causal))


@task.mistake
def vectors_alone(query, key, value, vector_keys, vector_values, mask, causal):
    """Nobody looks at the text.

    The vectors stand beside the text's keys and values, not in their place.
    """
    everything = torch.ones(1, 1, 1, vector_keys.shape[1], dtype=torch.bool)
    return mixed(query, vector_keys, vector_values, everything)


@task.mistake
def two_softmaxes(query, key, value, vector_keys, vector_values, mask, causal):
    """You made two softmaxes, and added what came out.

    Then nobody has to choose between neighbours and memory. One softmax runs over both.
    """
    return without_vectors(
        query, key, value, vector_keys, vector_values, mask, causal
    ) + vectors_alone(query, key, value, vector_keys, vector_values, mask, causal)


@task.mistake
def half_of_each(query, key, value, vector_keys, vector_values, mask, causal):
    """You made two softmaxes, and took the mean of what came out.

    How much goes to memory is not always a half: one softmax decides.
    """
    return two_softmaxes(query, key, value, vector_keys, vector_values, mask, causal) / 2


@task.mistake
def added_after_the_softmax(query, key, value, vector_keys, vector_values, mask, causal):
    """You added the vectors' values behind the softmax.

    Nobody was asked whether they are wanted. They have keys, and stand under the softmax.
    """
    own = without_vectors(query, key, value, vector_keys, vector_values, mask, causal)
    return own + vector_values.mean(dim=1)[None, :, None, :]


@task.mistake
def not_divided(query, key, value, vector_keys, vector_values, mask, causal):
    """The scores are not divided by √d_head.

    It is attention, and divides as attention does.
    """
    return together(query, key, value, vector_keys, vector_values, mask, causal, scale=1.0)


@task.mistake
def vectors_not_divided(query, key, value, vector_keys, vector_values, mask, causal):
    """The vectors' scores are not divided by √d_head.

    All scores stand under one softmax, and are divided alike.
    """
    louder = vector_keys * query.shape[-1] ** 0.5
    return together(query, key, value, louder, vector_values, mask, causal)


@task.mistake
def one_set_for_all_heads(query, key, value, vector_keys, vector_values, mask, causal):
    """All heads share the vectors of the first.

    Each head has N of its own: vector_keys is [n_heads, N, d_head].
    """
    first = [vectors[:1].expand_as(vectors) for vectors in (vector_keys, vector_values)]
    return together(query, key, value, *first, mask, causal)


@task.mistake
def causal_for_vectors(query, key, value, vector_keys, vector_values, mask, causal):
    """The triangle lies over the vectors, too.

    A vector is no future: it stands nowhere, and everybody sees it. The triangle is for the last
    n columns.
    """
    batch, _, n, _ = query.shape
    keys = torch.cat([vector_keys.expand(batch, -1, -1, -1), key], dim=2)
    values = torch.cat([vector_values.expand(batch, -1, -1, -1), value], dim=2)
    allowed = F.pad(allowed_of(query, mask, False), (vector_keys.shape[1], 0), value=True)
    if causal:
        allowed = allowed & torch.ones(n, keys.shape[2], dtype=torch.bool).tril()
    return mixed(query, keys, values, allowed)


@task.mistake
def vectors_behind_the_mask(query, key, value, vector_keys, vector_values, mask, causal):
    """The mask's columns and the keys' stand in another order.

    With the vectors in front of the keys, N columns of True come in front of the mask.
    """
    batch = len(query)
    keys = torch.cat([vector_keys.expand(batch, -1, -1, -1), key], dim=2)
    values = torch.cat([vector_values.expand(batch, -1, -1, -1), value], dim=2)
    allowed = F.pad(allowed_of(query, mask, causal), (0, vector_keys.shape[1]), value=True)
    return mixed(query, keys, values, allowed)


@task.mistake
def pads_are_heard(query, key, value, vector_keys, vector_values, mask, causal):
    """Pads are heard.

    The mask is False where a token is a pad: nobody looks at it.
    """
    return together(query, key, value, vector_keys, vector_values, torch.ones_like(mask), causal)


@task.mistake
def mask_hides_vectors(query, key, value, vector_keys, vector_values, mask, causal):
    """Where a text has pads, vectors are hidden, too.

    The mask speaks of tokens. The vectors are seen by everybody, in every text.
    """
    batch, n_vectors = len(query), vector_keys.shape[1]
    keys = torch.cat([vector_keys.expand(batch, -1, -1, -1), key], dim=2)
    values = torch.cat([vector_values.expand(batch, -1, -1, -1), value], dim=2)
    whole = mask.all(dim=1)[:, None, None, None].expand(-1, 1, query.shape[2], n_vectors)
    allowed = torch.cat([whole, allowed_of(query, mask, causal)], dim=-1)
    return mixed(query, keys, values, allowed)


@task.mistake
def always_causal(query, key, value, vector_keys, vector_values, mask, causal):
    """The future is always hidden.

    Only if `causal` is True.
    """
    return together(query, key, value, vector_keys, vector_values, mask, True)


@task.mistake
def never_causal(query, key, value, vector_keys, vector_values, mask, causal):
    """The future is heard.

    If `causal` is True, a token sees itself, those before it, and the vectors.
    """
    return together(query, key, value, vector_keys, vector_values, mask, False)


@task.mistake
def not_oneself(query, key, value, vector_keys, vector_values, mask, causal):
    """Yours hides a token from itself.

    Causal means: those before it *and itself*.
    """
    if not causal:
        return together(query, key, value, vector_keys, vector_values, mask, causal)
    n = query.shape[2]
    allowed = allowed_of(query, mask, False) & torch.ones(n, n, dtype=torch.bool).tril(-1)
    keys = torch.cat([vector_keys.expand(len(query), -1, -1, -1), key], dim=2)
    values = torch.cat([vector_values.expand(len(query), -1, -1, -1), value], dim=2)
    return mixed(query, keys, values, F.pad(allowed, (vector_keys.shape[1], 0), value=True))


@task.mistake
def the_other_triangle(query, key, value, vector_keys, vector_values, mask, causal):
    """You hid the past, and left the future.

    In `tril`, row i has True up to column i: that is who may be seen.
    """
    if not causal:
        return together(query, key, value, vector_keys, vector_values, mask, causal)
    n = query.shape[2]
    allowed = allowed_of(query, mask, False) & torch.ones(n, n, dtype=torch.bool).triu()
    keys = torch.cat([vector_keys.expand(len(query), -1, -1, -1), key], dim=2)
    values = torch.cat([vector_values.expand(len(query), -1, -1, -1), value], dim=2)
    return mixed(query, keys, values, F.pad(allowed, (vector_keys.shape[1], 0), value=True))


@task.mistake
def zeros_before_the_softmax(query, key, value, vector_keys, vector_values, mask, causal):
    """Hidden scores are 0 in yours, and e⁰ is 1.

    Hidden is −∞: then the softmax makes a weight of zero of it.
    """
    batch = len(query)
    keys = torch.cat([vector_keys.expand(batch, -1, -1, -1), key], dim=2)
    values = torch.cat([vector_values.expand(batch, -1, -1, -1), value], dim=2)
    allowed = F.pad(allowed_of(query, mask, causal), (vector_keys.shape[1], 0), value=True)
    scores = (query @ keys.transpose(-2, -1) / query.shape[-1] ** 0.5).masked_fill(~allowed, 0.0)
    return scores.softmax(dim=-1) @ values


@task.mistake
def keys_as_values(query, key, value, vector_keys, vector_values, mask, causal):
    """The vectors' keys are their values as well.

    What is compared and what is said are two things: vector_keys and vector_values.
    """
    return together(query, key, value, vector_keys, vector_keys, mask, causal)


@task.mistake
def scaled_as_stored(query, key, value, vector_keys, vector_values, mask, causal):
    """You scaled the vectors, by √d_head and √N.

    The layer stores its vectors smaller than it uses them. Here they come as they are used.
    """
    keys = vector_keys * query.shape[-1] ** 0.5
    values = vector_values * vector_values.shape[1] ** 0.5
    return together(query, key, value, keys, values, mask, causal)


@task.mistake
def hidden_by_a_large_number(query, key, value, vector_keys, vector_values, mask, causal):
    """Hidden scores are −100 in yours, and a score may be lower than that.

    Hidden is −∞: nothing is lower.
    """
    batch = len(query)
    keys = torch.cat([vector_keys.expand(batch, -1, -1, -1), key], dim=2)
    values = torch.cat([vector_values.expand(batch, -1, -1, -1), value], dim=2)
    allowed = F.pad(allowed_of(query, mask, causal), (vector_keys.shape[1], 0), value=True)
    scores = (query @ keys.transpose(-2, -1) / query.shape[-1] ** 0.5).masked_fill(~allowed, -100.0)
    return scores.softmax(dim=-1) @ values


@task.mistake
def silent_pads(query, key, value, vector_keys, vector_values, mask, causal):
    """You put zeros where pads stand.

    The mask says whom nobody hears. What a pad hears itself is computed like everybody's.
    """
    result = together(query, key, value, vector_keys, vector_values, mask, causal)
    return result * mask[:, None, :, None]


@task.mistake
def pads_at_the_end(query, key, value, vector_keys, vector_values, mask, causal):
    """You counted real tokens, and took so many from the front.

    Pads may stand in front. The mask says of each token what it is.
    """
    first = torch.arange(mask.shape[1]) < mask.sum(dim=-1, keepdim=True)
    return together(query, key, value, vector_keys, vector_values, first, causal)


@task.mistake
def mask_along_the_rows(query, key, value, vector_keys, vector_values, mask, causal):
    """The mask lies along the rows, and hides nobody from the others.

    Rows are who looks, columns who is looked at: `mask[:, None, None, :]`.
    """
    batch, _, n, _ = query.shape
    keys = torch.cat([vector_keys.expand(batch, -1, -1, -1), key], dim=2)
    values = torch.cat([vector_values.expand(batch, -1, -1, -1), value], dim=2)
    allowed = mask[:, None, :, None] & allowed_of(query, torch.ones_like(mask), causal)
    return mixed(query, keys, values, F.pad(allowed, (vector_keys.shape[1], 0), value=True))


@task.mistake
def sees_the_next_one(query, key, value, vector_keys, vector_values, mask, causal):
    """Each token sees the next one, too.

    Your triangle reaches one too far: `tril()` without a number hides all that comes later.
    """
    if not causal:
        return together(query, key, value, vector_keys, vector_values, mask, causal)
    n = query.shape[2]
    allowed = allowed_of(query, mask, False) & torch.ones(n, n, dtype=torch.bool).tril(1)
    keys = torch.cat([vector_keys.expand(len(query), -1, -1, -1), key], dim=2)
    values = torch.cat([vector_values.expand(len(query), -1, -1, -1), value], dim=2)
    return mixed(query, keys, values, F.pad(allowed, (vector_keys.shape[1], 0), value=True))


@task.mistake
def keys_and_values_in_two_orders(query, key, value, vector_keys, vector_values, mask, causal):
    """Keys and values stand in two orders.

    What is compared at one place has to say its own value: vectors in front in both, or behind.
    """
    batch = len(query)
    keys = torch.cat([vector_keys.expand(batch, -1, -1, -1), key], dim=2)
    values = torch.cat([value, vector_values.expand(batch, -1, -1, -1)], dim=2)
    allowed = F.pad(allowed_of(query, mask, causal), (vector_keys.shape[1], 0), value=True)
    return mixed(query, keys, values, allowed)


@task.mistake
def masked_after_the_softmax(query, key, value, vector_keys, vector_values, mask, causal):
    """The mask comes after the softmax.

    Who is hidden has taken a share by then, and it is missing. Hide scores, with −∞.
    """
    batch = len(query)
    keys = torch.cat([vector_keys.expand(batch, -1, -1, -1), key], dim=2)
    values = torch.cat([vector_values.expand(batch, -1, -1, -1), value], dim=2)
    allowed = F.pad(allowed_of(query, mask, causal), (vector_keys.shape[1], 0), value=True)
    weights = (query @ keys.transpose(-2, -1) / query.shape[-1] ** 0.5).softmax(dim=-1)
    return (weights * allowed) @ values


@task.mistake
def root_of_d_model(query, key, value, vector_keys, vector_values, mask, causal):
    """You divided by √d_model.

    A head's vectors have d_head numbers, and that is what is added up in a score.
    """
    scale = (query.shape[1] * query.shape[-1]) ** 0.5
    return together(query, key, value, vector_keys, vector_values, mask, causal, scale=scale)
