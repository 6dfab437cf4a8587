"""Damage of files: of a home, and of bundles."""

import os
import random
import shutil
from collections.abc import Iterator
from pathlib import Path

import numpy as np

from benchmarks.faults.original import Numbers, Original, Wrong, damage, has_layout, laid_out, numbers, read
from mmclust import bundle
from mmclust.data import catalogue, uploads
from mmclust.runs import mend
from mmclust.runs.store import RunStore


def flips(whole: Original, home: Path, chance: random.Random) -> Iterator[str]:
    """Damage a file of a home, read everything, repair."""
    shutil.copytree(whole.home, home)
    files = sorted(path for path in home.rglob("*") if path.is_file() and path.stat().st_size)
    damage(chance.choice(files), chance)
    yield read(home, whole, lambda store: numbers(store, whole.run_id))
    yield read(home, whole, lambda store: _with_others(store, whole))
    yield read(home, whole, lambda store: _repaired(store, whole.run_id))


def bundles(whole: Original, home: Path, chance: random.Random) -> Iterator[str]:
    """Import a damaged bundle into an empty home."""
    home.mkdir()
    copy = home / "damaged.mmclust"
    shutil.copy(whole.bundle, copy)
    damage(copy, chance)

    def imported(store: RunStore) -> Numbers:
        (run_id,) = bundle.read(store, copy).run_ids
        return numbers(store, run_id)

    yield read(home / "home", whole, imported)


def _with_others(store: RunStore, whole: Original) -> Numbers:
    """The numbers of the run, after its layout and the data set that was added."""
    os.environ["MMCLUST_HOME"] = str(store.home)
    found = numbers(store, whole.run_id)
    if has_layout(store, whole.run_id) and not np.array_equal(laid_out(store, whole.run_id), whole.layout):
        raise Wrong("a layout differs")  # one that is missed is made again
    if uploads.find(whole.dataset) is not None and not np.array_equal(
        catalogue.load(whole.dataset).views[0], whole.data
    ):
        raise Wrong("a data set that was added differs")
    return found


def _repaired(store: RunStore, run_id: str) -> Numbers:
    for fault in list(mend.faults(store)):
        if fault.repair:
            mend.repair(store, fault)
    return numbers(store, run_id)
