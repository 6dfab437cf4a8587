"""The map of large runs in Chromium, beside an empty Streamlit page: generated runs of 70,000 to 1,000,000 samples.

`python -m benchmarks.large_maps 70000 300000 1000000`: painted, zoomed and panned, lasso, colours, brush, query, and
what the server keeps in memory. Times are taken inside the browser. Layout and samples are generated; everything else
is what a user meets. A folder given by --home keeps them for the next time.
"""

import argparse
import json
import sys
import tempfile
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
from playwright.sync_api import Browser, Page, sync_playwright

from benchmarks import explorer, machine, pages, prepared
from mmclust import methods
from mmclust.evaluation.metrics import score
from mmclust.evaluation.snapshot import Snapshot
from mmclust.runs.spec import RunSpec
from mmclust.runs.store import RunStore

SIZES = (70_000, 300_000, 1_000_000)
SIDE = 8
"""Pixels of an image's edge."""
QUERY = "confidence < 0.6 and cluster == 1"
PATIENCE_MS = 1_800_000
QUIET_S, WARM_S = 15, 240
"""How long the memory of a server stays as it is once it has loaded all libraries, and how long that may take."""


def measure(
    sizes: tuple[int, ...] = SIZES,
    *,
    n_clusters: int = 10,
    rounds: int = 5,
    home: Path | None = None,
    webgl: bool = False,
) -> dict[str, Any]:
    """Medians and 95th percentiles in milliseconds for each number of points, and the processor time of each of them.

    Args:
        sizes: numbers of points.
        n_clusters: of the generated runs.
        rounds: repetitions of each interaction.
        home: where generated runs are kept; by default they are made anew.
        webgl: draw by WebGL even where the processor renders it; by default that is left to the page.
    """
    with tempfile.TemporaryDirectory(prefix="mmclust-bench-") as folder, sync_playwright() as playwright:
        home = home or Path(folder) / "home"
        empty = Path(folder) / "empty.py"
        empty.write_text(pages.EMPTY_APP)
        runs = {n: generated(home, n, n_clusters) for n in sizes}
        browser = playwright.chromium.launch(executable_path=pages.chromium(), args=["--no-sandbox"])
        found = {f"{n:,} points": _of(browser, home, empty, run_id, n, rounds, webgl) for n, run_id in runs.items()}
        about = {"chromium": browser.version, "webgl": webgl, "machine": machine.describe()}
        browser.close()
    return {"bench": "large_maps", "n_clusters": n_clusters, "rounds": rounds, **found, **about}


def generated(home: Path, n: int, n_clusters: int) -> str:
    """A finished run on n generated images, with a layout of discs in the place of its t-SNE; its id."""
    data, kept = home / f"generated-{n}.npz", home / f"generated-{n}-{n_clusters}.txt"
    if kept.exists():
        return kept.read_text()
    home.mkdir(parents=True, exist_ok=True)
    random = np.random.default_rng(0)
    labels = np.arange(n) % n_clusters
    np.savez(data, images=random.integers(0, 256, (n, SIDE, SIDE), np.uint8), labels=labels)
    store = RunStore(home)
    config = methods.card("dccs").resolve(str(data), "paper", {})
    store.create(RunSpec(dataset=str(data), method="dccs", config=config, epochs=100, title=f"{n:,} generated"))
    run = store.claim()
    assert run is not None, "the store is the bench's own: nothing else can hold the device"
    with run:
        run.begin(n_samples=n, n_train=n, n_clusters=n_clusters, environment={})
        snapshot = _snapshot(n, n_clusters)
        run.snapshot(snapshot)
        run.log({f"eval/{name}": x for name, x in score(labels, snapshot.y_pred).items()}, step=100, epoch=100)
        prepared.lay_out(run.folder, store.get(run.id).snapshot())
        run.progress(step=100, total_steps=100, epoch=100)
        run.finish("finished")
    store.close()
    kept.write_text(run.id)
    return run.id


def _snapshot(n: int, n_clusters: int) -> Snapshot:
    """Scores of all clusters, and ten style dimensions."""
    random = np.random.default_rng(0)
    logits = random.normal(0, 1, (n, n_clusters)).astype(np.float32)
    logits[np.arange(n), np.arange(n) % n_clusters] += random.normal(5, 2, n)
    style = random.normal(0, 0.1, (n, 10)).astype(np.float32)
    return Snapshot(epoch=100, step=100, index=np.arange(n), spaces={"z": style}, logits=logits)


def _of(browser: Browser, home: Path, empty: Path, run_id: str, n: int, rounds: int, webgl: bool) -> dict[str, Any]:
    """Everything measured for one run, on a server of its own."""
    say(f"{n:,} points: the page is opened for the first time")
    with pages.served(empty, home) as blank, pages.served(pages.ROOT / "app.py", home) as app:
        address = f"{app.url}/map?run={run_id}"
        first = pages.opened(browser, app.url)
        _wait_for_libraries(app.process.pid)
        before = explorer.resident(app.process.pid)
        first.goto(address)
        first.evaluate(pages.FIRST_PAINT)
        first.wait_for_function("() => !document.querySelector('[data-testid=stProgress]')", timeout=PATIENCE_MS)
        first.context.close()
        times: dict[str, list[float]] = {}
        page, cpu = _painted(browser, (blank, app), address, rounds, times)
        if webgl:
            page.evaluate("() => { window.mmclustMaps.renderer = 'webgl'; }")
        say("lasso, zoom, colours, brush, query")
        page.wait_for_timeout(2000)
        spent = explorer.Spent(page, app.process.pid)
        stages: dict[str, tuple[int, Callable[[], dict[str, list[float]]]]] = {
            "lasso": (rounds, lambda: explorer.lassos(page, rounds)),
            "hover": (3 * rounds, lambda: explorer.hovers(page, n, rounds)),
            "frame": (2 * explorer.FRAMES, lambda: explorer.moving(page)),
            "color": (4 + 2 * rounds, lambda: explorer.recolored(page, rounds)),
            "brush_move": (8 * rounds, lambda: explorer.brushed(page, rounds)),
            "query": (rounds, lambda: explorer.queries(page, QUERY, rounds)),
        }
        for name, (count, measured) in stages.items():
            times |= measured()
            cpu[name] = spent.since(count)
        found: dict[str, Any] = {name: pages.summary(took) for name, took in times.items()}
        found["processor_ms"] = cpu
        found["painted_over_empty"] = round(found["painted"]["median"] - found["empty"]["median"], 1)
        server = {"before": before, "after": explorer.resident(app.process.pid)}
        memory = {"server": server, "browser": explorer.browser_memory(page)}
        page.context.close()
        page = pages.opened(browser, f"{app.url}/confusion?run={run_id}")
        found["confusion_mib"] = explorer.received_mib(page)
        page.context.close()
    return {"ms": found, "memory_mib": memory | {"arrays": _arrays_mib(home, run_id)}}


def _wait_for_libraries(server: int) -> None:
    """Until a server has loaded what it loads once a page is shown: that is not memory of a run."""
    ends = time.monotonic() + WARM_S
    time.sleep(QUIET_S + 10)  # the last ones are loaded some time later
    steady, last = time.monotonic(), None
    while time.monotonic() < ends and time.monotonic() - steady < QUIET_S:
        now = explorer.resident(server)
        if now is None:
            return
        if now["now"] != last:
            steady, last = time.monotonic(), now["now"]
        time.sleep(1)


def _painted(
    browser: Browser,
    servers: tuple[pages.Server, pages.Server],
    address: str,
    rounds: int,
    times: dict[str, list[float]],
) -> tuple[Page, dict[str, Any]]:
    """Open the map in new tabs, each beside an empty page, and leave the last one open; also the processor time."""
    blank, app = servers
    cpu: dict[str, list[dict[str, float]]] = {"empty": [], "painted": []}
    times |= {"empty": [], "painted": []}
    page = None
    for _ in range(max(3, rounds)):
        if page is not None:
            page.context.close()
        for name, server, place in (("empty", blank, f"{blank.url}/one"), ("painted", app, address)):
            page = pages.opened(browser, "about:blank", wait=False)
            spent = explorer.Spent(page, server.process.pid)
            page.goto(place, wait_until="commit")
            if name == "empty":
                times[name].append(page.evaluate(pages.FIRST_PAINT)["settled"])
            else:
                times[name].append(explorer.first_paint(page))
            cpu[name].append(spent.since())
            if name == "empty":
                page.context.close()
    assert page is not None
    middle = {name: {who: _median([one[who] for one in took]) for who in took[0]} for name, took in cpu.items()}
    return page, dict(middle)


def _median(values: list[float]) -> float:
    return round(float(np.median(values)), 1)


def _arrays_mib(home: Path, run_id: str) -> float:
    """What the run's snapshot, layout and data take as arrays, once each."""
    run = RunStore(home).get(run_id)
    snapshot = run.snapshot()
    n_bytes = snapshot.logits.nbytes + sum(values.nbytes for values in snapshot.spaces.values())
    n_bytes += snapshot.index.nbytes + len(snapshot.index) * (8 + SIDE * SIDE + 8)  # positions, image, class
    return round(n_bytes / 2**20, 1)


def say(what: str) -> None:
    """Progress, apart from the result."""
    print(f"{time.strftime('%H:%M:%S')} {what}", file=sys.stderr, flush=True)


def main() -> None:
    """Measure and print one JSON document."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("sizes", nargs="*", type=int, default=SIZES, help="numbers of points")
    parser.add_argument("--clusters", type=int, default=10)
    parser.add_argument("--rounds", type=int, default=5)
    parser.add_argument("--home", type=Path, help="keep generated runs here")
    parser.add_argument("--webgl", action="store_true", help="draw by WebGL even where the processor renders it")
    args = parser.parse_args()
    asked = {"n_clusters": args.clusters, "rounds": args.rounds, "home": args.home, "webgl": args.webgl}
    print(json.dumps(measure(tuple(args.sizes), **asked), indent=1))


if __name__ == "__main__":
    main()
