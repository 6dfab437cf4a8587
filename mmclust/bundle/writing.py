"""Writes a bundle: finished runs of a store, and what a sweep asked for."""

import json
import shutil
import tempfile
import zipfile
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

import numpy as np
from sqlalchemy import select

from mmclust import __version__, disk
from mmclust.bundle import layout
from mmclust.bundle.reading import verify
from mmclust.evaluation.annotation import to_json
from mmclust.runs import checkpoints
from mmclust.runs.annotations import Annotations
from mmclust.runs.run import Run
from mmclust.runs.spec import without_folders
from mmclust.runs.store import RunStore
from mmclust.runs.tables import RUNS
from mmclust.sweeps import record as sweeps


def write(store: RunStore, name: str, path: Path) -> list[str]:
    """Write a finished run, or a sweep with its finished runs, as a bundle.

    Args:
        store: where they are.
        name: id of a run or of a sweep.
        path: the file; it appears whole or not at all.

    Returns:
        The ids of the runs in it.

    Raises:
        ValueError: the name is not known, nothing of it is finished, or it is damaged and nobody could import it.
        OSError: the file cannot be written.
    """
    sweep = next((record for record in sweeps.listed(store) if record.sweep_id == name), None)
    if sweep is None:
        runs = [store.get(name)]
        if (status := runs[0].record().status) != "finished":
            raise ValueError(f"run {name} is {status}; only a finished run can be shared, resume it first")
    else:
        found = {run_id: store.get(run_id) for run_id in dict.fromkeys(sweep.runs.values())}
        runs = [run for run in found.values() if run.record().status == "finished"]
        if not runs:
            raise ValueError(f"sweep {name} has no finished run yet; let it train first")
    numbers = {run.id: number for number, run in enumerate(runs, start=1)}
    manifest: dict[str, Any] = {
        "format": layout.FORMAT,
        "version": layout.VERSION,
        "program": __version__,
        "n_runs": len(runs),
    }
    if sweep is not None:
        places = [[cell, seed, numbers[run]] for (cell, seed), run in sweep.runs.items() if run in numbers]
        failures = [[cell, seed, why] for (cell, seed), why in sweep.failures.items()]
        asked = json.loads(sweep.sweep.to_json())
        for cell in asked["cells"]:
            cell["dataset"] = without_folders(cell["dataset"])
        manifest["sweep"] = {"asked": asked, "runs": places, "failures": failures}
    _write_all(runs, manifest, name, path)
    return list(numbers)


def write_run(run: Run, path: Path) -> None:
    """Write one run as a bundle, also one that was stopped early.

    Raises:
        ValueError: it is damaged, or has no snapshot yet.
        OSError: the file cannot be written.
    """
    manifest = {"format": layout.FORMAT, "version": layout.VERSION, "program": __version__, "n_runs": 1}
    _write_all([run], manifest, run.id, path)


def _write_all(runs: Sequence[Run], manifest: Mapping[str, Any], name: str, path: Path) -> None:
    # what is packed is unpacked beside it once, to be checked
    disk.require("the bundle", path.parent, 2 * sum(disk.size(run.folder / layout.SNAPSHOTS) for run in runs))
    temporary = path.with_name(path.name + ".tmp")
    try:
        with zipfile.ZipFile(temporary, "w", zipfile.ZIP_DEFLATED, compresslevel=1) as file:
            file.writestr(layout.MANIFEST, json.dumps(manifest))
            for number, run in enumerate(runs, start=1):
                _write_run(run, file, layout.folder(number))
        verify(temporary, name=f"the bundle of {name}")
        temporary.replace(path)
    finally:
        temporary.unlink(missing_ok=True)


def _write_run(run: Run, file: zipfile.ZipFile, folder: str) -> None:
    import torch

    with run.store.reading() as connection:
        row = connection.execute(select(RUNS).where(RUNS.c.run_id == run.id)).mappings().one()
    record = {name: row[name] for name in ("run_id", *layout.NUMBERS, *layout.COUNTS, *layout.TEXTS)}
    record |= {name: json.loads(row[name] or "null") for name in ("spec", "metrics", "cluster_names", "environment")}
    record["spec"]["dataset"] = without_folders(record["spec"]["dataset"])
    record["annotations"] = [
        {"name": a.name, "epoch": a.epoch, "steps": to_json(a.steps), "n_applied": a.n_applied, "created": a.created}
        for a in Annotations(run.store).of(run.id)
    ]
    record["understanding"] = run.understanding()
    file.writestr(f"{folder}/{layout.RECORD}", json.dumps(record))
    points = run.metrics()
    curves = {name: points[name].to_numpy() for name in ("step", "epoch", "value")}
    _write_arrays(file, f"{folder}/{layout.CURVES}", curves | {"name": points["name"].to_numpy().astype(str)})
    for _, snapshot in run.snapshots():
        file.write(snapshot, f"{folder}/{layout.SNAPSHOTS}/{snapshot.name}")
    if (run.folder / checkpoints.NEWEST).exists():
        state = checkpoints.read(run.folder / checkpoints.NEWEST, mapped=True)
        arrays = {name: _plain(value) for name, value in state["method"].items() if isinstance(value, torch.Tensor)}
        _write_arrays(file, f"{folder}/{layout.WEIGHTS}", arrays)


def _plain(tensor: Any) -> np.ndarray:
    """As an array; NumPy has no bfloat16."""
    return (tensor if tensor.dtype.itemsize != 2 else tensor.float()).numpy()


def _write_arrays(file: zipfile.ZipFile, name: str, arrays: Mapping[str, np.ndarray]) -> None:
    with tempfile.TemporaryFile() as unzipped:
        np.savez(unzipped, allow_pickle=False, **arrays)
        unzipped.seek(0)
        with file.open(name, "w", force_zip64=True) as member:
            shutil.copyfileobj(unzipped, member)
