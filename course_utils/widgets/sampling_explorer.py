"""What a language model would write next: temperature, top-k, top-p and min-p on sliders."""

from collections.abc import Callable, Sequence
from numbers import Real
from typing import Any

import numpy as np
import traitlets
from matplotlib.figure import Figure

from course_utils import plots
from course_utils.widgets.explorer import Explorer
from course_utils.widgets.parts import blank, expect_one_of, percent

LONGEST = 400  # tokens of text; what a page should hold, and a reader would scroll through
ROWS = 12  # bars; the other tokens share one more
TEMPERATURES = (0.1, 0.2, 0.3, 0.4, 0.5, 0.6, 0.7, 0.8, 0.9, 1.0, 1.2, 1.5, 2.0, 3.0, 5.0)
TOP_KS = (1, 2, 3, 5, 8, 10, 15, 20, 30, 50, 0)  # 0: off
TOP_PS = (0.1, 0.2, 0.3, 0.4, 0.5, 0.6, 0.7, 0.8, 0.9, 0.95, 0.98, 1.0)  # 1: off
MIN_PS = (0.0, 0.01, 0.02, 0.05, 0.1, 0.2, 0.3, 0.5)  # 0: off
ENDING = 24  # letters of the text, in a sentence about what comes after it
KEPT, CUT = plots.BLUE, plots.ORANGE

Reading = tuple[Sequence[str], Any]  # the text's tokens, and logits after each, [n, vocab]


def chances(logits, temperature: Real) -> np.ndarray:
    """Softmax of logits / temperature over the last axis."""
    scaled = np.asarray(logits, dtype=np.float64)
    scaled = (scaled - scaled.max(axis=-1, keepdims=True)) / temperature
    powers = np.exp(scaled)
    return powers / powers.sum(axis=-1, keepdims=True)


def sampled_from(
    logits, temperature: Real = 1.0, top_k: int = 0, top_p: Real = 1.0, min_p: Real = 0.0
) -> np.ndarray:
    """What a token is drawn with, [vocab]: temperature, then the cuts, in `Sampler`'s order.

    A share that meets a limit exactly may miss it by the rounding of the logits, and still counts:
    of 0.5, 0.3, 0.1 and 0.1 the first two sum to top_p 0.8.
    """
    from course_utils.decoding import REACHED

    left = chances(logits, temperature)
    falling = np.argsort(-left, kind="stable")
    if top_k:
        left[falling[top_k:]] = 0.0
        left /= left.sum()
    if top_p < 1:
        likelier = np.concatenate([[0.0], np.cumsum(left[falling])[:-1]])
        left[falling[likelier >= REACHED * top_p]] = 0.0
        left /= left.sum()
    if min_p:
        left[left < REACHED * min_p * left.max()] = 0.0
        left /= left.sum()
    return left


def bits(shares) -> float:
    """The mean surprise of a draw, Σ −p log₂ p: 1 for a fair coin."""
    shares = np.asarray(shares, dtype=np.float64)
    logs = np.log2(shares, out=np.zeros_like(shares), where=shares > 0)
    return float(0.0 - (shares * logs).sum())  # for a certain one 0, and not -0.0


class SamplingExplorer(Explorer):
    """A model's chances for the next token, after any token of a text, and what cuts leave of them.

    Bars and sliders are worked out in the page. With `read`, a function from a text to (tokens,
    logits after each token), the page can also write: it draws a token and asks what comes next.
    """

    vocabulary = traitlets.List(traitlets.Unicode()).tag(sync=True)
    tokens = traitlets.List(traitlets.Unicode()).tag(sync=True)
    logits = traitlets.Bytes().tag(sync=True)  # float32 [n, vocab], after each of the n tokens
    place = traitlets.Int().tag(sync=True)  # the token after which is looked, counted from 0
    temperature = traitlets.Float(1.0).tag(sync=True)
    top_k = traitlets.Int(0).tag(sync=True)
    top_p = traitlets.Float(1.0).tag(sync=True)
    min_p = traitlets.Float(0.0).tag(sync=True)
    text = traitlets.Unicode().tag(sync=True)
    can_read = traitlets.Bool().tag(sync=True)
    in_the_page = traitlets.Bool().tag(sync=True)  # the page can compute the model itself
    longest = traitlets.Int(LONGEST).tag(sync=True)  # tokens that the model reads at once
    trouble = traitlets.Unicode().tag(sync=True)  # why a text could not be read
    answered = traitlets.Int().tag(sync=True)  # how many texts got an answer, good or bad

    @classmethod
    def shared(cls) -> dict[str, Any]:
        from course_utils.decoding import REACHED

        return {
            "rows": ROWS,
            "ending": ENDING,
            "reached": REACHED,
            "temperatures": TEMPERATURES,
            "top_ks": TOP_KS,
            "top_ps": TOP_PS,
            "min_ps": MIN_PS,
        }

    def __init__(
        self,
        tokens: Sequence[str],
        logits,
        vocabulary: Sequence[str],
        *,
        place: int = -1,
        temperature: Real = 1.0,
        top_k: int = 0,
        top_p: Real = 1.0,
        min_p: Real = 0.0,
        read: Callable[[str], Reading] | None = None,
        model=None,
        longest: int = LONGEST,
    ):
        """`logits` is [n, vocab] for n tokens. 0 turns top_k and min_p off, 1 top_p.

        With `model`, one that the page can compute (see `page_model`), the page writes without
        asking `read`, also when there is no kernel any more. It reads `longest` tokens at once.

        ValueError if the parts do not fit, or a setting is not one of the slider's.
        """
        table = _checked(tokens, logits, vocabulary)
        if not -len(tokens) <= place < len(tokens):
            raise ValueError(f"there is no place {place} in a text of {len(tokens)} tokens.")
        expect_one_of("temperature", temperature, TEMPERATURES)
        expect_one_of("top_k", top_k, TOP_KS)
        expect_one_of("top_p", top_p, TOP_PS)
        expect_one_of("min_p", min_p, MIN_PS)
        self.read, self.model = read, model
        super().__init__(
            vocabulary=list(vocabulary),
            tokens=list(tokens),
            logits=table.tobytes(),
            place=place % len(tokens),
            temperature=float(temperature),
            top_k=top_k,
            top_p=float(top_p),
            min_p=float(min_p),
            text="".join(tokens),
            can_read=read is not None,
            in_the_page=model is not None,
            longest=longest,
        )
        self.observe(self._read_again, names="text")

    @classmethod
    def from_model(cls, model, tokenizer, text: str, **settings) -> "SamplingExplorer":
        """For a LanguageModel and the CharTokenizer that it was trained with."""
        import torch

        from course_utils.decoding import without_dropout
        from course_utils.widgets.page_model import why_not_in_the_page

        longest = min(LONGEST, getattr(model, "max_n", None) or LONGEST)

        def read(text: str) -> Reading:
            if not text:
                raise ValueError("A model needs at least one character to go on from.")
            if stranger := next((sign for sign in text if sign not in tokenizer.characters), ""):
                raise ValueError(
                    f"“{stranger}” is not among the {tokenizer.vocab_size} characters that this "
                    "model knows."
                )
            text = text[-longest:]  # what the model can no longer see, the page need not show
            ids = torch.tensor([tokenizer.encode(text)], device=next(model.parameters()).device)
            with torch.no_grad(), without_dropout(model):
                return list(text), model(ids)[0]

        tokens, logits = read(text)
        speaker = None if why_not_in_the_page(model) else model
        return cls(
            tokens, logits, tokenizer.characters,
            read=read, model=speaker, longest=longest, **settings,
        )  # fmt: skip

    def large(self) -> tuple[dict[str, Any], bytes] | None:
        from course_utils.widgets.page_model import weights_for_the_page

        return None if self.model is None else weights_for_the_page(self.model)

    def _read_again(self, change: dict) -> None:
        """Somebody typed, or the page drew a token. Trouble is told in the page."""
        if self.read is None:
            return

        def work() -> dict[str, Any]:
            tokens, logits = self.read(change["new"])
            table = _checked(tokens, logits, self.vocabulary)
            return {"tokens": list(tokens), "logits": table.tobytes(), "place": len(tokens) - 1}

        self._answer(work)

    @property
    def table(self) -> np.ndarray:
        """The logits as numbers again, float32 [n, vocab]."""
        return np.frombuffer(self.logits, dtype="<f4").reshape(len(self.tokens), -1)

    def before_the_cuts(self) -> np.ndarray:
        """The chances at this temperature, [vocab]."""
        return chances(self.table[self.place], self.temperature)

    def after_the_cuts(self) -> np.ndarray:
        """What a token is drawn with, [vocab]."""
        return sampled_from(
            self.table[self.place], self.temperature, self.top_k, self.top_p, self.min_p
        )

    @property
    def alt(self) -> str:
        shares = self.after_the_cuts()
        best = ", ".join(
            f"{shown(self.vocabulary[i])} {_percent(shares[i])}"
            for i in np.argsort(-shares, kind="stable")[:4]
            if shares[i] > 0
        )
        return (
            f"What comes after “{self._read_so_far()}” at temperature {self.temperature:g}, "
            f"{self._cuts()}: {best}. {int((shares > 0).sum())} of {len(shares)} tokens can be "
            f"drawn; a draw is worth {bits(shares):.1f} bits."
        )

    def still(self) -> Figure:
        """The bars: hollow before the cuts, full after them."""
        before, after = self.before_the_cuts(), self.after_the_cuts()
        order = np.argsort(-before, kind="stable")[:ROWS]
        rest = np.setdiff1d(np.arange(len(before)), order)
        names = [shown(self.vocabulary[i]) for i in order]
        pairs = [(before[i], after[i]) for i in order]
        if len(rest):
            names.append(f"{len(rest)} others")
            pairs.append((before[rest].sum(), after[rest].sum()))
        height = 1.15 + 0.25 * len(names)
        fig = blank(
            height,
            f"After “{self._read_so_far()}”: {int((after > 0).sum())} of {len(after)} can come, "
            f"{bits(after):.1f} bits",
        )
        ax = fig.add_axes((0.14, 0.35 / height, 0.8, 1 - 1.0 / height))
        rows = range(len(names))
        ax.barh(rows, [b for b, _ in pairs], color="none", edgecolor=plots.FAINT, linewidth=1)
        ax.barh(rows, [a for _, a in pairs], color=KEPT, height=0.5)
        for row, (b, a) in zip(rows, pairs, strict=True):
            ax.text(
                max(b, a) + 0.01, row,
                _percent(a) if a > 0 else f"cut ({_percent(b)})",
                va="center", fontsize=plots.SMALL_SIZE, color=plots.INK,
            )  # fmt: skip
        ax.set_yticks(rows, names, fontsize=plots.LABEL_SIZE)
        ax.invert_yaxis()
        ax.set(xlim=(0, 1.15), xticks=[])
        ax.spines[:].set_visible(False)
        ax.tick_params(left=False)
        ax.set_title(
            f"temperature {self.temperature:g}, {self._cuts()}; "
            "hollow: before the cuts, blue: what is drawn from",
            loc="left", fontsize=plots.SMALL_SIZE, color=plots.INK,
        )  # fmt: skip
        return fig

    def _read_so_far(self) -> str:
        """The end of the text up to the place, for a title."""
        read = "".join(self.tokens[: self.place + 1])
        end = read if len(read) <= ENDING else "…" + read[1 - ENDING :]
        return end.replace("\n", "↵")

    def _cuts(self) -> str:
        cuts = [
            f"{name} {value:g}"
            for name, value, off in (
                ("top-k", self.top_k, 0),
                ("top-p", self.top_p, 1),
                ("min-p", self.min_p, 0),
            )
            if value != off
        ]
        return ", ".join(cuts) or "no cuts"


def shown(token: str) -> str:
    """A token as a reader sees it: blanks and line ends have signs."""
    return token.translate({ord(" "): "␣", ord("\n"): "↵", ord("\t"): "⇥"})


def _percent(share: float) -> str:
    return percent(share, digits=1, or_less=True)


def _checked(tokens: Sequence[str], logits, vocabulary: Sequence[str]) -> np.ndarray:
    """The logits as little-endian float32; ValueError if they do not fit."""
    table = np.ascontiguousarray(plots.numbers(logits), dtype="<f4")
    if not len(tokens):
        raise ValueError("there is nothing to go on from: no tokens.")
    if len(tokens) > LONGEST:
        raise ValueError(f"the explorer shows up to {LONGEST} tokens, got {len(tokens)}.")
    if not len(vocabulary):
        raise ValueError("there is nothing to draw: no vocabulary.")
    if table.shape != (len(tokens), len(vocabulary)):
        raise ValueError(
            f"the logits must be [n, vocab] = [{len(tokens)}, {len(vocabulary)}], "
            f"got shape {list(table.shape)}."
        )
    if not np.isfinite(table).all():
        raise ValueError("some of the logits are NaN or infinite.")
    return table
