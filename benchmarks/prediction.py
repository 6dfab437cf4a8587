"""Clusters of new samples beside one evaluation pass over the same samples: `python -m benchmarks.prediction RUN_ID`.

The new samples are the run's own, so that network, data and preparation are the same. The pass has them in memory and
prepared; `predict` has them in memory as they were read, and `table` reads them from the file and writes a CSV too.
"""

import argparse
import json
import statistics
import tempfile
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import torch

from benchmarks import machine
from mmclust.cli.predict import write
from mmclust.data import catalogue
from mmclust.engine.evaluation import take_snapshot
from mmclust.engine.prefetch import Prefetcher
from mmclust.prediction import Predictor, table
from mmclust.runs.run import Run
from mmclust.runs.store import RunStore

CLOCKS: dict[str, Callable[[], float]] = {"clock": time.perf_counter, "processor": time.process_time}


def measure(run: Run, *, rounds: int = 5) -> dict[str, Any]:
    """Median seconds of each, by the clock and of the processor, and how many passes that is."""
    taken: dict[str, dict[str, list[float]]] = {unit: {} for unit in CLOCKS}
    with tempfile.TemporaryDirectory() as folder:
        work = _work(run, Path(folder) / "table.csv")
        for count in range(rounds + 1):
            for name, act in work.items():
                began = {unit: clock() for unit, clock in CLOCKS.items()}
                act()
                for unit, clock in CLOCKS.items():
                    if count:  # the first of each loads and warms up
                        taken[unit].setdefault(name, []).append(clock() - began[unit])
    return {"machine": machine.describe(), "threads": torch.get_num_threads()} | {
        unit: _beside_pass(found) for unit, found in taken.items()
    }


def _beside_pass(found: dict[str, list[float]]) -> dict[str, dict[str, float]]:
    one = statistics.median(found["pass"])
    middle = {name: statistics.median(seconds) for name, seconds in found.items()}
    return {name: {"s": round(seconds, 3), "passes": round(seconds / one, 2)} for name, seconds in middle.items()}


def _work(run: Run, out: Path) -> dict[str, Callable[[], object]]:
    predictor, spec = Predictor(run), run.spec
    views = tuple(torch.from_numpy(np.ascontiguousarray(view)) for view in predictor.prepared.views)
    reader, index = Prefetcher(predictor.prepared.views), np.arange(len(views[0]))

    def once() -> object:
        with torch.autocast("cpu", torch.bfloat16, enabled=spec.precision == "bf16"):
            return take_snapshot(predictor.method, views, index=index, epoch=1, step=1, prefetcher=reader)

    def written(n_neighbours: int) -> None:
        found = predictor(catalogue.load(spec.dataset, limit=spec.limit))
        write(table(found, n_neighbours=n_neighbours), out)

    return {
        "pass": once,
        "predict": lambda: predictor(predictor.trained_on).clusters,
        "table": lambda: written(0),
        "table with neighbours": lambda: written(10),
    }


if __name__ == "__main__":
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("run_id")
    parser.add_argument("--rounds", type=int, default=5)
    args = parser.parse_args()
    print(json.dumps(measure(RunStore().get(args.run_id), rounds=args.rounds), indent=2))
