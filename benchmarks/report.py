"""The README's table of measurements, out of the results that the benchmarks have stored.

    python benchmarks/report.py     # writes the table into README.md, between its two marks

`tests/unit/benchmarks/test_report.py` holds the README against the results.
"""

import json
import statistics
import sys
from pathlib import Path
from typing import Any

ROOT = Path(__file__).resolve().parent.parent
RESULTS = ROOT / "benchmarks" / "results"
CHECKPOINTS = ROOT / "course_utils" / "trained" / "checkpoints"
EXPERIMENTS = ROOT / "course_utils" / "experiments" / "results"
PATTERNS = (
    "strided 5, multihead",
    "fixed 4, multihead",
    "star 1",
)  # each leaves out three quarters or more
README = ROOT / "README.md"
BEGIN, END = "<!-- measured: benchmarks/report.py writes this table -->", "<!-- end of measured -->"


def stored(path: Path) -> dict[str, Any]:
    return json.loads(path.read_text(encoding="utf-8"))


def rows() -> list[tuple[str, str, str]]:
    """What was measured, how it came out, and which command measures it again."""
    training = stored(RESULTS / "training.json")
    paints = [row["median_ms"] for row in stored(RESULTS / "widgets.json")["results"]]
    translator = stored(CHECKPOINTS / "translator" / "score.json")
    writers = [stored(CHECKPOINTS / name / "score.json") for name in ("shakespeare", "memory")]
    against = training["train"]["course_against"]
    others = ", ".join(f"{ratio} × {name}" for name, ratio in against.items())
    cache = training["speak"]["new_tokens"]["512"]
    memory = training["memory"]
    sparse = stored(RESULTS / "sparse.json")["lengths"]["8192"]
    window, masked = sparse["window"], sparse["masked"]
    fourier = stored(RESULTS / "fourier.json")["lengths"]
    faster = [fourier[n]["attention"]["block_against_fourier"] for n in ("512", "2048", "8192")]
    persistent = stored(RESULTS / "memory.json")["lengths"]
    of_four = [persistent[n]["all-attention, 4 layers, N = 512"] for n in ("128", "512", "2048")]
    trains, writes = (
        ", ".join(f"{row[f'{what}_against_feed_forward']:.2f}" for row in of_four)
        for what in ("train", "write")
    )
    copying = stored(EXPERIMENTS / "sparse-copying-laptop.json")["table"]
    copied = {row["choice"]: row["mean"] for row in copying if row["n_layers"] == 4}
    steps = {
        run["run"]["choice"]["name"]: run["result"]["times attention's speed"]
        for run in stored(EXPERIMENTS / "fnet-speed-paper.json")["runs"]
    }
    answers: dict[str, list[float]] = {}
    for row in stored(EXPERIMENTS / "fnet-questions-laptop.json")["table"]:
        answers.setdefault(row["name"], []).append(row["mean"])
    copies: dict[str, list[float]] = {}
    for row in stored(EXPERIMENTS / "bakeoff-copying-laptop.json")["table"]:
        copies.setdefault(row["name"], []).append(row["mean"])
    at_the_end = [values[-1] for values in memory["megabytes"].values()]
    return [
        (
            "training a small language model, tokens a second",
            others,
            "benchmarks/training.py train",
        ),
        (
            f"its validation loss after {training['learn']['steps']:,} steps of nanoGPT's recipe "
            f"(which reports {training['learn']['nanogpt_reports']})",
            f"{training['learn']['validation_nats']} nats",
            "benchmarks/training.py learn",
        ),
        (
            "writing 512 tokens with a key/value cache, against without",
            f"{cache['speed_up']} × faster",
            "benchmarks/training.py speak",
        ),
        (
            f"memory for a backward pass at n = {memory['n'][-1]:,}: the n × n table against SDPA",
            f"{at_the_end[1] / at_the_end[0]:.0f} × more",
            "benchmarks/training.py memory",
        ),
        (
            f"sparse attention at n = 8,192, a window of {window['keys_per_token']:.0f} keys, "
            "against PyTorch's dense SDPA",
            f"{window['forward_speed_up']} × faster forward, {window['both_speed_up']} × with the "
            "way back",
            "benchmarks/sparse.py",
        ),
        (
            "its memory, against dense SDPA under the same window as a mask",
            f"{window['peak_megabytes']:.0f} MB against {masked['peak_megabytes']:.0f} MB",
            "benchmarks/sparse.py",
        ),
        (
            "a training step of a block with Fourier mixing, against attention's, at n = 512, "
            "2,048 and 8,192",
            f"{faster[0]:.1f}, {faster[1]:.1f} and {faster[2]:.1f} × faster",
            "benchmarks/fourier.py",
        ),
        (
            "the same for FNet-Base and its hybrid at 512 tokens, on an H100",
            f"{steps['Fourier']:.1f} and {steps['hybrid']:.1f} × faster",
            "course_utils reproduce fnet --size paper --task speed",
        ),
        (
            "questions about texts after guessing hidden words: attention, hybrid, Fourier by its "
            "two recipes",
            ", ".join(
                f"{mean:.0%}"
                for name in ("attention", "hybrid", "Fourier")
                for mean in answers[name]
            ),
            "course_utils reproduce fnet --size laptop --task questions",
        ),
        (
            "all-attention against attention and feed-forward layers of as many weights, at "
            "n = 128, 512 and 2,048",
            f"trains {trains} × as fast, writes {writes} × as fast",
            "benchmarks/memory.py",
        ),
        (
            "symbols copied by four layers of sparse attention: strided, fixed, star",
            ", ".join(f"{copied[name]:.0%}" for name in PATTERNS),
            "course_utils reproduce sparse --size laptop --task copying",
        ),
        (
            "two blocks copy from 18 places away: attention, Fourier, bigbird, a window",
            ", ".join(
                f"{max(copies[name]):.0%}" for name in ("attention", "Fourier", "bigbird", "window")
            ),
            "course_utils reproduce bakeoff --size laptop --task copying",
        ),
        (
            "the translator that comes along, BLEU on 1,000 test sentences, beam 4",
            f"{translator['all']['BLEU, beam 4']:.1f}",
            "course_utils train translator",
        ),
        (
            "the Shakespeare models that come along, with and without feed-forward layers, bits "
            "per character",
            " and ".join(f"{model['all']['bits per character']:.2f}" for model in writers),
            "course_utils train shakespeare (and memory)",
        ),
        (
            "an explorer's answer to a slider or the mouse, the slowest median",
            f"{max(paints):.0f} ms (median of all {statistics.median(paints):.0f} ms)",
            "benchmarks/widgets.py",
        ),
    ]


def table() -> str:
    lines = ["| what | measured | again with `python3` |", "|---|---|---|"]
    lines += [f"| {what} | {result} | `{command}` |" for what, result, command in rows()]
    return "\n".join(lines)


def with_table(readme: str) -> str:
    """The README's text with the table in its place. ValueError where the marks are missing."""
    if readme.count(BEGIN) != 1 or readme.count(END) != 1:
        raise ValueError(f"README.md needs the lines {BEGIN!r} and {END!r}, once each.")
    before, rest = readme.split(BEGIN)
    return f"{before}{BEGIN}\n{table()}\n{END}{rest.split(END)[1]}"


def main() -> int:
    README.write_text(with_table(README.read_text(encoding="utf-8")), encoding="utf-8")
    print(table())
    return 0


if __name__ == "__main__":
    sys.exit(main())
