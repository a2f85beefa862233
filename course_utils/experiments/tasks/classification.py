"""What does somebody want? Requests to an assistant (CLINC150), answered from the first token.

The paper fine-tunes BERT on MNLI and XNLI; a small model that starts from nothing stays near
chance there. Requests can be learned in a minute. The answer is read off one token that means
nothing by itself, as in BERT, so that everything has to get there through the mixers.
Source: Yun et al. 2020, experiments on GLUE.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any, NamedTuple

import numpy as np
import torch
from jaxtyping import Bool, Float, Int
from torch import Tensor, nn

from course_utils import datasets
from course_utils.experiments.tasks import training
from course_utils.experiments.trials import Recipe, Trial
from course_utils.models import Embedding, Encoder, TextEncoder
from course_utils.text import pad
from course_utils.training import parallel
from course_utils.training.losses import Loss, cross_entropy

METRIC, BEST = "accuracy", "high"
PAD, FIRST, UNKNOWN = 0, 1, 2  # token ids; words come after them


@dataclass(frozen=True)
class Settings:
    """What is trained. `typical_n`: the number of tokens that sparsity is told for."""

    n_requests: int = 15_000
    max_n: int = 32
    d_model: int = 64
    n_heads: int = 4
    n_layers: int = 2
    batch_size: int = 64
    steps: int = 1_000
    recipe: Recipe = Recipe(peak=2e-3, warmup=1 / 10)
    tested_on: int = 2_000
    typical_n: int = 9


SIZES = {
    "quick": Settings(n_requests=200, d_model=16, n_heads=2, batch_size=16, steps=4, tested_on=40),
    "laptop": Settings(),
    # Blocks, heads and width are BERT-Base's, as recalled from the paper; nothing is pretrained.
    "paper": Settings(d_model=768, n_heads=12, n_layers=12, batch_size=32, steps=5_000,
                      recipe=Recipe(peak=5e-5, warmup=1 / 10)),
}  # fmt: skip


class RequestBatch(NamedTuple):
    """Requests as word ids, [batch, n], with `FIRST` in front; `mask` is False at padding."""

    ids: Int[Tensor, "batch n"]
    mask: Bool[Tensor, "batch n"]
    intents: Int[Tensor, "batch"]


class Requests:
    """Requests of similar length together, without end. `len()` is the batches of an epoch."""

    def __init__(
        self,
        ids: Sequence[Sequence[int]],
        intents: Sequence[int],
        *,
        batch_size: int,
        seed: int,
    ):
        self.ids, self.intents, self.seed = ids, intents, seed
        in_order = np.argsort([len(request) for request in ids], kind="stable")
        self.groups = [
            in_order[i : i + batch_size].tolist() for i in range(0, len(ids), batch_size)
        ]

    def __len__(self) -> int:
        return len(self.groups)

    def __getitem__(self, step: int) -> RequestBatch:
        epoch, number = divmod(step, len(self))
        order = np.random.default_rng([self.seed, epoch]).permutation(len(self))
        rows = self.groups[order[number]]
        ids, mask = pad([self.ids[row] for row in rows], PAD)
        return RequestBatch(ids, mask, torch.tensor([self.intents[row] for row in rows]))


class Reader(nn.Module):
    """From a request to logits of its intent, [batch, n_intents], read off its first token."""

    def __init__(self, encoder: TextEncoder, d_model: int, n_intents: int):
        super().__init__()
        self.encoder = encoder
        self.output = nn.Linear(d_model, n_intents)

    def forward(
        self, ids: Int[Tensor, "batch n"], mask: Bool[Tensor, "batch n"]
    ) -> Float[Tensor, "batch n_intents"]:
        return self.output(self.encoder(ids, mask)[:, 0])


def intent_loss(model: nn.Module, batch: RequestBatch) -> Loss:
    return cross_entropy(model(batch.ids, batch.mask), batch.intents)


def measure(trial: Trial, settings: Settings) -> dict[str, Any]:
    """Train the trial's reader; the share of unseen requests whose intent it finds."""
    train, test = requests("train")[: settings.n_requests], requests("test")[: settings.tested_on]
    words = vocabulary(train)
    intents = {intent: i for i, intent in enumerate(sorted({r.intent for r in requests("train")}))}
    learned, unseen = (
        Requests(
            [numbered(request.text, words, settings.max_n) for request in part],
            [intents[request.intent] for request in part],
            batch_size=settings.batch_size,
            seed=trial.seed,
        )
        for part in (train, test)
    )
    history = training.train(
        training.seeded(
            lambda: new_model(trial, settings, 3 + len(words), len(intents)), trial.seed
        ),
        learned,
        intent_loss,
        recipe=training.recipe_of(trial, settings),
        steps=settings.steps,
        seed=trial.seed,
        valid=lambda model: share_wrong(model, unseen),
        every=settings.steps // 4,
    )
    right = [round(1 - wrong, 4) for wrong in history.valid_losses]
    socket = training.socket_of(trial, settings, settings.typical_n)
    facts = training.facts_of(trial.candidate, socket)
    return training.result_of(
        METRIC, "accuracy", right, history.valid_steps, facts=facts, seconds=history.seconds
    )


def share_wrong(model: nn.Module, batches: Requests) -> float:
    device, wrong, total = parallel.device(), 0, 0
    for i in range(len(batches)):
        batch = batches[i]
        found = model(batch.ids.to(device), batch.mask.to(device)).argmax(dim=-1).cpu()
        wrong, total = wrong + (found != batch.intents).sum().item(), total + len(found)
    return wrong / total


def new_model(trial: Trial, settings: Settings, vocab_size: int, n_intents: int) -> nn.Module:
    d_model, max_n = settings.d_model, settings.max_n
    encoder = Encoder(
        trial.candidate.mixer(training.socket_of(trial, settings, max_n)),
        dropout=0.1,
        **training.block_of(trial, settings, d_ff=4 * d_model),
    )
    positions = training.recipe_of(trial, settings).positions_of(max_n, d_model)
    embedding = Embedding(vocab_size, d_model, positions)
    return Reader(TextEncoder(embedding, encoder), d_model, n_intents)


# Words


def requests(split: str) -> list[datasets.Request]:
    """Those that are of one of the 150 intents, in an order in which every start has all kinds."""
    found = [request for request in datasets.clinc150(split) if request.intent != "oos"]
    return [found[i] for i in np.random.default_rng(0).permutation(len(found))]


def vocabulary(train: Sequence[datasets.Request]) -> dict[str, int]:
    """An id for each word that occurs, from 3 on."""
    words = sorted({word for request in train for word in request.text.split()})
    return {word: 3 + i for i, word in enumerate(words)}


def numbered(text: str, words: dict[str, int], max_n: int) -> list[int]:
    return [FIRST, *(words.get(word, UNKNOWN) for word in text.split())][:max_n]
