"""All benchmarks, one after another, and the README's table out of what they found.

    python benchmarks/all.py                   # most of an hour on two cores
    python benchmarks/all.py fourier memory    # these only

One at a time: two at once would measure each other. One that fails is named at the end, and the
table keeps what is stored of it; the exit status is 1 then. `mutation.py` is not among them: it
asks after the tests, not after speed, and fetches a tool for it.
"""

import argparse
import subprocess
import sys
import time
from pathlib import Path

import report

HERE = Path(__file__).parent
NO_BENCHMARKS = {"all", "report", "mutation"}


def names() -> list[str]:
    """The benchmarks that lie beside this file."""
    return sorted({path.stem for path in HERE.glob("*.py")} - NO_BENCHMARKS)


def failed(chosen: list[str]) -> list[str]:
    """Run these; returns the names of those whose exit status was not 0."""
    broken = []
    for name in chosen:
        print(f"{name} …", flush=True)
        started = time.monotonic()
        status = subprocess.run([sys.executable, str(HERE / f"{name}.py")]).returncode
        print(f"{name}: {time.monotonic() - started:.0f} s, exit status {status}", flush=True)
        if status:
            broken.append(name)
    return broken


def main(arguments: list[str] | None = None) -> int:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0], allow_abbrev=False)
    parser.add_argument("names", nargs="*", help=f"some of {', '.join(names())}; without, all")
    chosen = parser.parse_args(arguments).names or names()
    if strangers := sorted(set(chosen) - set(names())):
        parser.error(f"there is no benchmark {strangers[0]!r}: choose from {', '.join(names())}.")
    broken = failed(chosen)
    report.main()
    if broken:
        print(f"failed, and not renewed in the table: {', '.join(broken)}", file=sys.stderr)
    return 1 if broken else 0


if __name__ == "__main__":
    sys.exit(main())
