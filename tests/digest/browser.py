"""Pages in Chromium: on paper and in the dark. `python -m tests.digest.browser` draws the image of the README anew."""

from __future__ import annotations

import subprocess
import sys
from base64 import b64decode
from pathlib import Path
from typing import Any

from bot.digest.page import page
from tests.digest import invented
from tests.slack.drawing import IMAGES, PATIENCE, _Browser

WIDTH = 960
WHOLE = "Math.ceil(document.body.getBoundingClientRect().height)"
AS_FAR_AS_CHANGES = "Math.floor(document.querySelector('#changes').getBoundingClientRect().top)"


def printed(content: str) -> bytes:
    """Return a page as a PDF, on the paper that the page itself asks for; raises `DrawingError`."""
    with _Browser.opened(PATIENCE) as browser:
        browser.show(content, 900)
        done = browser.ask("Page.printToPDF", preferCSSPageSize=True, printBackground=True)
        return b64decode(done["data"])


def said_by(content: str, expression: str, width: int, *, dark: bool = False) -> Any:
    """Return what a JavaScript expression says of a page, in light or dark colours; raises `DrawingError`."""
    with _Browser.opened(PATIENCE) as browser:
        browser.show(content, width)
        _prefer(browser, dark=dark)
        return browser.evaluate(expression)


def drawn(content: str, path: Path, width: int, *, height: str = WHOLE, dark: bool = False) -> None:
    """Write a page as a PNG of twice as many pixels, as high as an expression says; raises `DrawingError`."""
    with _Browser.opened(PATIENCE) as browser:
        browser.show(content, width)
        _prefer(browser, dark=dark)
        browser.resize(width, browser.evaluate(height))
        path.write_bytes(b64decode(browser.ask("Page.captureScreenshot", format="png")["data"]))


def _prefer(browser: _Browser, *, dark: bool) -> None:
    scheme = {"name": "prefers-color-scheme", "value": "dark" if dark else "light"}
    browser.ask("Emulation.setEmulatedMedia", features=[scheme])


def main() -> None:
    """Draw the first part of the digest of an invented week, in 256 colours."""
    path = IMAGES / "digest.png"
    drawn(page(invented.realistic()), path, WIDTH, height=AS_FAR_AS_CHANGES)
    subprocess.run(["pngquant", "--nofs", "--speed=1", "--strip", "--force", f"--output={path}", path], check=True)
    sys.stdout.write(f"{path.name}: {path.stat().st_size // 1000} kB\n")


if __name__ == "__main__":
    main()
