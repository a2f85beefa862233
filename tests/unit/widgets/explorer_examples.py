"""One of each explorer that the package offers, or more, as a lesson would make it.

Whoever adds an explorer adds one here, under its class's name: the tests without a browser and the
one on a plain page take them from this table.
"""

import numpy as np
import torch

from course_utils import widgets
from course_utils.mixers import PersistentAttention
from course_utils.models import LanguageModel
from course_utils.text import BPETokenizer, CharTokenizer
from course_utils.trained.recipes import ShakespeareRecipe

TOKENS = ["[CLS]", "tom", "drinks", "[SEP]"]
ENGLISH = ["I", "have", "to", "drink", "coffee", "."]
GERMAN = ["Ich", "muss", "Kaffee", "trinken", "."]


def attention(n_layers=2, n_heads=3, n=4, n_key=None) -> np.ndarray:
    scores = np.random.default_rng(0).normal(size=(n_layers, n_heads, n, n_key or n)) * 2
    shares = np.exp(scores)
    return shares / shares.sum(-1, keepdims=True)


def chord() -> np.ndarray:
    turns = np.arange(64) / 64 * 2 * np.pi
    return np.sin(4 * turns) + np.sin(5 * turns) + np.cos(6 * turns)


PLAY = CharTokenizer("To drink, or not.")


def remembering() -> LanguageModel:
    """Three layers of two heads with five vectors each, untrained."""
    torch.manual_seed(0)
    return LanguageModel(
        PLAY.vocab_size,
        lambda layer: PersistentAttention(16, 2, 5, causal=True),
        d_model=16, n_layers=3, d_ff=None, max_n=64,
    )  # fmt: skip


def speaking(**options) -> LanguageModel:
    """Like the shipped Shakespeare model, smaller and untrained."""
    sizes = {"block": 64, "d_model": 16, "n_heads": 2, "n_layers": 3, "d_ff": 24, **options}
    return ShakespeareRecipe(**sizes).model(PLAY.vocab_size)


EXAMPLES = {
    "AttentionExplorer": lambda: widgets.AttentionExplorer(TOKENS, attention(), layer=1, head=2),
    "AttentionExplorer, two sentences": lambda: widgets.AttentionExplorer(
        GERMAN, attention(n=5, n_key=6), ENGLISH, layer=1, looker="trinken"
    ),
    "BPEExplorer": lambda: widgets.BPEExplorer(
        BPETokenizer.train("Tom drinks cold coffee. Tom drinks cold cocoa.", 10),
        "Tom drinks cold coffee ☕ for $5 and 咖啡",
    ),
    "BakeoffExplorer": lambda: widgets.BakeoffExplorer(
        [
            {"name": "attention", "config": "rotary", "speed": 1, "bits": (2.1, 0.02)},
            {"name": "window", "speed": 1.1, "bits": (2.2, 0.02)},
            {"name": "hybrid", "speed": 1.5, "bits": 2.6},
            {"name": "persistent memory", "speed": 0.9, "bits": (2.4, 0.1)},
            {"name": "none", "speed": 3.2, "bits": (3.4, 0.01)},
            {"name": "Fourier", "speed": 2.4},
        ],
        x="speed",
        y="bits",
        better={"speed": "high", "bits": "low"},
    ),
    "BeamExplorer": lambda: widgets.BeamExplorer.by_hand(
        {"": {"nimmt": 0.6, "trinkt": 0.4}, "nimmt": {"Tee": 0.5, "Bier": 0.5}}, width=2
    ),
    "MemoryExplorer": lambda: widgets.MemoryExplorer(remembering(), PLAY, "To do", head=1),
    "MachineExplorer": lambda: widgets.MachineExplorer(speaking(), PLAY, "To drink"),
    "MachineExplorer, one block": lambda: widgets.MachineExplorer(
        speaking(), PLAY, "To drink, or not", block=1, step=3
    ),
    "MixingMap": lambda: widgets.MixingMap(
        TOKENS, {"attention": attention(1, 1)[0, 0], "Fourier": np.ones((4, 4))}
    ),
    "PatternLab": lambda: widgets.PatternLab("strided", n=24, layers=1),
    "PatternLab, own pattern": lambda: widgets.PatternLab(n=3, own=[[[0], [0, 1], [0, 2]]]),
    "PositionExplorer": lambda: widgets.PositionExplorer(n=32, d_model=64),
    "ProofStepper": widgets.ProofStepper,
    "ProofStepper, all inputs": lambda: widgets.ProofStepper(choice="ring", step=13),
    "SamplingExplorer": lambda: widgets.SamplingExplorer(
        list("Tom\n"), attention(1, 1, 26)[0, 0, :4], list("abcdefghijklmnopqrstuvwx \n")
    ),
    "SamplingExplorer, in the page": lambda: widgets.SamplingExplorer.from_model(
        speaking(), PLAY, "To drink"
    ),
    "SoftmaxExplorer": widgets.SoftmaxExplorer,
    "SpectrumExplorer": lambda: widgets.SpectrumExplorer(
        {"four words": [37, 20, 5, 60], "a chord": chord()},
        every={"a chord": (1 / 64, "seconds")},
        chosen="a chord",
        wave=5,
    ),
    "SoftmaxExplorer, own scores": lambda: widgets.SoftmaxExplorer(scores=[3, 1, -2, 0]),
}
CHOICES = {
    "Nothing": "A score of 0 is not a weight of 0.",
    "It listens to the <pads>": "e to the 0 is 1.",
}


def a_bet(bet_id="03.pads", choices=CHOICES, answer="It listens to the <pads>"):
    return widgets.bet(bet_id, "What happens & why?", choices, answer)
