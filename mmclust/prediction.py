"""Clusters of samples that a run was not trained on.

The trained network names them, where the run's result is the network's. Where the run kept its start, or another
partition that no network holds, the nearest samples of the run vote.

Shapes: M new samples, N samples of the run, K clusters, k neighbours.
"""

import json
from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace
from functools import cached_property
from typing import TYPE_CHECKING, Any, Literal

import numpy as np
from scipy.special import softmax

from mmclust import neighbours
from mmclust.data import catalogue, new_samples, preprocessing
from mmclust.data.dataset import DataSpec, MultiViewDataset, ViewSpec
from mmclust.data.readers import picture_files, pictures
from mmclust.escaping import cell
from mmclust.runs.run import Run

if TYPE_CHECKING:
    from mmclust.evaluation.snapshot import Snapshot
    from mmclust.methods.base import Method

NEIGHBOURS = 10
"""Samples of the run that vote where no network holds the result."""
CHUNK, CHUNK_VALUES = 1024, 4 * 2**20
"""New samples that go through the network together; fewer when they are large: as many as in an evaluation."""
USUAL_RANGES = ((0, 1), (-1, 1), (0, 255))
EXACT_SEARCH = 10_000
"""Samples of the run from which on many new ones look for their neighbours in cells instead of among all."""
LUMA = np.array([0.299, 0.587, 0.114])
"""Weights of red, green and blue in a gray tone (ITU-R BT.601), as Pillow has them."""


@dataclass(frozen=True, kw_only=True)
class Prediction:
    """What became of M new samples."""

    probs: np.ndarray
    """(M, K) of the clusters: the network's, or the fraction of the neighbours' votes."""
    search: Callable[[], np.ndarray]
    """Looks for the `neighbours`."""
    spaces: dict[str, np.ndarray]
    """Codes (M, D) by the names of the method's spaces."""
    by: Literal["network", "neighbours"]
    """Who named the clusters."""

    @cached_property
    def neighbours(self) -> np.ndarray:
        """(M, k) the most similar samples of the run, nearest first, by their ids.

        They are looked for when first asked for, since for many samples that takes longer than the network.
        """
        return self.search()

    @cached_property
    def clusters(self) -> np.ndarray:
        """(M,) from 0 to K - 1."""
        return self.probs.argmax(axis=1)

    @property
    def confidence(self) -> np.ndarray:
        """(M,) probability of the cluster."""
        return self.probs.max(axis=1)


class Predictor:
    """A finished run that takes new samples.

    Args:
        run: that has trained weights.

    Raises:
        ValueError: it has none, or its data are not at hand.
        UnknownDataset, DataUnavailable: likewise.

    Example:
        >>> example = RunStore.example()
        >>> predict = Predictor(example.get(example.list()[0].run_id))
        >>> found = predict(catalogue.load("glyphs", limit=5))
        >>> found.clusters.shape, found.probs.shape
        ((5,), (5, 10))
    """

    def __init__(self, run: Run) -> None:
        from mmclust.models import restore

        self.run = run
        self.trained_on: MultiViewDataset = catalogue.load(run.spec.dataset, limit=run.spec.limit)
        self.method: Method = restore(run, self.trained_on.spec)
        self.snapshot: Snapshot = run.snapshot()

    @property
    def spec(self) -> DataSpec:
        """Of the samples that it takes."""
        return self.trained_on.spec

    @cached_property
    def kept_start(self) -> bool:
        """Whether the run's result is a partition that the network does not hold."""
        try:
            return json.loads((self.run.folder / "auto.json").read_text()).get("kept", "method") != "method"
        except (OSError, ValueError):
            return False

    @cached_property
    def prepared(self) -> MultiViewDataset:
        """The run's samples as its method saw them."""
        return preprocessing.prepare(self.trained_on, self.run.spec.preprocessing)

    def prepare(self, dataset: MultiViewDataset) -> tuple[np.ndarray, ...]:
        """Views of new samples as the network sees them; each (M, ...).

        Raises:
            ValueError: as when it is called.
        """
        check(self.spec, dataset)
        return new_samples.prepare(self.trained_on, dataset.views, self.run.spec.preprocessing)

    def __call__(self, dataset: MultiViewDataset) -> Prediction:
        """Clusters of new samples.

        Args:
            dataset: M samples with the views of the run's data; its labels are not used.

        Raises:
            ValueError: other views, sizes or values, or preprocessing that says nothing of new samples.
        """
        views = self.prepare(dataset)
        codes = self._codes(views)
        logits = codes.pop("logits")
        if self.kept_start:
            similar = self._similar(dataset, views)
            votes = np.eye(self.snapshot.n_clusters, dtype=np.float32)[self.snapshot.y_pred[similar]]
            return Prediction(
                probs=votes.mean(axis=1),
                search=lambda: self.snapshot.index[similar],
                spaces=codes,
                by="neighbours",
            )
        return Prediction(
            probs=softmax(logits, axis=1), search=lambda: self._near_codes(codes), spaces=codes, by="network"
        )

    def _near_codes(self, codes: dict[str, np.ndarray]) -> np.ndarray:
        """Ids (M, k) of the run's samples with the most similar codes."""
        space = _compared(codes, self.snapshot)
        return self.snapshot.index[nearest(codes[space], self.snapshot.spaces[space])]

    def _codes(self, views: tuple[np.ndarray, ...]) -> dict[str, np.ndarray]:
        """Spaces of new samples, logits among them, in the precision of the run."""
        import torch

        parts: list[dict[str, np.ndarray]] = []
        size = max(1, min(CHUNK, CHUNK_VALUES // max(1, sum(view[:1].size for view in views))))
        bf16 = self.run.spec.precision == "bf16"
        with torch.inference_mode(), torch.autocast("cpu", torch.bfloat16, enabled=bf16):
            for first in range(0, len(views[0]), size):
                batch = tuple(torch.from_numpy(np.ascontiguousarray(view[first : first + size])) for view in views)
                parts.append({name: codes.float().numpy() for name, codes in self.method.spaces(batch).items()})
        return {name: np.concatenate([part[name] for part in parts]) for name in parts[0]}

    def _similar(self, dataset: MultiViewDataset, views: tuple[np.ndarray, ...]) -> np.ndarray:
        """(M, k) places in the snapshot of the most similar samples of the run, by the data instead of the codes."""
        ids = self.snapshot.index
        if self.spec.views[0].kind == "image" and len(views) == 1:
            from mmclust.auto import shallow

            both = np.concatenate((self.trained_on.views[0][ids], dataset.views[0]))
            space = self.run.spec.auto.get("space", "joint")
            points = shallow.describe(both, self.spec.views[0]).of(space)
            return nearest(points[len(ids) :], points[: len(ids)])
        own = [view[ids].reshape(len(ids), -1) for view in self.prepared.views]
        new = [view.reshape(len(view), -1) for view in views]
        return nearest(np.concatenate(new, axis=1), np.concatenate(own, axis=1))


def of_pictures(files: Sequence[tuple[str, bytes]], like: MultiViewDataset) -> MultiViewDataset:
    """Pictures of any size as samples of a run of images: cut to its proportions, resized, gray where it is gray.

    Args:
        files: name and content of each.
        like: the run's data.

    Raises:
        ValueError: the run has other views than one of images, or a file is no picture.
    """
    if len(like.spec.views) != 1 or like.spec.views[0].kind != "image":
        raise ValueError("single pictures can be assigned by runs of one set of images alone; give a data file instead")
    view = like.spec.views[0]
    found = np.stack([_picture(name, data, view) for name, data in files])
    values = view.low + found.astype(np.float32) / 255 * (view.high - view.low)
    values = (np.rint(values) if like.views[0].dtype.kind in "iu" else values).astype(like.views[0].dtype)
    return MultiViewDataset(spec=replace(like.spec, name="the pictures", classes=()), views=(values,))


def _picture(name: str, data: bytes, view: ViewSpec) -> np.ndarray:
    """One picture (C, H, W) of bytes."""
    n_channels, height, width = view.shape
    try:
        return pictures.pixels(name, data, form=pictures.Form((n_channels, height, width), resize=True))
    except picture_files.NotGray:
        colour = pictures.pixels(name, data, form=pictures.Form((3, height, width), resize=True))
        return np.rint(np.tensordot(LUMA, colour, axes=1)).astype(np.uint8)[None]


def check(spec: DataSpec, dataset: MultiViewDataset) -> None:
    """Refuse samples that a run of other data cannot take.

    Args:
        spec: of the run's data.
        dataset: the new samples.

    Raises:
        ValueError: other views or sizes, or values that are none.
    """
    wanted, given = spec.views, dataset.spec.views
    if len(wanted) != len(given):
        raise ValueError(
            f"the run was trained on {_count(wanted)} and {dataset.spec.name} has {_count(given)}; "
            "give samples with the same views in the same order"
        )
    for number, (one, other, view) in enumerate(zip(wanted, given, dataset.views, strict=True), start=1):
        if one.shape != other.shape:
            raise ValueError(
                f"view {number} ({one.name}) of the run has samples of shape {_shape(one)}, those of "
                f"{dataset.spec.name} have {_shape(other)}; bring them to the same size"
            )
        if one.kind == "image" and not _scaled_alike(one, other, view):
            raise ValueError(
                f"the run's pixels go from {one.low:g} to {one.high:g}, those of {dataset.spec.name} from "
                f"{other.low:g} to {other.high:g}; scale them alike"
            )
        if view.dtype.kind == "f" and not np.isfinite(view).all():
            raise ValueError(f"view {number} of {dataset.spec.name} holds NaN or infinite values; replace them")


def _scaled_alike(own: ViewSpec, new: ViewSpec, values: np.ndarray) -> bool:
    """Whether pixels are on the scale of the run's; few samples need not reach both of its ends."""
    ends = (own.low, own.high)
    if ends == (new.low, new.high):
        return True
    if new.high == 1 != own.high and values.any():
        return False
    # A range of its own is what some samples happened to have, and others may have somewhat more.
    room = 0.0 if ends in USUAL_RANGES else (own.high - own.low) / 2
    return bool(own.low - room <= values.min() and values.max() <= own.high + room)


def _count(views: tuple[ViewSpec, ...]) -> str:
    return "1 view" if len(views) == 1 else f"{len(views)} views"


def _shape(view: ViewSpec) -> str:
    return " x ".join(map(str, view.shape))


def _compared(codes: dict[str, np.ndarray], snapshot: "Snapshot") -> str:
    """The space in which samples are compared: that of the fused code, else the first."""
    shared = [name for name in codes if name in snapshot.spaces]
    return next((name for name in ("z_c", "z") if name in shared), shared[0])


def nearest(new: np.ndarray, own: np.ndarray) -> np.ndarray:
    """Places (M, k) of the nearest samples of a run, nearest first; of many among many, some may be missed.

    Args:
        new: (M, D) codes.
        own: (N, D) codes of the run's samples.
    """
    return neighbours.among(new, own, NEIGHBOURS, exact=EXACT_SEARCH).found


def table(found: Prediction, names: dict[int, str] | None = None, *, n_neighbours: int = NEIGHBOURS) -> dict[str, Any]:
    """Columns of a table of new samples: number, cluster (from 0), its name, confidence, probabilities, neighbours.

    Names that a spreadsheet would take for formulas are defused.

    Args:
        found: of M samples.
        names: of clusters; their column is there only if one has a name.
        n_neighbours: columns of neighbours; without any, none are looked for.
    """
    columns: dict[str, Any] = {"sample": np.arange(len(found.probs)), "cluster": found.clusters}
    if names and any(names.values()):
        named = [cell(names.get(cluster, "")) for cluster in range(found.probs.shape[1])]
        columns["cluster_name"] = np.array(named, dtype=object)[found.clusters]
    columns["confidence"] = found.confidence
    columns |= {f"p{cluster}": found.probs[:, cluster] for cluster in range(found.probs.shape[1])}
    if n_neighbours:
        near = found.neighbours[:, :n_neighbours]
        columns |= {f"neighbour{rank + 1}": near[:, rank] for rank in range(near.shape[1])}
    return columns
