"""Byte-pair encoding with the number of merges on a slider."""

from __future__ import annotations

from typing import Any

import numpy as np
import traitlets
from matplotlib import font_manager
from matplotlib.patches import Rectangle

from course_utils import plots
from course_utils.widgets.explorer import Explorer
from course_utils.widgets.parts import blank

LONGEST_TEXT = 500

# The still, in inches: a line of pieces, one monospace letter, a piece's padding, the text's width.
LINE, LETTER, PADDING, WIDTH = 0.3, 0.077, 0.1, 6.7
TINTS = (plots.BLUE, plots.ORANGE, plots.GREEN, plots.PINK, plots.SKY)  # as in the page
MOST_LINES = 4  # in each of the still's three rows


class BPEExplorer(Explorer):
    """A sentence as boxed pieces that fuse as the slider goes from no merge to all of them.

    The list of merges travels to the page once; there the slider and the reader's own sentence
    are worked out without the kernel, on the same bytes and words as `BPETokenizer`.
    """

    merges = traitlets.Bytes().tag(sync=True)
    counts = traitlets.Bytes().tag(sync=True)
    text = traitlets.Unicode().tag(sync=True)
    n_merges = traitlets.Int(0).tag(sync=True)

    @classmethod
    def shared(cls) -> dict[str, Any]:
        return {"longest_text": LONGEST_TEXT}

    def __init__(self, tokenizer, text: str, *, n_merges: int = 0):
        """`tokenizer`: a trained BPETokenizer; the slider opens at its first `n_merges` merges."""
        if not hasattr(tokenizer, "merges"):
            raise TypeError(
                f"BPEExplorer needs a trained BPETokenizer (it reads .merges), "
                f"got {type(tokenizer).__name__}."
            )
        if not isinstance(text, str):
            raise TypeError(f"text is the sentence to cut, a str, got {type(text).__name__}.")
        if len(text) > LONGEST_TEXT:
            raise ValueError(
                f"BPEExplorer shows texts of up to {LONGEST_TEXT:,} characters, got {len(text):,}. "
                f"Cut it: text[:{LONGEST_TEXT}]."
            )
        if not 0 <= n_merges <= len(tokenizer.merges):
            raise ValueError(
                f"this tokenizer has {len(tokenizer.merges):,} merges, so n_merges goes from 0 to "
                f"{len(tokenizer.merges):,}; got {n_merges}."
            )
        self._tokenizer = tokenizer
        super().__init__(
            merges=number_merges(tokenizer.merges).tobytes(),
            counts=np.array(tokenizer.counts, dtype="<i4").tobytes(),
            text=text,
            n_merges=n_merges,
        )

    def pieces(self, n_merges: int) -> list[bytes]:
        """The text cut with the first `n_merges` merges."""
        ids = self._tokenizer.encode(self.text, n_merges=n_merges)
        return [self._tokenizer.vocabulary[i] for i in ids]

    @property
    def alt(self) -> str:
        rows = "; ".join(f"with {n:,} merges {len(self.pieces(n)):,} pieces" for n in self._stops())
        last = " | ".join(label(piece) for piece in self.pieces(self._stops()[-1])[:12])
        return f"“{self.text}” cut into pieces: {rows}. The last row begins: {last}."

    def still(self):
        """Three rows of boxed pieces: no merge, some, all."""
        stops = self._stops()
        rows = [wrap([label(piece) for piece in self.pieces(n)]) for n in stops]
        n_lines = [min(len(lines), MOST_LINES) for lines in rows]
        height = 0.6 + sum(0.45 + LINE * n for n in n_lines)
        first, last = len(self.pieces(stops[0])), len(self.pieces(stops[-1]))
        fig = blank(height, f"{stops[-1]:,} merges turn {first:,} bytes into {last:,} pieces")
        ax = fig.add_axes((0, 0, 1, 1), xlim=(0, 7), ylim=(height, 0))
        ax.axis("off")
        top = 0.75
        for n, lines, shown in zip(stops, rows, n_lines, strict=True):
            n_pieces = len(self.pieces(n))
            each = len(self.text) / max(1, n_pieces)
            cut = "" if shown == len(lines) else " (the first lines)"
            says = f"{n:,} merges: {n_pieces:,} pieces, {each:.1f} characters each{cut}"
            ax.text(0.15, top, says, fontsize=plots.LABEL_SIZE)
            draw_lines(ax, lines[:shown], top + 0.1)
            top += 0.45 + LINE * shown
        return fig

    def _stops(self) -> list[int]:
        """No merge, some, all: those that differ."""
        n_all = len(self._tokenizer.merges)
        some = self.n_merges if 0 < self.n_merges < n_all else n_all // 10
        return sorted({0, some, n_all})


def number_merges(merges) -> np.ndarray:
    """Left, right and merged id of each merge, int32 [n_merges, 3]; id b < 256 is the byte b.

    Two merges that spell the same token share its id, as in BPETokenizer.
    """
    ids = {bytes([b]): b for b in range(256)}
    rows = [(ids[a], ids[b], ids.setdefault(a + b, len(ids))) for a, b in merges]
    return np.array(rows, dtype="<i4").reshape(-1, 3)


def label(piece: bytes) -> str:
    """A piece as text: "·" for a blank, "<F0>" for a byte that is no whole character."""
    text = piece.decode("utf-8", errors="surrogateescape")
    shown = (f"<{ord(c) - 0xDC00:02X}>" if "\udc80" <= c <= "\udcff" else c for c in text)
    return "".join(shown).translate({ord(" "): "·", ord("\n"): "↵", ord("\t"): "⇥", 13: "␍"})


def wrap(labels: list[str]) -> list[list[tuple[float, str]]]:
    """Lines of (left edge in inches, label), none wider than the figure."""
    lines, x = [[]], 0.0
    for text in labels:
        width = LETTER * len(text) + PADDING
        if x + width > WIDTH and lines[-1]:
            lines.append([])
            x = 0.0
        lines[-1].append((x, text))
        x += width + 0.04
    return lines


def draw_lines(ax, lines, top: float) -> None:
    number = 0
    for row, line in enumerate(lines):
        for x, text in line:
            box = ((0.15 + x, top + LINE * row), LETTER * len(text) + PADDING, LINE - 0.06)
            tint = TINTS[number % len(TINTS)]
            ax.add_patch(Rectangle(*box, facecolor=(tint, 0.22), edgecolor="none"))
            ax.add_patch(Rectangle((box[0][0], box[0][1] + box[2]), box[1], -0.03, facecolor=tint))
            ax.text(
                box[0][0] + box[1] / 2, box[0][1] + (LINE - 0.06) / 2, drawable(text),
                family="monospace", fontsize=9, ha="center", va="center_baseline",
            )  # fmt: skip
            number += 1


def drawable(text: str) -> str:
    """The text with a box for each sign that the still's font cannot draw."""
    known = font_manager.get_font(font_manager.findfont("monospace")).get_charmap()
    return "".join(c if ord(c) in known else "□" for c in text)
