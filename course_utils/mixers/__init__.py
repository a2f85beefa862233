"""Ways of letting tokens talk. All fit one socket:

    forward(x: [batch, n, d_model], mask: [batch, n] or None) -> [batch, n, d_model]

`mask` is True at real tokens and False at padding. A model never asks which mixer it holds.
"""

from course_utils.mixers.attention import Attention, capture_attention, dot_product_attention
from course_utils.mixers.nothing import NoMixing

__all__ = ["Attention", "NoMixing", "capture_attention", "dot_product_attention"]
