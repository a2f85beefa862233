"""Which of MiniLM's 72 heads knows who "he" is? The search behind lesson 00's teaser.

Every sentence has two people and one pronoun that fits one of them: "Tom called Mary because she
was lonely." A head scores a point when the pronoun looks more at the person it fits than at the
other. The best head of 72 is chosen on one set of names and sentences and scored again on a set
that it was not chosen on, because the best of 72 is always partly the luckiest of 72.

    python benchmarks/pronoun_heads.py        # half a minute, writes results/pronoun_heads.json
"""

import itertools
import json
from pathlib import Path

import torch

from course_utils.trained.minilm import SentenceEncoder, load_minilm

RESULTS = Path(__file__).parent / "results" / "pronoun_heads.json"

SEARCH = {
    "pairs": [("Tom", "Mary"), ("John", "Anna"), ("Peter", "Susan"), ("David", "Lisa")],
    "sentences": [
        "{first} called {second} because {pronoun} was lonely.",
        "{first} met {second} in the park and {pronoun} was happy.",
        "{first} gave {second} a book, but {pronoun} did not read it.",
        "{first} told {second} that {pronoun} was tired.",
    ],
}
FRESH = {
    "pairs": [
        ("James", "Emma"),
        ("Paul", "Sarah"),
        ("Robert", "Linda"),
        ("Jack", "Alice"),
        ("Henry", "Laura"),
        ("George", "Jane"),
    ],
    "sentences": [
        "{first} thanked {second} because {pronoun} had helped.",
        "{first} saw {second} at the station when {pronoun} arrived.",
        "{first} waited for {second}, although {pronoun} was late.",
        "{first} laughed at {second} before {pronoun} left the room.",
        "{first} sang for {second} while {pronoun} cooked dinner.",
    ],
}


def looks(encoder: SentenceEncoder, material: dict) -> tuple[torch.Tensor, torch.Tensor]:
    """How much the pronoun looks at the fitting and at the other person: [sentence, 6, 12] each."""
    fitting, other = [], []
    for (he, she), sentence in itertools.product(material["pairs"], material["sentences"]):
        for first, second in ((he, she), (she, he)):
            for pronoun, right, wrong in (("he", he, she), ("she", she, he)):
                text = sentence.format(first=first, second=second, pronoun=pronoun)
                tokens, weights = encoder.attention(text)
                row = weights[:, :, tokens.index(pronoun)]  # [layer, head, key]
                fitting.append(row[:, :, tokens.index(right.lower())])
                other.append(row[:, :, tokens.index(wrong.lower())])
    return torch.stack(fitting), torch.stack(other)


def main() -> None:
    encoder = load_minilm()
    searched_fitting, searched_other = looks(encoder, SEARCH)
    fresh_fitting, fresh_other = looks(encoder, FRESH)
    score = (searched_fitting > searched_other).float().mean(dim=0)  # [layer, head]
    fresh_score = (fresh_fitting > fresh_other).float().mean(dim=0)
    layer, head = divmod(int(score.argmax()), score.shape[1])
    result = {
        "question": "does the pronoun look more at the person it fits than at the other?",
        "model": "all-MiniLM-L6-v2",
        "heads": score.numel(),
        "layer": layer,
        "head": head,
        "search": {
            "sentences": len(searched_fitting),
            "right": round(score[layer, head].item(), 3),
            "median_head": round(score.median().item(), 3),
            "attention_fitting": round(searched_fitting[:, layer, head].mean().item(), 3),
            "attention_other": round(searched_other[:, layer, head].mean().item(), 3),
        },
        "fresh": {
            "sentences": len(fresh_fitting),
            "right": round(fresh_score[layer, head].item(), 3),
            "median_head": round(fresh_score.median().item(), 3),
            "attention_fitting": round(fresh_fitting[:, layer, head].mean().item(), 3),
            "attention_other": round(fresh_other[:, layer, head].mean().item(), 3),
        },
        "material": {"search": SEARCH, "fresh": FRESH},
        "deterministic": "no randomness; CPU, float32",
        "torch": torch.__version__,
    }
    RESULTS.parent.mkdir(exist_ok=True)
    RESULTS.write_text(json.dumps(result, indent=1) + "\n", encoding="utf-8")
    print(f"chosen: layer {layer}, head {head} (counted from 0) of {score.numel()}")
    for name in ("search", "fresh"):
        print(name, result[name])


if __name__ == "__main__":
    main()
