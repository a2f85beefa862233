"""What is a signal made of? Its waves, one by one: seen, left out, and heard."""

import math
from collections.abc import Mapping
from numbers import Real
from typing import Any

import numpy as np
import traitlets

from course_utils import plots
from course_utils.widgets.explorer import Explorer
from course_utils.widgets.parts import SUBTITLE, blank, expect_one_of, quiet

LONGEST = 512  # numbers of a signal: more would not be told apart in a picture
MOST = 1e30  # they are sent in float32, and added up


def amplitudes(signal) -> np.ndarray:
    """How high each wave of 0, 1, … n // 2 rounds goes, in the signal's own units.

    A wave that goes round k times and one that goes round n − k times are one and the same at the
    n places: both count here. Source: any book on the discrete Fourier transform.
    """
    signal = np.asarray(signal, dtype=np.float64)
    n = len(signal)
    high = 2 * np.abs(np.fft.rfft(signal)) / n
    high[0] /= 2
    if n % 2 == 0:
        high[-1] /= 2
    return high


class SpectrumExplorer(Explorer):
    """Signals, and how much of each wave is in them. The page computes everything.

    One wave at a time is laid over the signal. Waves can be left out, all but the strongest at
    once; what is left is drawn, and can be heard. The signal can be drawn with the mouse, too.
    """

    names = traitlets.List(traitlets.Unicode()).tag(sync=True)
    lengths = traitlets.List(traitlets.Int()).tag(sync=True)
    numbers = traitlets.Bytes().tag(sync=True)  # float32, one signal after the other
    every = traitlets.List(traitlets.Float()).tag(sync=True)  # from one place to the next, in …
    units = traitlets.List(traitlets.Unicode()).tag(sync=True)
    chosen = traitlets.Int(0).tag(sync=True)
    wave = traitlets.Int(1).tag(sync=True)

    def __init__(
        self,
        signals: Mapping[str, Any],
        *,
        every: Mapping[str, tuple[Real, str]] | None = None,
        chosen: str | None = None,
        wave: int = 1,
    ):
        """`signals`: a name and 4 to 512 numbers each. `every`: what lies between two numbers of a
        signal, as (1 / 12, "years"); without it a place is a place. `wave`: rounds of the wave that
        is looked at first.
        """
        if not signals:
            raise ValueError("SpectrumExplorer needs a signal: {name: numbers}, got none.")
        self._signals = {name: plots.numbers(values) for name, values in signals.items()}
        for name, values in self._signals.items():
            if values.ndim != 1 or not 4 <= len(values) <= LONGEST:
                raise ValueError(
                    f"a signal is a list of 4 to {LONGEST} numbers; {name!r} has the shape "
                    f"{list(values.shape)}. Take means of neighbours, or a part."
                )
            if not (np.abs(values) <= MOST).all():
                raise ValueError(f"{name!r} has numbers that are not finite, or above {MOST:.0e}.")
        steps = dict(every or {})
        for name, step in steps.items():
            expect_one_of("a name in every", name, list(signals))
            if not (isinstance(step, tuple | list) and len(step) == 2 and 0 < step[0] < math.inf):
                raise ValueError(
                    f'every[{name!r}] is a number above 0 and its unit, (1 / 12, "years"); got '
                    f"{step!r}."
                )
        chosen = next(iter(signals)) if chosen is None else chosen
        expect_one_of("chosen", chosen, list(signals))
        most = len(self._signals[chosen]) // 2
        if not 0 <= wave <= most:
            raise ValueError(f"{chosen!r} has waves of 0 to {most} rounds, got wave={wave}.")
        every_each = [steps.get(name, (1, "places")) for name in signals]
        super().__init__(
            names=list(signals),
            lengths=[len(values) for values in self._signals.values()],
            numbers=b"".join(values.astype("<f4").tobytes() for values in self._signals.values()),
            every=[float(step) for step, _ in every_each],
            units=[unit for _, unit in every_each],
            chosen=list(signals).index(chosen),
            wave=wave,
        )

    @property
    def signal(self) -> np.ndarray:
        """The numbers of the signal that is chosen."""
        return self._signals[self.names[self.chosen]]

    def period(self, wave: int) -> str:
        """How long one round of that wave is, in words."""
        if wave == 0:
            return "level"
        length = len(self.signal) * self.every[self.chosen] / wave
        return f"one every {length:.3g} {self.units[self.chosen]}"

    @property
    def strongest(self) -> int:
        """The rounds of the highest wave, the level left out."""
        return int(amplitudes(self.signal)[1:].argmax()) + 1

    @property
    def alt(self) -> str:
        high = amplitudes(self.signal)
        order = ((-high[1:]).argsort(kind="stable")[:3] + 1).tolist()
        told = ", ".join(f"{k} rounds ({self.period(k)}) {high[k]:.3g}" for k in order)
        return (
            f"Spectrum of {self.names[self.chosen]}, {len(self.signal)} numbers. Level "
            f"{self.signal.mean():.3g}; the highest waves: {told}. In orange over the signal: "
            f"the wave of {self.wave} rounds."
        )

    def still(self):
        """The signal with one wave over it; below, how high each wave goes."""
        high, k = amplitudes(self.signal), self.strongest
        fig = blank(4.2, f"{self.names[self.chosen]}: most of all {k} rounds, {self.period(k)}")
        grid = fig.add_gridspec(2, 1, left=0.1, right=0.97, top=0.84, bottom=0.12, hspace=0.5)
        above, below = fig.add_subplot(grid[0]), fig.add_subplot(grid[1])
        n = len(self.signal)
        alone = np.zeros(n // 2 + 1, dtype=complex)
        alone[[0, self.wave]] = np.fft.rfft(self.signal)[[0, self.wave]]
        above.plot(self.signal, color=plots.BLUE, linewidth=1.5)
        above.plot(np.fft.irfft(alone, n), color=plots.ORANGE, linewidth=2)
        above.set_title(f"the signal, and its wave of {self.wave} rounds", **SUBTITLE)
        below.bar(
            range(1, len(high)), high[1:], width=0.8,
            color=[plots.ORANGE if i == self.wave else plots.BLUE for i in range(1, len(high))],
        )  # fmt: skip
        below.set_title("how high each wave goes, by its rounds", **SUBTITLE)
        for ax in (above, below):
            quiet(ax)
        return fig
