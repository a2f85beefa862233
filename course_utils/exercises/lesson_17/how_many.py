"""How many vectors make all-attention as large as attention and feed-forward layers?"""

from collections.abc import Iterator

from course_utils.checks.task import Case, Task

task = Task(
    "17.how_many",
    "As large as the other",
    section="One layer for both",
    hints=[
        "Weights of a block with both halves: four matrices of d_model × d_model, and two of "
        "d_model × d_ff. Biases and norms are left out.",
        "Of a block of all-attention: the four matrices, and N keys and N values. All heads "
        "together make d_model numbers of each.",
        "n_blocks · (4 d² + 2 · d · d_ff) = n_all · (4 d² + 2 · N · d). Solve for N; round down.",
    ],
    praise="Right. With as many blocks it is d_ff itself; twice as many leave room for a quarter.",
)


@task.answer
def how_many_vectors(d_model, d_ff, n_blocks, n_all):
    ### BEGIN SOLUTION
    weights = n_blocks * (4 * d_model**2 + 2 * d_model * d_ff)
    left = weights - n_all * 4 * d_model**2
    return left // (n_all * 2 * d_model)
    ### END SOLUTION


@task.cases
def cases(seed: int) -> Iterator[Case]:
    for d_model, d_ff, n_blocks, n_all in (
        (128, 512, 4, 4), (128, 512, 4, 8), (512, 2048, 12, 18), (64, 200, 6, 7),
        (64, 310, 5, 7), (64, 256, 4, 12),
        (96, 384, 5, 7), (256, 1024, 6 + seed % 3, 8),
    ):  # fmt: skip
        name = f"{n_blocks} blocks of {d_model} with {d_ff}, against {n_all}"
        yield Case(name, (d_model, d_ff, n_blocks, n_all))


@task.also_right
def without_d(d_model, d_ff, n_blocks, n_all):
    return int((n_blocks * (2 * d_model + d_ff) - n_all * 2 * d_model) / n_all)


@task.also_right
def counting_up(d_model, d_ff, n_blocks, n_all):
    room, n = n_blocks * (4 * d_model**2 + 2 * d_model * d_ff), 0
    while n_all * (4 * d_model**2 + 2 * (n + 1) * d_model) <= room:
        n += 1
    return n


@task.mistake
def biases_and_norms_too(d_model, d_ff, n_blocks, n_all):
    """You counted biases and norms.

    Matrices and vectors alone were asked for. What these come to would be spent on vectors.
    """
    biases, norms = 4 * d_model + d_ff + d_model, 4 * d_model
    one = 4 * d_model**2 + 2 * d_model * d_ff + biases + norms
    return (n_blocks * one - n_all * 4 * d_model**2) // (n_all * 2 * d_model)


@task.mistake
def as_wide_as_before(d_model, d_ff, n_blocks, n_all):
    """You returned d_ff.

    That is right for as many blocks. More blocks have more matrices of their own, and leave room
    for fewer vectors.
    """
    return d_ff


@task.mistake
def spread_over_blocks(d_model, d_ff, n_blocks, n_all):
    """You spread the feed-forward layers' numbers over all blocks.

    The blocks that come in addition bring their own four matrices, and these take room, too.
    """
    return n_blocks * d_ff // n_all


@task.mistake
def keys_alone(d_model, d_ff, n_blocks, n_all):
    """You counted keys, and forgot their values.

    A vector is a key and a value: 2 · d_model numbers.
    """
    weights = n_blocks * (4 * d_model**2 + 2 * d_model * d_ff)
    return (weights - n_all * 4 * d_model**2) // (n_all * d_model)


@task.mistake
def feed_forward_once(d_model, d_ff, n_blocks, n_all):
    """You counted one matrix of the feed-forward layer.

    It has two: d_model × d_ff there, and d_ff × d_model back.
    """
    weights = n_blocks * (4 * d_model**2 + d_model * d_ff)
    return (weights - n_all * 4 * d_model**2) // (n_all * 2 * d_model)


@task.mistake
def three_matrices(d_model, d_ff, n_blocks, n_all):
    """You counted three matrices in attention.

    Query, key, value, and the one at the end: four.
    """
    weights = n_blocks * (3 * d_model**2 + 2 * d_model * d_ff)
    return (weights - n_all * 3 * d_model**2) // (n_all * 2 * d_model)


@task.mistake
def rounded_up(d_model, d_ff, n_blocks, n_all):
    """You rounded up.

    Then it is larger than the other one. Round down.
    """
    weights = n_blocks * (4 * d_model**2 + 2 * d_model * d_ff)
    return -(-(weights - n_all * 4 * d_model**2) // (n_all * 2 * d_model))


@task.mistake
def to_the_nearest(d_model, d_ff, n_blocks, n_all):
    """You rounded to the nearest whole number.

    Half of the time it is then larger than the other one. Round down.
    """
    weights = n_blocks * (4 * d_model**2 + 2 * d_model * d_ff)
    return round((weights - n_all * 4 * d_model**2) / (n_all * 2 * d_model))


@task.mistake
def not_rounded(d_model, d_ff, n_blocks, n_all):
    """There are no half vectors.

    Round down, to a whole number.
    """
    weights = n_blocks * (4 * d_model**2 + 2 * d_model * d_ff)
    return (weights - n_all * 4 * d_model**2) / (n_all * 2 * d_model)


@task.mistake
def over_all_blocks(d_model, d_ff, n_blocks, n_all):
    """That is how many there are in all blocks together.

    Wanted are those of one block.
    """
    weights = n_blocks * (4 * d_model**2 + 2 * d_model * d_ff)
    return (weights - n_all * 4 * d_model**2) // (2 * d_model)


@task.mistake
def feed_forward_left_in(d_model, d_ff, n_blocks, n_all):
    """You left the feed-forward layers in.

    All-attention has none: its blocks are four matrices and the vectors.
    """
    other = n_all * (4 * d_model**2 + 2 * d_model * d_ff)
    weights = n_blocks * (4 * d_model**2 + 2 * d_model * d_ff)
    return max(0, (weights - other) // (n_all * 2 * d_model))


@task.mistake
def biases_too(d_model, d_ff, n_blocks, n_all):
    """You counted biases.

    Weights alone were asked for; the biases are few, and the norms, too.
    """
    weights = n_blocks * (4 * d_model**2 + 4 * d_model + 2 * d_model * d_ff + d_ff + d_model)
    return (weights - n_all * 4 * d_model**2) // (n_all * 2 * d_model)
