"""The proof stepper: the page computes and says what the program does, step by step."""

import pytest
from pages import in_node

from course_utils.patterns import dense, window
from course_utils.patterns.universal import collision
from course_utils.widgets import ProofStepper
from course_utils.widgets.proof_stepper import LANES, WORDS, ready_made, rounded, ticks

NAMES = list(ready_made(4))
TOPS = [1.2, 2.0, 2.4, 5.0, 5.9, 9.3, 26.3]
PROGRAM = """
    const layers = page.layersOf(given.choice, given.levels);
    const states = page.statesOf(layers, given.digits, given.levels);
    const all = page.allIds(layers, given.words.length, given.levels);
    const told = [];
    for (let step = 0; step < states.length + 1; step++) told.push(page.tell({
        ...given, ...given.choice, layers, states, all, step }));
    const looks = layers.map((layer, i) => page.looksIn(layer, states[i]).map(
        ({ query, keys, highest, lowest }) => [query, keys, highest, lowest]));
    const tops = given.tops.map((top) => page.ticks(top));
    const most = all.flat().reduce((a, b) => (a > b ? a : b));
    return { tops, most: page.rounded(most), told, looks,
        states: states.map(String), all: all.map(String) };
"""


@pytest.mark.parametrize("name", NAMES)
def test_the_page_says_and_computes_what_the_program_does(name, tmp_path):
    stepper = ProofStepper(choice=name, digits=[2, 0, 1, 2])
    given = {
        "choice": stepper.choices[stepper.choice],
        "levels": 3, "digits": [2, 0, 1, 2], "words": list(WORDS), "tops": TOPS,
    }  # fmt: skip
    page = in_node(tmp_path, ProofStepper, PROGRAM, given)
    states = stepper.states()
    assert page["states"] == [",".join(map(str, ids)) for ids in states]
    assert page["all"] == [",".join(map(str, ids)) for ids in stepper.all_ids().tolist()]
    assert page["told"] == [stepper.told(step) for step in range(len(states) + 1)]
    looks = [[list(look) for look in stepper.looks(step)] for step in range(1, len(states))]
    assert page["looks"] == looks
    assert page["tops"] == [[[float(at), says] for at, says in ticks(top)] for top in TOPS]
    assert page["most"] == rounded(stepper.all_ids().max())


def test_four_patterns_qualify_and_the_others_collide():
    proven = [name for name in NAMES if not name.startswith("without")]
    assert proven == ["window", "ring", "strided", "fixed"] and len(NAMES) == 8
    for name in NAMES:
        stepper = ProofStepper(choice=name)
        assert (collision(stepper.all_ids()) is None) == (name in proven)


def test_it_opens_at_the_first_move():
    stepper = ProofStepper(digits=[1, 2, 0, 1], choice="ring")
    assert stepper.step == 4
    assert "2 + 3·(10 − 2) = 26." in stepper.alt
    before, after = stepper.states()[3:5]
    assert [a != b for a, b in zip(before, after, strict=True)] == [False, True, False, False]


def test_each_step_can_be_drawn():
    last = len(ProofStepper(choice="without reach: the past only").layers()) + 1
    for step in (0, 1, 2, last - 1, last):
        figure = ProofStepper(choice="without reach: the past only", step=step).still()
        drawn = [text.get_text() for text in figure.axes[0].texts]
        assert any(word.startswith("coffee") for word in drawn)
        assert ("81 different" in drawn) == (step == last)


def test_patterns_of_ones_own():
    stepper = ProofStepper(
        ["a", "b", "c"], levels=2, patterns={"a line": window(3, 1), "all": dense(3)}
    )
    assert [choice["name"] for choice in stepper.choices] == ["a line", "all"]
    assert len(stepper.all_ids()) == 8
    shut = ProofStepper(
        ["a", "b"], patterns={"deaf": (window(2, 0), [0, 1], 1)}, choice="deaf", step=0
    )
    assert collision(shut.all_ids()) is not None


def test_the_scale_has_seven_marks_at_the_most():
    for top in TOPS:
        marks = ticks(top)
        assert 3 <= len(marks) <= 7 and marks[0] == (0, "0")
        assert all(number + 1 <= 10**top for number, _ in marks)
    assert ticks(2.0)[-1] == (10, "10")  # at 2.0 the scale ends with 99
    assert ticks(26.3)[1] == (10**6, "10⁶")


def test_an_id_stands_at_its_own_mark():
    """*Drinks* 0 and *cold* 1 without positions stand over the marks 0 and 1, not beside them."""
    axes = ProofStepper(digits=[2, 0, 1, 2], choice="ring", step=0).still().axes[0]
    marks = {text.get_text(): text.get_position()[0] for text in axes.texts}
    dots = {
        line.get_ydata()[0]: line.get_xdata()[0] for line in axes.lines if line.get_marker() == "o"
    }
    assert (dots[1], dots[2]) == pytest.approx((marks["0"], marks["1"]))
    assert dots[1] == pytest.approx(LANES[0])


def test_an_id_is_written_in_blocks_as_long_as_the_factor():
    last = len(
        ProofStepper(choice="without self-loops: left neighbours, nobody hears itself").layers()
    )
    collided = ProofStepper(
        choice="without self-loops: left neighbours, nobody hears itself", step=last + 1
    )
    assert "9 0054 0135 0180 0135 0054 0003." in collided.alt.replace("\N{NO-BREAK SPACE}", " ")
    assert rounded(297_297_297) == "3.0·10⁸"


@pytest.mark.parametrize(
    "given, says",
    [
        ({"words": ["Tom"]}, "2 to 6 words .* got 1"),
        ({"words": list("abcdef"), "levels": 4}, "which make 4096"),
        ({"levels": 0}, "levels=0 numbers: 1 or more are needed"),
        ({"patterns": {}}, "nothing to step through: no patterns"),
        ({"digits": [0, 1, 2]}, r"4 numbers from 0 to 2, got \[0, 1, 2\]"),
        ({"digits": [0, 1, 2, 3]}, "4 numbers from 0 to 2"),
        ({"choice": "squares"}, "choice is one of window, .* got 'squares'"),
        ({"choice": "ring", "step": 14}, "from 0 to 13 here, got 14"),
        ({"patterns": {"all": dense(3)}}, "'all' is for 3 tokens; there are 4 words"),
    ],
)
def test_errors_name_what_was_given(given, says):
    with pytest.raises(ValueError, match=says):
        ProofStepper(**given)
