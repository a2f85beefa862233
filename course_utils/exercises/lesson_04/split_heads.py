"""Deal each word's numbers out to the heads."""

import torch

from course_utils.checks.task import Case, Task

task = Task(
    "04.split_heads",
    "Deal the numbers out",
    section="One look is not enough",
    dimensions=("batch", "n_heads", "n", "d_head"),
    hints=[
        "Two steps: cut the last dimension into two, then swap two dimensions.",
        "x.unflatten(-1, (n_heads, -1)) makes batch × n × n_heads × d_head.",
        ".transpose(1, 2) swaps dimensions 1 and 2: words and heads.",
    ],
    praise="Right: every head has its own share of every word.",
)


@task.answer
def split_heads(x, n_heads):
    ### BEGIN SOLUTION
    batch, n, d_model = x.shape
    return x.view(batch, n, n_heads, d_model // n_heads).transpose(1, 2)
    ### END SOLUTION


@task.cases
def cases(seed):
    generator = torch.Generator().manual_seed(seed)
    sizes = (  # in the first ones no two are equal, so that dimensions in the wrong place show
        (2, 5, 12, 4),
        (1, 3, 8, 2),
        (3, 4, 10, 5),
        (2, 1, 6, 3),
        (1, 4, 3, 1),
        (2, 3, 4, 4),
    )
    for batch, n, d_model, n_heads in sizes:
        yield Case(
            f"batch of {batch}, n = {n}, d_model = {d_model}, n_heads = {n_heads}",
            (torch.randn(batch, n, d_model, generator=generator), n_heads),
        )


@task.also_right
def by_slices(x, n_heads):
    return torch.stack(x.chunk(n_heads, dim=-1), dim=1)


@task.also_right
def by_loops(x, n_heads):
    d_head = x.shape[-1] // n_heads
    heads = [x[:, :, head * d_head : (head + 1) * d_head] for head in range(n_heads)]
    return torch.stack(heads).transpose(0, 1)


@task.also_right
def by_reshaping_the_other_way_up(x, n_heads):
    return x.mT.unflatten(1, (n_heads, -1)).mT


@task.mistake
def reshaped_at_once(x, n_heads):
    """You reshaped at once.

    The shape is right and the words are mixed: reshape reads the numbers in the order of memory, so
    your first head holds whole first words. Split the last dimension alone, then swap words and
    heads.
    """
    batch, n, d_model = x.shape
    return x.reshape(batch, n_heads, n, d_model // n_heads)


@task.mistake
def dealt_like_cards(x, n_heads):
    """You dealt the numbers like cards.

    Head 0 got numbers 0, n_heads, 2·n_heads, … It should get the first d_head numbers in a row:
    split the last dimension into (n_heads, d_head), in this order.
    """
    return x.unflatten(-1, (-1, n_heads)).permute(0, 3, 1, 2)


@task.mistake
def not_swapped(x, n_heads):
    """Words and heads were not swapped.

    You have batch × n × n_heads × d_head. Each head should see all its words in one piece, so the
    heads come before the words: .transpose(1, 2).
    """
    return x.unflatten(-1, (n_heads, -1))


@task.mistake
def heads_before_batch(x, n_heads):
    """You put the heads in front of the batch.

    The batch stays the first dimension; the heads come second.
    """
    return x.unflatten(-1, (n_heads, -1)).permute(2, 0, 1, 3)


@task.mistake
def reshaped_with_heads_before_batch(x, n_heads):
    """You reshaped at once, and put the heads in front of the batch.

    reshape reads the numbers in the order of memory, so your first head holds whole sentences.
    Split the last dimension alone, then swap words and heads.
    """
    batch, n, d_model = x.shape
    return x.reshape(n_heads, batch, n, d_model // n_heads)


@task.mistake
def numbers_before_words(x, n_heads):
    """Words and numbers changed places.

    The last dimension should be the d_head numbers of a word, the one before it the words.
    """
    return x.unflatten(-1, (n_heads, -1)).permute(0, 2, 3, 1)


@task.mistake
def numbers_before_heads(x, n_heads):
    """You swapped the heads with their numbers.

    You have batch × n × d_head × n_heads. It is the words that the heads change places with:
    .transpose(1, 2).
    """
    return x.unflatten(-1, (n_heads, -1)).mT


@task.mistake
def heads_of_n_heads_numbers(x, n_heads):
    """Your heads are n_heads numbers wide.

    n_heads says how many heads there are, and each gets d_model / n_heads numbers. (.chunk(n) makes
    n pieces, .split(n) makes pieces of n.)
    """
    return x.unflatten(-1, (-1, n_heads)).transpose(1, 2)


@task.mistake
def turned_then_reshaped(x, n_heads):
    """You swapped first, and reshaped the whole then.

    reshape reads the numbers in the order of memory, and so puts those of different words side by
    side. Split the last dimension alone, then swap words and heads.
    """
    batch, n, d_model = x.shape
    return x.transpose(1, 2).reshape(batch, n_heads, n, d_model // n_heads)


@task.mistake
def heads_in_the_batch(x, n_heads):
    """You folded the heads into the batch.

    [batch · n_heads, n, d_head] is how one computed before matrix products took any number of
    dimensions in front. Here the heads have a dimension of their own, the second.
    """
    return x.unflatten(-1, (n_heads, -1)).transpose(1, 2).flatten(0, 1)


@task.mistake
def everything_to_everybody(x, n_heads):
    """Each of your heads has all the numbers.

    Then the heads are as wide as the model, and all alike. Each gets a share of its own of a word:
    d_model / n_heads numbers.
    """
    return x[:, None].expand(-1, n_heads, -1, -1)


@task.mistake
def one_head_only(x, n_heads):
    """You return one head.

    Its numbers are those of the first head. The others are wanted, too, in a dimension of their
    own: batch × n_heads × n × d_head.
    """
    return x[..., : x.shape[-1] // n_heads]


@task.mistake
def loose_heads(x, n_heads):
    """You return the heads one by one, and not as one tensor.

    The right numbers, in a list or tuple. torch.stack(…, dim=1) puts the pieces into one tensor,
    with the heads behind the batch.
    """
    return list(x.chunk(n_heads, dim=-1))


@task.mistake
def same_slice_for_all(x, n_heads):
    """All your heads have the same numbers.

    Each of them got the first d_head. Head 1 begins where head 0 ends: at head * d_head.
    """
    return one_head_only(x, n_heads)[:, None].expand(-1, n_heads, -1, -1)


@task.mistake
def overlapping_slices(x, n_heads):
    """Your heads overlap.

    Head 1 begins one number after head 0. It should begin where head 0 ends, at head * d_head.
    """
    return x.unfold(-1, x.shape[-1] // n_heads, 1)[:, :, :n_heads].transpose(1, 2)


@task.mistake
def squeezed(x, n_heads):
    """You squeezed.

    .squeeze() removes every dimension of size 1: a batch of one sentence, a sentence of one word.
    All four dimensions stay.
    """
    return split_heads(x, n_heads).squeeze()
