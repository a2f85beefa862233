"""JupyterLab, opened on the first lesson."""

import os
import signal
import socket
import subprocess
import sys
from collections.abc import Mapping
from pathlib import Path

from course_utils import threads
from course_utils.environment import places
from course_utils.environment.install import Environment
from course_utils.paths import NOTEBOOKS, ROOT
from course_utils.problem import Problem

FIRST_LESSON = NOTEBOOKS / "00_start_here.ipynb"


def open_lab(environment: Environment, *, port: int | None, browser: bool) -> int:
    """Run JupyterLab until it is stopped; its exit status."""
    command = lab_command(environment.python, port=port, browser=browser, root_user=is_root())
    print("Starting JupyterLab; Ctrl-C in this window stops it.", flush=True)
    process = subprocess.Popen(command, env=lab_variables(environment, os.environ), cwd=ROOT)
    signal.signal(signal.SIGTERM, lambda *_: process.terminate())
    while True:
        try:
            code = process.wait()
            break
        except KeyboardInterrupt:  # JupyterLab heard it too, and closes what is open
            continue
    if code > 0:
        raise Problem(
            "JupyterLab stopped with an error, told above: python3 -m course_utils doctor looks "
            "for the cause."
        )
    return 0


def lab_command(
    python: Path, *, port: int | None, browser: bool, root_user: bool = False
) -> list[str]:
    """The command line that starts JupyterLab in the course's folder."""
    lesson = FIRST_LESSON.relative_to(ROOT).as_posix()
    command = [
        str(python),
        *("-m", "jupyterlab"),
        f"--ServerApp.root_dir={ROOT}",
        f"--LabApp.default_url=/lab/tree/{lesson}",
        "--ServerApp.answer_yes=True",  # Ctrl-C once is enough
        "--ServerApp.log_level=ERROR",
        "--LabApp.log_level=ERROR",
    ]
    if port is not None:
        command += [f"--ServerApp.port={port}", "--ServerApp.port_retries=0"]
    if not browser:
        command.append("--no-browser")
    if root_user:
        command.append("--allow-root")
    return command


def lab_variables(environment: Environment, environ: Mapping[str, str]) -> dict[str, str]:
    """The variables JupyterLab, its terminals and its kernels start with."""
    commands = str(places.scripts(environment.prefix, sys.platform))
    return {
        **environ,
        **{name: environ.get(name, value) for name, value in threads.SETTINGS.items()},
        "JUPYTER_PREFER_ENV_PATH": "1",  # this environment's kernel, not a namesake of the user's
        "PATH": os.pathsep.join([commands, environ.get("PATH", os.defpath)]),
        "VIRTUAL_ENV": str(environment.prefix),
    }


def free_or_problem(port: int | None) -> None:
    """Find out before anything is installed that the wished-for port cannot be had."""
    if port is not None and not 1 <= port <= 65535:
        raise Problem(f"Port {port} does not exist: choose one between 1024 and 65535 with --port.")
    if port is not None and is_taken(port):
        raise Problem(f"Port {port} is taken by another program: choose another with --port.")


def is_taken(port: int) -> bool:
    with socket.socket(socket.AF_INET, socket.SOCK_STREAM) as probe:
        if sys.platform != "win32":  # a port that was closed a moment ago is free
            probe.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        try:
            probe.bind(("127.0.0.1", port))
        except OSError:
            return True
    return False


def is_root() -> bool:
    return hasattr(os, "geteuid") and os.geteuid() == 0
