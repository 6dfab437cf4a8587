"""What a store of thousands of runs costs: its list, and a click on the pages that list runs.

    python -m benchmarks.many_runs --runs 10000

fills a new home with copies of one finished run, a fifth of them in a sweep, and runs the scripts of the pages as the
server does for a click, without a browser. Milliseconds are of the processor, of this process with all its threads.
"""

import argparse
import json
import os
import sys
import tempfile
import time
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path
from statistics import median
from typing import Any

from sqlalchemy import insert, select
from streamlit.testing.v1 import AppTest

from benchmarks import machine, prepared
from mmclust import settings
from mmclust.cli.main import main as command
from mmclust.runs import seals
from mmclust.runs.store import RunStore
from mmclust.runs.tables import RUNS, SWEEP_RUNS
from mmclust.sweeps import record as sweeps
from mmclust.sweeps.sweep import Cell, Sweep, grid

MAIN = Path(__file__).resolve().parents[1] / "pages" / "main.py"
PAGES = ("home", "train", "confusion", "compare", "sensitivity")
SWEPT = 5
"""One of so many runs belongs to the sweep."""
N_SIGMAS = 10


def main() -> None:
    """Fill a store, ask it, report."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--runs", type=int, default=10_000)
    parser.add_argument("--rounds", type=int, default=5)
    parser.add_argument("--json", type=Path, help="where the result is written")
    args = parser.parse_args()
    with tempfile.TemporaryDirectory(prefix="mmclust-bench-", ignore_cleanup_errors=True) as folder:
        os.environ["MMCLUST_HOME"] = folder
        fill(RunStore(), args.runs)
        result = {"bench": "many runs", "n_runs": args.runs, **measure(args.rounds), "machine": machine.describe()}
    text = json.dumps(result, indent=2)
    print(text)
    if args.json:
        args.json.write_text(text + "\n")


def fill(store: RunStore, n_runs: int) -> None:
    """Finished runs on digits, all with the files of the first; every `SWEPT`th of them in one sweep."""
    first = prepared.small_run(store, "digits", noise=1.0)
    with store.reading() as connection:
        row = dict(connection.execute(select(RUNS).where(RUNS.c.run_id == first)).mappings().one())
    spec, sweep = store.get(first).spec, _sweep(n_runs // SWEPT)
    sweeps.begin(store, sweep, n_runs=sweep.n_runs)
    cells = [(number, cell, seed) for number, cell in enumerate(sweep.cells) for seed in sweep.seeds]
    rows, links = [], []
    for number in range(n_runs - 1):
        run_id, own = f"dccs-digits-{number:06d}", replace(spec, seed=number, title="")
        if number < len(cells):
            place, cell, seed = cells[number]
            own = replace(spec, seed=seed, config={**spec.config, **cell.changes}, launcher="sweep", title=cell.title)
            links.append({"sweep_id": sweep.id, "cell": place, "seed": seed, "run_id": run_id})
        told = {"run_id": run_id, "spec": own.to_json(), "launcher": own.launcher, "title": own.title}
        rows.append(seals.sealed(row | told | {"created": row["created"] - 1 - number, "n_points": None}))
        store.folder(run_id).symlink_to(store.folder(first))
    with store.writing() as connection:
        connection.execute(insert(RUNS), rows)
        connection.execute(insert(SWEEP_RUNS), links)
    sweeps.end(store, sweep.id, "finished", {})


def _sweep(n_runs: int) -> Sweep:
    sigmas = [round(0.1 + 0.01 * number, 2) for number in range(N_SIGMAS)]
    betas = [float(number) for number in range(max(1, n_runs // N_SIGMAS))]
    return grid(Cell(dataset="digits", method="dccs"), {"beta_aug": betas, "sigma": sigmas}, seeds=(0,))


def measure(rounds: int) -> dict[str, Any]:
    """Milliseconds of the list and of each page: the first time and the median of later ones."""
    store = RunStore()
    found: dict[str, Any] = {"list_ms": _times(lambda: store.list(examples=False), rounds)}
    found["unreadable_ms"] = _times(store.unreadable, rounds)
    found["mmclust_runs_ms"] = round(_processor_ms(_silently(lambda: command(["runs"]))))
    pages = {}
    for name in PAGES:
        app = AppTest.from_file(str(MAIN), default_timeout=600)
        if name != "home":
            app.switch_page(f"{name}.py")
        pages[name] = _times(app.run, rounds)
    return found | {"pages_ms": pages, "threads": settings.n_threads()}


def _times(work: Callable[[], Any], rounds: int) -> dict[str, float]:
    times = [_processor_ms(work) for _ in range(rounds + 1)]
    return {"first": round(times[0], 1), "then": round(median(times[1:]), 1)}


def _processor_ms(work: Callable[[], Any]) -> float:
    began = time.process_time()
    work()
    return 1000 * (time.process_time() - began)


def _silently(work: Callable[[], Any]) -> Callable[[], Any]:
    def quiet() -> None:
        shown = sys.stdout
        with Path(os.devnull).open("w") as nothing:
            sys.stdout = nothing
            try:
                work()
            finally:
                sys.stdout = shown

    return quiet


if __name__ == "__main__":
    main()
