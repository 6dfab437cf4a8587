"""Speed of the pages in Chromium: first paint, page switches and the map, and many visitors at once.

Everything stands beside an empty Streamlit page in the same run. A page counts as painted when its script has ended,
nothing stale is left and two frames were drawn. Medians and 95th percentiles are of milliseconds measured inside the
browser; of many visitors, by WebSocket clients.
"""

import os
import shutil
import socket
import subprocess
import sys
import tempfile
import threading
import time
import urllib.request
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import numpy as np
from playwright.sync_api import Browser, Page, sync_playwright

from benchmarks import explorer, machine, prepared, sessions
from mmclust.runs.store import RunStore

ROOT = Path(__file__).resolve().parents[1]
PAGES = ("Home", "Data", "Train", "Map", "Clusters", "Confusion", "Views", "Explain", "Disentangle")
CHROMIUM_NAMES = ("chromium", "chromium-browser", "google-chrome-stable", "google-chrome")
VISITED = ("", "data", "train", "map", "clusters", "confusion", "explain")
"""Pages that many visitors open at once."""
VISITS = 5
EMPTY_APP = """
import streamlit as st
def show(name):
    st.title(name)
    st.session_state["n"] = st.session_state.get("n", 0) + st.button("again")
    st.write(st.session_state["n"])
pages = [st.Page(lambda name=name: show(name), title=name, url_path=name.lower()) for name in ("One", "Two")]
st.navigation(pages, position="top").run()
"""
# Notes the first moment with content in the main part, and knows when a page is complete. A page is new when its first
# text is another one: a short script may end before the browser has drawn that it runs.
WATCH = """
const MAIN = '[data-testid="stMain"] [data-testid="stElementContainer"]';
window.bench = {first: null, before: ''};
window.heading = () => [...document.querySelectorAll(MAIN)].map(e => e.innerText.trim()).find(text => text) || '';
new MutationObserver(() => {
  if (window.bench.first === null && window.heading()) window.bench.first = performance.now();
}).observe(document, {subtree: true, childList: true});
window.settled = () => {
  const app = document.querySelector('[data-testid="stApp"]');
  return app && app.getAttribute('data-test-script-state') === 'notRunning'
    && !document.querySelector('[data-testid="stMain"] [data-stale="true"]')
    && window.heading() && window.heading() !== window.bench.before;
};
window.painted = () => new Promise((done, fail) => {
  const began = performance.now();
  const check = () => {
    if (window.settled()) requestAnimationFrame(() => requestAnimationFrame(done));
    else if (performance.now() - began > 60000)
      fail(new Error(location.pathname + ' was not painted within 60 s: ' + window.heading()));
    else requestAnimationFrame(check);
  };
  check();
});
"""
FIRST_PAINT = """() => window.painted().then(() => ({
  first: window.bench.first, shown_at: performance.timeOrigin + window.bench.first, settled: performance.now(),
}))"""
SWITCH = """async name => {
  const kinds = ["stTopNavLink", "stSidebarNavLink", "stTopNavDropdownLink"];
  const found = () => [...document.querySelectorAll(kinds.map(kind => `[data-testid="${kind}"]`).join())]
    .find(link => link.textContent.trim().endsWith(name));
  let link = found();
  for (const heading of document.querySelectorAll('[data-testid="stTopNavSection"]')) { // links of open ones exist
    if (link) break;
    heading.click();
    await new Promise(resolve => setTimeout(resolve, 300));
    link = found();
    if (!link) heading.click();
  }
  if (!link) throw new Error('no link to the page ' + name);
  window.bench.before = window.heading();
  const began = performance.now();
  link.click();
  await window.painted();
  return performance.now() - began;
}"""


class Server:
    """A Streamlit server of its own on a free port."""

    def __init__(self, script: Path, home: Path) -> None:
        self.port = _free_port()
        self.began, self.answered_s = time.monotonic(), 0.0
        options = {"port": self.port, "address": "127.0.0.1", "headless": "true", "fileWatcherType": "none"}
        command = [sys.executable, "-m", "streamlit", "run", script.name]
        command += [part for name, value in options.items() for part in (f"--server.{name}", str(value))]
        self.process = subprocess.Popen(
            [*command, "--browser.gatherUsageStats", "false"],
            cwd=script.parent,
            env=os.environ | {"MMCLUST_HOME": str(home)},
            stdout=subprocess.DEVNULL,
            stderr=subprocess.DEVNULL,
        )

    @property
    def url(self) -> str:
        """Address of the app."""
        return f"http://127.0.0.1:{self.port}"

    def wait(self, seconds: float = 60) -> None:
        """Return when the server answers; the port alone accepts connections before that."""
        deadline = time.monotonic() + seconds
        while time.monotonic() < deadline:
            if self.process.poll() is not None:
                raise RuntimeError(f"the server ended with code {self.process.returncode} before it answered")
            try:
                with urllib.request.urlopen(f"{self.url}/_stcore/health", timeout=seconds):
                    self.answered_s = time.monotonic() - self.began
                    return
            except OSError:
                pass
            time.sleep(0.05)
        raise RuntimeError(f"the server did not answer within {seconds:.0f} s")

    @contextmanager
    def watched(self) -> Iterator[list[float]]:
        """Look every 20 ms whether the server has loaded torch; gives a list that receives the moment when it has."""
        maps, found, end = Path(f"/proc/{self.process.pid}/maps"), [], threading.Event()

        def watch() -> None:
            while not found and not end.wait(0.02):
                if maps.exists() and "libtorch" in maps.read_text():
                    found.append(time.time())

        thread = threading.Thread(target=watch, daemon=True)
        thread.start()
        try:
            yield found
        finally:
            end.set()
            thread.join()

    def stop(self) -> None:
        """End the server and wait for it."""
        self.process.terminate()
        try:
            self.process.wait(30)
        except subprocess.TimeoutExpired:
            self.process.kill()
            self.process.wait()


def measure(*, rounds: int, starts: int, dataset: str | None, visitors: int = 30) -> dict[str, Any]:
    """First paint, page switches, the map and many visitors, of the app and of an empty page.

    Page switches are measured twice, the second time while a training runs in the server.

    Args:
        rounds: passes over all pages for the switches, and repetitions on the map.
        starts: fresh servers of each kind for the first paint.
        dataset: catalogue name for the prepared run; None for the largest at hand.
        visitors: sessions at once.
    """
    with tempfile.TemporaryDirectory(prefix="mmclust-bench-") as folder, sync_playwright() as playwright:
        home = Path(folder) / "home"
        store = RunStore(home)
        dataset = dataset or prepared.largest_dataset()
        run_id, n_samples = prepared.finished_run(store, dataset)
        store.close()
        empty = Path(folder) / "empty.py"
        empty.write_text(EMPTY_APP)
        browser = playwright.chromium.launch(executable_path=chromium(), args=["--no-sandbox"])
        first = _first_paints(browser, {"empty": empty, "app": ROOT / "app.py"}, home, starts)
        with served(empty, home) as blank, served(ROOT / "app.py", home) as app:
            blank_page, app_page = opened(browser, blank.url), opened(browser, f"{app.url}/map?run={run_id}")
            _visit_all(app_page)  # data, snapshot and layouts are read once
            alone = _switches(blank_page, app_page, rounds)
            found = _map(browser, blank, app, run_id, n_samples, rounds)
            shown = {"empty": blank_page, "app": app_page}
            memory = {
                "browser": {name: explorer.browser_memory(page) for name, page in shown.items()},
                "server": {name: explorer.resident(one.process.pid) for name, one in (("empty", blank), ("app", app))},
            }
            crowd = _crowd(blank, app, run_id, visitors)
            training = _switches(blank_page, app_page, rounds, before_round=lambda: _train(app_page, home))
        version = browser.version
        browser.close()
    return {
        "bench": "pages",
        "dataset": dataset,
        "n_samples": n_samples,
        "rounds": rounds,
        "starts": starts,
        "first_paint_ms": first,
        "page_switch_ms": alone,
        "page_switch_while_training_ms": training,
        "map_ms": found,
        "memory_mib": memory,
        "visitors": visitors,
        "visitors_ms": crowd,
        "chromium": version,
        "machine": machine.describe(),
    }


def _first_paints(browser: Browser, scripts: dict[str, Path], home: Path, starts: int) -> dict[str, Any]:
    """A fresh server and a fresh browser profile each time, the scripts taking turns."""
    first: dict[str, list[float]] = {name: [] for name in scripts}
    settled: dict[str, list[float]] = {name: [] for name in scripts}
    answered: dict[str, list[float]] = {name: [] for name in scripts}
    early = []
    for _ in range(starts):
        for name, script in scripts.items():
            with served(script, home) as server, server.watched() as torch_at:
                answered[name].append(1000 * server.answered_s)
                page = opened(browser, server.url, wait=False)
                found = page.evaluate(FIRST_PAINT)
                if name == "app":
                    early.append(any(1000 * moment < found["shown_at"] for moment in torch_at))
                first[name].append(found["first"])
                settled[name].append(found["settled"])
                page.context.close()
    return {
        "server_start": {name: summary(found) for name, found in answered.items()},
        "first_content": _beside_empty({name: times for name, times in first.items()}),
        "page_complete": _beside_empty({name: times for name, times in settled.items()}),
        "torch_loaded_at_first_content": any(early) if Path("/proc/self/maps").exists() else None,
    }


def _switches(blank: Page, app: Page, rounds: int, before_round: Callable[[], None] = lambda: None) -> dict[str, Any]:
    """Clicks through all pages of the app, each beside a click in the empty one."""
    times: dict[str, list[float]] = {name: [] for name in PAGES}
    baseline = []
    for _ in range(rounds):
        before_round()
        for name in PAGES:
            baseline.append(_switch(blank, "One" if blank.evaluate("window.heading()") == "Two" else "Two"))
            times[name].append(_switch(app, name))
    everything = _beside_empty({"empty": baseline, "app": [t for found in times.values() for t in found]})
    return everything | {"pages": {name: summary(found) for name, found in times.items()}}


def _map(browser: Browser, blank: Server, app: Server, run_id: str, n_points: int, rounds: int) -> dict[str, Any]:
    """The map of the prepared run: painted from nothing, under the pointer, and through time."""
    times: dict[str, list[float]] = {"empty": [], "app": []}
    page = None
    for _ in range(max(3, rounds // 2)):
        fresh = opened(browser, f"{blank.url}/one")
        times["empty"].append(fresh.evaluate("performance.now()"))
        fresh.context.close()
        if page is not None:
            page.context.close()
        page = opened(browser, f"{app.url}/map?run={run_id}", wait=False)
        times["app"].append(explorer.first_paint(page))
    assert page is not None
    found: dict[str, Any] = {"painted": _beside_empty(times)}
    found |= {name: summary(took) for name, took in explorer.interactions(page, n_points, rounds).items()}
    page.context.close()
    page = opened(browser, f"{app.url}/map?run={run_id}&projection=PCA&time=true")
    found |= {name: summary(took) for name, took in explorer.scrubbing(page).items()}
    page.context.close()
    page = opened(browser, f"{blank.url}/one")
    found["empty_click"] = summary([explorer.empty_click(page) for _ in range(rounds)])
    page.context.close()
    return found


def _crowd(blank: Server, app: Server, run_id: str, visitors: int) -> dict[str, Any]:
    """Answers to many visitors who go from page to page, with pauses between them."""
    once = {"sessions": visitors, "visits": VISITS}
    return _beside_empty(
        {
            "empty": sessions.response_times(blank.url, ("one", "two"), "", **once),
            "app": sessions.response_times(app.url, VISITED, f"run={run_id}", **once),
        }
    )


def _switch(page: Page, name: str) -> float:
    page.bring_to_front()  # a browser draws no frames of a page behind another
    return page.evaluate(SWITCH, name)


def _visit_all(page: Page) -> None:
    for name in PAGES:
        _switch(page, name)
        page.wait_for_timeout(3000)  # figures and pictures come after the script
        if name not in ("Home", "Train"):  # their bars are those of runs; the others' are of work that is done once
            page.wait_for_function("() => !document.querySelector('[data-testid=stProgress]')", timeout=600_000)


def _train(page: Page, home: Path) -> None:
    """See to it that a training runs in the server: press Start unless one does, and wait for its first point."""
    store = RunStore(home)
    try:
        if not _moving(store):
            _switch(page, "Train")
            page.get_by_role("button", name="Start training").click()
        deadline = time.monotonic() + 120
        while not _moving(store):
            if time.monotonic() > deadline:
                raise RuntimeError("the training that was started in the app did not begin within 120 s")
            time.sleep(0.2)
    finally:
        store.close()


def _moving(store: RunStore) -> bool:
    return any(record.status == "running" and record.step > 0 for record in store.list(examples=False))


def _beside_empty(times: dict[str, list[float]]) -> dict[str, Any]:
    found = {name: summary(values) for name, values in times.items()}
    return found | {
        "app_minus_empty": {key: round(found["app"][key] - found["empty"][key], 1) for key in ("median", "p95")}
    }


def summary(values: list[float]) -> dict[str, float]:
    """Median and 95th percentile."""
    return {
        "median": round(float(np.median(values)), 1),
        "p95": round(float(np.percentile(values, 95)), 1),
        "n": len(values),
    }


@contextmanager
def served(script: Path, home: Path) -> Iterator[Server]:
    """A server that answers, stopped at the end."""
    server = Server(script, home)
    try:
        server.wait()
        yield server
    finally:
        server.stop()


def opened(browser: Browser, url: str, *, wait: bool = True) -> Page:
    """An address in a fresh profile; with `wait` complete."""
    page = browser.new_context(viewport={"width": 1440, "height": 900}).new_page()
    page.set_default_timeout(120_000)
    page.add_init_script(WATCH)
    page.goto(url, wait_until="commit")
    if wait:
        page.evaluate(FIRST_PAINT)
    return page


def chromium() -> str:
    """The browser of this machine.

    Raises:
        ValueError: there is none.
    """
    for name in CHROMIUM_NAMES:
        if path := shutil.which(name):
            return path
    raise ValueError(f"no Chromium was found ({', '.join(CHROMIUM_NAMES)}); install one to measure pages")


def _free_port() -> int:
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return probe.getsockname()[1]
