"""`reproduce memory`: three models of one size, and what is said of where they look."""

import math
from dataclasses import replace

import pytest
import torch
from torch import nn

from course_utils.experiments import memory
from course_utils.experiments.experiment import STORED
from course_utils.experiments.named import Named
from course_utils.experiments.remembering import Remembering, TwoSoftmaxes
from course_utils.experiments.store import read_json
from course_utils.experiments.tasks import characters, language, pieces, training
from course_utils.experiments.trials import Recipe, Socket, Trial
from course_utils.mixers import PersistentAttention
from course_utils.models import LanguageModel
from course_utils.problem import Problem

SOCKET = Socket(d_model=16, n_heads=2, n_layers=2, n=12, seed=1, causal=True)
QUICK = characters.SIZES["quick"]


def test_a_candidate_makes_the_layer_that_it_names():
    layer = Remembering(5, init="paper").mixer(SOCKET)(0)
    assert type(layer) is PersistentAttention and layer.causal and layer.rotary is None
    assert (layer.n_persistent, layer.init) == (5, "paper")
    turned = Socket(d_model=16, n_heads=2, n_layers=2, n=12, seed=1, rotary=True)
    assert Remembering(5).mixer(turned)(0).rotary is not None
    assert type(Remembering(5, softmax="two").mixer(SOCKET)(0)) is TwoSoftmaxes
    with pytest.raises(ValueError, match='"one" or "two", got \'three\''):
        Remembering(5, softmax="three")


def test_names_tell_them_apart():
    choices = [
        Remembering(0),
        Remembering(8),
        Remembering(8, "paper"),
        Remembering(8, softmax="two"),
    ]
    assert list(map(str, choices)) == [
        "attention alone", "8 vectors", "8 vectors, begun as in the paper",
        "8 vectors, two softmaxes",
    ]  # fmt: skip


@pytest.mark.parametrize("turned", [False, True])
def test_two_softmaxes_are_attention_and_a_memory_side_by_side(turned):
    socket = Socket(d_model=16, n_heads=2, n_layers=2, n=12, seed=1, causal=True, rotary=turned)
    torch.manual_seed(0)
    both = Remembering(6, "paper", "two").mixer(socket)(0)
    x = torch.randn(2, 9, 16)
    real = torch.arange(9) < torch.tensor([[9], [5]])
    one_softmax = PersistentAttention(16, 2, 0, causal=True, rotary=both.rotary)
    own = {name: p for name, p in both.state_dict().items() if "persistent" not in name}
    one_softmax.load_state_dict(own, strict=False)
    query = both.query(x).unflatten(-1, (2, 8)).transpose(1, 2)
    keys, values = both.persistent_key * 8**0.5, both.persistent_value * 6**0.5
    recalled = (query @ keys.mT / 8**0.5).softmax(dim=-1) @ values
    expected = one_softmax(x, real) + both.out(recalled.transpose(1, 2).flatten(2))
    torch.testing.assert_close(both(x, real), expected)


def test_the_three_are_of_one_size():
    sizes = {}
    for trial in memory.equal("characters", memory.BEGINNINGS, "laptop")[:4]:
        model = language.new_model(trial, characters.SIZES["laptop"], 65)
        sizes[str(trial.candidate), trial.n_layers] = training.n_learned(model)
    all_attention, feed_forward = sizes["64 vectors", 8], sizes["attention", 4]
    alone = sizes["attention alone", 12]
    # They differ by biases and norms alone.
    assert abs(all_attention / feed_forward - 1) < 0.02 and abs(alone / feed_forward - 1) < 0.02
    assert sizes["attention alone", 4] < 0.4 * feed_forward


def test_everybody_has_the_same_recipe_and_beginnings():
    tried = {}
    for trial in memory.equal("characters", memory.BEGINNINGS, "laptop"):
        tried.setdefault((trial.candidate, trial.n_layers), set()).add((trial.recipe, trial.seed))
    assert len(tried) == 4 and len({frozenset(each) for each in tried.values()}) == 1
    assert {seed for _, seed in tried[memory.ALONE, 12]} == {0, 1, 2}


def test_the_share_on_vectors_is_what_the_weights_say():
    torch.manual_seed(0)
    model = LanguageModel(
        20, lambda layer: PersistentAttention(16, 2, 5, causal=True),
        d_model=16, n_layers=2, d_ff=None, max_n=8,
    ).eval()  # fmt: skip
    ids = torch.randint(20, (3, 8))
    found = characters.share_on_vectors(model, ids)
    x = model.embedding(ids)
    first = model.encoder.blocks[0]
    weights = first.mixer.weights(first.mixer_norm(x))
    assert found[0] == pytest.approx(weights[..., :5].sum(-1).mean((0, 2)).tolist(), abs=1e-3)
    assert len(found) == 2 and all(len(heads) == 2 for heads in found)
    plain = nn.Linear(2, 2)
    assert characters.share_on_vectors(plain, ids) is None


@pytest.mark.parametrize("part", list(memory.EXPERIMENT.parts))
def test_the_command_measures_stores_and_goes_on(part, tmp_path, capsys):
    asked = ["--size", "quick", "--task", part, "--workers", "1", "--out", str(tmp_path)]
    assert memory.main(asked) == 0
    found = read_json(tmp_path / f"memory-{part}-quick.json")
    assert found["table"] and found["runs"] and found["paper says"]
    by_kind = {
        run["mixer"] if "mixer" in run else run["run"]["mixer"]: run["result"]
        for run in found["runs"]
    }
    assert by_kind["memory"]["parameters"] > 0 and by_kind["memory"]["tokens a second"] > 0
    assert (tmp_path / f"memory-{part}-quick.png").stat().st_size > 1_000
    capsys.readouterr()
    assert memory.main(asked) == 0
    assert "0 of them to do" in capsys.readouterr().out


def test_vectors_get_their_share_by_numbers_at_first():
    """16 tokens, 12 vectors, all scores alike: the t-th token gives 12 / (12 + t) to vectors."""
    trial = Trial("characters", Remembering(12), 2, 0, Recipe(1e-3, 0.1, "rotary"))
    result = characters.measure(trial, QUICK)
    expected = sum(12 / (12 + t) for t in range(1, 17)) / 16
    for share in sum(result["on vectors before"], []):
        assert share == pytest.approx(expected, abs=0.1)
    assert (
        characters.measure(Trial("characters", Named("attention"), 2, 0), QUICK)["on vectors"]
        is None
    )


def test_perplexity_is_of_pieces():
    text = pieces.wikipedia(pieces.N_MERGES["quick"])
    assert text.vocab_size > 20 and text.told(math.log(7)) == pytest.approx(7)
    assert len(text.valid) < len(text.train)


def test_pieces_take_the_settings_of_a_size_alone():
    """The number of merges belongs to the size."""
    trial = Trial("pieces", Named("attention"), 1, 0)
    with pytest.raises(ValueError, match=r"one of SIZES \(quick, laptop, paper\), unchanged"):
        pieces.measure(trial, replace(pieces.SIZES["quick"], steps=5))


@pytest.mark.parametrize("part", list(memory.EXPERIMENT.parts))
def test_the_stored_results_are_whole(part):
    store = memory.EXPERIMENT.store(part, "laptop", STORED)
    assert store.missing(memory.EXPERIMENT.parts[part].trials("laptop")) == []
    assert all(entry["hardware"] for entry in store.entries.values())


def test_stored_bits_are_asked_for_by_what_was_trained():
    """Lesson 17 compares two beginnings of the same layer by them."""
    found = {
        run["run"]["seed"]: run
        for run in memory.stored("ablation")["runs"]
        if run["run"]["choice"]["init"] == "paper" and run["run"]["choice"]["n_persistent"] == 64
    }
    bits = [found[seed]["result"]["bits per character"] for seed in range(3)]
    assert memory.bits(64, "paper") == bits
    assert len(memory.bits(64)) == 3 and not set(memory.bits(64)) & set(bits)
    with pytest.raises(Problem, match="7 vectors"):
        memory.bits(7)


def test_stored_bits_by_model_are_those_of_each_run():
    """Lesson 17's table: of pieces the perplexity is stored, 2 to the power of the bits."""
    runs = memory.stored("pieces")["runs"]
    alone = [run for run in runs if run["run"]["choice"].get("n_persistent") == 0]
    deep = [run for run in alone if run["run"]["n_layers"] == 12]
    found = memory.bits_by_model("pieces")["attention alone, 12 blocks"]
    assert [2**bit for bit in found] == pytest.approx([run["result"]["perplexity"] for run in deep])
    of_characters = memory.bits_by_model("characters")
    assert of_characters["64 vectors, 8 blocks"] == memory.bits(64)
    assert set(of_characters) == set(memory.bits_by_model("pieces"))
    assert "attention and feed-forward, 4 blocks" in of_characters


def test_bits_are_in_the_order_of_the_beginnings(monkeypatch):
    """Several workers finish, and store, in any order."""
    kept = memory.stored("characters")
    backwards = {**kept, "runs": kept["runs"][::-1]}
    expected = memory.bits(64)
    monkeypatch.setattr(memory, "stored", lambda part: backwards)
    assert memory.bits(64) == expected
