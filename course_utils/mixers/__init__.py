"""Ways of letting tokens talk. All fit one socket:

    forward(x: [batch, n, d_model], mask: [batch, n] or None) -> [batch, n, d_model]

    causal: bool

`mask` is True at real tokens and False at padding. `causal` is True if no token hears a later one;
a model that writes refuses a mixer that says False, or nothing. A model never asks which mixer it
holds.

A mixer that can go on where it stopped, for a model that writes, also has `new_cache()` and takes
what that returns as `forward(x, mask, cache=...)`. If it returns None there is nothing to remember.
"""

from course_utils.mixers.attention import (
    Attention,
    KeyValues,
    capture_attention,
    dot_product_attention,
)
from course_utils.mixers.fourier import (
    FourierMixing,
    HartleyMixing,
    LinearMixing,
    RandomMixing,
)
from course_utils.mixers.nothing import NoMixing
from course_utils.mixers.sparse import SparseAttention

__all__ = [
    "Attention",
    "FourierMixing",
    "HartleyMixing",
    "KeyValues",
    "LinearMixing",
    "NoMixing",
    "RandomMixing",
    "SparseAttention",
    "capture_attention",
    "dot_product_attention",
]
