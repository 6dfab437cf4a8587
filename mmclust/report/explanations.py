"""What the network looked at, for a report: saliency over images, the deciding columns of numeric views."""

from collections.abc import Sequence
from typing import Any

import numpy as np

from mmclust.analysis import attribution, topk
from mmclust.analysis.gradcam import CAM_METHODS, grad_cam
from mmclust.data.dataset import MultiViewDataset
from mmclust.data.preprocessing import prepare
from mmclust.plots import images as pictures
from mmclust.plots import profiles
from mmclust.report import samples
from mmclust.report.findings import Findings, NamedCluster
from mmclust.report.html import Section, section

N_EXPLAINED = 4
"""Right samples, and as many wrong ones, that are explained for each cluster."""
N_AVERAGED = 50
"""Most confident samples of a cluster over which the columns' effects are averaged."""
MAX_CLUSTERS = 24


def explanations(found: Findings, method: Any) -> Section | None:
    """What speaks for the clusters, view by view; None without the data.

    Args:
        found: of the run.
        method: the trained network (a `Method`), or None.
    """
    shown, title = found.clustering, "What the network looked at"
    if shown.dataset is None:
        return None
    if method is None:
        return section("run", "explain", title, views=[], about=[])
    steps = shown.record.spec.preprocessing
    data = prepare(shown.dataset, steps)
    views, ways, columns = [], [], None
    for view, spec in enumerate(shown.dataset.spec.views):
        if samples.is_image(shown.dataset, view) and "l2" not in steps:
            explained, way = _saliency(found, data, method, view)
        else:
            columns = columns or averages(found, data, method)
            n_columns = data.spec.views[view].shape[0]
            explained, way = {"heads": (), "rows": _columns(found, columns[view], n_columns)}, "attribution"
        views.append({"name": spec.name} | explained)
        ways.append(way)
    return section("run", "explain", title, views=views, about=sources(ways))


def sources(ways: Sequence[str]) -> list[str]:
    """How saliency was found, with the paper it is from."""
    texts = {
        "Grad-CAM": "Grad-CAM (Selvaraju et al., 2017): bright where the image speaks for its cluster. Each image "
        "beside its saliency map, scaled per image.",
        "HiResCAM": "HiResCAM (Draelos and Carin, 2020): bright where the image speaks for its cluster. Each image "
        "beside its saliency map, scaled per image.",
        "Attribution": "Integrated gradients (Sundararajan et al., 2017): bright where pixels speak for the cluster. "
        "Each image beside its saliency map, scaled per image.",
        "attribution": "Columns of numeric views: what each adds to the log-odds of the cluster beside the mean "
        "sample, by integrated gradients; blue speaks for the cluster, orange against it.",
    }
    return [texts[way] for way in dict.fromkeys(ways)]


def contrasted(found: Findings) -> tuple[tuple[str, str], list[np.ndarray], list[np.ndarray]]:
    """Two headings, and for each cluster the rows of the snapshot under them."""
    snapshot, y_true = found.clustering.snapshot, found.clustering.y_true
    if y_true is not None:
        left, right = (topk.typical(snapshot, y_true, N_EXPLAINED, right=ok) for ok in (True, False))
        return ("most confident, right", "most confident, wrong"), left, right
    most = list(topk.top_k(snapshot, N_EXPLAINED))
    return ("most confident", "least confident"), most, topk.least_confident(snapshot, N_EXPLAINED)


def _shown(found: Findings) -> np.ndarray:
    """The largest clusters, in their order."""
    return np.sort(np.argsort(-found.clustering.sizes, kind="stable")[:MAX_CLUSTERS])


def _saliency(found: Findings, data: MultiViewDataset, method: Any, view: int) -> tuple[dict[str, Any], str]:
    """Images of every cluster beside their saliency, and by which method that was found."""
    heads, left, right = contrasted(found)
    shown, clusters = _shown(found), found.clusters
    groups = [rows for k in shown for rows in (left[k], right[k])]
    found_pairs, way = pairs(found, data, method, view, groups)
    parts = iter(found_pairs)
    rows = []
    for k in shown:
        alts = [f"{head} images of cluster {clusters[k].name}, each beside its {way}" for head in heads]
        rows.append((clusters[k], [_sheet(next(parts), alt) for alt in alts]))
    return {"heads": heads, "rows": rows}, way


def _sheet(images: np.ndarray, alt: str) -> samples.Picture | None:
    """Images beside their saliency as one picture; None without images."""
    return samples.picture(pictures.sheet(images, 2 * N_EXPLAINED), alt) if len(images) else None


def pairs(
    found: Findings, data: MultiViewDataset, method: Any, view: int, groups: Sequence[np.ndarray]
) -> tuple[list[np.ndarray], str]:
    """For each group of rows its images and overlays side by side, (2 n, h, w, 3) uint8."""
    shown = found.clustering
    every = np.concatenate(groups).astype(int)
    layered = data.spec.views[view].kind == "image" and method.cam_layer(view) is not None
    algorithm = "hirescam" if len(data.views) > 1 else "grad-cam"  # stems of several views are read place by place
    way = CAM_METHODS[algorithm].title if layered else "Attribution"
    if not len(every):
        return [np.zeros((0, 1, 1, 3), np.uint8) for _ in groups], way
    ids, targets = shown.ids[every], shown.y_pred[every]
    inputs = [values[ids] for values in data.views]
    if layered:
        cams = grad_cam(method, inputs, targets, view=view, cam=algorithm)
    else:
        spec = shown.data.spec.views[view]
        slopes = attribution.mean_slopes(method, inputs, targets, _baselines(data))[view]
        raw, seen = shown.data.views[view], data.views[view]
        if raw[0].size == seen[0].size:
            effect = (inputs[view].astype(np.float32) - _baselines(data)[view]) * slopes
        else:  # the method sees principal components of the pixels
            weights = attribution.affine_weights(raw, seen)
            effect = attribution.of_pixels(slopes, weights, raw[ids], raw.mean(axis=0, dtype=np.float64))
        cams = attribution.saliency_map(effect.reshape(-1, *(spec.image_shape or spec.shape)))
    images = samples.drawn(shown.data, view, ids)
    # smoothed to the shown size, so that saliency has no steps of the network's few feature cells
    grown = np.repeat((cams[..., None] * 255).astype(np.uint8), 3, axis=3)
    smooth = pictures.resize(grown, samples.IMAGE_PX, smooth=True)
    beside = np.stack([images, pictures.overlay(images, smooth[..., 0] / 255)], axis=1)
    ends = np.cumsum([len(rows) for rows in groups])[:-1]
    return [part.reshape(-1, *images.shape[1:]) for part in np.split(beside, ends)], way


def _baselines(data: MultiViewDataset) -> list[np.ndarray]:
    return [values.mean(axis=0, dtype=np.float64).astype(np.float32) for values in data.views]


def averages(found: Findings, data: MultiViewDataset, method: Any) -> list[np.ndarray]:
    """(K, D) of each view: mean effect of every value on the log-odds of a cluster, over its most confident samples."""
    snapshot, y_pred = found.clustering.snapshot, found.clustering.y_pred
    most = topk.top_k(snapshot, N_AVERAGED)
    rows = np.concatenate([of[y_pred[of] == k] for k, of in enumerate(most)])
    inputs = [values[snapshot.index[rows]] for values in data.views]
    parts = attribution.integrated_gradients(method, inputs, y_pred[rows], _baselines(data))
    return [attribution.averaged(part.reshape(len(part), -1), y_pred[rows], snapshot.n_clusters) for part in parts]


def _columns(found: Findings, effect: np.ndarray, n_columns: int) -> list[tuple[NamedCluster, samples.Picture, str]]:
    """A signed profile of every cluster, with its largest columns by number."""
    reduced = any(step.startswith("pca-") for step in found.clustering.record.spec.preprocessing)
    word = "component" if reduced else "column"
    names = profiles.column_names(n_columns, word)
    shown, clusters = _shown(found), found.clusters
    rows = []
    for k, profile in zip(shown, profiles.signed_profiles(effect[shown], width=480), strict=True):
        largest = ", ".join(f"{names[i]} ({effect[k, i]:+.2f})" for i in profiles.largest(effect[k], 4))
        drawn = samples.picture(profile, f"What each {word} adds to cluster {clusters[k].name}")
        rows.append((clusters[k], drawn, largest))
    return rows
