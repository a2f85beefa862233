"""Trained models in folders: writing them, loading them, measuring them.

A folder holds `model.safetensors` (half precision), `tokenizer.json`, `config.json` (the recipe,
versions, hardware, seconds), `history.json` (the loss curve) and `score.json`. Two come with the
course, in `course_utils/trained/checkpoints`.
"""

import json
import platform
from collections.abc import Callable
from dataclasses import asdict, dataclass
from numbers import Real
from pathlib import Path
from typing import Any

import torch
from torch import nn

import course_utils
from course_utils import datasets
from course_utils.atomic import write_atomically
from course_utils.metrics import bits_per_character, bleu, chrf
from course_utils.models import LanguageModel, Seq2SeqTransformer
from course_utils.paths import ROOT
from course_utils.text import BPETokenizer, CharTokenizer
from course_utils.trained.recipes import RECIPES, Recipe, shakespeare_split
from course_utils.training.batches import pieces_in_order
from course_utils.training.history import History
from course_utils.training.losses import language_loss

SHIPPED = ROOT / "course_utils" / "trained" / "checkpoints"
WEIGHTS, TOKENIZER, CONFIG, HISTORY, SCORE = (
    "model.safetensors", "tokenizer.json", "config.json", "history.json", "score.json",
)  # fmt: skip
A_FEW = 100  # sentences, or pieces of text: a part of the test data that takes seconds


@dataclass(frozen=True)
class Trained:
    """A model in evaluation mode with the tokenizer that belongs to it and how it was trained."""

    model: nn.Module
    tokenizer: BPETokenizer | CharTokenizer
    config: dict[str, Any]
    folder: Path

    @property
    def history(self) -> History:
        """The loss curve of its training."""
        return History.load(self.folder / HISTORY)

    @property
    def score(self) -> dict[str, Any]:
        """What it reached on the test data, as it was measured after training."""
        return json.loads((self.folder / SCORE).read_text(encoding="utf-8"))


@dataclass(frozen=True)
class Translator(Trained):
    """English in, German out."""

    model: Seq2SeqTransformer
    tokenizer: BPETokenizer

    def translate(self, texts: list[str], *, width: int = 4) -> list[str]:
        """The translations, by beam search of that width; 1 is greedy."""
        from course_utils.decoding import translate

        return translate(self.model, self.tokenizer, texts, width=width)


@dataclass(frozen=True)
class Shakespeare(Trained):
    """Writes on, one character after the other."""

    model: LanguageModel
    tokenizer: CharTokenizer


def load_translator(folder: str | Path = SHIPPED / "translator") -> Translator:
    """The translator that comes with the course, or one of your own from its folder."""
    return Translator(*_load(Path(folder), "translator"))


def load_shakespeare(folder: str | Path = SHIPPED / "shakespeare") -> Shakespeare:
    """The Shakespeare model that comes with the course, or one of your own from its folder."""
    return Shakespeare(*_load(Path(folder), "shakespeare"))


# Folders


def save(folder: Path, recipe: Recipe, model: nn.Module, tokenizer: Any, history: History) -> None:
    """Write everything but the score."""
    from safetensors.torch import save

    weights = {name: tensor.half().contiguous() for name, tensor in model.state_dict().items()}
    write_atomically(folder / WEIGHTS, save(weights))
    save_tokenizer(folder / TOKENIZER, tokenizer)
    steps, losses = history.averaged(25)  # a smooth curve in a tenth of the bytes
    thin = History(**{**asdict(history), "steps": steps, "losses": [round(x, 4) for x in losses],
                      "valid_losses": [round(x, 4) for x in history.valid_losses]})  # fmt: skip
    thin.save(folder / HISTORY)
    _write_json(folder / CONFIG, {
        "name": recipe.name,
        "recipe": asdict(recipe),
        "parameters": sum(weights.numel() for weights in model.parameters()),
        "steps": len(history.steps),
        "tokens": history.tokens,
        "seconds": round(history.seconds),
        "processor_seconds": round(history.processor_seconds),
        "hardware": hardware(model),
        "versions": {"python": platform.python_version(), "torch": torch.__version__,
                     "course": course_utils.__version__},
    })  # fmt: skip


def _load(folder: Path, name: str) -> tuple[nn.Module, Any, dict[str, Any], Path]:
    from safetensors.torch import load_file

    if not (folder / CONFIG).is_file():
        raise FileNotFoundError(
            f"there is no trained model in {folder}. "
            f"Train one with: python -m course_utils train {name}"
        )
    config = json.loads((folder / CONFIG).read_text(encoding="utf-8"))
    if config["name"] != name:
        raise ValueError(f"in {folder} lies a {config['name']}, not a {name}.")
    tokenizer = load_tokenizer(folder / TOKENIZER)
    model = RECIPES[name](**config["recipe"]).model(tokenizer.vocab_size)
    weights = load_file(folder / WEIGHTS)
    model.load_state_dict({name: tensor.float() for name, tensor in weights.items()})
    return model.eval().requires_grad_(False), tokenizer, config, folder


def save_tokenizer(path: Path, tokenizer: BPETokenizer | CharTokenizer) -> None:
    if isinstance(tokenizer, BPETokenizer):
        tokenizer.save(path)
    else:
        _write_json(path, {"kind": "characters", "characters": "".join(tokenizer.characters)})


def load_tokenizer(path: Path) -> BPETokenizer | CharTokenizer:
    stored = json.loads(path.read_text(encoding="utf-8"))
    if stored.get("kind") == "characters":
        return CharTokenizer(stored["characters"])
    return BPETokenizer.load(path)


def hardware(model: nn.Module) -> str:
    """Where the model was trained: "x86_64 CPU, threads: 2", or the name of its GPU."""
    device = next(model.parameters()).device
    if device.type == "cuda":
        return torch.cuda.get_device_name(device)
    return f"{platform.machine()} {device.type.upper()}, threads: {torch.get_num_threads()}"


def _write_json(path: Path, value: dict[str, Any]) -> None:
    text = json.dumps(value, indent=2, ensure_ascii=False) + "\n"
    write_atomically(path, text.encode("utf-8"))


# Scores


def score(trained: Trained, *, few: bool = False) -> dict[str, Real]:
    """Measure a trained model on its test data, or on the first `A_FEW` of it."""
    measure: Callable = score_translator if isinstance(trained, Translator) else score_shakespeare
    return measure(trained, few=few)


def score_translator(trained: Translator, *, few: bool) -> dict[str, Real]:
    """BLEU and chrF on the test sentences against all their references, greedy and with beams."""
    pairs = datasets.english_german("test")[: A_FEW if few else None]
    references = datasets.german_references("test")
    right = [references[pair.english] for pair in pairs]
    found: dict[str, Real] = {"sentences": len(pairs)}
    for name, width in (("greedy", 1), ("beam 4", 4)):
        german = trained.translate([pair.english for pair in pairs], width=width)
        found[f"BLEU, {name}"] = round(bleu(german, right), 2)
        found[f"chrF, {name}"] = round(chrf(german, right), 2)
    return found


@torch.inference_mode()
def score_shakespeare(trained: Shakespeare, *, few: bool) -> dict[str, Real]:
    """Loss and bits per character on the last tenth of the plays, piece by piece."""
    n = trained.config["recipe"]["block"]
    ids = trained.tokenizer.encode(shakespeare_split()[1])
    batches = pieces_in_order(ids[: A_FEW * n + 1 if few else None], n=n, batch_size=50)
    parts = [language_loss(trained.model, batch) for batch in batches]
    characters = sum(part.n_tokens for part in parts)
    nats = sum(part.total.item() for part in parts) / characters
    return {
        "characters": characters,
        "nats per character": round(nats, 4),
        "bits per character": round(bits_per_character(nats), 4),
    }


def save_score(trained: Trained) -> dict[str, Any]:
    """Measure, write the score beside the model, and return it."""
    found = {"all": score(trained), "few": score(trained, few=True)}
    _write_json(trained.folder / SCORE, found)
    return found
