"""The README's moving picture: the whole machine at work, as docs/machine.webp.

    python docs/moving_picture.py    # a minute

Each step of the data up the tower is a picture, then each character that is written.
"""

import io
import sys
import tempfile
from collections.abc import Iterator
from pathlib import Path

from PIL import Image
from playwright.sync_api import Locator, Page, sync_playwright

from course_utils.environment.testing import find_browser
from course_utils.paths import ROOT
from course_utils.trained import load_shakespeare
from course_utils.widgets import MachineExplorer

sys.path.append(str(ROOT / "tests" / "browser"))
import plain_page  # noqa: E402

TEXT = "Tom drinks cold coffee"
FILE = ROOT / "docs" / "machine.webp"
SIZE = {"width": 990, "height": 760}
A_STEP, A_CHARACTER, AT_THE_END = 650, 220, 2_500  # ms that a picture stays
WRITTEN = 22  # characters
LARGEST = 1_500_000  # bytes


def pictures(page: Page) -> Iterator[tuple[bytes, int]]:
    """PNGs, and how many milliseconds each is seen."""
    machine = page.locator(".ao-explorer")
    machine.get_by_role("radio", name="the likeliest").check()
    machine.get_by_role("button", name="the characters").click()
    forward = machine.get_by_role("button", name="Step")
    while forward.is_enabled():
        yield page.screenshot(), A_STEP
        click(forward, page)
    yield page.screenshot(), AT_THE_END
    for _ in range(WRITTEN):
        click(machine.get_by_role("button", name="Write a character"), page)
        yield page.screenshot(), A_CHARACTER
    yield page.screenshot(), AT_THE_END


def click(button: Locator, page: Page) -> None:
    """By the page itself, so that no mouse and no frame of a focus is in the picture."""
    button.evaluate("node => node.click()")
    page.evaluate("() => new Promise(done => requestAnimationFrame(done))")


def main() -> None:
    trained = load_shakespeare()
    explorer = MachineExplorer(trained.model, trained.tokenizer, TEXT)
    with tempfile.TemporaryDirectory() as folder, sync_playwright() as playwright:
        plain_page.write(explorer, Path(folder))
        browser = playwright.chromium.launch(executable_path=find_browser())
        with plain_page.served(Path(folder)) as address:
            page = browser.new_page(viewport=SIZE, reduced_motion="reduce")
            page.goto(address)
            page.get_by_role("button", name="the next character").wait_for()
            page.add_style_tag(content="body { margin: 0 }")
            taken = list(pictures(page))
        browser.close()
    first, *others = (Image.open(io.BytesIO(png)).convert("RGB") for png, _ in taken)
    times = [milliseconds for _, milliseconds in taken]
    how = {"lossless": True, "method": 4, "loop": 0}
    first.save(FILE, save_all=True, append_images=others, duration=times, **how)
    size = FILE.stat().st_size
    print(f"{FILE.relative_to(ROOT)}: {len(taken)} pictures, {size / 1000:.0f} kB")
    if size > LARGEST:
        raise SystemExit(f"More than {LARGEST:,} bytes: fewer pictures, or smaller ones.")


if __name__ == "__main__":
    main()
