"""FNet's layer: the real part of both transforms, with silence at the pads."""

from collections.abc import Iterator

import torch

from course_utils.checks.task import Case, Task

task = Task(
    "16.mix",
    "Mix with waves",
    section="16 · FNet: mixing tokens with waves",
    dimensions=("batch", "n", "d_model"),
    hints=[
        "First silence: where the mask is False, x becomes zeros. `mask[..., None]` stands beside "
        "each token's numbers.",
        "Then two transforms, over each token's numbers and over the tokens. Texts of a batch have "
        "nothing to do with each other: `torch.fft.fft2` takes the last two dimensions alone.",
        "Both transforms first, in complex numbers; the real part is taken once, at the end.",
    ],
    praise="Right. That is all of FNet that is not BERT.",
)


@task.answer
def mix(x, mask):
    ### BEGIN SOLUTION
    silent = x * mask[..., None]
    return torch.fft.fft2(silent).real
    ### END SOLUTION


@task.cases
def cases(seed: int) -> Iterator[Case]:
    generator = torch.Generator().manual_seed(seed)
    for batch, n, d_model, pads in ((1, 4, 6, 0), (2, 5, 8, 2), (3, 7, 4, 3)):
        x = torch.randn(batch, n, d_model, generator=generator)
        mask = torch.ones(batch, n, dtype=torch.bool)
        if pads:
            mask[-1, n - pads :] = False
        name = "no pads" if not pads else f"{pads} pads in the last of {batch} texts"
        yield Case(f"{n} tokens, {name}", (x, mask))


@task.also_right
def one_after_the_other(x, mask):
    hands = torch.fft.fft(x.masked_fill(~mask[..., None], 0.0), dim=-1)
    return torch.fft.fft(hands, dim=-2).real


@task.also_right
def by_tables(x, mask):
    def table(n):
        place = torch.arange(n, dtype=torch.float64)
        angle = 2 * torch.pi * torch.outer(place, place) / n
        return angle.cos().float(), angle.sin().float()

    x = torch.where(mask[..., None], x, torch.zeros_like(x))
    (cos_n, sin_n), (cos_d, sin_d) = table(x.shape[1]), table(x.shape[2])
    return cos_n @ x @ cos_d - sin_n @ x @ sin_d


def silent(x, mask):
    return x * mask[..., None]


@task.mistake
def real_in_between(x, mask):
    """You took the real part between the two transforms.

    What points up after the first is part of the message, too. Take the real part once, at the
    end.
    """
    return torch.fft.fft(torch.fft.fft(silent(x, mask), dim=2).real, dim=1).real


@task.mistake
def lengths(x, mask):
    """You returned the hands' lengths, |·|.

    Then no number is below zero, and the layer is no longer a plain sum. FNet keeps the real part.
    """
    return torch.fft.fft2(silent(x, mask)).abs()


@task.mistake
def upper_part(x, mask):
    """You kept the imaginary part.

    It is the real one that stays.
    """
    return torch.fft.fft2(silent(x, mask)).imag


@task.mistake
def tokens_alone(x, mask):
    """You transformed over the tokens alone.

    Each token's own numbers are transformed as well: two dimensions, n and d_model.
    """
    return torch.fft.fft(silent(x, mask), dim=1).real


@task.mistake
def numbers_alone(x, mask):
    """You transformed over each token's numbers alone.

    Then no token hears another. Transform over the tokens, too: dimension 1.
    """
    return torch.fft.fft(silent(x, mask), dim=2).real


@task.mistake
def batch_too(x, mask):
    """You transformed over the batch as well.

    `fftn` takes every dimension. Texts in a batch must not hear each other: fft2, or dim=(1, 2).
    """
    return torch.fft.fftn(silent(x, mask)).real


@task.mistake
def batch_and_tokens(x, mask):
    """You transformed over the batch and the tokens.

    The dimensions are batch, n, d_model: 0, 1, 2. Wanted are 1 and 2.
    """
    return torch.fft.fft2(silent(x, mask), dim=(0, 1)).real


@task.mistake
def the_way_back(x, mask):
    """You went the way back: `ifft2`.

    It divides by n · d_model; FNet takes the way there, and divides by nothing.
    """
    return torch.fft.ifft2(silent(x, mask)).real


@task.mistake
def divided(x, mask):
    """You divided by √(n · d_model) ("ortho").

    FNet does not: its waves are √(n · d_model / 2) times louder than x, and the residual is a
    whisper beside them.
    """
    return torch.fft.fft2(silent(x, mask), norm="ortho").real


@task.mistake
def pads_are_heard(x, mask):
    """What stands at the pads is heard.

    Every output is made of every place. Put zeros at the pads *before* the transform.
    """
    return torch.fft.fft2(x).real


@task.mistake
def masked_afterwards(x, mask):
    """You masked what comes out, not what goes in.

    By then everybody has heard the pads. Zeros go in; what comes out at a pad nobody asks.
    """
    return torch.fft.fft2(x).real * mask[..., None]


@task.mistake
def masked_twice(x, mask):
    """You masked what comes out, too.

    FNet's layer does not; a pad's output is never asked for, and the residual is added to it.
    """
    return torch.fft.fft2(silent(x, mask)).real * mask[..., None]


@task.mistake
def pads_instead(x, mask):
    """You kept the pads, and silenced the words.

    The mask is True at real tokens.
    """
    return torch.fft.fft2(silent(x, ~mask)).real


@task.mistake
def hartley(x, mask):
    """That is Hartley's transform: real minus imaginary part.

    It loses nothing, and the paper tried it. FNet keeps the real part alone.
    """
    hands = torch.fft.fft2(silent(x, mask))
    return hands.real - hands.imag


@task.mistake
def with_the_residual(x, mask):
    """You added x already.

    The block does that, and its norm comes after it. The mixer returns the mixture alone.
    """
    return x + torch.fft.fft2(silent(x, mask)).real


@task.mistake
def cut_to_the_words(x, mask):
    """You let the length follow the longest text of the batch.

    The waves have as many places as the table has rows, pads included.
    """
    n = int(mask.sum(dim=1).min())
    mixed = torch.fft.fft2(silent(x, mask)[:, :n]).real
    return torch.cat([mixed, torch.zeros_like(x[:, n:])], dim=1)
