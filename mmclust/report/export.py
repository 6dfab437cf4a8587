"""A run as files that need no program of ours: spec, curves, assignments, codes and the report."""

import csv
import json
import logging
import re
from collections.abc import Sequence
from pathlib import Path
from typing import Literal

import numpy as np

from mmclust import disk
from mmclust.clustering import Clustering
from mmclust.data.dataset import MultiViewDataset
from mmclust.escaping import cell, cells
from mmclust.report import annotations as of_annotation
from mmclust.report import sample_table
from mmclust.report.findings import Findings, gather
from mmclust.report.page import write_report
from mmclust.runs.annotations import Annotation
from mmclust.runs.run import UNDERSTANDING, Run

log = logging.getLogger(__name__)

Suggest = Literal["auto"]

EXPORT_COPIES, REPORT_BYTES = 2, 2 * 2**20
"""What an export takes on the disk: tables and codes as multiples of the snapshot, and the report."""


def export(
    run: Run, out: Path, annotations: Sequence[Annotation] = (), *, n_clusters: int | Suggest | None = None
) -> list[Path]:
    """Write spec.json, metrics.csv, assignments.csv, codes.npz, samples.parquet and report.html of a last snapshot.

    Where it was kept, understanding.json says what was understood of the file that the data come from.

    With a number of clusters, assignments-K.csv holds the clusters merged along their tree to K of them.

    Each annotation becomes two more files, annotation-NAME-ID.csv and annotation-NAME-ID.json.

    Data that are no longer at hand cost the classes and samples, missing weights the explanations; the rest is written.

    Args:
        run: a run with a snapshot.
        out: folder to write to; made if need be, files of these names are replaced.
        annotations: of the run.
        n_clusters: K to merge the clusters to, "auto" for the suggested number.

    Returns:
        The files, in that order.

    Raises:
        ValueError: the run has no snapshot yet, or its clusters cannot be merged to that number.
        OSError: the folder cannot be written.
    """
    from mmclust import models
    from mmclust.data import catalogue

    dataset = method = None
    try:
        loaded = catalogue.load(run.spec.dataset, limit=run.spec.limit)
        _check(run, loaded)
        dataset = loaded
        if (run.folder / "checkpoint.pt").exists():
            method = models.restore(run, dataset.spec)
    except (ValueError, OSError) as error:
        log.warning("exported without %s: %s", "classes and images" if dataset is None else "Grad-CAM", error)
    found = gather(run, dataset)
    merged = None if n_clusters is None else found.clustering.merged(_number(found, n_clusters))
    disk.require("the export", out, EXPORT_COPIES * run.snapshots()[-1][1].stat().st_size + REPORT_BYTES)
    out.mkdir(parents=True, exist_ok=True)
    names = ("spec.json", "metrics.csv", "assignments.csv", "codes.npz", "samples.parquet", "report.html")
    spec, curves, assignments, codes, samples, report = files = [out / name for name in names]
    spec.write_text(run.spec.shared().to_json() + "\n", encoding="utf-8")
    cells(found.curves.filter(["step", "epoch", "name", "value"])).to_csv(curves, index=False)
    _write_assignments(found.clustering, assignments)
    _write_codes(found, codes)
    sample_table.write(found.clustering, samples)
    write_report(run, dataset, method, report)
    if merged is not None:
        files.append(out / f"assignments-{len(merged.sizes)}.csv")
        _write_assignments(merged, files[-1])
    if found.understanding is not None:
        files.append(out / UNDERSTANDING)
        files[-1].write_text(json.dumps(found.understanding, indent=2), encoding="utf-8")
    return files + [file for annotation in annotations for file in _write_annotation(found, annotation, out)]


def _write_annotation(found: Findings, annotation: Annotation, out: Path) -> list[Path]:
    """The table and the document of an annotation; none where it does not fit the last snapshot."""
    shown = found.clustering
    about = (shown.snapshot, annotation, shown.y_true, shown.class_names)
    try:
        texts = {"csv": of_annotation.table(*about), "json": of_annotation.document(*about)}
    except ValueError as error:
        log.warning("exported without the annotation %s: %s", annotation.name, error)
        return []
    slug = re.sub(r"\W+", "-", annotation.name.lower()).strip("-")[:60]
    # names may differ only in signs that names of files do not have: the id tells them apart
    name = f"annotation-{slug}-{annotation.annotation_id}".replace("--", "-")
    files = [out / f"{name}.{kind}" for kind in texts]
    for file, text in zip(files, texts.values(), strict=True):
        file.write_text(text, encoding="utf-8")
    return files


def _check(run: Run, dataset: MultiViewDataset) -> None:
    known = run.record().n_samples
    if known is not None and known != dataset.n_samples:
        raise ValueError(f"{run.spec.dataset} now has {dataset.n_samples} samples, the run was trained on {known}")


def _number(found: Findings, wanted: int | Suggest) -> int:
    """The number of clusters that is wanted, or suggested without labels."""
    if wanted != "auto":
        return int(wanted)
    from mmclust.auto.cuts import suggest_cut

    clustering = found.clustering
    return suggest_cut(clustering.snapshot, clustering.dataset, tree=clustering.tree).n_clusters


def _write_assignments(shown: Clustering, path: Path) -> None:
    """A line per sample: its number, cluster, confidence, cluster of each view and, with labels, its class.

    Merged clusters are numbered by the largest of the run's clusters in each, as on pages.
    """
    confidence = shown.snapshot.probs.max(axis=1)
    numbers = np.arange(len(shown.sizes)) if shown.cut is None else shown.cut.leads
    names = [cell(shown.given_name(k)) or str(numbers[k]) for k in range(len(shown.sizes))]
    with path.open("w", newline="", encoding="utf-8") as file:
        writer = csv.writer(file)
        head = ["sample", "cluster", "cluster_name", "confidence"]
        of_views = [scores.argmax(axis=1) for scores in shown.snapshot.view_logits]
        head += [f"cluster_view_{number}" for number in range(1, len(of_views) + 1)]
        writer.writerow(head if shown.y_true is None else [*head, "class", "class_name", "right"])
        for row, sample in enumerate(shown.ids):
            k = int(shown.y_pred[row])
            line = [int(sample), int(numbers[k]), names[k], f"{confidence[row]:.6f}"]
            line += [int(numbers[clusters[row]]) for clusters in of_views]
            if shown.y_true is not None and shown.right is not None:
                label = int(shown.y_true[row])
                line += [label, cell(shown.class_name(label)), int(shown.right[row])] if label >= 0 else [label, "", ""]
            writer.writerow(line)


def _write_codes(found: Findings, path: Path) -> None:
    snapshot = found.clustering.snapshot
    arrays = dict(snapshot.spaces) | {
        "sample": snapshot.index,
        "cluster": snapshot.y_pred,
        "logits": snapshot.logits,
        "probs": snapshot.probs.astype(np.float32),
    }
    arrays |= {f"logits_{number}": scores for number, scores in enumerate(snapshot.view_logits, start=1)}
    arrays |= {f"marks_{name}": points for name, points in snapshot.landmarks.items()}
    if found.clustering.y_true is not None:
        arrays["class"] = found.clustering.y_true
    with path.open("wb") as file:
        np.savez_compressed(file, allow_pickle=False, **arrays)
