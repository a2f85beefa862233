"""Would the tests notice? mutmut changes one thing in a function, and its tests have to fail.

    python benchmarks/mutation.py --module patterns/combine.py   # one module, every mutant of it
    python benchmarks/mutation.py --sample 20 --seed 1           # 20 by chance out of each module
    python benchmarks/mutation.py --sample 20 --keep             # results/mutation.json as well

A copy of the tree is changed, in a folder outside of it; nothing here is touched. mutmut is no part
of the course's environment: pip puts it into that folder when it is first needed. It runs each
module's tests once to see which of them call which function; then every mutant is a fork of that
process, in which torch is imported already, and costs no more than those tests.

Not mutated: module-level values, and functions with a decorator (mutmut cannot). Survivors that
change the words of a message only are counted apart: few tests hold a message to its last letter.
All survivors, with their diffs, are written to FOLDER/survivors.json.
"""

import argparse
import json
import os
import platform
import random
import shutil
import subprocess
import sys
import tempfile
from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass
from importlib.metadata import version
from pathlib import Path

from course_utils import threads

ROOT = Path(__file__).resolve().parent.parent
RESULTS = Path(__file__).parent / "results" / "mutation.json"
TOOL = "mutmut==3.8.1"

# Which tests concern which modules: the entry with the longest matching beginning counts.
TESTS = {
    "mixers/": ["mixers"],
    "mixers/attention.py": ["mixers/test_attention.py", "mixers/test_every_mixer.py"],
    "mixers/contract/": ["mixers/test_contract.py"],
    "mixers/memory.py": ["mixers/test_memory.py", "mixers/test_every_mixer.py"],
    "mixers/nothing.py": ["mixers/test_every_mixer.py", "test_models.py"],
    "mixers/sparse/": ["mixers/test_sparse.py", "mixers/test_every_mixer.py"],
    "patterns/": ["patterns/test_patterns.py", "patterns/test_universal.py"],
    "patterns/combine.py": ["patterns/test_patterns.py"],
    "patterns/universal.py": ["patterns/test_universal.py"],
    "decoding.py": ["test_decoding.py"],
    "text.py": ["test_text.py"],
    "training/": ["training"],
    "training/schedules.py": ["training/test_schedules.py", "training/test_training.py"],
    "training/losses.py": ["training/test_losses.py", "training/test_training.py"],
    "training/batches.py": ["training/test_batches.py", "training/test_training.py"],
    "checks/compare.py": ["checks"],
    "checks/engine.py": ["checks"],
}

SURVIVED = ("survived", "no tests", "suspicious")
NAMES = """
import sys
from pathlib import Path
from mutmut.mutation.file_mutation import mutate_file_contents
from mutmut.utils.format_utils import get_mutant_name
path = Path(sys.argv[1])
found = mutate_file_contents(str(path), path.read_text(encoding="utf-8"))
print(*[get_mutant_name(path, name) for name in found.mutant_names], sep="\\n")
"""


@dataclass(frozen=True)
class Outcome:
    """What became of the mutants of one module: "killed", "survived", … by their names."""

    module: str
    status: dict[str, str]
    diffs: dict[str, str]  # of those that survived

    def row(self) -> dict[str, int | float | str]:
        counts = Counter(self.status.values())
        noticed = counts["killed"] + counts["timeout"] + counts["segfault"]
        survived = sum(counts[name] for name in SURVIVED)
        words = sum(map(only_words, self.diffs.values()))
        return {
            "module": self.module,
            "mutants": noticed + survived,
            "killed": counts["killed"] + counts["segfault"],
            "timeouts": counts["timeout"],
            "survived": survived,
            "words": words,
            "score": percent(noticed, noticed + survived),
            "without_words": percent(noticed, noticed + survived - words),
        }


def percent(part: int, whole: int) -> float:
    return round(100 * part / whole, 1) if whole else 100.0


def only_words(diff: str) -> bool:
    """Whether a mutant is the same code with a text put between XX, or in other letters."""
    lines = diff.splitlines()
    before = [line[1:] for line in lines if line.startswith("-") and not line.startswith("---")]
    after = [line[1:] for line in lines if line.startswith("+") and not line.startswith("+++")]
    plain = [line.replace("XX", "").lower() for line in after]
    return before != after and plain == [line.replace("XX", "").lower() for line in before]


# The copy, and mutmut in it


def modules() -> list[str]:
    """What is mutated, as paths inside the package."""
    package = ROOT / "course_utils"
    found: set[Path] = set()
    for beginning in TESTS:
        path = package / beginning
        found |= set(path.rglob("*.py")) if path.is_dir() else {path}
    names = (path.relative_to(package).as_posix() for path in found)
    return sorted(name for name in names if not name.endswith("__init__.py"))


def tests_of(module: str) -> list[str]:
    beginning = max((each for each in TESTS if module.startswith(each)), key=len)
    return [f"tests/unit/{name}" for name in TESTS[beginning]]


def copied_tree(folder: Path) -> Path:
    """The tree as it is now, what is not committed included, in `folder`."""
    tree = folder / "tree"
    shutil.rmtree(tree, ignore_errors=True)
    listed = ["git", "ls-files", "-z", "--cached", "--others", "--exclude-standard"]
    names = subprocess.run(listed, cwd=ROOT, check=True, capture_output=True, text=True).stdout
    for name in filter(None, names.split("\0")):
        if (ROOT / name).is_file():  # and has not just been removed
            (tree / name).parent.mkdir(parents=True, exist_ok=True)
            shutil.copy2(ROOT / name, tree / name)
    return tree


def installed_tool(folder: Path) -> Path:
    """mutmut in a folder of its own, with those versions of other packages that are here."""
    tool = folder / TOOL
    if not tool.exists():
        here = folder / "constraints.txt"
        frozen = subprocess.run(
            [sys.executable, "-m", "pip", "freeze", "--exclude-editable"],
            check=True, capture_output=True, text=True,
        ).stdout  # fmt: skip
        pinned = [line for line in frozen.splitlines() if "==" in line]
        here.write_text("\n".join(pinned) + "\n", encoding="utf-8")
        pip = [sys.executable, "-m", "pip", "install", "-q", "--target", str(tool)]
        subprocess.run([*pip, "-c", str(here), TOOL], check=True)
    return tool


def settings(tree: Path, module: str, limit: int) -> str:
    """mutmut's settings for one module; a mutant has `limit` seconds more than thrice its tests."""
    besides = sorted(
        path.name for path in tree.iterdir()
        if path.name not in ("course_utils", "tests", "mutants", ".git")
    )  # fmt: skip
    options = ["-p", "no:cacheprovider", "-p", "no:xdist", "-p", "no:nbval"]
    several = {
        "source_paths": ["course_utils"],
        "only_mutate": [f"course_utils/{module}"],
        "also_copy": besides,
        "pytest_add_cli_args": options,
        "pytest_add_cli_args_test_selection": tests_of(module),
    }
    lines = ["[mutmut]"]
    for name, values in several.items():
        lines += [f"{name} =", *(f"    {value}" for value in values)]
    lines += [f"timeout_constant = {limit / 3:.1f}", "timeout_multiplier = 3.0"]
    lines += ["track_dependencies = false", "use_git_change_detection = false"]
    return "\n".join(lines) + "\n"


class Mutmut:
    """mutmut in a copy of the tree."""

    def __init__(self, tree: Path, tool: Path):
        self.tree = tree
        # The tool alone: mutmut puts the mutants' folder in front of everything else itself.
        # CI: on a busy machine Hypothesis would count a slow example as a failure.
        aside = {"CI": "true", "PYTHONPATH": str(tool)}
        self.environment = {**os.environ, **threads.one_each(), **aside}

    def python(self, *arguments: str) -> str:
        """What Python prints. SystemExit with the end of it if it fails."""
        done = subprocess.run(
            [sys.executable, *arguments], cwd=self.tree, env=self.environment,
            stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True, encoding="utf-8",
        )  # fmt: skip
        if done.returncode:
            said = done.stdout.replace("\r", "\n").splitlines()[-30:]
            sys.exit("\n".join([*said, f"mutmut failed: {' '.join(arguments)[:200]}"]))
        return done.stdout

    def turn_to(self, module: str, limit: int) -> list[str]:
        """The names of all mutants of a module, which `outcome` can then be asked for."""
        shutil.rmtree(self.tree / "mutants", ignore_errors=True)
        (self.tree / "setup.cfg").unlink(missing_ok=True)
        (self.tree / "setup.cfg").write_text(settings(self.tree, module, limit), encoding="utf-8")
        return self.python("-c", NAMES, f"course_utils/{module}").split()

    def outcome(self, module: str, chosen: Sequence[str], processes: int) -> Outcome:
        """Run these mutants of the module against its tests."""
        self.python("-m", "mutmut", "run", "--max-children", str(processes), *chosen)
        found = self.python("-m", "mutmut", "results", "--all", "True")
        pairs = (line.strip().split(": ", 1) for line in found.splitlines() if ": " in line)
        status = {name: what for name, what in pairs if name in set(chosen)}
        survivors = [name for name, what in status.items() if what in SURVIVED]
        diffs = {name: self.python("-m", "mutmut", "show", name) for name in survivors}
        return Outcome(module, status, diffs)


# What is said


def table(rows: Sequence[dict[str, int | float | str]]) -> str:
    width = max(len(str(row["module"])) for row in rows)
    heads = ["mutants", "killed", "timeouts", "survived", "words", "score", "without_words"]
    lines = [f"{'':{width}}  " + "  ".join(head.replace("_", " ") for head in heads)]
    for row in rows:
        cells = (f"{row[head]:>{len(head)}}" for head in heads)
        lines.append(f"{row['module']:{width}}  " + "  ".join(cells))
    return "\n".join(lines)


def total(rows: Sequence[dict[str, int | float | str]]) -> dict[str, int | float | str]:
    names = ("mutants", "killed", "timeouts", "survived", "words")
    sums = {name: sum(row[name] for row in rows) for name in names}
    noticed = sums["killed"] + sums["timeouts"]
    scores = {
        "score": percent(noticed, sums["mutants"]),
        "without_words": percent(noticed, sums["mutants"] - sums["words"]),
    }
    return {"module": "all", **sums, **scores}


def options() -> argparse.Namespace:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    known = modules()
    parser.add_argument(
        "--module", action="append", metavar="PATH",
        help=f"of the package; may be given several times. Without: all {len(known)}",
    )  # fmt: skip
    parser.add_argument("--sample", type=int, metavar="N", help="mutants a module; all without")
    parser.add_argument("--seed", type=int, default=0, metavar="S", help="of the sample")
    parser.add_argument("--limit", type=int, default=15, metavar="SECONDS", help="a mutant's")
    parser.add_argument("--processes", type=int, choices=(1, 2), default=1)
    parser.add_argument("--folder", type=Path, help="for the copy, the tool and survivors.json")
    parser.add_argument("--keep", action="store_true", help="write results/mutation.json")
    chosen = parser.parse_args()
    if strangers := set(chosen.module or []) - set(known):
        parser.error(f"{min(strangers)} is none of {', '.join(known)}.")
    for name in ("sample", "limit"):
        if (value := getattr(chosen, name)) is not None and value < 1:
            parser.error(f"--{name} is a number of 1 or more, got {value}.")
    return chosen


def main() -> int:
    chosen = options()
    folder = chosen.folder or Path(tempfile.gettempdir()) / "attention-optional-mutation"
    folder.mkdir(parents=True, exist_ok=True)
    mutmut = Mutmut(copied_tree(folder), installed_tool(folder))
    outcomes: list[Outcome] = []
    for module in chosen.module or modules():
        names = mutmut.turn_to(module, chosen.limit)
        if chosen.sample is not None and chosen.sample < len(names):
            names = sorted(random.Random(f"{chosen.seed} {module}").sample(names, chosen.sample))
        if not names:
            print(f"{module}: nothing to change", flush=True)
            continue
        outcomes.append(mutmut.outcome(module, names, chosen.processes))
        print(table([outcomes[-1].row()]), flush=True)
        diffs = {name: diff for outcome in outcomes for name, diff in outcome.diffs.items()}
        survivors = folder / "survivors.json"
        survivors.write_text(json.dumps(diffs, indent=1) + "\n", encoding="utf-8")
    rows = [outcome.row() for outcome in outcomes]
    if not rows:
        return 0
    rows.append(total(rows))
    print(f"\n{table(rows)}\nSurvivors: {survivors}")
    if chosen.keep:
        found = {
            "tool": TOOL,
            "sample": chosen.sample,
            "seed": chosen.seed,
            "hardware": platform.machine(),
            "torch": version("torch"),
            "modules": rows,
        }
        RESULTS.write_text(json.dumps(found, indent=1) + "\n", encoding="utf-8")
    return 0


if __name__ == "__main__":
    sys.exit(main())
