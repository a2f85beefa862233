"""Training and speaking, as ratios: against other people's models, with and without a cache.

Everything is measured in one run, the competitors in turns, so that whatever else the machine does
hits all of them alike. The numbers to read are the ratios; the seconds are this machine's.

    python benchmarks/training.py                # about ten minutes, writes results/training.json
    python benchmarks/training.py train memory   # some parts only; the others keep their results

`train`: tokens a second on nanoGPT's recipe for a CPU (4 layers, 4 heads, d 128, block 64, batch
12, no dropout) for the course's `LanguageModel`, `torch.nn.TransformerEncoder` and, where the
package transformers is installed, Hugging Face's GPT-2 of the same size.
`learn`: the validation loss after 2,000 steps of that recipe on tiny Shakespeare.
`speak`: seconds for 64 to 1,024 new tokens with and without the key/value cache; a batch; the
shipped translator with beams of 1 and 4.
`memory`: what one training step keeps for its backward pass, over the length of the text.
"""

import argparse
import json
import platform
import statistics
import time
from collections.abc import Iterator
from contextlib import contextmanager
from importlib.util import find_spec
from pathlib import Path

import torch
import torch.nn.functional as F
from torch import Tensor, nn

from course_utils import datasets, plots
from course_utils.decoding import generate
from course_utils.measure import growth_exponent, kept_for_backward, seconds
from course_utils.mixers import Attention, dot_product_attention
from course_utils.models import LanguageModel
from course_utils.positions import LearnedPositions, SinusoidalPositions
from course_utils.text import CharTokenizer
from course_utils.trained.folders import load_translator
from course_utils.trained.recipes import shakespeare_split
from course_utils.training import fit
from course_utils.training.batches import LanguageBatches, pieces_in_order
from course_utils.training.losses import cross_entropy, language_loss
from course_utils.training.schedules import warmup_cosine

RESULTS = Path(__file__).parent / "results" / "training.json"
VOCAB, D_MODEL, N_HEADS, N_LAYERS, D_FF, BLOCK, BATCH = 65, 128, 4, 4, 512, 64, 12


# The competitors: token ids [batch, n] in, logits [batch, n, vocab] out


def ours(positions: nn.Module | None = None) -> LanguageModel:
    return LanguageModel(
        VOCAB,
        lambda layer: Attention(D_MODEL, N_HEADS, causal=True),
        positions=LearnedPositions(BLOCK, D_MODEL) if positions is None else positions,
        d_model=D_MODEL,
        n_layers=N_LAYERS,
        d_ff=D_FF,
    )


class TorchModel(nn.Module):
    """The same sizes, out of torch's own layers."""

    def __init__(self):
        super().__init__()
        self.tokens = nn.Embedding(VOCAB, D_MODEL)
        self.positions = nn.Embedding(BLOCK, D_MODEL)
        layer = nn.TransformerEncoderLayer(
            D_MODEL, N_HEADS, D_FF, 0.0, F.gelu, batch_first=True, norm_first=True
        )
        self.encoder = nn.TransformerEncoder(
            layer, N_LAYERS, nn.LayerNorm(D_MODEL), enable_nested_tensor=False
        )
        self.register_buffer("future", nn.Transformer.generate_square_subsequent_mask(BLOCK))

    def forward(self, ids: Tensor) -> Tensor:
        x = self.tokens(ids) + self.positions.weight
        return self.encoder(x, mask=self.future, is_causal=True) @ self.tokens.weight.T


class HuggingFaceModel(nn.Module):
    """GPT-2 as the package transformers has it, with our sizes."""

    def __init__(self):
        super().__init__()
        from transformers import GPT2Config, GPT2LMHeadModel

        self.model = GPT2LMHeadModel(
            GPT2Config(
                vocab_size=VOCAB,
                n_positions=BLOCK,
                n_embd=D_MODEL,
                n_layer=N_LAYERS,
                n_head=N_HEADS,
                resid_pdrop=0.0,
                embd_pdrop=0.0,
                attn_pdrop=0.0,
                use_cache=False,
            )
        )

    def forward(self, ids: Tensor) -> Tensor:
        return self.model(ids).logits


def competitors() -> dict[str, nn.Module]:
    found = {"course": ours(), "torch.nn.TransformerEncoder": TorchModel()}
    if find_spec("transformers") is not None:
        found["Hugging Face GPT-2"] = HuggingFaceModel()
    return found


# The parts


def train(rounds: int = 30, steps: int = 10) -> dict:
    """Tokens a second of a whole training step, the models taking turns."""
    text, _ = shakespeare_split()
    batches = LanguageBatches(CharTokenizer(text).encode(text), n=BLOCK, batch_size=BATCH)
    torch.manual_seed(0)
    models = competitors()
    optimizers = {
        name: torch.optim.AdamW(model.parameters(), lr=1e-3) for name, model in models.items()
    }
    times = {name: [] for name in models}
    for turn in range(rounds):
        for name, model in models.items():
            started = time.perf_counter()
            for step in range(steps):
                one_step(model, optimizers[name], batches[turn * steps + step])
            times[name].append(time.perf_counter() - started)
    speed = {
        name: steps * BATCH * BLOCK / statistics.median(taken[1:])  # the first turn warms up
        for name, taken in times.items()
    }
    others = {name: rate for name, rate in speed.items() if name != "course"}
    return {
        "recipe": "4 layers, 4 heads, d 128, block 64, batch 12, no dropout, AdamW",
        "parameters": {n: sum(p.numel() for p in m.parameters()) for n, m in models.items()},
        "tokens_per_second": {name: round(rate) for name, rate in speed.items()},
        "course_against": {n: round(speed["course"] / rate, 2) for n, rate in others.items()},
    }


def one_step(model: nn.Module, optimizer: torch.optim.Optimizer, batch) -> None:
    loss = cross_entropy(model(batch.inputs), batch.targets)
    (loss.total / loss.n_tokens).backward()
    nn.utils.clip_grad_norm_(model.parameters(), 1.0)
    optimizer.step()
    optimizer.zero_grad()


def learn(steps: int = 2_000) -> dict:
    """nanoGPT's own measure: the validation loss of this recipe after 2,000 steps."""
    text, valid_text = shakespeare_split()
    tokenizer = CharTokenizer(datasets.tiny_shakespeare())
    torch.manual_seed(0)
    history = fit(
        ours(),
        LanguageBatches(tokenizer.encode(text), n=BLOCK, batch_size=BATCH),
        language_loss,
        steps=steps,
        learning_rate=warmup_cosine(3e-3, warmup=100, steps=steps),
        valid=pieces_in_order(tokenizer.encode(valid_text), n=BLOCK, batch_size=64),
        every=500,
        weight_decay=0.1,
        show=False,
    )
    return {
        "steps": steps,
        "learning_rate": 3e-3,
        "validation_nats": round(history.valid_losses[-1], 3),
        "nanogpt_reports": 1.88,
        "validation_on": f"all {len(valid_text):,} characters of the last tenth",
    }


def speak() -> dict:
    """How the time grows with what is written, and what the cache saves. On one thread: a single
    token is too little work to share."""
    torch.set_num_threads(1)
    torch.manual_seed(0)
    model = ours(SinusoidalPositions(D_MODEL)).eval()
    prompt = torch.zeros(1, 1, dtype=torch.long)
    lengths = [64, 128, 256, 512, 1024]
    timed = {}
    for n in lengths:
        with_cache = seconds(lambda n=n: generate(model, prompt, n), repeats=3)
        without = seconds(lambda n=n: generate(model, prompt, n, use_cache=False), repeats=1)
        timed[n] = {
            "cached_seconds": round(with_cache, 3),
            "uncached_seconds": round(without, 3),
            "speed_up": round(without / with_cache, 1),
            "cached_ms_per_token": round(1000 * with_cache / n, 3),
        }
    costs = [row["cached_ms_per_token"] for row in timed.values()]
    one = seconds(lambda: generate(model, prompt, 256), repeats=3)
    sixteen = seconds(lambda: generate(model, prompt.expand(16, 1), 256), repeats=3)
    return {
        "model": "the recipe's LanguageModel with sinusoidal positions, random weights",
        "new_tokens": timed,
        "cost_per_token_largest_to_smallest": round(max(costs) / min(costs), 2),
        "batch_of_16_against_16_alone": round(16 * one / sixteen, 1),
        "translation": translation(),
    }


def translation(n_sentences: int = 100) -> dict:
    translator = load_translator()
    texts = [pair.english for pair in datasets.english_german("test")[:n_sentences]]
    took = {
        width: seconds(lambda w=width: translator.translate(texts, width=w), repeats=1)
        for width in (1, 4)
    }
    return {
        "sentences": n_sentences,
        "sentences_per_second": {
            "greedy": round(n_sentences / took[1], 1),
            "beam 4": round(n_sentences / took[4], 1),
        },
        "greedy_against_beam_4": round(took[4] / took[1], 1),
    }


def memory() -> dict:
    """Megabytes that a forward pass keeps for the backward pass, one text of n tokens."""
    lengths = [128, 256, 512, 1024, 2048, 4096]
    kept = {"SDPA": [], "the n × n table written out": []}
    for n in lengths:
        for name in kept:
            torch.manual_seed(0)
            model = ours(SinusoidalPositions(D_MODEL))
            ids = torch.randint(VOCAB, (1, n))
            with written_out(name != "SDPA"), kept_for_backward() as saved:
                loss = cross_entropy(model(ids), ids).total
            kept[name].append(round(saved() / 1e6, 1))
            del loss
    growth = {
        name: round(growth_exponent(lengths[-2:], values[-2:]), 2) for name, values in kept.items()
    }
    return {"n": lengths, "megabytes": kept, "exponent_at_the_end": growth}


@contextmanager
def written_out(really: bool) -> Iterator[None]:
    """Replace SDPA by the plain formula, which keeps the whole table of weights."""
    fused = F.scaled_dot_product_attention

    def plain(query, key, value, attn_mask=None, is_causal=False, dropout_p=0.0):
        if is_causal:
            n = query.shape[-2]
            attn_mask = torch.ones(n, n, dtype=torch.bool).tril()
        return dot_product_attention(query, key, value, attn_mask)[0]

    F.scaled_dot_product_attention = plain if really else fused
    try:
        yield
    finally:
        F.scaled_dot_product_attention = fused


# What comes out


def draw(results: dict) -> None:
    """results/training.png: the cache's speed-up, and the memory over the length."""
    figure, (left, right) = plots.figure(7, 3.4, columns=2)
    table = results["speak"]["new_tokens"]
    plots.lines(
        [int(n) for n in table],
        {
            name: [row[f"{name}_seconds"] for row in table.values()]
            for name in ("cached", "uncached")
        },
        title="Cached, each token costs the same",
        xlabel="new tokens",
        ylabel="seconds",
        logx=True,
        logy=True,
        ax=left,
    )
    kept = results["memory"]
    plots.lines(
        kept["n"],
        {
            "SDPA": kept["megabytes"]["SDPA"],
            "n × n": kept["megabytes"]["the n × n table written out"],
        },
        title="SDPA keeps no n × n table",
        xlabel="n",
        ylabel="MB for the backward pass",
        logx=True,
        logy=True,
        ax=right,
    )
    RESULTS.with_suffix(".png").write_bytes(plots.png(figure))


PARTS = {"train": train, "learn": learn, "speak": speak, "memory": memory}


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("parts", nargs="*", help=f"some of {', '.join(PARTS)}; without, all")
    chosen = parser.parse_args().parts or list(PARTS)
    if strangers := set(chosen) - set(PARTS):
        parser.error(f"there is no part {sorted(strangers)[0]!r}: choose from {', '.join(PARTS)}.")
    results = json.loads(RESULTS.read_text(encoding="utf-8")) if RESULTS.exists() else {}
    for part in chosen:
        print(f"{part} …", flush=True)
        results[part] = PARTS[part]() | {
            "hardware": f"{platform.machine()}, {torch.get_num_threads()} threads",
            "torch": torch.__version__,
            "seed": 0,
        }
        print(json.dumps(results[part], indent=1, ensure_ascii=False))
        RESULTS.write_text(
            json.dumps(results, indent=1, ensure_ascii=False) + "\n", encoding="utf-8"
        )
    if {"speak", "memory"} <= set(results):
        draw(json.loads(RESULTS.read_text(encoding="utf-8")))


if __name__ == "__main__":
    main()
