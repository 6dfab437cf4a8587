"""How far a map may be trusted: metrics of its projection, measured in the background."""

from functools import partial

import streamlit as st

from mmclust.analysis import projection_quality
from mmclust.analysis.projection_quality import ProjectionQuality
from mmclust.clustering import Clustering
from mmclust.columns import of_run
from mmclust.ui.components.pointmap import map_points
from mmclust.ui.components.pointmap.map_points import Points
from mmclust.ui.map.controls import Settings
from mmclust.ui.shell import jobs


def measured(clustering: Clustering, points: Points, settings: Settings) -> ProjectionQuality | None:
    """Draw the metrics of a picture, or a progress bar while neighbours are compared; None until then.

    Of large pictures they are measured on some of the points; each point's own marks are worked out when asked for.
    """
    rows, space = points.rows[: len(points.rows) // len(settings.space.members)], settings.space
    if len(points.xy) < 4:
        return None
    shown = (space.name, settings.projection, settings.options, len(points.xy))
    key = ("projection quality", clustering.record.run_id, clustering.epoch, clustering.version, shown)

    def work(of_each: bool, report: jobs.OnProgress) -> ProjectionQuality:
        values = map_points.codes(clustering, space, rows)
        folder = clustering.folder("layouts")
        return projection_quality.cached_quality(folder, values, points.xy, of_each=of_each, progress=report)

    label = "Measuring the projection quality"
    found: ProjectionQuality | None = jobs.result(key, partial(work, False), label=label, height=64, border=False)
    if found is None:
        return None
    with st.container(horizontal=True, vertical_alignment="center", gap="medium"):
        place = st.container(width="stretch")
        wanted = not found.is_of_each and st.toggle(
            "Mark each point",
            key=f"marks{settings.suffix}",
            help=f"Works out the false and missing neighbours of each of the {len(points.xy):,} points, as colours of "
            "the map and as columns.",
        )
    if wanted:
        label = f"Comparing the neighbours of {len(points.xy):,} points"
        marked: ProjectionQuality | None = jobs.result(
            (*key, "each"), partial(work, True), label=label, height=64, border=False
        )
        found = marked or found
    place.html(_metrics(found, len(points.xy)))
    if found.is_of_each:
        of_run.keep_quality(clustering, settings.name, found, rows)
    return found


def _metrics(found: ProjectionQuality, n_points: int) -> str:
    k, wide = found.neighbours, projection_quality.WIDE * found.neighbours
    among = "" if found.references == n_points else f" Measured on {found.references:,} random samples."
    errors = (found.trustworthiness_error, found.continuity_error)
    spread = [f" ± {error:.1%}" if error else "" for error in errors]
    cells = (
        (
            "trustworthiness",
            f"{found.trustworthiness:.1%}{spread[0]}",
            "100%: neighbours on the map are neighbours in the latent space. A random map has about 50%.",
        ),
        (
            "continuity",
            f"{found.continuity:.1%}{spread[1]}",
            "100%: neighbours in the latent space are neighbours on the map. A random map has about 50%.",
        ),
        (
            "false neighbours",
            f"{found.false_share:.0%}",
            f"Fraction of the {k} nearest neighbours on the map that are not among the {wide} nearest in the "
            "latent space.",
        ),
        (
            "missing neighbours",
            f"{found.missing_share:.0%}",
            f"Fraction of the {k} nearest neighbours in the latent space that are not among the {wide} nearest "
            "on the map.",
        ),
    )
    inside = "".join(
        f'<span title="{text}{among}"><b>{value}</b> <small>{name}</small></span>' for name, value, text in cells
    )
    return f'<div class="mm-chips mm-projection-quality" role="note">{inside}</div>'
