"""Training: `fit` and its parts.

loop.py        fit(model, batches, loss=…), step by step, resumable
plan.py        how long, what to look at meanwhile, when to stop
batches.py     sentences and texts as batches · losses.py what a batch costs
schedules.py   the learning rate over the steps
state.py       checkpoints · history.py the loss curve · report.py what is shown meanwhile
health.py      NaN and infinity, with the layer where they began · parallel.py several GPUs
"""

from course_utils.training.batches import LanguageBatches, PairBatches, pieces_in_order
from course_utils.training.health import Diverged
from course_utils.training.history import History
from course_utils.training.loop import fit
from course_utils.training.losses import cross_entropy, language_loss, translation_loss
from course_utils.training.schedules import constant, noam, warmup_cosine

__all__ = [
    "Diverged",
    "History",
    "LanguageBatches",
    "PairBatches",
    "constant",
    "cross_entropy",
    "fit",
    "language_loss",
    "noam",
    "pieces_in_order",
    "translation_loss",
    "warmup_cosine",
]
