"""What the network looked at, for a report: heat over images, the deciding columns of views of numbers."""

from collections.abc import Sequence
from html import escape
from typing import Any

import numpy as np

from mmclust.analysis import attribution, topk
from mmclust.analysis.gradcam import WAYS, grad_cam
from mmclust.data.dataset import MultiViewDataset
from mmclust.data.preprocessing import prepare
from mmclust.plots import images as pictures
from mmclust.plots import profiles
from mmclust.report import samples
from mmclust.report.findings import Findings
from mmclust.report.sections import Section, cluster_label

N_EXPLAINED = 4
"""Right samples, and as many wrong ones, that are explained for each cluster."""
N_AVERAGED = 50
"""Surest samples of a cluster over which the columns' effects are averaged."""
MAX_CLUSTERS = 24


def explanations(found: Findings, method: Any) -> Section | None:
    """What speaks for the clusters, view by view; None without the data.

    Args:
        found: of the run.
        method: the trained network (a `Method`), or None.
    """
    if found.dataset is None:
        return None
    title = "What the network looked at"
    if method is None:
        about = "The trained weights are not at hand, so there is no Grad-CAM or attribution here."
        return Section(key="explain", title=title, about=about, body="")
    data = prepare(found.dataset, found.record.spec.preprocessing)
    several = len(data.views) > 1
    bodies, ways, columns = [], [], None
    for view, spec in enumerate(found.dataset.spec.views):
        seen = data.spec.views[view]
        if samples.is_image(found.dataset, view) and "l2" not in found.record.spec.preprocessing:
            body, way = _heat(found, data, method, view)
        else:
            columns = columns or _averages(found, data, method)
            body, way = _columns(found, columns[view], seen.shape[0]), "attribution"
        bodies.append(f"<h3>{escape(spec.name)}</h3>{body}" if several else body)
        ways.append(way)
    return Section(key="explain", title=title, about=_about(ways), body="".join(bodies))


def _about(ways: Sequence[str]) -> str:
    texts = {
        "Grad-CAM": "Grad-CAM (Selvaraju et al., 2017): bright where the image speaks for its cluster. Each image "
        "beside its heat; heat is scaled per image.",
        "HiResCAM": "HiResCAM (Draelos and Carin, 2020): bright where the image speaks for its cluster. Each image "
        "beside its heat; heat is scaled per image.",
        "Attribution": "Integrated gradients (Sundararajan et al., 2017): bright where pixels speak for the cluster. "
        "Each image beside its heat; heat is scaled per image.",
        "attribution": "Columns of views of numbers: what each adds to the log-odds of the cluster beside the mean "
        "sample, by integrated gradients; blue speaks for the cluster, orange against it.",
    }
    return " ".join(texts[way] for way in dict.fromkeys(ways))


def _groups(found: Findings) -> tuple[tuple[str, str], list[np.ndarray], list[np.ndarray]]:
    """Two headings, and for each cluster the rows of the snapshot under them."""
    if found.y_true is not None:
        left, right = (topk.typical(found.snapshot, found.y_true, N_EXPLAINED, right=ok) for ok in (True, False))
        return ("surest, right", "surest, wrong"), left, right
    surest = list(topk.top_k(found.snapshot, N_EXPLAINED))
    return ("surest", "least sure"), surest, topk.least_sure(found.snapshot, N_EXPLAINED)


def _shown(found: Findings) -> np.ndarray:
    """The largest clusters, in their order."""
    return np.sort(np.argsort([-f.size for f in found.figures], kind="stable")[:MAX_CLUSTERS])


def _heat(found: Findings, data: MultiViewDataset, method: Any, view: int) -> tuple[str, str]:
    """Images of every cluster beside their heat, and by which way that was found."""
    heads, left, right = _groups(found)
    shown = _shown(found)
    groups = [rows for k in shown for rows in (left[k], right[k])]
    pairs, way = _pairs(found, data, method, view, groups)
    cells = ["<span></span>", *(f'<span class="head">{head}</span>' for head in heads)]
    parts = iter(pairs)
    for k in shown:
        cells.append(cluster_label(found, found.figures[k]))
        for head in heads:
            alt = f"{head} images of cluster {found.clusters[k]}, each beside its {way}"
            images = next(parts)
            sheet = samples.image(pictures.sheet(images, 2 * N_EXPLAINED), alt) if len(images) else ""
            cells.append(sheet or '<span class="soft">none</span>')
    return f'<div class="cams">{"".join(cells)}</div>', way


def _pairs(
    found: Findings, data: MultiViewDataset, method: Any, view: int, groups: Sequence[np.ndarray]
) -> tuple[list[np.ndarray], str]:
    """For each group of rows its images and overlays side by side, (2 n, h, w, 3) uint8."""
    assert found.dataset is not None
    every = np.concatenate(groups).astype(int)
    layered = data.spec.views[view].kind == "image" and method.cam_layer(view) is not None
    algorithm = "hirescam" if len(data.views) > 1 else "grad-cam"  # stems of several views are read place by place
    way = WAYS[algorithm].title if layered else "Attribution"
    if not len(every):
        return [np.zeros((0, 1, 1, 3), np.uint8) for _ in groups], way
    ids, targets = found.snapshot.index[every], found.snapshot.y_pred[every]
    inputs = [values[ids] for values in data.views]
    if layered:
        cams = grad_cam(method, inputs, targets, view=view, way=algorithm)
    else:
        spec = found.dataset.spec.views[view]
        slopes = attribution.mean_slopes(method, inputs, targets, _baselines(data))[view]
        raw, seen = found.dataset.views[view], data.views[view]
        if raw[0].size == seen[0].size:
            effect = (inputs[view].astype(np.float32) - _baselines(data)[view]) * slopes
        else:  # the method sees principal components of the pixels
            weights = attribution.affine_weights(raw, seen)
            effect = attribution.of_pixels(slopes, weights, raw[ids], raw.mean(axis=0, dtype=np.float64))
        cams = attribution.heat(effect.reshape(-1, *(spec.image_shape or spec.shape)))
    shown = samples.drawn(found.dataset, view, ids)
    # smoothed to the shown size, so that heat has no steps of the network's few feature cells
    grown = np.repeat((cams[..., None] * 255).astype(np.uint8), 3, axis=3)
    smooth = pictures.resize(grown, samples.IMAGE_PX, smooth=True)
    pairs = np.stack([shown, pictures.overlay(shown, smooth[..., 0] / 255)], axis=1)
    ends = np.cumsum([len(rows) for rows in groups])[:-1]
    return [part.reshape(-1, *shown.shape[1:]) for part in np.split(pairs, ends)], way


def _baselines(data: MultiViewDataset) -> list[np.ndarray]:
    return [values.mean(axis=0, dtype=np.float64).astype(np.float32) for values in data.views]


def _averages(found: Findings, data: MultiViewDataset, method: Any) -> list[np.ndarray]:
    """(K, D) of each view: mean effect of every value on the log-odds of a cluster, over its surest samples."""
    n_clusters, y_pred = found.snapshot.n_clusters, found.snapshot.y_pred
    surest = topk.top_k(found.snapshot, N_AVERAGED)
    rows = np.concatenate([of[y_pred[of] == k] for k, of in enumerate(surest)])
    inputs = [values[found.snapshot.index[rows]] for values in data.views]
    parts = attribution.integrated_gradients(method, inputs, y_pred[rows], _baselines(data))
    return [attribution.averaged(part.reshape(len(part), -1), y_pred[rows], n_clusters) for part in parts]


def _columns(found: Findings, effect: np.ndarray, n_columns: int) -> str:
    """A signed profile of every cluster, with its largest columns by number."""
    reduced = any(step.startswith("pca-") for step in found.record.spec.preprocessing)
    word = "component" if reduced else "column"
    names = profiles.column_names(n_columns, word)
    cells = []
    for k, picture in zip(_shown(found), profiles.signed_profiles(effect[_shown(found)], width=480), strict=True):
        largest = ", ".join(f"{names[i]} ({effect[k, i]:+.2f})" for i in profiles.largest(effect[k], 4))
        alt = f"What each {word} adds to cluster {found.clusters[k]}"
        cells.append(
            cluster_label(found, found.figures[k])
            + f'<div>{samples.image(picture, alt)}<span class="soft">{largest}</span></div>'
        )
    return f'<div class="rows">{"".join(cells)}</div>'
