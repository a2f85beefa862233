"""Turn up the heat: a softmax that is surer of its favourites, or less."""

import math

import torch

from course_utils.checks.task import Case, Task
from course_utils.exercises.lesson_08.common import chances_add_up

task = Task(
    "08.with_temperature",
    "Turn up the heat",
    section="Let it speak",
    dimensions=("vocab",),
    hints=[
        "Cold should make the favourite surer, hot should make all alike. What happens to the "
        "distance between two scores when you divide both by 0.5? By 2?",
        "The temperature belongs in front of the softmax, on the scores.",
        "torch.softmax(…, dim=-1): the characters are the last axis, however many stand in "
        "front of it.",
    ],
    praise="Right, from freezing to boiling.",
)


@task.answer
def with_temperature(logits, temperature):
    ### BEGIN SOLUTION
    return torch.softmax(logits / temperature, dim=-1)
    ### END SOLUTION


@task.cases
def cases(seed):
    yield Case("scores 2, 1, 0 at temperature 0.5", (torch.tensor([2.0, 1.0, 0.0]), 0.5))
    generator = torch.Generator().manual_seed(seed)

    def scores(*shape, size=3.0):
        return size * torch.randn(*shape, generator=generator)

    for shape, temperature in (
        ((4,), 2.0),
        ((3, 5), 0.7),
        ((2, 3, 4), 1.3),
        ((5, 5), 1.0),
        ((4, 4), 3),
        ((1, 6), 0.25),
        ((3, 3, 3), 1.5),
        ((2, 2, 1, 7), 0.4),
    ):
        yield Case(f"logits of shape {list(shape)} at temperature {temperature}",
                   (scores(*shape), temperature))  # fmt: skip
    far = 1500 + 30 * torch.arange(6) + scores(2, 6)
    yield Case("a cold one: scores far above 0, temperature 0.05", (far, 0.05))
    yield Case("as good as boiling: temperature 50", (scores(2, 65, size=20), 50))
    apart = scores(2, 5) + torch.tensor([[1000.0], [-1000.0]])
    yield Case("two rows, around 1,000 and −1,000", (apart, 0.8))
    yield Case("a single character", (scores(3, 1), 2.5))


@task.also_right
def with_loops(logits, temperature):
    rows = []
    for row in logits.reshape(-1, logits.shape[-1]).tolist():
        powers = [math.exp((score - max(row)) / temperature) for score in row]
        rows.append([power / sum(powers) for power in powers])
    return torch.tensor(rows).view_as(logits)


@task.also_right
def by_powers_of_chances(logits, temperature):
    powers = (logits.double() - logits.double().amax(-1, keepdim=True)).exp() ** (1 / temperature)
    return powers / powers.sum(-1, keepdim=True)


@task.also_right
def by_logarithms(logits, temperature):
    scores = logits / temperature
    return (scores - scores.logsumexp(-1, keepdim=True)).exp()


@task.also_right
def with_more_digits(logits, temperature):
    return logits.double().div(temperature).softmax(-1)


@task.also_right
def by_hand_in_numpy(logits, temperature):
    scores = logits.numpy() / temperature
    powers = math.e ** (scores - scores.max(axis=-1, keepdims=True))
    return torch.from_numpy(powers / powers.sum(axis=-1, keepdims=True))


task.property(chances_add_up)


@task.property
def still_at_one(result, case):
    """For the many ways to a softmax by hand in which the temperature cancels."""
    logits, temperature = case.args
    ignored = temperature != 1 and isinstance(result, torch.Tensor) and result.shape == logits.shape
    if not ignored or not torch.allclose(result.detach().to(logits), logits.softmax(-1), atol=1e-5):
        return None
    return (
        "these are the chances at temperature 1. A factor that all shares have in common cancels "
        "when they are divided by their sum: divide the scores, before they become powers of e."
    )


def shared(powers):
    """Each row divided by its sum."""
    return powers / powers.sum(-1, keepdim=True)


@task.mistake
def by_hand(logits, temperature):
    """Right, until the powers of e grow beyond all bounds.

    e to the 89 is more than float32 can hold, so it becomes infinite, and ∞/∞ is NaN. Use
    torch.softmax, or subtract each row's maximum before the e-to-the: no share changes.
    """
    return shared((logits / temperature).exp())


@task.mistake
def one_maximum(logits, temperature):
    """You subtract one maximum from all rows.

    Beside a row around 1,000 the powers of a row around 0 are all 0, and 0/0 is NaN. Each row has
    its own maximum: amax(-1, keepdim=True).
    """
    scores = logits / temperature
    return shared((scores - scores.max()).exp())


@task.mistake
def without_its_axis(logits, temperature):
    """The sum has lost its axis.

    sum(-1) of [3, 5] is [3], which does not stand beside its own rows any more (and where it fits,
    it divides by another row's sum). keepdim=True keeps it [3, 1].
    """
    powers = (logits / temperature).exp()
    return powers / powers.sum(-1)


@task.mistake
def one_sum(logits, temperature):
    """You divided by the sum of everything.

    Each row shares out 1 of its own, over its characters: sum(-1, keepdim=True).
    """
    powers = (logits / temperature).exp()
    return powers / powers.sum()


@task.mistake
def one_softmax_for_all(logits, temperature):
    """All rows share a single 1.

    Each row shares out 1 of its own, over its characters: dim=-1, without flattening.
    """
    return (logits / temperature).flatten().softmax(0).view_as(logits)


@task.mistake
def multiplied(logits, temperature):
    """You multiplied by the temperature.

    Then 0.5 makes the model timid and 2 makes it bolder: the thermometer is upside down. Divide.
    (The same if you raised the chances to a power: it has to be 1 / temperature.)
    """
    return (logits * temperature).softmax(-1)


@task.mistake
def power_upside_down(logits, temperature):
    """You raised the chances to the temperature.

    The thermometer is upside down: the power has to be 1 / temperature. Dividing the scores, before
    the softmax, comes to the same, and no chance gets too small on the way.
    """
    return shared(logits.softmax(-1) ** temperature)


@task.mistake
def divided_afterwards(logits, temperature):
    """The temperature comes after the softmax.

    All chances shrink by the same factor, so their ratios stay and they no longer add up to 1.
    Divide the scores, before they become powers of e.
    """
    return logits.softmax(-1) / temperature


@task.mistake
def multiplied_afterwards(logits, temperature):
    """You multiplied the chances by the temperature.

    Their ratios stay, and they no longer add up to 1. Divide the scores, before they become powers
    of e.
    """
    return logits.softmax(-1) * temperature


@task.mistake
def ignored(logits, temperature):
    """Nothing is left of your temperature.

    These are the chances at temperature 1. Divide the chances by something and then by their sum,
    or take something off every score, and it cancels. Divide the scores, before the softmax.
    """
    return logits.softmax(-1)


@task.mistake
def shares_of_shares(logits, temperature):
    """You sent the chances through a second softmax.

    Chances lie between 0 and 1, so after another softmax all are nearly alike. The scores go in,
    once.
    """
    return (logits.softmax(-1) / temperature).softmax(-1)


@task.mistake
def softmax_after_softmax(logits, temperature):
    """You made chances of chances.

    After the softmax of the divided scores you are there. A second one makes all nearly alike.
    """
    return (logits / temperature).softmax(-1).softmax(-1)


@task.mistake
def power_of_chances(logits, temperature):
    """You raised the chances to a power and stopped.

    p to the 1 / temperature has the right ratios. Now divide by their sum, or divide the scores by
    the temperature and let softmax do it.
    """
    return logits.softmax(-1) ** (1 / temperature)


@task.mistake
def sum_of_undivided(logits, temperature):
    """You divided by a sum of other powers.

    The temperature is in the powers above, and not in those of the sum, so that the chances do not
    add up to 1. Work out the powers once, and divide them by their own sum.
    """
    scores = logits - logits.amax(-1, keepdim=True)
    return (scores / temperature).exp() / scores.exp().sum(-1, keepdim=True)


@task.mistake
def each_alone(logits, temperature):
    """You asked about each character alone.

    A sigmoid answers yes or no for each. A softmax lets them share out 1 among themselves.
    """
    return (logits / temperature).sigmoid()


@task.mistake
def not_shared_out(logits, temperature):
    """The chances do not add up to 1.

    You raised e to the scores and stopped. Divide by the sum over all characters, or let
    torch.softmax do both.
    """
    return (logits / temperature).exp()


@task.mistake
def over_the_first_axis(logits, temperature):
    """Your softmax runs over the wrong axis.

    The characters are the last axis. Over the first one it is the sentences of the batch that
    compete.
    """
    return (logits / temperature).softmax(0)


@task.mistake
def over_the_second_axis(logits, temperature):
    """Your softmax runs over axis 1.

    That is the last axis of a table only. Counted from behind it is the last one however many stand
    in front of it: dim=-1.
    """
    return (logits / temperature).softmax(1)


@task.mistake
def over_the_axis_before(logits, temperature):
    """Your softmax runs over the last axis but one.

    Over that axis it is the places of the text that compete. The characters are the last: dim=-1.
    """
    return (logits / temperature).softmax(-2)


@task.mistake
def without_dim(logits, temperature):
    """Your softmax chooses its axis itself.

    Without dim it takes the last axis of a table and the first one of three axes. Say it: dim=-1.
    """
    return (logits / temperature).softmax({1: 0, 2: 1, 3: 0}.get(logits.ndim, 1))


@task.mistake
def logarithms(logits, temperature):
    """You returned logarithms.

    They are right as logarithms; what is wanted are the chances themselves: torch.softmax.
    """
    return (logits / temperature).log_softmax(-1)


@task.mistake
def scores_alone(logits, temperature):
    """You returned scores.

    Divided as they should be. Now make chances of them: torch.softmax(…, dim=-1).
    """
    return logits / temperature


@task.mistake
def no_powers(logits, temperature):
    """You shared out the scores themselves.

    They may be below zero. A share is e to the score, divided by the sum of all these powers.
    """
    return shared(logits / temperature)


@task.mistake
def powers_of_two(logits, temperature):
    """You took powers of 2.

    The base of a softmax is e. With 2 the model is as at a higher temperature, by 1 / ln 2.
    """
    return (logits / temperature * math.log(2)).softmax(-1)


@task.mistake
def root(logits, temperature):
    """You divided by the root of the temperature.

    The root belongs to the width of a head. Here it is the temperature itself.
    """
    return (logits / temperature**0.5).softmax(-1)


@task.mistake
def squared(logits, temperature):
    """You divided by the temperature twice.

    Divided once it is the temperature that was asked for, divided twice it is its square.
    """
    return (logits / temperature**2).softmax(-1)


@task.mistake
def power_of_scores(logits, temperature):
    """You raised the scores to a power.

    A score below zero has no root. It is the chances that may be raised to 1 / temperature; scores
    are divided by the temperature.
    """
    return (logits ** (1 / temperature)).softmax(-1)


@task.mistake
def turned_round(logits, temperature):
    """Your favourites are the least likely.

    A high score means likely. Is there a minus in front of the scores?
    """
    return (-logits / temperature).softmax(-1)


@task.mistake
def favourite_alone(logits, temperature):
    """You left only the favourite.

    That is temperature 0. Above it everybody has a chance: a softmax of the divided scores.
    """
    return torch.nn.functional.one_hot(logits.argmax(-1), logits.shape[-1]).float()


@task.mistake
def place_of_the_favourite(logits, temperature):
    """You chose a character.

    argmax gives the place of the likeliest one, whatever the temperature. What is wanted are the
    chances of all of them.
    """
    return logits.argmax(-1)


@task.mistake
def whole_division(logits, temperature):
    """You divided without a remainder.

    // rounds down to a whole number, and scores that were apart become alike. It is / that divides.
    """
    return (logits // temperature).softmax(-1)


@task.mistake
def in_place(logits, temperature):
    """You changed the caller's scores.

    logits /= temperature writes into the tensor that was given, and whoever asks at a second
    temperature gets both. logits / temperature makes a new one.
    """
    logits /= temperature
    return torch.softmax(logits, dim=-1)
