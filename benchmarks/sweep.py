"""What a sweep costs beside its training: finding, starting, storing and reporting a hundred tiny runs."""

import resource
import tempfile
import time
from pathlib import Path
from statistics import median
from typing import Any

import psutil

from benchmarks import machine
from mmclust.launch.process import environment
from mmclust.runs.store import RunStore
from mmclust.sweeps import nursery
from mmclust.sweeps.pool import Pool
from mmclust.sweeps.runner import run_sweep
from mmclust.sweeps.sweep import Cell, grid

SIGMAS = 20
SEEDS = 5


def measure(*, epochs: int, workers: int) -> dict[str, Any]:
    """Seconds of a sweep of 100 runs of DCCS on digits, and the share of them that no run trained in.

    Overhead is what the workers' time together exceeds the training time of all runs by, as a share of it: their
    start with the import of torch, reading data, building networks, queueing, storing results, and the runner itself.

    Args:
        epochs: of each run.
        workers: runs at the same time.
    """
    sigmas = [round(0.1 + 0.01 * number, 2) for number in range(SIGMAS)]
    sweep = grid(Cell(dataset="digits", method="dccs", epochs=epochs), {"sigma": sigmas}, seeds=range(SEEDS))
    with tempfile.TemporaryDirectory(prefix="mmclust-bench-") as folder:
        store = RunStore(Path(folder))
        starts = _starts(store)
        before, began = _processor_s(), time.monotonic()
        outcome = run_sweep(store, sweep, n_workers=workers)
        wall_s, processor_s = time.monotonic() - began, _processor_s() - before
        runs = list(outcome.runs.values())
        store.close()
    training_s = sum(run.seconds for run in runs)
    return {
        "bench": "sweep",
        "n_runs": len(runs),
        "epochs": epochs,
        "workers": workers,
        "wall_s": round(wall_s, 2),
        "processor_s": round(processor_s, 2),
        "training_s": round(training_s, 2),
        "run_median_s": round(median(run.seconds for run in runs), 3),
        "overhead": round((wall_s * workers - training_s) / training_s, 4),
        **starts,
        "machine": machine.describe(),
    }


def _starts(store: RunStore) -> dict[str, float]:
    """Seconds of processor time of a worker that has nothing to do, from its start to its end: the first and the next.

    The first one's includes the process that loads everything, of which workers are copies.
    """
    spent = []
    for _ in range(2):
        pool = Pool(store, 1)
        pool.prepare(1)
        pool.close()
        of = psutil.Process(nursery.nursery(environment(store), store.home / "sweeps.log").pid).cpu_times()
        spent.append(of.user + of.system + of.children_user + of.children_system)
    return {"first_worker_s": round(spent[0], 2), "next_worker_s": round(spent[1] - spent[0], 2)}


def _processor_s() -> float:
    """Of this process and of its children that have ended."""
    spent = [resource.getrusage(who) for who in (resource.RUSAGE_SELF, resource.RUSAGE_CHILDREN)]
    return sum(one.ru_utime + one.ru_stime for one in spent)
