"""Ways of letting tokens talk. All fit one socket:

    forward(x: [batch, n, d_model], mask: [batch, n] or None) -> [batch, n, d_model]

    causal: bool

`mask` is True at real tokens and False at padding. `causal` is True if no token hears a later one;
a model that writes refuses a mixer that says False, or nothing. A model never asks which mixer it
holds.

A mixer that can go on where it stopped, for a model that writes, also has `new_cache()` and takes
what that returns as `forward(x, mask, cache=...)`. If it returns None there is nothing to remember.

`check_mixer` holds any mixer, yours too, against what models rely on.
"""

from course_utils.mixers.attention import (
    Attention,
    KeyValues,
    capture_attention,
    dot_product_attention,
)
from course_utils.mixers.contract import BrokenContract, check_mixer
from course_utils.mixers.fourier import (
    FourierMixing,
    HartleyMixing,
    LinearMixing,
    RandomMixing,
)
from course_utils.mixers.influence import influence
from course_utils.mixers.memory import (
    PersistentAttention,
    feed_forward_as_memory,
    memory_as_feed_forward,
    recall,
)
from course_utils.mixers.nothing import NoMixing
from course_utils.mixers.sparse import SparseAttention

__all__ = [
    "Attention",
    "BrokenContract",
    "FourierMixing",
    "HartleyMixing",
    "KeyValues",
    "LinearMixing",
    "NoMixing",
    "PersistentAttention",
    "RandomMixing",
    "SparseAttention",
    "capture_attention",
    "check_mixer",
    "dot_product_attention",
    "feed_forward_as_memory",
    "influence",
    "memory_as_feed_forward",
    "recall",
]
