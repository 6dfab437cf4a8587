"""Queries over the table of a run: a generated one, as large as is asked for.

Shapes: n samples.
"""

import statistics
import time
from types import SimpleNamespace
from typing import Any

import numpy as np

from benchmarks import machine
from mmclust.clustering import cluster_snapshot
from mmclust.columns import query, table
from mmclust.data.dataset import DataSpec, MultiViewDataset, ViewSpec
from mmclust.evaluation.snapshot import Snapshot

SIZES = (70_000, 1_000_000)
N_CLUSTERS, N_WORDS = 10, 100_000
QUERIES = {
    "numbers": "confidence < 0.6 and entropy > 1",
    "category": 'confidence < 0.6 and font == "serif"',
    "words": "word like '%77%'",
    "chained": "0.2 < margin < 0.4 and cluster in [1, 3, 5]",
    "sql": "select sample from run where confidence < 0.5 order by confidence limit 100",
}


def measure(*, sizes: tuple[int, ...] = SIZES, rounds: int = 5) -> dict[str, Any]:
    """Median seconds of each query, the columns it names already worked out, and of working them out once."""
    return {"machine": machine.describe(), **{f"{n:,} samples": _of(n, rounds) for n in sizes}}


def _of(n: int, rounds: int) -> dict[str, Any]:
    asked = generated(n)
    found: dict[str, Any] = {}
    for name, text in QUERIES.items():
        began = time.perf_counter()
        count = len(query.select(asked, text))
        first = time.perf_counter() - began
        again = [_seconds(asked, text) for _ in range(rounds)]
        found[name] = {"samples": count, "first_s": round(first, 3), "s": round(statistics.median(again), 3)}
    return found


def _seconds(asked: table.RunTable, text: str) -> float:
    began = time.perf_counter()
    query.select(asked, text)
    return time.perf_counter() - began


def generated(n: int, seed: int = 0) -> table.RunTable:
    """The table of n samples with random scores, a factor and a column of 100,000 different words."""
    rng = np.random.default_rng(seed)
    logits = 3 * rng.standard_normal((n, N_CLUSTERS)).astype(np.float32)
    words = np.array([f"word {i}" for i in range(N_WORDS)], object)
    data = MultiViewDataset(
        spec=DataSpec(name="x", views=(ViewSpec(name="x", kind="vector", shape=(1,)),), n_clusters=N_CLUSTERS),
        views=(np.zeros((n, 1), np.float32),),
        factors={"font": rng.integers(3, size=n)},
        factor_names={"font": ("sans", "serif", "mono")},
        columns={"word": words[rng.integers(N_WORDS, size=n)]},
    )
    snapshot = Snapshot(epoch=1, step=1, index=np.arange(n), spaces={"z": logits}, logits=logits)
    record: Any = SimpleNamespace(run_id="generated", cluster_names={}, spec=None)
    run: Any = SimpleNamespace(snapshots=lambda: [(1, None)])
    return table.of(cluster_snapshot(record, run, 0, snapshot, data))
