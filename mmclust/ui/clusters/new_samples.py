"""Samples that the run was not trained on: their clusters, and the samples of the run that are most like them."""

import hashlib
from pathlib import Path
from typing import Any

import pandas as pd
import streamlit as st

from mmclust.clustering import Clustering
from mmclust.data import readers, uploads
from mmclust.data.dataset import MultiViewDataset
from mmclust.data.readers import archives
from mmclust.data.readers.reading import Reading
from mmclust.escaping import markdown
from mmclust.methods import METHODS
from mmclust.prediction import Prediction, Predictor, of_pictures, table
from mmclust.ui.components import pictures, trained_network
from mmclust.ui.shell import jobs, login

SHOWN = 24
"""New samples that are drawn; the table holds all."""
SIMILAR = 8
PX = 48
WIDTHS = (1, 2, 5)


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
        _draw(clustering, *told)


def _assigned(clustering: Clustering, files: list[tuple[str, Any]], owner: str) -> tuple[MultiViewDataset, Prediction]:
    predictor = Predictor(clustering.run)
    if all(Path(name).suffix.lower() in archives.PICTURES for name, _ in files):
        data = of_pictures([(name, file.getvalue()) for name, file in files], predictor.trained_on)
        return data, predictor(data)
    path = uploads.receive(files, owner)
    try:
        data = readers.read(path, Reading())
        return data, predictor(data)
    finally:
        uploads.discard(path)


def _draw(clustering: Clustering, data: MultiViewDataset, found: Prediction) -> None:
    known = clustering.plain or clustering  # the network knows nothing of an annotation
    names = {cluster: known.cluster_name(cluster) for cluster in range(found.probs.shape[1])}
    if found.by == "neighbours":
        st.caption(
            "The result of this run is its start, which the network does not hold: the ten most similar samples of the "
            "run vote."
        )
    heads = ("new", "cluster, confidence", f"most similar {clustering.word}s of the run")
    for place, head in zip(st.columns(WIDTHS), heads, strict=True):
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
        left, middle, right = st.columns(WIDTHS, vertical_alignment="center")
        left.html(new)
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
