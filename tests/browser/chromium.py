"""A headless Chromium that meets nothing but the page it is given."""

import importlib.util
import shutil
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

PROGRAM = shutil.which("chromium") or shutil.which("chromium-browser")
LIBRARIES = ("playwright", "axe_playwright_python")
# It runs as root in CI, and asks for no updates.
FLAGS = (
    *("--headless", "--no-sandbox", "--disable-gpu", "--disable-quic", "--no-first-run"),
    *("--disable-background-networking", "--disable-component-update", "--disable-sync"),
)


def why_not() -> str:
    """Return why no page can be opened here, or nothing."""
    missing = [name for name in LIBRARIES if importlib.util.find_spec(name) is None]
    if missing:
        return f"not installed: {', '.join(missing)}; pip install -e '.[browser]'"
    return "" if PROGRAM else "there is no Chromium: no chromium on the path"


@contextmanager
def chromium() -> Iterator[Any]:
    """Run a Chromium, as Playwright's browser."""
    from playwright.sync_api import sync_playwright

    with sync_playwright() as playwright:
        browser = playwright.chromium.launch(executable_path=PROGRAM, args=list(FLAGS))
        yield browser
        browser.close()
