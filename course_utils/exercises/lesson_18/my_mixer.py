"""The capstone: a mixer of one's own, which keeps what every mixer promises."""

import re
from collections.abc import Iterator

import torch
from torch import nn

from course_utils.checks.task import Case, Task
from course_utils.mixers.contract import BrokenContract, check_mixer
from course_utils.shapes import expect_mask

WEIGHTS = 16  # times d_model²: as many as a block of attention and feed-forward layer, and a third
RIGHT = "it keeps every promise, and tokens hear each other"
BREAKS = "it breaks what a mixer promises"
N = 128  # tokens, within which the first one has to be heard


def judged(answer, d_model, n_heads, seed=0):
    """What is done with the answer: in words, and without numbers, what is to be said of it."""
    mixer = answer(d_model, n_heads)
    if mixer is None:  # not written yet
        return None
    if not isinstance(mixer, nn.Module):
        return f"it makes a {type(mixer).__name__}, and a mixer is an nn.Module"
    if is_of_the_course(mixer):
        return "it makes a mixer of the course"
    if sum(p.numel() for p in mixer.parameters()) > WEIGHTS * d_model**2 + 64 * d_model:
        return f"it has more than {WEIGHTS} · d_model² numbers to learn"
    if broken := broken_by(lambda layer: answer(d_model, n_heads), d_model, seed):
        return "\n".join([f"{BREAKS}:", *broken])
    if not mixes(mixer.eval(), d_model, seed):
        return "what the first token says reaches no later one"
    return RIGHT


def is_of_the_course(mixer: nn.Module) -> bool:
    """Is it one, a heir of one, or a wrapper with nothing but one inside?"""

    def made_there(module: nn.Module) -> bool:
        return any(kind.__module__.startswith("course_utils.mixers") for kind in type(module).mro())

    inside = list(mixer.children())
    return made_there(mixer) or (len(inside) == 1 and made_there(inside[0]))


def broken_by(factory, d_model, seed) -> list[str]:
    """What check_mixer says is broken, line by line, and … for each number.

    With other weights the numbers are others, and it is the same mistake.
    """
    try:
        check_mixer(factory, d_model=d_model, seed=seed)
    except BrokenContract as error:
        _, *lines = str(error).splitlines()
        return [re.sub(r"\b\d[\d.e+-]*", "…", line) for line in lines]
    return []


def mixes(mixer: nn.Module, d_model: int, seed: int) -> bool:
    """Does what the first token says reach a later one? That is asked of causal mixers, too."""
    x = torch.randn(1, N, d_model, generator=torch.Generator().manual_seed(seed))
    with torch.no_grad():
        before = mixer(x)[:, 1:]
        for change in (10.0, -10.0):  # up and down: one may hear the highest alone, or the lowest
            x[:, 0] += change
            if (mixer(x)[:, 1:] - before).abs().max() > 1e-6:
                return True
            x[:, 0] -= change
    return False


task = Task(
    "18.my_mixer",
    "Your own mixer",
    section="Your own",
    use=judged,
    makes_modules=True,
    hints=[
        "A class derived from nn.Module, with `causal` (True or False) set, and "
        "`forward(self, x, mask=None)` that returns as many vectors as came in. my_mixer returns "
        "one: `return MyMixer(d_model, n_heads)`.",
        "`check_mixer(lambda layer: my_mixer(64, 4), d_model=64)` says which promise is broken, by "
        "what, and how it is mended. Begin with the mean of all tokens, as in the lesson.",
        "Padding: where `mask` is False a token must not be heard. `expect_mask(mask, x.shape[0], "
        "x.shape[1], 'MyMixer')` refuses masks that are none.",
    ],
    praise="Right: it may stand in any model of the course. Now let it bake: the next cell asks "
    "what came out.",
)


@task.answer
def my_mixer(d_model, n_heads):
    ### BEGIN SOLUTION
    class Mean(nn.Module):
        """Everybody hears the mean of all tokens."""

        causal = False

        def __init__(self):
            super().__init__()
            self.out = nn.Linear(d_model, d_model)

        def forward(self, x, mask=None):
            expect_mask(mask, x.shape[0], x.shape[1], "Mean")
            real = x.new_ones(x.shape[:2]) if mask is None else mask.to(x.dtype)
            total = (x * real[..., None]).sum(dim=1) / real.sum(dim=1)[:, None].clamp(min=1)
            return self.out(total)[:, None].expand_as(x)

    return Mean()
    ### END SOLUTION


@task.property
def promises(result, case):
    """What is broken is said as check_mixer says it, and not by comparing two texts."""
    return result[0].upper() + result[1:] if result.startswith(BREAKS) else None


@task.cases
def cases(seed: int) -> Iterator[Case]:
    for d_model, n_heads in ((16, 2), (24, 4)):
        yield Case(f"vectors of {d_model}, {n_heads} heads", (d_model, n_heads), {"seed": seed})


class Base(nn.Module):
    """What the examples share: a linear layer at the end, and padding made silent."""

    causal = False
    heed_padding = True

    def __init__(self, d_model):
        super().__init__()
        self.out = nn.Linear(d_model, d_model)

    def silent(self, x, mask):
        expect_mask(mask, x.shape[0], x.shape[1], type(self).__name__)
        return x if mask is None or not self.heed_padding else x * mask[..., None].to(x.dtype)


@task.also_right
def the_word_before(d_model, n_heads):
    class Before(Base):
        causal = True

        def forward(self, x, mask=None):
            silent = self.silent(x, mask)
            return self.out(nn.functional.pad(silent, (0, 0, 1, 0))[:, :-1])

    return Before(d_model)


@task.also_right
def eighteen_words_before(d_model, n_heads):
    class Echo(Base):
        causal = True

        def forward(self, x, mask=None):
            silent = self.silent(x, mask)
            return self.out(nn.functional.pad(silent, (0, 0, 18, 0))[:, : x.shape[1]])

    return Echo(d_model)


@task.also_right
def sum_so_far(d_model, n_heads):
    class SoFar(Base):
        causal = True

        def forward(self, x, mask=None):
            total = self.silent(x, mask).float().cumsum(dim=1) if x.dtype in (
                torch.float16, torch.bfloat16
            ) else self.silent(x, mask).cumsum(dim=1)  # fmt: skip
            place = torch.arange(1, x.shape[1] + 1, device=x.device, dtype=total.dtype)
            return self.out((total / place[:, None]).to(x.dtype))

    return SoFar(d_model)


class Everybody(Base):
    def forward(self, x, mask=None):
        silent = self.silent(x, mask)
        return self.out(silent.mean(dim=1, keepdim=True).expand_as(x))


@task.mistake
def padding_is_heard(d_model, n_heads):
    """Padding is heard.

    Where `mask` is False there is no word. Put zeros there, and divide by the number of real ones.
    """

    class Deaf(Everybody):
        heed_padding = False

    return Deaf(d_model)


@task.mistake
def no_expectations(d_model, n_heads):
    """A mask of numbers goes through in silence.

    Somebody's 0 and 1 would be taken for something else. Begin forward by `expect_mask(mask,
    x.shape[0], x.shape[1], "MyMixer")`.
    """

    class Trusting(Base):
        def forward(self, x, mask=None):
            real = x.new_ones(x.shape[:2]) if mask is None else mask.to(x.dtype)
            total = (x * real[..., None]).sum(dim=1) / real.sum(dim=1)[:, None].clamp(min=1)
            return self.out(total)[:, None].expand_as(x)

    return Trusting(d_model)


@task.mistake
def the_texts_hear_each_other(d_model, n_heads):
    """Texts of one batch hear each other.

    The first dimension is the batch. Take no mean, norm or sum over it.
    """

    class Gossip(Base):
        def forward(self, x, mask=None):
            silent = self.silent(x, mask)
            return self.out(silent.mean(dim=0, keepdim=True).expand_as(x))

    return Gossip(d_model)


@task.mistake
def not_said_whether_causal(d_model, n_heads):
    """It does not say whether it is causal.

    A writer must know whether it sees the future: set `causal = True` or `causal = False`.
    """

    class Silent(Base):
        causal = None

        def forward(self, x, mask=None):
            return self.out(self.silent(x, mask).sum(dim=1, keepdim=True).expand_as(x))

    return Silent(d_model)


@task.mistake
def says_causal_and_is_not(d_model, n_heads):
    """It says that it is causal, and hears the future.

    With causal = True no token may hear a later one: a mean *so far*, a shift, a triangle.
    """

    class Prophet(Base):
        causal = True

        def forward(self, x, mask=None):
            silent = self.silent(x, mask)
            count = x.new_tensor(x.shape[1]) if mask is None else mask.sum(1)[:, None, None]
            total = silent.sum(dim=1, keepdim=True) / count.clamp(min=1)
            return self.out(total.to(x.dtype).expand_as(x))

    return Prophet(d_model)


@task.mistake
def nobody_hears(d_model, n_heads):
    """What the first token says reaches no later one.

    Does each token become something of itself alone? That is the other half of a block; a mixer
    lets tokens talk.
    """

    class Alone(Base):
        def forward(self, x, mask=None):
            return self.out(self.silent(x, mask))

    return Alone(d_model)


@task.mistake
def of_the_course(d_model, n_heads):
    """That is a mixer of the course.

    It is a good one. Make one that is yours, be it the mean of all.
    """
    from course_utils.mixers import Attention

    return Attention(d_model, n_heads)


@task.mistake
def the_class_itself(d_model, n_heads):
    """You returned the class.

    A mixer is made of it: `return MyMixer(d_model, n_heads)`, with brackets behind.
    """
    return Everybody


@task.mistake
def one_length_only(d_model, n_heads):
    """It takes texts of one length only.

    Take n from `x.shape[1]` in each call: texts are as long as they are.
    """

    class Table(Base):
        def __init__(self, d_model):
            super().__init__(d_model)
            self.table = nn.Parameter(torch.eye(24) / 2 + 1 / 48)

        def forward(self, x, mask=None):
            return self.out((self.table @ self.silent(x, mask)).to(x.dtype))

    return Table(d_model)


@task.mistake
def one_vector_a_text(d_model, n_heads):
    """One vector a text came out, not one a token.

    Return [batch, n, d_model], as many as came in.
    """

    class Summary(Base):
        def forward(self, x, mask=None):
            return self.out(self.silent(x, mask).mean(dim=1, keepdim=True))

    return Summary(d_model)


@task.mistake
def padding_and_a_mask_of_numbers(d_model, n_heads):
    """Padding is heard, and a mask of numbers goes through in silence.

    That is the lesson's first Mean. Begin forward by `expect_mask(mask, x.shape[0], x.shape[1],
    "MyMixer")`, and leave those out whose mask is False, above the line and below it.
    """

    class FirstMean(Base):
        def forward(self, x, mask=None):
            return self.out(x.mean(dim=1, keepdim=True).expand_as(x))

    return FirstMean(d_model)


@task.mistake
def nobody_divides_by_zero(d_model, n_heads):
    """Where a text is padding alone you divide by 0.

    Nobody is there to be counted: `.clamp(min=1)` behind the count.
    """

    class NoClamp(Base):
        def forward(self, x, mask=None):
            silent = self.silent(x, mask)
            real = x.new_ones(x.shape[:2]) if mask is None else mask.to(x.dtype)
            return self.out(silent.sum(dim=1) / real.sum(dim=1)[:, None])[:, None].expand_as(x)

    return NoClamp(d_model)


@task.mistake
def one_width_only(d_model, n_heads):
    """The width stands there as a number.

    Others make it with other vectors: take `d_model` where you wrote 64.
    """
    return Everybody(64)


@task.mistake
def learns_from_other_texts(d_model, n_heads):
    """In training, texts of one batch hear each other.

    A BatchNorm takes mean and size over the batch. A LayerNorm asks each token alone.
    """

    class Normed(Base):
        def __init__(self, d_model):
            super().__init__(d_model)
            self.norm = nn.BatchNorm1d(d_model)

        def forward(self, x, mask=None):
            silent = self.silent(x, mask)
            real = x.new_ones(x.shape[:2]) if mask is None else mask.to(x.dtype)
            total = silent.sum(dim=1) / real.sum(dim=1)[:, None].clamp(min=1)
            return self.out(self.norm(total))[:, None].expand_as(x)

    return Normed(d_model)


@task.mistake
def changes_x(d_model, n_heads):
    """It changes x itself.

    Whoever holds x finds other numbers there, the residual connection first. Write x = x + …, not
    x += ….
    """

    class InPlace(Base):
        def forward(self, x, mask=None):
            expect_mask(mask, x.shape[0], x.shape[1], "InPlace")
            if mask is not None:
                x *= mask[..., None]
            else:
                x *= 1.5
            return self.out(x.cumsum(dim=1))

    return InPlace(d_model)


@task.mistake
def too_large(d_model, n_heads):
    """It has more than 16 · d_model² numbers to learn.

    A block of attention with its feed-forward layer has 12 · d_model². Others have no more, and it
    is to be compared with them.
    """

    class Huge(Base):
        def __init__(self, d_model):
            super().__init__(d_model)
            self.first = nn.Linear(d_model, 20 * d_model)
            self.second = nn.Linear(20 * d_model, d_model)

        def forward(self, x, mask=None):
            silent = self.silent(x, mask)
            real = x.new_ones(x.shape[:2]) if mask is None else mask.to(x.dtype)
            total = silent.sum(dim=1) / real.sum(dim=1)[:, None].clamp(min=1)
            return self.out(self.second(self.first(total)))[:, None].expand_as(x)

    return Huge(d_model)
