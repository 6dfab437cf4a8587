"""What some figures of the papers show of one run: images of clusters, distances of codes, confusions, saliency."""

import base64
from collections.abc import Sequence
from typing import Any

import numpy as np

from mmclust.analysis import codes, topk
from mmclust.analysis.gradcam import grad_cam
from mmclust.data import catalogue, preprocessing
from mmclust.data.dataset import MultiViewDataset
from mmclust.evaluation.metrics import confusion, match
from mmclust.evaluation.snapshot import Snapshot
from mmclust.models import restore
from mmclust.plots import images as pictures
from mmclust.runs.record import RunRecord
from mmclust.runs.store import RunStore

TOP = 10
"""Images of a cluster, DCCS Fig. 4."""
N_COMPARED = 32
"""Images whose codes are compared, IMC-SwAV Fig. 2."""
N_EXPLAINED = 4
IMAGE_PX = 96

Panel = dict[str, Any]


def drawn(store: RunStore, kind: str, runs: Sequence[RunRecord]) -> list[Panel]:
    """Panels of the first run on each data set: title, caption, and a matrix (`values`) or a picture (`png`, base64).

    Args:
        store: where the runs are.
        kind: of `Experiment.panel`.
        runs: of all data sets and seeds.
    """
    make = {"top": _top, "distances": _distances, "confusion": _confusion, "saliency": _saliency}[kind]
    first = {run.spec.dataset: run for run in reversed(runs)}
    found: list[Panel] = []
    for run in first.values():
        data = catalogue.load(run.spec.dataset, limit=run.spec.limit)
        found += make(store, run, data, store.get(run.run_id).snapshot())
    return found


def _top(store: RunStore, run: RunRecord, data: MultiViewDataset, snapshot: Snapshot) -> list[Panel]:
    """The most probable images of each cluster, a row for a cluster."""
    rows = topk.top_k(snapshot, TOP)
    sheet = pictures.sheet(_thumbnails(data, snapshot.index[rows.ravel()]), rows.shape[1])
    return [_picture(f"{TOP} most probable images of each cluster, {data.spec.name}", sheet)]


def _distances(store: RunStore, run: RunRecord, data: MultiViewDataset, snapshot: Snapshot) -> list[Panel]:
    """Jensen-Shannon divergences between the codes of images under two augmentations."""
    prepared = preprocessing.prepare(data, run.spec.preprocessing)
    method = restore(store.get(run.run_id), data.spec)
    # As many images as a training batch has pass together, as their batch statistics count; some are compared.
    batch = np.random.default_rng(0).permutation(snapshot.index)[: run.spec.config["batch_size"]]
    first, second = codes.augmented(method, [view[batch] for view in prepared.views])
    values = codes.divergences(first[:N_COMPARED], second[:N_COMPARED])
    own = np.eye(len(values), dtype=bool)
    caption = (
        f"mean {values[own].mean():.3f} on the diagonal, {values[~own].mean():.3f} beside it (ln 2 = 0.693 at most)"
    )
    return [_matrix(f"Divergence of codes under two augmentations, {data.spec.name}", caption, values, own="image")]


def _confusion(store: RunStore, run: RunRecord, data: MultiViewDataset, snapshot: Snapshot) -> list[Panel]:
    """Samples by class (rows) and matched cluster (columns), as fractions of the class."""
    if data.labels is None:
        return []
    counts = confusion(data.labels[snapshot.index], snapshot.y_pred, data.spec.n_clusters, snapshot.n_clusters)
    shares = counts[:, match(counts)] / np.maximum(counts.sum(axis=1, keepdims=True), 1)
    off = np.where(np.eye(*shares.shape, dtype=bool), 0, shares)
    row, column = np.unravel_index(off.argmax(), off.shape)
    names = data.spec.classes or tuple(map(str, range(len(shares))))
    caption = (
        f"most often confused: {names[row]} in the cluster of {names[min(column, len(names) - 1)]} ({off.max():.1%})"
    )
    return [_matrix(f"Confusion, {data.spec.name}", caption, shares, own="class")]


def _saliency(store: RunStore, run: RunRecord, data: MultiViewDataset, snapshot: Snapshot) -> list[Panel]:
    """Images of each cluster beside Grad-CAM: the most confident right ones, then the most confident wrong ones."""
    if data.labels is None:
        return []
    prepared = preprocessing.prepare(data, run.spec.preprocessing)
    method, labels = restore(store.get(run.run_id), data.spec), data.labels[snapshot.index]
    found = []
    for right in (True, False):
        rows = np.concatenate(topk.typical(snapshot, labels, N_EXPLAINED, right=right)).astype(int)
        if not len(rows):
            continue
        ids = snapshot.index[rows]
        cams = grad_cam(method, [view[ids] for view in prepared.views], snapshot.y_pred[rows])
        thumbs = _thumbnails(data, ids)
        grown = np.repeat((cams[..., None] * 255).astype(np.uint8), 3, axis=3)
        layers = pictures.overlay(thumbs, pictures.resize(grown, IMAGE_PX, smooth=True)[..., 0] / 255)
        pairs = np.stack([thumbs, layers], axis=1).reshape(-1, *thumbs.shape[1:])
        what = "right" if right else "wrong"
        found.append(_picture(f"Grad-CAM of {what} images, {data.spec.name}", pictures.sheet(pairs, 2 * N_EXPLAINED)))
    return found


def _thumbnails(data: MultiViewDataset, ids: np.ndarray) -> np.ndarray:
    view = data.spec.views[0]
    return pictures.thumbnails(data.views[0][ids], IMAGE_PX, low=view.low, high=view.high)


def _picture(title: str, sheet: np.ndarray) -> Panel:
    return {"title": title, "caption": "", "png": base64.b64encode(pictures.png(sheet)).decode(), "values": None}


def _matrix(title: str, caption: str, values: np.ndarray, *, own: str) -> Panel:
    return {"title": title, "caption": caption, "png": "", "values": np.round(values, 4).tolist(), "of": own}
