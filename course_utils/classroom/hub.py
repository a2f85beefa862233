"""`python -m course_utils class hub DIR`: a JupyterHub with a teacher and test users, to try out.

Log-in, the exchange and everybody's menus are those of a department's server: the demo loads
classroom/jupyterhub_config.py and overrides what needs accounts of the system. So all servers run
as whoever starts the demo, and no user is kept from another's files.
"""

import argparse
import getpass
import importlib.util
import json
import os
import shutil
import signal
import socket
import subprocess
import sys
import sysconfig
import time
import urllib.error
import urllib.request
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

from course_utils import threads
from course_utils.classroom import hub_accounts
from course_utils.classroom.hub_accounts import TEACHER
from course_utils.paths import ROOT, expanded
from course_utils.problem import Problem

CLASSROOM = ROOT / "classroom"  # what a department copies
PACKAGES = {  # the module that is imported, and the package that pip knows
    "jupyterhub": "jupyterhub",
    "jupyterhub_idle_culler": "jupyterhub-idle-culler",
    "configurable_http_proxy": "configurable-http-proxy",
}
MARK = "ATTENTION_OPTIONAL_HUB"  # in the environment of all that the demo starts
START_TIMEOUT = 90  # seconds for the hub to answer on a busy machine
STOP_TIMEOUT = 60  # seconds for it to end every user's server and their kernels

HUB_CONFIG = """\
# Written anew by `class hub` at each start.
c = get_config()
load_subconfig({department!r})

# Free ports of this machine, and nothing that other machines could reach.
c.JupyterHub.bind_url = "http://127.0.0.1:{port}"
c.JupyterHub.hub_port = {hub_port}
c.ConfigurableHTTPProxy.api_url = "http://127.0.0.1:{proxy_port}"
c.ConfigurableHTTPProxy.command = [
    {python!r}, "-c", "from configurable_http_proxy.cli import main; main()",
    "--proxy-timeout=300000",  # it tells of a server that starts when it has started, and no sooner
]

# The hub's own files, in the folder that it runs in. When it ends, all servers end.
c.JupyterHub.db_url = "sqlite:///jupyterhub.sqlite"
c.JupyterHub.cookie_secret_file = "cookie_secret"
c.ConfigurableHTTPProxy.pid_file = "proxy.pid"
c.JupyterHub.cleanup_servers = True

# Passwords from a file, since there are no accounts of the system to log in to.
c.JupyterHub.authenticator_class = "course_utils.classroom.hub_login.PasswordFile"
c.PasswordFile.passwords = "passwords.json"
c.Authenticator.allowed_users = set({names!r})

# Everybody's server runs as the user who started the demo, each in a folder of its own.
c.JupyterHub.spawner_class = "simple"
c.SimpleLocalProcessSpawner.home_dir_template = {homes!r}
c.Spawner.cmd = {command!r}
c.Spawner.args = [*c.Spawner.args, *{arguments!r}]
c.Spawner.environment = {{**c.Spawner.environment, **{environment!r}}}
"""

NBGRADER_CONFIG = """\
import os

c = get_config()

c.CourseDirectory.course_id = "attention-optional"
c.Exchange.root = {exchange!r}

# All files belong to one user of the system, so nbgrader goes by the name in the hub instead.
user = os.environ.get("JUPYTERHUB_USER", {teacher!r})
if user != {teacher!r}:
    c.CourseDirectory.student_id = user
c.ExchangeCollect.check_owner = False
"""
# JupyterLab does not ask a newcomer whether it may look for news.
LAB_SETTINGS = {
    "@jupyterlab/apputils-extension:notification": {"fetchNews": "false", "checkForUpdates": False},
    # As in the course's own JupyterLab: explorers run when a notebook is opened again.
    "@jupyter-widgets/jupyterlab-manager:plugin": {"saveState": True},
}


@dataclass(frozen=True)
class Demo:
    """The folder of a demo, and where things lie in it."""

    folder: Path

    @property
    def hub(self) -> Path:
        """The hub's own: configuration, hashes of the passwords, database, log."""
        return self.folder / "hub"

    @property
    def passwords(self) -> Path:
        return self.hub / "passwords.json"

    @property
    def exchange(self) -> Path:
        return self.folder / "exchange"

    @property
    def jupyter(self) -> Path:
        """Jupyter's and nbgrader's settings for everybody."""
        return self.folder / "jupyter"

    def home(self, name: str) -> Path:
        return self.folder / "homes" / name

    @property
    def course(self) -> Path:
        """The teacher's folder of the class: solutions, gradebook, what was handed in."""
        return self.home(TEACHER) / "class"


@dataclass(frozen=True)
class Ports:
    port: int
    hub_port: int
    proxy_port: int


def add_hub_command(subparsers) -> None:
    """Register `hub` and `publish` among the subcommands of `class`.

    The `run(chosen)` of each returns an exit status.
    """
    about = "a JupyterHub with a teacher and test users, to try out"
    parser = subparsers.add_parser("hub", help=about, description=about, allow_abbrev=False)
    add_arguments(parser)
    parser.set_defaults(run=run)
    about = "put assignments and feedback pages into nbgrader's exchange"
    parser = subparsers.add_parser("publish", help=about, description=about, allow_abbrev=False)
    parser.add_argument("names", nargs="*", metavar="NAME", help="such as 03; without, all")
    parser.add_argument(
        "--class", dest="folder", type=expanded, default=Path(), metavar="FOLDER",
        help="the class's folder; without, the one you are in",
    )  # fmt: skip
    parser.add_argument(
        "--exchange",
        type=expanded,
        metavar="FOLDER",
        help="without, the one that nbgrader is set to",
    )
    parser.set_defaults(run=publish)


def publish(chosen: argparse.Namespace) -> int:
    """`class publish`: what is released goes out, and the pages of `class feedback` go back."""
    from course_utils.classroom import exchange
    from course_utils.classroom.place import Classroom

    place = Classroom(chosen.folder)
    where = chosen.exchange or exchange.configured()
    for name in place.select(chosen.names):
        out = "handed out" if exchange.hand_out(place, name, where) else "was out already"
        print(f"{name}: {out}; {exchange.hand_back(place, name, where)} pages handed back.")
    return 0


def main(arguments: list[str]) -> int:
    """The command alone: 0 when it was stopped, a Problem where it cannot run."""
    parser = argparse.ArgumentParser(
        prog="python3 -m course_utils class hub", description=__doc__.partition("\n")[0]
    )
    add_arguments(parser)
    return run(parser.parse_args(arguments))


def add_arguments(parser: argparse.ArgumentParser) -> None:
    parser.add_argument(
        "folder", type=expanded, metavar="DIR", help="the demo's folder, new or its own"
    )
    parser.add_argument("--users", type=int, metavar="N", help="how many test users (default 3)")
    parser.add_argument("--names", nargs="+", metavar="NAME", help="their names, such as ada grace")
    parser.add_argument(
        "--assignment", metavar="NAME", help="what is released to them (default 01_…, the first)"
    )
    parser.add_argument(
        "--port", type=int, metavar="P", help="the hub's port (default: a free one)"
    )
    parser.add_argument(
        "--new-passwords", action="store_true", help="make and print new passwords for everybody"
    )


def run(chosen: argparse.Namespace) -> int:
    """Make what is missing in the folder, run the hub until Ctrl-C; 0."""
    expect_packages()
    demo = Demo(chosen.folder.resolve())
    names = users_of(demo, chosen.users, chosen.names)
    with alone(demo):
        prepare(demo, names)
        prepare_class(demo, names, chosen.assignment)
        give_passwords(demo, names, new=chosen.new_passwords)
        return serve(demo, names, free_ports(chosen.port))


def expect_packages(find=importlib.util.find_spec, platform: str = sys.platform) -> None:
    """A Problem that says what to install, where something is missing."""
    if platform == "win32":
        raise Problem(
            "JupyterHub does not run on Windows: use a Linux machine, or WSL on this one."
        )
    missing = [package for module, package in PACKAGES.items() if find(module) is None]
    if missing:
        raise Problem(
            f"The hub demo needs packages that the lessons do not: {', '.join(missing)}. Install "
            f"them with {sys.executable} -m pip install --constraint {ROOT / 'constraints.txt'} "
            f"{' '.join(missing)}"
        )


# What is made in the folder


def users_of(demo: Demo, count: int | None, names: list[str] | None) -> list[str]:
    """The students' names: those asked for, or those that the folder has already."""
    if count is not None and names is not None:
        raise Problem("--users makes names itself, and --names gives them: leave one of the two.")
    if demo.folder.exists() and not demo.hub.exists() and any(demo.folder.iterdir()):
        raise Problem(
            f"{demo.folder} is there already and is no hub demo: name a new folder, and this "
            "command makes it."
        )
    there = students(demo)
    wanted = hub_accounts.checked(names) if names is not None else None
    if wanted is None and (count is not None or not there):
        wanted = hub_accounts.numbered(3 if count is None else count)
    if there and wanted is not None and sorted(wanted) != there:
        raise Problem(
            f"The demo in {demo.folder} has the users {', '.join(there)}, and you ask for "
            f"{', '.join(wanted)}: leave --users and --names out, or name a new folder."
        )
    return wanted or there


def students(demo: Demo) -> list[str]:
    """Who has an account in the demo already, without the teacher."""
    if not demo.passwords.exists():
        return []
    return sorted(set(hub_accounts.load(demo.passwords)) - {TEACHER})


def prepare(demo: Demo, names: list[str]) -> None:
    """Everybody's folders, the exchange, and the settings of Jupyter and nbgrader."""
    for folder in (demo.hub, demo.exchange, demo.jupyter, *map(demo.home, [TEACHER, *names])):
        folder.mkdir(parents=True, exist_ok=True)
    demo.hub.chmod(0o700)
    demo.exchange.chmod(0o1777)
    settings = demo.jupyter / "labconfig"
    settings.mkdir(exist_ok=True)
    shutil.copy(CLASSROOM / "page_config.json", settings)
    shutil.copy(CLASSROOM / "jupyter_server_config.json", demo.jupyter)
    (settings / "default_setting_overrides.json").write_text(json.dumps(LAB_SETTINGS), "utf-8")
    (demo.jupyter / "nbgrader_config.py").write_text(
        NBGRADER_CONFIG.format(exchange=str(demo.exchange), teacher=TEACHER), "utf-8"
    )


def prepare_class(demo: Demo, names: list[str], assignment: str | None) -> None:
    """The teacher's class with these students, and one assignment of it in the exchange."""
    from course_utils.classroom import command, exchange
    from course_utils.classroom.place import Classroom
    from course_utils.classroom.release import select

    wanted = select([assignment] if assignment else [])[0]
    roster, lines = demo.hub / "roster.csv", "\n".join(["id", *names]) + "\n"
    if not roster.exists() or roster.read_text("utf-8") != lines:
        roster.write_text(lines, "utf-8")
        command.main(["init", str(demo.course), "--students", str(roster)])
    place = Classroom(demo.course)
    if not place.released(wanted).exists():
        command.main(["release", "--class", str(demo.course), wanted])
    exchange.hand_out(place, wanted, demo.exchange)


def give_passwords(demo: Demo, names: list[str], *, new: bool) -> None:
    """Make everybody's password, show it this once, and keep its hash."""
    if demo.passwords.exists() and not new:
        print("Passwords are those shown before; --new-passwords makes new ones.", flush=True)
        return
    passwords = {name: hub_accounts.new_password() for name in [TEACHER, *names]}
    hub_accounts.save(passwords, demo.passwords)
    print("Passwords, shown this once (--new-passwords makes new ones):")
    width = max(map(len, passwords))
    for name, password in passwords.items():
        print(f"  {name:{width}}  {password}", flush=True)


def nbgrader(demo: Demo, arguments: list[str]) -> None:
    done = subprocess.run(
        [sys.executable, "-m", "nbgrader", *arguments],
        cwd=demo.course,
        env=variables(demo),
        capture_output=True,
        text=True,
    )
    if done.returncode:
        said = done.stderr.strip().splitlines() or ["it does not say why"]
        raise Problem(f"nbgrader {arguments[0]} failed in {demo.course}: {said[-1]}")


# How it is run


def hub_config(demo: Demo, names: list[str], ports: Ports, *, root_user: bool) -> str:
    """The text of the demo's jupyterhub_config.py."""
    limits = ["prlimit", f"--as={8 * 1024**3}", f"--fsize={1024**3}", "--core=0"]
    command = [sys.executable, "-m", "jupyterhub.singleuser"]
    return HUB_CONFIG.format(
        department=str(CLASSROOM / "jupyterhub_config.py"),
        **vars(ports),
        python=sys.executable,
        names=[TEACHER, *names],
        homes=str(demo.folder).replace("{", "{{").replace("}", "}}") + "/homes/{username}",
        command=[*(limits if shutil.which("prlimit") else []), *command],
        arguments=["--allow-root"] if root_user else [],
        environment=own_variables(demo),
    )


def own_variables(demo: Demo) -> dict[str, str]:
    """What the hub's servers, their terminals and kernels find in their environment."""
    path = [sysconfig.get_path("scripts"), os.environ.get("PATH", os.defpath)]
    return {
        **threads.one_each(),
        "JUPYTER_CONFIG_PATH": str(demo.jupyter),
        "JUPYTER_PREFER_ENV_PATH": "1",
        "PATH": os.pathsep.join(path),
        "PYTHONPATH": str(ROOT),
        MARK: str(demo.folder),
    }


def variables(demo: Demo) -> dict[str, str]:
    """The environment of the hub and of the teacher's commands; the user's Jupyter stays out."""
    kept = {name: value for name, value in os.environ.items() if not name.startswith("JUPYTER")}
    return kept | own_variables(demo)


def free_ports(wish: int | None) -> Ports:
    """The hub's port, as wished or free, and two more for its parts."""
    with socket.socket() as first, socket.socket() as second, socket.socket() as third:
        try:
            for probe, port in ((first, wish or 0), (second, 0), (third, 0)):
                probe.bind(("127.0.0.1", port))
        except (OSError, OverflowError) as error:
            raise Problem(
                f"Port {wish} cannot be had ({error}): choose another with --port, or leave it out."
            ) from error
        return Ports(*(probe.getsockname()[1] for probe in (first, second, third)))


@contextmanager
def alone(demo: Demo):
    """Only one hub runs on a folder; the second is told so."""
    import fcntl

    demo.folder.mkdir(parents=True, exist_ok=True)
    with (demo.folder / ".running").open("w") as lock:
        try:
            fcntl.flock(lock, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except OSError:
            raise Problem(
                f"A hub runs on {demo.folder} already: stop it with Ctrl-C in its window, or name "
                "another folder."
            ) from None
        yield


def serve(demo: Demo, names: list[str], ports: Ports) -> int:
    """Run the hub until Ctrl-C or SIGTERM; 0. A hub that ends by itself is a Problem."""
    config = demo.hub / "jupyterhub_config.py"
    root_user = hasattr(os, "geteuid") and os.geteuid() == 0
    config.write_text(hub_config(demo, names, ports, root_user=root_user), "utf-8")
    signal.signal(signal.SIGTERM, signal.default_int_handler)
    log = demo.hub / "hub.log"
    with log.open("wb") as stream:
        hub = subprocess.Popen(
            [sys.executable, "-m", "jupyterhub", "--config", str(config)],
            cwd=demo.hub,
            env=variables(demo),
            stdout=stream,
            stderr=stream,
            start_new_session=True,  # Ctrl-C is for this process, which then ends the hub
        )
    try:
        address = f"http://127.0.0.1:{ports.port}"
        wait_until_up(hub, address, log)
        print(welcome(demo, address), flush=True)
        hub.wait()
        raise Problem(f"The hub ended by itself; {log} says: {last_line(log)}")
    except KeyboardInterrupt:
        print("\nStopping the hub and everybody's servers…", flush=True)
        return 0
    finally:
        stop(demo, hub)


def wait_until_up(hub: subprocess.Popen, address: str, log: Path) -> None:
    without_proxy = urllib.request.build_opener(urllib.request.ProxyHandler({}))
    end = time.monotonic() + START_TIMEOUT
    while time.monotonic() < end and hub.poll() is None:
        try:
            without_proxy.open(f"{address}/hub/health", timeout=5).close()
            return
        except (urllib.error.URLError, OSError):
            time.sleep(0.2)
    raise Problem(f"The hub did not start; {log} says: {last_line(log)}")


def last_line(log: Path) -> str:
    lines = log.read_text(encoding="utf-8", errors="replace").strip().splitlines()
    return lines[-1] if lines else "nothing"


def welcome(demo: Demo, address: str) -> str:
    """What the window says once the hub answers."""
    return "\n".join(
        [
            f"A demo, and no wall between users: every server runs as {getpass.getuser()}, and who "
            "is logged in can read all files.",
            f"The teacher's folder of the class is {demo.course}.",
            f"The hub runs at {address}. Ctrl-C stops it; {demo.folder} keeps everything.",
        ]
    )


def stop(demo: Demo, hub: subprocess.Popen) -> None:
    """End the hub, which ends all servers; what is left after that is killed."""
    hub.terminate()
    try:
        hub.wait(STOP_TIMEOUT)
    except subprocess.TimeoutExpired:
        hub.kill()
        hub.wait()
    for process in left_behind(demo):
        try:
            os.kill(process, signal.SIGKILL)
        except ProcessLookupError:
            continue


def left_behind(demo: Demo, processes: Path = Path("/proc")) -> list[int]:
    """Processes that this demo started and that still run, by its mark in their environment.

    Nothing where the system does not show environments, as on macOS.
    """
    mark = f"\0{MARK}={demo.folder}\0".encode()
    found = []
    for folder in processes.glob("[0-9]*"):
        try:
            if (
                mark in b"\0" + (folder / "environ").read_bytes()
                and int(folder.name) != os.getpid()
            ):
                found.append(int(folder.name))
        except OSError:  # it ended, or is somebody else's
            continue
    return found


if __name__ == "__main__":
    try:
        sys.exit(main(sys.argv[1:]))
    except Problem as problem:
        sys.exit(str(problem))
