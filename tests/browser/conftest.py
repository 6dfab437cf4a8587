"""The app as a user meets it: a server of its own on a free port, and a window of Chromium.

Each test has its own context of the one browser: cookies, storage and pages of a test reach no other. A test that
trains or keeps something has its own server with its own home, a copy of a process that has loaded what it needs
(`programs`); those that look at the bundled example share one.
"""

import os
import socket
import subprocess
import sys
import time
import urllib.request
from collections.abc import Iterator
from contextlib import ExitStack, contextmanager
from pathlib import Path

import pytest
from playwright.sync_api import Browser, Page, sync_playwright
from programs import Program, module

from tests.conftest import set_home

ROOT = Path(__file__).resolve().parents[2]
START_LIMIT_S = 180


@pytest.fixture
def server(home: Path) -> Iterator[str]:
    """Address of a fresh server; told to stop at the end, which it has to obey cleanly."""
    with serving(home, free_port()) as address:
        yield address


@pytest.fixture
def server_from_nothing(home: Path) -> Iterator[str]:
    """Address of a server that was started as users start one, and has loaded nothing yet."""
    with serving(home, free_port(), from_nothing=True) as address:
        yield address


@pytest.fixture(scope="session")
def shared_server(tmp_path_factory: pytest.TempPathFactory) -> Iterator[str]:
    """Address of a server for all tests that keep nothing in its home, such as the arrangement of a map's charts."""
    folder = tmp_path_factory.mktemp("shared")
    with ExitStack() as stack:
        with pytest.MonkeyPatch.context() as monkeypatch:
            home = set_home(monkeypatch, folder / "home")
            address = stack.enter_context(serving(home, free_port()))
        yield address


def free_port() -> int:
    """A port of this machine that nobody listens on."""
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return probe.getsockname()[1]


@contextmanager
def serving(home: Path, port: int, *options: str, from_nothing: bool = False) -> Iterator[str]:
    """A server of the app, with more options of Streamlit where that is wanted."""
    arguments = ["--server.headless=true", f"--server.port={port}", *options]
    log = home.parent / "server.log"
    if from_nothing:
        with log.open("wb") as output:
            command = [sys.executable, "-m", "mmclust.ui", *arguments]
            process = subprocess.Popen(command, cwd=ROOT, env=dict(os.environ), stdout=output, stderr=output)
    else:
        process = Program(module("mmclust.ui"), *arguments, output=log, complaints=log)
    address = f"http://127.0.0.1:{port}"
    try:
        wait_for(f"{address}/_stcore/health", process, log)
        yield address
    finally:
        process.terminate()
        try:
            process.wait(150)  # the machine may be busy
        except subprocess.TimeoutExpired:
            process.kill()
            raise
    words = log.read_text()
    assert "Traceback" not in words, words[-3000:]
    assert "terminate called" not in words, words[-3000:]


@pytest.fixture(scope="module")
def browser(chromium: str) -> Iterator[Browser]:
    """Chromium; not for longer than a file, as its driver's event loop is in the way of other tests."""
    with sync_playwright() as playwright:
        browser = playwright.chromium.launch(executable_path=chromium, args=["--no-sandbox"])
        yield browser
        browser.close()


@pytest.fixture
def page(browser: Browser) -> Iterator[Page]:
    """An empty page that shares nothing with those before; an error in the page's scripts fails the test."""
    errors: list[str] = []
    with browser.new_context(viewport={"width": 1440, "height": 900}) as context:
        page = context.new_page()
        page.set_default_timeout(60_000)
        page.on("pageerror", lambda error: errors.append(str(error)))
        yield page
    assert not errors, errors


HEADINGS = {
    **dict.fromkeys(("Map", "Clusters", "Views", "Explain", "Disentangle"), "Look"),
    **dict.fromkeys(("Confusion", "Sensitivity", "Compare"), "Compare"),
}
"""Where pages stand in the navigation; the others stand in it themselves."""


def go_to(page: Page, name: str) -> None:
    """Click a page in the navigation, under its heading where it stands under one."""
    if heading := HEADINGS.get(name):
        page.get_by_test_id("stTopNavSection").filter(has_text=heading).click()
        page.get_by_test_id("stTopNavDropdownLink").filter(has_text=name).first.click()
    else:
        page.get_by_test_id("stTopNavLink").filter(has_text=name).first.click()


def wait_for(address: str, process: subprocess.Popen | Program, log: Path) -> None:
    deadline = time.monotonic() + START_LIMIT_S
    while time.monotonic() < deadline:
        assert process.poll() is None, log.read_text()
        try:
            with urllib.request.urlopen(address, timeout=2):
                return
        except OSError:
            time.sleep(0.2)
    raise AssertionError(f"the server did not answer within {START_LIMIT_S} s: {log.read_text()}")
