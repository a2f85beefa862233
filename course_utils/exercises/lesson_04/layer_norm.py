"""Layer norm: each word to mean 0 and spread 1, then stretched and shifted."""

import torch
import torch.nn.functional as F

from course_utils.checks.task import Case, Task

task = Task(
    "04.layer_norm",
    "Layer norm",
    section="Break it: the sums grow",
    dimensions=("batch", "n", "d"),
    hints=[
        "x.mean(dim=-1, keepdim=True) is one mean for each word, in a shape that subtracts.",
        "The variance is the mean of (x − mean)², for each word.",
        "(x − mean) / torch.sqrt(variance + eps) * scale + shift",
    ],
    praise="Right, to the last eps.",
)


@task.answer
def layer_norm(x, scale, shift, eps=1e-5):
    ### BEGIN SOLUTION
    mean = x.mean(dim=-1, keepdim=True)
    variance = (x - mean).square().mean(dim=-1, keepdim=True)
    return (x - mean) / torch.sqrt(variance + eps) * scale + shift
    ### END SOLUTION


@task.cases
def cases(seed):
    generator = torch.Generator().manual_seed(seed)

    def inputs(batch, n, d, *, size=3.0, mean=2.0):
        x = size * torch.randn(batch, n, d, generator=generator) + mean
        return x, torch.randn(d, generator=generator), torch.randn(d, generator=generator)

    for batch, n, d in ((2, 3, 5), (1, 4, 8), (2, 6, 3), (3, 4, 4), (1, 1, 6)):
        yield Case(f"{batch} × {n} words of {d} numbers", inputs(batch, n, d))
    # Where the place of eps shows, and whether it is there.
    yield Case("tiny numbers", inputs(1, 2, 4, size=0.01, mean=0), {"eps": 1e-3})
    yield Case("tiny numbers, and eps as it comes", inputs(2, 3, 4, size=0.003, mean=0))
    equal = torch.tensor([[[5.0] * 4, [-2.0] * 4]])
    yield Case("words of equal numbers", (equal, *inputs(1, 2, 4)[1:]))
    # A mean of squares has no digits left here; the shift forgives what others lose.
    x, scale, shift = inputs(2, 3, 8, mean=3000)
    yield Case("small differences, far from zero", (x, scale, shift + 10))


@task.also_right
def by_torch(x, scale, shift, eps=1e-5):
    return F.layer_norm(x, x.shape[-1:], scale, shift, eps)


@task.also_right
def word_by_word(x, scale, shift, eps=1e-5):
    words = [
        (word - word.mean()) / (((word - word.mean()) ** 2).mean() + eps) ** 0.5 * scale + shift
        for word in x.flatten(0, 1)
    ]
    return torch.stack(words).view_as(x)


@task.also_right
def in_numpy(x, scale, shift, eps=1e-5):
    rest = x.numpy() - x.numpy().mean(-1, keepdims=True)
    spread = ((rest**2).mean(-1, keepdims=True) + eps) ** 0.5
    return torch.from_numpy(rest / spread * scale.numpy() + shift.numpy())


def normed(x, spread, *, dims=-1):
    """Distances from the mean, divided by what `spread` makes of them."""
    rest = x - x.mean(dims, keepdim=True)
    return rest / spread(rest)


def root_of(dims=-1, eps=0.0):
    return lambda rest: torch.sqrt(rest.square().mean(dims, keepdim=True) + eps)


@task.mistake
def over_the_words(x, scale, shift, eps=1e-5):
    """You normalised over the words.

    Then what happens to one word depends on its neighbours. Each word by itself, over its own d
    numbers: dim=-1.
    """
    return normed(x, root_of(1, eps), dims=1) * scale + shift


@task.mistake
def over_the_sentence(x, scale, shift, eps=1e-5):
    """You normalised over the whole sentence.

    Each word has its own mean and spread, over its d numbers alone: dim=-1.
    """
    return normed(x, root_of((1, 2), eps), dims=(1, 2)) * scale + shift


@task.mistake
def over_the_batch(x, scale, shift, eps=1e-5):
    """You normalised over the batch.

    Then a word depends on the sentences that happen to stand beside it. Each word by itself, over
    its own d numbers: dim=-1.
    """
    return normed(x, root_of(0, eps), dims=0) * scale + shift


@task.mistake
def batch_norm(x, scale, shift, eps=1e-5):
    """You wrote batch norm.

    It takes each of the d numbers over all words of the batch. Layer norm takes each word over its
    own d numbers: dim=-1.
    """
    return normed(x, root_of((0, 1), eps), dims=(0, 1)) * scale + shift


@task.mistake
def over_everything(x, scale, shift, eps=1e-5):
    """You took one mean for everything.

    x.mean() without a dim runs over words and sentences as well. Each word has its own mean and
    spread, over its d numbers: dim=-1, keepdim=True.
    """
    return normed(x, root_of((0, 1, 2), eps), dims=(0, 1, 2)) * scale + shift


@task.mistake
def spread_of_everything(x, scale, shift, eps=1e-5):
    """Each word has its own mean, and all share one spread.

    The variance is a mean over a word's d numbers, too: .mean(dim=-1, keepdim=True).
    """
    return normed(x, root_of((0, 1, 2), eps)) * scale + shift


@task.mistake
def keepdim_forgotten(x, scale, shift, eps=1e-5):
    """You forgot keepdim.

    Without it the means are batch × n, and x is batch × n × d: they don't fit, or, where n is d,
    each word gets the means of others. keepdim=True makes them batch × n × 1.
    """
    rest = x - x.mean(-1)
    return rest / torch.sqrt(rest.square().mean(-1) + eps) * scale + shift


@task.mistake
def std_as_torch_has_it(x, scale, shift, eps=1e-5):
    """You took x.std() as it comes, and it is not quite it.

    Two small things at once: torch's std divides by d − 1 unless told otherwise (correction=0), and
    eps belongs under the root, beside the variance.
    """
    return normed(x, lambda rest: x.std(-1, keepdim=True) + eps) * scale + shift


@task.mistake
def divided_by_n_minus_one(x, scale, shift, eps=1e-5):
    """You divided by d − 1.

    torch's .var and .std divide by d − 1 unless told otherwise (correction=0). Here it is d: these
    are all the numbers, not a sample of them.
    """
    return normed(x, lambda rest: torch.sqrt(x.var(-1, keepdim=True) + eps)) * scale + shift


@task.mistake
def std_without_eps(x, scale, shift, eps=1e-5):
    """You took x.std() as it comes, without eps.

    torch's std divides by d − 1 unless told otherwise (correction=0). And a word of equal numbers
    has spread 0, and 0/0 is NaN: add eps to the variance, under the root.
    """
    return normed(x, lambda rest: x.std(-1, keepdim=True)) * scale + shift


@task.mistake
def eps_outside_the_root(x, scale, shift, eps=1e-5):
    """Your eps stands outside the root.

    It is added to the variance, under the root. For tiny numbers that matters.
    """
    return normed(x, lambda rest: root_of()(rest) + eps) * scale + shift


@task.mistake
def eps_forgotten(x, scale, shift, eps=1e-5):
    """Your eps is missing.

    A word of equal numbers has spread 0, and 0/0 is NaN. Add eps under the root.
    """
    return normed(x, root_of()) * scale + shift


@task.mistake
def eps_of_your_own(x, scale, shift, eps=1e-5):
    """Your eps is always the same.

    It is handed to you, eps, and 1e-5 only where nobody says otherwise.
    """
    return layer_norm(x, scale, shift)


@task.mistake
def divided_by_the_variance(x, scale, shift, eps=1e-5):
    """You divided by the variance.

    The variance is the spread squared. Take its root.
    """
    return normed(x, lambda rest: root_of()(rest) ** 2 + eps) * scale + shift


@task.mistake
def not_divided(x, scale, shift, eps=1e-5):
    """You did not divide by the spread.

    The mean is 0 now, and the spread what it was. Divide by the root of the variance.
    """
    return (x - x.mean(-1, keepdim=True)) * scale + shift


@task.mistake
def sum_of_squares(x, scale, shift, eps=1e-5):
    """You added the squares up and did not divide by d.

    That is the length of the vector. The spread is the root of the mean square: .mean(dim=-1), not
    .sum(dim=-1).
    """

    return (
        normed(x, lambda rest: (rest.square().sum(-1, keepdim=True) + eps).sqrt()) * scale + shift
    )


@task.mistake
def mean_distance(x, scale, shift, eps=1e-5):
    """You took the mean distance from the mean.

    The distances are squared first, then comes their mean, then the root.
    """
    return normed(x, lambda rest: rest.abs().mean(-1, keepdim=True) + eps) * scale + shift


@task.mistake
def mean_of_squares(x, scale, shift, eps=1e-5):
    """You took the mean square minus the square of the mean.

    Right on paper. But of two large numbers that are nearly equal a float32 keeps no digit when it
    subtracts them. Subtract the mean first, and square then.
    """
    mean = x.mean(-1, keepdim=True)
    variance = x.square().mean(-1, keepdim=True) - mean.square()
    return (x - mean) / torch.sqrt(variance + eps) * scale + shift


@task.mistake
def mean_left_in(x, scale, shift, eps=1e-5):
    """The mean is still in.

    You measured the spread around the mean, and then divided x itself. Subtract the mean first.
    """
    return x / root_of(eps=eps)(x - x.mean(-1, keepdim=True)) * scale + shift


@task.mistake
def root_mean_square(x, scale, shift, eps=1e-5):
    """You wrote RMSNorm.

    It never subtracts the mean. Many recent models do without; this one does not.
    """
    return x / root_of(eps=eps)(x) * scale + shift


@task.mistake
def spread_around_zero(x, scale, shift, eps=1e-5):
    """You measured the spread around zero.

    The variance is the mean squared distance from the mean: (x - mean) squared, not x squared.
    """
    return (x - x.mean(-1, keepdim=True)) / root_of(eps=eps)(x) * scale + shift


@task.mistake
def brackets_forgotten(x, scale, shift, eps=1e-5):
    """The brackets around x − mean are missing.

    Python divides first, so only the mean is divided by the spread. (x - mean) / …
    """
    mean = x.mean(-1, keepdim=True)
    return x - mean / root_of(eps=eps)(x - mean) * scale + shift


@task.mistake
def not_scaled_nor_shifted(x, scale, shift, eps=1e-5):
    """Scale and shift are missing.

    The numbers are at mean 0 and spread 1, as they should be. Now times scale, plus shift: two
    learned vectors, d numbers each.
    """
    return normed(x, root_of(eps=eps))


@task.mistake
def not_scaled(x, scale, shift, eps=1e-5):
    """Scale is missing.

    Mean, spread and shift are right. Before the shift comes the stretching: times scale.
    """
    return normed(x, root_of(eps=eps)) + shift


@task.mistake
def not_shifted(x, scale, shift, eps=1e-5):
    """Shift is missing.

    Mean, spread and scale are right. At the end comes the shift: + shift.
    """
    return normed(x, root_of(eps=eps)) * scale


@task.mistake
def shifted_then_scaled(x, scale, shift, eps=1e-5):
    """You shifted before you stretched.

    The shift comes last and is not stretched: normalised · scale + shift.
    """
    return (normed(x, root_of(eps=eps)) + shift) * scale


@task.mistake
def scale_and_shift_swapped(x, scale, shift, eps=1e-5):
    """Scale and shift changed places.

    You multiplied by the shift and added the scale. normalised · scale + shift.
    """
    return normed(x, root_of(eps=eps)) * shift + scale


@task.mistake
def divided_by_scale(x, scale, shift, eps=1e-5):
    """You divided by scale.

    Stretching is multiplying: normalised · scale + shift.
    """
    return normed(x, root_of(eps=eps)) / scale + shift


@task.mistake
def stretched_first(x, scale, shift, eps=1e-5):
    """You stretched and shifted before you normalised.

    Then the normalising takes half of it back. First mean 0 and spread 1, then times scale, plus
    shift.
    """
    return normed(x * scale + shift, root_of(eps=eps))


@task.mistake
def divided_by_n(x, scale, shift, eps=1e-5):
    """You divided by the number of words.

    The squares of a word's d numbers are added up, so divide by d: x.shape[-1], or .mean(dim=-1).
    """

    def spread(rest):
        return (rest.square().sum(-1, keepdim=True) / x.shape[1] + eps).sqrt()

    return normed(x, spread) * scale + shift


@task.mistake
def from_zero_to_one(x, scale, shift, eps=1e-5):
    """You stretched from the smallest to the largest number.

    That brings all between 0 and 1. Wanted is mean 0 and spread 1: minus the mean, divided by the
    root of the mean squared distance from it.
    """
    low, high = x.amin(-1, keepdim=True), x.amax(-1, keepdim=True)
    return (x - low) / (high - low + eps) * scale + shift
