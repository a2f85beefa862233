"""The spectrum explorer: the page's waves are NumPy's, and what it says of them."""

import numpy as np
import pytest
from pages import in_node

from course_utils.widgets import SpectrumExplorer
from course_utils.widgets.spectrum_explorer import amplitudes

SIGNALS = [[37.0, 20.0, 5.0, 60.0], np.random.default_rng(0).normal(size=33).tolist()]


@pytest.mark.parametrize("signal", SIGNALS)
def test_the_page_s_waves_are_numpy_s(tmp_path, signal):
    program = """
      const spectrum = page.spectrumOf(given);
      const n = given.length;
      return [[...spectrum.cos], [...spectrum.sin], [...page.amplitudesOf(spectrum, n)],
              [...page.signalOf(spectrum, n)],
              [...page.signalOf(spectrum, n, (wave) => wave !== 1)]];
    """
    cos, sin, high, again, without = in_node(tmp_path, SpectrumExplorer, program, signal)
    wanted = np.fft.rfft(signal)
    np.testing.assert_allclose(np.array(cos) + 1j * np.array(sin), wanted, atol=1e-9)
    np.testing.assert_allclose(high, amplitudes(signal), atol=1e-9)
    np.testing.assert_allclose(again, signal, atol=1e-9)
    wanted[1] = 0
    np.testing.assert_allclose(without, np.fft.irfft(wanted, len(signal)), atol=1e-9)


def test_amplitudes_are_how_high_waves_go():
    turns = np.arange(40) / 40 * 2 * np.pi
    high = amplitudes(7 + 3 * np.cos(4 * turns) - 2 * np.sin(9 * turns) + 0.5 * np.cos(20 * turns))
    told = {0: 7, 4: 3, 9: 2, 20: 0.5}
    np.testing.assert_allclose(high, [told.get(k, 0) for k in range(21)], atol=1e-12)


def test_the_strongest_stay_and_the_level_with_them(tmp_path):
    program = "return [0, 1, 2].map((n) => [...page.strongest(given, n)].sort((a, b) => a - b))"
    stay = in_node(tmp_path, SpectrumExplorer, program, [9, 1, 5, 3])
    assert stay == [[0], [0, 2], [0, 2, 3]]


def test_it_says_the_period_in_the_signal_s_own_unit(tmp_path):
    years = SpectrumExplorer({"spots": np.sin(np.arange(240))}, every={"spots": (1 / 12, "years")})
    assert years.period(2) == "one every 10 years"
    assert years.period(0) == "level"
    page = in_node(tmp_path, SpectrumExplorer, "return page.period(2, 240, 1 / 12, 'years')", None)
    assert page == years.period(2)
    assert "38 rounds (one every 0.526 years)" in years.alt
    assert years.strongest == 38


@pytest.mark.parametrize(
    ("given", "says"),
    [
        (({},), "got none"),
        (({"a": [1, 2, 3]},), r"'a' has the shape \[3\]"),
        (({"a": np.zeros((4, 4))},), r"'a' has the shape \[4, 4\]"),
        (({"a": np.zeros(513)},), r"4 to 512 numbers; 'a' has the shape \[513\]"),
        (({"a": [1, 2, 3, np.nan]},), "'a' has numbers that are not finite"),
        (({"a": [1, 2, 3, 1e300]},), r"'a' has numbers that are not finite, or above 1e\+30"),
    ],
)
def test_signals_that_cannot_be_shown_are_named(given, says):
    with pytest.raises(ValueError, match=says):
        SpectrumExplorer(*given)


def test_settings_that_cannot_be_are_named():
    with pytest.raises(ValueError, match="waves of 0 to 2 rounds, got wave=3"):
        SpectrumExplorer({"a": [1, 2, 3, 4]}, wave=3)
    with pytest.raises(ValueError, match="chosen"):
        SpectrumExplorer({"a": [1, 2, 3, 4]}, chosen="b")
    with pytest.raises(ValueError, match="every"):
        SpectrumExplorer({"a": [1, 2, 3, 4]}, every={"b": (1, "years")})


@pytest.mark.parametrize("step", [3, (0, "years"), (-1, "years"), (np.nan, "years"), (1,)])
def test_a_step_is_a_number_above_zero_and_its_unit(plain_shapes, step):
    with pytest.raises(ValueError, match=r"every\['a'\] is a number above 0 and its unit"):
        SpectrumExplorer({"a": [1, 2, 3, 4]}, every={"a": step})
