"""Samples that the run was not trained on: their clusters, and the samples of the run that are most like them."""

import hashlib
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
import streamlit as st

from mmclust.analysis import gradcam, placement
from mmclust.clustering import Clustering
from mmclust.data import drafts, readers
from mmclust.data.dataset import MultiViewDataset
from mmclust.data.readers import archives
from mmclust.data.readers.reading import Reading
from mmclust.escaping import markdown
from mmclust.methods import METHODS
from mmclust.plots import images
from mmclust.prediction import Prediction, Predictor, of_pictures, table
from mmclust.ui.components import pictures, pointmap, trained_network
from mmclust.ui.components.pointmap import Frame, Mark, layouts, map_points
from mmclust.ui.components.pointmap.map_points import Points
from mmclust.ui.shell import jobs, login

SHOWN = 24
"""New samples that are drawn; the table holds all."""
SIMILAR = 8
PX = 48
WIDTHS = (1, 2, 5)
MAPPED = 200
"""New samples that stand on the map at most: more would hide it."""
MAP_HEIGHT = 420
PROJECTIONS = {title: kind for title, kind in layouts.PROJECTIONS.items() if kind in placement.KINDS}


@dataclass(frozen=True, kw_only=True)
class Assigned:
    """What became of new samples."""

    data: MultiViewDataset
    found: Prediction
    cams: np.ndarray | None
    """(m, H, W) Grad-CAM of the first ones for their cluster; None without images or convolutions."""


def panel(clustering: Clustering) -> None:
    """A box for files, then a row for each new sample."""
    if clustering.record.spec.method not in METHODS:
        st.caption("New samples are assigned by trained networks; this clustering has none.")
        return
    is_images = len(clustering.data.spec.views) == 1 and clustering.images is not None
    what = "Pictures of any size, or a data file" if is_images else "A data file with the same views"
    endings = {ending.rpartition(".")[2] for ending in readers.ENDINGS}
    endings |= {ending.rpartition(".")[2] for ending in archives.PICTURES} if is_images else set()
    files = st.file_uploader(
        what,
        sorted(endings),
        accept_multiple_files=True,
        key=f"new:{clustering.record.run_id}",
        help="They are assigned to the clusters of this run as they are after its last epoch. Nothing is kept.",
    )
    if not files:
        st.caption("The trained network assigns new samples to the clusters; the run itself stays as it is.")
        return
    if not trained_network.weights(clustering).exists():
        trained_network.no_weights(clustering, "Assigning new samples")
        return
    key = hashlib.sha256("".join(file.file_id for file in files).encode()).hexdigest()
    told = jobs.result(
        ("new samples", clustering.record.run_id, trained_network.written(clustering), key),
        lambda report: _assigned(clustering, [(file.name, file) for file in files], login.owner()),
        label="Assigning the new samples",
    )
    if told is not None:
        _draw(clustering, told)
        _map(clustering.own, told.found, key)


def _assigned(clustering: Clustering, files: list[tuple[str, Any]], owner: str) -> Assigned:
    predictor = Predictor(clustering.run)
    if all(Path(name).suffix.lower() in archives.PICTURES for name, _ in files):
        data = of_pictures([(name, file.getvalue()) for name, file in files], predictor.trained_on)
        return _with_cams(predictor, data)
    path = drafts.receive(files, owner)
    try:
        data = readers.read(path, Reading())
        return _with_cams(predictor, data)
    finally:
        drafts.discard(path)


def _with_cams(predictor: Predictor, data: MultiViewDataset) -> Assigned:
    found, view = predictor(data), pictures.image_view(data)
    if view is None or found.by != "network" or not predictor.method.cam_layers(view):
        return Assigned(data=data, found=found, cams=None)
    some = [values[:SHOWN] for values in predictor.prepare(data)]
    return Assigned(
        data=data, found=found, cams=gradcam.grad_cam(predictor.method, some, found.clusters[:SHOWN], view=view)
    )


def _looked_at(told: Assigned, row: int) -> str:
    """Picture of a new sample under its saliency, as a `data:` address."""
    assert told.cams is not None
    view = pictures.image_view(told.data) or 0
    spec = told.data.spec.views[view]
    image = images.to_rgb(told.data.views[view][row : row + 1], low=spec.low, high=spec.high)
    cam = told.cams[row : row + 1]
    if cam.shape[1:] != image.shape[1:3]:
        image = images.resize(image, max(cam.shape[1:]))
    return pictures.encoded(images.overlay(image, cam), 2 * PX)[0]


def _map(clustering: Clustering, found: Prediction, key: str) -> None:
    """The run's map with the new samples on it."""
    space = next(
        (s for s in layouts.spaces(clustering).values() if len(s.members) == 1 and s.name in found.spaces), None
    )
    if space is None:
        return
    title = st.segmented_control(
        "Place on the map",
        list(PROJECTIONS),
        default="PCA",
        required=True,
        key=f"new-map:{clustering.record.run_id}",
        help="New samples are placed by the library's own transform; the map of the run stays as it is.",
    )
    kind = PROJECTIONS[title]
    rows = np.arange(len(clustering.ids))
    own, stars = map_points.codes(clustering, space, rows), map_points.landmarks(clustering, space)
    new = found.spaces[space.name][:MAPPED]

    def work(report: Callable[[float], None]) -> tuple[np.ndarray, np.ndarray]:
        xy, marks = layouts.lay_out(clustering, space, rows, kind, progress=report)
        every = (np.concatenate([own, stars]), np.concatenate([xy, marks])) if len(stars) else (own, xy)
        return xy, placement.place(*every, new, kind)

    job = ("places", clustering.record.run_id, clustering.version, clustering.epoch, kind, key)
    placed = jobs.result(job, work, label=f"Placing the new samples on a {title} map", height=MAP_HEIGHT)
    if placed is None:
        return
    xy, places = placed
    named = [str(number) for number in range(1, len(places) + 1)]
    colors = [clustering.colors[int(cluster)] for cluster in found.clusters]
    points = Points(xy=xy, rows=rows, views=None, landmarks=np.empty((0, 2)))
    file = pointmap.pack(
        ids=clustering.ids,
        frames=[Frame(epoch=clustering.epoch, xy=xy)],
        colorings=map_points.colorings(clustering, points),
        landmarks=[
            Mark(x=float(x), y=float(y), color=color, text=name)
            for (x, y), color, name in zip(places, colors, named, strict=False)
        ],
        atlas=map_points.thumbnails(clustering),
        layout=f"{clustering.record.run_id} new {kind}",
    )
    alt = f"{title} map of the run with {len(places)} new samples, by their numbers"
    pointmap.draw_map(
        file, len(rows), key="new-map", group="new", height=MAP_HEIGHT, small=True, color="cluster", alt=alt
    )


def _draw(clustering: Clustering, told: Assigned) -> None:
    data, found = told.data, told.found
    known = clustering.own  # the network knows nothing of an annotation
    names = {cluster: known.cluster_name(cluster) for cluster in range(found.probs.shape[1])}
    if found.by == "neighbours":
        st.caption(
            "The result of this run is its start, which the network does not hold: the ten most similar samples of the "
            "run vote."
        )
    widths = WIDTHS if told.cams is None else (1, *WIDTHS)
    looked = () if told.cams is None else ("Grad-CAM",)
    heads = ("new", *looked, "cluster, confidence", f"most similar {clustering.word}s of the run")
    for place, head in zip(st.columns(widths), heads, strict=True):
        place.caption(head)
    for row in range(min(SHOWN, data.n_samples)):
        cluster = int(found.clusters[row])
        label = f"{names[cluster]}, {found.confidence[row]:.0%}"
        new = pictures.grid(
            [pictures.source(data, row)], [f"new sample {row + 1}: {label}"], px=PX, colors=[known.colors[cluster]]
        )
        ids = found.neighbours[row, :SIMILAR]
        colors = [known.colors[int(known.y_pred[known.ids == i][0])] if (known.ids == i).any() else None for i in ids]
        similar = pictures.grid(
            [pictures.source(clustering.data, int(i)) for i in ids],
            [f"{clustering.word} {i} of the run" for i in ids],
            px=PX,
            colors=colors,
            kind="row",
        )
        left, *between, middle, right = st.columns(widths, vertical_alignment="center")
        with left.container(horizontal=True, vertical_alignment="center", gap="small"):
            st.markdown(f":gray[{row + 1}]", width="content")
            st.html(new, width="content")
        for place in between:
            place.html(
                pictures.grid([_looked_at(told, row)], [f"where the network looked: new sample {row + 1}"], px=PX)
            )
        middle.markdown(f"**{markdown(names[cluster])}** :gray[{found.confidence[row]:.0%}]")
        right.html(similar)
    if data.n_samples > SHOWN:
        st.caption(f"The first {SHOWN} of {data.n_samples:,} new samples; the table holds all.")
    st.download_button(
        "Table",
        lambda: pd.DataFrame(table(found, names)).to_csv(index=False),
        "clusters.csv",
        "text/csv",
        icon=":material/download:",
        help="Cluster, confidence, all probabilities and the most similar samples of the run, for every new sample.",
    )
