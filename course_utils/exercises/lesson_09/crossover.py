"""From which length on attention is the larger half of a block's work."""

from course_utils.checks.task import Case, Task

task = Task(
    "09.crossover",
    "Who pays more",
    section="When would you notice?",
    hints=[
        "Write down both bills for one token. The feed-forward layer: d_model · d_ff there, and "
        "as many back. Looking and mixing: d_model each, for every token that is looked at.",
        "The four matrices (queries, keys, values, output) are d_model · d_model each, whatever "
        "n is.",
        "They are equal where 4 · d_model² + 2 · n · d_model = 2 · d_model · d_ff. Divide "
        "by 2 · d_model. With the future hidden, n/2 stands where n stood.",
        "Never below 0: where the four matrices alone cost more, attention is dearer at once.",
    ],
    praise="Right. Narrow feed-forward layers make attention dear early, and hiding the future "
    "puts it off to twice the length.",
)


@task.answer
def crossover(d_model, d_ff, causal):
    ### BEGIN SOLUTION
    n = d_ff - 2 * d_model
    return max(0, 2 * n if causal else n)
    ### END SOLUTION


@task.cases
def cases(seed):
    yield Case("lesson 08's writer", (128, 512, True))
    yield Case("an encoder of the same size", (128, 512, False))
    yield Case("the transformer of 2017, its encoder", (512, 2_048, False))
    yield Case("a feed-forward layer half as wide", (192, 96, True))
    yield Case("one twice as wide as the words", (64, 128, False))
    yield Case("a wide one", (96, 1_000 + 8 * (seed % 50), True))


@task.also_right
def by_counting(d_model, d_ff, causal):
    n = 0
    while 4 * d_model**2 + 2 * d_model * (n / 2 if causal else n) < 2 * d_model * d_ff:
        n += 1
    return n


@task.mistake
def matrices_left_out(d_model, d_ff, causal):
    """You left out the four matrices, as the lesson did.

    This time they count: queries, keys, values and the output, d_model · d_model each, for every
    token.
    """
    return 2 * d_ff if causal else d_ff


@task.mistake
def future_not_hidden(d_model, d_ff, causal):
    """You never look at `causal`.

    With the future hidden a token looks at n/2 others on average, so the text may be twice as long.
    """
    return max(0, d_ff - 2 * d_model)


@task.mistake
def future_halved(d_model, d_ff, causal):
    """You halve the length where the future is hidden.

    It is the looking that is halved. So it takes a text *twice* as long to cost as much.
    """
    n = max(0, d_ff - 2 * d_model)
    return n // 2 if causal else n


@task.mistake
def below_nothing(d_model, d_ff, causal):
    """You return a length below zero.

    There the four matrices alone cost more than the feed-forward layer: attention is dearer from
    the very first token, so the answer is 0.
    """
    n = d_ff - 2 * d_model
    return 2 * n if causal else n


@task.mistake
def three_matrices(d_model, d_ff, causal):
    """You count three matrices.

    Queries, keys and values, and the fourth mixes the heads in the end: the output.
    """
    n = d_ff - 1.5 * d_model
    return max(0, 2 * n if causal else n)


@task.mistake
def one_way(d_model, d_ff, causal):
    """You count the feed-forward layer's way there, and not its way back.

    It goes from d_model numbers to d_ff and back again: 2 · d_model · d_ff.
    """
    n = d_ff / 2 - 2 * d_model
    return max(0, 2 * n if causal else n)


@task.mistake
def mixing_left_out(d_model, d_ff, causal):
    """You count the looking, and not the mixing.

    A dot product with each key, and each value times its share: d_model multiplications each.
    """
    n = 2 * d_ff - 4 * d_model
    return max(0, 2 * n if causal else n)


@task.mistake
def lessons_rule(d_model, d_ff, causal):
    """That is the lesson's rule of thumb, 8 · d_model or 4 · d_model.

    It holds for a feed-forward layer four times as wide as the words, with the four matrices left
    out. Here d_ff may be anything, and they count.
    """
    return (8 if causal else 4) * d_model


@task.mistake
def the_other_way_round(d_model, d_ff, causal):
    """You doubled where the future is *not* hidden.

    With the future hidden each token looks at half as many, so it is there that n may be twice as
    large.
    """
    n = max(0, d_ff - 2 * d_model)
    return n if causal else 2 * n


@task.mistake
def on_the_wrong_bill(d_model, d_ff, causal):
    """You put the four matrices on the feed-forward layer's bill.

    They are attention's: 4 · d_model² and what grows with n on one side, 2 · d_model · d_ff on the
    other.
    """
    n = d_ff + 2 * d_model
    return 2 * n if causal else n


@task.mistake
def one_matrix(d_model, d_ff, causal):
    """You count one matrix.

    There are four of d_model × d_model: queries, keys, values, and the output.
    """
    n = d_ff - 0.5 * d_model
    return max(0, 2 * n if causal else n)


@task.mistake
def left_out_and_never_hidden(d_model, d_ff, causal):
    """You left out the four matrices, and `causal`.

    The matrices cost each token 4 · d_model², whatever n is, and with the future hidden a token
    looks at n/2 others.
    """
    return d_ff


@task.mistake
def whole_text(d_model, d_ff, causal):
    """That is a product of widths, and no length.

    Write down both bills for one token, set them equal, and divide by what stands beside n.
    """
    return d_model * d_ff
