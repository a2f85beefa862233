"""`reproduce fnet`: the same search for everybody, and what it is tried on."""

import json

import pytest
import torch
from torch import nn

from course_utils.experiments import fnet
from course_utils.experiments.experiment import STORED
from course_utils.experiments.named import MIXERS, ROTARY, Named
from course_utils.experiments.store import read_json
from course_utils.experiments.tasks import fine_tuning, marked_pair, masked_words, speed
from course_utils.experiments.trials import Recipe, Socket, Trial
from course_utils.mixers import Attention, FourierMixing

SOCKET = Socket(d_model=16, n_heads=2, n_layers=3, n=12, seed=1)


@pytest.mark.parametrize("name", MIXERS)
def test_every_name_is_a_mixer_of_the_socket_s_size(name):
    of_layer = Named(name).mixer(SOCKET)
    x = torch.randn(2, 9, 16)
    for layer in range(3):
        assert of_layer(layer)(x, torch.ones(2, 9, dtype=torch.bool)).shape == x.shape
    turned = Socket(d_model=16, n_heads=2, n_layers=3, n=12, seed=1, rotary=True)
    if name in ROTARY:
        assert Named(name).mixer(turned)(2).rotary is not None
    else:
        with pytest.raises(ValueError, match=f"{name} has no queries and keys to turn"):
            Named(name).mixer(turned)


def test_the_hybrid_has_attention_on_top():
    kinds = [type(Named("hybrid").mixer(SOCKET)(layer)) for layer in range(3)]
    assert kinds == [FourierMixing, Attention, Attention]


def test_random_tables_differ_by_layer_and_by_seed():
    of_layer = Named("random").mixer(SOCKET)
    assert not torch.equal(of_layer(0).over_tokens, of_layer(1).over_tokens)
    assert torch.equal(of_layer(0).over_tokens, Named("random").mixer(SOCKET)(0).over_tokens)


def test_a_name_that_there_is_not():
    with pytest.raises(ValueError, match="no mixer 'fourier'; there are 'attention', 'Fourier'"):
        Named("fourier")


def test_each_mixer_is_searched_alike():
    numbers = {name: fnet.searched(name, "laptop") for name in fnet.NAMES}
    assert {len(recipes) for recipes in numbers.values()} == {12}
    for recipes in numbers.values():
        assert len(set(recipes)) == 12 and {recipe.norm for recipe in recipes} == {"pre", "post"}
    without = {
        name: {(r.peak, r.warmup, r.norm) for r in recipes} for name, recipes in numbers.items()
    }
    assert len({frozenset(settings) for settings in without.values()}) == 1


def test_the_stored_search_is_whole_and_decides_the_recipes():
    trials = fnet.search_trials("laptop")
    assert len(trials) == 72
    store = fnet.EXPERIMENT.store("search", "laptop", STORED)
    assert store.missing(trials) == []
    results = store.results(trials)
    for name in fnet.NAMES:
        own = {t: r["masked accuracy"] for t, r in results.items() if t.candidate.name == name}
        best, *others = fnet.best_recipes(name)
        assert max(own, key=own.get).recipe == best
        assert [recipe.positions for recipe in others] in ([], ["learned"])


def test_the_stored_questions_have_every_mixer_with_three_seeds():
    store = fnet.EXPERIMENT.store("questions", "laptop", STORED)
    trials = fnet.question_trials("laptop")
    assert store.missing(trials) == []
    assert {(t.candidate.name, t.recipe.positions) for t in trials} >= {
        ("Fourier", "learned"), ("Fourier", "sinusoidal"), ("attention", "rotary")
    }  # fmt: skip
    for entry in store.entries.values():
        assert entry["hardware"]
        assert all(name in entry["result"] for name in fine_tuning.ALSO)


@pytest.mark.parametrize("part", ["search", "questions", "pair", "speed"])
def test_the_command_measures_stores_and_goes_on(part, tmp_path, capsys, monkeypatch):
    monkeypatch.setattr(fnet, "NAMES", ("attention", "Fourier"))
    asked = ["--size", "quick", "--task", part, "--workers", "1", "--out", str(tmp_path)]
    assert fnet.main(asked) == 0
    found = read_json(tmp_path / f"fnet-{part}-quick.json")
    assert found["table"] and found["runs"] and found["paper says"]
    assert all(run["hardware"] == found["hardware"] for run in found["runs"])
    assert (tmp_path / f"fnet-{part}-quick.png").stat().st_size > 1_000
    capsys.readouterr()
    assert fnet.main(asked) == 0
    assert "0 of them to do" in capsys.readouterr().out


# What it is tried on


@pytest.fixture(scope="module")
def settings():
    return masked_words.Settings(n=40, n_merges=20, batch_size=50)


def test_hidden_words_are_a_seventh_and_never_the_first(settings):
    words = masked_words.HiddenWords("train", settings, seed=3)
    batch = words[0]
    assert batch.ids.shape == (50, 40)
    first = words.tokenizer.special_id(masked_words.FIRST)
    assert (batch.ids[:, 0] == first).all() and not batch.hidden[:, 0].any()
    assert batch.hidden[:, 1:].float().mean().item() == pytest.approx(0.15, abs=0.03)
    same = batch.read == batch.ids
    assert same[~batch.hidden].all()
    sign = words.tokenizer.special_id(masked_words.HIDDEN)
    shown = batch.read[batch.hidden]
    assert (shown == sign).float().mean().item() == pytest.approx(0.8, abs=0.08)


def test_the_same_step_has_the_same_words_hidden(settings):
    one, again, other = (
        masked_words.HiddenWords("train", settings, seed=seed)[7] for seed in (3, 3, 4)
    )
    assert all(torch.equal(a, b) for a, b in zip(one, again, strict=True))
    assert not torch.equal(one.read, other.read)


def test_only_what_was_hidden_counts(settings):
    batch = masked_words.HiddenWords("train", settings, seed=0)[0]
    trial = Trial("words", Named("Fourier"), 2, 0, Recipe(1e-3, 0.1))
    small = masked_words.Settings(n=40, n_merges=20, d_model=16, n_heads=2)
    model = masked_words.new_model(trial, small).eval()
    every = model(batch.read).log_softmax(dim=-1)
    right = every.gather(-1, batch.ids[..., None])[..., 0][batch.hidden]
    loss = masked_words.hidden_loss(model, batch)
    assert loss.n_tokens == int(batch.hidden.sum())
    torch.testing.assert_close(loss.total, -right.sum())
    wrong = (every.argmax(dim=-1) != batch.ids)[batch.hidden].float().mean().item()
    assert masked_words.share_wrong(model, [batch]) == pytest.approx(wrong)


def test_questions_begin_with_the_sign_that_answers():
    tokenizer = masked_words.tokenizer(20)
    signs = [tokenizer.special_id(name) for name in (masked_words.FIRST, masked_words.BREAK)]
    one = fine_tuning.numbered(fine_tuning.Question(("cold",), 0), tokenizer, 16)
    assert one == [signs[0], *tokenizer.encode("cold")]
    two = fine_tuning.numbered(fine_tuning.Question(("cold " * 9, "coffee " * 9), 1), tokenizer, 16)
    assert len(two) == 16 and two[0] == signs[0] and two.count(signs[1]) == 1
    assert two.index(signs[1]) == 8  # each text has half of the room
    asked = [fine_tuning.Question(("cold",), 0), fine_tuning.Question(("a b", "c"), 1)]
    batch = fine_tuning.Questions(asked, tokenizer, n=16, size=8, seed=0).in_order()[0]
    assert batch.ids.shape == (2, 16) and batch.labels.tolist() == [0, 1]
    assert batch.mask.sum(dim=1).tolist() == [len(one), 1 + 3 + 1 + 1]
    pad = tokenizer.special_id(masked_words.PAD)
    assert torch.equal(batch.mask, batch.ids != pad)


@pytest.mark.parametrize("name", fine_tuning.SETS)
def test_the_sets_have_all_their_kinds_in_every_part(name):
    train, test = (fine_tuning.questions(name, split) for split in ("train", "test"))
    assert {q.label for q in train} == {q.label for q in test}
    assert len({q.label for q in train}) == (150 if name == "intents" else 2)
    assert {q.texts for q in train}.isdisjoint({q.texts for q in test[:50]}) or name == "intents"


def test_a_pair_is_marked_and_a_coin_decides_whether_it_is_one():
    settings = marked_pair.Settings(n=12, n_symbols=5)
    ids, same = marked_pair.marked_pairs(settings, 2_000, [0, 1])
    assert (ids[:, 0] == 0).all() and ids[:, 1:].min() == 1 and ids.max() == 10
    marked = ids > 5
    assert (marked.sum(dim=1) == 2).all()
    first, second = ids[marked].view(-1, 2).T
    assert torch.equal((first == second).long(), same)
    assert same.float().mean().item() == pytest.approx(0.5, abs=0.05)
    again = marked_pair.marked_pairs(settings, 2_000, [0, 1])
    assert torch.equal(again.ids, ids)


def test_speed_is_told_beside_attention_s():
    trial = Trial("speed", Named("none"), 2, 0)
    result = speed.measure(trial, speed.SIZES["quick"])
    assert result["lengths"] == [16, 32] and len(result["ratio"]) == 2
    assert result[speed.METRIC] == result["ratio"][1] > 0
    assert all(megabytes > 0 for megabytes in result["megabytes"])


def test_no_mixing_needs_less_memory_than_attention():
    settings = speed.Settings(lengths=(256,), n=256, n_tokens=512, d_model=32, n_heads=2, steps=1)
    result = speed.measure(Trial("speed", Named("none"), 2, 0), settings)
    assert result["megabytes"][0] < result["attention's megabytes"][0]


def test_random_and_fourier_learn_nothing_in_their_mixers():
    def learned(name):
        return sum(p.numel() for p in nn.ModuleList([Named(name).mixer(SOCKET)(0)]).parameters())

    assert learned("Fourier") == learned("random") == learned("none") == 0
    assert learned("linear") == 12 * 12 + 16 * 16


def test_stored_files_name_their_hardware():
    for part, size in (("search", "laptop"), ("speed", "laptop"), ("speed", "paper")):
        assert json.loads((STORED / f"fnet-{part}-{size}.json").read_text())["hardware"]
