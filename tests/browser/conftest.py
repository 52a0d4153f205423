"""One browser for the session, and the page that is opened in it."""

import os
from collections.abc import Callable, Iterator
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import pytest

from tests.browser.chromium import chromium, why_not
from tests.unit import page_data

# A finished study's page, to be tested in place of the made-up one.
GIVEN = os.environ.get("REPORT_PAGE")
DESKTOP, PHONE = (1280, 900), (375, 812)
WIDTH = "document.documentElement.scrollWidth"
OPEN_ALL = "document.querySelectorAll('details').forEach(each => { each.open = true; })"


def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    """Skip these tests where no browser can be started."""
    if reason := why_not():
        for item in items:
            if item.get_closest_marker("browser"):
                item.add_marker(pytest.mark.skip(reason=reason))


@dataclass
class Opened:
    """A page in the browser, with what it said and asked for.

    Attributes
    ----------
    page
        Playwright's page.
    complaints
        Warnings and errors on the console, and errors that nothing caught.
    requests
        Addresses of all that was asked for.
    """

    page: Any
    complaints: list[str] = field(default_factory=list)
    requests: list[str] = field(default_factory=list)


@pytest.fixture(scope="session")
def browser() -> Iterator[Any]:
    """Run a Chromium as long as the session."""
    with chromium() as running:
        yield running


@pytest.fixture(scope="session")
def path(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Return the page: a finished study's if one is given, else that of made-up tables."""
    if GIVEN:
        return Path(GIVEN).resolve()
    rows = page_data.observations()
    task = page_data.task(name="own", title="Own", adaptations=(("full", "Full fine-tuning"),))
    gaps = page_data.with_gaps(rows[rows["adaptation"] == "full"])
    tasks = {"bios": (page_data.task(), rows), "own": (task, gaps)}
    return page_data.made(tmp_path_factory.mktemp("study"), tasks)


@pytest.fixture(scope="session")
def desk(browser: Any, path: Path) -> Iterator[Opened]:
    """Return the page on a desk, for tests that only look at it."""
    with opened(browser, path) as found:
        yield found


@pytest.fixture(scope="session")
def phone(browser: Any, path: Path) -> Iterator[Opened]:
    """Return the page on a phone with all its details open, for tests that only look at it."""
    with opened(browser, path, PHONE) as found:
        assert found.page.evaluate(WIDTH) <= PHONE[0]
        found.page.evaluate(OPEN_ALL)
        yield found


@pytest.fixture
def open_page(browser: Any, path: Path) -> Iterator[Callable[..., Opened]]:
    """Return what opens a page of the test's own."""
    with ExitStack() as stack:
        yield lambda *how, **named: stack.enter_context(opened(browser, path, *how, **named))


@contextmanager
def opened(
    browser: Any, path: Path, size: tuple[int, int] = DESKTOP, scripts: bool = True
) -> Iterator[Opened]:
    """Open the page in a window of a size, and wait until all is drawn."""
    context = browser.new_context(
        viewport={"width": size[0], "height": size[1]}, java_script_enabled=scripts
    )
    found = Opened(context.new_page())
    found.page.on("console", lambda said: found.complaints.append(f"{said.type}: {said.text}"))
    found.page.on("pageerror", lambda error: found.complaints.append(str(error)))
    found.page.on("request", lambda asked: found.requests.append(asked.url))
    found.page.goto(path.as_uri())
    if scripts:
        found.page.wait_for_function(
            "document.querySelectorAll('[data-chart]').length"
            " === document.querySelectorAll('[data-drawn]').length"
        )
    yield found
    context.close()
