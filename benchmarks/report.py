"""The tables of measurements, out of the results that the benchmarks have stored.

    python benchmarks/report.py     # the short one into README.md, all of it into docs/measured.md

Each stands between two marks. `tests/unit/benchmarks/test_report.py` holds both against the
results.
"""

import json
import statistics
import sys
from collections.abc import Sequence
from pathlib import Path
from typing import Any, NamedTuple

ROOT = Path(__file__).resolve().parent.parent
RESULTS = ROOT / "benchmarks" / "results"
CHECKPOINTS = ROOT / "course_utils" / "trained" / "checkpoints"
EXPERIMENTS = ROOT / "course_utils" / "experiments" / "results"
# Each leaves out three quarters or more.
PATTERNS = ("strided 5, multihead", "fixed 4, multihead", "star 1")
README, MEASURED = ROOT / "README.md", ROOT / "docs" / "measured.md"
BEGIN, END = "<!-- measured: benchmarks/report.py writes this table -->", "<!-- end of measured -->"


class Row(NamedTuple):
    """What was measured, how it came out, and what measures it again."""

    what: str
    result: str
    again: str  # a benchmark or a command of the course, or several of them behind commas
    headline: bool = False  # stands in the README, too

    @property
    def commands(self) -> str:
        """As they are typed: a benchmark needs the environment, a command finds it by itself."""
        each = [
            ("python3 -m " if one.startswith("course_utils ") else ".venv/bin/python ") + one
            for one in self.again.split(", ")
        ]
        return ", ".join(f"`{one}`" for one in each)


def stored(path: Path) -> dict[str, Any]:
    return json.loads(path.read_text(encoding="utf-8"))


def means(name: str, label: str = "name") -> dict[str, list[float]]:
    """The means in an experiment's table, by its candidates' names."""
    found: dict[str, list[float]] = {}
    for row in stored(EXPERIMENTS / f"{name}.json")["table"]:
        found.setdefault(row[label], []).append(row["mean"])
    return found


def training() -> list[Row]:
    found = stored(RESULTS / "training.json")
    against, learned = found["train"]["course_against"], found["learn"]
    at_the_end = [values[-1] for values in found["memory"]["megabytes"].values()]
    return [
        Row(
            "training a small language model, tokens a second",
            ", ".join(f"{ratio} × {name}" for name, ratio in against.items()),
            "benchmarks/training.py train",
            headline=True,
        ),
        Row(
            f"its validation loss after {learned['steps']:,} steps of nanoGPT's recipe "
            f"(which reports {learned['nanogpt_reports']})",
            f"{learned['validation_nats']} nats",
            "benchmarks/training.py learn",
        ),
        Row(
            "writing 512 tokens with a key/value cache, against without",
            f"{found['speak']['new_tokens']['512']['speed_up']} × faster",
            "benchmarks/training.py speak",
        ),
        Row(
            f"memory for a backward pass at n = {found['memory']['n'][-1]:,}: the n × n table "
            "against SDPA",
            f"{at_the_end[1] / at_the_end[0]:.0f} × more",
            "benchmarks/training.py memory",
        ),
    ]


def sparse() -> list[Row]:
    found = stored(RESULTS / "sparse.json")["lengths"]["8192"]
    window, masked = found["window"], found["masked"]
    copied = {
        row["choice"]: row["mean"]
        for row in stored(EXPERIMENTS / "sparse-copying-laptop.json")["table"]
        if row["n_layers"] == 4
    }
    return [
        Row(
            f"sparse attention at n = 8,192, a window of {window['keys_per_token']:.0f} keys, "
            "against PyTorch's dense SDPA",
            f"{window['forward_speed_up']} × faster forward, {window['both_speed_up']} × with the "
            "way back",
            "benchmarks/sparse.py",
            headline=True,
        ),
        Row(
            "its memory, against dense SDPA under the same window as a mask",
            f"{window['peak_megabytes']:.0f} MB against {masked['peak_megabytes']:.0f} MB",
            "benchmarks/sparse.py",
        ),
        Row(
            "symbols copied by four layers of sparse attention: strided, fixed, star",
            ", ".join(f"{copied[name]:.0%}" for name in PATTERNS),
            "course_utils reproduce sparse --size laptop --task copying",
        ),
    ]


def fourier() -> list[Row]:
    found = stored(RESULTS / "fourier.json")["lengths"]
    faster = [found[n]["attention"]["block_against_fourier"] for n in ("512", "2048", "8192")]
    on_a_gpu = {
        run["run"]["choice"]["name"]: run["result"]["times attention's speed"]
        for run in stored(EXPERIMENTS / "fnet-speed-paper.json")["runs"]
    }
    answers = means("fnet-questions-laptop")
    return [
        Row(
            "a training step of a block with Fourier mixing, against attention's, at n = 512, "
            "2,048 and 8,192",
            f"{faster[0]:.1f}, {faster[1]:.1f} and {faster[2]:.1f} × faster",
            "benchmarks/fourier.py",
            headline=True,
        ),
        Row(
            "the same for FNet-Base and its hybrid at 512 tokens, on an H100",
            f"{on_a_gpu['Fourier']:.1f} and {on_a_gpu['hybrid']:.1f} × faster",
            "course_utils reproduce fnet --size paper --task speed",
        ),
        Row(
            "questions about texts after guessing hidden words: attention, hybrid, Fourier by its "
            "two recipes",
            ", ".join(
                f"{mean:.0%}"
                for name in ("attention", "hybrid", "Fourier")
                for mean in answers[name]
            ),
            "course_utils reproduce fnet --size laptop --task questions",
            headline=True,
        ),
    ]


def memory() -> list[Row]:
    found = stored(RESULTS / "memory.json")["lengths"]
    of_four = [found[n]["all-attention, 4 layers, N = 512"] for n in ("128", "512", "2048")]
    trains, writes = (
        ", ".join(f"{row[f'{what}_against_feed_forward']:.2f}" for row in of_four)
        for what in ("train", "write")
    )
    return [
        Row(
            "all-attention against attention and feed-forward layers of as many weights, at "
            "n = 128, 512 and 2,048",
            f"trains {trains} × as fast, writes {writes} × as fast",
            "benchmarks/memory.py",
        )
    ]


def bakeoff() -> list[Row]:
    copies = means("bakeoff-copying-laptop")
    return [
        Row(
            "two blocks copy from 18 places away: attention, Fourier, bigbird, a window",
            ", ".join(
                f"{max(copies[name]):.0%}" for name in ("attention", "Fourier", "bigbird", "window")
            ),
            "course_utils reproduce bakeoff --size laptop --task copying",
            headline=True,
        )
    ]


def checkpoints() -> list[Row]:
    translator = stored(CHECKPOINTS / "translator" / "score.json")
    writers = [stored(CHECKPOINTS / name / "score.json") for name in ("shakespeare", "memory")]
    return [
        Row(
            "the translator that comes along, BLEU on 1,000 test sentences, beam 4",
            f"{translator['all']['BLEU, beam 4']:.1f}",
            "course_utils train translator",
        ),
        Row(
            "the Shakespeare models that come along, with and without feed-forward layers, bits "
            "per character",
            " and ".join(f"{model['all']['bits per character']:.2f}" for model in writers),
            "course_utils train shakespeare, course_utils train memory",
            headline=True,
        ),
    ]


def explorers() -> list[Row]:
    paints = [row["median_ms"] for row in stored(RESULTS / "widgets.json")["results"]]
    return [
        Row(
            "an explorer's answer to a slider or the mouse, the slowest median",
            f"{max(paints):.0f} ms (median of all {statistics.median(paints):.0f} ms)",
            "benchmarks/widgets.py",
        )
    ]


def classroom() -> list[Row]:
    found = stored(RESULTS / "classroom.json")
    return [
        Row(
            f"grading a class of {found['students']}, {found['kinds']['hostile']} of them hostile, "
            f"against nbgrader one by one; and killed {found['killed_times']} times",
            f"{found['times_faster_than_one_by_one']} × faster; {len(found['lost'])} lost, "
            f"{len(found['wrong_scores'])} wrong grades",
            "benchmarks/classroom.py",
        )
    ]


def rows() -> list[Row]:
    parts = (training, sparse, fourier, memory, bakeoff, checkpoints, explorers, classroom)
    return [row for part in parts for row in part()]


def table(chosen: Sequence[Row]) -> str:
    lines = ["| what | measured | again with |", "|---|---|---|"]
    lines += [f"| {row.what} | {row.result} | {row.commands} |" for row in chosen]
    return "\n".join(lines)


def tables() -> dict[Path, str]:
    """The table of each document."""
    everything = rows()
    return {
        README: table([row for row in everything if row.headline]),
        MEASURED: table(everything),
    }


def with_table(text: str, found: str) -> str:
    """The text with the table in its place. ValueError where the marks are missing."""
    if text.count(BEGIN) != 1 or text.count(END) != 1:
        raise ValueError(f"The text needs the lines {BEGIN!r} and {END!r}, once each.")
    before, rest = text.split(BEGIN)
    return f"{before}{BEGIN}\n{found}\n{END}{rest.split(END)[1]}"


def main() -> int:
    for path, found in tables().items():
        path.write_text(with_table(path.read_text(encoding="utf-8"), found), encoding="utf-8")
    print(tables()[MEASURED])
    return 0


if __name__ == "__main__":
    sys.exit(main())
