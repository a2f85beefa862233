"""The hub demo without its hub: names, passwords, folders, and the configuration that it writes."""

import argparse
import json
import os
import socket
import stat
from pathlib import Path

import pytest

from course_utils.classroom import hub, hub_accounts
from course_utils.problem import Problem

PORTS = hub.Ports(8001, 8002, 8003)

# Accounts


def test_test_users_are_numbered_and_sort_as_they_count():
    assert hub_accounts.numbered(2) == ["student01", "student02"]
    many = hub_accounts.numbered(120)
    assert many[0] == "student001" and many == sorted(many) == hub_accounts.checked(many)


@pytest.mark.parametrize("count", [0, -1, 201])
def test_a_number_of_users_that_cannot_be_had_is_named(count):
    with pytest.raises(Problem, match=rf"--users {count} .* 1 to 200"):
        hub_accounts.numbered(count)


@pytest.mark.parametrize(
    "name",
    ["", "Ada", "ada lovelace", "../ada", "a/b", "ada+01", "ada*", "böb", "1ada", "-x", "a" * 33]
    + ["ada\n", "{username}", "~", "."],
)
def test_a_name_with_odd_characters_is_refused_and_told_what_goes(name):
    with pytest.raises(Problem) as refused:
        hub_accounts.checked(["grace", name])
    assert repr(name) in str(refused.value) and "small letters" in str(refused.value)


def test_names_are_given_once_and_none_is_the_teachers():
    with pytest.raises(Problem, match="'ada' is given twice"):
        hub_accounts.checked(["ada", "grace", "ada"])
    with pytest.raises(Problem, match="'teacher' is the teacher's own name"):
        hub_accounts.checked(["teacher"])


def test_a_password_fits_its_own_account_alone(tmp_path):
    passwords = {"ada": hub_accounts.new_password(), "grace": hub_accounts.new_password()}
    assert passwords["ada"] != passwords["grace"] and len(passwords["ada"]) == 14
    file = tmp_path / "passwords.json"
    hub_accounts.save(passwords, file)
    kept = hub_accounts.load(file)
    assert hub_accounts.fits(passwords["ada"], kept["ada"])
    assert not hub_accounts.fits(passwords["ada"], kept["grace"])
    assert not hub_accounts.fits("", kept["ada"]) and not hub_accounts.fits("", None)
    assert stat.S_IMODE(file.stat().st_mode) == 0o600
    assert not any(password in file.read_text() for password in passwords.values())


def test_two_users_with_one_password_do_not_show_it():
    assert hub_accounts.hashed("same") != hub_accounts.hashed("same")


# What the command is given


def chosen(*arguments: str) -> argparse.Namespace:
    parser = argparse.ArgumentParser()
    hub.add_hub_command(parser.add_subparsers())
    return parser.parse_args(["hub", *arguments])


def test_the_class_command_registers_it_in_one_line(tmp_path):
    parsed = chosen(str(tmp_path), "--users", "4", "--port", "8123")
    assert parsed.run is hub.run and (parsed.users, parsed.port) == (4, 8123)


def test_missing_packages_are_named_with_the_command_that_installs_them():
    def find(module):
        return None if module == "jupyterhub_idle_culler" else object()

    with pytest.raises(Problem) as told:
        hub.expect_packages(find, "linux")
    assert "-m pip install" in str(told.value) and "constraints.txt" in str(told.value)
    assert str(told.value).endswith(" jupyterhub-idle-culler")
    hub.expect_packages(lambda module: object(), "linux")
    with pytest.raises(Problem, match="WSL"):
        hub.expect_packages(lambda module: object(), "win32")


def test_a_folder_that_is_something_else_is_left_alone(tmp_path):
    (tmp_path / "thesis.tex").write_text("years of work")
    with pytest.raises(Problem, match="is no hub demo"):
        hub.users_of(hub.Demo(tmp_path), 2, None)


def test_users_and_names_exclude_each_other(tmp_path):
    with pytest.raises(Problem, match="leave one of the two"):
        hub.users_of(hub.Demo(tmp_path), 2, ["ada"])


def test_a_second_start_finds_its_users_and_does_not_change_them(tmp_path, capsys):
    demo = hub.Demo(tmp_path / "demo")
    names = hub.users_of(demo, None, ["grace", "ada"])
    hub.prepare(demo, names)
    hub.give_passwords(demo, names, new=False)
    shown = capsys.readouterr().out
    kept = demo.passwords.read_text()
    assert all(f"  {name}" in shown for name in ("teacher", "ada", "grace"))
    assert hub.users_of(demo, None, None) == ["ada", "grace"]
    assert hub.users_of(demo, None, ["grace", "ada"]) == ["grace", "ada"]
    with pytest.raises(Problem, match="has the users ada, grace"):
        hub.users_of(demo, 3, None)
    hub.give_passwords(demo, names, new=False)
    assert demo.passwords.read_text() == kept and "--new-passwords" in capsys.readouterr().out
    hub.give_passwords(demo, names, new=True)
    assert demo.passwords.read_text() != kept


def test_only_one_hub_runs_on_a_folder(tmp_path):
    demo = hub.Demo(tmp_path)
    with hub.alone(demo):
        with pytest.raises(Problem, match="runs on .* already"):
            with hub.alone(demo):
                pass
    with hub.alone(demo):
        pass


def test_a_port_that_is_taken_is_named(tmp_path):
    with socket.socket() as busy:
        busy.bind(("127.0.0.1", 0))
        busy.listen()
        port = busy.getsockname()[1]
        with pytest.raises(Problem, match=f"Port {port} cannot be had"):
            hub.free_ports(port)
    ports = hub.free_ports(None)
    assert len({ports.port, ports.hub_port, ports.proxy_port}) == 3
    with pytest.raises(Problem, match="70000"):
        hub.free_ports(70_000)


# What is made


@pytest.fixture
def demo(tmp_path):
    """A demo in a folder whose name is as odd as folders' names can be."""
    demo = hub.Demo(tmp_path / "Jürgen's {class} 100%?")
    hub.prepare(demo, ["ada", "grace"])
    return demo


def test_the_folders_have_the_rights_that_nbgrader_asks_for(demo):
    def mode(path: Path) -> int:
        return stat.S_IMODE(path.stat().st_mode)

    assert mode(demo.exchange) == 0o1777, "everybody writes, nobody removes what others wrote"
    assert mode(demo.hub) == 0o700, "hashes and the database are the owner's"
    assert all(demo.home(name).is_dir() for name in ("teacher", "ada", "grace"))


class Config:
    """Stands in for traitlets' configuration: takes any name."""

    def __getattr__(self, name):
        if name.startswith("__"):
            raise AttributeError(name)
        self.__dict__[name] = Config()
        return self.__dict__[name]


def run_config(text: str, **names) -> Config:
    config = Config()
    exec(compile(text, "config.py", "exec"), {"get_config": lambda: config, **names})
    return config


def demo_config(demo: hub.Demo, *, root_user: bool) -> Config:
    text = hub.hub_config(demo, ["ada", "grace"], PORTS, root_user=root_user)
    config = Config()

    def load_subconfig(path):
        department = Path(path).read_text(encoding="utf-8")
        exec(compile(department, path, "exec"), {"get_config": lambda: config})

    exec(
        compile(text, "config.py", "exec"),
        {"get_config": lambda: config, "load_subconfig": load_subconfig},
    )
    return config


def test_the_hub_is_reached_from_this_machine_alone(demo):
    config = demo_config(demo, root_user=False)
    assert config.JupyterHub.bind_url == "http://127.0.0.1:8001"
    assert config.ConfigurableHTTPProxy.api_url == "http://127.0.0.1:8003"
    assert config.JupyterHub.hub_port == 8002


def test_users_log_in_with_their_password_and_live_in_their_folder(demo):
    config = demo_config(demo, root_user=False)
    assert config.Authenticator.allowed_users == {"teacher", "ada", "grace"}
    assert config.Authenticator.admin_users == set()
    assert config.JupyterHub.authenticator_class.endswith("hub_login.PasswordFile")
    template = config.SimpleLocalProcessSpawner.home_dir_template
    assert template.format(username="ada") == str(demo.home("ada"))
    assert config.Spawner.environment["JUPYTER_CONFIG_PATH"] == str(demo.jupyter)
    assert config.JupyterHub.cleanup_servers is True, "nothing is left behind"


def test_only_root_is_told_that_root_may(demo):
    assert "--allow-root" in demo_config(demo, root_user=True).Spawner.args
    assert "--allow-root" not in demo_config(demo, root_user=False).Spawner.args


def test_what_a_department_has_the_demo_has_too(demo):
    """The idle culler, its role and the limits come from classroom/jupyterhub_config.py."""
    config = demo_config(demo, root_user=False)
    assert [service["name"] for service in config.JupyterHub.services] == ["idle-culler"]
    assert [role["name"] for role in config.JupyterHub.load_roles] == ["idle-culler"]
    assert any("cull_idle_timeout" in argument for argument in config.Spawner.args)


@pytest.mark.parametrize("user, student", [("ada", "ada"), ("teacher", None), (None, None)])
def test_nbgrader_goes_by_the_name_in_the_hub(demo, monkeypatch, user, student):
    """A teacher with a student id would collect their own submissions only."""
    monkeypatch.delenv("JUPYTERHUB_USER", raising=False)
    if user:
        monkeypatch.setenv("JUPYTERHUB_USER", user)
    config = run_config((demo.jupyter / "nbgrader_config.py").read_text(encoding="utf-8"))
    assert config.Exchange.root == str(demo.exchange)
    assert config.CourseDirectory.course_id == "attention-optional"
    assert config.CourseDirectory.__dict__.get("student_id") == student


def test_the_students_menu_has_their_assignments_and_not_the_teachers_tools(demo):
    page = json.loads((demo.jupyter / "labconfig" / "page_config.json").read_text())
    off = {name for name, is_off in page["disabledExtensions"].items() if is_off}
    assert "@jupyter/nbgrader:formgrader" in off and "@jupyter/nbgrader" not in off
    assert "@jupyter/nbgrader:assignment-list" not in off


# What is left


def test_what_the_demo_started_is_known_by_its_mark(demo, tmp_path):
    processes = tmp_path / "proc"
    mark = f"{hub.MARK}={demo.folder}\0".encode()
    for number, environment in {
        11: b"A=1\0" + mark,
        12: b"A=1\0",
        13: mark.replace(b"?\0", b"? 2\0"),  # another demo, whose name begins the same
        os.getpid(): mark,
    }.items():
        (processes / str(number)).mkdir(parents=True)
        (processes / str(number) / "environ").write_bytes(environment)
    (processes / "14").mkdir()  # ended while we looked
    assert hub.left_behind(demo, processes) == [11]
