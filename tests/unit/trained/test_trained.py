"""The models that come with the course: what they weigh, that they load, that their scores hold."""

import json
from dataclasses import asdict

import pytest
from safetensors.torch import load_file

from course_utils import datasets
from course_utils.text import BPETokenizer, CharTokenizer
from course_utils.trained import folders
from course_utils.trained.folders import SHIPPED, load_shakespeare, load_translator
from course_utils.trained.recipes import ShakespeareRecipe, TranslatorRecipe, shakespeare_split
from course_utils.training.history import History

MODELS = {
    "translator": (load_translator, TranslatorRecipe()),
    "shakespeare": (load_shakespeare, ShakespeareRecipe()),
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
    assert 5e6 < sum(sizes.values()) < 12e6
    shakespeare = sum(size for path, size in sizes.items() if path.parent.name == "shakespeare")
    assert shakespeare < 3e6


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


def test_a_folder_without_a_model_says_how_to_make_one(tmp_path):
    with pytest.raises(FileNotFoundError, match="Train one with: .* train translator"):
        load_translator(tmp_path)
    (tmp_path / "config.json").write_text(json.dumps({"name": "shakespeare"}))
    with pytest.raises(ValueError, match="lies a shakespeare, not a translator"):
        load_translator(tmp_path)
