"""Speed of the Sensitivity page in Chromium: opening a sweep of 500 runs, and a step of the slider over its runs."""

import tempfile
import time
from dataclasses import replace
from pathlib import Path
from statistics import median, quantiles
from typing import Any

from playwright.sync_api import Page, sync_playwright
from sqlalchemy import insert, select

from benchmarks import machine, pages, prepared
from mmclust.runs.store import RunStore
from mmclust.runs.tables import RUNS, SWEEP_RUNS
from mmclust.sweeps import record as sweeps
from mmclust.sweeps.sweep import Cell, grid

BETAS, SIGMAS, SEEDS = 10, 25, 2
WALKED = 24
"""Steps of the slider that are measured, over runs whose pieces were made ahead."""
PREFETCH_S = 20.0
# Notes when a key goes down, and when the map of another run has been drawn after it.
WATCH = """() => {
  const picture = () => document.querySelector('.mm-walk img')?.src + document.querySelector('.mm-walk')?.innerText;
  window.step = {pressed: 0, took: 0};
  let shown = picture();
  addEventListener('keydown', () => { window.step = {pressed: performance.now(), took: 0}; }, true);
  const look = () => {
    const now = picture();
    if (now !== shown && document.querySelector('.mm-walk img')) {
      shown = now;
      if (!window.step.took) window.step.took = performance.now() - window.step.pressed;
    }
    requestAnimationFrame(look);
  };
  look();
}"""


def measure(*, rounds: int) -> dict[str, Any]:
    """Milliseconds from the click in the navigation until the page of 500 runs is painted, and of steps of its slider.

    Args:
        rounds: visits of the page.
    """
    with tempfile.TemporaryDirectory(prefix="mmclust-bench-") as folder, sync_playwright() as playwright:
        home = Path(folder) / "home"
        store = RunStore(home)
        n_runs = _finished_sweep(store)
        store.close()
        browser = playwright.chromium.launch(executable_path=pages.chromium(), args=["--no-sandbox"])
        with pages.served(pages.ROOT / "app.py", home) as app:
            page = pages.opened(browser, app.url)
            opened = []
            for _ in range(rounds + 1):
                opened.append(float(page.evaluate(pages.SWITCH, "Sensitivity")))
                page.evaluate(pages.SWITCH, "Home")
            page.evaluate(pages.SWITCH, "Sensitivity")
            steps = _walk(page)
        version = browser.version
        browser.close()
    return {
        "bench": "sensitivity",
        "n_runs": n_runs,
        "first_visit_ms": round(opened[0]),
        "opened_ms": _figures(opened[1:]),
        "slider_step_ms": _figures(steps),
        "chromium": version,
        "machine": machine.describe(),
    }


def _walk(page: Page) -> list[float]:
    """Steps of the slider to and fro, after the pieces of all its runs were made ahead."""
    page.wait_for_selector(".mm-walk img", timeout=60_000)
    time.sleep(PREFETCH_S)
    page.evaluate(WATCH)
    page.locator('[data-testid="stSlider"] input[type="range"]').first.focus()
    times = []
    while len(times) < WALKED:
        for key in ["ArrowRight"] * (BETAS - 1) + ["ArrowLeft"] * (BETAS - 1):
            page.keyboard.press(key)
            page.wait_for_function("() => window.step.took > 0", timeout=20_000, polling=20)
            times.append(float(page.evaluate("() => window.step.took")))
    return times


def _figures(times: list[float]) -> dict[str, int]:
    return {"median": round(median(times)), "p95": round(quantiles(times, n=20)[-1]) if len(times) > 1 else 0}


def _finished_sweep(store: RunStore) -> int:
    """A sweep of 500 finished runs on digits, each with the codes of one of ten that were made."""
    betas = [float(number) for number in range(BETAS)]
    sigmas = [round(0.1 + 0.01 * number, 2) for number in range(SIGMAS)]
    sweep = grid(Cell(dataset="digits", method="dccs"), {"beta_aug": betas, "sigma": sigmas}, seeds=range(SEEDS))
    made = [prepared.small_run(store, "digits", noise=1.0 + 0.5 * number) for number in range(BETAS)]
    with store.reading() as connection:
        rows = [
            dict(connection.execute(select(RUNS).where(RUNS.c.run_id == run_id)).mappings().one()) for run_id in made
        ]
    sweeps.begin(store, sweep, n_runs=sweep.n_runs)
    runs, links = [], []
    for number, cell in enumerate(sweep.cells):
        like = rows[betas.index(cell.point["beta_aug"])]
        spec = store.get(like["run_id"]).spec
        for seed in sweep.seeds:
            run_id = f"dccs-digits-{number:03d}{seed:03d}"
            own = replace(spec, seed=seed, config={**spec.config, **cell.changes}, launcher="sweep")
            runs.append(like | {"run_id": run_id, "spec": own.to_json(), "launcher": "sweep", "title": cell.title})
            links.append({"sweep_id": sweep.id, "cell": number, "seed": seed, "run_id": run_id})
            store.folder(run_id).symlink_to(store.folder(like["run_id"]))
    with store.writing() as connection:
        connection.execute(insert(RUNS), runs)
        connection.execute(insert(SWEEP_RUNS), links)
    sweeps.end(store, sweep.id, "finished", {})
    return len(runs)
