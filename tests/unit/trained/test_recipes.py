"""The recipes and the command that follows them: from the first step to a model with a score."""

import json
import re
from dataclasses import asdict, replace

import pytest
import torch

from course_utils import datasets
from course_utils.commands import command_line, train
from course_utils.datasets import files
from course_utils.trained import folders, recipes
from course_utils.trained.recipes import (
    RECIPES,
    MemoryRecipe,
    ShakespeareRecipe,
    TranslatorRecipe,
    schedule,
)
from course_utils.training.history import History

PLAY = "To be, or not to be, that is the question:\n" * 100


@pytest.fixture
def little_data(monkeypatch):
    """A play of 4,300 characters, and a few sentence pairs, in place of the corpora."""
    pairs = datasets.english_german("train")[:80]
    monkeypatch.setattr(datasets, "tiny_shakespeare", lambda: PLAY)
    monkeypatch.setattr(datasets, "english_german", lambda split: pairs[: 40 + len(split)])
    monkeypatch.setattr(
        datasets, "german_references", lambda split: {p.english: [p.german] for p in pairs}
    )
    recipes.shakespeare_split.cache_clear()
    yield
    recipes.shakespeare_split.cache_clear()


@pytest.fixture
def little_models(monkeypatch):
    """The recipes with sizes that take no time."""
    sizes = {"d_model": 16, "n_heads": 2, "n_layers": 1, "d_ff": 16}
    translator = type(
        "Little", (TranslatorRecipe,), {"__init__": with_sizes(vocab_size=300, **sizes)}
    )
    shakespeare = type(
        "Little", (ShakespeareRecipe,), {"__init__": with_sizes(block=16, batch_size=4, **sizes)}
    )
    memory = type(
        "Little",
        (MemoryRecipe,),
        {
            "__init__": with_sizes(
                block=16, batch_size=4, n_persistent=8, **(sizes | {"d_ff": None})
            )
        },
    )
    monkeypatch.setitem(RECIPES, "memory", memory)
    monkeypatch.setitem(RECIPES, "translator", translator)
    monkeypatch.setitem(RECIPES, "shakespeare", shakespeare)


def command(*arguments) -> int:
    return command_line.main(["train", *map(str, arguments)])


def test_the_translators_numbers():
    recipe = TranslatorRecipe()
    tokenizer = recipe.tokenizer()
    assert tokenizer.vocab_size == 4_000
    model = recipe.model(tokenizer.vocab_size)
    assert sum(p.numel() for p in model.parameters()) == 3_883_776
    arguments = recipe.training(tokenizer)
    assert len(arguments["batches"]) == 469  # 30,000 / 64
    assert arguments["learning_rate"](recipe.warmup) == recipe.peak
    assert arguments["learning_rate"](recipe.steps) == pytest.approx(recipe.peak / 10)
    batch = arguments["batches"][0]
    words = tokenizer.decode(batch.source[0][batch.source_mask[0]].tolist())
    assert words in {pair.english for pair in datasets.english_german("train")}


def test_the_shakespeare_models_numbers():
    recipe = ShakespeareRecipe()
    tokenizer = recipe.tokenizer()
    assert tokenizer.vocab_size == 65
    model = recipe.model(65)
    assert sum(p.numel() for p in model.parameters()) < 1_000_000
    arguments = recipe.training(tokenizer)
    learned, measured = recipes.shakespeare_split()
    assert learned + measured == datasets.tiny_shakespeare()
    assert len(measured) == pytest.approx(len(learned) / 9, abs=1)
    assert (
        sum(batch.targets.numel() for batch in arguments["valid"])
        > len(measured) - recipe.block - 1
    )
    assert arguments["batches"].ids.tolist() == tokenizer.encode(learned)


def test_the_seed_decides_the_first_weights_and_leaves_the_callers_alone():
    def first(seed: int) -> torch.Tensor:
        return replace(ShakespeareRecipe(), seed=seed).model(65).embedding.tokens.weight.detach()

    torch.manual_seed(4)
    expected = torch.rand(2)
    torch.manual_seed(4)
    once = first(0)
    assert torch.equal(torch.rand(2), expected)
    assert torch.equal(once, first(0)) and not torch.equal(once, first(1))


def test_a_short_run_climbs_for_a_tenth_of_it():
    rate = schedule(replace(TranslatorRecipe(), steps=50))
    assert rate(5) == max(map(rate, range(1, 51))) == TranslatorRecipe().peak
    assert replace(TranslatorRecipe(), steps=1) and schedule(replace(TranslatorRecipe(), steps=1))


@pytest.mark.parametrize("name", list(RECIPES))
def test_the_command_leaves_a_model_that_can_be_loaded(
    name, tmp_path, capsys, little_data, little_models
):
    folder = tmp_path / "new" / name
    assert command(name, "--steps", 3, "--seed", 5, "--out", folder) == 0
    message = capsys.readouterr().out
    assert f"Training the {name}" in message and "3 steps" in message and str(folder) in message
    files = {"model.safetensors", "tokenizer.json", "config.json", "history.json", "score.json"}
    assert {path.name for path in folder.iterdir()} == files
    config = json.loads((folder / "config.json").read_text())
    assert config["recipe"] == asdict(replace(RECIPES[name](), steps=3, seed=5))
    assert config["steps"] == 3 and config["versions"]["torch"] == torch.__version__
    assert History.load(folder / "history.json").steps == [3]  # averages of up to 25
    loaded = train.LOADERS[name](folder)
    assert loaded.score["all"] == folders.score(loaded)
    assert loaded.model.training is False
    before = (folder / "model.safetensors").stat().st_mtime_ns
    assert command(name, "--steps", 3, "--seed", 5, "--out", folder) == 0  # nothing to do
    assert "already holds" in capsys.readouterr().out
    assert (folder / "model.safetensors").stat().st_mtime_ns == before


def test_an_interrupted_run_goes_on_with_the_same_command(
    tmp_path, capsys, monkeypatch, little_data, little_models
):
    whole, broken = tmp_path / "whole", tmp_path / "broken"
    command("shakespeare", "--steps", 6, "--out", whole)
    honest, calls = recipes.language_loss, []

    def stopped(model, batch):
        calls.append(1)
        if len(calls) == 5:
            raise KeyboardInterrupt
        return honest(model, batch)

    monkeypatch.setattr(recipes, "language_loss", stopped)
    assert command("shakespeare", "--steps", 6, "--out", broken) == 130
    assert "The same command goes on from here." in capsys.readouterr().out
    assert {path.name for path in broken.iterdir()} == {"checkpoint.pt"}
    monkeypatch.setattr(recipes, "language_loss", honest)
    assert command("shakespeare", "--steps", 6, "--out", broken) == 0
    assert "Going on with the shakespeare" in capsys.readouterr().out
    for file in ("model.safetensors", "score.json"):
        assert (broken / file).read_bytes() == (whole / file).read_bytes()


def test_what_cannot_be_done_is_said_in_a_sentence(
    tmp_path, capsys, monkeypatch, little_data, little_models
):
    for wrong in (["poet"], ["shakespeare", "--steps", "0"], ["shakespeare", "--minutes", "-1"],
                  ["shakespeare", "--steps", "many"], []):  # fmt: skip
        with pytest.raises(SystemExit) as caught:
            command(*wrong)
        assert caught.value.code == 2
    message = capsys.readouterr().err
    assert (
        "'poet'" in message and "above 0 is needed, got '0'" in message and "got 'many'" in message
    )

    command("shakespeare", "--steps", 3, "--out", tmp_path / "done")
    (tmp_path / "file").write_text("")
    capsys.readouterr()
    assert command("shakespeare", "--steps", 4, "--out", tmp_path / "done") == 2
    assert "of another recipe: name another one with --out" in capsys.readouterr().err
    assert command("shakespeare", "--steps", 4, "--out", tmp_path / "file") == 2
    message = capsys.readouterr().err
    assert message.count("\n") == 1 and "file" in message and "--out" in message

    def broken(model, batch):
        raise KeyboardInterrupt

    monkeypatch.setattr(recipes, "language_loss", broken)
    command("shakespeare", "--steps", 6, "--out", tmp_path / "begun")
    capsys.readouterr()
    assert command("shakespeare", "--steps", 7, "--out", tmp_path / "begun") == 2
    message = capsys.readouterr().err
    assert "belongs to another run: learning_rate=" in message and "--out" in message


@pytest.mark.parametrize("seed", ["-1", "1.5", "x", "", str(10**22), str(2**64)])
def test_a_seed_that_torch_cannot_take_is_refused_at_once(tmp_path, capsys, seed):
    with pytest.raises(SystemExit) as caught:
        command("shakespeare", "--seed", seed, "--out", tmp_path / "model")
    assert caught.value.code == 2 and not (tmp_path / "model").exists()
    message = capsys.readouterr().err
    assert f"argument --seed: a whole number from 0 to 2^64 - 1 is needed, got {seed!r}" in message


@pytest.mark.parametrize("seed", [2**64 - 1, 2**63])
def test_the_largest_seeds_train(tmp_path, little_data, little_models, seed):
    folder = tmp_path / "model"
    assert command("shakespeare", "--steps", 1, "--seed", seed, "--out", folder) == 0


@pytest.mark.parametrize("content", ["[]", "3", "null", "{", "\xff"])
def test_a_folder_with_another_config_is_left_alone(tmp_path, capsys, content):
    (tmp_path / "config.json").write_text(content, encoding="latin-1")
    assert command("shakespeare", "--out", tmp_path) == 2
    message = capsys.readouterr().err
    assert "config.json is damaged" in message and "with --out" in message
    assert [path.name for path in tmp_path.iterdir()] == ["config.json"]


@pytest.mark.parametrize("name", list(RECIPES))
def test_a_missing_data_file_is_said_with_its_mend(tmp_path, capsys, monkeypatch, name):
    files.read_bytes.cache_clear()
    recipes.shakespeare_split.cache_clear()
    monkeypatch.setattr(files, "DATA", tmp_path / "nothing")
    assert command(name, "--out", tmp_path / "model") == 2
    message = capsys.readouterr().err
    assert message.count("\n") == 1 and "--out" not in message
    assert re.search(r"The bundled file \S+ is missing\. Mend it with: git checkout", message)
    assert not (tmp_path / "model").exists()


def test_test_data_that_are_gone_after_training_are_said_too(
    tmp_path, capsys, monkeypatch, little_data, little_models
):
    """And the same command measures what was trained once they are back."""

    def missing(split):
        raise FileNotFoundError("The bundled file eng_deu/references.tsv.gz is missing.")

    there = datasets.german_references
    monkeypatch.setattr(datasets, "german_references", missing)
    command_line_of_it = ("translator", "--steps", 1, "--out", tmp_path / "model")
    assert command(*command_line_of_it) == 2
    assert capsys.readouterr().err == "The bundled file eng_deu/references.tsv.gz is missing.\n"
    monkeypatch.setattr(datasets, "german_references", there)
    assert command(*command_line_of_it) == 0


def test_a_disk_that_is_full_when_the_model_is_written_is_said(
    tmp_path, capsys, monkeypatch, little_data, little_models
):
    def full(path, content):
        raise OSError(28, "No space left on device")

    monkeypatch.setattr(folders, "write_atomically", full)
    assert command("shakespeare", "--steps", 1, "--out", tmp_path / "model") == 2
    message = capsys.readouterr().err
    assert message.count("\n") == 1 and "No space left on device" in message and "--out" in message


def test_the_users_own_folder_is_found_without_the_shell(
    tmp_path, monkeypatch, little_data, little_models
):
    monkeypatch.setenv("HOME", str(tmp_path / "home"))
    monkeypatch.setenv("USERPROFILE", str(tmp_path / "home"))
    monkeypatch.chdir(tmp_path)
    assert command("shakespeare", "--steps", 1, "--out=~/model") == 0
    assert (tmp_path / "home" / "model" / "score.json").is_file()


def test_time_that_is_up_leaves_a_model_too(tmp_path, capsys, little_data, little_models):
    folder = tmp_path / "model"
    assert command("shakespeare", "--minutes", 1e-9, "--out", folder) == 0
    assert "the time is up" in capsys.readouterr().out
    assert folders.load_shakespeare(folder).config["steps"] == 1


def with_sizes(**sizes):
    """A recipe's __init__ with other numbers where none are given."""

    def __init__(self, **given):
        super(type(self), self).__init__(**sizes | given)

    return __init__
