"""Sparse attention on a GPU, by PyTorch's `flex_attention`, which compiles a mask into its loops.

A pattern is cut into tiles of 128 × 128. Tiles without a connection are never visited; the others
come with a table of who may look at whom in them.
"""

from functools import lru_cache

import torch
import torch._dynamo
import torch.nn.functional as F
from jaxtyping import Bool, Float
from torch import Tensor
from torch.nn.attention.flex_attention import BlockMask, flex_attention

from course_utils.patterns import Pattern
from course_utils.shapes import expect_boolean

TILE = 128
MOST_KERNELS = 64


def flex_sparse_attention(
    query: Float[Tensor, "batch n_heads n d_head"],
    key: Float[Tensor, "batch n_heads n d_head"],
    value: Float[Tensor, "batch n_heads n d_head"],
    pattern: Pattern,
    mask: Bool[Tensor, "batch n"] | None = None,
    dropout: float = 0.0,
) -> Float[Tensor, "batch n_heads n d_head"]:
    """What `sparse_attention` computes, visiting tiles that have connections only.

    A text within one tile has nothing to leave out: it gets one masked table. Raises ValueError for
    dropout, which `flex_attention` does not have, and TypeError for a mask that is not boolean.
    """
    if mask is not None:
        expect_boolean(mask, "flex_sparse_attention")
    if dropout:
        raise ValueError(
            f"flex_attention drops no attention weights, and dropout={dropout} was asked for. "
            "Use dropout=0.0 on a GPU; a block's own dropout does the same service."
        )
    if pattern.n <= TILE:
        return _within_one_tile(query, key, value, pattern, mask)
    tiles = block_mask(pattern, query.device, mask)
    attend = _compiled() if query.device.type == "cuda" else flex_attention
    return attend(query, key, value, block_mask=tiles)


@lru_cache(maxsize=1)
def _compiled():
    """Compiled once for the first length, and a second time for all others: lengths may vary.

    Precision, padding and gradients each double the kernels. Where PyTorch's limit of 8 is passed,
    it would quietly build the n × n table instead: hence a higher limit, and an error beyond it.
    """
    limit = torch._dynamo.config.recompile_limit
    torch._dynamo.config.recompile_limit = max(limit, MOST_KERNELS)
    return torch.compile(flex_attention, fullgraph=True)


def _within_one_tile(
    query: Float[Tensor, "batch n_heads n d_head"],
    key: Float[Tensor, "batch n_heads n d_head"],
    value: Float[Tensor, "batch n_heads n d_head"],
    pattern: Pattern,
    mask: Bool[Tensor, "batch n"] | None,
) -> Float[Tensor, "batch n_heads n d_head"]:
    allowed = pattern.mask().to(query.device)
    if mask is not None:
        allowed = allowed & mask[:, None, None]
    # Shares of nobody would be 0 / 0: such a query looks at all, and then gets zeros.
    lonely = ~allowed.any(dim=-1, keepdim=True)
    mixed = F.scaled_dot_product_attention(query, key, value, allowed | lonely)
    return mixed.masked_fill(lonely, 0.0)


def block_mask(
    pattern: Pattern, device: torch.device, mask: Bool[Tensor, "batch n"] | None = None
) -> BlockMask:
    """The pattern, and who is no padding, in the form that `flex_attention` takes."""
    # What stands for a tensor while a model is exported must not be kept for later.
    tiles = _tiles.__wrapped__ if torch.compiler.is_exporting() else _tiles
    tile_of, tables, counts, columns = tiles(pattern, device)
    real = torch.ones(1, pattern.n, dtype=torch.bool, device=device) if mask is None else mask
    n_texts = len(real)
    return BlockMask.from_kv_blocks(
        counts[None, None],
        columns[None, None],
        BLOCK_SIZE=TILE,
        mask_mod=lambda text, head, query, key: (
            tables[tile_of[query // TILE, key // TILE], query % TILE, key % TILE]
            & real[text % n_texts, key]
        ),
        seq_lengths=(pattern.n, pattern.n),
    )


@lru_cache(maxsize=16)
@torch.inference_mode(False)  # they are kept, and training may want them after inference did
def _tiles(pattern: Pattern, device: torch.device) -> tuple[Tensor, Tensor, Tensor, Tensor]:
    """Which tile has which table (0: the empty one), the tables, and each row's tiles.

    int [n_tiles, n_tiles], bool [n_tables, 128, 128], int32 [n_tiles], int32 [n_tiles, n_tiles].
    """
    across = -(-pattern.n // TILE)
    query = torch.from_numpy(pattern.queries)
    key = torch.from_numpy(pattern.keys.copy())
    at = query // TILE * across + key // TILE
    used, table = at.unique(return_inverse=True)
    tables = torch.zeros(len(used) + 1, TILE, TILE, dtype=torch.bool)
    tables[table + 1, query % TILE, key % TILE] = True
    tile_of = torch.zeros(across * across, dtype=torch.long)
    tile_of[used] = torch.arange(1, len(used) + 1)
    tile_of = tile_of.view(across, across)
    counts = (tile_of > 0).sum(1)
    columns = (tile_of > 0).int().argsort(dim=1, descending=True, stable=True)
    found = (tile_of, tables, counts.int(), columns.int())
    return tuple(tensor.to(device) for tensor in found)
