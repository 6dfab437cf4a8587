"""What pages read again and again, kept in memory: the store, data sets, snapshots, curves.

Everything is keyed by what it depends on (run, epoch, file time), so nothing has to be cleared by hand.
"""

import shutil
import threading
from collections import OrderedDict
from collections.abc import Callable, Hashable
from contextlib import suppress
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any, TypeVar

import numpy as np
import pandas as pd
import streamlit as st

from mmclust import settings
from mmclust.data import catalogue, preprocessing
from mmclust.data.dataset import DataSpec, MultiViewDataset
from mmclust.evaluation import metrics
from mmclust.evaluation.annotation import Group, applied, outline
from mmclust.evaluation.snapshot import Snapshot
from mmclust.plots import palette
from mmclust.runs.annotations import Annotation
from mmclust.runs.record import RunRecord
from mmclust.runs.run import Run
from mmclust.runs.spec import RunSpec
from mmclust.runs.store import RunStore

T = TypeVar("T")


def store() -> RunStore:
    """The run store of this server."""
    return _store(str(settings.home()), settings.store_url())


@st.cache_resource(show_spinner=False)
def _store(home: str, url: str) -> RunStore:
    return RunStore(Path(home), url)


class _Datasets:
    """The data sets read last; also used by background jobs, which have no page."""

    KEPT = 6

    def __init__(self) -> None:
        self.lock = threading.Lock()
        self.reading: dict[Hashable, threading.Lock] = {}
        self.known: OrderedDict[Hashable, MultiViewDataset] = OrderedDict()

    def read(
        self, name: str, limit: int | None, prepared: tuple[str, ...] = (), progress: catalogue.Progress | None = None
    ) -> MultiViewDataset:
        key = (name, limit, prepared)
        with self.lock:
            busy = self.reading.setdefault(key, threading.Lock())
        with busy:  # two visitors who want the same data read it once
            found = self.known.get(key)
            if found is None and prepared:
                found = preprocessing.prepare(self.read(name, limit, (), progress), prepared)
            elif found is None:
                found = catalogue.load(name, limit=limit, progress=progress)
            with self.lock:
                self.known[key] = found
                self.known.move_to_end(key)
                while len(self.known) > self.KEPT:
                    self.known.popitem(last=False)
            return found


_datasets = _Datasets()


def dataset(name: str, limit: int | None = None, progress: catalogue.Progress | None = None) -> MultiViewDataset:
    """A data set as a run with that limit sees it; shared by all visitors, never written to.

    Raises:
        ValueError: it is not here, or cannot be read.
    """
    return _datasets.read(name, limit, (), progress)


def notes(name: str, limit: int | None, prepared: tuple[str, ...]) -> tuple[str, ...]:
    """What a user should know of a data set before it is prepared and trained on; nothing of image sets.

    Raises:
        ValueError: it is not here, or cannot be read.
    """
    if all(view.kind == "image" for view in describe(name).views):
        return ()
    return preprocessing.notes(dataset(name, limit), prepared)


def prepared(spec: RunSpec) -> MultiViewDataset:
    """The data of a run as its method sees them, after the preparation steps; pages show `dataset`, methods get this.

    Without steps it is the very object that `dataset` gives.

    Raises:
        ValueError: the data set is not here, or cannot be read.
    """
    return _datasets.read(spec.dataset, spec.limit, spec.steps)


@dataclass(frozen=True, kw_only=True)
class View:
    """A run at an epoch, with everything its pages show: arrays over the n samples of the snapshot.

    Without labels `classes` is empty and `y_true`, `matched` and `right` are None.
    """

    record: RunRecord
    run: Run
    epoch: int
    version: int
    """Changes when the snapshot's file is written anew, as a resumed run does."""
    snapshot: Snapshot
    data: MultiViewDataset
    y_pred: np.ndarray
    """(n,) cluster of each sample."""
    confidence: np.ndarray
    """(n,) probability of that cluster."""
    sizes: np.ndarray
    """(K,) samples per cluster."""
    y_true: np.ndarray | None
    """(n,) class of each sample."""
    counts: np.ndarray | None
    """(C, K) samples by class and cluster."""
    matched: np.ndarray | None
    """(K,) class of each cluster, -1 without one."""
    right: np.ndarray | None
    """(n,) whether the sample lies in the cluster of its class."""
    scores: dict[str, float]
    """acc, nmi ... of these samples; empty without labels."""
    log_probs: np.ndarray
    """(n, K) float32 log-probabilities; rank samples where probabilities saturate at 1."""
    derived: dict[Hashable, Any]
    """What pages have worked out from this view; see `derive`."""
    colors: tuple[str, ...]
    """(K,) colour of each cluster: that of its class, so that a colour means one thing in all runs and epochs."""
    annotation: Annotation | None = None
    """What the user laid over the clusters; everything here is then of the clusters under it."""
    source: int | None = None
    """Number of the data's view whose own assignment this is; None for that of all views together."""
    plain: "View | None" = None
    """The same without the annotation; None where there is none."""
    groups: tuple[Group, ...] = ()
    """(K,) what the clusters under the annotation are called and made of; empty without one."""

    @property
    def ids(self) -> np.ndarray:
        """(n,) id of each sample in the data set."""
        return self.snapshot.index

    @property
    def images(self) -> np.ndarray | None:
        """The first image view (N, C, H, W) of the data set, or None."""
        for spec, view in zip(self.data.spec.views, self.data.views, strict=True):
            if spec.kind == "image":
                return view
        return None

    @property
    def view_names(self) -> tuple[str, ...]:
        """Names of the data's views."""
        return tuple(spec.name for spec in self.data.spec.views)

    @property
    def word(self) -> str:
        """What a sample is called: image where it is one and nothing else."""
        specs = self.data.spec.views
        return "image" if len(specs) == 1 and specs[0].kind == "image" else "sample"

    @property
    def classes(self) -> tuple[str, ...]:
        """Names of the classes."""
        return self.data.spec.classes

    def class_name(self, label: int) -> str:
        """The name of a class."""
        return self.classes[label] if 0 <= label < len(self.classes) else str(label)

    def given_name(self, cluster: int) -> str:
        """The user's name of a cluster; empty without one."""
        return self.groups[cluster].name if self.groups else self.record.cluster_names.get(cluster, "")

    def cluster_label(self, cluster: int) -> str:
        """The number of a cluster, counted from 1; under an annotation those of the run's own clusters in it."""
        return self.groups[cluster].label if self.groups else f"{cluster + 1}"

    def cluster_meaning(self, cluster: int) -> str:
        """What a cluster stands for, as short as possible: the user's name, else its class, else its number."""
        if given := self.given_name(cluster):
            return given
        if self.matched is not None and self.matched[cluster] >= 0:
            return self.class_name(int(self.matched[cluster]))
        return f"cluster {self.cluster_label(cluster)}"

    def cluster_name(self, cluster: int) -> str:
        """What a cluster is called: the user's name for it, or its number and its class."""
        if given := self.given_name(cluster):
            return given
        if self.matched is not None and self.matched[cluster] >= 0:
            return f"{self.cluster_label(cluster)} · {self.class_name(int(self.matched[cluster]))}"
        return self.cluster_label(cluster)


def derive(view: View, key: Hashable, work: Callable[[], T]) -> T:
    """Something worked out from a view's arrays, done once and kept as long as the view is.

    Args:
        view: whose arrays are used.
        key: what is worked out, with everything beside the arrays that it depends on.
        work: does it.
    """
    if key not in view.derived:
        view.derived[key] = work()
    return view.derived[key]


def folder(view: View, name: str) -> Path:
    """Where what takes long to work out of a run is kept: with the run.

    Of the bundled example it is kept in this home, which begins with what ships with the example.
    """
    shipped = view.run.folder / name
    if not view.record.example:
        return shipped
    kept = settings.home() / "cache" / view.record.run_id / name
    if shipped.is_dir() and not kept.exists():
        with suppress(OSError):  # a full disk costs only time
            shutil.copytree(shipped, kept, dirs_exist_ok=True)
    return kept


def view(record: RunRecord, epoch: int, path: Path, annotation: Annotation | None = None) -> View:
    """A run at an epoch, from memory where it was shown before.

    Args:
        record: the run.
        epoch: of one of its snapshots.
        path: of that snapshot.
        annotation: switched on, or None for the run's own clusters.

    Raises:
        ValueError: the annotation does not fit the snapshot.
    """
    found = _view(record.run_id, epoch, str(path), path.stat().st_mtime_ns, record)
    found = found if found.record == record else replace_record(found, record)
    return found if annotation is None else annotated(found, annotation)


def replace_record(found: View, record: RunRecord) -> View:
    """The same arrays under a newer record."""
    return replace(found, record=record)


def annotated(view: View, annotation: Annotation) -> View:
    """The view with an annotation laid over its clusters; only its last version is kept in memory.

    Raises:
        ValueError: the annotation does not fit the snapshot.
    """
    key = ("annotated", annotation.annotation_id)
    known: View | None = view.derived.get(key)
    names = view.record.cluster_names
    if known is None or known.annotation != annotation or known.record.cluster_names != names:
        made = _made(view.record, view.run, view.version, applied(view.snapshot, annotation.applied), view.data, view)
        groups = outline(view.snapshot.n_clusters, annotation.applied, names)
        known = view.derived[key] = replace(made, annotation=annotation, plain=view, groups=groups)
    return known if known.record == view.record else replace(known, record=view.record, plain=view)


def snapshot_at(view: View, epoch: int) -> Snapshot:
    """The snapshot of another epoch of the view's run, with the same annotation laid over its clusters.

    Raises:
        ValueError: there is none of that epoch, or the annotation does not fit it.
    """
    found = view.run.snapshot(epoch)
    return found if view.annotation is None else applied(found, view.annotation.applied)


@st.cache_resource(show_spinner=False, max_entries=24)
def _view(run_id: str, epoch: int, path: str, written: int, _record: RunRecord) -> View:
    # `path` and `written` are part of the key: Streamlit leaves out only names that start with an underscore.
    run = store().get(run_id)
    data = dataset(run.spec.dataset, run.spec.limit)
    snapshot = run.snapshot(epoch)
    if snapshot.index.max() >= data.n_samples:
        raise ValueError(
            f"{run.spec.dataset} has {data.n_samples} samples here, and run {run_id} was trained on others; put the "
            "data in place that it was trained on"
        )
    return _made(_record, run, written, snapshot, data)


def alone(view: View, number: int | None) -> View:
    """The run as one view of its data assigns the samples; None gives the view as it is, with the fused assignment.

    Args:
        view: the run at an epoch.
        number: of the data's view, from 0; its scores must be in the snapshot.
    """
    if number is None:
        return view
    found = derive(view, ("alone", number), lambda: _alone(view, number))
    return found if found.record == view.record else replace_record(found, view.record)


def _alone(view: View, number: int) -> View:
    own = replace(view.snapshot, logits=view.snapshot.view_logits[number])
    made = _made(view.record, view.run, view.version, own, view.data, like=view)
    plain = None if view.plain is None else alone(view.plain, number)
    return replace(made, annotation=view.annotation, plain=plain, groups=view.groups, source=number)


def _made(
    record: RunRecord, run: Run, version: int, snapshot: Snapshot, data: MultiViewDataset, like: View | None = None
) -> View:
    """A view of a snapshot; without classes its clusters take the colours of those of `like` that they resemble."""
    y_pred, log_probs = snapshot.y_pred, snapshot.log_probs.astype(np.float32)
    y_true = None if data.labels is None else data.labels[snapshot.index]
    counts = matched = right = None
    numbers = np.arange(snapshot.n_clusters)
    if like is not None:
        numbers = palette.match_colors(like.y_pred, y_pred, snapshot.n_clusters)
    if y_true is not None:
        counts = metrics.confusion(
            y_true, y_pred, max(data.spec.n_clusters, int(y_true.max()) + 1), snapshot.n_clusters
        )
        matched = metrics.match_classes(counts)
        right = matched[y_pred] == y_true
        numbers = palette.match_colors(y_true, y_pred, snapshot.n_clusters)
    return View(
        record=record,
        run=run,
        epoch=snapshot.epoch,
        version=version,
        snapshot=snapshot,
        data=data,
        y_pred=y_pred,
        confidence=np.exp(log_probs.max(axis=1)),
        log_probs=log_probs,
        derived={},
        sizes=np.bincount(y_pred, minlength=snapshot.n_clusters),
        y_true=y_true,
        counts=counts,
        matched=matched,
        right=right,
        scores={} if y_true is None else metrics.score(y_true, y_pred),
        colors=tuple(palette.cluster_color(int(i)) for i in numbers),
    )


@dataclass(frozen=True)
class Curve:
    """One curve of a run: arrays over its n points."""

    step: np.ndarray
    epoch: np.ndarray
    value: np.ndarray

    def __len__(self) -> int:
        return len(self.step)


NO_CURVE = Curve(np.empty(0, np.int64), np.empty(0), np.empty(0))

Curves = dict[str, Curve]
"""Name -> curve, in the order in which the names first came."""


class _CurveReader:
    """The curves of one run, read on from the last known point."""

    def __init__(self) -> None:
        self.lock = threading.Lock()
        self.known: Curves = {}
        self.last_id: int | None = None

    def read(self, run: Run) -> Curves:
        with self.lock:
            fresh = run.metrics(since_id=self.last_id)
            if len(fresh):
                self.last_id = int(fresh["id"].iloc[-1])
                self.known = self._with(fresh)
            return self.known

    def _with(self, fresh: pd.DataFrame) -> Curves:
        # A run that went on from a checkpoint writes the steps after it anew: what was known from there on is void.
        known, first = dict(self.known), fresh["step"].iloc[0]
        for name, old in known.items():
            if old.step[-1] > first:
                valid = np.searchsorted(old.step, first, side="right")
                known[name] = Curve(old.step[:valid], old.epoch[:valid], old.value[:valid])
        columns = [fresh[column].to_numpy() for column in ("name", "step", "epoch", "value")]
        for name in dict.fromkeys(columns[0]):
            member = columns[0] == name
            step, epoch, value = (column[member] for column in columns[1:])
            old = known.get(name, NO_CURVE)
            valid = np.searchsorted(old.step, step[0])
            known[name] = Curve(
                np.append(old.step[:valid], step),
                np.append(old.epoch[:valid], epoch),
                np.append(old.value[:valid], value),
            )
        return known


@st.cache_resource(show_spinner=False, max_entries=64)
def _reader(run_id: str, home: str) -> _CurveReader:
    return _CurveReader()


def curves(run: Run) -> Curves:
    """All curves of a run; only points that came since the last call are read from the store."""
    return _reader(run.id, str(run.store.home)).read(run)


@st.cache_data(show_spinner=False, max_entries=64)
def describe(name: str) -> DataSpec:
    """What a data set holds, without reading its pixels where that can be avoided.

    Raises:
        ValueError: it is not known, or cannot be read.
    """
    return catalogue.describe(name)
