"""A sentence in a number."""

from collections.abc import Callable, Iterator

import torch

from course_utils.checks.task import Case, Task

task = Task(
    "11.peel",
    "A sentence in a number",
    section="Two heads that disagree about one word",
    hints=[
        "Go back along the path: tokens n − 1, n − 2, … 1. Each time code % levels is the "
        "token's digit, because its box is a multiple of levels.",
        "Its own id is levels · (token − 1) + digit. The shift made code = own + levels · "
        "(before − own). Solve that for before.",
        "before = (code + (levels − 1) · own) // levels, and that is the next code. What is "
        "left in the end is token 0's id: take its box, levels · (n − 1), off.",
    ],
    praise="Right. All that went in came out again. (242 is no sentence: no digit is 3.)",
)


@task.answer
def peel(code, n, levels):
    ### BEGIN SOLUTION
    digits = []
    for token in range(n - 1, 0, -1):
        digit = code % levels
        own = levels * (token - 1) + digit
        code = (code + (levels - 1) * own) // levels  # code = own + levels * (before - own)
        digits.append(digit)
    return [code - levels * (n - 1), *reversed(digits)]
    ### END SOLUTION


def _climbed(digits: list[int], levels: int) -> int:
    """The id of the last token after all the shifts."""
    code = digits[0] + levels * (len(digits) - 1)
    for token, digit in enumerate(digits[1:], 1):
        own = levels * (token - 1) + digit
        code = own + levels * (code - own)
    return code


@task.cases
def cases(seed: int) -> Iterator[Case]:
    yield Case("the 202 of the lesson", (202, 4, 3))
    generator = torch.Generator().manual_seed(seed)
    for n, levels in ((2, 3), (3, 2), (5, 4), (4, 10), (7, 3)):
        digits = torch.randint(levels, (n,), generator=generator).tolist()
        digits[0], digits[-1] = levels - 1, 1  # so that reading backwards is seen
        yield Case(f"{n} tokens, {levels} levels", (_climbed(digits, levels), n, levels))
    digits = torch.randint(10, (40,), generator=generator).tolist()
    yield Case("40 tokens, an id of 41 figures", (_climbed(digits, 10), 40, 10))


@task.also_right
def peel_recursively(code, n, levels):
    def back(code, token):
        if token == 0:
            return [code - levels * (n - 1)]
        own = levels * (token - 1) + code % levels
        return [*back((code + (levels - 1) * own) // levels, token - 1), code % levels]

    return back(code, n - 1)


@task.also_right
def peel_by_trying(code, n, levels):
    """Forwards from each possible own id, and the one that divides without a rest."""
    digits = []
    for token in reversed(range(1, n)):
        for digit in range(levels):
            own = levels * (token - 1) + digit
            if (code - own) % levels == 0:
                before = own + (code - own) // levels
                break
        digits.insert(0, digit)
        code = before
    return [code % levels, *digits]


def _peeled(
    box: Callable = lambda token: token - 1,
    undo: Callable = lambda code, own, levels: (code + (levels - 1) * own) // levels,
    first: Callable = lambda code, n, levels: code - levels * (n - 1),
    say: Callable = lambda first, digits: [first, *reversed(digits)],
    base: Callable = lambda levels: levels,
) -> Callable:
    """peel with other boxes, another way to undo, or another end."""

    def answer(code, n, levels):
        first_box, levels, digits = levels, base(levels), []
        for token in range(n - 1, 0, -1):
            digits.append(code % levels)
            code = undo(code, levels * box(token) + code % levels, levels)
        return say(first(code, n, first_box), digits)

    return answer


LEVELS_IS_AN_ARGUMENT = "levels is not always 3, as in the lesson: here it is an argument."


@task.mistake
def in_base(code, n, levels):
    """You read the number in base levels.

    code % levels, then code // levels, again and again: that undoes l + levels · before. The shift
    also took (levels − 1) times its own id off, so put that back before you divide.
    """
    digits = []
    for _ in range(n):
        digits.append(code % levels)
        code //= levels
    return digits[::-1]


@task.mistake
def sentence_backwards(code, n, levels):
    """Your sentence is backwards.

    The last token comes off first, so the list has to be turned round at the end.
    """
    return _peeled(say=lambda first, digits: [*digits, first])(code, n, levels)


@task.mistake
def first_one_right_place_others(code, n, levels):
    """The first one is in the right place, the others are backwards.

    The last token comes off first. Turn the peeled ones round, and put token 0 before them.
    """
    return _peeled(say=lambda first, digits: [first, *digits])(code, n, levels)


@task.mistake
def token_0_still_box(code, n, levels):
    """Token 0 is still in its box.

    What is left at the end is the *id* of token 0. Take its box off: − levels · (n − 1).
    """
    return _peeled(first=lambda code, n, levels: code)(code, n, levels)


@task.mistake
def token_0_taken_out_box(code, n, levels):
    """Token 0 is taken out of a box too high.

    Boxes are counted from 0: the highest of n is n − 1.
    """
    return _peeled(first=lambda code, n, levels: code - levels * n)(code, n, levels)


@task.mistake
def token_0_missing(code, n, levels):
    """Token 0 is missing.

    There are n digits. After n − 1 steps back, what is left is token 0's.
    """
    return _peeled(say=lambda first, digits: list(reversed(digits)))(code, n, levels)


@task.mistake
def forgot_boxes(code, n, levels):
    """You forgot the boxes.

    A token's own id is its digit *and* its box: levels · (token − 1) + digit.
    """
    return _peeled(box=lambda token: 0)(code, n, levels)


@task.mistake
def everybody_stands_one_box_too(code, n, levels):
    """Everybody stands one box too high.

    Token 1 is in the lowest box, 0; token k in box k − 1. The highest is token 0's.
    """
    return _peeled(box=lambda token: token)(code, n, levels)


@task.mistake
def put_back_levels_times_own(code, n, levels):
    """You put back levels times its own.

    code = own + levels · (before − own) = levels · before − (levels − 1) · own. One of the own ids
    was added, so there are only levels − 1 of them to put back.
    """
    return _peeled(undo=lambda code, own, levels: (code + levels * own) // levels)(code, n, levels)


@task.mistake
def take_own_off_once_more(code, n, levels):
    """You take its own off once more.

    The shift subtracted (levels − 1) · own; to undo that, add it.
    """
    return _peeled(undo=lambda code, own, levels: (code - (levels - 1) * own) // levels)(
        code, n, levels
    )


@task.mistake
def take_own_off_divide(code, n, levels):
    """You take its own off, and divide.

    (code − own) / levels is before − own. Add own once more to have before.
    """
    return _peeled(undo=lambda code, own, levels: (code - own) // levels)(code, n, levels)


@task.mistake
def forgot_divide(code, n, levels):
    """You forgot to divide.

    code + (levels − 1) · own is levels · before. Divide by levels.
    """
    return _peeled(undo=lambda code, own, levels: code + (levels - 1) * own)(code, n, levels)


@task.mistake
def divide(code, n, levels):
    """You divide with /.

    / makes a float, which keeps some 16 figures, and an id can have more. // stays with whole
    numbers, of any size.
    """
    return _peeled(undo=lambda code, own, levels: (code + (levels - 1) * own) / levels)(
        code, n, levels
    )


@task.mistake
def three_levels_whatever_said(code, n, levels):
    """Three levels, whatever is said.

    levels is not always 3, as in the lesson: here it is an argument. (Your last line knows it, the
    loop doesn't.)
    """
    return _peeled(base=lambda levels: 3)(code, n, levels)


@task.mistake
def three_levels_everywhere_whatever_said(code, n, levels):
    """Three levels everywhere, whatever is said.

    levels is not always 3, as in the lesson: here it is an argument.
    """
    return _peeled(base=lambda levels: 3, first=lambda code, n, levels: code - 3 * (n - 1))(
        code, n, levels
    )


@task.mistake
def four_words_three_levels_whatever(code, n, levels):
    """Four words and three levels, whatever is said.

    levels is not always 3, as in the lesson: here it is an argument. And n is not always 4: 9 was
    the lesson's 3 · 3.
    """
    return _peeled(base=lambda levels: 3, first=lambda code, n, levels: code - 9)(code, n, levels)


@task.mistake
def put_back_twice_own_whatever(code, n, levels):
    """You put back twice its own, whatever the levels.

    levels is not always 3, as in the lesson: here it is an argument. The lesson's 2 was levels − 1.
    """
    return _peeled(undo=lambda code, own, levels: (code + 2 * own) // levels)(code, n, levels)


@task.mistake
def n_9_lesson(code, n, levels):
    """The 9 of the lesson.

    9 was the box of token 0 with four words and three levels. Here it is levels · (n − 1).
    """
    return _peeled(first=lambda code, n, levels: code - 9)(code, n, levels)


@task.mistake
def real_numbers(code, n, levels):
    """You divide with /, and large ids lose their last figures.

    A real number has sixteen figures. // keeps whole numbers whole, of any size.
    """
    digits = []
    for token in range(n - 1, 0, -1):
        own = levels * (token - 1) + code % levels
        digits.insert(0, code % levels)
        code = own + (code - own) / levels
    return [code - levels * (n - 1), *digits]
