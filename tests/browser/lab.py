"""A real JupyterLab, and a page of it: what the browser tests and the paint benchmark drive."""

import json
import os
import secrets
import shutil
import socket
import subprocess
import sys
import time
import urllib.error
import urllib.request
from contextlib import contextmanager
from pathlib import Path
from urllib.parse import urlsplit

from playwright.sync_api import Locator, Page, TimeoutError, expect, sync_playwright

from course_utils.environment.install import (
    LAB_EXTENSION,
    LAB_PAGE,
    LAB_SETTINGS,
    Environment,
)
from course_utils.environment.lab import lab_variables

BROWSER_ARGUMENTS = (
    "--no-sandbox",
    "--disable-gpu",
    "--disable-quic",
    "--no-first-run",
    "--disable-background-networking",
    "--disable-component-update",
    "--disable-sync",
)
SECONDS = 1000  # Playwright counts in milliseconds
START_TIMEOUT = 120  # on a busy machine
RUN_TIMEOUT = 180  # a whole lesson, beside other tests


@contextmanager
def open_browser(path: str):
    """A headless browser, closed at the end."""
    with sync_playwright() as playwright:
        browser = playwright.chromium.launch(
            executable_path=path, headless=True, args=list(BROWSER_ARGUMENTS)
        )
        yield browser
        browser.close()


class Lab:
    """A JupyterLab server on a free port, with settings and a learner's memory of its own."""

    def __init__(self, root: Path, home: Path):
        self.root, self.home = root, home
        self.token = secrets.token_hex(16)
        self.port = free_port()
        self.log = home / "server.log"

    @property
    def url(self) -> str:
        return f"http://127.0.0.1:{self.port}"

    @contextmanager
    def running(self):
        here = Environment(Path(sys.prefix), Path(sys.executable), own=False)
        command = [sys.executable, "-m", "jupyterlab", "--no-browser", "--allow-root"]
        command += [f"--port={self.port}", "--ServerApp.port_retries=0", "--ip=127.0.0.1"]
        command += [f"--IdentityProvider.token={self.token}", f"--ServerApp.root_dir={self.root}"]
        command += ["--expose-app-in-browser"]
        places = {
            name: str(self.home / name.lower())
            for name in (
                "JUPYTER_CONFIG_DIR",
                "JUPYTER_RUNTIME_DIR",
                "JUPYTERLAB_SETTINGS_DIR",
                "JUPYTERLAB_WORKSPACES_DIR",
                "IPYTHONDIR",
                "ATTENTION_OPTIONAL_HOME",
                "JUPYTER_PATH",
            )
        }
        settings = Path(places["JUPYTER_CONFIG_DIR"]) / "labconfig"
        settings.mkdir(parents=True)
        for name, content in (
            ("default_setting_overrides.json", LAB_SETTINGS),
            ("page_config.json", LAB_PAGE),
        ):
            (settings / name).write_text(json.dumps(content), encoding="utf-8")
        extensions = Path(places["JUPYTER_PATH"]) / "labextensions"
        shutil.copytree(LAB_EXTENSION, extensions / "attention-optional", dirs_exist_ok=True)
        with self.log.open("wb") as log:
            server = subprocess.Popen(
                command,
                env=lab_variables(here, os.environ) | places,
                stdout=log,
                stderr=log,
                cwd=self.root,
            )
        try:
            self.wait_until_up(server)
            yield self
        finally:
            self.stop(server)

    def wait_until_up(self, server: subprocess.Popen) -> None:
        end = time.monotonic() + START_TIMEOUT
        while time.monotonic() < end and server.poll() is None:
            try:
                urllib.request.urlopen(f"{self.url}/api?token={self.token}", timeout=5).close()
                return
            except (urllib.error.URLError, OSError):
                time.sleep(0.2)
        raise RuntimeError(f"JupyterLab did not start:\n{self.log.read_text()[-2000:]}")

    def stop(self, server: subprocess.Popen) -> None:
        """End the kernels first, then the server: a server that is killed leaves them behind."""
        for kernel in self.ask("GET", "/api/kernels") or []:
            self.ask("DELETE", f"/api/kernels/{kernel['id']}")
        server.terminate()
        try:
            server.wait(10)
        except subprocess.TimeoutExpired:
            server.kill()
            server.wait()

    def end_kernels(self) -> None:
        """As at the end of a day: the notebooks that are opened next get new ones."""
        for session in self.ask("GET", "/api/sessions"):
            self.ask("DELETE", f"/api/sessions/{session['id']}")

    def ask(self, method: str, path: str):
        request = urllib.request.Request(
            self.url + path, method=method, headers={"Authorization": f"token {self.token}"}
        )
        try:
            with urllib.request.urlopen(request, timeout=20) as answer:
                return json.loads(answer.read() or b"null")
        except (urllib.error.URLError, OSError):
            return None

    def open(self, page: Page, place: str) -> "Notebook":
        """A notebook of this server in a fresh JupyterLab; `place` counts from the root."""
        page.goto(f"{self.url}/lab/tree/{place}?token={self.token}&reset")
        return Notebook(page)


def free_port() -> int:
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return probe.getsockname()[1]


class Traffic:
    """What a page asks for and says: requests to other hosts, and messages to the kernel."""

    def __init__(self, page: Page):
        self.strangers: list[str] = []
        self.comm_messages = 0
        page.on("request", self.on_request)
        page.on("websocket", lambda socket: socket.on("framesent", self.on_frame))

    def on_request(self, request) -> None:
        parts = urlsplit(request.url)
        if parts.scheme not in ("data", "blob") and parts.hostname != "127.0.0.1":
            self.strangers.append(request.url)

    def on_frame(self, payload) -> None:
        data = payload if isinstance(payload, bytes) else payload.encode()
        self.comm_messages += b"comm_msg" in data


class Notebook:
    """A notebook that is open in JupyterLab. Cells are found by a piece of their source."""

    def __init__(self, page: Page):
        self.page = page
        expect(page.locator(".jp-Notebook .jp-Cell:visible").first).to_be_visible(
            timeout=START_TIMEOUT * SECONDS
        )
        self.wait_until_idle(START_TIMEOUT)

    def cells(self) -> list[dict]:
        """The cells as they are in the page, saved or not."""
        model = "jupyterapp.shell.currentWidget.content.model.toJSON().cells"
        return self.page.evaluate(model)

    def index(self, piece: str) -> int:
        found = [n for n, cell in enumerate(self.cells()) if piece in "".join(cell["source"])]
        if len(found) != 1:
            raise LookupError(f"{len(found)} cells have {piece!r} in their source, expected one")
        return found[0]

    def cell(self, piece: str) -> Locator:
        """The one cell that has `piece` in its source, scrolled to."""
        return self.cell_at(self.index(piece))

    def cell_at(self, index: int) -> Locator:
        content = "jupyterapp.shell.currentWidget.content"
        self.page.evaluate(f"{content}.activeCellIndex = {index}")
        self.page.evaluate(f"{content}.scrollToItem({index})")
        shown = f'.jp-Cell[data-windowed-list-index="{index}"]:visible'  # of the notebook in front
        cell = self.page.locator(f".jp-Notebook {shown}")
        expect(cell).to_be_visible()
        return cell

    def run_all(self) -> None:
        """Menu Run, Run All Cells, as a reader does; back when the last one has finished."""
        self.page.locator(".lm-MenuBar-itemLabel", has_text="Run").first.click()
        self.page.locator('.lm-Menu-item[data-command="runmenu:run-all"]').click()
        self.wait_until_run(range(len(self.cells())))

    def run(self, piece: str) -> Locator:
        """Click into the cell and press Shift+Enter; back when it has finished."""
        self.start(piece)
        index = self.index(piece)
        self.wait_until_run([index])
        return self.cell_at(index)

    def start(self, piece: str) -> None:
        """Click into the cell and press Ctrl+Enter."""
        self.cell(piece).locator(".cm-content").click()
        self.page.keyboard.press("Control+Enter")

    def write(self, piece: str, source: str) -> None:
        """Put `source` into the cell in place of what stands there, from the clipboard as it were.

        Not typed key by key: the editor would indent and close brackets a second time.
        """
        editor = self.cell(piece).locator(".cm-content")
        editor.click()
        self.page.keyboard.press("ControlOrMeta+A")
        self.page.keyboard.insert_text(source)

    def wait_until_run(self, indices) -> None:
        """Wait for an execution count in each of the code cells, and then for the kernel."""
        self.page.wait_for_function(
            """indices => {
                const cells = jupyterapp.shell.currentWidget.content.widgets;
                return indices.every(i => cells[i].model.type !== 'code'
                    || cells[i].model.executionState === 'idle'
                    && cells[i].model.executionCount !== null);
            }""",
            arg=list(indices),
            timeout=RUN_TIMEOUT * SECONDS,
        )
        self.wait_until_idle()

    def restart(self) -> None:
        """A fresh kernel, without the question that the menu asks first."""
        kernel = "jupyterapp.shell.currentWidget.sessionContext.session.kernel"
        self.page.evaluate(f"{kernel}.restart()")
        try:
            self.wait_until_idle(timeout=RUN_TIMEOUT / 3)
        except TimeoutError:  # on a busy machine the word that it is idle gets lost: ask again
            self.page.evaluate(f"{kernel}.reconnect()")
            self.wait_until_idle()

    def kernel_status(self) -> str:
        return self.page.evaluate(
            "jupyterapp.shell.currentWidget.sessionContext.session.kernel.status"
        )

    def choose_theme(self, name: str) -> None:
        self.page.evaluate(
            "theme => jupyterapp.commands.execute('apputils:change-theme', { theme })", name
        )
        light = str(name.endswith("Light")).lower()
        self.page.wait_for_selector(f'body[data-jp-theme-light="{light}"]', state="attached")

    def wait_until_busy(self) -> None:
        self.page.wait_for_function(
            "jupyterapp.shell.currentWidget.sessionContext.session.kernel.status === 'busy'"
        )

    def wait_until_idle(self, timeout=RUN_TIMEOUT) -> None:
        self.page.wait_for_function(
            "jupyterapp.shell.currentWidget?.sessionContext?.session?.kernel?.status === 'idle'",
            timeout=timeout * SECONDS,
        )

    def output(self, piece: str) -> Locator:
        return self.cell(piece).locator(".jp-Cell-outputArea")

    def save(self) -> None:
        self.page.evaluate("jupyterapp.commands.execute('docmanager:save')")

    def save_changed(self) -> None:
        """Change a word in the last cell and save; back when the file is written."""
        self.page.evaluate(
            """() => {
                const { cells } = jupyterapp.shell.currentWidget.content.model;
                const { sharedModel } = cells.get(cells.length - 1);
                sharedModel.setSource(sharedModel.getSource() + " #");
                return jupyterapp.commands.execute("docmanager:save");
            }"""
        )
