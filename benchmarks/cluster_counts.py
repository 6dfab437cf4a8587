"""The number of clusters that is found without labels: ours, and DipDECK's and DDC's (package clustpy).

Ours trains as a user would with `--clusters unknown` and takes the suggested cut of the tree. DipDECK (Leiber et al.,
KDD 2021) and DDC (Ren et al., Pattern Recognition 107, 2020) get the same samples as one table: pixels, or all columns
of all views, scaled to [0, 1]. Labels measure alone. Each cell is appended to a file of JSON lines, and a later call
goes on where it stopped.
"""

import json
import os
import subprocess
import sys
import time
from collections.abc import Callable, Iterator, Sequence
from pathlib import Path
from statistics import fmean
from typing import Any

import numpy as np

from benchmarks import machine
from benchmarks.generality import read, titled
from mmclust.analysis.tree import tree_of
from mmclust.auto.cuts import suggest_cut
from mmclust.data import catalogue
from mmclust.data.dataset import MultiViewDataset
from mmclust.evaluation.metrics import score
from mmclust.runs.run import Run
from mmclust.runs.store import RunStore

SETS = (("digits", 1000), ("mfeat", 1000), ("usps", 1000), ("glyphs", 1000))
SEEDS = (0,)
OURS = "ours"
OTHERS = ("dipdeck", "ddc")
PRETRAINING, CLUSTERING = 50, 20
"""Epochs of DipDECK's and DDC's autoencoder, and of DipDECK's clustering; their papers train 100 and 50."""
BUDGET_MIN = 0.5
"""Planned for ours, in minutes of one core."""
LONGEST_S = 3600

Line = dict[str, Any]


def measure(
    sets: Sequence[tuple[str, int | None]] = SETS,
    *,
    lines: Path,
    seeds: Sequence[int] = SEEDS,
    epochs: int = PRETRAINING,
    budget_min: float = BUDGET_MIN,
    told: Callable[[str], None] = lambda text: None,
) -> dict[str, Any]:
    """Measure what is not measured yet; all lines, and a row for each data set and method.

    Args:
        sets: names or paths with their numbers of samples.
        lines: file of JSON lines.
        seeds: of the samples' networks and clusterings.
        epochs: of DipDECK's and DDC's pretraining.
        budget_min: planned for ours.
        told: told of each result.

    Raises:
        ValueError: clustpy is not installed.
    """
    classes = _competitors()
    for name, limit in sets:
        dataset = catalogue.load(name, limit=limit)
        for method in (OURS, *OTHERS):
            for seed in seeds:
                cell = {"dataset": titled(name, limit), "method": method, "seed": seed}
                if any(cell.items() <= line.items() for line in read(lines)):
                    continue
                if method == OURS:
                    line = cell | _ours(name, limit, dataset, seed, budget_min)
                else:
                    line = cell | _other(classes[method], method, dataset, seed, epochs)
                with lines.open("a", encoding="utf-8") as file:
                    file.write(json.dumps(line) + "\n")
                told(json.dumps(line))
    known = list(read(lines))
    settings = {"pretraining_epochs": epochs, "clustering_epochs": CLUSTERING, "budget_min": budget_min}
    return {"machine": machine.describe(), "settings": settings, "rows": list(_rows(known)), "lines": known}


def _competitors() -> dict[str, Any]:
    try:
        from clustpy.deep import DDC, DipDECK  # pyright: ignore[reportMissingImports]
    except ImportError:
        raise ValueError("DipDECK and DDC come with clustpy; install it with `pip install clustpy`") from None
    return {"dipdeck": DipDECK, "ddc": DDC}


def _ours(name: str, limit: int | None, dataset: MultiViewDataset, seed: int, budget_min: float) -> Line:
    """Train with more clusters than expected, and cut the tree where it is suggested."""
    method = "dccs" if len(dataset.views) == 1 and dataset.spec.views[0].kind == "image" else "dmim"
    words = ["train", "--dataset", name, "--method", method, "--clusters", "unknown", "--budget", str(budget_min)]
    words += ["--limit", str(limit)] if limit else []
    command = [sys.executable, "-m", "mmclust", *words, "--seed", str(seed), "--device", "cpu", "--json"]
    before, began = os.times(), time.monotonic()
    done = subprocess.run(command, capture_output=True, text=True, timeout=LONGEST_S, check=True)
    after = os.times()
    cpu_s = after.children_user + after.children_system - before.children_user - before.children_system
    document = json.loads(done.stdout.strip().splitlines()[-1])
    line = {"cpu_s": cpu_s, "wall_s": time.monotonic() - began}
    return line | cut(RunStore().get(document["run_id"]), method, dataset, seed)


def cut(run: Run, method: str, dataset: MultiViewDataset, seed: int) -> Line:
    """Figures of a run's tree where it is suggested to cut it."""
    snapshot = run.snapshot()
    began_cut = time.process_time()
    tree = tree_of(snapshot)
    found = suggest_cut(snapshot, dataset, tree=tree, seed=seed)
    y_pred = tree.cut(found.n_clusters).groups[snapshot.y_pred]
    return {
        "trained_with": f"{method}, K = {snapshot.n_clusters}",
        "plausible": list(found.plausible),
        "suggestion_cpu_s": time.process_time() - began_cut,
    } | _figures(dataset, snapshot.index, y_pred)


def _other(kind: Any, method: str, dataset: MultiViewDataset, seed: int, epochs: int) -> Line:
    """Fit DipDECK or DDC with its defaults but for the number of epochs."""
    from sklearn.preprocessing import minmax_scale

    flat = [np.asarray(view, np.float32).reshape(dataset.n_samples, -1) for view in dataset.views]
    is_image = len(flat) == 1 and dataset.spec.views[0].kind == "image"
    table = flat[0] / max(float(flat[0].max()), 1e-12) if is_image else minmax_scale(np.concatenate(flat, axis=1))
    options: dict[str, Any] = {"pretrain_epochs": epochs, "random_state": seed, "device": "cpu"}
    options |= {"clustering_epochs": CLUSTERING} if method == "dipdeck" else {}
    before, began = time.process_time(), time.monotonic()
    model = kind(**options).fit(np.ascontiguousarray(table, np.float32))
    labels = np.asarray(model.labels_).astype(np.int64)
    took = {"cpu_s": time.process_time() - before, "wall_s": time.monotonic() - began}
    return took | _figures(dataset, np.arange(dataset.n_samples), labels)


def _figures(dataset: MultiViewDataset, ids: np.ndarray, y_pred: np.ndarray) -> Line:
    assert dataset.labels is not None
    y_true, found = dataset.labels[ids], np.unique(y_pred, return_inverse=True)[1]
    figures = {name: value for name, value in score(y_true, found).items() if name in ("acc", "nmi", "ari")}
    return {"n_classes": len(np.unique(y_true)), "n_clusters": int(found.max()) + 1} | figures


def _rows(known: Sequence[Line]) -> Iterator[Line]:
    """Means over seeds of each data set and method."""
    for dataset, method in dict.fromkeys((line["dataset"], line["method"]) for line in known):
        cells = [line for line in known if (line["dataset"], line["method"]) == (dataset, method)]
        means = {name: fmean(line[name] for line in cells) for name in ("acc", "nmi", "ari", "cpu_s")}
        counts = [line["n_clusters"] for line in cells]
        yield {"dataset": dataset, "method": method, "n_classes": cells[0]["n_classes"], "found": counts} | means


def table(found: dict[str, Any]) -> list[str]:
    """Rows for a terminal."""
    rows = ["data set              classes  method   found      ACC    NMI    ARI    processor s"]
    rows += [
        f"{row['dataset']:<20} {row['n_classes']:>8}  {row['method']:<8} {', '.join(map(str, row['found'])):<9}"
        f"{row['acc']:>6.3f} {row['nmi']:>6.3f} {row['ari']:>6.3f} {row['cpu_s']:>10.0f}"
        for row in found["rows"]
    ]
    return rows
