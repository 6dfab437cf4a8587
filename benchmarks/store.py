"""Speed of the run store and of snapshots on disk."""

import tempfile
import time
from collections.abc import Callable
from pathlib import Path
from statistics import median
from typing import Any

from benchmarks import machine, prepared
from mmclust.runs.store import RunStore

N_RUNS = 200


def measure(*, rounds: int) -> dict[str, Any]:
    """Median milliseconds of what pages and training ask of the store, in a new home."""
    with tempfile.TemporaryDirectory(prefix="mmclust-bench-") as folder:
        store = RunStore(Path(folder))
        began = time.perf_counter()
        run_id, n_samples = prepared.finished_run(store, "digits")
        prepare_s = time.perf_counter() - began
        run = store.get(run_id)
        creating = _median_ms(lambda: store.create(run.spec), N_RUNS)
        last = run.metrics()["id"].to_numpy().max().item()
        file = Path(folder) / "snapshot.npz"
        codes = prepared.codes(70_000, 10, epoch=1, step=1, noise=1.0)
        found = {
            "create_a_run": creating,
            f"list_{N_RUNS + 1}_runs": _median_ms(lambda: store.list(examples=False), rounds),
            "read_a_record": _median_ms(run.record, rounds),
            f"read_{len(prepared.TERMS)}_curves_of_{prepared.N_POINTS}_points": _median_ms(run.metrics, rounds),
            "read_the_last_10_points": _median_ms(lambda: run.metrics(since_id=last - 10), rounds),
            "save_70000_codes_of_60": _median_ms(lambda: codes.save(file), max(3, rounds // 4)),
            "load_70000_codes_of_60": _median_ms(lambda: codes.load(file), max(3, rounds // 4)),
        }
        store.close()
    return {
        "bench": "store",
        "rounds": rounds,
        "median_ms": found,
        "prepare_s": round(prepare_s, 2),
        "prepared_samples": n_samples,
        "machine": machine.describe(),
    }


def _median_ms(task: Callable[[], Any], rounds: int) -> float:
    times = []
    for _ in range(rounds):
        began = time.perf_counter()
        task()
        times.append(1000 * (time.perf_counter() - began))
    return round(median(times), 2)
