"""The samples of a run as one table that other explorers of embeddings open: a row a sample, in Parquet.

Columns: `sample` (its number in the data), `x` and `y` (the first two principal components of the fused code),
`cluster` (from 0), `cluster_name`, `confidence`, `cluster_view_1` ... where the run has several views, `p0` to `pK-1`;
with labels `class` and `right`; with captions `text`.
"""

from pathlib import Path
from typing import Any

import numpy as np

from mmclust.analysis.projection import pca
from mmclust.clustering import Clustering

LONGEST_TEXT = 2000


def columns(clustering: Clustering) -> dict[str, Any]:
    """The table (n rows) of a run at an epoch, by columns."""
    snapshot = clustering.snapshot
    space = next((name for name in ("z", "z_c") if name in snapshot.spaces), next(iter(snapshot.spaces)))
    position = pca(snapshot.spaces[space].astype(np.float32).reshape(len(snapshot.index), -1))
    probs = snapshot.probs
    names = np.array([clustering.cluster_name(k) for k in range(len(clustering.sizes))], dtype=object)
    found: dict[str, Any] = {
        "sample": clustering.ids,
        "x": position[:, 0],
        "y": position[:, 1],
        "cluster": clustering.y_pred,
        "cluster_name": names[clustering.y_pred],
        "confidence": clustering.confidence,
    }
    for number, logits in enumerate(snapshot.view_logits, start=1):
        found[f"cluster_view_{number}"] = logits.argmax(axis=1)
    found |= {f"p{k}": probs[:, k] for k in range(probs.shape[1])}
    if clustering.y_true is not None and clustering.right is not None:
        labelled = clustering.y_true >= 0
        found["class"] = [clustering.class_name(int(y)) if y >= 0 else None for y in clustering.y_true]
        found["right"] = [
            bool(right) if known else None for right, known in zip(clustering.right, labelled, strict=True)
        ]
    if clustering.dataset is not None and clustering.dataset.texts is not None:
        found["text"] = [str(text)[:LONGEST_TEXT] for text in clustering.dataset.texts[clustering.ids]]
    return found


def write(clustering: Clustering, path: Path) -> None:
    """Write the table to a Parquet file.

    Raises:
        OSError: it cannot be written.
    """
    import pyarrow as pa
    import pyarrow.parquet as pq

    about = {"run": clustering.record.run_id, "epoch": str(clustering.epoch)}
    table = pa.table(columns(clustering))
    pq.write_table(table.replace_schema_metadata(about), path)
