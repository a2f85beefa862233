"""What does a shuffle change?"""

import torch
from torch import Tensor

from course_utils.checks.task import Case, Task
from course_utils.exercises.lesson_02.common import normal


def plain_number(answer, layer, x, order):
    """What the answer gives. A tensor would be taken for a number everywhere else."""
    gap = answer(layer, x, order)
    if isinstance(gap, Tensor):
        raise TypeError(
            "this task wants a plain number, and the result is still a tensor: float( ) around it, "
            "or .item() behind it, makes a number of it."
        )
    return gap


task = Task(
    "02.shuffle_gap",
    "What does a shuffle change?",
    section="Shuffle the words and nothing changes",
    use=plain_number,
    hints=[
        "There are two answers to compare, and each of them needs one call of layer.",
        "Ask, then shuffle: layer(x)[order]. Shuffle, then ask: layer(x[order]).",
        "Subtract the two, take .abs(), then .max(), then float( ).",
    ],
    praise="Right. Nearly zero for attention, anything but zero for a running sum.",
)


@task.answer
def shuffle_gap(layer, x, order):
    ### BEGIN SOLUTION
    return float((layer(x)[order] - layer(x[order])).abs().max())
    ### END SOLUTION


def running_sum(x):
    """A layer that goes by order: each token becomes the sum of all up to it."""
    return x.cumsum(dim=0)


def attend(x):
    """A layer that does not go by order: self-attention without tables."""
    return torch.softmax(x @ x.mT, dim=-1) @ x


def next_word(x):
    """Each token becomes the one behind it; the last becomes the first."""
    return x.roll(-1, dims=0)


def times_the_first(x):
    """Each token is multiplied by the first one."""
    return x * x[0]


def doubled(x):
    return 2 * x


@task.cases
def cases(seed):
    generator = torch.Generator().manual_seed(seed)

    def some(n, d):
        return normal(generator, n, d)

    # A cycle is not its own inverse, so shuffling back by mistake shows.
    yield Case("a running sum", (running_sum, some(4, 3), torch.tensor([1, 2, 3, 0])))
    yield Case("5 tokens", (running_sum, some(5, 2), torch.tensor([4, 0, 1, 2, 3])))
    yield Case("growing", (running_sum, some(3, 4).abs(), torch.tensor([1, 2, 0])))
    yield Case("shrinking", (running_sum, -some(3, 4).abs(), torch.tensor([2, 0, 1])))
    rising = 0.1 + some(3, 4).abs().cumsum(0)  # whichever comes first, the true first was smaller
    yield Case("differences below zero", (times_the_first, rising, torch.tensor([2, 0, 1])))
    yield Case("as many numbers as tokens", (next_word, some(4, 4), torch.tensor([2, 0, 3, 1])))
    order = torch.randperm(9, generator=generator).roll(1)
    yield Case("9 tokens in some order", (next_word, some(9, 5), order))
    yield Case("large numbers", (running_sum, 1000 * some(4, 2), torch.tensor([3, 0, 1, 2])))
    yield Case("small numbers", (running_sum, some(4, 2) / 1000, torch.tensor([1, 3, 0, 2])))
    yield Case("attention", (attend, some(4, 4), torch.tensor([1, 2, 3, 0])))
    yield Case("twice as much of each", (doubled, some(4, 3), torch.tensor([3, 2, 1, 0])))
    yield Case("a shuffle that changes nothing", (running_sum, some(3, 2), torch.arange(3)))
    yield Case("a single token", (running_sum, some(1, 3), torch.tensor([0])))


@task.also_right
def row_by_row(layer, x, order):
    first, second = layer(x), layer(x[order])
    gaps = [(first[place] - row).abs().max() for place, row in zip(order, second, strict=True)]
    return max(gaps).item()


@task.also_right
def number_by_number(layer, x, order):
    largest = 0.0
    pairs = zip(layer(x)[order].flatten().tolist(), layer(x[order]).flatten().tolist(), strict=True)
    for one, other in pairs:
        largest = max(largest, abs(one - other))
    return largest


@task.also_right
def with_numpy(layer, x, order):
    return abs(layer(x).numpy()[order.numpy()] - layer(x[order]).numpy()).max()


@task.also_right
def by_the_norm(layer, x, order):
    gap = torch.index_select(layer(x), 0, order) - layer(x.index_select(0, order))
    return torch.linalg.vector_norm(gap, ord=torch.inf).item()


@task.also_right
def unshuffled(layer, x, order):
    """Put the second answer back in order, and compare there."""
    return float((layer(x) - layer(x[order])[order.argsort()]).abs().amax())


@task.mistake
def answer_not_shuffled(layer, x, order):
    """You did not shuffle the first answer.

    Row 0 of layer(x) belongs to the first word, row 0 of layer(x[order]) to the word that came
    first after the shuffle. Compare the same words: layer(x)[order]. (Or you shuffled the second
    one twice: behind layer(x[order]) no other [order] is needed.)
    """
    return float((layer(x) - layer(x[order])).abs().max())


@task.mistake
def words_not_shuffled(layer, x, order):
    """You asked about the same words twice.

    Both answers are layer(x), and only one of them is shuffled. The second question is asked after
    the shuffle: layer(x[order]).
    """
    return float((layer(x)[order] - layer(x)).abs().max())


@task.mistake
def shuffled_back(layer, x, order):
    """You undid the shuffle on one side and did it on the other.

    One side uses order, the other its inverse. Both sides take [order].
    """
    return float((layer(x)[order.argsort()] - layer(x[order])).abs().max())


@task.mistake
def columns_shuffled(layer, x, order):
    """You shuffled the numbers within the words.

    x is n×d, one row a word. x[:, order] turns every word into another one; x[order] puts the words
    in another order.
    """
    return float((layer(x)[:, order] - layer(x[:, order])).abs().max())


@task.mistake
def layer_asked_once(layer, x, order):
    """You asked the layer once.

    The second answer must be the layer's as well: layer(x[order]), not x[order].
    """
    return float((layer(x)[order] - x[order]).abs().max())


@task.mistake
def layer_asked_after_the_shuffle_only(layer, x, order):
    """You compared with words that no layer has seen.

    The first answer is the layer's as well: layer(x)[order], not x[order].
    """
    return float((x[order] - layer(x[order])).abs().max())


@task.mistake
def layer_never_asked(layer, x, order):
    """You never asked the layer.

    x[order] − x says what the shuffle does to the words. What it does to the layer's answers is
    the question: layer(x)[order] and layer(x[order]).
    """
    return float((x[order] - x).abs().max())


@task.mistake
def signs_kept(layer, x, order):
    """You kept the signs.

    A large negative difference is large, too, and .max() never sees it. Take .abs() first.
    """
    return float((layer(x)[order] - layer(x[order])).max())


@task.mistake
def sign_dropped_at_the_end(layer, x, order):
    """Your .abs() comes after the .max().

    By then the large negative differences have lost against small positive ones. First .abs(), then
    .max().
    """
    return abs(signs_kept(layer, x, order))


@task.mistake
def sizes_compared(layer, x, order):
    """You took the sizes before the difference.

    |a| − |b| is not |a − b|: 3 and −3 are 6 apart. Subtract first, then .abs().
    """
    return float((layer(x)[order].abs() - layer(x[order]).abs()).abs().max())


@task.mistake
def maxima_compared(layer, x, order):
    """You subtracted two maxima.

    The largest number of one answer and the largest of the other may belong to different words.
    Subtract the answers, number by number, then look for the largest difference.
    """
    return float((layer(x)[order].max() - layer(x[order]).max()).abs())


@task.mistake
def mean_gap(layer, x, order):
    """You took the mean difference.

    One word that is badly off can hide in a mean. The task asks for the largest.
    """
    return float((layer(x)[order] - layer(x[order])).abs().mean())


@task.mistake
def sum_of_gaps(layer, x, order):
    """You added the differences up.

    A sum grows with the length of the sentence, even if no single number is far off. The task asks
    for the largest.
    """
    return float((layer(x)[order] - layer(x[order])).abs().sum())


@task.mistake
def smallest_gap(layer, x, order):
    """You took the smallest difference.

    Some number nearly always agrees by luck. The task asks for the largest: .max().
    """
    return float((layer(x)[order] - layer(x[order])).abs().min())


@task.mistake
def squared(layer, x, order):
    """You squared the differences.

    A square has lost its sign as well, but it has another size: 0.1 becomes 0.01. Take .abs().
    """
    return float((layer(x)[order] - layer(x[order])).square().max())


@task.mistake
def distance(layer, x, order):
    """You took the norm of all differences.

    It is the root of the sum of all their squares, and grows with how many there are. The task asks
    for the largest single one: .abs().max().
    """
    return float((layer(x)[order] - layer(x[order])).norm())


@task.mistake
def longest_row(layer, x, order):
    """You took the length of the row that is farthest off.

    That puts d differences into one number. The task asks for the largest single one.
    """
    return float((layer(x)[order] - layer(x[order])).norm(dim=-1).max())


@task.mistake
def first_row_alone(layer, x, order):
    """You looked at one word alone.

    Is there an index [0] too many, or a return inside a loop? All words count.
    """
    return float((layer(x)[order] - layer(x[order]))[0].abs().max())


@task.mistake
def whole_number(layer, x, order):
    """You cut off what comes after the point.

    int( ) does that. float( ) keeps it.
    """
    return int((layer(x)[order] - layer(x[order])).abs().max())


@task.mistake
def yes_or_no(layer, x, order):
    """You answered yes or no.

    Whether the two agree is a good question, and here the task asks by how much they differ: the
    largest absolute difference.
    """
    return torch.allclose(layer(x)[order], layer(x[order]), atol=1e-5)


@task.mistake
def last_row_alone(layer, x, order):
    """You looked at the last word alone.

    Each round of the loop writes over the one before. Keep the largest: max( … ) of all rounds.
    """
    return float((layer(x)[order] - layer(x[order]))[-1].abs().max())


@task.mistake
def largest_row_sum(layer, x, order):
    """You added up each word's differences.

    The largest of the sums is that of the word that is farthest off in all. The task asks for the
    largest single difference: .abs().max().
    """
    return float((layer(x)[order] - layer(x[order])).abs().sum(-1).max())


@task.mistake
def place_of_the_largest(layer, x, order):
    """You returned where the largest difference is.

    argmax does that. How large it is, .max() says.
    """
    return int((layer(x)[order] - layer(x[order])).abs().argmax())


@task.mistake
def how_many_differ(layer, x, order):
    """You counted the numbers that differ.

    Rounding alone makes nearly all of them differ a little. The task asks how far off the farthest
    is.
    """
    return int((layer(x)[order] != layer(x[order])).sum())


@task.mistake
def rounded(layer, x, order):
    """You rounded.

    The number is right but for its last digits. Return it as it is; print may round.
    """
    return round(shuffle_gap(layer, x, order), 2)


@task.mistake
def in_a_list(layer, x, order):
    """You put the number in a list.

    It is right. Leave out the brackets around it.
    """
    return [shuffle_gap(layer, x, order)]


@task.mistake
def both_answers(layer, x, order):
    """You returned both answers.

    They are the right two. Subtract one from the other, and return the largest absolute difference.
    """
    return layer(x)[order], layer(x[order])
