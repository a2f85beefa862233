"""Listen, ask, think."""

import functools
from collections.abc import Callable, Iterator

import torch
import torch.nn.functional as F
from torch import Tensor, nn

from course_utils.checks.task import Case, Task
from course_utils.exercises.lesson_05.common import _normal
from course_utils.exercises.lesson_05.cross_attention import _keys


def built_and_asked(cls: Callable, x, context, mask, context_mask, mixer, cross, ffn):
    """What the block makes of x, and how many numbers it learns.

    At its first use each norm gets numbers of its own, so that one cannot stand in for another,
    whatever they are called and in whatever order they were made.
    """
    d_model = x.shape[-1]
    block = cls(d_model, mixer, cross, ffn)
    if block is None:
        return None
    if not isinstance(block, nn.Module):
        raise TypeError(f"the block should be an nn.Module, got a {type(block).__name__}")
    for name, kept in vars(block).items():
        if isinstance(kept, list | tuple) and any(isinstance(one, nn.Module) for one in kept):
            raise TypeError(
                f"self.{name} is a plain list of modules: PyTorch does not find them there, and "
                "they never learn. Give each a name of its own, or use nn.ModuleList."
            )
    used = []

    def made_different(norm, _):
        if norm not in used:
            used.append(norm)
            with torch.no_grad():
                norm.weight.copy_(1 + 0.5 * torch.cos(len(used) + torch.arange(d_model)))
                norm.bias.copy_(0.3 * torch.sin(2 * len(used) + torch.arange(d_model)))

    for norm in block.modules():
        if isinstance(norm, nn.LayerNorm) and norm.elementwise_affine:
            norm.register_forward_pre_hook(made_different)
    result = block(x, context, mask, context_mask)
    if result is None:
        return None
    return result, sum(parameter.numel() for parameter in block.parameters())


task = Task(
    "05.decoder_block",
    "Listen, ask, think",
    section="Listen, ask, think",
    dimensions=(("batch", "n", "d_model"), ()),
    gradient=True,
    use=built_and_asked,
    hints=[
        "Three lines, each of the form x = x + part(norm(x)), and only the parts differ.",
        "Make three nn.LayerNorm(d_model) in __init__, and keep mixer, cross and ffn there.",
        "x = x + self.cross(self.cross_norm(x), context, context_mask) is the middle one.",
    ],
    praise="Right. Six beside an encoder, their norms moved behind: the model of 2017.",
)


@task.answer
class DecoderBlock(nn.Module):
    def __init__(self, d_model, mixer, cross, ffn):
        super().__init__()
        ### BEGIN SOLUTION
        self.mixer, self.cross, self.ffn = mixer, cross, ffn
        self.mixer_norm = nn.LayerNorm(d_model)
        self.cross_norm = nn.LayerNorm(d_model)
        self.ffn_norm = nn.LayerNorm(d_model)
        ### END SOLUTION

    def forward(self, x, context, mask=None, context_mask=None):
        ### BEGIN SOLUTION
        x = x + self.mixer(self.mixer_norm(x), mask)
        x = x + self.cross(self.cross_norm(x), context, context_mask)
        return x + self.ffn(self.ffn_norm(x))
        ### END SOLUTION


def past_mean(x: Tensor, mask: Tensor | None) -> Tensor:
    """A causal mixer that is easy to see through: the mean of the real tokens so far."""
    weights = torch.ones(x.shape[1], x.shape[1]).tril().expand(len(x), -1, -1)
    if mask is not None:
        weights = weights * mask[:, None, :]
    return 1.5 * weights @ x / weights.sum(-1, keepdim=True).clamp(min=1)


def glance(x: Tensor, context: Tensor, context_mask: Tensor | None) -> Tensor:
    """Cross-attention without tables."""
    return 2 * F.scaled_dot_product_attention(x, context, context, attn_mask=_keys(context_mask))


def bend(x: Tensor) -> Tensor:
    return torch.tanh(2 * x) + 0.1


@task.cases
def cases(seed: int) -> Iterator[Case]:
    generator = torch.Generator().manual_seed(seed)

    def inputs(batch: int, n: int, n_context: int, d_model: int):
        x = 2 * _normal(generator, batch, n, d_model) + 1
        return x, 2 * _normal(generator, batch, n_context, d_model) - 1

    parts = past_mean, glance, bend
    yield Case("5 German tokens, 4 English ones", (*inputs(1, 5, 4, 6), None, None, *parts))
    yield Case("3 German tokens, 6 English ones", (*inputs(2, 3, 6, 4), None, None, *parts))
    german = torch.tensor([[1, 1, 1, 1], [0, 0, 1, 1]]).bool()
    english = torch.tensor([[1, 1, 0, 0], [1, 1, 1, 0]]).bool()
    yield Case("pads on both sides", (*inputs(2, 4, 4, 6), german, english, *parts))


@task.also_right
class StepByStep(nn.Module):
    def __init__(self, d_model, mixer, cross, ffn):
        super().__init__()
        self.norms = nn.ModuleList(nn.LayerNorm(d_model) for _ in range(3))
        self.parts = mixer, cross, ffn

    def forward(self, x, context, mask=None, context_mask=None):
        mixer, cross, ffn = self.parts
        heard = mixer(self.norms[0](x), mask)
        with_german = torch.add(x, heard)
        seen = cross(self.norms[1](with_german), context, context_mask)
        with_english = torch.add(with_german, seen)
        return torch.add(ffn(self.norms[2](with_english)), with_english)


def written(forward: Callable, n_norms: int = 3) -> type:
    """A block whose forward is `forward(block, x, context, mask, context_mask)`."""

    class Block(nn.Module):
        def __init__(self, d_model, mixer, cross, ffn):
            super().__init__()
            self.mixer, self.cross, self.ffn = mixer, cross, ffn
            self.norms = nn.ModuleList(nn.LayerNorm(d_model) for _ in range(n_norms))

        def forward(self, x, context, mask=None, context_mask=None):
            return forward(self, x, context, mask, context_mask)

    Block.__name__ = forward.__name__
    return Block


def mistaken(forward: Callable | None = None, *, n_norms: int = 3) -> Callable:
    """A decorator: the block with this forward is a mistake, and the docstring says which."""
    if forward is None:
        return functools.partial(mistaken, n_norms=n_norms)
    task.mistake(written(forward, n_norms), id=forward.__name__, says=forward.__doc__)
    return forward


@mistaken
def post_norm(block, x, context, mask, context_mask):
    """You wrote the post-norm block.

    That is the block of 2017, and the lesson's. Pre-norm normalises what goes into a part and
    leaves the sum alone: x + mixer(norm(x), mask).
    """
    x = block.norms[0](x + block.mixer(x, mask))
    x = block.norms[1](x + block.cross(x, context, context_mask))
    return block.norms[2](x + block.ffn(x))


@mistaken
def without_residuals(block, x, context, mask, context_mask):
    """The residuals are missing.

    Each part replaces what was there. Add what it finds to what you had: x + …, three times.
    """
    x = block.mixer(block.norms[0](x), mask)
    x = block.cross(block.norms[1](x), context, context_mask)
    return block.ffn(block.norms[2](x))


@mistaken
def cross_without_residual(block, x, context, mask, context_mask):
    """The residual around cross-attention is missing.

    After it a German token is nothing but a mixture of English ones, and has forgotten what was
    said. The English is a remark on x: x + cross(…).
    """
    x = x + block.mixer(block.norms[0](x), mask)
    x = block.cross(block.norms[1](x), context, context_mask)
    return x + block.ffn(block.norms[2](x))


@mistaken
def ffn_without_residual(block, x, context, mask, context_mask):
    """The residual around the thinking is missing.

    The last line replaces everything by what the feed-forward layer made of it. x + ffn(…).
    """
    x = x + block.mixer(block.norms[0](x), mask)
    x = x + block.cross(block.norms[1](x), context, context_mask)
    return block.ffn(block.norms[2](x))


@mistaken
def normed_residuals(block, x, context, mask, context_mask):
    """You added the normalised x.

    The road of the residual must stay free: x itself is added, and only what goes into the part is
    normalised.
    """
    x = block.norms[0](x)
    x = x + block.mixer(x, mask)
    x = block.norms[1](x)
    x = x + block.cross(x, context, context_mask)
    x = block.norms[2](x)
    return x + block.ffn(x)


@mistaken
def cross_first(block, x, context, mask, context_mask):
    """It looks at the English first.

    First the German tokens hear what has been said so far, then they ask: the question depends on
    what was said.
    """
    x = x + block.cross(block.norms[1](x), context, context_mask)
    x = x + block.mixer(block.norms[0](x), mask)
    return x + block.ffn(block.norms[2](x))


@mistaken
def cross_last(block, x, context, mask, context_mask):
    """It thinks before it asks.

    Listen, ask, think. The feed-forward layer comes last, so that there is something to think
    about.
    """
    x = x + block.mixer(block.norms[0](x), mask)
    x = x + block.ffn(block.norms[2](x))
    return x + block.cross(block.norms[1](x), context, context_mask)


@mistaken
def self_attention_twice(block, x, context, mask, context_mask):
    """You listen to the German twice.

    The second part is not self-attention, whatever some drawings say. It is cross(…), and it is the
    only door through which the English comes in.
    """
    x = x + block.mixer(block.norms[0](x), mask)
    x = x + block.mixer(block.norms[1](x), mask)
    return x + block.ffn(block.norms[2](x))


@mistaken
def cross_asks_itself(block, x, context, mask, context_mask):
    """Your cross-attention asks the German.

    You hand it x where it wants context, so the English never comes in: cross(norm(x), context,
    context_mask).
    """
    x = x + block.mixer(block.norms[0](x), mask)
    x = x + block.cross(block.norms[1](x), block.norms[1](x), mask)
    return x + block.ffn(block.norms[2](x))


@mistaken
def cross_swapped(block, x, context, mask, context_mask):
    """Your cross-attention is the wrong way round.

    There the English asks the German. The first argument asks, the second is asked: cross(norm(x),
    context, context_mask).
    """
    x = x + block.mixer(block.norms[0](x), mask)
    x = x + block.cross(context, block.norms[1](x), context_mask)
    return x + block.ffn(block.norms[2](x))


@mistaken
def context_normed(block, x, context, mask, context_mask):
    """You normalised the context.

    It comes finished from the encoder, which has a norm of its own at its end. Only x is normalised
    here.
    """
    x = x + block.mixer(block.norms[0](x), mask)
    x = x + block.cross(block.norms[1](x), block.norms[1](context), context_mask)
    return x + block.ffn(block.norms[2](x))


@mistaken
def side_by_side(block, x, context, mask, context_mask):
    """Two parts work side by side.

    Both got the x of the beginning. The question to the English should know what the self-attention
    has heard: start each line from the sum of the line before.
    """
    heard = block.mixer(block.norms[0](x), mask)
    seen = block.cross(block.norms[1](x), context, context_mask)
    return x + heard + seen + block.ffn(block.norms[2](x))


@mistaken
def always_from_the_start(block, x, context, mask, context_mask):
    """Every residual starts from the beginning.

    What was found on the way gets lost: add each part's result to the x that went into that part,
    not to the first one.
    """
    y = x + block.mixer(block.norms[0](x), mask)
    y = x + block.cross(block.norms[1](y), context, context_mask)
    return x + block.ffn(block.norms[2](y))


@mistaken
def masks_swapped(block, x, context, mask, context_mask):
    """The masks are swapped.

    mask speaks of the German tokens and belongs to the mixer; context_mask of the English ones and
    belongs to cross.
    """
    x = x + block.mixer(block.norms[0](x), context_mask)
    x = x + block.cross(block.norms[1](x), context, mask)
    return x + block.ffn(block.norms[2](x))


@mistaken
def masks_lost(block, x, context, mask, context_mask):
    """The masks get lost.

    Everything is right as long as nobody pads. Hand them on: mixer(…, mask) and cross(…,
    context_mask).
    """
    return DecoderBlock.forward(_named(block), x, context)


@mistaken
def mask_lost(block, x, context, mask, context_mask):
    """The German mask gets lost.

    cross gets its mask. The mixer wants one as well: mixer(norm(x), mask).
    """
    return DecoderBlock.forward(_named(block), x, context, None, context_mask)


@mistaken
def context_mask_lost(block, x, context, mask, context_mask):
    """The English mask gets lost.

    The mixer gets its mask. cross wants one as well: cross(norm(x), context, context_mask).
    """
    return DecoderBlock.forward(_named(block), x, context, mask, None)


@mistaken(n_norms=1)
def one_norm(block, x, context, mask, context_mask):
    """One norm does it all.

    A new block can't tell, all norms start alike. A trained one can: each part wants its x
    stretched and shifted its own way. Three parts, three norms.
    """
    return DecoderBlock.forward(_named(block), x, context, mask, context_mask)


@mistaken(n_norms=4)
def closing_norm(block, x, context, mask, context_mask):
    """You closed the block with a norm.

    In a pre-norm stack that comes once, after the last block, and the stack does it. Inside, the
    sum runs on as it is.
    """
    return block.norms[3](DecoderBlock.forward(_named(block), x, context, mask, context_mask))


@mistaken(n_norms=2)
def no_norm_before_cross(block, x, context, mask, context_mask):
    """Cross-attention gets x as it is.

    Each of the three parts has a norm in front, the middle one too: cross(norm(x), …).
    """
    x = x + block.mixer(block.norms[0](x), mask)
    x = x + block.cross(x, context, context_mask)
    return x + block.ffn(block.norms[1](x))


@mistaken
def norms_behind_the_parts(block, x, context, mask, context_mask):
    """You normalised what comes out of the parts.

    Pre-norm means before: mixer(norm(x), mask), not norm(mixer(x, mask)).
    """
    x = x + block.norms[0](block.mixer(x, mask))
    x = x + block.norms[1](block.cross(x, context, context_mask))
    return x + block.norms[2](block.ffn(x))


@mistaken(n_norms=0)
def norms_that_learn_nothing(block, x, context, mask, context_mask):
    """Your norms have nothing to learn.

    F.layer_norm alone neither stretches nor shifts. nn.LayerNorm(d_model) has a scale and a shift
    of its own: make three of them in __init__.
    """

    def norm(x):
        return F.layer_norm(x, x.shape[-1:])

    x = x + block.mixer(norm(x), mask)
    x = x + block.cross(norm(x), context, context_mask)
    return x + block.ffn(norm(x))


def _named(block: nn.Module) -> nn.Module:
    """The same block with its norms under the reference's names, for its forward."""
    block.mixer_norm, block.cross_norm, block.ffn_norm = (
        block.norms[min(i, len(block.norms) - 1)] for i in range(3)
    )
    return block


@mistaken
def three_made_one_used(block, x, context, mask, context_mask):
    """You made three norms and use one of them three times.

    The other two never see anything. Each part has its own: the second in front of cross, the third
    in front of ffn.
    """
    norm = block.norms[0]
    x = x + block.mixer(norm(x), mask)
    x = x + block.cross(norm(x), context, context_mask)
    return x + block.ffn(norm(x))


@mistaken
def second_norm_twice(block, x, context, mask, context_mask):
    """You use the second norm twice.

    The third is made and never asked. In front of ffn stands a norm of its own.
    """
    x = x + block.mixer(block.norms[0](x), mask)
    x = x + block.cross(block.norms[1](x), context, context_mask)
    return x + block.ffn(block.norms[1](x))


@mistaken
def first_norm_twice(block, x, context, mask, context_mask):
    """You use the first norm twice.

    In front of cross stands a norm of its own, with a scale and a shift that suit the question.
    """
    x = x + block.mixer(block.norms[0](x), mask)
    x = x + block.cross(block.norms[0](x), context, context_mask)
    return x + block.ffn(block.norms[2](x))


@mistaken(n_norms=0)
def no_norms(block, x, context, mask, context_mask):
    """Your block has no norms.

    Pre-norm: each part gets x normalised, and what it finds is added to x as it was. Make three
    nn.LayerNorm(d_model) in __init__.
    """
    x = x + block.mixer(x, mask)
    x = x + block.cross(x, context, context_mask)
    return x + block.ffn(x)


@mistaken
def norms_made_and_not_used(block, x, context, mask, context_mask):
    """You made the norms and never use them.

    Each part gets x through its norm: self.mixer(self.mixer_norm(x), mask).
    """
    return no_norms(block, x, context, mask, context_mask)


@mistaken
def listening_without_residual(block, x, context, mask, context_mask):
    """The residual around the listening is missing.

    x = x + mixer(norm(x), mask): what a token finds is added to what it was.
    """
    x = block.mixer(block.norms[0](x), mask)
    x = x + block.cross(block.norms[1](x), context, context_mask)
    return x + block.ffn(block.norms[2](x))


@mistaken
def never_asks(block, x, context, mask, context_mask):
    """Your block never asks the English.

    It writes good sentences about something else. The middle line is
    x = x + cross(norm(x), context, context_mask).
    """
    x = x + block.mixer(block.norms[0](x), mask)
    return x + block.ffn(block.norms[2](x))


@mistaken
def never_thinks(block, x, context, mask, context_mask):
    """Your block never thinks.

    The last line is missing: x + ffn(norm(x)).
    """
    x = x + block.mixer(block.norms[0](x), mask)
    return x + block.cross(block.norms[1](x), context, context_mask)


@mistaken
def never_listens(block, x, context, mask, context_mask):
    """In your block the German tokens never listen to each other.

    The first line is missing: x = x + mixer(norm(x), mask).
    """
    x = x + block.cross(block.norms[1](x), context, context_mask)
    return x + block.ffn(block.norms[2](x))
