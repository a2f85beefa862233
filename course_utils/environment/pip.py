"""pip with a sign of life, and its failures in one sentence.

pip's own environment (PIP_…) and configuration hold as everywhere.
"""

import os
import re
import subprocess
import sys
import threading
import time
from collections.abc import Mapping, Sequence
from pathlib import Path

from course_utils.problem import Problem

NO_NETWORK = re.compile(
    r"NewConnectionError|NameResolutionError|Temporary failure in name resolution|ConnectTimeout"
    r"|getaddrinfo failed|Network is unreachable|ProxyError|Connection refused|ReadTimeout"
    r"|Read timed out|Connection reset|nodename nor servname"
)
NOT_FOUND = re.compile(r"No matching distribution found for (\S+)")
NEWS = re.compile(r"^\s*(?:Collecting|Downloading|Using cached|Building wheel for) (\S+)")


def install(
    python: Path, requirements: Sequence[str], options: Sequence[str], *, log: Path
) -> None:
    """Install into `python`'s environment, all in one call; a `Problem` when pip fails.

    `options` are pip's own, such as --proxy or --extra-index-url. Everything pip says goes to
    `log`; the screen gets a sign of life.
    """
    command = [str(python), "-m", "pip", "install", "--no-input", "--disable-pip-version-check"]
    code = watch([*command, *requirements, *options], log)
    if code:
        said = log.read_text(encoding="utf-8", errors="replace")
        raise Problem(explain(said[said.rfind("$ ") :], log))


def watch(command: Sequence[str], log: Path) -> int:
    """Run `command`, its output appended to `log`; meanwhile show that something moves."""
    sign = Sign()
    with log.open("a", encoding="utf-8") as file:
        file.write(f"$ {command[0]} {' '.join(command[2:4])}\n")
        process = subprocess.Popen(
            command,
            stdout=subprocess.PIPE,
            stderr=subprocess.STDOUT,
            stdin=subprocess.DEVNULL,
            text=True,
            encoding="utf-8",
            errors="replace",
            env=variables(os.environ),
        )

        def listen() -> None:
            for line in process.stdout:
                file.write(line)
                sign.hear(line)

        listener = threading.Thread(target=listen, daemon=True)
        listener.start()
        try:
            while listener.is_alive():
                sign.show()
                listener.join(0.5)
            return process.wait()
        finally:
            if process.poll() is None:
                process.terminate()
                process.wait()
            sign.clear()


def variables(environ: Mapping[str, str]) -> dict[str, str]:
    """pip's variables: the user's PIP_… and proxies, but no packages from elsewhere."""
    elsewhere = ("PYTHONPATH", "PYTHONHOME")
    kept = {name: value for name, value in environ.items() if name not in elsewhere}
    return kept | {"PYTHONUNBUFFERED": "1", "PYTHONIOENCODING": "utf-8"}


class Sign:
    """One line that changes on a terminal; a dot every few seconds where lines cannot change."""

    EVERY = 5.0  # seconds from dot to dot

    def __init__(self, stream=None):
        self.stream = stream or sys.stdout
        self.started = self.dotted = time.monotonic()
        self.text = "asking for packages"
        self.dots = 0

    def hear(self, line: str) -> None:
        """Take what pip is doing from a line of its output."""
        if news := NEWS.match(line):
            self.text = short(news.group(1))
        elif line.startswith("Installing collected packages"):
            self.text = "unpacking"

    def show(self) -> None:
        now = time.monotonic()
        if self.stream.isatty():
            shown = f"    {now - self.started:4.0f} s  {self.text}"
            self.stream.write(f"\r{shown[:76]:<76}")
        elif now - self.dotted >= self.EVERY:
            self.stream.write("." if self.dots else "    .")
            self.dots, self.dotted = self.dots + 1, now
        self.stream.flush()

    def clear(self) -> None:
        if self.stream.isatty():
            self.stream.write("\r" + " " * 76 + "\r")
        elif self.dots:
            self.stream.write("\n")
        self.stream.flush()


def short(package: str) -> str:
    """ "torch 2.13.0" for a wheel's long file name; other things pip fetches as they are."""
    name = package.rsplit("/", 1)[-1]
    return " ".join(name.split("-")[:2]) if name.endswith(".whl") else name


def explain(said: str, log: Path) -> str:
    """One sentence about a failed pip that says what to do; `said` is all that pip printed."""
    if "No space left on device" in said or "not enough space on the disk" in said:
        return "The disk is full: free some gigabytes and run the same command again."
    if "CERTIFICATE_VERIFY_FAILED" in said:
        return (
            "The network shows a certificate that Python does not trust: if your school or company "
            "has its own, name its file with --cert FILE and run the same command again."
        )
    if NO_NETWORK.search(said):
        return (
            "There is no way to the package index: connect to the internet (behind a proxy, add "
            "--proxy ADDRESS) and run the same command again."
        )
    if missing := NOT_FOUND.search(said):
        version = f"{sys.version_info.major}.{sys.version_info.minor}"
        return (
            f"pip finds no {missing.group(1)} for Python {version} on this system: look at your "
            "pip options and configuration, or run the same command with another Python (3.11 is "
            "the one that was tested)."
        )
    if "no such option" in said or "unrecognized arguments" in said:
        option = re.search(r"(?:no such option|unrecognized arguments): (\S+)", said)
        return (
            f"Neither this command nor pip knows {option.group(1) if option else 'an option'}: "
            "python3 -m course_utils --help says what there is."
        )
    errors = re.findall(r"^ERROR: (.+)$", said, flags=re.MULTILINE)
    reason = errors[-1].rstrip(".") if errors else "it says why in its log"
    return (
        f"pip could not install the packages ({reason}): mend that, or read {log}, and run again."
    )
