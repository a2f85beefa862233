"""The proof stepper: the page computes and says what the program does, step by step."""

import pytest
from pages import in_node

from course_utils.patterns import dense, window
from course_utils.universal import collision
from course_utils.widgets import ProofStepper
from course_utils.widgets.proof_stepper import WORDS, ready_made, ticks

NAMES = list(ready_made(4))
PROGRAM = """
    const layers = page.layersOf(given.choice, given.levels);
    const states = page.statesOf(layers, given.digits, given.levels);
    const all = page.allIds(layers, given.words.length, given.levels);
    const told = [];
    for (let step = 0; step < states.length + 1; step++) told.push(page.tell({
        ...given, path: given.choice.path, layers, states, all, step }));
    const looks = layers.map((layer, i) => page.looksIn(layer, states[i]).map(
        ({ query, keys, highest, lowest }) => [query, keys, highest, lowest]));
    return { told, looks, states: states.map(String), all: all.map(String) };
"""


@pytest.mark.parametrize("name", NAMES)
def test_the_page_says_and_computes_what_the_program_does(name, tmp_path):
    stepper = ProofStepper(choice=name, digits=[2, 0, 1, 2])
    given = {
        "choice": stepper.choices[stepper.choice],
        "levels": 3, "digits": [2, 0, 1, 2], "words": list(WORDS),
    }  # fmt: skip
    page = in_node(tmp_path, ProofStepper, PROGRAM, given)
    states = stepper.states()
    assert page["states"] == [",".join(map(str, ids)) for ids in states]
    assert page["all"] == [",".join(map(str, ids)) for ids in stepper.all_ids().tolist()]
    assert page["told"] == [stepper.told(step) for step in range(len(states) + 1)]
    looks = [[list(look) for look in stepper.looks(step)] for step in range(1, len(states))]
    assert page["looks"] == looks


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


def test_the_scale_has_six_marks_at_the_most():
    for top in (1.2, 2.4, 5.0, 9.3, 26.3):
        marks = ticks(top)
        assert 2 <= len(marks) <= 6 and marks[0] == (1, "1")
        assert all(number <= 10**top for number, _ in marks)
    assert ticks(26.3)[1] == (10**6, "10⁶")


@pytest.mark.parametrize(
    "given, says",
    [
        ({"words": ["Tom"]}, "2 to 6 words .* got 1"),
        ({"words": list("abcdef"), "levels": 4}, "which make 4096"),
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
