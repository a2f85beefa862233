"""The encoder block, pre-norm: normalise what goes into a part, and add what it finds."""

import functools

import torch
import torch.nn.functional as F

from course_utils.checks.task import Case, Task

task = Task(
    "04.pre_norm_block",
    "The block, pre-norm",
    section="Break it: the sums grow",
    dimensions=("batch", "n", "d"),
    hints=[
        "Two lines, one for listening and one for thinking, and both begin with x +.",
        "What goes into the mixer is norm_1(x).",
        "x = x + mixer(norm_1(x)), and the same with ffn and norm_2.",
    ],
    praise="Right. Stack six and you have an encoder.",
)


@task.answer
def pre_norm_block(x, mixer, ffn, norm_1, norm_2):
    ### BEGIN SOLUTION
    x = x + mixer(norm_1(x))
    return x + ffn(norm_2(x))
    ### END SOLUTION


def mean_mixer(x, *, loudness):
    """Every word hears the mean of all."""
    return x.mean(dim=1, keepdim=True).expand_as(x) * loudness


def think(x, *, table):
    return torch.tanh(x @ table) + 0.1


def normalise(x, *, scale, shift):
    return F.layer_norm(x, x.shape[-1:], scale, shift)


@task.cases
def cases(seed):
    generator = torch.Generator().manual_seed(seed)

    def drawn(*shape):
        return torch.randn(*shape, generator=generator)

    def parts(d):  # no two alike, so that one for another shows
        mixer = functools.partial(mean_mixer, loudness=1.5 + drawn(1).abs())
        ffn = functools.partial(think, table=drawn(d, d))
        norms = (functools.partial(normalise, scale=drawn(d), shift=drawn(d)) for _ in range(2))
        return mixer, ffn, *norms

    for batch, n, d in ((2, 3, 4), (1, 5, 6), (3, 1, 5)):
        yield Case(f"{batch} × {n} words of {d}", (2 * drawn(batch, n, d) + 1, *parts(d)))
    mixer, ffn, norm_1, norm_2 = parts(3)
    yield Case("other parts", (drawn(1, 4, 3), ffn, mixer, norm_2, norm_1))


@task.also_right
def step_by_step(x, mixer, ffn, norm_1, norm_2):
    heard = mixer(norm_1(x))
    after_listening = torch.add(heard, x)
    thought = ffn(norm_2(after_listening))
    return torch.add(thought, after_listening)


@task.also_right
def in_a_loop(x, mixer, ffn, norm_1, norm_2):
    x = x.clone()
    for part, norm in ((mixer, norm_1), (ffn, norm_2)):
        x += part(norm(x))
    return x


@task.mistake
def post_norm(x, mixer, ffn, norm_1, norm_2):
    """You wrote the post-norm block.

    That is the paper of 2017, and the lesson's. Pre-norm normalises what goes into a part, and
    leaves the sum alone: x + mixer(norm_1(x)).
    """
    x = norm_1(x + mixer(x))
    return norm_2(x + ffn(x))


@task.mistake
def both_norms(x, mixer, ffn, norm_1, norm_2):
    """You normalised before the parts and behind them.

    Pre-norm means before alone, mixer(norm_1(x)). Of the sum nothing is taken: it runs on as it is.
    """
    x = norm_1(x + mixer(norm_1(x)))
    return norm_2(x + ffn(norm_2(x)))


@task.mistake
def no_norms(x, mixer, ffn, norm_1, norm_2):
    """The norms are missing.

    Each part wants its input normalised: norm_1 in front of the mixer, norm_2 in front of the
    thinking.
    """
    x = x + mixer(x)
    return x + ffn(x)


@task.mistake
def first_norm_missing(x, mixer, ffn, norm_1, norm_2):
    """The norm in front of the mixer is missing.

    The thinking has its own, which is right. The mixer gets norm_1(x).
    """
    x = x + mixer(x)
    return x + ffn(norm_2(x))


@task.mistake
def second_norm_missing(x, mixer, ffn, norm_1, norm_2):
    """The norm in front of the thinking is missing.

    The mixer has its own, which is right. The thinking gets norm_2(x).
    """
    x = x + mixer(norm_1(x))
    return x + ffn(x)


@task.mistake
def norm_1_twice(x, mixer, ffn, norm_1, norm_2):
    """You used norm_1 twice.

    Two trained norms stretch and shift each in its own way. norm_2 belongs in front of the
    thinking.
    """
    return pre_norm_block(x, mixer, ffn, norm_1, norm_1)


@task.mistake
def norm_2_twice(x, mixer, ffn, norm_1, norm_2):
    """You used norm_2 twice.

    Two trained norms stretch and shift each in its own way. norm_1 belongs in front of the mixer.
    """
    return pre_norm_block(x, mixer, ffn, norm_2, norm_2)


@task.mistake
def norms_swapped(x, mixer, ffn, norm_1, norm_2):
    """The norms are swapped.

    norm_1 belongs in front of the mixer, norm_2 in front of the thinking. Trained norms are not
    interchangeable.
    """
    return pre_norm_block(x, mixer, ffn, norm_2, norm_1)


@task.mistake
def no_residuals(x, mixer, ffn, norm_1, norm_2):
    """The residuals are missing.

    Twelve of those and all words are one. Add what you had: x + …
    """
    return ffn(norm_2(mixer(norm_1(x))))


@task.mistake
def first_residual_missing(x, mixer, ffn, norm_1, norm_2):
    """The first residual is missing.

    The mixer's result replaces what the word was. It is added: x + mixer(norm_1(x)).
    """
    x = mixer(norm_1(x))
    return x + ffn(norm_2(x))


@task.mistake
def second_residual_missing(x, mixer, ffn, norm_1, norm_2):
    """The second residual is missing.

    The thinking is added, too, to what the word has after listening.
    """
    x = x + mixer(norm_1(x))
    return ffn(norm_2(x))


@task.mistake
def one_residual_around_both(x, mixer, ffn, norm_1, norm_2):
    """There is one residual around both parts.

    Each part has its own: x is added after listening, and what that gave is added after thinking.
    """
    return x + ffn(norm_2(mixer(norm_1(x))))


@task.mistake
def residual_of_the_normed(x, mixer, ffn, norm_1, norm_2):
    """You added the normalised x.

    The road of the residual must stay free: x itself is added, and only the part's input is
    normalised.
    """
    x = norm_1(x)
    x = norm_2(x + mixer(x))
    return x + ffn(x)


@task.mistake
def second_residual_from_the_start(x, mixer, ffn, norm_1, norm_2):
    """The second residual starts from the beginning.

    What was heard gets lost: add the thinking to x after listening, not to the first x.
    """
    return x + ffn(norm_2(x + mixer(norm_1(x))))


@task.mistake
def side_by_side(x, mixer, ffn, norm_1, norm_2):
    """Listening and thinking happen side by side.

    Some models do that, to save time. Here each word thinks about what it has heard: the second
    half starts from the sum of the first.
    """
    return x + mixer(norm_1(x)) + ffn(norm_2(x))


@task.mistake
def thinks_about_what_it_heard_alone(x, mixer, ffn, norm_1, norm_2):
    """The thinking gets what was heard, without the word itself.

    The second half starts from the sum of the first: ffn(norm_2(x + heard)).
    """
    heard = mixer(norm_1(x))
    return x + heard + ffn(norm_2(heard))


@task.mistake
def x_added_twice(x, mixer, ffn, norm_1, norm_2):
    """You added the first x twice.

    After listening it is in the sum already. The second half adds the thinking to that sum, and
    nothing else.
    """
    return pre_norm_block(x, mixer, ffn, norm_1, norm_2) + x


@task.mistake
def parts_normed(x, mixer, ffn, norm_1, norm_2):
    """You normalised what comes out of the parts.

    Pre-norm means before: mixer(norm_1(x)), not norm_1(mixer(x)).
    """
    x = x + norm_1(mixer(x))
    return x + norm_2(ffn(x))


@task.mistake
def listens_only(x, mixer, ffn, norm_1, norm_2):
    """The thinking is missing.

    The first half is right. The second looks the same, with ffn and norm_2.
    """
    return x + mixer(norm_1(x))


@task.mistake
def listens_twice(x, mixer, ffn, norm_1, norm_2):
    """It listens twice and never thinks.

    The second half is ffn's: x + ffn(norm_2(x)).
    """
    return pre_norm_block(x, mixer, mixer, norm_1, norm_2)


@task.mistake
def thinks_first(x, mixer, ffn, norm_1, norm_2):
    """It thinks first.

    First the mixer, then the thinking.
    """
    x = x + ffn(norm_2(x))
    return x + mixer(norm_1(x))


@task.mistake
def closing_norm(x, mixer, ffn, norm_1, norm_2):
    """You closed the block with a norm.

    In a pre-norm stack that comes once, after the last block, and the stack does it. Inside, the
    sum runs on as it is.
    """
    return norm_2(pre_norm_block(x, mixer, ffn, norm_1, norm_2))


@task.mistake
def first_residual_of_the_normed(x, mixer, ffn, norm_1, norm_2):
    """The first residual is of the normalised x.

    norm_1(x) goes into the mixer and nowhere else: what is added to is x itself.
    """
    normed = norm_1(x)
    x = normed + mixer(normed)
    return x + ffn(norm_2(x))


@task.mistake
def second_residual_of_the_normed(x, mixer, ffn, norm_1, norm_2):
    """The second residual is of the normalised x.

    norm_2(x) goes into the thinking and nowhere else: what is added to is x itself.
    """
    normed = norm_2(x + mixer(norm_1(x)))
    return normed + ffn(normed)


@task.mistake
def parts_swapped(x, mixer, ffn, norm_1, norm_2):
    """The parts are swapped.

    ffn stands where the mixer belongs, and the mixer where ffn does: first the words listen, and
    then they think.
    """
    return pre_norm_block(x, ffn, mixer, norm_1, norm_2)


@task.mistake
def normed_in_and_out(x, mixer, ffn, norm_1, norm_2):
    """You normalised what goes into the parts and what comes out.

    Some models have norms on both sides. Here it is before alone: mixer(norm_1(x)).
    """
    x = x + norm_1(mixer(norm_1(x)))
    return x + norm_2(ffn(norm_2(x)))


@task.mistake
def subtracted(x, mixer, ffn, norm_1, norm_2):
    """You subtracted what the parts found.

    A residual adds: x + mixer(norm_1(x)).
    """
    x = x - mixer(norm_1(x))
    return x - ffn(norm_2(x))
