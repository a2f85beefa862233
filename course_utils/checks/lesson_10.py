"""Lesson 10, who may look at whom: its five tasks, and the ways in which they go wrong.

A pattern that is one place off still trains, only to something else. So the cases are small, with
rows and columns that differ, and each has a token somewhere that a wrong rule treats wrongly.
"""

import math
from collections.abc import Callable, Iterator

import torch
from torch import Tensor

from course_utils.checks._old import Case, Misconception, Task
from course_utils.checks.compare import difference


def _places(n: int) -> tuple[Tensor, Tensor]:
    """Queries down, [n, 1], and keys across, [1, n]."""
    return torch.arange(n)[:, None], torch.arange(n)[None, :]


def _some_mask(n: int, share: float, seed: int) -> Tensor:
    """Bool[n, n], a different one for each seed, and everybody looks at itself."""
    generator = torch.Generator().manual_seed(seed)
    return (torch.rand(n, n, generator=generator) < share) | torch.eye(n, dtype=torch.bool)


def _which(reference: Callable, *names: str) -> Callable:
    """A property for results in parts: which of them is off, by its name."""

    def part(result, case: Case) -> str | None:
        for name, wanted, got in zip(names, reference(*case.args), result, strict=True):
            problem = difference(wanted, got)
            if problem:
                return f"in {name}, {problem}"
        return None

    return part


# ---- 10.window_mask ------------------------------------------------------------------------------


def window_mask(n: int, width: int, causal: bool) -> Tensor:
    """Bool[n, n], row = query, column = key: oneself and `width` neighbours on either side.

    With `causal`, only those before.
    """
    query, key = _places(n)
    mask = (query - key).abs() <= width
    return mask & (key <= query) if causal else mask


def window_mask_cases(seed: int) -> Iterator[Case]:
    yield Case("6 tokens, 1 neighbour on either side", (6, 1, False))
    yield Case("7 tokens, 2 neighbours, causal", (7, 2, True))
    yield Case("8 tokens, 3 neighbours", (8, 3, False))
    yield Case("4 tokens in a window wider than the text", (4, 9, False))
    yield Case("5 tokens, no neighbours, causal", (5, 0, True))
    yield Case(f"{9 + seed % 4} tokens, 4 neighbours, causal", (9 + seed % 4, 4, True))


def window_mask_with_loops(n, width, causal):
    mask = torch.zeros(n, n, dtype=torch.bool)
    for query in range(n):
        first, last = max(0, query - width), query if causal else query + width
        mask[query, first : last + 1] = True
    return mask


def window_mask_by_triangles(n, width, causal):
    ones = torch.ones(n, n, dtype=torch.bool)
    return ones.tril(0 if causal else width) & ones.triu(-width)


def _window(near: Callable, past: Callable = lambda q, k: k <= q) -> Callable:
    """window_mask with another idea of near(query - key, width, n), or of the past."""

    def mask_of(n, width, causal):
        query, key = _places(n)
        mask = near(query - key, width, n)
        return mask & past(query, key) if causal else mask

    return mask_of


def window_mask_by_negative_slices(n, width, causal):
    mask = torch.zeros(n, n, dtype=torch.bool)
    for query in range(n):
        mask[query, query - width : query + 1 + (0 if causal else width)] = True
    return mask


def _right(apart: Tensor, width: int, n: int) -> Tensor:
    return apart.abs() <= width


WINDOW_MASK = [
    Misconception(
        "the window is one too narrow",
        _window(lambda d, w, n: d.abs() < w),
        "With width 1 you see nobody but yourself (and with width 0 not even that). `width` counts "
        "neighbours on either side, so a distance of width is still inside: <=.",
    ),
    Misconception(
        "the window is one too wide",
        _window(lambda d, w, n: d.abs() <= w + 1),
        "A distance of width + 1 is outside. range(query − width, query + width + 1) has the + 1 "
        "because range leaves out its end; a comparison doesn't.",
    ),
    Misconception(
        "you share the width between both sides",
        _window(lambda d, w, n: d.abs() <= w // 2),
        "That is how Longformer and BigBird count: their w is both sides together. Here, as in Yun "
        "et al., width is how many on *either* side.",
    ),
    Misconception(
        "the whole future is in your window",
        _window(lambda d, w, n: d <= w),
        "query − key is negative for every key that comes later, and so is smaller than width. "
        "Take the distance without its sign: abs.",
    ),
    Misconception(
        "the whole past is in your window",
        _window(lambda d, w, n: -d <= w),
        "key − query is negative for every key that came earlier, and so is smaller than width. "
        "Take the distance without its sign: abs.",
    ),
    Misconception(
        "you only ever look back",
        _window(lambda d, w, n: (d >= 0) & (d <= w)),
        "That is the causal window, whatever `causal` says. Without it, the neighbours on the "
        "right belong to the window, too.",
    ),
    Misconception(
        "`causal` changes nothing",
        _window(_right, lambda q, k: q == q),
        "With causal=True no token may look at a later one: & (key <= query).",
    ),
    Misconception(
        "your causal window looks ahead",
        _window(_right, lambda q, k: k >= q),
        "It sees the future and hides the past: query and key are swapped. The row is who looks, "
        "and it may look at keys up to itself: key <= query.",
    ),
    Misconception(
        "your causal window forgets oneself",
        _window(_right, lambda q, k: k < q),
        "key < query leaves out the diagonal, and the first token may look at nobody at all: a "
        "softmax over nothing. key <= query.",
    ),
    Misconception(
        "nobody looks at itself",
        _window(lambda d, w, n: (d.abs() <= w) & (d != 0)),
        "A distance of 0 is inside every window. Without it news is forgotten from layer to layer "
        "(the chessboard of the lesson).",
    ),
    Misconception(
        "your window goes round the corner",
        _window(lambda d, w, n: (d % n <= w) | (-d % n <= w)),
        "The first token looks at the last. That is the star's ring; a window ends where the text "
        "ends. (A negative index in Python does that by itself: mask[query, query - width].)",
    ),
    Misconception(
        "your slices begin below zero",
        window_mask_by_negative_slices,
        "For the first tokens query − width is negative, and Python counts such a beginning from "
        "the *end* of the row: the slice is empty, and they look at nobody. max(0, query - width).",
    ),
    Misconception(
        "your mask is a list of lists",
        lambda n, width, causal: window_mask(n, width, causal).tolist(),
        "True and False are in the right places. But a list of lists can't be united, multiplied "
        "or masked with: wrap it in torch.tensor(…).",
    ),
    Misconception(
        "your mask is a list of lists of numbers",
        lambda n, width, causal: window_mask(n, width, causal).long().tolist(),
        "Ones and zeros in the right places. Wrap the list in torch.tensor(…), and make it "
        "boolean: .bool().",
    ),
    Misconception(
        "your mask is inside out",
        lambda n, width, causal: ~window_mask(n, width, causal),
        "Every True should be False, and the other way round. In this course True means: may look.",
    ),
    Misconception(
        "your mask is made of numbers",
        lambda n, width, causal: window_mask(n, width, causal).float(),
        "Ones and zeros in the right places. But & and ~ want True and False, and PyTorch's "
        "attention would *add* your ones to the scores. Make it boolean: .bool().",
    ),
    Misconception(
        "your mask is made of whole numbers",
        lambda n, width, causal: window_mask(n, width, causal).long(),
        "Ones and zeros in the right places, as whole numbers. ~1 is −2, which is no False. Make "
        "it boolean: .bool().",
    ),
    Misconception(
        "you made the matrix that is added to the scores",
        lambda n, width, causal: torch.zeros(n, n).masked_fill(
            ~window_mask(n, width, causal), -math.inf
        ),
        "0 and −∞ are what a mask becomes just before the softmax. Here the mask itself is wanted: "
        "True where one may look.",
    ),
]

# ---- 10.strided_masks ----------------------------------------------------------------------------


def strided_masks(n: int, stride: int) -> tuple[Tensor, Tensor]:
    """Two Bool[n, n]: neighbours up to `stride` away; every stride-th token, counted from oneself.

    Source: Yun et al. 2020 (STRIDED), after Child et al. 2019.
    """
    query, key = _places(n)
    return (query - key).abs() <= stride, (query - key) % stride == 0


def strided_masks_cases(seed: int) -> Iterator[Case]:
    yield Case("9 tokens, stride 3", (9, 3))
    yield Case("10 tokens, stride 4", (10, 4))
    yield Case("11 tokens, stride 2", (11, 2))
    yield Case("4 tokens, a stride longer than the text", (4, 6))
    yield Case("5 tokens, stride 1", (5, 1))
    yield Case(f"{12 + seed % 3} tokens, stride 5", (12 + seed % 3, 5))


def strided_masks_with_loops(n, stride):
    near, far = torch.zeros(2, n, n, dtype=torch.bool)
    for query in range(n):
        for key in range(n):
            near[query, key] = -stride <= query - key <= stride
            far[query, key] = query % stride == key % stride
    return [near, far]


def strided_masks_by_slices(n, stride):
    far = torch.zeros(n, n, dtype=torch.bool)
    for query in range(n):
        far[query, query % stride :: stride] = True
    return window_mask_by_triangles(n, stride, False), far


def _strided(near: Callable | None = None, far: Callable | None = None) -> Callable:
    """strided_masks with another rule(query, key, stride) for one of the two."""

    def masks_of(n, stride):
        query, key = _places(n)
        masks = list(strided_masks(n, stride))
        for i, rule in enumerate((near, far)):
            if rule is not None:
                masks[i] = rule(query, key, stride) & torch.ones(n, n, dtype=torch.bool)
        return tuple(masks)

    return masks_of


STRIDED_MASKS = [
    Misconception(
        "your strides start at the first token, for everybody",
        _strided(far=lambda q, k, s: k % s == 0),
        "key % stride gives everybody the same keys, 0, stride, 2·stride, …: columns. Each token "
        "counts from *itself*: it is the distance that must be a multiple of the stride, which "
        "makes diagonals.",
    ),
    Misconception(
        "your strides start at the first token, with oneself put in",
        _strided(far=lambda q, k, s: (k % s == 0) | (q == k)),
        "Columns and the diagonal: that is nearly *fixed*. In *strided* each token counts its "
        "strides from itself.",
    ),
    Misconception(
        "those are fixed's summaries",
        _strided(far=lambda q, k, s: ((k + 1) % s == 0) | (q == k)),
        "The last token of each block, and oneself: that is the second pattern of *fixed*. In "
        "*strided* each token counts from itself: what distances may they have?",
    ),
    Misconception(
        "only every stride-th token looks far",
        _strided(far=lambda q, k, s: q % s == 0),
        "query % stride == 0 chooses who looks, and lets those look at everybody. Everybody looks, "
        "at keys whose *distance* is a multiple of the stride.",
    ),
    Misconception(
        "only every stride-th token looks, and only at such",
        _strided(far=lambda q, k, s: (q % s == 0) & (k % s == 0)),
        "Two tokens belong together where their *difference* is a multiple of the stride: 1 looks "
        "at 1 + stride, too.",
    ),
    Misconception(
        "you look one stride far, not any number of them",
        _strided(far=lambda q, k, s: ((q - k).abs() == s) | (q == k)),
        "The distances are 0, stride, 2·stride, 3·stride, … up to both ends of the text.",
    ),
    Misconception(
        "you look one stride far, and not at yourself",
        _strided(far=lambda q, k, s: (q - k).abs() == s),
        "== stride allows one distance only. Allowed are 0 (oneself), stride, 2·stride, 3·stride, "
        "… up to both ends of the text: what do all of them leave when divided by the stride?",
    ),
    Misconception(
        "a stride leaves out oneself",
        _strided(far=lambda q, k, s: ((q - k) % s == 0) & (q != k)),
        "0 is a multiple of every stride: everybody looks at itself here, too. The theorem wants "
        "that of every pattern.",
    ),
    Misconception(
        "you kept what is no multiple",
        _strided(far=lambda q, k, s: (q - k) % s != 0),
        "The remainder is 0 where the distance *is* a multiple of the stride. As a truth value 0 "
        "is False, so a bare % keeps all the others.",
    ),
    Misconception(
        "your neighbours end one too early",
        _strided(near=lambda q, k, s: (q - k).abs() < s),
        "A distance of stride is still a neighbour in Yun et al.: k − w … k + w, both ends "
        "included.",
    ),
    Misconception(
        "you share the stride between both sides",
        _strided(near=lambda q, k, s: (q - k).abs() <= s // 2),
        "The first pattern has `stride` neighbours on *either* side, not on both together.",
    ),
    Misconception(
        "your neighbours are only the two next door",
        _strided(near=lambda q, k, s: (q - k).abs() <= 1),
        "The first pattern's window is as wide as the stride: everybody up to `stride` away, on "
        "either side. (Narrower, and not all would meet after two hops.)",
    ),
    Misconception(
        "your neighbours are a block",
        _strided(near=lambda q, k, s: q // s == k // s),
        "The same block is *fixed*'s first pattern: its walls stand still. *Strided*'s window "
        "moves with the token, as in your first task.",
    ),
    Misconception(
        "your neighbours are only those before",
        _strided(near=lambda q, k, s: (q - k >= 0) & (q - k <= s)),
        "That is the half of Child et al., who write from left to right. Here a neighbour on the "
        "right is a neighbour, too.",
    ),
    Misconception(
        "your strides go only back",
        _strided(far=lambda q, k, s: ((q - k) % s == 0) & (k <= q)),
        "That is the half of Child et al., who write from left to right. Here one may also look "
        "whole strides ahead.",
    ),
    Misconception(
        "your strides go only ahead",
        _strided(far=lambda q, k, s: ((q - k) % s == 0) & (k >= q)),
        "They see the future and miss the past. Strides go to both sides; was it a range from the "
        "token to the end?",
    ),
    Misconception(
        "your strides are one row for all",
        lambda n, stride: (strided_masks(n, stride)[0], _places(n)[1] % stride == 0),
        "No query stands in key % stride == 0, so it has one row, the same for everybody. Each "
        "token counts from itself: the answer depends on both, on the distance.",
    ),
    Misconception(
        "your strides are one row of remainders",
        lambda n, stride: (strided_masks(n, stride)[0], _places(n)[1] % stride),
        "key % stride are numbers, and one row of them: no query stands in it. Each token counts "
        "from itself, by the distance; and ask whether the remainder is 0.",
    ),
    Misconception(
        "your strides are remainders",
        lambda n, stride: (
            strided_masks(n, stride)[0],
            (_places(n)[0] - _places(n)[1]) % stride,
        ),
        "The distances are right, but a remainder is a number, and 0 where one may look. A mask "
        "says True there: compare.",
    ),
    Misconception(
        "both look only back",
        _strided(
            near=lambda q, k, s: (q - k >= 0) & (q - k <= s),
            far=lambda q, k, s: ((q - k) % s == 0) & (k <= q),
        ),
        "Those are the halves of Child et al., who write from left to right. Here nothing is "
        "causal, and both sides count.",
    ),
    Misconception(
        "the two are in the other order",
        lambda n, stride: strided_masks(n, stride)[::-1],
        "First the neighbours, then the strides: (near, far).",
    ),
    Misconception(
        "your masks are lists of lists",
        lambda n, stride: tuple(mask.tolist() for mask in strided_masks(n, stride)),
        "True and False are in the right places. Wrap each of the two in torch.tensor(…).",
    ),
    Misconception(
        "you made one of the two",
        lambda n, stride: strided_masks(n, stride)[0] | strided_masks(n, stride)[1],
        "That is their union, one pattern and a denser one. Two are wanted, for layers that take "
        "turns, side by side and not mixed.",
    ),
]

# ---- 10.open_doors -------------------------------------------------------------------------------


def open_doors(mask: Tensor, speakers: list[int], listeners: list[int]) -> Tensor:
    """A new Bool[n, n]: in it all may also look at the speakers, and the listeners at all."""
    opened = mask.clone()
    opened[:, speakers] = True
    opened[listeners, :] = True
    return opened


def open_doors_cases(seed: int) -> Iterator[Case]:
    yield Case("a window of 6, token 0 speaks", (window_mask(6, 1, False), [0], []))
    yield Case("a window of 6, token 4 listens", (window_mask(6, 1, False), [], [4]))
    yield Case("7 tokens, 2 and 5 speak, 3 listens", (_some_mask(7, 0.2, seed), [2, 5], [3]))
    yield Case("8 tokens, 6 speaks and listens", (_some_mask(8, 0.2, seed + 50), [6], [6]))
    yield Case("5 tokens, and no doors", (_some_mask(5, 0.3, seed + 90), [], []))


def open_doors_with_loops(mask, speakers, listeners):
    n = len(mask)
    return torch.tensor(
        [[bool(mask[q, k]) or k in speakers or q in listeners for k in range(n)] for q in range(n)]
    )


def open_doors_by_union(mask, speakers, listeners):
    places = torch.arange(len(mask))
    speaks = torch.isin(places, torch.tensor(speakers, dtype=torch.long))
    listens = torch.isin(places, torch.tensor(listeners, dtype=torch.long))
    return mask | speaks[None, :] | listens[:, None]


def _doors(change: Callable) -> Callable:
    """open_doors by what change(a copy of the mask, speakers, listeners) makes of the copy."""

    def opened(mask, speakers, listeners):
        copy = mask.clone()
        result = change(copy, speakers, listeners)
        return copy if result is None else result

    return opened


def _fill(rows: str, columns: str) -> Callable:
    def change(copy, speakers, listeners):
        named = {"speakers": speakers, "listeners": listeners, "both": speakers + listeners}
        if rows:
            copy[named[rows], :] = True
        if columns:
            copy[:, named[columns]] = True

    return change


OPEN_DOORS = [
    Misconception(
        "query and key are swapped",
        _doors(_fill(rows="speakers", columns="listeners")),
        "Rows are who looks, columns at whom. To speak is to be looked *at*: a column. "
        "To listen is to look: a row.",
    ),
    Misconception(
        "everybody with a door both speaks and listens",
        _doors(_fill(rows="both", columns="both")),
        "A speaker is heard by all, and need not hear them. Speakers get their columns, listeners "
        "their rows, and nobody both unless named in both lists.",
    ),
    Misconception(
        "your listeners don't listen",
        _doors(_fill(rows="", columns="speakers")),
        "The columns are right: all may look at the speakers. The listeners' rows are still as "
        "they were.",
    ),
    Misconception(
        "your speakers aren't heard",
        _doors(_fill(rows="listeners", columns="")),
        "The rows are right: the listeners look at everybody. The speakers' columns are still as "
        "they were.",
    ),
    Misconception(
        "all of them do nothing but speak",
        _doors(_fill(rows="", columns="both")),
        "You filled columns for both lists. A listener looks at everybody: that is its row.",
    ),
    Misconception(
        "all of them do nothing but listen",
        _doors(_fill(rows="both", columns="")),
        "You filled rows for both lists. A speaker is looked at by everybody: that is its column.",
    ),
    Misconception(
        "only listeners hear the speakers",
        lambda mask, speakers, listeners: (
            mask
            | torch.zeros_like(mask).index_fill_(0, torch.tensor(listeners).long(), True)
            & torch.zeros_like(mask).index_fill_(1, torch.tensor(speakers).long(), True)
        ),
        "You opened the places where the rows and the columns cross. The whole rows and the whole "
        "columns are wanted, one after the other.",
    ),
    Misconception(
        "the pattern itself got lost",
        lambda mask, speakers, listeners: open_doors(torch.zeros_like(mask), speakers, listeners),
        "Only the doors are left. Who could look before still may: begin with a copy of the mask.",
    ),
    Misconception(
        "doors shut what was open",
        lambda mask, speakers, listeners: (
            mask & open_doors(torch.zeros_like(mask), speakers, listeners)
        ),
        "With & both must hold, and only doors that were open before are left. A door is opened "
        "beside what is there: *or*, not *and*.",
    ),
    Misconception(
        "you toggled the doors",
        lambda mask, speakers, listeners: (
            mask ^ open_doors(torch.zeros_like(mask), speakers, listeners)
        ),
        "^ is *either, or*: what was open before and gets a door is shut. Opened twice is open.",
    ),
    Misconception(
        "the first tokens get the doors, not those named",
        lambda mask, speakers, listeners: open_doors(
            mask, list(range(len(speakers))), list(range(len(listeners)))
        ),
        "The lists say which positions, not how many. An index may be a list, as it is.",
    ),
]

# ---- 10.unite ------------------------------------------------------------------------------------


def unite(masks: list[Tensor]) -> tuple[Tensor, float]:
    """The union of masks [n, n], and its sparsity: the share of the n² squares that is empty."""
    united = torch.stack(masks).any(dim=0)
    return united, 1 - united.sum().item() / united.numel()


def unite_cases(seed: int) -> Iterator[Case]:
    yield Case("strided, 9 tokens, stride 3", (list(strided_masks(9, 3)),))
    yield Case(
        "two patterns of 6 tokens", ([_some_mask(6, 0.2, seed), _some_mask(6, 0.3, seed + 1)],)
    )
    three = [_some_mask(7, 0.15, seed + i) for i in (10, 20, 30)]
    yield Case("three patterns of 7 tokens", (three,))
    yield Case("one pattern alone", ([window_mask(5, 1, True)],))


def unite_with_loops(masks):
    n = len(masks[0])
    united = torch.zeros(n, n, dtype=torch.bool)
    for mask in masks:
        united |= mask
    empty = sum(not united[q, k] for q in range(n) for k in range(n))
    return united, empty / n**2


def unite_by_numbers(masks):
    united = sum(mask.int() for mask in masks) > 0
    return united, 1 - united.float().mean().item()


def _united(join: Callable | None = None, sparsity: Callable | None = None) -> Callable:
    """unite with another way to join, or another sparsity(united, masks)."""

    def both(masks):
        united = join(masks) if join else unite(masks)[0]
        if sparsity:
            return united, float(sparsity(united, masks))
        return united, 1 - united.sum().item() / united.numel()

    return both


UNITE = [
    Misconception(
        "you took the intersection",
        _united(lambda masks: torch.stack(masks).all(dim=0)),
        "& keeps what *all* patterns allow, which is nearly nothing but the diagonal. A union "
        "allows what *any* of them does.",
    ),
    Misconception(
        "you took what is in an odd number of them",
        _united(lambda masks: torch.stack(masks).sum(dim=0) % 2 == 1),
        "^ is *either, or*: what both allow is gone, the diagonal first of all. A union keeps it.",
    ),
    Misconception(
        "only the first two are united",
        _united(lambda masks: masks[0] | masks[min(1, len(masks) - 1)]),
        "There may be three patterns, or one: go through the whole list.",
    ),
    Misconception(
        "the last one wins",
        _united(lambda masks: masks[-1]),
        "In your loop each pattern replaces the one before it. Carry what you have so far along.",
    ),
    Misconception(
        "your union counts",
        _united(
            lambda masks: torch.stack(masks).sum(dim=0),
            lambda united, masks: 1 - (united > 0).float().mean(),
        ),
        "How many patterns allow a look isn't asked, only whether one does: a sum of masks is "
        "numbers.",
    ),
    Misconception(
        "your sparsity is what is full",
        _united(sparsity=lambda u, masks: u.float().mean()),
        "That is the *density*, the share of looks that are there. Sparsity is what is empty: 1 "
        "minus it. Dense attention has sparsity 0.",
    ),
    Misconception(
        "you counted the empty squares and did not divide",
        _united(sparsity=lambda u, masks: (~u).sum()),
        "A share lies between 0 and 1: divide by all n² squares.",
    ),
    Misconception(
        "you divided by n",
        _united(sparsity=lambda u, masks: 1 - u.sum() / len(u)),
        "A square of n tokens has n² places, not n: len(mask) is only its number of rows.",
    ),
    Misconception(
        "you divided by the pairs of different tokens",
        _united(sparsity=lambda u, masks: 1 - u.sum() / (len(u) * (len(u) - 1))),
        "n · (n − 1) leaves out the diagonal. Everybody may look at itself, so the whole has n² "
        "places.",
    ),
    Misconception(
        "you divided by half of n²",
        _united(sparsity=lambda u, masks: 1 - u.sum() / (len(u) * (len(u) + 1) / 2)),
        "n · (n + 1) / 2 is the causal triangle. Here the whole square is meant: n².",
    ),
    Misconception(
        "what is in two patterns counts twice",
        _united(sparsity=lambda u, masks: 1 - sum(m.sum() for m in masks) / u.numel()),
        "You added up the patterns' looks. Where they overlap (on the diagonal for certain) the "
        "union has *one* look. Unite first, then count.",
    ),
    Misconception(
        "you took the mean of their sparsities",
        _united(sparsity=lambda u, masks: 1 - torch.stack(masks).float().mean()),
        "Each pattern alone is emptier than all of them together. Unite first, then count.",
    ),
    Misconception(
        "your sparsity is in per cent",
        _united(sparsity=lambda u, masks: 100 * (~u).float().mean()),
        "A share from 0 to 1 is wanted, not 0 to 100.",
    ),
]

# ---- 10.reach ------------------------------------------------------------------------------------


def reach(masks: list[Tensor], n_layers: int) -> Tensor:
    """Bool[n, n]: True where, after `n_layers` layers, the row's token has heard of the column's.

    The masks [n, n] take turns, the first one in the first layer. After 0 layers everybody has
    heard of itself. Source: S^t_k in Yun et al. 2020, Assumption 1.3.
    """
    heard = torch.eye(len(masks[0]))
    for layer in range(n_layers):
        heard = (masks[layer % len(masks)].float() @ heard > 0).float()
    return heard.bool()


def reach_cases(seed: int) -> Iterator[Case]:
    yield Case("a window of 8, three layers", ([window_mask(8, 1, False)], 3))
    yield Case("0 layers: only itself", ([window_mask(8, 1, False)], 0))
    # One-way looks, so that who hears and who is heard differ.
    yield Case("one-way looks, two layers", ([_some_mask(8, 0.12, seed + 3)], 2))
    two = [_some_mask(9, 0.1, seed + 5), _some_mask(9, 0.1, seed + 6)]
    yield Case("two patterns in turn, two layers", (two, 2))
    yield Case("two patterns in turn, three layers", (two, 3))
    not_oneself = window_mask(7, 1, False) & ~torch.eye(7, dtype=torch.bool)
    yield Case("neighbours without oneself, three layers", ([not_oneself], 3))
    # So many layers that who counts ways instead of asking "any?" runs out of numbers.
    towns = torch.block_diag(torch.ones(4, 4), torch.ones(4, 4)).bool()
    yield Case("two towns of four that never call each other, 70 layers", ([towns], 70))


def reach_with_sets(masks, n_layers):
    n = len(masks[0])
    heard = [{token} for token in range(n)]
    for layer in range(n_layers):
        mask = masks[layer % len(masks)]
        heard = [
            {token for key in range(n) if mask[query, key] for token in heard[key]}
            for query in range(n)
        ]
    return torch.tensor([[key in news for key in range(n)] for news in heard])


def reach_by_any(masks, n_layers):
    heard = torch.eye(len(masks[0]), dtype=torch.bool)
    for layer in range(n_layers):
        mask = masks[layer % len(masks)]
        heard = (mask[:, :, None] & heard[None, :, :]).any(dim=1)
    return heard


def reach_by_counting_walks(masks, n_layers):
    walks = torch.eye(len(masks[0]), dtype=torch.float64)
    for layer in range(n_layers):
        walks = masks[layer % len(masks)].double() @ walks
    return walks > 0


def _heard(
    step: Callable = lambda mask, heard: mask.float() @ heard > 0,
    mask_of: Callable = lambda masks, layer: masks[layer % len(masks)],
    layers: Callable = range,
    start: Callable = torch.eye,
) -> Callable:
    """reach with another step, other turns, other layers or another beginning."""

    def who(masks, n_layers):
        heard = start(len(masks[0]))
        for layer in layers(n_layers):
            heard = step(mask_of(masks, layer), heard).float()
        return heard.bool()

    return who


def _without_oneself(masks: list[Tensor], layer: int) -> Tensor:
    mask = masks[layer % len(masks)]
    return mask & ~torch.eye(len(mask), dtype=torch.bool)


def whole_rounds(masks, n_layers):
    return reach(masks, n_layers * len(masks))


def reach_in_place(keep: bool) -> Callable:
    """reach in a single table, each row written where later queries still read."""

    def who(masks, n_layers):
        heard = torch.eye(len(masks[0]), dtype=torch.bool)
        for layer in range(n_layers):
            mask = masks[layer % len(masks)]
            for query in range(len(mask)):
                news = heard[mask[query]].any(dim=0)
                heard[query] = heard[query] | news if keep else news
        return heard

    return who


def reach_in_place_by_keys(masks, n_layers):
    heard = torch.eye(len(masks[0]), dtype=torch.bool)
    for layer in range(n_layers):
        mask = masks[layer % len(masks)]
        for key in range(len(mask)):
            heard[mask[:, key]] |= heard[key].clone()
    return heard


def reach_by_booleans(masks, n_layers):
    heard = torch.eye(len(masks[0]), dtype=torch.bool)
    for layer in range(n_layers):
        heard = masks[layer % len(masks)] @ heard  # not among the things that PyTorch does
    return heard


def one_mask_after_the_other(masks, n_layers):
    return reach([mask for mask in masks for _ in range(n_layers)] or masks, n_layers * len(masks))


def the_first_half_and_the_second(masks, n_layers):
    each = math.ceil(n_layers / len(masks))
    return reach([mask for mask in masks for _ in range(each)] or masks, n_layers)


REACH = [
    Misconception(
        "booleans can't be multiplied",
        reach_by_booleans,
        "PyTorch has no matrix product of True and False, and raises an error (“not "
        "implemented for 'Bool'”). Make numbers of both sides first, mask.float() @ heard.float(), "
        "and ask > 0 of what comes out.",
    ),
    Misconception(
        "your layers run out of masks",
        _heard(mask_of=lambda masks, layer: masks[layer]),
        "An IndexError: there may be more layers than masks. The masks take turns: "
        "masks[layer % len(masks)].",
    ),
    Misconception(
        "nobody forgets",
        _heard(lambda mask, heard: (mask.float() @ heard > 0) | heard.bool()),
        "You add what is new to what a token knew before, or put the diagonal into the mask. But "
        "who doesn't look at itself gives up what it knew (the chessboard of the lesson): the new "
        "set is what its keys have heard, no more. With self-looks in the mask that makes no "
        "difference, without them it does.",
    ),
    Misconception(
        "you read the new table while writing it",
        reach_in_place(keep=False),
        "A token that comes later in your loop hears what an earlier one has learned in this very "
        "layer: news that travels through the whole street in one. All must listen to the table as "
        "it was before the layer, so write into another one.",
    ),
    Misconception(
        "you read the new table while writing it, and add to what is there",
        reach_in_place(keep=True),
        "heard[query] |= … changes the row that later queries of the same layer still read, so "
        "news travels through the whole street in one layer. Write into another table. And who "
        "doesn't look at itself keeps nothing: begin that table empty.",
    ),
    Misconception(
        "you read the new table while writing it, one key after the other",
        reach_in_place_by_keys,
        "A key whose row has grown in this very layer passes on the new news, too, so it travels "
        "through the whole street in one. Read from the table as it was before the layer, and "
        "write into another one, which begins empty.",
    ),
    Misconception(
        "you ask for > 0 only at the very end, and your numbers overflow",
        lambda masks, n_layers: reach_counts(masks, n_layers) > 0,
        "The ways by which news can come multiply with each layer. With four looks a token, 64 "
        "layers make more than float32 can hold: ∞, and ∞ · 0 is NaN, which is not > 0. (Whole "
        "numbers turn to 0 even sooner.) Make it True and False again after *each* layer.",
    ),
    Misconception(
        "you ask for True or False only at the very end, and your numbers overflow",
        lambda masks, n_layers: reach_counts(masks, n_layers).bool(),
        "The ways by which news can come multiply with each layer. With four looks a token, 64 "
        "layers make more than float32 can hold: ∞, and ∞ · 0 is NaN, which counts as True. Ask "
        "after *each* layer whether there is a way at all.",
    ),
    Misconception(
        "you took away the looks at oneself",
        _heard(mask_of=_without_oneself),
        "Powers of a graph without its self-looks count walks of *exactly* n_layers hops, and who "
        "is nearer gets lost. The masks say who looks at itself: leave the diagonal as it is.",
    ),
    Misconception(
        "your rumour runs backwards",
        _heard(lambda mask, heard: mask.T.float() @ heard > 0),
        "Query and key are swapped: yours goes from who looks to whom is looked at. A token hears "
        "what *its keys* have heard: row = query, so mask @ heard, not mask.T @ heard.",
    ),
    Misconception(
        "your answer lies on its side",
        lambda masks, n_layers: reach(masks, n_layers).T,
        "The row is who has heard, the column of whom. Yours is transposed.",
    ),
    Misconception(
        "you multiply from the wrong side",
        _heard(lambda mask, heard: heard @ mask.float() > 0),
        "heard @ mask lets the *first* layer's mask stand nearest to the end, so the patterns are "
        "used in the other order. With a single pattern nobody notices. The newest layer stands on "
        "the left: mask @ heard.",
    ),
    Misconception(
        "the last pattern begins",
        _heard(mask_of=lambda masks, layer: masks[-1 - layer % len(masks)]),
        "The first layer uses masks[0], the second masks[1], and then from the beginning: "
        "masks[layer % len(masks)].",
    ),
    Misconception(
        "only the first pattern is used",
        _heard(mask_of=lambda masks, layer: masks[0]),
        "The patterns take turns: masks[layer % len(masks)].",
    ),
    Misconception(
        "every layer uses all patterns at once",
        _heard(mask_of=lambda masks, layer: torch.stack(masks).any(dim=0)),
        "That is their union in every layer. Here they take turns, one a layer: "
        "masks[layer % len(masks)].",
    ),
    Misconception(
        "all layers with the first mask, then all with the next",
        one_mask_after_the_other,
        "Your outer loop goes through the masks and gives each of them n_layers layers. There are "
        "n_layers in all, and the masks take turns: masks[layer % len(masks)].",
    ),
    Misconception(
        "the masks don't take turns, they share the layers",
        the_first_half_and_the_second,
        "The first layers all use the first mask, the last ones the last. In turn means first, "
        "second, first, second, …: masks[layer % len(masks)].",
    ),
    Misconception(
        "your rumour stops when the masks run out",
        lambda masks, n_layers: reach(masks, min(n_layers, len(masks))),
        "A loop over the masks (or zip) ends with the last of them. There may be more layers than "
        "masks: then begin again, masks[layer % len(masks)].",
    ),
    Misconception(
        "you use each mask once, whatever n_layers says",
        lambda masks, n_layers: reach(masks, len(masks)),
        "A loop over the masks has as many rounds as there are masks. n_layers of them are wanted, "
        "with masks[layer % len(masks)].",
    ),
    Misconception(
        "you stay with the last mask",
        _heard(mask_of=lambda masks, layer: masks[min(layer, len(masks) - 1)]),
        "After the last mask comes the first again: masks[layer % len(masks)].",
    ),
    Misconception(
        "every layer goes through all patterns",
        whole_rounds,
        "Your inner loop uses each of the masks in every layer. One layer, one mask.",
    ),
    Misconception(
        "you heard only those whom all your keys have heard of",
        _heard(lambda mask, heard: mask.float() @ (1 - heard) == 0),
        "That is the intersection of what the keys know. A rumour needs *one* who tells it: any, "
        "not all.",
    ),
    Misconception(
        "one layer too few",
        _heard(layers=lambda n: range(n - 1)),
        "Before the first layer everybody has heard of itself, and each of n_layers layers passes "
        "the news on once. range(n_layers).",
    ),
    Misconception(
        "one layer too many",
        _heard(layers=lambda n: range(n + 1)),
        "After 0 layers everybody has heard of itself alone. If you begin with the first mask, one "
        "layer has been used already.",
    ),
    Misconception(
        "you begin with the first mask",
        lambda masks, n_layers: reach(masks, max(1, n_layers)),
        "From one layer on that is the same. But after 0 layers nobody has listened to anybody: "
        "begin with torch.eye(n), everybody has heard of itself.",
    ),
    Misconception(
        "nobody has anything to tell",
        _heard(start=lambda n: torch.zeros(n, n)),
        "You begin with nothing, and nothing times anything is nothing. Before the first layer "
        "everybody has heard of itself: torch.eye(n).",
    ),
    Misconception(
        "you count the ways",
        lambda masks, n_layers: reach_counts(masks, n_layers),
        "Those are the *numbers* of ways by which news can come. Whether it has come at all is "
        "asked: > 0.",
    ),
    Misconception(
        "your answer is a list of lists",
        lambda masks, n_layers: reach(masks, n_layers).tolist(),
        "True and False are in the right places. A square of booleans is wanted: wrap the list in "
        "torch.tensor(…).",
    ),
    Misconception(
        "your answer is made of numbers",
        lambda masks, n_layers: reach(masks, n_layers).float(),
        "Ones and zeros in the right places. True and False are wanted: > 0, or .bool().",
    ),
]


def reach_counts(masks, n_layers):
    walks = torch.eye(len(masks[0]))
    for layer in range(n_layers):
        walks = masks[layer % len(masks)].float() @ walks
    return walks


TASKS = [
    Task(
        id="10.window_mask",
        title="Neighbours",
        reference=window_mask,
        cases=window_mask_cases,
        dimensions=("n_query", "n_key"),
        misconceptions=WINDOW_MASK,
        hints=[
            "A rule needs two positions. A column of queries, torch.arange(n)[:, None], and a row "
            "of keys, torch.arange(n)[None, :], ask about all n² pairs at once.",
            "Near is who is at most `width` away, on whichever side: the distance without its "
            "sign, (query - key).abs().",
            "mask = (query - key).abs() <= width; if causal, also & (key <= query).",
        ],
        alternatives=[window_mask_with_loops, window_mask_by_triangles],
        praise="Right: one comparison, n² answers.",
    ),
    Task(
        id="10.strided_masks",
        title="Neighbours, and those a few rows up",
        reference=strided_masks,
        cases=strided_masks_cases,
        dimensions=("n_query", "n_key"),
        properties=[_which(strided_masks, "the first square, the neighbours", "the strides")],
        misconceptions=STRIDED_MASKS,
        hints=[
            "Two rules, two masks. The first is your window again, with the stride as its width.",
            "The second: 0, 1, 2, … whole strides away, on both sides, counted from the token that "
            "looks. What is the remainder of such a distance?",
            "far = (query - key) % stride == 0. In torch and Python, % of a negative number is not "
            "negative, so both sides come out right.",
        ],
        alternatives=[strided_masks_with_loops, strided_masks_by_slices],
        praise="Right. Any two tokens are now at most two hops apart.",
    ),
    Task(
        id="10.open_doors",
        title="Doors",
        reference=open_doors,
        cases=open_doors_cases,
        dimensions=("n_query", "n_key"),
        misconceptions=OPEN_DOORS,
        hints=[
            "Row = who looks, column = at whom. Is to be heard by everybody a row or a column?",
            "A slice takes a list of positions: mask[:, [2, 5]] are two columns.",
            "Start with mask.clone(), so that the pattern that you were given stays as it is; then "
            "[:, speakers] = True and [listeners, :] = True.",
        ],
        alternatives=[open_doors_with_loops, open_doors_by_union],
        praise="Right. A hub is whoever stands in both lists.",
    ),
    Task(
        id="10.unite",
        title="All at once, and what it costs",
        reference=unite,
        cases=unite_cases,
        dimensions=("n_query", "n_key"),
        properties=[_which(unite, "the union", "the sparsity")],
        misconceptions=UNITE,
        hints=[
            "A union allows what at least one of the patterns allows.",
            "torch.stack(masks) is [number of masks, n, n]; any(dim=0) asks whether one of them is "
            "True. A loop with | does the same.",
            "Sparsity is what is empty, of n²: 1 - united.sum().item() / united.numel(). Count "
            "after uniting.",
        ],
        alternatives=[unite_with_loops, unite_by_numbers],
        praise="Right. A union costs less than its parts together: they share the diagonal.",
    ),
    Task(
        id="10.reach",
        title="The rumour",
        reference=reach,
        cases=reach_cases,
        dimensions=("n_query", "n_key"),
        misconceptions=REACH,
        hints=[
            "Before the first layer everybody has heard of itself: torch.eye(n). Each layer makes "
            "a new table out of the old one.",
            "After a layer, a token has heard of whoever one of its keys had heard of. For one "
            "query: heard[mask[query]].any(dim=0).",
            "mask.float() @ heard.float() > 0 does it for all queries, with "
            "mask = masks[layer % len(masks)]. Don't add the old table: who doesn't look at itself "
            "forgets.",
        ],
        alternatives=[reach_with_sets, reach_by_any, reach_by_counting_walks],
        praise="Right. Six degrees of separation, in one matrix product a layer.",
    ),
]
