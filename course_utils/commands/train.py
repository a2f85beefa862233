"""`python -m course_utils train NAME`: a recipe from its first step to a score.

With several GPUs or machines the same command runs on all of them, by torchrun:
`torchrun --nproc-per-node=2 -m course_utils train translator`.
"""

from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import asdict, replace
from pathlib import Path

from course_utils import options
from course_utils.paths import learner_folder
from course_utils.problem import Problem
from course_utils.trained import folders
from course_utils.trained.recipes import RECIPES, Recipe
from course_utils.training import fit, parallel
from course_utils.training.health import Diverged
from course_utils.training.history import History

CHECKPOINT = "checkpoint.pt"  # there while the training goes on
LOADERS = {
    "translator": folders.load_translator,
    "shakespeare": folders.load_shakespeare,
    "memory": folders.load_memory,
}


def main(arguments: list[str]) -> int:
    """Train, write the model, measure it. An interrupted run of the same recipe goes on."""
    chosen = options.train().parse_args(arguments)
    recipe = replace(RECIPES[chosen.model](), seed=chosen.seed)
    if chosen.steps is not None:
        recipe = replace(recipe, steps=chosen.steps)
    folder = chosen.out or learner_folder() / "trained" / chosen.model
    if is_finished(folder, recipe):
        print(f"{folder} already holds this model, trained. Name another folder with --out.")
        return 0
    history = train(recipe, folder, chosen.minutes)
    if history.stopped == "interrupted":
        print("The same command goes on from here.")
        return 130
    if parallel.rank() == 0:
        measure(recipe, folder)
    return 0


def is_finished(folder: Path, recipe: Recipe) -> bool:
    """Whether the folder holds this recipe's result. Problem if it holds another one's."""
    try:
        config = folders.read_json(folder / folders.CONFIG)
    except FileNotFoundError:
        return False
    except (OSError, ValueError) as error:
        reason = str(error).rstrip(".")
        raise Problem(f"{folder} cannot be used: {reason}. Name another one with --out.") from None
    if config.get("recipe") != asdict(recipe):
        raise Problem(f"{folder} holds a model of another recipe: name another one with --out.")
    return (folder / folders.SCORE).is_file()


def train(recipe: Recipe, folder: Path, minutes: float | None) -> History:
    """The part that takes long; returns the history."""
    with as_problems():
        tokenizer = recipe.tokenizer()
        model = recipe.model(tokenizer.vocab_size).to(parallel.device())
        arguments = recipe.training(tokenizer)
    checkpoint = folder / CHECKPOINT
    if parallel.rank() == 0:
        n = sum(weights.numel() for weights in model.parameters())
        verb = "Going on with" if checkpoint.exists() else "Training"
        print(
            f"{verb} the {recipe.name} model: {n:,} parameters, {recipe.steps:,} steps.", flush=True
        )
    with as_problems(" (--out names another folder.)"):
        folder.mkdir(parents=True, exist_ok=True)
        history = fit(model, minutes=minutes, checkpoint=checkpoint, **arguments)
        if history.stopped != "interrupted" and parallel.rank() == 0:
            folders.save(folder, recipe, model, tokenizer, history)
    return history


def measure(recipe: Recipe, folder: Path) -> None:
    """Load what was written, measure it, and say what came out."""
    with as_problems():
        score = folders.save_score(LOADERS[recipe.name](folder))["all"]
    print("  ".join(f"{name} {value:,}" for name, value in score.items()))
    print(f"Model, curve and score are in {folder}.")
    (folder / CHECKPOINT).unlink(missing_ok=True)


@contextmanager
def as_problems(mend: str = "") -> Iterator[None]:
    """What the disk, the data and the numbers refuse as a Problem: a sentence, no traceback."""
    try:
        yield
    except (OSError, ValueError, Diverged) as error:
        raise Problem(f"{error}{mend}") from error
