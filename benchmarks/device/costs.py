"""What memory, a sheet of Grad-CAM and many seeds cost."""

import tempfile
from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np

from benchmarks import on_device
from benchmarks.device.case import CPU, IMAGE_METHODS, Case
from benchmarks.train_on_device import Laps, precisions
from mmclust.analysis.gradcam import grad_cam
from mmclust.engine.trainer import Trainer
from mmclust.runs.store import RunStore
from mmclust.sweeps.runner import run_sweep
from mmclust.sweeps.sweep import Cell, Sweep

PAIR_METHODS, PAIRS = ("dmim", "msdib", "dmid-uic"), "digits-2view"
MEMORY_STEPS = 20
SHEET = 60
"""Images of a sheet: six of each of ten clusters, as on the Explain page."""
SEED_EPOCHS_ON_CPU = 2


def memory(case: Case) -> dict[str, Any]:
    """Peak memory of some steps of training, of each method and precision, samples among it."""
    data, found = case.data(), {}
    for name in IMAGE_METHODS:
        for precision in precisions(case.device):
            on_device.forget(case.device)
            laps = Laps(case.device, seconds=0.0, warm_up=MEMORY_STEPS)
            method = case.method(name, data, small=case.small)
            about = {"epochs": 10**6, "seed": 0, "device": case.device, "evaluate_every": 10**6}
            trainer = Trainer(method, data, laps, precision=precision, **about)
            laps.begin(1)
            trainer.fit(None)
            told = on_device.memory(case.device) | {"batch_size": trainer.batch_size, "steps": trainer.step}
            found[f"{name}, {precision}"] = told
            del trainer, method
            laps.state = None
    return found


def sheet(case: Case) -> dict[str, Any]:
    """Seconds of a Grad-CAM sheet, where the pages work it out (the CPU) and on the device; the first call apart.

    Networks are as they start: what heat costs does not depend on what was learnt.
    """
    data, found = case.data(), {}
    images = np.array(data.views[0][:SHEET])
    targets = np.arange(len(images)) % data.spec.n_clusters
    for name in IMAGE_METHODS:
        told: dict[str, Any] = {"images": len(images)}
        heat: dict[str, np.ndarray] = {}
        for device in dict.fromkeys((CPU, case.device)):
            method = case.method(name, data, small=case.small).to(device).eval()
            for when in ("first_s", "s"):
                began = on_device.now(device)
                heat[device.type] = grad_cam(method, (images,), targets)
                told[f"{device.type}_{when}"] = round(on_device.now(device) - began, 3)
        if "cuda" in heat:
            told["largest_difference"] = float(f"{np.abs(heat['cuda'] - heat['cpu']).max():.3g}")
        found[name] = told
    return found


def seeds_side_by_side(case: Case) -> dict[str, Any]:
    """Many seeds of three methods, each run a process of one thread as in any sweep; before it one run of each alone.

    At once are as many as the machine has cores, a GPU is shared by all of them.
    """
    seeds = case.seeds or tuple(range(20 if case.device.type == "cuda" else 2))
    epochs = case.epochs or (None if case.device.type == "cuda" else SEED_EPOCHS_ON_CPU)
    about: dict[str, Any] = {"preset": "paper", "epochs": epochs, "limit": case.limit, "device": case.device.type}
    cells = [Cell(dataset=PAIRS, method=name, label=name, **about) for name in PAIR_METHODS]
    sweep = Sweep(cells=tuple(cells), seeds=seeds)
    with tempfile.TemporaryDirectory(prefix="mmclust-bench-") as folder:
        store = RunStore(Path(folder))
        try:
            one_by_one = run_sweep(store, replace(sweep, seeds=(max(seeds) + 1,)), n_workers=1)
            outcome = run_sweep(store, sweep)
        finally:
            store.close()
    if failures := {**one_by_one.failures, **outcome.failures}:
        raise ValueError("; ".join(sorted(set(failures.values()))))
    found: dict[str, Any] = {"dataset": PAIRS, "seeds": len(seeds), "all_s": round(outcome.seconds, 1)}
    for number, name in enumerate(PAIR_METHODS):
        (alone,), runs = one_by_one.of_cell(number), outcome.of_cell(number)
        found[name] = {
            "epochs": runs[0].spec.epochs,
            "alone_s": round(alone.seconds, 2),
            "mean_beside_others_s": round(sum(run.seconds for run in runs) / len(runs), 2),
            "acc": [round(run.metrics["acc"], 4) for run in runs if run.metrics],
        }
    return found
