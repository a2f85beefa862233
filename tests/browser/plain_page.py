"""An explorer on a plain page: HTML, its module, its data beside it, and no Jupyter anywhere."""

import base64
import json
from collections.abc import Iterator
from contextlib import contextmanager
from functools import partial
from http.server import SimpleHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from threading import Thread

from anywidget import AnyWidget

from course_utils.widgets.explorer import Explorer

# `modelOf` is all that an explorer asks of whoever shows it.
HTML = """<!doctype html>
<meta charset="utf-8">
<link rel="icon" href="data:,">
<link rel="stylesheet" href="look.css">
<div id="here"></div>
<script type="module">
import page from "./page.mjs";
const data = await (await fetch("./data.json")).json();
const bytesOf = (text) => new DataView(Uint8Array.from(atob(text), (c) => c.charCodeAt(0)).buffer);
function modelOf(traits) {
  const listeners = {};
  return {
    get: (name) => (typeof traits[name]?.base64 === "string" ? bytesOf(traits[name].base64)
      : traits[name]),
    set: (name, value) => {
      traits[name] = value;
      for (const tell of listeners[`change:${name}`] ?? []) tell();
    },
    on: (names, tell) => names.split(" ").forEach((name) => (listeners[name] ??= []).push(tell)),
    send: async ({ ask }) => {
      if (!ask) return; // whether a kernel is there: nobody answers
      const [about, text] = await (await fetch(`./${ask}.json`)).json();
      for (const tell of listeners["msg:custom"] ?? []) tell({ [ask]: about }, [bytesOf(text)]);
    },
    save_changes: () => {},
  };
}
window.mount = (el) => page.render({ model: modelOf({ ...data }), el });
try {
  mount(document.querySelector("#here"));
} finally {
  document.title = "shown";
}
</script>
"""


def write(explorer: Explorer, folder: Path) -> None:
    """The page as index.html, and page.mjs, look.css, data.json and large.json beside it."""
    traits = {
        name: {"base64": base64.b64encode(value).decode()} if isinstance(value, bytes) else value
        for name, value in explorer.trait_values(sync=True).items()
        if not name.startswith("_") and name not in AnyWidget.class_trait_names()
    }
    about, large = explorer.large() or (None, b"")
    for name, text in (
        ("index.html", HTML),
        ("page.mjs", str(explorer._esm)),
        ("look.css", str(explorer._css)),
        ("data.json", json.dumps(traits)),
        ("large.json", json.dumps([about, base64.b64encode(large).decode()])),
    ):
        (folder / name).write_text(text, encoding="utf-8")


@contextmanager
def served(folder: Path) -> Iterator[str]:
    """The folder's address, on this machine alone."""
    server = ThreadingHTTPServer(("127.0.0.1", 0), partial(Quiet, directory=str(folder)))
    Thread(target=server.serve_forever, daemon=True).start()
    try:
        yield f"http://127.0.0.1:{server.server_port}/"
    finally:
        server.shutdown()
        server.server_close()


class Quiet(SimpleHTTPRequestHandler):
    extensions_map = SimpleHTTPRequestHandler.extensions_map | {".mjs": "text/javascript"}

    def log_message(self, *about) -> None:
        pass
