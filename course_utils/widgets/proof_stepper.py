"""The proof stepper: the theorem's construction, one layer at a time, on a sentence of numbers."""

import textwrap
from collections.abc import Mapping, Sequence
from typing import Any, NamedTuple

import numpy as np
import traitlets
from matplotlib.axes import Axes
from matplotlib.figure import Figure
from matplotlib.patches import PathPatch
from matplotlib.path import Path

from course_utils import plots
from course_utils.widgets.explorer import Explorer
from course_utils.widgets.parts import blank

WORDS = ("Tom", "drinks", "cold", "coffee")
MOST_WORDS, MOST_INPUTS = 6, 1_000  # the last step runs all inputs in the page, at each move
TITLE_LETTERS = 70  # in a line of the still
ROW = 0.52  # inches
LANES = (0.29, 0.78)  # where ids stand on a scale, in shares of the still's width
WORD, NUMBER, ARC = 0.15, 0.98, 0.135  # where words begin, numbers end and arcs begin
NOTE = "Arcs on the left go to whom it sees: orange to the highest id, dashed blue to the lowest."
ALL_NOTE = "A stripe for each id; orange is one that two words have."


class Look(NamedTuple):
    """Who looks in a layer, at whom, and who of them has the highest and the lowest id."""

    query: int
    keys: list[int]
    highest: int
    lowest: int


class ProofStepper(Explorer):
    """A slider goes through the layers; words have ids, and a layer moves whoever it is for.

    Words down, ids on a scale across; the arcs on the left say who looks at whom. The last step
    runs every input and looks for two words with the same id. Buttons change the words' numbers,
    and patterns can be chosen, some of which miss a condition. The page computes all of it, with
    whole numbers of any size, as `course_utils.patterns.universal` does.
    """

    words = traitlets.List(traitlets.Unicode()).tag(sync=True)
    levels = traitlets.Int().tag(sync=True)
    choices = traitlets.List(traitlets.Dict()).tag(sync=True)
    choice = traitlets.Int().tag(sync=True)
    digits = traitlets.List(traitlets.Int()).tag(sync=True)
    step = traitlets.Int().tag(sync=True)

    def __init__(
        self,
        words: Sequence[str] = WORDS,
        *,
        digits: Sequence[int] | None = None,
        levels: int = 3,
        patterns: Mapping[str, Any] | None = None,
        choice: str | None = None,
        step: int | None = None,
    ):
        """`patterns` are names and what `construction` takes: a Pattern, several that take turns,
        or (patterns, path, n_spread), to try without the conditions. By default
        there are some that fulfil them and, for four words, some that do not.
        `choice` is the name to open with. `digits` are the words' numbers, from 0 to levels - 1.
        `step` 0 is the input, 1 the positions, then one a layer; by default the first that moves.
        """
        words = list(words)
        if levels < 1:
            raise ValueError(f"a word has one of levels={levels} numbers: 1 or more are needed.")
        if not 1 < len(words) <= MOST_WORDS or levels ** len(words) > MOST_INPUTS:
            raise ValueError(
                f"2 to {MOST_WORDS} words that make up to {MOST_INPUTS} inputs; got {len(words)} "
                f"words with {levels} levels, which make {levels ** len(words)}."
            )
        digits = [i % levels for i in range(1, len(words) + 1)] if digits is None else list(digits)
        if len(digits) != len(words) or not all(0 <= digit < levels for digit in digits):
            raise ValueError(f"{len(words)} numbers from 0 to {levels - 1}, got {digits}.")
        given = ready_made(len(words)) if patterns is None else dict(patterns)
        names = list(given)
        if not names:
            raise ValueError("there is nothing to step through: no patterns.")
        choice = names[0] if choice is None else choice
        if choice not in names:
            raise ValueError(f"choice is one of {', '.join(names)}; got {choice!r}.")
        super().__init__(
            words=words,
            levels=levels,
            digits=digits,
            choices=[as_choice(name, of, levels) for name, of in given.items()],
            choice=names.index(choice),
        )
        for name, chosen in zip(names, self.choices, strict=True):
            if len(chosen["path"]) != len(words):
                raise ValueError(
                    f"{name!r} is for {len(chosen['path'])} tokens; there are {len(words)} words."
                )
        last = len(self.layers()) + 1
        step = self._first_move() if step is None else step
        if not 0 <= step <= last:
            raise ValueError(f"step goes from 0 to {last} here, got {step}.")
        self.step = step

    # ---- what the page computes, too

    def layers(self) -> list:
        """The chosen construction's layers without the rounding: the numbers are whole."""
        from course_utils.patterns import Pattern
        from course_utils.patterns.universal import Quantise, construction

        chosen = self.choices[self.choice]
        patterns = [Pattern.from_lists(rows) for rows in chosen["rows"]]
        found = construction(
            patterns, self.levels, path=chosen["path"], n_spread=chosen["n_spread"]
        )
        return [layer for layer in found if not isinstance(layer, Quantise)]

    def states(self) -> list[list[int]]:
        """The words' ids: as they come in, and after each layer."""
        from course_utils.patterns.universal import codes, run

        inputs = np.array(self.digits, dtype=object).reshape(1, -1, 1)
        return [codes(state, self.levels)[0].tolist() for state in run(self.layers(), inputs)]

    def all_ids(self) -> np.ndarray:
        """The ids after the last layer, [n_inputs, n_words], as Python's whole numbers."""
        from course_utils.patterns.universal import all_inputs, codes, run

        inputs = all_inputs(len(self.words), self.levels).astype(object)
        return codes(run(self.layers(), inputs)[-1], self.levels)

    def looks(self, step: int) -> list[Look]:
        """Who looks at whom in the layer that leads to `step`; of those that look, who matters."""
        from course_utils.patterns.universal import SelectiveShift, Spread

        layers, states = self.layers(), self.states()
        if not 0 < step <= len(layers):
            return []
        layer, ids = layers[step - 1], states[step - 1]
        if not isinstance(layer, SelectiveShift | Spread):
            return []
        queries = range(len(ids)) if isinstance(layer, Spread) else [layer.token]
        found = []
        for query in queries:
            keys = layer.pattern.keys_of(query).tolist()
            if keys:
                highest, lowest = max(keys, key=ids.__getitem__), min(keys, key=ids.__getitem__)
                found.append(Look(query, keys, highest, lowest))
        return found

    def _first_move(self) -> int:
        states = self.states()
        moves = [i for i in range(2, len(states)) if states[i] != states[i - 1]]
        return moves[0] if moves else 1

    # ---- in words

    def told(self, step: int) -> str:
        """What happens at a step, in the words of the page."""
        from course_utils.patterns.universal import Idle, SelectiveShift

        layers, words = self.layers(), self.words
        n_inputs = self.levels ** len(words)
        if step == 0:
            return f"The input: {self._input(self.digits)}. One of {n_inputs}."
        if step == 1:
            path = " → ".join(words[token] for token in self.choices[self.choice]["path"])
            return (
                f"Positions: each word moves into a box of its own. Path: {path}. The first gets "
                "the highest box, the second the lowest, and from there they rise."
            )
        if step > len(layers):
            return self._told_of_all()
        layer, ids = layers[step - 1], self.states()[step - 1]
        begin = f"Layer {step - 1} of {len(layers) - 1}"
        if isinstance(layer, Idle):
            return f"{begin} has the other pattern, in which the path has no step: nobody moves."
        if not isinstance(layer, SelectiveShift):
            return f"{begin}: everybody adds {layer.factor:,} times the highest id that it sees."
        begin = f"{begin} is for “{words[layer.token]}”, if its id is {layer.target}. "
        if ids[layer.token] != layer.target:
            return f"{begin}It is {self._figures(ids[layer.token])}: nobody moves."
        (look,) = self.looks(step)
        highest, lowest = ids[look.highest], ids[look.lowest]
        grown = layer.target + self.levels * (highest - lowest)
        return (
            f"{begin}It is: “{words[look.highest]}” is the highest that it sees, "
            f"“{words[look.lowest]}” the lowest. {layer.target} + {self.levels}·"
            f"({self._figures(highest)} − {self._figures(lowest)}) = {self._figures(grown)}."
        )

    def _figures(self, number: int) -> str:
        """An id as it is written, in blocks as long as the factor of the spreading has noughts."""
        from course_utils.patterns.universal import blocks

        return blocks(number, int(self.choices[self.choice]["factor"]))

    def _input(self, digits: Sequence[int]) -> str:
        return ", ".join(f"{word} {digit}" for word, digit in zip(self.words, digits, strict=True))

    def _told_of_all(self) -> str:
        from course_utils.patterns.universal import all_inputs, collision

        ids = self.all_ids()
        different = len(set(ids.reshape(-1).tolist()))
        begin = f"All {len(ids)} inputs, {len(self.words)} words each: {ids.size} ids, "
        found = collision(ids)
        if found is None:
            return f"{begin}all different. Each word knows which input it stands in."
        digits = all_inputs(len(self.words), self.levels)[..., 0].tolist()
        (a, word), (b, other) = found.first, found.second
        return (
            f"{begin}{different} of them different. “{self.words[word]}” in "
            f"{''.join(map(str, digits[a]))} and “{self.words[other]}” in "
            f"{''.join(map(str, digits[b]))} have the same id, {self._figures(found.code)}."
        )

    @property
    def alt(self) -> str:
        ids = self._ids_shown()
        name = self.choices[self.choice]["name"]
        shown = ", ".join(
            f"{word} {self._figures(i)}" for word, i in zip(self.words, ids, strict=True)
        )
        last = len(self.layers()) + 1
        return (
            f"The proof stepper, pattern “{name}”, step {self.step} of {last}. "
            f"{self.told(self.step)} Ids: {shown}."
        )

    def _ids_shown(self) -> list[int]:
        states = self.states()
        return states[min(self.step, len(states) - 1)]

    # ---- as a picture

    def still(self) -> Figure:
        """The step as it opens: who looks on the left, ids on a scale, and in figures."""
        n, title = len(self.words), _wrapped(self.told(self.step))
        top = 0.45 + 0.2 * title.count("\n")
        height = top + ROW * n + 0.85
        fig = blank(height, title)
        ax = fig.add_axes((0.0, 0.85 / height, 1.0, ROW * n / height))
        ax.set(xlim=(0, 1), ylim=(n - 0.4, -0.6))
        ax.axis("off")
        for look in self.looks(self.step):
            _draw_look(ax, look, alone=len(self.looks(self.step)) == 1)
        if self.step > len(self.layers()):
            self._draw_all(ax)
        else:
            self._draw_ids(ax)
        name = self.choices[self.choice]["name"]
        note = ALL_NOTE if self.step > len(self.layers()) else NOTE
        fig.text(
            0.02, 0.36 / height, f"Pattern: {name}.\n{note}",
            fontsize=plots.SMALL_SIZE, color=plots.FAINT, va="center",
        )  # fmt: skip
        return fig

    def _draw_words(self, ax: Axes, names: Sequence[str], bold: Sequence[bool]) -> None:
        for row, name in enumerate(names):
            weight = "bold" if bold[row] else "normal"
            ax.text(WORD, row, name, va="center", fontsize=plots.LABEL_SIZE,
                    weight=weight)  # fmt: skip
            ax.plot(
                LANES, (row, row), color="#cccccc", linewidth=4, zorder=0, solid_capstyle="round"
            )

    def _draw_ids(self, ax: Axes) -> None:
        states = self.states()
        now, before = states[self.step], states[max(self.step - 1, 0)]
        top = self._top(self.step)
        moved = [a != b for a, b in zip(now, before, strict=True)]
        names = [f"{word} {digit}" for word, digit in zip(self.words, self.digits, strict=True)]
        self._draw_words(ax, names, moved)

        def place(number: int) -> float:
            share = np.log10(float(number) + 1) / top
            return LANES[0] + share * (LANES[1] - LANES[0])

        for row, (new, old) in enumerate(zip(now, before, strict=True)):
            color = plots.ORANGE if moved[row] else plots.BLUE
            if moved[row]:
                ax.plot((place(old), place(new)), (row, row), color=color, linewidth=3)
                ax.plot(place(old), row, "o", markerfacecolor=plots.PAGE, color=color, markersize=7)
            ax.plot(place(new), row, "o", color=color, markersize=8)
            weight = "bold" if moved[row] else "normal"
            ax.text(NUMBER, row, self._figures(new), ha="right", va="center",
                    fontsize=plots.LABEL_SIZE, weight=weight)  # fmt: skip
        for number, label in ticks(top):
            ax.vlines(place(number), -0.4, len(now) - 0.5, color="#cccccc", ls=":", lw=1, zorder=0)
            ax.text(place(number), len(now) - 0.45, label, ha="center", va="top",
                    fontsize=plots.SMALL_SIZE, color=plots.FAINT)  # fmt: skip
        ax.text(NUMBER, len(now) - 0.45, "the id", ha="right", va="top", fontsize=plots.SMALL_SIZE,
                color=plots.FAINT)  # fmt: skip

    def _top(self, step: int) -> float:
        """The power of ten at the right end of the scale: one for the shifts, one for spreading."""
        from course_utils.patterns.universal import Spread

        layers, states = self.layers(), self.states()
        spreads = step > 0 and isinstance(layers[step - 1], Spread)
        shifts = 1 + sum(not isinstance(layer, Spread) for layer in layers)
        return float(np.log10(float(max(states[-1] if spreads else states[shifts - 1])) + 1))

    def _draw_all(self, ax: Axes) -> None:
        from course_utils.patterns.universal import collision

        ids = self.all_ids()
        found = collision(ids)
        twice = None if found is None else found.code
        self._draw_words(ax, self.words, [False] * len(self.words))
        right_end = float(ids.max())
        for row in range(len(self.words)):
            column = ids[:, row].tolist()
            for number in sorted(set(column), key=lambda number: number == twice):
                x = LANES[0] + float(number) / right_end * (LANES[1] - LANES[0])
                color, width = (plots.ORANGE, 2.5) if number == twice else (plots.BLUE, 0.8)
                ax.plot((x, x), (row - 0.3, row + 0.3), color=color, linewidth=width)
            ax.text(NUMBER, row, f"{len(set(column))} different", ha="right", va="center",
                    fontsize=plots.LABEL_SIZE)  # fmt: skip
        ax.text(LANES[0], len(self.words) - 0.45, "0", va="top", fontsize=plots.SMALL_SIZE,
                color=plots.FAINT)  # fmt: skip
        ax.text(LANES[1], len(self.words) - 0.45, rounded(ids.max()), ha="right", va="top",
                fontsize=plots.SMALL_SIZE, color=plots.FAINT)  # fmt: skip


def ready_made(n: int) -> dict[str, Any]:
    """Patterns by name: those that fulfil the conditions, then, for some n, those that do not."""
    from course_utils.experiments.universal import broken, qualifying

    everybody_sees_all = {"dense"} | ({"star with ring"} if n < 5 else set())
    found = {name: of for name, of in qualifying(n).items() if name not in everybody_sees_all}
    cases = [case for case in broken() if len(case.path) == n]
    return found | {
        f"without {case.missing}: {case.who}": (case.patterns, case.path, case.n_spread)
        for case in cases
    }


def as_choice(name: str, of: Any, levels: int) -> dict[str, Any]:
    """What the page needs to know: whom each token sees in each pattern, the path, the depth."""
    from course_utils.patterns import Pattern
    from course_utils.patterns.combine import as_sequence
    from course_utils.patterns.universal import Spread, construction

    path = n_spread = None
    if isinstance(of, tuple) and len(of) == 3 and not isinstance(of[1], Pattern):
        of, path, n_spread = of
    layers = construction(of, levels, path=path, n_spread=n_spread)
    boxes = layers[0].boxes
    return {
        "name": name,
        "rows": [
            [pattern.keys_of(query).tolist() for query in range(pattern.n)]
            for pattern in as_sequence(of)
        ],
        "path": sorted(range(len(boxes)), key=lambda token: (boxes[token] + 1) % len(boxes)),
        "n_spread": sum(isinstance(layer, Spread) for layer in layers),
        "factor": str(layers[-1].factor),  # in the page it is a BigInt
    }


def ticks(top: float) -> list[tuple[int, str]]:
    """0 and powers of ten below 10^top, seven at most, with what is written under them.

    An id stands at the logarithm of id + 1, so that 0 has a place; 1 is marked where there is room.
    """
    every = -(-int(top) // 5) or 1
    powers = range(0 if every == 1 else every, int(top) + 1, every)
    marks = [
        (10**power, f"{10**power:,}" if power < 4 else f"10{superscript(power)}")
        for power in powers
        if np.log10(10.0**power + 1) <= top
    ]
    return [(0, "0"), *marks]


def rounded(number: int) -> str:
    """Two figures and a power of ten: 3.0·10⁸."""
    figures, power = f"{float(number):.1e}".split("e")
    return f"{figures}·10{superscript(int(power))}"


def superscript(number: int) -> str:
    return "".join("⁰¹²³⁴⁵⁶⁷⁸⁹"[int(figure)] for figure in str(number))


def _wrapped(sentence: str) -> str:
    return textwrap.fill(sentence, TITLE_LETTERS)


def _draw_look(ax: Axes, look: Look, *, alone: bool) -> None:
    """Arcs from who looks to whom it sees, bulging to the left; a spread shows the highest only."""
    for key in look.keys:
        is_highest, is_lowest = key == look.highest, key == look.lowest and alone
        if not alone and not is_highest:
            continue
        color = plots.ORANGE if is_highest else plots.BLUE if is_lowest else plots.FAINT
        bulge = 0.03 + 0.028 * abs(key - look.query)
        up, down = (look.query, key) if key != look.query else (look.query - 0.2, key + 0.2)
        curve = Path(
            [(ARC, up), (ARC - bulge, up), (ARC - bulge, down), (ARC, down)],
            [Path.MOVETO, Path.CURVE4, Path.CURVE4, Path.CURVE4],
        )
        ax.add_patch(
            PathPatch(
                curve, fill=False, edgecolor=color, linewidth=2 if is_highest or is_lowest else 1,
                linestyle="--" if is_lowest and not is_highest else "-",
            )
        )  # fmt: skip
