"""Sparse attention against dense, as ratios: time and memory over the length of the text.

    python benchmarks/sparse.py            # some minutes, writes results/sparse.json and .png
    python benchmarks/sparse.py 512 1024   # these lengths only; what is stored for others stays

4 heads of 32 numbers, one text. The course's `sparse_attention` with each pattern against
PyTorch's fused `scaled_dot_product_attention`, dense; and, for whole layers with their four
projections, `SparseAttention` against `Attention`. For each length all take turns, so that whatever
else the machine does hits them alike; the shortest time of each counts. The layout of a pattern is
made once, before; how long that takes and what it keeps is stored, too. "masked" is dense SDPA with
the window as a mask, made before: what sparse attention costs if it is only pretended.
"""

import argparse
import json
import math
import platform
from collections.abc import Callable
from functools import partial
from pathlib import Path

import torch
import torch.nn.functional as F
from torch import Tensor, nn

from course_utils import plots
from course_utils.measure import growth_exponent, peak_memory, seconds, seconds_each
from course_utils.mixers import Attention, SparseAttention
from course_utils.mixers.sparse.attention import sparse_attention
from course_utils.mixers.sparse.layout import layout_of
from course_utils.patterns import Pattern, bigbird, fixed, random, star, strided, union, window

RESULTS = Path(__file__).parent / "results" / "sparse.json"
N_HEADS, D_HEAD = 4, 32
LENGTHS = (512, 1_024, 2_048, 4_096, 8_192, 16_384)
GROWTH_FROM = 2_048  # the exponents are of the lengths from here on
MASKED_UP_TO = 8_192  # beyond, its table does not fit beside the rest


def stride(n: int) -> int:
    """A power of two near √n, as Child et al. 2019 choose it."""
    return 2 ** ((n.bit_length() - 1) // 2)


PATTERNS: dict[str, Callable[[int], Pattern]] = {
    "window": lambda n: window(n, 128),
    "bigbird": lambda n: bigbird(n, 1, n_random=3, n_global=1, seed=0, block=32),
    "star": star,
    "fixed, own block": lambda n: fixed(n, stride(n))[0],
    "fixed, summaries": lambda n: fixed(n, stride(n))[1],
    "strided, neighbours": lambda n: strided(n, stride(n))[0],
    "strided, every stride-th": lambda n: strided(n, stride(n))[1],
    "fixed, union": lambda n: union(fixed(n, stride(n))),
    "strided, union": lambda n: union(strided(n, stride(n))),
    "random blocks": lambda n: random(n, 256, seed=0, block=64),
    "random tokens": lambda n: random(n, 64, seed=0),
}


Attend = Callable[[Tensor, Tensor, Tensor], Tensor]


def without_gradients(function: Callable[[], Tensor]) -> Callable[[], None]:
    def run() -> None:
        with torch.no_grad():
            function()

    return run


def with_gradients(function: Callable[[], Tensor], leaves: list[Tensor]) -> Callable[[], None]:
    def run() -> None:
        for leaf in leaves:
            leaf.grad = None
        function().sum().backward()

    return run


def attention_alone(attend: Attend, n: int) -> tuple[Callable[[], Tensor], list[Tensor]]:
    """Queries, keys and values as a layer has them, and what attention makes of them."""
    rows = [torch.randn(1, n, N_HEADS * D_HEAD, requires_grad=True) for _ in range(3)]

    def run() -> Tensor:
        heads = (row.unflatten(-1, (N_HEADS, D_HEAD)).transpose(1, 2) for row in rows)
        return attend(*heads).transpose(1, 2).flatten(2)

    return run, rows


def whole_layer(layer: nn.Module, n: int) -> tuple[Callable[[], Tensor], list[Tensor]]:
    x = torch.randn(1, n, N_HEADS * D_HEAD, requires_grad=True)
    return lambda: layer(x), [x, *layer.parameters()]


def measure(n: int) -> dict[str, dict[str, float]]:
    """Everything about one length."""
    torch.manual_seed(0)
    d_model = N_HEADS * D_HEAD
    patterns = {name: make(n) for name, make in PATTERNS.items()}
    layout_seconds = {
        name: seconds(partial(layout_of, pattern), 1) for name, pattern in patterns.items()
    }

    layouts = {name: layout_of(pattern) for name, pattern in patterns.items()}
    ways: dict[str, Attend] = {"dense": F.scaled_dot_product_attention}
    layers: dict[str, nn.Module] = {"dense": Attention(d_model, N_HEADS)}
    for name, pattern in patterns.items():
        ways[name] = partial(sparse_attention, pattern=pattern)
        layers[name] = SparseAttention(d_model, N_HEADS, pattern)
    if n <= MASKED_UP_TO:
        table = patterns["window"].mask()[None, None]
        ways["masked"] = partial(F.scaled_dot_product_attention, attn_mask=table)

    repeats = 3 if n >= 4_096 else 9
    kinds = {
        "": {name: attention_alone(attend, n) for name, attend in ways.items()},
        "layer_": {name: whole_layer(layer, n) for name, layer in layers.items()},
    }
    rows: dict[str, dict[str, float]] = {
        name: {
            "keys_per_token": round(patterns[name].n_connections / n, 1) if name in patterns else n,
            "layout_seconds": round(layout_seconds.get(name, 0.0), 2),
        }
        for name in ways
    }
    for kind, runs in kinds.items():
        passes = {
            "forward": {name: without_gradients(run) for name, (run, _) in runs.items()},
            "both": {name: with_gradients(*run) for name, run in runs.items()},
        }
        for pass_, functions in passes.items():
            took = seconds_each(functions, repeats)
            for name in functions:
                rows[name][f"{kind}{pass_}_ms"] = round(1e3 * took[name], 2)
                rows[name][f"{kind}{pass_}_speed_up"] = round(took["dense"] / took[name], 2)
        if kind == "":
            for name, function in passes["both"].items():
                rows[name]["peak_megabytes"] = round(peak_memory(function) / 1e6, 1)
    for name, row in rows.items():
        kept = n * n if name == "masked" else bytes_in(layouts.get(name))
        row["kept_megabytes"] = round(kept / 1e6, 1)
    return rows


def bytes_in(thing: object) -> int:
    """Of all tensors in a dataclass or tuple, however deep."""
    if isinstance(thing, Tensor):
        return thing.nbytes
    inside = thing if isinstance(thing, tuple) else vars(thing).values() if thing else ()
    return sum(map(bytes_in, inside))


def exponents(lengths: dict[str, dict]) -> dict[str, dict[str, float]]:
    """How time and memory grow: the slopes in log-log over the lengths from GROWTH_FROM on."""
    ns = [n for n in map(int, lengths) if n >= GROWTH_FROM]
    if len(ns) < 2:
        return {}
    return {
        name: {
            what: round(growth_exponent(ns, [lengths[str(n)][name][what] for n in ns]), 2)
            for what in ("forward_ms", "both_ms", "peak_megabytes")
        }
        for name in ["dense", *PATTERNS]
    }


def draw(lengths: dict[str, dict]) -> None:
    """results/sparse.png: time and memory over n."""
    figure, axes = plots.figure(7, 3.4, columns=2)
    panels = [
        ("both_ms", "Twice the text, twice the time", "ms forward and backward"),
        ("peak_megabytes", "A mask costs n² memory", "MB at the highest point"),
    ]
    for ax, (what, title, ylabel) in zip(axes, panels, strict=True):
        shown = ("dense", "window", "star", "strided, union")
        shown += ("masked",) if what == "peak_megabytes" else ("bigbird",)
        plots.lines(
            [int(n) for n in lengths],
            {
                name: [row.get(name, {}).get(what, math.nan) for row in lengths.values()]
                for name in shown
            },
            title=title,
            xlabel="n",
            ylabel=ylabel,
            logx=True,
            logy=True,
            ax=ax,
        )
    RESULTS.with_suffix(".png").write_bytes(plots.png(figure))


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("n", nargs="*", type=int, help="lengths; without, all")
    chosen = parser.parse_args().n or list(LENGTHS)
    if strangers := set(chosen) - set(LENGTHS):
        parser.error(f"n={min(strangers)} is none of the lengths {', '.join(map(str, LENGTHS))}.")
    results = json.loads(RESULTS.read_text(encoding="utf-8")) if RESULTS.exists() else {}
    lengths = results.get("lengths", {})
    for n in chosen:
        print(f"n = {n:,} …", flush=True)
        lengths[str(n)] = measure(n)
        for name, row in lengths[str(n)].items():
            print(f"  {name:26}{row}", flush=True)
    lengths = {str(n): lengths[str(n)] for n in LENGTHS if str(n) in lengths}
    results = {
        "sizes": f"{N_HEADS} heads of {D_HEAD}, one text",
        "hardware": f"{platform.machine()}, {torch.get_num_threads()} threads",
        "torch": torch.__version__,
        "seed": 0,
        "growth_exponents": {"from_n": GROWTH_FROM} | exponents(lengths),
        "lengths": lengths,
    }
    RESULTS.write_text(json.dumps(results, indent=1, ensure_ascii=False) + "\n", encoding="utf-8")
    print(json.dumps(results["growth_exponents"], indent=1))
    draw(lengths)


if __name__ == "__main__":
    main()
