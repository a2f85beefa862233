"""`python -m course_utils train NAME`: a recipe from its first step to a score.

With several GPUs or machines the same command runs on all of them, by torchrun:
`torchrun --nproc-per-node=2 -m course_utils train translator`.
"""

import argparse
import json
from dataclasses import asdict, replace
from pathlib import Path
from typing import Any

from course_utils.commands.command_line import parser_of
from course_utils.paths import learner_folder
from course_utils.problem import Problem
from course_utils.trained import folders
from course_utils.trained.recipes import RECIPES, Recipe
from course_utils.training import fit, parallel
from course_utils.training.health import Diverged

CHECKPOINT = "checkpoint.pt"  # there while the training goes on
LOADERS = {"translator": folders.load_translator, "shakespeare": folders.load_shakespeare}


def main(arguments: list[str]) -> int:
    """Train, write the model, measure it. An interrupted run of the same recipe goes on."""
    chosen = options(arguments)
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
        measured = folders.save_score(LOADERS[recipe.name](folder))["all"]
        print("  ".join(f"{name} {value:,}" for name, value in measured.items()))
        print(f"Model, curve and score are in {folder}.")
        (folder / CHECKPOINT).unlink(missing_ok=True)
    return 0


def options(arguments: list[str]) -> argparse.Namespace:
    parser = parser_of("train")
    parser.add_argument("model", choices=list(RECIPES), help="which of the two")
    parser.add_argument("--steps", type=positive(int), metavar="N", help="instead of the recipe's")
    parser.add_argument(
        "--minutes", type=positive(float), metavar="M", help="stop then, wherever the schedule is"
    )
    parser.add_argument("--seed", type=int, default=0, metavar="S", help="another beginning")
    parser.add_argument("--out", type=Path, metavar="FOLDER", help="where the model is written")
    return parser.parse_args(arguments)


def positive(kind: type) -> Any:
    """A number above zero, for argparse."""

    def number(text: str) -> Any:
        try:
            value = kind(text)
        except ValueError:
            value = 0
        if not value > 0:
            raise argparse.ArgumentTypeError(f"a number above 0 is needed, got {text!r}")
        return value

    return number


def is_finished(folder: Path, recipe: Recipe) -> bool:
    """Whether the folder holds this recipe's result. Problem if it holds another one's."""
    try:
        config = json.loads((folder / folders.CONFIG).read_text(encoding="utf-8"))
    except FileNotFoundError:
        return False
    except (OSError, ValueError) as error:
        raise Problem(f"{folder} cannot be used: {error}. Name another one with --out.") from None
    if config.get("recipe") != asdict(recipe):
        raise Problem(f"{folder} holds a model of another recipe: name another one with --out.")
    return (folder / folders.SCORE).is_file()


def train(recipe: Recipe, folder: Path, minutes: float | None):
    """The part that takes long; returns the history."""
    tokenizer = recipe.tokenizer()
    model = recipe.model(tokenizer.vocab_size).to(parallel.device())
    told = recipe.training(tokenizer)
    checkpoint = folder / CHECKPOINT
    if parallel.rank() == 0:
        n = sum(weights.numel() for weights in model.parameters())
        verb = "Going on with" if checkpoint.exists() else "Training"
        print(
            f"{verb} the {recipe.name} model: {n:,} parameters, {recipe.steps:,} steps.", flush=True
        )
    try:
        folder.mkdir(parents=True, exist_ok=True)
        history = fit(model, minutes=minutes, checkpoint=checkpoint, **told)
    except (OSError, ValueError) as error:
        raise Problem(f"{error} (--out names another folder.)") from error
    except Diverged as error:
        raise Problem(str(error)) from error
    if history.stopped != "interrupted" and parallel.rank() == 0:
        folders.save(folder, recipe, model, tokenizer, history)
    return history
