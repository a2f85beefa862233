"""JupyterLab, opened on the first lesson."""

import http.client
import json
import os
import signal
import socket
import subprocess
import sys
import urllib.request
import webbrowser
from collections.abc import Mapping
from pathlib import Path

from course_utils import threads
from course_utils.environment import places
from course_utils.environment.install import Environment
from course_utils.paths import ROOT
from course_utils.problem import Problem

FIRST_LESSON = "lab/tree/notebooks/00_start_here.ipynb"


def open_lab(environment: Environment, folder: Path, *, port: int | None, browser: bool) -> int:
    """Run JupyterLab on the folder until it is stopped; its exit status."""
    command = lab_command(
        environment.python, folder, port=port, browser=browser, root_user=is_root()
    )
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


def running(environment: Environment, folder: Path) -> str | None:
    """The address of a JupyterLab that has this folder open and answers; None if there is none."""
    without_proxy = urllib.request.build_opener(urllib.request.ProxyHandler({}))
    for note in server_notes(environment.python):
        try:
            server = json.loads(note.read_text(encoding="utf-8"))
            if not os.path.samefile(server["root_dir"], folder):
                continue
            token = f"?token={server['token']}" if server["token"] else ""
            without_proxy.open(f"{server['url']}api/status{token}", timeout=5).close()
            return f"{server['url']}{FIRST_LESSON}{token}"
        except (OSError, http.client.HTTPException, ValueError, TypeError, LookupError):
            continue  # it was killed, or is none of ours: such notes are left behind
    return None


def server_notes(python: Path) -> list[Path]:
    """The file that each of the user's Jupyter servers keeps while it runs."""
    ask = [str(python), "-m", "jupyter_core", "--runtime-dir"]
    try:
        told = subprocess.run(ask, capture_output=True, text=True, timeout=60).stdout.strip()
    except (OSError, subprocess.TimeoutExpired):  # no environment yet, or a broken one
        return []
    return sorted(Path(told).glob("jpserver-*.json")) if told else []


def point_to(address: str, *, browser: bool) -> int:
    """Name the JupyterLab that runs already, and show it; an exit status."""
    print(f"JupyterLab runs already, started from another window: {address}", flush=True)
    if browser:
        webbrowser.open(address)
    return 0


def lab_command(
    python: Path, folder: Path, *, port: int | None, browser: bool, root_user: bool = False
) -> list[str]:
    """The command line that starts JupyterLab on the first lesson of the folder."""
    command = [
        str(python),
        *("-m", "jupyterlab"),
        f"--ServerApp.root_dir={folder}",
        f"--LabApp.default_url=/{FIRST_LESSON}",
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
