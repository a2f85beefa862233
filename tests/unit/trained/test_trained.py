"""The models that come with the course: what they weigh, that they load, that their scores hold."""

import json
import re
import shutil
from dataclasses import asdict
from pathlib import Path

import pytest
from safetensors.torch import load_file

from course_utils import datasets
from course_utils.text import BPETokenizer, CharTokenizer
from course_utils.trained import folders
from course_utils.trained.folders import SHIPPED, load_memory, load_shakespeare, load_translator
from course_utils.trained.recipes import (
    MemoryRecipe,
    ShakespeareRecipe,
    TranslatorRecipe,
    shakespeare_split,
)
from course_utils.training.history import History

MODELS = {
    "translator": (load_translator, TranslatorRecipe()),
    "shakespeare": (load_shakespeare, ShakespeareRecipe()),
    "memory": (load_memory, MemoryRecipe()),
}


@pytest.fixture(params=list(MODELS))
def shipped(request):
    load, recipe = MODELS[request.param]
    return load(), recipe


def test_a_folder_holds_five_files_and_the_recipe_that_the_command_follows(shipped):
    model, recipe = shipped
    files = {"model.safetensors", "tokenizer.json", "config.json", "history.json", "score.json"}
    assert {path.name for path in model.folder.iterdir()} == files
    assert model.config["recipe"] == asdict(recipe)
    assert model.config["steps"] == recipe.steps
    assert model.config["seconds"] > 60 and model.config["hardware"]
    assert set(model.config["versions"]) == {"python", "torch", "course"}
    weights = load_file(model.folder / "model.safetensors")
    assert {str(tensor.dtype) for tensor in weights.values()} == {"torch.float16"}
    assert sum(tensor.numel() for tensor in weights.values()) == model.config["parameters"]


def test_together_they_are_small():
    sizes = {path: path.stat().st_size for path in SHIPPED.glob("**/*") if path.is_file()}
    assert 5e6 < sum(sizes.values()) < 14e6
    shakespeare = sum(size for path, size in sizes.items() if path.parent.name == "shakespeare")
    assert shakespeare < 3e6


# Damage


@pytest.fixture
def copied(tmp_path, monkeypatch):
    """The shipped models in a place where they may be damaged."""
    shutil.copytree(SHIPPED, tmp_path / "checkpoints")
    monkeypatch.setattr(folders, "SHIPPED", tmp_path / "checkpoints")
    return tmp_path / "checkpoints"


def remove(path: Path) -> None:
    path.unlink()


def truncate(path: Path) -> None:
    path.write_bytes(path.read_bytes()[:-1])


def empty(path: Path) -> None:
    path.write_bytes(b"")


def flip(path: Path) -> None:
    """One bit of the byte in the middle: of the weights, one number is another one."""
    content = bytearray(path.read_bytes())
    content[len(content) // 2] ^= 1
    path.write_bytes(content)


def test_every_shipped_file_has_a_checksum_and_is_right():
    """If a model was trained anew on purpose: folders.write_checksums()."""
    assert folders.verify() == len([*SHIPPED.glob("*/*")]) == 15
    assert folders.verify("translator") == folders.verify("shakespeare") == 5


@pytest.mark.parametrize("damage", [remove, truncate, empty, flip])
@pytest.mark.parametrize("file", ["translator/model.safetensors", "shakespeare/history.json"])
def test_a_damaged_file_is_found_before_it_is_used(copied, damage, file):
    damage(copied / file)
    name, mend = re.escape(file), "git checkout -- course_utils/trained/checkpoints/"
    with pytest.raises(
        (FileNotFoundError, ValueError), match=f"shipped file {name} .*{mend}{name}"
    ):
        folders.verify()
    model = file.partition("/")[0]
    load, _ = MODELS[model]
    with pytest.raises((FileNotFoundError, ValueError), match=f"shipped file {name}"):
        load()
    for other in set(MODELS) - {model}:
        assert folders.verify(other) == 5


def test_who_trains_a_model_anew_writes_its_checksums(copied):
    flip(copied / "shakespeare" / "score.json")
    folders.write_checksums()
    assert folders.verify() == 15
    (copied / "shakespeare" / "score.json").write_bytes(
        (SHIPPED / "shakespeare" / "score.json").read_bytes()
    )
    folders.write_checksums()
    assert (copied / "checksums.json").read_bytes() == (SHIPPED / "checksums.json").read_bytes()


@pytest.mark.parametrize("damage", [remove, truncate, empty])
@pytest.mark.parametrize("file", ["model.safetensors", "tokenizer.json", "config.json"])
def test_a_damaged_folder_of_ones_own_says_so(tmp_path, damage, file):
    folder = tmp_path / "mine"
    shutil.copytree(SHIPPED / "shakespeare", folder)
    path = folder / file
    if damage is truncate and path.suffix == ".json":  # its last byte is a new line
        truncate(path)
    damage(path)
    with pytest.raises((FileNotFoundError, ValueError), match="mine.* train shakespeare|config"):
        load_shakespeare(folder)


@pytest.mark.parametrize("content", ["[]", "3", "null", "{", '{"name": 3}', "\xff"])
def test_a_config_that_is_none_is_named(tmp_path, content):
    (tmp_path / "config.json").write_text(content, encoding="latin-1")
    with pytest.raises(ValueError, match="config.json is damaged|lies a 3, not a translator"):
        load_translator(tmp_path)


def test_a_config_without_a_recipe_is_no_model(tmp_path):
    (tmp_path / "config.json").write_text(json.dumps({"name": "translator"}))
    with pytest.raises(ValueError, match=r"cannot be loaded \(KeyError: 'recipe'\).* train trans"):
        load_translator(tmp_path)


def test_a_curve_that_goes_down(shipped):
    model, recipe = shipped
    history = model.history
    assert isinstance(history, History) and history.stopped == "steps"
    assert history.steps[-1] == history.valid_steps[-1] == recipe.steps
    assert history.losses[0] > 2 * history.losses[-1]
    assert history.valid_losses[0] > 1.2 * history.valid_losses[-1]


def test_the_stored_score_is_found_again(shipped):
    """On the first hundred sentences or pieces: the whole test data takes minutes."""
    model, _ = shipped
    stored = model.score["few"]
    assert len(stored) >= 3
    # Equal here; another processor rounds differently and may choose another word now and then.
    assert folders.score(model, few=True) == pytest.approx(stored, abs=0.5, rel=1e-3)


def test_the_translator_reaches_what_it_is_said_to():
    score = load_translator().score["all"]
    assert score["sentences"] == 1000
    assert score["BLEU, beam 4"] >= 40 and score["BLEU, beam 4"] > score["BLEU, greedy"] - 1


def test_the_shakespeare_model_reaches_what_it_is_said_to():
    score = load_shakespeare().score["all"]
    assert len(shakespeare_split()[1]) - 129 <= score["characters"] < len(shakespeare_split()[1])
    assert score["nats per character"] < 1.88  # nanoGPT's recipe for a CPU
    assert score["bits per character"] == pytest.approx(1.4427 * score["nats per character"], 1e-3)


def test_it_speaks_german():
    translator = load_translator()
    assert isinstance(translator.tokenizer, BPETokenizer)
    assert translator.translate(["Where is the train station?", "I am tired."]) == [
        "Wo ist der Bahnhof?",
        "Ich bin müde.",
    ]
    assert not translator.model.training
    assert not any(weights.requires_grad for weights in translator.model.parameters())


def test_tokenizers_survive_the_disk(tmp_path):
    characters = CharTokenizer(datasets.tiny_shakespeare())
    pieces = BPETokenizer([(b"a", b"b")], special=["<pad>", "<s>", "</s>"])
    for tokenizer in (characters, pieces):
        folders.save_tokenizer(tmp_path / "tokenizer.json", tokenizer)
        read = folders.load_tokenizer(tmp_path / "tokenizer.json")
        assert type(read) is type(tokenizer) and read.vocab_size == tokenizer.vocab_size
        assert read.encode("cab") == tokenizer.encode("cab")


def test_a_character_that_is_half_of_a_pair_survives_the_disk_too(tmp_path):
    folders.save_tokenizer(tmp_path / "tokenizer.json", CharTokenizer("aé\ud83d"))
    read = folders.load_tokenizer(tmp_path / "tokenizer.json")
    assert read.characters == ["a", "é", "\ud83d"]


def test_a_model_in_the_users_own_folder(tmp_path, monkeypatch):
    monkeypatch.setenv("HOME", str(tmp_path))
    monkeypatch.setenv("USERPROFILE", str(tmp_path))
    shutil.copytree(SHIPPED / "shakespeare", tmp_path / "mine")
    assert load_shakespeare("~/mine").folder == tmp_path / "mine"


def test_a_folder_without_a_model_says_how_to_make_one(tmp_path):
    with pytest.raises(FileNotFoundError, match="Train one with: .* train translator"):
        load_translator(tmp_path)
    (tmp_path / "config.json").write_text(json.dumps({"name": "shakespeare"}))
    with pytest.raises(ValueError, match="lies a shakespeare, not a translator"):
        load_translator(tmp_path)
