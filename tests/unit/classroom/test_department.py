"""What a department copies from classroom/: it compiles, keeps its word, and fits its schema."""

import configparser
import copy
import json
import re
import stat
import subprocess
import sys
from pathlib import Path
from types import SimpleNamespace

import jsonschema
import pytest
import yaml
from traitlets.config import Config

from course_utils.paths import ROOT

CLASSROOM = ROOT / "classroom"


def config_of(name: str) -> Config:
    """What a configuration file sets, as its program would load it."""
    config = Config()
    text = (CLASSROOM / name).read_text(encoding="utf-8")
    exec(compile(text, name, "exec"), {"get_config": lambda: config})
    return config


@pytest.fixture(scope="module")
def hub() -> Config:
    return config_of("jupyterhub_config.py")


# One server


def test_log_in_asks_the_system_and_lets_two_groups_in(hub):
    assert hub.JupyterHub.authenticator_class == "pam"
    assert hub.PAMAuthenticator.allowed_groups == {"attention-students", "attention-teachers"}
    assert "allow_all" not in hub.Authenticator
    assert hub.Authenticator.admin_users == set() and hub.JupyterHub.admin_access is False


def test_the_hub_listens_on_this_machine_and_keeps_its_secrets_for_itself(hub):
    assert hub.JupyterHub.bind_url.startswith("http://127.0.0.1:"), "TLS stands before it"
    for place in (hub.JupyterHub.cookie_secret_file, hub.ConfigurableHTTPProxy.pid_file):
        assert Path(place).parent == Path("/var/lib/jupyterhub")


def test_a_users_server_is_limited_before_it_starts(hub):
    command = hub.Spawner.cmd
    assert command[0] == "prlimit" and command[-2:] == ["-m", "jupyterhub.singleuser"]
    limits = dict(option.removeprefix("--").split("=") for option in command if "=" in option)
    assert {"as", "nproc", "fsize", "core"} == set(limits)
    assert 4 * 1024**3 <= int(limits["as"]), "torch alone takes 4 GB of addresses"


@pytest.mark.skipif(not Path("/usr/bin/prlimit").exists(), reason="no prlimit on this system")
def test_the_limits_hold_in_what_a_server_starts(hub):
    """Those of files and memory; the number of processes is the user's, and not this test's."""
    command = [option for option in hub.Spawner.cmd if not option.startswith("--nproc")]
    look = (
        "import resource as r; print(*[r.getrlimit(n)[0] for n in (r.RLIMIT_AS, r.RLIMIT_FSIZE)])"
    )
    told = subprocess.run([*command[:-2], "-c", look], capture_output=True, text=True, check=True)
    assert told.stdout.split() == [str(8 * 1024**3), str(1024**3)]


def test_idle_servers_are_ended_by_a_service_that_may_do_just_that(hub):
    [service], [role] = hub.JupyterHub.services, hub.JupyterHub.load_roles
    assert role["services"] == [service["name"]]
    assert not {"admin", "access:servers", "tokens"} & set(role["scopes"])
    assert any(option.startswith("--timeout=") for option in service["command"])


def test_every_option_of_the_hub_exists(hub):
    """A misspelt option is ignored by JupyterHub, with a line in its log."""
    app = pytest.importorskip("jupyterhub.app", reason="JupyterHub is not installed")
    from jupyterhub import auth, proxy, spawner

    known = {
        "JupyterHub": app.JupyterHub,
        "Authenticator": auth.Authenticator,
        "PAMAuthenticator": auth.PAMAuthenticator,
        "ConfigurableHTTPProxy": proxy.ConfigurableHTTPProxy,
        "Spawner": spawner.Spawner,
    }
    assert set(hub) <= set(known)
    for name, options in hub.items():
        unknown = set(options) - set(known[name].class_trait_names(config=True))
        assert not unknown, f"{name} has no {unknown}"


def test_the_exchange_is_where_the_readme_makes_it():
    nbgrader = config_of("nbgrader_config.py")
    readme = (CLASSROOM / "README.md").read_text(encoding="utf-8")
    assert nbgrader.Exchange.root == "/srv/nbgrader/exchange"
    assert f"chmod 1777 {nbgrader.Exchange.root}" in readme
    assert nbgrader.CourseDirectory.course_id == "attention-optional"


def test_nbgrader_works_in_an_exchange_of_that_mode(tmp_path):
    from nbgrader.utils import check_directory

    exchange = tmp_path / "exchange"
    exchange.mkdir()
    exchange.chmod(0o1777)
    assert check_directory(str(exchange), write=True, execute=True)
    assert stat.S_IMODE(exchange.stat().st_mode) & stat.S_ISVTX


def test_the_unit_starts_what_the_readme_installs():
    unit = configparser.ConfigParser(strict=False)
    unit.optionxform = str
    unit.read(CLASSROOM / "jupyterhub.service", encoding="utf-8")
    service = unit["Service"]
    program, *arguments = service["ExecStart"].split()
    assert program == "/opt/attention-optional/.venv/bin/python"
    assert arguments == ["-m", "jupyterhub", "--config", "/etc/jupyterhub/jupyterhub_config.py"]
    assert service["KillMode"] == "process", "users' servers outlive a restart of the hub"
    assert service["StateDirectoryMode"] == "0700"
    assert "ProtectKernelTunables" not in service, "the grader needs a /proc of its own"


def test_what_the_readme_copies_is_there():
    readme = (CLASSROOM / "README.md").read_text(encoding="utf-8")
    named = set(re.findall(r"(?<=classroom/)[\w./-]+\.(?:py|json|service|yaml)", readme))
    assert {"jupyterhub_config.py", "nbgrader_config.py", "jupyterhub.service"} <= named
    assert not [name for name in named if not (CLASSROOM / name).is_file()]


# Kubernetes


@pytest.fixture(scope="module")
def values() -> dict:
    return yaml.safe_load((CLASSROOM / "kubernetes" / "values.yaml").read_text(encoding="utf-8"))


@pytest.fixture(scope="module")
def schema() -> jsonschema.Draft7Validator:
    text = (CLASSROOM / "kubernetes" / "values.schema.json").read_text(encoding="utf-8")
    content = json.loads(text)
    jsonschema.Draft7Validator.check_schema(content)
    return jsonschema.Draft7Validator(content)


def test_the_values_fit_the_schema(values, schema):
    assert [error.message for error in schema.iter_errors(values)] == []


@pytest.mark.parametrize(
    "path, wrong",
    [
        ("singleuser.memory.limits", "4G"),
        ("singleuser.memory.limit", "plenty"),
        ("singleuser.storage.extraVolumeMounts.0.subPath", "/released"),
        ("singleuser.image.tag", 0.1),
        ("hub.config.JupyterHub.authenticator_class", "dummy"),
        ("hub.config.GenericOAuthenticator.token_url", "http://login.example.edu/token"),
        ("hub.extraConfig.10-classroom.py", ["a list"]),
        ("cull.timeout", "an hour"),
        ("proxy.https.hosts", []),
    ],
)
def test_the_schema_sees_what_is_wrong(values, schema, path, wrong):
    broken = copy.deepcopy(values)
    *way, last = path.replace("10-classroom.py", "10-classroom_py").split(".")
    place = broken
    for step in way:
        place = place[int(step) if step.isdigit() else step]
    place[last.replace("_py", ".py")] = wrong
    assert not schema.is_valid(broken)


class Spawner(SimpleNamespace):
    """Stands in for KubeSpawner: a user with groups, and mounts."""


def mounts_for(values: dict, group: str, *, starts: int = 1) -> dict[str, dict]:
    """{where: mount} in the pod of somebody in that group, after so many starts."""
    config = Config()
    exec(values["hub"]["extraConfig"]["10-classroom.py"], {"c": config})
    spawner = Spawner(
        user=SimpleNamespace(groups=[SimpleNamespace(name=group)]),
        volume_mounts=list(values["singleuser"]["storage"]["extraVolumeMounts"]),
    )
    for _ in range(starts):
        config.KubeSpawner.pre_spawn_hook(spawner)
    places = [mount["mountPath"] for mount in spawner.volume_mounts]
    assert len(places) == len(set(places)), f"Kubernetes refuses two mounts at one place: {places}"
    return {mount["mountPath"]: mount for mount in spawner.volume_mounts}


def test_a_student_sees_three_folders_and_writes_in_their_own(values):
    mounts = mounts_for(values, "attention-students", starts=3)
    assert {path.rpartition("/")[2] for path in mounts} == {"released", "hand_in", "feedback"}
    [written] = [mount for mount in mounts.values() if not mount.get("readOnly")]
    assert written["subPath"] == "inbox/{username}"
    assert all(mount.get("subPath") for mount in mounts.values()), "never the whole volume"


def test_a_teacher_sees_the_whole_volume(values):
    mounts = mounts_for(values, "attention-teachers", starts=3)
    assert mounts["/srv/classroom"] == {"name": "classroom", "mountPath": "/srv/classroom"}


def test_the_folders_are_made_before_they_are_mounted(values):
    [init] = values["singleuser"]["initContainers"]
    made = init["command"][-1]
    for mount in values["singleuser"]["storage"]["extraVolumeMounts"]:
        assert f"/classroom/{mount['subPath']}" in made


def test_the_files_are_python_that_this_python_reads():
    for path in CLASSROOM.glob("*.py"):
        compile(path.read_text(encoding="utf-8"), path.name, "exec")
    assert sys.version_info >= (3, 11)
