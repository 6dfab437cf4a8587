"""A run's clustering at one epoch: its snapshot with the data, the classes and the user's annotation, as arrays.

Pages and reports show this, and names, colours, matching and metrics of clusters are worked out here alone; it knows
neither Streamlit nor torch.

Shapes: n samples of the snapshot, K clusters, C classes.
"""

import shutil
from collections.abc import Callable, Hashable
from contextlib import suppress
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any, TypeVar

import numpy as np

from mmclust import settings
from mmclust.analysis.tree import Cut, Tree, tree_of
from mmclust.data.dataset import MultiViewDataset
from mmclust.evaluation import metrics
from mmclust.evaluation.annotation import Group, applied, merged, outline
from mmclust.evaluation.snapshot import Snapshot
from mmclust.features.texts import typical_words
from mmclust.plots import palette
from mmclust.runs.annotations import Annotation
from mmclust.runs.record import RunRecord
from mmclust.runs.run import Run

T = TypeVar("T")
NAMING_WORDS = 2
"""Typical words that name a cluster of captioned data without classes."""


@dataclass(frozen=True, kw_only=True)
class Clustering:
    """A run at an epoch, with everything its pages show: arrays over the n samples of the snapshot.

    Without labels `classes` is empty and `y_true`, `matched` and `right` are None.
    """

    record: RunRecord
    run: Run
    epoch: int
    version: int
    """Changes when the snapshot's file is written anew, as a resumed run does."""
    snapshot: Snapshot
    dataset: MultiViewDataset | None
    """The data the run was trained on; None where they are no longer at hand. See `data`."""
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
    plain: "Clustering | None" = None
    """The same without the annotation; None where there is none."""
    groups: tuple[Group, ...] = ()
    """(K,) what the clusters under the annotation, or after merging, are called and made of; else empty."""
    unmerged: "Clustering | None" = None
    """The same before its clusters were merged to fewer; None where they were not."""
    cut: Cut | None = None
    """Which clusters of `unmerged` were merged."""

    @property
    def ids(self) -> np.ndarray:
        """(n,) id of each sample in the data set."""
        return self.snapshot.index

    @property
    def data(self) -> MultiViewDataset:
        """The data the run was trained on.

        Raises:
            ValueError: they are not at hand.
        """
        if self.dataset is None:
            raise ValueError(
                f"the data of run {self.record.run_id} are not at hand; put {self.record.spec.dataset} back"
            )
        return self.dataset

    @property
    def wrong(self) -> np.ndarray | None:
        """(n,) whether the sample has a class and lies in the cluster of another one; None without labels."""
        return None if self.right is None or self.y_true is None else ~self.right & (self.y_true != metrics.NO_CLASS)

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
        """Names of the classes; empty where the data give none."""
        return () if self.dataset is None else self.dataset.spec.classes

    @property
    def class_names(self) -> tuple[str, ...]:
        """(C,) name of each class, its number where the data give none; empty without labels."""
        return () if self.counts is None else tuple(self.class_name(label) for label in range(len(self.counts)))

    @property
    def per_cluster(self) -> list[metrics.ClusterMetrics]:
        """Size, confidence, precision and recall of each cluster."""
        n_classes = None if self.counts is None else len(self.counts)
        return self.derive(
            "per cluster", lambda: metrics.per_cluster(np.exp(self.log_probs), self.y_true, n_classes=n_classes)
        )

    def class_name(self, label: int) -> str:
        """The name of a class."""
        if label == metrics.NO_CLASS:
            return "none"
        return self.classes[label] if 0 <= label < len(self.classes) else str(label)

    def given_name(self, cluster: int) -> str:
        """The user's name of a cluster; empty without one."""
        return self.groups[cluster].name if self.groups else self.record.cluster_names.get(cluster, "")

    def cluster_label(self, cluster: int) -> str:
        """The number of a cluster, counted from 1; under an annotation those of the run's own clusters in it."""
        return self.groups[cluster].label if self.groups else f"{cluster + 1}"

    def short_name(self, cluster: int) -> str:
        """The user's name of a cluster, else its number."""
        return self.given_name(cluster) or self.cluster_label(cluster)

    def cluster_meaning(self, cluster: int) -> str:
        """What a cluster stands for, as short as possible: the user's name, its class, typical words, or its number."""
        if given := self.given_name(cluster):
            return given
        if self.matched is not None and self.matched[cluster] >= 0:
            return self.class_name(int(self.matched[cluster]))
        if words := self._own_words(cluster):
            return words
        return f"cluster {self.cluster_label(cluster)}"

    def cluster_name(self, cluster: int) -> str:
        """What a cluster is called: the user's name for it, or its number and its class or typical words."""
        if given := self.given_name(cluster):
            return given
        if self.matched is not None and self.matched[cluster] >= 0:
            return f"{self.cluster_label(cluster)} · {self.class_name(int(self.matched[cluster]))}"
        if words := self._own_words(cluster):
            return f"{self.cluster_label(cluster)} · {words}"
        return self.cluster_label(cluster)

    def _own_words(self, cluster: int) -> str:
        """A name from captions for a cluster of data without classes; empty where there are none."""
        return "" if self.y_true is not None else ", ".join(self.typical_words[cluster][:NAMING_WORDS])

    @property
    def typical_words(self) -> list[list[str]]:
        """(K,) the words that tell each cluster's captions from those of the others; empty without captions."""
        data = self.dataset
        if data is None or data.texts is None:
            return [[] for _ in self.sizes]
        # weighed over all captions of the data, which are the same in every epoch and for every number of clusters
        groups = np.full(data.n_samples, -1)
        groups[self.ids] = self.y_pred
        texts = data.texts
        return self.derive("words", lambda: typical_words(texts, groups, len(self.sizes), count=5))

    def derive(self, key: Hashable, work: Callable[[], T]) -> T:
        """Something worked out from these arrays, done once and kept as long as they are.

        Args:
            key: what is worked out, with everything beside the arrays that it depends on.
            work: does it.
        """
        if key not in self.derived:
            self.derived[key] = work()
        return self.derived[key]

    def folder(self, name: str) -> Path:
        """Where what takes long to work out of a run is kept: with the run.

        Of the bundled example it is kept in this home, beside what ships with the example.
        """
        shipped = self.run.folder / name
        if not self.record.example:
            return shipped
        kept = settings.home() / "cache" / self.record.run_id / name
        with suppress(OSError):  # a full disk costs only time
            known = {file.name for file in kept.iterdir()} if kept.is_dir() else set()
            for file in shipped.iterdir() if shipped.is_dir() else ():
                if file.name not in known:  # an update brings others
                    kept.mkdir(parents=True, exist_ok=True)
                    shutil.copy(file, kept / file.name)
        return kept

    def with_record(self, record: RunRecord) -> "Clustering":
        """The same arrays under a newer record."""
        if record == self.record:
            return self
        unmerged = None if self.unmerged is None else self.unmerged.with_record(record)
        return replace(self, record=record, unmerged=unmerged)

    def annotated(self, annotation: Annotation) -> "Clustering":
        """The clustering with an annotation laid over it; only its last version is kept in memory.

        Raises:
            ValueError: the annotation does not fit the snapshot.
        """
        key = ("annotated", annotation.annotation_id)
        known: Clustering | None = self.derived.get(key)
        names = self.record.cluster_names
        if known is None or known.annotation != annotation or known.record.cluster_names != names:
            changed = applied(self.snapshot, annotation.applied)
            made = cluster_snapshot(self.record, self.run, self.version, changed, self.dataset, like=self)
            groups = outline(self.snapshot.n_clusters, annotation.applied, names)
            known = self.derived[key] = replace(made, annotation=annotation, plain=self, groups=groups)
        return known if known.record == self.record else replace(known, record=self.record, plain=self)

    @property
    def tree(self) -> Tree:
        """How the clusters merge to any smaller number of them."""
        if self.unmerged is not None:
            return self.unmerged.tree
        return self.derive("tree", lambda: tree_of(self.snapshot))

    @property
    def form(self) -> Hashable:
        """What is laid over the run's own clusters; equal for two clusterings of an epoch with the same clusters."""
        return self.annotation, None if self.cut is None else self.cut.n_clusters

    def merged(self, n_clusters: int | None) -> "Clustering":
        """The clusters merged along their tree to k of them; None, or as many as hold a sample, gives them as they are.

        A merged cluster keeps number, name and colour of its largest part. Only the last k is kept in memory.

        Args:
            n_clusters: k.

        Raises:
            ValueError: fewer than one cluster, or more than hold a sample.
        """
        if self.unmerged is not None:
            return self.unmerged.merged(n_clusters)
        if n_clusters is None or n_clusters == self.tree.n_used:
            return self
        names = tuple(map(self.given_name, range(len(self.sizes))))
        known, found = self.derived.get("merged", (None, None))
        if known != (n_clusters, names):
            found = self._merged(self.tree.cut(n_clusters))
            self.derived["merged"] = (n_clusters, names), found
        return found if found.record == self.record else replace(found, record=self.record, unmerged=self)

    def merged_like(self, other: "Clustering") -> "Clustering":
        """The same clusters merged as in another epoch of the run, whatever the tree of this one says."""
        cut = other.cut
        return self if cut is None else self.derive(("merged like", *cut.groups.tolist()), lambda: self._merged(cut))

    @property
    def before(self) -> "Clustering | None":
        """The clustering before its clusters were merged, else before the annotation; None for the run's own."""
        return self.unmerged or self.plain

    @property
    def own(self) -> "Clustering":
        """The run's own clusters, before merging and annotation: those that its network knows."""
        found = self.unmerged or self
        return found.plain or found

    def _merged(self, cut: Cut) -> "Clustering":
        made = cluster_snapshot(self.record, self.run, self.version, merged(self.snapshot, cut.groups), self.dataset)
        return replace(
            made,
            annotation=self.annotation,
            plain=self.plain,
            source=self.source,
            unmerged=self,
            cut=cut,
            colors=tuple(self.colors[lead] for lead in cut.leads),
            groups=tuple(self._group(int(lead), cut.parts(group)) for group, lead in enumerate(cut.leads)),
        )

    def _group(self, lead: int, parts: tuple[int, ...]) -> Group:
        """What a merged cluster is called and made of."""
        origin = parts
        if self.groups:
            origin = tuple(sorted({own for part in parts for own in self.groups[part].origin}))
        return Group(label=self.cluster_label(lead), origin=origin, name=self.given_name(lead))

    def snapshot_at(self, epoch: int) -> Snapshot:
        """The snapshot of another epoch of the run, with the same annotation and merging laid over its clusters.

        Raises:
            ValueError: there is none of that epoch, or the annotation does not fit it.
        """
        return self.laid_over(self.run.snapshot(epoch))

    def laid_over(self, snapshot: Snapshot) -> Snapshot:
        """A snapshot of the run's own clusters with the same annotation and merging laid over them.

        Raises:
            ValueError: the annotation does not fit it.
        """
        found = snapshot if self.annotation is None else applied(snapshot, self.annotation.applied)
        return found if self.cut is None else merged(found, self.cut.groups)

    def of_view(self, number: int | None) -> "Clustering":
        """The clustering by one view of the data alone; None gives it as it is, by all views together.

        Args:
            number: of the data's view, from 0; its scores must be in the snapshot.
        """
        if number is None:
            return self
        return self.derive(("of view", number), lambda: self._of_view(number)).with_record(self.record)

    def _of_view(self, number: int) -> "Clustering":
        own = replace(self.snapshot, logits=self.snapshot.view_logits[number])
        made = cluster_snapshot(self.record, self.run, self.version, own, self.dataset, like=self)
        plain = None if self.plain is None else self.plain.of_view(number)
        unmerged = None if self.unmerged is None else self.unmerged.of_view(number)
        over = {"annotation": self.annotation, "groups": self.groups, "cut": self.cut}
        return replace(made, plain=plain, unmerged=unmerged, source=number, **over)


def cluster_snapshot(
    record: RunRecord,
    run: Run,
    version: int,
    snapshot: Snapshot,
    dataset: MultiViewDataset | None,
    like: Clustering | None = None,
) -> Clustering:
    """The clustering of a snapshot.

    Args:
        record: of the run.
        run: where its files are.
        version: of the snapshot's file.
        snapshot: of the epoch.
        dataset: the run's data set; None where it is no longer at hand.
        like: without classes the clusters take the colours of those of this clustering that they resemble.
    """
    y_pred, log_probs = snapshot.y_pred, snapshot.rounded_log_probs()
    y_true = None if dataset is None or dataset.labels is None else dataset.labels[snapshot.index]
    if y_true is not None and (y_true == metrics.NO_CLASS).all():
        y_true = None  # nothing to compare with
    counts = matched = right = None
    numbers = np.arange(snapshot.n_clusters)
    if like is not None:
        numbers = palette.match_colors(like.y_pred, y_pred, snapshot.n_clusters)
    if dataset is not None and y_true is not None:
        n_classes = max(dataset.spec.n_clusters, int(y_true.max()) + 1)
        counts = metrics.confusion(y_true, y_pred, n_classes, snapshot.n_clusters)
        matched = metrics.match_classes(counts)
        right = (matched[y_pred] == y_true) & (y_true != metrics.NO_CLASS)
        numbers = palette.match_colors(y_true, y_pred, snapshot.n_clusters)
    return Clustering(
        record=record,
        run=run,
        epoch=snapshot.epoch,
        version=version,
        snapshot=snapshot,
        dataset=dataset,
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
