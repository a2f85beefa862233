"""Attention along a pattern: each token looks at those on its list, and nobody works out the rest.

attention.py   the mixer, and how it chooses between the ways below
layout.py      which keys the queries of a group want together
lists.py       attention by such lists, on any machine
flex.py        the same by PyTorch's compiled kernel, on a GPU
cache.py       what a layer remembers while a model writes, and the rows of the next tokens
"""

from course_utils.mixers.sparse.attention import SparseAttention, sparse_attention

__all__ = ["SparseAttention", "sparse_attention"]
