"""Greedy and beam search as a tree: what is kept at each step, what is dropped, what it costs."""

import functools
import math
import textwrap
from collections.abc import Callable, Mapping, Sequence
from numbers import Real
from typing import Any, NamedTuple

import numpy as np
import traitlets
from matplotlib.axes import Axes
from matplotlib.figure import Figure
from matplotlib.patches import Rectangle

from course_utils import plots
from course_utils.widgets.explorer import Explorer
from course_utils.widgets.parts import blank, percent

LONGEST = 24  # steps; more would not fit on a page
WIDEST = 6
LOST = 3  # dropped hypotheses drawn at each step: those that came nearest
LOST_GAP = 0.3  # rows between the beam and those dropped
PENALTIES = (0.0, 0.2, 0.4, 0.6, 0.8, 1.0, 1.5, 2.0)
ROW = 0.42  # inches
TITLE_LETTERS, LETTER = 68, 0.085  # letters in a title's line; the width of a small one, in inches
BOX_WIDTH = 0.8  # of a column
RIM = BOX_WIDTH / 2
FEWEST_COLUMNS, MOST_COLUMNS = 7, 11  # of a still: wider boxes need not be, narrower can't be read
KEPT, GREEDY = plots.BLUE, plots.ORANGE


class Tree(NamedTuple):
    """Each sentence that some beam looks at is a node; node 0 is the empty one.

    `labels` are the nodes' own tokens, `texts` their sentences up to there, `log_probabilities`
    those of the token after what stands before it. `ends` are the nodes that end a sentence.
    """

    labels: list[str]
    texts: list[str]
    parents: list[int]
    log_probabilities: list[float]
    ends: list[int]


class Step(NamedTuple):
    """Nodes, the most probable first: those in the beam, and the nearest of those dropped."""

    kept: list[int]
    lost: list[int]


class Search:
    """Beam search in a tree. Width 1 is greedy. The page does the same in JavaScript."""

    def __init__(self, tree: Tree):
        self.ends = set(tree.ends)
        self.parents = tree.parents
        self.children: list[list[int]] = [[] for _ in tree.parents]
        self.totals, self.depths = [0.0], [0]
        for node in range(1, len(tree.parents)):
            parent = tree.parents[node]
            self.children[parent].append(node)
            self.totals.append(self.totals[parent] + tree.log_probabilities[node])
            self.depths.append(self.depths[parent] + 1)

    def steps(self, width: int) -> list[Step]:
        """The beam after each step, until all in it have ended or the tree has."""
        found, kept = [], [0]
        while True:
            step = self.advance(kept, width)
            if step is None:
                return found
            found.append(step)
            kept = step.kept

    def advance(self, kept: list[int], width: int) -> Step | None:
        """One step. Whoever has ended keeps its place, the others share the places left."""
        ended = [node for node in kept if node in self.ends]
        longer = [child for node in kept if node not in self.ends for child in self.children[node]]
        if not longer:
            return None
        longer = self.best_first(longer)
        places = width - len(ended)
        return Step(self.best_first(ended + longer[:places]), longer[places:])

    def best_first(self, nodes: Sequence[int]) -> list[int]:
        return sorted(nodes, key=lambda node: (-self.totals[node], node))

    def path(self, node: int) -> list[int]:
        """From the node back to the beginning, node 0 left out."""
        nodes = []
        while node:
            nodes.append(node)
            node = self.parents[node]
        return nodes

    def score(self, node: int, alpha: Real) -> float:
        """Log-probability / ((5 + words) / 6)^alpha; the end is no word (Wu et al. 2016)."""
        words = self.depths[node] - (node in self.ends)
        return self.totals[node] / ((5 + words) / 6) ** alpha

    def winner(self, kept: list[int], alpha: Real) -> int:
        """The best score among those that have ended, if any has."""
        candidates = [node for node in kept if node in self.ends] or kept
        return max(candidates, key=lambda node: (self.score(node, alpha), -node))


Follow = Callable[[list[tuple]], list[Sequence[tuple[Any, float]]]]


def grow(
    follow: Follow, spell: Callable, label: Callable, *, end: Any, n_new: int, widest: int
) -> Tree:
    """All that beams of width 1 to `widest` look at in up to `n_new` steps.

    follow(prefixes) gives for each prefix, a tuple of tokens, its most probable next tokens with
    their log-probabilities, the best first.
    """
    tree = Tree([""], [""], [-1], [0.0], [])
    prefixes: list[tuple] = [()]
    beams = {width: [0] for width in range(1, widest + 1)}
    for _ in range(n_new):
        ended = set(tree.ends)
        frontier = sorted({node for kept in beams.values() for node in kept} - ended)
        if not frontier:
            break
        for node, found in zip(frontier, follow([prefixes[i] for i in frontier]), strict=True):
            for token, log_probability in found[:widest]:
                if token == end:
                    tree.ends.append(len(tree.parents))
                tree.labels.append("■" if token == end else label(token))
                tree.parents.append(node)
                tree.log_probabilities.append(float(log_probability))
                prefixes.append((*prefixes[node], token))
                tree.texts.append(tree.texts[node] if token == end else spell(prefixes[-1]))
        search = Search(tree)
        for width, kept in beams.items():
            step = search.advance(kept, width)
            beams[width] = kept if step is None else step.kept
    return tree


class BeamExplorer(Explorer):
    """Steps across, the beam's places down, best on top; lines join a sentence to its beginning.

    Sliders: the width (1 is greedy), the step, and the length penalty's α. The page searches by
    itself, in a tree of all that beams up to the widest look at. With `translate`, a function from
    a text to a Tree, the reader may type a sentence.
    """

    labels = traitlets.List(traitlets.Unicode()).tag(sync=True)
    texts = traitlets.List(traitlets.Unicode()).tag(sync=True)
    parents = traitlets.List(traitlets.Int()).tag(sync=True)
    log_probabilities = traitlets.Bytes().tag(sync=True)  # float32, one a node
    ends = traitlets.List(traitlets.Int()).tag(sync=True)
    widest = traitlets.Int().tag(sync=True)
    width = traitlets.Int().tag(sync=True)
    step = traitlets.Int().tag(sync=True)  # 0: the last one
    length_penalty = traitlets.Float().tag(sync=True)
    text = traitlets.Unicode().tag(sync=True)
    can_translate = traitlets.Bool().tag(sync=True)
    trouble = traitlets.Unicode().tag(sync=True)  # why a text could not be translated
    answered = traitlets.Int().tag(sync=True)  # how many texts got an answer, good or bad

    @classmethod
    def shared(cls) -> dict[str, Any]:
        return {"penalties": PENALTIES, "lost": LOST, "lost_gap": LOST_GAP}

    def __init__(
        self,
        tree: Tree,
        *,
        widest: int,
        width: int = 3,
        step: int = 0,
        length_penalty: float = 0.6,
        text: str = "",
        translate: Callable[[str], Tree] | None = None,
    ):
        """`tree` is one that `grow` made for `widest`. Step 0 is the last one."""
        if not 1 <= width <= widest <= WIDEST:
            raise ValueError(
                f"1 ≤ width ≤ widest ≤ {WIDEST}; got width {width} and widest {widest}."
            )
        if length_penalty not in PENALTIES:
            raise ValueError(f"length_penalty must be one of {PENALTIES}, got {length_penalty}.")
        n_steps = len(Search(_checked(tree)).steps(width))
        if not 0 <= step <= n_steps:
            raise ValueError(f"a beam of width {width} takes {n_steps} steps here, got {step}.")
        self.translate = translate
        super().__init__(
            **_traits(tree),
            widest=widest,
            width=width,
            step=step,
            length_penalty=length_penalty,
            text=text,
            can_translate=translate is not None,
        )
        self.observe(self._translate_again, names="text")

    @classmethod
    def by_hand(
        cls, chances: Mapping[str, Mapping[str, float]], *, widest: int = 3, **opening
    ) -> "BeamExplorer":
        """From a table: the probability of each next word after each beginning.

        `chances[""]` is how a sentence begins, `chances["Tom trinkt"]` how that goes on; where the
        table says nothing, the sentence ends. A word with a probability of 0 never comes.

        ValueError for what is no probability.
        """
        for beginning, table in chances.items():
            for word, p in table.items():
                if not 0 <= p <= 1:
                    raise ValueError(
                        f"after {beginning!r}, {word!r} has the probability {p}: it is a share, "
                        "from 0 to 1."
                    )

        def follow(prefixes: list[tuple]) -> list[Sequence[tuple[str | None, float]]]:
            tables = [chances.get(" ".join(prefix), {None: 1.0}) for prefix in prefixes]
            return [
                [(w, math.log(p)) for w, p in sorted(t.items(), key=lambda item: -item[1]) if p]
                for t in tables
            ]

        tree = grow(follow, " ".join, str, end=None, n_new=LONGEST, widest=widest)
        return cls(tree, widest=widest, **opening)

    @classmethod
    def from_model(cls, model, tokenizer, text: str, *, widest: int = 5, **opening):
        """For a Seq2SeqTransformer and its BPETokenizer; the reader may type other sentences."""

        def translate(text: str) -> Tree:
            return tree_of(model, tokenizer, text, widest=widest)

        return cls(translate(text), widest=widest, text=text, translate=translate, **opening)

    def _translate_again(self, change: dict) -> None:
        """Somebody typed a sentence. What goes wrong is told in the page, not in the kernel."""
        if self.translate is None:
            return
        self._answer(lambda: {"step": 0, **_traits(_checked(self.translate(change["new"])))})

    @property
    def tree(self) -> Tree:
        numbers = np.frombuffer(self.log_probabilities, dtype="<f4").tolist()
        return Tree(self.labels, self.texts, self.parents, numbers, self.ends)

    def _look(self) -> tuple[Search, list[Step], int, int]:
        """The search, its steps up to the one shown, the best of that one, and where greedy ends"""
        search = Search(self.tree)
        steps = search.steps(self.width)
        is_last = self.step in (0, len(steps))
        steps = steps[: self.step or None]
        kept = steps[-1].kept
        best = search.winner(kept, self.length_penalty) if is_last else kept[0]
        return search, steps, best, search.steps(1)[-1].kept[0]

    @property
    def alt(self) -> str:
        search, steps, best, greedy = self._look()
        others = [node for node in steps[-1].kept if node != best][:3]
        named = "; ".join(self._named(search, node) for node in others)
        source = f" of “{self.text}”" if self.text else ""
        return (
            f"Beam search of width {self.width}{source} as a tree, step {len(steps)}. "
            f"Best: {self._named(search, best)}. "
            + (f"Also in the beam: {named}. " if others else "")
            + f"Greedy finds {self._named(search, greedy)}."
        )

    def _named(self, search: Search, node: int) -> str:
        total = search.totals[node]
        return f"“{self.texts[node]}” ({total:.2f}, probability {share(total)})"

    def still(self) -> Figure:
        """The tree as it opens: blue the best, barred greedy, dashed what was dropped."""
        search, steps, best, greedy = self._look()
        hidden = max(0, len(steps) - MOST_COLUMNS)
        steps = steps[:MOST_COLUMNS]
        drawn = tree_layout(search, steps, search.path(greedy))
        rows = max(row for _, row in drawn.places.values()) + 1
        title = self._title(search, best, greedy)
        top = 0.5 + 0.22 * title.count("\n")
        height = top + ROW * rows + 0.6
        fig = blank(height, title)
        ax = fig.add_axes((0.0, 0.55 / height, 1.0, ROW * rows / height))
        columns = max(len(steps), FEWEST_COLUMNS)
        ax.set(xlim=(-0.6, columns + 0.5), ylim=(rows - 0.5, -0.5))
        ax.axis("off")
        paths = set(search.path(best)), set(search.path(greedy))
        self._draw_lines(ax, search, drawn, *paths)
        letters = int(BOX_WIDTH * plots.WIDTH / (columns + 1.1) / LETTER)
        self._draw_boxes(ax, search, drawn, *paths, letters)
        fig.text(
            0.02, 0.3 / height,
            "Each box: a token (· is a blank, ■ the end), and the log-probability of its sentence "
            "so far. Blue: the best.\nOrange bar: greedy. Dashed: dropped at once. A dot has "
            "ended before, and keeps its place."
            + (f" Not drawn: {hidden} later steps." if hidden else ""),
            fontsize=plots.SMALL_SIZE, color=plots.FAINT, va="center",
        )  # fmt: skip
        return fig

    def _title(self, search: Search, best: int, greedy: int) -> str:
        ours, theirs = search.totals[best], search.totals[greedy]
        who = "Greedy" if self.width == 1 else f"A beam of {self.width}"
        found = textwrap.fill(f"{who}: “{self.texts[best]}”, {share(ours)}", TITLE_LETTERS)
        if best == greedy or self.width == 1:
            return found
        other = f"greedy: “{self.texts[greedy]}”, {share(theirs)}"
        return f"{found};\n{textwrap.fill(other, TITLE_LETTERS)}"

    def _draw_lines(self, ax: Axes, search, drawn: "TreeLayout", best: set, greedy: set) -> None:
        for column, node, before in drawn.lines:
            (x1, y1), (x2, y2) = drawn.places[column - 1, before], drawn.places[column, node]
            x1 += 0.0 if search.depths[before] < column - 1 else 0.3 if before == 0 else RIM
            x2 -= 0.0 if search.depths[node] < column else RIM
            ax.plot(
                [x1, x2], [y1, y2],
                color=KEPT if node in best else GREEDY if node in greedy else plots.FAINT,
                linewidth=2.5 if node in best else 1.5 if node in greedy else 1,
                linestyle=(0, (2, 2)) if (column, node) in drawn.lost else "-",
                zorder=1,
            )  # fmt: skip

    def _draw_boxes(
        self, ax: Axes, search, drawn: "TreeLayout", best: set, greedy: set, letters: int
    ) -> None:
        words = {"ha": "center", "va": "center", "fontsize": plots.SMALL_SIZE}
        for (column, node), (x, y) in drawn.places.items():
            if node == 0:
                ax.text(x, y, "start", color=plots.INK, **words)
                continue
            color = KEPT if node in best else plots.FAINT
            if search.depths[node] < column:
                ax.plot(x, y, "o", color=color, markersize=5)
                continue
            is_lost = (column, node) in drawn.lost
            ink = plots.FAINT if is_lost else plots.INK
            weight = "bold" if node in best else "normal"
            box = {
                "edgecolor": color,
                "facecolor": plots.PAGE,
                "linewidth": 2 if node in best else 1,
                "linestyle": (0, (2, 2)) if is_lost else "-",
            }
            ax.add_patch(Rectangle((x - RIM, y - 0.4), 2 * RIM, 0.8, **box))
            if node in greedy:
                ax.plot([x - RIM + 0.05, x + RIM - 0.05], [y + 0.4] * 2, color=GREEDY, linewidth=3)
            label = _shortened(self.labels[node], letters)
            total = _minus(f"{search.totals[node]:.2f}")
            ax.text(x, y - 0.18, label, color=ink, fontweight=weight, **words)
            ax.text(x, y + 0.18, total, color=ink, **words)


class TreeLayout(NamedTuple):
    """Where what stands: (column, node) -> (x, y); lines as (column, node, node before)."""

    places: dict[tuple[int, int], tuple[float, float]]
    lines: list[tuple[int, int, int]]
    lost: set[tuple[int, int]]


def tree_layout(search: Search, steps: Sequence[Step], greedy: Sequence[int]) -> TreeLayout:
    """Columns are steps, rows the beam's places and, below them, what was dropped.

    Of the dropped, the nearest are drawn, and greedy's own.
    """
    widest = max(len(step.kept) for step in steps)
    drawn = TreeLayout({(0, 0): (0.0, (widest - 1) / 2)}, [], set())
    for column, step in enumerate(steps, 1):
        near = step.lost[:LOST]
        near += [node for node in step.lost[LOST:] if node in greedy]
        rows = [*enumerate(step.kept), *enumerate(near, widest)]
        for row, node in rows:
            drawn.places[column, node] = (float(column), float(row) + LOST_GAP * (row >= widest))
            old = search.depths[node] < column
            drawn.lines.append((column, node, node if old else search.parents[node]))
        drawn.lost.update((column, node) for node in near)
    return drawn


def tree_of(model, tokenizer, text: str, *, widest: int) -> Tree:
    """What beams up to `widest` look at as a Seq2SeqTransformer translates `text`."""
    import torch

    from course_utils.decoding import without_dropout

    source = tokenizer.encode(text)
    if not source:
        raise ValueError("There is nothing to translate. Try a sentence.")
    if len(source) > LONGEST:
        raise ValueError(
            f"That is {len(source)} tokens; the explorer draws up to {LONGEST}. Try fewer words."
        )
    start, end = tokenizer.special_id("<s>"), tokenizer.special_id("</s>")
    device = next(model.parameters()).device
    with torch.inference_mode(), without_dropout(model):
        speaker = model.given(torch.tensor([source], device=device))

        def follow(prefixes: list[tuple]) -> list[Sequence[tuple[int, float]]]:
            ids = torch.tensor([[start, *prefix] for prefix in prefixes], device=device)
            log_p, tokens = speaker(ids)[:, -1].float().log_softmax(-1).topk(widest)
            return [
                list(zip(*row, strict=True))
                for row in zip(tokens.tolist(), log_p.tolist(), strict=True)
            ]

        return grow(
            follow,
            tokenizer.decode,
            functools.partial(_readable, tokenizer),
            end=end,
            n_new=LONGEST,
            widest=widest,
        )


def _readable(tokenizer, token: int) -> str:
    return tokenizer.decode([token]).replace(" ", "·")


def _checked(tree: Tree) -> Tree:
    """The tree; ValueError if its parts do not fit each other."""
    n = len(tree.parents)
    if not n == len(tree.labels) == len(tree.texts) == len(tree.log_probabilities):
        raise ValueError("a tree has as many labels, texts and numbers as it has nodes.")
    if n < 2:
        raise ValueError("there is nothing to search: the tree has no branch.")
    if any(not 0 <= parent < node for node, parent in enumerate(tree.parents[1:], 1)):
        raise ValueError("each node's parent must come before it.")
    if np.isnan(plots.numbers(tree.log_probabilities)).any():
        raise ValueError("some of the log-probabilities are NaN.")
    return tree


def _traits(tree: Tree) -> dict[str, Any]:
    numbers = plots.numbers(tree.log_probabilities).astype("<f4").tobytes()
    return tree._asdict() | {"log_probabilities": numbers}


def share(log_probability: float) -> str:
    """A probability as people write it: 24 %, 0.3 %."""
    part = math.exp(log_probability)
    below_10 = float(f"{100 * part:.1f}") < 10
    return percent(part, digits=1 if below_10 else 0, or_less=True)


def _shortened(label: str, letters: int) -> str:
    return label if len(label) <= letters else f"{label[: letters - 1]}…"


def _minus(text: str) -> str:
    return text.replace("-", "−")
