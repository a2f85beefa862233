"""Fourier mixing, and the controls beside which FNet is measured. No token asks another anything.

All five mix the whole table of n tokens × d_model numbers in a way that does not depend on what the
tokens say. Source: Lee-Thorp et al. 2021, "FNet: Mixing Tokens with Fourier Transforms"
(arXiv 2105.03824), and the released code, google-research/f_net, layers.py.
"""

import torch
from jaxtyping import Bool, Complex, Float
from torch import Tensor, nn

from course_utils.shapes import expect_at_least, expect_mask, expect_tokens


def real_tokens(
    x: Float[Tensor, "batch n d_model"], mask: Bool[Tensor, "batch n"] | None, who: str
) -> Float[Tensor, "batch n d_model"]:
    """`x` with zeros at padding: a fixed mixer hears every place, so silence is all it can get.

    The published code ignores the mask. Either way the *length* is heard: the waves have as many
    places as the table has rows, and the same text padded to another length mixes differently.
    """
    expect_mask(mask, x.shape[0], x.shape[1], who)
    return x if mask is None else x * mask[..., None]


def refuse(mixer: str, causal: bool) -> None:
    """ValueError where a causal mixer is asked for."""
    if causal:
        raise ValueError(
            f"{mixer} cannot be causal: every output is made of all tokens, later ones too. For a "
            "model that writes take Attention(..., causal=True)."
        )


class _Mixing(nn.Module):
    """What the mixers of this file share: all hear the future, and none can go on where it was."""

    causal = False

    def new_cache(self):
        """ValueError: with each further token all that was mixed before is another mixture."""
        raise ValueError(
            f"{type(self).__name__} has no cache: a further token changes every output, so that "
            "nothing of the ones before can be kept."
        )


class FourierMixing(_Mixing):
    """FNet's layer: the real part of the Fourier transform over hidden numbers, then over tokens.

    It has no parameters. As in the paper it is *not* normalised: outputs are √(n · d_model / 2)
    times as large as inputs (for 512 × 768, 443 times), so that in `norm(x + mixed)` next to
    nothing is left of x. A factor of 1 / √(n · d_model), which is a well-meant mending, makes
    them 0.7 times as large, and most of x stays: another model, and not the published one.

    The real part alone cannot be undone: of n · d_model numbers (n · d_model + f) / 2 remain, where
    f is the number of wave pairs that are real by themselves. What is lost, the residual keeps.
    Half precision is computed in float32 and returned as it came.

    Raises ValueError for `causal=True`. Source: Lee-Thorp et al. 2021, section 3.2.
    """

    def __init__(self, causal: bool = False):
        super().__init__()
        refuse("FourierMixing", causal)

    def forward(
        self,
        x: Float[Tensor, "batch n d_model"],
        mask: Bool[Tensor, "batch n"] | None = None,
    ) -> Float[Tensor, "batch n d_model"]:
        x = real_tokens(x, mask, "FourierMixing")
        return transformed(x).real.to(x.dtype)


class HartleyMixing(_Mixing):
    """As `FourierMixing`, but real part minus imaginary part: a transform that undoes itself.

    Twice in a row gives n · d_model times the input, so nothing is lost. The paper's appendix finds
    it about as good. Source: Lee-Thorp et al. 2021, appendix.
    """

    def __init__(self, causal: bool = False):
        super().__init__()
        refuse("HartleyMixing", causal)

    def forward(
        self,
        x: Float[Tensor, "batch n d_model"],
        mask: Bool[Tensor, "batch n"] | None = None,
    ) -> Float[Tensor, "batch n d_model"]:
        x = real_tokens(x, mask, "HartleyMixing")
        waves = transformed(x)
        return (waves.real - waves.imag).to(x.dtype)


def transformed(x: Float[Tensor, "batch n d_model"]) -> Complex[Tensor, "batch n d_model"]:
    """Both Fourier transforms; in single precision where x is half, for there is none on a CPU.

    That x is real could save half of the work. Measured on a CPU, taking it out costs more.
    """
    if x.dtype in (torch.float16, torch.bfloat16):
        x = x.float()
    # A batch without texts is an error to some libraries underneath.
    return torch.fft.fft2(x) if len(x) else torch.complex(x, x)


class _TwoTables(_Mixing):
    """x times a table over hidden numbers, [d_model, d_model], and one over tokens, [n, n]."""

    def __init__(self, n: int, d_model: int, causal: bool):
        super().__init__()
        refuse(type(self).__name__, causal)
        expect_at_least(1, n=n, d_model=d_model)
        self.n, self.d_model = n, d_model

    def forward(
        self,
        x: Float[Tensor, "batch n d_model"],
        mask: Bool[Tensor, "batch n"] | None = None,
    ) -> Float[Tensor, "batch n d_model"]:
        """A shorter text than `n` uses the first rows and columns of the table over tokens."""
        who = type(self).__name__
        expect_tokens(x, self.d_model, who)
        length = x.shape[1]
        if length > self.n:
            raise ValueError(
                f"{who} has a table for {self.n} tokens, got {length}. Make it with n={length}."
            )
        x = real_tokens(x, mask, who)
        return self.over_tokens[:length, :length] @ (x @ self.over_hidden)


class LinearMixing(_TwoTables):
    """Two tables that are learned, in the place of the Fourier transform's: FNet's "Linear".

    `n` is the length of the longest text. Raises ValueError for `causal=True`, and for longer
    texts. Both begin at N(0, 0.02²). Source: the released code.
    """

    def __init__(self, n: int, d_model: int, causal: bool = False):
        super().__init__(n, d_model, causal)
        self.over_tokens = nn.Parameter(0.02 * torch.randn(n, n))
        self.over_hidden = nn.Parameter(0.02 * torch.randn(d_model, d_model))


class RandomMixing(_TwoTables):
    """Two tables by dice that stay as they are: FNet's "Random".

    Give each layer a `seed` of its own. The tables keep the size of what they mix, as LeCun's
    initialisation does. Source: the released code.
    """

    def __init__(self, n: int, d_model: int, seed: int, causal: bool = False):
        super().__init__(n, d_model, causal)
        dice = torch.Generator().manual_seed(seed)
        over_tokens = torch.randn(n, n, generator=dice) / n**0.5
        over_hidden = torch.randn(d_model, d_model, generator=dice) / d_model**0.5
        self.register_buffer("over_tokens", over_tokens)
        self.register_buffer("over_hidden", over_hidden)
