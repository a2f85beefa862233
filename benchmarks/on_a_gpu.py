"""Does the course do on a GPU what it does on a CPU, and how fast? Five minutes at most.

    python benchmarks/on_a_gpu.py    # checks, then times; writes results/on_a_gpu.json

Checks, each against the same thing on the CPU in float32: sparse attention by `flex_attention`,
forward and backward, with padding and without, and that it builds no n × n table; both attentions
in bfloat16; `fit`, which multiplies in half precision there; nccl, with a process for each of up to
two GPUs. Times: a layer of sparse, of dense and, where the package has it, of Fourier mixing over
the length of the text, in turns.

Without a GPU it says so, and is done. The exit status is 1 if a check fails.
"""

import copy
import importlib
import json
import os
import socket
import sys
from collections.abc import Callable
from dataclasses import asdict, dataclass
from pathlib import Path

import torch
import torch.distributed as dist
import torch.multiprocessing as mp
from torch import Tensor, nn

from course_utils.measure import seconds_each
from course_utils.mixers import Attention, SparseAttention
from course_utils.models import LanguageModel
from course_utils.patterns import Pattern, bigbird, strided, union, window
from course_utils.positions import LearnedPositions
from course_utils.training import fit
from course_utils.training.batches import LanguageBatches
from course_utils.training.losses import language_loss

RESULTS = Path(__file__).parent / "results" / "on_a_gpu.json"
N_HEADS, D_HEAD = 4, 32
D_MODEL = N_HEADS * D_HEAD
LENGTHS = (512, 1_024, 2_048, 4_096, 8_192, 16_384, 32_768)
BATCH = 4
CPU = torch.device("cpu")
# How far results may lie apart, as a share of the largest expected number. TF32 and the kernels'
# own order of adding cost some digits; bfloat16 has three.
FLOAT32, BFLOAT16 = 5e-3, 4e-2


@dataclass(frozen=True)
class Check:
    """How far a result is from the CPU's, and how far it may be."""

    name: str
    off: float
    allowed: float

    @property
    def holds(self) -> bool:
        return self.off <= self.allowed  # False for NaN, too

    def __str__(self) -> str:
        verdict = "ok" if self.holds else "WRONG"
        return f"{verdict:5}  {self.name}: off by {self.off:.1e}, {self.allowed:.0e} allowed"


def off_by(found: Tensor, expected: Tensor) -> float:
    """The largest difference, as a share of the largest expected number."""
    difference = (found.detach().cpu().double() - expected.detach().double()).abs().max()
    return (difference / expected.detach().double().abs().max()).item()


# Against the CPU


def patterns(n: int) -> dict[str, Pattern]:
    return {
        "window": window(n, 32),
        "bigbird": bigbird(n, 1, n_random=2, n_global=1, seed=0, block=16),
        "strided": union(strided(n, 16)),
    }


def there_and_back(layer: nn.Module, x: Tensor, mask: Tensor | None) -> dict[str, Tensor]:
    """What the layer makes of x at real tokens, and the gradients of x and of the layer."""
    x = x.detach().requires_grad_()
    out = layer(x, mask)
    real = out if mask is None else out * mask[..., None]
    # The same weights for every token: a sum over tokens that cancels out would be all rounding.
    (real.float() * torch.linspace(-1, 1, real.shape[-1], device=x.device)).sum().backward()
    gradients = {name: value.grad for name, value in layer.named_parameters()}
    return {"output": real, "x": x.grad, **gradients}


def check_layer(
    name: str, layer: nn.Module, n: int, device: torch.device, dtype: torch.dtype, allowed: float
) -> list[Check]:
    """A layer on the device, in that precision, against itself here in float32."""
    torch.manual_seed(0)
    x = torch.randn(2, n, D_MODEL)
    lengths = torch.tensor([n, n - n // 3])
    padding = torch.arange(n) < lengths[:, None]
    checks = []
    for words, mask in ("", None), (", padded", padding):
        expected = there_and_back(copy.deepcopy(layer), x, mask)
        elsewhere = copy.deepcopy(layer).to(device, dtype)
        there = None if mask is None else mask.to(device)
        found = there_and_back(elsewhere, x.to(device, dtype), there)
        # Adding to every key changes no share: this gradient is zero but for rounding.
        parts = [part for part in expected if part != "key.bias"]
        off = max(off_by(found[part], expected[part]) for part in parts)
        checks.append(Check(f"{name}{words}, n = {n}, {str(dtype).removeprefix('torch.')}",
                            off, allowed))  # fmt: skip
    return checks


def check_mixers(device: torch.device, lengths: tuple[int, ...] = (512, 300)) -> list[Check]:
    """Sparse attention in both precisions, and dense attention in bfloat16."""
    checks = []
    for n in lengths:
        for causal in (False, True):
            told = " causal" if causal else ""
            for name, pattern in patterns(n).items():
                layer = SparseAttention(D_MODEL, N_HEADS, pattern, causal=causal)
                named = f"sparse{told}, {name}"
                checks += check_layer(named, layer, n, device, torch.float32, FLOAT32)
                checks += check_layer(named, layer, n, device, torch.bfloat16, BFLOAT16)
            layer = Attention(D_MODEL, N_HEADS, causal=causal)
            checks += check_layer(f"dense{told}", layer, n, device, torch.bfloat16, BFLOAT16)
    return checks


def check_memory(device: torch.device, n: int = 8_192) -> list[Check]:
    """A kernel that builds no n × n table: the peak of a step against the size of one such table.

    After the other checks, because what falls back to a table does so in silence, and after many
    kernels have been compiled.
    """
    layer = SparseAttention(D_MODEL, N_HEADS, window(n, 128)).to(device, torch.bfloat16)
    x = torch.randn(1, n, D_MODEL, device=device, dtype=torch.bfloat16)
    before = torch.cuda.memory_allocated(device)
    torch.cuda.reset_peak_memory_stats(device)
    there_and_back(layer, x, None)
    peak = torch.cuda.max_memory_allocated(device) - before
    table = N_HEADS * n * n * x.element_size()
    return [Check(f"sparse, n = {n}: a step's memory as a share of one table", peak / table, 0.5)]


def trained_losses(device: torch.device, steps: int) -> Tensor:
    """The losses of a small language model that `fit` trains there, on the same data."""
    ids = torch.arange(20_000) ** 2 % 61
    with torch.random.fork_rng():
        torch.manual_seed(0)
        model = LanguageModel(
            61,
            lambda layer: Attention(64, 4, causal=True),
            positions=LearnedPositions(64, 64),
            d_model=64,
            n_layers=2,
            d_ff=256,
        )
    batches = LanguageBatches(ids.tolist(), n=64, batch_size=16, seed=0)
    history = fit(model.to(device), batches, language_loss, steps=steps, learning_rate=1e-3,
                  show=False)  # fmt: skip
    return torch.tensor(history.losses, dtype=torch.float64)


def check_training(device: torch.device, steps: int = 100) -> list[Check]:
    """Mixed precision: the loss curve is the CPU's."""
    expected, found = trained_losses(CPU, steps), trained_losses(device, steps)
    return [Check(f"fit, the losses of {steps} steps", off_by(found, expected), BFLOAT16)]


# Several processes


def one_of_several(rank: int, count: int, port: int, backend: str, path: str) -> None:
    """A process that trains along; the first one writes down the losses."""
    os.environ.update(
        RANK=str(rank), LOCAL_RANK=str(rank), WORLD_SIZE=str(count),
        MASTER_ADDR="127.0.0.1", MASTER_PORT=str(port),
    )  # fmt: skip
    device = torch.device("cuda", rank) if backend == "nccl" else CPU
    if device.type == "cuda":
        torch.cuda.set_device(device)
    dist.init_process_group(backend)  # `fit` would leave it out where a process is alone
    try:
        summed = torch.full((3,), float(rank + 1), device=device)
        dist.all_reduce(summed)
        losses = trained_losses(device, steps=20)
    finally:
        dist.destroy_process_group()
    if rank == 0:
        torch.save({"summed": summed.cpu(), "losses": losses}, path)


def check_processes(count: int, backend: str, path: Path) -> list[Check]:
    """Sums over processes, and a model that they train together."""
    mp.spawn(one_of_several, (count, free_port(), backend, str(path)), nprocs=count)
    found = torch.load(path, weights_only=True)
    expected = torch.full((3,), count * (count + 1) / 2)
    named = f"{backend}, {count} process{'es' if count > 1 else ''}"
    return [
        Check(f"{named}: a sum", off_by(found["summed"], expected), 0.0),
        Check(f"{named}: fit", off_by(found["losses"], trained_losses(CPU, 20)), BFLOAT16),
    ]


def free_port() -> int:
    with socket.socket() as found:
        found.bind(("127.0.0.1", 0))
        return found.getsockname()[1]


# How fast


def layers(n: int) -> dict[str, nn.Module]:
    """What is timed: layers that fit one socket."""
    found = {
        "dense": Attention(D_MODEL, N_HEADS),
        "sparse, window": SparseAttention(D_MODEL, N_HEADS, window(n, 128)),
        "sparse, bigbird": SparseAttention(
            D_MODEL, N_HEADS, bigbird(n, 1, n_random=1, n_global=1, seed=0, block=128)
        ),
    }
    fourier = getattr(importlib.import_module("course_utils.mixers"), "FourierMixing", None)
    return found | ({} if fourier is None else {"Fourier": fourier()})


def step_of(layer: nn.Module, x: Tensor, finish: Callable[[], None]) -> Callable[[], None]:
    """Forward and backward in half precision, as `fit` does it, until the device is done."""

    def run() -> None:
        layer.zero_grad()
        x.grad = None
        with torch.autocast(x.device.type, torch.bfloat16):
            out = layer(x)
        out.float().sum().backward()
        finish()

    return run


def times(n: int, device: torch.device, finish: Callable[[], None]) -> dict[str, dict[str, float]]:
    """Milliseconds of a layer's step, and how many times faster than dense it is."""
    x = torch.randn(BATCH, n, D_MODEL, device=device, requires_grad=True)
    steps = {name: step_of(layer.to(device), x, finish) for name, layer in layers(n).items()}
    for step in steps.values():  # what is compiled or allocated is so once
        step()
    took = seconds_each(steps, repeats=5)
    return {
        name: {
            "milliseconds": round(1e3 * each, 3),
            "against_dense": round(took["dense"] / each, 2),
        }
        for name, each in took.items()
    }


def main() -> int:
    if not torch.cuda.is_available():
        print("There is no GPU here that PyTorch can use: nothing was checked or timed.")
        return 0
    device, name = torch.device("cuda", 0), torch.cuda.get_device_name(0)
    count = min(2, torch.cuda.device_count())
    print(f"{name}, torch {torch.__version__}", flush=True)
    partial = RESULTS.with_suffix(".losses")
    checks = []
    try:
        for some in (
            lambda: check_mixers(device),
            lambda: check_memory(device),
            lambda: check_training(device),
            lambda: check_processes(count, "nccl", partial),
        ):
            found = some()
            checks += found
            print(*found, sep="\n", flush=True)
    finally:
        partial.unlink(missing_ok=True)
    lengths = {}
    for n in LENGTHS:
        lengths[str(n)] = times(n, device, torch.cuda.synchronize)
        print(n, lengths[str(n)], flush=True)
    if "Fourier" not in lengths[str(LENGTHS[0])]:
        print("course_utils.mixers has no FourierMixing yet: it is not among the times.")
    results = {
        "hardware": name,
        "torch": torch.__version__,
        "seed": 0,
        "sizes": f"{BATCH} texts, {N_HEADS} heads of {D_HEAD}, forward and backward in bfloat16",
        "checks": [asdict(check) | {"holds": check.holds} for check in checks],
        "lengths": lengths,
    }
    RESULTS.write_text(json.dumps(results, indent=1) + "\n", encoding="utf-8")
    return 0 if all(check.holds for check in checks) else 1


if __name__ == "__main__":
    sys.exit(main())
