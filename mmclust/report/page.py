"""`report.html`: a run on one page that needs no server, no network and no other file."""

from html import escape
from pathlib import Path
from typing import Any

from mmclust.data.dataset import MultiViewDataset
from mmclust.report import sections
from mmclust.report.explanations import explanations
from mmclust.report.findings import Findings, gather
from mmclust.report.style import SCRIPT, STYLE
from mmclust.runs.run import Run


def write_report(run: Run, dataset: MultiViewDataset | None, method: Any, path: Path) -> None:
    """Write one self-contained page: settings, curves, map, typical samples, confusion, views, explanations.

    What a run cannot show (samples without the data, scores without labels, heat without weights) is left out, and
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
        sections.curves(found),
        sections.layout(found, run.folder / "layouts"),
        sections.clusters(found),
        sections.confusion(found),
        sections.views(found),
        sections.readout(found),
        explanations(found, method),
        sections.settings(found),
    ]
    temporary = path.with_name(path.name + ".tmp")
    temporary.write_text(_page(found, [part for part in parts if part is not None]), encoding="utf-8")
    temporary.replace(path)


def _page(found: Findings, parts: "list[sections.Section]") -> str:
    from plotly.offline import get_plotlyjs

    record = found.record
    title = record.title or sections.name(record.spec)
    body = "".join(
        f'<section id="{part.key}"><h2>{escape(part.title)}</h2><p class="soft">{part.about}</p>{part.body}</section>'
        for part in parts
    )
    links = "".join(f'<a href="#{part.key}">{escape(part.title)}</a>' for part in parts)
    return (
        '<!DOCTYPE html><html lang="en"><head><meta charset="utf-8">'
        '<meta name="viewport" content="width=device-width, initial-scale=1">'
        f"<title>{escape(title)}</title><style>{STYLE}</style>"
        f"<script>{get_plotlyjs()}</script></head><body><main>"
        f"<header><h1>{escape(title)}</h1>{sections.summary(found)}<nav aria-label='Contents'>{links}</nav></header>"
        f"{sections.tiles(found)}{body}</main><script>{SCRIPT}</script></body></html>\n"
    )
