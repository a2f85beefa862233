"""One step of the streaming softmax, with the largest score carried along.

Milakov and Gimelshein 2018, "Online normalizer calculation for softmax", algorithm 3; Rabe and
Staats 2021 and Dao et al. 2022 mix the values on the way.
"""

import math

import torch

from course_utils.checks.task import Case, Task

task = Task(
    "09.read_on",
    "Read on",
    section="The table that nobody writes down",
    dimensions=(("n_query", "1"), ("n_query", "1"), ("n_query", "d_value")),
    hints=[
        "Three steps: the new largest score, the old totals brought to its scale, the new piece "
        "added.",
        "The new largest: the larger of the old one and scores.max(dim=-1, keepdim=True).values. "
        "torch.maximum compares place by place.",
        "What was summed up was e to the (score − old largest). Times e to the (old largest − new "
        "largest), it is e to the (score − new largest). That holds for total and for mixed.",
    ],
    praise="Right, and no score is ever raised to more than e⁰. So does FlashAttention.",
)


@task.answer
def read_on(largest, total, mixed, scores, values):
    ### BEGIN SOLUTION
    new = torch.maximum(largest, scores.max(dim=-1, keepdim=True).values)
    old_scale = torch.exp(largest - new)  # 0 at the very beginning, where largest is -inf
    shares = torch.exp(scores - new)
    total = total * old_scale + shares.sum(dim=-1, keepdim=True)
    mixed = mixed * old_scale + shares @ values
    return new, total, mixed
    ### END SOLUTION


def nothing_yet(n_query, d_value):
    start = torch.full((n_query, 1), -math.inf)
    return start, torch.zeros(n_query, 1), torch.zeros(n_query, d_value)


@task.cases
def cases(seed):
    generator = torch.Generator().manual_seed(seed)

    def normal(*shape):
        return torch.randn(*shape, generator=generator)

    begun = normal(3, 1), 1 + torch.rand(3, 1, generator=generator), normal(3, 2)
    yield Case("three queries in the middle of a text", (*begun, normal(3, 4), normal(4, 2)))
    yield Case("the first piece", (*nothing_yet(2, 5), normal(2, 3), normal(3, 5)))
    louder = begun[0] + torch.tensor([[9.0], [-9.0], [0.0]])
    yield Case("a largest score that stays, one that is beaten", (
        louder, *begun[1:], 3 * normal(3, 6), normal(6, 2)
    ))  # fmt: skip
    loud = 200 * normal(4, 8)
    yield Case("scores in the hundreds", (
        loud[:, :1], torch.ones(4, 1), normal(4, 3), loud[:, 1:], normal(7, 3)
    ))  # fmt: skip
    low = normal(2, 5) - 300
    yield Case("scores far below zero", (*nothing_yet(2, 2), low, normal(5, 2)))
    yield Case("a piece of one key", (*begun, normal(3, 1), normal(1, 2)))


@task.also_right
def key_by_key(largest, total, mixed, scores, values):
    for score, value in zip(scores.T, values):
        new = torch.where(score[:, None] > largest, score[:, None], largest)
        scale, share = (largest - new).exp(), (score[:, None] - new).exp()
        largest, total, mixed = new, total * scale + share, mixed * scale + share * value
    return largest, total, mixed


@task.also_right
def all_at_once(largest, total, mixed, scores, values):
    """The old totals as one more score, whose value is their average."""
    everything = torch.cat([largest + total.log(), scores], dim=-1).double()
    new = torch.maximum(largest, scores.amax(-1, keepdim=True))
    powers = (everything - new).exp()
    average = (mixed / total).nan_to_num()
    new_mixed = powers[:, :1] * average + powers[:, 1:] @ values.double()
    return new, powers.sum(-1, keepdim=True).float(), new_mixed.float()


@task.mistake
def no_scale(largest, total, mixed, scores, values):
    """You don't bring the old totals to the new scale.

    They were summed up against the old largest score, and the new piece against the new one: pounds
    and kilograms in one sum. Multiply both totals by e to the (old largest − new largest) first.
    """
    new = torch.maximum(largest, scores.max(dim=-1, keepdim=True).values)
    shares = torch.exp(scores - new)
    return new, total + shares.sum(dim=-1, keepdim=True), mixed + shares @ values


@task.mistake
def scale_upside_down(largest, total, mixed, scores, values):
    """Your scale is upside down.

    You multiply by e to the (new − old). The new largest is at least as large as the old one, so
    what was summed up has to shrink: e to the (old − new).
    """
    new = torch.maximum(largest, scores.max(dim=-1, keepdim=True).values)
    scale, shares = torch.exp(new - largest), torch.exp(scores - new)
    return new, total * scale + shares.sum(-1, keepdim=True), mixed * scale + shares @ values


@task.mistake
def only_total_scaled(largest, total, mixed, scores, values):
    """You bring the total to the new scale, and forget the mixture.

    In the end one is divided by the other, so both have to shrink alike.
    """
    new = torch.maximum(largest, scores.max(dim=-1, keepdim=True).values)
    scale, shares = torch.exp(largest - new), torch.exp(scores - new)
    return new, total * scale + shares.sum(-1, keepdim=True), mixed + shares @ values


@task.mistake
def only_mixed_scaled(largest, total, mixed, scores, values):
    """You bring the mixture to the new scale, and forget the total.

    A total that did not shrink is too large to divide by: what was read first loses weight with
    every louder word.
    """
    new = torch.maximum(largest, scores.max(dim=-1, keepdim=True).values)
    scale, shares = torch.exp(largest - new), torch.exp(scores - new)
    return new, total + shares.sum(-1, keepdim=True), mixed * scale + shares @ values


@task.mistake
def this_piece_alone(largest, total, mixed, scores, values):
    """You take the largest score of this piece, even where an earlier one was larger.

    Then the old totals grow instead of shrinking, and with loud scores past what four bytes can
    hold. The largest so far is the larger of the two: torch.maximum.
    """
    new = scores.max(dim=-1, keepdim=True).values
    scale, shares = torch.exp(largest - new), torch.exp(scores - new)
    return new, total * scale + shares.sum(-1, keepdim=True), mixed * scale + shares @ values


@task.mistake
def old_largest(largest, total, mixed, scores, values):
    """You take the old largest score off the new scores.

    It may be far below them, at the beginning even −∞, and then e to the difference is too big for
    four bytes. First find the new largest, then take that off.
    """
    new = torch.maximum(largest, scores.max(dim=-1, keepdim=True).values)
    shares = torch.exp(scores - largest)
    return new, total + shares.sum(-1, keepdim=True), mixed + shares @ values


@task.mistake
def no_largest_at_all(largest, total, mixed, scores, values):
    """You raise e to the scores as they are.

    That is the lesson's first version, and it breaks on loud scores: e to the 89 is too big for
    four bytes. Take the largest score so far off every score first.
    """
    new = torch.maximum(largest, scores.max(dim=-1, keepdim=True).values)
    shares = torch.exp(scores)
    return new, total + shares.sum(-1, keepdim=True), mixed + shares @ values


@task.mistake
def largest_of_all_queries(largest, total, mixed, scores, values):
    """You take one largest score for all queries.

    Each query has a row of scores of its own, and its own largest: scores.max(dim=-1,
    keepdim=True). With one for all, a quiet query's shares all become zero beside a loud one's.
    """
    new = torch.maximum(largest, scores.max().expand_as(largest))
    scale, shares = torch.exp(largest - new), torch.exp(scores - new)
    return new, total * scale + shares.sum(-1, keepdim=True), mixed * scale + shares @ values


@task.mistake
def divided_too_early(largest, total, mixed, scores, values):
    """You divide already.

    The division comes once, when the whole text has been read. Until then `mixed` is a sum: the
    next piece is added to it.
    """
    new, total, mixed = read_on(largest, total, mixed, scores, values)
    return new, total, mixed / total


@task.mistake
def old_largest_returned(largest, total, mixed, scores, values):
    """You return the old largest score.

    The totals are on the new scale now. Who reads on has to know which.
    """
    return largest, *read_on(largest, total, mixed, scores, values)[1:]


@task.mistake
def this_piece_only(largest, total, mixed, scores, values):
    """You forget what was read before.

    These are this piece's own totals. What came before is in `total` and `mixed`: scale them, and
    add the piece to them.
    """
    new = torch.maximum(largest, scores.max(dim=-1, keepdim=True).values)
    shares = torch.exp(scores - new)
    return new, shares.sum(-1, keepdim=True), shares @ values


@task.mistake
def softmax_of_the_piece(largest, total, mixed, scores, values):
    """You take a softmax of the piece.

    A softmax shares out 1 in each piece, whether it was loud or quiet. Pieces have to stay
    comparable: add powers of e, and divide once, at the end.
    """
    new = torch.maximum(largest, scores.max(dim=-1, keepdim=True).values)
    return new, total + 1.0, mixed + torch.softmax(scores, dim=-1) @ values


@task.mistake
def no_powers(largest, total, mixed, scores, values):
    """You add up the scores and not e to the scores.

    A share is a power of e: torch.exp(scores − largest), never below zero.
    """
    new = torch.maximum(largest, scores.max(dim=-1, keepdim=True).values)
    shares = scores - new
    return new, total + shares.sum(-1, keepdim=True), mixed + shares @ values


@task.mistake
def one_total_for_all(largest, total, mixed, scores, values):
    """You add up the shares of all queries.

    Each query has a total of its own: shares.sum(dim=-1, keepdim=True), [n_query, 1].
    """
    new = torch.maximum(largest, scores.max(dim=-1, keepdim=True).values)
    scale, shares = torch.exp(largest - new), torch.exp(scores - new)
    return new, total * scale + shares.sum(), mixed * scale + shares @ values


@task.mistake
def largest_added_up(largest, total, mixed, scores, values):
    """You add the new largest score to the old one.

    The largest so far is the larger of the two: torch.maximum.
    """
    new = largest + scores.max(dim=-1, keepdim=True).values
    scale, shares = torch.exp(largest - new), torch.exp(scores - new)
    return new, total * scale + shares.sum(-1, keepdim=True), mixed * scale + shares @ values


@task.mistake
def difference_taken_off(largest, total, mixed, scores, values):
    """You take the difference off the totals.

    They are sums of powers, so their scale changes by a factor: times e to the (old − new).
    """
    new = torch.maximum(largest, scores.max(dim=-1, keepdim=True).values)
    shares = torch.exp(scores - new)
    total = total - (new - largest) + shares.sum(-1, keepdim=True)
    return new, total, mixed - (new - largest) + shares @ values


@task.mistake
def two_results(largest, total, mixed, scores, values):
    """You return the two totals alone.

    Whoever reads on needs the largest score, too: return largest, total, mixed.
    """
    return read_on(largest, total, mixed, scores, values)[1:]


@task.mistake
def smaller_one(largest, total, mixed, scores, values):
    """You carry the smaller one along.

    torch.minimum keeps the smallest largest score. It is the larger that keeps every power at most
    1.
    """
    new = torch.minimum(largest, scores.max(dim=-1, keepdim=True).values)
    scale, shares = torch.exp(largest - new), torch.exp(scores - new)
    return new, total * scale + shares.sum(-1, keepdim=True), mixed * scale + shares @ values
