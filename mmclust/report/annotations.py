"""Annotations as files: a table with a line per sample, and a document of steps, names and metrics."""

import csv
import io
import json
from collections.abc import Sequence

import numpy as np

from mmclust.escaping import cell
from mmclust.evaluation import metrics
from mmclust.evaluation.annotation import applied, outline, to_json
from mmclust.evaluation.snapshot import Snapshot
from mmclust.runs.annotations import Annotation


def table(
    snapshot: Snapshot, annotation: Annotation, y_true: np.ndarray | None = None, classes: Sequence[str] = ()
) -> str:
    """CSV with a line per sample: id, its cluster in the run, its cluster under the annotation, and its class if known.

    Clusters are counted from 0, labels name the run's clusters as pages count them, from 1.

    Args:
        snapshot: of the run itself.
        annotation: of that run.
        y_true: (n,) classes.
        classes: their names.
    """
    groups = outline(snapshot.n_clusters, annotation.applied)
    after, before = applied(snapshot, annotation.applied).y_pred, snapshot.y_pred
    text = io.StringIO()
    writer = csv.writer(text, lineterminator="\n")
    head = ["sample", "run_cluster", "cluster", "cluster_label", "cluster_name"]
    writer.writerow(head if y_true is None else [*head, "class", "class_name"])
    for row, sample in enumerate(snapshot.index):
        group = groups[after[row]]
        line = [int(sample), int(before[row]), int(after[row]), group.label, cell(group.name)]
        if y_true is not None:
            label = int(y_true[row])
            name = classes[label] if 0 <= label < len(classes) else str(label)
            line += [label, cell(name) if label >= 0 else ""]
        writer.writerow(line)
    return text.getvalue()


def document(
    snapshot: Snapshot, annotation: Annotation, y_true: np.ndarray | None = None, classes: Sequence[str] = ()
) -> str:
    """JSON of an annotation: its steps, its clusters, and the metrics before and after; arguments as of `table`."""
    after = applied(snapshot, annotation.applied)
    sizes = np.bincount(after.y_pred, minlength=after.n_clusters)
    clusters = [
        {"cluster": k, "label": group.label, "name": group.name, "run_clusters": list(group.origin), "samples": int(n)}
        for k, (group, n) in enumerate(zip(outline(snapshot.n_clusters, annotation.applied), sizes, strict=True))
    ]
    if y_true is not None:
        counts = metrics.confusion(y_true, after.y_pred, n_clusters=after.n_clusters)
        for entry, label in zip(clusters, metrics.match_classes(counts), strict=True):
            known = 0 <= label < len(classes)
            entry["class_name"] = classes[label] if known else None if label < 0 else str(label)
    found = {
        "annotation": annotation.name,
        "run_id": annotation.run_id,
        "epoch": annotation.epoch,
        "shown_epoch": snapshot.epoch,
        "steps": to_json(annotation.applied),
        "clusters": clusters,
        "before": None if y_true is None else metrics.score(y_true, snapshot.y_pred),
        "after": None if y_true is None else metrics.score(y_true, after.y_pred),
    }
    return json.dumps(found, indent=2, ensure_ascii=False) + "\n"
