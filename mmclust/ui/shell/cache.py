"""What pages read again and again, kept in memory: the store, data sets, snapshots.

Everything is keyed by what it depends on (run, epoch, file time), so nothing has to be cleared by hand.
"""

import threading
from collections import OrderedDict
from collections.abc import Hashable
from pathlib import Path
from typing import TypeVar

import streamlit as st

from mmclust import settings
from mmclust.clustering import Clustering, cluster_snapshot
from mmclust.data import answered, catalogue, preprocessing, uploads
from mmclust.data.dataset import DataSpec, MultiViewDataset
from mmclust.data.progress import Progress
from mmclust.runs.annotations import Annotation
from mmclust.runs.record import RunRecord
from mmclust.runs.spec import RunSpec
from mmclust.runs.store import RunStore
from mmclust.ui.shell import hidden

T = TypeVar("T")


def store() -> RunStore:
    """The run store of this server."""
    return _store(str(settings.home()), settings.store_url())


@st.cache_resource(show_spinner=False)
def _store(home: str, url: str) -> RunStore:
    return RunStore(Path(home), url)


class _Datasets:
    """The data sets read last; also used by background jobs, which have no page."""

    CACHED = 6

    def __init__(self) -> None:
        self.lock = threading.Lock()
        self.reading: dict[Hashable, threading.Lock] = {}
        self.known: OrderedDict[Hashable, MultiViewDataset] = OrderedDict()

    def read(
        self, name: str, limit: int | None, prepared: tuple[str, ...] = (), progress: Progress | None = None
    ) -> MultiViewDataset:
        key = (name, limit, prepared)
        with self.lock:
            busy = self.reading.setdefault(key, threading.Lock())
        with busy:  # two users who want the same data read it once
            found = self.known.get(key)
            if found is None and prepared:
                found = preprocessing.prepare(self.read(name, limit, (), progress), prepared)
            elif found is None:
                found = catalogue.load(name, limit=limit, progress=progress)
            with self.lock:
                self.known[key] = found
                self.known.move_to_end(key)
                while len(self.known) > self.CACHED:
                    self.known.popitem(last=False)
            return found


_datasets = _Datasets()


def dataset(name: str, limit: int | None = None, progress: Progress | None = None) -> MultiViewDataset:
    """A data set as a run with that limit sees it; shared by all users, never written to.

    Raises:
        ValueError: it is not here, or cannot be read.
    """
    return _datasets.read(name, limit, (), progress)


def warnings(name: str, limit: int | None, prepared: tuple[str, ...]) -> tuple[str, ...]:
    """What a user should know of a data set before it is prepared and trained on; nothing of image sets.

    Raises:
        ValueError: it is not here, or cannot be read.
    """
    if all(view.kind == "image" for view in describe(name).views):
        return ()
    return preprocessing.warnings(dataset(name, limit), prepared)


def prepared(spec: RunSpec) -> MultiViewDataset:
    """The data of a run as its method sees them, after the preparation steps; pages show `dataset`, methods get this.

    Without steps it is the very object that `dataset` gives.

    Raises:
        ValueError: the data set is not here, or cannot be read.
    """
    return _datasets.read(spec.dataset, spec.limit, spec.preprocessing)


def clustering(record: RunRecord, epoch: int, path: Path, annotation: Annotation | None = None) -> Clustering:
    """A run at an epoch, from memory where it was shown before; without classes where this session hides them.

    Args:
        record: the run.
        epoch: of one of its snapshots.
        path: of that snapshot.
        annotation: switched on, or None for the run's own clusters.

    Raises:
        ValueError: the annotation does not fit the snapshot.
    """
    record = hidden.of_record(record)
    found = _clustering(record.run_id, epoch, str(path), path.stat().st_mtime_ns, hidden.hidden(), record)
    found = found if found.record == record else found.with_record(record)
    return found if annotation is None else found.annotated(annotation)


@st.cache_resource(show_spinner=False, max_entries=24)
def _clustering(
    run_id: str, epoch: int, path: str, written: int, without_labels: bool, _record: RunRecord
) -> Clustering:
    # `path` and `written` are part of the key: Streamlit leaves out only names that start with an underscore.
    run = store().get(run_id)
    if _is_gone(run.spec.dataset):
        raise ValueError(
            f"the data of run {run_id} are gone: {run.spec.dataset} is not here any more; put it back to see its "
            "samples, its curves and metrics are still on Train and Compare"
        )
    data = dataset(run.spec.dataset, run.spec.limit)
    if without_labels:
        data = hidden.without_labels(data)
    snapshot = run.snapshot(epoch)
    if snapshot.index.max() >= data.n_samples:
        raise ValueError(
            f"{run.spec.dataset} has {data.n_samples} samples here, but run {run_id} was trained on more; "
            "restore the data it was trained on"
        )
    return cluster_snapshot(_record, run, written, snapshot, data)


def _is_gone(name: str) -> bool:
    """Whether a data set was a file, a folder or a user's own, and is not here any more."""
    path = Path(answered.split(name)[0])
    return (path.is_absolute() and not path.exists()) or (bool(uploads.owner_in(name)) and uploads.find(name) is None)


@st.cache_data(show_spinner=False, max_entries=64)
def describe(name: str) -> DataSpec:
    """What a data set holds, without reading its pixels where that can be avoided.

    Raises:
        ValueError: it is not known, or cannot be read.
    """
    return catalogue.describe(name)
