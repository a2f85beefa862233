"""`python -m course_utils reproduce sparse`: which patterns are good enough, and for what?

The four experiments of Yun et al. 2020 (arXiv 2006.04862): patterns × sparsity × configurations,
on a copying task, a language model, translation and classification.
"""

from collections.abc import Callable
from functools import partial
from types import ModuleType

from course_utils.experiments import report
from course_utils.experiments.choices import Choice, for_padded_texts, in_all_configurations
from course_utils.experiments.experiment import Experiment, Part
from course_utils.experiments.tasks import classification, copying, language, translation
from course_utils.experiments.trials import Trial, with_seeds

N_SEEDS = {"quick": 1, "laptop": 3, "paper": 3}
DEPTHS = {"quick": (1, 2), "laptop": (1, 2, 3, 4), "paper": (1, 2, 3, 4)}  # of the copying task


# Which patterns are tried on what


def for_copying(size: str) -> list[Choice]:
    """The paper's patterns with strides near √n, and a window, which needs layers to reach so far.

    A symbol and its copy are length + 1 places apart. A stride that divides this joins them in one
    hop, whatever else the pattern can do: so does 6 at a length of 17, and 16 at the paper's 127.
    On a laptop strided has another stride beside it for that reason. Fixed has, beside blocks of
    √n, some with as many places as there are heads, which can then hand one place each to the
    block's summary. The paper has the stride √n alone, and random with as many keys a token.
    """
    if size == "quick":
        return [Choice("dense"), Choice("star", 1)]
    settings = copying.SIZES[size]
    root = round(settings.n**0.5)
    if size == "paper":
        return [
            Choice("dense"),
            *in_all_configurations("strided", root),
            *in_all_configurations("fixed", root),
            Choice("star", 1),
            Choice("random", root),
        ]
    return [
        Choice("dense"),
        *in_all_configurations("strided", root, root - 1),
        *in_all_configurations("fixed", root, settings.n_heads),
        Choice("star", 1),
        Choice("star", root // 2),
        Choice("random", root),  # as few connections as fixed, sequential
        Choice("random", root + root // 2),  # as many as strided, sequential
        Choice("window", root),
    ]


def for_language(size: str) -> list[Choice]:
    """The paper's patterns at three levels of sparsity each, and tokens that hear nobody.

    A causal star is no star: its relay is the last token, which hears everybody and is heard by
    nobody. What is left is a window, and is called so. How the paper went about it, we do not know.
    """
    if size == "quick":
        return [Choice("dense"), Choice("strided", 4, "multihead")]
    root = round(language.SIZES[size].n ** 0.5)
    return [
        Choice("dense"),
        *in_all_configurations("strided", root, 2 * root, 4 * root),
        *in_all_configurations("fixed", root, 2 * root, 4 * root),
        *[Choice("random", keys) for keys in (root, 3 * root, 4 * root)],
        *[Choice("window", width) for width in (root // 2, root, 2 * root)],
        Choice("nobody"),
    ]


def for_translation(size: str) -> list[Choice]:
    if size == "quick":
        return [Choice("dense"), Choice("star, relay first", 1)]
    return for_padded_texts(root=4)


def for_classification(size: str) -> list[Choice]:
    if size == "quick":
        return [Choice("dense"), Choice("random, for all lengths", 4)]
    return for_padded_texts(root=3)


# As trials


def copying_trials(size: str) -> list[Trial]:
    """Every pattern in every depth."""
    found = for_copying(size)
    once = [Trial("copying", choice, depth, 0) for choice in found for depth in DEPTHS[size]]
    return with_seeds(once, N_SEEDS[size])


def in_one_depth(
    name: str, task: ModuleType, choices: Callable[[str], list[Choice]], size: str
) -> list[Trial]:
    """Every pattern in the depth that the task's settings say."""
    n_layers = task.SIZES[size].n_layers
    return with_seeds([Trial(name, choice, n_layers, 0) for choice in choices(size)], N_SEEDS[size])


def over_sparsity(
    name: str, task: ModuleType, choices: Callable[[str], list[Choice]], title: str, *said: str
) -> Part:
    """A task in one depth, drawn as the paper draws it: over the share of zeros."""
    figure = partial(report.levels, title=title, ylabel=task.METRIC, best=task.BEST)
    return Part(task, partial(in_one_depth, name, task, choices), list(said), figure)


# All of it together

EXPERIMENT = Experiment(
    name="sparse",
    source="Yun et al. 2020, arXiv 2006.04862",
    baseline=Choice("dense"),
    parts={
        "copying": Part(
            copying,
            copying_trials,
            paper_says=[
                "With four sparse attention layers all patterns copy, all but star and random (a "
                "trend read in a summary of the paper; its table's numbers were not recovered).",
                "A star fails, it is explained, because a token hears its neighbours and one "
                "relay only, and copying needs many pairs that are far apart.",
            ],
            figure=partial(report.depths, title="Who copies, with how many layers of attention"),
        ),
        "lm": over_sparsity(
            "lm",
            language,
            for_language,
            "Shakespeare, guessed by those who hear a part of the past",
            "Strided and star are best at every level of sparsity, random is worst (trends).",
            "Union is the best of the three configurations (a trend, as recalled).",
        ),
        "translation": over_sparsity(
            "translation",
            translation,
            for_translation,
            "English to German, by tokens that hear a part of their sentence",
            "Strided and fixed with the union configuration are best (a trend, of BLEU), and "
            "close to dense (as recalled).",
            "Random is worst, a star poor.",
        ),
        "classification": over_sparsity(
            "classification",
            classification,
            for_classification,
            "What is wanted? A first token answers that hears a part of it",
            "Random is worst; a star, best at language modelling, is poor here (trends).",
            "Union does not help as it does elsewhere (a trend, as recalled).",
        ),
    },
)

main = EXPERIMENT.main  # the command
stored = EXPERIMENT.stored  # stored("copying"): the results that come along
