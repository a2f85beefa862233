"""Figures that can be read, heard and compared: words on both sides, alt text, the same bytes."""

import base64
import struct

import matplotlib
import numpy as np
import pytest
import torch
from IPython.core.interactiveshell import InteractiveShell
from IPython.utils.capture import capture_output
from matplotlib.figure import Figure

from course_utils import plots
from course_utils.training.history import History

WORDS = ["Tom", "drinks", "cold", "coffee"]
WEIGHTS = np.array([[0.1, 0.2, 0.3, 0.4], [0.7, 0.1, 0.1, 0.1], [0, 0, 1, 0], [0.25] * 4])

HISTORY = History([1, 2, 3, 4], [3.0, 2.0, 1.5, 1.0], [2, 4], [2.5, 1.75])
TOWERS = {"English": [("read", "4 × 8")], "German": [("listen", "5 × 8"), ("ask", "")]}
LINKS = [(("English", 0), ("German", 1), "keys, values")]

FIGURES = {
    "attention": lambda **to: plots.attention_map(WEIGHTS, WORDS, title="Who looks", **to),
    "heat": lambda **to: plots.heat_map(WEIGHTS - 0.3, title="Signed", diverging=True, **to),
    "positions": lambda **to: plots.position_map(np.sin(WEIGHTS), title="Positions", **to),
    "lines": lambda **to: plots.lines(
        [1, 2, 4], {"up": [1, 2, 3], "down": [3, 2, 1]}, title="Two", xlabel="x", ylabel="y", **to
    ),
    "growth": lambda **to: plots.growth(
        [256, 512], {"table": [1, 4], "text": [1, 2]}, title="Growth", ylabel="MB", **to
    ),
    "bars": lambda **to: plots.bars({"Tom": 1, "coffee": 2}, title="Bars", xlabel="cups", **to),
    "points": lambda **to: plots.points(WEIGHTS[:, :2], WORDS, title="Points", **to),
    "losses": lambda **to: plots.loss_curve(HISTORY, title="Losses", **to),
    "towers": lambda **to: plots.towers(TOWERS, title="Towers", links=LINKS, **to),
}


def words_on(figure: Figure) -> list[str]:
    return [text.get_text() for text in figure.findobj(matplotlib.text.Text)]


def size(png: bytes) -> tuple[int, int]:
    return struct.unpack(">II", png[16:24])


@pytest.fixture(params=FIGURES)
def draw(request):
    return FIGURES[request.param]


def test_a_figure_is_drawn_without_pyplot_and_fits_the_page(draw, recwarn):
    backend = matplotlib.rcParams._get_backend_or_none()
    figure = draw()
    assert isinstance(figure, Figure)
    width, _ = size(plots.png(figure))
    assert width / plots.PIXELS_PER_INCH <= 7
    assert plots.picture(figure, "words")[1]["image/png"]["width"] <= 700
    assert matplotlib.rcParams._get_backend_or_none() == backend, "somebody chose a backend"
    assert not recwarn.list, [str(w.message) for w in recwarn.list]


def test_the_same_figure_is_the_same_bytes_with_no_date_or_program_in_them(draw):
    first, second = plots.png(draw()), plots.png(draw())
    assert first == second
    assert b"tEXt" not in first.replace(b"tEXtSoftware", b"!!"), "a text chunk in the picture"
    assert b"Software" not in first


def test_a_figure_can_be_one_of_several(draw):
    figure, (left, right) = plots.figure(7, 3, columns=2)
    assert draw(ax=right) is figure
    assert not left.images and not left.lines and not left.collections and not left.patches


def test_the_title_is_written(draw):
    titles = (
        "Who looks",
        "Signed",
        "Positions",
        "Two",
        "Growth",
        "Bars",
        "Points",
        "Losses",
        "Towers",
    )
    assert set(titles) & set(words_on(draw()))


# ---- show


def shown(*args, **kwargs):
    InteractiveShell.instance()
    with capture_output() as captured:
        plots.show(*args, **kwargs)
    (output,) = captured.outputs
    return output.data, output.metadata


def test_show_gives_the_picture_and_its_words():
    figure = FIGURES["bars"]()
    data, metadata = shown(figure, alt="Two bars.")
    assert base64.b64decode(data["image/png"]) == plots.png(figure)
    assert data["text/plain"] == "Two bars."
    assert metadata["image/png"]["alt"] == "Two bars."


@pytest.mark.parametrize("alt", ["", "  \n", None, 3])
def test_show_asks_for_words(plain_shapes, alt):
    with pytest.raises(ValueError, match="alt"):
        plots.show(FIGURES["bars"](), alt=alt)


def test_show_cannot_be_called_without_words(plain_shapes):
    with pytest.raises(TypeError, match="alt"):
        plots.show(FIGURES["bars"]())


def test_show_takes_figures_only(plain_shapes):
    with pytest.raises(TypeError, match="ndarray"):
        plots.show(WEIGHTS, alt="numbers")


# ---- maps


def test_queries_go_down_and_keys_across():
    figure = plots.attention_map(WEIGHTS[:2], WORDS[:2], WORDS, title="t")
    (ax,) = figure.axes
    assert [label.get_text() for label in ax.get_yticklabels()] == WORDS[:2]
    assert [label.get_text() for label in ax.get_xticklabels()] == WORDS
    np.testing.assert_allclose(ax.images[0].get_array(), WEIGHTS[:2])
    assert ax.yaxis_inverted(), "the first word belongs on top"
    assert (ax.get_ylabel(), ax.get_xlabel()) == ("who looks", "at whom")


def test_numbers_stand_in_the_cells_of_small_maps_only():
    assert "0.70" in words_on(plots.attention_map(WEIGHTS, WORDS, title="t"))
    large = np.full((20, 20), 0.05)
    words = words_on(plots.attention_map(large, [f"w{i}" for i in range(20)], title="t"))
    assert "0.05" not in words
    assert "at whom (lightest 0, darkest 0.05)" in words


def test_numbers_have_contrast_with_their_cell():
    figure = plots.heat_map([[0.0, 0.25, 0.5, 0.75, 1.0]], title="t")
    figure.canvas.draw()
    (ax,) = figure.axes
    for text, value in zip(ax.texts, [0.0, 0.25, 0.5, 0.75, 1.0], strict=True):
        ink, cell = (plots._contrast_with_page(matplotlib.colors.to_rgb(color))
                     for color in (text.get_color(), plots.ATTENTION(value)))  # fmt: skip
        assert max(ink, cell) / min(ink, cell) >= 4.5, value


def test_signed_maps_are_centred_on_zero():
    image = plots.heat_map([[-1.0, 4.0]], title="t", diverging=True).axes[0].images[0]
    assert image.norm.vmin == -4 and image.norm.vmax == 4
    assert plots.SIGNED(0.5)[:3] == pytest.approx((1, 1, 1), abs=0.01)


def test_attention_starts_at_the_page():
    assert plots.ATTENTION(0.0)[:3] == (1, 1, 1)


def test_tensors_that_are_being_trained_can_be_drawn():
    weights = torch.tensor(WEIGHTS, requires_grad=True)
    assert "0.70" in words_on(plots.attention_map(weights, WORDS, title="t"))


def test_bfloat16_can_be_drawn_alone_and_in_lists():
    """NumPy does not know it."""
    half = torch.tensor([0.5, 1.0], dtype=torch.bfloat16)
    for values in (half, list(half), [half, [2, 3]]):
        assert plots.numbers(values).reshape(-1)[:2].tolist() == [0.5, 1.0]
    curves = plots.lines(half, {"a": half}, title="t", xlabel="x", ylabel="y").axes[0].lines
    np.testing.assert_array_equal(curves[0].get_xydata(), [[0.5, 0.5], [1, 1]])


def test_zero_is_written_without_a_sign_and_minus_as_a_minus():
    words = words_on(plots.heat_map([[-0.001, -0.5]], title="t", diverging=True))
    assert "0.00" in words and "−0.50" in words


@pytest.mark.parametrize(
    "call, says",
    [
        (lambda: plots.attention_map(WEIGHTS, WORDS[:3], title="t"), "4 queries × 4 keys.*3 × 3"),
        (lambda: plots.attention_map(WEIGHTS[0], WORDS, title="t"), r"\[4\]"),
        (lambda: plots.heat_map(WEIGHTS, rows=["a"], title="t"), "4 rows .* 1 names"),
        (lambda: plots.heat_map(WEIGHTS, columns=["a"], title="t"), "4 columns .* 1 names"),
        (lambda: plots.position_map(WEIGHTS[None], title="t"), r"\[1, 4, 4\]"),
        (
            lambda: plots.lines([1], {"a": [1, 2]}, title="t", xlabel="", ylabel=""),
            "'a' has 2 values for 1 places",
        ),
        (
            lambda: plots.growth([1, 2], {"a": [1, 2, 3]}, title="t", ylabel=""),
            "'a' has 3 values for 2 lengths",
        ),
        (
            lambda: plots.growth([1], {"a": [1]}, title="t", ylabel="", powers={"b": 2}),
            r"a power for 'b', the curves are \['a'\]",
        ),
        (lambda: plots.points(WEIGHTS, WORDS, title="t"), r"4 labels .* \[4, 4\]"),
        (
            lambda: plots.towers(TOWERS, title="t", links=[(("English", 0), ("German", 2), "")]),
            "box 2 of 'German'",
        ),
    ],
)
def test_errors_name_both_sides(call, says):
    with pytest.raises(ValueError, match=says):
        call()


# ---- lines, bars, points


def test_curves_are_named_at_their_ends_apart_from_each_other():
    x = [1, 2, 4]
    series = {"one": [0, 1, 2.00], "two": [0, 1, 2.01], "three": [0, 1, 2.02]}
    figure = plots.lines(x, series, title="t", xlabel="x", ylabel="y")
    figure.canvas.draw()
    names = figure.axes[0].texts
    assert {name.get_text() for name in names} == set(series)
    assert figure.axes[0].get_legend() is None
    for i, one in enumerate(names):
        for other in names[i + 1 :]:
            assert not one.get_window_extent().overlaps(other.get_window_extent())


def test_curves_differ_by_stroke_too():
    figure = FIGURES["lines"]()
    assert len({line.get_linestyle() for line in figure.axes[0].lines}) == 2


@pytest.mark.parametrize("last", [np.nan, np.inf])
def test_a_curve_that_breaks_off_is_named_where_it_ends(last):
    series = {"whole": [1, 2, 3], "broken": [1, 2, last]}
    figure = plots.lines([1, 2, 4], series, title="t", xlabel="x", ylabel="y")
    plots.png(figure)
    (name,) = [text for text in figure.axes[0].texts if text.get_text() == "broken"]
    assert name.xy == (2, 2)


def test_a_zero_on_a_logarithmic_axis_is_left_out():
    series = {"whole": [1, 2, 3], "dying": [1, 0.5, 0]}
    figure = plots.lines([1, 2, 4], series, title="t", xlabel="x", ylabel="y", logy=True)
    plots.png(figure)
    (name,) = [text for text in figure.axes[0].texts if text.get_text() == "dying"]
    assert name.xy == (2, 0.5)


def test_names_of_curves_are_legible_on_the_page():
    for color in plots.SERIES:
        assert plots._contrast_with_page(plots._ink_like(color)) >= 4.5


def test_growth_goes_on_from_its_last_dot_with_its_power():
    figure = plots.growth(
        [10, 100],
        {"table": [1, 50], "text": [1, 9]},
        title="t",
        ylabel="MB",
        powers={"table": 2},
        until={"a book": 1000},
        levels={"a laptop": 16},
    )
    (ax,) = figure.axes
    table, ahead, text, *_ = (line.get_xydata().tolist() for line in ax.lines)
    assert table == [[10, 1], [100, 50]] and text == [[10, 1], [100, 9]]
    assert ahead == [[100, 50], [1000, pytest.approx(5000)]]
    assert {"table", "text", "a book", "a laptop", "1,000"} <= set(words_on(figure))
    assert (ax.get_xscale(), ax.get_yscale()) == ("log", "log")


def test_growth_without_marks_names_the_lengths_that_were_measured():
    figure = FIGURES["growth"]()
    figure.canvas.draw()
    labels = figure.axes[0].get_xticklabels(which="both")
    assert [label.get_text() for label in labels if label.get_text()] == ["256", "512"]


def test_growth_writes_its_heights_as_it_is_told():
    values = {"table": [1e6, 4e9]}
    figure = plots.growth([1, 2], values, title="t", ylabel="", heights=plots.in_bytes)
    figure.canvas.draw()
    assert {"1 MB", "1 GB"} <= set(words_on(figure))


@pytest.mark.parametrize(
    ("count", "said"),
    [
        (0, "0 bytes"),
        (256, "256 bytes"),
        (999.7, "1 kB"),
        (7_744, "7.74 kB"),
        (1e6, "1 MB"),
        (268_435_456, "268 MB"),
        (16e9, "16 GB"),
        (19_905_660_411_776, "19.9 TB"),
        (5e18, "5,000 PB"),
    ],
)
def test_bytes_are_said_in_three_digits(count, said):
    assert plots.in_bytes(count) == said


def test_bars_carry_their_numbers():
    figure = plots.bars({"a": 123456, "b": -2.5, "c": 0.03125}, title="t", xlabel="x")
    assert [text.get_text() for text in figure.axes[0].texts] == ["123,456", "−2.5", "0.0312"]
    assert figure.axes[0].yaxis_inverted(), "the first bar belongs on top"


def test_names_of_close_points_do_not_lie_on_each_other():
    figure = plots.points([[0, 0], [0.02, 0.02], [1, 1]], ["coffee", "tea", "Tom"], title="t")
    figure.canvas.draw()
    coffee, tea, _ = (text.get_window_extent() for text in figure.axes[0].texts)
    assert not coffee.overlaps(tea)


def test_towers_say_what_each_box_does_and_what_leaves_it():
    figure = plots.towers(
        TOWERS, title="Two towers", links=LINKS, repeats=[("German", 0, 1, "× 6")]
    )
    told = words_on(figure)
    for word in ["English", "German", "read", "listen", "ask", "4 × 8", "5 × 8", "keys, values"]:
        assert told.count(word) == 1
    assert "× 6" in told


def test_a_loss_curve_says_where_it_began_and_ended_and_starts_at_zero():
    figure = plots.loss_curve(HISTORY)
    assert "3.0 nats a token at first, 1.0 after 4 steps" in words_on(figure)
    assert {"training", "validation"} <= set(words_on(figure))
    (ax,) = figure.axes
    assert ax.get_ylim()[0] == 0
    training, validation = (line.get_xydata().tolist() for line in ax.lines)
    assert training == [[1, 3], [2, 2], [3, 1.5], [4, 1]]
    assert validation == [[2, 2.5], [4, 1.75]]
    with pytest.raises(ValueError, match="no step to draw"):
        plots.loss_curve(History())


def test_words_are_drawn_as_they_are_written_and_powers_of_ten_as_powers():
    figure = plots.lines(
        [1, 10], {"a $x^$": [1, 1000]}, title="$5 and $x^$", xlabel="$x^$", ylabel="y", logy=True
    )
    assert plots.png(figure).startswith(b"\x89PNG")
    formulas = [text.get_text() for text in figure.findobj(matplotlib.text.Text)
                if text.get_parse_math() and text.get_text()]  # fmt: skip
    assert formulas and all("10^" in text for text in formulas)
    words = ["$x^$", "b"]
    for drawn in (
        plots.attention_map([[1, 0], [0, 1]], words, title="$x^$"),
        plots.bars(dict.fromkeys(words, 1), title="$x^$", xlabel="$x^$"),
        plots.points([[0, 1], [1, 0]], words, title="$x^$"),
    ):
        assert plots.png(drawn).startswith(b"\x89PNG")


def test_a_loss_below_zero_is_drawn():
    """Such is the loss of somebody who wants a score to be high."""
    figure = plots.loss_curve(History([1, 2, 3], [-1.0, -2.0, -3.0], [3], [-2.5]))
    low, high = figure.axes[0].get_ylim()
    assert low < -3 < -1 < high
    assert "−1.0 nats a token at first, −3.0 after 3 steps" in words_on(figure)
    low, high = plots.loss_curve(History([1, 2], [1.0, -2.0])).axes[0].get_ylim()
    assert low < -2 < 1 < high


def test_a_loss_curve_is_named_where_it_is_last_drawn(recwarn):
    history = History([1, 2], [3.0, 2.0], [1, 2], [2.5, np.inf])
    figure = plots.loss_curve(history)
    (named,) = [text for text in figure.findobj(matplotlib.text.Annotation)
                if text.get_text() == "validation"]  # fmt: skip
    assert named.xy == (1, 2.5) and plots.png(figure) and not recwarn.list
    history.valid_losses = [np.nan, np.nan]
    assert "validation" not in words_on(plots.loss_curve(history))


def test_what_has_no_bar_or_no_cell_is_named():
    with pytest.raises(ValueError, match="'b' is nan, of which there is no bar"):
        plots.bars({"a": 1.0, "b": np.nan}, title="Bars", xlabel="x")
    for draw in (plots.heat_map, plots.position_map):
        with pytest.raises(ValueError, match=rf"{draw.__name__} has nothing .* is \[0, 3\]"):
            draw(np.zeros((0, 3)), title="Nothing")
    with pytest.raises(ValueError, match=r"attention_map has nothing to draw"):
        plots.attention_map(np.zeros((0, 0)), [], title="Nothing")
