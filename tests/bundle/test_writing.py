import zipfile
from pathlib import Path

import numpy as np
import pytest

from mmclust import bundle
from mmclust.bundle.layout import MEMBER
from mmclust.runs.run import Run
from mmclust.runs.store import RunStore
from mmclust.specs import build_spec
from mmclust.sweeps import record as sweeps
from mmclust.sweeps.sweep import Cell, Sweep


def test_a_bundle_holds_nothing_but_documents_and_plain_arrays(shared: tuple[RunStore, Run, Path]):
    with zipfile.ZipFile(shared[2]) as file:
        names = set(file.namelist())
    assert all(MEMBER.fullmatch(name) for name in names)
    assert {"manifest.json", "runs/0001/record.json", "runs/0001/curves.npz", "runs/0001/weights.npz"} < names
    assert "runs/0001/snapshots/epoch_0002.npz" in names


def test_damage_that_could_not_be_imported_is_not_exported(shared: tuple[RunStore, Run, Path], tmp_path: Path):
    store, run, _ = shared
    _, file = run.snapshots()[-1]
    whole = file.read_bytes()
    with np.load(file) as kept:
        arrays = dict(kept)
    arrays["index"][:] = 0
    np.savez(file, **arrays)
    try:
        with pytest.raises(ValueError, match=f"the bundle of {run.id} is refused: .*has a sample twice"):
            bundle.write(store, run.id, tmp_path / "b")
    finally:
        file.write_bytes(whole)
    assert list(tmp_path.iterdir()) == []


def test_only_what_is_finished_can_be_shared(there: RunStore, tmp_path: Path):
    run = there.create(build_spec("digits", "dccs"))
    with pytest.raises(ValueError, match="is queued; only a finished run can be shared"):
        bundle.write(there, run.id, tmp_path / "b")
    sweep = Sweep(cells=(Cell(dataset="digits", method="dccs"),))
    sweeps.begin(there, sweep, n_runs=1)
    with pytest.raises(ValueError, match="has no finished run yet"):
        bundle.write(there, sweep.id, tmp_path / "b")
    assert not (tmp_path / "b").exists()
