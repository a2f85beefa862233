"""Where Linux, macOS and Windows keep interpreters and browsers.

Functions of their arguments alone, so that one system can test the others' answers. `platform`
is spelled as in `sys.platform`.
"""

from collections.abc import Callable, Mapping
from pathlib import Path, PurePath, PurePosixPath, PureWindowsPath

BROWSER_COMMANDS = (
    "chromium",
    "chromium-browser",
    "google-chrome",
    "google-chrome-stable",
    "chrome",
    "microsoft-edge",
    "microsoft-edge-stable",
    "msedge",
)
MAC_BROWSERS = ("Google Chrome", "Chromium", "Microsoft Edge")
WINDOWS_BROWSERS = (
    r"Google\Chrome\Application\chrome.exe",
    r"Chromium\Application\chrome.exe",
    r"Microsoft\Edge\Application\msedge.exe",
)
WINDOWS_FOLDERS = ("PROGRAMFILES", "PROGRAMFILES(X86)", "LOCALAPPDATA")


def interpreter(prefix: PurePath, platform: str) -> PurePath:
    """The Python of the virtual environment `prefix`."""
    return scripts(prefix, platform) / ("python.exe" if platform == "win32" else "python")


def scripts(prefix: PurePath, platform: str) -> PurePath:
    """Where the virtual environment `prefix` keeps its commands."""
    return prefix / ("Scripts" if platform == "win32" else "bin")


def browser_paths(platform: str, environ: Mapping[str, str], home: PurePath) -> list[PurePath]:
    """Where Chrome, Chromium and Edge install themselves without being on the PATH."""
    if platform == "darwin":
        folders = [PurePosixPath("/Applications"), PurePosixPath(home) / "Applications"]
        return [
            folder / f"{name}.app" / "Contents" / "MacOS" / name
            for folder in folders
            for name in MAC_BROWSERS
        ]
    if platform == "win32":
        folders = [environ[name] for name in WINDOWS_FOLDERS if environ.get(name)]
        return [PureWindowsPath(folder) / path for folder in folders for path in WINDOWS_BROWSERS]
    return []


def find_browser(
    platform: str,
    environ: Mapping[str, str],
    home: PurePath,
    which: Callable[[str], str | None],
    exists: Callable[[PurePath], bool] = lambda path: Path(path).exists(),
) -> str | None:
    """A Chromium, Chrome or Edge of this machine; ATTENTION_OPTIONAL_BROWSER names another."""
    if environ.get("ATTENTION_OPTIONAL_BROWSER"):
        return environ["ATTENTION_OPTIONAL_BROWSER"]
    for command in BROWSER_COMMANDS:
        if found := which(command):
            return found
    return next(
        (str(path) for path in browser_paths(platform, environ, home) if exists(path)), None
    )
