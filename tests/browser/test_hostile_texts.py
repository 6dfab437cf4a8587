"""Texts that users, files and other machines bring are shown as letters, on every page and in reports."""

import threading
from collections.abc import Iterator
from dataclasses import replace
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path

import numpy as np
import pytest
from playwright.sync_api import Page, expect

from mmclust import worker
from mmclust.data import uploads
from mmclust.data.dataset import DataSpec, MultiViewDataset, ViewSpec
from mmclust.evaluation.annotation import Rename
from mmclust.report.export import export
from mmclust.report.sweep import export as export_sweep
from mmclust.runs.annotations import Annotations
from mmclust.runs.run import Run
from mmclust.runs.store import RunStore
from mmclust.specs import build_spec
from mmclust.sweeps import record as sweeps
from mmclust.sweeps.sweep import Cell, Sweep
from tests.browser.test_first_visit import PATIENCE_MS

pytestmark = [pytest.mark.browser, pytest.mark.slow]

IMAGES = (
    "learn",
    "",
    "data",
    "train",
    "map?sel=cluster:1",
    "clusters",
    "confusion?sel=class:1",
    "explain",
    "compare",
    "sensitivity",
)
VIEWS = ("data", "train", "map", "views", "disentangle", "confusion", "explain", "sensitivity")


@pytest.fixture
def trap() -> Iterator[tuple[int, list[str]]]:
    """A server that hostile texts name: its port, and what was asked of it."""
    asked: list[str] = []

    class Handler(BaseHTTPRequestHandler):
        def do_GET(self) -> None:
            asked.append(self.path)
            self.send_error(404)

        def log_message(self, *_) -> None:
            pass

    with ThreadingHTTPServer(("127.0.0.1", 0), Handler) as server:
        thread = threading.Thread(target=server.serve_forever)
        thread.start()
        yield server.server_address[1], asked
        server.shutdown()
        thread.join()


def hostile(port: int) -> str:
    return (
        f"![p](http://127.0.0.1:{port}/md)<script>pwned=1</script>$x^2$ [a](javascript:pwned=1)"
        f"<img src=http://127.0.0.1:{port}/html onerror=pwned=1></style></div> :red[z] `q` | %{{x}}"
    )


def short(port: int) -> str:
    """For fields of at most 80 letters."""
    return f"![p](http://127.0.0.1:{port}/t)<img src=//127.0.0.1:{port}/u onerror=pwned=1>"


def trained(dataset: str, method: str, **changes) -> Run:
    store = RunStore()
    run = store.create(build_spec(dataset, method, preset="paper", epochs=2, changes=changes))
    active = store.claim(run.id)
    assert active is not None and worker.execute(active) == "finished", run.record().error
    return run


def made_hostile(run: Run, words: str) -> None:
    run.rename(words)
    run.write_note(words)
    run.name_clusters({0: words[:100]})
    annotations = Annotations(run.store)
    annotations.add(annotations.create(run.id, words[:80], epoch=2), Rename(cluster=1, name=words[:100]))


def data(port: int, *, views: int) -> MultiViewDataset:
    generator, words = np.random.default_rng(0), hostile(port)
    labels = np.arange(120) % 3
    texts = np.array([words] * 120, dtype=object)
    classes = tuple(f"{words} {number}" for number in range(3))
    if views == 1:
        images = generator.integers(0, 60, (120, 1, 8, 8)) + labels[:, None, None, None] * 60
        specs = (ViewSpec(name=words, kind="image", shape=(1, 8, 8)),)
        arrays = (images.astype(np.uint8),)
    else:
        specs = tuple(ViewSpec(name=f"{words} {n}", kind="vector", shape=(6,)) for n in range(views))
        arrays = tuple((generator.random((120, 6)) + labels[:, None]).astype(np.float32) for _ in range(views))
    spec = DataSpec(name=short(port), views=specs, n_clusters=3, classes=classes)
    return MultiViewDataset(spec=spec, views=arrays, labels=labels.astype(np.int64), texts=texts)


def made(port: int, views: int) -> Run:
    """A run with hostile texts in every field that takes one."""
    words = hostile(port)
    about = uploads.About(title=f"{views}{short(port)}", about=words, source=words, licence=words, citation=words)
    method, changes = ("dccs", {"width": 0.125}) if views == 1 else ("dmim", {})
    run = trained(uploads.keep(data(port, views=views), about), method, **changes)
    made_hostile(run, words)
    return run


def swept(store: RunStore, run: Run, words: str) -> str:
    """The id of a sweep with the run and one that failed, which says hostile texts, too."""
    base = Cell(dataset=run.spec.dataset, method=run.spec.method, preset="paper", epochs=2)
    cells = tuple(replace(base, label=f"{words} {n}", point={"epochs": n}) for n in (1, 2))
    sweep = Sweep(cells=cells, title=words)
    sweeps.begin(store, sweep, n_runs=2)
    sweeps.attach(store, sweep.id, [(0, 0)], run.id)
    sweeps.end(store, sweep.id, "finished", {(1, 0): words})
    return sweep.id


def assert_harmless(page: Page) -> None:
    assert page.evaluate("typeof pwned") == "undefined"
    assert page.locator('a[href^="javascript"], img[onerror]').count() == 0
    assert page.locator('[data-testid="stException"]').count() == 0
    assert page.evaluate("document.documentElement.scrollWidth <= window.innerWidth + 1"), "the page became too wide"
    assert page.get_by_text("could not be displayed").count() == 0


@pytest.mark.parametrize(("views", "pages"), [(1, IMAGES), (2, VIEWS)])
def test_no_page_and_no_report_takes_a_text_for_more_than_letters(
    page: Page,
    trap: tuple[int, list[str]],
    views: int,
    pages: tuple[str, ...],
    home: Path,
    request: pytest.FixtureRequest,
) -> None:
    port, asked = trap
    run = made(port, views)
    export(run, home / "out", Annotations(run.store).of(run.id))
    store = RunStore()
    sweep = swept(store, run, hostile(port))
    export_sweep(store, sweep, home / "of-sweep")
    address = request.getfixturevalue("server")
    told, outside, own = [], [], ("file:", "data:", "blob:", address)
    page.on("console", lambda message: told.append(message.text))
    page.on("request", lambda one: outside.append(one.url) if not one.url.startswith(own) else None)
    for name in pages:
        page.goto(f"{address}/{name}{'&' if '?' in name else '?'}run={run.id}&dataset={run.spec.dataset}&sweep={sweep}")
        expect(page.locator("h1").first).to_be_visible(timeout=PATIENCE_MS)
        expect(page.locator('[data-testid="stStatusWidget"]')).to_have_count(0, timeout=PATIENCE_MS)
        assert_harmless(page)
    assert "<img src=" in page.locator('[data-testid="stMain"]').inner_text(), "the texts are not on the page at all"
    for report in (home / "out" / "report.html", home / "of-sweep" / "report.html"):
        page.goto(report.as_uri())
        expect(page.locator(".js-plotly-plot .main-svg").first).to_be_visible()
        assert_harmless(page)
        assert "<img src=" in page.locator("body").inner_text(), "the texts are not in the report at all"
    assert not asked and not outside, (asked, outside)
    assert not [text for text in told if "Content Security Policy" in text or "Refused to" in text], told
