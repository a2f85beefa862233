"""An environment made in a moment, which sees the packages of this one, but not the checkout."""

import os
import subprocess
import sys
import sysconfig
import venv
from pathlib import Path

# Commands that a teacher calls by their name, and the module that each of them starts.
COMMANDS = {
    "alembic": "alembic.config",
    "jupyter": "jupyter_core",
    "jupyter-labextension": "jupyterlab.labextensions",
    "nbgrader": "nbgrader",
}


class ThinEnvironment:
    """A virtual environment in `prefix`; what is installed there hides what it borrows."""

    def __init__(self, prefix: Path):
        self.prefix = prefix
        venv.create(prefix, symlinks=os.name != "nt")
        scripts = prefix / ("Scripts" if os.name == "nt" else "bin")
        self.python = scripts / ("python.exe" if os.name == "nt" else "python3")
        (self.packages / "borrowed.pth").write_text(sysconfig.get_path("purelib") + "\n")
        for name, module in COMMANDS.items():
            (scripts / name).write_text(f'#!/bin/sh\nexec "{self.python}" -m {module} "$@"\n')
            (scripts / name).chmod(0o755)
        elsewhere = ("PYTHONPATH", "PYTHONHOME", "VIRTUAL_ENV", "CONDA_PREFIX")
        kept = {name: value for name, value in os.environ.items() if name not in elsewhere}
        self.variables = {**kept, "PATH": os.pathsep.join([str(scripts), kept["PATH"]])}

    @property
    def packages(self) -> Path:
        variables = {"base": str(self.prefix), "platbase": str(self.prefix)}
        return Path(sysconfig.get_path("purelib", "venv", variables))

    def install(self, *what: str) -> None:
        """pip install from the disk alone, without dependencies."""
        options = ["--no-index", "--no-deps", "--no-build-isolation", "-q"]
        command = [sys.executable, "-m", "pip", "--python", str(self.python), "install", *options]
        done = subprocess.run([*command, *what], capture_output=True, text=True, env=self.variables)
        assert done.returncode == 0, done.stdout + done.stderr

    def run(self, *arguments: str, cwd: Path, **more) -> subprocess.CompletedProcess:
        """Its Python, somewhere; what it said and its exit status."""
        command = [str(self.python), *arguments]
        return subprocess.run(
            command, cwd=cwd, env=self.variables, capture_output=True, text=True, **more
        )
