"""After guessing hidden words, three questions about whole texts: what BERT and FNet are judged by.

What is wanted (CLINC150, 150 intents)? Is it praise (film reviews)? Do two sentences of the same
words mean the same (PAWS)? Each begins anew from the pretrained model, and is answered from the
first token. Texts are filled up to the same length, as FNet's are, so that waves stay what they
were. Source: Lee-Thorp et al. 2021, FNet, section 4.1 (which has GLUE here).
"""

import copy
import statistics
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any, NamedTuple

import numpy as np
import torch
from jaxtyping import Bool, Int
from torch import Tensor, nn

from course_utils import datasets
from course_utils.experiments.tasks import masked_words, training
from course_utils.experiments.tasks.masked_words import BREAK, FIRST, PAD
from course_utils.experiments.trials import Recipe, Trial
from course_utils.models import Classifier
from course_utils.text import BPETokenizer
from course_utils.training import parallel
from course_utils.training.losses import Loss, cross_entropy

METRIC, BEST = "mean accuracy", "high"
SETS = ("intents", "polarity", "paraphrases")
ALSO = (masked_words.METRIC, *SETS)  # what a result says besides


@dataclass(frozen=True)
class Settings:
    """How each set is learned, from a model that was pretrained by `pretraining`."""

    pretraining: masked_words.Settings = masked_words.Settings()
    batch_size: int = 64
    steps: int = 1_000
    rate: Recipe = Recipe(peak=1e-3, warmup=1 / 10)
    dropout: float = 0.1
    tested_on: int = 2_000
    recipe: Recipe = Recipe(peak=1e-3, warmup=1 / 10)  # of the pretraining

    @property
    def d_model(self) -> int:
        return self.pretraining.d_model

    @property
    def n_heads(self) -> int:
        return self.pretraining.n_heads

    @property
    def n_layers(self) -> int:
        return self.pretraining.n_layers


SIZES = {
    "quick": Settings(masked_words.SIZES["quick"], batch_size=8, steps=4, tested_on=40),
    "laptop": Settings(),
    "paper": Settings(masked_words.SIZES["paper"], steps=3_000, rate=Recipe(1e-5, warmup=1 / 10)),
}


class Question(NamedTuple):
    """One example: a text, or two with a break between them, and which class it is of."""

    texts: tuple[str, ...]
    label: int


class QuestionBatch(NamedTuple):
    ids: Int[Tensor, "batch n"]
    mask: Bool[Tensor, "batch n"]
    labels: Int[Tensor, "batch"]


def questions(name: str, split: str) -> list[Question]:
    """A set of `SETS`. The order is by dice, the same each time."""
    if name == "intents":
        kinds = sorted({request.intent for request in datasets.clinc150("train")} - {"oos"})
        number = {intent: i for i, intent in enumerate(kinds)}
        found = [
            Question((request.text,), number[request.intent])
            for request in datasets.clinc150(split)
            if request.intent != "oos"
        ]
    elif name == "polarity":
        found = [Question((text,), label) for label, text in datasets.sentence_polarity(split)]
    else:
        found = [Question(tuple(texts), label) for label, *texts in datasets.paws(split)]
    return [found[i] for i in np.random.default_rng(0).permutation(len(found))]


class Questions:
    """Questions by dice, in texts of `n` tokens with padding: batches without end."""

    def __init__(
        self, asked: Sequence[Question], tokenizer: BPETokenizer, *, n: int, size: int, seed: int
    ):
        self.size, self.seed = size, seed
        rows = [numbered(question, tokenizer, n) for question in asked]
        self.ids = torch.full((len(rows), n), tokenizer.special_id(PAD))
        for row, ids in enumerate(rows):
            self.ids[row, : len(ids)] = torch.tensor(ids)
        self.mask = torch.arange(n) < torch.tensor([len(ids) for ids in rows])[:, None]
        self.labels = torch.tensor([question.label for question in asked])

    def __getitem__(self, step: int) -> QuestionBatch:
        chance = np.random.default_rng([self.seed, step])
        return self.rows(torch.as_tensor(chance.integers(len(self.ids), size=self.size)))

    def rows(self, rows: Tensor | slice) -> QuestionBatch:
        return QuestionBatch(self.ids[rows], self.mask[rows], self.labels[rows])

    def in_order(self) -> list[QuestionBatch]:
        return [
            self.rows(slice(start, start + self.size))
            for start in range(0, len(self.ids), self.size)
        ]


def numbered(question: Question, tokenizer: BPETokenizer, n: int) -> list[int]:
    """`FIRST`, then the texts with `BREAK` between them; of two, each gets half of the room."""
    room = (n - len(question.texts)) // len(question.texts)
    ids = [tokenizer.special_id(FIRST)]
    for i, text in enumerate(question.texts):
        ids += [tokenizer.special_id(BREAK)] if i else []
        ids += tokenizer.encode(text)[:room]
    return ids


def label_loss(model: nn.Module, batch: QuestionBatch) -> Loss:
    return cross_entropy(model(batch.ids, batch.mask), batch.labels)


def share_wrong(model: nn.Module, batches: Sequence[QuestionBatch]) -> float:
    wrong = total = 0
    for batch in batches:
        ids, mask, labels = (part.to(parallel.device()) for part in batch)
        wrong += (model(ids, mask).argmax(dim=-1) != labels).sum().item()
        total += len(labels)
    return wrong / total


def accuracy(
    model: masked_words.MaskedLanguageModel, name: str, settings: Settings, seed: int
) -> float:
    """Of a copy of the pretrained model's encoder, after it has learned that set."""
    before = settings.pretraining
    tokenizer = masked_words.tokenizer(before.n_merges)
    learned, unseen = (
        Questions(asked, tokenizer, n=before.n, size=settings.batch_size, seed=seed)
        for asked in (questions(name, "train"), questions(name, "test")[: settings.tested_on])
    )
    n_classes = int(learned.labels.max()) + 1

    def new() -> Classifier:
        return Classifier(copy.deepcopy(model.encoder), n_classes, dropout=settings.dropout)

    history = training.train(
        training.seeded(new, seed),
        learned,
        label_loss,
        recipe=settings.rate,
        steps=settings.steps,
        seed=seed,
        valid=lambda model: share_wrong(model, unseen.in_order()),
        every=settings.steps,
    )
    return round(1 - history.valid_losses[-1], 4)


def measure(trial: Trial, settings: Settings) -> dict[str, Any]:
    """Pretrain, then learn each set: its accuracies on unseen questions, and their mean."""
    model, history = masked_words.train(trial, settings.pretraining)
    result = masked_words.result_of(trial, settings.pretraining, model, history)
    found = {name: accuracy(model, name, settings, trial.seed) for name in SETS}
    return result | found | {METRIC: round(statistics.fmean(found.values()), 4)}
