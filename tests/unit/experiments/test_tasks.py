"""The four tasks at their smallest: each takes any candidate, and says the same thing again."""

from dataclasses import dataclass, replace
from typing import ClassVar

import pytest
import torch

from course_utils.experiments.sparse import EXPERIMENT as SPARSE
from course_utils.experiments.tasks import copying, language, training
from course_utils.experiments.trials import Candidate, Recipe, Socket, Trial
from course_utils.mixers import Attention, NoMixing
from course_utils.patterns import dense, sequential, strided
from course_utils.positions import NoPositions
from course_utils.training.history import History

QUICK = copying.SIZES["quick"]


# The copying task, as lesson 12 calls it


def test_dense_attention_copies_in_seconds():
    easy = replace(
        QUICK, length=4, d_model=32, n_heads=4, d_ff=64, batch_size=32, steps=300, every=25,
        recipe=Recipe(peak=5e-3, warmup=1 / 30), tested_on=64,
    )  # fmt: skip
    copied = copying.train(dense(easy.n), 1, settings=easy)
    assert copied.final > 0.95 > 3 * copied.accuracy[0] / 2
    assert copied.steps == list(range(25, copied.steps[-1] + 1, 25))
    if copied.final == 1.0:  # and then it does not go on
        assert copied.accuracy.index(1.0) == len(copied.accuracy) - 1
    # who cannot hear the other half does not copy: a quarter is right by chance
    deaf = copying.train(lambda layer: strided(easy.n, 1)[0], 1, settings=replace(easy, steps=50))
    assert deaf.final < 0.5


def test_copying_says_the_same_again_and_leaves_chance_alone():
    torch.manual_seed(5)
    expected = torch.rand(1)
    torch.manual_seed(5)
    first = copying.train(sequential(strided(QUICK.n, 3)), 2, seed=1, settings=QUICK)
    assert torch.rand(1) == expected
    again = copying.train(sequential(strided(QUICK.n, 3)), 2, seed=1, settings=QUICK)
    assert first.accuracy == again.accuracy and first.steps == [3, 6]


def test_what_is_hidden_is_not_in_the_input():
    block = {"d_model": QUICK.d_model, "n_layers": 1, "d_ff": QUICK.d_ff}
    model = copying.Copier(QUICK, lambda layer: NoMixing(), NoPositions(), block)
    read = []
    model.encoder.register_forward_hook(lambda module, inputs, output: read.append(inputs[0]))
    to_copy = copying.symbols(QUICK, 3, [0])
    logits = model(to_copy)
    assert logits.shape == (3, QUICK.length, QUICK.n_symbols + 1)
    assert read[0].shape == (3, QUICK.n)
    assert torch.equal(read[0][:, 1 : QUICK.length + 1], to_copy)
    assert read[0][:, QUICK.length + 2 :].unique().tolist() == [QUICK.n_symbols + 1]
    assert 1 <= to_copy.min() and to_copy.max() <= QUICK.n_symbols


# Any candidate on any task


@dataclass(frozen=True)
class PlainAttention(Candidate):
    """A candidate that is no pattern, keeps no facts, and asks for rotary positions if told to."""

    kind: ClassVar[str] = "attention"

    def mixer(self, socket: Socket):
        return lambda layer: Attention(
            socket.d_model, socket.n_heads, causal=socket.causal, rotary=socket.rotation()
        )


class WithoutThinking(PlainAttention):
    kind = "attention alone"
    feed_forward = False


RECIPES = [
    Recipe(peak=1e-3, warmup=0.5, positions=positions, norm=norm)
    for positions, norm in [
        ("learned", "pre"), ("sinusoidal", "post"), ("rotary", "pre"), ("none", "post"),
    ]
]  # fmt: skip


@pytest.mark.parametrize("name", SPARSE.parts)
def test_every_task_takes_every_candidate_by_every_recipe(name, monkeypatch):
    task = SPARSE.parts[name].task
    trained = []

    def fit(model, batches, loss, **settings):
        trained.append((model, settings["learning_rate"](settings["steps"] // 2)))
        return History(valid_steps=[1], valid_losses=[1.0], stopped="steps")

    monkeypatch.setattr(training, "fit", fit)
    for candidate in (PlainAttention(), WithoutThinking()):
        for recipe in (None, *RECIPES):
            trial = Trial(name, candidate, 2, seed=1, recipe=recipe)
            result = task.measure(trial, task.SIZES["quick"])
            assert set(result) >= {task.METRIC, "steps", "seconds"} and "sparsity" not in result
            model, rate = trained.pop()
            used = recipe or task.SIZES["quick"].recipe
            blocks = [module for module in model.modules() if hasattr(module, "mixer_norm")]
            assert {block.norm for block in blocks} == {used.norm}
            assert {block.ffn is None for block in blocks} == {not candidate.feed_forward}
            rotary = {block.mixer.rotary is not None for block in blocks}
            assert rotary == {used.positions == "rotary"}
            places = {type(module).__name__ for module in model.modules()}
            wanted = {"learned": "LearnedPositions", "sinusoidal": "SinusoidalPositions"}
            assert wanted.get(used.positions, "NoPositions") in places
            assert rate <= used.peak and (recipe is None or rate == pytest.approx(used.peak))


@pytest.mark.parametrize("name", SPARSE.parts)
def test_dense_attention_by_any_other_name_has_the_same_result(name):
    """What a candidate is changes a trial, and nothing else does."""
    part = SPARSE.parts[name]
    settings = part.task.SIZES["quick"]
    there = part.trials("quick")[0]
    here = Trial(name, PlainAttention(), there.n_layers, there.seed)
    expected, found = (part.task.measure(trial, settings) for trial in (there, here))
    assert found[part.task.METRIC] == pytest.approx(expected[part.task.METRIC], abs=2e-3)
    assert expected.pop("sparsity") == 0 and set(found) == set(expected)


def test_another_seed_is_another_training():
    settings = language.SIZES["quick"]
    first, again, other = (
        language.measure(Trial("lm", PlainAttention(), 1, seed), settings)["bits by step"]
        for seed in (0, 0, 1)
    )
    assert first == again != other


def test_a_training_that_was_cut_short_is_no_result(monkeypatch):
    monkeypatch.setattr(training, "fit", lambda *given, **named: History(stopped="interrupted"))
    with pytest.raises(KeyboardInterrupt):
        copying.measure(Trial("copying", PlainAttention(), 1, 0), QUICK)


def test_warm_up_is_a_share_of_the_steps():
    for share in (20, 10, 30):
        recipe = Recipe(peak=1.0, warmup=1 / share)
        for climbed in (1, 2, 3, 7, 75, 1_000):
            rate = recipe.learning_rate(climbed * share)
            assert rate(climbed) == 1.0 and (climbed == 1 or rate(climbed - 1) < 1.0)


@pytest.mark.parametrize(
    ("wrong", "named"),
    [
        ({"positions": "learnt"}, "one of 'learned', .*; got 'learnt'"),
        ({"peak": 0.0}, "got peak=0.0"),
        ({"warmup": 1.0}, "below 1; got peak=0.1 and warmup=1.0"),
    ],
)
def test_recipes_that_make_no_sense(wrong, named):
    with pytest.raises(ValueError, match=named):
        Recipe(**{"peak": 0.1, "warmup": 0.1, **wrong})
