"""Trained models in folders: writing them, loading them, measuring them.

A folder holds `model.safetensors` (half precision), `tokenizer.json`, `config.json` (the recipe,
versions, hardware, seconds), `history.json` (the loss curve) and `score.json`. Three come with the
course, in `course_utils/trained/checkpoints`, with the SHA-256 of their files in `checksums.json`.
"""

import hashlib
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
from course_utils.datasets.files import how_to_mend, read_checked
from course_utils.decoding import translate
from course_utils.metrics import bits_per_character, bleu, chrf
from course_utils.models import LanguageModel, Seq2SeqTransformer
from course_utils.paths import ROOT, expanded
from course_utils.text import BPETokenizer, CharTokenizer
from course_utils.trained.recipes import RECIPES, Recipe, shakespeare_split
from course_utils.training.batches import pieces_in_order
from course_utils.training.history import History
from course_utils.training.losses import language_loss

SHIPPED = ROOT / "course_utils" / "trained" / "checkpoints"
WEIGHTS, TOKENIZER, CONFIG, HISTORY, SCORE = (
    "model.safetensors", "tokenizer.json", "config.json", "history.json", "score.json",
)  # fmt: skip
CHECKSUMS = "checksums.json"  # {"translator/config.json": SHA-256, …}
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
        return read_json(self.folder / SCORE)


@dataclass(frozen=True)
class Translator(Trained):
    """English in, German out."""

    model: Seq2SeqTransformer
    tokenizer: BPETokenizer

    def translate(self, texts: list[str], *, width: int = 4) -> list[str]:
        """The translations, by beam search of that width; 1 is greedy."""
        return translate(self.model, self.tokenizer, texts, width=width)


@dataclass(frozen=True)
class Shakespeare(Trained):
    """Writes on, one character after the other."""

    model: LanguageModel
    tokenizer: CharTokenizer


def load_translator(folder: str | Path | None = None) -> Translator:
    """The translator that comes with the course, or one of your own from its folder.

    FileNotFoundError or ValueError, with the mend, if a file is missing or damaged.
    """
    return Translator(*_load(folder, "translator"))


def load_shakespeare(folder: str | Path | None = None) -> Shakespeare:
    """The Shakespeare model that comes with the course, or one of your own from its folder.

    FileNotFoundError or ValueError, with the mend, if a file is missing or damaged.
    """
    return Shakespeare(*_load(folder, "shakespeare"))


def load_memory(folder: str | Path | None = None) -> Shakespeare:
    """The Shakespeare model without feed-forward layers, or one of your own from its folder.

    FileNotFoundError or ValueError, with the mend, if a file is missing or damaged.
    """
    return Shakespeare(*_load(folder, "memory"))


# The models that come with the course


def verify(model: str | None = None) -> int:
    """Check each file of one shipped model, or of all; returns how many there are.

    At the first that is wrong it raises files.Missing, a FileNotFoundError, or files.Damaged, a
    ValueError.
    """
    listed = read_json(SHIPPED / CHECKSUMS)
    names = [name for name in listed if model is None or name.startswith(f"{model}/")]
    for name in names:
        mend = how_to_mend(f"trained/checkpoints/{name}")
        read_checked(SHIPPED / name, listed[name], name=f"shipped file {name}", mend=mend)
    return len(names)


def write_checksums() -> None:
    """For authors who have trained a shipped model anew: what `verify` then expects."""
    files = sorted(path for path in SHIPPED.glob("*/*") if path.is_file())
    _write_json(SHIPPED / CHECKSUMS, {
        path.relative_to(SHIPPED).as_posix(): hashlib.sha256(path.read_bytes()).hexdigest()
        for path in files
    })  # fmt: skip


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


def _load(folder: str | Path | None, name: str) -> tuple[nn.Module, Any, dict[str, Any], Path]:
    if folder is None:
        verify(name)
    folder = SHIPPED / name if folder is None else expanded(folder)
    if not (folder / CONFIG).is_file():
        raise FileNotFoundError(
            f"there is no trained model in {folder}. "
            f"Train one with: python -m course_utils train {name}"
        )
    config = read_json(folder / CONFIG)
    if config.get("name") != name:
        raise ValueError(f"in {folder} lies a {config.get('name')}, not a {name}.")
    try:
        model, tokenizer = _model_in(folder, config)
    except Exception as error:
        reason = str(error).partition("\n")[0]
        raise ValueError(
            f"the model in {folder} cannot be loaded ({type(error).__name__}: {reason}). "
            f"Delete the folder, and train it again with: python -m course_utils train {name}"
        ) from error
    return model.eval().requires_grad_(False), tokenizer, config, folder


def _model_in(folder: Path, config: dict[str, Any]) -> tuple[nn.Module, Any]:
    from safetensors.torch import load_file

    recipe = RECIPES[config["name"]](**config["recipe"])
    tokenizer = load_tokenizer(folder / TOKENIZER)
    model = recipe.model(tokenizer.vocab_size)
    weights = load_file(folder / WEIGHTS)
    model.load_state_dict({name: tensor.float() for name, tensor in weights.items()})
    return model, tokenizer


def save_tokenizer(path: Path, tokenizer: BPETokenizer | CharTokenizer) -> None:
    if isinstance(tokenizer, BPETokenizer):
        tokenizer.save(path)
    else:
        _write_json(path, {"kind": "characters", "characters": "".join(tokenizer.characters)})


def load_tokenizer(path: Path) -> BPETokenizer | CharTokenizer:
    stored = read_json(path)
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
    """JSON that people can read. Half of a surrogate pair, which UTF-8 cannot write, is escaped."""
    text = json.dumps(value, indent=2, ensure_ascii=False) + "\n"
    write_atomically(path, text.encode("utf-8", errors="backslashreplace"))


def read_json(path: Path) -> dict[str, Any]:
    """What `_write_json` wrote. ValueError that names the file if it holds something else."""
    try:
        value = json.loads(path.read_text(encoding="utf-8"))
    except ValueError as error:
        raise ValueError(f"{path} is damaged: {error}.") from error
    if not isinstance(value, dict):
        raise ValueError(f"{path} is damaged: it holds no names with values.")
    return value


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
