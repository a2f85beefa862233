"""A dictionary that answers in shares: one question to n keys."""

import math

import torch
import torch.nn.functional as F

from course_utils.checks.task import Case, Task
from course_utils.exercises.lesson_03.common import normal

task = Task(
    "03.soft_lookup",
    "A dictionary that answers in shares",
    section="A dictionary that never says KeyError",
    dimensions=("d_value",),
    hints=[
        "Three steps: a score for each key, a share for each score, one average of the values.",
        "The scores are the dot products of the keys with the query: keys @ query, n numbers.",
        "torch.softmax(scores, dim=0) makes shares of them. shares @ values is the sum of the "
        "values, each times its share.",
    ],
    praise="Right: never outside its values, and never a KeyError.",
)


@task.answer
def soft_lookup(query, keys, values):
    ### BEGIN SOLUTION
    shares = torch.softmax(keys @ query, dim=0)
    return shares @ values
    ### END SOLUTION


@task.cases
def cases(seed):
    generator = torch.Generator().manual_seed(seed)

    def question(n, d, d_value):
        return normal(generator, d), normal(generator, n, d), normal(generator, n, d_value)

    for n, d, d_value in ((4, 4, 4), (6, 3, 2), (2, 5, 7), (1, 3, 2), (3, 1, 4), (40, 8, 1)):
        name = f"keys: {n}, of {d} numbers each; values of {d_value}"
        yield Case(name, question(n, d, d_value))
    keys = torch.tensor([[3.0, 0.0], [0.0, 1.0], [0.0, 1.0], [0.0, 3.0]])
    degrees = torch.tensor([[37.0], [20.0], [5.0], [60.0]])
    a_drink = torch.tensor([0.0, 1.0])
    yield Case("the lesson's four words, asked for a drink", (a_drink, keys, degrees))
    query, keys, values = question(5, 4, 3)
    yield Case("a query of zeros", (torch.zeros(4), keys, values))
    yield Case("small numbers", (query / 100, keys, values / 1000))
    # e to the 160th would be more than a float32 can hold. The scores are sixteenths, and exact.
    keys = 2 + torch.randint(-8, 9, (5, 4), generator=generator) / 64
    yield Case("scores above a hundred", (torch.full((4,), 20.0), keys, values))


@task.also_right
def with_loops(query, keys, values):
    scores = [sum(float(q) * float(k) for q, k in zip(query, key, strict=True)) for key in keys]
    powers = [math.exp(score - max(scores)) for score in scores]
    return sum(power / sum(powers) * value for power, value in zip(powers, values, strict=True))


@task.also_right
def by_einsum(query, keys, values):
    return torch.einsum("n,nv->v", F.softmax(torch.mv(keys, query), 0), values)


@task.also_right
def divided_last(query, keys, values):
    scores = (keys * query).sum(-1)
    powers = torch.exp(scores - scores.max())[:, None]
    return (powers * values).sum(0) / powers.sum()


@task.also_right
def with_numpy(query, keys, values):
    scores = keys.double().numpy() @ query.double().numpy()
    shares = torch.from_numpy(scores).softmax(0).numpy()
    return torch.from_numpy((shares[:, None] * values.numpy()).sum(0)).float()


@task.also_right
def as_a_batch_of_one(query, keys, values):
    return F.scaled_dot_product_attention(query[None], keys, values, scale=1.0)[0]


@task.mistake
def hard_dictionary(query, keys, values):
    """You built the hard dictionary.

    The best key's value wins, and the others are dropped. A soft look-up gives every key its share:
    softmax of the scores, then the average of all values with these shares.
    """
    return values[(keys @ query).argmax()]


@task.mistake
def plain_average(query, keys, values):
    """You took the plain average.

    All values get the same share, so the question has no say. The shares come from the scores,
    keys @ query.
    """
    return values.mean(0)


@task.mistake
def divided_scores(query, keys, values):
    """You divided the scores themselves by their sum.

    As soon as a score is negative, so is a share. Raise e to each score first; torch.softmax does
    both steps.
    """
    return (keys @ query / (keys @ query).sum()) @ values


@task.mistake
def scores_as_shares(query, keys, values):
    """You used the scores as shares.

    They do not sum to one, so the result can lie outside all the values. A softmax belongs between
    the scores and the values.
    """
    return keys @ query @ values


@task.mistake
def divided_by_n(query, keys, values):
    """You divided the scores by how many there are.

    They still do not sum to one, and some are negative. Shares come out of a softmax of the scores.
    """
    return keys @ query @ values / len(keys)


@task.mistake
def only_raised(query, keys, values):
    """You raised e to the scores and left it there.

    Everything is positive now, and the shares must also sum to one. Divide by their sum.
    """
    return torch.exp(keys @ query) @ values


@task.mistake
def overflowing(query, keys, values):
    """Your exponentials overflow.

    e to the 89th is more than a float32 can hold, and ∞/∞ is NaN. torch.softmax takes the largest
    score off all of them first, which changes no share.
    """
    powers = torch.exp(keys @ query)
    return powers / powers.sum() @ values


@task.mistake
def powers_of_two(query, keys, values):
    """You raised 2 to the scores, and not e.

    It makes shares, but softer ones: the softmax raises e = 2.718… to each score.
    """
    return torch.softmax(keys @ query * math.log(2), dim=0) @ values


@task.mistake
def sigmoid(query, keys, values):
    """You used a sigmoid.

    It looks at each score alone, so the shares sum to anything. In a softmax the keys compete: what
    one gets, the others don't.
    """
    return torch.sigmoid(keys @ query) @ values


@task.mistake
def log_softmax(query, keys, values):
    """You took the logarithm of the shares.

    log_softmax is what a loss wants. A share is between 0 and 1; its logarithm never is positive.
    Use torch.softmax.
    """
    return torch.log_softmax(keys @ query, dim=0) @ values


@task.mistake
def softmax_twice(query, keys, values):
    """You took the softmax twice.

    The second one takes shares for scores, and shares hardly differ: nearly the plain average comes
    out. Once is enough.
    """
    return torch.softmax(torch.softmax(keys @ query, dim=0), dim=0) @ values


@task.mistake
def softmin(query, keys, values):
    """Your shares go to the wrong keys.

    There is a minus on the scores, so the key that fits least gets most. The larger the dot
    product, the larger the share.
    """
    return torch.softmax(-(keys @ query), dim=0) @ values


@task.mistake
def sizes_of_scores(query, keys, values):
    """You dropped the sign of the scores.

    A key with the score −3 points away from the question. Without its sign it gets as much as one
    with +3.
    """
    return torch.softmax((keys @ query).abs(), dim=0) @ values


@task.mistake
def shares_returned(query, keys, values):
    """You returned the shares.

    They are right, and say how much of whom. What is wanted is the mixture: shares @ values.
    """
    return torch.softmax(keys @ query, dim=0)


@task.mistake
def scores_returned(query, keys, values):
    """You returned the scores.

    They are the first of three steps. The shares come next (softmax), then the mixture:
    shares @ values.
    """
    return keys @ query


@task.mistake
def pair_returned(query, keys, values):
    """You returned the shares as well.

    The mixture is right. The task asks for it alone; only the next one wants a pair.
    """
    return soft_lookup(query, keys, values), torch.softmax(keys @ query, dim=0)


@task.mistake
def not_added_up(query, keys, values):
    """You did not add up.

    Each value is multiplied by its share, and there are still n of them. Their sum is the mixture:
    .sum(0), or shares @ values from the start.
    """
    return torch.softmax(keys @ query, dim=0)[:, None] * values


@task.mistake
def averaged_again(query, keys, values):
    """You averaged an average.

    The shares have done the dividing already: they sum to one. Add up the values times their
    shares with .sum(0); .mean(0) divides by n once more.
    """
    return (torch.softmax(keys @ query, dim=0)[:, None] * values).mean(0)


@task.mistake
def added_across(query, keys, values):
    """You added up along the wrong axis.

    Axis 0 counts the values, axis 1 the numbers in each. The mixture adds value to value: .sum(0).
    """
    return (torch.softmax(keys @ query, dim=0)[:, None] * values).sum(1)


@task.mistake
def one_row(query, keys, values):
    """Your result has an axis too many.

    There was one question, so there is one vector, [d_value], and not a table with one row. Leave
    the query as it is, or take row [0] at the end.
    """
    return soft_lookup(query, keys, values)[None]


@task.mistake
def mixed_keys(query, keys, values):
    """You mixed the keys.

    A key is what stands on the door; what is handed over is the value.
    """
    return torch.softmax(keys @ query, dim=0) @ keys


@task.mistake
def asked_the_values(query, keys, values):
    """You asked the values.

    The query is compared with the keys, keys @ query. The values are what is handed over.
    """
    return torch.softmax(values @ query, dim=0) @ values


@task.mistake
def softmax_too_late(query, keys, values):
    """Your softmax comes too late.

    You mix the values with the raw scores and take the softmax of the mixture. The softmax is for
    the scores, one number a key; the mixing comes last.
    """
    return torch.softmax(keys @ query @ values, dim=0)


@task.mistake
def root(query, keys, values):
    """You divided by a root.

    The next task wants that. This one takes the scores as they are.
    """
    return torch.softmax(keys @ query / math.sqrt(len(query)), dim=0) @ values


@task.mistake
def angles(query, keys, values):
    """You compared angles.

    A cosine forgets how long the vectors are, and the length of the query is how loudly it asks.
    Use the dot product, keys @ query.
    """
    return torch.softmax(F.cosine_similarity(keys, query[None], dim=1), dim=0) @ values


@task.mistake
def distances(query, keys, values):
    """You measured distances.

    A key far out in the query's direction fits well and is far away. Use the dot product,
    keys @ query.
    """
    return torch.softmax(-(keys - query).norm(dim=1), dim=0) @ values


@task.mistake
def directions_of_keys(query, keys, values):
    """You made all keys equally long.

    Only the dot product is asked for, keys @ query: a long key answers louder.
    """
    return torch.softmax(F.normalize(keys, dim=1) @ query, dim=0) @ values


@task.mistake
def direction_of_the_query(query, keys, values):
    """You gave the query the length 1.

    How long the query is, is how loudly it asks. The scores are keys @ query, as they come.
    """
    return torch.softmax(keys @ F.normalize(query, dim=0), dim=0) @ values


@task.mistake
def root_of_n(query, keys, values):
    """You divided by the root of how many keys there are.

    There is no root in this task; and the one in the next is that of the vectors' length.
    """
    return torch.softmax(keys @ query / math.sqrt(len(keys)), dim=0) @ values


@task.mistake
def negative_scores_dropped(query, keys, values):
    """You made the negative scores zero.

    Then their keys get nothing, and if all are negative nobody gets anything. A softmax gives each
    key its share, a small one to the low scores.
    """
    scores = torch.relu(keys @ query)
    return scores / scores.sum() @ values


@task.mistake
def softmax_of_values(query, keys, values):
    """You took the softmax of the values.

    The values are handed over as they are. It is the scores, one number a key, that become shares.
    """
    return keys @ query @ torch.softmax(values, dim=0)


@task.mistake
def rounded_shares(query, keys, values):
    """You rounded the shares.

    0.4 becomes 0 then, and three keys with 0.4, 0.3 and 0.3 say nothing at all. Leave them as they
    are.
    """
    return torch.softmax(keys @ query, dim=0).round() @ values


@task.mistake
def first_value_alone(query, keys, values):
    """You returned the first value's part.

    A return inside the loop ends it after the first round. Add up all the parts, and return behind
    the loop.
    """
    return (torch.softmax(keys @ query, dim=0)[:, None] * values)[0]


@task.mistake
def last_value_alone(query, keys, values):
    """You returned the last value's part.

    Each round of the loop writes over the one before. Add the parts up: mixture = mixture + share *
    value.
    """
    return (torch.softmax(keys @ query, dim=0)[:, None] * values)[-1]


@task.mistake
def one_number(query, keys, values):
    """You added up too much.

    Values are added to values, number by number, and d_value numbers come out: .sum(0). Without an
    axis, .sum() makes a single one of them all.
    """
    return (torch.softmax(keys @ query, dim=0)[:, None] * values).sum()


@task.mistake
def in_a_list(query, keys, values):
    """You put the mixture in a list.

    It is right. Leave out the brackets around it.
    """
    return [soft_lookup(query, keys, values)]
