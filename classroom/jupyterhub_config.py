"""JupyterHub 6 for one department's server: accounts of the system, a process for each user.

Copy this file to /etc/jupyterhub/ and change what stands between the lines. classroom/README.md has
the steps around it. `python -m course_utils class hub` runs a demo with this file: it loads it, and
overrides what cannot be the same without system accounts.
"""

import sys
from pathlib import Path

c = get_config()  # noqa: F821  (JupyterHub provides it)

# ------------------------------------------------------------------ what a department decides
PORT = 8000  # on this machine only: a web server with a certificate stands before it
STATE = Path("/var/lib/jupyterhub")  # root's, mode 0700: the hub's database and its secrets
COURSE = Path("/opt/attention-optional")  # the checkout, root's, readable for everybody
PROXY = "/usr/local/bin/configurable-http-proxy"  # npm install --global configurable-http-proxy
STUDENTS = "attention-students"  # groups of the system: who may log in
TEACHERS = "attention-teachers"

GIGABYTE = 1024**3
MEMORY = 8 * GIGABYTE  # of addresses, for each process; a kernel with torch takes 4 to 6
PROCESSES = 400  # of one user, threads counted: a fork bomb ends here
FILE_SIZE = 1 * GIGABYTE  # of the largest file that a process can write
KERNEL_IDLE = 30 * 60  # seconds until a kernel that does nothing is ended
SERVER_IDLE = 60 * 60  # seconds until a server that nobody looks at is ended
SERVER_AGE = 12 * 60 * 60  # seconds until a server is ended in any case
SERVERS = 60  # at the same time; the others are told to come back later
# --------------------------------------------------------------------------------------------

# The hub

c.JupyterHub.bind_url = f"http://127.0.0.1:{PORT}"
c.JupyterHub.db_url = f"sqlite:///{STATE / 'jupyterhub.sqlite'}"
c.JupyterHub.cookie_secret_file = str(STATE / "cookie_secret")
c.ConfigurableHTTPProxy.pid_file = str(STATE / "proxy.pid")
c.ConfigurableHTTPProxy.command = [PROXY]
c.JupyterHub.cleanup_servers = False  # students work on while the hub is restarted
c.JupyterHub.active_server_limit = SERVERS
c.JupyterHub.concurrent_spawn_limit = 10  # a class logs in within the same minute

# Who may log in: an account of the system, its password, and one of the two groups. JupyterHub asks
# PAM, so passwords, their rules and their ends are those of the machine (LDAP included).

c.JupyterHub.authenticator_class = "pam"
c.PAMAuthenticator.allowed_groups = {STUDENTS, TEACHERS}
c.PAMAuthenticator.open_sessions = False
# A hub's administrator starts and stops everybody's server. A teacher needs none of that to grade.
c.Authenticator.admin_users = set()
c.JupyterHub.admin_access = False

# What starts when somebody logs in: JupyterLab as that user, in their home. prlimit sets limits
# that every kernel inherits. They are for each process; README.md says how to limit a user.

c.JupyterHub.spawner_class = "localprocess"
LIMITS = ["prlimit", f"--as={MEMORY}", f"--nproc={PROCESSES}", f"--fsize={FILE_SIZE}", "--core=0"]
c.Spawner.cmd = [*LIMITS, sys.executable, "-m", "jupyterhub.singleuser"]
c.Spawner.args = [
    f"--MappingKernelManager.cull_idle_timeout={KERNEL_IDLE}",
    "--MappingKernelManager.cull_connected=True",
    "--ServerApp.log_level=WARN",
]
c.Spawner.notebook_dir = "~"
c.Spawner.default_url = "/lab"
c.Spawner.start_timeout = 120  # seconds: thirty servers that start at once take their time
c.Spawner.http_timeout = 120
c.Spawner.environment = {
    "PYTHONPATH": str(COURSE),
    "JUPYTER_PREFER_ENV_PATH": "1",  # the course's kernel, not a namesake in somebody's home
    "OMP_WAIT_POLICY": "passive",  # threads that wait do not spin: there is always a neighbour
    "GOMP_SPINCOUNT": "0",
    "OMP_NUM_THREADS": "2",
}

# Servers that nobody uses are ended; files and notebooks stay. A kernel's variables do not.

c.JupyterHub.load_roles = [
    {
        "name": "idle-culler",
        "scopes": ["list:users", "read:users:activity", "read:servers", "delete:servers"],
        "services": ["idle-culler"],
    }
]
c.JupyterHub.services = [
    {
        "name": "idle-culler",
        "command": [
            *(sys.executable, "-m", "jupyterhub_idle_culler"),
            *(f"--timeout={SERVER_IDLE}", f"--max-age={SERVER_AGE}", "--cull-every=300"),
        ],
    }
]
