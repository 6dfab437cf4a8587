"""`report.html`: a run on one page that needs no server, no network and no other file."""

from pathlib import Path
from typing import Any

from mmclust.data.dataset import MultiViewDataset
from mmclust.report import html, sections
from mmclust.report.earned import earned
from mmclust.report.explanations import explanations
from mmclust.report.findings import gather
from mmclust.report.views import views
from mmclust.runs.run import Run


def write_report(run: Run, dataset: MultiViewDataset | None, method: Any, path: Path) -> None:
    """Write one self-contained page: settings, curves, map, typical samples, confusion, views, explanations.

    What a run cannot show (samples without the data, scores without labels, saliency without weights) is left out, and
    the page says why.

    Args:
        run: a run with a snapshot.
        dataset: the data it was trained on; None where they are not at hand.
        method: the trained network (a `Method`) for Grad-CAM and attribution, or None.
        path: file to write; it appears whole or not at all.

    Raises:
        ValueError: the run has no snapshot yet.
    """
    found = gather(run, dataset)
    parts = [
        earned(run),
        sections.curves(found),
        sections.layout(found, run.folder / "layouts"),
        sections.clusters(found),
        sections.confusion(found),
        views(found),
        sections.readout(found),
        explanations(found, method),
        sections.settings(found),
    ]
    record = found.clustering.record
    html.write(
        path,
        title=record.title or sections.name(record.spec),
        summary=sections.summary(found),
        tiles=sections.tiles(found),
        sections=[part for part in parts if part is not None],
    )
