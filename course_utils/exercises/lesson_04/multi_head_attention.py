"""All heads attend at once, each on its own share of the numbers."""

import torch
import torch.nn.functional as F

from course_utils.checks.task import Case, Task
from course_utils.exercises.lesson_04.merge_heads import (
    heads_below_each_other,
    mean_of_heads,
    merge_heads,
    merged_without_swapping,
    sum_of_heads,
    woven_heads,
)
from course_utils.exercises.lesson_04.split_heads import (
    dealt_like_cards,
    reshaped_at_once,
    split_heads,
)

task = Task(
    "04.multi_head_attention",
    "All heads at once",
    section="One look is not enough",
    dimensions=("batch", "n_query", "d_model"),
    gradient=True,
    hints=[
        "Split all three, attend as in lesson 03, merge.",
        "query @ key.transpose(-2, -1) works on the last two dimensions, for all heads.",
        "d_head is the last dimension after splitting: query.shape[-1].",
    ],
    praise="Right. As many conversations as heads, at the price of one.",
)


@task.answer
def multi_head_attention(query, key, value, n_heads):
    ### BEGIN SOLUTION
    query, key, value = (split_heads(x, n_heads) for x in (query, key, value))
    scores = query @ key.transpose(-2, -1) / query.shape[-1] ** 0.5
    return merge_heads(scores.softmax(dim=-1) @ value)
    ### END SOLUTION


@task.cases
def cases(seed):
    generator = torch.Generator().manual_seed(seed)

    def inputs(batch, n_query, n_key, d_model, n_heads, *, loud=2):
        query = loud * torch.randn(batch, n_query, d_model, generator=generator)
        key, value = torch.randn(2, batch, n_key, d_model, generator=generator)
        return query, key, value, n_heads

    yield Case("3 words ask 5, 3 heads", inputs(2, 3, 5, 12, 3))
    yield Case("4 words ask 4, 4 heads", inputs(1, 4, 4, 8, 4))
    yield Case("5 words ask 2, 2 heads", inputs(2, 5, 2, 6, 2))
    yield Case("3 sentences of 3 words, 3 heads of 3 numbers", inputs(3, 3, 3, 9, 3))
    yield Case("one word asks one", inputs(1, 1, 1, 4, 2))
    yield Case("one head", inputs(2, 2, 3, 5, 1))
    yield Case("scores in the hundreds", inputs(2, 3, 4, 6, 3, loud=500))


@task.also_right
def with_sdpa(query, key, value, n_heads):
    heads = (split_heads(x, n_heads) for x in (query, key, value))
    return merge_heads(F.scaled_dot_product_attention(*heads))


@task.also_right
def one_by_one(query, key, value, n_heads):
    d_head = query.shape[-1] // n_heads
    outputs = []
    for head in range(n_heads):
        part = slice(head * d_head, (head + 1) * d_head)
        q, k, v = query[..., part], key[..., part], value[..., part]
        outputs.append((q @ k.mT / d_head**0.5).softmax(-1) @ v)
    return torch.cat(outputs, dim=-1)


@task.also_right
def by_einsum(query, key, value, n_heads):
    q, k, v = (x.unflatten(-1, (n_heads, -1)) for x in (query, key, value))
    weights = (torch.einsum("bqhd,bkhd->bhqk", q, k) / q.shape[-1] ** 0.5).softmax(-1)
    return torch.einsum("bhqk,bkhd->bqhd", weights, v).flatten(2)


def weigh(scores):
    return scores.softmax(dim=-1)


def attend(  # the right way, with something to get wrong in each keyword
    query, key, value, n_heads, *, split=split_heads, merge=merge_heads, divisor=None, weigh=weigh
):
    query, key, value = (split(x, n_heads) for x in (query, key, value))
    root = query.shape[-1] ** 0.5 if divisor is None else divisor
    return merge(weigh(query @ key.transpose(-2, -1) / root) @ value)


@task.mistake
def root_of_d_model(query, key, value, n_heads):
    """You divided by the root of d_model.

    Each head's dot product adds up d_head products, not d_model. The size that you want to undo is
    √d_head.
    """
    return attend(query, key, value, n_heads, divisor=query.shape[-1] ** 0.5)


@task.mistake
def no_root(query, key, value, n_heads):
    """You did not divide by a root.

    Scores of d_head products are about √d_head in size. Undivided, the softmax picks winners by
    luck (lesson 03).
    """
    return attend(query, key, value, n_heads, divisor=1)


@task.mistake
def divided_by_d_head(query, key, value, n_heads):
    """You divided by d_head, not by its root.

    That makes the scores too small, and everybody listens to everybody alike. The root:
    d_head ** 0.5.
    """
    return attend(query, key, value, n_heads, divisor=query.shape[-1] // n_heads)


@task.mistake
def power_before_division(query, key, value, n_heads):
    """You wrote ** 1/2 without brackets.

    Python raises to the power 1 first and halves then, so that you divide twice and take no root.
    Write ** 0.5 or ** (1 / 2).
    """
    return attend(query, key, value, n_heads, divisor=2 * query.shape[-1] // n_heads)


@task.mistake
def halved(query, key, value, n_heads):
    """You divided by half of d_head, not by its root.

    d_head ** 1/2 is (d_head ** 1) / 2 to Python. Write d_head ** 0.5.
    """
    return attend(query, key, value, n_heads, divisor=query.shape[-1] / n_heads / 2)


@task.mistake
def root_of_n_heads(query, key, value, n_heads):
    """You divided by the root of the number of heads.

    How many heads there are makes no score larger. Each is a sum of d_head products: divide by
    √d_head.
    """
    return attend(query, key, value, n_heads, divisor=n_heads**0.5)


@task.mistake
def root_of_n_key(query, key, value, n_heads):
    """You divided by the root of the number of words.

    A score does not get larger by there being more of them. Each is a sum of d_head products:
    divide by √d_head, the last dimension of a head.
    """
    return attend(query, key, value, n_heads, divisor=key.shape[1] ** 0.5)


@task.mistake
def multiplied_by_the_root(query, key, value, n_heads):
    """You multiplied by the root of d_head.

    The scores are too large as they are; divide by the root.
    """
    return attend(query, key, value, n_heads, divisor=(query.shape[-1] // n_heads) ** -0.5)


@task.mistake
def one_big_head(query, key, value, n_heads):
    """You used one big head.

    All d_model numbers went into one softmax. Split queries, keys and values first.
    """
    return attend(query, key, value, 1)


@task.mistake
def one_big_head_with_a_small_root(query, key, value, n_heads):
    """There is only one head, and its root is that of a small one.

    √d_head is right for scores of d_head numbers, but yours are of all d_model: nothing was split.
    Split queries, keys and values first.
    """
    return attend(query, key, value, 1, divisor=(query.shape[-1] // n_heads) ** 0.5)


@task.mistake
def one_big_head_without_a_root(query, key, value, n_heads):
    """There is only one head, and no root.

    All d_model numbers went into one softmax, undivided. Split queries, keys and values first; then
    divide each head's scores by √d_head.
    """
    return attend(query, key, value, 1, divisor=1)


@task.mistake
def softmax_over_queries(query, key, value, n_heads):
    """The softmax runs over the queries.

    Each query shares its attention out among the keys, so each row adds up to one: dim=-1.
    """
    return attend(query, key, value, n_heads, weigh=lambda scores: scores.softmax(-2))


@task.mistake
def softmax_over_heads(query, key, value, n_heads):
    """The softmax runs over the heads.

    Then the heads compete with each other. Each of them has a softmax of its own, over the keys:
    dim=-1.
    """
    return attend(query, key, value, n_heads, weigh=lambda scores: scores.softmax(1))


@task.mistake
def softmax_over_the_batch(query, key, value, n_heads):
    """The softmax runs over the batch.

    Then sentences that have nothing to do with each other compete. Each query shares its attention
    out among the keys of its sentence: dim=-1.
    """
    return attend(query, key, value, n_heads, weigh=lambda scores: scores.softmax(0))


@task.mistake
def softmax_by_hand(query, key, value, n_heads):
    """You took e to the power of the scores as they are.

    Right on paper. But e to the 90th is more than a float32 can hold, and infinity divided by
    infinity is NaN. Subtract each row's maximum first, or leave it to .softmax(dim=-1).
    """

    def shares(scores):
        return scores.exp() / scores.exp().sum(-1, keepdim=True)

    return attend(query, key, value, n_heads, weigh=shares)


@task.mistake
def no_softmax(query, key, value, n_heads):
    """There is no softmax.

    Scores are no shares: they may be negative, and they add up to anything. .softmax(dim=-1) makes
    shares of them.
    """
    return attend(query, key, value, n_heads, weigh=lambda scores: scores)


@task.mistake
def root_after_the_softmax(query, key, value, n_heads):
    """You divided by the root after the softmax.

    Then the shares add up to 1/√d_head, and the scores were too large all the same. Divide the
    scores, before the softmax.
    """
    root = (query.shape[-1] // n_heads) ** 0.5
    return attend(query, key, value, n_heads, divisor=1) / root


@task.mistake
def behind_a_triangle(query, key, value, n_heads):
    """You hid the future.

    In an encoder every word may look at all others; the triangle belongs to the decoder, a lesson
    later.
    """

    def past_only(scores):
        past = torch.ones(scores.shape[-2:], dtype=torch.bool).tril()
        return scores.masked_fill(~past, -torch.inf).softmax(-1)

    return attend(query, key, value, n_heads, weigh=past_only)


@task.mistake
def merged_badly(query, key, value, n_heads):
    """You merged without swapping back.

    The heads' results are batch × n_heads × n × d_head. Swap heads and words before you flatten:
    your merge_heads does.
    """
    return attend(query, key, value, n_heads, merge=merged_without_swapping)


@task.mistake
def split_badly(query, key, value, n_heads):
    """You reshaped at once to split.

    Every shape is right, nothing complains, and each head sees pieces of different words. Use your
    split_heads.
    """
    return attend(query, key, value, n_heads, split=reshaped_at_once)


@task.mistake
def split_and_merged_badly(query, key, value, n_heads):
    """You reshaped at once, in and out.

    Every shape is right, nothing complains, and each head sees pieces of different words. Use your
    split_heads and merge_heads.
    """
    return attend(query, key, value, n_heads, split=reshaped_at_once, merge=merged_without_swapping)


@task.mistake
def cards_in_and_out(query, key, value, n_heads):
    """You dealt the numbers to the heads like cards.

    Head 0 gets each word's first d_head numbers in a row, not every n_heads-th: split the last
    dimension into (n_heads, d_head), in this order.
    """
    return attend(query, key, value, n_heads, split=dealt_like_cards, merge=woven_heads)


@task.mistake
def not_merged(query, key, value, n_heads):
    """You did not merge the heads.

    What each head found is right, batch × n_heads × n_query × d_head. Put the heads' numbers side
    by side again: merge_heads.
    """
    return attend(query, key, value, n_heads, merge=lambda x: x)


@task.mistake
def heads_averaged(query, key, value, n_heads):
    """You took the mean of the heads.

    Then what they found separately is stirred together again, and only d_head numbers are left. Put
    the heads' numbers side by side: merge_heads.
    """
    return attend(query, key, value, n_heads, merge=mean_of_heads)


@task.mistake
def heads_as_words(query, key, value, n_heads):
    """You put the heads below each other.

    Each head's answers became words of their own. A word's numbers from all heads belong into one
    row: torch.cat(…, dim=-1), or merge_heads.
    """
    return attend(query, key, value, n_heads, merge=heads_below_each_other)


@task.mistake
def only_one_head(query, key, value, n_heads):
    """You return what the first head found.

    The others were split off, too. Is there a return inside of the loop? All heads' numbers are
    wanted, side by side.
    """
    return attend(query, key, value, n_heads, merge=lambda x: x[:, 0])


@task.mistake
def only_the_last_head(query, key, value, n_heads):
    """You return what the last head found.

    Each turn of the loop replaces what the one before has found. Collect the heads in a list, and
    put their numbers side by side.
    """
    return attend(query, key, value, n_heads, merge=lambda x: x[:, -1])


@task.mistake
def weights_alone(query, key, value, n_heads):
    """You returned the weights.

    They say who listens to whom, and are right. What is wanted is what was heard: weights @ value,
    merged.
    """
    q, k = split_heads(query, n_heads), split_heads(key, n_heads)
    return (q @ k.mT / q.shape[-1] ** 0.5).softmax(-1)


@task.mistake
def keys_for_values(query, key, value, n_heads):
    """You averaged the keys.

    Keys say who is interesting. What is handed over is the value.
    """
    return attend(query, key, key, n_heads)


@task.mistake
def values_for_keys(query, key, value, n_heads):
    """You compared the queries with the values.

    Keys say who is interesting, and so the scores are query times key. The values come in when it
    is known who gets how much.
    """
    return attend(query, value, value, n_heads)


@task.mistake
def keys_ask(query, key, value, n_heads):
    """Your keys ask the queries.

    The scores are turned on their side: one row for each key. Each query has a row, and its columns
    are the keys: query @ key.transpose(-2, -1).
    """
    return attend(key, query, value, n_heads)


@task.mistake
def asks_itself(query, key, value, n_heads):
    """Your queries ask themselves.

    key and value come from you as well, and nobody looks at them: compare the queries with the
    keys, and average the values.
    """
    return attend(query, query, query, n_heads)


@task.mistake
def shares_of_everything(query, key, value, n_heads):
    """You divided by the sum of everything.

    Then all words of all sentences share out one whole. Each query has one of its own: a sum over
    the keys, dim=-1, keepdim=True.
    """

    def shares(scores):
        return scores.flatten().softmax(0).view_as(scores)

    return attend(query, key, value, n_heads, weigh=shares)


@task.mistake
def heads_added(query, key, value, n_heads):
    """You added the heads up.

    Then what they found separately is stirred together again. Put their numbers side by side:
    merge_heads.
    """
    return attend(query, key, value, n_heads, merge=sum_of_heads)


@task.mistake
def values_not_split(query, key, value, n_heads):
    """Every head reads the whole value.

    Queries and keys are split, and what is handed over is not. Each head hands over its own d_head
    numbers.
    """
    q, k = split_heads(query, n_heads), split_heads(key, n_heads)
    weights = (q @ k.mT / q.shape[-1] ** 0.5).softmax(-1)
    return (weights @ value[:, None]).mean(1)
